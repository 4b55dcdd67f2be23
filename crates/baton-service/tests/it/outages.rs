//! What goes wrong between the connector and C1, and how it is waited out.

use std::time::Duration;

use baton_service::{Event, ServiceError};
use c1_sim::{Mode, SimConfig};

use crate::support::{Behaviour, Stage, tasks, until, within};

/// So fast passes the hour.
const FAST: f64 = 900.0;

#[tokio::test]
async fn c1_is_out_of_reach_for_an_hour() {
    let stage = Stage::faster(FAST, SimConfig::default(), Behaviour::default()).await;
    let half_an_hour = Duration::from_secs_f64(1800.0 / FAST);
    let running = stage.start();
    let first = stage.c1.hand_out(tasks::grant("g1", "u1"));
    within(stage.c1.finished(&first)).await;
    // Half of it without connections, half with a server that fails.
    for mode in [Mode::Refusing, Mode::Failing] {
        let asked = stage.c1.look(|received| received.total_requests() + received.connections);
        stage.c1.set_mode(mode);
        tokio::time::sleep(half_an_hour).await;
        let asked = stage.c1.look(|received| received.total_requests() + received.connections) - asked;
        // A half of thirty seconds at least between any two tries, each of which may be a token, a call, and one more.
        assert!(asked < 3 * 2 * 60 * 2, "{asked} requests in half an hour");
    }
    assert_eq!(stage.seen.count(|event| matches!(event, Event::Unreachable { .. })), 1, "told once");
    stage.c1.set_mode(Mode::Serving);
    let second = stage.c1.hand_out(tasks::grant("g1", "u2"));
    assert!(within(stage.c1.finished(&second)).await.is_success());
    until(|| stage.seen.count(|event| matches!(event, Event::Reachable { .. })) == 1).await;
    running.stop().await;
    stage.assert_clean();
}

#[tokio::test]
async fn c1_cannot_be_reached_at_the_start() {
    let stage = Stage::new().await;
    stage.c1.set_mode(Mode::Failing);
    let running = stage.start();
    let sync = stage.c1.hand_out(tasks::sync());
    until(|| stage.asked("token") > 3).await;
    assert_eq!(stage.seen.count(|event| matches!(event, Event::Ready)), 0);
    stage.c1.set_mode(Mode::Serving);
    assert!(within(stage.c1.finished(&sync)).await.is_success());
    running.stop().await;
    stage.assert_clean();
}

#[tokio::test]
async fn a_c1_that_does_not_answer_is_given_up_and_asked_again() {
    let mut stage = Stage::new().await;
    stage.adjust = |config| config.timing.call = Duration::from_millis(200);
    let running = stage.start();
    until(|| stage.seen.count(|event| matches!(event, Event::Ready)) == 1).await;
    stage.c1.set_mode(Mode::Silent);
    until(|| stage.seen.count(|event| matches!(event, Event::Unreachable { .. })) == 1).await;
    stage.c1.set_mode(Mode::Serving);
    let grant = stage.c1.hand_out(tasks::grant("g1", "u1"));
    assert!(within(stage.c1.finished(&grant)).await.is_success());
    running.stop().await;
    stage.assert_clean();
}

#[tokio::test]
async fn an_endless_answer_of_the_token_endpoint_is_given_up() {
    let stage = Stage::new().await;
    stage.c1.set_mode(Mode::Endless);
    let running = stage.start();
    let reason = |event: &Event| match event {
        Event::Unreachable { reason } => Some(reason.clone()),
        _ => None,
    };
    until(|| stage.seen.find(reason).is_some()).await;
    let reason = stage.seen.find(reason).unwrap();
    assert!(reason.contains("/auth/v1/token: its answer is larger than 64 KiB"), "{reason}");
    stage.c1.set_mode(Mode::Serving);
    let grant = stage.c1.hand_out(tasks::grant("g1", "u1"));
    assert!(within(stage.c1.finished(&grant)).await.is_success());
    running.stop().await;
    stage.assert_clean();
}

