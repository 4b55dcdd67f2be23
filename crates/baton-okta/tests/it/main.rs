//! The connector from outside: the built binary, and the source and the provisioner that it is made of, against simulated orgs over
//! real TLS. One program, because linking forty takes longer than running them.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod accounts;
mod actions_groups;
mod actions_users;
mod architecture;
mod bad_input;
mod calls;
mod changing;
mod cli;
mod cli_demo;
mod cli_demo_service;
mod cli_failures;
mod cli_flags;
mod cli_logs;
mod cli_signals;
mod collector;
mod deletion;
mod doctor;
mod event_feed;
mod external;
mod facts_org;
mod failures;
mod faults;
mod fetching;
mod histories;
mod incremental;
mod killed;
mod lanes;
mod later;
mod mended;
mod oauth;
mod objects;
mod odd;
mod options;
mod permissions;
mod plan;
mod provision_apps;
mod provision_bindings;
mod provision_cancelled;
mod provision_groups;
mod provision_lives;
mod provision_roles;
mod provision_sequences;
mod provisioner;
mod recorded;
mod rights;
mod secrets;
mod service;
mod service_incremental;
mod service_killed;
mod serving;
mod support;
mod targeted;
mod telemetry;
