//! Where a user stands in Okta's lifecycle, and how it gets somewhere else (`docs/spec/okta-api.md` 6.1,
//! `docs/spec/okta-provisioning.md` 7.3).

use std::sync::Mutex;

use baton_connector::{ChangeError, Code};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::endpoints::users::{self, Lifecycle};
use okta_client::models::User;
use okta_client::{Error, ErrorKind, code};

use super::errors;
use super::operation::Operation;
use super::peek::Peek;
use super::reconcile::{DesiredState, Observation};

use crate::lock::lock;

/// Of a user who can be activated.
pub(super) const STAGED: &str = "STAGED";
/// Of a user who is deactivated, which is Okta's condition for deleting one.
pub(super) const DEPROVISIONED: &str = "DEPROVISIONED";

/// Reads a user. An id that names somebody in another way, as a short login does, is an error: whoever is meant has to be
/// named by id.
pub(super) async fn read(op: &Operation<'_>, id: &str) -> Result<Option<User>, Error> {
    let found = op.find::<User>(users::get(id)).await?;
    match found {
        Some(user) if user.id != id => {
            let what =
                format!("{id} is not the id of a user, but another name of user {}; nothing was changed", user.id);
            Err(Error::new(ErrorKind::Invalid, what).with_hint("name the user by id"))
        }
        found => Ok(found),
    }
}

/// Whether an id can only be that of a user. Okta takes other names of a user for the id, so that a user who was not read
/// is changed by such an id alone.
pub(super) fn is_user_id(id: &str) -> bool {
    id.starts_with("00u")
}

/// A user's status in Okta's words; empty if Okta did not send one.
pub(super) fn status(user: &User) -> &str {
    user.status.as_deref().unwrap_or_default()
}

/// There is no such user.
pub(super) fn no_user(id: &str) -> ChangeError {
    let message =
        format!("user {id} not found: there is none in Okta, as far as this credential may see\nhint: check the id");
    ChangeError::new(Code::NotFound, message)
}

/// What was read last, kept for the result.
#[derive(Debug)]
pub(super) struct Last<T>(Mutex<Option<T>>);

impl<T: Clone> Last<T> {
    pub(super) fn nothing() -> Self {
        Self(Mutex::new(None))
    }

    pub(super) fn set(&self, value: Option<T>) {
        *lock(&self.0) = value;
    }

    pub(super) fn get(&self) -> Option<T> {
        lock(&self.0).clone()
    }
}

/// A group of statuses that an account can be brought into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// The user can sign in, maybe after a step of their own.
    Enabled,
    /// The user cannot sign in for now.
    Disabled,
    /// The user is `DEPROVISIONED`.
    Deactivated,
}

/// That an account is enabled, disabled or deactivated.
pub(super) struct AccountStatus<'a> {
    id: &'a str,
    goal: Goal,
    last: Last<User>,
}

impl<'a> AccountStatus<'a> {
    pub(super) fn new(id: &'a str, goal: Goal) -> Self {
        Self { id, goal, last: Last::nothing() }
    }

    /// The status that was read last; empty if the last read failed.
    pub(super) fn last_status(&self) -> String {
        self.last.get().as_ref().map(status).unwrap_or_default().to_owned()
    }

    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        self.last.set(None);
        let user = match op.peeked(read(op, self.id).await)? {
            Peek::Found(user) => user,
            Peek::Absent if self.goal == Goal::Deactivated && op.made() > 0 => {
                return Ok(Observation::Satisfied(Some(format!("user {} has been deleted meanwhile", self.id))));
            }
            Peek::Absent => return Ok(Observation::Impossible(no_user(self.id))),
            Peek::Refused(error) => return self.see_nothing(error),
        };
        let seen = self.judge_status(status(&user), op.made() > 0);
        self.last.set(Some(user));
        seen
    }

    /// The user may not be looked at. How one is enabled depends on the status; else there is one request, which Okta
    /// refuses where it does not fit.
    fn see_nothing(&self, refused: Error) -> Result<Observation, Error> {
        let step = match self.goal {
            Goal::Disabled if is_user_id(self.id) => Lifecycle::Suspend,
            Goal::Deactivated if is_user_id(self.id) => Lifecycle::Deactivate { send_email: false },
            _ => return Err(refused),
        };
        Ok(Observation::Unseen(self.step(step)?, refused))
    }

    fn judge_status(&self, status: &str, changed: bool) -> Result<Observation, Error> {
        match (self.goal, status) {
            (Goal::Enabled, "ACTIVE" | "PROVISIONED" | "RECOVERY" | "PASSWORD_EXPIRED" | "LOCKED_OUT")
            | (Goal::Disabled, STAGED | "SUSPENDED" | DEPROVISIONED)
            | (Goal::Deactivated, DEPROVISIONED) => Ok(Observation::Satisfied(None)),
            // Okta shows this in between; once we have asked for it, it is to be waited for.
            (Goal::Enabled, STAGED) => Observation::pending(self.step(Lifecycle::Activate { send_email: false })),
            (Goal::Enabled, "ACTIVATING") if changed => {
                Observation::pending(self.step(Lifecycle::Activate { send_email: false }))
            }
            (Goal::Enabled, "SUSPENDED") => Observation::pending(self.step(Lifecycle::Unsuspend)),
            (Goal::Disabled, "ACTIVE") => Observation::pending(self.step(Lifecycle::Suspend)),
            (Goal::Deactivated, _) => Observation::pending(self.step(Lifecycle::Deactivate { send_email: false })),
            (Goal::Enabled | Goal::Disabled, other) => Ok(Observation::Impossible(self.not_from(other))),
        }
    }

    fn step(&self, step: Lifecycle) -> Result<okta_client::Request, Error> {
        users::lifecycle(self.id, step)
    }

    /// The refusal of what Okta does not do for users of this status.
    fn not_from(&self, status: &str) -> ChangeError {
        let (verb, hint) = match (self.goal, status) {
            (Goal::Enabled, DEPROVISIONED) => (
                "enable",
                "a deactivated user has lost password and apps: activate it in the admin console, or make a new account",
            ),
            (Goal::Enabled, _) => ("enable", "look at the user in the admin console"),
            (_, "LOCKED_OUT") => (
                "disable",
                "Okta suspends only ACTIVE users: unlock this one first, or use deactivate_user, which lasts",
            ),
            (_, "PROVISIONED" | "RECOVERY" | "PASSWORD_EXPIRED") => (
                "disable",
                "Okta suspends only ACTIVE users, and this one has yet to set a password: use deactivate_user, which lasts",
            ),
            _ => ("disable", "Okta suspends only ACTIVE users: look at this one in the admin console"),
        };
        errors::refused(format!("cannot {verb} user {} from Okta status {status}", self.id), hint)
    }
}

