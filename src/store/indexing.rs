//! Writes the full-text index after the entries, in batches. `transactions.indexed_seq` says up to
//! which entry each record is indexed, and commits together with the rows of the index.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use sqlx::FromRow;

use super::columns::from_json;
use super::entry_columns::DerivedPart;
use super::many_rows::ManyRows;
use super::packed_rows::{PackedRows, packed_rows};
use super::search_rows::{NewRow, replace};
use super::{Progress, Store, StoreError, Tx, polls};
use crate::clock::now;
use crate::config::DatabaseKind;
use crate::record::{Attachment, Fixed, Kind, all_words, sort_at};

const SELECT_UNINDEXED: &str = "SELECT shop, id FROM transactions \
     WHERE indexed_seq < last_seq AND (shop, id) > ($1, $2) ORDER BY shop, id LIMIT $3";
/// An erasure locks the same row first. So either it finds the words in the index, or the words are
/// gone from the entry before they are read for the index.
static LOCK_UNINDEXED: PackedRows = packed_rows!(
    { id: "t.id", shop: "t.shop", indexed_seq: "t.indexed_seq", last_seq: "t.last_seq" },
    " FROM (VALUES ",
    1,
    ") AS v CROSS JOIN transactions t WHERE t.id = v.column1 AND t.indexed_seq < t.last_seq",
    " ORDER BY t.id FOR NO KEY UPDATE OF t SKIP LOCKED",
);
static SELECT_ENTRIES: PackedRows = packed_rows!(
    {
        transaction_id: "e.transaction_id",
        seq: "e.seq",
        event_id: "e.event_id",
        event_type: "e.event_type",
        kind: "e.kind",
        party: "e.party",
        sort_at: "e.sort_at",
        text: "e.text",
        html: "e.html",
        target: "e.target",
        attachments: "e.attachments",
        remark: "e.remark",
    },
    3,
    entries as e,
    "e.transaction_id = v.column1 AND e.seq > v.column2 AND e.seq <= v.column3",
);
static SET_INDEXED: ManyRows = ManyRows::new(
    "UPDATE transactions SET indexed_seq = v.column2 FROM (VALUES ",
    2,
    ") AS v WHERE transactions.id = v.column1",
);
const SELECT_SHOP: &str = "SELECT shop FROM transactions WHERE id = $1";
/// Selects when the first event was received that is not in the index: of the entries that are not
/// indexed yet, and of the events that are no entries yet.
///
/// The events of one room are received in the order of their positions. A record can have entries
/// of several rooms, so some more of its entries are looked at than the first. What belongs to a room is
/// looked up for each by itself: nearly always there is none, and no database knows that beforehand.
const SELECT_FIRST_UNINDEXED: &str = "SELECT MIN(received_at) FROM ( \
       SELECT (SELECT MIN(f.received_at) FROM (SELECT e.received_at FROM entries e \
         WHERE e.transaction_id = t.id AND e.seq > t.indexed_seq ORDER BY e.seq LIMIT 1000) f) \
         AS received_at \
       FROM transactions t WHERE t.indexed_seq < t.last_seq AND t.shop = $1 \
     UNION ALL \
       SELECT (SELECT j.received_at FROM journal j \
         WHERE j.room_id = w.room_id AND j.position = w.derived_position + 1) AS received_at \
       FROM journal_rooms w WHERE w.derived_position < w.last_position AND $1 = (SELECT \
         (SELECT t.shop FROM transactions t WHERE t.id = r.transaction_id) \
         FROM record_rooms r WHERE r.room_id = w.room_id)) u";

/// The length of the words, in bytes, after which no further entry is indexed in the same tx.
const WORDS_PER_TX: usize = 128 * 1024;

/// A record with entries that are not indexed yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Unindexed {
    /// The shop of the transaction.
    pub shop: String,
    /// The id of the transaction.
    pub id: String,
}

/// The entries of one record that are looked at in one tx.
#[derive(Deserialize, FromRow)]
struct Locked {
    id: String,
    shop: String,
    indexed_seq: i64,
    last_seq: i64,
}

