//! The summary of a finished sync.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use baton_connector::{GapKind, QueueTraffic};

/// The summary of a finished sync.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Id of the sync in the file.
    pub sync_id: String,
    /// `full`, `resources_only` or `partial`.
    pub sync_type: &'static str,
    /// Whether an interrupted run was carried on.
    pub resumed: bool,
    /// What is in the file, per resource type, in stored order.
    pub types: Vec<TypeCount>,
    /// What is missing from it and why.
    pub gaps: Vec<GapCount>,
    /// What was asked of the source by this run.
    pub traffic: Vec<QueueTraffic>,
    /// What was read and what was reused from the last sync; `None` if nothing ever is, because of the sync's type,
    /// the source, or by the operator's wish.
    pub reading: Option<Reading>,
    /// Pages fetched by this run.
    pub pages_fetched: u64,
    /// Pages that an interrupted run had fetched before.
    pub pages_from_before: u64,
    /// How long this run took.
    pub elapsed: Duration,
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub file_bytes: u64,
    /// The file itself, open for reading: what was written, and not what may stand at the path by then.
    pub content: Arc<File>,
}

/// How much a sync had to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Reason for a full sync; empty if incremental or first.
    pub why_full: String,
    /// The base sync, whose pages were reused; empty if everything was read.
    pub since: String,
    /// Notes of the source about the changes, such as why it cannot report them.
    pub notes: Vec<String>,
    /// Per reusable kind of work, in stored order.
    pub kinds: Vec<KindReading>,
}

impl Reading {
    /// The same as a JSON object, as it is noted beside the finished sync.
    #[must_use]
    pub fn to_json(&self) -> String {
        let count = |count: fn(&KindReading) -> u64| {
            let kinds = self.kinds.iter().filter(|kind| count(kind) > 0);
            kinds.map(|kind| (kind.kind.to_owned(), count(kind).into())).collect::<serde_json::Map<_, _>>()
        };
        serde_json::json!({
            "since": self.since,
            "why_full": self.why_full,
            "notes": self.notes,
            "read": count(|kind| kind.read),
            "taken_over": count(|kind| kind.reused),
            "mended": count(|kind| kind.patched),
        })
        .to_string()
    }
}

/// How much of a kind of work had to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindReading {
    /// The kind.
    pub kind: &'static str,
    /// The words for it.
    pub label: &'static str,
    /// Pieces of work that were read.
    pub read: u64,
    /// Pieces of work that were reused.
    pub reused: u64,
    /// Pieces of work that were reused except for a part, which was read.
    pub patched: u64,
}

/// What is in the file of one resource type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeCount {
    /// Resource type id.
    pub id: String,
    /// Its display name.
    pub display_name: String,
    /// Whether it could be read. If not, the file knows nothing of it, and the counts are no counts.
    pub read: bool,
    /// Resources of the type.
    pub resources: u64,
    /// Entitlements of these resources.
    pub entitlements: u64,
    /// Grants of these entitlements.
    pub grants: u64,
}

/// What is missing of one resource type for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapCount {
    /// Why.
    pub kind: GapKind,
    /// Of which resource type.
    pub resource_type: String,
    /// How many.
    pub count: u64,
    /// A few of them: id and explanation.
    pub examples: Vec<(String, String)>,
}

impl GapCount {
    /// Examples kept per kind and resource type.
    pub const EXAMPLES: usize = 5;

    /// Whether the credential may not read the resource type at all.
    #[must_use]
    pub fn is_whole_type(&self) -> bool {
        self.kind == GapKind::Forbidden && self.examples.iter().any(|(id, _)| id.is_empty())
    }

    /// Adds one case to a list of counts.
    pub(crate) fn add(counts: &mut Vec<Self>, kind: GapKind, resource_type: &str, id: &str, message: &str) {
        let position = counts.iter().position(|count| count.kind == kind && count.resource_type == resource_type);
        let count = match position {
            Some(position) => &mut counts[position],
            None => {
                counts.push(Self { kind, resource_type: resource_type.to_owned(), count: 0, examples: Vec::new() });
                let last = counts.len() - 1;
                &mut counts[last]
            }
        };
        count.count += 1;
        if count.examples.len() < Self::EXAMPLES {
            count.examples.push((id.to_owned(), message.to_owned()));
        }
    }
}
