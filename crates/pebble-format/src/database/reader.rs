//! A database that is open for reading.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

use crate::database::deletions::Sweep;
use crate::database::logs::{self, LogEnd, MemoryEntry};
use crate::database::run::{LiveTable, RunIter};
use crate::database::scan::{Scan, Source};
use crate::error::{Error, Result};
use crate::files::Files;
use crate::limits::{self, Budget, Limits};
use crate::manifest::edit::NewTable;
use crate::manifest::version::Version;
use crate::names;
use crate::options::Options;
use crate::sst::layout::RangeDeletion;
use crate::sst::table::Table;

/// A database that is open for reading: a snapshot of its tables and logs as one sorted map.
///
/// The files are read once and stay in memory, compressed as they are; blocks are decompressed as a scan reaches them.
/// Logs are replayed, so that a database that was not closed opens too.
#[derive(Debug)]
pub struct Database {
    version: Version,
    options: Option<Options>,
    /// From the newest to the oldest.
    runs: Vec<Vec<LiveTable>>,
    memory: Vec<MemoryEntry>,
    /// In the order of their start.
    deletions: Vec<RangeDeletion>,
    log_end: LogEnd,
    limits: Limits,
}

impl Database {
    /// Opens a database.
    ///
    /// # Errors
    ///
    /// Fails if a file that is needed is missing or damaged, has what this crate does not read, or exceeds the limits.
    /// A last log that is cut off is not an error: see [`log_end`](Self::log_end).
    pub fn open(files: &impl Files, limits: Limits) -> Result<Self> {
        let names = files.list()?;
        names::check_format(&names)?;
        let options = names::newest_options(&names).map(|name| {
            let options = files.read(name).map_err(Error::from).and_then(|text| Options::parse(&text));
            let checked = options.and_then(|options| options.check().map(|()| options));
            checked.map_err(|error| error.in_file(name))
        });
        let options = options.transpose()?;
        let manifest = names::live_manifest(&names)?;
        let version = files.read(manifest).map_err(Error::from).and_then(|file| Version::read(&file, &limits));
        let version = version.map_err(|error| error.in_file(manifest))?;

        let mut tables = Tables { files, limits: &limits, open: BTreeMap::new() };
        let mut runs = Vec::new();
        let mut newest_first = version.level(0);
        newest_first.sort_by_key(|table| std::cmp::Reverse((table.largest_sequence, table.number)));
        for table in newest_first {
            runs.push(vec![tables.live(table)?]);
        }
        for level in 1..=6 {
            let run: Vec<_> =
                version.level(level).into_iter().map(|table| tables.live(table)).collect::<Result<_>>()?;
            if !run.is_empty() {
                runs.push(run);
            }
        }

        let logs = names::logs(&names, version.log_number());
        let budget = Budget::new(&limits);
        let replayed = logs::replay(files, &logs, &limits, &budget)?;
        let mut deletions = replayed.deletions;
        for table in runs.iter().flatten() {
            deletions.extend(table.range_deletions(&budget)?);
            limits::check("the number of range deletions", deletions.len() as u64, limits.range_deletions)?;
        }
        deletions.sort_by(|one, other| one.start.cmp(&other.start));
        Ok(Self { version, options, runs, memory: replayed.entries, deletions, log_end: replayed.end, limits })
    }

    /// What the manifest says.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The settings, if they were stored.
    #[must_use]
    pub fn options(&self) -> Option<&Options> {
        self.options.as_ref()
    }

    /// How the last log ends. What follows a torn record is lost, which Pebble does not report either.
    #[must_use]
    pub fn log_end(&self) -> &LogEnd {
        &self.log_end
    }

    /// All live keys and their values in ascending order of the keys.
    #[must_use]
    pub fn iter(&self) -> Scan<'_> {
        self.range(Bound::Unbounded, Bound::Unbounded)
    }

    /// The live keys between two bounds, in ascending order.
    #[must_use]
    pub fn range(&self, lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> Scan<'_> {
        let budget = Budget::new(&self.limits);
        let below = |entry: &MemoryEntry| match lower {
            Bound::Included(lower) => entry.key < lower,
            Bound::Excluded(lower) => entry.key <= lower,
            Bound::Unbounded => false,
        };
        let memory = self.memory.get(self.memory.partition_point(below)..).unwrap_or_default();
        let mut sources = vec![Source::Memory(memory.iter())];
        for run in &self.runs {
            let entries = RunIter::new(run, lower.map(<[u8]>::to_vec), budget.clone());
            sources.push(Source::Run(Box::new(entries)));
        }
        Scan::new(sources, Sweep::new(&self.deletions), upper.map(<[u8]>::to_vec))
    }

    /// The live keys that begin with `prefix`, in ascending order.
    #[must_use]
    pub fn prefix(&self, prefix: &[u8]) -> Scan<'_> {
        // The least key above all those with the prefix: the last byte that can be raised is, the rest goes.
        let raised = prefix.iter().rposition(|byte| *byte < u8::MAX).and_then(|at| {
            let mut upper = prefix.get(..=at)?.to_vec();
            *upper.last_mut()? = upper.last()?.checked_add(1)?;
            Some(upper)
        });
        let upper = raised.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.range(Bound::Included(prefix), upper)
    }

    /// The value of a key.
    ///
    /// # Errors
    ///
    /// Fails if a block that may hold the key is damaged.
    pub fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        let found = self.range(Bound::Included(key), Bound::Included(key)).next();
        found.transpose().map(|found| found.map(|(_, value)| value))
    }
}

impl<'a> IntoIterator for &'a Database {
    type Item = Result<(Vec<u8>, Bytes)>;
    type IntoIter = Scan<'a>;

    fn into_iter(self) -> Scan<'a> {
        self.iter()
    }
}

/// Opens the files of tables; several tables may share one.
struct Tables<'a, F> {
    files: &'a F,
    limits: &'a Limits,
    open: BTreeMap<u64, Table>,
}

impl<F: Files> Tables<'_, F> {
    fn live(&mut self, meta: &NewTable) -> Result<LiveTable> {
        let name = names::table(meta.file());
        let table = match self.open.get(&meta.file()) {
            Some(table) => table.clone(),
            None => {
                let file = self.files.read(&name).map_err(Error::from);
                let table = file.and_then(|file| Table::open(file, self.limits.clone()));
                let table = table.map_err(|error| error.in_file(&name))?;
                self.open.insert(meta.file(), table.clone());
                table
            }
        };
        Ok(LiveTable { name, table, meta: meta.clone() })
    }
}
