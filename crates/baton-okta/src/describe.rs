//! What the connector says about itself without an org: its capabilities, the form for new accounts, and how its
//! settings are shown in C1 (`docs/spec/okta-provisioning.md` 5.1, 8, 9).

use baton_connector::build;
use baton_proto::c1::connector::v2::connector_account_creation_schema::field::Field as Kind;
use baton_proto::c1::connector::v2::connector_account_creation_schema::{Field, MapField, StringField};
use baton_proto::c1::connector::v2::{
    Capability, CapabilityDetailCredentialOption as Credential, ConnectorAccountCreationSchema, ConnectorMetadata,
    CredentialDetails, CredentialDetailsAccountProvisioning, ExternalLink,
};
use baton_runtime::Settings;
use baton_runtime::describe::{self, Description, Shown, ShownGroup};
use okta_client::OrgUrl;

use crate::flags;
use crate::ids::{app, device, group, resource_set, resource_set_binding, role, user};
use crate::types::{self, TYPES, TypeInfo};

const NAME: &str = "Okta";

/// Everything, with every option on.
pub(crate) fn description() -> Description {
    of(&TYPES.iter().collect::<Vec<_>>())
}

/// What C1 is told: the types that exist as the connector is set, and where the org is.
pub(crate) fn metadata(settings: &Settings) -> ConnectorMetadata {
    let rules = flags::rules(settings);
    let exist: Vec<_> = types::existing(&rules).collect();
    let mut metadata = describe::metadata(&of(&exist));
    if let Ok(org) = OrgUrl::parse(settings.text("domain")) {
        metadata.annotations.push(build::annotation(&ExternalLink { url: org.to_string() }));
    }
    metadata
}

fn of(types: &[&TypeInfo]) -> Description {
    let described = types.iter().map(|info| info.resource_type());
    Description {
        display_name: NAME,
        icon_url: "/static/app-icons/okta.svg",
        is_directory: true,
        types: described.map(|of| (of.clone(), abilities(&of.id))).collect(),
        abilities: &[Capability::Actions, Capability::EventFeedV2],
        credentials: Some(credentials()),
        account_schema: Some(account_schema()),
        fields: FIELDS,
        groups: GROUPS,
        ..Description::default()
    }
}

/// What can be done with a resource type.
fn abilities(resource_type: &str) -> &'static [Capability] {
    use Capability::{AccountProvisioning, Provision, ResourceDelete, Sync, TargetedSync};
    match resource_type {
        user::ID => &[Sync, TargetedSync, AccountProvisioning, ResourceDelete],
        group::ID => &[Sync, TargetedSync, Provision, ResourceDelete],
        app::ID | role::ID | resource_set::ID | resource_set_binding::ID => &[Sync, TargetedSync, Provision],
        device::ID => &[Sync],
        _ => &[Sync, TargetedSync],
    }
}

fn credentials() -> CredentialDetails {
    CredentialDetails {
        capability_account_provisioning: Some(CredentialDetailsAccountProvisioning {
            supported_credential_options: vec![Credential::NoPassword.into(), Credential::RandomPassword.into()],
            preferred_credential_option: Credential::NoPassword.into(),
        }),
        capability_credential_rotation: None,
    }
}

