//! The audit log: who read, changed, exported, linked and erased what. Lines are only added, and deleted when they
//! are old.

use std::collections::BTreeMap;

use sqlx::FromRow;
use ulid::Ulid;

use super::many_rows::ManyRows;
use super::{Store, StoreError, Tx};
use crate::access::AuditLine;

/// Reserves the positions of new lines. The row is locked until the tx ends, so positions are gapless and appear
/// in their order. A tx locks it after everything else, so that there is no deadlock.
const TAKE_POSITIONS: &str = "INSERT INTO audit_ends (shop, position) VALUES ($1, $2) \
     ON CONFLICT (shop) DO UPDATE SET position = audit_ends.position + excluded.position \
     RETURNING position";
static INSERT_LINES: ManyRows = ManyRows::new(
    "INSERT INTO audit_log \
     (shop, position, at, way, actor, action, transaction_id, subject, address, request_id) VALUES ",
    10,
    "",
);
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT shop, position, at, way, actor, action, transaction_id, subject, address, ",
            "request_id FROM audit_log ",
            $rest
        )
    };
}
const SELECT_OF_SHOP: &str =
    select!("WHERE shop = $1 AND position > $2 ORDER BY position LIMIT $3");
const SELECT_OF_TRANSACTION: &str =
    select!("WHERE shop = $1 AND position > $2 AND transaction_id = $4 ORDER BY position LIMIT $3");
const SELECT_NEWEST: &str =
    select!("WHERE at >= $1 ORDER BY at DESC, shop DESC, position DESC LIMIT $2");
const SELECT_NEWEST_OF_TRANSACTION: &str = select!(
    "WHERE at >= $1 AND transaction_id = $3 ORDER BY at DESC, shop DESC, position DESC LIMIT $2"
);
pub(super) const DELETE_OLD: &str = "DELETE FROM audit_log WHERE (shop, position) IN \
     (SELECT shop, position FROM audit_log WHERE at < $1 ORDER BY at LIMIT $2)";

/// A line of the log.
#[derive(Clone, Debug, FromRow)]
pub struct AuditRow {
    /// The shop to which the transaction or the key belongs.
    pub shop: String,
    /// The number of the line within the shop, from 1. There are no gaps.
    pub position: i64,
    /// When it was done, in milliseconds since 1970.
    pub at: i64,
    /// `api` or `command`.
    pub way: String,
    /// The name of the key, or of the user of the system.
    pub actor: String,
    /// What was done. See [`Action`](crate::access::Action).
    pub action: String,
    /// The id of the transaction, if it was done to one.
    pub transaction_id: Option<String>,
    /// The id of a link, or the name of a key.
    pub subject: Option<String>,
    /// Where the call came from.
    pub address: Option<String>,
    /// The id of the call.
    pub request_id: Option<String>,
}

/// Adds lines to the log within the tx that does what they say. This must be the last thing that the tx locks.
pub(super) async fn add(tx: &mut Tx, lines: &[AuditLine]) -> Result<(), StoreError> {
    let mut of_shop: BTreeMap<&str, Vec<&AuditLine>> = BTreeMap::new();
    for line in lines {
        of_shop.entry(&line.shop).or_default().push(line);
    }
    // In the order of the shops, so that two txs never wait for each other.
    for (shop, lines) in of_shop {
        let texts: Vec<_> = lines
            .iter()
            .map(|it| (it.transaction.map(|it| it.to_string()), it.origin.address()))
            .collect();
        let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        let end: i64 =
            sqlx::query_scalar(TAKE_POSITIONS).bind(shop).bind(count).fetch_one(&mut **tx).await?;
        let numbered = lines.iter().zip(&texts).zip(end - count + 1..);
        let rows: Vec<_> = numbered
            .map(|((line, (transaction, address)), position)| {
                (
                    shop,
                    position,
                    line.at,
                    line.origin.way(),
                    line.origin.actor(),
                    line.action.as_str(),
                    transaction.as_deref(),
                    line.subject.as_deref(),
                    address.as_deref(),
                    line.origin.request_id(),
                )
            })
            .collect();
        INSERT_LINES.insert(tx, &rows).await?;
    }
    Ok(())
}

impl Store {
    /// Adds lines to the log, in one tx.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is added.
    pub async fn audited(&self, lines: &[AuditLine]) -> Result<(), StoreError> {
        let Some(first) = lines.first() else { return Ok(()) };
        // If there are several shops, the place of one is enough: only the task that writes the reads does so.
        let mut tx = self.begin_audited(&first.shop).await?;
        add(&mut tx, lines).await?;
        tx.commit().await
    }

    /// Returns at most `limit` lines of a shop after the position `after`, of all transactions or of one, oldest
    /// first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_log_of(
        &self,
        shop: &str,
        after: i64,
        transaction: Option<Ulid>,
        limit: i64,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let statement = if transaction.is_some() { SELECT_OF_TRANSACTION } else { SELECT_OF_SHOP };
        let mut query = sqlx::query_as(statement).bind(shop).bind(after).bind(limit);
        if let Some(transaction) = transaction {
            query = query.bind(transaction.to_string());
        }
        query.fetch_all(&self.pool).await
    }

    /// Returns the newest `limit` lines of all shops since a time, of all transactions or of one, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn newest_of_audit_log(
        &self,
        since: i64,
        transaction: Option<Ulid>,
        limit: i64,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let statement =
            if transaction.is_some() { SELECT_NEWEST_OF_TRANSACTION } else { SELECT_NEWEST };
        let mut query = sqlx::query_as(statement).bind(since).bind(limit);
        if let Some(transaction) = transaction {
            query = query.bind(transaction.to_string());
        }
        query.fetch_all(&self.pool).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Action, Origin};
    use crate::clock::now;
    use crate::store::tests::opened;

    #[tokio::test]
    async fn lines_are_numbered_in_each_shop_and_read_from_a_position() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let (origin, id) = (Origin::Command { user: "root".to_owned() }, Ulid::new());
        let read = |shop| origin.does(Action::RecordRead, shop);
        let lines = [read("one"), read("other"), read("one").to(id), read("one").with("subject")];
        store.audited(&lines).await.unwrap();
        store.audited(&[read("one")]).await.unwrap();
        let positions = async |shop, after, transaction, limit| {
            let lines = store.audit_log_of(shop, after, transaction, limit).await.unwrap();
            lines.iter().map(|it| it.position).collect::<Vec<_>>()
        };
        assert_eq!(positions("one", 0, None, 10).await, [1, 2, 3, 4]);
        assert_eq!(positions("one", 1, None, 2).await, [2, 3]);
        assert_eq!(positions("one", 0, Some(id), 10).await, [2]);
        assert_eq!(positions("other", 0, None, 10).await, [1]);
        assert_eq!(positions("other", 0, Some(id), 10).await, [0; 0]);
        assert_eq!(store.newest_of_audit_log(0, None, 3).await.unwrap().len(), 3);
        assert_eq!(store.newest_of_audit_log(0, Some(id), 3).await.unwrap().len(), 1);
        assert!(store.newest_of_audit_log(now() + 1_000, None, 3).await.unwrap().is_empty());
    }
}
