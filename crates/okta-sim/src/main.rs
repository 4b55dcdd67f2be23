//! The simulated Okta org as a program.
fn main() {}
