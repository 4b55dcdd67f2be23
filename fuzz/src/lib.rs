//! What the fuzz targets share.

use std::cell::RefCell;
use std::path::PathBuf;

use http::{HeaderMap, HeaderName, HeaderValue};
use tempfile::TempDir;

/// A file with this content, in a folder of the process; and another path in it where nothing is.
///
/// Set `TMPDIR` to a file system in memory: every input is written.
///
/// # Panics
/// The folder cannot be written.
pub fn file(content: &[u8]) -> (PathBuf, PathBuf) {
    thread_local! {
        static FOLDER: RefCell<Option<TempDir>> = const { RefCell::new(None) };
    }
    FOLDER.with_borrow_mut(|folder| {
        let folder = folder.get_or_insert_with(|| tempfile::tempdir().expect("a temporary folder"));
        let (file, other) = (folder.path().join("file"), folder.path().join("other"));
        let _ = std::fs::remove_file(&other);
        std::fs::write(&file, content).expect("the file is written");
        (file, other)
    })
}

/// The input as a text and what follows the first line feed.
pub fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}

/// Adds a header, if the value may be one.
pub fn put(headers: &mut HeaderMap, name: &'static str, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.append(HeaderName::from_static(name), value);
    }
}
