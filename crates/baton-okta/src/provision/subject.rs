//! Who or what a change is about, by type, id and name.

use std::fmt;

use baton_connector::{ChangeError, Code};
use baton_proto::c1::connector::v2::Resource;
use okta_client::endpoints::{self, bindings::Holder};

use crate::ids::{group, user};

/// A resource that a change names. Its id is only ever used as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subject<'a> {
    /// The resource type's id.
    pub kind: &'a str,
    /// The id in Okta.
    pub id: &'a str,
    /// What people call it, as far as the caller knows.
    pub name: &'a str,
}

impl<'a> Subject<'a> {
    /// The subject that a resource is; without one, or without its id, the request makes no sense.
    pub(super) fn of(resource: Option<&'a Resource>, missing: &str) -> Result<Self, ChangeError> {
        let found = resource.and_then(|resource| Some((resource, resource.id.as_ref()?)));
        let (resource, id) = found.ok_or_else(|| ChangeError::new(Code::InvalidArgument, missing))?;
        Ok(Self { kind: &id.resource_type, id: &id.resource, name: &resource.display_name })
    }

    /// Itself, if its id has the form of an Okta id, also where the id would only be looked for in a list.
    pub(super) fn checked(self) -> Result<Self, ChangeError> {
        checked_id(self.kind, self.id).map(|_| self)
    }

    /// A subject that is only known by its id.
    pub(super) fn unnamed(kind: &'a str, id: &'a str) -> Self {
        Self { kind, id, name: "" }
    }

    pub(super) fn is_user(self) -> bool {
        self.kind == user::ID
    }

    pub(super) fn is_group(self) -> bool {
        self.kind == group::ID
    }

    /// The subject as the holder of a role, if it is a user or a group; `what` is what only they can have.
    pub(super) fn holder(self, what: &str) -> Result<Holder<'a>, ChangeError> {
        match self.kind {
            user::ID => Ok(Holder::User(self.id)),
            group::ID => Ok(Holder::Group(self.id)),
            _ => Err(self.wrong_kind("users and groups", what)),
        }
    }

    /// The refusal of a principal that can never have this. `who` can.
    pub(super) fn wrong_kind(self, who: &str, what: &str) -> ChangeError {
        ChangeError::new(
            Code::InvalidArgument,
            format!("only {who} can have {what}; {self} is neither granted nor revoked it"),
        )
    }
}

/// The id, if it has the form of an Okta id.
pub(super) fn checked_id<'a>(kind: &str, id: &'a str) -> Result<&'a str, ChangeError> {
    if endpoints::groups::get(id).is_ok() {
        return Ok(id);
    }
    let kind = in_words(kind);
    let what = match id {
        "" => format!("the id of the {kind} is empty"),
        address if address.contains('@') => {
            format!("{address:?} is an address or a login, not the id of a {kind} in Okta")
        }
        other => format!("{other:?} is not the id of a {kind} in Okta"),
    };
    let message = format!(
        "{what}; nothing was asked\n\
         hint: the command `resources` lists ids beside names, with -o json beside addresses as well; in the admin \
         console, the link of the {kind}'s page has its id"
    );
    Err(ChangeError::new(Code::InvalidArgument, message))
}

/// A resource type's id in words.
fn in_words(kind: &str) -> &str {
    match kind {
        "resource-set" => "resource set",
        "custom-role" => "custom role",
        "resourceset-binding" => "resource set binding",
        kind => kind,
    }
}

/// Type, name and id, in words.
impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = in_words(self.kind);
        let id = terminal_text::line(self.id);
        if self.name.is_empty() || self.name == self.id {
            write!(f, "{kind} {id}")
        } else {
            write!(f, "{kind} {} ({id})", terminal_text::line(self.name))
        }
    }
}
