//! Every row of the mapping of users, with literal expectations.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![expect(deprecated, reason = "the status in the trait is one of the rows")]

use baton_proto::{any, json as protojson};
use okta_client::models::record_from_json;
use serde_json::{Value, json};

use super::*;
use crate::EmailDomains;

fn user(body: &Value) -> User {
    record_from_json(body.to_string().as_bytes()).unwrap()
}

fn page_of(body: &Value, rules: &Rules) -> Page {
    let mut page = Page::default();
    add(&mut page, &user(body), rules);
    page
}

fn mapped(body: &Value) -> Resource {
    let page = page_of(body, &Rules::default());
    assert_eq!(page.gaps, []);
    only(&page)
}

/// The one resource on a page, which is encoded as the generated encoder would do it.
fn only(page: &Page) -> Resource {
    let [EncodedResource { resource_type: ID, id, data }] = page.encoded.as_slice() else { panic!("{page:?}") };
    let resource = Resource::decode(data.as_slice()).unwrap();
    assert_eq!(&resource.encode_to_vec(), data);
    assert_eq!(resource.id, Some(build::resource_id(ID, id)));
    let of_user = user_trait(&resource);
    assert_eq!(any::pack(&of_user), resource.annotations[2]);
    resource
}

fn with_profile(profile: &Value) -> Resource {
    mapped(&json!({"id": "00u1", "status": "ACTIVE", "profile": profile}))
}

fn user_trait(resource: &Resource) -> UserTrait {
    any::find(&resource.annotations).unwrap()
}

#[test]
fn a_user_becomes_a_resource() {
    let resource = mapped(&json!({
        "id": "00u1active", "status": "ACTIVE", "created": "2023-01-02T08:00:00.000Z", "activated": null,
        "lastLogin": "2026-07-02T09:30:00.250Z", "lastUpdated": "2026-07-02T09:30:00.000Z", "type": {"id": "oty1"},
        "profile": {
            "firstName": "Ada", "lastName": "Active", "displayName": "Ada D. Active", "email": "ada@acme.example",
            "secondEmail": "ada.home@mail.example", "login": "ada@acme.example", "employeeNumber": "E-001",
            "mobilePhone": null, "level": 7, "remote": true, "tags": ["a", 1], "address": {"city": "Prague"},
        },
        "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}}, "_links": {},
    }));
    assert_eq!(
        protojson::to_value(&resource).unwrap(),
        json!({
            "id": {"resourceType": "user", "resource": "00u1active"},
            "displayName": "Ada D. Active",
            "annotations": [
                {"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": "00u1active"},
                {"@type": "type.googleapis.com/c1.connector.v2.RawId", "id": "00u1active"},
                {
                    "@type": "type.googleapis.com/c1.connector.v2.UserTrait",
                    "emails": [
                        {"address": "ada@acme.example", "isPrimary": true},
                        {"address": "ada.home@mail.example"},
                    ],
                    "status": {"status": "STATUS_ENABLED"},
                    "accountType": "ACCOUNT_TYPE_HUMAN",
                    "login": "ada@acme.example",
                    "loginAliases": ["ada"],
                    "employeeIds": ["E-001"],
                    "lastLogin": "2026-07-02T09:30:00.250Z",
                },
            ],
            "profile": {
                "firstName": "Ada", "lastName": "Active", "displayName": "Ada D. Active", "email": "ada@acme.example",
                "secondEmail": "ada.home@mail.example", "login": "ada@acme.example", "employeeNumber": "E-001",
                "mobilePhone": null, "level": 7, "remote": true, "tags": ["a", 1], "address": {"city": "Prague"},
                "c1_okta_raw_user_status": "ACTIVE",
            },
            "status": {"status": "RESOURCE_STATUS_ENABLED", "details": "ACTIVE"},
            "createdAt": "2023-01-02T08:00:00Z",
        })
    );
}

