//! Required fields.

use crate::failure::Failure;
use crate::field::Field;
use crate::program::Group;
use crate::settings::Settings;

/// The field that chooses a group.
pub(crate) const AUTH_METHOD: &str = "auth-method";

/// One line for every field that the chosen group requires and that has no value
/// (`docs/spec/connector-runtime.md` 1.5).
pub(crate) fn missing<'a>(groups: &[Group], fields: &'a [Field], settings: &Settings) -> Vec<&'a Field> {
    let chosen = settings.text(AUTH_METHOD);
    let group = groups.iter().find(|group| group.name == chosen).or(groups.first());
    let required = group.map_or(&[][..], |group| group.required);
    required
        .iter()
        .filter(|name| !settings.is_present(name))
        .filter_map(|name| fields.iter().find(|field| field.name == *name))
        .collect()
}

/// Everything that is wrong with the settings, as one failure; `None` if nothing is.
pub(crate) fn failure(errors: &[String], missing: &[&Field], first_steps: &str) -> Option<Failure> {
    if errors.is_empty() && missing.is_empty() {
        return None;
    }
    let mut lines = vec!["errors found:".to_owned()];
    lines.extend_from_slice(errors);
    lines.extend(missing.iter().map(|field| {
        format!("field {} of type {} is marked as required but it has a zero-value", field.name, field.kind.word())
    }));
    if !missing.is_empty() {
        let join = |words: Vec<String>| words.join(" and ");
        lines.push(format!(
            "hint: set {}, or {}, or the same names as keys in .baton.yaml",
            join(missing.iter().map(|field| format!("--{}", field.name)).collect()),
            join(missing.iter().map(|field| field.env()).collect()),
        ));
        if !first_steps.is_empty() {
            lines.push(format!("hint: {first_steps}"));
        }
    }
    Some(Failure::new(lines.join("\n")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config_file::ConfigFile;
    use crate::env::Env;
    use crate::settings::{Places, resolve};

    const FIELDS: [Field; 4] =
        [Field::text("domain"), Field::text("token").secret(), Field::text("key").secret(), Field::text(AUTH_METHOD)];
    const GROUPS: [Group; 2] = [
        Group { name: "token-group", required: &["domain", "token"] },
        Group { name: "key-group", required: &["key"] },
    ];

    fn missing_with(env: &[(&str, &str)]) -> Vec<&'static str> {
        let env = Env::from_iter(env.iter().copied());
        let places = Places { flags: &|_| None, env: &env, file: &ConfigFile::default() };
        missing(&GROUPS, &FIELDS, &resolve(&FIELDS, &places).settings).iter().map(|field| field.name).collect()
    }

    #[test]
    fn the_group_decides() {
        assert_eq!(missing_with(&[]), ["domain", "token"]);
        assert_eq!(missing_with(&[("BATON_DOMAIN", "x")]), ["token"]);
        assert_eq!(missing_with(&[("BATON_AUTH_METHOD", "whatever")]), ["domain", "token"]);
        assert_eq!(missing_with(&[("BATON_AUTH_METHOD", "key-group")]), ["key"]);
        assert_eq!(missing_with(&[("BATON_AUTH_METHOD", "key-group"), ("BATON_KEY", "x")]), Vec::<&str>::new());
    }

    #[test]
    fn all_violations_are_told_at_once() {
        let text = failure(&["field workers: wrong".to_owned()], &[&FIELDS[0], &FIELDS[1]], "try the demo")
            .unwrap()
            .to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "errors found:");
        assert_eq!(lines[1], "field workers: wrong");
        assert_eq!(lines[2], "field domain of type string is marked as required but it has a zero-value");
        assert_eq!(lines[3], "field token of type string is marked as required but it has a zero-value");
        assert!(lines[4].contains("--domain and --token, or BATON_DOMAIN and BATON_TOKEN"));
        assert_eq!(lines[5], "hint: try the demo");
        assert_eq!(failure(&[], &[], "x"), None);
    }
}
