//! The forms for people: tab-separated columns, and short notes beside progress. A line is one line, whatever its texts
//! contain.

use serde_json::Value;

use super::{Level, Line};

/// Time, level, caller, message and the fields as JSON, separated by tabs.
pub(crate) fn text(line: &Line) -> String {
    let time = line.time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
    let level = line.level.as_str().to_uppercase();
    let mut text = format!("{time}\t{level}\t{}\t{}", line.caller, terminal_text::joined(&line.message));
    if !line.fields.is_empty() {
        text.push('\t');
        text.push_str(&terminal_text::json(&Value::Object(line.fields.clone()).to_string()));
    }
    text.push('\n');
    text
}

/// `warning: message (key: value, …)`.
pub(crate) fn plain(line: &Line) -> String {
    let word = match line.level {
        Level::Warn => "warning: ",
        Level::Error | Level::Silent => "error: ",
        Level::Debug | Level::Info => "",
    };
    let fields: Vec<String> = line
        .fields
        .iter()
        .map(|(key, value)| match value {
            Value::String(text) => format!("{key}: {text}"),
            other => format!("{key}: {other}"),
        })
        .map(|field| terminal_text::joined(&field).into_owned())
        .collect();
    let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    format!("{word}{}{fields}\n", terminal_text::joined(&line.message))
}
