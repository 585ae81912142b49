//! What a character is: its script, whether it is a picture, and which form of it a country writes.

use icu_properties::props::{Emoji, EmojiPresentation};
use icu_properties::{CodePointMapData, CodePointSetData, PropertyNamesLong};

pub use icu_properties::props::Script;

/// The form of a Chinese character. One code stands for all of them, so the text does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HanForm {
    /// As in China and Singapore.
    Simplified,
    /// As in Taiwan.
    Traditional,
    /// As in Hong Kong and Macao.
    HongKong,
    /// As in Japan.
    Japanese,
    /// As in Korea.
    Korean,
}

impl HanForm {
    /// Returns the form that a country (ISO 3166-1 alpha-2) writes, if it writes any.
    pub fn of_country(code: &str) -> Option<Self> {
        match code {
            "CN" | "SG" => Some(Self::Simplified),
            "TW" => Some(Self::Traditional),
            "HK" | "MO" => Some(Self::HongKong),
            "JP" => Some(Self::Japanese),
            "KR" | "KP" => Some(Self::Korean),
            _ => None,
        }
    }

    /// Returns the form of a text that also has letters of one language only: kana or hangul.
    pub fn of_text(text: &str) -> Option<Self> {
        if text.is_ascii() {
            return None;
        }
        text.chars().find_map(|sign| match script_of(sign) {
            Script::Hiragana | Script::Katakana => Some(Self::Japanese),
            Script::Hangul => Some(Self::Korean),
            Script::Bopomofo => Some(Self::Traditional),
            _ => None,
        })
    }

    /// The language tag by which a typeface for all forms chooses one.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Simplified => "zh-Hans",
            Self::Traditional => "zh-Hant",
            Self::HongKong => "zh-Hant-HK",
            Self::Japanese => "ja",
            Self::Korean => "ko",
        }
    }
}

/// Returns the script of the character. Punctuation, digits and pictures are `Common`.
pub fn script_of(sign: char) -> Script {
    CodePointMapData::<Script>::new().get(sign)
}

/// Returns the English name of the character's script, for the log.
pub(super) fn name(sign: char) -> String {
    let name = PropertyNamesLong::<Script>::new().get(script_of(sign));
    name.unwrap_or("Unknown").replace('_', " ")
}

/// Whether the character is a picture, if nothing after it says otherwise.
pub fn is_emoji(sign: char) -> bool {
    CodePointSetData::new::<EmojiPresentation>().contains(sign)
}

/// Whether the character is a picture if the variation selector U+FE0F comes after it.
pub fn is_emoji_if_asked(sign: char) -> bool {
    !sign.is_ascii() && CodePointSetData::new::<Emoji>().contains(sign)
}

/// Whether the script of the character has no spaces between words.
pub fn is_set_without_spaces(sign: char) -> bool {
    matches!(
        script_of(sign),
        Script::Han
            | Script::Hiragana
            | Script::Katakana
            | Script::Bopomofo
            | Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar
    )
}

/// Whether the form of the character differs between China, Japan and Korea. Their punctuation does,
/// too.
pub(super) fn has_han_form(sign: char) -> bool {
    matches!(
        script_of(sign),
        Script::Han | Script::Hiragana | Script::Katakana | Script::Bopomofo | Script::Hangul
    ) || matches!(sign, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}')
}
