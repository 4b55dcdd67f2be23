//! No circle of files: within every crate, the files that a file imports from never import back from it, directly or through
//! others. A file that is part of a circle cannot be understood, moved or tested without the whole circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::{Item, UseTree};

/// Circles that were there before this test, by the first file of their crate: the modules in each. This list only gets
/// shorter.
const KNOWN: &[(&str, &str)] = &[
    (
        "baton-c1z/src/lib.rs",
        "builder, builder::db_state, bulk, bulk::compare, bulk::index, bulk::objects, bulk::packed, bulk::pages, bulk::stored, bulk::tree, bulk::tree_page, bulk::walk, carry_over, envelope, envelope::decode, envelope::encode, envelope::parts, metadata, migrate, previous_file, reader, reader::grants, reader::objects",
    ),
    (
        "baton-explore/src/lib.rs",
        ", commands::entitlements, commands::grants, commands::resource_types, commands::resources, commands::stats, filter, names, output, parts, store",
    ),
    ("baton-okta/src/lib.rs", "provision::actions, provision::actions::lifecycle"),
    ("baton-provision/src/lib.rs", "accounts, credentials"),
    ("baton-provision/src/lib.rs", "encrypt, encrypt::client_key"),
    (
        "baton-runtime/src/lib.rs",
        "commands, commands::describe, commands::read, describe, flags, flags::command, logs, logs::choice, logs::layer, logs::sink, logs::tasks, program, progress, required, session, telemetry, telemetry::collector, telemetry::logs, telemetry::metrics, telemetry::spans",
    ),
    (
        "baton-service/src/lib.rs",
        "c1, c1::client, c1::link, config, folders, handlers, health, hello, poll, run, tasks, tasks::debug",
    ),
    (
        "okta-sim/src/lib.rs",
        ", auth, config, endpoints, endpoints::list, endpoints::others, handle, oauth, oauth::app, oauth::assertion, oauth::nonces, oauth::proof, oauth::resource, oauth::token, server, side_channel, sim",
    ),
    ("okta-sim/src/lib.rs", "endpoints::write::groups, endpoints::write::users"),
    ("okta-sim/src/lib.rs", "filter, filter::evaluate, filter::parse, filter::rules"),
    (
        "okta-sim/src/lib.rs",
        "org, org::change, org::change::bindings, org::change::roles, org::change::users, org::edit, org::log, org::recorded, org::rules, org::truth, render::user",
    ),
    ("private-fs/src/lib.rs", ", entry, replaced"),
];

/// The files of one crate root (a library, a program, a test or a bench) by module path, and the imports between them.
#[derive(Default)]
struct Files {
    imports: BTreeMap<String, BTreeSet<String>>,
}

impl Files {
    /// Reads every file below the folder of `root`, which is the crate's first file.
    fn read(root: &Path) -> Self {
        let folder = root.parent().expect("a root lies in a folder");
        let mut sources = BTreeMap::new();
        collect(folder, folder, root, &mut sources);
        let modules: BTreeSet<_> = sources.keys().cloned().collect();
        let imports = sources.iter().map(|(module, file)| (module.clone(), imports_of(module, file, &modules)));
        Self { imports: imports.collect() }
    }

    /// The circles, each as the modules in it. Modules reach each other in a circle exactly if each reaches the other.
    fn circles(&self) -> Vec<Vec<&str>> {
        let reached: BTreeMap<_, _> =
            self.imports.keys().map(|module| (module.as_str(), self.reached_from(module))).collect();
        let mut circles = Vec::new();
        let mut placed = BTreeSet::new();
        for (module, others) in &reached {
            let circle: Vec<_> = others.iter().copied().filter(|other| reached[other].contains(module)).collect();
            if others.contains(module) && placed.insert(*module) {
                placed.extend(&circle);
                circles.push(circle);
            }
        }
        circles
    }

    fn reached_from(&self, module: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&str> = self.imports[module].iter().map(String::as_str).collect();
        while let Some(module) = next.pop() {
            if reached.insert(module) {
                next.extend(self.imports[module].iter().map(String::as_str));
            }
        }
        reached
    }
}

