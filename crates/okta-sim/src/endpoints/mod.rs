//! What each endpoint answers, given an org and a request that is allowed.

mod apps;
mod groups;
mod iam;
mod list;
mod logs;
mod others;
mod targets;
mod users;
mod write;

use crate::org::Org;
use crate::paging::{LinkRules, Links};
use crate::query::Query;
use crate::refusal::Refusal;
use crate::render::json::Hosts;
use crate::render::user::Omit;
use crate::route::Endpoint;

pub(crate) use others::roles_of_client;
pub(crate) use write::{Change, answer as change};

/// A request as the endpoints see it.
pub(crate) struct Call<'a> {
    pub(crate) org: &'a Org,
    pub(crate) hosts: &'a Hosts,
    /// The path as it was sent, for links.
    pub(crate) path: &'a str,
    pub(crate) query: Query,
    pub(crate) omit: Omit,
    pub(crate) sizes: PageSizes,
    pub(crate) links: LinkRules,
    /// The list of users shows nobody.
    pub(crate) users_hidden: bool,
}

/// Limits on page sizes besides Okta's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageSizes {
    /// No page is larger, whatever the list.
    pub(crate) cap: Option<usize>,
    /// The largest page of groups.
    pub(crate) groups: usize,
}

/// A body, and the links for its headers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: String,
    pub(crate) links: Option<Links>,
    /// Whether the links lead to the admin console's host.
    pub(crate) admin_links: bool,
}

impl Answer {
    fn plain(body: String) -> Self {
        Self { body, links: None, admin_links: false }
    }
}

impl Call<'_> {
    fn limit(&self, default: usize, max: usize) -> Result<usize, Refusal> {
        let max = self.sizes.cap.map_or(max, |cap| cap.clamp(1, max));
        self.query.limit(default, max)
    }
}

/// The answer of an endpoint; `ids` are the ids in its path.
pub(crate) fn answer(endpoint: Endpoint, ids: &[String], call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = ids.first().map_or("", String::as_str);
    let second = ids.get(1).map_or("", String::as_str);
    let third = ids.get(2).map_or("", String::as_str);
    match endpoint {
        Endpoint::Org => Ok(others::org(call)),
        Endpoint::Users => users::all(call),
        Endpoint::User => users::one(call, id),
        Endpoint::UserGroups => users::groups(call, id),
        Endpoint::UserRoles => users::roles(call, id),
        Endpoint::UserRole => users::role(call, id, second),
        Endpoint::Groups => groups::all(call),
        Endpoint::GroupRules => groups::rules(call),
        Endpoint::Group => groups::one(call, id),
        Endpoint::GroupUsers => groups::members(call, id),
        Endpoint::GroupSkinnyUsers => groups::skinny_members(call, id),
        Endpoint::GroupRoles => groups::roles(call, id),
        Endpoint::GroupRole => groups::role(call, id, second),
        Endpoint::UserRoleGroups => users::held_role(call, id, second).and_then(|role| targets::groups(call, role)),
        Endpoint::UserRoleApps => users::held_role(call, id, second).and_then(|role| targets::apps(call, role)),
        Endpoint::GroupRoleGroups => groups::held_role(call, id, second).and_then(|role| targets::groups(call, role)),
        Endpoint::GroupRoleApps => groups::held_role(call, id, second).and_then(|role| targets::apps(call, role)),
        Endpoint::GroupApps => groups::apps(call, id),
        Endpoint::Apps => apps::all(call),
        Endpoint::App => apps::one(call, id),
        Endpoint::AppUsers => apps::users(call, id),
        Endpoint::AppSkinnyUsers => apps::skinny_users(call, id),
        Endpoint::AppUser => apps::user(call, id, second),
        Endpoint::AppGroups => apps::groups(call, id),
        Endpoint::AppGroup => apps::group(call, id, second),
        Endpoint::Assignees => iam::assignees(call),
        Endpoint::IamRoles => iam::roles(call),
        Endpoint::IamRole => iam::role(call, id),
        Endpoint::ResourceSets => iam::resource_sets(call),
        Endpoint::ResourceSet => iam::resource_set(call, id),
        Endpoint::Bindings => iam::bindings(call, id),
        Endpoint::Binding => iam::binding(call, id, second),
        Endpoint::BindingMembers => iam::members(call, id, second),
        Endpoint::BindingMember => iam::member(call, id, second, third),
        Endpoint::ApiTokens => Ok(others::tokens(call)),
        Endpoint::ApiToken => others::token(call, id),
        Endpoint::Devices => others::devices(call),
        Endpoint::Device => others::device(call, id),
        Endpoint::Logs => logs::events(call),
        // Apps are no part of the org's data: `handle` answers for them.
        Endpoint::ClientRoles => Err(Refusal::not_found(id, "PublicClientApp")),
        // These two are only there to be changed.
        Endpoint::UserLifecycle | Endpoint::GroupUser => Err(Refusal::wrong_method()),
    }
}
