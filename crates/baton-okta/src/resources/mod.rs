//! The resource types of Okta, one file each: what it lists, its entitlements, its grants.
//!
//! A grant is made in the file of the type that its entitlement belongs to. The mapping functions take Okta's models
//! and make Baton's objects; the functions that ask Okta are thin around them.

pub(crate) mod api_token;
pub(crate) mod app;
pub(crate) mod custom_role;
pub(crate) mod device;
pub(crate) mod everyone;
pub(crate) mod group;
pub(crate) mod resource_set;
pub(crate) mod resource_set_binding;
pub(crate) mod role;
pub(crate) mod single;
pub(crate) mod user;

use baton_connector::{FetchError, Gap, GapKind, Page, Work, WorkKind, build};
use baton_proto::c1::connector::v2::{
    CapabilityPermission, CapabilityPermissions, RawId, ResourceType, SkipEntitlementsAndGrants, resource_type::Trait,
};
use futures::future::BoxFuture;
use okta_client::models::{Record, Time};
use okta_client::{Backlog, Bucket, BucketTraffic, Client, ListPage, ListRequest};
use prost_types::{Any, Timestamp};

use crate::access::Access;
use crate::config::Rules;
use crate::errors::{self, Refused};
use crate::lanes::{Both, Lanes};
use crate::scope::Scope;

/// All resource types, in the order in which they are stored.
pub(crate) const MODULES: [&Module; 9] = [
    &user::MODULE,
    &group::MODULE,
    &role::MODULE,
    &app::MODULE,
    &custom_role::MODULE,
    &resource_set::MODULE,
    &resource_set_binding::MODULE,
    &api_token::MODULE,
    &device::MODULE,
];

/// What a resource type brings to a sync.
pub(crate) struct Module {
    /// The type itself.
    pub resource_type: fn() -> ResourceType,
    /// Whether the type exists under these rules.
    pub exists: fn(&Rules) -> bool,
    /// The kinds of work that read it.
    pub kinds: &'static [Kind],
    /// The work that begins the sync of this type.
    pub start: fn(Scope) -> Vec<Work>,
    /// The id of the type, and the kind of work that reads one resource of it.
    pub single: (&'static str, WorkKind),
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
    /// Who the client is to Okta.
    pub access: Access,
    pub rules: Rules,
    /// Which way to the same facts is taken.
    pub lanes: Lanes,
    /// Reports to the client what is still needed.
    pub backlog: Backlog,
    /// What was asked before: not counted as asked by this run.
    pub asked_before: Vec<BucketTraffic>,
    /// Asked for instead of each list's own page size.
    pub page_size: Option<u32>,
}

impl Context {
    /// For a first run.
    pub(crate) fn new(client: Client, access: Access, rules: Rules, lanes: Lanes, page_size: Option<u32>) -> Self {
        let backlog = client.backlog();
        Self { client, access, rules, lanes, backlog, asked_before: Vec::new(), page_size }
    }

    /// For another run, which shares the client, and nothing that belongs to a run.
    pub(crate) fn for_another_run(&self) -> Self {
        let Self { client, access, rules, lanes, page_size, .. } = self;
        let another = Self::new(client.clone(), access.clone(), rules.clone(), lanes.for_another_run(), *page_size);
        Self { asked_before: client.traffic(), ..another }
    }

    /// The page size to be asked for where a list's largest is `most`.
    pub(crate) fn limit(&self, most: u32) -> u32 {
        self.page_size.map_or(most, |size| size.clamp(1, most))
    }

