//! What a line says beyond description, quantity, price and VAT.

use en16931::invoice::{Invoice, InvoiceLine, Item, LineAllowanceCharge};

use super::{Terms, per_cent};

/// BG-25.
pub(super) fn lines(invoice: &Invoice, terms: &mut Terms) {
    for it in &invoice.lines {
        terms.line = Some(it.id.split_whitespace().collect::<Vec<_>>().join(" "));
        line(it, terms);
    }
    terms.line = None;
}

fn line(line: &InvoiceLine, terms: &mut Terms) {
    terms.say("BT-127", line.note.as_ref());
    terms.say_identifier("BT-128", line.object_identifier.as_ref());
    terms.say("BT-132", line.order_line_reference.as_ref());
    terms.say("BT-133", line.accounting_reference.as_ref());
    if let Some(period) = &line.period {
        terms.say("BT-134", period.start);
        terms.say("BT-135", period.end);
    }
    for allowance in &line.allowances {
        let ids = ["BT-136", "BT-137", "BT-138", "BT-139", "BT-140"];
        adjustment(allowance, ids, terms);
    }
    for charge in &line.charges {
        adjustment(charge, ["BT-141", "BT-142", "BT-143", "BT-144", "BT-145"], terms);
    }
    terms.say_amount("BT-147", line.price.price_discount.map(|it| it.into_decimal()));
    terms.say_amount("BT-148", line.price.gross_price.map(|it| it.into_decimal()));
    item(&line.item, terms);
}

fn adjustment(
    it: &LineAllowanceCharge,
    [amount, base, rate, reason, code]: [&'static str; 5],
    terms: &mut Terms,
) {
    terms.say_amount(amount, Some(it.amount.into_decimal()));
    terms.say_amount(base, it.base_amount.map(|it| it.into_decimal()));
    terms.say(rate, it.percentage.map(per_cent));
    terms.say(reason, it.reason.as_ref());
    terms.say(code, it.reason_code.as_ref());
}

fn item(item: &Item, terms: &mut Terms) {
    terms.say("BT-155", item.seller_identifier.as_ref());
    terms.say("BT-156", item.buyer_identifier.as_ref());
    terms.say_identifier("BT-157", item.standard_identifier.as_ref());
    for classification in &item.classification_identifiers {
        terms.say_identifier("BT-158", Some(classification));
    }
    terms.say("BT-159", item.origin_country.as_ref());
    for attribute in &item.attributes {
        let words = [&attribute.name, &attribute.value].into_iter().flatten();
        let words: Vec<&str> = words.map(|word| word.trim()).collect();
        terms.say("BG-32", Some(words.join(": ")));
    }
}
