//! Writing databases and reading them back.

use std::sync::Arc;

use baton_c1z::envelope::Limits;
use baton_c1z::{
    Builder, EntitlementFilter, Error, GrantFilter, GrantRow, PreviousFile, Reader, ResourceFilter, Stats, SyncType,
    SystemId, envelope,
};
use baton_proto::c1::connector::v2::{
    Grant, GrantExpandable, GrantImmutable, GrantSources, grant_sources::GrantSource,
};
use baton_proto::{Message, any};

use crate::support;
use crate::support::{
    ended_at, entitlement, grant, grant_ids, grants, new_sync, put_org, resource, resource_type, temp,
};

#[test]
fn what_is_written_is_read() {
    let (_dir, db, file) = temp();
    support::write_org(&db, &file, "s1");
    let reader = Reader::open(&file).unwrap();
    let run = reader.current().unwrap();
    assert_eq!((run.sync_id.as_str(), run.kind(), run.sync_token.as_str()), ("s1", Some(SyncType::Full), "{}"));
    assert_eq!(reader.sync("s1").unwrap(), run);
    assert_eq!(reader.sync("s2").unwrap_err().code(), 5);
    assert_eq!(reader.sync_for_lists().unwrap(), "s1");

    let types: Vec<_> = reader.resource_types("s1").unwrap();
    assert_eq!(types, [resource_type("user"), resource_type("group"), resource_type("device")]);
    assert_eq!(reader.resource_type("s1", "group").unwrap(), Some(resource_type("group")));
    assert_eq!(reader.resource_type("s2", "group").unwrap(), None);
    assert_eq!(reader.resource("s1", "user", "u2").unwrap(), Some(resource("user", "u2", "U2")));
    assert_eq!(reader.entitlement("s1", "group:g1:member").unwrap(), Some(entitlement("group", "g1")));
    assert_eq!(reader.grant("s1", "group:g1:member:user:u2").unwrap(), Some(grant("g1", "u2")));
    assert_eq!(reader.grant("s1", "group:g9:member:user:u2").unwrap(), None);
    assert_eq!(
        grants(&reader, "s1", GrantFilter::default()),
        [grant("g1", "u1"), grant("g2", "u2"), grant("g1", "u2")]
    );
}

