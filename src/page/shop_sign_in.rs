//! Single sign-on from a shop: a short-lived JWT with which the shop signs one of its users in.
//! Pure: no I/O.
//!
//! The claims, beside the registered ones of RFC 7519:
//!
//! | claim | value |
//! | --- | --- |
//! | `aud` | `tallyroom` |
//! | `iat`, `exp` | when the token was made, and when it expires: at most 10 minutes later |
//! | `jti` | the id of this token; each token is accepted once |
//! | `transaction` or `external_id` | the transaction, by its id here or by the id of the shop |
//! | `party` | `buyer` or `seller`: the party for which the user speaks |
//! | `contact` | the contact that the user is, by name, e-mail or Matrix ID; without it, the user is none of the contacts |
//!
//! The token must be signed with HS256. If its header has a `kid`, that is the name of the shop.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use ulid::Ulid;

use crate::config::SignInKey;
use crate::link::token::grant_id;
use crate::transaction::{PartyRole, Transaction, external_id};

/// The value that `aud` must be or contain.
const AUDIENCE: &str = "tallyroom";
/// The greatest lifetime of a token, in seconds. A token is used at once.
const MAX_LIFETIME_SECONDS: i64 = 600;
/// The greatest difference between the clock of the shop and ours, in seconds.
const MAX_CLOCK_SKEW_SECONDS: i64 = 60;
/// The greatest length of a token, in bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// The greatest length of `jti`, in bytes.
const MAX_JTI_BYTES: usize = 256;

/// The claims of a valid token. The caller checks whether the transaction and the contact exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopClaims {
    /// The shop whose key signed the token.
    pub shop: String,
    /// The id of the grant that this token opens. It is always the same for one token, so that each
    /// token is accepted once.
    pub grant_id: Ulid,
    /// The party for which the user speaks.
    pub party: PartyRole,
    /// The contact that the user is, as
    /// [`contact_called`](crate::transaction::Party::contact_called) accepts it.
    pub contact: Option<String>,
    transaction: Option<Ulid>,
    external_id: Option<String>,
}

/// The reason why a token is refused. It is for the log. The user only sees that the sign-in
/// failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// The token is malformed, too long, or names an unknown algorithm (such as `none`).
    #[error("the token is not a valid JWT")]
    NotAToken,
    /// The algorithm is not HS256.
    #[error("the token is signed with {0}, but only HS256 is accepted")]
    Algorithm(String),
    /// The header requires an extension, and none is supported (RFC 7515, section 4.1.11).
    #[error("the header of the token has `crit`, which is not supported")]
    Critical,
    /// None of the configured keys made the signature. It has the `kid`, if that is a shop's name.
    #[error("the signature of the token was not made with a key under page.sign_in (`kid`: {0:?})")]
    Signature(Option<String>),
    /// The token is for another audience.
    #[error("the `aud` of the token is not {expected:?}", expected = AUDIENCE)]
    Audience,
    /// A claim is missing or invalid.
    #[error("the claims of the token are invalid: {0}")]
    Claims(String),
    /// The token has expired.
    #[error("the token expired {0} s ago")]
    Expired(i64),
    /// The token is not valid yet, perhaps because a clock is wrong.
    #[error(
        "the token becomes valid only in {0} s; check the clocks of the shop and of this machine"
    )]
    NotYet(i64),
    /// The lifetime is too long.
    #[error(
        "the token is valid for {0} s, but at most {max} s are allowed",
        max = MAX_LIFETIME_SECONDS
    )]
    LongLived(i64),
}

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    exp: i64,
    nbf: Option<i64>,
    jti: String,
    transaction: Option<String>,
    external_id: Option<String>,
    party: PartyRole,
    contact: Option<String>,
}

/// Verifies a token with the keys of the shops, and returns its claims. `now` is in milliseconds
/// since 1970.
///
/// # Errors
/// Returns the rule that is broken. The error contains no part of the token, except a `kid` that is
/// the name of a shop.
pub fn verify(keys: &[SignInKey], token: &str, now: i64) -> Result<ShopClaims, Refused> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Refused::NotAToken);
    }
    let header = decode_header(token).map_err(|_| Refused::NotAToken)?;
    if header.alg != Algorithm::HS256 {
        return Err(Refused::Algorithm(format!("{:?}", header.alg)));
    }
    if header.crit.is_some() {
        return Err(Refused::Critical);
    }
    let kid = header.kid;
    let candidates = keys.iter().filter(|key| kid.as_ref().is_none_or(|shop| *shop == key.shop));
    for key in candidates {
        match claims_under(key, token) {
            Ok(claims) => return check_claims(key, claims, now / 1_000),
            Err(Refused::Signature(_)) => {}
            Err(refused) => return Err(refused),
        }
    }
    // Whoever put their key there by mistake would find it in the log.
    Err(Refused::Signature(kid.filter(|kid| keys.iter().any(|key| key.shop == *kid))))
}

