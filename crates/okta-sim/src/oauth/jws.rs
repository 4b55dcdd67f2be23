//! Signed texts in the compact form: `header.claims.signature`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A signed text whose signature nobody has looked at yet.
#[derive(Debug)]
pub(super) struct Jws<'a> {
    pub(super) header: Value,
    pub(super) claims: Value,
    /// What the signature is of.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Reads a text; `None` when it has not the form.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let object = |part: &str| {
            let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
            value.is_object().then_some(value)
        };
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signed: signed.as_bytes(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// A member of the header that is a text.
    pub(super) fn head(&self, name: &str) -> &str {
        self.header[name].as_str().unwrap_or_default()
    }

    /// A claim that is a text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.claims[name].as_str().unwrap_or_default()
    }

    /// A claim that is an instant, in seconds since 1970: `None` when it is not there, an error when it is no number.
    pub(super) fn instant(&self, name: &str) -> Result<Option<f64>, ()> {
        match &self.claims[name] {
            Value::Null => Ok(None),
            value => value.as_f64().map(Some).ok_or(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn three_parts_are_read_and_anything_else_is_not() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let text = format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(r#"{"iat":1,"exp":"x"}"#), part("sig"));
        let jws = Jws::read(&text).unwrap();
        assert_eq!((jws.head("alg"), jws.head("kid"), jws.signature.as_slice()), ("RS256", "", b"sig".as_slice()));
        assert_eq!((jws.instant("iat"), jws.instant("exp"), jws.instant("nbf")), (Ok(Some(1.0)), Err(()), Ok(None)));
        assert_eq!(jws.signed, text.rsplit_once('.').unwrap().0.as_bytes());
        for bad in ["", "a.b.c", "e30.e30", &format!("{}.{}.", part("[]"), part("{}")), &format!("{text}.x")] {
            assert!(Jws::read(bad).is_none(), "{bad}");
        }
    }
}
