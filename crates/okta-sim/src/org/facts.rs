//! A small fixed org in which every rule of the mapping shows once: 10 users, 6 groups, 5 apps, 4 administrators,
//! 3 custom roles, 2 resource sets, 2 tokens, 4 devices.

use serde_json::{Value, json};

use super::document::Document;
use super::iam::{self, Holder, ResourceSet};
use super::{AppUser, DIRECT, Org, objects};

impl Org {
    /// The fixed test org. A full read of it finds 15 memberships, 5 app users in 3 apps, 4 app groups, roles of every
    /// kind, a group that refuses its roles, and a group without statistics.
    #[must_use]
    pub fn facts() -> Self {
        let mut org = Self::empty();
        for (id, status, profile) in users() {
            org.users.put(objects::user(id, status, &profile));
        }
        org.add_groups();
        org.add_apps();
        org.add_roles();
        org.tokens = vec![
            objects::token("00Tok1", "ci token", "00u1active", "2026-12-31T23:59:59.000Z"),
            objects::token("00Tok2", "old token", "00u8deprov", objects::NEVER_USED),
        ];
        org.devices = devices();
        org
    }

    fn row(&self, id: &str) -> u32 {
        self.users.find(id).or_else(|| self.groups.find(id)).or_else(|| self.apps.find(id)).unwrap_or_default()
    }

    fn rows(&self, ids: &[&str]) -> Vec<u32> {
        let mut rows: Vec<u32> = ids.iter().map(|id| self.row(id)).collect();
        rows.sort_unstable();
        rows
    }

    fn add_groups(&mut self) {
        let all = [
            ("00g1eng", "OKTA_GROUP", json!({"name": "Engineering", "description": "Builds things"})),
            ("00g2push", "APP_GROUP", json!({"name": "Pushed", "description": null})),
            ("00g3every", "BUILT_IN", json!({"name": "Everyone", "description": "All users in your organization"})),
            ("00g4empty", "OKTA_GROUP", json!({"name": "Empty", "description": ""})),
            ("00g5nostats", "FUTURE_GROUP", json!({"name": "No stats", "description": "Statistics are missing"})),
            ("00g6denied", "OKTA_GROUP", json!({"name": "Denied", "description": "Its roles are refused"})),
        ];
        for (id, kind, profile) in all {
            let source = (kind == "APP_GROUP").then_some("0oa2saml");
            self.groups.put(objects::group(id, kind, &profile, source));
        }
        self.members = vec![
            self.rows(&["00u1active", "00u3prov", "00u10other"]),
            self.rows(&["00u7susp"]),
            (0..self.users.len()).filter(|&n| self.user_status(n) != "DEPROVISIONED").collect(),
            Vec::new(),
            self.rows(&["00u4recov"]),
            self.rows(&["00u8deprov"]),
        ];
        self.group_quirks.without_stats.extend(self.groups.find("00g5nostats"));
        self.group_quirks.roles_refused.extend(self.groups.find("00g6denied"));
    }

    fn add_apps(&mut self) {
        let all = [
            ("0oa1oidc", "oidc_client", "Portal", "ACTIVE", Some("OPENID_CONNECT")),
            ("0oa2saml", "payroll_saml", "Payroll SAML", "ACTIVE", Some("SAML_2_0")),
            ("0oa3book", "bookmark", "Old Bookmark", "INACTIVE", Some("BOOKMARK")),
            ("0oa4swa", "acme_swa_1", "SWA app", "ACTIVE", Some("AUTO_LOGIN")),
            ("0oa5nomode", "active_directory", "", "ACTIVE", None),
        ];
        for (id, name, label, status, mode) in all {
            self.apps.put(Document::of(&objects::app(id, name, label, status, mode)));
        }
        let groups: [&[&str]; 5] = [&["00g1eng"], &["00g2push"], &[], &["00g3every"], &["00g1eng"]];
        self.app_groups = groups.iter().map(|ids| self.rows(ids)).collect();
        self.app_users = vec![Vec::new(); 5];
        let engineering = Some(("00g1eng", "Engineering"));
        let all = [
            (
                "0oa1oidc",
                "00u1active",
                "ACTIVE",
                json!({"email": "ada@acme.example", "login": "ada@acme.example"}),
                None,
            ),
            ("0oa1oidc", "00u3prov", "PROVISIONED", json!({"user_name": "pat.p", "department": null}), engineering),
            ("0oa1oidc", "00u10other", "ACTIVE", json!({"login": "oli@sub.acme.example"}), engineering),
            ("0oa2saml", "00u7susp", "SUSPENDED", json!({}), None),
            ("0oa4swa", "00u5pwexp", "ACTIVE", json!({}), None),
        ];
        for (app, user, status, profile, via) in all {
            let mut document = objects::app_user(app, user, status, &profile, via);
            document.id = user.into();
            let (app, user) = (self.row(app), self.row(user));
            let via = via.map_or(DIRECT, |(group, _)| self.row(group));
            let users = &mut self.app_users[app as usize];
            users.push(AppUser { user, via });
            users.sort_by_key(|user| user.user);
            self.written_app_users.insert((app, user), document);
        }
    }

