//! Where in the source text a line was written.

/// `crate/file.rs:line` of a path such as `crates/okta-client/src/pacer/mod.rs`.
pub(crate) fn short(path: &str, line: u32) -> String {
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let file = parts.last().unwrap_or(&"");
    let source = parts.iter().rposition(|part| *part == "src");
    match source.and_then(|position| position.checked_sub(1)).and_then(|position| parts.get(position)) {
        Some(name) => format!("{name}/{file}:{line}"),
        None => format!("{file}:{line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn crate_and_file_are_kept() {
        assert_eq!(short("crates/okta-client/src/pacer/mod.rs", 7), "okta-client/mod.rs:7");
        assert_eq!(short("/home/x/hyper-1.8.0/src/lib.rs", 1), "hyper-1.8.0/lib.rs:1");
        assert_eq!(short("src/main.rs", 3), "main.rs:3");
        assert_eq!(short("build.rs", 3), "build.rs:3");
    }
}
