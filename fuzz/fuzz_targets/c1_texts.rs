//! What C1 shows to operators or sends along: client ids and secrets, and the public keys that secrets are encrypted to.
//!
//! The first byte chooses what the rest is taken for.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_proto::c1::connector::v2::EncryptionConfig;
use baton_proto::c1::connector::v2::encryption_config::{Config, JwkPublicKeyConfig};
use baton_provision::encrypt::{Recipients, public_key};
use baton_service::{ClientId, Credentials};
use libfuzzer_sys::fuzz_target;

const ID: &str = "brave-otter-12345@tenant.conductor.one/api/connector";

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    if kind % 4 == 0 {
        let config = Config::JwkPublicKeyConfig(JwkPublicKeyConfig { pub_key: data.to_vec() });
        let _ = Recipients::new(&[EncryptionConfig { config: Some(config), ..EncryptionConfig::default() }]);
        return;
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    match kind % 4 {
        1 => {
            let payload = URL_SAFE_NO_PAD.encode(text);
            for secret in [text.to_owned(), format!("secret-token:conductorone.com:v1:{payload}")] {
                let _ = Credentials::parse(ID, &secret.into());
            }
        }
        2 => {
            if let Ok(id) = ClientId::parse(text) {
                assert!(!id.hostname().is_empty(), "{id:?}");
            }
        }
        _ => {
            if let Ok(config) = public_key::parse(text) {
                let _ = Recipients::new(&[config]);
            }
        }
    }
});
