//! A system whose users, groups and applications change, and that tells what has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use baton_connector::{
    Changed, FetchError, Gap, GapKind, Gate, Lane, Options, Page, ResourceBid, Reuse, Source, SourceError, SystemId,
    Which, Work, WorkKind, build,
};
use baton_proto::c1::connector::v2::ResourceType;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::support::{grant, resource_type, system};

/// A system whose content changes, and that tells what has.
#[derive(Clone)]
pub struct World {
    pub users: BTreeSet<u32>,
    /// Version and members.
    pub groups: BTreeMap<u32, (u32, BTreeSet<u32>)>,
    /// Holders, told of by changes only. An application has one role more than holders, which is a work of its own that
    /// the page of the holders makes known.
    pub apps: BTreeMap<u32, BTreeSet<u32>>,
    /// What has changed, in order; the mark is the length of it.
    pub log: Vec<Changed>,
    /// A group whose members leave a gap.
    pub odd: Option<(u32, GapKind)>,
    /// Groups whose version is too new.
    pub unsettled: BTreeSet<u32>,
    pub log_refused: bool,
    pub marks: bool,
    pub fingerprint: &'static str,
    /// The id of the system; it does not say if that is empty.
    pub system: &'static str,
    pub stop: Option<(usize, CancellationToken)>,
}

pub struct Live {
    pub world: World,
    pub fetched: Mutex<Vec<String>>,
}

const KINDS: &[(WorkKind, &str)] = &[
    ("changes", "changes"),
    ("users", "users"),
    ("groups", "groups"),
    ("apps", "applications"),
    ("members", "members"),
    ("holders", "holders of applications"),
    ("roles", "roles in applications"),
    ("by-app", "groups of applications"),
    ("by-group", "applications of groups"),
    ("one-user", "single users"),
];

const SIDE: Gate = Gate { name: "side", after: &["groups", "apps"] };

impl World {
    pub fn new() -> Self {
        let members = |group: u32| (0..12).filter(|user| user % (group + 1) == 0).collect();
        Self {
            users: (0..12).collect(),
            groups: (0..4).map(|group| (group, (1, members(group)))).collect(),
            apps: (0..5).map(|app| (app, (app..app + 3).collect())).collect(),
            log: Vec::new(),
            odd: None,
            unsettled: BTreeSet::new(),
            log_refused: false,
            marks: true,
            fingerprint: "world",
            system: "",
            stop: None,
        }
    }

    pub fn changes(&mut self, kind: WorkKind, which: Which) {
        self.log.push(Changed { kind, which, settled: true });
    }

    pub fn assign(&mut self, app: u32, user: u32) {
        self.apps.get_mut(&app).unwrap().insert(user);
        self.changes("holders", Which::Subject(app.to_string()));
        self.changes("roles", Which::Subject(app.to_string()));
    }

    pub fn join(&mut self, group: u32, user: u32) {
        let (version, members) = self.groups.get_mut(&group).unwrap();
        *version += 1;
        members.insert(user);
    }

    /// Nothing tells of it but the list of users.
    pub fn delete_user(&mut self, user: u32) {
        self.users.remove(&user);
        self.groups.values_mut().for_each(|(_, members)| members.retain(|it| *it != user));
        self.apps.values_mut().for_each(|holders| holders.retain(|it| *it != user));
    }

