//! What an operator can set about a sync.

use std::path::PathBuf;

use baton_connector::Options;

use crate::external::ExternalFile;

/// How and whereto a sync runs.
#[derive(Debug, Clone)]
pub struct SyncConfig {
    /// The `.c1z` to be written.
    pub target: PathBuf,
    /// Where the working data goes; beside the target if `None`. It must survive until the sync is finished, or an
    /// interrupted run begins anew.
    pub temp_dir: Option<PathBuf>,
    /// What is to be synced.
    pub options: Options,
    /// The file of another connector whose principals hold grants here. A partial sync does without.
    pub external: Option<ExternalFile>,
    /// Pieces of work that may be under way at once in one lane; at least 1.
    pub workers: usize,
    /// Replace the file also if far less was found than the last time, or nothing of what must be there.
    pub allow_shrink: bool,
    /// Fail if anything is missing that was not left out on purpose.
    pub strict: bool,
}

impl SyncConfig {
    /// Pieces of work at once in one lane unless the operator says otherwise. More than a source will let us have in
    /// flight, so that none of its permits is ever unused.
    pub const DEFAULT_WORKERS: usize = 32;

    /// A full sync into `target` with the defaults.
    #[must_use]
    pub fn new(target: impl Into<PathBuf>) -> Self {
        Self {
            target: target.into(),
            temp_dir: None,
            options: Options::default(),
            external: None,
            workers: Self::DEFAULT_WORKERS,
            allow_shrink: false,
            strict: false,
        }
    }
}
