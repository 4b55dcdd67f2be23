//! What the indexes need of each row, in memory: four bytes a row, because rows come in runs and the same principals come
//! again and again.
//!
//! A file can have some thirteen million grants before it is larger than readers accept, so this is bounded.

use super::texts::{TextList, Texts};

/// Number of texts that the indexes of grants use.
pub(crate) const TEXTS: usize = 7;

/// Most runs, unless they are long: with more there is nothing to be gained.
const MOST_RUNS: usize = 1 << 20;
/// Rows that a run has on average when there are many.
const LONG: usize = 8;
/// Rows whose principals are looked up together. One after the other, each look-up would wait for memory several times;
/// together, they wait at the same time.
pub(super) const TOGETHER: u32 = 128;
/// Numbers in a part of [`Numbers`].
const PART: usize = 1 << 16;

/// Rows that follow each other and have all but the principal in common. Names are numbers in [`Rows::names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Type of the entitlement's resource.
    pub resource_type: u32,
    /// The entitlement's resource.
    pub resource: u32,
    pub entitlement: u32,
    pub sync: u32,
    /// Its first row. Rows are counted from 0.
    pub first: u32,
}

/// What the indexes are made of.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Entitlements, resources, types of both, and syncs.
    pub names: Texts,
    /// Types of principals, as numbers of names.
    pub types: Vec<u32>,
    /// Principals: the place of the type in `types` as a byte, then the id.
    pub principals: Texts,
    pub runs: Vec<Run>,
    /// The principal of each row, but for those that are still to be looked up.
    pub of_rows: Numbers,
    /// The principals of the rows after them.
    waiting: TextList,
    /// Rows whose `expansion` is not null.
    pub expanding: Vec<u32>,
    /// Rows whose `needs_expansion` is 1.
    pub needing: Vec<u32>,
    buffer: Vec<u8>,
    most_runs: usize,
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self {
            names: Texts::default(),
            types: Vec::new(),
            principals: Texts::default(),
            runs: Vec::new(),
            of_rows: Numbers::default(),
            waiting: TextList::default(),
            expanding: Vec::new(),
            needing: Vec::new(),
            buffer: Vec::new(),
            most_runs: MOST_RUNS,
        }
    }

    /// Takes the next row: resource type, resource, entitlement, type of the principal, principal, id and sync. `false` if
    /// its id is not made of the others, or if there is too much of something: then this is of no use any more. When the last
    /// row is there, [`look_up`](Self::look_up) has to be called.
    pub(crate) fn push(&mut self, texts: [&[u8]; TEXTS], expands: bool, needs_expansion: bool) -> bool {
        let row = self.of_rows.len + self.waiting.len();
        is_made_of_the_others(&texts) && self.take(texts, row, expands, needs_expansion).is_some()
    }

    fn take(&mut self, texts: [&[u8]; TEXTS], row: u32, expands: bool, needs_expansion: bool) -> Option<()> {
        let [resource_type, resource, entitlement, principal_type, principal, _, sync] = texts;
        let goes_on = self.runs.last().is_some_and(|run| {
            let parts = [(run.entitlement, entitlement), (run.sync, sync), (run.resource, resource)];
            parts.iter().chain(&[(run.resource_type, resource_type)]).all(|(name, text)| self.names.get(*name) == *text)
        });
        if !goes_on {
            if self.runs.len() >= self.most_runs && self.runs.len() > row as usize / LONG {
                return None;
            }
            let mut name = |text| self.names.number(text);
            let (resource_type, resource) = (name(resource_type)?, name(resource)?);
            let (entitlement, sync) = (name(entitlement)?, name(sync)?);
            self.runs.push(Run { resource_type, resource, entitlement, sync, first: row });
        }
        let known = self.types.iter().position(|of| self.names.get(*of) == principal_type);
        let place = match known {
            Some(place) => place,
            None => {
                self.types.push(self.names.number(principal_type)?);
                self.types.len() - 1
            }
        };
        self.buffer.clear();
        self.buffer.push(u8::try_from(place).ok()?);
        self.buffer.extend_from_slice(principal);
        self.waiting.push(&self.buffer)?;
        if self.waiting.len() == TOGETHER {
            self.look_up()?;
        }
        if expands {
            self.expanding.push(row);
        }
        if needs_expansion {
            self.needing.push(row);
        }
        Some(())
    }

    /// Looks up the principals of the rows that wait for it; `None` if there are too many.
    pub(crate) fn look_up(&mut self) -> Option<()> {
        let Self { principals, of_rows, waiting, .. } = self;
        principals.numbers(waiting, |principal| of_rows.push(principal))?;
        waiting.clear();
        Some(())
    }

    /// The rows of a run.
    pub(crate) fn rows_of(&self, run: usize) -> std::ops::Range<u32> {
        let end = self.runs.get(run + 1).map_or(self.of_rows.len, |next| next.first);
        self.runs[run].first..end
    }

    /// The run that a row is in.
    pub(crate) fn run_of(&self, row: u32) -> &Run {
        &self.runs[self.runs.partition_point(|run| run.first <= row) - 1]
    }
}

