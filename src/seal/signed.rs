//! Signed statements: what they say and whether they hold. Pure.

use std::collections::BTreeMap;

use ruma::canonical_json::CanonicalJsonObject;
use ruma::serde::Base64;
use ruma::serde::base64::Standard;
use ruma::signatures::verify_json;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ulid::Ulid;

use crate::record::chain::Head;

/// Longest name of a key, in bytes.
const MAX_KEY_ID: usize = 255;
/// Version of the statements' format; those of version 1 know nothing of acts.
const VERSION: u8 = 2;

/// Whose signatures count.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those of these public keys (Ed25519, unpadded base64).
    Keys(Vec<String>),
    /// Anybody's: only that the statement was not changed since.
    Any,
}

/// Why a statement proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It cannot be read.
    #[error("is no signed statement: {0}")]
    Unreadable(String),
    /// Its key is not one of those given.
    #[error(
        "is signed with the key {0}, which is not one that you trust; if it was your key once, give it \
         with --public-key"
    )]
    Stranger(String),
    /// The signature does not fit.
    #[error("has a signature that does not fit: it was changed, or signed by somebody else")]
    Broken,
}

/// The head of a record at some time, as signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// ULID of the transaction.
    pub transaction: String,
    /// Last entry and last act, with their hashes.
    #[serde(flatten)]
    pub head: Head,
    /// Milliseconds since 1970.
    pub signed_at: i64,
    /// Ed25519, unpadded base64.
    pub public_key: String,
}

/// What is signed about the head of a record.
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

/// Checks the signature of a statement; the public key that it was made with.
///
/// # Errors
/// Why it proves nothing.
pub fn verify(statement: &Value, trust: &Trust) -> Result<String, Unproven> {
    let unreadable = |error: &dyn std::fmt::Display| Unproven::Unreadable(error.to_string());
    let object: CanonicalJsonObject =
        serde_json::from_value(statement.clone()).map_err(|error| unreadable(&error))?;
    let text = |key: &str| statement.get(key).and_then(Value::as_str);
    let public_key = text("public_key").ok_or_else(|| unreadable(&"it names no public_key"))?;
    if let Trust::Keys(keys) = trust
        && !keys.iter().any(|key| key == public_key)
    {
        return Err(Unproven::Stranger(public_key.to_owned()));
    }
    let key = Base64::parse(public_key).map_err(|error| unreadable(&error))?;
    let Some([entity, id]) = only_signature(statement) else {
        return Err(unreadable(&"it has not exactly one signature, or more than what is signed"));
    };
    // By no other can it be known whose signature it is.
    let keys = BTreeMap::from([(entity.clone(), BTreeMap::from([(id.clone(), key)]))]);
    verify_json(&keys, &object).map_err(|_| Unproven::Broken)?;
    Ok(public_key.to_owned())
}

/// The head in a statement, if it is proven to be one of the record of `transaction`.
pub fn signed_of(statement: &Value, transaction: Ulid, trust: &Trust) -> Option<Head> {
    verify(statement, trust).ok()?;
    let signed: SignedHead = serde_json::from_value(statement.clone()).ok()?;
    (signed.transaction == transaction.to_string()).then_some(signed.head)
}

/// Whose the signature of a statement is, and by which key, if it has one only, in the one way to
/// write it, and nothing that signatures do not cover.
fn only_signature(statement: &Value) -> Option<[&String; 2]> {
    let only = |value: &Value| Some(value.as_object()?.len() == 1);
    let signatures = statement.get("signatures")?;
    let (entity, of_entity) = signatures.as_object()?.iter().next()?;
    let (id, signature) = of_entity.as_object()?.iter().next()?;
    let signature = signature.as_str()?;
    let is_plain = Base64::<Standard, Vec<u8>>::parse(signature).ok()?.encode() == signature;
    // ruma 0.16 panics at longer ids.
    let is_id = id.len() <= MAX_KEY_ID && id.is_ascii();
    let is_alone = only(signatures)? && only(of_entity)? && statement.get("unsigned").is_none();
    (is_plain && is_id && is_alone).then_some([entity, id])
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
        // The same bytes, written otherwise.
        refused(&|it| {
            let by_key = it["signatures"]["@bot:x"].as_object_mut().unwrap();
            let signature = by_key.values_mut().next().unwrap();
            *signature = json!(format!("{}==", signature.as_str().unwrap()));
        });
        for id in ["", ":", "ed25519", "é:1", &format!("e{}:é", "\u{fffd}".repeat(90))] {
            refused(&|it| {
                let by_key = it["signatures"]["@bot:x"].as_object_mut().unwrap();
                let signature = by_key.values().next().unwrap().clone();
                *by_key = [(id.to_owned(), signature)].into_iter().collect();
            });
        }
    }
}
