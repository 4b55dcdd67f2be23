//! The `baton-okta` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    baton_runtime::run(baton_okta::OktaProgram)
}
