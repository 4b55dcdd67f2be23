//! One-shot changes (`docs/spec/connector-runtime.md` 1.7): one request to the connector, one result on stdout.

use std::path::Path;
use std::sync::Arc;

use baton_connector::{Change, ChangeError, Code, Provisioner, Purpose};
use baton_proto::c1::connector::v2::create_account_response::Result as Made;
use baton_proto::c1::connector::v2::credential_options::{NoPassword, Options, RandomPassword};
use baton_proto::c1::connector::v2::{
    AccountInfo, Capability, CreateAccountRequest, CreateAccountResponse, CredentialOptions, DeleteResourceRequest,
    EncryptionConfig, Resource, ResourceId, RotateCredentialRequest, account_info,
};
use baton_proto::json as protobuf;
use baton_provision::{Done, Lookup, What, actions, encrypt};
use prost_types::Struct;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::flags::{CREDENTIAL_KEY, DRY_RUN};
use crate::free_form;
use crate::logs::Level;
use crate::operation::Operation;
use crate::outcome::{self, Asked, Outcome};
use crate::session::Session;
use crate::settings::Settings;

/// How long a made-up password is, in characters (`docs/spec/connector-runtime.md` 1.7).
const PASSWORD_LENGTH: i64 = 20;

/// The largest public key file that is read, in bytes.
const KEY_FILE_LIMIT: u64 = 64 * 1024;

/// What a change needs besides the connector, read from settings and files before the connector is made.
enum Request {
    Grant { entitlement: String, principal_type: String, principal: String },
    Revoke { grant: String },
    CreateAccount(CreateAccountRequest),
    Delete(ResourceId),
    Rotate(ResourceId, Vec<EncryptionConfig>),
    Invoke { name: String, resource_type: String, args: Struct },
}

/// Makes the change and tells what came of it.
pub(crate) async fn run(operation: Operation, session: &Session) -> Result<(), Failure> {
    let settings = &session.settings;
    let (request, asked) = request(operation, settings)?;
    let change = if settings.switch(DRY_RUN) { Change::dry_run() } else { Change::apply() };
    let result = match provisioner(session) {
        Ok(provisioner) => carry_out(session, provisioner?.as_ref(), request, &change).await,
        Err(error) => Err(error),
    };
    outcome::tell(session, &asked, &change.steps(), result)
}

/// The connector's writing side. The outer error is the operation's, the inner one that of the settings.
pub(crate) fn provisioner(session: &Session) -> Result<Result<Arc<dyn Provisioner>, Failure>, ChangeError> {
    let built = session.connector(Purpose::Change, session.cancel.clone());
    match built {
        Err(failure) => Ok(Err(failure)),
        Ok(connector) => connector.provisioner.map(Ok).ok_or_else(|| {
            let message = format!("{} cannot change anything in {}", session.program.name(), session.program.system());
            ChangeError::new(Code::Unimplemented, message)
        }),
    }
}

/// What the settings ask for.
fn request(operation: Operation, settings: &Settings) -> Result<(Request, Asked), Failure> {
    let text = |name: &str| settings.text(name).to_owned();
    let (request, what, words) = match operation {
        Operation::Grant => {
            let [entitlement, principal_type, principal] =
                ["grant-entitlement", "grant-principal-type", "grant-principal"].map(text);
            let what = json!({
                "entitlement": entitlement, "principal_type": principal_type, "principal": principal,
            });
            let words = format!("giving {entitlement} to {principal_type} {principal}");
            (Request::Grant { entitlement, principal_type, principal }, what, words)
        }
        Operation::Revoke => {
            let grant = text("revoke-grant");
            let (what, words) = (json!({ "grant": grant }), format!("taking {grant} away"));
            (Request::Revoke { grant }, what, words)
        }
        Operation::CreateAccount => {
            let request = account(settings)?;
            let info = request.account_info.clone().unwrap_or_default();
            let profile = info.profile.as_ref().map(free_form::to_json);
            let what = json!({"resource_type": request.resource_type_id, "profile": profile});
            let words = format!("making the account {}", name_of(&info));
            (Request::CreateAccount(request), what, words)
        }
        Operation::DeleteResource => {
            let id = resource_id(settings, "delete-resource-type", "delete-resource");
            let words = format!("deleting {} {}", id.resource_type, id.resource);
            let what = json!({"resource_type": id.resource_type, "resource": id.resource});
            (Request::Delete(id), what, words)
        }
        Operation::RotateCredentials => {
            let id = resource_id(settings, "rotate-credentials-type", "rotate-credentials");
            let words = format!("giving {} {} new credentials", id.resource_type, id.resource);
            let what = json!({"resource_type": id.resource_type, "resource": id.resource});
            (Request::Rotate(id, public_key(settings)?.into_iter().collect()), what, words)
        }
        _ => {
            let (name, resource_type) = (text("invoke-action"), text("invoke-action-resource-type"));
            let args = object("invoke-action-args", settings.text("invoke-action-args"))?;
            let what = json!({
                "action": name, "resource_type": resource_type, "arguments": free_form::to_json(&args),
            });
            let words = format!("calling {name}");
            (Request::Invoke { name, resource_type, args }, what, words)
        }
    };
    Ok((request, Asked { operation, what, words }))
}

