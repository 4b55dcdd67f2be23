//! Changes that are told to stop while Okta works on them.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use okta_sim::Fault;

use crate::changing::{Changing, Told, grant_arguments, on};
use crate::support::Outcome;

const SLOW: Duration = Duration::from_secs(120);

/// Begins to put Ada into the empty group.
fn begin(org: &Changing) -> Child {
    let arguments = grant_arguments("group:00g4empty:member", "user:00u1active");
    org.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until it is so; what never comes is a failure.
fn until(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn end(child: Child) -> Told {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    Told::of(Outcome::of(child.wait_with_output().unwrap()))
}

#[test]
fn a_cancelled_change_that_was_done_is_told_as_done() {
    let org = Changing::facts();
    org.fail(on("PUT", "groups/{id}/users/{user}", Fault::Delay(SLOW).after_doing()));
    let child = begin(&org);
    until(|| !org.org().members_of("00g4empty").is_empty());
    let told = end(child);
    told.is("granted").says(&["the answer was lost", "has been done"]);
    assert_eq!(told.requests()[2], "PUT groups/00g4empty/users/00u1active lost");
}

#[test]
fn a_cancelled_change_that_was_not_done_is_told_as_not_done() {
    let org = Changing::facts();
    org.fail(on("PUT", "groups/{id}/users/{user}", Fault::Delay(SLOW)));
    let before = org.lab.sim().stats().requests;
    let child = begin(&org);
    // Two reads are answered, and the third request stays without an answer.
    let waits = || org.lab.sim().stats().requests == before + 2 && org.lab.sim().stats().in_flight == 1;
    until(|| {
        (0..20).all(|_| {
            std::thread::sleep(Duration::from_millis(5));
            waits()
        })
    });
    let told = end(child);
    told.failed("Canceled", "unchanged").says(&["read back, and nothing has been done"]);
}
