//! Which system a file is of, and what becomes of that of another.

use std::path::Path;
use std::sync::{Arc, Mutex};

use baton_c1z::Reader;
use baton_connector::{Options, ResourceBid, Source};
use baton_sync::{Observer, Summary, SyncConfig, SyncError};
use tokio_util::sync::CancellationToken;

use crate::support::{MadeUp, Notes, sync, sync_with};
use crate::world::{Live, World};

fn of(system: &'static str) -> Arc<MadeUp> {
    Arc::new(MadeUp { system, ..MadeUp::default() })
}

/// The systems that the syncs of a file were made of.
fn systems(file: &Path) -> Vec<Option<String>> {
    let reader = Reader::open(file).unwrap();
    let system = |sync: &str| reader.system(sync).unwrap().map(|system| system.to_string());
    reader.syncs().unwrap().iter().map(|run| system(&run.sync_id)).collect()
}

#[tokio::test]
async fn a_file_names_its_system_and_that_of_its_older_syncs() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    sync(&of(""), &target).await.unwrap();
    assert_eq!(systems(&target), [None]);
    sync(&of("one"), &target).await.unwrap();
    sync(&of("one"), &target).await.unwrap();
    let one = Some("one.example.com (one)".to_owned());
    assert_eq!(systems(&target), [one.clone(), one]);
}

#[tokio::test]
async fn a_file_of_another_system_is_replaced_only_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    sync(&of("one"), &target).await.unwrap();
    let before = std::fs::read(&target).unwrap();
    let other = of("two");
    let error = sync(&other, &target).await.unwrap_err();
    assert!(matches!(error, SyncError::OtherSystem(_)) && error.code() == 9, "{error}");
    let text = error.to_string();
    assert!(text.contains("one.example.com (one)") && text.contains("two.example.com (two)"), "{text}");
    assert!(text.contains("sync.c1z is left as it was") && text.contains("--allow-shrink"), "{text}");
    assert_eq!(other.fetched().len(), 0, "nothing is read in vain");
    // Nor is a base beside the target, or a part of another system put into the file.
    let base = SyncConfig { base: Some(target.clone()), ..SyncConfig::new(folder.path().join("new.c1z")) };
    let error = sync_with(&other, base).await.unwrap_err();
    assert!(error.to_string().contains("no new file is made"), "{error}");
    let options = Options { resources: vec![ResourceBid::new("group", "g1")], ..Options::default() };
    let part = SyncConfig { options, allow_shrink: true, ..SyncConfig::new(&target) };
    let error = sync_with(&other, part).await.unwrap_err();
    assert!(matches!(&error, SyncError::OtherSystem(text) if !text.contains("--allow-shrink")), "{error}");
    assert!(std::fs::read(&target).unwrap() == before);

    sync(&of(""), &target).await.unwrap();
    sync(&of("one"), &target).await.unwrap();
    let allowed = SyncConfig { allow_shrink: true, ..SyncConfig::new(&target) };
    sync_with(&other, allowed).await.unwrap();
    assert_eq!(systems(&target)[1].as_deref(), Some("two.example.com (two)"));
}

#[tokio::test]
async fn an_interrupted_sync_of_another_system_is_not_carried_on() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    for (system, resumed) in [("two", false), ("one", true), ("", true)] {
        let stop = Some((5, CancellationToken::new()));
        sync(&Arc::new(MadeUp { stop, system: "one", ..MadeUp::default() }), &target).await.unwrap_err();
        let notes = Arc::new(Notes::default());
        let watching = Arc::clone(&notes) as Arc<dyn Observer>;
        let cancel = CancellationToken::new();
        let config = SyncConfig { allow_shrink: true, ..SyncConfig::new(&target) };
        let summary = baton_sync::run(of(system), config, watching, cancel).await.unwrap();
        assert_eq!(summary.resumed, resumed, "{system}");
        let notes = notes.0.lock().unwrap();
        assert_eq!(notes.iter().any(|note| note.contains("it was made of another system")), !resumed, "{notes:?}");
        std::fs::remove_file(&target).unwrap();
    }
}

#[tokio::test]
async fn nothing_is_reused_of_another_system() {
    async fn run(system: &'static str, target: &Path) -> Summary {
        let live = Live { world: World { system, ..World::new() }, fetched: Mutex::default() };
        let config = SyncConfig { allow_shrink: true, ..SyncConfig::new(target) };
        let notes = Arc::new(Notes::default());
        let source = Arc::new(live) as Arc<dyn Source>;
        baton_sync::run(source, config, notes, CancellationToken::new()).await.unwrap()
    }
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    run("one", &target).await;
    for (system, why) in [("two", "the last sync was made of another system"), ("two", ""), ("", ""), ("two", "")] {
        let reading = run(system, &target).await.reading.unwrap();
        let reused: u64 = reading.kinds.iter().map(|kind| kind.reused).sum();
        assert_eq!((reading.why_full.as_str(), reused > 0), (why, why.is_empty()), "{system}");
    }
}