    fn add_roles(&mut self) {
        let vault = ("cr0vault", "Vault Keeper");
        let user = |id| Holder::User(id);
        let engineering = Holder::Group("00g1eng");
        let of_users = [
            ("00u1active", vec![iam::standard("SUPER_ADMIN", user("00u1active"), 1)]),
            (
                "00u10other",
                vec![
                    iam::standard("ORG_ADMIN", user("00u10other"), 2),
                    iam::standard("WORKFLOWS_ADMIN", user("00u10other"), 3),
                ],
            ),
            (
                "00u9weird",
                vec![
                    iam::custom(vault, "iamrs1", user("00u9weird"), 4),
                    iam::standard("REPORT_ADMIN", user("00u9weird"), 5).with("status", "INACTIVE"),
                ],
            ),
            // An administrator through a group alone: the list shows what the group holds.
            ("00u3prov", Vec::new()),
        ];
        for (id, roles) in of_users {
            let n = self.row(id);
            self.assignees.push(n);
            self.user_roles.insert(n, roles);
        }
        self.assignees.sort_unstable();
        let of_groups = [
            (
                "00g1eng",
                vec![
                    iam::standard("APP_ADMIN", engineering, 6),
                    iam::standard("HELP_DESK_ADMIN", engineering, 7).with("status", "INACTIVE"),
                    iam::standard("MOBILE_ADMIN", engineering, 8).with("assignmentType", "USER"),
                    iam::standard("WORKFLOWS_ADMIN", engineering, 9),
                    iam::custom(vault, "iamrs1", engineering, 10),
                ],
            ),
            ("00g4empty", vec![iam::standard("READ_ONLY_ADMIN", Holder::Group("00g4empty"), 11)]),
            ("00g5nostats", vec![iam::standard("SUPER_ADMIN", Holder::Group("00g5nostats"), 12)]),
        ];
        for (id, roles) in of_groups {
            self.group_roles.insert(self.row(id), roles);
        }
        let mut vaults = ResourceSet::new("iamrs1", "Vaults", "All vaults");
        vaults.bind("cr0vault", "irb00000000004s1m1d7", "/api/v1/users/00u9weird");
        vaults.bind("cr0vault", "irb00000000010s1m1d7", "/api/v1/groups/00g1eng");
        vaults.bind("cr0vault", "irb00000000013s1m1d7", "/oauth2/v1/clients/0oa1oidc");
        vaults.bind("cr0audit", "irb00000000014s1m1d7", "/api/v1/users/00u1active");
        self.iam.sets = vec![vaults, ResourceSet::new("iamrs2", "Unbound", "Nobody is bound here")];
        self.iam.roles = vec![
            iam::custom_role("cr0vault", "Vault Keeper", "Keeps vaults"),
            iam::custom_role("cr0audit", "Auditor", "Looks on"),
            iam::custom_role("WORKFLOWS_ADMIN", "Workflows Administrator", "Standard, but listed here"),
        ];
    }
}

fn users() -> Vec<(&'static str, &'static str, Value)> {
    let person = |first: &str, last: &str, name: &str| {
        json!({
            "firstName": first, "lastName": last, "mobilePhone": null, "secondEmail": null,
            "login": format!("{name}@acme.example"), "email": format!("{name}@acme.example"),
        })
    };
    let with = |mut profile: Value, changes: &[(&str, Value)]| {
        for (key, value) in changes {
            profile[*key] = value.clone();
        }
        profile
    };
    let ada = with(
        person("Ada", "Active", "ada"),
        &[
            ("displayName", "Ada D. Active".into()),
            ("secondEmail", "ada.home@mail.example".into()),
            ("employeeNumber", "E-001".into()),
        ],
    );
    let pat = with(
        person("Pat", "Provisioned", "pat"),
        &[("login", "pat.p@acme.example".into()), ("employeeId", "E-003".into())],
    );
    let weird = json!({
        "lastName": "Weird", "mobilePhone": null, "secondEmail": "", "login": "svc-weird", "email": "", "employeeNumber": 42,
        "employee_id": "E-009a", "EmployeeIdNumber": "E-009b",
    });
    let other = with(
        person("Oli", "Other", "oli"),
        &[("email", "oli@Partner.EXAMPLE".into()), ("login", "oli@sub.acme.example".into())],
    );
    vec![
        ("00u1active", "ACTIVE", ada),
        ("00u2staged", "STAGED", person("Sid", "Staged", "sid")),
        ("00u3prov", "PROVISIONED", pat),
        ("00u4recov", "RECOVERY", person("Rae", "Recovery", "rae")),
        ("00u5pwexp", "PASSWORD_EXPIRED", person("Pia", "Expired", "pia")),
        ("00u6locked", "LOCKED_OUT", person("Lou", "Locked", "lou")),
        ("00u7susp", "SUSPENDED", person("Sue", "Suspended", "sue")),
        ("00u8deprov", "DEPROVISIONED", person("Del", "Deprovisioned", "del")),
        ("00u9weird", "LIMBO", weird),
        ("00u10other", "ACTIVE", other),
    ]
}

fn devices() -> Vec<Document> {
    let mac = json!({
        "displayName": "Ada's Mac", "platform": "MACOS", "manufacturer": "Apple", "model": "Mac15,9", "osVersion": "14.1.0",
        "serialNumber": "SN1", "udid": "UDID-1", "registered": true, "secureHardwarePresent": true,
    });
    let windows = json!({
        "displayName": "", "platform": "WINDOWS", "manufacturer": "Dell", "model": "XPS", "osVersion": "10",
        "serialNumber": "SN2", "registered": true, "secureHardwarePresent": true,
    });
    let linux = json!({"displayName": "tux", "platform": "LINUX", "registered": true, "secureHardwarePresent": false});
    vec![
        objects::device("guo1mac", &mac),
        objects::device("guo2win", &windows),
        objects::device("guo3bare", &Value::Null),
        objects::device("guo4lin", &linux),
    ]
}
