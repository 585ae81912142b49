//! The record: entries derived from the journal.

use sqlx::FromRow;
use ulid::Ulid;

use super::columns::to_json;
use super::{JournalRow, Store, StoreError, Tx, journal, members, now, transactions};
use crate::record::{DERIVATION_VERSION, Derived, RelationKind, derive};

const NEXT_SEQ: &str =
    "UPDATE transactions SET last_seq = last_seq + 1 WHERE id = $1 RETURNING last_seq";
const INSERT: &str = "INSERT INTO entries \
     (transaction_id, seq, room_id, position, event_id, event_type, kind, sender, party, \
      display_name, sent_at, received_at, source, text, html, relates_to, target, redacted_by, \
      attachments, remark, marker, derivation) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
      $19, $20, $21, $22)";
const REDACT: &str = "UPDATE entries SET redacted_by = $3 \
     WHERE transaction_id = $1 AND event_id = $2 AND redacted_by IS NULL";
const REDACTION_OF: &str = "SELECT event_id FROM entries \
     WHERE transaction_id = $1 AND target = $2 AND kind = 'redaction' ORDER BY seq LIMIT 1";
const AFTER: &str = "SELECT seq, room_id, position, event_id, event_type, kind, sender, party, \
     display_name, sent_at, received_at, source, text, html, relates_to, redacted_by, \
     attachments, remark FROM entries WHERE transaction_id = $1 AND seq > $2 \
     ORDER BY seq LIMIT $3";

/// Events derived in one tx.
const BATCH: i64 = 200;

/// One entry of a record.
#[derive(Clone, Debug, FromRow)]
pub struct Entry {
    /// Counts from 1 within the transaction, without gaps, in order of receipt.
    pub seq: i64,
    /// Where its raw event is.
    pub room_id: String,
    /// Where its raw event is.
    pub position: i64,
    /// What identifies the event.
    pub event_id: String,
    /// Matrix event type.
    pub event_type: String,
    /// What it is, in our words.
    pub kind: String,
    /// Matrix user.
    pub sender: String,
    /// `buyer`, `seller`, `bot` or `other`.
    pub party: String,
    /// The sender's name in the room at that time.
    pub display_name: Option<String>,
    /// Milliseconds since 1970, by the sender's homeserver.
    pub sent_at: i64,
    /// Milliseconds since 1970, by us.
    pub received_at: i64,
    /// `push`, `sync` or `backfill`.
    pub source: String,
    /// What a person would read.
    pub text: Option<String>,
    /// Sanitised.
    pub html: Option<String>,
    /// JSON.
    pub relates_to: Option<String>,
    /// Event id of the redaction that removed it.
    pub redacted_by: Option<String>,
    /// JSON.
    pub attachments: String,
    /// What is odd about it.
    pub remark: Option<String>,
}

impl Store {
    /// Derives the next events of one room's journal into the record, in one tx; tells how many.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn derive_room(
        &self,
        transaction_id: &str,
        room_id: &str,
        bot: &str,
    ) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let rows = journal::next_rows(&mut tx, room_id, BATCH).await?;
        let Some(last) = rows.last().map(|row| row.position) else { return Ok(0) };
        for row in &rows {
            let derived = derive(&row.raw);
            insert(&mut tx, transaction_id, room_id, row, &derived, bot).await?;
        }
        journal::derived(&mut tx, room_id, last).await?;
        tx.commit().await?;
        for row in &rows {
            tracing::debug!(
                transaction = transaction_id,
                event = row.event_id,
                correlation = row.correlation,
                source = row.source,
                milliseconds = now() - row.received_at,
                "recorded"
            );
        }
        Ok(rows.len())
    }

    /// Entries of a record after `seq`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn entries(
        &self,
        id: Ulid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        sqlx::query_as(AFTER)
            .bind(id.to_string())
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
    }
}

async fn insert(
    tx: &mut Tx,
    transaction_id: &str,
    room_id: &str,
    row: &JournalRow,
    derived: &Derived,
    bot: &str,
) -> Result<(), StoreError> {
    let sender = derived.sender.as_deref().unwrap_or_default();
    if let Some(change) = &derived.membership {
        members::see_member(
            tx,
            transaction_id,
            &change.user_id,
            &change.membership,
            derived.sent_at,
            change.display_name.as_deref(),
        )
        .await?;
    }
    let party = if sender == bot {
        "bot".to_owned()
    } else {
        let known = transactions::party_of(tx, transaction_id, sender).await?;
        known.unwrap_or_else(|| "other".to_owned())
    };
    let display_name = members::display_name(tx, transaction_id, sender).await?;
    let relation = derived.relates_to.as_ref();
    let target = relation.map(|relation| relation.event_id.as_str());
    if relation.is_some_and(|relation| relation.kind == RelationKind::Redaction) {
        sqlx::query(REDACT)
            .bind(transaction_id)
            .bind(target)
            .bind(&row.event_id)
            .execute(&mut **tx)
            .await?;
    }
    // The redaction may have arrived first.
    let redacted_by: Option<String> = sqlx::query_scalar(REDACTION_OF)
        .bind(transaction_id)
        .bind(&row.event_id)
        .fetch_optional(&mut **tx)
        .await?;
    let seq: i64 = sqlx::query_scalar(NEXT_SEQ).bind(transaction_id).fetch_one(&mut **tx).await?;
    sqlx::query(INSERT)
        .bind(transaction_id)
        .bind(seq)
        .bind(room_id)
        .bind(row.position)
        .bind(&row.event_id)
        .bind(&derived.event_type)
        .bind(derived.kind.as_str())
        .bind(sender)
        .bind(party)
        .bind(display_name)
        .bind(derived.sent_at)
        .bind(row.received_at)
        .bind(&row.source)
        .bind(&derived.text)
        .bind(&derived.html)
        .bind(relation.map(to_json).transpose()?)
        .bind(target)
        .bind(redacted_by.or_else(|| derived.redacted.then(String::new)))
        .bind(to_json(&derived.attachments)?)
        .bind(&derived.remark)
        .bind(&derived.marker)
        .bind(DERIVATION_VERSION)
        .execute(&mut **tx)
        .await
        .map(drop)
}
