//! Giving and taking.

use baton_connector::{Change, ChangeError, Code, Provisioner};
use baton_proto::any;
use baton_proto::c1::connector::v2::{
    BatonId, Grant, GrantAlreadyExists, GrantAlreadyRevoked, GrantImmutable, GrantManagerServiceGrantRequest,
    GrantManagerServiceGrantResponse, GrantManagerServiceRevokeRequest, GrantManagerServiceRevokeResponse, Resource,
};

use crate::check;
use crate::outcome::{Done, What};

/// Gives a principal an entitlement.
///
/// # Errors
/// The request is not whole, the resource belongs to another connector, or the connector failed.
pub async fn grant(
    provisioner: &dyn Provisioner,
    request: &GrantManagerServiceGrantRequest,
    change: &Change,
) -> Result<Done<GrantManagerServiceGrantResponse>, ChangeError> {
    const MESSAGE: &str = "GrantManagerServiceGrantRequest";
    let entitlement = check::required(MESSAGE, "Entitlement", request.entitlement.as_ref())?;
    let principal = check::required(MESSAGE, "Principal", request.principal.as_ref())?;
    check::entitlement(entitlement)?;
    check::resource_id(check::required("Resource", "Id", principal.id.as_ref())?)?;
    refuse_external(entitlement.resource.as_ref(), "cannot grant entitlement on external resource")?;

    let granted = provisioner.grant(entitlement, principal, change).await?;
    let annotations = if granted.already { vec![any::pack(&GrantAlreadyExists {})] } else { Vec::new() };
    let what = if granted.already { What::AlreadyExists } else { What::Granted };
    Ok(Done::new(what, granted.note, GrantManagerServiceGrantResponse { annotations, grants: Vec::new() }))
}

/// Takes a grant away.
///
/// # Errors
/// The request is not whole, the grant cannot be taken away by itself, the resource belongs to another connector, or
/// the connector failed.
pub async fn revoke(
    provisioner: &dyn Provisioner,
    request: &GrantManagerServiceRevokeRequest,
    change: &Change,
) -> Result<Done<GrantManagerServiceRevokeResponse>, ChangeError> {
    let grant = check::required("GrantManagerServiceRevokeRequest", "Grant", request.grant.as_ref())?;
    check::id("Grant", "Id", &grant.id)?;
    let entitlement = check::required("Grant", "Entitlement", grant.entitlement.as_ref())?;
    let principal = check::required("Grant", "Principal", grant.principal.as_ref())?;
    check::entitlement(entitlement)?;
    check::resource_id(check::required("Resource", "Id", principal.id.as_ref())?)?;
    refuse_external(entitlement.resource.as_ref(), "cannot revoke grant on external resource")?;
    refuse_inherited(grant, |_| None)?;

    let revoked = provisioner.revoke(grant, change).await?;
    let annotations = if revoked.already { vec![any::pack(&GrantAlreadyRevoked {})] } else { Vec::new() };
    let what = if revoked.already { What::AlreadyRevoked } else { What::Revoked };
    Ok(Done::new(what, revoked.note, GrantManagerServiceRevokeResponse { annotations }))
}

/// Refuses what another connector's file brought along: this one cannot change it.
fn refuse_external(resource: Option<&Resource>, message: &str) -> Result<(), ChangeError> {
    match resource {
        Some(resource) if resource.annotations.iter().any(any::is::<BatonId>) => {
            Err(ChangeError::new(Code::FailedPrecondition, message))
        }
        _ => Ok(()),
    }
}

/// Refuses to take away a grant that is held through others only: it would come back, or never go. `name` gives the
/// words for a source, which is an entitlement id.
///
/// What it comes through is in its sources or, where it has none, in its `GrantImmutable`. A grant that says that it cannot
/// be changed but not through what it is held goes on to the connector, which sees how things stand now.
pub(crate) fn refuse_inherited(grant: &Grant, name: impl Fn(&str) -> Option<String>) -> Result<(), ChangeError> {
    let own = grant.entitlement.as_ref().map_or("", |entitlement| &entitlement.id);
    let Some(GrantImmutable { source_id, .. }) = any::find(&grant.annotations) else { return Ok(()) };
    let mut sources: Vec<_> = grant.sources.iter().flat_map(|sources| sources.sources.keys()).collect();
    if sources.is_empty() && name(&source_id).is_some() {
        sources.push(&source_id);
    }
    if sources.is_empty() || sources.iter().any(|source| *source == own) {
        return Ok(());
    }
    let through: Vec<_> = sources.iter().map(|source| name(source).unwrap_or_else(|| (*source).clone())).collect();
    let message = format!(
        "the grant {} cannot be taken away by itself: it comes through {}\n\
         hint: take away what it comes through: {}",
        grant.id,
        through.join(" and "),
        grants_of(grant, &sources).join(", ")
    );
    Err(ChangeError::new(Code::FailedPrecondition, message))
}

/// The ids of the principal's grants of `entitlements`.
fn grants_of(grant: &Grant, entitlements: &[&String]) -> Vec<String> {
    let principal = grant.principal.as_ref().and_then(|principal| principal.id.clone()).unwrap_or_default();
    let of = |id: &&String| baton_connector::ids::grant(id, &principal.resource_type, &principal.resource);
    entitlements.iter().map(of).collect()
}
