//! Standard admin roles: ten of them, the same in every org, held by users and by groups (`docs/spec/okta-sync.md` 6.4,
//! 6.2).
//!
//! Who holds a role is asked once per administrator and once per administering group, for all roles together; what of
//! that belongs to `custom_role.rs` is told to it.

use baton_connector::{GapKind, Options, Page, SourceError, Work};
use baton_proto::c1::connector::v2::Resource;
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::{Bucket, endpoints};

use super::follow_up::{self, GroupRolesDetail};
use super::module::{Kind, Module};
use super::pages::{SubList, page_of_absent};
use super::role_grants::{Holder, Wanted, described, entitlement};
use crate::context::Context;
use crate::errors::Refused;
use crate::ids::custom_role;
use crate::ids::role::{ASSIGNEES, GROUP_ROLES, ID, ONE_ROLE, ROLES, STANDARD, USER_ROLES};
use crate::profile::Profile;
use crate::scope::Scope;

/// The resource type `role`.
pub(crate) const MODULE: Module = Module {
    id: ID,
    kinds: &[
        Kind { name: ROLES, label: "roles", bucket: Bucket::Iam, fetch: list_roles },
        Kind { name: ASSIGNEES, label: "administrators", bucket: Bucket::Iam, fetch: fetch_assignees },
        Kind { name: USER_ROLES, label: "roles of users", bucket: Bucket::Users, fetch: fetch_user_roles },
        Kind { name: GROUP_ROLES, label: "roles of groups", bucket: Bucket::Groups, fetch: fetch_group_roles },
        Kind { name: ONE_ROLE, label: "single roles", bucket: Bucket::Iam, fetch: one_role },
    ],
    start,
    single: ONE_ROLE,
};

fn start(scope: Scope) -> Vec<Work> {
    let mut works = Vec::new();
    if scope.roles {
        works.push(Work::new(ROLES, ""));
    }
    works.extend(follow_up::role_holders(scope));
    works
}

fn list_roles<'a>(
    context: &'a Context,
    _work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    let resources: Vec<_> = STANDARD.iter().map(|(of, label)| resource(of, label)).collect();
    let entitlements = if context.scope.access { resources.iter().map(entitlement).collect() } else { Vec::new() };
    futures::future::ready(Ok(Page { resources, entitlements, ..Page::default() })).boxed()
}

fn one_role<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    let (id, scope) = (work.subject.as_str(), context.scope_of(ID, &work.subject).scope);
    let page = match STANDARD.iter().find(|(of, _)| *of == id) {
        Some((of, label)) => {
            let resource = resource(of, label);
            let entitlements = scope.access.then(|| entitlement(&resource)).into_iter().collect();
            let opens = follow_up::role_holders(scope).into_iter().collect();
            Page { resources: vec![resource], entitlements, opens, ..Page::default() }
        }
        None => page_of_absent(ID, "role", id),
    };
    futures::future::ready(Ok(page)).boxed()
}

/// Takes out of a page what is not about the roles that a partial sync is about.
fn keep_named(options: &Options, page: &mut Page) {
    let named = follow_up::named_roles(options);
    if named.is_empty() {
        return;
    }
    let is_named = |resource_type: &str, id: &str| named.contains(&(resource_type, id));
    let has_named_id = |resource: Option<&Resource>| {
        resource.and_then(|resource| resource.id.as_ref()).is_some_and(|id| is_named(&id.resource_type, &id.resource))
    };
    page.grants.retain(|grant| is_named(&grant.entitlement.resource_type, &grant.entitlement.resource));
    page.resources.retain(|resource| has_named_id(Some(resource)));
    page.entitlements.retain(|entitlement| has_named_id(entitlement.resource.as_ref()));
    page.gaps.retain(|gap| gap.kind != GapKind::Unresolved);
}

fn fetch_assignees<'a>(
    context: &'a Context,
    _work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let wanted = Wanted::by(context.scope);
        let types = [(wanted.standard, ID), (wanted.custom, custom_role::ID)];
        let types: Vec<_> = types.into_iter().filter(|(wanted, _)| *wanted).map(|(_, id)| id).collect();
        let request = endpoints::roles::assignees(context.limit(200));
        let list = (types.as_slice(), "listing the users with admin roles");
        context
            .page_of_types(&request, cursor, list, |assignees, page| {
                page.opens = assignees.iter().map(|assignee| follow_up::roles_of_user(&assignee.id)).collect();
            })
            .await
    }
    .boxed()
}

fn fetch_user_roles<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let (id, wanted) = (work.subject.as_str(), Wanted::by(context.scope));
        let list =
            SubList { resource_type: wanted.resource_type(), what: "the roles of user", id, refused: Refused::Fatal };
        context
            .page_of_sub_list(endpoints::roles::of_user(id), cursor, list, |roles, page| {
                Holder::user(id, wanted).add_grants(roles, page);
                keep_named(&context.options, page);
            })
            .await
    }
    .boxed()
}

fn fetch_group_roles<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let (id, wanted) = (work.subject.as_str(), Wanted::by(context.scope));
        let GroupRolesDetail { is_empty } = work.detail.get()?;
        let list =
            SubList { resource_type: wanted.resource_type(), what: "the roles of group", id, refused: Refused::Gap };
        context
            .page_of_sub_list(endpoints::groups::roles(id), cursor, list, |roles, page| {
                Holder::group(id, is_empty, wanted).add_grants(roles, page);
            })
            .await
    }
    .boxed()
}

/// A standard role.
fn resource(of: &str, label: &str) -> Resource {
    described(ID, of, label, Profile::default().text("id", "").text("label", label).text("type", of))
}

#[cfg(test)]
mod tests;
