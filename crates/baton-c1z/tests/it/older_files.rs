//! Files of older and smaller writers, and carrying their syncs over into new files.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use baton_c1z::{Builder, Error, GrantFilter, PreviousFile, Reader, ResourceFilter, SyncType, envelope, time};
use baton_proto::c1::connector::v2::GrantExpandable;
use baton_proto::{Message, any};

use crate::support::{
    ended_at, file_of_sql, grant, grant_ids, grants, new_sync, put_org, resource, resource_type, temp,
};

/// The least that `v1_sync_runs` must have.
const RUNS: &str = "CREATE TABLE v1_sync_runs (id integer primary key, sync_id text not null,
    started_at datetime not null, ended_at datetime, sync_token text not null);";
const TYPES: &str = "CREATE TABLE v1_resource_types (id integer primary key, external_id text not null,
    data blob not null, sync_id text not null, discovered_at datetime not null);";
const RESOURCES: &str = "CREATE TABLE v1_resources (id integer primary key, resource_type_id text not null,
    external_id text not null, parent_resource_type_id text, parent_resource_id text, data blob not null,
    sync_id text not null, discovered_at datetime not null);";
const GRANTS: &str = "CREATE TABLE v1_grants (id integer primary key, resource_type_id text not null,
    resource_id text not null, entitlement_id text not null, principal_resource_type_id text not null,
    principal_resource_id text not null, external_id text not null, data blob not null, sync_id text not null,
    discovered_at datetime not null);";
const NOW: &str = "2026-11-23 12:33:16.2776356";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn run(sync: &str, ended: bool) -> String {
    let ended = if ended { format!("'{NOW}'") } else { "NULL".to_owned() };
    format!(
        "INSERT INTO v1_sync_runs (sync_id, started_at, ended_at, sync_token) VALUES ('{sync}', '{NOW}', {ended}, '');"
    )
}

fn user_rows(sync: &str) -> String {
    format!(
        "INSERT INTO v1_resource_types (external_id, data, sync_id, discovered_at)
             VALUES ('user', x'{}', '{sync}', '{NOW}');
         INSERT INTO v1_resources (resource_type_id, external_id, data, sync_id, discovered_at)
             VALUES ('user', 'user:u1', x'{}', '{sync}', '{NOW}');",
        hex(&resource_type("user").encode_to_vec()),
        hex(&resource("user", "u1", "U1").encode_to_vec())
    )
}

fn users(reader: &Reader, sync: &str) -> Vec<String> {
    let mut names = Vec::new();
    reader
        .for_each_resource(sync, ResourceFilter::default(), |resource| {
            names.push(resource.display_name);
            Ok::<_, Error>(())
        })
        .unwrap();
    names
}

#[test]
fn needed_tables_and_columns_are_enough() {
    let sql = [RUNS, TYPES, RESOURCES, &run("hello", true), &user_rows("hello")].concat();
    let (_dir, file) = file_of_sql(&sql);
    let reader = Reader::open(&file).unwrap();
    let run = reader.current().unwrap();
    assert_eq!((run.sync_id.as_str(), run.kind()), ("hello", Some(SyncType::Full)), "the id need not be a KSUID");
    assert_eq!(run.started_at, time::parse(NOW).unwrap());
    assert_eq!(users(&reader, "hello"), ["U1"]);
    assert!(grant_ids(&reader, "hello", GrantFilter::default()).is_empty());
    let stats = reader.stats("hello").unwrap();
    assert_eq!((stats.resource_types, stats.resources, stats.grants), (1, 1, 0));
}

#[test]
fn runs_alone_are_enough() {
    let (_dir, file) = file_of_sql(&[RUNS, &run("s1", true)].concat());
    let reader = Reader::open(&file).unwrap();
    assert_eq!(reader.current().unwrap().sync_id, "s1");
    assert!(users(&reader, "s1").is_empty());
}

