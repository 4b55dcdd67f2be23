//! The JSON form: `level`, `ts` (seconds since the epoch), `caller`, `msg`, then the fields.

use serde_json::{Map, Value};

use super::Line;

/// One line of JSON, with its end. It may be shown on a terminal.
pub(crate) fn text(line: &Line) -> String {
    let mut object = Map::new();
    object.insert("level".to_owned(), line.level.as_str().into());
    object.insert("ts".to_owned(), seconds(line.time).into());
    object.insert("caller".to_owned(), line.caller.as_str().into());
    object.insert("msg".to_owned(), line.message.as_str().into());
    for (key, value) in &line.fields {
        // A field of the same name must not replace what every line has.
        let key = if object.contains_key(key) { format!("{key}_") } else { key.clone() };
        object.insert(key, value.clone());
    }
    format!("{}\n", terminal_text::json(&Value::Object(object).to_string()))
}

/// Seconds since the epoch, with microseconds.
fn seconds(time: jiff::Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact until the year 2255")]
    let micros = time.as_microsecond() as f64;
    micros / 1e6
}
