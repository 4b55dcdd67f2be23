//! The time at which debug lines come to an end: somebody looked for a fault, and the logs need not grow for ever.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Logger;
use crate::failure::Failure;
use crate::flags::DEBUG_ENDS;
use crate::settings::Settings;

/// The machine's clock is looked at this often: it may be set, or the machine sleep.
const LOOK: Duration = Duration::from_secs(30);

/// When they end, if they do.
///
/// # Errors
///
/// The setting is no time.
pub(crate) fn of(settings: &Settings) -> Result<Option<Timestamp>, Failure> {
    let text = settings.text(DEBUG_ENDS);
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |error| {
        Failure::new(format!("--{DEBUG_ENDS} {text:?} is no time: {error}\nhint: 2027-01-31T12:00:00Z, for example"))
    };
    text.parse().map(Some).map_err(wrong)
}

/// Waits for that time, and ends them.
pub(crate) async fn wait(at: Timestamp, logger: Arc<Logger>) {
    while let Some(left) = left(at) {
        tokio::time::sleep(left.min(LOOK)).await;
    }
    tracing::info!("from here on debug lines are left out, as --{DEBUG_ENDS} says");
    logger.end_debug();
}

/// The time that is left; `None` if it is over.
pub(crate) fn left(at: Timestamp) -> Option<Duration> {
    Duration::try_from(at.duration_since(Timestamp::now())).ok().filter(|left| !left.is_zero())
}
