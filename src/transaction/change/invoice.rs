//! Lists what changed in the invoice.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::{ChangeKind, Found};
use crate::invoice::money::exact;
use crate::invoice::{
    Account, Adjustment, Invoice, Line, LineVat, Payment, Totals, payment_terms_text,
};

/// Compares the payment instructions (BG-16). They come first, because a changed account may be an
/// attempt to steal the payment.
pub(super) fn payment(before: &Invoice, after: &Invoice, found: &mut Found) {
    let none = Payment::default();
    let [old, new] = [before, after].map(|it| it.payment.as_ref().unwrap_or(&none));
    if old.iban.as_deref().map(compact) != new.iban.as_deref().map(compact) {
        found.text("iban", None, old.iban.as_ref(), new.iban.as_ref());
    }
    found.text("bic", None, old.bic.as_ref(), new.bic.as_ref());
    found.text("account_name", None, old.account_name.as_ref(), new.account_name.as_ref());
    let key = |account: &Account| compact(&account.iban);
    for (old, new) in pairs(&old.further_accounts, &new.further_accounts, key) {
        let text = |it: Option<&Account>| {
            it.map(|it| [Some(it.iban.clone()), it.bic.clone()].into_iter().flatten().collect())
                .map(|parts: Vec<String>| parts.join(" "))
        };
        found.text("account", None, text(old).as_ref(), text(new).as_ref());
    }
    found.text("payment_means", None, old.means.as_ref(), new.means.as_ref());
    found.text("payment_reference", None, old.reference.as_ref(), new.reference.as_ref());
    let [old, new] = [old, new].map(payment_terms_text);
    found.text("payment_terms", None, old.as_ref(), new.as_ref());
}

/// Compares the totals (BG-22).
pub(super) fn totals(before: &Invoice, after: &Invoice, found: &mut Found) {
    for ((what, old), (_, new)) in named(&before.totals).into_iter().zip(named(&after.totals)) {
        // If only the currency changed, a total of zero is not listed.
        if !(old.is_zero() && new.is_zero()) {
            found.amount(what, None, (old, before.currency), (new, after.currency));
        }
    }
}

