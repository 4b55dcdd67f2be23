//! Okta's rate-limit buckets: sets of calls that share one quota.
//!
//! The division follows the table in `docs/spec/okta-api.md` 2.3. It names buckets, not numbers: the quota of each is
//! learned from the headers of the responses.

use http::Method;

/// A set of calls that share one quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// The list of users, and the lists below a single user.
    Users,
    /// Reading one user.
    User,
    /// Changing one user.
    UserWrite,
    /// The list of groups, their members, applications and roles.
    Groups,
    /// One group.
    Group,
    /// The short form of a group's members.
    GroupSkinnyUsers,
    /// The list of applications, their users and groups.
    Apps,
    /// One application.
    App,
    /// The short form of an application's users.
    AppSkinnyUsers,
    /// Custom roles, resource sets, bindings, and the list of admins.
    Iam,
    /// Devices.
    Devices,
    /// The users of one device.
    DeviceUsers,
    /// The system log.
    Logs,
    /// OAuth clients and their roles.
    Clients,
    /// Token requests.
    Token,
    /// Everything else.
    Rest,
}

impl Bucket {
    /// All buckets.
    pub const ALL: [Self; 16] = [
        Self::Users,
        Self::User,
        Self::UserWrite,
        Self::Groups,
        Self::Group,
        Self::GroupSkinnyUsers,
        Self::Apps,
        Self::App,
        Self::AppSkinnyUsers,
        Self::Iam,
        Self::Devices,
        Self::DeviceUsers,
        Self::Logs,
        Self::Clients,
        Self::Token,
        Self::Rest,
    ];

    /// Returns the bucket of a call; `path` may carry a query.
    #[must_use]
    pub fn for_call(method: &Method, path: &str) -> Self {
        let path = path.split('?').next().unwrap_or(path).trim_end_matches('/');
        if let Some(rest) = path.strip_prefix("/oauth2/v1/") {
            return match rest.split('/').next() {
                Some("token") => Self::Token,
                Some("clients") => Self::Clients,
                _ => Self::Rest,
            };
        }
        let Some(rest) = path.strip_prefix("/api/v1/") else { return Self::Rest };
        let parts: Vec<&str> = rest.split('/').collect();
        match *parts.as_slice() {
            ["users", _] if method == Method::GET => Self::User,
            ["users", _] => Self::UserWrite,
            ["users", ..] => Self::Users,
            ["groups", "rules"] => Self::Groups,
            ["groups", _] => Self::Group,
            ["groups", _, "skinny_users"] => Self::GroupSkinnyUsers,
            ["groups", ..] => Self::Groups,
            ["apps", _] => Self::App,
            ["apps", _, "skinny_users"] => Self::AppSkinnyUsers,
            ["apps", ..] => Self::Apps,
            ["iam", ..] => Self::Iam,
            ["devices", _, "users"] => Self::DeviceUsers,
            ["devices", ..] => Self::Devices,
            ["logs"] => Self::Logs,
            _ => Self::Rest,
        }
    }

    /// Returns its name: its path in Okta's own tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "/users",
            Self::User => "/users/{id}",
            Self::UserWrite => "write /users/{id}",
            Self::Groups => "/groups",
            Self::Group => "/groups/{id}",
            Self::GroupSkinnyUsers => "/groups/{id}/skinny_users",
            Self::Apps => "/apps",
            Self::App => "/apps/{id}",
            Self::AppSkinnyUsers => "/apps/{id}/skinny_users",
            Self::Iam => "/iam",
            Self::Devices => "/devices",
            Self::DeviceUsers => "/devices/{id}/users",
            Self::Logs => "/logs",
            Self::Clients => "/oauth2/v1/clients",
            Self::Token => "/oauth2/v1/token",
            Self::Rest => "/api/v1",
        }
    }

    /// Returns the index of this bucket in [`Bucket::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_fall_into_their_buckets() {
        for (method, path, bucket) in [
            (Method::GET, "/api/v1/users?limit=200", Bucket::Users),
            (Method::GET, "/api/v1/users/", Bucket::Users),
            (Method::GET, "/api/v1/users/00u1", Bucket::User),
            (Method::POST, "/api/v1/users/00u1", Bucket::UserWrite),
            (Method::GET, "/api/v1/users/00u1/roles", Bucket::Users),
            (Method::POST, "/api/v1/users/00u1/lifecycle/suspend", Bucket::Users),
            (Method::GET, "/api/v1/groups?expand=stats", Bucket::Groups),
            (Method::GET, "/api/v1/groups/00g1", Bucket::Group),
            (Method::DELETE, "/api/v1/groups/00g1", Bucket::Group),
            (Method::GET, "/api/v1/groups/rules", Bucket::Groups),
            (Method::GET, "/api/v1/groups/00g1/users?limit=1000", Bucket::Groups),
            (Method::GET, "/api/v1/groups/00g1/skinny_users", Bucket::GroupSkinnyUsers),
            (Method::GET, "/api/v1/apps/0oa1/users", Bucket::Apps),
            (Method::GET, "/api/v1/apps/0oa1", Bucket::App),
            (Method::GET, "/api/v1/apps/0oa1/skinny_users", Bucket::AppSkinnyUsers),
            (Method::GET, "/api/v1/iam/assignees/users", Bucket::Iam),
            (Method::GET, "/api/v1/devices/guo1", Bucket::Devices),
            (Method::GET, "/api/v1/devices/guo1/users", Bucket::DeviceUsers),
            (Method::GET, "/api/v1/logs", Bucket::Logs),
            (Method::GET, "/oauth2/v1/clients/0oa1/roles", Bucket::Clients),
            (Method::POST, "/oauth2/v1/token", Bucket::Token),
            (Method::GET, "/api/v1/org", Bucket::Rest),
            (Method::GET, "/somewhere", Bucket::Rest),
        ] {
            assert_eq!(Bucket::for_call(&method, path), bucket, "{method} {path}");
        }
    }

    #[test]
    fn every_bucket_is_at_its_index() {
        for (index, bucket) in Bucket::ALL.into_iter().enumerate() {
            assert_eq!(bucket.index(), index);
        }
    }
}
