//! Groups and who is in them (`docs/spec/okta-sync.md` 6.2). What a group is granted stands with what grants it: its
//! admin roles in `role.rs`, its apps in `app.rs`.

use std::sync::Arc;

use baton_connector::{FetchError, GapKind, GrantDraft, Page, Principal, Reuse, Work, WorkKind, build};
use baton_proto::c1::connector::v2::{
    Entitlement, EntitlementImmutable, GroupTrait, Resource, ResourceType, resource_type::Trait,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use okta_client::models::{Group, GroupDetails, GroupStats, Member};
use okta_client::{Bucket, endpoints};
use serde_json::Value;

use super::single::{Asked, Single};
use super::{Below, Context, Kind, Module, app, begin, describe, everyone, gap, identified, role, user};
use crate::changes::LAG;
use crate::demand::Pair;
use crate::errors::{self, Refused};
use crate::lanes::Both;
use crate::profile::Profile;
use crate::scope::Scope;

/// The resource type's id.
pub(crate) const ID: &str = "group";
/// The entitlement that every group has.
pub(crate) const SLUG: &str = "member";

/// All groups, page by page.
pub(crate) const GROUPS: WorkKind = "groups";
/// The members of one group.
pub(crate) const GROUP_MEMBERS: WorkKind = "group-members";

/// One group.
pub(crate) const ONE_GROUP: WorkKind = "one-group";

/// The resource type `group`.
pub(crate) const MODULE: Module = Module {
    resource_type,
    exists: |_| true,
    kinds: &[
        Kind { name: GROUPS, label: "groups", bucket: Bucket::Groups, fetch: fetch_groups },
        everyone::KIND,
        Kind { name: GROUP_MEMBERS, label: "group members", bucket: Bucket::Groups, fetch: fetch_members },
        Kind { name: ONE_GROUP, label: "single groups", bucket: Bucket::Group, fetch: fetch_group },
    ],
    single: (ID, ONE_GROUP),
    start: |scope| {
        if scope.groups { vec![Work::new(GROUPS, "").with_detail(scope.detail())] } else { Vec::new() }
    },
};

/// Most members that one page holds.
const MEMBERS_PAGE: u32 = 1000;

/// The type of groups that Okta makes itself; their members cannot be changed.
pub(super) const BUILT_IN: &str = "BUILT_IN";
/// The word in the detail of [`GROUP_MEMBERS`] for a group that Okta fills itself.
pub(crate) const BUILT_IN_GROUP: &str = "built-in";
/// The type of groups that an app or a directory imports.
const APP_GROUP: &str = "APP_GROUP";

/// The description of the resource type.
pub(crate) fn resource_type() -> ResourceType {
    describe(ID, "Group", Some(Trait::Group), false, &["okta.groups.read", "okta.groups.manage"])
}

fn fetch_groups<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let scope = Scope::parse(&work.detail);
        let request = endpoints::groups::list(context.limit(200));
        let answer = context
            .client
            .page(&request, cursor)
            .await
            .map_err(|error| errors::fatal(ID, "listing the groups", &error))?;
        let mut page = begin(&answer, ID);
        let everyone = everyone::named(work);
        for group in &answer.items {
            // The members of Everyone come with the list of users.
            let known = everyone == Some(group.id.as_str());
            add(&mut page, group, Listed { scope, members: !known }, context);
        }
        Ok(page)
    }
    .boxed()
}

fn fetch_group<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let single = Single::of(work);
        // Its apps are granted to it, they are no grants on it.
        let scope = Scope { apps: false, ..single.scope };
        let asked: Asked<Group> = (ID, "group", |group| &group.id);
        let request = endpoints::groups::with_stats(single.id);
        let listed = Listed { scope, members: true };
        context.one(request, single, asked, |group, page| add(page, group, listed, context)).await
    }
    .boxed()
}

/// What is to be asked about a group.
#[derive(Clone, Copy)]
struct Listed {
    scope: Scope,
    /// Whether its members are.
    members: bool,
}

/// Adds a group to a page and what is to be asked about it, or the reason why it is not there.
fn add(page: &mut Page, group: &Group, listed: Listed, context: &Context) {
    let Listed { scope, members } = listed;
    if context.rules.skip_app_groups && kind(group) == APP_GROUP {
        let message = format!("group {} is imported by an app", group.id);
        page.gaps.push(gap(GapKind::LeftOut, ID, &group.id, message));
        return;
    }
    let resource = resource(group);
    if scope.access {
        page.entitlements.push(entitlement(&resource));
    }
    page.resources.push(resource);
    let works = follow_up(group, scope, context.limit(MEMBERS_PAGE), context.client.server_time());
    page.opens.extend(works.into_iter().filter(|work| members || work.kind != GROUP_MEMBERS));
}

/// The two lists of members. All that is read of a member is the id.
fn both_lists(id: &str, limit: u32) -> Result<Both<Member>, okta_client::Error> {
    let (short, plain) = (endpoints::groups::skinny_members(id, limit)?, endpoints::groups::members(id, limit)?);
    Ok(Both { pair: Pair::Members, short, plain, says_all: |_| true })
}

