//! Users, groups, apps, devices and tokens as documents: what the small fixed orgs and the awkward cases are made of.

use serde_json::{Value, json};

use super::document::{Document, ORG};

/// Creation instant of objects whose age does not matter.
pub(crate) const CREATED: &str = "2023-01-02T03:04:05.000Z";
/// Change instant of objects whose age does not matter.
pub(crate) const UPDATED: &str = "2024-05-06T07:08:09.000Z";

/// A user in the form of lists: all members of the API, a `self` link alone.
pub(crate) fn user(id: &str, status: &str, profile: &Value) -> Document {
    Document::of(&user_value(id, status, profile))
}

/// A user as a value, for documents that change a member.
pub(crate) fn user_value(id: &str, status: &str, profile: &Value) -> Value {
    let staged = status == "STAGED";
    json!({
        "id": id, "status": status, "created": CREATED,
        "activated": if staged { Value::Null } else { CREATED.into() },
        "statusChanged": if staged { Value::Null } else { UPDATED.into() },
        "lastLogin": if status == "ACTIVE" { UPDATED.into() } else { Value::Null },
        "lastUpdated": UPDATED,
        "passwordChanged": null,
        "type": {"id": "otys1m00000000001d7x"},
        "profile": profile,
        "credentials": {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}},
        "_links": {"self": {"href": format!("{ORG}/api/v1/users/{id}")}},
    })
}

/// A group; `source` is the app of an `APP_GROUP`.
pub(crate) fn group(id: &str, kind: &str, profile: &Value, source: Option<&str>) -> Document {
    let class = if kind == "APP_GROUP" { "okta:windows_security_principal" } else { "okta:user_group" };
    let mut value = json!({
        "id": id, "created": CREATED, "lastUpdated": CREATED, "lastMembershipUpdated": UPDATED, "objectClass": [class],
        "type": kind, "profile": profile,
        "_links": {
            "logo": logos("groups/okta"),
            "users": {"href": format!("{ORG}/api/v1/groups/{id}/users")},
            "apps": {"href": format!("{ORG}/api/v1/groups/{id}/apps")},
        },
    });
    if let Some(app) = source {
        value["source"] = json!({"id": app});
        value["_links"]["source"] = json!({"href": format!("{ORG}/api/v1/apps/{app}")});
    }
    Document::of(&value)
}

fn logos(path: &str) -> Value {
    let logo = |size: &str| json!({"name": size, "href": format!("https://static.okta-sim.example/{path}-{size}.png"), "type": "image/png"});
    json!([logo("medium"), logo("large")])
}

/// An app as a value. `mode` is the sign-on mode; `None` leaves the member null, as directory integrations do.
pub(crate) fn app(id: &str, name: &str, label: &str, status: &str, mode: Option<&str>) -> Value {
    let link = |tail: &str| json!({"href": format!("{ORG}/api/v1/apps/{id}{tail}")});
    let mut value = json!({
        "id": id, "orn": format!("orn:okta:idp:00os1msim0000000s1m7:apps:{name}:{id}"), "name": name, "label": label,
        "status": status, "lastUpdated": UPDATED, "created": CREATED,
        "accessibility": {"selfService": false, "errorRedirectUrl": null, "loginRedirectUrl": null},
        "visibility": {
            "autoLaunch": false, "autoSubmitToolbar": false, "hide": {"iOS": false, "web": false},
            "appLinks": {"login": true},
        },
        "features": [], "signOnMode": mode,
        "credentials": {"userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"}, "signing": {}},
        "universalLogout": {"status": "UNSUPPORTED"},
        "settings": {
            "app": {},
            "notifications": {"vpn": {"network": {"connection": "DISABLED"}, "message": null, "helpUrl": null}},
            "manualProvisioning": false, "implicitAssignment": false, "emOptInStatus": "NONE",
            "notes": {"admin": null, "enduser": null},
        },
        "_links": {
            "appLinks": [{"name": "login", "href": format!("{ORG}/home/{name}/{id}/2557"), "type": "text/html"}],
            "logo": [logos("apps/default")[0]],
            "groups": link("/groups"), "users": link("/users"),
        },
    });
    let turn = if status == "ACTIVE" { "deactivate" } else { "activate" };
    value["_links"][turn] = link(&format!("/lifecycle/{turn}"));
    if let Some(mode) = mode {
        add_sign_on(&mut value, mode, id);
    }
    value
}

