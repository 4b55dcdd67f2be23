//! Applications, and the users and groups they are assigned to (`docs/spec/okta-sync.md` 6.3).
//!
//! Which groups have which apps can be read from either side. The works of both sides are held back until groups and
//! apps have been counted; then the side is read that Okta's rate limits let through sooner (`lanes.rs`).

use std::collections::HashMap;
use std::sync::Arc;

use baton_connector::{
    FetchError, Gap, GapKind, Gate, GrantDraft, Metadata, Page, Principal, Reuse, Work, WorkKind, build, ids,
};
use baton_proto::c1::connector::v2::non_human_identity_trait::NhiType;
use baton_proto::c1::connector::v2::{
    AppTrait, Entitlement, NonHumanIdentityTrait, Resource, ResourceType, resource_type::Trait,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{App, AppUser};
use okta_client::{Bucket, endpoints};

pub(crate) use parts::fetch_parts_of_users;

use super::single::{Asked, Single};
use super::{Below, Context, Kind, Module, begin, custom_role, describe, gap, group, identified, role, user};
use crate::demand::Pair;
use crate::errors::{self, Refused};
use crate::lanes::Both;
use crate::profile::Profile;
use crate::scope::Scope;

/// The resource type's id.
pub(crate) const ID: &str = "app";

/// All apps, page by page.
pub(crate) const APPS: WorkKind = "apps";
/// The users of one app.
pub(crate) const APP_USERS: WorkKind = "app-users";
/// The groups of one app.
pub(crate) const APP_GROUPS: WorkKind = "app-groups";
/// The apps of one group.
pub(crate) const GROUP_APPS: WorkKind = "group-apps";
/// One app.
pub(crate) const ONE_APP: WorkKind = "one-app";

/// Which side the assignments of groups to apps are read from.
pub(crate) const GATE: Gate = Gate { name: "app-groups-side", after: &[group::GROUPS, APPS] };

/// The resource type `app`.
pub(crate) const MODULE: Module = Module {
    resource_type,
    exists: |_| true,
    kinds: &[
        Kind { name: APPS, label: "apps", bucket: Bucket::Apps, fetch: fetch_apps },
        Kind { name: APP_USERS, label: "app users", bucket: Bucket::Apps, fetch: fetch_app_users },
        Kind { name: APP_GROUPS, label: "groups of apps", bucket: Bucket::Apps, fetch: fetch_app_groups },
        Kind { name: GROUP_APPS, label: "apps of groups", bucket: Bucket::Groups, fetch: fetch_group_apps },
        Kind { name: ONE_APP, label: "single apps", bucket: Bucket::App, fetch: fetch_app },
    ],
    single: (ID, ONE_APP),
    start: |scope| {
        if scope.apps { vec![Work::new(APPS, "").with_detail(scope.detail())] } else { Vec::new() }
    },
};

/// The entitlement that every app has.
pub(crate) const SLUG: &str = "access";
const ACTIVE: &str = "ACTIVE";

/// Sign-on modes of apps that are no identity of their own: bookmarks, and passwords that Okta types in.
const NOT_AN_IDENTITY: [&str; 5] = ["BOOKMARK", "BROWSER_PLUGIN", "AUTO_LOGIN", "BASIC_AUTH", "SECURE_PASSWORD_STORE"];

/// The description of the resource type.
pub(crate) fn resource_type() -> ResourceType {
    describe(ID, "App", Some(Trait::App), false, &["okta.apps.read", "okta.apps.manage"])
}

/// The work that reads the apps of a group, if that turns out to be the cheaper side.
pub(crate) fn apps_of_group(group: &str) -> Work {
    Work::new(GROUP_APPS, group).behind(GATE.name).reusable(Reuse::UnlessChanged)
}

fn fetch_apps<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let scope = Scope::parse(&work.detail);
        let request = endpoints::apps::list(context.limit(200), !context.rules.sync_inactive_apps);
        let answer = context
            .client
            .page(&request, cursor)
            .await
            .map_err(|error| errors::fatal(ID, "listing the apps", &error))?;
        let mut page = begin(&answer, ID);
        for app in &answer.items {
            let resource = resource(app);
            if scope.access {
                page.entitlements.push(entitlement(&resource));
            }
            page.resources.push(resource);
            page.gaps.extend(unread_roles(app, scope));
            page.opens.extend(users_of(app, scope, context));
            page.opens.extend(groups_of(app, scope).map(|work| work.behind(GATE.name)));
        }
        Ok(page)
    }
    .boxed()
}

