//! What the OpenAPI document says about each call, in the order in which it is read. This is the one place of it; the
//! scope of a call, its path parameters, and the answers that every call may have come from `mod.rs`.

use serde_json::{Value, json};

use super::events::{EVENT_CURSOR, types_pattern};
use super::operation::{Operation, get, patch, post, remove};
use super::schemas::{
    EVENT_ID, LIST_CURSOR, ULID, list, new_message_with_files, number, one_of, pattern, reference,
    text,
};
use crate::language::{Language, LanguageTag};
use crate::store::DeliveryState;
use crate::transaction::Status;

const TRANSACTIONS: &str = "/api/v1/transactions";
const TRANSACTION: &str = "/api/v1/transactions/{id}";
const CONTACTS: &str = "/api/v1/transactions/{id}/{party}/contacts";
const CONTACT: &str = "/api/v1/transactions/{id}/{party}/contacts/{contact}";
const MESSAGES: &str = "/api/v1/transactions/{id}/messages";
const PAYMENTS: &str = "/api/v1/transactions/{id}/payments";
const NOTES: &str = "/api/v1/transactions/{id}/notes";
const NOTE: &str = "/api/v1/transactions/{id}/notes/{note}";
const PAYMENT: &str = "/api/v1/transactions/{id}/payments/{payment}";
const MESSAGE: &str = "/api/v1/transactions/{id}/messages/{message}";
const HELD_MAILS: &str = "/api/v1/transactions/{id}/held-mails";
const LINKS: &str = "/api/v1/transactions/{id}/links";
const WEBHOOKS: &str = "/api/v1/webhooks";
const WEBHOOK: &str = "/api/v1/webhooks/{webhook}";

/// The pattern of a Matrix ID.
const MATRIX_ID: &str = r"^@[^:\u0000]+:[^\u0000]+$";
/// The pattern of a text in an address.
const TEXT: &str = r"^[^\u0000]*$";
/// The same, of one that is not empty.
const SOME_TEXT: &str = r"^[^\u0000]+$";

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const XML: &str = "application/xml";
const PDF: &str = "application/pdf";
const EVENT_STREAM: &str = "text/event-stream";

/// The groups, in the order in which they are shown.
pub(super) const GROUPS: [(&str, &str); 11] = [
    ("Transactions", "Hand in transactions, find them, and change them."),
    ("Contacts", "The people of a transaction, one at a time."),
    ("Payments", "What was paid, as far as the shop knows."),
    ("Record", "What was said, and the files that were sent."),
    ("E-mail", "Answers by e-mail that are held back, and mails that could not be delivered."),
    ("Notes", "Notes of one side, which the other side never sees."),
    ("Links", "Links to the invoice page."),
    ("Invoices", "Check invoices, and get them as files."),
    ("Events", "Everything that happens to the transactions of the shop."),
    (
        "Webhooks",
        "Have events sent to the shop. What is sent stands under `webhooks` of the OpenAPI document.",
    ),
    ("Audit log", "Who used the keys of the shop for what."),
];

/// Returns all calls.
pub(super) fn operations() -> Vec<Operation> {
    let mut all = transactions();
    all.extend(contacts());
    all.extend(payments());
    all.extend(record());
    all.extend(held_mails());
    all.extend(notes());
    all.extend(links());
    all.extend(invoices());
    all.push(events());
    all.extend(webhooks());
    all.extend([get("/api/v1/audit", "readAuditLog", "Audit log", "Read the audit log")
        .query("after", number(0, i64::MAX), "The position of a line: those after it are answered.")
        .query("transaction", pattern(ULID), "Only what was done to this transaction.")
        .query("limit", number(1, 1_000), "At most so many lines. Without it, 100.")
        .answers(200, "Some lines, oldest first.", JSON, reference("AuditPage"))
        .tagged()]);
    all
}

