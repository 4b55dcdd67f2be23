//! What would shorten a sync, and by how much.

use okta_client::Bucket;
use serde_json::{Value, json};

use super::Facts;
use crate::estimate::{self, in_words};
use crate::quota_plan::{Budget, EndpointPair};
use crate::required_permissions::{self, SCOPES_PAGE};
use crate::survey::sign_in_bucket_of;

/// Something that an operator can do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Advice {
    /// A word for it, for programs.
    pub id: &'static str,
    /// What to do.
    pub text: String,
    /// Which sync it shortens.
    pub which: Which,
    /// Minutes that this sync takes without and with it.
    pub minutes: (f64, f64),
}

/// A sync that is shortened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Full,
    Later,
}

/// A gain below this is not worth a word, as a part of the whole.
const WORTH: f64 = 0.05;

impl Advice {
    pub(super) fn json(&self) -> Value {
        let which = match self.which {
            Which::Full => "full",
            Which::Later => "later",
        };
        json!({
            "id": self.id, "text": self.text, "sync": which,
            "minutes": self.minutes.1, "minutes_saved": self.minutes.0 - self.minutes.1,
        })
    }

    /// What it brings, in words.
    pub(super) fn gain(&self) -> String {
        let (sync, (before, after)) = match self.which {
            Which::Full => ("a full sync", self.minutes),
            Which::Later => ("a later sync", self.minutes),
        };
        format!("{sync} then takes {} instead of {}", in_words(after), in_words(before))
    }

    fn is_worth_it(&self) -> bool {
        let (before, after) = self.minutes;
        before >= 1.0 && before - after >= before * WORTH
    }
}

/// All that helps, what helps most first.
pub(super) fn all(facts: &Facts) -> Vec<Advice> {
    let candidates =
        [raise_the_credentials_share(facts), raise_our_share(facts), use_short_lists(facts), read_the_log(facts)];
    let mut advice: Vec<_> = candidates.into_iter().flatten().filter(Advice::is_worth_it).collect();
    advice.sort_by(|one, other| {
        let saved = |it: &Advice| it.minutes.0 - it.minutes.1;
        saved(other).total_cmp(&saved(one))
    });
    advice
}

fn share(facts: &Facts) -> u8 {
    facts.config.requests.rate_limit_share
}

/// Minutes of a full sync at a budget.
pub(super) fn full_minutes(facts: &Facts, budget: &Budget) -> Option<f64> {
    let calls = estimate::calls(&facts.survey.census, facts.scope, sign_in_bucket_of(facts.is_app), budget);
    budget.length(&calls).map(|length| length.minutes)
}

/// The budget of this credential with our settings.
pub(super) fn present_budget(facts: &Facts) -> Budget {
    Budget::new(&facts.survey.limits, share(facts), &facts.survey.pairs)
}

/// The budget that the credential would have with all of the org's limits.
pub(super) fn whole_budget(facts: &Facts) -> Option<Budget> {
    let whole = estimate::whole(&facts.survey.limits)?;
    Some(Budget::new(&whole, share(facts), &facts.survey.pairs))
}

fn full(facts: &Facts, id: &'static str, text: String, budget: &Budget) -> Option<Advice> {
    let minutes = (full_minutes(facts, &present_budget(facts))?, full_minutes(facts, budget)?);
    Some(Advice { id, text, which: Which::Full, minutes })
}

fn raise_the_credentials_share(facts: &Facts) -> Option<Advice> {
    let (guessed, _) = estimate::guess_share(&facts.survey.limits)?;
    let (what, page) = if facts.is_app {
        ("service app", "Applications › the service app › Application rate limits")
    } else {
        ("API token", "Security › API › Tokens › the token")
    };
    let text = format!(
        "raise the {what}'s share of the rate limits from {guessed} to 100 percent ({page}), if nothing else uses the API \
         heavily"
    );
    full(facts, "credential-share", text, &whole_budget(facts)?)
}

fn raise_our_share(facts: &Facts) -> Option<Advice> {
    let text = format!(
        "use all of these limits instead of {} percent (--rate-limit-share 100); nothing is then left of them to others",
        share(facts)
    );
    full(facts, "rate-limit-share", text, &Budget::new(&facts.survey.limits, 100, &facts.survey.pairs))
}

fn use_short_lists(facts: &Facts) -> Option<Advice> {
    let unused: Vec<EndpointPair> =
        facts.offered.iter().filter(|pair| !facts.survey.pairs.contains(pair)).copied().collect();
    if unused.is_empty() {
        return None;
    }
    let text = "leave --short-lists=false out: this org has the short lists, with limits of their own".to_owned();
    full(facts, "short-lists", text, &Budget::new(&facts.survey.limits, share(facts), &facts.offered))
}

fn read_the_log(facts: &Facts) -> Option<Advice> {
    if facts.reads_log {
        return None;
    }
    let text = if facts.is_app {
        format!(
            "grant {} to the app ({SCOPES_PAGE}), and give it a role that may view the System Log",
            required_permissions::LOGS
        )
    } else {
        "give the owner of the API token a role that may view the System Log, such as Read-Only Administrator"
            .to_owned()
    };
    let minutes = (later(facts, false)?.0, later(facts, true)?.0);
    Some(Advice { id: "system-log", text, which: Which::Later, minutes })
}

/// Minutes and calls of a later sync in which nothing has changed.
pub(super) fn later(facts: &Facts, reads_log: bool) -> Option<(f64, u64)> {
    let budget = present_budget(facts);
    let sign_in = sign_in_bucket_of(facts.is_app);
    let calls = estimate::later_calls(&facts.survey.census, facts.scope, sign_in, &budget, reads_log);
    // A log that cannot be read tells no limit either; its one call is nothing.
    let known = calls.iter().filter(|(bucket, _)| **bucket != Bucket::Logs);
    let length = budget.length(&known.map(|(bucket, calls)| (*bucket, *calls)).collect())?;
    Some((length.minutes, calls.values().sum()))
}
