//! The query of a request.

use crate::refusal::Refusal;

/// Decoded parameters, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the part of an URL after the `?`.
    pub(crate) fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The value of a parameter; an empty one counts as not given.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether `expand` asks for this.
    pub(crate) fn expands(&self, what: &str) -> bool {
        self.get("expand").is_some_and(|list| list.split(',').any(|item| item.trim() == what))
    }

    /// The page size to use: what was asked for, cut to `max` without a word, or `default`.
    pub(crate) fn limit(&self, default: usize, max: usize) -> Result<usize, Refusal> {
        let Some(text) = self.get("limit") else { return Ok(default.min(max)) };
        match text.parse::<i64>() {
            Ok(limit) if limit > 0 => Ok(usize::try_from(limit).unwrap_or(max).min(max)),
            Ok(_) => Err(Refusal::invalid_parameter("limit", "must be greater than or equal to 1")),
            Err(_) => Err(Refusal::invalid_parameter("limit", "must be a number")),
        }
    }
}