    fn answer(&self, work: &Work) -> Page {
        let mut page = Page::default();
        let number = || work.subject.parse::<u32>().unwrap();
        match work.kind {
            "changes" if self.log_refused => {
                page.notes.push("the log is refused".to_owned());
                for kind in ["holders", "roles", "by-app", "by-group"] {
                    page.changed.push(Changed { kind, which: Which::All, settled: true });
                }
            }
            "changes" => {
                page.changed = self.log[work.detail.parse::<usize>().unwrap()..].to_vec();
                page.mark = Some(self.log.len().to_string());
            }
            "users" => page.resources = self.users.iter().map(|user| resource("user", "u", *user)).collect(),
            "groups" => {
                for (group, (version, _)) in &self.groups {
                    let found = resource("group", "g", *group);
                    page.entitlements.push(build::assignment(
                        &found,
                        "member",
                        "M".into(),
                        "".into(),
                        vec![],
                        "v".into(),
                    ));
                    page.resources.push(found);
                    let settled = !self.unsettled.contains(group);
                    let reuse = Reuse::SameVersion { version: version.to_string(), settled, unless_changed: false };
                    page.opens.push(Work::new("members", group.to_string()).reusable(reuse));
                    let side = Work::new("by-group", group.to_string()).behind(SIDE.name);
                    page.opens.push(side.reusable(Reuse::UnlessChanged));
                }
            }
            "apps" => {
                for app in self.apps.keys() {
                    let found = resource("app", "", *app);
                    page.entitlements.push(build::assignment(
                        &found,
                        "access",
                        "A".into(),
                        "".into(),
                        vec![],
                        "v".into(),
                    ));
                    page.resources.push(found);
                    page.opens.push(Work::new("holders", app.to_string()).reusable(Reuse::UnlessChanged));
                    let side = Work::new("by-app", app.to_string()).behind(SIDE.name);
                    page.opens.push(side.reusable(Reuse::UnlessChanged));
                }
            }
            "members" => {
                let group = number();
                let of = format!("g{group}");
                let users = self.groups[&group].1.iter().map(|user| format!("u{user}"));
                page.grants = users.map(|user| grant(("group", &of, "member"), "user", &user)).collect();
                if let Some((_, kind)) = self.odd.filter(|(odd, _)| *odd == group) {
                    let (resource_type, id) = ("group".to_owned(), of);
                    page.gaps.push(Gap { kind, resource_type, id, message: "odd".to_owned() });
                }
            }
            "holders" => {
                let of = number().to_string();
                let users = self.apps[&number()].iter().map(|user| format!("u{user}"));
                page.grants = users.map(|user| grant(("app", &of, "access"), "user", &user)).collect();
                page.opens.push(Work::new("roles", work.subject.as_str()).reusable(Reuse::UnlessChanged));
            }
            // Whoever holds an application has a second grant; it changes with the first.
            "roles" => {
                let of = number().to_string();
                let users = self.apps[&number()].iter().map(|user| format!("u{user}"));
                page.grants = users.map(|user| grant(("app", &of, "role"), "user", &user)).collect();
            }
            "by-app" | "by-group" => {
                let pairs: Vec<(u32, u32)> = match work.kind {
                    "by-app" => self.groups.keys().map(|group| (number(), *group)).collect(),
                    _ => self.apps.keys().map(|app| (*app, number())).collect(),
                };
                let edges = pairs.iter().filter(|(app, group)| *app < 9 && (app + group) % 2 == 0);
                let edge = |(app, group): &(u32, u32)| {
                    grant(("app", &app.to_string(), "access"), "group", &format!("g{group}"))
                };
                page.grants = edges.map(edge).collect();
            }
            "one-user" => page.resources = vec![resource("user", "u", number())],
            other => panic!("unknown work {other}"),
        }
        page
    }
}

fn resource(of: &str, letter: &str, number: u32) -> baton_proto::c1::connector::v2::Resource {
    build::resource(of, &format!("{letter}{number}"), format!("{of} {number}"))
}

impl Source for Live {
    fn resource_types(&self) -> Vec<ResourceType> {
        ["user", "group", "app"].map(resource_type).to_vec()
    }

    fn fingerprint(&self) -> String {
        self.world.fingerprint.to_owned()
    }

    fn system(&self) -> Option<SystemId> {
        system(self.world.system)
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async { Ok(()) }.boxed()
    }

    fn start(&self, _options: &Options) -> Vec<Work> {
        ["users", "groups", "apps"].map(|kind| Work::new(kind, "")).to_vec()
    }

    fn mark(&self) -> Option<String> {
        self.world.marks.then(|| self.world.log.len().to_string())
    }

    fn changes(&self, mark: &str, _options: &Options) -> Option<Work> {
        Some(Work::new("changes", "").with_detail(mark))
    }

    fn target(&self, resource: &ResourceBid, _options: &Options) -> Option<Work> {
        Some(Work::new("one-user", &resource.resource.id[1..]))
    }

    fn fetch<'a>(&'a self, work: &'a Work, _cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, FetchError>> {
        async move {
            if let Some((after, token)) = &self.world.stop
                && self.fetched.lock().unwrap().len() >= *after
            {
                token.cancel();
                std::future::pending::<()>().await;
            }
            self.fetched.lock().unwrap().push(format!("{} {}", work.kind, work.subject).trim().to_owned());
            Ok(self.world.answer(work))
        }
        .boxed()
    }

    fn lane(&self, kind: WorkKind) -> Lane {
        if kind == "changes" { "log" } else { "rest" }
    }

    fn kinds(&self) -> &'static [(WorkKind, &'static str)] {
        KINDS
    }

    fn gates(&self) -> &'static [Gate] {
        &[SIDE]
    }

    fn choose(&self, _gate: &'static str, held: &BTreeMap<WorkKind, u64>) -> Vec<WorkKind> {
        held.iter().min_by_key(|(kind, count)| (**count, **kind)).map(|(kind, _)| *kind).into_iter().collect()
    }
}
