//! What came of a one-shot operation, for stdout: one line for people, or one JSON object.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use baton_connector::ChangeError;
use baton_connector::provision::{StateAfter, Step, StepOutcome};
use baton_proto::c1::connector::v2::EncryptedData;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::flags::DRY_RUN;
use crate::operation::Operation;
use crate::session::Session;
use crate::words;

/// A successful outcome.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The word for it in JSON.
    pub word: &'static str,
    /// Whether all was so before.
    pub unchanged: bool,
    /// The sentence for people.
    pub text: String,
    /// What somebody should know about it.
    pub notes: Vec<String>,
    /// Further members of the JSON object.
    pub more: Map<String, Value>,
    /// Secrets for whom they are for.
    pub encrypted: Vec<EncryptedData>,
}

/// What a run was asked to do, for the result.
#[derive(Debug)]
pub(crate) struct Asked {
    pub operation: Operation,
    /// The ids and values, as they were given.
    pub what: Value,
    /// The same in words, behind "dry run: ".
    pub words: String,
}

/// Writes what came of an operation to stdout, and makes the failure out of an error.
pub(crate) fn tell(
    session: &Session,
    asked: &Asked,
    steps: &[Step],
    result: Result<Outcome, ChangeError>,
) -> Result<(), Failure> {
    let json_wanted = is_json(session);
    match result {
        Ok(outcome) => {
            if json_wanted {
                return session.print_json(&json_of(session, asked, steps, &outcome));
            }
            session.print(&plain(session, asked, steps, &outcome))?;
            outcome.notes.iter().for_each(|note| session.say(&format!("note: {}", terminal_text::joined(note))));
            Ok(())
        }
        Err(error) => {
            if json_wanted {
                session.print_json(&json_of_error(session, asked, steps, &error))?;
            }
            Err(failure(steps, &error))
        }
    }
}

/// Whether results are JSON.
pub(crate) fn is_json(session: &Session) -> bool {
    session.settings.wants_json()
}

/// The failure for the operator. What is known about the system now is said where it is not what it was.
fn failure(steps: &[Step], error: &ChangeError) -> Failure {
    let state = match error.state {
        StateAfter::Unchanged => String::new(),
        StateAfter::Partial => format!("\nstate: {}", partly(steps)),
        StateAfter::Unknown => "\nstate: unknown; look before you repeat it".to_owned(),
    };
    // The hints stay last.
    let (message, hints) = match error.message.split_once("\nhint: ") {
        Some((message, hints)) => (message, format!("\nhint: {hints}")),
        None => (error.message.as_str(), String::new()),
    };
    Failure::with_code(error.code.number(), format!("{message}{state}{hints}"))
}

/// How many changes were made before a failure.
fn partly(steps: &[Step]) -> String {
    let count = |is: fn(StepOutcome) -> bool| {
        let changes = steps.iter().filter(|step| step.method != "GET" && is(step.outcome));
        words::count(changes.count() as u64, "change")
    };
    let made = count(|outcome| matches!(outcome, StepOutcome::Answered(200..=299)));
    let lost = |step: &Step| step.method != "GET" && step.outcome == StepOutcome::Lost;
    if steps.iter().any(lost) {
        let lost = count(|outcome| outcome == StepOutcome::Lost);
        return format!("partly changed: {made} made, and {lost} without an answer");
    }
    format!("partly changed: {made} made")
}

fn withheld(steps: &[Step]) -> Vec<&Step> {
    steps.iter().filter(|step| step.outcome == StepOutcome::Withheld).collect()
}

fn plain(session: &Session, asked: &Asked, steps: &[Step], outcome: &Outcome) -> String {
    let mut lines = Vec::new();
    if session.settings.switch(DRY_RUN) && !outcome.unchanged {
        let withheld = withheld(steps);
        let requests = words::count(withheld.len() as u64, "request");
        lines.push(format!("dry run: {} would send {requests}", asked.words));
        for step in withheld {
            let body = step.body.as_deref().map_or_else(String::new, |body| format!("  {body}"));
            lines.push(format!("  {} {}{body}", step.method, step.target));
        }
    } else {
        lines.push(outcome.text.clone());
        for data in &outcome.encrypted {
            let (text, form) = readable(data);
            lines.push(format!("{} for key {}, {form}:\n{text}", data.name, data.key_ids.join(", ")));
        }
    }
    lines.join("\n")
}

