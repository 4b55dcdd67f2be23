//! The demo's org stays, so that syncs and changes can be tried on it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use baton_runtime::{Failure, Field, Session, heading};
use okta_sim::Sim;

/// Keeps the org running.
pub(super) const SERVE: Field = Field::switch("serve", false)
    .help(heading::OUTPUT, "Keep the org running until interrupted, and print what a shell needs to use it");

/// Tells how to use the org that `file` was synced from, and keeps it running until the operator interrupts.
///
/// The lines for a shell go to stdout, so that they can be put into a file and sourced.
pub(super) async fn until_interrupted(session: &Session, sim: &Sim, file: &Path) -> Result<(), Failure> {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let authority = file.with_extension("ca.pem");
    private_fs::create(&authority)
        .and_then(|mut made| made.write_all(sim.ca_pem().as_bytes()))
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", authority.display())))?;
    session.say("\nThe org keeps running until you press Ctrl-C. To use it, paste this into another shell:\n");
    session.print(&variables(sim, &file, &authority))?;
    let name = program(session);
    session.say(&format!(
        "\nThen try\n  {name} doctor\n  {name} grants -t group\n  {name} --create-account-profile \
         '{{\"first_name\":\"Ada\",\"last_name\":\"Lovelace\",\"email\":\"ada@acme.example\"}}'\n  {name}"
    ));
    session.cancel().cancelled().await;
    // It is of no use without the org.
    let _ = fs::remove_file(&authority);
    Ok(())
}

/// What a shell needs to use the org.
fn variables(sim: &Sim, file: &Path, authority: &Path) -> String {
    let lines = [
        ("BATON_DOMAIN", sim.host()),
        ("BATON_API_TOKEN", sim.token().to_owned()),
        ("BATON_FILE", file.display().to_string()),
        ("SSL_CERT_FILE", authority.display().to_string()),
    ];
    lines.map(|(name, value)| format!("export {name}={}", quoted(&value))).join("\n")
}

/// A text as a shell takes it, whatever is in it.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The command as it works in another folder, too.
fn program(session: &Session) -> String {
    let typed = PathBuf::from(session.invoked_as());
    if typed.components().count() < 2 {
        return typed.display().to_string();
    }
    std::path::absolute(&typed).unwrap_or(typed).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn values_survive_a_shell() {
        assert_eq!(quoted("/tmp/a-b/demo.ca.pem"), "/tmp/a-b/demo.ca.pem");
        assert_eq!(quoted("localhost:8443"), "localhost:8443");
        assert_eq!(quoted("/tmp/it's here"), r"'/tmp/it'\''s here'");
    }
}
