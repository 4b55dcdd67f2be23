//! Changes to an org. Each function here makes one change with all that moves with it, and writes it to the System Log
//! once a simulator serves the org. What Okta refuses is decided before, by the endpoints.

mod apps;
mod bindings;
mod groups;
mod roles;
mod users;

use std::time::Duration;

use serde_json::Value;

use super::document::marks;
use super::objects::UPDATED;
use super::sketch::{AppSketch, GroupSketch, UserSketch};
use super::{LogEntity, LogEvent, Org};
use crate::render;
use crate::render::user::Omit;

pub(crate) use bindings::Member;
pub(crate) use roles::HolderRow;
pub(crate) use users::NewUser;

/// Habits of Okta's that no documentation settles, or that only some orgs have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Habits {
    /// Whether deleting a user counts as a change of the groups that the user was in.
    pub(crate) deletion_moves_groups: bool,
    /// Whether the last member of a binding cannot be removed; otherwise the binding goes with its last member.
    pub(crate) keep_last_member: bool,
    /// Whether an app cannot be assigned to a user without a user name.
    pub(crate) demand_user_names: bool,
    /// Whether the log says nothing when somebody keeps an app but has it through another group than before.
    pub(crate) quiet_conversions: bool,
    /// How often a user is still read with the old status after being deactivated.
    pub(crate) slow_deactivation: u32,
}

impl Org {
    /// The instant of a change, in seconds since 1970. Before the org is served its clock stands.
    pub(crate) fn now(&self) -> i64 {
        const BEFORE: i64 = 1_714_979_289;
        self.clock.as_ref().map_or(BEFORE, |clock| seconds(clock.now()))
    }

    /// The instant of a change as the API writes it.
    pub(crate) fn now_text(&self) -> String {
        if self.clock.is_none() {
            return UPDATED.to_owned();
        }
        let mut text = String::new();
        render::json::instant(&mut text, self.now());
        text.trim_matches('"').to_owned()
    }

    /// A number that no id had yet.
    pub(crate) fn mint(&mut self) -> u32 {
        self.minted += 1;
        900_000 + self.minted
    }

    /// Writes an event, if the org is served already: how an org was set up is not its history.
    fn tell(&self, event: impl FnOnce(&Self) -> LogEvent) {
        if self.clock.is_some() {
            self.system_log.add_change(event(self));
        }
    }

    /// A user as a value that can be changed and made a document again.
    pub(crate) fn user_value(&self, n: u32) -> Value {
        let mut text = String::new();
        render::user::listed(self, n, &marks(), Omit::default(), &mut text);
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A group as a value that can be changed and made a document again.
    pub(crate) fn group_value(&self, n: u32) -> Value {
        let mut text = String::new();
        render::group::group(self, n, &marks(), render::group::Embed::default(), &mut text);
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The login of a user.
    pub(crate) fn login(&self, n: u32) -> String {
        match self.users.document(n) {
            Some(document) => document.name.to_string(),
            None => UserSketch::of(self.seed, n).login(),
        }
    }

    /// The name of a group.
    pub(crate) fn group_name(&self, n: u32) -> String {
        match self.groups.document(n) {
            Some(document) => document.name.to_string(),
            None => GroupSketch::of(self.seed, n).name(),
        }
    }

    /// The type of a group.
    pub(crate) fn group_kind(&self, n: u32) -> &str {
        match self.groups.document(n) {
            Some(document) => &document.kind,
            None => GroupSketch::of(self.seed, n).kind,
        }
    }

    /// The label of an app.
    fn app_label(&self, n: u32) -> String {
        match self.apps.document(n) {
            Some(document) => document.name.to_string(),
            None => AppSketch::of(self.seed, n).label(n),
        }
    }

    fn user_entity(&self, n: u32) -> LogEntity {
        let name = match self.users.document(n) {
            Some(document) => {
                let profile = document.marked()["profile"].take();
                let part = |name: &str| profile[name].as_str().unwrap_or_default().to_owned();
                format!("{} {}", part("firstName"), part("lastName")).trim().to_owned()
            }
            None => {
                let sketch = UserSketch::of(self.seed, n);
                format!("{} {}", sketch.first.0, sketch.last.0)
            }
        };
        LogEntity::user(self.users.id(n).to_string(), self.login(n), name)
    }

    fn group_entity(&self, n: u32) -> LogEntity {
        LogEntity::group(self.groups.id(n).to_string(), self.group_name(n))
    }

    fn app_entity(&self, n: u32) -> LogEntity {
        LogEntity::app(self.apps.id(n).to_string(), self.app_label(n))
    }

    /// The built-in group of all users, if the org has one.
    pub(crate) fn everyone(&self) -> Option<u32> {
        let is_everyone = |&n: &u32| {
            self.groups.document(n).is_some_and(|group| &*group.kind == "BUILT_IN" && &*group.name == "Everyone")
        };
        self.groups.rows().find(is_everyone)
    }
}

fn seconds(since_1970: Duration) -> i64 {
    i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)
}

/// Puts a row into an ascending list; `false` when it was there.
fn insert(list: &mut Vec<u32>, n: u32) -> bool {
    match list.binary_search(&n) {
        Ok(_) => false,
        Err(at) => {
            list.insert(at, n);
            true
        }
    }
}

/// Takes a row out of an ascending list; `false` when it was not there.
fn take(list: &mut Vec<u32>, n: u32) -> bool {
    match list.binary_search(&n) {
        Ok(at) => {
            list.remove(at);
            true
        }
        Err(_) => false,
    }
}
