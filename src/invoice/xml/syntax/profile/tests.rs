//! What XRechnung and Peppol ask of files only: each case is a small file that breaks a rule, and one that keeps it.

use crate::invoice::xml::XmlInvoice;

const PEPPOL: &str = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";
const EXTENSION: &str = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0";

fn ubl(kind: &str, specification: &str, inner: &str) -> String {
    format!(
        "<{kind} xmlns='urn:oasis:names:specification:ubl:schema:xsd:{kind}-2' \
         xmlns:cbc='urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2' \
         xmlns:cac='urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2'>\
         <cbc:CustomizationID>{specification}</cbc:CustomizationID>\
         <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>{inner}</{kind}>"
    )
}

fn cii(specification: &str, inner: &str) -> String {
    format!(
        "<rsm:CrossIndustryInvoice \
         xmlns:rsm='urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100' \
         xmlns:ram='urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100' \
         xmlns:udt='urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100'>\
         <rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter>\
         <ram:ID>{specification}</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter>\
         </rsm:ExchangedDocumentContext><rsm:SupplyChainTradeTransaction>{inner}\
         </rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"
    )
}

fn breaks(xml: &str, rule: &str) -> bool {
    XmlInvoice::parse(xml.as_bytes())
        .unwrap()
        .check()
        .iter()
        .any(|it| it.rule.as_deref() == Some(rule))
}

#[test]
fn each_rule_of_ubl_is_broken_and_kept() {
    let amount = |currency: &str| {
        format!("<cbc:LineExtensionAmount currencyID='{currency}'>1</cbc:LineExtensionAmount>")
    };
    let total = "<cac:TaxTotal><cbc:TaxAmount currencyID='EUR'>1</cbc:TaxAmount><cac:TaxSubtotal/></cac:TaxTotal>";
    let charge = |is: &str| {
        format!(
            "<cac:AllowanceCharge><cbc:ChargeIndicator>{is}</cbc:ChargeIndicator></cac:AllowanceCharge>"
        )
    };
    let document = |kind: &str| {
        format!(
            "<cac:DocumentReference><cbc:DocumentTypeCode>{kind}</cbc:DocumentTypeCode></cac:DocumentReference>"
        )
    };
    let line = |inner: &str| format!("<cac:InvoiceLine>{inner}</cac:InvoiceLine>");
    let price = |inner: &str| line(&format!("<cac:Price>{inner}</cac:Price>"));
    for (rule, broken, kept) in [
        ("PEPPOL-EN16931-R008", "<cbc:Note/>".to_owned(), "<cbc:Note>a</cbc:Note>".to_owned()),
        ("PEPPOL-EN16931-R043", charge("1"), charge("true")),
        ("PEPPOL-EN16931-R044", price(&charge("true")), price(&charge("false"))),
        ("PEPPOL-EN16931-R051", line(&amount("USD")), line(&amount("EUR"))),
        ("PEPPOL-EN16931-R053", String::new(), total.to_owned()),
        ("PEPPOL-EN16931-R100", line(&document("130").repeat(2)), line(&document("130"))),
        ("PEPPOL-EN16931-R101", line(&document("50")), line(&document("130"))),
        ("PEPPOL-EN16931-CL007", line(&amount("XX")), line(&amount("EUR"))),
        (
            "PEPPOL-EN16931-F001",
            "<cbc:IssueDate>2026-06-01Z</cbc:IssueDate>".to_owned(),
            "<cbc:IssueDate>2026-06-01</cbc:IssueDate>".to_owned(),
        ),
    ] {
        assert!(breaks(&ubl("Invoice", PEPPOL, &broken), rule), "{rule}");
        assert!(!breaks(&ubl("Invoice", PEPPOL, &kept), rule), "{rule}");
    }
    let project = "<cac:AdditionalDocumentReference><cbc:ID>1</cbc:ID><cbc:DocumentTypeCode>50</cbc:DocumentTypeCode></cac:AdditionalDocumentReference>";
    let rule = "PEPPOL-EN16931-R080";
    assert!(breaks(&ubl("CreditNote", PEPPOL, &project.repeat(2)), rule));
    assert!(!breaks(&ubl("CreditNote", PEPPOL, project), rule));
}

