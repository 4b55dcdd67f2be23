//! Files that are replaced as a whole: where a name leads, and what a new file takes from the old one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::{Refusal, system};

/// As many symbolic links as Linux follows.
const MAX_LINKS: usize = 40;

/// Where the chain of symbolic links that begins at `path` ends, whether or not something stands there. Links of the
/// process's user, of root and of the owner of the folder that they stand in are followed.
///
/// # Errors
/// [`Refusal::ForeignLink`]; too many links.
pub fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut place = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = fs::read_link(&place) else { return Ok(place) };
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        system::check_link(&fs::symlink_metadata(&place)?, &fs::metadata(folder)?)?;
        // Relative links begin at the folder of the link.
        place = folder.join(next);
    }
    Err(io::Error::other("too many symbolic links"))
}

/// What a file that replaces another keeps of it: its mode, and its group as far as the process may give it.
#[derive(Debug, Clone)]
pub struct Kept(system::Access);

impl Kept {
    /// What is kept of the file `path`; `None` if nothing stands there.
    ///
    /// # Errors
    /// It is a folder, or a [`Refusal`]: it is not a regular file, or belongs to somebody other than the process's user and
    /// root, whose mode a file with new content must not take over.
    pub fn of(path: &Path) -> io::Result<Option<Self>> {
        let Ok(meta) = fs::metadata(path) else { return Ok(None) };
        if meta.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // A rename would put a file in the place of a device, such as /dev/null.
        if !meta.is_file() {
            return Err(Refusal::NotAFile.into());
        }
        system::check_trusted_owner(&meta)?;
        Ok(Some(Self(system::Access::of(&meta))))
    }

    /// Gives it to the new file.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn give(self, file: &File) -> io::Result<()> {
        self.0.give(file)
    }
}
