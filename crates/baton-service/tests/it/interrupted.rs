//! Tasks that are cut off: by C1, by whoever stops the process, by a kill.

use std::time::Duration;

use baton_service::Event;
use c1_sim::{Mode, SimConfig};

use crate::support::{Behaviour, Stage, tasks, until, within};

/// Pages of a sync of the made-up system: five of users, one of groups, four of members.
const PAGES: usize = 10;

/// So many of them are answered before the system stops answering.
const HELD_AFTER: usize = 5;

/// A system that stops answering in the middle of a sync.
fn holding() -> Behaviour {
    Behaviour { holds_after: HELD_AFTER, ..Behaviour::default() }
}

async fn sync_held() -> (Stage, String) {
    let stage = Stage::with(SimConfig::default(), holding()).await;
    let sync = stage.c1.hand_out(tasks::sync());
    (stage, sync)
}

/// Waits until the sync has read what it can, and has it on disk.
async fn read_up_to_the_hold(stage: &Stage) {
    until(|| stage.pages_on_disk() == HELD_AFTER).await;
    assert_eq!(stage.system.fetched(), HELD_AFTER);
}

/// How many pages each sync found on disk.
fn resumed_pages(stage: &Stage) -> Vec<u64> {
    stage.seen.all(|event| match event {
        Event::Sync { event, .. } => match event.as_ref() {
            baton_sync::Event::Started { resumed_pages, .. } => Some(*resumed_pages),
            _ => None,
        },
        _ => None,
    })
}

#[tokio::test]
async fn c1_cancels_a_sync_and_the_next_one_carries_on() {
    let (stage, sync) = sync_held().await;
    let running = stage.start();
    read_up_to_the_hold(&stage).await;
    stage.c1.cancel(&sync);
    let finish = within(stage.c1.finished(&sync)).await;
    assert_eq!((finish.code(), finish.is_final_failure()), (1, false), "{}", finish.message());
    assert!(stage.c1.look(|received| received.heartbeats[&sync] > 0));
    stage.system.release();
    let next = stage.c1.hand_out(tasks::sync());
    assert!(within(stage.c1.finished(&next)).await.is_success());
    running.stop().await;
    assert_eq!(stage.system.fetched(), PAGES, "no page was read twice");
    assert!(stage.leftovers().is_empty());
    stage.assert_clean();
}

#[tokio::test]
async fn what_is_uploaded_is_what_the_sync_wrote() {
    let (stage, sync) = sync_held().await;
    let running = stage.start();
    read_up_to_the_hold(&stage).await;
    // C1 takes nothing until something else stands in the place of the file.
    stage.c1.set_mode(Mode::Failing);
    stage.system.release();
    until(|| stage.folders().iter().any(|folder| folder.join("sync.c1z").exists())).await;
    let file = stage.folders()[0].join("sync.c1z");
    let written = std::fs::read(&file).unwrap();
    std::fs::rename(&file, file.with_extension("aside")).unwrap();
    std::fs::write(&file, "not what was written").unwrap();
    stage.c1.set_mode(Mode::Serving);
    assert!(within(stage.c1.finished(&sync)).await.is_success());
    running.stop().await;
    assert!(stage.upload(&sync) == written);
    stage.assert_clean();
}

#[tokio::test]
async fn a_stop_keeps_the_progress_of_a_sync() {
    let (stage, sync) = sync_held().await;
    let running = stage.start();
    read_up_to_the_hold(&stage).await;
    running.stop().await;
    let finish = within(stage.c1.finished(&sync)).await;
    assert_eq!((finish.code(), finish.is_final_failure()), (14, false));
    assert!(finish.message().contains("pages are kept"), "{}", finish.message());
    assert_eq!(stage.leftovers().len(), 1);

    stage.system.release();
    let running = stage.start();
    let next = stage.c1.hand_out(tasks::sync());
    assert!(within(stage.c1.finished(&next)).await.is_success());
    running.stop().await;
    assert_eq!(stage.system.fetched(), PAGES, "no page was read twice");
    assert_eq!(resumed_pages(&stage).len(), 2);
    assert!(resumed_pages(&stage)[1] > 0);
    stage.assert_clean();
}

#[tokio::test]
async fn a_kill_in_a_sync_loses_nothing_that_was_read() {
    let (stage, sync) = sync_held().await;
    let running = stage.start();
    read_up_to_the_hold(&stage).await;
    running.kill().await;
    stage.system.release();
    let running = stage.start();
    // C1 hears nothing of the task and hands it out again.
    assert!(within(stage.c1.finished(&sync)).await.is_success());
    running.stop().await;
    assert_eq!(stage.system.fetched(), PAGES, "no page was read twice");
    assert!(stage.leftovers().is_empty());
    stage.assert_clean();
}

#[tokio::test]
async fn a_kill_in_an_upload_costs_the_upload_only() {
    let stage = Stage::new().await;
    let running = stage.start();
    stage.c1.refuse_uploads(1);
    let sync = stage.c1.hand_out(tasks::sync());
    // The first try came whole and was refused; nothing comes through from here on.
    until(|| stage.c1.look(|received| received.requests.contains_key("UploadAsset"))).await;
    stage.c1.set_mode(Mode::Refusing);
    running.kill().await;
    assert_eq!(stage.leftovers().len(), 1);
    stage.c1.set_mode(Mode::Serving);
    let running = stage.start();
    assert!(within(stage.c1.finished(&sync)).await.is_success());
    running.stop().await;
    assert_eq!(stage.system.fetched(), PAGES, "nothing was read again");
    assert!(stage.leftovers().is_empty());
    stage.upload(&sync);
    stage.assert_clean();
}

