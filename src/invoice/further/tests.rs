//! The published examples say what they say, under the right names.

use super::*;

const RICH: &str = include_str!("../../../tests/invoices/ubl-tc434-example2.xml");
const CREDIT_NOTE: &str = include_str!("../../../tests/invoices/ubl-tc434-creditnote1.xml");
const DISCOUNT: &str = include_str!("../../../tests/invoices/sample-discount-price.xml");
const CII: &str = include_str!("../../../tests/invoices/CII_example4.xml");
const EXAMPLES: [&str; 8] = [
    RICH,
    CREDIT_NOTE,
    DISCOUNT,
    CII,
    include_str!("../../../tests/invoices/CII_example1.xml"),
    include_str!("../../../tests/invoices/guide-example1.xml"),
    include_str!("../../../tests/invoices/ubl-tc434-example1.xml"),
    include_str!("../../../tests/invoices/ubl-tc434-example4.xml"),
];
const LABELS: &str = concat!(
    include_str!("../../language/texts/en/page.ftl"),
    include_str!("../../language/texts/en/terms.ftl"),
);

fn terms(file: &[u8]) -> Vec<Term> {
    Further::of_file(file).terms
}

fn values(terms: &[Term], id: &str, line: Option<&str>) -> Vec<String> {
    let wanted = |term: &&Term| term.id == id && term.line.as_deref() == line;
    terms.iter().filter(wanted).map(|term| term.value.clone()).collect()
}

#[test]
fn a_rich_invoice_loses_nothing() {
    let terms = terms(RICH.as_bytes());
    for (id, expected) in [
        ("BT-8", "3"),
        ("BT-12", "Contract321"),
        ("BT-19", "Project cost code 123"),
        ("BT-29", "1238764941386 (0088)"),
        ("BT-30", "123456789"),
        ("BT-41", "Antonio Salesmacher"),
        ("BT-43", "antonio@salescompany.no"),
        ("BT-57", "5121230"),
        ("BT-59", "Ebeneser Scrooge AS"),
        ("BT-63", "NO967611265MVA"),
        ("BG-12", "Regent street, Front door, 202 Newtown, RegionC, NO"),
        ("BT-71", "6754238987643 (0088)"),
        ("BT-72", "2013-06-15"),
        ("BG-15", "Deliverystreet 2, Side door, 523427 DeliveryCity, RegionD, NO"),
        ("BT-73", "2013-06-01"),
        ("BT-98", "88"),
        ("BT-120", "Exempt New Means of Transport"),
        ("BT-124", "http://www.suppliersite.eu/sheet001.html"),
        ("BT-125", "test.pdf"),
    ] {
        assert_eq!(values(&terms, id, None), [expected], "{id}");
    }
    assert_eq!(values(&terms, "BT-122", None), ["Doc1", "Doc2"]);
    for (id, expected) in [
        ("BT-127", "Scratch on box"),
        ("BT-132", "1"),
        ("BT-133", "BookingCode001"),
        ("BT-134", "2013-06-01"),
        ("BT-136", "12.00"),
        ("BT-139", "Damage"),
        ("BT-144", "Testing"),
        ("BT-147", "225.00"),
        ("BT-155", "JB007"),
        ("BT-157", "1234567890128 (0088)"),
        ("BT-159", "DE"),
        ("BG-32", "Color: Black"),
    ] {
        assert_eq!(values(&terms, id, Some("1")), [expected], "{id}");
    }
    assert_eq!(values(&terms, "BT-158", Some("1")), ["12344321 (ZZZ)", "65434568 (STI)"]);
    assert_eq!(values(&terms, "BT-127", Some("2")), ["Cover is slightly damaged."]);
}

#[test]
fn a_credit_note_and_cii_are_read_alike() {
    let terms = terms(CREDIT_NOTE.as_bytes());
    assert_eq!(values(&terms, "BT-34", None), ["0000000196 (0201)"]);
    assert_eq!(values(&terms, "BT-28", None), ["My Supplier Company N.V."]);
    assert_eq!(values(&terms, "BT-120", None), ["Taxes are not applicable"]);
    assert!(!Further::of_file(CII.as_bytes()).terms.is_empty());
}

#[test]
fn every_term_of_every_example_has_a_label_and_a_value() {
    for xml in EXAMPLES {
        let terms = terms(xml.as_bytes());
        assert!(!terms.is_empty());
        for Term { id, value, .. } in terms {
            assert!(LABELS.contains(&format!("\n{} = ", id.to_lowercase())), "{id}");
            assert!(!value.is_empty() && !value.contains('\n'), "{id}: {value:?}");
        }
    }
}

#[test]
fn what_is_no_invoice_says_nothing() {
    let cut = &RICH.as_bytes()[..RICH.len() / 2];
    for file in [&b""[..], b"{}", b"<Invoice/>", b"\xff\xfe\x00", cut] {
        assert!(terms(file).is_empty(), "{}", String::from_utf8_lossy(file));
    }
}

#[test]
fn an_invoice_that_is_kept_as_json_for_the_files_in_it_says_as_much_as_without_them() {
    let json = serde_json::json!({
        "number": "1", "issue_date": "2026-06-01", "currency": "EUR", "contract_reference": "C-2",
        "lines": [{ "description": "Oak", "quantity": "1", "unit_price": "1",
                    "vat": { "category": "Z", "rate": "0" } }],
        "documents": [{ "reference": "A", "attachment": { "filename": "a.csv", "mime": "text/csv",
                        "content": "aGVsbG8=" } }],
    });
    let input: InvoiceInput = serde_json::from_value(json).unwrap();
    let kept = input.to_keep().unwrap();
    let invoice = crate::invoice::settle(input, crate::invoice::Form::Json).unwrap().invoice;
    let (further, contents) = Further::with_contents(&invoice, kept.as_deref());
    assert!(further.terms.iter().any(|it| it.id == "BT-12" && it.value == "C-2"), "{further:?}");
    assert!(invoice.documents[0].attachment.as_ref().is_some_and(|it| contents.has(it)));
    let (without, contents) = Further::with_contents(&invoice, None);
    assert_eq!(further, without);
    assert!(!invoice.documents[0].attachment.as_ref().is_some_and(|it| contents.has(it)));
}

#[test]
fn terms_and_files_of_one_parse_are_those_of_two() {
    for original in EXAMPLES.map(str::as_bytes) {
        let read = crate::invoice::read_file(original).unwrap();
        let settled = crate::invoice::settle(read.invoice, read.format.into()).unwrap();
        let (further, contents) = Further::with_contents(&settled.invoice, Some(original));
        assert_eq!(further, Further::of_file(original));
        assert_eq!(contents, AttachedContents::of_original(original));
    }
}
