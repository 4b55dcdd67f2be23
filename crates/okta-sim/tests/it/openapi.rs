//! Answers fit Okta's own description of its API, with the tolerances that real answers need too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jsonschema::{Draft, Validator};
use okta_sim::{LogEntity, LogEvent, Org, Shape, SimConfig};
use serde_json::{Map, Value, json};

use crate::client::Client;

/// Values that are not in the description: what the awkward objects are awkward by, and a role type of older orgs.
const ODD: [&str; 6] = ["ACTIVATING", "LIMBO", "FUTURE_GROUP", "TELEPATHY", "LINUX", "MOBILE_ADMIN"];

struct Description {
    document: Value,
}

impl Description {
    fn load() -> Option<Self> {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/okta-management-openapi.yaml"));
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("skipped: no description at {}", path.display());
            return None;
        };
        let mut document: Value = serde_yaml_ng::from_str(&text).unwrap();
        tolerate(&mut document["components"]["schemas"]);
        Some(Self { document })
    }

    /// A validator for the answer of `GET` of a path, holding only the schemas that it needs.
    fn answer(&self, path: &str) -> Validator {
        let schema = &self.document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path} is described");
        self.validator(schema)
    }

    fn schema(&self, name: &str) -> Validator {
        self.validator(&json!({"$ref": format!("#/components/schemas/{name}")}))
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut needed = BTreeMap::new();
        self.collect(schema, &mut needed);
        let schemas: Map<String, Value> = needed.into_iter().collect();
        let mut root = json!({"allOf": [schema], "components": {"schemas": schemas}});
        discriminate(&mut root);
        let options = jsonschema::options().with_draft(Draft::Draft4).should_validate_formats(false);
        options.build(&root).unwrap()
    }

    fn collect(&self, schema: &Value, needed: &mut BTreeMap<String, Value>) {
        match schema {
            Value::Object(members) => {
                let target = members.get("$ref").and_then(Value::as_str);
                if let Some(name) = target.and_then(|target| target.strip_prefix("#/components/schemas/"))
                    && !needed.contains_key(name)
                {
                    let target = self.document["components"]["schemas"][name].clone();
                    needed.insert(name.to_owned(), target.clone());
                    self.collect(&target, needed);
                }
                members.values().for_each(|member| self.collect(member, needed));
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, needed)),
            _ => {}
        }
    }
}

/// Where a member's value decides between schemas, says so in terms that JSON Schema has: the alternatives of the
/// description overlap.
fn discriminate(schema: &mut Value) {
    let mapping = schema.pointer("/discriminator/mapping").and_then(Value::as_object).cloned();
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(discriminate);
            let name = members.get("discriminator").and_then(|it| it["propertyName"].as_str()).map(str::to_owned);
            if let (Some(mapping), Some(name), true) = (mapping, name, members.contains_key("oneOf")) {
                members.remove("oneOf");
                let each = mapping.into_iter();
                let options = each.map(
                    |(value, target)| json!({"properties": {&name: {"enum": [value]}}, "allOf": [{"$ref": target}]}),
                );
                members.insert("anyOf".to_owned(), options.collect());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(discriminate),
        _ => {}
    }
}

/// The known defects of the description.
fn tolerate(schemas: &mut Value) {
    let duration = r"^P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$";
    schemas["TimeDuration"]["pattern"] = duration.into();
    let required = schemas["Application"]["required"].as_array_mut().unwrap();
    required.retain(|name| name != "signOnMode");
    for verbs in ["HttpMethod"] {
        if let Some(values) = schemas[verbs]["enum"].as_array_mut() {
            values.push("PATCH".into());
        }
    }
}