#[test]
fn rows_without_a_sync_are_listed() {
    let (_dir, file) = file_of_sql(&[TYPES, RESOURCES, &user_rows("lost")].concat());
    let reader = Reader::open(&file).unwrap();
    assert_eq!(reader.current().unwrap_err().code(), 9);
    let sync = reader.sync_for_lists().unwrap();
    assert_eq!(sync, "");
    assert_eq!(users(&reader, &sync), ["U1"]);
}

#[test]
fn a_young_unfinished_sync_can_be_listed() {
    let text = |days: i64| time::to_text(jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days));
    for (days, expected) in [(6, "s1"), (8, "")] {
        let started = run("s1", false).replace(NOW, &text(days));
        let (_dir, file) = file_of_sql(&[RUNS, TYPES, RESOURCES, &started, &user_rows("s1")].concat());
        let reader = Reader::open(&file).unwrap();
        assert_eq!(reader.current().unwrap_err().code(), 9);
        assert_eq!(reader.sync_for_lists().unwrap(), expected);
    }
}

#[test]
fn the_sync_that_ended_last_is_read() {
    let later = NOW.replace("12:33", "12:34");
    let last = run("a-last", true).replace(&format!(", '{NOW}', '')"), &format!(", '{later}', '')"));
    let (_dir, file) =
        file_of_sql(&[RUNS, &run("z", true), &last, &run("unfinished", false), &run("b", true)].concat());
    let reader = Reader::open(&file).unwrap();
    assert_eq!(reader.current().unwrap().sync_id, "a-last");
    assert_eq!(reader.latest_finished(Some(SyncType::Partial)).unwrap(), None);
    let order: Vec<_> = reader.syncs().unwrap().into_iter().map(|run| run.sync_id).collect();
    assert_eq!(order, ["z", "a-last", "unfinished", "b"]);
    let (_dir, file) = file_of_sql(&[RUNS, &run("b", true), &run("z", true), &run("a", true)].concat());
    assert_eq!(Reader::open(&file).unwrap().current().unwrap().sync_id, "z", "ties are broken by the id");
}

#[test]
fn times_and_data_that_cannot_be_read_name_the_row() {
    let (_dir, file) = file_of_sql(&[RUNS, &run("s1", true).replace(NOW, "yesterday")].concat());
    let error = Reader::open(&file).unwrap().syncs().unwrap_err().to_string();
    assert!(error.contains("row 1 of v1_sync_runs") && error.contains("yesterday"), "{error}");
    for data in ["x'FFFFFF'", "'text'"] {
        let row = format!(
            "INSERT INTO v1_resource_types (external_id, data, sync_id, discovered_at) VALUES ('user', {data}, 's1', '{NOW}')"
        );
        let (_dir, file) = file_of_sql(&[RUNS, TYPES, &run("s1", true), &row].concat());
        let error = Reader::open(&file).unwrap().resource_types("s1").unwrap_err().to_string();
        assert!(error.contains("row 1 of v1_resource_types"), "{error}");
    }
}

#[test]
fn a_database_of_something_else_is_refused() {
    let wrong = [
        "CREATE TABLE v1_sync_runs (id integer primary key, colour text); INSERT INTO v1_sync_runs (colour) VALUES ('red')",
        "CREATE VIEW v1_grants AS SELECT 1 AS id",
    ];
    for sql in wrong {
        let (_dir, file) = file_of_sql(sql);
        let error = Reader::open(&file).unwrap_err();
        assert!(error.to_string().contains("sync.c1z is damaged: its tables are not those of a .c1z"), "{error}");
    }
}

#[test]
fn triggers_of_a_file_are_not_run() {
    let trap = "CREATE TRIGGER trap AFTER UPDATE ON v1_sync_runs BEGIN DELETE FROM v1_resource_types; END;";
    let sql = [RUNS, TYPES, RESOURCES, trap, &run("s1", true), &user_rows("s1")].concat();
    let (_dir, file) = file_of_sql(&sql);
    assert_eq!(Reader::open(&file).unwrap().resource_types("s1").unwrap().len(), 1);
}

