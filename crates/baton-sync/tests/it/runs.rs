//! Whole syncs of a made-up system: order, interruption, failures, options.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use baton_connector::{GapKind, Source};
use baton_sync::{Observer, SyncConfig, SyncError};
use tokio_util::sync::CancellationToken;

use crate::support::{MadeUp, Notes, contents, grant, grant_ids, sync, sync_with};

#[tokio::test]
async fn everything_is_in_the_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let source = Arc::new(MadeUp::default());
    let summary = sync(&source, &target).await.unwrap();
    let tables = contents(&target);
    assert_eq!(tables["v1_resource_types"].len(), 3);
    assert_eq!(tables["v1_resources"].len(), 23 + 5 + 3);
    assert_eq!(tables["v1_entitlements"].len(), 5 + 3);
    // Members: 23 + 12 + 8 + 6 + 5; edges: groups 0 and 3 with three applications each.
    assert_eq!(tables["v1_grants"].len(), 23 + 12 + 8 + 6 + 5 + 6);
    let distinct: BTreeSet<_> = grant_ids(&target).into_iter().collect();
    assert_eq!(distinct.len(), 60);
    assert!(distinct.contains("app:a2:access:group:g3"));
    let counts: Vec<_> = summary
        .types
        .iter()
        .map(|count| (count.id.as_str(), count.resources, count.entitlements, count.grants))
        .collect();
    assert_eq!(counts, [("user", 23, 0, 0), ("group", 5, 5, 54), ("app", 3, 3, 6)]);
    assert_eq!(summary.pages_fetched, source.fetched().len() as u64);
    assert!(!summary.resumed);
    assert_eq!(summary.file_bytes, fs::metadata(&target).unwrap().len());
    // The gap that a page reported.
    assert_eq!(summary.gaps.len(), 1);
    assert_eq!((summary.gaps[0].kind, summary.gaps[0].count), (GapKind::Unmappable, 1));
    assert_eq!(summary.gaps[0].examples, [("u7".to_owned(), "has no name".to_owned())]);
    // Nothing else is left in the folder.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn the_cheaper_side_of_a_gate_is_read_and_the_other_is_not() {
    let folder = tempfile::tempdir().unwrap();
    for (groups, apps, expected) in [(5, 3, "edges-by-group"), (30, 2, "edges-by-app")] {
        let source = Arc::new(MadeUp { groups, apps, ..MadeUp::default() });
        let target = folder.path().join(format!("{expected}.c1z"));
        sync(&source, &target).await.unwrap();
        let kinds: BTreeSet<_> =
            source.fetched().iter().map(|(kind, ..)| *kind).filter(|kind| kind.starts_with("edges")).collect();
        assert_eq!(kinds, BTreeSet::from([expected]));
        let edges = grant_ids(&target).iter().filter(|id| id.starts_with("app:")).count();
        assert_eq!(edges, groups.div_ceil(3) * apps);
    }
}

#[tokio::test]
async fn the_order_of_arrival_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    sync(&Arc::new(MadeUp::default()), &target).await.unwrap();
    let calm = contents(&target);
    for (delays, workers, page_size) in [(1, 1, 4), (2, 3, 1), (3, 32, 1000), (4, 8, 3)] {
        let source = Arc::new(MadeUp { delays, page_size, ..MadeUp::default() });
        let target = folder.path().join(format!("sync-{delays}.c1z"));
        sync_with(&source, SyncConfig { workers, ..SyncConfig::new(&target) }).await.unwrap();
        assert_eq!(contents(&target), calm, "delays {delays}, {workers} workers, pages of {page_size}");
    }
}

