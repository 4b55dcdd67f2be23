//! `health-check`: asks a connector that runs in service mode how it is, for probes without an HTTP client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use baton_service::HealthCheck;

use super::serve::address;
use crate::failure::Failure;
use crate::session::Session;

/// The command's name.
pub(crate) const NAME: &str = "health-check";
/// One line for help.
pub(crate) const ABOUT: &str = "Ask a connector in service mode on this machine how it is";
/// Further sentences for help.
pub(crate) const MORE: &str = "Ends with 0 if it is well. It must run with --health-check, at the same port.";

/// Asks a running connector how it is.
///
/// # Errors
///
/// It is not well, or does not answer.
pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    let settings = &session.settings;
    let mut address = address(settings)?;
    if address.ip().is_unspecified() {
        // Who listens at all addresses listens here, too.
        let here =
            if address.is_ipv4() { IpAddr::from(Ipv4Addr::LOCALHOST) } else { IpAddr::from(Ipv6Addr::LOCALHOST) };
        address.set_ip(here);
    }
    let timeout = Duration::from_secs(settings.int("timeout").unsigned_abs());
    let check = HealthCheck { address, endpoint: settings.text("endpoint").to_owned(), timeout };
    let asked = baton_service::health_check(&check).await;
    asked.map_err(|error| Failure::with_code(error.code(), error.to_string()))
}
