//! Service mode of the built binary, between a stand-in for C1 and a simulated org: hello, sync, grant, revoke, an
//! account whose password only its owner can read, health checks, the end.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baton_proto::c1::connectorapi::baton::v1::task::{HelloTask, SyncFullTask, TaskType};
use c1_sim::tasks;
use okta_sim::Org;
use serde_json::Value;

use crate::serving::{Service, Stage};
use crate::support::Outcome;

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

    let sync = stage.c1.hand_out(tasks::sync());
    let finish = stage.runtime.block_on(stage.c1.finished(&sync));
    assert!(finish.is_success(), "{finish:?}");
    let uploaded = stage.c1.look(|received| received.uploads[&sync][0].clone());
    fs::write(stage.lab.path("uploaded.c1z"), uploaded).unwrap();
    assert_eq!(stage.lab.run(&[]).code, 0);
    assert_eq!(stage.lab.contents("uploaded.c1z"), stage.lab.contents("sync.c1z"), "as a sync without C1");

    let members = || stage.lab.sim().org().members_of(&group);
    assert!(stage.finish(tasks::grant(&group, &user)).is_success());
    assert_eq!(members(), std::slice::from_ref(&user));
    assert!(stage.finish(tasks::revoke(&group, &user)).is_success());
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
    let finish = stage.finish(tasks::grant(&group, &user));
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

