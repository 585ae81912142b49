//! The full text index: written with the entries, asked in the language of each engine.

use sqlx::{Executor, FromRow};
use ulid::Ulid;

use super::entry_row::Row as EntryRow;
use super::{Store, StoreError, Tx};
use crate::config::DatabaseKind;
use crate::record::{Entry, Kind};
use crate::search::{Query, searchable};

const SQLITE_SCHEMA: &str = include_str!("../../migrations/search/sqlite.sql");
const POSTGRES_SCHEMA: &str = include_str!("../../migrations/search/postgres.sql");

const INSERT: &str = "INSERT INTO search_rows \
     (id, transaction_id, seq, shop, party, scope, words) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (id) DO NOTHING";
const DELETE: &str = "DELETE FROM search_rows WHERE transaction_id = $1 AND seq = $2";
const SHOP: &str = "SELECT shop FROM transactions WHERE id = $1";
const NEWEST: &str = "SELECT COALESCE(MAX(id), 0) FROM search_rows";

/// Ids for what is read in the same millisecond.
const IDS_PER_MILLISECOND: i64 = 1 << 12;
/// Tries before the next millisecond.
const TRIES: i64 = 8;
/// How many of the newest matches are ranked. A search is for what somebody still remembers: who
/// finds more than these narrows it down.
const RANKED: i64 = 1_000;

/// bm25 is the better the smaller it is. Words weigh, the scope does not.
const SQLITE: &str = "SELECT m.transaction_id, m.seq, COUNT(*) OVER () AS ranked FROM ( \
       SELECT r.transaction_id, r.seq, r.id, bm25(search, 0.0, 1.0) AS place \
       FROM search CROSS JOIN search_rows r ON r.id = search.rowid \
       WHERE search MATCH $1 AND search.rowid <= $2 AND r.shop = $3 \
       AND ($4 = '' OR r.party = $4) AND ($5 = '' OR r.transaction_id = $5) \
       AND search.rowid >= $6 AND search.rowid < $7 \
       ORDER BY search.rowid DESC LIMIT $8) m \
     ORDER BY m.place, m.id DESC LIMIT $9 OFFSET $10";
const POSTGRES: &str = "SELECT m.transaction_id, m.seq, COUNT(*) OVER () AS ranked FROM ( \
       SELECT r.transaction_id, r.seq, r.id, r.vector FROM search_rows r \
       WHERE r.vector @@ $1::tsquery AND r.id <= $2 AND r.shop = $3 \
       AND ($4 = '' OR r.party = $4) AND ($5 = '' OR r.transaction_id = $5) \
       AND r.id >= $6 AND r.id < $7 \
       ORDER BY r.id DESC LIMIT $8) m \
     ORDER BY ts_rank_cd(m.vector, $1::tsquery, 1) DESC, m.id DESC LIMIT $9 OFFSET $10";

/// What is looked for, and where.
#[derive(Clone, Debug)]
pub struct SearchRequest<'a> {
    /// Whose records.
    pub shop: &'a str,
    /// The words.
    pub query: &'a Query,
    /// Only what this party said.
    pub party: Option<&'a str>,
    /// Only in this record.
    pub transaction: Option<Ulid>,
    /// Not before, milliseconds since 1970.
    pub from: i64,
    /// Before, milliseconds since 1970.
    pub until: i64,
    /// As it was then: of an earlier page.
    pub as_of: Option<i64>,
    /// Matches to leave out: those of earlier pages.
    pub offset: i64,
    /// Most matches wanted.
    pub limit: i64,
}

/// Some matches, best first.
#[derive(Clone, Debug)]
pub struct SearchPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// To ask for the next page of the same.
    pub as_of: i64,
    /// How many matches were ranked, over all pages.
    pub ranked: i64,
    /// Whether there may be older matches that were not looked at.
    pub more_unranked: bool,
}

#[derive(FromRow)]
struct Match {
    transaction_id: String,
    seq: i64,
    ranked: i64,
}

