//! Rules that fill groups. The simulator does not evaluate their conditions: a rule only marks its groups as filled by a
//! rule, and counts as the source of every member whom it does not exclude, unless it is said to match nobody.

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
    /// The ids of the users whom it excludes. Those of deleted users stay.
    pub(crate) excluded: Vec<String>,
    /// Whether its condition matches the members of its groups; otherwise they were all added by hand.
    pub(crate) matches: bool,
    pub(crate) created: String,
}

/// How many users a rule can exclude.
pub(crate) const EXCLUDED_USERS: usize = 100;

impl GroupRule {
    fn fills(&self, group: u32) -> bool {
        self.status == "ACTIVE" && self.groups.contains(&group)
    }
}

impl Org {
    /// Whether an active rule fills this group.
    pub(crate) fn is_rule_managed(&self, group: u32) -> bool {
        self.rules.iter().any(|rule| rule.fills(group))
    }

    /// A rule as the API shows it; with `names` it tells the names of its groups.
    pub(crate) fn rule_document(&self, rule: &GroupRule, names: bool) -> Document {
        let groups: Vec<String> = rule.groups.iter().map(|&n| self.groups.id(n).to_string()).collect();
        let mut value = json!({
            "type": "group_rule", "id": rule.id, "status": rule.status, "name": rule.name, "created": rule.created,
            "lastUpdated": rule.created,
            "conditions": {
                "people": {"users": {"exclude": rule.excluded}, "groups": {"exclude": []}},
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
            let (groups, excluded) = (vec![group], Vec::new());
            self.rules.push(GroupRule { id, name, status: "ACTIVE", groups, excluded, matches: true, created });
        }
    }

    /// Sets whom the rules that fill this group exclude.
    pub(crate) fn exclude_by_rules(&mut self, group: u32, users: &[&str]) {
        for rule in self.rules.iter_mut().filter(|rule| rule.fills(group)) {
            rule.excluded = users.iter().map(ToString::to_string).collect();
        }
    }

    /// Sets whether the rules that fill this group match its members.
    pub(crate) fn match_by_rules(&mut self, group: u32, matches: bool) {
        for rule in self.rules.iter_mut().filter(|rule| rule.fills(group)) {
            rule.matches = matches;
        }
    }

    /// Adds a user to the exclusion lists of the active rules that fill this group, as Okta does when a member is taken
    /// out whom a rule has put there. `false`, and nothing is changed, if a list is full.
    pub(crate) fn exclude_from_rules(&mut self, group: u32, user: u32) -> bool {
        let id = self.users.id(user).to_string();
        let to_change = |rule: &GroupRule| rule.fills(group) && rule.matches && !rule.excluded.contains(&id);
        if self.rules.iter().any(|rule| to_change(rule) && rule.excluded.len() >= EXCLUDED_USERS) {
            return false;
        }
        for rule in self.rules.iter_mut().filter(|rule| to_change(rule)) {
            rule.excluded.push(id.clone());
        }
        true
    }
}
