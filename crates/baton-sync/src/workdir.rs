//! The folder in which a sync keeps its working data: the working database, the decoded previous file, the database
//! that becomes the new file. It belongs to one target and is locked while a run uses it. When a sync is finished, only
//! what the next one can take over is left in it.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::error::SyncError;

/// The working database of a sync of everything.
const WHOLE: &str = "plan.db";

/// That of a partial sync. It has one of its own, so that looking at a few resources does not cost the progress of an
/// interrupted sync of everything.
const PARTIAL: &str = "partial.db";

/// What the next full sync can take over. It may be lost: then everything is read again.
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
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(SyncError::io("create the working folder", folder)(error));
            }
            _ => {}
        }
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(SyncError::io("create", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, plan: if is_partial { PARTIAL } else { WHOLE }, lock }),
            Err(TryLockError::WouldBlock) => Err(SyncError::Busy { target: target.to_owned(), lock: path }),
            Err(TryLockError::Error(error)) => Err(SyncError::io("lock", path)(error)),
        }
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
    pub(crate) fn apart(&self) -> PathBuf {
        self.folder.join("apart.db")
    }

    /// Removes what only this run needed and keeps the working database for the next.
    pub(crate) fn keep_progress(&self) {
        for path in [self.previous(), self.build(), self.apart(), self.external()] {
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
    let mut hasher = DefaultHasher::new();
    absolute.hash(&mut hasher);
    name.push(format!("-{:016x}.work", hasher.finish()));
    temp_dir.join(name)
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
        for path in [partial.plan(), partial.previous(), partial.build(), partial.apart(), partial.external()] {
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

    #[test]
    fn targets_of_the_same_name_have_folders_of_their_own_below_a_temp_dir() {
        let temp = tempfile::tempdir().unwrap();
        let one = folder_of(Path::new("/a/sync.c1z"), Some(temp.path())).unwrap();
        let other = folder_of(Path::new("/b/sync.c1z"), Some(temp.path())).unwrap();
        assert_ne!(one, other);
        assert!(one.starts_with(temp.path()));
        assert!(folder_of(Path::new("sync.c1z"), Some(Path::new("/no/such/folder"))).is_err());
    }
}
