//! Grants of group membership.

use std::sync::Arc;

use baton_connector::{GrantDraft, Principal, build};

use crate::ids::group::{ID, SLUG};
use crate::ids::user;

/// A grant per member.
pub(super) fn memberships(group: &str, members: impl Iterator<Item = String>) -> impl Iterator<Item = GrantDraft> {
    let entitlement = Arc::new(build::entitlement_ref(ID, group, SLUG));
    let v1_prefix: Arc<str> = Arc::from(format!("grant:membership:{group}:"));
    members.map(move |id| GrantDraft::new(&entitlement, &v1_prefix, Principal { resource_type: user::ID, id }))
}
