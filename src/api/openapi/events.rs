//! What the OpenAPI document says about events, in the feed and as they are sent to webhooks.

use serde_json::{Map, Value, json};

use super::schemas::{
    EVENT_ID, ULID, count, object, one_of, or_null, pattern, reference, role, text, time,
};
use crate::event::EventKind;

/// The pattern of a place in the feed.
pub(super) const EVENT_CURSOR: &str = "^(latest|evt_[0-7][0-9a-hjkmnp-tv-z]{12})$";

/// Returns the pattern of names of types with commas between them.
pub(super) fn types_pattern() -> String {
    let names: Vec<_> = EventKind::ALL.iter().map(|it| it.as_str().replace('.', r"\.")).collect();
    let one = format!("({})", names.join("|"));
    format!("^{one}( *, *{one})*$")
}

/// One of the types of events.
pub(super) fn event_type() -> Value {
    one_of(&EventKind::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>())
}

/// Returns the schema of each event, by name, and `Event`, which is any of them.
pub(super) fn event_schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    let mut mapping = Map::new();
    for kind in EventKind::ALL {
        let (summary, data) = told(*kind);
        let mut schema = event(json!({ "const": kind.as_str() }), data);
        schema["description"] = json!(summary);
        let name = schema_name(*kind);
        mapping.insert(kind.as_str().to_owned(), reference(&name)["$ref"].clone());
        schemas.insert(name, schema);
    }
    let any: Vec<_> = EventKind::ALL.iter().map(|it| reference(&schema_name(*it))).collect();
    let event_of_any_type = json!({
        "description": "Later versions may have further types. Ignore those that you do not know.",
        "oneOf": any,
        "discriminator": { "propertyName": "type", "mapping": mapping },
    });
    schemas.insert("Event".to_owned(), event_of_any_type);
    let left_out = object(json!({ "left_out": { "const": true } }));
    let mut without_data = event(event_type(), left_out);
    without_data["description"] =
        json!("An event that is too large for a webhook. `GET /api/v1/events` has its data.");
    schemas.insert("EventWithoutData".to_owned(), without_data);
    schemas.insert(
        "WebhookTestEvent".to_owned(),
        object(json!({
            "id": pattern("^evt_test_[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
            "type": { "const": "webhook.test" },
            "timestamp": time(),
            "transaction": { "type": "null" },
            "data": object(json!({ "webhook": pattern(ULID) })),
        })),
    );
    schemas
}

/// Returns what is sent to webhooks, by type.
pub(super) fn sent_to_webhooks() -> Map<String, Value> {
    let mut webhooks = Map::new();
    for kind in EventKind::ALL {
        let any = [reference(&schema_name(*kind)), reference("EventWithoutData")];
        webhooks.insert(
            kind.as_str().to_owned(),
            sent(&camel_case(kind.as_str()), told(*kind).0, json!({ "anyOf": any })),
        );
    }
    let test = sent("WebhookTest", "The shop asked for a test.", reference("WebhookTestEvent"));
    webhooks.insert("webhook.test".to_owned(), test);
    webhooks
}

/// Returns a message to a receiver, as OpenAPI has it.
fn sent(name: &str, summary: &str, schema: Value) -> Value {
    let header = |name: &str, description: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": description,
            "schema": text(),
        })
    };
    let parameters = [
        header("webhook-id", "The id of the event, which is the same in each try."),
        header("webhook-timestamp", "When this try was made, in seconds since 1970."),
        header("webhook-signature", "A signature for each secret (Standard Webhooks)."),
    ];
    json!({ "post": {
        "operationId": format!("receive{name}"),
        "tags": ["Webhooks"],
        "summary": summary,
        "parameters": parameters,
        "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } },
        "responses": {
            "2XX": { "description": "The receiver has the event." },
            "410": { "description": "The receiver wants no events any more: the webhook is switched off." },
            "default": { "description": "The event is sent again later." },
        },
        "security": [],
    } })
}

fn event(kind: Value, data: Value) -> Value {
    object(json!({
        "id": pattern(EVENT_ID),
        "type": kind,
        "timestamp": time(),
        "transaction": object(json!({ "id": pattern(ULID), "external_id": text() })),
        "data": data,
    }))
}

