//! Private folders, and files that belong to the process's user.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use tempfile::TempDir;

use crate::{Refusal, system};

/// Makes `path` a folder that only the process's user can enter: creates it, or takes the rights of others from one that
/// exists. Its parent has to exist.
///
/// # Errors
/// A [`Refusal`] if something else stands there, or a folder that belongs to somebody else or that others may write;
/// what the operating system says.
pub fn private_folder(path: &Path) -> io::Result<()> {
    match system::create_folder(path) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let meta = fs::symlink_metadata(path)?;
    if meta.is_symlink() {
        return Err(Refusal::Link.into());
    }
    if !meta.is_dir() {
        return Err(Refusal::NotAFolder.into());
    }
    // What is checked here is what gets its rights taken away, not what stood there before.
    system::secure_folder(path)
}

/// Checks what is in a private folder, as another version of this program, or somebody before the folder was private, may
/// have left it: files and folders that belong to the process's user and that others cannot write. Takes the rights of
/// others from the files. What is in subfolders is not looked at.
///
/// # Errors
/// The path of the first entry that is refused, with a [`Refusal`]; what the operating system says.
pub fn check_entries(folder: &Path) -> Result<(), (std::path::PathBuf, io::Error)> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| (path, error)
    };
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        let meta = match fs::symlink_metadata(&path) {
            // Another thread has removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            meta => meta.map_err(at(&path))?,
        };
        let checked = if meta.is_dir() { system::check_owner(&meta) } else { check_file(&meta) };
        checked.map_err(|refusal| at(&path)(refusal.into()))?;
        if meta.is_file() {
            system::secure_file(&path, &meta).map_err(at(&path))?;
        }
    }
    Ok(())
}

/// Makes a new, empty file at `path`, for reading and writing by the process's user alone. What stood there is removed,
/// and never written to: a link goes, not what it leads to.
///
/// # Errors
/// What the operating system says, also if somebody makes another file there at the same time.
pub fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    system::careful(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

/// Opens the file `path` for reading and appending, and makes a private one unless it exists. Its content and mode stay.
///
/// # Errors
/// A [`Refusal`] if it is not a regular file, belongs to somebody else, or others may write it; what the operating system
/// says.
pub fn open(path: &Path) -> io::Result<File> {
    open_checked(path, OpenOptions::new().read(true).append(true).create(true))
}

/// Opens the file `path` for reading.
///
/// # Errors
/// As [`open`]; it does not exist.
pub fn read(path: &Path) -> io::Result<File> {
    open_checked(path, OpenOptions::new().read(true))
}

fn open_checked(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        // Devices have effects when they are opened, even if they are closed at once.
        Ok(meta) => check_file(&meta)?,
        // Opening says so, or makes it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let file = system::careful(options).open(path)?;
    check_file(&file.metadata()?)?;
    Ok(file)
}

fn check_file(meta: &Metadata) -> Result<(), Refusal> {
    if meta.is_symlink() {
        return Err(Refusal::Link);
    }
    if !meta.is_file() {
        return Err(Refusal::NotAFile);
    }
    system::check_owner(meta)
}

/// Makes a private folder with a name that nobody can guess in `parent`; it is removed when dropped.
///
/// # Errors
/// What the operating system says.
pub fn temp_folder(prefix: &str, parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    system::private(&mut builder);
    builder.tempdir_in(parent)
}
