//! Groups and who is in them (`docs/spec/okta-sync.md` 6.2). What a group is granted stands with what grants it: its
//! admin roles in `role.rs`, its apps in `app.rs`.

use baton_connector::{GapKind, Page, SourceError, Work, build};
use baton_proto::c1::connector::v2::{Entitlement, EntitlementImmutable, GroupTrait, Resource};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{Group, GroupDetails, GroupStats, Member};
use okta_client::{Bucket, endpoints};
use serde_json::Value;

use super::everyone;
use super::follow_up::{self, BUILT_IN, ListDetail, kind};
use super::mapping::{gap, identified};
use super::memberships::memberships;
use super::module::{Kind, Module};
use super::pages::{ResourceDescriptor, SubList};
use crate::context::{Context, SingleScope};
use crate::endpoint_choice::AlternateEndpoints;
use crate::errors::Refused;
use crate::ids::group::{GROUP_MEMBERS, GROUPS, ID, ONE_GROUP, SLUG};
use crate::ids::user;
use crate::profile::Profile;
use crate::quota_plan::EndpointPair;
use crate::scope::Scope;
use crate::types;

/// The resource type `group`.
pub(crate) const MODULE: Module = Module {
    id: ID,
    kinds: &[
        Kind { name: GROUPS, label: "groups", bucket: Bucket::Groups, fetch: fetch_groups },
        everyone::KIND,
        Kind { name: GROUP_MEMBERS, label: "group members", bucket: Bucket::Groups, fetch: fetch_members },
        Kind { name: ONE_GROUP, label: "single groups", bucket: Bucket::Group, fetch: fetch_group },
    ],
    single: ONE_GROUP,
    start: |scope| {
        if scope.groups { vec![Work::new(GROUPS, "")] } else { Vec::new() }
    },
};

/// Most members that one page holds.
const MEMBERS_PAGE: u32 = 1000;

/// The type of groups that an app or a directory imports.
const APP_GROUP: &str = "APP_GROUP";

fn fetch_groups<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let everyone = work.detail.get::<ListDetail>()?.everyone;
        let request = endpoints::groups::list(context.limit(200));
        let list = (ID, "listing the groups");
        let map = |groups: &[Group], page: &mut Page| {
            for group in groups {
                // The members of Everyone come with the list of users.
                let reads_members = everyone.as_ref() != Some(&group.id);
                add(page, group, GroupReadPlan { scope: context.scope, reads_members }, context);
            }
        };
        context.page_of_main_list(&request, cursor, list, map).await
    }
    .boxed()
}

fn fetch_group<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let SingleScope { scope, is_named } = context.scope_of(ID, &work.subject);
        // Its apps are granted to it, they are no grants on it.
        let plan = GroupReadPlan { scope: Scope { apps: false, ..scope }, reads_members: true };
        let descriptor = ResourceDescriptor {
            resource_type: ID,
            what: "group",
            id: &work.subject,
            id_of: |group: &Group| group.id.as_str(),
            is_named,
        };
        let request = endpoints::groups::with_stats(&work.subject);
        context.fetch_one(request, descriptor, |group, page| add(page, group, plan, context)).await
    }
    .boxed()
}

/// What to read about a group.
#[derive(Clone, Copy)]
struct GroupReadPlan {
    scope: Scope,
    /// Whether its members are read.
    reads_members: bool,
}

/// Adds a group to a page and the work that it opens, or the reason why it is left out.
fn add(page: &mut Page, group: &Group, plan: GroupReadPlan, context: &Context) {
    let GroupReadPlan { scope, reads_members } = plan;
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
    let works = follow_up::of_group(group, scope, context.limit(MEMBERS_PAGE), context.client.server_time());
    page.opens.extend(works.into_iter().filter(|work| reads_members || work.kind != GROUP_MEMBERS));
}

/// The two lists of members. All that is read of a member is the id.
fn alternates(id: &str, limit: u32) -> Result<AlternateEndpoints<Member>, okta_client::Error> {
    let (short, plain) = (endpoints::groups::skinny_members(id, limit)?, endpoints::groups::members(id, limit)?);
    Ok(AlternateEndpoints { pair: EndpointPair::Members, short, plain, is_complete: |_| true })
}

fn fetch_members<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let id = work.subject.as_str();
        let list = SubList { resource_type: ID, what: "the members of group", id, refused: Refused::Gap };
        let map = |members: Vec<Member>, page: &mut Page| {
            page.grants = memberships(id, members.into_iter().map(|member| member.id)).collect();
        };
        context.page_of_alternates(alternates(id, context.limit(MEMBERS_PAGE)), cursor, list, map).await
    }
    .boxed()
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
        types::resource_types([user::ID]),
        format!("membership:{id}"),
    )
}

#[cfg(test)]
mod tests;
