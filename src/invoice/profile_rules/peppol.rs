//! The rules of Peppol BIS Billing 3 that hold everywhere. XRechnung has some of them, too.

use rust_decimal::Decimal;

use super::checker::{Checker, Entry};
use super::claims::{BILLING, SELF_BILLING};
use super::document::Place;
use super::parties::are_both_german;
use super::patterns::is_digits;
use crate::invoice::problem::Severity::{Fatal, Warning};
use crate::invoice::rules::Form;

/// What these rules say.
pub(in crate::invoice) const RULES: &[Entry] = &[
    ("PEPPOL-EN16931-R001", Fatal, "The invoice names its business process (BT-23)."),
    (
        "PEPPOL-EN16931-R002",
        Fatal,
        "The invoice has at most one note (BG-1), unless seller and buyer are both in Germany; in CII, the note has no \
         subject (BT-21).",
    ),
    (
        "PEPPOL-EN16931-R003",
        Fatal,
        "The invoice has the reference that the buyer gave (BT-10), or the number of the order (BT-13).",
    ),
    (
        "PEPPOL-EN16931-R004",
        Fatal,
        "The specification identifier (BT-24) begins with that of Peppol BIS Billing 3.0 or Self-Billing 3.0, and has no \
         two colons side by side.",
    ),
    (
        "PEPPOL-EN16931-R005",
        Fatal,
        "The currency of VAT accounting (BT-6) is left out if it is the currency of the invoice (BT-5).",
    ),
    ("PEPPOL-EN16931-R006", Fatal, "In CII, the invoice has at most one invoiced object (BT-18)."),
    (
        "PEPPOL-EN16931-R007",
        Fatal,
        "The business process (BT-23) is one that Peppol knows, such as urn:fdc:peppol.eu:2017:poacc:billing:01:1.0; for \
         self-billing, urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0.",
    ),
    ("PEPPOL-EN16931-R008", Fatal, "No element is empty."),
    ("PEPPOL-EN16931-R010", Fatal, "The buyer has an electronic address (BT-49)."),
    ("PEPPOL-EN16931-R020", Fatal, "The seller has an electronic address (BT-34)."),
    (
        "PEPPOL-EN16931-R040",
        Fatal,
        "An allowance or a charge is its base amount times its percentage, give or take 0.02.",
    ),
    ("PEPPOL-EN16931-R041", Fatal, "An allowance or a charge with a percentage has a base amount."),
    ("PEPPOL-EN16931-R042", Fatal, "An allowance or a charge with a base amount has a percentage."),
    (
        "PEPPOL-EN16931-R043",
        Fatal,
        "Whether something is a charge is written as true or false, not as 1 or 0.",
    ),
    ("PEPPOL-EN16931-R044", Fatal, "A price may have a discount, but no charge."),
    (
        "PEPPOL-EN16931-R046",
        Fatal,
        "If there is a gross price (BT-148), the net price (BT-146) is the gross price less the discount (BT-147).",
    ),
    (
        "PEPPOL-EN16931-R051",
        Fatal,
        "Every amount is in the currency of the invoice (BT-5); only the total of VAT for VAT accounting (BT-111) is \
         not.",
    ),
    (
        "PEPPOL-EN16931-R053",
        Fatal,
        "The invoice has one total of VAT in its own currency (BT-110), with the VAT breakdown.",
    ),
    (
        "PEPPOL-EN16931-R054",
        Fatal,
        "The invoice has one total of VAT without a breakdown (BT-111) if there is a currency of VAT accounting (BT-6), \
         and none otherwise.",
    ),
    (
        "PEPPOL-EN16931-R055",
        Fatal,
        "The totals of VAT in the two currencies (BT-110, BT-111) are both above or both below zero.",
    ),
    (
        "PEPPOL-EN16931-R061",
        Fatal,
        "A direct debit (means of payment 49 or 59) names its mandate (BT-89).",
    ),
    (
        "PEPPOL-EN16931-R080",
        Fatal,
        "At most one additional document is a project (type of document 50): in UBL in a credit note, in CII in any \
         invoice.",
    ),
    ("PEPPOL-EN16931-R100", Fatal, "A line has at most one invoiced object (BT-128)."),
    (
        "PEPPOL-EN16931-R101",
        Fatal,
        "The only document of a line is its invoiced object (type of document 130).",
    ),
    (
        "PEPPOL-EN16931-R110",
        Fatal,
        "The period of a line (BT-134) does not begin before that of the invoice (BT-73).",
    ),
    (
        "PEPPOL-EN16931-R111",
        Fatal,
        "The period of a line (BT-135) does not end after that of the invoice (BT-74).",
    ),
    (
        "PEPPOL-EN16931-R120",
        Fatal,
        "The net amount of a line (BT-131) is quantity times net price by base quantity, plus charges, less allowances, \
         give or take 0.02.",
    ),
    ("PEPPOL-EN16931-R121", Fatal, "A base quantity (BT-149) is more than zero."),
    (
        "PEPPOL-EN16931-R130",
        Fatal,
        "The unit of a base quantity (BT-150) is the unit of the quantity of its line (BT-130).",
    ),
];

