//! Syncs against Okta's default quotas, half of them for one token, with the org's clock running faster than ours.
//!
//! In the same process, because only the library's configuration can tell the connector about the fast clock.
//!
//! ```text
//! cargo bench -p baton-okta --bench sync -- paced-1k        # alone
//! cargo bench -p baton-okta --bench sync -- shared-1k       # beside another client that uses a third of each bucket
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use baton_connector::QueueTraffic;
use baton_okta::{Config, OktaSource};
use baton_sync::{Event, Observer, Summary, SyncConfig};
use okta_client::OrgUrl;
use okta_sim::Shape;
use tokio_util::sync::CancellationToken;

use crate::org::{Server, Spec};
use crate::other::Other;

/// Percent of each limit that is used, as by default.
const SHARE: u64 = 90;

/// Runs the sync and prints how close it came to what the quotas allow; `beside` says whether somebody else uses them too.
pub(crate) fn scenario(name: &str, shape: &Shape, time_scale: f64, beside: bool) {
    let spec = Spec { quotas: true, shared: beside, time_scale, ..Spec::of(shape) };
    let mut server = Server::start(&spec);
    let other = beside.then(|| Other::start(&server.greeting, time_scale));
    let begun = Instant::now();
    let (summary, fetched) = sync(&server, time_scale);
    let wall = begun.elapsed().as_secs_f64();
    let other = other.map(Other::stop);
    let stats = server.stats();
    println!(
        "{name}: {} users / {} groups / {} apps at Okta's default quotas, clock x{time_scale}  [no 429, wall <= 1.10 x bound]",
        shape.users, shape.groups, shape.apps
    );
    for lane in summary.traffic.iter().filter(|lane| lane.calls > 0) {
        let limit = lane.limit.unwrap_or_default();
        println!("  {:<28} {:>6} calls, limit {limit}, 429s {}", lane.queue, lane.calls, lane.throttled);
    }
    let (bound, decides) = lower_bound(&summary.traffic, beside);
    let bound = bound / time_scale;
    if bound > 0.0 {
        let factor = fetched / bound;
        println!(
            "  fetched after {fetched:.2} s, bound {bound:.2} s ({decides}): factor {factor:.2}; wall {wall:.2} s"
        );
    } else {
        println!("  fetched after {fetched:.2} s, all fits into one window; wall {wall:.2} s");
    }
    let throttled: u64 = summary.traffic.iter().map(|lane| lane.throttled).sum();
    println!(
        "  429s: {throttled} for us, {} for all, for concurrency {}",
        stats["throttledRate"], stats["throttledConcurrency"]
    );
    for (path, calls, refused) in other.into_iter().flatten() {
        println!("  the other client made {calls} calls of {path}, {refused} of them refused");
    }
}

/// Notes when everything has been fetched: what follows takes our own time, which the fast clock of the org would make
/// look many times as long.
#[derive(Default)]
struct Fetched(OnceLock<Instant>);

impl Observer for Fetched {
    fn event(&self, event: &Event) {
        if let Event::Sealing { .. } = event {
            self.0.get_or_init(Instant::now);
        }
    }
}

/// Runs the sync; also tells how many seconds it took until everything was fetched.
fn sync(server: &Server, time_scale: f64) -> (Summary, f64) {
    let (begun, fetched) = (Instant::now(), Arc::new(Fetched::default()));
    let folder = tempfile::tempdir().unwrap();
    let org = OrgUrl::parse(&server.greeting.domain).unwrap();
    let mut config = Config::new(org, server.greeting.token.clone().into());
    config.requests.time_scale = time_scale;
    config.requests.extra_ca = Some(server.greeting.ca.clone());
    let source = Arc::new(OktaSource::new(config).unwrap());
    let target = SyncConfig::new(folder.path().join("sync.c1z"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let run = baton_sync::run(source, target, fetched.clone(), CancellationToken::new());
    let summary = runtime.block_on(run).unwrap();
    let end = fetched.0.get().copied().unwrap_or_else(Instant::now);
    (summary, end.duration_since(begun).as_secs_f64())
}

/// The shortest time, in seconds of the org's clock, in which these calls can be made, by the bucket that decides. Calls
/// of a pair of lists are free to be made in either of its buckets, so that they count together. What a window allows can
/// be spent in its first moment, so that the last window need not be waited out.
fn lower_bound(traffic: &[QueueTraffic], beside: bool) -> (f64, String) {
    let of = |lane: &str| traffic.iter().find(|it| it.queue == lane);
    let allowance = |lane: &QueueTraffic| {
        let limit = lane.limit.unwrap_or(u64::MAX);
        // Beside somebody who uses a third of the org's quota, two thirds are left, less the part that is left alone. Nobody
        // else uses the short lists.
        let is_shared = beside && !lane.queue.contains("skinny");
        let left_alone = limit * (100 - SHARE) / 100;
        if is_shared { (limit * 2 / 3).saturating_sub(left_alone) } else { limit * SHARE / 100 }.max(1)
    };
    let mut sums = BTreeMap::<&str, (u64, u64)>::new();
    for lane in traffic {
        let (calls, allowed) = sums.entry(&lane.queue).or_default();
        (*calls, *allowed) = (lane.calls, allowance(lane));
    }
    for (plain, short) in [("/groups", "/groups/{id}/skinny_users"), ("/apps", "/apps/{id}/skinny_users")] {
        if let (Some(one), Some(other)) = (of(plain), of(short)) {
            sums.insert(plain, (one.calls + other.calls, allowance(one) + allowance(other)));
            sums.remove(short);
        }
    }
    let bounds = sums.into_iter().map(|(lane, (calls, allowed))| {
        let windows = calls.saturating_sub(1) / allowed;
        (windows as f64 * 60.0, lane.to_owned())
    });
    bounds.max_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or((0.0, String::new()))
}
