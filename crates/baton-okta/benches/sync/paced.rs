//! A sync against Okta's default quotas, half of them for one token, with the org's clock running ten times as fast.
//!
//! In the same process, because only the library's configuration can tell the connector about the fast clock.

use std::sync::Arc;
use std::time::Instant;

use baton_okta::{Config, OktaSource};
use baton_sync::{Silent, SyncConfig};
use okta_client::OrgUrl;
use okta_sim::Shape;
use tokio_util::sync::CancellationToken;

use crate::org::{Server, Spec};

const TIME_SCALE: f64 = 10.0;

/// Runs the sync and prints how close it came to what the quotas allow.
pub(crate) fn scenario() {
    let spec = Spec { quotas: true, time_scale: TIME_SCALE, ..Spec::of(&Shape::new(2_000, 400, 40)) };
    let mut server = Server::start(&spec);
    let folder = tempfile::tempdir().unwrap();
    let org = OrgUrl::parse(&server.greeting.domain).unwrap();
    let mut config = Config::new(org, server.greeting.token.clone().into());
    config.requests.time_scale = TIME_SCALE;
    config.requests.extra_ca = Some(server.greeting.ca.clone());
    let source = Arc::new(OktaSource::new(config).unwrap());
    let target = SyncConfig::new(folder.path().join("sync.c1z"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let begun = Instant::now();
    let run = baton_sync::run(source, target, Arc::new(Silent), CancellationToken::new());
    let summary = runtime.block_on(run).unwrap();
    let wall = begun.elapsed().as_secs_f64();
    let stats = server.stats();
    // Windows of 60 s pass in 6 s; the bucket that needs most windows sets the bound.
    let bounds = summary.traffic.iter().filter_map(|lane| {
        let limit = lane.limit? as f64;
        Some((lane.calls as f64 / limit * 60.0 / TIME_SCALE, lane))
    });
    let (bound, decides) = bounds.max_by(|one, other| one.0.total_cmp(&other.0)).unwrap();
    println!(
        "paced: 2,000 users / 400 groups / 40 apps at half of Okta's default quotas, clock x10  [no 429, wall <= 1.15 x bound]"
    );
    for lane in summary.traffic.iter().filter(|lane| lane.calls > 0) {
        println!("  {:<10} {:>5} calls, {:?} a minute", lane.lane, lane.calls, lane.limit.unwrap_or_default());
    }
    println!("  wall {wall:.2} s, bound {bound:.2} s ({}): factor {:.2}", decides.lane, wall / bound);
    println!("  429s for pace {}, for concurrency {}", stats["throttledRate"], stats["throttledConcurrency"]);
}