async fn carry_out(
    session: &Session,
    provisioner: &dyn Provisioner,
    request: Request,
    change: &Change,
) -> Result<Outcome, ChangeError> {
    match request {
        Request::Grant { entitlement, principal_type, principal } => {
            let request = lookup(session)?.grant_request(&entitlement, &principal_type, &principal)?;
            let done = baton_provision::grant(provisioner, &request, change).await?;
            let text = match done.what {
                What::AlreadyExists => format!("already exists: {principal_type} {principal} has {entitlement}"),
                _ => format!("granted {entitlement} to {principal_type} {principal}"),
            };
            Ok(plain(done, text))
        }
        Request::Revoke { grant } => {
            let request = lookup(session)?.revoke_request(&grant)?;
            let done = baton_provision::revoke(provisioner, &request, change).await?;
            let text = match done.what {
                What::AlreadyRevoked => format!("already revoked: {grant}"),
                _ => format!("revoked {grant}"),
            };
            Ok(plain(done, text))
        }
        Request::CreateAccount(request) => {
            let done = baton_provision::create_account(provisioner, &request, None, change).await?;
            Ok(account_outcome(&request, done))
        }
        Request::Delete(id) => {
            let name = format!("{} {}", id.resource_type, id.resource);
            let request = DeleteResourceRequest { resource_id: Some(id), parent_resource_id: None };
            let done = baton_provision::delete_resource(provisioner, &request, change).await?;
            let text = match done.what {
                What::AlreadyDeleted => format!("already deleted: there is no {name}"),
                _ => format!("deleted {name}"),
            };
            Ok(plain(done, text))
        }
        Request::Rotate(id, keys) => rotate(session, provisioner, id, keys, change).await,
        Request::Invoke { name, resource_type, args } => {
            let done = actions::invoke(provisioner, &name, &resource_type, args, change).await?;
            let response = free_form::to_json(&done.response.values);
            let fields = json!({"name": name, "status": "BATON_ACTION_STATUS_COMPLETE", "response": response});
            session.logger.record(Level::Info, "ActionInvoke response", members(fields));
            let told = Some(super::actions::told(&response)).filter(|told| !told.is_empty());
            let told = told.map_or_else(String::new, |told| format!("; {told}"));
            let text = format!("{name}: {}{told}", done.what.as_str());
            Ok(Outcome { more: members(json!({ "response": response })), ..plain(done, text) })
        }
    }
}

fn lookup(session: &Session) -> Result<Lookup, ChangeError> {
    let temp_dir = session.temp_dir().map_err(|failure| ChangeError::new(Code::Unknown, failure.to_string()))?;
    Lookup::open(session.file(), temp_dir.as_deref())
}

/// The outcome of whatever has no more to tell than its kind.
fn plain<R>(done: Done<R>, text: String) -> Outcome {
    Outcome {
        word: done.what.as_str(),
        unchanged: done.what.is_unchanged(),
        text,
        notes: done.note.into_iter().collect(),
        more: Map::new(),
        encrypted: Vec::new(),
    }
}

fn resource_id(settings: &Settings, resource_type: &str, id: &str) -> ResourceId {
    let (resource_type, resource) = (settings.text(resource_type).to_owned(), settings.text(id).to_owned());
    ResourceId { resource_type, resource, ..ResourceId::default() }
}

/// The request for a new account. Without a key nobody could ever learn a made-up password, so there is none.
fn account(settings: &Settings) -> Result<CreateAccountRequest, Failure> {
    let mut profile = object("create-account-profile", settings.text("create-account-profile"))?;
    for name in ["login", "email"] {
        let given = settings.text(&format!("create-account-{name}")).to_owned();
        if !given.is_empty() && !profile.fields.contains_key(name) {
            profile.fields.insert(name.to_owned(), prost_types::Value::from(given));
        }
    }
    let info = info(profile)?;
    let key = public_key(settings)?;
    let options = match &key {
        Some(_) => Options::RandomPassword(RandomPassword { length: PASSWORD_LENGTH, constraints: Vec::new() }),
        None => Options::NoPassword(NoPassword::default()),
    };
    Ok(CreateAccountRequest {
        account_info: Some(info),
        credential_options: Some(CredentialOptions { options: Some(options), force_change_at_next_login: false }),
        encryption_configs: key.into_iter().collect(),
        resource_type_id: settings.text("create-account-resource-type").to_owned(),
    })
}

