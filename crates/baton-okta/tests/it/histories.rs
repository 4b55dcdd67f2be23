//! Whatever happens to an org between syncs: a sync that takes over what has not changed makes the file that a sync of
//! everything makes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use baton_connector::{Options, Source};
use baton_okta::{Config, EmailDomains, OktaSource, Requests, Rules};
use baton_sync::{Incremental, KindReading, Silent, SyncConfig, SyncError};
use okta_client::OrgUrl;
use okta_sim::{Clock, Fault, FaultRule, Faults, Org, Principal, Shape, Sim, SimConfig};
use tokio_util::sync::CancellationToken;

/// A sequence of numbers that is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

const STATUSES: [&str; 5] = ["ACTIVE", "SUSPENDED", "DEPROVISIONED", "STAGED", "LOCKED_OUT"];
const ROLES: [&str; 4] = ["APP_ADMIN", "SUPER_ADMIN", "WORKFLOWS_ADMIN", "HELP_DESK_ADMIN"];
const DOMAINS: [&str; 2] = ["acme.example", "other.example"];
const SETS: [&str; 2] = ["iam00000000000s1m1d7", "iam00000000001s1m1d7"];
const CUSTOM_ROLES: [&str; 3] = ["cr000000000000s1m1d7", "cr000000000001s1m1d7", "cr000000000002s1m1d7"];

/// What can be taken back.
#[derive(Default)]
struct Given {
    /// User or group, id, assignment.
    roles: Vec<(bool, String, String)>,
    logins: usize,
}

/// Makes one change; all of them keep to what Okta allows.
fn change(org: &mut Org, dice: &mut Dice, given: &mut Given) {
    let users: Vec<String> = org.user_ids().collect();
    // The first two are built in.
    let groups: Vec<String> = org.group_ids().skip(2).collect();
    let apps: Vec<String> = org.app_ids(false).collect();
    let (user, group, app) = (dice.pick(&users), dice.pick(&groups), dice.pick(&apps));
    let (user, group, app) = (user.as_str(), group.as_str(), app.as_str());
    let is_user = dice.one_in(2);
    let principal = if is_user { Principal::User(user) } else { Principal::Group(group) };
    let holder = if is_user { user } else { group };
    match dice.below(22) {
        0 => {
            // Sometimes under the login of somebody who was deleted.
            let login = format!("new{}@{}", dice.below(8), dice.pick(&DOMAINS));
            if org.user_id(&login).is_none() {
                let status = dice.pick(&STATUSES);
                given.logins += 1;
                let id = org.add_user("New", &format!("User {}", given.logins), &login, status);
                org.add_member(group, &id).unwrap();
            }
        }
        1 | 2 if users.len() > 8 => org.remove_user(user).unwrap(),
        3 | 4 => org.set_user_status(user, dice.pick(&STATUSES)).unwrap(),
        5 => {
            let email = format!("{}@{}", dice.below(1000), dice.pick(&DOMAINS));
            let profile = serde_json::json!({"email": email, "login": format!("{email}.{}", users.len())});
            org.edit_profile(user, profile.as_object().unwrap()).unwrap();
        }
        6 => drop(org.add_group(&format!("New {}", dice.below(1000)))),
        7 if groups.len() > 4 => org.remove_group(group).unwrap(),
        8 => org.rename_group(group, &format!("Renamed {}", dice.below(1000))).unwrap(),
        9 => org.set_group_type(group, dice.pick(&["OKTA_GROUP", "APP_GROUP"])).unwrap(),
        10 | 11 => {
            org.add_member(group, user).unwrap();
        }
        12 => {
            let members = org.members_of(group);
            if !members.is_empty() {
                assert!(org.remove_member(group, &dice.pick(&members)).unwrap());
            }
        }
        13 if org.status_of(user).unwrap() != "DEPROVISIONED" => org.assign_user(app, user).unwrap(),
        14 => {
            org.unassign_user(app, user).unwrap();
        }
        15 => {
            org.assign_group_to_app(app, group).unwrap();
        }
        16 => {
            let groups = org.groups_of_app(app);
            if !groups.is_empty() {
                org.unassign_group_from_app(app, &dice.pick(&groups)).unwrap();
            }
        }
        17 => org.set_app_active(app, dice.one_in(2)).unwrap(),
        18 => {
            org.add_app(&format!("App {}", dice.below(1000)));
        }
        19 => {
            let assignment = org.grant_role(principal, dice.pick(&ROLES)).unwrap();
            given.roles.push((is_user, holder.to_owned(), assignment));
        }
        20 => {
            let assignment = org.bind_role(principal, dice.pick(&CUSTOM_ROLES), dice.pick(&SETS)).unwrap();
            given.roles.push((is_user, holder.to_owned(), assignment));
        }
        _ if !given.roles.is_empty() => {
            let at = dice.below(given.roles.len());
            let (is_user, id, assignment) = given.roles.swap_remove(at);
            let holder = if is_user { Principal::User(&id) } else { Principal::Group(&id) };
            // The holder may be gone, or have lost it.
            let _ = org.revoke_role(holder, &assignment);
        }
        _ => {}
    }
}

