//! What there is: users `u1` and `u2`, groups `g1` and `g2` with `u1` in both; in `g2` only because of `g1`.

use std::sync::Arc;

use baton_connector::{
    FetchError, GrantDraft, Lane, Options, Page, Principal, Source, SourceError, Work, WorkKind, build,
};
use baton_proto::c1::connector::v2::{BatonId, ResourceType, resource_type::Trait};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};

/// The only kind of work.
const ALL: WorkKind = "all";

/// The system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made;

impl Source for Made {
    fn resource_types(&self) -> Vec<ResourceType> {
        let of = |id: &str, name: &str, of: Trait| ResourceType {
            id: id.to_owned(),
            display_name: name.to_owned(),
            traits: vec![of.into()],
            ..ResourceType::default()
        };
        vec![of("user", "User", Trait::User), of("group", "Group", Trait::Group)]
    }

    fn fingerprint(&self) -> String {
        String::new()
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        ready(Ok(())).boxed()
    }

    fn start(&self, _: &Options) -> Vec<Work> {
        vec![Work::new(ALL, "")]
    }

    fn fetch<'a>(&'a self, _: &'a Work, _: Option<&'a str>) -> BoxFuture<'a, Result<Page, FetchError>> {
        ready(Ok(page())).boxed()
    }

    fn lane(&self, _: WorkKind) -> Lane {
        ALL
    }

    fn kinds(&self) -> &'static [(WorkKind, &'static str)] {
        &[(ALL, "objects")]
    }
}

/// The same, but a fetch blocks the thread that it runs on for ever. It leaves the file `stuck` in the current folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stuck;

impl Source for Stuck {
    fn resource_types(&self) -> Vec<ResourceType> {
        Made.resource_types()
    }

    fn fingerprint(&self) -> String {
        Made.fingerprint()
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        ready(Ok(())).boxed()
    }

    fn start(&self, options: &Options) -> Vec<Work> {
        Made.start(options)
    }

    fn fetch<'a>(&'a self, _: &'a Work, _: Option<&'a str>) -> BoxFuture<'a, Result<Page, FetchError>> {
        async {
            let _ = std::fs::write("stuck", "");
            loop {
                std::thread::park();
            }
        }
        .boxed()
    }

    fn lane(&self, kind: WorkKind) -> Lane {
        Made.lane(kind)
    }

    fn kinds(&self) -> &'static [(WorkKind, &'static str)] {
        Made.kinds()
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
