//! Keys in every accepted form, and the messages for others.

#![allow(clippy::unwrap_used)]

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::json;

use super::*;
use crate::tests::keys::{edwards, elliptic, jwk, lines, pem, pkcs1, pkcs8, short};

fn parse(text: &str) -> Result<PrivateKey, Error> {
    PrivateKey::parse(&text.to_owned().into())
}

/// Returns the error message, which must repeat no part of the text.
fn refusal(text: &str) -> String {
    let error = parse(text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let shown = format!("{error} {error:?}");
    for piece in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|piece| piece.len() > 20) {
        assert!(!shown.contains(piece), "{shown}");
    }
    error.to_string()
}

#[test]
fn every_form_of_the_key_gives_the_same_key() {
    let (modern, old) = (pem("PRIVATE KEY", pkcs8()), pem("RSA PRIVATE KEY", pkcs1()));
    let certificate = pem("CERTIFICATE", b"whatever");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let forms = [
        modern.clone(),
        old.clone(),
        modern.replace('\n', "\\n"),
        old.replace('\n', "\\r\\n"),
        modern.replace('\n', "\r\n"),
        modern.replace('\n', " "),
        format!("\"{}\"", modern.replace('\n', "\\n")),
        format!("  \n{modern}\n\n"),
        format!("{certificate}{modern}"),
        format!("Bag Attributes\n{old}{certificate}"),
        jwk().to_string(),
        serde_json::to_string_pretty(&jwk()).unwrap(),
        file("modern.pem", &modern),
        format!(" {}\n", file("old", &format!("\u{feff}{old}"))),
        file("key.jwk", &jwk().to_string()),
    ];
    let expected = parse(&forms[0]).unwrap();
    assert_eq!(expected.bits(), 2048);
    let signature = expected.sign(b"message").unwrap();
    for form in &forms {
        let key = parse(form).unwrap();
        assert_eq!(key.public(), expected.public());
        assert_eq!(key.sign(b"message").unwrap(), signature);
    }
    let (n, e) = expected.public();
    let number = |text| URL_SAFE_NO_PAD.decode(text).unwrap();
    let public = RsaPublicKeyComponents { n: number(n), e: number(e) };
    public.verify(&RSA_PKCS1_2048_8192_SHA256, b"message", &signature).unwrap();
}

#[test]
fn unusable_keys_are_distinguished() {
    let whole = pem("PRIVATE KEY", pkcs8());
    let middle_gone = pem("PRIVATE KEY", &pkcs8()[..600]);
    let encrypted = format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n{}", lines(pkcs1()));
    let flipped: Vec<u8> = pkcs8().iter().enumerate().map(|(at, byte)| if at > 300 { !byte } else { *byte }).collect();
    for (text, expected, next) in [
        (String::new(), "is empty", "give an RSA private key"),
        ("  \n".to_owned(), "is empty", "give an RSA private key"),
        (pem("PRIVATE KEY", &elliptic()), "an elliptic-curve key (EC), not RSA", "RS256"),
        (pem("EC PRIVATE KEY", &elliptic()), "an elliptic-curve key (EC), not RSA", "RS256"),
        (format!("{}{}", pem("EC PARAMETERS", b"x"), pem("EC PRIVATE KEY", b"x")), "elliptic-curve", "RS256"),
        (pem("PRIVATE KEY", &edwards()), "an Ed25519 key, not RSA", "RS256"),
        (pem("DSA PRIVATE KEY", b"x"), "a DSA key, not RSA", "RS256"),
        (pem("OPENSSH PRIVATE KEY", b"x"), "OpenSSH's own form", "ssh-keygen"),
        (pem("PRIVATE KEY", &short()), "has less than 2048 bits", "make a new one"),
        (pem("ENCRYPTED PRIVATE KEY", pkcs8()), "is encrypted", "without a passphrase"),
        (format!("-----BEGIN RSA PRIVATE KEY-----\n{encrypted}-----END RSA PRIVATE KEY-----"), "is encrypted", "pkey"),
        (pem("PUBLIC KEY", pkcs8()), "is a public key", "give the private key"),
        (pem("RSA PUBLIC KEY", pkcs8()), "is a public key", "give the private key"),
        (pem("CERTIFICATE", pkcs8()), "is a certificate", "give the private key"),
        (pem("X509 CRL", pkcs8()), "is a X509 CRL, not a private key", "give an RSA"),
        (whole[..whole.len() / 2].to_owned(), "is cut off: the line \"END PRIVATE KEY\"", "copy it again"),
        (whole[40..].to_owned(), "has no BEGIN line", "copy it again"),
        (lines(pkcs8()), "has neither BEGIN nor END line", "copy it again"),
        (middle_gone, "is cut off", "copy it again"),
        (whole.replace("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE"), "damaged BEGIN line", "copy it again"),
        ("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----".to_owned(), "is empty between", "copy it again"),
        (whole.replace('M', "*"), "is damaged: between its lines is no base64", "copy it again"),
        (pem("PRIVATE KEY", &flipped), "is damaged", "make a new one"),
        (pem("RSA PRIVATE KEY", b"0"), "is cut off", "copy it again"),
        (pem("PRIVATE KEY", b"nonsense"), "is damaged or no RSA key", "copy it again"),
    ] {
        let message = refusal(&text);
        assert!(message.contains(expected) && message.contains(next), "{expected}: {message}");
    }
}

