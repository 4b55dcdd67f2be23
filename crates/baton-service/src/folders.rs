//! Where syncs work, and what is kept of those that did not end.
//!
//! A process has a folder of its own below the one for temporary files, which it holds by a lock: several connectors
//! can share a disk. In there each sync has a folder, named after what is to be synced, so that it is found again when
//! C1 hands out the same once more, also by the next process. When its file is delivered, that stays there with what the
//! next sync can take over, and to be compared with it; losing both costs calls only. Folders that nobody uses go when
//! they are a week old, and the oldest of them when there is too much. Debug logs of tasks are there as well.
//!
//! Only its owner can enter the folder of a process, and nothing in it is used that others may have put there: its name
//! can be guessed, and what it holds is handed to C1.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use baton_connector::{Options, short_hash};
use baton_sync::SyncConfig;

use crate::config::ServiceConfig;
use crate::error::ServiceError;

/// Leftovers older than this are of no use: the sync engine would begin anew.
const OLDEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// So many processes may share a folder.
const PROCESSES: usize = 100;

/// In a sync's folder: the file that it makes, and the id of the task for which.
const FILE: &str = "sync.c1z";
/// The last file that was delivered.
const BASE: &str = "last.c1z";
const TASK: &str = "task";
/// Nobody's task id is longer, in bytes.
const LONGEST_TASK: u64 = 4096;

/// The folders of this process.
#[derive(Clone)]
pub(crate) struct Folders(Arc<Inner>);

struct Inner {
    root: PathBuf,
    limit: u64,
    /// Names of the folders in use.
    claimed: Mutex<BTreeSet<String>>,
    /// Held as long as the process lives; the system releases it however that ends.
    _lock: File,
}

impl Folders {
    /// Takes a folder below the one for temporary files, and clears it of what is of no use.
    pub(crate) fn open(config: &ServiceConfig) -> Result<Self, ServiceError> {
        let failed = |path: &Path, error: &io::Error| ServiceError::Folder {
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        if !config.temp_dir.is_dir() {
            return Err(failed(&config.temp_dir, &io::Error::from(io::ErrorKind::NotFound)));
        }
        let name = format!("baton-service-{}", short_hash(config.credentials.id.text.as_bytes()));
        for number in 1..=PROCESSES {
            let root = config.temp_dir.join(numbered(&name, number));
            if let Some(lock) = lock(&root).map_err(|error| failed(&root, &error))? {
                let claimed = Mutex::default();
                let folders = Self(Arc::new(Inner { root, limit: config.temp_limit, claimed, _lock: lock }));
                folders.tidy();
                return Ok(folders);
            }
        }
        let reason = format!("{PROCESSES} processes use it already");
        Err(ServiceError::Folder { path: config.temp_dir.display().to_string(), reason })
    }

    /// The folder of this process.
    pub(crate) fn root(&self) -> &Path {
        &self.0.root
    }

    /// A folder for a sync, which nobody else uses: the one in which the same was begun before if there is one.
    pub(crate) fn claim(&self, options: &Options, task_id: &str) -> io::Result<SyncFolder> {
        let key = format!("sync-{}", short_hash(options.identity().as_bytes()));
        let mut claimed = self.claimed();
        let names = (1..).map(|number| numbered(&key, number)).filter(|name| !claimed.contains(name));
        let is_there = |name: &String| self.0.root.join(name).is_dir();
        // Those in use may stand between others; no more than that can be missing.
        let free: Vec<String> = names.take(claimed.len() + PROCESSES).collect();
        let of_task = free.iter().find(|name| task_of(&self.0.root.join(name)).as_deref() == Some(task_id));
        let name = of_task.or_else(|| free.iter().find(|name| is_there(name))).or_else(|| free.first());
        let Some(name) = name.cloned() else {
            return Err(io::Error::other("there are too many folders"));
        };
        claimed.insert(name.clone());
        drop(claimed);
        let folder = SyncFolder { folders: self.clone(), path: self.0.root.join(&name), name };
        private_fs::private_folder(&folder.path).map_err(|error| at(&folder.path, &error))?;
        private_fs::check_entries(&folder.path).map_err(|(path, error)| at(&path, &error))?;
        if task_of(&folder.path).as_deref() != Some(task_id) {
            // The file of another task is older than this task, and would be told as new.
            remove_if_there(&folder.file())?;
            private_fs::create(&folder.path.join(TASK))?.write_all(task_id.as_bytes())?;
        }
        Ok(folder)
    }

    /// Removes leftovers that are too old, and the oldest while all data together is too large. Says whether it is too
    /// large nevertheless, because of syncs under way.
    pub(crate) fn tidy(&self) -> bool {
        let now = SystemTime::now();
        let mut total = 0;
        let mut leftovers = Vec::new();
        for entry in fs::read_dir(&self.0.root).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with("sync-") {
                continue;
            }
            let (size, touched) = usage(&path);
            total += size;
            if !self.claimed().contains(&name) {
                leftovers.push((touched, size, name, path));
            }
        }
        leftovers.sort();
        for (touched, size, name, path) in leftovers {
            let is_old = now.duration_since(touched).is_ok_and(|age| age > OLDEST);
            if !is_old && total <= self.0.limit {
                continue;
            }
            // Somebody may have taken it meanwhile.
            let claimed = self.claimed();
            if !claimed.contains(&name) && fs::remove_dir_all(&path).is_ok() {
                total -= size;
                tracing::info!(bytes = size, is_old, "removed working data of a sync that is not under way");
            }
        }
        total > self.0.limit
    }

