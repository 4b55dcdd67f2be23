//! Groups.

use std::fmt::Write;

use serde_json::{Value, json};

use super::json::{Hosts, instant, number, text};
use crate::org::Org;
use crate::org::document::{Document, marks};
use crate::org::sketch::GroupSketch;

/// What `expand` asks to have in a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Embed {
    /// Statistics, which most groups have.
    pub(crate) stats: bool,
    /// The app that an imported group comes from.
    pub(crate) app: bool,
}

/// Appends a group, with what was asked for.
pub(crate) fn group(org: &Org, n: u32, hosts: &Hosts, embed: Embed, out: &mut String) {
    written(org, n, org.groups.document(n), hosts, embed, out);
}

/// Appends a group from this document, or as the seed describes it.
pub(crate) fn written(org: &Org, n: u32, document: Option<&Document>, hosts: &Hosts, embed: Embed, out: &mut String) {
    match document {
        Some(document) => document.render(hosts, out),
        None => generated(org, n, hosts, out),
    }
    let stats = embed.stats && !org.group_quirks.without_stats.contains(&n);
    let source = embed.app.then(|| source(org, n, document)).flatten();
    if !stats && source.is_none() {
        return;
    }
    // Spliced in before the closing brace, so that a recorded group stays as it was otherwise.
    out.truncate(out.trim_end().len() - 1);
    out.push_str(",\"_embedded\":{");
    if stats {
        statistics(org, n, hosts, out);
    }
    if let Some(app) = source {
        let value = app_value(org, app);
        let comma = if stats { "," } else { "" };
        let app = json!({"id": &*org.apps.id(app), "name": value["name"], "label": value["label"]});
        let _ = write!(out, "{comma}\"app\":{app}");
    }
    out.push_str("}}");
}

fn statistics(org: &Org, n: u32, hosts: &Hosts, out: &mut String) {
    out.push_str("\"stats\":{\"usersCount\":");
    number(out, org.members[n as usize].len() as u64);
    out.push_str(",\"appsCount\":");
    number(out, org.app_count(n) as u64);
    out.push_str(",\"groupPushMappingsCount\":0,\"hasAdminPrivilege\":");
    out.push_str(if org.has_roles(n) { "true" } else { "false" });
    let link = format!("{}/api/v1/groups/{}/stats", hosts.org, &*org.groups.id(n));
    let _ = write!(out, ",\"_links\":{{\"self\":{{\"href\":\"{link}\"}}}}}}");
}

/// The app that a group comes from.
fn source(org: &Org, n: u32, document: Option<&Document>) -> Option<u32> {
    match document {
        Some(document) => org.apps.find(document.marked()["source"]["id"].as_str()?),
        None => (GroupSketch::of(org.seed, n).kind == "APP_GROUP").then(|| generated_source(org)).flatten(),
    }
}

/// Generated groups of type `APP_GROUP` all come from one app.
fn generated_source(org: &Org) -> Option<u32> {
    org.apps.len().checked_sub(1).map(|last| last.min(3))
}

fn app_value(org: &Org, app: u32) -> Value {
    let mut text = String::new();
    super::app::app(org, app, &marks(), &mut text);
    serde_json::from_str(&text).unwrap_or_default()
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
    let source = imported.then(|| generated_source(org)).flatten().map(|app| org.apps.id(app));
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
