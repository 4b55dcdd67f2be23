//! Conventions of Go's standard library that the contract relies on.

/// Parses a boolean as Go's `strconv.ParseBool` does: `1`, `t`, `T`, `true`, `TRUE`, `True` and their opposites.
#[must_use]
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_forms_of_go_are_booleans() {
        for text in ["1", "t", "T", "true", "TRUE", "True"] {
            assert_eq!(parse_bool(text), Some(true), "{text}");
        }
        for text in ["0", "f", "F", "false", "FALSE", "False"] {
            assert_eq!(parse_bool(text), Some(false), "{text}");
        }
        for text in ["", "yes", "on", "tRUE", " true"] {
            assert_eq!(parse_bool(text), None, "{text}");
        }
    }
}
