//! Each rule of the profiles, broken and kept: the sound invoices break none, and each case is one change of one.

use serde_json::{Value, json};

use super::{Claims, all, check_json, weigh};
use crate::invoice::problem::{Problem, Severity};

const PEPPOL: &str = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";
const XRECHNUNG: &str = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0";
const EXTENSION: &str = "#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0";
const VEHICLES: &str = "#compliant#urn:xeinkauf.de:kosit:xrechnung:cvd_0.9";

/// A sound invoice between two parties of a country.
fn sound(specification: &str, country: &str) -> Value {
    let party = |vat_id: &str| {
        json!({
            "name": "Oak", "trading_name": "Oak", "vat_id": vat_id,
            "electronic_address": { "id": "7300010000001", "scheme": "0088" },
            "address": { "lines": ["Way 1"], "city": "Town", "postal_code": "12345", "country": country },
            "contact": { "name": "Ann", "phone": "+49 30 123", "email": "ann@oak.example.org" },
        })
    };
    let vat = json!({ "category": "S", "rate": "25" });
    let mut invoice = json!({
        "number": "1", "type": "380", "issue_date": "2026-06-01", "due_date": "2026-07-01", "currency": "EUR",
        "business_process": "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0", "specification": specification,
        "buyer_reference": "04011000-12345-34", "delivery": { "date": "2026-06-01" },
        "contract_reference": "7", "tender_reference": "8",
        "seller": party("DE123456789"), "buyer": party("DE987654321"),
        "payment": { "means": "58", "iban": "DE89370400440532013000" },
        "allowances": [{ "amount": "10.00", "base_amount": "100.00", "percent": "10", "vat": vat, "reason": "x" }],
        "vat_breakdown": [{ "category": "S", "rate": "25", "taxable": "90.00", "tax": "22.50" }],
        "totals": { "with_vat": "112.50", "vat": "22.50", "due": "112.50" },
        "lines": [{
            "id": "1", "description": "Bus", "quantity": "2", "unit": "C62", "unit_price": "50.00",
            "net_amount": "100.00", "vat": vat,
            "item": {
                "classifications": [{ "id": "M3", "scheme": "CVD" }],
                "attributes": [{ "name": "cva", "value": "clean" }],
            },
        }],
    });
    let set = |it: &mut Value, pointer: &str, value: Value| put(it, pointer, value);
    match country {
        "NO" => {
            set(&mut invoice, "/seller/vat_id", json!("NO991825827MVA"));
            set(&mut invoice, "/seller/tax_number", json!("Foretaksregisteret"));
        }
        "DK" => {
            let registration = json!({ "id": "12345678", "scheme": "0184" });
            set(&mut invoice, "/seller/vat_id", json!("DK12345678"));
            set(&mut invoice, "/seller/registration", registration.clone());
            set(&mut invoice, "/buyer/registration", registration);
        }
        "SE" => {
            set(&mut invoice, "/seller/vat_id", json!("SE556036079301"));
            set(&mut invoice, "/seller/registration", json!("5560360793"));
            set(&mut invoice, "/seller/tax_number", json!("Godkänd för F-skatt"));
        }
        "IT" => set(&mut invoice, "/seller/vat_id", json!("IT00743110157")),
        "NL" => {
            let registration = json!({ "id": "12345678", "scheme": "0106" });
            set(&mut invoice, "/seller/vat_id", json!("NL123456789B01"));
            set(&mut invoice, "/seller/registration", registration.clone());
            set(&mut invoice, "/buyer/registration", registration);
        }
        "IS" => {
            let registration = json!({ "id": "1", "scheme": "0196" });
            set(&mut invoice, "/seller/vat_id", json!("IS1"));
            set(&mut invoice, "/seller/registration", registration.clone());
            set(&mut invoice, "/buyer/registration", registration);
        }
        "GR" => {
            let address = json!({ "id": "094014201", "scheme": "9933" });
            for party in ["seller", "buyer"] {
                set(&mut invoice, &format!("/{party}/vat_id"), json!("EL094014201"));
                set(&mut invoice, &format!("/{party}/electronic_address"), address.clone());
            }
            set(&mut invoice, "/number", json!("094014201|01/06/2026|1|1.1|a|b"));
            let documents = json!([
                { "reference": "4", "description": "##M.AR.K##" },
                { "reference": "5", "description": "##INVOICE|URL##", "location": "https://a.example" },
            ]);
            set(&mut invoice, "/documents", documents);
        }
        _ => {}
    }
    invoice
}

