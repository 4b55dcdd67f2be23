//! The writing side of a connector: grants, accounts, deletions, actions.
//!
//! Every method is safe to repeat and reports what it found: asking for what is already so is a success that says so.
//! A [`Change`] goes along with each call. It says whether the change is to be made or only to be shown, and it collects
//! what was asked of the system, so that both a success and a failure can be reported request by request.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use baton_proto::c1::connector::v2::{
    AccountInfo, BatonActionSchema, ConnectorAccountCreationSchema, Entitlement, Grant, PasswordConstraint, Resource,
    ResourceId,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use prost_types::Struct;
use secrecy::{SecretSlice, SecretString};

use crate::code::Code;

/// A change under way.
#[derive(Debug, Default)]
pub struct Change {
    dry_run: bool,
    steps: Mutex<Vec<Step>>,
}

impl Change {
    /// A change that is to be made.
    #[must_use]
    pub fn apply() -> Self {
        Self::default()
    }

    /// A change that is only to be shown: the present state is read, and requests that would change something are
    /// recorded instead of sent.
    #[must_use]
    pub fn dry_run() -> Self {
        Self { dry_run: true, ..Self::default() }
    }

    /// Whether requests that change something must not be sent.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Notes a request.
    pub fn record(&self, step: Step) {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }

    /// The requests so far, in the order in which they were made.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A request that a change needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The HTTP method, or whatever verb the system's protocol has.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The body as text, with secrets masked; `None` if it has none.
    pub body: Option<String>,
    /// What came of it.
    pub outcome: StepOutcome,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// The system answered with this status.
    Answered(u16),
    /// It was sent, and no answer came.
    Lost,
    /// It could not be sent.
    NotSent,
    /// It would have been sent, were this not a dry run.
    Withheld,
}

/// Why a change was not made, or not wholly.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ChangeError {
    /// The kind of failure.
    pub code: Code,
    /// What happened, to what, why, and what to do next (lines that begin with `hint: `); free of secrets.
    pub message: String,
    /// What is known about the state of the system now.
    pub state: StateAfter,
}

impl ChangeError {
    /// A failure before or without any change.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), state: StateAfter::Unchanged }
    }

    /// The same failure with what is known about the system now.
    #[must_use]
    pub fn leaving(mut self, state: StateAfter) -> Self {
        self.state = state;
        self
    }
}

/// What a failed change left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateAfter {
    /// Nothing was changed.
    Unchanged,
    /// Some of it was done; the message says what.
    Partial,
    /// Unknown: a response was lost, and the state could not be read afterwards.
    Unknown,
}

impl StateAfter {
    /// The word for it in results.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
        }
    }
}

/// What came of granting.
#[derive(Debug, Clone, PartialEq)]
pub struct Granted {
    /// Whether it was so before.
    pub already: bool,
    /// What somebody should know about it, in one sentence.
    pub note: Option<String>,
}

/// What came of revoking.
#[derive(Debug, Clone, PartialEq)]
pub struct Revoked {
    /// Whether it was gone before.
    pub already: bool,
    /// What somebody should know about it, in one sentence.
    pub note: Option<String>,
}

/// An account that is to be made.
#[derive(Debug, Clone)]
pub struct AccountRequest {
    /// The profile and the addresses, as the caller gave them.
    pub info: AccountInfo,
    /// How the account's owner will sign in.
    pub credential: CredentialWish,
}

/// How the owner of a new account will sign in.
#[derive(Debug, Clone)]
pub enum CredentialWish {
    /// Nothing was said about it.
    Unspecified,
    /// Without a password.
    NoPassword,
    /// With a password that we make up.
    RandomPassword {
        /// Its length as asked for, in characters.
        length: i64,
        /// Characters that it must have.
        constraints: Vec<PasswordConstraint>,
        /// Whether it must be changed at the first sign-in.
        change_at_next_login: bool,
    },
    /// With this password.
    Password {
        /// The password.
        password: SecretString,
        /// Whether it must be changed at the first sign-in.
        change_at_next_login: bool,
    },
    /// Through another identity provider.
    SingleSignOn {
        /// The provider, in the caller's words.
        provider: String,
    },
}

/// What came of making an account.
#[derive(Debug, Clone)]
pub struct AccountMade {
    /// The kind of outcome.
    pub outcome: AccountOutcome,
    /// The account, as far as it could be read.
    pub resource: Option<Resource>,
    /// What was made up for it and nobody knows yet. The caller encrypts it to whom it is for.
    pub secrets: Vec<IssuedSecret>,
    /// What somebody should know about it, in one sentence.
    pub note: Option<String>,
}

/// The kinds of outcome of making an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountOutcome {
    /// It was made.
    Created,
    /// There was one already; it was left as it is.
    AlreadyExists,
    /// It was made, and somebody has to do what the text says before it can be used.
    ActionRequired(String),
    /// It is being made.
    InProgress,
}

