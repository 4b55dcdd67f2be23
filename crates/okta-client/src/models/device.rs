//! Devices.

use super::lenient::{part, record};

record! {
    /// A computer, phone or tablet that is registered with the org.
    pub struct Device as "device" {
        /// Its description.
        pub profile: DeviceProfile = "profile",
    }
}

part! {
    /// The profile of a device.
    pub struct DeviceProfile {
        /// Its display name.
        pub display_name: Option<String> = "displayName",
        /// `WINDOWS`, `MACOS`, `IOS`, `ANDROID`, `CHROMEOS`, or a future value.
        pub platform: Option<String> = "platform",
        /// The version of its operating system.
        pub os_version: Option<String> = "osVersion",
        /// Its manufacturer.
        pub manufacturer: Option<String> = "manufacturer",
        /// Its model.
        pub model: Option<String> = "model",
        /// Its serial number.
        pub serial_number: Option<String> = "serialNumber",
        /// Its unique device identifier (Apple devices).
        pub udid: Option<String> = "udid",
    }
}
