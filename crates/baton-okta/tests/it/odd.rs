//! Ids and values with every character that somebody might forget to escape, on their way into the file and back out.

use std::collections::BTreeSet;

use okta_sim::{Org, SimConfig};
use serde_json::{Value, json};

use crate::support::Lab;

/// The ends of the ids and names of the odd org.
const ODD: [&str; 7] = [
    "\"quoted\"",
    "it's",
    "crab 🦀 名前",
    "back\\slash/and/slash",
    "colon:percent%2F",
    "<tag>&amp;",
    "e\u{301}\u{202e}rtl",
];

fn ids(prefix: &str, plain: &[&str]) -> BTreeSet<String> {
    ODD.iter().map(|odd| format!("{prefix}{odd}")).chain(plain.iter().map(|id| (*id).to_owned())).collect()
}

#[test]
fn odd_ids_and_values_survive() {
    let lab = Lab::start(SimConfig { page_cap: Some(3), ..SimConfig::new(Org::odd()) });
    let outcome = lab.run(&["--sync-custom-roles", "--sync-secrets", "--sync-devices"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let found = |of: &str| lab.resource_ids("sync.c1z", of);
    assert_eq!(found("user"), ids("00u", &[]));
    assert_eq!(found("group"), ids("00g", &["00gplain"]));
    assert_eq!(found("app"), ids("0oa", &["0oaplain"]));
    assert_eq!(found("api-token"), ids("00T", &[]));
    assert_eq!(found("device"), ids("guo", &[]));
    assert_eq!(found("custom-role"), ids("cr0", &[]));
    assert_eq!(found("resource-set"), ids("iam", &[]));
    let grants = lab.grant_ids("sync.c1z");
    for odd in ODD {
        for id in [format!("group:00gplain:member:user:00u{odd}"), format!("app:0oaplain:access:user:00u{odd}")] {
            assert!(grants.contains(&id), "{id}");
        }
    }
    // No path can be made of such an id: it is said, and not asked for.
    let gaps = outcome.log("Sync complete.")["gaps"].clone();
    assert!(
        gaps.as_array().unwrap().iter().any(|gap| gap["kind"] == "unmappable" && gap["count"] == ODD.len()),
        "{gaps}"
    );

    let all = lab.read("resources", "sync.c1z");
    let resources = all["resources"].as_array().unwrap();
    let find = |of: &str, id: &str| -> Value {
        let wanted = json!({"resourceType": of, "resource": id});
        resources.iter().find(|entry| entry["resource"]["id"] == wanted).unwrap()["resource"].clone()
    };
    for odd in ODD {
        let user = find("user", &format!("00u{odd}"));
        assert_eq!((&user["profile"][odd], &user["profile"]["firstName"]), (&json!(odd), &json!(odd)));
        assert_eq!(find("group", &format!("00g{odd}"))["displayName"], odd);
        assert_eq!(
            find("api-token", &format!("00T{odd}"))["annotations"][0]["identityId"]["resource"],
            format!("00u{odd}")
        );
        assert_eq!(find("device", &format!("guo{odd}"))["annotations"][0]["os"]["name"], odd);
        assert_eq!(find("resource-set", &format!("iam{odd}"))["profile"]["description"], odd);
    }
    let profile = &find("user", "00u\"quoted\"")["profile"];
    assert_eq!(profile["long"], "ä👍\"\\".repeat(512));
    let values = json!({
        "nested": {"a": {"b": [1, {"c": null}, []]}, "": {}, "\u{0}\u{1f}\u{7f}": "\u{0}\t\r\n"},
        "numbers": [
            0, -1, 1.5, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 9_007_199_254_740_991_u64, i64::MIN, u64::MAX, 0.1,
        ],
        "flags": [true, false, null],
        "texts": ["", " ", "\u{feff}", "\u{1f469}\u{200d}\u{1f4bb}", "</script>", "${jndi}", "'; DROP TABLE v1_resources; --"],
    });
    assert_eq!(doubles(&profile["values"]), doubles(&values));
}

/// The same with all numbers as doubles, which is what a profile holds.
fn doubles(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64().unwrap()),
        Value::Array(values) => values.iter().map(doubles).collect(),
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), doubles(value))).collect(),
        other => other.clone(),
    }
}
