//! The actions on users (`docs/spec/okta-provisioning.md` 7.3, 7.4).

use okta_sim::{Fault, Faults};
use serde_json::{Value, json};

use crate::changing::{Changing, Told, on};

const ADA: &str = "00u1active";
const READ: &str = "GET users/00u1active";

fn call(org: &Changing, action: &str, args: &Value) -> Told {
    org.run(&["--invoke-action", action, "--invoke-action-args", &args.to_string()])
}

/// An action of the resource type `user`.
fn call_of_user(org: &Changing, action: &str, args: &Value) -> Told {
    let args = args.to_string();
    org.run(&["--invoke-action", action, "--invoke-action-resource-type", "user", "--invoke-action-args", &args])
}

/// A lifecycle action on a user.
fn turn(org: &Changing, action: &str, user: &str) -> Told {
    match action {
        "enable_user" | "disable_user" => call(org, action, &json!({ "user_id": user })),
        _ => call_of_user(org, action, &json!({"user_id": {"resource_type_id": "user", "resource_id": user}})),
    }
}

fn response(told: &Told) -> &Value {
    &told.result["response"]
}

fn status(org: &Changing, user: &str) -> Option<String> {
    org.org().status_of(user)
}

/// The last words of a path in a request for a change.
fn sent(org: &Changing, user: &str) -> Vec<String> {
    let prefix = format!("users/{user}");
    let short = |line: String| line.replace(&format!("{prefix}/lifecycle/"), "").replace(&prefix, "user");
    org.writes().into_iter().filter(|line| line.contains(user)).map(short).collect()
}

#[test]
fn every_status_has_the_outcome_of_the_table() {
    const ALREADY: &str = "";
    const NO: &str = "no";
    let rows = [
        (ADA, "ACTIVE", ALREADY, "POST suspend"),
        ("00u2staged", "STAGED", "POST activate?sendEmail=false", ALREADY),
        ("00u3prov", "PROVISIONED", ALREADY, NO),
        ("00u4recov", "RECOVERY", ALREADY, NO),
        ("00u5pwexp", "PASSWORD_EXPIRED", ALREADY, NO),
        ("00u6locked", "LOCKED_OUT", ALREADY, NO),
        ("00u7susp", "SUSPENDED", "POST unsuspend", ALREADY),
        ("00u8deprov", "DEPROVISIONED", NO, ALREADY),
        ("00u9weird", "LIMBO", NO, NO),
    ];
    for (action, word, after) in
        [("enable_user", "enabled", ["ACTIVE", "PROVISIONED"]), ("disable_user", "disabled", ["SUSPENDED"; 2])]
    {
        let org = Changing::unsynced(|_| {});
        for (user, before, enable, disable) in rows {
            let request = if action == "enable_user" { enable } else { disable };
            let told = turn(&org, action, user);
            let now = status(&org, user).unwrap();
            match request {
                NO => {
                    let verb = action.split('_').next().unwrap();
                    let words = format!("cannot {verb} user {user} from Okta status {before}");
                    told.failed("FailedPrecondition", "unchanged").says(&[&words, "hint: "]);
                    assert_eq!((sent(&org, user), now.as_str()), (Vec::new(), before));
                }
                ALREADY => {
                    let message = format!("Account {user} was already {word} (Okta status {before})");
                    assert_eq!(*response(told.is("complete")), json!({"success": true, "message": message}));
                    assert_eq!((sent(&org, user), now.as_str()), (Vec::new(), before));
                }
                request => {
                    let message = format!("Account {user} has been successfully {word}");
                    assert_eq!(*response(told.is("complete")), json!({"success": true, "message": message}));
                    assert_eq!(sent(&org, user), [request]);
                    assert!(after.contains(&now.as_str()), "{user} {now}");
                    assert_eq!(told.requests().len(), 3, "read, change, read back: {told:?}");
                }
            }
        }
    }
}

#[test]
fn deactivate_and_delete_take_every_status() {
    for (action, message, already) in [
        ("deactivate_user", "has been successfully deactivated", "was already deactivated"),
        ("delete_user", "has been permanently deleted", "was already deleted"),
    ] {
        let org = Changing::unsynced(|_| {});
        for user in [ADA, "00u2staged", "00u3prov", "00u6locked", "00u7susp", "00u9weird"] {
            let told = turn(&org, action, user);
            assert_eq!(response(told.is("complete"))["message"], format!("Account {user} {message}"));
            let left = (action == "deactivate_user").then_some("DEPROVISIONED");
            assert_eq!(status(&org, user).as_deref(), left);
            let count = org.writes().len();
            let told = turn(&org, action, user);
            assert_eq!(response(told.is("complete"))["message"], format!("Account {user} {already}"));
            assert_eq!(org.writes().len(), count);
        }
    }
    let org = Changing::unsynced(|_| {});
    assert_eq!(
        response(turn(&org, "deactivate_user", "00u8deprov").is("complete"))["message"],
        "Account 00u8deprov was already deactivated"
    );
    turn(&org, "delete_user", "00u8deprov").is("complete");
    assert_eq!(sent(&org, "00u8deprov"), ["DELETE user"]);
}

