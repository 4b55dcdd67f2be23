//! The `c1.connector.v2.Grant` of a row, encoded straight into bytes.
//!
//! A large org has millions of grants that differ in two ids. Building the message tree for each of them would cost
//! more than all the rest of sealing, so the few fields that a grant of ours has are written here by hand; a test
//! compares the bytes with those of the generated encoder.
//!
//! Entitlement, its resource and the principal are stored as ids only; every reader joins by id.

use baton_proto::any;
use baton_proto::c1::connector::v2::{GrantImmutable, GrantMetadata, V1Identifier};
use baton_proto::wire::{field_len, open, text, text_len};

use crate::codec::WaitingGrant;

/// Encodes grants, reusing its buffers from one to the next.
#[derive(Debug)]
pub(crate) struct GrantEncoder {
    id: String,
    data: Vec<u8>,
    v1_url: String,
    immutable_url: String,
    metadata_url: String,
}

/// `Grant.id` and the encoded message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EncodedGrant<'a> {
    pub id: &'a str,
    pub data: &'a [u8],
}

impl GrantEncoder {
    pub(crate) fn new() -> Self {
        Self {
            id: String::new(),
            data: Vec::new(),
            v1_url: any::type_url::<V1Identifier>(),
            immutable_url: any::type_url::<GrantImmutable>(),
            metadata_url: any::type_url::<GrantMetadata>(),
        }
    }

    /// Encodes `grant`.
    pub(crate) fn encode(&mut self, grant: &WaitingGrant<'_>) -> EncodedGrant<'_> {
        self.id.clear();
        for part in [&grant.entitlement.id, ":", grant.principal_type, ":", grant.principal] {
            self.id.push_str(part);
        }
        let out = &mut self.data;
        out.clear();
        // 1 entitlement { 1 resource { 1 id }, 2 id }
        let reference = resource_id_len(&grant.entitlement.resource_type, &grant.entitlement.resource);
        let resource = field_len(1, reference);
        open(out, 1, field_len(1, resource) + text_len(2, &grant.entitlement.id));
        open(out, 1, resource);
        resource_id(out, 1, reference, &grant.entitlement.resource_type, &grant.entitlement.resource);
        text(out, 2, &grant.entitlement.id);
        // 2 principal { 1 id }
        let reference = resource_id_len(grant.principal_type, grant.principal);
        open(out, 2, field_len(1, reference));
        resource_id(out, 1, reference, grant.principal_type, grant.principal);
        text(out, 3, &self.id);
        // 4 annotations: Any { 1 type_url, 2 value { 1 text } }
        let principal = if grant.v1_shared { "" } else { grant.principal };
        annotation(out, &self.v1_url, &[grant.v1_prefix, principal]);
        if let Some(source) = grant.immutable {
            annotation(out, &self.immutable_url, &[source]);
        }
        if let Some(metadata) = grant.metadata {
            packed(out, &self.metadata_url, metadata);
        }
        if let Some(external) = grant.external {
            open(out, 4, external.len());
            out.extend_from_slice(external);
        }
        EncodedGrant { id: &self.id, data: &self.data }
    }
}

/// An annotation whose message is encoded already.
fn packed(out: &mut Vec<u8>, url: &str, value: &[u8]) {
    let value_field = if value.is_empty() { 0 } else { field_len(2, value.len()) };
    open(out, 4, text_len(1, url) + value_field);
    text(out, 1, url);
    if !value.is_empty() {
        open(out, 2, value.len());
        out.extend_from_slice(value);
    }
}

/// An annotation whose message has one text as field 1, given in parts.
fn annotation(out: &mut Vec<u8>, url: &str, parts: &[&str]) {
    let length = parts.iter().map(|part| part.len()).sum();
    let value = if length == 0 { 0 } else { field_len(1, length) };
    let value_field = if value == 0 { 0 } else { field_len(2, value) };
    open(out, 4, text_len(1, url) + value_field);
    text(out, 1, url);
    if value != 0 {
        open(out, 2, value);
        open(out, 1, length);
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// Length of a `ResourceId { 1 resource_type, 2 resource }`.
fn resource_id_len(resource_type: &str, resource: &str) -> usize {
    text_len(1, resource_type) + text_len(2, resource)
}

fn resource_id(out: &mut Vec<u8>, field: u32, length: usize, resource_type: &str, resource: &str) {
    open(out, field, length);
    text(out, 1, resource_type);
    text(out, 2, resource);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use baton_connector::{EntitlementRef, Metadata, build};
    use baton_proto::c1::connector::v2::{Entitlement, Grant, Resource};
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    /// The same grant by way of the generated types.
    fn generated(grant: &WaitingGrant<'_>) -> Grant {
        let stub = |resource_type: &str, id: &str| Resource {
            id: Some(build::resource_id(resource_type, id)),
            ..Resource::default()
        };
        let principal = if grant.v1_shared { "" } else { grant.principal };
        let mut annotations = vec![build::v1_identifier(format!("{}{principal}", grant.v1_prefix))];
        if let Some(source) = grant.immutable {
            let immutable = GrantImmutable { source_id: source.to_owned(), ..GrantImmutable::default() };
            annotations.push(build::annotation(&immutable));
        }
        annotations.extend(grant.metadata.map(|metadata| build::annotation(&GrantMetadata::decode(metadata).unwrap())));
        annotations.extend(grant.external.map(|external| prost_types::Any::decode(external).unwrap()));
        Grant {
            entitlement: Some(Entitlement {
                id: grant.entitlement.id.clone(),
                resource: Some(stub(&grant.entitlement.resource_type, &grant.entitlement.resource)),
                ..Entitlement::default()
            }),
            principal: Some(stub(grant.principal_type, grant.principal)),
            id: baton_connector::ids::grant(&grant.entitlement.id, grant.principal_type, grant.principal),
            annotations,
            ..Grant::default()
        }
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_the_generated_encoder(
            resource in ".{1,30}", user in ".{1,200}", prefix in ".{0,40}",
            immutable in proptest::option::of(".{0,20}"), fact in proptest::option::of(".{0,200}"),
            v1_shared: bool, external in proptest::option::of(".{0,20}"),
        ) {
            let external = external.map(|id| baton_connector::ExternalMatch::Id(id).annotation().encode_to_vec());
            let metadata = fact.map(|fact| {
                let value = prost_types::Value { kind: Some(prost_types::value::Kind::StringValue(fact)) };
                Metadata::new(prost_types::Struct { fields: [("fact".to_owned(), value)].into() })
            });
            let entitlement = EntitlementRef {
                id: format!("group:{resource}:member"), resource_type: "group".to_owned(), resource: resource.clone(),
            };
            let grant = WaitingGrant {
                entitlement: &entitlement, principal_type: "user", principal: &user, v1_prefix: &prefix, v1_shared,
                immutable: immutable.as_deref(), metadata: metadata.as_ref().map(Metadata::encoded), expandable: None,
                skip_if_absent: false, external: external.as_deref(),
            };
            let expected = generated(&grant);
            let mut encoder = GrantEncoder::new();
            let encoded = encoder.encode(&grant);
            prop_assert_eq!(encoded.id, &expected.id);
            prop_assert_eq!(encoded.data, expected.encode_to_vec());
        }
    }
}
