//! The calls that reading an org takes, each a function from its parameters to a request.
//!
//! Maxima of `limit` and what an endpoint leaves out are in section 1 of the API notes. A `limit` above the maximum is
//! cut by Okta without a word, so callers ask for the maximum and follow the links.

use crate::error::Error;
use crate::models::{App, AppGroup, AppUser, Assignee, Group, Member, Record, RoleAssignment, User};
use crate::request::{ListRequest, Request, fill, with_query};

/// A list below one object, `limit` records a page.
fn list_of<T: Record>(template: &'static str, id: &str, limit: u32) -> Result<ListRequest<T>, Error> {
    let path = with_query(&fill(template, id)?, &[("limit", &limit.to_string())]);
    Ok(ListRequest::array(Request::get(template, path)))
}

/// Users.
pub mod users {
    use super::{Error, ListRequest, Request, User, fill, with_query};

    /// Leaves credentials and links out of the answer; Okta works faster only if all three are named.
    const SHORT_FORM: &str =
        "application/json; okta-response=\"omitCredentials,omitCredentialsLinks,omitTransitioningToStatus\"";

    /// All users, `limit` (at most 200) a page. The plain list leaves deactivated users out; a search, here one that
    /// every user matches, brings them too.
    #[must_use]
    pub fn list(limit: u32) -> ListRequest<User> {
        let path = with_query("/api/v1/users", &[("limit", &limit.to_string()), ("search", "status pr")]);
        let request = Request { content_type: Some(SHORT_FORM), ..Request::get("/api/v1/users", path) };
        ListRequest::array(request)
    }

    /// One user.
    ///
    /// # Errors
    ///
    /// If `id` is no Okta id.
    pub fn get(id: &str) -> Result<Request, Error> {
        let template = "/api/v1/users/{id}";
        Ok(Request { content_type: Some(SHORT_FORM), ..Request::get(template, fill(template, id)?) })
    }
}

/// Groups.
pub mod groups {
    use super::{App, Error, Group, ListRequest, Member, Request, RoleAssignment, fill, list_of, with_query};

    /// All groups with their counts, `limit` (at most 200) a page.
    #[must_use]
    pub fn list(limit: u32) -> ListRequest<Group> {
        let path = with_query("/api/v1/groups", &[("expand", "stats"), ("limit", &limit.to_string())]);
        ListRequest::array(Request::get("/api/v1/groups", path))
    }

    /// The members of a group, `limit` (at most 1,000) a page.
    ///
    /// # Errors
    ///
    /// If `id` is no Okta id.
    pub fn members(id: &str, limit: u32) -> Result<ListRequest<Member>, Error> {
        list_of("/api/v1/groups/{id}/users", id, limit)
    }

    /// The admin roles of a group.
    ///
    /// # Errors
    ///
    /// If `id` is no Okta id.
    pub fn roles(id: &str) -> Result<ListRequest<RoleAssignment>, Error> {
        let template = "/api/v1/groups/{id}/roles";
        Ok(ListRequest::array(Request::get(template, fill(template, id)?)))
    }

    /// The applications that a group is assigned to, `limit` (200 works, the maximum is not documented) a page.
    ///
    /// # Errors
    ///
    /// If `id` is no Okta id.
    pub fn apps(id: &str, limit: u32) -> Result<ListRequest<App>, Error> {
        list_of("/api/v1/groups/{id}/apps", id, limit)
    }
}

/// Applications.
pub mod apps {
    use super::{App, AppGroup, AppUser, Error, ListRequest, Request, list_of, with_query};

    /// All applications, or only the active ones, `limit` (at most 200) a page.
    #[must_use]
    pub fn list(limit: u32, active_only: bool) -> ListRequest<App> {
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        if active_only {
            query.insert(0, ("filter", "status eq \"ACTIVE\""));
        }
        ListRequest::array(Request::get("/api/v1/apps", with_query("/api/v1/apps", &query)))
    }

    /// The users of an application, direct and through groups, `limit` (at most 500) a page.
    ///
    /// # Errors
    ///
    /// If `id` is no Okta id.
    pub fn users(id: &str, limit: u32) -> Result<ListRequest<AppUser>, Error> {
        list_of("/api/v1/apps/{id}/users", id, limit)
    }

