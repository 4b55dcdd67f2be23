//! Apps of users. Okta has one assignment per user and app: a direct one, or one through a group, which only the group can
//! give and take (`docs/spec/okta-provisioning.md` 4.2).

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use baton_connector::ChangeError;
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::endpoints::apps::AppUserSettings;
use okta_client::models::{App, AppGroup, AppUser, Group, User};
use okta_client::{Error, code, endpoints};

use super::errors;
use super::operation::Operation;
use super::peek::Peek;
use super::reconcile::{DesiredState, Observation};
use super::subject::Subject;
use crate::ids::group;
use crate::lock::lock;

/// That a user has an app directly, or does not have it.
pub(super) struct AppUserAssignment<'a> {
    app: Subject<'a>,
    user: Subject<'a>,
    wanted: bool,
    /// The user name in the app, if Okta wants to be told: usually the app has a template for it.
    user_name: Mutex<Option<String>>,
    /// Whether a direct assignment has been seen.
    was_direct: AtomicBool,
}

impl<'a> AppUserAssignment<'a> {
    pub(super) fn new(app: Subject<'a>, user: Subject<'a>, wanted: bool) -> Result<Self, ChangeError> {
        if user.is_user() {
            return Ok(Self { app, user, wanted, user_name: Mutex::default(), was_direct: AtomicBool::new(false) });
        }
        Err(user.wrong_kind("users and groups", "app access"))
    }

    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        let assigned = op.peek::<AppUser>(endpoints::apps::user(self.app.id, self.user.id)).await?;
        let unassign = || endpoints::apps::unassign_user(self.app.id, self.user.id);
        match assigned {
            Peek::Found(assigned) if self.wanted => {
                Ok(Observation::Satisfied(is_through_group(&assigned).then(|| {
                    let through = assigned.group_id().map(|id| Subject::unnamed(group::ID, id).to_string());
                    format!("{} has it through {}", self.user, through.as_deref().unwrap_or("a group"))
                })))
            }
            Peek::Found(assigned) if is_through_group(&assigned) => {
                self.see_through_group(op, assigned.group_id()).await
            }
            Peek::Found(_) => {
                self.was_direct.store(true, Ordering::Relaxed);
                Observation::pending(unassign())
            }
            Peek::Absent if op.made() > 0 && !self.wanted => Ok(Observation::Satisfied(None)),
            Peek::Refused(error) if !self.wanted => Ok(Observation::Unseen(unassign()?, error)),
            Peek::Absent => self.see_without(op, None).await,
            Peek::Refused(error) => self.see_without(op, Some(error)).await,
        }
    }

    /// The user has the app through a group, `known` if Okta names one. Okta shows that only where there is no direct
    /// assignment, or none any more.
    async fn see_through_group(&self, op: &Operation<'_>, known: Option<&str>) -> Result<Observation, Error> {
        let groups = self.groups(op, known).await;
        if !self.was_direct.load(Ordering::Relaxed) {
            return Ok(Observation::Impossible(self.comes_through(&groups?)));
        }
        let only_known = || known.map(|id| (id.to_owned(), String::new())).into_iter().collect();
        let groups = groups.unwrap_or_else(|_| only_known());
        let (user, app, through) = (self.user, self.app, in_words(&groups));
        Ok(Observation::Satisfied(Some(format!(
            "{user} no longer has {app} directly, but still has it through {through}; to end that, take the user out of \
             the group, or the app away from the group"
        ))))
    }

    /// There is no assignment, which may be because there is no app or no user; or it cannot be seen, for the reason
    /// `refused`, whether there is one.
    async fn see_without(&self, op: &Operation<'_>, refused: Option<Error>) -> Result<Observation, Error> {
        let app = op.peek::<App>(endpoints::apps::get(self.app.id)).await?;
        let user = op.peek::<User>(endpoints::users::get(self.user.id)).await?;
        let missing = match (app.is_absent(), user.is_absent()) {
            (true, _) => Some(self.app),
            (_, true) => Some(self.user),
            _ => None,
        };
        if !self.wanted {
            if !app.is_found() && !user.is_found() {
                let what = format!("neither {} nor {} was found", self.app, self.user);
                return Ok(Observation::Impossible(errors::not_in_this_org(&what, op.org())));
            }
            return Ok(Observation::Satisfied(
                missing.map(|missing| format!("there is no {missing} in Okta any more")),
            ));
        }
        if let Some(missing) = missing {
            return Ok(Observation::Impossible(errors::no_such(missing)));
        }
        if user.found().and_then(|user| user.status).as_deref() == Some("DEPROVISIONED") {
            let why = format!("{} is deactivated (DEPROVISIONED), and Okta gives such users no apps", self.user);
            return Ok(Observation::Impossible(errors::refused(why, "activate the user first")));
        }
        let user_name = lock(&self.user_name).clone();
        let settings = AppUserSettings { user_name, ..AppUserSettings::default() };
        Observation::pending_or_unseen(endpoints::apps::assign_user(self.app.id, self.user.id, &settings), refused)
    }

    /// The groups that give the user the app, by id and name. `known` is the one that Okta names: it names one, also
    /// where there are several.
    async fn groups(&self, op: &Operation<'_>, known: Option<&str>) -> Result<Vec<(String, String)>, Error> {
        // Only their names are missing where these may not be seen.
        let of_app = op.peek_all::<AppGroup>(endpoints::apps::groups(self.app.id, 200)).await?;
        let of_app = of_app.found().unwrap_or_default();
        let of_user = op.peek_all::<Group>(endpoints::users::groups(self.user.id)).await?.found().unwrap_or_default();
        let gives =
            |group: &&Group| Some(group.id.as_str()) == known || of_app.iter().any(|other| other.id == group.id);
        let named = |group: &Group| (group.id.clone(), group.name().unwrap_or_default().to_owned());
        let mut groups: Vec<_> = of_user.iter().filter(gives).map(named).collect();
        if let Some(known) = known.filter(|known| !groups.iter().any(|(id, _)| id == known)) {
            groups.push((known.to_owned(), String::new()));
        }
        Ok(groups)
    }

    /// The refusal to take an app away that a group alone gives.
    fn comes_through(&self, groups: &[(String, String)]) -> ChangeError {
        let (user, app, through) = (self.user, self.app, in_words(groups));
        let why =
            format!("{user} has {app} through {through}, not directly, so that it cannot be taken away by itself");
        errors::refused(why, "take the user out of the group, or the app away from the group")
    }

    /// Looks the user's login up, to be the user name in the app. Whether there is one.
    async fn take_login(&self, op: &Operation<'_>) -> bool {
        let Ok(user) = op.get::<User>(endpoints::users::get(self.user.id)).await else { return false };
        let login = user.attributes().text("login").map(str::to_owned);
        let mut user_name = lock(&self.user_name);
        if user_name.is_some() || login.is_none() {
            return false;
        }
        *user_name = login;
        true
    }
}