#[test]
fn statuses() {
    let enabled = (ResourceStatus::Enabled, user_trait::status::Status::Enabled);
    let disabled = (ResourceStatus::Disabled, user_trait::status::Status::Disabled);
    let unknown = (ResourceStatus::Unspecified, user_trait::status::Status::Unspecified);
    for (okta, expected) in [
        ("ACTIVE", enabled),
        ("PROVISIONED", enabled),
        ("RECOVERY", enabled),
        ("PASSWORD_EXPIRED", enabled),
        ("LOCKED_OUT", enabled),
        ("STAGED", disabled),
        ("SUSPENDED", disabled),
        ("DEPROVISIONED", disabled),
        ("LIMBO", unknown),
        ("active", unknown),
        ("", unknown),
    ] {
        let resource = mapped(&json!({"id": "00u1", "status": okta, "profile": {}}));
        let status = resource.status.clone().unwrap();
        assert_eq!((status.status(), status.details.as_str()), (expected.0, okta));
        let of_user = user_trait(&resource).status.unwrap();
        assert_eq!((of_user.status(), of_user.details.as_str()), (expected.1, ""), "{okta}");
        assert_eq!(raw_status(&resource), okta);
    }
    assert_eq!(raw_status(&mapped(&json!({"id": "00u1", "status": null}))), "");
}

