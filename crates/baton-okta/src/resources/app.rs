//! Applications, and the users and groups they are assigned to (`docs/spec/okta-sync.md` 6.3).
//!
//! Which groups have which apps can be read from either side. The works of both sides are held back until groups and
//! apps have been counted; then the side is read that Okta's rate limits let through sooner (`endpoint_choice.rs`).

use baton_connector::{Gap, GapKind, Page, SourceError, Work, build};
use baton_proto::c1::connector::v2::non_human_identity_trait::NhiType;
use baton_proto::c1::connector::v2::{AppTrait, Entitlement, NonHumanIdentityTrait, Resource};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{App, AppUser};
use okta_client::{Bucket, endpoints};

use super::app_grants::{ACTIVE, AppAccess, group_grants, names_groups, says_how, user_grants};
use super::follow_up::{self, SIDE};
use super::mapping::{gap, identified};
use super::module::{Kind, Module};
use super::pages::{ResourceDescriptor, SubList};
use crate::context::{Context, SingleScope};
use crate::endpoint_choice::AlternateEndpoints;
use crate::errors::Refused;
use crate::ids::app::{APP_GROUPS, APP_USERS, APPS, GROUP_APPS, ID, ONE_APP, SLUG};
use crate::ids::{custom_role, group, role};
use crate::profile::Profile;
use crate::quota_plan::EndpointPair;
use crate::scope::Scope;

/// The resource type `app`.
pub(crate) const MODULE: Module = Module {
    id: ID,
    kinds: &[
        Kind { name: APPS, label: "apps", bucket: Bucket::Apps, fetch: fetch_apps },
        Kind { name: APP_USERS, label: "app users", bucket: Bucket::Apps, fetch: fetch_app_users },
        Kind { name: APP_GROUPS, label: "groups of apps", bucket: Bucket::Apps, fetch: fetch_app_groups },
        Kind { name: GROUP_APPS, label: "apps of groups", bucket: Bucket::Groups, fetch: fetch_group_apps },
        Kind { name: ONE_APP, label: "single apps", bucket: Bucket::App, fetch: fetch_app },
    ],
    single: ONE_APP,
    start: |scope| {
        if scope.apps { vec![Work::new(APPS, "")] } else { Vec::new() }
    },
};

/// Sign-on modes of apps that are no identity of their own: bookmarks, and passwords that Okta types in.
const NOT_AN_IDENTITY: [&str; 5] = ["BOOKMARK", "BROWSER_PLUGIN", "AUTO_LOGIN", "BASIC_AUTH", "SECURE_PASSWORD_STORE"];

fn fetch_apps<'a>(
    context: &'a Context,
    _work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let scope = context.scope;
        let request = endpoints::apps::list(context.limit(200), !context.rules.sync_inactive_apps);
        let list = (ID, "listing the apps");
        let map = |apps: &[App], page: &mut Page| {
            for app in apps {
                let resource = resource(app);
                if scope.access {
                    page.entitlements.push(entitlement(&resource));
                }
                page.resources.push(resource);
                page.gaps.extend(unread_roles(app, scope));
                page.opens.extend(follow_up::users_of_app(app, scope));
                page.opens.extend(follow_up::groups_of_app(app, scope).map(|work| work.blocked_on(SIDE.name)));
            }
        };
        context.page_of_main_list(&request, cursor, list, map).await
    }
    .boxed()
}

fn fetch_app<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let SingleScope { scope, is_named } = context.scope_of(ID, &work.subject);
        let descriptor = ResourceDescriptor {
            resource_type: ID,
            what: "app",
            id: &work.subject,
            id_of: |app: &App| app.id.as_str(),
            is_named,
        };
        let request = endpoints::apps::get(&work.subject);
        context
            .fetch_one(request, descriptor, |app, page| {
                if !context.rules.sync_inactive_apps && app.status.as_deref() != Some(ACTIVE) {
                    let message = format!("app {} is not active", app.id);
                    page.gaps.push(gap(GapKind::LeftOut, ID, &app.id, message));
                    return;
                }
                let resource = resource(app);
                page.entitlements.extend(scope.access.then(|| entitlement(&resource)));
                page.resources.push(resource);
                page.opens.extend(follow_up::users_of_app(app, scope));
                page.opens.extend(follow_up::groups_of_app(app, scope));
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

/// The two lists of an app's users. The short one has empty profiles, of which nothing is read; the group through which
/// somebody has the app is read, and must be there.
fn alternates(id: &str, limit: u32) -> Result<AlternateEndpoints<AppUser>, okta_client::Error> {
    let is_complete = |users: &[AppUser]| users.iter().all(says_how);
    let (short, plain) = (endpoints::apps::skinny_users(id, limit)?, endpoints::apps::users(id, limit)?);
    Ok(AlternateEndpoints { pair: EndpointPair::AppUsers, short, plain, is_complete })
}

fn fetch_app_users<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let id = work.subject.as_str();
        let list = SubList { resource_type: ID, what: "the users of app", id, refused: Refused::Fatal };
        let map = |users: Vec<AppUser>, page: &mut Page| {
            page.grants = user_grants(id, users, names_groups(context));
        };
        context.page_of_alternates(alternates(id, context.limit(500)), cursor, list, map).await
    }
    .boxed()
}

fn fetch_app_groups<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let id = work.subject.as_str();
        let list = SubList { resource_type: ID, what: "the groups of app", id, refused: Refused::Fatal };
        context
            .page_of_sub_list(endpoints::apps::groups(id, context.limit(200)), cursor, list, |assigned, page| {
                let access = AppAccess::to(id);
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
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let id = work.subject.as_str();
        let list = SubList { resource_type: ID, what: "the apps of group", id, refused: Refused::Gap };
        context
            .page_of_sub_list(endpoints::groups::apps(id, context.limit(200)), cursor, list, |apps, page| {
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

#[cfg(test)]
mod tests;
