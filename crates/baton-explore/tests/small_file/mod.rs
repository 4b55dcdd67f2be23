//! A small `.c1z` file: two users, a group below an app of the same id, and a grant whose entitlement and principal
//! are not there.

use std::path::{Path, PathBuf};

use baton_c1z::{Builder, NewSync, SyncType};
use baton_proto::any::pack;
use baton_proto::c1::connector::v2::entitlement::PurposeValue;
use baton_proto::c1::connector::v2::resource_type::Trait;
use baton_proto::c1::connector::v2::status::ResourceStatus;
use baton_proto::c1::connector::v2::{Entitlement, Grant, RawId, Resource, ResourceId, ResourceType, Status};
use prost_types::Any;
use tempfile::TempDir;

/// When its sync began and ended.
pub(crate) const STARTED: &str = "2026-11-23T13:12:27.5Z";
pub(crate) const ENDED: &str = "2026-11-23T13:12:29Z";

pub(crate) struct SmallFile {
    path: PathBuf,
    _folder: TempDir,
}

impl SmallFile {
    /// The file of most tests.
    pub(crate) fn usual() -> Self {
        Self::build(|builder| {
            let started_at = STARTED.parse().unwrap();
            let run = NewSync {
                sync_id: "3MVdDHW4351Z9BXvKZOv4qSxtlW",
                sync_type: SyncType::Full,
                started_at,
                parent_sync_id: "",
            };
            builder.begin_sync(&run).unwrap();
            fill(builder);
            builder.end_sync(ENDED.parse().unwrap(), "").unwrap();
        })
    }

    /// A file into which nothing was synced.
    pub(crate) fn without_syncs() -> Self {
        Self::build(|_| {})
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn build(fill: impl FnOnce(&mut Builder)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (db, path) = (folder.path().join("db"), folder.path().join("small.c1z"));
        let mut builder = Builder::create(&db).unwrap();
        fill(&mut builder);
        builder.seal(&path).unwrap();
        Self { path, _folder: folder }
    }
}

fn fill(builder: &mut Builder) {
    for (id, name, known) in
        [("user", "User", Trait::User), ("group", "Group", Trait::Group), ("app", "Application", Trait::App)]
    {
        let (id, display_name, traits) = (id.into(), name.into(), vec![known.into()]);
        builder.put_resource_type(&ResourceType { id, display_name, traits, ..ResourceType::default() }).unwrap();
    }
    let enabled = |details: &str| Some(Status { status: ResourceStatus::Enabled.into(), details: details.into() });
    let unknown = Any { type_url: "type.googleapis.com/other.Thing".into(), value: vec![1] };
    let annotations = vec![pack(&RawId { id: "00u1".into() }), unknown];
    builder
        .put_resource(&Resource { status: enabled("ACTIVE"), annotations, ..resource("user", "00u1", "Ann Example") })
        .unwrap();
    builder.put_resource(&Resource { status: enabled(""), ..resource("user", "00u2", "") }).unwrap();
    let parent_resource_id = resource("app", "same", "").id;
    builder.put_resource(&Resource { parent_resource_id, ..resource("group", "same", "Everyone") }).unwrap();
    builder.put_resource(&resource("app", "same", "The App")).unwrap();

    for (of, slug, name, purpose) in
        [("group", "member", "Member", PurposeValue::Assignment), ("app", "access", "Access", PurposeValue::Permission)]
    {
        let (display_name, purpose) = (name.into(), purpose.into());
        builder.put_entitlement(&Entitlement { display_name, purpose, ..entitlement(of, "same", slug) }).unwrap();
    }
    for (entitlement, user) in [
        (entitlement("group", "same", "member"), "00u1"),
        (entitlement("group", "same", "member"), "00u2"),
        (entitlement("app", "same", "access"), "00u1"),
        (entitlement("app", "gone", "access"), "gone"),
    ] {
        let id = format!("{}:user:{user}", entitlement.id);
        let (entitlement, principal) = (Some(entitlement), Some(resource("user", user, "")));
        builder.put_whole_grant(&Grant { id, entitlement, principal, ..Grant::default() }).unwrap();
    }
}

fn resource(resource_type: &str, id: &str, name: &str) -> Resource {
    let id = ResourceId { resource_type: resource_type.into(), resource: id.into(), ..ResourceId::default() };
    Resource { id: Some(id), display_name: name.into(), ..Resource::default() }
}

fn entitlement(resource_type: &str, id: &str, slug: &str) -> Entitlement {
    let resource = Some(resource(resource_type, id, ""));
    Entitlement { id: format!("{resource_type}:{id}:{slug}"), resource, ..Entitlement::default() }
}
