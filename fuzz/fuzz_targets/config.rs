//! The configuration file, and lists as operators write them.
#![no_main]

use baton_runtime::fuzzing::{config_file, list};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(reason) = config_file(text) {
        assert!(reason.len() < 100, "{reason}");
    }
    if let Ok(items) = list(text) {
        let quoted: Vec<_> = items.iter().map(|item| format!("\"{}\"", item.replace('"', "\"\""))).collect();
        assert_eq!(list(&quoted.join(",")), Ok(items));
    }
});
