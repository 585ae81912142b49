//! Real published invoices come in as they are; what is none is refused.

use rust_decimal::Decimal;

use super::super::problem::Severity;
use super::super::{Settled, settle};
use super::*;

const UBL: &str = include_str!("../../../tests/invoices/ubl-tc434-example1.xml");
const CII: &str = include_str!("../../../tests/invoices/CII_example1.xml");
const CII_DANISH: &str = include_str!("../../../tests/invoices/CII_example4.xml");
const GUIDE: &str = include_str!("../../../tests/invoices/guide-example1.xml");
const CREDIT_NOTE: &str = include_str!("../../../tests/invoices/ubl-tc434-creditnote1.xml");

/// Every example, its currency, and how many lines it has.
const EXAMPLES: [(&str, &str, usize); 8] = [
    (CII, "EUR", 20),
    (CII_DANISH, "DKK", 3),
    (GUIDE, "EUR", 20),
    (include_str!("../../../tests/invoices/sample-discount-price.xml"), "EUR", 1),
    (CREDIT_NOTE, "EUR", 1),
    (UBL, "EUR", 20),
    (include_str!("../../../tests/invoices/ubl-tc434-example2.xml"), "NOK", 5),
    (include_str!("../../../tests/invoices/ubl-tc434-example4.xml"), "DKK", 3),
];

fn read(bytes: &[u8]) -> Result<FromXml, Vec<Problem>> {
    XmlInvoice::parse(bytes).map_err(|problem| vec![problem])?.read()
}

/// Why a file is refused.
fn refused(bytes: &[u8]) -> Problem {
    read(bytes).unwrap_err().remove(0)
}

fn settle_file(xml: &str) -> Result<Settled, Vec<Problem>> {
    let FromXml { invoice, format, .. } = read(xml.as_bytes()).unwrap();
    settle(invoice, format.into())
}

/// The text of the first `tag` in the block `within` of the file, found without an XML parser.
fn stated(xml: &str, within: &str, tag: &str) -> Option<Decimal> {
    // A prefix stands before every name, and attributes may follow it.
    let block = xml.split_once(&format!(":{within}>"))?.1;
    let block = block.split_once(&format!(":{within}>"))?.0;
    let (_, rest) = block.split_once(&format!(":{tag}"))?;
    let (_, rest) = rest.split_once('>')?;
    Some(rest.split_once('<')?.0.trim().parse().unwrap())
}

#[test]
fn every_example_comes_in_with_the_totals_that_it_states() {
    for (xml, currency, lines) in EXAMPLES {
        let FromXml { invoice, format, .. } = read(xml.as_bytes()).unwrap();
        let invoice = settle(invoice, format.into()).unwrap().invoice;
        let (within, names) = match format {
            XmlFormat::Ubl => (
                "LegalMonetaryTotal",
                [
                    "LineExtensionAmount",
                    "AllowanceTotalAmount",
                    "ChargeTotalAmount",
                    "TaxExclusiveAmount",
                    "TaxInclusiveAmount",
                    "PrepaidAmount",
                    "PayableRoundingAmount",
                    "PayableAmount",
                ],
            ),
            XmlFormat::Cii => (
                "SpecifiedTradeSettlementHeaderMonetarySummation",
                [
                    "LineTotalAmount",
                    "AllowanceTotalAmount",
                    "ChargeTotalAmount",
                    "TaxBasisTotalAmount",
                    "GrandTotalAmount",
                    "TotalPrepaidAmount",
                    "RoundingAmount",
                    "DuePayableAmount",
                ],
            ),
        };
        let totals = &invoice.totals;
        let ours = [
            totals.lines,
            totals.allowances,
            totals.charges,
            totals.without_vat,
            totals.with_vat,
            totals.paid,
            totals.rounding,
            totals.due,
        ];
        let number = &invoice.number;
        for (name, ours) in names.into_iter().zip(ours) {
            let theirs = stated(xml, within, name);
            // These may be left out, and are nothing then; the others must be found.
            let is_optional =
                ["Allowance", "Charge", "Prepaid", "Rounding"].iter().any(|it| name.contains(it));
            assert!(theirs.is_some() || is_optional, "{number}: {name} was not found");
            assert_eq!(ours, theirs.unwrap_or_default(), "{number}: {name}");
        }
        let vat = match format {
            XmlFormat::Ubl => stated(xml, "TaxTotal", "TaxAmount"),
            XmlFormat::Cii => stated(xml, within, "TaxTotalAmount"),
        };
        assert_eq!(Some(totals.vat), vat, "{number}: VAT");
        assert_eq!((invoice.currency.to_string().as_str(), invoice.lines.len()), (currency, lines));
    }
}

