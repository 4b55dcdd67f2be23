//! What a full sync takes: calls per rate-limit bucket, and minutes. Nothing is asked here: a [`Census`] of the org and
//! its limits go in.
//!
//! The counts follow from what the modules in `resources` ask for (`okta-sync.md` 15, column "needed").

use std::collections::BTreeMap;

use okta_client::Bucket;
use okta_client::models::Group;

use crate::scope::Scope;

/// The largest pages that are asked for.
const USERS_PAGE: u64 = 200;
const GROUPS_PAGE: u64 = 200;
const MEMBERS_PAGE: u64 = 1000;
const APPS_PAGE: u64 = 200;
const ADMINS_PAGE: u64 = 100;

/// How large an org is, as far as cheap lists tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// Users, by the members of Everyone: those who are deactivated are not among them.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Pages of members, over all groups.
    pub member_pages: u64,
    /// Groups that have an admin role or may have one.
    pub admin_groups: u64,
    /// Groups that have applications or may have some.
    pub groups_with_apps: u64,
    /// Applications that are synced.
    pub apps: u64,
    /// Users who have an admin role.
    pub admins: u64,
    /// Resource sets.
    pub resource_sets: u64,
    /// Whether lists were not read to their ends: everything may be more.
    pub is_cut: bool,
}

impl Census {
    /// Counts a group in. What Okta does not tell of it has to be asked for.
    pub(crate) fn add(&mut self, group: &Group) {
        let stats = group.stats();
        self.groups += 1;
        self.member_pages += stats.users_count.map_or(1, |members| members.div_ceil(MEMBERS_PAGE));
        self.admin_groups += u64::from(stats.has_admin_privilege != Some(false));
        self.groups_with_apps += u64::from(stats.apps_count != Some(0));
        let is_everyone = group.group_type.as_deref() == Some("BUILT_IN") && group.name() == Some("Everyone");
        if is_everyone {
            self.users = stats.users_count.unwrap_or_default();
        }
    }
}

/// The calls per bucket that a full sync of `scope` takes at least. More come where an application has more than 500
/// users, and for lists that a census does not see: deactivated users, devices, members of bindings.
pub(crate) fn calls(census: &Census, scope: Scope, sign_in: Bucket) -> BTreeMap<Bucket, u64> {
    let mut calls = BTreeMap::from([(sign_in, 1)]);
    let mut add = |wanted: bool, bucket: Bucket, number: u64| {
        if wanted && number > 0 {
            *calls.entry(bucket).or_default() += number;
        }
    };
    let pages = |objects: u64, size: u64| objects.div_ceil(size).max(1);
    add(scope.users, Bucket::Users, pages(census.users, USERS_PAGE));
    add(scope.groups, Bucket::Groups, pages(census.groups, GROUPS_PAGE));
    add(scope.memberships(), Bucket::Groups, census.member_pages);
    add(scope.group_roles(), Bucket::Groups, census.admin_groups);
    add(scope.apps, Bucket::Apps, pages(census.apps, APPS_PAGE));
    add(scope.app_users(), Bucket::Apps, census.apps);
    let groups_are_cheaper = census.groups_with_apps <= census.apps;
    add(scope.app_groups() && groups_are_cheaper, Bucket::Groups, census.groups_with_apps);
    add(scope.app_groups() && !groups_are_cheaper, Bucket::Apps, census.apps);
    add(scope.user_roles(), Bucket::Iam, pages(census.admins, ADMINS_PAGE));
    add(scope.user_roles(), Bucket::Users, census.admins);
    add(scope.custom_roles, Bucket::Iam, 1);
    add(scope.resource_sets || scope.bindings, Bucket::Iam, pages(census.resource_sets, ADMINS_PAGE));
    add(scope.bindings || scope.bound_roles(), Bucket::Iam, census.resource_sets);
    add(scope.api_tokens, Bucket::Rest, 1);
    add(scope.devices, Bucket::Devices, 1);
    calls
}

/// How long calls take, by the bucket that takes longest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Length {
    /// Minutes: windows of the limit that are filled, and a part of the last one.
    pub minutes: f64,
    /// The bucket that everything else waits for.
    pub bucket: Bucket,
}

/// How long the calls take at these limits (calls a minute), of which `share` percent may be used. The buckets are used
/// side by side, so that the slowest counts. `None` if no bucket has a known limit.
pub(crate) fn length(calls: &BTreeMap<Bucket, u64>, limits: &BTreeMap<Bucket, u64>, share: u8) -> Option<Length> {
    let lengths = calls.iter().filter_map(|(bucket, calls)| {
        let allowance = (limits.get(bucket)?.saturating_mul(u64::from(share)) / 100).max(1);
        #[expect(clippy::cast_precision_loss, reason = "minutes are told with two digits")]
        let minutes = *calls as f64 / allowance as f64;
        Some(Length { minutes, bucket: *bucket })
    });
    lengths.max_by(|one, other| one.minutes.total_cmp(&other.minutes))
}

/// Okta's published quotas per minute of an org's kinds (`okta-api.md` 2.2), for `/users`, `/groups` and `/apps`.
const PUBLISHED: [(&str, [u64; 3]); 3] = [
    ("a workforce org", [600, 500, 100]),
    ("a customer identity org", [600, 600, 100]),
    ("a free org", [100, 100, 20]),
];

