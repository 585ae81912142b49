//! Signs the heads of records, some time after something new.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::{SignedHead, SigningKey, head_statement};
use crate::clock::now;
use crate::record::chain::Head;
use crate::store::{HeadRow, Store};

/// How often to look for heads to sign.
const IDLE: Duration = Duration::from_secs(1);
/// Heads signed in one go.
const BATCH: i64 = 64;

/// Links files and old records to their acts, and signs heads as they become due, until `stop`.
pub async fn sign_forever(
    store: Store,
    key: Arc<SigningKey>,
    witnesses: Vec<String>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        match link_and_sign(&store, &key, &witnesses).await {
            Ok(count) if count > 0 => continue,
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "heads could not be signed; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Whatever acts do not tell of yet comes before the heads that cover it.
async fn link_and_sign(
    store: &Store,
    key: &SigningKey,
    witnesses: &[String],
) -> anyhow::Result<usize> {
    let linked = store.adopt_records(BATCH).await? + store.add_missing_file_acts(BATCH).await?;
    let due = store.heads_due(BATCH).await?;
    for id in &due {
        let signed = sign_head(store, key, witnesses, *id).await?;
        tracing::info!(transaction = %id, seq = signed.head.seq, "signed the head of the record");
    }
    Ok(linked + due.len())
}

/// Signs the head of a record as it is now and keeps it; the room will show it, and `witnesses`
/// (as in the config) will get it.
///
/// # Errors
/// When the database does not answer.
async fn sign_head(
    store: &Store,
    key: &SigningKey,
    witnesses: &[String],
    id: Ulid,
) -> anyhow::Result<SignedHead> {
    let head = store.snapshot().await?.head(id).await?.unwrap_or_default();
    let (signed, statement) = signed(key, id, head)?;
    let row = HeadRow {
        seq: signed.head.seq,
        acts: signed.head.acts,
        signed_at: signed.signed_at,
        public_key: signed.public_key.clone(),
        signed: statement.to_string(),
    };
    store.head_signed(id, &signed.head, &row, witnesses).await?;
    Ok(signed)
}

/// Signs `head`, which the record has or had; also as JSON with its signature.
///
/// # Errors
/// When the statement cannot be written as canonical JSON.
pub fn signed(key: &SigningKey, id: Ulid, head: Head) -> anyhow::Result<(SignedHead, Value)> {
    let signed = SignedHead {
        transaction: id.to_string(),
        head,
        signed_at: now(),
        public_key: key.public_key().to_owned(),
    };
    let statement = key.sign(head_statement(&signed))?;
    Ok((signed, statement))
}
