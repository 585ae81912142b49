//! What is sent to webhooks: which events are handed out to them, in which order they are sent, and what became of them.
//!
//! The deliveries to one webhook about one transaction are a queue: they are sent one after the other, in the order of
//! the feed. Queues do not wait for each other.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use sqlx::FromRow;
use ulid::Ulid;

use super::columns::parse_id;
use super::due_rooms::pause_until;
use super::events::EventRow;
use super::many_rows::ManyRows;
use super::{Store, StoreError, Tx, audit_log};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::notices::Work;

/// The greatest number of events that are handed out in one tx.
const HANDED_OUT_PER_TX: i64 = 500;
/// How many deliveries are changed or deleted in one tx, so that others can write in between.
const DELIVERIES_PER_TX: i64 = 500;
/// The name of the fact that holds the id of the last event that was handed out.
const HANDED_OUT: &str = "webhooks_handed_out";
/// Its value before any event was handed out.
const NOTHING_HANDED_OUT: &str = "0";
/// Why a delivery is dead whose event was deleted before it was sent.
const EXPIRED: &str = "the event is older than events are kept";
/// Why a delivery is dead that waited for a webhook that is off.
const OFF_TOO_LONG: &str = "the webhook was off for too long";

const SELECT_RECEIVERS: &str =
    "SELECT id, shop, types, after_event FROM webhooks WHERE deleted_at IS NULL ORDER BY id";
const SELECT_NEW_EVENTS: &str = "SELECT id, shop, transaction_id, kind FROM events \
     WHERE id > $1 AND id <= $2 AND shop IN (SELECT shop FROM webhooks WHERE deleted_at IS NULL) \
     ORDER BY id LIMIT $3";
const SELECT_EVENT: &str = "SELECT e.id, e.shop, e.transaction_id, t.external_id, e.kind, e.subject, e.detail, \
     e.at FROM events e JOIN transactions t ON t.id = e.transaction_id WHERE e.id = $1";
const INSERT_HANDED_OUT: &str =
    "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
/// Of two processes that do the same, one changes no row.
const SET_HANDED_OUT: &str = "UPDATE facts SET value = $2 WHERE name = $1 AND value = $3";
/// The update of a queue that exists changes nothing. It locks the row, so that whoever finds the queue empty meanwhile
/// looks again.
static UPSERT_QUEUES: ManyRows = ManyRows::new(
    "INSERT INTO webhook_queues (webhook_id, transaction_id, due_at) VALUES ",
    3,
    " ON CONFLICT (webhook_id, transaction_id) DO UPDATE SET due_at = webhook_queues.due_at",
);
static INSERT_DELIVERIES: ManyRows = ManyRows::new(
    "INSERT INTO webhook_deliveries (webhook_id, event_id, transaction_id, kind, since) VALUES ",
    5,
    " ON CONFLICT (webhook_id, event_id) DO NOTHING",
);
const SELECT_DUE_WEBHOOKS: &str = "SELECT w.id, w.shop, w.failures FROM webhooks w \
     WHERE w.deleted_at IS NULL AND w.off_since IS NULL AND w.paused_until <= $1 \
     AND EXISTS (SELECT 1 FROM webhook_queues q WHERE q.webhook_id = w.id AND q.due_at <= $1)";
const SELECT_NEXT_DUE: &str = "SELECT MIN(CASE WHEN due_at < paused_until THEN paused_until ELSE due_at END) \
     FROM (SELECT w.paused_until, (SELECT MIN(q.due_at) FROM webhook_queues q WHERE q.webhook_id = w.id) AS due_at \
     FROM webhooks w WHERE w.deleted_at IS NULL AND w.off_since IS NULL) AS next WHERE due_at IS NOT NULL";
const SELECT_DUE_QUEUES: &str = "SELECT transaction_id FROM webhook_queues \
     WHERE webhook_id = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3";
const SELECT_NEXT: &str = "SELECT event_id, since, tries FROM webhook_deliveries \
     WHERE webhook_id = $1 AND transaction_id = $2 AND state = 0 ORDER BY event_id LIMIT 1";
const SET_TRIED: &str = "UPDATE webhook_deliveries SET state = $3, tries = tries + 1, tried_at = $4, \
     status = $5, took_ms = $6, problem = $7 WHERE webhook_id = $1 AND event_id = $2 AND state = 0";
