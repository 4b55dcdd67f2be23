//! Users.

use serde_json::Value;

use super::list::{self, Page};
use super::{Answer, Call};
use crate::filter::{self, List};
use crate::org::Org;
use crate::org::document::Document;
use crate::org::iam::HeldRole;
use crate::org::sketch::UserSketch;
use crate::refusal::Refusal;
use crate::render;
use crate::render::group::Embed;
use crate::render::user::Omit;

/// Okta shows no more users in a page.
const LARGEST: usize = 200;
/// With `q` pages are small unless asked for otherwise.
const WITH_Q: usize = 10;
/// About how long a user is as text.
pub(super) const BYTES: usize = 1_400;

pub(super) fn all(call: &Call<'_>) -> Result<Answer, Refusal> {
    let users = &call.org.users;
    let condition = filter::compile(List::Users, &call.query)?;
    let looked_for = call.query.get("q").map(str::to_lowercase);
    let limit = call.limit(if looked_for.is_some() { WITH_Q } else { LARGEST }, LARGEST)?;
    let bad = if call.query.get("search").is_some() { Refusal::invalid_search_cursor } else { Refusal::invalid_cursor };
    let page = Page {
        start: list::after(call, users, bad)?.map_or(0, |row| row as usize + 1),
        len: users.len() as usize,
        limit,
        bytes: BYTES,
        id: &|at| users.id(at as u32).to_string(),
    };
    let keep = |at: usize| {
        let n = at as u32;
        let Some(document) = list::shown(call, users, n).filter(|_| !call.users_hidden) else { return false };
        let attribute = |path: &str| attribute(call, n, document, path);
        let found = |text: &String| {
            ["profile.firstName", "profile.lastName", "profile.email"]
                .iter()
                .any(|path| list::starts_with(&attribute(path), text))
        };
        // Without a condition deactivated users are left out, also with `q`.
        let fits = match &condition {
            Some(condition) => filter::matches(condition, &attribute),
            None => call.org.user_status(n) != "DEPROVISIONED",
        };
        fits && looked_for.as_ref().is_none_or(found)
    };
    let render = |at: usize, out: &mut String| {
        let document = list::shown(call, users, at as u32).flatten();
        render::user::written(call.org, at as u32, document, call.hosts, call.omit, out);
    };
    Ok(list::with_headers(call, &page, keep, render))
}

fn attribute(call: &Call<'_>, n: u32, document: Option<&Document>, path: &str) -> Value {
    match (path, document) {
        ("id", _) => call.org.users.id(n).to_string().into(),
        ("status", Some(document)) => (*document.status).into(),
        ("status", None) => UserSketch::status(call.org.seed, n).into(),
        _ => {
            let mut text = String::with_capacity(BYTES);
            render::user::written(call.org, n, document, call.hosts, Omit::default(), &mut text);
            list::attribute(serde_json::from_str(&text).unwrap_or_default(), path)
        }
    }
}

pub(super) fn one(call: &Call<'_>, key: &str) -> Result<Answer, Refusal> {
    let n = find(call, key)?;
    let mut body = String::with_capacity(2 * BYTES);
    render::user::single(call.org, n, call.hosts, call.omit, &mut body);
    Ok(Answer::plain(body))
}

pub(super) fn groups(call: &Call<'_>, key: &str) -> Result<Answer, Refusal> {
    let user = find(call, key)?;
    let org = call.org;
    let groups: Vec<u32> = org.groups_of(user);
    let row = list::after(call, &org.groups, Refusal::invalid_cursor)?;
    let page = Page {
        start: list::start(&groups, row, |&n| n),
        len: groups.len(),
        limit: call.limit(LARGEST, LARGEST)?,
        bytes: super::groups::BYTES,
        id: &|at| org.groups.id(groups[at]).to_string(),
    };
    let embed = Embed::default();
    let render = |at: usize, out: &mut String| render::group::group(org, groups[at], call.hosts, embed, out);
    Ok(list::with_headers(call, &page, |_| true, render))
}

pub(super) fn roles(call: &Call<'_>, key: &str) -> Result<Answer, Refusal> {
    let user = find(call, key)?;
    let mut body = String::from("[");
    for (at, role) in held(call.org, user).enumerate() {
        if at > 0 {
            body.push(',');
        }
        role.document.render(call.hosts, &mut body);
    }
    body.push(']');
    Ok(Answer::plain(body))
}

/// One assignment; of several with the same id the one that is the user's own.
pub(super) fn held_role<'a>(call: &Call<'a>, key: &str, assignment: &str) -> Result<&'a HeldRole, Refusal> {
    let user = find(call, key)?;
    let role = held(call.org, user).find(|role| *role.document.id == *assignment);
    role.ok_or_else(|| Refusal::not_found(assignment, "RoleAssignment"))
}

pub(super) fn role(call: &Call<'_>, key: &str, assignment: &str) -> Result<Answer, Refusal> {
    let role = held_role(call, key, assignment)?;
    let mut body = String::new();
    role.document.render(call.hosts, &mut body);
    Ok(Answer::plain(body))
}

/// The roles that a user holds.
fn held(org: &Org, user: u32) -> impl Iterator<Item = &HeldRole> {
    let own = org.user_roles.get(&user).into_iter().flatten();
    // What comes through a group is listed as the group's, after what is held directly.
    let mine = move |group: &u32| org.roles_reach_members && org.members[*group as usize].binary_search(&user).is_ok();
    let through_groups = org.group_roles.iter().filter(move |(group, _)| mine(group)).flat_map(|(_, roles)| roles);
    let through_groups =
        through_groups.filter(|role| role.fact.assignment_type == "GROUP" && role.fact.status == "ACTIVE");
    own.chain(through_groups)
}

fn find(call: &Call<'_>, key: &str) -> Result<u32, Refusal> {
    call.org.find_user(key).ok_or_else(|| Refusal::not_found(key, "User"))
}
