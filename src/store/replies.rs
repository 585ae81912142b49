//! How long the parties usually take to reply: the median of the delays in the last lines. The delay of a reply counts from
//! the first line of the other party that it answers. Edits and votes are no lines, and no replies.

use super::chat::{NEWEST_FIRST, quoted_kinds, where_line};
use super::search_rows::IDS_PER_MILLISECOND;
use crate::record::Role;

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

/// Selects the usual delay of a seller in all transactions of their shop.
pub(super) fn from_seller() -> String {
    from(&last_of_shop("(SELECT shop FROM transactions WHERE id = $1)"), "seller")
}

/// Selects the last lines of a shop. The rows of the search have what was said in it, and the index `search_rows_said` the last
/// of them, so no others are looked at. Edits and votes have rows there, too, so the entry of each is looked up. (`CROSS JOIN`
/// keeps SQLite from beginning with the entries.)
fn last_of_shop(shop: &str) -> String {
    let kinds = quoted_kinds(|role| role == Role::Line);
    format!(
        "SELECT last.transaction_id, last.party, last.said_at FROM ( \
           SELECT s.transaction_id, s.seq, s.party, s.id / {IDS_PER_MILLISECOND} AS said_at FROM search_rows s \
           WHERE s.shop = {shop} AND s.party IN ('buyer', 'seller') \
           ORDER BY s.id / {IDS_PER_MILLISECOND} DESC LIMIT {LAST_LINES}) last \
         CROSS JOIN entries e WHERE e.transaction_id = last.transaction_id AND e.seq = last.seq AND e.kind IN ({kinds})"
    )
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
    use std::path::Path;

    use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
    use sqlx::{AssertSqlSafe, ConnectOptions};

    use super::*;
    use crate::record::Kind;
    use crate::store::tests::opened;

    /// Conversations of the shop `acme` in a new database, and the usual delay of the seller in them.
    struct Shop(SqliteConnection);

    impl Shop {
        async fn open(folder: &Path) -> Self {
            drop(opened(folder).await);
            // The entries have no transactions here.
            let file = SqliteConnectOptions::new().filename(folder.join("tallyroom.db"));
            Self(file.foreign_keys(false).connect().await.unwrap())
        }

        /// Says something, as (transaction, party, milliseconds, kind).
        async fn said(&mut self, entries: &[(&str, &str, i64, Kind)]) {
            for (place, (transaction, party, at, kind)) in entries.iter().enumerate() {
                let id = (at + 1_000_000) * IDS_PER_MILLISECOND + i64::try_from(place).unwrap();
                let row = "INSERT INTO search_rows (id, transaction_id, seq, shop, party, scope, words) \
                     VALUES ($1, $2, $1, 'acme', $3, '', $4)";
                let entry = "INSERT INTO entries (transaction_id, seq, hash, content, room_id, position, event_id, event_type, \
                       kind, sender, party, sent_at, received_at, sort_at, source, attachments, derivation) \
                     VALUES ($2, $1, '', '', $2, $1, $1, '', $4, '', $3, 0, 0, 0, '', '', 0)";
                for insert in [row, entry] {
                    let insert = sqlx::query(insert).bind(id).bind(*transaction).bind(*party);
                    insert.bind(kind.as_str()).execute(&mut self.0).await.unwrap();
                }
            }
        }

        async fn seller_replies_in(&mut self) -> Option<i64> {
            let select =
                format!("SELECT replies, delay FROM {}", from(&last_of_shop("'acme'"), "seller"));
            let found: Option<(i64, i64)> =
                sqlx::query_as(AssertSqlSafe(select)).fetch_optional(&mut self.0).await.unwrap();
            found.and_then(|(replies, delay)| usual(replies, delay))
        }
    }

    #[tokio::test]
    async fn a_delay_begins_with_the_first_line_that_is_not_answered() {
        let folder = tempfile::tempdir().unwrap();
        let mut shop = Shop::open(folder.path()).await;
        assert_eq!(shop.seller_replies_in().await, None);
        let entries = [
            ("a", "seller", 0, Kind::Text),
            ("a", "buyer", 10, Kind::Text),
            ("b", "buyer", 15, Kind::Text),
            ("a", "buyer", 20, Kind::Image),
            ("a", "bot", 30, Kind::Notice),
            // The seller corrects an older line, and votes: nothing is answered by that.
            ("a", "seller", 40, Kind::Edit),
            ("a", "seller", 50, Kind::PollResponse),
            ("a", "seller", 110, Kind::Text),
            ("a", "seller", 200, Kind::Text),
            ("b", "seller", 25, Kind::Text),
            // The buyer only corrects a line: there is nothing to answer.
            ("b", "buyer", 210, Kind::Edit),
            ("b", "seller", 220, Kind::Text),
        ];
        shop.said(&entries).await;
        assert_eq!(shop.seller_replies_in().await, None, "two replies are too few");
        let entries = [
            ("c", "buyer", 300, Kind::Text),
            ("c", "seller", 800, Kind::File),
            ("a", "buyer", 900, Kind::Text),
        ];
        shop.said(&entries).await;
        assert_eq!(shop.seller_replies_in().await, Some(100), "of 10, 100 and 500");
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
        assert!(
            plan.contains(
                "SEARCH e USING INDEX sqlite_autoindex_entries_1 (transaction_id=? AND seq=?)"
            ),
            "{plan}"
        );
    }
}