#[derive(Clone)]
struct Range<'a> {
    id: &'a str,
    after: i64,
    upto: i64,
}

#[derive(Deserialize, FromRow)]
struct EntryRow {
    transaction_id: String,
    seq: i64,
    event_id: String,
    event_type: String,
    kind: String,
    party: String,
    sort_at: i64,
    text: Option<String>,
    html: Option<String>,
    target: Option<String>,
    attachments: String,
    remark: Option<String>,
}

/// The votes whose words have to be written.
enum Votes {
    /// All votes of a poll.
    All,
    /// The votes with these event ids.
    These(HashSet<String>),
}

impl Store {
    /// Returns at most `limit` records with entries that are not indexed yet: those that follow
    /// `after` in the order of shop and id. (The default of [`Unindexed`] precedes all.)
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn unindexed(
        &self,
        after: &Unindexed,
        limit: i64,
    ) -> Result<Vec<Unindexed>, StoreError> {
        sqlx::query_as(SELECT_UNINDEXED)
            .bind(&after.shop)
            .bind(&after.id)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
    }

    /// Indexes the next entries of these records in one tx, at most `most` in all, but of each at least one.
    ///
    /// A record that somebody else is writing is left out (on PostgreSQL), so several processes can
    /// index at the same time, and deriving goes on meanwhile.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value. In this case nothing is
    /// written.
    pub async fn index(&self, records: &[Unindexed], most: usize) -> Result<Progress, StoreError> {
        if records.is_empty() {
            return Ok(Progress::default());
        }
        let mut tx = self.begin().await?;
        let locked = lock(&mut tx, records).await?;
        // On SQLite, nobody else can be writing.
        let left_out = self.kind == DatabaseKind::Postgres && locked.len() < records.len();
        if locked.is_empty() {
            return Ok(Progress { entries: 0, left_out });
        }
        // Each record has its turn, however few the entries are.
        let most = most.max(locked.len());
        let share = i64::try_from((most / locked.len()).max(1)).unwrap_or(1);
        let ranges: Vec<Range<'_>> = locked
            .iter()
            .take(most)
            .map(|it| Range {
                id: &it.id,
                after: it.indexed_seq,
                upto: it.last_seq.min(it.indexed_seq.saturating_add(share)),
            })
            .collect();
        let shops: HashMap<&str, &str> =
            locked.iter().map(|it| (it.id.as_str(), it.shop.as_str())).collect();
        let mut batch = Batch::default();
        read(&mut tx, &ranges, &shops, &mut batch).await?;
        let ends = batch.ends(&ranges);
        let mut rows = batch.rows;
        for ((transaction_id, poll), votes) in &batch.votes {
            let shop = shops.get(transaction_id.as_str()).copied().unwrap_or_default();
            let end = ends.get(transaction_id.as_str()).copied().unwrap_or_default();
            let found = polls::votes_for_index(&mut tx, transaction_id, shop, poll).await?;
            // Votes after the end of this batch have their turn with a later one.
            let due = found.into_iter().filter(|(event_id, row)| match votes {
                Votes::All => row.seq <= end,
                Votes::These(these) => these.contains(event_id),
            });
            rows.extend(due.map(|(_, row)| row));
        }
        replace(&mut tx, &rows).await?;
        set_indexed(&mut tx, &ends).await?;
        tx.commit().await?;
        Ok(Progress { entries: batch.entries, left_out })
    }

    /// Returns up to when a search in the records of a shop looks, in milliseconds since 1970: what
    /// was in the records at this time is in the index. If everything is in the index, this is the
    /// present time.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn searched_until(&self, shop: &str) -> Result<i64, StoreError> {
        let asked_at = now();
        let first: Option<i64> =
            sqlx::query_scalar(SELECT_FIRST_UNINDEXED).bind(shop).fetch_one(&self.pool).await?;
        Ok(first.unwrap_or(asked_at).min(asked_at))
    }
}

