//! What real orgs answered, mapped without loss.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::io::Read;
use std::path::PathBuf;

use baton_connector::Page;
use baton_proto::Message;
use baton_proto::c1::connector::v2::Resource;
use okta_client::models::{
    App, AppUser, CustomRole, Device, Group, Record, ResourceSet, RoleAssignment, TokenInfo, User, list_from_json,
    record_from_json,
};
use serde_json::Value;

use super::*;
use crate::config::Rules;
use crate::resources::app_grants::user_grants;
use crate::resources::role_grants::{Holder, Wanted};

/// The bodies of the recorded GETs with status 200 whose path has the form of `wanted`, `*` standing for an id;
/// `None` if there are no recordings here.
fn bodies(file: &str, wanted: &[&str]) -> Option<Vec<Value>> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/recorded-okta")).join(file);
    let Ok(packed) = std::fs::File::open(&path) else {
        eprintln!("skipped: {} is missing", path.display());
        return None;
    };
    let mut lines = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut lines).unwrap();
    let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let fits = |path: &str, form: &str| {
        let parts = |text: &str| text.trim_end_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
        let (path, form) = (parts(path), parts(form));
        path.len() == form.len() && path.iter().zip(&form).all(|(part, form)| form == "*" || part == form)
    };
    let bodies: Vec<_> = records
        .filter(|record| record["method"] == "GET" && record["status"] == 200)
        .filter(|record| wanted.iter().any(|form| fits(record["path"].as_str().unwrap(), form)))
        .map(|mut record| record["body"].take())
        .collect();
    assert!(!bodies.is_empty(), "{file} holds nothing like {wanted:?}");
    Some(bodies)
}

/// All records in those bodies, with their JSON.
fn records<T: Record>(file: &str, wanted: &[&str]) -> Vec<(T, Value)> {
    let elements = bodies(file, wanted).unwrap_or_default().into_iter().flat_map(|body| match body {
        Value::Array(elements) => elements,
        other => vec![other],
    });
    elements.map(|json| (record_from_json(json.to_string().as_bytes()).unwrap(), json)).collect()
}

#[test]
fn every_recorded_user() {
    for (model, json) in records::<User>("users.jsonl.gz", &["/api/v1/users", "/api/v1/users/*"]) {
        let mut page = Page::default();
        user::add(&mut page, &model, &Rules::default());
        let resource = Resource::decode(page.encoded[0].data.as_slice()).unwrap();
        assert_eq!(resource.id.as_ref().unwrap().resource, json["id"].as_str().unwrap());
        assert_eq!(resource.status.as_ref().unwrap().details, json["status"].as_str().unwrap());
        // One recording was edited by hand and has "Fri, 27 Aug 2020 …", which was a Thursday.
        let odd = json["created"].as_str().is_some_and(|created| created.starts_with("Fri, "));
        assert_eq!((resource.created_at.is_none(), page.gaps.len()), (odd, usize::from(odd)));
        let mut stored = baton_proto::json::to_value(&resource).unwrap()["profile"].take();
        assert_eq!(stored.as_object_mut().unwrap().remove("c1_okta_raw_user_status"), Some(json["status"].clone()));
        assert_eq!(as_doubles(stored), as_doubles(json["profile"].clone()));
    }
}

/// The same value with all numbers as doubles, as protobuf keeps them.
fn as_doubles(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64().unwrap()),
        Value::Array(values) => values.into_iter().map(as_doubles).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, as_doubles(value))).collect(),
        other => other,
    }
}

#[test]
fn every_recorded_group() {
    for (model, json) in records::<Group>("groups.jsonl.gz", &["/api/v1/groups", "/api/v1/groups/*"]) {
        let stored = baton_proto::json::to_value(&group::resource(&model)).unwrap();
        assert_eq!(stored["id"]["resource"], json["id"]);
        assert_eq!(stored["displayName"], json["profile"]["name"]);
        assert_eq!(stored["profile"]["description"], json["profile"]["description"].as_str().unwrap_or_default());
        assert_eq!(stored["profile"]["type"], json["type"]);
    }
}

