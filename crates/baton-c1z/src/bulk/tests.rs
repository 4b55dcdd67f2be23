#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::connection;
use crate::schema::{ENTITLEMENTS, RESOURCES, TABLES};

/// A database with the tables that are loaded and their indexes, all empty, with pages of `page_size` bytes.
fn empty(db: &Path, page_size: u32) -> Places {
    let connection = Connection::open(db).unwrap();
    connection.pragma_update(None, "page_size", page_size).unwrap();
    for table in TABLES {
        connection.execute_batch(&table.create()).unwrap();
    }
    for index in
        INDEXES.iter().filter(|index| [RESOURCES, ENTITLEMENTS, GRANTS].iter().any(|of| of.name == index.table))
    {
        connection.execute_batch(&index.create()).unwrap();
    }
    Places::find(&connection).unwrap()
}

/// A row in the order of the table's columns.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    texts: [String; 6],
    expansion: Option<Vec<u8>>,
    needs_expansion: i64,
    data: Vec<u8>,
    sync: String,
}

impl Row {
    fn values(&self) -> GrantValues<'_> {
        let text = |number: usize| ValueRef::Text(self.texts[number].as_bytes());
        [
            text(0),
            text(1),
            text(2),
            text(3),
            text(4),
            text(5),
            self.expansion.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
            ValueRef::Integer(self.needs_expansion),
            ValueRef::Blob(&self.data),
            ValueRef::Text(self.sync.as_bytes()),
            ValueRef::Text(b"2026-11-23 10:00:00"),
        ]
    }
}

fn load(db: &Path, page_size: u32, rows: &[Row]) -> Loaded {
    let mut loader = GrantLoader::open(db, empty(db, page_size), blocks(db, page_size)).unwrap();
    for row in rows {
        loader.push(&row.values(), None).unwrap();
    }
    restored(loader.finish().unwrap())
}

/// Blocks so small that there are some.
fn blocks(db: &Path, page_size: u32) -> Packed {
    Packed::in_blocks(db, 2 * page_size as usize)
}

/// Puts what is packed into its place.
fn restored((loaded, mut packed): (Loaded, Packed)) -> Loaded {
    packed.restore().unwrap();
    assert!(packed.is_empty());
    loaded
}

fn check(db: &Path) {
    let connection = Connection::open(db).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

fn stored(db: &Path, order: &str) -> Vec<Row> {
    let connection = connection::open_read_only(db, db).unwrap();
    let query = format!("SELECT {} FROM v1_grants {order}", GRANTS.column_list());
    let mut statement = connection.prepare(&query).unwrap();
    let rows = statement.query_map([], |row| {
        Ok(Row {
            texts: [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?],
            expansion: row.get(6)?,
            needs_expansion: row.get(7)?,
            data: row.get(8)?,
            sync: row.get(9)?,
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn member(group: usize, user: usize, data: usize) -> Row {
    let entitlement = format!("group:g{group}:member");
    Row {
        texts: [
            "group".to_owned(),
            format!("g{group}"),
            entitlement.clone(),
            "user".to_owned(),
            format!("u{user}"),
            format!("{entitlement}:user:u{user}"),
        ],
        expansion: user.is_multiple_of(7).then(|| vec![1, 2, 3]),
        needs_expansion: i64::from(user.is_multiple_of(7)),
        data: vec![user as u8; data],
        sync: "s1".to_owned(),
    }
}

#[test]
fn trees_of_several_levels_are_sound() {
    let folder = tempfile::tempdir().unwrap();
    for (number, page_size) in [512_u32, 4096, 32_768].into_iter().enumerate() {
        let db = folder.path().join(format!("{number}.db"));
        let rows: Vec<_> = (0..6000).map(|n| member(n % 40, n / 40, n % 300)).collect();
        assert_eq!(load(&db, page_size, &rows), Loaded::Whole);
        check(&db);
        assert_eq!(stored(&db, "ORDER BY id"), rows);
        let mut sorted = rows.clone();
        sorted.sort_by(|one, other| one.texts[4].cmp(&other.texts[4]));
        let by_principal = "INDEXED BY idx_grants_principal_id_v1 WHERE principal_resource_type_id = 'user' \
                            ORDER BY principal_resource_id, id";
        assert_eq!(stored(&db, by_principal), sorted);
    }
}

#[test]
fn sqlite_goes_on_with_what_was_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("grants.db");
    let rows: Vec<_> = (0..3000).map(|n| member(n % 7, n / 7, 200)).collect();
    load(&db, 512, &rows);
    let connection = Connection::open(&db).unwrap();
    let later = |n: usize| {
        let row = member(n % 11, 10_000 + n, 900);
        let [a, b, c, d, e, f] = row.texts;
        connection
            .execute(
                "INSERT INTO v1_grants (resource_type_id, resource_id, entitlement_id, principal_resource_type_id,
                 principal_resource_id, external_id, needs_expansion, data, sync_id, discovered_at)
                 VALUES (?, ?, ?, ?, ?, ?, 0, ?, 's1', '')",
                rusqlite::params![a, b, c, d, e, f, row.data],
            )
            .unwrap();
    };
    (0..500).for_each(later);
    connection.execute("DELETE FROM v1_grants WHERE id % 3 = 0", []).unwrap();
    drop(connection);
    check(&db);
}

#[test]
fn twins_leave_the_indexes_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("grants.db");
    let mut rows: Vec<_> = (0..500).map(|n| member(n % 7, n / 7, 200)).collect();
    rows.push(rows[3].clone());
    assert_eq!(load(&db, 512, &rows), Loaded::WithoutIndexes);
    let connection = Connection::open(&db).unwrap();
    for index in
        INDEXES.iter().filter(|index| [RESOURCES, ENTITLEMENTS, GRANTS].iter().any(|of| of.name == index.table))
    {
        connection.execute_batch(&format!("DROP INDEX {}", index.name)).unwrap();
    }
    assert_eq!(crate::indexes::build(&connection, &db).unwrap().grants, 1);
    drop(connection);
    check(&db);
    assert_eq!(stored(&db, "ORDER BY id"), rows[..500]);
}

#[test]
fn what_is_no_text_is_left_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("grants.db");
    let mut loader = GrantLoader::open(&db, empty(&db, 512), blocks(&db, 512)).unwrap();
    let row = member(1, 1, 10);
    let mut values = row.values();
    values[4] = ValueRef::Integer(7);
    loader.push(&values, None).unwrap();
    assert_eq!(restored(loader.finish().unwrap()), Loaded::WithoutIndexes);
}

#[test]
fn the_page_that_sqlite_locks_stays_free() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.db");
    // A file with holes takes no room on the disk.
    std::fs::File::create(&path).unwrap().set_len((1 << 30) - 65_536).unwrap();
    let mut pages = Pages::open(&path, 65_536 / 2, Packed::new(&path)).unwrap();
    let numbers: Vec<_> = (0..4).map(|_| pages.append(&[1; 32_768]).unwrap()).collect();
    let lock_page = (1 << 30) / 32_768 + 1;
    assert_eq!(numbers, [lock_page - 2, lock_page - 1, lock_page + 1, lock_page + 2]);
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-c]{0,3}",
        2 => proptest::collection::vec(prop_oneof![Just('\0'), Just('a'), Just('é'), Just('\u{10FFFF}')], 0..4)
            .prop_map(|letters| letters.into_iter().collect()),
        1 => (0_usize..5000).prop_map(|length| "x".repeat(length)),
    ]
}

