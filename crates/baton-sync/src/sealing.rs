//! The input of sealing, and the limits that every step of it keeps.

use std::path::PathBuf;
use std::sync::Arc;

use baton_c1z::SyncType;
use baton_connector::{SyncSession, SystemId, TypeSpec};
use tokio_util::sync::CancellationToken;

use crate::config::SyncConfig;
use crate::error::SyncError;
use crate::external::External;
use crate::observe::{Event, Observer};
use crate::plan::{Identity, Plan};
use crate::previous::Previous;
use crate::summary::Reading;

/// What sealing works on. It owns everything, because it runs on a thread that may block.
pub(crate) struct Sealing {
    pub plan: Plan,
    pub session: Arc<dyn SyncSession>,
    pub identity: Identity,
    /// The system that was read, if it is known.
    pub system: Option<SystemId>,
    pub sync_type: SyncType,
    /// The types of this sync, in stored order.
    pub types: Vec<TypeSpec>,
    /// The file that is replaced.
    pub previous: Previous,
    /// What was read and what was reused.
    pub reading: Option<Reading>,
    /// Principals that were already deleted before the last sync.
    pub deleted: Vec<(String, String)>,
    /// The file of the other connector whose principals hold grants here.
    pub external: Option<External>,
    /// Where the new database is made.
    pub build: PathBuf,
    /// Where the grants that expansion is about wait.
    pub expansion_db: PathBuf,
    pub config: SyncConfig,
    pub observer: Arc<dyn Observer>,
    pub cancel: CancellationToken,
}

impl Sealing {
    pub(crate) fn is_partial(&self) -> bool {
        self.sync_type == SyncType::Partial
    }

    /// Whether grants that follow from others are made here. A partial sync does not know the others.
    pub(crate) fn expands(&self) -> bool {
        !self.is_partial() && !self.config.options.skip_expand_grants
    }

    /// Says what comes next; stops here if the sync was cancelled.
    pub(crate) fn step(&self, step: &'static str) -> Result<(), SyncError> {
        self.observer.event(&Event::Sealing { step });
        self.go_on()
    }

    pub(crate) fn go_on(&self) -> Result<(), SyncError> {
        if self.cancel.is_cancelled() {
            // The caller knows what is kept and fills it in.
            return Err(SyncError::Cancelled { kept: 0, work: self.build.clone() });
        }
        Ok(())
    }

    /// Refuses a database that readers would refuse.
    pub(crate) fn check_size(&self) -> Result<(), SyncError> {
        let size = std::fs::metadata(&self.build).map_err(SyncError::io("look at", &self.build))?.len();
        self.refuse_beyond("", size)
    }

    pub(crate) fn refuse_beyond(&self, more: &'static str, size: u64) -> Result<(), SyncError> {
        let most = self.config.largest_database;
        if size <= most {
            return Ok(());
        }
        Err(SyncError::TooLarge { more, size, most, target: self.config.target.clone() })
    }
}
