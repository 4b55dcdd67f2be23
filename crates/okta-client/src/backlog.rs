//! The calls that readers are known to still need, so that the client can pace its calls.

use std::fmt;
use std::sync::Arc;

use crate::bucket::Bucket;
use crate::handle::Inner;

/// The calls that one reader is known to still need. The backlogs of several readers add up; a backlog is removed when it
/// is dropped.
pub struct Backlog {
    inner: Arc<Inner>,
    /// The id of the reader.
    reader: u64,
}

impl Backlog {
    pub(crate) fn new(inner: &Arc<Inner>) -> Self {
        Self { inner: Arc::clone(inner), reader: inner.pacer.new_reader() }
    }

    /// Sets how many pages the reader needs in a bucket, and how many of them no other bucket can serve. If all readers
    /// together need more than the current window allows, calls are spread evenly over it instead of being sent at once.
    /// Calls that another bucket can serve ([`page_from_any`](crate::Client::page_from_any)) leave the window to those
    /// that have no alternative.
    pub fn set(&self, bucket: Bucket, pages: u64, exclusive: u64) {
        self.inner.pacer.set_backlog(self.reader, bucket, pages, exclusive);
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.inner.pacer.remove_reader(self.reader);
    }
}

impl fmt::Debug for Backlog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backlog").field("reader", &self.reader).finish_non_exhaustive()
    }
}
