//! Rules about seller, buyer, payee and tax representative.

use en16931::codes::generated::COUNTRY_CODES;

use super::{Catalogue, Checker, Form, is_said};
use crate::invoice::model::{Address, Identifier, Payee, Seller};

/// What these rules say.
pub(super) const RULES: Catalogue = &[
    ("BR-06", "The seller has a name (BT-27)."),
    ("BR-07", "The buyer has a name (BT-44)."),
    ("BR-08", "The seller has a postal address (BG-5)."),
    ("BR-09", "The address of the seller has a country (BT-40)."),
    ("BR-10", "The buyer has a postal address (BG-8)."),
    ("BR-11", "The address of the buyer has a country (BT-55)."),
    (
        "BR-17",
        "A payee (BG-10) has a name (BT-59), and is somebody else than the seller; leave it out if it is the \
         seller.",
    ),
    ("BR-18", "A tax representative (BG-11) has a name (BT-62)."),
    ("BR-19", "A tax representative (BG-11) has a postal address (BG-12)."),
    ("BR-20", "The address of the tax representative has a country (BT-69)."),
    ("BR-56", "A tax representative (BG-11) has a VAT identifier (BT-63)."),
    ("BR-62", "The electronic address of the seller (BT-34) names its scheme."),
    ("BR-63", "The electronic address of the buyer (BT-49) names its scheme."),
    (
        "BR-CO-09",
        "A VAT identifier begins with the code of its country, such as DE; Greece may write EL.",
    ),
    (
        "BR-CO-26",
        "The buyer must be able to tell who the seller is: state an identifier (BT-29), the legal registration \
         (BT-30) or the VAT identifier (BT-31) of the seller.",
    ),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let invoice = checker.invoice;
    seller(checker);
    buyer(checker);
    if let Some(payee) = &invoice.payee {
        let holds = is_another(payee, invoice.seller.as_ref(), checker.form);
        checker.must(holds, "BR-17", "/payee/name");
    }
    if let Some(representative) = &invoice.tax_representative {
        checker.must(is_said(representative.name.as_ref()), "BR-18", "/tax_representative/name");
        let address = representative.address.as_ref();
        checker.must(address.is_some(), "BR-19", "/tax_representative/address");
        let at = "/tax_representative/address/country";
        country(checker, address, "BR-20", at);
        let at = "/tax_representative/vat_id";
        checker.must(is_said(representative.vat_id.as_ref()), "BR-56", at);
        vat_id(checker, representative.vat_id.as_ref(), at);
    }
}

fn seller(checker: &mut Checker<'_>) {
    let invoice = checker.invoice;
    let seller = invoice.seller.as_ref();
    if checker.is_xml() {
        // In JSON, name and address of the parties stand in the transaction.
        checker.must(is_said(seller.and_then(|it| it.name.as_ref())), "BR-06", "/seller/name");
        let has_address = seller.is_some_and(|it| it.address.is_some());
        checker.must(has_address, "BR-08", "/seller/address");
    }
    country(checker, seller.and_then(|it| it.address.as_ref()), "BR-09", "/seller/address/country");
    let Some(seller) = seller else { return };
    scheme(checker, seller.electronic_address.as_ref(), "BR-62", "/seller/electronic_address");
    vat_id(checker, seller.vat_id.as_ref(), "/seller/vat_id");
    let is_known =
        !seller.identifiers.is_empty() || seller.registration.is_some() || seller.vat_id.is_some();
    checker.must(is_known, "BR-CO-26", "/seller");
}

fn buyer(checker: &mut Checker<'_>) {
    let invoice = checker.invoice;
    let buyer = invoice.buyer.as_ref();
    if checker.is_xml() {
        checker.must(is_said(buyer.and_then(|it| it.name.as_ref())), "BR-07", "/buyer/name");
        let has_address = buyer.is_some_and(|it| it.address.is_some());
        checker.must(has_address, "BR-10", "/buyer/address");
    }
    country(checker, buyer.and_then(|it| it.address.as_ref()), "BR-11", "/buyer/address/country");
    let Some(buyer) = buyer else { return };
    scheme(checker, buyer.electronic_address.as_ref(), "BR-63", "/buyer/electronic_address");
    vat_id(checker, buyer.vat_id.as_ref(), "/buyer/vat_id");
}

/// An address has a country. In CII, CEN also reports that of an address that is not there at all.
fn country(checker: &mut Checker<'_>, address: Option<&Address>, rule: &str, at: &str) {
    let holds = match address {
        Some(address) => is_said(address.country.as_ref()),
        None => checker.form != Form::Cii,
    };
    checker.must(holds, rule, at);
}

/// In UBL, CEN asks whether the attribute is there, also if it is empty: see `xml/syntax/existence.rs`.
fn scheme(checker: &mut Checker<'_>, address: Option<&Identifier>, rule: &str, at: &str) {
    if checker.form == Form::Ubl {
        return;
    }
    checker.must(address.is_none_or(|it| is_said(it.scheme.as_ref())), rule, at);
}

fn vat_id(checker: &mut Checker<'_>, id: Option<&String>, at: &str) {
    let Some(id) = id else { return };
    let country: String = id.chars().take(2).collect();
    let is_country = COUNTRY_CODES.contains(&country.as_str()) || country == "EL";
    let holds = match checker.form {
        // CEN looks for the two characters anywhere in the list of codes with spaces between them.
        Form::Ubl => {
            is_country || COUNTRY_CODES.iter().any(|it| format!(" {it} ").contains(&country))
        }
        // The list for CII still has the Netherlands Antilles, and has not South Sudan.
        Form::Cii => (is_country && country != "SS") || country == "AN",
        Form::Json => is_country,
    };
    checker.must(holds, "BR-CO-09", at);
}

/// Whether the payee has a name and is not the seller. In UBL, CEN compares the trading name of the seller.
fn is_another(payee: &Payee, seller: Option<&Seller>, form: Form) -> bool {
    let Some(name) = payee.name.as_ref() else { return false };
    let Some(seller) = seller else { return true };
    let sellers = if form == Form::Ubl { &seller.trading_name } else { &seller.name };
    let id_of = |it: &Identifier| it.id.clone();
    let id = payee.identifier.as_ref().map(id_of);
    let has_same_id = id.is_some_and(|id| seller.identifiers.iter().any(|it| it.id == id));
    let registration = payee.registration.as_ref().map(id_of);
    let has_same_registration = form == Form::Cii
        && registration.is_some()
        && registration == seller.registration.as_ref().map(id_of);
    Some(name) != sellers.as_ref() && !has_same_id && !has_same_registration
}