#[test]
fn every_example_can_be_stored_as_json_and_read_again() {
    for (xml, ..) in EXAMPLES {
        let settled = settle_file(xml).unwrap();
        let json = serde_json::to_string(&settled.invoice).unwrap();
        let invoice: super::super::Invoice = serde_json::from_str(&json).unwrap();
        assert_eq!(invoice, settled.invoice);
        assert_eq!(settle(serde_json::from_str(&json).unwrap(), Form::Json).unwrap(), settled);
    }
}

#[test]
fn one_invoice_in_two_syntaxes_is_one_invoice() {
    let (ubl, cii) = (read(UBL.as_bytes()).unwrap(), read(CII.as_bytes()).unwrap());
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
    let FromXml { invoice, seller, buyer, .. } = read(GUIDE.as_bytes()).unwrap();
    assert_eq!(seller.name, "De Koksmaat");
    assert_eq!(seller.vat_id.as_deref(), Some("NL8200.98.395.B.01"));
    assert_eq!(buyer.name, "ODIN 59");
    assert_eq!(buyer.address.unwrap().city.as_deref(), Some("HEEMSKERK"));
    assert_eq!(invoice.lines[0].description.as_deref(), Some("PATAT FRITES 10MM 10KG"));
    let payment = invoice.payment.unwrap();
    assert_eq!(payment.iban.as_deref(), Some("NL57 RABO 0107307510"));
    assert_eq!(payment.further_accounts[0].iban, "NL03 INGB 0004489902");
    assert_eq!(payment.reference.as_deref(), Some("Deb. 10202 / Fact. 12115118"));
    assert!(invoice.notes[0].text.starts_with("Alle leveringen"));
}

#[test]
fn a_credit_note_is_one() {
    let settled = settle_file(CREDIT_NOTE).unwrap();
    assert!(settled.invoice.is_credit_note());
}

#[test]
fn what_is_stated_twice_is_read_once() {
    let payment = read(CII.as_bytes()).unwrap().invoice.payment.unwrap();
    assert_eq!(payment.iban.as_deref(), Some("NL57 RABO 0107307510"));
    assert_eq!(payment.further_accounts, []);
}

/// Without every element of that name.
fn without(xml: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let mut parts = xml.split(&open);
    let mut left = parts.next().unwrap().to_owned();
    for part in parts {
        left.push_str(part.split_once(&close).unwrap().1);
    }
    left
}

#[test]
fn a_profile_without_lines_comes_in_with_its_totals() {
    let basic = without(CII_DANISH, "ram:IncludedSupplyChainTradeLineItem");
    let minimum = without(&without(&basic, "ram:ApplicableTradeTax"), "ram:LineTotalAmount");
    // The summation's own line total is gone too, as that profile has it.
    assert_eq!(minimum.matches("LineTotalAmount").count(), 0);
    for xml in [basic, minimum] {
        let invoice = settle_file(&xml).unwrap().invoice;
        assert_eq!(invoice.lines, []);
        assert_eq!(invoice.totals.lines.to_string(), "4000.00");
        assert_eq!(invoice.totals.vat.to_string(), "675.00");
        assert_eq!(invoice.totals.due.to_string(), "4675.00");
    }
}

#[test]
fn a_file_without_lines_and_totals_is_no_invoice() {
    let bare = without(&without(UBL, "cac:InvoiceLine"), "cac:LegalMonetaryTotal");
    let problems = settle_file(&bare).unwrap_err();
    assert_eq!(problems[0].pointer, "/lines");
    assert_eq!(problems[0].rule.as_deref(), Some("BR-16"));
}

#[test]
fn what_is_no_invoice_is_refused_in_words() {
    let half = &UBL[..UBL.len() / 2];
    let deep = format!("{}{}", "<a>".repeat(50_000), "</a>".repeat(50_000));
    for bytes in [
        b"".as_slice(),
        b" \n",
        b"hello",
        b"%PDF-1.7",
        b"<html/>",
        b"<Invoice/>",
        b"\xff\xfe\x00",
        half.as_bytes(),
        deep.as_bytes(),
    ] {
        let problem = refused(bytes);
        assert!(problem.detail.starts_with("The file is no EN 16931 invoice"), "{problem:?}");
    }
}

