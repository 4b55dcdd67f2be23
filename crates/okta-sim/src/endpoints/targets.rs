//! What the roles that can be limited to groups or apps are limited to.

use serde_json::json;

use super::list::{self, Page};
use super::{Answer, Call};
use crate::org::iam::HeldRole;
use crate::refusal::Refusal;
use crate::render;
use crate::render::group::Embed;

/// The groups of an assignment; none if it is for the whole org.
pub(super) fn groups(call: &Call<'_>, role: &HeldRole) -> Result<Answer, Refusal> {
    let rows: Vec<u32> = role.targets.iter().filter_map(|id| call.org.groups.find(id)).collect();
    page(call, role, rows.len(), |at, out| {
        render::group::group(call.org, rows[at], call.hosts, Embed::default(), out);
    })
}

/// The instances of apps of an assignment; none if it is for the whole org.
pub(super) fn apps(call: &Call<'_>, role: &HeldRole) -> Result<Answer, Refusal> {
    let ids: Vec<_> = role.targets.iter().filter(|id| call.org.apps.find(id).is_some()).collect();
    page(call, role, ids.len(), |at, out| {
        let app = json!({"id": ids[at], "name": "bookmark", "displayName": "Bookmark", "status": "ACTIVE"});
        out.push_str(&app.to_string());
    })
}

fn page(
    call: &Call<'_>,
    role: &HeldRole,
    len: usize,
    render: impl FnMut(usize, &mut String),
) -> Result<Answer, Refusal> {
    let can_be_limited = matches!(
        role.fact.role_type.as_str(),
        "APP_ADMIN" | "USER_ADMIN" | "HELP_DESK_ADMIN" | "GROUP_MEMBERSHIP_ADMIN"
    );
    if !can_be_limited {
        return Err(Refusal::wrong_role_type());
    }
    // No assignment here has more targets than fit into a page.
    let page = Page { start: 0, len, limit: call.limit(20, 200)?.max(len), bytes: 200, id: &|at| at.to_string() };
    Ok(list::with_headers(call, &page, |_| true, render))
}
