//! API tokens: who has made one, when it was last used and when it ends, never the token itself
//! (`docs/spec/okta-sync.md` 6.8, `docs/spec/decisions.md` 2.8).

use baton_connector::{Gap, GapKind, MissingPrincipal, Page, SourceError, Work, build};
use baton_proto::any;
use baton_proto::c1::connector::v2::secret_trait::CredentialType;
use baton_proto::c1::connector::v2::{Resource, ResourceId, SecretTrait};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Span, SpanRelativeTo};
use okta_client::models::TokenInfo;
use okta_client::{Bucket, endpoints};
use prost_types::Timestamp;

use super::mapping::{gap, point_in_time, stored_without, timestamp};
use super::module::{Kind, Module};
use super::pages::ResourceDescriptor;
use crate::context::{Context, SingleScope};
use crate::ids::api_token::{API_TOKENS, ID, ONE_API_TOKEN};
use crate::ids::user;

/// The resource type `api-token`.
pub(crate) const MODULE: Module = Module {
    id: ID,
    kinds: &[
        Kind { name: API_TOKENS, label: "API tokens", bucket: Bucket::Rest, fetch: fetch_tokens },
        Kind { name: ONE_API_TOKEN, label: "single API tokens", bucket: Bucket::Rest, fetch: fetch_token },
    ],
    single: ONE_API_TOKEN,
    start: |scope| if scope.api_tokens { vec![Work::new(API_TOKENS, "")] } else { Vec::new() },
};

fn fetch_tokens<'a>(
    context: &'a Context,
    _work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let list = (&[ID][..], "listing the API tokens");
        context
            .page_of_types(&endpoints::tokens::list(), cursor, list, |tokens, page| {
                tokens.iter().for_each(|token| add(page, token));
            })
            .await
    }
    .boxed()
}

fn fetch_token<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let SingleScope { is_named, .. } = context.scope_of(ID, &work.subject);
        let descriptor = ResourceDescriptor {
            resource_type: ID,
            what: "API token",
            id: &work.subject,
            id_of: |token: &TokenInfo| token.id.as_str(),
            is_named,
        };
        let request = endpoints::tokens::get(&work.subject);
        context
            .fetch_one(request, descriptor, |token, page| {
                add(page, token);
                // Whether the owner belongs to the sync, the owner's profile tells.
                if let Some(owner) = token.user_id.as_deref().filter(|_| !context.rules.filter_email_domains.is_empty())
                {
                    page.opens.push(Work::new(user::ONE_USER, owner));
                }
            })
            .await
    }
    .boxed()
}

/// Adds a token, and what of it could not be stored. Whatever Okta leaves out of it is left out here.
pub(super) fn add(page: &mut Page, token: &TokenInfo) {
    let mut unmapped = Vec::new();
    let owner = token.user_id.as_deref().filter(|id| !id.is_empty()).map(|id| build::resource_id(user::ID, id));
    let last_used_at = last_use(token, &mut unmapped);
    let of_token = SecretTrait {
        last_used_at,
        expires_at: point_in_time("expiresAt", token.expires_at.as_ref(), &mut unmapped),
        created_by_id: owner.clone(),
        identity_id: owner,
        credential_type: CredentialType::StaticSecret.into(),
        credential_detail: "okta.api_token".to_owned(),
        ..SecretTrait::default()
    };
    page.resources.push(Resource {
        annotations: vec![build::annotation(&of_token)],
        created_at: point_in_time("created", token.created.as_ref(), &mut unmapped),
        ..build::resource(ID, &token.id, token.name.as_deref().unwrap_or_default())
    });
    page.gaps.extend(stored_without(ID, "API token", &token.id, unmapped));
}

/// When a token was last used (`docs/spec/okta-more.md` 1): every use sets its end anew, a fixed time ahead, so that an end
/// that far from its beginning means that it was never used.
fn last_use(token: &TokenInfo, unmapped: &mut Vec<String>) -> Option<Timestamp> {
    let window = token.token_window.as_deref()?;
    let days = SpanRelativeTo::days_are_24_hours();
    let length = window.parse::<Span>().ok().and_then(|span| span.to_duration(days).ok());
    let Some(length) = length.filter(SignedDuration::is_positive) else {
        unmapped.push(format!("its last use, because `tokenWindow` is no duration: {window}"));
        return None;
    };
    let used = token.expires_at.as_ref()?.parse()?.checked_sub(length).ok()?;
    (used > token.created.as_ref()?.parse()?).then(|| timestamp(used))
}

/// Deals with the owner of a token who is not in the sync: as with a grant to somebody who is not there, the token keeps an
/// owner who exists, and loses one who was left out on purpose.
pub(crate) fn check_owner(
    token: &mut Resource,
    missing: MissingPrincipal,
    is_there: &dyn Fn(&ResourceId) -> bool,
) -> Option<Gap> {
    let mut of_token: SecretTrait = any::find(&token.annotations)?;
    let owner = of_token.identity_id.take().filter(|owner| !is_there(owner))?;
    if missing == MissingPrincipal::Keep {
        let id = token.id.as_ref().map_or("", |id| &id.resource);
        let message = format!("it is kept as the owner of API token {id}, although it is not in this sync");
        return Some(gap(GapKind::Dangling, user::ID, &owner.resource, message));
    }
    of_token.created_by_id = None;
    let packed = build::annotation(&of_token);
    let place = token.annotations.iter_mut().find(|annotation| annotation.type_url == packed.type_url)?;
    *place = packed;
    let id = token.id.as_ref().map(|id| id.resource.as_str()).unwrap_or_default();
    let message = format!("API token {id} is stored without its owner {}, who is not in this sync", owner.resource);
    Some(gap(GapKind::LeftOut, ID, id, message))
}

