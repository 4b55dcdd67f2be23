//! Making an org of any size from a seed.

use std::collections::BTreeMap;

use serde_json::json;

use super::iam::{self, Holder, ResourceSet};
use super::table::Table;
use super::{About, AppUser, DIRECT, Org, Shape, awkward, objects};
use crate::random::{Random, draw};

/// Okta allows no more members in a group that holds an admin role.
const ADMIN_GROUP_MEMBERS: f64 = 5_000.0;

const SIZES: u64 = 20;
const MEMBERS: u64 = 21;
const APPS: u64 = 22;
const DIRECTS: u64 = 23;

impl Org {
    /// An org of this shape, always the same for the same shape.
    ///
    /// - Group 0 is Everyone: all users that are not DEPROVISIONED. Group 1 is "Okta Administrators", whose members are
    ///   refused. One group in five is empty, one in ten an `APP_GROUP`, one in three has apps; sizes have a long tail.
    /// - DEPROVISIONED users stay in groups and lose their apps. The users of an app are the other members of the
    ///   groups assigned to it (scope GROUP) and some assigned directly (scope USER). One app in twenty is INACTIVE, one
    ///   in twenty has nobody.
    /// - Admins hold standard, custom, inactive and rare roles; groups hold roles too, and a member's role list shows them.
    /// - With [`Shape::awkward`] the first 31 users, some of the first groups and the first apps are the awkward ones:
    ///   every status, null, empty, missing, nested, huge and oddly typed profile members, unknown types, a group without
    ///   statistics, apps without a sign-on mode or label.
    #[must_use]
    pub fn generate(shape: &Shape) -> Self {
        let mut org = Self::empty();
        org.about = About { company: format!("Acme {}", shape.seed), ..org.about };
        org.seed = shape.seed;
        org.properties.insert("hireYear".to_owned());
        org.users = Table::generated(shape.seed, b"00u", shape.users);
        org.groups = Table::generated(shape.seed, b"00g", shape.groups);
        org.apps = Table::generated(shape.seed, b"0oa", shape.apps);
        org.write_objects(shape);
        org.fill_groups(shape);
        org.assign_apps(shape);
        org.appoint(shape);
        org.add_devices_and_tokens(shape);
        org
    }

    fn write_objects(&mut self, shape: &Shape) {
        let awkward = |count: u32| if shape.awkward { count } else { 0 };
        for n in 0..awkward(awkward::USERS).min(shape.users) {
            let document = awkward::user(n, &self.users.id(n));
            self.users.write(n, document);
        }
        // The built-in groups are there in every org.
        for n in 0..shape.groups.min(if shape.awkward { 10 } else { 2 }) {
            if let Some(document) = awkward::group(n, &self.groups.id(n)) {
                self.groups.write(n, document);
            }
        }
        for n in 0..awkward(10).min(shape.apps) {
            if let Some(document) = awkward::app(n, &self.apps.id(n)) {
                self.apps.write(n, document);
            }
        }
        if shape.groups > 1 {
            self.group_quirks.members_refused.insert(1);
        }
        if shape.awkward && shape.groups > awkward::WITHOUT_STATS {
            self.group_quirks.without_stats.insert(awkward::WITHOUT_STATS);
        }
    }

    fn fill_groups(&mut self, shape: &Shape) {
        self.members = vec![Vec::new(); shape.groups as usize];
        let present: Vec<u32> = (0..shape.users).filter(|&n| self.user_status(n) != "DEPROVISIONED").collect();
        let everyone = present.len() as f64;
        if let Some(members) = self.members.first_mut() {
            *members = present;
        }
        if let Some(members) = self.members.get_mut(1) {
            *members = (0..shape.users.min(5)).collect();
        }

        let wanted = (f64::from(shape.users) * shape.memberships_per_user - everyone).max(0.0);
        let filled: Vec<u32> = (2..shape.groups).filter(|&n| !is_empty(shape, n)).collect();
        let weights: Vec<f64> = filled.iter().map(|&n| weight(shape.seed, SIZES, n)).collect();
        let total: f64 = weights.iter().sum();
        for (&n, weight) in filled.iter().zip(&weights) {
            let cap = if holds_roles(shape, n) { ADMIN_GROUP_MEMBERS } else { f64::INFINITY };
            let size =
                (wanted * weight / total).round().clamp(1.0, cap).min(f64::from(shape.users) * 0.8).ceil() as u32;
            let mut members = Random::new(shape.seed, MEMBERS << 32 | u64::from(n)).sample(size, shape.users);
            if n == 2 {
                // Someone of every status, also somebody who was deactivated long ago.
                members.extend(0..shape.users.min(12));
                members.sort_unstable();
                members.dedup();
            }
            self.members[n as usize] = members;
        }
    }

