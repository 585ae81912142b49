//! The texts that people read of an invoice, and of what is unusual in a message, in their language: the invoice page, the PDF, the
//! room and the transcript all take them from here. Pure: no I/O.

mod address;
mod payment;
pub mod safe;
pub mod summary;
mod totals;

use jiff::civil::Date;
use rust_decimal::Decimal;

pub use address::address;
pub use payment::{PaymentDetail, TransferField, payment, transfer_fields};
pub use totals::{Total, TotalKind, owed_label, totals};

use crate::invoice::{Currency, Invoice, Line, Term};
use crate::language::Locale;
use crate::record::{Remark, remarks_in};
use crate::transaction::{Change, ChangeKind};

/// Business terms that hold a date.
const DATE_TERMS: [&str; 7] = ["BT-7", "BT-26", "BT-72", "BT-73", "BT-74", "BT-134", "BT-135"];
/// The business term that holds a country: the item's country of origin.
const COUNTRY_TERM: &str = "BT-159";
/// The business term that says whether a line is part of the sums.
const ROLE_TERM: &str = "BT-X-8";
/// The VAT category (UNTDID 5305) whose rate says everything: standard rate.
const STANDARD_RATE: &str = "S";

/// What the document is called by its type, such as `Invoice`, `Credit note` or `Corrected invoice`. A type
/// that is in no list of EN 16931 is called an invoice.
pub fn kind(invoice: &Invoice, locale: &Locale) -> String {
    type_name(&invoice.type_code, locale).unwrap_or_else(|| locale.text("type-380"))
}

/// The name of a type of document (UNTDID 1001), if it is one that EN 16931 allows.
fn type_name(code: &str, locale: &Locale) -> Option<String> {
    known(&format!("type-{code}"), locale)
}

/// What the record says about something unusual in an event, as it keeps it, in the reader's language. What we have
/// no text for stays as it is.
pub fn remarks(kept: Option<&str>, locale: &Locale) -> Vec<String> {
    let in_words = |remark: Remark| {
        let words = match &remark {
            Remark::OtherWordsWithoutEdits(words) => words.as_str(),
            _ => "",
        };
        match remark.id() {
            Some(id) => locale.text_with(&format!("remark-{id}"), &[("words", words.into())]),
            None => remark.to_string(),
        }
    };
    remarks_in(kept.unwrap_or_default()).into_iter().map(in_words).collect()
}

/// The shop's status in the reader's language if we have a text for it, otherwise as the shop
/// writes it, with spaces in place of underscores.
pub fn status(status: &str, locale: &Locale) -> String {
    let id = status.trim().to_lowercase().replace(['_', ' '], "-");
    let id = format!("status-{}", if id == "canceled" { "cancelled" } else { &id });
    known(&id, locale).unwrap_or_else(|| status.replace('_', " "))
}

