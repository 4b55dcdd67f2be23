//! The commands on a small file of our own: tables, filters, missing objects, errors.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod small_file;

use std::io::{self, Write};
use std::path::Path;

use baton_explore::{EntitlementQuery, Error, Format, GrantQuery, Options, ResourceQuery};
use serde_json::{Value, json};
use small_file::SmallFile;

const CONSOLE: Options = Options { format: Format::Console, width: Some(80), temp_dir: None, sync: None };
const JSON: Options = Options { format: Format::Json, width: None, temp_dir: None, sync: None };

fn text(command: impl FnOnce(&mut dyn Write) -> Result<(), Error>) -> String {
    let mut out = Vec::new();
    command(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn failure(command: impl FnOnce(&mut dyn Write) -> Result<(), Error>) -> Error {
    let mut out = Vec::new();
    let error = command(&mut out).unwrap_err();
    assert!(out.is_empty(), "nothing is printed before an error");
    error
}

fn grants_of(file: &SmallFile, query: &GrantQuery) -> Vec<String> {
    let list: Value = serde_json::from_str(&text(|out| baton_explore::grants(file.path(), query, &JSON, out))).unwrap();
    let grants = list["grants"].as_array().cloned().unwrap_or_default();
    grants.iter().map(|entry| entry["grant"]["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_table_of_stats() {
    let file = SmallFile::usual();
    // The file notes what the clock of its writer showed, and this test may run anywhere.
    let clock = |at: &str| baton_c1z::time::to_text(at.parse().unwrap())[..19].to_owned();
    let (started, ended) = (clock(small_file::STARTED), clock(small_file::ENDED));
    let expected = format!(
        "\
System   acme\u{fffd}.okta.com (00o1)
Sync     3MVdDHW4351Z9BXvKZOv4qSxtlW
Type     full
Started  {started}
Ended    {ended} (after 1.5 s)

Resource type  Resources  Entitlements  Grants
──────────────────────────────────────────────
app                    1             1       2
group                  1             1       2
user                   2             0       0
All                    4             2       4
"
    );
    assert_eq!(text(|out| baton_explore::stats(file.path(), &CONSOLE, out)), expected);
}

#[test]
fn the_table_of_resource_types() {
    let file = SmallFile::usual();
    let expected = "\
Id     Name         Traits
──────────────────────────
user   User         user
group  Group        group
app    Application  app

3 resource types
";
    assert_eq!(text(|out| baton_explore::resource_types(file.path(), &CONSOLE, out)), expected);
}

#[test]
fn the_table_of_resources() {
    let file = SmallFile::usual();
    let all = ResourceQuery::default();
    let expected = "\
Name         Type   Id    Status   Parent
──────────────────────────────────────────
Ann Example  user   00u1  ACTIVE
00u2         user   00u2  enabled
Everyone     group  same           The App
The App      app    same

4 resources
";
    assert_eq!(text(|out| baton_explore::resources(file.path(), &all, &CONSOLE, out)), expected);

    let users = ResourceQuery { resource_type: Some("user".into()) };
    let table = text(|out| baton_explore::resources(file.path(), &users, &CONSOLE, out));
    assert!(table.ends_with("\n2 resources\n") && !table.contains("Everyone"), "{table}");
}

#[test]
fn the_table_of_entitlements() {
    let file = SmallFile::usual();
    let expected = "\
Entitlement        Name    Resource  Type   Purpose
──────────────────────────────────────────────────────
group:same:member  Member  Everyone  group  assignment
app:same:access    Access  The App   app    permission

2 entitlements
";
    let all = EntitlementQuery::default();
    assert_eq!(text(|out| baton_explore::entitlements(file.path(), &all, &CONSOLE, out)), expected);
}

#[test]
fn the_table_of_grants_says_what_is_missing() {
    let file = SmallFile::usual();
    let expected = "\
Principal                     Type  Id    Entitlement        Resource
────────────────────────────────────────────────────────────────────────────────────────
Ann Example                   user  00u1  group:same:member  Everyone
00u2                          user  00u2  group:same:member  Everyone
Ann Example                   user  00u1  app:same:access    The App
MISSING RESOURCE (user:gone)  user  gone  app:gone:access    MISSING RESOURCE (app:gone)

4 grants
";
    let all = GrantQuery::default();
    let wide = Options { width: Some(100), ..CONSOLE };
    assert_eq!(text(|out| baton_explore::grants(file.path(), &all, &wide, out)), expected);
}

#[test]
fn tables_fit_a_narrow_terminal_and_stay_on_one_line_in_a_pipe() {
    let file = SmallFile::usual();
    let all = GrantQuery::default();
    let narrow = Options { width: Some(40), ..CONSOLE };
    let table = text(|out| baton_explore::grants(file.path(), &all, &narrow, out));
    assert!(table.lines().all(|line| line.chars().count() <= 40), "{table}");
    let pipe = Options { width: None, ..CONSOLE };
    let table = text(|out| baton_explore::grants(file.path(), &all, &pipe, out));
    assert!(table.lines().any(|line| line.contains("Ann Example") && line.contains("app:same:access")), "{table}");
}

#[test]
fn json_of_grants_joins_whole_objects_to_stored_ids() {
    let file = SmallFile::usual();
    let query = GrantQuery { entitlement: Some("app:same:access".into()), ..GrantQuery::default() };
    let list = text(|out| baton_explore::grants(file.path(), &query, &JSON, out));
    let app = json!({"id": {"resourceType": "app", "resource": "same"}, "displayName": "The App"});
    let expected = json!({"grants": [{
        "grant": {
            "entitlement": {"resource": {"id": {"resourceType": "app", "resource": "same"}}, "id": "app:same:access"},
            "principal": {"id": {"resourceType": "user", "resource": "00u1"}},
            "id": "app:same:access:user:00u1",
        },
        "entitlement": {
            "resource": {"id": {"resourceType": "app", "resource": "same"}},
            "id": "app:same:access", "displayName": "Access", "purpose": "PURPOSE_VALUE_PERMISSION",
        },
        "resource": app,
        "resourceType": {"id": "app", "displayName": "Application", "traits": ["TRAIT_APP"]},
        "principal": {
            "id": {"resourceType": "user", "resource": "00u1"}, "displayName": "Ann Example",
            "annotations": [{"@type": "type.googleapis.com/c1.connector.v2.RawId", "id": "00u1"}],
            "status": {"status": "RESOURCE_STATUS_ENABLED", "details": "ACTIVE"},
        },
    }]});
    assert_eq!(serde_json::from_str::<Value>(&list).unwrap(), expected);
    assert!(!list.ends_with('\n'));
}

#[test]
fn json_says_what_is_missing_in_the_words_of_the_reference_tool() {
    let file = SmallFile::usual();
    let all = GrantQuery::default();
    let list: Value = serde_json::from_str(&text(|out| baton_explore::grants(file.path(), &all, &JSON, out))).unwrap();
    let entry = &list["grants"][3];
    let id = |resource_type: &str| json!({"resourceType": resource_type, "resource": "gone"});
    let name = "MISSING ENTITLEMENT (app:gone:access)";
    assert_eq!(entry["entitlement"], json!({"id": "app:gone:access", "displayName": name}));
    assert_eq!(entry["resource"], json!({"id": id("app"), "displayName": "MISSING RESOURCE (app:gone)"}));
    assert_eq!(entry["resourceType"]["displayName"], "Application");
    assert_eq!(entry["principal"], json!({"id": id("user"), "displayName": "MISSING RESOURCE (user:gone)"}));
    // The grant itself is what was stored.
    assert_eq!(entry["grant"]["principal"], json!({"id": id("user")}));
}

#[test]
fn a_type_that_is_missing_is_said_so() {
    let file = SmallFile::with_unknown_type();
    let list = text(|out| baton_explore::resources(file.path(), &ResourceQuery::default(), &JSON, out));
    let list: Value = serde_json::from_str(&list).unwrap();
    let expected = json!({"id": "team", "displayName": "MISSING RESOURCE TYPE (team)"});
    assert_eq!(list["resources"][0]["resourceType"], expected);
    assert_eq!(list["resources"][0]["parent"]["displayName"], "MISSING RESOURCE (org:gone)");
}

#[test]
fn a_sync_can_be_chosen() {
    let file = SmallFile::with_two_syncs();
    let counts = |sync: Option<&str>| {
        let options = Options { sync: sync.map(str::to_owned), ..JSON };
        let stats = text(|out| baton_explore::stats(file.path(), &options, out));
        let stats: Value = serde_json::from_str(&stats).unwrap();
        let all = ResourceQuery::default();
        let list = text(|out| baton_explore::resources(file.path(), &all, &options, out));
        let list: Value = serde_json::from_str(&list).unwrap();
        (stats["id"].as_str().unwrap().to_owned(), list["resources"].as_array().unwrap().len())
    };
    let (first, last) = (small_file::SYNC.to_owned(), small_file::NEXT_SYNC.to_owned());
    assert_eq!(counts(None), (last.clone(), 1));
    assert_eq!(counts(Some(&first)), (first.clone(), 4));
    assert_eq!(counts(Some(&last)), (last.clone(), 1));

    let options = Options { sync: Some("other".to_owned()), ..JSON };
    let error = failure(|out| baton_explore::stats(file.path(), &options, out));
    assert_eq!(error.code(), 5);
    let error = error.to_string();
    assert!(error.starts_with("the file holds no sync \"other\"; it has "), "{error}");
    assert!(error.contains(&format!("{first} (full, ended ")) && error.contains(&last), "{error}");
}

#[test]
fn json_of_resources_has_the_parent_of_those_that_have_one() {
    let file = SmallFile::usual();
    let all = ResourceQuery::default();
    let list: Value =
        serde_json::from_str(&text(|out| baton_explore::resources(file.path(), &all, &JSON, out))).unwrap();
    assert_eq!(list["resources"][2]["parent"]["displayName"], "The App");
    assert_eq!(list["resources"][3].get("parent"), None);
    // The annotation of unknown type is left out, the known one stays.
    assert_eq!(list["resources"][0]["resource"]["annotations"].as_array().unwrap().len(), 1);
}

#[test]
fn filters_are_combined() {
    let file = SmallFile::usual();
    let query = |resource_type: &str, resource: &str, entitlement: &str| {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        GrantQuery { resource_type: given(resource_type), resource: given(resource), entitlement: given(entitlement) }
    };
    let members = ["group:same:member:user:00u1", "group:same:member:user:00u2"];
    assert_eq!(grants_of(&file, &query("group", "", "")), members);
    assert_eq!(grants_of(&file, &query("group", "same", "")), members);
    assert_eq!(grants_of(&file, &query("", "group:same", "")), members);
    assert_eq!(grants_of(&file, &query("", "", "group:same:member")), members);
    assert_eq!(grants_of(&file, &query("", "00u1", "")), Vec::<String>::new());
    assert_eq!(grants_of(&file, &query("app", "", "group:same:member")), Vec::<String>::new());

    let on_app = EntitlementQuery { resource_type: Some("app".into()), resource: Some("same".into()) };
    let list: Value =
        serde_json::from_str(&text(|out| baton_explore::entitlements(file.path(), &on_app, &JSON, out))).unwrap();
    assert_eq!(list["entitlements"].as_array().unwrap().len(), 1);
    assert_eq!(list["entitlements"][0]["resource"]["displayName"], "The App");
}

#[test]
fn nothing_found_is_an_empty_object() {
    let file = SmallFile::usual();
    let of_user = EntitlementQuery { resource_type: Some("user".into()), resource: None };
    assert_eq!(text(|out| baton_explore::entitlements(file.path(), &of_user, &JSON, out)), "{}");
    assert_eq!(text(|out| baton_explore::entitlements(file.path(), &of_user, &CONSOLE, out)), "0 entitlements\n");
}

#[test]
fn filters_that_name_nothing_are_errors() {
    let file = SmallFile::usual();
    let unknown = ResourceQuery { resource_type: Some("device".into()) };
    let error = failure(|out| baton_explore::resources(file.path(), &unknown, &JSON, out));
    assert_eq!(error.to_string(), "the file holds no resource type \"device\"; it has user, group, app");
    assert_eq!(error.code(), 5);

    let unknown = GrantQuery { entitlement: Some("app:other:access".into()), ..GrantQuery::default() };
    let error = failure(|out| baton_explore::grants(file.path(), &unknown, &JSON, out));
    assert_eq!(error.to_string(), "the file holds no entitlement \"app:other:access\"; `entitlements` lists them");

    let unknown = GrantQuery { resource_type: Some("app".into()), resource: Some("x".into()), entitlement: None };
    let error = failure(|out| baton_explore::grants(file.path(), &unknown, &CONSOLE, out));
    assert_eq!(error.to_string(), "the file holds no resource \"x\"; `resources -t app` lists those of the type");

    let unclear = EntitlementQuery { resource_type: None, resource: Some("same".into()) };
    let error = failure(|out| baton_explore::entitlements(file.path(), &unclear, &CONSOLE, out));
    assert_eq!(
        error.to_string(),
        "several resources have the id \"same\" (of the types group, app): name the type too, with -t"
    );
    assert_eq!(error.code(), 3);
}

#[test]
fn files_that_cannot_be_shown_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let stats = |path: &Path| failure(|out| baton_explore::stats(path, &JSON, out)).to_string();

    let missing = folder.path().join("missing.c1z");
    assert!(stats(&missing).contains("does not exist"));

    let empty = folder.path().join("empty.c1z");
    std::fs::write(&empty, "").unwrap();
    assert!(stats(&empty).contains("is empty"));

    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a file of ours").unwrap();
    assert!(stats(&text).contains("is not a .c1z file"));

    let unfinished = SmallFile::without_syncs();
    assert!(stats(unfinished.path()).contains("holds no finished sync"));
    let error = failure(|out| baton_explore::grants(unfinished.path(), &GrantQuery::default(), &JSON, out));
    assert_eq!(error.code(), 9);
}

/// A reader that goes away, or a disk that is full.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_who_goes_away_is_no_error_but_a_full_disk_is() {
    let file = SmallFile::usual();
    let all = GrantQuery::default();
    for options in [CONSOLE, JSON] {
        baton_explore::grants(file.path(), &all, &options, &mut Broken(io::ErrorKind::BrokenPipe)).unwrap();
        let error = baton_explore::grants(file.path(), &all, &options, &mut Broken(io::ErrorKind::StorageFull));
        assert!(error.unwrap_err().to_string().starts_with("cannot write the output"));
    }
}

#[test]
fn the_file_is_unpacked_where_it_is_told_to() {
    let file = SmallFile::usual();
    let missing = Options { temp_dir: Some("/no/such/folder".into()), ..JSON };
    let error = baton_explore::stats(file.path(), &missing, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
    let there = tempfile::tempdir().unwrap();
    let options = Options { temp_dir: Some(there.path().to_owned()), ..JSON };
    baton_explore::stats(file.path(), &options, &mut Vec::new()).unwrap();
    assert_eq!(std::fs::read_dir(there.path()).unwrap().count(), 0, "nothing is left there");
}
