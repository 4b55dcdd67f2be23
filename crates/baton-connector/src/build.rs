//! Builders of resources and entitlements, so that every connector puts the same things in the same places.

use baton_proto::any;
use baton_proto::c1::connector::v2::{
    Entitlement, Resource, ResourceId, ResourceType, V1Identifier, entitlement::PurposeValue,
};
use baton_proto::{Message, Name};

use crate::page::EntitlementRef;

/// A resource with its id and name; the rest is filled by the caller.
#[must_use]
pub fn resource(resource_type: &str, id: &str, display_name: impl Into<String>) -> Resource {
    Resource { id: Some(resource_id(resource_type, id)), display_name: display_name.into(), ..Resource::default() }
}

/// A `ResourceId` without parent.
#[must_use]
pub fn resource_id(resource_type: &str, id: &str) -> ResourceId {
    ResourceId { resource_type: resource_type.to_owned(), resource: id.to_owned(), ..ResourceId::default() }
}

/// An assignment entitlement of `resource`, with the id that its slug gives it.
#[must_use]
pub fn assignment(
    resource: &Resource,
    slug: &str,
    display_name: String,
    description: String,
    grantable_to: Vec<ResourceType>,
    v1_id: String,
) -> Entitlement {
    let id = resource.id.clone().unwrap_or_default();
    Entitlement {
        id: crate::ids::entitlement(&id.resource_type, &id.resource, slug),
        resource: Some(resource.clone()),
        display_name,
        description,
        grantable_to,
        annotations: vec![v1_identifier(v1_id)],
        purpose: PurposeValue::Assignment.into(),
        slug: slug.to_owned(),
    }
}

/// The reference under which grants name the entitlement `slug` of a resource.
#[must_use]
pub fn entitlement_ref(resource_type: &str, resource: &str, slug: &str) -> EntitlementRef {
    EntitlementRef {
        id: crate::ids::entitlement(resource_type, resource, slug),
        resource_type: resource_type.to_owned(),
        resource: resource.to_owned(),
    }
}

/// The annotation that carries the id of the older connector generation.
#[must_use]
pub fn v1_identifier(id: impl Into<String>) -> prost_types::Any {
    annotation(&V1Identifier { id: id.into() })
}

/// Any message as an annotation.
#[must_use]
pub fn annotation<M: Message + Name>(message: &M) -> prost_types::Any {
    any::pack(message)
}
