//! A small org whose ids and values hold every character that somebody might forget to escape.

use serde_json::{Value, json};

use super::document::Document;
use super::{AppUser, DIRECT, Org, iam, objects};

/// Ids that no real org has, and that must come through all the same.
const IDS: [&str; 7] = [
    "\"quoted\"",
    "it's",
    "crab 🦀 名前",
    "back\\slash/and/slash",
    "colon:percent%2F",
    "<tag>&amp;",
    "e\u{301}\u{202e}rtl",
];

impl Org {
    /// The odd org: for each odd text a user, a group, an app, a token, a device, a custom role and a resource set whose id
    /// and name end in it. The first user's profile holds the odd values. Everybody is in the group `00gplain` and has the
    /// app `0oaplain`; the odd groups and apps are empty, because no
    /// call can name them, and no group shows statistics.
    #[must_use]
    pub fn odd() -> Self {
        let mut org = Self::empty();
        for (n, odd) in IDS.iter().enumerate() {
            let mut profile = json!({
                "firstName": odd, "lastName": format!("Odd {n}"), "login": format!("odd.{n}@acme.example"),
                "email": format!("odd.{n}@acme.example"), "mobilePhone": null, "secondEmail": null, *odd: odd,
            });
            if n == 0 {
                profile["values"] = odd_values();
                profile["long"] = "ä👍\"\\".repeat(512).into();
            }
            org.users.put(objects::user(&format!("00u{odd}"), "ACTIVE", &profile));
            org.groups.put(objects::group(
                &format!("00g{odd}"),
                "OKTA_GROUP",
                &json!({"name": odd, "description": odd}),
                None,
            ));
            let app = objects::app(&format!("0oa{odd}"), "odd_app", odd, "ACTIVE", Some("SAML_2_0"));
            org.apps.put(Document::of(&app));
            org.tokens.push(objects::token(&format!("00T{odd}"), odd, &format!("00u{odd}"), objects::NEVER_USED));
            org.devices.push(objects::device(&format!("guo{odd}"), &json!({"displayName": odd, "platform": odd})));
            org.iam.roles.push(iam::custom_role(&format!("cr0{odd}"), odd, odd));
            org.iam.sets.push(iam::ResourceSet::new(&format!("iam{odd}"), odd, odd));
        }
        let everybody: Vec<u32> = org.users.rows().collect();
        org.groups.put(objects::group("00gplain", "OKTA_GROUP", &json!({"name": "Plain", "description": null}), None));
        org.apps.put(Document::of(&objects::app("0oaplain", "plain_app", "Plain", "ACTIVE", Some("SAML_2_0"))));
        org.members = vec![Vec::new(); IDS.len()];
        org.app_users = vec![Vec::new(); IDS.len()];
        org.app_groups = vec![Vec::new(); IDS.len() + 1];
        // As texts, like everything here: what is rendered from a seed has ids that need no escaping.
        let app = org.apps.len() - 1;
        for &user in &everybody {
            let mut assigned = objects::app_user("0oaplain", &org.users.id(user), "ACTIVE", &json!({}), None);
            assigned.id = (*org.users.id(user)).into();
            org.written_app_users.insert((app, user), assigned);
        }
        org.group_quirks.without_stats.extend(org.groups.rows());
        org.app_users.push(everybody.iter().map(|&user| AppUser { user, via: DIRECT }).collect());
        org.members.push(everybody);
        org
    }
}

/// Nested objects and arrays, and numbers at the edges of what a double holds.
fn odd_values() -> Value {
    json!({
        "nested": {"a": {"b": [1, {"c": null}, []]}, "": {}, "\u{0}\u{1f}\u{7f}": "\u{0}\t\r\n"},
        "numbers": [0, -1, 1.5, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 9_007_199_254_740_991_u64, i64::MIN, u64::MAX, 0.1],
        "flags": [true, false, null],
        "texts": ["", " ", "\u{feff}", "\u{1f469}\u{200d}\u{1f4bb}", "</script>", "${jndi}", "'; DROP TABLE v1_resources; --"],
    })
}
