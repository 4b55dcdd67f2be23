//! `completion`: scripts that make a shell complete commands and flags.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use clap_complete::Shell;

/// The name of the command.
pub(crate) const NAME: &str = "completion";

const SHELLS: [(&str, Shell); 4] =
    [("bash", Shell::Bash), ("zsh", Shell::Zsh), ("fish", Shell::Fish), ("powershell", Shell::PowerShell)];

/// The command for the parser.
pub(crate) fn command() -> Command {
    let names = PossibleValuesParser::new(SHELLS.map(|(name, _)| name));
    Command::new(NAME)
        .about("Print a completion script for a shell")
        .arg(Arg::new("shell").value_name("SHELL").required(true).value_parser(names).help("Which shell"))
}

/// The script for the shell that was asked for.
pub(crate) fn script(program: Command, matches: &ArgMatches) -> Vec<u8> {
    let wanted = matches.get_one::<String>("shell");
    let shell = SHELLS.iter().find(|(name, _)| wanted.is_some_and(|wanted| wanted == name));
    let shell = shell.map_or(Shell::Bash, |(_, shell)| *shell);
    let name = program.get_name().to_owned();
    let mut program = program;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, name, &mut script);
    script
}
