#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use baton_connector::provision::{ActionCall, ActionDone};
use baton_proto::c1::config::v1::field::Field as Type;
use baton_proto::c1::config::v1::{
    BoolField, Constraint, ConstraintKind, Field, IntField, RepeatedResourceIdRules, ResourceIdField, ResourceIdRules,
    ResourceIdSliceField, StringField, StringMapField, StringRules, StringSliceField,
};
use baton_proto::c1::connector::v2::{
    BatonActionStatus, GetActionSchemaRequest, GetActionStatusRequest, InvokeActionRequest, ListActionSchemasRequest,
};
use baton_proto::{Message, json};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};

use super::*;

/// Actions that end as their name says, after as many seconds as they are told.
struct Made;

fn field(name: &str, is_required: bool, of: Type) -> Field {
    Field { name: name.to_owned(), is_required, field: Some(of), ..Field::default() }
}

fn schema_of(name: &str, resource_type: &str) -> BatonActionSchema {
    let rules = StringRules { max_len: Some(5), ..StringRules::default() };
    let user = || vec!["user".to_owned()];
    let one =
        ResourceIdField { rules: Some(ResourceIdRules { allowed_resource_type_ids: user() }), default_value: None };
    let many = RepeatedResourceIdRules { allowed_resource_type_ids: user(), max_items: Some(2), ..Default::default() };
    let many = ResourceIdSliceField { rules: Some(many), default_value: Vec::new() };
    let constraint = |kind: ConstraintKind, names: [&str; 2], others: &[&str]| Constraint {
        kind: kind.into(),
        field_names: names.map(str::to_owned).to_vec(),
        secondary_field_names: others.iter().map(|name| (*name).to_owned()).collect(),
        ..Constraint::default()
    };
    BatonActionSchema {
        name: name.to_owned(),
        resource_type_id: resource_type.to_owned(),
        arguments: vec![
            field("seconds", false, Type::IntField(IntField::default())),
            field("text", false, Type::StringField(StringField { rules: Some(rules), ..StringField::default() })),
            field("on", false, Type::BoolField(BoolField::default())),
            field("texts", false, Type::StringSliceField(StringSliceField::default())),
            field("map", false, Type::StringMapField(StringMapField::default())),
            field("user_id", name == "needy", Type::ResourceIdField(one)),
            field("userMembers", false, Type::ResourceIdSliceField(many)),
        ],
        constraints: vec![
            constraint(ConstraintKind::RequiredTogether, ["on", "map"], &[]),
            constraint(ConstraintKind::MutuallyExclusive, ["text", "texts"], &[]),
            constraint(ConstraintKind::DependentOn, ["texts", "texts"], &["on"]),
        ],
        ..BatonActionSchema::default()
    }
}

impl Provisioner for Made {
    fn actions(&self) -> Vec<BatonActionSchema> {
        let global = ["good", "bad", "panics", "needy", "choosy"].map(|name| schema_of(name, ""));
        let mut all: Vec<_> = global.into_iter().chain([schema_of("remove", "user")]).collect();
        all[4].constraints = vec![Constraint {
            kind: ConstraintKind::AtLeastOne.into(),
            field_names: vec!["text".to_owned(), "on".to_owned()],
            ..Constraint::default()
        }];
        all
    }

    fn invoke<'a>(&'a self, call: &'a ActionCall, _: &'a Change) -> BoxFuture<'a, Result<ActionDone, ChangeError>> {
        async move {
            let seconds = call.args.fields.get("seconds").and_then(|value| value.kind.clone());
            if let Some(prost_types::value::Kind::NumberValue(seconds)) = seconds {
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            }
            match call.name.as_str() {
                "bad" => Err(ChangeError::new(Code::PermissionDenied, "the token may not do this")),
                "panics" => panic!("oh no"),
                _ => Ok(ActionDone { values: call.args.clone(), note: Some("well done".to_owned()) }),
            }
        }
        .boxed()
    }
}

fn args(value: &Json) -> Struct {
    Struct::decode(json::encode_value("google.protobuf.Struct", value).unwrap().as_slice()).unwrap()
}

fn checked_args(name: &str, value: &Json) -> Result<Struct, String> {
    checked(&Made, name, "", args(value)).map(|call| call.args).map_err(|error| {
        assert_eq!(error.code, Code::InvalidArgument);
        error.message
    })
}

fn request(name: &str, value: &Json, wait: Option<i64>) -> InvokeActionRequest {
    InvokeActionRequest {
        name: name.to_owned(),
        args: Some(args(value)),
        inline_wait: wait.map(|seconds| prost_types::Duration { seconds, nanos: 0 }),
        ..InvokeActionRequest::default()
    }
}

fn registry(retention: Retention) -> Registry {
    Registry::new(Arc::new(Made), retention)
}

fn status(registry: &Registry, id: &str) -> Result<BatonActionStatus, Code> {
    let request = GetActionStatusRequest { id: id.to_owned(), ..GetActionStatusRequest::default() };
    registry.status(&request).map(|answer| answer.status()).map_err(|error| error.code)
}

