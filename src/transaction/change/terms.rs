//! Compares every other business term of an invoice, by its name.

use std::collections::HashMap;

use super::invoice::pairs;
use super::{ChangeKind, Found, shortened};
use crate::invoice::{Invoice, Line, Term, terms_to_compare};

/// Sums of lines, allowances and charges, and the VAT breakdown. If a total of the invoice is listed as changed,
/// these follow from what is listed.
const SUMS: [&str; 5] = ["BT-106", "BT-107", "BT-108", "BT-116", "BT-117"];
/// The totals from which that is seen.
const TOTALS: [&str; 3] = ["with_vat", "vat", "without_vat"];

/// Compares all terms that have no sentence of their own, also those of the lines that are in both invoices.
pub(super) fn terms(before: &Invoice, after: &Invoice, found: &mut Found) {
    if before == after {
        return;
    }
    let are_told = found.0.iter().any(|it| TOTALS.contains(&it.what));
    let [old, new] = [listed(before, after), listed(after, before)];
    let (old, new) = without_equal(old, new);
    for (old, new) in pairs(&old, &new, |term| (term.id, term.line.clone())) {
        let Some(term) = new.or(old) else { continue };
        if are_told && SUMS.contains(&term.id) {
            continue;
        }
        let [before, after] = [old, new].map(|it| it.map(|term| shortened(&term.value)));
        found.push(term.id, term.line.as_deref(), before, after, ChangeKind::Text);
    }
}

/// The terms of an invoice without the lines that are the same in the other one, or are not in it. There may be
/// ten thousands of them.
fn listed(invoice: &Invoice, other: &Invoice) -> Vec<Term> {
    let lines: HashMap<&str, &Line> =
        other.lines.iter().map(|line| (line.id.as_str(), line)).collect();
    let differs = |line: &&Line| lines.get(line.id.as_str()).is_some_and(|it| it != line);
    let changed: Vec<Line> = invoice.lines.iter().filter(differs).cloned().collect();
    terms_to_compare(&Invoice { lines: changed, ..invoice.clone() }.into())
}

/// Leaves out the terms that are in both lists with the same value, whatever their order.
fn without_equal(old: Vec<Term>, new: Vec<Term>) -> (Vec<Term>, Vec<Term>) {
    let key = |term: &Term| (term.id, term.line.clone(), term.value.clone());
    let mut count: HashMap<_, usize> = HashMap::new();
    for term in &old {
        *count.entry(key(term)).or_default() += 1;
    }
    let take = |count: &mut HashMap<_, usize>, term: &Term| match count.get_mut(&key(term)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    };
    let new: Vec<Term> = new.into_iter().filter(|term| !take(&mut count, term)).collect();
    // What is left in the count was not found in the new list.
    let old = old.into_iter().filter(|term| take(&mut count, term)).collect();
    (old, new)
}
