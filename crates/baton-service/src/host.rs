//! What C1 is told about the machine (`docs/spec/connector-runtime.md` 2.6).

use baton_proto::c1::connectorapi::baton::v1::baton_service_hello_request::OsInfo;

/// The longest text in a Hello, in characters.
const LONGEST: usize = 256;

/// The name of this host when it has none.
const NAMELESS: &str = "baton-service";

/// The machine's name.
pub(crate) fn name() -> String {
    Some(uname().name).filter(|name| !name.is_empty()).unwrap_or_else(|| NAMELESS.to_owned())
}

/// What the kernel says.
#[derive(Default)]
struct Uname {
    name: String,
    release: String,
    machine: String,
}

#[cfg(unix)]
fn uname() -> Uname {
    let told = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    Uname { name: text(told.nodename()), release: text(told.release()), machine: text(told.machine()) }
}

#[cfg(not(unix))]
fn uname() -> Uname {
    Uname { name: std::env::var("COMPUTERNAME").unwrap_or_default(), ..Uname::default() }
}

/// The operating system and the hardware.
pub(crate) fn os_info() -> OsInfo {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let is_container = ["/.dockerenv", "/run/.containerenv"].iter().any(|path| std::path::Path::new(path).exists());
    of(&uname(), &release, is_container)
}

fn of(uname: &Uname, os_release: &str, is_container: bool) -> OsInfo {
    let or = |text: &str, instead: &str| if text.is_empty() { instead.to_owned() } else { cut(text) };
    let os = std::env::consts::OS;
    let platform = or(field(os_release, "ID"), os);
    let family = field(os_release, "ID_LIKE").split(' ').next().unwrap_or_default();
    let kernel_version = or(&uname.release, "unknown");
    OsInfo {
        hostname: or(&uname.name, "unknown"),
        os: os.to_owned(),
        platform_family: or(family, &platform),
        platform_version: or(field(os_release, "VERSION_ID"), &kernel_version),
        platform,
        kernel_version,
        kernel_arch: or(&uname.machine, std::env::consts::ARCH),
        virtualization_system: if is_container { "docker" } else { "none" }.to_owned(),
    }
}

/// A value of an `os-release` file, without its quotes.
fn field<'t>(text: &'t str, name: &str) -> &'t str {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    line.unwrap_or_default().trim().trim_matches(['"', '\''])
}

/// The text as far as C1 takes it.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_machine() {
        let uname = Uname { name: "n".repeat(300), release: "6.1.0-13".to_owned(), machine: "x86_64".to_owned() };
        let release = "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"21.2\"\n";
        let info = of(&uname, release, true);
        assert_eq!(info.hostname.len(), 256);
        let told = [&info.platform, &info.platform_family, &info.platform_version, &info.virtualization_system];
        assert_eq!(told, ["linuxmint", "ubuntu", "21.2", "docker"]);
        assert_eq!((info.kernel_version.as_str(), info.kernel_arch.as_str()), ("6.1.0-13", "x86_64"));
    }

    #[test]
    fn nothing_is_empty() {
        let info = of(&Uname::default(), "", false);
        let os = std::env::consts::OS;
        assert_eq!([&info.platform, &info.platform_family], [os, os]);
        assert_eq!([info.hostname, info.kernel_version, info.platform_version], ["unknown"; 3]);
        assert_eq!((info.kernel_arch.as_str(), info.virtualization_system.as_str()), (std::env::consts::ARCH, "none"));
        assert!(!name().is_empty());
    }
}
