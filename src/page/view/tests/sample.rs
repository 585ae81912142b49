//! A sample page that contains everything that a page can show.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::json;
use ulid::Ulid;

use crate::config::{PayLink, ShopLook};
use crate::invoice::{Further, LeftOver, LeftOvers, OriginalKind};
use crate::language::Locale;
use crate::page::model::*;
use crate::record::Kind;
use crate::room::message_content::Addressee;
use crate::transaction::{
    Change, ChangeKind, PartyRole, StatusRules, Submission, Transaction, Visitor,
};

/// A text that tries to inject markup.
pub(super) const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\" '";

/// The address of the pages in tests.
pub(super) const ADDRESS: Address = Address { transaction: Ulid(7), grant: Ulid(8) };

/// 2026-06-17, 09:00 UTC.
const START: i64 = 1_781_686_800_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

pub(super) struct Sample {
    pub(super) transaction: Transaction,
    pub(super) reader: Reader,
    pub(super) look: Option<ShopLook>,
    pub(super) visitor: Visitor,
}

impl Sample {
    pub(super) fn new() -> Self {
        let submission: Submission = serde_json::from_value(submission()).unwrap();
        let accepted = submission.accept().unwrap();
        let visitor = accepted.terms.visitor(PartyRole::Buyer, Some("Robin Ahlgren")).unwrap();
        let transaction = Transaction {
            id: Ulid::from_parts(1, 1),
            shop: "acme".into(),
            external_id: accepted.external_id,
            revision: 3,
            terms: accepted.terms,
            warnings: accepted.warnings,
            paid: Decimal::ZERO,
            discount: Decimal::ZERO,
            payment_changes: 0,
            statuses: Vec::new(),
            created_at: START,
            updated_at: START,
        };
        let reader = Reader {
            locale: Locale::negotiate(None, None, "en"),
            time_zone: TimeZone::UTC,
            today: "2026-06-19".parse().unwrap(),
            nonce: "n0nce".into(),
        };
        Self { transaction, reader, look: None, visitor }
    }

    pub(super) fn page(&self) -> Page<'_> {
        let standing = StatusRules::default().standing(&self.transaction, self.reader.today);
        let link = PayLink {
            shop: "acme".to_owned(),
            url: "https://pay.example.org/{external_id}?amount={amount}".to_owned(),
        };
        let payable = standing.owed.payable();
        let paying = payable.and_then(|it| Paying::of(&self.transaction, it, &[link]));
        Page {
            transaction: &self.transaction,
            steps: StatusRules::default().steps(self.visitor.role, &standing),
            standing,
            look: self.look.as_ref(),
            visitor: &self.visitor,
            visitor_name: "Robin Ahlgren".to_owned(),
            address: ADDRESS,
            speaker: "@tallyroom_robin:example.org",
            reader: &self.reader,
            revisions: revisions(),
            read: Arc::new(ReadInvoice {
                further: Further { terms: further(), left_over: left_over() },
                original: Some(OriginalKind::Pdf),
                files: BTreeSet::new(),
            }),
            paying,
            chat: chat(),
            notes: notes(),
            people: people(),
            choices: choices(),
            replies_in: Some(2 * 60 * MINUTE),
            web_push_key: Some("BPush".to_owned()),
        }
    }
}

fn notes() -> Notes {
    let note = |id: u128, text: Option<&str>, is_own| PageNote {
        id: Ulid(id).to_string(),
        author: Some("Robin Ahlgren".into()),
        text: text.map(str::to_owned),
        at: START,
        is_own,
    };
    let shown = vec![
        note(1, None, true),
        note(2, Some("Ask Kim before we pay.\nThe planks came late."), true),
        note(3, Some(HOSTILE), false),
    ];
    Notes { shown, older: Some(Ulid(1).to_string()), form_id: Ulid(9).to_string() }
}

