//! The feed: what shops are told of their transactions, as JSON.

mod about;
mod entry;
mod news;
mod payment;

pub use entry::entry;
pub use news::News;
pub use payment::payment;

use serde_json::{Map, Value, json};

use self::about::About;
use crate::clock::iso;
use crate::event::{EventId, EventKind};
use crate::store::{EventRow, Store, StoreError};

/// Returns events as JSON, in the same order, with what the records say now. It takes a few statements for each 128
/// events, and none for kinds that are not among them.
///
/// # Errors
/// If the database does not answer or holds an unreadable value.
pub async fn bodies(store: &Store, events: &[EventRow]) -> Result<Vec<Value>, StoreError> {
    let about = About::read(store, events).await?;
    Ok(events.iter().map(|event| body(event, &about)).collect())
}

fn body(event: &EventRow, about: &About) -> Value {
    json!({
        "id": EventId(event.id).to_string(),
        "type": event.kind,
        "timestamp": iso(event.at),
        "transaction": { "id": event.transaction_id, "external_id": event.external_id },
        "data": data(event, about),
    })
}

/// Returns what the event tells. docs/integrating.md has the shape for each kind.
fn data(event: &EventRow, about: &About) -> Value {
    let detail = detail_of(event);
    match EventKind::from_text(&event.kind) {
        Some(
            EventKind::TransactionCreated
            | EventKind::TransactionUpdated
            | EventKind::TransactionStatusChanged,
        ) => about.revision(event, detail),
        Some(
            EventKind::EntryCreated
            | EventKind::EntryEdited
            | EventKind::EntryRedacted
            | EventKind::EntryErased,
        ) => json!({ "entry": about.entry(event) }),
        Some(EventKind::FileStored) => about.file(event),
        Some(EventKind::PaymentAdded | EventKind::PaymentTakenBack) => about.payment(event),
        Some(EventKind::PartyJoined | EventKind::PartyLeft) => {
            with(detail, "seq", json!(event.subject))
        }
        Some(EventKind::PartyRead) => {
            let seq = about.seq(event, &detail);
            with(detail, "seq", seq)
        }
        Some(EventKind::PartyOpenedPage) => about.visit(&detail),
        Some(EventKind::HeadSigned) => about.head(event, &detail),
        // A kind of a later version says in its detail what this one can show.
        Some(
            EventKind::NoteCreated
            | EventKind::NoteRemoved
            | EventKind::MailHeld
            | EventKind::MailUndelivered
            | EventKind::RoomReady
            | EventKind::RoomProblem
            | EventKind::RoomHealed,
        )
        | None => Value::Object(detail),
    }
}

/// Returns the detail of an event, which is empty if there is none.
fn detail_of(event: &EventRow) -> Map<String, Value> {
    event.detail.as_deref().and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default()
}

fn with(mut detail: Map<String, Value>, name: &str, value: Value) -> Value {
    detail.insert(name.to_owned(), value);
    Value::Object(detail)
}
