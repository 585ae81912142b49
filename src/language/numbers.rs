//! Numbers, amounts of money, percentages, sizes, as ICU writes them.

use fixed_decimal::Decimal as Exact;
use fluent_bundle::FluentValue;
use icu_decimal::DecimalFormatter;
use icu_experimental::dimension::currency::CurrencyType;
use icu_experimental::dimension::currency::formatter::CurrencyFormatter;
use icu_experimental::dimension::percent::formatter::PercentFormatter;
use icu_locale::Locale;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Currencies whose sign belongs to them alone. All others are written by their code: a `$`, a
/// `kr` or a `¥` is not enough on an invoice that crosses a border.
const OWN_SIGN: [&str; 7] = ["EUR", "GBP", "ILS", "INR", "TRY", "UAH", "VND"];

/// For currencies that ISO 4217 gives no digits.
const USUAL_DIGITS: u32 = 2;

/// A number with the digits that it has.
pub(super) fn number(locale: &Locale, number: Decimal) -> String {
    let plain = number.to_string();
    let formatter = DecimalFormatter::try_new(locale.into(), Default::default());
    match (exact(number), formatter) {
        (Some(number), Ok(formatter)) => formatter.format(&number).to_string(),
        _ => plain,
    }
}

/// With the currency's digits, or more where the amount has more (as prices of a piece do).
pub(super) fn bare_amount(locale: &Locale, amount: Decimal, currency: &str) -> String {
    number(locale, with_digits(amount, currency))
}

/// The same with the currency's sign or code.
pub(super) fn amount(locale: &Locale, amount: Decimal, currency: &str) -> String {
    let amount = with_digits(amount, currency);
    written_with_currency(locale, amount, currency)
        .unwrap_or_else(|| format!("{currency}\u{a0}{}", number(locale, amount)))
}

/// ICU rounds an amount to the digits that are customary in shops (none for the Serbian dinar),
/// which an invoice must not. Where they differ from the amount's own we only take what it writes
/// around the digits.
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

fn with_digits(amount: Decimal, currency: &str) -> Decimal {
    let digits = iso_currency::Currency::from_code(currency)
        .and_then(|currency| currency.exponent())
        .map_or(USUAL_DIGITS, u32::from);
    let mut amount = amount.normalize();
    amount.rescale(amount.scale().max(digits));
    amount
}

/// A rate in percent: 19 is `19 %`.
pub(super) fn percent(locale: &Locale, rate: Decimal) -> String {
    let formatter = PercentFormatter::try_new(locale.into(), Default::default());
    match (exact(rate), formatter) {
        (Some(rate), Ok(formatter)) => formatter.format(&rate).to_string(),
        _ => format!("{rate}%"),
    }
}

/// The text for a file's size and the number in it, of at most three digits.
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

/// By which Fluent chooses the plural form; the number itself is written by [`number`].
pub(super) fn plural_operand(number: Decimal) -> FluentValue<'static> {
    number.normalize().to_f64().unwrap_or_default().into()
}

fn exact(number: Decimal) -> Option<Exact> {
    Exact::try_from_str(&number.to_string()).ok()
}