#[tokio::test]
async fn a_run_stopped_anywhere_is_carried_on_and_no_committed_page_is_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let calm = folder.path().join("calm.c1z");
    let undisturbed = Arc::new(MadeUp::default());
    let total = sync(&undisturbed, &calm).await.unwrap().pages_fetched;
    for after in 0..usize::try_from(total).unwrap() {
        let target = folder.path().join("sync.c1z");
        let stopped = Arc::new(MadeUp { stop: Some((after, CancellationToken::new())), ..MadeUp::default() });
        let error = sync_with(&stopped, SyncConfig { workers: 2, ..SyncConfig::new(&target) }).await.unwrap_err();
        let SyncError::Cancelled { kept, .. } = error else { panic!("unexpected: {error}") };
        assert!(!target.exists(), "nothing is written before the end");
        let second = Arc::new(MadeUp::default());
        let summary = sync(&second, &target).await.unwrap();
        assert_eq!(summary.pages_from_before, kept, "after {after}");
        assert_eq!(summary.pages_fetched + kept, total, "after {after}");
        assert_eq!(summary.resumed, kept > 0, "after {after}");
        assert_eq!(contents(&target), contents(&calm), "after {after}");
        fs::remove_file(target).unwrap();
    }
}

#[tokio::test]
async fn a_failed_page_keeps_the_rest_and_leaves_the_target_alone() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    sync(&Arc::new(MadeUp { users: 3, ..MadeUp::default() }), &target).await.unwrap();
    let before = fs::read(&target).unwrap();
    let failing = Arc::new(MadeUp { fails: Some(("members", "3")), ..MadeUp::default() });
    let error = sync_with(&failing, SyncConfig { workers: 1, ..SyncConfig::new(&target) }).await.unwrap_err();
    assert_eq!(error.code(), 14);
    let SyncError::Fetch { kept, .. } = &error else { panic!("unexpected: {error}") };
    assert!(*kept > 0);
    assert!(error.to_string().contains("members 3: the system is on fire"), "{error}");
    assert_eq!(fs::read(&target).unwrap(), before);
    // Once the fire is out, only what is missing is fetched.
    let healthy = Arc::new(MadeUp::default());
    let summary = sync(&healthy, &target).await.unwrap();
    assert!(summary.resumed);
    assert_eq!(summary.pages_from_before, *kept);
    let again: Vec<_> = healthy.fetched().into_iter().filter(|page| failing.fetched().contains(page)).collect();
    assert!(again.is_empty(), "fetched twice: {again:?}");
}

#[tokio::test]
async fn a_forgotten_cursor_begins_its_list_again_once() {
    let folder = tempfile::tempdir().unwrap();
    let calm = folder.path().join("calm.c1z");
    sync(&Arc::new(MadeUp::default()), &calm).await.unwrap();

    let target = folder.path().join("sync.c1z");
    let stopped = Arc::new(MadeUp { stop: Some((12, CancellationToken::new())), ..MadeUp::default() });
    sync(&stopped, &target).await.unwrap_err();
    assert!(stopped.fetched().iter().filter(|(kind, ..)| *kind == "users").count() > 1);
    let forgetful = Arc::new(MadeUp { forgets: 1.into(), ..MadeUp::default() });
    let summary = sync(&forgetful, &target).await.unwrap();
    assert!(summary.resumed);
    assert!(forgetful.fetched().contains(&("users", String::new(), String::new())), "the list was begun again");
    assert_eq!(contents(&target), contents(&calm));
    // What the first pages had to report is not reported twice.
    assert_eq!(summary.gaps.iter().map(|gap| gap.count).sum::<u64>(), 1);

    let hopeless = Arc::new(MadeUp { forgets: 2.into(), ..MadeUp::default() });
    let error = sync(&hopeless, &folder.path().join("never.c1z")).await.unwrap_err();
    assert_eq!(error.code(), 3);
}

#[tokio::test]
async fn a_list_that_leads_in_circles_ends_the_sync() {
    let folder = tempfile::tempdir().unwrap();
    let source = Arc::new(MadeUp { circles: true, ..MadeUp::default() });
    let error = sync(&source, &folder.path().join("sync.c1z")).await.unwrap_err();
    assert!(error.to_string().contains("leads in circles"), "{error}");
    assert_eq!(source.fetched().iter().filter(|(kind, ..)| *kind == "users").count(), 3);
}

