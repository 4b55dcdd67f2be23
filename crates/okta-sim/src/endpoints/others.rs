//! The org itself, API tokens, devices, and the admin roles of service apps.

use super::list::{self, Page};
use super::{Answer, Call};
use crate::OAuthApp;
use crate::filter::{self, List};
use crate::org::document::Document;
use crate::org::iam::{self, Holder};
use crate::refusal::Refusal;
use crate::render;
use crate::render::json::Hosts;

/// The type of every custom role.
const CUSTOM: &str = "CUSTOM";
/// The custom role of apps that have one: id and label.
const CUSTOM_READ_ONLY: (&str, &str) = ("cr0readonly", "C1 read-only");

pub(super) fn org(call: &Call<'_>) -> Answer {
    let mut body = String::new();
    render::org::org(call.org, call.hosts, &mut body);
    Answer::plain(body)
}

pub(super) fn tokens(call: &Call<'_>) -> Answer {
    let tokens = &call.org.tokens;
    let page = Page { start: 0, len: tokens.len(), limit: usize::MAX, bytes: 500, id: &|_| String::new() };
    Answer::plain(list::cut(&page, |_| true, |at, out| tokens[at].render(call.hosts, out)).0)
}

pub(super) fn token(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    one(call, &call.org.tokens, id, "ApiToken")
}

pub(super) fn devices(call: &Call<'_>) -> Result<Answer, Refusal> {
    let devices = &call.org.devices;
    let condition = filter::compile(List::Devices, &call.query)?;
    let page = Page {
        start: list::document_start(call, devices, Refusal::invalid_search_cursor)?,
        len: devices.len(),
        limit: call.limit(200, 200)?,
        bytes: 1_200,
        id: &|at| devices[at].id.to_string(),
    };
    let keep = |at: usize| {
        let attribute = |path: &str| list::attribute(devices[at].value(call.hosts), path);
        condition.as_ref().is_none_or(|it| filter::matches(it, &attribute))
    };
    Ok(list::with_headers(call, &page, keep, |at, out| devices[at].render(call.hosts, out)))
}

pub(super) fn device(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    one(call, &call.org.devices, id, "Device")
}

fn one(call: &Call<'_>, documents: &[Document], id: &str, kind: &str) -> Result<Answer, Refusal> {
    let document = documents.iter().find(|document| *document.id == *id).ok_or_else(|| Refusal::not_found(id, kind))?;
    let mut body = String::new();
    document.render(call.hosts, &mut body);
    Ok(Answer::plain(body))
}

/// The admin roles of a service app.
pub(crate) fn roles_of_client(app: &OAuthApp, hosts: &Hosts) -> String {
    let holder = Holder::Client(app.id());
    let role = |(role_type, number): (&&str, u32)| match *role_type {
        CUSTOM => iam::custom(CUSTOM_READ_ONLY, "iamOfApps", holder, number),
        standard => iam::standard(standard, holder, number),
    };
    let roles = app.granted_rights().roles().iter().zip(0..).map(role);
    let texts: Vec<String> = roles.map(|role| role.document.value(hosts).to_string()).collect();
    format!("[{}]", texts.join(","))
}
