//! Users.

use std::fmt::Write;

use serde_json::{Value, json};

use super::json::{Hosts, instant, number, text};
use crate::org::Org;
use crate::org::document::Document;
use crate::org::names::{DEPARTMENTS, MAIL_DOMAIN, PLACES, TITLES};
use crate::org::sketch::UserSketch;

/// Which parts of users the caller does without, as told in the `okta-response` parameter of `Content-Type`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Omit {
    /// The member `credentials`.
    pub(crate) credentials: bool,
    /// The credential operations among the links.
    pub(crate) credential_links: bool,
    /// The member `transitioningToStatus`.
    pub(crate) transitioning: bool,
    /// Where the credentials come from.
    pub(crate) provider: bool,
}

impl Omit {
    fn nothing(self) -> bool {
        self == Self::default()
    }
}

/// Appends a user in the form of lists, which carries the `self` link alone.
pub(crate) fn listed(org: &Org, n: u32, hosts: &Hosts, omit: Omit, out: &mut String) {
    written(org, n, org.users.document(n), hosts, omit, out);
}

/// The same from this document, or as the seed describes the user.
pub(crate) fn written(org: &Org, n: u32, document: Option<&Document>, hosts: &Hosts, omit: Omit, out: &mut String) {
    match document {
        Some(document) if omit.nothing() => document.render(hosts, out),
        Some(document) => {
            let mut value = document.value(hosts);
            leave_out(&mut value, omit);
            let _ = write!(out, "{value}");
        }
        None => generated(org, n, hosts, omit, out),
    }
}

/// Appends a user read singly: it carries a link for every operation that its status allows.
pub(crate) fn single(org: &Org, n: u32, hosts: &Hosts, omit: Omit, out: &mut String) {
    if org.users.document(n).is_some_and(|document| document.verbatim) {
        return listed(org, n, hosts, omit, out);
    }
    let mut listing = String::with_capacity(2_048);
    listed(org, n, hosts, Omit::default(), &mut listing);
    let mut value: Value = serde_json::from_str(&listing).unwrap_or_default();
    value["_links"] = links(&org.users.id(n), org.user_status(n), hosts);
    leave_out(&mut value, omit);
    let _ = write!(out, "{value}");
}

fn leave_out(user: &mut Value, omit: Omit) {
    let Some(members) = user.as_object_mut() else { return };
    if omit.credentials {
        members.shift_remove("credentials");
    }
    if let (true, Some(credentials)) = (omit.provider, members.get_mut("credentials").and_then(Value::as_object_mut)) {
        credentials.shift_remove("provider");
    }
    if omit.transitioning {
        members.shift_remove("transitioningToStatus");
    }
    if let (true, Some(links)) = (omit.credential_links, members.get_mut("_links").and_then(Value::as_object_mut)) {
        for name in ["resetPassword", "forgotPassword", "expirePassword", "changeRecoveryQuestion", "changePassword"] {
            links.shift_remove(name);
        }
    }
}

fn links(id: &str, status: &str, hosts: &Hosts) -> Value {
    let base = format!("{}/api/v1/users/{id}", hosts.org);
    let mut links = json!({"self": {"href": base}});
    let mut allow = |name: &str, tail: &str| {
        links[name] = json!({"href": format!("{base}/{tail}"), "method": "POST"});
    };
    if status != "DEPROVISIONED" {
        allow("deactivate", "lifecycle/deactivate");
    }
    match status {
        "STAGED" | "DEPROVISIONED" => allow("activate", "lifecycle/activate"),
        "ACTIVE" => {
            allow("suspend", "lifecycle/suspend");
            allow("resetPassword", "lifecycle/reset_password");
            allow("expirePassword", "lifecycle/expire_password");
            allow("forgotPassword", "credentials/forgot_password");
            allow("changeRecoveryQuestion", "credentials/change_recovery_question");
            allow("changePassword", "credentials/change_password");
            allow("resetFactors", "lifecycle/reset_factors");
        }
        "PROVISIONED" | "RECOVERY" => {
            allow("reactivate", "lifecycle/reactivate");
            allow("resetPassword", "lifecycle/reset_password");
        }
        "SUSPENDED" => allow("unsuspend", "lifecycle/unsuspend"),
        "LOCKED_OUT" => allow("unlock", "lifecycle/unlock"),
        _ => {}
    }
    links
}

