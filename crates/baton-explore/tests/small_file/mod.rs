//! A small `.c1z` file: two users, a group below an app of the same id, and a grant whose entitlement and principal
//! are not there.

use std::path::{Path, PathBuf};

use baton_c1z::{Builder, NewSync, SyncType, SystemId};
use baton_proto::any::pack;
use baton_proto::c1::connector::v2::entitlement::PurposeValue;
use baton_proto::c1::connector::v2::resource_type::Trait;
use baton_proto::c1::connector::v2::status::ResourceStatus;
use baton_proto::c1::connector::v2::{Entitlement, Grant, RawId, Resource, ResourceId, ResourceType, Status};
use prost_types::Any;
use tempfile::TempDir;

/// Its sync, and the one after that.
pub(crate) const SYNC: &str = "3MVdDHW4351Z9BXvKZOv4qSxtlW";
pub(crate) const NEXT_SYNC: &str = "3MVdDHW4351Z9BXvKZOv4qSxtlX";

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
        Self::build(|builder| sync(builder, SYNC, ENDED, fill))
    }

    /// The same with a later sync, which found one user only.
    pub(crate) fn with_two_syncs() -> Self {
        Self::build(|builder| {
            sync(builder, SYNC, ENDED, fill);
            sync(builder, NEXT_SYNC, "2026-11-24T00:00:00Z", |builder| {
                let user = ResourceType { id: "user".into(), ..ResourceType::default() };
                builder.put_resource_type(&user).unwrap();
                builder.put_resource(&resource("user", "00u1", "Ann Example")).unwrap();
            });
        })
    }

    /// A resource of a type that is not there, below one that is not there.
    pub(crate) fn with_unknown_type() -> Self {
        Self::build(|builder| {
            sync(builder, SYNC, ENDED, |builder| {
                let parent_resource_id = resource("org", "gone", "").id;
                builder.put_resource(&Resource { parent_resource_id, ..resource("team", "t1", "Team") }).unwrap();
            });
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

/// A whole sync.
fn sync(builder: &mut Builder, sync_id: &str, ended: &str, fill: impl FnOnce(&mut Builder)) {
    let started_at = STARTED.parse().unwrap();
    builder.begin_sync(&NewSync { sync_id, sync_type: SyncType::Full, started_at, parent_sync_id: "" }).unwrap();
    fill(builder);
    let system = SystemId { id: "00o1".to_owned(), host: "acme\u{1b}.okta.com".to_owned() };
    builder.put_system(&system).unwrap();
    builder.end_sync(ended.parse().unwrap(), "").unwrap();
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