/// More than a page of edges, and others in between.
fn old_grants(sync: &str) -> String {
    let mut sql = String::new();
    for number in 0..2500 {
        let mut grant = grant("g1", &number.to_string());
        if number % 2 == 0 {
            let entitlement_ids = vec![if number % 100 == 0 { String::new() } else { "group:g2:member".to_owned() }];
            grant.annotations.push(any::pack(&GrantExpandable { entitlement_ids, ..GrantExpandable::default() }));
        }
        writeln!(
            sql,
            "INSERT INTO v1_grants (resource_type_id, resource_id, entitlement_id, principal_resource_type_id,
             principal_resource_id, external_id, data, sync_id, discovered_at)
             VALUES ('group', 'g1', 'group:g1:member', 'user', '{number}', '{}', x'{}', '{sync}', '{NOW}');",
            grant.id,
            hex(&grant.encode_to_vec())
        )
        .unwrap();
    }
    sql
}

#[test]
fn expansion_of_older_files_is_moved_to_its_column() {
    let sql = ["BEGIN;", RUNS, GRANTS, &run("s1", true), &run("s2", true), &old_grants("s1"), "COMMIT"].concat();
    let (dir, file) = file_of_sql(&sql);
    let db = dir.path().join("decoded.db");
    envelope::decode(&file, &db, &envelope::Limits::default()).unwrap();
    let reader = Reader::open_db(&db).unwrap();
    let plain = grants(&reader, "s1", GrantFilter::default());
    assert_eq!(plain.len(), 2500);
    assert!(plain.iter().all(|grant| grant.annotations.is_empty()));
    let edges = grants(&reader, "s1", GrantFilter { with_expandable: true, ..GrantFilter::default() });
    let edges = edges.iter().filter(|grant| any::find::<GrantExpandable>(&grant.annotations).is_some()).count();
    assert_eq!(edges, 1250 - 25, "those with an id only");
    let connection = rusqlite::Connection::open(&db).unwrap();
    let count = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM v1_grants WHERE needs_expansion = 1"), 1225);
    assert_eq!(count("SELECT min(grants_backfilled) FROM v1_sync_runs"), 1);
    assert_eq!(count("SELECT count(*) FROM sqlite_master"), 23);
}

#[test]
fn a_second_migration_changes_nothing() {
    let sql = ["BEGIN;", RUNS, GRANTS, &run("s1", true), &old_grants("s1"), "COMMIT"].concat();
    let (dir, file) = file_of_sql(&sql);
    let db = dir.path().join("decoded.db");
    envelope::decode(&file, &db, &envelope::Limits::default()).unwrap();
    drop(Reader::open_db(&db).unwrap());
    let once = std::fs::read(&db).unwrap();
    drop(Reader::open_db(&db).unwrap());
    assert!(once == std::fs::read(&db).unwrap());
}

#[test]
fn duplicates_of_files_without_indexes_are_merged() {
    let sql = [RUNS, TYPES, RESOURCES, &run("s1", true), &user_rows("s1"), &user_rows("s1")].concat();
    let (_dir, file) = file_of_sql(&sql);
    assert_eq!(users(&Reader::open(&file).unwrap(), "s1"), ["U1"]);
}

