//! The changes since the last sync that the source has reported.

use std::collections::{BTreeMap, HashMap, HashSet};

use baton_connector::{Detail, Invalidation, Selector, Work, WorkKind};

use crate::base_snapshot::BaseSnapshot;
use crate::error::SyncError;

/// Works whose answer may have changed, by kind.
#[derive(Debug, Default)]
pub(crate) struct Changes(HashMap<WorkKind, OfKind>);

#[derive(Debug, Default)]
struct OfKind {
    all: bool,
    subjects: HashSet<String>,
    details: HashSet<Detail>,
    /// By the subject, principals to whom it may grant something else.
    parts: HashMap<String, HashSet<String>>,
    holders: Noted<String>,
    /// By the kind of work that grants the subjects: the principals to whom it does, and the part that is meant.
    grantees: HashMap<WorkKind, HashMap<String, Noted<Option<String>>>>,
}

/// What changes have named, and whether all of them are settled.
type Noted<T> = HashMap<T, bool>;

/// How much of a piece of work may have changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    Nothing,
    /// What it grants to these principals.
    Parts(&'a HashSet<String>),
    Whole,
}

impl Changes {
    /// Adds the invalidations of a page.
    pub(crate) fn add(&mut self, changed: &[Invalidation]) {
        for Invalidation { kind, selector, past_consistency_lag: settled } in changed {
            let of = self.0.entry(kind).or_default();
            match selector {
                Selector::All => of.all = true,
                Selector::Subject(subject) => drop(of.subjects.insert(subject.clone())),
                Selector::Part { subject, principal } => {
                    of.parts.entry(subject.clone()).or_default().insert(principal.clone());
                }
                Selector::Detail(detail) => drop(of.details.insert(detail.clone())),
                Selector::Holder(id) => note(&mut of.holders, id.clone(), *settled),
                Selector::GrantedTo { by, principal, part } => {
                    let parts = of.grantees.entry(by).or_default().entry(principal.clone()).or_default();
                    note(parts, part.clone(), *settled);
                }
            }
        }
    }

    /// How much of the answer of a piece of work may have changed.
    pub(crate) fn name(&self, work: &Work) -> Named<'_> {
        let Some(of) = self.0.get(work.kind) else { return Named::Nothing };
        if of.all || of.subjects.contains(&work.subject) || of.details.contains(&work.detail) {
            return Named::Whole;
        }
        of.parts.get(&work.subject).map_or(Named::Nothing, Named::Parts)
    }

    /// Resolves the principals named so far to the works that they concern, and adds these.
    pub(crate) fn resolve(&mut self, snapshot: &BaseSnapshot) -> Result<Vec<Invalidation>, SyncError> {
        let mut found = Vec::new();
        for (kind, of) in &mut self.0 {
            let (holders, grantees) = (std::mem::take(&mut of.holders), std::mem::take(&mut of.grantees));
            if of.all {
                continue;
            }
            // By the subject; `None` is the whole work.
            let mut subjects = BTreeMap::<String, BTreeMap<Option<String>, bool>>::new();
            let mut name = |subject: &str, part: Option<String>, settled: bool| {
                let parts = subjects.entry(subject.to_owned()).or_default();
                *parts.entry(part).or_insert(true) &= settled;
            };
            if !holders.is_empty() {
                snapshot.for_each_grant(kind, |subject, grant| {
                    if let Some(settled) = holders.get(grant.principal) {
                        name(subject, Some(grant.principal.to_owned()), *settled);
                    }
                })?;
            }
            for (by, named) in &grantees {
                snapshot.for_each_grant(by, |_, grant| {
                    for (part, settled) in named.get(grant.principal).into_iter().flatten() {
                        name(&grant.entitlement.resource, part.clone(), *settled);
                    }
                })?;
            }
            for (subject, parts) in subjects {
                let named = together(snapshot.pages(kind, &subject), subject, parts);
                found.extend(named.into_iter().map(|(selector, past_consistency_lag)| Invalidation {
                    kind,
                    selector,
                    past_consistency_lag,
                }));
            }
        }
        self.add(&found);
        Ok(found)
    }
}

/// What is named of a work that takes so many `pages`: the whole, if it is named itself or its parts take no fewer calls.
fn together(pages: u64, subject: String, parts: BTreeMap<Option<String>, bool>) -> Vec<(Selector, bool)> {
    if parts.contains_key(&None) || parts.len() as u64 >= pages {
        return vec![(Selector::Subject(subject), parts.values().all(|settled| *settled))];
    }
    let part = |principal: Option<String>| Some(Selector::Part { subject: subject.clone(), principal: principal? });
    parts.into_iter().filter_map(|(principal, settled)| Some((part(principal)?, settled))).collect()
}

fn note<T: std::hash::Hash + Eq>(named: &mut Noted<T>, what: T, settled: bool) {
    *named.entry(what).or_insert(true) &= settled;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(selector: Selector) -> Invalidation {
        Invalidation { kind: "holders", selector, past_consistency_lag: true }
    }

    fn part(subject: &str, principal: &str) -> Selector {
        Selector::Part { subject: subject.to_owned(), principal: principal.to_owned() }
    }

    #[test]
    fn parts_are_collected_until_the_whole_is_named() {
        let mut changes = Changes::default();
        let work = |subject: &str| Work::new("holders", subject).with_detail(&"detail");
        assert_eq!(changes.name(&work("a")), Named::Nothing);
        changes.add(&[part("a", "u1"), part("a", "u2"), part("a", "u1"), part("b", "u1")].map(changed));
        let both = HashSet::from(["u1", "u2"].map(str::to_owned));
        assert_eq!(changes.name(&work("a")), Named::Parts(&both));
        assert_eq!(changes.name(&work("c")), Named::Nothing);
        assert_eq!(changes.name(&Work::new("roles", "a")), Named::Nothing);
        changes.add(&[changed(Selector::Subject("a".to_owned()))]);
        changes.add(&[changed(part("a", "u3"))]);
        assert_eq!(changes.name(&work("a")), Named::Whole);
        assert!(matches!(changes.name(&work("b")), Named::Parts(_)));
        for whole in [Selector::Detail(Detail::new(&"detail")), Selector::All] {
            let mut changes = Changes::default();
            changes.add(&[part("b", "u1"), whole].map(changed));
            assert_eq!(changes.name(&work("b")), Named::Whole);
        }
    }

    #[test]
    fn what_takes_no_fewer_calls_than_the_whole_is_the_whole() {
        let named = |pages: u64, parts: &[(Option<&str>, bool)]| {
            let parts = parts.iter().map(|(part, settled)| (part.map(str::to_owned), *settled)).collect();
            together(pages, "a".to_owned(), parts)
        };
        let two = [(Some("u1"), true), (Some("u2"), false)];
        assert_eq!(named(3, &two), [(part("a", "u1"), true), (part("a", "u2"), false)]);
        let whole = |settled| [(Selector::Subject("a".to_owned()), settled)];
        assert_eq!(named(2, &two), whole(false));
        assert_eq!(named(0, &two[..1]), whole(true), "nothing of it is kept");
        assert_eq!(named(9, &[(None, true), (Some("u1"), true)]), whole(true));
    }
}
