//! The rules of the wire for what a request must hold (`docs/spec/connector-runtime.md` 3.9).

use baton_connector::{ChangeError, Code};
use baton_proto::c1::connector::v2::{AccountInfo, Entitlement, ResourceId};

/// The longest that an id may be, in bytes.
const ID_LIMIT: usize = 1024;

/// The message inside, if it is there.
pub(crate) fn required<'a, T>(message: &'static str, field: &str, value: Option<&'a T>) -> Result<&'a T, ChangeError> {
    value.ok_or_else(|| invalid(message, field, "value is required"))
}

/// Checks an id.
pub(crate) fn id(message: &'static str, field: &str, value: &str) -> Result<(), ChangeError> {
    if (1..=ID_LIMIT).contains(&value.len()) {
        return Ok(());
    }
    Err(invalid(message, field, "value length must be between 1 and 1024 bytes, inclusive"))
}

/// Checks both parts of a resource's id.
pub(crate) fn resource_id(id_: &ResourceId) -> Result<(), ChangeError> {
    id("ResourceId", "ResourceType", &id_.resource_type)?;
    id("ResourceId", "Resource", &id_.resource)
}

/// Checks an entitlement: it has an id, and a resource with one, which comes back.
pub(crate) fn entitlement(entitlement: &Entitlement) -> Result<&ResourceId, ChangeError> {
    id("Entitlement", "Id", &entitlement.id)?;
    let resource = required("Entitlement", "Resource", entitlement.resource.as_ref())?;
    let of = required("Resource", "Id", resource.id.as_ref())?;
    resource_id(of)?;
    Ok(of)
}

/// Checks the addresses of a new account.
pub(crate) fn account(info: &AccountInfo) -> Result<(), ChangeError> {
    for email in &info.emails {
        if !is_address(&email.address) {
            return Err(invalid("AccountInfo_Email", "Address", "value must be a valid email address"));
        }
    }
    Ok(())
}

/// Whether a text has the form of an e-mail address: one that a mail server could be asked about.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control());
    plain(local) && plain(domain) && !domain.starts_with('.') && !domain.ends_with('.') && local.len() <= 64
}

/// A request that breaks a rule.
pub(crate) fn invalid(message: &str, field: &str, rule: &str) -> ChangeError {
    ChangeError::new(Code::InvalidArgument, format!("invalid {message}.{field}: {rule}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn ids_have_one_to_1024_bytes() {
        assert!(id("Grant", "Id", "x").is_ok() && id("Grant", "Id", &"x".repeat(1024)).is_ok());
        for wrong in [String::new(), "x".repeat(1025), "ü".repeat(513)] {
            let error = id("Grant", "Id", &wrong).unwrap_err();
            assert_eq!(error.code, Code::InvalidArgument);
            assert!(error.message.starts_with("invalid Grant.Id: "), "{}", error.message);
        }
    }

    #[test]
    fn addresses() {
        for good in ["a@b", "ada.lovelace+x@example.com", "\"a@b\"@c.d", "ü@ö.example"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b c", "a@.b", "a@b.", "a\n@b"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
