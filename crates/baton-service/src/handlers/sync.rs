//! Syncs: what the task asks for, the run, the upload (`docs/spec/connector-runtime.md` 2.10).
//!
//! Each sync works in a folder of its own (`folders`), found again by what is to be synced: a sync that was interrupted,
//! by us or by a kill, is carried on when C1 hands out the same again, and a file that was finished but not uploaded is
//! only uploaded. What was delivered last is kept, for the next sync to be compared with and to take over from.

mod nothing;

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use baton_connector::{Code, Options, ResourceBid, Source};
use baton_proto::c1::connector::v2::{Resource, ResourceId};
use baton_proto::c1::connectorapi::baton::v1::task::SyncFullTask;
use baton_sync::{SyncConfig, SyncError};
use tokio_util::sync::CancellationToken;

use self::nothing::Nothing;
use super::upload::upload;
use crate::config::SyncSettings;
use crate::folders::SyncFolder;
use crate::observe::{Event, Observer};
use crate::run::Service;
use crate::tasks::{Done, Failed, Handled};

/// How often the size of all working data is looked at, by the real clock.
const LOOK: Duration = Duration::from_secs(15);

pub(super) async fn sync_full(
    service: &Service,
    task_id: &str,
    task: &SyncFullTask,
    cancelled: &CancellationToken,
) -> Handled {
    check_engine(task_id, &task.storage_engine)?;
    let options = options(task, &service.config.sync)?;
    let is_base = !service.config.sync.skip && !options.is_partial() && !options.skip_entitlements_and_grants;
    let unusable = |error: std::io::Error| {
        let message = format!("cannot use the working folder: {error}\nhint: check the disk, or set --c1z-temp-dir");
        Failed::for_now(Code::Internal, message)
    };
    let folder = service.folders.claim(&options, task_id).map_err(unusable)?;
    let file = match folder.finished().map_err(unusable)? {
        Some(file) => {
            tracing::info!(task_id, "the sync was finished before the connector was stopped; uploading its file");
            Arc::new(file)
        }
        None => run(service, task_id, options, &folder, cancelled).await?,
    };
    upload(service, task_id, &file, &folder.file(), cancelled).await?;
    folder.delivered(is_base);
    Ok(Done::default())
}

/// Files are written in one form, which every reader knows.
fn check_engine(task_id: &str, engine: &str) -> Result<(), Failed> {
    match engine {
        "" | "sqlite" => Ok(()),
        "pebble" => {
            tracing::info!(task_id, "C1 would like a file in the pebble form; it gets one in the sqlite form");
            Ok(())
        }
        other => Err(Failed::for_now(Code::InvalidArgument, format!("there is no storage engine {other:?}"))),
    }
}

/// What is to be synced: what the task says, else what the operator has set.
fn options(task: &SyncFullTask, settings: &SyncSettings) -> Result<Options, Failed> {
    let resources = task.targeted_sync_resources.iter().map(target).collect::<Result<_, _>>()?;
    let from_task = &task.sync_resource_type_ids;
    let types = if from_task.is_empty() { &settings.resource_types } else { from_task };
    Ok(Options {
        resource_types: types.clone(),
        resources,
        skip_entitlements_and_grants: task.skip_entitlements_and_grants,
        skip_grants: task.skip_grants,
        skip_expand_grants: task.skip_expand_grants,
    })
}

fn target(resource: &Resource) -> Result<ResourceBid, Failed> {
    let is_whole = |id: &&ResourceId| !id.resource_type.is_empty() && !id.resource.is_empty();
    let id = resource.id.as_ref().filter(is_whole).ok_or_else(|| {
        Failed::for_good(Code::InvalidArgument, "one of the resources to be synced has no resource type or no id")
    })?;
    let parent = resource.parent_resource_id.as_ref().filter(is_whole);
    Ok(ResourceBid { resource: id.into(), parent: parent.map(Into::into) })
}

/// Why a sync was told to stop.
#[derive(Clone, Copy)]
enum Stopped {
    ByC1,
    ByUs,
    DiskLimit,
}

/// Syncs into the folder's file, and returns it.
async fn run(
    service: &Service,
    task_id: &str,
    options: Options,
    folder: &SyncFolder,
    cancelled: &CancellationToken,
) -> Result<Arc<File>, Failed> {
    let settings = &service.config.sync;
    let source = Arc::clone(&service.connector.source);
    let (source, options): (Arc<dyn Source>, _) = match settings.skip {
        true => (Arc::new(Nothing(source)), Options::default()),
        false => (source, options),
    };
    let mut config = SyncConfig::new(folder.file());
    config.base = Some(folder.base());
    config.incremental = settings.incremental;
    config.options = options;
    config.workers = settings.workers;
    config.external.clone_from(&settings.external);
    config.strict = settings.strict;
    config.allow_shrink = settings.allow_shrink;
    let cancel = CancellationToken::new();
    let observer = Told { task_id: task_id.to_owned(), observer: Arc::clone(&service.observer) };
    let mut running = Box::pin(baton_sync::run(source, config, Arc::new(observer), cancel.clone()));
    let mut why = None;
    let result = loop {
        let stopped = tokio::select! {
            result = &mut running => break result,
            () = cancelled.cancelled(), if why.is_none() => Stopped::ByC1,
            () = service.stop.cancelled(), if why.is_none() => Stopped::ByUs,
            () = too_large(service), if why.is_none() => Stopped::DiskLimit,
        };
        why = Some(stopped);
        cancel.cancel();
    };
    match result {
        Ok(summary) => {
            service.metrics().synced(&summary);
            let (resources, grants) =
                summary.types.iter().fold((0, 0), |(all, grants), of| (all + of.resources, grants + of.grants));
            tracing::info!(
                task_id,
                sync_id = summary.sync_id,
                sync_type = summary.sync_type,
                resources,
                grants,
                gaps = summary.gaps.iter().map(|gap| gap.count).sum::<u64>(),
                resumed = summary.resumed,
                bytes = summary.file_bytes,
                incremental = summary.reading.as_ref().map(baton_sync::Reading::to_json),
                "sync complete"
            );
            Ok(summary.content)
        }
        Err(error) => {
            if let (SyncError::Cancelled { .. }, Some(Stopped::DiskLimit)) = (&error, why) {
                folder.forget_base();
            }
            Err(failed(&error, why, service.config.temp_limit))
        }
    }
}

