//! Reads UBL 2.1 and CII with `en16931-formats` into our own model.

pub(super) mod bounds;

use en16931::invoice as theirs;
use en16931::{Date as TheirDate, InvoiceAmount};
use en16931_formats::report::Kind;
use en16931_formats::{Read, Syntax};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::currency::Currency;
use super::input::{AdjustmentInput, InvoiceInput, LineInput, TotalsInput};
use super::model::{Account, LineVat, Payment, VatSubtotal};
use super::party::{Address, PartyDetails};
use super::problem::Problem;

/// The greatest number of characters of an unreadable value that its refusal repeats.
const MAX_SHOWN_CHARS: usize = 60;

/// The two syntaxes of EN 16931.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XmlFormat {
    /// OASIS Universal Business Language 2.1.
    Ubl,
    /// UN/CEFACT Cross Industry Invoice.
    Cii,
}

/// The content of an XML invoice.
#[derive(Clone, Debug, PartialEq)]
pub struct FromXml {
    /// The invoice with everything that it states, so that settling checks it instead of computing it.
    pub invoice: InvoiceInput,
    /// The seller (BG-4).
    pub seller: PartyDetails,
    /// The buyer (BG-7).
    pub buyer: PartyDetails,
    /// The syntax of the file.
    pub format: XmlFormat,
}

/// Reads an invoice or credit note.
///
/// # Errors
/// If the file is not an invoice, or contains a value that cannot be read. The detail names the place in the
/// file. The pointer is empty, unless one field of our model corresponds to that place.
pub fn read(bytes: &[u8]) -> Result<FromXml, Problem> {
    bounds::check(bytes)?;
    let read = en16931_formats::read(bytes).map_err(|error| {
        Problem::at("", format!("The file is no EN 16931 invoice in UBL or CII: {error}."))
    })?;
    refuse_unreadable(&read)?;
    let format = match read.syntax {
        Syntax::Cii => XmlFormat::Cii,
        _ => XmlFormat::Ubl,
    };
    let invoice = read.invoice;
    Ok(FromXml {
        seller: party(&invoice.seller),
        buyer: party(&invoice.buyer),
        invoice: input(invoice)?,
        format,
    })
}

/// Refuses a figure or a date that cannot be read, so that it is not replaced by another one without
/// notice.
fn refuse_unreadable(read: &Read) -> Result<(), Problem> {
    let bad = read
        .entries
        .iter()
        .find(|entry| matches!(entry.kind, Kind::Malformed | Kind::Unreadable | Kind::Duplicate));
    let Some(bad) = bad else { return Ok(()) };
    let value: String =
        bad.value.as_deref().unwrap_or_default().chars().take(MAX_SHOWN_CHARS).collect();
    let path = &bad.path;
    let detail = match bad.kind {
        Kind::Duplicate => format!(
            "{path} may stand only once, but stands again with {value:?}; it is not clear which \
             is meant."
        ),
        _ => format!("{path} holds {value:?}, which cannot be read: {}.", bad.message),
    };
    Err(Problem::at("", detail))
}

fn input(invoice: theirs::Invoice) -> Result<InvoiceInput, Problem> {
    let number = invoice.number.map(one_line).ok_or_else(|| {
        Problem::at("/number", "BR-02: an invoice needs a number.").breaking("BR-02")
    })?;
    let currency = invoice
        .currency
        .map(|code| Currency::parse(code.as_str()))
        .transpose()
        .map_err(|detail| Problem::at("/currency", detail))?;
    let default_type = match invoice.kind {
        theirs::DocumentKind::CreditNote => "381",
        _ => "380",
    };
    let totals = totals(&invoice.totals, invoice.lines.is_empty());
    Ok(InvoiceInput {
        number,
        type_code: invoice.type_code.map_or_else(|| default_type.to_owned(), text),
        issue_date: invoice.issue_date.map(|it| date(it, "/issue_date")).transpose()?,
        due_date: invoice.due_date.map(|it| date(it, "/due_date")).transpose()?,
        currency,
        lines: invoice.lines.into_iter().map(line).collect(),
        allowances: invoice.allowances.into_iter().map(adjustment).collect(),
        charges: invoice.charges.into_iter().map(adjustment).collect(),
        vat_breakdown: Some(invoice.vat_breakdown.into_iter().map(subtotal).collect()),
        totals,
        payment: payment(invoice.payment, invoice.payment_terms),
        notes: invoice.notes.into_iter().filter_map(|note| note.note).collect(),
        buyer_reference: invoice.buyer_reference.map(one_line),
        order_reference: invoice.purchase_order_reference.map(|it| one_line(it.as_str())),
    })
}

