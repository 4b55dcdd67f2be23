//! What the tests of this crate share.
use std::path::{Path, PathBuf};

use baton_c1z::{Builder, Error, GrantFilter, NewSync, Reader, SyncType, envelope};
use baton_proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceId, ResourceType};
use tempfile::TempDir;

/// The files that the Go connector wrote, with what its reading program printed of them.
pub fn samples() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
}

pub fn temp() -> (TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (db, file) = (dir.path().join("build.db"), dir.path().join("sync.c1z"));
    (dir, db, file)
}

pub fn resource_id(resource_type: &str, id: &str) -> ResourceId {
    ResourceId { resource_type: resource_type.to_owned(), resource: id.to_owned(), ..ResourceId::default() }
}

pub fn stub(resource_type: &str, id: &str) -> Resource {
    Resource { id: Some(resource_id(resource_type, id)), ..Resource::default() }
}

pub fn resource_type(id: &str) -> ResourceType {
    ResourceType { id: id.to_owned(), display_name: id.to_uppercase(), ..ResourceType::default() }
}

pub fn resource(resource_type: &str, id: &str, name: &str) -> Resource {
    Resource { display_name: name.to_owned(), ..stub(resource_type, id) }
}

pub fn entitlement(resource_type: &str, id: &str) -> Entitlement {
    Entitlement {
        id: format!("{resource_type}:{id}:member"),
        resource: Some(stub(resource_type, id)),
        slug: "member".to_owned(),
        ..Entitlement::default()
    }
}

pub fn grant(group: &str, user: &str) -> Grant {
    let entitlement = Entitlement { slug: String::new(), ..entitlement("group", group) };
    Grant {
        id: format!("{}:user:{user}", entitlement.id),
        entitlement: Some(entitlement),
        principal: Some(stub("user", user)),
        ..Grant::default()
    }
}

pub fn new_sync(id: &str, sync_type: SyncType) -> NewSync<'_> {
    NewSync {
        sync_id: id,
        sync_type,
        started_at: "2026-11-23T13:12:27.780176746Z".parse().unwrap(),
        parent_sync_id: "",
    }
}

pub fn ended_at() -> jiff::Timestamp {
    "2026-11-23T13:12:28.5Z".parse().unwrap()
}

/// Writes types, two users, two groups, their entitlements and three grants.
pub fn put_org(builder: &mut Builder) {
    for id in ["user", "group", "device"] {
        builder.put_resource_type(&resource_type(id)).unwrap();
    }
    for (kind, id) in [("user", "u1"), ("user", "u2"), ("group", "g1"), ("group", "g2")] {
        builder.put_resource(&resource(kind, id, &id.to_uppercase())).unwrap();
    }
    for group in ["g1", "g2"] {
        builder.put_entitlement(&entitlement("group", group)).unwrap();
    }
    for (group, user) in [("g1", "u1"), ("g2", "u2"), ("g1", "u2")] {
        builder.put_whole_grant(&grant(group, user)).unwrap();
    }
}

/// A file with one finished sync of the small org.
pub fn write_org(db: &Path, file: &Path, sync_id: &str) {
    let mut builder = Builder::create(db).unwrap();
    builder.begin_sync(&new_sync(sync_id, SyncType::Full)).unwrap();
    put_org(&mut builder);
    builder.build_indexes().unwrap();
    builder.end_sync(ended_at(), "{}").unwrap();
    builder.seal(file).unwrap();
}

pub fn grants(reader: &Reader, sync: &str, filter: GrantFilter<'_>) -> Vec<Grant> {
    let mut grants = Vec::new();
    reader
        .for_each_grant(sync, filter, |grant| {
            grants.push(grant);
            Ok::<_, Error>(())
        })
        .unwrap();
    grants
}

pub fn grant_ids(reader: &Reader, sync: &str, filter: GrantFilter<'_>) -> Vec<String> {
    grants(reader, sync, filter).into_iter().map(|grant| grant.id).collect()
}

/// A `.c1z` around the database that SQL makes.
pub fn file_of_sql(sql: &str) -> (TempDir, PathBuf) {
    let (dir, db, file) = temp();
    let connection = rusqlite::Connection::open(&db).unwrap();
    connection.execute_batch(sql).unwrap();
    drop(connection);
    envelope::seal(&db, &file).unwrap();
    (dir, file)
}
