//! In which countries the parties of an invoice are, as the rules of Peppol ask it.

use super::document::{Document, Place};
use crate::invoice::rules::Form;

/// The country of the address of a party.
pub(super) fn country_of(doc: &dyn Document, party: &str) -> String {
    doc.first(&Place::default(), &format!("{party}/address/country")).unwrap_or_default()
}

/// Whether seller and buyer have addresses in Germany.
pub(super) fn are_both_german(doc: &dyn Document) -> bool {
    ["seller", "buyer"].iter().all(|it| country_of(doc, it).eq_ignore_ascii_case("DE"))
}

/// The country of the seller: that of its VAT identifier, of that of its tax representative, or of its address.
pub(super) fn country_of_seller(doc: &dyn Document) -> String {
    country_by(doc, &["seller/vat_id", "tax_representative/vat_id"], "seller")
}

/// As [`country_of_seller`], without looking at the tax representative.
pub(super) fn own_country_of_seller(doc: &dyn Document) -> String {
    country_by(doc, &["seller/vat_id"], "seller")
}

/// The country of the buyer: that of its VAT identifier or of its address.
pub(super) fn country_of_buyer(doc: &dyn Document) -> String {
    country_by(doc, &["buyer/vat_id"], "buyer")
}

fn country_by(doc: &dyn Document, vat_ids: &[&str], party: &str) -> String {
    let root = Place::default();
    // In CII, the published rules look for a scheme that VAT identifiers do not have.
    let vat_ids = if doc.form() == Form::Cii { &[] } else { vat_ids };
    let mut ids = vat_ids.iter().filter_map(|field| doc.first(&root, field));
    let prefix = |id: String| id.chars().take(2).collect::<String>();
    let by_id = ids.find(|it| !it.is_empty()).map(prefix);
    by_id.unwrap_or_else(|| country_of(doc, party)).to_uppercase()
}
