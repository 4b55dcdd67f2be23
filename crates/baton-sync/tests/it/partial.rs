//! Partial syncs: some resources that were named, with what belongs to them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use baton_connector::{GapKind, Options, ResourceBid, Source};
use baton_sync::{Observer, Summary, SyncConfig, SyncError};
use tokio_util::sync::CancellationToken;

use crate::support::{MadeUp, Notes, contents, expandable, grant, grant_ids, sync, sync_with};

fn named(resources: &[&str]) -> Options {
    let resources = resources.iter().map(|text| format!("bid:r:{text}").parse::<ResourceBid>().unwrap());
    Options { resources: resources.collect(), ..Options::default() }
}

fn config(target: &Path, options: Options) -> SyncConfig {
    SyncConfig { options, ..SyncConfig::new(target) }
}

async fn partial(source: &Arc<MadeUp>, target: &Path, resources: &[&str]) -> Result<Summary, SyncError> {
    sync_with(source, config(target, named(resources))).await
}

/// A column of a table of the newest sync.
fn column(file: &Path, table: &str, column: usize) -> Vec<String> {
    contents(file)[table].iter().map(|row| row[column].clone()).collect()
}

fn kinds(source: &MadeUp) -> Vec<String> {
    let mut seen: Vec<_> = source.fetched().into_iter().map(|(kind, subject, _)| format!("{kind} {subject}")).collect();
    seen.sort();
    seen.dedup();
    seen
}

#[tokio::test]
async fn a_named_resource_comes_with_what_belongs_to_it_and_what_its_grants_are_on() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let source = Arc::new(MadeUp { page_size: 2, users: 9, ..MadeUp::default() });
    let summary = partial(&source, &target, &["group/g3"]).await.unwrap();
    assert_eq!(summary.sync_type, "partial");
    assert_eq!(column(&target, "v1_resource_types", 0), ["user", "group", "app"]);
    assert_eq!(column(&target, "v1_resources", 1), ["group:g3", "app:a0", "app:a1", "app:a2"]);
    assert_eq!(
        column(&target, "v1_entitlements", 2),
        ["group:g3:member", "app:a0:access", "app:a1:access", "app:a2:access"]
    );
    assert_eq!(
        grant_ids(&target),
        [
            "group:g3:member:user:u0",
            "group:g3:member:user:u4",
            "group:g3:member:user:u8",
            "app:a0:access:group:g3",
            "app:a1:access:group:g3",
            "app:a2:access:group:g3",
        ]
    );
    // Principals were not asked for, so nothing is missing.
    assert!(summary.gaps.is_empty(), "{:?}", summary.gaps);
    assert_eq!(
        kinds(&source),
        ["edges-by-group 3", "members 3", "one-app a0", "one-app a1", "one-app a2", "one-group g3"]
    );
}

#[tokio::test]
async fn named_twice_and_named_by_a_grant_too_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let source = Arc::new(MadeUp::default());
    partial(&source, &target, &["group/g3", "app/a1", "group/g3", "user/u5"]).await.unwrap();
    let ones: Vec<_> = source.fetched().into_iter().filter(|(kind, ..)| kind.starts_with("one-")).collect();
    assert_eq!(ones.len(), 5, "{ones:?}");
    // What was named has its grants, whoever else named it.
    let grants: BTreeSet<_> = grant_ids(&target).into_iter().filter(|id| id.starts_with("app:")).collect();
    let expected =
        ["app:a0:access:group:g3", "app:a1:access:group:g0", "app:a1:access:group:g3", "app:a2:access:group:g3"];
    assert_eq!(grants, expected.map(str::to_owned).into());
    assert!(column(&target, "v1_resources", 1).contains(&"user:u5".to_owned()));
}

