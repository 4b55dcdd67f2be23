//! Another client of the org, which uses a third of each bucket at random moments.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::org::Greeting;

/// Calls a minute of the org's clock: a third of the workforce quotas; and where they are made.
const CALLS: [(u32, &str); 3] =
    [(200, "/api/v1/users?limit=1"), (166, "/api/v1/groups?limit=1"), (33, "/api/v1/apps?limit=1")];

/// The running client.
pub(crate) struct Other {
    stop: Arc<AtomicBool>,
    refused: Arc<AtomicU64>,
    made: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Other {
    pub(crate) fn start(greeting: &Greeting, time_scale: f64) -> Self {
        let (stop, refused, made) = (Arc::new(AtomicBool::new(false)), Arc::default(), Arc::default());
        let threads = CALLS.iter().zip(1..).map(|((calls, path), seed)| {
            let url = format!("https://{}{path}", greeting.domain);
            let (token, ca) = (greeting.other.clone(), greeting.ca.clone());
            let (stop, refused, made) = (Arc::clone(&stop), Arc::clone(&refused), Arc::clone(&made));
            let pause = 60.0 / f64::from(*calls) / time_scale;
            std::thread::spawn(move || ask(&url, &token, &ca, pause, seed, &stop, &made, &refused))
        });
        let threads = threads.collect();
        Self { stop, refused, made, threads }
    }

    /// Ends it; calls made, and those of them that were refused.
    pub(crate) fn stop(self) -> (u64, u64) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        (self.made.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
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
