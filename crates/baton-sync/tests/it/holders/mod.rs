//! A system whose applications have holders, on several pages, and that reports for whom something has changed. It can be
//! asked for single holders.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use baton_connector::{
    Gap, GapKind, Invalidation, KindSpec, Options, Page, Reuse, Schema, Selector, Source, SourceError, SourceErrorKind,
    SyncSession, TypeSpec, Work, build,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::support::{grant, resource_type};

/// Holders on one page.
const PAGE: usize = 3;

/// How the system answers when it is asked for parts of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    True,
    Cannot,
    /// With a grant to somebody else.
    Stranger,
    /// With an object, a gap, more work, a next page, a change.
    Object,
    Gap,
    Work,
    Next,
    Change,
    Error,
}

/// A system whose applications have holders, and that reports which of them have changed.
#[derive(Clone)]
pub struct World {
    pub users: BTreeSet<u32>,
    /// By the application: holders, and whether they have it through a group.
    pub apps: BTreeMap<u32, BTreeMap<u32, bool>>,
    /// Groups of applications.
    pub groups: BTreeMap<u32, BTreeSet<u32>>,
    pub log: Vec<Invalidation>,
    pub parts: Parts,
    pub stop: Option<(usize, CancellationToken)>,
}

pub struct Live {
    pub world: World,
    pub fetched: Mutex<Vec<String>>,
}

const KINDS: &[KindSpec] = &[
    KindSpec { kind: "changes", label: "changes", queue: "all" },
    KindSpec { kind: "users", label: "users", queue: "all" },
    KindSpec { kind: "apps", label: "applications", queue: "all" },
    KindSpec { kind: "holders", label: "holders of applications", queue: "all" },
    KindSpec { kind: "roles", label: "roles in applications", queue: "all" },
    KindSpec { kind: "groups", label: "groups of applications", queue: "all" },
];

impl World {
    /// Application 0 has ten holders, on four pages, 1 has seven, 2 has two.
    pub fn new() -> Self {
        let holders = |count: u32| (0..count).map(|user| (user, false)).collect();
        Self {
            users: (0..20).collect(),
            apps: [10, 7, 2].into_iter().map(holders).zip(0..).map(|(holders, app)| (app, holders)).collect(),
            groups: BTreeMap::from([(0, BTreeSet::from([1, 2])), (1, BTreeSet::from([1])), (2, BTreeSet::new())]),
            log: Vec::new(),
            parts: Parts::True,
            stop: None,
        }
    }

    pub fn tell(&mut self, which: Selector) {
        self.log.push(Invalidation { kind: "holders", selector: which, past_consistency_lag: true });
    }

    /// Gives an application to a user, directly or through a group, or takes it away, and reports the change.
    pub fn set(&mut self, app: u32, user: u32, through: Option<bool>) {
        let holders = self.apps.get_mut(&app).unwrap();
        match through {
            Some(through) => drop(holders.insert(user, through)),
            None => drop(holders.remove(&user)),
        }
        self.tell(part(app, user));
    }

    fn holder(&self, app: u32, user: u32) -> baton_connector::GrantDraft {
        let mut grant = grant(("app", &app.to_string(), "access"), "user", &format!("u{user}"));
        grant.immutable = self.apps[&app][&user].then(|| "through a group".to_owned());
        grant
    }

    fn answer(&self, work: &Work, cursor: Option<&str>) -> Page {
        let mut page = Page::default();
        let app = work.subject.parse::<u32>().unwrap_or_default();
        match work.kind {
            "changes" => {
                page.invalidations = self.log[work.detail.get::<usize>().unwrap()..].to_vec();
                page.change_token = Some(self.log.len().to_string());
            }
            "users" => {
                let users = self.users.iter().map(|user| resource("user", &format!("u{user}")));
                page.resources = users.chain(["g1", "g2"].map(|group| resource("group", group))).collect();
            }
            "apps" => {
                for app in self.apps.keys() {
                    page.resources.push(resource("app", &app.to_string()));
                    page.opens.push(Work::new("holders", app.to_string()).reusable(Reuse::UnlessChanged));
                    page.opens.push(Work::new("groups", app.to_string()).reusable(Reuse::UnlessChanged));
                }
            }
            "holders" => {
                let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
                let holders: Vec<u32> = self.apps[&app].keys().copied().collect();
                let to = (from + PAGE).min(holders.len());
                page.grants = holders[from..to].iter().map(|user| self.holder(app, *user)).collect();
                page.next = (to < holders.len()).then(|| to.to_string());
                if from == 0 {
                    // Pages need not hold grants alone, and make more work known.
                    let of = resource("app", &app.to_string());
                    page.entitlements =
                        vec![build::assignment(&of, "access", "".into(), "".into(), vec![], "v".into())];
                    page.opens.push(Work::new("roles", app.to_string()).reusable(Reuse::UnlessChanged));
                }
            }
            "roles" => {
                let of = resource("app", &app.to_string());
                page.entitlements = vec![build::assignment(&of, "role", "".into(), "".into(), vec![], "v".into())];
                page.grants = vec![grant(("app", &app.to_string(), "role"), "user", "u0")];
            }
            "groups" => {
                let groups = self.groups[&app].iter().map(|group| format!("g{group}"));
                page.grants = groups.map(|group| grant(("app", &app.to_string(), "access"), "group", &group)).collect();
            }
            other => panic!("unknown work {other}"),
        }
        page
    }

