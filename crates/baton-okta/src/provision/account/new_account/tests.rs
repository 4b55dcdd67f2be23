#![allow(clippy::unwrap_used, clippy::expect_used)]

use baton_proto::c1::connector::v2::{AccountInfo, PasswordConstraint};
use okta_client::endpoints::users;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::profile::Profile;

fn new_account(fields: &Value, credential: CredentialWish) -> Result<NewAccount, ChangeError> {
    let mut profile = Profile::default();
    for (key, value) in fields.as_object().unwrap() {
        profile.json(key, value).unwrap();
    }
    let info = AccountInfo { profile: Some(profile.build()), ..AccountInfo::default() };
    NewAccount::from_request(&AccountRequest { info, credential })
}

fn random(length: i64) -> CredentialWish {
    CredentialWish::RandomPassword { length, constraints: Vec::new(), change_at_next_login: false }
}

/// Ada, and these fields over hers.
fn ada(more: &Value) -> Value {
    let mut fields = json!({"first_name": "Ada", "last_name": "Lovelace", "email": "ada@acme.example"});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fields
}

#[test]
fn every_row_of_the_table_becomes_its_request() {
    let none = || CredentialWish::NoPassword;
    let (password, federation) =
        (json!({"password": {"value": "[hidden]"}}), json!({"provider": {"name": "FEDERATION", "type": "FEDERATION"}}));
    let rows = [
        (random(20), json!({}), "", &password, false),
        (random(20), json!({"provider_type": " okta "}), "", &password, false),
        (
            random(20),
            json!({"password_change_on_login_required": "true"}),
            "?activate=true&nextLogin=changePassword",
            &password,
            false,
        ),
        (random(20), json!({"send_activation_email": false}), "?activate=false", &password, true),
        (random(20), json!({"create_inactive": "T"}), "?activate=false", &password, false),
        (
            random(20),
            json!({"create_inactive": true, "send_activation_email": "0", "password_change_on_login_required": "1"}),
            "?activate=false",
            &password,
            false,
        ),
        (none(), json!({"password_change_on_login_required": true}), "", &Value::Null, false),
        (
            none(),
            json!({"send_activation_email": "False", "password_change_on_login_required": true}),
            "?activate=false",
            &Value::Null,
            true,
        ),
        (none(), json!({"create_inactive": true}), "?activate=false", &Value::Null, false),
        (none(), json!({"provider_type": "federation"}), "?provider=true", &federation, false),
        (
            none(),
            json!({"provider_type": "FEDERATION", "send_activation_email": "f"}),
            "?activate=false&provider=true",
            &federation,
            true,
        ),
        (
            none(),
            json!({"provider_type": "FEDERATION", "create_inactive": "1"}),
            "?activate=false&provider=true",
            &federation,
            false,
        ),
    ];
    for (credential, fields, query, credentials, activated_later) in rows {
        let new_account = new_account(&ada(&fields), credential).unwrap();
        let request = users::create(&new_account.user).unwrap();
        assert_eq!(request.to_string(), format!("POST /api/v1/users{query}"), "{fields}");
        let body = request.body.unwrap().masked().clone();
        assert_eq!(body.get("credentials").unwrap_or(&Value::Null), credentials, "{fields}");
        assert_eq!(new_account.activate_in_silence, activated_later, "{fields}");
        assert_eq!(new_account.password.is_some(), *credentials == password, "{fields}");
        let profile = json!({
            "firstName": "Ada", "lastName": "Lovelace", "email": "ada@acme.example", "login": "ada@acme.example",
        });
        assert_eq!(body["profile"], profile);
    }
}

#[test]
fn login_and_further_attributes_go_into_the_profile() {
    let fields = json!({"login": "ada.l@acme.example", "additionalAttributes": {"title": "Countess", "rank": 3, "cleared": null}});
    let made = new_account(&ada(&fields), CredentialWish::NoPassword).unwrap();
    assert_eq!(made.login, "ada.l@acme.example");
    let profile = json!({
        "firstName": "Ada", "lastName": "Lovelace", "email": "ada@acme.example", "login": "ada.l@acme.example",
        "title": "Countess", "rank": 3, "cleared": null,
    });
    assert_eq!(Value::Object(made.user.profile), profile);
    let of_nothing = ada(&json!({"additionalAttributes": null, "login": "", "create_inactive": null}));
    assert_eq!(new_account(&of_nothing, CredentialWish::NoPassword).unwrap().login, "ada@acme.example");
}

