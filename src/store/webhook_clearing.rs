//! What is cleared away of webhooks: deliveries that are over, and those to webhooks that are off or deleted.

use super::{Store, StoreError};
use crate::clock::now;

/// How many deliveries are changed or deleted in one tx, so that others can write in between.
const DELIVERIES_PER_TX: i64 = 500;
/// How long a deleted webhook stays before it is cleared away, in milliseconds. Nobody who read it a moment before its
/// deletion hands out anything to it any more.
const CLEARED_AFTER_MS: i64 = 600_000;
/// Why a delivery is dead that waited for a webhook that is off.
const OFF_TOO_LONG: &str = "the webhook was off for too long";

/// The conditions stand outside, too: PostgreSQL checks only these again if somebody else changed the row meanwhile.
const DELETE_OVER: &str = "DELETE FROM webhook_deliveries WHERE state <> 0 AND since < $1 AND (webhook_id, event_id) IN \
     (SELECT webhook_id, event_id FROM webhook_deliveries WHERE state <> 0 AND since < $1 ORDER BY since LIMIT $2)";
const SELECT_OFF: &str =
    "SELECT id FROM webhooks WHERE off_since IS NOT NULL AND deleted_at IS NULL ORDER BY id";
/// As in [`DELETE_OVER`].
const END_WAITING: &str = "UPDATE webhook_deliveries SET state = 2, problem = $3 \
     WHERE webhook_id = $1 AND state = 0 AND since < $2 AND event_id IN \
     (SELECT event_id FROM webhook_deliveries \
     WHERE webhook_id = $1 AND state = 0 AND since < $2 ORDER BY event_id LIMIT $4)";
const SELECT_DELETED: &str = "SELECT id FROM webhooks WHERE deleted_at < $1 ORDER BY id";
/// Changes nothing but the lock: the webhook does not come back into the config before this tx has ended.
const LOCK_DELETED: &str =
    "UPDATE webhooks SET deleted_at = deleted_at WHERE id = $1 AND deleted_at < $2";
const DELETE_QUEUES_OF: &str = "DELETE FROM webhook_queues WHERE webhook_id = $1";
const DELETE_DELIVERIES_OF: &str = "DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND event_id IN \
     (SELECT event_id FROM webhook_deliveries WHERE webhook_id = $1 LIMIT $2)";
const DELETE_WEBHOOK: &str = "DELETE FROM webhooks WHERE id = $1 AND deleted_at IS NOT NULL";

impl Store {
    /// Deletes the deliveries that were over before `before`, and what belongs to deleted webhooks. Gives up what has
    /// waited since before `waiting_before` for a webhook that is off.
    ///
    /// # Errors
    /// If the database does not answer. The rest is done the next time.
    pub async fn clear_webhooks(&self, before: i64, waiting_before: i64) -> Result<(), StoreError> {
        let all = u64::try_from(DELIVERIES_PER_TX).unwrap_or_default();
        let delete = || sqlx::query(DELETE_OVER).bind(before).bind(DELIVERIES_PER_TX);
        while self.write_one(delete()).await? == all {}
        let off: Vec<String> = sqlx::query_scalar(SELECT_OFF).fetch_all(&self.pool).await?;
        for id in &off {
            // A queue that is empty then is deleted when the webhook is on again, and it has its turn.
            let end = || sqlx::query(END_WAITING).bind(id).bind(waiting_before).bind(OFF_TOO_LONG);
            while self.write_one(end().bind(DELIVERIES_PER_TX)).await? == all {}
        }
        let deleted_before = now() - CLEARED_AFTER_MS;
        let deleted: Vec<String> =
            sqlx::query_scalar(SELECT_DELETED).bind(deleted_before).fetch_all(&self.pool).await?;
        for id in &deleted {
            while self.clear_deleted_webhook(id, deleted_before).await? {}
        }
        Ok(())
    }

    /// Deletes a part of the deliveries to a deleted webhook, or the rest of it. Returns whether there is more.
    async fn clear_deleted_webhook(
        &self,
        id: &str,
        deleted_before: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let lock = sqlx::query(LOCK_DELETED).bind(id).bind(deleted_before);
        if lock.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        let delete = sqlx::query(DELETE_DELIVERIES_OF).bind(id).bind(DELIVERIES_PER_TX);
        let deleted = delete.execute(&mut *tx).await?.rows_affected();
        let is_more = i64::try_from(deleted).is_ok_and(|it| it >= DELIVERIES_PER_TX);
        if !is_more {
            sqlx::query(DELETE_QUEUES_OF).bind(id).execute(&mut *tx).await?;
            sqlx::query(DELETE_WEBHOOK).bind(id).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(is_more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::webhook_samples::{tried, with_queue};
    use crate::store::{Fate, WebhookChange, WebhookQueue};

    #[tokio::test]
    async fn what_is_over_and_what_is_deleted_is_cleared_away_and_what_waits_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let (one, other) = (with_queue(&store, 2).await, with_queue(&store, 2).await);
        store.webhook_tried(one, &tried(1), Fate::Delivered).await.unwrap();
        store.clear_webhooks(now() + 1, 0).await.unwrap();
        let left = async |queue: WebhookQueue| {
            let left = store.deliveries(queue.webhook, None, 9, 9).await.unwrap();
            left.iter().map(|it| (it.event_id, it.state())).collect::<Vec<_>>()
        };
        assert_eq!(left(one).await, [(2, "waiting")]);
        let off = WebhookChange { is_on: Some(false), ..WebhookChange::default() };
        store.change_webhook("shop", one.webhook, off, &root(), |_| true).await.unwrap();
        store.clear_webhooks(0, now() + 1).await.unwrap();
        assert_eq!(left(one).await, [(2, "dead")]);
        assert_eq!(left(other).await, [(2, "waiting"), (1, "waiting")]);

        store.delete_webhook("shop", other.webhook, &root(), |_| true).await.unwrap();
        store.clear_webhooks(0, 0).await.unwrap();
        assert_eq!(left(other).await.len(), 2, "somebody may be handing out to it");
        let older =
            format!("UPDATE webhooks SET deleted_at = deleted_at - {}", CLEARED_AFTER_MS + 1);
        store.run(sqlx::query(sqlx::AssertSqlSafe(older))).await.unwrap();
        store.clear_webhooks(0, 0).await.unwrap();
        assert_eq!(left(other).await, []);
    }
}