/// Whether the id is what a grant's id always is with connectors: entitlement, type of the principal and principal, joined.
fn is_made_of_the_others(texts: &[&[u8]; TEXTS]) -> bool {
    let [_, _, entitlement, principal_type, principal, id, _] = texts;
    let rest = id.strip_prefix(*entitlement).and_then(|rest| rest.strip_prefix(b":"));
    let rest = rest.and_then(|rest| rest.strip_prefix(*principal_type)).and_then(|rest| rest.strip_prefix(b":"));
    rest == Some(*principal)
}

/// Many numbers in parts, so that adding one never moves the others.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    parts: Vec<Vec<u32>>,
    len: u32,
}

impl Numbers {
    fn push(&mut self, number: u32) -> Option<()> {
        self.len = self.len.checked_add(1)?;
        match self.parts.last_mut().filter(|part| part.len() < PART) {
            Some(part) => part.push(number),
            None => {
                let mut part = Vec::with_capacity(PART);
                part.push(number);
                self.parts.push(part);
            }
        }
        Some(())
    }

    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    pub(crate) fn get(&self, place: u32) -> u32 {
        self.parts[place as usize / PART][place as usize % PART]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.parts.iter().flatten().copied()
    }

    /// Changes each.
    pub(crate) fn change(&mut self, to: impl Fn(u32) -> u32) {
        self.parts.iter_mut().flatten().for_each(|number| *number = to(*number));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn push(rows: &mut Rows, entitlement: &str, principal: usize) -> bool {
        let principal = format!("00u{principal}");
        let id = format!("{entitlement}:user:{principal}");
        let texts = ["group", "00g", entitlement, "user", &principal, &id, "s1"];
        rows.push(texts.map(str::as_bytes), false, false)
    }

    #[test]
    fn rows_that_follow_each_other_are_one_run() {
        let mut rows = Rows::new();
        for (entitlement, principal) in [("a", 1), ("a", 2), ("b", 1), ("a", 3)] {
            assert!(push(&mut rows, entitlement, principal));
        }
        rows.look_up().unwrap();
        let firsts: Vec<_> = rows.runs.iter().map(|run| run.first).collect();
        assert_eq!(firsts, [0, 2, 3]);
        assert_eq!((rows.rows_of(0), rows.rows_of(2)), (0..2, 3..4));
        assert_eq!(rows.names.get(rows.run_of(2).entitlement), b"b");
        assert_eq!(rows.principals.get(rows.of_rows.get(2)), b"\x0000u1");
    }

    #[test]
    fn with_many_short_runs_it_gives_up() {
        let mut rows = Rows { most_runs: 3, ..Rows::new() };
        let short = (0..).find(|n| !push(&mut rows, ["a", "b"][n % 2], *n));
        assert_eq!(short, Some(3));
        // Many runs are no matter as long as they are long.
        let mut rows = Rows { most_runs: 3, ..Rows::new() };
        assert!((0..1000).all(|n| push(&mut rows, ["a", "b"][n / 10 % 2], n)));
    }

    #[test]
    fn an_id_of_another_making_is_refused() {
        let texts = ["group", "00g", "a", "user", "00u1", "a:user:00u2", "s1"].map(str::as_bytes);
        assert!(!Rows::new().push(texts, false, false));
    }

    #[test]
    fn principals_that_are_looked_up_together_may_be_the_same() {
        let mut rows = Rows::new();
        let users: Vec<_> = (0..2 * TOGETHER as usize + 3).map(|row| row * row % 91).collect();
        assert!(users.iter().all(|user| push(&mut rows, "a", *user)));
        rows.look_up().unwrap();
        assert_eq!(rows.of_rows.len() as usize, users.len());
        for (row, user) in users.iter().enumerate() {
            let principal = rows.principals.get(rows.of_rows.get(row as u32));
            assert_eq!(principal, format!("\000u{user}").as_bytes());
        }
    }

    #[test]
    fn numbers_are_kept_in_parts() {
        let mut numbers = Numbers::default();
        let count = 2 * PART as u32 + 7;
        (0..count).for_each(|number| numbers.push(number * 3).unwrap());
        assert_eq!(numbers.len(), count);
        assert!(numbers.iter().eq((0..count).map(|number| number * 3)));
        numbers.change(|number| number / 3 + 1);
        assert!(numbers.iter().eq(1..=count));
        numbers.change(|number| (number - 1) * 3);
        for place in [0, PART as u32 - 1, PART as u32, count - 1] {
            assert_eq!(numbers.get(place), place * 3);
        }
    }
}
