//! What a connector can sync, as data: resource types with their policies, kinds of work, barriers.

use baton_proto::c1::connector::v2::ResourceType;

use crate::kind::{QueueId, WorkKind};
use crate::work::Barrier;

/// Describes a connector under its present configuration.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// The resource types, in stored order.
    pub types: Vec<TypeSpec>,
    /// The kinds of work, in the order in which their rows are stored.
    pub kinds: &'static [KindSpec],
    /// Decisions that wait for the totals of earlier work.
    pub barriers: &'static [Barrier],
    /// Kinds of work that read the same grants from different sides, so that a barrier releases one of them: their grants are
    /// stored at the place of the first, in an order that does not depend on the side.
    pub equivalent_kinds: &'static [&'static [WorkKind]],
}

/// A resource type and how a sync treats it.
#[derive(Debug, Clone)]
pub struct TypeSpec {
    /// The type as it is stored.
    pub resource_type: ResourceType,
    /// Whether it is synced only if [`Options`](crate::Options) name it.
    pub opt_in: bool,
    /// Whether a sync that finds far fewer resources than the last one fails: consumers would take access away from whatever is
    /// missing.
    pub guarded: bool,
    /// If every system has at least one resource of the type: a sentence for people that says why none may be visible and what
    /// to do about it.
    pub never_empty: Option<&'static str>,
    /// Whether resources of the type reference others that may turn out not to be in the file: see
    /// [`SyncSession::strip_dangling`](crate::SyncSession::strip_dangling).
    pub references_others: bool,
    /// How to treat grants to principals of the type that are not in the file.
    pub missing_principal: MissingPrincipal,
}

impl TypeSpec {
    /// A type that is always synced, without any guard.
    #[must_use]
    pub fn new(resource_type: ResourceType) -> Self {
        Self {
            resource_type,
            opt_in: false,
            guarded: false,
            never_empty: None,
            references_others: false,
            missing_principal: MissingPrincipal::Keep,
        }
    }

    /// The type's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.resource_type.id
    }
}

/// A kind of work.
#[derive(Debug, Clone, Copy)]
pub struct KindSpec {
    /// Its name in the plan.
    pub kind: WorkKind,
    /// The words for people ("group members").
    pub label: &'static str,
    /// The queue of its requests.
    pub queue: QueueId,
}

/// How to treat a grant whose principal is not in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingPrincipal {
    /// Keep it and count it: the principal exists, it was only not listed.
    Keep,
    /// Leave it out and count it: the principal was left out on purpose.
    Drop,
}

impl Schema {
    /// The kind of work of that name, as in a stored plan.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&'static KindSpec> {
        self.kinds.iter().find(|spec| spec.kind == name)
    }

    /// The queue of a kind of work. Kinds that are not in the schema share one.
    #[must_use]
    pub fn queue(&self, kind: WorkKind) -> QueueId {
        self.kind(kind).map_or("", |spec| spec.queue)
    }

    /// The resource type with that id.
    #[must_use]
    pub fn resource_type(&self, id: &str) -> Option<&TypeSpec> {
        self.types.iter().find(|spec| spec.id() == id)
    }

    /// How to treat grants to principals of the type `id` that are not in the file. Those of unknown types are kept.
    #[must_use]
    pub fn missing_principal(&self, id: &str) -> MissingPrincipal {
        self.resource_type(id).map_or(MissingPrincipal::Keep, |spec| spec.missing_principal)
    }
}