fn named(totals: &Totals) -> [(&'static str, Decimal); 6] {
    [
        ("due", totals.due),
        ("with_vat", totals.with_vat),
        ("vat", totals.vat),
        ("without_vat", totals.without_vat),
        ("paid", totals.paid),
        ("rounding", totals.rounding),
    ]
}

/// Compares number, type, dates, currency, references and notes.
pub(super) fn head(before: &Invoice, after: &Invoice, found: &mut Found) {
    found.text("number", None, Some(&before.number), Some(&after.number));
    found.text("type", None, Some(&before.type_code), Some(&after.type_code));
    found.date("issue_date", Some(before.issue_date), Some(after.issue_date));
    found.date("due_date", before.due_date, after.due_date);
    let [old, new] = [before, after].map(|it| it.currency.to_string());
    found.text("currency", None, Some(&old), Some(&new));
    let [old, new] = [before, after].map(|it| it.buyer_reference.as_ref());
    found.text("buyer_reference", None, old, new);
    let [old, new] = [before, after].map(|it| it.order_reference.as_ref());
    found.text("order_reference", None, old, new);
    for (old, new) in pairs(&before.notes, &after.notes, |note| note.text.clone()) {
        let [old, new] = [old, new].map(|it| it.map(|note| &note.text));
        found.text("note", None, old, new);
    }
}

/// Compares lines, allowances and charges.
pub(super) fn body(before: &Invoice, after: &Invoice, found: &mut Found) {
    for (old, new) in pairs(&before.lines, &after.lines, |line| line.id.clone()) {
        match (old, new) {
            (Some(old), Some(new)) => line((old, before), (new, after), found),
            (old, new) => {
                let which = old.or(new).map(|line| line.id.as_str());
                let [old, new] = [old, new].map(|it| it.map(|line| &line.description));
                found.text("line", which, old, new);
            }
        }
    }
    let lists = [
        (["allowance", "allowance_vat"], &before.allowances, &after.allowances),
        (["charge", "charge_vat"], &before.charges, &after.charges),
    ];
    for (whats, old, new) in lists {
        for (old, new) in pairs(old, new, |it| it.reason.clone()) {
            adjustment(whats, (old, before), (new, after), found);
        }
    }
}

fn line(before: (&Line, &Invoice), after: (&Line, &Invoice), found: &mut Found) {
    let ((old, old_invoice), (new, new_invoice)) = (before, after);
    let which = Some(new.id.as_str());
    found.text("line_description", which, Some(&old.description), Some(&new.description));
    if old.quantity != new.quantity {
        let [before, after] = [old, new].map(|it| Some(it.quantity.normalize().to_string()));
        let kind = ChangeKind::Quantity(new.unit.clone());
        found.push("line_quantity", which, before, after, kind);
    }
    found.text("line_unit", which, Some(&old.unit), Some(&new.unit));
    let prices = [(old, old_invoice), (new, new_invoice)];
    let [before, after] = prices.map(|(it, of)| (it.unit_price.normalize(), of.currency));
    found.amount("line_price", which, before, after);
    let [before, after] =
        [old, new].map(|it| it.base_quantity.map(|base| base.normalize().to_string()));
    found.text("line_base_quantity", which, before.as_ref(), after.as_ref());
    let nets = [(old, old_invoice), (new, new_invoice)];
    let [before, after] = nets.map(|(it, of)| (it.net_amount, of.currency));
    found.amount("line_net", which, before, after);
    found.text("line_vat", which, Some(&vat(&old.vat)), Some(&vat(&new.vat)));
}

fn adjustment(
    [what, what_vat]: [&'static str; 2],
    (old, old_invoice): (Option<&Adjustment>, &Invoice),
    (new, new_invoice): (Option<&Adjustment>, &Invoice),
    found: &mut Found,
) {
    let which = new.or(old).and_then(|it| it.reason.as_deref());
    if let (Some(old), Some(new)) = (old, new) {
        let [before, after] = [(old.amount, old_invoice), (new.amount, new_invoice)];
        found.amount(what, which, (before.0, before.1.currency), (after.0, after.1.currency));
        found.text(what_vat, which, Some(&vat(&old.vat)), Some(&vat(&new.vat)));
    } else {
        let currency = if new.is_some() { new_invoice } else { old_invoice }.currency;
        let [before, after] = [old, new].map(|it| it.map(|it| exact(it.amount, currency)));
        found.push(what, which, before, after, ChangeKind::Amount(currency));
    }
}

/// Returns the VAT category and rate, such as `S 19 %`.
fn vat(vat: &LineVat) -> String {
    match vat.rate {
        Some(rate) => format!("{} {} %", vat.category, rate.normalize()),
        None => vat.category.clone(),
    }
}

fn compact(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_ascii_uppercase()
}

/// Pairs the elements of two lists that have the same key: first all elements of `after` in their
/// order, then the elements of `before` that were removed. If a key occurs several times, the first
/// element is paired with the first, the second with the second, and so on.
pub(super) fn pairs<'a, T, K: std::hash::Hash + Eq>(
    before: &'a [T],
    after: &'a [T],
    key: impl Fn(&T) -> K,
) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let mut old: HashMap<K, Vec<usize>> = HashMap::new();
    for (index, element) in before.iter().enumerate().rev() {
        old.entry(key(element)).or_default().push(index);
    }
    let mut is_removed = vec![true; before.len()];
    let mut pairs = Vec::new();
    for element in after {
        let index = old.get_mut(&key(element)).and_then(Vec::pop);
        if let Some(index) = index {
            is_removed[index] = false;
        }
        pairs.push((index.map(|index| &before[index]), Some(element)));
    }
    let removed = before.iter().zip(is_removed).filter(|(_, is_removed)| *is_removed);
    pairs.extend(removed.map(|(it, _)| (Some(it), None)));
    pairs
}
