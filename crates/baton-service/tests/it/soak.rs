//! Many tasks with things going wrong on both sides: each is finished once, and nothing is done twice.

use std::collections::BTreeMap;
use std::time::Duration;

use c1_sim::SimConfig;

use crate::support::{Behaviour, Stage, tasks, within};

/// Runs `count` tasks, of which some are cancelled.
async fn soak(count: usize, get_tasks: bool) -> Stage {
    let config =
        SimConfig { faults: 0.05, seed: 7, next_poll: Duration::ZERO, token_life: 600, ..SimConfig::default() };
    let behaviour = Behaviour { fails_every: 20, panics_every: 199, ..Behaviour::default() };
    let mut stage = Stage::faster(1000.0, config, behaviour).await;
    stage.adjust = if get_tasks {
        |config| {
            config.task_concurrency = 16;
            config.get_tasks = true;
        }
    } else {
        |config| config.task_concurrency = 16
    };
    let nobody = age::x25519::Identity::generate().to_public().to_string();
    let mut of_accounts = BTreeMap::new();
    for number in 0..count {
        let user = format!("u{number}");
        let id = match number % 4 {
            0 => stage.c1.hand_out(tasks::grant("g1", &user)),
            1 => stage.c1.hand_out(tasks::events(&number.to_string())),
            2 => stage.c1.hand_out(tasks::action("wave")),
            _ => stage.c1.hand_out(tasks::create_account(&user, &nobody)),
        };
        if number % 50 == 0 {
            stage.c1.cancel(&id);
        }
        if number % 4 == 3 {
            of_accounts.insert(id, user);
        }
    }
    let running = stage.start();
    within(stage.c1.all_finished()).await;
    running.stop().await;

    let received = stage.c1.received();
    assert_eq!(received.finishes.len(), count, "every task is finished, once");
    for (id, user) in of_accounts {
        let finish = &received.finishes[&id];
        let made = stage.system.done(&format!("create {user}"));
        assert_eq!(made, usize::from(finish.is_success()), "{user}: {finish:?}");
    }
    let failed = received.finishes.values().filter(|finish| !finish.is_success()).count();
    assert!(failed > 0 && failed < count / 5, "{failed} of {count} failed");
    let requests = received.total_requests();
    assert!(requests < 4 * u64::try_from(count).unwrap() + 500, "{requests} requests for {count} tasks");
    stage.assert_clean();
    stage
}

#[tokio::test]
async fn ten_thousand_tasks_several_at_a_time() {
    soak(10_000, true).await;
}

#[tokio::test]
async fn a_thousand_tasks_one_at_a_time() {
    soak(1000, false).await;
}
