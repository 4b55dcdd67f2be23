//! The `baton-okta` binary.
fn main() {}
