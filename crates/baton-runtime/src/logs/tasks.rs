//! Files into which every line of one task goes (`docs/spec/connector-runtime.md` 2.12).

use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Logger;

/// No file becomes larger, in bytes: a task may run for hours.
const LARGEST: u64 = 256 << 20;

/// The files.
#[derive(Debug, Default)]
pub(crate) struct TaskFiles {
    files: Mutex<Vec<TaskFile>>,
    /// How many there are: asked for with every line.
    count: AtomicUsize,
}

#[derive(Debug)]
struct TaskFile {
    task: String,
    file: File,
    bytes: u64,
}

impl TaskFiles {
    /// Whether any task is logged in detail.
    pub(super) fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Writes a line into the file of a task, if it has one.
    pub(super) fn write(&self, task: &str, line: &str) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = files.iter_mut().find(|file| file.task == task) else { return };
        if found.bytes < LARGEST && found.file.write_all(line.as_bytes()).is_ok() {
            found.bytes += line.len() as u64;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Vec<TaskFile>)) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut files);
        self.count.store(files.len(), Ordering::Relaxed);
        drop(files);
        // Which lines are wanted is asked anew.
        tracing::callsite::rebuild_interest_cache();
    }
}

/// Writes logs of tasks for service mode.
#[derive(Debug)]
pub(crate) struct Keeper(pub(crate) Arc<Logger>);

impl baton_service::TaskLogs for Keeper {
    fn keep(&self, task_id: &str, file: File) -> Box<dyn Send + Sync> {
        let task = task_id.to_owned();
        self.0.tasks().change(|files| files.push(TaskFile { task, file, bytes: 0 }));
        Box::new(Kept { logger: Arc::clone(&self.0), task: task_id.to_owned() })
    }
}

/// A file that is written to until this is dropped.
struct Kept {
    logger: Arc<Logger>,
    task: String,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.logger.tasks().change(|files| files.retain(|file| file.task != self.task));
    }
}