    fn claimed(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folder of a sync under way.
pub(crate) struct SyncFolder {
    folders: Folders,
    name: String,
    path: PathBuf,
}

impl SyncFolder {
    /// The file that the sync makes. Its working data is beside it.
    pub(crate) fn file(&self) -> PathBuf {
        self.path.join(FILE)
    }

    /// The file, if it is there already, made for the same task.
    ///
    /// # Errors
    /// Something else stands there; what the system says.
    pub(crate) fn finished(&self) -> io::Result<Option<File>> {
        match private_fs::read(&self.file()) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&self.file(), &error)),
        }
    }

    /// The last file that was delivered from here, if it is still there.
    pub(crate) fn base(&self) -> PathBuf {
        self.path.join(BASE)
    }

    /// C1 has the file. It stays as the base of the next sync if there can be one, as far as there is room.
    pub(crate) fn delivered(self, is_base: bool) {
        let is_first = !self.name.trim_start_matches("sync-").contains('-');
        if !is_base || !is_first {
            return self.remove();
        }
        if let Err(error) = fs::rename(self.file(), self.base()) {
            tracing::warn!(%error, "cannot keep what the next sync could take over; it will read everything");
            return self.remove();
        }
        let folders = self.folders.clone();
        drop(self);
        folders.tidy();
    }

    /// Removes what is only there for the next sync to be cheaper.
    pub(crate) fn forget_base(&self) {
        let removed = remove_if_there(&self.base()).and_then(|()| SyncConfig::new(self.file()).forget_last());
        if let Err(error) = removed {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove what is kept of the last sync");
        }
    }

    fn remove(self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove the working data of a sync");
        }
    }
}

impl Drop for SyncFolder {
    fn drop(&mut self) {
        self.folders.claimed().remove(&self.name);
    }
}

/// `name`, `name-2`, …
fn numbered(name: &str, number: usize) -> String {
    if number == 1 { name.to_owned() } else { format!("{name}-{number}") }
}