#[test]
fn good_arguments_come_through_as_they_are() {
    let all = json!({"seconds": 3, "text": "abc", "on": true, "map": {"a": [1, null]}});
    assert_eq!(checked_args("good", &all).unwrap(), args(&all));
    let lists = json!({"texts": ["a", "b"], "on": false, "map": {}});
    assert_eq!(checked_args("good", &lists).unwrap(), args(&lists));
    // Some schemas say "string" for what holds JSON.
    assert!(checked_args("good", &json!({"text": {"title": "x"}})).is_ok());
}

#[test]
fn what_is_null_is_absent() {
    assert_eq!(checked_args("good", &json!({"text": null, "on": null})).unwrap(), Struct::default());
    assert!(checked_args("needy", &json!({"user_id": null})).unwrap_err().contains("required argument user_id"));
}

#[test]
fn resource_ids_are_brought_into_one_form() {
    let wanted = args(&json!({"user_id": {"resource_type_id": "user", "resource_id": "u1"}}));
    for given in [
        json!({"resource_type_id": "user", "resource_id": "u1"}),
        json!({"resource_type": "user", "resource": "u1"}),
        json!({"resource_type_id": "user", "resource_type": "group", "resource_id": "u1", "resource": "u2"}),
    ] {
        assert_eq!(checked_args("needy", &json!({ "user_id": given })).unwrap(), wanted);
    }
    for (wrong, words) in [
        (json!("u1"), "it must be an object"),
        (json!({"resourceTypeId": "user", "resourceId": "u1"}), "it must be an object"),
        (json!({"resource_type_id": "user", "resource_id": ""}), "its resource_id is empty"),
        (json!({"resource_type": "user", "resource": ""}), "its resource is empty"),
        (json!({"resource_type_id": "", "resource_id": "u1"}), "its resource_type_id is empty"),
        (json!({"resource_type_id": "group", "resource_id": "g1"}), "expected resource type \"user\", got \"group\""),
    ] {
        let text = checked_args("needy", &json!({ "user_id": wrong })).unwrap_err();
        assert!(text.starts_with("argument user_id: ") && text.contains(words), "{text}");
    }
    let member = json!({"resource_type": "user", "resource": "u1"});
    let members = checked_args("good", &json!({"userMembers": [member, member]})).unwrap();
    assert_eq!(json_of(&members)["userMembers"][1], json!({"resource_id": "u1", "resource_type_id": "user"}));
    assert!(checked_args("good", &json!({"userMembers": [member, "u2"]})).unwrap_err().contains("its items"));
    assert!(checked_args("good", &json!({"userMembers": [member, member, member]})).is_err());
}

fn json_of(of: &Struct) -> Json {
    let mut text = String::new();
    json::append_encoded(&mut text, "google.protobuf.Struct", &of.encode_to_vec(), json::UnknownAny::Refuse).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let wrong = json!({"user_members": [], "seconds": "x", "text": "too long", "nonsense": 1});
    let text = checked_args("needy", &wrong).unwrap_err();
    for line in [
        "the action needy has no argument user_members; did you mean userMembers?",
        "the action needy has no argument nonsense",
        "required argument user_id is missing or invalid",
        "argument seconds: it must be a whole number but is a text",
        "argument text: it must have at most 5 characters",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in {text}");
    }
}

#[test]
fn types_are_checked() {
    for (wrong, words) in [
        (json!({"seconds": 1.5}), "whole number"),
        (json!({"seconds": 1e300}), "whole number"),
        (json!({"text": 7}), "it must be a text but is a number"),
        (json!({"text": []}), "but is a list"),
        (json!({"on": "true", "map": {}}), "it must be a boolean but is a text"),
        (json!({"on": true, "map": []}), "it must be an object but is a list"),
        (json!({"texts": "a", "on": true, "map": {}}), "it must be a list"),
        (json!({"texts": [1], "on": true, "map": {}}), "its items: it must be a text"),
    ] {
        let text = checked_args("good", &wrong).unwrap_err();
        assert!(text.contains(words), "{wrong}: {text}");
    }
}

#[test]
fn constraints_are_checked() {
    for (action, wrong, words) in [
        ("good", json!({"on": true}), "on needs map as well"),
        ("good", json!({"text": "a", "texts": [], "on": true, "map": {}}), "only one of text, texts can be given"),
        ("good", json!({"texts": []}), "needs on as well"),
        ("choosy", json!({}), "one of text, on is needed"),
    ] {
        let text = checked_args(action, &wrong).unwrap_err();
        assert!(text.contains(words), "{wrong}: {text}");
    }
}

#[test]
fn actions_are_found_in_their_scope_only() {
    let not_found = |name, of| {
        let error = schema(&Made, name, of).unwrap_err();
        assert_eq!(error.code, Code::NotFound);
        error.message
    };
    assert_eq!(schema(&Made, "remove", "user").unwrap().name, "remove");
    assert!(not_found("remove", "").starts_with("handler for action remove not found\nhint: remove is an action of"));
    assert!(
        not_found("good", "user")
            .starts_with("handler for action good not found for resource type user\nhint: good is a global")
    );
    assert!(not_found("remove", "group").starts_with("no actions found for resource type group"));
    assert!(not_found("god", "").ends_with("hint: did you mean good?"));
    assert_eq!((schemas(&Made, "").len(), schemas(&Made, "user").len(), schemas(&Made, "robot").len()), (6, 1, 0));
}

