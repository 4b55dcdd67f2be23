//! The parser, made from the table of fields.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, Command, ValueHint};

use crate::commands;
use crate::field::{Field, Hint, Kind, Shown};
use crate::program::Program;

/// Help is wrapped at this width, however wide the terminal.
const WIDTH: usize = 100;

/// The whole command line of a program.
pub(crate) fn command(program: &dyn Program) -> Command {
    let name = program.name();
    let mut command = Command::new(name)
        // Printed by `--version` behind the name (`docs/spec/connector-runtime.md` 1.1).
        .version(format!("version {}", program.version()))
        .about(program.about())
        .override_usage(format!(
            "{name} [OPTIONS]                    sync into a .c1z file\n       \
             {name} [OPTIONS] --revoke-grant …   change one thing (see --help)\n       \
             {name} [OPTIONS] --client-id …      stay connected to C1\n       \
             {name} [OPTIONS] <COMMAND>"
        ))
        .after_help(format!(
            "Every option can be given as a variable of the environment or in .baton.yaml; `{name} --help` tells more."
        ))
        .after_long_help(epilogue(program))
        .max_term_width(WIDTH)
        .args_override_self(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(super::all(program).iter().map(arg))
        .arg(help())
        .arg(version());
    for reading in commands::READING {
        command = command.subcommand(subcommand(reading.name, reading.about, "", &reading.fields()));
    }
    for describing in commands::DESCRIBING {
        command = command.subcommand(subcommand(describing.name, describing.about, "", &super::LOGGING));
    }
    let asking: Vec<_> = super::ASKING.into_iter().chain(super::LOGGING).collect();
    let (name, about) = (commands::health_check::NAME, commands::health_check::ABOUT);
    command = command.subcommand(subcommand(name, about, commands::health_check::MORE, &asking));
    for extra in program.commands() {
        let fields = super::of_extra(program, extra);
        command = command.subcommand(subcommand(extra.name, extra.about, extra.more, &fields));
    }
    command.subcommand(commands::completion::command().arg(help()).disable_help_flag(true))
}

fn subcommand(name: &'static str, about: &'static str, more: &'static str, fields: &[Field]) -> Command {
    let command = Command::new(name).about(about).disable_help_flag(true).max_term_width(WIDTH);
    let command = if more.is_empty() { command } else { command.long_about(format!("{about}\n\n{more}")) };
    command.args_override_self(true).args(fields.iter().map(arg)).arg(help())
}

fn arg(field: &Field) -> Arg {
    let arg = Arg::new(field.name)
        .long(field.name)
        .value_name(field.value_name)
        .value_parser(AnyText(field.choices))
        .hide_possible_values(true)
        .help_heading(field.heading)
        .help(short_help(field))
        .long_help(long_help(field))
        .hide(field.shown == Shown::Never)
        .hide_short_help(field.shown != Shown::Always)
        .value_hint(match field.hint {
            Hint::Nothing => ValueHint::Other,
            Hint::File => ValueHint::FilePath,
            Hint::Folder => ValueHint::DirPath,
        });
    let arg = match field.short {
        Some(letter) => arg.short(letter),
        None => arg,
    };
    let arg = match field.alias {
        Some(name) => arg.alias(name),
        None => arg,
    };
    match field.kind {
        Kind::Bool { .. } => arg
            .value_name("true|false")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(AnyText(&["true", "false"])),
        Kind::Int { .. } => arg.allow_negative_numbers(true),
        Kind::List => arg.action(ArgAction::Append),
        // A secret may begin with anything.
        Kind::Text { .. } => arg.allow_hyphen_values(field.secret),
    }
}

fn short_help(field: &Field) -> String {
    let default = match field.kind {
        Kind::Text { default } if !default.is_empty() => default.to_owned(),
        Kind::Bool { default: true } => "true".to_owned(),
        Kind::Int { default, .. } => default.to_string(),
        _ => return field.help.to_owned(),
    };
    format!("{} (default: {default})", field.help)
}

fn long_help(field: &Field) -> String {
    let sentence = if field.more.is_empty() { String::new() } else { format!(". {}", field.more) };
    format!("{}{sentence}\n[env: {}]", short_help(field), field.env())
}

fn help() -> Arg {
    Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .help_heading("Help")
        .help("Show help (-h: in short)")
        .long_help("Show help (-h: in short)")
}

fn version() -> Arg {
    Arg::new("version")
        .short('v')
        .long("version")
        .action(ArgAction::Version)
        .help_heading("Help")
        .help("Show the version")
}

/// What `--help` says at its end.
fn epilogue(program: &dyn Program) -> String {
    let examples = program.examples();
    let width = examples.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    let examples: Vec<_> = examples.iter().map(|(command, words)| format!("  {command:width$}  {words}\n")).collect();
    format!(
        "Where options come from:
  An option on the command line outranks its variable, the variable outranks the configuration
  file, the file outranks the default. The file is the one that BATON_CONFIG_PATH names (.yaml or
  .yml), else .baton.yaml in the current directory; its keys are the names of the options. Lists
  on the command line are added to those of the variable or the file.

Other variables:
  HTTPS_PROXY, NO_PROXY          the proxy to use, and the hosts to reach without it
  SSL_CERT_FILE, SSL_CERT_DIR    certificates to trust instead of those of this machine

Exit status:
  0 when all went well, otherwise the gRPC code of the failure (16: credential refused,
  14: not reachable, 7: not allowed, 1: interrupted, …), 2 for everything without a code.

Examples:
{}",
        examples.concat().trim_end()
    )
}

/// Takes any text and offers some for completion. Whether the text is right is decided in one place for flags,
/// variables and file: `settings`.
#[derive(Debug, Clone, Copy)]
struct AnyText(&'static [&'static str]);

impl TypedValueParser for AnyText {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        if self.0.is_empty() { None } else { Some(Box::new(self.0.iter().map(PossibleValue::new))) }
    }
}
