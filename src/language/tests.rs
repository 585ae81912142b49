//! What readers of each language see.

use jiff::civil::{date, time};
use proptest::prelude::*;

use super::*;

fn locale(tag: &str) -> Locale {
    Locale::negotiate(Some(tag), None, "en")
}

fn decimal(number: &str) -> Decimal {
    number.parse().unwrap()
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

/// With ordinary spaces and without marks of direction, which nobody sees.
fn seen(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2066}'..='\u{2069}'))
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect()
}

#[test]
fn an_amount_is_written_as_in_the_readers_region() {
    for (tag, euros, dollars, owed) in [
        ("en", "€1,234.50", "USD 1,234.50", "-€1,234.50"),
        ("en-DE", "1.234,50 €", "1.234,50 USD", "-1.234,50 €"),
        ("de", "1.234,50 €", "1.234,50 USD", "-1.234,50 €"),
        ("de-AT", "€ 1 234,50", "USD 1 234,50", "-€ 1 234,50"),
        ("fr", "1 234,50 €", "1 234,50 USD", "-1 234,50 €"),
        ("nl", "€ 1.234,50", "USD 1.234,50", "€ -1.234,50"),
        ("es", "1234,50 €", "1234,50 USD", "-1234,50 €"),
        ("ar", "1,234.50 €", "1,234.50 USD", "-1,234.50 €"),
        ("ar-EG", "١٬٢٣٤٫٥٠ €", "١٬٢٣٤٫٥٠ USD", "-١٬٢٣٤٫٥٠ €"),
    ] {
        let locale = locale(tag);
        let write = |amount, code| seen(&locale.amount(decimal(amount), currency(code)));
        assert_eq!(write("1234.5", "EUR"), euros, "{tag}");
        assert_eq!(write("1234.5", "USD"), dollars, "{tag}");
        assert_eq!(write("-1234.5", "EUR"), owed, "{tag}");
    }
}

#[test]
fn an_amount_has_the_digits_of_its_currency_and_is_never_rounded() {
    for (amount, code, with, bare) in [
        ("1234", "JPY", "JPY 1,234", "1,234"),
        ("1.5", "KWD", "KWD 1.500", "1.500"),
        ("99.995", "RSD", "RSD 99.995", "99.995"),
        ("99.5", "RSD", "RSD 99.50", "99.50"),
        ("-99.5", "RSD", "-RSD 99.50", "-99.50"),
        ("0.0375", "EUR", "€0.0375", "0.0375"),
        ("10.000", "EUR", "€10.00", "10.00"),
        ("-0", "EUR", "€0.00", "0.00"),
        ("1234.50", "GBP", "£1,234.50", "1,234.50"),
    ] {
        let locale = Locale::of(Language::English);
        assert_eq!(seen(&locale.amount(decimal(amount), currency(code))), with);
        assert_eq!(locale.bare_amount(decimal(amount), currency(code)), bare);
    }
}

proptest! {
    #[test]
    fn an_amount_shows_all_its_digits_and_its_sign(
        mantissa in any::<i64>(),
        scale in 0_u32..8,
        language in 0..Language::ALL.len(),
        region in prop::sample::select(vec!["", "-AT", "-CH", "-EG", "-IN", "-MX", "-BE"]),
        code in prop::sample::select(vec!["EUR", "GBP", "USD", "JPY", "KWD", "RSD", "CHF", "INR"]),
    ) {
        let amount = Decimal::new(mantissa, scale);
        let locale = locale(&format!("{}{region}", Language::ALL[language].tag()));
        let bare = locale.bare_amount(amount, currency(code));
        let with = locale.amount(amount, currency(code));
        let expected = digits(&amount.abs().normalize().to_string());
        for written in [bare, with] {
            let shown = digits(&written);
            prop_assert!(shown.starts_with(&expected), "{written} for {amount}");
            prop_assert!(shown[expected.len()..].bytes().all(|digit| digit == b'0'));
            prop_assert_eq!(written.contains('-'), mantissa < 0, "{}", written);
        }
    }
}

fn digits(written: &str) -> String {
    written.chars().filter_map(western_digit).collect()
}

fn western_digit(c: char) -> Option<char> {
    let arabic = u32::from(c).checked_sub(0x660).and_then(|digit| char::from_digit(digit, 10));
    arabic.or(Some(c).filter(char::is_ascii_digit))
}

#[test]
fn a_day_is_written_as_in_the_readers_region() {
    for (tag, written) in [
        ("en", "1 July 2026"),
        ("en-US", "July 1, 2026"),
        ("de", "1. Juli 2026"),
        ("fr", "1 juillet 2026"),
        ("nl", "1 juli 2026"),
        ("es", "1 de julio de 2026"),
        ("ar", "1 يوليو 2026"),
        ("ar-SA", "١ يوليو ٢٠٢٦"),
    ] {
        assert_eq!(locale(tag).date(date(2026, 7, 1)), written, "{tag}");
    }
}

#[test]
fn a_day_of_the_conversation_is_named_by_weekday_and_date() {
    for (tag, day, written) in [
        ("en", date(2026, 6, 29), "Monday, 29 June 2026"),
        ("en", date(2026, 7, 2), "Thursday, 2 July 2026"),
        ("de", date(2026, 6, 29), "Montag, 29. Juni 2026"),
    ] {
        assert_eq!(locale(tag).day(day), written);
    }
}

