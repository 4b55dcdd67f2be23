//! Apps, their users and their groups.

use serde_json::Value;

use super::list::{self, Page};
use super::{Answer, Call};
use crate::filter::{self, List};
use crate::org::{AppUser, Org};
use crate::refusal::Refusal;
use crate::render;
use crate::render::json::Hosts;

/// About how long an app is as text.
pub(super) const BYTES: usize = 2_000;

pub(super) fn all(call: &Call<'_>) -> Result<Answer, Refusal> {
    let apps = &call.org.apps;
    let condition = filter::compile(List::Apps, &call.query)?;
    let looked_for = call.query.get("q").map(str::to_lowercase);
    let page = Page {
        start: list::after(call, apps, Refusal::invalid_cursor)?.map_or(0, |row| row as usize + 1),
        len: apps.len() as usize,
        limit: call.limit(20, 200)?,
        bytes: BYTES,
        id: &|at| apps.id(at as u32).to_string(),
    };
    let keep = |at: usize| {
        let n = at as u32;
        let found =
            |text: &String| ["name", "label"].iter().any(|path| list::starts_with(&attribute(call, n, path), text));
        apps.holds(n)
            && condition.as_ref().is_none_or(|it| filter::matches(it, &|path| attribute(call, n, path)))
            && looked_for.as_ref().is_none_or(found)
    };
    let render = |at: usize, out: &mut String| render::app::app(call.org, at as u32, call.hosts, out);
    Ok(list::with_headers(call, &page, keep, render))
}

fn attribute(call: &Call<'_>, n: u32, path: &str) -> Value {
    let org = call.org;
    match path {
        "id" => org.apps.id(n).to_string().into(),
        "status" => org.app_status(n).into(),
        "user.id" => org.app_users[n as usize].iter().map(|entry| org.users.id(entry.user).to_string()).collect(),
        "group.id" => org.app_groups[n as usize].iter().map(|&group| org.groups.id(group).to_string()).collect(),
        _ => {
            let mut text = String::with_capacity(BYTES);
            render::app::app(org, n, call.hosts, &mut text);
            list::attribute(serde_json::from_str(&text).unwrap_or_default(), path)
        }
    }
}

pub(super) fn one(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let mut body = String::with_capacity(BYTES);
    render::app::app(call.org, find(call, id)?, call.hosts, &mut body);
    Ok(Answer::plain(body))
}

pub(super) fn users(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    list_users(call, id, render::assignment::app_user)
}

/// The users with empty profiles.
pub(super) fn skinny_users(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    list_users(call, id, render::assignment::skinny_app_user)
}

/// Appends a user of an app.
type Written = fn(&Org, u32, AppUser, &Hosts, &mut String);

fn list_users(call: &Call<'_>, id: &str, written: Written) -> Result<Answer, Refusal> {
    let app = find(call, id)?;
    let org = call.org;
    let users = &org.app_users[app as usize];
    let row = list::after(call, &org.users, Refusal::invalid_cursor)?;
    let page = Page {
        start: list::start(users, row, |entry| entry.user),
        len: users.len(),
        limit: call.limit(50, 500)?,
        bytes: 800,
        id: &|at| org.users.id(users[at].user).to_string(),
    };
    let render = |at: usize, out: &mut String| written(org, app, users[at], call.hosts, out);
    Ok(list::with_headers(call, &page, |_| true, render))
}

pub(super) fn user(call: &Call<'_>, id: &str, user: &str) -> Result<Answer, Refusal> {
    let app = find(call, id)?;
    let entry = call.org.users.find(user).and_then(|user| call.org.app_user(app, user));
    let entry = entry.ok_or_else(|| Refusal::not_found(user, "AppUser"))?;
    let mut body = String::new();
    render::assignment::app_user(call.org, app, entry, call.hosts, &mut body);
    Ok(Answer::plain(body))
}

pub(super) fn group(call: &Call<'_>, id: &str, group: &str) -> Result<Answer, Refusal> {
    let app = find(call, id)?;
    let row = call.org.groups.find(group);
    let place = row.and_then(|row| call.org.app_groups[app as usize].binary_search(&row).ok());
    let place = place.ok_or_else(|| Refusal::not_found(group, "ApplicationGroupAssignment"))?;
    let mut body = String::new();
    let row = call.org.app_groups[app as usize][place];
    render::assignment::app_group(call.org, app, row, place, call.hosts, &mut body);
    Ok(Answer::plain(body))
}

pub(super) fn groups(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let app = find(call, id)?;
    let org = call.org;
    let groups = &org.app_groups[app as usize];
    let row = list::after(call, &org.groups, Refusal::invalid_cursor)?;
    // Okta refuses fewer than 20 here; it takes a smaller number for 20.
    let limit = call.limit(20, 200)?.max(20.min(call.sizes.cap.unwrap_or(20)));
    let page = Page {
        start: list::start(groups, row, |&n| n),
        len: groups.len(),
        limit,
        bytes: 450,
        id: &|at| org.groups.id(groups[at]).to_string(),
    };
    let render = |at: usize, out: &mut String| render::assignment::app_group(org, app, groups[at], at, call.hosts, out);
    Ok(list::with_headers(call, &page, |_| true, render))
}

fn find(call: &Call<'_>, id: &str) -> Result<u32, Refusal> {
    call.org.apps.find(id).ok_or_else(|| Refusal::not_found(id, "AppInstance"))
}
