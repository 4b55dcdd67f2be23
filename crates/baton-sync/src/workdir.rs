//! The folder in which a sync keeps its working data: the working database, the decoded previous file, the database
//! that becomes the new file. It belongs to one target and is locked while a run uses it. When a sync is finished, only
//! what the next one can reuse is left in it.
//!
//! Only its owner can enter it, and nothing in it is used that others may have put there: its name can be guessed, and
//! what it holds would end up in the file.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use baton_connector::short_hash;

use crate::error::SyncError;

/// The working database of a sync of everything.
const WHOLE: &str = "plan.db";

/// That of a partial sync. It has one of its own, so that looking at a few resources does not cost the progress of an
/// interrupted sync of everything.
const PARTIAL: &str = "partial.db";

/// The snapshot that the next full sync can reuse. It may be lost: then everything is read again.
const LAST: &str = "last.db";

/// A locked working folder.
#[derive(Debug)]
pub(crate) struct WorkDir {
    folder: PathBuf,
    plan: &'static str,
    /// Held as long as the run lives; the system releases it however the run ends.
    lock: File,
}

impl Drop for WorkDir {
    /// Closing the file would not do: a process that somebody starts at this moment has a copy of it for as long as it
    /// takes to begin, and the lock would live on with that.
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

impl WorkDir {
    /// Opens the working folder of `target`, making it if need be, for a sync of everything or a partial one.
    pub(crate) fn open(target: &Path, temp_dir: Option<&Path>, is_partial: bool) -> Result<Self, SyncError> {
        let folder = folder_of(target, temp_dir)?;
        private_fs::private_folder(&folder).map_err(SyncError::io("use the working folder", &folder))?;
        let path = folder.join("lock");
        let lock = private_fs::open(&path).map_err(SyncError::io("create", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SyncError::Busy { target: target.to_owned(), lock: path }),
            Err(TryLockError::Error(error)) => return Err(SyncError::io("lock", path)(error)),
        }
        private_fs::check_entries(&folder)
            .map_err(|(path, error)| SyncError::io("use the working data", path)(error))?;
        Ok(Self { folder, plan: if is_partial { PARTIAL } else { WHOLE }, lock })
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// The working database.
    pub(crate) fn plan(&self) -> PathBuf {
        self.folder.join(self.plan)
    }

    /// What is kept of the last full sync.
    pub(crate) fn last(&self) -> PathBuf {
        self.folder.join(LAST)
    }

    /// What is kept of the last full sync into `target`, whether there is anything or not.
    pub(crate) fn last_of(target: &Path, temp_dir: Option<&Path>) -> PathBuf {
        name_of(target, temp_dir).join(LAST)
    }

    /// The file with the principals of another connector, decoded.
    pub(crate) fn external(&self) -> PathBuf {
        self.folder.join("external.db")
    }

    /// The previous file, decoded.
    pub(crate) fn previous(&self) -> PathBuf {
        self.folder.join("previous.db")
    }

    /// The database that becomes the new file.
    pub(crate) fn build(&self) -> PathBuf {
        self.folder.join("build.db")
    }

    /// The grants that expansion is about, while the new file is made.
    pub(crate) fn expansion_db(&self) -> PathBuf {
        self.folder.join("apart.db")
    }

    /// Removes what only this run needed and keeps the working database for the next.
    pub(crate) fn keep_progress(&self) {
        for path in [self.previous(), self.build(), self.expansion_db(), self.external()] {
            remove_database(&path);
        }
    }

    /// Removes what the runs of this sync have needed: it is finished, or nothing was worth keeping. The progress of a
    /// sync of the other kind stays, and so does what is kept for the next sync.
    pub(crate) fn remove(self) {
        let another = if self.plan == WHOLE { PARTIAL } else { WHOLE };
        remove_database(&self.last().with_extension("new"));
        if self.folder.join(another).exists() || self.last().exists() {
            remove_database(&self.plan());
            self.keep_progress();
        } else {
            // What cannot be removed is only litter, and the next run of this target clears it.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Makes an empty database file that only its owner can use, in the place of what stood there. SQLite would let everybody
/// read one that it makes itself; the files that it keeps beside a database get the mode of that.
pub(crate) fn create_database(path: &Path) -> Result<(), SyncError> {
    remove_database(path);
    private_fs::create(path).map(drop).map_err(SyncError::io("create", path))
}

/// Removes a database and the files that SQLite keeps beside it. Missing ones are fine.
pub(crate) fn remove_database(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(PathBuf::from(name));
    }
}

/// `<target>.work` beside the target, or below `temp_dir` under a name that no other target has.
fn folder_of(target: &Path, temp_dir: Option<&Path>) -> Result<PathBuf, SyncError> {
    if let Some(temp_dir) = temp_dir.filter(|folder| !folder.is_dir()) {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(SyncError::io("use the temporary folder", temp_dir)(missing));
    }
    Ok(name_of(target, temp_dir))
}

fn name_of(target: &Path, temp_dir: Option<&Path>) -> PathBuf {
    let mut name = target.file_name().map_or_else(|| OsString::from("sync.c1z"), ToOwned::to_owned);
    let Some(temp_dir) = temp_dir else {
        name.push(".work");
        return target.with_file_name(name);
    };
    let absolute = std::path::absolute(target).unwrap_or_else(|_| target.to_owned());
    name.push(format!("-{}.work", short_hash(&bytes_of(&absolute))));
    temp_dir.join(name)
}

/// The bytes of a path, the same in every release.
#[cfg(unix)]
fn bytes_of(path: &Path) -> Vec<u8> {
    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_owned()
}

/// The bytes of a path, the same in every release.
#[cfg(not(unix))]
fn bytes_of(path: &Path) -> Vec<u8> {
    path.to_string_lossy().into_owned().into_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_cannot_share_a_target() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("sync.c1z");
        let first = WorkDir::open(&target, None, false).unwrap();
        let second = WorkDir::open(&target, None, false).unwrap_err();
        assert_eq!(second.code(), 10);
        assert!(second.to_string().contains("another run is syncing into"), "{second}");
        // What a process that is being started has of it does not count.
        let copy = first.lock.try_clone().unwrap();
        drop(first);
        WorkDir::open(&target, None, false).unwrap().remove();
        drop(copy);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_two_kinds_of_sync_keep_their_progress_apart() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("sync.c1z");
        let whole = WorkDir::open(&target, None, false).unwrap();
        fs::write(whole.plan(), "progress").unwrap();
        drop(whole);
        let partial = WorkDir::open(&target, None, true).unwrap();
        for path in [partial.plan(), partial.previous(), partial.build(), partial.expansion_db(), partial.external()] {
            fs::write(path, "litter").unwrap();
        }
        partial.remove();
        let whole = WorkDir::open(&target, None, false).unwrap();
        assert_eq!(fs::read_to_string(whole.plan()).unwrap(), "progress");
        assert_eq!(fs::read_dir(whole.path()).unwrap().count(), 2, "the plan and the lock");
        whole.remove();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_kept_for_the_next_sync_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("sync.c1z");
        let work_dir = WorkDir::open(&target, None, false).unwrap();
        for path in [work_dir.plan(), work_dir.previous(), work_dir.last(), work_dir.last().with_extension("new")] {
            fs::write(path, "data").unwrap();
        }
        work_dir.remove();
        let work_dir = WorkDir::open(&target, None, true).unwrap();
        assert_eq!(fs::read_dir(work_dir.path()).unwrap().count(), 2, "last.db and the lock");
        work_dir.remove();
        assert!(folder.path().join("sync.c1z.work/last.db").exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_use_it() {
        use std::os::unix::fs::{PermissionsExt, chown, symlink};
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let set_mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("sync.c1z");
        let work_dir = WorkDir::open(&target, None, false).unwrap();
        create_database(&work_dir.plan()).unwrap();
        let (work, plan) = (work_dir.path().to_owned(), work_dir.plan());
        assert_eq!([mode(&work), mode(&plan), mode(&work.join("lock"))], [0o700, 0o600, 0o600]);
        drop(work_dir);
        // As an earlier version has made them.
        set_mode(&work, 0o755);
        set_mode(&plan, 0o644);
        drop(WorkDir::open(&target, None, false).unwrap());
        assert_eq!([mode(&work), mode(&plan)], [0o700, 0o600]);

        let refused = |what: &str, path: &Path| {
            let error = WorkDir::open(&target, None, false).unwrap_err().to_string();
            assert!(error.contains(what) && error.contains(&*path.to_string_lossy()), "{error}");
            assert!(error.contains("hint: choose another folder with --c1z-temp-dir"), "{error}");
        };
        set_mode(&plan, 0o666);
        refused("other users can write to it (mode 0666)", &plan);
        set_mode(&plan, 0o600);
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        for name in ["lock", "plan.db-wal", "build.db"] {
            let link = work.join(name);
            let _ = fs::remove_file(&link);
            symlink(&victim, &link).unwrap();
            refused("it is a symbolic link", &link);
            fs::remove_file(&link).unwrap();
        }
        set_mode(&work, 0o777);
        refused("other users can write to it (mode 0777)", &work);
        set_mode(&work, 0o700);
        // Only root can give a folder away.
        if chown(&work, Some(65_534), None).is_ok() {
            refused("it belongs to another user (uid 65534)", &work);
        }
        fs::remove_dir_all(&work).unwrap();
        fs::create_dir(folder.path().join("elsewhere")).unwrap();
        symlink("elsewhere", &work).unwrap();
        refused("it is a symbolic link", &work);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        assert_eq!(fs::read_dir(folder.path().join("elsewhere")).unwrap().count(), 0);
    }

    #[test]
    fn targets_of_the_same_name_have_folders_of_their_own_below_a_temp_dir() {
        let temp = tempfile::tempdir().unwrap();
        let one = folder_of(Path::new("/a/sync.c1z"), Some(temp.path())).unwrap();
        let other = folder_of(Path::new("/b/sync.c1z"), Some(temp.path())).unwrap();
        assert_ne!(one, other);
        assert!(one.starts_with(temp.path()));
        #[cfg(unix)]
        assert!(one.ends_with("sync.c1z-6ecb6e525dd1bfbe.work"), "{}", one.display());
        assert!(folder_of(Path::new("sync.c1z"), Some(Path::new("/no/such/folder"))).is_err());
    }
}
