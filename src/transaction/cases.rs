//! Invoices from the field, each of which came in wrong once. They stand for kinds of faults.

use serde_json::Value;

use super::{Accepted, Accompaniment, Submission};
use crate::invoice::Problem;

/// A case file, and how it must come in.
macro_rules! case {
    ($file:literal) => {
        submitted($file, include_bytes!(concat!("../../tests/invoices/cases/", $file)))
    };
}

fn submitted(name: &str, file: &[u8]) -> Result<Accepted, Vec<Problem>> {
    if name.ends_with(".json") {
        return Submission::from_json(file)?.accept();
    }
    let fields =
        [("external_id", "case"), ("buyer", "@b:example.org"), ("seller", "@s:example.org")];
    let with = Accompaniment::from_fields(fields.map(|(a, b)| (a.into(), b.into())).into_iter())?;
    Submission::from_file(file, with)?.accept()
}

/// The invoice as JSON, and the rules and details of its warnings.
fn taken(case: Result<Accepted, Vec<Problem>>) -> (Value, Vec<String>) {
    let Accepted { terms, warnings, .. } = case.expect("it is taken in");
    let told = |it: Problem| format!("{} {}", it.rule.unwrap_or_default(), it.detail);
    (serde_json::to_value(terms.invoice).unwrap(), warnings.into_iter().map(told).collect())
}

fn refused(case: Result<Accepted, Vec<Problem>>) -> Vec<Problem> {
    case.expect_err("it is refused")
}

#[test]
fn an_invoice_below_zero_is_the_mirror_of_one_above() {
    let (vat, told) = taken(case!("negative-vat.json"));
    assert_eq!(
        (&vat["totals"]["vat"], &vat["totals"]["due"]),
        (&"-13.78".into(), &"-86.28".into())
    );
    assert_eq!(told, [""; 0]);
    let (line, told) = taken(case!("negative-line.json"));
    assert_eq!(line["totals"]["due"], "-2.35");
    assert_eq!(told, [""; 0]);
    let (_, told) = taken(case!("negative-stated.ubl.xml"));
    assert_eq!(told, [""; 0]);
}

#[test]
fn each_currency_has_its_decimals_and_each_price_all_of_its_own() {
    let (dinars, _) = taken(case!("kwd.json"));
    assert_eq!(dinars["totals"]["due"], "12.345");
    let (zeros, _) = taken(case!("trailing-zeros.ubl.xml"));
    assert_eq!(zeros["totals"]["with_vat"], "119.00");
    let (price, _) = taken(case!("float-price.cii.xml"));
    assert_eq!(price["lines"][0]["unit_price"], "47.050000000000004");
    let exponent = refused(case!("exponent.ubl.xml"));
    assert_eq!(exponent[0].pointer, "/invoice/lines/0/unit_price");
    assert!(exponent[0].xpath.as_ref().unwrap().ends_with("cbc:PriceAmount"));
}

#[test]
fn the_due_date_is_found_wherever_it_stands() {
    for case in [
        case!("credit-note-due.ubl.xml"),
        case!("credit-note-due.cii.xml"),
        case!("terms-due-date.ubl.xml"),
    ] {
        assert_eq!(taken(case).0["due_date"], "2026-07-01");
    }
    assert_eq!(taken(case!("empty-due-date.cii.xml")).0.get("due_date"), None);
    let (month, told) = taken(case!("delivery-month.cii.xml"));
    assert_eq!(month["delivery"].get("date"), None);
    assert!(told.iter().any(|it| it.contains("OccurrenceDateTime")), "{told:?}");
}

#[test]
fn what_stands_twice_is_kept_or_told() {
    for case in [case!("two-terms.cii.xml"), case!("two-terms.ubl.xml")] {
        assert_eq!(taken(case).0["payment"]["terms"], "30 days net\n2 % in 10 days");
    }
    let (texts, _) = taken(case!("two-item-descriptions.ubl.xml"));
    assert_eq!(texts["lines"][0]["details"], "Planed\nOiled");
    let (_, told) = taken(case!("two-deliveries.ubl.xml"));
    assert!(told.iter().any(|it| it.contains("cac:Delivery[2]")), "{told:?}");
}

