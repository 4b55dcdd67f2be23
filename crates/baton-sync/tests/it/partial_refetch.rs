//! Lists that are reused from the last sync except for what they grant to a few principals.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use baton_connector::{Detail, Invalidation, Selector, Source};
use baton_sync::{Incremental, Silent, Summary, SyncConfig, SyncError};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::holders::{Live, Parts, World, part};
use crate::support::{assert_same, grant_ids, noted};

/// What a sync did.
struct Done {
    summary: Summary,
    /// What was fetched besides the lists that always are, sorted.
    read: Vec<String>,
}

impl Done {
    /// Holders that were read, patched, and reused.
    fn holders(&self) -> (u64, u64, u64) {
        let kinds = &self.summary.reading.as_ref().unwrap().kinds;
        let holders = kinds.iter().find(|kind| kind.kind == "holders").unwrap();
        (holders.read, holders.patched, holders.reused)
    }
}

async fn run(world: &World, config: SyncConfig) -> Result<Done, SyncError> {
    let live = Arc::new(Live { world: world.clone(), fetched: Mutex::default() });
    let cancel = world.stop.as_ref().map_or_else(CancellationToken::new, |(_, token)| token.clone());
    let source = Arc::clone(&live) as Arc<dyn Source>;
    let summary = baton_sync::run(source, config, Arc::new(Silent), cancel).await?;
    let mut read = live.fetched.lock().unwrap().clone();
    read.retain(|what| !["changes", "users", "apps"].contains(&what.as_str()));
    read.sort();
    Ok(Done { summary, read })
}

/// Syncs and compares with a sync of everything.
async fn checked(world: &World, target: &Path) -> Done {
    let done = run(world, SyncConfig::new(target)).await.unwrap();
    same_as_whole(world, target).await;
    done
}

async fn same_as_whole(world: &World, target: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.c1z");
    let config = SyncConfig { incremental: Incremental::Off, ..SyncConfig::new(&whole) };
    run(&World { stop: None, ..world.clone() }, config).await.unwrap();
    assert_same(target, &whole);
}

/// A world that was synced once.
async fn synced() -> (World, TempDir, PathBuf) {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let target = folder.path().join("sync.c1z");
    let done = run(&world, SyncConfig::new(&target)).await.unwrap();
    assert_eq!((done.holders(), done.read.len()), ((3, 0, 0), 4 + 3 + 1 + 3 + 3));
    (world, folder, target)
}

