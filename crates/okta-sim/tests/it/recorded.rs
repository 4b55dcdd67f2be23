//! The org made of recordings, when they are there.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;
use okta_sim::{Org, SimConfig};
use serde_json::value::RawValue;

use crate::client::Client;

fn directory() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/recorded-okta"));
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: no recordings at {}", path.display());
    None
}

#[tokio::test]
async fn every_recorded_object_is_served_letter_by_letter() {
    let Some(directory) = directory() else { return };
    let client = Client::start(SimConfig::new(Org::recorded(&directory).unwrap())).await;
    let org = client.sim.org();
    let mut recorded = String::new();
    for name in ["users", "groups", "apps"] {
        let file = std::fs::File::open(directory.join(format!("{name}.jsonl.gz"))).unwrap();
        MultiGzDecoder::new(file).read_to_string(&mut recorded).unwrap();
    }
    let stand_ins = org.stand_ins();
    let mut served = 0;
    for (path, truth) in [
        ("/api/v1/users?search=status+pr", org.user_ids().collect::<BTreeSet<_>>()),
        ("/api/v1/groups?", org.group_ids().collect()),
        ("/api/v1/apps?limit=200", org.app_ids(false).collect()),
    ] {
        let mut found = BTreeSet::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let reply = client.get(&path).await;
            next = reply.link("next").map(|link| link.strip_prefix(&client.sim.url()).unwrap().to_owned());
            for object in serde_json::from_str::<Vec<&RawValue>>(&reply.text).unwrap() {
                let value: serde_json::Value = serde_json::from_str(object.get()).unwrap();
                let id = value["id"].as_str().unwrap().to_owned();
                assert!(stand_ins.contains(&id) || recorded.contains(object.get()), "{}", object.get());
                found.insert(id);
                served += 1;
            }
        }
        assert_eq!(found, truth);
    }
    assert!(served > 850, "{served} objects");
    assert!(org.memberships().count() >= 25 && org.app_users().count() >= 25 && org.app_groups().count() >= 20);
    for (app, user) in org.app_users().map(|fact| (fact.app, fact.user)).take(50) {
        assert!(client.ids(&format!("/api/v1/apps/{app}/users?limit=500")).await.contains(&user));
    }
    for (group, user) in org.memberships().take(50) {
        assert!(client.ids(&format!("/api/v1/groups/{group}/users")).await.contains(&user));
    }
    for (app, group) in org.app_groups().take(50) {
        assert!(client.ids(&format!("/api/v1/apps/{app}/groups?limit=200")).await.contains(&group));
    }
    let (user, _) = org.user_roles().next().unwrap();
    assert!(!client.json(&format!("/api/v1/users/{user}/roles")).await.as_array().unwrap().is_empty());
}

#[test]
fn a_directory_without_recordings_is_an_error_that_names_the_file() {
    let empty = tempfile::tempdir().unwrap();
    let error = Org::recorded(empty.path()).unwrap_err();
    assert!(error.to_string().contains("users.jsonl.gz"), "{error}");
}

#[test]
fn a_broken_line_is_an_error_that_names_it() {
    use std::io::Write;
    let directory = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(directory.path().join("users.jsonl.gz")).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    encoder.write_all(b"{\"path\":\"/api/v1/users\",\"status\":404,\"body\":null}\nno record\n").unwrap();
    encoder.finish().unwrap();
    let error = Org::recorded(directory.path()).unwrap_err();
    assert!(error.to_string().starts_with("line 2 of "), "{error}");
}
