//! How large the org is, and how long a full sync of it takes.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_runtime::{Failure, words};
use okta_client::models::Record;
use okta_client::{Bucket, Client, Error, ListRequest, endpoints};
use serde_json::json;

use super::Patient;
use super::limits;
use super::probes::Seen;
use super::report::{Finding, Report};
use crate::access::Access;
use crate::estimate::{self, Census};

const CHECK: &str = "full sync";

/// How many pages of each list are read: 5,000 groups, 2,000 applications, 500 administrators.
const GROUP_PAGES: u32 = 25;
const APP_PAGES: u32 = 10;
const ADMIN_PAGES: u32 = 5;

/// Counts what a sync would read, as far as the probes have shown that it may, and tells how long it takes.
pub(super) async fn check(patient: &Patient, seen: &Seen, report: &mut Report<'_>) -> Result<(), Failure> {
    let scope = patient.scope;
    let is_hidden = |wanted: bool, seen: bool| wanted && !seen;
    if is_hidden(scope.users, seen.users) || is_hidden(scope.groups, seen.groups) || is_hidden(scope.apps, seen.apps) {
        // There will be no sync.
        return Ok(());
    }
    let census = match count(patient, seen).await {
        Ok(census) => census,
        Err(error) => return report.add(Finding::failure(CHECK, "the org cannot be counted", &error)),
    };
    let sign_in = match patient.access {
        Access::ApiToken => Bucket::Rest,
        Access::ServiceApp(_) => Bucket::Token,
    };
    let calls = estimate::calls(&census, patient.scope, sign_in);
    let limits = limits::known(&patient.client);
    let share = patient.config.requests.rate_limit_share;
    let total: u64 = calls.values().sum();
    let now = estimate::length(&calls, &limits, share);
    let full = estimate::guess_share(&limits).filter(|(guessed, _)| *guessed < 100).and_then(|(guessed, _)| {
        let whole: BTreeMap<_, _> = limits.iter().map(|(bucket, limit)| (*bucket, limit * 100 / guessed)).collect();
        estimate::length(&calls, &whole, share)
    });
    report.figures(
        "estimate",
        json!({
            "users": census.users, "groups": census.groups, "apps": census.apps, "admins": census.admins,
            "lists_were_cut": census.is_cut,
            "calls": calls.iter().map(|(bucket, calls)| (bucket.name(), *calls)).collect::<BTreeMap<_, _>>(),
            "minutes": now.map(|length| length.minutes),
            "minutes_at_full_share": full.map(|length| length.minutes),
            "slowest_bucket": now.map(|length| length.bucket.name()),
        }),
    );
    let sizes: Vec<_> = [(census.users, "user"), (census.groups, "group"), (census.apps, "application")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, thing)| words::count(number, thing))
        .collect();
    let more = if census.is_cut { " (counting was cut short: there are more)" } else { "" };
    let each: Vec<_> =
        calls.iter().map(|(bucket, calls)| format!("{} {}", bucket.name(), words::number(*calls))).collect();
    let text = format!("{}{more} take at least {}: {}", sizes.join(", "), words::count(total, "call"), each.join(", "));
    report.add(Finding::ok(CHECK, text))?;
    let Some(now) = now else { return Ok(()) };
    let mut text = format!("{} with {share} percent of these limits", duration(now.minutes));
    if now.minutes >= 1.0 {
        text = format!("{text}; {} decides", now.bucket.name());
    }
    if let Some(full) = full.filter(|full| full.minutes >= 1.0 || now.minutes >= 1.0) {
        text = format!("{text}; {} if this credential's share is raised to 100 percent", duration(full.minutes));
    }
    report.add(Finding::ok(CHECK, text))
}

/// Minutes as people say them.
fn duration(minutes: f64) -> String {
    if minutes < 1.0 {
        return "less than a minute".to_owned();
    }
    format!("about {}", words::duration(Duration::from_secs_f64((minutes * 60.0).ceil())))
}

/// Reads the lists that tell sizes.
async fn count(patient: &Patient, seen: &Seen) -> Result<Census, Error> {
    let client = &patient.client;
    let mut census = Census::default();
    let mut is_cut = false;
    if seen.groups {
        is_cut |= each(client, &endpoints::groups::list(200), GROUP_PAGES, |group| census.add(&group)).await?;
    }
    if seen.apps {
        let list = endpoints::apps::list(200, !patient.config.rules.sync_inactive_apps);
        is_cut |= each(client, &list, APP_PAGES, |_| census.apps += 1).await?;
    }
    if seen.admins {
        is_cut |= each(client, &endpoints::roles::assignees(200), ADMIN_PAGES, |_| census.admins += 1).await?;
    }
    if seen.resource_sets {
        is_cut |= each(client, &endpoints::iam::resource_sets(), ADMIN_PAGES, |_| census.resource_sets += 1).await?;
    }
    Ok(Census { is_cut, ..census })
}

/// Reads up to `pages` pages of a list; whether there are more.
async fn each<T: Record>(
    client: &Client,
    list: &ListRequest<T>,
    pages: u32,
    mut see: impl FnMut(T),
) -> Result<bool, Error> {
    let mut cursor = None;
    for _ in 0..pages {
        let page = client.page(list, cursor.as_deref()).await?;
        page.items.into_iter().for_each(&mut see);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
