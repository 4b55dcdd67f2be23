//! Which syncs of an older file stay when a new one is added (`docs/spec/c1z-format.md` 4.8).

use std::ffi::OsString;

use baton_proto::go::parse_bool;

use crate::{SyncRun, SyncType};

/// How many finished full syncs a file holds unless the environment says otherwise, the newest included.
pub const DEFAULT_KEEP_LIMIT: usize = 2;

/// How many finished full syncs a file is to hold, the one that is being finished included: `BATON_KEEP_SYNC_COUNT`
/// when it is a positive number, else [`DEFAULT_KEEP_LIMIT`]. `None` when a true value of `BATON_SKIP_CLEANUP` says
/// that nothing is to be removed.
#[must_use]
pub fn keep_limit_from_env() -> Option<usize> {
    keep_limit(|name| std::env::var_os(name))
}

fn keep_limit(var: impl Fn(&str) -> Option<OsString>) -> Option<usize> {
    let skip = var("BATON_SKIP_CLEANUP").is_some_and(|value| parse_bool(value.to_string_lossy().trim()) == Some(true));
    if skip {
        return None;
    }
    let limit = var("BATON_KEEP_SYNC_COUNT").and_then(|value| value.to_str()?.trim().parse().ok());
    Some(limit.filter(|limit| *limit > 0).unwrap_or(DEFAULT_KEEP_LIMIT))
}

/// The ids of the syncs that stay when another sync is being finished, in the order of `runs`, which is the order of
/// their rows. `others` is the number of finished full syncs that stay beside the new one.
///
/// Unfinished syncs stay. Of the full ones (and those of unknown type) the oldest go. Partial and resources-only syncs
/// go when they ended before the youngest of the removed full ones began. Of more than two differences only the newest
/// and its other half stay.
#[must_use]
pub fn to_keep(runs: &[SyncRun], others: usize) -> Vec<String> {
    let finished = |run: &&SyncRun| run.ended_at.is_some();
    let fulls: Vec<_> = runs.iter().filter(finished).filter(|run| Family::from_run(run) == Family::Full).collect();
    let removed = &fulls[..fulls.len().saturating_sub(others)];
    let horizon = removed.last().map(|run| run.started_at);
    let diffs: Vec<_> = runs.iter().filter(finished).filter(|run| Family::from_run(run) == Family::Diff).collect();
    let newest_diff = diffs.last().filter(|_| diffs.len() > 2);
    let stays = |run: &&SyncRun| {
        let Some(ended_at) = run.ended_at else { return true };
        match Family::from_run(run) {
            Family::Full => !removed.iter().any(|gone| gone.sync_id == run.sync_id),
            Family::Part => horizon.is_none_or(|horizon| ended_at >= horizon),
            Family::Diff => {
                newest_diff.is_none_or(|newest| run.sync_id == newest.sync_id || run.sync_id == newest.linked_sync_id)
            }
        }
    };
    runs.iter().filter(stays).map(|run| run.sync_id.clone()).collect()
}

/// What retention makes of a type.
#[derive(PartialEq, Eq)]
enum Family {
    Full,
    Part,
    Diff,
}

