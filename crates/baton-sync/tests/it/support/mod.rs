//! A made-up system to sync, and a look into the files that come out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use baton_connector::{
    Barrier, Gap, GapKind, GrantDraft, KindSpec, MissingPrincipal, Options, Page, Principal, ResourceBid, ResourceRef,
    Schema, Source, SourceError, SourceErrorKind, SyncSession, SystemId, TypeSpec, Work, WorkKind, build,
};
use baton_proto::c1::connector::v2::{EntitlementExclusionGroup, GrantExpandable, Resource, ResourceId, ResourceType};
use baton_sync::{Event, Observer, Silent, Summary, SyncConfig, SyncError};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// A system of users, groups and applications. Group `g` has the users whose number is divisible by `g + 1`; every
/// third group has every application.
pub struct MadeUp {
    pub users: usize,
    pub groups: usize,
    pub apps: usize,
    pub page_size: usize,
    /// Seed of the random delays of answers; 0 for none.
    pub delays: u64,
    /// The fetch that fails, by (kind, subject).
    pub fails: Option<(&'static str, &'static str)>,
    /// Cancels the token after so many fetches.
    pub stop: Option<(usize, CancellationToken)>,
    /// How often a cursor of the users' list is refused as forgotten.
    pub forgets: AtomicUsize,
    /// The users' list leads from its third page back to its second.
    pub circles: bool,
    /// Its users and groups must not get lost, and there is always a user.
    pub guarded: bool,
    pub drops_missing: bool,
    /// The second page of applications is refused.
    pub apps_refused: bool,
    /// Applications are synced only when they are named.
    pub apps_on_request: bool,
    /// Every group points to the user `u0`, in its name.
    pub groups_point: bool,
    /// Users that exist but are not listed.
    pub unlisted: Vec<usize>,
    /// It can be read without its entitlements and grants.
    pub resources_only: bool,
    /// A resource type whose resources cannot be read one by one.
    pub only_listed: Option<&'static str>,
    pub fingerprint: &'static str,
    /// The id of the system; it does not say if that is empty.
    pub system: &'static str,
    /// All groups' entitlements are the default of one exclusion group.
    pub exclusive: bool,
    /// Grants of the extra work `extra`, on top of the made-up ones.
    pub extra: Vec<GrantDraft>,
    pub fetches: Mutex<Vec<(WorkKind, String, String)>>,
    pub asked: AtomicUsize,
}

impl Default for MadeUp {
    fn default() -> Self {
        Self {
            users: 23,
            groups: 5,
            apps: 3,
            page_size: 4,
            delays: 0,
            fails: None,
            stop: None,
            forgets: AtomicUsize::new(0),
            circles: false,
            guarded: false,
            drops_missing: false,
            apps_refused: false,
            apps_on_request: false,
            groups_point: false,
            unlisted: Vec::new(),
            resources_only: false,
            only_listed: None,
            fingerprint: "made up",
            system: "",
            exclusive: false,
            extra: Vec::new(),
            fetches: Mutex::default(),
            asked: AtomicUsize::new(0),
        }
    }
}

const KINDS: &[KindSpec] = &[
    KindSpec { kind: "users", label: "users", queue: "people" },
    KindSpec { kind: "groups", label: "groups", queue: "rest" },
    KindSpec { kind: "apps", label: "applications", queue: "rest" },
    KindSpec { kind: "members", label: "members", queue: "rest" },
    KindSpec { kind: "edges-by-app", label: "groups of applications", queue: "rest" },
    KindSpec { kind: "edges-by-group", label: "applications of groups", queue: "rest" },
    KindSpec { kind: "extra", label: "extra grants", queue: "rest" },
    KindSpec { kind: "one-user", label: "single users", queue: "rest" },
    KindSpec { kind: "one-group", label: "single groups", queue: "rest" },
    KindSpec { kind: "one-app", label: "single applications", queue: "rest" },
];

const EDGES: Barrier = Barrier { name: "edges", after: &["groups", "apps"] };

