//! The operations on a connector that notes what it is asked for.

#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use age::secrecy::SecretString;
use baton_connector::provision::{
    AccountMade, AccountOutcome, AccountRequest, CredentialWish, Deleted, Granted, IssuedSecret, Revoked, StateAfter,
};
use baton_connector::{Change, ChangeError, Code, Provisioner, build};
use baton_proto::any;
use baton_proto::c1::connector::v2::credential_options::{EncryptedPassword, NoPassword, Options, RandomPassword, Sso};
use baton_proto::c1::connector::v2::encryption_config::{AgeRecipientConfig, Config};
use baton_proto::c1::connector::v2::grant_sources::GrantSource;
use baton_proto::c1::connector::v2::*;
use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretSlice};

use super::*;

/// A connector whose answers are what its fields say.
struct Made {
    already: bool,
    outcome: AccountOutcome,
    types: &'static [&'static str],
    calls: Mutex<Vec<String>>,
}

impl Default for Made {
    fn default() -> Self {
        Self { already: false, outcome: AccountOutcome::Created, types: &["user"], calls: Mutex::default() }
    }
}

impl Made {
    fn note(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl Provisioner for Made {
    fn grant<'a>(
        &'a self,
        entitlement: &'a Entitlement,
        _: &'a Resource,
        _: &'a Change,
    ) -> BoxFuture<'a, Result<Granted, ChangeError>> {
        self.note(format!("grant {}", entitlement.id));
        async { Ok(Granted { already: self.already, note: Some("so it is".to_owned()) }) }.boxed()
    }

    fn revoke<'a>(&'a self, grant: &'a Grant, _: &'a Change) -> BoxFuture<'a, Result<Revoked, ChangeError>> {
        self.note(format!("revoke {}", grant.id));
        async { Ok(Revoked { already: self.already, note: None }) }.boxed()
    }

    fn account_types(&self) -> &'static [&'static str] {
        self.types
    }

    fn create_account<'a>(
        &'a self,
        resource_type: &'a str,
        account: &'a AccountRequest,
        _: &'a Change,
    ) -> BoxFuture<'a, Result<AccountMade, ChangeError>> {
        self.note(format!("create {resource_type} {:?}", account.credential));
        let secrets = match &account.credential {
            CredentialWish::RandomPassword { length, constraints, .. } => {
                vec![issued(passwords::generate(*length, constraints).unwrap().expose_secret())]
            }
            CredentialWish::Password { password, .. } => {
                self.note(format!("with {}", password.expose_secret()));
                Vec::new()
            }
            _ => Vec::new(),
        };
        let resource = Some(build::resource(resource_type, "u9", "Ada"));
        async { Ok(AccountMade { outcome: self.outcome.clone(), resource, secrets, note: None }) }.boxed()
    }

    fn create_resource<'a>(
        &'a self,
        resource: &'a Resource,
        _: &'a Change,
    ) -> BoxFuture<'a, Result<Resource, ChangeError>> {
        self.note("create resource".to_owned());
        async { Ok(resource.clone()) }.boxed()
    }

    fn delete_resource<'a>(
        &'a self,
        resource: &'a ResourceId,
        parent: Option<&'a ResourceId>,
        _: &'a Change,
    ) -> BoxFuture<'a, Result<Deleted, ChangeError>> {
        self.note(format!("delete {} of {:?}", resource.resource, parent.map(|parent| &parent.resource)));
        async { Ok(Deleted { already: self.already, note: None }) }.boxed()
    }

    fn rotate_credentials<'a>(
        &'a self,
        _: &'a ResourceId,
        _: &'a CredentialWish,
        _: &'a Change,
    ) -> BoxFuture<'a, Result<Vec<IssuedSecret>, ChangeError>> {
        self.note("rotate".to_owned());
        async { Ok(vec![issued("new")]) }.boxed()
    }
}

/// A connector that can do nothing.
struct Nothing;

impl Provisioner for Nothing {}

fn issued(text: &str) -> IssuedSecret {
    let bytes = SecretSlice::from(text.as_bytes().to_vec());
    IssuedSecret { name: "password".to_owned(), description: String::new(), schema: String::new(), bytes }
}

fn member() -> Entitlement {
    let group = build::resource("group", "g1", "Group");
    build::assignment(&group, "member", "member".to_owned(), String::new(), Vec::new(), String::new())
}

