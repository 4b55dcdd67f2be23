//! What the engine itself costs: a made-up system that answers at once, 100,000 users and 1.4 million grants.
//!
//! ```text
//! cargo bench -p baton-sync --bench engine
//! ```
//!
//! prints the time of each step of sealing, and CPU time and peak memory of the whole process (Linux only).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

use std::sync::{Arc, Mutex};
use std::time::Instant;

use baton_connector::{
    GrantDraft, KindSpec, Options, Page, Principal, Schema, Source, SourceError, SyncSession, TypeSpec, Work, build,
};
use baton_proto::c1::connector::v2::ResourceType;
use baton_sync::{Event, Observer, SyncConfig};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

const USERS: usize = 100_000;
const GROUPS: usize = 5_000;
const GRANTS: usize = 1_400_000;
const PER_GROUP: usize = GRANTS / GROUPS;

struct MadeUp;

impl Source for MadeUp {
    fn schema(&self) -> Schema {
        let of = |id: &str| TypeSpec::new(ResourceType { id: id.to_owned(), ..ResourceType::default() });
        Schema {
            types: ["user", "group"].map(of).to_vec(),
            kinds: &[
                KindSpec { kind: "users", label: "users", queue: "users" },
                KindSpec { kind: "groups", label: "groups", queue: "groups" },
                KindSpec { kind: "members", label: "members", queue: "members" },
            ],
            ..Schema::default()
        }
    }

    fn fingerprint(&self) -> String {
        String::new()
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async { Ok(()) }.boxed()
    }

    fn open(self: Arc<Self>, _options: &Options) -> Arc<dyn SyncSession> {
        Arc::new(Session(self.schema()))
    }
}

struct Session(Schema);

impl SyncSession for Session {
    fn schema(&self) -> &Schema {
        &self.0
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async { Ok(()) }.boxed()
    }

    fn initial_work(&self) -> Vec<Work> {
        let members = (0..GROUPS).map(|group| Work::new("members", group.to_string()));
        std::iter::once(Work::new("users", "")).chain(std::iter::once(Work::new("groups", ""))).chain(members).collect()
    }

    fn fetch<'a>(&'a self, work: &'a Work, cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, SourceError>> {
        let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let mut page = Page::default();
        let until = |size: usize, all: usize| (from + size).min(all);
        match work.kind {
            "users" => {
                let to = until(200, USERS);
                page.resources.extend((from..to).map(|user| {
                    let mut resource = build::resource("user", &id("00u", user), format!("Some Body {user}"));
                    // About as much as a user's profile and trait take.
                    resource.description = "x".repeat(900);
                    resource
                }));
                page.next = (to < USERS).then(|| to.to_string());
            }
            "groups" => {
                let to = until(200, GROUPS);
                for group in from..to {
                    let resource = build::resource("group", &id("00g", group), format!("Group {group}"));
                    let name = resource.display_name.clone();
                    page.entitlements.push(build::assignment(
                        &resource,
                        "member",
                        name,
                        String::new(),
                        vec![],
                        String::new(),
                    ));
                    page.resources.push(resource);
                }
                page.next = (to < GROUPS).then(|| to.to_string());
            }
            _ => {
                let group: usize = work.subject.parse().unwrap();
                let entitlement = Arc::new(build::entitlement_ref("group", &id("00g", group), "member"));
                let prefix: Arc<str> = Arc::from(format!("grant:membership:{}:", id("00g", group)));
                page.grants.extend((0..PER_GROUP).map(|member| {
                    let user = (group * 7919 + member * 104_729) % USERS;
                    GrantDraft::new(&entitlement, &prefix, Principal { resource_type: "user", id: id("00u", user) })
                }));
            }
        }
        async { Ok(page) }.boxed()
    }
}

fn id(prefix: &str, number: usize) -> String {
    format!("{prefix}{number:017}")
}

struct Steps(Mutex<(Instant, String)>);

impl Observer for Steps {
    fn event(&self, event: &Event) {
        if let Event::Sealing { step } = event {
            let mut last = self.0.lock().unwrap();
            let name = std::mem::replace(&mut last.1, (*step).to_owned());
            println!("{:>8.2} s  {name}", last.0.elapsed().as_secs_f64());
            last.0 = Instant::now();
        }
    }
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let steps = Arc::new(Steps(Mutex::new((Instant::now(), "fetching and committing".to_owned()))));
    let watching = Arc::clone(&steps) as Arc<dyn Observer>;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let run = baton_sync::run(Arc::new(MadeUp), SyncConfig::new(&target), watching, CancellationToken::new());
    let summary = runtime.block_on(run).unwrap();
    let last = steps.0.lock().unwrap();
    println!("{:>8.2} s  {}", last.0.elapsed().as_secs_f64(), last.1);
    let grants: u64 = summary.types.iter().map(|count| count.grants).sum();
    println!("{grants} grants, {} bytes, {:.2} s wall", summary.file_bytes, summary.elapsed.as_secs_f64());
    if let Some((cpu, peak)) = cost() {
        println!("{cpu:.2} s CPU, {peak} KiB peak memory");
    }
}

/// CPU seconds and peak resident KiB of this process.
fn cost() -> Option<(f64, u64)> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<_> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().ok()? + fields[12].parse::<f64>().ok()?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some((ticks / 100.0, peak.trim().trim_end_matches(" kB").parse().ok()?))
}