#[test]
fn nobody_is_not_found_unless_gone_is_what_is_wanted() {
    let org = Changing::unsynced(|_| {});
    for action in ["enable_user", "disable_user", "deactivate_user"] {
        turn(&org, action, "00uNobody").failed("NotFound", "unchanged").says(&["user 00uNobody not found"]);
    }
    turn(&org, "delete_user", "00uNobody").is("complete").says(&["there is no user 00uNobody", "check the id"]);
    let update = json!({"user_id": "00uNobody", "user_profile": {"title": "x"}});
    call(&org, "update_user", &update).failed("NotFound", "unchanged").says(&["user 00uNobody not found"]);
    assert!(org.writes().is_empty());
}

#[test]
fn nobody_is_reached_by_another_name_or_another_path() {
    let org = Changing::unsynced(|_| {});
    let short = org.org().profile_of(ADA).unwrap()["login"].as_str().unwrap().split('@').next().unwrap().to_owned();
    for action in ["enable_user", "disable_user", "deactivate_user", "delete_user"] {
        for id in ["me", "../groups/00g1eng", "00u1active/lifecycle/deactivate", "00u1active?x=1", "a@b.example"] {
            turn(&org, action, id).failed("InvalidArgument", "unchanged").asked(&[]);
        }
        turn(&org, action, &short).failed("InvalidArgument", "unchanged").says(&[ADA]);
    }
    for id in ["me", "00u1active/lifecycle/deactivate"] {
        let update = json!({"user_id": id, "user_profile": {"title": "x"}});
        call(&org, "update_user", &update).failed("InvalidArgument", "unchanged").asked(&[]);
    }
    assert!(org.writes().is_empty());
}

#[test]
fn failures_are_told_with_their_codes() {
    let org = Changing::unsynced(|_| {});
    let suspend = "users/00u1active/lifecycle/suspend";
    for (fault, code, state) in [
        (Fault::Code(403, "E0000006"), "PermissionDenied", "unchanged"),
        (Fault::Code(401, "E0000011"), "Unauthenticated", "unchanged"),
        (Fault::Status(500), "Unavailable", "unchanged"),
        (Fault::DropConnection, "Unavailable", "unknown"),
    ] {
        org.fail(on("POST", suspend, fault));
        turn(&org, "disable_user", ADA).failed(code, state);
        assert_eq!(status(&org, ADA).as_deref(), Some("ACTIVE"));
    }
    org.fail(on("POST", suspend, Fault::RateLimit).first(1));
    turn(&org, "disable_user", ADA).is("complete").asked(&[
        &format!("{READ} 200"),
        "POST users/00u1active/lifecycle/suspend 429",
        "POST users/00u1active/lifecycle/suspend 200",
        &format!("{READ} 200"),
    ]);
    assert_eq!(status(&org, ADA).as_deref(), Some("SUSPENDED"));
}

#[test]
fn a_lost_answer_is_read_back() {
    for (action, user, path, after) in [
        ("enable_user", "00u7susp", "users/00u7susp/lifecycle/unsuspend", "ACTIVE"),
        ("enable_user", "00u2staged", "users/00u2staged/lifecycle/activate", "ACTIVE"),
        ("disable_user", ADA, "users/00u1active/lifecycle/suspend", "SUSPENDED"),
        ("deactivate_user", ADA, "users/00u1active/lifecycle/deactivate", "DEPROVISIONED"),
    ] {
        for (done, writes) in [(true, 1), (false, 2)] {
            let org = Changing::unsynced(|_| {});
            let fault = if done { Fault::DropConnection.after_doing() } else { Fault::Status(502) };
            org.fail(on("POST", path, fault).first(1));
            let told = turn(&org, action, user);
            let message = response(told.is("complete"))["message"].as_str().unwrap();
            assert!(message.contains("has been successfully"), "{message}");
            assert_eq!((status(&org, user).as_deref(), org.writes().len()), (Some(after), writes), "{action} {done}");
        }
    }
}