fn transactions() -> Vec<Operation> {
    let day = || json!({ "type": "string", "format": "date" });
    let day_or_time = || {
        json!({ "anyOf": [
            { "type": "string", "format": "date" },
            { "type": "string", "format": "date-time" },
        ] })
    };
    let contacts = || list(pattern(MATRIX_ID));
    vec![
        post(TRANSACTIONS, "createTransaction", "Transactions", "Hand in a transaction")
            .says("The same content again is answered with 200.")
            .takes(JSON, reference("Submission"), submission())
            .takes_file(XML)
            .takes_file("text/xml")
            .takes_file(PDF)
            .takes_form(json!({
                "type": "object",
                "required": ["invoice"],
                "properties": {
                    "invoice": { "type": "string", "contentMediaType": XML },
                    "transaction": reference("Accompaniment"),
                },
                "additionalProperties": false,
            }))
            .query("external_id", pattern(TEXT), "With XML and PDF: the shop's own id.")
            .query("status", pattern(TEXT), "With XML and PDF: the status.")
            .query("language", pattern(&LanguageTag::pattern()), "With XML and PDF: the language of the room.")
            .query("buyer", contacts(), "With XML and PDF: the Matrix IDs of the buyer's contacts.")
            .query("seller", contacts(), "With XML and PDF: the Matrix IDs of the seller's contacts.")
            .answers(201, "It is on disk. The room follows.", JSON, reference("Transaction"))
            .answers(200, "It was handed in before.", JSON, reference("Transaction"))
            .gives(201, "Location").gives(201, "ETag")
            .gives(200, "Location").gives(200, "ETag")
            .fails(&["external-id-taken"]),
        get(TRANSACTIONS, "listTransactions", "Transactions", "List transactions, newest first")
            .says("All filters have to hold. `external_id` stands alone.")
            .query("limit", number(1, 100), "At most so many on one page. Without it, 20.")
            .query("cursor", pattern(LIST_CURSOR), "The `next` of the page before.")
            .query(
                "sort",
                one_of(&["created", "-created", "updated", "-updated"]),
                "By `created_at` or `updated_at`. With a minus sign, the newest come first.",
            )
            .query("external_id", pattern(TEXT), "Only the transaction with this id of the shop.")
            .query("status", pattern(SOME_TEXT), "With exactly this status.")
            .query("means", one_of(&Status::ALL.map(Status::as_str)), "With this `standing.means`.")
            .query(
                "contact",
                pattern(SOME_TEXT),
                "With this Matrix account, e-mail address or name among the contacts.",
            )
            .query("party", one_of(&["buyer", "seller"]), "With `contact`: on this side.")
            .query("unread", one_of(&["buyer", "seller"]), "Whose last line this party has not read.")
            .query("problem", one_of(&["true", "false"]), "With a problem of the room, or without.")
            .query("issued_from", day(), "By the issue date.")
            .query("issued_to", day(), "By the issue date; this day is included.")
            .query("due_from", day(), "By the due date.")
            .query("due_to", day(), "By the due date; this day is included.")
            .query("created_from", day_or_time(), "By `created_at`.")
            .query("created_to", day_or_time(), "By `created_at`; this day is included.")
            .query("updated_from", day_or_time(), "By `updated_at`.")
            .query("updated_to", day_or_time(), "By `updated_at`; this day is included.")
            .answers(200, "A page.", JSON, reference("TransactionPage"))
            .tagged(),
        get(TRANSACTION, "getTransaction", "Transactions", "Read a transaction")
            .answers(200, "The transaction.", JSON, reference("Transaction"))
            .tagged(),
        patch(TRANSACTION, "changeTransaction", "Transactions", "Change a transaction")
            .says(
                "A JSON Merge Patch (RFC 7396). As `application/json`, `invoice` is the whole new invoice. \
                 A body of XML or PDF is the new invoice.",
            )
            .takes(JSON, reference("TransactionChanges"), json!({ "status": "paid" }))
            .takes(
                MERGE_PATCH,
                reference("TransactionMergePatch"),
                json!({ "invoice": { "due_date": "2026-08-01", "payment": { "reference": "43" } } }),
            )
            .takes_file(XML)
            .takes_file("text/xml")
            .takes_file(PDF)
            .query("status", pattern(TEXT), "With XML and PDF: the new status.")
            .conditional()
            .answers(200, "The transaction.", JSON, reference("Transaction"))
            .gives(200, "ETag")
            .fails(&["impossible-transition"]),
        post(
            "/api/v1/transactions/{id}/invitations",
            "inviteAgain",
            "Transactions",
            "Invite contacts to the room again",
        )
        .says("Without a body, all who are not in the room.")
        .takes(JSON, reference("InvitationRequest"), json!({ "matrix": "@accounts:birch.example" }))
        .body_is_optional()
        .answers(202, "They are being invited.", JSON, reference("Transaction")),
        get("/api/v1/transactions/{id}/export", "exportTransaction", "Transactions", "Export everything")
            .says("A ZIP with the invoice, the entries, the files, a transcript and a signed manifest.")
            .query("include", one_of(&["notes"]), "Adds the notes. Such a bundle is for the shop alone.")
            .answers(200, "The bundle.", "application/zip", json!({})),
    ]
}

