//! The calls of the API for reading and changing an org, each a function from its parameters to a request.
//!
//! A malformed id is rejected here, before anything is sent, so that no id can lead to another object. Changes are sent
//! with [`Client::send`](crate::Client::send).
//!
//! The maxima of `limit` and the omissions of each endpoint are in `docs/spec/okta-api.md` 1. Okta silently reduces a `limit`
//! above the maximum, so callers request the maximum and follow the links.

pub mod apps;
pub mod bindings;
pub mod devices;
pub mod groups;
pub mod iam;
pub mod logs;
pub mod org;
pub mod roles;
pub mod tokens;
pub mod users;

use http::Method;

use crate::error::Error;
use crate::models::Record;
use crate::request::{ListRequest, Request, fill, fill_all, with_query};

/// Requests a list below one object, `limit` records a page.
fn sub_list<T: Record>(template: &'static str, id: &str, limit: u32) -> Result<ListRequest<T>, Error> {
    let path = with_query(&fill(template, id)?, &[("limit", &limit.to_string())]);
    Ok(ListRequest::array(Request::get(template, path)))
}

/// Requests a list below one object with Okta's own page size.
fn sub_list_default_size<T: Record>(template: &'static str, id: &str) -> Result<ListRequest<T>, Error> {
    Ok(ListRequest::array(Request::get(template, fill(template, id)?)))
}

/// Creates a change without a body, of an object that is identified by ids.
fn change_by_ids<const N: usize>(method: Method, template: &'static str, ids: [&str; N]) -> Result<Request, Error> {
    Ok(Request::change(method, template, fill_all(template, ids)?))
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
        let skinny =
            [groups::skinny_members("00g1", 1000).unwrap().request, apps::skinny_users("0oa1", 500).unwrap().request];
        assert_eq!(
            skinny.each_ref().map(quoted),
            ["/api/v1/groups/00g1/skinny_users?limit=1000", "/api/v1/apps/0oa1/skinny_users?limit=500"]
        );
        assert_eq!(skinny.each_ref().map(|it| it.bucket), [Bucket::GroupSkinnyUsers, Bucket::AppSkinnyUsers]);
        assert_eq!(quoted(&groups::roles("00g1").unwrap().request), "/api/v1/groups/00g1/roles");
        assert_eq!(quoted(&groups::apps("00g1", 200).unwrap().request), "/api/v1/groups/00g1/apps?limit=200");
        assert_eq!(quoted(&apps::list(200, false).request), "/api/v1/apps?limit=200");
        assert_eq!(quoted(&apps::list(200, true).request), "/api/v1/apps?filter=status+eq+%22ACTIVE%22&limit=200");
        assert_eq!(quoted(&apps::users("0oa1", 500).unwrap().request), "/api/v1/apps/0oa1/users?limit=500");
        assert_eq!(quoted(&apps::groups("0oa1", 200).unwrap().request), "/api/v1/apps/0oa1/groups?limit=200");
        assert_eq!(quoted(&roles::assignees(200).request), "/api/v1/iam/assignees/users?limit=200");
        assert_eq!(quoted(&roles::of_user("00u1").unwrap().request), "/api/v1/users/00u1/roles");
        assert_eq!(quoted(&iam::roles().request), "/api/v1/iam/roles");
        assert_eq!(quoted(&iam::resource_sets().request), "/api/v1/iam/resource-sets");
        assert_eq!(quoted(&iam::bindings("iam1").unwrap().request), "/api/v1/iam/resource-sets/iam1/bindings");
        let members = iam::members("iam1", "cr01").unwrap().request;
        assert_eq!(quoted(&members), "/api/v1/iam/resource-sets/iam1/bindings/cr01/members");
        assert_eq!(quoted(&tokens::list().request), "/api/v1/api-tokens");
        assert_eq!(quoted(&devices::list(200).request), "/api/v1/devices?limit=200");
        assert_eq!(quoted(&groups::with_stats("00g1").unwrap()), "/api/v1/groups/00g1?expand=stats");
        assert_eq!(quoted(&iam::role("cr01").unwrap()), "/api/v1/iam/roles/cr01");
        assert_eq!(quoted(&iam::resource_set("iam1").unwrap()), "/api/v1/iam/resource-sets/iam1");
        assert_eq!(quoted(&iam::binding("iam1", "cr01").unwrap()), "/api/v1/iam/resource-sets/iam1/bindings/cr01");
        assert_eq!(quoted(&tokens::get("00T1").unwrap()), "/api/v1/api-tokens/00T1");
        assert_eq!(quoted(&devices::get("guo1").unwrap()), "/api/v1/devices/guo1");
        assert_eq!(
            quoted(&logs::since("2026-01-02T03:04:05Z", Some("eventType sw \"iam.\""), 1000).request),
            "/api/v1/logs?since=2026-01-02T03%3A04%3A05Z&limit=1000&filter=eventType+sw+%22iam.%22"
        );
        assert_eq!(quoted(&org::get()), "/api/v1/org");
        assert_eq!(quoted(&org::metadata()), "/.well-known/okta-organization");
        assert_eq!(quoted(&roles::of_client("0oa1").unwrap().request), "/oauth2/v1/clients/0oa1/roles");
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
        for (set, role) in [("iam1", ""), ("", "cr01"), ("iam1", "../x"), ("{id}", "cr01")] {
            assert!(iam::members(set, role).is_err(), "{set:?} {role:?}");
        }
    }

    #[test]
    fn lists_name_their_bucket() {
        assert_eq!(groups::members("00g1", 10).unwrap().request.bucket, Bucket::Groups);
        assert_eq!(roles::assignees(10).request.bucket, Bucket::Iam);
        assert_eq!(roles::of_user("00u1").unwrap().request.bucket, Bucket::Users);
        assert_eq!(iam::members("iam1", "cr01").unwrap().request.bucket, Bucket::Iam);
        assert_eq!(devices::list(200).request.bucket, Bucket::Devices);
        assert_eq!(tokens::list().request.bucket, Bucket::Rest);
        assert_eq!(logs::since("x", None, 1).request.bucket, Bucket::Logs);
        assert_eq!(org::get().bucket, Bucket::Rest);
    }
}
