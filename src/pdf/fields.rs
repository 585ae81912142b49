//! What stands in the fields, in the reader's language.

use std::collections::HashMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Document;
use crate::invoice::{Address, Line, LineVat, Owed, Term};
use crate::language::Locale;

/// Terms that hold a date.
const DATES: [&str; 7] = ["BT-7", "BT-26", "BT-72", "BT-73", "BT-74", "BT-134", "BT-135"];
/// The term that holds a country.
const COUNTRY: &str = "BT-159";
/// The term that holds a note to a line.
const NOTE: &str = "BT-127";
/// Terms that stand in the head, in this order.
const IN_HEAD: [&str; 7] = ["BT-25", "BT-26", "BT-12", "BT-11", "BT-72", "BT-73", "BT-74"];

/// A label and what it labels.
pub(super) type Field = (String, String);

/// Whether the document asks for money.
pub(super) fn owed(document: &Document<'_>) -> Owed {
    Owed::of(&document.terms.invoice, &document.terms.status)
}

/// Such as `Invoice`.
pub(super) fn kind(document: &Document<'_>) -> String {
    let credit = document.terms.invoice.is_credit_note();
    document.locale.text(if credit { "credit-note" } else { "invoice" })
}

/// Street, city, region, country, each on its line.
pub(super) fn address(address: &Address, locale: &Locale) -> Vec<String> {
    let city: Vec<&str> =
        [&address.postal_code, &address.city].into_iter().flatten().map(String::as_str).collect();
    let country = address.country.as_deref().map(|code| locale.country(code));
    let place = [Some(city.join(" ")), address.region.clone(), country];
    let lines = address.lines.iter().cloned().chain(place.into_iter().flatten());
    lines.filter(|line| !line.trim().is_empty()).collect()
}

/// Dates and references.
pub(super) fn head(document: &Document<'_>) -> Vec<Field> {
    let (invoice, locale) = (&document.terms.invoice, document.locale);
    let mut fields = vec![(locale.text("issued"), locale.date(invoice.issue_date))];
    if let Some(due) = owed(document).payable().and(invoice.due_date) {
        fields.push((locale.text("due"), locale.date(due)));
    }
    for (id, value) in [
        ("buyer-reference", &invoice.buyer_reference),
        ("order-reference", &invoice.order_reference),
    ] {
        if let Some(value) = value {
            fields.push((locale.text(id), value.clone()));
        }
    }
    for id in IN_HEAD {
        let terms = document.further.iter().filter(|term| term.line.is_none() && term.id == id);
        fields.extend(terms.map(|it| term(it, locale)));
    }
    fields
}

/// What else the invoice says as a whole.
pub(super) fn further(document: &Document<'_>) -> Vec<Field> {
    let terms = document.further.iter();
    let terms = terms.filter(|term| term.line.is_none() && !IN_HEAD.contains(&term.id));
    terms.map(|it| term(it, document.locale)).collect()
}

/// What else it says of each line, by its id.
pub(super) fn further_by_line<'a>(document: &Document<'a>) -> HashMap<&'a str, Vec<&'a Term>> {
    let mut by_line: HashMap<&str, Vec<&Term>> = HashMap::new();
    for term in document.further {
        if let Some(line) = &term.line {
            by_line.entry(line).or_default().push(term);
        }
    }
    by_line
}

/// First the note to a line, then the rest in one paragraph.
pub(super) fn in_paragraphs(terms: &[&Term], locale: &Locale) -> Vec<String> {
    let (notes, rest): (Vec<&Term>, Vec<&Term>) = terms.iter().partition(|term| term.id == NOTE);
    let rest = rest.into_iter().map(|it| {
        let (label, value) = term(it, locale);
        format!("{label}: {}", apart(value, locale))
    });
    let rest = rest.collect::<Vec<_>>().join(" · ");
    notes.into_iter().map(|note| note.value.clone()).chain([rest]).collect()
}

/// The value so that it does not get mixed up with words of another direction around it.
pub(super) fn apart(value: String, locale: &Locale) -> String {
    if locale.is_rtl() { format!("\u{2068}{value}\u{2069}") } else { value }
}

fn term(term: &Term, locale: &Locale) -> Field {
    let is_date = DATES.contains(&term.id);
    let date = term.value.parse::<Date>().ok().filter(|_| is_date);
    let value = match date {
        Some(date) => locale.date(date),
        None if term.id == COUNTRY => locale.country(&term.value),
        None => term.value.clone(),
    };
    (locale.text(&term.id.to_lowercase()), value)
}

/// A price keeps all of its decimals.
pub(super) fn price(document: &Document<'_>, line: &Line) -> String {
    let (locale, currency) = (document.locale, document.terms.invoice.currency);
    let exact = line.unit_price.normalize();
    let price = |figure: Decimal| {
        let short = figure.scale() <= 2;
        if short { locale.bare_amount(figure, currency) } else { locale.number(figure) }
    };
    match line.base_quantity {
        None => price(exact),
        Some(base) => {
            let quantity = locale.quantity(base, &line.unit);
            let arguments = [("amount", price(exact).into()), ("quantity", quantity.into())];
            locale.text_with("price-per", &arguments)
        }
    }
}

/// The rate, or why there is none.
pub(super) fn vat(category: &str, rate: Option<Decimal>, locale: &Locale) -> String {
    let rate = rate.filter(|rate| category == "S" || !rate.is_zero());
    let id = format!("vat-{}", category.to_lowercase());
    let words = locale.text(&id);
    let words = if category == "S" || words == id { None } else { Some(words) };
    match (words, rate) {
        (Some(words), Some(rate)) => format!("{words} {}", locale.percent(rate)),
        (Some(words), None) => words,
        (None, Some(rate)) => locale.percent(rate),
        (None, None) => category.to_owned(),
    }
}

pub(super) fn line_vat(it: &LineVat, locale: &Locale) -> String {
    vat(&it.category, it.rate, locale)
}

/// How to pay, as far as the invoice says; nothing if nobody has to.
pub(super) fn payment(document: &Document<'_>) -> Vec<Field> {
    let asks = owed(document).payable().is_some();
    let payment = document.terms.invoice.payment.as_ref().filter(|_| asks);
    let Some(payment) = payment else { return Vec::new() };
    let locale = document.locale;
    let mut fields = Vec::new();
    let mut say = |id: &str, value: Option<String>| {
        if let Some(value) = value {
            fields.push((locale.text(id), value));
        }
    };
    say("payment-means", payment.means.as_deref().map(|code| means(code, locale)));
    say("payment-account-name", payment.account_name.clone());
    say("payment-iban", payment.iban.as_deref().map(in_fours));
    say("payment-bic", payment.bic.clone());
    for account in &payment.further_accounts {
        let bic = account.bic.as_ref().map(|bic| format!(" · {bic}")).unwrap_or_default();
        say("payment-further-account", Some(format!("{}{bic}", in_fours(&account.iban))));
    }
    say("payment-reference", payment.reference.clone());
    say("payment-terms", payment.terms.clone());
    fields
}

fn means(code: &str, locale: &Locale) -> String {
    let id = format!("means-{}", code.to_lowercase());
    let words = locale.text(&id);
    if words == id { code.to_owned() } else { words }
}

/// As an IBAN is written on paper.
fn in_fours(iban: &str) -> String {
    let signs: Vec<char> = iban.chars().filter(|sign| !sign.is_whitespace()).collect();
    let groups: Vec<String> = signs.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}