#[test]
fn every_recorded_app() {
    for (model, json) in records::<App>("apps.jsonl.gz", &["/api/v1/apps", "/api/v1/apps/*"]) {
        let stored = baton_proto::json::to_value(&app::resource(&model)).unwrap();
        assert_eq!(stored["id"]["resource"], json["id"]);
        assert_eq!(stored["displayName"], json["label"]);
        assert_eq!(stored["profile"], serde_json::json!({ "status": json["status"] }));
    }
}

#[test]
fn every_recorded_app_user() {
    for (model, json) in records::<AppUser>("apps.jsonl.gz", &["/api/v1/apps/*/users", "/api/v1/apps/*/users/*"]) {
        let grants = user_grants("0oa1", vec![model], true);
        assert_eq!(grants[0].principal.id, json["id"].as_str().unwrap());
        assert_eq!(grants[0].immutable.is_some(), json["scope"] == "GROUP" && !json["_links"]["group"].is_null());
    }
}

#[test]
fn every_recorded_role_assignment() {
    for (of, form) in [("USER", "/api/v1/users/*/roles"), ("GROUP", "/api/v1/groups/*/roles")] {
        for body in bodies("roles.jsonl.gz", &[form]).unwrap_or_default() {
            let assignments = list_from_json::<RoleAssignment>(body.to_string().as_bytes(), None).unwrap();
            assert_eq!(assignments.unreadable, []);
            let own = assignments.items.iter().filter(|a| a.assignment_type.as_deref() == Some(of));
            let roles: std::collections::BTreeSet<_> =
                own.map(|a| {
                    if a.role_type.as_deref() == Some("CUSTOM") { a.role.as_deref() } else { a.role_type.as_deref() }
                })
                .collect();
            let mut page = Page::default();
            let wanted = Wanted { standard: true, custom: true };
            let holder = match of {
                "USER" => Holder::user("00u1", wanted),
                _ => Holder::group("00g1", false, wanted),
            };
            holder.add_grants(&assignments.items, &mut page);
            assert_eq!((page.grants.len(), page.gaps.len()), (roles.len(), 0));
        }
    }
}

#[test]
fn every_recorded_custom_role_and_resource_set() {
    for (model, json) in records::<CustomRole>("iam.jsonl.gz", &["/api/v1/iam/roles/*"]) {
        let stored = baton_proto::json::to_value(&custom_role::resource(&model)).unwrap();
        assert_eq!((&stored["id"]["resource"], &stored["displayName"]), (&json["id"], &json["label"]));
    }
    for (model, json) in records::<ResourceSet>("iam.jsonl.gz", &["/api/v1/iam/resource-sets/*"]) {
        let stored = baton_proto::json::to_value(&resource_set::resource(&model)).unwrap();
        assert_eq!((&stored["id"]["resource"], &stored["displayName"]), (&json["id"], &json["label"]));
        assert_eq!(stored["profile"]["description"], json["description"]);
    }
    for body in bodies("iam.jsonl.gz", &["/api/v1/iam/resource-sets"]).unwrap_or_default() {
        let list = list_from_json::<ResourceSet>(body.to_string().as_bytes(), Some("resource-sets")).unwrap();
        assert_eq!((list.items.len(), list.unreadable.len()), (body["resource-sets"].as_array().unwrap().len(), 0));
    }
}

#[test]
fn every_recorded_token_and_device() {
    for (model, json) in records::<TokenInfo>("tokens-devices-logs.jsonl.gz", &["/api/v1/api-tokens"]) {
        let mut page = Page::default();
        api_token::add(&mut page, &model);
        let stored = baton_proto::json::to_value(&page.resources[0]).unwrap();
        assert_eq!((&stored["id"]["resource"], &stored["displayName"]), (&json["id"], &json["name"]));
        assert_eq!(stored["annotations"][0]["identityId"]["resource"], json["userId"]);
        assert!(stored["annotations"][0]["expiresAt"].is_string() && stored["createdAt"].is_string());
        assert_eq!(page.gaps, []);
    }
    for (model, json) in records::<Device>("tokens-devices-logs.jsonl.gz", &["/api/v1/devices", "/api/v1/devices/*"]) {
        let stored = baton_proto::json::to_value(&device::resource(&model)).unwrap();
        assert_eq!((&stored["id"]["resource"], &stored["displayName"]), (&json["id"], &json["profile"]["displayName"]));
        assert_eq!(stored["annotations"][0]["os"]["name"], json["profile"]["platform"]);
    }
}
