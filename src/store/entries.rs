//! The record: entries derived from the journal, each linked to the one before it.

use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};
use ulid::Ulid;

use super::columns::{parse_id, to_json};
use super::entry_row::{EvidenceRow, Row, select_entries};
use super::members::SeenMember;
use super::watching::{self, Seen};
use super::{
    JournalRow, Snapshot, Store, StoreError, Tx, acts, adoption, erasure, files, journal, members,
    polls, restores, rooms, search, successors, transactions,
};
use crate::clock::now;
use crate::config::Config;
use crate::names::HEAD_STATE;
use crate::record::chain::{Evidence, Head, link};
use crate::record::digest::content_digest;
use crate::record::{
    Attachment, DERIVATION_VERSION, Entry, Fixed, Kind, RedactionPolicy, Relation, VOTE_TOO_LATE,
    all_words, derive, objection, sort_at,
};
use crate::room::change;

const LOCK: &str = "UPDATE transactions SET last_seq = last_seq WHERE id = $1 \
     RETURNING last_seq AS seq, last_hash AS hash, acts, acts_hash";
const POLICY: &str = "SELECT r.redactions FROM transactions t JOIN revisions r \
     ON r.transaction_id = t.id AND r.revision = t.revision WHERE t.id = $1";
const ADVANCE: &str = "UPDATE transactions SET last_seq = $2, last_hash = $3, \
     sign_due_at = COALESCE(sign_due_at, $4) WHERE id = $1";
const INSERT: &str = "INSERT INTO entries \
     (transaction_id, seq, hash, content, room_id, position, event_id, event_type, kind, sender, \
      party, display_name, sent_at, received_at, sort_at, source, text, html, relates_to, target, \
      redacted_by, attachments, membership, remark, marker, derivation) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
      $19, $20, $21, $22, $23, $24, $25, $26)";

const AFTER: &str =
    select_entries!("", "WHERE e.transaction_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3");
const BY_EVENT: &str = select_entries!("", "WHERE e.transaction_id = $1 AND e.event_id = $2");
const BY_SEQ: &str = select_entries!("", "WHERE e.transaction_id = $1 AND e.seq = $2");
const EVIDENCE: &str = select_entries!(
    ", j.raw, j.salt, e.derivation, e.marker",
    "WHERE e.transaction_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3"
);
/// An end of the poll that counts, and that is read before this vote.
const POLL_ENDED: &str = "SELECT e.seq FROM entries e WHERE e.transaction_id = $1 AND e.target = $2 \
     AND e.kind = 'poll_end' AND (e.sender = $3 OR e.party = 'bot') \
     AND (e.sort_at < $4 OR (e.sort_at = $4 AND e.event_id < $5)) LIMIT 1";
const UNREADABLE: &str =
    "SELECT COUNT(*) FROM entries WHERE transaction_id = $1 AND kind = 'encrypted'";
const HEAD: &str =
    "SELECT last_seq AS seq, last_hash AS hash, acts, acts_hash FROM transactions WHERE id = $1";
const REDERIVED: &str = "UPDATE entries SET kind = $3, text = $4, html = $5, relates_to = $6, \
     target = $7, attachments = $8, membership = $9, remark = $10, marker = $11, derivation = $12 \
     WHERE transaction_id = $1 AND seq = $2 AND erased IS NULL";

/// Events derived in one tx.
const BATCH: i64 = 200;

/// What the config says about deriving.
#[derive(Clone, Debug)]
pub struct Deriving {
    /// The bot's Matrix user id.
    pub bot: String,
    /// For transactions that say nothing about it.
    pub redactions: RedactionPolicy,
    /// How long after something new the head is signed, in milliseconds.
    pub sign_after: i64,
}

