//! The JSON Schemas of what calls take and answer. An object that we answer names all of its members, and has no
//! others: tests check each answer that they get.

use serde_json::{Map, Value, json};

use crate::invoice::{address_schema, schema as invoice_schema};
use crate::language::LanguageTag;
use crate::record::{Kind, MAX_NAME_CHARS};
use crate::room::message_content::{MAX_FILES, MAX_TEXT_BYTES};
use crate::transaction::Status;

/// The pattern of a place in a list of transactions.
pub(super) const LIST_CURSOR: &str = "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}(-[0-9]{1,18})?$";
/// The pattern of a ULID, in capital or small letters.
pub(super) const ULID: &str = "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$";

/// The pattern of the id of an event.
pub(super) const EVENT_ID: &str = "^evt_[0-7][0-9a-hjkmnp-tv-z]{12}$";

/// A text.
pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

/// A whole number within these bounds.
pub(super) fn number(min: i64, max: i64) -> Value {
    json!({ "type": "integer", "minimum": min, "maximum": max })
}

/// A whole number from 0.
pub(super) fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

/// One of these texts.
pub(super) fn one_of(texts: &[&str]) -> Value {
    json!({ "type": "string", "enum": texts })
}

/// A text of this form.
pub(super) fn pattern(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

/// A schema of this document.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The same, or `null`.
pub(super) fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// A list of these.
pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// A time in UTC, with milliseconds.
pub(super) fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

/// An object that has all of these members, and no others.
pub(super) fn object(properties: Value) -> Value {
    let names: Vec<&String> = properties.as_object().into_iter().flat_map(Map::keys).collect();
    json!({
        "type": "object",
        "required": names,
        "properties": properties,
        "additionalProperties": false,
    })
}

/// An object that has these members, but may lack some of them, and has no others.
pub(super) fn object_with(required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}

/// An object that is answered where another one is, with further members.
fn with(mut schema: Value, more: Value) -> Value {
    for (name, property) in more.as_object().cloned().unwrap_or_default() {
        schema["properties"][&name] = property;
        if let Some(required) = schema["required"].as_array_mut() {
            required.push(json!(name));
        }
    }
    schema
}

/// A schema with a sentence about it.
pub(super) fn said(mut schema: Value, description: &str) -> Value {
    schema["description"] = json!(description);
    schema
}

/// Returns the schemas, by name, but those of events and webhooks.
pub(super) fn schemas() -> Value {
    let mut all = json!({
        "Invoice": invoice(),
        "Contact": contact(),
        "ContactChanges": contact_changes(),
        "Party": party(true),
        "PartyChanges": party_changes(),
        "PartyBeside": party(false),
        "Submission": submission(),
        "Accompaniment": accompaniment(),
        "TransactionChanges": transaction_changes(json!({ "$ref": "#/components/schemas/Invoice" })),
        "TransactionMergePatch": transaction_changes(said(
            json!({ "type": "object" }),
            "Members of the invoice that change; null removes one.",
        )),
        "InvitationRequest": object_with(&[], json!({ "matrix": or_null(matrix_id()) })),
        "LinkRequest": link_request(),
        "NewMessage": object_with(&["text"], new_message()),
        "NewNote": new_note(),
        "NewPayment": new_payment(),
        "Problem": problem(),
        "Finding": finding(),
        "MailContact": mail_contact(),
        "Inspection": object(json!({
            "valid": said(boolean(), "Whether it breaks no rule that other programs refuse it for."),
            "taken": said(boolean(), "Whether it would be taken in."),
            "findings": list(reference("Finding")),
        })),
    });
    let answers = json!({
        "Transaction": transaction(),
        "TransactionPage": object(json!({
            "transactions": list(reference("Transaction")),
            "next": said(or_null(pattern(LIST_CURSOR)), "The `cursor` of the next page; null on the last one."),
        })),
        "Standing": standing(),
        "Message": message(),
        "Note": note(),
        "NotePage": object(json!({
            "notes": list(reference("Note")),
            "next": said(or_null(pattern(ULID)), "The `after` of the next call; null if there is no note yet."),
            "more": said(boolean(), "Whether there are more notes already."),
        })),
        "HeldMail": held_mail(),
        "HeldMails": object(json!({
            "mails": list(reference("HeldMail")),
            "undelivered": list(object(json!({
                "id": pattern(ULID),
                "party": role(),
                "contact": said(text(), "The contact to whom our mail was sent."),
                "to": said(text(), "The address."),
                "status": said(or_null(text()), "The code of the mail server (RFC 3463), such as 5.1.1."),
                "arrived_at": time(),
            }))),
        })),
        "Payment": payment(),
        "Payments": object(json!({
            "payments": said(list(reference("Payment")), "Also those that were taken back."),
            "standing": reference("Standing"),
        })),
        "EventPage": object(json!({
            "events": list(reference("Event")),
            "next": said(pattern(EVENT_ID), "The `after` of the next call."),
            "more": said(boolean(), "Whether there are more events already."),
        })),
        "Room": room(),
        "RoomMember": room_member(),
        "Contacts": object(json!({ "contacts": list(reference("Contact")) })),
        "Entry": entry(),
        "FoundEntry": with(entry(), json!({
            "transaction": pattern(ULID),
            "snippet": said(
                list(object(json!({ "text": text(), "match": boolean() }))),
                "A part of the text, in pieces.",
            ),
        })),
        "EntryPage": object(json!({
            "entries": list(reference("Entry")),
            "next": said(count(), "The `after` of the next call."),
            "more": said(boolean(), "Whether there are more entries already."),
        })),
        "SearchPage": object(json!({
            "entries": list(reference("FoundEntry")),
            "next": said(or_null(text()), "The `cursor` of the next page; null on the last one."),
            "older_matches": said(boolean(), "Whether there may be more matches, which are not ranked."),
            "searched_until": said(time(), "What was in the record at this time is searched."),
        })),
        "Attachment": attachment(),
        "Link": link(),
        "Links": object(json!({ "links": list(reference("Link")) })),
        "NewLink": object(json!({
            "id": pattern(ULID),
            "url": said(json!({ "type": "string", "format": "uri" }), "It is a secret: whoever has it is let in."),
            "party": role(),
            "contact": or_null(text()),
            "expires_at": time(),
        })),
        "AuditLine": audit_line(),
        "AuditPage": object(json!({
            "lines": list(reference("AuditLine")),
            "next": said(count(), "The `after` of the next call."),
            "more": said(boolean(), "Whether there are more lines already."),
        })),
    });
    if let (Some(all), Value::Object(answers)) = (all.as_object_mut(), answers) {
        all.extend(answers);
    }
    all
}

pub(super) fn boolean() -> Value {
    json!({ "type": "boolean" })
}

pub(super) fn role() -> Value {
    one_of(&["buyer", "seller"])
}

fn matrix_id() -> Value {
    json!({ "type": "string", "pattern": "^@[^:]+:.+$", "maxLength": 255 })
}

/// The schema at `/api/v1/invoice.schema.json`, which is complete without this document.
fn invoice() -> Value {
    let mut schema = invoice_schema();
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        object.insert("description".to_owned(), json!("The same as /api/v1/invoice.schema.json."));
    }
    schema
}