#[test]
fn filters_choose_rows() {
    let (_dir, db, file) = temp();
    let mut builder = Builder::create(&db).unwrap();
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    put_org(&mut builder);
    let mut child = resource("app", "a1", "child of a group");
    child.parent_resource_id = Some(support::resource_id("group", "g1"));
    builder.put_resource(&child).unwrap();
    builder.end_sync(ended_at(), "").unwrap();
    builder.seal(&file).unwrap();
    let reader = Reader::open(&file).unwrap();

    let resources = |filter| {
        let mut ids = Vec::new();
        reader
            .for_each_resource("s1", filter, |resource| {
                ids.push(resource.id.unwrap().resource);
                Ok::<_, Error>(())
            })
            .unwrap();
        ids
    };
    assert_eq!(resources(ResourceFilter::default()), ["u1", "u2", "g1", "g2", "a1"]);
    assert_eq!(resources(ResourceFilter { resource_type: Some("user"), parent: None }), ["u1", "u2"]);
    assert_eq!(resources(ResourceFilter { resource_type: None, parent: Some(("group", "g1")) }), ["a1"]);

    let entitlements = |filter| {
        let mut ids = Vec::new();
        reader
            .for_each_entitlement("s1", filter, |entitlement| {
                ids.push(entitlement.id);
                Ok::<_, Error>(())
            })
            .unwrap();
        ids
    };
    assert_eq!(entitlements(EntitlementFilter::default()), ["group:g1:member", "group:g2:member"]);
    let of_one = EntitlementFilter { resource: Some(("group", "g2")), ..EntitlementFilter::default() };
    assert_eq!(entitlements(of_one), ["group:g2:member"]);
    let of_type = EntitlementFilter { resource_type: Some("app"), ..EntitlementFilter::default() };
    assert!(entitlements(of_type).is_empty());

    let all = GrantFilter::default();
    let (g1u1, g2u2, g1u2) = ("group:g1:member:user:u1", "group:g2:member:user:u2", "group:g1:member:user:u2");
    let cases: [(GrantFilter<'_>, &[&str]); 8] = [
        (GrantFilter { resource_type: Some("group"), ..all }, &[g1u1, g2u2, g1u2]),
        (GrantFilter { resource_type: Some("user"), ..all }, &[]),
        (GrantFilter { resource: Some(("group", "g1")), ..all }, &[g1u1, g1u2]),
        (GrantFilter { entitlement: Some("group:g2:member"), ..all }, &[g2u2]),
        (GrantFilter { principal: Some(("user", "u2")), ..all }, &[g2u2, g1u2]),
        (GrantFilter { entitlement: Some("group:g1:member"), principal: Some(("user", "u2")), ..all }, &[g1u2]),
        (GrantFilter { principal_types: &["device", "user"], ..all }, &[g1u1, g2u2, g1u2]),
        (GrantFilter { principal_types: &["device"], ..all }, &[]),
    ];
    for (filter, expected) in cases {
        assert_eq!(grant_ids(&reader, "s1", filter), expected, "{filter:?}");
    }
    assert!(grant_ids(&reader, "s2", all).is_empty());
    assert_eq!(grant_ids(&reader, "", all).len(), 3, "the empty id stands for all syncs");
}

#[test]
fn a_failing_callback_ends_the_list() {
    let (_dir, db, file) = temp();
    support::write_org(&db, &file, "s1");
    let reader = Reader::open(&file).unwrap();
    let mut seen = 0;
    let ended = reader.for_each_grant("s1", GrantFilter::default(), |_| {
        seen += 1;
        Err(Error::OutOfOrder("enough"))
    });
    assert!(matches!(ended, Err(Error::OutOfOrder("enough"))));
    assert_eq!(seen, 1);
}

#[test]
fn statistics_are_stored_as_readers_expect() {
    let (_dir, db, _file) = temp();
    let mut builder = Builder::create(&db).unwrap();
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    put_org(&mut builder);
    let token = r#"{"version":1,"step_durations_ms":{"list-resources":12},"connector_call_stats":{"a":{"count":1}}}"#;
    let stats = builder.end_sync(ended_at(), token).unwrap();
    builder.finish().unwrap();
    let connection = rusqlite::Connection::open(&db).unwrap();
    let (text, supports_diff, backfilled): (String, i64, i64) = connection
        .query_row("SELECT stats, supports_diff, grants_backfilled FROM v1_sync_runs", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(
        text,
        r#"{"resource_types":3,"resources":4,"entitlements":2,"grants":3,"resources_by_resource_type":{"device":0,"group":2,"user":2},"grants_by_resource_type":{"group":3},"entitlements_by_resource_type":{"group":2},"step_durations_ms":{"list-resources":12},"connector_call_stats":{"a":{"count":1}}}"#
    );
    assert_eq!((supports_diff, backfilled), (1, 1));
    connection.execute("UPDATE v1_sync_runs SET stats = replace(stats, '\"grants\":3', '\"grants\":7')", []).unwrap();
    drop(connection);
    assert_eq!(Reader::open_db(&db).unwrap().stats("s1").unwrap().grants, 7, "what the writer noted is trusted");
    let connection = rusqlite::Connection::open(&db).unwrap();
    connection.execute("UPDATE v1_sync_runs SET stats = '{}'", []).unwrap();
    drop(connection);
    assert_eq!(Reader::open_db(&db).unwrap().stats("s1").unwrap(), stats, "else it is counted");
    assert_eq!(Reader::open_db(&db).unwrap().stats("s9").unwrap(), Stats::default());
}

#[test]
fn the_database_looks_like_those_of_the_reference() {
    let (_dir, db, file) = temp();
    support::write_org(&db, &file, "s1");
    let header = std::fs::read(&db).unwrap();
    let number = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
    assert_eq!(&header[16..20], [0x80, 0x00, 1, 1], "page size 32768, rollback journal");
    assert_eq!((number(52), number(60), number(68)), (0, 0, 0), "auto_vacuum, user_version, application_id");
    assert_eq!(number(56), 1, "UTF-8");
    let sample = db.with_file_name("sample.db");
    envelope::decode(&support::samples().join("sample-v1.c1z"), &sample, &envelope::Limits::default()).unwrap();
    let shape = |db: &std::path::Path| {
        let connection = rusqlite::Connection::open(db).unwrap();
        let mut shape = Vec::new();
        for query in [
            "SELECT type || ' ' || name || ' ' || tbl_name FROM sqlite_master ORDER BY 1",
            "SELECT m.name || ' ' || t.cid || ' ' || t.name || ' ' || lower(t.type) || ' ' || t.\"notnull\" || ' ' ||
             coalesce(t.dflt_value, '-') FROM sqlite_master m, pragma_table_info(m.name) t WHERE m.type = 'table' ORDER BY 1",
            "SELECT i.name || ' ' || i.\"unique\" || ' ' || i.partial || ' ' || (SELECT group_concat(coalesce(c.name, '-'), ',')
             FROM pragma_index_info(i.name) c) FROM sqlite_master m, pragma_index_list(m.name) i ORDER BY 1",
        ] {
            let mut statement = connection.prepare(query).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            shape.extend(rows.map(Result::unwrap));
        }
        shape
    };
    let ours = shape(&db);
    assert_eq!(ours, shape(&sample));
    assert_eq!(ours.iter().filter(|line| line.starts_with("table ") || line.starts_with("index ")).count(), 23);
}

#[test]
fn nothing_is_left_beside_a_finished_database() {
    let (dir, db, file) = temp();
    support::write_org(&db, &file, "s1");
    let mut names: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["build.db", "sync.c1z"]);
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let (_one_dir, one_db, one) = temp();
    let (_two_dir, two_db, two) = temp();
    support::write_org(&one_db, &one, "s1");
    support::write_org(&two_db, &two, "s1");
    assert_eq!(std::fs::read(one).unwrap(), std::fs::read(two).unwrap());
}

