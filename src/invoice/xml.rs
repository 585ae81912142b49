//! UBL 2.1 and CII, read by `en16931-formats` into our own model.

use en16931::invoice as theirs;
use en16931::{Date as TheirDate, InvoiceAmount};
use en16931_formats::report::Kind;
use en16931_formats::{Read, Syntax};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::input::{AdjustmentInput, InvoiceInput, LineInput, TotalsInput};
use super::model::{Account, Currency, LineVat, Payment, VatSubtotal};
use super::party::{Address, PartyDetails};
use super::problem::Problem;

/// Which of the two syntaxes of EN 16931 a file is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XmlFormat {
    /// OASIS Universal Business Language 2.1.
    Ubl,
    /// UN/CEFACT Cross Industry Invoice.
    Cii,
}

/// What an XML invoice says.
#[derive(Clone, Debug, PartialEq)]
pub struct FromXml {
    /// With everything as stated, so that settling it checks instead of computing.
    pub invoice: InvoiceInput,
    /// BG-4.
    pub seller: PartyDetails,
    /// BG-7.
    pub buyer: PartyDetails,
    /// Which syntax it was in.
    pub format: XmlFormat,
}

/// Reads an invoice or credit note.
///
/// # Errors
/// When it is none, or states something that cannot be read; the pointer is empty or names our
/// field for it.
pub fn read(bytes: &[u8]) -> Result<FromXml, Problem> {
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

/// A figure or date that could not be read must not silently become another.
fn refuse_unreadable(read: &Read) -> Result<(), Problem> {
    let bad = read
        .entries
        .iter()
        .find(|entry| matches!(entry.kind, Kind::Malformed | Kind::Unreadable | Kind::Duplicate));
    let Some(bad) = bad else { return Ok(()) };
    let value = bad.value.as_deref().unwrap_or("nothing");
    let detail = format!("{} holds {value:?}, which can not be read there or only once.", bad.path);
    Err(Problem::at("", detail))
}

fn input(invoice: theirs::Invoice) -> Result<InvoiceInput, Problem> {
    let missing = |field: &str, rule: &str| {
        Problem::at(
            format!("/{field}"),
            format!("The invoice does not state its {field} ({rule})."),
        )
    };
    let issue_date = invoice.issue_date.ok_or_else(|| missing("issue_date", "BR-03"))?;
    let code = invoice.currency.ok_or_else(|| missing("currency", "BR-05"))?;
    let currency =
        Currency::parse(code.as_str()).map_err(|detail| Problem::at("/currency", detail))?;
    let default_type = match invoice.kind {
        theirs::DocumentKind::CreditNote => "381",
        _ => "380",
    };
    Ok(InvoiceInput {
        number: invoice.number.map(one_line).ok_or_else(|| missing("number", "BR-02"))?,
        type_code: invoice.type_code.map_or_else(|| default_type.to_owned(), text),
        issue_date: date(issue_date, "/issue_date")?,
        due_date: invoice.due_date.map(|due| date(due, "/due_date")).transpose()?,
        currency,
        lines: invoice.lines.into_iter().map(line).collect(),
        allowances: invoice.allowances.into_iter().map(adjustment).collect(),
        charges: invoice.charges.into_iter().map(adjustment).collect(),
        vat_breakdown: Some(invoice.vat_breakdown.into_iter().map(subtotal).collect()),
        totals: totals(&invoice.totals),
        payment: payment(invoice.payment, invoice.payment_terms),
        notes: invoice.notes.into_iter().filter_map(|note| note.note).collect(),
        buyer_reference: invoice.buyer_reference.map(one_line),
        order_reference: invoice.purchase_order_reference.map(|it| one_line(it.as_str())),
    })
}

fn line(line: theirs::InvoiceLine) -> LineInput {
    let words = [line.item.name, line.item.description];
    LineInput {
        id: Some(one_line(line.id)),
        description: words.into_iter().flatten().collect::<Vec<_>>().join(" – "),
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

fn totals(it: &theirs::DocumentTotals) -> TotalsInput {
    let stated = |amount: InvoiceAmount| Some(amount.into_decimal());
    // What an invoice does not state of these is nothing, not something to compute.
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
        due: stated(it.due),
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
            payment.further_accounts = accounts
                .filter_map(|it| {
                    let iban = one_line(it.account_identifier?);
                    Some(Account { iban, bic: it.provider_identifier.map(one_line) })
                })
                .collect();
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

/// White space in XML is layout: a short text is one line, whatever stood around it.
fn one_line(text: impl AsRef<str>) -> String {
    text.as_ref().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::settle;
    use super::*;

    const GUIDE: &[u8] = include_bytes!("../../tests/invoices/guide-example1.xml");
    const UBL: &[u8] = include_bytes!("../../tests/invoices/ubl-tc434-example1.xml");
    const CII: &[u8] = include_bytes!("../../tests/invoices/CII_example1.xml");
    const CREDIT_NOTE: &[u8] = include_bytes!("../../tests/invoices/ubl-tc434-creditnote1.xml");

    #[test]
    fn one_invoice_in_two_syntaxes_is_one_invoice() {
        let (ubl, cii) = (read(UBL).unwrap(), read(CII).unwrap());
        assert_eq!((ubl.format, cii.format), (XmlFormat::Ubl, XmlFormat::Cii));
        assert_eq!(ubl.seller, cii.seller);
        assert_eq!(ubl.invoice.number, cii.invoice.number);
        assert_eq!(ubl.invoice.totals, cii.invoice.totals);
        assert_eq!(ubl.invoice.lines.len(), cii.invoice.lines.len());
        for (ubl, cii) in ubl.invoice.lines.iter().zip(&cii.invoice.lines) {
            assert_eq!((&ubl.net_amount, &ubl.quantity), (&cii.net_amount, &cii.quantity));
        }
    }

    #[test]
    fn everything_that_the_summary_needs_is_read() {
        let FromXml { invoice, seller, buyer, .. } = read(GUIDE).unwrap();
        assert_eq!(seller.name, "De Koksmaat");
        assert_eq!(seller.vat_id.as_deref(), Some("NL8200.98.395.B.01"));
        assert_eq!(buyer.name, "ODIN 59");
        assert_eq!(buyer.address.unwrap().city.as_deref(), Some("HEEMSKERK"));
        assert_eq!(invoice.lines.len(), 20);
        assert_eq!(invoice.lines[0].description, "PATAT FRITES 10MM 10KG");
        let payment = invoice.payment.unwrap();
        assert_eq!(payment.iban.as_deref(), Some("NL57 RABO 0107307510"));
        assert_eq!(payment.further_accounts[0].iban, "NL03 INGB 0004489902");
        assert_eq!(payment.reference.as_deref(), Some("Deb. 10202 / Fact. 12115118"));
        assert!(invoice.notes[0].starts_with("Alle leveringen"));
    }

    #[test]
    fn a_credit_note_is_one() {
        let settled = settle(read(CREDIT_NOTE).unwrap().invoice).unwrap();
        assert!(settled.invoice.is_credit_note());
    }

    #[test]
    fn what_is_no_invoice_is_refused_in_words() {
        let half = &UBL[..UBL.len() / 2];
        let bomb =
            "<!DOCTYPE a [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;&a;\">]><Invoice>&b;</Invoice>";
        let deep = format!("{}{}", "<a>".repeat(50_000), "</a>".repeat(50_000));
        for bytes in [
            b"".as_slice(),
            b"hello",
            b"%PDF-1.7",
            b"<html/>",
            b"\xff\xfe\x00",
            half,
            bomb.as_bytes(),
            deep.as_bytes(),
        ] {
            let problem = read(bytes).unwrap_err();
            assert!(problem.detail.starts_with("The file is no EN 16931 invoice"), "{problem:?}");
        }
    }

    #[test]
    fn a_figure_that_can_not_be_read_is_refused() {
        let broken = String::from_utf8_lossy(UBL).replacen("250.33<", "25O.33<", 1);
        assert!(read(broken.as_bytes()).is_err());
    }
}
