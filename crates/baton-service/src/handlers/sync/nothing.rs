//! A source of nothing: the connection is checked, and the sync is empty (`--skip-full-sync`).

use std::sync::Arc;

use baton_connector::{
    Options, Page, QueueTraffic, Schema, Source, SourceError, SourceErrorKind, SyncSession, SystemId, Work,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;

/// The source behind it, of which nothing is read.
pub(super) struct Nothing(pub(super) Arc<dyn Source>);

impl Source for Nothing {
    fn schema(&self) -> Schema {
        Schema { types: Vec::new(), ..self.0.schema() }
    }

    fn fingerprint(&self) -> String {
        format!("nothing of {}", self.0.fingerprint())
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        self.0.validate()
    }

    fn traffic(&self) -> Vec<QueueTraffic> {
        self.0.traffic()
    }

    fn open(self: Arc<Self>, options: &Options) -> Arc<dyn SyncSession> {
        Arc::new(NothingSession { schema: self.schema(), session: Arc::clone(&self.0).open(options) })
    }
}

/// A sync of nothing.
struct NothingSession {
    schema: Schema,
    session: Arc<dyn SyncSession>,
}

impl SyncSession for NothingSession {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        self.session.validate()
    }

    fn system(&self) -> Option<SystemId> {
        self.session.system()
    }

    fn initial_work(&self) -> Vec<Work> {
        Vec::new()
    }

    fn fetch<'a>(&'a self, work: &'a Work, _cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, SourceError>> {
        let message = format!("nothing is to be read, yet {} was asked for", work.kind);
        futures::future::ready(Err(SourceError { message, kind: SourceErrorKind::Invalid })).boxed()
    }

    fn traffic(&self) -> Vec<QueueTraffic> {
        self.session.traffic()
    }
}
