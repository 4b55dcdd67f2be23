//! The generated reference: every option, exit code and metric, and the connector's capabilities and configuration, as the
//! program itself declares them. `docs/reference/` holds it; a test compares the two.

use std::fmt::Write as _;

use baton_connector::Code;
use baton_service::metrics::Metrics;

use crate::commands::{DESCRIBING, READING};
use crate::failure::Failure;
use crate::field::{Field, Kind, Shown, heading};
use crate::flags;
use crate::program::Program;

/// The line at the top of every generated page.
const GENERATED: &str = "<!-- Generated from the program by `cargo xtask docs`. Do not edit. -->\n\n";

/// The files of `docs/reference/`: name and contents.
///
/// # Errors
///
/// A description of the connector that cannot be written as JSON.
pub fn documents(program: &dyn Program) -> Result<Vec<(String, String)>, Failure> {
    let mut documents = vec![
        ("options.md".to_owned(), options(program)),
        ("exit-codes.md".to_owned(), exit_codes()),
        ("metrics.md".to_owned(), metrics()),
    ];
    for description in DESCRIBING {
        documents.push((format!("{}.json", description.name), description.text(program)? + "\n"));
    }
    Ok(documents)
}

/// Every option, by the heading under which help lists it; then those that are only accepted, and those that are refused.
fn options(program: &dyn Program) -> String {
    let fields = flags::all(program);
    let mut page = format!(
        "{GENERATED}# Options\n\nEvery option is a flag, a variable, and a key of the configuration file (the flag's name without \
         dashes in front). A flag overrides a variable, a variable overrides the file; lists add up. `{} --help` shows the same.\n",
        program.name()
    );
    for heading in heading::ORDER {
        let shown = fields.iter().filter(|field| field.heading == heading && field.shown != Shown::Never);
        section(&mut page, heading, shown);
    }
    for reading in READING {
        let fields = reading.fields();
        let own = fields.iter().filter(|field| field.heading != heading::LOGGING && field.shown != Shown::Never);
        section(&mut page, &format!("`{} {}`", program.name(), reading.name), own);
    }
    for extra in program.commands() {
        let own = extra.own.iter().filter(|field| field.shown != Shown::Never);
        section(&mut page, &format!("`{} {}`", program.name(), extra.name), own);
    }
    let hidden = |list: fn(&Field) -> Option<&'static str>| {
        fields.iter().filter_map(move |field| list(field).map(|text| (field.name, text)))
    };
    named(&mut page, "Accepted for compatibility", "Instead", hidden(|field| field.legacy));
    named(&mut page, "Refused", "Asks for", hidden(|field| field.refused.map(|refused| refused.what)));
    page
}

fn section<'f>(page: &mut String, title: &str, fields: impl Iterator<Item = &'f Field>) {
    let rows: Vec<_> = fields.map(row).collect();
    if !rows.is_empty() {
        let head = "| option | variable | default | meaning |\n|---|---|---|---|";
        // Writing into a string does not fail.
        let _ = write!(page, "\n## {title}\n\n{head}\n{}\n", rows.join("\n"));
    }
}

fn row(field: &Field) -> String {
    let short = field.short.map(|letter| format!("`-{letter}`, ")).unwrap_or_default();
    let default = match field.kind {
        Kind::Text { default: "" } | Kind::List => String::new(),
        Kind::Text { default } => format!("`{default}`"),
        Kind::Bool { default } => format!("`{default}`"),
        Kind::Int { default, .. } => format!("`{default}`"),
    };
    let mut meaning = field.help.to_owned();
    if !field.more.is_empty() {
        meaning = format!("{meaning}. {}", field.more);
    }
    if !field.choices.is_empty() {
        meaning = format!("{meaning} (one of `{}`)", field.choices.join("`, `"));
    }
    if let Kind::Int { min, max, .. } = field.kind {
        meaning = format!("{meaning} ({min} to {})", if max == i64::MAX { "any".to_owned() } else { max.to_string() });
    }
    if field.secret {
        meaning = format!("{meaning} (secret)");
    }
    let meaning = meaning.replace('|', "\\|").replace('\n', " ");
    let alias = field.alias.map(|alias| format!(", `--{alias}`")).unwrap_or_default();
    format!("| {short}`--{}`{alias} | `{}` | {default} | {meaning} |", field.name, field.env())
}

fn named(page: &mut String, title: &str, column: &str, rows: impl Iterator<Item = (&'static str, &'static str)>) {
    let _ = write!(page, "\n## {title}\n\n| option | {column} |\n|---|---|\n");
    for (name, text) in rows {
        let _ = writeln!(page, "| `--{name}` | {} |", text.replace('|', "\\|"));
    }
}

fn exit_codes() -> String {
    let mut page = format!(
        "{GENERATED}# Exit codes\n\nThe exit code is the gRPC code of the failure. A log line of a failure has it as `code`.\n\n\
         | code | gRPC | means |\n|---|---|---|\n| 0 | `OK` | done |\n"
    );
    for code in Code::ALL {
        let _ = writeln!(page, "| {} | `{}` | {} |", code.number(), code.name(), meaning(code));
    }
    page
}

/// What an operator should take a code for.
fn meaning(code: Code) -> &'static str {
    match code {
        Code::Cancelled => "interrupted by a signal; progress is kept",
        Code::Unknown => "wrong usage, a setting that cannot be parsed, or a file that cannot be used",
        Code::InvalidArgument => "an argument of an operation is not valid",
        Code::DeadlineExceeded => "no answer in time; for a change, its result may not be known",
        Code::NotFound => "the file, sync or object does not exist",
        Code::AlreadyExists => "an object with these properties exists already",
        Code::PermissionDenied => "the credential lacks a permission (403)",
        Code::ResourceExhausted => "no space on the disk, or a quota that stays exhausted",
        Code::FailedPrecondition => {
            "the current state does not allow it: a sync that would lose too much, `--strict` with gaps, a partial change"
        }
        Code::Aborted => "another change or another run came in between",
        Code::OutOfRange => "a value is out of range",
        Code::Unimplemented => "the settings ask for something that this program does not do",
        Code::Internal => "a bug in this program",
        Code::Unavailable => "the system cannot be reached, or fails",
        Code::DataLoss => "data is lost or damaged",
        Code::Unauthenticated => "the credential was rejected (401)",
    }
}

fn metrics() -> String {
    let mut page = format!(
        "{GENERATED}# Metrics\n\nService mode serves them at `/metrics` in Prometheus' text format, and sends them over OTLP where a \
         collector is set.\n\n| metric | type | meaning |\n|---|---|---|\n"
    );
    for family in Metrics::catalogue() {
        let _ = writeln!(page, "| `{}` | {} | {} |", family.name, family.kind.as_str(), family.help);
    }
    page
}