/// The VAT rate, with the name of the category where that says more than the rate (UNTDID 5305):
/// `19%`, `Reverse charge`, `Canary Islands IGIC 7%`.
pub fn vat(category: &str, rate: Option<Decimal>, locale: &Locale) -> String {
    let name = known(&format!("vat-{}", category.to_lowercase()), locale);
    let name = name.filter(|_| category != STANDARD_RATE);
    let telling = rate.filter(|rate| name.is_none() || !rate.is_zero());
    match (name, telling.map(|rate| locale.percent(rate))) {
        (Some(name), Some(rate)) => format!("{name} {rate}"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => category.to_owned(),
    }
}

/// What a line is for: the name of the item (BT-153), and its description (BT-154) if that says more.
pub fn line_text(line: &Line) -> String {
    match line.details.as_deref().map(str::trim).filter(|details| !details.is_empty()) {
        None => line.description.clone(),
        Some(details) if details.starts_with(line.description.trim()) => details.to_owned(),
        Some(details) => format!("{} – {details}", line.description),
    }
}

/// What one unit of a line costs, or as many units as the price is for; with all of its decimals.
pub fn price(line: &Line, currency: Currency, locale: &Locale) -> String {
    let amount = locale.bare_amount(line.unit_price, currency);
    match line.base_quantity.filter(|base| *base != Decimal::ONE) {
        None => amount,
        Some(base) => {
            let quantity = locale.quantity(base, &line.unit);
            let arguments = [("amount", amount.into()), ("quantity", quantity.into())];
            locale.text_with("price-per", &arguments)
        }
    }
}

/// An amount with the code of its currency (ISO 4217), which is the same in every client and
/// language: `EUR 1,234.50`, `1.234,50 EUR`.
pub fn amount_with_code(amount: Decimal, currency: Currency, locale: &Locale) -> String {
    let arguments = [
        ("amount", locale.bare_amount(amount, currency).into()),
        ("currency", currency.to_string().into()),
    ];
    locale.text_with("amount-with-code", &arguments)
}

/// The name and the value of a business term that our model has no field for.
pub fn term(term: &Term, locale: &Locale) -> (String, String) {
    let date = term.value.parse::<Date>().ok().filter(|_| DATE_TERMS.contains(&term.id));
    let value = match date {
        Some(date) => locale.date(date),
        None if term.id == ROLE_TERM => {
            let id = format!("line-role-{}", term.value.to_lowercase());
            known(&id, locale).unwrap_or_else(|| term.value.clone())
        }
        None if term.id == COUNTRY_TERM => locale.country(&term.value),
        None => term.value.clone(),
    };
    (locale.text(&term.id.to_lowercase()), value)
}

/// An account number (IBAN) in groups of four, as banks print it.
pub fn in_groups_of_four(iban: &str) -> String {
    let letters: Vec<char> = iban.chars().filter(|c| !c.is_whitespace()).collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Whether a change is of a business term that is named by its id.
fn is_term(what: &str) -> bool {
    what.starts_with("BT-") || what.starts_with("BG-")
}

/// The name of what a revision changed, such as `Amount due` or `Line 3`.
pub fn change_label(change: &Change, locale: &Locale) -> String {
    let which = change.which.as_deref().unwrap_or_default();
    if is_term(change.what) {
        let name = locale.text(&change.what.to_lowercase());
        let line = locale.text_with("change-line", &[("which", which.into())]);
        return if which.is_empty() { name } else { format!("{} · {name}", line.trim()) };
    }
    let label = locale.text_with(&format!("change-{}", change.what), &[("which", which.into())]);
    label.trim().to_owned()
}

/// A value before or after a change; as it is stored if it cannot be parsed.
pub fn changed_value(change: &Change, value: &str, locale: &Locale) -> String {
    let figure = value.parse::<Decimal>().ok();
    let text = match &change.kind {
        ChangeKind::Text => match change.what {
            "status" => Some(status(value, locale)),
            "type" => type_name(value, locale),
            "iban" | "account" => Some(in_groups_of_four(value)),
            id if is_term(id) => {
                Some(term(&Term { id, line: None, value: value.to_owned() }, locale).1)
            }
            _ => None,
        },
        ChangeKind::Date => value.parse::<Date>().ok().map(|date| locale.date(date)),
        ChangeKind::Amount(currency) => figure.map(|figure| locale.amount(figure, *currency)),
        ChangeKind::Quantity(unit) => figure.map(|figure| locale.quantity(figure, unit)),
    };
    text.unwrap_or_else(|| value.to_owned())
}

/// The text with this id; none if there is no such text.
fn known(id: &str, locale: &Locale) -> Option<String> {
    Some(locale.text(id)).filter(|text| text != id)
}

#[cfg(test)]
mod tests {
    use en16931::codes::generated::{CREDIT_NOTE_TYPE_CODES, INVOICE_TYPE_CODES};

    use super::*;
    use crate::language::Language;
    use crate::transaction::sample;

    fn called(code: &str, language: Language) -> String {
        let mut invoice = sample().terms.invoice;
        invoice.type_code = code.to_owned();
        kind(&invoice, &Locale::of(language))
    }

    #[test]
    fn each_remark_has_its_own_words_in_each_language() {
        let kept = |language| {
            let locale = Locale::of(language);
            let all = Remark::IDS.iter().map(|id| known(&format!("remark-{id}"), &locale));
            all.collect::<Option<Vec<String>>>().unwrap_or_else(|| panic!("{language:?} lacks one"))
        };
        let in_english = kept(Language::English);
        for language in Language::ALL.into_iter().filter(|it| *it != Language::English) {
            assert!(kept(language).iter().zip(&in_english).all(|(own, english)| own != english));
        }
    }

    #[test]
    fn remarks_are_read_in_the_language_of_the_reader_with_the_words_that_somebody_wrote() {
        let kept = "a key stands twice in it; the last one was read; apps that do not know edits \
             show other words: I pay 100";
        let german = Locale::of(Language::German);
        let duplicate = german.text("remark-duplicate-key");
        let read = remarks(Some(kept), &german);
        assert_eq!((read.len(), &read[0]), (2, &duplicate));
        assert!(read[1].starts_with("Apps, die") && read[1].ends_with("I pay 100"), "{}", read[1]);
        assert_eq!(remarks(Some("it sings"), &german), ["it sings"]);
        assert_eq!(remarks(None, &german), [] as [String; 0]);
    }

    #[test]
    fn every_type_of_document_has_a_name_of_its_own_in_every_language() {
        let codes: std::collections::BTreeSet<_> =
            INVOICE_TYPE_CODES.iter().chain(CREDIT_NOTE_TYPE_CODES).collect();
        assert_eq!(codes.len(), 62);
        for language in Language::ALL {
            let locale = Locale::of(language);
            let mut names = std::collections::BTreeSet::new();
            for code in &codes {
                let name = type_name(code, &locale);
                assert!(name.is_some(), "{code} has no name in {language:?}");
                assert!(names.insert(name), "{code} is called as another type in {language:?}");
            }
        }
    }

    #[test]
    fn a_changed_type_is_named() {
        let change = Change {
            what: "type",
            which: None,
            before: Some("380".to_owned()),
            after: Some("384".to_owned()),
            kind: ChangeKind::Text,
        };
        let english = Locale::of(Language::English);
        assert_eq!(changed_value(&change, "384", &english), "Corrected invoice");
        assert_eq!(changed_value(&change, "999", &english), "999");
    }

    #[test]
    fn a_document_is_called_by_its_type() {
        for (code, english, german) in [
            ("380", "Invoice", "Rechnung"),
            ("381", "Credit note", "Rechnungskorrektur (Gutschrift)"),
            ("384", "Corrected invoice", "Korrigierte Rechnung"),
            ("389", "Self-billed invoice", "Gutschrift (Rechnung des Leistungsempfängers)"),
            ("386", "Prepayment invoice", "Anzahlungsrechnung"),
            ("326", "Partial invoice", "Teilrechnung"),
            ("877", "Final construction invoice", "Schlussrechnung (Bau)"),
            // It is in no list, and neither is a text of another kind.
            ("999", "Invoice", "Rechnung"),
            ("", "Invoice", "Rechnung"),
        ] {
            assert_eq!(called(code, Language::English), english);
            assert_eq!(called(code, Language::German), german);
        }
    }
}