fn fetch_members<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let id = work.subject.as_str();
        let below = Below { resource_type: ID, what: "the members of group", id, refused: Refused::Gap };
        let map = |members: Vec<Member>, page: &mut Page| {
            page.grants = memberships(id, members.into_iter().map(|member| member.id)).collect();
        };
        context.either_below(both_lists(id, context.limit(MEMBERS_PAGE)), cursor, below, map).await
    }
    .boxed()
}

/// What is to be asked about a group; nothing whose answer its counts already tell. A count that Okta does not give
/// says nothing.
fn follow_up(group: &Group, scope: Scope, members_page: u32, now: Option<Timestamp>) -> Vec<Work> {
    let stats = group.stats();
    let members = stats.users_count;
    let mut works = Vec::new();
    if scope.memberships() && members != Some(0) {
        let pages = members.unwrap_or_default().div_ceil(u64::from(members_page));
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        let detail = if kind(group) == BUILT_IN { BUILT_IN_GROUP } else { "" };
        let work = Work::new(GROUP_MEMBERS, group.id.as_str()).with_detail(detail).with_pages_hint(pages);
        works.push(work.reusable(reuse(group, now)));
    }
    if scope.group_roles() && stats.has_admin_privilege != Some(false) {
        works.push(role::roles_of_group(&group.id, scope, members == Some(0)));
    }
    if scope.app_groups() && stats.apps_count != Some(0) {
        works.push(app::apps_of_group(&group.id));
    }
    works
}

/// When the members of a group need not be read again: their last change tells. It is told in whole seconds and may come
/// before the list shows it, so that a change of the last minutes does not count. Whether everybody's coming and going
/// counts as a change of the groups that Okta fills itself is not documented.
fn reuse(group: &Group, now: Option<Timestamp>) -> Reuse {
    let Some(changed) = &group.last_membership_updated else { return Reuse::Never };
    let (Some(at), Some(now)) = (changed.parse(), now) else { return Reuse::Never };
    let (version, unless_changed) = (changed.to_string(), kind(group) == BUILT_IN);
    Reuse::SameVersion { version, settled: at < now - LAG, unless_changed }
}

fn kind(group: &Group) -> &str {
    group.group_type.as_deref().unwrap_or_default()
}

/// The resource of a group.
pub(crate) fn resource(group: &Group) -> Resource {
    let description = group.profile.description.as_deref().unwrap_or_default();
    described(&group.id, kind(group), group.name().unwrap_or_default(), description, group.stats())
}

/// The resource of a group that was read without its counts.
pub(crate) fn resource_of_details(group: &GroupDetails) -> Resource {
    let profile = group.profile_members();
    let text = |key: &str| profile.get(key).and_then(Value::as_str).unwrap_or_default();
    let kind = group.group_type.as_deref().unwrap_or_default();
    described(&group.id, kind, text("name"), text("description"), &GroupStats::default())
}

fn described(id: &str, kind: &str, name: &str, description: &str, stats: &GroupStats) -> Resource {
    let profile = Profile::default()
        .text("name", name)
        .text("description", description)
        .text("type", kind)
        .count("users_count", stats.users_count)
        .count("apps_count", stats.apps_count);
    let mut annotations = identified(id);
    if kind == BUILT_IN {
        annotations.push(build::annotation(&EntitlementImmutable::default()));
    }
    annotations.push(build::annotation(&GroupTrait {
        group_source_type: source_type(kind).to_owned(),
        raw_group_source_type: kind.to_owned(),
        ..GroupTrait::default()
    }));
    Resource { annotations, profile: Some(profile.build()), ..build::resource(ID, id, name) }
}

/// Where a group of this Okta type comes from, in Baton's words; empty if we do not know the type.
fn source_type(kind: &str) -> &'static str {
    match kind {
        BUILT_IN => "built_in",
        APP_GROUP => "app_imported",
        "OKTA_GROUP" => "native",
        _ => "",
    }
}

fn entitlement(group: &Resource) -> Entitlement {
    let name = &group.display_name;
    let id = group.id.as_ref().map(|id| id.resource.as_str()).unwrap_or_default();
    build::assignment(
        group,
        SLUG,
        format!("{name} Group Member"),
        format!("Member of {name} group in Okta"),
        vec![user::resource_type()],
        format!("membership:{id}"),
    )
}

/// A grant per member.
pub(super) fn memberships(group: &str, members: impl Iterator<Item = String>) -> impl Iterator<Item = GrantDraft> {
    let entitlement = Arc::new(build::entitlement_ref(ID, group, SLUG));
    let v1_prefix: Arc<str> = Arc::from(format!("grant:membership:{group}:"));
    members.map(move |id| GrantDraft::new(&entitlement, &v1_prefix, Principal { resource_type: user::ID, id }))
}

#[cfg(test)]
mod tests;