#[test]
fn allowances_and_charges_of_a_line_explain_its_amount() {
    let (allowance, told) = taken(case!("line-allowance.ubl.xml"));
    assert!(allowance["lines"][0]["allowances"][0]["amount"].is_string());
    assert_eq!(told, [""; 0]);
    let (charge, told) = taken(case!("line-charge.cii.xml"));
    assert!(charge["lines"][0]["charges"][0]["amount"].is_string());
    assert_eq!(told, [""; 0]);
}

#[test]
fn an_amount_in_another_currency_is_refused_by_name() {
    for case in [
        case!("payable-other-currency.ubl.xml"),
        case!("lines-other-currency.ubl.xml"),
        case!("vat-total-other-currency.cii.xml"),
    ] {
        let problems = refused(case);
        assert!(problems[0].detail.contains("USD"), "{problems:?}");
        assert_eq!(problems[0].rule.as_deref(), Some("PEPPOL-EN16931-R051"));
    }
}

#[test]
fn any_usual_encoding_is_read() {
    for case in [case!("latin1.ubl.xml"), case!("ascii-declared.cii.xml")] {
        let (invoice, _) = taken(case);
        assert!(!invoice.to_string().contains('\u{fffd}'));
    }
}

#[test]
fn the_model_holds_what_the_law_asks_for() {
    let (reason, _) = taken(case!("exempt-reason.json"));
    assert_eq!(reason["vat_breakdown"][0]["exemption_reason"], "Reverse charge");
    let (delivery, _) = taken(case!("delivery-date.json"));
    assert_eq!(delivery["delivery"]["date"], "2026-05-28");
    let (long, _) = taken(case!("long-description.ubl.xml"));
    assert!(long["lines"][0]["details"].as_str().unwrap().len() > 5_000);
    let vat = taken(case!("tax-scheme-lower-case.ubl.xml")).0;
    assert_eq!(vat["seller"]["vat_id"], "DE123456789");
}

#[test]
fn what_is_no_invoice_of_ours_is_named() {
    let old = refused(case!("zugferd-1.xml"));
    assert!(old[0].detail.contains("ZUGFeRD 1.0") && old[0].detail.contains("ZUGFeRD 2"));
    for (xml, name) in [
        (
            "<StandardBusinessDocument xmlns='http://www.unece.org/cefact/namespaces/\
             StandardBusinessDocumentHeader'/>",
            "Peppol envelope",
        ),
        (
            "<o:SCRDMCCBDACIOMessageStructure xmlns:o='urn:un:unece:uncefact:data:\
             SCRDMCCBDACIOMessageStructure:100'/>",
            "Order-X",
        ),
        (
            "<Order xmlns='urn:oasis:names:specification:ubl:schema:xsd:Order-2'/>",
            "another document of UBL",
        ),
        ("<html xmlns='http://www.w3.org/1999/xhtml'/>", "xhtml"),
    ] {
        let problems = refused(submitted("it.xml", xml.as_bytes()));
        assert!(problems[0].detail.contains(name), "{problems:?}");
    }
}

#[test]
fn extensions_that_are_in_use_are_read_and_summed_as_their_rules_say() {
    let (groups, told) = taken(case!("group-lines.cii.xml"));
    assert_eq!(groups["totals"]["due"], "119.00");
    assert_eq!(groups["lines"][1]["parent"], "1");
    assert_eq!(told, [""; 0]);
    let (parts, told) = taken(case!("sub-lines.ubl.xml"));
    assert_eq!(
        (&parts["lines"][1]["parent"], &parts["lines"][1]["role"]),
        (&"1".into(), &"INFORMATION".into())
    );
    assert_eq!(parts["lines"].as_array().unwrap().len(), 3);
    assert_eq!(told, [""; 0]);
    let (others, told) = taken(case!("third-party-payment.ubl.xml"));
    assert_eq!(others["totals"]["due"], "139.00");
    assert_eq!(others["third_party_payments"][0]["amount"], "20.00");
    assert_eq!(told, [""; 0]);
}

#[test]
fn a_factur_x_pdf_comes_in_as_the_invoice_in_it() {
    let (invoice, told) = taken(case!("factur-x.pdf"));
    assert_eq!(invoice["totals"]["due"], "119.00");
    assert_eq!(told, [""; 0]);
}
