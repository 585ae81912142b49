//! The rows of the full-text index, one for each entry that has words.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::json_rows::{OverRows, is_postgres, json_rows, over_rows};
use super::{StoreError, Tx};
use crate::record::Kind;
use crate::search::searchable;

const INSERT_ROWS: OverRows = over_rows!(
    "INSERT INTO search_rows (id, transaction_id, seq, shop, party, scope, words) \
     SELECT CAST(n.value ->> 'id' AS BIGINT), n.value ->> 'transaction_id', \
     CAST(n.value ->> 'seq' AS BIGINT), n.value ->> 'shop', n.value ->> 'party', \
     n.value ->> 'scope', n.value ->> 'words' FROM ",
    " n WHERE true ON CONFLICT (id) DO NOTHING RETURNING id"
);
const DELETE_ROWS: OverRows = over_rows!(
    "DELETE FROM search_rows WHERE id IN (SELECT s.id FROM ",
    " n JOIN search_rows s ON s.transaction_id = n.value ->> 'transaction_id' \
     AND s.seq = CAST(n.value ->> 'seq' AS BIGINT))"
);
const DELETE_ROW: &str = "DELETE FROM search_rows WHERE transaction_id = $1 AND seq = $2";

/// The number of ids for entries with the same millisecond in the reading order.
const IDS_PER_MILLISECOND: i64 = 1 << 12;
/// The number of attempts to find a free id before an id of the next millisecond is tried.
const ATTEMPTS_PER_MILLISECOND: i64 = 8;

/// What the index is to hold about one entry.
#[derive(Clone, Debug)]
pub(super) struct NewRow {
    pub(super) transaction_id: String,
    pub(super) seq: i64,
    pub(super) shop: String,
    pub(super) party: String,
    pub(super) sort_at: i64,
    /// All texts that a person may have read in the entry, in the form that is compared. If empty,
    /// the entry gets no row.
    words: String,
}

/// A row as it is written.
#[derive(Serialize)]
struct Written<'a> {
    id: i64,
    transaction_id: &'a str,
    seq: i64,
    shop: &'a str,
    party: &'a str,
    scope: String,
    words: &'a str,
}

/// The key of an entry.
#[derive(Serialize)]
struct Key<'a> {
    transaction_id: &'a str,
    seq: i64,
}

impl NewRow {
    /// Returns the row for an entry that a person may read as `text`.
    pub(super) fn new(
        (transaction_id, seq): (&str, i64),
        (shop, party): (&str, &str),
        sort_at: i64,
        kind: Kind,
        text: &str,
    ) -> Self {
        Self {
            transaction_id: transaction_id.to_owned(),
            seq,
            shop: shop.to_owned(),
            party: party.to_owned(),
            sort_at,
            words: if kind.is_searchable() { searchable(text) } else { String::new() },
        }
    }

    /// Returns the length of the words, in bytes.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    fn written(&self, id: i64, with_scope: bool) -> Written<'_> {
        Written {
            id,
            transaction_id: &self.transaction_id,
            seq: self.seq,
            shop: &self.shop,
            party: &self.party,
            scope: if with_scope { self.scopes() } else { String::new() },
            words: &self.words,
        }
    }

    /// Returns all scopes of a search in which the entry is found.
    fn scopes(&self) -> String {
        let Self { shop, party, transaction_id, .. } = self;
        let all = [
            scope(shop, None, ""),
            scope(shop, Some(party), ""),
            scope(shop, None, transaction_id),
            scope(shop, Some(party), transaction_id),
        ];
        all.join(" ")
    }
}

/// Writes entries into the index. Earlier words of the same entries are replaced.
///
/// The rows are written by one statement and in the order of their ids. Otherwise FTS5 would write
/// a piece of its index for each row: it does so before each statement of a tx, and at each row
/// whose id is smaller than the one before.
pub(super) async fn replace(tx: &mut Tx, rows: &[NewRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let keys: Vec<Key<'_>> =
        rows.iter().map(|row| Key { transaction_id: &row.transaction_id, seq: row.seq }).collect();
    sqlx::query(DELETE_ROWS.sql(tx)).bind(json_rows(&keys)?).execute(&mut **tx).await?;
    let with_scope = !is_postgres(tx);
    let mut left: Vec<&NewRow> = rows.iter().filter(|row| !row.words.is_empty()).collect();
    for attempt in 0.. {
        if left.is_empty() {
            break;
        }
        let by_id = with_ids(&left, attempt);
        let written: Vec<_> = by_id.iter().map(|(id, row)| row.written(*id, with_scope)).collect();
        let inserted: Vec<i64> = sqlx::query_scalar(INSERT_ROWS.sql(tx))
            .bind(json_rows(&written)?)
            .fetch_all(&mut **tx)
            .await?;
        let inserted: HashSet<i64> = inserted.into_iter().collect();
        left = by_id.into_iter().filter(|(id, _)| !inserted.contains(id)).map(|it| it.1).collect();
    }
    Ok(())
}

/// Draws a different id for each row.
///
/// Both databases search in the order of ids. Because the ids follow the time, a search can stop
/// early. If the ids of a millisecond are used up, an id of a later millisecond is drawn: `attempt`
/// says how often ids for these rows turned out to be used.
fn with_ids<'a>(rows: &[&'a NewRow], attempt: i64) -> BTreeMap<i64, &'a NewRow> {
    let mut by_id = BTreeMap::new();
    for row in rows {
        for tries in attempt.. {
            let at = row.sort_at.saturating_add(tries / ATTEMPTS_PER_MILLISECOND);
            let id = first_id(at) | rand::random_range(0..IDS_PER_MILLISECOND);
            if let std::collections::btree_map::Entry::Vacant(free) = by_id.entry(id) {
                free.insert(*row);
                break;
            }
        }
    }
    by_id
}

/// Removes an entry from the index.
pub(super) async fn remove(tx: &mut Tx, transaction_id: &str, seq: i64) -> Result<(), StoreError> {
    sqlx::query(DELETE_ROW).bind(transaction_id).bind(seq).execute(&mut **tx).await.map(drop)
}

/// Returns the smallest id for a place in the reading order, in milliseconds since 1970.
pub(super) fn first_id(sort_at: i64) -> i64 {
    sort_at.clamp(0, i64::MAX / IDS_PER_MILLISECOND) * IDS_PER_MILLISECOND
}

/// Returns the word that stands for one scope of a search. It has only letters and digits.
pub(super) fn scope(shop: &str, party: Option<&str>, transaction_id: &str) -> String {
    let shop: String = shop.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("s{shop}p{}t{}", party.unwrap_or_default(), transaction_id.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_rows_of_one_millisecond_than_it_has_ids_get_ids_of_the_next_ones() {
        let row = NewRow::new(("T", 1), ("shop", "buyer"), 1_000, Kind::Text, "words");
        let count = usize::try_from(IDS_PER_MILLISECOND).unwrap() + 10;
        let by_id = with_ids(&vec![&row; count], 0);
        assert_eq!(by_id.len(), count);
        assert!(by_id.keys().all(|id| (first_id(1_000)..first_id(3_000)).contains(id)));
    }
}