#[cfg(test)]
mod tests {
    //! Every row of the mapping of tokens, with literal expectations.

    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use baton_proto::json as protojson;
    use okta_client::models::record_from_json;
    use serde_json::{Value, json};

    use super::*;

    fn mapped(token: &Value) -> (Resource, Vec<Gap>) {
        let mut page = Page::default();
        add(&mut page, &record_from_json(token.to_string().as_bytes()).unwrap());
        (page.resources.remove(0), page.gaps)
    }

    fn whole() -> Value {
        json!({
            "id": "00Tok1", "name": "ci token", "userId": "00u1", "clientName": "Okta API", "tokenWindow": "P30D",
            "network": {"connection": "ANYWHERE"}, "expiresAt": "2026-12-31T23:59:59.500Z",
            "created": "2023-01-02T03:04:05.000Z", "lastUpdated": "2024-05-06T07:08:09.000Z",
        })
    }

    #[test]
    fn a_token_is_a_secret_of_its_owner() {
        let (token, gaps) = mapped(&whole());
        let owner = json!({"resourceType": "user", "resource": "00u1"});
        assert_eq!(
            protojson::to_value(&token).unwrap(),
            json!({
                "id": {"resourceType": "api-token", "resource": "00Tok1"},
                "displayName": "ci token",
                "createdAt": "2023-01-02T03:04:05Z",
                "annotations": [{
                    "@type": "type.googleapis.com/c1.connector.v2.SecretTrait",
                    "expiresAt": "2026-12-31T23:59:59.500Z",
                    "lastUsedAt": "2026-12-01T23:59:59.500Z",
                    "createdById": owner,
                    "identityId": owner,
                    "credentialType": "CREDENTIAL_TYPE_STATIC_SECRET",
                    "credentialDetail": "okta.api_token",
                }],
            })
        );
        assert_eq!(gaps, []);
    }

    #[test]
    fn the_last_use_is_a_window_before_the_end() {
        let last_use = |members: Value| {
            let mut token = whole();
            token.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            let (token, gaps) = mapped(&token);
            let secret = protojson::to_value(&token).unwrap()["annotations"][0].take();
            (secret["lastUsedAt"].as_str().map(str::to_owned), gaps)
        };
        for (members, expected) in [
            (json!({}), Some("2026-12-01T23:59:59.500Z")),
            (json!({"tokenWindow": "P90D"}), Some("2026-10-02T23:59:59.500Z")),
            (json!({"tokenWindow": "PT12H"}), Some("2026-12-31T11:59:59.500Z")),
            // A token that was never used ends a window after its beginning; it was not used before that either.
            (json!({"expiresAt": "2023-02-01T03:04:05.000Z"}), None),
            (json!({"expiresAt": "2023-02-01T03:04:05.001Z"}), Some("2023-01-02T03:04:05.001Z")),
            (json!({"tokenWindow": "P3650D"}), None),
            // The last change of a token is not its last use.
            (json!({"expiresAt": null}), None),
            (json!({"tokenWindow": null}), None),
            (json!({"created": null}), None),
        ] {
            assert_eq!(last_use(members.clone()), (expected.map(str::to_owned), Vec::new()), "{members}");
        }
        for window in ["a month", "P1M", "-P30D", "P0D"] {
            let (used, gaps) = last_use(json!({"tokenWindow": window}));
            assert_eq!((used, gaps.len()), (None, 1), "{window}");
            assert!(gaps[0].message.contains("its last use") && gaps[0].message.contains(window), "{gaps:?}");
        }
    }

    #[test]
    fn nothing_but_the_id_is_needed() {
        let (token, gaps) = mapped(&json!({"id": "00Tok1", "name": null, "expiresAt": "soon"}));
        assert_eq!(
            protojson::to_value(&token).unwrap(),
            json!({
                "id": {"resourceType": "api-token", "resource": "00Tok1"},
                "annotations": [{
                    "@type": "type.googleapis.com/c1.connector.v2.SecretTrait",
                    "credentialType": "CREDENTIAL_TYPE_STATIC_SECRET",
                    "credentialDetail": "okta.api_token",
                }],
            })
        );
        assert_eq!((gaps.len(), gaps[0].kind), (1, GapKind::Unmappable));
        assert!(gaps[0].message.contains("00Tok1") && gaps[0].message.contains("expiresAt"), "{gaps:?}");
    }

    #[test]
    fn an_owner_who_exists_is_kept_and_reported() {
        let (whole, _) = mapped(&whole());
        let mut token = whole.clone();
        let gap = check_owner(&mut token, MissingPrincipal::Keep, &|_| false).unwrap();
        assert_eq!(token, whole);
        assert_eq!((gap.kind, gap.resource_type.as_str(), gap.id.as_str()), (GapKind::Dangling, "user", "00u1"));
        assert!(gap.message.contains("00Tok1"), "{gap:?}");
    }

    #[test]
    fn an_owner_who_was_left_out_is_taken_out() {
        let (whole, _) = mapped(&whole());
        let mut token = whole.clone();
        for missing in [MissingPrincipal::Keep, MissingPrincipal::Drop] {
            assert_eq!(check_owner(&mut token, missing, &|owner| owner.resource == "00u1"), None);
        }
        assert_eq!(token, whole);
        let gap = check_owner(&mut token, MissingPrincipal::Drop, &|_| false).unwrap();
        assert_eq!((gap.kind, gap.id.as_str()), (GapKind::LeftOut, "00Tok1"));
        assert!(gap.message.contains("00u1"), "{gap:?}");
        let of_token: SecretTrait = any::find(&token.annotations).unwrap();
        assert_eq!((of_token.identity_id, of_token.created_by_id), (None, None));
        assert!(of_token.expires_at.is_some() && token.annotations.len() == 1);
    }
}
