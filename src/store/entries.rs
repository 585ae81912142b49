//! The record: entries derived from the journal, each linked to the one before it.

use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};
use ulid::Ulid;

use super::columns::parse_id;
use super::entry_columns::{self, DerivedPart, NewEntry};
use super::entry_row::{EvidenceRow, Row, select_entries};
use super::members::SeenMember;
use super::room_changes::{self, Seen};
use super::{
    JournalRow, Snapshot, Store, StoreError, Tx, acts, adoption, contacts, erasure, files, journal,
    members, polls, restores, rooms, search, successors, transaction_row,
};
use crate::clock::now;
use crate::config::Config;
use crate::names::HEAD_STATE;
use crate::record::chain::{Evidence, Head, link};
use crate::record::digest::content_digest;
use crate::record::{Attachment, Entry, Fixed, Kind, RedactionPolicy, all_words, derive, sort_at};
use crate::room::change;

const LOCK_TRANSACTION: &str = "UPDATE transactions SET last_seq = last_seq WHERE id = $1 \
     RETURNING last_seq AS seq, last_hash AS hash, acts, acts_hash";
const SELECT_REDACTION_POLICY: &str = "SELECT r.redactions FROM transactions t JOIN revisions r \
     ON r.transaction_id = t.id AND r.revision = t.revision WHERE t.id = $1";
const UPDATE_HEAD: &str = "UPDATE transactions SET last_seq = $2, last_hash = $3, \
     sign_due_at = COALESCE(sign_due_at, $4) WHERE id = $1";

const SELECT_ENTRIES_AFTER: &str =
    select_entries!("", "WHERE e.transaction_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3");
const SELECT_ENTRY_BY_SEQ: &str = select_entries!("", "WHERE e.transaction_id = $1 AND e.seq = $2");
const SELECT_EVIDENCE_AFTER: &str = select_entries!(
    ", j.raw, j.salt, e.derivation, e.marker",
    "WHERE e.transaction_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3"
);
const SELECT_HEAD: &str =
    "SELECT last_seq AS seq, last_hash AS hash, acts, acts_hash FROM transactions WHERE id = $1";
/// The number of events that are derived in one tx.
const EVENTS_PER_TX: i64 = 200;

/// The settings from the config that deriving depends on.
#[derive(Clone, Debug)]
pub struct Deriving {
    /// The bot's Matrix user id.
    pub bot: String,
    /// The redaction policy of transactions that do not state one.
    pub redactions: RedactionPolicy,
    /// The time from a new entry to the next signature of the head, in milliseconds.
    pub sign_after: i64,
}

impl Deriving {
    /// Reads the settings from the config.
    pub fn of(config: &Config) -> Self {
        Self {
            bot: config.bot_user_id().to_string(),
            redactions: config.record.redactions,
            sign_after: config.record.sign_after_ms(),
        }
    }
}

/// The transaction whose record is being written.
struct Writing<'a> {
    transaction_id: &'a str,
    room_id: &'a str,
    /// Whether this is the current room of the transaction. Memberships are noted only for it.
    is_current: bool,
    policy: RedactionPolicy,
    head: Head,
}

