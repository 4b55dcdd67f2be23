//! Counts what each user of a `.c1z` file has:
//!
//! `cargo run -p baton-c1z --example read_file -- sync.c1z`

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use baton_c1z::{GrantFilter, Reader};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).map(PathBuf::from).ok_or("which file?")?;
    let reader = Reader::open(&path)?;
    let sync = reader.current()?;

    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let of_users = GrantFilter { principal_types: &["user"], ..GrantFilter::default() };
    reader.for_each_grant::<baton_c1z::Error>(&sync.sync_id, of_users, |grant| {
        let user = grant.principal.and_then(|principal| principal.id).map(|id| id.resource).unwrap_or_default();
        *counts.entry(user).or_default() += 1;
        Ok(())
    })?;
    for (user, count) in counts {
        print(&format!("{user}  {count}"));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program for people")]
fn print(line: &str) {
    println!("{line}");
}
