#![allow(clippy::unwrap_used)]

use baton_connector::{Connector, Purpose};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::commands::completion;
use crate::describe::Description;
use crate::failure::Failure;
use crate::field::Shown;
use crate::program::Extra;
use crate::settings::Settings;

/// A connector to nothing.
struct Sample;

impl Program for Sample {
    fn name(&self) -> &'static str {
        "baton-sample"
    }

    fn version(&self) -> &'static str {
        "1.2.3"
    }

    fn system(&self) -> &'static str {
        "Sample"
    }

    fn about(&self) -> &'static str {
        "A connector to nothing"
    }

    fn fields(&self) -> &'static [Field] {
        const FIELDS: &[Field] = &[
            Field::text("domain").help(heading::CONNECTION, "Where"),
            Field::text("api-token").secret().help(heading::CONNECTION, "The key"),
            Field::switch("deep", true).help(heading::WHAT, "Everything"),
            Field::int("old", 3, 0, 9).legacy("it is gone"),
        ];
        FIELDS
    }

    fn description(&self) -> Description {
        Description::new("Sample")
    }

    fn build(&self, _: &Settings, _: Purpose, _: CancellationToken) -> Result<Connector, Failure> {
        Err(Failure::new("there is nothing"))
    }

    fn commands(&self) -> &'static [Extra] {
        const EXTRAS: &[Extra] = &[Extra {
            name: "demo",
            about: "Show it",
            more: "",
            fields: &["file"],
            own: &[],
            run: |_| Box::pin(std::future::ready(Ok(()))),
        }];
        EXTRAS
    }
}

/// A program with a mistake: its command shares a field that does not exist, or it declares one that is there already.
struct Wrong {
    declares_twice: bool,
}

impl Program for Wrong {
    fn name(&self) -> &'static str {
        Sample.name()
    }

    fn version(&self) -> &'static str {
        Sample.version()
    }

    fn system(&self) -> &'static str {
        Sample.system()
    }

    fn about(&self) -> &'static str {
        Sample.about()
    }

    fn fields(&self) -> &'static [Field] {
        const TWICE: &[Field] = &[Field::text("file")];
        if self.declares_twice { TWICE } else { &[] }
    }

    fn description(&self) -> Description {
        Sample.description()
    }

    fn build(&self, settings: &Settings, purpose: Purpose, cancel: CancellationToken) -> Result<Connector, Failure> {
        Sample.build(settings, purpose, cancel)
    }

    fn commands(&self) -> &'static [Extra] {
        const EXTRAS: &[Extra] = &[Extra {
            name: "demo",
            about: "Show it",
            more: "",
            fields: &["flie"],
            own: &[],
            run: |_| Box::pin(std::future::ready(Ok(()))),
        }];
        if self.declares_twice { &[] } else { EXTRAS }
    }
}

fn parse(args: &[&str]) -> Result<clap::ArgMatches, String> {
    let args = ["baton-sample"].iter().chain(args);
    command(&Sample).try_get_matches_from(args).map_err(|error| {
        let all = all(&Sample);
        let listed: Vec<_> = all.iter().filter(|field| field.shown != Shown::Never).map(Field::name).collect();
        let failure = failure(&error, &listed, "baton-sample");
        assert_eq!(failure.code(), 2);
        failure.to_string()
    })
}

fn value(args: &[&str], name: &str) -> Vec<String> {
    parse(args).unwrap().get_many::<String>(name).unwrap().cloned().collect()
}

#[test]
fn the_parser_is_sound() {
    command(&Sample).debug_assert();
}

#[test]
fn what_a_program_names_must_be_declared() {
    assert_eq!(check(&Sample), Ok(()));
    assert_eq!(
        all(&Sample).iter().filter(|field| field.help.starts_with('…')).count(),
        0,
        "a line of help stands alone"
    );
    let mistake = |program: &dyn Program| {
        let failure = check(program).unwrap_err();
        assert_eq!(failure.code(), 13);
        failure.to_string()
    };
    assert!(
        mistake(&Wrong { declares_twice: false }).contains("the setting flie is required or shared, but not declared")
    );
    assert!(mistake(&Wrong { declares_twice: true }).contains("the setting file is declared twice"));
}