fn schema_name(kind: EventKind) -> String {
    format!("{}Event", camel_case(kind.as_str()))
}

/// Such as `TransactionStatusChanged` for `transaction.status_changed`.
fn camel_case(name: &str) -> String {
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => word.to_owned(),
    };
    name.split(['.', '_']).map(word).collect()
}

/// Returns what happened, and the schema of the data.
fn told(kind: EventKind) -> (&'static str, Value) {
    let text_or_null = || or_null(text());
    let count_or_null = || or_null(count());
    let revision = || {
        object(json!({
            "revision": count(), "status": text_or_null(), "previous_status": text_or_null(),
        }))
    };
    let entry = || object(json!({ "entry": or_null(reference("Entry")) }));
    let payment = || object(json!({ "payment": or_null(reference("Payment")) }));
    let note = || object(json!({ "note": pattern(ULID), "party": role() }));
    let came_or_left = || object(json!({ "party": role(), "user_id": text(), "seq": count() }));
    match kind {
        EventKind::TransactionCreated => ("The shop handed in a transaction.", revision()),
        EventKind::TransactionUpdated => ("The transaction has a new revision.", revision()),
        EventKind::TransactionStatusChanged => (
            "The new revision has another status, or the invoice is overdue now, without a new revision.",
            revision(),
        ),
        EventKind::EntryCreated => ("Somebody said something, reacted or voted.", entry()),
        EventKind::EntryEdited => ("Somebody edited a message.", entry()),
        EventKind::EntryRedacted => ("Somebody removed a message in the room.", entry()),
        EventKind::EntryErased => ("The content of an entry was erased from the record.", entry()),
        EventKind::FileStored => (
            "A file that somebody sent is kept, and can be fetched.",
            object(json!({
                "seq": count_or_null(), "sha256": text_or_null(), "size": count_or_null(),
                "media_type": text_or_null(), "href": text_or_null(),
            })),
        ),
        EventKind::PaymentAdded => ("The shop handed in a payment.", payment()),
        EventKind::PaymentTakenBack => ("The shop took a payment back.", payment()),
        EventKind::NoteCreated => ("A side has a new note.", note()),
        EventKind::NoteRemoved => ("The words of a note were removed.", note()),
        EventKind::MailHeld => (
            "An answer by e-mail is held back.",
            object(json!({
                "mail": pattern(ULID), "party": role(),
                "reason": one_of(&["other_address", "perhaps_program", "too_many"]),
            })),
        ),
        EventKind::MailUndelivered => (
            "A mail to a contact could not be delivered.",
            object(json!({ "mail": pattern(ULID), "party": role(), "status": text_or_null() })),
        ),
        EventKind::PartyJoined => ("Somebody of a party is in the room now.", came_or_left()),
        EventKind::PartyLeft => ("Somebody of a party left the room.", came_or_left()),
        EventKind::PartyRead => (
            "Somebody of a party read further than before.",
            object(json!({
                "party": role(), "user_id": text(), "event_id": text(), "seq": count_or_null(),
            })),
        ),
        EventKind::PartyOpenedPage => (
            "Somebody was let in on the invoice page.",
            object(json!({
                "party": or_null(role()),
                "contact": text_or_null(),
                "way": or_null(one_of(&["link", "matrix", "shop"])),
                "link": or_null(pattern(ULID)),
            })),
        ),
        EventKind::RoomReady => ("The room is made.", object(json!({ "room_id": text_or_null() }))),
        EventKind::RoomProblem => (
            "Something cannot be done in the room.",
            object(json!({ "step": text_or_null(), "problem": text() })),
        ),
        EventKind::RoomHealed => {
            ("A problem of the room is gone.", object(json!({ "step": text_or_null() })))
        }
        EventKind::HeadSigned => (
            "The head of the record was signed.",
            object(json!({
                "seq": count(), "acts": count_or_null(), "signed_at": or_null(time()),
                "public_key": text_or_null(), "head": or_null(json!({ "type": "object" })),
            })),
        ),
    }
}
