//! `doctor`: looks whether a sync, and changes if they are wanted, will work with these settings, and says what to fix.
//!
//! The checks build on each other: where one fails that the others need, the report ends. Everything is asked in the way
//! in which a sync asks it, one record at a time, and nothing is changed.

mod limits;
mod probes;
mod reach;
mod report;
mod roles;
mod setup;
mod sign_in;
mod size;

use baton_connector::Purpose;
use baton_runtime::{Extra, Failure, Field, Running, Session, heading};
use okta_client::Client;

use self::report::{Finding, Report};
use crate::access::{self, Credential};
use crate::config::Config;
use crate::scope::Scope;

/// The subcommand.
pub(crate) const COMMAND: Extra = Extra {
    name: "doctor",
    about: "Check settings, sign-in and rights, and say what to fix",
    more: "Takes the settings of a sync and asks Okta for one record of everything that the sync would read, and for the \
           sizes of groups and applications to tell how long it will take. Changes nothing. The exit status is 0 if \
           nothing is wrong or there are warnings only, otherwise the code of the gravest problem: 16 sign-in refused, \
           14 not reachable, 7 not allowed, 9 no users to be seen, 2 wrong settings.",
    fields: FIELDS,
    own: OWN,
    run,
};

/// The settings of a sync that matter to what is asked.
pub(crate) const FIELDS: &[&str] = &[
    "domain",
    "api-token",
    "auth-method",
    "okta-client-id",
    "okta-private-key",
    "okta-private-key-id",
    "sync-resource-types",
    "sync-resources",
    "sync-custom-roles",
    "sync-secrets",
    "sync-devices",
    "sync-inactive-apps",
    "skip-app-groups",
    "skip-secondary-emails",
    "filter-email-domains",
    "app-grant-sources",
    "skip-entitlements-and-grants",
    "rate-limit-share",
    "short-lists",
    "everyone-from-users",
    "http-timeout-seconds",
];

const OWN: &[Field] = &[
    Field::switch(PROVISIONING, false).help(heading::WHAT, "Check also what it takes to change things"),
    Field::switch(EVENT_FEED, false).help(heading::WHAT, "Check also what it takes to read events"),
    Field::output_format().help(heading::OUTPUT, "console (lines) or json"),
];

const PROVISIONING: &str = "provisioning";
const EVENT_FEED: &str = "event-feed";

/// Tries of one call: an examination should not take long when Okta fails.
const ATTEMPTS: u32 = 3;

fn run(session: &Session) -> Running<'_> {
    Box::pin(async move {
        let mut report = Report::new(session);
        tokio::select! {
            result = examine(session, &mut report) => result?,
            () = session.cancel().cancelled() => return Err(Failure::with_code(1, "interrupted")),
        }
        report.end()
    })
}

/// The configuration of a sync that is only looked at beforehand.
///
/// # Errors
///
/// What is wrong with the settings first.
pub(crate) fn config(session: &Session, purpose: Purpose) -> Result<Config, Failure> {
    setup::config(session, purpose).map_err(|findings| {
        findings.into_iter().next().map_or_else(|| Failure::new("wrong settings"), Finding::into_failure)
    })
}

/// What is examined.
struct DoctorContext {
    config: Config,
    client: Client,
    access: Credential,
    /// What a sync would read.
    scope: Scope,
    provisioning: bool,
    events: bool,
}

/// All checks in their order. The error is about the command itself; what is wrong with the patient is in the report.
async fn examine(session: &Session, report: &mut Report<'_>) -> Result<(), Failure> {
    let purpose = Purpose::Serve { provisioning: session.settings().switch(PROVISIONING) };
    let config = match setup::config(session, purpose) {
        Ok(config) => config,
        Err(findings) => return findings.into_iter().try_for_each(|finding| report.add(finding)),
    };
    let (client, access) = match access::connect(&config) {
        Ok(connected) => connected,
        Err(error) => {
            let fix = error.hint().unwrap_or_default();
            return report.add(Finding::problem(setup::CHECK, error.clone().without_hint().to_string(), fix, 2));
        }
    };
    report.add(setup::described(&config))?;
    let settings = session.settings();
    let context = DoctorContext {
        scope: Scope::of(&config.options, &config.rules),
        provisioning: settings.switch(PROVISIONING),
        events: settings.switch(EVENT_FEED),
        config,
        client,
        access,
    };
    let reached = reach::check(&context).await;
    let is_reached = reached.found.level != report::Level::Problem;
    report.add(reached.found)?;
    if !is_reached {
        return Ok(());
    }
    let signed_in = sign_in::check(&context).await;
    let lets_in = signed_in.level != report::Level::Problem;
    report.add(signed_in)?;
    if let Some(skew) = reached.skew {
        report.add(reach::clock(skew, &context.access))?;
    }
    if !lets_in {
        return Ok(());
    }
    for finding in sign_in::scopes(&context) {
        report.add(finding)?;
    }
    for finding in roles::check(&context).await {
        report.add(finding)?;
    }
    let seen = probes::check(&context, report).await?;
    limits::check(&context, report)?;
    size::check(&context, &seen, report).await
}