#[tokio::test]
async fn an_action_that_is_waited_for_keeps_its_code() {
    let change = Change::apply();
    let run = |name: &'static str| invoke(&Made, name, "", Struct::default(), &change);
    let done = run("good").await.unwrap();
    assert_eq!((done.what, done.note.as_deref()), (What::Complete, Some("well done")));
    assert_eq!(run("bad").await.unwrap_err().code, Code::PermissionDenied);
    let panic = run("panics").await.unwrap_err();
    assert_eq!((panic.code, panic.message.as_str()), (Code::Internal, "panic in action handler: oh no"));
    assert_eq!(panic.state, StateAfter::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_as_long_as_it_says() {
    let registry = registry(Retention::default());
    let slow = json!({"seconds": 10});
    for (wait, wanted) in [
        (None, BatonActionStatus::Running),
        (Some(0), BatonActionStatus::Running),
        (Some(9), BatonActionStatus::Running),
        (Some(11), BatonActionStatus::Complete),
    ] {
        let answer = registry.invoke(request("good", &slow, wait)).await.unwrap();
        assert_eq!(answer.status(), wanted, "{wait:?}");
        assert_eq!(answer.response.is_some(), wanted == BatonActionStatus::Complete);
        assert_eq!((answer.id.len(), answer.name.as_str()), (27, "good"));
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(status(&registry, &answer.id), Ok(BatonActionStatus::Complete));
    }
    for wait in [-1, 86_401] {
        assert_eq!(registry.invoke(request("good", &slow, Some(wait))).await.unwrap_err().code, Code::InvalidArgument);
    }
}

#[tokio::test(start_paused = true)]
async fn an_action_runs_on_when_its_request_is_dropped() {
    let registry = registry(Retention::default());
    let gone = tokio::time::timeout(
        Duration::from_secs(1),
        registry.invoke(request("good", &json!({"seconds": 5}), Some(60))),
    );
    assert!(gone.await.is_err());
    assert_eq!(registry.running(), 1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(registry.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn failures_and_panics_are_told_in_the_answer() {
    let registry = registry(Retention::default());
    for (name, words) in [("bad", "the token may not do this"), ("panics", "panic in action handler: oh no")] {
        let answer = registry.invoke(request(name, &json!({}), None)).await.unwrap();
        assert_eq!(answer.status(), BatonActionStatus::Failed);
        assert_eq!(json_of(&answer.response.unwrap()), json!({ "error": words }));
        assert_eq!(status(&registry, &answer.id), Ok(BatonActionStatus::Failed));
    }
    let never = registry.invoke(request("good", &json!({"seconds": 1e6}), Some(80_000))).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let answer = registry.status(&GetActionStatusRequest { id: never.id, ..Default::default() }).unwrap();
    assert_eq!(answer.status(), BatonActionStatus::Failed);
    assert!(json_of(&answer.response.unwrap())["error"].as_str().unwrap().contains("did not end within an hour"));
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_forgotten_by_count_and_by_age() {
    let registry = registry(Retention { count: 2, age: Duration::from_secs(100) });
    let running = registry.invoke(request("good", &json!({"seconds": 1000}), None)).await.unwrap().id;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(registry.invoke(request("good", &json!({}), None)).await.unwrap().id);
    }
    let known = |ids: &[String]| ids.iter().map(|id| status(&registry, id).is_ok()).collect::<Vec<_>>();
    assert_eq!(known(&ids), [false, false, true, true]);
    tokio::time::sleep(Duration::from_secs(101)).await;
    ids.push(registry.invoke(request("good", &json!({}), None)).await.unwrap().id);
    assert_eq!(known(&ids), [false, false, false, false, true]);
    assert_eq!(status(&registry, &running), Ok(BatonActionStatus::Running), "what runs is never forgotten");
    assert_eq!(status(&registry, "unknown"), Err(Code::NotFound));
}

#[tokio::test]
async fn schemas_are_served() {
    let registry = registry(Retention::default());
    let list = |of: &str| {
        registry.list(&ListActionSchemasRequest { resource_type_id: of.to_owned(), ..Default::default() }).schemas.len()
    };
    assert_eq!((list(""), list("user"), list("robot")), (6, 1, 0));
    let get = |name: &str| registry.schema(&GetActionSchemaRequest { name: name.to_owned(), ..Default::default() });
    assert_eq!(get("good").unwrap().schema.unwrap().name, "good");
    // Only global ones, as the contract has it.
    let error = get("remove").unwrap_err();
    assert_eq!(error.code, Code::NotFound);
    assert!(error.message.starts_with("action schema remove not found: "), "{}", error.message);
    assert_eq!(registry.invoke(request("nothing", &json!({}), None)).await.unwrap_err().code, Code::NotFound);
}