    fn assign_apps(&mut self, shape: &Shape) {
        self.app_groups = vec![Vec::new(); shape.apps as usize];
        self.app_users = vec![Vec::new(); shape.apps as usize];
        let used: Vec<u32> = (0..shape.apps).filter(|n| n % 20 != 19).collect();
        if used.is_empty() {
            return;
        }
        let mut random = Random::new(shape.seed, APPS);
        for group in (0..shape.groups).filter(|&n| has_apps(n)) {
            let count = 1 + u64::from(group != 0 && random.below(4) == 0);
            for _ in 0..count {
                let app = used[random.below(used.len() as u64) as usize];
                let groups = &mut self.app_groups[app as usize];
                if groups.last() != Some(&group) {
                    groups.push(group);
                }
            }
        }
        for &app in &used {
            self.app_users[app as usize] = self.users_through_groups(app);
        }
        let through_groups: usize = self.app_users.iter().map(Vec::len).sum();
        let wanted = (f64::from(shape.users) * shape.assignments_per_user - through_groups as f64).max(0.0);
        let weights: Vec<f64> = used.iter().map(|&n| weight(shape.seed, DIRECTS, n)).collect();
        let total: f64 = weights.iter().sum();
        for (&app, weight) in used.iter().zip(&weights) {
            let size = (wanted * weight / total).round().max(2.0).min(f64::from(shape.users)) as u32;
            let chosen = Random::new(shape.seed, DIRECTS << 32 | u64::from(app)).sample(size, shape.users);
            self.add_direct_users(app, &chosen);
        }
    }

    /// The members of the app's groups who still can have apps; the first group that brings the app is the one named.
    fn users_through_groups(&self, app: u32) -> Vec<AppUser> {
        let mut users: Vec<AppUser> = Vec::new();
        for &group in &self.app_groups[app as usize] {
            let members = self.members[group as usize].iter();
            users.extend(members.map(|&user| AppUser { user, via: group }));
        }
        users.sort_by_key(|user| (user.user, user.via));
        users.dedup_by_key(|user| user.user);
        users.retain(|user| self.user_status(user.user) != "DEPROVISIONED");
        users.shrink_to_fit();
        users
    }

    fn add_direct_users(&mut self, app: u32, chosen: &[u32]) {
        let mut users = std::mem::take(&mut self.app_users[app as usize]);
        let present = chosen.iter().filter(|&&user| self.user_status(user) != "DEPROVISIONED");
        users.extend(present.map(|&user| AppUser { user, via: DIRECT }));
        // Someone who has the app both ways is shown with scope USER.
        users.sort_by_key(|user| (user.user, user.via != DIRECT));
        users.dedup_by_key(|user| user.user);
        users.shrink_to_fit();
        self.app_users[app as usize] = users;
    }

    fn appoint(&mut self, shape: &Shape) {
        let roles: Vec<(String, String)> =
            (0..shape.custom_roles).map(|n| (format!("cr0{n:011}s1m1d7"), format!("Custom role {n}"))).collect();
        let mut sets: Vec<ResourceSet> = (0..shape.resource_sets)
            .map(|n| ResourceSet::new(&format!("iam{n:011}s1m1d7"), &format!("Resource set {n}"), "Some resources"))
            .collect();
        let mut held = 0;
        let mut hold = |sets: &mut Vec<ResourceSet>, holder: Holder<'_>, kind: usize| {
            held += 1;
            let custom = kind % 16;
            if custom < 13 || roles.is_empty() || sets.is_empty() {
                return iam::standard(iam::STANDARD[kind % 13].0, holder, held);
            }
            let role = &roles[kind % roles.len()];
            let set = kind % sets.len();
            let path = match holder {
                Holder::User(id) => format!("/api/v1/users/{id}"),
                Holder::Group(id) => format!("/api/v1/groups/{id}"),
                Holder::Client(id) => format!("/oauth2/v1/clients/{id}"),
            };
            let assignment = iam::custom((&role.0, &role.1), &sets[set].document.id, holder, held);
            sets[set].bind(&role.0, &assignment.document.id, &path);
            assignment
        };

