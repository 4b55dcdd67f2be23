//! Keeps a good file from being replaced by one that has lost most of its content.
//!
//! A credential that has lost its role gets short or empty lists with status 200. C1 would take what is missing for
//! deleted, and take access away. So a sync that finds far less than the last one, or nothing at all of what every org
//! has, fails and leaves the file as it was, unless the operator says that it is right.

use std::collections::BTreeMap;

use baton_connector::{GapKind, SystemId, TypeSpec};

use crate::config::SyncConfig;
use crate::error::SyncError;
use crate::summary::GapCount;

/// More than this share of the last sync's resources of a type must not be gone.
const MAX_LOSS_PERCENT: u64 = 30;

/// So many may go at any rate: in a small org a third is a handful.
const MAX_LOSS: u64 = 10;

/// Resources per type in the last finished full sync of the file.
pub(crate) type Before = BTreeMap<String, u64>;

/// Refuses to put a sync of another system in the place of the last one: consumers would take everything that was there for
/// deleted. Beside a sync of another system, a partial one has no business in any case.
pub(crate) fn same_system(
    before: Option<&baton_c1z::SystemId>,
    now: Option<&SystemId>,
    config: &SyncConfig,
) -> Result<(), SyncError> {
    let (Some(before), Some(now)) = (before, now) else { return Ok(()) };
    let now = stored(now);
    let is_allowed = config.allow_shrink && !config.options.is_partial();
    if is_allowed || !now.differs_from(before) {
        return Ok(());
    }
    let or = if config.options.is_partial() {
        ""
    } else {
        "; if the file is to hold this system from now on, run again with --allow-shrink"
    };
    Err(SyncError::OtherSystem(format!(
        "the last sync was made of {before}, and this one would be made of {now}; {}\n\
         hint: check the domain and the credential, or name another file with --file{or}",
        left(config)
    )))
}

/// A system as it is noted in files.
pub(crate) fn stored(system: &SystemId) -> baton_c1z::SystemId {
    baton_c1z::SystemId { id: system.id.clone(), host: system.host.clone() }
}

/// Checks what a sync has found (`now`, by resource type id) against what there must be.
pub(crate) fn against_loss(
    types: &[&TypeSpec],
    before: &Before,
    now: impl Fn(&str) -> u64,
    config: &SyncConfig,
) -> Result<(), SyncError> {
    for spec in types {
        let (id, name) = (spec.id(), spec.resource_type.display_name.to_lowercase());
        let found = now(id);
        if found == 0
            && let Some(why) = spec.never_empty
        {
            return Err(SyncError::Shrunk(format!(
                "the sync found no {name} at all; {}\n\
                 hint: {why}; if there really is none, run again with --allow-shrink",
                left(config)
            )));
        }
        let last = before.get(id).copied().unwrap_or_default();
        let lost = last.saturating_sub(found);
        if spec.guarded && lost > MAX_LOSS && lost * 100 > last * MAX_LOSS_PERCENT {
            return Err(SyncError::Shrunk(format!(
                "the sync found {found} resources of the type {name} where the last one had {last}; {}\n\
                 hint: check that the credential still sees all of them, and that no option now leaves them out; if it is \
                 right, run again with --allow-shrink",
                left(config)
            )));
        }
    }
    Ok(())
}

/// Fails if anything is missing that was not left out on purpose.
pub(crate) fn completeness(gaps: &[GapCount], config: &SyncConfig) -> Result<(), SyncError> {
    let missing: Vec<_> = gaps.iter().filter(|gap| gap.kind != GapKind::LeftOut).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut text = format!("the sync is not complete, and --strict was asked for; {}", left(config));
    for gap in missing {
        let example = gap.examples.first().map_or("", |(_, message)| message);
        text.push_str(&format!(
            "\n  {}, {}: {}, for example {example}",
            gap.resource_type,
            gap.kind.as_str(),
            gap.count
        ));
    }
    text.push_str("\nhint: mend what is named, or run without --strict");
    Err(SyncError::Incomplete(text))
}

/// What became of the file.
fn left(config: &SyncConfig) -> String {
    match config.base {
        Some(_) => "no new file is made".to_owned(),
        None => format!("{} is left as it was", config.target.display()),
    }
}
