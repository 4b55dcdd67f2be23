//! A simulated Okta org over HTTPS, for tests, benches and demonstrations.
//!
//! [`Sim::start`] serves an [`Org`] on a local port with a throw-away certificate authority. The org answers
//! Okta's Management API as a real one does: page sizes and cursors, `Link` headers and links in bodies, filters,
//! rate limits with their headers, both kinds of 429, error bodies, missing rights. It is strict: it refuses what Okta
//! refuses.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use okta_sim::{Org, Shape, Sim, SimConfig};
//!
//! let sim = Sim::start(SimConfig::new(Org::generate(&Shape::new(1_000, 100, 50)))).await?;
//! sim.write_ca("ca.pem".as_ref())?;
//! println!("{} {}", sim.url(), sim.token());
//! // ... run a client ...
//! println!("{:?}", sim.stats().by_path);
//! sim.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Tools that are no Rust programs start the program `okta-sim` and ask it over a side channel, which needs no
//! credentials, and is neither counted nor limited:
//!
//! | path | answer |
//! |---|---|
//! | `GET /okta-sim/stats` | [`Stats`] as JSON |
//! | `GET /okta-sim/expected` | [`Expected`] of the org as JSON, under `all` and `activeAppsOnly` |
//!
//! Callers are told apart by their [`Token`]s, or sign in as an [`OAuthApp`] (`private_key_jwt`, with or without DPoP) with
//! the key of a [`TestKey`]; [`Rights`] are what their admin roles allow. [`Sim::add_event`] and [`Org::log`] write into
//! the System Log.
//!
//! Requests change the org under Okta's rules, and so do tests, before the start by the methods of [`Org`] and while it
//! runs by [`Sim::change_org`]; [`Sim::with_org`] and [`Sim::org`] show what became of it, [`Sim::writes`] which changes
//! were asked for. [`Faults`] spoil answers, before what was asked is done or after ([`Fault::after_doing`]).
//!
//! Orgs are made by [`Org::generate`] (any size, from a seed), [`Org::facts`] (small and fixed) and [`Org::recorded`]
//! (recorded answers of real orgs). [`Org::expected`] and the iterators beside it tell what a reader has to find.

mod auth;
mod body;
mod clock;
mod config;
mod draft;
mod endpoints;
mod faults;
mod filter;
mod handle;
mod limits;
mod oauth;
mod org;
mod paging;
mod query;
mod random;
mod refusal;
mod render;
mod rights;
mod route;
mod server;
mod side_channel;
mod sign_in;
mod sim;
mod stats;
mod writes;

pub use clock::Clock;
pub use config::{DEFAULT_TOKEN, SimConfig, SkinnyUsers, Token};
pub use faults::{Fault, FaultRule, Faults};
pub use limits::Quotas;
pub use oauth::{KeyError, OAuthApp, OAuthSettings, TestKey};
pub use org::{
    AppUserFact, Expected, LogEntity, LogEvent, Org, Principal, RecordedError, RoleFact, Shape, UnknownObject,
};
pub use rights::{Area, Rights};
pub use route::Bucket;
pub use sim::{OrgView, Sim, SimError};
pub use stats::{LoggedRequest, Stats};
pub use writes::Write;
