//! One sync from beginning to end.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use baton_c1z::{SyncType, envelope};
use baton_connector::{Options, Schema, Source, SourceErrorKind, SyncSession, TypeSpec};
use tokio_util::sync::CancellationToken;

use crate::config::SyncConfig;
use crate::engine::{Engine, Stopped};
use crate::error::SyncError;
use crate::external;
use crate::guard;
use crate::identity;
use crate::observe::{Event, Observer};
use crate::open::{Opened, Opening};
use crate::partial::{self, Partial};
use crate::plan::keep::SnapshotParts;
use crate::plan::{Identity, Plan};
use crate::previous;
use crate::sealing::Sealing;
use crate::summary::{Reading, Summary};
use crate::workdir::{WorkDir, remove_database};
use crate::writer::Writer;

/// Syncs `source` into `config.target`.
///
/// The target is replaced at the very end, atomically; whatever goes wrong before leaves it as it was. An interrupted
/// or failed run leaves a folder `<target>.work`; the next run with the same source and options carries on there.
///
/// # Errors
///
/// [`SyncError`], whose text names the cause and the next step.
pub async fn run(
    source: Arc<dyn Source>,
    config: SyncConfig,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
) -> Result<Summary, SyncError> {
    let begun = Instant::now();
    let fingerprint = identity::fingerprint(source.as_ref(), &config.options);
    let session = source.open(&config.options);
    let types = wanted_types(session.schema(), &config.options)?;
    envelope::check_target(&config.target)?;
    let work_dir = WorkDir::open(&config.target, config.temp_dir.as_deref(), config.options.is_partial())?;
    let carries_on = work_dir.plan().exists();
    match sync(Subject { session, fingerprint, types }, config, observer, cancel, &work_dir, begun).await {
        Ok(summary) => {
            work_dir.remove();
            Ok(summary)
        }
        Err(Failed { mut error, kept: pages }) => {
            match &mut error {
                SyncError::Cancelled { kept, work } => {
                    *kept = pages;
                    work_dir.path().clone_into(work);
                }
                SyncError::Fetch { kept, .. } => *kept = pages,
                _ => {}
            }
            if matches!(error, SyncError::Shrunk(_) | SyncError::Incomplete(_) | SyncError::Inconsistent(_)) {
                // What was read is not what there is: the next run has to look again.
                work_dir.remove();
                return Err(error);
            }
            // Progress of this run or of an earlier one stays, also when this run failed before it began.
            if pages > 0 || carries_on {
                work_dir.keep_progress();
            } else {
                work_dir.remove();
            }
            Err(error)
        }
    }
}

/// A failure, and the pages that the next run need not fetch again.
struct Failed {
    error: SyncError,
    kept: u64,
}

impl<E: Into<SyncError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self { error: error.into(), kept: 0 }
    }
}

/// What is synced.
struct Subject {
    session: Arc<dyn SyncSession>,
    /// The source's fingerprint with the options.
    fingerprint: String,
    types: Vec<TypeSpec>,
}

