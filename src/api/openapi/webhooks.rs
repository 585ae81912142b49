//! The JSON Schemas of webhooks, and of what became of the deliveries.

use serde_json::{Map, Value, json};

use super::events::event_type;
use super::schemas::{
    EVENT_ID, ULID, boolean, count, list, object, object_with, one_of, or_null, pattern, reference,
    said, text, time,
};
use crate::store::DeliveryState;

/// Returns the schemas, by name.
pub(super) fn webhook_schemas() -> Map<String, Value> {
    let types = || or_null(list(event_type()));
    let url = || json!({ "type": "string", "pattern": "^https?://", "maxLength": 2048 });
    let webhook = || {
        json!({
            "id": pattern(ULID),
            "url": text(),
            "types": types(),
            "enabled": boolean(),
            "disabled_at": or_null(time()),
            "disabled_because": { "enum": ["asked", "gone", null] },
            "failures": count(),
            "secrets": list(object(json!({ "until": or_null(time()) }))),
            "in_config": boolean(),
            "created_at": time(),
        })
    };
    let mut with_secret = webhook();
    let secret = or_null(text());
    with_secret["secret"] = said(secret, "It signs what is sent. Only this answer has it.");
    let delivery = object(json!({
        "event": pattern(EVENT_ID),
        "type": text(),
        "transaction": pattern(ULID),
        "state": one_of(&DeliveryState::ALL.map(|it| it.0)),
        "since": time(),
        "tries": count(),
        "tried_at": or_null(time()),
        "status": or_null(count()),
        "took_ms": or_null(count()),
        "problem": or_null(text()),
    }));
    let schemas = json!({
        "Webhook": object(webhook()),
        "WebhookWithSecret": object(with_secret),
        "Webhooks": object(json!({ "webhooks": list(reference("Webhook")) })),
        "NewWebhook": object_with(
            &["url"],
            json!({ "url": url(), "types": types(), "enabled": boolean() }),
        ),
        "WebhookChanges": object_with(
            &[],
            json!({ "url": or_null(url()), "types": types(), "enabled": or_null(boolean()) }),
        ),
        "NewSecret": object_with(
            &[],
            json!({ "overlap_hours": { "type": ["integer", "null"], "minimum": 0, "maximum": 720 } }),
        ),
        "WebhookTest": object(json!({
            "id": text(),
            "delivered": boolean(),
            "status": or_null(count()),
            "problem": or_null(text()),
            "took_ms": count(),
        })),
        "Delivery": delivery,
        "DeliveryPage": object(json!({
            "deliveries": list(reference("Delivery")),
            "next": said(or_null(pattern(EVENT_ID)), "The `cursor` of the next page; null on the last one."),
        })),
        "Replayed": object(json!({ "replayed": count() })),
    });
    match schemas {
        Value::Object(schemas) => schemas,
        _ => Map::new(),
    }
}
