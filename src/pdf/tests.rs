//! The invoice on paper: whatever it says, there are pages, and they say it.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde_json::json;

use super::*;
use crate::invoice::{Form, Further, InvoiceInput, epc_payload, read_file, settle};
use crate::transaction::{Party, StatusRules};

mod archival;
mod scripts;

const LONG: &str = include_str!("../../tests/invoices/ubl-tc434-example1.xml");
const RICH: &str = include_str!("../../tests/invoices/ubl-tc434-example2.xml");
const CREDIT_NOTE: &str = include_str!("../../tests/invoices/ubl-tc434-creditnote1.xml");

fn party(details: crate::invoice::PartyDetails) -> Party {
    Party { name: details.name, vat_id: details.vat_id, address: details.address, contacts: vec![] }
}

fn from_xml(xml: &str) -> Terms {
    let read = read_file(xml.as_bytes()).unwrap();
    Terms {
        status: "open".to_owned(),
        invoice: settle(read.invoice, read.format.into()).unwrap().invoice,
        buyer: party(read.buyer),
        seller: party(read.seller),
        redactions: None,
        language: None,
    }
}

fn from_lines(lines: usize, description: &str) -> Terms {
    let lines: Vec<_> = (0..lines)
        .map(|index| {
            json!({ "id": (index + 1).to_string(), "description": description, "quantity": "1",
                    "unit": "C62", "unit_price": "99999999.99",
                    "vat": { "category": "S", "rate": "20" } })
        })
        .collect();
    let input: InvoiceInput = serde_json::from_value(json!({
        "number": "7", "currency": "EUR", "issue_date": "2026-07-01", "due_date": "2026-07-31",
        "lines": lines, "payment": { "iban": "DE89 3704 0044 0532 0130 00" },
    }))
    .unwrap();
    let named = |name: &str| Party { name: name.to_owned(), ..Party::default() };
    Terms {
        status: "open".to_owned(),
        invoice: settle(input, Form::Json).unwrap().invoice,
        buyer: named("Birch"),
        seller: named("Acme"),
        redactions: None,
        language: None,
    }
}

/// How terms stand on the day of issue, without payments.
fn standing(terms: &Terms) -> Standing {
    let Terms { status, invoice, .. } = terms;
    let rules = StatusRules::default();
    rules.standing_of("shop", status, invoice, Decimal::ZERO, invoice.issue_date)
}

/// The code to pay with, if something is to be paid.
fn code(terms: &Terms) -> Option<String> {
    let amount = standing(terms).owed.payable()?;
    epc_payload(&terms.invoice, amount, &terms.seller.name)
}

/// A document without a code, further terms and an invoice for programs, and without typefaces of the machine.
fn plain<'a>(terms: &'a Terms, locale: &'a Locale) -> Document<'a> {
    static NO_FONTS: LazyLock<Fonts> = LazyLock::new(Fonts::none);
    Document {
        terms,
        standing: Box::leak(Box::new(standing(terms))),
        locale,
        further: &[],
        qr: None,
        fonts: &NO_FONTS,
        written_at: 0,
        carried: None,
    }
}

fn sheet_of(document: &Document<'_>) -> Sheet {
    let typesetter = Typesetter::new(document.fonts.clone(), document.han()).unwrap();
    laid_out(document, &typesetter)
}

/// The texts of a page, in the order in which they are drawn.
fn texts(page: &[sheet::Mark]) -> Vec<String> {
    let text = |mark: &sheet::Mark| match mark {
        sheet::Mark::Text { line, .. } => {
            Some(line.runs.iter().map(|run| run.text.as_str()).collect())
        }
        _ => None,
    };
    page.iter().filter_map(text).collect()
}

/// Where a text starts and ends on its page, if a mark is this text.
fn place_of(mark: &sheet::Mark, wanted: &str) -> Option<(f32, f32)> {
    let sheet::Mark::Text { x, line, .. } = mark else { return None };
    let text: String = line.runs.iter().map(|run| run.text.as_str()).collect();
    (text == wanted).then_some((*x, x + line.width))
}

/// Everything is on its page.
fn assert_inside(sheet: &Sheet) {
    for mark in sheet.pages.iter().flatten() {
        let (left, right, bottom) = match mark {
            sheet::Mark::Text { x, baseline, line, .. } => (*x, x + line.width, *baseline),
            sheet::Mark::Rule { x, y, width, .. } => (*x, x + width, *y),
            sheet::Mark::Square { x, y, side } => (*x, x + side, y + side),
        };
        assert!(left > 50.0 && right < sheet::PAGE.0 - 50.0, "{left} to {right}");
        assert!(bottom > 30.0 && bottom < sheet::PAGE.1 - 30.0, "{bottom}");
    }
}

