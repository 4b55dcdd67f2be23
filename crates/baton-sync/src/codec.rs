//! The form in which a page waits in the working database.
//!
//! A page of a thousand members becomes one blob of some thirty bytes a row: what all rows share (the entitlement, the
//! prefix of the older id, the principal's type, the metadata) is written once. The rows are blown up to what a `.c1z`
//! holds only when the file is made.
//!
//! The layout is private to one version of this crate; the plan's version number guards it.

use std::collections::HashMap;
use std::sync::Arc;

use baton_connector::{EncodedResource, EntitlementRef, GrantDraft, Metadata};
use baton_proto::c1::connector::v2::ResourceId;
use prost::Message;

use crate::error::SyncError;

/// A resource or entitlement as it waits: its ids and its message, already encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object<'a> {
    /// `c1.connector.v2.Resource`.
    Resource {
        /// Resource type id.
        resource_type: &'a str,
        /// Resource id.
        id: &'a str,
        /// Type and id of its parent; empty without one.
        parent: (&'a str, &'a str),
        /// The encoded message.
        data: &'a [u8],
    },
    /// `c1.connector.v2.Entitlement`.
    Entitlement {
        /// Type of its resource.
        resource_type: &'a str,
        /// Id of its resource.
        resource: &'a str,
        /// Its own id.
        id: &'a str,
        /// The encoded message.
        data: &'a [u8],
    },
}

/// A grant as it waits. Borrowed from the page's blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WaitingGrant<'a> {
    pub entitlement: &'a EntitlementRef,
    pub principal_type: &'a str,
    pub principal: &'a str,
    pub v1_prefix: &'a str,
    pub v1_shared: bool,
    pub immutable: Option<&'a str>,
    /// Encoded `GrantMetadata`.
    pub metadata: Option<&'a [u8]>,
    /// Encoded `GrantExpandable`.
    pub expandable: Option<&'a [u8]>,
    /// Left out without a word if its resource is not in the sync.
    pub skip_if_absent: bool,
    /// The encoded annotation that says who holds the grant, if the principal is a placeholder.
    pub external: Option<&'a [u8]>,
}

const IMMUTABLE: u8 = 1;
const METADATA: u8 = 2;
const EXPANDABLE: u8 = 4;
const V1_SHARED: u8 = 8;
const EXTERNAL: u8 = 16;
const SKIP_IF_ABSENT: u8 = 32;

/// Grants in a batch.
const TOGETHER: usize = 128;

/// What a blob of grants begins with if one of them has an expandable, so that such pages are found ([`IS_EXPANDABLE`]), and
/// otherwise.
const WITH_EXPANDABLE: u8 = 1;
const WITHOUT_EXPANDABLE: u8 = 0;

/// Says in SQL of the column `grants` that it may hold grants with an expandable.
pub(crate) const IS_EXPANDABLE: &str = "substr(grants, 1, 1) = x'01'";

const RESOURCE: u8 = 0;
const ENTITLEMENT: u8 = 1;

/// Encodes a page's resources and entitlements.
pub(crate) fn encode_objects(page: &baton_connector::Page) -> Vec<u8> {
    let encoded = page.encoded.iter().map(|resource| resource.data.len() + resource.id.len() + 16).sum();
    let mut out = Vec::with_capacity(encoded);
    for resource in &page.resources {
        out.push(RESOURCE);
        resource_id(&mut out, resource.id.as_ref());
        resource_id(&mut out, resource.parent_resource_id.as_ref());
        message(&mut out, resource);
    }
    for EncodedResource { resource_type, id, data } in &page.encoded {
        out.push(RESOURCE);
        for part in [resource_type.as_bytes(), id.as_bytes(), &[], &[], data] {
            bytes(&mut out, part);
        }
    }
    for entitlement in &page.entitlements {
        out.push(ENTITLEMENT);
        resource_id(&mut out, entitlement.resource.as_ref().and_then(|resource| resource.id.as_ref()));
        bytes(&mut out, entitlement.id.as_bytes());
        message(&mut out, entitlement);
    }
    out
}

/// Encodes a page's grants. Of none nothing is left, so that SQLite need not look for it behind the objects of the page.
pub(crate) fn encode_grants(grants: &[GrantDraft]) -> Vec<u8> {
    if grants.is_empty() {
        return Vec::new();
    }
    let mut shared = Shared::default();
    let mut rows = Vec::with_capacity(grants.len() * 32);
    for grant in grants {
        varint(&mut rows, shared.entitlement(&grant.entitlement));
        varint(&mut rows, shared.text(&grant.v1_prefix));
        varint(&mut rows, shared.text(grant.principal.resource_type));
        bytes(&mut rows, grant.principal.id.as_bytes());
        let flags = (u8::from(grant.immutable.is_some()) * IMMUTABLE)
            | (u8::from(grant.metadata.is_some()) * METADATA)
            | (u8::from(grant.expandable.is_some()) * EXPANDABLE)
            | (u8::from(grant.v1_shared) * V1_SHARED)
            | (u8::from(grant.external.is_some()) * EXTERNAL)
            | (u8::from(grant.skip_if_absent) * SKIP_IF_ABSENT);
        rows.push(flags);
        if let Some(source) = &grant.immutable {
            bytes(&mut rows, source.as_bytes());
        }
        if let Some(metadata) = &grant.metadata {
            varint(&mut rows, shared.metadata(metadata));
        }
        if let Some(expandable) = &grant.expandable {
            bytes(&mut rows, &expandable.encode_to_vec());
        }
        if let Some(external) = &grant.external {
            bytes(&mut rows, &external.annotation().encode_to_vec());
        }
    }
    let is_expandable = grants.iter().any(|grant| grant.expandable.is_some());
    let mut out = vec![if is_expandable { WITH_EXPANDABLE } else { WITHOUT_EXPANDABLE }];
    shared.encode(&mut out);
    varint(&mut out, grants.len());
    out.extend_from_slice(&rows);
    out
}

