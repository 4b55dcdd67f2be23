//! A session with C1 in which nothing goes wrong: what each kind of task comes to.

use std::path::Path;

use baton_c1z::{Reader, envelope};
use baton_proto::c1::connector::v2::{
    BatonActionStatus, CreateAccountResponse, GetActionStatusResponse, GrantAlreadyExists, InvokeActionResponse,
    ListActionSchemasResponse, ListEventFeedsResponse, ListEventsResponse,
};
use baton_proto::c1::connectorapi::baton::v1::task::{
    ActionGetSchemaTask, ActionListSchemasTask, ActionStatusTask, BulkCreateTicketsTask, BulkGetTicketsTask,
    CompactSyncs, CreateResourceTask, CreateSyncDiffTask, CreateTicketTask, EventFeedTask, GetTicketTask, GrantTask,
    HelloTask, IssueCredentialTask, ListEventFeedsTask, ListTicketSchemasTask, RevokeTask, RotateCredentialsTask,
    SyncFullTask, TaskType,
};
use baton_proto::{Message, Name, any};
use baton_service::Event;
use baton_sync::SyncConfig;
use c1_sim::{Finish, SimConfig};
use tokio_util::sync::CancellationToken;

use crate::support::{Behaviour, Stage, tasks, within};

/// The response of a task.
fn response<M: Message + Name + Default>(finish: &Finish) -> M {
    any::unpack(finish.response().expect("there is a response")).expect("of this kind").unwrap()
}

/// Resources, entitlements and grants of the newest sync in a file, and its type.
fn counts(file: &Path) -> (String, i64, i64, i64) {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("db");
    envelope::decode(file, &db, &envelope::Limits::default()).unwrap();
    let reader = Reader::open_db(&db).unwrap();
    let run = reader.latest_finished(None).unwrap().unwrap();
    let stats = reader.stats(&run.sync_id).unwrap();
    (run.sync_type, stats.resources, stats.entitlements, stats.grants)
}

fn uploaded(stage: &Stage, id: &str) -> (String, i64, i64, i64) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sync.c1z");
    std::fs::write(&file, stage.upload(id)).unwrap();
    counts(&file)
}

#[tokio::test]
async fn a_whole_session() {
    let stage = Stage::new().await;
    let key = age::x25519::Identity::generate();
    let recipient = key.to_public().to_string();
    let running = stage.start();

    let hello = stage.c1.hand_out(TaskType::Hello(HelloTask::default()));
    let sync = stage.c1.hand_out(tasks::sync());
    let grant = stage.c1.hand_out(tasks::grant("g1", "u2"));
    within(stage.c1.all_finished()).await;
    let again = stage.c1.hand_out(tasks::grant("g1", "u2"));
    let account = stage.c1.hand_out(tasks::create_account("ada", &recipient));
    let action = stage.c1.hand_out(tasks::action("wave"));
    let events = stage.c1.hand_out(tasks::events(""));
    let revoke = stage.c1.hand_out(tasks::revoke("g1", "u2"));
    within(stage.c1.all_finished()).await;
    let delete = stage.c1.hand_out(tasks::delete("u2"));
    within(stage.c1.all_finished()).await;
    running.stop().await;

    let received = stage.c1.received();
    for id in [&hello, &sync, &grant, &again, &account, &action, &events, &revoke, &delete] {
        assert!(received.finishes[id].is_success(), "{:?}", received.finishes[id]);
    }
    assert_eq!(received.hellos.len(), 2);
    assert_eq!((received.hellos[0].task_id.as_str(), &received.hellos[1].task_id), ("", &hello));
    let build = received.hellos[0].build_info.as_ref().unwrap();
    assert_eq!((build.package.as_str(), build.package_version.as_str()), ("example.com/baton-made-up", "1.2.3"));
    assert_eq!(received.user_agent, "baton-made-up/1.2.3");
    assert_eq!(received.connections, 2, "one for the token, one for everything else");
    assert_eq!(received.requests["token"], 1);

    // The sync: as nothing but a file, equal to one that was made without C1.
    assert_eq!(received.finishes[&sync].response(), None);
    let folder = tempfile::tempdir().unwrap();
    let config = SyncConfig::new(folder.path().join("sync.c1z"));
    let file = config.target.clone();
    let silent = std::sync::Arc::new(baton_sync::Silent);
    let source = stage.system.connector().source;
    baton_sync::run(source, config, silent, CancellationToken::new()).await.unwrap();
    assert_eq!(uploaded(&stage, &sync), counts(&file));
    assert!(counts(&file).3 > 0);
    assert!(stage.leftovers().is_empty());

    assert!(received.finishes[&grant].annotations().is_empty());
    assert!(any::is::<GrantAlreadyExists>(&received.finishes[&again].annotations()[0]));
    assert_eq!((stage.system.done("grant g1 u2"), stage.system.done("revoke g1 u2")), (1, 1));
    assert_eq!(stage.system.done("delete u2"), 1);

    let made: CreateAccountResponse = response(&received.finishes[&account]);
    let password = age::decrypt(&key, &made.encrypted_data[0].encrypted_bytes).unwrap();
    assert_eq!(password, vec![b'x'; 20]);
    let done: InvokeActionResponse = response(&received.finishes[&action]);
    assert_eq!((done.status(), done.name.as_str()), (BatonActionStatus::Complete, "wave"));
    let page: ListEventsResponse = response(&received.finishes[&events]);
    assert_eq!((page.events.len(), page.cursor.as_str(), page.has_more), (2, "2", true));

    assert_eq!(stage.seen.count(|event| matches!(event, Event::TaskFinished { .. })), 9);
    stage.assert_clean();
}