#[test]
fn what_cannot_be_asked_for_is_refused_by_name() {
    let none = || CredentialWish::NoPassword;
    for (fields, credential, words) in [
        (json!({"first_name": null}), none(), "missing first name in account info"),
        (json!({"first_name": 7}), none(), "first_name must be a string, got a number"),
        (json!({"last_name": " "}), none(), "missing last name in account info"),
        (json!({"email": ""}), none(), "missing email in account info"),
        (json!({"login": ["x"]}), none(), "login must be a string, got a list"),
        (json!({"additionalAttributes": "x"}), none(), "additionalAttributes must be an object, got a text"),
        (json!({"additionalAttributes": {"email": "x"}}), none(), "cannot override protected field \"email\""),
        (json!({"provider_type": true}), none(), "provider_type must be a string, got a boolean"),
        (json!({"provider_type": "ldap"}), none(), "unsupported provider_type value \"LDAP\""),
        (
            json!({"provider_type": "FEDERATION"}),
            random(20),
            "provider_type=FEDERATION cannot be combined with a random",
        ),
        (json!({"create_inactive": "yes"}), none(), "invalid value for create_inactive: \"yes\""),
        (json!({"create_inactive": ""}), none(), "invalid value for create_inactive: \"\""),
        (json!({"create_inactive": 1}), none(), "create_inactive must be a boolean or its string form, got a number"),
        (json!({"send_activation_email": "off"}), none(), "invalid value for send_activation_email"),
        // Checked even where it has no effect.
        (
            json!({"create_inactive": true, "password_change_on_login_required": "maybe"}),
            none(),
            "password_change_on_login_required",
        ),
        (
            json!({"send_activation_email": false, "password_change_on_login_required": true}),
            random(20),
            "send_activation_email=false cannot be combined with password_change_on_login_required=true",
        ),
        (json!({}), CredentialWish::Unspecified, "unsupported credential options"),
        (json!({}), CredentialWish::SingleSignOn { provider: "x".to_owned() }, "unsupported credential options"),
        (
            json!({}),
            CredentialWish::Password { password: "x".into(), change_at_next_login: false },
            "unsupported credential",
        ),
    ] {
        let error = new_account(&ada(&fields), credential).unwrap_err();
        assert_eq!(error.code, Code::InvalidArgument, "{fields}");
        assert!(error.message.contains(words), "{fields}: {}", error.message);
    }
    assert!(NewAccount::from_request(&AccountRequest { info: AccountInfo::default(), credential: none() }).is_err());
}

#[test]
fn passwords_have_the_length_and_the_characters_that_are_asked_for() {
    for (asked, length) in [(0, 8), (8, 8), (20, 20), (64, 64)] {
        let password = new_account(&ada(&json!({})), random(asked)).unwrap().password.unwrap();
        assert_eq!(password.expose_secret().len(), length);
    }
    let constraints = vec![PasswordConstraint { char_set: "7".to_owned(), min_count: 9 }];
    let credential = CredentialWish::RandomPassword { length: 12, constraints, change_at_next_login: true };
    let made = new_account(&ada(&json!({})), credential).unwrap();
    assert!(made.password.unwrap().expose_secret().matches('7').count() >= 9);
    assert!(matches!(made.user.sign_in, SignIn::Password { change_at_first_sign_in: true, .. }));
}

#[test]
fn what_is_not_done_is_said() {
    let fields = ada(&json!({"title": "Countess", "create_inactive": true, "password_change_on_login_required": true}));
    let notes = new_account(&fields, random(20)).unwrap().notes.join("\n");
    assert!(notes.contains("no such field: title") && notes.contains("additionalAttributes"), "{notes}");
    assert!(notes.contains("need not be changed at the first sign-in"), "{notes}");
    assert_eq!(new_account(&ada(&json!({})), random(20)).unwrap().notes, Vec::<String>::new());
}

#[test]
fn a_wish_shows_no_password() {
    let made = new_account(&ada(&json!({})), random(20)).unwrap();
    let password = made.password.as_ref().unwrap().expose_secret().to_owned();
    let request = users::create(&made.user).unwrap();
    assert!(!format!("{made:?} {request:?}").contains(&password));
}
