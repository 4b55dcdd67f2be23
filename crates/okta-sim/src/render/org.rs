//! The org itself, and the users who administer it.

use std::fmt::Write;

use serde_json::json;

use super::json::Hosts;
use crate::org::Org;

/// Appends what `/api/v1/org` tells.
pub(crate) fn org(org: &Org, hosts: &Hosts, out: &mut String) {
    let link = |path: &str| json!({"href": format!("{}/api/v1/org/{path}", hosts.org)});
    let value = json!({
        "id": org.about.id, "subdomain": org.about.subdomain, "companyName": org.about.company, "status": "ACTIVE",
        "expiresAt": null, "created": "2019-01-01T00:00:00.000Z", "lastUpdated": "2024-01-01T00:00:00.000Z",
        "website": "https://acme.example", "phoneNumber": "", "endUserSupportHelpURL": "", "supportPhoneNumber": "",
        "address1": null, "address2": null, "city": null, "state": null, "country": null, "postalCode": null,
        "_links": {
            "preferences": link("preferences"), "oktaCommunication": link("privacy/oktaCommunication"),
            "oktaSupport": link("privacy/oktaSupport"), "contacts": link("contacts"),
            "uploadLogo": {"href": format!("{}/api/v1/org/logo", hosts.org), "hints": {"allow": ["POST"]}},
            "logo": {"href": "https://static.okta-sim.example/org/logo.png"},
        },
    });
    let _ = write!(out, "{value}");
}

/// Appends an element of `/api/v1/iam/assignees/users`.
pub(crate) fn assignee(org: &Org, n: u32, hosts: &Hosts, out: &mut String) {
    let id = org.users.id(n);
    let (org_id, base, id) = (&org.about.id, &hosts.org, &*id);
    let _ = write!(
        out,
        "{{\"id\":\"{id}\",\"orn\":\"orn:okta:directory:{org_id}:users:{id}\",\"_links\":{{\
         \"roles\":{{\"href\":\"{base}/api/v1/users/{id}/roles\"}},\"self\":{{\"href\":\"{base}/api/v1/users/{id}\"}}}}}}"
    );
}
