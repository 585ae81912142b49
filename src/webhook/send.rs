//! Sends what is due, as many deliveries at the same time as the config allows.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use ulid::Ulid;

use super::client::{Answer, Client, Message, Verdict};
use super::retry::next_try;
use super::shares::{Claim, shares};
use crate::clock::now;
use crate::event::EventId;
use crate::feed::bodies;
use crate::logging::{Failures, abnormal_end};
use crate::store::{
    DueWebhook, EventRow, Fate, Lease, NextDelivery, Store, StoreError, Tried, Webhook,
    WebhookQueue, is_unreadable,
};

/// The shortest interval at which the database is asked for what is due, if there is no hint.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long a queue waits after the database failed, in milliseconds, so that others have their turn.
const PAUSE_AFTER_ERROR_MS: i64 = 5_000;
/// The number of due queues that are read for each place. Those on which other processes work are still due.
const QUEUES_READ_FOR_EACH_PLACE: usize = 8;
/// The greatest number of deliveries of one queue in a turn. Then others have their turn.
const DELIVERIES_PER_TURN: usize = 20;
/// A turn with a slow receiver ends with the first delivery after which it has lasted for so long.
const TURN: Duration = Duration::from_secs(1);
/// The greatest size of an event as it is sent, in bytes. A larger one is sent without its data.
const MAX_BODY_BYTES: usize = 512 * 1024;
/// Why an event was not sent.
const UNREADABLE: &str = "what it tells could not be read from the database; the log has the cause";