/// Login and address of an account stand beside its profile on the wire.
fn info(profile: Struct) -> Result<AccountInfo, Failure> {
    let text = |name: &str| match profile.fields.get(name).and_then(|value| value.kind.as_ref()) {
        Some(prost_types::value::Kind::StringValue(text)) => text.clone(),
        _ => String::new(),
    };
    let (login, email) = (text("login"), text("email"));
    if login.is_empty() && email.is_empty() {
        return Err(Failure::new(
            "the profile of the new account has neither a text \"login\" nor a text \"email\"\n\
             hint: add one to --create-account-profile, or give --create-account-login",
        ));
    }
    let email = Some(email).filter(|email| !email.is_empty());
    let emails = email.map(|address| account_info::Email { address, is_primary: true }).into_iter().collect();
    Ok(AccountInfo { emails, login, login_aliases: Vec::new(), profile: Some(profile) })
}

fn name_of(info: &AccountInfo) -> &str {
    match info.emails.first() {
        Some(email) if info.login.is_empty() => &email.address,
        _ => &info.login,
    }
}

fn account_outcome(request: &CreateAccountRequest, done: Done<CreateAccountResponse>) -> Outcome {
    let name = request.account_info.as_ref().map_or("", name_of).to_owned();
    let asked_for_password = !request.encryption_configs.is_empty();
    let Done { what, note, response } = done;
    let resource: Option<Resource> = match response.result {
        Some(Made::Success(of)) => of.resource,
        Some(Made::ActionRequired(of)) => of.resource,
        Some(Made::AlreadyExists(of)) => of.resource,
        Some(Made::InProgress(of)) => of.resource,
        None => None,
    };
    let id = resource.as_ref().and_then(|resource| resource.id.as_ref());
    let of = id.map_or_else(|| name.clone(), |id| format!("{} {} ({name})", id.resource_type, id.resource));
    let mut notes: Vec<String> = note.into_iter().collect();
    if what == What::Created && !asked_for_password {
        notes
            .push(format!("the account has no password; with --{CREDENTIAL_KEY} one is made up and printed encrypted"));
    }
    let text = match what {
        What::AlreadyExists => format!("already exists: {of}, left as it is"),
        What::ActionRequired => format!("created {of}; something has to be done before it can be used"),
        What::InProgress => format!("{of} is being made"),
        _ => format!("created {of}"),
    };
    let mut more = Map::new();
    if let Some(resource) = resource.as_ref().and_then(|resource| protobuf::to_value(resource).ok()) {
        more.insert("resource".to_owned(), resource);
    }
    if what == What::Created {
        let password = if response.encrypted_data.is_empty() { "none" } else { "encrypted" };
        more.insert("password".to_owned(), password.into());
    }
    Outcome {
        word: what.as_str(),
        unchanged: what.is_unchanged(),
        text,
        notes,
        more,
        encrypted: response.encrypted_data,
    }
}

async fn rotate(
    session: &Session,
    provisioner: &dyn Provisioner,
    id: ResourceId,
    keys: Vec<EncryptionConfig>,
    change: &Change,
) -> Result<Outcome, ChangeError> {
    let description = session.program.description();
    let can = |abilities: &&[Capability]| abilities.contains(&Capability::CredentialRotation);
    let rotates = description.types.iter().any(|(of, abilities)| of.id == id.resource_type && can(abilities));
    if rotates && keys.is_empty() {
        let message =
            format!("new credentials need somebody who can read them: name a public key with --{CREDENTIAL_KEY}");
        return Err(ChangeError::new(Code::InvalidArgument, message));
    }
    let options = Options::RandomPassword(RandomPassword { length: PASSWORD_LENGTH, constraints: Vec::new() });
    let text = format!("rotated the credentials of {} {}", id.resource_type, id.resource);
    let request = RotateCredentialRequest {
        resource_id: Some(id),
        credential_options: Some(CredentialOptions { options: Some(options), force_change_at_next_login: false }),
        encryption_configs: keys,
    };
    let done = baton_provision::rotate_credentials(provisioner, &request, None, change).await?;
    let encrypted = done.response.encrypted_data.clone();
    Ok(Outcome { encrypted, ..plain(done, text) })
}

/// The key to which a made-up password is encrypted, if one is named.
fn public_key(settings: &Settings) -> Result<Option<EncryptionConfig>, Failure> {
    let path = settings.text(CREDENTIAL_KEY);
    if path.is_empty() {
        return Ok(None);
    }
    let refused = |reason: String| Failure::new(format!("--{CREDENTIAL_KEY} {path}: {reason}"));
    let size = Path::new(path).metadata().map_err(|error| refused(error.to_string()))?.len();
    if size > KEY_FILE_LIMIT {
        return Err(refused("it is too large for a public key".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    encrypt::public_key::parse(&text).map(Some).map_err(refused)
}

/// The JSON object in a setting; an empty text has no members.
fn object(name: &str, text: &str) -> Result<Struct, Failure> {
    let refused = |reason: String| Failure::new(format!("--{name} must be a JSON object: {reason}"));
    let text = if text.is_empty() { "{}" } else { text };
    free_form::from_text(text).map_err(refused)
}

fn members(value: Value) -> Map<String, Value> {
    if let Value::Object(members) = value { members } else { Map::new() }
}
