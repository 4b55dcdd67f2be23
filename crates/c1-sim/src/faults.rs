//! What can be wrong with this C1.

use rand::Rng as _;
use rand::rngs::StdRng;

/// How C1 behaves altogether.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// As it should.
    #[default]
    Serving,
    /// Connections are closed at once, those that exist too.
    Refusing,
    /// Everything is answered with a failure of the server.
    Failing,
    /// Nothing is ever answered.
    Silent,
    /// The token endpoint answers with a body that does not end, everything else as it should.
    Endless,
}

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection breaks before anything was done.
    LostBefore,
    /// All is done, and the connection breaks before the answer.
    LostAfter,
    /// The server fails.
    Failure,
    /// The tokens are no longer good.
    Expired,
}

impl Fault {
    /// What goes wrong with the next request, if a share of `rate` does.
    pub(crate) fn roll(random: &mut StdRng, rate: f64) -> Option<Self> {
        const ALL: [Fault; 4] = [Fault::LostBefore, Fault::LostAfter, Fault::Failure, Fault::Expired];
        (rate > 0.0 && random.random_bool(rate.min(1.0))).then(|| ALL[random.random_range(0..ALL.len())])
    }
}
