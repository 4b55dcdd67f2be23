//! Syncs that reuse what has not changed since the last one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use baton_connector::{Detail, GapKind, Invalidation, Options, Selector, Source};
use baton_sync::{FullEvery, Incremental, Observer, Summary, SyncConfig, SyncError};
use tokio_util::sync::CancellationToken;

use crate::support::{Notes, assert_same, grant_ids, noted};
use crate::world::{Live, World};

/// What a sync did.
struct Done {
    summary: Summary,
    /// What was fetched, sorted.
    fetched: Vec<String>,
    notes: Vec<String>,
}

impl Done {
    /// What was fetched besides the lists that always are.
    fn read(&self) -> Vec<&str> {
        let lists = ["changes", "users", "groups", "apps"];
        self.fetched.iter().map(String::as_str).filter(|work| !lists.contains(work)).collect()
    }

    fn why_full(&self) -> &str {
        &self.summary.reading.as_ref().unwrap().why_full
    }

    fn reused(&self) -> u64 {
        self.summary.reading.as_ref().unwrap().kinds.iter().map(|kind| kind.reused).sum()
    }
}

async fn run(world: &World, config: SyncConfig) -> Result<Done, SyncError> {
    let live = Arc::new(Live { world: world.clone(), fetched: Mutex::default() });
    let notes = Arc::new(Notes::default());
    let cancel = world.stop.as_ref().map_or_else(CancellationToken::new, |(_, token)| token.clone());
    let source = Arc::clone(&live) as Arc<dyn Source>;
    let summary = baton_sync::run(source, config, Arc::clone(&notes) as Arc<dyn Observer>, cancel).await?;
    let mut fetched = live.fetched.lock().unwrap().clone();
    fetched.sort();
    let notes = notes.0.lock().unwrap().clone();
    Ok(Done { summary, fetched, notes })
}

async fn sync(world: &World, target: &Path) -> Done {
    run(world, SyncConfig::new(target)).await.unwrap()
}

