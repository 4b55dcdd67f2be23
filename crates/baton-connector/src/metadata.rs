//! Facts about a grant that every reader can show (`GrantMetadata`).

use std::sync::Arc;

use baton_proto::Message;
use baton_proto::c1::connector::v2::GrantMetadata;
use prost_types::Struct;

/// Facts about a grant: the encoded [`GrantMetadata`]. Clones share the bytes, so that thousands of grants with the same
/// facts cost no more than one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Metadata(Arc<[u8]>);

impl Metadata {
    /// Encodes `facts`.
    #[must_use]
    pub fn new(facts: Struct) -> Self {
        Self(GrantMetadata { metadata: Some(facts) }.encode_to_vec().into())
    }

    /// The encoded `c1.connector.v2.GrantMetadata`.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        &self.0
    }

    /// The facts again.
    #[must_use]
    pub fn facts(&self) -> Struct {
        // Only `new` makes these bytes.
        GrantMetadata::decode(self.encoded()).ok().and_then(|decoded| decoded.metadata).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Value;
    use prost_types::value::Kind;

    use super::*;

    #[test]
    fn facts_come_back_as_they_went() {
        for facts in [
            Struct::default(),
            Struct { fields: [("via".to_owned(), Value { kind: Some(Kind::StringValue("g1".to_owned())) })].into() },
        ] {
            assert_eq!(Metadata::new(facts.clone()).facts(), facts);
        }
    }
}