#[tokio::test]
async fn the_end_of_a_task_is_told_until_it_is_heard() {
    let behaviour = Behaviour { holds_user: "slow", ..Behaviour::default() };
    let stage = Stage::with(SimConfig::default(), behaviour).await;
    let running = stage.start();
    let grant = stage.c1.hand_out(tasks::grant("g1", "slow"));
    until(|| stage.seen.count(|event| matches!(event, Event::TaskStarted { .. })) == 1).await;
    stage.c1.set_mode(Mode::Failing);
    stage.system.release();
    until(|| stage.asked("FinishTask") > 1).await;
    stage.c1.set_mode(Mode::Serving);
    assert!(within(stage.c1.finished(&grant)).await.is_success());
    assert_eq!(stage.system.done("grant g1 slow"), 1);
    running.stop().await;
    stage.assert_clean();
}

#[tokio::test]
async fn a_token_that_ends_is_replaced() {
    // A minute at C1 is less than a third of a second here.
    let config = SimConfig { token_life: 60, ..SimConfig::default() };
    let stage = Stage::with(config, Behaviour::default()).await;
    let running = stage.start();
    for number in 0..5 {
        let grant = stage.c1.hand_out(tasks::grant("g1", &format!("u{number}")));
        assert!(within(stage.c1.finished(&grant)).await.is_success());
        stage.c1.expire_tokens();
    }
    until(|| stage.asked("token") > 8).await;
    running.stop().await;
    assert_eq!(stage.seen.count(|event| matches!(event, Event::Unreachable { .. })), 0);
    stage.assert_clean();
}

#[tokio::test]
async fn a_wrong_clock_does_not_keep_anybody_out() {
    for ahead in [7200.0, -7200.0] {
        let config = SimConfig { clock_ahead: ahead, ..SimConfig::default() };
        let stage = Stage::with(config, Behaviour::default()).await;
        let running = stage.start();
        let grant = stage.c1.hand_out(tasks::grant("g1", "u1"));
        assert!(within(stage.c1.finished(&grant)).await.is_success());
        assert_eq!(stage.asked("token"), 2, "refused once, then by C1's clock");
        running.stop().await;
        stage.assert_clean();
    }
}

#[tokio::test]
async fn credentials_that_are_refused_end_the_service() {
    let stage = Stage::new().await;
    stage.c1.forget_client();
    let error = stage.start().ended().await.unwrap_err();
    assert_eq!(error.code(), 16);
    let text = error.to_string();
    assert!(matches!(error, ServiceError::Refused(_)) && text.contains("invalid_client"), "{text}");
    assert!(text.contains("hint: ") && text.contains("BATON_CLIENT_SECRET"), "{text}");

    // The same in the middle of a session.
    let stage = Stage::new().await;
    let running = stage.start();
    until(|| stage.seen.count(|event| matches!(event, Event::Ready)) == 1).await;
    stage.c1.forget_client();
    assert!(matches!(running.ended().await.unwrap_err(), ServiceError::Refused(_)));
}

#[tokio::test]
async fn somebody_who_is_not_c1_is_not_trusted() {
    let mut stage = Stage::new().await;
    stage.adjust = |config| config.extra_ca = None;
    let running = stage.start();
    until(|| {
        stage.seen.find(|event| match event {
            Event::Unreachable { reason } => Some(reason.contains("certificate") && reason.contains("SSL_CERT_FILE")),
            _ => None,
        }) == Some(true)
    })
    .await;
    assert_eq!(stage.c1.received().total_requests(), 0);
    running.stop().await;
}