        let mut user_roles = BTreeMap::new();
        for n in 0..shape.admins.min(shape.users) {
            let user = (u64::from(n) * u64::from(shape.users) / u64::from(shape.admins)) as u32;
            let id = self.users.id(user);
            let mut list = vec![hold(&mut sets, Holder::User(&id), n as usize)];
            if n % 3 == 0 {
                list.push(hold(&mut sets, Holder::User(&id), n as usize + 6));
            }
            if n % 7 == 3 {
                list.push(hold(&mut sets, Holder::User(&id), 7).with("status", "INACTIVE"));
            }
            user_roles.insert(user, list);
        }
        let mut group_roles = BTreeMap::new();
        for group in (2..shape.groups).filter(|&n| holds_roles(shape, n)) {
            let id = self.groups.id(group);
            let kind = group as usize;
            let mut list = vec![hold(&mut sets, Holder::Group(&id), kind)];
            if shape.awkward && group == 2 {
                list.push(hold(&mut sets, Holder::Group(&id), 4).with("status", "INACTIVE"));
                list.push(hold(&mut sets, Holder::Group(&id), 9).with("assignmentType", "USER"));
            }
            group_roles.insert(group, list);
        }
        self.assignees = user_roles.keys().copied().collect();
        self.user_roles = user_roles;
        self.group_roles = group_roles;
        self.iam.roles = roles.iter().map(|(id, label)| iam::custom_role(id, label, "Made by the generator")).collect();
        self.iam.sets = sets;
    }

    fn add_devices_and_tokens(&mut self, shape: &Shape) {
        const PLATFORMS: [(&str, &str, &str); 4] = [
            ("MACOS", "APPLE", "15.6.1"),
            ("WINDOWS", "Dell", "10.0.26100"),
            ("IOS", "APPLE", "18.5.0"),
            ("ANDROID", "Google", "16:2025-09-01"),
        ];
        for n in 0..shape.devices {
            let (platform, vendor, version) = PLATFORMS[n as usize % 4];
            let profile = json!({
                "displayName": format!("Device’s name {n}"), "platform": platform, "manufacturer": vendor,
                "model": format!("M{n}"), "osVersion": version, "serialNumber": format!("SN{n:06}"),
                "udid": format!("{:016X}", draw(shape.seed, 30, n.into())), "registered": true,
                "secureHardwarePresent": true,
            });
            self.devices.push(objects::device(&format!("guo{n:011}s1m1d7"), &profile));
        }
        for n in 0..shape.api_tokens.min(shape.users) {
            let expires = if n % 3 == 2 { objects::NEVER_USED } else { "2026-12-31T23:59:59.000Z" };
            let (id, name) = (format!("00T{n:011}s1m1d7"), format!("Token {n}"));
            self.tokens.push(objects::token(&id, &name, &self.users.id(n), expires));
        }
    }
}

/// One in five ordinary groups is empty, and the last that holds roles.
fn is_empty(shape: &Shape, group: u32) -> bool {
    group % 5 == 4 || (holds_roles(shape, group) && group == shape.admin_groups + 1 && shape.admin_groups > 4)
}

fn holds_roles(shape: &Shape, group: u32) -> bool {
    group >= 2 && group < shape.admin_groups + 2
}

fn has_apps(group: u32) -> bool {
    group == 0 || (group > 1 && group % 3 == 2)
}

/// A weight with a long tail: most are near one, the largest about a hundred.
fn weight(seed: u64, stream: u64, n: u32) -> f64 {
    Random::new(seed, stream << 32 | u64::from(n)).unit().max(0.001).powf(-0.7)
}