/// Which percentage of an org's quotas a credential seems to have, and of what kind of org: `None` unless the limits of
/// all three buckets are known and fit one percentage alone.
pub(crate) fn guess_share(limits: &BTreeMap<Bucket, u64>) -> Option<(u64, &'static str)> {
    let seen = [Bucket::Users, Bucket::Groups, Bucket::Apps].map(|bucket| limits.get(&bucket).copied());
    let [Some(users), Some(groups), Some(apps)] = seen else { return None };
    let fits = |quotas: [u64; 3], percent: u64| quotas.map(|quota| quota * percent / 100) == [users, groups, apps];
    let mut found = PUBLISHED.iter().flat_map(|(kind, quotas)| {
        (1..=100).filter(|percent| fits(*quotas, *percent)).map(|percent| (percent, *kind)).collect::<Vec<_>>()
    });
    let first = found.next()?;
    found.all(|other| other.0 == first.0).then_some(first)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use baton_connector::Options;
    use okta_client::models::record_from_json;
    use serde_json::json;

    use super::*;
    use crate::config::Rules;

    fn scope(rules: &Rules) -> Scope {
        Scope::of(&Options::default(), rules)
    }

    /// The illustration of `okta-api.md` 3.
    fn illustration() -> Census {
        Census {
            users: 20_000,
            groups: 3_000,
            member_pages: 1_850,
            admin_groups: 15,
            groups_with_apps: 600,
            apps: 400,
            admins: 120,
            resource_sets: 12,
            is_cut: false,
        }
    }

    #[test]
    fn calls_follow_from_the_census() {
        let all = Rules { sync_custom_roles: true, sync_secrets: true, sync_devices: true, ..Rules::default() };
        let calls_of = |rules: &Rules| calls(&illustration(), scope(rules), Bucket::Rest);
        let plain = calls_of(&Rules::default());
        // Applications are fewer than groups that have some, so their side is read.
        assert_eq!(plain[&Bucket::Users], 100 + 120);
        assert_eq!(plain[&Bucket::Groups], 15 + 1_850 + 15);
        assert_eq!(plain[&Bucket::Apps], 2 + 400 + 400);
        assert_eq!((plain[&Bucket::Iam], plain[&Bucket::Rest]), (2, 1));
        let everything = calls_of(&all);
        assert_eq!(everything[&Bucket::Iam], 2 + 1 + 1 + 12);
        assert_eq!((everything[&Bucket::Rest], everything[&Bucket::Devices]), (2, 1));
        let fewer = Census { groups_with_apps: 300, ..illustration() };
        let fewer = calls(&fewer, scope(&Rules::default()), Bucket::Token);
        assert_eq!((fewer[&Bucket::Groups], fewer[&Bucket::Apps]), (15 + 1_850 + 15 + 300, 2 + 400));
        assert_eq!((fewer.get(&Bucket::Rest), fewer[&Bucket::Token]), (None, 1));
    }

    #[test]
    fn the_slowest_bucket_decides() {
        let calls = BTreeMap::from([(Bucket::Users, 300), (Bucket::Apps, 90), (Bucket::Iam, 1_000)]);
        let limits = BTreeMap::from([(Bucket::Users, 300), (Bucket::Apps, 50)]);
        let length_at = |share| length(&calls, &limits, share).unwrap();
        assert_eq!((length_at(90).bucket, length_at(90).minutes), (Bucket::Apps, 2.0));
        assert_eq!(length_at(45).minutes, 90.0 / 22.0);
        assert_eq!(length(&calls, &BTreeMap::new(), 90), None);
    }

    #[test]
    fn a_share_is_guessed_only_where_one_fits() {
        let of = |users, groups, apps| {
            guess_share(&BTreeMap::from([(Bucket::Users, users), (Bucket::Groups, groups), (Bucket::Apps, apps)]))
        };
        assert_eq!(of(300, 250, 50), Some((50, "a workforce org")));
        assert_eq!(of(600, 500, 100), Some((100, "a workforce org")));
        assert_eq!(of(450, 450, 75), Some((75, "a customer identity org")));
        assert_eq!(of(50, 50, 10), Some((50, "a free org")));
        assert_eq!(of(1_000, 1_000, 1_000), None);
        assert_eq!(guess_share(&BTreeMap::from([(Bucket::Users, 300)])), None);
    }

    #[test]
    fn groups_are_counted_by_what_is_told_of_them() {
        let mut census = Census::default();
        let group = |name: &str, kind: &str, stats: serde_json::Value| {
            let group = json!({"id": "00g1", "type": kind, "profile": {"name": name}, "_embedded": {"stats": stats}});
            record_from_json::<Group>(group.to_string().as_bytes()).unwrap()
        };
        let stats = |users: u64, apps: u64, admin: bool| json!({"usersCount": users, "appsCount": apps, "hasAdminPrivilege": admin});
        census.add(&group("Everyone", "BUILT_IN", stats(2_001, 1, false)));
        census.add(&group("empty", "OKTA_GROUP", stats(0, 0, false)));
        census.add(&group("untold", "OKTA_GROUP", json!(null)));
        let expected = Census {
            users: 2_001,
            groups: 3,
            member_pages: 4,
            admin_groups: 1,
            groups_with_apps: 2,
            ..Census::default()
        };
        assert_eq!(census, expected);
    }
}