fn rules(dice: &mut Dice) -> Rules {
    let filter = match dice.below(3) {
        0 => EmailDomains::new([dice.pick(&DOMAINS)]),
        _ => EmailDomains::default(),
    };
    Rules {
        filter_email_domains: filter,
        skip_app_groups: dice.one_in(3),
        skip_secondary_emails: dice.one_in(3),
        sync_inactive_apps: dice.one_in(3),
        app_grant_sources: !dice.one_in(3),
        sync_custom_roles: !dice.one_in(3),
        sync_secrets: dice.one_in(3),
        everyone_from_users: dice.one_in(4),
        ..Rules::default()
    }
}

/// How many works a sync did not have to read.
#[derive(Default)]
struct Spared {
    taken: u64,
    mended: u64,
}

impl std::ops::AddAssign for Spared {
    fn add_assign(&mut self, more: Self) {
        self.taken += more.taken;
        self.mended += more.mended;
    }
}

/// A history: an org, the connector, and the two files.
struct History {
    sim: Sim,
    dice: Dice,
    given: Given,
    source: Arc<OktaSource>,
    options: Options,
    folder: tempfile::TempDir,
    /// How long the log and the searches trail behind, at most.
    lag: Duration,
}

impl History {
    async fn start(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1));
        dice.below(2);
        let size = [(14, 8, 4), (30, 7, 9)][dice.below(2)];
        let mut org = Org::generate(&Shape { awkward: false, ..Shape::new(size.0, size.1, size.2).seed(seed) });
        org.set_deletion_moves_groups(dice.one_in(2));
        org.set_quiet_conversions(dice.one_in(2));
        let lags = [0, 0, 2, 90, 4_000].map(Duration::from_secs);
        let (log_lag, search_lag) = (dice.pick(&lags), dice.pick(&lags[..4]));
        // Okta's clock need not be ours.
        let ahead = Duration::from_secs(dice.below(200_000) as u64);
        let start = SystemTime::now() - Duration::from_secs(100_000) + ahead;
        let clock = Clock::real().starting_at(start);
        let sim = Sim::start(SimConfig { log_lag, search_lag, clock, seed, ..SimConfig::new(org) }).await.unwrap();
        let requests = Requests {
            extra_ca: Some(sim.ca_pem().to_owned()),
            // Lists of few pages are not worth mending.
            page_size: (!dice.one_in(3)).then(|| 2 + dice.below(3) as u32),
            ..Requests::default()
        };
        let config = Config::new(OrgUrl::parse(&sim.host()).unwrap(), sim.token().into());
        let source = OktaSource::new(Config { rules: rules(&mut dice), requests, ..config }).unwrap();
        let resource_types = match dice.below(5) {
            0 => ["user", "app", "role"].map(str::to_owned).to_vec(),
            1 => ["group", "app"].map(str::to_owned).to_vec(),
            _ => Vec::new(),
        };
        let options = Options { resource_types, skip_expand_grants: dice.one_in(3), ..Options::default() };
        let (given, lag) = (Given::default(), log_lag.max(search_lag) + Duration::from_secs(2));
        let folder = tempfile::tempdir().unwrap();
        Self { sim, dice, given, source: Arc::new(source), options, folder, lag }
    }

    async fn sync(&self, file: &str, incremental: Incremental) -> Result<Spared, SyncError> {
        let config = SyncConfig {
            options: self.options.clone(),
            allow_shrink: true,
            incremental,
            ..SyncConfig::new(self.folder.path().join(file))
        };
        let source = Arc::clone(&self.source) as Arc<dyn Source>;
        let summary = baton_sync::run(source, config, Arc::new(Silent), CancellationToken::new()).await?;
        let kinds = summary.reading.map(|reading| reading.kinds).unwrap_or_default();
        let sum = |of: fn(&KindReading) -> u64| kinds.iter().map(of).sum();
        Ok(Spared { taken: sum(|kind| kind.reused), mended: sum(|kind| kind.patched) })
    }

    fn happen(&mut self, at_most: usize) {
        for _ in 0..self.dice.below(at_most + 1) {
            let (dice, given) = (&mut self.dice, &mut self.given);
            self.sim.change_org(|org| change(org, dice, given));
            let pause = [0, 0, 1, 40, 700][dice.below(5)];
            self.sim.advance_clock(Duration::from_secs(pause));
        }
    }

    /// A sync that fails on its way, maybe changes meanwhile, and one that carries it on.
    async fn interrupted(&mut self) {
        const PATHS: [&str; 9] = [
            "/api/v1/users",
            "/api/v1/groups",
            "/api/v1/apps",
            "/api/v1/logs",
            "/api/v1/groups/{id}/users",
            "/api/v1/apps/{id}/users",
            "/api/v1/apps/{id}/users/{user}",
            "/api/v1/users/{id}/roles",
            "/api/v1/iam/resource-sets/{id}/bindings",
        ];
        let path = self.dice.pick(&PATHS);
        let page = 1 + self.dice.below(2) as u32;
        self.sim.set_faults(Faults::from(FaultRule::on(path, Fault::Status(401)).page(page)));
        let _ = self.sync("sync.c1z", Incremental::default()).await;
        self.sim.set_faults(Faults::none());
        if self.dice.one_in(2) {
            self.happen(4);
        }
        self.sync("sync.c1z", Incremental::default()).await.unwrap();
    }

    /// Lets everything settle that trails behind, and compares both ways to sync.
    async fn compare(&self, what: &str) -> Spared {
        self.sim.advance_clock(self.lag);
        let spared = self.sync("sync.c1z", Incremental::default()).await.unwrap();
        self.sync("full.c1z", Incremental::Off).await.unwrap();
        let [one, other] = ["sync.c1z", "full.c1z"].map(|file| rows(&self.folder.path().join(file)));
        let stale: Vec<_> = one.iter().filter(|row| !other.contains(row)).collect();
        let lost: Vec<_> = other.iter().filter(|row| !one.contains(row)).collect();
        assert!(stale.is_empty() && lost.is_empty(), "{what}: stale {stale:#?}, lost {lost:#?}");
        assert!(one == other, "{what}");
        spared
    }
}

