//! From the command line to the exit code.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use baton_connector::Code;
use baton_service::metrics::Metrics;
use clap::ArgMatches;
use clap::error::ErrorKind;
use indicatif::{MultiProgress, ProgressDrawTarget};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::commands::read::Reading;
use crate::commands::{self, DESCRIBING, READING, completion, health_check, serve};
use crate::config_file::ConfigFile;
use crate::env::Env;
use crate::failure::Failure;
use crate::field::{Field, Shown};
use crate::logs::{Level, Logger};
use crate::operation::{self, Operation};
use crate::program::{Extra, Program};
use crate::redact::Redactor;
use crate::session::Session;
use crate::settings::{Places, Resolved};
use crate::signals::{self, Heard, Notice};
use crate::telemetry::Telemetry;
use crate::{core_dumps, exposure, flags, logs, required, session, settings};

/// How often progress is drawn in a second: enough to look alive, little enough for a slow connection.
const FRAMES: u8 = 8;

/// How long telemetry may take to be sent at the end.
const FLUSH: Duration = Duration::from_secs(3);

/// All is over this long after somebody wanted it to end, before what is not over is ended by force (`signals`).
const STOP: Duration = Duration::from_millis(9300);

/// How long threads that are still busy after the end are waited for.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Runs a connector program with the arguments and the environment of this process.
///
/// Data goes to stdout, everything else to stderr. A failure stands there once, at the end: as a log line if logs go to
/// stderr as JSON, else as text.
#[must_use]
pub fn run(program: impl Program) -> ExitCode {
    core_dumps::disable();
    let program: Arc<dyn Program> = Arc::new(program);
    match try_run(&program) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ended { failure, is_logged }) => {
            if !is_logged {
                // A stderr that is closed leaves nobody to write to.
                let _ = writeln!(io::stderr().lock(), "{}", terminal_text::lines(&failure.to_string()));
            }
            failure.exit_code()
        }
    }
}

/// A failure that ended the program.
struct Ended {
    failure: Failure,
    /// Stderr has it as a log line already.
    is_logged: bool,
}

/// A failure before logs began.
impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self { failure, is_logged: false }
    }
}

/// What the program was asked to do.
enum Task {
    Sync,
    Once(Operation),
    Serve,
    HealthCheck,
    Read(&'static Reading),
    Extra(&'static Extra),
}

impl Task {
    fn of(program: &dyn Program, matches: &ArgMatches) -> Self {
        let name = matches.subcommand_name();
        let reading = READING.iter().find(|reading| Some(reading.name) == name).map(Self::Read);
        let extra = || program.commands().iter().find(|extra| Some(extra.name) == name).map(Self::Extra);
        let health_check = || (name == Some(health_check::NAME)).then_some(Self::HealthCheck);
        reading.or_else(extra).or_else(health_check).unwrap_or(Self::Sync)
    }

    /// The task when the settings are known: they may ask for one operation instead of a sync.
    fn with(self, matches: &ArgMatches, settings: &settings::Settings) -> Result<Self, Failure> {
        if matches!(self, Self::Sync) {
            let operation = Operation::asked_for(settings)?;
            return match (operation, serve::is_asked_for(settings)) {
                (Some(operation), true) => Err(Failure::new(format!(
                    "the settings ask for {} and, with --{}, for staying connected to C1: one run does one thing\n\
                     hint: leave one of them out",
                    operation.word(),
                    flags::CLIENT_ID
                ))),
                (Some(operation), false) => Ok(Self::Once(operation)),
                (None, true) => Ok(Self::Serve),
                (None, false) => Ok(self),
            };
        }
        // Before a command's name stand flags of any kind; one that asks for a change must not be overlooked.
        let asks = |name: &&str| operation::is_of_operations(name);
        match matches.ids().map(clap::Id::as_str).find(asks) {
            None => Ok(self),
            Some(name) => {
                let command = matches.subcommand_name().unwrap_or_default();
                Err(Failure::new(format!("--{name} asks for something else than `{command}`: one run does one thing")))
            }
        }
    }

    /// The kind of task that C1 would call it, if it is one.
    fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Sync => Some("sync_full"),
            Self::Once(operation) => Some(operation.kind()),
            Self::Serve | Self::HealthCheck | Self::Read(_) | Self::Extra(_) => None,
        }
    }

