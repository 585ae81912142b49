//! The full-text index. It is written together with the entries, and queried in the query language
//! of the database (SQLite FTS5 or PostgreSQL `tsquery`).

use sqlx::{Executor, FromRow};
use ulid::Ulid;

use super::entry_row::Row as EntryRow;
use super::stored_values::filter;
use super::{Store, StoreError, Tx};
use crate::config::DatabaseKind;
use crate::record::{Entry, Kind};
use crate::search::{Query, searchable};

const SQLITE_SCHEMA: &str = include_str!("../../migrations/search/sqlite.sql");
const POSTGRES_SCHEMA: &str = include_str!("../../migrations/search/postgres.sql");

const INSERT_SEARCH_ROW: &str = "INSERT INTO search_rows \
     (id, transaction_id, seq, shop, party, scope, words) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (id) DO NOTHING";
const DELETE_SEARCH_ROW: &str = "DELETE FROM search_rows WHERE transaction_id = $1 AND seq = $2";
const SELECT_SHOP: &str = "SELECT shop FROM transactions WHERE id = $1";
const SELECT_NEWEST_ID: &str = "SELECT COALESCE(MAX(id), 0) FROM search_rows";

/// The number of ids for entries with the same millisecond in the reading order.
const IDS_PER_MILLISECOND: i64 = 1 << 12;
/// The number of attempts to find a free id before an id of the next millisecond is tried.
const ATTEMPTS_PER_MILLISECOND: i64 = 8;
/// The greatest number of matches that are ranked: the newest ones. If there are more, the person
/// should refine the query.
const MAX_RANKED_MATCHES: i64 = 1_000;

/// A smaller value of `bm25` is a better match. Only the column of the words has a weight, the
/// column of the scope has none.
const SEARCH_SQLITE: &str = "SELECT m.transaction_id, m.seq, COUNT(*) OVER () AS ranked FROM ( \
       SELECT r.transaction_id, r.seq, r.id, bm25(search, 0.0, 1.0) AS place \
       FROM search CROSS JOIN search_rows r ON r.id = search.rowid \
       WHERE search MATCH $1 AND search.rowid <= $2 AND r.shop = $3 \
       AND ($4 = '' OR r.party = $4) AND ($5 = '' OR r.transaction_id = $5) \
       AND search.rowid >= $6 AND search.rowid < $7 \
       ORDER BY search.rowid DESC LIMIT $8) m \
     ORDER BY m.place, m.id DESC LIMIT $9 OFFSET $10";
const SEARCH_POSTGRES: &str = "SELECT m.transaction_id, m.seq, COUNT(*) OVER () AS ranked FROM ( \
       SELECT r.transaction_id, r.seq, r.id, r.vector FROM search_rows r \
       WHERE r.vector @@ $1::tsquery AND r.id <= $2 AND r.shop = $3 \
       AND ($4 = '' OR r.party = $4) AND ($5 = '' OR r.transaction_id = $5) \
       AND r.id >= $6 AND r.id < $7 \
       ORDER BY r.id DESC LIMIT $8) m \
     ORDER BY ts_rank_cd(m.vector, $1::tsquery, 1) DESC, m.id DESC LIMIT $9 OFFSET $10";

/// A search request.
#[derive(Clone, Debug)]
pub struct SearchRequest<'a> {
    /// The shop whose records are searched.
    pub shop: &'a str,
    /// The query.
    pub query: &'a Query,
    /// If set, only entries of this party are searched.
    pub party: Option<&'a str>,
    /// If set, only this record is searched.
    pub transaction: Option<Ulid>,
    /// The first time of the period, in milliseconds since 1970.
    pub from: i64,
    /// The end of the period (excluded), in milliseconds since 1970.
    pub until: i64,
    /// The value of [`SearchPage::as_of`] of the first page, so that later entries do not shift the
    /// pages.
    pub as_of: Option<i64>,
    /// The number of matches on earlier pages, which are left out.
    pub offset: i64,
    /// The greatest number of matches on this page.
    pub limit: i64,
}

