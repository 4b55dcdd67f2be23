//! Users and groups of apps.

use super::json::{Hosts, instant, number};
use super::{group, user};
use crate::org::sketch::UserSketch;
use crate::org::{AppUser, DIRECT, Org};

/// Appends a user of an app.
pub(crate) fn app_user(org: &Org, app: u32, entry: AppUser, hosts: &Hosts, out: &mut String) {
    match org.written_app_users.get(&(app, entry.user)) {
        Some(document) => document.render(hosts, out),
        None => sketched(org, app, entry, hosts, !app.is_multiple_of(3), out),
    }
}

/// Appends a user of an app without the profile.
pub(crate) fn skinny_app_user(org: &Org, app: u32, entry: AppUser, hosts: &Hosts, out: &mut String) {
    let Some(document) = org.written_app_users.get(&(app, entry.user)) else {
        return sketched(org, app, entry, hosts, false, out);
    };
    let mut text = String::new();
    document.render(hosts, &mut text);
    // A document is JSON: the org does not take anything else.
    let mut user: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    user["profile"] = serde_json::json!({});
    out.push_str(&user.to_string());
}

/// Appends a user of an app as the seed describes it.
fn sketched(org: &Org, app: u32, entry: AppUser, hosts: &Hosts, has_profile: bool, out: &mut String) {
    let id = org.users.id(entry.user);
    let sketch = UserSketch::of(org.seed, entry.user);
    let status = match org.user_status(entry.user) {
        status @ ("STAGED" | "SUSPENDED" | "PROVISIONED") => status,
        _ => "ACTIVE",
    };
    out.push_str("{\"id\":\"");
    out.push_str(&id);
    let since = org.app_user_since.get(&(app, entry.user)).copied();
    out.push_str("\",\"externalId\":null,\"created\":");
    instant(out, since.unwrap_or(sketch.created));
    out.push_str(",\"lastUpdated\":");
    instant(out, since.unwrap_or(sketch.updated));
    out.push_str(",\"scope\":");
    out.push_str(if entry.via == DIRECT { "\"USER\"" } else { "\"GROUP\"" });
    out.push_str(",\"status\":\"");
    out.push_str(status);
    out.push_str("\",\"statusChanged\":");
    instant(out, since.unwrap_or(sketch.updated));
    out.push_str(",\"passwordChanged\":null,\"syncState\":\"DISABLED\",\"credentials\":{\"userName\":");
    user::user_name(org, entry.user, out);
    out.push_str("},\"profile\":{");
    if has_profile {
        out.push_str("\"email\":");
        user::user_name(org, entry.user, out);
        out.push_str(",\"department\":null,\"entitlements\":[\"basic\",\"tier-");
        number(out, sketch.dice % 4);
        out.push_str("\"],\"seat\":");
        number(out, sketch.dice % 10_000);
    }
    out.push_str("},\"_links\":{\"app\":{\"href\":\"");
    link(hosts, "apps", &org.apps.id(app), out);
    out.push_str("\"},\"user\":{\"href\":\"");
    link(hosts, "users", &id, out);
    out.push_str("\"}");
    if entry.via != DIRECT {
        out.push_str(",\"group\":{\"name\":");
        group::name(org, entry.via, out);
        out.push_str(",\"href\":\"");
        link(hosts, "groups", &org.groups.id(entry.via), out);
        out.push_str("\"}");
    }
    out.push_str("}}");
}

/// Appends a group of an app; `place` is its place in the app's list.
pub(crate) fn app_group(org: &Org, app: u32, group: u32, place: usize, hosts: &Hosts, out: &mut String) {
    if let Some(document) = org.written_app_groups.get(&(app, group)) {
        return document.render(hosts, out);
    }
    let id = org.groups.id(group);
    out.push_str("{\"id\":\"");
    out.push_str(&id);
    out.push_str("\",\"lastUpdated\":\"2024-05-06T07:08:09.000Z\",\"priority\":");
    number(out, place as u64);
    out.push_str(",\"profile\":{},\"_links\":{\"app\":{\"href\":\"");
    link(hosts, "apps", &org.apps.id(app), out);
    out.push_str("\"},\"self\":{\"href\":\"");
    link(hosts, "apps", &org.apps.id(app), out);
    out.push_str("/groups/");
    out.push_str(&id);
    out.push_str("\"},\"group\":{\"href\":\"");
    link(hosts, "groups", &id, out);
    out.push_str("\"}}}");
}

fn link(hosts: &Hosts, kind: &str, id: &str, out: &mut String) {
    out.push_str(&hosts.org);
    out.push_str("/api/v1/");
    out.push_str(kind);
    out.push('/');
    out.push_str(id);
}
