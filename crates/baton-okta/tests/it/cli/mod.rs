//! Runs the built binary in a folder of its own, without the variables of this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A port of this machine where nobody listens: programs that get as far as a request end there.
pub(crate) const NOBODY: &str = "localhost:1";

/// A token that no output may show.
pub(crate) const TOKEN: &str = "00s3cretTokenOfTheOperator_-x";

/// A run to be: arguments and variables.
pub(crate) struct Run {
    folder: tempfile::TempDir,
    command: Command,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The binary with these arguments.
    pub(crate) fn new(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_baton-okta"));
        command.args(args).current_dir(folder.path()).env_clear().stdin(Stdio::null());
        Self { folder, command }
    }

    /// The binary with a domain where nobody listens, a token, and these arguments.
    pub(crate) fn to_nobody(args: &[&str]) -> Self {
        Self::new(args).env("BATON_DOMAIN", NOBODY).env("BATON_API_TOKEN", TOKEN)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Puts a file into the folder.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs to the end. Whatever was written must not hold the token.
    pub(crate) fn end(&mut self) -> Ended {
        let output = self.command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ended = Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!format!("{ended:?}").contains(TOKEN), "{ended:?}");
        ended
    }
}

impl Ended {
    /// The log lines on stderr.
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        self.stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The text of the failure: that of the log line, or else what stderr says beside log lines.
    pub(crate) fn failure(&self) -> String {
        let lines = self.lines();
        let logged = lines.iter().rfind(|line| line["level"] == "error").and_then(|line| line["error"].as_str());
        let plain = || {
            let is_plain = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_err();
            self.stderr.lines().filter(is_plain).collect::<Vec<_>>().join("\n")
        };
        logged.map_or_else(plain, str::to_owned)
    }
}