impl MadeUp {
    pub fn fetched(&self) -> Vec<(WorkKind, String, String)> {
        self.fetches.lock().unwrap().clone()
    }

    fn members(&self, group: usize) -> Vec<usize> {
        (0..self.users).filter(|user| user % (group + 1) == 0).collect()
    }

    fn page<T: Clone>(&self, all: &[T], cursor: Option<&str>) -> (Vec<T>, Option<String>) {
        let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let to = (from + self.page_size).min(all.len());
        (all[from..to].to_vec(), (to < all.len()).then(|| to.to_string()))
    }

    fn answer(&self, work: &Work, cursor: Option<&str>) -> Page {
        let mut page = Page::default();
        match work.kind {
            "users" => {
                let listed: Vec<_> = (0..self.users).filter(|user| !self.unlisted.contains(user)).collect();
                let (users, next) = self.page(&listed, cursor);
                let third = (2 * self.page_size).to_string();
                page.next =
                    if self.circles && cursor == Some(&third) { Some(self.page_size.to_string()) } else { next };
                page.resources = users.iter().map(|user| resource("user", &format!("u{user}"))).collect();
                page.gaps = users.iter().filter(|user| **user == 7).map(|_| gap()).collect();
            }
            "groups" => {
                let (groups, next) = self.page(&(0..self.groups).collect::<Vec<_>>(), cursor);
                page.next = next;
                for group in groups {
                    let resource = resource("group", &format!("g{group}"));
                    let mut member = entitlement(&resource, "member");
                    if self.exclusive {
                        member.annotations.push(build::annotation(&EntitlementExclusionGroup {
                            exclusion_group_id: "one".to_owned(),
                            is_default: true,
                            ..EntitlementExclusionGroup::default()
                        }));
                    }
                    page.entitlements.push(member);
                    page.resources.push(resource);
                    // Opened twice on purpose: what two pages make known is done once.
                    page.opens.push(Work::new("members", group.to_string()));
                    page.opens.push(Work::new("members", group.to_string()));
                    if group % 3 == 0 {
                        page.opens.push(Work::new("edges-by-group", group.to_string()).blocked_on(EDGES.name));
                    }
                }
            }
            "apps" if self.apps_refused && cursor.is_some() => page.gaps.push(Gap {
                kind: GapKind::Forbidden,
                resource_type: "app".to_owned(),
                id: String::new(),
                message: "the credential may not see applications".to_owned(),
            }),
            "apps" => {
                let (apps, next) = self.page(&(0..self.apps).collect::<Vec<_>>(), cursor);
                page.next = next;
                for app in apps {
                    let resource = resource("app", &format!("a{app}"));
                    page.entitlements.push(entitlement(&resource, "access"));
                    page.resources.push(resource);
                    page.opens.push(Work::new("edges-by-app", app.to_string()).blocked_on(EDGES.name));
                }
            }
            "members" => {
                let group: usize = work.subject.parse().unwrap();
                let (members, next) = self.page(&self.members(group), cursor);
                page.next = next;
                let users: Vec<_> = members.iter().map(|user| ("user", format!("u{user}"))).collect();
                page.grants =
                    users.iter().map(|(kind, id)| grant(("group", &format!("g{group}"), "member"), kind, id)).collect();
            }
            "edges-by-app" | "edges-by-group" => {
                let number: usize = work.subject.parse().unwrap();
                let pairs: Vec<_> = if work.kind == "edges-by-app" {
                    (0..self.groups).filter(|group| group % 3 == 0).map(|group| (number, group)).collect()
                } else {
                    (0..self.apps).map(|app| (app, number)).collect()
                };
                let (pairs, next) = self.page(&pairs, cursor);
                page.next = next;
                page.grants = pairs
                    .iter()
                    .map(|(app, group)| grant(("app", &format!("a{app}"), "access"), "group", &format!("g{group}")))
                    .collect();
            }
            "extra" => page.grants.clone_from(&self.extra),
            "one-user" | "one-group" | "one-app" => self.one(work, &mut page),
            other => panic!("unknown work {other}"),
        }
        page
    }
}

