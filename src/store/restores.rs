//! Restores of the database from a backup.
//!
//! If the bot showed a signed head in the room that does not match the record, the database was
//! restored from a backup since then. An act notes this, so that a person who holds such a head can
//! see why it does not match.

use serde::Deserialize;
use ulid::Ulid;

use super::acts::{NewAct, append};
use super::{Snapshot, StoreError, Tx};
use crate::clock::now;
use crate::names::HEAD_STATE;
use crate::record::acts::ActKind;
use crate::record::chain::Head;

const SELECT_ENTRY_HASH: &str = "SELECT hash FROM entries WHERE transaction_id = $1 AND seq = $2";
const SELECT_ACT_HASH: &str = "SELECT hash FROM acts WHERE transaction_id = $1 AND number = $2";
const SELECT_SHOWN_HEADS: &str = "SELECT e.seq, j.raw FROM entries e \
     JOIN journal j ON j.room_id = e.room_id AND j.position = e.position \
     WHERE e.transaction_id = $1 AND e.event_type = $2 AND e.party = 'bot' \
     AND j.raw IS NOT NULL ORDER BY e.seq";

const SELECT_LOST_HEADS: &str = "SELECT j.raw FROM acts a \
     JOIN entries e ON e.transaction_id = a.transaction_id AND CAST(e.seq AS TEXT) = a.subject \
     JOIN journal j ON j.room_id = e.room_id AND j.position = e.position \
     WHERE a.transaction_id = $1 AND a.kind = $2 AND j.raw IS NOT NULL";

/// An event in which the bot shows a signed head.
#[derive(Deserialize)]
struct Note {
    content: Head,
}

/// Returns the head in a raw event of the bot, if the event holds one.
fn head_in(raw: &str) -> Option<Head> {
    serde_json::from_str(raw).ok().map(|note: Note| note.content)
}

/// Checks a head that the bot showed in the room, in the entry `seq`. If the head does not match
/// the record, an act of a restore is added.
pub(super) async fn check_shown_head(
    tx: &mut Tx,
    transaction_id: &str,
    seq: i64,
    raw: &str,
    adopted: bool,
) -> Result<(), StoreError> {
    let Some(head) = head_in(raw) else { return Ok(()) };
    if head.seq < seq && is_of_record(tx, transaction_id, &head).await? {
        return Ok(());
    }
    tracing::warn!(
        transaction = transaction_id,
        entry = seq,
        head = head.seq,
        "a signed head in the room does not match this record: the database was restored from a \
         backup"
    );
    let subject = seq.to_string();
    let act = NewAct {
        kind: ActKind::Restore,
        subject: &subject,
        actor: "",
        reason: "",
        adopted,
        content: None,
    };
    // The head is signed at once, so that the room soon shows one that matches.
    append(tx, transaction_id, act, Some(now())).await.map(drop)
}

/// Checks all heads that the bot showed in the room of a record without acts.
///
/// A head that covers acts is no sign of a restore: a backup from a version without acts cannot
/// hold the event of such a head.
pub(super) async fn check_all_shown_heads(
    tx: &mut Tx,
    transaction_id: &str,
) -> Result<(), StoreError> {
    let notes: Vec<(i64, String)> = sqlx::query_as(SELECT_SHOWN_HEADS)
        .bind(transaction_id)
        .bind(HEAD_STATE)
        .fetch_all(&mut **tx)
        .await?;
    for (seq, raw) in notes {
        if head_in(&raw).is_some_and(|head| head.acts > 0) {
            tracing::error!(
                transaction = transaction_id,
                entry = seq,
                "a signed head covers acts, but this record has none, so somebody removed them"
            );
            continue;
        }
        check_shown_head(tx, transaction_id, seq, &raw, true).await?;
    }
    Ok(())
}

impl Snapshot {
    /// Returns true if this signed head matches the record, or if an act notes that it was lost in
    /// a restore from a backup.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn accounts_for(&mut self, id: Ulid, head: &Head) -> Result<bool, StoreError> {
        let id = id.to_string();
        if is_of_record(&mut self.tx, &id, head).await? {
            return Ok(true);
        }
        let lost: Vec<String> = sqlx::query_scalar(SELECT_LOST_HEADS)
            .bind(id)
            .bind(ActKind::Restore.as_str())
            .fetch_all(&mut *self.tx)
            .await?;
        Ok(lost.iter().any(|raw| head_in(raw).as_ref() == Some(head)))
    }
}

/// Returns true if the record has the last entry and the last act that `head` covers.
async fn is_of_record(tx: &mut Tx, transaction_id: &str, head: &Head) -> Result<bool, StoreError> {
    let entry = hash_at(tx, SELECT_ENTRY_HASH, transaction_id, head.seq).await?;
    let act = hash_at(tx, SELECT_ACT_HASH, transaction_id, head.acts).await?;
    Ok(entry.as_deref() == Some(&head.hash) && act.as_deref() == Some(&head.acts_hash))
}

/// Returns the hash of a link. It is empty for the number 0, and none if there is no such link.
async fn hash_at(
    tx: &mut Tx,
    statement: &'static str,
    transaction_id: &str,
    number: i64,
) -> Result<Option<String>, StoreError> {
    if number == 0 {
        return Ok(Some(String::new()));
    }
    sqlx::query_scalar(statement).bind(transaction_id).bind(number).fetch_optional(&mut **tx).await
}