#[tokio::test]
async fn it_stands_beside_the_full_sync_and_is_never_taken_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let guarded = |users| Arc::new(MadeUp { users, guarded: true, ..MadeUp::default() });
    let full = sync(&guarded(60), &target).await.unwrap().sync_id;
    let before = contents(&target);
    // No user at all and one group out of five: no loss, because nobody looked for more.
    let first = partial(&guarded(60), &target, &["group/g1"]).await.unwrap().sync_id;
    let second = partial(&guarded(60), &target, &["group/g2"]).await.unwrap().sync_id;
    let reader = baton_c1z::Reader::open(&target).unwrap();
    let runs: Vec<_> =
        reader.syncs().unwrap().into_iter().map(|run| (run.sync_id, run.sync_type, run.parent_sync_id)).collect();
    let text = str::to_owned;
    assert_eq!(
        runs,
        [
            (full.clone(), text("full"), String::new()),
            (first, text("partial"), full.clone()),
            (second, text("partial"), full.clone()),
        ]
    );
    let token = reader.syncs().unwrap()[1].sync_token.clone();
    assert_eq!(token, r#"{"should_fetch_related_resources":true,"version":1}"#);
    assert_eq!(reader.latest_finished(Some(baton_c1z::SyncType::Full)).unwrap().unwrap().sync_id, full);
    let stats = reader.stats(&full).unwrap();
    assert_eq!(stats.resources, before["v1_resources"].len() as i64);
    drop(reader);
    // The guard still compares with the full one.
    let error = sync(&guarded(41), &target).await.unwrap_err();
    assert!(error.to_string().contains("where the last one had 60"), "{error}");
    // The next full one leaves the last full one in the file, and the partial ones that came after it.
    let next = sync(&guarded(60), &target).await.unwrap().sync_id;
    let reader = baton_c1z::Reader::open(&target).unwrap();
    let ids: Vec<_> = reader.syncs().unwrap().into_iter().map(|run| run.sync_id).collect();
    assert_eq!((ids.len(), &ids[0], &ids[3]), (4, &full, &next));
}

#[tokio::test]
async fn what_is_not_there_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let source = Arc::new(MadeUp { only_listed: Some("user"), ..MadeUp::default() });
    let summary = partial(&source, &target, &["group/g99", "user/u1", "group/g1"]).await.unwrap();
    assert_eq!(column(&target, "v1_resources", 1), ["group:g1"]);
    let gaps: Vec<_> =
        summary.gaps.iter().map(|gap| (gap.kind, gap.resource_type.as_str(), gap.examples[0].0.as_str())).collect();
    assert_eq!(gaps, [(GapKind::Gone, "group", "g99"), (GapKind::Unmappable, "user", "u1")]);
    // With --strict it is a failure, and no file is left that could be taken for an answer.
    let other = folder.path().join("other.c1z");
    let strict = SyncConfig { strict: true, ..config(&other, named(&["group/g99"])) };
    let error = sync_with(&Arc::new(MadeUp::default()), strict).await.unwrap_err();
    assert!(matches!(error, SyncError::Incomplete(_)) && !other.exists(), "{error}");
}

#[tokio::test]
async fn types_that_do_not_exist_are_refused_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let source = Arc::new(MadeUp::default());
    let error = partial(&source, &target, &["group/g1", "robot/r2"]).await.unwrap_err();
    assert_eq!(error.code(), 2);
    let text = error.to_string();
    assert!(text.contains("bid:r:robot/r2") && text.contains("user, group, app"), "{text}");
    assert_eq!(source.fetched().len(), 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_type_that_is_synced_on_request_only_is_there_when_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let source = Arc::new(MadeUp { apps_on_request: true, ..MadeUp::default() });
    sync(&source, &target).await.unwrap();
    assert_eq!(column(&target, "v1_resource_types", 0), ["user", "group"]);
    partial(&source, &target, &["app/a1"]).await.unwrap();
    assert_eq!(column(&target, "v1_resource_types", 0), ["user", "group", "app"]);
    // Its grants name groups as holders only; what they are on is the application itself.
    assert_eq!(column(&target, "v1_resources", 1), ["app:a1"]);
    assert_eq!(grant_ids(&target).len(), 2);
    // A group's grants on it are not asked for, and nobody looks at applications for their sake.
    partial(&source, &target, &["group/g3"]).await.unwrap();
    assert_eq!(column(&target, "v1_resources", 1), ["group:g3"]);
    assert!(grant_ids(&target).iter().all(|id| id.starts_with("group:")));
}

#[tokio::test]
async fn grants_and_entitlements_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |target: &Path| {
        let tables = contents(target);
        ["v1_resources", "v1_entitlements", "v1_grants"].map(|table| tables[table].len())
    };
    for (options, expected, flag) in [
        (Options { skip_grants: true, ..named(&["group/g3"]) }, [1, 1, 0], "should_skip_grants"),
        (
            Options { skip_entitlements_and_grants: true, ..named(&["group/g3"]) },
            [1, 0, 0],
            "should_skip_entitlements_and_grants",
        ),
    ] {
        let target = folder.path().join("sync.c1z");
        let summary = sync_with(&Arc::new(MadeUp::default()), config(&target, options)).await.unwrap();
        assert_eq!((summary.sync_type, rows(&target)), ("partial", expected));
        let token = baton_c1z::Reader::open(&target).unwrap().current().unwrap().sync_token;
        assert!(token.contains(&format!("\"{flag}\":true")), "{token}");
    }
}

