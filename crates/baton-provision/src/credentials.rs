//! Credentials: what is wanted for a new account, new ones for an old account.

use baton_connector::provision::{CredentialWish, IssuedSecret};
use baton_connector::{Change, ChangeError, Code, Provisioner};
use baton_proto::c1::connector::v2::credential_options::{Options, RandomPassword};
use baton_proto::c1::connector::v2::{
    CredentialOptions, EncryptionConfig, IssueCredentialRequest, IssueCredentialResponse, RotateCredentialRequest,
    RotateCredentialResponse,
};

use crate::accounts::lost;
use crate::check;
use crate::encrypt::{ClientKey, Recipients};
use crate::outcome::{Done, What};

/// The lengths that a random password may be asked to have, in characters.
const LENGTHS: std::ops::RangeInclusive<i64> = 8..=64;

/// The longest that the id of a request may be, in characters.
const REQUEST_ID_LIMIT: usize = 128;

/// What the options of a request ask for. A password that comes encrypted is decrypted with `key`.
///
/// # Errors
/// The options are empty, out of range, contradict the `configs`, or hold no password for `key`.
pub fn credential_wish(
    options: Option<&CredentialOptions>,
    configs: &[EncryptionConfig],
    key: Option<&ClientKey>,
) -> Result<CredentialWish, ChangeError> {
    let Some(CredentialOptions { options, force_change_at_next_login }) = options else {
        return Ok(CredentialWish::Unspecified);
    };
    let change_at_next_login = *force_change_at_next_login;
    let refused = |message: &str| Err(ChangeError::new(Code::InvalidArgument, message));
    match options {
        None => refused("invalid credential options"),
        Some(Options::NoPassword(_)) => Ok(CredentialWish::NoPassword),
        Some(Options::Sso(sso)) => Ok(CredentialWish::SingleSignOn { provider: sso.sso_provider.clone() }),
        Some(Options::RandomPassword(RandomPassword { length, .. })) if !LENGTHS.contains(length) => {
            Err(check::invalid("CredentialOptions_RandomPassword", "Length", "value must be inside range [8, 64]"))
        }
        Some(Options::RandomPassword(RandomPassword { length, constraints })) => {
            let constraints = constraints.clone();
            Ok(CredentialWish::RandomPassword { length: *length, constraints, change_at_next_login })
        }
        Some(Options::EncryptedPassword(_)) if !configs.is_empty() => {
            refused("encryption configs should never be supplied for encrypted passwords")
        }
        Some(Options::EncryptedPassword(password)) => {
            let key = key.ok_or_else(|| ChangeError::new(Code::InvalidArgument, "client-secret is required"))?;
            let password = key.decrypt(&password.encrypted_passwords)?;
            Ok(CredentialWish::Password { password, change_at_next_login })
        }
    }
}

/// Gives an account new credentials, encrypted to all keys of the request, which are tried out first.
///
/// # Errors
/// The request is not whole or a key cannot be used (nothing was done then), or the connector failed.
pub async fn rotate_credentials(
    provisioner: &dyn Provisioner,
    request: &RotateCredentialRequest,
    key: Option<&ClientKey>,
    change: &Change,
) -> Result<Done<RotateCredentialResponse>, ChangeError> {
    let id = check::required("RotateCredentialRequest", "ResourceId", request.resource_id.as_ref())?;
    check::resource_id(id)?;
    let recipients = Recipients::new(&request.encryption_configs)?;
    let wish = credential_wish(request.credential_options.as_ref(), &request.encryption_configs, key)?;
    let secrets: Vec<IssuedSecret> = provisioner.rotate_credentials(id, &wish, change).await?;
    let encrypted_data = recipients.encrypt(&secrets).map_err(|error| lost(&error, "the credentials were changed"))?;
    let response = RotateCredentialResponse { encrypted_data, resource_id: Some(id.clone()), annotations: Vec::new() };
    Ok(Done::new(What::Rotated, None, response))
}

/// Issues a credential beside those that an account has. No connector here can: once the request is known to be whole,
/// that is said.
///
/// # Errors
/// Always: the request is not whole ([`Code::InvalidArgument`]), or it cannot be met ([`Code::Unimplemented`]).
pub fn issue_credential(request: &IssueCredentialRequest) -> Result<Done<IssueCredentialResponse>, ChangeError> {
    let id = check::required("IssueCredentialRequest", "IdentityId", request.identity_id.as_ref())?;
    check::resource_id(id)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !(1..=REQUEST_ID_LIMIT).contains(&request.request_id.len()) || !request.request_id.chars().all(plain) {
        let rule = "value must be 1 to 128 letters, digits, \"_\" or \"-\"";
        return Err(check::invalid("IssueCredentialRequest", "RequestId", rule));
    }
    if request.encryption_configs.is_empty() {
        let rule = "value must contain at least 1 item(s)";
        return Err(check::invalid("IssueCredentialRequest", "EncryptionConfigs", rule));
    }
    Recipients::new(&request.encryption_configs)?;
    let message = format!("resource type {} does not have credential issuing configured", id.resource_type);
    Err(ChangeError::new(Code::Unimplemented, message))
}
