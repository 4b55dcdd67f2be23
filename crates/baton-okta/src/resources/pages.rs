//! Fetching a page: what every fetch function has in common.

use baton_connector::{Gap, GapKind, Page, SourceError};
use okta_client::models::Record;
use okta_client::{Error, ListPage, ListRequest, Request};

use super::mapping::gap;
use crate::context::Context;
use crate::endpoint_choice::AlternateEndpoints;
use crate::errors::{self, Refused};

/// A list below one object.
pub(super) struct SubList<'a> {
    /// The resource type that is incomplete without it.
    pub resource_type: &'a str,
    /// The list in words ("the members of group").
    pub what: &'a str,
    /// The object's id.
    pub id: &'a str,
    /// What a 403 means.
    pub refused: Refused,
}

/// One object, as the operator or a grant named it.
pub(super) struct ResourceDescriptor<'a, T> {
    /// Its resource type.
    pub resource_type: &'static str,
    /// What it is called in messages.
    pub what: &'static str,
    /// The id under which it was named.
    pub id: &'a str,
    /// Reads the id of an answer.
    pub id_of: fn(&T) -> &str,
    /// Whether the operator named it: then a refusal is an error, not a gap.
    pub is_named: bool,
}

impl Context {
    /// Fetches a page of a list without which there is no sync, and maps it.
    pub(super) async fn page_of_main_list<T: Record>(
        &self,
        request: &ListRequest<T>,
        cursor: Option<&str>,
        (resource_type, doing): (&str, &str),
        map: impl FnOnce(&[T], &mut Page),
    ) -> Result<Page, SourceError> {
        let answer = self.client.page(request, cursor).await;
        let answer = answer.map_err(|error| errors::fatal(resource_type, doing, &error))?;
        let mut page = page_from_list(&answer, resource_type);
        map(&answer.items, &mut page);
        Ok(page)
    }

    /// Fetches a page of a list without which none of the resource types `types` can be read, and maps it. If Okta refuses
    /// the list, the page reports that those types are not read.
    pub(super) async fn page_of_types<T: Record>(
        &self,
        request: &ListRequest<T>,
        cursor: Option<&str>,
        (types, doing): (&[&'static str], &str),
        map: impl FnOnce(&[T], &mut Page),
    ) -> Result<Page, SourceError> {
        match self.client.page(request, cursor).await {
            Ok(answer) => {
                let mut page = page_from_list(&answer, types.first().copied().unwrap_or_default());
                map(&answer.items, &mut page);
                Ok(page)
            }
            Err(error) => Ok(Page { gaps: errors::of_types(&error, types, doing)?, ..Page::default() }),
        }
    }

    /// Fetches a page of a list below one object and maps it. Where Okta cannot answer, for a reason that concerns this object
    /// alone, the page holds a gap.
    pub(super) async fn page_of_sub_list<T: Record>(
        &self,
        request: Result<ListRequest<T>, Error>,
        cursor: Option<&str>,
        list: SubList<'_>,
        map: impl FnOnce(&[T], &mut Page),
    ) -> Result<Page, SourceError> {
        let answer = match request {
            Ok(request) => self.client.page(&request, cursor).await,
            Err(error) => Err(error),
        };
        mapped_sub_list(answer, &list, |items, page| map(&items, page))
    }

    /// The same for a list that two endpoints serve. These are the longest: `map` gets the records themselves.
    pub(super) async fn page_of_alternates<T: Record>(
        &self,
        endpoints: Result<AlternateEndpoints<T>, Error>,
        cursor: Option<&str>,
        list: SubList<'_>,
        map: impl FnOnce(Vec<T>, &mut Page),
    ) -> Result<Page, SourceError> {
        let answer = match endpoints {
            Ok(endpoints) => self.endpoints.page(&self.client, endpoints, list.id, cursor).await,
            Err(error) => Err(error),
        };
        mapped_sub_list(answer, &list, map)
    }

    /// Fetches one object and maps it. An object that does not exist is a gap; so is one under another id, because Okta also
    /// takes names for ids.
    pub(super) async fn fetch_one<T: Record>(
        &self,
        request: Result<Request, Error>,
        descriptor: ResourceDescriptor<'_, T>,
        map: impl FnOnce(&T, &mut Page),
    ) -> Result<Page, SourceError> {
        let ResourceDescriptor { resource_type, what, id, id_of, is_named } = descriptor;
        let answer = match request {
            Ok(request) => self.client.get::<T>(&request).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(object) if id_of(&object) == id => {
                let mut page = Page::default();
                map(&object, &mut page);
                Ok(page)
            }
            Ok(_) => Ok(page_of_absent(resource_type, what, id)),
            Err(error) if errors::is_gone(&error) => Ok(page_of_absent(resource_type, what, id)),
            Err(error) => {
                let refused = if is_named { Refused::Fatal } else { Refused::Gap };
                let gap = errors::of_object(&error, resource_type, what, id, refused)?;
                Ok(Page { gaps: vec![gap], ..Page::default() })
            }
        }
    }
}

fn mapped_sub_list<T: Record>(
    answer: Result<ListPage<T>, Error>,
    list: &SubList<'_>,
    map: impl FnOnce(Vec<T>, &mut Page),
) -> Result<Page, SourceError> {
    match answer {
        Ok(answer) => {
            let mut page = page_from_list(&answer, list.resource_type);
            map(answer.items, &mut page);
            Ok(page)
        }
        Err(error) => {
            let gap = errors::of_object(&error, list.resource_type, list.what, list.id, list.refused)?;
            Ok(Page { gaps: vec![gap], ..Page::default() })
        }
    }
}

/// A page that continues where Okta's answer says, with a gap for each record of it that could not be read.
pub(super) fn page_from_list<T: Record>(answer: &ListPage<T>, resource_type: &str) -> Page {
    let gaps = answer.unreadable.iter().map(|record| {
        let id = record.id.as_deref().unwrap_or_default();
        let which = if id.is_empty() { "without a readable id" } else { id };
        gap(GapKind::Unmappable, resource_type, id, format!("{} {which} cannot be read: {}", T::KIND, record.reason))
    });
    Page { next: answer.next.clone(), gaps: gaps.collect(), ..Page::default() }
}

/// The page of a resource that does not exist.
pub(super) fn page_of_absent(resource_type: &str, what: &str, id: &str) -> Page {
    let gap: Gap = gap(GapKind::Gone, resource_type, id, format!("{what} {id}: there is none with this id"));
    Page { gaps: vec![gap], ..Page::default() }
}
