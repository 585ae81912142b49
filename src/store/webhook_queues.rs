//! In which order webhooks are sent what they are to get.
//!
//! The deliveries to one webhook about one transaction are a queue: they are sent one after the other, in the order of
//! the feed. Queues do not wait for each other.

use std::fmt;
use std::time::Duration;

use sqlx::FromRow;
use ulid::Ulid;

use super::columns::parse_id;
use super::due_rooms::pause_until;
use super::events::EventRow;
use super::many_rows::ManyRows;
use super::{Store, StoreError, Tx};
use crate::clock::now;
use crate::config::DatabaseKind;

/// The longest pause between two tries, in milliseconds, if the receiver takes nothing at all.
pub const LONGEST_PAUSE_MS: i64 = 3_600_000;
/// The same if the receiver takes other events. A queue that has to wait for longer is due at once: it was put off while
/// the receiver took nothing, or the clock was put back.
pub const LONGEST_PAUSE_OF_WORKING_MS: i64 = 60_000;

const SELECT_EVENT: &str = "SELECT e.id, e.shop, e.transaction_id, t.external_id, e.kind, e.subject, e.detail, \
     e.at FROM events e JOIN transactions t ON t.id = e.transaction_id WHERE e.id = $1";
/// The update of a queue that exists changes nothing. It locks the row, so that whoever finds the queue empty meanwhile
/// looks again.
pub(super) static UPSERT_QUEUES: ManyRows = ManyRows::new(
    "INSERT INTO webhook_queues (webhook_id, transaction_id, due_at) VALUES ",
    3,
    " ON CONFLICT (webhook_id, transaction_id) DO UPDATE SET due_at = webhook_queues.due_at",
);
/// $2 and $3 are [`LONGEST_PAUSE_OF_WORKING_MS`] and [`LONGEST_PAUSE_MS`] after now ($1).
const SELECT_DUE_WEBHOOKS: &str = "SELECT w.id, w.shop, w.failures FROM webhooks w \
     WHERE w.deleted_at IS NULL AND w.off_since IS NULL AND (w.paused_until <= $1 OR w.paused_until > $3) \
     AND (EXISTS (SELECT 1 FROM webhook_queues q WHERE q.webhook_id = w.id AND q.due_at <= $1) \
     OR EXISTS (SELECT 1 FROM webhook_queues q WHERE q.webhook_id = w.id \
     AND q.due_at > CASE WHEN w.failures = 0 THEN $2 ELSE $3 END))";
const SELECT_NEXT_DUE: &str = "SELECT MIN(CASE WHEN due_at < paused_until THEN paused_until ELSE due_at END) \
     FROM (SELECT w.paused_until, (SELECT MIN(q.due_at) FROM webhook_queues q WHERE q.webhook_id = w.id) AS due_at \
     FROM webhooks w WHERE w.deleted_at IS NULL AND w.off_since IS NULL) AS next WHERE due_at IS NOT NULL";
/// Those whose time has come before $2, and then those that would wait for longer than they may (until after $3).
const SELECT_DUE_QUEUES: &str = "SELECT transaction_id FROM \
     (SELECT transaction_id FROM webhook_queues \
     WHERE webhook_id = $1 AND due_at <= $2 ORDER BY due_at LIMIT $4) come \
     UNION ALL SELECT transaction_id FROM \
     (SELECT transaction_id FROM webhook_queues \
     WHERE webhook_id = $1 AND due_at > $3 ORDER BY due_at LIMIT $4) put_off";
/// A statement that looks at what waits in a queue, in two parts. SQLite would choose another index, and walk through all
/// that waits for the webhook, if it were not told.
macro_rules! of_queue {
    ($before:literal, $after:literal) => {
        OfQueue {
            on_sqlite: concat!($before, " INDEXED BY webhook_deliveries_waiting ", $after),
            on_postgres: concat!($before, " ", $after),
        }
    };
}
const SELECT_NEXT: OfQueue = of_queue!(
    "SELECT event_id, since, tries FROM webhook_deliveries",
    "WHERE webhook_id = $1 AND transaction_id = $2 AND state = 0 ORDER BY event_id LIMIT 1"
);
const SET_DUE: &str =
    "UPDATE webhook_queues SET due_at = $3 WHERE webhook_id = $1 AND transaction_id = $2";