fn contacts() -> Vec<Operation> {
    let contact = json!({ "matrix": "@warehouse:birch.example", "duty": "warehouse" });
    vec![
        get(CONTACTS, "listContacts", "Contacts", "List the contacts of a party")
            .answers(200, "All contacts.", JSON, reference("Contacts"))
            .tagged(),
        post(CONTACTS, "addContact", "Contacts", "Add a contact")
            .says("The same contact again is answered with 200.")
            .takes(JSON, reference("Contact"), contact)
            .conditional()
            .answers(201, "The contact is added, and invited.", JSON, reference("Contact"))
            .answers(200, "The contact was there.", JSON, reference("Contact"))
            .gives(201, "Location")
            .gives(200, "Location")
            .fails(&["contact-exists"]),
        get(CONTACT, "getContact", "Contacts", "Read a contact")
            .answers(200, "The contact.", JSON, reference("Contact"))
            .tagged()
            .fails(&["several-contacts"]),
        patch(CONTACT, "changeContact", "Contacts", "Change a contact")
            .takes(JSON, reference("ContactChanges"), json!({ "duty": "goods in" }))
            .takes(
                MERGE_PATCH,
                reference("ContactChanges"),
                json!({ "email": "goods-in@birch.example" }),
            )
            .conditional()
            .answers(200, "The contact.", JSON, reference("Contact"))
            .fails(&["several-contacts"]),
        remove(CONTACT, "removeContact", "Contacts", "Remove a contact")
            .conditional()
            .nothing(204, "The contact is removed.")
            .fails(&["several-contacts", "invalid-content"]),
        remove(
            "/api/v1/silenced-addresses/{address}",
            "writeToAddressAgain",
            "Contacts",
            "Write to an e-mail address again",
        )
        .says("Mails to it were switched off by whoever reads them, or because they could not be delivered.")
        .nothing(204, "Mails to it are switched on."),
    ]
}

fn payments() -> Vec<Operation> {
    vec![
        post(PAYMENTS, "addPayment", "Payments", "Hand in a payment")
            .takes(
                JSON,
                reference("NewPayment"),
                json!({ "amount": "40.00", "date": "2026-06-15", "reference": "statement 7" }),
            )
            .answers(201, "The payment counts.", JSON, reference("Payment"))
            .gives(201, "Location")
            .fails(&["too-many-payments"]),
        get(PAYMENTS, "listPayments", "Payments", "List the payments of a transaction")
            .answers(200, "All payments.", JSON, reference("Payments"))
            .tagged(),
        get(PAYMENT, "getPayment", "Payments", "Read a payment")
            .answers(200, "The payment.", JSON, reference("Payment"))
            .tagged(),
        remove(PAYMENT, "takeBackPayment", "Payments", "Take back a payment")
            .conditional()
            .nothing(204, "The payment does not count any more."),
    ]
}