fn grant_request() -> GrantManagerServiceGrantRequest {
    GrantManagerServiceGrantRequest {
        entitlement: Some(member()),
        principal: Some(build::resource("user", "u1", "Ada")),
        annotations: Vec::new(),
    }
}

/// The request to take away a grant that comes through these entitlements.
fn revoke_request(sources: &[&str], immutable: bool) -> GrantManagerServiceRevokeRequest {
    let sources = sources.iter().map(|source| ((*source).to_owned(), GrantSource { is_direct: true })).collect();
    let grant = Grant {
        entitlement: Some(member()),
        principal: Some(build::resource("user", "u1", "Ada")),
        id: "group:g1:member:user:u1".to_owned(),
        sources: Some(GrantSources { sources }),
        annotations: if immutable { vec![any::pack(&GrantImmutable::default())] } else { Vec::new() },
    };
    GrantManagerServiceRevokeRequest { grant: Some(grant), annotations: Vec::new() }
}

fn account_request(options: Option<Options>, configs: Vec<EncryptionConfig>) -> CreateAccountRequest {
    CreateAccountRequest {
        account_info: Some(AccountInfo { login: "ada".to_owned(), ..AccountInfo::default() }),
        credential_options: Some(CredentialOptions { options, force_change_at_next_login: true }),
        encryption_configs: configs,
        resource_type_id: String::new(),
    }
}

fn random(length: i64) -> Option<Options> {
    Some(Options::RandomPassword(RandomPassword { length, constraints: Vec::new() }))
}

fn to(recipient: &str) -> EncryptionConfig {
    let config = Config::AgeRecipientConfig(AgeRecipientConfig { recipient: recipient.to_owned() });
    EncryptionConfig { config: Some(config), ..EncryptionConfig::default() }
}

#[tokio::test]
async fn grants_and_revocations_tell_what_was_so_already() {
    let change = Change::apply();
    let [fresh, old] = [false, true].map(|already| Made { already, ..Made::default() });
    let done = grant(&fresh, &grant_request(), &change).await.unwrap();
    assert_eq!(
        (done.what, done.note.as_deref(), done.response.annotations.len()),
        (What::Granted, Some("so it is"), 0)
    );
    let done = grant(&old, &grant_request(), &change).await.unwrap();
    assert_eq!(done.what, What::AlreadyExists);
    assert!(any::is::<GrantAlreadyExists>(&done.response.annotations[0]));

    let done = revoke(&fresh, &revoke_request(&[], false), &change).await.unwrap();
    assert_eq!((done.what, done.response.annotations.len()), (What::Revoked, 0));
    let done = revoke(&old, &revoke_request(&[], false), &change).await.unwrap();
    assert_eq!(done.what, What::AlreadyRevoked);
    assert!(any::is::<GrantAlreadyRevoked>(&done.response.annotations[0]));
    assert!(done.what.is_unchanged() && !What::Revoked.is_unchanged());
}

#[tokio::test]
async fn what_comes_through_others_only_is_not_revoked() {
    let made = Made::default();
    let through = "group:g2:member";
    for (sources, immutable) in [(&[][..], true), (&[through], false), (&[through, "group:g1:member"], true)] {
        // The last word is the connector's, which sees how things stand now.
        assert!(revoke(&made, &revoke_request(sources, immutable), &Change::apply()).await.is_ok(), "{sources:?}");
    }
    assert_eq!(made.calls().len(), 3);
    let error = revoke(&made, &revoke_request(&[through], true), &Change::apply()).await.unwrap_err();
    assert_eq!((error.code, error.state), (Code::FailedPrecondition, StateAfter::Unchanged));
    assert!(error.message.contains("it comes through group:g2:member\n"), "{}", error.message);
    assert!(error.message.ends_with("group:g2:member:user:u1"), "{}", error.message);
    assert_eq!(made.calls().len(), 3, "the connector is not asked");
}

