//! The rate limits that Okta's answers told of.

use baton_runtime::{Failure, words};
use serde_json::json;

use super::DoctorContext;
use super::report::{Finding, Report};
use crate::access::Credential;
use crate::endpoint_choice::known_limits;
use crate::estimate;

const CHECK: &str = "rate limits";

/// Tells the limits, how much of them others use, and whether this credential could have more.
pub(super) fn check(context: &DoctorContext, report: &mut Report<'_>) -> Result<(), Failure> {
    let limits = known_limits(&context.client);
    let traffic = context.client.traffic();
    let figures = traffic.iter().map(|seen| {
        json!({
            "bucket": seen.bucket.name(), "limit": limits.get(&seen.bucket), "remaining": seen.remaining,
            "calls": seen.calls, "throttled": seen.throttled,
        })
    });
    report.figures("limits", figures.collect());
    if limits.is_empty() {
        return report.add(Finding::ok(CHECK, "Okta's answers tell of none"));
    }
    let each = traffic.iter().filter_map(|seen| {
        let limit = limits.get(&seen.bucket)?;
        let left = seen.remaining.map(|left| format!(" ({} left)", words::number(left))).unwrap_or_default();
        Some(format!("{} {}{left}", seen.bucket.name(), words::number(*limit)))
    });
    let each = each.collect::<Vec<_>>().join(", ");
    report.add(Finding::ok(CHECK, format!("calls a minute: {each}")))?;
    let busy: Vec<_> = traffic.iter().filter(|seen| is_busy(seen.limit, seen.remaining, seen.calls)).collect();
    if !busy.is_empty() {
        let names = busy.iter().map(|seen| seen.bucket.name()).collect::<Vec<_>>().join(", ");
        let text = format!("somebody else uses much of {names} at this moment: a sync has to wait for what is left");
        let fix = "look at who it is (admin console: Reports › Rate limits), or sync at another time";
        report.add(Finding::warning(CHECK, text, fix))?;
    }
    let (page, it) = match context.access {
        Credential::ApiToken => ("Security › API › Tokens › the token", "this token"),
        Credential::ServiceApp(_) => ("Applications › the service app › Application rate limits", "this app"),
    };
    match estimate::guess_share(&limits) {
        Some((share, kind)) if share < 100 => {
            let text = format!(
                "these are about {share} percent of the defaults of {kind}: the share of {it}. It can be raised to 100 \
                 ({page}) if nothing else uses the API heavily"
            );
            report.add(Finding::ok(CHECK, text))
        }
        _ => Ok(()),
    }
}

/// Whether less than half is left although we have asked for little.
fn is_busy(limit: Option<u64>, remaining: Option<u64>, calls: u64) -> bool {
    let (Some(limit), Some(remaining)) = (limit, remaining) else { return false };
    limit > 0 && remaining + calls < limit / 2
}