fn record() -> Vec<Operation> {
    vec![
        post(MESSAGES, "say", "Record", "Say something in the room, as the shop")
            .says("It is seen by everybody in the room. A form has up to ten files.")
            .takes(
                JSON,
                reference("NewMessage"),
                json!({ "text": "It is **on its way**.", "name": "Acme support" }),
            )
            .takes_form(new_message_with_files())
            .answers(202, "It is on disk, and on its way.", JSON, reference("Message"))
            .gives(202, "Location")
            .fails(&["closed", "encrypted", "too-many-names"]),
        get(MESSAGE, "getMessage", "Record", "Read what became of a message of the shop")
            .answers(200, "The message.", JSON, reference("Message"))
            .tagged(),
        remove(MESSAGE, "discardMessage", "Record", "Discard what was not sent of a message")
            .says("What is in the room already stays there.")
            .conditional()
            .answers(200, "The message, as it is now.", JSON, reference("Message")),
        get("/api/v1/transactions/{id}/entries", "readRecord", "Record", "Read the record")
            .query(
                "after",
                number(0, i64::MAX),
                "The `seq` of an entry: those after it are answered.",
            )
            .query("limit", number(1, 1_000), "At most so many entries. Without it, 100.")
            .query("include", one_of(&["raw"]), "Adds the raw events.")
            .answers(200, "Entries, in the order of receipt.", JSON, reference("EntryPage"))
            .tagged(),
        get("/api/v1/entries", "searchRecords", "Record", "Search all records")
            .needed_query(
                "q",
                pattern(SOME_TEXT),
                "Words, a \"phrase\", a begin*, a -word to leave out.",
                "oak plank",
            )
            .query(
                "party",
                one_of(&["buyer", "seller", "bot", "other"]),
                "By somebody of this side.",
            )
            .query("transaction", pattern(ULID), "In this transaction.")
            .query("from", date_or_time(), "From this day or time on.")
            .query("to", date_or_time(), "Until this day or time, which is included.")
            .query("limit", number(1, 100), "At most so many on one page. Without it, 20.")
            .query(
                "cursor",
                pattern(r"^[0-9]{1,18}\.[0-9]{1,18}(\.[0-9]{1,18})?$"),
                "The `next` of the page before.",
            )
            .answers(200, "Matches, the best one first.", JSON, reference("SearchPage"))
            .tagged(),
        get(
            "/api/v1/transactions/{id}/files/{sha256}",
            "getFile",
            "Record",
            "Get a file that somebody sent",
        )
        .answers(200, "The file, with its own media type.", "*/*", json!({}))
        .tagged()
        .fails(&["damaged"]),
    ]
}

fn held_mails() -> Vec<Operation> {
    const RELEASE: &str = "/api/v1/transactions/{id}/held-mails/{mail}/release";
    const DISCARD: &str = "/api/v1/transactions/{id}/held-mails/{mail}/discard";
    vec![
        get(HELD_MAILS, "listHeldMails", "E-mail", "List the answers by e-mail that are held back")
            .says("Also the newest mails of ours that could not be delivered.")
            .answers(200, "Both, newest first.", JSON, reference("HeldMails"))
            .tagged(),
        post(RELEASE, "releaseMail", "E-mail", "Have an answer said in the room")
            .says("It is said by the contact to whom our mail was sent. A repeat does nothing.")
            .answers(200, "The mail.", JSON, reference("HeldMail"))
            .fails(&["closed", "encrypted", "former-contact"]),
        post(DISCARD, "discardMail", "E-mail", "Discard an answer")
            .says("Its words and files are deleted. One that was released stays so.")
            .answers(200, "The mail.", JSON, reference("HeldMail")),
    ]
}

fn notes() -> Vec<Operation> {
    vec![
        post(NOTES, "addNote", "Notes", "Add a note of one side")
            .says("It is in no room and in no record, and on the page of that side only.")
            .takes(
                JSON,
                reference("NewNote"),
                json!({ "text": "Called twice, nobody there.", "author": "Accounts" }),
            )
            .answers(201, "The note.", JSON, reference("Note"))
            .gives(201, "Location")
            .fails(&["too-many-notes"]),
        get(NOTES, "listNotes", "Notes", "List the notes of a transaction")
            .says("Those of the seller's side, and those that the shop wrote for the buyer's.")
            .query("after", pattern(ULID), "The `next` of the page before.")
            .query("limit", number(1, 1_000), "At most so many notes. Without it, 100.")
            .answers(200, "Some notes, oldest first.", JSON, reference("NotePage"))
            .tagged(),
        get(NOTE, "getNote", "Notes", "Read a note")
            .answers(200, "The note.", JSON, reference("Note"))
            .tagged(),
        remove(NOTE, "removeNote", "Notes", "Remove the words of a note")
            .nothing(204, "Its words are erased. That it existed stays."),
    ]
}

fn links() -> Vec<Operation> {
    vec![
        post(LINKS, "makeLink", "Links", "Make a link to the invoice page")
            .takes(
                JSON,
                reference("LinkRequest"),
                json!({ "party": "buyer", "expires_in": 604_800 }),
            )
            .answers(201, "The link. Only this answer has its `url`.", JSON, reference("NewLink"))
            .fails(&["no-page", "link-over"]),
        get(LINKS, "listLinks", "Links", "List the links of a transaction")
            .answers(200, "All links, without their `url`.", JSON, reference("Links"))
            .tagged(),
        remove("/api/v1/transactions/{id}/links/{link}", "revokeLink", "Links", "Take a link back")
            .nothing(204, "The link opens nothing any more."),
    ]
}