/// Waits until all working data together is larger than it may be.
async fn too_large(service: &Service) {
    loop {
        tokio::time::sleep(LOOK).await;
        let folders = service.folders.clone();
        // A panic there is as good as no answer: the disk itself is the last limit.
        if let Ok(true) = tokio::task::spawn_blocking(move || folders.tidy()).await {
            return;
        }
    }
}

fn failed(error: &SyncError, why: Option<Stopped>, limit: u64) -> Failed {
    match (error, why) {
        (SyncError::Cancelled { .. }, Some(Stopped::ByC1)) => {
            Failed::for_now(Code::Cancelled, "the sync was cancelled by C1; what was read is kept for the next one")
        }
        (SyncError::Cancelled { kept, .. }, Some(Stopped::DiskLimit)) => Failed::for_now(
            Code::ResourceExhausted,
            format!(
                "the working data of syncs has reached its limit of {} MiB ({kept} pages of this one are kept)\n\
                 hint: run fewer syncs at once (--task-concurrency), or allow more",
                limit >> 20
            ),
        ),
        (SyncError::Cancelled { kept, .. }, _) => Failed::for_now(
            Code::Unavailable,
            format!(
                "the connector was stopped; {kept} pages are kept, and the sync is carried on when it is handed out again"
            ),
        ),
        (SyncError::Fetch { source, kept }, _) => Failed::for_now(
            Code::from_number(error.code()),
            format!("{source}\nhint: {kept} pages are kept, and the sync is carried on when it is handed out again"),
        ),
        // What was found, or what was asked for, will be the same the next time.
        (
            SyncError::Invalid(_)
            | SyncError::External(_)
            | SyncError::Shrunk(_)
            | SyncError::OtherSystem(_)
            | SyncError::Inconsistent(_)
            | SyncError::Incomplete(_)
            | SyncError::Expansion(_),
            _,
        ) => Failed::for_good(Code::from_number(error.code()), error.to_string()),
        _ => Failed::for_now(Code::from_number(error.code()), error.to_string()),
    }
}

/// Passes on what a sync tells.
struct Told {
    task_id: String,
    observer: Arc<dyn Observer>,
}

impl baton_sync::Observer for Told {
    fn event(&self, event: &baton_sync::Event) {
        match event {
            baton_sync::Event::Started { sync_id, resumed_pages: 0 } => {
                tracing::info!(task_id = self.task_id, sync_id, "sync started");
            }
            baton_sync::Event::Started { sync_id, resumed_pages } => {
                tracing::info!(task_id = self.task_id, sync_id, resumed_pages, "interrupted sync carried on");
            }
            baton_sync::Event::Note(note) => tracing::warn!(task_id = self.task_id, "{note}"),
            baton_sync::Event::Progress(_) | baton_sync::Event::Sealing { .. } => {}
        }
        self.observer.event(&Event::Sync { id: self.task_id.clone(), event: Box::new(event.clone()) });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn resource(resource_type: &str, id: &str) -> Resource {
        let id = ResourceId { resource_type: resource_type.to_owned(), resource: id.to_owned(), ..Default::default() };
        Resource { id: Some(id), ..Resource::default() }
    }

    #[test]
    fn the_task_decides_and_the_operator_where_it_says_nothing() {
        let settings = SyncSettings { resource_types: vec!["user".to_owned()], ..SyncSettings::default() };
        assert_eq!(options(&SyncFullTask::default(), &settings).unwrap().resource_types, ["user"]);
        let parent = resource("org", "1").id;
        let task = SyncFullTask {
            sync_resource_type_ids: vec!["group".to_owned()],
            targeted_sync_resources: vec![Resource { parent_resource_id: parent, ..resource("group", "g1") }],
            skip_grants: true,
            skip_expand_grants: true,
            skip_entitlements_and_grants: true,
            ..SyncFullTask::default()
        };
        let options = options(&task, &settings).unwrap();
        assert_eq!(options.resource_types, ["group"]);
        assert_eq!(options.resources[0].to_string(), "bid:r:org/1/group/g1");
        assert!(options.skip_grants && options.skip_expand_grants && options.skip_entitlements_and_grants);
        let wrong = SyncFullTask { targeted_sync_resources: vec![resource("group", "")], ..SyncFullTask::default() };
        assert!(!super::options(&wrong, &settings).unwrap_err().retryable);
    }

    #[test]
    fn engines() {
        for known in ["", "sqlite", "pebble"] {
            check_engine("t", known).unwrap();
        }
        let failed = check_engine("t", "paper").unwrap_err();
        assert!(failed.retryable && failed.message.contains("paper"));
    }
}
