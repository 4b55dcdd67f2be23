//! Without a command: one sync into the file.

use baton_connector::Options;
use baton_sync::SyncConfig;
use serde_json::{Map, json};

use crate::failure::Failure;
use crate::flags::{PEBBLE, STORAGE_ENGINE};
use crate::logs::Level;
use crate::session::Session;
use crate::settings::Settings;

/// Makes the source and syncs it.
pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    let settings = &session.settings;
    let source = session.program.build(settings, session.cancel.clone())?;
    let fields = json!({"name": session.program.name(), "version": session.program.version()});
    let fields = fields.as_object().cloned().unwrap_or_else(Map::new);
    session.logger.record(Level::Info, "starting", fields);
    let mut config = SyncConfig::new(session.file());
    config.options = Options {
        resource_types: settings.list("sync-resource-types").to_vec(),
        skip_entitlements_and_grants: settings.switch("skip-entitlements-and-grants"),
    };
    config.workers = workers(settings).unwrap_or(SyncConfig::DEFAULT_WORKERS);
    config.allow_shrink = settings.switch("allow-shrink");
    config.strict = settings.switch("strict");
    let summary = session.sync(source, config).await?;
    session.report(&summary);
    session.suggest(&summary);
    Ok(())
}

/// What the table of fields cannot say about the settings of a sync.
pub(crate) fn check(settings: &Settings) -> Result<(), Failure> {
    if settings.text(STORAGE_ENGINE) == PEBBLE {
        return Err(Failure::new(
            "this version writes .c1z files in the sqlite form only, not in the pebble form\n\
             hint: leave --storage-engine out",
        ));
    }
    Ok(())
}

/// How many pieces of work may be under way at once in a lane; `None` leaves it to the engine.
fn workers(settings: &Settings) -> Option<usize> {
    usize::try_from(settings.int("workers")).ok().filter(|workers| *workers > 0)
}
