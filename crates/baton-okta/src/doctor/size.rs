//! How large the org is, and how long a full sync of it takes.

use std::collections::BTreeMap;

use baton_runtime::{Failure, words};
use serde_json::json;

use super::DoctorContext;
use super::probes::Seen;
use super::report::{Finding, Report};
use crate::config::Config;
use crate::estimate::{self, in_words};
use crate::quota_plan::Budget;
use crate::survey::{self, Survey, Visible};

const CHECK: &str = "full sync";

/// Counts what a sync would read, as far as the probes have shown that it may, and tells how long it takes.
pub(super) async fn check(context: &DoctorContext, seen: &Seen, report: &mut Report<'_>) -> Result<(), Failure> {
    let scope = context.scope;
    let is_hidden = |wanted: bool, seen: bool| wanted && !seen;
    if is_hidden(scope.users, seen.users) || is_hidden(scope.groups, seen.groups) || is_hidden(scope.apps, seen.apps) {
        // There will be no sync.
        return Ok(());
    }
    let visible =
        Visible { groups: seen.groups, apps: seen.apps, admins: seen.admins, resource_sets: seen.resource_sets };
    let Config { rules, requests, .. } = &context.config;
    let surveyed = survey::take(&context.client, scope, !rules.sync_inactive_apps, visible, requests.short_lists).await;
    let Survey { census, limits, pairs } = match surveyed {
        Ok(survey) => survey,
        Err(error) => return report.add(Finding::failure(CHECK, "the org cannot be counted", &error)),
    };
    let census = if rules.everyone_from_users { census.without_everyone() } else { census };
    let share = requests.rate_limit_share;
    let budget = Budget::new(&limits, share, &pairs);
    let calls = estimate::calls(&census, scope, survey::sign_in_bucket(&context.access), &budget);
    let total: u64 = calls.values().sum();
    let now = budget.length(&calls);
    let full = estimate::whole(&limits).and_then(|whole| Budget::new(&whole, share, &pairs).length(&calls));
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
    let mut text = format!("{} with {share} percent of these limits", in_words(now.minutes));
    if now.minutes >= 1.0 {
        text = format!("{text}; {} decides", now.bucket.name());
    }
    if let Some(full) = full.filter(|full| full.minutes >= 1.0 || now.minutes >= 1.0) {
        text = format!("{text}; {} if this credential's share is raised to 100 percent", in_words(full.minutes));
    }
    report.add(Finding::ok(CHECK, text))
}
