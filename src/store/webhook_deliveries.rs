//! What becomes of the deliveries to webhooks: each try is noted, shops see them in a list, and have some sent again.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::FromRow;
use ulid::Ulid;

use super::many_rows::ManyRows;
use super::webhook_queues::{UPSERT_QUEUES, WebhookQueue, settle_queue};
use super::{Store, StoreError, Tx, audit_log};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::notices::Work;

/// The greatest number of dead deliveries that one call has sent again.
const REPLAYED_PER_CALL: u64 = 10_000;
/// How many of them wait again after one tx, so that others can write in between.
const REPLAYED_PER_TX: i64 = 500;
/// Why a delivery is dead whose event was deleted before it was sent.
const EXPIRED: &str = "the event is older than events are kept";

const SET_TRIED: &str = "UPDATE webhook_deliveries SET state = $3, tries = tries + 1, tried_at = $4, \
     status = $5, took_ms = $6, problem = $7 WHERE webhook_id = $1 AND event_id = $2 AND state = 0";
const GIVE_UP: &str = "UPDATE webhook_deliveries SET state = 2, problem = $3 \
     WHERE webhook_id = $1 AND event_id = $2 AND state = 0";
const SET_WORKING: &str = "UPDATE webhooks SET failures = 0 WHERE id = $1 AND failures > 0";
const COUNT_FAILURE: &str = "UPDATE webhooks SET failures = failures + 1, \
     paused_until = CASE WHEN paused_until < $2 THEN $2 ELSE paused_until END WHERE id = $1";
const SWITCH_OFF: &str = "UPDATE webhooks SET off_since = $2, off_because = 'gone', failures = failures + 1 \
     WHERE id = $1 AND off_since IS NULL";
macro_rules! select_deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT d.event_id, d.transaction_id, d.kind, d.state, d.since, d.tries, d.tried_at, d.status, ",
            "d.took_ms, d.problem FROM webhook_deliveries d ",
            $rest
        )
    };
}
const SELECT_DELIVERIES: &str = select_deliveries!(
    "WHERE d.webhook_id = $1 AND d.event_id < $2 ORDER BY d.event_id DESC LIMIT $3"
);
const SELECT_DELIVERIES_IN_STATE: &str = select_deliveries!(
    "WHERE d.webhook_id = $1 AND d.event_id < $2 AND d.state = $4 ORDER BY d.event_id DESC LIMIT $3"
);
const SELECT_DELIVERY: &str = select_deliveries!("WHERE d.webhook_id = $1 AND d.event_id = $2");
const SELECT_DEAD: &str = "SELECT event_id, transaction_id FROM webhook_deliveries \
     WHERE webhook_id = $1 AND state = 2 AND event_id > $2 ORDER BY event_id LIMIT $3";
static WAIT_AGAIN: ManyRows = ManyRows::new(
    "UPDATE webhook_deliveries SET state = 0, tries = 0, since = v.column3 FROM (VALUES ",
    3,
    ") AS v WHERE webhook_id = v.column1 AND event_id = v.column2 AND state <> 0",
);

/// A try to deliver an event.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    /// The event.
    pub event_id: i64,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// Why the event was not taken.
    pub problem: Option<String>,
}

/// What becomes of a delivery after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is delivered.
    Delivered,
    /// It is tried again at this time. The receiver gets nothing before the second time, if it asked for that.
    Again(i64, Option<i64>),
    /// It is given up, and the next one of the queue has its turn.
    Dead,
    /// It waits, because the receiver wants nothing any more: the webhook is switched off.
    SwitchedOff,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It was not taken yet.
    Waiting,
    /// The receiver has it.
    Delivered,
    /// It was given up.
    Dead,
}