fn submission() -> serde_json::Value {
    let standard = json!({ "category": "S", "rate": "20" });
    let reduced = json!({ "category": "S", "rate": "7" });
    json!({
        "external_id": "order-1001",
        "status": "awaiting_payment",
        "invoice": {
            "number": "INV-2026-0042", "type": "380", "currency": "EUR",
            "issue_date": "2026-06-01", "due_date": "2026-07-01",
            "buyer_reference": "Workshop 7", "order_reference": "PO-88131",
            "lines": [
                { "id": "1", "description": "Oak plank, planed on four sides, 2400 × 180 × 27 mm",
                  "quantity": "10", "unit": "C62", "unit_price": "45.00", "vat": standard },
                { "id": "2", "description": "Countersunk screws 5 × 60", "quantity": "800",
                  "unit": "C62", "unit_price": "12.40", "base_quantity": "100", "vat": standard },
                { "id": "3", "description": "The joiner's handbook, 3rd edition", "quantity": "2",
                  "unit": "C62", "unit_price": "38.50", "vat": reduced },
                { "id": "4", "description": "Delivery to the workshop", "quantity": "1.5",
                  "unit": "HUR", "unit_price": "64", "vat": standard }
            ],
            "allowances": [{ "amount": "25.00", "reason": "Loyal customer", "vat": standard }],
            "charges": [{ "amount": "9.90", "reason": "Packaging", "vat": standard }],
            "totals": { "paid": "200.00" },
            "payment": {
                "means": "58", "iban": "DE02120300000000202051", "bic": "BYLADEM1001",
                "account_name": "Acme Timber Ltd", "reference": "RF18 5390 0754 7034",
                "terms": "30 days net; 2 % discount if paid within 10 days.",
                "further_accounts": [{ "iban": "NL91ABNA0417164300", "bic": "ABNANL2A" }]
            },
            "notes": ["Wood moves: please store it lying flat for two weeks before use.\nThank you for your order."]
        },
        "buyer": {
            "name": "Birch Furniture GmbH", "vat_id": "DE123456789",
            "address": { "lines": ["Werkstattgasse 12", "Rear building"], "postal_code": "10115",
                         "city": "Berlin", "country": "DE" },
            "contacts": [{ "name": "Robin Ahlgren" }]
        },
        "seller": {
            "name": "Acme Timber Ltd", "vat_id": "IE6388047V",
            "address": { "lines": ["4 Quay Road"], "postal_code": "T12 XY00", "city": "Cork",
                         "region": "Munster", "country": "IE" },
            "contacts": [{ "name": "Mara Lind", "duty": "accounts receivable" }]
        }
    })
}

fn revisions() -> Vec<Revision> {
    let change = |what, which: Option<&str>, before: Option<&str>, after: Option<&str>| Change {
        what,
        which: which.map(str::to_owned),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
        kind: ChangeKind::Text,
    };
    let revision = |number, at, status: &str, changes| Revision {
        number,
        at,
        status: Some(status.to_owned()),
        changes,
    };
    vec![
        revision(
            3,
            START + DAY,
            "awaiting_payment",
            vec![
                change("due_date", None, Some("2026-06-24"), Some("2026-07-01")),
                change("line", Some("4"), None, Some("Delivery to the workshop")),
            ],
        ),
        revision(
            2,
            START,
            "awaiting_payment",
            vec![change("status", None, Some("draft"), Some("awaiting_payment"))],
        ),
        revision(1, START - 16 * DAY, "draft", vec![]),
    ]
}

fn left_over() -> LeftOvers {
    let listed = vec![LeftOver {
        path: "/ubl:Invoice/cac:Delivery[2]/cbc:ActualDeliveryDate".to_owned(),
        value: "2026-06-02".to_owned(),
        rule: None,
        is_again: true,
    }];
    LeftOvers { listed, more: 0 }
}

fn further() -> Vec<Term> {
    let term = |id, line: Option<&str>, value: &str| Term {
        id,
        line: line.map(str::to_owned),
        value: value.to_owned(),
    };
    vec![
        term("BT-12", None, "Framework agreement 2024/7"),
        term("BT-72", None, "2026-05-29"),
        term("BT-155", Some("1"), "OAK-2400-180"),
        term("BT-159", Some("1"), "FR"),
    ]
}