/// Puts a value at a place, of which the objects around it need not exist. `null` takes it out.
fn put(invoice: &mut Value, pointer: &str, value: Value) {
    let mut at = invoice;
    for name in pointer.split('/').skip(1) {
        at = match name.parse::<usize>() {
            Ok(index) if at.is_array() => &mut at[index],
            _ => &mut at[name],
        };
    }
    *at = value;
}

fn found(invoice: &Value) -> Vec<Problem> {
    let claims = Claims::of(invoice["specification"].as_str().unwrap());
    check_json(invoice, claims)
}

/// A rule, the invoice that keeps it (specification and country), and what breaks it there.
type Case = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The short names of the specifications.
fn specification(name: &str) -> String {
    match name {
        "peppol" => PEPPOL.to_owned(),
        "extension" => format!("{XRECHNUNG}{EXTENSION}"),
        "vehicles" => format!("{XRECHNUNG}{VEHICLES}"),
        _ => XRECHNUNG.to_owned(),
    }
}

/// A rule by its names in XRechnung and in Peppol, and what breaks it.
type GermanCase = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Rules of XRechnung, with what breaks each. The German rules of Peppol are broken by the same.
const GERMAN: &[GermanCase] = &[
    ("BR-DE-1", "DE-R-001", &[("/payment", "null")]),
    ("BR-DE-2", "DE-R-002", &[("/seller/contact", "null")]),
    ("BR-DE-3", "DE-R-003", &[("/seller/address/city", "null")]),
    ("BR-DE-4", "DE-R-004", &[("/seller/address/postal_code", "null")]),
    ("BR-DE-5", "DE-R-005", &[("/seller/contact/name", "\" \"")]),
    ("BR-DE-6", "DE-R-006", &[("/seller/contact/phone", "null")]),
    ("BR-DE-7", "DE-R-007", &[("/seller/contact/email", "null")]),
    ("BR-DE-8", "DE-R-008", &[("/buyer/address/city", "null")]),
    ("BR-DE-9", "DE-R-009", &[("/buyer/address/postal_code", "null")]),
    ("BR-DE-10", "DE-R-010", &[("/delivery/address", "{\"postal_code\": \"1\"}")]),
    ("BR-DE-11", "DE-R-011", &[("/delivery/address", "{\"city\": \"Town\"}")]),
    ("BR-DE-14", "DE-R-014", &[("/vat_breakdown/0/rate", "null")]),
    ("BR-DE-15", "DE-R-015", &[("/buyer_reference", "null")]),
    ("BR-DE-16", "DE-R-016", &[("/seller/vat_id", "null")]),
    ("BR-DE-17", "DE-R-017", &[("/type", "\"82\"")]),
    ("BR-DE-18", "DE-R-018", &[("/payment/terms", "\"#SKONTO#TAGE=14#PROZENT=2#\"")]),
    ("BR-DE-19", "DE-R-019", &[("/payment/iban", "\"DE88370400440532013000\"")]),
    (
        "BR-DE-20",
        "DE-R-020",
        &[("/payment", "{\"means\": \"59\", \"direct_debit\": {\"account\": \"DE1\"}}")],
    ),
    (
        "BR-DE-22",
        "DE-R-022",
        &[(
            "/documents",
            "[{\"attachment\": {\"filename\": \"a\"}}, {\"attachment\": {\"filename\": \"a\"}}]",
        )],
    ),
    ("BR-DE-23-a", "DE-R-023-1", &[("/payment/iban", "null")]),
    ("BR-DE-23-b", "DE-R-023-2", &[("/payment/card", "{\"number\": \"1234\"}")]),
    ("BR-DE-24-a", "DE-R-024-1", &[("/payment/means", "\"48\"")]),
    ("BR-DE-24-b", "DE-R-024-2", &[("/payment/means", "\"54\"")]),
    ("BR-DE-25-a", "DE-R-025-1", &[("/payment/means", "\"59\"")]),
    ("BR-DE-25-b", "DE-R-025-2", &[("/payment/means", "\"59\"")]),
    ("BR-DE-26", "DE-R-026", &[("/type", "\"384\"")]),
    ("BR-DE-27", "DE-R-027", &[("/seller/contact/phone", "\"12\"")]),
    ("BR-DE-28", "DE-R-028", &[("/seller/contact/email", "\"ann\"")]),
    ("BR-DE-30", "DE-R-030", &[("/payment/direct_debit", "{\"account\": \"DE1\"}")]),
    ("BR-DE-31", "DE-R-031", &[("/payment/direct_debit", "{\"creditor\": \"DE1\"}")]),
    ("BR-TMP-2", "DE-R-T02", &[("/documents", "[{\"location\": \"here\"}]")]),
];

