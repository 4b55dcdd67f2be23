//! The client against a simulated org over real TLS: complete lists in many small pages, quotas, faults, refusals.

use std::collections::BTreeSet;
use std::sync::Arc;

use okta_client::models::{Org as OrgRecord, Record};
use okta_client::{ApiToken, Bucket, Client, Config, Error, ErrorKind, ListRequest, OrgUrl, Unreachable, endpoints};
use okta_sim::{Clock, Fault, FaultRule, Faults, Org, Quotas, Shape, Sim, SimConfig};

fn small_org() -> Org {
    Org::generate(&Shape::new(60, 14, 13))
}

fn config(sim: &Sim, token: &str) -> Config {
    let auth = ApiToken::new(token.into()).unwrap();
    let mut config = Config::new(OrgUrl::parse(&sim.host()).unwrap(), Arc::new(auth));
    config.extra_ca = Some(sim.ca_pem().to_owned());
    config
}

fn client(sim: &Sim) -> Client {
    Client::new(config(sim, sim.token())).unwrap()
}

/// Fetches all records of a list, and returns the number of pages too.
async fn read_all<T: Record>(client: &Client, list: &ListRequest<T>) -> Result<(Vec<T>, usize), Error> {
    let (mut records, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let page = client.page(list, cursor.as_deref()).await?;
        assert_eq!(page.unreadable, []);
        records.extend(page.items);
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            return Ok((records, pages));
        }
    }
}

/// Fetches every pair (object, record) of the lists below the objects `ids`.
async fn read_pairs<T: Record>(
    client: &Client,
    ids: impl Iterator<Item = String>,
    list: impl Fn(&str) -> ListRequest<T>,
    id: impl Fn(&T) -> &str,
) -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    for object in ids {
        match read_all(client, &list(&object)).await {
            Ok((records, _)) => pairs.extend(records.iter().map(|record| (object.clone(), id(record).to_owned()))),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}"),
        }
    }
    pairs
}

#[tokio::test]
async fn every_list_is_complete_over_many_pages() {
    let truth = small_org();
    let set_up = SimConfig {
        page_cap: Some(4),
        forget_expand: true,
        gzip: true,
        display_domain: Some("acme.okta.com".to_owned()),
        ..SimConfig::new(small_org())
    };
    let sim = Sim::start(set_up).await.unwrap();
    let client = client(&sim);

    let org: OrgRecord = client.get(&endpoints::org::get()).await.unwrap();
    assert!(!org.id.is_empty());

    let (users, pages) = read_all(&client, &endpoints::users::list(200)).await.unwrap();
    let ids: BTreeSet<String> = users.into_iter().map(|user| user.id).collect();
    assert_eq!(ids, truth.user_ids().collect());
    assert!(pages >= 3);

    let (groups, pages) = read_all(&client, &endpoints::groups::list(200)).await.unwrap();
    let with_stats = groups.iter().filter(|group| group.stats().users_count.is_some()).count();
    let ids: BTreeSet<String> = groups.into_iter().map(|group| group.id).collect();
    assert_eq!(ids, truth.group_ids().collect());
    assert!(pages >= 3);
    assert!(with_stats > 4, "links that have lost `expand` get it back: {with_stats}");

    for active_only in [true, false] {
        let (apps, pages) = read_all(&client, &endpoints::apps::list(200, active_only)).await.unwrap();
        let ids: BTreeSet<String> = apps.into_iter().map(|app| app.id).collect();
        assert_eq!(ids, truth.app_ids(active_only).collect());
        assert!(pages >= 3);
    }

    let members = |id: &str| endpoints::groups::members(id, 1000).unwrap();
    let found = read_pairs(&client, truth.group_ids(), members, |member| &member.id).await;
    assert_eq!(found, truth.memberships().collect());

    let groups = |id: &str| endpoints::apps::groups(id, 200).unwrap();
    let found = read_pairs(&client, truth.app_ids(false), groups, |group| &group.id).await;
    assert_eq!(found, truth.app_groups().collect());

    let users = |id: &str| endpoints::apps::users(id, 500).unwrap();
    let found = read_pairs(&client, truth.app_ids(false), users, |user| &user.id).await;
    assert_eq!(found.len(), truth.app_users().count());

    let (assignees, _) = read_all(&client, &endpoints::roles::assignees(200)).await.unwrap();
    assert_eq!(assignees.len() as u64, truth.expected(false).admins);
    for admin in &assignees {
        let roles = endpoints::roles::of_user(&admin.id).unwrap();
        assert!(!read_all(&client, &roles).await.unwrap().0.is_empty());
    }
    sim.stop().await;
}