#[tokio::test]
async fn several_tasks_at_once() {
    let mut stage = Stage::new().await;
    stage.adjust = |config| config.get_tasks = true;
    for number in 0..40 {
        stage.c1.hand_out(tasks::grant("g1", &format!("u{number}")));
    }
    let running = stage.start();
    within(stage.c1.all_finished()).await;
    running.stop().await;
    let received = stage.c1.received();
    assert!(received.finishes.values().all(Finish::is_success));
    assert!(!received.requests.contains_key("GetTask"));
    assert!(received.requests["GetTasks"] < 40 + 5, "several a time: {:?}", received.requests);
    stage.assert_clean();
}

#[tokio::test]
async fn no_more_tasks_run_than_there_is_room_for() {
    let behaviour = Behaviour { holds_user: "u1", ..Behaviour::default() };
    let mut stage = Stage::with(SimConfig::default(), behaviour).await;
    stage.adjust = |config| (config.get_tasks, config.task_concurrency) = (true, 3);
    stage.c1.hand_out_too_much();
    for _ in 0..10 {
        stage.c1.hand_out(tasks::grant("g1", "u1"));
    }
    let running = stage.start();
    // Had the others been started as well, they would have given as many signs of life by then.
    let alive = within(stage.c1.wait(|received| {
        let beats = &received.heartbeats;
        (beats.values().filter(|count| **count >= 3).count() >= 3).then_some(beats.len())
    }));
    assert_eq!(alive.await, 3);
    stage.system.release();
    within(stage.c1.all_finished()).await;
    running.stop().await;
    assert!(stage.c1.received().finishes.values().all(Finish::is_success));
    assert_eq!(stage.system.done("grant g1 u1"), 1);
    stage.assert_clean();
}

#[tokio::test]
async fn options_of_a_sync() {
    let stage = Stage::new().await;
    let running = stage.start();
    let users = stage.c1.hand_out(TaskType::SyncFull(SyncFullTask {
        sync_resource_type_ids: vec!["user".to_owned()],
        storage_engine: "pebble".to_owned(),
        ..SyncFullTask::default()
    }));
    let unknown = stage.c1.hand_out(TaskType::SyncFull(SyncFullTask {
        sync_resource_type_ids: vec!["printer".to_owned()],
        ..SyncFullTask::default()
    }));
    let engine = stage
        .c1
        .hand_out(TaskType::SyncFull(SyncFullTask { storage_engine: "paper".to_owned(), ..SyncFullTask::default() }));
    let nobody = stage.c1.hand_out(TaskType::SyncFull(SyncFullTask {
        targeted_sync_resources: vec![tasks::resource("user", "")],
        ..SyncFullTask::default()
    }));
    within(stage.c1.all_finished()).await;
    running.stop().await;
    let received = stage.c1.received();
    assert_eq!(uploaded(&stage, &users), ("full".to_owned(), 45, 0, 0));
    assert!(received.finishes[&unknown].message().contains("printer"));
    assert!(received.finishes[&unknown].is_final_failure());
    assert!(!received.finishes[&engine].is_final_failure() && !received.finishes[&engine].is_success());
    assert_eq!(received.finishes[&nobody].code(), 3);
    assert_eq!(received.uploads.len(), 1);
    stage.assert_clean();
}

