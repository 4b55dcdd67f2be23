//! Finds the newest range deletion over each key of an ascending scan.

use std::collections::BinaryHeap;

use crate::sst::layout::RangeDeletion;

/// Range deletions in the order of their start, while keys ascend.
#[derive(Debug)]
pub(crate) struct Sweep<'a> {
    /// Those that start above the keys so far.
    ahead: std::slice::Iter<'a, RangeDeletion>,
    /// Sequence number and end of those that have started; some of them have ended.
    begun: BinaryHeap<(u64, &'a [u8])>,
}

impl<'a> Sweep<'a> {
    /// `deletions` are sorted by their start.
    pub(crate) fn new(deletions: &'a [RangeDeletion]) -> Self {
        Self { ahead: deletions.iter(), begun: BinaryHeap::new() }
    }

    /// Sequence number of the newest deletion over `key`. Keys of successive calls do not descend.
    pub(crate) fn newest_over(&mut self, key: &[u8]) -> Option<u64> {
        while let Some(deletion) = self.ahead.as_slice().first()
            && deletion.start <= key
        {
            self.ahead.next();
            if deletion.end > key {
                self.begun.push((deletion.sequence, &deletion.end));
            }
        }
        while self.begun.peek().is_some_and(|(_, end)| *end <= key) {
            self.begun.pop();
        }
        self.begun.peek().map(|(sequence, _)| *sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_overlapping_ranges_counts() {
        let deletion = |start: &'static str, end: &'static str, sequence| RangeDeletion {
            start: start.into(),
            end: end.into(),
            sequence,
        };
        let deletions = [deletion("b", "f", 5), deletion("c", "d", 9), deletion("c", "g", 2), deletion("x", "z", 7)];
        let mut sweep = Sweep::new(&deletions);
        let found =
            ["a", "b", "bb", "c", "cz", "d", "f", "g", "w", "x", "z"].map(|key| sweep.newest_over(key.as_bytes()));
        let expected = [None, Some(5), Some(5), Some(9), Some(9), Some(5), Some(2), None, None, Some(7), None];
        assert_eq!(found, expected);
    }
}
