//! A good file is not replaced by one that has lost most of its content, nor, with `strict`, by an incomplete one.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use baton_c1z::{Reader, envelope};
use baton_sync::{SyncConfig, SyncError};
use tokio_util::sync::CancellationToken;

use crate::support::{MadeUp, Notes, contents, sync, sync_with};

fn guarded(users: usize) -> Arc<MadeUp> {
    Arc::new(MadeUp { users, guarded: true, ..MadeUp::default() })
}

#[tokio::test]
async fn a_sync_that_lost_much_leaves_the_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    sync(&guarded(60), &target).await.unwrap();
    let before = fs::read(&target).unwrap();
    let error = sync(&guarded(41), &target).await.unwrap_err();
    assert!(matches!(error, SyncError::Shrunk(_)), "{error}");
    assert_eq!(error.code(), 9);
    let text = error.to_string();
    assert!(text.contains("found 41 resources of the type user where the last one had 60"), "{text}");
    assert!(text.contains("--allow-shrink"), "{text}");
    assert_eq!(fs::read(&target).unwrap(), before);
    assert!(!folder.path().join("sync.c1z.work").exists(), "what was read is not believed by the next run either");

    let mut config = SyncConfig::new(&target);
    config.allow_shrink = true;
    let again = guarded(41);
    let summary = sync_with(&again, config).await.unwrap();
    assert!(!summary.resumed);
    assert_eq!(contents(&target)["v1_resources"].iter().filter(|row| row[0] == "user").count(), 41);
}

#[tokio::test]
async fn small_losses_are_everyday() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    // 30 percent of 60 are 18; and ten may go whatever share that is.
    for (from, to) in [(60, 42), (12, 2)] {
        let config = SyncConfig { allow_shrink: true, ..SyncConfig::new(&target) };
        sync_with(&guarded(from), config).await.unwrap();
        sync(&guarded(to), &target).await.unwrap();
    }
}

#[tokio::test]
async fn no_user_at_all_is_never_believed() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let error = sync(&guarded(0), &target).await.unwrap_err();
    assert!(error.to_string().contains("found no user at all"), "{error}");
    assert!(!target.exists());
    let config = SyncConfig { allow_shrink: true, ..SyncConfig::new(&target) };
    sync_with(&guarded(0), config).await.unwrap();
}

#[tokio::test]
async fn types_that_were_not_asked_for_are_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    sync(&guarded(60), &target).await.unwrap();
    let mut config = SyncConfig::new(&target);
    config.options.resource_types = vec!["group".to_owned()];
    sync_with(&guarded(60), config).await.unwrap();
}

#[tokio::test]
async fn strict_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let strict = || SyncConfig { strict: true, ..SyncConfig::new(&target) };
    // The eighth user has a gap to report.
    let error = sync_with(&guarded(8), strict()).await.unwrap_err();
    assert!(matches!(error, SyncError::Incomplete(_)), "{error}");
    assert_eq!(error.code(), 9);
    assert!(error.to_string().contains("user, unmappable: 1, for example has no name"), "{error}");
    assert!(!target.exists());
    sync_with(&guarded(7), strict()).await.unwrap();
    // What an option left out is not missing.
    let left_out = MadeUp { users: 7, unlisted: vec![2], drops_missing: true, ..MadeUp::default() };
    sync_with(&Arc::new(left_out), strict()).await.unwrap();
}

#[tokio::test]
async fn a_database_that_readers_refuse_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let source = || Arc::new(MadeUp { users: 60, groups: 20, ..MadeUp::default() });
    sync(&source(), &target).await.unwrap();
    let before = fs::read(&target).unwrap();
    // Too much while the grants are written, and too much only with everything else.
    for (largest_database, words) in [(2_000, "takes at least "), (100_000, "takes ")] {
        let config = SyncConfig { largest_database, ..SyncConfig::new(&target) };
        let error = sync_with(&source(), config).await.unwrap_err();
        assert!(matches!(error, SyncError::TooLarge { .. }) && error.code() == 9, "{error}");
        let text = error.to_string();
        for part in [words, &format!("at most {largest_database} bytes"), "--sync-resource-types", "is as it was"] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
        assert_eq!(fs::read(&target).unwrap(), before);
    }
    // What was read is not lost by it: fewer types, or a larger limit, go on with it.
    let summary = sync_with(&source(), SyncConfig::new(&target)).await.unwrap();
    assert!(summary.resumed && summary.pages_fetched == 0);
}

#[tokio::test]
async fn an_older_sync_goes_where_there_is_no_room_for_both() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let source = |users| Arc::new(MadeUp { users, groups: 300, ..MadeUp::default() });
    let syncs = || Reader::open(&target).unwrap().syncs().unwrap().len();
    let size_of = |file: &Path| {
        let db = folder.path().join("decoded.db");
        envelope::decode(file, &db, &envelope::Limits::default()).unwrap();
        fs::metadata(db).unwrap().len()
    };
    sync(&source(60), &target).await.unwrap();
    let alone = size_of(&target);
    let grown = folder.path().join("grown.c1z");
    sync(&source(700), &grown).await.unwrap();
    let enough = (2 * alone).max(size_of(&grown)) + 8192;
    // Too small for both at first sight; too small only with what came in addition.
    for (users, largest_database) in [(60, alone + alone / 2), (700, enough)] {
        let (notes, config) = (Arc::<Notes>::default(), SyncConfig { largest_database, ..SyncConfig::new(&target) });
        baton_sync::run(source(users), config, notes.clone(), CancellationToken::new()).await.unwrap();
        assert_eq!(syncs(), 1);
        assert!(notes.0.lock().unwrap().iter().any(|note| note.contains("this sync alone")));
        assert!(size_of(&target) <= largest_database);
        fs::remove_file(&target).unwrap();
        sync(&source(60), &target).await.unwrap();
    }
    sync(&source(60), &target).await.unwrap();
    assert_eq!(syncs(), 2);
}