/// Calls `each` for every object of a blob made by [`encode_objects`].
pub(crate) fn for_each_object(
    blob: &[u8],
    mut each: impl FnMut(Object<'_>) -> Result<(), SyncError>,
) -> Result<(), SyncError> {
    let mut input = Input(blob);
    while !input.0.is_empty() {
        each(match input.byte()? {
            RESOURCE => Object::Resource {
                resource_type: input.text()?,
                id: input.text()?,
                parent: (input.text()?, input.text()?),
                data: input.bytes()?,
            },
            ENTITLEMENT => Object::Entitlement {
                resource_type: input.text()?,
                resource: input.text()?,
                id: input.text()?,
                data: input.bytes()?,
            },
            _ => return Err(damaged()),
        })?;
    }
    Ok(())
}

/// Calls `each` for every grant of a blob made by [`encode_grants`].
pub(crate) fn for_each_grant(
    blob: &[u8],
    mut each: impl FnMut(&WaitingGrant<'_>) -> Result<(), SyncError>,
) -> Result<(), SyncError> {
    for_each_row(blob, |grant, _| each(grant)).map(drop)
}

/// Calls `each` for the grants of a blob made by [`encode_grants`], some at a time.
pub(crate) fn for_each_batch(
    blob: &[u8],
    mut each: impl FnMut(&[WaitingGrant<'_>]) -> Result<(), SyncError>,
) -> Result<(), SyncError> {
    let Some((common, mut input)) = Common::read(blob)? else { return Ok(()) };
    let mut left = input.varint()?;
    let mut batch = Vec::with_capacity(left.min(TOGETHER));
    while left > 0 {
        for _ in 0..left.min(TOGETHER) {
            batch.push(common.grant(&mut input)?);
        }
        left -= batch.len();
        each(&batch)?;
        batch.clear();
    }
    if input.0.is_empty() { Ok(()) } else { Err(damaged()) }
}

/// A blob made by [`encode_grants`] without the grants that `leaves_out` names, and how many these and the others are.
pub(crate) fn without(
    blob: &[u8],
    leaves_out: impl Fn(&WaitingGrant<'_>) -> bool,
) -> Result<(Vec<u8>, u64, u64), SyncError> {
    let (mut rows, mut deleted, mut left) = (Vec::with_capacity(blob.len()), 0, 0);
    let head = for_each_row(blob, |grant, row| {
        if leaves_out(grant) {
            deleted += 1;
        } else {
            left += 1;
            rows.extend_from_slice(row);
        }
        Ok(())
    })?;
    if left == 0 {
        return Ok((Vec::new(), deleted, left));
    }
    // What rows have in common is named by number, so that it has to stay even if no row names it any more.
    let mut out = head.to_vec();
    prost::encoding::encode_varint(left, &mut out);
    out.extend_from_slice(&rows);
    Ok((out, deleted, left))
}

/// Calls `each` for every grant of a blob and its bytes, and gives what stands before their number.
fn for_each_row(
    blob: &[u8],
    mut each: impl FnMut(&WaitingGrant<'_>, &[u8]) -> Result<(), SyncError>,
) -> Result<&[u8], SyncError> {
    let Some((common, mut input)) = Common::read(blob)? else { return Ok(blob) };
    let head = &blob[..blob.len() - input.0.len()];
    for _ in 0..input.varint()? {
        let from = input.0;
        let grant = common.grant(&mut input)?;
        each(&grant, &from[..from.len() - input.0.len()])?;
    }
    if input.0.is_empty() { Ok(head) } else { Err(damaged()) }
}

/// What the rows of a blob have in common.
struct Common<'a> {
    entitlements: Vec<EntitlementRef>,
    texts: Vec<&'a str>,
    metadata: Vec<&'a [u8]>,
}

impl<'a> Common<'a> {
    /// Reads it, and gives what follows; `None` if there are no rows.
    fn read(blob: &'a [u8]) -> Result<Option<(Self, Input<'a>)>, SyncError> {
        if blob.is_empty() {
            return Ok(None);
        }
        let mut input = Input(blob);
        // It may say so for grants that have been left out since.
        input.byte()?;
        let mut entitlements = Vec::new();
        for _ in 0..input.varint()? {
            let id = input.text()?.to_owned();
            let resource_type = input.text()?.to_owned();
            let resource = input.text()?.to_owned();
            entitlements.push(EntitlementRef { id, resource_type, resource });
        }
        let mut texts = Vec::new();
        for _ in 0..input.varint()? {
            texts.push(input.text()?);
        }
        let mut metadata = Vec::new();
        for _ in 0..input.varint()? {
            metadata.push(input.bytes()?);
        }
        Ok(Some((Self { entitlements, texts, metadata }, input)))
    }

    /// Reads a row.
    fn grant<'b>(&'b self, input: &mut Input<'a>) -> Result<WaitingGrant<'b>, SyncError> {
        let entitlement = self.entitlements.get(input.varint()?).ok_or_else(damaged)?;
        let v1_prefix = self.texts.get(input.varint()?).copied().ok_or_else(damaged)?;
        let principal_type = self.texts.get(input.varint()?).copied().ok_or_else(damaged)?;
        let principal = input.text()?;
        let flags = input.byte()?;
        let immutable = if flags & IMMUTABLE == 0 { None } else { Some(input.text()?) };
        let metadata = match flags & METADATA {
            0 => None,
            _ => Some(self.metadata.get(input.varint()?).copied().ok_or_else(damaged)?),
        };
        let expandable = if flags & EXPANDABLE == 0 { None } else { Some(input.bytes()?) };
        let external = if flags & EXTERNAL == 0 { None } else { Some(input.bytes()?) };
        Ok(WaitingGrant {
            entitlement,
            principal_type,
            principal,
            v1_prefix,
            v1_shared: flags & V1_SHARED != 0,
            immutable,
            metadata,
            expandable,
            skip_if_absent: flags & SKIP_IF_ABSENT != 0,
            external,
        })
    }
}

/// What the rows of a page have in common. Pages have very few different values, so they are found by looking; of metadata
/// each row may have its own.
#[derive(Default)]
struct Shared {
    entitlements: Vec<Arc<EntitlementRef>>,
    texts: Vec<String>,
    metadata: Vec<Metadata>,
    metadata_places: HashMap<Metadata, usize>,
}

impl Shared {
    /// The newest are looked at first: rows come in runs.
    fn entitlement(&mut self, wanted: &Arc<EntitlementRef>) -> usize {
        let known = self.entitlements.iter().rposition(|known| Arc::ptr_eq(known, wanted) || known == wanted);
        known.unwrap_or_else(|| {
            self.entitlements.push(Arc::clone(wanted));
            self.entitlements.len() - 1
        })
    }

    fn text(&mut self, wanted: &str) -> usize {
        self.texts.iter().rposition(|known| known == wanted).unwrap_or_else(|| {
            self.texts.push(wanted.to_owned());
            self.texts.len() - 1
        })
    }

    fn metadata(&mut self, wanted: &Metadata) -> usize {
        if let Some(place) = self.metadata_places.get(wanted) {
            return *place;
        }
        let place = self.metadata.len();
        self.metadata.push(wanted.clone());
        self.metadata_places.insert(wanted.clone(), place);
        place
    }

    fn encode(&self, out: &mut Vec<u8>) {
        varint(out, self.entitlements.len());
        for entitlement in &self.entitlements {
            bytes(out, entitlement.id.as_bytes());
            bytes(out, entitlement.resource_type.as_bytes());
            bytes(out, entitlement.resource.as_bytes());
        }
        varint(out, self.texts.len());
        for text in &self.texts {
            bytes(out, text.as_bytes());
        }
        varint(out, self.metadata.len());
        for metadata in &self.metadata {
            bytes(out, metadata.encoded());
        }
    }
}

fn resource_id(out: &mut Vec<u8>, id: Option<&ResourceId>) {
    bytes(out, id.map_or(&[], |id| id.resource_type.as_bytes()));
    bytes(out, id.map_or(&[], |id| id.resource.as_bytes()));
}

fn message(out: &mut Vec<u8>, message: &impl Message) {
    let length = message.encoded_len();
    varint(out, length);
    out.reserve(length);
    message.encode_raw(out);
}

fn varint(out: &mut Vec<u8>, value: usize) {
    prost::encoding::encode_varint(value as u64, out);
}

fn bytes(out: &mut Vec<u8>, value: &[u8]) {
    varint(out, value.len());
    out.extend_from_slice(value);
}

fn damaged() -> SyncError {
    SyncError::Damaged("a page cannot be decoded".to_owned())
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Result<u8, SyncError> {
        let (first, rest) = self.0.split_first().ok_or_else(damaged)?;
        self.0 = rest;
        Ok(*first)
    }

    fn varint(&mut self) -> Result<usize, SyncError> {
        let value = prost::encoding::decode_varint(&mut self.0).map_err(|_| damaged())?;
        usize::try_from(value).map_err(|_| damaged())
    }

    fn bytes(&mut self) -> Result<&'a [u8], SyncError> {
        let length = self.varint()?;
        let (value, rest) = self.0.split_at_checked(length).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(value)
    }

    fn text(&mut self) -> Result<&'a str, SyncError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| damaged())
    }
}

#[cfg(test)]
mod tests;
