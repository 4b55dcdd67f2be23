//! What it costs to write the file of a large org: 100,000 users, 5,000 groups, 500 apps, 1.4 million grants.
//!
//! `cargo bench -p baton-c1z --bench write` prints, for each step, the CPU time of the process and its peak memory so
//! far, and the sizes of the database and of the file at two compression levels. Linux only: the numbers come from
//! `/proc`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use baton_c1z::{Builder, GrantRow, NewSync, PreviousFile, SyncType, envelope};
use baton_proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceId, ResourceType, V1Identifier};
use baton_proto::{Message, any};

const USERS: u64 = 100_000;
const GROUPS: u64 = 5_000;
const APPS: u64 = 500;
const MEMBERS: u64 = 180;
const APP_USERS: u64 = 1_000;

fn main() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (db, file) = (dir.path().join("build.db"), dir.path().join("sync.c1z"));
    let mut clock = Clock::start();
    println!("{:<38} {:>9} {:>13}", "step", "CPU", "peak memory");

    let mut bytes = 0;
    let mut rows = 0;
    for_each_grant(|row| {
        rows += 1;
        bytes += row.data.len();
    });
    clock.lap(&format!("making {rows} grants, {} MB of blobs", bytes / 1_000_000));

    let mut builder = Builder::create(&db).unwrap();
    let started_at = jiff::Timestamp::now();
    let sync =
        NewSync { sync_id: "3MVdDHW4351Z9BXvKZOv4qSxtlW", sync_type: SyncType::Full, started_at, parent_sync_id: "" };
    builder.begin_sync(&sync).unwrap();
    put_objects(&mut builder);
    clock.lap("inserting resources and entitlements");
    for_each_grant(|row| builder.put_grant(row).unwrap());
    clock.lap("making and inserting the grants");
    builder.build_indexes().unwrap();
    clock.lap("building indexes");
    let stats = builder.end_sync(jiff::Timestamp::now(), "{}").unwrap();
    assert_eq!(stats.grants, rows);
    clock.lap("counting");
    builder.finish().unwrap();
    clock.lap("committing");
    println!("database: {} MB", size(&db) / 1_000_000);
    let bytes = envelope::seal(&db, &file).unwrap().bytes;
    clock.lap(&format!("sealing: {} kB", bytes / 1000));

    let old = dir.path().join("old.db");
    fs::rename(&db, &old).unwrap();
    let mut builder = Builder::create(&db).unwrap();
    builder.carry_over(Arc::new(PreviousFile::from_db(&old).unwrap()), &[sync.sync_id.to_owned()]).unwrap();
    clock.lap("carrying all of it over to another file");
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

fn user(number: u64) -> String {
    format!("00u{:017x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

fn resource(resource_type: &str, id: &str) -> Resource {
    let id = ResourceId { resource_type: resource_type.to_owned(), resource: id.to_owned(), ..ResourceId::default() };
    Resource { id: Some(id), ..Resource::default() }
}

/// The holders: type, number of objects, letters of their ids, slug, how many users each has.
const HOLDERS: [(&str, u64, &str, &str, u64); 2] =
    [("group", GROUPS, "00g", "member", MEMBERS), ("app", APPS, "0oa", "access", APP_USERS)];

fn put_objects(builder: &mut Builder) {
    for id in ["user", "group", "app"] {
        builder.put_resource_type(&ResourceType { id: id.to_owned(), ..ResourceType::default() }).unwrap();
    }
    for number in 0..USERS {
        let mut user = resource("user", &user(number));
        user.display_name = format!("User {number}");
        builder.put_resource(&user).unwrap();
    }
    for (resource_type, objects, letters, slug, _) in HOLDERS {
        for number in 0..objects {
            let resource = resource(resource_type, &format!("{letters}{number:017x}"));
            builder.put_resource(&resource).unwrap();
            let id = format!("{resource_type}:{letters}{number:017x}:{slug}");
            let entitlement = Entitlement { id, resource: Some(resource), ..Entitlement::default() };
            builder.put_entitlement(&entitlement).unwrap();
        }
    }
}

/// Makes the grants, each with its blob, one after the other.
fn for_each_grant(mut each: impl FnMut(&GrantRow<'_>)) {
    let mut next = 0_u64;
    let mut data = Vec::new();
    for (resource_type, objects, letters, slug, held_by) in HOLDERS {
        for number in 0..objects {
            let resource_id = format!("{letters}{number:017x}");
            let entitlement_id = format!("{resource_type}:{resource_id}:{slug}");
            for _ in 0..held_by {
                // Steps through all users before it meets one again.
                next = (next + 61_803) % USERS;
                let principal_id = user(next);
                let entitlement = Entitlement {
                    id: entitlement_id.clone(),
                    resource: Some(resource(resource_type, &resource_id)),
                    ..Entitlement::default()
                };
                let grant = Grant {
                    id: format!("{entitlement_id}:user:{principal_id}"),
                    entitlement: Some(entitlement),
                    principal: Some(resource("user", &principal_id)),
                    annotations: vec![any::pack(&V1Identifier {
                        id: format!("grant:membership:{resource_id}:{principal_id}"),
                    })],
                    ..Grant::default()
                };
                data.clear();
                grant.encode(&mut data).unwrap();
                each(&GrantRow {
                    id: &grant.id,
                    entitlement_id: &entitlement_id,
                    resource_type,
                    resource_id: &resource_id,
                    principal_type: "user",
                    principal_id: &principal_id,
                    data: &data,
                    expansion: None,
                });
            }
        }
    }
}

/// CPU time between two steps.
struct Clock {
    last: f64,
}

impl Clock {
    fn start() -> Self {
        Self { last: cpu_seconds() }
    }

    fn lap(&mut self, step: &str) {
        let now = cpu_seconds();
        println!("{step:<38} {:>7.2} s {:>9.1} MiB", now - self.last, peak_mebibytes());
        self.last = now;
    }
}

/// User and system time of this process; `/proc` counts in hundredths.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: f64 = after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    ticks / 100.0
}

fn peak_mebibytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
