//! Apps of groups (`docs/spec/okta-provisioning.md` 4.2).

use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{App, AppGroup as Assigned, GroupDetails};
use okta_client::{Error, endpoints};

use super::aim::{Aim, Seen};
use super::errors;
use super::operation::Operation;
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

    async fn see(&self, op: &Operation<'_>) -> Result<Seen, Error> {
        let (app, group) = (self.app.id, self.group.id);
        let assigned = op.find::<Assigned>(endpoints::apps::group(app, group)).await?;
        if assigned.is_some() == self.wanted && (self.wanted || op.made() > 0) {
            return Ok(Seen::So(None));
        }
        if assigned.is_some() {
            return Seen::needs(endpoints::apps::unassign_group(app, group));
        }
        // There is no assignment, which may be because there is no app or no group.
        let missing = if op.find::<App>(endpoints::apps::get(app)).await?.is_none() {
            Some(self.app)
        } else if op.find::<GroupDetails>(endpoints::groups::get(group)).await?.is_none() {
            Some(self.group)
        } else {
            None
        };
        match missing {
            _ if !self.wanted => Ok(Seen::So(missing.map(|missing| format!("there is no {missing} in Okta any more")))),
            Some(missing) => Ok(Seen::Never(errors::no_such(missing))),
            None => Seen::needs(endpoints::apps::assign_group(app, group)),
        }
    }
}

impl Aim for AppGroup<'_> {
    fn doing(&self) -> String {
        if self.wanted {
            format!("assigning {} to {}", self.app, self.group)
        } else {
            format!("taking {} away from {}", self.app, self.group)
        }
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Seen, Error>> {
        self.see(op).boxed()
    }
}
