//! `docs/reference/` is what the program says of itself.

use std::path::Path;

use baton_okta::OktaProgram;

/// Set to write the reference instead of comparing it: `cargo xtask docs` does.
const UPDATE: &str = "UPDATE_REFERENCE";

#[test]
fn the_reference_is_that_of_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    for (name, text) in baton_runtime::reference::documents(&OktaProgram).unwrap() {
        let file = folder.join(&name);
        if std::env::var_os(UPDATE).is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == text,
            "docs/reference/{name} is out of date: run `cargo xtask docs` and commit the result"
        );
    }
}
