//! What must hold of terms that were accepted, however they came: they are read again as they were
//! written, fit into a room, and can be shown.

use std::fmt::Debug;
use std::sync::Arc;

use jiff::civil::date;
use ruma::canonical_json::to_canonical_value;
use ruma::{RoomVersionId, user_id};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tallyroom::config::RoomsConfig;
use tallyroom::invoice::{Form, Further, InvoiceInput, OriginalKind, Problem, settle};
use tallyroom::language::{Language, Locale};
use tallyroom::page::model::{Address, Chat, Notes, Page, Paying, ReadInvoice, Reader, Revision};
use tallyroom::page::view;
use tallyroom::room::{Message, RoomPlan, Setting, announcement};
use tallyroom::transaction::{
    Accepted, PartyRole, Patch, StatusRules, Submission, Terms, Transaction, Visitor, changes,
};
use ulid::Ulid;

/// Most bytes of an event's content: the event has 65,536 in all.
const MAX_CONTENT: usize = 63 * 1024;
/// Most characters of a refusal: it must not repeat whatever was sent.
const MAX_DETAIL: usize = 2_000;
/// Longest headline and room name, in characters.
const MAX_LINE: usize = 120;

/// Refusals say something, of a place, in bounded words.
pub(crate) fn are_told(problems: &[Problem]) {
    assert!(!problems.is_empty(), "refused without a word");
    for Problem { pointer, detail, .. } in problems {
        assert!(pointer.is_empty() || pointer.starts_with('/'), "{pointer:?} is no pointer");
        let length = detail.chars().count();
        assert!((1..=MAX_DETAIL).contains(&length), "{length} characters: {detail:.200}");
    }
}

/// `before` is what the transaction was until then.
pub(crate) fn hold(before: Option<&Terms>, terms: &Terms, warnings: &[Problem], further: Further) {
    are_read_again(terms);
    assert_eq!(&written_and_read(warnings), &warnings.to_vec());
    let transaction = Transaction {
        id: Ulid(7),
        shop: "shop".to_owned(),
        external_id: "order".to_owned(),
        revision: 2,
        terms: terms.clone(),
        warnings: warnings.to_vec(),
        paid: Default::default(),
        discount: Default::default(),
        payment_changes: 0,
        statuses: Vec::new(),
        created_at: 1_764_000_000_000,
        updated_at: 1_764_000_000_000,
    };
    for locale in Language::ALL.map(Locale::of) {
        fit_into_a_room(&transaction, &locale);
        if let Some(message) = before.and_then(|before| announcement(before, terms, &locale)) {
            is_sent(&message);
        }
    }
    are_shown(before, &transaction, further);
}

/// By the database, by the shop that asks for them, and by settling once more.
fn are_read_again(terms: &Terms) {
    assert_eq!(written_and_read(&terms.invoice), terms.invoice);
    assert_eq!(written_and_read(&terms.buyer), terms.buyer);
    assert_eq!(written_and_read(&terms.seller), terms.seller);
    let settled =
        settle(InvoiceInput::from(terms.invoice.clone()), Form::Json).expect("it was settled");
    assert_eq!(settled.invoice, terms.invoice);
    let (unchanged, _) = Patch::default().apply(terms, &[]).expect("it was accepted");
    assert_eq!(&unchanged, terms);
    let mut body = json!(terms);
    body["external_id"] = json!("order");
    let again = Submission::from_json(body.to_string().as_bytes()).expect("it was shown so");
    let Accepted { terms: again, .. } = again.accept().expect("it was accepted");
    assert_eq!(&again, terms);
    assert_eq!(again.content_hash(), terms.content_hash());
}

fn written_and_read<T: Serialize + DeserializeOwned + Debug>(
    value: &(impl ToOwned<Owned = T> + Serialize + ?Sized),
) -> T {
    let text = serde_json::to_string(value).expect("it can be written");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn fit_into_a_room(transaction: &Transaction, locale: &Locale) {
    let bot = user_id!("@_tallyroom_bot:example.org").to_owned();
    let standing = StatusRules::default().standing(transaction, date(2026, 6, 19));
    let plan = RoomPlan::of(
        transaction,
        &Setting {
            standing: &standing,
            is_read_only: false,
            rooms: &RoomsConfig::default(),
            bot: &bot,
            version: RoomVersionId::V12,
            avatar: "mxc://example.org/a",
            alias_localpart: "_tallyroom_a",
            page_link: Some("https://pay.example.org/t/01J"),
            widget_link: Some("https://pay.example.org/widget/01J"),
            is_creator: true,
            locale,
            predecessor: None,
        },
    );
    for event in &plan.state {
        fits(&event.content);
        assert!(event.state_key.len() <= 255, "{}", event.state_key);
    }
    for line in [&plan.name, &plan.topic, &plan.headline] {
        assert!(
            line.chars().count() <= MAX_LINE && !line.chars().any(char::is_control),
            "{line:?}"
        );
    }
    is_sent(&plan.summary);
}

fn is_sent(message: &Message) {
    for c in message.body.chars().chain(message.formatted_body.chars()) {
        assert!(!c.is_control() || c == '\n', "{c:?} in {message:?}");
    }
    fits(&message.content("01J00000000000000000000000"));
    fits(&message.edit_content("$original", "01J00000000000000000000000"));
}

fn fits(content: &Value) {
    let canonical = to_canonical_value(content).expect("events are canonical JSON");
    let length = canonical.to_string().len();
    assert!(length <= MAX_CONTENT, "{length} bytes: {canonical:.300}");
}

/// On the page, in a language that depends on the number.
fn are_shown(before: Option<&Terms>, transaction: &Transaction, further: Further) {
    let terms = &transaction.terms;
    let language = Language::ALL[terms.invoice.number.len() % Language::ALL.len()];
    let reader = Reader {
        locale: Locale::of(language),
        time_zone: jiff::tz::TimeZone::UTC,
        today: date(2026, 6, 19),
        nonce: String::new(),
    };
    let standing = StatusRules::default().standing(transaction, reader.today);
    let payable = standing.owed.payable();
    let revision = |number, changes| Revision { number, at: 0, status: None, changes };
    let since = before.map(|before| changes(before, terms)).unwrap_or_default();
    let page = Page {
        transaction,
        standing,
        steps: Vec::new(),
        look: None,
        visitor: &Visitor { role: PartyRole::Buyer, contact: None },
        visitor_name: "Ada".to_owned(),
        address: Address { transaction: transaction.id, grant: Ulid(8) },
        speaker: "@_tallyroom_guest_a:example.org",
        reader: &reader,
        revisions: vec![revision(2, since), revision(1, Vec::new())],
        read: Arc::new(ReadInvoice {
            further,
            original: before.map(|_| OriginalKind::Pdf),
            files: (0..terms.invoice.documents.len()).collect(),
        }),
        paying: payable.and_then(|amount| Paying::of(transaction, amount, &[])),
        chat: Chat::default(),
        notes: Notes::default(),
        people: Vec::new(),
        choices: Vec::new(),
        replies_in: None,
        web_push_key: None,
    };
    let html = view::update(&page).into_string();
    assert!(!html.contains("<script") && !html.contains('\0'), "{html}");
}