/// A secret that a change made up.
#[derive(Clone)]
pub struct IssuedSecret {
    /// What it is, for example `password`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The form of the bytes, if they have one.
    pub schema: String,
    /// The secret itself.
    pub bytes: SecretSlice<u8>,
}

impl fmt::Debug for IssuedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What came of deleting.
#[derive(Debug, Clone, PartialEq)]
pub struct Deleted {
    /// Whether there was nothing to delete.
    pub already: bool,
    /// What somebody should know about it, in one sentence.
    pub note: Option<String>,
}

/// A call of an action.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionCall {
    /// The action's name.
    pub name: String,
    /// The resource type that the action belongs to; empty for a global action.
    pub resource_type: String,
    /// Its arguments.
    pub args: Struct,
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionDone {
    /// The values that the action's schema promises.
    pub values: Struct,
    /// What somebody should know about it, in one sentence.
    pub note: Option<String>,
}

/// The writing side of a connector.
///
/// What a connector cannot do it leaves out: the methods' own bodies refuse with [`Code::Unimplemented`].
pub trait Provisioner: Send + Sync + 'static {
    /// Gives `principal` the `entitlement`. Both come as the last sync stored them.
    fn grant<'a>(
        &'a self,
        entitlement: &'a Entitlement,
        principal: &'a Resource,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<Granted, ChangeError>> {
        let _ = (principal, change);
        let of = entitlement.resource.as_ref().and_then(|resource| resource.id.as_ref());
        let message = format!(
            "resource type {} does not have provisioner configured",
            of.map_or("", |id| id.resource_type.as_str())
        );
        unimplemented(message)
    }

    /// Takes `grant` away. It comes as the last sync stored it, with its annotations.
    fn revoke<'a>(&'a self, grant: &'a Grant, change: &'a Change) -> BoxFuture<'a, Result<Revoked, ChangeError>> {
        let _ = change;
        let entitlement = grant.entitlement.as_ref();
        let of = entitlement.and_then(|entitlement| entitlement.resource.as_ref()?.id.as_ref());
        let message = format!(
            "resource type {} does not have provisioner configured",
            of.map_or("", |id| id.resource_type.as_str())
        );
        unimplemented(message)
    }

    /// The resource types of which accounts can be made, the preferred one first.
    fn account_types(&self) -> &'static [&'static str] {
        &[]
    }

    /// What must and may be said about a new account.
    fn account_schema(&self) -> Option<ConnectorAccountCreationSchema> {
        None
    }

    /// Makes an account of a type that [`Provisioner::account_types`] names.
    fn create_account<'a>(
        &'a self,
        resource_type: &'a str,
        account: &'a AccountRequest,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<AccountMade, ChangeError>> {
        let _ = (account, change);
        unimplemented(format!("connector does not have account manager configured for resource type: {resource_type}"))
    }

    /// Makes a resource, and returns it as a sync would list it.
    fn create_resource<'a>(
        &'a self,
        resource: &'a Resource,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<Resource, ChangeError>> {
        let _ = change;
        let id = resource.id.as_ref().map_or("", |id| id.resource_type.as_str());
        unimplemented(format!("resource type {id} does not have resource Create() configured"))
    }

    /// Deletes a resource for good.
    fn delete_resource<'a>(
        &'a self,
        resource: &'a ResourceId,
        parent: Option<&'a ResourceId>,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<Deleted, ChangeError>> {
        let _ = (parent, change);
        let id = &resource.resource_type;
        unimplemented(format!("resource type {id} does not have resource Delete() configured"))
    }

    /// Gives an account new credentials and returns them.
    fn rotate_credentials<'a>(
        &'a self,
        resource: &'a ResourceId,
        credential: &'a CredentialWish,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<Vec<IssuedSecret>, ChangeError>> {
        let _ = (credential, change);
        let id = &resource.resource_type;
        unimplemented(format!("resource type {id} does not have credential manager configured"))
    }

    /// All actions: global ones, and those of a resource type, which name it.
    fn actions(&self) -> Vec<BatonActionSchema> {
        Vec::new()
    }

    /// Calls an action whose schema [`Provisioner::actions`] has. The caller has checked the arguments against it.
    fn invoke<'a>(
        &'a self,
        call: &'a ActionCall,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<ActionDone, ChangeError>> {
        let _ = change;
        let message = format!("handler for action {} not found", call.name);
        futures::future::ready(Err(ChangeError::new(Code::NotFound, message))).boxed()
    }
}

fn unimplemented<T: Send + 'static>(message: String) -> BoxFuture<'static, Result<T, ChangeError>> {
    futures::future::ready(Err(ChangeError::new(Code::Unimplemented, message))).boxed()
}