/// A line with two sub-lines.
const WITH_SUB_LINES: &str = r#"[
    { "id": "1", "net_amount": "100.00", "vat": { "category": "S" } },
    { "id": "1.1", "net_amount": "60.00", "vat": { "category": "S" }, "parent": "1", "role": "INFORMATION" },
    { "id": "1.2", "net_amount": "40.00", "vat": { "category": "S" }, "parent": "1", "role": "INFORMATION" }
]"#;

/// What breaks a rule of CEN's structure only in XML is in `xml/syntax/profile/tests.rs`.
const CASES: &[Case] = &[
    (
        "BR-DE-21",
        "xrechnung",
        "DE",
        &[("/specification", "\"urn:xoev-de:kosit:standard:xrechnung_2.1\"")],
    ),
    ("BR-DE-TMP-32", "xrechnung", "DE", &[("/delivery", "null")]),
    ("PEPPOL-EN16931-R120", "xrechnung", "DE", &[("/lines/0/net_amount", "\"101.00\"")]),
    (
        "BR-DEX-01",
        "extension",
        "DE",
        &[("/documents", "[{\"attachment\": {\"mime\": \"text/html\"}}]")],
    ),
    (
        "BR-DEX-02",
        "extension",
        "DE",
        &[("/lines", WITH_SUB_LINES), ("/lines/2/net_amount", "\"30.00\"")],
    ),
    ("BR-DEX-03", "extension", "DE", &[("/lines", WITH_SUB_LINES), ("/lines/1/vat", "null")]),
    (
        "BR-DEX-04",
        "extension",
        "DE",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"XR04\"}")],
    ),
    (
        "BR-DEX-05",
        "extension",
        "DE",
        &[("/buyer/registration", "{\"id\": \"1\", \"scheme\": \"XR04\"}")],
    ),
    (
        "BR-DEX-06",
        "extension",
        "DE",
        &[("/lines/0/item/standard_id", "{\"id\": \"1\", \"scheme\": \"x\"}")],
    ),
    ("BR-DEX-07", "extension", "DE", &[("/seller/electronic_address/scheme", "\"XR04\"")]),
    (
        "BR-DEX-08",
        "extension",
        "DE",
        &[("/delivery/location", "{\"id\": \"1\", \"scheme\": \"x\"}")],
    ),
    ("BR-DEX-10", "extension", "DE", &[("/third_party_payments", "[{}]")]),
    ("BR-DEX-11", "extension", "DE", &[("/third_party_payments", "[{}]")]),
    ("BR-DEX-12", "extension", "DE", &[("/third_party_payments", "[{}]")]),
    ("BR-DE-CVD-01", "vehicles", "DE", &[("/contract_reference", "null")]),
    ("BR-DE-CVD-02", "vehicles", "DE", &[("/tender_reference", "null")]),
    ("BR-DE-CVD-03", "vehicles", "DE", &[("/lines/0/item", "null")]),
    ("BR-DE-CVD-04", "vehicles", "DE", &[("/lines/0/item/classifications/0/id", "\"M4\"")]),
    ("BR-DE-CVD-05", "vehicles", "DE", &[("/lines/0/item/attributes/0/value", "\"dirty\"")]),
    ("BR-DE-CVD-06-a", "vehicles", "DE", &[("/lines/0/item/attributes", "[]")]),
    ("BR-DE-CVD-06-b", "vehicles", "DE", &[("/lines/0/item/classifications", "[]")]),
    ("BR-TMP-CVD-01", "vehicles", "DE", &[("/lines/0/item/classifications/0/scheme", "\"XY\"")]),
    ("PEPPOL-EN16931-R001", "peppol", "FR", &[("/business_process", "null")]),
    ("PEPPOL-EN16931-R002", "peppol", "FR", &[("/notes", "[\"a\", \"b\"]")]),
    ("PEPPOL-EN16931-R003", "peppol", "FR", &[("/buyer_reference", "null")]),
    (
        "PEPPOL-EN16931-R004",
        "peppol",
        "FR",
        &[("/specification", "\"urn:fdc:peppol.eu:2017:poacc:billing:2.0\"")],
    ),
    ("PEPPOL-EN16931-R005", "peppol", "FR", &[("/vat_currency", "\"EUR\"")]),
    ("PEPPOL-EN16931-R007", "peppol", "FR", &[("/business_process", "\"x\"")]),
    ("PEPPOL-EN16931-R010", "peppol", "FR", &[("/buyer/electronic_address", "null")]),
    ("PEPPOL-EN16931-R020", "peppol", "FR", &[("/seller/electronic_address", "null")]),
    ("PEPPOL-EN16931-R040", "peppol", "FR", &[("/allowances/0/amount", "\"10.03\"")]),
    ("PEPPOL-EN16931-R041", "peppol", "FR", &[("/allowances/0/base_amount", "null")]),
    ("PEPPOL-EN16931-R042", "peppol", "FR", &[("/allowances/0/percent", "null")]),
    ("PEPPOL-EN16931-R046", "peppol", "FR", &[("/lines/0/gross_price", "\"60.00\"")]),
    ("PEPPOL-EN16931-R054", "peppol", "FR", &[("/vat_currency", "\"SEK\"")]),
    (
        "PEPPOL-EN16931-R055",
        "peppol",
        "FR",
        &[("/vat_currency", "\"SEK\""), ("/totals/vat_in_vat_currency", "\"-1.00\"")],
    ),
    ("PEPPOL-EN16931-R061", "peppol", "FR", &[("/payment/means", "\"49\"")]),
    (
        "PEPPOL-EN16931-R110",
        "peppol",
        "FR",
        &[("/period/start", "\"2026-06-02\""), ("/lines/0/period/start", "\"2026-06-01\"")],
    ),
    (
        "PEPPOL-EN16931-R111",
        "peppol",
        "FR",
        &[("/period/end", "\"2026-06-02\""), ("/lines/0/period/end", "\"2026-06-03\"")],
    ),
    ("PEPPOL-EN16931-R120", "peppol", "FR", &[("/lines/0/net_amount", "\"100.03\"")]),
    ("PEPPOL-EN16931-R121", "peppol", "FR", &[("/lines/0/base_quantity", "\"0\"")]),
    ("PEPPOL-EN16931-R130", "peppol", "FR", &[("/lines/0/base_quantity_unit", "\"KGM\"")]),
    (
        "PEPPOL-COMMON-R040",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"7300010000002\", \"scheme\": \"0088\"}")],
    ),
    (
        "PEPPOL-COMMON-R041",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0192\"}")],
    ),
    (
        "PEPPOL-COMMON-R042",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0184\"}")],
    ),
    (
        "PEPPOL-COMMON-R043",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0208\"}")],
    ),
    (
        "PEPPOL-COMMON-R044",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0201\"}")],
    ),
    (
        "PEPPOL-COMMON-R045",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0210\"}")],
    ),
    (
        "PEPPOL-COMMON-R046",
        "peppol",
        "FR",
        &[("/buyer/electronic_address", "{\"id\": \"1\", \"scheme\": \"9907\"}")],
    ),
    (
        "PEPPOL-COMMON-R047",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"IT1\", \"scheme\": \"0211\"}")],
    ),
    (
        "PEPPOL-COMMON-R049",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0007\"}")],
    ),
    (
        "PEPPOL-COMMON-R050",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0151\"}")],
    ),
    (
        "PEPPOL-COMMON-R052",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0096\"}")],
    ),
    (
        "PEPPOL-COMMON-R053",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0198\"}")],
    ),
    (
        "PEPPOL-COMMON-R054",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0106\"}")],
    ),
    (
        "PEPPOL-COMMON-R055",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0190\"}")],
    ),
    (
        "PEPPOL-COMMON-R056-1",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"9944\"}")],
    ),
    ("PEPPOL-COMMON-R056-2", "peppol", "FR", &[("/buyer/vat_id", "\"NL1\"")]),
    (
        "PEPPOL-COMMON-R057",
        "peppol",
        "FR",
        &[("/buyer/identifier", "{\"id\": \"1\", \"scheme\": \"0217\"}")],
    ),
    (
        "PEPPOL-EN16931-CL001",
        "peppol",
        "FR",
        &[("/documents", "[{\"attachment\": {\"mime\": \"text/html\"}}]")],
    ),
    ("PEPPOL-EN16931-CL002", "peppol", "FR", &[("/allowances/0/reason_code", "\"FC\"")]),
    ("PEPPOL-EN16931-CL003", "peppol", "FR", &[("/charges", "[{\"reason_code\": \"95\"}]")]),
    ("PEPPOL-EN16931-CL006", "peppol", "FR", &[("/vat_point_code", "\"5\"")]),
    ("PEPPOL-EN16931-CL008", "peppol", "FR", &[("/buyer/electronic_address/scheme", "\"EM\"")]),
    ("PEPPOL-EN16931-P0100", "peppol", "FR", &[("/type", "\"385\"")]),
    ("PEPPOL-EN16931-P0101", "peppol", "FR", &[("/type", "\"261\"")]),
    ("PEPPOL-EN16931-P0112", "peppol", "FR", &[("/type", "\"326\"")]),
    (
        "PEPPOL-EN16931-P0104",
        "peppol",
        "FR",
        &[("/vat_breakdown/0/exemption_reason_code", "\"VATEX-EU-G\"")],
    ),
    (
        "PEPPOL-EN16931-P0105",
        "peppol",
        "FR",
        &[("/vat_breakdown/0/exemption_reason_code", "\"VATEX-EU-O\"")],
    ),
    (
        "PEPPOL-EN16931-P0106",
        "peppol",
        "FR",
        &[("/vat_breakdown/0/exemption_reason_code", "\"VATEX-EU-IC\"")],
    ),
    (
        "PEPPOL-EN16931-P0107",
        "peppol",
        "FR",
        &[("/vat_breakdown/0/exemption_reason_code", "\"VATEX-EU-AE\"")],
    ),
    (
        "PEPPOL-EN16931-P0108",
        "peppol",
        "FR",
        &[("/vat_breakdown/0/exemption_reason_code", "\"VATEX-EU-D\"")],
    ),
    (
        "PEPPOL-EN16931-P0109",
        "peppol",
        "FR",
        &[("/vat_breakdown/0/exemption_reason_code", "\"VATEX-EU-F\"")],
    ),
    (
        "PEPPOL-EN16931-P0110",
        "peppol",
        "FR",
        &[("/vat_breakdown/0/exemption_reason_code", "\"VATEX-EU-I\"")],
    ),
    (
        "PEPPOL-EN16931-P0111",
        "peppol",
        "FR",
        &[("/vat_breakdown/0/exemption_reason_code", "\"VATEX-EU-J\"")],
    ),
    ("NO-R-001", "peppol", "NO", &[("/seller/vat_id", "\"NO991825828MVA\"")]),
    ("NO-R-002", "peppol", "NO", &[("/seller/tax_number", "null")]),
    ("DK-R-002", "peppol", "DK", &[("/seller/registration", "null")]),
    ("DK-R-003", "peppol", "DK", &[("/lines/0/item/classifications/0/scheme", "\"TST\"")]),
    ("DK-R-004", "peppol", "DK", &[("/allowances/0/reason_code", "\"ZZZ\"")]),
    ("DK-R-005", "peppol", "DK", &[("/payment/means", "\"57\"")]),
    ("DK-R-006", "peppol", "DK", &[("/payment/means", "\"42\"")]),
    ("DK-R-007", "peppol", "DK", &[("/payment/means", "\"49\"")]),
    ("DK-R-008", "peppol", "DK", &[("/payment/means", "\"50\"")]),
    (
        "DK-R-009",
        "peppol",
        "DK",
        &[("/payment/means", "\"50\""), ("/payment/reference", "\"04#1\"")],
    ),
    ("DK-R-010", "peppol", "DK", &[("/payment/means", "\"93\"")]),
    (
        "DK-R-011",
        "peppol",
        "DK",
        &[("/payment/means", "\"93\""), ("/payment/reference", "\"71#1\"")],
    ),
    ("DK-R-013", "peppol", "DK", &[("/buyer/identifier", "\"1\"")]),
    ("DK-R-014", "peppol", "DK", &[("/seller/registration/scheme", "\"0088\"")]),
    ("DK-R-016", "peppol", "DK", &[("/type", "\"381\""), ("/totals/due", "\"-1.00\"")]),
    ("DK-R-017", "peppol", "DK", &[("/buyer/registration/scheme", "\"0088\"")]),
    ("IT-R-001", "peppol", "IT", &[("/seller/tax_number", "\"abc\"")]),
    ("IT-R-002", "peppol", "IT", &[("/seller/address/lines", "null")]),
    ("IT-R-003", "peppol", "IT", &[("/seller/address/city", "null")]),
    ("IT-R-004", "peppol", "IT", &[("/seller/address/postal_code", "null")]),
    ("SE-R-001", "peppol", "SE", &[("/seller/vat_id", "\"SE5560360793\"")]),
    ("SE-R-002", "peppol", "SE", &[("/seller/vat_id", "\"SE55603607930x\"")]),
    ("SE-R-003", "peppol", "SE", &[("/seller/registration", "\"55603607x3\"")]),
    ("SE-R-004", "peppol", "SE", &[("/seller/registration", "\"556036079\"")]),
    ("SE-R-005", "peppol", "SE", &[("/seller/tax_number", "\"yes\"")]),
    ("SE-R-006", "peppol", "SE", &[("/lines/0/vat/rate", "\"24\"")]),
    (
        "SE-R-007",
        "peppol",
        "SE",
        &[("/payment", "{\"means\": \"30\", \"iban\": \"12x\", \"bic\": \"SE:PLUSGIRO\"}")],
    ),
    (
        "SE-R-008",
        "peppol",
        "SE",
        &[("/payment", "{\"means\": \"30\", \"iban\": \"123456x\", \"bic\": \"SE:BANKGIRO\"}")],
    ),
    (
        "SE-R-009",
        "peppol",
        "SE",
        &[("/payment", "{\"means\": \"30\", \"iban\": \"123456\", \"bic\": \"SE:BANKGIRO\"}")],
    ),
    (
        "SE-R-010",
        "peppol",
        "SE",
        &[("/payment", "{\"means\": \"30\", \"iban\": \"1\", \"bic\": \"SE:PLUSGIRO\"}")],
    ),
    ("SE-R-011", "peppol", "SE", &[("/payment/means", "\"50\"")]),
    ("SE-R-012", "peppol", "SE", &[("/payment/means", "\"31\"")]),
    ("SE-R-013", "peppol", "SE", &[("/seller/registration", "\"5560360794\"")]),
    ("IS-R-001", "peppol", "IS", &[("/type", "\"383\"")]),
    ("IS-R-002", "peppol", "IS", &[("/seller/registration/scheme", "\"0088\"")]),
    ("IS-R-003", "peppol", "IS", &[("/seller/address/lines", "null")]),
    ("IS-R-004", "peppol", "IS", &[("/buyer/registration", "null")]),
    ("IS-R-005", "peppol", "IS", &[("/buyer/address/postal_code", "null")]),
    ("IS-R-006", "peppol", "IS", &[("/payment/means", "\"9\"")]),
    ("IS-R-007", "peppol", "IS", &[("/payment/means", "\"42\"")]),
    (
        "IS-R-008",
        "peppol",
        "IS",
        &[("/documents", "[{\"description\": \"EINDAGI\", \"reference\": \"x\"}]")],
    ),
    (
        "IS-R-009",
        "peppol",
        "IS",
        &[
            ("/due_date", "null"),
            ("/documents", "[{\"description\": \"EINDAGI\", \"reference\": \"2026-07-01\"}]"),
        ],
    ),
    (
        "IS-R-010",
        "peppol",
        "IS",
        &[("/documents", "[{\"description\": \"EINDAGI\", \"reference\": \"2026-06-30\"}]")],
    ),
    ("NL-R-001", "peppol", "NL", &[("/type", "\"381\"")]),
    ("NL-R-002", "peppol", "NL", &[("/seller/address/city", "null")]),
    ("NL-R-003", "peppol", "NL", &[("/seller/registration/scheme", "\"0088\"")]),
    ("NL-R-004", "peppol", "NL", &[("/buyer/address/city", "null")]),
    ("NL-R-005", "peppol", "NL", &[("/buyer/registration/scheme", "\"0088\"")]),
    ("NL-R-006", "peppol", "NL", &[("/tax_representative/address", "{\"country\": \"NL\"}")]),
    ("NL-R-007", "peppol", "NL", &[("/payment", "null")]),
    ("NL-R-008", "peppol", "NL", &[("/payment/means", "\"31\"")]),
    ("NL-R-009", "peppol", "NL", &[("/lines/0/order_line_reference", "\"1\"")]),
    ("GR-R-001-1", "peppol", "GR", &[("/number", "\"1\"")]),
    ("GR-R-001-2", "peppol", "GR", &[("/number", "\"1|\"")]),
    ("GR-R-001-3", "peppol", "GR", &[("/number", "\"1|02/06/2026\"")]),
    ("GR-R-001-4", "peppol", "GR", &[("/number", "\"1|1|x\"")]),
    ("GR-R-001-5", "peppol", "GR", &[("/number", "\"1|1|1|9.9\"")]),
    ("GR-R-001-6", "peppol", "GR", &[("/number", "\"1|1|1|1||b\"")]),
    ("GR-R-001-7", "peppol", "GR", &[("/number", "\"1|1|1|1|a|\"")]),
    ("GR-R-002", "peppol", "GR", &[("/seller/trading_name", "null")]),
    ("GR-R-003", "peppol", "GR", &[("/seller/vat_id", "\"EL094014202\"")]),
    ("GR-R-004-1", "peppol", "GR", &[("/documents", "[]")]),
    ("GR-R-004-2", "peppol", "GR", &[("/documents/0/reference", "\"x\"")]),
    ("GR-R-005", "peppol", "GR", &[("/buyer/trading_name", "null")]),
    ("GR-R-006", "peppol", "GR", &[("/buyer/vat_id", "\"EL1\"")]),
    ("GR-R-008-2", "peppol", "GR", &[("/documents/0/description", "\"##INVOICE|URL##\"")]),
    ("GR-R-008-3", "peppol", "GR", &[("/documents/1/location", "null")]),
    ("GR-R-009", "peppol", "GR", &[("/seller/electronic_address/scheme", "\"0088\"")]),
    ("GR-R-010", "peppol", "GR", &[("/buyer/electronic_address/id", "\"1\"")]),
    ("GR-S-008-1", "peppol", "GR", &[("/documents", "[]")]),
    ("GR-S-011", "peppol", "GR", &[("/seller/vat_id", "\"EL094014202\"")]),
];

