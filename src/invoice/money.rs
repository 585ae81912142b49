//! Exact decimal figures, which are read and written as text and never as floating-point numbers.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The greatest length of a figure, in characters. `Decimal` holds 28 digits.
const MAX_FIGURE_CHARS: usize = 30;
/// The greatest number of decimals of an amount (BR-DEC rules).
const AMOUNT_DECIMALS: u32 = 2;
/// The greatest number of decimals of a price, quantity or rate. With the digits before the point, it is
/// what `Decimal` holds.
const FINE_DECIMALS: u32 = 12;
/// The greatest number of digits before the point. Sums of 100,000 such figures fit into a `Decimal`.
const MAX_WHOLE_DIGITS: usize = 15;
/// The smallest figure with more digits before the point: 10 to the power of 15.
const TOO_LARGE: Decimal = Decimal::from_parts(0xa4c6_8000, 0x0003_8d7e, 0, false, 0);

/// Rounds to the cent as XPath's `round()` does in the published rules: a half is rounded towards plus
/// infinity, also below zero.
pub fn round(figure: Decimal) -> Decimal {
    let floor =
        figure.round_dp_with_strategy(AMOUNT_DECIMALS, RoundingStrategy::ToNegativeInfinity);
    let half = Decimal::new(5, AMOUNT_DECIMALS + 1);
    let mut rounded =
        if figure - floor >= half { floor + Decimal::new(1, AMOUNT_DECIMALS) } else { floor };
    rounded.rescale(AMOUNT_DECIMALS);
    rounded
}

/// Returns why this amount cannot be part of an invoice, or `None` if it can.
pub(super) fn amount_problem(figure: Decimal) -> Option<String> {
    problem(figure, AMOUNT_DECIMALS)
}

/// Returns why this price, quantity or rate cannot be part of an invoice, or `None` if it can.
pub(super) fn fine_problem(figure: Decimal) -> Option<String> {
    problem(figure, FINE_DECIMALS)
}

fn problem(figure: Decimal, decimals: u32) -> Option<String> {
    if figure.abs() >= TOO_LARGE {
        return Some(format!(
            "{figure} is too large: at most {MAX_WHOLE_DIGITS} digits may stand before the point."
        ));
    }
    let exact = figure.normalize();
    (exact.scale() > decimals).then(|| {
        let rule = if decimals == AMOUNT_DECIMALS { " in an amount (BR-DEC)" } else { "" };
        format!(
            "{exact} has too many decimals: at most {decimals} are allowed{rule}; write \"{}\" if \
             that is meant.",
            exact.round_dp(decimals)
        )
    })
}

/// Writes `1234.5` as `1234.50`: with at least two decimals, so that people can compare figures.
pub fn exact(figure: Decimal) -> String {
    let mut shown = figure.normalize();
    if shown.scale() < AMOUNT_DECIMALS {
        shown.rescale(AMOUNT_DECIMALS);
    }
    shown.to_string()
}

/// Writes a quantity, price or rate without trailing zeros.
pub fn plain(figure: Decimal) -> String {
    figure.normalize().to_string()
}

/// Reads amounts from texts with at most two decimals, and writes them with two, for serde.
pub(super) mod amount {
    use super::{AMOUNT_DECIMALS, Decimal, Deserializer, figure};
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(value: &Decimal, to: S) -> Result<S::Ok, S::Error> {
        let mut value = *value;
        value.rescale(AMOUNT_DECIMALS);
        to.collect_str(&value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
        figure(from, AMOUNT_DECIMALS)
    }
}

/// As [`amount`], for a field that may be left out.
pub(super) mod optional_amount {
    use super::{AMOUNT_DECIMALS, Decimal, Deserializer, optional_figure};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Decimal>, D::Error> {
        optional_figure(from, AMOUNT_DECIMALS)
    }
}

/// Reads prices, quantities and rates from texts, and writes them without trailing zeros, for serde.
pub(super) mod fine {
    use super::{Decimal, Deserializer, FINE_DECIMALS, figure};
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(value: &Decimal, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&value.normalize())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
        figure(from, FINE_DECIMALS)
    }
}

/// As [`fine`], for a field that may be left out.
pub(super) mod optional_fine {
    use super::{Decimal, Deserializer, FINE_DECIMALS, optional_figure};
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Decimal>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(&value.normalize()),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Decimal>, D::Error> {
        optional_figure(from, FINE_DECIMALS)
    }
}