const SET_DUE: &str =
    "UPDATE webhook_queues SET due_at = $3 WHERE webhook_id = $1 AND transaction_id = $2";
const DELETE_EMPTY_QUEUE: &str = "DELETE FROM webhook_queues WHERE webhook_id = $1 AND transaction_id = $2 \
     AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = webhook_queues.webhook_id \
     AND d.transaction_id = webhook_queues.transaction_id AND d.state = 0)";
const MAKE_ALL_DUE: &str =
    "UPDATE webhook_queues SET due_at = $2 WHERE webhook_id = $1 AND due_at > $2";
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
const DELETE_OVER: &str = "DELETE FROM webhook_deliveries WHERE (webhook_id, event_id) IN \
     (SELECT webhook_id, event_id FROM webhook_deliveries WHERE state <> 0 AND since < $1 ORDER BY since LIMIT $2)";
const END_WAITING_FOR_OFF: &str = "UPDATE webhook_deliveries SET state = 2, problem = $2 \
     WHERE (webhook_id, event_id) IN (SELECT d.webhook_id, d.event_id FROM webhook_deliveries d \
     JOIN webhooks w ON w.id = d.webhook_id \
     WHERE w.off_since IS NOT NULL AND d.state = 0 AND d.since < $1 LIMIT $3)";
const DELETE_EMPTY_QUEUES_OF_OFF: &str = "DELETE FROM webhook_queues WHERE webhook_id IN \
     (SELECT id FROM webhooks WHERE off_since IS NOT NULL) AND NOT EXISTS \
     (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = webhook_queues.webhook_id \
     AND d.transaction_id = webhook_queues.transaction_id AND d.state = 0)";
const SELECT_DELETED: &str = "SELECT id FROM webhooks WHERE deleted_at < $1 ORDER BY id";
const DELETE_QUEUES_OF: &str = "DELETE FROM webhook_queues WHERE webhook_id = $1";
const DELETE_DELIVERIES_OF: &str = "DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND event_id IN \
     (SELECT event_id FROM webhook_deliveries WHERE webhook_id = $1 LIMIT $2)";
const DELETE_WEBHOOK: &str = "DELETE FROM webhooks WHERE id = $1 AND deleted_at IS NOT NULL";

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

#[derive(FromRow)]
struct Receiver {
    id: String,
    shop: String,
    types: String,
    after_event: i64,
}

impl Receiver {
    fn gets(&self, event: &NewEvent) -> bool {
        self.shop == event.shop
            && self.after_event < event.id
            && (self.types.is_empty() || self.types.split(',').any(|it| it == event.kind))
    }
}

#[derive(FromRow)]
struct NewEvent {
    id: i64,
    shop: String,
    transaction_id: String,
    kind: String,
}

/// Returns up to where everything is handed out: what no webhook gets is passed over. None if there are no webhooks.
fn handed_out(receivers: &[Receiver], noted: Option<&str>) -> Option<i64> {
    let earliest = receivers.iter().map(|it| it.after_event).min()?;
    Some(noted.and_then(|it| it.parse().ok()).unwrap_or(0).max(earliest))
}

impl Store {
    /// Hands out the next events of the feed to the webhooks that want them: makes deliveries of them. Returns whether
    /// there are more.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is handed out.
    pub async fn hand_out_events(&self) -> Result<bool, StoreError> {
        // The end is looked for only if somebody wants events. In this order: who makes a webhook reads the end before, too, so an event that follows its making is not
        // handed out without it.
        if self.receivers().await?.is_empty() {
            return Ok(false);
        }
        let end = self.settled_end().await?;
        let receivers = self.receivers().await?;
        let before = self.fact(HANDED_OUT).await?;
        let after = match handed_out(&receivers, before.as_deref()) {
            Some(after) if after < end => after,
            _ => return Ok(false),
        };
        let before = before.unwrap_or_else(|| NOTHING_HANDED_OUT.to_owned());
        let select = sqlx::query_as(SELECT_NEW_EVENTS).bind(after).bind(end);
        let events: Vec<NewEvent> = select.bind(HANDED_OUT_PER_TX).fetch_all(&self.pool).await?;
        let is_full = i64::try_from(events.len()).is_ok_and(|it| it == HANDED_OUT_PER_TX);
        let position = events.last().filter(|_| is_full).map_or(end, |it| it.id);

        let since = now();
        let (mut queues, mut deliveries) = (BTreeSet::new(), Vec::new());
        for event in &events {
            for receiver in receivers.iter().filter(|it| it.gets(event)) {
                let (webhook, transaction) = (receiver.id.as_str(), event.transaction_id.as_str());
                queues.insert((webhook, transaction));
                deliveries.push((webhook, event.id, transaction, event.kind.as_str(), since));
            }
        }
        let queues: Vec<_> = queues.into_iter().map(|(one, other)| (one, other, since)).collect();
        let mut tx = self.begin().await?;
        let insert = sqlx::query(INSERT_HANDED_OUT).bind(HANDED_OUT).bind(NOTHING_HANDED_OUT);
        insert.execute(&mut *tx).await?;
        let set = sqlx::query(SET_HANDED_OUT).bind(HANDED_OUT).bind(position.to_string());
        if set.bind(&before).execute(&mut *tx).await?.rows_affected() == 0 {
            // Another process did it at this moment.
            return Ok(true);
        }
        // The queues come first, and in one order, so that nobody waits for anybody who waits.
        UPSERT_QUEUES.insert(&mut tx, &queues).await?;
        INSERT_DELIVERIES.insert(&mut tx, &deliveries).await?;
        if !queues.is_empty() {
            tx.makes(Work::Webhooks);
        }
        tx.commit().await?;
        Ok(is_full)
    }

