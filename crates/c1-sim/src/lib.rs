//! A stand-in for C1: the token endpoint and the service of a control plane on one TLS listener, for tests and demos.
//!
//! It hands out the tasks that it is given ([`C1Sim::hand_out`]), and keeps everything that it receives
//! ([`C1Sim::received`]). It is strict: who signs in must prove it with a right assertion, host and task ids must be
//! right, chunks and checksums fit, a task is finished once. What breaks a rule is refused as C1 would refuse it, and
//! noted as a violation. And it can be a bad C1: out of reach, failing, silent or slow ([`Mode`]), or with something
//! going wrong in a share of all requests ([`SimConfig::faults`]).
//!
//! Specification: `docs/spec/connector-runtime.md` 2.2 to 2.5 and 9.

mod assertion;
mod client;
mod clock;
mod faults;
mod received;
mod rules;
mod server;
mod service;
mod sim;
mod state;
pub mod tasks;
mod token;
mod wire;

pub use faults::Mode;
pub use received::{Finish, Received};
pub use sim::{C1Sim, SimConfig, StartError};
