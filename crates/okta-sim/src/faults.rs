//! Faults on purpose, keyed by what is asked and how often it was asked, never by time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// This status with Okta's error body for it.
    Status(u16),
    /// This status with this Okta error code.
    Code(u16, &'static str),
    /// This status with an HTML page, as proxies answer.
    Html(u16),
    /// This status without a body.
    Empty(u16),
    /// This status with a body that does not end.
    Endless(u16),
    /// 200 with a small compressed body, which is an array of this many mebibytes when unpacked.
    Bomb(u32),
    /// 200 with this body in place of the right one.
    Body(Bytes),
    /// 403 in the OAuth form: the scope is missing, told in `WWW-Authenticate`.
    InsufficientScope,
    /// 429 because the quota is used up: remaining 0, reset a second from now by the simulator's clock.
    RateLimit,
    /// The same, reset this much later by the simulator's clock.
    RateLimitFor(Duration),
    /// 429 because too many calls run at once: limit 0, remaining 0, and a reset that means nothing.
    ConcurrencyLimit,
    /// The connection is closed without an answer.
    DropConnection,
    /// The head and half of the body come, then the connection is closed.
    Truncate,
    /// The right answer after this much more real time.
    Delay(Duration),
    /// The right answer, but the link to the next page leads to this page again.
    LoopingLink,
    /// The right answer, but from the second page on the link to the next page leads to the first page.
    CircularLink,
    /// The right answer, but from the second page on there is always a link to a next page, which holds the same objects
    /// and has a cursor of its own.
    EndlessLinks,
    /// The right answer, but the link to the next page leads to another path.
    StrayLink,
    /// The right answer, but the link to the next page of `skinny_users` leads to `users`, as has been seen.
    PlainLink,
    /// What was asked is done, then this goes wrong with the answer. Without it faults that give no right answer leave
    /// the org as it was.
    AfterDoing(Box<Self>),
}

impl Fault {
    /// The same fault, but only after what was asked is done: the caller cannot know.
    #[must_use]
    pub fn after_doing(self) -> Self {
        Self::AfterDoing(Box::new(self))
    }
}

/// One rule: which calls, and what goes wrong with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRule {
    method: Option<String>,
    path: String,
    page: Option<u32>,
    attempts: Attempts,
    fault: Fault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempts {
    Every,
    First(u32),
    Number(u32),
}

impl FaultRule {
    /// A fault in every call of this path: a template of the API, such as `/api/v1/groups/{id}/users`, or one object's
    /// path, without a query.
    #[must_use]
    pub fn on(path: impl Into<String>, fault: Fault) -> Self {
        Self { method: None, path: path.into(), page: None, attempts: Attempts::Every, fault }
    }

    /// Only in calls with this method, such as `POST`. Rules without apply to every method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Only in calls for this page, counted from 1.
    #[must_use]
    pub const fn page(mut self, page: u32) -> Self {
        self.page = Some(page);
        self
    }

    /// Only in the attempt with this number, counted from 1, with the same method at the same path and page.
    #[must_use]
    pub const fn attempt(mut self, number: u32) -> Self {
        self.attempts = Attempts::Number(number);
        self
    }

    /// Only in this many first attempts with the same method at the same path and page.
    #[must_use]
    pub const fn first(mut self, count: u32) -> Self {
        self.attempts = Attempts::First(count);
        self
    }
}

/// A set of rules; the first that fits a call applies. Attempts are counted per method, path and page, and only those that the
/// rate limits let through, so that pace does not change what fails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<FaultRule>);

impl Faults {
    /// No faults.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// These and one more.
    #[must_use]
    pub fn and(mut self, rule: FaultRule) -> Self {
        self.0.push(rule);
        self
    }
}

impl From<FaultRule> for Faults {
    fn from(rule: FaultRule) -> Self {
        Self(vec![rule])
    }
}

/// The rules with the attempts made so far.
#[derive(Debug)]
pub(crate) struct FaultBox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<FaultRule>,
    /// By method, path and page.
    attempts: HashMap<(String, String, u32), u32>,
}

impl FaultBox {
    pub(crate) fn new(faults: Faults) -> Self {
        Self(Mutex::new(State { rules: faults.0, attempts: HashMap::new() }))
    }

    /// Puts these rules in the place of the others, and counts from the beginning.
    pub(crate) fn replace(&self, faults: Faults) {
        *self.state() = State { rules: faults.0, attempts: HashMap::new() };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an attempt and says what goes wrong with it.
    pub(crate) fn judge(&self, method: &str, template: &str, path: &str, page: u32) -> Option<Fault> {
        let mut state = self.state();
        if state.rules.is_empty() {
            return None;
        }
        let attempt = state.attempts.entry((method.to_owned(), path.to_owned(), page)).or_default();
        *attempt += 1;
        let attempt = *attempt;
        let fits = |rule: &&FaultRule| {
            let due = match rule.attempts {
                Attempts::Every => true,
                Attempts::First(count) => attempt <= count,
                Attempts::Number(number) => attempt == number,
            };
            due && rule.method.as_ref().is_none_or(|wanted| wanted == method)
                && (rule.path == template || rule.path == path)
                && rule.page.is_none_or(|wanted| wanted == page)
        };
        state.rules.iter().find(fits).map(|rule| rule.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_go_by_path_page_and_attempt() {
        const TEMPLATE: &str = "/api/v1/groups/{id}/users";
        let faults = FaultBox::new(
            Faults::from(FaultRule::on(TEMPLATE, Fault::Status(500)).page(2).first(2))
                .and(FaultRule::on("/api/v1/groups/b/users", Fault::Truncate).attempt(2)),
        );
        let a = |page| faults.judge("GET", TEMPLATE, "/api/v1/groups/a/users", page);
        assert_eq!((a(1), a(2), a(2), a(2)), (None, Some(Fault::Status(500)), Some(Fault::Status(500)), None));
        let b = |page| faults.judge("GET", TEMPLATE, "/api/v1/groups/b/users", page);
        assert_eq!((b(1), b(1), b(1)), (None, Some(Fault::Truncate), None));
        assert_eq!(b(2), Some(Fault::Status(500)), "the first rule that fits");
    }

    #[test]
    fn a_rule_for_a_method_leaves_the_others_alone() {
        const PATH: &str = "/api/v1/users";
        let faults = FaultBox::new(FaultRule::on(PATH, Fault::Status(503)).method("POST").attempt(2).into());
        let ask = |method| faults.judge(method, PATH, PATH, 1);
        assert_eq!((ask("GET"), ask("GET"), ask("POST")), (None, None, None));
        assert_eq!((ask("GET"), ask("POST")), (None, Some(Fault::Status(503))), "attempts are counted per method");
        faults.replace(Faults::none());
        assert_eq!(ask("POST"), None);
    }
}
