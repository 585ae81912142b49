//! Searches the full-text index, in the query language of the database (SQLite FTS5 or PostgreSQL
//! `tsquery`).

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, Executor, FromRow};
use ulid::Ulid;

use super::entry_row::{Row, select_entries};
use super::search_rows::{first_id, scope};
use super::stored_values::filter;
use super::{Store, StoreError};
use crate::config::DatabaseKind;
use crate::record::Entry;
use crate::search::Query;

const SQLITE_SCHEMA: &str = include_str!("../../migrations/search/sqlite.sql");
const POSTGRES_SCHEMA: &str = include_str!("../../migrations/search/postgres.sql");

const SELECT_NEWEST_ID: &str = "SELECT COALESCE(MAX(id), 0) FROM search_rows";

/// The greatest number of matches that are ranked: the newest ones. If there are more, the person
/// should refine the query.
const MAX_RANKED_MATCHES: i64 = 1_000;
/// The greatest number of characters of an entry that count for its rank on SQLite.
const MAX_RANKED_CHARS: i64 = 4_000;

/// A larger place is a better match: for each word or phrase of the query, n / (n + k), where n says how
/// often the entry has it. k grows with the length of the entry; it is that of BM25 with the values of FTS5
/// (k1 = 1.2, b = 0.75) for an average of 100 characters.
///
/// FTS5 has a rank of its own, `bm25`. For how rare a word is, it counts all entries with each word of the
/// query, also with the one that stands for the shop. So it would take the longer the more a shop has ever
/// said. Here, only the words of the newest matches are read, and of a long one only its beginning.
const SEARCH_SQLITE: &str = select_entries!(
    ", f.ranked",
    "JOIN (SELECT m.transaction_id, m.seq, m.id, COUNT(*) OVER () AS ranked, \
       (SELECT SUM(c.n / (c.n + 0.3 + 0.009 * length(m.start))) FROM ( \
         SELECT (length(m.start) - length(replace(m.start, t.value, ''))) * 1.0 / length(t.value) AS n \
         FROM json_each($11) t) c) AS place FROM ( \
       SELECT r.transaction_id, r.seq, r.id, ' ' || substr(r.words, 1, $12) || ' ' AS start \
       FROM search CROSS JOIN search_rows r ON r.id = search.rowid \
       WHERE search MATCH $1 AND search.rowid <= $2 AND r.shop = $3 \
       AND ($4 = '' OR r.party = $4) AND ($5 = '' OR r.transaction_id = $5) \
       AND search.rowid >= $6 AND search.rowid < $7 \
       ORDER BY search.rowid DESC LIMIT $8) m \
     ORDER BY place DESC, m.id DESC LIMIT $9 OFFSET $10) f \
     ON f.transaction_id = e.transaction_id AND f.seq = e.seq ORDER BY f.place DESC, f.id DESC"
);
const SEARCH_POSTGRES: &str = select_entries!(
    ", f.ranked",
    "JOIN (SELECT m.transaction_id, m.seq, m.id, COUNT(*) OVER () AS ranked, \
       ts_rank_cd(m.vector, $1::tsquery, 1) AS place FROM ( \
       SELECT r.transaction_id, r.seq, r.id, r.vector FROM search_rows r \
       WHERE r.vector @@ $1::tsquery AND r.id <= $2 AND r.shop = $3 \
       AND ($4 = '' OR r.party = $4) AND ($5 = '' OR r.transaction_id = $5) \
       AND r.id >= $6 AND r.id < $7 \
       ORDER BY r.id DESC LIMIT $8) m \
     ORDER BY place DESC, m.id DESC LIMIT $9 OFFSET $10) f \
     ON f.transaction_id = e.transaction_id AND f.seq = e.seq ORDER BY f.place DESC, f.id DESC"
);

/// The newest matches in one conversation that are not of the bot.
static SEARCH_CONVERSATION_SQLITE: LazyLock<String> = LazyLock::new(|| {
    entries_of(
        "SELECT r.transaction_id, r.seq, r.id FROM search CROSS JOIN search_rows r ON r.id = search.rowid \
         WHERE search MATCH $1 AND search.rowid < $2 AND r.shop = $3 AND r.transaction_id = $4 \
         AND r.party <> 'bot' ORDER BY search.rowid DESC LIMIT $5",
    )
});
static SEARCH_CONVERSATION_POSTGRES: LazyLock<String> = LazyLock::new(|| {
    entries_of(
        "SELECT r.transaction_id, r.seq, r.id FROM search_rows r \
         WHERE r.vector @@ $1::tsquery AND r.id < $2 AND r.shop = $3 AND r.transaction_id = $4 \
         AND r.party <> 'bot' ORDER BY r.id DESC LIMIT $5",
    )
});

/// Returns the statement for the entries of these rows of the index.
fn entries_of(rows: &str) -> String {
    let select = select_entries!(", f.id AS row_id", "");
    format!(
        "{select} JOIN ({rows}) f ON f.transaction_id = e.transaction_id AND f.seq = e.seq \
         ORDER BY f.id DESC"
    )
}

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
    #[sqlx(flatten)]
    row: Row,
    ranked: i64,
}

#[derive(FromRow)]
struct Said {
    #[sqlx(flatten)]
    row: Row,
    row_id: i64,
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
                (SEARCH_SQLITE, words_in_scope(&scope, request.query))
            }
            DatabaseKind::Postgres => (SEARCH_POSTGRES, request.query.for_tsquery()),
        };
        let matches = sqlx::query_as(sql)
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
            .bind(request.offset);
        let matches = match self.kind {
            DatabaseKind::Sqlite => {
                matches.bind(request.query.for_counting()).bind(MAX_RANKED_CHARS)
            }
            DatabaseKind::Postgres => matches,
        };
        let matches: Vec<Match> = matches.fetch_all(&self.pool).await?;
        let ranked = matches.first().map_or(0, |first| first.ranked);
        let entries = matches.into_iter().map(|found| Entry::try_from(found.row));
        let entries = entries.collect::<Result<_, _>>()?;
        Ok(SearchPage { entries, as_of, ranked, more_unranked: ranked == MAX_RANKED_MATCHES })
    }

    /// Returns the entries of one conversation that match a query and are not of the bot, newest first, each with its id in
    /// the index: at most `limit`, and only those with an id below `before`.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn search_conversation(
        &self,
        (shop, id): (&str, Ulid),
        query: &Query,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<(i64, Entry)>, StoreError> {
        let id = id.to_string();
        let (sql, words) = match self.kind {
            DatabaseKind::Sqlite => {
                (&SEARCH_CONVERSATION_SQLITE, words_in_scope(&scope(shop, None, &id), query))
            }
            DatabaseKind::Postgres => (&SEARCH_CONVERSATION_POSTGRES, query.for_tsquery()),
        };
        let said: Vec<Said> = sqlx::query_as(AssertSqlSafe(sql.as_str()))
            .persistent(false)
            .bind(words)
            .bind(before.unwrap_or(i64::MAX))
            .bind(shop)
            .bind(id)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        said.into_iter().map(|Said { row, row_id }| Ok((row_id, row.try_into()?))).collect()
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

/// Returns the query of FTS5 for words among the rows of one scope.
fn words_in_scope(scope: &str, query: &Query) -> String {
    format!("(scope : \"{scope}\") AND words : ({})", query.for_fts5())
}
