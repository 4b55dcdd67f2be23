//! One sync of an Okta org.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use baton_connector::{
    Gap, Page, QueueId, QueueTraffic, ResourceBid, Schema, SourceError, SourceErrorKind, SyncSession, SystemId, Work,
    WorkKind,
};
use baton_proto::c1::connector::v2::{Resource, ResourceId};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::{BucketTraffic, OrgUrl};

use crate::access;
use crate::changes;
use crate::context::Context;
use crate::ids::{app, user};
use crate::resources::module::Kind;
use crate::resources::{MODULES, api_token, app_user_parts, everyone};

/// A sync under way.
pub(crate) struct OktaSession {
    schema: Schema,
    context: Context,
    org: OrgUrl,
    /// The org's own id, once it is known; shared by all sessions of the source.
    org_id: Arc<OnceLock<String>>,
}

impl OktaSession {
    pub(crate) fn new(schema: Schema, context: Context, org: OrgUrl, org_id: Arc<OnceLock<String>>) -> Self {
        Self { schema, context, org, org_id }
    }
}

impl SyncSession for OktaSession {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async {
            let Context { client, access, scope, .. } = &self.context;
            let checked = access.check(client, &scope.types()).await?;
            if self.org_id.get().is_none() {
                let id = if checked.is_some() { checked } else { access::org_id(client).await };
                id.into_iter().for_each(|id| drop(self.org_id.set(id)));
            }
            Ok(())
        }
        .boxed()
    }

    fn system(&self) -> Option<SystemId> {
        let id = self.org_id.get().cloned().unwrap_or_default();
        Some(SystemId { id, host: self.org.authority().to_owned() })
    }

    fn initial_work(&self) -> Vec<Work> {
        let Context { access, scope, rules, options, .. } = &self.context;
        access.prepare(options, rules);
        let works = MODULES.iter().flat_map(|module| (module.start)(*scope)).collect();
        everyone::first(works, *scope, rules)
    }

    fn work_for_resource(&self, resource: &ResourceBid) -> Option<Work> {
        let resource = &resource.resource;
        self.schema.resource_type(&resource.resource_type)?;
        let module = MODULES.iter().find(|module| module.id == resource.resource_type)?;
        Some(Work::new(module.single, resource.id.as_str()))
    }

    fn change_token(&self) -> Option<String> {
        changes::change_token(&self.context)
    }

    fn changes(&self, change_token: &str) -> Option<Work> {
        let work = changes::since(change_token, self.context.scope)?;
        self.context.access.want_logs();
        Some(work)
    }

    fn fetch<'a>(&'a self, work: &'a Work, cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, SourceError>> {
        match kinds().find(|kind| kind.name == work.kind) {
            Some(kind) => (kind.fetch)(&self.context, work, cursor),
            None => {
                let message = format!("the plan holds work of the unknown kind {}; start a new sync", work.kind);
                futures::future::ready(Err(SourceError { message, kind: SourceErrorKind::Invalid })).boxed()
            }
        }
    }

    fn fetch_parts<'a>(
        &'a self,
        work: &'a Work,
        principals: &'a [String],
    ) -> BoxFuture<'a, Result<Option<Page>, SourceError>> {
        match work.kind {
            app::APP_USERS => app_user_parts::fetch_parts_of_users(&self.context, work, principals).boxed(),
            _ => futures::future::ready(Ok(None)).boxed(),
        }
    }

    fn choose(&self, _barrier: &'static str, blocked: &BTreeMap<WorkKind, u64>) -> Vec<WorkKind> {
        vec![self.context.endpoints.side(blocked, &self.context.client)]
    }

    fn strip_dangling(&self, resource: &mut Resource, is_there: &dyn Fn(&ResourceId) -> bool) -> Vec<Gap> {
        let missing = self.schema.missing_principal(user::ID);
        api_token::check_owner(resource, missing, is_there).into_iter().collect()
    }

    fn traffic(&self) -> Vec<QueueTraffic> {
        let Context { client, asked_before, .. } = &self.context;
        client.traffic().iter().map(|traffic| queue_traffic(traffic, asked_before)).collect()
    }

    fn set_backlog(&self, pages: &BTreeMap<QueueId, u64>, blocked: &BTreeMap<WorkKind, u64>) {
        let Context { endpoints, client, backlog, .. } = &self.context;
        endpoints.want(pages, blocked, client, backlog);
    }
}

/// All kinds of work, in stored order.
pub(crate) fn kinds() -> impl Iterator<Item = &'static Kind> {
    std::iter::once(&changes::KIND).chain(MODULES.iter().flat_map(|module| module.kinds))
}

/// What was asked in a bucket after what had been asked before.
pub(crate) fn queue_traffic(traffic: &BucketTraffic, before: &[BucketTraffic]) -> QueueTraffic {
    let BucketTraffic { bucket, calls, retries, throttled, waited, limit, remaining, waiting } = *traffic;
    let before = before.iter().find(|before| before.bucket == bucket);
    let since = |now: u64, then: fn(&BucketTraffic) -> u64| now.saturating_sub(before.map_or(0, then));
    QueueTraffic {
        queue: bucket.name().to_owned(),
        calls: since(calls, |before| before.calls),
        retries: since(retries, |before| before.retries),
        throttled: since(throttled, |before| before.throttled),
        waited: waited.saturating_sub(before.map_or(Duration::ZERO, |before| before.waited)),
        limit,
        remaining,
        waiting,
    }
}