/// The rules that XRechnung took over.
const OF_XRECHNUNG: [&str; 21] = [
    "R001", "R005", "R008", "R010", "R020", "R040", "R041", "R042", "R043", "R044", "R046", "R053",
    "R054", "R055", "R061", "R101", "R110", "R111", "R120", "R121", "R130",
];

/// What the business processes of Peppol begin with; a number and the version follow.
const BILLING_PROCESS: &str = "urn:fdc:peppol.eu:2017:poacc:billing:";
const SELF_BILLING_PROCESS: &str = "urn:fdc:peppol.eu:2017:poacc:selfbilling:";
/// The other business processes that Peppol knows, and the one of them in which the buyer answers.
const PROCESSES: [&str; 3] = [
    "urn:peppol:france:billing:regulated",
    "urn:peppol:france:billing:non-regulated",
    WITH_RESPONSE,
];
pub(super) const WITH_RESPONSE: &str = "urn:peppol:bis:billing_with_response";
/// UNTDID 4461: direct debit and SEPA direct debit.
const DEBITS: [&str; 2] = ["49", "59"];

/// The name and weight of a rule in Peppol.
pub(super) fn named(rule: &str) -> Option<Entry> {
    RULES.iter().find(|(id, ..)| *id == rule).copied()
}

/// The name and weight of a rule in XRechnung, if XRechnung took it over.
pub(super) fn named_in_xrechnung(rule: &str) -> Option<Entry> {
    let number = rule.strip_prefix("PEPPOL-EN16931-")?;
    let (id, _, says) = named(rule).filter(|_| OF_XRECHNUNG.contains(&number))?;
    Some((id, if number == "R120" { Warning } else { Fatal }, says))
}

/// Whether a business process is one that Peppol knows.
pub(super) fn is_known_process(process: &str, form: Form, is_self_billing: bool) -> bool {
    let begin = if is_self_billing { SELF_BILLING_PROCESS } else { BILLING_PROCESS };
    let number = process.strip_prefix(begin).and_then(|rest| rest.strip_suffix(":1.0"));
    // The rules for CII are older: they take any number of a process.
    let is_known_number = |it: &str| it == "01" || (form == Form::Cii && is_digits(it, 2..=2));
    PROCESSES.contains(&process) || number.is_some_and(is_known_number)
}