/// Rows whose ids are made of the other texts, as in files of connectors, of which the smaller number of texts makes some
/// follow each other.
fn row() -> impl Strategy<Value = Row> {
    let blob = || proptest::collection::vec(any::<u8>(), 0..3000);
    let texts = prop_oneof![proptest::array::uniform6(text()), proptest::array::uniform6("[ab]")];
    (texts, proptest::option::of(blob()), 0_i64..2, blob(), "[s-u]").prop_map(
        |(mut texts, expansion, needs_expansion, data, sync)| {
            texts[5] = [texts[2].as_str(), &texts[3], &texts[4]].join(":");
            Row { texts, expansion, needs_expansion, data, sync }
        },
    )
}

/// What the rows are in the order of each index.
fn in_order_of_indexes(rows: &[Row]) -> Vec<(&'static str, Vec<Row>)> {
    let of_grants = INDEXES.iter().filter(|index| index.table == GRANTS.name);
    let key = |row: &Row, columns: &str| -> Vec<String> {
        let place = |name: &str| INDEXED.iter().position(|indexed| *indexed == name);
        let text = |name: &str| match place(name) {
            Some(place) if place < row.texts.len() => row.texts[place].clone(),
            Some(_) => row.sync.clone(),
            None => String::new(),
        };
        columns.split(", ").map(text).collect()
    };
    let sorted = |index: &Index| {
        let holds = |row: &&Row| match index.condition {
            None => true,
            Some(condition) if condition.starts_with("needs") => row.needs_expansion == 1,
            Some(_) => row.expansion.is_some(),
        };
        let mut rows: Vec<_> = rows.iter().filter(holds).cloned().collect();
        rows.sort_by_key(|row| key(row, index.columns));
        (index.name, rows)
    };
    of_grants.map(sorted).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_the_rows_hold_the_database_is_sound(
        rows in proptest::collection::vec(row(), 0..60),
        own_id in proptest::option::weighted(0.1, any::<proptest::sample::Index>()),
        large in any::<bool>(),
    ) {
        let mut rows = rows;
        let mut ids: Vec<_> = rows.iter().map(|row| (row.texts[5].clone(), row.sync.clone())).collect();
        ids.sort();
        ids.dedup();
        let mut ordinary = ids.len() == rows.len();
        if let Some(own_id) = own_id.filter(|_| !rows.is_empty()) {
            let at = own_id.index(rows.len());
            rows[at].texts[5] = "an id of its own".to_owned();
            ordinary = false;
        }
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("grants.db");
        let loaded = load(&db, if large { 32_768 } else { 512 }, &rows);
        prop_assert_eq!(loaded == Loaded::Whole, ordinary);
        prop_assert_eq!(stored(&db, "NOT INDEXED ORDER BY id"), &*rows);
        if loaded == Loaded::Whole {
            check(&db);
            for (index, expected) in in_order_of_indexes(&rows) {
                let index = INDEXES.iter().find(|known| known.name == index).unwrap();
                let condition = index.condition.map(|condition| format!("WHERE {condition}")).unwrap_or_default();
                let query = format!("INDEXED BY {} {condition} ORDER BY {}, id", index.name, index.columns);
                prop_assert_eq!(stored(&db, &query), expected, "{}", index.name);
            }
        }
    }

    #[test]
    fn colons_in_texts_do_not_spoil_the_order(texts in proptest::collection::vec(proptest::array::uniform3("[a:-]{1,3}"), 1..30)) {
        let rows: Vec<_> = texts.iter().map(|[entitlement, of, id]| {
            let whole = [entitlement.as_str(), of, id].join(":");
            let texts = ["app".to_owned(), "0oa".to_owned(), entitlement.clone(), of.clone(), id.clone(), whole];
            Row { texts, expansion: None, needs_expansion: 0, data: Vec::new(), sync: "s".to_owned() }
        }).collect();
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("grants.db");
        if load(&db, 512, &rows) == Loaded::Whole {
            check(&db);
        }
        prop_assert_eq!(stored(&db, "NOT INDEXED ORDER BY id"), rows);
    }
}

