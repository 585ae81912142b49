//! Products and quotients that are rounded once, from all of their digits.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::round;

/// By how many of the last digits the first estimate may be corrected. More than one is only needed if the
/// divisor is so small that the estimate of the product has too few digits for it.
const MAX_CORRECTIONS: usize = 2;
const TEN: u128 = 10;

/// Returns `first` times `second` divided by `divisor`, rounded half away from zero, or `None` if the
/// result cannot be computed.
///
/// `Decimal` keeps 28 digits, and a product of two figures with 15 decimals has 30. If it were rounded
/// twice, a figure that is just below a half could be rounded up. So the result of `Decimal` is only an
/// estimate, which is compared with the exact value.
pub(in crate::invoice) fn rounded_product(
    first: Decimal,
    second: Decimal,
    divisor: Decimal,
    decimals: u32,
) -> Option<Decimal> {
    let estimate = round(first.checked_mul(second)?.checked_div(divisor)?, decimals);
    let mut units = estimate.mantissa().unsigned_abs();
    // The exact value in units of the last digit is `numerator / denominator`. It is rounded to `units` if
    // (2 units - 1) denominator <= 2 numerator < (2 units + 1) denominator.
    let twice_numerator = product(&[
        2,
        first.mantissa().unsigned_abs(),
        second.mantissa().unsigned_abs(),
        TEN.checked_pow(decimals)?,
        TEN.checked_pow(divisor.scale())?,
    ]);
    let denominator = [
        divisor.mantissa().unsigned_abs(),
        TEN.checked_pow(first.scale())?,
        TEN.checked_pow(second.scale())?,
    ];
    let [mantissa, first_power, second_power] = denominator;
    let compared_with = |halves: u128| {
        compare(&twice_numerator, &product(&[halves, mantissa, first_power, second_power]))
    };
    for _ in 0..=MAX_CORRECTIONS {
        if units > 0 && compared_with(2 * units - 1) == Ordering::Less {
            units -= 1;
        } else if compared_with(2 * units + 1) == Ordering::Less {
            let is_negative =
                [first, second, divisor].iter().filter(|it| it.is_sign_negative()).count() % 2 == 1;
            let units = i128::try_from(units).ok()?;
            let signed = if is_negative { -units } else { units };
            return Decimal::try_from_i128_with_scale(signed, decimals).ok();
        } else {
            units += 1;
        }
    }
    None
}

/// Returns the product of the factors in digits of 32 bits, the lowest first, and without zeros at the
/// end.
fn product(factors: &[u128]) -> Vec<u32> {
    let mut result = vec![1_u32];
    for factor in factors {
        let mut next = vec![0_u32; result.len() + 4];
        for (place, digit) in result.iter().enumerate() {
            let mut carry = 0_u64;
            for (index, slot) in next.iter_mut().skip(place).enumerate() {
                let part = if index < 4 { low_bits(factor >> (32 * index)) } else { 0 };
                let sum = u64::from(*slot) + u64::from(*digit) * u64::from(part) + carry;
                *slot = low_bits(u128::from(sum));
                carry = sum >> 32;
            }
        }
        while next.last() == Some(&0) {
            next.pop();
        }
        result = next;
    }
    result
}

fn low_bits(number: u128) -> u32 {
    u32::try_from(number & u128::from(u32::MAX)).unwrap_or_default()
}

fn compare(left: &[u32], right: &[u32]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.iter().rev().cmp(right.iter().rev()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn all_digits_decide_about_a_half() {
        for (first, second, divisor, decimals, rounded) in [
            ("1", "2.345", "1", 2, "2.35"),
            ("-1", "2.345", "1", 2, "-2.35"),
            ("-1", "-2.345", "1", 2, "2.35"),
            ("-72.50", "19", "100", 2, "-13.78"),
            ("3", "0.335", "1", 2, "1.01"),
            ("1", "47.050000000000004", "1", 2, "47.05"),
            ("1", "2", "3", 0, "1"),
            ("1", "12.3445", "1", 3, "12.345"),
            ("1", "0.00005", "1", 4, "0.0001"),
            // Less than 0.005 in the 37th decimal: `Decimal` alone rounds it to 0.005.
            ("0.0099999999999999999", "0.500000000000000005", "1", 2, "0.00"),
            ("0.00999999999999999", "0.5000000000000004", "1", 2, "0.00"),
            ("0", "5", "7", 2, "0.00"),
        ] {
            let found = rounded_product(dec(first), dec(second), dec(divisor), decimals);
            assert_eq!(
                found.map(|it| it.to_string()).as_deref(),
                Some(rounded),
                "{first} {second}"
            );
        }
        assert_eq!(rounded_product(Decimal::MAX, Decimal::TEN, Decimal::ONE, 2), None);
        assert_eq!(rounded_product(Decimal::ONE, Decimal::TEN, Decimal::ZERO, 2), None);
    }

    proptest! {
        #[test]
        fn small_figures_are_rounded_as_whole_numbers_are(
            first in -1_000_000_000_000_i64..1_000_000_000_000,
            second in -1_000_000_000_000_i64..1_000_000_000_000,
            divisor in 1_i64..1_000_000,
            decimals in 0_u32..5,
        ) {
            // 6 decimals each: first × second has 12, and 12 - decimals of them are rounded away.
            let found = rounded_product(
                Decimal::new(first, 6), Decimal::new(second, 6), divisor.into(), decimals,
            ).unwrap();
            let exact = i128::from(first) * i128::from(second);
            let unit = i128::from(divisor) * 10_i128.pow(12 - decimals);
            let rounded = (exact.abs() * 2 + unit) / (2 * unit) * exact.signum();
            prop_assert_eq!(found.mantissa(), rounded);
            prop_assert_eq!(found.scale(), decimals);
        }

        #[test]
        fn any_figures_have_a_result_or_none(
            first in any::<(i64, i64)>(), second in any::<(i64, i64)>(),
            scales in (0_u32..29, 0_u32..29, 0_u32..29), divisor in any::<i64>(), decimals in 0_u32..5,
        ) {
            let figure = |(high, low): (i64, i64), scale| {
                let mantissa = (i128::from(high) << 30) ^ i128::from(low);
                Decimal::try_from_i128_with_scale(mantissa, scale).unwrap_or(Decimal::MAX)
            };
            let (first, second) = (figure(first, scales.0), figure(second, scales.1));
            let divisor = Decimal::new(divisor, scales.2);
            let found = rounded_product(first, second, divisor, decimals);
            let mirror = rounded_product(-first, second, divisor, decimals);
            prop_assert_eq!(found.map(|it| -it), mirror);
        }
    }
}
