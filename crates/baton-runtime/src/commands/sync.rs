//! Without a command: one sync into the file.

use std::path::PathBuf;

use baton_connector::{Options, Purpose, ResourceBid};
use baton_sync::{ExternalFile, Incremental, SyncConfig, parse_trait};
use serde_json::{Map, json};

use crate::failure::Failure;
use crate::flags::{
    EXTERNAL_ENTITLEMENT, EXTERNAL_FILE, EXTERNAL_TRAITS, FULL, FULL_EVERY, INCREMENTAL, PEBBLE, SKIP_GRANTS,
    STORAGE_ENGINE, SYNC_RESOURCES,
};
use crate::logs::Level;
use crate::session::Session;
use crate::settings::Settings;

/// Makes the source and syncs it.
pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    let settings = &session.settings;
    let source = session.connector(Purpose::Sync, session.cancel.clone())?.source;
    let fields = json!({"name": session.program.name(), "version": session.program.version()});
    let fields = fields.as_object().cloned().unwrap_or_else(Map::new);
    session.logger.record(Level::Info, "starting", fields);
    let mut config = SyncConfig::new(session.file());
    config.options = options(settings)?;
    config.external = external(settings)?;
    config.incremental = incremental(settings)?;
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
    options(settings)?;
    external(settings)?;
    incremental(settings)?;
    Ok(())
}

/// What is to be synced.
fn options(settings: &Settings) -> Result<Options, Failure> {
    let parse = |text: &String| {
        text.parse::<ResourceBid>().map_err(|error| {
            let hint = "the resource 00g1 of the type group is bid:r:group/00g1";
            Failure::new(format!("--sync-resources: {error}\nhint: {hint}"))
        })
    };
    let resources = settings.list(SYNC_RESOURCES).iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let skip_grants = settings.switch(SKIP_GRANTS);
    if skip_grants && resources.is_empty() {
        return Err(Failure::new(format!("--{SKIP_GRANTS} works only together with --{SYNC_RESOURCES}")));
    }
    Ok(Options {
        resource_types: settings.list("sync-resource-types").to_vec(),
        resources,
        skip_entitlements_and_grants: settings.switch("skip-entitlements-and-grants"),
        skip_grants,
        skip_expand_grants: false,
    })
}

/// The file of the other connector.
pub(crate) fn external(settings: &Settings) -> Result<Option<ExternalFile>, Failure> {
    let entitlement = Some(settings.text(EXTERNAL_ENTITLEMENT)).filter(|id| !id.is_empty()).map(str::to_owned);
    let names = settings.list(EXTERNAL_TRAITS);
    let path = settings.text(EXTERNAL_FILE);
    let alone = [(entitlement.is_some(), EXTERNAL_ENTITLEMENT), (!names.is_empty(), EXTERNAL_TRAITS)];
    if path.is_empty() {
        return match alone.iter().find(|(set, _)| *set) {
            Some((_, name)) => Err(Failure::new(format!("--{name} works only together with --{EXTERNAL_FILE}"))),
            None => Ok(None),
        };
    }
    let parse = |name: &String| {
        parse_trait(name).ok_or_else(|| {
            Failure::new(format!(
                "--{EXTERNAL_TRAITS}: there is no trait {name:?}\nhint: user, group, role, app and secret are traits"
            ))
        })
    };
    let traits = names.iter().map(parse).collect::<Result<_, _>>()?;
    Ok(Some(ExternalFile { path: PathBuf::from(path), entitlement, traits }))
}

/// What is taken over from the last sync.
pub(crate) fn incremental(settings: &Settings) -> Result<Incremental, Failure> {
    let every = settings.text(FULL_EVERY).parse().map_err(|error| Failure::new(format!("--{FULL_EVERY}: {error}")))?;
    Ok(match (settings.switch(INCREMENTAL), settings.switch(FULL)) {
        (false, _) => Incremental::Off,
        (true, true) => Incremental::ReadAll,
        (true, false) => Incremental::On(every),
    })
}

/// How many pieces of work may be under way at once in a lane; `None` leaves it to the engine.
pub(crate) fn workers(settings: &Settings) -> Option<usize> {
    usize::try_from(settings.int("workers")).ok().filter(|workers| *workers > 0)
}
