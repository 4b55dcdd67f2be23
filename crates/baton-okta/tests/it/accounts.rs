//! Making accounts (`docs/spec/okta-provisioning.md` 5).

use std::fs;
use std::path::Path;
use std::time::Duration;

use age::secrecy::ExposeSecret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use okta_sim::{Fault, Faults};
use serde_json::{Value, json};

use crate::changing::{Changing, Told, on};
use crate::support::Outcome;

const GRACE: &str = "grace@acme.example";
const READ: &str = "GET users/grace@acme.example";

/// Grace, and these fields over hers.
fn grace(more: &Value) -> String {
    let mut fields = json!({"first_name": "Grace", "last_name": "Hopper", "email": GRACE});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fields.to_string()
}

fn create(org: &Changing, more: &Value) -> Told {
    org.run(&["--create-account-profile", &grace(more)])
}

/// The same with a password that the holder of a key can read.
fn create_with_key(org: &Changing, more: &Value) -> (Told, age::x25519::Identity) {
    let identity = age::x25519::Identity::generate();
    fs::write(org.lab.path("key.txt"), format!("{}\n", identity.to_public())).unwrap();
    let told = org.run(&["--create-account-profile", &grace(more), "--credential-public-key", "key.txt"]);
    (told, identity)
}

/// The password in a result.
fn password(told: &Told, identity: &age::x25519::Identity) -> String {
    let encrypted = &told.result["encrypted"][0];
    assert_eq!((encrypted["name"].as_str(), encrypted["provider"].as_str()), (Some("password"), Some("baton/age/v1")));
    let bytes = STANDARD.decode(encrypted["encrypted_bytes"].as_str().unwrap()).unwrap();
    String::from_utf8(age::decrypt(identity, &bytes).unwrap()).unwrap()
}

fn status(org: &Changing) -> Option<String> {
    let org = org.org();
    let id = org.user_id(GRACE)?;
    org.status_of(&id)
}

/// The body of the only POST of a user.
fn body(org: &Changing) -> Value {
    let writes = org.lab.sim().writes();
    let posts: Vec<_> = writes.iter().filter(|write| write.method == "POST" && write.path == "/api/v1/users").collect();
    assert_eq!(posts.len(), 1);
    posts[0].body.clone()
}

#[test]
fn without_a_key_an_account_has_no_password_and_the_output_says_so() {
    let org = Changing::unsynced(|_| {});
    let told = create(&org, &json!({"additionalAttributes": {"title": "Rear Admiral"}}));
    told.is("created").says(&["the account has no password", "--credential-public-key"]);
    let id = org.org().user_id(GRACE).unwrap();
    told.asked(&[&format!("{READ} 404"), "POST users 200", &format!("GET users/{id} 200")]);
    let profile =
        json!({"firstName": "Grace", "lastName": "Hopper", "email": GRACE, "login": GRACE, "title": "Rear Admiral"});
    assert_eq!(body(&org), json!({ "profile": profile }));
    assert_eq!(status(&org).as_deref(), Some("PROVISIONED"));
    let resource = &told.result["resource"];
    assert_eq!(resource["id"], json!({"resourceType": "user", "resource": id}));
    assert_eq!(
        (&resource["displayName"], &resource["profile"]["title"]),
        (&json!("Grace Hopper"), &json!("Rear Admiral"))
    );
    assert_eq!(resource["status"]["details"], "PROVISIONED");
    assert_eq!(told.result["password"], "none");
}