fn events() -> Operation {
    get("/api/v1/events", "readEvents", "Events", "Follow the events")
        .says("With `Accept: text/event-stream`, a stream of events (server-sent events) is answered.")
        .query("after", pattern(EVENT_CURSOR), "The `next` of the answer before, or `latest`.")
        .query(
            "types",
            pattern(&types_pattern()),
            "Only events of these types. Commas stand between them.",
        )
        .query("transaction", pattern(ULID), "Only events of this transaction.")
        .query("limit", number(1, 1_000), "At most so many events. Without it, 100.")
        .query("wait", number(0, 50), "Wait so many seconds for an event, if there is none yet.")
        .header("LastEventId")
        .answers(200, "Some events, in their order.", JSON, reference("EventPage"))
        .also_as(200, EVENT_STREAM, text())
        .tagged()
        .fails(&["not-found", "cursor-expired", "cursor-ahead"])
}

fn webhooks() -> Vec<Operation> {
    let url = "https://shop.example.org/tallyroom";
    vec![
        post(WEBHOOKS, "makeWebhook", "Webhooks", "Make a webhook")
            .says("It gets the events from then on.")
            .takes(
                JSON,
                reference("NewWebhook"),
                json!({ "url": url, "types": ["entry.created", "file.stored"] }),
            )
            .answers(
                201,
                "The webhook. Only this answer has its `secret`.",
                JSON,
                reference("WebhookWithSecret"),
            )
            .gives(201, "Location")
            .fails(&["too-many-webhooks", "webhook-deleted"]),
        get(WEBHOOKS, "listWebhooks", "Webhooks", "List the webhooks")
            .answers(200, "All webhooks, without their secrets.", JSON, reference("Webhooks"))
            .tagged(),
        get(WEBHOOK, "getWebhook", "Webhooks", "Read a webhook")
            .answers(200, "The webhook, without its secrets.", JSON, reference("Webhook"))
            .tagged(),
        patch(WEBHOOK, "changeWebhook", "Webhooks", "Change a webhook")
            .says("A webhook in the config can only be switched off and on.")
            .takes(JSON, reference("WebhookChanges"), json!({ "enabled": false }))
            .takes(MERGE_PATCH, reference("WebhookChanges"), json!({ "types": null }))
            .conditional()
            .answers(200, "The webhook.", JSON, reference("Webhook"))
            .gives(200, "ETag")
            .fails(&["webhook-in-config"]),
        remove(WEBHOOK, "deleteWebhook", "Webhooks", "Delete a webhook")
            .conditional()
            .nothing(204, "The webhook and what waits for it are deleted.")
            .fails(&["webhook-in-config"]),
        post("/api/v1/webhooks/{webhook}/secrets", "makeSecret", "Webhooks", "Make a new secret")
            .says("The ones before sign for `overlap_hours` as well, or for 24 hours.")
            .takes(JSON, reference("NewSecret"), json!({ "overlap_hours": 48 }))
            .body_is_optional()
            .conditional()
            .answers(
                201,
                "The webhook. Only this answer has its `secret`.",
                JSON,
                reference("WebhookWithSecret"),
            )
            .gives(201, "ETag")
            .fails(&["webhook-in-config", "too-many-secrets"]),
        post("/api/v1/webhooks/{webhook}/test", "testWebhook", "Webhooks", "Send a test event")
            .answers(200, "What the receiver did.", JSON, reference("WebhookTest")),
        get(
            "/api/v1/webhooks/{webhook}/deliveries",
            "listDeliveries",
            "Webhooks",
            "List what was sent, newest event first",
        )
        .query("state", one_of(&DeliveryState::ALL.map(|it| it.0)), "Only those in this state.")
        .query("cursor", pattern(EVENT_ID), "The `next` of the page before.")
        .query("limit", number(1, 500), "At most so many on one page. Without it, 100.")
        .answers(200, "A page.", JSON, reference("DeliveryPage"))
        .tagged(),
        post(
            "/api/v1/webhooks/{webhook}/deliveries/{event}/replay",
            "sendAgain",
            "Webhooks",
            "Send an event again",
        )
        .answers(202, "It is being sent.", JSON, reference("Replayed")),
        post(
            "/api/v1/webhooks/{webhook}/replay",
            "sendDeadAgain",
            "Webhooks",
            "Send the events again that were given up",
        )
        .says("Oldest event first, and 10,000 at most.")
        .answers(202, "They are being sent.", JSON, reference("ReplayedDead")),
    ]
}

