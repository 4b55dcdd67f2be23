//! Whole syncs of the built binary against the simulated org, over real TLS.
//!
//! ```text
//! cargo bench -p baton-okta --bench sync              # all scenarios
//! cargo bench -p baton-okta --bench sync -- medium    # those whose name begins so
//! cargo bench -p baton-okta --bench sync -- paced shared   # with Okta's quotas, alone and beside another client
//! ```
//!
//! Every scenario prints what was measured beside the figure that the project has set itself. The org runs in a process
//! of its own, so that CPU time and memory are the connector's alone; both processes share the machine, so wall time
//! without latency says little.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod org;
mod other;
mod paced;
mod run;
mod warm;

use std::time::Duration;

use okta_sim::Shape;

use org::Spec;

fn main() {
    if let Ok(spec) = std::env::var(org::SPEC) {
        return org::serve(&spec);
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|prefix| name.starts_with(prefix.as_str()));
    let medium = Spec::of(&Shape::new(10_000, 2_000, 200));
    if wants("medium") {
        run::scenario("medium", "10,000 users / 2,000 groups / 200 apps, no latency", &medium, "<= 2 s CPU, <= 64 MiB");
    }
    if wants("latency") {
        let slow = Spec { latency: Duration::from_millis(50), ..medium };
        run::scenario("latency", "the same with 50 ms latency", &slow, "<= 8 s wall");
    }
    if wants("large") {
        let large = Spec::of(&Shape::new(100_000, 5_000, 500));
        run::scenario("large", "100,000 users / 5,000 groups / 500 apps", &large, "<= 15 s CPU, <= 160 MiB");
    }
    if wants("warm") {
        warm::scenario(&Spec::of(&Shape::new(10_000, 2_000, 200)));
    }
    if wants("huge") {
        let huge = Spec::of(&Shape::new(1_000_000, 20_000, 2_000));
        run::scenario("huge", "1,000,000 users / 20,000 groups / 2,000 apps", &huge, "<= 256 MiB");
    }
    // As many times faster as this machine can serve.
    for (name, shape, time_scale) in [
        ("1k", Shape::new(1_000, 100, 50), 10.0),
        ("10k", Shape::new(10_000, 2_000, 200), 20.0),
        ("100k", Shape::new(100_000, 5_000, 500), 20.0),
        ("1m", Shape::new(1_000_000, 20_000, 2_000), 60.0),
    ] {
        for (kind, beside) in [("paced", false), ("shared", true)] {
            let name = format!("{kind}-{name}");
            if wanted.iter().any(|prefix| name.starts_with(prefix.as_str())) {
                paced::scenario(&name, &shape, time_scale, beside);
            }
        }
    }
}
