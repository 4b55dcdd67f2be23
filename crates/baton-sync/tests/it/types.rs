//! Which resource types a file lists, and what their resources may point to.

use std::sync::Arc;

use baton_connector::GapKind;
use baton_sync::{SyncConfig, SyncError};

use crate::support::{MadeUp, contents, sync, sync_with};

fn types(file: &std::path::Path) -> Vec<String> {
    contents(file)["v1_resource_types"].iter().map(|row| row[0].clone()).collect()
}

#[tokio::test]
async fn a_type_that_may_not_be_read_is_not_there_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let refused = Arc::new(MadeUp { apps_refused: true, page_size: 2, ..MadeUp::default() });
    let summary = sync(&refused, &target).await.unwrap();
    assert_eq!(types(&target), ["user", "group"]);
    let contents = contents(&target);
    // Its first page was read; half a type is no type either.
    for table in ["v1_resources", "v1_entitlements", "v1_grants"] {
        assert!(!contents[table].is_empty() && contents[table].iter().all(|row| row[0] != "app"), "{table}");
    }
    let read: Vec<_> = summary.types.iter().map(|count| (count.id.as_str(), count.read)).collect();
    assert_eq!(read, [("user", true), ("group", true), ("app", false)]);
    let gap = summary.gaps.iter().find(|gap| gap.kind == GapKind::Forbidden).unwrap();
    assert!(gap.is_whole_type());

    let strict = SyncConfig { strict: true, ..SyncConfig::new(&target) };
    let error = sync_with(&refused, strict).await.unwrap_err();
    assert!(matches!(error, SyncError::Incomplete(_)), "{error}");
    assert!(error.to_string().contains("the credential may not see applications"), "{error}");
}

#[tokio::test]
async fn some_types_are_synced_only_when_they_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let shy = || Arc::new(MadeUp { apps_on_request: true, ..MadeUp::default() });
    sync(&shy(), &target).await.unwrap();
    assert_eq!(types(&target), ["user", "group"]);
    let mut config = SyncConfig::new(&target);
    config.options.resource_types = vec!["user".to_owned(), "app".to_owned()];
    sync_with(&shy(), config).await.unwrap();
    assert_eq!(types(&target), ["user", "app"]);
}

#[tokio::test]
async fn resources_point_to_nothing_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let names = || -> Vec<String> {
        let reader = baton_c1z::Reader::open(&target).unwrap();
        let sync = reader.latest_finished(None).unwrap().unwrap();
        let group = |n: usize| reader.resource(&sync.sync_id, "group", &format!("g{n}")).unwrap().unwrap();
        (0..5).map(|n| group(n).display_name).collect()
    };
    let pointing = |unlisted| Arc::new(MadeUp { groups_point: true, unlisted, ..MadeUp::default() });
    let summary = sync(&pointing(vec![0]), &target).await.unwrap();
    assert!(names().len() == 5 && names().iter().all(|name| name.ends_with(" without u0")), "{:?}", names());
    assert!(
        summary.gaps.iter().any(|gap| gap.kind == GapKind::LeftOut && gap.resource_type == "group" && gap.count == 5)
    );
    sync(&pointing(Vec::new()), &target).await.unwrap();
    assert!(names().iter().all(|name| !name.ends_with(" without u0")));
    // Nobody has looked for users, so nobody can say that they are not there.
    let mut config = SyncConfig::new(&target);
    config.options.resource_types = vec!["group".to_owned()];
    sync_with(&pointing(vec![0]), config).await.unwrap();
    assert!(names().iter().all(|name| !name.ends_with(" without u0")));
}
