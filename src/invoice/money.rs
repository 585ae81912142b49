//! Exact decimal figures, which are read and written as text and never as floating-point numbers.

mod product;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::currency::Currency;

pub(super) use product::rounded_product;

/// The greatest length of a figure, in characters. It has more of them than [`MAX_DIGITS`] if some are
/// zeros at the end.
const MAX_FIGURE_CHARS: usize = 100;
/// The greatest number of digits of a figure, which is what `Decimal` holds in any case.
const MAX_DIGITS: usize = 28;
/// The greatest number of digits before the point. Sums of 1,000,000 such figures, which is the highest number of
/// rows that the config may allow, fit into a `Decimal`.
const MAX_WHOLE_DIGITS: usize = 15;
/// The smallest figure with more digits before the point: 10 to the power of 15.
const TOO_LARGE: Decimal = Decimal::from_parts(0xa4c6_8000, 0x0003_8d7e, 0, false, 0);

/// Rounds to this number of decimals, and a half away from zero, as EN 16931 does: it rounds the absolute
/// value. So an invoice and its reversal cancel each other exactly.
pub fn round(figure: Decimal, decimals: u32) -> Decimal {
    let strategy = RoundingStrategy::MidpointAwayFromZero;
    let mut rounded = figure.round_dp_with_strategy(decimals, strategy);
    rounded.rescale(decimals);
    if rounded.is_zero() {
        rounded.set_sign_positive(true);
    }
    rounded
}

/// Returns why a figure of this size cannot be part of an invoice, or `None` if it can.
pub(super) fn size_problem(figure: Decimal) -> Option<String> {
    (figure.abs() >= TOO_LARGE).then(|| {
        format!(
            "{figure} is too large: at most {MAX_WHOLE_DIGITS} digits may stand before the point."
        )
    })
}

/// Returns why an amount with these decimals cannot be paid in this currency, or `None` if it can.
pub(crate) fn decimals_problem(amount: Decimal, currency: Currency) -> Option<String> {
    let (exact, decimals) = (amount.normalize(), currency.decimals());
    (exact.scale() > decimals).then(|| {
        let allowed = match decimals {
            0 => "no decimals".to_owned(),
            _ => format!("at most {decimals} decimals"),
        };
        format!(
            "{exact} has too many decimals: an amount in {currency} has {allowed}; write \"{}\" if \
             that is meant.",
            round(exact, decimals)
        )
    })
}

/// Writes `1234.5` as `1234.50` in EUR: with at least the decimals of the currency, so that people can
/// compare figures.
pub fn exact(figure: Decimal, currency: Currency) -> String {
    let mut shown = figure.normalize();
    shown.rescale(shown.scale().max(currency.decimals()));
    shown.to_string()
}

/// Writes a quantity, price or rate without trailing zeros.
pub fn plain(figure: Decimal) -> String {
    figure.normalize().to_string()
}

/// Reads figures from texts, and writes them with the decimals that they have, for serde. A figure may be
/// left out. A settled invoice has amounts with the decimals of its currency, and a stored amount keeps
/// those with which it was stored.
pub(super) mod figure {
    use super::{Decimal, Deserializer, optional_figure};
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Decimal>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Decimal>, D::Error> {
        optional_figure(from)
    }
}

fn optional_figure<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Decimal>, D::Error> {
    let found = Option::<Value>::deserialize(from)?.filter(|value| !value.is_null());
    found.map(|value| read(&value)).transpose().map_err(serde::de::Error::custom)
}

fn read(found: &Value) -> Result<Decimal, String> {
    match found {
        Value::String(text) => parse(text),
        Value::Number(number) => Err(format!(
            "a figure must be a text, so that no digit is lost on the way: write \"{number}\" \
             instead of {number}"
        )),
        _ => Err("a figure must be a text such as \"250.33\"".to_owned()),
    }
}