async fn sync(
    subject: Subject,
    config: SyncConfig,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
    work_dir: &WorkDir,
    begun: Instant,
) -> Result<Summary, Failed> {
    let Subject { session, fingerprint, types } = subject;
    let sync_type = sync_type(&config.options);
    let mut previous = unless_cancelled(&cancel, previous::open(&config, work_dir, sync_type)).await?;
    if let Some(note) = previous.note.take() {
        observer.event(&Event::Note(note));
    }
    let external = match &config.external {
        Some(_) if sync_type == SyncType::Partial => {
            let note = "a sync of single resources does without the external file".to_owned();
            observer.event(&Event::Note(note));
            None
        }
        Some(file) => Some(unless_cancelled(&cancel, external::open(file, work_dir)).await?),
        None => None,
    };
    unless_cancelled(&cancel, async { session.validate().await.map_err(SyncError::from) }).await?;
    let system = session.system();
    guard::same_system(previous.system.as_ref(), system.as_ref(), &config)?;
    let type_ids = types.iter().map(|spec| spec.id().to_owned()).collect();
    let partial = Partial::from_options(&config.options, type_ids).map(Arc::new);
    let opening = Opening {
        fingerprint: &fingerprint,
        session: session.as_ref(),
        config: &config,
        partial: partial.as_deref(),
        work_dir,
        system: system.as_ref().map_or("", |system| &system.id),
        last_full: &previous.last_full,
        is_reusable: sync_type == SyncType::Full,
        observer: observer.as_ref(),
    };
    let Opened { plan, identity, incremental, base, works, pages: pages_from_before, resumed } = opening.open()?;
    let (mut deleted, since) = (Vec::new(), incremental.base.clone());
    if let Some(base) = &base {
        plan.attach(base.snapshot.path())?;
        deleted.clone_from(&base.snapshot.deleted);
    }
    observer.event(&Event::Started { sync_id: identity.sync_id.clone(), resumed_pages: pages_from_before });

    let writer = Writer::start(plan);
    let mut engine = Engine::new(Arc::clone(&session), Arc::clone(&observer), config.workers, partial, works, base);
    let fetched = engine.run(&writer, &cancel).await;
    let written = writer.finish().await;
    let kept = pages_from_before + engine.fetched();
    let failed = |error| Failed { error, kept };
    let plan = written.map_err(failed)?;
    match fetched {
        // The writer never fails without an error of its own, which was returned above.
        Ok(()) | Err(Stopped::Writer) => {}
        Err(Stopped::Cancelled) => return Err(failed(cancelled())),
        Err(Stopped::Snapshot(error)) => return Err(failed(error)),
        Err(Stopped::Failed(error)) if error.kind == SourceErrorKind::Cancelled => return Err(failed(cancelled())),
        Err(Stopped::Failed(error)) => return Err(failed(SyncError::Fetch { source: error, kept })),
    }

    let (sync_id, target) = (identity.sync_id.clone(), config.target.clone());
    let reading = incremental.is_reusable().then(|| Reading {
        why_full: incremental.why_full.clone(),
        since,
        notes: engine.notes().to_vec(),
        kinds: engine.reading(),
    });
    let snapshot_parts = (sync_type == SyncType::Full).then(|| (incremental.is_reusable(), work_dir.last()));
    let sealing = Sealing {
        plan,
        session: Arc::clone(&session),
        identity,
        system,
        sync_type,
        types,
        previous,
        reading: reading.clone(),
        deleted,
        external,
        build: work_dir.build(),
        expansion_db: work_dir.expansion_db(),
        config,
        observer,
        cancel,
    };
    let seal = move || {
        let sealed = sealing.run()?;
        let Sealing { plan, identity, observer, .. } = sealing;
        match snapshot_parts {
            Some((true, last)) => keep(plan, &last, &identity, &sealed.deleted, observer.as_ref()),
            // It belongs to a sync that is not the newest any more.
            Some((false, last)) => {
                plan.discard();
                remove_database(&last);
            }
            None => plan.discard(),
        }
        Ok::<_, SyncError>(sealed)
    };
    let span = tracing::info_span!("seal");
    let sealed = match tokio::task::spawn_blocking(move || span.in_scope(seal)).await {
        Ok(sealed) => sealed.map_err(failed)?,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    Ok(Summary {
        sync_id,
        sync_type: sync_type.as_str(),
        resumed,
        types: sealed.types,
        gaps: sealed.gaps,
        traffic: session.traffic(),
        reading,
        pages_fetched: engine.fetched(),
        pages_from_before,
        elapsed: begun.elapsed(),
        file: target,
        file_bytes: sealed.file.bytes,
        content: Arc::new(sealed.file.file),
    })
}

/// The resource types of this sync, in stored order.
fn wanted_types(schema: &Schema, options: &Options) -> Result<Vec<TypeSpec>, SyncError> {
    let types = &schema.types;
    if let Some(unknown) = options.resource_types.iter().find(|id| !types.iter().any(|known| known.id() == **id)) {
        let known: Vec<_> = types.iter().map(TypeSpec::id).collect();
        return Err(SyncError::Invalid(format!(
            "invalid resource type '{unknown}' in filter\nhint: this configuration has {}",
            known.join(", ")
        )));
    }
    partial::check(options, types)?;
    let is_wanted = |spec: &&TypeSpec| options.names(spec.id()) || (options.wants(spec.id()) && !spec.opt_in);
    Ok(types.iter().filter(is_wanted).cloned().collect())
}

fn sync_type(options: &Options) -> SyncType {
    if options.is_partial() {
        SyncType::Partial
    } else if options.skip_entitlements_and_grants {
        SyncType::ResourcesOnly
    } else {
        SyncType::Full
    }
}

/// Waits for `what`, but not on once the sync is cancelled: unpacking a file takes a while, and one that is a pipe may
/// never come.
async fn unless_cancelled<T>(
    cancel: &CancellationToken,
    what: impl Future<Output = Result<T, SyncError>>,
) -> Result<T, SyncError> {
    tokio::select! {
        result = what => result,
        () = cancel.cancelled() => Err(cancelled()),
    }
}

fn cancelled() -> SyncError {
    SyncError::Cancelled { kept: 0, work: std::path::PathBuf::new() }
}

/// Writes the snapshot for the next sync. The file is finished: a failure costs nothing but calls.
fn keep(plan: Plan, last: &Path, identity: &Identity, deleted: &[(String, String)], observer: &dyn Observer) {
    let snapshot_parts = SnapshotParts { identity, program: identity::PROGRAM, deleted };
    if let Err(error) = plan.keep(last, &snapshot_parts) {
        remove_database(last);
        let note = format!("the next sync will read everything, because nothing could be kept for it: {error}");
        observer.event(&Event::Note(note));
    }
}