#[test]
fn every_row_of_the_table_is_sent_and_has_its_status() {
    let rows = [
        (true, json!({}), "POST users", "ACTIVE"),
        (
            true,
            json!({"password_change_on_login_required": "true"}),
            "POST users?activate=true&nextLogin=changePassword",
            "PASSWORD_EXPIRED",
        ),
        (true, json!({"send_activation_email": false}), "POST users?activate=false", "ACTIVE"),
        (
            true,
            json!({"create_inactive": "T", "password_change_on_login_required": true}),
            "POST users?activate=false",
            "STAGED",
        ),
        (false, json!({"password_change_on_login_required": true}), "POST users", "PROVISIONED"),
        (false, json!({"send_activation_email": "f"}), "POST users?activate=false", "PROVISIONED"),
        (
            false,
            json!({"create_inactive": true, "send_activation_email": false}),
            "POST users?activate=false",
            "STAGED",
        ),
        (false, json!({"provider_type": "federation"}), "POST users?provider=true", "ACTIVE"),
        (
            false,
            json!({"provider_type": "FEDERATION", "send_activation_email": "0"}),
            "POST users?activate=false&provider=true",
            "ACTIVE",
        ),
        (
            false,
            json!({"provider_type": "FEDERATION", "create_inactive": "1"}),
            "POST users?activate=false&provider=true",
            "STAGED",
        ),
    ];
    for (with_password, fields, request, wanted) in rows {
        let org = Changing::unsynced(|_| {});
        let sent = if with_password {
            let (told, identity) = create_with_key(&org, &fields);
            told.is("created");
            let password = password(&told, &identity);
            assert_eq!(password.len(), 20, "{fields}");
            assert_eq!(body(&org)["credentials"]["password"]["value"], password.as_str(), "{fields}");
            told
        } else {
            create(&org, &fields)
        };
        sent.is("created");
        assert_eq!(status(&org).as_deref(), Some(wanted), "{fields}");
        let id = org.org().user_id(GRACE).unwrap();
        let lines: Vec<String> =
            org.lab.sim().writes().iter().map(|write| write.line().replace("/api/v1/", "")).collect();
        let mut expected = vec![request.to_owned()];
        if request.contains("activate=false") && wanted != "STAGED" {
            expected.push(format!("POST users/{id}/lifecycle/activate?sendEmail=false"));
        }
        assert_eq!(lines, expected, "{fields}");
        let provider = body(&org)["credentials"]["provider"].clone();
        let federated = json!({"name": "FEDERATION", "type": "FEDERATION"});
        assert_eq!(provider, if request.contains("provider") { federated } else { Value::Null }, "{fields}");
    }
}

#[test]
fn flags_fill_what_the_profile_lacks() {
    let org = Changing::unsynced(|_| {});
    let profile = json!({"first_name": "Grace", "last_name": "Hopper"}).to_string();
    let flags = [
        "--create-account-profile",
        &profile,
        "--create-account-email",
        GRACE,
        "--create-account-login",
        "ghopper@acme.example",
    ];
    org.run(&flags).is("created");
    assert_eq!(body(&org)["profile"]["login"], "ghopper@acme.example");
    assert_eq!(body(&org)["profile"]["email"], GRACE);
    let told = org.run(&["--create-account-login", "x@acme.example"]);
    told.failed("InvalidArgument", "unchanged").says(&["missing first name in account info"]);
    let other = ["--create-account-profile", &grace(&json!({})), "--create-account-resource-type", "group"];
    let told = org.run(&other);
    told.failed("Unimplemented", "unchanged")
        .says(&["does not have account manager configured for resource type: group"]);
}

#[test]
fn what_contradicts_itself_is_refused_before_any_request() {
    let org = Changing::unsynced(|_| {});
    for (fields, words) in [
        (json!({"first_name": 7}), "first_name must be a string, got a number"),
        (json!({"additionalAttributes": []}), "additionalAttributes must be an object, got a list"),
        (json!({"additionalAttributes": {"email": "x"}}), "cannot override protected field \"email\""),
        (json!({"create_inactive": "yes"}), "invalid value for create_inactive"),
        (json!({"create_inactive": 1}), "create_inactive must be a boolean or its string form"),
        (json!({"provider_type": "LDAP"}), "unsupported provider_type value \"LDAP\""),
    ] {
        create(&org, &fields).failed("InvalidArgument", "unchanged").says(&[words]).asked(&[]);
    }
    for (fields, words) in [
        (json!({"provider_type": "FEDERATION"}), "provider_type=FEDERATION cannot be combined with a random password"),
        (
            json!({"send_activation_email": "false", "password_change_on_login_required": "true"}),
            "send_activation_email=false cannot be combined with password_change_on_login_required=true",
        ),
    ] {
        create_with_key(&org, &fields).0.failed("InvalidArgument", "unchanged").says(&[words]).asked(&[]);
    }
}

#[test]
fn fields_that_the_form_lacks_are_told() {
    let org = Changing::unsynced(|_| {});
    create(&org, &json!({"title": "Rear Admiral"}))
        .is("created")
        .says(&["no such field: title", "additionalAttributes"]);
}

