//! Administrators: assignees, custom roles, resource sets, bindings. These lists carry their next page in the body (or in
//! a header, where the simulator is set up so), and the link leads to the host of the admin console.

use serde_json::json;

use super::list::{self, Page};
use super::{Answer, Call};
use crate::org::document::{Document, ORG};
use crate::org::iam::{Binding, ResourceSet};
use crate::paging::{self, LinkRules};
use crate::refusal::Refusal;
use crate::render;

/// Okta shows 100 entries a page, whatever is asked for.
const PAGE: usize = 100;

/// A wrapped list of documents: `name` is the member that holds the array, `links` what stands beside the next link.
fn wrapped(call: &Call<'_>, name: &str, documents: &[Document], links: &[(&str, String)]) -> Result<Answer, Refusal> {
    let page = Page {
        start: list::document_start(call, documents, Refusal::invalid_cursor)?,
        len: documents.len(),
        limit: call.sizes.cap.map_or(PAGE, |cap| cap.clamp(1, PAGE)),
        bytes: 500,
        id: &|at| documents[at].id.to_string(),
    };
    let (array, last) = list::cut(&page, |_| true, |at, out| documents[at].render(call.hosts, out));
    Ok(envelope(call, name, &array, last.as_deref(), links))
}

fn envelope(call: &Call<'_>, name: &str, array: &str, last: Option<&str>, links: &[(&str, String)]) -> Answer {
    let paged = paging::links(call.path, &call.query, None, last, call.links);
    let (in_body, in_header) = place(call, paged.next);
    let mut own = json!({});
    for (relation, href) in links {
        own[*relation] = json!({"href": href});
    }
    if let Some(next) = &in_body {
        own["next"] = json!({"href": format!("{}{next}", call.hosts.admin)});
    }
    let mut body = format!("{{\"{name}\":{array}");
    if own.as_object().is_some_and(|links| !links.is_empty()) {
        body.push_str(",\"_links\":");
        body.push_str(&own.to_string());
    }
    body.push('}');
    Answer { body, links: Some(paging::Links { next: in_header, ..paged }), admin_links: call.links.iam_headers }
}

/// The link to the next page as one for the body and one for the header: only one of the two is there.
fn place(call: &Call<'_>, next: Option<String>) -> (Option<String>, Option<String>) {
    if call.links.iam_headers { (None, next) } else { (next, None) }
}

pub(super) fn assignees(call: &Call<'_>) -> Result<Answer, Refusal> {
    let org = call.org;
    let assignees = &org.assignees;
    let limit = call.limit(PAGE, 200)?;
    let row = list::after(call, &org.users, Refusal::invalid_cursor)?;
    let page = Page {
        start: list::start(assignees, row, |&n| n),
        len: assignees.len(),
        limit,
        bytes: 400,
        id: &|at| org.users.id(assignees[at]).to_string(),
    };
    let (array, last) =
        list::cut(&page, |_| true, |at, out| render::org::assignee(org, assignees[at], call.hosts, out));
    let mut body = format!("{{\"value\":{array}");
    let paged = paging::links(call.path, &call.query, Some(limit), last.as_deref(), call.links);
    let (in_body, in_header) = place(call, paged.next);
    if let Some(next) = in_body {
        body.push_str(&format!(",\"_links\":{{\"next\":{{\"href\":\"{}{next}\"}}}}", call.hosts.admin));
    }
    body.push('}');
    let links = in_header.map(|next| paging::Links { next: Some(next), own: paged.own });
    Ok(Answer { body, links, admin_links: true })
}

pub(super) fn roles(call: &Call<'_>) -> Result<Answer, Refusal> {
    let own = format!("{}{}", call.hosts.admin, call.path);
    let answer = wrapped(call, "roles", &call.org.iam.roles, &[("self", own)])?;
    Ok(Answer { admin_links: true, ..answer })
}

