//! Administrators: which roles users and groups hold, custom roles, resource sets and their bindings.

use serde_json::{Value, json};

use super::document::{ADMIN, Document, ORG};

/// A role held by a user or a group, as a fact to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFact {
    /// Okta's role type, such as `APP_ADMIN`; `CUSTOM` for custom roles.
    pub role_type: String,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// `USER` or `GROUP`: how the holder came to it, as the API says.
    pub assignment_type: String,
    /// For custom roles the id of the role; for standard roles that are built on custom ones the type again.
    pub custom_role: Option<String>,
    /// For the same roles the id of the resource set.
    pub resource_set: Option<String>,
}

/// A role assignment as the API shows it.
#[derive(Debug, Clone)]
pub(crate) struct HeldRole {
    pub(crate) fact: RoleFact,
    pub(crate) document: Document,
    /// The ids of the groups or apps that the role is limited to; none for the whole org.
    pub(crate) targets: Vec<String>,
}

/// Custom roles and resource sets.
#[derive(Debug, Default)]
pub(crate) struct Iam {
    pub(crate) roles: Vec<Document>,
    pub(crate) sets: Vec<ResourceSet>,
}

/// A resource set with the roles that are bound in it.
#[derive(Debug)]
pub(crate) struct ResourceSet {
    pub(crate) document: Document,
    pub(crate) bindings: Vec<Binding>,
}

/// A custom role bound in a resource set.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) role: String,
    pub(crate) members: Vec<Document>,
}