/// Reads a figure in plain notation: an optional minus sign, digits, and decimals after a point. It keeps
/// the decimals as they are written, as far as they fit.
pub(crate) fn parse(text: &str) -> Result<Decimal, String> {
    if text.len() > MAX_FIGURE_CHARS {
        return Err(format!(
            "a figure has at most {MAX_FIGURE_CHARS} characters, this has {}: write one such as \
             \"1234.50\"",
            text.len()
        ));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(format!(
            "{text:?} is no figure: write digits with a point before the decimals, such as \
             \"1234.50\""
        ));
    }
    // Zeros at the end do not matter, so they are no reason to refuse a figure.
    let significant = if text.contains('.') { text.trim_end_matches('0') } else { text };
    let mut value = Decimal::from_str_exact(text)
        .or_else(|_| Decimal::from_str_exact(significant.trim_end_matches('.')))
        .map_err(|_| {
            format!(
                "{text} has more digits than can be kept: write it with at most {MAX_DIGITS} digits"
            )
        })?;
    if let Some(problem) = size_problem(value) {
        return Err(problem);
    }
    if value.is_zero() {
        value.set_sign_positive(true);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_half_is_rounded_away_from_zero() {
        for (exact, decimals, rounded) in [
            ("2.345", 2, "2.35"),
            ("2.344999", 2, "2.34"),
            ("-2.345", 2, "-2.35"),
            ("-2.344999", 2, "-2.34"),
            ("-13.775", 2, "-13.78"),
            ("-0.004", 2, "0.00"),
            ("0", 2, "0.00"),
            ("7", 2, "7.00"),
            ("1098.5", 0, "1099"),
            ("-1098.5", 0, "-1099"),
            ("12.3445", 3, "12.345"),
            ("7", 4, "7.0000"),
        ] {
            assert_eq!(round(dec(exact), decimals).to_string(), rounded, "{exact}");
        }
    }

    #[test]
    fn an_amount_is_written_with_the_decimals_of_its_currency() {
        for (amount, code, written) in [
            ("1234.5", "EUR", "1234.50"),
            ("1234.500", "EUR", "1234.50"),
            ("1099.00", "JPY", "1099"),
            ("1000", "JPY", "1000"),
            ("12.3", "KWD", "12.300"),
            // It was stored before amounts had the decimals of their currency.
            ("1099.50", "JPY", "1099.5"),
        ] {
            assert_eq!(exact(dec(amount), currency(code)), written);
        }
    }

    #[test]
    fn an_amount_with_more_decimals_than_its_currency_is_told_what_to_write() {
        for (amount, code) in
            [("119.0000", "EUR"), ("1099.00", "JPY"), ("12.345", "KWD"), ("1.2345", "CLF")]
        {
            assert_eq!(decimals_problem(dec(amount), currency(code)), None, "{amount} {code}");
        }
        for (amount, code, allowed, written) in [
            ("1.999", "EUR", "EUR has at most 2 decimals", "\"2.00\""),
            ("-0.5", "JPY", "JPY has no decimals", "\"-1\""),
            ("12.3455", "KWD", "KWD has at most 3 decimals", "\"12.346\""),
        ] {
            let problem = decimals_problem(dec(amount), currency(code)).unwrap();
            assert!(problem.contains(allowed) && problem.contains(written), "{problem}");
        }
    }

    #[test]
    fn what_is_no_plain_figure_is_refused_with_an_example() {
        for text in ["", "NaN", "1e400", "1e2", "+1", "1,50", "1_000", " 1", ".5", "5.", "--1", "٣"]
        {
            let error = parse(text).unwrap_err();
            assert!(error.contains("1234.50"), "{text}: {error}");
        }
        assert!(parse("1000000000000000").unwrap_err().contains("too large"));
        assert_eq!(parse("999999999999999.99"), Ok(dec("999999999999999.99")));
        assert!(parse(&"1".repeat(1_000_000)).unwrap_err().len() < 100);
    }

    #[test]
    fn a_figure_keeps_every_digit_or_is_refused() {
        for text in [
            "47.050000000000004",
            "-999999999999999.123456789012",
            "0.1234567890123456789012345678",
            "634.50",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        let error = parse("1.23456789012345678901234567891").unwrap_err();
        assert!(error.contains("at most 28 digits"), "{error}");
        let zeros = parse(&format!("119.00{}", "0".repeat(60))).unwrap();
        assert_eq!(zeros, dec("119"));
        assert_eq!(parse(&format!("{}7.1", "0".repeat(60))).unwrap(), dec("7.1"));
        assert_eq!(parse("-0.00").unwrap().to_string(), "0.00");
        assert_eq!(TOO_LARGE, dec("1000000000000000"));
    }

    #[test]
    fn what_is_no_text_is_refused_with_the_text_to_write() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only whether it is read matters")]
        struct Holder(#[serde(with = "figure")] Option<Decimal>);
        let refusal = |json: &str| serde_json::from_str::<Holder>(json).unwrap_err().to_string();
        assert!(refusal("12.5").contains("write \"12.5\" instead of 12.5"));
        // A careless answer would repeat whatever was sent.
        let long = refusal(&format!("[{}1]", "1,".repeat(100_000)));
        assert!(long.contains("\"250.33\"") && long.len() < 100, "{long}");
        for json in ["1e400", "NaN", "true", "{}"] {
            assert!(serde_json::from_str::<Holder>(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn rounding_is_never_off_by_more_than_half_a_unit_and_is_its_own_mirror(
            units in -1_000_000_i64..1_000_000, scale in 0_u32..8, decimals in 0_u32..5,
        ) {
            let exact = Decimal::new(units, scale);
            let off = (round(exact, decimals) - exact).abs();
            prop_assert!(off <= Decimal::new(5, decimals + 1));
            prop_assert_eq!(round(-exact, decimals), -round(exact, decimals));
        }

        #[test]
        fn parsing_never_panics(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
