//! The limits that a client is configured with.

/// Limits on the calls that are sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Pacing {
    /// The share of each quota that may be used, in percent, 1 to 100. The rest is for the org's logins and other tools.
    pub share_percent: u8,
    /// The largest number of calls in flight.
    pub max_in_flight: usize,
    /// The largest number of attempts of a call that fails or gets no response. Responses of "too many requests" do not
    /// count: they are waited out.
    pub max_attempts: u32,
    /// Seconds of the server's clock per second of ours. 1, except in benches against a simulated org.
    pub time_scale: f64,
}

impl Pacing {
    /// Returns the time scale, or 1 if it is not a positive number.
    pub(crate) fn valid_time_scale(&self) -> f64 {
        if self.time_scale.is_finite() && self.time_scale > 0.0 { self.time_scale } else { 1.0 }
    }
}

impl Default for Pacing {
    fn default() -> Self {
        Self { share_percent: 90, max_in_flight: 24, max_attempts: 8, time_scale: 1.0 }
    }
}
