//! A system whose users, groups and applications change, and that reports what has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use baton_connector::{
    Barrier, Gap, GapKind, Invalidation, KindSpec, Options, Page, ResourceBid, Reuse, Schema, Selector, Source,
    SourceError, SyncSession, SystemId, TypeSpec, Work, WorkKind, build,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::support::{grant, resource_type, system};

/// A system whose content changes, and that reports what has.
#[derive(Clone)]
pub struct World {
    pub users: BTreeSet<u32>,
    /// Version and members.
    pub groups: BTreeMap<u32, (u32, BTreeSet<u32>)>,
    /// Holders, reported by changes only. An application has one role more than holders, which is a work of its own that
    /// the page of the holders makes known.
    pub apps: BTreeMap<u32, BTreeSet<u32>>,
    /// What has changed, in order; the mark is the length of it.
    pub log: Vec<Invalidation>,
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

const KINDS: &[KindSpec] = &[
    KindSpec { kind: "changes", label: "changes", queue: "log" },
    KindSpec { kind: "users", label: "users", queue: "rest" },
    KindSpec { kind: "groups", label: "groups", queue: "rest" },
    KindSpec { kind: "apps", label: "applications", queue: "rest" },
    KindSpec { kind: "members", label: "members", queue: "rest" },
    KindSpec { kind: "holders", label: "holders of applications", queue: "rest" },
    KindSpec { kind: "roles", label: "roles in applications", queue: "rest" },
    KindSpec { kind: "by-app", label: "groups of applications", queue: "rest" },
    KindSpec { kind: "by-group", label: "applications of groups", queue: "rest" },
    KindSpec { kind: "one-user", label: "single users", queue: "rest" },
];

const SIDE: Barrier = Barrier { name: "side", after: &["groups", "apps"] };

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

    pub fn changes(&mut self, kind: WorkKind, which: Selector) {
        self.log.push(Invalidation { kind, selector: which, past_consistency_lag: true });
    }

    pub fn assign(&mut self, app: u32, user: u32) {
        self.apps.get_mut(&app).unwrap().insert(user);
        self.changes("holders", Selector::Subject(app.to_string()));
        self.changes("roles", Selector::Subject(app.to_string()));
    }

    pub fn join(&mut self, group: u32, user: u32) {
        let (version, members) = self.groups.get_mut(&group).unwrap();
        *version += 1;
        members.insert(user);
    }

    /// Only the list of users shows it.
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
                    page.invalidations.push(Invalidation { kind, selector: Selector::All, past_consistency_lag: true });
                }
            }
            "changes" => {
                page.invalidations = self.log[work.detail.get::<usize>().unwrap()..].to_vec();
                page.change_token = Some(self.log.len().to_string());
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
                    let past_consistency_lag = !self.unsettled.contains(group);
                    let reuse = Reuse::SameVersion {
                        version: version.to_string(),
                        past_consistency_lag,
                        unless_changed: false,
                    };
                    page.opens.push(Work::new("members", group.to_string()).reusable(reuse));
                    let side = Work::new("by-group", group.to_string()).blocked_on(SIDE.name);
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
                    let side = Work::new("by-app", app.to_string()).blocked_on(SIDE.name);
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
    fn schema(&self) -> Schema {
        Schema {
            types: ["user", "group", "app"].map(|id| TypeSpec::new(resource_type(id))).to_vec(),
            kinds: KINDS,
            barriers: &[SIDE],
            ..Schema::default()
        }
    }

    fn fingerprint(&self) -> String {
        self.world.fingerprint.to_owned()
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async { Ok(()) }.boxed()
    }

    fn open(self: Arc<Self>, _options: &Options) -> Arc<dyn SyncSession> {
        Arc::new(Session { schema: self.schema(), live: self })
    }
}

/// A sync of it.
struct Session {
    live: Arc<Live>,
    schema: Schema,
}

impl SyncSession for Session {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        self.live.validate()
    }

    fn system(&self) -> Option<SystemId> {
        system(self.live.world.system)
    }

    fn initial_work(&self) -> Vec<Work> {
        ["users", "groups", "apps"].map(|kind| Work::new(kind, "")).to_vec()
    }

    fn change_token(&self) -> Option<String> {
        self.live.world.marks.then(|| self.live.world.log.len().to_string())
    }

    fn changes(&self, change_token: &str) -> Option<Work> {
        Some(Work::new("changes", "").with_detail(&change_token.parse::<usize>().unwrap()))
    }

    fn work_for_resource(&self, resource: &ResourceBid) -> Option<Work> {
        Some(Work::new("one-user", &resource.resource.id[1..]))
    }

    fn fetch<'a>(&'a self, work: &'a Work, _cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, SourceError>> {
        async move {
            if let Some((after, token)) = &self.live.world.stop
                && self.live.fetched.lock().unwrap().len() >= *after
            {
                token.cancel();
                std::future::pending::<()>().await;
            }
            self.live.fetched.lock().unwrap().push(format!("{} {}", work.kind, work.subject).trim().to_owned());
            Ok(self.live.world.answer(work))
        }
        .boxed()
    }

    fn choose(&self, _barrier: &'static str, blocked: &BTreeMap<WorkKind, u64>) -> Vec<WorkKind> {
        blocked.iter().min_by_key(|(kind, count)| (**count, **kind)).map(|(kind, _)| *kind).into_iter().collect()
    }
}