impl Store {
    /// Entries with these words, best first.
    ///
    /// # Errors
    /// When the database does not answer or holds something unreadable.
    pub async fn search(&self, request: &SearchRequest<'_>) -> Result<SearchPage, StoreError> {
        let as_of = match request.as_of {
            Some(as_of) => as_of,
            None => sqlx::query_scalar(NEWEST).fetch_one(&self.pool).await?,
        };
        let transaction = request.transaction.map(|id| id.to_string()).unwrap_or_default();
        let (sql, words) = match self.kind {
            DatabaseKind::Sqlite => {
                let scope = scope(request.shop, request.party, &transaction);
                (
                    SQLITE,
                    format!("(scope : \"{scope}\") AND words : ({})", request.query.for_fts5()),
                )
            }
            DatabaseKind::Postgres => (POSTGRES, request.query.for_tsquery()),
        };
        let matches: Vec<Match> = sqlx::query_as(sql)
            // Planned anew each time: rare and frequent words need other plans.
            .persistent(false)
            .bind(words)
            .bind(as_of)
            .bind(request.shop)
            .bind(request.party.unwrap_or_default())
            .bind(&transaction)
            .bind(first_id(request.from))
            .bind(first_id(request.until))
            .bind(RANKED)
            .bind(request.limit)
            .bind(request.offset)
            .fetch_all(&self.pool)
            .await?;
        let ranked = matches.first().map_or(0, |first| first.ranked);
        let mut entries = Vec::with_capacity(matches.len());
        for found in matches {
            let row: Option<EntryRow> = self.entry_row(&found.transaction_id, found.seq).await?;
            entries.extend(row.map(Entry::try_from).transpose()?);
        }
        Ok(SearchPage { entries, as_of, ranked, more_unranked: ranked == RANKED })
    }

    /// Brings the index's schema up to date.
    pub(super) async fn prepare_search(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let schema = match self.kind {
            DatabaseKind::Sqlite => SQLITE_SCHEMA,
            DatabaseKind::Postgres => POSTGRES_SCHEMA,
        };
        tx.execute(schema).await?;
        tx.commit().await
    }
}

/// What is written of one entry.
pub(super) struct Indexed<'a> {
    pub(super) transaction_id: &'a str,
    pub(super) seq: i64,
    pub(super) party: &'a str,
    pub(super) sort_at: i64,
    pub(super) kind: Kind,
    /// Everything that somebody may have read in it.
    pub(super) words: &'a str,
}

/// Puts what an entry says into the index, in place of what it said before.
pub(super) async fn index(tx: &mut Tx, entry: Indexed<'_>) -> Result<(), StoreError> {
    remove(tx, entry.transaction_id, entry.seq).await?;
    let words = searchable(entry.words);
    if !entry.kind.is_searchable() || words.is_empty() {
        return Ok(());
    }
    let shop: String =
        sqlx::query_scalar(SHOP).bind(entry.transaction_id).fetch_one(&mut **tx).await?;
    let all = [
        scope(&shop, None, ""),
        scope(&shop, Some(entry.party), ""),
        scope(&shop, None, entry.transaction_id),
        scope(&shop, Some(entry.party), entry.transaction_id),
    ];
    let all = all.join(" ");
    for tries in 0.. {
        // The engines go through ids in order: so they go through time, and stop where they may.
        // Where a millisecond is crowded, those after it take some in.
        let at = entry.sort_at.saturating_add(tries / TRIES);
        let id = first_id(at) | rand::random_range(0..IDS_PER_MILLISECOND);
        let inserted = sqlx::query(INSERT)
            .bind(id)
            .bind(entry.transaction_id)
            .bind(entry.seq)
            .bind(&shop)
            .bind(entry.party)
            .bind(&all)
            .bind(&words)
            .execute(&mut **tx)
            .await?
            .rows_affected();
        if inserted == 1 {
            break;
        }
    }
    Ok(())
}

/// The smallest id of what is read at this time, in milliseconds since 1970.
fn first_id(sort_at: i64) -> i64 {
    sort_at.clamp(0, i64::MAX / IDS_PER_MILLISECOND) * IDS_PER_MILLISECOND
}

/// Takes an entry out of the index.
pub(super) async fn remove(tx: &mut Tx, transaction_id: &str, seq: i64) -> Result<(), StoreError> {
    sqlx::query(DELETE).bind(transaction_id).bind(seq).execute(&mut **tx).await.map(drop)
}

/// One word for where somebody looks: letters and digits only.
fn scope(shop: &str, party: Option<&str>, transaction_id: &str) -> String {
    let shop: String = shop.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("s{shop}p{}t{}", party.unwrap_or_default(), transaction_id.to_lowercase())
}