#[tokio::test]
async fn other_options_begin_anew_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let stopped = Arc::new(MadeUp { stop: Some((5, CancellationToken::new())), ..MadeUp::default() });
    sync(&stopped, &target).await.unwrap_err();
    let other: Arc<dyn Source> = Arc::new(MadeUp { fingerprint: "other options", ..MadeUp::default() });
    let notes = Arc::new(Notes::default());
    let watching = Arc::clone(&notes) as Arc<dyn Observer>;
    let summary = baton_sync::run(other, SyncConfig::new(&target), watching, CancellationToken::new()).await.unwrap();
    assert!(!summary.resumed);
    let notes = notes.0.lock().unwrap();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("made with other options"), "{notes:?}");
}

#[tokio::test]
async fn a_v3_file_is_replaced_and_the_operator_told() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    fs::write(&target, b"C1Z3\0some manifest and payload").unwrap();
    let notes = Arc::new(Notes::default());
    let watching = Arc::clone(&notes) as Arc<dyn Observer>;
    let source: Arc<dyn Source> = Arc::new(MadeUp::default());
    baton_sync::run(source, SyncConfig::new(&target), watching, CancellationToken::new()).await.unwrap();
    assert_eq!(contents(&target)["v1_resource_types"].len(), 3);
    let notes = notes.0.lock().unwrap();
    assert!(notes.len() == 1 && notes[0].contains("v3 (Pebble)"), "{notes:?}");
}

#[tokio::test]
async fn grants_to_principals_that_were_not_listed_follow_the_sources_wish() {
    let folder = tempfile::tempdir().unwrap();
    let count =
        |id: &str, target: &std::path::Path| grant_ids(target).iter().filter(|grant| grant.ends_with(id)).count();
    let kept = folder.path().join("kept.c1z");
    let source = Arc::new(MadeUp { unlisted: vec![6], ..MadeUp::default() });
    let summary = sync(&source, &kept).await.unwrap();
    // 6 is divisible by 1, 2 and 3.
    assert_eq!(count(":user:u6", &kept), 3);
    let dangling = summary.gaps.iter().find(|gap| gap.kind == GapKind::Dangling).unwrap();
    assert_eq!((dangling.resource_type.as_str(), dangling.count), ("user", 3));

    let dropped = folder.path().join("dropped.c1z");
    let source = Arc::new(MadeUp { unlisted: vec![6], drops_missing: true, ..MadeUp::default() });
    let summary = sync(&source, &dropped).await.unwrap();
    assert_eq!(count(":user:u6", &dropped), 0);
    assert!(summary.gaps.iter().any(|gap| gap.kind == GapKind::LeftOut && gap.count == 3));
}

#[tokio::test]
async fn grants_on_what_is_not_in_the_sync_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let extra = vec![
        grant(("app", "a99", "access"), "user", "u1"),
        grant(("role", "SUPER", "assigned"), "user", "u1"),
        grant(("app", "a1", "access"), "device", "d1"),
        grant(("app", "a1", "access"), "user", "u1"),
    ];
    let summary = sync(&Arc::new(MadeUp { extra, ..MadeUp::default() }), &target).await.unwrap();
    let users: Vec<_> =
        grant_ids(&target).into_iter().filter(|id| id.starts_with("app:") && id.contains(":user:")).collect();
    assert_eq!(users, ["app:a1:access:user:u1"]);
    // A missing application is reported; types that are no part of the sync were not asked for.
    let unresolved: Vec<_> = summary.gaps.iter().filter(|gap| gap.kind == GapKind::Unresolved).collect();
    assert_eq!(unresolved.len(), 1);
    assert_eq!((unresolved[0].resource_type.as_str(), unresolved[0].count), ("app", 1));
    assert!(summary.gaps.iter().all(|gap| !gap.kind.is_kept()), "nothing in the file points to it: {:?}", summary.gaps);
}

