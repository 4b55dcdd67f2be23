//! Requests that change the org: what Okta demands of them, and what it answers.

mod apps;
mod bindings;
mod body;
mod groups;
mod lifecycle;
mod profile;
mod roles;
mod users;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::org::Org;
use crate::paging::Links;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::render::json::Hosts;
use crate::route::Endpoint;

/// A request for a change as the endpoints see it.
pub(crate) struct Change<'a> {
    pub(crate) hosts: &'a Hosts,
    pub(crate) path: &'a str,
    pub(crate) query: Query,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
}

/// The answer to a change that was made.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: u16,
    /// Empty for no body.
    pub(crate) body: String,
    pub(crate) links: Option<Links>,
}

impl Done {
    /// 200 with an object.
    fn ok(body: String) -> Self {
        Self { status: 200, body, links: None }
    }

    /// 200 with an empty object, as most operations of the lifecycle answer.
    fn nothing() -> Self {
        Self::ok("{}".to_owned())
    }

    /// 204.
    fn gone() -> Self {
        Self { status: 204, body: String::new(), links: None }
    }
}

/// Makes a change; `ids` are the ids in its path.
pub(crate) fn answer(
    method: &Method,
    endpoint: Endpoint,
    ids: &[String],
    org: &mut Org,
    change: &Change<'_>,
) -> Result<Done, Refusal> {
    let id = ids.first().map_or("", String::as_str);
    let second = ids.get(1).map_or("", String::as_str);
    let third = ids.get(2).map_or("", String::as_str);
    match (endpoint, method.as_str()) {
        (Endpoint::Users, "POST") => users::create(org, change),
        (Endpoint::User, "POST") => users::update(org, change, id, false),
        (Endpoint::User, "PUT") => users::update(org, change, id, true),
        (Endpoint::User, "DELETE") => users::delete(org, id),
        (Endpoint::UserLifecycle, "POST") => lifecycle::run(org, change, id, second),
        (Endpoint::UserRoles, "POST") => roles::grant_to_user(org, change, id),
        (Endpoint::UserRole, "DELETE") => roles::revoke_from_user(org, id, second),
        (Endpoint::Groups, "POST") => groups::create(org, change),
        (Endpoint::Group, "PUT") => groups::replace(org, change, id),
        (Endpoint::Group, "DELETE") => groups::delete(org, id),
        (Endpoint::GroupUser, "PUT") => groups::add_member(org, id, second),
        (Endpoint::GroupUser, "DELETE") => groups::remove_member(org, id, second),
        (Endpoint::GroupRoles, "POST") => roles::grant_to_group(org, change, id),
        (Endpoint::GroupRole, "DELETE") => roles::revoke_from_group(org, id, second),
        (Endpoint::AppUsers, "POST") => apps::assign_user(org, change, id),
        (Endpoint::AppUser, "POST") => apps::update_user(org, change, id, second),
        (Endpoint::AppUser, "DELETE") => apps::unassign_user(org, id, second),
        (Endpoint::AppGroup, "PUT") => apps::assign_group(org, change, id, second),
        (Endpoint::AppGroup, "DELETE") => apps::unassign_group(org, id, second),
        (Endpoint::Bindings, "POST") => bindings::create(org, change, id),
        (Endpoint::Binding, "DELETE") => bindings::delete(org, change, id, second),
        (Endpoint::BindingMembers, "PATCH") => bindings::add_members(org, change, id, second),
        (Endpoint::BindingMember, "DELETE") => bindings::remove_member(org, change, id, second, third),
        _ => Err(Refusal::wrong_method()),
    }
}
