//! Devices that the org knows (`docs/spec/okta-sync.md` 6.9). Nothing can be granted on a device, and who uses it is
//! not read.

use baton_connector::{Page, SourceError, Work, build};
use baton_proto::c1::connector::v2::device_os::OsType;
use baton_proto::c1::connector::v2::{DeviceOs, ManagedDeviceTrait, Resource};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{Device, DeviceProfile};
use okta_client::{Bucket, endpoints};

use super::module::{Kind, Module};
use super::pages::ResourceDescriptor;
use crate::context::{Context, SingleScope};
use crate::ids::device::{DEVICES, ID, ONE_DEVICE};

/// The resource type `device`. It exists always, so that it can be named.
pub(crate) const MODULE: Module = Module {
    id: ID,
    kinds: &[
        Kind { name: DEVICES, label: "devices", bucket: Bucket::Devices, fetch: fetch_devices },
        Kind { name: ONE_DEVICE, label: "single devices", bucket: Bucket::Devices, fetch: fetch_device },
    ],
    single: ONE_DEVICE,
    start: |scope| if scope.devices { vec![Work::new(DEVICES, "")] } else { Vec::new() },
};

fn fetch_devices<'a>(
    context: &'a Context,
    _work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let list = (&[ID][..], "listing the devices");
        let request = endpoints::devices::list(context.limit(200));
        context
            .page_of_types(&request, cursor, list, |devices, page| {
                page.resources = devices.iter().map(resource).collect();
            })
            .await
    }
    .boxed()
}

fn fetch_device<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let SingleScope { is_named, .. } = context.scope_of(ID, &work.subject);
        let descriptor = ResourceDescriptor {
            resource_type: ID,
            what: "device",
            id: &work.subject,
            id_of: |device: &Device| device.id.as_str(),
            is_named,
        };
        let request = endpoints::devices::get(&work.subject);
        context.fetch_one(request, descriptor, |device, page| page.resources.push(resource(device))).await
    }
    .boxed()
}

/// The resource of a device.
pub(super) fn resource(device: &Device) -> Resource {
    let name = device.profile.display_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&device.id);
    Resource {
        annotations: vec![build::annotation(&managed(&device.profile))],
        ..build::resource(ID, &device.id, name)
    }
}

fn managed(profile: &DeviceProfile) -> ManagedDeviceTrait {
    let text = |member: &Option<String>| member.clone().unwrap_or_default();
    let (platform, version) = (text(&profile.platform), text(&profile.os_version));
    let os = DeviceOs { r#type: os_type(&platform).into(), name: platform, version, ..DeviceOs::default() };
    ManagedDeviceTrait {
        serial: text(&profile.serial_number),
        udid: text(&profile.udid),
        model: text(&profile.model),
        vendor: text(&profile.manufacturer),
        os: (os != DeviceOs::default()).then_some(os),
        ..ManagedDeviceTrait::default()
    }
}

/// The operating system that C1 knows by a name of its own.
fn os_type(platform: &str) -> OsType {
    match platform {
        "WINDOWS" => OsType::Windows,
        "MACOS" => OsType::Macos,
        "IOS" => OsType::Ios,
        "ANDROID" => OsType::Android,
        "CHROMEOS" => OsType::Chromeos,
        _ => OsType::Unspecified,
    }
}

#[cfg(test)]
mod tests {
    //! Every row of the mapping of devices, with literal expectations.

    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use baton_proto::json as protojson;
    use okta_client::models::record_from_json;
    use serde_json::{Value, json};

    use super::*;

    fn mapped(device: &Value) -> Value {
        protojson::to_value(&resource(&record_from_json(device.to_string().as_bytes()).unwrap())).unwrap()
    }

    fn stored(id: &str, name: &str, of_device: &Value) -> Value {
        let mut annotation = json!({"@type": "type.googleapis.com/c1.connector.v2.ManagedDeviceTrait"});
        annotation.as_object_mut().unwrap().extend(of_device.as_object().unwrap().clone());
        json!({"id": {"resourceType": "device", "resource": id}, "displayName": name, "annotations": [annotation]})
    }

    #[test]
    fn a_device_with_everything() {
        let profile = json!({
            "displayName": "Ada's Mac", "platform": "MACOS", "manufacturer": "Apple", "model": "Mac15,9",
            "osVersion": "14.1.0", "serialNumber": "SN1", "udid": "UDID-1", "imei": "is not kept",
        });
        let of_device = json!({
            "serial": "SN1", "udid": "UDID-1", "model": "Mac15,9", "vendor": "Apple",
            "os": {"type": "OS_TYPE_MACOS", "name": "MACOS", "version": "14.1.0"},
        });
        let device =
            json!({"id": "guo1", "status": "ACTIVE", "created": "2023-01-02T03:04:05.000Z", "profile": profile});
        assert_eq!(mapped(&device), stored("guo1", "Ada's Mac", &of_device));
    }

    #[test]
    fn a_device_without_a_name_is_called_by_its_id() {
        assert_eq!(mapped(&json!({"id": "guo1"})), stored("guo1", "guo1", &json!({})));
        assert_eq!(mapped(&json!({"id": "guo1", "profile": null})), stored("guo1", "guo1", &json!({})));
        let empty = json!({"id": "guo1", "profile": {"displayName": "", "model": null}});
        assert_eq!(mapped(&empty), stored("guo1", "guo1", &json!({})));
    }

    #[test]
    fn platforms() {
        for (platform, of) in [
            ("WINDOWS", Some("OS_TYPE_WINDOWS")),
            ("MACOS", Some("OS_TYPE_MACOS")),
            ("IOS", Some("OS_TYPE_IOS")),
            ("ANDROID", Some("OS_TYPE_ANDROID")),
            ("CHROMEOS", Some("OS_TYPE_CHROMEOS")),
            ("LINUX", None),
            ("TOMORROW", None),
        ] {
            let device = json!({"id": "guo1", "profile": {"displayName": "x", "platform": platform}});
            let mut os = json!({ "name": platform });
            if let Some(of) = of {
                os["type"] = of.into();
            }
            assert_eq!(mapped(&device), stored("guo1", "x", &json!({ "os": os })));
        }
    }
}
