//! Recorded traffic of real orgs, which is stored outside of the project: see its README there. Every response must be
//! readable.

use std::io::Read;
use std::path::PathBuf;

use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::Value;

use crate::error::ErrorKind;
use crate::models::{
    App, AppGroup, AppUser, Assignee, Group, Member, Org, Record, RoleAssignment, User, list_from_json,
    record_from_json,
};
use crate::response;

/// The exchanges in one file, or `None` if the recordings are not there.
fn recorded(file: &str) -> Option<Vec<Value>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/recorded-okta"));
    let Ok(packed) = std::fs::File::open(folder.join(file)) else {
        println!("skipped: there are no recordings at {}", folder.display());
        return None;
    };
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(packed).read_to_string(&mut text).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn is_read(exchange: &Value) -> bool {
    exchange["method"] == "GET" && exchange["status"].as_u64().is_some_and(|status| (200..300).contains(&status))
}

/// Parses the body of an exchange as one record or a list; returns the number of records.
fn read<T: Record>(exchange: &Value, key: Option<&str>) -> usize {
    let body = exchange["body"].to_string();
    let name = format!("{} {}", exchange["cassette"], exchange["path"]);
    let expected = key.map_or(&exchange["body"], |key| &exchange["body"][key]);
    if key.is_none() && expected.is_object() {
        record_from_json::<T>(body.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        return 1;
    }
    let list = list_from_json::<T>(body.as_bytes(), key).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(list.unreadable, [], "{name}");
    assert_eq!(list.items.len(), expected.as_array().unwrap().len(), "{name}");
    list.items.len()
}

/// Parses the body if there is a model for the path.
fn read_by_path(exchange: &Value) -> Option<(&'static str, usize)> {
    let path = exchange["path"].as_str().unwrap().trim_end_matches('/');
    let parts: Vec<&str> = path.strip_prefix("/api/v1/")?.split('/').collect();
    Some(match *parts.as_slice() {
        ["users"] | ["users", _] => ("users", read::<User>(exchange, None)),
        ["groups"] | ["groups", _] | ["users", _, "groups"] => ("groups", read::<Group>(exchange, None)),
        ["groups", _, "users"] => ("members", read::<User>(exchange, None).min(read::<Member>(exchange, None))),
        ["apps"] | ["apps", _] | ["groups", _, "apps"] => ("apps", read::<App>(exchange, None)),
        ["apps", _, "users"] | ["apps", _, "users", _] => ("app users", read::<AppUser>(exchange, None)),
        ["apps", _, "groups"] | ["apps", _, "groups", _] => ("app groups", read::<AppGroup>(exchange, None)),
        ["users" | "groups", _, "roles"] => ("roles", read::<RoleAssignment>(exchange, None)),
        ["users" | "groups", _, "roles", _] => ("roles", read::<RoleAssignment>(exchange, None)),
        ["iam", "assignees", "users"] => ("assignees", read::<Assignee>(exchange, Some("value"))),
        ["org"] => ("org", read::<Org>(exchange, None)),
        _ => return None,
    })
}

#[test]
fn all_recorded_answers_go_through_the_models() {
    let mut counts = std::collections::BTreeMap::<&str, (usize, usize)>::new();
    for file in ["users", "groups", "apps", "roles", "iam", "tokens-devices-logs"] {
        let Some(exchanges) = recorded(&format!("{file}.jsonl.gz")) else { return };
        for exchange in exchanges.iter().filter(|exchange| is_read(exchange)) {
            let Some((kind, records)) = read_by_path(exchange) else { continue };
            let count = counts.entry(kind).or_default();
            *count = (count.0 + 1, count.1 + records);
        }
    }
    for (kind, (answers, records)) in &counts {
        println!("{kind}: {records} records in {answers} answers");
    }
    assert_eq!(counts.len(), 9, "every model but the single-purpose ones was met: {counts:?}");
}

#[test]
fn what_real_users_carry_is_read() {
    let Some(exchanges) = recorded("users.jsonl.gz") else { return };
    let single = |exchange: &&Value| is_read(exchange) && exchange["body"]["profile"].is_object();
    let mut with_time = 0;
    for exchange in exchanges.iter().filter(single) {
        let body = &exchange["body"];
        let user: User = record_from_json(body.to_string().as_bytes()).unwrap();
        assert_eq!(user.status.as_deref(), body["status"].as_str());
        let expected: Vec<&String> = body["profile"].as_object().unwrap().keys().collect();
        let profile = user.profile_members();
        assert_eq!(profile.keys().collect::<Vec<_>>(), expected, "the order is kept");
        assert_eq!(Value::from(profile), body["profile"]);
        with_time += usize::from(user.created.is_some_and(|created| created.parse().is_some()));
    }
    assert!(with_time > 50, "{with_time}");
}

#[test]
fn all_recorded_errors_are_understood() {
    let Some(exchanges) = recorded("errors.jsonl.gz") else { return };
    for exchange in &exchanges {
        let status = StatusCode::from_u16(u16::try_from(exchange["status"].as_u64().unwrap()).unwrap()).unwrap();
        let headers: HeaderMap = exchange["headers"]
            .as_object()
            .unwrap()
            .iter()
            .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.as_str()?.parse().ok()?)))
            .collect();
        let body = match &exchange["body"] {
            Value::String(text) => text.clone(),
            body => body.to_string(),
        };
        let error = response::refusal(status, &headers, body.as_bytes());
        assert_eq!(error.status(), Some(status.as_u16()));
        assert_eq!(error.code(), exchange["body"]["errorCode"].as_str().or(exchange["body"]["error"].as_str()));
        assert_eq!(error.error_id(), exchange["body"]["errorId"].as_str());
        assert_ne!(error.kind(), ErrorKind::Unreadable, "{error}");
        assert!(!error.to_string().contains('<') || !body.starts_with('<'), "no web pages in errors: {error}");
    }
    println!("{} errors", exchanges.len());
}