#[test]
fn a_login_that_is_taken_is_told_and_left_alone() {
    for who in ["STAGED", "ACTIVE", "DEPROVISIONED", "SUSPENDED"] {
        let mut id = String::new();
        let org = Changing::unsynced(|org| id = org.add_user("Other", "Person", "Grace@ACME.example", who));
        // Whatever would follow for an account of ours does not for somebody else's.
        for fields in [json!({}), json!({"send_activation_email": false}), json!({"create_inactive": true})] {
            let told = create(&org, &fields);
            told.is("already_exists").says(&[who, &id]);
            assert_eq!(told.result["resource"]["id"]["resource"], id.as_str());
        }
        let (told, _) = create_with_key(&org, &json!({}));
        assert_eq!(told.is("already_exists").result.get("encrypted"), None);
        assert_eq!(org.org().status_of(&id).as_deref(), Some(who));
        assert!(org.writes().is_empty());
    }
}

#[test]
fn a_login_that_is_taken_in_the_meantime_is_told_too() {
    let org = Changing::unsynced(|org| {
        org.add_user("Other", "Person", GRACE, "STAGED");
    });
    // The first look finds nobody, Okta refuses, the second look finds somebody.
    org.fail(on("GET", &format!("users/{GRACE}"), Fault::Code(404, "E0000007")).first(1));
    create(&org, &json!({"send_activation_email": false})).is("already_exists").says(&["STAGED"]);
    assert_eq!((org.writes().len(), status(&org).as_deref()), (1, Some("STAGED")));
    // Even when nobody can be found.
    org.fail(on("GET", &format!("users/{GRACE}"), Fault::Code(404, "E0000007")));
    let told = create(&org, &json!({}));
    assert_eq!(told.is("already_exists").result.get("resource"), None);
    told.says(&["the login is taken"]);
}

#[test]
fn a_repeat_finds_the_account() {
    let org = Changing::unsynced(|_| {});
    create(&org, &json!({})).is("created");
    create(&org, &json!({})).is("already_exists");
    assert_eq!(org.writes().len(), 1);
}

#[test]
fn part_of_a_login_is_nobodys_login() {
    let org = Changing::unsynced(|org| {
        org.add_user("Other", "Person", "grace@elsewhere.example", "ACTIVE");
    });
    create(&org, &json!({})).is("created");
    assert_eq!(status(&org).as_deref(), Some("PROVISIONED"));
}

#[test]
fn logins_that_no_path_can_hold_are_found_too() {
    let org = Changing::unsynced(|_| {});
    let fields = json!({"login": "ops/grace?x#y@acme.example"});
    create(&org, &fields).is("created");
    create(&org, &fields).is("already_exists");
    assert_eq!(org.writes().len(), 1);
}

#[test]
fn okta_s_refusals_are_told() {
    let org = Changing::unsynced(|_| {});
    let told = create(&org, &json!({"additionalAttributes": {"shoeSize": 42}}));
    told.failed("InvalidArgument", "unchanged").says(&["shoeSize", "not defined in profile"]);
    let told = create(&org, &json!({"login": "no-address"}));
    told.failed("InvalidArgument", "unchanged").says(&["login: Username must be in the form of an email address"]);
    for (fault, code) in [
        (Fault::Code(403, "E0000006"), "PermissionDenied"),
        (Fault::InsufficientScope, "PermissionDenied"),
        (Fault::Code(401, "E0000011"), "Unauthenticated"),
    ] {
        org.fail(on("POST", "users", fault));
        create(&org, &json!({})).failed(code, "unchanged");
    }
    assert_eq!(status(&org), None);
}

#[test]
fn an_account_is_never_asked_for_twice() {
    for (fault, done) in [
        (Fault::DropConnection, true),
        (Fault::Status(500), true),
        (Fault::Empty(504), true),
        (Fault::Truncate, true),
        (Fault::DropConnection, false),
        (Fault::Status(500), false),
        (Fault::Html(502), false),
    ] {
        let org = Changing::unsynced(|_| {});
        let rule = if done { fault.clone().after_doing() } else { fault.clone() };
        org.fail(on("POST", "users", rule));
        let (told, identity) = create_with_key(&org, &json!({}));
        if done {
            told.is("created").says(&["the answer was lost", "has been done"]);
            assert_eq!(body(&org)["credentials"]["password"]["value"], password(&told, &identity).as_str());
        } else {
            let (state, words) = match fault {
                Fault::Status(500) => ("unchanged", "nothing has been done"),
                _ => ("unknown", "has not been done yet; Okta may still carry it out"),
            };
            told.failed("Unavailable", state).says(&[words]);
        }
        assert_eq!((org.writes().len(), status(&org).is_some()), (1, done), "{fault:?}");
        if !done {
            org.fail(Faults::none());
            create(&org, &json!({})).is("created");
        }
    }
}

