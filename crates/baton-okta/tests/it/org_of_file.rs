//! Of which org a file is: it says so, and a sync of another org does not replace it unasked.

use okta_sim::{Org, Shape, SimConfig};

use crate::support::{Lab, Outcome, ServiceApp};

const ID: &str = "00oth3r0rg000000s1m7";

fn org() -> Org {
    Org::generate(&Shape::new(20, 3, 2))
}

/// What `stats` shows of the org.
fn system(lab: &Lab) -> String {
    let outcome = Outcome::of(lab.bare().args(["stats", "-f", "sync.c1z"]).output().unwrap());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let line = outcome.stdout.lines().find_map(|line| line.strip_prefix("System   "));
    line.unwrap_or_default().to_owned()
}

#[test]
fn a_file_names_its_org() {
    let lab = Lab::start(SimConfig::new(org().with_id(ID)));
    assert_eq!(lab.run(&[]).code, 0);
    assert_eq!(system(&lab), format!("{} ({ID})", lab.sim().host()));
    // A service app may not read the org, but its id is public.
    for dpop in [false, true] {
        let lab = ServiceApp::new(dpop).lab(SimConfig::new(org().with_id(ID)));
        let outcome = lab.run_as_app(&[]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!(system(&lab), format!("{} ({ID})", lab.sim().host()));
    }
}

#[test]
fn a_file_of_another_org_is_left_as_it_is() {
    let (one, other) = (Lab::start(SimConfig::new(org())), Lab::start(SimConfig::new(org().with_id(ID))));
    assert_eq!(one.run(&[]).code, 0);
    let file = one.path("sync.c1z");
    let before = std::fs::read(&file).unwrap();
    let file_flag = file.to_string_lossy().into_owned();
    let requests = other.sim().stats().requests;
    let outcome = other.run(&["--file", &file_flag]);
    assert_eq!(outcome.code, 9, "{}", outcome.stderr);
    let hosts = [one.sim().host(), other.sim().host()];
    for words in hosts.iter().map(String::as_str).chain([ID, "--allow-shrink", "check the domain"]) {
        assert!(outcome.stderr.contains(words), "no {words:?} in {}", outcome.stderr);
    }
    assert_eq!(other.sim().stats().requests - requests, 1, "it only signs in");
    assert!(std::fs::read(&file).unwrap() == before);
    assert_eq!(other.run(&["--file", &file_flag, "--allow-shrink"]).code, 0);
    assert_eq!(system(&one), format!("{} ({ID})", other.sim().host()));
}
