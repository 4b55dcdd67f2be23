//! What a full sync takes: calls per rate-limit bucket, and minutes. Nothing is asked here: a [`Census`] of the org and
//! its limits go in.
//!
//! The counts follow from what the modules in `resources` ask for (`docs/spec/okta-sync.md` 15, column "Needed
//! information").

use std::collections::BTreeMap;
use std::time::Duration;

use baton_runtime::words;
use okta_client::Bucket;
use okta_client::models::Group;

use crate::quota_plan::{Budget, EndpointPair, PendingCalls};
use crate::resources::everyone;
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
    /// Those of them that are Everyone's.
    pub everyone_pages: u64,
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
        let pages = stats.users_count.map_or(1, |members| members.div_ceil(MEMBERS_PAGE));
        self.member_pages += pages;
        self.admin_groups += u64::from(stats.has_admin_privilege != Some(false));
        self.groups_with_apps += u64::from(stats.apps_count != Some(0));
        if everyone::is_everyone(group) {
            self.users = stats.users_count.unwrap_or_default();
            self.everyone_pages = pages;
        }
    }

    /// The same org if the members of Everyone are not read.
    #[must_use]
    pub(crate) fn without_everyone(self) -> Self {
        Self { member_pages: self.member_pages - self.everyone_pages, everyone_pages: 0, ..self }
    }
}

/// The calls per bucket that a full sync of `scope` takes at least, when each is made where it can be made soonest. More
/// come where an application has more than 500 users, and for lists that a census does not see: deactivated users,
/// devices, members of bindings.
pub(crate) fn calls(census: &Census, scope: Scope, sign_in: Bucket, budget: &Budget) -> BTreeMap<Bucket, u64> {
    let mut pending = lists(census, scope, sign_in);
    let mut either =
        |wanted: bool, pair: EndpointPair, calls: u64| pending.add_either(pair, if wanted { calls } else { 0 });
    either(scope.memberships(), EndpointPair::Members, census.member_pages);
    either(scope.app_users(), EndpointPair::AppUsers, census.apps);
    if scope.group_roles() {
        pending.add(Bucket::Groups, census.admin_groups);
    }
    if scope.user_roles() {
        pending.add(Bucket::Users, census.admins);
    }
    if !scope.app_groups() {
        return pending.calls(budget);
    }
    let from = |bucket, works| {
        let mut pending = pending.clone();
        pending.add(bucket, works);
        let calls = pending.calls(budget);
        (budget.length(&calls).map_or(0.0, |length| length.minutes), works, calls)
    };
    let groups = from(Bucket::Groups, census.groups_with_apps);
    let apps = from(Bucket::Apps, census.apps);
    let shorter = groups.0.total_cmp(&apps.0).then(groups.1.cmp(&apps.1));
    if shorter.is_le() { groups.2 } else { apps.2 }
}

/// The calls of a later sync that takes over whatever has not changed, when nothing has: lists, and the System Log. If
/// that may not be read, whatever only it could tell of is read again.
pub(crate) fn later_calls(
    census: &Census,
    scope: Scope,
    sign_in: Bucket,
    budget: &Budget,
    reads_log: bool,
) -> BTreeMap<Bucket, u64> {
    if reads_log {
        let mut pending = lists(census, scope, sign_in);
        pending.add(Bucket::Logs, 1);
        return pending.calls(budget);
    }
    // Members of groups tell of their changes themselves, but for those of the group of everybody.
    let everyone = Census { member_pages: census.everyone_pages, ..census.clone() };
    calls(&everyone, scope, sign_in, budget)
}

/// The lists that every sync reads.
fn lists(census: &Census, scope: Scope, sign_in: Bucket) -> PendingCalls {
    let mut pending = PendingCalls::default();
    pending.add(sign_in, 1);
    let pages = |objects: u64, size: u64| objects.div_ceil(size).max(1);
    let mut add = |wanted: bool, bucket: Bucket, number: u64| pending.add(bucket, if wanted { number } else { 0 });
    add(scope.users, Bucket::Users, pages(census.users, USERS_PAGE));
    add(scope.groups, Bucket::Groups, pages(census.groups, GROUPS_PAGE));
    add(scope.apps, Bucket::Apps, pages(census.apps, APPS_PAGE));
    add(scope.user_roles(), Bucket::Iam, pages(census.admins, ADMINS_PAGE));
    add(scope.custom_roles, Bucket::Iam, 1);
    add(scope.resource_sets || scope.bindings, Bucket::Iam, pages(census.resource_sets, ADMINS_PAGE));
    add(scope.bindings || scope.bound_roles(), Bucket::Iam, census.resource_sets);
    add(scope.api_tokens, Bucket::Rest, 1);
    add(scope.devices, Bucket::Devices, 1);
    pending
}

