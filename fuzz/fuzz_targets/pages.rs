//! The pages of a database that are read without SQLite: what is read is what SQLite reads, and damage ends it.
#![no_main]

use baton_c1z::fuzzing::{grants_both_ways, walk_trees};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (db, _) = fuzz::file(data);
    let _ = walk_trees(&db);
    let Some(read) = grants_both_ways(&db) else { return };
    let Some(by_sqlite) = read.by_sqlite else { return };
    assert!(by_sqlite.starts_with(&read.straight), "{:?} is not {by_sqlite:?}", read.straight);
    assert!(!read.is_complete || by_sqlite.len() == read.straight.len());
});
