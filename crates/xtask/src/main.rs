//! `cargo xtask TASK`: what people do by hand in this repository, by name.

use std::env;
use std::process::{Command, ExitCode};

/// A task: its name, what it does, its variables, and its command.
struct Task {
    name: &'static str,
    about: &'static str,
    variables: &'static [(&'static str, &'static str)],
    command: &'static [&'static str],
}

const TASKS: [Task; 6] = [
    Task {
        name: "check",
        about: "everything that must hold before a change lands (`.ci/run`)",
        variables: &[],
        command: &["bash", ".ci/run"],
    },
    Task {
        name: "lint",
        about: "clippy over all targets, warnings denied",
        variables: &[],
        command: &["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
    },
    Task {
        name: "test",
        about: "all tests; further arguments go to `cargo test`",
        variables: &[],
        command: &["cargo", "test", "--workspace"],
    },
    Task {
        name: "bench",
        about: "whole syncs against the simulated org; further arguments name rows",
        variables: &[],
        command: &["cargo", "bench", "--package", "baton-okta", "--bench", "sync", "--"],
    },
    Task {
        name: "demo",
        about: "the demo, in a release build",
        variables: &[],
        command: &["cargo", "run", "--release", "--", "demo"],
    },
    Task {
        name: "docs",
        about: "writes `docs/reference/` anew, from the program",
        variables: &[("UPDATE_REFERENCE", "1")],
        command: &["cargo", "test", "--workspace", "--test", "it", "the_reference_is_that_of_the_program"],
    },
];

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let name = arguments.next().unwrap_or_default();
    let Some(task) = TASKS.iter().find(|task| name == task.name) else {
        return usage();
    };
    // Tasks are run in the root of the repository, from wherever they are called.
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let [program, fixed @ ..] = task.command else { return usage() };
    let mut command = Command::new(program);
    command.args(fixed).args(arguments).current_dir(root).envs(task.variables.iter().copied());
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            print(&format!("cannot run {program}: {error}\nhint: install it, or put it on the PATH"));
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    print("usage: cargo xtask TASK [ARGUMENTS]\n");
    for task in &TASKS {
        print(&format!("  {:8} {}", task.name, task.about));
    }
    ExitCode::from(2)
}

#[expect(clippy::print_stderr, reason = "a program for people")]
fn print(text: &str) {
    eprintln!("{text}");
}
