//! Many tasks with things going wrong on both sides: every one is finished once, and memory does not grow.

use std::time::{Duration, Instant};

use c1_sim::{C1Sim, SimConfig, tasks};
use okta_sim::{Fault, FaultRule, Faults, Org, Shape, Sim};

use crate::process::Process;

/// So many tasks.
const TASKS: usize = 10_000;
/// So many at once.
const AT_ONCE: &str = "16";
/// One in so many goes wrong in the org, and is cancelled by C1.
const EVERY: usize = 20;

pub(crate) async fn scenario() {
    let sim = Sim::start(okta_sim::SimConfig {
        record_writes: true,
        ..okta_sim::SimConfig::new(Org::generate(&Shape::new(6_000, 40, 20)))
    })
    .await
    .unwrap();
    let config = SimConfig { faults: 0.05, seed: 7, next_poll: Duration::ZERO, token_life: 60, ..SimConfig::default() };
    let c1 = C1Sim::start(config).await.unwrap();
    println!("soak: {TASKS} tasks, {AT_ONCE} at once, 5 % faults at C1 and in the org  [all once, memory flat]");
    let (group, users) = sim.change_org(|org| (org.add_group("Soak"), org.user_ids().collect::<Vec<_>>()));
    let mut faults = Faults::none();
    for number in 0..TASKS {
        let user = &users[number / 2];
        let task = match number % 2 {
            0 => tasks::grant(&group, user),
            _ => tasks::events("", 10),
        };
        let id = c1.hand_out(task);
        if number % EVERY == 0 {
            let kinds = [
                Fault::DropConnection,
                Fault::Status(503),
                Fault::DropConnection.after_doing(),
                Fault::Status(500).after_doing(),
            ];
            let fault = kinds[number / EVERY % kinds.len()].clone();
            let rule = FaultRule::on(format!("/api/v1/groups/{group}/users/{user}"), fault);
            faults = faults.and(rule.method("PUT").first(1));
        }
        if number % (5 * EVERY) == 1 {
            c1.cancel(&id);
        }
    }
    sim.set_faults(faults);
    let begun = Instant::now();
    let process = Process::start(&c1, &sim, &["--task-concurrency", AT_ONCE], true);
    for part in 1..=10 {
        let wanted = TASKS / 10 * part;
        c1.wait(|received| (received.finishes.len() >= wanted).then_some(())).await;
        let (now, most) = process.memory();
        println!(
            "  {wanted:>6} tasks after {:>5.1} s: resident {now:.1} MiB (at most {most:.1}), CPU {:?}",
            begun.elapsed().as_secs_f64(),
            process.cpu()
        );
    }
    let received = c1.received();
    let failed = received.finishes.values().filter(|finish| !finish.is_success()).count();
    let mut written: Vec<_> =
        sim.writes().iter().filter(|write| write.method == "PUT").map(|write| write.path.clone()).collect();
    let sent = written.len();
    written.sort();
    written.dedup();
    println!(
        "  {} finishes, {failed} of them failures; {} requests, {} tasks handed out again, {} finishes told twice, \
         {} rules broken",
        received.finishes.len(),
        received.total_requests(),
        received.handed_out_again,
        received.repeated_finishes,
        received.violations.len(),
    );
    println!(
        "  {sent} grants sent for {} members; {} are in the group",
        written.len(),
        sim.org().members_of(&group).len()
    );
}
