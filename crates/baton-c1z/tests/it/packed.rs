//! Databases so large that they are packed while they are written.

use std::path::Path;

use baton_c1z::envelope::{self, Limits};
use baton_c1z::{Builder, GrantFilter, GrantRow, Reader, SyncType};
use baton_proto::Message;

use crate::support::{self, ended_at, grant, grants, new_sync, resource, temp};

const USERS: usize = 6000;

/// Begins a sync with users in three groups: some four megabytes.
fn begin_large(db: &Path) -> Builder {
    let mut builder = Builder::create(db).unwrap();
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    for user in 0..USERS {
        builder.put_resource(&resource("user", &format!("u{user}"), "somebody")).unwrap();
    }
    for group in ["g1", "g2", "g3"] {
        for user in 0..USERS {
            put(&mut builder, group, &format!("u{user}"));
        }
    }
    builder
}

fn put(builder: &mut Builder, group: &str, user: &str) {
    builder.put_whole_grant(&grant(group, user)).unwrap();
}

fn end(builder: &mut Builder) {
    builder.end_sync(ended_at(), "{}").unwrap();
}

/// The database in a file, after SQLite has looked at every page of it.
fn checked(file: &Path, dir: &Path) -> Reader {
    let db = dir.join("checked.db");
    envelope::decode(file, &db, &Limits::default()).unwrap();
    let connection = rusqlite::Connection::open(&db).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    Reader::open_db(&db).unwrap()
}

#[test]
fn the_file_is_that_of_the_whole_database() {
    let (dir, db, file) = temp();
    let mut builder = begin_large(&db);
    end(&mut builder);
    builder.seal(&file).unwrap();
    let mut builder = begin_large(&db);
    end(&mut builder);
    builder.finish().unwrap();
    let other = dir.path().join("other.c1z");
    envelope::seal(&db, &other).unwrap();
    assert!(std::fs::read(&file).unwrap() == std::fs::read(&other).unwrap());
    assert_eq!(grants(&checked(&file, dir.path()), "s1", GrantFilter::default()).len(), 3 * USERS);
}

#[cfg(unix)]
#[test]
fn what_is_packed_takes_no_room_in_the_database() {
    use std::os::unix::fs::MetadataExt;

    let (_dir, db, _file) = temp();
    let mut builder = begin_large(&db);
    builder.build_indexes().unwrap();
    end(&mut builder);
    let packed = std::fs::metadata(&db).unwrap();
    assert!(packed.blocks() * 512 < packed.len() / 2, "{} of {} bytes", packed.blocks() * 512, packed.len());
    builder.connection().unwrap();
    let unpacked = std::fs::metadata(&db).unwrap();
    assert!(unpacked.blocks() * 512 >= packed.len() / 2, "{} of {} bytes", unpacked.blocks() * 512, packed.len());
}

#[test]
fn what_comes_late_finds_what_is_packed() {
    let (dir, db, file) = temp();
    let mut builder = begin_large(&db);
    builder.build_indexes().unwrap();
    let mut changed = grant("g2", "u77");
    changed.annotations.clear();
    builder
        .upsert_grant(&GrantRow {
            id: &changed.id,
            entitlement_id: "group:g2:member",
            resource_type: "group",
            resource_id: "g2",
            principal_type: "user",
            principal_id: "u77",
            data: &changed.encode_to_vec(),
            expansion: None,
        })
        .unwrap();
    builder.put_resource(&resource("user", "late", "somebody else")).unwrap();
    builder.put_resource(&resource("user", "u5", "somebody new")).unwrap();
    builder.put_entitlement(&support::entitlement("group", "g1")).unwrap();
    put(&mut builder, "g1", "late");
    end(&mut builder);
    builder.seal(&file).unwrap();
    let reader = checked(&file, dir.path());
    assert_eq!(reader.stats("s1").unwrap().resources, USERS as i64 + 1);
    assert_eq!(reader.resource("s1", "user", "u5").unwrap(), Some(resource("user", "u5", "somebody new")));
    assert_eq!(reader.grant("s1", &changed.id).unwrap(), Some(changed));
    assert_eq!(grants(&reader, "s1", GrantFilter::default()).len(), 3 * USERS + 1);
}

#[test]
fn twins_among_what_is_packed_are_merged() {
    let (dir, db, file) = temp();
    let mut builder = begin_large(&db);
    put(&mut builder, "g1", "u3");
    assert_eq!(builder.build_indexes().unwrap().grants, 1);
    end(&mut builder);
    builder.seal(&file).unwrap();
    let reader = checked(&file, dir.path());
    assert_eq!(grants(&reader, "s1", GrantFilter::default()).len(), 3 * USERS);
    assert_eq!(reader.stats("s1").unwrap().grants, 3 * USERS as i64);
}

#[test]
fn expansions_are_known_without_a_look_at_what_is_packed() {
    let (_dir, db, _file) = temp();
    let mut builder = begin_large(&db);
    builder.build_indexes().unwrap();
    assert!(!builder.has_expansions().unwrap());
    drop(builder);
    let mut builder = begin_large(&db);
    let expandable = baton_proto::c1::connector::v2::GrantExpandable {
        entitlement_ids: vec!["group:g1:member".to_owned()],
        ..Default::default()
    };
    let mut edge = grant("g2", "g1");
    edge.annotations.push(baton_proto::any::pack(&expandable));
    builder.put_whole_grant(&edge).unwrap();
    builder.build_indexes().unwrap();
    assert!(builder.has_expansions().unwrap());
    // Counted when nothing has been noted of a part of the grants.
    builder.put_resource(&resource("user", "u5", "again")).unwrap();
    builder.build_indexes().unwrap();
    assert!(builder.has_expansions().unwrap());
}
