//! Changes that are told to stop while Okta works on them.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use okta_sim::{Fault, Faults};

use crate::changing::{Changing, Told, grant_arguments, on, until};
use crate::support::Outcome;

const SLOW: Duration = Duration::from_secs(120);

/// Begins to put Ada into the empty group.
fn begin(org: &Changing) -> Child {
    let arguments = grant_arguments("group:00g4empty:member", "user:00u1active");
    org.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(child: Child) -> Told {
    terminate(&child);
    Told::of(Outcome::of(child.wait_with_output().unwrap()))
}

fn terminate(child: &Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
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

/// Waits until the change has had two reads answered, and its third request stays without an answer.
fn until_sent(org: &Changing, before: u64) {
    let waits = || org.lab.sim().stats().requests == before + 2 && org.lab.sim().stats().in_flight == 1;
    until(|| {
        (0..20).all(|_| {
            std::thread::sleep(Duration::from_millis(5));
            waits()
        })
    });
}

#[test]
fn a_cancelled_change_that_is_not_done_may_still_be_carried_out() {
    let org = Changing::facts();
    org.fail(on("PUT", "groups/{id}/users/{user}", Fault::Delay(SLOW)));
    let before = org.lab.sim().stats().requests;
    let child = begin(&org);
    until_sent(&org, before);
    let told = end(child);
    told.failed("Canceled", "unknown")
        .says(&["has not been done yet; Okta may still carry it out", "hint: repeat this"]);
}

#[test]
fn a_cancelled_change_that_is_carried_out_a_moment_later_is_told_as_done() {
    let org = Changing::facts();
    org.fail(on("PUT", "groups/{id}/users/{user}", Fault::Delay(SLOW)));
    let before = org.lab.sim().stats().requests;
    let child = begin(&org);
    until_sent(&org, before);
    let reads = org.lab.sim().stats().requests;
    terminate(&child);
    // Okta carries it out only when it has been looked for already.
    until(|| org.lab.sim().stats().requests > reads);
    org.alter(|org| org.add_member("00g4empty", "00u1active")).unwrap();
    let told = Told::of(Outcome::of(child.wait_with_output().unwrap()));
    told.is("granted").says(&["the answer was lost", "has been done"]);
}

#[test]
fn a_cancelled_change_does_not_wait_for_looks_that_hang() {
    let org = Changing::facts();
    let hanging = on("GET", "users/{id}/groups", Fault::Delay(SLOW)).attempt(2);
    org.fail(Faults::from(on("PUT", "groups/{id}/users/{user}", Fault::Delay(SLOW))).and(hanging));
    let before = org.lab.sim().stats().requests;
    let child = begin(&org);
    until_sent(&org, before);
    let told = end(child);
    told.failed("Canceled", "unknown").says(&["could not be read back", "the time that a cancelled change has"]);
}
