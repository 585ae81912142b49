//! Signatures as Standard Webhooks describes them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::config::{Secret, webhook_signing_key};

/// Returns the value of `webhook-signature`: one signature for each secret, with blanks between them. A receiver accepts
/// the message if it knows one of the secrets. `timestamp` is in seconds since 1970.
pub(super) fn sign<'a>(
    secrets: impl IntoIterator<Item = &'a Secret>,
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> String {
    let signature = |secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&webhook_signing_key(secret)?).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
    };
    secrets.into_iter().filter_map(signature).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    #[test]
    fn the_example_of_the_specification_has_its_signature() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = sign([&secret], ID, 1_614_265_330, BODY);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs_and_what_is_none_does_not() {
        let secrets =
            [3, 4].map(|it| Secret::new(format!("whsec_{}", BASE64_STANDARD.encode([it; 32]))));
        let signed = sign(&secrets, ID, 1, BODY);
        let (one, other) = signed.split_once(' ').unwrap();
        assert_eq!(
            (one, other),
            (&*sign([&secrets[0]], ID, 1, BODY), &*sign([&secrets[1]], ID, 1, BODY))
        );
        assert_ne!(one, other);
        assert_eq!(sign([&Secret::new("secret")], ID, 1, BODY), "");
    }
}
