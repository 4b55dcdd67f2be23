//! What the doctor found, as lines for people or as JSON.

use baton_runtime::{Failure, Session};
use okta_client::Error;
use serde_json::{Map, Value, json};

use crate::errors;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// A sync works, but less is in it than was asked for, or it takes longer than it need.
    Warning,
    /// What was asked for does not work.
    Problem,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// What one check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    check: &'static str,
    pub level: Level,
    text: String,
    fix: String,
    /// The gRPC code of the failure that this would be, for problems.
    code: u8,
}

impl Finding {
    pub(super) fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, text: text.into(), fix: String::new(), code: 0 }
    }

    pub(super) fn warning(check: &'static str, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Warning, fix: fix.into(), ..Self::ok(check, text) }
    }

    pub(super) fn problem(check: &'static str, text: impl Into<String>, fix: impl Into<String>, code: u8) -> Self {
        Self { level: Level::Problem, fix: fix.into(), code, ..Self::ok(check, text) }
    }

    /// A failed request. The client knows what to do about it.
    pub(super) fn failure(check: &'static str, doing: &str, error: &Error) -> Self {
        let fix = error.hint().unwrap_or_default();
        let text = format!("{doing}: {}", error.clone().without_hint());
        Self::problem(check, text, fix, errors::grpc_code(error))
    }

    /// The failure of a command that cannot go on because of it.
    pub(super) fn into_failure(self) -> Failure {
        let hint = if self.fix.is_empty() { String::new() } else { format!("\nhint: {}", self.fix) };
        Failure::with_code(self.code, format!("{}{hint}", self.text))
    }

    fn json(&self) -> Value {
        let mut object = json!({"check": self.check, "level": self.level.word(), "text": self.text});
        if !self.fix.is_empty() {
            object["fix"] = self.fix.as_str().into();
        }
        if self.level == Level::Problem {
            object["code"] = self.code.into();
        }
        object
    }
}

/// The codes of problems, the gravest first: without sign-in nothing works, without a connection nothing can be said.
const GRAVITY: [u8; 7] = [16, 14, 4, 2, 7, 9, 8];

/// Collects findings, and shows each to people as soon as it is known.
pub(super) struct Report<'s> {
    session: &'s Session,
    as_json: bool,
    findings: Vec<Finding>,
    more: Map<String, Value>,
}

impl<'s> Report<'s> {
    pub(super) fn new(session: &'s Session) -> Self {
        let as_json = session.settings().wants_json();
        Self { session, as_json, findings: Vec::new(), more: Map::new() }
    }

    /// Adds a finding.
    ///
    /// # Errors
    ///
    /// Stdout cannot be written to.
    pub(super) fn add(&mut self, finding: Finding) -> Result<(), Failure> {
        if !self.as_json {
            self.session.print(lines(&finding).trim_end())?;
        }
        self.findings.push(finding);
        Ok(())
    }

    /// Adds figures that the findings tell in words.
    pub(super) fn figures(&mut self, name: &str, figures: Value) {
        self.more.insert(name.to_owned(), figures);
    }

    /// Ends the report. A problem is a failure of the command.
    ///
    /// # Errors
    ///
    /// The gravest problem, or stdout cannot be written to.
    pub(super) fn end(self) -> Result<(), Failure> {
        let count = |level| self.findings.iter().filter(|finding| finding.level == level).count();
        let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
        let codes = self.findings.iter().filter(|finding| finding.level == Level::Problem).map(|finding| finding.code);
        let gravity = |code: &u8| GRAVITY.iter().position(|known| known == code).unwrap_or(GRAVITY.len());
        let code = codes.min_by_key(gravity);
        let plural = |number: usize, thing: &str| format!("{number} {thing}{}", if number == 1 { "" } else { "s" });
        let verdict = match (problems, warnings) {
            (0, 0) => "Nothing to fix".to_owned(),
            (0, warnings) => plural(warnings, "warning"),
            (problems, 0) => plural(problems, "problem"),
            (problems, warnings) => format!("{}, {}", plural(problems, "problem"), plural(warnings, "warning")),
        };
        if self.as_json {
            let mut object = self.more;
            object.insert("findings".to_owned(), self.findings.iter().map(Finding::json).collect());
            object.insert("problems".to_owned(), problems.into());
            object.insert("warnings".to_owned(), warnings.into());
            self.session.print_json(&Value::Object(object).to_string())?;
        } else {
            self.session.print(&format!("\n{verdict}"))?;
        }
        match code {
            Some(code) => Err(Failure::with_code(code, format!("doctor: {verdict}"))),
            None => Ok(()),
        }
    }
}

/// Where the texts begin: behind the word for the level and the name of the check.
const INDENT: usize = 24;
/// How wide a line is at most.
const WIDTH: usize = 110;

fn lines(finding: &Finding) -> String {
    let head = format!("{:9}{:14} ", finding.level.word(), finding.check);
    let mut lines = wrapped(&head, &finding.text);
    if !finding.fix.is_empty() {
        lines.push_str(&wrapped(&format!("{:INDENT$}", ""), &format!("fix: {}", finding.fix)));
    }
    lines
}

/// Breaks a text between words behind a head, and indents what follows a break as far.
fn wrapped(head: &str, text: &str) -> String {
    let mut lines = String::new();
    let mut line = head.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            line = " ".repeat(INDENT);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_aligned_and_broken_between_words() {
        let text = lines(&Finding::warning("role", "word ".repeat(40), "do this"));
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("warning  role           word word"), "{text}");
        assert!(lines.iter().all(|line| line.len() <= WIDTH));
        assert!(lines[1..].iter().all(|line| line.starts_with(&" ".repeat(INDENT))));
        assert_eq!(lines.last().map(|line| line.trim()), Some("fix: do this"));
    }
}
