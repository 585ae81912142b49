//! Discounts for early payment (Skonto) within the terms of payment (BT-20), as XRechnung writes them: a line such as
//! `#SKONTO#TAGE=14#PROZENT=2.25#BASISBETRAG=357.93#` for each (BR-DE-18).

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::model::{Discount, Invoice, Payment};
use super::money::rounded_product;

/// The greatest number of days within which a discount is given.
pub(super) const MAX_DAYS: u32 = 9_999;

/// What is to be paid if somebody pays early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyPayment {
    /// The last day on which the discount is given. The days count from the date of issue (BT-2).
    pub until: Date,
    /// The discount in percent.
    pub percent: Decimal,
    /// What is to be paid until then, rounded to the decimals of the currency.
    pub amount: Decimal,
}

/// Returns what each discount of an invoice comes to, if `payable` is to be paid without it. A discount that does
/// not name its days and its percentage is left out, and so is one of nothing, or one that leaves nothing to pay.
pub fn early_payments(invoice: &Invoice, payable: Decimal) -> Vec<EarlyPayment> {
    let discounts = invoice.payment.iter().flat_map(|it| &it.discounts);
    discounts.filter_map(|it| early_payment(it, invoice, payable)).collect()
}

fn early_payment(discount: &Discount, invoice: &Invoice, payable: Decimal) -> Option<EarlyPayment> {
    let (days, percent) =
        (discount.days?.to_u32().filter(|it| *it <= MAX_DAYS)?, discount.percent?);
    let base = discount.base_amount.unwrap_or(payable);
    let decimals = invoice.currency.decimals();
    let less = rounded_product(base, percent, Decimal::ONE_HUNDRED, decimals)?;
    let until = invoice.issue_date.checked_add(i64::from(days).days()).ok()?;
    let amount = payable.checked_sub(less)?;
    let is_offer = less > Decimal::ZERO && amount > Decimal::ZERO;
    is_offer.then_some(EarlyPayment { until, percent, amount })
}

/// Returns what need not be paid any more, because the payments until the last day of a discount (each with its day)
/// come to what was to be paid until then.
pub fn early_discount(invoice: &Invoice, payments: &[(Date, Decimal)]) -> Decimal {
    let due = invoice.totals.due;
    let sum = |until: Date| -> Decimal {
        payments.iter().filter(|(day, _)| *day <= until).map(|(_, amount)| *amount).sum()
    };
    let offers = if invoice.is_credit_note() { Vec::new() } else { early_payments(invoice, due) };
    match offers.iter().any(|it| sum(it.until) >= it.amount) {
        true => (due - sum(Date::MAX)).max(Decimal::ZERO),
        false => Decimal::ZERO,
    }
}

/// Returns the terms of payment (BT-20) with a line for each discount, as XRechnung writes them (BR-DE-18), or none
/// if nothing is said. Each such line ends with a line break.
pub fn payment_terms_text(payment: &Payment) -> Option<String> {
    let lines: Vec<String> = payment.discounts.iter().filter_map(line_of).collect();
    if lines.is_empty() {
        return payment.terms.clone();
    }
    let text = payment.terms.as_ref().map(|it| format!("{}\n", it.trim_end_matches('\n')));
    Some(text.into_iter().chain(lines).collect())
}

fn line_of(discount: &Discount) -> Option<String> {
    let (days, percent) = (discount.days?.to_u32()?, two_decimals(discount.percent?));
    let base = discount.base_amount.map(|it| format!("#BASISBETRAG={}", two_decimals(it)));
    Some(format!("#SKONTO#TAGE={days}#PROZENT={percent}{}#\n", base.unwrap_or_default()))
}

/// A figure with two decimals; with more if it has more.
fn two_decimals(figure: Decimal) -> String {
    let figure = figure.normalize();
    let decimals = usize::try_from(figure.scale()).unwrap_or(0).max(2);
    format!("{figure:.decimals$}")
}

/// Moves the lines of the terms of payment (BT-20) that are discounts to where discounts are listed. What is already
/// listed is not listed again. Of more than `most` discounts, the rest stays text.
pub(super) fn take_discounts(payment: &mut Payment, most: usize) {
    let Some(terms) = payment.terms.take() else { return };
    let mut rest = Vec::new();
    for line in terms.split('\n') {
        match discount_of(line.trim()) {
            Some(discount) if payment.discounts.contains(&discount) => {}
            Some(discount) if payment.discounts.len() < most => {
                payment.discounts.push(discount);
            }
            _ => rest.push(line),
        }
    }
    let is_same = rest.len() == terms.split('\n').count();
    let rest = rest.join("\n");
    payment.terms = match rest.trim() {
        _ if is_same => Some(terms),
        "" => None,
        rest => Some(rest.to_owned()),
    };
}