impl DeliveryState {
    /// All states, with their names.
    pub const ALL: [(&'static str, Self); 3] =
        [("waiting", Self::Waiting), ("delivered", Self::Delivered), ("dead", Self::Dead)];

    fn stored(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Delivered => 1,
            Self::Dead => 2,
        }
    }
}

/// A delivery, for the list. Times are milliseconds since 1970.
#[derive(Clone, Debug, FromRow)]
pub struct DeliveryRow {
    /// The event.
    pub event_id: i64,
    /// The transaction of the event.
    pub transaction_id: String,
    /// The type of the event.
    pub kind: String,
    state: i64,
    /// When it began to wait.
    pub since: i64,
    /// The number of tries since then.
    pub tries: i64,
    /// The time of the last try.
    pub tried_at: Option<i64>,
    /// The HTTP status of the last answer.
    pub status: Option<i64>,
    /// How long the last try took, in milliseconds.
    pub took_ms: Option<i64>,
    /// Why it was not taken.
    pub problem: Option<String>,
}

impl DeliveryRow {
    /// Returns the name of its state.
    pub fn state(&self) -> &'static str {
        let states = DeliveryState::ALL;
        states.iter().find(|it| it.1.stored() == self.state).map_or("unknown", |it| it.0)
    }
}

impl Store {
    /// Notes a try to deliver the next event of a queue, and what becomes of it. Nothing is noted if the delivery does not
    /// wait any more.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is noted, and the event is sent again, with the same id.
    pub async fn webhook_tried(
        &self,
        queue: WebhookQueue,
        tried: &Tried,
        fate: Fate,
    ) -> Result<(), StoreError> {
        let (webhook, at) = (queue.webhook.to_string(), now());
        let state = match fate {
            Fate::Delivered => DeliveryState::Delivered,
            Fate::Again(..) | Fate::SwitchedOff => DeliveryState::Waiting,
            Fate::Dead => DeliveryState::Dead,
        };
        let mut tx = self.begin().await?;
        let set = sqlx::query(SET_TRIED)
            .bind(&webhook)
            .bind(tried.event_id)
            .bind(state.stored())
            .bind(at)
            .bind(tried.status.map(i64::from))
            .bind(i64::try_from(tried.took.as_millis()).unwrap_or(i64::MAX))
            .bind(&tried.problem);
        if set.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(());
        }
        let due_at = if let Fate::Again(at, _) = fate { at } else { at };
        settle_queue(&mut tx, queue, due_at).await?;
        let changed = match fate {
            Fate::Delivered => sqlx::query(SET_WORKING).bind(&webhook),
            Fate::Again(_, until) => {
                sqlx::query(COUNT_FAILURE).bind(&webhook).bind(until.unwrap_or_default())
            }
            Fate::Dead => sqlx::query(COUNT_FAILURE).bind(&webhook).bind(0_i64),
            Fate::SwitchedOff => sqlx::query(SWITCH_OFF).bind(&webhook).bind(at),
        }
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if fate == Fate::Delivered && changed > 0 {
            // It takes something again: queues that were put off for long are due now.
            tx.makes(Work::Webhooks);
        }
        tx.commit().await
    }

    /// Gives up a delivery whose event was deleted meanwhile. The receiver has nothing to do with that, so it counts as no
    /// failure of its own.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn webhook_event_expired(
        &self,
        queue: WebhookQueue,
        event_id: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let give_up = sqlx::query(GIVE_UP).bind(queue.webhook.to_string());
        give_up.bind(event_id).bind(EXPIRED).execute(&mut *tx).await?;
        settle_queue(&mut tx, queue, now()).await?;
        tx.commit().await
    }

    /// Returns at most `limit` deliveries to a webhook of events before `before`, newest event first, of all states or of
    /// one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn deliveries(
        &self,
        webhook: Ulid,
        state: Option<DeliveryState>,
        before: i64,
        limit: i64,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let statement =
            if state.is_some() { SELECT_DELIVERIES_IN_STATE } else { SELECT_DELIVERIES };
        let mut query =
            sqlx::query_as(statement).bind(webhook.to_string()).bind(before).bind(limit);
        if let Some(state) = state {
            query = query.bind(state.stored());
        }
        query.fetch_all(&self.pool).await
    }

    /// Has one delivery sent again that is over, together with the line in the audit log. Returns false if the webhook
    /// has no delivery of this event. One that waits goes on waiting.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is changed.
    pub async fn replay_delivery(
        &self,
        (shop, webhook): (&str, Ulid),
        event_id: i64,
        origin: &Origin,
    ) -> Result<bool, StoreError> {
        let found = sqlx::query_as(SELECT_DELIVERY).bind(webhook.to_string()).bind(event_id);
        let found: Option<DeliveryRow> = found.fetch_optional(&self.pool).await?;
        let Some(found) = found else { return Ok(false) };
        let mut tx = self.begin_audited(shop).await?;
        wait_again(&mut tx, webhook, &[(event_id, found.transaction_id)]).await?;
        let line = origin.does(Action::WebhookReplayed, shop).with(webhook);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Has the dead deliveries of a webhook sent again, oldest event first and a bounded number of them, together with the
    /// line in the audit log. Returns how many, and whether there are more.
    ///
    /// # Errors
    /// If the database does not answer. Then a part of them may wait again already.
    pub async fn replay_dead(
        &self,
        (shop, webhook): (&str, Ulid),
        origin: &Origin,
    ) -> Result<(u64, bool), StoreError> {
        let (mut count, mut after) = (0, 0);
        while count < REPLAYED_PER_CALL {
            let dead: Vec<(i64, String)> = sqlx::query_as(SELECT_DEAD)
                .bind(webhook.to_string())
                .bind(after)
                .bind(REPLAYED_PER_TX)
                .fetch_all(&self.pool)
                .await?;
            let Some((last, _)) = dead.last() else { return Ok((count, false)) };
            let mut tx = self.begin_audited(shop).await?;
            wait_again(&mut tx, webhook, &dead).await?;
            if after == 0 {
                let line = origin.does(Action::WebhookReplayed, shop).with(webhook);
                audit_log::add(&mut tx, &[line]).await?;
            }
            tx.commit().await?;
            (after, count) = (*last, count + u64::try_from(dead.len()).unwrap_or_default());
        }
        Ok((count, true))
    }
}