#[test]
fn each_rule_of_the_extension_in_ubl_is_broken_and_kept() {
    let sub_line = |amount: &str, vat: &str| {
        format!(
            "<cac:InvoiceLine><cbc:LineExtensionAmount currencyID='EUR'>2</cbc:LineExtensionAmount>\
             <cac:SubInvoiceLine><cbc:LineExtensionAmount currencyID='EUR'>{amount}</cbc:LineExtensionAmount>\
             <cac:Item>{vat}</cac:Item></cac:SubInvoiceLine></cac:InvoiceLine>"
        )
    };
    let vat = "<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID></cac:ClassifiedTaxCategory>";
    let other = |currency: &str, amount: &str| {
        format!(
            "<cac:PrepaidPayment><cbc:PaidAmount currencyID='{currency}'>{amount}</cbc:PaidAmount></cac:PrepaidPayment>"
        )
    };
    let due = |due: &str| {
        format!(
            "{}<cac:LegalMonetaryTotal><cbc:TaxInclusiveAmount currencyID='EUR'>10</cbc:TaxInclusiveAmount>\
             <cbc:PayableAmount currencyID='EUR'>{due}</cbc:PayableAmount></cac:LegalMonetaryTotal>",
            other("EUR", "1.00")
        )
    };
    for (rule, broken, kept) in [
        ("BR-DEX-02", sub_line("1", vat), sub_line("2", vat)),
        ("BR-DEX-03", sub_line("2", ""), sub_line("2", vat)),
        ("BR-DEX-09", due("10"), due("11")),
        ("BR-DEX-13", other("EUR", "1.001"), other("EUR", "1.00")),
        ("BR-DEX-14", other("USD", "1.00"), other("EUR", "1.00")),
    ] {
        assert!(breaks(&ubl("Invoice", EXTENSION, &broken), rule), "{rule}");
        assert!(!breaks(&ubl("Invoice", EXTENSION, &kept), rule), "{rule}");
    }
}

#[test]
fn each_rule_of_cii_is_broken_and_kept() {
    let line = |inner: &str| {
        format!(
            "<ram:IncludedSupplyChainTradeLineItem>{inner}</ram:IncludedSupplyChainTradeLineItem>"
        )
    };
    let prices = |unit: &str| {
        line(&format!(
            "<ram:SpecifiedLineTradeAgreement>\
             <ram:GrossPriceProductTradePrice><ram:BasisQuantity unitCode='C62'>1</ram:BasisQuantity></ram:GrossPriceProductTradePrice>\
             <ram:NetPriceProductTradePrice><ram:BasisQuantity unitCode='{unit}'>1</ram:BasisQuantity></ram:NetPriceProductTradePrice>\
             </ram:SpecifiedLineTradeAgreement>"
        ))
    };
    let nested = |parent: &str| {
        line(&format!(
            "<ram:AssociatedDocumentLineDocument>{parent}</ram:AssociatedDocumentLineDocument>"
        ))
    };
    let object = "<ram:AdditionalReferencedDocument><ram:TypeCode>130</ram:TypeCode></ram:AdditionalReferencedDocument>";
    let agreement = |inner: &str| {
        format!("<ram:ApplicableHeaderTradeAgreement>{inner}</ram:ApplicableHeaderTradeAgreement>")
    };
    let address = |id: &str| {
        agreement(&format!(
            "<ram:SellerTradeParty><ram:URIUniversalCommunication><ram:URIID schemeID='9906'>{id}</ram:URIID>\
             </ram:URIUniversalCommunication></ram:SellerTradeParty>"
        ))
    };
    for (rule, specification, broken, kept) in [
        ("BR-TMP-3", EXTENSION, prices("KGM"), prices("C62")),
        ("BR-DEX-15", EXTENSION, nested("<ram:ParentLineID>1</ram:ParentLineID>"), nested("")),
        ("PEPPOL-EN16931-R006", PEPPOL, agreement(&object.repeat(2)), agreement(object)),
        ("PEPPOL-COMMON-R048", PEPPOL, address("IT1"), address("IT00743110157")),
    ] {
        assert!(breaks(&cii(specification, &broken), rule), "{rule}");
        assert!(!breaks(&cii(specification, &kept), rule), "{rule}");
    }
}

#[test]
fn a_file_that_claims_no_profile_is_not_asked() {
    let file = ubl("Invoice", "urn:cen.eu:en16931:2017", "<cbc:Note/>");
    assert!(!breaks(&file, "PEPPOL-EN16931-R008"));
}
