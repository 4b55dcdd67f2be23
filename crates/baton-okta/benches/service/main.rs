//! The built binary in service mode, between a stand-in for C1 and a simulated org: what it costs to wait, and whether it
//! grows over many tasks with things going wrong on both sides.
//!
//! ```text
//! cargo bench -p baton-okta --bench service              # both
//! cargo bench -p baton-okta --bench service -- idle      # what waiting costs
//! cargo bench -p baton-okta --bench service -- soak      # 10,000 tasks
//! ```
//!
//! Linux only: what is measured is read in `/proc`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod idle;
mod process;
mod soak;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|prefix| name.starts_with(prefix.as_str()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if wants("idle") {
        runtime.block_on(idle::scenario());
    }
    if wants("soak") {
        runtime.block_on(soak::scenario());
    }
}
