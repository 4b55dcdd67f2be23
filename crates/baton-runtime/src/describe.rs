//! What a connector says about itself without being connected: its capabilities and its configuration
//! (`docs/spec/connector-runtime.md` 1.9).
//!
//! A program gives a [`Description`]; the commands `capabilities` and `config` print the contract's messages that are
//! made from it and from the table of fields.

use std::collections::BTreeSet;

use baton_proto::any;
use baton_proto::c1::config::v1::field::Field as Type;
use baton_proto::c1::config::v1::{
    BoolField, Configuration, Field as Described, FieldGroup, Int64Rules, IntField, RepeatedStringRules, StringField,
    StringRules, StringSliceField,
};
use baton_proto::c1::connector::v2::{
    Capability, CapabilityPermissions, ConnectorAccountCreationSchema, ConnectorCapabilities, ConnectorMetadata,
    CredentialDetails, Deprecated, OptInRequired, ResourceType, ResourceTypeCapability, SkipSyncAnomalyDetection,
};

use crate::field::{Field, Kind};
use crate::flags;
use crate::program::Program;

/// What a connector says about itself.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// The system's name for people.
    pub display_name: &'static str,
    /// One sentence about the connector.
    pub about: &'static str,
    /// Where help is to be found.
    pub help_url: &'static str,
    /// Path of the icon in C1.
    pub icon_url: &'static str,
    /// Whether the system is a directory of people.
    pub is_directory: bool,
    /// The resource types, all that there can be, with what can be done with each, in the order in which it is told.
    pub types: Vec<(ResourceType, &'static [Capability])>,
    /// What the connector can do beyond what it can do with single types.
    pub abilities: &'static [Capability],
    /// How the owners of accounts can be made to sign in.
    pub credentials: Option<CredentialDetails>,
    /// What must and may be said about a new account.
    pub account_schema: Option<ConnectorAccountCreationSchema>,
    /// How those fields of the program are shown that can be set in C1, in their order.
    pub fields: &'static [Shown],
    /// How the ways to sign in are shown, the usual one first.
    pub groups: &'static [ShownGroup],
}

impl Description {
    /// A connector of which only the system's name is known.
    #[must_use]
    pub fn new(display_name: &'static str) -> Self {
        Self { display_name, ..Self::default() }
    }
}

/// How a field is shown in C1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The field's name.
    pub name: &'static str,
    /// Its label.
    pub display_name: &'static str,
    /// What stands in the empty field.
    pub placeholder: &'static str,
    /// Whether it must be filled in.
    pub required: bool,
}

/// How a way to sign in is shown in C1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownGroup {
    /// The value of `auth-method` that chooses it.
    pub name: &'static str,
    /// Its label.
    pub display_name: &'static str,
    /// One sentence about it.
    pub help_text: &'static str,
    /// The fields that belong to it, in their order.
    pub fields: &'static [&'static str],
}

/// The fields of operation that C1 knows of every connector, in its order, with the defaults that the fields leave to
/// the code.
const OPERATION: [(&str, &str); 13] = [
    ("log-level", "info"),
    ("log-level-debug-expires-at", ""),
    ("session-store-maximum-size", ""),
    ("otel-collector-endpoint", ""),
    ("otel-collector-endpoint-tls-cert-path", ""),
    ("otel-collector-endpoint-tls-cert", ""),
    ("otel-collector-endpoint-tls-insecure", ""),
    ("otel-tracing-disabled", ""),
    ("otel-logging-disabled", ""),
    ("health-check", ""),
    ("health-check-port", ""),
    ("health-check-bind-address", ""),
    ("http-timeout-seconds", ""),
];

/// What the connector can do.
#[must_use]
pub fn capabilities(description: &Description) -> ConnectorCapabilities {
    let mut types: Vec<_> = description.types.iter().map(|(of, can)| capability(of, can)).collect();
    types.sort_by(|one, other| id(one).cmp(id(other)));
    let of_types = description.types.iter().flat_map(|(_, can)| can.iter());
    let mut all: BTreeSet<i32> = of_types.chain(description.abilities).map(|can| i32::from(*can)).collect();
    if all.contains(&Capability::TargetedSync.into()) {
        all.insert(Capability::ServiceModeTargetedSync.into());
    }
    ConnectorCapabilities {
        resource_type_capabilities: types,
        connector_capabilities: all.into_iter().collect(),
        credential_details: description.credentials.clone(),
    }
}