    /// The span of the whole run; in service mode each task has one of its own.
    fn span(&self) -> Span {
        self.kind().map_or_else(Span::none, |kind| {
            tracing::info_span!(
                "run",
                otel.name = format!("task {kind}"),
                task_type = kind,
                otel.status_code = Empty,
                otel.status_description = Empty
            )
        })
    }

    fn fields(&self, program: &dyn Program) -> Vec<Field> {
        match self {
            Self::Sync | Self::Once(_) | Self::Serve => flags::all(program),
            Self::HealthCheck => flags::ASKING.into_iter().chain(flags::LOGGING).collect(),
            Self::Read(reading) => reading.fields(),
            Self::Extra(extra) => flags::of_extra(program, extra),
        }
    }
}

fn try_run(program: &Arc<dyn Program>) -> Result<(), Ended> {
    flags::check(program.as_ref())?;
    let Some(matches) = parse(program.as_ref())? else {
        return Ok(());
    };
    if let Some((completion::NAME, matches)) = matches.subcommand() {
        return Ok(to_stdout(&completion::script(flags::command(program.as_ref()), matches))?);
    }
    if let Some(describing) = DESCRIBING.iter().find(|describing| Some(describing.name) == matches.subcommand_name()) {
        return Ok(to_stdout(describing.text(program.as_ref())?.as_bytes())?);
    }
    let env = Env::of_process();
    let task = Task::of(program.as_ref(), &matches);
    let fields = task.fields(program.as_ref());
    let file = ConfigFile::find(&env, &std::env::current_dir().unwrap_or_default())?;
    let given = |name: &str| given(&matches, name);
    let resolved = settings::resolve(&fields, &Places { flags: &given, env: &env, file: &file });
    let redactor = Redactor::new(resolved.settings.secrets());
    let clean = |failure: Failure| Failure::with_code(failure.code(), redactor.clean(&failure.to_string()));
    refuse(program.as_ref(), &resolved)?;
    let task = task.with(&matches, &resolved.settings).map_err(clean)?;
    check(program.as_ref(), &task, &fields, &resolved).map_err(clean)?;
    resolved.settings.check_declared()?;

    let mut warnings = resolved.warnings;
    warnings.extend(exposure::of_config_file(&fields, &file));
    warnings.extend(file.warning.clone());
    warnings.extend(settings::unknown_names(&known(program.as_ref()), &env, &file));
    let runtime = if matches!(task, Task::Read(_)) { None } else { Some(runtime()?) };
    let (session, telemetry) = open(program, &task, resolved.settings, &env, runtime.as_ref())?;
    for warning in warnings {
        session.logger.record(Level::Warn, &warning, Map::new());
    }
    match (&task, runtime) {
        (Task::Read(reading), _) => reading.run(&session).map_err(|failure| report_failure(&session, &failure)),
        (task, Some(runtime)) => execute(task, &session, runtime, telemetry.as_ref()),
        (_, None) => Ok(()),
    }
}

/// Refuses settings that ask for something that this program does not do.
fn refuse(program: &dyn Program, resolved: &Resolved) -> Result<(), Failure> {
    let Some((text, hint)) = resolved.refusals.first() else { return Ok(()) };
    let text = format!("{text}, which {} does not do\nhint: {hint}", program.name());
    Err(Failure::with_code(Code::Unimplemented.number(), text))
}

fn runtime() -> Result<Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| Failure::new(format!("cannot start: {error}")))
}