impl Deriving {
    /// As this config says.
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
    /// It is the room in which the transaction goes on: only there people stand anywhere.
    is_current: bool,
    policy: RedactionPolicy,
    head: Head,
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
        deriving: &Deriving,
    ) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let rows = journal::next_rows(&mut tx, room_id, BATCH).await?;
        let Some(last) = rows.last().map(|row| row.position) else { return Ok(0) };
        let head: Head = sqlx::query_as(LOCK).bind(transaction_id).fetch_one(&mut *tx).await?;
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
            let is_our_note = entry.event_type == HEAD_STATE && entry.sender == deriving.bot;
            if is_our_note {
                restores::look(&mut tx, transaction_id, entry.seq, &row.raw, false).await?;
            }
            seen.push(Seen {
                event_id: entry.event_id.clone(),
                sender: entry.sender.clone(),
                change: change(&row.raw, &deriving.bot),
            });
            // Our own note of the head in the room must not call for the next one.
            news |= !is_our_note;
        }
        sqlx::query(ADVANCE)
            .bind(transaction_id)
            .bind(writing.head.seq)
            .bind(&writing.head.hash)
            .bind(news.then(|| now().saturating_add(deriving.sign_after)))
            .execute(&mut *tx)
            .await?;
        watching::note(&mut tx, transaction_id, room_id, &seen, &deriving.bot).await?;
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

    /// Entries of a record after `seq`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer or holds something unreadable.
    pub async fn entries(
        &self,
        id: Ulid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(AFTER)
            .bind(id.to_string())
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(Entry::try_from).collect()
    }

    /// Why an edit, a redaction, a vote or the end of a poll counts for nothing, if the record
    /// holds what it is about.
    ///
    /// # Errors
    /// When the database does not answer or holds something unreadable.
    pub async fn objection(&self, entry: &Entry) -> Result<Option<&'static str>, StoreError> {
        let Some(relation) = &entry.relates_to else { return Ok(None) };
        let in_poll = matches!(entry.kind, Kind::PollResponse | Kind::PollEnd);
        if !relation.changes_its_target() && !in_poll {
            return Ok(None);
        }
        let target: Option<Row> = sqlx::query_as(BY_EVENT)
            .bind(&entry.fixed.transaction)
            .bind(&relation.event_id)
            .fetch_optional(&self.pool)
            .await?;
        let Some(target) = target.map(Entry::try_from).transpose()? else { return Ok(None) };
        if let Some(why) = objection(entry, &target) {
            return Ok(Some(why));
        }
        if entry.kind != Kind::PollResponse {
            return Ok(None);
        }
        let ended: Option<i64> = sqlx::query_scalar(POLL_ENDED)
            .bind(&entry.fixed.transaction)
            .bind(&relation.event_id)
            .bind(&target.fixed.sender)
            .bind(entry.sort_at)
            .bind(&entry.fixed.event_id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(ended.map(|_| VOTE_TOO_LATE))
    }

    /// How many messages of a record are encrypted, so that nobody can read them here.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unreadable(&self, id: Ulid) -> Result<i64, StoreError> {
        sqlx::query_scalar(UNREADABLE).bind(id.to_string()).fetch_one(&self.pool).await
    }

    /// The end of a record.
    ///
    /// # Errors
    /// When the database does not answer, or there is no such transaction.
    pub async fn head(&self, id: Ulid) -> Result<Head, StoreError> {
        sqlx::query_as(HEAD).bind(id.to_string()).fetch_one(&self.pool).await
    }

    /// One entry.
    pub(super) async fn entry_row(
        &self,
        transaction_id: &str,
        seq: i64,
    ) -> Result<Option<Row>, StoreError> {
        sqlx::query_as(BY_SEQ).bind(transaction_id).bind(seq).fetch_optional(&self.pool).await
    }

    /// Writes what today's derivation makes of an entry's raw event, unless that is erased by now.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn rederived(
        &self,
        entry: &Entry,
        marker: Option<&str>,
        deriving: &Deriving,
    ) -> Result<(), StoreError> {
        let Fixed { transaction, seq, event_id, .. } = &entry.fixed;
        let relation = entry.relates_to.as_ref();
        let mut tx = self.begin().await?;
        adoption::lock(&mut tx, transaction, self.sign_due()).await?;
        let written = sqlx::query(REDERIVED)
            .bind(transaction)
            .bind(seq)
            .bind(entry.kind.as_str())
            .bind(&entry.text)
            .bind(&entry.html)
            .bind(relation.map(to_json).transpose()?)
            .bind(relation.map(|relation| relation.event_id.as_str()))
            .bind(to_json(&entry.attachments)?)
            .bind(entry.membership.as_ref().map(to_json).transpose()?)
            .bind(&entry.remark)
            .bind(marker)
            .bind(DERIVATION_VERSION)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if written == 0 {
            return Ok(());
        }
        files::rename(&mut tx, transaction, *seq, &entry.attachments).await?;
        let indexed = search::Indexed {
            transaction_id: transaction,
            seq: *seq,
            party: &entry.fixed.party,
            sort_at: entry.sort_at,
            kind: entry.kind,
            words: &all_words(
                entry.text.as_deref(),
                entry.html.as_deref(),
                &entry.attachments,
                entry.remark.as_deref(),
            ),
        };
        search_for(&mut tx, indexed, event_id, entry.kind, relation).await?;
        let policy = policy(&mut tx, transaction).await?.unwrap_or(deriving.redactions);
        erasure::settle(&mut tx, transaction, event_id, policy).await?;
        if let Some(relation) = relation.filter(|relation| relation.changes_its_target()) {
            erasure::settle(&mut tx, transaction, &relation.event_id, policy).await?;
        }
        acts::sign_by(&mut tx, transaction, self.sign_due()).await?;
        tx.commit().await?;
        self.hints.files.notify_one();
        Ok(())
    }
}

impl Snapshot {
    /// Entries of a record after `seq` with what proves them, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer or holds something unreadable.
    pub async fn evidence(
        &mut self,
        id: Ulid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Evidence>, StoreError> {
        let rows: Vec<EvidenceRow> = sqlx::query_as(EVIDENCE)
            .bind(id.to_string())
            .bind(after)
            .bind(limit)
            .fetch_all(&mut *self.tx)
            .await?;
        rows.into_iter().map(Evidence::try_from).collect()
    }

    /// The end that a record should have; none if there is no such transaction.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn head(&mut self, id: Ulid) -> Result<Option<Head>, StoreError> {
        sqlx::query_as(HEAD).bind(id.to_string()).fetch_optional(&mut *self.tx).await
    }
}