/// Okta's published quotas per minute of an org's kinds (`docs/spec/okta-api.md` 2.2), for `/users`, `/groups` and
/// `/apps`.
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

/// The limits that a credential with 100 percent would have, if this one seems to have less.
pub(crate) fn whole(limits: &BTreeMap<Bucket, u64>) -> Option<BTreeMap<Bucket, u64>> {
    let (share, _) = guess_share(limits).filter(|(share, _)| *share < 100)?;
    Some(limits.iter().map(|(bucket, limit)| (*bucket, limit * 100 / share)).collect())
}

/// Minutes as people say them.
pub(crate) fn in_words(minutes: f64) -> String {
    if minutes < 1.0 {
        return "less than a minute".to_owned();
    }
    format!("about {}", words::duration(Duration::from_secs_f64((minutes * 60.0).ceil())))
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

    /// The illustration of `docs/spec/okta-api.md` 3.
    fn illustration() -> Census {
        Census {
            users: 20_000,
            groups: 3_000,
            member_pages: 1_850,
            everyone_pages: 20,
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
        let unknown = Budget::default();
        let calls_of = |rules: &Rules| calls(&illustration(), scope(rules), Bucket::Rest, &unknown);
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
        let fewer = calls(&fewer, scope(&Rules::default()), Bucket::Token, &unknown);
        assert_eq!((fewer[&Bucket::Groups], fewer[&Bucket::Apps]), (15 + 1_850 + 15 + 300, 2 + 400));
        assert_eq!((fewer.get(&Bucket::Rest), fewer[&Bucket::Token]), (None, 1));
    }

    /// A workforce org's quotas at 50 percent, all of which may be used.
    fn workforce(pairs: &[EndpointPair]) -> Budget {
        let limits = BTreeMap::from([(Bucket::Users, 300), (Bucket::Groups, 250), (Bucket::Apps, 50)]);
        Budget::new(&limits, 100, pairs)
    }

    #[test]
    fn calls_are_made_where_they_can_be_made_soonest() {
        // With limits the applications' bucket is left alone although there are fewer of them
        // (`docs/spec/okta-api.md` 3).
        let scope = scope(&Rules::default());
        let plain = calls(&illustration(), scope, Bucket::Rest, &workforce(&[]));
        assert_eq!((plain[&Bucket::Groups], plain[&Bucket::Apps]), (15 + 1_850 + 15 + 600, 2 + 400));
        let length = workforce(&[]).length(&plain).unwrap();
        assert_eq!((length.bucket, length.minutes), (Bucket::Groups, 2_480.0 / 250.0));
        // Short lists take half of what can be read from them.
        let short = calls(&illustration(), scope, Bucket::Rest, &workforce(&EndpointPair::ALL));
        assert_eq!((short[&Bucket::Groups], short[&Bucket::GroupSkinnyUsers]), (1_240, 1_240));
        assert_eq!((short[&Bucket::Apps], short[&Bucket::AppSkinnyUsers]), (201, 201));
        assert_eq!(workforce(&EndpointPair::ALL).length(&short).unwrap().minutes, 1_240.0 / 250.0);
    }

    #[test]
    fn later_syncs_read_lists_and_what_the_log_does_not_tell() {
        let scope = scope(&Rules::default());
        let of = |reads_log| later_calls(&illustration(), scope, Bucket::Rest, &workforce(&[]), reads_log);
        assert_eq!((of(true)[&Bucket::Groups], of(true)[&Bucket::Apps], of(true)[&Bucket::Logs]), (15, 2, 1));
        assert_eq!((of(false)[&Bucket::Groups], of(false)[&Bucket::Apps]), (15 + 20 + 15 + 600, 2 + 400));
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
            everyone_pages: 3,
            admin_groups: 1,
            groups_with_apps: 2,
            ..Census::default()
        };
        assert_eq!(census, expected);
        assert_eq!(census.without_everyone().member_pages, 1);
    }
}
