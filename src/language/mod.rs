//! Texts (Fluent), numbers, amounts and dates (ICU) in the language of a reader. Pure: no I/O.
//!
//! The texts of one language are in `texts/{tag}/`: `mail.ftl` has the texts of mails, `page.ftl` those of the invoice page,
//! `problems.ftl` the reasons why something was refused, `room.ftl` the texts of the Matrix room,
//! `terms.ftl` the names of what an invoice contains and a revision changes, `transcript.ftl` the texts of
//! the conversation as a file, `types.ftl` the names of the types of documents, and `words.ftl` units, sizes
//! and durations. A text that a language lacks is shown in English. A test makes sure that no language lacks
//! a text.

mod countries;
mod dates;
mod duration;
mod languages;
mod negotiate;
mod numbers;
mod tag;
#[cfg(test)]
mod tests;
mod texts;

use fluent_bundle::FluentValue;
use icu_locale::subtags::Region;
use jiff::civil::Date;
use rust_decimal::Decimal;

pub use languages::Language;
pub use tag::LanguageTag;

use crate::invoice::Currency;

/// The language of a reader, and the region whose formats of numbers and dates the reader is used to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locale {
    language: Language,
    region: Option<Region>,
    /// The locale with which ICU formats numbers and dates.
    formats: icu_locale::Locale,
    has_eastern_digits: bool,
}

impl Locale {
    /// Returns the locale of a language without a region. It has the usual formats of the language.
    pub fn of(language: Language) -> Self {
        Self::with_region(language, None)
    }

    /// Returns the best locale for what a reader asks for: `wanted` (the tag that the reader chose)
    /// comes before `accept` (the browser's `Accept-Language`), and that before `fallback` (a tag from
    /// the config). It is English if there are no texts for any of them. If the chosen tag has no region,
    /// the region comes from another wish for that language: a reader who chose `de`, and whose browser
    /// asks for `de-AT`, gets the formats of Austria.
    pub fn negotiate(wanted: Option<&str>, accept: Option<&str>, fallback: &str) -> Self {
        let (language, region) = negotiate::best(wanted, accept, fallback);
        Self::with_region(language, region)
    }

    /// Returns the locale with exactly this tag, such as `de` or `de-AT`, if there are texts in its language.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let has_texts = Language::ALL.iter().any(|it| it.tag().eq_ignore_ascii_case(primary));
        has_texts.then(|| Self::negotiate(Some(tag), None, "en"))
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

    /// The language of the texts.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The tag for the `lang` attribute, such as `de-AT`.
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

    /// Returns the text with this id, which has no arguments. Returns the id if there is no such text.
    pub fn text(&self, id: &str) -> String {
        self.text_with(id, &[])
    }

    /// Returns the text with this id and these arguments. Returns the id if there is no such text.
    pub fn text_with<'a>(&self, id: &str, arguments: &[(&'a str, FluentValue<'a>)]) -> String {
        self.text_if_any(id, arguments).unwrap_or_else(|| id.to_owned())
    }

    fn text_if_any(&self, id: &str, arguments: &[(&str, FluentValue<'_>)]) -> Option<String> {
        texts::format(self.language, self.has_eastern_digits, id, arguments)
    }

    /// Writes an amount of money with its currency, such as `€1,234.50`. It is never rounded.
    pub fn amount(&self, amount: Decimal, currency: Currency) -> String {
        numbers::amount(&self.formats, amount, currency)
    }

    /// Writes an amount without its currency, with the decimals of the currency, or with more if the
    /// amount has more.
    pub fn bare_amount(&self, amount: Decimal, currency: Currency) -> String {
        numbers::bare_amount(&self.formats, amount, currency)
    }

    /// Writes an amount as the form of a bank takes it: its digits, and the decimal separator of the language.
    pub fn amount_to_type(&self, amount: Decimal, currency: Currency) -> String {
        numbers::amount_to_type(&self.formats, amount, currency)
    }

    /// Writes a number with the decimals that it has.
    pub fn number(&self, number: Decimal) -> String {
        numbers::number(&self.formats, number.normalize())
    }

    /// Writes a rate in percent, such as `19 %`.
    pub fn percent(&self, rate: Decimal) -> String {
        numbers::percent(&self.formats, rate.normalize())
    }

    /// Writes a quantity with its unit (UN/ECE Recommendation 20), such as `10 pieces`. A rare unit is
    /// written as its code.
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

    /// Writes a date, such as `1 July 2026`. The calendar is always the Gregorian one, as in invoices.
    pub fn date(&self, date: Date) -> String {
        dates::date(&self.formats, date)
    }

    /// Writes a date where there is little space, such as `1 Jul 2026`.
    pub fn short_date(&self, date: Date) -> String {
        dates::short_date(&self.formats, date)
    }

    /// Writes a date with the day of the week, such as `Wednesday 1 July 2026`.
    pub fn day(&self, date: Date) -> String {
        dates::weekday_and_date(&self.formats, date)
    }

    /// Writes a time of day, such as `14:02`.
    pub fn time(&self, time: jiff::civil::Time) -> String {
        dates::time(&self.formats, time)
    }

    /// Writes a date and a time of day, such as `1 July 2026 at 14:02`.
    pub fn date_and_time(&self, moment: jiff::civil::DateTime) -> String {
        dates::date_and_time(&self.formats, moment)
    }

    /// Describes a length of time roughly, such as `about 2 hours`.
    pub fn duration(&self, milliseconds: i64) -> String {
        let (id, count) = duration::rough(milliseconds);
        self.text_with(id, &[("count", count.into())])
    }

    /// Writes the size of a file, such as `1.2 MB`.
    pub fn size(&self, bytes: u64) -> String {
        let (id, amount) = numbers::size(bytes);
        let number = self.number(amount);
        let count = numbers::plural_operand(amount);
        self.text_with(id, &[("count", count), ("number", number.as_str().into())])
    }

    /// Writes a label and what it says, such as `IBAN: NO93 8601 1117 947`.
    pub fn labelled(&self, label: &str, text: &str) -> String {
        self.text_with("labelled", &[("label", label.into()), ("text", text.into())])
    }

    /// Writes a list, with the comma of the language between its parts.
    pub fn list(&self, parts: &[String]) -> String {
        parts.join(&format!("{} ", self.text("list-comma")))
    }

    /// Returns the name of a country (ISO 3166-1 alpha-2), or the code if the name is not known.
    pub fn country(&self, code: &str) -> String {
        countries::name(&self.formats, code).unwrap_or_else(|| code.to_owned())
    }
}
