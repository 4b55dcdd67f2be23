//! Deleting users and groups for good (`docs/spec/okta-provisioning.md` 6).
//!
//! Okta's DELETE of a user deactivates one who is not deactivated and deletes one who is, with the same answer. So a user
//! is deactivated by the request that says so, and deleted only after a look has shown that it is deactivated. Every look
//! begins with what is there, so that a repeat goes on where the last try ended. What can be deleted without having been
//! seen is a group: of a user the look decides which request is sent, and whether the id names one at all.

use std::sync::atomic::{AtomicBool, Ordering};

use baton_connector::provision::{Deleted, StateAfter};
use baton_connector::{ChangeError, Code};
use baton_proto::c1::connector::v2::ResourceId;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;
use okta_client::endpoints::{groups, users};
use okta_client::models::{GroupDetails, User};
use okta_client::{Error, ErrorKind, Request, Response};

use super::errors;
use super::operation::Operation;
use super::peek::Peek;
use super::reconcile::{DesiredState, Made, Observation, reconcile};
use super::subject::checked_id;
use super::user_status::{DEPROVISIONED, Last, judged, read, status};
use crate::ids::{group, user};

/// Deletes a user or a group.
pub(super) async fn resource(op: &Operation<'_>, id: &ResourceId) -> Result<Deleted, ChangeError> {
    let Made { already, note } = match id.resource_type.as_str() {
        user::ID => delete_user(op, checked_id(user::ID, &id.resource)?).await?,
        group::ID => reconcile(op, &NoGroup { id: checked_id(group::ID, &id.resource)? }).await?,
        other => {
            let message = format!("resource type {other} does not have resource Delete() configured");
            return Err(ChangeError::new(Code::Unimplemented, message));
        }
    };
    Ok(Deleted { already, note })
}

/// Deactivates and deletes a user.
pub(super) async fn delete_user(op: &Operation<'_>, id: &str) -> Result<Made, ChangeError> {
    let desired =
        NoUser { id, deactivated: AtomicBool::default(), deleted: AtomicBool::default(), last: Last::nothing() };
    let result = reconcile(op, &desired).await;
    // Okta sometimes accepts the deletion of somebody who has only just been deactivated, and does not carry it out.
    let without_effect = |error: &ChangeError| {
        error.code == Code::Unavailable
            && error.state == StateAfter::Unknown
            && desired.deleted.load(Ordering::Relaxed)
            && desired.is_deactivated_still()
    };
    match result {
        Err(error) if without_effect(&error) => reconcile(op, &desired).await,
        result => result,
    }
}

/// That there is no such user.
struct NoUser<'a> {
    id: &'a str,
    /// Whether the user was seen deactivated.
    deactivated: AtomicBool,
    /// Whether Okta has accepted the deletion.
    deleted: AtomicBool,
    last: Last<User>,
}

impl NoUser<'_> {
    /// Whether the last look succeeded and saw a deactivated user.
    fn is_deactivated_still(&self) -> bool {
        self.last.get().is_some_and(|user| status(&user) == DEPROVISIONED)
    }

    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        self.last.set(None);
        let Some(user) = read(op, self.id).await? else {
            return Ok(Observation::Satisfied(
                (op.made() == 0)
                    .then(|| format!("there is no user {} in Okta; check the id if there should be", self.id)),
            ));
        };
        let is_deactivated = status(&user) == DEPROVISIONED;
        let was_deactivated = self.deactivated.fetch_or(is_deactivated, Ordering::Relaxed);
        let again = status(&user).to_owned();
        self.last.set(Some(user));
        if is_deactivated {
            return Observation::pending(users::delete(self.id, false));
        }
        if was_deactivated {
            let message = format!(
                "user {} still exists, with status {again}: somebody activated it while it was being deleted\n\
                 hint: find out who needs it, and repeat this if it is still to be deleted",
                self.id
            );
            return Ok(Observation::Impossible(ChangeError::new(Code::Aborted, message)));
        }
        let deactivate = users::lifecycle(self.id, users::Lifecycle::Deactivate { send_email: false })?;
        Ok(Observation::Pending(vec![deactivate, users::delete(self.id, false)?]))
    }
}

impl DesiredState for NoUser<'_> {
    fn doing(&self) -> String {
        format!("deleting user {}", self.id)
    }

    fn unmet(&self) -> String {
        let status = self.last.get().map(|user| format!(", with status {}", status(&user))).unwrap_or_default();
        format!("user {} exists{status}", self.id)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        judged(op, self.id, self.doing(), error).boxed()
    }

    fn accepted(&self, request: &Request, _answer: &Response) {
        self.deleted.fetch_or(request.method == Method::DELETE, Ordering::Relaxed);
    }
}

/// That there is no such group.
struct NoGroup<'a> {
    id: &'a str,
}

impl NoGroup<'_> {
    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        match op.peek::<GroupDetails>(groups::get(self.id)).await? {
            Peek::Refused(error) => Ok(Observation::Unseen(groups::delete(self.id)?, error)),
            Peek::Absent if op.made() > 0 => Ok(Observation::Satisfied(None)),
            Peek::Absent => {
                let note = format!("there is no group {} in Okta; check the id if there should be", self.id);
                Ok(Observation::Satisfied(Some(note)))
            }
            Peek::Found(found) if found.id != self.id => {
                let what = format!("Okta answered with another group, {}", found.id);
                Err(Error::new(ErrorKind::Invalid, what).with_hint("name the group by id"))
            }
            Peek::Found(found) if found.group_type.as_deref() == Some("BUILT_IN") => {
                let why =
                    format!("group {} cannot be deleted: it is built in (BUILT_IN), and Okta itself keeps it", self.id);
                Ok(Observation::Impossible(errors::refused(why, "delete groups of your own only")))
            }
            Peek::Found(_) => Observation::pending(groups::delete(self.id)),
        }
    }
}

impl DesiredState for NoGroup<'_> {
    fn doing(&self) -> String {
        format!("deleting group {}", self.id)
    }

    fn unmet(&self) -> String {
        format!("group {} exists", self.id)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }
}
