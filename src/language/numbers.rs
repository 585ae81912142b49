//! Formats numbers, amounts of money, percentages and sizes with ICU.

use fixed_decimal::Decimal as Exact;
use fluent_bundle::FluentValue;
use icu_decimal::DecimalFormatter;
use icu_experimental::dimension::currency::CurrencyType;
use icu_experimental::dimension::currency::formatter::CurrencyFormatter;
use icu_experimental::dimension::percent::formatter::PercentFormatter;
use icu_locale::Locale;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::invoice::Currency;

/// The currencies whose sign no other currency has. All others are written with their code, since
/// several currencies share `$`, `kr` and `¥`.
const OWN_SIGN: [&str; 7] = ["EUR", "GBP", "ILS", "INR", "TRY", "UAH", "VND"];

/// Writes a number with the decimals that it has.
pub(super) fn number(locale: &Locale, number: Decimal) -> String {
    let plain = number.to_string();
    let formatter = DecimalFormatter::try_new(locale.into(), Default::default());
    match (exact(number), formatter) {
        (Some(number), Ok(formatter)) => formatter.format(&number).to_string(),
        _ => plain,
    }
}

/// Writes an amount with the decimals of its currency, or with more if the amount has more, as unit
/// prices do.
pub(super) fn bare_amount(locale: &Locale, amount: Decimal, currency: Currency) -> String {
    number(locale, with_digits(amount, currency))
}

/// As [`bare_amount`] for the form of a bank: digits of ASCII, no grouping, and a comma if the language has one.
pub(super) fn amount_to_type(locale: &Locale, amount: Decimal, currency: Currency) -> String {
    let plain = with_digits(amount, currency).to_string();
    let has_comma = number(locale, Decimal::new(15, 1)).contains(',');
    if has_comma { plain.replace('.', ",") } else { plain }
}

/// As [`bare_amount`], with the sign or the code of the currency.
pub(super) fn amount(locale: &Locale, amount: Decimal, currency: Currency) -> String {
    let amount = with_digits(amount, currency);
    written_with_currency(locale, amount, &currency.to_string())
        .unwrap_or_else(|| format!("{currency}\u{a0}{}", number(locale, amount)))
}

/// Writes an amount as ICU does. ICU rounds to the decimals that are usual in shops (none for the
/// Serbian dinar), and an invoice must not be rounded. If the amount has other decimals, only the text
/// around the digits comes from ICU.
fn written_with_currency(locale: &Locale, amount: Decimal, currency: &str) -> Option<String> {
    let formatter = currency_formatter(locale, currency)?;
    let write = |amount: Decimal| {
        exact(amount).map(|amount| formatter.format_fixed_decimal(&amount).to_string())
    };
    let one = if amount.is_sign_negative() { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
    let sample = write(one)?;
    let digits = sample.chars().filter(|c| c.is_numeric()).count().checked_sub(1)?;
    if usize::try_from(amount.scale()) == Ok(digits) {
        return write(amount);
    }
    let before = sample.find(char::is_numeric)?;
    let after = sample.trim_end_matches(|c: char| !c.is_numeric()).len();
    let bare = number(locale, amount.abs());
    Some(format!("{}{bare}{}", sample.get(..before)?, sample.get(after..)?))
}

fn currency_formatter(
    locale: &Locale,
    currency: &str,
) -> Option<CurrencyFormatter<DecimalFormatter>> {
    let code = CurrencyType::try_from_str(currency).ok()?;
    if OWN_SIGN.contains(&currency) {
        CurrencyFormatter::try_new_symbol(locale.into(), code, Default::default()).ok()
    } else {
        CurrencyFormatter::try_new_code(locale.into(), code, Default::default()).ok()
    }
}

fn with_digits(amount: Decimal, currency: Currency) -> Decimal {
    let mut amount = amount.normalize();
    amount.rescale(amount.scale().max(currency.decimals()));
    amount
}

/// Writes a rate in percent: 19 becomes `19 %`.
pub(super) fn percent(locale: &Locale, rate: Decimal) -> String {
    let formatter = PercentFormatter::try_new(locale.into(), Default::default());
    match (exact(rate), formatter) {
        (Some(rate), Ok(formatter)) => formatter.format(&rate).to_string(),
        _ => format!("{rate}%"),
    }
}

/// Returns the id of the text for a file's size, and the number in it, with at most three digits.
pub(super) fn size(bytes: u64) -> (&'static str, Decimal) {
    let thousand = Decimal::ONE_THOUSAND;
    let mut size = Decimal::from(bytes);
    for id in ["size-bytes", "size-kilobytes", "size-megabytes"] {
        if size < thousand {
            return (id, short(size));
        }
        size /= thousand;
    }
    ("size-gigabytes", short(size))
}

fn short(size: Decimal) -> Decimal {
    size.trunc_with_scale(u32::from(size < Decimal::TEN)).normalize()
}

/// Returns the value by which Fluent chooses the plural form. [`number`] writes the number itself.
pub(super) fn plural_operand(number: Decimal) -> FluentValue<'static> {
    number.normalize().to_f64().unwrap_or_default().into()
}

fn exact(number: Decimal) -> Option<Exact> {
    Exact::try_from_str(&number.to_string()).ok()
}
