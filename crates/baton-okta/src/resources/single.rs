//! Resources that are read one by one, for a partial sync: those that the operator named, and those that grants name.

use baton_connector::{FetchError, Options, Page, ResourceBid, Work, WorkKind};
use okta_client::models::Record;
use okta_client::{Error, Request};

use super::{Context, role};
use crate::config::Rules;
use crate::errors::{self, Refused};
use crate::scope::Scope;

/// The word in a work's detail for a resource that the operator named.
const NAMED: &str = "named";

/// What is known of a resource that is to be read alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Single<'a> {
    /// Its id.
    pub id: &'a str,
    /// What is to be read of it; grants only if it was named.
    pub scope: Scope,
    /// Whether the operator named it.
    pub is_named: bool,
}

/// The work of `kind` that reads `resource`.
pub(crate) fn work(kind: WorkKind, resource: &ResourceBid, options: &Options, rules: &Rules) -> Work {
    let is_named = options.targets(&resource.resource);
    let mut scope = Scope::of(options, rules);
    scope.grants &= is_named;
    let mut detail = scope.detail();
    if is_named {
        detail = format!("{detail} {NAMED}{}", role::only(options));
    }
    Work::new(kind, resource.resource.id.as_str()).with_detail(detail)
}

impl<'a> Single<'a> {
    /// The resource that a work is about.
    pub(super) fn of(work: &'a Work) -> Self {
        let is_named = work.detail.split(' ').any(|word| word == NAMED);
        Self { id: &work.subject, scope: Scope::parse(&work.detail), is_named }
    }

    /// The same for a part of the resource that has an id of its own.
    pub(super) fn with_id(self, id: &'a str) -> Self {
        Self { id, ..self }
    }

    /// The work of `kind` that reads another resource for the sake of this one.
    pub(super) fn other(&self, kind: WorkKind, id: &str) -> Work {
        Work::new(kind, id).with_detail(Scope { grants: false, ..self.scope }.detail())
    }

    /// The page of a resource that is not there.
    pub(super) fn gone(&self, resource_type: &str, what: &str) -> Page {
        let id = self.id;
        let message = format!("{what} {id}: there is none with this id");
        Page { gaps: vec![super::gap(baton_connector::GapKind::Gone, resource_type, id, message)], ..Page::default() }
    }
}

/// What is asked for: the resource type, what it is called, and how its id is read.
pub(super) type Asked<T> = (&'static str, &'static str, fn(&T) -> &str);

impl Context {
    /// Reads one object and lets `map` make of it what it can. An object that is not there is a gap; so is one under
    /// another id, because Okta also takes names for ids.
    pub(super) async fn one<T: Record>(
        &self,
        request: Result<Request, Error>,
        single: Single<'_>,
        (resource_type, what, id_of): Asked<T>,
        map: impl FnOnce(&T, &mut Page),
    ) -> Result<Page, FetchError> {
        let answer = match request {
            Ok(request) => self.client.get::<T>(&request).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(object) if id_of(&object) == single.id => {
                let mut page = Page::default();
                map(&object, &mut page);
                Ok(page)
            }
            Ok(_) => Ok(single.gone(resource_type, what)),
            Err(error) if errors::is_gone(&error) => Ok(single.gone(resource_type, what)),
            Err(error) => {
                let refused = if single.is_named { Refused::Fatal } else { Refused::Gap };
                let gap = errors::of_object(&error, resource_type, what, single.id, refused)?;
                Ok(Page { gaps: vec![gap], ..Page::default() })
            }
        }
    }
}
