//! SSH keys, to which age encrypts: their binary form (RFC 4251, RFC 4253) made of the numbers of a JWK.

use age::ssh::{ParseRecipientKeyError, Recipient};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The key type of Ed25519.
pub(super) const ED25519: &str = "ssh-ed25519";
/// The key type of RSA.
pub(super) const RSA: &str = "ssh-rsa";

/// The age recipient of an Ed25519 key.
pub(super) fn ed25519(point: &[u8; 32]) -> Result<Recipient, String> {
    recipient(ED25519, &[point])
}

/// The age recipient of an RSA key; the numbers have no leading zeros.
pub(super) fn rsa(n: &[u8], e: &[u8]) -> Result<Recipient, String> {
    recipient(RSA, &[&positive(e), &positive(n)])
}

fn recipient(kind: &str, parts: &[&[u8]]) -> Result<Recipient, String> {
    let mut blob = Vec::new();
    put(&mut blob, kind.as_bytes());
    for part in parts {
        put(&mut blob, part);
    }
    let line = format!("{kind} {}", STANDARD.encode(blob));
    line.parse().map_err(|error| match error {
        ParseRecipientKeyError::RsaModulusTooLarge => "RSA keys of more than 4096 bits cannot be used".to_owned(),
        ParseRecipientKeyError::RsaModulusTooSmall => "RSA keys of less than 2048 bits are not safe".to_owned(),
        _ => format!("it is no valid {kind} key"),
    })
}

/// A positive number in the two's complement form of SSH.
fn positive(number: &[u8]) -> Vec<u8> {
    let sign = number.first().is_some_and(|first| first & 0x80 != 0);
    let zero: &[u8] = if sign { &[0] } else { &[] };
    [zero, number].concat()
}

/// Appends a text with its length before it.
pub(super) fn put(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(text);
}

/// Takes a text with its length before it off the front.
pub(super) fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (text, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(text)
}

/// The unencrypted private key file of an Ed25519 key, as OpenSSH writes it (`PROTOCOL.key`).
pub(super) fn ed25519_private_file(seed: &[u8; 32], point: &[u8; 32]) -> Zeroizing<String> {
    const BLOCK: usize = 8;
    let mut public = Vec::new();
    put(&mut public, ED25519.as_bytes());
    put(&mut public, point);

    // Two equal numbers, by which a wrong passphrase would be noticed, then the key and a comment.
    let mut private = Zeroizing::new(vec![0; 8]);
    private.extend_from_slice(&public);
    put(&mut private, Zeroizing::new([*seed, *point].concat()).as_slice());
    put(&mut private, b"");
    let padding = (1..).take(private.len().next_multiple_of(BLOCK) - private.len());
    private.extend(padding);

    let mut file = Zeroizing::new(b"openssh-key-v1\0".to_vec());
    // Cipher, key derivation and its options: none.
    for none in ["none", "none", ""] {
        put(&mut file, none.as_bytes());
    }
    file.extend_from_slice(&1_u32.to_be_bytes());
    put(&mut file, &public);
    put(&mut file, &private);

    let mut text = Zeroizing::new("-----BEGIN OPENSSH PRIVATE KEY-----\n".to_owned());
    let encoded = Zeroizing::new(STANDARD.encode(file.as_slice()));
    for line in encoded.as_bytes().chunks(70) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str("-----END OPENSSH PRIVATE KEY-----\n");
    text
}
