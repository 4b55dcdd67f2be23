#![allow(clippy::unwrap_used)]

use super::*;
use crate::config_file::ConfigFile;
use crate::env::Env;
use crate::settings::{Places, resolve};

/// Where a value comes from.
#[derive(Debug, Clone, Copy)]
enum From {
    Flag,
    Variable,
    File,
}

const EVERYWHERE: [From; 3] = [From::Flag, From::Variable, From::File];

fn asked(given: &[(&str, &str)], from: From) -> Result<Option<Operation>, Failure> {
    asked_from(&given.iter().map(|(name, value)| (*name, *value, from)).collect::<Vec<_>>())
}

fn asked_from(given: &[(&str, &str, From)]) -> Result<Option<Operation>, Failure> {
    let of = |wanted: fn(&From) -> bool| given.iter().filter(move |(.., from)| wanted(from));
    let flags = |name: &str| {
        let values: Vec<_> = of(|from| matches!(from, From::Flag))
            .filter(|(flag, ..)| *flag == name)
            .map(|(_, value, _)| (*value).to_owned())
            .collect();
        (!values.is_empty()).then_some(values)
    };
    let variables = of(|from| matches!(from, From::Variable)).map(|(name, value, _)| (env_name(name), *value));
    let lines = of(|from| matches!(from, From::File)).map(|(name, value, _)| format!("{name}: '{value}'\n"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".baton.yaml"), lines.collect::<String>()).unwrap();
    let file = ConfigFile::find(&Env::default(), folder.path()).unwrap();
    assert_eq!(file.warning, None);
    let env = Env::from_iter(variables);
    let resolved = resolve(&CHANGE, &Places { flags: &flags, env: &env, file: &file });
    assert_eq!(resolved.errors, Vec::<String>::new());
    Operation::asked_for(&resolved.settings)
}

/// A value that the setting may have.
fn sample(name: &'static str) -> (&'static str, &'static str) {
    let value = match name {
        "list-action-schemas" | "event-feed" | DRY_RUN => "true",
        "create-account-profile" | "invoke-action-args" => r#"{"a":1}"#,
        OUTPUT_FORMAT => "json",
        _ => "x",
    };
    (name, value)
}

/// Everything that makes an operation whole, and nothing else.
fn whole_of(shape: &Shape) -> Vec<(&'static str, &'static str)> {
    shape.needs.iter().chain(shape.needs_one_of.first()).map(|name| sample(name)).collect()
}

#[test]
fn every_field_belongs_to_some_operation() {
    for field in CHANGE {
        let takes = |shape: &Shape| shape.own().any(|own| own == field.name) || shape.shares.contains(&field.name);
        assert!(SHAPES.iter().any(takes), "{}", field.name);
    }
    let mut names: Vec<_> = SHAPES.iter().flat_map(Shape::own).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "no field selects two operations");
    assert!(names.iter().all(|name| CHANGE.iter().any(|field| field.name == *name)));
}

#[test]
fn whole_operations_are_recognised_wherever_they_come_from() {
    for from in EVERYWHERE {
        for shape in &SHAPES {
            assert_eq!(asked(&whole_of(shape), from).unwrap(), Some(shape.operation), "{from:?}");
            let mut all: Vec<_> = shape.own().chain(shape.shares.iter().copied()).map(sample).collect();
            assert_eq!(asked(&all, from).unwrap(), Some(shape.operation), "{from:?}");
            for one in shape.needs_one_of {
                all.retain(|(name, _)| !shape.needs_one_of.contains(name) || name == one);
                assert_eq!(asked(&all, from).unwrap(), Some(shape.operation), "{from:?} {one}");
                all = shape.own().map(sample).collect();
            }
        }
        assert_eq!(asked(&[], from).unwrap(), None);
    }
}

#[test]
fn the_places_may_be_mixed() {
    let mixed = [
        ("grant-entitlement", "e", From::Flag),
        ("grant-principal", "p", From::Variable),
        ("grant-principal-type", "user", From::File),
    ];
    assert_eq!(asked_from(&mixed).unwrap(), Some(Operation::Grant));
    let two = [("revoke-grant", "g", From::Variable), ("list-action-schemas", "true", From::Flag)];
    let text = asked_from(&two).unwrap_err().to_string();
    assert!(text.starts_with("--revoke-grant (BATON_REVOKE_GRANT) (from the environment or"), "{text}");
}