impl MadeUp {
    /// A single resource: `u3`, `g3` or `a3`, with an entitlement and the work for its grants if the detail says so. A
    /// group also has applications, which are resources of another type.
    fn one(&self, work: &Work, page: &mut Page) {
        let parts: Vec<String> = work.detail.get().unwrap();
        let has = |part: &str| parts.iter().any(|has| has == part);
        let id = work.subject.as_str();
        let number: usize = id[1..].parse().unwrap();
        let of = work.kind.trim_start_matches("one-");
        let known = match of {
            "user" => number < self.users && !self.unlisted.contains(&number),
            "group" => number < self.groups,
            _ => number < self.apps,
        };
        if !known {
            let (resource_type, id) = (of.to_owned(), id.to_owned());
            page.gaps.push(Gap { kind: GapKind::Gone, resource_type, id, message: "is not there".to_owned() });
            return;
        }
        let resource = resource(of, id);
        let slug = if of == "group" { "member" } else { "access" };
        if of != "user" && has("entitlements") {
            page.entitlements.push(entitlement(&resource, slug));
        }
        page.resources.push(resource);
        if has("grants") {
            let kinds: &[_] = match of {
                "user" => &[],
                "group" if number.is_multiple_of(3) => &["members", "edges-by-group"],
                "group" => &["members"],
                _ => &["edges-by-app"],
            };
            page.opens = kinds.iter().map(|kind| Work::new(kind, number.to_string())).collect();
        }
    }
}

impl Source for MadeUp {
    fn schema(&self) -> Schema {
        let spec = |id: &str| TypeSpec {
            opt_in: id == "app" && self.apps_on_request,
            guarded: id != "app" && self.guarded,
            never_empty: (id == "user" && self.guarded).then_some("somebody made this up"),
            references_others: id == "group" && self.groups_point,
            missing_principal: if self.drops_missing { MissingPrincipal::Drop } else { MissingPrincipal::Keep },
            ..TypeSpec::new(resource_type(id))
        };
        Schema {
            types: ["user", "group", "app"].map(spec).to_vec(),
            kinds: KINDS,
            barriers: &[EDGES],
            ..Schema::default()
        }
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.to_owned()
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async { Ok(()) }.boxed()
    }

    fn open(self: Arc<Self>, options: &Options) -> Arc<dyn SyncSession> {
        Arc::new(Session { schema: self.schema(), options: options.clone(), source: self })
    }
}

/// A sync of the made-up system.
struct Session {
    source: Arc<MadeUp>,
    schema: Schema,
    options: Options,
}