/// Finds the files of a crate with their module paths. Files for tests only (`tests.rs`, `…_tests.rs`, a folder `tests` below
/// a module) are not part of what is shipped and are passed over.
fn collect(top: &Path, folder: &Path, root: &Path, files: &mut BTreeMap<String, PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let is_test = name == "tests" || name.ends_with("_tests");
        if path.is_dir() {
            // A folder with a `main.rs` is a program of its own.
            if !is_test && !path.join("main.rs").exists() && name != "bin" {
                collect(top, &path, root, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            let is_other_root = folder == top && (name == "main" || name == "lib") && path != root;
            if !is_other_root {
                files.insert(module_path(top, &path, root), path);
            }
        }
    }
}

/// `resources::app` for `resources/app.rs` and for `resources/app/mod.rs`; empty for the root.
fn module_path(top: &Path, file: &Path, root: &Path) -> String {
    if file == root {
        return String::new();
    }
    let path = file.strip_prefix(top).expect("below the top").with_extension("");
    let mut parts: Vec<_> = path.iter().map(|part| part.to_str().expect("a name").to_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts.join("::")
}

/// The modules with files of their own that the module-level `use` items of a file name.
fn imports_of(module: &str, file: &Path, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let text = std::fs::read_to_string(file).expect("a source file");
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut paths = Vec::new();
    for item in &parsed.items {
        if let Item::Use(item) = item
            && !is_for_tests(&item.attrs)
        {
            flatten(&item.tree, &mut Vec::new(), &mut paths);
        }
    }
    let targets = paths.iter().filter_map(|path| target(module, path, modules));
    targets.filter(|target| target != module).collect()
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

fn flatten(tree: &UseTree, before: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, paths);
            before.pop();
        }
        UseTree::Name(name) => paths.push(before.iter().cloned().chain([name.ident.to_string()]).collect()),
        UseTree::Rename(name) => paths.push(before.iter().cloned().chain([name.ident.to_string()]).collect()),
        UseTree::Glob(_) => paths.push(before.clone()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, paths)),
    }
}

/// The module whose file holds what `path` names, seen from `module`; `None` if it is not of this crate.
fn target(module: &str, path: &[String], modules: &BTreeSet<String>) -> Option<String> {
    let own: Vec<_> = module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let mut names = path.iter().peekable();
    let mut at: Vec<String> = match names.peek()?.as_str() {
        "crate" => {
            names.next();
            Vec::new()
        }
        "self" | "super" => {
            let mut at = own;
            while let Some(name) = names.next_if(|name| ["self", "super"].contains(&name.as_str())) {
                if name == "super" {
                    at.pop();
                }
            }
            at
        }
        // `use child::Item` beside `mod child;`.
        first if modules.contains(&join(&own, first)) => own,
        _ => return None,
    };
    for name in names {
        if !modules.contains(&join(&at, name)) {
            break;
        }
        at.push(name.clone());
    }
    Some(at.join("::"))
}

fn join(path: &[String], name: &str) -> String {
    path.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("::")
}

/// All crate roots of the workspace.
fn roots() -> Vec<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    let targets = metadata.packages.iter().flat_map(|package| &package.targets);
    let roots = targets.filter(|target| !target.kind.contains(&cargo_metadata::TargetKind::CustomBuild));
    roots.map(|target| target.src_path.clone().into_std_path_buf()).collect()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut found = BTreeSet::new();
    for root in roots() {
        // A test or bench that is a single file has no other files; others of its folder are roots of their own.
        let alone = root.parent().is_some_and(|folder| folder.ends_with("tests") || folder.ends_with("benches"));
        // The files beside a library are the library's.
        let is_beside_library = root.ends_with("src/main.rs") && root.with_file_name("lib.rs").exists();
        if alone || is_beside_library {
            continue;
        }
        let files = Files::read(&root);
        assert!(files.imports.contains_key(""), "{}: the root is among the files", root.display());
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of the crates");
        let name = root.strip_prefix(crates).expect("a crate of the workspace").display().to_string();
        found.extend(files.circles().iter().map(|circle| (name.clone(), circle.join(", "))));
    }
    let known: BTreeSet<_> = KNOWN.iter().map(|(root, modules)| ((*root).to_owned(), (*modules).to_owned())).collect();
    let lines = |circles: Vec<&(String, String)>| {
        circles.iter().map(|(root, modules)| format!("    ({root:?}, {modules:?}),\n")).collect::<String>()
    };
    let new = lines(found.difference(&known).collect());
    let gone = lines(known.difference(&found).collect());
    assert!(new.is_empty() && gone.is_empty(), "new circles of files:\n{new}not circles any more:\n{gone}");
}

#[test]
fn a_circle_is_found_and_a_chain_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;");
    write("a.rs", "use crate::b::{self, B};\npub struct A(B);");
    write("b.rs", "use super::c::deep::D;\npub struct B(D);");
    write("c/mod.rs", "pub mod deep;");
    write("c/deep.rs", "pub struct D;\n#[cfg(test)]\nuse crate::a::A;");
    let circles = |folder: &Path| -> Vec<Vec<String>> {
        let files = Files::read(&folder.join("lib.rs"));
        files.circles().iter().map(|circle| circle.iter().map(|&name| name.to_owned()).collect()).collect()
    };
    assert_eq!(circles(folder.path()), Vec::<Vec<String>>::new());
    write("c/deep.rs", "use crate::a::A;\npub struct D(Option<Box<A>>);");
    assert_eq!(circles(folder.path()), [["a", "b", "c::deep"]]);
}
