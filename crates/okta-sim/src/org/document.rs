//! An object that the org holds as JSON text: all objects of the small fixed orgs, and the awkward ones of generated orgs.

use serde_json::Value;

use crate::render::json::Hosts;

/// Stands for the org's origin inside a document. A control character never occurs in the text of valid JSON.
pub(crate) const ORG: char = '\u{1}';
/// Stands for the origin of the admin console inside a document.
pub(crate) const ADMIN: char = '\u{2}';

/// One object as JSON text.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// The object's id.
    pub(crate) id: Box<str>,
    /// The `status` member, or empty.
    pub(crate) status: Box<str>,
    /// The login of a user, the name of a group, or the label of an app; empty when there is none.
    pub(crate) name: Box<str>,
    /// The type of a group; empty for everything else.
    pub(crate) kind: Box<str>,
    /// Whether the object was recorded and is to be served letter by letter.
    pub(crate) verbatim: bool,
    json: Box<str>,
}

impl Document {
    /// Makes a document of a value; the texts `ORG` and `ADMIN` stand for origins of links.
    pub(crate) fn of(value: &Value) -> Self {
        // A value's text escapes control characters, so the marks are put in afterwards.
        let json = value.to_string().replace("\\u0001", "\u{1}").replace("\\u0002", "\u{2}");
        Self { json: json.into(), verbatim: false, ..Self::about(value) }
    }

    /// Makes a document of recorded text.
    pub(crate) fn recorded(json: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(json).ok()?;
        let about = Self::about(&value);
        (!about.id.is_empty()).then(|| Self { json: json.into(), ..about })
    }

    fn about(value: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().into();
        let profile = &value["profile"];
        let name = [&profile["login"], &profile["name"], &value["label"]].into_iter().find(|name| name.is_string());
        Self {
            id: text(&value["id"]),
            status: text(&value["status"]),
            name: name.map(text).unwrap_or_default(),
            kind: text(&value["type"]),
            verbatim: true,
            json: "".into(),
        }
    }

    /// Appends the object.
    pub(crate) fn render(&self, hosts: &Hosts, out: &mut String) {
        let mut rest: &str = &self.json;
        while let Some(at) = rest.find([ORG, ADMIN]) {
            out.push_str(&rest[..at]);
            out.push_str(if rest[at..].starts_with(ORG) { &hosts.org } else { &hosts.admin });
            rest = &rest[at + 1..];
        }
        out.push_str(rest);
    }

    /// The object as a value in which the marks still stand for origins: to be changed and made a document again.
    pub(crate) fn marked(&self) -> Value {
        self.value(&marks())
    }

    /// The object as a value, for filters and for views that leave something out.
    pub(crate) fn value(&self, hosts: &Hosts) -> Value {
        let mut text = String::with_capacity(self.json.len() + 256);
        self.render(hosts, &mut text);
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

/// Origins that are the marks themselves, as JSON escapes them: what is rendered with these can be read as JSON.
pub(crate) fn marks() -> Hosts {
    Hosts { org: "\\u0001".into(), admin: "\\u0002".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_can_be_changed_and_keeps_its_marks() {
        let hosts = Hosts { org: "https://o".into(), admin: "https://o-admin".into() };
        let document = Document::of(&json!({"id": "x", "a": format!("{ORG}/p"), "b": format!("{ADMIN}/q")}));
        let mut value = document.marked();
        value["c"] = 1.into();
        let changed = Document::of(&value).value(&hosts);
        assert_eq!(changed, json!({"id": "x", "a": "https://o/p", "b": "https://o-admin/q", "c": 1}));
    }

    #[test]
    fn marks_become_origins_and_nothing_else_changes() {
        let hosts = Hosts { org: "https://o".into(), admin: "https://o-admin".into() };
        let document = Document::of(&json!({"id": "x", "a": format!("{ORG}/p"), "b": format!("{ADMIN}/q"), "n": null}));
        let mut out = String::new();
        document.render(&hosts, &mut out);
        assert_eq!(out, r#"{"id":"x","a":"https://o/p","b":"https://o-admin/q","n":null}"#);
        assert_eq!(document.value(&hosts)["b"], "https://o-admin/q");
    }

    #[test]
    fn recorded_text_is_kept_letter_by_letter() {
        let hosts = Hosts { org: String::new(), admin: String::new() };
        let text = r#"{ "id" : "x", "f":1.10, "u":"\u00e9" }"#;
        let mut out = String::new();
        Document::recorded(text).into_iter().for_each(|document| document.render(&hosts, &mut out));
        assert_eq!(out, text);
        assert!(Document::recorded("{}").is_none(), "nothing without an id");
    }
}
