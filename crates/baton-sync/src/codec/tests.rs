//! Pages go into their form and come out of it as they were.

#![allow(clippy::unwrap_used)]

use baton_connector::{Metadata, Principal, build};
use baton_proto::c1::connector::v2::GrantExpandable;
use proptest::prelude::*;

use super::*;

fn draft(entitlement: u8, user: &str, extras: u8) -> GrantDraft {
    let resource = format!("00g{entitlement}");
    let entitlement = Arc::new(build::entitlement_ref("group", &resource, "member"));
    let prefix: Arc<str> = Arc::from(format!("grant:membership:{resource}:"));
    let principal_type = if extras & 8 == 0 { "user" } else { "group" };
    let mut grant =
        GrantDraft::new(&entitlement, &prefix, Principal { resource_type: principal_type, id: user.to_owned() });
    grant.v1_shared = extras & 16 != 0;
    grant.skip_if_absent = extras & 64 != 0;
    grant.external = (extras & 32 != 0).then(|| baton_connector::ExternalMatch::Id(user.to_owned()));
    if extras & 1 != 0 {
        grant.immutable = Some("why".to_owned());
    }
    if extras & 2 != 0 {
        // As many different ones as entitlements.
        let kind = Some(prost_types::value::Kind::StringValue(resource));
        let fields = [("via".to_owned(), prost_types::Value { kind })].into();
        grant.metadata = Some(Metadata::new(prost_types::Struct { fields }));
    }
    if extras & 4 != 0 {
        grant.expandable =
            Some(GrantExpandable { entitlement_ids: vec!["x".to_owned()], shallow: true, ..Default::default() });
    }
    grant
}

proptest! {
    #[test]
    fn grants_come_back_as_they_went(rows in proptest::collection::vec((0u8..4, ".{0,12}", 0u8..128), 0..50)) {
        let grants: Vec<_> = rows.iter().map(|(entitlement, user, extras)| draft(*entitlement, user, *extras)).collect();
        let blob = encode_grants(&grants);
        let mut seen = 0;
        for_each_grant(&blob, |waiting| {
            let grant = &grants[seen];
            seen += 1;
            assert_eq!(waiting.entitlement, grant.entitlement.as_ref());
            assert_eq!(waiting.principal, grant.principal.id);
            assert_eq!(waiting.principal_type, grant.principal.resource_type);
            assert_eq!(waiting.v1_prefix, &*grant.v1_prefix);
            assert_eq!((waiting.v1_shared, waiting.skip_if_absent), (grant.v1_shared, grant.skip_if_absent));
            assert_eq!(waiting.immutable, grant.immutable.as_deref());
            assert_eq!(waiting.metadata, grant.metadata.as_ref().map(Metadata::encoded));
            let expandable = grant.expandable.as_ref().map(prost::Message::encode_to_vec);
            assert_eq!(waiting.expandable, expandable.as_deref());
            let external = grant.external.as_ref().map(|external| external.annotation().encode_to_vec());
            assert_eq!(waiting.external, external.as_deref());
            Ok(())
        }).unwrap();
        prop_assert_eq!(seen, grants.len());
        let (mut one_by_one, mut in_batches) = (Vec::new(), Vec::new());
        // More than one batch.
        let blob = encode_grants(&grants.iter().cycle().take(grants.len() * 7).cloned().collect::<Vec<_>>());
        for_each_grant(&blob, |grant| {
            one_by_one.push(format!("{grant:?}"));
            Ok(())
        }).unwrap();
        for_each_batch(&blob, |batch| {
            in_batches.extend(batch.iter().map(|grant| format!("{grant:?}")));
            Ok(())
        }).unwrap();
        prop_assert_eq!(in_batches, one_by_one);
    }

    #[test]
    fn grants_are_left_out_and_the_others_stay_as_they_are(
        rows in proptest::collection::vec((0u8..4, 0u8..6, 0u8..128), 0..50),
        out in 0u8..6,
    ) {
        let drafts = |keep: &dyn Fn(u8) -> bool| -> Vec<_> {
            let kept = rows.iter().filter(|(_, user, _)| keep(*user));
            kept.map(|(entitlement, user, extras)| draft(*entitlement, &user.to_string(), *extras)).collect()
        };
        let blob = encode_grants(&drafts(&|_| true));
        let (trimmed, gone, left) = without(&blob, |grant| grant.principal == out.to_string()).unwrap();
        let told = |blob: &[u8]| {
            let mut told = Vec::new();
            for_each_grant(blob, |grant| {
                told.push(format!("{grant:?}"));
                Ok(())
            })
            .unwrap();
            told
        };
        let expected = told(&encode_grants(&drafts(&|user| user != out)));
        prop_assert_eq!((gone + left, left), (rows.len() as u64, expected.len() as u64));
        prop_assert_eq!(told(&trimmed), expected);
    }

    #[test]
    fn damaged_blobs_are_refused_not_a_panic(blob in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = for_each_grant(&blob, |_| Ok(()));
        let _ = without(&blob, |_| false);
        let _ = for_each_object(&blob, |_| Ok(()));
    }
}

#[test]
fn a_page_of_members_is_small() {
    let entitlement = Arc::new(build::entitlement_ref("group", "00g00000000000000001", "member"));
    let prefix: Arc<str> = Arc::from("grant:membership:00g00000000000000001:");
    let grants: Vec<_> = (0..1000)
        .map(|user| {
            GrantDraft::new(&entitlement, &prefix, Principal { resource_type: "user", id: format!("00u{user:017}") })
        })
        .collect();
    assert!(encode_grants(&grants).len() < 1000 * 27);
}

#[test]
fn objects_come_back_with_their_ids() {
    let resource = build::resource("group", "00g1", "Engineering");
    let entitlement =
        build::assignment(&resource, "member", "E".into(), "of E".into(), Vec::new(), "membership:00g1".into());
    let (id, data_of_second) = ("00g2".to_owned(), build::resource("group", "00g2", "Sales").encode_to_vec());
    let page = baton_connector::Page {
        resources: vec![resource.clone()],
        encoded: vec![EncodedResource { resource_type: "group", id, data: data_of_second.clone() }],
        entitlements: vec![entitlement.clone()],
        ..Default::default()
    };
    let blob = encode_objects(&page);
    let mut seen = Vec::new();
    for_each_object(&blob, |object| {
        match object {
            Object::Resource { resource_type, id, parent, data } => {
                let (of, expected) = match seen.len() {
                    0 => ("00g1", resource.encode_to_vec()),
                    _ => ("00g2", data_of_second.clone()),
                };
                assert_eq!((resource_type, id, parent), ("group", of, ("", "")));
                assert_eq!(data, expected);
                seen.push("resource");
            }
            Object::Entitlement { resource_type, resource, id, data } => {
                assert_eq!((resource_type, resource, id), ("group", "00g1", "group:00g1:member"));
                assert_eq!(data, entitlement.encode_to_vec());
                seen.push("entitlement");
            }
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, ["resource", "resource", "entitlement"]);
}
