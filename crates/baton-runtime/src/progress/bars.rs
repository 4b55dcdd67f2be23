//! Progress as bars on a terminal: one per kind of work, one line per rate limit with its use and what is waited for, one
//! for the making of the file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use baton_sync::{Event, KindProgress, Observer, Snapshot};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Map;

use super::quota;
use crate::logs::{Level, Logger};
use crate::words;

/// How often spinners turn.
const TICK: Duration = Duration::from_millis(100);

/// Requests that are held back for this much between two looks are slowed down.
const SLOWED: Duration = Duration::from_secs(1);

/// A line about a rate limit, and one that holds requests up.
const USED: &str = "  {msg:.dim}";
const HELD_UP: &str = "  {msg:.yellow}";

/// Draws progress.
pub(super) struct Bars {
    all: MultiProgress,
    logger: Arc<Logger>,
    system: &'static str,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    kinds: HashMap<&'static str, Bar>,
    lanes: HashMap<String, LaneLine>,
    step: Option<ProgressBar>,
}

struct Bar {
    bar: ProgressBar,
    begun: Instant,
    /// Objects that were there when the bar appeared: those of an interrupted run, which say nothing about the rate.
    before: u64,
}

/// What is known and shown of one lane.
#[derive(Default)]
struct LaneLine {
    /// Time that requests had been held back when this was looked at last.
    waited: Duration,
    line: Option<ProgressBar>,
}

impl Bars {
    pub(super) fn new(all: MultiProgress, logger: Arc<Logger>, system: &'static str) -> Self {
        Self { all, logger, system, shown: Mutex::default() }
    }

    fn progress(&self, snapshot: &Snapshot) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in &snapshot.kinds {
            // Above the rate limits, whenever it begins.
            let next = shown.kinds.len();
            let bar = shown.kinds.entry(kind.kind).or_insert_with(|| self.bar(kind, next));
            bar.bar.set_length(kind.pages_known.max(1));
            bar.bar.set_position(kind.pages_done);
            bar.bar.set_message(bar_message(kind, bar.begun.elapsed(), bar.before));
        }
        let now = jiff::Zoned::now();
        for lane in &snapshot.traffic {
            let known = shown.lanes.entry(lane.queue.clone()).or_default();
            let slowed = lane.waited.saturating_sub(known.waited) >= SLOWED;
            known.waited = lane.waited;
            let Some(message) = quota::line(lane, slowed, self.system, &now) else { continue };
            let line = known.line.get_or_insert_with(|| self.line(USED));
            let waits = slowed || quota::wait(lane).is_some();
            line.set_style(style(if waits { HELD_UP } else { USED }));
            line.set_message(terminal_text::line(&message).into_owned());
        }
    }

    /// Takes away all bars: what they said is in the summary.
    fn clear(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let Shown { kinds, lanes, step } = std::mem::take(&mut *shown);
        let lines = lanes.into_values().filter_map(|lane| lane.line);
        for bar in kinds.into_values().map(|bar| bar.bar).chain(lines).chain(step) {
            bar.finish_and_clear();
        }
    }

    fn sealing(&self, step: &str) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for line in shown.lanes.values_mut().filter_map(|lane| lane.line.take()) {
            line.finish_and_clear();
        }
        let line = shown.step.get_or_insert_with(|| {
            let line = self.line("  {spinner:.green} {msg}");
            line.enable_steady_tick(TICK);
            line
        });
        line.set_message(terminal_text::line(step).into_owned());
    }

    /// A bar in line `at`.
    fn bar(&self, kind: &KindProgress, at: usize) -> Bar {
        let bar = self.all.insert(at, ProgressBar::new(kind.pages_known.max(1)));
        bar.set_style(style("  {prefix:<22} {bar:24.green/dim}  {msg}").progress_chars("━━─"));
        bar.set_prefix(capitalized(kind.label));
        Bar { bar, begun: Instant::now(), before: kind.objects }
    }

    fn line(&self, template: &str) -> ProgressBar {
        let line = self.all.add(ProgressBar::new_spinner());
        line.set_style(style(template));
        line
    }
}

impl Observer for Bars {
    fn event(&self, event: &Event) {
        match event {
            Event::Started { resumed_pages: 0, .. } => {}
            Event::Started { resumed_pages, .. } => {
                let text = format!("  Carrying on: {} are already there", words::count(*resumed_pages, "page"));
                // A terminal that cannot be written to has nobody in front of it.
                let _ = self.all.println(text);
            }
            Event::Progress(snapshot) => self.progress(snapshot),
            Event::Sealing { step } => self.sealing(step),
            Event::Note(text) => self.logger.record(Level::Warn, text, Map::new()),
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The templates are constants of this file; one that is wrong falls back to a plain bar.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// `12,345 objects, 1,234/s`, with the share done while there is some left.
fn bar_message(kind: &KindProgress, elapsed: Duration, before: u64) -> String {
    let count = words::number(kind.objects);
    if kind.works_done == kind.works_known {
        // Some work only finds out what further work there is.
        return if kind.objects == 0 { "✓".to_owned() } else { format!("{count} ✓") };
    }
    let percent = kind.pages_done * 100 / kind.pages_known.max(1);
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let rate = match kind.objects.saturating_sub(before).saturating_mul(1000) / millis.max(1) {
        rate if millis >= 1000 && rate > 0 => format!(", {}/s", words::number(rate)),
        _ => String::new(),
    };
    format!("{count} ({percent} %{rate})")
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(done: u64) -> KindProgress {
        KindProgress {
            kind: "users",
            label: "users",
            pages_done: done,
            pages_known: 10,
            works_done: u64::from(done == 10),
            works_known: 1,
            objects: done * 200,
        }
    }

    #[test]
    fn bars_say_how_much_how_far_and_how_fast() {
        assert_eq!(bar_message(&kind(5), Duration::from_millis(300), 0), "1,000 (50 %)");
        assert_eq!(bar_message(&kind(5), Duration::from_secs(4), 200), "1,000 (50 %, 200/s)");
        assert_eq!(bar_message(&kind(10), Duration::from_secs(4), 0), "2,000 ✓");
    }
}