/// Locks a folder, making it if need be; `None` if another process has it.
fn lock(root: &Path) -> io::Result<Option<File>> {
    private_fs::private_folder(root)?;
    let file = private_fs::open(&root.join("lock"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    private_fs::check_entries(root).map_err(|(path, error)| at(&path, &error))?;
    Ok(Some(file))
}

/// The task for which a folder was used last.
fn task_of(folder: &Path) -> Option<String> {
    let mut task = String::new();
    private_fs::read(&folder.join(TASK)).ok()?.take(LONGEST_TASK).read_to_string(&mut task).ok()?;
    Some(task)
}

/// The same error with the path that it is about.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The size of everything in a folder, and when something in it was written last. What vanishes meanwhile counts for
/// nothing.
fn usage(folder: &Path) -> (u64, SystemTime) {
    let mut all = (0, SystemTime::UNIX_EPOCH);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        let (size, touched) = match metadata.is_dir() {
            true => usage(&entry.path()),
            false => (metadata.len(), metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH)),
        };
        all = (all.0 + size, all.1.max(touched));
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use baton_proto::c1::connector::v2::ConnectorMetadata;
    use secrecy::SecretString;

    use super::*;
    use crate::credentials::{self, Credentials};

    fn config(temp: &Path) -> ServiceConfig {
        let secret = SecretString::from(credentials::tests::secret());
        let credentials = Credentials::parse("name@host.example/x", &secret).unwrap();
        ServiceConfig { temp_limit: 1000, ..ServiceConfig::new(credentials, ConnectorMetadata::default(), temp) }
    }

    fn users() -> Options {
        Options { resource_types: vec!["user".to_owned()], ..Options::default() }
    }

    #[test]
    fn an_interrupted_sync_is_found_again_and_two_never_share_a_folder() {
        let temp = tempfile::tempdir().unwrap();
        let config = config(temp.path());
        let folders = Folders::open(&config).unwrap();
        let first = folders.claim(&Options::default(), "a").unwrap();
        let second = folders.claim(&Options::default(), "b").unwrap();
        let other = folders.claim(&users(), "c").unwrap();
        assert_ne!(first.path, second.path);
        assert_ne!(first.path, other.path);
        fs::write(second.file(), "finished").unwrap();
        let (first_path, second_path) = (first.path.clone(), second.path.clone());
        drop((first, second, other));
        drop(folders);

        let folders = Folders::open(&config).unwrap();
        let again = folders.claim(&Options::default(), "b").unwrap();
        assert!(again.path == second_path && again.finished().unwrap().is_some(), "the task's own");
        let another = folders.claim(&Options::default(), "d").unwrap();
        assert!(another.path == first_path && another.finished().unwrap().is_none(), "the same in another task");
        drop(again);
        let stale = folders.claim(&Options::default(), "e").unwrap();
        assert!(
            stale.path == second_path && stale.finished().unwrap().is_none(),
            "the file of another task is not told as new"
        );
        stale.remove();
        assert!(!second_path.exists());
    }

    #[test]
    fn what_was_delivered_is_the_base_of_the_next_sync() {
        let temp = tempfile::tempdir().unwrap();
        let folders = Folders::open(&config(temp.path())).unwrap();
        let folder = folders.claim(&Options::default(), "a").unwrap();
        let other = folders.claim(&Options::default(), "b").unwrap();
        let gone = other.path.clone();
        for folder in [&folder, &other] {
            fs::write(folder.file(), "delivered").unwrap();
        }
        folder.delivered(true);
        other.delivered(true);
        assert!(!gone.exists(), "one base is enough");
        let next = folders.claim(&Options::default(), "c").unwrap();
        assert_eq!(fs::read_to_string(next.base()).unwrap(), "delivered");
        assert!(next.finished().unwrap().is_none());
        let last = next.path.join("sync.c1z.work/last.db");
        fs::create_dir(last.parent().unwrap()).unwrap();
        fs::write(&last, "kept").unwrap();
        next.forget_base();
        assert!(!next.base().exists() && !last.exists());
        let path = next.path.clone();
        fs::write(next.file(), "delivered").unwrap();
        next.delivered(false);
        assert!(!path.exists(), "a sync of something else is no base");
        // Larger than all working data may be.
        let folder = folders.claim(&Options::default(), "d").unwrap();
        fs::write(folder.file(), vec![0; 2000]).unwrap();
        let path = folder.path.clone();
        folder.delivered(true);
        assert!(!path.exists());
    }

    #[test]
    fn processes_do_not_share_folders() {
        let temp = tempfile::tempdir().unwrap();
        let config = config(temp.path());
        let one = Folders::open(&config).unwrap();
        let other = Folders::open(&config).unwrap();
        assert_ne!(one.0.root, other.0.root);
        let missing = ServiceConfig { temp_dir: temp.path().join("none"), ..config };
        assert!(matches!(Folders::open(&missing), Err(ServiceError::Folder { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn only_their_owner_can_use_them() {
        use std::os::unix::fs::{PermissionsExt, chown, symlink};
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let set_mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let temp = tempfile::tempdir().unwrap();
        let config = config(temp.path());
        let folders = Folders::open(&config).unwrap();
        let folder = folders.claim(&Options::default(), "a").unwrap();
        let (root, path) = (folders.root().to_owned(), folder.path.clone());
        assert_eq!([&root, &path].map(|path| mode(path)), [0o700; 2]);
        assert_eq!([root.join("lock"), path.join(TASK)].map(|path| mode(&path)), [0o600; 2]);
        drop(folder);

        // A file that somebody else has put there is not handed to C1, nor written to.
        let victim = temp.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        for name in [FILE, BASE, TASK] {
            let link = path.join(name);
            let _ = fs::remove_file(&link);
            symlink(&victim, &link).unwrap();
            let Err(error) = folders.claim(&Options::default(), "b") else { panic!("{name} is used") };
            assert!(error.to_string().contains("it is a symbolic link"), "{error}");
            fs::remove_file(&link).unwrap();
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        drop(folders);
        let refused = |what: &str| {
            let Err(error) = Folders::open(&config) else { panic!("it is used") };
            let error = error.to_string();
            assert!(error.contains(what) && error.contains("hint: name another with --c1z-temp-dir"), "{error}");
        };
        set_mode(&root, 0o770);
        refused("other users can write to it (mode 0770)");
        set_mode(&root, 0o700);
        // Only root can give a folder away.
        if chown(&root, Some(65_534), None).is_ok() {
            refused("it belongs to another user (uid 65534)");
        }
        fs::remove_dir_all(&root).unwrap();
        symlink(temp.path(), &root).unwrap();
        refused("it is a symbolic link");
    }

    #[test]
    fn leftovers_are_kept_within_the_limit() {
        let temp = tempfile::tempdir().unwrap();
        let folders = Folders::open(&config(temp.path())).unwrap();
        let fill = |options: &Options, age: u64| {
            let folder = folders.claim(options, "a").unwrap();
            for name in [FILE, TASK] {
                fs::write(folder.path.join(name), vec![0; 300]).unwrap();
                let file = File::options().write(true).open(folder.path.join(name)).unwrap();
                file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
            }
            folder
        };
        let by_type = |name: &str| Options { resource_types: vec![name.to_owned()], ..Options::default() };
        let old = fill(&by_type("old"), 8 * 24 * 3600).path.clone();
        let older = fill(&by_type("older"), 100).path.clone();
        let newer = fill(&by_type("newer"), 10).path.clone();
        assert!(!folders.tidy(), "there is enough to remove");
        assert!(!old.exists() && !older.exists() && newer.exists());
        let in_use = (fill(&by_type("one"), 1000), fill(&by_type("two"), 1000));
        assert!(folders.tidy(), "what is in use stays");
        assert!(!newer.exists() && in_use.0.path.exists() && in_use.1.path.exists());
    }
}
