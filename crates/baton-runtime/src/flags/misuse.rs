//! Errors of the command line, in two lines and without the whole usage.

use baton_provision::nearest;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::failure::Failure;

/// The failure for a parser's error. `flags` are the names that help lists, `program` is the executable's name.
pub(crate) fn failure(error: &Error, flags: &[&str], program: &str) -> Failure {
    let arg = text(error, ContextKind::InvalidArg);
    let text = match error.kind() {
        ErrorKind::UnknownArgument if arg.starts_with('-') => unknown_flag(&arg, flags, program),
        ErrorKind::UnknownArgument => unknown_command(error, &arg, program),
        ErrorKind::InvalidSubcommand => unknown_command(error, &text(error, ContextKind::InvalidSubcommand), program),
        ErrorKind::InvalidValue | ErrorKind::WrongNumberOfValues | ErrorKind::NoEquals => {
            format!("flag needs a value: {}", flag_of(&arg))
        }
        ErrorKind::InvalidUtf8 => "an argument is no UTF-8 text".to_owned(),
        ErrorKind::MissingRequiredArgument => {
            format!("missing argument: {arg}\nhint: `{program} help` lists all commands")
        }
        _ => format!("the command line is not understood near {}", flag_of(&arg)),
    };
    Failure::new(text)
}

fn unknown_flag(arg: &str, flags: &[&str], program: &str) -> String {
    let flag = flag_of(arg);
    let hint = match nearest(flag.trim_start_matches('-'), flags.iter().copied()) {
        Some(meant) if format!("--{meant}") == flag => format!("another command takes it; see `{program} help`"),
        Some(meant) => format!("did you mean --{meant}?"),
        None => format!("`{program} --help` lists all flags"),
    };
    format!("unknown flag: {flag}\nhint: {hint}")
}

fn unknown_command(error: &Error, typed: &str, program: &str) -> String {
    if ["true", "false"].contains(&typed) {
        return format!(
            "unknown command {typed:?}\nhint: switches take their value behind an equals sign: --flag={typed}"
        );
    }
    let hint = match text(error, ContextKind::SuggestedSubcommand) {
        meant if meant.is_empty() => format!("`{program} help` lists all commands"),
        meant => format!("did you mean `{program} {meant}`?"),
    };
    // A word that is no command may be the value of a flag that got separated from it, so it may be a secret.
    let word = typed.len() <= 24 && typed.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if word {
        format!("unknown command {typed:?}\nhint: {hint}")
    } else {
        format!("there is an argument that belongs to no flag and is no command\nhint: {hint}")
    }
}

/// The flag in `--flag=value`, `--flag <VALUE>` or `-f`.
fn flag_of(arg: &str) -> &str {
    arg.split(['=', ' ', '[']).next().unwrap_or(arg)
}

fn text(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}
