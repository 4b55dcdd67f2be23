//! Which endpoint a path is, which rate-limit bucket a call to it counts in, and which right it needs.

use std::borrow::Cow;

use http::Method;
use serde::Serialize;

use crate::refusal::Refusal;
use crate::rights::Area;

/// A rate-limit bucket: endpoints that share a quota per minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub enum Bucket {
    /// The list of users and everything below one user.
    #[serde(rename = "/api/v1/users")]
    Users,
    /// Reading one user.
    #[serde(rename = "/api/v1/users/{id}")]
    User,
    /// Changing one user.
    #[serde(rename = "/api/v1/users/{id} (changes)")]
    UserChanges,
    /// The list of groups and everything below one group.
    #[serde(rename = "/api/v1/groups")]
    Groups,
    /// One group.
    #[serde(rename = "/api/v1/groups/{id}")]
    Group,
    /// The members of a group in short form.
    #[serde(rename = "/api/v1/groups/{id}/skinny_users")]
    GroupSkinnyUsers,
    /// The list of apps and everything below one app.
    #[serde(rename = "/api/v1/apps")]
    Apps,
    /// One app.
    #[serde(rename = "/api/v1/apps/{id}")]
    App,
    /// The users of an app in short form.
    #[serde(rename = "/api/v1/apps/{id}/skinny_users")]
    AppSkinnyUsers,
    /// Everything under `/iam`.
    #[serde(rename = "/api/v1/iam")]
    Iam,
    /// Devices.
    #[serde(rename = "/api/v1/devices")]
    Devices,
    /// The System Log.
    #[serde(rename = "/api/v1/logs")]
    Logs,
    /// OAuth clients and their roles.
    #[serde(rename = "/oauth2/v1/clients")]
    Clients,
    /// Requests for access tokens.
    #[serde(rename = "/oauth2/v1/token")]
    Token,
    /// Everything else under `/api/v1`.
    #[serde(rename = "/api/v1")]
    Rest,
}

impl Bucket {
    /// The name under which statistics count this bucket: the path that Okta names it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "/api/v1/users",
            Self::User => "/api/v1/users/{id}",
            Self::UserChanges => "/api/v1/users/{id} (changes)",
            Self::Groups => "/api/v1/groups",
            Self::Group => "/api/v1/groups/{id}",
            Self::GroupSkinnyUsers => "/api/v1/groups/{id}/skinny_users",
            Self::Apps => "/api/v1/apps",
            Self::App => "/api/v1/apps/{id}",
            Self::AppSkinnyUsers => "/api/v1/apps/{id}/skinny_users",
            Self::Iam => "/api/v1/iam",
            Self::Devices => "/api/v1/devices",
            Self::Logs => "/api/v1/logs",
            Self::Clients => "/oauth2/v1/clients",
            Self::Token => "/oauth2/v1/token",
            Self::Rest => "/api/v1",
        }
    }
}

/// An endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Org,
    Users,
    User,
    UserGroups,
    UserRoles,
    UserRole,
    UserLifecycle,
    Groups,
    GroupRules,
    Group,
    GroupUsers,
    GroupUser,
    GroupSkinnyUsers,
    GroupRoles,
    GroupRole,
    UserRoleGroups,
    UserRoleApps,
    GroupRoleGroups,
    GroupRoleApps,
    GroupApps,
    Apps,
    App,
    AppUsers,
    AppUser,
    AppSkinnyUsers,
    AppGroups,
    AppGroup,
    Assignees,
    IamRoles,
    IamRole,
    ResourceSets,
    ResourceSet,
    Bindings,
    Binding,
    BindingMembers,
    BindingMember,
    ApiTokens,
    ApiToken,
    Devices,
    Device,
    Logs,
    ClientRoles,
}

/// One line of the table of endpoints.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) template: &'static str,
    pub(crate) endpoint: Endpoint,
    pub(crate) bucket: Bucket,
    pub(crate) area: Area,
}

const fn route(template: &'static str, endpoint: Endpoint, bucket: Bucket, area: Area) -> Route {
    Route { template, endpoint, bucket, area }
}

impl Route {
    /// The bucket that a call counts in.
    pub(crate) fn bucket(&self, method: &Method) -> Bucket {
        match self.endpoint {
            Endpoint::User if *method != Method::GET => Bucket::UserChanges,
            _ => self.bucket,
        }
    }