#[test]
fn an_account_that_is_asked_for_in_vain_may_still_come() {
    let org = Changing::unsynced(|_| {});
    org.fail(on("POST", "users", Fault::Delay(Duration::from_secs(600))));
    let told = org.run(&["--create-account-profile", &grace(&json!({})), "--http-timeout-seconds", "1"]);
    told.failed("DeadlineExceeded", "unknown").says(&["has not been done yet; Okta may still carry it out"]);
    assert_eq!(told.requests().iter().filter(|request| request.starts_with("POST")).count(), 1);
}

#[test]
fn whoever_has_the_login_after_a_lost_answer_is_not_taken_for_ours() {
    let org = Changing::unsynced(|org| {
        org.add_user("Somebody", "Else", GRACE, "ACTIVE");
    });
    let hidden = on("GET", &format!("users/{GRACE}"), Fault::Code(404, "E0000007")).first(1);
    org.fail(Faults::from(hidden).and(on("POST", "users", Fault::Status(500))));
    let told = create(&org, &json!({"send_activation_email": false}));
    told.failed("Aborted", "unknown").says(&["cannot be told who made it", GRACE]);
    assert_eq!((org.writes().len(), status(&org).as_deref()), (1, Some("ACTIVE")));
}

#[test]
fn what_cannot_be_read_back_is_unknown() {
    let org = Changing::unsynced(|_| {});
    let unreadable = (2..40).fold(Faults::from(on("POST", "users", Fault::DropConnection.after_doing())), |all, n| {
        all.and(on("GET", &format!("users/{GRACE}"), Fault::Code(403, "E0000006")).attempt(n))
    });
    org.fail(unreadable);
    create(&org, &json!({})).failed("Unavailable", "unknown").says(&["cannot be told", "could not be read back"]);
    assert!(status(&org).is_some());
}

#[test]
fn an_account_that_cannot_be_read_back_is_told_by_the_answer_to_the_request_for_it() {
    let refused = || Fault::Code(403, "E0000006");
    // The login is looked up by another path, which is answered.
    let hidden = || on("GET", "users/{id}", refused());
    for (fields, wanted) in [
        (json!({}), "ACTIVE"),
        (json!({"create_inactive": true}), "STAGED"),
        (json!({"send_activation_email": false}), "ACTIVE"),
    ] {
        let org = Changing::unsynced(|_| {});
        org.fail(Faults::from(on("GET", &format!("users/{GRACE}"), Fault::Delay(Duration::ZERO))).and(hidden()));
        let (told, identity) = create_with_key(&org, &fields);
        told.is("created").says(&["could not be read back", "E0000006"]);
        let id = org.org().user_id(GRACE).unwrap();
        assert_eq!(told.result["resource"]["id"]["resource"], id.as_str());
        assert_eq!(body(&org)["credentials"]["password"]["value"], password(&told, &identity).as_str());
        assert_eq!(status(&org).as_deref(), Some(wanted), "{fields}");
    }
    // What became of an activation without an answer is not known from the answer before it.
    let org = Changing::unsynced(|_| {});
    let lost = on("POST", "users/{id}/lifecycle/{operation}", Fault::DropConnection.after_doing());
    let known = on("GET", &format!("users/{GRACE}"), Fault::Delay(Duration::ZERO));
    org.fail(Faults::from(known).and(hidden()).and(lost));
    let told = create(&org, &json!({"send_activation_email": false}));
    told.failed("Unavailable", "unknown").says(&["cannot be told", &org.org().user_id(GRACE).unwrap()]);
    assert_eq!(org.writes().len(), 2, "nothing is sent twice");
}

#[test]
fn any_answer_of_success_is_one() {
    let org = Changing::unsynced(|_| {});
    org.fail(on("POST", "users", Fault::Empty(201).after_doing()));
    create(&org, &json!({})).is("created");
    assert_eq!(status(&org).as_deref(), Some("PROVISIONED"));
}

#[test]
fn too_many_requests_are_waited_out() {
    let org = Changing::unsynced(|_| {});
    org.fail(on("POST", "users", Fault::RateLimit).first(1));
    let told = create(&org, &json!({}));
    let id = org.org().user_id(GRACE).unwrap();
    let read_back = format!("GET users/{id} 200");
    told.is("created").asked(&[&format!("{READ} 404"), "POST users 429", "POST users 200", &read_back]);
}