#[test]
fn a_document_type_is_refused_whatever_it_declares() {
    let (before, rest) = UBL.split_once("<Invoice").unwrap();
    for declaration in [
        "<!DOCTYPE Invoice>",
        "<!DOCTYPE Invoice SYSTEM \"file:///etc/hostname\">",
        "<!DOCTYPE Invoice [<!ENTITY a SYSTEM \"file:///etc/hostname\">]>",
        "<!DOCTYPE Invoice [<!ENTITY % a SYSTEM \"http://127.0.0.1/\"> %a;]>",
        "<!DOCTYPE Invoice [<!ENTITY b \"xxxxxxxx\"><!ENTITY a \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>",
    ] {
        let uses_it = rest.replacen("PATAT FRITES 10MM 10KG", "&a;", 1);
        // Also where nothing uses it: it must be the declaration that is refused.
        for rest in [rest, &uses_it] {
            let problem = read(format!("{before}{declaration}<Invoice{rest}").as_bytes());
            let detail = problem.unwrap_err()[0].detail.clone();
            assert!(detail.contains("DTD"), "{declaration}: {detail}");
        }
    }
}

#[test]
fn a_value_that_cannot_be_read_is_refused_with_its_place() {
    for (good, bad, words) in [
        (">19.90<", ">1e3<", "cac:InvoiceLine[1]/cbc:LineExtensionAmount holds \"1e3\""),
        (">9.95<", ">3.0E-2<", "cac:InvoiceLine[1]/cac:Price/cbc:PriceAmount holds \"3.0E-2\""),
        (">250.33<", ">25O.33<", "25O.33"),
        (">2015-01-09<", ">2015-13-09<", "Invoice/cbc:IssueDate holds \"2015-13-09\""),
    ] {
        let broken = UBL.replacen(good, bad, 1);
        assert_ne!(broken, UBL, "{good} is not there");
        let problem = refused(broken.as_bytes());
        assert!(problem.detail.contains(words), "{problem:?}");
    }
}

#[test]
fn a_figure_beyond_our_limits_is_refused_before_it_is_stored() {
    for (good, bad, pointer) in [
        (">9.95<", ">1000000000000000.5<", "/lines/0/unit_price"),
        ("\"EA\">2<", "\"EA\">9999999999999999999<", "/lines/0/quantity"),
        (">250.33<", ">92233720368547758.07<", "/totals/with_vat"),
    ] {
        let huge = UBL.replacen(good, bad, 1);
        assert_ne!(huge, UBL, "{good} is not there");
        let read = read(huge.as_bytes()).map(|read| read.invoice);
        let problems = read.and_then(|it| settle(it, Form::Json)).map(|_| ()).unwrap_err();
        assert_eq!(problems[0].pointer, pointer, "{problems:?}");
    }
}

#[test]
fn an_invoice_with_thousands_of_attributes_is_refused_with_its_place() {
    let attributes: String = (0..2_000).map(|it| format!(" a{it}=\"\"")).collect();
    let xml = UBL.replacen("<cac:InvoiceLine>", &format!("<cac:InvoiceLine{attributes}>"), 1);
    assert_ne!(xml, UBL);
    let line = UBL.split("<cac:InvoiceLine>").next().unwrap().lines().count();
    let detail = refused(xml.as_bytes()).detail;
    assert!(detail.contains("<cac:InvoiceLine>"), "{detail}");
    assert!(detail.contains(&format!("in line {line}")), "{line}: {detail}");
    assert_eq!(
        super::super::Further::of_file(xml.as_bytes()).terms,
        [],
        "nor when it is there already"
    );
}

#[test]
fn figures_below_zero_and_long_prices_come_in_without_a_warning() {
    let negative = include_str!("../../../tests/invoices/own/negative-stated.ubl.xml");
    let settled = settle_file(negative).unwrap();
    assert_eq!(settled.invoice.totals.vat.to_string(), "-13.78");
    assert_eq!(settled.warnings, []);
    let long = include_str!("../../../tests/invoices/own/float-price.cii.xml");
    let settled = settle_file(long).unwrap();
    assert_eq!(settled.invoice.lines[0].unit_price.to_string(), "47.050000000000004");
    assert_eq!(settled.warnings, []);
}

#[test]
fn what_a_syntax_demands_and_says_nothing_is_not_also_in_the_file() {
    let discount = include_bytes!("../../../tests/invoices/sample-discount-price.xml");
    let read = XmlInvoice::parse(discount).unwrap().read().unwrap();
    assert_eq!(read.left_over, LeftOvers::default());
    let text = std::str::from_utf8(discount).unwrap();
    let means =
        "<cac:PaymentMeans><cbc:PaymentMeansCode>4</cbc:PaymentMeansCode></cac:PaymentMeans>";
    let twice = text.replacen("</cac:PaymentMeans>", &format!("</cac:PaymentMeans>{means}"), 1);
    let read = XmlInvoice::parse(twice.as_bytes()).unwrap().read().unwrap();
    assert_eq!(read.left_over, LeftOvers::default());
    let other = twice.replacen(means, &means.replace('4', "5"), 1);
    let read = XmlInvoice::parse(other.as_bytes()).unwrap().read().unwrap();
    assert_eq!(read.left_over.listed.len(), 1, "{:?}", read.left_over);
}