/// The credentials and settings that come with a sign-on mode.
fn add_sign_on(app: &mut Value, mode: &str, id: &str) {
    match mode {
        "OPENID_CONNECT" => {
            app["credentials"]["oauthClient"] = json!({
                "autoKeyRotation": true, "client_id": id, "token_endpoint_auth_method": "client_secret_basic",
                "pkce_required": true,
            });
            app["settings"]["oauthClient"] = json!({
                "client_uri": null, "logo_uri": null, "redirect_uris": ["https://app.example/callback"],
                "response_types": ["code"], "grant_types": ["authorization_code"], "application_type": "web",
                "consent_method": "TRUSTED", "issuer_mode": "ORG_URL",
                "idp_initiated_login": {"mode": "DISABLED", "default_scope": []}, "wildcard_redirect": "DISABLED",
                "dpop_bound_access_tokens": false,
            });
        }
        "SAML_2_0" => {
            app["credentials"]["signing"] = json!({"kid": "N60VbAntJ7ONHTQr7YcAiywke_a08RzPdv9okaextIA"});
            app["settings"]["signOn"] = json!({
                "defaultRelayState": null, "ssoAcsUrlOverride": null, "audienceOverride": null,
                "recipientOverride": null, "destinationOverride": null, "attributeStatements": [],
                "ssoAcsUrl": "https://saml.example/acs", "audience": "https://saml.example", "recipient": "https://saml.example/acs",
                "destination": "https://saml.example/acs", "responseSigned": true, "assertionSigned": true,
                "honorForceAuthn": true, "requestCompressed": false, "allowMultipleAcsEndpoints": false,
            });
        }
        "BOOKMARK" => app["settings"]["app"] = json!({"requestIntegration": false, "url": "https://bookmark.example"}),
        "AUTO_LOGIN" | "BROWSER_PLUGIN" | "SECURE_PASSWORD_STORE" => {
            app["credentials"]["scheme"] = "EDIT_USERNAME_AND_PASSWORD".into();
            app["credentials"]["revealPassword"] = false.into();
            let form = json!({
                "loginUrlRegex": null, "usernameField": "user", "redirectUrl": null, "buttonField": "login",
                "checkbox": null, "passwordField": "password", "url": "https://form.example/login.html",
            });
            match mode {
                "BROWSER_PLUGIN" => app["settings"]["app"] = form,
                "SECURE_PASSWORD_STORE" => {
                    app["settings"]["app"] = json!({
                        "usernameField": "user", "passwordField": "password", "url": "https://form.example/post",
                        "optionalField1": null, "optionalField1Value": null, "optionalField2": null,
                        "optionalField2Value": null, "optionalField3": null, "optionalField3Value": null,
                    });
                }
                _ => app["settings"]["signOn"] = json!({"redirectUrl": "", "loginUrl": "https://form.example/login"}),
            }
        }
        _ => {}
    }
}

/// A user of an app; `via` is the group that brings the app: its id and name.
pub(crate) fn app_user(app: &str, user: &str, status: &str, profile: &Value, via: Option<(&str, &str)>) -> Document {
    let mut value = json!({
        "id": user, "externalId": null, "created": CREATED, "lastUpdated": UPDATED,
        "scope": if via.is_some() { "GROUP" } else { "USER" }, "status": status, "statusChanged": UPDATED,
        "passwordChanged": null, "syncState": "DISABLED", "credentials": {"userName": profile["login"]},
        "profile": profile,
        "_links": {
            "app": {"href": format!("{ORG}/api/v1/apps/{app}")},
            "user": {"href": format!("{ORG}/api/v1/users/{user}")},
        },
    });
    if let Some((group, name)) = via {
        value["_links"]["group"] = json!({"name": name, "href": format!("{ORG}/api/v1/groups/{group}")});
    }
    Document::of(&value)
}

/// A device; a null profile leaves the member out.
pub(crate) fn device(id: &str, profile: &Value) -> Document {
    let link = |tail: &str, allow: &[&str]| json!({"href": format!("{ORG}/api/v1/devices/{id}{tail}"), "hints": {"allow": allow}});
    let mut value = json!({
        "id": id, "status": "ACTIVE", "created": CREATED, "lastUpdated": UPDATED, "profile": profile,
        "resourceType": "UDDevice", "resourceDisplayName": {"value": profile["displayName"], "sensitive": false},
        "resourceId": id, "resourceAlternateId": null,
        "_links": {
            "suspend": link("/lifecycle/suspend", &["POST"]), "self": link("", &["GET", "PATCH", "PUT"]),
            "users": link("/users", &["GET"]), "deactivate": link("/lifecycle/deactivate", &["POST"]),
        },
    });
    if profile.is_null()
        && let Some(members) = value.as_object_mut()
    {
        members.remove("profile");
        members.remove("resourceDisplayName");
    }
    Document::of(&value)
}

/// When a token ends that was never used: its window after it was made.
pub(crate) const NEVER_USED: &str = "2023-02-01T03:04:05.000Z";

/// An API token of a user. Each use sets its end anew, to a window of 30 days later.
pub(crate) fn token(id: &str, name: &str, user: &str, expires: &str) -> Document {
    let link = |path: &str, allow: &[&str]| json!({"href": format!("{ORG}{path}"), "hints": {"allow": allow}});
    Document::of(&json!({
        "id": id, "name": name, "userId": user, "clientName": "Okta API", "tokenWindow": "P30D",
        "network": {"connection": "ANYWHERE"}, "expiresAt": expires, "created": CREATED,
        "lastUpdated": UPDATED,
        "_links": {
            "self": link(&format!("/api/v1/api-tokens/{id}"), &["GET", "DELETE"]),
            "user": link(&format!("/api/v1/users/{user}"), &["GET"]),
        },
    }))
}