#[test]
fn somebody_else_s_change_in_between_counts() {
    // Okta refuses because the user is in the wanted state by now.
    let org = Changing::unsynced(|_| {});
    let rules =
        Faults::from(on("POST", "users/00u1active/lifecycle/deactivate", Fault::Code(404, "E0000007").after_doing()));
    org.fail(rules);
    turn(&org, "deactivate_user", ADA).is("complete");
    assert_eq!(status(&org, ADA).as_deref(), Some("DEPROVISIONED"));
}

#[test]
fn a_slow_deactivation_is_waited_for() {
    let org = Changing::unsynced(|org| org.set_slow_deactivation(2));
    turn(&org, "deactivate_user", ADA).is("complete");
    assert_eq!((status(&org, ADA).as_deref(), org.writes().len()), (Some("DEPROVISIONED"), 1));
    let org = Changing::unsynced(|org| org.set_slow_deactivation(9));
    turn(&org, "deactivate_user", ADA)
        .failed("Unavailable", "unknown")
        .says(&["no effect so far", "the status of user 00u1active is ACTIVE"]);
}

#[test]
fn arguments_are_checked_before_any_request() {
    let org = Changing::unsynced(|_| {});
    let id = |value: Value| json!({ "user_id": value });
    for (action, args, words) in [
        ("enable_user", json!({}), "user_id"),
        ("enable_user", id(json!("")), "user_id cannot be empty"),
        ("enable_user", id(json!(7)), "user_id"),
        ("enable_user", id(json!({"resource_type_id": "user", "resource_id": ADA})), "user_id must be a string"),
        ("disable_user", json!({"user_id": ADA, "usr": 1}), "no argument usr"),
        ("update_user", json!({"user_id": ADA, "user_profile": 7}), "user_profile"),
        ("update_user", json!({"user_id": ADA, "user_profile": "{"}), "invalid user_profile JSON"),
        ("update_user", json!({"user_id": ADA, "user_profile": {}}), "no profile fields provided to update"),
        ("update_user", json!({"user_id": ADA, "user_profile": {"o": {}}}), "unsupported type"),
    ] {
        call(&org, action, &args).failed("InvalidArgument", "unchanged").says(&[words]).asked(&[]);
    }
    for (action, args, words) in [
        ("deactivate_user", id(json!(ADA)), "user_id"),
        ("deactivate_user", id(json!({"resourceTypeId": "user", "resourceId": ADA})), "user_id"),
        (
            "delete_user",
            id(json!({"resource_type_id": "group", "resource_id": "00g1eng"})),
            "expected resource type \"user\", got \"group\"",
        ),
        (
            "delete_user",
            id(json!({"resource_type_id": "user", "resource_id": ""})),
            "argument user_id: its resource_id is empty",
        ),
        (
            "update_profile",
            json!({"user_id": {"resource_type": "user", "resource": ADA}}),
            "no profile fields provided",
        ),
        ("update_profile", json!({"user_id": {"resource_type": "user", "resource": ADA}, "title": 7}), "title"),
        (
            "update_profile",
            json!({"user_id": {"resource_type": "user", "resource": ADA}, "tittle": "x"}),
            "did you mean title?",
        ),
    ] {
        call_of_user(&org, action, &args).failed("InvalidArgument", "unchanged").says(&[words]).asked(&[]);
    }
    // A caller who has only an address gets a hint where the ids are.
    const ADDRESS: &str = "\"ada@acme.example\" is an address or a login, not the id of a user";
    const LISTS: &str = "the command `resources` lists ids";
    let address = json!("ada@acme.example");
    for told in [
        call(&org, "disable_user", &id(address.clone())),
        call_of_user(&org, "delete_user", &id(json!({"resource_type_id": "user", "resource_id": address}))),
        org.run(&["--delete-resource", "ada@acme.example", "--delete-resource-type", "user"]),
    ] {
        told.failed("InvalidArgument", "unchanged").says(&[ADDRESS, "\nhint: ", LISTS]).asked(&[]);
    }
    call(&org, "deactivate_user", &id(json!(ADA))).failed("NotFound", "unchanged");
    call_of_user(&org, "enable_user", &id(json!(ADA))).failed("NotFound", "unchanged");
}

#[test]
fn a_dry_run_sends_nothing() {
    let org = Changing::unsynced(|_| {});
    let args = json!({ "user_id": ADA }).to_string();
    org.run(&["--invoke-action", "disable_user", "--invoke-action-args", &args, "--dry-run"])
        .is("planned")
        .asked(&[&format!("{READ} 200"), "POST users/00u1active/lifecycle/suspend withheld"]);
    let args = json!({"user_id": ADA, "user_profile": {"title": "Countess"}}).to_string();
    let told = org.run(&["--invoke-action", "update_user", "--invoke-action-args", &args, "--dry-run"]);
    told.is("planned").asked(&[&format!("{READ} 200"), "POST users/00u1active withheld"]);
    assert_eq!(told.result["requests"][1]["body"], json!({"profile": {"title": "Countess"}}));
    assert!(org.writes().is_empty());
}