/// The command line; `None` if it was answered by help or version.
fn parse(program: &dyn Program) -> Result<Option<ArgMatches>, Failure> {
    let error = match flags::command(program).try_get_matches() {
        Ok(matches) => return Ok(Some(matches)),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(&error)),
            _ => Ok(None),
        },
        _ => {
            let known = known(program);
            let listed = known.iter().filter(|field| field.shown != Shown::Never).map(Field::name);
            Err(flags::failure(&error, &listed.collect::<Vec<_>>(), program.name()))
        }
    }
}

/// All values given for a flag: behind the subcommand if it has the flag there, else before it.
fn given(matches: &ArgMatches, name: &str) -> Option<Vec<String>> {
    let values = |matches: &ArgMatches| -> Option<Vec<String>> {
        Some(matches.try_get_many::<String>(name).ok().flatten()?.cloned().collect())
    };
    matches.subcommand().and_then(|(_, matches)| values(matches)).or_else(|| values(matches))
}

/// All fields of the program, those of its reading commands included.
fn known(program: &dyn Program) -> Vec<Field> {
    let mut fields = flags::all(program);
    fields.extend(READING.iter().flat_map(Reading::fields));
    fields
}

fn check(program: &dyn Program, task: &Task, fields: &[Field], resolved: &Resolved) -> Result<(), Failure> {
    let settings = &resolved.settings;
    let missing = match task {
        Task::Sync | Task::Once(_) | Task::Serve if resolved.errors.is_empty() => {
            program.check(settings)?;
            match task {
                Task::Sync => commands::sync::check(settings)?,
                Task::Serve => serve::check(settings)?,
                Task::Once(_) | Task::HealthCheck | Task::Read(_) | Task::Extra(_) => {}
            }
            required::missing(program.groups(), fields, settings)
        }
        Task::Sync | Task::Once(_) | Task::Serve => required::missing(program.groups(), fields, settings),
        Task::HealthCheck | Task::Read(_) | Task::Extra(_) => Vec::new(),
    };
    required::failure(&resolved.errors, &missing, program.first_steps()).map_or(Ok(()), Err)
}

/// Sets up what the run shows.
fn open(
    program: &Arc<dyn Program>,
    task: &Task,
    settings: settings::Settings,
    env: &Env,
    runtime: Option<&Runtime>,
) -> Result<(Session, Option<Telemetry>), Failure> {
    let redactor = Arc::new(Redactor::new(settings.secrets()));
    let reads = matches!(task, Task::Read(_));
    let for_people = reads || matches!(task, Task::Extra(_) | Task::HealthCheck);
    let choice = logs::choose(&settings, io::stderr().is_terminal(), for_people)?;
    let debug_ends = logs::expiry::of(&settings)?;
    let metrics = Arc::new(Metrics::default());
    metrics.describe(program.name(), program.version());
    let telemetry = match (task, runtime) {
        (Task::Sync | Task::Once(_) | Task::Serve, Some(runtime)) => {
            Telemetry::start(&settings, program.as_ref(), &redactor, &metrics, runtime.handle())?
        }
        _ => None,
    };
    let level = Level::parse(settings.text("log-level"));
    let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(FRAMES));
    let logger = Logger::new(choice.sinks, redactor, bars.clone());
    let logger = Arc::new(logger.with_telemetry(telemetry.as_ref().and_then(|telemetry| telemetry.logs(level))));
    logs::install(Arc::clone(&logger), program.log_crates(), telemetry.as_ref().and_then(Telemetry::tracer));
    match (debug_ends, runtime) {
        (Some(at), Some(runtime)) if logs::expiry::left(at).is_some() => {
            runtime.spawn(logs::expiry::wait(at, Arc::clone(&logger)));
        }
        // A command that only reads is over long before.
        (Some(at), _) if logs::expiry::left(at).is_none() => logger.end_debug(),
        _ => {}
    }
    let session = Session {
        program: Arc::clone(program),
        settings,
        temp_dir_variable: session::temp_dir_variable(env),
        logger,
        people: choice.people,
        bars: choice.bars.then_some(bars),
        cancel: CancellationToken::new(),
        invoked_as: session::invoked_as(program.as_ref()),
        metrics,
    };
    Ok((session, telemetry))
}

