//! Grants of application access.

use std::collections::HashMap;
use std::sync::Arc;

use baton_connector::{EntitlementRef, GrantDraft, Metadata, Principal, build, ids};
use okta_client::models::{App, AppUser};

use crate::context::Context;
use crate::ids::app::{ID, SLUG};
use crate::ids::{group, user};
use crate::profile::Profile;

/// The status of apps that are in use.
pub(super) const ACTIVE: &str = "ACTIVE";

/// The key in a grant's metadata under which the group stands that a user has the app through.
pub(crate) const VIA_GROUP: &str = "c1_okta_via_group";

/// Whether grants that come through a group name it. Not so when groups are not synced.
pub(super) fn names_groups(context: &Context) -> bool {
    context.scope.groups && context.rules.app_grant_sources
}

/// Whether the answer says how a user has an app: directly, or through which group.
pub(super) fn says_how(user: &AppUser) -> bool {
    match user.scope.as_deref() {
        Some("GROUP") => user.group_id().is_some(),
        scope => scope.is_some(),
    }
}

/// A grant per user of an app. With `sources`, the grant of a user who has the app through a group names the group in its
/// metadata, and is marked as one that cannot be revoked by itself.
pub(super) fn user_grants(app: &str, users: Vec<AppUser>, sources: bool) -> Vec<GrantDraft> {
    let access = AppAccess::to(app);
    let mut via_groups = HashMap::new();
    users
        .into_iter()
        .map(|assigned| {
            let through = assigned.group_id().filter(|_| sources && assigned.scope.as_deref() == Some("GROUP"));
            let immutable = through.map(|through| ids::entitlement(group::ID, through, group::SLUG));
            let metadata = through.map(|through| match via_groups.get(through) {
                Some(metadata) => Metadata::clone(metadata),
                None => via_groups.entry(through.to_owned()).or_insert_with(|| via_group(through)).clone(),
            });
            GrantDraft { immutable, metadata, ..access.grant(user::ID, assigned.id) }
        })
        .collect()
}

/// The metadata of a grant that comes through this group.
fn via_group(group: &str) -> Metadata {
    Metadata::new(Profile::default().text(VIA_GROUP, group).build())
}

/// A grant per app of a group. The answer holds apps of every status; those that are not active may be left out of the
/// sync, and in it again the next time without a change of the group.
pub(super) fn group_grants(group: &str, apps: &[App], inactive_too: bool) -> Vec<GrantDraft> {
    let grant = |app: &App| {
        let skip_if_absent = !inactive_too && app.status.as_deref() != Some(ACTIVE);
        GrantDraft { skip_if_absent, ..AppAccess::to(&app.id).grant(group::ID, group) }
    };
    apps.iter().map(grant).collect()
}

/// Access to one app, to be granted.
pub(super) struct AppAccess {
    entitlement: Arc<EntitlementRef>,
    v1_prefix: Arc<str>,
}

impl AppAccess {
    pub(super) fn to(app: &str) -> Self {
        Self {
            entitlement: Arc::new(build::entitlement_ref(ID, app, SLUG)),
            v1_prefix: Arc::from(format!("grant:membership:{app}:")),
        }
    }

    pub(super) fn grant(&self, principal_type: &'static str, id: impl Into<String>) -> GrantDraft {
        let principal = Principal { resource_type: principal_type, id: id.into() };
        GrantDraft::new(&self.entitlement, &self.v1_prefix, principal)
    }
}
