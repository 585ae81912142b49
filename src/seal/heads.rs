//! Signs the heads of records some time after an entry or an act was added.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::{SignedHead, SigningKey, head_statement};
use crate::clock::now;
use crate::record::chain::Head;
use crate::store::{HeadRow, Store};

/// The pause before the next look for due heads, if there was nothing to do.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The greatest number of heads that are signed in one batch.
const BATCH_SIZE: i64 = 64;

/// Adds the missing acts of kept files and of records from before acts existed, and signs heads
/// when they are due. Returns when `stop` is cancelled.
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
            Err(error) => tracing::error!(%error, "heads cannot be signed; the next try follows"),
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Adds missing acts, then signs the heads that are due, so that these heads cover the new acts.
/// Returns how many acts and heads there were.
async fn link_and_sign(
    store: &Store,
    key: &SigningKey,
    witnesses: &[String],
) -> anyhow::Result<usize> {
    let linked =
        store.adopt_records(BATCH_SIZE).await? + store.add_missing_file_acts(BATCH_SIZE).await?;
    let due = store.heads_due(BATCH_SIZE).await?;
    for id in &due {
        let signed = sign_and_store_head(store, key, witnesses, *id).await?;
        tracing::info!(transaction = %id, seq = signed.head.seq, "signed the head of the record");
    }
    Ok(linked + due.len())
}

/// Signs the current head of a record and stores it. Later steps show it in the room and send it
/// to `witnesses` (written as in the config).
///
/// # Errors
/// When the database fails.
async fn sign_and_store_head(
    store: &Store,
    key: &SigningKey,
    witnesses: &[String],
    id: Ulid,
) -> anyhow::Result<SignedHead> {
    let head = store.snapshot().await?.head(id).await?.unwrap_or_default();
    let (signed, statement) = sign_head(key, id, head)?;
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

/// Signs `head`, a current or former head of the record. Returns the signed head, and the signed
/// statement as JSON.
///
/// # Errors
/// When the statement cannot be written as canonical JSON.
pub fn sign_head(key: &SigningKey, id: Ulid, head: Head) -> anyhow::Result<(SignedHead, Value)> {
    let signed = SignedHead {
        transaction: id.to_string(),
        head,
        signed_at: now(),
        public_key: key.public_key().to_owned(),
    };
    let statement = key.sign(head_statement(&signed))?;
    Ok((signed, statement))
}
