//! Bindings of custom roles in resource sets, and their members.

use serde_json::{Value, json};

use super::roles::may_hold_roles;
use super::{Change, Done, body};
use crate::org::Org;
use crate::org::change::{HolderRow, Member};
use crate::paging::{self, LinkRules};
use crate::refusal::Refusal;

pub(super) fn create(org: &mut Org, change: &Change<'_>, set: &str) -> Result<Done, Refusal> {
    let set = find_set(org, set)?;
    let body = change.object()?;
    let role = find_role(org, body::text(&body, "role")?.unwrap_or_default())?;
    let members = members(org, body::texts(&body, "members")?, "members")?;
    if org.binding(&set, &role).is_some() {
        return Err(Refusal::binding_exists());
    }
    for member in &members {
        org.bind(&set, &role, member);
    }
    Ok(edited(change, &set, &role))
}

pub(super) fn delete(org: &mut Org, _: &Change<'_>, set: &str, role: &str) -> Result<Done, Refusal> {
    let (set, role) = find_binding(org, set, role)?;
    org.drop_binding(&set, &role);
    Ok(Done::gone())
}

pub(super) fn add_members(org: &mut Org, change: &Change<'_>, set: &str, role: &str) -> Result<Done, Refusal> {
    let (set, role) = find_binding(org, set, role)?;
    let body = change.object()?;
    for member in members(org, body::texts(&body, "additions")?, "additions")? {
        org.bind(&set, &role, &member);
    }
    Ok(edited(change, &set, &role))
}

/// A binding ends with its last member, unless the org has the habit of keeping that one.
pub(super) fn remove_member(
    org: &mut Org,
    _: &Change<'_>,
    set: &str,
    role: &str,
    member: &str,
) -> Result<Done, Refusal> {
    let (set, role) = find_binding(org, set, role)?;
    let last = org.binding(&set, &role).is_some_and(|it| it.members.len() == 1 && *it.members[0].id == *member);
    if last && org.habits.keep_last_member {
        return Err(Refusal::last_member());
    }
    if org.unbind(&set, &role, member) { Ok(Done::gone()) } else { Err(Refusal::not_found(member, "Member")) }
}

/// The id of a custom role, by id or label.
pub(super) fn find_role(org: &Org, key: &str) -> Result<String, Refusal> {
    let role = org.iam.roles.iter().find(|role| *role.id == *key || *role.name == *key);
    role.map(|role| role.id.to_string()).ok_or_else(|| Refusal::not_found(key, "CustomRole"))
}

/// The id of a resource set, by id or label.
pub(super) fn find_set(org: &Org, key: &str) -> Result<String, Refusal> {
    let set = org.iam.sets.iter().find(|set| *set.document.id == *key || *set.document.name == *key);
    set.map(|set| set.document.id.to_string()).ok_or_else(|| Refusal::not_found(key, "IAMPolicy"))
}

fn find_binding(org: &Org, set: &str, role: &str) -> Result<(String, String), Refusal> {
    let set = find_set(org, set)?;
    let id = find_role(org, role).unwrap_or_else(|_| role.to_owned());
    match org.binding(&set, &id) {
        Some(_) => Ok((set, id)),
        None => Err(Refusal::not_found(role, "ResourceSetBinding")),
    }
}

/// The members that URLs name; all of them have to be there.
fn members(org: &Org, urls: Vec<&str>, name: &str) -> Result<Vec<Member>, Refusal> {
    if urls.is_empty() {
        return Err(Refusal::invalid(name, [format!("{name}: The field cannot be left blank")]));
    }
    urls.into_iter().map(|url| member(org, url, name)).collect()
}

fn member(org: &Org, url: &str, name: &str) -> Result<Member, Refusal> {
    let bad = || Refusal::invalid(name, [format!("{name}: Invalid member: {url}")]);
    let parsed = url::Url::parse(url).ok().filter(|it| it.scheme() == "https").ok_or_else(bad)?;
    let segments: Vec<&str> = parsed.path_segments().into_iter().flatten().collect();
    match segments[..] {
        ["api", "v1", "users", id] => {
            let n = org.users.find(id).ok_or_else(|| Refusal::not_found(id, "User"))?;
            Ok(Member::Holder(HolderRow::User(n)))
        }
        ["api", "v1", "groups", id] => {
            let n = org.groups.find(id).ok_or_else(|| Refusal::not_found(id, "UserGroup"))?;
            may_hold_roles(org, n)?;
            Ok(Member::Holder(HolderRow::Group(n)))
        }
        ["oauth2", "v1", "clients", id] if org.apps.find(id).is_some() => Ok(Member::Client(id.to_owned())),
        _ => Err(bad()),
    }
}

/// Okta answers with links alone.
fn edited(change: &Change<'_>, set: &str, role: &str) -> Done {
    let base = format!("{}/api/v1/iam/resource-sets/{set}", change.hosts.org);
    let link = |href: String| -> Value { json!({ "href": href }) };
    let body = json!({"_links": {
        "self": link(format!("{base}/bindings/{role}")), "resource-set": link(base.clone()),
        "bindings": link(format!("{base}/bindings")), "members": link(format!("{base}/bindings/{role}/members")),
    }});
    let links = paging::links(change.path, &change.query, None, None, LinkRules::default());
    Done { links: Some(links), ..Done::ok(body.to_string()) }
}
