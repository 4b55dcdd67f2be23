//! Service mode: stays connected to C1, takes tasks and answers every one.
//!
//! ```text
//!            ┌───────────── one connection to C1 (`c1`), tokens (`token`) ─────────────┐
//!  Hello ──► poll (`poll`) ──► task (`tasks`): heartbeats ∥ handler (`handlers`) ──► FinishTask, until it is delivered
//!                                                 │
//!                                                 ├ sync    baton-sync into a folder of its own (`folders`), then upload
//!                                                 ├ change  baton-provision
//!                                                 └ event   the connector's event source
//! ```
//!
//! What a task's kind asks for is in `handlers`; everything else (pace, outages, heartbeats, cancellation, what a panic
//! or the end of the process does to a task) is the same for all kinds. [`run`] is the whole of it. Beside it run the
//! health server (`health`) and the counters ([`metrics`]).
//!
//! Specification: `docs/spec/connector-runtime.md` 2, 4, 7.1, 8 and 9; `docs/spec/proto/c1.connectorapi.baton.v1.md`.

mod c1;
mod clock;
mod config;
mod credentials;
mod error;
mod folders;
mod handlers;
mod health;
mod hello;
mod host;
pub mod metrics;
mod observe;
mod poll;
mod run;
mod status;
mod tasks;
mod token;
mod wire;

pub use c1::network::{Channel, reason};
pub use clock::Clock;
pub use config::{BuildFacts, HealthBind, ServiceConfig, SyncSettings, Timing};
pub use credentials::{ClientId, Credentials};
pub use error::ServiceError;
pub use health::{HealthCheck, HealthCheckError, health_check};
pub use observe::{Event, Observer, Silent, TaskEnd};
pub use run::run;
pub use tasks::TaskLogs;
