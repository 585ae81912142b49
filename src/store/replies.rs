//! How long the parties usually take to reply: the median of the delays in the last lines. The delay of a reply counts from
//! the first line of the other party that it answers.

use super::chat::{NEWEST_FIRST, where_line};
use super::search_rows::IDS_PER_MILLISECOND;

/// The greatest number of lines from which a usual delay is computed.
const LAST_LINES: usize = 200;
/// The least number of replies that say what is usual.
const LEAST_REPLIES: i64 = 3;

/// Selects the usual delay of a buyer in this transaction, as (number of replies, delay in milliseconds).
pub(super) fn from_buyer() -> String {
    let line = where_line();
    let last = format!(
        "SELECT e.transaction_id, e.party, e.sort_at AS said_at FROM entries e {line} \
         {NEWEST_FIRST} LIMIT {LAST_LINES}"
    );
    from(&last, "buyer")
}

/// Selects the usual delay of a seller in all transactions of their shop. The rows of the search have what was said in
/// them, and the index `search_rows_said` its last lines, so no others are looked at. Edits and votes have rows there, too, and
/// count as lines: to tell them apart, each entry would have to be read.
pub(super) fn from_seller() -> String {
    let last = format!(
        "SELECT s.transaction_id, s.party, s.id / {IDS_PER_MILLISECOND} AS said_at FROM search_rows s \
         WHERE s.shop = (SELECT shop FROM transactions WHERE id = $1) \
         AND s.party IN ('buyer', 'seller') ORDER BY s.id / {IDS_PER_MILLISECOND} DESC LIMIT {LAST_LINES}"
    );
    from(&last, "seller")
}

/// Returns the FROM that selects the usual delay of a party in some lines.
fn from(last_lines: &str, party: &str) -> String {
    let of_each = "PARTITION BY transaction_id ORDER BY said_at";
    format!(
        "(WITH said AS ({last_lines}), \
         ordered AS (SELECT transaction_id, party, said_at, LAG(party) OVER ({of_each}) AS earlier \
           FROM said WHERE party IN ('buyer', 'seller')), \
         turns AS (SELECT transaction_id, party, said_at, LAG(said_at) OVER ({of_each}) AS since \
           FROM ordered WHERE earlier IS NULL OR earlier <> party), \
         delays AS (SELECT said_at - since AS delay FROM turns \
           WHERE party = '{party}' AND since IS NOT NULL) \
         SELECT (SELECT COUNT(*) FROM delays) AS replies, delay FROM delays \
         ORDER BY delay LIMIT 1 OFFSET (SELECT COUNT(*) / 2 FROM delays)) usual"
    )
}

/// Returns the usual delay in milliseconds, if there are enough replies.
pub(super) fn usual(replies: i64, delay: i64) -> Option<i64> {
    (replies >= LEAST_REPLIES).then_some(delay)
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::store::Store;
    use crate::store::tests::opened;

    /// Says something in a conversation of the shop `acme`, as (transaction, party, milliseconds).
    async fn said(store: &Store, lines: &[(&str, &str, i64)]) {
        let mut tx = store.begin().await.unwrap();
        for (place, (transaction, party, at)) in lines.iter().enumerate() {
            let said = "INSERT INTO search_rows (id, transaction_id, seq, shop, party, scope, words) \
                 VALUES ($1, $2, $3, 'acme', $4, '', 'x')";
            let id = (at + 1_000_000) * IDS_PER_MILLISECOND + i64::try_from(place).unwrap();
            let query = sqlx::query(said).bind(id).bind(*transaction).bind(id).bind(*party);
            query.execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// The usual delay of the seller.
    async fn of_seller(store: &Store) -> Option<i64> {
        let last = "SELECT transaction_id, party, id / 4096 AS said_at FROM search_rows";
        let select = format!("SELECT replies, delay FROM {}", from(last, "seller"));
        let found: Option<(i64, i64)> =
            sqlx::query_as(AssertSqlSafe(select)).fetch_optional(&store.pool).await.unwrap();
        found.and_then(|(replies, delay)| usual(replies, delay))
    }

    #[tokio::test]
    async fn a_delay_begins_with_the_first_line_that_is_not_answered() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        assert_eq!(of_seller(&store).await, None);
        let lines = [
            ("a", "seller", 0),
            ("a", "buyer", 10),
            ("b", "buyer", 15),
            ("a", "buyer", 20),
            ("a", "bot", 30),
            ("a", "seller", 110),
            ("a", "seller", 200),
            ("b", "seller", 25),
        ];
        said(&store, &lines).await;
        assert_eq!(of_seller(&store).await, None, "two replies are too few");
        said(&store, &[("c", "buyer", 300), ("c", "seller", 800), ("a", "buyer", 900)]).await;
        assert_eq!(of_seller(&store).await, Some(100), "of 10, 100 and 500");
    }

    #[tokio::test]
    async fn only_the_last_lines_of_the_shop_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let explain = format!("EXPLAIN QUERY PLAN SELECT replies FROM {}", from_seller());
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(AssertSqlSafe(explain))
            .bind("transaction")
            .fetch_all(&store.pool)
            .await
            .unwrap();
        let plan = plan.into_iter().map(|it| it.3).collect::<Vec<_>>().join("\n");
        assert!(plan.contains("SEARCH s USING INDEX search_rows_said (shop=?)"), "{plan}");
        assert!(!plan.contains("SCAN s "), "{plan}");
    }
}
