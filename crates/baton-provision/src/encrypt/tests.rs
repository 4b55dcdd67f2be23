#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::io::Write;
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{SecretSlice, SecretString};

use self::keys::{CURVES, EcKey, RsaKey, concat_kdf};
use super::*;

mod keys;

const PASSWORD: &[u8] = "hunter2-Ünïcode".as_bytes();

/// The key pair and the thumbprint of RFC 8037, appendix A.
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const ED25519_PRIVATE: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const ED25519_THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

fn jwk_config(json: &str) -> EncryptionConfig {
    let config = Config::JwkPublicKeyConfig(JwkPublicKeyConfig { pub_key: json.as_bytes().to_vec() });
    EncryptionConfig { config: Some(config), ..EncryptionConfig::default() }
}

fn age_config(recipient: &str) -> EncryptionConfig {
    let config = Config::AgeRecipientConfig(AgeRecipientConfig { recipient: recipient.to_owned() });
    EncryptionConfig { config: Some(config), ..EncryptionConfig::default() }
}

fn secret(bytes: &[u8]) -> IssuedSecret {
    let [name, description, schema] = ["password", "for the first sign-in", "text"].map(str::to_owned);
    IssuedSecret { name, description, schema, bytes: SecretSlice::from(bytes.to_vec()) }
}

fn encrypted(config: &EncryptionConfig) -> EncryptedData {
    let recipients = Recipients::new(std::slice::from_ref(config)).unwrap();
    let mut data = recipients.encrypt(&[secret(PASSWORD)]).unwrap();
    assert_eq!(data.len(), 1);
    data.remove(0)
}

fn refusal(config: EncryptionConfig) -> String {
    let error = Recipients::new(&[config]).unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    error.message
}

fn hex(base64url: &str) -> String {
    URL_SAFE_NO_PAD.decode(base64url).unwrap().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn client_secret() -> SecretString {
    format!("secret-token:conductorone.com:v1:{}", URL_SAFE_NO_PAD.encode(ED25519_PRIVATE)).into()
}

/// The Python in which `.ci/run` installs what tests need, if there is one.
fn python() -> &'static str {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.venv/bin/python");
    if std::path::Path::new(own).exists() { own } else { "python3" }
}

/// Whether a program is on this machine; without it, the reason why nothing is tested is printed.
fn is_there(program: &str, args: &[&str]) -> bool {
    let found =
        Command::new(program).args(args).stdin(Stdio::null()).output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: there is no {program} that can do {args:?}");
    }
    found
}

#[test]
fn thumbprints_are_those_of_the_standards() {
    let of = |json: &str| Jwk::parse(json.as_bytes()).unwrap().public().unwrap().thumbprint();
    assert_eq!(of(ED25519), hex(ED25519_THUMBPRINT));
    assert_eq!(of(ED25519_PRIVATE), hex(ED25519_THUMBPRINT), "a private key counts as its public half");
    // RFC 7638, 3.1.
    let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    assert_eq!(of(rsa), hex("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
}

#[test]
fn ed25519_keys_decrypt_with_the_client_secret() {
    let data = encrypted(&jwk_config(ED25519));
    let [name, description, schema] = [&data.name, &data.description, &data.schema].map(String::as_str);
    assert_eq!((name, description, schema), ("password", "for the first sign-in", "text"));
    assert_eq!((data.provider.as_str(), &data.key_ids), ("baton/jwk/v1", &vec![hex(ED25519_THUMBPRINT)]));
    #[expect(deprecated, reason = "readers of the older contract look there")]
    {
        assert_eq!(data.key_id, hex(ED25519_THUMBPRINT));
    }
    let file = STANDARD.decode(&data.encrypted_bytes).unwrap();
    let header: Vec<_> = file.split(|byte| *byte == b'\n').take(2).map(String::from_utf8_lossy).collect();
    assert_eq!(header[0], "age-encryption.org/v1");
    assert!(header[1].starts_with("-> ssh-ed25519 "), "{header:?}");

    let key = ClientKey::from_client_secret(&client_secret()).unwrap();
    assert_eq!(key.id(), hex(ED25519_THUMBPRINT));
    let stranger = EncryptedData { key_ids: vec!["other".to_owned()], ..data.clone() };
    let password = key.decrypt(&[stranger.clone(), data.clone()]).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&password).as_bytes(), PASSWORD);
    assert!(!format!("{key:?}").contains("nWGxne") && !format!("{password:?}").contains("hunter2"));

    let text = key.decrypt(&[stranger]).unwrap_err().message;
    assert_eq!(text, format!("no encrypted password matched client secret key id {:?}", hex(ED25519_THUMBPRINT)));
    for broken in [
        EncryptedData { encrypted_bytes: b"!".to_vec(), ..data.clone() },
        EncryptedData { encrypted_bytes: STANDARD.encode("age").into_bytes(), ..data.clone() },
        EncryptedData { provider: "other".to_owned(), ..data },
    ] {
        assert_eq!(key.decrypt(&[broken]).unwrap_err().code, Code::InvalidArgument);
    }
}

