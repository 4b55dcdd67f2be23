//! A table that is open for reading.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use crate::checksum::ChecksumKind;
use crate::error::Result;
use crate::limits::{self, Budget, Limits};
use crate::sst::footer::Format;
use crate::sst::iter::{Iter, View};
use crate::sst::layout::{Layout, RangeDeletion};
use crate::sst::properties::Properties;

/// A table that is open for reading. Clones share its bytes.
///
/// ```
/// use pebble_format::Limits;
/// use pebble_format::sst::{Table, Writer, WriterOptions};
///
/// let mut writer = Writer::new(Vec::new(), WriterOptions::default());
/// writer.put(b"apple", b"red")?;
/// writer.put(b"pear", b"green")?;
/// let (file, _summary) = writer.finish()?;
///
/// let table = Table::open(file.into(), Limits::default())?;
/// let entry = table.iter_from(b"b").next().expect("an entry")?;
/// assert_eq!((entry.key.as_slice(), &entry.value[..]), (&b"pear"[..], &b"green"[..]));
/// # Ok::<(), pebble_format::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    layout: Arc<Layout>,
    limits: Limits,
}

impl Table {
    /// Opens a table: reads its footer, metaindex and properties.
    ///
    /// # Errors
    ///
    /// Fails if one of them is damaged, or if the table has what this crate does not read: value blocks, range keys,
    /// blobs.
    pub fn open(file: Bytes, limits: Limits) -> Result<Self> {
        let layout = Layout::open(file, &Budget::new(&limits))?;
        Ok(Self { layout: Arc::new(layout), limits })
    }

    /// The format of the table.
    #[must_use]
    pub fn format(&self) -> Format {
        self.layout.footer().format
    }

    /// How the blocks of the table are protected.
    #[must_use]
    pub fn checksum(&self) -> ChecksumKind {
        self.layout.footer().checksum
    }

    /// What the table says about itself.
    #[must_use]
    pub fn properties(&self) -> &Properties {
        &self.layout.properties
    }

    /// All entries in order.
    #[must_use]
    pub fn iter(&self) -> Iter {
        self.view(Budget::new(&self.limits), View::default())
    }

    /// The entries whose user key is at least `key`, in order.
    #[must_use]
    pub fn iter_from(&self, key: &[u8]) -> Iter {
        let view = View { lower: Bound::Included(key.to_vec()), ..View::default() };
        self.view(Budget::new(&self.limits), view)
    }

    /// The entries of a view of the table.
    pub(crate) fn view(&self, budget: Budget, view: View) -> Iter {
        Iter::new(self.layout.clone(), budget, view)
    }

    /// The range deletions in the order of their start.
    ///
    /// # Errors
    ///
    /// Fails if their block is damaged, or has more of them than [`Limits::range_deletions`].
    pub fn range_deletions(&self) -> Result<Vec<RangeDeletion>> {
        self.range_deletions_within(&Budget::new(&self.limits))
    }

    /// The range deletions, charged to a budget that is shared with other tables.
    pub(crate) fn range_deletions_within(&self, budget: &Budget) -> Result<Vec<RangeDeletion>> {
        let mut found = Vec::new();
        self.layout.range_deletions(budget, |deletion| {
            limits::check("the number of range deletions", found.len() as u64, self.limits.range_deletions)?;
            found.push(deletion);
            Ok(())
        })?;
        Ok(found)
    }
}

impl IntoIterator for &Table {
    type Item = Result<crate::sst::iter::Entry>;
    type IntoIter = Iter;

    fn into_iter(self) -> Iter {
        self.iter()
    }
}
