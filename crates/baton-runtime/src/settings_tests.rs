#![allow(clippy::unwrap_used)]

use super::*;

const FIELDS: [Field; 9] = [
    Field::text_or("name", "nobody"),
    Field::text("token").secret(),
    Field::switch("on", true),
    Field::int("count", 3, 1, 100),
    Field::list("items"),
    Field::text("old").legacy("nothing is kept"),
    Field::text("new-name").also("earlier-name"),
    Field::switch("ticket", false).refused("a ticket", "leave it out"),
    Field::list("tickets").refused("tickets", "leave them out"),
];

fn file(text: &str) -> ConfigFile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    std::fs::write(&path, text).unwrap();
    ConfigFile::find(&Env::from_iter([("BATON_CONFIG_PATH", path.to_str().unwrap())]), folder.path()).unwrap()
}

fn from(flags: &[(&str, &str)], env: &[(&str, &str)], text: &str) -> Resolved {
    let flags = |name: &str| {
        let given: Vec<_> =
            flags.iter().filter(|(flag, _)| *flag == name).map(|(_, value)| (*value).to_owned()).collect();
        (!given.is_empty()).then_some(given)
    };
    let env = Env::from_iter(env.iter().copied());
    resolve(&FIELDS, &Places { flags: &flags, env: &env, file: &file(text) })
}

/// A field, its values in flag, variable and file, its default, and how it is read.
type Case = (&'static str, [&'static str; 3], &'static str, fn(&Settings) -> String);

/// Every combination of places that say something: the first of flag, variable, file and default wins.
#[test]
fn precedence() {
    let cases: [Case; 4] = [
        ("name", ["flag", "env", "file"], "nobody", |settings| settings.text("name").to_owned()),
        ("count", ["11", "12", "13"], "3", |settings| settings.int("count").to_string()),
        ("on", ["false", "f", "0"], "true", |settings| settings.switch("on").to_string()),
        ("token", ["tf", "te", "tc"], "", |settings| {
            settings.secret("token").map(|token| token.expose_secret().to_owned()).unwrap_or_default()
        }),
    ];
    for (name, [flag, env, in_file], default, get) in cases {
        for given in 0..8_u8 {
            let flags = if given & 4 > 0 { vec![(name, flag)] } else { Vec::new() };
            let variable = env_name(name);
            let variables = if given & 2 > 0 { vec![(variable.as_str(), env)] } else { Vec::new() };
            let text = if given & 1 > 0 { format!("{name}: {in_file}") } else { String::new() };
            let resolved = from(&flags, &variables, &text);
            assert_eq!(resolved.errors, Vec::<String>::new());
            let wanted = match given {
                4.. => flag,
                2.. => env,
                1 => in_file,
                _ => default,
            };
            let wanted = if name == "on" { value::boolean(wanted).unwrap().to_string() } else { wanted.to_owned() };
            assert_eq!(get(&resolved.settings), wanted, "{name} {given:b}");
            assert_eq!(resolved.settings.is_set(name), given > 0);
            assert_eq!(resolved.settings.is_on_command_line(name), given >= 4);
        }
    }
}

#[test]
fn the_last_flag_wins() {
    assert_eq!(from(&[("name", "a"), ("name", "b")], &[], "").settings.text("name"), "b");
}

#[test]
fn an_empty_flag_stands_for_the_default() {
    assert_eq!(from(&[("name", "")], &[("BATON_NAME", "env")], "").settings.text("name"), "nobody");
}

#[test]
fn lists_of_flags_are_appended() {
    let list = |flags, env, text| from(flags, env, text).settings.list("items").to_vec();
    assert_eq!(list(&[("items", "z")], &[("BATON_ITEMS", "x,y")], "items: [w]"), ["x", "y", "z"]);
    assert_eq!(list(&[("items", "y,z"), ("items", "\"a,b\"")], &[], "items: ['w,x']"), ["w,x", "y", "z", "a,b"]);
    assert_eq!(list(&[], &[], "items: a, b"), ["a", "b"]);
}

#[test]
fn values_that_cannot_be_read_are_errors() {
    let resolved =
        from(&[("items", "\"a")], &[("BATON_ON", "yes"), ("BATON_COUNT", "101")], "name: [a]\ntoken: {a: b}\n");
    assert_eq!(resolved.errors.len(), 5, "{:?}", resolved.errors);
    assert!(resolved.errors[0].starts_with("field name: value must not be a list (from name in "));
    assert!(resolved.errors[1].starts_with("field token: value must not be a mapping"));
    assert_eq!(resolved.errors[2], "field on: value must be true or false but got \"yes\" (from BATON_ON)");
    assert_eq!(
        resolved.errors[3],
        "field count: value must be less than or equal to 100 but got 101 (from BATON_COUNT)"
    );
    assert_eq!(resolved.errors[4], "field items: list has a quote that is not closed (from --items)");
}

