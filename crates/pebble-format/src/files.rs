//! Where the files of a database are.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use bytes::Bytes;

/// The files of a database directory, for reading.
pub trait Files {
    /// Names of all files, in any order.
    ///
    /// # Errors
    ///
    /// Fails if they cannot be listed.
    fn list(&self) -> io::Result<Vec<String>>;

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read.
    fn read(&self, name: &str) -> io::Result<Bytes>;
}

/// A database directory that is being written.
pub trait Sink {
    /// A file that is being written.
    type File: Write;

    /// Creates a file that did not exist.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be created.
    fn create(&mut self, name: &str) -> io::Result<Self::File>;

    /// Makes a complete file durable, with its name.
    ///
    /// # Errors
    ///
    /// Fails if that is not possible.
    fn complete(&mut self, name: &str, file: Self::File) -> io::Result<()>;
}

/// A directory of the file system.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
    limit: u64,
}

impl Directory {
    /// The directory at `path`. Files above 4 GiB are refused.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), limit: 4 << 30 }
    }

    /// Sets the size of the largest file that is read, in bytes.
    #[must_use]
    pub fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }
}

impl Files for Directory {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            // A database has no files with other names, and no links.
            if let (true, Ok(name)) = (entry.file_type()?.is_file(), entry.file_name().into_string()) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<Bytes> {
        let mut content = Vec::new();
        fs::File::open(self.path.join(name))?.take(self.limit.saturating_add(1)).read_to_end(&mut content)?;
        if content.len() as u64 > self.limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("has more than {} bytes", self.limit)));
        }
        Ok(content.into())
    }
}

impl Sink for Directory {
    type File = io::BufWriter<fs::File>;

    fn create(&mut self, name: &str) -> io::Result<Self::File> {
        fs::File::create_new(self.path.join(name)).map(io::BufWriter::new)
    }

    fn complete(&mut self, _name: &str, file: Self::File) -> io::Result<()> {
        file.into_inner()?.sync_all()?;
        // The name of a new file lies in its directory. Not every system can open one.
        #[cfg(unix)]
        fs::File::open(&self.path)?.sync_all()?;
        Ok(())
    }
}

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles {
    files: BTreeMap<String, Bytes>,
}

impl MemoryFiles {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, name: impl Into<String>, content: impl Into<Bytes>) {
        self.files.insert(name.into(), content.into());
    }

    /// Removes a file, and returns its content.
    pub fn remove(&mut self, name: &str) -> Option<Bytes> {
        self.files.remove(name)
    }

    /// All files in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.files.iter().map(|(name, content)| (name.as_str(), content))
    }
}

impl Files for MemoryFiles {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Bytes> {
        self.files.get(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Sink for MemoryFiles {
    type File = Vec<u8>;

    fn create(&mut self, name: &str) -> io::Result<Vec<u8>> {
        if self.files.contains_key(name) { Err(io::ErrorKind::AlreadyExists.into()) } else { Ok(Vec::new()) }
    }

    fn complete(&mut self, name: &str, file: Vec<u8>) -> io::Result<()> {
        self.insert(name, file);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_directory_holds_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut directory = Directory::new(folder.path());
        let mut file = directory.create("one").unwrap();
        file.write_all(b"content").unwrap();
        directory.complete("one", file).unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        assert_eq!(directory.list().unwrap(), ["one"]);
        assert_eq!(directory.read("one").unwrap(), "content");
        assert!(directory.create("one").is_err());
        assert!(directory.with_limit(6).read("one").is_err());
    }
}
