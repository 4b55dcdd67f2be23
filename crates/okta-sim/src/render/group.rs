//! Groups.

use std::fmt::Write;

use super::json::{Hosts, instant, number, text};
use crate::org::Org;
use crate::org::sketch::GroupSketch;

/// Appends a group, with its statistics when they were asked for and the group has any.
pub(crate) fn group(org: &Org, n: u32, hosts: &Hosts, stats: bool, out: &mut String) {
    match org.groups.document(n) {
        Some(document) => document.render(hosts, out),
        None => generated(org, n, hosts, out),
    }
    if stats && !org.group_quirks.without_stats.contains(&n) {
        // Spliced in before the closing brace, so that a recorded group stays as it was otherwise.
        out.truncate(out.trim_end().len() - 1);
        out.push_str(",\"_embedded\":{\"stats\":{\"usersCount\":");
        number(out, org.members[n as usize].len() as u64);
        out.push_str(",\"appsCount\":");
        number(out, org.app_count(n) as u64);
        out.push_str(",\"groupPushMappingsCount\":0,\"hasAdminPrivilege\":");
        out.push_str(if org.has_roles(n) { "true" } else { "false" });
        let _ = write!(
            out,
            ",\"_links\":{{\"self\":{{\"href\":\"{}/api/v1/groups/{}/stats\"}}}}",
            hosts.org,
            &*org.groups.id(n)
        );
        out.push_str("}}}");
    }
}

/// Appends the quoted name of a group.
pub(crate) fn name(org: &Org, n: u32, out: &mut String) {
    match org.groups.document(n) {
        Some(document) => text(out, &document.name),
        None => {
            out.push('"');
            bare_name(&GroupSketch::of(org.seed, n), out);
            out.push('"');
        }
    }
}

fn bare_name(group: &GroupSketch, out: &mut String) {
    let _ = write!(out, "{} {} {}", group.department, group.city, group.n);
}

fn generated(org: &Org, n: u32, hosts: &Hosts, out: &mut String) {
    let group = GroupSketch::of(org.seed, n);
    let id = org.groups.id(n);
    out.push_str("{\"id\":\"");
    out.push_str(&id);
    out.push_str("\",\"created\":");
    instant(out, group.created);
    out.push_str(",\"lastUpdated\":");
    instant(out, group.updated);
    out.push_str(",\"lastMembershipUpdated\":");
    instant(out, group.membership_updated);
    let imported = group.kind == "APP_GROUP";
    let class = if imported { "okta:windows_security_principal" } else { "okta:user_group" };
    let _ = write!(out, ",\"objectClass\":[\"{class}\"],\"type\":\"{}\",\"profile\":{{\"name\":\"", group.kind);
    bare_name(&group, out);
    if n.is_multiple_of(6) {
        out.push_str("\",\"description\":null");
    } else {
        let _ = write!(out, "\",\"description\":\"Members of {} in {}\"", group.department, group.city);
    }
    if imported {
        let _ = write!(
            out,
            ",\"samAccountName\":\"grp{n}\",\"dn\":\"CN=grp{n},OU=Groups,DC=acme,DC=local\",\"externalId\":\"ext{n:08}\""
        );
    }
    out.push_str("},\"_links\":{");
    let source = imported.then(|| org.apps.len().checked_sub(1).map(|last| org.apps.id(last.min(3)))).flatten();
    if let Some(app) = &source {
        let _ = write!(out, "\"source\":{{\"href\":\"{}/api/v1/apps/{}\"}},", hosts.org, &**app);
    }
    out.push_str("\"logo\":[");
    for (at, size) in ["medium", "large"].iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(
            out,
            "{comma}{{\"name\":\"{size}\",\"href\":\"https://static.okta-sim.example/groups/okta-{size}.png\",\"type\":\"image/png\"}}"
        );
    }
    for (name, comma) in [("users", "],"), ("apps", ",")] {
        let _ = write!(out, "{comma}\"{name}\":{{\"href\":\"{}/api/v1/groups/{}/{name}\"}}", hosts.org, &*id);
    }
    out.push('}');
    if let Some(app) = &source {
        let _ = write!(out, ",\"source\":{{\"id\":\"{}\"}}", &**app);
    }
    out.push('}');
}