#[test]
fn a_profile_update_sends_what_is_named_and_nothing_else() {
    let org = Changing::unsynced(|org| org.define_property("rank"));
    let args = json!({
        "user_id": {"resource_type_id": "user", "resource_id": ADA}, "title": "Countess", "department": "",
        "additionalAttributes": {"rank": 3, "nickName": null},
    });
    let told = call_of_user(&org, "update_profile", &args);
    let resource = &response(told.is("complete"))["updated_user"];
    assert_eq!(resource["resourceId"], json!({"resourceTypeId": "user", "resourceId": ADA}));
    assert!(resource["displayName"].is_string() && resource["annotations"].is_array(), "{resource}");
    assert_eq!((resource.get("profile"), resource.get("status")), (None, None));
    let writes = org.lab.sim().writes();
    assert_eq!(writes.len(), 1);
    assert_eq!((writes[0].method.as_str(), writes[0].path.as_str()), ("POST", "/api/v1/users/00u1active"));
    let profile = json!({"title": "Countess", "department": "", "rank": 3, "nickName": null});
    assert_eq!(writes[0].body, json!({ "profile": profile }));
    let now = org.org().profile_of(ADA).unwrap();
    assert_eq!((&now["title"], &now["rank"], now.get("nickName")), (&json!("Countess"), &json!(3), None));
    // The same again is nothing to do.
    let told = call_of_user(&org, "update_profile", &args);
    told.is("complete").says(&["nothing was sent"]).asked(&[&format!("{READ} 200")]);
    assert_eq!(response(&told)["success"], true);
}

#[test]
fn update_user_takes_an_object_or_its_text_and_names_what_it_sent() {
    let org = Changing::unsynced(|_| {});
    for profile in
        [json!({"title": "Countess", "nickName": "Ada"}), json!("{\"title\":null,\"department\":\"Engines\"}")]
    {
        call(&org, "update_user", &json!({"user_id": ADA, "user_profile": profile})).is("complete");
    }
    let writes = org.lab.sim().writes();
    assert_eq!(writes[0].body, json!({"profile": {"nickName": "Ada", "title": "Countess"}}));
    assert_eq!(writes[1].body, json!({"profile": {"department": "Engines", "title": null}}));
    let now = org.org().profile_of(ADA).unwrap();
    assert_eq!((now.get("title"), &now["department"]), (None, &json!("Engines")));
    let told = call(&org, "update_user", &json!({"user_id": ADA, "user_profile": {"title": "x", "city": "London"}}));
    assert_eq!(*response(told.is("complete")), json!({"success": true, "updated_fields": "city, title"}));
}

#[test]
fn an_attribute_that_the_org_lacks_is_told_by_name() {
    let org = Changing::unsynced(|_| {});
    let args = json!({"user_id": ADA, "user_profile": {"title": "Countess", "shoeSize": 42}});
    call(&org, "update_user", &args).failed("InvalidArgument", "unchanged").says(&["'shoeSize'", "profile editor"]);
    assert_ne!(org.org().profile_of(ADA).unwrap()["title"], "Countess");
    // Nobody changes the profile of a deactivated user.
    let args = json!({"user_id": "00u8deprov", "user_profile": {"title": "Countess"}});
    call(&org, "update_user", &args).failed("FailedPrecondition", "unchanged");
}

#[test]
fn a_lost_answer_to_a_profile_update_is_read_back() {
    for (fault, writes) in
        [(Fault::DropConnection.after_doing(), 1), (Fault::Status(500), 2), (Fault::Empty(200).after_doing(), 1)]
    {
        let org = Changing::unsynced(|_| {});
        org.fail(on("POST", "users/00u1active", fault.clone()).first(1));
        let args = json!({"user_id": ADA, "user_profile": {"title": "Countess"}});
        call(&org, "update_user", &args).is("complete");
        assert_eq!(org.org().profile_of(ADA).unwrap()["title"], "Countess");
        assert_eq!(org.writes().len(), writes, "{fault:?}");
    }
}

#[test]
fn all_eight_actions_are_listed() {
    let org = Changing::unsynced(|_| {});
    let outcome = org.lab.run(&["--list-action-schemas", "-o", "json"]);
    for name in [
        "enable_user",
        "disable_user",
        "update_user",
        "deactivate_user",
        "delete_user",
        "update_profile",
        "create",
        "modify_group",
    ] {
        assert!(outcome.stdout.contains(&format!("\"{name}\"")), "{name}: {}", outcome.stdout);
    }
}