/// Who holds a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder<'a> {
    User(&'a str),
    Group(&'a str),
    Client(&'a str),
}

impl Holder<'_> {
    pub(crate) fn path(self) -> String {
        match self {
            Self::User(id) => format!("{ORG}/api/v1/users/{id}"),
            Self::Group(id) => format!("{ORG}/api/v1/groups/{id}"),
            Self::Client(id) => format!("{ORG}/oauth2/v1/clients/{id}"),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "USER",
            Self::Group(_) => "GROUP",
            Self::Client(_) => "CLIENT",
        }
    }
}

/// Standard role types and the labels that Okta shows for them.
pub(crate) const STANDARD: [(&str, &str); 13] = [
    ("SUPER_ADMIN", "Super Administrator"),
    ("ORG_ADMIN", "Organizational Administrator"),
    ("APP_ADMIN", "Application Administrator"),
    ("USER_ADMIN", "Group Administrator"),
    ("HELP_DESK_ADMIN", "Help Desk Administrator"),
    ("GROUP_MEMBERSHIP_ADMIN", "Group Membership Administrator"),
    ("READ_ONLY_ADMIN", "Read-only Administrator"),
    ("REPORT_ADMIN", "Report Administrator"),
    ("API_ACCESS_MANAGEMENT_ADMIN", "API Access Management Administrator"),
    ("MOBILE_ADMIN", "Mobile Administrator"),
    ("WORKFLOWS_ADMIN", "Workflows Administrator"),
    ("ACCESS_CERTIFICATIONS_ADMIN", "Access Certifications Administrator"),
    ("ACCESS_REQUESTS_ADMIN", "Access Requests Administrator"),
];

const ASSIGNED: &str = "2024-02-29T12:00:00.000Z";

/// A standard role held by somebody. The id of a role that can have targets is its type in base32, so it is the same for
/// every holder; others have ids of their own, made from `number`.
pub(crate) fn standard(role_type: &str, holder: Holder<'_>, number: u32) -> HeldRole {
    let label = STANDARD.iter().find(|(name, _)| *name == role_type).map_or(role_type, |(_, label)| label);
    let id = match role_type {
        "APP_ADMIN" | "USER_ADMIN" | "HELP_DESK_ADMIN" | "GROUP_MEMBERSHIP_ADMIN" => base32(role_type),
        _ => match holder {
            Holder::User(_) => format!("ra1{number:011}s1m1d7"),
            Holder::Group(_) => format!("gra{number:011}s1m1d7"),
            Holder::Client(_) => format!("cra{number:011}s1m1d7"),
        },
    };
    let mut value = json!({
        "id": id, "label": label, "type": role_type, "status": "ACTIVE", "created": ASSIGNED, "lastUpdated": ASSIGNED,
        "assignmentType": holder.kind(), "_links": {"assignee": {"href": holder.path()}},
    });
    // These three are built on custom roles and look like them: role and resource set are named by type.
    if let Some(kind @ ("WORKFLOWS" | "ACCESS_CERTIFICATIONS" | "ACCESS_REQUESTS")) = role_type.strip_suffix("_ADMIN") {
        value["role"] = role_type.into();
        value["resource-set"] = format!("{kind}_IAM_POLICY").into();
        value["_links"]["role"] = json!({"href": format!("{ADMIN}/api/v1/iam/roles/{role_type}")});
        value["_links"]["resource-set"] = json!({"href": format!("{ORG}/api/v1/iam/resource-sets/{kind}_IAM_POLICY")});
    }
    HeldRole::of(&value)
}

/// A custom role held by somebody on a resource set. The id is that of the holder's membership in the binding.
pub(crate) fn custom(role: (&str, &str), set: &str, holder: Holder<'_>, number: u32) -> HeldRole {
    let (role, label) = role;
    let id = format!("irb{number:011}s1m1d7");
    let value = json!({
        "id": id, "label": label, "type": "CUSTOM", "status": "ACTIVE", "created": ASSIGNED, "lastUpdated": ASSIGNED,
        "assignmentType": holder.kind(), "resource-set": set, "role": role,
        "_links": {
            "role": {"href": format!("{ADMIN}/api/v1/iam/roles/{role}")},
            "resource-set": {"href": format!("{ORG}/api/v1/iam/resource-sets/{set}")},
            "permissions": {"href": format!("{ADMIN}/api/v1/iam/roles/{role}/permissions")},
            "member": {"href": format!("{ORG}/api/v1/iam/resource-sets/{set}/bindings/{role}/members/{id}")},
            "assignee": {"href": holder.path()},
        },
    });
    HeldRole::of(&value)
}

/// A custom role as `/iam/roles` lists it.
pub(crate) fn custom_role(id: &str, label: &str, description: &str) -> Document {
    Document::of(&json!({
        "id": id, "label": label, "isCloneable": true, "description": description, "created": ASSIGNED,
        "lastUpdated": ASSIGNED,
        "_links": {
            "permissions": {"href": format!("{ADMIN}/api/v1/iam/roles/{id}/permissions")},
            "self": {"href": format!("{ADMIN}/api/v1/iam/roles/{id}")},
        },
    }))
}

impl HeldRole {
    /// Reads the facts out of an assignment.
    pub(crate) fn of(value: &Value) -> Self {
        Self { fact: fact(value), document: Document::of(value), targets: Vec::new() }
    }

    /// An assignment as recorded.
    pub(crate) fn recorded(json: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(json).ok()?;
        Some(Self { fact: fact(&value), document: Document::recorded(json)?, targets: Vec::new() })
    }

    /// The same assignment with one member changed, for the odd ones.
    pub(crate) fn with(&self, member: &str, text: &str) -> Self {
        let mut value = self.document.marked();
        value[member] = text.into();
        Self::of(&value)
    }
}

fn fact(value: &Value) -> RoleFact {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    RoleFact {
        role_type: text("type").unwrap_or_default(),
        status: text("status").unwrap_or_default(),
        assignment_type: text("assignmentType").unwrap_or_default(),
        custom_role: text("role"),
        resource_set: text("resource-set"),
    }
}

impl ResourceSet {
    /// An empty resource set.
    pub(crate) fn new(id: &str, label: &str, description: &str) -> Self {
        let document = Document::of(&json!({
            "id": id, "label": label, "description": description, "created": ASSIGNED, "lastUpdated": ASSIGNED,
            "_links": {
                "bindings": {"href": format!("{ORG}/api/v1/iam/resource-sets/{id}/bindings")},
                "self": {"href": format!("{ORG}/api/v1/iam/resource-sets/{id}")},
                "resources": {"href": format!("{ORG}/api/v1/iam/resource-sets/{id}/resources")},
            },
        }));
        Self { document, bindings: Vec::new() }
    }

    /// Adds a member to the binding of a role.
    pub(crate) fn bind(&mut self, role: &str, member_id: &str, path: &str) {
        self.bind_on(role, member_id, path, "2024-02-29T00:00:00.000Z");
    }

    /// Adds a member to the binding of a role on that day. A member has no type: only its link tells what it is.
    pub(crate) fn bind_on(&mut self, role: &str, member_id: &str, path: &str, day: &str) {
        let member = Document::of(&json!({
            "id": member_id, "created": day, "lastUpdated": day, "_links": {"self": {"href": format!("{ORG}{path}")}},
        }));
        if let Some(binding) = self.bindings.iter_mut().find(|binding| binding.role == role) {
            binding.members.push(member);
        } else {
            self.bindings.push(Binding { role: role.to_owned(), members: vec![member] });
        }
    }
}

/// Base32 without padding, as Okta makes assignment ids of role types.
fn base32(text: &str) -> String {
    let mut out = String::new();
    let (mut held, mut bits) = (0u32, 0);
    for byte in text.bytes() {
        held = held << 8 | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        out.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(held << (5 - bits) & 31) as usize]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignment_ids_are_the_ones_that_okta_gives() {
        assert_eq!(base32("APP_ADMIN"), "IFIFAX2BIRGUSTQ");
        assert_eq!(base32("USER_ADMIN"), "KVJUKUS7IFCE2SKO");
        assert_eq!(base32("HELP_DESK_ADMIN"), "JBCUYUC7IRCVGS27IFCE2SKO");
        assert_eq!(base32("GROUP_MEMBERSHIP_ADMIN"), "I5JE6VKQL5GUKTKCIVJFGSCJKBPUCRCNJFHA");
    }

    #[test]
    fn an_odd_assignment_keeps_its_links() {
        let odd = standard("APP_ADMIN", Holder::Group("00g1"), 0).with("status", "INACTIVE");
        assert_eq!((odd.fact.status.as_str(), odd.fact.assignment_type.as_str()), ("INACTIVE", "GROUP"));
        let hosts = crate::render::json::Hosts { org: "https://o".into(), admin: "https://a".into() };
        assert_eq!(odd.document.value(&hosts)["_links"]["assignee"]["href"], "https://o/api/v1/groups/00g1");
    }
}
