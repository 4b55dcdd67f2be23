//! What it costs to wait for tasks.

use std::time::{Duration, Instant};

use c1_sim::{C1Sim, SimConfig, tasks};
use okta_sim::{Org, Shape, Sim};

use crate::process::Process;

/// For so long nothing happens but polls.
const IDLE: Duration = Duration::from_secs(60);

/// C1 wants to be asked this often.
const POLL: Duration = Duration::from_secs(5);

pub(crate) async fn scenario() {
    let sim = Sim::start(okta_sim::SimConfig::new(Org::generate(&Shape::new(10_000, 500, 100)))).await.unwrap();
    let c1 = C1Sim::start(SimConfig { next_poll: POLL, ..SimConfig::default() }).await.unwrap();
    println!("idle: C1 is asked for tasks every {POLL:?}, {IDLE:?} long  [1 connection, < 25 MiB, ~0 % CPU]");
    let begun = Instant::now();
    let process = Process::start(&c1, &sim, &["--health-check", "--health-check-port", "18081"], false);
    while c1.look(|received| received.hellos.is_empty()) {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    println!("  from start to Hello {:.0} ms, of it CPU {:?}", begun.elapsed().as_secs_f64() * 1000.0, process.cpu());
    measure("fresh", &process, &c1).await;
    let sync = c1.hand_out(tasks::sync());
    assert!(c1.finished(&sync).await.is_success());
    let (now, most) = process.memory();
    println!("  after a sync of 10,000 users: resident {now:.1} MiB, at most {most:.1} MiB");
    measure("after the sync", &process, &c1).await;
}

async fn measure(when: &str, process: &Process, c1: &C1Sim) {
    let (cpu, requests) = (process.cpu(), c1.look(c1_sim::Received::total_requests));
    tokio::time::sleep(IDLE).await;
    let used = process.cpu() - cpu;
    let requests = c1.look(c1_sim::Received::total_requests) - requests;
    let (now, most) = process.memory();
    println!(
        "  {when}: resident {now:.1} MiB (at most {most:.1}), CPU {:.2} % ({used:?}), {requests} requests, \
         {} connection(s) to C1, {} threads",
        used.as_secs_f64() / IDLE.as_secs_f64() * 100.0,
        process.connections(c1.address().port()),
        process.threads(),
    );
}
