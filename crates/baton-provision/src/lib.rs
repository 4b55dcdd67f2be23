//! Changes as Baton asks for them, for any connector.
//!
//! A [`Provisioner`](baton_connector::Provisioner) changes one system; what all of Baton's changes have in common is
//! here, so that one-shot commands and service mode do the same:
//!
//! - [`Lookup`] makes a request of ids, from what the last sync stored,
//! - [`grant`], [`revoke`], [`create_account`], [`create_resource`], [`delete_resource`], [`rotate_credentials`] and
//!   [`issue_credential`] check a request, have the connector carry it out, and make the wire's answer,
//! - [`passwords`] makes up passwords,
//! - [`encrypt`] hands secrets over to those who may read them,
//! - [`actions`] checks the calls of actions, runs them and remembers how they went.
//!
//! The requests are the wire's own messages. What came of one is a [`Done`], which tells more than the wire can. Every
//! failure is a [`ChangeError`](baton_connector::ChangeError).

mod accounts;
pub mod actions;
mod check;
mod credentials;
pub mod encrypt;
mod grants;
mod lookup;
mod nearest;
mod outcome;
pub mod passwords;
mod resources;

pub use accounts::create_account;
pub use credentials::{credential_wish, issue_credential, rotate_credentials};
pub use grants::{grant, revoke};
pub use lookup::Lookup;
pub use nearest::nearest;
pub use outcome::{Done, What};
pub use resources::{create_resource, delete_resource};

#[cfg(test)]
mod tests;