fn short_text() -> Value {
    json!({ "type": ["string", "null"], "maxLength": 200 })
}

fn contact() -> Value {
    object_with(
        &[],
        json!({
            "name": said(short_text(), "The name of the person or department."),
            "matrix": said(or_null(matrix_id()), "The Matrix account, which is invited to the room."),
            "duty": said(short_text(), "Such as `accounts receivable`."),
            "email": short_text(),
        }),
    )
}

fn contact_changes() -> Value {
    said(contact(), "What changes. What is left out stays as it is; null removes it (RFC 7396).")
}

fn party(is_whole: bool) -> Value {
    let name = said(text(), "It may be left out with an invoice in XML or PDF, which has it.");
    let members = json!({
        "name": name,
        "vat_id": { "type": ["string", "null"] },
        "address": or_null(address_schema()),
        "contacts": { "type": "array", "maxItems": 50, "items": reference("Contact") },
    });
    object_with(if is_whole { &["name"] } else { &[] }, members)
}

fn party_changes() -> Value {
    object_with(
        &[],
        json!({
            "name": text(),
            "vat_id": { "type": ["string", "null"] },
            "address": said(
                json!({ "type": ["object", "string", "null"] }),
                "Members of the address that change, or a new one as a text.",
            ),
            "contacts": said(
                json!({ "type": ["array", "null"], "maxItems": 50, "items": reference("Contact") }),
                "The whole new list.",
            ),
        }),
    )
}

fn external_id() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 255, "description": "The shop's own id." })
}

fn status() -> Value {
    json!({ "type": ["string", "null"], "minLength": 1, "maxLength": 40 })
}