/// What the shop said about redactions in this transaction.
async fn policy(tx: &mut Tx, transaction_id: &str) -> Result<Option<RedactionPolicy>, StoreError> {
    let policy: Option<String> =
        sqlx::query_scalar(POLICY).bind(transaction_id).fetch_one(&mut **tx).await?;
    Ok(transactions::redactions(policy.as_deref()))
}

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
        let known = transactions::party_of(tx, transaction_id, sender).await?;
        known.unwrap_or_else(|| "other".to_owned())
    };
    let fixed = Fixed {
        transaction: transaction_id.to_owned(),
        seq: writing.head.seq + 1,
        room_id: writing.room_id.to_owned(),
        event_id: row.event_id.clone(),
        event_type: derived.event_type,
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
        // The last one who was missing may have come.
        let is_awaited =
            change.membership == "join" && successors::is_one_lost(tx, transaction_id).await?;
        if change.membership == "knock" || is_awaited {
            rooms::wake(tx, parse_id(transaction_id)?, &row.correlation).await?;
        }
    }
    let display_name = members::display_name(tx, transaction_id, sender).await?;
    let hash = link(&writing.head.hash, &fixed);
    let relation = derived.relates_to.as_ref();
    let target = relation.map(|relation| relation.event_id.as_str());
    sqlx::query(INSERT)
        .bind(transaction_id)
        .bind(fixed.seq)
        .bind(&hash)
        .bind(&fixed.content)
        .bind(&fixed.room_id)
        .bind(row.position)
        .bind(&fixed.event_id)
        .bind(&fixed.event_type)
        .bind(derived.kind.as_str())
        .bind(&fixed.sender)
        .bind(&fixed.party)
        .bind(display_name)
        .bind(fixed.sent_at)
        .bind(fixed.received_at)
        .bind(sort_at(&fixed))
        .bind(&fixed.source)
        .bind(&derived.text)
        .bind(&derived.html)
        .bind(relation.map(to_json).transpose()?)
        .bind(target)
        .bind(derived.redacted.then_some(""))
        .bind(to_json(&derived.attachments)?)
        .bind(derived.membership.as_ref().map(to_json).transpose()?)
        .bind(&derived.remark)
        .bind(&derived.marker)
        .bind(DERIVATION_VERSION)
        .execute(&mut **tx)
        .await?;
    for source in derived.attachments.iter().filter_map(Attachment::source) {
        files::want(tx, transaction_id, fixed.seq, &source).await?;
    }
    let indexed = search::Indexed {
        transaction_id,
        seq: fixed.seq,
        party: &fixed.party,
        sort_at: sort_at(&fixed),
        kind: derived.kind,
        words: &all_words(
            derived.text.as_deref(),
            derived.html.as_deref(),
            &derived.attachments,
            derived.remark.as_deref(),
        ),
    };
    search_for(tx, indexed, &fixed.event_id, derived.kind, relation).await?;
    if derived.kind == Kind::Redaction
        && let Some(target) = target
    {
        // Whether or not it counts in the record, the room does not show its target any more.
        rooms::removed(tx, parse_id(transaction_id)?, target).await?;
    }
    // What removes something may come before it, and an edit after its message was removed.
    erasure::settle(tx, transaction_id, &fixed.event_id, writing.policy).await?;
    if let Some(relation) = relation.filter(|relation| relation.changes_its_target()) {
        erasure::settle(tx, transaction_id, &relation.event_id, writing.policy).await?;
    }
    writing.head.seq = fixed.seq;
    writing.head.hash = hash;
    Ok(fixed)
}

/// The membership that a member event replaces, as its homeserver says (Client-Server API,
/// `unsigned.prev_content`).
fn previous_membership(raw: &str) -> Option<String> {
    let event: serde_json::Value = serde_json::from_str(raw).ok()?;
    Some(event.get("unsigned")?.get("prev_content")?.get("membership")?.as_str()?.to_owned())
}

/// Makes what an entry says findable; votes in the words of their poll, whichever of both comes
/// first.
async fn search_for(
    tx: &mut Tx,
    indexed: search::Indexed<'_>,
    event_id: &str,
    kind: Kind,
    relation: Option<&Relation>,
) -> Result<(), StoreError> {
    let transaction_id = indexed.transaction_id;
    let target = relation.map(|relation| relation.event_id.as_str());
    if kind != Kind::PollResponse {
        search::index(tx, indexed).await?;
    }
    match (kind, target) {
        (Kind::PollStart, _) => polls::index_votes(tx, transaction_id, event_id, None).await,
        (Kind::Edit, Some(target)) => polls::index_votes(tx, transaction_id, target, None).await,
        (Kind::PollResponse, Some(target)) => {
            polls::index_votes(tx, transaction_id, target, Some(event_id)).await
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
