//! The client that may sign in, made up: its id, its secret, and what the server knows of it.

use std::net::SocketAddr;

use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A client of this C1.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) public_key: Vec<u8>,
}

impl Client {
    /// A new client of the server at `address`.
    pub(crate) fn new(address: SocketAddr) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let pair = Ed25519KeyPair::generate()?;
        let seed = pair.seed()?.as_be_bytes()?;
        let public_key = pair.public_key().as_ref().to_vec();
        let jwk = serde_json::json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": URL_SAFE_NO_PAD.encode(&public_key),
            "d": URL_SAFE_NO_PAD.encode(seed.as_ref()),
        });
        Ok(Self {
            id: format!("brave-otter-12345@{address}/api/connector"),
            secret: format!("secret-token:conductorone.com:v1:{}", URL_SAFE_NO_PAD.encode(jwk.to_string())),
            public_key,
        })
    }
}
