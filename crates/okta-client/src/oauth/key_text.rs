//! Parses a private key in text form, or explains why there is none.
//!
//! Errors never contain parts of the text, which may be part of a key, except for what is certainly a file name.

use std::io::Read;
use std::path::Path;

use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

use crate::error::{Error, ErrorKind};

/// The largest file that is read. A key of 8192 bits has seven thousand characters.
const MAX_FILE: u64 = 64 << 10;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
const COPY_AGAIN: &str = "copy it again, from its BEGIN line to its END line";
const ACCEPTED: &str = "give an RSA private key: PEM text, a JWK, or the path of a file that holds one";
const MAKE_RSA: &str = "sign-in needs an RSA key (RS256): make one in the Okta admin console, on the app's page under \
                        General, Client Credentials, Public keys";
const DECRYPT: &str = "store it without a passphrase: openssl pkey -in encrypted.pem -out private.pem";

/// The parts of a key in a form that the library parses. Zeroized when dropped.
pub(super) enum Material {
    /// DER in PKCS#8.
    Pkcs8(Zeroizing<Vec<u8>>),
    /// DER in PKCS#1.
    Pkcs1(Zeroizing<Vec<u8>>),
    /// The numbers of a JWK.
    Components(Box<Components>),
}

/// The numbers of an RSA key.
pub(super) struct Components(KeyPairComponents<Zeroizing<Vec<u8>>>);

impl Components {
    /// Returns the numbers as slices, the form that the library accepts.
    pub(super) fn as_slices(&self) -> KeyPairComponents<&[u8]> {
        let KeyPairComponents { public_key: PublicKeyComponents { n, e }, d, p, q, dP, dQ, qInv } = &self.0;
        KeyPairComponents { public_key: PublicKeyComponents { n, e }, d, p, q, dP, dQ, qInv }
    }
}

fn rejected(what: &str, hint: &'static str) -> Error {
    Error::new(ErrorKind::Invalid, format!("the private key {what}")).with_hint(hint)
}

/// Creates the error for a key of the wrong kind.
pub(super) fn not_rsa(kind: &str) -> Error {
    rejected(&format!("is {kind}, not RSA"), MAKE_RSA)
}

/// Parses the key in a text, or in the file that it names.
pub(super) fn parse(given: &str) -> Result<Material, Error> {
    let given = given.trim();
    if given.is_empty() {
        return Err(rejected("is empty", ACCEPTED));
    }
    match parse_text(given) {
        Some(result) => result,
        None => read_file(given),
    }
}

/// Parses the key in a text, if it looks like one at all.
pub(super) fn parse_text(text: &str) -> Option<Result<Material, Error>> {
    if text.contains(BEGIN) {
        return Some(parse_pem(text));
    }
    if text.contains("-----END ") {
        return Some(Err(rejected("has no BEGIN line", COPY_AGAIN)));
    }
    if text.starts_with('{') {
        return Some(parse_jwk(text));
    }
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c) || c.is_whitespace();
    if text.len() > 500 && text.replace("\\n", "").chars().all(base64) {
        return Some(Err(rejected("has neither BEGIN nor END line", COPY_AGAIN)));
    }
    None
}

/// Reads the key in the file that `given` names.
fn read_file(given: &str) -> Result<Material, Error> {
    let path = Path::new(given);
    // A piece of a key is no file name: it has no dot, and there is no folder of its name.
    let parent = path.parent().filter(|parent| parent.components().count() > 1);
    let is_name = given.len() < 500 && (given.contains('.') || parent.is_some_and(Path::is_dir));
    let name = if is_name { format!(" {given:?}") } else { String::new() };
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let what = format!("is neither PEM nor a JWK, and as a file{name} it cannot be read: {}", error.kind());
        return Err(rejected(&what, ACCEPTED));
    }
    let file = |what: &str, hint| Err(rejected(&format!("file{name} {what}"), hint));
    if bytes.len() as u64 > MAX_FILE {
        return file("is too large for a key", ACCEPTED);
    }
    if bytes.first() == Some(&0x30) {
        return file("is binary (DER)", "write it as PEM: openssl pkey -inform DER -in key.der -out private.pem");
    }
    let Ok(text) = std::str::from_utf8(&bytes) else { return file("is not a text in UTF-8", ACCEPTED) };
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return file("is empty", ACCEPTED);
    }
    parse_text(text).unwrap_or_else(|| file("holds no key", ACCEPTED))
}