#[tokio::test]
async fn a_run_stopped_anywhere_is_carried_on() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.c1z");
    let resources = ["group/g0", "group/g3", "app/a1", "user/u2"];
    let made_up = || MadeUp { page_size: 3, ..MadeUp::default() };
    let all = partial(&Arc::new(made_up()), &whole, &resources).await.unwrap().pages_fetched;
    let mut carried_on = 0;
    for after in 0..usize::try_from(all).unwrap() {
        let target = folder.path().join(format!("stopped-{after}.c1z"));
        let stopped = Arc::new(MadeUp { stop: Some((after, CancellationToken::new())), ..made_up() });
        let slowly = SyncConfig { workers: 2, ..config(&target, named(&resources)) };
        let error = sync_with(&stopped, slowly).await.unwrap_err();
        let SyncError::Cancelled { kept, .. } = error else { panic!("unexpected: {error}") };
        let summary = partial(&Arc::new(made_up()), &target, &resources).await.unwrap();
        assert_eq!((summary.resumed, summary.pages_from_before), (kept > 0, kept), "{after}");
        assert_eq!(summary.pages_fetched + kept, all, "{after}");
        assert_eq!(contents(&target), contents(&whole), "{after}");
        assert!(!folder.path().join(format!("stopped-{after}.c1z.work")).exists());
        carried_on += usize::from(summary.resumed);
    }
    assert!(carried_on > 5, "{carried_on}");
}

#[tokio::test]
async fn the_progress_of_an_interrupted_full_sync_survives_it() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let stopped = Arc::new(MadeUp { stop: Some((5, CancellationToken::new())), ..MadeUp::default() });
    sync(&stopped, &target).await.unwrap_err();
    let notes = Arc::new(Notes::default());
    let source: Arc<dyn Source> = Arc::new(MadeUp::default());
    let watching = Arc::clone(&notes) as Arc<dyn Observer>;
    let config = config(&target, named(&["group/g1"]));
    let summary = baton_sync::run(source, config, watching, CancellationToken::new()).await.unwrap();
    assert!(!summary.resumed && notes.0.lock().unwrap().is_empty());
    let summary = sync(&Arc::new(MadeUp::default()), &target).await.unwrap();
    assert!(summary.resumed && summary.pages_from_before > 0);
    let runs = baton_c1z::Reader::open(&target).unwrap().syncs().unwrap();
    assert_eq!(runs.iter().map(|run| run.sync_type.as_str()).collect::<Vec<_>>(), ["partial", "full"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn principals_that_may_be_left_out_on_purpose_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let source = Arc::new(MadeUp { users: 9, unlisted: vec![4], drops_missing: true, ..MadeUp::default() });
    partial(&source, &target, &["group/g3"]).await.unwrap();
    let members: Vec<_> = grant_ids(&target).into_iter().filter(|id| id.starts_with("group:")).collect();
    assert_eq!(members, ["group:g3:member:user:u0", "group:g3:member:user:u8"]);
}

#[tokio::test]
async fn a_v3_file_is_not_replaced_by_a_part() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    fs::write(&target, b"C1Z3\0some manifest and payload").unwrap();
    let source = Arc::new(MadeUp::default());
    let error = partial(&source, &target, &["group/g1"]).await.unwrap_err();
    assert!(error.to_string().contains("v3 (Pebble)"), "{error}");
    assert_eq!(source.fetched().len(), 0);
    assert_eq!(fs::read(&target).unwrap(), b"C1Z3\0some manifest and payload");
}

#[tokio::test]
async fn expansion_is_left_to_the_reader_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let edge = || expandable(grant(("app", "a0", "access"), "group", "g1"), &["group:g1:member"], false, &[]);
    let expanded = |target: &Path| grant_ids(target).iter().filter(|id| id.starts_with("app:a0:access:user:")).count();
    let source = || Arc::new(MadeUp { extra: vec![edge()], ..MadeUp::default() });
    for (skip, expected) in [(true, 0), (false, 12)] {
        let options = Options { skip_expand_grants: skip, ..Options::default() };
        sync_with(&source(), config(&target, options)).await.unwrap();
        assert_eq!(expanded(&target), expected);
        let token = baton_c1z::Reader::open(&target).unwrap().current().unwrap().sync_token;
        assert!(token.contains("\"needs_expansion\":true"), "{token}");
    }
}