impl Store {
    /// Derives the next events of one room's journal into the record, in one tx. Returns how many.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn derive_room(
        &self,
        transaction_id: &str,
        room_id: &str,
        deriving: &Deriving,
    ) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let rows = journal::next_rows(&mut tx, room_id, EVENTS_PER_TX).await?;
        let Some(last) = rows.last().map(|row| row.position) else { return Ok(0) };
        let head: Head =
            sqlx::query_as(LOCK_TRANSACTION).bind(transaction_id).fetch_one(&mut *tx).await?;
        if head.acts == 0 {
            adoption::adopt(&mut tx, transaction_id, self.sign_due()).await?;
        }
        let mut writing = Writing {
            transaction_id,
            room_id,
            policy: policy(&mut tx, transaction_id).await?.unwrap_or(deriving.redactions),
            is_current: rooms::is_current(&mut tx, transaction_id, room_id).await?,
            head,
        };
        let mut news = false;
        let mut seen = Vec::new();
        for row in &rows {
            let entry = write(&mut tx, &mut writing, row, &deriving.bot).await?;
            let is_own_head = entry.event_type == HEAD_STATE && entry.sender == deriving.bot;
            if is_own_head {
                restores::check_shown_head(&mut tx, transaction_id, entry.seq, &row.raw, false)
                    .await?;
            }
            seen.push(Seen {
                event_id: entry.event_id.clone(),
                sender: entry.sender.clone(),
                change: change(&row.raw, &deriving.bot),
            });
            // A head that the bot puts into the room must not lead to the next head.
            news |= !is_own_head;
        }
        sqlx::query(UPDATE_HEAD)
            .bind(transaction_id)
            .bind(writing.head.seq)
            .bind(&writing.head.hash)
            .bind(news.then(|| now().saturating_add(deriving.sign_after)))
            .execute(&mut *tx)
            .await?;
        room_changes::note(&mut tx, transaction_id, room_id, &seen, &deriving.bot).await?;
        journal::derived(&mut tx, room_id, last).await?;
        tx.commit().await?;
        self.hints.files.notify_one();
        self.hints.rooms.notify_one();
        if let Ok(id) = Ulid::from_string(transaction_id) {
            self.hints.changed(id);
        }
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

    /// Returns at most `limit` entries of a record with a `seq` above `after`, oldest first.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn entries(
        &self,
        id: Ulid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(SELECT_ENTRIES_AFTER)
            .bind(id.to_string())
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(Entry::try_from).collect()
    }

    /// Does the same as [`Self::entries`]. Each entry comes with its raw event, unless that is
    /// erased.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn entries_with_raw(
        &self,
        id: Ulid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(Entry, Option<String>)>, StoreError> {
        let rows: Vec<EvidenceRow> = sqlx::query_as(SELECT_EVIDENCE_AFTER)
            .bind(id.to_string())
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(|row| Ok((row.row.try_into()?, row.raw))).collect()
    }

    /// Returns the head of a record.
    ///
    /// # Errors
    /// If the database does not answer, or there is no such transaction.
    pub async fn head(&self, id: Ulid) -> Result<Head, StoreError> {
        sqlx::query_as(SELECT_HEAD).bind(id.to_string()).fetch_one(&self.pool).await
    }

    /// Returns one entry.
    pub(super) async fn entry_row(
        &self,
        transaction_id: &str,
        seq: i64,
    ) -> Result<Option<Row>, StoreError> {
        sqlx::query_as(SELECT_ENTRY_BY_SEQ)
            .bind(transaction_id)
            .bind(seq)
            .fetch_optional(&self.pool)
            .await
    }

    /// Writes an entry that the current version of the derivation made again from its raw event,
    /// unless the entry is erased.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn update_derived(
        &self,
        entry: &Entry,
        marker: Option<&str>,
        deriving: &Deriving,
    ) -> Result<(), StoreError> {
        let transaction = &entry.fixed.transaction;
        let derived = DerivedPart::of_entry(entry, marker);
        let mut tx = self.begin().await?;
        adoption::lock(&mut tx, transaction, self.sign_due()).await?;
        if !entry_columns::update(&mut tx, &entry.fixed, &derived).await? {
            return Ok(());
        }
        files::rename(&mut tx, transaction, entry.fixed.seq, &entry.attachments).await?;
        index_words(&mut tx, &entry.fixed, &derived).await?;
        let policy = policy(&mut tx, transaction).await?.unwrap_or(deriving.redactions);
        apply_redactions_of(&mut tx, &entry.fixed, &derived, policy).await?;
        acts::sign_by(&mut tx, transaction, self.sign_due()).await?;
        tx.commit().await?;
        self.hints.files.notify_one();
        Ok(())
    }
}

impl Snapshot {
    /// Returns at most `limit` entries of a record with a `seq` above `after` and their evidence,
    /// oldest first.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn evidence(
        &mut self,
        id: Ulid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Evidence>, StoreError> {
        let rows: Vec<EvidenceRow> = sqlx::query_as(SELECT_EVIDENCE_AFTER)
            .bind(id.to_string())
            .bind(after)
            .bind(limit)
            .fetch_all(&mut *self.tx)
            .await?;
        rows.into_iter().map(Evidence::try_from).collect()
    }

    /// Returns the head that a record should have, or none if there is no such transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn head(&mut self, id: Ulid) -> Result<Option<Head>, StoreError> {
        sqlx::query_as(SELECT_HEAD).bind(id.to_string()).fetch_optional(&mut *self.tx).await
    }
}

/// Returns the redaction policy that the shop set for this transaction.
async fn policy(tx: &mut Tx, transaction_id: &str) -> Result<Option<RedactionPolicy>, StoreError> {
    let policy: Option<String> = sqlx::query_scalar(SELECT_REDACTION_POLICY)
        .bind(transaction_id)
        .fetch_one(&mut **tx)
        .await?;
    Ok(transaction_row::redactions(policy.as_deref()))
}