/// Syncs and compares with a sync of everything.
async fn checked(world: &World, target: &Path) -> Done {
    let done = sync(world, target).await;
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
async fn synced() -> (World, tempfile::TempDir, std::path::PathBuf) {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let target = folder.path().join("sync.c1z");
    let done = sync(&world, &target).await;
    assert_eq!((done.why_full(), done.reused(), done.notes.len()), ("", 0, 0));
    assert!(!done.fetched.contains(&"changes".to_owned()), "the first sync asks for no changes");
    (world, folder, target)
}

#[tokio::test]
async fn what_has_not_changed_is_taken_over() {
    let (mut world, _folder, target) = synced().await;
    for _ in 0..3 {
        let done = checked(&world, &target).await;
        assert_eq!(done.fetched, ["apps", "changes", "groups", "users"]);
        // Members of four groups, holders and roles of five applications, and the side that was read.
        assert_eq!(done.reused(), 4 + 5 + 5 + 4);
        assert_eq!((done.summary.pages_fetched, done.notes.len()), (4, 0));
    }
    let noted = noted(&target).unwrap();
    assert_eq!(noted["taken_over"]["holders"], 5);
    assert!(noted["since"].as_str().is_some_and(|id| id.len() == 27), "{noted}");

    world.join(2, 5);
    assert_eq!(checked(&world, &target).await.read(), ["members 2"]);
    world.assign(3, 11);
    assert_eq!(checked(&world, &target).await.read(), ["holders 3", "roles 3"]);
    assert_eq!(checked(&world, &target).await.read(), [""; 0], "seen once");
}

#[tokio::test]
async fn changes_name_works_in_four_ways() {
    let (mut world, _folder, target) = synced().await;
    world.apps.get_mut(&1).unwrap().clear();
    world.changes("holders", Selector::All);
    world.changes("roles", Selector::Subject("1".to_owned()));
    let done = checked(&world, &target).await;
    assert_eq!(done.read(), ["holders 0", "holders 1", "holders 2", "holders 3", "holders 4", "roles 1"]);
    // User 4 holds applications 2, 3 and 4.
    for holders in world.apps.values_mut() {
        holders.remove(&4);
    }
    world.changes("holders", Selector::Holder("u4".to_owned()));
    world.changes("roles", Selector::Detail(Detail::default()));
    let done = checked(&world, &target).await;
    let roles = ["roles 0", "roles 1", "roles 2", "roles 3", "roles 4"];
    assert_eq!(done.read(), [&["holders 2", "holders 3", "holders 4"][..], &roles].concat());
    assert_eq!(checked(&world, &target).await.read(), [""; 0]);
}

#[tokio::test]
async fn what_changed_a_moment_ago_is_read_twice() {
    let (mut world, _folder, target) = synced().await;
    world.join(1, 7);
    world.unsettled.insert(1);
    world.apps.get_mut(&0).unwrap().insert(9);
    for kind in ["holders", "roles"] {
        let which =
            if kind == "holders" { Selector::Subject("0".to_owned()) } else { Selector::Holder("u2".to_owned()) };
        world.log.push(Invalidation { kind, selector: which, past_consistency_lag: false });
    }
    let read = ["holders 0", "members 1", "roles 0", "roles 1", "roles 2"];
    assert_eq!(checked(&world, &target).await.read(), read);
    world.unsettled.clear();
    assert_eq!(checked(&world, &target).await.read(), read);
    assert_eq!(checked(&world, &target).await.read(), [""; 0]);
}

#[tokio::test]
async fn works_with_gaps_and_new_ones_are_read() {
    let mut world = World::new();
    world.odd = Some((3, GapKind::Unmappable));
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    sync(&world, &target).await;
    for _ in 0..2 {
        let done = checked(&world, &target).await;
        assert_eq!(done.read(), ["members 3"]);
        assert_eq!(done.summary.gaps.len(), 1);
    }
    world.groups.insert(9, (1, BTreeSet::from([1])));
    world.apps.insert(9, BTreeSet::from([2]));
    let done = checked(&world, &target).await;
    // One work on either side: the groups' is chosen by its name.
    assert_eq!(
        done.read(),
        ["by-app 9", "holders 9", "members 3", "members 9", "roles 9"]
            .map(|work| { if work == "by-app 9" { "by-group 9" } else { work } })
    );
}

#[tokio::test]
async fn gaps_that_the_options_leave_are_taken_over() {
    let mut world = World::new();
    world.odd = Some((3, GapKind::LeftOut));
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let first = sync(&world, &target).await;
    for _ in 0..2 {
        let done = checked(&world, &target).await;
        assert_eq!(done.read(), [""; 0]);
        assert_eq!((done.summary.gaps.len(), &done.summary.gaps), (1, &first.summary.gaps));
    }
}

#[tokio::test]
async fn what_works_of_another_kind_grant_is_read() {
    let (mut world, _folder, target) = synced().await;
    // Group 1 holds applications 1 and 3.
    let (by, principal) = ("by-app", "g1".to_owned());
    world.apps.get_mut(&3).unwrap().remove(&3);
    for by in [by, "by-group"] {
        let which = Selector::GrantedTo { by, principal: principal.clone(), part: None };
        world.log.push(Invalidation { kind: "holders", selector: which, past_consistency_lag: true });
    }
    world.changes("roles", Selector::Subject("3".to_owned()));
    assert_eq!(checked(&world, &target).await.read(), ["holders 1", "holders 3", "roles 3"]);
    assert_eq!(checked(&world, &target).await.read(), [""; 0]);
}

#[tokio::test]
async fn a_base_beside_the_target_is_taken_over_from_and_left_alone() {
    let (mut world, folder, target) = synced().await;
    let base = folder.path().join("base.c1z");
    for user in [5, 7] {
        fs::rename(&target, &base).unwrap();
        let before = fs::read(&base).unwrap();
        world.join(2, user);
        let config = SyncConfig { base: Some(base.clone()), ..SyncConfig::new(&target) };
        let done = run(&world, config).await.unwrap();
        assert_eq!((done.read(), done.notes.len()), (vec!["members 2"], 0));
        assert_eq!(fs::read(&base).unwrap(), before);
        assert_eq!(baton_c1z::Reader::open(&target).unwrap().syncs().unwrap().len(), 1);
        same_as_whole(&world, &target).await;
    }
    fs::write(&base, "no file at all").unwrap();
    let config = SyncConfig { base: Some(base.clone()), ..SyncConfig::new(&target) };
    let done = run(&world, config).await.unwrap();
    assert_eq!((done.fetched.len(), done.notes.len()), (21, 1));
    assert!(done.notes[0].contains("reads everything") && fs::read(&base).unwrap() == b"no file at all");
}

#[tokio::test]
async fn a_work_that_was_made_known_by_a_page_taken_over_is_not_lost() {
    let (mut world, _folder, target) = synced().await;
    // Read again, while the page that makes it known is reused.
    world.changes("roles", Selector::Subject("2".to_owned()));
    assert_eq!(checked(&world, &target).await.read(), ["roles 2"]);
    // Was not kept, because it was read too early.
    world.log.push(Invalidation {
        kind: "roles",
        selector: Selector::Subject("2".to_owned()),
        past_consistency_lag: false,
    });
    assert_eq!(checked(&world, &target).await.read(), ["roles 2"]);
    assert_eq!(checked(&world, &target).await.read(), ["roles 2"]);
    assert_eq!(checked(&world, &target).await.read(), [""; 0]);
}

#[tokio::test]
async fn who_has_vanished_is_in_no_page_taken_over() {
    let (mut world, _folder, target) = synced().await;
    world.delete_user(4);
    for _ in 0..3 {
        let done = checked(&world, &target).await;
        assert_eq!((done.read().len(), done.summary.gaps.len()), (0, 0));
        assert!(!grant_ids(&target).iter().any(|id| id.ends_with(":u4")));
    }
    world.apps.remove(&3);
    checked(&world, &target).await;
    world.groups.remove(&2);
    checked(&world, &target).await;
}

#[tokio::test]
async fn the_side_that_costs_nothing_is_chosen() {
    let (mut world, _folder, target) = synced().await;
    assert!(sync(&world, &target).await.read().is_empty());
    world.changes("by-group", Selector::Subject("1".to_owned()));
    assert_eq!(checked(&world, &target).await.read(), ["by-group 1"]);
    world.changes("by-group", Selector::All);
    for group in 4..10 {
        world.groups.insert(group, (1, BTreeSet::new()));
    }
    let done = checked(&world, &target).await;
    let sides = done.read().into_iter().filter(|work| work.starts_with("by-")).collect::<Vec<_>>();
    assert_eq!(sides, ["by-app 0", "by-app 1", "by-app 2", "by-app 3", "by-app 4"]);
    assert_eq!(checked(&world, &target).await.read(), [""; 0], "and it is kept");
}

#[tokio::test]
async fn a_log_that_is_refused_costs_calls_and_is_said() {
    let (mut world, _folder, target) = synced().await;
    world.log_refused = true;
    world.apps.get_mut(&2).unwrap().insert(0);
    world.changes("holders", Selector::Subject("2".to_owned()));
    world.changes("roles", Selector::Subject("2".to_owned()));
    let done = checked(&world, &target).await;
    assert_eq!((done.read().len(), done.notes.as_slice()), (14, &["the log is refused".to_owned()][..]));
    assert_eq!(done.reused(), 4, "members need no log");
    assert_eq!(done.summary.reading.as_ref().unwrap().notes, ["the log is refused"]);
    // What happened meanwhile is not missed when it is given back.
    world.assign(4, 0);
    world.log_refused = false;
    assert_eq!(checked(&world, &target).await.read(), ["holders 4", "roles 4"]);
}

#[tokio::test]
async fn everything_is_read_when_nothing_can_be_trusted() {
    let (world, folder, target) = synced().await;
    let full = world.clone();
    let all = 3 + 4 + 5 + 5 + 4;
    // Other options.
    let done = checked(&World { fingerprint: "other", ..full.clone() }, &target).await;
    assert_eq!(
        (done.fetched.len(), done.why_full()),
        (all, "the last sync was made with other options or another credential")
    );
    assert_eq!(done.notes.len(), 0);
    assert_eq!(checked(&World { fingerprint: "other", ..full.clone() }, &target).await.read().len(), 0);
    // A file that is not the one that was kept.
    let other = folder.path().join("other.c1z");
    sync(&World { fingerprint: "other", ..full.clone() }, &other).await;
    fs::copy(&other, &target).unwrap();
    let done = checked(&World { fingerprint: "other", ..full.clone() }, &target).await;
    assert_eq!(done.fetched.len(), all);
    assert!(done.why_full().contains("not the one that was kept"), "{}", done.why_full());
    // What was kept is lost, or damaged.
    for damage in [None, Some("no database at all")] {
        let last = folder.path().join("sync.c1z.work/last.db");
        match damage {
            None => fs::remove_file(&last).unwrap(),
            Some(text) => fs::write(&last, text).unwrap(),
        }
        let done = checked(&World { fingerprint: "other", ..full.clone() }, &target).await;
        assert_eq!((done.fetched.len(), done.notes.len()), (all, 1));
        assert!(done.notes[0].contains("this sync reads everything"), "{:?}", done.notes);
    }
    // What was kept by another version of the program, or without the mark.
    for (statement, why) in [
        ("UPDATE meta SET value = '0.0.0' WHERE key = 'program'", "another version of this program"),
        ("DELETE FROM meta WHERE key = 'mark'", "cannot be read"),
    ] {
        let last = rusqlite::Connection::open(folder.path().join("sync.c1z.work/last.db")).unwrap();
        assert_eq!(last.execute(statement, []).unwrap(), 1);
        drop(last);
        let done = checked(&World { fingerprint: "other", ..full.clone() }, &target).await;
        assert_eq!(done.fetched.len(), all);
        assert!(done.why_full().contains(why), "{}", done.why_full());
    }
    // The file is gone.
    fs::remove_file(&target).unwrap();
    let done = checked(&World { fingerprint: "other", ..full }, &target).await;
    assert_eq!((done.fetched.len(), done.notes.len()), (all, 0));
}

#[tokio::test]
async fn everything_is_read_now_and_then_and_when_asked_for() {
    let (world, folder, target) = synced().await;
    let config = |incremental| SyncConfig { incremental, ..SyncConfig::new(&target) };
    let every = |text: &str| config(Incremental::On(text.parse::<FullEvery>().unwrap()));
    for round in 0..2 {
        for full in [false, false, true] {
            let done = run(&world, every("3")).await.unwrap();
            assert_eq!(done.read().is_empty(), !full, "round {round}");
            assert_eq!(done.why_full().contains("3 syncs ago"), full);
        }
    }
    assert!(run(&world, every("never")).await.unwrap().read().is_empty());
    // A sync of everything a week ago.
    let last = folder.path().join("sync.c1z.work/last.db");
    let connection = rusqlite::Connection::open(&last).unwrap();
    let ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(7 * 24);
    connection.execute("UPDATE meta SET value = ? WHERE key = 'full_at'", [ago.to_string()]).unwrap();
    drop(connection);
    assert!(run(&world, every("8d,100")).await.unwrap().read().is_empty());
    let done = run(&world, every("7d,100")).await.unwrap();
    assert!(done.why_full().contains("7 days ago") && !done.read().is_empty());

    let done = run(&world, config(Incremental::ReadAll)).await.unwrap();
    assert_eq!((done.why_full(), done.read().len()), ("it was asked for", 18));
    assert!(run(&world, every("7d")).await.unwrap().read().is_empty(), "it was kept all the same");
    let done = run(&world, config(Incremental::Off)).await.unwrap();
    assert_eq!((done.summary.reading, done.fetched.len()), (None, 21));
    assert!(!folder.path().join("sync.c1z.work").exists(), "nothing is kept");
    assert_eq!(noted(&target), None);
}

#[tokio::test]
async fn a_source_that_cannot_tell_is_read_as_ever() {
    let world = World { marks: false, ..World::new() };
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    for _ in 0..2 {
        let done = sync(&world, &target).await;
        assert_eq!((done.fetched.len(), done.notes.len(), done.summary.reading), (21, 0, None));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn partial_syncs_leave_it_alone() {
    let (world, folder, target) = synced().await;
    let last = folder.path().join("sync.c1z.work/last.db");
    let before = fs::read(&last).unwrap();
    let resources = vec!["bid:r:user/u1".parse().unwrap()];
    let options = Options { resources, ..Options::default() };
    let done = run(&world, SyncConfig { options, ..SyncConfig::new(&target) }).await.unwrap();
    assert_eq!((done.summary.sync_type, done.summary.reading), ("partial", None));
    assert_eq!(fs::read(&last).unwrap(), before);
    assert!(checked(&world, &target).await.read().is_empty());
}

#[tokio::test]
async fn a_run_killed_anywhere_is_carried_on() {
    for after in 0..9 {
        let (mut world, folder, target) = synced().await;
        world.join(1, 7);
        world.assign(2, 10);
        world.delete_user(6);
        world.changes("by-group", Selector::Subject("1".to_owned()));
        let stopped = World { stop: Some((after, CancellationToken::new())), ..world.clone() };
        let slowly = SyncConfig { workers: 1, ..SyncConfig::new(&target) };
        let all = ["apps", "by-group 1", "changes", "groups", "holders 2", "members 1", "roles 2", "users"];
        match run(&stopped, slowly).await {
            Ok(done) => assert_eq!((done.fetched.len(), after), (all.len(), 8)),
            Err(error) => {
                let SyncError::Cancelled { kept, .. } = error else { panic!("unexpected: {error}") };
                let done = sync(&world, &target).await;
                assert_eq!((done.summary.resumed, done.summary.pages_from_before), (kept > 0, kept));
                assert_eq!(done.fetched.len() as u64, all.len() as u64 - kept);
            }
        }
        same_as_whole(&world, &target).await;
        assert!(checked(&world, &target).await.read().is_empty());
        assert!(folder.path().join("sync.c1z.work/last.db").exists());
    }
}

#[tokio::test]
async fn an_interrupted_run_whose_file_was_replaced_begins_anew() {
    let (mut world, folder, target) = synced().await;
    world.join(1, 7);
    let stopped = World { stop: Some((3, CancellationToken::new())), ..world.clone() };
    run(&stopped, SyncConfig { workers: 1, ..SyncConfig::new(&target) }).await.err().unwrap();
    let other = folder.path().join("other.c1z");
    sync(&world, &other).await;
    fs::copy(&other, &target).unwrap();
    let done = checked(&world, &target).await;
    assert!(!done.summary.resumed && done.notes[0].contains("not there any more"), "{:?}", done.notes);
    assert_eq!(done.fetched.len(), 21);
}

#[tokio::test]
async fn a_plan_that_was_finished_is_not_finished_again() {
    let (world, folder, target) = synced().await;
    let stopped = World { stop: Some((2, CancellationToken::new())), ..world.clone() };
    run(&stopped, SyncConfig { workers: 1, ..SyncConfig::new(&target) }).await.err().unwrap();
    // As if the run had been killed right after it had replaced the file.
    let newest = baton_c1z::Reader::open(&target).unwrap().current().unwrap().sync_id;
    let plan = rusqlite::Connection::open(folder.path().join("sync.c1z.work/plan.db")).unwrap();
    plan.execute("UPDATE meta SET value = ? WHERE key = 'sync_id'", [newest]).unwrap();
    drop(plan);
    let done = checked(&world, &target).await;
    assert!(!done.summary.resumed && done.read().is_empty());
}