pub(super) fn check(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    let is_cii = doc.form() == Form::Cii;
    checker.must(
        doc.has(&root, "business_process"),
        "PEPPOL-EN16931-R001",
        &root,
        "business_process",
    );
    let process = doc.first(&root, "business_process").unwrap_or_default();
    let holds = is_known_process(&process, doc.form(), checker.is_self_billing);
    checker.must(holds, "PEPPOL-EN16931-R007", &root, "business_process");
    let notes = doc.each(&root, "notes").len();
    // In CII, the subjects of the notes count, too: see `xml/syntax/profile.rs`.
    let holds = notes <= 1 || are_both_german(doc) || is_cii;
    checker.must(holds, "PEPPOL-EN16931-R002", &root, "notes");
    let has_reference = doc.has(&root, "buyer_reference") || doc.has(&root, "order_reference");
    // In CII, this is asked where the references stand: see `xml/syntax/profile.rs`.
    checker.must(has_reference || is_cii, "PEPPOL-EN16931-R003", &root, "buyer_reference");
    let specification = doc.first(&root, "specification").unwrap_or_default();
    let begin = if checker.is_self_billing { SELF_BILLING } else { BILLING };
    let holds = specification.starts_with(begin) && (is_cii || !specification.contains("::"));
    checker.must(holds, "PEPPOL-EN16931-R004", &root, "specification");
    let vat_currency = doc.first(&root, "vat_currency");
    let currency = doc.first(&root, "currency").unwrap_or_default();
    let holds = vat_currency.is_none_or(|it| it != currency);
    checker.must(holds, "PEPPOL-EN16931-R005", &root, "vat_currency");
    for (party, rule) in [("buyer", "PEPPOL-EN16931-R010"), ("seller", "PEPPOL-EN16931-R020")] {
        for place in doc.each(&root, party) {
            let holds = doc.has(&place, "electronic_address");
            checker.must(holds, rule, &place, "electronic_address");
        }
    }
    for means in doc.means().into_iter().filter(|it| DEBITS.contains(&it.code.as_str())) {
        let field = "direct_debit/mandate";
        checker.must(means.mandate.is_some(), "PEPPOL-EN16931-R061", &means.place, field);
    }
    if doc.form() == Form::Json {
        in_vat_currency(checker);
    }
    for place in doc.adjustments(&root) {
        adjustment(checker, &place);
    }
    lines(checker);
}

/// The total of VAT in the currency of VAT accounting. In XML, the elements are counted: see
/// `xml/syntax/profile.rs`.
fn in_vat_currency(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    let field = "totals/vat_in_vat_currency";
    let other = doc.figure(&root, field);
    let holds = other.is_some() == doc.has(&root, "vat_currency");
    checker.must(holds, "PEPPOL-EN16931-R054", &root, field);
    if let Some((own, other)) = doc.figure(&root, "totals/vat").zip(other) {
        let zero = Decimal::ZERO;
        let holds = (own <= zero && other <= zero) || (own >= zero && other >= zero);
        checker.must(holds, "PEPPOL-EN16931-R055", &root, field);
    }
}

/// By how much an amount may differ from what it is computed of.
fn tolerance(checker: &Checker<'_>) -> Decimal {
    let in_forint =
        || checker.doc.first(&Place::default(), "currency").is_some_and(|it| it == "HUF");
    match checker.is_xrechnung && in_forint() {
        true => Decimal::new(5, 1),
        false => Decimal::new(2, 2),
    }
}

fn adjustment(checker: &mut Checker<'_>, at: &Place) {
    let doc = checker.doc;
    let (has_base, has_percent) = (doc.has(at, "base_amount"), doc.has(at, "percent"));
    checker.must(has_base || !has_percent, "PEPPOL-EN16931-R041", at, "base_amount");
    checker.must(has_percent || !has_base, "PEPPOL-EN16931-R042", at, "percent");
    let figures = doc.figure(at, "base_amount").zip(doc.figure(at, "percent"));
    let Some((base, percent)) = figures else { return };
    let amount = doc.figure(at, "amount").unwrap_or_default();
    let Some(computed) = base.checked_mul(percent).map(|it| it / Decimal::ONE_HUNDRED) else {
        return;
    };
    let holds = (amount - computed).abs() <= tolerance(checker);
    checker.must_be(holds, "PEPPOL-EN16931-R040", at, "amount", (amount, computed));
}