/// The kinds of line in a debug log.
fn levels(log: &[u8]) -> BTreeSet<String> {
    let lines = std::str::from_utf8(log).unwrap().lines();
    lines.map(|line| serde_json::from_str::<Value>(line).unwrap()["level"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_task_that_c1_wants_to_see_in_detail_comes_with_its_log() {
    let stage = Stage::new();
    let service = stage.start(&[]);
    let usual = stage.c1.hand_out(tasks::sync());
    let detailed = stage.c1.hand_out_debug(tasks::sync());
    // Only syncs bring files to C1; what else is logged stays where it is.
    let hello = stage.c1.hand_out_debug(TaskType::Hello(HelloTask::default()));
    for task in [&usual, &detailed, &hello] {
        assert!(stage.runtime.block_on(stage.c1.finished(task)).is_success());
    }
    let outcome = service.stop();
    let uploads = stage.c1.look(|received| received.uploads.clone());
    assert_eq!((uploads[&usual].len(), uploads[&detailed].len(), uploads.get(&hello)), (1, 2, None));
    let log = &uploads[&detailed][1];
    assert_eq!(levels(log), BTreeSet::from(["debug".to_owned(), "info".to_owned()]));
    let text = String::from_utf8(log.clone()).unwrap();
    assert!(text.contains("\"answered\"") && text.contains("\"sync complete\""), "{text}");
    assert!(!text.contains(&usual) && !text.contains(&hello), "no other task's lines: {text}");
    assert!(!text.contains(stage.lab.sim().token()) && !text.contains(stage.c1.client_secret()));
    assert!(outcome.logs().iter().all(|line| line["level"] != "debug"), "the log of the process stays as it was");
    assert!(outcome.logs().iter().any(|line| line["msg"] == "debug log uploaded"));
    // It is where nobody else can put or read anything.
    let begun = outcome.logs().into_iter().filter(|line| line["msg"] == "C1 wants to see this task in detail");
    let kept = begun.map(|line| std::path::PathBuf::from(line["file"].as_str().unwrap())).find(|path| path.exists());
    let kept = kept.expect("the log of the task that brings no file");
    assert_eq!(kept.parent().unwrap().parent().unwrap(), stage.lab.path("work"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(kept.parent().unwrap()), mode(&kept)), (0o700, 0o600));
    }
    assert_eq!(stage.c1.received().violations, Vec::<String>::new());
}

#[test]
fn debug_lines_end_when_they_are_to() {
    let stage = Stage::new();
    let soon = (jiff::Timestamp::now() + Duration::from_secs(3)).to_string();
    let service = stage.start(&["--log-level=debug", "--log-level-debug-expires-at", &soon]);
    assert!(stage.finish(tasks::sync()).is_success());
    let is_over = |line: &Value| line["msg"].as_str().unwrap().starts_with("from here on debug lines are left out");
    while !service.lines().iter().any(is_over) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(stage.finish(tasks::sync()).is_success());
    let lines = service.stop().logs();
    let over = lines.iter().position(is_over).unwrap();
    let debug = |lines: &[Value]| lines.iter().filter(|line| line["level"] == "debug").count();
    assert!(debug(&lines[..over]) > 0, "{lines:#?}");
    assert_eq!(debug(&lines[over..]), 0);
    assert!(lines[over..].iter().any(|line| line["msg"] == "sync complete"));
    // A time that is past: none from the start.
    let outcome = stage.lab.run(&["--log-level=debug", "--log-level-debug-expires-at", "2020-01-01T00:00:00Z"]);
    assert_eq!((outcome.code, debug(&outcome.logs())), (0, 0));
}

#[test]
fn c1_says_what_is_synced() {
    let stage = Stage::new();
    let service = stage.start(&["--sync-resource-types", "user"]);
    let counts = |task: SyncFullTask| {
        let id = stage.c1.hand_out(TaskType::SyncFull(task));
        let finish = stage.runtime.block_on(stage.c1.finished(&id));
        assert!(finish.is_success(), "{finish:?}");
        let file = stage.c1.look(|received| received.uploads[&id][0].clone());
        fs::write(stage.lab.path("told.c1z"), file).unwrap();
        let of = |what: &str| stage.lab.read(what, "told.c1z")[what].as_array().map_or(0, Vec::len);
        let types: BTreeSet<_> = {
            let resources = stage.lab.read("resources", "told.c1z");
            let types = resources["resources"].as_array().unwrap().iter();
            types.map(|of| of["resource"]["id"]["resourceType"].as_str().unwrap().to_owned()).collect()
        };
        (types.into_iter().collect::<Vec<_>>().join(" "), of("resources"), of("entitlements"), of("grants"))
    };
    let users = counts(SyncFullTask::default());
    assert_eq!((users.0.as_str(), users.2, users.3), ("user", 0, 0), "as the operator has set");
    let types = || vec!["user".to_owned(), "group".to_owned()];
    let both = counts(SyncFullTask { sync_resource_type_ids: types(), ..Default::default() });
    assert_eq!(both.0, "group user", "C1 outranks the operator");
    assert!(both.1 > users.1 && both.2 > 0 && both.3 > 0, "{both:?}");
    let no_grants = counts(SyncFullTask {
        sync_resource_type_ids: types(),
        skip_entitlements_and_grants: true,
        skip_expand_grants: true,
        ..Default::default()
    });
    assert_eq!((no_grants.1, no_grants.2, no_grants.3), (both.1, 0, 0));
    let group = stage.lab.resource_ids("told.c1z", "group").into_iter().next().unwrap();
    let one = counts(SyncFullTask {
        targeted_sync_resources: vec![baton_connector::build::resource("group", &group, "")],
        ..Default::default()
    });
    assert!(one.1 < both.1 && one.2 == 1, "the group, its entitlement and its members: {one:?}");
    assert_eq!(service.stop().code, 0);
    assert_eq!(stage.c1.received().violations, Vec::<String>::new());
}

#[test]
fn through_a_proxy() {
    let stage = Stage::new();
    let proxy = Proxy::start();
    let mut command = stage.command();
    command.env("HTTPS_PROXY", &proxy.url);
    let service = Service::start(command);
    assert!(stage.finish(tasks::sync()).is_success());
    assert_eq!(service.stop().code, 0);
    let asked = proxy.asked.lock().unwrap().clone();
    for host in [stage.c1.address().to_string(), stage.lab.sim().host()] {
        assert!(asked.contains(&host), "{host} in {asked:?}");
    }
}

/// A proxy that leads wherever it is asked to.
struct Proxy {
    url: String,
    asked: Arc<Mutex<BTreeSet<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<BTreeSet<String>>>::default();
        let noting = Arc::clone(&asked);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, noting) = (client.unwrap(), Arc::clone(&noting));
                std::thread::spawn(move || lead(client, &noting));
            }
        });
        Self { url, asked }
    }
}

/// Takes `CONNECT host:port`, and passes on what comes from either side.
fn lead(client: TcpStream, asked: &Mutex<BTreeSet<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).ok().filter(|read| *read > 0)?;
    }
    let host = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    let server = TcpStream::connect(&host).ok()?;
    asked.lock().unwrap().insert(host);
    let mut client = client;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    let (mut back, mut out) = (server.try_clone().ok()?, client.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut back, &mut out));
    let mut server = server;
    std::io::copy(&mut reader, &mut server).ok().map(drop)
}
