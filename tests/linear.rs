//! Reading, checking and writing an invoice takes work in proportion to its length.
//!
//! Work is counted, not timed: how often and how much memory is allocated for a length, for twice and for four
//! times that length. Each doubling may take at most 2.3 times as much: a table that grows is sometimes moved once
//! more. Comparisons do not allocate, so where many elements are searched for many others, the code has a table.

#![allow(unsafe_code, reason = "there is no other way to count allocations")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(missing_docs, unreachable_pub, reason = "nobody uses a test from outside")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write;

use serde_json::{Value, json};
use tallyroom::fonts::Fonts;
use tallyroom::invoice::{
    AttachedContents, Form, Invoice, InvoiceInput, Limits, XmlFormat, inspect_within,
    parse_file_within, settle, settle_within, write_xml,
};
use tallyroom::language::{Language, Locale};
use tallyroom::pdf::{Document, invoice_pdf};
use tallyroom::transaction::{Party, StatusRules, Submission, Terms};

/// What each doubling may take, in tenths of what went before.
const MOST_TENTHS: usize = 23;

thread_local! {
    static TIMES: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

/// Counts what the current thread allocates.
struct Counting;

fn count(bytes: usize) {
    // A thread that ends has no counters any more.
    let _ = TIMES.try_with(|it| it.set(it.get() + 1));
    let _ = BYTES.try_with(|it| it.set(it.get() + bytes));
}

// SAFETY: everything is passed on to the allocator of the system as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Expects that the work grows with the length at most in proportion. `make` makes an input of a length.
fn is_linear<I>(shortest: usize, make: impl Fn(usize) -> I, work: impl Fn(&I)) {
    // Tables that are made once are made before anything is counted.
    work(&make(1));
    let costs = [1, 2, 4].map(|times| {
        let input = make(shortest * times);
        let before = (TIMES.get(), BYTES.get());
        work(&input);
        (TIMES.get() - before.0, BYTES.get() - before.1)
    });
    for pair in costs.windows(2) {
        let grown =
            |of: fn(&(usize, usize)) -> usize| of(&pair[1]) * 10 <= of(&pair[0]) * MOST_TENTHS;
        assert!(grown(|it| it.0), "allocations: {costs:?}");
        assert!(grown(|it| it.1), "allocated bytes: {costs:?}");
    }
}

/// Wide enough for everything below.
fn limits() -> Limits {
    Limits {
        notes_or_accounts: 1_000_000,
        xml_attributes: 1_000_000,
        xml_tag_bytes: 100_000_000,
        ..Limits::HIGHEST
    }
}

fn json_invoice(lines: usize) -> Value {
    let lines: Vec<Value> = (1..=lines)
        .map(|it| {
            json!({ "id": it.to_string(), "description": format!("Oak board {it}"), "quantity": "2",
                    "unit": "C62", "unit_price": "10.50", "vat": { "category": "S", "rate": "19" },
                    "note": "planed", "item": { "seller_id": format!("A-{it}") } })
        })
        .collect();
    json!({
        "number": "2026-1", "issue_date": "2026-06-01", "due_date": "2026-07-01", "currency": "EUR",
        "specification":
            "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
        "buyer_reference": "B", "lines": lines,
        "seller": { "name": "Acme", "vat_id": "DE123456789",
                    "address": { "city": "Kiel", "postal_code": "24103", "country": "DE" } },
        "buyer": { "name": "Birch",
                   "address": { "city": "Kiel", "postal_code": "24103", "country": "DE" } },
        "payment": { "means": "58", "iban": "DE89 3704 0044 0532 0130 00" },
    })
}

fn settled(lines: usize) -> Invoice {
    let input: InvoiceInput = serde_json::from_value(json_invoice(lines)).unwrap();
    settle(input, Form::Json).unwrap().invoice
}

fn xml(lines: usize, format: XmlFormat) -> String {
    write_xml(&settled(lines), format, &AttachedContents::default()).unwrap().xml
}

/// A UBL invoice with something after the number.
fn ubl_with(inserted: &str) -> String {
    xml(1, XmlFormat::Ubl).replacen("</cbc:ID>", &format!("</cbc:ID>{inserted}"), 1)
}

fn read_and_check(file: &String) {
    if let Ok(invoice) = parse_file_within(file.as_bytes(), &limits()) {
        invoice.check();
        let _ = invoice.read();
    }
}

#[test]
fn many_attributes_on_one_element_are_read_in_linear_work() {
    let with = |number: usize| {
        let mut attributes = String::new();
        for it in 0..number {
            write!(attributes, " a{it}='x'").unwrap();
        }
        ubl_with(&format!("<cbc:Note{attributes}>a</cbc:Note>"))
    };
    is_linear(5_000, with, read_and_check);
    // Within the default limits they are refused.
    let refused = parse_file_within(with(20_000).as_bytes(), &Limits::default());
    assert!(refused.err().unwrap().detail.contains("(config key invoice.limits.xml_"));
}

#[test]
fn deep_nesting_is_refused_in_linear_work() {
    let deep = |number: usize| ubl_with(&["<a>", "</a>"].map(|it| it.repeat(number)).concat());
    let refused = parse_file_within(deep(1_000).as_bytes(), &limits());
    assert!(refused.err().unwrap().detail.contains("(config key invoice.limits.xml_depth)"));
    is_linear(25_000, deep, read_and_check);
}

#[test]
fn many_short_elements_are_read_in_linear_work() {
    is_linear(
        25_000,
        |number| ubl_with(&"<cbc:Note>a</cbc:Note>".repeat(number)),
        |file| {
            parse_file_within(file.as_bytes(), &limits()).unwrap().read().unwrap();
        },
    );
    is_linear(
        25_000,
        |number| ubl_with(&"<a/>".repeat(number)),
        |file| {
            parse_file_within(file.as_bytes(), &limits()).unwrap().read().unwrap();
        },
    );
}

#[test]
fn many_elements_that_ask_for_others_beside_them_are_checked_in_linear_work() {
    for (element, inner) in [
        (
            "cac:AdditionalDocumentReference",
            "<cbc:ID schemeID='A'>1</cbc:ID><cbc:DocumentTypeCode>1</cbc:DocumentTypeCode>",
        ),
        (
            "cac:AllowanceCharge",
            "<cbc:AllowanceChargeReasonCode>95</cbc:AllowanceChargeReasonCode>",
        ),
        ("cac:TaxTotal", "<cbc:TaxAmount currencyID='EUR'>1</cbc:TaxAmount>"),
        ("cac:BillingReference", "<cac:PayeeParty/><cac:AccountingSupplierParty/>"),
    ] {
        is_linear(
            1_000,
            |number| ubl_with(&format!("<{element}>{}</{element}>", inner.repeat(number))),
            read_and_check,
        );
    }
    let cii = xml(1, XmlFormat::Cii);
    let means = "<ram:SpecifiedTradeSettlementPaymentMeans>";
    let inner = "<ram:TypeCode>1</ram:TypeCode><ram:PayeePartyCreditorFinancialAccount/>";
    is_linear(
        1_000,
        |number| cii.replacen(means, &format!("{means}{}", inner.repeat(number)), 1),
        read_and_check,
    );
}

#[test]
fn many_lines_are_read_and_checked_in_linear_work_in_each_form() {
    for format in XmlFormat::BOTH {
        is_linear(1_000, |lines| xml(lines, format), read_and_check);
    }
    is_linear(
        2_500,
        |lines| json_invoice(lines).to_string(),
        |file| {
            inspect_within(file.as_bytes(), &limits());
        },
    );
}

#[test]
fn ten_thousand_lines_are_read_in_linear_work_in_each_form() {
    for format in XmlFormat::BOTH {
        is_linear(
            2_500,
            |lines| xml(lines, format),
            |file| {
                parse_file_within(file.as_bytes(), &limits()).unwrap().read().unwrap();
            },
        );
    }
    let submission = |lines: usize| {
        json!({ "external_id": "a", "invoice": json_invoice(lines),
                "buyer": { "name": "Birch" }, "seller": { "name": "Acme" } })
        .to_string()
    };
    is_linear(2_500, submission, |body| {
        Submission::from_json_within(body.as_bytes(), &limits()).unwrap();
    });
}

#[test]
fn many_rows_of_vat_are_compared_with_many_lines_in_linear_work() {
    let with = |number: usize| {
        let mut invoice = json_invoice(number);
        for (index, line) in invoice["lines"].as_array_mut().unwrap().iter_mut().enumerate() {
            line["vat"]["rate"] = json!(format!("{}.{:05}", index % 90, index));
        }
        serde_json::from_value::<InvoiceInput>(invoice).unwrap()
    };
    is_linear(500, with, |input| {
        settle_within(input.clone(), Form::Json, &limits()).unwrap();
    });
}

#[test]
fn writing_takes_linear_work() {
    let with = |number: usize| {
        let mut invoice = json_invoice(number);
        let all = |row: Value| Value::Array(vec![row; number]);
        invoice["allowances"] = all(json!({ "amount": "1.00", "reason": "a",
                                            "vat": { "category": "S", "rate": "19" } }));
        invoice["preceding_invoices"] = all(json!({ "number": "1" }));
        invoice["documents"] = all(json!({ "reference": "1" }));
        invoice["seller"]["identifiers"] = all(json!("1"));
        let input: InvoiceInput = serde_json::from_value(invoice).unwrap();
        settle_within(input, Form::Json, &limits()).unwrap().invoice
    };
    for format in XmlFormat::BOTH {
        is_linear(500, with, |invoice| {
            write_xml(invoice, format, &AttachedContents::default()).unwrap();
        });
    }
}

#[test]
fn a_pdf_is_laid_out_in_linear_work() {
    let fonts = Fonts::none();
    let locale = Locale::of(Language::ALL[0]);
    let terms = |lines: usize| Terms {
        status: "open".to_owned(),
        invoice: settled(lines),
        buyer: Party { name: "Birch".to_owned(), ..Party::default() },
        seller: Party { name: "Acme".to_owned(), ..Party::default() },
        redactions: None,
        language: None,
    };
    is_linear(100, terms, |terms| {
        let further = tallyroom::invoice::Further::of_invoice(&terms.invoice.clone().into()).terms;
        let (rules, nothing) = (StatusRules::default(), rust_decimal::Decimal::ZERO);
        let Terms { status, invoice, .. } = terms;
        let standing = rules.standing_of("shop", status, invoice, nothing, invoice.issue_date);
        let document = Document {
            terms,
            standing: &standing,
            locale: &locale,
            further: &further,
            qr: None,
            fonts: &fonts,
            written_at: 0,
            carried: None,
        };
        invoice_pdf(&document).unwrap();
    });
}
