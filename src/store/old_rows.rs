//! Deletes rows that are kept for a time only, in small pieces, so that others can write in between.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Store, StoreError, admin_room, audit_log, mails, repeated_calls, subscriptions};
use crate::clock::{DAY_MS, now};

/// The time between two looks for rows that are too old.
const INTERVAL: Duration = Duration::from_secs(600);
/// The greatest number of rows that are deleted in one tx.
const ROWS_PER_TX: i64 = 500;
/// How long an answered message of an admin is remembered, in milliseconds.
const ANSWERED_KEPT_MS: i64 = 30 * DAY_MS;

/// How long rows are kept, as far as the config says so.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// How long the lines of the audit log are kept, in days. `None` keeps them all.
    pub audit_days: Option<u32>,
    /// How long events of shops are kept, in days. `None` keeps them all.
    pub event_days: Option<u32>,
    /// How long deliveries to webhooks are kept that are over, in days.
    pub delivery_days: u32,
    /// How long a delivery may wait for a webhook that is off, in milliseconds.
    pub waiting_ms: i64,
}

/// Rows of one table that are kept for a time, and which one statement deletes.
struct OldRows {
    /// What the rows are, for the log.
    what: &'static str,
    /// The statement that deletes at most `$2` rows from before the time `$1`, oldest first.
    delete: &'static str,
    /// How long they are kept, in milliseconds.
    kept_ms: i64,
}

impl Retention {
    fn old_rows(self) -> Vec<OldRows> {
        let mut all = vec![
            OldRows {
                what: "expired Idempotency-Keys",
                delete: repeated_calls::DELETE_EXPIRED,
                kept_ms: repeated_calls::KEPT_MS,
            },
            OldRows {
                what: "answered messages of admins",
                delete: admin_room::DELETE_OLD_COMMANDS,
                kept_ms: ANSWERED_KEPT_MS,
            },
            OldRows {
                what: "subscriptions of browsers that are over",
                delete: subscriptions::DELETE_OVER,
                kept_ms: 0,
            },
            OldRows { what: "old mails", delete: mails::DELETE_OVER, kept_ms: mails::KEPT_MS },
        ];
        all.extend(self.audit_days.map(|days| OldRows {
            what: "old lines of the audit log",
            delete: audit_log::DELETE_OLD,
            kept_ms: i64::from(days) * DAY_MS,
        }));
        all
    }
}

impl Store {
    /// Deletes rows that are too old, until `stop` is cancelled. What fails is done the next time.
    pub async fn delete_old_rows_forever(self, retention: Retention, stop: CancellationToken) {
        let work = async {
            loop {
                self.delete_old_rows(retention).await;
                tokio::time::sleep(INTERVAL).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = stop.cancelled() => {}
        }
    }

    async fn delete_old_rows(&self, retention: Retention) {
        let told = |what, deleted: Result<(), StoreError>| {
            if let Err(error) = deleted {
                tracing::warn!(%error, "{what} could not be deleted; retrying later");
            }
        };
        let time = now();
        for OldRows { what, delete, kept_ms } in retention.old_rows() {
            told(what, self.delete_old(delete, time - kept_ms).await);
        }
        if let Some(days) = retention.event_days {
            told("old events", self.delete_events_before(before(time, days)).await);
        }
        let over = before(time, retention.delivery_days);
        let cleared = self.clear_webhooks(over, time - retention.waiting_ms).await;
        told("old deliveries to webhooks", cleared);
    }

    async fn delete_events_before(&self, time: i64) -> Result<(), StoreError> {
        while self.delete_old_events(time, ROWS_PER_TX).await? >= ROWS_PER_TX.unsigned_abs() {}
        Ok(())
    }

    async fn delete_old(&self, delete: &'static str, before: i64) -> Result<(), StoreError> {
        let all_of_one_tx = ROWS_PER_TX.unsigned_abs();
        loop {
            let piece = sqlx::query(delete).bind(before).bind(ROWS_PER_TX);
            if self.write_one(piece).await? < all_of_one_tx {
                return Ok(());
            }
        }
    }
}

/// Returns the time so many days before another one.
fn before(time: i64, days: u32) -> i64 {
    time - i64::from(days) * DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Action, Origin};
    use crate::store::tests::opened;

    fn kept(audit_days: Option<u32>) -> Retention {
        Retention { audit_days, event_days: None, delivery_days: 1, waiting_ms: DAY_MS }
    }

    #[tokio::test]
    async fn what_is_too_old_is_deleted_however_much_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let count = async |table: &str| {
            let count = format!("SELECT COUNT(*) FROM {table}");
            let count = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(count));
            count.fetch_one(&store.pool).await.unwrap()
        };
        let origin = Origin::Command { user: "root".to_owned() };
        let line = origin.does(Action::TransactionRead, "shop");
        let many = usize::try_from(ROWS_PER_TX).unwrap() + 1;
        store.audited(&vec![line.clone(); many]).await.unwrap();
        store.begin_call("shop", "a", "1").await.unwrap();
        store.begin_call("shop", "b", "1").await.unwrap();
        let of_both = async || (count("audit_log").await, count("repeated_calls").await);

        let all = i64::try_from(many).unwrap();
        let retention = kept(Some(1));
        for (before, left) in [(0, (all, 2)), (now() + 1, (0, 0))] {
            for rows in retention.old_rows() {
                store.delete_old(rows.delete, before).await.unwrap();
            }
            assert_eq!(of_both().await, left);
        }
        // Positions are never given twice.
        store.audited(&[line]).await.unwrap();
        let lines = store.audit_log_of("shop", 0, None, 10).await.unwrap();
        assert_eq!(lines[0].position, all + 1);
    }

    #[test]
    fn without_days_the_audit_log_is_kept() {
        let deleted = |audit_days| {
            let mut rows = kept(audit_days).old_rows().into_iter();
            rows.any(|it| it.delete == audit_log::DELETE_OLD)
        };
        assert!(deleted(Some(30)) && !deleted(None));
    }
}