impl Family {
    fn from_run(run: &SyncRun) -> Self {
        match run.kind() {
            Some(SyncType::Full) | None => Self::Full,
            Some(SyncType::Partial | SyncType::ResourcesOnly) => Self::Part,
            Some(SyncType::PartialUpserts | SyncType::PartialDeletions) => Self::Diff,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn run(id: &str, sync_type: &str, started: i64, ended: Option<i64>) -> SyncRun {
        SyncRun {
            sync_id: id.to_owned(),
            started_at: at(started),
            ended_at: ended.map(at),
            sync_type: sync_type.to_owned(),
            parent_sync_id: String::new(),
            linked_sync_id: String::new(),
            sync_token: String::new(),
        }
    }

    #[test]
    fn the_oldest_full_syncs_go() {
        let runs = [
            run("a", "full", 0, Some(5)),
            run("b", "full", 10, Some(15)),
            run("open", "full", 20, None),
            run("c", "of the future", 30, Some(35)),
        ];
        assert_eq!(to_keep(&runs, 1), ["open", "c"]);
        assert_eq!(to_keep(&runs, 2), ["b", "open", "c"]);
        assert_eq!(to_keep(&runs, 0), ["open"]);
        assert_eq!(to_keep(&runs, 9), ["a", "b", "open", "c"]);
    }

    #[test]
    fn parts_go_with_the_full_syncs_that_they_belong_to() {
        let runs = [
            run("early", "partial", 0, Some(5)),
            run("a", "full", 10, Some(15)),
            run("late", "resources_only", 16, Some(18)),
            run("open", "partial", 1, None),
            run("b", "full", 20, Some(25)),
        ];
        assert_eq!(to_keep(&runs, 1), ["late", "open", "b"]);
        assert_eq!(to_keep(&runs, 2).len(), 5);
    }

    #[test]
    fn of_many_differences_the_newest_pair_stays() {
        let mut runs = vec![run("u1", "partial_upserts", 0, Some(1)), run("d1", "partial_deletions", 0, Some(1))];
        assert_eq!(to_keep(&runs, 1), ["u1", "d1"]);
        runs.push(run("u2", "partial_upserts", 2, Some(3)));
        let mut newest = run("d2", "partial_deletions", 2, Some(3));
        newest.linked_sync_id = "u2".to_owned();
        runs.push(newest);
        assert_eq!(to_keep(&runs, 1), ["u2", "d2"]);
    }

    #[test]
    fn the_limit_comes_from_the_environment() {
        let limit = |pairs: &[(&str, &str)]| {
            keep_limit(|name| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.into()))
        };
        assert_eq!(limit(&[]), Some(2));
        assert_eq!(limit(&[("BATON_KEEP_SYNC_COUNT", "7")]), Some(7));
        assert_eq!(limit(&[("BATON_KEEP_SYNC_COUNT", "0")]), Some(2));
        assert_eq!(limit(&[("BATON_KEEP_SYNC_COUNT", "many")]), Some(2));
        assert_eq!(limit(&[("BATON_SKIP_CLEANUP", "true"), ("BATON_KEEP_SYNC_COUNT", "7")]), None);
        assert_eq!(limit(&[("BATON_SKIP_CLEANUP", "false")]), Some(2));
    }

    /// The rules of `docs/spec/c1z-format.md` 4.8, one removal at a time, as somebody would do it by hand.
    fn model(runs: &[SyncRun], others: usize) -> Vec<String> {
        let mut left: Vec<SyncRun> = runs.to_vec();
        let is = |run: &SyncRun, words: &[&str]| run.ended_at.is_some() && words.contains(&run.sync_type.as_str());
        let mut horizon = None;
        while left.iter().filter(|run| is(run, &["full", "other"])).count() > others {
            let oldest = left.iter().position(|run| is(run, &["full", "other"])).unwrap();
            horizon = Some(left.remove(oldest).started_at);
        }
        if let Some(horizon) = horizon {
            left.retain(|run| !is(run, &["partial", "resources_only"]) || run.ended_at >= Some(horizon));
        }
        let diff = ["partial_upserts", "partial_deletions"];
        if left.iter().filter(|run| is(run, &diff)).count() > 2 {
            let newest = left.iter().rev().find(|run| is(run, &diff)).cloned().unwrap();
            left.retain(|run| !is(run, &diff) || run.sync_id == newest.sync_id || run.sync_id == newest.linked_sync_id);
        }
        left.into_iter().map(|run| run.sync_id).collect()
    }

    proptest! {
        #[test]
        fn agrees_with_the_model(
            rows in prop::collection::vec((0..6_usize, 0..50_i64, prop::option::of(0..20_i64), 0..12_usize), 0..12),
            others in 0..4_usize,
        ) {
            let words = ["full", "other", "partial", "resources_only", "partial_upserts", "partial_deletions"];
            let runs: Vec<_> = rows.iter().enumerate().map(|(number, (word, start, lasts, linked))| {
                let mut run = run(&number.to_string(), words[*word], *start, lasts.map(|lasts| start + lasts));
                run.linked_sync_id = linked.to_string();
                run
            }).collect();
            prop_assert_eq!(to_keep(&runs, others), model(&runs, others));
        }
    }
}