/// The rules that are only about XML: see `xml/syntax/profile/tests.rs`.
const ONLY_IN_XML: [&str; 17] = [
    "BR-TMP-3",
    "BR-DEX-09",
    "BR-DEX-13",
    "BR-DEX-14",
    "BR-DEX-15",
    "PEPPOL-EN16931-R006",
    "PEPPOL-EN16931-R008",
    "PEPPOL-EN16931-R043",
    "PEPPOL-EN16931-R044",
    "PEPPOL-EN16931-R051",
    "PEPPOL-EN16931-R053",
    "PEPPOL-EN16931-R080",
    "PEPPOL-EN16931-R100",
    "PEPPOL-EN16931-R101",
    "PEPPOL-EN16931-CL007",
    "PEPPOL-EN16931-F001",
    "PEPPOL-COMMON-R048",
];

fn broken_by(name: &str, country: &str, changes: &[(&str, &str)]) -> Vec<String> {
    let mut invoice = sound(&specification(name), country);
    if name == "peppol" && !["DK", "GR"].contains(&country) {
        put(&mut invoice, "/lines/0/item", Value::Null);
    }
    for (pointer, value) in changes {
        put(&mut invoice, pointer, serde_json::from_str(value).unwrap());
    }
    found(&invoice).into_iter().filter_map(|it| it.rule).collect()
}