const DELETE_EMPTY_QUEUE: OfQueue = of_queue!(
    "DELETE FROM webhook_queues WHERE webhook_id = $1 AND transaction_id = $2 \
     AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d",
    "WHERE d.webhook_id = $1 AND d.transaction_id = $2 AND d.state = 0)"
);

/// See [`of_queue`].
struct OfQueue {
    on_sqlite: &'static str,
    on_postgres: &'static str,
}

impl OfQueue {
    fn on(&self, kind: DatabaseKind) -> &'static str {
        match kind {
            DatabaseKind::Sqlite => self.on_sqlite,
            DatabaseKind::Postgres => self.on_postgres,
        }
    }
}

/// A queue: what is sent to one webhook about one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookQueue {
    /// The webhook.
    pub webhook: Ulid,
    /// The transaction.
    pub transaction: Ulid,
}

impl fmt::Display for WebhookQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.webhook, self.transaction)
    }
}

/// A webhook with a queue that is due.
#[derive(Clone, Debug)]
pub struct DueWebhook {
    /// The webhook.
    pub id: Ulid,
    /// Its shop.
    pub shop: String,
    /// The number of its tries in a row that failed.
    pub failures: i64,
}

/// The next delivery of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct NextDelivery {
    /// The event.
    pub event_id: i64,
    /// When it began to wait, in milliseconds since 1970.
    pub since: i64,
    /// The number of tries since then.
    pub tries: i64,
}

impl Store {
    /// Returns the webhooks that are on and have a queue that is due.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn due_webhooks(&self) -> Result<Vec<DueWebhook>, StoreError> {
        let time = now();
        let select = sqlx::query_as(SELECT_DUE_WEBHOOKS)
            .bind(time)
            .bind(time + LONGEST_PAUSE_OF_WORKING_MS)
            .bind(time + LONGEST_PAUSE_MS);
        let rows: Vec<(String, String, i64)> = select.fetch_all(&self.pool).await?;
        let due = |(id, shop, failures): (String, _, _)| {
            Ok(DueWebhook { id: parse_id(&id)?, shop, failures })
        };
        rows.into_iter().map(due).collect()
    }

    /// Returns at most `limit` queues of a webhook that are due, the one that has been due for the longest time first. Due
    /// is also what would wait for longer than it can have to: [`LONGEST_PAUSE_OF_WORKING_MS`], if the receiver takes events.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn due_queues(
        &self,
        webhook: &DueWebhook,
        limit: usize,
    ) -> Result<Vec<WebhookQueue>, StoreError> {
        let time = now();
        let longest =
            if webhook.failures == 0 { LONGEST_PAUSE_OF_WORKING_MS } else { LONGEST_PAUSE_MS };
        let select = sqlx::query_scalar(SELECT_DUE_QUEUES)
            .bind(webhook.id.to_string())
            .bind(time)
            .bind(time + longest)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let ids: Vec<String> = select.fetch_all(&self.pool).await?;
        let queue =
            |id: &String| Ok(WebhookQueue { webhook: webhook.id, transaction: parse_id(id)? });
        ids.iter().take(limit).map(queue).collect()
    }

    /// Returns how long nothing is sent unless there is a hint.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn pause_of_webhooks(&self, shortest: Duration) -> Result<Duration, StoreError> {
        let due_at: Option<i64> = sqlx::query_scalar(SELECT_NEXT_DUE).fetch_one(&self.pool).await?;
        Ok(pause_until(due_at, shortest, self.hints.patience().max(shortest)))
    }

    /// Returns the next delivery of a queue with its event, if that is still kept.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn next_delivery(
        &self,
        queue: WebhookQueue,
    ) -> Result<Option<(NextDelivery, Option<EventRow>)>, StoreError> {
        let next: Option<NextDelivery> = sqlx::query_as(SELECT_NEXT.on(self.kind))
            .bind(queue.webhook.to_string())
            .bind(queue.transaction.to_string())
            .fetch_optional(&self.pool)
            .await?;
        let Some(next) = next else { return Ok(None) };
        let event = sqlx::query_as(SELECT_EVENT).bind(next.event_id);
        Ok(Some((next, event.fetch_optional(&self.pool).await?)))
    }

    /// Makes a queue due at a time, or deletes it if nothing waits in it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn settle_webhook_queue(
        &self,
        queue: WebhookQueue,
        due_at: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        settle_queue(&mut tx, queue, due_at).await?;
        tx.commit().await
    }
}

