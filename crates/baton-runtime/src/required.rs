//! Required fields.

use crate::failure::Failure;
use crate::field::Field;
use crate::program::Group;
use crate::settings::Settings;
use crate::words;

/// The field that chooses a group.
pub(crate) const AUTH_METHOD: &str = "auth-method";

/// The fields that the chosen group requires and that have no value (`docs/spec/connector-runtime.md` 1.5).
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
    let mut lines = errors.to_vec();
    if !missing.is_empty() {
        let flags: Vec<_> = missing.iter().map(|field| format!("--{}", field.name)).collect();
        let variables: Vec<_> = missing.iter().map(|field| field.env()).collect();
        let flags = words::listed(&flags);
        lines.push(format!("{flags} {} missing", if missing.len() == 1 { "is" } else { "are" }));
        lines.push(format!(
            "hint: set {flags}, or {}, or the same names as keys in .baton.yaml",
            words::listed(&variables)
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
    fn everything_that_is_wrong_is_said_at_once() {
        let text = |missing: &[&Field]| {
            failure(&["field workers: wrong".to_owned()], missing, "try the demo").unwrap().to_string()
        };
        assert_eq!(
            text(&[&FIELDS[0], &FIELDS[1], &FIELDS[2]]),
            "field workers: wrong\n\
             --domain, --token and --key are missing\n\
             hint: set --domain, --token and --key, or BATON_DOMAIN, BATON_TOKEN and BATON_KEY, or the same names as \
             keys in .baton.yaml\n\
             hint: try the demo"
        );
        assert!(text(&[&FIELDS[0]]).contains("\n--domain is missing\n"));
        assert_eq!(text(&[]), "field workers: wrong");
        assert_eq!(failure(&[], &[], "x"), None);
    }
}