#[test]
fn a_sound_invoice_breaks_no_rule_of_its_profile() {
    for name in ["xrechnung", "extension", "vehicles"] {
        assert_eq!(broken_by(name, "DE", &[]), [""; 0], "{name}");
    }
    for country in ["DE", "FR", "NO", "DK", "IT", "SE", "IS", "NL", "GR"] {
        assert_eq!(broken_by("peppol", country, &[]), [""; 0], "{country}");
    }
}

#[test]
fn each_rule_is_broken_by_one_change() {
    for (rule, name, country, changes) in CASES {
        let broken = broken_by(name, country, changes);
        assert!(broken.iter().any(|it| it == rule), "{rule}: {broken:?}");
    }
    for (rule, german, changes) in GERMAN {
        for (name, rule) in [("xrechnung", rule), ("peppol", german)] {
            let broken = broken_by(name, "DE", changes);
            assert!(broken.iter().any(|it| it == rule), "{rule}: {broken:?}");
        }
    }
}

#[test]
fn sub_lines_in_json_are_added_up_and_have_a_vat_category() {
    let of_sub_lines = |changes: &[(&str, &str)]| {
        let all: Vec<_> = [("/lines", WITH_SUB_LINES)].iter().chain(changes).copied().collect();
        let found = broken_by("extension", "DE", &all).into_iter();
        found.filter(|it| ["BR-DEX-02", "BR-DEX-03"].contains(&it.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(of_sub_lines(&[]), [""; 0]);
    assert_eq!(of_sub_lines(&[("/lines/0/net_amount", "\"99.00\"")]), ["BR-DEX-02"]);
    // A sub-line of a sub-line, in another sum.
    let deeper = [("/lines/2/parent", "\"1.1\"")];
    assert_eq!(of_sub_lines(&deeper), ["BR-DEX-02", "BR-DEX-02"]);
    // A line that is summed is no sub-line, and neither is one that names no line around it.
    assert_eq!(of_sub_lines(&[("/lines/1/role", "\"DETAIL\"")]), ["BR-DEX-02"]);
    let alone =
        [("/lines/1/parent", "null"), ("/lines/2/parent", "null"), ("/lines/2/vat", "null")];
    assert_eq!(of_sub_lines(&alone), [""; 0]);
    let all = [("/lines", WITH_SUB_LINES), ("/lines/2/net_amount", "\"1.00\"")];
    assert!(!broken_by("xrechnung", "DE", &all).iter().any(|it| it == "BR-DEX-02"));
}

#[test]
fn every_rule_has_a_case() {
    let german = GERMAN.iter().flat_map(|(a, b, _)| [*a, *b]);
    let known: Vec<&str> = CASES.iter().map(|it| it.0).chain(german).chain(ONLY_IN_XML).collect();
    let missing: Vec<String> =
        all().into_iter().map(|it| it.id).filter(|id| !known.contains(&id.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_finding_has_its_place_its_weight_and_both_figures() {
    let mut invoice = sound(PEPPOL, "FR");
    put(&mut invoice, "/lines/0/net_amount", json!("101.00"));
    let found = |invoice: &Value| {
        let all = found(invoice).into_iter();
        all.filter(|it| it.rule.as_deref() == Some("PEPPOL-EN16931-R120")).collect::<Vec<_>>()
    };
    let finding = &found(&invoice)[0];
    assert_eq!(finding.pointer, "/lines/0/net_amount");
    assert_eq!(finding.severity, Some(Severity::Fatal));
    let figures = [&finding.stated, &finding.computed].map(|it| it.as_deref());
    assert_eq!(figures, [Some("101"), Some("100")]);
    // XRechnung only warns of it.
    put(&mut invoice, "/specification", json!(XRECHNUNG));
    assert_eq!(found(&invoice)[0].severity, Some(Severity::Warning));
}

#[test]
fn an_invoice_that_claims_no_profile_is_not_asked() {
    let mut invoice = sound(PEPPOL, "DE");
    put(&mut invoice, "/payment", Value::Null);
    for specification in ["", "urn:cen.eu:en16931:2017"] {
        put(&mut invoice, "/specification", json!(specification));
        assert_eq!(found(&invoice), []);
    }
}

#[test]
fn the_extension_has_rules_in_the_place_of_some_of_cen() {
    let of = |rule: &str| Problem::at("", "").breaking(rule).of(Severity::Fatal);
    let rules = |claims: Claims| {
        let mut found = vec![of("BR-CL-10"), of("BR-CL-23"), of("BR-CO-15")];
        weigh(&mut found, claims);
        found.into_iter().map(|it| (it.rule.unwrap(), it.severity.unwrap())).collect::<Vec<_>>()
    };
    let kept = |rule: &str, severity| (rule.to_owned(), severity);
    let (fatal, warning) = (Severity::Fatal, Severity::Warning);
    assert_eq!(
        rules(Claims::of(XRECHNUNG)),
        [kept("BR-CL-10", fatal), kept("BR-CL-23", warning), kept("BR-CO-15", fatal)]
    );
    assert_eq!(
        rules(Claims::of(&specification("extension"))),
        [kept("BR-CL-23", warning), kept("BR-CO-15", fatal)]
    );
    assert_eq!(rules(Claims::of(PEPPOL)).len(), 3);
}