/// Reads exact figures from texts, and writes them as texts, for serde. A figure may be left out.
pub(super) mod figure {
    use super::{Decimal, Deserializer, FINE_DECIMALS, optional_figure};
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
        optional_figure(from, FINE_DECIMALS)
    }
}

fn figure<'de, D: Deserializer<'de>>(from: D, decimals: u32) -> Result<Decimal, D::Error> {
    read(&Value::deserialize(from)?, decimals).map_err(serde::de::Error::custom)
}

fn optional_figure<'de, D: Deserializer<'de>>(
    from: D,
    decimals: u32,
) -> Result<Option<Decimal>, D::Error> {
    let found = Option::<Value>::deserialize(from)?.filter(|value| !value.is_null());
    found.map(|value| read(&value, decimals)).transpose().map_err(serde::de::Error::custom)
}

fn read(found: &Value, decimals: u32) -> Result<Decimal, String> {
    match found {
        Value::String(text) => parse(text, decimals),
        Value::Number(number) => Err(format!(
            "a figure must be a text, so that no digit is lost on the way: write \"{number}\" \
             instead of {number}"
        )),
        _ => Err("a figure must be a text such as \"250.33\"".to_owned()),
    }
}

/// Reads a figure in plain notation: an optional minus sign, digits, and decimals after a point.
fn parse(text: &str, decimals: u32) -> Result<Decimal, String> {
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
    let no_figure = || {
        format!(
            "{text:?} is no figure: write digits with a point before the decimals, such as \
             \"1234.50\""
        )
    };
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(no_figure());
    }
    let value = text.parse::<Decimal>().map_err(|_| no_figure())?.normalize();
    match problem(value, decimals) {
        Some(problem) => Err(problem),
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_half_cent_goes_up_also_below_zero() {
        for (exact, rounded) in [
            ("2.345", "2.35"),
            ("2.344999", "2.34"),
            ("-2.345", "-2.34"),
            ("-2.3451", "-2.35"),
            ("0", "0.00"),
            ("7", "7.00"),
        ] {
            assert_eq!(round(dec(exact)).to_string(), rounded, "{exact}");
        }
    }

    #[test]
    fn what_is_no_plain_figure_is_refused_with_an_example() {
        for text in ["", "NaN", "1e400", "1e2", "+1", "1,50", "1_000", " 1", ".5", "5.", "--1", "٣"]
        {
            let error = parse(text, 2).unwrap_err();
            assert!(error.contains("1234.50"), "{text}: {error}");
        }
        let error = parse("1.999", 2).unwrap_err();
        assert!(error.contains("at most 2") && error.contains("write \"2.00\""), "{error}");
        assert!(parse("1000000000000000", 2).unwrap_err().contains("too large"));
        assert_eq!(parse("999999999999999.99", 2), Ok(dec("999999999999999.99")));
        assert_eq!(parse("1.500", 2), Ok(dec("1.5")));
        assert!(parse(&"1".repeat(1_000_000), 2).unwrap_err().len() < 100);
    }

    #[test]
    fn what_is_no_text_is_refused_with_the_text_to_write() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only whether it is read matters")]
        struct Holder(#[serde(with = "amount")] Decimal);
        let refusal = |json: &str| serde_json::from_str::<Holder>(json).unwrap_err().to_string();
        assert!(refusal("12.5").contains("write \"12.5\" instead of 12.5"));
        // A careless answer would repeat whatever was sent.
        let long = refusal(&format!("[{}1]", "1,".repeat(100_000)));
        assert!(long.contains("\"250.33\"") && long.len() < 100, "{long}");
        for json in ["1e400", "NaN", "null", "true", "{}"] {
            assert!(serde_json::from_str::<Holder>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_figure_that_is_read_can_be_written_and_read_again() {
        let longest = "-999999999999999.123456789012";
        assert_eq!(parse(longest, FINE_DECIMALS).unwrap().to_string(), longest);
        assert!(parse("0.1234567890123", FINE_DECIMALS).unwrap_err().contains("at most 12"));
        assert_eq!(TOO_LARGE, dec("1000000000000000"));
        assert_eq!(parse("-0.00", 2).unwrap().to_string(), "0");
    }

    proptest! {
        #[test]
        fn rounding_is_never_off_by_more_than_half_a_cent(units in -1_000_000_i64..1_000_000, scale in 0_u32..8) {
            let exact = Decimal::new(units, scale);
            let off = round(exact) - exact;
            prop_assert!(off <= dec("0.005") && off > dec("-0.005"));
        }

        #[test]
        fn parsing_never_panics(text in ".{0,40}") {
            let _ = parse(&text, 2);
        }
    }
}
