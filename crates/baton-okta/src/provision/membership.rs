//! Members of groups: users only, and not of groups that Okta or an app fills (`docs/spec/okta-provisioning.md` 4.1).

use std::sync::Mutex;

use baton_connector::ChangeError;
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{Group, GroupDetails, GroupRule, User};
use okta_client::{Error, code, endpoints};

use super::errors;
use super::operation::Operation;
use super::peek::Peek;
use super::reconcile::{DesiredState, Observation, beside_hints};
use super::subject::Subject;
use crate::ids::app;
use crate::lock::lock;

/// That a user is in a group, or is not.
pub(super) struct Membership<'a> {
    group: Subject<'a>,
    user: Subject<'a>,
    wanted: bool,
    /// The rules that may have put the user into the group.
    rules: Mutex<Vec<GroupRule>>,
}

impl<'a> Membership<'a> {
    pub(super) fn new(group: Subject<'a>, user: Subject<'a>, wanted: bool) -> Result<Self, ChangeError> {
        if user.is_user() {
            return Ok(Self { group, user, wanted, rules: Mutex::default() });
        }
        Err(user.wrong_kind("users", "group membership"))
    }

    /// A list of the user's groups is shorter than one of the group's users.
    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        let groups = op.peek_all::<Group>(endpoints::users::groups(self.user.id)).await?;
        let is_member = groups.map(|groups| groups.iter().any(|group| group.id == self.group.id));
        match is_member {
            Peek::Found(true) if self.wanted => return Ok(Observation::Satisfied(None)),
            Peek::Found(false) if !self.wanted && op.made() > 0 => return self.left(op).await,
            Peek::Absent if self.wanted => return Ok(Observation::Impossible(errors::no_such(self.user))),
            Peek::Absent if op.made() > 0 => return Ok(Observation::Satisfied(None)),
            _ => {}
        }
        let group = match op.peek::<GroupDetails>(endpoints::groups::get(self.group.id)).await? {
            Peek::Absent if self.wanted => return Ok(Observation::Impossible(errors::no_such(self.group))),
            Peek::Absent if is_member.is_found() => {
                return Ok(Observation::Satisfied(Some(format!("there is no {} in Okta any more", self.group))));
            }
            Peek::Absent => return Ok(self.not_in_this_org(op)),
            Peek::Found(_) if is_member.is_absent() => {
                return Ok(Observation::Satisfied(Some(format!("there is no {} in Okta any more", self.user))));
            }
            _ if is_member.is_absent() => return Ok(self.not_in_this_org(op)),
            group => group.found(),
        };
        if matches!(is_member, Peek::Found(false)) && !self.wanted {
            return Ok(Observation::Satisfied(None));
        }
        if let Some(refusal) = group.as_ref().and_then(|group| self.filled_elsewhere(group)) {
            return Ok(Observation::Impossible(refusal));
        }
        let refused = match is_member {
            Peek::Refused(error) => Some(error),
            _ => None,
        };
        if self.wanted {
            return Observation::pending_or_unseen(endpoints::groups::add_member(self.group.id, self.user.id), refused);
        }
        self.note_rules(op).await?;
        Observation::pending_or_unseen(endpoints::groups::remove_member(self.group.id, self.user.id), refused)
    }

    /// Neither the user nor, as far as can be seen, the group is in the org.
    fn not_in_this_org(&self, op: &Operation<'_>) -> Observation {
        let what = format!("neither {} nor {} was found", self.user, self.group);
        Observation::Impossible(errors::not_in_this_org(&what, op.org()))
    }

    /// Remembers which rules may have put the user into the group, and says so. A credential that may change members
    /// cannot always see rules.
    async fn note_rules(&self, op: &Operation<'_>) -> Result<(), Error> {
        let rules = self.rules(op).await?.found().unwrap_or_default();
        if !rules.is_empty() {
            op.remark(format!(
                "{} is filled by {}: Okta keeps a member whom a rule has put there out by the exclusion list of the rule, \
                 which holds at most 100 people",
                self.group,
                names(&rules)
            ));
        }
        *lock(&self.rules) = rules;
        Ok(())
    }

    /// The user is out of the group. Of rules that fill it, some may put the user there again.
    async fn left(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        if lock(&self.rules).is_empty() {
            return Ok(Observation::Satisfied(None));
        }
        let left = match self.rules(op).await {
            Ok(Peek::Found(rules)) => rules,
            _ => Vec::new(),
        };
        let note = (!left.is_empty()).then(|| {
            format!(
                "{} does not exclude {} (yet): where its condition matches, it puts the user back; look again later, or \
                 exclude the user in the rule",
                names(&left),
                self.user
            )
        });
        Ok(Observation::Satisfied(note))
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
    async fn rules(&self, op: &Operation<'_>) -> Result<Peek<Vec<GroupRule>>, Error> {
        let is = |ids: &[String], id: &str| ids.iter().any(|other| other == id);
        let fills = |rule: &GroupRule| {
            rule.status.as_deref() == Some("ACTIVE")
                && is(rule.group_ids(), self.group.id)
                && !is(rule.excluded_users(), self.user.id)
        };
        let rules = op.peek_all::<GroupRule>(Ok(endpoints::groups::rules(200))).await?;
        Ok(rules.map(|rules| rules.into_iter().filter(fills).collect()))
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

impl DesiredState for Membership<'_> {
    fn doing(&self) -> String {
        if self.wanted {
            format!("adding {} to {}", self.user, self.group)
        } else {
            format!("taking {} out of {}", self.user, self.group)
        }
    }

    fn unmet(&self) -> String {
        let is = if self.wanted { "is not" } else { "is" };
        format!("{} {is} in {}", self.user, self.group)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        async move {
            let mut failed = errors::failed(&self.doing(), error);
            // Okta refuses in the same words whoever may not change the group and whatever a rule decides.
            if self.wanted
                && error.code() == Some(code::NO_PERMISSION)
                && let Ok(Peek::Found(rules)) = self.rules(op).await
                && !rules.is_empty()
            {
                let why = format!("{}; the group is filled by {}", failed.message, names(&rules));
                let why = why.replace("\nhint: ", "; ");
                return Some(errors::refused(why, "let the rule decide who is in the group, or use another group"));
            }
            let rules = lock(&self.rules).clone();
            if !rules.is_empty() {
                failed.message = beside_hints(&failed.message, &format!("the group is filled by {}", names(&rules)));
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
