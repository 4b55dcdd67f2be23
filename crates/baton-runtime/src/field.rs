//! A field: one thing that an operator can set, declared once.
//!
//! Flag, environment variable, key of the configuration file, help, completion and validation are all made from it.

/// One thing that an operator can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub(crate) name: &'static str,
    /// An older name, which is accepted too.
    pub(crate) alias: Option<&'static str>,
    pub(crate) kind: Kind,
    pub(crate) short: Option<char>,
    pub(crate) heading: &'static str,
    pub(crate) help: &'static str,
    pub(crate) more: &'static str,
    pub(crate) value_name: &'static str,
    pub(crate) choices: &'static [&'static str],
    pub(crate) hint: Hint,
    pub(crate) secret: bool,
    pub(crate) shown: Shown,
    pub(crate) legacy: Option<&'static str>,
    pub(crate) refused: Option<Refused>,
}

/// Why a field of other connectors is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What the field asks for.
    pub what: &'static str,
    /// The next step; the usual one if it is empty.
    pub hint: &'static str,
}

/// The kind of value that a field has, and its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text; empty means not set.
    Text {
        /// Value if nobody sets it.
        default: &'static str,
    },
    /// `--x`, `--x=true`, `--x=false`.
    Bool {
        /// Value if nobody sets it.
        default: bool,
    },
    /// A whole number.
    Int {
        /// Value if nobody sets it.
        default: i64,
        /// Smallest value allowed.
        min: i64,
        /// Largest value allowed.
        max: i64,
    },
    /// Texts, separated by commas; the flag can be repeated.
    List,
}

/// What a shell should complete for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    Nothing,
    File,
    Folder,
}

/// Where help lists a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// In `-h` and `--help`.
    Always,
    /// In `--help` only.
    Long,
    /// Nowhere.
    Never,
}

/// The headings under which help lists fields.
pub mod heading {
    /// How to reach and enter the system.
    pub const CONNECTION: &str = "Connection";
    /// What of the system is synced.
    pub const WHAT: &str = "What to sync";
    /// Where results go and how they look.
    pub const OUTPUT: &str = "Output";
    /// One change, or one look, instead of a sync.
    pub const CHANGE: &str = "One operation instead of a sync";
    /// Which of the objects in a file are shown.
    pub const FILTER: &str = "Filter";
    /// How fast, and at whose cost.
    pub const PACE: &str = "Pace";
    /// Logs.
    pub const LOGGING: &str = "Logging";
    /// What hardly anybody needs.
    pub const ADVANCED: &str = "Advanced";

    /// Staying connected to C1.
    pub const SERVICE: &str = "Service mode";

    /// The order in which help shows them.
    pub(crate) const ORDER: [&str; 9] = [CONNECTION, WHAT, OUTPUT, FILTER, PACE, CHANGE, SERVICE, LOGGING, ADVANCED];
}

impl Field {
    const fn new(name: &'static str, kind: Kind, value_name: &'static str) -> Self {
        Self {
            name,
            alias: None,
            kind,
            short: None,
            heading: heading::ADVANCED,
            help: "",
            more: "",
            value_name,
            choices: &[],
            hint: Hint::Nothing,
            secret: false,
            shown: Shown::Always,
            legacy: None,
            refused: None,
        }
    }

    /// The form of an answer: `-o json` or `-o console`. [`Settings::wants_json`](crate::Settings::wants_json) reads it.
    #[must_use]
    pub const fn output_format() -> Self {
        Self::text_or(OUTPUT_FORMAT, "console")
            .also("output")
            .short('o')
            .value_name("FORMAT")
            .choices(&["console", "json"])
    }

    /// A text without default.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text { default: "" }, "TEXT")
    }

    /// A text with a default.
    #[must_use]
    pub const fn text_or(name: &'static str, default: &'static str) -> Self {
        Self::new(name, Kind::Text { default }, "TEXT")
    }

    /// A switch.
    #[must_use]
    pub const fn switch(name: &'static str, default: bool) -> Self {
        Self::new(name, Kind::Bool { default }, "BOOL")
    }

    /// A whole number within `min..=max`.
    #[must_use]
    pub const fn int(name: &'static str, default: i64, min: i64, max: i64) -> Self {
        Self::new(name, Kind::Int { default, min, max }, "N")
    }

    /// A list of texts.
    #[must_use]
    pub const fn list(name: &'static str) -> Self {
        Self::new(name, Kind::List, "LIST")
    }

    /// Accepts another name, too: as flag, variable and key.
    #[must_use]
    pub const fn also(mut self, name: &'static str) -> Self {
        self.alias = Some(name);
        self
    }

    /// Sets the one-letter flag.
    #[must_use]
    pub const fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }

    /// Sets heading and the line of help.
    #[must_use]
    pub const fn help(mut self, heading: &'static str, help: &'static str) -> Self {
        self.heading = heading;
        self.help = help;
        self
    }

    /// Adds sentences that only `--help` shows.
    #[must_use]
    pub const fn more(mut self, more: &'static str) -> Self {
        self.more = more;
        self
    }

    /// Sets the word for the value in help.
    #[must_use]
    pub const fn value_name(mut self, name: &'static str) -> Self {
        self.value_name = name;
        self
    }

    /// Allows only these texts; case does not matter.
    #[must_use]
    pub const fn choices(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }

    /// Says that the value names a file, for completion.
    #[must_use]
    pub const fn file(mut self) -> Self {
        self.hint = Hint::File;
        self.value_name = "FILE";
        self
    }

    /// Says that the value names a folder, for completion.
    #[must_use]
    pub const fn folder(mut self) -> Self {
        self.hint = Hint::Folder;
        self.value_name = "DIR";
        self
    }

    /// Makes the value a secret: it is never shown, and masked wherever it should turn up.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Lists the field in `--help` but not in `-h`.
    #[must_use]
    pub const fn rarely_needed(mut self) -> Self {
        self.shown = Shown::Long;
        self
    }

    /// Lists the field nowhere in help.
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.shown = Shown::Never;
        self
    }

    /// Accepts the field because scripts carry it, hides it from help, and warns with `instead` when it is set.
    #[must_use]
    pub const fn legacy(mut self, instead: &'static str) -> Self {
        self.shown = Shown::Never;
        self.legacy = Some(instead);
        self
    }

    /// Knows the field because other connectors have it, hides it from help, and refuses a run that sets it: `what` says
    /// what it asks for, `hint` what to do instead.
    #[must_use]
    pub const fn refused(mut self, what: &'static str, hint: &'static str) -> Self {
        self.shown = Shown::Never;
        self.refused = Some(Refused { what, hint });
        self
    }

    /// Name of the flag and key of the configuration file.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// All names under which the field is known.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.alias)
    }

    /// Name of the environment variable: `BATON_` and the name in capitals with underscores.
    #[must_use]
    pub fn env(&self) -> String {
        env_name(self.name)
    }
}

/// The name of [`Field::output_format`].
pub(crate) const OUTPUT_FORMAT: &str = "output-format";

/// The environment variable of the field `name`.
pub(crate) fn env_name(name: &str) -> String {
    format!("BATON_{}", name.to_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_named_after_flags() {
        assert_eq!(Field::text("c1z-temp-dir").env(), "BATON_C1Z_TEMP_DIR");
    }
}