#[test]
fn a_jwk_is_taken_if_it_is_whole_and_private() {
    let without = |member: &str| {
        let mut jwk = jwk();
        jwk.as_object_mut().unwrap().shift_remove(member);
        jwk.to_string()
    };
    let with = |member: &str, value: &str| {
        let mut jwk = jwk();
        jwk[member] = value.into();
        jwk.to_string()
    };
    let set = json!({"keys": [jwk()]}).to_string();
    for (text, expected) in [
        (without("d"), "is a public JWK"),
        (without("qi"), "is an incomplete JWK: it has no \"qi\""),
        (with("p", "***"), "is a damaged JWK: \"p\" is no base64url"),
        (with("d", "AQAB"), "is damaged"),
        (with("kty", "EC"), "an elliptic-curve key (EC), not RSA"),
        (with("kty", "oct"), "a shared secret (oct), not RSA"),
        (without("kty"), "no known \"kty\""),
        (set, "is a set of keys"),
        ("{\"kty\": \"RSA\"".to_owned(), "its JSON cannot be read"),
        ("{yourPrivateKey}".to_owned(), "its JSON cannot be read"),
    ] {
        let message = refusal(&text);
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[test]
fn a_file_that_is_no_key_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    for (path, expected) in [
        (file("empty.pem", b" \n"), "is empty"),
        (file("key.der", pkcs8()), "is binary (DER)"),
        (file("text", b"hello"), "holds no key"),
        (file("utf16", b"\xff\xfe-\0"), "is not a text"),
        (file("large", &vec![b'a'; 70_000]), "is too large"),
        (format!("{}/absent", folder.path().display()), "not found"),
        ("no-such-folder/key.pem".to_owned(), "not found"),
    ] {
        let message = parse(&path).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
        let name = path.rsplit('/').next().unwrap();
        assert!(message.contains(name), "{message}");
    }
    let message = parse(folder.path().to_str().unwrap()).unwrap_err().to_string();
    assert!(message.contains("cannot be read"), "{message}");
    let message = parse(&file("public.pem", pem("PUBLIC KEY", pkcs8()).as_bytes())).unwrap_err().to_string();
    assert!(message.contains("is a public key"), "{message}");
}

#[test]
fn a_piece_of_a_key_is_not_taken_for_a_file_name() {
    let text = lines(pkcs8());
    for line in text.lines().take(3) {
        let message = refusal(line);
        assert!(message.contains("neither PEM nor a JWK"), "{message}");
    }
    let secret = "/secretPartOfAKey";
    assert!(!parse(secret).unwrap_err().to_string().contains("secretPart"));
}

#[test]
fn debug_shows_the_size_alone() {
    assert_eq!(format!("{:?}", parse(&pem("PRIVATE KEY", pkcs8())).unwrap()), "PrivateKey(RSA, 2048 bits)");
}