/// Groups, by id and name, in words.
fn in_words(groups: &[(String, String)]) -> String {
    let name = |(id, name): &(String, String)| Subject { kind: group::ID, id, name }.to_string();
    match groups {
        [] => "a group that Okta does not name".to_owned(),
        groups => groups.iter().map(name).collect::<Vec<_>>().join(" and "),
    }
}

/// Whether Okta wants to be told the user name in the app.
fn wants_user_name(error: &Error) -> bool {
    let said = error.okta().causes.iter().chain(error.okta().summary.iter());
    let mut said = said.map(|text| text.to_ascii_lowercase());
    error.code() == Some(code::VALIDATION) && said.any(|text| text.contains("username") || text.contains("user name"))
}

fn is_through_group(assigned: &AppUser) -> bool {
    match assigned.scope.as_deref() {
        Some(scope) => scope == "GROUP",
        None => assigned.group_id().is_some(),
    }
}

impl DesiredState for AppUserAssignment<'_> {
    fn doing(&self) -> String {
        if self.wanted {
            format!("assigning {} to {}", self.app, self.user)
        } else {
            format!("taking {} away from {}", self.app, self.user)
        }
    }

    fn unmet(&self) -> String {
        let has = if self.wanted { "does not have" } else { "has" };
        format!("{} {has} {}", self.user, self.app)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        async move {
            if self.wanted && wants_user_name(error) && self.take_login(op).await {
                return None;
            }
            Some(errors::failed(&self.doing(), error))
        }
        .boxed()
    }
}
