//! The reader's language: texts (Fluent), and numbers, amounts, dates as they are written there
//! (ICU). Pure: no I/O.
//!
//! The texts of one language are in `texts/{tag}/`: `page.ftl` what the page says, `problems.ftl`
//! why something was refused, `room.ftl` what stands in the Matrix room, `terms.ftl` names of what an
//! invoice says and a revision changes, `words.ftl` what the functions here put together (units, sizes, durations). A text that a
//! language lacks is shown in English; a test sees to it that none does.

mod countries;
mod dates;
mod duration;
mod languages;
mod negotiate;
mod numbers;
#[cfg(test)]
mod tests;
mod texts;

use fluent_bundle::FluentValue;
use icu_locale::subtags::Region;
use jiff::civil::Date;
use rust_decimal::Decimal;

pub use languages::Language;

use crate::invoice::Currency;

/// How one reader reads and writes: a language that we have texts in, and the region whose
/// numbers and dates they are used to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locale {
    language: Language,
    region: Option<Region>,
    /// What ICU goes by.
    formats: icu_locale::Locale,
    has_eastern_digits: bool,
}

impl Locale {
    /// A language without a region: its usual numbers and dates.
    pub fn of(language: Language) -> Self {
        Self::with_region(language, None)
    }

    /// The best that we have for what the reader asks for: `wanted` (a tag that was chosen), then
    /// `accept` (a browser's `Accept-Language`), then `fallback` (a tag from the config); English
    /// if all of them are strange to us. A choice without a region gets the one that another wish
    /// names for that language: who chose `de` and whose browser asks for `de-AT` is in Austria.
    pub fn negotiate(wanted: Option<&str>, accept: Option<&str>, fallback: &str) -> Self {
        let (language, region) = negotiate::best(wanted, accept, fallback);
        Self::with_region(language, region)
    }

    fn with_region(language: Language, region: Option<Region>) -> Self {
        let formats = icu_locale::Locale::from((
            language.subtag(),
            None,
            region.or_else(|| language.usual_region()),
        ));
        let has_eastern_digits =
            language == Language::Arabic && numbers::number(&formats, Decimal::ZERO) != "0";
        Self { language, region, formats, has_eastern_digits }
    }

    /// Of the texts.
    pub fn language(&self) -> Language {
        self.language
    }

    /// For the `lang` attribute, such as `de-AT`.
    pub fn tag(&self) -> String {
        match self.region {
            Some(region) => format!("{}-{region}", self.language.tag()),
            None => self.language.tag().to_owned(),
        }
    }

    /// Whether it is written from right to left.
    pub fn is_rtl(&self) -> bool {
        self.language.is_rtl()
    }

    /// A text without arguments; its id if we have none.
    pub fn text(&self, id: &str) -> String {
        self.text_with(id, &[])
    }

    /// A text with arguments; its id if we have none.
    pub fn text_with<'a>(&self, id: &str, arguments: &[(&'a str, FluentValue<'a>)]) -> String {
        self.text_if_any(id, arguments).unwrap_or_else(|| id.to_owned())
    }

    fn text_if_any(&self, id: &str, arguments: &[(&str, FluentValue<'_>)]) -> Option<String> {
        texts::format(self.language, self.has_eastern_digits, id, arguments)
    }

    /// An amount of money with its currency, such as `€1,234.50`; never rounded.
    pub fn amount(&self, amount: Decimal, currency: Currency) -> String {
        numbers::amount(&self.formats, amount, &currency.to_string())
    }

    /// The same without the currency, with the currency's digits (or more, if it has more).
    pub fn bare_amount(&self, amount: Decimal, currency: Currency) -> String {
        numbers::bare_amount(&self.formats, amount, &currency.to_string())
    }

    /// A number with as many digits as it has.
    pub fn number(&self, number: Decimal) -> String {
        numbers::number(&self.formats, number.normalize())
    }

    /// Such as `19 %`.
    pub fn percent(&self, rate: Decimal) -> String {
        numbers::percent(&self.formats, rate.normalize())
    }

    /// A quantity with its unit (UN/ECE Recommendation 20) in words, such as `10 pieces`; with the
    /// unit's code if it is a rare one.
    pub fn quantity(&self, quantity: Decimal, unit: &str) -> String {
        let number = self.number(quantity);
        let arguments = [
            ("count", numbers::plural_operand(quantity)),
            ("number", number.as_str().into()),
            ("unit", unit.into()),
        ];
        self.text_if_any(&format!("unit-{unit}"), &arguments)
            .unwrap_or_else(|| self.text_with("unknown-unit", &arguments))
    }

    /// A day, such as `1 July 2026`; by the Gregorian calendar everywhere, as invoices are.
    pub fn date(&self, date: Date) -> String {
        dates::date(&self.formats, date)
    }

    /// A day where there is little room, such as `1 Jul 2026`.
    pub fn short_date(&self, date: Date) -> String {
        dates::short_date(&self.formats, date)
    }

    /// A day of a conversation, such as `Wednesday 1 July 2026`.
    pub fn day(&self, date: Date) -> String {
        dates::weekday_and_date(&self.formats, date)
    }

    /// A time of day, such as `14:02`.
    pub fn time(&self, time: jiff::civil::Time) -> String {
        dates::time(&self.formats, time)
    }

    /// Day and time of day, such as `1 July 2026 at 14:02`.
    pub fn date_and_time(&self, moment: jiff::civil::DateTime) -> String {
        dates::date_and_time(&self.formats, moment)
    }

    /// A length of time in rough words, such as `about 2 hours`.
    pub fn duration(&self, milliseconds: i64) -> String {
        let (id, count) = duration::rough(milliseconds);
        self.text_with(id, &[("count", count.into())])
    }

    /// A size of a file, such as `1.2 MB`.
    pub fn size(&self, bytes: u64) -> String {
        let (id, amount) = numbers::size(bytes);
        let number = self.number(amount);
        let count = numbers::plural_operand(amount);
        self.text_with(id, &[("count", count), ("number", number.as_str().into())])
    }

    /// A country (ISO 3166-1 alpha-2) by name; the code if it has none.
    pub fn country(&self, code: &str) -> String {
        countries::name(&self.formats, code).unwrap_or_else(|| code.to_owned())
    }
}
