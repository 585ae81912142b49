//! What is sent to a push service: a message that only the browser can read (RFC 8291).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use thiserror::Error;
use url::Url;
use web_push_native::{Auth, encrypt};

use super::ServiceKey;

/// The length of the authentication secret of a browser, in bytes (RFC 8291, section 3.2).
const AUTH_BYTES: usize = 16;
/// How long a push service keeps a message for a browser that is off, in seconds.
const KEPT_SECONDS: &str = "86400";
/// The greatest length of a message, in bytes. A push service takes 4,096 encrypted bytes (RFC 8030, section 7.2), and the
/// encryption adds 103 (RFC 8291, section 4).
const MAX_MESSAGE_BYTES: usize = 3_993;

/// The keys of a browser.
#[derive(Clone, Debug)]
pub struct Receiver {
    public: p256::PublicKey,
    auth: Auth,
}

/// Why something is no subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadSubscription {
    /// The public key is none.
    #[error("p256dh must be a point of the curve P-256, uncompressed, in Base64url.")]
    PublicKey,
    /// The secret has another length.
    #[error("auth must be 16 bytes in Base64url.")]
    Auth,
}

impl Receiver {
    /// Reads the keys of a browser, as `PushSubscription.toJSON()` has them.
    ///
    /// # Errors
    /// If one of them is none.
    pub fn read(public_key: &str, auth: &str) -> Result<Self, BadSubscription> {
        let public = URL_SAFE_NO_PAD.decode(public_key).ok();
        let public = public.and_then(|it| p256::PublicKey::from_sec1_bytes(&it).ok());
        let public = public.ok_or(BadSubscription::PublicKey)?;
        let auth = URL_SAFE_NO_PAD.decode(auth).map_err(|_| BadSubscription::Auth)?;
        if auth.len() != AUTH_BYTES {
            return Err(BadSubscription::Auth);
        }
        Ok(Self { public, auth: Auth::clone_from_slice(&auth) })
    }

    /// Returns the body and the headers of the call that brings this message to the browser. A later message with the
    /// same topic (at most 32 characters of Base64url) takes the place of one that the push service has not handed over
    /// yet. `now` is in milliseconds since 1970. `None` if the message is too long, or cannot be encrypted or signed.
    pub(super) fn call(
        &self,
        message: Vec<u8>,
        topic: &str,
        key: &ServiceKey,
        endpoint: &Url,
        now: i64,
    ) -> Option<(HeaderMap, Bytes)> {
        if message.len() > MAX_MESSAGE_BYTES {
            return None;
        }
        let body = encrypt(message, &self.public, &self.auth).ok()?;
        let mut headers = HeaderMap::new();
        let mut authorization = HeaderValue::from_str(&key.authorization(endpoint, now)?).ok()?;
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert("ttl", HeaderValue::from_static(KEPT_SECONDS));
        headers.insert("urgency", HeaderValue::from_static("normal"));
        headers.insert("topic", HeaderValue::from_str(topic).ok()?);
        Some((headers, body.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::SecretKey;
    use p256::elliptic_curve::sec1::ToEncodedPoint;
    use ruma::user_id;
    use web_push_native::decrypt;

    use crate::seal::SigningKey;

    fn service_key() -> ServiceKey {
        let folder = tempfile::tempdir().unwrap();
        let bot = user_id!("@bot:example.org").to_owned();
        let signing = SigningKey::load_or_make(&folder.path().join("k"), bot).unwrap();
        ServiceKey::of(&signing, &Url::parse("https://invoices.example.org").unwrap()).unwrap()
    }

    #[test]
    fn only_the_browser_can_read_a_message() {
        let browser = SecretKey::from_slice(&[7; 32]).unwrap();
        let point = browser.public_key().to_encoded_point(false);
        let auth = [9; AUTH_BYTES];
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let receiver = Receiver::read(&encode(point.as_bytes()), &encode(&auth)).unwrap();
        let endpoint = Url::parse("https://push.example.net/x").unwrap();
        let key = service_key();
        let call = |message: &[u8]| receiver.call(message.to_vec(), "topic", &key, &endpoint, 0);
        let (headers, body) = call(b"{\"title\":\"Lovelace\"}").unwrap();
        assert_eq!(headers[CONTENT_ENCODING], "aes128gcm");
        assert!(!body.windows(8).any(|it| it == b"Lovelace"));
        let read = decrypt(body.to_vec(), &browser, Auth::from_slice(&auth)).unwrap();
        assert_eq!(read, b"{\"title\":\"Lovelace\"}");

        // The longest message fits into what push services take.
        let (_, body) = call(&[b'x'; MAX_MESSAGE_BYTES]).unwrap();
        assert_eq!(body.len(), 4_096);
        assert!(call(&[b'x'; MAX_MESSAGE_BYTES + 1]).is_none());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let point = SecretKey::from_slice(&[7; 32]).unwrap().public_key().to_encoded_point(false);
        let public = URL_SAFE_NO_PAD.encode(point.as_bytes());
        let auth = URL_SAFE_NO_PAD.encode([9; 16]);
        assert!(Receiver::read(&public, &auth).is_ok());
        let mut off_the_curve = point.as_bytes().to_vec();
        off_the_curve[64] ^= 1;
        for bad in ["", "x", &auth, &format!("{public}="), &URL_SAFE_NO_PAD.encode(off_the_curve)] {
            assert_eq!(
                Receiver::read(bad, &auth).unwrap_err(),
                BadSubscription::PublicKey,
                "{bad}"
            );
        }
        for bad in ["", "not base64!", &public] {
            assert_eq!(Receiver::read(&public, bad).unwrap_err(), BadSubscription::Auth, "{bad}");
        }
    }
}