#[test]
fn a_time_is_written_with_the_hours_of_the_region() {
    for (tag, written) in [
        ("en", "14:02"),
        ("en-US", "2:02 PM"),
        ("de", "14:02"),
        ("fr", "14:02"),
        ("nl", "14:02"),
        ("es", "14:02"),
        ("ar", "2:02 م"),
    ] {
        assert_eq!(seen(&locale(tag).time(time(14, 2, 59, 0))), written, "{tag}");
    }
}

#[test]
fn a_day_and_a_time_are_joined_as_the_language_does() {
    for (tag, written) in [
        ("en", "1 July 2026 at 14:02"),
        ("de", "1. Juli 2026 um 14:02"),
        ("es", "1 de julio de 2026 a las 14:02"),
    ] {
        let moment = date(2026, 7, 1).to_datetime(time(14, 2, 59, 0));
        assert_eq!(seen(&locale(tag).date_and_time(moment)), written, "{tag}");
    }
}

#[test]
fn percentages_and_numbers_have_the_digits_that_they_have() {
    for (tag, rate, number) in [
        ("en", "5.5%", "12,345.67"),
        ("de", "5,5 %", "12.345,67"),
        ("fr", "5,5 %", "12 345,67"),
        ("nl", "5,5%", "12.345,67"),
        ("es", "5,5 %", "12.345,67"),
    ] {
        let locale = locale(tag);
        assert_eq!(seen(&locale.percent(decimal("5.50"))), rate, "{tag}");
        assert_eq!(seen(&locale.number(decimal("12345.670"))), number, "{tag}");
    }
}

#[test]
fn a_quantity_has_its_unit_in_words_in_the_right_number() {
    for (tag, quantity, unit, written) in [
        ("en", "1", "C62", "1 piece"),
        ("en", "1.0", "H87", "1 piece"),
        ("en", "1.5", "HUR", "1.5 hours"),
        ("fr", "1.5", "HUR", "1,5 heure"),
        ("de", "1000", "C62", "1.000 Stück"),
        ("de", "2", "MON", "2 Monate"),
        ("nl", "2", "HUR", "2 uur"),
        ("es", "0", "DAY", "0 días"),
        ("ar", "3", "DAY", "3 أيام"),
        ("ar", "11", "DAY", "11 يومًا"),
        ("en", "12", "KGM", "12 kg"),
        ("en", "7", "ZZ", "7"),
        ("en", "7", "XYZ", "7 XYZ"),
        ("en", "7", "", "7 "),
        ("en", "7", "C62 }{ $x", "7 C62 }{ $x"),
    ] {
        assert_eq!(seen(&locale(tag).quantity(decimal(quantity), unit)), written);
    }
}

#[test]
fn a_size_has_at_most_three_digits_before_the_unit() {
    for (bytes, written) in [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (1_250_000, "1.2 MB"),
        (999_999_999, "999 MB"),
        (u64::MAX, "18,446,744,073 GB"),
    ] {
        assert_eq!(locale("en").size(bytes), written);
    }
    assert_eq!(locale("fr").size(1_250_000), "1,2 Mo");
}

#[test]
fn a_label_and_a_list_are_written_as_the_language_does() {
    for (tag, label, list) in [
        ("en", "A: b", "a, b"),
        ("fr", "A\u{a0}: b", "a, b"),
        ("ar", "\u{2068}A\u{2069}: \u{2068}b\u{2069}", "a، b"),
    ] {
        let locale = locale(tag);
        assert_eq!(locale.labelled("A", "b"), label);
        assert_eq!(locale.list(&["a".to_owned(), "b".to_owned()]), list);
    }
}

#[test]
fn a_country_has_its_name_and_a_strange_code_stays() {
    for (tag, code, written) in [
        ("en", "DE", "Germany"),
        ("de", "DE", "Deutschland"),
        ("ar", "DE", "ألمانيا"),
        ("en", "1A", "Kosovo"),
        ("en", "QX", "QX"),
        ("en", "419", "419"),
        ("en", "<b>", "<b>"),
    ] {
        assert_eq!(locale(tag).country(code), written);
    }
}

#[test]
fn a_duration_is_told_in_rough_words() {
    assert_eq!(locale("en").duration(7_200_000), "about 2 hours");
    assert_eq!(locale("de").duration(300_000), "ein paar Minuten");
    assert_eq!(seen(&locale("ar").duration(7_200_000)), "نحو ساعتين");
}

#[test]
fn counts_in_sentences_have_the_digits_of_the_region() {
    for (tag, written) in [("ar", "3"), ("ar-AE", "3"), ("ar-EG", "٣"), ("de", "3")] {
        let text = locale(tag).text_with("new-messages", &[("count", 3.into())]);
        assert!(text.contains(written), "{tag}: {text}");
    }
}

#[test]
fn a_text_that_nobody_has_shows_its_id() {
    assert_eq!(locale("de").text("no-such-text"), "no-such-text");
    assert_eq!(locale("de").text("-not an id {"), "-not an id {");
}

#[test]
fn only_arabic_runs_from_right_to_left() {
    let rtl: Vec<_> = Language::ALL.into_iter().filter(|l| Locale::of(*l).is_rtl()).collect();
    assert_eq!(rtl, [Language::Arabic]);
}