fn generated(org: &Org, n: u32, hosts: &Hosts, omit: Omit, out: &mut String) {
    let user = UserSketch::of(org.seed, n);
    let id = org.users.id(n);
    let never_used = matches!(user.status, "STAGED" | "PROVISIONED");
    out.push_str("{\"id\":\"");
    out.push_str(&id);
    out.push_str("\",\"status\":\"");
    out.push_str(user.status);
    out.push_str("\",\"created\":");
    instant(out, user.created);
    let moments = [
        ("activated", user.status != "STAGED", user.created + 60),
        ("statusChanged", user.status != "STAGED", user.updated),
        ("lastLogin", !never_used && user.dice & 7 != 0, user.updated + (user.dice % 1_000_000) as i64),
        ("lastUpdated", true, user.updated),
        ("passwordChanged", !never_used && user.dice & 1 == 0, user.created + 3_600),
    ];
    for (name, known, at) in moments {
        out.push_str(",\"");
        out.push_str(name);
        out.push_str("\":");
        if known { instant(out, at) } else { out.push_str("null") }
    }
    out.push_str(",\"type\":{\"id\":\"otys1m00000000001d7x\"},\"profile\":");
    profile(&user, out);
    if !omit.credentials {
        credentials(&user, omit.provider, out);
    }
    out.push_str(",\"_links\":{\"self\":{\"href\":\"");
    out.push_str(&hosts.org);
    out.push_str("/api/v1/users/");
    out.push_str(&id);
    out.push_str("\"}}}");
}

fn login(user: &UserSketch, out: &mut String) {
    out.push_str(user.first.1);
    out.push('.');
    out.push_str(user.last.1);
    out.push('.');
    number(out, user.n.into());
    out.push('@');
    out.push_str(MAIL_DOMAIN);
}

/// Appends a user name as app assignments show it.
pub(crate) fn user_name(org: &Org, n: u32, out: &mut String) {
    match org.users.document(n) {
        Some(document) => text(out, &document.name),
        None => {
            out.push('"');
            login(&UserSketch::of(org.seed, n), out);
            out.push('"');
        }
    }
}

fn profile(user: &UserSketch, out: &mut String) {
    let place = PLACES[(user.dice >> 8) as usize % PLACES.len()];
    let member = |out: &mut String, name: &str, value: &str| {
        out.push_str(",\"");
        out.push_str(name);
        out.push_str("\":\"");
        out.push_str(value);
        out.push('"');
    };
    out.push_str("{\"firstName\":\"");
    out.push_str(user.first.0);
    out.push('"');
    member(out, "lastName", user.last.0);
    out.push_str(",\"displayName\":\"");
    out.push_str(user.first.0);
    out.push(' ');
    out.push_str(user.last.0);
    out.push('"');
    if user.dice.is_multiple_of(3) {
        member(out, "mobilePhone", "+1-555-010-0199");
        out.push_str(",\"secondEmail\":\"");
        out.push_str(user.first.1);
        number(out, user.n.into());
        out.push_str("@home.example\"");
    } else {
        out.push_str(",\"mobilePhone\":null,\"secondEmail\":null");
    }
    for name in [",\"login\":\"", ",\"email\":\""] {
        out.push_str(name);
        login(user, out);
        out.push('"');
    }
    out.push_str(",\"employeeNumber\":\"E");
    number(out, 1_000_000 + u64::from(user.n));
    out.push('"');
    member(out, "title", TITLES[(user.dice >> 16) as usize % TITLES.len()]);
    member(out, "department", DEPARTMENTS[(user.dice >> 24) as usize % DEPARTMENTS.len()]);
    member(out, "division", "Global");
    member(out, "organization", "Acme Incorporated");
    member(out, "userType", if user.dice & 0x10 == 0 { "Employee" } else { "Contractor" });
    out.push_str(",\"costCenter\":\"CC-");
    number(out, (user.dice >> 32) % 900 + 100);
    out.push('"');
    out.push_str(",\"managerId\":\"E");
    number(out, 1_000_000 + u64::from(user.n / 8));
    out.push('"');
    member(out, "primaryPhone", "+1-555-010-0142 ext. 7");
    out.push_str(",\"streetAddress\":\"");
    number(out, user.dice >> 48 & 0x3ff);
    out.push_str(" Example Avenue, Building C\",\"zipCode\":\"");
    number(out, 10_000 + (user.dice >> 44) % 90_000);
    out.push('"');
    member(out, "city", place.0);
    member(out, "state", place.1);
    member(out, "countryCode", place.2);
    member(out, "timezone", place.3);
    member(out, "locale", "en_US");
    member(out, "preferredLanguage", "en");
    out.push_str(",\"hireYear\":");
    number(out, 2000 + (user.dice >> 40) % 25);
    out.push('}');
}

fn credentials(user: &UserSketch, without_provider: bool, out: &mut String) {
    let okta = user.dice & 0x20 == 0;
    out.push_str(",\"credentials\":{");
    if okta {
        out.push_str("\"password\":{},\"emails\":[{\"value\":\"");
        login(user, out);
        out.push_str("\",\"status\":\"VERIFIED\",\"type\":\"PRIMARY\"}]");
    }
    if !without_provider {
        out.push_str(if okta {
            ",\"provider\":{\"type\":\"OKTA\",\"name\":\"OKTA\"}"
        } else {
            "\"provider\":{\"type\":\"ACTIVE_DIRECTORY\",\"name\":\"acme.local\"}"
        });
    }
    out.push('}');
}