fn people() -> Vec<Person> {
    use PartyRole::{Buyer, Seller};
    let person = |name: &str, role, duty: &str, reach, presence| Person {
        guest: format!("@tallyroom_{}:example.org", name.split(' ').next().unwrap().to_lowercase()),
        name: name.to_owned(),
        role: Some(role),
        duty: Some(duty.to_owned()).filter(|duty| !duty.is_empty()),
        reach,
        presence,
    };
    let offline = Presence::Offline(Some(START + DAY));
    vec![
        person("Mara Lind", Seller, "accounts receivable", Reach::Email, Presence::Here),
        person("Jon Ó Briain", Seller, "delivery", Reach::InRoom, offline),
        person("Sales desk", Seller, "", Reach::Email, Presence::Unknown),
        person("Night shift", Seller, "emergencies", Reach::InRoom, Presence::Away),
        person("Kim Osei", Buyer, "", Reach::Invited, Presence::Unknown),
        person("Robin Ahlgren", Buyer, "", Reach::Page, Presence::Here),
    ]
}

fn choices() -> Vec<Choice> {
    let choice = |id: &str, role, name: &str, duty: Option<&str>| Choice {
        id: id.to_owned(),
        role,
        duty: duty.map(str::to_owned),
        to: Addressee::new(name, Vec::new()),
    };
    vec![
        choice("seller delivery", PartyRole::Seller, "delivery", None),
        choice(
            "@tallyroom_mara:example.org",
            PartyRole::Seller,
            "Mara Lind",
            Some("accounts receivable"),
        ),
        choice("@tallyroom_jon:example.org", PartyRole::Seller, "Jon Ó Briain", Some("delivery")),
        choice("@tallyroom_kim:example.org", PartyRole::Buyer, HOSTILE, None),
    ]
}

fn buyer(name: &str) -> Named {
    let is_visitor = name == "Robin Ahlgren";
    Named { name: name.into(), role: Some(PartyRole::Buyer), is_visitor }
}

fn seller(name: &str) -> Named {
    Named { name: name.into(), role: Some(PartyRole::Seller), is_visitor: false }
}

fn message(number: i64, at: i64, side: Side, text: &str) -> ChatLine {
    let (role, name, sender) = match side {
        Side::Mine => (Some(PartyRole::Buyer), "Robin Ahlgren", "@tallyroom_robin:example.org"),
        Side::Ours => (Some(PartyRole::Buyer), "Kim Osei", "@kim:birch.example"),
        Side::Theirs => (Some(PartyRole::Seller), "Mara Lind", "@mara:acme.example"),
        Side::Third => (None, "Carrier's office", "@desk:carrier.example"),
    };
    ChatLine {
        event: format!("$e{number}:example.org"),
        at,
        side,
        role,
        name: name.into(),
        sender: sender.into(),
        person: sender.into(),
        kind: Kind::Text,
        text: Some(text.into()),
        html: None,
        files: vec![],
        reply_to: None,
        edited_at: None,
        times: None,
        edit_times: None,
        removed: false,
        reactions: vec![],
        poll: None,
        outgoing: vec![],
        can_edit: side == Side::Mine,
        can_remove: side == Side::Mine,
        remark: None,
    }
}

fn file(name: &str, size: u64, media_type: &str, href: Option<&str>) -> ChatFile {
    ChatFile {
        name: name.into(),
        size: Some(size),
        media_type: Some(media_type.into()),
        href: href.map(str::to_owned),
        state: if href.is_some() { "stored" } else { "wanted" }.into(),
        description: None,
        pixels: None,
        first_page: None,
    }
}

