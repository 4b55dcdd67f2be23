//! The reading side of a connector.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::error::SourceError;
use crate::options::Options;
use crate::schema::Schema;
use crate::session::{QueueTraffic, SyncSession};

/// A system that can be synced. It describes what there is, and opens a session for each sync; it keeps nothing of a sync
/// itself, so that a process can stay for weeks and run several syncs at once.
pub trait Source: Send + Sync + 'static {
    /// What this connector can sync under its present configuration.
    fn schema(&self) -> Schema;

    /// A text that changes whenever a configuration changes that alters what a sync contains. An unfinished sync is
    /// resumed only under the same fingerprint. It is stored: the same configuration has the same text in every release,
    /// and it never contains a secret.
    fn fingerprint(&self) -> String;

    /// Checks with one cheap request that the source can be reached, accepts the credential, and lets it read what this
    /// connector is configured to sync.
    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>>;

    /// What this process has asked of the source so far, in all sessions and apart from them, per queue.
    fn traffic(&self) -> Vec<QueueTraffic> {
        Vec::new()
    }

    /// Opens a session for one sync with `options`. No request is made.
    fn open(self: Arc<Self>, options: &Options) -> Arc<dyn SyncSession>;
}
