//! The objects of one kind: rows that a seed describes, rows that hold a document, rows that are gone.
//!
//! A row keeps its number and its id for ever. A removed row stays as a gap, so that other rows keep their numbers, no
//! id is given twice, and a cursor that names a removed object still finds its place.

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::time::Duration;

use super::document::Document;
use super::ids::{IdSpace, OktaId};
use crate::clock::RunningClock;

/// The objects of one kind.
#[derive(Debug)]
pub(crate) struct Table {
    space: IdSpace,
    rows: Vec<Option<Box<Document>>>,
    /// Rows by id, where the ids are not those of the id space.
    named: HashMap<Box<str>, u32>,
    removed: BTreeSet<u32>,
    /// What rows were before, for an index that lags behind; none when nothing does.
    past: Option<Past>,
}

/// What rows were before their changes of the last while.
#[derive(Debug)]
struct Past {
    clock: RunningClock,
    kept: Duration,
    /// Per row when it changed, since 1970, and what it was until then.
    rows: HashMap<u32, Vec<(Duration, Was)>>,
}

/// What a row was.
#[derive(Debug)]
enum Was {
    Absent,
    Computed,
    Written(Box<Document>),
}

/// An id, wherever it comes from.
pub(crate) enum Id<'a> {
    Computed(OktaId),
    Stored(&'a str),
}

impl Deref for Id<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Computed(id) => id,
            Self::Stored(id) => id,
        }
    }
}

impl Table {
    pub(super) fn generated(seed: u64, prefix: &[u8; 3], count: u32) -> Self {
        let mut rows = Vec::new();
        rows.resize_with(count as usize, || None);
        Self { space: IdSpace::new(seed, prefix), rows, named: HashMap::new(), removed: BTreeSet::new(), past: None }
    }

    /// Writes the document of a row.
    pub(super) fn write(&mut self, n: u32, document: Document) {
        self.remember(n);
        self.rows[n as usize] = Some(Box::new(document));
    }

    /// Adds a row with an id of its own, or replaces the row that has this id.
    pub(super) fn put(&mut self, document: Document) -> u32 {
        let n = self.reserve(&document.id);
        self.rows[n as usize] = Some(Box::new(document));
        n
    }

    /// The row for an id; when there is none yet, one with nothing but the id.
    pub(super) fn reserve(&mut self, id: &str) -> u32 {
        if let Some(&n) = self.named.get(id) {
            return n;
        }
        let n = self.len();
        self.rows.push(Some(Box::new(Document::of(&serde_json::json!({ "id": id })))));
        self.named.insert(id.into(), n);
        n
    }

    /// Adds a row; `make` gives its document for its id, which is one that no row ever had.
    pub(super) fn add(&mut self, make: impl FnOnce(&str) -> Document) -> u32 {
        let n = self.len();
        self.rows.push(Some(Box::new(make(&self.space.id(n)))));
        self.keep(n, Was::Absent);
        n
    }

    /// Removes a row for good.
    pub(super) fn remove(&mut self, n: u32) {
        self.remember(n);
        self.removed.insert(n);
    }

    /// From now on keeps what rows were, this long.
    pub(super) fn keep_past(&mut self, kept: Duration, clock: RunningClock) {
        self.past = Some(Past { clock, kept, rows: HashMap::new() });
    }

    fn remember(&mut self, n: u32) {
        if self.past.is_some() {
            let was = match self.document(n) {
                _ if !self.holds(n) => Was::Absent,
                Some(document) => Was::Written(Box::new(document.clone())),
                None => Was::Computed,
            };
            self.keep(n, was);
        }
    }

    fn keep(&mut self, n: u32, was: Was) {
        if let Some(past) = &mut self.past {
            let now = past.clock.now();
            let versions = past.rows.entry(n).or_default();
            versions.retain(|(until, _)| *until + past.kept > now);
            versions.push((now, was));
        }
    }

    /// What an index that lags behind shows of a row: nothing, or its document, which is `None` when the seed describes
    /// it. Without a lag that is the row as it is.
    pub(crate) fn indexed(&self, n: u32) -> Option<Option<&Document>> {
        let version = self.past.as_ref().and_then(|past| {
            let seen = past.clock.now().saturating_sub(past.kept);
            past.rows.get(&n)?.iter().find(|(until, _)| *until > seen)
        });
        match version {
            Some((_, Was::Absent)) => None,
            Some((_, Was::Computed)) => Some(None),
            Some((_, Was::Written(document))) => Some(Some(document)),
            None => self.holds(n).then(|| self.document(n)),
        }
    }

    /// Number of rows, removed ones included: all row numbers are below.
    pub(crate) fn len(&self) -> u32 {
        self.rows.len() as u32
    }

    /// Number of objects.
    pub(crate) fn count(&self) -> u32 {
        self.len() - self.removed.len() as u32
    }

    /// The row numbers of all objects.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.len()).filter(|&n| self.holds(n))
    }

    /// Whether this row is not removed.
    pub(crate) fn holds(&self, n: u32) -> bool {
        self.removed.is_empty() || !self.removed.contains(&n)
    }

    /// The object with this id.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        self.place(id).filter(|&n| self.holds(n))
    }

    /// The row with this id, also a removed one.
    pub(crate) fn place(&self, id: &str) -> Option<u32> {
        let computed = || self.space.number(id).filter(|&n| n < self.len() && *self.id(n) == *id);
        self.named.get(id).copied().or_else(computed)
    }

    /// The id of a row.
    pub(crate) fn id(&self, n: u32) -> Id<'_> {
        match self.document(n) {
            Some(document) => Id::Stored(&document.id),
            None => Id::Computed(self.space.id(n)),
        }
    }

    /// The document of a row; `None` when the seed describes it.
    pub(crate) fn document(&self, n: u32) -> Option<&Document> {
        self.rows.get(n as usize).and_then(Option::as_deref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(id: &str) -> Document {
        Document::of(&json!({ "id": id }))
    }

    #[test]
    fn removed_rows_leave_gaps_and_their_ids_are_not_used_again() {
        let mut table = Table::generated(1, b"00u", 3);
        let ids: Vec<String> = (0..3).map(|n| table.id(n).to_string()).collect();
        table.remove(1);
        assert_eq!((table.len(), table.count()), (3, 2));
        assert_eq!(table.rows().collect::<Vec<_>>(), [0, 2]);
        assert_eq!((table.find(&ids[1]), table.place(&ids[1]), table.find(&ids[2])), (None, Some(1), Some(2)));
        let added = table.add(document);
        assert_eq!(added, 3);
        assert!(!ids.contains(&table.id(3).to_string()));
        assert_eq!(table.find(&table.id(3)), Some(3));
    }

    #[test]
    fn rows_with_names_and_rows_of_the_id_space_live_side_by_side() {
        let mut table = Table::generated(0, b"00u", 0);
        assert_eq!(table.put(document("00u1named")), 0);
        let added = table.add(document);
        assert_eq!((table.find("00u1named"), table.find(&table.id(added))), (Some(0), Some(1)));
        assert_eq!(table.find(&IdSpace::new(0, b"00u").id(0)), None, "row 0 has a name");
    }
}