/// Does the task, from its first line to its last.
fn execute(task: &Task, session: &Session, runtime: Runtime, telemetry: Option<&Telemetry>) -> Result<(), Ended> {
    let heard = Heard::default();
    if let Err(error) = watch_signals(task, session, heard.clone()) {
        session.logger.record(Level::Warn, &format!("signals end this run without order: {error}"), Map::new());
    }
    let span = task.span();
    let begun = Instant::now();
    let result = runtime.block_on(
        async {
            match task {
                Task::Extra(extra) => (extra.run)(session).await,
                Task::Once(operation) => once(*operation, session).await,
                Task::Serve => Box::pin(serve::run(session)).await,
                Task::HealthCheck => health_check::run(session).await,
                Task::Sync | Task::Read(_) => commands::sync::run(session).await,
            }
        }
        .instrument(span.clone()),
    );
    let result = result.and_then(|()| session.settings.check_declared());
    if let Some(kind) = task.kind() {
        let code = result.as_ref().err().map(|failure| Code::from_number(failure.code()));
        session.metrics.task(kind, code, begun.elapsed());
    }
    let result = span.in_scope(|| {
        result.map_err(|failure| {
            let ended = report_failure(session, &failure);
            span.record("otel.status_code", "ERROR").record("otel.status_description", ended.failure.to_string());
            ended
        })
    });
    drop(span);
    if let Some(telemetry) = telemetry {
        // Whoever stops a process waits for ten seconds, of which most may be gone.
        telemetry.end(runtime.handle(), heard.left(STOP).map_or(FLUSH, |left| left.min(FLUSH)));
    }
    runtime.shutdown_timeout(heard.left(STOP).map_or(LAST_WAIT, |left| left.min(LAST_WAIT)));
    result
}

/// Has signals end the run.
fn watch_signals(task: &Task, session: &Session, heard: Heard) -> io::Result<()> {
    let logger = Arc::clone(&session.logger);
    let is_sync = matches!(task, Task::Sync);
    let report = move |notice| {
        let text = match (notice, is_sync) {
            (Notice::Stopping, true) => "stopping; what was fetched is kept, a second signal stops at once",
            (Notice::Stopping, false) => "stopping; a second signal stops at once",
            (Notice::Overdue, true) => {
                "not everything could be ended in time; ending without it, what was fetched is kept"
            }
            (Notice::Overdue, false) => "not everything could be ended in time; ending without it",
        };
        logger.record(Level::Warn, text, Map::new());
    };
    signals::watch(session.cancel.clone(), heard, report)
}

async fn once(operation: Operation, session: &Session) -> Result<(), Failure> {
    match operation {
        Operation::ListActions | Operation::ShowAction => commands::actions::run(operation, session),
        Operation::ReadEvents => commands::events::run(session).await,
        Operation::Grant
        | Operation::Revoke
        | Operation::CreateAccount
        | Operation::DeleteResource
        | Operation::RotateCredentials
        | Operation::InvokeAction => Box::pin(commands::change::run(operation, session)).await,
    }
}

/// Puts a failure into the logs. What comes back is for the operator, without secrets.
fn report_failure(session: &Session, failure: &Failure) -> Ended {
    let text = session.logger.clean_text(&failure.to_string());
    let fields = json!({"error": text, "code": failure.code()});
    let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
    let is_logged = session.logger.record_failure(&format!("{} failed", session.program.name()), fields);
    Ended { failure: Failure::with_code(failure.code(), text), is_logged }
}

fn to_stdout(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(&error)),
        _ => Ok(()),
    }
}

fn unwritable(error: &io::Error) -> Failure {
    Failure::new(format!("cannot write to stdout: {error}"))
}
