//! The org that is served: who is in it, what they belong to, which roles they hold.
//!
//! An org is data in memory and knows nothing of HTTP. Objects that a seed describes completely are not stored at all:
//! an empty row of a [`Table`] is rendered from its number. A row that holds a [`Document`] is served from that text, so
//! a change to a generated object only has to write its document into the row. Relations are lists of row numbers,
//! always ascending, so that a cursor finds its place by binary search and survives changes to the list.
//!
//! Changes are in `change`: each is one function that moves everything that moves with it (instants, statistics, what
//! groups bring) and writes the System Log.

mod awkward;
pub(crate) mod change;
pub(crate) mod document;
mod edit;
mod facts;
mod generate;
pub(crate) mod iam;
mod ids;
pub(crate) mod log;
pub(crate) mod names;
pub(crate) mod objects;
mod odd;
mod recorded;
pub(crate) mod rules;
mod shape;
pub(crate) mod sketch;
pub(crate) mod table;
mod truth;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use change::Habits;
use document::Document;
use iam::{HeldRole, Iam};
use log::SystemLog;
use rules::GroupRule;
use sketch::{AppSketch, UserSketch};
use table::Table;

use crate::clock::RunningClock;

pub use edit::{Principal, UnknownObject};
pub use iam::RoleFact;
pub use log::{LogEntity, LogEvent};
pub use recorded::RecordedError;
pub use shape::Shape;
pub use truth::{AppUserFact, Expected};

/// In [`AppUser::via`]: assigned to the person directly, scope USER.
pub(crate) const DIRECT: u32 = u32::MAX;

/// A simulated org: users, groups, apps, who is in what, and who administers it.
///
/// Made by [`Org::generate`], [`Org::facts`], [`Org::odd`], [`Org::recorded`] or [`Org::empty`].
#[derive(Debug)]
pub struct Org {
    pub(crate) about: About,
    pub(crate) seed: u64,
    pub(crate) users: Table,
    pub(crate) groups: Table,
    pub(crate) apps: Table,
    /// Per group its members.
    pub(crate) members: Vec<Vec<u32>>,
    /// Per app its users.
    pub(crate) app_users: Vec<Vec<AppUser>>,
    /// Per app its groups.
    pub(crate) app_groups: Vec<Vec<u32>>,
    /// App users, by app and user, that are served from a text.
    pub(crate) written_app_users: HashMap<(u32, u32), Document>,
    /// App groups, by app and group, that are served from a text.
    pub(crate) written_app_groups: HashMap<(u32, u32), Document>,
    /// Since when app users that are not served from a text are what they are, where the seed does not tell.
    pub(crate) app_user_since: HashMap<(u32, u32), i64>,
    pub(crate) group_quirks: GroupQuirks,
    /// The rules that fill groups.
    pub(crate) rules: Vec<GroupRule>,
    pub(crate) user_roles: BTreeMap<u32, Vec<HeldRole>>,
    pub(crate) group_roles: BTreeMap<u32, Vec<HeldRole>>,
    /// Whether the role list of a user also shows what the user's groups hold.
    pub(crate) roles_reach_members: bool,
    /// The users that `/iam/assignees/users` lists.
    pub(crate) assignees: Vec<u32>,
    pub(crate) iam: Iam,
    pub(crate) tokens: Vec<Document>,
    pub(crate) devices: Vec<Document>,
    pub(crate) system_log: SystemLog,
    /// The clock of the simulator that serves the org; none before it starts.
    pub(crate) clock: Option<RunningClock>,
    pub(crate) habits: Habits,
    /// Names of profile properties besides Okta's own.
    pub(crate) properties: BTreeSet<String>,
    /// Users who are being deactivated, and how often they are still read with the old status.
    pub(crate) leaving: BTreeMap<u32, u32>,
    /// How many ids were made for what is in no table.
    pub(crate) minted: u32,
}

/// What `/api/v1/org` tells.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) id: String,
    pub(crate) subdomain: String,
    pub(crate) company: String,
}

/// A user of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AppUser {
    pub(crate) user: u32,
    /// The group that brings the app, or [`DIRECT`].
    pub(crate) via: u32,
}

/// Groups that behave unlike the others.
#[derive(Debug, Default)]
pub(crate) struct GroupQuirks {
    /// Never show statistics, also when asked.
    pub(crate) without_stats: BTreeSet<u32>,
    /// Refuse their member list, as the built-in group "Okta Administrators" does.
    pub(crate) members_refused: BTreeSet<u32>,
    /// Refuse their role list with 403.
    pub(crate) roles_refused: BTreeSet<u32>,
}

