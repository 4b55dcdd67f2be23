//! Grants to principals that another connector knows (`docs/spec/connector-runtime.md` 6.9).
//!
//! A connector that sees only a name or an address of who holds something makes a grant to a placeholder and says how
//! the real principals are found. A sync that is given the file of the other connector puts them in its place.

use baton_proto::any;
use baton_proto::c1::connector::v2::resource_type::Trait;
use baton_proto::c1::connector::v2::{ExternalResourceMatch, ExternalResourceMatchAll, ExternalResourceMatchId};
use prost_types::Any;

/// Which principals of another connector's file a grant is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ExternalMatch {
    /// All that have this trait.
    All(Trait),
    /// The one with this resource id, of whatever type.
    Id(String),
    /// Those with this trait whose profile has the value under the key, in whatever case. For users, the key `email`
    /// also means all addresses of the account.
    Attribute {
        /// The trait.
        of: Trait,
        /// The profile key.
        key: String,
        /// The text that stands there.
        value: String,
    },
}

impl ExternalMatch {
    /// The annotation that says so.
    #[must_use]
    pub fn annotation(&self) -> Any {
        match self {
            Self::All(of) => any::pack(&ExternalResourceMatchAll { resource_type: (*of).into() }),
            Self::Id(id) => any::pack(&ExternalResourceMatchId { id: id.clone() }),
            Self::Attribute { of, key, value } => any::pack(&ExternalResourceMatch {
                resource_type: (*of).into(),
                key: key.clone(),
                value: value.clone(),
            }),
        }
    }

    /// What an annotation says, if it is one of these. A trait that is not known here matches nobody.
    #[must_use]
    pub fn from_annotation(annotation: &Any) -> Option<Self> {
        let known = |number| Trait::try_from(number).unwrap_or(Trait::Unspecified);
        if let Some(Ok(all)) = any::unpack::<ExternalResourceMatchAll>(annotation) {
            return Some(Self::All(known(all.resource_type)));
        }
        if let Some(Ok(by_id)) = any::unpack::<ExternalResourceMatchId>(annotation) {
            return Some(Self::Id(by_id.id));
        }
        let ExternalResourceMatch { resource_type, key, value } = any::unpack(annotation)?.ok()?;
        Some(Self::Attribute { of: known(resource_type), key, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_say_what_was_meant() {
        for wanted in [
            ExternalMatch::All(Trait::Group),
            ExternalMatch::Id("00u1".to_owned()),
            ExternalMatch::Attribute { of: Trait::User, key: "email".to_owned(), value: "a@b.example".to_owned() },
        ] {
            assert_eq!(ExternalMatch::from_annotation(&wanted.annotation()), Some(wanted));
        }
        assert_eq!(ExternalMatch::from_annotation(&crate::build::v1_identifier("x")), None);
        let tomorrow = any::pack(&ExternalResourceMatchAll { resource_type: 4711 });
        assert_eq!(ExternalMatch::from_annotation(&tomorrow), Some(ExternalMatch::All(Trait::Unspecified)));
    }
}
