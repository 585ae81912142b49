//! Numbers that have check digits, as the published rules compute them.

use super::patterns::is_digits;

/// The numbers of the characters of a text. What is no digit counts as its distance from `0`, as in the
/// published rules.
fn digits(text: &str) -> impl DoubleEndedIterator<Item = i64> {
    text.chars().map(|it| i64::from(u32::from(it)) - 48)
}

/// Whether the last digit of a number is its check digit: the others with these weights, from the right.
fn has_check_digit(text: &str, weight: impl Fn(usize) -> i64, modulus: i64) -> bool {
    let mut from_right = digits(text).rev();
    let Some(check) = from_right.next() else { return false };
    let sum: i64 = from_right.enumerate().map(|(index, digit)| digit * weight(index)).sum();
    (modulus - sum % modulus) % modulus == check
}

/// A GLN of GS1 (scheme 0088).
pub(super) fn is_gln(text: &str) -> bool {
    is_digits(text, 1..=1_000)
        && has_check_digit(text, |index| if index % 2 == 0 { 3 } else { 1 }, 10)
}

/// A number with a check digit modulo 11, such as a Norwegian organisation (scheme 0192).
pub(super) fn is_mod_11(text: &str) -> bool {
    is_digits(text, 9..=9)
        && text.bytes().any(|it| it != b'0')
        && has_check_digit(text, |index| i64::try_from(index % 6).unwrap_or(0) + 2, 11)
}

/// A Belgian enterprise (scheme 0208).
pub(super) fn is_belgian(text: &str) -> bool {
    let parts = text.get(..8).zip(text.get(8..));
    let numbers = parts.and_then(|(a, b)| Some((a.parse::<u64>().ok()?, b.parse::<u64>().ok()?)));
    is_digits(text, 10..=10) && numbers.is_some_and(|(number, check)| 97 - number % 97 == check)
}

/// The code of an Italian office (scheme 0201).
pub(super) fn is_italian_office(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|it| it.is_ascii_alphanumeric())
}

/// The tax code of an Italian person or company (scheme 0210): 16 letters and digits, or 11 digits.
pub(super) fn is_italian_tax_code(text: &str) -> bool {
    const LETTERS: [usize; 8] = [0, 1, 2, 3, 4, 5, 8, 15];
    // These three places are not looked at.
    const FREE: [usize; 3] = [11, 12, 13];
    let sixteen = || {
        text.chars().enumerate().all(|(index, c)| match index {
            _ if FREE.contains(&index) => true,
            _ if LETTERS.contains(&index) => c.is_ascii_alphabetic(),
            _ => c.is_ascii_digit(),
        })
    };
    match text.chars().count() {
        16 => sixteen(),
        11 => text.parse::<i64>().is_ok(),
        _ => false,
    }
}

/// An Italian VAT identifier with its country (scheme 0211). Identifiers of other countries are not looked at.
pub(super) fn is_italian_vat_id(text: &str) -> bool {
    let Some((country, number)) = text.get(..2).zip(text.get(2..)) else { return true };
    if country != "IT" && country != "it" {
        return true;
    }
    let doubled = |digit: i64| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: i64 = digits(number)
        .enumerate()
        .map(|(index, digit)| if index % 2 == 1 { doubled(digit) } else { digit })
        .sum();
    is_digits(number, 11..=11) && sum % 10 == 0
}

/// A Swedish organisation (scheme 0007).
pub(super) fn is_swedish(text: &str) -> bool {
    let Some((main, check)) = text.get(..9).zip(text.get(9..10)) else { return false };
    let sum: i64 = digits(main)
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let twice = 2 * digit;
            if index % 2 == 0 { twice % 10 + twice / 10 } else { digit }
        })
        .sum();
    is_digits(text, 10..=1_000) && digits(check).next() == Some((10 - sum % 10) % 10)
}

/// An Australian business (scheme 0151).
pub(super) fn is_australian(text: &str) -> bool {
    const WEIGHTS: [i64; 11] = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    let weighted = digits(text).zip(WEIGHTS).map(|(digit, weight)| digit * weight);
    is_digits(text, 11..=11) && (weighted.sum::<i64>() - 10) % 89 == 0
}

/// A Greek tax number.
pub(super) fn is_greek(text: &str) -> bool {
    let sum: i64 =
        digits(text).take(8).zip((1..=8).rev()).map(|(digit, power)| digit << power).sum();
    is_digits(text, 9..=1_000) && digits(text).nth(8) == Some(sum % 11 % 10)
}

/// An IBAN with correct check digits; spaces do not matter (BR-DE-19, BR-DE-20). The length of each country is
/// not looked at.
pub(super) fn is_iban(text: &str) -> bool {
    let plain: String = text.chars().filter(|it| !it.is_whitespace()).collect();
    let Some((country, rest)) = plain.get(..2).zip(plain.get(2..)) else { return false };
    let Some((check, account)) = rest.get(..2).zip(rest.get(2..)) else { return false };
    let is_formed = country.bytes().all(|it| it.is_ascii_uppercase())
        && is_digits(check, 2..=2)
        && account.len() <= 30
        && account.bytes().all(|it| it.is_ascii_alphanumeric());
    // A letter counts as two digits, a small one more than a capital one.
    let number = account.chars().chain(country.chars()).chain(check.chars());
    let rest = number.fold(0_u64, |rest, c| {
        let value = u64::from(u32::from(c));
        let value = if value > 64 { value - 55 } else { value - 48 };
        (rest * if value > 9 { 100 } else { 10 } + value) % 97
    });
    is_formed && rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One kind of number, with those that are sound and those that are not.
    type Kind = (fn(&str) -> bool, &'static [&'static str], &'static [&'static str]);

    #[test]
    fn check_digits_are_computed() {
        let kinds: [Kind; 11] = [
            (is_gln, &["7300010000001", "5790000436057"], &["7300010000002", "", "73000100x0001"]),
            (is_mod_11, &["987654325", "991825827"], &["987654321", "000000000", "98765432"]),
            (is_belgian, &["0202239951"], &["0202239952", "202239951"]),
            (is_italian_office, &["F7VRDL"], &["F7VRD", "F7-RDL", ""]),
            (
                is_italian_tax_code,
                &["RSSMRA80A01H501U", "12345678901"],
                &["RSSMRA80A01H501", "1234567890x"],
            ),
            (is_italian_vat_id, &["IT00743110157", "FR1"], &["IT00743110158", "IT1"]),
            (is_swedish, &["5560360793", "2120002239"], &["5560360794", "556036079", "55603607x3"]),
            (is_australian, &["51824753556"], &["51824753557", "5182475355"]),
            (is_greek, &["094014201"], &["094014202", "09401420"]),
            (
                is_iban,
                &["DE89370400440532013000", "NL91 ABNA 0417 1643 00"],
                &["DE88370400440532013000", "de89", ""],
            ),
            (is_digits_8, &["12345678"], &["1234567", "1234567x"]),
        ];
        for (index, (kind, sound, odd)) in kinds.into_iter().enumerate() {
            for text in sound {
                assert!(kind(text), "{index}: {text}");
            }
            for text in odd {
                assert!(!kind(text), "{index}: {text}");
            }
        }
    }

    fn is_digits_8(text: &str) -> bool {
        is_digits(text, 8..=8)
    }
}
