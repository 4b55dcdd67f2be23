//! The effect of a failed call on the org.

use http::StatusCode;

use crate::code;

/// What is known about the effect of a call that failed.
///
/// Only certain facts are reported; in case of doubt it is [`Outcome::Unknown`], and the state has to be read back before
/// anything is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing has left this machine: the call was rejected locally, there was no connection, or it still waited for the
    /// pacer.
    NotSent,
    /// Okta has refused it. Nothing was changed.
    Refused,
    /// It may have been executed, now or later: no response came, Okta failed, or the response cannot be read.
    Unknown,
}

impl Outcome {
    /// Returns the outcome that a response without success implies.
    pub(crate) fn from_response(status: StatusCode, okta_code: Option<&str>) -> Self {
        match (status.as_u16(), okta_code) {
            // Okta's own statement that it does not support this, or changes nothing at present.
            (501, Some(code::UNSUPPORTED)) | (503, Some(code::READ_ONLY)) => Self::Refused,
            // An intermediary timed out, waiting for us or for Okta.
            (408, _) => Self::Unknown,
            (400..=499, _) => Self::Refused,
            // A server may fail after it has made the change, and a redirect can follow one.
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_a_clear_refusal_is_one() {
        let outcome = |status, code| Outcome::from_response(StatusCode::from_u16(status).unwrap(), code);
        for status in [400, 401, 403, 404, 405, 409, 410, 412, 423, 429] {
            assert_eq!(outcome(status, None), Outcome::Refused, "{status}");
        }
        for status in [301, 302, 303, 307, 408, 500, 501, 502, 503, 504, 520] {
            assert_eq!(outcome(status, None), Outcome::Unknown, "{status}");
            assert_eq!(outcome(status, Some("E0000009")), Outcome::Unknown, "{status}");
        }
        assert_eq!(outcome(501, Some("E0000060")), Outcome::Refused);
        assert_eq!(outcome(503, Some("E0000010")), Outcome::Refused);
        assert_eq!(outcome(500, Some("E0000010")), Outcome::Unknown);
    }
}
