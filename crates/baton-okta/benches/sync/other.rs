//! Another client of the org, which uses a third of each bucket at random moments.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::org::Greeting;

/// Calls a minute of the org's clock: a third of the workforce quotas; and where they are made.
const CALLS: [(u32, &str); 3] = [(200, "/users"), (166, "/groups"), (33, "/apps")];

/// The running client.
pub(crate) struct Other {
    stop: Arc<AtomicBool>,
    /// Where it calls, how often it did, and how many of these calls were refused.
    counts: Vec<(&'static str, Arc<AtomicU64>, Arc<AtomicU64>)>,
    threads: Vec<JoinHandle<()>>,
}

impl Other {
    pub(crate) fn start(greeting: &Greeting, time_scale: f64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (counts, threads) = CALLS
            .into_iter()
            .zip(1..)
            .map(|((calls, path), seed)| {
                let url = format!("https://{}/api/v1{path}?limit=1", greeting.domain);
                let (token, ca) = (greeting.other.clone(), greeting.ca.clone());
                let (made, refused) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
                let count = (path, Arc::clone(&made), Arc::clone(&refused));
                let stop = Arc::clone(&stop);
                let pause = 60.0 / f64::from(calls) / time_scale;
                (count, std::thread::spawn(move || ask(&url, &token, &ca, pause, seed, &stop, &made, &refused)))
            })
            .unzip();
        Self { stop, counts, threads }
    }

    /// Ends it; where it called, how often, and how many of these calls were refused.
    pub(crate) fn stop(self) -> Vec<(&'static str, u64, u64)> {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        let count = |(path, made, refused): &(_, Arc<AtomicU64>, Arc<AtomicU64>)| {
            (*path, made.load(Ordering::Relaxed), refused.load(Ordering::Relaxed))
        };
        self.counts.iter().map(count).collect()
    }
}

#[allow(clippy::too_many_arguments)] // A loop with all that it needs.
fn ask(
    url: &str,
    token: &str,
    ca: &str,
    pause: f64,
    seed: u64,
    stop: &AtomicBool,
    made: &AtomicU64,
    refused: &AtomicU64,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let certificate = reqwest::Certificate::from_pem(ca.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([certificate]).no_proxy().build().unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    while !stop.load(Ordering::Relaxed) {
        // Between nothing and twice the mean, so that calls come in clusters and gaps.
        std::thread::sleep(Duration::from_secs_f64(pause * random.random_range(0.0..2.0)));
        let call =
            client.get(url).header("accept", "application/json").header("authorization", format!("SSWS {token}"));
        let status = runtime.block_on(call.send()).map(|answer| answer.status().as_u16());
        made.fetch_add(1, Ordering::Relaxed);
        refused.fetch_add(u64::from(matches!(status, Ok(429))), Ordering::Relaxed);
    }
}
