//! Service mode of the built binary, between a stand-in for C1 and a simulated org: hello, sync, grant, revoke, an
//! account whose password only its owner can read, health checks, the end.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod serving;
mod support;

use std::fs;
use std::process::Command;

use baton_proto::c1::connectorapi::baton::v1::task::{HelloTask, SyncFullTask, TaskType};
use okta_sim::Org;
use serving::{Stage, grant, revoke};
use support::Outcome;

/// A group whose members can be changed, and a user who is in none.
fn stranger(org: &mut Org) -> (String, String) {
    let user = org.add_user("Stran", "Ger", "stranger@acme.example", "ACTIVE");
    let group = org.add_group("Strangers");
    (group, user)
}

#[test]
fn a_session_with_c1() {
    let stage = Stage::new();
    let (group, user) = stage.lab.sim().change_org(stranger);
    let service = stage.start(&["--provisioning"]);
    assert!(stage.finish(TaskType::Hello(HelloTask::default())).is_success());

    let sync = stage.c1.hand_out(TaskType::SyncFull(SyncFullTask::default()));
    let finish = stage.runtime.block_on(stage.c1.finished(&sync));
    assert!(finish.is_success(), "{finish:?}");
    let uploaded = stage.c1.look(|received| received.uploads[&sync][0].clone());
    fs::write(stage.lab.path("uploaded.c1z"), uploaded).unwrap();
    assert_eq!(stage.lab.run(&[]).code, 0);
    assert_eq!(stage.lab.contents("uploaded.c1z"), stage.lab.contents("sync.c1z"), "as a sync without C1");

    let members = || stage.lab.sim().org().members_of(&group);
    assert!(stage.finish(grant(&group, &user)).is_success());
    assert_eq!(members(), std::slice::from_ref(&user));
    assert!(stage.finish(revoke(&group, &user)).is_success());
    assert!(members().is_empty());

    let outcome = service.stop();
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let received = stage.c1.received();
    assert_eq!(received.violations, Vec::<String>::new());
    assert_eq!(received.hellos[0].host_id, "test-host");
    let build = received.hellos[0].build_info.as_ref().unwrap();
    assert_eq!(build.package, "github.com/conductorone/baton-okta");
    for secret in [stage.c1.client_secret(), stage.lab.sim().token()] {
        assert!(!outcome.stderr.contains(secret));
    }
}

#[test]
fn without_provisioning_nothing_is_changed() {
    let stage = Stage::new();
    let (group, user) = stage.lab.sim().change_org(stranger);
    let service = stage.start(&[]);
    let finish = stage.finish(grant(&group, &user));
    assert_eq!((finish.code(), finish.is_final_failure()), (9, true), "{finish:?}");
    assert!(finish.message().contains("provisioning is not enabled"), "{finish:?}");
    assert!(stage.lab.sim().org().members_of(&group).is_empty());
    assert_eq!(service.stop().code, 0);
}

#[test]
fn its_health_can_be_asked_for() {
    let stage = Stage::new();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port().to_string();
    let ask = |endpoint: &str| {
        let mut command = stage.lab.bare();
        command.args(["health-check", "--endpoint", endpoint, "--health-check-port", &port]);
        Outcome::of(command.output().unwrap())
    };
    let before = ask("health");
    assert_eq!(before.code, 14, "{}", before.stderr);
    let service = stage.start(&["--health-check", "--health-check-port", &port]);
    assert!(stage.finish(TaskType::Hello(HelloTask::default())).is_success());
    for endpoint in ["health", "ready", "live"] {
        let asked = ask(endpoint);
        assert_eq!(asked.code, 0, "{endpoint}: {}", asked.stderr);
    }
    assert_eq!(ask("wealth").code, 2);
    assert_eq!(service.stop().code, 0);
}

#[test]
fn what_is_set_up_wrongly_is_told_before_anything_is_asked() {
    let stage = Stage::new();
    let run = |change: &dyn Fn(&mut Command)| {
        let mut command = stage.command();
        change(&mut command);
        let outcome = Outcome::of(command.output().unwrap());
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        outcome.stderr
    };
    let half = run(&|command| {
        command.env_remove("BATON_CLIENT_SECRET");
    });
    assert!(half.contains("--client-secret (or BATON_CLIENT_SECRET) is missing"), "{half}");
    let garbage = run(&|command| {
        command.env("BATON_CLIENT_SECRET", "secret-garbage");
    });
    assert!(garbage.contains("client secret") && !garbage.contains("secret-garbage"), "{garbage}");
    let both = run(&|command| {
        command.args(["--revoke-grant", "group:g:member:user:u"]);
    });
    assert!(both.contains("one run does one thing"), "{both}");
    let file = run(&|command| {
        command.args(["--file", "other.c1z"]);
    });
    assert!(file.contains("--file is for a sync from the command line"), "{file}");
    assert_eq!(stage.c1.received().total_requests(), 0);
}

#[test]
fn a_client_that_c1_does_not_know_ends_the_process() {
    let stage = Stage::new();
    stage.c1.forget_client();
    let outcome = Outcome::of(stage.command().output().unwrap());
    assert_eq!(outcome.code, 16, "{}", outcome.stderr);
}