fn english() -> Locale {
    Locale::negotiate(Some("en"), None, "en")
}

fn pdf(terms: &Terms, locale: &Locale) -> Vec<u8> {
    let qr = code(terms);
    let further = Further::of_file(RICH.as_bytes()).terms;
    let document = Document { further: &further, qr: qr.as_deref(), ..plain(terms, locale) };
    assert_inside(&sheet_of(&document));
    invoice_pdf(&document).unwrap().bytes
}

#[test]
fn every_kind_of_invoice_is_a_pdf_and_the_same_one_again() {
    for xml in [LONG, RICH, CREDIT_NOTE] {
        let terms = from_xml(xml);
        let bytes = pdf(&terms, &english());
        assert!(bytes.starts_with(b"%PDF-1.") && bytes.trim_ascii_end().ends_with(b"%%EOF"));
        assert_eq!(bytes, pdf(&terms, &english()));
    }
}

#[test]
fn a_long_table_goes_on_under_its_head_and_every_page_knows_its_number() {
    let locale = english();
    let terms = from_lines(60, "Oak");
    let document = plain(&terms, &locale);
    let sheet = sheet_of(&document);
    let pages = sheet.pages.len();
    assert!((2..=4).contains(&pages), "{pages}");
    let head = locale.text("line-description");
    let mut rows = 0;
    for page in &sheet.pages {
        let texts = texts(page);
        let here = texts.iter().filter(|text| *text == "Oak").count();
        assert_eq!(texts.iter().filter(|text| **text == head).count(), usize::from(here > 0));
        rows += here;
    }
    assert_eq!(rows, 60);
    assert_inside(&sheet);
}

#[test]
fn the_totals_are_on_one_page() {
    let locale = english();
    for lines in 20..32 {
        let terms = from_lines(lines, "Oak");
        let document = plain(&terms, &locale);
        let sheet = sheet_of(&document);
        let of = |id: &str| {
            let label = locale.text(id);
            sheet.pages.iter().position(|page| texts(page).contains(&label)).unwrap()
        };
        assert_eq!(of("total-without-vat"), of("total-due"), "{lines}");
        assert_eq!(of("total-without-vat"), of("vat-taxable"), "{lines}");
    }
}

#[test]
fn a_long_amount_of_the_vat_breakdown_stays_on_one_line_apart_from_the_next() {
    let locale = english();
    for amount in ["1234567890.12", "999999999999.99", "79228162514264337593.54"] {
        let mut terms = from_lines(1, "Oak");
        let row = &mut terms.invoice.vat_breakdown[0];
        (row.taxable, row.tax) = (amount.parse().unwrap(), amount.parse().unwrap());
        let shown = locale.bare_amount(row.taxable, terms.invoice.currency);
        let document = plain(&terms, &locale);
        let sheet = sheet_of(&document);
        let all: Vec<String> = sheet.pages.iter().flat_map(|page| texts(page)).collect();
        assert_eq!(all.iter().filter(|text| **text == shown).count(), 2, "{shown} in {all:?}");
        let places: Vec<(f32, f32)> =
            sheet.pages.iter().flatten().filter_map(|mark| place_of(mark, &shown)).collect();
        let [taxable, tax] = places[..] else { panic!("{places:?}") };
        assert!(taxable.1 + 12.0 <= tax.0, "{shown}: {places:?}");
        assert_inside(&sheet);
    }
}

#[test]
fn a_price_keeps_its_decimals() {
    let mut terms = from_lines(1, "Screws");
    terms.invoice.lines[0].unit_price = "0.00525".parse().unwrap();
    let locale = english();
    let document = plain(&terms, &locale);
    let all = texts(&sheet_of(&document).pages[0]).join("\n");
    assert!(all.contains("0.00525"), "{all}");
}

#[test]
fn no_text_is_too_much() {
    let words = "word ".repeat(2_000);
    let unbroken = "W".repeat(10_000);
    let odd =
        "\u{0}\u{1b}[31m\u{202e}evil\u{2066} 👩‍👩‍👧 漢字 \u{fffd} שלום مرحبا e\u{301}\u{301}\u{301} "
            .repeat(50);
    for description in [words.as_str(), &unbroken, &odd, "", " ", "\u{200d}", "\u{202e}"] {
        let mut terms = from_lines(2, "x");
        terms.invoice.lines[1].description = description.to_owned();
        let text = description.chars().take(500).collect();
        terms.invoice.notes = vec![crate::invoice::Note { subject: None, text }];
        terms.invoice.number = description.chars().take(100).collect();
        terms.seller.name = description.chars().take(200).collect();
        pdf(&terms, &english());
    }
}

