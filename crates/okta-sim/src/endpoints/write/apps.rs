//! Assigning apps to users and groups.

use serde_json::{Map, Value};

use super::{Change, Done, body, groups, users};
use crate::org::{DIRECT, Org};
use crate::refusal::Refusal;
use crate::render;

/// Assigns an app to a user. One who has it through a group gets it directly.
pub(super) fn assign_user(org: &mut Org, change: &Change<'_>, app: &str) -> Result<Done, Refusal> {
    let app = find(org, app)?;
    let body = change.object()?;
    let Some(id) = body::text(&body, "id")? else {
        return Err(Refusal::invalid("id", ["id: The field cannot be left blank".to_owned()]));
    };
    let user = users::find(org, id)?;
    if org.app_user(app, user).is_some_and(|entry| entry.via == DIRECT) {
        return Err(Refusal::already_assigned());
    }
    assign(org, change, app, user, &body)
}

/// Changes what a user is in an app; with scope USER the user has it directly from now on.
pub(super) fn update_user(org: &mut Org, change: &Change<'_>, app: &str, user: &str) -> Result<Done, Refusal> {
    let app = find(org, app)?;
    let user = find_assigned(org, app, user)?;
    let body = change.object()?;
    assign(org, change, app, user, &body)
}

fn assign(org: &mut Org, change: &Change<'_>, app: u32, user: u32, body: &Map<String, Value>) -> Result<Done, Refusal> {
    if body::text(body, "scope")?.is_some_and(|scope| scope != "USER") {
        return Err(Refusal::invalid("scope", ["scope: Only USER can be assigned".to_owned()]));
    }
    if org.user_status(user) == "DEPROVISIONED" {
        return Err(Refusal::inactive_app_user());
    }
    let credentials = body::object(body, "credentials")?.cloned().map_or(Value::Null, Value::Object);
    let user_name = credentials["userName"].as_str();
    let fresh = org.app_user(app, user).is_none();
    let lacking = user_name.map_or(fresh && org.habits.demand_user_names, |name| name.trim().is_empty());
    if lacking {
        return Err(Refusal::invalid("userName", ["userName: The field cannot be left blank".to_owned()]));
    }
    let profile = body::object(body, "profile")?.cloned().unwrap_or_default();
    org.assign_directly(app, user, &credentials, &profile);
    let mut text = String::new();
    if let Some(entry) = org.app_user(app, user) {
        render::assignment::app_user(org, app, entry, change.hosts, &mut text);
    }
    Ok(Done::ok(text))
}

/// Takes an app from a user. What comes through a group stays, though Okta answers the same.
pub(super) fn unassign_user(org: &mut Org, app: &str, user: &str) -> Result<Done, Refusal> {
    let app = find(org, app)?;
    let user = find_assigned(org, app, user)?;
    if org.app_user(app, user).is_some_and(|entry| entry.via == DIRECT) {
        org.unassign_directly(app, user);
    }
    Ok(Done::gone())
}

pub(super) fn assign_group(org: &mut Org, change: &Change<'_>, app: &str, group: &str) -> Result<Done, Refusal> {
    let app = find(org, app)?;
    let group = groups::find(org, group)?;
    let body = change.object_or_nothing()?;
    let priority = match body.get("priority") {
        None | Some(Value::Null) => None,
        Some(value) => Some(value.as_i64().ok_or_else(Refusal::malformed_body)?),
    };
    let profile = body::object(&body, "profile")?.cloned().unwrap_or_default();
    org.assign_group(app, group, priority, &Value::Object(profile));
    let mut text = String::new();
    render::assignment::app_group(org, app, group, 0, change.hosts, &mut text);
    Ok(Done::ok(text))
}

pub(super) fn unassign_group(org: &mut Org, app: &str, group: &str) -> Result<Done, Refusal> {
    let app = find(org, app)?;
    let n = org.groups.find(group).filter(|n| org.app_groups[app as usize].binary_search(n).is_ok());
    let group = n.ok_or_else(|| Refusal::not_found(group, "ApplicationGroupAssignment"))?;
    org.drop_app_group(app, group);
    Ok(Done::gone())
}

fn find(org: &Org, id: &str) -> Result<u32, Refusal> {
    org.apps.find(id).ok_or_else(|| Refusal::not_found(id, "AppInstance"))
}

/// A user of an app, by the user's id.
fn find_assigned(org: &Org, app: u32, id: &str) -> Result<u32, Refusal> {
    let user = org.users.find(id).filter(|&user| org.app_user(app, user).is_some());
    user.ok_or_else(|| Refusal::not_found(id, "AppUser"))
}
