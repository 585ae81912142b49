//! Signed statements: what they say and whether they hold. Pure.

use std::collections::BTreeMap;

use ruma::canonical_json::CanonicalJsonObject;
use ruma::serde::Base64;
use ruma::signatures::verify_json;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::record::chain::Head;

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
    // Every signature in it must be one of this key: there is no other to know it by.
    let signatures = statement.get("signatures").and_then(Value::as_object);
    let mut keys = BTreeMap::new();
    for (entity, by_key) in signatures.into_iter().flatten() {
        let ids = by_key.as_object().into_iter().flatten();
        let of_entity: BTreeMap<_, _> = ids.map(|(id, _)| (id.clone(), key.clone())).collect();
        keys.insert(entity.clone(), of_entity);
    }
    if keys.values().all(BTreeMap::is_empty) {
        return Err(unreadable(&"it has no signature"));
    }
    verify_json(&keys, &object).map_err(|_| Unproven::Broken)?;
    Ok(public_key.to_owned())
}