/// Returns the claims, if this key signed them.
fn claims_under(key: &SignInKey, token: &str) -> Result<Claims, Refused> {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_audience(&[AUDIENCE]);
    rules.set_required_spec_claims(&["aud"]);
    // `check_claims` checks the times, with the time that the caller gives.
    rules.validate_exp = false;
    let secret = DecodingKey::from_secret(key.key.expose().as_bytes());
    match decode::<Claims>(token, &secret, &rules) {
        Ok(data) => Ok(data.claims),
        Err(error) => Err(match error.kind() {
            ErrorKind::InvalidSignature => Refused::Signature(None),
            ErrorKind::InvalidAudience => Refused::Audience,
            ErrorKind::MissingRequiredClaim(name) => Refused::Claims(format!("missing `{name}`")),
            ErrorKind::Json(_) => Refused::Claims(unreadable_claims(token)),
            _ => Refused::NotAToken,
        }),
    }
}

/// Returns why the claims of a token that the shop signed cannot be read. No value is repeated: a
/// claim may hold anything, even the key of the shop.
fn unreadable_claims(token: &str) -> String {
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims = claims.and_then(|json| serde_json::from_slice(&json).ok());
    let Some(claims @ Value::Object(_)) = claims else {
        return "they are not a JSON object".to_owned();
    };
    match serde_path_to_error::deserialize::<_, Claims>(claims) {
        Ok(_) => "a claim appears twice".to_owned(),
        // The names of missing claims are ours.
        Err(error) if error.path().iter().next().is_none() => error.into_inner().to_string(),
        Err(error) => format!("`{}` has a value that is not allowed there", error.path()),
    }
}

/// Checks the claims, and returns them. `now` is in seconds since 1970.
fn check_claims(key: &SignInKey, claims: Claims, now: i64) -> Result<ShopClaims, Refused> {
    let expired_for = now.saturating_sub(claims.exp);
    if expired_for >= MAX_CLOCK_SKEW_SECONDS {
        return Err(Refused::Expired(expired_for));
    }
    let starts_in = claims.iat.max(claims.nbf.unwrap_or(claims.iat)).saturating_sub(now);
    if starts_in > MAX_CLOCK_SKEW_SECONDS {
        return Err(Refused::NotYet(starts_in));
    }
    let lifetime = claims.exp.saturating_sub(claims.iat);
    if lifetime > MAX_LIFETIME_SECONDS {
        return Err(Refused::LongLived(lifetime));
    }
    if claims.jti.is_empty() || claims.jti.len() > MAX_JTI_BYTES {
        return Err(Refused::Claims(format!("`jti` must have 1 to {MAX_JTI_BYTES} bytes")));
    }
    if claims.transaction.is_none() && claims.external_id.is_none() {
        return Err(Refused::Claims("missing `transaction` or `external_id`".to_owned()));
    }
    let transaction = claims.transaction.as_deref().map(Ulid::from_string).transpose();
    let transaction =
        transaction.map_err(|_| Refused::Claims("`transaction` is not a ULID".to_owned()))?;
    Ok(ShopClaims {
        shop: key.shop.clone(),
        // The shop is part of the id, so that no shop can use up the `jti` of another one.
        grant_id: grant_id(&format!("shop\0{}\0{}", key.shop, claims.jti)),
        party: claims.party,
        contact: claims.contact,
        transaction,
        external_id: claims.external_id,
    })
}

