//! The invoice as it is written: without figures that say nothing, and with what follows from it and a syntax
//! demands.

use rust_decimal::Decimal;

use crate::invoice::model::{Invoice, InvoiceInput, LineInput, Payment, Settled as _};
use crate::invoice::payment_terms::payment_terms_text;
use crate::invoice::xml::XmlFormat;

/// The specification (BT-24) of an invoice that names none: that of EN 16931 itself.
pub(in crate::invoice) const CORE_INVOICE: &str = "urn:cen.eu:en16931:2017";

/// The means of payment (BT-81, UNTDID 4461) that the groups of EN 16931 stand for: a credit transfer (BG-17),
/// a card (BG-18) and a direct debit (BG-19).
const CREDIT_TRANSFER: &str = "30";
const CARD: &str = "48";
const DIRECT_DEBIT: &str = "49";
/// The means of payment that is not defined.
const NOT_DEFINED: &str = "1";

/// Returns the stated form to be written.
pub(super) fn prepared(invoice: &Invoice, format: XmlFormat) -> InvoiceInput {
    let mut it = invoice.clone().stated();
    it.specification.get_or_insert_with(|| CORE_INVOICE.to_owned());
    state_no_zeros(&mut it);
    if let Some(payment) = &mut it.payment {
        payment.terms = payment_terms_text(payment);
        // They are in the terms now, except those that do not say enough for a line.
        payment.discounts.retain(|it| it.days.is_none() || it.percent.is_none());
    }
    name_means_of_payment(&mut it, invoice.is_credit_note() && format == XmlFormat::Ubl, format);
    it.lines.iter_mut().for_each(|line| complete_price(line, format));
    if format == XmlFormat::Cii && it.vat_currency == it.currency {
        // CEN has CII name another currency here than that of the invoice (BR-53).
        it.vat_currency = None;
    }
    for (index, document) in it.documents.iter_mut().enumerate() {
        // BT-122 has to be there.
        document.reference.get_or_insert_with(|| (index + 1).to_string());
    }
    it
}

/// Totals that are zero because there is nothing to sum up need not be stated.
fn state_no_zeros(it: &mut InvoiceInput) {
    let without_zero = |total: &mut Option<Decimal>| {
        *total = total.filter(|it| !it.is_zero());
    };
    if it.allowances.is_empty() {
        without_zero(&mut it.totals.allowances);
    }
    if it.charges.is_empty() {
        without_zero(&mut it.totals.charges);
    }
    without_zero(&mut it.totals.paid);
    without_zero(&mut it.totals.rounding);
}

/// Both syntaxes have one element around what is known of a payment, which needs a code. In UBL that element
/// holds the reference of the payment, too, and in a credit note the date on which it is due.
fn name_means_of_payment(it: &mut InvoiceInput, is_ubl_credit_note: bool, format: XmlFormat) {
    let stated = it.payment.clone().unwrap_or_default();
    let Payment { means, means_text, iban, bic, account_name, reference, .. } = &stated;
    if means.is_some() {
        return;
    }
    let has_account = [iban, bic, account_name].iter().any(|it| it.is_some());
    let is_needed = means_text.is_some()
        || (reference.is_some() && format == XmlFormat::Ubl)
        || (it.due_date.is_some() && is_ubl_credit_note);
    let code = if has_account || !stated.further_accounts.is_empty() {
        CREDIT_TRANSFER
    } else if stated.card.is_some() {
        CARD
    } else if stated.direct_debit.is_some() {
        DIRECT_DEBIT
    } else if is_needed {
        NOT_DEFINED
    } else {
        return;
    };
    it.payment.get_or_insert_default().means = Some(code.to_owned());
}

/// A discount on a price, the price before it and the price after it belong together (BT-146 to BT-148). UBL
/// cannot state the second without the first, and CII not the first without the second.
fn complete_price(line: &mut LineInput, format: XmlFormat) {
    let net = line.unit_price.unwrap_or_default();
    match (line.price_discount, line.gross_price, format) {
        (Some(discount), None, XmlFormat::Cii) => line.gross_price = net.checked_add(discount),
        (None, Some(gross), XmlFormat::Ubl) => line.price_discount = gross.checked_sub(net),
        _ => {}
    }
    if line.base_quantity_unit.is_some() {
        // The unit stands at the quantity, which is one if it is not stated.
        line.base_quantity.get_or_insert(Decimal::ONE);
    }
}