fn lines(checker: &mut Checker<'_>) {
    let (doc, root) = (checker.doc, Place::default());
    let [start, end] = ["period/start", "period/end"].map(|it| doc.first(&root, it));
    let tolerance = tolerance(checker);
    for line in doc.each(&root, "lines") {
        let own = doc.first(&line, "period/start");
        let holds = start.as_ref().zip(own.as_ref()).is_none_or(|(all, own)| own >= all);
        checker.must(holds, "PEPPOL-EN16931-R110", &line, "period/start");
        let own = doc.first(&line, "period/end");
        let holds = end.as_ref().zip(own.as_ref()).is_none_or(|(all, own)| own <= all);
        checker.must(holds, "PEPPOL-EN16931-R111", &line, "period/end");
        for place in doc.adjustments(&line) {
            adjustment(checker, &place);
        }
        let unit = doc.first(&line, "unit");
        let mut units = doc.each(&line, "base_quantity_unit").into_iter();
        // In UBL, a line without a quantity is not asked.
        let is_asked = doc.form() == Form::Cii || doc.has(&line, "quantity");
        let holds = !is_asked || units.all(|it| Some(doc.text(&it)) == unit);
        checker.must(holds, "PEPPOL-EN16931-R130", &line, "base_quantity_unit");
        if let Some((stated, computed)) = net_amounts(checker, &line) {
            let holds = (stated - computed).abs() <= tolerance;
            checker.must_be(holds, "PEPPOL-EN16931-R120", &line, "net_amount", (stated, computed));
        }
        for base in doc.each(&line, "base_quantity") {
            let holds = doc.text(&base).parse::<Decimal>().is_ok_and(|it| it > Decimal::ZERO);
            checker.must(holds, "PEPPOL-EN16931-R121", &line, "base_quantity");
        }
        gross_price(checker, &line);
    }
}

/// The stated net amount of a line, and the one that follows from its price.
fn net_amounts(checker: &Checker<'_>, line: &Place) -> Option<(Decimal, Decimal)> {
    let doc = checker.doc;
    let figure = |field: &str| doc.figure(line, field);
    let quantity = if doc.has(line, "quantity") { figure("quantity")? } else { Decimal::ONE };
    // Peppol looks at the base quantity of the net price only.
    let [at_net, at_gross] = doc.base_quantities(line).map(|it| it.filter(|it| !it.is_zero()));
    let base = at_net.or(at_gross.filter(|_| checker.is_xrechnung)).unwrap_or(Decimal::ONE);
    let price = figure("unit_price").unwrap_or_default();
    let sum = |list: &str| -> Decimal {
        let all = doc.each(line, list).into_iter().filter_map(|it| doc.figure(&it, "amount"));
        crate::invoice::rules::half_up(all.sum())
    };
    let product = quantity.checked_mul(price.checked_div(base)?)?;
    let computed = product.checked_add(sum("charges"))?.checked_sub(sum("allowances"))?;
    Some((figure("net_amount").unwrap_or_default(), computed))
}

fn gross_price(checker: &mut Checker<'_>, line: &Place) {
    let doc = checker.doc;
    // Peppol has no such rule for CII.
    if doc.form() == Form::Cii && !checker.is_xrechnung {
        return;
    }
    let Some(gross) = doc.figure(line, "gross_price") else { return };
    let net = doc.figure(line, "unit_price");
    let discount = doc.figure(line, "price_discount");
    // In UBL, a gross price stands in its discount.
    let is_whole = net.is_some() && (discount.is_some() || doc.form() != Form::Ubl);
    let (net, computed) = (net.unwrap_or_default(), gross - discount.unwrap_or_default());
    let holds = is_whole && net == computed;
    checker.must_be(holds, "PEPPOL-EN16931-R046", line, "unit_price", (net, computed));
}
