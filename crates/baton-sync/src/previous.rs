//! The file that a sync is to replace.

use std::path::Path;
use std::sync::Arc;

use baton_c1z::envelope::{self, Format, Limits};
use baton_c1z::{PreviousFile, SyncType, SystemId, retention};

use crate::config::SyncConfig;
use crate::error::SyncError;
use crate::guard::Before;
use crate::workdir::WorkDir;

/// What stays of the previous file.
#[derive(Debug, Default)]
pub(crate) struct Previous {
    /// Its database, if it has one that can be read.
    pub file: Option<Arc<PreviousFile>>,
    /// Bytes of it.
    pub size: u64,
    /// How many syncs it holds.
    pub syncs: usize,
    /// Its syncs that stay.
    pub keep: Vec<String>,
    /// What its last finished full sync held.
    pub before: Before,
    /// That sync; empty if there is none.
    pub last_full: String,
    /// The system that it was made of, if that is known.
    pub system: Option<SystemId>,
    /// What the operator should know about it.
    pub note: Option<String>,
}

impl Previous {
    /// How large a database with so many syncs would be, if they were like those that it holds.
    pub(crate) fn size_with(&self, syncs: usize) -> u64 {
        self.size / self.syncs.max(1) as u64 * syncs as u64
    }
}

/// Looks at the file that is to be replaced before anything is asked of the source: a target that is no `.c1z`, is cut
/// off or cannot be written must not cost an hour of fetching. A sync that is not a full one
/// leaves the last full one in the file in any case.
///
/// Damage inside of its content may only be found when its rows are copied; then moving it away is enough to have the file
/// made of what has been fetched. A base beside the target is only a help: one that cannot be read is done without, so that
/// all of it is looked at now.
pub(crate) async fn open(config: &SyncConfig, work_dir: &WorkDir, sync_type: SyncType) -> Result<Previous, SyncError> {
    let Some(base) = &config.base else { return read(&config.target, work_dir, sync_type, false).await };
    match read(base, work_dir, sync_type, true).await {
        Ok(previous) => Ok(Previous { keep: Vec::new(), ..previous }),
        Err(error) => {
            let note = format!(
                "the file of the last sync cannot be read: this sync reads everything, and is not compared with it: {error}"
            );
            Ok(Previous { note: Some(note), ..Previous::default() })
        }
    }
}

/// Opens the file; `verifies` says whether all of it is looked at.
async fn read(target: &Path, work_dir: &WorkDir, sync_type: SyncType, verifies: bool) -> Result<Previous, SyncError> {
    let (target, db) = (target.to_owned(), work_dir.previous());
    let open = move || -> Result<Previous, SyncError> {
        match envelope::detect(&target).map_err(SyncError::io("read", &target))? {
            Format::Missing | Format::Empty => return Ok(Previous::default()),
            Format::V3 if sync_type == SyncType::Partial => {
                return Err(SyncError::Invalid(format!(
                    "{} is a v3 (Pebble) file, beside whose sync this version cannot write another that holds only a \
                     part\nhint: name another file with --file",
                    target.display()
                )));
            }
            // It holds one sync only, which a new one would replace at any rate.
            Format::V3 => {
                let note = format!(
                    "{} is a v3 (Pebble) file; it will be replaced by a v1 file, and cannot be compared with what this \
                     sync finds",
                    target.display()
                );
                return Ok(Previous { note: Some(note), ..Previous::default() });
            }
            Format::Other => return Err(baton_c1z::Error::not_a_c1z(&target).into()),
            Format::V1 => {}
        }
        let file = PreviousFile::open(&target, &db, &Limits::from_env())?;
        if verifies {
            file.verify()?;
        }
        let size = std::fs::metadata(&db).map_err(SyncError::io("look at", &db))?.len();
        let runs = file.syncs()?;
        let syncs = runs.len();
        let keep = match retention::keep_limit_from_env() {
            Some(limit) => {
                retention::to_keep(&runs, limit.saturating_sub(1).max(usize::from(sync_type != SyncType::Full)))
            }
            None => runs.into_iter().map(|run| run.sync_id).collect(),
        };
        let (before, last_full, system) = match file.latest_finished(Some(SyncType::Full))? {
            Some(run) => {
                let counts = file.stats(&run.sync_id)?.resources_by_resource_type;
                let counts = counts.into_iter().filter_map(|(id, count)| Some((id, count.try_into().ok()?)));
                let system = file.system(&run.sync_id)?;
                (counts.collect(), run.sync_id, system)
            }
            None => (Before::new(), String::new(), None),
        };
        Ok(Previous { file: Some(Arc::new(file)), size, syncs, keep, before, last_full, system, note: None })
    };
    match tokio::task::spawn_blocking(open).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