/// One page of matches, best first.
#[derive(Clone, Debug)]
pub struct SearchPage {
    /// The matching entries.
    pub entries: Vec<Entry>,
    /// The value of [`SearchRequest::as_of`] for the next page.
    pub as_of: i64,
    /// The number of ranked matches on all pages.
    pub ranked: i64,
    /// Whether there may be older matches that were not ranked.
    pub more_unranked: bool,
}

#[derive(FromRow)]
struct Match {
    transaction_id: String,
    seq: i64,
    ranked: i64,
}

impl Store {
    /// Returns the entries that match a query, best first.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn search(&self, request: &SearchRequest<'_>) -> Result<SearchPage, StoreError> {
        let as_of = match request.as_of {
            Some(as_of) => as_of,
            None => sqlx::query_scalar(SELECT_NEWEST_ID).fetch_one(&self.pool).await?,
        };
        let transaction = filter(request.transaction);
        let (sql, words) = match self.kind {
            DatabaseKind::Sqlite => {
                let scope = scope(request.shop, request.party, &transaction);
                (
                    SEARCH_SQLITE,
                    format!("(scope : \"{scope}\") AND words : ({})", request.query.for_fts5()),
                )
            }
            DatabaseKind::Postgres => (SEARCH_POSTGRES, request.query.for_tsquery()),
        };
        let matches: Vec<Match> = sqlx::query_as(sql)
            // The query is planned each time, because rare and frequent words need different plans.
            .persistent(false)
            .bind(words)
            .bind(as_of)
            .bind(request.shop)
            .bind(filter(request.party))
            .bind(&transaction)
            .bind(first_id(request.from))
            .bind(first_id(request.until))
            .bind(MAX_RANKED_MATCHES)
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
        Ok(SearchPage { entries, as_of, ranked, more_unranked: ranked == MAX_RANKED_MATCHES })
    }

    /// Brings the schema of the index up to date.
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

/// What the index holds about one entry.
pub(super) struct Indexed<'a> {
    pub(super) transaction_id: &'a str,
    pub(super) seq: i64,
    pub(super) party: &'a str,
    pub(super) sort_at: i64,
    pub(super) kind: Kind,
    /// All texts that a person may have read in the entry.
    pub(super) words: &'a str,
}

/// Writes an entry into the index. Earlier words of the same entry are replaced.
pub(super) async fn index(tx: &mut Tx, entry: Indexed<'_>) -> Result<(), StoreError> {
    remove(tx, entry.transaction_id, entry.seq).await?;
    let words = searchable(entry.words);
    if !entry.kind.is_searchable() || words.is_empty() {
        return Ok(());
    }
    let shop: String =
        sqlx::query_scalar(SELECT_SHOP).bind(entry.transaction_id).fetch_one(&mut **tx).await?;
    let all = [
        scope(&shop, None, ""),
        scope(&shop, Some(entry.party), ""),
        scope(&shop, None, entry.transaction_id),
        scope(&shop, Some(entry.party), entry.transaction_id),
    ];
    let all = all.join(" ");
    for tries in 0.. {
        // Both databases search in the order of ids. Because the ids follow the time, a search can
        // stop early. If the ids of a millisecond are used up, an id of a later millisecond is
        // used.
        let at = entry.sort_at.saturating_add(tries / ATTEMPTS_PER_MILLISECOND);
        let id = first_id(at) | rand::random_range(0..IDS_PER_MILLISECOND);
        let inserted = sqlx::query(INSERT_SEARCH_ROW)
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

/// Returns the smallest id for a place in the reading order, in milliseconds since 1970.
fn first_id(sort_at: i64) -> i64 {
    sort_at.clamp(0, i64::MAX / IDS_PER_MILLISECOND) * IDS_PER_MILLISECOND
}

/// Removes an entry from the index.
pub(super) async fn remove(tx: &mut Tx, transaction_id: &str, seq: i64) -> Result<(), StoreError> {
    sqlx::query(DELETE_SEARCH_ROW).bind(transaction_id).bind(seq).execute(&mut **tx).await.map(drop)
}

/// Returns the word that stands for one scope of a search. It has only letters and digits.
fn scope(shop: &str, party: Option<&str>, transaction_id: &str) -> String {
    let shop: String = shop.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("s{shop}p{}t{}", party.unwrap_or_default(), transaction_id.to_lowercase())
}