pub(super) fn role(call: &Call<'_>, key: &str) -> Result<Answer, Refusal> {
    let known = |role: &&Document| *role.id == *key || role.value(call.hosts)["label"] == key;
    let role = call.org.iam.roles.iter().find(known).ok_or_else(|| Refusal::not_found(key, "CustomRole"))?;
    Ok(Answer { admin_links: true, ..single(call, role) })
}

pub(super) fn resource_sets(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sets: Vec<Document> = call.org.iam.sets.iter().map(|set| set.document.clone()).collect();
    wrapped(call, "resource-sets", &sets, &[("self", format!("{}{}", call.hosts.org, call.path))])
}

pub(super) fn resource_set(call: &Call<'_>, key: &str) -> Result<Answer, Refusal> {
    Ok(single(call, &find_set(call, key)?.document))
}

pub(super) fn bindings(call: &Call<'_>, key: &str) -> Result<Answer, Refusal> {
    let set = find_set(call, key)?;
    let path = format!("/api/v1/iam/resource-sets/{}", set.document.id);
    let entry = |binding: &Binding| {
        let own = format!("{ORG}{path}/bindings/{}", binding.role);
        Document::of(&json!({
            "id": binding.role, "_links": {"self": {"href": own}, "members": {"href": format!("{own}/members")}},
        }))
    };
    let entries: Vec<Document> = set.bindings.iter().map(entry).collect();
    let base = format!("{}{path}", call.hosts.org);
    wrapped(call, "roles", &entries, &[("resource-set", base.clone()), ("self", format!("{base}/bindings"))])
}

pub(super) fn binding(call: &Call<'_>, set: &str, role: &str) -> Result<Answer, Refusal> {
    let (set, binding) = find_binding(call, set, role)?;
    let base = format!("{ORG}/api/v1/iam/resource-sets/{}", set.document.id);
    let own = format!("{base}/bindings/{}", binding.role);
    let document = Document::of(&json!({
        "id": binding.role,
        "_links": {
            "self": {"href": own}, "members": {"href": format!("{own}/members")}, "resource-set": {"href": base},
            "bindings": {"href": format!("{base}/bindings")},
        },
    }));
    Ok(single(call, &document))
}

pub(super) fn members(call: &Call<'_>, set: &str, role: &str) -> Result<Answer, Refusal> {
    let (set, binding) = find_binding(call, set, role)?;
    let own = format!("{}/api/v1/iam/resource-sets/{}/bindings/{}", call.hosts.org, set.document.id, binding.role);
    let answer = wrapped(call, "members", &binding.members, &[("binding", own)])?;
    let links = answer.links.filter(|links| links.next.is_some());
    Ok(Answer { links, ..answer })
}

pub(super) fn member(call: &Call<'_>, set: &str, role: &str, id: &str) -> Result<Answer, Refusal> {
    let (_, binding) = find_binding(call, set, role)?;
    let member = binding.members.iter().find(|member| *member.id == *id);
    let member = member.ok_or_else(|| Refusal::not_found(id, "Member"))?;
    let mut body = String::new();
    member.render(call.hosts, &mut body);
    Ok(Answer::plain(body))
}

/// One object; these carry a `self` link in a header too.
fn single(call: &Call<'_>, document: &Document) -> Answer {
    let mut body = String::new();
    document.render(call.hosts, &mut body);
    let links = paging::links(call.path, &call.query, None, None, LinkRules::default());
    Answer { body, links: Some(links), admin_links: false }
}

fn find_set<'a>(call: &Call<'a>, key: &str) -> Result<&'a ResourceSet, Refusal> {
    let known = |set: &&ResourceSet| *set.document.id == *key || set.document.value(call.hosts)["label"] == key;
    call.org.iam.sets.iter().find(known).ok_or_else(|| Refusal::not_found(key, "IAMPolicy"))
}

fn find_binding<'a>(call: &Call<'a>, set: &str, role: &str) -> Result<(&'a ResourceSet, &'a Binding), Refusal> {
    let set = find_set(call, set)?;
    let binding = set.bindings.iter().find(|binding| binding.role == role);
    Ok((set, binding.ok_or_else(|| Refusal::not_found(role, "ResourceSetBinding"))?))
}
