//! Finding who holds the grants that were made to placeholders.
//!
//! Both sides wait in a temporary database, grants in one table and what principals can be found by in others, so that
//! each grant costs a look into an index, however many there are of either.

use std::collections::BTreeSet;

use baton_c1z::{Builder, GrantRow};
use baton_connector::{EntitlementBid, ExternalMatch, GapKind, ResourceRef, build, ids};
use baton_proto::c1::connector::v2::resource_type::Trait;
use baton_proto::c1::connector::v2::{AppTrait, Grant, GrantExpandable, GroupTrait, Resource, RoleTrait, UserTrait};
use baton_proto::{Message, any};
use icu_casemap::CaseMapper;
use prost_types::value::Kind;
use prost_types::{Any, Struct};
use rusqlite::{Connection, OptionalExtension, params};

use super::copied::Copied;
use crate::codec::WaitingGrant;
use crate::error::SyncError;
use crate::summary::GapCount;

/// Principals looked up at a time.
const CHUNK: u32 = 1000;

const TABLES: &str = "
    CREATE TABLE waiting (
        id INTEGER PRIMARY KEY, entitlement TEXT, owner_type TEXT, owner TEXT, placeholder_type TEXT, placeholder TEXT,
        data BLOB, expansion BLOB, wish BLOB
    );
    CREATE TABLE principal (seq INTEGER PRIMARY KEY, type TEXT, id TEXT);
    CREATE TABLE of_trait (trait INTEGER, seq INTEGER, PRIMARY KEY (trait, seq)) WITHOUT ROWID;
    CREATE TABLE attribute (
        trait INTEGER, key TEXT, value TEXT, seq INTEGER, PRIMARY KEY (trait, key, value, seq)
    ) WITHOUT ROWID;
";

/// The grants that wait for the principals of the other file.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    /// Traits and keys by which principals are looked for.
    keys: BTreeSet<(i32, String)>,
    /// There as soon as a grant waits. Small ones stay in memory, larger ones are a file without a name.
    tables: Option<Connection>,
}

/// A grant that waits, as it stands in its table.
struct Waiting {
    row: i64,
    entitlement: String,
    owner: ResourceRef,
    placeholder: ResourceRef,
    data: Vec<u8>,
    expansion: Option<Vec<u8>>,
    wish: Vec<u8>,
}

