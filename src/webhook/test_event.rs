//! The event that a shop can have sent to try a receiver. It is not in the feed.

use serde_json::json;
use ulid::Ulid;

use super::client::{Answer, Client, Message};
use crate::clock::{iso, now};
use crate::store::Webhook;

/// The type of the event.
const TEST: &str = "webhook.test";

/// Sends a test event to a webhook, once, also if it is switched off. Returns its id and the answer.
pub async fn send_test_event(client: &Client, webhook: &Webhook) -> (String, Answer) {
    let at = now();
    let id = format!("evt_test_{}", Ulid::new());
    let body = json!({
        "id": id, "type": TEST, "timestamp": iso(at), "transaction": null,
        "data": { "webhook": webhook.id.to_string() },
    });
    let message = Message {
        url: &webhook.url,
        secrets: &webhook.secrets_at(at),
        id: &id,
        body: body.to_string().into(),
    };
    let answer = client.post(&message).await;
    (id, answer)
}
