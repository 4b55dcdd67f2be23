//! A run under way: its settings, what is shown of it, and how it is cancelled.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use baton_connector::{Connector, Purpose, Source};
use baton_service::metrics::Metrics;
use baton_sync::{Summary, SyncConfig};
use indicatif::MultiProgress;
use tokio_util::sync::CancellationToken;

use crate::env::Env;
use crate::failure::Failure;
use crate::flags::{FILE, TEMP_DIR};
use crate::logs::{Level, Logger};
use crate::program::Program;
use crate::settings::Settings;
use crate::{progress, summary};

/// The variable that names the folder for working data when no setting does (`docs/spec/connector-runtime.md` 1.12).
const TEMP_DIR_VARIABLE: &str = "BATON_TMPDIR";

/// A run under way.
pub struct Session {
    pub(crate) program: Arc<dyn Program>,
    pub(crate) settings: Settings,
    pub(crate) temp_dir_variable: Option<PathBuf>,
    pub(crate) logger: Arc<Logger>,
    pub(crate) people: bool,
    pub(crate) bars: Option<MultiProgress>,
    pub(crate) cancel: CancellationToken,
    pub(crate) invoked_as: String,
    /// Where is counted what the run does.
    pub(crate) metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("settings", &self.settings)
            .field("people", &self.people)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// What the operator set, as far as this command takes it.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Cancelled when the operator wants the run to end.
    #[must_use]
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// The file of this run.
    #[must_use]
    pub fn file(&self) -> &Path {
        Path::new(self.settings.text(FILE.name()))
    }

    /// The folder for working data, if the operator named one.
    ///
    /// # Errors
    ///
    /// The folder does not exist.
    pub fn temp_dir(&self) -> Result<Option<PathBuf>, Failure> {
        let set = Some(self.settings.text(TEMP_DIR.name())).filter(|path| !path.is_empty()).map(PathBuf::from);
        let Some(path) = set.or_else(|| self.temp_dir_variable.clone()) else {
            return Ok(None);
        };
        if path.is_dir() {
            return Ok(Some(path));
        }
        Err(Failure::new(format!(
            "there is no folder {} for working data\nhint: make it, or name another with --{} or {TEMP_DIR_VARIABLE}",
            path.display(),
            TEMP_DIR.name()
        )))
    }

    /// Tells the operator something, on stderr. Whoever is not there to read it does not stop the work.
    pub fn say(&self, text: &str) {
        (self.speaker())(text);
    }

    /// What [`say`](Self::say) does, for whoever outlives a borrow of the session.
    pub(crate) fn speaker(&self) -> impl Fn(&str) + Send + Sync + 'static {
        let (logger, bars) = (Arc::clone(&self.logger), self.bars.clone());
        move |text| {
            let text = logger.clean_text(text);
            let write = || {
                let _ = writeln!(io::stderr().lock(), "{}", terminal_text::lines(&text));
            };
            match &bars {
                Some(bars) => bars.suspend(write),
                None => write(),
            }
        }
    }

    /// Prints what the operator asked for, on stdout. A reader who goes away early, as `head` does, is no failure.
    ///
    /// # Errors
    ///
    /// Stdout cannot be written to.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        self.write_line(&terminal_text::lines(&self.logger.clean_text(text)))
    }

    /// Prints JSON that the operator asked for, on stdout, as [`print`](Self::print) prints text.
    ///
    /// # Errors
    ///
    /// Stdout cannot be written to.
    pub fn print_json(&self, json: &str) -> Result<(), Failure> {
        self.write_line(&terminal_text::json(&self.logger.clean_text(json)))
    }

    fn write_line(&self, text: &str) -> Result<(), Failure> {
        let write = || {
            let mut out = io::stdout().lock();
            writeln!(out, "{text}").and_then(|()| out.flush())
        };
        let written = match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        };
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(format!("cannot write to stdout: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Syncs `source` as `config` says, with progress. The folder for working data is the operator's.
    ///
    /// # Errors
    ///
    /// Why the sync failed.
    pub async fn sync(&self, source: Arc<dyn Source>, mut config: SyncConfig) -> Result<Summary, Failure> {
        config.temp_dir = self.temp_dir()?;
        self.settings.check_declared()?;
        let observer = progress::observer(self.bars.as_ref(), &self.logger, self.program.system());
        let summary = baton_sync::run(source, config, observer, self.cancel.clone()).await?;
        self.metrics.synced(&summary);
        Ok(summary)
    }

    /// Makes the program's connector, for no more than `purpose`, and counts what it asks of its system.
    ///
    /// # Errors
    ///
    /// What is wrong with the settings.
    pub(crate) fn connector(&self, purpose: Purpose, cancel: CancellationToken) -> Result<Connector, Failure> {
        let connector = self.program.build(&self.settings, purpose, cancel)?;
        self.settings.check_declared()?;
        self.metrics.watch(Arc::clone(&connector.source));
        Ok(connector)
    }

    /// Tells what came of a sync: a screen for people, a log line otherwise.
    pub fn report(&self, summary: &Summary) {
        if self.people {
            self.say(summary::text(summary).trim_end());
        }
        // With people watching, this reaches log files only: their stderr shows warnings and errors.
        self.logger.record(Level::Info, "Sync complete.", summary::fields(summary));
    }

    /// Prints what came of a sync on stdout, for a command whose answer it is, and logs it.
    ///
    /// # Errors
    ///
    /// Stdout cannot be written to.
    pub fn print_report(&self, summary: &Summary) -> Result<(), Failure> {
        self.print(summary::text(summary).trim_end())?;
        self.logger.record(Level::Info, "Sync complete.", summary::fields(summary));
        Ok(())
    }

    /// Tells people which commands to try on the file of a sync.
    pub fn suggest(&self, summary: &Summary) {
        if self.people {
            self.say(&format!("\n{}", summary::next_commands(summary, &self.invoked_as).trim_end()));
        }
    }

    /// The command that runs this program, as it was typed.
    #[must_use]
    pub fn invoked_as(&self) -> &str {
        &self.invoked_as
    }
}

/// The command that runs the program: what was typed, if that still names it.
pub(crate) fn invoked_as(program: &dyn Program) -> String {
    let typed = std::env::args_os().next().map(PathBuf::from);
    let typed = typed.filter(|path| path.file_stem().is_some_and(|stem| stem == program.name()));
    typed.map_or_else(|| program.name().to_owned(), |path| path.to_string_lossy().into_owned())
}

/// The folder that `BATON_TMPDIR` names.
pub(crate) fn temp_dir_variable(env: &Env) -> Option<PathBuf> {
    env.get(TEMP_DIR_VARIABLE).map(PathBuf::from)
}