/// The value without its null members: Okta sends many that the description does not allow.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, member)| !member.is_null());
            members.map(|(name, member)| (name, without_nulls(member))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn check(validator: &Validator, path: &str, body: &Value, odd: &BTreeSet<String>) {
    let body = without_nulls(body.clone());
    let odd_profile = |place: &str| {
        let object = match place.trim_start_matches('/').split('/').next().and_then(|at| at.parse::<usize>().ok()) {
            Some(at) => &body[at],
            None => &body,
        };
        place.contains("profile/") && object["id"].as_str().is_some_and(|id| odd.contains(id))
    };
    let problems: Vec<String> = validator
        .iter_errors(&body)
        .filter(|error| {
            ![error.instance(), &error.instance()["type"]].iter().any(|value| ODD.iter().any(|odd| *value == odd))
        })
        .filter(|error| !odd_profile(error.instance_path().as_str()))
        .map(|error| format!("{path}{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems[..problems.len().min(10)].join("\n"));
}

/// Every endpoint as the description names it, and the path to ask with ids filled in.
async fn calls(client: &Client) -> Vec<(&'static str, String)> {
    let org = client.sim.org();
    let (user, app) = (LogEntity::user("00u1", "ada@x", "Ada"), LogEntity::app("0oa1", "Mail"));
    client.sim.add_event(LogEvent::sign_on(user.clone(), app.clone()));
    client.sim.add_event(LogEvent::app_user_added(user, app).outcome("FAILURE", Some("UNKNOWN_USER")));
    let mut calls = vec![
        ("/api/v1/org", String::new()),
        ("/api/v1/users", "?search=status+pr".to_owned()),
        ("/api/v1/groups", "?expand=stats".to_owned()),
        ("/api/v1/apps", "?limit=200".to_owned()),
        ("/api/v1/iam/assignees/users", String::new()),
        ("/api/v1/iam/roles", String::new()),
        ("/api/v1/iam/resource-sets", String::new()),
        ("/api/v1/api-tokens", String::new()),
        ("/api/v1/devices", String::new()),
        ("/api/v1/logs", String::new()),
    ];
    for user in org.user_ids().take(40) {
        calls.push(("/api/v1/users/{id}", user.clone()));
        calls.push(("/api/v1/users/{id}/groups", user.clone()));
        calls.push(("/api/v1/users/{userId}/roles", user));
    }
    for group in org.group_ids().take(15) {
        calls.push(("/api/v1/groups/{groupId}", group.clone()));
        calls.push(("/api/v1/groups/{groupId}/users", group.clone()));
        calls.push(("/api/v1/groups/{groupId}/roles", group.clone()));
        calls.push(("/api/v1/groups/{groupId}/apps", group));
    }
    for app in org.app_ids(false).take(15) {
        calls.push(("/api/v1/apps/{appId}", app.clone()));
        calls.push(("/api/v1/apps/{appId}/users", app.clone()));
        calls.push(("/api/v1/apps/{appId}/groups", app));
    }
    for role in client.wrapped("/api/v1/iam/roles", "roles").await.0 {
        calls.push(("/api/v1/iam/roles/{roleIdOrLabel}", role["id"].as_str().unwrap().to_owned()));
    }
    for set in client.wrapped("/api/v1/iam/resource-sets", "resource-sets").await.0 {
        let set = set["id"].as_str().unwrap().to_owned();
        calls.push(("/api/v1/iam/resource-sets/{resourceSetIdOrLabel}", set.clone()));
        calls.push(("/api/v1/iam/resource-sets/{resourceSetIdOrLabel}/bindings", set.clone()));
        for role in client.wrapped(&format!("/api/v1/iam/resource-sets/{set}/bindings"), "roles").await.0 {
            let both = format!("{set}/{}", role["id"].as_str().unwrap());
            calls.push(("/api/v1/iam/resource-sets/{resourceSetIdOrLabel}/bindings/{roleIdOrLabel}", both.clone()));
            calls.push(("/api/v1/iam/resource-sets/{resourceSetIdOrLabel}/bindings/{roleIdOrLabel}/members", both));
        }
    }
    for token in client.ids("/api/v1/api-tokens").await {
        calls.push(("/api/v1/api-tokens/{apiTokenId}", token));
    }
    for device in client.ids("/api/v1/devices").await.into_iter().take(5) {
        calls.push(("/api/v1/devices/{deviceId}", device));
    }
    calls
}

#[tokio::test]
async fn answers_fit_the_description() {
    let Some(description) = Description::load() else { return };
    let mut validators: BTreeMap<&str, Validator> = BTreeMap::new();
    let modes = &description.document["components"]["schemas"]["Application"]["discriminator"]["mapping"];
    let apps: BTreeMap<String, Validator> = modes
        .as_object()
        .unwrap()
        .iter()
        .map(|(mode, target)| (mode.clone(), description.schema(target.as_str().unwrap().rsplit('/').next().unwrap())))
        .collect();
    for org in [Org::facts(), Org::generate(&Shape::new(150, 40, 25))] {
        let client = Client::start(SimConfig::new(org)).await;
        // Whose profiles are odd on purpose: the first users of a generated org, a user and a device of the fixed org.
        let served = client.sim.org();
        let users = served.user_ids().take(31).filter(|id| id.len() == 20);
        let odd: BTreeSet<String> = users.chain(["00u9weird".to_owned(), "guo2win".to_owned()]).collect();
        drop(served);
        let mut refused = 0;
        for (template, filling) in calls(&client).await {
            let mut path = template.to_owned();
            for id in filling.split('/').filter(|_| template.contains('{')) {
                let (open, close) = (path.find('{').unwrap(), path.find('}').unwrap());
                path.replace_range(open..=close, id);
            }
            if filling.starts_with('?') {
                path.push_str(&filling);
            }
            let reply = client.get(&path).await;
            if reply.status == 403 {
                refused += 1;
                continue;
            }
            assert_eq!(reply.status, 200, "{path}");
            let body = reply.json();
            let validator = validators.entry(template).or_insert_with(|| description.answer(template));
            check(validator, &path, &body, &odd);
            if template == "/api/v1/apps" {
                for app in body.as_array().unwrap() {
                    if let Some(validator) = app["signOnMode"].as_str().and_then(|mode| apps.get(mode)) {
                        check(validator, &path, app, &odd);
                    }
                }
            }
        }
        assert_eq!(refused, 1, "the one group that refuses");
    }
    assert!(validators.len() >= 26, "{} kinds of answers", validators.len());
}

#[test]
fn the_check_finds_what_does_not_fit() {
    let Some(description) = Description::load() else { return };
    let users = description.answer("/api/v1/users");
    assert!(users.is_valid(&json!([{"id": "00u1", "status": "ACTIVE"}])));
    assert!(!users.is_valid(&json!([{"id": 1}])));
    assert!(!users.is_valid(&json!([{"status": "NONE"}])));
    assert!(!users.is_valid(&json!({})));
}