/// Makes a queue due at a time, or deletes it if nothing is left in it. The first statement locks the row, so the second
/// one sees what somebody else put into the queue meanwhile.
pub(super) async fn settle_queue(
    tx: &mut Tx,
    queue: WebhookQueue,
    at: i64,
) -> Result<(), StoreError> {
    let (webhook, transaction) = (queue.webhook.to_string(), queue.transaction.to_string());
    let set = sqlx::query(SET_DUE).bind(&webhook).bind(&transaction).bind(at);
    set.execute(&mut **tx).await?;
    let delete = sqlx::query(DELETE_EMPTY_QUEUE.on(tx.kind())).bind(&webhook).bind(&transaction);
    delete.execute(&mut **tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::webhook_samples::{tried, with_queue};
    use crate::store::{Fate, WebhookChange};

    async fn due(store: &Store) -> Vec<WebhookQueue> {
        let mut due = Vec::new();
        for webhook in store.due_webhooks().await.unwrap() {
            due.extend(store.due_queues(&webhook, 9).await.unwrap());
        }
        due
    }

    #[tokio::test]
    async fn the_next_delivery_is_found_without_a_walk_through_all_that_waits() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        for statement in [SELECT_NEXT, DELETE_EMPTY_QUEUE] {
            let explain = format!("EXPLAIN QUERY PLAN {}", statement.on_sqlite);
            let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(explain))
                .bind("webhook")
                .bind("transaction")
                .fetch_all(&store.pool)
                .await
                .unwrap();
            let index = "webhook_deliveries_waiting (webhook_id=? AND transaction_id=?)";
            let told: Vec<_> = plan.iter().map(|it| it.3.as_str()).collect();
            assert!(told.iter().any(|it| it.contains(index)), "{told:?}");
            assert!(!told.iter().any(|it| it.contains("TEMP B-TREE")), "{told:?}");
        }
    }

    #[tokio::test]
    async fn what_was_put_off_while_a_receiver_took_nothing_is_due_once_it_takes_something() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let queue = with_queue(&store, 3).await;
        let soon = Fate::Again(now() + LONGEST_PAUSE_OF_WORKING_MS / 2, None);
        let late = Fate::Again(now() + LONGEST_PAUSE_MS, None);
        store.webhook_tried(queue, &tried(1), late).await.unwrap();
        assert_eq!(due(&store).await, []);
        // Nothing but the number of failures changes, so a kill can lose nothing.
        store.run(sqlx::query("UPDATE webhooks SET failures = 0")).await.unwrap();
        assert_eq!(due(&store).await, [queue]);
        assert!(store.webhook_to_send(queue.webhook, queue.transaction).await.unwrap().is_some());
        // A pause of a receiver that works is kept.
        store.webhook_tried(queue, &tried(1), soon).await.unwrap();
        store.run(sqlx::query("UPDATE webhooks SET failures = 0")).await.unwrap();
        assert_eq!(due(&store).await, []);
        // A clock that was put back delays nothing for long.
        store.settle_webhook_queue(queue, now() + 2 * LONGEST_PAUSE_MS).await.unwrap();
        store.run(sqlx::query("UPDATE webhooks SET failures = 3")).await.unwrap();
        assert_eq!(due(&store).await, [queue]);
    }

    #[tokio::test]
    async fn a_shop_that_says_that_it_is_up_again_does_not_wait_for_a_long_pause() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let queue = with_queue(&store, 3).await;
        let late = now() + LONGEST_PAUSE_MS;
        store.webhook_tried(queue, &tried(1), Fate::Again(late, Some(late))).await.unwrap();
        assert_eq!(due(&store).await, []);
        let on = WebhookChange { is_on: Some(true), ..WebhookChange::default() };
        store.change_webhook("shop", queue.webhook, on, &root(), |_| true).await.unwrap();
        assert_eq!(due(&store).await, [queue]);
    }
}
