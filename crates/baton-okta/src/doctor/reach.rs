//! Whether the domain leads to an Okta org, and whether the two clocks agree.

use std::sync::Arc;
use std::time::{Duration, Instant};

use baton_runtime::words;
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::OrgMetadata;
use okta_client::{Authenticator, Error, ErrorKind, Outgoing, endpoints};

use super::DoctorContext;
use super::report::Finding;
use crate::access::Credential;

const CHECK: &str = "connection";
const CLOCK: &str = "clock";

/// Clocks may differ by this much, in seconds.
const TOLERANCE: u64 = 30;

/// What was found out without a credential.
pub(super) struct Reached {
    pub found: Finding,
    /// How far Okta's clock is ahead of ours, in seconds.
    pub skew: Option<i64>,
}

/// Asks for what Okta tells anybody, so that nothing else can be the reason for a failure.
pub(super) async fn check(context: &DoctorContext) -> Reached {
    let client = match crate::access::client(&context.config, Arc::new(Nobody)) {
        Ok(client) => client,
        Err(error) => return Reached { found: Finding::failure(CHECK, "no HTTPS client", &error), skew: None },
    };
    let asked = Instant::now();
    let answer = client.get::<OrgMetadata>(&endpoints::org::metadata()).await;
    let took = words::duration(asked.elapsed());
    let found = match &answer {
        Ok(org) => Finding::ok(CHECK, format!("org {} answered after {took}{}", org.id, addresses(context, org))),
        Err(error) if is_another_server(error) => {
            let text = format!("something answers at {}, but it is no Okta org: {}", context.config.org, plain(error));
            Finding::problem(
                CHECK,
                text,
                "check --domain (BATON_DOMAIN): it is the host in the address of the org's sign-in page, without -admin",
                crate::errors::grpc_code(error),
            )
        }
        Err(error) => Finding::failure(CHECK, "Okta cannot be reached", error),
    };
    Reached { found, skew: client.clock_skew().filter(|_| answer.is_ok()) }
}

fn is_another_server(error: &Error) -> bool {
    use ErrorKind::{Forbidden, Invalid, NotFound, Redirected, Unauthenticated, Unreadable};
    matches!(error.kind(), Forbidden | Invalid | NotFound | Redirected | Unauthenticated | Unreadable)
}

fn plain(error: &Error) -> String {
    error.clone().without_hint().to_string()
}

/// The org's own address and its custom domain, where they are not the one that was asked.
fn addresses(context: &DoctorContext, org: &OrgMetadata) -> String {
    let asked = context.config.org.to_string();
    let links = [&org.links.organization.href, &org.links.alternate.href];
    let other: Vec<_> = links.into_iter().flatten().filter(|href| **href != asked).map(String::as_str).collect();
    if other.is_empty() { String::new() } else { format!("; it is also known as {}", other.join(" and ")) }
}

/// What a difference between the clocks means.
pub(super) fn clock(skew: i64, access: &Credential) -> Finding {
    if skew.unsigned_abs() <= TOLERANCE {
        return Finding::ok(CLOCK, "this machine's clock agrees with Okta's");
    }
    let by = words::duration(Duration::from_secs(skew.unsigned_abs()));
    let side = if skew > 0 { "behind" } else { "ahead of" };
    let effect = match access {
        Credential::ApiToken => "times in logs will be wrong",
        Credential::ServiceApp(_) => "signing in goes by Okta's clock instead, but times in logs will be wrong",
    };
    let fix = "set the clock, for example by switching on time synchronisation (NTP)";
    Finding::warning(CLOCK, format!("this machine's clock is {by} {side} Okta's; {effect}"), fix)
}

/// Somebody without a credential.
#[derive(Debug)]
struct Nobody;

impl Authenticator for Nobody {
    fn headers<'a>(&'a self, _: &'a Outgoing) -> BoxFuture<'a, Result<http::HeaderMap, Error>> {
        futures::future::ready(Ok(http::HeaderMap::new())).boxed()
    }
}
