//! Turns the `.proto` files of this crate into Rust types and one embedded descriptor set.
//! Nothing has to be installed for it: the compiler of protobuf is a Rust library too.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from("proto");
    println!("cargo::rerun-if-changed=proto");

    let mut files = proto_files(&root)?;
    files.sort();
    // Not imported by ours, but others put them into `Any`.
    files.push("google/protobuf/empty.proto".into());
    files.push("google/protobuf/field_mask.proto".into());

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).open_files(&files)?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    // This form keeps custom options (the table and index options of `c1.storage.v3`).
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;

    prost_build::Config::new()
        .btree_map(["."])
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com")
        .include_file("packages.rs")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// All `.proto` files below `root`, named relative to it.
fn proto_files(root: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "proto") {
                found.push(path.strip_prefix(root)?.to_owned());
            }
        }
    }
    Ok(found)
}
