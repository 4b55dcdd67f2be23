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
    /// The same by the kind of work that grants them the subjects.
    grantees: HashMap<WorkKind, HashMap<String, bool>>,
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
                Which::Holder(id) => note(&mut of.holders, id, *settled),
                Which::GrantedTo { by, principal } => note(of.grantees.entry(by).or_default(), principal, *settled),
            }
        }
    }

    /// Whether the answer of a piece of work may have changed.
    pub(crate) fn name(&self, work: &Work) -> bool {
        self.0
            .get(work.kind)
            .is_some_and(|of| of.all || of.subjects.contains(&work.subject) || of.details.contains(&work.detail))
    }

    /// Finds out which works the principals named so far concern, and takes them in.
    pub(crate) fn resolve(&mut self, last: &Last) -> Result<Vec<Changed>, SyncError> {
        let mut found = Vec::new();
        for (kind, of) in &mut self.0 {
            let (holders, grantees) = (std::mem::take(&mut of.holders), std::mem::take(&mut of.grantees));
            if of.all {
                continue;
            }
            for settled in [true, false] {
                let mut subjects = Vec::new();
                let ids = |named: &HashMap<String, bool>| -> HashSet<String> {
                    named.iter().filter(|(_, is)| **is == settled).map(|(id, _)| id.clone()).collect()
                };
                subjects.extend(last.holding(kind, &ids(&holders))?);
                for (by, named) in &grantees {
                    subjects.extend(last.granted(by, &ids(named))?);
                }
                subjects.sort();
                subjects.dedup();
                let which = subjects.into_iter().map(Which::Subject);
                found.extend(which.map(|which| Changed { kind, which, settled }));
            }
        }
        self.add(&found);
        Ok(found)
    }
}

fn note(named: &mut HashMap<String, bool>, id: &str, settled: bool) {
    let known = named.entry(id.to_owned()).or_insert(true);
    *known &= settled;
}
