//! Actions that let accounts in and keep them out (`docs/spec/okta-provisioning.md` 7.3).

use baton_connector::ChangeError;
use baton_connector::provision::ActionDone;
use serde_json::json;

use super::done;
use crate::provision::delete::delete_user;
use crate::provision::operation::Operation;
use crate::provision::reconcile::{Made, reconcile};
use crate::provision::user_status::{AccountStatus, Goal};

/// What can be done with an account, short of deleting it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Enable,
    Disable,
    Deactivate,
}

/// Enables, disables or deactivates an account.
pub(super) async fn turn(op: &Operation<'_>, id: &str, turn: Turn) -> Result<ActionDone, ChangeError> {
    let (goal, word) = match turn {
        Turn::Enable => (Goal::Enabled, "enabled"),
        Turn::Disable => (Goal::Disabled, "disabled"),
        Turn::Deactivate => (Goal::Deactivated, "deactivated"),
    };
    let desired = AccountStatus::new(id, goal);
    let Made { already, note } = reconcile(op, &desired).await?;
    let message = match (already, turn) {
        (false, _) => format!("Account {id} has been successfully {word}"),
        (true, Turn::Deactivate) => format!("Account {id} was already deactivated"),
        (true, _) => format!("Account {id} was already {word} (Okta status {})", desired.last_status()),
    };
    Ok(done(json!({ "message": message }), note))
}

/// Deactivates and deletes an account.
pub(super) async fn delete(op: &Operation<'_>, id: &str) -> Result<ActionDone, ChangeError> {
    let Made { already, note } = delete_user(op, id).await?;
    let message = if already {
        format!("Account {id} was already deleted")
    } else {
        format!("Account {id} has been permanently deleted")
    };
    Ok(done(json!({ "message": message }), note))
}