fn json_of(session: &Session, asked: &Asked, steps: &[Step], outcome: &Outcome) -> String {
    let planned = session.settings.switch(DRY_RUN) && !outcome.unchanged;
    let mut object = begin(session, asked);
    object.insert("outcome".to_owned(), if planned { "planned" } else { outcome.word }.into());
    if !planned {
        object.extend(outcome.more.clone());
        if !outcome.encrypted.is_empty() {
            object.insert("encrypted".to_owned(), outcome.encrypted.iter().map(encrypted).collect());
        }
    }
    if !outcome.notes.is_empty() {
        object.insert("notes".to_owned(), outcome.notes.clone().into());
    }
    object.insert("requests".to_owned(), steps.iter().map(step).collect());
    Value::Object(object).to_string()
}

fn json_of_error(session: &Session, asked: &Asked, steps: &[Step], error: &ChangeError) -> String {
    let mut object = begin(session, asked);
    object.insert("outcome".to_owned(), "failed".into());
    object.insert("code".to_owned(), error.code.name().into());
    object.insert("error".to_owned(), error.message.as_str().into());
    object.insert("state".to_owned(), error.state.as_str().into());
    object.insert("requests".to_owned(), steps.iter().map(step).collect());
    Value::Object(object).to_string()
}

fn begin(session: &Session, asked: &Asked) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("operation".to_owned(), asked.operation.word().into());
    object.insert("asked".to_owned(), asked.what.clone());
    if session.settings.switch(DRY_RUN) {
        object.insert("dry_run".to_owned(), true.into());
    }
    object
}

fn step(step: &Step) -> Value {
    let (outcome, status) = match step.outcome {
        StepOutcome::Answered(status) => ("answered", Some(status)),
        StepOutcome::Lost => ("lost", None),
        StepOutcome::NotSent => ("not_sent", None),
        StepOutcome::Withheld => ("withheld", None),
    };
    let mut object = json!({"method": step.method, "target": step.target});
    if let Some(body) = &step.body {
        object["body"] = serde_json::from_str(body).unwrap_or_else(|_| body.as_str().into());
    }
    object["outcome"] = outcome.into();
    if let Some(status) = status {
        object["status"] = status.into();
    }
    object
}

fn encrypted(data: &EncryptedData) -> Value {
    json!({
        "name": data.name,
        "provider": data.provider,
        "key_ids": data.key_ids,
        "encrypted_bytes": base64(&data.encrypted_bytes),
    })
}

/// An encrypted secret as text for people, and how it is read.
fn readable(data: &EncryptedData) -> (String, &'static str) {
    // The provider of JWKs delivers base64 already.
    let text = match std::str::from_utf8(&data.encrypted_bytes) {
        Ok(text) if STANDARD.decode(text).is_ok() => text.to_owned(),
        _ => base64(&data.encrypted_bytes),
    };
    let inner = STANDARD.decode(&text).unwrap_or_default();
    let form = if inner.starts_with(b"age-encryption.org/") {
        "to be read with `base64 -d | age -d -i KEY`"
    } else {
        "a compact JWE in base64"
    };
    (text, form)
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_before_a_failure_is_counted_without_reads_and_refusals() {
        let step =
            |method: &str, outcome| Step { method: method.to_owned(), target: "/x".to_owned(), body: None, outcome };
        let mut steps = vec![step("GET", StepOutcome::Answered(200)); 10];
        steps.push(step("PUT", StepOutcome::Answered(204)));
        steps.push(step("POST", StepOutcome::Answered(403)));
        steps.push(step("GET", StepOutcome::Lost));
        assert_eq!(partly(&steps), "partly changed: 1 change made");
        steps.push(step("POST", StepOutcome::Answered(200)));
        steps.push(step("DELETE", StepOutcome::Lost));
        assert_eq!(partly(&steps), "partly changed: 2 changes made, and 1 change without an answer");
    }
}