#[tokio::test]
async fn links_in_the_body_are_followed() {
    let truth = Org::generate(&Shape::new(2000, 10, 5));
    let admins = truth.expected(false).admins;
    let sim = Sim::start(SimConfig { page_cap: Some(2), ..SimConfig::new(truth) }).await.unwrap();
    let (assignees, pages) = read_all(&client(&sim), &endpoints::roles::assignees(200)).await.unwrap();
    assert_eq!(assignees.len() as u64, admins);
    assert!(pages >= 3, "{pages}");
}

#[tokio::test]
async fn quotas_are_kept_without_a_single_refusal() {
    // Twenty-five calls a minute are ours, and a minute passes in a fifth of a second.
    let set_up = SimConfig {
        quotas: Quotas::integrator().with(okta_sim::Bucket::Groups, 50),
        clock: Clock::scaled(300.0),
        ..SimConfig::new(small_org())
    };
    let group = set_up.org.group_ids().next().unwrap();
    let sim = Sim::start(set_up).await.unwrap();
    let mut config = config(&sim, sim.token());
    config.pacing.time_scale = 300.0;
    let client = Client::new(config).unwrap();
    let backlog = client.backlog();
    backlog.set(Bucket::Groups, 100, 100);
    let list = endpoints::groups::members(&group, 1000).unwrap();
    let calls = (0..100).map(|_| client.page(&list, None));
    for page in futures::future::join_all(calls).await {
        page.unwrap();
    }
    let stats = sim.stats();
    assert_eq!((stats.throttled_rate, stats.throttled_concurrency), (0, 0));
    assert_eq!(stats.requests, 100);
}

#[tokio::test]
async fn faults_on_the_way_lose_nothing() {
    let on = |path: &str, fault| FaultRule::on(path, fault).first(1);
    let users = "/api/v1/users";
    let groups = "/api/v1/groups";
    let set_up = SimConfig {
        page_cap: Some(5),
        clock: Clock::scaled(50.0),
        faults: Faults::from(on(users, Fault::DropConnection).page(2))
            .and(on(users, Fault::Truncate).page(3))
            .and(on(users, Fault::Status(500)).page(4))
            .and(on(users, Fault::Html(502)).page(5))
            .and(on(groups, Fault::RateLimit).page(1))
            .and(on(groups, Fault::ConcurrencyLimit).page(2)),
        ..SimConfig::new(small_org())
    };
    let sim = Sim::start(set_up).await.unwrap();
    let mut config = config(&sim, sim.token());
    config.pacing.time_scale = 50.0;
    let client = Client::new(config).unwrap();
    let (user_list, group_list) = (endpoints::users::list(200), endpoints::groups::list(200));
    let (users, groups) = tokio::join!(read_all(&client, &user_list), read_all(&client, &group_list));
    assert_eq!(users.unwrap().0.len(), small_org().user_ids().count());
    assert_eq!(groups.unwrap().0.len(), small_org().group_ids().count());
    let traffic = client.traffic();
    let retries: Vec<(Bucket, u64)> = traffic.iter().map(|traffic| (traffic.bucket, traffic.retries)).collect();
    assert_eq!(retries, [(Bucket::Users, 4), (Bucket::Groups, 2)]);
    assert_eq!(sim.stats().faults, 6);
}

#[tokio::test]
async fn links_that_lead_astray_are_refused() {
    for fault in [Fault::LoopingLink, Fault::StrayLink] {
        let faults = Faults::from(FaultRule::on("/api/v1/users", fault).page(2));
        let sim = Sim::start(SimConfig { page_cap: Some(5), faults, ..SimConfig::new(small_org()) }).await.unwrap();
        let error = read_all(&client(&sim), &endpoints::users::list(200)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable, "{error}");
    }
}