/// How many pages it takes to read a kept list, and how many pages are kept of it.
fn kept_pages(target: &Path, app: u32) -> (u64, u64) {
    let last = rusqlite::Connection::open(target.with_extension("c1z.work").join("last.db")).unwrap();
    let sql =
        "SELECT pages, (SELECT count(*) FROM page WHERE work = id) FROM work WHERE kind = 'holders' AND subject = ?";
    last.query_row(sql, [app.to_string()], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_list_is_mended_where_only_a_part_of_it_has_changed() {
    let (mut world, _folder, target) = synced().await;
    world.set(0, 15, Some(false));
    world.set(0, 3, None);
    world.set(0, 8, Some(true));
    let done = checked(&world, &target).await;
    assert_eq!((done.read.as_slice(), done.holders()), (&["part of holders 0: u15 u3 u8".to_owned()][..], (0, 1, 2)));
    assert_eq!(done.summary.pages_fetched, 3 + 1);
    let noted = noted(&target).unwrap();
    assert_eq!(noted["mended"], serde_json::json!({"holders": 1}));
    assert_eq!(noted["taken_over"]["holders"], 2);

    // What was patched is kept as what was read is.
    let done = checked(&world, &target).await;
    assert_eq!((done.read.as_slice(), done.holders()), (&[][..] as &[String], (0, 0, 3)));
    world.set(0, 15, Some(true));
    world.set(1, 2, None);
    let done = checked(&world, &target).await;
    assert_eq!(done.read, ["part of holders 0: u15", "part of holders 1: u2"]);
    assert_eq!(done.holders(), (0, 2, 1));
    assert_eq!(checked(&world, &target).await.read, NOTHING);
}

#[tokio::test]
async fn a_list_is_read_where_that_takes_no_more_calls() {
    let (mut world, _folder, target) = synced().await;
    // As many as it has pages.
    for user in 10..14 {
        world.set(0, user, Some(false));
    }
    for user in 10..12 {
        world.set(1, user, Some(false));
    }
    world.set(2, 10, Some(false));
    let done = checked(&world, &target).await;
    let whole = ["holders 0", "holders 0 12", "holders 0 3", "holders 0 6", "holders 0 9", "holders 2"];
    assert_eq!(done.read, [&whole[..], &["part of holders 1: u10 u11"]].concat());
    assert_eq!(done.holders(), (2, 1, 0));
}

#[tokio::test]
async fn a_list_that_is_named_as_a_whole_is_read() {
    for which in [Selector::Subject("1".to_owned()), Selector::All, Selector::Detail(Detail::default())] {
        let (mut world, _folder, target) = synced().await;
        world.set(1, 3, None);
        world.apps.get_mut(&1).unwrap().insert(11, false);
        world.tell(which);
        let done = checked(&world, &target).await;
        assert!(done.read.contains(&"holders 1 6".to_owned()) && done.holders().1 == 0, "{:?}", done.read);
    }
}

#[tokio::test]
async fn principals_and_their_groups_name_parts() {
    let (mut world, _folder, target) = synced().await;
    // Whoever leaves loses everything: what it is, the last sync knows.
    for holders in world.apps.values_mut() {
        holders.remove(&5);
    }
    world.tell(Selector::Holder("u5".to_owned()));
    assert_eq!(checked(&world, &target).await.read, ["part of holders 0: u5", "part of holders 1: u5"]);
    // Group 1 has applications 0 and 1, group 2 has application 0.
    let joins = |principal: &str, part: Option<&str>| Selector::GrantedTo {
        by: "groups",
        principal: principal.to_owned(),
        part: part.map(str::to_owned),
    };
    world.apps.get_mut(&0).unwrap().insert(16, true);
    world.apps.get_mut(&1).unwrap().insert(16, true);
    world.tell(joins("g1", Some("u16")));
    world.tell(joins("g2", Some("u17")));
    assert_eq!(checked(&world, &target).await.read, ["part of holders 0: u16 u17", "part of holders 1: u16"]);
    world.apps.get_mut(&0).unwrap().clear();
    world.tell(joins("g2", None));
    world.tell(joins("g1", Some("u16")));
    assert_eq!(checked(&world, &target).await.read, ["holders 0", "part of holders 1: u16"]);
    // Too many for a list of so few pages.
    for user in 10..14 {
        world.apps.get_mut(&1).unwrap().insert(user, true);
        world.tell(joins("g1", Some(&format!("u{user}"))));
    }
    let done = checked(&world, &target).await;
    assert_eq!((done.read[0].as_str(), done.holders().1), ("holders 0", 0));
}

#[tokio::test]
async fn whatever_is_odd_about_a_part_lets_the_list_be_read() {
    use Parts::{Cannot, Change, Gap, Next, Object, Stranger, Work};
    for parts in [Cannot, Stranger, Object, Gap, Work, Next, Change] {
        let (mut world, _folder, target) = synced().await;
        world.parts = parts;
        world.set(1, 3, None);
        world.set(1, 15, Some(false));
        let done = checked(&world, &target).await;
        assert_eq!(done.read, ["holders 1", "holders 1 3", "holders 1 6", "part of holders 1: u15 u3"]);
        assert_eq!(done.holders(), (1, 0, 2));
        assert_eq!(checked(&world, &target).await.read, NOTHING);
    }
}

#[tokio::test]
async fn an_error_ends_the_run_and_the_next_one_mends() {
    let (mut world, _folder, target) = synced().await;
    world.set(0, 3, None);
    let failed = run(&World { parts: Parts::Error, ..world.clone() }, SyncConfig::new(&target)).await.err().unwrap();
    assert!(failed.to_string().contains("on fire"), "{failed}");
    let done = checked(&world, &target).await;
    assert_eq!((done.summary.resumed, done.read), (true, vec!["part of holders 0: u3".to_owned()]));
}

#[tokio::test]
async fn a_run_killed_anywhere_is_carried_on() {
    for after in 0..7 {
        let (mut world, _folder, target) = synced().await;
        world.set(0, 15, Some(false));
        world.set(0, 3, None);
        world.set(1, 4, Some(true));
        world.tell(Selector::Subject("2".to_owned()));
        world.log.push(Invalidation { kind: "holders", selector: part(1, 5), past_consistency_lag: false });
        let stopped = World { stop: Some((after, CancellationToken::new())), ..world.clone() };
        let all = ["holders 2", "part of holders 0: u15 u3", "part of holders 1: u4 u5"];
        match run(&stopped, SyncConfig { workers: 1, ..SyncConfig::new(&target) }).await {
            Ok(done) => assert_eq!((done.read, after), (all.map(str::to_owned).to_vec(), 6)),
            Err(error) => {
                let SyncError::Cancelled { kept, .. } = error else { panic!("unexpected: {error}") };
                let done = checked(&world, &target).await;
                assert_eq!((done.summary.resumed, done.summary.pages_from_before), (kept > 0, kept));
                assert_eq!(done.summary.pages_fetched + kept, 3 + all.len() as u64);
                assert_eq!(done.holders(), (1, 2, 0));
            }
        }
        assert_eq!(checked(&world, &target).await.read, ["part of holders 1: u5"]);
        assert_eq!(checked(&world, &target).await.read, NOTHING);
    }
}

#[tokio::test]
async fn a_part_that_changed_a_moment_ago_is_read_again() {
    let (mut world, _folder, target) = synced().await;
    // Nothing shows the changes yet.
    world.log.push(Invalidation { kind: "holders", selector: part(0, 15), past_consistency_lag: false });
    world.log.push(Invalidation {
        kind: "holders",
        selector: Selector::Holder("u4".to_owned()),
        past_consistency_lag: false,
    });
    world.log.push(Invalidation { kind: "holders", selector: part(2, 1), past_consistency_lag: false });
    let read = ["holders 2", "part of holders 0: u15 u4", "part of holders 1: u4"];
    assert_eq!(checked(&world, &target).await.read, read);
    world.apps.get_mut(&0).unwrap().insert(15, false);
    for app in [0, 1] {
        world.apps.get_mut(&app).unwrap().remove(&4);
    }
    world.apps.get_mut(&2).unwrap().insert(1, true);
    // And something else has changed.
    world.set(0, 0, None);
    let done = checked(&world, &target).await;
    assert_eq!(done.read, ["holders 2", "part of holders 0: u0 u15 u4", "part of holders 1: u4"]);
    assert_eq!(checked(&world, &target).await.read, NOTHING, "it shows by now");
    // A list that is read for another reason keeps the part, too.
    world.log.push(Invalidation { kind: "holders", selector: part(1, 15), past_consistency_lag: false });
    world.tell(Selector::Subject("1".to_owned()));
    assert_eq!(checked(&world, &target).await.read, ["holders 1", "holders 1 3"]);
    world.apps.get_mut(&1).unwrap().insert(15, false);
    assert_eq!(checked(&world, &target).await.read, ["part of holders 1: u15"]);
    // One that may have been read too early as a whole is read again.
    world.log.push(Invalidation { kind: "holders", selector: part(1, 16), past_consistency_lag: false });
    world.log.push(Invalidation {
        kind: "holders",
        selector: Selector::Subject("1".to_owned()),
        past_consistency_lag: false,
    });
    for _ in 0..2 {
        assert_eq!(checked(&world, &target).await.read[0], "holders 1");
    }
    assert_eq!(checked(&world, &target).await.read, NOTHING);
}

#[tokio::test]
async fn who_has_vanished_is_in_no_mended_list() {
    let (mut world, _folder, target) = synced().await;
    // Only the list of users shows it.
    world.users.remove(&6);
    for holders in world.apps.values_mut() {
        holders.remove(&6);
    }
    world.set(0, 15, Some(false));
    for read in [&["part of holders 0: u15"][..], &[]] {
        let done = checked(&world, &target).await;
        assert_eq!(
            (done.read.as_slice(), done.summary.gaps.len()),
            (&read.iter().map(ToString::to_string).collect::<Vec<_>>()[..], 0)
        );
        assert!(!grant_ids(&target).iter().any(|id| id.ends_with(":u6")));
    }
}

#[tokio::test]
async fn a_list_that_is_mended_over_and_over_does_not_grow() {
    let (mut world, _folder, target) = synced().await;
    for round in 0..6 {
        world.set(0, 15, (round % 2 == 0).then_some(round % 4 == 0));
        world.set(0, 16, (round % 3 == 0).then_some(false));
        assert_eq!(checked(&world, &target).await.read, ["part of holders 0: u15 u16"]);
        let (pages, rows) = kept_pages(&target, 0);
        assert!(pages == 4 && rows <= 6, "{rows} pages");
    }
    // All of a page, but what else is on it.
    for user in 0..3 {
        world.set(0, user, None);
    }
    assert_eq!(checked(&world, &target).await.read, ["part of holders 0: u0 u1 u2"]);
    world.apps.get_mut(&0).unwrap().clear();
    world.tell(Selector::Subject("0".to_owned()));
    assert_eq!(checked(&world, &target).await.read, ["holders 0"]);
}
