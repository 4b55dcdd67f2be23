//! Events of the System Log.

use serde::de::{Error as _, IgnoredAny, MapAccess};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::lenient::{Record, check_size};
use super::time::Time;

/// The members that are read.
const MEMBERS: [&str; 7] = ["uuid", "eventType", "published", "actor", "target", "outcome", "debugContext"];

/// An event in the org. Like all records it is parsed leniently: a member that is missing or of another type is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogEvent {
    /// Its id (`uuid`), never empty.
    pub id: String,
    /// The type of event, for example `group.user_membership.add`.
    pub event_type: String,
    /// When it happened; it may have been stored later.
    pub published: Option<Time>,
    /// The actor.
    pub actor: Option<LogEntity>,
    /// The targets, in Okta's order.
    pub targets: Vec<LogEntity>,
    /// `SUCCESS`, `FAILURE`, `SKIPPED`, `ALLOW`, `DENY`, `CHALLENGE` or `UNKNOWN`.
    pub outcome: Option<String>,
    /// Further facts (`debugContext.debugData`), different for every type of event.
    pub debug_data: Map<String, Value>,
}

/// The actor or a target of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogEntity {
    /// Its id; empty if the event has only its name.
    pub id: String,
    /// `User`, `UserGroup`, `AppInstance`, `AppUser`, `ROLE`, …
    pub kind: String,
    /// A user's login; `unknown` for most others.
    pub alternate_id: Option<String>,
    /// Its display name.
    pub display_name: Option<String>,
}

impl LogEvent {
    /// Returns the targets of this kind, such as `User`. Okta's spelling of kinds varies, so the case is ignored.
    pub fn targets_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a LogEntity> {
        self.targets.iter().filter(move |target| target.kind.eq_ignore_ascii_case(kind))
    }
}

impl LogEntity {
    fn from_value(value: &Value) -> Option<Self> {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let entity = Self {
            id: text("id").unwrap_or_default(),
            kind: text("type").unwrap_or_default(),
            alternate_id: text("alternateId"),
            display_name: text("displayName"),
        };
        // Admin roles often have only a label.
        (!entity.id.is_empty() || entity.display_name.is_some()).then_some(entity)
    }
}

impl Record for LogEvent {
    const KIND: &'static str = "event";

    fn read<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut event = Self::default();
        while let Some(key) = map.next_key::<String>()? {
            if !MEMBERS.contains(&key.as_str()) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let raw: &RawValue = map.next_value()?;
            check_size::<A::Error>(raw)?;
            let value: Value = serde_json::from_str(raw.get()).map_err(A::Error::custom)?;
            let text = || value.as_str().unwrap_or_default().to_owned();
            match key.as_str() {
                "uuid" => event.id = text(),
                "eventType" => event.event_type = text(),
                "published" => event.published = value.as_str().map(Time::new),
                "actor" => event.actor = LogEntity::from_value(&value),
                "target" => {
                    event.targets = value.as_array().into_iter().flatten().filter_map(LogEntity::from_value).collect();
                }
                "outcome" => event.outcome = value["result"].as_str().map(str::to_owned),
                "debugContext" => {
                    event.debug_data = value["debugData"].as_object().cloned().unwrap_or_default();
                }
                _ => {}
            }
        }
        Ok((!event.id.is_empty()).then_some(event))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::models::list_from_json;

    #[test]
    fn an_event_with_everything_and_odd_ones() {
        let body = json!([
            {
                "uuid": "u1", "eventType": "user.account.privilege.grant", "published": "2026-01-02T03:04:05.678Z",
                "actor": {"id": "00u9", "type": "User", "alternateId": "admin@acme.example", "displayName": "Ad Min"},
                "target": [
                    {"id": "00u1", "type": "user", "alternateId": null}, {"type": "nothing"}, null,
                    {"id": null, "type": "ROLE", "displayName": "Super Administrator"},
                ],
                "outcome": {"result": "SUCCESS", "reason": null},
                "debugContext": {"debugData": {"privilegeGranted": "Super Administrator"}},
                "severity": "INFO",
            },
            {"uuid": "u2", "target": null, "outcome": null, "actor": 7, "debugContext": null, "eventType": null},
            {"eventType": "x"},
        ]);
        let events = list_from_json::<LogEvent>(body.to_string().as_bytes(), None).unwrap();
        let [whole, bare] = events.items.as_slice() else { panic!("{events:?}") };
        assert_eq!((whole.id.as_str(), whole.event_type.as_str()), ("u1", "user.account.privilege.grant"));
        assert_eq!(whole.published.as_ref().unwrap().parse().unwrap().as_millisecond(), 1_767_323_045_678);
        assert_eq!(whole.actor.as_ref().unwrap().alternate_id.as_deref(), Some("admin@acme.example"));
        assert_eq!(whole.targets_of("User").map(|it| it.id.as_str()).collect::<Vec<_>>(), ["00u1"]);
        let role = whole.targets_of("ROLE").next().unwrap();
        assert_eq!((role.id.as_str(), role.display_name.as_deref()), ("", Some("Super Administrator")));
        assert_eq!((whole.targets.len(), whole.outcome.as_deref()), (2, Some("SUCCESS")));
        assert_eq!(whole.debug_data["privilegeGranted"], "Super Administrator");
        assert_eq!(*bare, LogEvent { id: "u2".to_owned(), ..LogEvent::default() });
        assert_eq!(events.unreadable.len(), 1);
    }
}
