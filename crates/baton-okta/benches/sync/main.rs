//! Whole syncs of the built binary against the simulated org, over real TLS.
//!
//! ```text
//! cargo bench -p baton-okta --bench sync                        # the usual rows: cold, latency and warm of 10k, cold of 100k
//! cargo bench -p baton-okta --bench sync -- warm-1k cold        # those whose names begin so
//! cargo bench -p baton-okta --bench sync -- paced-1k shared-1k  # with Okta's quotas, alone and beside another client
//! ```
//!
//! A row is a kind and a size: `cold`, `latency`, `warm`, `paced` or `shared`, and `1k`, `10k`, `100k` or `1m` users. What was
//! measured is printed beside the figure that the project has set itself. The org runs in a process of its own, so that CPU
//! time and memory are the connector's alone; both processes share the machine, so wall time without latency says little.
//! `BENCH_CLOCK=10` lets the clock of rows under quotas run ten times as fast as ours, whatever they do by themselves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod changes;
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
    let wants = |name: &str, usually: bool| match wanted.as_slice() {
        [] => usually,
        names => names.iter().any(|prefix| name.starts_with(prefix.as_str())),
    };
    let clock = std::env::var("BENCH_CLOCK").ok().map(|clock| clock.parse().expect("BENCH_CLOCK is a number"));
    for size in SIZES {
        let Size { name, shape: (users, groups, apps), usual, figures: [cold, latency, warm], time_scale } = size;
        let time_scale = clock.unwrap_or(time_scale);
        let shape = shape_of(users, groups, apps);
        let spec = Spec::of(&shape);
        let what = format!("{users} users / {groups} groups / {apps} apps");
        let row = format!("cold-{name}");
        if wants(&row, usual) {
            run::scenario(&row, &what, &spec, cold);
        }
        let row = format!("latency-{name}");
        if wants(&row, usual && users == 10_000) {
            let slow = Spec { latency: Duration::from_millis(50), ..spec };
            run::scenario(&row, &format!("{what}, 50 ms latency"), &slow, latency);
        }
        let row = format!("warm-{name}");
        if wants(&row, usual && users == 10_000) {
            warm::scenario(&row, &what, &spec, warm);
        }
        for (kind, beside) in [("paced", false), ("shared", true)] {
            let row = format!("{kind}-{name}");
            if wants(&row, false) {
                paced::scenario(&row, &shape, time_scale, beside);
            }
        }
    }
}

/// The size of an org.
struct Size {
    name: &'static str,
    /// Users, groups and applications.
    shape: (u32, u32, u32),
    /// Whether rows of it are run without being asked for.
    usual: bool,
    /// What is to be met: cold, with latency, and warm.
    figures: [&'static str; 3],
    /// How many times as fast its clock runs under quotas: as fast as this machine can serve.
    time_scale: f64,
}

/// The org of a size. A million users have eight grants each: with more the file would be larger than its readers accept.
fn shape_of(users: u32, groups: u32, apps: u32) -> Shape {
    let shape = Shape::new(users, groups, apps);
    match users {
        1_000_000 => Shape { memberships_per_user: 4.9, assignments_per_user: 3.1, ..shape },
        _ => shape,
    }
}

/// Warm syncs of any size.
const WARM: &str = "1 %: <= 5 % of the cold calls";

const SIZES: [Size; 4] = [
    Size { name: "1k", shape: (1_000, 100, 50), usual: false, figures: ["", "", WARM], time_scale: 10.0 },
    Size {
        name: "10k",
        shape: (10_000, 2_000, 200),
        usual: true,
        figures: [
            "<= 1.2 s CPU, <= 64 MiB",
            "<= 8 s wall",
            "0 %: <= 70 calls, <= 1 s CPU; 1 %: <= 5 % of the cold calls",
        ],
        time_scale: 20.0,
    },
    Size {
        name: "100k",
        shape: (100_000, 5_000, 500),
        usual: true,
        figures: ["<= 9 s CPU, <= 96 MiB", "", WARM],
        time_scale: 20.0,
    },
    Size {
        name: "1m",
        shape: (1_000_000, 20_000, 2_000),
        usual: false,
        figures: ["<= 256 MiB, CPU per grant <= 1.3 x that of 100k", "", WARM],
        time_scale: 30.0,
    },
];
