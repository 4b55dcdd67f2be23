//! The state of a database after all edits of its manifest.

use std::collections::BTreeMap;

use crate::error::{Error, Result, corrupt};
use crate::limits::{self, Limits};
use crate::manifest::edit::{Edit, LEVELS, NewTable};
use crate::options;
use crate::record::RecordReader;

const WHAT: &str = "manifest";

/// The state of a database after all edits of its manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    tables: BTreeMap<(u8, u64), NewTable>,
    log_number: u64,
    next_file: Option<u64>,
    last_sequence: Option<u64>,
}

impl Version {
    /// Reads a manifest, and applies its edits in order.
    ///
    /// # Errors
    ///
    /// Fails if the manifest is damaged, says less than a database needs, names a comparer other than
    /// `leveldb.BytewiseComparator`, or has more tables than the limits allow.
    pub fn read(file: &[u8], limits: &Limits) -> Result<Self> {
        let mut version = Self::default();
        for record in RecordReader::manifest(file, limits.block) {
            version.apply(Edit::decode(&record?)?, limits)?;
        }
        if version.next_file.is_none() || version.last_sequence.is_none() {
            return Err(corrupt(WHAT, file.len(), "does not say which numbers are in use"));
        }
        version.check_levels()?;
        Ok(version)
    }

    fn apply(&mut self, edit: Edit, limits: &Limits) -> Result<()> {
        if let Some(comparer) = edit.comparer
            && comparer != options::COMPARER.as_bytes()
        {
            let detail = String::from_utf8_lossy(&comparer).into_owned();
            return Err(Error::Unsupported { what: "the order of keys", detail });
        }
        self.log_number = edit.log_number.unwrap_or(self.log_number);
        self.next_file = edit.next_file.or(self.next_file);
        self.last_sequence = edit.last_sequence.or(self.last_sequence);
        for table in &edit.deleted {
            if self.tables.remove(table).is_none() {
                return Err(corrupt(WHAT, 0, "deletes a table that is not there"));
            }
        }
        for (level, table) in edit.added {
            if self.tables.insert((level, table.number), table).is_some() {
                return Err(corrupt(WHAT, 0, "adds a table twice"));
            }
        }
        limits::check("the number of tables", self.tables.len() as u64, limits.tables)
    }

    /// Below level 0 the tables of a level do not overlap.
    fn check_levels(&self) -> Result<()> {
        for level in 1..LEVELS as u8 {
            let tables = self.level(level);
            for (before, after) in tables.iter().zip(tables.iter().skip(1)) {
                let apart = before.largest.0 < after.smallest.0
                    || (before.largest.0 == after.smallest.0 && before.largest.1 > after.smallest.1);
                if !apart {
                    return Err(corrupt(WHAT, 0, "has overlapping tables in one level"));
                }
            }
        }
        Ok(())
    }

    /// The tables of a level, from 0 to 6, in the order of their keys.
    #[must_use]
    pub fn level(&self, level: u8) -> Vec<&NewTable> {
        let mut tables: Vec<_> = self.tables.range((level, 0)..=(level, u64::MAX)).map(|(_, table)| table).collect();
        tables.sort_by(|one, other| (&one.smallest.0, other.smallest.1).cmp(&(&other.smallest.0, one.smallest.1)));
        tables
    }

    /// All tables.
    pub fn tables(&self) -> impl Iterator<Item = &NewTable> {
        self.tables.values()
    }

    /// The oldest log with changes that are not in a table.
    #[must_use]
    pub fn log_number(&self) -> u64 {
        self.log_number
    }

    /// The greatest sequence number in use when the manifest was written.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.last_sequence.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::key::{Kind, Trailer};
    use crate::record::RecordWriter;

    fn table(number: u64, smallest: &str, largest: &str) -> NewTable {
        let bound = |key: &str| (key.as_bytes().to_vec(), Trailer { sequence: 5, kind: Kind::Set });
        NewTable::new(number, 100, bound(smallest), bound(largest))
    }

    fn read(edits: &[Edit]) -> Result<Version> {
        let mut writer = RecordWriter::new();
        for edit in edits {
            writer.add(&edit.encode());
        }
        Version::read(&writer.finish(), &Limits::default().with_tables(2))
    }

    fn first() -> Edit {
        Edit { next_file: Some(9), last_sequence: Some(0), ..Edit::default() }
    }

    fn adding(added: Vec<(u8, NewTable)>) -> Edit {
        Edit { added, ..Edit::default() }
    }

    #[test]
    fn edits_apply_in_order() {
        let deleted = Edit { deleted: vec![(6, 4)], log_number: Some(8), ..Edit::default() };
        let added = adding(vec![(6, table(4, "a", "c")), (6, table(5, "d", "f"))]);
        let version = read(&[first(), added, deleted, adding(vec![(6, table(6, "a", "b"))])]).unwrap();
        assert_eq!(version.level(6).iter().map(|table| table.number).collect::<Vec<_>>(), [6, 5]);
        assert_eq!(version.log_number(), 8);
    }

    #[test]
    fn impossible_states_are_errors() {
        let two = |one, other| adding(vec![one, other]);
        assert!(read(&[]).is_err());
        assert!(read(&[first(), Edit { deleted: vec![(6, 4)], ..Edit::default() }]).is_err());
        assert!(read(&[first(), two((6, table(4, "a", "c")), (6, table(4, "d", "f")))]).is_err());
        assert!(read(&[first(), two((6, table(4, "a", "c")), (6, table(5, "b", "f")))]).is_err());
        assert!(read(&[first(), two((0, table(4, "a", "c")), (0, table(5, "b", "f")))]).is_ok());
        let three = (4..7).map(|number| (0, table(number, "a", "b"))).collect();
        assert!(matches!(read(&[first(), adding(three)]), Err(Error::Limit { .. })));
        assert!(read(&[first(), Edit { comparer: Some(b"other".to_vec()), ..Edit::default() }]).is_err());
    }
}
