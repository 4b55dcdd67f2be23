//! Logs of single tasks: C1 can ask to see one in detail (`docs/spec/connector-runtime.md` 2.12).
//!
//! Every line of such a task goes into `debug.log` in the folder of this process, whatever is logged otherwise. The
//! one of the task before is kept as `debug.log.1`; two that run at once have a file each, so that none is handed over
//! with another's lines. What is handed over is read from the file that was written, whatever stands at its path by then.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::run::Service;

/// So many may be kept at once.
const AT_ONCE: usize = 100;

/// Whoever writes the logs.
pub trait TaskLogs: fmt::Debug + Send + Sync + 'static {
    /// From now on writes every line of the task with this id, however unimportant, into `file` as well, until what is
    /// returned is dropped.
    fn keep(&self, task_id: &str, file: File) -> Box<dyn Send + Sync>;
}

/// The log of a task under way.
pub(crate) struct DebugLog {
    path: PathBuf,
    file: Arc<File>,
    kept: Box<dyn Send + Sync>,
}

impl DebugLog {
    /// Begins one; `None` if nobody writes it. That it cannot be written is no reason not to do the task.
    pub(crate) fn begin(service: &Service, task_id: &str) -> Option<Self> {
        let logs = service.config.task_logs.as_ref()?;
        let opened = open(service.folders.root()).and_then(|(path, file)| Ok((path, file.try_clone()?, file)));
        match opened {
            Ok((path, copy, file)) => {
                tracing::info!(task_id, file = %path.display(), "C1 wants to see this task in detail");
                Some(Self { path, file: Arc::new(file), kept: logs.keep(task_id, copy) })
            }
            Err(error) => {
                tracing::warn!(task_id, %error, "the task cannot be logged in detail");
                None
            }
        }
    }

    /// Ends it and hands it over to C1, as what belongs to the task. Kept if C1 does not take it.
    pub(crate) async fn hand_over(self, service: &Service, task_id: &str) {
        let Self { path, file, kept } = self;
        drop(kept);
        match service.api.upload(task_id, &file, &path).await {
            Ok(bytes) => {
                tracing::info!(task_id, bytes, "debug log uploaded");
                if let Err(error) = fs::remove_file(&path) {
                    tracing::warn!(task_id, %error, "cannot remove the debug log");
                }
            }
            Err(error) => {
                tracing::warn!(task_id, error = error.message, file = %path.display(), "C1 did not take the debug log");
            }
        }
    }
}

/// A new file that nobody else writes. What was in it before is kept beside it.
fn open(folder: &Path) -> io::Result<(PathBuf, File)> {
    for number in 1..=AT_ONCE {
        let name = if number == 1 { "debug.log".to_owned() } else { format!("debug-{number}.log") };
        let path = folder.join(name);
        let file = private_fs::open(&path)?;
        match file.try_lock() {
            Ok(()) if file.metadata()?.len() == 0 => return Ok((path, file)),
            Ok(()) => {
                // Not every system moves files that are open.
                drop(file);
                fs::rename(&path, path.with_added_extension("1"))?;
                let file = private_fs::open(&path)?;
                file.try_lock()?;
                return Ok((path, file));
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("too many of them are being written"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write as _;

    use super::*;

    fn text(folder: &Path, name: &str) -> String {
        fs::read_to_string(folder.join(name)).unwrap()
    }

    #[test]
    fn the_last_one_is_kept_and_two_at_once_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for round in ["one", "two", "three"] {
            let (path, mut file) = open(folder).unwrap();
            assert_eq!(path, folder.join("debug.log"));
            file.write_all(round.as_bytes()).unwrap();
        }
        assert_eq!([text(folder, "debug.log.1"), text(folder, "debug.log")], ["two", "three"]);
        let (_, first) = open(folder).unwrap();
        let (path, _second) = open(folder).unwrap();
        assert_eq!(path, folder.join("debug-2.log"));
        drop(first);
        assert_eq!(fs::read_dir(folder).unwrap().count(), 3);
    }
}
