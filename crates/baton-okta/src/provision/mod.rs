//! The writing side of the connector (`docs/spec/okta-provisioning.md`): one module per kind of access.
//!
//! - `operation.rs` sends and reads for one change and records every request,
//! - `peek.rs` is what a read has found that the change is possible without,
//! - `desired.rs` brings a state about: looks, sends, looks again, and says what is known if an answer is lost,
//! - `errors.rs` puts Okta's refusals into words and codes, the same for every path,
//! - `subject.rs` names who and what a change is about,
//! - `account.rs` makes accounts, `delete.rs` deletes users and groups, `user_status.rs` is the life of a user in between,
//! - `actions/` are the actions,
//! - the others are the aims: what has to be read, what has to be sent, and what is refused before.

mod account;
mod actions;
mod app_group;
mod app_user;
mod binding;
mod custom_role;
mod delete;
mod errors;
mod membership;
mod operation;
mod peek;
mod reconcile;
mod resource_set;
mod role;
mod subject;
mod targets;
mod user_status;

use baton_connector::provision::{AccountMade, AccountRequest, ActionCall, ActionDone, Deleted, Granted, Revoked};
use baton_connector::{Change, ChangeError, Code, Provisioner};
use baton_proto::c1::connector::v2::{
    BatonActionSchema, ConnectorAccountCreationSchema, Entitlement, Grant, Resource, ResourceId,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::Client;
use tokio_util::sync::CancellationToken;

use crate::access::Credential;
use crate::config::Rules;
use crate::ids::{
    app, custom_role as custom, group, resource_set as set, resource_set_binding, role as standard, user,
};
use crate::{describe, required_permissions};
use operation::Operation;
use reconcile::{DesiredState, Made, reconcile};
use subject::Subject;

/// What can be changed in an Okta org.
pub struct OktaProvisioner {
    client: Client,
    /// By which each change asks for the scopes that it takes; `None` if all have been asked for already.
    access: Option<Credential>,
    rules: Rules,
    cancel: CancellationToken,
}

impl std::fmt::Debug for OktaProvisioner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OktaProvisioner").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Whether access is given or taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Grant,
    Revoke,
}

impl OktaProvisioner {
    /// Over a client whose calls end when `cancel` is cancelled. With `access` each change asks for the scopes that it
    /// takes. Nothing is asked yet.
    pub(crate) fn new(client: Client, access: Option<Credential>, rules: Rules, cancel: CancellationToken) -> Self {
        Self { client, access, rules, cancel }
    }

    /// One change with a record of its requests: of a resource of the type `changed`, with looks at those of the types
    /// `seen`.
    fn operation<'a>(&self, change: &'a Change, changed: &str, seen: &[&str]) -> Operation<'a> {
        if let Some(access) = &self.access {
            access.want(&required_permissions::scopes_for_change(changed, seen));
        }
        Operation::new(&self.client, &self.cancel, change)
    }

    /// Gives or takes access to `of` for `principal`.
    async fn alter(
        &self,
        direction: Direction,
        of: Option<&Resource>,
        principal: Option<&Resource>,
        change: &Change,
    ) -> Result<Made, ChangeError> {
        let of = Subject::of(of, "the entitlement names no resource")?;
        let principal = Subject::of(principal, "there is no principal")?.checked()?;
        self.check_exists(of)?;
        let grant = direction == Direction::Grant;
        let op = self.operation(change, of.kind, &[principal.kind]);
        let make = async |desired: &dyn DesiredState| reconcile(&op, desired).await;
        match of.kind {
            group::ID => make(&membership::Membership::new(of, principal, grant)?).await,
            app::ID if principal.is_group() => make(&app_group::AppGroup::new(of, principal, grant)).await,
            app::ID => make(&app_user::AppUserAssignment::new(of, principal, grant)?).await,
            standard::ID => make(&role::StandardRole::new(of, principal, grant)?).await,
            // Okta has standard roles that it builds like custom ones: these need no resource set of ours.
            custom::ID if role::is_standard(of.id) => make(&role::StandardRole::new(of, principal, grant)?).await,
            custom::ID if grant => make(&custom_role::RoleGrant::new(of, principal)?).await,
            custom::ID => make(&custom_role::RoleRevocation::new(of, principal)?).await,
            set::ID if grant => Err(resource_set::no_grant(of, principal)),
            set::ID => make(&resource_set::Unbinding::new(of, principal)?).await,
            resource_set_binding::ID => make(&binding::Membership::new(of, principal, grant)?).await,
            other => Err(not_provisioned(other)),
        }
    }

    /// Types that a switch brings in do not exist without it.
    fn check_exists(&self, of: Subject<'_>) -> Result<(), ChangeError> {
        let switched = [custom::ID, set::ID, resource_set_binding::ID].contains(&of.kind);
        if !switched || self.rules.sync_custom_roles {
            return Ok(());
        }
        let mut error = not_provisioned(of.kind);
        error.message.push_str("\nhint: it is there with --sync-custom-roles (BATON_SYNC_CUSTOM_ROLES) only");
        Err(error)
    }
}

/// The type cannot be granted at all.
fn not_provisioned(resource_type: &str) -> ChangeError {
    ChangeError::new(Code::Unimplemented, format!("resource type {resource_type} does not have provisioner configured"))
}

impl Provisioner for OktaProvisioner {
    fn grant<'a>(
        &'a self,
        entitlement: &'a Entitlement,
        principal: &'a Resource,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<Granted, ChangeError>> {
        async move {
            let of = entitlement.resource.as_ref();
            let Made { already, note } = self.alter(Direction::Grant, of, Some(principal), change).await?;
            Ok(Granted { already, note })
        }
        .boxed()
    }

    fn revoke<'a>(&'a self, grant: &'a Grant, change: &'a Change) -> BoxFuture<'a, Result<Revoked, ChangeError>> {
        async move {
            let of = grant.entitlement.as_ref().and_then(|entitlement| entitlement.resource.as_ref());
            let Made { already, note } = self.alter(Direction::Revoke, of, grant.principal.as_ref(), change).await?;
            Ok(Revoked { already, note })
        }
        .boxed()
    }

    fn account_types(&self) -> &'static [&'static str] {
        &[user::ID]
    }

    fn account_schema(&self) -> Option<ConnectorAccountCreationSchema> {
        Some(describe::account_schema())
    }

    fn create_account<'a>(
        &'a self,
        _resource_type: &'a str,
        account: &'a AccountRequest,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<AccountMade, ChangeError>> {
        async move { account::make(&self.operation(change, user::ID, &[]), account, &self.rules, change).await }.boxed()
    }

    fn delete_resource<'a>(
        &'a self,
        resource: &'a ResourceId,
        _parent: Option<&'a ResourceId>,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<Deleted, ChangeError>> {
        let op = self.operation(change, &resource.resource_type, &[]);
        async move { delete::resource(&op, resource).await }.boxed()
    }

    fn actions(&self) -> Vec<BatonActionSchema> {
        actions::schemas()
    }

    fn invoke<'a>(
        &'a self,
        call: &'a ActionCall,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<ActionDone, ChangeError>> {
        actions::invoke(self, call, change).boxed()
    }
}