impl DesiredState for AccountStatus<'_> {
    fn doing(&self) -> String {
        let verb = match self.goal {
            Goal::Enabled => "enabling",
            Goal::Disabled => "disabling",
            Goal::Deactivated => "deactivating",
        };
        format!("{verb} user {}", self.id)
    }

    fn unmet(&self) -> String {
        format!("the status of user {} is {}", self.id, self.last_status())
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        judged(op, self.id, self.doing(), error).boxed()
    }
}

/// Judges the refusal of a step of a user's lifecycle. Okta answers "not found" for some that come too late, although the
/// user is there.
pub(super) async fn judged(op: &Operation<'_>, id: &str, doing: String, error: &Error) -> Option<ChangeError> {
    match error.code() {
        // The wrong status for this step: whoever else changed it, another look tells.
        Some(code::VALIDATION | code::ALREADY_ACTIVE | code::WRONG_USER_STATE) => None,
        _ if errors::is_gone(error) => {
            let failed = errors::failed(&doing, error);
            match read(op, id).await {
                Ok(Some(user)) => {
                    let told = format!("{}; but user {id} is there, with status {}", failed.message, status(&user));
                    Some(ChangeError::new(Code::Aborted, told))
                }
                _ => Some(failed),
            }
        }
        _ => Some(errors::failed(&doing, error)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    /// What has to be sent for a goal from a status, `""` if nothing, or the code of the refusal.
    fn plan(goal: Goal, status: &str) -> Result<String, Code> {
        match AccountStatus::new("00u1", goal).judge_status(status, false).unwrap() {
            Observation::Satisfied(_) => Ok(String::new()),
            Observation::Pending(requests) => {
                assert_eq!(requests.len(), 1);
                Ok(requests[0].to_string().replace("/api/v1/users/00u1/lifecycle/", ""))
            }
            Observation::Impossible(error) => {
                assert!(error.message.contains(&format!("user 00u1 from Okta status {status}")), "{}", error.message);
                assert!(error.message.contains("\nhint: "), "{}", error.message);
                Err(error.code)
            }
            unseen @ Observation::Unseen(..) => panic!("{unseen:?}"),
        }
    }

    #[test]
    fn every_status_has_its_way_to_every_goal() {
        const SO: Result<&str, Code> = Ok("");
        const NO: Result<&str, Code> = Err(Code::FailedPrecondition);
        const OFF: Result<&str, Code> = Ok("POST deactivate?sendEmail=false");
        for (status, enable, disable, deactivate) in [
            ("ACTIVE", SO, Ok("POST suspend"), OFF),
            ("PROVISIONED", SO, NO, OFF),
            ("RECOVERY", SO, NO, OFF),
            ("PASSWORD_EXPIRED", SO, NO, OFF),
            ("LOCKED_OUT", SO, NO, OFF),
            ("STAGED", Ok("POST activate?sendEmail=false"), SO, OFF),
            ("SUSPENDED", Ok("POST unsuspend"), SO, OFF),
            ("DEPROVISIONED", NO, SO, SO),
            ("ACTIVATING", NO, NO, OFF),
            ("QUARANTINED", NO, NO, OFF),
            ("", NO, NO, OFF),
        ] {
            for (goal, wanted) in [(Goal::Enabled, enable), (Goal::Disabled, disable), (Goal::Deactivated, deactivate)]
            {
                assert_eq!(plan(goal, status), wanted.map(str::to_owned), "{goal:?} {status}");
            }
        }
    }

    #[test]
    fn an_activation_under_way_is_waited_for() {
        let seen = AccountStatus::new("00u1", Goal::Enabled).judge_status("ACTIVATING", true).unwrap();
        assert!(matches!(seen, Observation::Pending(_)), "{seen:?}");
    }
}
