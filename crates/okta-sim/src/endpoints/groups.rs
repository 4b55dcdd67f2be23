//! Groups.

use serde_json::Value;

use super::list::{self, Page};
use super::{Answer, Call};
use crate::filter::{self, List};
use crate::org::document::Document;
use crate::org::iam::HeldRole;
use crate::refusal::Refusal;
use crate::render;
use crate::render::group::Embed;
use crate::render::user::Omit;

/// The largest page of members, and the usual one.
const MEMBERS: usize = 1_000;
/// With `q` there is one page of at most this many groups.
const WITH_Q: usize = 300;
/// About how long a group is as text.
pub(super) const BYTES: usize = 1_000;

pub(super) fn all(call: &Call<'_>) -> Result<Answer, Refusal> {
    let groups = &call.org.groups;
    let condition = filter::compile(List::Groups, &call.query)?;
    let embed = embed(call);
    let looked_for = call.query.get("q").map(str::to_lowercase);
    let largest = if looked_for.is_some() { WITH_Q } else { call.sizes.groups };
    let bad = if call.query.get("search").is_some() { Refusal::invalid_search_cursor } else { Refusal::invalid_cursor };
    let page = Page {
        start: list::after(call, groups, bad)?.map_or(0, |row| row as usize + 1),
        len: groups.len() as usize,
        limit: call.limit(largest, largest)?,
        bytes: BYTES,
        id: &|at| groups.id(at as u32).to_string(),
    };
    let keep = |at: usize| {
        let n = at as u32;
        let Some(document) = list::shown(call, groups, n) else { return false };
        let attribute = |path: &str| attribute(call, n, document, path);
        condition.as_ref().is_none_or(|it| filter::matches(it, &attribute))
            && looked_for.as_ref().is_none_or(|text| list::starts_with(&attribute("profile.name"), text))
    };
    let render = |at: usize, out: &mut String| {
        let document = list::shown(call, groups, at as u32).flatten();
        render::group::written(call.org, at as u32, document, call.hosts, embed, out);
    };
    let answer = list::with_headers(call, &page, keep, render);
    Ok(if looked_for.is_some() { Answer::plain(answer.body) } else { answer })
}

fn attribute(call: &Call<'_>, n: u32, document: Option<&Document>, path: &str) -> Value {
    if path == "id" {
        return call.org.groups.id(n).to_string().into();
    }
    let mut text = String::with_capacity(BYTES);
    render::group::written(call.org, n, document, call.hosts, Embed::default(), &mut text);
    list::attribute(serde_json::from_str(&text).unwrap_or_default(), path)
}

pub(super) fn one(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let mut body = String::with_capacity(BYTES);
    render::group::group(call.org, find(call, id)?, call.hosts, embed(call), &mut body);
    Ok(Answer::plain(body))
}

pub(super) fn members(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    list_members(call, id, call.omit)
}

/// The members without the origin of their credentials.
pub(super) fn skinny_members(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    list_members(call, id, Omit { provider: true, ..call.omit })
}

fn list_members(call: &Call<'_>, id: &str, omit: Omit) -> Result<Answer, Refusal> {
    let group = find(call, id)?;
    let org = call.org;
    if org.group_quirks.members_refused.contains(&group) {
        return Err(Refusal::no_permission());
    }
    let members = &org.members[group as usize];
    let row = list::after(call, &org.users, Refusal::invalid_cursor)?;
    let page = Page {
        start: list::start(members, row, |&n| n),
        len: members.len(),
        limit: call.limit(MEMBERS, MEMBERS)?,
        bytes: super::users::BYTES,
        id: &|at| org.users.id(members[at]).to_string(),
    };
    let render = |at: usize, out: &mut String| render::user::listed(org, members[at], call.hosts, omit, out);
    Ok(list::with_headers(call, &page, |_| true, render))
}

pub(super) fn roles(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let group = find(call, id)?;
    if call.org.group_quirks.roles_refused.contains(&group) {
        return Err(Refusal::no_permission());
    }
    let roles: Vec<_> = call.org.group_roles.get(&group).into_iter().flatten().collect();
    let page = Page { start: 0, len: roles.len(), limit: usize::MAX, bytes: 400, id: &|_| String::new() };
    let (body, _) = list::cut(&page, |_| true, |at, out| roles[at].document.render(call.hosts, out));
    Ok(Answer::plain(body))
}

pub(super) fn role(call: &Call<'_>, id: &str, assignment: &str) -> Result<Answer, Refusal> {
    let role = held_role(call, id, assignment)?;
    let mut body = String::new();
    role.document.render(call.hosts, &mut body);
    Ok(Answer::plain(body))
}

/// An assignment that a group holds.
pub(super) fn held_role<'a>(call: &Call<'a>, id: &str, assignment: &str) -> Result<&'a HeldRole, Refusal> {
    let group = find(call, id)?;
    if call.org.group_quirks.roles_refused.contains(&group) {
        return Err(Refusal::no_permission());
    }
    let mut roles = call.org.group_roles.get(&group).into_iter().flatten();
    let role = roles.find(|role| *role.document.id == *assignment);
    role.ok_or_else(|| Refusal::not_found(assignment, "RoleAssignment"))
}

pub(super) fn rules(call: &Call<'_>) -> Result<Answer, Refusal> {
    let names = call.query.expands("groupIdToGroupNameMap");
    let looked_for = call.query.get("search").map(str::to_lowercase);
    let rules: Vec<Document> = call.org.rules.iter().map(|rule| call.org.rule_document(rule, names)).collect();
    let page = Page {
        start: list::document_start(call, &rules, Refusal::invalid_cursor)?,
        len: rules.len(),
        limit: call.limit(50, 200)?,
        bytes: 700,
        id: &|at| rules[at].id.to_string(),
    };
    let keep = |at: usize| {
        let name = call.org.rules[at].name.to_lowercase();
        looked_for.as_ref().is_none_or(|text| name.contains(text))
    };
    Ok(list::with_headers(call, &page, keep, |at, out| rules[at].render(call.hosts, out)))
}

pub(super) fn apps(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let group = find(call, id)?;
    let org = call.org;
    let apps: Vec<u32> = org.apps_of(group);
    let row = list::after(call, &org.apps, Refusal::invalid_cursor)?;
    let page = Page {
        start: list::start(&apps, row, |&n| n),
        len: apps.len(),
        limit: call.limit(20, 200)?,
        bytes: super::apps::BYTES,
        id: &|at| org.apps.id(apps[at]).to_string(),
    };
    let render = |at: usize, out: &mut String| render::app::app(org, apps[at], call.hosts, out);
    Ok(list::with_headers(call, &page, |_| true, render))
}

/// What the query asks to have in each group.
fn embed(call: &Call<'_>) -> Embed {
    Embed { stats: call.query.expands("stats"), app: call.query.expands("app") }
}

fn find(call: &Call<'_>, id: &str) -> Result<u32, Refusal> {
    call.org.groups.find(id).ok_or_else(|| Refusal::not_found(id, "UserGroup"))
}