fn line(line: theirs::InvoiceLine) -> LineInput {
    LineInput {
        id: Some(one_line(line.id)),
        description: description(line.item.name, line.item.description),
        quantity: line.quantity.into_decimal(),
        unit: text(line.unit_code),
        unit_price: line.price.net_price.into_decimal(),
        base_quantity: line
            .price
            .base_quantity
            .map(en16931::Quantity::into_decimal)
            .filter(|base| *base != Decimal::ONE),
        net_amount: Some(line.net_amount.into_decimal()),
        vat: vat(line.vat),
    }
}

/// Returns the name of the item, followed by its description if that is another text.
fn description(name: Option<String>, description: Option<String>) -> String {
    let name = name.map(one_line).unwrap_or_default();
    let description = description.map(one_line).unwrap_or_default();
    if description.starts_with(&name) {
        description
    } else if description.is_empty() {
        name
    } else {
        format!("{name} – {description}")
    }
}

fn vat(vat: theirs::LineVat) -> LineVat {
    LineVat { category: text(vat.category), rate: vat.rate.map(en16931::Percentage::into_decimal) }
}

fn adjustment(it: theirs::DocumentAllowanceCharge) -> AdjustmentInput {
    AdjustmentInput { amount: it.amount.into_decimal(), reason: it.reason, vat: vat(it.vat) }
}

fn subtotal(it: theirs::VatBreakdown) -> VatSubtotal {
    VatSubtotal {
        category: text(it.category),
        rate: it.rate.map(en16931::Percentage::into_decimal),
        taxable: it.taxable_amount.into_decimal(),
        tax: it.tax_amount.into_decimal(),
    }
}

fn totals(it: &theirs::DocumentTotals, without_lines: bool) -> TotalsInput {
    // A mandatory total that is missing is read as zero. If there are lines, the rules find the
    // contradiction. Without lines, this check tells an empty file from an invoice.
    let stated = |amount: InvoiceAmount| {
        Some(amount.into_decimal()).filter(|amount| !(without_lines && amount.is_zero()))
    };
    // If an invoice does not state one of these, it is zero. It is not computed.
    let or_nothing = |amount: Option<InvoiceAmount>| {
        Some(amount.map_or(Decimal::ZERO, InvoiceAmount::into_decimal))
    };
    TotalsInput {
        lines: stated(it.line_total),
        allowances: or_nothing(it.allowance_total),
        charges: or_nothing(it.charge_total),
        without_vat: stated(it.taxable_total),
        vat: or_nothing(it.vat_total),
        with_vat: stated(it.gross_total),
        paid: or_nothing(it.paid),
        rounding: or_nothing(it.rounding),
        // Nothing is due if everything was paid.
        due: Some(it.due.into_decimal()),
    }
}

fn payment(
    instructions: Option<theirs::PaymentInstructions>,
    terms: Option<String>,
) -> Option<Payment> {
    let mut payment = Payment { terms, ..Payment::default() };
    if let Some(it) = instructions {
        payment.means = it.means_code.map(text).or(it.means_text);
        payment.reference = it.remittance_information;
        if let Some(theirs::PaymentMeans::CreditTransfer(accounts)) = it.means {
            let mut accounts = accounts.into_iter();
            if let Some(first) = accounts.next() {
                payment.iban = first.account_identifier.map(one_line);
                payment.bic = first.provider_identifier.map(one_line);
                payment.account_name = first.account_name.map(one_line);
            }
            for it in accounts {
                let Some(iban) = it.account_identifier.map(one_line) else { continue };
                let account = Account { iban, bic: it.provider_identifier.map(one_line) };
                // CII repeats an account for each means of payment for which it is used.
                let is_known = payment.iban.as_ref() == Some(&account.iban)
                    || payment.further_accounts.contains(&account);
                if !is_known {
                    payment.further_accounts.push(account);
                }
            }
        }
    }
    (payment != Payment::default()).then_some(payment)
}

fn party(party: &theirs::Party) -> PartyDetails {
    let it = &party.address;
    let lines = [&it.line1, &it.line2, &it.line3].into_iter().flatten().map(one_line).collect();
    let address = Address {
        lines,
        city: it.city.as_ref().map(one_line),
        postal_code: it.post_code.as_ref().map(one_line),
        region: it.subdivision.as_ref().map(one_line),
        country: it.country.as_ref().map(|code| one_line(code.as_str())),
    };
    PartyDetails {
        name: party.name.as_ref().or(party.trading_name.as_ref()).map(one_line).unwrap_or_default(),
        vat_id: party.vat_identifier.as_ref().map(one_line),
        address: (address != Address::default()).then_some(address),
    }
}

fn date(date: TheirDate, pointer: &str) -> Result<Date, Problem> {
    let text = date.to_string();
    text.parse().map_err(|error| Problem::at(pointer, format!("{text:?} is no date: {error}.")))
}

fn text(code: theirs::Code) -> String {
    one_line(code.as_str())
}

/// Returns a short text as one line, because white space in XML is only layout.
fn one_line(text: impl AsRef<str>) -> String {
    text.as_ref().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
