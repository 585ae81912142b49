//! The rows of the full-text index, one for each entry that has words.

use std::collections::{BTreeMap, HashSet};

use super::many_rows::{ManyRows, in_padded_pieces};
use super::packed_rows::{PackedRows, packed_rows};
use super::{StoreError, Tx};
use crate::config::DatabaseKind;
use crate::record::Kind;
use crate::search::searchable;

/// A row with the id 0 is padding.
static INSERT_ROWS: ManyRows = ManyRows::new(
    "INSERT INTO search_rows (id, transaction_id, seq, shop, party, scope, words) \
     SELECT v.column1, v.column2, v.column3, v.column4, v.column5, v.column6, v.column7 \
     FROM (VALUES ",
    7,
    ") AS v WHERE v.column1 <> 0 ON CONFLICT (id) DO NOTHING",
);
static SELECT_IDS: PackedRows = packed_rows!(
    ["s.id"],
    2,
    search_rows as s,
    "s.transaction_id = v.column1 AND s.seq = v.column2",
);
static DELETE_ROWS: ManyRows = ManyRows::new(
    "DELETE FROM search_rows WHERE id IN (SELECT s.id FROM (VALUES ",
    2,
    ") AS v CROSS JOIN search_rows s WHERE s.transaction_id = v.column1 AND s.seq = v.column2)",
);

/// The number of ids for entries with the same millisecond in the reading order.
pub(super) const IDS_PER_MILLISECOND: i64 = 1 << 12;
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
/// The rows are written in the order of their ids, and as many as possible by one statement.
/// Otherwise FTS5 would write a piece of its index for each row: it does so before each statement of
/// a tx, and at each row whose id is smaller than the one before.
pub(super) async fn replace(tx: &mut Tx, rows: &[NewRow]) -> Result<(), StoreError> {
    let keys: Vec<_> = rows.iter().map(|row| (row.transaction_id.as_str(), row.seq)).collect();
    DELETE_ROWS.change(tx, &keys).await?;
    let mut left: Vec<&NewRow> = rows.iter().filter(|row| !row.words.is_empty()).collect();
    for attempt in 0.. {
        if left.is_empty() {
            break;
        }
        let by_id = with_ids(&left, attempt);
        if insert(tx, &by_id).await? == by_id.len() as u64 {
            break;
        }
        // Some ids were used. The entries had no rows before.
        let keys: Vec<_> = left.iter().map(|row| (row.transaction_id.as_str(), row.seq)).collect();
        let ids: Vec<(i64,)> = SELECT_IDS.select(tx, &keys).await?;
        let ids: HashSet<i64> = ids.into_iter().map(|(id,)| id).collect();
        left = by_id.into_iter().filter(|(id, _)| !ids.contains(id)).map(|it| it.1).collect();
    }
    Ok(())
}

/// Inserts the rows whose ids are free. Returns how many they are.
async fn insert(tx: &mut Tx, by_id: &BTreeMap<i64, &NewRow>) -> Result<u64, StoreError> {
    let with_scope = tx.kind() == DatabaseKind::Sqlite;
    let rows: Vec<_> = by_id.iter().map(|(id, row)| Some((*id, *row))).collect();
    let mut inserted = 0;
    for piece in in_padded_pieces(&rows, None) {
        let mut query = sqlx::query(INSERT_ROWS.in_tx(tx, piece.len()));
        for row in piece {
            query = match row {
                Some((id, row)) => query
                    .bind(id)
                    .bind(&row.transaction_id)
                    .bind(row.seq)
                    .bind(&row.shop)
                    .bind(&row.party)
                    .bind(if with_scope { row.scopes() } else { String::new() })
                    .bind(&row.words),
                None => query.bind(0_i64).bind("").bind(0_i64).bind("").bind("").bind("").bind(""),
            };
        }
        inserted += query.execute(&mut **tx).await?.rows_affected();
    }
    Ok(inserted)
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

/// Removes entries (transaction and number) from the index.
pub(super) async fn remove(tx: &mut Tx, entries: &[(&str, i64)]) -> Result<(), StoreError> {
    DELETE_ROWS.change(tx, entries).await
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
