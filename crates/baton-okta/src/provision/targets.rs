//! What somebody's standard role is limited to.
//!
//! Okta can limit four of its roles to groups or apps. Baton knows one entitlement per role, which means the role for the
//! whole org, so a limited one is not the same thing: a grant does not widen it. A revoke takes it away and says which
//! limits went with it.

use okta_client::Error;
use okta_client::endpoints::bindings::Holder;
use okta_client::endpoints::roles::{Targets, targets_of_group, targets_of_user};
use okta_client::models::RoleTarget;

use super::operation::Operation;

/// What a role can be limited to (`docs/spec/okta-api.md` 6.3).
fn possible(role: &str) -> Option<Targets> {
    match role {
        "APP_ADMIN" => Some(Targets::Apps),
        "USER_ADMIN" | "HELP_DESK_ADMIN" | "GROUP_MEMBERSHIP_ADMIN" => Some(Targets::Groups),
        _ => None,
    }
}

/// The limits of an assignment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Limits {
    /// It is for the whole org.
    None,
    /// It is limited to these, in words.
    To(String),
    /// The credential may not look.
    Unseen,
}

/// The limits of an assignment.
pub(super) async fn of(op: &Operation<'_>, holder: Holder<'_>, role: &str, assignment: &str) -> Result<Limits, Error> {
    let Some(targets) = possible(role) else { return Ok(Limits::None) };
    let found = op
        .all::<RoleTarget>(match holder {
            Holder::User(id) => targets_of_user(id, assignment, targets, 200),
            Holder::Group(id) => targets_of_group(id, assignment, targets, 200),
        })
        .await;
    let Some(found) = op.peeked(found.map(Some))?.found() else { return Ok(Limits::Unseen) };
    let kind = match targets {
        Targets::Groups => "groups",
        Targets::Apps => "apps",
    };
    let is_limited = !found.is_empty();
    Ok(if is_limited { Limits::To(format!("the {kind} {}", named(&found))) } else { Limits::None })
}

/// Up to three of them by id or name.
fn named(targets: &[RoleTarget]) -> String {
    const SHOWN: usize = 3;
    let name = |target: &RoleTarget| target.id.clone().or_else(|| target.name.clone()).unwrap_or_default();
    let shown = targets.iter().take(SHOWN).map(name);
    let shown: Vec<_> = shown.map(|name| terminal_text::line(&name).into_owned()).collect();
    match targets.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