fn fetch_app<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let single = Single::of(work);
        let asked: Asked<App> = (ID, "app", |app| &app.id);
        let request = endpoints::apps::get(single.id);
        context
            .one(request, single, asked, |app, page| {
                if !context.rules.sync_inactive_apps && app.status.as_deref() != Some(ACTIVE) {
                    let message = format!("app {} is not active", app.id);
                    page.gaps.push(gap(GapKind::LeftOut, ID, &app.id, message));
                    return;
                }
                let resource = resource(app);
                page.entitlements.extend(single.scope.access.then(|| entitlement(&resource)));
                page.resources.push(resource);
                page.opens.extend(users_of(app, single.scope, context));
                page.opens.extend(groups_of(app, single.scope));
            })
            .await
    }
    .boxed()
}

/// That the admin roles of a service app are not read: the list of administrators holds people only.
fn unread_roles(app: &App, scope: Scope) -> Option<Gap> {
    let resource_type = if scope.roles { role::ID } else { custom_role::ID };
    let label = app.label.as_deref().unwrap_or_default();
    let message = format!("admin roles of OAuth client {} ({label}) are not read", app.id);
    (scope.client_roles() && app.is_service()).then(|| gap(GapKind::LeftOut, resource_type, &app.id, message))
}

/// The work that reads the users of an app.
fn users_of(app: &App, scope: Scope, context: &Context) -> Option<Work> {
    let sources = scope.groups && context.rules.app_grant_sources;
    let detail = if sources { SOURCES } else { "" };
    let work = || Work::new(APP_USERS, app.id.as_str()).with_detail(detail).reusable(Reuse::UnlessChanged);
    scope.app_users().then(work)
}

/// The work that reads the groups of an app.
fn groups_of(app: &App, scope: Scope) -> Option<Work> {
    scope.app_groups().then(|| Work::new(APP_GROUPS, app.id.as_str()).reusable(Reuse::UnlessChanged))
}

/// The key in a grant's metadata under which the group stands that a user has the app through.
pub(crate) const VIA_GROUP: &str = "c1_okta_via_group";

/// The detail of [`APP_USERS`] when grants say through which group they come. Not so when groups are not synced.
const SOURCES: &str = "sources";

/// The two lists of an app's users. The short one has empty profiles, of which nothing is read; the group through which
/// somebody has the app is read, and must be there.
fn both_lists(id: &str, limit: u32) -> Result<Both<AppUser>, okta_client::Error> {
    let says_all = |users: &[AppUser]| users.iter().all(says_how);
    let (short, plain) = (endpoints::apps::skinny_users(id, limit)?, endpoints::apps::users(id, limit)?);
    Ok(Both { pair: Pair::AppUsers, short, plain, says_all })
}

/// Whether it is told how a user has an app: directly, or through which group.
fn says_how(user: &AppUser) -> bool {
    match user.scope.as_deref() {
        Some("GROUP") => user.group_id().is_some(),
        scope => scope.is_some(),
    }
}

fn fetch_app_users<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let id = work.subject.as_str();
        let below = Below { resource_type: ID, what: "the users of app", id, refused: Refused::Fatal };
        let map = |users: Vec<AppUser>, page: &mut Page| {
            page.grants = user_grants(id, users, work.detail == SOURCES);
        };
        context.either_below(both_lists(id, context.limit(500)), cursor, below, map).await
    }
    .boxed()
}

fn fetch_app_groups<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let id = work.subject.as_str();
        let below = Below { resource_type: ID, what: "the groups of app", id, refused: Refused::Fatal };
        context
            .page_below(endpoints::apps::groups(id, context.limit(200)), cursor, below, |assigned, page| {
                let access = Access::to(id);
                page.grants = assigned.iter().map(|assigned| access.grant(group::ID, assigned.id.as_str())).collect();
            })
            .await
    }
    .boxed()
}

