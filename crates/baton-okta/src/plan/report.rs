//! A plan as a table and sentences, or as JSON.

use std::collections::BTreeMap;

use baton_runtime::{Table, words};
use okta_client::Bucket;
use serde_json::{Value, json};

use super::Facts;
use super::advice::{self, Advice};
use crate::estimate::{self, in_words};
use crate::quota_plan::{Budget, Length};
use crate::survey::sign_in_bucket_of;

/// What is to be told.
pub(super) struct Plan<'f> {
    facts: &'f Facts,
    budget: Budget,
    calls: BTreeMap<Bucket, u64>,
    /// How long a full sync takes; `None` without limits.
    now: Option<Length>,
    /// Minutes with all of the org's limits, if this credential seems to have less.
    whole: Option<f64>,
    /// Minutes and calls of a later sync.
    later: Option<(f64, u64)>,
    advice: Vec<Advice>,
}

impl<'f> Plan<'f> {
    pub(super) fn new(facts: &'f Facts) -> Self {
        let budget = advice::present_budget(facts);
        let calls = estimate::calls(&facts.survey.census, facts.scope, sign_in_bucket_of(facts.is_app), &budget);
        Self {
            now: budget.length(&calls),
            whole: advice::whole_budget(facts).and_then(|budget| advice::full_minutes(facts, &budget)),
            later: advice::later(facts, facts.reads_log),
            advice: advice::all(facts),
            facts,
            budget,
            calls,
        }
    }

    fn total(&self) -> u64 {
        self.calls.values().sum()
    }

    /// Minutes that the calls of one bucket take.
    fn minutes(&self, bucket: Bucket, calls: u64) -> Option<f64> {
        self.budget.length(&BTreeMap::from([(bucket, calls)])).map(|length| length.minutes)
    }

    pub(super) fn json(&self) -> Value {
        let census = &self.facts.survey.census;
        let buckets = self.calls.iter().map(|(bucket, calls)| {
            json!({
                "bucket": bucket.name(), "calls": calls, "limit": self.facts.survey.limits.get(bucket),
                "allowance": self.budget.allowances.get(bucket), "minutes": self.minutes(*bucket, *calls),
            })
        });
        json!({
            "org": self.facts.config.org.to_string(),
            "users": census.users, "groups": census.groups, "apps": census.apps, "admins": census.admins,
            "lists_were_cut": census.is_cut,
            "rate_limit_share": self.facts.config.requests.rate_limit_share,
            "credential_share": estimate::guess_share(&self.facts.survey.limits).map(|(share, _)| share),
            "reads_system_log": self.facts.reads_log,
            "buckets": buckets.collect::<Vec<_>>(),
            "calls": self.total(),
            "decides": self.now.map(|length| length.bucket.name()),
            "minutes": self.now.map(|length| length.minutes),
            "minutes_at_full_share": self.whole,
            "later": self.later.map(|(minutes, calls)| json!({"calls": calls, "minutes": minutes})),
            "advice": self.advice.iter().map(Advice::json).collect::<Vec<_>>(),
        })
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\n\n{}\n", self.sizes(), self.table());
        let mut say = |sentence: String| text.push_str(&words::wrapped(&sentence, ""));
        say(self.duration());
        if let Some((minutes, calls)) = self.later {
            let calls = words::count(calls, "call");
            say(format!("A later sync takes {calls} and {} when nothing has changed.", in_words(minutes)));
        }
        if self.advice.is_empty() {
            say("Nothing would shorten it much.".to_owned());
        } else {
            say("What would help most:".to_owned());
        }
        for (place, advice) in self.advice.iter().enumerate() {
            text.push_str(&words::wrapped(&format!("{}. {}: {}", place + 1, advice.text, advice.gain()), "  "));
        }
        text
    }

    fn sizes(&self) -> String {
        let census = &self.facts.survey.census;
        let things = [(census.users, "user"), (census.groups, "group"), (census.apps, "application")];
        let sizes: Vec<_> =
            things.into_iter().filter(|(number, _)| *number > 0).map(|(number, of)| words::count(number, of)).collect();
        let more = if census.is_cut { "; counting was cut short, there are more" } else { "" };
        format!("{}: {}{more}", self.facts.config.org, sizes.join(", "))
    }

    /// Calls, limits and minutes, bucket by bucket, the slowest first.
    fn table(&self) -> Table {
        let mut table = Table::of_numbers(&["BUCKET", "CALLS", "A MINUTE", "OURS", "MINUTES"]);
        let mut rows: Vec<_> =
            self.calls.iter().map(|(bucket, calls)| (*bucket, *calls, self.minutes(*bucket, *calls))).collect();
        rows.sort_by(|one, other| other.2.unwrap_or(-1.0).total_cmp(&one.2.unwrap_or(-1.0)).then(other.1.cmp(&one.1)));
        for (bucket, calls, minutes) in rows {
            let number = |number: Option<&u64>| number.map_or("?".to_owned(), |number| words::number(*number));
            let limit = number(self.facts.survey.limits.get(&bucket));
            let ours = number(self.budget.allowances.get(&bucket));
            let minutes = minutes.map_or("?".to_owned(), |minutes| format!("{minutes:.1}"));
            table.row(bucket.name(), &[words::number(calls), limit, ours, minutes]);
        }
        table
    }

    fn duration(&self) -> String {
        let (calls, share) = (words::count(self.total(), "call"), self.facts.config.requests.rate_limit_share);
        let Some(now) = self.now else {
            return format!("A full sync takes at least {calls}. Okta's answers tell of no rate limits.");
        };
        let decides = if now.minutes < 1.0 { String::new() } else { format!("; {} decides", now.bucket.name()) };
        let whole = self.whole.filter(|_| now.minutes >= 1.0);
        let whole = whole.map(|minutes| format!(", {} with all of the org's limits", in_words(minutes)));
        format!(
            "A full sync takes at least {calls} and {} with {share} percent of these limits{}{decides}.",
            in_words(now.minutes),
            whole.unwrap_or_default()
        )
    }
}