    /// Whether the endpoint answers to this method.
    pub(crate) fn takes(&self, method: &Method) -> bool {
        let methods: &[&str] = match self.endpoint {
            Endpoint::Users | Endpoint::Groups | Endpoint::UserRoles | Endpoint::GroupRoles | Endpoint::AppUsers => {
                &["GET", "POST"]
            }
            Endpoint::User => &["GET", "POST", "PUT", "DELETE"],
            Endpoint::UserLifecycle => &["POST"],
            Endpoint::Group | Endpoint::AppGroup => &["GET", "PUT", "DELETE"],
            Endpoint::GroupUser => &["PUT", "DELETE"],
            Endpoint::AppUser => &["GET", "POST", "DELETE"],
            Endpoint::UserRole | Endpoint::GroupRole | Endpoint::Binding | Endpoint::BindingMember => {
                &["GET", "DELETE"]
            }
            Endpoint::Bindings => &["GET", "POST"],
            Endpoint::BindingMembers => &["GET", "PATCH"],
            _ => &["GET"],
        };
        methods.contains(&method.as_str())
    }
}

/// Every endpoint that the simulator serves.
pub(crate) static ROUTES: [Route; 42] = [
    route("/api/v1/org", Endpoint::Org, Bucket::Rest, Area::Org),
    route("/api/v1/users", Endpoint::Users, Bucket::Users, Area::Users),
    route("/api/v1/users/{id}", Endpoint::User, Bucket::User, Area::Users),
    route("/api/v1/users/{id}/groups", Endpoint::UserGroups, Bucket::Users, Area::Users),
    route("/api/v1/users/{id}/roles", Endpoint::UserRoles, Bucket::Users, Area::Roles),
    route("/api/v1/users/{id}/roles/{assignment}", Endpoint::UserRole, Bucket::Users, Area::Roles),
    route("/api/v1/users/{id}/roles/{assignment}/targets/groups", Endpoint::UserRoleGroups, Bucket::Users, Area::Roles),
    route(
        "/api/v1/users/{id}/roles/{assignment}/targets/catalog/apps",
        Endpoint::UserRoleApps,
        Bucket::Users,
        Area::Roles,
    ),
    route(
        "/api/v1/groups/{id}/roles/{assignment}/targets/groups",
        Endpoint::GroupRoleGroups,
        Bucket::Groups,
        Area::Roles,
    ),
    route(
        "/api/v1/groups/{id}/roles/{assignment}/targets/catalog/apps",
        Endpoint::GroupRoleApps,
        Bucket::Groups,
        Area::Roles,
    ),
    route("/api/v1/users/{id}/lifecycle/{operation}", Endpoint::UserLifecycle, Bucket::Users, Area::Users),
    route("/api/v1/groups", Endpoint::Groups, Bucket::Groups, Area::Groups),
    route("/api/v1/groups/rules", Endpoint::GroupRules, Bucket::Groups, Area::Groups),
    route("/api/v1/groups/{id}", Endpoint::Group, Bucket::Group, Area::Groups),
    route("/api/v1/groups/{id}/users", Endpoint::GroupUsers, Bucket::Groups, Area::Groups),
    route("/api/v1/groups/{id}/users/{user}", Endpoint::GroupUser, Bucket::Groups, Area::Groups),
    route("/api/v1/groups/{id}/skinny_users", Endpoint::GroupSkinnyUsers, Bucket::GroupSkinnyUsers, Area::Groups),
    route("/api/v1/groups/{id}/roles", Endpoint::GroupRoles, Bucket::Groups, Area::Roles),
    route("/api/v1/groups/{id}/roles/{assignment}", Endpoint::GroupRole, Bucket::Groups, Area::Roles),
    route("/api/v1/groups/{id}/apps", Endpoint::GroupApps, Bucket::Groups, Area::Groups),
    route("/api/v1/apps", Endpoint::Apps, Bucket::Apps, Area::Apps),
    route("/api/v1/apps/{id}", Endpoint::App, Bucket::App, Area::Apps),
    route("/api/v1/apps/{id}/users", Endpoint::AppUsers, Bucket::Apps, Area::Apps),
    route("/api/v1/apps/{id}/users/{user}", Endpoint::AppUser, Bucket::Apps, Area::Apps),
    route("/api/v1/apps/{id}/skinny_users", Endpoint::AppSkinnyUsers, Bucket::AppSkinnyUsers, Area::Apps),
    route("/api/v1/apps/{id}/groups", Endpoint::AppGroups, Bucket::Apps, Area::Apps),
    route("/api/v1/apps/{id}/groups/{group}", Endpoint::AppGroup, Bucket::Apps, Area::Apps),
    route("/api/v1/iam/assignees/users", Endpoint::Assignees, Bucket::Iam, Area::Assignees),
    route("/api/v1/iam/roles", Endpoint::IamRoles, Bucket::Iam, Area::Iam),
    route("/api/v1/iam/roles/{id}", Endpoint::IamRole, Bucket::Iam, Area::Iam),
    route("/api/v1/iam/resource-sets", Endpoint::ResourceSets, Bucket::Iam, Area::Iam),
    route("/api/v1/iam/resource-sets/{id}", Endpoint::ResourceSet, Bucket::Iam, Area::Iam),
    route("/api/v1/iam/resource-sets/{id}/bindings", Endpoint::Bindings, Bucket::Iam, Area::Iam),
    route("/api/v1/iam/resource-sets/{id}/bindings/{role}", Endpoint::Binding, Bucket::Iam, Area::Iam),
    route("/api/v1/iam/resource-sets/{id}/bindings/{role}/members", Endpoint::BindingMembers, Bucket::Iam, Area::Iam),
    route(
        "/api/v1/iam/resource-sets/{id}/bindings/{role}/members/{member}",
        Endpoint::BindingMember,
        Bucket::Iam,
        Area::Iam,
    ),
    route("/api/v1/api-tokens", Endpoint::ApiTokens, Bucket::Rest, Area::ApiTokens),
    route("/api/v1/api-tokens/{id}", Endpoint::ApiToken, Bucket::Rest, Area::ApiTokens),
    route("/api/v1/devices", Endpoint::Devices, Bucket::Devices, Area::Devices),
    route("/api/v1/devices/{id}", Endpoint::Device, Bucket::Devices, Area::Devices),
    route("/api/v1/logs", Endpoint::Logs, Bucket::Logs, Area::Logs),
    route("/oauth2/v1/clients/{id}/roles", Endpoint::ClientRoles, Bucket::Clients, Area::Roles),
];

