//! Changes to a part of an org.

use std::time::Duration;

use okta_sim::Org;
use serde_json::json;

/// Longer than Okta's lists may trail behind a change.
pub(crate) const SETTLED: Duration = Duration::from_mins(10);

/// Changes of each kind of thing that share: profiles of users, members of groups, users of applications.
pub(crate) fn change(org: &mut Org, percent: usize) {
    // Every so many of them, beginning at the third: the first two groups are built in.
    let some = |all: Vec<String>| all.into_iter().skip(2).step_by(100 / percent).collect::<Vec<_>>();
    let users: Vec<String> = org.user_ids().collect();
    let active: Vec<String> =
        users.iter().filter(|id| org.status_of(id).as_deref() == Some("ACTIVE")).cloned().collect();
    for user in some(users) {
        let changes = json!({"title": format!("Changed with {percent} percent")});
        org.edit_profile(&user, changes.as_object().unwrap()).unwrap();
    }
    for (n, group) in some(org.group_ids().collect()).into_iter().enumerate() {
        let members = org.members_of(&group);
        let stranger = active.iter().skip(n * 7).find(|user| !members.contains(user)).unwrap();
        org.add_member(&group, stranger).unwrap();
    }
    for (n, app) in some(org.app_ids(true).collect()).into_iter().enumerate() {
        let holders: Vec<String> = org.users_of_app(&app).into_iter().map(|fact| fact.user).collect();
        let stranger = active.iter().skip(n * 11).find(|user| !holders.contains(user)).unwrap();
        org.assign_user(&app, stranger).unwrap();
    }
}
