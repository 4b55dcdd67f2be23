//! The `baton-okta` binary.

use std::process::ExitCode;

/// The static builds link musl, whose allocator lets one thread in at a time.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    baton_runtime::run(baton_okta::OktaProgram)
}
