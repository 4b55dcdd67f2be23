//! What a file says about its syncs.

use std::path::Path;
use std::sync::Arc;

use baton_connector::{Options, ResourceBid};
use baton_sync::{SyncConfig, SyncError};
use tokio_util::sync::CancellationToken;

use crate::support::{MadeUp, expandable, grant, noted, sync, sync_with};

/// Type, token, whether differences can be made, and which checks were made, of all syncs in a file.
fn runs(file: &Path) -> Vec<[String; 6]> {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("db");
    baton_c1z::envelope::decode(file, &db, &baton_c1z::envelope::Limits::default()).unwrap();
    let connection = rusqlite::Connection::open(&db).unwrap();
    let sql = "SELECT sync_type, sync_token, CAST(supports_diff AS TEXT), ingest_invariant_generation,
               ingest_invariant_coverage, ingest_invariant_mode FROM v1_sync_runs ORDER BY id";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let text = |column| row.get::<_, String>(column);
        Ok([text(0)?, text(1)?, text(2)?, text(3)?, text(4)?, text(5)?])
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn syncs_are_recorded_as_the_reference_records_them() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let edge = expandable(grant(("app", "a0", "access"), "group", "g1"), &["group:g1:member"], false, &[]);
    let full = Arc::new(MadeUp { extra: vec![edge], ..MadeUp::default() });
    sync(&full, &target).await.unwrap();
    let with = |options| SyncConfig { options, ..SyncConfig::new(&target) };
    let named = Options { resources: vec![ResourceBid::new("group", "g1")], ..Options::default() };
    sync_with(&Arc::new(MadeUp::default()), with(named)).await.unwrap();
    let resources = Arc::new(MadeUp { resources_only: true, ..MadeUp::default() });
    sync_with(&resources, with(Options { skip_entitlements_and_grants: true, ..Options::default() })).await.unwrap();
    let checks = ["1", r#"["I5","I10"]"#, "connector"];
    let run = |of: &str, token: &str, diff: &str| [of, token, diff, checks[0], checks[1], checks[2]].map(str::to_owned);
    assert_eq!(
        runs(&target),
        [
            run("full", r#"{"needs_expansion":true,"version":1}"#, "1"),
            run("partial", r#"{"should_fetch_related_resources":true,"version":1}"#, "0"),
            run("resources_only", r#"{"should_skip_entitlements_and_grants":true,"version":1}"#, "0"),
        ]
    );
    assert_eq!(noted(&target), None, "nothing is reused of this source");
}

#[tokio::test]
async fn what_contradicts_itself_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let error = sync(&Arc::new(MadeUp { exclusive: true, ..MadeUp::default() }), &target).await.unwrap_err();
    assert!(matches!(error, SyncError::Inconsistent(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("the exclusion group one has two default entitlements"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the next sync looks again");
    // One such group alone is sound.
    let one = Arc::new(MadeUp { exclusive: true, groups: 1, ..MadeUp::default() });
    sync(&one, &target).await.unwrap();
}

#[tokio::test]
async fn what_a_sync_was_asked_for_is_stored_in_a_written_out_form() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let stopped = Arc::new(MadeUp { stop: Some((5, CancellationToken::new())), system: "one", ..MadeUp::default() });
    let options = Options { resource_types: vec!["user".to_owned()], skip_grants: true, ..Options::default() };
    sync_with(&stopped, SyncConfig { options, ..SyncConfig::new(&target) }).await.unwrap_err();
    let plan = rusqlite::Connection::open(folder.path().join("sync.c1z.work/plan.db")).unwrap();
    let meta = |key: &str| -> String {
        plan.query_row("SELECT value FROM meta WHERE key = ?", [key], |row| row.get(0)).unwrap()
    };
    assert_eq!(meta("fingerprint"), "made up\nresource-type 4:user\nskip-grants\n");
    assert_eq!(meta("system"), "one");
}