fn redactions() -> Value {
    let policy = json!({ "enum": ["honour", "retain", null] });
    said(policy, "Whether removed messages are erased here, too. Without it, the config decides.")
}

fn language() -> Value {
    let tag = json!({ "type": ["string", "null"], "pattern": LanguageTag::pattern() });
    said(
        tag,
        "The language of what the bot writes in the room. Without it, it is that of the shop.",
    )
}

fn submission() -> Value {
    object_with(
        &["external_id", "invoice", "buyer", "seller"],
        json!({
            "external_id": external_id(),
            "status": status(),
            "invoice": reference("Invoice"),
            "buyer": reference("Party"),
            "seller": reference("Party"),
            "redactions": redactions(),
            "language": language(),
        }),
    )
}

fn accompaniment() -> Value {
    let external_id = or_null(external_id());
    object_with(
        &[],
        json!({
            "external_id": said(external_id, "Without it, it is the number of the invoice."),
            "status": status(),
            "buyer": or_null(reference("PartyBeside")),
            "seller": or_null(reference("PartyBeside")),
            "redactions": redactions(),
            "language": language(),
        }),
    )
}

fn transaction_changes(invoice: Value) -> Value {
    object_with(
        &[],
        json!({
            "invoice": invoice,
            "status": { "type": "string", "minLength": 1, "maxLength": 40 },
            "buyer": reference("PartyChanges"),
            "seller": reference("PartyChanges"),
            "redactions": redactions(),
            "language": language(),
        }),
    )
}

fn link_request() -> Value {
    object_with(
        &["party"],
        json!({
            "party": role(),
            "contact": said(
                json!({ "type": ["string", "null"] }),
                "The name, e-mail address or Matrix ID of a contact.",
            ),
            "expires_in": said(
                json!({ "type": ["integer", "null"], "minimum": 1, "maximum": 315_360_000 }),
                "In seconds.",
            ),
        }),
    )
}

fn problem() -> Value {
    let mut problem = object_with(
        &["type", "title", "status", "detail"],
        json!({
            "type": said(text(), "Programs tell errors apart by this."),
            "title": text(),
            "status": count(),
            "detail": said(text(), "What is wrong, and how to fix it."),
            "pointer": said(text(), "The JSON pointer of the first wrong field."),
            "errors": list(reference("Finding")),
            "parameter": text(),
            "scope": text(),
            "scopes": list(text()),
            "transaction": pattern(ULID),
            "allowed": said(list(one_of(&meanings())), "The meanings of a status that can follow."),
            "known": said(list(text()), "The values that there are."),
            "oldest": said(pattern(EVENT_ID), "The cursor from which all events that are kept follow."),
            "latest": said(pattern(EVENT_ID), "The cursor after all events."),
        }),
    );
    problem["title"] = json!("Problem details (RFC 9457)");
    problem
}

fn finding() -> Value {
    object_with(
        &["pointer", "detail"],
        json!({
            "pointer": said(text(), "A JSON pointer (RFC 6901)."),
            "rule": said(text(), "Such as BR-CO-15."),
            "severity": one_of(&["fatal", "warning", "information"]),
            "xpath": text(),
            "detail": text(),
            "stated": text(),
            "computed": text(),
        }),
    )
}

fn mail_contact() -> Value {
    object(json!({
        "party": role(),
        "contact": said(text(), "The e-mail address."),
        "state": one_of(&["on", "unsubscribed", "bounced", "off"]),
        "since": or_null(time()),
        "problem": said(
            json!({ "type": ["string", "null"] }),
            "Why the last mail was not taken, if it was not.",
        ),
    }))
}

fn transaction() -> Value {
    let signed = object(json!({ "seq": count(), "signed_at": time(), "public_key": text() }));
    object(json!({
        "id": pattern(ULID),
        "external_id": text(),
        "revision": count(),
        "status": text(),
        "standing": reference("Standing"),
        "invoice": reference("Invoice"),
        "buyer": reference("Party"),
        "seller": reference("Party"),
        "redactions": one_of(&["honour", "retain"]),
        "language": said(text(), "Of what the bot writes in the room."),
        "warnings": list(reference("Finding")),
        "room": or_null(reference("Room")),
        "record": object(json!({
            "entries": count(),
            "unreadable": count(),
            "head": text(),
            "signed": or_null(signed),
        })),
        "mail": said(
            list(reference("MailContact")),
            "The contacts who have an e-mail address and no Matrix account.",
        ),
        "page": said(json!({ "type": ["string", "null"] }), "The invoice page, if there is one."),
        "created_at": time(),
        "updated_at": time(),
    }))
}