/// Has deliveries wait again, by event and transaction.
async fn wait_again(
    tx: &mut Tx,
    webhook: Ulid,
    deliveries: &[(i64, String)],
) -> Result<(), StoreError> {
    let (webhook, since) = (webhook.to_string(), now());
    let queues: BTreeSet<&str> = deliveries.iter().map(|it| it.1.as_str()).collect();
    let queues: Vec<_> = queues.into_iter().map(|it| (webhook.as_str(), it, since)).collect();
    UPSERT_QUEUES.insert(tx, &queues).await?;
    let rows: Vec<_> = deliveries.iter().map(|it| (webhook.as_str(), it.0, since)).collect();
    WAIT_AGAIN.change(tx, &rows).await?;
    tx.makes(Work::Webhooks);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::opened;
    use crate::store::webhook_samples::{tried, with_queue};

    #[tokio::test]
    async fn a_try_of_what_does_not_wait_any_more_and_an_expired_event_count_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let queue = with_queue(&store, 2).await;
        let failures =
            async || store.webhook("shop", queue.webhook).await.unwrap().map(|it| it.failures);
        let (next, event) = store.next_delivery(queue).await.unwrap().unwrap();
        assert_eq!((next.event_id, event), (1, None));
        store.webhook_event_expired(queue, 1).await.unwrap();
        assert_eq!(failures().await, Some(0));
        let dead = store.deliveries(queue.webhook, Some(DeliveryState::Dead), 9, 9).await.unwrap();
        assert_eq!(dead[0].problem.as_deref(), Some(EXPIRED));
        store.webhook_tried(queue, &tried(1), Fate::Again(now(), None)).await.unwrap();
        assert_eq!(failures().await, Some(0));
        let (next, _) = store.next_delivery(queue).await.unwrap().unwrap();
        assert_eq!(next.event_id, 2);
    }
}
