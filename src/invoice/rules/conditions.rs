//! Rules that relate VAT categories to the rest of the invoice.

use super::vat::{rows_of, uses};
use super::{Catalogue, Checker, Form};
use crate::invoice::model::InvoiceInput;

/// UNTDID 5305: goods within the EU, and the Italian split payment.
const WITHIN_EU: &str = "K";
const SPLIT_PAYMENT: &str = "B";

/// What these rules say.
pub(super) const RULES: Catalogue = &[
    (
        "BR-IC-11",
        "An invoice for goods or services within the EU (category K) has the date of delivery (BT-72) or the \
         invoicing period (BG-14).",
    ),
    (
        "BR-IC-12",
        "An invoice for goods or services within the EU (category K) has the country of delivery (BT-80).",
    ),
    ("BR-B-01", "Split payment (category B) is only for invoices within Italy."),
    (
        "BR-B-02",
        "Split payment (category B) and the standard rate (category S) are not in the same invoice.",
    ),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let invoice = checker.invoice;
    if rows_of(invoice, WITHIN_EU).next().is_some() {
        let delivery = invoice.delivery.as_ref();
        let has_period = invoice.period.is_some()
            // In UBL, the code for the date on which VAT becomes due stands in the period.
            || (checker.form == Form::Ubl && invoice.vat_point_code.is_some());
        let holds = delivery.is_some_and(|it| it.date.is_some()) || has_period;
        checker.must(holds, "BR-IC-11", "/delivery/date");
        let address = delivery.and_then(|it| it.address.as_ref());
        let holds = address.is_some_and(|it| it.country.is_some());
        checker.must(holds, "BR-IC-12", "/delivery/address/country");
    }
    if uses(invoice, SPLIT_PAYMENT) {
        let is_abroad = countries(invoice, checker.form).any(|country| country != "IT");
        checker.must(!is_abroad, "BR-B-01", "/vat_breakdown");
        checker.must(!uses(invoice, "S"), "BR-B-02", "/vat_breakdown");
    }
}

/// The countries of all addresses. In UBL, CEN also looks at where items come from.
fn countries(invoice: &InvoiceInput, form: Form) -> impl Iterator<Item = &str> {
    let seller = invoice.seller.as_ref().and_then(|it| it.address.as_ref());
    let buyer = invoice.buyer.as_ref().and_then(|it| it.address.as_ref());
    let representative = invoice.tax_representative.as_ref().and_then(|it| it.address.as_ref());
    let delivery = invoice.delivery.as_ref().and_then(|it| it.address.as_ref());
    let addresses = [seller, buyer, representative, delivery].into_iter().flatten();
    let items = invoice.lines.iter().filter_map(|line| line.item.as_ref());
    let origins = items.filter_map(|it| it.origin_country.as_deref());
    let origins = origins.filter(move |_| form == Form::Ubl);
    addresses.filter_map(|it| it.country.as_deref()).chain(origins)
}