fn meanings() -> [&'static str; Status::ALL.len()] {
    Status::ALL.map(Status::as_str)
}

fn standing() -> Value {
    object(json!({
        "means": said(one_of(&meanings()), "What the status, the payments and the day mean."),
        "understood": said(boolean(), "Whether the word of the status has a meaning."),
        "to_pay": said(or_null(text()), "What the buyer is asked to pay."),
        "paid": said(text(), "The sum of the payments."),
        "due_date": or_null(json!({ "type": "string", "format": "date" })),
        "days_late": count(),
        "closed": said(boolean(), "Whether the room and the page are read-only."),
    }))
}

fn new_message() -> Value {
    json!({
        "text": said(
            json!({ "type": "string", "minLength": 1, "maxLength": MAX_TEXT_BYTES }),
            "Plain text or Markdown. The length is counted in bytes.",
        ),
        "name": said(
            json!({ "type": ["string", "null"], "maxLength": MAX_NAME_CHARS }),
            "The name under which it is said. Without it, that of the seller.",
        ),
    })
}

/// The parts of a form that says something.
pub(super) fn new_message_with_files() -> Value {
    let name = json!({ "type": "string", "maxLength": MAX_NAME_CHARS });
    json!({
        "type": "object",
        "properties": {
            "text": { "type": "string", "maxLength": MAX_TEXT_BYTES },
            "name": name,
            "description": { "type": "string", "maxLength": 250 },
            "file": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_FILES,
                "items": { "type": "string", "contentMediaType": "application/octet-stream" },
            },
        },
        "required": ["file"],
        "additionalProperties": false,
    })
}

fn message() -> Value {
    let state = || one_of(&["queued", "sent", "failed", "discarded"]);
    object(json!({
        "id": pattern(ULID),
        "name": text(),
        "state": said(state(), "`sent` once each part is, `failed` or `discarded` as soon as one is."),
        "created_at": time(),
        "parts": list(object(json!({
            "state": state(),
            "event_id": or_null(text()),
            "seq": said(or_null(count()), "The number of the entry, once the record has it."),
            "reason": said(or_null(text()), "Why it was not sent."),
        }))),
    }))
}

fn new_note() -> Value {
    object_with(
        &["text"],
        json!({
            "text": said(
                json!({ "type": "string", "minLength": 1, "maxLength": MAX_TEXT_BYTES }),
                "Plain text. The length is counted in bytes.",
            ),
            "author": said(
                json!({ "type": ["string", "null"], "maxLength": MAX_NAME_CHARS }),
                "The name that is shown as its author. Without it, that of the party.",
            ),
            "party": said(
                or_null(role()),
                "The side whose note it is. Without it, the seller's.",
            ),
        }),
    )
}

fn note() -> Value {
    object(json!({
        "id": pattern(ULID),
        "party": role(),
        "author": said(or_null(text()), "Null once its author was forgotten."),
        "text": said(or_null(text()), "Null once it was removed."),
        "created_at": time(),
        "removed_at": or_null(time()),
    }))
}

fn held_mail() -> Value {
    let file = object(json!({
        "name": text(),
        "media_type": text(),
        "size": count(),
        "sha256": text(),
    }));
    object(json!({
        "id": pattern(ULID),
        "state": one_of(&["held", "said", "discarded"]),
        "reason": said(
            or_null(one_of(&["other_address", "perhaps_program", "too_many"])),
            "Why it is or was held back; null if it never was.",
        ),
        "from": said(
            or_null(text()),
            "The address of its author, while it is held back and once it was released.",
        ),
        "party": role(),
        "contact": said(text(), "The contact to whom our mail was sent."),
        "text": said(or_null(text()), "Its words, while it is held back."),
        "files": said(list(file), "Its files, while it is held back."),
        "arrived_at": time(),
    }))
}

fn new_payment() -> Value {
    let amount = json!({ "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$" });
    object_with(
        &["amount"],
        json!({
            "amount": said(amount, "Above zero, in the currency of the invoice."),
            "date": said(
                or_null(json!({ "type": "string", "format": "date" })),
                "The day on which it was paid. Without it, today.",
            ),
            "reference": said(
                json!({ "type": ["string", "null"], "maxLength": 140 }),
                "What the shop or its bank knows it by.",
            ),
        }),
    )
}

