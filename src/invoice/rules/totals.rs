//! Rules about the totals (BG-22).

use super::{Catalogue, Checker, Form, Sum, for_others, lines_of};
use crate::invoice::model::{InvoiceInput, TotalsInput};

/// What these rules say.
pub(super) const RULES: Catalogue = &[
    ("BR-12", "The invoice states the sum of its lines (BT-106)."),
    ("BR-13", "The invoice states its total without VAT (BT-109)."),
    ("BR-14", "The invoice states its total with VAT (BT-112)."),
    ("BR-15", "The invoice states the amount that is to be paid (BT-115)."),
    (
        "BR-53",
        "If there is a currency of VAT accounting (BT-6), the total of VAT is also stated in it (BT-111).",
    ),
    ("BR-CO-10", "The sum of the lines (BT-106) is the sum of their net amounts (BT-131)."),
    ("BR-CO-11", "The sum of the allowances (BT-107) is the sum of those on the document (BT-92)."),
    ("BR-CO-12", "The sum of the charges (BT-108) is the sum of those on the document (BT-99)."),
    (
        "BR-CO-13",
        "The total without VAT (BT-109) is the sum of the lines (BT-106) less allowances (BT-107) plus charges \
         (BT-108).",
    ),
    ("BR-CO-14", "The total of VAT (BT-110) is the sum of the VAT of each category (BT-117)."),
    (
        "BR-CO-15",
        "The total with VAT (BT-112) is the total without VAT (BT-109) plus the total of VAT (BT-110).",
    ),
    (
        "BR-CO-16",
        "What is to be paid (BT-115) is the total with VAT (BT-112) less what is paid (BT-113) plus rounding \
         (BT-114).",
    ),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let invoice = checker.invoice;
    let totals = &invoice.totals;
    let stated = [totals.lines, totals.without_vat, totals.with_vat, totals.due];
    let states_any = stated.iter().any(Option::is_some)
        || [totals.allowances, totals.charges, totals.paid, totals.rounding]
            .iter()
            .any(Option::is_some);
    if states_any {
        let fields = ["lines", "without_vat", "with_vat", "due"];
        for ((figure, field), rule) in
            stated.iter().zip(fields).zip(["BR-12", "BR-13", "BR-14", "BR-15"])
        {
            checker.must(figure.is_some(), rule, format!("/totals/{field}"));
        }
        sums(checker, totals);
        due(checker, totals);
    }
    vat(checker, invoice);
    with_vat(checker, invoice);
    in_vat_currency(checker, invoice);
}

fn sums(checker: &mut Checker<'_>, totals: &TotalsInput) {
    let invoice = checker.invoice;
    let lines =
        checker.sum(Sum::Decimal, lines_of(invoice).filter_map(|(_, line)| line.net_amount));
    // A profile without lines states only totals (Factur-X MINIMUM); BR-16 says that lines are missing.
    let is_asked = checker.is_xml() || !invoice.lines.is_empty();
    let holds = totals.lines == Some(lines) || !is_asked;
    checker.must_be(holds, "BR-CO-10", "/totals/lines", (totals.lines, lines));

    let kinds = [
        ("BR-CO-11", "/totals/allowances", totals.allowances, &invoice.allowances),
        ("BR-CO-12", "/totals/charges", totals.charges, &invoice.charges),
    ];
    for (rule, at, total, all) in kinds {
        let sum = checker.sum(Sum::Float, all.iter().filter_map(|it| it.amount));
        let holds = total.map_or(all.is_empty(), |total| total == sum);
        checker.must_be(holds, rule, at, (total, sum));
    }

    let (allowances, charges) =
        (totals.allowances.unwrap_or_default(), totals.charges.unwrap_or_default());
    let computed = totals.lines.map(|lines| checker.rounded(lines - allowances + charges));
    let holds = computed.is_some() && totals.without_vat == computed;
    let figures = (totals.without_vat, computed.unwrap_or_default());
    checker.must_be(holds, "BR-CO-13", "/totals/without_vat", figures);
}

/// In UBL, CEN asks a total that has a breakdown; in CII, one that is in the currency of the invoice.
fn vat(checker: &mut Checker<'_>, invoice: &InvoiceInput) {
    let rows = invoice.vat_breakdown.as_deref().unwrap_or_default();
    let sum = checker.sum(Sum::Float, rows.iter().filter_map(|row| row.tax));
    let total = invoice.totals.vat;
    let holds = match checker.form {
        // See `xml/syntax/existence.rs`: there may be a total for each of two currencies.
        Form::Ubl => true,
        Form::Json => rows.is_empty() || total == Some(sum),
        Form::Cii => total.is_none_or(|total| total == sum) || invoice.currency.is_none(),
    };
    checker.must_be(holds, "BR-CO-14", "/totals/vat", (total, sum));
}

/// In CII, CEN also takes a total with VAT that equals the one without, whatever the VAT is.
fn with_vat(checker: &mut Checker<'_>, invoice: &InvoiceInput) {
    let TotalsInput { without_vat, vat, with_vat, .. } = invoice.totals;
    if invoice.currency.is_none() {
        return;
    }
    let computed = without_vat.zip(vat).map(|(without, vat)| checker.rounded(without + vat));
    let is_sum = computed.is_some() && with_vat == computed;
    let is_without = checker.form == Form::Cii && with_vat.is_some() && with_vat == without_vat;
    let figures = (with_vat, computed.or(without_vat).unwrap_or_default());
    checker.must_be(is_sum || is_without, "BR-CO-15", "/totals/with_vat", figures);
}

fn due(checker: &mut Checker<'_>, totals: &TotalsInput) {
    let TotalsInput { with_vat, paid, rounding, due, .. } = *totals;
    // The extension of XRechnung adds what is collected for others (BR-DEX-09).
    let with_vat = with_vat.map(|it| it + for_others(checker.invoice));
    let computed = with_vat.map(|it| it - paid.unwrap_or_default() + rounding.unwrap_or_default());
    let holds = match (checker.form, computed, due) {
        (_, None, _) | (_, _, None) => false,
        (Form::Cii, Some(computed), Some(due)) => computed == due,
        // In UBL, CEN rounds both sides, unless nothing was paid.
        (_, Some(computed), Some(due)) => {
            let rounded = match (paid, rounding) {
                (Some(_), None) => due == checker.rounded(computed),
                (Some(paid), Some(rounding)) => {
                    with_vat.map(|it| checker.rounded(it - paid))
                        == Some(checker.rounded(due - rounding))
                }
                (None, Some(rounding)) => with_vat == Some(checker.rounded(due - rounding)),
                (None, None) => false,
            };
            computed == due || rounded
        }
    };
    checker.must_be(holds, "BR-CO-16", "/totals/due", (due, computed.unwrap_or_default()));
}

fn in_vat_currency(checker: &mut Checker<'_>, invoice: &InvoiceInput) {
    let Some(currency) = invoice.vat_currency else { return };
    let is_same = invoice.currency == Some(currency);
    let holds = match checker.form {
        // CEN has CII name another currency than that of the invoice.
        Form::Cii => !is_same && invoice.totals.vat_in_vat_currency.is_some(),
        Form::Ubl | Form::Json => {
            invoice.totals.vat_in_vat_currency.is_some()
                || (is_same && invoice.totals.vat.is_some())
        }
    };
    checker.must(holds, "BR-53", "/totals/vat_in_vat_currency");
}