    /// Returns the id up to which events are handed out, or none if no webhook gets any.
    pub(super) async fn handed_out_to_webhooks(&self) -> Result<Option<i64>, StoreError> {
        let receivers = self.receivers().await?;
        Ok(handed_out(&receivers, self.fact(HANDED_OUT).await?.as_deref()))
    }

    async fn receivers(&self) -> Result<Vec<Receiver>, StoreError> {
        sqlx::query_as(SELECT_RECEIVERS).fetch_all(&self.pool).await
    }

    /// Returns the webhooks that are on and have a queue that is due.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn due_webhooks(&self) -> Result<Vec<DueWebhook>, StoreError> {
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as(SELECT_DUE_WEBHOOKS).bind(now()).fetch_all(&self.pool).await?;
        let due = |(id, shop, failures): (String, _, _)| {
            Ok(DueWebhook { id: parse_id(&id)?, shop, failures })
        };
        rows.into_iter().map(due).collect()
    }

    /// Returns at most `limit` queues of a webhook that are due, the one that has been due for the longest time first.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn due_queues(
        &self,
        webhook: Ulid,
        limit: i64,
    ) -> Result<Vec<WebhookQueue>, StoreError> {
        let select = sqlx::query_scalar(SELECT_DUE_QUEUES).bind(webhook.to_string()).bind(now());
        let ids: Vec<String> = select.bind(limit).fetch_all(&self.pool).await?;
        let queue = |id: &String| Ok(WebhookQueue { webhook, transaction: parse_id(id)? });
        ids.iter().map(queue).collect()
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
        let next: Option<NextDelivery> = sqlx::query_as(SELECT_NEXT)
            .bind(queue.webhook.to_string())
            .bind(queue.transaction.to_string())
            .fetch_optional(&self.pool)
            .await?;
        let Some(next) = next else { return Ok(None) };
        let event = sqlx::query_as(SELECT_EVENT).bind(next.event_id);
        Ok(Some((next, event.fetch_optional(&self.pool).await?)))
    }

    /// Notes a try to deliver the next event of a queue, and what becomes of it.
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
        sqlx::query(SET_TRIED)
            .bind(&webhook)
            .bind(tried.event_id)
            .bind(state.stored())
            .bind(at)
            .bind(tried.status.map(i64::from))
            .bind(i64::try_from(tried.took.as_millis()).unwrap_or(i64::MAX))
            .bind(&tried.problem)
            .execute(&mut *tx)
            .await?;
        let due_at = if let Fate::Again(at, _) = fate { at } else { at };
        queue_is_due(&mut tx, queue, due_at).await?;
        match fate {
            Fate::Delivered => sqlx::query(SET_WORKING).bind(&webhook),
            Fate::Again(_, until) => {
                sqlx::query(COUNT_FAILURE).bind(&webhook).bind(until.unwrap_or_default())
            }
            Fate::Dead => sqlx::query(COUNT_FAILURE).bind(&webhook).bind(0_i64),
            Fate::SwitchedOff => sqlx::query(SWITCH_OFF).bind(&webhook).bind(at),
        }
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Makes all queues of a webhook due, because its receiver takes something again.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn webhook_takes_again(&self, webhook: Ulid) -> Result<(), StoreError> {
        self.run(sqlx::query(MAKE_ALL_DUE).bind(webhook.to_string()).bind(now())).await?;
        self.hints.webhooks.notify_one();
        Ok(())
    }

    /// Deletes a queue in which nothing waits.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn webhook_queue_is_empty(&self, queue: WebhookQueue) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        queue_is_due(&mut tx, queue, now()).await?;
        tx.commit().await
    }

    /// Gives up a delivery whose event was deleted meanwhile.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn webhook_event_expired(
        &self,
        queue: WebhookQueue,
        event_id: i64,
    ) -> Result<(), StoreError> {
        let tried = Tried { event_id, problem: Some(EXPIRED.to_owned()), ..Tried::default() };
        self.webhook_tried(queue, &tried, Fate::Dead).await
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

    /// Has all dead deliveries of a webhook sent again, together with the line in the audit log. Returns how many.
    ///
    /// # Errors
    /// If the database does not answer. Then a part of them may wait again already.
    pub async fn replay_dead(
        &self,
        (shop, webhook): (&str, Ulid),
        origin: &Origin,
    ) -> Result<u64, StoreError> {
        let (mut count, mut after) = (0, 0);
        loop {
            let dead: Vec<(i64, String)> = sqlx::query_as(SELECT_DEAD)
                .bind(webhook.to_string())
                .bind(after)
                .bind(DELIVERIES_PER_TX)
                .fetch_all(&self.pool)
                .await?;
            let Some((last, _)) = dead.last() else { return Ok(count) };
            let mut tx = self.begin_audited(shop).await?;
            wait_again(&mut tx, webhook, &dead).await?;
            if after == 0 {
                let line = origin.does(Action::WebhookReplayed, shop).with(webhook);
                audit_log::add(&mut tx, &[line]).await?;
            }
            tx.commit().await?;
            (after, count) = (*last, count + u64::try_from(dead.len()).unwrap_or_default());
        }
    }

    /// Deletes the deliveries that were over before `before`, and what belongs to deleted webhooks. Gives up what has
    /// waited since before `waiting_before` for a webhook that is off.
    ///
    /// # Errors
    /// If the database does not answer. The rest is done the next time.
    pub async fn clear_webhooks(&self, before: i64, waiting_before: i64) -> Result<(), StoreError> {
        let all = u64::try_from(DELIVERIES_PER_TX).unwrap_or_default();
        let delete = || sqlx::query(DELETE_OVER).bind(before).bind(DELIVERIES_PER_TX);
        while self.write_one(delete()).await? == all {}
        let end = || {
            let end = sqlx::query(END_WAITING_FOR_OFF).bind(waiting_before).bind(OFF_TOO_LONG);
            end.bind(DELIVERIES_PER_TX)
        };
        while self.write_one(end()).await? == all {}
        self.run(sqlx::query(DELETE_EMPTY_QUEUES_OF_OFF)).await?;
        // Nobody who read a webhook a moment before its deletion hands out anything to it any more.
        let deleted: Vec<String> =
            sqlx::query_scalar(SELECT_DELETED).bind(now() - 600_000).fetch_all(&self.pool).await?;
        for id in &deleted {
            let delete = || sqlx::query(DELETE_DELIVERIES_OF).bind(id).bind(DELIVERIES_PER_TX);
            while self.write_one(delete()).await? == all {}
            self.run(sqlx::query(DELETE_QUEUES_OF).bind(id)).await?;
            self.run(sqlx::query(DELETE_WEBHOOK).bind(id)).await?;
        }
        Ok(())
    }
}

/// Makes a queue due at a time, or deletes it if nothing is left in it. The first statement locks the row, so the second
/// one sees what somebody else put into the queue meanwhile.
async fn queue_is_due(tx: &mut Tx, queue: WebhookQueue, at: i64) -> Result<(), StoreError> {
    let (webhook, transaction) = (queue.webhook.to_string(), queue.transaction.to_string());
    let set = sqlx::query(SET_DUE).bind(&webhook).bind(&transaction).bind(at);
    set.execute(&mut **tx).await?;
    let delete = sqlx::query(DELETE_EMPTY_QUEUE).bind(&webhook).bind(&transaction);
    delete.execute(&mut **tx).await?;
    Ok(())
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
