//! What is shown of a sync while it runs: moving bars on a terminal, log lines otherwise.

mod bars;
mod lines;
mod quota;

use std::sync::Arc;

use baton_sync::Observer;
use indicatif::MultiProgress;

use crate::logs::Logger;

/// The observer of a sync. `system` is the name of what is synced, for people.
pub(crate) fn observer(bars: Option<&MultiProgress>, logger: &Arc<Logger>, system: &'static str) -> Arc<dyn Observer> {
    match bars {
        Some(bars) => Arc::new(bars::Bars::new(bars.clone(), Arc::clone(logger), system)),
        None => Arc::new(lines::Lines::new(Arc::clone(logger))),
    }
}
