//! What the operator set: every field with its value and where it came from.
//!
//! Flag before environment before configuration file before default (`docs/spec/connector-runtime.md` 1.4). Lists of
//! flags are appended to those of the environment or file. Other than with the Go connector, a value that cannot be
//! read is an error wherever it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use baton_connector::Code;
use baton_provision::nearest;
use secrecy::{ExposeSecret, SecretString};

use crate::config_file::{ConfigFile, Entry};
use crate::env::Env;
use crate::failure::Failure;
use crate::field::{Field, Kind, OUTPUT_FORMAT, Refused, env_name};
use crate::{exposure, value, words};

/// The settings of a run. `Debug` shows no secret.
///
/// Only fields that the command declares can be read. Reading another one is a mistake in the program, which would make
/// an option do nothing without a word: it is remembered, and ends the run before it begins.
#[derive(Debug, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, Setting>,
    /// Names that were read although the command has no field of that name and kind.
    undeclared: Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
struct Setting {
    value: Value,
    origin: Origin,
    /// The flag was given, with an empty text.
    empty: bool,
}

impl Setting {
    /// Whether somebody set it to something else than off or nothing. An empty text on the command line was meant to be a
    /// value.
    fn asks(&self) -> bool {
        let is_on = match &self.value {
            Value::Bool(on) => *on,
            Value::Text(text) => !text.is_empty(),
            Value::List(items) => !items.is_empty(),
            Value::Secret(_) | Value::Int(_) => true,
        };
        self.origin != Origin::Default && (is_on || self.empty)
    }
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Default,
    Elsewhere,
    CommandLine,
}

#[derive(Debug)]
enum Value {
    Text(String),
    Secret(SecretString),
    Bool(bool),
    Int(i64),
    List(Vec<String>),
}

impl Settings {
    /// The text of a field; empty if it is not set or is a secret.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Some(Value::Text(text)) => text,
            Some(Value::Secret(_)) => "",
            other => self.mistaken(name, other).unwrap_or_default(),
        }
    }

    /// The secret of a field, if it is set.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&SecretString> {
        match self.value(name) {
            Some(Value::Secret(secret)) => Some(secret).filter(|secret| !secret.expose_secret().is_empty()),
            Some(Value::Text(_)) => None,
            other => self.mistaken(name, other),
        }
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn switch(&self, name: &str) -> bool {
        match self.value(name) {
            Some(Value::Bool(on)) => *on,
            other => self.mistaken(name, other).unwrap_or_default(),
        }
    }

    /// The number of a field.
    #[must_use]
    pub fn int(&self, name: &str) -> i64 {
        match self.value(name) {
            Some(Value::Int(number)) => *number,
            other => self.mistaken(name, other).unwrap_or_default(),
        }
    }

    /// The items of a list.
    #[must_use]
    pub fn list(&self, name: &str) -> &[String] {
        match self.value(name) {
            Some(Value::List(items)) => items,
            other => self.mistaken(name, other).unwrap_or_default(),
        }
    }

    /// Whether the answer of a command with [`Field::output_format`] must be JSON.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        self.text(OUTPUT_FORMAT) == "json"
    }

    /// Whether somebody set the field, be it to its default.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.find(name).is_some_and(|setting| setting.origin != Origin::Default)
    }

    /// Whether the field was set with a flag.
    #[must_use]
    pub fn is_on_command_line(&self, name: &str) -> bool {
        self.find(name).is_some_and(|setting| setting.origin == Origin::CommandLine)
    }

    /// Whether the field's flag was given with an empty text, which stands for its default.
    pub(crate) fn is_set_empty(&self, name: &str) -> bool {
        self.find(name).is_some_and(|setting| setting.empty)
    }

    /// Whether the field has a value that is not the zero of its kind (`docs/spec/connector-runtime.md` 1.5).
    pub(crate) fn is_present(&self, name: &str) -> bool {
        match self.value(name) {
            Some(Value::Text(text)) => !text.is_empty(),
            Some(Value::Secret(secret)) => !secret.expose_secret().is_empty(),
            Some(Value::Bool(on)) => *on,
            Some(Value::Int(number)) => *number != 0,
            Some(Value::List(items)) => !items.is_empty(),
            None => false,
        }
    }

    /// All secrets that are set.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.values.values().filter_map(|setting| match &setting.value {
            Value::Secret(secret) => Some(secret),
            _ => None,
        })
    }

    /// Checks that only declared fields have been read so far.
    ///
    /// # Errors
    ///
    /// The names of the others.
    pub(crate) fn check_declared(&self) -> Result<(), Failure> {
        let undeclared = self.undeclared.lock().unwrap_or_else(PoisonError::into_inner);
        if undeclared.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = undeclared.iter().cloned().collect();
        Err(Failure::with_code(
            Code::Internal.number(),
            format!(
                "this command reads {}, which it does not declare with that kind of value: a mistake in the program\n\
                 hint: nothing was done; please report this text",
                words::listed(&names)
            ),
        ))
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.find(name).map(|setting| &setting.value)
    }

    fn find(&self, name: &str) -> Option<&Setting> {
        let setting = self.values.get(name);
        if setting.is_none() {
            self.remember(name);
        }
        setting
    }

    /// Remembers a field that was read as another kind of value than it has. Gives nothing.
    fn mistaken<T>(&self, name: &str, value: Option<&Value>) -> Option<T> {
        if value.is_some() {
            self.remember(name);
        }
        None
    }

    fn remember(&self, name: &str) {
        self.undeclared.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }
}