/// A resource: its type, id, parent, sync and size.
type Object = (String, String, Option<(String, String)>, String, usize);

fn any_object() -> impl Strategy<Value = Object> {
    let parent = proptest::option::of(("org|team", "[a-c]{1,2}"));
    ("user|group", "[a-e]{1,3}", parent, "s[12]", prop_oneof![0..40_usize, 0..3000_usize])
}

/// Loads each object as a resource and as an entitlement on it.
fn load_objects(db: &Path, page_size: u32, objects: &[Object]) -> Loaded {
    let mut loader = ObjectLoader::open(db, empty(db, page_size), blocks(db, page_size)).unwrap();
    for (of, id, parent, sync, size) in objects {
        let data = vec![7; *size];
        let parent_of = |part: fn(&(String, String)) -> &str| {
            parent.as_ref().map_or(ValueRef::Null, |parent| ValueRef::from(part(parent)))
        };
        let external = format!("{of}:{id}");
        loader
            .push_resource(&[
                of.as_str().into(),
                external.as_str().into(),
                parent_of(|parent| &parent.0),
                parent_of(|parent| &parent.1),
                ValueRef::Blob(&data),
                sync.as_str().into(),
                "2026-11-23 10:00:00".into(),
            ])
            .unwrap();
        loader
            .push_entitlement(&[
                of.as_str().into(),
                id.as_str().into(),
                external.as_str().into(),
                ValueRef::Blob(&data),
                sync.as_str().into(),
                "2026-11-23 10:00:00".into(),
            ])
            .unwrap();
    }
    restored(loader.finish().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn objects_in_any_order_are_indexed(
        objects in proptest::collection::vec(any_object(), 0..120), size in 9..=15_u32, unique: bool,
    ) {
        let mut seen = std::collections::HashSet::new();
        let is_new = |(of, id, _, sync, _): &Object| seen.insert((of.clone(), id.clone(), sync.clone()));
        let (first, twice): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_new);
        let objects = if unique { first.clone() } else { [first.clone(), twice].concat() };
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("objects.db");
        let whole = objects.len() == first.len();
        prop_assert_eq!(load_objects(&db, 1 << size, &objects), if whole { Loaded::Whole } else { Loaded::WithoutIndexes });
        let connection = Connection::open(&db).unwrap();
        let read = |table: &str| -> Vec<(String, String, i64)> {
            let query = format!("SELECT external_id, sync_id, length(data) FROM {table} NOT INDEXED ORDER BY id");
            let mut statement = connection.prepare(&query).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            rows.unwrap().map(Result::unwrap).collect()
        };
        let expected: Vec<_> =
            objects.iter().map(|(of, id, _, sync, size)| (format!("{of}:{id}"), sync.clone(), *size as i64)).collect();
        for table in ["v1_resources", "v1_entitlements"] {
            prop_assert!(read(table) == expected);
        }

        drop(connection);
        if whole {
            check(&db);
        }
    }
}

#[test]
fn objects_of_another_making_are_left_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("objects.db");
    let mut loader = ObjectLoader::open(&db, empty(&db, 4096), blocks(&db, 4096)).unwrap();
    let blob = ValueRef::Blob(b"7");
    loader.push_resource(&["user".into(), blob, ValueRef::Null, ValueRef::Null, blob, "s1".into(), "".into()]).unwrap();
    assert_eq!(restored(loader.finish().unwrap()), Loaded::WithoutIndexes);
}