#[test]
fn an_account_that_cannot_be_activated_is_told_with_the_next_step() {
    const LIFECYCLE: &str = "users/{id}/lifecycle/{operation}";
    for (fault, code) in [(Fault::Code(403, "E0000006"), "PermissionDenied"), (Fault::Status(500), "Unavailable")] {
        let org = Changing::unsynced(|_| {});
        org.fail(on("POST", LIFECYCLE, fault.clone()));
        let told = create(&org, &json!({"send_activation_email": false}));
        let id = org.org().user_id(GRACE).unwrap();
        let activating = format!("activating user {id} failed: POST");
        told.failed(code, "partial").says(&[&id, "staged", "enable_user", &activating]);
        assert!(!told.words().contains("making the account"), "{told:?}");
        assert!(told.stderr.contains("state: partly changed: 1 change made"), "{}", told.stderr);
        assert_eq!(status(&org).as_deref(), Some("STAGED"));
        org.fail(Faults::none());
        // A repeat leaves it as it is; the action ends it.
        create(&org, &json!({"send_activation_email": false})).is("already_exists");
        let args = json!({ "user_id": id }).to_string();
        org.run(&["--invoke-action", "enable_user", "--invoke-action-args", &args]).is("complete");
        assert_eq!(status(&org).as_deref(), Some("PROVISIONED"));
    }
    // A lost answer to the activation is read back.
    let org = Changing::unsynced(|_| {});
    org.fail(on("POST", LIFECYCLE, Fault::DropConnection.after_doing()));
    create(&org, &json!({"send_activation_email": false})).is("created");
    assert_eq!((org.writes().len(), status(&org).as_deref()), (2, Some("PROVISIONED")));
}

#[test]
fn a_dry_run_looks_and_sends_nothing() {
    let org = Changing::unsynced(|_| {});
    let fields = json!({"send_activation_email": false, "additionalAttributes": {"title": "Rear Admiral"}});
    let told = org.run(&["--create-account-profile", &grace(&fields), "--dry-run"]);
    told.is("planned").asked(&[
        &format!("{READ} 404"),
        "POST users?activate=false withheld",
        "POST users/{new}/lifecycle/activate?sendEmail=false withheld",
    ]);
    assert_eq!(told.result["requests"][1]["body"]["profile"]["title"], "Rear Admiral");
    fs::write(org.lab.path("key.txt"), age::x25519::Identity::generate().to_public().to_string()).unwrap();
    let profile = grace(&json!({}));
    let told = org.run(&["--create-account-profile", &profile, "--credential-public-key", "key.txt", "--dry-run"]);
    told.is("planned");
    assert_eq!(told.result["requests"][1]["body"]["credentials"]["password"]["value"], "[hidden]");
    assert_eq!(told.result.get("encrypted"), None);
    assert!(org.writes().is_empty());
    org.alter(|org| org.add_user("Grace", "Hopper", GRACE, "STAGED"));
    org.run(&["--create-account-profile", &grace(&fields), "--dry-run"]).is("already_exists");
}

#[test]
fn a_password_is_nowhere_but_in_its_encrypted_form() {
    for failing in [false, true] {
        let org = Changing::unsynced(|_| {});
        if failing {
            org.fail(on("POST", "users/{id}/lifecycle/{operation}", Fault::Code(403, "E0000006")));
        }
        let identity = age::x25519::Identity::generate();
        fs::write(org.lab.path("key.txt"), identity.to_public().to_string()).unwrap();
        let scratch = org.lab.path("scratch");
        fs::create_dir(&scratch).unwrap();
        let profile = grace(&json!({"send_activation_email": false}));
        for form in [&["-o", "json"][..], &[]] {
            let mut command =
                org.lab.command(&["--create-account-profile", &profile, "--credential-public-key", "key.txt"]);
            command.args(["--log-level", "debug", "--log-format", "json"]).args(form).env("TMPDIR", &scratch);
            let outcome = Outcome::of(command.output().unwrap());
            let secret = password_sent(&org);
            for (place, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
                assert!(!text.contains(&secret) && !text.contains(&STANDARD.encode(&secret)), "{place}");
            }
            assert!(outcome.stderr.contains("/api/v1/users"), "there are debug logs: {}", outcome.stderr);
        }
        let secret = password_sent(&org);
        assert!(!holds(org.lab.folder.path(), secret.as_bytes()));
        let key = identity.to_string();
        assert!(!holds(org.lab.folder.path(), key.expose_secret().as_bytes()));
    }
}

fn password_sent(org: &Changing) -> String {
    body(org)["credentials"]["password"]["value"].as_str().unwrap().to_owned()
}

/// Whether a file below a folder holds these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return holds(&path, bytes);
        }
        fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes)
    })
}