/// The places that settings come from.
pub(crate) struct Places<'a> {
    /// All values given for a flag, in their order; `None` if it was not given.
    pub flags: &'a dyn Fn(&str) -> Option<Vec<String>>,
    /// The environment.
    pub env: &'a Env,
    /// The configuration file.
    pub file: &'a ConfigFile,
}

/// What came of the places.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// The settings; fields whose values are wrong have their defaults.
    pub settings: Settings,
    /// What is wrong, one line per value.
    pub errors: Vec<String>,
    /// What the operator should know.
    pub warnings: Vec<String>,
    /// What is asked for but not done by this program: text and hint.
    pub refusals: Vec<(String, &'static str)>,
}

/// Collects the value of each field from the places.
pub(crate) fn resolve(fields: &[Field], places: &Places<'_>) -> Resolved {
    let mut resolved = Resolved::default();
    for field in fields {
        let found = Found::of(field, places);
        if found.origin() != Origin::Default
            && let Some(instead) = field.legacy
        {
            resolved.warnings.push(format!("{} has no effect here: {instead}", found.place()));
        }
        let setting = found.setting(field).unwrap_or_else(|problem| {
            resolved.errors.push(format!("field {}: {problem} (from {})", field.name, found.place()));
            Setting { value: default(field), origin: Origin::Default, empty: false }
        });
        if let Value::Secret(secret) = &setting.value
            && setting.origin != Origin::Default
            && !secret.expose_secret().is_empty()
        {
            let is_flag = setting.origin == Origin::CommandLine;
            resolved.warnings.extend(exposure::of_secret(field, secret.expose_secret(), is_flag));
        }
        if let Some(Refused { what, hint }) = field.refused
            && setting.asks()
        {
            resolved.refusals.push((format!("{} asks for {what}", found.place()), hint));
        }
        resolved.settings.values.insert(field.name, setting);
    }
    resolved
}

/// Warnings about names in file and environment that look like mistakes. `known` are all fields of the program.
pub(crate) fn unknown_names(known: &[Field], env: &Env, file: &ConfigFile) -> Vec<String> {
    let names: Vec<&str> = known.iter().flat_map(Field::names).collect();
    let place = file.path.as_deref().unwrap_or(Path::new("")).display();
    let keys = file.entries.keys().filter(|key| !names.contains(&key.as_str())).map(|key| {
        let meant = nearest(key, names.iter().copied()).map(|name| format!("; did you mean {name}?"));
        format!("{place}: the key {key} is not known and ignored{}", meant.unwrap_or_default())
    });
    let variables: Vec<String> = names.iter().map(|name| env_name(name)).collect();
    // Clusters put variables of their own making beside ours (BATON_OKTA_SERVICE_HOST): only likely typos are told.
    let typos = env.names().filter(|name| name.starts_with("BATON_") && !variables.iter().any(|known| known == name));
    let typos = typos.filter_map(|name| {
        let bare = name.trim_start_matches("BATON_");
        let meant = nearest(bare, variables.iter().map(|known| known.trim_start_matches("BATON_")))?;
        Some(format!("the variable {name} is not known and ignored; did you mean BATON_{meant}?"))
    });
    keys.chain(typos).collect()
}