#[tokio::test]
async fn what_belongs_to_another_connector_is_left_alone() {
    let made = Made::default();
    let external = |entitlement: &mut Option<Entitlement>| {
        let resource = entitlement.as_mut().unwrap().resource.as_mut().unwrap();
        resource.annotations.push(any::pack(&BatonId::default()));
    };
    let mut request = grant_request();
    external(&mut request.entitlement);
    let error = grant(&made, &request, &Change::apply()).await.unwrap_err();
    assert_eq!(error.message, "cannot grant entitlement on external resource");
    let mut request = revoke_request(&[], false);
    external(&mut request.grant.as_mut().unwrap().entitlement);
    let error = revoke(&made, &request, &Change::apply()).await.unwrap_err();
    assert_eq!(error.message, "cannot revoke grant on external resource");
    assert_eq!(made.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn requests_that_are_not_whole_are_refused() {
    let (made, change) = (Made::default(), Change::apply());
    let refused = |error: ChangeError, text: &str| {
        assert_eq!(error.code, Code::InvalidArgument);
        assert_eq!(error.message, text);
    };
    let request = GrantManagerServiceGrantRequest { entitlement: None, ..grant_request() };
    let text = "invalid GrantManagerServiceGrantRequest.Entitlement: value is required";
    refused(grant(&made, &request, &change).await.unwrap_err(), text);
    let request = GrantManagerServiceGrantRequest { principal: None, ..grant_request() };
    let text = "invalid GrantManagerServiceGrantRequest.Principal: value is required";
    refused(grant(&made, &request, &change).await.unwrap_err(), text);
    let request = GrantManagerServiceGrantRequest {
        entitlement: Some(Entitlement { resource: None, ..member() }),
        ..grant_request()
    };
    refused(grant(&made, &request, &change).await.unwrap_err(), "invalid Entitlement.Resource: value is required");
    let request = GrantManagerServiceRevokeRequest::default();
    let text = "invalid GrantManagerServiceRevokeRequest.Grant: value is required";
    refused(revoke(&made, &request, &change).await.unwrap_err(), text);
    let request = CreateAccountRequest::default();
    let text = "invalid CreateAccountRequest.AccountInfo: value is required";
    refused(create_account(&made, &request, None, &change).await.unwrap_err(), text);
    let request = DeleteResourceRequest { resource_id: Some(build::resource_id("group", "")), ..Default::default() };
    let text = "invalid ResourceId.Resource: value length must be between 1 and 1024 bytes, inclusive";
    refused(delete_resource(&made, &request, &change).await.unwrap_err(), text);
    let text = "invalid CreateResourceRequest.Resource: value is required";
    refused(create_resource(&made, &CreateResourceRequest::default(), &change).await.unwrap_err(), text);
    let text = "invalid RotateCredentialRequest.ResourceId: value is required";
    refused(rotate_credentials(&made, &Default::default(), None, &change).await.unwrap_err(), text);
    assert_eq!(made.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn each_outcome_of_an_account_has_its_answer() {
    use create_account_response::Result as Answer;
    type Case = (AccountOutcome, What, fn(&Answer) -> bool);
    let cases: [Case; 4] = [
        (
            AccountOutcome::Created,
            What::Created,
            |answer| matches!(answer, Answer::Success(of) if of.is_create_account_result && of.resource.is_some()),
        ),
        (AccountOutcome::AlreadyExists, What::AlreadyExists, |answer| matches!(answer, Answer::AlreadyExists(_))),
        (
            AccountOutcome::ActionRequired("call us".to_owned()),
            What::ActionRequired,
            |answer| matches!(answer, Answer::ActionRequired(of) if of.message == "call us"),
        ),
        (AccountOutcome::InProgress, What::InProgress, |answer| matches!(answer, Answer::InProgress(_))),
    ];
    for (outcome, what, fits) in cases {
        let made = Made { outcome, ..Made::default() };
        let request = account_request(Some(Options::NoPassword(NoPassword::default())), Vec::new());
        let done = create_account(&made, &request, None, &Change::apply()).await.unwrap();
        assert_eq!(done.what, what);
        assert!(fits(done.response.result.as_ref().unwrap()), "{what:?}");
        assert_eq!(made.calls(), ["create user NoPassword"]);
    }
}

#[tokio::test]
async fn the_type_of_an_account_is_the_only_or_the_usual_one() {
    for (types, asked, wanted) in [
        (&["person"][..], "", Some("person")),
        (&["person", "user"], "", Some("user")),
        (&["person", "user"], "person", Some("person")),
        (&["person", "robot"], "", None),
        (&["user"], "group", None),
        (&[], "", None),
    ] {
        let made = Made { types, ..Made::default() };
        let request =
            CreateAccountRequest { resource_type_id: asked.to_owned(), ..account_request(random(8), Vec::new()) };
        let result = create_account(&made, &request, None, &Change::apply()).await;
        match wanted {
            Some(wanted) => assert!(made.calls()[0].starts_with(&format!("create {wanted} ")), "{types:?} {asked}"),
            None => {
                let error = result.unwrap_err();
                assert_eq!(error.code, Code::Unimplemented);
                let text = "connector does not have account manager configured for resource type: ";
                assert!(error.message.starts_with(text), "{}", error.message);
            }
        }
    }
}

#[tokio::test]
async fn a_made_up_password_reaches_only_the_key() {
    let identity = age::x25519::Identity::generate();
    let request = account_request(random(20), vec![to(&identity.to_public().to_string())]);
    let done = create_account(&Made::default(), &request, None, &Change::apply()).await.unwrap();
    let [data] = done.response.encrypted_data.as_slice() else { panic!("one secret for one key") };
    assert_eq!(age::decrypt(&identity, &data.encrypted_bytes).unwrap().len(), 20);
    // Without a key, nobody learns it.
    let request = account_request(random(20), Vec::new());
    let done = create_account(&Made::default(), &request, None, &Change::apply()).await.unwrap();
    assert_eq!(done.response.encrypted_data, Vec::new());
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_found_before_the_account_is_made() {
    let made = Made::default();
    let request = account_request(random(20), vec![to("age1nonsense")]);
    let error = create_account(&made, &request, None, &Change::apply()).await.unwrap_err();
    assert_eq!((error.code, error.state), (Code::InvalidArgument, StateAfter::Unchanged));
    let rotation = RotateCredentialRequest {
        resource_id: Some(build::resource_id("user", "u1")),
        credential_options: request.credential_options,
        encryption_configs: request.encryption_configs,
    };
    assert!(rotate_credentials(&made, &rotation, None, &Change::apply()).await.is_err());
    assert_eq!(made.calls(), Vec::<String>::new());
}

#[test]
fn credential_options_become_wishes() {
    let wish = |options| {
        let options = CredentialOptions { options, force_change_at_next_login: true };
        credential_wish(Some(&options), &[], None)
    };
    assert!(matches!(credential_wish(None, &[], None), Ok(CredentialWish::Unspecified)));
    assert!(matches!(wish(Some(Options::NoPassword(NoPassword::default()))), Ok(CredentialWish::NoPassword)));
    let sso = Sso { sso_provider: "idp".to_owned() };
    assert!(
        matches!(wish(Some(Options::Sso(sso))), Ok(CredentialWish::SingleSignOn { provider }) if provider == "idp")
    );
    for length in [8, 64] {
        let wished = wish(random(length)).unwrap();
        let CredentialWish::RandomPassword { length: kept, change_at_next_login: true, .. } = wished else {
            panic!("{wished:?}");
        };
        assert_eq!(kept, length);
    }
    for length in [i64::MIN, 0, 7, 65, i64::MAX] {
        let error = wish(random(length)).unwrap_err();
        assert_eq!(error.code, Code::InvalidArgument);
        assert!(error.message.ends_with("value must be inside range [8, 64]"), "{}", error.message);
    }
    assert_eq!(wish(None).unwrap_err().message, "invalid credential options");
    let encrypted = || Some(Options::EncryptedPassword(EncryptedPassword::default()));
    assert_eq!(wish(encrypted()).unwrap_err().message, "client-secret is required");
    let options = CredentialOptions { options: encrypted(), force_change_at_next_login: false };
    let error = credential_wish(Some(&options), &[to("age1")], None).unwrap_err();
    assert_eq!(error.message, "encryption configs should never be supplied for encrypted passwords");
}

#[tokio::test]
async fn a_password_that_comes_encrypted_reaches_the_connector() {
    // The example key pair of RFC 8037, appendix A.
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let d = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    let private = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","d":"{d}"}}"#);
    use base64::Engine;
    let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(private);
    let key = encrypt::ClientKey::from_client_secret(&SecretString::from(format!("a:b:v1:{encoded}"))).unwrap();
    let config = encrypt::public_key::parse(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#)).unwrap();
    let data = encrypt::Recipients::new(&[config]).unwrap().encrypt(&[issued("hunter2")]).unwrap();
    let options = Options::EncryptedPassword(EncryptedPassword { encrypted_passwords: data });
    let made = Made::default();
    let request = account_request(Some(options), Vec::new());
    create_account(&made, &request, Some(&key), &Change::apply()).await.unwrap();
    let calls = made.calls();
    assert_eq!(calls[1], "with hunter2");
    assert!(!calls[0].contains("hunter2"), "Debug shows no password: {}", calls[0]);
}

#[tokio::test]
async fn resources_are_made_and_deleted() {
    let (made, change) = (Made { already: true, ..Made::default() }, Change::apply());
    let group = build::resource("group", "g1", "Group");
    let request = CreateResourceRequest { resource: Some(group.clone()) };
    assert_eq!(create_resource(&made, &request, &change).await.unwrap().response.created, Some(group));
    let request = DeleteResourceRequest {
        resource_id: Some(build::resource_id("group", "g1")),
        parent_resource_id: Some(build::resource_id("org", "o1")),
    };
    assert_eq!(delete_resource(&made, &request, &change).await.unwrap().what, What::AlreadyDeleted);
    assert_eq!(made.calls()[1], "delete g1 of Some(\"o1\")");
    assert_eq!(delete_resource(&Made::default(), &request, &change).await.unwrap().what, What::Deleted);
}

#[tokio::test]
async fn rotated_credentials_are_encrypted() {
    let identity = age::x25519::Identity::generate();
    let request = RotateCredentialRequest {
        resource_id: Some(build::resource_id("user", "u1")),
        credential_options: account_request(random(8), Vec::new()).credential_options,
        encryption_configs: vec![to(&identity.to_public().to_string())],
    };
    let done = rotate_credentials(&Made::default(), &request, None, &Change::apply()).await.unwrap();
    assert_eq!((done.what, &done.response.resource_id), (What::Rotated, &request.resource_id));
    assert_eq!(age::decrypt(&identity, &done.response.encrypted_data[0].encrypted_bytes).unwrap(), b"new");
}

#[test]
fn issuing_is_checked_and_then_not_there() {
    let identity = age::x25519::Identity::generate();
    let whole = IssueCredentialRequest {
        identity_id: Some(build::resource_id("user", "u1")),
        encryption_configs: vec![to(&identity.to_public().to_string())],
        request_id: "task-1".to_owned(),
        ..IssueCredentialRequest::default()
    };
    assert_eq!(issue_credential(&whole).unwrap_err().code, Code::Unimplemented);
    for broken in [
        IssueCredentialRequest { identity_id: None, ..whole.clone() },
        IssueCredentialRequest { encryption_configs: Vec::new(), ..whole.clone() },
        IssueCredentialRequest { encryption_configs: vec![to("x")], ..whole.clone() },
        IssueCredentialRequest { request_id: String::new(), ..whole.clone() },
        IssueCredentialRequest { request_id: "a b".to_owned(), ..whole.clone() },
        IssueCredentialRequest { request_id: "x".repeat(129), ..whole.clone() },
    ] {
        assert_eq!(issue_credential(&broken).unwrap_err().code, Code::InvalidArgument, "{broken:?}");
    }
}

#[tokio::test]
async fn what_a_connector_cannot_do_is_said() {
    let change = Change::apply();
    let delete = DeleteResourceRequest { resource_id: Some(build::resource_id("app", "a1")), ..Default::default() };
    let create = CreateResourceRequest { resource: Some(build::resource("app", "a1", "App")) };
    let texts = [
        grant(&Nothing, &grant_request(), &change).await.unwrap_err(),
        revoke(&Nothing, &revoke_request(&[], false), &change).await.unwrap_err(),
        create_account(&Nothing, &account_request(random(8), Vec::new()), None, &change).await.unwrap_err(),
        delete_resource(&Nothing, &delete, &change).await.unwrap_err(),
        create_resource(&Nothing, &create, &change).await.unwrap_err(),
    ]
    .map(|error| {
        assert_eq!(error.code, Code::Unimplemented);
        error.message
    });
    assert_eq!(
        texts,
        [
            "resource type group does not have provisioner configured",
            "resource type group does not have provisioner configured",
            "connector does not have account manager configured for resource type: user",
            "resource type app does not have resource Delete() configured",
            "resource type app does not have resource Create() configured",
        ]
    );
}
