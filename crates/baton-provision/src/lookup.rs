//! Requests made of ids, from what the last finished sync of a `.c1z` file stored. The file is only read.

use std::path::{Path, PathBuf};

use baton_c1z::envelope::Limits;
use baton_c1z::{Error, Reader};
use baton_connector::{ChangeError, Code};
use baton_proto::c1::connector::v2::{
    Entitlement, Grant, GrantManagerServiceGrantRequest, GrantManagerServiceRevokeRequest, Resource, ResourceId,
};

use crate::grants;

/// The latest finished sync of a file.
#[derive(Debug)]
pub struct Lookup {
    reader: Reader,
    path: PathBuf,
    sync: String,
    ended: String,
}

impl Lookup {
    /// Opens `path`, unpacking it in `temp_dir` or in the system's temporary folder.
    ///
    /// # Errors
    /// [`Code::FailedPrecondition`] when there is no file, nothing in it or no finished sync; the file's own errors.
    pub fn open(path: &Path, temp_dir: Option<&Path>) -> Result<Self, ChangeError> {
        let opened = match temp_dir {
            Some(temp_dir) => Reader::open_with(path, &Limits::from_env(), temp_dir),
            None => Reader::open(path),
        };
        let reader = opened.map_err(|error| unusable(&error))?;
        let run = reader.current().map_err(|error| unusable(&error))?;
        let ended = run.ended_at.map(|time| format!("{time:.0}")).unwrap_or_default();
        Ok(Self { reader, path: path.to_owned(), sync: run.sync_id, ended })
    }

    /// The request to give the principal of that type and id the entitlement of that id.
    ///
    /// # Errors
    /// [`Code::NotFound`] when one of them is not in the file.
    pub fn grant_request(
        &self,
        entitlement: &str,
        principal_type: &str,
        principal: &str,
    ) -> Result<GrantManagerServiceGrantRequest, ChangeError> {
        let entitlement = self.entitlement(entitlement)?;
        let principal = self.resource(principal_type, principal, "principal")?;
        Ok(GrantManagerServiceGrantRequest {
            entitlement: Some(entitlement),
            principal: Some(principal),
            annotations: Vec::new(),
        })
    }

    /// The request to take the grant of that id away.
    ///
    /// # Errors
    /// [`Code::NotFound`] when it, its principal or its entitlement is not in the file;
    /// [`Code::FailedPrecondition`] when it cannot be taken away by itself: then the text names the resources through
    /// which it is held.
    pub fn revoke_request(&self, grant: &str) -> Result<GrantManagerServiceRevokeRequest, ChangeError> {
        let stored = self.reader.grant(&self.sync, grant).map_err(|error| unusable(&error))?;
        let stored = stored.ok_or_else(|| self.missing("grant", grant, "grants"))?;
        let entitlement = self.entitlement(&stored.entitlement.unwrap_or_default().id)?;
        let principal = stored.principal.and_then(|principal| principal.id).unwrap_or_default();
        let principal = self.resource(&principal.resource_type, &principal.resource, "principal")?;
        let grant = Grant { entitlement: Some(entitlement), principal: Some(principal), ..stored };
        grants::refuse_inherited(&grant, |source| self.name_of_source(source))?;
        Ok(GrantManagerServiceRevokeRequest { grant: Some(grant), annotations: Vec::new() })
    }

    /// The entitlement of that id, with its resource as it was stored.
    fn entitlement(&self, id: &str) -> Result<Entitlement, ChangeError> {
        let found = self.reader.entitlement(&self.sync, id).map_err(|error| unusable(&error))?;
        let mut entitlement = found.ok_or_else(|| self.missing("entitlement", id, "entitlements"))?;
        let of = entitlement.resource.take().and_then(|resource| resource.id).unwrap_or_default();
        entitlement.resource = Some(self.resource(&of.resource_type, &of.resource, "resource")?);
        Ok(entitlement)
    }

    fn resource(&self, resource_type: &str, id: &str, role: &str) -> Result<Resource, ChangeError> {
        let found = self.reader.resource(&self.sync, resource_type, id).map_err(|error| unusable(&error))?;
        found.ok_or_else(|| self.missing(&format!("{role} {resource_type}"), id, "resources"))
    }

    /// Type, name and id of the resource that the entitlement `source` is on, for people.
    fn name_of_source(&self, source: &str) -> Option<String> {
        let entitlement = self.reader.entitlement(&self.sync, source).ok()??;
        let ResourceId { resource_type, resource: id, .. } = entitlement.resource?.id?;
        let name = self.reader.resource(&self.sync, &resource_type, &id).ok()??.display_name;
        let text =
            if name.is_empty() { format!("{resource_type} {id}") } else { format!("{resource_type} {name} ({id})") };
        Some(terminal_text::line(&text).into_owned())
    }

    fn missing(&self, what: &str, id: &str, command: &str) -> ChangeError {
        let file = self.path.display();
        let hint = if command == "resources" && id.contains('@') {
            "an id is needed, not an address or a login: the command `resources` lists ids beside names, with -o json \
             beside addresses as well"
                .to_owned()
        } else {
            format!("the command `{command}` lists what there is; what is newer than the file needs a new sync")
        };
        let message =
            format!("there is no {what} {id:?} in {file}, whose last sync ended {}\nhint: {hint}", self.ended);
        ChangeError::new(Code::NotFound, message)
    }
}

/// A file that cannot be looked into. One that is not there yet, or has nothing in it, only needs a sync.
fn unusable(error: &Error) -> ChangeError {
    let nothing = matches!(error, Error::Missing { .. } | Error::Empty { .. } | Error::NoFinishedSync { .. });
    let code = match error.code() {
        _ if nothing => Code::FailedPrecondition,
        5 => Code::NotFound,
        7 => Code::PermissionDenied,
        8 => Code::ResourceExhausted,
        9 => Code::FailedPrecondition,
        _ => Code::Unknown,
    };
    let hint = if nothing { "\nhint: the ids are looked up in the file of the last sync; -f names it" } else { "" };
    ChangeError::new(code, format!("{error}{hint}"))
}
