//! An org made of recorded answers of real orgs, served letter by letter.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::document::Document;
use super::iam::{Binding, HeldRole, ResourceSet};
use super::{AppUser, DIRECT, Org, objects};

/// The files of a recording, in the order in which they are read.
const FILES: [&str; 6] = ["users", "groups", "apps", "roles", "iam", "tokens-devices-logs"];

/// A recording could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordedError {
    /// A file is missing or unreadable.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is no record.
    #[error("line {line} of {} is no record", .path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    path: std::borrow::Cow<'a, str>,
    status: u16,
    #[serde(borrow)]
    body: &'a RawValue,
}

impl Org {
    /// An org of everything that the recordings in this directory show: files `users.jsonl.gz`, `groups.jsonl.gz`,
    /// `apps.jsonl.gz`, `roles.jsonl.gz`, `iam.jsonl.gz` and `tokens-devices-logs.jsonl.gz`, one exchange a line with
    /// `path`, `status` and `body`.
    ///
    /// Every user, group, app, assignment, role, token and device in a body of status 200 is taken, under its id; the
    /// last body wins. A relation holds when any body showed it. A user, group or app that a relation names although no
    /// body showed it is served as a stand-in with nothing but ordinary members, so that every recorded assignment can be
    /// read; [`Org::stand_ins`] names these.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or holds a line that is no record.
    pub fn recorded(directory: &Path) -> Result<Self, RecordedError> {
        let mut org = Self::empty();
        org.roles_reach_members = false;
        let mut assignees = BTreeSet::new();
        for name in FILES {
            let path = directory.join(format!("{name}.jsonl.gz"));
            let unreadable = |source| RecordedError::Read { path: path.clone(), source };
            let file = File::open(&path).map_err(unreadable)?;
            for (at, line) in BufReader::new(MultiGzDecoder::new(file)).lines().enumerate() {
                let line = line.map_err(unreadable)?;
                let broken = |source| RecordedError::Record { path: path.clone(), line: at + 1, source };
                let record: Record<'_> = serde_json::from_str(&line).map_err(broken)?;
                if record.status == 200 {
                    org.learn(&record, &mut assignees);
                }
            }
        }
        org.settle();
        let holders = org.user_roles.iter().filter(|(_, roles)| !roles.is_empty()).map(|(&n, _)| n);
        assignees.extend(holders);
        org.assignees = assignees.into_iter().collect();
        Ok(org)
    }

    fn learn(&mut self, record: &Record<'_>, assignees: &mut BTreeSet<u32>) {
        let segments: Vec<&str> = record.path.trim_matches('/').split('/').skip(2).collect();
        let body = record.body.get();
        // Logins and the like also stand for objects in paths; relations need the id.
        let prefix = segments.first().map_or("", |collection| match *collection {
            "users" => "00u",
            "groups" => "00g",
            "apps" => "0oa",
            _ => "",
        });
        if segments.len() > 2 && !segments[1].starts_with(prefix) {
            return;
        }
        match segments[..] {
            ["users"] | ["users", _] => each(body, |text| put(&mut self.users, text, "profile")),
            ["users", id, "groups"] => self.learn_groups_of(id, body),
            ["users", id, "roles"] => {
                let n = self.users.reserve(id);
                learn_roles(self.user_roles.entry(n).or_default(), body);
            }
            ["groups"] | ["groups", _] => each(body, |text| put(&mut self.groups, text, "objectClass")),
            ["groups", id, "users"] => self.learn_members(id, body),
            ["groups", id, "roles"] => {
                let n = self.groups.reserve(id);
                learn_roles(self.group_roles.entry(n).or_default(), body);
            }
            ["groups", id, "apps"] => self.learn_apps_of(id, body),
            ["apps"] | ["apps", _] => each(body, |text| put(&mut self.apps, text, "visibility")),
            ["apps", app, "users"] | ["apps", app, "users", _] => self.learn_app_users(app, body),
            ["apps", app, "groups"] | ["apps", app, "groups", _] => self.learn_app_groups(app, body),
            ["iam", "assignees", "users"] => {
                for user in inside(body, "value") {
                    assignees.extend(Document::recorded(user.get()).map(|user| self.users.reserve(&user.id)));
                }
            }
            ["iam", "roles"] => inside(body, "roles").iter().for_each(|role| add(&mut self.iam.roles, role.get())),
            ["iam", "roles", _] => add(&mut self.iam.roles, body),
            ["iam", "resource-sets"] => inside(body, "resource-sets").iter().for_each(|set| self.add_set(set.get())),
            ["iam", "resource-sets", _] => self.add_set(body),
            ["api-tokens"] | ["api-tokens", _] => each(body, |text| add(&mut self.tokens, text)),
            ["devices"] | ["devices", _] => each(body, |text| add(&mut self.devices, text)),
            _ => {}
        }
    }

    fn learn_groups_of(&mut self, user: &str, body: &str) {
        let user = self.users.reserve(user);
        each(body, |text| {
            if let Some(document) = Document::recorded(text) {
                let group = self.groups.put(document);
                insert(&mut self.members, group, user);
            }
        });
    }

    fn learn_members(&mut self, group: &str, body: &str) {
        let group = self.groups.reserve(group);
        each(body, |text| {
            if let Some(document) = Document::recorded(text) {
                let user = self.users.put(document);
                insert(&mut self.members, group, user);
            }
        });
    }

