//! Apps of groups (`docs/spec/okta-provisioning.md` 4.2).

use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{App, AppGroup as Assigned, GroupDetails};
use okta_client::{Error, endpoints};

use super::errors;
use super::operation::Operation;
use super::peek::Peek;
use super::reconcile::{DesiredState, Observation};
use super::subject::Subject;

/// That a group has an app, or does not have it.
pub(super) struct AppGroup<'a> {
    app: Subject<'a>,
    group: Subject<'a>,
    wanted: bool,
}

impl<'a> AppGroup<'a> {
    pub(super) fn new(app: Subject<'a>, group: Subject<'a>, wanted: bool) -> Self {
        Self { app, group, wanted }
    }

    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        let (app, group) = (self.app.id, self.group.id);
        let refused = match op.peek::<Assigned>(endpoints::apps::group(app, group)).await? {
            Peek::Found(_) if self.wanted => return Ok(Observation::Satisfied(None)),
            Peek::Found(_) => return Observation::pending(endpoints::apps::unassign_group(app, group)),
            Peek::Absent if !self.wanted && op.made() > 0 => return Ok(Observation::Satisfied(None)),
            Peek::Refused(error) if !self.wanted => {
                return Ok(Observation::Unseen(endpoints::apps::unassign_group(app, group)?, error));
            }
            Peek::Absent => None,
            Peek::Refused(error) => Some(error),
        };
        // There is no assignment, which may be because there is no app or no group.
        let the_app = op.peek::<App>(endpoints::apps::get(app)).await?;
        let the_group = op.peek::<GroupDetails>(endpoints::groups::get(group)).await?;
        let missing = match (the_app.is_absent(), the_group.is_absent()) {
            (true, _) => Some(self.app),
            (_, true) => Some(self.group),
            _ => None,
        };
        match missing {
            Some(missing) if self.wanted => Ok(Observation::Impossible(errors::no_such(missing))),
            None if self.wanted => Observation::pending_or_unseen(endpoints::apps::assign_group(app, group), refused),
            _ if !the_app.is_found() && !the_group.is_found() => {
                let what = format!("neither {} nor {} was found", self.app, self.group);
                Ok(Observation::Impossible(errors::not_in_this_org(&what, op.org())))
            }
            missing => {
                Ok(Observation::Satisfied(missing.map(|missing| format!("there is no {missing} in Okta any more"))))
            }
        }
    }
}

impl DesiredState for AppGroup<'_> {
    fn doing(&self) -> String {
        if self.wanted {
            format!("assigning {} to {}", self.app, self.group)
        } else {
            format!("taking {} away from {}", self.app, self.group)
        }
    }

    fn unmet(&self) -> String {
        let has = if self.wanted { "does not have" } else { "has" };
        format!("{} {has} {}", self.group, self.app)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }
}