#[tokio::test]
async fn a_sync_of_nothing_checks_the_connection_only() {
    let mut stage = Stage::new().await;
    stage.adjust = |config| config.sync.skip = true;
    let running = stage.start();
    let filter = vec!["user".to_owned()];
    let sync =
        stage.c1.hand_out(TaskType::SyncFull(SyncFullTask { sync_resource_type_ids: filter, ..Default::default() }));
    assert!(within(stage.c1.finished(&sync)).await.is_success());
    assert_eq!(uploaded(&stage, &sync), ("full".to_owned(), 0, 0, 0));
    assert_eq!(stage.system.fetched(), 0);
    stage.system.set_reachable(false);
    let refused = stage.c1.hand_out(tasks::sync());
    let finish = within(stage.c1.finished(&refused)).await;
    assert_eq!((finish.code(), finish.is_final_failure()), (14, false), "{}", finish.message());
    running.stop().await;
    stage.assert_clean();
}

#[tokio::test]
async fn a_large_file_comes_whole() {
    let behaviour = Behaviour { users: 60_000, groups: 12, ..Behaviour::default() };
    let stage = Stage::with(SimConfig::default(), behaviour).await;
    let running = stage.start();
    let sync = stage.c1.hand_out(tasks::sync());
    assert!(within(stage.c1.finished(&sync)).await.is_success());
    running.stop().await;
    assert!(stage.upload(&sync).len() > 1 << 20, "more than one chunk: {}", stage.upload(&sync).len());
    assert_eq!(uploaded(&stage, &sync), ("full".to_owned(), 60_012, 12, 240_000));
    stage.assert_clean();
}

#[tokio::test]
async fn actions_and_events_are_told_of() {
    let stage = Stage::new().await;
    let running = stage.start();
    let list = stage.c1.hand_out(TaskType::ActionListSchemas(ActionListSchemasTask::default()));
    let schema = |name: &str| {
        TaskType::ActionGetSchema(ActionGetSchemaTask { name: name.to_owned(), ..ActionGetSchemaTask::default() })
    };
    let (known, unknown) = (stage.c1.hand_out(schema("wave")), stage.c1.hand_out(schema("fly")));
    let fails = stage.c1.hand_out(tasks::action("stumble"));
    let wave = stage.c1.hand_out(tasks::action("wave"));
    let feeds = stage.c1.hand_out(TaskType::ListEventFeeds(ListEventFeedsTask::default()));
    let wrong = stage.c1.hand_out(tasks::events("nonsense"));
    within(stage.c1.all_finished()).await;
    let received = stage.c1.received();
    let schemas: ListActionSchemasResponse = response(&received.finishes[&list]);
    assert_eq!(schemas.schemas.len(), 2);
    assert!(received.finishes[&known].is_success());
    assert_eq!(received.finishes[&unknown].code(), 5);
    let failed = &received.finishes[&fails];
    assert_eq!((failed.code(), failed.is_final_failure()), (2, false));
    assert!(failed.message().contains("stumbled over its own feet"));
    let done: InvokeActionResponse = response(&received.finishes[&wave]);
    let feeds: ListEventFeedsResponse = response(&received.finishes[&feeds]);
    assert_eq!(feeds.list[0].id, "happenings");
    assert_eq!(received.finishes[&wrong].code(), 3);
    assert!(received.finishes[&wrong].is_final_failure());

    let status = stage.c1.hand_out(TaskType::ActionStatus(ActionStatusTask { id: done.id, ..Default::default() }));
    let unknown =
        stage.c1.hand_out(TaskType::ActionStatus(ActionStatusTask { id: "x".to_owned(), ..Default::default() }));
    let finish = within(stage.c1.finished(&status)).await;
    let told: GetActionStatusResponse = response(&finish);
    assert_eq!((told.status(), told.name.as_str()), (BatonActionStatus::Complete, "wave"));
    assert_eq!(within(stage.c1.finished(&unknown)).await.code(), 5);
    running.stop().await;
    stage.assert_clean();
}

