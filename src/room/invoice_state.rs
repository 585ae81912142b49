//! The state events that hold the whole invoice as JSON.

use serde_json::{Value, json};

use super::state_event::StateEvent;
use crate::names::{INVOICE_LINES_STATE, INVOICE_STATE};
use crate::transaction::{Party, Transaction};

/// The greatest size of the invoice JSON in one event, in bytes. A whole event may have 65,536
/// bytes (Client-Server API, "Size limits"), of which signatures and references take a few hundred.
const MAX_EVENT_BYTES: usize = 48 * 1024;

/// Returns the invoice as one state event. If that is too large, the lines of the invoice are in
/// further state events, and the first one has the number of those.
pub(super) fn invoice_state(transaction: &Transaction) -> Vec<StateEvent> {
    let terms = &transaction.terms;
    let mut content = json!({
        "transaction": {
            "id": transaction.id.to_string(),
            "revision": transaction.revision,
            "status": terms.status,
        },
        "invoice": terms.invoice,
        "buyer": without_contacts(&terms.buyer),
        "seller": without_contacts(&terms.seller),
    });
    let mut parts = Vec::new();
    if content.to_string().len() > MAX_EVENT_BYTES
        && let Some(lines) = content["invoice"].as_object_mut().and_then(|it| it.remove("lines"))
    {
        parts = split(lines);
        content["line_parts"] = json!(parts.len());
    }
    let main =
        StateEvent { event_type: INVOICE_STATE.to_owned(), state_key: String::new(), content };
    let parts = parts.into_iter().enumerate().map(|(index, lines)| StateEvent {
        event_type: INVOICE_LINES_STATE.to_owned(),
        state_key: (index + 1).to_string(),
        content: json!({ "revision": transaction.revision, "lines": lines }),
    });
    std::iter::once(main).chain(parts).collect()
}

/// Returns the part of a party that the other party may see. Only the shop sees the contacts.
fn without_contacts(party: &Party) -> Value {
    json!({ "name": party.name, "vat_id": party.vat_id, "address": party.address })
}

/// Splits the lines of an invoice into parts of at most [`MAX_EVENT_BYTES`].
fn split(lines: Value) -> Vec<Vec<Value>> {
    let Value::Array(lines) = lines else { return Vec::new() };
    let mut parts: Vec<Vec<Value>> = Vec::new();
    let mut bytes = 0;
    for line in lines {
        let size = line.to_string().len() + 1;
        if parts.is_empty() || bytes + size > MAX_EVENT_BYTES {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(part) = parts.last_mut() {
            part.push(line);
        }
    }
    parts
}
