//! Any bytes as the token of a link, as cookies, as the query of an address, as a shop's sign-in
//! ticket and as a homeserver's word about an OpenID token: nobody is let in by anything that we or
//! the shop did not sign, each token has one text and one purpose, and no refusal shows a key.

use std::sync::OnceLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use ruma::{server_name, user_id};
use serde_json::Value;
use sha2::Sha256;
use tallyroom::config::{Secret, SignInKey};
use tallyroom::language::Locale;
use tallyroom::link::token::{Purpose, TokenKey};
use tallyroom::page::openid::who_is_named;
use tallyroom::page::shop_sign_in::{self, Refused, ShopClaims};
use tallyroom::page::speaker::{Choice, choose, named, surplus_tickets};
use tallyroom::page::ticket::{cookie_name, cookie_tickets, write};
use tallyroom::seal::SigningKey;

/// The secret key of RFC 8032, section 7.1, test 1: seeds are signed with what follows from it.
const KEY: &str = "ed25519 x nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
/// What the shop signs with.
const SHOP_KEY: &str = "canary-of-the-shop-that-signs-0123456789";
/// When tickets come, seconds since 1970.
const NOW: i64 = 1_780_272_000;

/// Fails if something of that does not hold.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    is_a_token_at_most_once(&text);
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        are_cookies(&text, value);
    }
    Locale::negotiate(Some(&text), Some(&text), "en");
    let _ = ticket(&text);
    if let Some((header, claims)) = text.split_once('\n') {
        is_signed_by_the_shop(header, claims);
    }
    for status in [StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::BAD_GATEWAY] {
        let server = server_name!("example.org");
        if let Ok(user) = who_is_named(server, status, bytes) {
            assert!(user.server_name() == server && status == StatusCode::OK, "{user}");
        }
    }
}

fn key() -> &'static TokenKey {
    static MADE: OnceLock<TokenKey> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("key");
        std::fs::write(&file, KEY).expect("a file");
        let bot = user_id!("@_tallyroom_bot:example.org").to_owned();
        let key = SigningKey::load(&file, bot).expect("a key").expect("a file");
        TokenKey::from(&key)
    })
}

fn is_a_token_at_most_once(text: &str) {
    let mut taken = 0;
    for purpose in [Purpose::Link, Purpose::Session, Purpose::Bearer] {
        let said = [
            key().verify::<1>(purpose, text).map(|it| it.to_vec()),
            key().verify::<2>(purpose, text).map(|it| it.to_vec()),
            key().verify::<3>(purpose, text).map(|it| it.to_vec()),
        ];
        for ids in said.into_iter().flatten() {
            taken += 1;
            assert_eq!(key().sign(purpose, &ids), text, "another text for the same token");
        }
    }
    assert!(taken <= 1, "{text:?} is more than one token");
}

fn are_cookies(text: &str, value: HeaderValue) {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, value);
    for is_secure in [true, false] {
        let held = cookie_tickets(key(), is_secure, &headers).held;
        for held in &held {
            let ticket = write(key(), Purpose::Session, held);
            let cookie = format!("{}={ticket}", cookie_name(is_secure, held.grant));
            let shown = text.split(';').filter(|it| it.trim() == cookie).count();
            assert_eq!(shown, 1, "{held:?}");
        }
        for only_reads in [true, false] {
            if let Choice::Ticket(chosen) = choose(named(Some(text)), &held, only_reads) {
                assert!(held.contains(&chosen), "{chosen:?} was not shown");
            }
        }
        if let Some(newest) = held.first() {
            assert!(
                surplus_tickets(&held, newest).iter().all(|it| held.contains(it) && it != newest)
            );
        }
    }
}

/// As the page takes a ticket; no word about it shows a key.
fn ticket(text: &str) -> Result<ShopClaims, Refused> {
    let keys = [SignInKey { shop: "shop".to_owned(), key: Secret::new(SHOP_KEY) }];
    let outcome = shop_sign_in::verify(&keys, text, NOW * 1_000);
    if let Err(refused) = &outcome {
        let told = format!("{refused} {refused:?}");
        assert!(!told.contains(SHOP_KEY) || text.contains(SHOP_KEY), "{told}");
    }
    outcome
}

/// A ticket whose signature is right: the rest of it must be, too.
fn is_signed_by_the_shop(header: &str, claims: &str) {
    let said = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let mut mac = Hmac::<Sha256>::new_from_slice(SHOP_KEY.as_bytes()).expect("any key will do");
    mac.update(said.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    let Ok(taken) = ticket(&format!("{said}.{signature}")) else { return };
    assert_eq!(taken.shop, "shop");
    let header: Value = serde_json::from_str(header).expect("it was read");
    assert_eq!(header["alg"], "HS256");
    // A number that nobody knows may be beyond all.
    let Ok(claims) = serde_json::from_str::<Value>(claims) else { return };
    let audience = &claims["aud"];
    let is_for_us = |it: &Value| it == "tallyroom";
    assert!(is_for_us(audience) || audience.as_array().is_some_and(|it| it.iter().any(is_for_us)));
    let time = |name: &str| i128::from(claims[name].as_i64().expect("it was read"));
    let (made, end, now) = (time("iat"), time("exp"), i128::from(NOW));
    assert!(end > now - 60 && made <= now + 60 && end - made <= 600, "{claims}");
}