fn payment() -> Value {
    object(json!({
        "id": pattern(ULID),
        "amount": text(),
        "currency": text(),
        "date": json!({ "type": "string", "format": "date" }),
        "reference": or_null(text()),
        "created_at": time(),
        "taken_back_at": or_null(time()),
    }))
}

fn room() -> Value {
    let problem = object(json!({
        "step": text(), "problem": text(), "since": time(), "retry_at": time(),
    }));
    let earlier = object(json!({ "id": text(), "since": time(), "why": text() }));
    object(json!({
        "id": or_null(text()),
        "alias": text(),
        "state": one_of(&["pending", "creating", "ready", "degraded", "failed"]),
        "version": or_null(text()),
        "problem": or_null(text()),
        "problems": list(problem),
        "members": list(reference("RoomMember")),
        "unreached": list(object(json!({ "matrix": text(), "problem": text() }))),
        "earlier": list(earlier),
        "encrypted_at": or_null(time()),
    }))
}

fn room_member() -> Value {
    object(json!({
        "matrix": text(),
        "party": role(),
        "membership": one_of(&[
            "not_invited", "invited", "joined", "declined", "left", "knocking", "banned",
            "does_not_exist", "unreachable",
        ]),
        "since": or_null(time()),
        "problem": or_null(text()),
    }))
}

fn entry() -> Value {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|it| it.as_str()).collect();
    let kinds_of_relations = ["edit", "reply", "thread", "reaction", "redaction", "reference"];
    let relation = object_with(
        &["kind", "event_id"],
        json!({
            "kind": one_of(&kinds_of_relations),
            "event_id": text(),
            "key": text(),
            "in_reply_to": text(),
        }),
    );
    let choice = object(json!({ "id": text(), "text": or_null(text()) }));
    let mut entry = object(json!({
        "seq": said(count(), "The order of receipt."),
        "kind": one_of(&kinds),
        "type": text(),
        "event_id": text(),
        "room_id": text(),
        "sender": text(),
        "party": one_of(&["buyer", "seller", "bot", "other"]),
        "display_name": or_null(text()),
        "sent_at": or_null(time()),
        "received_at": or_null(time()),
        "sort_at": or_null(time()),
        "source": one_of(&["push", "sync", "backfill"]),
        "times_differ": boolean(),
        "text": or_null(text()),
        "html": or_null(text()),
        "relates_to": or_null(relation),
        "redacted": boolean(),
        "redacted_by": or_null(text()),
        "erased": json!({ "enum": ["redacted", "forgotten", null] }),
        "ignored": or_null(text()),
        "absent_since": or_null(time()),
        "attachments": list(reference("Attachment")),
        "choices": or_null(list(choice)),
        "remark": or_null(text()),
        "hash": text(),
    }));
    entry["properties"]["raw"] = said(json!({}), "The raw event, with `include=raw`.");
    entry
}

fn attachment() -> Value {
    let states = ["wanted", "stored", "refused", "missing", "expired", "unwanted", "erased"];
    let file = object(json!({
        "state": one_of(&states),
        "sha256": or_null(text()),
        "size": or_null(count()),
        "media_type": or_null(text()),
        "problem": or_null(text()),
        "href": or_null(text()),
    }));
    object_with(
        &["name", "mimetype", "size", "mxc", "encrypted", "file"],
        json!({
            "name": text(),
            "mimetype": or_null(text()),
            "size": or_null(json!({ "type": "integer" })),
            "mxc": or_null(text()),
            "encrypted": boolean(),
            "key_digest": text(),
            "width": { "type": "integer" },
            "height": { "type": "integer" },
            "duration": { "type": "integer" },
            "file": or_null(file),
        }),
    )
}

fn link() -> Value {
    object(json!({
        "id": pattern(ULID),
        "party": role(),
        "contact": or_null(text()),
        "created_at": time(),
        "expires_at": time(),
        "revoked_at": or_null(time()),
        "used_at": or_null(time()),
    }))
}

fn audit_line() -> Value {
    object(json!({
        "position": count(),
        "at": time(),
        "way": one_of(&["api", "command", "room", "mail"]),
        "actor": text(),
        "action": text(),
        "transaction": or_null(pattern(ULID)),
        "subject": or_null(text()),
        "address": or_null(text()),
        "request_id": or_null(text()),
    }))
}
