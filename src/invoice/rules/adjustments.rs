//! Rules about allowances and charges, on the document and on lines.

use super::{Catalogue, Checker, is_said, lines_of};
use crate::invoice::model::{AdjustmentInput, LineAdjustmentInput};

/// What these rules say.
pub(super) const RULES: Catalogue = &[
    ("BR-31", "Each allowance on the document (BG-20) has an amount (BT-92)."),
    ("BR-32", "Each allowance on the document (BG-20) has a VAT category (BT-95)."),
    (
        "BR-33",
        "Each allowance on the document (BG-20) has a reason (BT-97) or the code of one (BT-98).",
    ),
    ("BR-36", "Each charge on the document (BG-21) has an amount (BT-99)."),
    ("BR-37", "Each charge on the document (BG-21) has a VAT category (BT-102)."),
    (
        "BR-38",
        "Each charge on the document (BG-21) has a reason (BT-104) or the code of one (BT-105).",
    ),
    ("BR-41", "Each allowance on a line (BG-27) has an amount (BT-136)."),
    (
        "BR-42",
        "Each allowance on a line (BG-27) has a reason (BT-139) or the code of one (BT-140).",
    ),
    ("BR-43", "Each charge on a line (BG-28) has an amount (BT-141)."),
    ("BR-44", "Each charge on a line (BG-28) has a reason (BT-144) or the code of one (BT-145)."),
    (
        "BR-CO-21",
        "An allowance on the document says why: by a reason (BT-97), a code (BT-98) or both.",
    ),
    (
        "BR-CO-22",
        "A charge on the document says why: by a reason (BT-104), a code (BT-105) or both.",
    ),
    ("BR-CO-23", "An allowance on a line says why: by a reason (BT-139), a code (BT-140) or both."),
    ("BR-CO-24", "A charge on a line says why: by a reason (BT-144), a code (BT-145) or both."),
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let invoice = checker.invoice;
    let rules = ["BR-31", "BR-32", "BR-33", "BR-CO-21"];
    on_document(checker, &invoice.allowances, "/allowances", rules);
    let rules = ["BR-36", "BR-37", "BR-38", "BR-CO-22"];
    on_document(checker, &invoice.charges, "/charges", rules);
    for (index, line) in lines_of(invoice) {
        let at = format!("/lines/{index}/allowances");
        on_line(checker, &line.allowances, &at, ["BR-41", "BR-42", "BR-CO-23"]);
        let at = format!("/lines/{index}/charges");
        on_line(checker, &line.charges, &at, ["BR-43", "BR-44", "BR-CO-24"]);
    }
}

fn on_document(
    checker: &mut Checker<'_>,
    all: &[AdjustmentInput],
    at: &str,
    [amount, vat, why, also_why]: [&str; 4],
) {
    for (index, it) in all.iter().enumerate() {
        let at = format!("{at}/{index}");
        checker.must(it.amount.is_some(), amount, format!("{at}/amount"));
        checker.must(
            checker.is_xml() || !it.vat.category.is_empty(),
            vat,
            format!("{at}/vat/category"),
        );
        reason(checker, [it.reason.as_ref(), it.reason_code.as_ref()], &at, why, also_why);
    }
}

fn on_line(
    checker: &mut Checker<'_>,
    all: &[LineAdjustmentInput],
    at: &str,
    [amount, why, also_why]: [&str; 3],
) {
    for (index, it) in all.iter().enumerate() {
        let at = format!("{at}/{index}");
        checker.must(it.amount.is_some(), amount, format!("{at}/amount"));
        reason(checker, [it.reason.as_ref(), it.reason_code.as_ref()], &at, why, also_why);
    }
}

/// The norm says the same in two rules, and CEN reports both. In JSON, one is enough.
fn reason(checker: &mut Checker<'_>, said: [Option<&String>; 2], at: &str, rule: &str, also: &str) {
    let holds = said.into_iter().any(is_said);
    checker.must(holds, rule, format!("{at}/reason"));
    checker.must(holds || !checker.is_xml(), also, format!("{at}/reason"));
}
