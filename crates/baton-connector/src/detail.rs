//! What travels with a piece of work.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{SourceError, SourceErrorKind};

/// A value of the connector's own that travels with a piece of work, serialised as JSON; empty if there is none.
///
/// Two details are equal if their texts are: types used as details serialise their fields in a fixed order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Detail(String);

impl Detail {
    /// Serialises `value`.
    ///
    /// # Panics
    /// Never for types that serialise to JSON: structs, enums, texts, numbers, sequences, and maps with text keys.
    #[must_use]
    pub fn new(value: &impl Serialize) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => Self(text),
            Err(error) => unreachable!("a detail of this type cannot be serialised: {error}"),
        }
    }

    /// The detail that was stored as `text`.
    #[must_use]
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text that is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Deserialises the value; the type's default if there is none.
    ///
    /// # Errors
    /// The text is not a value of that type, as in a plan of an incompatible release.
    pub fn get<T: DeserializeOwned + Default>(&self) -> Result<T, SourceError> {
        if self.0.is_empty() {
            return Ok(T::default());
        }
        serde_json::from_str(&self.0).map_err(|error| SourceError {
            message: format!("the plan contains a detail that cannot be read ({error}); start a new sync"),
            kind: SourceErrorKind::Invalid,
        })
    }
}
