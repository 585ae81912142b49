//! The form of a webhook's address and secret.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use url::Url;

use super::secret::Secret;

/// What a secret begins with (Standard Webhooks, "Signature scheme").
const SECRET_PREFIX: &str = "whsec_";
/// The least number of bytes of a secret (Standard Webhooks, "Signature scheme").
const MIN_SECRET_BYTES: usize = 24;
/// The greatest number of bytes of a secret (Standard Webhooks, "Signature scheme").
const MAX_SECRET_BYTES: usize = 64;
/// The number of bytes of a new secret.
const NEW_SECRET_BYTES: usize = 32;
/// The greatest length of an address, in bytes.
const MAX_URL_BYTES: usize = 2_048;

/// Makes a new secret.
pub fn new_webhook_secret() -> Secret {
    let bytes: [u8; NEW_SECRET_BYTES] = rand::random();
    Secret::new(format!("{SECRET_PREFIX}{}", BASE64_STANDARD.encode(bytes)))
}

/// Returns the bytes of a secret, with which webhooks are signed. `None` if the text is no secret: `whsec_` and 24 to
/// 64 bytes in Base64.
pub fn webhook_signing_key(secret: &Secret) -> Option<Vec<u8>> {
    let bytes = BASE64_STANDARD.decode(secret.expose().strip_prefix(SECRET_PREFIX)?).ok()?;
    (MIN_SECRET_BYTES..=MAX_SECRET_BYTES).contains(&bytes.len()).then_some(bytes)
}

/// Reads the address of a webhook.
///
/// # Errors
/// A sentence that says what is wrong. It does not repeat the address, which may contain a secret.
pub fn parse_webhook_url(text: &str, allow_http: bool) -> Result<Url, &'static str> {
    let Ok(url) = Url::parse(text) else {
        return Err("It must be a whole URL, such as https://shop.example.org/tallyroom.");
    };
    match url.scheme() {
        "https" => {}
        "http" if allow_http => {}
        "http" => {
            return Err(
                "It must begin with https://. (The operator can allow http:// with `webhooks.allow_http`.)",
            );
        }
        _ => return Err("It must begin with https://."),
    }
    if text.len() > MAX_URL_BYTES {
        return Err("It may have 2048 bytes at most.");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("It must not contain a user name or password.");
    }
    if url.fragment().is_some() {
        return Err("It must not contain a `#`.");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_the_form_of_standard_webhooks() {
        let (one, other) = (new_webhook_secret(), new_webhook_secret());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(webhook_signing_key(&one).unwrap().len(), NEW_SECRET_BYTES);
        let of = |length: usize| {
            let text = BASE64_STANDARD.encode(vec![7; length]);
            webhook_signing_key(&Secret::new(format!("whsec_{text}"))).map(|it| it.len())
        };
        assert_eq!((of(23), of(24), of(64), of(65)), (None, Some(24), Some(64), None));
        for text in ["", "whsec_", "whsec_not base64 at all, but long enough!", &one.expose()[6..]]
        {
            assert!(webhook_signing_key(&Secret::new(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn an_address_is_https_and_holds_no_password() {
        let refused = |text: &str| parse_webhook_url(text, false).is_err();
        assert!(!refused("https://shop.example.org/hooks?tenant=7"));
        for text in [
            "shop.example.org",
            "http://shop.example.org",
            "ftp://shop.example.org",
            "https://user:password@shop.example.org",
            "https://shop.example.org/#part",
            &format!("https://shop.example.org/{}", "x".repeat(2_048)),
        ] {
            assert!(refused(text), "{text}");
        }
        assert!(parse_webhook_url("http://127.0.0.1:8000/", true).is_ok());
        assert!(parse_webhook_url("file:///etc/passwd", true).is_err());
    }
}
