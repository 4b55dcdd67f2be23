//! What an operator can set about a sync.

use std::path::PathBuf;

use baton_connector::Options;

use crate::external::ExternalFile;
use crate::workdir::WorkDir;

/// How and whereto a sync runs.
#[derive(Debug, Clone)]
pub struct SyncConfig {
    /// The `.c1z` to be written.
    pub target: PathBuf,
    /// Where the last sync is, if it is not in the target: the new one is compared with that and reuses it, and
    /// nothing of it stays in the new file. It need not exist, and is left as it is.
    pub base: Option<PathBuf>,
    /// Where the working data goes; beside the target if `None`. It must survive until the sync is finished, or an
    /// interrupted run begins anew.
    pub temp_dir: Option<PathBuf>,
    /// What is to be synced.
    pub options: Options,
    /// The file of another connector whose principals hold grants here. A partial sync does without.
    pub external: Option<ExternalFile>,
    /// Pieces of work that may be under way at once in one queue; at least 1.
    pub workers: usize,
    /// Replace the file also if far less was found than the last time, or nothing of what must be there.
    pub allow_shrink: bool,
    /// Fail if anything is missing that was not left out on purpose.
    pub strict: bool,
    /// The largest database that readers of the file accept, in bytes; a larger one is not made.
    pub largest_database: u64,
    /// Whether a full sync reuses what the last one has read and what has not changed since. Sources that cannot
    /// report changes are always read as a whole, and syncs of another type neither use nor touch what is kept.
    pub incremental: Incremental,
}

/// Whether a full sync reuses what the last one has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incremental {
    /// It does, and everything is read only now and then.
    On(FullEvery),
    /// Everything is read this time, and kept for the next sync.
    ReadAll,
    /// Everything is read, and nothing is kept.
    Off,
}

impl Default for Incremental {
    fn default() -> Self {
        Self::On(FullEvery::default())
    }
}

/// When a sync reads everything all the same: whatever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FullEvery {
    /// When the last time is so many days ago.
    pub days: Option<u32>,
    /// Every so many syncs.
    pub syncs: Option<u32>,
}

impl Default for FullEvery {
    /// After seven days or 200 syncs: a day's hourly syncs cost one list each, and what no change reported is seen within
    /// the week.
    fn default() -> Self {
        Self { days: Some(7), syncs: Some(200) }
    }
}

impl std::str::FromStr for FullEvery {
    type Err = String;

    /// `7d`, `200`, both separated by a comma, or `never`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut every = Self { days: None, syncs: None };
        if text.trim() == "never" {
            return Ok(every);
        }
        for part in text.split(',').map(str::trim) {
            let (place, number) = match part.strip_suffix('d') {
                Some(days) => (&mut every.days, days),
                None => (&mut every.syncs, part),
            };
            let number = number.parse::<u32>().ok().filter(|number| *number > 0);
            if place.is_some() || number.is_none() {
                return Err(format!(
                    "{text:?} is not a number of syncs, a number of days such as 7d, or both such as 7d,200"
                ));
            }
            *place = number;
        }
        Ok(every)
    }
}

impl SyncConfig {
    /// Pieces of work at once in one queue unless the operator says otherwise. More than a source will let us have in
    /// flight, so that none of its permits is ever unused.
    pub const DEFAULT_WORKERS: usize = 32;

    /// What readers of v1 files accept, decompressed (`docs/spec/c1z-format.md` 2.3).
    pub const LARGEST_DATABASE: u64 = 10 << 30;

    /// A full sync into `target` with the defaults.
    #[must_use]
    pub fn new(target: impl Into<PathBuf>) -> Self {
        Self {
            target: target.into(),
            base: None,
            temp_dir: None,
            options: Options::default(),
            external: None,
            workers: Self::DEFAULT_WORKERS,
            allow_shrink: false,
            strict: false,
            largest_database: Self::LARGEST_DATABASE,
            incremental: Incremental::default(),
        }
    }

    /// Removes what is kept of the last sync: the next one reads everything.
    ///
    /// # Errors
    ///
    /// It is there and cannot be removed.
    pub fn forget_last(&self) -> std::io::Result<()> {
        match std::fs::remove_file(WorkDir::last_of(&self.target, self.temp_dir.as_deref())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_pass_is_every_so_many_days_or_syncs() {
        let every = |days, syncs| Ok(FullEvery { days, syncs });
        assert_eq!("7d,200".parse(), Ok::<_, String>(FullEvery::default()));
        assert_eq!("200, 7d".parse(), Ok::<_, String>(FullEvery::default()));
        assert_eq!("30d".parse(), every(Some(30), None));
        assert_eq!("1".parse(), every(None, Some(1)));
        assert_eq!("never".parse(), every(None, None));
        for bad in ["", "0", "0d", "7h", "d", "7d,8d", "1,2", "-1", "7d,"] {
            assert!(bad.parse::<FullEvery>().is_err(), "{bad}");
        }
    }
}
