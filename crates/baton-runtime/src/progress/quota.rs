//! What is told of rate limits while a sync runs: how much of each is used, and what is waited for until when.

use std::time::Duration;

use baton_connector::QueueTraffic;
use jiff::Zoned;
use serde_json::{Map, Value, json};

use crate::words;

/// More calls a window than any system allows: who tells of this does not limit.
const PLENTY: u64 = 100_000;

/// Shorter waits are nothing to tell about.
const LEAST_WAIT: Duration = Duration::from_secs(1);

/// Calls of the present window that are spent, by whomever, and all of it; `None` if nothing limits.
fn spent(lane: &QueueTraffic) -> Option<(u64, u64)> {
    let limit = lane.limit.filter(|limit| (1..PLENTY).contains(limit))?;
    Some((limit - lane.remaining.unwrap_or(limit).min(limit), limit))
}

/// The wait for a window that is worth telling.
pub(super) fn wait(lane: &QueueTraffic) -> Option<Duration> {
    lane.waiting.filter(|wait| *wait >= LEAST_WAIT)
}

/// The time of day at which a wait ends.
fn end(wait: Duration, now: &Zoned) -> String {
    let end = jiff::SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok());
    end.unwrap_or_else(|| now.clone()).strftime("%H:%M:%S").to_string()
}

/// A line about one lane: `/apps: 45 of 50 requests used, waiting 12 s for Okta's next window (14:03:22)`. `slowed` says
/// whether requests are held back to spread them. `None` if nothing limits.
pub(super) fn line(lane: &QueueTraffic, slowed: bool, system: &str, now: &Zoned) -> Option<String> {
    let (used, limit) = spent(lane)?;
    let use_of = format!("{}: {} of {} used", lane.queue, words::number(used), words::count(limit, "request"));
    Some(match wait(lane) {
        Some(wait) => {
            format!("{use_of}, waiting {} s for {system}'s next window ({})", wait.as_secs(), end(wait, now))
        }
        None if slowed => format!("{use_of}, keeping to {system}'s quota"),
        None => use_of,
    })
}

/// The same as fields of a log line, by lane; empty if nothing limits.
pub(super) fn fields(traffic: &[QueueTraffic], now: &Zoned) -> Map<String, Value> {
    let of = |lane: &QueueTraffic| {
        let (used, limit) = spent(lane)?;
        let mut fields = json!({"calls": lane.calls, "used": used, "limit": limit});
        if let Some(wait) = wait(lane) {
            fields["waiting"] = wait.as_secs_f64().into();
            fields["until"] = end(wait, now).into();
        }
        Some((lane.queue.clone(), fields))
    };
    traffic.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn lane(waiting: Option<u64>) -> QueueTraffic {
        QueueTraffic {
            queue: "/apps".to_owned(),
            calls: 45,
            waiting: waiting.map(Duration::from_millis),
            limit: Some(50),
            remaining: Some(5),
            ..QueueTraffic::default()
        }
    }

    fn noon() -> Zoned {
        jiff::civil::date(2026, 1, 2).at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap()
    }

    #[test]
    fn use_wait_and_end_are_told() {
        let told = |waiting, slowed| line(&lane(waiting), slowed, "Okta", &noon()).unwrap();
        assert_eq!(told(None, false), "/apps: 45 of 50 requests used");
        assert_eq!(told(Some(500), true), "/apps: 45 of 50 requests used, keeping to Okta's quota");
        let waits = "/apps: 45 of 50 requests used, waiting 12 s for Okta's next window (12:00:12)";
        assert_eq!(told(Some(12_000), true), waits);
    }

    #[test]
    fn what_is_not_limited_is_not_told() {
        for limit in [None, Some(0), Some(1_000_000)] {
            assert_eq!(line(&QueueTraffic { limit, ..lane(Some(5_000)) }, true, "Okta", &noon()), None);
            assert!(fields(&[QueueTraffic { limit, ..lane(None) }], &noon()).is_empty());
        }
    }

    #[test]
    fn logs_have_the_same_as_fields() {
        let told = |waiting| Value::Object(fields(&[lane(waiting)], &noon()));
        assert_eq!(told(None), json!({"/apps": {"calls": 45, "used": 45, "limit": 50}}));
        let waiting = json!({"/apps": {"calls": 45, "used": 45, "limit": 50, "waiting": 70.0, "until": "12:01:10"}});
        assert_eq!(told(Some(70_000)), waiting);
    }
}