impl SyncSession for Session {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async { Ok(()) }.boxed()
    }

    fn system(&self) -> Option<SystemId> {
        system(self.source.system)
    }

    fn initial_work(&self) -> Vec<Work> {
        let Self { source, options, .. } = self;
        let mut works: Vec<_> = ["users", "groups", "apps"].map(|kind| Work::new(kind, "")).to_vec();
        if !source.extra.is_empty() {
            works.push(Work::new("extra", ""));
        }
        assert!(!options.skip_entitlements_and_grants || source.resources_only, "the made-up system has no such mode");
        works.retain(|work| !options.skip_entitlements_and_grants || work.kind == "users");
        works
    }

    fn work_for_resource(&self, resource: &ResourceBid) -> Option<Work> {
        let options = &self.options;
        let ResourceRef { resource_type, id } = &resource.resource;
        let kind = match resource_type.as_str() {
            only_listed if self.source.only_listed == Some(only_listed) => return None,
            "user" => "one-user",
            "group" => "one-group",
            "app" => "one-app",
            other => panic!("unknown type {other}"),
        };
        let mut detail: Vec<&str> = Vec::new();
        if !options.skip_entitlements_and_grants {
            detail.push("entitlements");
            if options.targets(&resource.resource) && !options.skip_grants {
                detail.push("grants");
            }
        }
        Some(Work::new(kind, id.as_str()).with_detail(&detail))
    }

    fn fetch<'a>(&'a self, work: &'a Work, cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, SourceError>> {
        let source = &self.source;
        async move {
            let asked = source.asked.fetch_add(1, Ordering::SeqCst) + 1;
            if source.delays != 0 {
                let noise = (source.delays.wrapping_mul(asked as u64 * 2_654_435_761) >> 7) % 9;
                tokio::time::sleep(Duration::from_millis(noise)).await;
            }
            if let Some((after, token)) = &source.stop
                && asked > *after
            {
                token.cancel();
                std::future::pending::<()>().await;
            }
            if source.fails == Some((work.kind, &work.subject)) {
                let message = format!("{} {}: the system is on fire", work.kind, work.subject);
                return Err(SourceError { message, kind: SourceErrorKind::Unavailable });
            }
            let forgets = work.kind == "users" && cursor.is_some();
            if forgets
                && source.forgets.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
            {
                let message = "no such cursor".to_owned();
                return Err(SourceError { message, kind: SourceErrorKind::StaleCursor });
            }
            let seen = (work.kind, work.subject.clone(), cursor.unwrap_or_default().to_owned());
            source.fetches.lock().unwrap().push(seen);
            Ok(source.answer(work, cursor))
        }
        .boxed()
    }

    fn choose(&self, barrier: &'static str, blocked: &BTreeMap<WorkKind, u64>) -> Vec<WorkKind> {
        assert_eq!(barrier, EDGES.name);
        blocked.iter().min_by_key(|(kind, count)| (**count, **kind)).map(|(kind, _)| *kind).into_iter().collect()
    }

    fn strip_dangling(&self, resource: &mut Resource, is_there: &dyn Fn(&ResourceId) -> bool) -> Vec<Gap> {
        if is_there(&build::resource_id("user", "u0")) {
            return Vec::new();
        }
        resource.display_name.push_str(" without u0");
        vec![Gap { kind: GapKind::LeftOut, resource_type: "group".to_owned(), ..gap() }]
    }
}

/// The system of that id; `None` if it is empty.
pub fn system(id: &str) -> Option<SystemId> {
    (!id.is_empty()).then(|| SystemId { id: id.to_owned(), host: format!("{id}.example.com") })
}

pub fn resource_type(id: &str) -> ResourceType {
    ResourceType { id: id.to_owned(), display_name: id.to_uppercase(), ..ResourceType::default() }
}

fn resource(resource_type: &str, id: &str) -> baton_proto::c1::connector::v2::Resource {
    build::resource(resource_type, id, format!("The {resource_type} {id}"))
}

fn entitlement(
    resource: &baton_proto::c1::connector::v2::Resource,
    slug: &str,
) -> baton_proto::c1::connector::v2::Entitlement {
    build::assignment(resource, slug, slug.to_uppercase(), String::new(), Vec::new(), format!("v1:{slug}"))
}

fn gap() -> Gap {
    Gap {
        kind: GapKind::Unmappable,
        resource_type: "user".to_owned(),
        id: "u7".to_owned(),
        message: "has no name".to_owned(),
    }
}

/// A grant of `(type, id, slug)` to a principal.
pub fn grant(
    (resource_type, id, slug): (&str, &str, &str),
    principal_type: &'static str,
    principal: &str,
) -> GrantDraft {
    let entitlement = Arc::new(build::entitlement_ref(resource_type, id, slug));
    let prefix: Arc<str> = Arc::from(format!("grant:{id}:"));
    GrantDraft::new(&entitlement, &prefix, Principal { resource_type: principal_type, id: principal.to_owned() })
}

/// The same, expandable over `sources`.
pub fn expandable(mut grant: GrantDraft, sources: &[&str], shallow: bool, types: &[&str]) -> GrantDraft {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    grant.expandable =
        Some(GrantExpandable { entitlement_ids: owned(sources), shallow, resource_type_ids: owned(types) });
    grant
}

/// Runs a sync.
pub async fn sync(source: &Arc<MadeUp>, target: &Path) -> Result<Summary, SyncError> {
    sync_with(source, SyncConfig::new(target)).await
}