#[test]
fn later_rows_of_the_same_id_update_the_first() {
    let (_dir, db, _file) = temp();
    let mut builder = Builder::create(&db).unwrap();
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    put_org(&mut builder);
    let expandable =
        GrantExpandable { entitlement_ids: vec!["group:g2:member".to_owned()], ..GrantExpandable::default() };
    let mut edge = grant("g1", "u1");
    edge.annotations.push(any::pack(&expandable));
    builder.put_whole_grant(&edge).unwrap();
    builder.put_resource_type(&resource_type("user")).unwrap();
    builder.put_resource(&resource("user", "u1", "second")).unwrap();
    builder.put_resource(&resource("user", "u1", "third")).unwrap();
    let mut again = entitlement("group", "g1");
    again.display_name = "again".to_owned();
    builder.put_entitlement(&again).unwrap();
    let merged = builder.build_indexes().unwrap();
    assert_eq!((merged.resource_types, merged.resources, merged.entitlements, merged.grants), (1, 2, 1, 1));
    let stats = builder.end_sync(ended_at(), "").unwrap();
    assert_eq!((stats.resource_types, stats.resources, stats.entitlements, stats.grants), (3, 4, 2, 3));
    builder.finish().unwrap();

    let reader = Reader::open_db(&db).unwrap();
    let mut names = Vec::new();
    reader
        .for_each_resource("s1", ResourceFilter::default(), |resource| {
            names.push(resource.display_name);
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!(names, ["third", "U2", "G1", "G2"], "first place, last data");
    assert_eq!(reader.entitlement("s1", "group:g1:member").unwrap().unwrap().display_name, "again");
    let with_edge = GrantFilter { with_expandable: true, ..GrantFilter::default() };
    assert_eq!(grants(&reader, "s1", with_edge), [edge, grant("g2", "u2"), grant("g1", "u2")]);
    assert_eq!(grants(&reader, "s1", GrantFilter::default())[0], grant("g1", "u1"), "stored apart");
}

#[test]
fn the_same_id_in_two_syncs_is_no_duplicate() {
    let (_dir, db, _file) = temp();
    let mut builder = Builder::create(&db).unwrap();
    for sync in ["s1", "s2"] {
        builder.begin_sync(&new_sync(sync, SyncType::Full)).unwrap();
        put_org(&mut builder);
        if sync == "s1" {
            assert!(builder.build_indexes().unwrap().is_empty());
        }
        assert_eq!(builder.end_sync(ended_at(), "").unwrap().grants, 3);
    }
    builder.finish().unwrap();
    assert_eq!(Reader::open_db(&db).unwrap().syncs().unwrap().len(), 2);
}

#[test]
fn only_edges_wait_for_expansion() {
    let (_dir, db, _file) = temp();
    let mut builder = Builder::create(&db).unwrap();
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    for (user, ids) in [("edge", &["group:g2:member"][..]), ("blank", &[" ", ""]), ("none", &[])] {
        let mut grant = grant("g1", user);
        let entitlement_ids = ids.iter().map(|&id| id.to_owned()).collect();
        grant.annotations.push(any::pack(&GrantExpandable { entitlement_ids, ..GrantExpandable::default() }));
        builder.put_whole_grant(&grant).unwrap();
    }
    builder.put_whole_grant(&grant("g1", "plain")).unwrap();
    builder.build_indexes().unwrap();
    let rows: Vec<(String, bool, i64, bool)> = builder
        .connection()
        .unwrap()
        .prepare("SELECT principal_resource_id, expansion IS NOT NULL, needs_expansion, instr(data, 'GrantExpandable') > 0 FROM v1_grants")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let row = |user: &str, edge: bool| (user.to_owned(), edge, i64::from(edge), false);
    assert_eq!(rows, [row("edge", true), row("blank", false), row("none", false), row("plain", false)]);
}

#[test]
fn a_grant_that_is_there_can_be_replaced() {
    let (_dir, db, _file) = temp();
    let mut builder = Builder::create(&db).unwrap();
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    put_org(&mut builder);
    let expandable = GrantExpandable { entitlement_ids: vec!["e".to_owned()], ..GrantExpandable::default() };
    let mut edge = grant("g2", "u1");
    edge.annotations.push(any::pack(&expandable));
    builder.put_whole_grant(&edge).unwrap();
    let with_source = |group: &str, user: &str| {
        let source = [("group:g9:member".to_owned(), GrantSource { is_direct: true })];
        Grant { sources: Some(GrantSources { sources: source.into() }), ..grant(group, user) }
    };
    let upsert = |builder: &mut Builder, grant: &Grant, user: &str, expansion: Option<&[u8]>| {
        builder.upsert_grant(&GrantRow {
            id: &grant.id,
            entitlement_id: &grant.entitlement.as_ref().unwrap().id,
            resource_type: "group",
            resource_id: "g2",
            principal_type: "user",
            principal_id: user,
            data: &grant.encode_to_vec(),
            expansion,
        })
    };
    let early = upsert(&mut builder, &with_source("g2", "u1"), "u1", None).unwrap_err();
    assert!(matches!(early, Error::OutOfOrder(_)));
    builder.build_indexes().unwrap();
    upsert(&mut builder, &with_source("g2", "u1"), "u1", None).unwrap();
    upsert(&mut builder, &with_source("g2", "u9"), "u9", Some(&expandable.encode_to_vec())).unwrap();
    assert_eq!(builder.end_sync(ended_at(), "").unwrap().grants, 5);
    builder.finish().unwrap();
    let reader = Reader::open_db(&db).unwrap();
    let with_edge = GrantFilter { with_expandable: true, ..GrantFilter::default() };
    let mut added = with_source("g2", "u9");
    added.annotations.push(any::pack(&expandable));
    assert_eq!(grants(&reader, "s1", with_edge)[3..], [with_source("g2", "u1"), added]);
}

#[test]
fn data_of_one_row_can_be_replaced() {
    let (_dir, db, _file) = temp();
    let mut builder = Builder::create(&db).unwrap();
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    put_org(&mut builder);
    let mut changed = grant("g2", "u2");
    changed.annotations.push(any::pack(&GrantImmutable::default()));
    builder.replace_grant_data(2, &changed.encode_to_vec()).unwrap();
    builder.end_sync(ended_at(), "").unwrap();
    builder.finish().unwrap();
    let reader = Reader::open_db(&db).unwrap();
    assert_eq!(grants(&reader, "s1", GrantFilter::default()), [grant("g1", "u1"), changed, grant("g1", "u2")]);
}

#[test]
fn misuse_is_told() {
    let (_dir, db, _file) = temp();
    let mut builder = Builder::create(&db).unwrap();
    assert_eq!(builder.put_resource_type(&resource_type("user")).unwrap_err().code(), 9);
    assert!(builder.end_sync(ended_at(), "").is_err());
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    assert!(builder.begin_sync(&new_sync("s2", SyncType::Full)).is_err());
    let (_dir, other, file) = temp();
    support::write_org(&other, &file, "s1");
    let older = || Arc::new(PreviousFile::open(&file, &other, &Limits::default()).unwrap());
    assert!(builder.carry_over(older(), &[]).is_err());
    assert!(builder.finish().is_err());
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let (dir, _db, _file) = temp();
    let error = Builder::create(&dir.path().join("no/such/dir/db")).unwrap_err();
    assert!(error.to_string().contains("no/such/dir/db"), "{error}");
    assert!(Builder::create(dir.path()).is_err());
}

#[test]
fn slim_rows_get_their_ids_back() {
    let (_dir, db, _file) = temp();
    let mut builder = Builder::create(&db).unwrap();
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    let slim = Grant { id: "group:g1:member:user:u1".to_owned(), ..Grant::default() };
    builder
        .put_grant(&GrantRow {
            id: &slim.id,
            entitlement_id: "group:g1:member",
            resource_type: "group",
            resource_id: "g1",
            principal_type: "user",
            principal_id: "u1",
            data: &slim.encode_to_vec(),
            expansion: None,
        })
        .unwrap();
    builder.end_sync(ended_at(), "").unwrap();
    builder.finish().unwrap();
    let reader = Reader::open_db(&db).unwrap();
    assert_eq!(reader.grant("s1", &slim.id).unwrap(), Some(grant("g1", "u1")));
}

#[test]
fn a_full_disk_is_called_by_its_name() {
    let (_dir, db, _file) = temp();
    let mut builder = Builder::create(&db).unwrap();
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    put_org(&mut builder);
    builder.build_indexes().unwrap();
    let pages: i64 = builder.connection().unwrap().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    builder.connection().unwrap().pragma_update(None, "max_page_count", pages + 2).unwrap();
    let mut large = resource("user", "u3", "");
    large.description = "x".repeat(2_000_000);
    let error = builder.put_resource(&large).unwrap_err();
    assert!(matches!(&error, Error::DiskFull { path } if *path == db), "{error}");
    assert_eq!(error.code(), 8);
}

#[test]
fn reading_leaves_nothing_behind() {
    let (dir, db, file) = temp();
    support::write_org(&db, &file, "s1");
    let place = dir.path().join("temporary");
    std::fs::create_dir(&place).unwrap();
    let is_empty = || std::fs::read_dir(&place).unwrap().next().is_none();
    let limits = envelope::Limits::default();
    let reader = Reader::open_with(&file, &limits, &place).unwrap();
    assert!(is_empty() || cfg!(not(unix)), "an open file needs no name");
    assert_eq!(grant_ids(&reader, "s1", GrantFilter::default()).len(), 3);
    drop(reader);
    assert!(is_empty());
    std::fs::write(&file, &std::fs::read(&file).unwrap()[..300]).unwrap();
    assert!(Reader::open_with(&file, &limits, &place).is_err());
    assert!(is_empty());
    assert!(Reader::open_with(&file, &limits, &dir.path().join("nowhere")).is_err());
}

#[test]
fn what_only_we_read_of_a_sync_stands_where_others_do_not_look() {
    let (_dir, db, file) = temp();
    let system = SystemId { id: "00o1".to_owned(), host: "acme.okta.com".to_owned() };
    let mut builder = Builder::create(&db).unwrap();
    assert!(matches!(builder.put_system(&system), Err(Error::OutOfOrder(_))));
    builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
    support::put_org(&mut builder);
    builder.put_system(&system).unwrap();
    builder.put_incremental("{\"read\":{}}").unwrap();
    builder.end_sync(ended_at(), "{}").unwrap();
    builder.begin_sync(&new_sync("s2", SyncType::Full)).unwrap();
    builder.end_sync(ended_at(), "{}").unwrap();
    builder.seal(&file).unwrap();
    let reader = Reader::open(&file).unwrap();
    assert_eq!(reader.system("s1").unwrap(), Some(system));
    assert_eq!(reader.incremental("s1").unwrap().as_deref(), Some("{\"read\":{}}"));
    assert_eq!((reader.system("s2").unwrap(), reader.incremental("s2").unwrap()), (None, None));
    assert_eq!(reader.sync("s1").unwrap().sync_token, "{}");
}