    fn learn_apps_of(&mut self, group: &str, body: &str) {
        let group = self.groups.reserve(group);
        each(body, |text| {
            if let Some(document) = Document::recorded(text) {
                let app = self.apps.put(document);
                insert(&mut self.app_groups, app, group);
            }
        });
    }

    fn learn_app_groups(&mut self, app: &str, body: &str) {
        let app = self.apps.reserve(app);
        each(body, |text| {
            if let Some(document) = Document::recorded(text) {
                let group = self.groups.reserve(&document.id);
                insert(&mut self.app_groups, app, group);
                self.written_app_groups.insert((app, group), document);
            }
        });
    }

    fn learn_app_users(&mut self, app: &str, body: &str) {
        let app = self.apps.reserve(app);
        each(body, |text| {
            let Some(document) = Document::recorded(text) else { return };
            let user = self.users.reserve(&document.id);
            grow(&mut self.app_users, app);
            let users = &mut self.app_users[app as usize];
            let via = link_to_group(text).map_or(DIRECT, |group| self.groups.reserve(&group));
            match users.binary_search_by_key(&user, |user| user.user) {
                Ok(at) => users[at].via = via,
                Err(at) => users.insert(at, AppUser { user, via }),
            }
            self.written_app_users.insert((app, user), document);
        });
    }

    fn add_set(&mut self, text: &str) {
        let Some(document) = Document::recorded(text) else { return };
        match self.iam.sets.iter_mut().find(|set| set.document.id == document.id) {
            Some(set) => set.document = document,
            None => self.iam.sets.push(ResourceSet { document, bindings: Vec::<Binding>::new() }),
        }
    }

    /// The ids that an org made of recordings serves although no recorded body showed their objects.
    #[must_use]
    pub fn stand_ins(&self) -> BTreeSet<String> {
        let tables = [&self.users, &self.groups, &self.apps];
        let documents = tables.into_iter().flat_map(|table| table.rows().filter_map(|n| table.document(n)));
        let recorded = !self.roles_reach_members;
        documents.filter(|document| recorded && !document.verbatim).map(|document| document.id.to_string()).collect()
    }

    /// Gives every row an object and its relations, also rows that were met last.
    fn settle(&mut self) {
        for n in missing(&self.users) {
            let profile = json!({"firstName": "Not", "lastName": "Recorded", "login": null, "email": null});
            self.users.write(n, objects::user(&self.users.id(n), "ACTIVE", &profile));
        }
        for n in missing(&self.groups) {
            let profile = json!({"name": "Not recorded", "description": null});
            self.groups.write(n, objects::group(&self.groups.id(n), "OKTA_GROUP", &profile, None));
        }
        for n in missing(&self.apps) {
            let app = objects::app(&self.apps.id(n), "bookmark", "Not recorded", "ACTIVE", Some("BOOKMARK"));
            self.apps.write(n, Document::of(&app));
        }
        self.members.resize(self.groups.len() as usize, Vec::new());
        self.app_users.resize(self.apps.len() as usize, Vec::new());
        self.app_groups.resize(self.apps.len() as usize, Vec::new());
    }
}

fn missing(table: &super::table::Table) -> Vec<u32> {
    table.rows().filter(|&n| table.document(n).is_some_and(|document| !document.verbatim)).collect()
}

fn link_to_group(app_user: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(app_user).ok()?;
    let link = value["_links"]["group"]["href"].as_str()?;
    link.rsplit('/').next().map(str::to_owned)
}

/// Calls `visit` with the text of each object of an array, or of the one object.
fn each(body: &str, mut visit: impl FnMut(&str)) {
    match serde_json::from_str::<Vec<&RawValue>>(body) {
        Ok(objects) => objects.iter().for_each(|object| visit(object.get())),
        Err(_) => visit(body),
    }
}

/// The objects of an array inside an object.
fn inside<'a>(body: &'a str, name: &str) -> Vec<&'a RawValue> {
    let members: std::collections::HashMap<&str, &'a RawValue> = serde_json::from_str(body).unwrap_or_default();
    members.get(name).and_then(|array| serde_json::from_str(array.get()).ok()).unwrap_or_default()
}

/// Puts an object into a table, if it has the member that objects of that kind have: some answers to changes hold links
/// alone.
fn put(table: &mut super::table::Table, text: &str, member: &str) {
    let members: std::collections::HashMap<&str, &RawValue> = serde_json::from_str(text).unwrap_or_default();
    if members.contains_key(member)
        && let Some(document) = Document::recorded(text)
    {
        table.put(document);
    }
}

fn add(list: &mut Vec<Document>, text: &str) {
    let Some(document) = Document::recorded(text) else { return };
    match list.iter_mut().find(|known| known.id == document.id) {
        Some(known) => *known = document,
        None => list.push(document),
    }
}

fn learn_roles(roles: &mut Vec<HeldRole>, body: &str) {
    each(body, |text| {
        let Some(role) = HeldRole::recorded(text) else { return };
        match roles.iter_mut().find(|known| known.document.id == role.document.id) {
            Some(known) => *known = role,
            None => roles.push(role),
        }
    });
}

fn grow<T: Default + Clone>(lists: &mut Vec<T>, n: u32) {
    if lists.len() <= n as usize {
        lists.resize(n as usize + 1, T::default());
    }
}

fn insert(lists: &mut Vec<Vec<u32>>, n: u32, member: u32) {
    grow(lists, n);
    let list = &mut lists[n as usize];
    if let Err(at) = list.binary_search(&member) {
        list.insert(at, member);
    }
}
