//! Making accounts.

use baton_connector::provision::{AccountMade, AccountOutcome, AccountRequest, StateAfter};
use baton_connector::{Change, ChangeError, Code, Provisioner};
use baton_proto::c1::connector::v2::create_account_response::{
    ActionRequiredResult, AlreadyExistsResult, InProgressResult, Result as Outcome, SuccessResult,
};
use baton_proto::c1::connector::v2::{CreateAccountRequest, CreateAccountResponse, EncryptedData};

use crate::check;
use crate::credentials::credential_wish;
use crate::encrypt::{ClientKey, Recipients};
use crate::outcome::{Done, What};

/// The resource type of accounts when a connector has several and nobody says which.
const USUAL_TYPE: &str = "user";

/// Makes an account, and encrypts what was made up for it to all keys of the request. The keys are tried out first: an
/// account whose password nobody can read is not made.
///
/// `key` is the private half for passwords that come encrypted.
///
/// # Errors
/// The request is not whole or a key cannot be used (nothing was done then), or the connector failed.
pub async fn create_account(
    provisioner: &dyn Provisioner,
    request: &CreateAccountRequest,
    key: Option<&ClientKey>,
    change: &Change,
) -> Result<Done<CreateAccountResponse>, ChangeError> {
    let info = check::required("CreateAccountRequest", "AccountInfo", request.account_info.as_ref())?;
    check::account(info)?;
    let resource_type = account_type(provisioner, &request.resource_type_id)?;
    let recipients = Recipients::new(&request.encryption_configs)?;
    let credential = credential_wish(request.credential_options.as_ref(), &request.encryption_configs, key)?;

    let account = AccountRequest { info: info.clone(), credential };
    let made = provisioner.create_account(&resource_type, &account, change).await?;
    let encrypted = recipients.encrypt(&made.secrets).map_err(|error| lost(&error, "the account was made"))?;
    Ok(done(made, encrypted))
}

/// The type of which an account is wanted (`docs/spec/connector-runtime.md` 4.1).
fn account_type(provisioner: &dyn Provisioner, asked: &str) -> Result<String, ChangeError> {
    let types = provisioner.account_types();
    let wanted = match (asked, types) {
        ("", [only]) => only,
        ("", _) => USUAL_TYPE,
        (asked, _) => asked,
    };
    if types.contains(&wanted) {
        return Ok(wanted.to_owned());
    }
    let hint = if types.is_empty() { String::new() } else { format!("\nhint: it makes {}", types.join(", ")) };
    let message = format!("connector does not have account manager configured for resource type: {wanted}{hint}");
    Err(ChangeError::new(Code::Unimplemented, message))
}

/// A failure to hand over a secret after the change itself was made.
pub(crate) fn lost(error: &ChangeError, what: &str) -> ChangeError {
    let message = format!("{what}, but its secret could not be encrypted and is lost: {}", error.message);
    ChangeError::new(error.code, message).leaving(StateAfter::Partial)
}

fn done(made: AccountMade, encrypted_data: Vec<EncryptedData>) -> Done<CreateAccountResponse> {
    let AccountMade { outcome, resource, secrets: _, note } = made;
    let is_create_account_result = true;
    let (what, result) = match outcome {
        AccountOutcome::Created => (
            What::Created,
            Outcome::Success(SuccessResult { resource, is_create_account_result, invitation_expires_at: None }),
        ),
        AccountOutcome::AlreadyExists => {
            (What::AlreadyExists, Outcome::AlreadyExists(AlreadyExistsResult { resource, is_create_account_result }))
        }
        AccountOutcome::ActionRequired(message) => (
            What::ActionRequired,
            Outcome::ActionRequired(ActionRequiredResult { resource, message, is_create_account_result }),
        ),
        AccountOutcome::InProgress => {
            (What::InProgress, Outcome::InProgress(InProgressResult { resource, is_create_account_result }))
        }
    };
    Done::new(what, note, CreateAccountResponse { result: Some(result), encrypted_data, annotations: Vec::new() })
}