impl Matching {
    /// Takes a grant to a placeholder; `data` is its message, `wish` the annotation that says for whom it is.
    pub(crate) fn wait(&mut self, grant: &WaitingGrant<'_>, data: &[u8], wish: &[u8]) -> Result<(), SyncError> {
        let connection = match &mut self.tables {
            Some(connection) => connection,
            none => none.insert(tables().map_err(new_file())?),
        };
        if let Some(ExternalMatch::Attribute { of, key, .. }) = read_wish(wish) {
            self.keys.insert((of.into(), key));
        }
        let owner = grant.entitlement;
        let insert = || {
            let mut statement = connection.prepare_cached(
                "INSERT INTO waiting (entitlement, owner_type, owner, placeholder_type, placeholder, data, expansion, wish)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            let ids = (&owner.id, &owner.resource_type, &owner.resource);
            let row = params![ids.0, ids.1, ids.2, grant.principal_type, grant.principal, data, grant.expandable, wish];
            statement.execute(row)
        };
        insert().map(drop).map_err(new_file())
    }

    /// Gives every grant that waits to those of `copied` who match. The indexes of the file are built by now.
    pub(crate) fn give(
        self,
        builder: &mut Builder,
        sync_id: &str,
        copied: &Copied<'_>,
        gaps: &mut Vec<GapCount>,
    ) -> Result<(), SyncError> {
        let Some(tables) = &self.tables else { return Ok(()) };
        self.learn(tables, copied)?;
        let mut after = 0;
        while let Some(waiting) = next(tables, after)? {
            after = waiting.row;
            if !hand_out(builder, tables, sync_id, &waiting)? {
                let ResourceRef { resource_type, id } = &waiting.placeholder;
                let message =
                    format!("a grant of {} is left out: nobody in the external file matches", waiting.entitlement);
                GapCount::add(gaps, GapKind::Unresolved, resource_type, id, &message);
            }
        }
        Ok(())
    }

    /// Notes by what each copied principal can be found.
    fn learn(&self, connection: &Connection, copied: &Copied<'_>) -> Result<(), SyncError> {
        for resource_type in &copied.types {
            let filter = baton_c1z::ResourceFilter { resource_type: Some(&resource_type.id), parent: None };
            copied.reader.for_each_resource(copied.sync, filter, |resource| {
                let Some(id) = resource.id.as_ref().filter(|id| copied.has(Some(id))) else { return Ok(()) };
                let note = || {
                    let mut insert = connection.prepare_cached("INSERT INTO principal (type, id) VALUES (?, ?)")?;
                    let seq = insert.insert([&id.resource_type, &id.resource])?;
                    let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO of_trait VALUES (?, ?)")?;
                    for of in &resource_type.traits {
                        insert.execute(params![of, seq])?;
                    }
                    let mut insert =
                        connection.prepare_cached("INSERT OR IGNORE INTO attribute VALUES (?, ?, ?, ?)")?;
                    for (of, key) in self.keys.iter().filter(|(of, _)| resource_type.traits.contains(of)) {
                        for value in values(&resource, *of, key) {
                            insert.execute(params![of, key, folded(&value), seq])?;
                        }
                    }
                    Ok(())
                };
                note().map_err(new_file())
            })?;
        }
        connection.execute_batch("CREATE INDEX principal_id ON principal (id)").map_err(new_file())
    }
}

/// A database that goes when it is closed.
fn tables() -> rusqlite::Result<Connection> {
    let connection = Connection::open("")?;
    connection.execute_batch(TABLES)?;
    // Nothing here outlives the process, so nothing needs to be safe from it.
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.execute_batch("BEGIN")?;
    Ok(connection)
}

/// The next grant that waits.
fn next(connection: &Connection, after: i64) -> Result<Option<Waiting>, SyncError> {
    let read = || {
        let mut statement = connection.prepare_cached("SELECT * FROM waiting WHERE id > ? ORDER BY id LIMIT 1")?;
        let waiting = statement.query_row([after], |row| {
            Ok(Waiting {
                row: row.get(0)?,
                entitlement: row.get(1)?,
                owner: ResourceRef { resource_type: row.get(2)?, id: row.get(3)? },
                placeholder: ResourceRef { resource_type: row.get(4)?, id: row.get(5)? },
                data: row.get(6)?,
                expansion: row.get(7)?,
                wish: row.get(8)?,
            })
        });
        waiting.optional()
    };
    read().map_err(new_file())
}

/// Gives one grant to all who match. False if nobody does.
fn hand_out(builder: &mut Builder, tables: &Connection, sync_id: &str, waiting: &Waiting) -> Result<bool, SyncError> {
    let Some(wish) = read_wish(&waiting.wish) else { return Ok(false) };
    let grant = Grant::decode(waiting.data.as_slice())
        .map_err(|_| SyncError::Damaged("a grant cannot be decoded".to_owned()))?;
    let mut after = 0;
    let mut found = false;
    loop {
        let principals = principals(tables, &wish, after)?;
        let Some((last, _)) = principals.last() else { return Ok(found) };
        after = *last;
        found = true;
        for (_, principal) in &principals {
            let expansion = expansion(builder.connection()?, sync_id, waiting, principal)?;
            let ResourceRef { resource_type, id } = principal;
            let grant = Grant {
                id: ids::grant(&waiting.entitlement, resource_type, id),
                principal: Some(Resource { id: Some(build::resource_id(resource_type, id)), ..Resource::default() }),
                ..grant.clone()
            };
            builder.upsert_grant(&GrantRow {
                id: &grant.id,
                entitlement_id: &waiting.entitlement,
                resource_type: &waiting.owner.resource_type,
                resource_id: &waiting.owner.id,
                principal_type: resource_type,
                principal_id: id,
                data: &grant.encode_to_vec(),
                expansion: expansion.as_deref(),
            })?;
        }
    }
}

/// The next principals for whom a grant is.
fn principals(connection: &Connection, wish: &ExternalMatch, after: i64) -> Result<Vec<(i64, ResourceRef)>, SyncError> {
    let read = |from: &str, values: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<Vec<_>> {
        let sql = format!("SELECT seq, type, id FROM {from} AND seq > {after} ORDER BY seq LIMIT {CHUNK}");
        let mut statement = connection.prepare(&sql)?;
        let rows = statement
            .query_map(values, |row| Ok((row.get(0)?, ResourceRef { resource_type: row.get(1)?, id: row.get(2)? })))?;
        rows.collect()
    };
    let found = match wish {
        ExternalMatch::All(of) => read("of_trait JOIN principal USING (seq) WHERE trait = ?", &[&i32::from(*of)]),
        ExternalMatch::Id(id) => read("principal WHERE id = ?", &[id]),
        ExternalMatch::Attribute { of, key, value } => read(
            "attribute JOIN principal USING (seq) WHERE trait = ? AND key = ? AND value = ?",
            &[&i32::from(*of), key, &folded(value)],
        ),
    };
    found.map_err(new_file())
}

/// What the grant passes on, with the entitlements of the placeholder replaced by those of the principal, as far as
/// it has them.
fn expansion(
    connection: &Connection,
    sync_id: &str,
    waiting: &Waiting,
    principal: &ResourceRef,
) -> Result<Option<Vec<u8>>, SyncError> {
    let Some(expansion) = &waiting.expansion else { return Ok(None) };
    let Ok(mut expandable) = GrantExpandable::decode(expansion.as_slice()) else { return Ok(None) };
    let mut entitlement_ids = Vec::new();
    for slug in expandable.entitlement_ids.iter().filter_map(|id| slug_of(id, &waiting.placeholder)) {
        let id = ids::entitlement(&principal.resource_type, &principal.id, &slug);
        let is_there = connection
            .prepare_cached("SELECT 1 FROM v1_entitlements WHERE external_id = ? AND sync_id = ?")
            .and_then(|mut statement| statement.exists([id.as_str(), sync_id]))
            .map_err(new_file())?;
        if is_there {
            entitlement_ids.push(id);
        }
    }
    expandable.entitlement_ids = entitlement_ids;
    Ok((!expandable.entitlement_ids.is_empty()).then(|| expandable.encode_to_vec()))
}

/// The slug of an entitlement of `owner`, given as a Baton id or as a plain one.
fn slug_of(id: &str, owner: &ResourceRef) -> Option<String> {
    if let Ok(bid) = id.parse::<EntitlementBid>() {
        return (bid.resource.resource == *owner).then_some(bid.slug);
    }
    let prefix = ids::entitlement(&owner.resource_type, &owner.id, "");
    id.strip_prefix(&prefix).filter(|slug| !slug.is_empty()).map(str::to_owned)
}

/// The texts that stand under a key.
fn values(resource: &Resource, of: i32, key: &str) -> Vec<String> {
    let of_trait = trait_profile(of, &resource.annotations);
    let text =
        [resource.profile.as_ref(), of_trait.as_ref()].into_iter().flatten().find_map(|profile| text(profile, key));
    let mut values: Vec<_> = text.into_iter().collect();
    if of == i32::from(Trait::User)
        && key == "email"
        && let Some(user) = any::find::<UserTrait>(&resource.annotations)
    {
        values.extend(user.emails.into_iter().map(|email| email.address));
    }
    values
}

fn text(profile: &Struct, key: &str) -> Option<String> {
    match &profile.fields.get(key)?.kind {
        Some(Kind::StringValue(text)) => Some(text.clone()),
        _ => None,
    }
}

/// Where files of older connectors have the profile.
#[expect(deprecated, reason = "files of older connectors have the profile nowhere else")]
fn trait_profile(of: i32, annotations: &[Any]) -> Option<Struct> {
    match Trait::try_from(of) {
        Ok(Trait::User) => any::find::<UserTrait>(annotations)?.profile,
        Ok(Trait::Group) => any::find::<GroupTrait>(annotations)?.profile,
        Ok(Trait::Role) => any::find::<RoleTrait>(annotations)?.profile,
        Ok(Trait::App) => any::find::<AppTrait>(annotations)?.profile,
        _ => None,
    }
}

/// The text without its case.
fn folded(text: &str) -> String {
    let mapper = CaseMapper::new();
    text.chars().map(|char| mapper.simple_fold(char)).collect()
}

fn read_wish(wish: &[u8]) -> Option<ExternalMatch> {
    ExternalMatch::from_annotation(&Any::decode(wish).ok()?)
}

fn new_file() -> impl FnOnce(rusqlite::Error) -> SyncError {
    SyncError::plan("the new file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_folded_character_by_character() {
        for (one, other) in
            [("Ann@ACME.example", "ann@acme.EXAMPLE"), ("ΣΑΣ", "σας"), ("\u{212A}elvin", "kelvin"), ("ſ", "S")]
        {
            assert_eq!(folded(one), folded(other));
        }
        for (one, other) in [("ß", "ss"), ("ı", "i"), ("é", "e")] {
            assert_ne!(folded(one), folded(other));
        }
    }

    #[test]
    fn slugs_of_the_placeholder_only() {
        let owner = ResourceRef::new("group", "g:1");
        let slug = |id: &str| slug_of(id, &owner);
        assert_eq!(slug("group:g:1:member").as_deref(), Some("member"));
        assert_eq!(slug(r"bid:e:group/g\:1:member").as_deref(), Some("member"));
        for other in ["group:g:2:member", "bid:e:group/g2:member", "group:g:1:", "member", ""] {
            assert_eq!(slug(other), None, "{other}");
        }
    }
}
