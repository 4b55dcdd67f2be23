//! Service mode of the built binary that is killed, or told to end, in the middle of something.

use std::fs;
use std::path::Path;
use std::time::Duration;

use baton_proto::any;
use baton_proto::c1::connector::v2::GrantAlreadyExists;
use c1_sim::{Finish, tasks};
use okta_sim::{Fault, FaultRule, Faults, Org, Shape, SimConfig};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::serving::{Service, Stage};

/// Longer than any of these tests lasts.
const FOR_EVER: Duration = Duration::from_secs(600);

/// Waits until something is so.
fn until(what: impl Fn() -> bool) {
    for _ in 0..60_000 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("nothing happens any more");
}

/// The pages that the sync under way has committed.
fn pages(work: &Path) -> i64 {
    let folders = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let syncs = folders(work).flat_map(|root| folders(&root).collect::<Vec<_>>());
    let count = |sync: &Path| {
        let plan = sync.join("sync.c1z.work").join("plan.db");
        let connection = Connection::open_with_flags(plan, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        connection.query_row("SELECT count(*) FROM page", [], |row| row.get(0)).ok()
    };
    syncs.map(|sync| count(&sync).unwrap_or(0)).sum()
}

fn line(lines: &[Value], message: &str) -> Value {
    let found = lines.iter().find(|line| line["msg"].as_str().is_some_and(|text| text.starts_with(message)));
    found.unwrap_or_else(|| panic!("no line {message:?} in {lines:#?}")).clone()
}

/// Waits for the end of a task, and ends the service.
fn end(stage: &Stage, service: Service, task: &str) -> (Finish, Vec<Value>) {
    let finish = stage.runtime.block_on(stage.c1.finished(task));
    let outcome = service.stop();
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(stage.c1.received().violations, Vec::<String>::new());
    (finish, outcome.logs())
}

#[test]
fn a_sync_that_was_killed_is_carried_on() {
    // Enough small pages to be in the middle of.
    let org = Org::generate(&Shape::new(400, 40, 10));
    let slow = SimConfig { page_cap: Some(20), latency: Duration::from_millis(40), ..SimConfig::new(org) };
    let stage = Stage::with(slow);
    let work = stage.lab.path("work");
    let service = stage.start(&[]);
    let task = stage.c1.hand_out(tasks::sync());
    until(|| pages(&work) > 10);
    assert_eq!(service.kill().code, -1);
    let kept = pages(&work);

    // C1 hears nothing of the task and hands it out again.
    let (finish, lines) = end(&stage, stage.start(&[]), &task);
    assert!(finish.is_success(), "{finish:?}");
    assert_eq!(line(&lines, "interrupted sync carried on")["resumed_pages"], kept);
    let uploaded = stage.c1.look(|received| received.uploads[&task][0].clone());
    fs::write(stage.lab.path("uploaded.c1z"), uploaded).unwrap();
    assert_eq!(stage.lab.run(&[]).code, 0);
    assert_eq!(stage.lab.contents("uploaded.c1z"), stage.lab.contents("sync.c1z"), "as if nothing had happened");
}

#[test]
fn a_file_that_was_not_uploaded_is_only_uploaded() {
    let stage = Stage::new();
    let service = stage.start(&[]);
    stage.c1.refuse_uploads(1);
    let task = stage.c1.hand_out(tasks::sync());
    until(|| stage.c1.look(|received| received.requests.contains_key("UploadAsset")));
    service.kill();
    assert!(!stage.c1.look(|received| received.uploads.contains_key(&task)), "the first try was refused");
    let users = stage.lab.sim().stats().calls("/api/v1/users");

    let (finish, lines) = end(&stage, stage.start(&[]), &task);
    assert!(finish.is_success(), "{finish:?}");
    line(&lines, "the sync was finished before the connector was stopped; uploading its file");
    assert_eq!(stage.lab.sim().stats().calls("/api/v1/users"), users, "nothing was read again");
}

/// A grant of which the org never answers, although it has made it.
fn unanswered(stage: &Stage) -> (String, String) {
    let (group, user) = stage.lab.sim().change_org(|org| {
        (org.add_group("Strangers"), org.add_user("Stran", "Ger", "stranger@acme.example", "ACTIVE"))
    });
    let path = format!("/api/v1/groups/{group}/users/{user}");
    let rule = FaultRule::on(path, Fault::Delay(FOR_EVER).after_doing()).method("PUT");
    stage.lab.sim().set_faults(rule.into());
    (group, user)
}

#[test]
fn a_grant_that_was_killed_is_not_made_twice() {
    let stage = Stage::with(SimConfig { record_writes: true, ..SimConfig::new(Org::facts()) });
    let (group, user) = unanswered(&stage);
    let service = stage.start(&["--provisioning"]);
    let task = stage.c1.hand_out(tasks::grant(&group, &user));
    until(|| stage.lab.sim().org().members_of(&group).contains(&user));
    service.kill();
    stage.lab.sim().set_faults(Faults::none());

    let (finish, _) = end(&stage, stage.start(&["--provisioning"]), &task);
    assert!(finish.is_success(), "{finish:?}");
    assert!(any::is::<GrantAlreadyExists>(&finish.annotations()[0]), "C1 is told that it was there already");
    let grants = stage.lab.sim().writes().into_iter().filter(|write| write.method == "PUT").count();
    assert!(grants <= 1, "made once");
}

#[test]
fn a_grant_without_an_answer_does_not_hold_up_the_end() {
    let stage = Stage::new();
    let (group, user) = unanswered(&stage);
    let service = stage.start(&["--provisioning"]);
    let task = stage.c1.hand_out(tasks::grant(&group, &user));
    until(|| stage.lab.sim().org().members_of(&group).contains(&user));
    // It ends although the org would answer only much later.
    let (finish, lines) = {
        let outcome = service.stop();
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        (stage.c1.received().finishes[&task].clone(), outcome.logs())
    };
    assert!(finish.is_final_failure(), "{finish:?}");
    assert!(finish.message().contains("unknown"), "{}", finish.message());
    line(&lines, "stopping");
}