impl ShopClaims {
    /// Whether the claims name this transaction, and it belongs to the shop.
    pub fn are_about(&self, transaction: &Transaction) -> bool {
        self.shop == transaction.shop
            && self.transaction.is_none_or(|id| id == transaction.id)
            && self
                .external_id
                .as_ref()
                .is_none_or(|id| external_id(id) == external_id(&transaction.external_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;
    use crate::transaction::sample;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    const NOW: i64 = 1_780_272_000;
    const SECRET: &str = "canary-of-the-first-shop-0123456789";
    const OTHER: &str = "canary-of-another-shop-0123456789";

    fn keys() -> Vec<SignInKey> {
        [("shop", SECRET), ("shop", "canary-that-is-about-to-be-replaced"), ("other", OTHER)]
            .map(|(shop, key)| SignInKey { shop: shop.to_owned(), key: Secret::new(key) })
            .into()
    }

    fn claims() -> Value {
        json!({
            "aud": "tallyroom", "iat": NOW, "exp": NOW + 300, "jti": "1", "sub": "user 7",
            "external_id": "order-1", "party": "buyer", "contact": "ada@example.org",
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn without(name: &str) -> Value {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        claims
    }

    fn signed(header: &Header, claims: &Value, secret: &str) -> String {
        encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    fn token(claims: &Value) -> String {
        signed(&Header::new(Algorithm::HS256), claims, SECRET)
    }

    fn check(token: &str) -> Result<ShopClaims, Refused> {
        let outcome = verify(&keys(), token, NOW * 1_000);
        if let Err(refused) = &outcome {
            let text = format!("{refused} {refused:?}");
            assert!(!text.contains("canary"), "{text}");
            let parts = token.split('.').filter(|part| part.len() > 10);
            assert!(parts.into_iter().all(|part| !text.contains(part)), "{text}");
        }
        outcome
    }

    fn refused(claims: &Value) -> Refused {
        check(&token(claims)).unwrap_err()
    }

    #[test]
    fn a_shop_signs_its_user_in() {
        let found = check(&token(&claims())).unwrap();
        assert_eq!((found.shop.as_str(), found.party), ("shop", PartyRole::Buyer));
        assert_eq!(found.contact.as_deref(), Some("ada@example.org"));
        let list = with("aud", json!(["elsewhere", "tallyroom"]));
        assert!(check(&token(&list)).is_ok());
        assert!(check(&token(&without("contact"))).unwrap().contact.is_none());
    }

    #[test]
    fn any_key_of_the_shop_is_accepted_and_no_other() {
        let header = Header::new(Algorithm::HS256);
        let second = signed(&header, &claims(), "canary-that-is-about-to-be-replaced");
        assert_eq!(check(&second).unwrap().shop, "shop");
        assert_eq!(check(&signed(&header, &claims(), OTHER)).unwrap().shop, "other");
        let stranger = signed(&header, &claims(), "somebody else's key, long enough");
        assert_eq!(check(&stranger), Err(Refused::Signature(None)));
        // `kid` names one of two shops.
        let mut named = header.clone();
        named.kid = Some("other".to_owned());
        assert_eq!(check(&signed(&named, &claims(), OTHER)).unwrap().shop, "other");
        let wrong = Refused::Signature(Some("other".to_owned()));
        assert_eq!(check(&signed(&named, &claims(), SECRET)), Err(wrong));
    }

    #[test]
    fn only_hs256_is_accepted() {
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            let other = signed(&Header::new(algorithm), &claims(), SECRET);
            assert_eq!(check(&other), Err(Refused::Algorithm(format!("{algorithm:?}"))));
        }
        // The signature is right for HS256; the header claims something else.
        let body = URL_SAFE_NO_PAD.encode(claims().to_string());
        for (algorithm, expected) in [
            ("none", Refused::NotAToken),
            ("None", Refused::NotAToken),
            ("hs256", Refused::NotAToken),
            ("RS256", Refused::Algorithm("RS256".to_owned())),
            ("ES256", Refused::Algorithm("ES256".to_owned())),
        ] {
            let header = URL_SAFE_NO_PAD.encode(json!({ "alg": algorithm }).to_string());
            let signature = token(&claims()).rsplit('.').next().unwrap().to_owned();
            for signature in ["", signature.as_str()] {
                assert_eq!(check(&format!("{header}.{body}.{signature}")), Err(expected.clone()));
            }
        }
    }

    #[test]
    fn a_changed_or_unsigned_token_is_refused() {
        let good = token(&claims());
        let parts: Vec<_> = good.split('.').collect();
        let other = URL_SAFE_NO_PAD.encode(with("party", json!("seller")).to_string());
        let changed = format!("{}.{other}.{}", parts[0], parts[2]);
        assert_eq!(check(&changed), Err(Refused::Signature(None)));
        let unsigned = format!("{}.{}.", parts[0], parts[1]);
        assert_eq!(check(&unsigned), Err(Refused::Signature(None)));
        for odd in ["", ".", "..", "a.b.c", parts[1], &"x".repeat(9_000)] {
            assert_eq!(check(odd), Err(Refused::NotAToken), "{odd}");
        }
        let mut critical = Header::new(Algorithm::HS256);
        critical.crit = Some(vec!["b64".to_owned()]);
        assert_eq!(check(&signed(&critical, &claims(), SECRET)), Err(Refused::Critical));
    }

    #[test]
    fn a_token_is_valid_for_at_most_ten_minutes() {
        assert_eq!(refused(&with("exp", json!(NOW - 60))), Refused::Expired(60));
        assert!(check(&token(&with("exp", json!(NOW - 59)))).is_ok());
        assert_eq!(refused(&with("exp", json!(NOW + 601))), Refused::LongLived(601));
        assert!(check(&token(&with("exp", json!(NOW + 600)))).is_ok());
        assert_eq!(refused(&with("exp", json!(i64::MAX))), Refused::LongLived(i64::MAX - NOW));
        assert_eq!(refused(&with("exp", json!(i64::MIN))), Refused::Expired(i64::MAX));
        // The token was made long ago, so its lifetime is too long.
        assert_eq!(refused(&with("iat", json!(NOW - 3_600))), Refused::LongLived(3_900));
        assert_eq!(refused(&with("iat", json!(NOW + 61))), Refused::NotYet(61));
        assert!(check(&token(&with("iat", json!(NOW + 60)))).is_ok());
        assert_eq!(refused(&with("nbf", json!(NOW + 200))), Refused::NotYet(200));
    }

    #[test]
    fn a_token_for_another_audience_is_refused() {
        assert_eq!(refused(&with("aud", json!("elsewhere"))), Refused::Audience);
        assert_eq!(refused(&with("aud", json!([]))), Refused::Audience);
        assert!(matches!(refused(&without("aud")), Refused::Claims(_)));
    }

    #[test]
    fn a_missing_or_odd_claim_is_refused_by_name() {
        for name in ["iat", "exp", "jti", "party", "external_id"] {
            match refused(&without(name)) {
                Refused::Claims(why) => assert!(why.contains(name), "{why}"),
                other => panic!("{name}: {other}"),
            }
        }
        for (name, value) in [
            ("jti", json!("")),
            ("jti", json!("x".repeat(300))),
            ("jti", json!(7)),
            ("party", json!("bot")),
            ("transaction", json!("7")),
            ("exp", json!("soon")),
        ] {
            match refused(&with(name, value)) {
                Refused::Claims(why) => assert!(why.contains(name), "{why}"),
                other => panic!("{name}: {other}"),
            }
        }
        for odd in [json!(SECRET), json!([SECRET]), json!(7)] {
            assert!(matches!(refused(&odd), Refused::Claims(_) | Refused::NotAToken), "{odd}");
        }
        // No value is repeated, since it may be the key.
        for name in ["party", "iat", "jti", "contact"] {
            for value in [json!(SECRET), json!([SECRET]), json!({ SECRET: SECRET })] {
                let outcome = check(&token(&with(name, value)));
                assert!(outcome.is_err() || ["jti", "contact"].contains(&name), "{name}");
            }
        }
    }

    #[test]
    fn claims_are_about_the_shops_own_transaction_only() {
        let ours = sample();
        let about = |claims: &Value| check(&token(claims)).unwrap().are_about(&ours);
        let id = |id: Ulid| with("transaction", json!(id.to_string()));
        assert!(about(&claims()) && about(&id(ours.id)));
        assert!(!about(&id(Ulid::new())));
        assert!(!about(&with("external_id", json!("order-2"))));
        let theirs = Transaction { shop: "other".to_owned(), ..sample() };
        assert!(!check(&token(&claims())).unwrap().are_about(&theirs));
    }

    #[test]
    fn each_jti_of_each_shop_opens_a_grant_of_its_own() {
        let id = |claims: &Value, secret: &str| {
            check(&signed(&Header::new(Algorithm::HS256), claims, secret)).unwrap().grant_id
        };
        let first = id(&claims(), SECRET);
        assert_eq!(first, id(&with("exp", json!(NOW + 299)), SECRET));
        assert_ne!(first, id(&with("jti", json!("2")), SECRET));
        assert_ne!(first, id(&claims(), OTHER));
    }
}