fn invoices() -> Vec<Operation> {
    let languages = format!("In this language: {}, with or without a region.", Language::tags());
    vec![
        post(
            "/api/v1/invoices/check",
            "checkInvoice",
            "Invoices",
            "Check an invoice without taking it in",
        )
        .says("UBL, CII, PDF or JSON, whatever content type it has: the bytes say what it is.")
        .takes_anything(submission()["invoice"].clone())
        .body_is_optional()
        .answers(200, "What is to be said of it.", JSON, reference("Inspection")),
        get(
            "/api/v1/invoice.schema.json",
            "getInvoiceSchema",
            "Invoices",
            "Get the JSON Schema of an invoice",
        )
        .answers(
            200,
            "The schema.",
            "application/schema+json",
            json!({ "type": "object" }),
        ),
        get(
            "/api/v1/transactions/{id}/invoice.pdf",
            "getInvoicePdf",
            "Invoices",
            "Get the invoice as a PDF",
        )
        .query("language", pattern(&LanguageTag::pattern()), &languages)
        .answers(200, "The PDF.", PDF, json!({})),
        get(
            "/api/v1/transactions/{id}/invoice.xml",
            "getInvoiceXml",
            "Invoices",
            "Get the invoice as XML",
        )
        .query("syntax", one_of(&["ubl", "cii"]), "UBL 2.1 or CII. Without it, CII.")
        .answers(200, "The XML.", XML, json!({}))
        .fails(&["invalid-content"]),
        get(
            "/api/v1/transactions/{id}/original",
            "getOriginal",
            "Invoices",
            "Get the file in which the invoice came",
        )
        .answers(200, "XML, PDF, or JSON if it carries files.", "*/*", json!({})),
        get(
            "/api/v1/transactions/{id}/original.xml",
            "getOriginalXml",
            "Invoices",
            "Get the XML in which the invoice came",
        )
        .answers(200, "The XML, also out of a PDF.", XML, json!({})),
        get(
            "/api/v1/transactions/{id}/attachments/{place}",
            "getAttachment",
            "Invoices",
            "Get a file that the invoice carries",
        )
        .answers(200, "The file, with its own media type.", "*/*", json!({})),
    ]
}

fn date_or_time() -> Value {
    json!({ "anyOf": [
        { "type": "string", "format": "date" },
        { "type": "string", "format": "date-time" },
    ] })
}

/// A small, correct transaction.
fn submission() -> Value {
    json!({
        "external_id": "order-1001",
        "status": "awaiting_payment",
        "invoice": {
            "number": "INV-2026-0042",
            "type": "380",
            "issue_date": "2026-06-01",
            "due_date": "2026-07-01",
            "currency": "EUR",
            "lines": [{
                "id": "1", "description": "Oak plank", "quantity": "10", "unit": "C62",
                "unit_price": "45.00", "vat": { "category": "S", "rate": "20" },
            }],
            "payment": { "means": "58", "iban": "DE02120300000000202051", "reference": "42" },
        },
        "buyer": { "name": "Birch GmbH", "contacts": [{ "matrix": "@accounts:birch.example" }] },
        "seller": {
            "name": "Acme Ltd",
            "contacts": [{ "matrix": "@sales:acme.example", "duty": "sales" }],
        },
    })
}

/// The parameters in paths, by name: a schema, and what it is.
pub(super) fn path_parameter(name: &str) -> Option<(Value, &'static str)> {
    Some(match name {
        "id" => (pattern(ULID), "The id of the transaction."),
        "party" => (one_of(&["buyer", "seller"]), "The party."),
        "contact" => (pattern(SOME_TEXT), "The Matrix ID, e-mail address or name."),
        "link" => (pattern(ULID), "The id of the link."),
        "address" => (pattern(SOME_TEXT), "The e-mail address, in any case."),
        "message" => (pattern(ULID), "The id of the message."),
        "mail" => (pattern(ULID), "The id of the mail."),
        "note" => (pattern(ULID), "The id of the note."),
        "payment" => (pattern(ULID), "The id of the payment."),
        "webhook" => (pattern(ULID), "The id of the webhook."),
        "event" => (pattern(EVENT_ID), "The id of the event."),
        "sha256" => {
            (pattern("^[0-9a-f]{64}$"), "The SHA-256 of the file, as in `attachments[].file`.")
        }
        "place" => (number(0, 1_000_000), "The place in `invoice.documents`."),
        _ => return None,
    })
}
