//! Which lines go where in which look, and whether progress is shown instead.

use super::{Format, Level, Sink};
use crate::failure::Failure;
use crate::settings::Settings;

/// What is shown of a run.
#[derive(Debug)]
pub(crate) struct Choice {
    /// Where log lines go.
    pub sinks: Vec<Sink>,
    /// Tables and sentences on stderr instead of log lines.
    pub people: bool,
    /// Moving bars too.
    pub bars: bool,
}

/// Decides by the settings of logging. `terminal`: stderr is one. `for_people`: the command speaks to people anyway.
///
/// # Errors
///
/// A log file cannot be opened.
pub(crate) fn choose(settings: &Settings, terminal: bool, for_people: bool) -> Result<Choice, Failure> {
    let paths = settings.list("log-path");
    let to_stderr = paths.is_empty() || paths.iter().any(|path| path == "stderr");
    let asked_for = settings.is_set("log-level") || settings.is_set("log-format");
    let people = (terminal || for_people) && !(asked_for && to_stderr);
    let level = Level::parse(settings.text("log-level"));
    let format = match settings.text("log-format") {
        "json" => Format::Json,
        "console" => Format::Console,
        _ if terminal && to_stderr => Format::Console,
        _ => Format::Json,
    };
    let mut sinks = Vec::new();
    for path in paths.iter().filter(|path| !(people && *path == "stderr")) {
        sinks.push(Sink::named(path, format, level)?);
    }
    if people {
        sinks.push(Sink::stderr(Format::Plain, Level::Warn));
    } else if paths.is_empty() {
        sinks.push(Sink::stderr(format, level));
    }
    Ok(Choice { sinks, people, bars: people && terminal })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config_file::ConfigFile;
    use crate::env::Env;
    use crate::flags::LOGGING;
    use crate::settings::{Places, resolve};

    fn choice(env: &[(&str, &str)], terminal: bool, for_people: bool) -> Choice {
        let env = Env::from_iter(env.iter().copied());
        let places = Places { flags: &|_| None, env: &env, file: &ConfigFile::default() };
        choose(&resolve(&LOGGING, &places).settings, terminal, for_people).unwrap()
    }

    fn looks(choice: &Choice) -> Vec<(Format, Level)> {
        choice.sinks.iter().map(|sink| (sink.format, sink.level)).collect()
    }

    #[test]
    fn without_terminal_json_lines() {
        let choice = choice(&[], false, false);
        assert!(!choice.people && !choice.bars);
        assert_eq!(looks(&choice), [(Format::Json, Level::Info)]);
    }

    #[test]
    fn on_a_terminal_progress() {
        let choice = choice(&[], true, false);
        assert!(choice.people && choice.bars);
        assert_eq!(looks(&choice), [(Format::Plain, Level::Warn)]);
    }

    #[test]
    fn logs_that_are_asked_for_replace_progress() {
        let debug = choice(&[("BATON_LOG_LEVEL", "debug")], true, false);
        assert!(!debug.people && !debug.bars);
        assert_eq!(looks(&debug), [(Format::Console, Level::Debug)]);
        let json = choice(&[("BATON_LOG_FORMAT", "json")], true, true);
        assert_eq!(looks(&json), [(Format::Json, Level::Info)]);
    }

    #[test]
    fn a_log_file_does_not_hide_progress() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        let choice = choice(&[("BATON_LOG_PATH", path.to_str().unwrap()), ("BATON_LOG_LEVEL", "debug")], true, false);
        assert!(choice.people && choice.bars);
        assert_eq!(looks(&choice), [(Format::Json, Level::Debug), (Format::Plain, Level::Warn)]);
    }

    #[test]
    fn commands_for_people_speak_without_terminal() {
        let choice = choice(&[], false, true);
        assert!(choice.people && !choice.bars);
    }
}