fn discount_of(line: &str) -> Option<Discount> {
    let (days, percent, base) = parts_of(line)?;
    let days: u32 = days.parse().ok().filter(|it| *it <= MAX_DAYS)?;
    let percent: Decimal = percent.parse().ok().filter(|it| *it <= Decimal::ONE_HUNDRED)?;
    let base_amount: Option<Decimal> = base.map(str::parse).transpose().ok()?;
    Some(Discount { days: Some(days.into()), percent: Some(percent), base_amount })
}

/// Whether the terms of payment keep BR-DE-18: a line that begins with `#` is a discount and nothing else, and a line
/// break follows after the last one. As in the published rule, white space around such a line is overlooked.
pub(super) fn is_well_formed(terms: &str) -> bool {
    let mut lines = terms.split('\n').map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
    if !lines.clone().any(|line| line.starts_with('#')) {
        return true;
    }
    let all_are = lines.all(|line| !line.starts_with('#') || parts_of(&line).is_some());
    all_are && is_followed_by_break(terms)
}

/// Whether only white space with a line break follows the last `#…#` on its line.
fn is_followed_by_break(terms: &str) -> bool {
    let mut end = 0;
    let mut start = 0;
    for line in terms.split_inclusive('\n') {
        if let (Some(first), Some(last)) = (line.find('#'), line.rfind('#'))
            && last > first + 1
        {
            end = start + last + 1;
        }
        start += line.len();
    }
    let after = terms.get(end..).unwrap_or_default();
    let blank = after.len() - after.trim_start().len();
    after.get(..blank).is_some_and(|it| it.contains('\n'))
}

