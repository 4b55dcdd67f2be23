//! Progress as bars on a terminal: one per kind of work, one line per rate limit that is being waited for, one for the
//! making of the file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use baton_connector::LaneTraffic;
use baton_sync::{Event, KindProgress, Observer, Snapshot};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Map;

use crate::logs::{Level, Logger};
use crate::words;

/// How often spinners turn.
const TICK: Duration = Duration::from_millis(100);

/// Shorter waits are nothing to tell about: the bars move anyway.
const LEAST_WAIT: Duration = Duration::from_secs(1);

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
    waits: HashMap<String, ProgressBar>,
    step: Option<ProgressBar>,
}

struct Bar {
    bar: ProgressBar,
    begun: Instant,
    /// Objects that were there when the bar appeared: those of an interrupted run, which say nothing about the rate.
    before: u64,
}

impl Bars {
    pub(super) fn new(all: MultiProgress, logger: Arc<Logger>, system: &'static str) -> Self {
        Self { all, logger, system, shown: Mutex::default() }
    }

    fn progress(&self, snapshot: &Snapshot) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in &snapshot.kinds {
            let bar = shown.kinds.entry(kind.kind).or_insert_with(|| self.bar(kind));
            bar.bar.set_length(kind.pages_known.max(1));
            bar.bar.set_position(kind.pages_done);
            bar.bar.set_message(bar_message(kind, bar.begun.elapsed(), bar.before));
        }
        for lane in &snapshot.traffic {
            match wait_message(lane, self.system) {
                Some(message) => {
                    let line = shown.waits.entry(lane.lane.clone()).or_insert_with(|| self.line("  {msg:.yellow}"));
                    line.set_message(message);
                }
                None => {
                    if let Some(line) = shown.waits.remove(&lane.lane) {
                        line.finish_and_clear();
                    }
                }
            }
        }
    }

    /// Takes away all bars: what they said is in the summary.
    fn clear(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let Shown { kinds, waits, step } = std::mem::take(&mut *shown);
        for bar in kinds.into_values().map(|bar| bar.bar).chain(waits.into_values()).chain(step) {
            bar.finish_and_clear();
        }
    }

    fn sealing(&self, step: &str) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, line) in shown.waits.drain() {
            line.finish_and_clear();
        }
        let line = shown.step.get_or_insert_with(|| {
            let line = self.line("  {spinner:.green} {msg}");
            line.enable_steady_tick(TICK);
            line
        });
        line.set_message(step.to_owned());
    }

    fn bar(&self, kind: &KindProgress) -> Bar {
        let bar = self.all.add(ProgressBar::new(kind.pages_known.max(1)));
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
        return format!("{count} ✓");
    }
    let percent = kind.pages_done * 100 / kind.pages_known.max(1);
    let rate = match elapsed.as_millis() {
        0..1000 => String::new(),
        millis => format!(
            ", {}/s",
            words::number(u128::from(kind.objects - before.min(kind.objects)) as u64 * 1000 / millis as u64)
        ),
    };
    format!("{count} ({percent} %{rate})")
}

/// What a lane waits for, if it is worth telling.
fn wait_message(lane: &LaneTraffic, system: &str) -> Option<String> {
    let wait = lane.waiting.filter(|wait| *wait >= LEAST_WAIT)?;
    let quota = match lane.limit {
        Some(limit) => format!(" ({} a window)", words::count(limit, "request")),
        None => String::new(),
    };
    Some(format!("{}: waiting {} s for {system}'s quota{quota}", lane.lane, wait.as_secs()))
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

    #[test]
    fn waits_name_lane_and_system() {
        let lane = LaneTraffic {
            lane: "applications".to_owned(),
            waiting: Some(Duration::from_secs(12)),
            limit: Some(100),
            ..LaneTraffic::default()
        };
        assert_eq!(
            wait_message(&lane, "Okta").as_deref(),
            Some("applications: waiting 12 s for Okta's quota (100 requests a window)")
        );
        assert_eq!(
            wait_message(&LaneTraffic { waiting: Some(Duration::from_millis(500)), ..lane.clone() }, "Okta"),
            None
        );
        assert_eq!(wait_message(&LaneTraffic { waiting: None, ..lane }, "Okta"), None);
    }
}
