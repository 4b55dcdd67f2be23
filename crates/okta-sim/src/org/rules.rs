//! Rules that fill groups. The simulator does not evaluate their conditions: a rule only marks its groups as filled by a
//! rule.

use serde_json::json;

use super::Org;
use super::document::Document;

/// A rule that puts people into groups.
#[derive(Debug, Clone)]
pub(crate) struct GroupRule {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `ACTIVE` or `INACTIVE`.
    pub(crate) status: &'static str,
    /// The groups that it fills.
    pub(crate) groups: Vec<u32>,
    pub(crate) created: String,
}

impl Org {
    /// Whether an active rule fills this group.
    pub(crate) fn is_rule_managed(&self, group: u32) -> bool {
        self.rules.iter().any(|rule| rule.status == "ACTIVE" && rule.groups.contains(&group))
    }

    /// A rule as the API shows it; with `names` it tells the names of its groups.
    pub(crate) fn rule_document(&self, rule: &GroupRule, names: bool) -> Document {
        let groups: Vec<String> = rule.groups.iter().map(|&n| self.groups.id(n).to_string()).collect();
        let mut value = json!({
            "type": "group_rule", "id": rule.id, "status": rule.status, "name": rule.name, "created": rule.created,
            "lastUpdated": rule.created,
            "conditions": {
                "people": {"users": {"exclude": []}, "groups": {"exclude": []}},
                "expression": {"value": "user.department == \"Engineering\"", "type": "urn:okta:expression:1.0"},
            },
            "actions": {"assignUserToGroups": {"groupIds": groups}},
        });
        if names {
            let names = rule.groups.iter().map(|&n| (self.groups.id(n).to_string(), self.group_name(n).into()));
            value["_embedded"] = json!({"groupIdToGroupNameMap": names.collect::<serde_json::Map<_, _>>()});
        }
        Document::of(&value)
    }

    /// Makes an active rule fill this group, or ends that.
    pub(crate) fn manage_by_rule(&mut self, group: u32, managed: bool) {
        if !managed {
            for rule in &mut self.rules {
                rule.groups.retain(|&n| n != group);
            }
            self.rules.retain(|rule| !rule.groups.is_empty());
        } else if !self.is_rule_managed(group) {
            let number = self.mint();
            let created = self.now_text();
            let name = format!("Fills {}", self.group_name(group));
            let name = name.chars().take(50).collect();
            let id = format!("0pr{number:011}s1m1d7");
            self.rules.push(GroupRule { id, name, status: "ACTIVE", groups: vec![group], created });
        }
    }
}
