//! Devices that Okta knows.

use super::lenient::{part, record};

record! {
    /// A computer, phone or tablet that is registered with the org.
    pub struct Device as "device" {
        /// What it is.
        pub profile: DeviceProfile = "profile",
    }
}

part! {
    /// What a device is.
    pub struct DeviceProfile {
        /// What people call it.
        pub display_name: Option<String> = "displayName",
        /// `WINDOWS`, `MACOS`, `IOS`, `ANDROID`, `CHROMEOS`, or something of tomorrow.
        pub platform: Option<String> = "platform",
        /// The version of its operating system.
        pub os_version: Option<String> = "osVersion",
        /// Who made it.
        pub manufacturer: Option<String> = "manufacturer",
        /// Which model it is.
        pub model: Option<String> = "model",
        /// Its serial number.
        pub serial_number: Option<String> = "serialNumber",
        /// Its unique device identifier (Apple devices).
        pub udid: Option<String> = "udid",
    }
}