#[test]
fn legacy_fields_warn_once_when_set() {
    assert_eq!(from(&[], &[], "").warnings, Vec::<String>::new());
    let warnings = from(&[("old", "x")], &[("BATON_OLD", "y")], "old: z").warnings;
    assert_eq!(warnings, ["--old has no effect here: nothing is kept"]);
    assert!(from(&[], &[("BATON_OLD", "y")], "").warnings[0].starts_with("BATON_OLD "));
}

#[test]
fn a_field_is_known_under_an_older_name() {
    let value = |env: &[(&str, &str)], text: &str| {
        let resolved = from(&[], env, text);
        assert!(unknown_names(&FIELDS, &Env::from_iter(env.iter().copied()), &file(text)).is_empty());
        resolved.settings.text("new-name").to_owned()
    };
    assert_eq!(value(&[("BATON_EARLIER_NAME", "e")], "new-name: f"), "e");
    assert_eq!(value(&[], "earlier-name: f"), "f");
    assert_eq!(value(&[("BATON_EARLIER_NAME", "e"), ("BATON_NEW_NAME", "n")], "earlier-name: f"), "n");
    assert_eq!(value(&[], "earlier-name: f\nnew-name: n"), "n");
    let resolved = from(&[], &[], "earlier-name: [a]");
    assert!(resolved.errors[0].contains("(from earlier-name in "), "{:?}", resolved.errors);
}

#[test]
fn what_is_not_done_is_refused_where_it_is_asked_for() {
    let refused = |flags: &[(&str, &str)], env: &[(&str, &str)], text: &str| {
        from(flags, env, text).refusals.into_iter().map(|(text, _)| text).collect::<Vec<_>>()
    };
    assert_eq!(refused(&[("ticket", "true")], &[], ""), ["--ticket asks for a ticket"]);
    assert_eq!(refused(&[], &[("BATON_TICKET", "1")], ""), ["BATON_TICKET asks for a ticket"]);
    assert!(refused(&[], &[], "tickets: [a]")[0].starts_with("tickets in "));
    assert_eq!(refused(&[("tickets", "")], &[], "").len(), 1, "it was meant to be a value");
    for (flags, env, text) in
        [(&[][..], &[][..], ""), (&[("ticket", "false")], &[], ""), (&[], &[("BATON_TICKET", "f")], "tickets: []")]
    {
        assert_eq!(refused(flags, env, text), Vec::<String>::new());
    }
}

/// Such a read is an option that does nothing without a word, so it is an error, in every build.
#[test]
fn reading_what_is_not_declared_is_an_error() {
    let settings = from(&[], &[], "").settings;
    let _ = (settings.text("name"), settings.secret("token"), settings.switch("on"), settings.int("count"));
    let _ = (settings.list("items"), settings.text("token"), settings.is_set("old"));
    assert_eq!(settings.check_declared(), Ok(()));
    let mistakes: [fn(&Settings); 8] = [
        |settings| _ = settings.text("nmae"),
        |settings| _ = settings.secret("nmae"),
        |settings| _ = settings.switch("nmae"),
        |settings| _ = settings.int("nmae"),
        |settings| _ = settings.list("nmae"),
        |settings| _ = settings.is_set("nmae"),
        |settings| _ = settings.is_on_command_line("nmae"),
        // Declared, but as another kind of value.
        |settings| _ = settings.switch("name"),
    ];
    for (at, mistake) in mistakes.into_iter().enumerate() {
        let settings = from(&[], &[], "").settings;
        mistake(&settings);
        let failure = settings.check_declared().unwrap_err();
        assert_eq!(failure.code(), 13);
        let name = if at == 7 { "name" } else { "nmae" };
        assert!(failure.to_string().starts_with(&format!("this command reads {name}, which")), "{failure}");
    }
}

#[test]
fn mistyped_names_are_told() {
    let env = Env::from_iter([
        ("BATON_TOKN", "x"),
        ("BATON_NAME", "x"),
        ("BATON_OKTA_SERVICE_HOST", "10.0.0.1"),
        ("PATH", "x"),
    ]);
    let warnings = unknown_names(&FIELDS, &env, &file("cuont: 3\nprovisioning: true\nname: x"));
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings[0].ends_with("c.yaml: the key cuont is not known and ignored; did you mean count?"));
    assert!(warnings[1].ends_with("the key provisioning is not known and ignored"));
    assert_eq!(warnings[2], "the variable BATON_TOKN is not known and ignored; did you mean BATON_TOKEN?");
}

#[test]
fn debug_shows_no_secret() {
    let resolved = from(&[("token", "hunter2")], &[], "");
    assert!(!format!("{resolved:?}").contains("hunter2"));
    assert_eq!(resolved.settings.text("token"), "");
}