#[test]
fn half_an_operation_is_refused_and_the_rest_named() {
    for from in EVERYWHERE {
        for shape in &SHAPES {
            let whole = whole_of(shape);
            for missing in &whole {
                // What is left selects the operation as long as anything of its own is left.
                let mut rest: Vec<_> = whole.iter().filter(|given| *given != missing).copied().collect();
                rest.extend(shape.takes.iter().map(|name| sample(name)));
                if rest.is_empty() {
                    continue;
                }
                let failure = asked(&rest, from).unwrap_err();
                assert_eq!(failure.code(), 2);
                let text = failure.to_string();
                assert!(
                    text.contains(&format!("--{} (", missing.0)) && text.contains("is missing"),
                    "{from:?}: {text}"
                );
            }
            // Each part alone, too.
            for name in shape.own() {
                let alone = asked(&[sample(name)], from);
                let is_whole = shape.needs == [name] || (shape.needs.is_empty() && shape.needs_one_of.contains(&name));
                assert_eq!(alone.is_ok(), is_whole, "{from:?} {name}");
            }
        }
    }
}

#[test]
fn two_operations_are_refused() {
    for from in EVERYWHERE {
        for (position, one) in SHAPES.iter().enumerate() {
            for other in &SHAPES[position + 1..] {
                let both: Vec<_> = whole_of(one).into_iter().chain(whole_of(other)).collect();
                let failure = asked(&both, from).unwrap_err();
                assert_eq!(failure.code(), 2);
                let text = failure.to_string();
                assert!(text.contains("one run does one thing"), "{text}");
                assert!(text.contains(one.words) && text.contains(other.words), "{text}");
                // Half of the other is no better.
                for name in other.own() {
                    let with_half: Vec<_> = whole_of(one).into_iter().chain([sample(name)]).collect();
                    assert!(asked(&with_half, from).is_err(), "{from:?} {name}");
                }
            }
        }
    }
}

#[test]
fn settings_of_changes_do_not_make_a_sync() {
    for from in EVERYWHERE {
        for name in [DRY_RUN, CREDENTIAL_KEY] {
            let text = asked(&[sample(name)], from).unwrap_err().to_string();
            assert!(text.contains("nothing says what is to be changed"), "{from:?}: {text}");
        }
        assert_eq!(
            asked(&[(DRY_RUN, "false"), ("list-action-schemas", "false"), ("event-feed", "F")], from).unwrap(),
            None
        );
    }
    assert!(asked(&[(OUTPUT_FORMAT, "json")], From::Flag).is_err());
    // The reading commands take this variable, so a sync may meet it.
    assert_eq!(asked(&[(OUTPUT_FORMAT, "json")], From::Variable).unwrap(), None);
}

#[test]
fn what_an_operation_does_not_take_is_refused() {
    for shape in &SHAPES {
        for name in [DRY_RUN, CREDENTIAL_KEY] {
            let given: Vec<_> = whole_of(shape).into_iter().chain([sample(name)]).collect();
            let result = asked(&given, From::Flag);
            assert_eq!(result.is_ok(), shape.shares.contains(&name), "{} {name}", shape.words);
        }
    }
    let text = asked(&[("event-feed", "yes")], From::File).unwrap_err().to_string();
    assert!(text.contains("value must be true or false"), "{text}");
}

/// What `--delete-resource "$ID"` becomes when the variable is not set.
#[test]
fn an_empty_value_is_no_value() {
    for shape in &SHAPES {
        for (empty, _) in whole_of(shape).into_iter().filter(|(name, _)| *name != "list-action-schemas") {
            let given = whole_of(shape).into_iter().map(|(name, value)| (name, if name == empty { "" } else { value }));
            let failure = asked(&given.collect::<Vec<_>>(), From::Flag).unwrap_err();
            assert_eq!(failure.code(), 2);
            assert!(failure.to_string().starts_with(&format!("--{empty} has an empty value")), "{failure}");
        }
    }
}
