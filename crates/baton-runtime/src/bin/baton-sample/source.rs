//! What there is: users `u1` and `u2`, groups `g1` and `g2` with `u1` in both; in `g2` only because of `g1`.

use std::sync::Arc;

use baton_connector::{
    GrantDraft, KindSpec, Options, Page, Principal, Schema, Source, SourceError, SyncSession, TypeSpec, Work, WorkKind,
    build,
};
use baton_proto::c1::connector::v2::{BatonId, ResourceType, resource_type::Trait};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};

/// The only kind of work.
const ALL: WorkKind = "all";

/// The types that there are.
pub(crate) fn resource_types() -> Vec<ResourceType> {
    let of = |id: &str, name: &str, of: Trait| ResourceType {
        id: id.to_owned(),
        display_name: name.to_owned(),
        traits: vec![of.into()],
        ..ResourceType::default()
    };
    vec![of("user", "User", Trait::User), of("group", "Group", Trait::Group)]
}

/// The system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    /// Whether a fetch blocks the thread that it runs on for ever. It leaves the file `stuck` in the current folder.
    pub is_stuck: bool,
}

impl Source for Made {
    fn schema(&self) -> Schema {
        Schema {
            types: resource_types().into_iter().map(TypeSpec::new).collect(),
            kinds: &[KindSpec { kind: ALL, label: "objects", queue: ALL }],
            ..Schema::default()
        }
    }

    fn fingerprint(&self) -> String {
        String::new()
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        ready(Ok(())).boxed()
    }

    fn open(self: Arc<Self>, _: &Options) -> Arc<dyn SyncSession> {
        Arc::new(Session { schema: self.schema(), is_stuck: self.is_stuck })
    }
}

/// A sync of it.
struct Session {
    schema: Schema,
    is_stuck: bool,
}

impl SyncSession for Session {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        ready(Ok(())).boxed()
    }

    fn initial_work(&self) -> Vec<Work> {
        vec![Work::new(ALL, "")]
    }

    fn fetch<'a>(&'a self, _: &'a Work, _: Option<&'a str>) -> BoxFuture<'a, Result<Page, SourceError>> {
        async {
            if self.is_stuck {
                let _ = std::fs::write("stuck", "");
                loop {
                    std::thread::park();
                }
            }
            Ok(page())
        }
        .boxed()
    }
}

fn page() -> Page {
    let mut page = Page::default();
    page.resources.extend(["u1", "u2", "u-lost"].map(|id| build::resource("user", id, format!("User {id}"))));
    for id in ["g1", "g2", "g-external"] {
        let mut group = build::resource("group", id, format!("Group {id}"));
        if id == "g-external" {
            group.annotations.push(build::annotation(&BatonId::default()));
        }
        let (name, text) = ("member".to_owned(), String::new());
        page.entitlements.push(build::assignment(&group, "member", name, text, Vec::new(), format!("v1:{id}")));
        let entitlement = Arc::new(build::entitlement_ref("group", id, "member"));
        let principal = Principal { resource_type: "user", id: "u1".to_owned() };
        let mut grant = GrantDraft::new(&entitlement, &Arc::from("v1:"), principal);
        if id == "g2" {
            grant.immutable = Some("group:g1:member".to_owned());
        }
        page.grants.push(grant);
        page.resources.push(group);
    }
    page
}