/// What the places say about one field.
struct Found<'a> {
    field: &'a Field,
    flags: Option<Vec<String>>,
    /// The variable that is set, and its value.
    env: Option<(String, &'a str)>,
    /// The key of the file, and its value.
    file: Option<(&'static str, &'a Entry)>,
    path: &'a Path,
}

impl<'a> Found<'a> {
    fn of(field: &'a Field, places: &Places<'a>) -> Self {
        let variable = |name: &'static str| Some(env_name(name)).and_then(|name| Some((places.env.get(&name)?, name)));
        let env = field.names().find_map(variable).map(|(value, name)| (name, value));
        let file = field.names().find_map(|name| Some((name, places.file.entries.get(name)?)));
        Self {
            field,
            flags: (places.flags)(field.name),
            file: file.filter(|_| env.is_none()),
            env,
            path: places.file.path.as_deref().unwrap_or(Path::new("")),
        }
    }

    fn origin(&self) -> Origin {
        match (&self.flags, &self.env, self.file) {
            (Some(_), ..) => Origin::CommandLine,
            (None, None, None) => Origin::Default,
            _ => Origin::Elsewhere,
        }
    }

    /// The place that decides, in words.
    fn place(&self) -> String {
        if self.flags.is_some() {
            format!("--{}", self.field.name)
        } else if let Some((name, _)) = &self.env {
            name.clone()
        } else {
            let key = self.file.map_or(self.field.name, |(key, _)| key);
            format!("{key} in {}", self.path.display())
        }
    }

    fn setting(&self, field: &Field) -> Result<Setting, String> {
        let value = match field.kind {
            Kind::List => Some(Value::List(self.list()?)),
            Kind::Bool { .. } => self.scalar()?.map(|text| value::boolean(&text).map(Value::Bool)).transpose()?,
            Kind::Int { min, max, .. } => {
                self.scalar()?.map(|text| value::int(&text, min, max).map(Value::Int)).transpose()?
            }
            Kind::Text { .. } => self.scalar()?.map(|text| text_value(field, text)).transpose()?,
        };
        let value = value.unwrap_or_else(|| default(field));
        let empty = self.flags.as_ref().and_then(|given| given.last()).is_some_and(String::is_empty);
        Ok(Setting { value, origin: self.origin(), empty })
    }

    /// The one text that decides. An empty one stands for the default.
    fn scalar(&self) -> Result<Option<String>, String> {
        let text = match (&self.flags, &self.env, self.file) {
            (Some(given), ..) => given.last().cloned(),
            (None, Some((_, text)), _) => Some((*text).to_owned()),
            (None, None, Some((_, Entry::Scalar(text)))) => Some(text.clone()),
            (None, None, Some((_, Entry::List(_)))) => return Err("value must not be a list".to_owned()),
            (None, None, Some((_, Entry::Other(what)))) => return Err(format!("value must not be {what}")),
            (None, None, None) => None,
        };
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn list(&self) -> Result<Vec<String>, String> {
        let mut items = match (&self.env, self.file) {
            (Some((_, text)), _) => value::list(text)?,
            (None, Some((_, Entry::Scalar(text)))) => value::list(text)?,
            (None, Some((_, Entry::List(items)))) => items.clone(),
            (None, Some((_, Entry::Other(what)))) => return Err(format!("value must not be {what}")),
            (None, None) => Vec::new(),
        };
        for text in self.flags.iter().flatten() {
            items.extend(value::list(text)?);
        }
        Ok(items)
    }
}

fn text_value(field: &Field, text: String) -> Result<Value, String> {
    if field.secret {
        Ok(Value::Secret(text.into()))
    } else if field.choices.is_empty() {
        Ok(Value::Text(text))
    } else {
        value::choice(&text, field.choices).map(Value::Text)
    }
}

fn default(field: &Field) -> Value {
    match field.kind {
        Kind::Text { default } if field.secret => Value::Secret(default.into()),
        Kind::Text { default } => Value::Text(default.to_owned()),
        Kind::Bool { default } => Value::Bool(default),
        Kind::Int { default, .. } => Value::Int(default),
        Kind::List => Value::List(Vec::new()),
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