#[tokio::test]
async fn a_task_that_is_handed_out_twice_is_done_once() {
    let behaviour = Behaviour { holds_user: "slow", ..Behaviour::default() };
    let stage = Stage::with(SimConfig::default(), behaviour).await;
    let running = stage.start();
    let grant = stage.c1.hand_out(tasks::grant("g1", "slow"));
    until(|| stage.seen.count(|event| matches!(event, Event::TaskStarted { .. })) == 1).await;
    let polls = stage.asked("GetTask");
    stage.c1.hand_out_again(&grant);
    until(|| stage.asked("GetTask") > polls + 2).await;
    stage.system.release();
    assert!(within(stage.c1.finished(&grant)).await.is_success());
    // And once more when it has ended: C1 is told again, nothing is done again.
    stage.c1.hand_out_again(&grant);
    within(stage.c1.wait(|received| (received.repeated_finishes > 0).then_some(()))).await;
    running.stop().await;
    assert_eq!(stage.seen.count(|event| matches!(event, Event::TaskStarted { .. })), 1);
    assert_eq!(stage.system.done("grant g1 slow"), 1);
    stage.assert_clean();
}

#[tokio::test]
async fn a_handler_that_panics_is_a_failure_of_its_task_alone() {
    let behaviour = Behaviour { panics_every: 2, ..Behaviour::default() };
    let stage = Stage::with(SimConfig::default(), behaviour).await;
    let running = stage.start();
    let mut codes = Vec::new();
    for number in 0..4 {
        let grant = stage.c1.hand_out(tasks::grant("g1", &format!("u{number}")));
        let finish = within(stage.c1.finished(&grant)).await;
        codes.push((finish.code(), finish.is_final_failure()));
        if finish.code() == 13 {
            assert!(finish.message().contains("is confused by") && finish.message().contains("unknown"));
        }
    }
    running.stop().await;
    assert_eq!(codes, [(0, false), (13, true), (0, false), (13, true)]);
    stage.assert_clean();
}

#[tokio::test]
async fn the_system_is_out_of_reach_and_comes_back() {
    let stage = Stage::new().await;
    let running = stage.start();
    stage.system.set_reachable(false);
    let ids = [
        stage.c1.hand_out(tasks::sync()),
        stage.c1.hand_out(tasks::events("")),
        stage.c1.hand_out(tasks::grant("g1", "u1")),
    ];
    for id in &ids {
        let finish = within(stage.c1.finished(id)).await;
        assert_eq!((finish.code(), finish.is_final_failure()), (14, false), "{finish:?}");
    }
    stage.system.set_reachable(true);
    let sync = stage.c1.hand_out(tasks::sync());
    assert!(within(stage.c1.finished(&sync)).await.is_success());
    running.stop().await;
    stage.assert_clean();
}

#[tokio::test]
async fn the_system_is_out_of_reach_for_an_hour() {
    let stage = Stage::faster(FAST, SimConfig::default(), Behaviour::default()).await;
    let running = stage.start();
    until(|| stage.seen.count(|event| matches!(event, Event::Ready)) == 1).await;
    stage.system.set_reachable(false);
    // C1 wants a sync every minute of it, and asks again for what failed as something that may pass.
    let polls = stage.asked("GetTask");
    for _ in 0..60 {
        let sync = stage.c1.hand_out(tasks::sync());
        let finish = within(stage.c1.finished(&sync)).await;
        assert_eq!((finish.code(), finish.is_final_failure()), (14, false), "{finish:?}");
        tokio::time::sleep(Duration::from_secs_f64(60.0 / FAST)).await;
    }
    assert_eq!(stage.system.validations.load(std::sync::atomic::Ordering::SeqCst), 60, "asked once for each task");
    assert_eq!(stage.system.fetched(), 0);
    let polls = stage.asked("GetTask") - polls;
    assert!(polls < 3600 * 2, "{polls} polls in an hour: no spin");
    stage.system.set_reachable(true);
    let sync = stage.c1.hand_out(tasks::sync());
    assert!(within(stage.c1.finished(&sync)).await.is_success(), "at once, without a pause to wait out");
    running.stop().await;
    stage.assert_clean();
}