/// All objects of the newest sync of a file, each with everything that does not depend on when it was made.
fn rows(file: &Path) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("db");
    baton_c1z::envelope::decode(file, &db, &baton_c1z::envelope::Limits::default()).unwrap();
    let connection = rusqlite::Connection::open(&db).unwrap();
    let newest = "(SELECT sync_id FROM v1_sync_runs ORDER BY id DESC LIMIT 1)";
    let mut rows = Vec::new();
    for (table, more) in [
        ("v1_resource_types", ""),
        ("v1_resources", ""),
        ("v1_entitlements", ""),
        ("v1_grants", "|| ' ' || coalesce(hex(expansion), '') || needs_expansion"),
    ] {
        let sql = format!("SELECT external_id || ' ' || hex(data) {more} FROM {table} WHERE sync_id = {newest}");
        let mut statement = connection.prepare(&sql).unwrap();
        let found = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.extend(found.map(|row| format!("{table} {}", row.unwrap())));
    }
    rows.sort();
    rows
}

async fn live(seed: u64) -> Spared {
    let mut history = History::start(seed).await;
    let mut spared = Spared::default();
    history.sync("sync.c1z", Incremental::default()).await.unwrap();
    for round in 0..3 {
        history.happen(6);
        match history.dice.below(5) {
            // A sync while the log or the searches trail behind: it may miss what nobody can know, but must not spoil
            // those after it.
            0 => {
                history.sync("sync.c1z", Incremental::default()).await.unwrap();
                history.happen(3);
            }
            1 => history.interrupted().await,
            _ => {}
        }
        spared += history.compare(&format!("seed {seed}, round {round}")).await;
    }
    history.sim.stop().await;
    spared
}

/// The number of histories, all tests together. The weekly run asks for many more with this variable.
const HISTORIES: &str = "TEST_HISTORIES";
const USUAL: u64 = 120;

/// The seeds are spread over tests so that they run side by side.
const TESTS: u64 = 4;

async fn histories(test: u64) {
    let all = std::env::var(HISTORIES).map_or(USUAL, |number| number.parse().unwrap());
    let (mut count, mut reused, mut patched) = (0, 0, 0);
    for seed in (0..all).filter(|seed| seed % TESTS == test) {
        let spared = live(seed).await;
        count += 1;
        reused += spared.taken;
        patched += u64::from(spared.mended > 0);
    }
    assert!(reused > 5 * count, "test {test}: hardly anything was reused: {reused} lists in {count} histories");
    assert!(patched * 5 > count, "test {test}: hardly anything was patched: in {patched} of {count} histories");
}

#[tokio::test]
async fn a_history_of_syncs_1() {
    histories(0).await;
}

#[tokio::test]
async fn a_history_of_syncs_2() {
    histories(1).await;
}

#[tokio::test]
async fn a_history_of_syncs_3() {
    histories(2).await;
}

#[tokio::test]
async fn a_history_of_syncs_4() {
    histories(3).await;
}