#[test]
fn client_secrets_of_other_forms_are_refused_without_a_word_about_them() {
    let of = |json: &str| format!("a:b:v1:{}", URL_SAFE_NO_PAD.encode(json));
    let ec = r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}"#;
    for wrong in ["", "a:b:v1", "a:b:v2:x", "a:b:v1:!", &of("{}"), &of(ED25519), &of(ec), &of("hunter2")] {
        let error = ClientKey::from_client_secret(&wrong.to_owned().into()).unwrap_err();
        assert_eq!(error.message, "invalid client secret", "{wrong}");
    }
}

#[test]
fn rsa_keys_decrypt_with_the_ssh_identity() {
    let private = RsaKey::generate();
    let data = encrypted(&jwk_config(&private.jwk()));
    let file = STANDARD.decode(&data.encrypted_bytes).unwrap();
    let identity = age::ssh::Identity::from_buffer(private.private_pem().as_bytes(), None).unwrap();
    assert_eq!(age::decrypt(&identity, &file).unwrap(), PASSWORD);
    assert!(String::from_utf8_lossy(&file[..60]).contains("-> ssh-rsa "));
}

#[test]
fn rsa_keys_of_unsafe_or_unusable_sizes_are_refused() {
    let modulus = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![0xFF; bytes]);
    let of = |bytes| refusal(jwk_config(&format!(r#"{{"kty":"RSA","e":"AQAB","n":"{}"}}"#, modulus(bytes))));
    assert!(of(128).contains("less than 2048 bits are not safe"));
    assert!(of(1024).contains("more than 4096 bits"));
}

#[test]
fn ec_keys_decrypt_with_a_reader_made_from_the_standard() {
    // RFC 7518, appendix C: the reader derives keys as the standard does.
    let shared = [
        158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128, 106,
        72, 246, 218, 167, 121, 140, 254, 144, 196,
    ];
    let derived = concat_kdf(&shared, "A128GCM", "Alice", "Bob", 16);
    assert_eq!(URL_SAFE_NO_PAD.encode(derived), "VqqN6vgjbSBcIijNcacQGg");
    for curve in CURVES {
        let private = EcKey::generate(curve);
        let data = encrypted(&jwk_config(&private.jwk()));
        let compact = String::from_utf8(STANDARD.decode(&data.encrypted_bytes).unwrap()).unwrap();
        assert_eq!(private.open(&compact), PASSWORD, "{curve}");
    }
}

/// The second witness, which also covers how coordinates with leading zeros are written: many keys.
#[test]
fn ec_keys_decrypt_with_a_python_library() {
    let python = python();
    if !is_there(python, &["-c", "import joserfc.jwe"]) {
        return;
    }
    let script = "
import sys, json
from joserfc import jwe
from joserfc.jwk import ECKey
registry = jwe.JWERegistry(algorithms=['ECDH-ES', 'A256GCM'])
for line in sys.stdin:
    case = json.loads(line)
    plain = jwe.decrypt_compact(case['jwe'], ECKey.import_key(case['pem']), registry=registry).plaintext
    assert plain == case['plain'].encode(), plain
print('good')
";
    let mut python =
        Command::new(python).args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = python.stdin.take().unwrap();
    for curve in CURVES.into_iter().cycle().take(60) {
        let private = EcKey::generate(curve);
        let public = public_key::parse(&private.public_pem()).unwrap();
        let jwe = String::from_utf8(STANDARD.decode(encrypted(&public).encrypted_bytes).unwrap()).unwrap();
        let plain = std::str::from_utf8(PASSWORD).unwrap();
        let case = serde_json::json!({"jwe": jwe, "pem": private.private_pem(), "plain": plain});
        writeln!(input, "{case}").unwrap();
    }
    drop(input);
    let output = python.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "good\n");
}

#[test]
fn age_recipients_get_the_file_itself() {
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let data = encrypted(&age_config(&recipient));
    assert_eq!(age::decrypt(&identity, &data.encrypted_bytes).unwrap(), PASSWORD);
    assert_eq!((data.provider.as_str(), &data.key_ids), ("baton/age/v1", &vec![jwk::hex_sha256(recipient.as_bytes())]));
    #[expect(deprecated, reason = "it stays empty for this provider")]
    {
        assert_eq!(data.key_id, "");
    }
    assert!(refusal(age_config("age1pq1qqqq")).contains("post-quantum"));
    for wrong in [format!(" {recipient}"), format!("{recipient}\n{recipient}"), "age1".to_owned(), String::new()] {
        assert!(refusal(age_config(&wrong)).contains("no age recipient"), "{wrong:?}");
    }
    if is_there("age", &["--version"]) {
        let folder = tempfile::tempdir().unwrap();
        let [key, file] = ["key.txt", "secret.age"].map(|name| folder.path().join(name));
        std::fs::write(&key, identity.to_string().expose_secret()).unwrap();
        std::fs::write(&file, &data.encrypted_bytes).unwrap();
        let output = Command::new("age").arg("-d").arg("-i").arg(&key).arg(&file).output().unwrap();
        assert_eq!(output.stdout, PASSWORD);
    }
}

#[test]
fn each_secret_goes_to_each_key() {
    let identity = age::x25519::Identity::generate();
    let configs = [jwk_config(ED25519), age_config(&identity.to_public().to_string())];
    let recipients = Recipients::new(&configs).unwrap();
    let secrets = [secret(b"one"), IssuedSecret { name: "second".to_owned(), ..secret(b"two") }];
    let all = recipients.encrypt(&secrets).unwrap();
    let told: Vec<_> = all.iter().map(|data| (data.name.as_str(), data.provider.as_str())).collect();
    let wanted =
        [("password", JWK_PROVIDER), ("password", AGE_PROVIDER), ("second", JWK_PROVIDER), ("second", AGE_PROVIDER)];
    assert_eq!(told, wanted);
    assert_eq!(age::decrypt(&identity, &all[3].encrypted_bytes).unwrap(), b"two");
    assert!(Recipients::new(&[]).unwrap().is_empty());
    assert_eq!(Recipients::new(&[]).unwrap().encrypt(&secrets).unwrap(), Vec::new());
}

#[test]
fn providers_are_found_by_name_or_by_key() {
    let named = |name: &str, config: EncryptionConfig| EncryptionConfig { provider: name.to_owned(), ..config };
    assert!(Recipients::new(&[named(" Baton/JWK/v1 ", jwk_config(ED25519))]).is_ok());
    assert!(refusal(named("baton/jwk/v2", jwk_config(ED25519))).contains("encryption provider not registered"));
    assert!(refusal(named(AGE_PROVIDER, jwk_config(ED25519))).contains("no key for the provider baton/age/v1"));
    assert!(refusal(EncryptionConfig::default()).contains("there is no key"));
}

#[test]
fn jwks_that_are_none_are_refused() {
    for (json, words) in [
        ("hunter2", "it is no JWK"),
        (r#"{"kty":"oct","k":"AA"}"#, "keys of the type \"oct\""),
        (r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#, "with the curve \"X25519\""),
        (r#"{"kty":"OKP","crv":"Ed25519"}"#, "has no \"x\""),
        (r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#, "has not 32 bytes"),
        (r#"{"kty":"OKP","crv":"Ed25519","x":"="}"#, "no base64url text"),
        (r#"{"kty":"RSA","e":"AQAB","n":"AA"}"#, "is zero"),
        (r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, "curve \"secp256k1\""),
        // Found by trying the key out.
        (r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, "its point is not on P-256"),
    ] {
        let text = refusal(jwk_config(json));
        assert!(text.contains(words) && !text.contains("hunter2"), "{json}: {text}");
    }
}

#[test]
fn key_files_of_every_form_lead_to_the_same_key() {
    let of = |text: &str| {
        let data = encrypted(&public_key::parse(text).unwrap());
        data.key_ids[0].clone()
    };
    let ed = PublicKey::Ed25519(fixed());
    let mut blob = Vec::new();
    ssh::put(&mut blob, b"ssh-ed25519");
    ssh::put(&mut blob, &fixed());
    let line = format!("# mine\n\nssh-ed25519 {} ada@example\n", STANDARD.encode(&blob));
    // The fixed beginning of an Ed25519 key's SubjectPublicKeyInfo (RFC 8410).
    let der = [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..], &fixed()].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der));
    for text in [ED25519, &line, &pem] {
        assert_eq!(of(text), ed.thumbprint(), "{text}");
    }
    let rsa = RsaKey::generate();
    assert_eq!(of(&rsa.jwk()), of(&rsa.public_pem()));
    assert_eq!(of(&rsa.jwk()), of(&rsa.public_pkcs1_pem()));
    let ec = EcKey::generate("P-384");
    assert_eq!(of(&ec.jwk()), of(&ec.public_pem()));
}

fn fixed() -> [u8; 32] {
    URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap().try_into().unwrap()
}

#[test]
fn key_files_without_a_public_key_are_refused() {
    for (text, words) in [
        ("", "there is no key in it"),
        ("# nothing", "there is no key in it"),
        ("hunter2", "no age recipient"),
        ("a b", "no age recipient"),
        ("ssh-ed25519 AAAA", "begins like an SSH public key"),
        ("age1x\nage1y", "more than one line"),
        ("AGE-SECRET-KEY-1HUNTER2", "it is a private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "it is a private key"),
        (ED25519_PRIVATE, "it is a private key"),
        ("-----BEGIN PUBLIC KEY-----\nhunter2", "is none"),
        ("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", "holds a certificate"),
    ] {
        let reason = public_key::parse(text).unwrap_err();
        assert!(reason.contains(words), "{text}: {reason}");
        assert!(!reason.to_lowercase().contains("hunter2"), "{reason}");
    }
}

/// Keys as OpenSSH makes them, read back with the identities of stock age; and our own key file, read by OpenSSH.
#[test]
fn keys_of_openssh_work_both_ways() {
    if Command::new("ssh-keygen").arg("-?").output().is_err() {
        eprintln!("skipped: there is no ssh-keygen");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (kind, bits) in [("ed25519", "256"), ("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521")] {
        let path = folder.path().join(format!("{kind}{bits}"));
        let made = Command::new("ssh-keygen").args(["-q", "-N", "", "-t", kind, "-b", bits, "-f"]).arg(&path).status();
        assert!(made.unwrap().success());
        let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
        let data = encrypted(&public_key::parse(&public).unwrap());
        if kind == "ecdsa" {
            continue;
        }
        let private = std::fs::read(&path).unwrap();
        let identity = age::ssh::Identity::from_buffer(private.as_slice(), None).unwrap();
        let file = STANDARD.decode(&data.encrypted_bytes).unwrap();
        assert_eq!(age::decrypt(&identity, &file).unwrap(), PASSWORD, "{kind}");
    }
    let (seed, point) = Jwk::parse(ED25519_PRIVATE.as_bytes()).unwrap().ed25519_pair().unwrap();
    let path = folder.path().join("ours");
    std::fs::write(&path, ssh::ed25519_private_file(&seed, &point).as_bytes()).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let output = Command::new("ssh-keygen").arg("-y").arg("-f").arg(&path).output().unwrap();
    let mut blob = Vec::new();
    ssh::put(&mut blob, b"ssh-ed25519");
    ssh::put(&mut blob, &point);
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), format!("ssh-ed25519 {}", STANDARD.encode(blob)));
}
