//! What has changed since the last sync, as far as the source has told.

use std::collections::{HashMap, HashSet};

use baton_connector::{Changed, Which, Work, WorkKind};

use crate::error::SyncError;
use crate::last::Last;

/// Works whose answer may have changed, by kind.
#[derive(Debug, Default)]
pub(crate) struct Changes(HashMap<WorkKind, OfKind>);

#[derive(Debug, Default)]
struct OfKind {
    all: bool,
    subjects: HashSet<String>,
    details: HashSet<String>,
    /// Principals, and whether the change that named them is settled.
    holders: HashMap<String, bool>,
}

impl Changes {
    /// Takes in what a page tells.
    pub(crate) fn add(&mut self, changed: &[Changed]) {
        for Changed { kind, which, settled } in changed {
            let of = self.0.entry(kind).or_default();
            match which {
                Which::All => of.all = true,
                Which::Subject(subject) => drop(of.subjects.insert(subject.clone())),
                Which::Detail(detail) => drop(of.details.insert(detail.clone())),
                Which::Holder(id) => {
                    let known = of.holders.entry(id.clone()).or_insert(true);
                    *known &= settled;
                }
            }
        }
    }

    /// Whether the answer of a piece of work may have changed.
    pub(crate) fn name(&self, work: &Work) -> bool {
        self.0
            .get(work.kind)
            .is_some_and(|of| of.all || of.subjects.contains(&work.subject) || of.details.contains(&work.detail))
    }

    /// Finds out which works grant something to the principals named so far, and takes them in.
    pub(crate) fn resolve(&mut self, last: &Last) -> Result<Vec<Changed>, SyncError> {
        let mut found = Vec::new();
        for (kind, of) in &mut self.0 {
            let holders = std::mem::take(&mut of.holders);
            for settled in [true, false] {
                let ids: HashSet<&str> =
                    holders.iter().filter(|(_, is)| **is == settled).map(|(id, _)| id.as_str()).collect();
                if !ids.is_empty() && !of.all {
                    let subjects = last.holding(kind, &ids)?.into_iter().map(Which::Subject);
                    found.extend(subjects.map(|which| Changed { kind, which, settled }));
                }
            }
        }
        self.add(&found);
        Ok(found)
    }
}
