//! The resource types of Okta, one file each: what it lists, its entitlements, its grants.
//!
//! A grant is made in the file of the type that its entitlement belongs to. The mapping functions take Okta's models
//! and make Baton's objects; the functions that ask Okta are thin around them.

pub(crate) mod app;
pub(crate) mod group;
pub(crate) mod role;
pub(crate) mod user;

use baton_connector::{FetchError, Gap, GapKind, Page, Work, WorkKind, build};
use baton_proto::c1::connector::v2::{
    CapabilityPermission, CapabilityPermissions, RawId, ResourceType, SkipEntitlementsAndGrants, resource_type::Trait,
};
use futures::future::BoxFuture;
use okta_client::models::Record;
use okta_client::{Bucket, Client, ListPage, ListRequest};
use prost_types::Any;

use crate::config::Rules;
use crate::errors::{self, Refused};
use crate::scope::Scope;

/// All resource types, in the order in which they are stored.
pub(crate) const MODULES: [&Module; 4] = [&user::MODULE, &group::MODULE, &role::MODULE, &app::MODULE];

/// What a resource type brings to a sync.
pub(crate) struct Module {
    /// The type itself.
    pub resource_type: fn() -> ResourceType,
    /// The kinds of work that read it.
    pub kinds: &'static [Kind],
    /// The work that begins the sync of this type.
    pub start: fn(Scope) -> Vec<Work>,
}

/// A kind of work.
pub(crate) struct Kind {
    /// Its name in the plan.
    pub name: WorkKind,
    /// The words for people.
    pub label: &'static str,
    /// The rate-limit bucket of its requests.
    pub bucket: Bucket,
    /// Fetches a page of it.
    pub fetch: Fetch,
}

/// Fetches and maps one page of a work, the first without a cursor.
pub(crate) type Fetch = for<'a> fn(&'a Context, &'a Work, Option<&'a str>) -> BoxFuture<'a, Result<Page, FetchError>>;

/// What every fetch needs.
pub(crate) struct Context {
    pub client: Client,
    pub rules: Rules,
    /// Asked for instead of each list's own page size.
    pub page_size: Option<u32>,
}

impl Context {
    /// The page size to be asked for where a list's largest is `most`.
    pub(crate) fn limit(&self, most: u32) -> u32 {
        self.page_size.map_or(most, |size| size.clamp(1, most))
    }

    /// Reads a page of a list below one object and lets `map` make of it what it can. Where Okta cannot tell, for a
    /// reason that concerns this object alone, the page holds a gap.
    async fn page_below<T: Record>(
        &self,
        request: Result<ListRequest<T>, okta_client::Error>,
        cursor: Option<&str>,
        below: Below<'_>,
        map: impl FnOnce(&[T], &mut Page),
    ) -> Result<Page, FetchError> {
        let answer = match request {
            Ok(request) => self.client.page(&request, cursor).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => {
                let mut page = begin(&answer, below.resource_type);
                map(&answer.items, &mut page);
                Ok(page)
            }
            Err(error) => {
                let gap = errors::of_object(&error, below.resource_type, below.what, below.id, below.refused)?;
                Ok(Page { gaps: vec![gap], ..Page::default() })
            }
        }
    }
}

/// Which list below which object is read.
struct Below<'a> {
    /// The resource type that is incomplete without it.
    resource_type: &'a str,
    /// The list in words ("the members of group").
    what: &'a str,
    /// The object's id.
    id: &'a str,
    /// What a 403 means.
    refused: Refused,
}

/// A page that goes on where Okta's answer says, with a gap for each record of it that could not be read.
fn begin<T: Record>(answer: &ListPage<T>, resource_type: &str) -> Page {
    let gaps = answer.unreadable.iter().map(|record| {
        let id = record.id.as_deref().unwrap_or_default();
        let which = if id.is_empty() { "without a readable id" } else { id };
        gap(GapKind::Unmappable, resource_type, id, format!("{} {which} cannot be read: {}", T::KIND, record.reason))
    });
    Page { next: answer.next.clone(), gaps: gaps.collect(), ..Page::default() }
}

fn gap(kind: GapKind, resource_type: &str, id: &str, message: String) -> Gap {
    Gap { kind, resource_type: resource_type.to_owned(), id: id.to_owned(), message }
}

/// A resource type as Okta's are described: the V1 id first, then whether there is anything to be had on it, then the
/// OAuth scopes that reading and changing it need.
fn describe(id: &str, display_name: &str, of: Trait, bare: bool, permissions: [&str; 2]) -> ResourceType {
    let mut annotations = vec![build::v1_identifier(id)];
    if bare {
        annotations.push(build::annotation(&SkipEntitlementsAndGrants::default()));
    }
    let permissions = permissions.map(|permission| CapabilityPermission { permission: permission.to_owned() }).to_vec();
    annotations.push(build::annotation(&CapabilityPermissions { permissions }));
    ResourceType {
        id: id.to_owned(),
        display_name: display_name.to_owned(),
        traits: vec![of.into()],
        annotations,
        ..ResourceType::default()
    }
}

/// The annotations that name an object of Okta's by its id.
fn identified(id: &str) -> Vec<Any> {
    vec![build::v1_identifier(id), build::annotation(&RawId { id: id.to_owned() })]
}

#[cfg(test)]
mod recorded_tests;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use baton_proto::json;
    use serde_json::json;

    use super::*;

    #[test]
    fn resource_types_are_described_as_published() {
        let types: Vec<_> = MODULES.iter().map(|module| json::to_value(&(module.resource_type)()).unwrap()).collect();
        let described = |id: &str, name: &str, of: &str, scopes: [&str; 2], bare: bool| {
            let mut annotations = vec![json!({"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": id})];
            if bare {
                annotations.push(json!({"@type": "type.googleapis.com/c1.connector.v2.SkipEntitlementsAndGrants"}));
            }
            let permissions = scopes.map(|scope| json!({ "permission": scope }));
            annotations.push(json!({
                "@type": "type.googleapis.com/c1.connector.v2.CapabilityPermissions",
                "permissions": permissions,
            }));
            json!({"id": id, "displayName": name, "traits": [of], "annotations": annotations})
        };
        assert_eq!(
            types,
            [
                described("user", "User", "TRAIT_USER", ["okta.users.read", "okta.users.manage"], true),
                described("group", "Group", "TRAIT_GROUP", ["okta.groups.read", "okta.groups.manage"], false),
                described("role", "Role", "TRAIT_ROLE", ["okta.roles.read", "okta.roles.manage"], false),
                described("app", "App", "TRAIT_APP", ["okta.apps.read", "okta.apps.manage"], false),
            ]
        );
    }
}
