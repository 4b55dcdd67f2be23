//! Answers fit Okta's own description of its API, with the tolerances that real answers need too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jsonschema::{Draft, Validator};
use okta_sim::{LogEntity, LogEvent, Org, Shape, SimConfig};
use reqwest::Method;
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
        self.answer_to("get", path, 200)
    }

    fn answer_to(&self, method: &str, path: &str, status: u16) -> Validator {
        let responses = &self.document["paths"][path][method]["responses"];
        let schema = &responses[&status.to_string()]["content"]["application/json"]["schema"];
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
        ("/api/v1/groups/rules", "?expand=groupIdToGroupNameMap".to_owned()),
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
    let singles = org.app_users().take(20).map(|it| format!("{}/{}", it.app, it.user));
    calls.extend(singles.map(|both| ("/api/v1/apps/{appId}/users/{userId}", both)));
    let singles = org.app_groups().take(20).map(|(app, group)| format!("{app}/{group}"));
    calls.extend(singles.map(|both| ("/api/v1/apps/{appId}/groups/{groupId}", both)));
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
    for mut org in [Org::facts(), Org::generate(&Shape::new(150, 40, 25))] {
        let group = org.group_ids().nth(3).unwrap();
        org.set_rule_managed(&group, true).unwrap();
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
    assert!(validators.len() >= 29, "{} kinds of answers", validators.len());
}

/// Requests for changes: method, path as the description names it, the ids in it, query, body.
fn changes(url: &str) -> Vec<(Method, &'static str, Vec<&'static str>, &'static str, Value)> {
    let person = json!({"profile": {
        "firstName": "Grace", "lastName": "Hopper", "email": "grace@new.example", "login": "grace@new.example",
    }});
    let group = json!({"profile": {"name": "New", "description": "d"}});
    let binding = json!({"role": "cr0audit", "members": [format!("{url}/api/v1/users/00u6locked")]});
    let more = json!({"additions": [format!("{url}/api/v1/groups/00g4empty")]});
    let set = "/api/v1/iam/resource-sets/{resourceSetIdOrLabel}/bindings";
    let members = "/api/v1/iam/resource-sets/{resourceSetIdOrLabel}/bindings/{roleIdOrLabel}/members";
    let custom = json!({"type": "CUSTOM", "role": "cr0vault", "resource-set": "iamrs1"});
    let (active, staged) = (vec!["00u1active"], vec!["00u2staged"]);
    vec![
        (Method::POST, "/api/v1/users", vec![], "", person),
        (Method::POST, "/api/v1/users/{id}", active.clone(), "", json!({"profile": {"title": "x"}})),
        (Method::POST, "/api/v1/users/{id}/lifecycle/activate", staged, "?sendEmail=false", Value::Null),
        (Method::POST, "/api/v1/users/{id}/lifecycle/expire_password", vec!["00u6locked"], "", Value::Null),
        (Method::POST, "/api/v1/users/{id}/lifecycle/reset_password", active, "?sendEmail=false", Value::Null),
        (Method::POST, "/api/v1/groups", vec![], "", group.clone()),
        (Method::PUT, "/api/v1/groups/{groupId}", vec!["00g4empty"], "", json!({"profile": {"name": "Other"}})),
        (Method::POST, "/api/v1/apps/{appId}/users", vec!["0oa2saml"], "", json!({"id": "00u3prov", "scope": "USER"})),
        (Method::PUT, "/api/v1/apps/{appId}/groups/{groupId}", vec!["0oa3book", "00g1eng"], "", json!({})),
        (Method::POST, "/api/v1/users/{userId}/roles", vec!["00u3prov"], "", json!({"type": "APP_ADMIN"})),
        (Method::POST, "/api/v1/users/{userId}/roles", vec!["00u3prov"], "", custom),
        (Method::POST, set, vec!["iamrs2"], "", binding),
        (Method::PATCH, members, vec!["iamrs2", "cr0audit"], "", more),
        // Refused, in the form of errors.
        (Method::POST, "/api/v1/groups", vec![], "", group),
        (Method::POST, "/api/v1/users/{id}/lifecycle/suspend", vec!["00u3prov"], "", Value::Null),
        (Method::DELETE, "/api/v1/groups/{groupId}", vec!["00gnone"], "", Value::Null),
        (Method::PUT, "/api/v1/groups/{groupId}/users/{userId}", vec!["00g3every", "00u3prov"], "", Value::Null),
    ]
}

#[tokio::test]
async fn answers_to_changes_fit_the_description() {
    let Some(description) = Description::load() else { return };
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let (error, nobody) = (description.schema("Error"), BTreeSet::new());
    let mut refused = 0;
    for (method, template, ids, query, body) in changes(&client.sim.url()) {
        let path = ids.iter().fold(template.to_owned(), |path, id| {
            let (open, close) = (path.find('{').unwrap(), path.find('}').unwrap());
            format!("{}{id}{}", &path[..open], &path[close + 1..])
        });
        let sent = (!body.is_null()).then_some(&body);
        let reply = client.send(method.clone(), &format!("{path}{query}"), sent).await;
        let status = reply.status.as_u16();
        if status >= 400 {
            refused += 1;
            check(&error, &path, &reply.json(), &nobody);
            continue;
        }
        let validator = description.answer_to(&method.as_str().to_lowercase(), template, status);
        check(&validator, &path, &reply.json(), &nobody);
    }
    assert_eq!(refused, 4);
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
