//! Long lists of an application's users: later syncs ask for those users alone whose assignments have changed.

use okta_sim::{Fault, FaultRule, Faults, LogEntity, LogEvent, Org, Shape, SimConfig};

use crate::later::{SETTLED, checked, mended, objects, read, sync, taken};
use crate::support::{Lab, Outcome};

const LIST: &str = "/api/v1/apps/{id}/users";
const SHORT_LIST: &str = "/api/v1/apps/{id}/skinny_users";
const ONE: &str = "/api/v1/apps/{id}/users/{user}";

/// An org that was synced once. Its first application has more than 1,500 users, on four pages, and a group.
struct Large {
    lab: Lab,
    app: String,
    group: String,
    /// Active users who have the application, all directly, and neither through the group.
    holders: Vec<String>,
    /// Active users who do not have it.
    strangers: Vec<String>,
}

impl Large {
    fn synced() -> Self {
        let mut org = Org::generate(&Shape { awkward: false, ..Shape::new(2_400, 12, 3).seed(3) });
        let app = org.app_ids(true).next().unwrap();
        for group in org.groups_of_app(&app) {
            org.unassign_group_from_app(&app, &group).unwrap();
        }
        let group = org.add_group("Brings the app");
        org.assign_group_to_app(&app, &group).unwrap();
        let active = org.user_ids().filter(|id| org.status_of(id).unwrap() == "ACTIVE").collect::<Vec<_>>();
        let (holders, strangers) = active.split_at(1_550);
        for user in holders {
            org.assign_user(&app, user).unwrap();
        }
        for user in strangers {
            org.unassign_user(&app, user).unwrap();
        }
        org.add_member(&group, &holders[7]).unwrap();
        let (holders, strangers) = (holders.to_vec(), strangers.to_vec());
        let lab = Lab::start(SimConfig::new(org));
        sync(&lab, &[]);
        Self { lab, app, group, holders, strangers }
    }

    /// Syncs, and tells how many pages of users and how many single users that took, of whatever application.
    fn sync(&self) -> (Outcome, u64, u64) {
        let calls = || {
            let stats = self.lab.sim().stats();
            (stats.calls(LIST) + stats.calls(SHORT_LIST), stats.calls(ONE))
        };
        let before = calls();
        let outcome = sync(&self.lab, &[]).0;
        let after = calls();
        (outcome, after.0 - before.0, after.1 - before.1)
    }

    /// Compares the file with that of a sync of everything.
    fn compare(&self) {
        sync(&self.lab, &["--incremental=false", "-f", "full.c1z"]);
        assert!(objects(&self.lab, "sync.c1z") == objects(&self.lab, "full.c1z"));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Org) -> T) -> T {
        self.lab.sim().change_org(change)
    }

    fn grants(&self, user: &str) -> Vec<String> {
        let of_app = format!("app:{}:access:user:{user}", self.app);
        self.lab.grant_ids("sync.c1z").into_iter().filter(|id| *id == of_app).collect()
    }
}

#[test]
fn only_the_users_are_asked_for_whose_assignments_have_changed() {
    let large = Large::synced();
    let Large { lab, app, group, holders, strangers } = &large;
    large.change(|org| {
        org.assign_user(app, &strangers[0]).unwrap();
        assert!(org.unassign_user(app, &holders[900]).unwrap());
        // Has it through the group from now on.
        assert!(org.unassign_user(app, &holders[7]).unwrap());
    });
    lab.sim().advance_clock(SETTLED);
    let (outcome, pages, users) = large.sync();
    assert_eq!((pages, users), (0, 3), "{:?}", lab.sim().stats().by_path);
    assert_eq!((mended(&outcome, "app-users"), read(&outcome, "app-users")), (1, 0));
    assert_eq!(taken(&outcome, "app-users"), 2);
    large.compare();
    assert_eq!(large.grants(&strangers[0]).len() + large.grants(&holders[7]).len(), 2);
    assert!(large.grants(&holders[900]).is_empty());
    assert_eq!(large.sync().1, 0);

    // Who joins the group gets the application, who leaves it loses it; who is deactivated loses everything.
    large.change(|org| {
        assert!(org.add_member(group, &strangers[1]).unwrap());
        assert!(org.remove_member(group, &holders[7]).unwrap());
        org.set_user_status(&holders[1_200], "DEPROVISIONED").unwrap();
    });
    lab.sim().advance_clock(SETTLED);
    let (outcome, _, users) = large.sync();
    assert!(users >= 3 && mended(&outcome, "app-users") >= 1, "{users} {outcome:?}");
    assert!(taken(&outcome, "app-users") + mended(&outcome, "app-users") + read(&outcome, "app-users") == 3);
    large.compare();
    assert_eq!(large.grants(&strangers[1]).len(), 1);
    assert!(large.grants(&holders[7]).is_empty() && large.grants(&holders[1_200]).is_empty());
}

#[test]
fn what_changed_a_moment_ago_is_asked_for_twice() {
    let large = Large::synced();
    large.change(|org| org.assign_user(&large.app, &large.strangers[0]).unwrap());
    for users in [1, 1, 0] {
        let (_, pages, asked) = large.sync();
        assert_eq!((pages, asked), (0, users));
    }
    large.compare();
}

#[test]
fn the_list_is_read_where_a_part_of_it_is_not_certain() {
    let large = Large::synced();
    let Large { lab, app, strangers, holders, .. } = &large;
    let user = |id: &String| LogEntity::user(id, "somebody@acme.example", "Somebody");
    // As many users as the list has pages.
    large.change(|org| strangers[..4].iter().for_each(|user| org.assign_user(app, user).unwrap()));
    lab.sim().advance_clock(SETTLED);
    let (outcome, pages, users) = large.sync();
    assert_eq!((pages, users, read(&outcome, "app-users")), (4, 0, 1));
    // One who may have it or not.
    large.change(|org| org.set_user_status(&holders[3], "SUSPENDED").unwrap());
    lab.sim().add_event(LogEvent::app_user_added(user(&holders[3]), LogEntity::app(app, "App")));
    lab.sim().advance_clock(SETTLED);
    let (outcome, pages, users) = large.sync();
    assert_eq!((pages, users, mended(&outcome, "app-users")), (4, 1, 0));
    large.compare();
    // An event about two.
    large.change(|org| org.assign_user(app, &strangers[5]).unwrap());
    let event = LogEvent::app_user_added(user(&strangers[5]), LogEntity::app(app, "App"));
    lab.sim().add_event(event.target(user(&strangers[6])));
    lab.sim().advance_clock(SETTLED);
    assert_eq!(large.sync().1, 4);
    large.compare();
}

#[test]
fn single_users_that_are_refused_cost_calls_only() {
    for fault in [Fault::Code(403, "E0000006"), Fault::Status(404), Fault::Code(404, "E0000008"), Fault::Html(200)] {
        let large = Large::synced();
        large.change(|org| {
            org.assign_user(&large.app, &large.strangers[0]).unwrap();
            org.unassign_user(&large.app, &large.holders[5]).unwrap();
        });
        large.lab.sim().advance_clock(SETTLED);
        large.lab.sim().set_faults(Faults::from(FaultRule::on(ONE, fault.clone())));
        let (outcome, calls) = checked(&large.lab, &[]);
        assert_eq!((read(&outcome, "app-users"), mended(&outcome, "app-users")), (1, 0), "{fault:?} {calls}");
    }
}
