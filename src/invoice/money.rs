//! Decimal figures: exact, as text, never a float.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Most characters of a figure. `Decimal` holds 28 digits.
const MAX_LENGTH: usize = 30;
/// Most decimals of an amount (BR-DEC rules).
const AMOUNT_DECIMALS: u32 = 2;
/// Most decimals of a price, quantity or rate.
const FINE_DECIMALS: u32 = 10;
/// Amounts are smaller than this, so that sums of 100,000 of them still fit.
const MAX_WHOLE_DIGITS: usize = 15;

/// Rounds to the cent as XPath's `round()` does in the published rules: a half goes up, towards
/// plus infinity, also below zero.
pub fn round(figure: Decimal) -> Decimal {
    let floor =
        figure.round_dp_with_strategy(AMOUNT_DECIMALS, RoundingStrategy::ToNegativeInfinity);
    let half = Decimal::new(5, AMOUNT_DECIMALS + 1);
    let mut rounded =
        if figure - floor >= half { floor + Decimal::new(1, AMOUNT_DECIMALS) } else { floor };
    rounded.rescale(AMOUNT_DECIMALS);
    rounded
}

/// `1234.5` as `1,234.50`: at least two decimals, thousands in groups.
pub fn grouped(figure: Decimal) -> String {
    let mut shown = figure.normalize();
    if shown.scale() < AMOUNT_DECIMALS {
        shown.rescale(AMOUNT_DECIMALS);
    }
    let text = shown.abs().to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, "00"));
    let mut digits = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            digits.push(',');
        }
        digits.push(digit);
    }
    let sign = if shown.is_sign_negative() && !shown.is_zero() { "-" } else { "" };
    format!("{sign}{digits}.{decimals}")
}

/// A quantity, price or rate without needless zeros.
pub fn plain(figure: Decimal) -> String {
    figure.normalize().to_string()
}

/// Serde for amounts: text with at most two decimals, always written with two.
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

/// As [`amount`], for fields that may be left out.
pub(super) mod optional_amount {
    use super::{AMOUNT_DECIMALS, Decimal, Deserializer, optional_figure};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Decimal>, D::Error> {
        optional_figure(from, AMOUNT_DECIMALS)
    }
}

/// Serde for prices, quantities and rates: text, written without needless zeros.
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

/// As [`fine`], for fields that may be left out.
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
        other => Err(format!("a figure must be a text such as \"250.33\", not {other}")),
    }
}

/// A figure in plain notation: an optional minus, digits, and decimals after a point.
fn parse(text: &str, decimals: u32) -> Result<Decimal, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > MAX_LENGTH || !all_digits(whole) || !all_digits(fraction) {
        let shown: String = text.chars().take(MAX_LENGTH).collect();
        return Err(format!(
            "{shown:?} is no figure: write digits with a point before the decimals, such as \
             \"1234.50\""
        ));
    }
    if whole.trim_start_matches('0').len() > MAX_WHOLE_DIGITS {
        return Err(format!(
            "{text} is too large: at most {MAX_WHOLE_DIGITS} digits before the point"
        ));
    }
    let value: Decimal = text.parse().map_err(|_| format!("{text:?} is no figure"))?;
    if value.normalize().scale() > decimals {
        return Err(format!("{text} has too many decimals: at most {decimals} are allowed here"));
    }
    Ok(value)
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
    fn thousands_are_grouped() {
        for (figure, shown) in [
            ("0", "0.00"),
            ("-0.5", "-0.50"),
            ("999.9", "999.90"),
            ("1234567.891", "1,234,567.891"),
            ("-1000", "-1,000.00"),
        ] {
            assert_eq!(grouped(dec(figure)), shown);
        }
    }

    #[test]
    fn what_is_no_plain_figure_is_refused_with_an_example() {
        for text in ["", "NaN", "1e400", "1e2", "+1", "1,50", "1_000", " 1", ".5", "5.", "--1", "٣"]
        {
            let error = parse(text, 2).unwrap_err();
            assert!(error.contains("1234.50"), "{text}: {error}");
        }
        assert!(parse("1.999", 2).unwrap_err().contains("at most 2"));
        assert!(parse("9999999999999999", 2).unwrap_err().contains("too large"));
        assert_eq!(parse("1.500", 2), Ok(dec("1.5")));
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
