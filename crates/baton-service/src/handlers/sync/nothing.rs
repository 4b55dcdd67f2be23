//! A source of nothing: the connection is checked, and the sync is empty (`--skip-full-sync`).

use std::sync::Arc;

use baton_connector::{
    FetchError, FetchErrorKind, Lane, LaneTraffic, Options, Page, Source, SourceError, SystemId, Work, WorkKind,
};
use baton_proto::c1::connector::v2::ResourceType;
use futures::FutureExt as _;
use futures::future::BoxFuture;

/// The source behind it, of which nothing is read.
pub(super) struct Nothing(pub(super) Arc<dyn Source>);

impl Source for Nothing {
    fn resource_types(&self) -> Vec<ResourceType> {
        Vec::new()
    }

    fn fingerprint(&self) -> String {
        format!("nothing of {}", self.0.fingerprint())
    }

    fn session(&self) -> Option<Arc<dyn Source>> {
        Some(Arc::new(Self(self.0.session()?)))
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        self.0.validate()
    }

    fn system(&self) -> Option<SystemId> {
        self.0.system()
    }

    fn start(&self, _options: &Options) -> Vec<Work> {
        Vec::new()
    }

    fn fetch<'a>(&'a self, work: &'a Work, _cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, FetchError>> {
        let message = format!("nothing is to be read, yet {} was asked for", work.kind);
        futures::future::ready(Err(FetchError { message, kind: FetchErrorKind::Invalid })).boxed()
    }

    fn lane(&self, kind: WorkKind) -> Lane {
        self.0.lane(kind)
    }

    fn kinds(&self) -> &'static [(WorkKind, &'static str)] {
        self.0.kinds()
    }

    fn traffic(&self) -> Vec<LaneTraffic> {
        self.0.traffic()
    }
}