    /// The groups of an application, `limit` (at most 200) a page.
    ///
    /// # Errors
    ///
    /// If `id` is no Okta id.
    pub fn groups(id: &str, limit: u32) -> Result<ListRequest<AppGroup>, Error> {
        list_of("/api/v1/apps/{id}/groups", id, limit)
    }
}

/// Admin roles.
pub mod roles {
    use super::{Assignee, Error, ListRequest, Request, RoleAssignment, fill, with_query};

    /// All users who have an admin role, `limit` a page (100 unless asked, the maximum is not documented).
    #[must_use]
    pub fn assignees(limit: u32) -> ListRequest<Assignee> {
        let template = "/api/v1/iam/assignees/users";
        let path = with_query(template, &[("limit", &limit.to_string())]);
        ListRequest::under("value", Request::get(template, path))
    }

    /// The admin roles of a user, direct and through groups.
    ///
    /// # Errors
    ///
    /// If `id` is no Okta id.
    pub fn of_user(id: &str) -> Result<ListRequest<RoleAssignment>, Error> {
        let template = "/api/v1/users/{id}/roles";
        Ok(ListRequest::array(Request::get(template, fill(template, id)?)))
    }
}

/// The org.
pub mod org {
    use super::Request;

    /// The org that the credential belongs to, to be read as an [`Org`](crate::models::Org); the cheapest call there
    /// is.
    #[must_use]
    pub fn get() -> Request {
        Request::get("/api/v1/org", "/api/v1/org".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::bucket::Bucket;

    #[test]
    fn calls_are_what_okta_documents() {
        let quoted = |request: &Request| request.path_and_query.clone();
        assert_eq!(quoted(&users::list(200).request), "/api/v1/users?limit=200&search=status+pr");
        assert_eq!(quoted(&groups::list(200).request), "/api/v1/groups?expand=stats&limit=200");
        assert_eq!(quoted(&groups::members("00g1", 1000).unwrap().request), "/api/v1/groups/00g1/users?limit=1000");
        assert_eq!(quoted(&groups::roles("00g1").unwrap().request), "/api/v1/groups/00g1/roles");
        assert_eq!(quoted(&groups::apps("00g1", 200).unwrap().request), "/api/v1/groups/00g1/apps?limit=200");
        assert_eq!(quoted(&apps::list(200, false).request), "/api/v1/apps?limit=200");
        assert_eq!(quoted(&apps::list(200, true).request), "/api/v1/apps?filter=status+eq+%22ACTIVE%22&limit=200");
        assert_eq!(quoted(&apps::users("0oa1", 500).unwrap().request), "/api/v1/apps/0oa1/users?limit=500");
        assert_eq!(quoted(&apps::groups("0oa1", 200).unwrap().request), "/api/v1/apps/0oa1/groups?limit=200");
        assert_eq!(quoted(&roles::assignees(200).request), "/api/v1/iam/assignees/users?limit=200");
        assert_eq!(quoted(&roles::of_user("00u1").unwrap().request), "/api/v1/users/00u1/roles");
        assert_eq!(quoted(&org::get()), "/api/v1/org");
    }

    #[test]
    fn the_list_of_users_asks_for_the_short_form() {
        let header = users::list(200).request.content_type.unwrap();
        for part in ["omitCredentials,", "omitCredentialsLinks", "omitTransitioningToStatus"] {
            assert!(header.contains(part), "{header}");
        }
        assert_eq!(groups::list(200).request.content_type, None);
    }

    #[test]
    fn an_id_cannot_lead_elsewhere() {
        for id in ["", "..", "a/b", "a?b", "a%2fb", "a b", "ü", "a.b", &"x".repeat(101)] {
            assert!(groups::members(id, 10).is_err(), "{id:?}");
        }
        assert!(groups::members("00g1-_A", 10).is_ok());
    }

    #[test]
    fn lists_name_their_bucket() {
        assert_eq!(groups::members("00g1", 10).unwrap().request.bucket, Bucket::Groups);
        assert_eq!(roles::assignees(10).request.bucket, Bucket::Iam);
        assert_eq!(roles::of_user("00u1").unwrap().request.bucket, Bucket::Users);
        assert_eq!(org::get().bucket, Bucket::Rest);
    }
}