#[tokio::test]
async fn a_type_filter_limits_the_sync_and_an_unknown_type_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let mut config = SyncConfig::new(&target);
    config.options.resource_types = vec!["group".to_owned(), "user".to_owned()];
    sync_with(&Arc::new(MadeUp::default()), config.clone()).await.unwrap();
    let tables = contents(&target);
    assert_eq!(tables["v1_resource_types"].len(), 2);
    assert!(tables["v1_resources"].iter().all(|row| row[0] != "app"));
    assert!(tables["v1_grants"].iter().all(|row| row[0] == "group"));

    config.options.resource_types.push("robot".to_owned());
    let error = sync_with(&Arc::new(MadeUp::default()), config).await.unwrap_err();
    assert_eq!(error.code(), 2);
    assert!(error.to_string().contains("invalid resource type 'robot' in filter"), "{error}");
}

#[tokio::test]
async fn the_previous_sync_stays_in_the_file_and_older_ones_go() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let mut ids = Vec::new();
    for users in [3, 4, 5] {
        ids.push(sync(&Arc::new(MadeUp { users, ..MadeUp::default() }), &target).await.unwrap().sync_id);
    }
    let reader = baton_c1z::Reader::open(&target).unwrap();
    let kept: Vec<_> = reader.syncs().unwrap().into_iter().map(|run| run.sync_id).collect();
    assert_eq!(kept, ids[1..]);
}

#[tokio::test]
async fn targets_that_cannot_be_replaced_are_refused_before_anything_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.c1z");
    sync(&Arc::new(MadeUp::default()), &good).await.unwrap();
    let good = fs::read(good).unwrap();

    let text = folder.path().join("notes.txt");
    fs::write(&text, "dear diary, this is no c1z").unwrap();
    let cut = folder.path().join("cut.c1z");
    fs::write(&cut, &good[..good.len() / 2]).unwrap();
    let directory = folder.path().join("directory.c1z");
    fs::create_dir(&directory).unwrap();
    let nowhere = folder.path().join("no/such/folder/sync.c1z");
    for target in [text, cut, directory, nowhere] {
        let before = fs::read(&target).ok();
        let source = Arc::new(MadeUp::default());
        let error = sync(&source, &target).await.unwrap_err();
        let name = target.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(error.to_string().contains(&name), "{error}");
        assert_ne!(error.code(), 0);
        assert_eq!(source.fetched().len(), 0, "{error}");
        assert_eq!(fs::read(&target).ok(), before);
        assert!(!folder.path().join(format!("{name}.work")).exists(), "{error}");
    }
}

#[tokio::test]
async fn damage_deep_in_the_previous_file_costs_nothing_that_was_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let large = || Arc::new(MadeUp { users: 12_000, page_size: 1000, ..MadeUp::default() });
    sync(&large(), &target).await.unwrap();
    let expected = contents(&target);
    let mut bytes = fs::read(&target).unwrap();
    // Somewhere among the rows of grants.
    let middle = bytes.len() / 3;
    bytes[middle] ^= 0x10;
    fs::write(&target, &bytes).unwrap();
    let source = large();
    let error = sync(&source, &target).await.unwrap_err();
    assert!(matches!(&error, SyncError::Replaced(_)), "{error}");
    assert!(error.to_string().contains("move it away and run the same command again"), "{error}");
    assert_eq!(fs::read(&target).unwrap(), bytes);
    assert!(!source.fetched().is_empty());
    fs::rename(&target, folder.path().join("damaged.c1z")).unwrap();
    let source = large();
    let summary = sync(&source, &target).await.unwrap();
    assert!(summary.resumed && source.fetched().is_empty());
    assert_eq!(contents(&target), expected);
}
