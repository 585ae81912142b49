//! The key by which a push service recognises this service (VAPID, RFC 8292).

use std::fmt;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::EncodePrivateKey;
use serde_json::json;
use url::Url;

use crate::seal::SigningKey;

/// The label with which the key is derived from the signing key.
const KEY_LABEL: &str = "tallyroom web push 1";
/// How long a token is valid, in seconds. RFC 8292, section 2, allows a day at most.
const TOKEN_SECONDS: i64 = 12 * 3_600;

/// The key pair of this service. It follows from the signing key, so all processes have the same one, and there is
/// nothing more to keep. Browsers that subscribed with another key are told nothing any more.
#[derive(Clone)]
pub struct ServiceKey {
    signs: EncodingKey,
    public: String,
    /// The address of the page, by which the operator of a push service can find out who sends.
    subject: String,
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceKey({})", self.public)
    }
}

impl ServiceKey {
    /// Derives the key pair. `page` is the address of the page.
    ///
    /// # Errors
    /// If the signing key leads to no key of the curve, which happens to one of four billion.
    pub fn of(key: &SigningKey, page: &Url) -> anyhow::Result<Self> {
        let secret = SecretKey::from_slice(&key.derive(KEY_LABEL))
            .context("the signing key leads to no key for Web Push; use another one")?;
        let pkcs8 = secret.to_pkcs8_der().context("the key for Web Push cannot be encoded")?;
        let point = secret.public_key().to_encoded_point(false);
        Ok(Self {
            signs: EncodingKey::from_ec_der(pkcs8.as_bytes()),
            public: URL_SAFE_NO_PAD.encode(point.as_bytes()),
            subject: page.origin().ascii_serialization(),
        })
    }

    /// The public key, in Base64url, as browsers want it when they subscribe.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// Returns the value of `Authorization` for a call to this push service (RFC 8292, section 3). `now` is in
    /// milliseconds since 1970. `None` if it cannot be signed.
    pub(super) fn authorization(&self, endpoint: &Url, now: i64) -> Option<String> {
        let claims = json!({
            "aud": endpoint.origin().ascii_serialization(),
            "exp": now / 1_000 + TOKEN_SECONDS,
            "sub": self.subject,
        });
        let token =
            jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.signs).ok()?;
        Some(format!("vapid t={token}, k={}", self.public))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{DecodingKey, Validation};
    use ruma::user_id;
    use serde_json::Value;

    #[test]
    fn a_push_service_can_check_who_sends() {
        let folder = tempfile::tempdir().unwrap();
        let bot = user_id!("@bot:example.org").to_owned();
        let signing = SigningKey::load_or_make(&folder.path().join("k"), bot).unwrap();
        let page = Url::parse("https://invoices.example.org/").unwrap();
        let key = ServiceKey::of(&signing, &page).unwrap();
        assert_eq!(key.public(), ServiceKey::of(&signing, &page).unwrap().public());

        let endpoint = Url::parse("https://push.example.net:8443/a/b?c").unwrap();
        let now = crate::clock::now();
        let authorization = key.authorization(&endpoint, now).unwrap();
        let (token, public) =
            authorization.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        let public = URL_SAFE_NO_PAD.decode(public).unwrap();
        assert_eq!((public.len(), public[0]), (65, 4));
        let checks = DecodingKey::from_ec_der(&public);
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&["https://push.example.net:8443"]);
        let claims = jsonwebtoken::decode::<Value>(token, &checks, &validation).unwrap().claims;
        assert_eq!(claims["sub"], "https://invoices.example.org");
        let lasts = claims["exp"].as_i64().unwrap() - now / 1_000;
        assert!((1..=86_400).contains(&lasts), "{lasts}");
    }
}
