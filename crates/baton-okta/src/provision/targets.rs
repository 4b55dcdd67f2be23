//! What somebody's standard role is limited to.
//!
//! Okta can limit four of its roles to groups or apps. Baton knows one entitlement per role, which means the role for the
//! whole org, so a limited one is not the same thing: it is neither widened by a grant nor lost by a revoke.

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

/// The limits of an assignment in words, or `None` if it is for the whole org.
pub(super) async fn of(
    op: &Operation<'_>,
    holder: Holder<'_>,
    role: &str,
    assignment: &str,
) -> Result<Option<String>, Error> {
    let Some(targets) = possible(role) else { return Ok(None) };
    let found = op
        .all::<RoleTarget>(match holder {
            Holder::User(id) => targets_of_user(id, assignment, targets, 200),
            Holder::Group(id) => targets_of_group(id, assignment, targets, 200),
        })
        .await?;
    let kind = match targets {
        Targets::Groups => "groups",
        Targets::Apps => "apps",
    };
    Ok((!found.is_empty()).then(|| format!("the {kind} {}", named(&found))))
}

/// Up to three of them by id or name.
fn named(targets: &[RoleTarget]) -> String {
    const SHOWN: usize = 3;
    let name = |target: &RoleTarget| target.id.clone().or_else(|| target.name.clone()).unwrap_or_default();
    let shown: Vec<_> = targets.iter().take(SHOWN).map(name).collect();
    match targets.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
