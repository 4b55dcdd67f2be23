//! What readers are known to still need, so that the client can pace its calls.

use std::fmt;
use std::sync::Arc;

use crate::bucket::Bucket;
use crate::handle::Inner;

/// The calls that one reader is known to still need. What several readers need at once adds up; what one has said ends
/// when this is dropped.
pub struct Backlog {
    inner: Arc<Inner>,
    /// Tells readers apart.
    reader: u64,
}

impl Backlog {
    pub(crate) fn new(inner: &Arc<Inner>) -> Self {
        Self { inner: Arc::clone(inner), reader: inner.pacer.new_reader() }
    }

    /// Says how many pages the reader needs in a bucket, and how many of them in no other. If all readers together need
    /// more than the present window allows, calls are spread evenly over it instead of being sent at once; and calls for
    /// which another bucket will do ([`page_from_any`](crate::Client::page_from_any)) leave the window to those for which none
    /// will.
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
