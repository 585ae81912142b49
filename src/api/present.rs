//! What a shop sees of a transaction and of an entry.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::config::Config;
use crate::store::{Entry, Store, StoreError};
use crate::transaction::Transaction;

/// The transaction with its room, as JSON.
///
/// # Errors
/// When the database does not answer.
pub async fn present(
    store: &Store,
    config: &Config,
    transaction: &Transaction,
) -> Result<Value, StoreError> {
    let Transaction { id, terms, .. } = transaction;
    let room = store.room(*id).await?;
    let room = match room {
        None => Value::Null,
        Some(room) => {
            let unreached: Vec<_> = store
                .member_problems(*id)
                .await?
                .into_iter()
                .map(|(user, problem)| json!({ "matrix": user, "problem": problem }))
                .collect();
            json!({
                "id": room.room_id,
                "alias": format!("#{}:{}", room.alias_localpart, config.homeserver.domain),
                "state": room.state(),
                "version": room.room_version,
                "problem": room.problem,
                "unreached": unreached,
            })
        }
    };
    Ok(json!({
        "id": id.to_string(),
        "external_id": transaction.external_id,
        "revision": transaction.revision,
        "status": terms.status,
        "invoice": terms.invoice,
        "buyer": terms.buyer,
        "seller": terms.seller,
        "warnings": transaction.warnings,
        "room": room,
        "page": config.page_link(id),
        "created_at": iso(transaction.created_at),
        "updated_at": iso(transaction.updated_at),
    }))
}

/// One entry, as JSON.
pub(super) fn entry(entry: &Entry) -> Value {
    let nested = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    json!({
        "seq": entry.seq,
        "kind": entry.kind,
        "type": entry.event_type,
        "event_id": entry.event_id,
        "room_id": entry.room_id,
        "sender": entry.sender,
        "party": entry.party,
        "display_name": entry.display_name,
        "sent_at": iso(entry.sent_at),
        "received_at": iso(entry.received_at),
        "source": entry.source,
        "text": entry.text,
        "html": entry.html,
        "relates_to": entry.relates_to.as_deref().map(nested),
        "redacted": entry.redacted_by.is_some(),
        "redacted_by": entry.redacted_by.as_deref().filter(|id| !id.is_empty()),
        "attachments": nested(&entry.attachments),
        "remark": entry.remark,
    })
}

/// RFC 3339 in UTC, to the millisecond; none for a time that no calendar has.
fn iso(milliseconds: i64) -> Option<String> {
    Timestamp::from_millisecond(milliseconds).ok().map(|time| format!("{time:.3}"))
}
