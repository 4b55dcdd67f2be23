//! The awkward objects that every generated org holds, as far as it is large enough: what real orgs contain and parsers
//! stumble over.

use serde_json::{Value, json};

use super::document::Document;
use super::objects;

/// Every documented status, and the one that shows only in transit.
const STATUSES: [&str; 9] = [
    "ACTIVE",
    "STAGED",
    "PROVISIONED",
    "RECOVERY",
    "PASSWORD_EXPIRED",
    "LOCKED_OUT",
    "SUSPENDED",
    "DEPROVISIONED",
    "ACTIVATING",
];

/// How many users at the start of an org are awkward.
pub(crate) const USERS: u32 = STATUSES.len() as u32 + 22;

/// The awkward user number `n`; the first nine go through the statuses, the others have unusual profiles.
pub(crate) fn user(n: u32, id: &str) -> Document {
    let plain = json!({
        "firstName": "Odd", "lastName": format!("Case{n}"), "mobilePhone": null, "secondEmail": null,
        "login": format!("odd.{n}@acme.example"), "email": format!("odd.{n}@acme.example"),
    });
    if let Some(status) = STATUSES.get(n as usize) {
        let mut value = objects::user_value(id, status, &plain);
        match *status {
            "ACTIVATING" => value["transitioningToStatus"] = "ACTIVE".into(),
            "PROVISIONED" => value["realmId"] = "guors1m0000000001d7x".into(),
            "SUSPENDED" => value["credentials"]["provider"] = json!({"type": "ACTIVE_DIRECTORY", "name": "acme.local"}),
            _ => {}
        }
        return Document::of(&value);
    }
    let mut profile = plain;
    profile_case(n as usize - STATUSES.len(), &mut profile);
    objects::user(id, "ACTIVE", &profile)
}

fn profile_case(case: usize, profile: &mut Value) {
    match case {
        0 => profile["displayName"] = "".into(),
        1 => profile["login"] = "no-at-sign".into(),
        2 => profile["login"] = "two@at@signs.example".into(),
        3 => profile["email"] = "Upper.Case@ACME.Example".into(),
        4 => profile["employeeNumber"] = "E-000042".into(),
        5 => profile["employeeNumber"] = 42.into(),
        6 => profile["employeeId"] = "".into(),
        7 => {
            profile["EmployeeIdNumber"] = "A-1".into();
            profile["employee_id"] = "A-2".into();
            profile["employee_number"] = "A-3".into();
        }
        8 => profile["secondEmail"] = "private@home.example".into(),
        9 => profile["secondEmail"] = "".into(),
        10 => profile["displayName"] = "Zoë “Quote\" \\ Backslash 👩‍💻 \u{202e}rtl\u{202c}".into(),
        11 => profile["about"] = "ä👍".repeat(700).into(),
        12 => profile["nested"] = json!({"a": {"b": [1, {"c": null}]}, "empty": {}, "list": []}),
        13 => profile["arrays"] = json!(["x", "", "ünï"]),
        14 => {
            profile["numbers"] =
                json!([0, -1, 1.5, 1e308, -1e-308, 9_007_199_254_740_993u64, i64::MIN, u64::MAX, 0.1, 5e-324]);
        }
        15 => {
            profile["contractor"] = true.into();
            profile["remote"] = false.into();
        }
        16 => profile["firstName"] = Value::Null,
        17 => {
            profile["firstName"] = "".into();
            profile["lastName"] = "".into();
        }
        18 => profile["email"] = "not-an-email".into(),
        19 => profile["login"] = "with/slash@acme.example".into(),
        20 => profile["nickName"] = "tab\tnew\nline\r\u{8}".into(),
        _ => {
            if let Some(members) = profile.as_object_mut() {
                members.remove("firstName");
                members.remove("mobilePhone");
            }
            profile["Login"] = "shadow@acme.example".into();
        }
    }
}

/// The group that has a type that no documentation names.
pub(crate) const UNKNOWN_TYPE: u32 = 3;
/// The group that never shows statistics. It has members, apps and an admin role, so that a client loses something if it
/// takes "no statistics" for "nothing there".
pub(crate) const WITHOUT_STATS: u32 = 5;

/// The awkward group number `n`, if that one is.
pub(crate) fn group(n: u32, id: &str) -> Option<Document> {
    let (kind, profile) = match n {
        0 => ("BUILT_IN", json!({"name": "Everyone", "description": "All users in your organization"})),
        1 => ("BUILT_IN", json!({"name": "Okta Administrators", "description": "Okta manages this group"})),
        2 => ("OKTA_GROUP", json!({"name": "Null description", "description": null})),
        UNKNOWN_TYPE => ("FUTURE_GROUP", json!({"name": "Future", "description": "A type of tomorrow"})),
        WITHOUT_STATS => ("OKTA_GROUP", json!({"name": "No statistics", "description": ""})),
        6 => (
            "OKTA_GROUP",
            json!({"name": "Quote \" slash / \\ 🦀 名前", "description": "line\nfeed", "level": 7, "tags": ["a", "b"]}),
        ),
        8 => ("OKTA_GROUP", json!({"name": "No description member"})),
        _ => return None,
    };
    Some(objects::group(id, kind, &profile, None))
}

/// The awkward app number `n`, if that one is.
pub(crate) fn app(n: u32, id: &str) -> Option<Document> {
    let mut value = match n {
        0 => objects::app(id, "bookmark", "Lunch menu", "ACTIVE", Some("BOOKMARK")),
        1 => objects::app(id, "saml_2_0", "Old payroll", "INACTIVE", Some("SAML_2_0")),
        2 => objects::app(id, "oidc_client", "", "ACTIVE", Some("OPENID_CONNECT")),
        3 => objects::app(id, "active_directory", "corp.local", "ACTIVE", None),
        4 => objects::app(id, "saasure", "Okta Admin Console", "ACTIVE", Some("OPENID_CONNECT")),
        5 => objects::app(id, "future_app", "Tomorrow \"quoted\" 🦀", "ACTIVE", Some("TELEPATHY")),
        6 => objects::app(id, "template_swa", "Form login", "ACTIVE", Some("AUTO_LOGIN")),
        _ => return None,
    };
    match n {
        4 => {
            if let Some(members) = value.as_object_mut() {
                members.remove("signOnMode");
                members.remove("orn");
                members.remove("universalLogout");
            }
        }
        0 => value["profile"] = json!({"label": "app profile", "nested": {"free": true}}),
        _ => {}
    }
    Some(Document::of(&value))
}
