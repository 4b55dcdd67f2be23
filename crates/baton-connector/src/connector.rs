//! A connector as a whole: what of it is there.

use std::sync::Arc;

use crate::events::EventSource;
use crate::provision::Provisioner;
use crate::source::Source;

/// A connector, made from its configuration. Its sides share whatever they need to share (a client, its pace).
#[derive(Clone)]
pub struct Connector {
    /// What it can read.
    pub source: Arc<dyn Source>,
    /// What it can change.
    pub provisioner: Option<Arc<dyn Provisioner>>,
    /// Its event feeds, if it has any.
    pub events: Option<Arc<dyn EventSource>>,
}

impl Connector {
    /// A connector that only reads.
    #[must_use]
    pub fn reading(source: Arc<dyn Source>) -> Self {
        Self { source, provisioner: None, events: None }
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector")
            .field("provisioner", &self.provisioner.is_some())
            .field("events", &self.events.is_some())
            .finish_non_exhaustive()
    }
}

/// What a connector is made for. Its credential should be asked for no more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// One sync.
    Sync,
    /// One change.
    Change,
    /// Reading events.
    Events,
    /// All of it, for whoever asks, for as long as the process runs.
    Serve {
        /// Whether changes may be asked for.
        provisioning: bool,
    },
}
