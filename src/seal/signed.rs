//! Signed statements: their content, and the check of their signatures. Pure.

use std::collections::BTreeMap;

use ruma::UserId;
use ruma::canonical_json::CanonicalJsonObject;
use ruma::serde::Base64;
use ruma::serde::base64::Standard;
use ruma::signatures::verify_json;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ulid::Ulid;

use super::key::key_id;
use crate::record::chain::Head;

/// The version of the format of statements. Statements of version 1 do not cover acts.
const VERSION: u8 = 2;

/// The keys whose signatures are accepted.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Only these public keys (Ed25519, unpadded base64).
    Keys(Vec<String>),
    /// Any key. The signature then proves only that the statement was not changed since it was
    /// signed.
    Any,
}

/// Why the signature of a statement is not accepted. The message continues a sentence that begins
/// with the name of the statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The statement, its key or its signature cannot be read.
    #[error("is not a signed statement: {0}")]
    Unreadable(String),
    /// The key is not one of the trusted keys.
    #[error(
        "is signed with the key {0}, which is not one that you trust; if this was your key earlier, \
         name it with --public-key"
    )]
    UntrustedKey(String),
    /// The signature does not match the statement and the key.
    #[error("has a signature that does not fit: it was changed, or signed with another key")]
    BadSignature,
}

/// A signed head of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// The ULID of the transaction.
    pub transaction: String,
    /// The last entry and the last act, with their hashes.
    #[serde(flatten)]
    pub head: Head,
    /// The time of the signature, in milliseconds since 1970.
    pub signed_at: i64,
    /// The public key (Ed25519, unpadded base64).
    pub public_key: String,
}

/// Returns the JSON object that is signed for a head.
pub fn head_statement(signed: &SignedHead) -> Value {
    json!({
        "version": VERSION,
        "transaction": signed.transaction,
        "seq": signed.head.seq,
        "hash": signed.head.hash,
        "acts": signed.head.acts,
        "acts_hash": signed.head.acts_hash,
        "signed_at": signed.signed_at,
        "public_key": signed.public_key,
    })
}

/// Checks the signature of a statement, and returns the public key of the signature.
///
/// # Errors
/// The reason why the signature is not accepted.
pub fn verify(statement: &Value, trust: &Trust) -> Result<String, Unproven> {
    let unreadable = |error: &dyn std::fmt::Display| Unproven::Unreadable(error.to_string());
    let object: CanonicalJsonObject =
        serde_json::from_value(statement.clone()).map_err(|error| unreadable(&error))?;
    let text = |key: &str| statement.get(key).and_then(Value::as_str);
    let public_key = text("public_key").ok_or_else(|| unreadable(&"it has no public_key"))?;
    if let Trust::Keys(keys) = trust
        && !keys.iter().any(|key| key == public_key)
    {
        return Err(Unproven::UntrustedKey(public_key.to_owned()));
    }
    let key = Base64::parse(public_key).map_err(|error| unreadable(&error))?;
    let Some([entity, id]) = only_signature(statement).filter(|[_, id]| **id == key_id(public_key))
    else {
        return Err(unreadable(
            &"it must have exactly one signature, named after its public key, and no content that \
              the signature does not cover",
        ));
    };
    // The statement itself names the key, so this is the only key that is tried.
    let keys = BTreeMap::from([(entity.clone(), BTreeMap::from([(id.clone(), key)]))]);
    verify_json(&keys, &object).map_err(|_| Unproven::BadSignature)?;
    Ok(public_key.to_owned())
}

/// Returns the head in a statement, if its signature is accepted and it names `transaction`.
pub fn verified_head(statement: &Value, transaction: Ulid, trust: &Trust) -> Option<Head> {
    verify(statement, trust).ok()?;
    let signed: SignedHead = serde_json::from_value(statement.clone()).ok()?;
    (signed.transaction == transaction.to_string()).then_some(signed.head)
}

/// Returns the signing user and the key identifier of a statement. Returns `None` unless there is
/// exactly one signature, it is written as unpadded base64, the user has a valid Matrix ID, and the
/// statement has no `unsigned` content, which signatures do not cover.
fn only_signature(statement: &Value) -> Option<[&String; 2]> {
    let has_one_key = |value: &Value| Some(value.as_object()?.len() == 1);
    let signatures = statement.get("signatures")?;
    let (entity, of_entity) = signatures.as_object()?.iter().next()?;
    let (id, signature) = of_entity.as_object()?.iter().next()?;
    let signature = signature.as_str()?;
    let is_plain = Base64::<Standard, Vec<u8>>::parse(signature).ok()?.encode() == signature;
    let is_user = UserId::parse(entity).is_ok();
    let is_only_one =
        has_one_key(signatures)? && has_one_key(of_entity)? && statement.get("unsigned").is_none();
    (is_plain && is_user && is_only_one).then_some([entity, id])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::SigningKey;
    use ruma::user_id;

    #[test]
    fn a_statement_has_one_signature_and_nothing_that_is_not_signed() {
        let folder = tempfile::tempdir().unwrap();
        let bot = user_id!("@bot:x").to_owned();
        let key = SigningKey::load_or_make(&folder.path().join("key"), bot).unwrap();
        let signed = key.sign(json!({ "a": 1, "public_key": key.public_key() })).unwrap();
        assert!(verify(&signed, &Trust::Any).is_ok());
        let refused = |change: &dyn Fn(&mut Value)| {
            let mut statement = signed.clone();
            change(&mut statement);
            assert!(verify(&statement, &Trust::Any).is_err(), "{statement}");
        };
        refused(&|it| it["unsigned"] = json!({ "b": 2 }));
        refused(&|it| it["signatures"] = json!({}));
        refused(&|it| it["signatures"] = json!(7));
        refused(&|it| it["signatures"]["@other:x"] = json!({}));
        refused(&|it| it["signatures"]["@other:x"] = it["signatures"]["@bot:x"].clone());
        refused(&|it| it["signatures"]["@bot:x"]["other:1"] = json!("words that nobody signed"));
        // The same bytes, encoded with padding.
        refused(&|it| {
            let by_key = it["signatures"]["@bot:x"].as_object_mut().unwrap();
            let signature = by_key.values_mut().next().unwrap();
            *signature = json!(format!("{}==", signature.as_str().unwrap()));
        });
        for id in ["", ":", "ed25519", "ed25519:1", "é:1", &format!("e{}:é", "\u{fffd}".repeat(90))]
        {
            refused(&|it| {
                let by_key = it["signatures"]["@bot:x"].as_object_mut().unwrap();
                let signature = by_key.values().next().unwrap().clone();
                *by_key = [(id.to_owned(), signature)].into_iter().collect();
            });
        }
    }
}