fn id(of: &ResourceTypeCapability) -> &str {
    of.resource_type.as_ref().map_or("", |of| &of.id)
}

fn capability(of: &ResourceType, can: &[Capability]) -> ResourceTypeCapability {
    ResourceTypeCapability {
        capabilities: can.iter().map(|can| i32::from(*can)).collect(),
        permissions: Some(any::find::<CapabilityPermissions>(&of.annotations).unwrap_or_default()),
        opt_in_required: of.annotations.iter().any(any::is::<OptInRequired>),
        skip_sync_anomaly_detection: of.annotations.iter().any(any::is::<SkipSyncAnomalyDetection>),
        deprecated: of.annotations.iter().any(any::is::<Deprecated>),
        credential_issue: None,
        resource_type: Some(of.clone()),
    }
}

/// What the connector tells C1 about itself.
#[must_use]
pub fn metadata(description: &Description) -> ConnectorMetadata {
    ConnectorMetadata {
        display_name: description.display_name.to_owned(),
        description: description.about.to_owned(),
        help_url: description.help_url.to_owned(),
        capabilities: Some(capabilities(description)),
        account_creation_schema: description.account_schema.clone(),
        ..ConnectorMetadata::default()
    }
}

/// How the connector is configured: the fields of operation, then its own, as far as the program has them.
pub(crate) fn configuration(program: &dyn Program) -> Configuration {
    let description = program.description();
    let declared = flags::all(program);
    let find = |name: &str| declared.iter().find(|field| field.name == name);
    let operation = OPERATION.iter().filter_map(|(name, default)| {
        let field = find(name)?;
        Some(Described { is_ops: true, ..described(field, default, false) })
    });
    let own = description.fields.iter().filter_map(|shown| {
        let field = find(shown.name)?;
        Some(Described {
            display_name: shown.display_name.to_owned(),
            placeholder: shown.placeholder.to_owned(),
            ..described(field, "", shown.required)
        })
    });
    Configuration {
        fields: operation.chain(own).collect(),
        display_name: description.display_name.to_owned(),
        help_url: description.help_url.to_owned(),
        icon_url: description.icon_url.to_owned(),
        is_directory: description.is_directory,
        field_groups: description.groups.iter().map(group).collect(),
        ..Configuration::default()
    }
}

fn group(shown: &ShownGroup) -> FieldGroup {
    FieldGroup {
        name: shown.name.to_owned(),
        display_name: shown.display_name.to_owned(),
        help_text: shown.help_text.to_owned(),
        fields: shown.fields.iter().map(|name| (*name).to_owned()).collect(),
        ..FieldGroup::default()
    }
}

/// A field with what the table of fields knows. `default` stands in where the table has none.
fn described(field: &Field, default: &str, required: bool) -> Described {
    let description = match field.legacy {
        Some(instead) => format!("Accepted, without effect: {instead}"),
        None => field.help.to_owned(),
    };
    Described {
        name: field.name.to_owned(),
        description,
        is_required: required,
        is_secret: field.secret,
        field: Some(kind(field.kind, default, required)),
        ..Described::default()
    }
}

fn kind(kind: Kind, instead: &str, required: bool) -> Type {
    match kind {
        Kind::Text { default } => Type::StringField(StringField {
            default_value: if default.is_empty() { instead } else { default }.to_owned(),
            rules: required.then(|| StringRules { is_required: true, ..StringRules::default() }),
            ..StringField::default()
        }),
        Kind::Bool { default } => Type::BoolField(BoolField { default_value: default, ..BoolField::default() }),
        Kind::Int { default, min, max } => {
            let lte = (max != i64::MAX).then_some(max);
            let gte = (min != i64::MIN).then_some(min);
            let bounded = lte.is_some() || gte.is_some();
            let rules = Int64Rules { lte, gte, is_required: required, ..Int64Rules::default() };
            Type::IntField(IntField {
                default_value: default,
                rules: (bounded || required).then_some(rules),
                ..IntField::default()
            })
        }
        Kind::List => Type::StringSliceField(StringSliceField {
            rules: required.then(|| RepeatedStringRules { is_required: true, ..RepeatedStringRules::default() }),
            ..StringSliceField::default()
        }),
    }
}
