//! Replacing a file as a whole: written beside it, synced, renamed.

use std::fs::{self, File, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::error::{Doing, Error};

/// As many symbolic links as Linux follows.
const MAX_LINKS: usize = 40;
/// What a killed process left is removed when it is at least so old: a younger file may be one whose lock is about to
/// be taken.
const LITTER_AGE: Duration = Duration::from_secs(60);

/// Finds out whether [`seal`](super::seal) could write `target`, without changing it: for programs that work long
/// before they write.
///
/// # Errors
/// [`Error::Io`] when it is a directory or a device, or nothing can be made beside it; [`Error::DiskFull`].
pub fn check_target(target: &Path) -> Result<(), Error> {
    Place::find(target)?.create_beside().map(drop)
}

/// Lets `write` fill a new file and puts it in the place of `target`; returns its size in bytes.
///
/// On failure the new file is removed and `target` is as before. Files that killed processes left are removed.
pub(super) fn replace(target: &Path, write: impl FnOnce(&mut File) -> Result<(), Error>) -> Result<u64, Error> {
    let place = Place::find(target)?;
    place.remove_litter();
    let mut temp = place.create_beside()?;
    write(temp.as_file_mut())?;
    let file = temp.as_file();
    file.sync_all().doing("write", target)?;
    let size = file.metadata().doing("write", target)?.len();
    temp.persist(&place.path).map_err(|error| Error::io("replace", target, error.error))?;
    sync_dir(&place.dir).doing("write", &place.dir)?;
    Ok(size)
}

/// The directory that a file is in.
pub(crate) fn dir_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where a file is to be, and what is there.
struct Place<'a> {
    /// What the caller calls it; errors do, too.
    target: &'a Path,
    /// Where it really is, links followed.
    path: PathBuf,
    dir: PathBuf,
    /// How the names of new files beside it begin.
    prefix: String,
    /// Those of the file that is there.
    permissions: Option<Permissions>,
}

impl<'a> Place<'a> {
    fn find(target: &'a Path) -> Result<Self, Error> {
        let path = destination(target).doing("write", target)?;
        let permissions = match fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => {
                return Err(Error::io("write", target, io::ErrorKind::IsADirectory.into()));
            }
            // A rename would put a file in the place of a device, such as /dev/null.
            Ok(meta) if !meta.is_file() => {
                return Err(Error::io("write", target, io::Error::other("it is not a regular file")));
            }
            Ok(meta) => Some(meta.permissions()),
            Err(_) => None,
        };
        let dir = dir_of(&path).to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!(".{name}.tmp-");
        Ok(Self { target, path, dir, prefix, permissions })
    }

    /// A new file beside the place, which goes away when dropped and is locked for as long as it is written. Like the
    /// reference's files it may be read by all, as far as the umask allows, unless an older file says otherwise.
    fn create_beside(&self) -> Result<NamedTempFile, Error> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(&self.prefix);
        #[cfg(unix)]
        builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644));
        let temp = builder.tempfile_in(&self.dir).doing("write", self.target)?;
        // Not every file system can lock; the age protects the file there.
        let _ = temp.as_file().try_lock();
        if let Some(permissions) = &self.permissions {
            temp.as_file().set_permissions(permissions.clone()).doing("write", self.target)?;
        }
        Ok(temp)
    }

    /// Removes files of ours that nobody holds any more. Failing to is no reason not to write.
    fn remove_litter(&self) {
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(&self.prefix) && is_litter(&entry.path()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Where the chain of symbolic links that begins at `target` ends, whether or not something is there.
fn destination(target: &Path) -> io::Result<PathBuf> {
    let mut place = target.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&place) {
            // Relative links begin at the directory of the link.
            Ok(next) => place = place.parent().map_or_else(|| next.clone(), |dir| dir.join(&next)),
            Err(_) => return Ok(place),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn is_litter(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let old = file
        .metadata()
        .and_then(|meta| meta.modified())
        .is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age >= LITTER_AGE));
    old && file.try_lock().is_ok()
}

/// Makes the rename durable. Only Unix can sync a directory.
fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::io::Write;
    use std::time::SystemTime;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn write_new(file: &mut File) -> Result<(), Error> {
        file.write_all(b"new").doing("write", Path::new("-"))
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("sync.c1z");
        fs::write(&target, "old").unwrap();
        let failed = replace(&target, |file| {
            write_new(file)?;
            Err(Error::DiskFull { path: target.clone() })
        });
        assert!(matches!(failed, Err(Error::DiskFull { .. })));
        assert_eq!(fs::read(&target).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["sync.c1z"]);
        assert_eq!(replace(&target, write_new).unwrap(), 3);
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["sync.c1z"]);
    }

    #[test]
    fn places_where_nothing_can_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let refused = replace(dir.path(), write_new).unwrap_err();
        assert!(matches!(&refused, Error::Io { source, .. } if source.kind() == io::ErrorKind::IsADirectory));
        assert!(check_target(dir.path()).is_err());
        let refused = replace(&dir.path().join("no/such/dir/sync.c1z"), write_new).unwrap_err();
        assert!(refused.to_string().contains("no/such/dir/sync.c1z"), "{refused}");
        assert!(check_target(&dir.path().join("no/such/dir/sync.c1z")).is_err());
        check_target(&dir.path().join("sync.c1z")).unwrap();
        assert!(names(dir.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(check_target(&socket).unwrap_err().to_string().contains("not a regular file"));
        assert!(replace(&socket, write_new).is_err());
        assert_eq!(names(dir.path()), ["socket"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_are_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("real.c1z");
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, Permissions::from_mode(0o640)).unwrap();
        let link = dir.path().join("link.c1z");
        symlink("real.c1z", &link).unwrap();
        replace(&link, write_new).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

        symlink("later.c1z", dir.path().join("dangling.c1z")).unwrap();
        replace(&dir.path().join("dangling.c1z"), write_new).unwrap();
        assert_eq!(fs::read(dir.path().join("later.c1z")).unwrap(), b"new");

        symlink("round.c1z", dir.path().join("round.c1z")).unwrap();
        assert!(replace(&dir.path().join("round.c1z"), write_new).is_err());
    }

    #[test]
    fn what_killed_processes_left_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - 2 * LITTER_AGE;
        let make = |name: &str, changed| {
            let file = File::create(dir.path().join(name)).unwrap();
            file.set_modified(changed).unwrap();
            file
        };
        drop(make(".sync.c1z.tmp-dead", old));
        drop(make(".other.c1z.tmp-dead", old));
        drop(make(".sync.c1z.tmp-young", SystemTime::now()));
        let busy = make(".sync.c1z.tmp-busy", old);
        busy.lock().unwrap();
        replace(&dir.path().join("sync.c1z"), write_new).unwrap();
        assert_eq!(names(dir.path()), [".other.c1z.tmp-dead", ".sync.c1z.tmp-busy", ".sync.c1z.tmp-young", "sync.c1z"]);
    }
}