#[tokio::test]
async fn a_refused_token_is_reported_and_not_shown() {
    let sim = Sim::start(SimConfig::new(Org::empty())).await.unwrap();
    let client = Client::new(config(&sim, "00wrong-token")).unwrap();
    let error = client.get::<OrgRecord>(&endpoints::org::get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let text = format!("{error} {error:?}");
    assert!(text.contains("wrong, expired or revoked") && !text.contains("00wrong-token"), "{text}");
    assert_eq!(sim.stats().requests, 1, "and not tried again");
}

#[tokio::test]
async fn a_web_page_with_status_200_is_no_empty_list() {
    let faults = Faults::from(FaultRule::on("/api/v1/users", Fault::Html(200)))
        .and(FaultRule::on("/api/v1/groups", Fault::Empty(200)));
    let sim = Sim::start(SimConfig { faults, ..SimConfig::new(small_org()) }).await.unwrap();
    let client = client(&sim);
    let users = client.page(&endpoints::users::list(200), None).await.unwrap_err();
    let groups = client.page(&endpoints::groups::list(200), None).await.unwrap_err();
    for error in [users, groups] {
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        assert!(error.to_string().contains("captive portal"), "{error}");
    }
}

#[tokio::test]
async fn answers_that_are_too_large_are_not_read_to_their_end() {
    let sim = Sim::start(SimConfig::new(small_org())).await.unwrap();
    let users = endpoints::users::list(200);
    let ask = async |fault| {
        sim.set_faults(Faults::from(FaultRule::on("/api/v1/users", fault)));
        let mut config = config(&sim, sim.token());
        config.pacing.max_attempts = 3;
        let before = sim.stats().requests;
        let error = Client::new(config).unwrap().page(&users, None).await.unwrap_err();
        (error, sim.stats().requests - before)
    };
    for fault in [Fault::Endless(200), Fault::Bomb(64)] {
        let (error, tries) = ask(fault).await;
        assert_eq!((error.kind(), tries), (ErrorKind::Unreadable, 3), "{error}");
        assert!(
            error.to_string().contains("the answer is larger than 32 MiB; Okta sends nothing that large"),
            "{error}"
        );
    }
    let (error, tries) = ask(Fault::Endless(403)).await;
    assert_eq!((error.kind(), error.status(), tries), (ErrorKind::Forbidden, Some(403), 1), "{error}");
    let (error, tries) = ask(Fault::Body(format!("[{}]", vec!["{}"; 1001].join(",")).into())).await;
    assert_eq!((error.kind(), tries), (ErrorKind::Unreadable, 1), "{error}");
    assert!(error.to_string().contains("a list of 1001 users, where 1000 are the most"), "{error}");
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_in_smaller_ones() {
    let sim = Sim::start(SimConfig::new(small_org())).await.unwrap();
    let fat = FaultRule::on("/api/v1/users", Fault::Bomb(33)).page(1).first(1);
    sim.set_faults(Faults::from(fat));
    let (users, pages) = read_all(&client(&sim), &endpoints::users::list(50)).await.unwrap();
    assert_eq!((users.len(), pages), (small_org().user_ids().count(), 3), "pages of 25");
}

#[tokio::test]
async fn an_untrusted_certificate_names_the_way_out() {
    let sim = Sim::start(SimConfig::new(Org::empty())).await.unwrap();
    let mut config = config(&sim, sim.token());
    config.extra_ca = None;
    let error = Client::new(config).unwrap().get::<OrgRecord>(&endpoints::org::get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable(Unreachable::Tls), "{error}");
    assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
    assert_eq!(sim.stats().requests, 0);
}

#[tokio::test]
async fn a_host_where_nothing_listens_is_reported() {
    let sim = Sim::start(SimConfig::new(Org::empty())).await.unwrap();
    let config = config(&sim, sim.token());
    sim.stop().await;
    let error = Client::new(config).unwrap().get::<OrgRecord>(&endpoints::org::get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable(Unreachable::Refused), "{error}");
    assert!(error.to_string().contains("check the domain"), "{error}");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_timeout() {
    let delay = Fault::Delay(std::time::Duration::from_secs(60));
    let faults = Faults::from(FaultRule::on("/api/v1/org", delay));
    let sim = Sim::start(SimConfig { faults, ..SimConfig::new(Org::empty()) }).await.unwrap();
    let mut config = config(&sim, sim.token());
    config.timeout = std::time::Duration::from_millis(200);
    config.pacing.max_attempts = 1;
    let error = Client::new(config).unwrap().get::<OrgRecord>(&endpoints::org::get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}