fn chat() -> Chat {
    use Side::{Mine, Ours, Theirs, Third};
    let second = START + DAY;
    let third = second + DAY;
    let mut lines = vec![
        message(1, START, Theirs, "Good morning! Here is the invoice for your planks."),
        message(
            2,
            START + MINUTE,
            Theirs,
            "The delivery note follows as soon as the lorry is back.",
        ),
        message(
            3,
            START + 7 * MINUTE,
            Mine,
            "Thank you. Is the 2 % discount still possible until Friday?",
        ),
        message(4, START + 9 * MINUTE, Theirs, "Yes, if the money is there by then."),
        message(
            5,
            START + 20 * MINUTE,
            Ours,
            "I checked the planks: one is cracked. See the picture.",
        ),
        message(6, START + 21 * MINUTE, Ours, "plank.jpg"),
        message(7, START + 25 * MINUTE, Theirs, "Oh no. We replace it, of course."),
        message(8, START + 26 * MINUTE, Theirs, ""),
        message(9, second, Theirs, "delivery-note.pdf"),
        message(10, second + MINUTE, Third, "Truck leaves at 14:00."),
        message(11, second + 2 * MINUTE, Mine, "Which day suits you for the replacement?"),
        message(12, second + 3 * MINUTE, Theirs, "Which day suits?"),
        message(13, second + 30 * MINUTE, Mine, HOSTILE),
        message(
            14,
            second + 31 * MINUTE,
            Mine,
            "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenversicherungspolicennummer-0123456789-0123456789",
        ),
        message(15, second + 40 * MINUTE, Theirs, "هل يمكنكم تأكيد العنوان؟"),
        message(16, third, Theirs, "joined the conversation"),
        message(17, third + MINUTE, Theirs, "photo-of-the-yard.jpg"),
        message(18, third + 2 * MINUTE, Mine, "Looks good 👍"),
        message(19, third + 3 * MINUTE, Mine, "What is the reference for the transfer?"),
        message(20, third + 5 * MINUTE, Theirs, "RF18 5390 0754 7034"),
    ];
    lines[3].html = Some("<p>Yes, if the money is there <strong>by then</strong>:</p><ul><li>Reference: <code>RF18 5390 0754 7034</code></li><li>Questions: just ask here</li></ul>".into());
    lines[3].reply_to = Some(Quote {
        event: lines[2].event.clone(),
        by: buyer("Robin Ahlgren"),
        excerpt: "Thank you. Is the 2 % discount still possible until Friday?".into(),
    });
    lines[3].reactions = vec![
        Reaction {
            key: "👍".into(),
            by: vec![buyer("Robin Ahlgren"), buyer("Kim Osei")],
            mine: true,
        },
        Reaction { key: "🎉".into(), by: vec![buyer("Kim Osei")], mine: false },
    ];
    lines[5].kind = Kind::Image;
    lines[5].files = vec![ChatFile {
        description: Some("An oak plank with a crack along the grain".into()),
        pixels: Some((1600, 1200)),
        ..file("plank.jpg", 482_133, "image/jpeg", Some("plank.png"))
    }];
    (lines[7].removed, lines[7].text) = (true, None);
    lines[8].kind = Kind::File;
    lines[8].files = vec![ChatFile {
        first_page: Some(ShownPage { href: "note.png".into(), pixels: (452, 640) }),
        ..file("delivery-note.pdf", 98_304, "application/pdf", Some("note.pdf"))
    }];
    lines[10].edited_at = Some(second + 10 * MINUTE);
    lines[11].kind = Kind::PollStart;
    lines[11].poll = Some(Poll {
        question: "Which day suits?".into(),
        answers: [("Thursday", 2), ("Friday", 1), ("Next week", 0)]
            .map(|(text, votes)| PollAnswer {
                id: text.into(),
                text: text.into(),
                votes,
                is_chosen: votes == 1,
            })
            .into(),
        max_selections: 1,
        is_disclosed: true,
        ended: false,
    });
    lines[12].name = HOSTILE.into();
    lines[15].kind = Kind::Membership;
    lines[16].kind = Kind::Image;
    lines[16].files = vec![file("photo-of-the-yard.jpg", 2_400_000, "image/jpeg", None)];
    let unsent = |id: &str, text: &str, problem: Option<&str>| Unsent {
        id: id.into(),
        at: third + 6 * MINUTE,
        text: text.into(),
        problem: problem.map(str::to_owned),
        gave_up: problem.is_some(),
        relation: Some(UnsentRelation::default()),
    };
    Chat {
        read_upto: None,
        seen: Some((lines[18].event.clone(), seller("Mara Lind"))),
        lines,
        older: Some("c/1".into()),
        unsent: vec![
            unsent("01JA", "Transfer is on its way.", None),
            unsent("01JB", "huge-scan.tiff", Some("The file is larger than 50 MB.")),
        ],
        seq: 20,
        client_id: "01JC".into(),
        composing: Composing::New,
        closed: None,
        typing: vec![seller("Mara Lind")],
        questions: Vec::new(),
        found: None,
        is_past: false,
    }
}