/// The entries that are indexed in one tx.
#[derive(Default)]
struct Batch {
    rows: Vec<NewRow>,
    /// By the ids of the transaction and of the event that started the poll.
    votes: BTreeMap<(String, String), Votes>,
    /// The last entry of each transaction in this batch.
    last: HashMap<String, i64>,
    entries: usize,
    /// Whether the words became so many that further entries are left for a later batch.
    is_cut: bool,
}

impl Batch {
    /// Adds an entry.
    fn add(&mut self, entry: EntryRow, shop: &str) -> Result<usize, StoreError> {
        self.entries += 1;
        self.last.insert(entry.transaction_id.clone(), entry.seq);
        let kind = Kind::from_text(&entry.kind);
        match polls_of(kind, &entry.event_type, &entry.event_id, entry.target.as_deref()) {
            Some((poll, true)) => {
                let key = (entry.transaction_id.clone(), poll.to_owned());
                self.votes.insert(key, Votes::All);
            }
            Some((poll, false)) => {
                let key = (entry.transaction_id.clone(), poll.to_owned());
                let votes = self.votes.entry(key).or_insert(Votes::These(HashSet::new()));
                if let Votes::These(these) = votes {
                    these.insert(entry.event_id.clone());
                }
            }
            None => {}
        }
        if kind == Kind::PollResponse {
            return Ok(0);
        }
        let attachments: Vec<Attachment> = from_json("attachments", &entry.attachments)?;
        let words = all_words(
            entry.text.as_deref(),
            entry.html.as_deref(),
            &attachments,
            entry.remark.as_deref(),
        );
        let place = (entry.transaction_id.as_str(), entry.seq);
        let row = NewRow::new(place, (shop, &entry.party), entry.sort_at, kind, &words);
        let length = row.len();
        self.rows.push(row);
        Ok(length)
    }

    /// Returns up to which entry each transaction is indexed after this batch.
    fn ends<'a>(&self, ranges: &[Range<'a>]) -> BTreeMap<&'a str, i64> {
        let end = |range: &Range<'a>| {
            let last = if self.is_cut { *self.last.get(range.id)? } else { range.upto };
            Some((range.id, last))
        };
        ranges.iter().filter_map(end).collect()
    }
}

/// Locks those of the records that have entries to index and that nobody else is writing.
async fn lock(tx: &mut Tx, records: &[Unindexed]) -> Result<Vec<Locked>, StoreError> {
    // The rows are locked in the order of their ids.
    let mut ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
    ids.sort_unstable();
    LOCK_UNINDEXED.select(tx, &ids).await
}

/// Reads the entries in these ranges, and takes them until their words are enough for one tx.
async fn read(
    tx: &mut Tx,
    ranges: &[Range<'_>],
    shops: &HashMap<&str, &str>,
    batch: &mut Batch,
) -> Result<(), StoreError> {
    let ranges: Vec<_> = ranges.iter().map(|it| (it.id, it.after, it.upto)).collect();
    let mut entries: Vec<EntryRow> = SELECT_ENTRIES.select(tx, &ranges).await?;
    entries.sort_by(|a, b| (&a.transaction_id, a.seq).cmp(&(&b.transaction_id, b.seq)));
    let mut length = 0;
    for entry in entries {
        if length >= WORDS_PER_TX {
            batch.is_cut = true;
            return Ok(());
        }
        let shop = shops.get(entry.transaction_id.as_str()).copied().unwrap_or_default();
        length += batch.add(entry, shop)?;
    }
    Ok(())
}

/// Notes up to which entry each of these transactions is indexed.
async fn set_indexed(tx: &mut Tx, ends: &BTreeMap<&str, i64>) -> Result<(), StoreError> {
    let ends: Vec<_> = ends.iter().map(|(id, seq)| (*id, *seq)).collect();
    SET_INDEXED.change(tx, &ends).await
}

/// Returns the poll whose votes get other words by an entry, and whether all of them do. If not all
/// of them, the entry is the one vote.
///
/// The words of a vote stand in its poll. The poll may come before or after the vote, so each of
/// them has the votes indexed.
fn polls_of<'a>(
    kind: Kind,
    event_type: &str,
    event_id: &'a str,
    target: Option<&'a str>,
) -> Option<(&'a str, bool)> {
    match kind {
        Kind::PollStart => Some((event_id, true)),
        // An edit has the type of what it edits, and no message is a poll.
        Kind::Edit if event_type != "m.room.message" => Some((target?, true)),
        Kind::PollResponse => Some((target?, false)),
        _ => None,
    }
}

