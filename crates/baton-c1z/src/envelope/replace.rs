//! Replacing a file as a whole: written beside it, synced, renamed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use private_fs::Kept;
use tempfile::NamedTempFile;

use crate::error::{Doing, Error};

/// What a killed process left is removed when it is at least so old: a younger file may be one whose lock is about to
/// be taken.
const LITTER_AGE: Duration = Duration::from_secs(60);

/// A file that was written and has taken its place.
#[derive(Debug)]
pub struct SealedFile {
    /// Its size.
    pub bytes: u64,
    /// The file itself, open for reading: a caller that passes its content on reads what was written, and not what may
    /// stand at the path by then.
    pub file: File,
}

/// Finds out whether [`seal`](super::seal) could write `target`, without changing it: for programs that work long
/// before they write.
///
/// # Errors
/// [`Error::Io`] when it is a directory or a device, belongs to somebody else, or nothing can be made beside it;
/// [`Error::DiskFull`].
pub fn check_target(target: &Path) -> Result<(), Error> {
    Place::find(target)?.create_beside().map(drop)
}

/// Lets `write` fill a new file and puts it in the place of `target`.
///
/// On failure the new file is removed and `target` is as before. Files that killed processes left are removed.
pub(super) fn replace(target: &Path, write: impl FnOnce(&mut File) -> Result<(), Error>) -> Result<SealedFile, Error> {
    let place = Place::find(target)?;
    place.remove_litter();
    let mut temp = place.create_beside()?;
    write(temp.as_file_mut())?;
    let file = temp.as_file();
    file.sync_all().doing("write", target)?;
    let bytes = file.metadata().doing("write", target)?.len();
    let file = temp.persist(&place.path).map_err(|error| Error::io("replace", target, error.error))?;
    sync_dir(&place.dir).doing("write", &place.dir)?;
    Ok(SealedFile { bytes, file })
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
    /// What the new file keeps of the one that is there.
    kept: Option<Kept>,
}

impl<'a> Place<'a> {
    fn find(target: &'a Path) -> Result<Self, Error> {
        let path = private_fs::follow(target).doing("write", target)?;
        let kept = Kept::of(&path).doing("write", target)?;
        let dir = dir_of(&path).to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!(".{name}.tmp-");
        Ok(Self { target, path, dir, prefix, kept })
    }

    /// A new file beside the place, which goes away when dropped and is locked for as long as it is written. It holds who
    /// has access to what, so that only its owner may read it, unless an older file says otherwise.
    fn create_beside(&self) -> Result<NamedTempFile, Error> {
        let mut builder = tempfile::Builder::new();
        let temp = builder.prefix(&self.prefix).tempfile_in(&self.dir).doing("write", self.target)?;
        // Not every file system can lock; the age protects the file there.
        let _ = temp.as_file().try_lock();
        if let Some(kept) = &self.kept {
            kept.clone().give(temp.as_file()).doing("write", self.target)?;
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

/// Whether a killed process of this user has left it. What may be somebody else's, or a device, is not opened.
fn is_litter(path: &Path) -> bool {
    let Ok(file) = private_fs::read(path) else { return false };
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

    use std::fs::Permissions;
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
        assert_eq!(replace(&target, write_new).unwrap().bytes, 3);
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
    fn a_fifo_among_what_was_left_does_not_hold_it_up() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("sync.c1z");
        let fifo = dir.path().join(".sync.c1z.tmp-fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", dir.path().join(".sync.c1z.tmp-device")).unwrap();
        let (done, waiting) = std::sync::mpsc::channel();
        std::thread::spawn(move || done.send(replace(&target, write_new).unwrap().bytes));
        assert_eq!(waiting.recv_timeout(Duration::from_secs(60)).expect("it hangs"), 3);
        assert_eq!(names(dir.path()), [".sync.c1z.tmp-device", ".sync.c1z.tmp-fifo", "sync.c1z"], "nothing of ours");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("sync.c1z");
        let written = replace(&target, |file| {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "already while it is written");
            write_new(file)
        });
        let mut file = written.unwrap().file;
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        // What is passed on is this file, whatever takes its place.
        fs::rename(&target, dir.path().join("moved")).unwrap();
        fs::write(&target, "somebody else's").unwrap();
        let mut text = String::new();
        std::io::Seek::rewind(&mut file).unwrap();
        std::io::Read::read_to_string(&mut file, &mut text).unwrap();
        assert_eq!(text, "new");
    }

    #[cfg(unix)]
    #[test]
    fn files_and_links_of_somebody_else_are_not_replaced() {
        use std::os::unix::fs::{chown, lchown, symlink};
        let dir = tempfile::tempdir().unwrap();
        let (victim, link) = (dir.path().join("victim"), dir.path().join("sync.c1z"));
        fs::write(&victim, "theirs").unwrap();
        symlink("victim", &link).unwrap();
        // Only root can give a file away. Others look at a file of root's, which is replaced if its folder allows.
        if chown(&victim, Some(65_534), None).is_err() {
            assert!(check_target(Path::new("/etc/passwd")).unwrap_err().to_string().contains("/etc/passwd"));
            return;
        }
        let refused = replace(&victim, write_new).unwrap_err();
        assert!(refused.to_string().contains("belongs to another user (uid 65534)"), "{refused}");
        assert_eq!(refused.code(), 7);
        assert!(check_target(&link).is_err(), "also through a link");
        chown(&victim, Some(0), None).unwrap();
        check_target(&link).unwrap();
        lchown(&link, Some(65_534), None).unwrap();
        let refused = check_target(&link).unwrap_err();
        assert!(refused.to_string().contains("symbolic link there belongs to another user (uid 65534)"), "{refused}");
        assert_eq!(fs::read(&victim).unwrap(), b"theirs");
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