/// Three syncs, rows mixed, with a session row, an asset and an edge.
fn three_syncs(db: &Path) {
    let mut builder = Builder::create(db).unwrap();
    for sync in ["s1", "s2", "s3"] {
        builder.begin_sync(&new_sync(sync, SyncType::Full)).unwrap();
        put_org(&mut builder);
        let mut edge = grant("g1", sync);
        let entitlement_ids = vec!["group:g2:member".to_owned()];
        edge.annotations.push(any::pack(&GrantExpandable { entitlement_ids, ..GrantExpandable::default() }));
        builder.put_whole_grant(&edge).unwrap();
        builder.end_sync(ended_at(), &format!("{{\"of\":\"{sync}\"}}")).unwrap();
    }
    builder.finish().unwrap();
    let connection = rusqlite::Connection::open(db).unwrap();
    connection
        .execute_batch(
            "INSERT INTO v1_connector_sessions (sync_id, key, value) VALUES ('s2', 'k', x'00');
             INSERT INTO v1_assets (external_id, content_type, data, sync_id, discovered_at)
                 VALUES ('a1', 'image/png', x'89', 's2', '2026-11-23'), ('a1', 'image/png', x'89', 's3', '2026-11-23');
             UPDATE v1_sync_runs SET linked_sync_id = 's2' WHERE sync_id = 's3';",
        )
        .unwrap();
}

#[test]
fn kept_syncs_come_over_whole_and_in_order() {
    let (dir, db, file) = temp();
    let old = dir.path().join("old.db");
    three_syncs(&old);
    let before = Reader::open_db(&old).unwrap();
    let mut builder = Builder::create(&db).unwrap();
    let older = Arc::new(PreviousFile::from_db(&old).unwrap());
    builder.carry_over(older, &["s3".to_owned(), "s2".to_owned(), "unknown".to_owned()]).unwrap();
    builder.begin_sync(&new_sync("s4", SyncType::Full)).unwrap();
    put_org(&mut builder);
    builder.end_sync(ended_at(), "").unwrap();
    builder.seal(&file).unwrap();

    let after = Reader::open(&file).unwrap();
    let runs = after.syncs().unwrap();
    assert_eq!(runs[..2], before.syncs().unwrap()[1..], "in the old order, all columns");
    assert_eq!(runs[2].sync_id, "s4");
    let all = GrantFilter { with_expandable: true, ..GrantFilter::default() };
    for sync in ["s2", "s3"] {
        assert_eq!(grants(&after, sync, all), grants(&before, sync, all));
        assert_eq!(after.resource_types(sync).unwrap(), before.resource_types(sync).unwrap());
        assert_eq!(after.stats(sync).unwrap(), before.stats(sync).unwrap());
        assert_eq!(users(&after, sync), users(&before, sync));
    }
    assert!(grant_ids(&after, "s1", all).is_empty());
    let connection = rusqlite::Connection::open(&db).unwrap();
    let count = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM v1_connector_sessions"), 0, "scratch space stays behind");
    assert_eq!(count("SELECT count(*) FROM v1_assets"), 2);
    assert_eq!(count("SELECT count(*) FROM v1_grants WHERE needs_expansion = 1"), 2);
    assert_eq!(count("SELECT count(DISTINCT discovered_at) FROM v1_grants"), 1, "times are kept");
}

#[test]
fn older_files_are_migrated_while_they_come_over() {
    let sql = ["BEGIN;", RUNS, GRANTS, &run("s1", true), &old_grants("s1"), "COMMIT"].concat();
    let (dir, old) = file_of_sql(&sql);
    let (old_db, db) = (dir.path().join("old's.db"), dir.path().join("new.db"));
    let older = PreviousFile::open(&old, &old_db, &envelope::Limits::default()).unwrap();
    let mut builder = Builder::create(&db).unwrap();
    builder.carry_over(Arc::new(older), &["s1".to_owned()]).unwrap();
    builder.finish().unwrap();
    let reader = Reader::open_db(&db).unwrap();
    assert_eq!(grants(&reader, "s1", GrantFilter::default()).len(), 2500);
    assert_eq!(reader.current().unwrap().kind(), Some(SyncType::Full));
}

#[test]
fn a_damaged_older_file_is_named() {
    let (dir, _db, _file) = temp();
    let old = dir.path().join("old.db");
    std::fs::write(&old, "no database at all, but long enough to be looked at").unwrap();
    let error = PreviousFile::from_db(&old).unwrap_err();
    assert!(matches!(&error, Error::Damaged { path, .. } if *path == old), "{error}");
}