fn raw_status(resource: &Resource) -> String {
    let profile = resource.profile.clone().unwrap();
    match profile.fields["c1_okta_raw_user_status"].kind.clone() {
        Some(prost_types::value::Kind::StringValue(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn display_names() {
    for (profile, expected) in [
        (json!({"displayName": "Ada D.", "firstName": "Ada", "lastName": "Active"}), "Ada D."),
        (json!({"displayName": "", "firstName": "Ada", "lastName": "Active"}), ""),
        (json!({"displayName": null, "firstName": "Ada", "lastName": "Active"}), "Ada Active"),
        (json!({"displayName": 5, "firstName": "Ada", "lastName": "Active"}), "Ada Active"),
        (json!({"lastName": "Weird"}), "unknown Weird"),
        (json!({"firstName": "Ada", "lastName": null}), "Ada unknown"),
        (json!({"firstName": "", "lastName": ""}), " "),
        (json!({}), "unknown unknown"),
    ] {
        assert_eq!(with_profile(&profile).display_name, expected, "{profile}");
    }
}

#[test]
fn logins_and_aliases() {
    for (profile, login, aliases) in [
        (json!({"login": "pat.p@acme.example"}), "pat.p@acme.example", vec!["pat.p"]),
        (json!({"Login": "ada@acme.example"}), "ada@acme.example", vec!["ada"]),
        (json!({"LOGIN": "", "login": "ada"}), "ada", vec![]),
        (json!({"login": "svc-weird"}), "svc-weird", vec![]),
        (json!({"login": "a@b@c"}), "a@b@c", vec![]),
        (json!({"login": ""}), "", vec![]),
        (json!({"login": null}), "", vec![]),
        (json!({"login": 7}), "", vec![]),
        (json!({}), "", vec![]),
    ] {
        let of_user = user_trait(&with_profile(&profile));
        assert_eq!(
            (of_user.login.as_str(), of_user.login_aliases),
            (login, aliases.iter().map(ToString::to_string).collect())
        );
    }
}

#[test]
fn employee_ids_in_the_order_of_the_profile() {
    for (profile, expected) in [
        (
            json!({"employee_id": "E-009a", "employeeNumber": 42, "EmployeeIdNumber": "E-009b"}),
            vec!["E-009a", "E-009b"],
        ),
        (json!({"employeeIdNumber": "2", "EMPLOYEE_NUMBER": "1", "employee_idnumber": "0"}), vec!["2", "1", "0"]),
        (json!({"employeeId": "1", "employeeNumber": "1"}), vec!["1"]),
        (json!({"employeeId": ""}), vec![""]),
        (json!({"employeeId": null, "employee": "1", "employeeNumbers": "2"}), vec![]),
    ] {
        assert_eq!(user_trait(&with_profile(&profile)).employee_ids, expected, "{profile}");
    }
}

#[test]
fn emails_are_taken_as_they_are() {
    for (profile, expected) in [
        (json!({"email": "oli@Partner.EXAMPLE", "secondEmail": null}), vec![("oli@Partner.EXAMPLE", true)]),
        (
            json!({"secondEmail": "b@x.example", "email": "a@x.example"}),
            vec![("a@x.example", true), ("b@x.example", false)],
        ),
        (json!({"email": "", "secondEmail": "b@x.example"}), vec![("b@x.example", false)]),
        (json!({"email": "not-an-email"}), vec![("not-an-email", true)]),
        (json!({"email": 1, "secondEmail": "", "login": "a@x.example"}), vec![]),
    ] {
        let emails = user_trait(&with_profile(&profile)).emails;
        let emails: Vec<_> = emails.iter().map(|email| (email.address.as_str(), email.is_primary)).collect();
        assert_eq!(emails, expected, "{profile}");
    }
}

#[test]
fn secondary_emails_can_be_left_out() {
    let rules = Rules { skip_secondary_emails: true, ..Rules::default() };
    for profile in [json!({"email": "a@x.example", "secondEmail": "b@x.example"}), json!({"email": "a@x.example"})] {
        let page = page_of(&json!({"id": "00u1", "status": "ACTIVE", "profile": profile}), &rules);
        assert_eq!(user_trait(&only(&page)).emails.len(), 1);
        let profile = only(&page).profile.clone().unwrap();
        assert_eq!(profile.fields["secondEmail"].kind, Some(prost_types::value::Kind::NullValue(0)));
    }
}

#[test]
fn a_user_without_a_profile_is_stored() {
    for profile in [json!(null), json!("none"), json!([])] {
        let resource = with_profile(&profile);
        assert_eq!(resource.display_name, "unknown unknown");
        assert_eq!(resource.profile.unwrap().fields.len(), 1);
    }
}

#[test]
fn times_keep_their_fraction_and_may_be_missing() {
    let resource = mapped(&json!({"id": "00u1", "created": "1969-12-31T23:59:58.750Z", "lastLogin": null}));
    assert_eq!(resource.created_at, Some(prost_types::Timestamp { seconds: -2, nanos: 750_000_000 }));
    assert_eq!(user_trait(&resource).last_login, None);
    assert_eq!(mapped(&json!({"id": "00u1", "created": null})).created_at, None);

    let page = page_of(&json!({"id": "00u1", "created": "yesterday"}), &Rules::default());
    assert_eq!(only(&page).created_at, None);
    assert_eq!(page.gaps[0].message, "user 00u1 is stored without `created`, which is no time: yesterday");
}

#[test]
fn what_cannot_be_stored_is_reported_and_the_rest_kept() {
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    let page = page_of(&json!({"id": "00u1", "profile": {"deep": deep, "firstName": "Ada"}}), &Rules::default());
    assert_eq!(only(&page).profile.clone().unwrap().fields.len(), 2);
    assert_eq!(page.gaps[0].kind, GapKind::Unmappable);
    assert_eq!(page.gaps[0].message, "user 00u1 is stored without the profile attribute deep, which nests too deeply");

    let bottomless = "[".repeat(5000) + &"]".repeat(5000);
    let body = format!(r#"{{"id": "00u1", "profile": {{"deep": {bottomless}, "firstName": "Ada"}}}}"#);
    let mut page = Page::default();
    add(&mut page, &record_from_json(body.as_bytes()).unwrap(), &Rules::default());
    assert_eq!(page.resource_count(), 1);
    assert_eq!(page.gaps[0].message, "user 00u1 is stored without its profile, which cannot be read");
}

#[test]
fn users_of_other_domains_are_left_out() {
    let rules = Rules { filter_email_domains: EmailDomains::new(["acme.example"]), ..Rules::default() };
    let page = page_of(&json!({"id": "00u1", "profile": {"secondEmail": "a@acme.example"}}), &rules);
    assert_eq!((page.resource_count(), page.gaps.len()), (1, 0));
    let page = page_of(&json!({"id": "00u2", "profile": {"email": "a@partner.example"}}), &rules);
    assert_eq!(page.resource_count(), 0);
    assert_eq!((page.gaps[0].kind, page.gaps[0].id.as_str()), (GapKind::LeftOut, "00u2"));
    assert_eq!(page_of(&json!({"id": "00u3"}), &rules).resource_count(), 0);
}

#[test]
fn the_second_email_counts_for_the_filter_even_if_it_is_not_stored() {
    let rules = Rules {
        filter_email_domains: EmailDomains::new(["acme.example"]),
        skip_secondary_emails: true,
        ..Rules::default()
    };
    let page = page_of(&json!({"id": "00u1", "profile": {"secondEmail": "a@acme.example"}}), &rules);
    assert_eq!(page.resource_count(), 1);
}
