//! Members of groups: users only, and only of groups that are filled by hand (`docs/spec/okta-provisioning.md` 4.1).

use baton_connector::ChangeError;
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{Group, GroupDetails, GroupRule, User};
use okta_client::{Error, ErrorKind, code, endpoints};

use super::aim::{Aim, Seen};
use super::errors;
use super::operation::Operation;
use super::subject::Subject;
use crate::resources::app;

/// That a user is in a group, or is not.
pub(super) struct Membership<'a> {
    group: Subject<'a>,
    user: Subject<'a>,
    wanted: bool,
}

impl<'a> Membership<'a> {
    pub(super) fn new(group: Subject<'a>, user: Subject<'a>, wanted: bool) -> Result<Self, ChangeError> {
        if user.is_user() {
            return Ok(Self { group, user, wanted });
        }
        Err(user.wrong_kind("users", "group membership"))
    }

    /// A list of the user's groups is shorter than one of the group's users.
    async fn see(&self, op: &Operation<'_>) -> Result<Seen, Error> {
        let groups = op.all_if_there::<Group>(endpoints::users::groups(self.user.id)).await?;
        let is_member = groups.as_deref().map(|groups| groups.iter().any(|group| group.id == self.group.id));
        match (is_member, self.wanted) {
            (Some(true), true) => return Ok(Seen::So(None)),
            (Some(false), false) if op.made() > 0 => return Ok(Seen::So(None)),
            (None, true) => return Ok(Seen::Never(errors::no_such(self.user))),
            (None, false) => return Ok(Seen::So(Some(format!("there is no {} in Okta any more", self.user)))),
            _ => {}
        }
        let Some(group) = op.find::<GroupDetails>(endpoints::groups::get(self.group.id)).await? else {
            return Ok(if self.wanted {
                Seen::Never(errors::no_such(self.group))
            } else {
                Seen::So(Some(format!("there is no {} in Okta any more", self.group)))
            });
        };
        if is_member == Some(self.wanted) {
            return Ok(Seen::So(None));
        }
        if let Some(refusal) = self.filled_elsewhere(&group) {
            return Ok(Seen::Never(refusal));
        }
        if self.wanted {
            return Seen::needs(endpoints::groups::add_member(self.group.id, self.user.id));
        }
        match self.rules(op).await {
            Ok(rules) if !rules.is_empty() => return Ok(Seen::Never(self.kept_by(&rules))),
            Ok(_) => {}
            // Who may change members may not always see rules. Okta decides.
            Err(error) if error.kind() == ErrorKind::Forbidden => {}
            Err(error) => return Err(error),
        }
        Seen::needs(endpoints::groups::remove_member(self.group.id, self.user.id))
    }

    /// The refusal for groups whose members do not come from Okta's admins.
    fn filled_elsewhere(&self, group: &GroupDetails) -> Option<ChangeError> {
        match group.group_type.as_deref() {
            Some("BUILT_IN") => Some(errors::refused(
                format!(
                    "the members of {} cannot be changed: it is built in (BUILT_IN), and Okta itself fills it",
                    self.group
                ),
                "use a group of your own",
            )),
            Some("APP_GROUP") => {
                let source = match &group.source.id {
                    Some(id) => Subject::unnamed(app::ID, id).to_string(),
                    None => "an app or a directory".to_owned(),
                };
                let why = format!(
                    "the members of {} cannot be changed: it is imported (APP_GROUP) from {source}",
                    self.group
                );
                Some(errors::refused(why, "change the group where it comes from; Okta takes the change over"))
            }
            _ => None,
        }
    }

    /// The active rules that fill the group and may have put the user there. A rule passes over users whom it excludes.
    async fn rules(&self, op: &Operation<'_>) -> Result<Vec<GroupRule>, Error> {
        let mut rules = op.all::<GroupRule>(Ok(endpoints::groups::rules(200))).await?;
        let is = |ids: &[String], id: &str| ids.iter().any(|other| other == id);
        rules.retain(|rule| {
            rule.status.as_deref() == Some("ACTIVE")
                && is(rule.group_ids(), self.group.id)
                && !is(rule.excluded_users(), self.user.id)
        });
        Ok(rules)
    }

    /// The refusal to take somebody out whom a rule may have put in.
    fn kept_by(&self, rules: &[GroupRule]) -> ChangeError {
        let why = format!(
            "{} cannot be taken out of {} for good: the group is filled by {}. Okta does not tell whether this user is \
             there by the rule or was added by hand; only users whom the rule excludes are certainly not there by it",
            self.user,
            self.group,
            names(rules)
        );
        errors::refused(why, "change the rule, or exclude the user in it, and repeat this")
    }
}

/// Rules by name and id.
fn names(rules: &[GroupRule]) -> String {
    let name = |rule: &GroupRule| match rule.name.as_deref() {
        Some(name) => format!("the group rule {name:?} ({})", rule.id),
        None => format!("the group rule {}", rule.id),
    };
    rules.iter().map(name).collect::<Vec<_>>().join(" and ")
}

impl Aim for Membership<'_> {
    fn doing(&self) -> String {
        if self.wanted {
            format!("adding {} to {}", self.user, self.group)
        } else {
            format!("taking {} out of {}", self.user, self.group)
        }
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Seen, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        async move {
            let failed = errors::failed(&self.doing(), error);
            // Okta refuses in the same words whoever may not change the group and whatever a rule decides.
            if error.code() == Some(code::NO_PERMISSION)
                && let Ok(rules) = self.rules(op).await
                && !rules.is_empty()
            {
                let why = format!("{}; the group is filled by {}", failed.message, names(&rules));
                let why = why.replace("\nhint: ", "; ");
                return Some(errors::refused(why, "let the rule decide who is in the group, or use another group"));
            }
            if errors::is_gone(error)
                && let Ok(None) = op.find::<User>(endpoints::users::get(self.user.id)).await
            {
                return Some(errors::no_such(self.user));
            }
            Some(failed)
        }
        .boxed()
    }
}
