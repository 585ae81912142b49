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
use crate::config::DatabaseKind;
use crate::notices::Work;

/// The greatest number of events that are handed out in one tx.
const HANDED_OUT_PER_TX: i64 = 500;
/// How many deliveries are changed or deleted in one tx, so that others can write in between.
const DELIVERIES_PER_TX: i64 = 500;
/// The greatest number of dead deliveries that one call has sent again.
const REPLAYED_PER_CALL: u64 = 10_000;
/// The name of the fact that holds the id of the last event that was handed out.
const HANDED_OUT: &str = "webhooks_handed_out";
/// Its value before any event was handed out.
const NOTHING_HANDED_OUT: &str = "0";
/// How long a deleted webhook stays before it is cleared away, in milliseconds. Nobody who read it a moment before its
/// deletion hands out anything to it any more.
const CLEARED_AFTER_MS: i64 = 600_000;
/// The longest pause between two tries, in milliseconds, if the receiver takes nothing at all.
pub const LONGEST_PAUSE_MS: i64 = 3_600_000;
/// The same if the receiver takes other events. A queue that has to wait for longer is due at once: it was put off while
/// the receiver took nothing, or the clock was put back.
pub const LONGEST_PAUSE_OF_WORKING_MS: i64 = 60_000;
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
const SET_TRIED: &str = "UPDATE webhook_deliveries SET state = $3, tries = tries + 1, tried_at = $4, \
     status = $5, took_ms = $6, problem = $7 WHERE webhook_id = $1 AND event_id = $2 AND state = 0";
const GIVE_UP: &str = "UPDATE webhook_deliveries SET state = 2, problem = $3 \
     WHERE webhook_id = $1 AND event_id = $2 AND state = 0";
const SET_DUE: &str =
    "UPDATE webhook_queues SET due_at = $3 WHERE webhook_id = $1 AND transaction_id = $2";
const DELETE_EMPTY_QUEUE: OfQueue = of_queue!(
    "DELETE FROM webhook_queues WHERE webhook_id = $1 AND transaction_id = $2 \
     AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d",
    "WHERE d.webhook_id = $1 AND d.transaction_id = $2 AND d.state = 0)"
);
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
                .bind(DELIVERIES_PER_TX)
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

/// Makes a queue due at a time, or deletes it if nothing is left in it. The first statement locks the row, so the second
/// one sees what somebody else put into the queue meanwhile.
async fn settle_queue(tx: &mut Tx, queue: WebhookQueue, at: i64) -> Result<(), StoreError> {
    let (webhook, transaction) = (queue.webhook.to_string(), queue.transaction.to_string());
    let set = sqlx::query(SET_DUE).bind(&webhook).bind(&transaction).bind(at);
    set.execute(&mut **tx).await?;
    let delete = sqlx::query(DELETE_EMPTY_QUEUE.on(tx.kind())).bind(&webhook).bind(&transaction);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{NewWebhook, WebhookChange};

    /// A webhook and a queue of it with this many deliveries. The transactions are not there.
    async fn with_queue(store: &Store, waiting: i64) -> WebhookQueue {
        let (webhook, transaction) = (Ulid::new(), Ulid::new());
        let new =
            NewWebhook { id: webhook, shop: "shop", url: "https://h/", types: "", is_on: true };
        store.add_webhook(&new, &root()).await.unwrap();
        let (of, about) = (webhook.to_string(), transaction.to_string());
        let mut tx = store.begin().await.unwrap();
        UPSERT_QUEUES.insert(&mut tx, &[(of.as_str(), about.as_str(), now())]).await.unwrap();
        let rows: Vec<_> = (1..=waiting)
            .map(|it| (of.as_str(), it, about.as_str(), "entry.created", now()))
            .collect();
        INSERT_DELIVERIES.insert(&mut tx, &rows).await.unwrap();
        tx.commit().await.unwrap();
        WebhookQueue { webhook, transaction }
    }

    async fn due(store: &Store) -> Vec<WebhookQueue> {
        let mut due = Vec::new();
        for webhook in store.due_webhooks().await.unwrap() {
            due.extend(store.due_queues(&webhook, 9).await.unwrap());
        }
        due
    }

    fn tried(event_id: i64) -> Tried {
        Tried { event_id, ..Tried::default() }
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
        sqlx::query("UPDATE webhooks SET failures = 0").execute(&store.writing).await.unwrap();
        assert_eq!(due(&store).await, [queue]);
        assert!(store.webhook_to_send(queue.webhook, queue.transaction).await.unwrap().is_some());
        // A pause of a receiver that works is kept.
        store.webhook_tried(queue, &tried(1), soon).await.unwrap();
        sqlx::query("UPDATE webhooks SET failures = 0").execute(&store.writing).await.unwrap();
        assert_eq!(due(&store).await, []);
        // A clock that was put back delays nothing for long.
        store.settle_webhook_queue(queue, now() + 2 * LONGEST_PAUSE_MS).await.unwrap();
        sqlx::query("UPDATE webhooks SET failures = 3").execute(&store.writing).await.unwrap();
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
        sqlx::query(sqlx::AssertSqlSafe(older)).execute(&store.writing).await.unwrap();
        store.clear_webhooks(0, 0).await.unwrap();
        assert_eq!(left(other).await, []);
    }
}