#[tokio::test]
async fn an_upload_is_tried_three_times_and_the_file_kept() {
    let stage = Stage::new().await;
    let running = stage.start();
    stage.c1.refuse_uploads(2);
    let lucky = stage.c1.hand_out(tasks::sync());
    assert!(within(stage.c1.finished(&lucky)).await.is_success());
    stage.c1.refuse_uploads(3);
    let unlucky = stage.c1.hand_out(tasks::sync());
    let finish = within(stage.c1.finished(&unlucky)).await;
    assert_eq!((finish.code(), finish.is_final_failure()), (13, false));
    assert!(finish.message().contains("could not be stored"), "{}", finish.message());
    assert_eq!(stage.asked("UploadAsset"), 6);
    assert_eq!(stage.leftovers().len(), 1);
    running.stop().await;
    stage.assert_clean();
}

#[tokio::test]
async fn two_syncs_of_the_same_do_not_share_files() {
    let (stage, first) = sync_held().await;
    let running = stage.start();
    read_up_to_the_hold(&stage).await;
    let second = stage.c1.hand_out(tasks::sync());
    until(|| stage.leftovers().len() == 2).await;
    stage.system.release();
    for id in [&first, &second] {
        assert!(within(stage.c1.finished(id)).await.is_success());
    }
    running.stop().await;
    assert!(!stage.upload(&first).is_empty() && !stage.upload(&second).is_empty());
    assert_eq!(stage.system.fetched(), 2 * PAGES);
    assert!(stage.leftovers().is_empty());
    assert_eq!(stage.folders().len(), 1, "one of the two files is kept for the next sync");
    stage.assert_clean();
}

fn slow_user() -> Behaviour {
    Behaviour { holds_user: "slow", ..Behaviour::default() }
}

#[tokio::test]
async fn a_change_under_way_is_brought_to_its_end() {
    let stage = Stage::with(SimConfig::default(), slow_user()).await;
    let running = stage.start();
    let grant = stage.c1.hand_out(tasks::grant("g1", "slow"));
    until(|| stage.seen.count(|event| matches!(event, Event::TaskStarted { .. })) == 1).await;
    running.cancel.cancel();
    until(|| stage.seen.count(|event| matches!(event, Event::Stopping { running: 1 })) == 1).await;
    let late = stage.c1.hand_out(tasks::grant("g1", "u1"));
    stage.system.release();
    running.stop().await;
    let received = stage.c1.received();
    assert!(received.finishes[&grant].is_success());
    assert!(!received.finishes.contains_key(&late), "no new task is taken");
    stage.assert_clean();
}

#[tokio::test]
async fn a_change_that_does_not_end_is_told_as_unknown() {
    let mut stage = Stage::with(SimConfig::default(), slow_user()).await;
    stage.adjust = |config| config.timing.grace = Duration::from_millis(100);
    let running = stage.start();
    let stopped = stage.c1.hand_out(tasks::grant("g1", "slow"));
    until(|| stage.seen.count(|event| matches!(event, Event::TaskStarted { .. })) == 1).await;
    running.stop().await;
    let finish = within(stage.c1.finished(&stopped)).await;
    assert_eq!((finish.code(), finish.is_final_failure()), (2, true));
    assert!(finish.message().contains("whether the change was made is unknown"), "{}", finish.message());

    let running = stage.start();
    let cancelled = stage.c1.hand_out(tasks::grant("g2", "slow"));
    stage.c1.cancel(&cancelled);
    let finish = within(stage.c1.finished(&cancelled)).await;
    assert_eq!((finish.code(), finish.is_final_failure()), (1, true));
    assert!(finish.message().contains("C1 cancelled"), "{}", finish.message());
    running.stop().await;
    stage.assert_clean();
}

#[tokio::test]
async fn the_end_does_not_wait_for_a_c1_that_is_gone() {
    let mut stage = Stage::with(SimConfig::default(), slow_user()).await;
    stage.adjust = |config| {
        config.timing.grace = Duration::from_millis(100);
        config.timing.last_words = Duration::from_millis(100);
    };
    let running = stage.start();
    stage.c1.hand_out(tasks::grant("g1", "slow"));
    until(|| stage.seen.count(|event| matches!(event, Event::TaskStarted { .. })) == 1).await;
    stage.c1.set_mode(Mode::Silent);
    running.stop().await;
}

#[tokio::test]
async fn every_task_gives_signs_of_life() {
    let config = SimConfig { next_heartbeat: Duration::from_secs(20), ..SimConfig::default() };
    let stage = Stage::with(config, slow_user()).await;
    let running = stage.start();
    let grant = stage.c1.hand_out(tasks::grant("g1", "slow"));
    within(stage.c1.wait(|received| (received.heartbeats.get(&grant) > Some(&5)).then_some(()))).await;
    stage.system.release();
    assert!(within(stage.c1.finished(&grant)).await.is_success());
    running.stop().await;
    assert_eq!(stage.c1.received().handed_out_again, 0, "C1 never lost sight of it");
    stage.assert_clean();
}