/// Sends events until `stop`. Then it waits for the tries in flight.
pub async fn send_forever(store: Store, client: Client, places: usize, stop: CancellationToken) {
    let sender = Arc::new(Sender { store: store.clone(), client, stop: stop.clone() });
    let mut running = JoinSet::new();
    let mut busy: HashMap<Ulid, usize> = HashMap::new();
    let mut failures = Failures::default();
    while !stop.is_cancelled() {
        let mut pause = POLL_INTERVAL;
        match due(&store, &busy, places).await {
            Ok(queues) => {
                failures.reset();
                if queues.is_empty() && running.is_empty() {
                    pause = store.pause_of_webhooks(POLL_INTERVAL).await.unwrap_or(POLL_INTERVAL);
                }
                for (queue, lease) in queues {
                    *busy.entry(queue.webhook).or_default() += 1;
                    let sender = Arc::clone(&sender);
                    running.spawn(async move {
                        let sending =
                            tokio::spawn(async move { lease.hold(sender.take_turn(queue)).await });
                        (queue, sending.await)
                    });
                }
            }
            Err(error) => {
                if failures.should_log(error.to_string()) {
                    tracing::error!(%error, "cannot read which webhooks are due; retrying");
                }
            }
        }
        tokio::select! {
            Some(finished) = running.join_next() => {
                if let Ok((queue, outcome)) = finished {
                    finish(&mut busy, queue, outcome.err());
                }
            }
            () = store.hints().webhooks.notified() => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
        while let Some(Ok((queue, outcome))) = running.try_join_next() {
            finish(&mut busy, queue, outcome.err());
        }
    }
    while running.join_next().await.is_some() {}
}

fn finish(
    busy: &mut HashMap<Ulid, usize>,
    queue: WebhookQueue,
    error: Option<tokio::task::JoinError>,
) {
    if let Some(count) = busy.get_mut(&queue.webhook) {
        *count = count.saturating_sub(1);
    }
    busy.retain(|_, count| *count > 0);
    if let Some(error) = error {
        let error = abnormal_end(&error);
        tracing::error!(%error, webhook = %queue.webhook, "a delivery ended abnormally; retrying");
    }
}

/// Returns due queues on which nobody works, each with its lease.
async fn due(
    store: &Store,
    busy: &HashMap<Ulid, usize>,
    places: usize,
) -> Result<Vec<(WebhookQueue, Lease)>, StoreError> {
    let free = places.saturating_sub(busy.values().sum());
    if free == 0 {
        return Ok(Vec::new());
    }
    let mut webhooks: Vec<DueWebhook> = store.due_webhooks().await?;
    if webhooks.is_empty() {
        return Ok(Vec::new());
    }
    // If there are more than places, each is the first one at some time.
    let start = rand::random_range(0..webhooks.len());
    webhooks.rotate_left(start);
    let claims: Vec<Claim<'_>> = webhooks
        .iter()
        .map(|it| Claim {
            shop: &it.shop,
            is_failing: it.failures > 0,
            running: busy.get(&it.id).copied().unwrap_or_default(),
        })
        .collect();
    let mut taken = Vec::new();
    for (webhook, share) in webhooks.iter().zip(shares(&claims, places, free)) {
        if share > 0 {
            let running = busy.get(&webhook.id).copied().unwrap_or_default();
            let limit = (running + share).saturating_mul(QUEUES_READ_FOR_EACH_PLACE);
            let queues = store.due_queues(webhook, limit).await?;
            taken.extend(store.lease("webhook", queues, share).await?);
        }
    }
    Ok(taken)
}

struct Sender {
    store: Store,
    client: Client,
    stop: CancellationToken,
}

impl Sender {
    /// Sends what waits in a queue, until something fails or others have their turn.
    async fn take_turn(&self, queue: WebhookQueue) {
        let span = tracing::info_span!("webhook", webhook = %queue.webhook, transaction = %queue.transaction);
        async {
            let begun = Instant::now();
            for _ in 0..DELIVERIES_PER_TURN {
                match self.send_next(queue).await {
                    Ok(true) if !self.stop.is_cancelled() && begun.elapsed() < TURN => {}
                    Ok(_) => return,
                    Err(error) => {
                        tracing::error!(%error, "the database failed; retrying this delivery");
                        tokio::time::sleep(POLL_INTERVAL).await;
                        // If this fails, too, the queue is due at once, as it was.
                        let later = now() + PAUSE_AFTER_ERROR_MS;
                        let _ = self.store.settle_webhook_queue(queue, later).await;
                        return;
                    }
                }
            }
        }
        .instrument(span)
        .await;
    }

    /// Sends the next event of a queue. Returns whether the one after it may follow at once.
    async fn send_next(&self, queue: WebhookQueue) -> Result<bool, StoreError> {
        // Somebody else may have worked on the queue since it was read that it is due.
        let webhook = self.store.webhook_to_send(queue.webhook, queue.transaction).await?;
        let Some(webhook) = webhook else { return Ok(false) };
        let Some((next, event)) = self.store.next_delivery(queue).await? else {
            self.store.settle_webhook_queue(queue, now()).await?;
            return Ok(false);
        };
        let Some(event) = event else {
            tracing::warn!(event = %EventId(next.event_id), "the event is not kept any more");
            self.store.webhook_event_expired(queue, next.event_id).await?;
            return Ok(true);
        };
        let answer = self.post(&webhook, &event).await?;
        let fate = fate(&answer, next, webhook.failures + 1, (now(), rand::random()));
        self.tell(&event, &answer, fate);
        let tried = Tried {
            event_id: next.event_id,
            status: answer.status,
            took: answer.took,
            problem: answer.problem,
        };
        self.store.webhook_tried(queue, &tried, fate).await?;
        Ok(matches!(fate, Fate::Delivered | Fate::Dead))
    }

    async fn post(&self, webhook: &Webhook, event: &EventRow) -> Result<Answer, StoreError> {
        // It says what the record says now. So the words of a message that was erased meanwhile are not sent.
        let body = match bodies(&self.store, std::slice::from_ref(event)).await {
            Ok(body) => body,
            // It is tried again, and given up at last. Otherwise the transaction would wait for it for ever.
            Err(error) if is_unreadable(&error) => {
                tracing::error!(%error, event = %EventId(event.id), "what an event tells cannot be read");
                return Ok(Answer::unsent(UNREADABLE));
            }
            Err(error) => return Err(error),
        };
        let message = Message {
            url: &webhook.url,
            secrets: &webhook.secrets_at(now()),
            id: &EventId(event.id).to_string(),
            body: within_bounds(body.into_iter().next().unwrap_or_default()),
        };
        Ok(self.client.post(&message).await)
    }

    fn tell(&self, event: &EventRow, answer: &Answer, fate: Fate) {
        let (id, status) = (EventId(event.id), answer.status);
        let problem = answer.problem.as_deref().unwrap_or_default();
        match fate {
            Fate::Delivered => tracing::debug!(event = %id, status, "an event was delivered"),
            Fate::Again(..) => {
                tracing::info!(event = %id, problem, "an event was not delivered; retrying");
            }
            Fate::Dead => {
                tracing::warn!(event = %id, problem, "an event was given up after three days")
            }
            Fate::SwitchedOff => {
                tracing::warn!(event = %id, "the receiver answered 410: the webhook is switched off");
            }
        }
    }
}

/// Returns what becomes of a delivery after this answer.
/// `in_a_row` counts the failed tries of this receiver, with this one.
fn fate(answer: &Answer, next: NextDelivery, in_a_row: i64, (now, jitter): (i64, f64)) -> Fate {
    match answer.verdict {
        Verdict::Taken => Fate::Delivered,
        Verdict::Gone => Fate::SwitchedOff,
        Verdict::Failed { pause } => {
            let until = pause.map(|it| now + i64::try_from(it.as_millis()).unwrap_or_default());
            match next_try((next.tries + 1, in_a_row), next.since, now, jitter) {
                Some(at) => Fate::Again(at, until),
                None => Fate::Dead,
            }
        }
    }
}

/// Writes an event, without its data if it is too large with them.
fn within_bounds(mut event: Value) -> Bytes {
    let text = event.to_string();
    if text.len() <= MAX_BODY_BYTES {
        return text.into();
    }
    event["data"] = json!({ "left_out": true });
    event.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::super::retry::TRIED_FOR_MS;
    use super::*;

    fn answer(verdict: Verdict) -> Answer {
        Answer { verdict, status: None, problem: None, took: Duration::ZERO }
    }

    #[test]
    fn the_answer_decides_what_becomes_of_a_delivery() {
        let next = NextDelivery { event_id: 7, since: 0, tries: 0 };
        let after = |verdict, now| fate(&answer(verdict), next, 1, (now, 0.0));
        assert_eq!(after(Verdict::Taken, 10), Fate::Delivered);
        assert_eq!(after(Verdict::Gone, 10), Fate::SwitchedOff);
        let failed = Verdict::Failed { pause: None };
        assert_eq!(after(failed, 10), Fate::Again(2_010, None));
        assert_eq!(after(failed, TRIED_FOR_MS), Fate::Dead);
        let asked = Verdict::Failed { pause: Some(Duration::from_secs(60)) };
        assert_eq!(after(asked, 10), Fate::Again(2_010, Some(60_010)));
    }

    #[test]
    fn what_cannot_be_read_is_a_failed_try_and_a_database_that_does_not_answer_is_none() {
        let column =
            || StoreError::ColumnDecode { index: "data".to_owned(), source: "no JSON".into() };
        assert!(is_unreadable(&column()) && is_unreadable(&StoreError::Decode("no JSON".into())));
        assert!(!is_unreadable(&StoreError::PoolTimedOut));
        let next = NextDelivery { event_id: 7, since: 0, tries: 0 };
        let fate = |now| fate(&Answer::unsent(UNREADABLE), next, 1, (now, 0.0));
        assert_eq!((fate(10), fate(TRIED_FOR_MS)), (Fate::Again(2_010, None), Fate::Dead));
    }

    #[test]
    fn an_event_that_is_too_large_is_sent_without_its_data() {
        let small = json!({ "id": "evt_1", "data": { "entry": { "text": "hello" } } });
        assert_eq!(within_bounds(small.clone()), small.to_string());
        let large =
            json!({ "id": "evt_1", "data": { "entry": { "text": "x".repeat(MAX_BODY_BYTES) } } });
        let sent: Value = serde_json::from_slice(&within_bounds(large)).unwrap();
        assert_eq!(sent, json!({ "id": "evt_1", "data": { "left_out": true } }));
    }
}