/// All changes there are, for one user.
fn changes() -> Vec<TaskType> {
    vec![
        tasks::grant("g", "u"),
        tasks::revoke("g", "u"),
        tasks::create_account("u", "age1nobody"),
        TaskType::CreateResource(CreateResourceTask { resource: Some(tasks::resource("group", "g")) }),
        tasks::delete("u"),
        TaskType::RotateCredentials(RotateCredentialsTask {
            resource_id: tasks::resource("user", "u").id,
            ..RotateCredentialsTask::default()
        }),
        TaskType::IssueCredential(IssueCredentialTask::default()),
        tasks::action("wave"),
    ]
}

#[tokio::test]
async fn nothing_is_changed_unless_that_is_allowed() {
    let mut stage = Stage::new().await;
    stage.adjust = |config| config.provisioning = false;
    let running = stage.start();
    let ids: Vec<_> = changes().into_iter().map(|task| stage.c1.hand_out(task)).collect();
    within(stage.c1.all_finished()).await;
    running.stop().await;
    let received = stage.c1.received();
    for id in ids {
        let finish = &received.finishes[&id];
        assert_eq!((finish.code(), finish.is_final_failure()), (9, true), "{finish:?}");
        assert!(finish.message().starts_with("provisioning is not enabled"), "{finish:?}");
    }
    assert!(stage.system.changes.lock().unwrap().is_empty());
    stage.assert_clean();
}

#[tokio::test]
async fn changes_that_cannot_be_made_say_why() {
    let stage = Stage::new().await;
    let running = stage.start();
    let malformed = stage.c1.hand_out(TaskType::Grant(GrantTask::default()));
    let empty = stage.c1.hand_out(TaskType::Revoke(RevokeTask::default()));
    let no_key = stage.c1.hand_out(tasks::create_account("ada", "age1nobody"));
    let issue = stage.c1.hand_out(TaskType::IssueCredential(IssueCredentialTask::default()));
    let half = stage.c1.hand_out(tasks::grant("g1", "half"));
    let created = stage
        .c1
        .hand_out(TaskType::CreateResource(CreateResourceTask { resource: Some(tasks::resource("group", "g")) }));
    let rotated = stage.c1.hand_out(TaskType::RotateCredentials(RotateCredentialsTask {
        resource_id: tasks::resource("user", "u1").id,
        ..RotateCredentialsTask::default()
    }));
    within(stage.c1.all_finished()).await;
    stage.system.set_reachable(false);
    let outage = stage.c1.hand_out(tasks::grant("g1", "u1"));
    within(stage.c1.all_finished()).await;
    running.stop().await;
    let received = stage.c1.received();
    for (id, code, text) in [
        (&malformed, 3, "malformed grant task"),
        (&empty, 3, "Grant"),
        (&no_key, 3, "key"),
        (&issue, 3, "IdentityId"),
        (&half, 13, "stopped half-way\nhint: part of the change was made"),
    ] {
        let finish = &received.finishes[id];
        assert_eq!((finish.code(), finish.is_final_failure()), (code, true), "{finish:?}");
        assert!(finish.message().contains(text), "{finish:?}");
    }
    assert!(received.finishes[&created].is_success() && received.finishes[&rotated].is_success());
    assert_eq!((stage.system.done("create resource g"), stage.system.done("rotate u1")), (1, 1));
    assert_eq!(stage.system.done("create ada"), 0, "nobody could read the password");
    let outage = &received.finishes[&outage];
    assert_eq!((outage.code(), outage.is_final_failure()), (14, false), "nothing was changed: C1 may try again");
    stage.assert_clean();
}

#[tokio::test]
async fn what_is_not_supported_is_said_to_be() {
    let stage = Stage::new().await;
    let running = stage.start();
    let kinds = [
        TaskType::EventFeed(EventFeedTask::default()),
        TaskType::CreateTicketTask(CreateTicketTask::default()),
        TaskType::ListTicketSchemas(ListTicketSchemasTask::default()),
        TaskType::GetTicket(GetTicketTask::default()),
        TaskType::BulkCreateTickets(BulkCreateTicketsTask::default()),
        TaskType::BulkGetTickets(BulkGetTicketsTask::default()),
        TaskType::CreateSyncDiff(CreateSyncDiffTask::default()),
        TaskType::CompactSyncs(CompactSyncs::default()),
    ];
    let ids = kinds.map(|task| stage.c1.hand_out(task));
    within(stage.c1.all_finished()).await;
    running.stop().await;
    let received = stage.c1.received();
    for id in ids {
        let finish = &received.finishes[&id];
        assert_eq!((finish.code(), finish.is_final_failure()), (12, true), "{finish:?}");
    }
    stage.assert_clean();
}