/// Writes the words of an entry that was derived again.
pub(super) async fn index_again(
    tx: &mut Tx,
    fixed: &Fixed,
    derived: &DerivedPart<'_>,
) -> Result<(), StoreError> {
    let transaction_id = &fixed.transaction;
    if derived.kind != Kind::PollResponse {
        let shop = shop(tx, transaction_id).await?;
        let words = all_words(derived.text, derived.html, derived.attachments, derived.remark);
        let place = (transaction_id.as_str(), fixed.seq);
        let whose = (shop.as_str(), fixed.party.as_str());
        let row = NewRow::new(place, whose, sort_at(fixed), derived.kind, &words);
        replace(tx, &[row]).await?;
    }
    let polls = polls_of(derived.kind, &fixed.event_type, &fixed.event_id, derived.target());
    match polls {
        Some((poll, true)) => index_votes_again(tx, transaction_id, poll, None).await,
        Some((poll, false)) => {
            index_votes_again(tx, transaction_id, poll, Some(&fixed.event_id)).await
        }
        None => Ok(()),
    }
}

/// Writes the words of the votes in a poll after the poll was changed or erased. If `only` is the
/// id of a vote, only that vote is written.
pub(super) async fn index_votes_again(
    tx: &mut Tx,
    transaction_id: &str,
    poll: &str,
    only: Option<&str>,
) -> Result<(), StoreError> {
    let shop = shop(tx, transaction_id).await?;
    let votes = polls::votes_for_index(tx, transaction_id, &shop, poll).await?;
    let wanted = votes.into_iter().filter(|(event_id, _)| only.is_none_or(|it| it == event_id));
    let rows: Vec<NewRow> = wanted.map(|(_, row)| row).collect();
    replace(tx, &rows).await
}

async fn shop(tx: &mut Tx, transaction_id: &str) -> Result<String, StoreError> {
    sqlx::query_scalar(SELECT_SHOP).bind(transaction_id).fetch_one(&mut **tx).await
}

#[cfg(test)]
mod tests {
    use sqlx::migrate::Migrator;
    use sqlx::{AnyConnection, Connection};

    use super::*;
    use crate::store::MIGRATIONS;
    use crate::store::tests::opened;

    #[tokio::test]
    async fn what_an_older_version_recorded_counts_as_indexed() {
        let folder = tempfile::tempdir().unwrap();
        sqlx::any::install_default_drivers();
        let url = format!("sqlite:{}/tallyroom.db?mode=rwc", folder.path().display());
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        let before = MIGRATIONS.iter().filter(|it| it.version < 13).cloned().collect();
        Migrator::with_migrations(before).run(&mut connection).await.unwrap();
        let insert = "INSERT INTO transactions \
             (id, shop, external_id, revision, last_seq, created_at, updated_at) \
             VALUES ('T', 's', 'e', 1, 7, 1, 1)";
        sqlx::query(insert).execute(&mut connection).await.unwrap();
        let store = opened(folder.path()).await;
        assert_eq!(store.unindexed(&Unindexed::default(), 1).await.unwrap(), []);
        // What it records from now on does not.
        let record = "UPDATE transactions SET last_seq = 8";
        sqlx::query(record).execute(&mut connection).await.unwrap();
        assert_eq!(store.unindexed(&Unindexed::default(), 1).await.unwrap().len(), 1);
    }
}