    fn answer_parts(&self, work: &Work, principals: &[String]) -> Result<Option<Page>, SourceError> {
        let app = work.subject.parse::<u32>().unwrap();
        let users = principals.iter().map(|principal| principal[1..].parse::<u32>().unwrap());
        let users = users.filter(|user| self.apps[&app].contains_key(user));
        let mut page = Page { grants: users.map(|user| self.holder(app, user)).collect(), ..Page::default() };
        match self.parts {
            Parts::True => {}
            Parts::Cannot => return Ok(None),
            Parts::Stranger => page.grants.push(self.holder(app, 1)),
            Parts::Object => page.resources.push(resource("user", "u0")),
            Parts::Gap => page.gaps.push(Gap {
                kind: GapKind::LeftOut,
                resource_type: "app".to_owned(),
                id: String::new(),
                message: "odd".to_owned(),
            }),
            Parts::Work => page.opens.push(Work::new("roles", "0")),
            Parts::Next => page.next = Some("3".to_owned()),
            Parts::Change => page.invalidations.clone_from(&self.log),
            Parts::Error => {
                let message = "the system is on fire".to_owned();
                return Err(SourceError { message, kind: SourceErrorKind::Unavailable });
            }
        }
        Ok(Some(page))
    }
}

pub fn part(app: u32, user: u32) -> Selector {
    Selector::Part { subject: app.to_string(), principal: format!("u{user}") }
}

fn resource(of: &str, id: &str) -> baton_proto::c1::connector::v2::Resource {
    build::resource(of, id, format!("{of} {id}"))
}

impl Live {
    async fn note(&self, what: String) {
        if let Some((after, token)) = &self.world.stop
            && self.fetched.lock().unwrap().len() >= *after
        {
            token.cancel();
            std::future::pending::<()>().await;
        }
        self.fetched.lock().unwrap().push(what.trim().to_owned());
    }
}

impl Source for Live {
    fn schema(&self) -> Schema {
        Schema {
            types: ["user", "group", "app"].map(|id| TypeSpec::new(resource_type(id))).to_vec(),
            kinds: KINDS,
            ..Schema::default()
        }
    }

    fn fingerprint(&self) -> String {
        "world".to_owned()
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

    fn initial_work(&self) -> Vec<Work> {
        ["users", "apps"].map(|kind| Work::new(kind, "")).to_vec()
    }

    fn change_token(&self) -> Option<String> {
        Some(self.live.world.log.len().to_string())
    }

    fn changes(&self, change_token: &str) -> Option<Work> {
        Some(Work::new("changes", "").with_detail(&change_token.parse::<usize>().unwrap()))
    }

    fn fetch<'a>(&'a self, work: &'a Work, cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, SourceError>> {
        async move {
            self.live.note(format!("{} {} {}", work.kind, work.subject, cursor.unwrap_or_default())).await;
            Ok(self.live.world.answer(work, cursor))
        }
        .boxed()
    }

    fn fetch_parts<'a>(
        &'a self,
        work: &'a Work,
        principals: &'a [String],
    ) -> BoxFuture<'a, Result<Option<Page>, SourceError>> {
        async move {
            self.live.note(format!("part of {} {}: {}", work.kind, work.subject, principals.join(" "))).await;
            self.live.world.answer_parts(work, principals)
        }
        .boxed()
    }
}