#[test]
fn values_in_all_spellings() {
    for args in [&["-f", "x"][..], &["-fx"], &["-f=x"], &["--file=x"], &["--file", "x"], &["-f", "w", "--file", "x"]] {
        assert_eq!(value(args, "file").last().unwrap(), "x", "{args:?}");
    }
    assert_eq!(value(&["--deep"], "deep"), ["true"]);
    assert_eq!(value(&["--deep=false"], "deep"), ["false"]);
    assert_eq!(value(&["--deep", "--deep=F"], "deep"), ["F"]);
    assert_eq!(value(&["--workers", "-1"], "workers"), ["-1"]);
    assert_eq!(value(&["--workers=-1"], "workers"), ["-1"]);
    assert_eq!(value(&["--api-token", "-x"], "api-token"), ["-x"]);
    assert_eq!(value(&["--log-path", "a,b", "--log-path", "c"], "log-path"), ["a,b", "c"]);
    assert_eq!(value(&["--old", "1"], "old"), ["1"]);
}

#[test]
fn misuse_is_told_in_two_lines() {
    let cases = [
        (&["--domian", "x"][..], "unknown flag: --domian\nhint: did you mean --domain?"),
        (&["--domian=s3cret"], "unknown flag: --domian\nhint: did you mean --domain?"),
        (&["--colours"], "unknown flag: --colours\nhint: `baton-sample --help` lists all flags"),
        (&["-x"], "unknown flag: -x\nhint: `baton-sample --help` lists all flags"),
        (&["--domain"], "flag needs a value: --domain"),
        (
            &["--deep", "false"],
            "unknown command \"false\"\nhint: switches take their value behind an equals sign: --flag=false",
        ),
        (&["stat"], "unknown command \"stat\"\nhint: did you mean `baton-sample stats`?"),
        (&["nonsense"], "unknown command \"nonsense\"\nhint: `baton-sample help` lists all commands"),
        (
            &["stats", "--domain", "x"],
            "unknown flag: --domain\nhint: another command takes it; see `baton-sample help`",
        ),
        (&["stats", "extra"], "unknown command \"extra\"\nhint: `baton-sample help` lists all commands"),
    ];
    for (args, wanted) in cases {
        assert_eq!(parse(args).unwrap_err(), wanted, "{args:?}");
    }
}

#[test]
fn a_stray_value_is_not_repeated() {
    let text = parse(&["--api-token=", "00hunter2Hunter"]).unwrap_err();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.starts_with("there is an argument that belongs to no flag"), "{text}");
}

#[test]
fn help_names_variables_and_hides_what_only_scripts_carry() {
    let help = command(&Sample).render_long_help().to_string();
    for field in all(&Sample) {
        let listed = field.shown != Shown::Never;
        assert_eq!(help.contains(&format!("--{}", field.name())), listed, "{}", field.name());
        assert_eq!(help.contains(&format!("[env: {}]", field.env())), listed, "{}", field.name());
    }
    let short = command(&Sample).render_help().to_string();
    assert!(!short.contains("BATON_") && !short.contains("c1z-temp-dir") && short.contains("--file"));
}

#[test]
fn completions_know_every_flag_and_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let matches = parse(&["completion", shell]).unwrap();
        let script = completion::script(command(&Sample), matches.subcommand_matches("completion").unwrap());
        let script = String::from_utf8(script).unwrap();
        let all = all(&Sample);
        for field in all.iter().filter(|field| field.shown != Shown::Never) {
            let flag = if shell == "fish" { format!("-l {}", field.name()) } else { format!("--{}", field.name()) };
            assert!(script.contains(&flag), "{shell}: {flag}");
        }
        for name in ["stats", "grants", "demo", "completion"] {
            assert!(script.contains(name), "{shell}: {name}");
        }
    }
    assert!(parse(&["completion", "tcsh"]).is_err());
    assert!(parse(&["completion"]).is_err());
}