/// What must and may be said about a new account. The order of the table is that of the form.
pub(crate) fn account_schema() -> ConnectorAccountCreationSchema {
    let text = || Kind::StringField(StringField::default());
    let text_or = |default: &str| Kind::StringField(StringField { default_value: Some(default.to_owned()) });
    let rows = [
        ("first_name", "First Name", true, "First name", "The user's given name", text()),
        ("last_name", "Last Name", true, "Last name", "The user's family name", text()),
        ("email", "Email", true, "Email", "The primary e-mail address; also the login if none is given", text()),
        ("login", "Login", false, "Login", "The name with which the user signs in", text()),
        (
            "password_change_on_login_required",
            "Password Change Required on Login",
            false,
            "True/False",
            "Whether a random password has to be changed at the first sign-in",
            text(),
        ),
        (
            "create_inactive",
            "Create Inactive",
            false,
            "True/False",
            "Whether the user is left staged, to be activated later",
            text(),
        ),
        (
            "send_activation_email",
            "Send Activation Email",
            false,
            "True/False",
            "Whether Okta writes to the user; without it the user is activated in silence",
            text_or("true"),
        ),
        (
            "provider_type",
            "Provider Type",
            false,
            "OKTA",
            "Who checks the user's sign-in: OKTA itself, or another provider (FEDERATION)",
            text(),
        ),
        (
            "additionalAttributes",
            "Additional Attributes",
            false,
            "",
            "Further attributes of Okta's user profile, by their names in Okta",
            Kind::MapField(MapField::default()),
        ),
    ];
    let fields = (1..).zip(rows).map(|(order, (key, display_name, required, placeholder, description, kind))| {
        let field = Field {
            display_name: display_name.to_owned(),
            required,
            description: description.to_owned(),
            placeholder: placeholder.to_owned(),
            order,
            deprecated: false,
            field: Some(kind),
        };
        (key.to_owned(), field)
    });
    ConnectorAccountCreationSchema { field_map: fields.collect() }
}

/// How the fields are shown. The last ones are this connector's additions.
const FIELDS: &[Shown] = &[
    Shown { placeholder: "e.g. acmeco.okta.com", required: true, ..field("domain", "Okta domain") },
    Shown { placeholder: "Your Okta API token", required: true, ..field("api-token", "API token") },
    Shown { required: true, ..field("okta-client-id", "Okta Client ID") },
    Shown { required: true, ..field("okta-private-key", "Okta Private Key") },
    Shown { required: true, ..field("okta-private-key-id", "Okta Private Key ID") },
    field("sync-inactive-apps", "Sync inactive apps"),
    field("sync-custom-roles", "Sync custom roles"),
    field("skip-secondary-emails", "Skip secondary emails"),
    field("sync-secrets", "Sync secrets"),
    Shown { placeholder: "e.g. acmeco.com", ..field("filter-email-domains", "Filter email domains") },
    field("skip-app-groups", "Skip app groups"),
    field("sync-devices", "Sync devices"),
    field("app-grant-sources", "Say through which group an app comes"),
    field("rate-limit-share", "Share of the rate limits, in percent"),
    field("short-lists", "Read short lists where they are quicker"),
    field("everyone-from-users", "Take the members of Everyone from the users"),
];

const fn field(name: &'static str, display_name: &'static str) -> Shown {
    Shown { name, display_name, placeholder: "", required: false }
}

/// The fields of a way to sign in: those that only this one has, and then those that all have.
macro_rules! fields {
    ($($own:literal),+) => {
        &[
            $($own,)+
            "domain",
            "sync-inactive-apps",
            "cache",
            "cache-tti",
            "cache-ttl",
            "sync-custom-roles",
            "skip-secondary-emails",
            "sync-secrets",
            "filter-email-domains",
            "skip-app-groups",
            "sync-devices",
            "app-grant-sources",
            "rate-limit-share",
            "short-lists",
            "everyone-from-users",
        ]
    };
}

const GROUPS: &[ShownGroup] = &[
    ShownGroup {
        name: "api-token-group",
        display_name: "API Token",
        help_text: "Sign in with an API token of an administrator.",
        fields: fields!["api-token"],
    },
    ShownGroup {
        name: "private-key-group",
        display_name: "OAuth 2.0 Private Key",
        help_text: "Sign in as a service app with its private key, limited to the scopes that it was granted.",
        fields: fields!["okta-client-id", "okta-private-key-id", "okta-private-key"],
    },
];

#[cfg(test)]
#[path = "describe_tests.rs"]
mod tests;