impl Org {
    /// An org in which nothing is.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            about: About { id: "00os1msim0000000s1m7".into(), subdomain: "acme".into(), company: "Acme".into() },
            seed: 0,
            users: Table::generated(0, b"00u", 0),
            groups: Table::generated(0, b"00g", 0),
            apps: Table::generated(0, b"0oa", 0),
            members: Vec::new(),
            app_users: Vec::new(),
            app_groups: Vec::new(),
            written_app_users: HashMap::new(),
            written_app_groups: HashMap::new(),
            app_user_since: HashMap::new(),
            rules: Vec::new(),
            group_quirks: GroupQuirks::default(),
            user_roles: BTreeMap::new(),
            group_roles: BTreeMap::new(),
            roles_reach_members: true,
            assignees: Vec::new(),
            iam: Iam::default(),
            tokens: Vec::new(),
            devices: Vec::new(),
            system_log: SystemLog::default(),
            clock: None,
            habits: Habits::default(),
            properties: BTreeSet::new(),
            leaving: BTreeMap::new(),
            minted: 0,
        }
    }

    /// The same under another id: to everybody who compares ids, another org.
    #[must_use]
    pub fn with_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.about.id);
        self
    }

    /// Lets searches see users and groups as they were this long ago.
    pub(crate) fn lag_searches(&mut self, lag: Duration, clock: &RunningClock) {
        for table in [&mut self.users, &mut self.groups] {
            table.keep_past(lag, clock.clone());
        }
    }

    /// The status of a user.
    pub(crate) fn user_status(&self, n: u32) -> &str {
        match self.users.document(n) {
            Some(document) => &document.status,
            None => UserSketch::status(self.seed, n),
        }
    }

    /// The status of an app.
    pub(crate) fn app_status(&self, n: u32) -> &str {
        match self.apps.document(n) {
            Some(document) => &document.status,
            None => AppSketch::of(self.seed, n).status,
        }
    }

    /// The owner of the API tokens that the simulator accepts, whom `me` names: the first super administrator, or the
    /// first user.
    pub(crate) fn owner(&self) -> Option<u32> {
        let is_super = |roles: &Vec<HeldRole>| roles.iter().any(|role| role.fact.role_type == "SUPER_ADMIN");
        let admin = self.user_roles.iter().find(|(_, roles)| is_super(roles)).map(|(&n, _)| n);
        admin.or_else(|| self.users.rows().next())
    }

    /// The row of a user by id, by `me`, by login, or by the part of the login before the `@` where that is unambiguous.
    pub(crate) fn find_user(&self, key: &str) -> Option<u32> {
        if let Some(n) = self.users.find(key) {
            return Some(n);
        }
        if key == "me" {
            return self.owner();
        }
        let key = key.to_lowercase();
        let written = self.users.rows().filter_map(|n| Some((n, self.users.document(n)?)));
        let mut short = None;
        for (n, document) in written {
            let login = document.name.to_lowercase();
            if login.is_empty() {
                continue;
            }
            if login == key {
                return Some(n);
            }
            if login.split('@').next() == Some(&key) {
                short = if short.is_none() { Some(Some(n)) } else { Some(None) };
            }
        }
        let number = sketch::number_in_login(&key)
            .filter(|&n| n < self.users.len() && self.users.holds(n) && self.users.document(n).is_none());
        let generated = number.filter(|&n| {
            let login = UserSketch::of(self.seed, n).login();
            login == key || login.split('@').next() == Some(&key)
        });
        generated.or(short.flatten())
    }

    /// The groups that a user is in, ascending.
    pub(crate) fn groups_of(&self, user: u32) -> Vec<u32> {
        let is_member = |group: &u32| self.members[*group as usize].binary_search(&user).is_ok();
        self.groups.rows().filter(is_member).collect()
    }

    /// The apps that a group brings, ascending.
    pub(crate) fn apps_of(&self, group: u32) -> Vec<u32> {
        let brings = |app: &u32| self.app_groups[*app as usize].binary_search(&group).is_ok();
        self.apps.rows().filter(brings).collect()
    }

    /// How many apps a group brings.
    pub(crate) fn app_count(&self, group: u32) -> usize {
        self.app_groups.iter().filter(|groups| groups.binary_search(&group).is_ok()).count()
    }
}