/// Parses the first private key in a PEM text.
fn parse_pem(text: &str) -> Result<Material, Error> {
    let text = Zeroizing::new(text.replace("\\r", "\n").replace("\\n", "\n"));
    let mut rest = text.as_str();
    let mut other = None;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let Some((label, after)) = after.split_once(DASHES).filter(|(label, _)| is_label(label)) else {
            return Err(rejected("has a damaged BEGIN line", COPY_AGAIN));
        };
        let Some((body, after)) = after.split_once(&format!("-----END {label}{DASHES}")) else {
            return Err(rejected(&format!("is cut off: the line \"END {label}\" is missing"), COPY_AGAIN));
        };
        match label {
            "PRIVATE KEY" => return Ok(Material::Pkcs8(decode(body)?)),
            "RSA PRIVATE KEY" if body.contains("ENCRYPTED") => return Err(rejected("is encrypted", DECRYPT)),
            "RSA PRIVATE KEY" => return Ok(Material::Pkcs1(decode(body)?)),
            "ENCRYPTED PRIVATE KEY" => return Err(rejected("is encrypted", DECRYPT)),
            "EC PRIVATE KEY" => return Err(not_rsa("an elliptic-curve key (EC)")),
            "DSA PRIVATE KEY" => return Err(not_rsa("a DSA key")),
            "OPENSSH PRIVATE KEY" => {
                let hint = "write it as PEM: ssh-keygen -p -m PEM -f a-copy-of-the-key";
                return Err(rejected("is in OpenSSH's own form", hint));
            }
            "EC PARAMETERS" => {}
            _ => other = other.or(Some(label)),
        }
        rest = after;
    }
    Err(match other {
        Some(label) if label.contains("PUBLIC KEY") => {
            rejected("is a public key", "Okta keeps the public key; give the private key that belongs to it")
        }
        Some(label) if label.contains("CERTIFICATE") => {
            rejected("is a certificate", "give the private key that belongs to it")
        }
        Some(label) => rejected(&format!("is a {label}, not a private key"), ACCEPTED),
        None => rejected("is missing", ACCEPTED),
    })
}

/// Returns whether `label` may be repeated: the capitalized words of BEGIN lines.
fn is_label(label: &str) -> bool {
    label.len() < 40
        && label.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ')
        && label.split(' ').all(|word| word.len() < 15)
}

/// Decodes the bytes between the BEGIN and END lines.
fn decode(body: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let digits: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    if digits.is_empty() {
        return Err(rejected("is empty between its BEGIN and END lines", COPY_AGAIN));
    }
    let der = STANDARD.decode(digits.as_bytes());
    der.map(Zeroizing::new).map_err(|_| rejected("is damaged: between its lines is no base64", COPY_AGAIN))
}

/// Returns the kind of a PKCS#8 key that is not RSA, by the object id of its algorithm.
pub(super) fn non_rsa_kind(der: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 5] = [
        (&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], "an elliptic-curve key (EC)"),
        (&[0x06, 0x03, 0x2b, 0x65, 0x70], "an Ed25519 key"),
        (&[0x06, 0x03, 0x2b, 0x65, 0x71], "an Ed448 key"),
        (&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a], "an RSA-PSS key"),
        (&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "a DSA key"),
    ];
    let head = &der[..der.len().min(32)];
    let has = |id: &[u8]| head.windows(id.len()).any(|window| window == id);
    kinds.into_iter().find(|(id, _)| has(id)).map(|(_, kind)| kind)
}

/// Returns whether a DER text is shorter than its outermost length.
pub(super) fn is_truncated(der: &[u8]) -> bool {
    // A key is longer than 127 bytes and shorter than 16 MiB: its length is given in the one to three bytes that the
    // low bits of the second byte count.
    let [0x30, count @ 0x81..=0x83, rest @ ..] = der else { return der.len() < 2 };
    let Some((digits, content)) = rest.split_at_checked(usize::from(count & 0x7f)) else { return true };
    let announced = digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
    content.len() < announced
}

/// The members of a JWK that are read. Borrowed, so that secrets are not copied.
#[derive(Deserialize)]
struct Jwk<'t> {
    kty: Option<&'t str>,
    keys: Option<serde::de::IgnoredAny>,
    n: Option<&'t str>,
    e: Option<&'t str>,
    d: Option<&'t str>,
    p: Option<&'t str>,
    q: Option<&'t str>,
    dp: Option<&'t str>,
    dq: Option<&'t str>,
    qi: Option<&'t str>,
}

/// Parses the key in a JWK.
fn parse_jwk(text: &str) -> Result<Material, Error> {
    let hint = "give the private key as the Okta admin console shows it, as PEM or JWK";
    // The parser's own message may repeat its input.
    let jwk: Jwk<'_> = serde_json::from_str(text).map_err(|_| rejected("is no JWK: its JSON cannot be read", hint))?;
    match jwk.kty {
        Some("RSA") => {}
        Some("EC") => return Err(not_rsa("an elliptic-curve key (EC)")),
        Some("OKP") => return Err(not_rsa("an Edwards-curve key (OKP)")),
        Some("oct") => return Err(not_rsa("a shared secret (oct)")),
        _ if jwk.keys.is_some() => return Err(rejected("is a set of keys", "give one key out of it")),
        _ => return Err(rejected("is JSON, but no JWK: it has no known \"kty\"", hint)),
    }
    if jwk.d.is_none() {
        return Err(rejected("is a public JWK", "Okta keeps the public key; give the private key that belongs to it"));
    }
    let number = |name: &str, digits: Option<&str>| {
        let Some(digits) = digits else {
            return Err(rejected(&format!("is an incomplete JWK: it has no {name:?}"), hint));
        };
        let number = URL_SAFE_NO_PAD.decode(digits.trim_end_matches('=')).map(Zeroizing::new);
        let number = number.map_err(|_| rejected(&format!("is a damaged JWK: {name:?} is no base64url"), hint))?;
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        Ok(Zeroizing::new(number[zeros..].to_vec()))
    };
    Ok(Material::Components(Box::new(Components(KeyPairComponents {
        public_key: PublicKeyComponents { n: number("n", jwk.n)?, e: number("e", jwk.e)? },
        d: number("d", jwk.d)?,
        p: number("p", jwk.p)?,
        q: number("q", jwk.q)?,
        dP: number("dp", jwk.dp)?,
        dQ: number("dq", jwk.dq)?,
        qInv: number("qi", jwk.qi)?,
    }))))
}