/// Runs a sync with a configuration.
pub async fn sync_with(source: &Arc<MadeUp>, config: SyncConfig) -> Result<Summary, SyncError> {
    let cancel = source.stop.as_ref().map_or_else(CancellationToken::new, |(_, token)| token.clone());
    baton_sync::run(Arc::clone(source) as Arc<dyn Source>, config, Arc::new(Silent), cancel).await
}

/// Records what is reported to the operator.
#[derive(Default)]
pub struct Notes(pub Mutex<Vec<String>>);

impl Observer for Notes {
    fn event(&self, event: &Event) {
        if let Event::Note(note) = event {
            self.0.lock().unwrap().push(note.clone());
        }
    }
}

/// That the newest sync of a file holds the same as that of another, in whatever order.
pub fn assert_same(file: &Path, whole: &Path) {
    let sorted = |file: &Path| {
        let mut tables = contents(file);
        tables.values_mut().for_each(|rows| rows.sort());
        tables
    };
    let (taken, whole) = (sorted(file), sorted(whole));
    for (table, rows) in &whole {
        let lost: Vec<_> =
            rows.iter().filter(|row| !taken[table].contains(row)).map(|row| &row[..5.min(row.len())]).collect();
        let stale: Vec<_> =
            taken[table].iter().filter(|row| !rows.contains(row)).map(|row| &row[..5.min(row.len())]).collect();
        assert!(lost.is_empty() && stale.is_empty(), "{table}: lost {lost:?}, stale {stale:?}");
    }
    assert!(taken == whole);
}

/// Everything in the newest sync of a file that does not depend on when it was made, table by table in stored order.
pub fn contents(file: &Path) -> BTreeMap<&'static str, Vec<Vec<String>>> {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("db");
    baton_c1z::envelope::decode(file, &db, &baton_c1z::envelope::Limits::default()).unwrap();
    let connection = rusqlite::Connection::open(&db).unwrap();
    let sync: String = connection
        .query_row("SELECT sync_id FROM v1_sync_runs ORDER BY id DESC LIMIT 1", [], |row| row.get(0))
        .unwrap();
    [
        ("v1_resource_types", "external_id, hex(data)"),
        ("v1_resources", "resource_type_id, external_id, hex(data)"),
        ("v1_entitlements", "resource_type_id, resource_id, external_id, hex(data)"),
        (
            "v1_grants",
            "resource_type_id, resource_id, entitlement_id, principal_resource_type_id, principal_resource_id,
             external_id, hex(data), coalesce(hex(expansion), ''), needs_expansion",
        ),
    ]
    .into_iter()
    .map(|(table, columns)| {
        let sql = format!("SELECT {columns} FROM {table} WHERE sync_id = ? ORDER BY id");
        let mut statement = connection.prepare(&sql).unwrap();
        let width = statement.column_count();
        let rows = statement.query_map([&sync], |row| {
            (0..width)
                .map(|column| {
                    Ok(match row.get::<_, rusqlite::types::Value>(column)? {
                        rusqlite::types::Value::Integer(number) => number.to_string(),
                        rusqlite::types::Value::Text(text) => text,
                        other => panic!("unexpected {other:?}"),
                    })
                })
                .collect()
        });
        (table, rows.unwrap().collect::<Result<Vec<Vec<String>>, _>>().unwrap())
    })
    .collect()
}

/// What the newest sync of a file has noted of what it has read and what it has reused.
pub fn noted(file: &Path) -> Option<serde_json::Value> {
    let reader = baton_c1z::Reader::open(file).unwrap();
    let sync = reader.current().unwrap().sync_id;
    reader.incremental(&sync).unwrap().map(|noted| serde_json::from_str(&noted).unwrap())
}

/// Ids of the grants in the newest sync, in stored order.
pub fn grant_ids(file: &Path) -> Vec<String> {
    contents(file)["v1_grants"].iter().map(|row| row[5].clone()).collect()
}
