//! Making and deleting resources.

use baton_connector::{Change, ChangeError, Provisioner};
use baton_proto::c1::connector::v2::{
    CreateResourceRequest, CreateResourceResponse, DeleteResourceRequest, DeleteResourceResponse,
};

use crate::check;
use crate::outcome::{Done, What};

/// Makes a resource. Its id may be left for the system to choose.
///
/// # Errors
/// The request is not whole, or the connector failed.
pub async fn create_resource(
    provisioner: &dyn Provisioner,
    request: &CreateResourceRequest,
    change: &Change,
) -> Result<Done<CreateResourceResponse>, ChangeError> {
    let resource = check::required("CreateResourceRequest", "Resource", request.resource.as_ref())?;
    let id = check::required("Resource", "Id", resource.id.as_ref())?;
    check::id("ResourceId", "ResourceType", &id.resource_type)?;
    let created = provisioner.create_resource(resource, change).await?;
    let response = CreateResourceResponse { created: Some(created), annotations: Vec::new() };
    Ok(Done::new(What::Created, None, response))
}

/// Deletes a resource for good.
///
/// # Errors
/// The request is not whole, or the connector failed.
pub async fn delete_resource(
    provisioner: &dyn Provisioner,
    request: &DeleteResourceRequest,
    change: &Change,
) -> Result<Done<DeleteResourceResponse>, ChangeError> {
    let id = check::required("DeleteResourceRequest", "ResourceId", request.resource_id.as_ref())?;
    check::resource_id(id)?;
    let deleted = provisioner.delete_resource(id, request.parent_resource_id.as_ref(), change).await?;
    let what = if deleted.already { What::AlreadyDeleted } else { What::Deleted };
    Ok(Done::new(what, deleted.note, DeleteResourceResponse::default()))
}
