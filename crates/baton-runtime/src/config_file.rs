//! The configuration file (`docs/spec/connector-runtime.md` 1.4).
//!
//! `BATON_CONFIG_PATH` names it and must end in `.yaml` or `.yml`; otherwise `.baton.yaml`, `.baton.yml` or `.baton` in
//! the current directory is read if there is one. Its keys are the names of the flags. Other than with the Go
//! connector, a named file that cannot be read or understood is an error, and an unknown key is warned about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_yaml_ng::Value;

use crate::env::Env;
use crate::failure::Failure;

/// The variable that names the file.
pub(crate) const PATH_VARIABLE: &str = "BATON_CONFIG_PATH";

/// Where the file is looked for when nobody names it.
const USUAL_NAMES: [&str; 3] = [".baton.yaml", ".baton.yml", ".baton"];

/// What the file says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ConfigFile {
    /// The file that was read.
    pub path: Option<PathBuf>,
    /// Its entries, keys in lower case.
    pub entries: BTreeMap<String, Entry>,
    /// A usual file that is there but could not be used.
    pub warning: Option<String>,
}

/// One value of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    /// A text, number or boolean, as text.
    Scalar(String),
    /// A list of such.
    List(Vec<String>),
    /// Something else, in a word.
    Other(&'static str),
}

impl ConfigFile {
    /// Finds and reads the file; `folder` is the current directory.
    ///
    /// # Errors
    ///
    /// The file that `BATON_CONFIG_PATH` names has a wrong ending, cannot be read or is no YAML mapping.
    pub(crate) fn find(env: &Env, folder: &Path) -> Result<Self, Failure> {
        if let Some(named) = env.get(PATH_VARIABLE) {
            return Self::named(Path::new(named));
        }
        let Some(path) = USUAL_NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file()) else {
            return Ok(Self::default());
        };
        Ok(Self::read(&path).unwrap_or_else(|reason| Self {
            warning: Some(format!("{} is ignored: {reason}", path.display())),
            ..Self::default()
        }))
    }

    fn named(path: &Path) -> Result<Self, Failure> {
        if !matches!(path.extension().and_then(|ending| ending.to_str()), Some("yaml" | "yml")) {
            return Err(Failure::new(format!(
                "expected config file path to have .yaml or .yml extension: {}\nhint: correct {PATH_VARIABLE}",
                path.display()
            )));
        }
        Self::read(path).map_err(|reason| {
            Failure::new(format!(
                "cannot use the configuration file {}: {reason}\nhint: correct the file, or {PATH_VARIABLE}, which names it",
                path.display()
            ))
        })
    }

    fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        Ok(Self { path: Some(path.to_owned()), entries: parse(&text)?, warning: None })
    }
}

/// The entries of a YAML mapping. Error texts give the place, never the content: it may be a secret.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, Entry>, String> {
    let value: Value = serde_yaml_ng::from_str(text).map_err(|error| match error.location() {
        Some(place) => format!("line {}, column {} is no YAML", place.line(), place.column()),
        None => "it is no YAML".to_owned(),
    })?;
    let mapping = match value {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Mapping(mapping) => mapping,
        _ => return Err("it must consist of lines \"name: value\"".to_owned()),
    };
    let mut entries = BTreeMap::new();
    for (key, value) in mapping {
        let Some(key) = scalar(&key) else {
            return Err("a key must be a name".to_owned());
        };
        if let Some(entry) = entry(&value) {
            entries.insert(key.to_lowercase(), entry);
        }
    }
    Ok(entries)
}

/// A value of the file; `None` if it counts as not set.
fn entry(value: &Value) -> Option<Entry> {
    Some(match value {
        Value::Null => return None,
        Value::Sequence(items) => match items.iter().map(scalar).collect() {
            Some(items) => Entry::List(items),
            None => Entry::Other("a list of lists or mappings"),
        },
        Value::Mapping(_) => Entry::Other("a mapping"),
        Value::Tagged(_) => Entry::Other("a tagged value"),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => match scalar(value) {
            Some(text) if text.is_empty() => return None,
            Some(text) => Entry::Scalar(text),
            None => return None,
        },
    })
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(value) => Some(value.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn named(path: &Path) -> Result<ConfigFile, Failure> {
        ConfigFile::find(&Env::from_iter([(PATH_VARIABLE, path.to_str().unwrap())]), Path::new("/nowhere"))
    }

    #[test]
    fn usual_names_are_tried_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let find = || ConfigFile::find(&Env::default(), folder.path()).unwrap();
        assert_eq!(find(), ConfigFile::default());
        for (name, value) in [(".baton", "c"), (".baton.yml", "b"), (".baton.yaml", "a")] {
            file(folder.path(), name, &format!("Domain: {value}\n"));
            assert_eq!(find().entries["domain"], Entry::Scalar(value.to_owned()));
        }
    }

    #[test]
    fn a_usual_name_that_is_a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".baton")).unwrap();
        assert_eq!(ConfigFile::find(&Env::default(), folder.path()).unwrap(), ConfigFile::default());
    }

    #[test]
    fn values_of_all_kinds() {
        let entries = parse("a: 1\nb: true\nc: text\nd: [x, 'y,z', 3]\ne: {f: g}\nh: ''\ni:\n").unwrap();
        assert_eq!(entries["a"], Entry::Scalar("1".to_owned()));
        assert_eq!(entries["b"], Entry::Scalar("true".to_owned()));
        assert_eq!(entries["c"], Entry::Scalar("text".to_owned()));
        assert_eq!(entries["d"], Entry::List(vec!["x".to_owned(), "y,z".to_owned(), "3".to_owned()]));
        assert_eq!(entries["e"], Entry::Other("a mapping"));
        assert!(!entries.contains_key("h") && !entries.contains_key("i"));
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn a_named_file_must_be_good() {
        let folder = tempfile::tempdir().unwrap();
        let bad = file(folder.path(), "bad.yaml", "api-token: 'hunter2\n  x: [");
        let text = named(&bad).unwrap_err().to_string();
        assert!(text.contains("bad.yaml") && text.contains("is no YAML") && !text.contains("hunter2"), "{text}");
        let list = file(folder.path(), "list.yml", "- a\n");
        assert!(named(&list).unwrap_err().to_string().contains("name: value"));
        assert!(named(&folder.path().join("absent.yaml")).is_err());
        let ending = named(&file(folder.path(), "config.json", "{}")).unwrap_err();
        assert_eq!(ending.code(), 2);
        assert!(ending.to_string().contains(".yaml or .yml"));
        let good = file(folder.path(), "good.yml", "domain: acme.okta.com\n");
        assert_eq!(named(&good).unwrap().path, Some(good));
    }

    #[test]
    fn a_usual_file_that_is_bad_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        file(folder.path(), ".baton.yaml", "a: [");
        let found = ConfigFile::find(&Env::default(), folder.path()).unwrap();
        assert!(found.entries.is_empty());
        assert!(found.warning.unwrap().contains(".baton.yaml is ignored"));
    }
}
