//! The events of the feed are handed out to the webhooks that want them: each becomes a delivery.

use std::collections::BTreeSet;

use sqlx::FromRow;

use super::many_rows::ManyRows;
use super::webhook_queues::UPSERT_QUEUES;
use super::{Store, StoreError};
use crate::clock::now;
use crate::notices::Work;

/// The greatest number of events that are handed out in one tx.
const HANDED_OUT_PER_TX: i64 = 500;
/// The name of the fact that holds the id of the last event that was handed out.
const HANDED_OUT: &str = "webhooks_handed_out";
/// Its value before any event was handed out.
const NOTHING_HANDED_OUT: &str = "0";

const SELECT_RECEIVERS: &str =
    "SELECT id, shop, types, after_event FROM webhooks WHERE deleted_at IS NULL ORDER BY id";
const SELECT_NEW_EVENTS: &str = "SELECT id, shop, transaction_id, kind FROM events \
     WHERE id > $1 AND id <= $2 AND shop IN (SELECT shop FROM webhooks WHERE deleted_at IS NULL) \
     ORDER BY id LIMIT $3";
const INSERT_HANDED_OUT: &str =
    "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
/// Of two processes that do the same, one changes no row.
const SET_HANDED_OUT: &str = "UPDATE facts SET value = $2 WHERE name = $1 AND value = $3";
pub(super) static INSERT_DELIVERIES: ManyRows = ManyRows::new(
    "INSERT INTO webhook_deliveries (webhook_id, event_id, transaction_id, kind, since) VALUES ",
    5,
    " ON CONFLICT (webhook_id, event_id) DO NOTHING",
);

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
}

/// Returns up to where everything is handed out: what no webhook gets is passed over. None if there are no webhooks.
fn handed_out(receivers: &[Receiver], noted: Option<&str>) -> Option<i64> {
    let earliest = receivers.iter().map(|it| it.after_event).min()?;
    Some(noted.and_then(|it| it.parse().ok()).unwrap_or(0).max(earliest))
}