#[test]
fn what_is_left_over_names_the_rule_by_which_other_programs_warn() {
    let period = "<cac:InvoicePeriod><cbc:StartDate>2015-01-01</cbc:StartDate><cbc:StartTime>09:00:00</cbc:StartTime></cac:InvoicePeriod>";
    let more = UBL.replacen(
        "<cac:AccountingSupplierParty>",
        &format!("{period}<cac:AccountingSupplierParty>"),
        1,
    );
    let warnings = read(more.as_bytes()).unwrap().left_over.warnings();
    let warning = warnings.iter().find(|it| it.rule.as_deref() == Some("UBL-CR-012")).unwrap();
    assert_eq!(warning.severity, Some(Severity::Warning));
    assert_eq!(warning.xpath.as_deref(), Some("/ubl:Invoice/cac:InvoicePeriod/cbc:StartTime"));
    assert!(warning.detail.starts_with("UBL-CR-012: /ubl:Invoice/"), "{warning:?}");
}

#[test]
fn what_stands_again_is_told_as_that_and_two_different_amounts_are_refused() {
    let due = "<cbc:PayableAmount currencyID=\"EUR\">250.33</cbc:PayableAmount>";
    assert!(UBL.contains(due));
    let again = |more: &str| UBL.replacen(due, &format!("{due}{more}"), 1);
    let same = again(&due.replace("250.33", "250.330"));
    let warning = &read(same.as_bytes()).unwrap().left_over.warnings()[0];
    assert!(
        warning.detail.contains("cbc:PayableAmount[2] stands in the file again"),
        "{warning:?}"
    );
    let problem = refused(again(&due.replace("250.33", "25.33")).as_bytes());
    assert_eq!(problem.pointer, "/totals/due");
    assert!(problem.detail.contains("states 250.33, and"), "{problem:?}");
    let totals =
        format!("<cac:LegalMonetaryTotal>{}</cac:LegalMonetaryTotal>", due.replace("250.33", "1"));
    let before =
        UBL.replacen("<cac:LegalMonetaryTotal>", &format!("{totals}<cac:LegalMonetaryTotal>"), 1);
    assert_eq!(refused(before.as_bytes()).pointer, "/totals/due");
    let group = "<ram:SpecifiedTradeSettlementHeaderMonetarySummation>";
    let more = "<ram:DuePayableAmount>1</ram:DuePayableAmount>";
    let before =
        CII.replacen(group, &format!("{group}{more}{}{group}", group.replace('<', "</")), 1);
    assert_ne!(before, CII);
    let problem = refused(before.as_bytes());
    assert_eq!(problem.pointer, "/totals");
    assert!(problem.detail.contains("MonetarySummation[2] states totals again"), "{problem:?}");
}

#[test]
fn what_is_no_currency_is_refused_once_and_not_at_each_amount() {
    let code = "<cbc:DocumentCurrencyCode>EUR<";
    assert!(UBL.contains(code));
    let lower = UBL.replacen(code, &code.replace("EUR", "eur"), 1);
    let problems = read(lower.as_bytes()).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].pointer, "/currency");
}

#[test]
fn files_that_are_sent_in_the_place_of_xml_are_named() {
    for (file, words) in [
        (&b"PK\x03\x04\x14\0"[..], "it is a ZIP archive, or a Word or Excel file"),
        (b"\x1f\x8b\x08\0", "it is packed"),
        (b"\x89PNG\r\n", "it is a picture"),
        (b"\xd0\xcf\x11\xe0\xa1", "it is a file of Word, Excel or Outlook"),
        (b"\x30\x82\x10\0", "it is signed or encrypted"),
        (b"\xff\xfe\0\0<\0\0\0", "it is in the encoding UTF-32; send it in UTF-8"),
        (b"{\\rtf1\\ansi Invoice}", "it is a text with formats (RTF)"),
        (b"UNA:+.? 'UNB+UNOC:3", "text where XML begins with <"),
        (
            b"<Order xmlns='urn:oasis:names:specification:ubl:schema:xsd:Order-2'/>",
            "another document of UBL (<Order>)",
        ),
    ] {
        let problem = refused(file);
        assert!(problem.detail.contains(words), "{problem:?}");
    }
}