fn fetch_group_apps<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let id = work.subject.as_str();
        let below = Below { resource_type: ID, what: "the apps of group", id, refused: Refused::Gap };
        context
            .page_below(endpoints::groups::apps(id, context.limit(200)), cursor, below, |apps, page| {
                page.grants = group_grants(id, apps, context.rules.sync_inactive_apps);
            })
            .await
    }
    .boxed()
}

/// The resource of an app.
pub(super) fn resource(app: &App) -> Resource {
    let mut annotations = identified(&app.id);
    annotations.extend(identity(app.sign_on_mode.as_deref().unwrap_or_default()).as_ref().map(build::annotation));
    annotations.push(build::annotation(&AppTrait::default()));
    let profile = Profile::default().text("status", app.status.as_deref().unwrap_or_default());
    Resource {
        annotations,
        profile: Some(profile.build()),
        ..build::resource(ID, &app.id, app.label.as_deref().unwrap_or_default())
    }
}

/// What kind of non-human identity an app is, by its sign-on mode; `None` if it is none.
fn identity(sign_on_mode: &str) -> Option<NonHumanIdentityTrait> {
    if NOT_AN_IDENTITY.contains(&sign_on_mode) {
        return None;
    }
    let nhi_detail = match sign_on_mode {
        "" => "okta.app".to_owned(),
        mode => format!("okta.app.{}", mode.to_lowercase()),
    };
    Some(NonHumanIdentityTrait { nhi_type: NhiType::AppRegistration.into(), nhi_detail })
}

/// Every app has one. It says nothing about who can be granted it, although users and groups can.
fn entitlement(app: &Resource) -> Entitlement {
    let label = &app.display_name;
    let id = app.id.as_ref().map(|id| id.resource.as_str()).unwrap_or_default();
    build::assignment(
        app,
        SLUG,
        format!("{label} App Access"),
        format!("Has access to the {label} app in Okta"),
        Vec::new(),
        format!("membership:{id}"),
    )
}

/// A grant per user of an app. With `sources`, the grant of a user who has the app through a group names the group in its
/// metadata, and is marked as one that cannot be revoked by itself.
pub(super) fn user_grants(app: &str, users: Vec<AppUser>, sources: bool) -> Vec<GrantDraft> {
    let access = Access::to(app);
    let mut via_groups = HashMap::new();
    users
        .into_iter()
        .map(|assigned| {
            let through = assigned.group_id().filter(|_| sources && assigned.scope.as_deref() == Some("GROUP"));
            let immutable = through.map(|through| ids::entitlement(group::ID, through, group::SLUG));
            let metadata = through.map(|through| match via_groups.get(through) {
                Some(metadata) => Metadata::clone(metadata),
                None => via_groups.entry(through.to_owned()).or_insert_with(|| via_group(through)).clone(),
            });
            GrantDraft { immutable, metadata, ..access.grant(user::ID, assigned.id) }
        })
        .collect()
}

/// The metadata of a grant that comes through this group.
fn via_group(group: &str) -> Metadata {
    Metadata::new(Profile::default().text(VIA_GROUP, group).build())
}

/// A grant per app of a group. The answer holds apps of every status; those that are not active may be left out of the
/// sync, and in it again the next time without a change of the group.
fn group_grants(group: &str, apps: &[App], inactive_too: bool) -> Vec<GrantDraft> {
    let grant = |app: &App| {
        let if_there = !inactive_too && app.status.as_deref() != Some(ACTIVE);
        GrantDraft { if_there, ..Access::to(&app.id).grant(group::ID, group) }
    };
    apps.iter().map(grant).collect()
}

/// Access to one app, to be granted.
struct Access {
    entitlement: Arc<baton_connector::EntitlementRef>,
    v1_prefix: Arc<str>,
}

impl Access {
    fn to(app: &str) -> Self {
        Self {
            entitlement: Arc::new(build::entitlement_ref(ID, app, SLUG)),
            v1_prefix: Arc::from(format!("grant:membership:{app}:")),
        }
    }

    fn grant(&self, principal_type: &'static str, id: impl Into<String>) -> GrantDraft {
        let principal = Principal { resource_type: principal_type, id: id.into() };
        GrantDraft::new(&self.entitlement, &self.v1_prefix, principal)
    }
}

mod parts;
#[cfg(test)]
mod tests;