    /// Reads a page of a list without which none of the resource types `of` can be read, and lets `map` make of it what
    /// it can. If Okta refuses the list, the page says that those types are not read.
    async fn page_of_types<T: Record>(
        &self,
        request: &ListRequest<T>,
        cursor: Option<&str>,
        (of, doing): (&[&'static str], &str),
        map: impl FnOnce(&[T], &mut Page),
    ) -> Result<Page, FetchError> {
        match self.client.page(request, cursor).await {
            Ok(answer) => {
                let mut page = begin(&answer, of.first().copied().unwrap_or_default());
                map(&answer.items, &mut page);
                Ok(page)
            }
            Err(error) => Ok(Page { gaps: errors::of_types(&error, of, doing)?, ..Page::default() }),
        }
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
        Self::of_below(answer, &below, |items, page| map(&items, page))
    }

    /// The same for a list that two calls give. These are the longest: `map` is given the records themselves.
    async fn either_below<T: Record>(
        &self,
        both: Result<Both<T>, okta_client::Error>,
        cursor: Option<&str>,
        below: Below<'_>,
        map: impl FnOnce(Vec<T>, &mut Page),
    ) -> Result<Page, FetchError> {
        let answer = match both {
            Ok(both) => self.either_page(both, below.id, cursor).await,
            Err(error) => Err(error),
        };
        Self::of_below(answer, &below, map)
    }

    fn of_below<T: Record>(
        answer: Result<ListPage<T>, okta_client::Error>,
        below: &Below<'_>,
        map: impl FnOnce(Vec<T>, &mut Page),
    ) -> Result<Page, FetchError> {
        match answer {
            Ok(answer) => {
                let mut page = begin(&answer, below.resource_type);
                map(answer.items, &mut page);
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
fn describe(id: &str, display_name: &str, of: Option<Trait>, bare: bool, permissions: &[&str]) -> ResourceType {
    let mut annotations = vec![build::v1_identifier(id)];
    if bare {
        annotations.push(build::annotation(&SkipEntitlementsAndGrants::default()));
    }
    let permission = |permission: &&str| CapabilityPermission { permission: (*permission).to_owned() };
    let permissions = permissions.iter().map(permission).collect();
    annotations.push(build::annotation(&CapabilityPermissions { permissions }));
    ResourceType {
        id: id.to_owned(),
        display_name: display_name.to_owned(),
        traits: of.into_iter().map(i32::from).collect(),
        annotations,
        ..ResourceType::default()
    }
}

/// Okta's time as protobuf's, fraction included. A text that is no time is named in `unmapped`.
fn point_in_time(member: &str, time: Option<&Time>, unmapped: &mut Vec<String>) -> Option<Timestamp> {
    let time = time?;
    let Some(parsed) = time.parse() else {
        unmapped.push(format!("`{member}`, which is no time: {time}"));
        return None;
    };
    Some(timestamp(parsed))
}

/// A time as protobuf's, fraction included.
fn timestamp(time: jiff::Timestamp) -> Timestamp {
    let mut timestamp = Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() };
    timestamp.normalize();
    timestamp
}

/// The gaps of an object that is stored without a part of it.
fn stored_without(resource_type: &str, what: &str, id: &str, unmapped: Vec<String>) -> impl Iterator<Item = Gap> {
    unmapped
        .into_iter()
        .map(move |part| gap(GapKind::Unmappable, resource_type, id, format!("{what} {id} is stored without {part}")))
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
        let annotation = |name: &str| json!({"@type": format!("type.googleapis.com/c1.connector.v2.{name}")});
        let described = |id: &str, name: &str, of: Option<&str>, scopes: &[&str], bare: bool| {
            let mut annotations = vec![json!({"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": id})];
            if bare {
                annotations.push(annotation("SkipEntitlementsAndGrants"));
            }
            let permissions: Vec<_> = scopes.iter().map(|scope| json!({ "permission": scope })).collect();
            annotations.push(json!({
                "@type": "type.googleapis.com/c1.connector.v2.CapabilityPermissions",
                "permissions": permissions,
            }));
            let mut described = json!({"id": id, "displayName": name, "annotations": annotations});
            if let Some(of) = of {
                described["traits"] = json!([of]);
            }
            described
        };
        let roles = ["okta.roles.read", "okta.roles.manage"];
        let mut device = described("device", "Device", Some("TRAIT_MANAGED_DEVICE"), &["okta.devices.read"], true);
        device["annotations"].as_array_mut().unwrap().push(annotation("OptInRequired"));
        assert_eq!(
            types,
            [
                described("user", "User", Some("TRAIT_USER"), &["okta.users.read", "okta.users.manage"], true),
                described("group", "Group", Some("TRAIT_GROUP"), &["okta.groups.read", "okta.groups.manage"], false),
                described("role", "Role", Some("TRAIT_ROLE"), &roles, false),
                described("app", "App", Some("TRAIT_APP"), &["okta.apps.read", "okta.apps.manage"], false),
                described("custom-role", "Custom Role", Some("TRAIT_ROLE"), &roles, false),
                described("resource-set", "Resource Set", None, &roles, false),
                described("resourceset-binding", "Resource Set Binding", None, &roles, false),
                described("api-token", "API Token", Some("TRAIT_SECRET"), &["okta.apiTokens.read"], true),
                device,
            ]
        );
    }
}