/// The endpoint of a path, with the ids in it, percent-decoded.
///
/// A slash at the end is ignored, as Okta does. An empty id is answered as a wrong method, an unknown path below a known
/// collection as E0000008, anything else by the web server.
pub(crate) fn find(path: &str) -> Result<(&'static Route, Vec<String>), Refusal> {
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<Cow<'_, str>> = trimmed.split('/').map(decode).collect();
    if segments.len() > 1 && segments[1..].iter().any(|segment| segment.is_empty()) {
        return Err(Refusal::wrong_method());
    }
    // A literal segment outranks an id: the table has templates with it first.
    for candidate in &ROUTES {
        let template = || candidate.template.split('/');
        let fits = |(wanted, got): (&str, &Cow<'_, str>)| wanted.starts_with('{') || *wanted == **got;
        if template().count() == segments.len() && template().zip(&segments).all(fits) {
            let ids = template().zip(&segments).filter(|(wanted, _)| wanted.starts_with('{'));
            return Ok((candidate, ids.map(|(_, got)| got.to_string()).collect()));
        }
    }
    let known = |collection: &str| ROUTES.iter().any(|route| route.template.split('/').nth(3) == Some(collection));
    match segments.get(3) {
        Some(collection) if segments[1] == "api" && segments[2] == "v1" && known(collection) => {
            Err(Refusal::no_such_path())
        }
        _ => Err(Refusal::not_served()),
    }
}

fn decode(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_lead_to_endpoints_and_ids() {
        let (route, ids) = find("/api/v1/groups/00g1/users").unwrap();
        assert_eq!(
            (route.endpoint, route.bucket, ids),
            (Endpoint::GroupUsers, Bucket::Groups, vec!["00g1".to_owned()])
        );
        assert_eq!(find("/api/v1/users/").unwrap().0.endpoint, Endpoint::Users);
        assert_eq!(find("/api/v1/users/a%40b%2Fc").unwrap().1, ["a@b/c"]);
        assert_eq!(find("/api/v1/iam/assignees/users").unwrap().0.bucket, Bucket::Iam);
        assert_eq!(find("/api/v1/iam/resource-sets/s/bindings/r/members").unwrap().1, ["s", "r"]);
        assert_eq!(find("/api/v1/groups/rules").unwrap().0.endpoint, Endpoint::GroupRules);
        assert_eq!(find("/api/v1/groups/rules2").unwrap().0.endpoint, Endpoint::Group);
    }

    #[test]
    fn other_paths_are_refused_in_three_ways() {
        assert_eq!(find("/api/v1/users/x/nonsense").unwrap_err(), Refusal::no_such_path());
        assert_eq!(find("/api/v1/mappings").unwrap_err(), Refusal::not_served());
        assert_eq!(find("/").unwrap_err(), Refusal::not_served());
        assert_eq!(find("/api/v1/groups//users").unwrap_err(), Refusal::wrong_method());
    }

    #[test]
    fn the_serialised_name_is_the_name() {
        for route in &ROUTES {
            assert_eq!(serde_json::to_value(route.bucket).unwrap(), route.bucket.name());
        }
    }
}
