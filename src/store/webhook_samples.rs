//! Webhooks with something to send, for the tests of what becomes of it.

use ulid::Ulid;

use super::tests::root;
use super::webhook_events::INSERT_DELIVERIES;
use super::webhook_queues::UPSERT_QUEUES;
use super::{NewWebhook, Store, Tried, WebhookQueue};
use crate::clock::now;

/// A webhook and a queue of it with this many deliveries. The transactions are not there.
pub(super) async fn with_queue(store: &Store, waiting: i64) -> WebhookQueue {
    let (webhook, transaction) = (Ulid::new(), Ulid::new());
    let new = NewWebhook { id: webhook, shop: "shop", url: "https://h/", types: "", is_on: true };
    store.add_webhook(&new, &root()).await.unwrap();
    let (of, about) = (webhook.to_string(), transaction.to_string());
    let mut tx = store.begin().await.unwrap();
    UPSERT_QUEUES.insert(&mut tx, &[(of.as_str(), about.as_str(), now())]).await.unwrap();
    let rows: Vec<_> =
        (1..=waiting).map(|it| (of.as_str(), it, about.as_str(), "entry.created", now())).collect();
    INSERT_DELIVERIES.insert(&mut tx, &rows).await.unwrap();
    tx.commit().await.unwrap();
    WebhookQueue { webhook, transaction }
}

/// A try of this event at which nothing went wrong.
pub(super) fn tried(event_id: i64) -> Tried {
    Tried { event_id, ..Tried::default() }
}