#[test]
fn what_no_typeface_has_is_seen_to_be_missing() {
    let locale = english();
    let mut terms = from_lines(1, "Tea");
    terms.invoice.lines[0].description = "Tea 茶\u{202e}\u{7} and more".to_owned();
    let document = plain(&terms, &locale);
    let texts = texts(&sheet_of(&document).pages[0]);
    assert!(texts.contains(&"Tea \u{fffd} and more".to_owned()), "{texts:?}");
}

#[test]
fn a_figure_stays_on_one_line_with_its_sign_and_currency() {
    let typesetter = Typesetter::new(Fonts::none(), HanForm::Simplified).unwrap();
    let style = text::Style::BODY;
    let figure = "\u{2212}1\u{202f}234,50\u{a0}€";
    let width = typesetter.line(figure, style).width;
    let lines = typesetter.lines(&format!("word {figure}"), style, width + 1.0);
    let lines: Vec<&str> = lines.iter().map(|line| line.runs[0].text.as_str()).collect();
    assert_eq!(lines, ["word", "–1\u{a0}234,50\u{a0}€"]);
}

#[test]
fn a_paragraph_has_one_direction_and_foreign_words_keep_theirs() {
    let typesetter = Typesetter::new(Fonts::none(), HanForm::Simplified).unwrap();
    let runs = |text: &str| -> Vec<String> {
        let line = typesetter.line(text, text::Style::BODY);
        line.runs.iter().map(|run| run.text.trim().to_owned()).collect()
    };
    // From left to right, as they are seen.
    assert_eq!(runs("فاتورة 7a"), ["7a", "فاتورة"]);
    assert_eq!(runs("018304 / 28865"), ["018304 / 28865"]);
    assert_eq!(runs("Tea שלום"), ["Tea", "שלום"]);
}

#[test]
fn languages_from_right_to_left_are_mirrored() {
    let terms = from_xml(RICH);
    let locale = Locale::negotiate(Some("ar"), None, "en");
    let further = Further::of_file(RICH.as_bytes()).terms;
    let document = Document { further: &further, ..plain(&terms, &locale) };
    let mut sheet = Sheet::new(true);
    let typesetter = Typesetter::new(Fonts::none(), HanForm::Simplified).unwrap();
    blocks::head(&document, &typesetter, &mut sheet);
    let seller = sheet.pages[0].iter().find_map(|mark| match mark {
        sheet::Mark::Text { x, line, .. } => Some(x + line.width),
        _ => None,
    });
    assert!(seller.unwrap() > sheet::PAGE.0 - 60.0, "{seller:?}");
    assert_inside(&sheet);
    pdf(&terms, &locale);
}

#[test]
fn the_code_to_pay_with_is_on_paper() {
    let terms = from_lines(1, "Oak");
    let locale = english();
    let qr = Some("BCD\n002\n1\nSCT");
    let document = Document { qr, ..plain(&terms, &locale) };
    let sheet = sheet_of(&document);
    let squares = |mark: &&sheet::Mark| matches!(mark, sheet::Mark::Square { .. });
    assert!(sheet.pages.iter().flatten().filter(squares).count() > 100);
}

#[test]
fn nobody_is_asked_on_paper_for_money_that_is_not_owed() {
    let locale = english();
    let of = |terms: &Terms| {
        let qr = code(terms);
        let document = Document { qr: qr.as_deref(), ..plain(terms, &locale) };
        let pages = sheet_of(&document).pages;
        pages.iter().flat_map(|page| texts(page)).collect::<Vec<_>>().join("\n")
    };
    let mut terms = from_lines(1, "Oak");
    for asks in ["How to pay", "DE89", "Amount due", "31 July 2026"] {
        assert!(of(&terms).contains(asks), "{asks}");
    }
    for status in ["paid", "Canceled", "refunded", "draft", "written_off"] {
        terms.status = status.to_owned();
        let paper = of(&terms);
        for asks in ["How to pay", "DE89", "Amount due", "31 July 2026"] {
            assert!(!paper.contains(asks), "{asks} of {status} on\n{paper}");
        }
        assert!(paper.contains("Nothing to pay") && paper.contains("119,999,999.99"), "{paper}");
    }
    terms.status = "open".to_owned();
    terms.invoice.type_code = "381".to_owned();
    let paper = of(&terms);
    assert!(paper.contains("Amount credited") && !paper.contains("How to pay"), "{paper}");
}