/// Writes the entry for one event of the journal. Returns the fixed part of the entry.
async fn write(
    tx: &mut Tx,
    writing: &mut Writing<'_>,
    row: &JournalRow,
    bot: &str,
) -> Result<Fixed, StoreError> {
    let transaction_id = writing.transaction_id;
    let derived = derive(&row.raw);
    let sender = derived.sender.as_deref().unwrap_or_default();
    let party = if sender == bot {
        "bot".to_owned()
    } else {
        let known = contacts::party_of(tx, transaction_id, sender).await?;
        known.unwrap_or_else(|| "other".to_owned())
    };
    let fixed = Fixed {
        transaction: transaction_id.to_owned(),
        seq: writing.head.seq + 1,
        room_id: writing.room_id.to_owned(),
        event_id: row.event_id.clone(),
        event_type: derived.event_type.clone(),
        sender: sender.to_owned(),
        party,
        sent_at: derived.sent_at,
        received_at: row.received_at,
        source: row.source.clone(),
        content: content_digest(&row.salt, &row.raw),
    };
    if let Some(change) = derived.membership.as_ref().filter(|_| writing.is_current) {
        let before = previous_membership(&row.raw);
        let seen = SeenMember {
            user: &change.user_id,
            membership: &change.membership,
            at: sort_at(&fixed),
            display_name: change.display_name.as_deref(),
            is_own_leave: change.membership == "leave" && change.user_id == sender,
            before: before.as_deref(),
        };
        members::see_member(tx, transaction_id, seen).await?;
        // This may be the last contact that the transaction waits for.
        let is_awaited = change.membership == "join"
            && successors::has_lost_successor(tx, transaction_id).await?;
        if change.membership == "knock" || is_awaited {
            rooms::wake(tx, parse_id(transaction_id)?, &row.correlation).await?;
        }
    }
    let display_name = members::display_name(tx, transaction_id, sender).await?;
    let hash = link(&writing.head.hash, &fixed);
    let new = NewEntry {
        fixed: &fixed,
        hash: &hash,
        position: row.position,
        display_name: display_name.as_deref(),
        is_redacted: derived.redacted,
    };
    let part = DerivedPart::of_event(&derived);
    entry_columns::insert(tx, &new, &part).await?;
    for source in derived.attachments.iter().filter_map(Attachment::source) {
        files::want(tx, transaction_id, fixed.seq, &source).await?;
    }
    index_words(tx, &fixed, &part).await?;
    if derived.kind == Kind::Redaction
        && let Some(target) = part.target()
    {
        // The room no longer shows the target, even if the redaction has no effect in the record.
        rooms::event_redacted(tx, parse_id(transaction_id)?, target).await?;
    }
    apply_redactions_of(tx, &fixed, &part, writing.policy).await?;
    writing.head.seq = fixed.seq;
    writing.head.hash = hash;
    Ok(fixed)
}

/// Returns the membership before a member event, as its homeserver states it (Client-Server API,
/// `unsigned.prev_content`).
fn previous_membership(raw: &str) -> Option<String> {
    let event: serde_json::Value = serde_json::from_str(raw).ok()?;
    Some(event.get("unsigned")?.get("prev_content")?.get("membership")?.as_str()?.to_owned())
}

/// Applies the redactions that concern an entry or its target.
///
/// A redaction may come before its target, and an edit may come after its message was redacted, so
/// both are looked at whenever an entry is written.
async fn apply_redactions_of(
    tx: &mut Tx,
    fixed: &Fixed,
    derived: &DerivedPart<'_>,
    policy: RedactionPolicy,
) -> Result<(), StoreError> {
    erasure::apply_redactions(tx, &fixed.transaction, &fixed.event_id, policy).await?;
    if let Some(relation) = derived.relation.filter(|relation| relation.changes_its_target()) {
        erasure::apply_redactions(tx, &fixed.transaction, &relation.event_id, policy).await?;
    }
    Ok(())
}

/// Writes the words of an entry into the search index.
///
/// The words of a vote stand in its poll. The poll may come before or after the vote, so each of
/// them has the votes indexed.
async fn index_words(
    tx: &mut Tx,
    fixed: &Fixed,
    derived: &DerivedPart<'_>,
) -> Result<(), StoreError> {
    let transaction_id = &fixed.transaction;
    if derived.kind != Kind::PollResponse {
        let words = all_words(derived.text, derived.html, derived.attachments, derived.remark);
        let indexed = search::Indexed {
            transaction_id,
            seq: fixed.seq,
            party: &fixed.party,
            sort_at: sort_at(fixed),
            kind: derived.kind,
            words: &words,
        };
        search::index(tx, indexed).await?;
    }
    match (derived.kind, derived.target()) {
        (Kind::PollStart, _) => polls::index_votes(tx, transaction_id, &fixed.event_id, None).await,
        (Kind::Edit, Some(poll)) => polls::index_votes(tx, transaction_id, poll, None).await,
        (Kind::PollResponse, Some(poll)) => {
            polls::index_votes(tx, transaction_id, poll, Some(&fixed.event_id)).await
        }
        _ => Ok(()),
    }
}

impl<'r> FromRow<'r, AnyRow> for Head {
    fn from_row(row: &'r AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.try_get("seq")?,
            hash: row.try_get("hash")?,
            acts: row.try_get("acts")?,
            acts_hash: row.try_get("acts_hash")?,
        })
    }
}
