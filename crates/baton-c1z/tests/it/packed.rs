//! Databases so large that they are packed while they are written, and of which only parts are unpacked.

use std::path::Path;
use std::sync::Arc;

use baton_c1z::envelope::{self, Limits};
use baton_c1z::{Builder, Error, GrantFilter, GrantRow, PreviousFile, Reader, SyncType};
use baton_proto::Message;

use crate::support::{self, ended_at, grant, grants, new_sync, resource, temp};

const USERS: usize = 6000;

/// Begins a sync with users in three groups: some four megabytes.
fn begin_large(db: &Path) -> Builder {
    let mut builder = Builder::create(db).unwrap();
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    builder.put_resource_type(&support::resource_type("user")).unwrap();
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

/// A large file, and the same opened to be replaced.
fn older(db: &Path, file: &Path, dir: &Path) -> PreviousFile {
    let mut builder = begin_large(db);
    end(&mut builder);
    builder.seal(file).unwrap();
    PreviousFile::open(file, &dir.join("older.db"), &Limits::default()).unwrap()
}

#[cfg(unix)]
fn takes_less_than_half(db: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let db = std::fs::metadata(db).unwrap();
    db.blocks() * 512 < db.len() / 2
}

#[cfg(unix)]
#[test]
fn an_older_file_comes_over_without_being_unpacked() {
    let (dir, db, file) = temp();
    let older = Arc::new(older(&db, &file, dir.path()));
    let whole = Reader::open(&file).unwrap();
    assert_eq!(older.syncs().unwrap(), whole.syncs().unwrap());
    assert_eq!(older.latest_finished(None).unwrap(), whole.latest_finished(None).unwrap());
    assert_eq!(older.stats("s1").unwrap(), whole.stats("s1").unwrap());
    let mut builder = Builder::create(&db).unwrap();
    builder.carry_over(Arc::clone(&older), &["s1".to_owned()]).unwrap();
    builder.begin_sync(&new_sync("s2", SyncType::Full)).unwrap();
    support::put_org(&mut builder);
    end(&mut builder);
    let new = dir.path().join("new.c1z");
    builder.seal(&new).unwrap();
    assert!(takes_less_than_half(older.db()));
    let new = checked(&new, dir.path());
    assert_eq!(grants(&new, "s1", GrantFilter::default()), grants(&whole, "s1", GrantFilter::default()));
    assert_eq!(new.stats("s1").unwrap(), whole.stats("s1").unwrap());
    assert_eq!(grants(&new, "s2", GrantFilter::default()).len(), 3);

    let reader = older.reader().unwrap();
    assert_eq!(reader.resource("s1", "user", "u5999").unwrap(), whole.resource("s1", "user", "u5999").unwrap());
    assert!(!takes_less_than_half(older.db()));
}

#[test]
fn an_older_file_that_is_not_up_to_date_is_unpacked() {
    let (dir, db, file) = temp();
    let mut builder = begin_large(&db);
    end(&mut builder);
    builder.finish().unwrap();
    let connection = rusqlite::Connection::open(&db).unwrap();
    connection.execute_batch("UPDATE v1_sync_runs SET stats = NULL; DROP INDEX idx_grants_principal_id_v1").unwrap();
    drop(connection);
    envelope::seal(&db, &file).unwrap();
    let older = PreviousFile::open(&file, &dir.path().join("older.db"), &Limits::default()).unwrap();
    assert_eq!(older.stats("s1").unwrap().grants, 3 * USERS as i64);
    let principal = GrantFilter { principal: Some(("user", "u5")), ..GrantFilter::default() };
    assert_eq!(grants(&older.reader().unwrap(), "s1", principal).len(), 3);
}

#[test]
fn skippable_frames_among_those_of_an_older_file_do_no_harm() {
    let (dir, db, file) = temp();
    drop(older(&db, &file, dir.path()));
    let bytes = std::fs::read(&file).unwrap();
    // Behind the mark and the first frame.
    let first = 5 + zstd::zstd_safe::find_frame_compressed_size(&bytes[5..]).unwrap();
    let skippable: &[u8] = b"\x50\x2A\x4D\x18\x03\x00\x00\x00abc";
    std::fs::write(&file, [&bytes[..first], skippable, &bytes[first..], skippable].concat()).unwrap();
    let older = PreviousFile::open(&file, &dir.path().join("older.db"), &Limits::default()).unwrap();
    older.verify().unwrap();
    let mut builder = Builder::create(&db).unwrap();
    builder.carry_over(Arc::new(older), &["s1".to_owned()]).unwrap();
    let new = dir.path().join("new.c1z");
    builder.seal(&new).unwrap();
    assert_eq!(grants(&checked(&new, dir.path()), "s1", GrantFilter::default()).len(), 3 * USERS);
}

#[test]
fn damage_in_an_older_file_is_told_when_it_is_met() {
    let (dir, db, file) = temp();
    drop(older(&db, &file, dir.path()));
    let mut bytes = std::fs::read(&file).unwrap();
    let cut = dir.path().join("cut.c1z");
    std::fs::write(&cut, &bytes[..bytes.len() - 7]).unwrap();
    let open = |file: &Path| PreviousFile::open(file, &dir.path().join("older.db"), &Limits::default());
    assert!(matches!(open(&cut), Err(Error::CutOff { .. })));
    let small = Limits { max_decoded_bytes: 1 << 20, ..Limits::default() };
    assert!(matches!(PreviousFile::open(&file, &dir.path().join("older.db"), &small), Err(Error::TooLarge { .. })));
    let mut told = 0;
    for at in (0..bytes.len()).skip(bytes.len() / 12).step_by(bytes.len() / 12) {
        bytes[at] ^= 0x10;
        std::fs::write(&file, &bytes).unwrap();
        bytes[at] ^= 0x10;
        let error = open(&file).and_then(|older| older.reader().map(drop)).unwrap_err();
        assert!(matches!(&error, Error::Damaged { path, .. } if *path == file), "{error}");
        // Rows that are copied come over or not at all; indexes are made anew.
        let mut builder = Builder::create(&db).unwrap();
        let came_over = open(&file).and_then(|older| {
            builder.carry_over(Arc::new(older), &["s1".to_owned()])?;
            builder.build_indexes().map(drop)
        });
        match came_over {
            Ok(()) => builder.finish().unwrap(),
            Err(Error::Damaged { path, .. }) if path == file => {
                told += 1;
                continue;
            }
            Err(error) => panic!("{error}"),
        }
        let reader = Reader::open_db(&db).unwrap();
        assert_eq!(grants(&reader, "s1", GrantFilter::default()).len(), 3 * USERS);
    }
    assert!(told > 2, "{told}");
}