/// The days, the percentage and the base amount of a line.
fn parts_of(line: &str) -> Option<(&str, &str, Option<&str>)> {
    let inner = line.strip_prefix("#SKONTO#TAGE=")?.strip_suffix('#')?;
    let (days, rest) = inner.split_once("#PROZENT=")?;
    let (percent, base) = match rest.split_once("#BASISBETRAG=") {
        Some((percent, base)) => (percent, Some(base)),
        None => (rest, None),
    };
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let has_two_decimals = |text: &str| {
        let parts = text.split_once('.');
        parts.is_some_and(|(whole, decimals)| {
            are_digits(whole) && are_digits(decimals) && decimals.len() == 2
        })
    };
    let is_base = |base: &str| has_two_decimals(base.strip_prefix('-').unwrap_or(base));
    let is_sound = are_digits(days) && has_two_decimals(percent) && base.is_none_or(is_base);
    is_sound.then_some((days, percent, base))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Payment {
        let mut payment = Payment { terms: Some(text.to_owned()), ..Payment::default() };
        take_discounts(&mut payment, 100);
        payment
    }

    fn discount(days: u32, percent: &str, base: Option<&str>) -> Discount {
        let figure = |text: &str| text.parse::<Decimal>().unwrap();
        Discount {
            days: Some(days.into()),
            percent: Some(figure(percent)),
            base_amount: base.map(figure),
        }
    }

    #[test]
    fn the_lines_of_xrechnung_are_discounts_and_the_rest_stays_text() {
        let text = "30 days net\n#SKONTO#TAGE=7#PROZENT=2.00#\n\
                    #SKONTO#TAGE=14#PROZENT=2.25#BASISBETRAG=357.93#\nThank you\n";
        let payment = terms(text);
        assert_eq!(
            payment.discounts,
            [discount(7, "2.00", None), discount(14, "2.25", Some("357.93"))]
        );
        assert_eq!(payment.terms.as_deref(), Some("30 days net\nThank you"));
        let mut again = payment.clone();
        take_discounts(&mut again, 100);
        assert_eq!(again, payment);
        let written = "30 days net\nThank you\n#SKONTO#TAGE=7#PROZENT=2.00#\n\
                       #SKONTO#TAGE=14#PROZENT=2.25#BASISBETRAG=357.93#\n";
        assert_eq!(payment_terms_text(&payment).as_deref(), Some(written));
        assert_eq!(terms(written), payment);
    }

    #[test]
    fn what_is_no_such_line_stays_as_it_is() {
        for text in [
            "30 days",
            "#SKONTO#TAGE=14#PROZENT=2#",
            "#Skonto#TAGE=14#PROZENT=2.00#",
            "#VERZUG#TAGE=14#PROZENT=2.00#",
            "#SKONTO#TAGE=14#PROZENT=2.00#BASISBETRAG=1,00#",
            "#SKONTO#TAGE=14#PROZENT=200.00#",
            "\n a \n",
        ] {
            let payment = terms(text);
            assert_eq!((payment.terms.as_deref(), payment.discounts.len()), (Some(text), 0));
            assert_eq!(payment_terms_text(&payment).as_deref(), Some(text));
        }
        assert_eq!(payment_terms_text(&Payment::default()), None);
    }

    #[test]
    fn of_more_discounts_than_are_taken_the_rest_stays_text() {
        let terms = "#SKONTO#TAGE=7#PROZENT=3.00#\n#SKONTO#TAGE=14#PROZENT=2.00#\n";
        let mut payment = Payment { terms: Some(terms.to_owned()), ..Payment::default() };
        take_discounts(&mut payment, 1);
        assert_eq!(payment.discounts.len(), 1);
        assert_eq!(payment.terms.as_deref(), Some("#SKONTO#TAGE=14#PROZENT=2.00#"));
    }

    #[test]
    fn xrechnung_asks_for_whole_lines_and_a_line_break_at_the_end() {
        for good in [
            "30 days",
            "#SKONTO#TAGE=14#PROZENT=2.00#\n",
            "a\r\n #SKONTO#TAGE=1#PROZENT=2.00# \n b",
        ] {
            assert!(is_well_formed(good), "{good:?}");
        }
        for bad in [
            "#SKONTO#TAGE=14#PROZENT=2.00#",
            "#SKONTO#TAGE=14#PROZENT=2.00# and\n",
            "#SKONTO#TAGE=14#PROZENT=2.0#\n",
            "#VERZUG#TAGE=14#PROZENT=2.00#\n",
            "# note\n",
        ] {
            assert!(!is_well_formed(bad), "{bad:?}");
        }
    }

    #[test]
    fn an_early_payment_has_its_day_and_its_amount() {
        let invoice = |currency: &str| -> Invoice {
            let discounts = serde_json::json!([
                { "days": "14", "percent": "2.25" },
                { "days": "7", "percent": "3", "base_amount": "10.00" },
                { "percent": "3" },
            ]);
            let invoice = serde_json::json!({
                "number": "1", "issue_date": "2026-06-20", "currency": currency, "payment": { "discounts": discounts },
                "lines": [{ "description": "Oak", "quantity": "1", "unit_price": "100",
                            "vat": { "category": "Z", "rate": "0" } }],
            });
            let input = serde_json::from_value(invoice).unwrap();
            crate::invoice::settle(input, crate::invoice::Form::Ubl)
                .map(|it| it.invoice)
                .unwrap_or_else(|it| panic!("{it:?}"))
        };
        let shown: Vec<(String, String)> = early_payments(&invoice("EUR"), Decimal::new(10_010, 2))
            .into_iter()
            .map(|it| (it.until.to_string(), it.amount.to_string()))
            .collect();
        // 2.25 % of 100.10 is 2.25225.
        let expected = [("2026-07-04", "97.85"), ("2026-06-27", "99.80")];
        assert_eq!(shown, expected.map(|(until, amount)| (until.to_owned(), amount.to_owned())));
    }

    #[test]
    fn a_discount_is_given_for_what_comes_in_time() {
        let invoice = serde_json::json!({
            "number": "1", "issue_date": "2026-06-20", "currency": "EUR",
            "lines": [{ "description": "Oak", "quantity": "1", "unit_price": "100",
                        "vat": { "category": "Z", "rate": "0" } }],
        });
        let input = serde_json::from_value(invoice).unwrap();
        let settled = crate::invoice::settle(input, crate::invoice::Form::Ubl);
        let mut invoice = settled.map(|it| it.invoice).unwrap();
        let issued = invoice.issue_date;
        let day = |days: i64| issued.checked_add(days.days()).unwrap();
        let payment = invoice.payment.get_or_insert_default();
        payment.discounts = [(7, 3), (14, 2), (14, 0), (14, 100)]
            .map(|(days, percent)| Discount {
                days: Some(days.into()),
                percent: Some(percent.into()),
                base_amount: None,
            })
            .to_vec();
        let offered: Vec<_> =
            early_payments(&invoice, 100.into()).iter().map(|it| it.amount).collect();
        assert_eq!(
            offered,
            [97.into(), 98.into()],
            "one of nothing is none, nor is one that leaves nothing"
        );
        for (payments, discount) in [
            (&[][..], 0),
            (&[(7, 97)], 3),
            (&[(8, 97)], 0),
            (&[(14, 98)], 2),
            (&[(15, 98)], 0),
            (&[(3, 50), (14, 48)], 2),
            (&[(14, 98), (20, 1)], 1),
            (&[(14, 100)], 0),
        ] {
            let payments: Vec<_> = payments
                .iter()
                .map(|(days, amount)| (day(*days), Decimal::from(*amount)))
                .collect();
            assert_eq!(early_discount(&invoice, &payments), discount.into(), "{payments:?}");
        }
    }
}
