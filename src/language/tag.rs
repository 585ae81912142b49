//! The tag of a language, as shops name the one in which a room is written.

use serde::{Deserialize, Serialize};

use super::{Language, Locale};

/// The tag of a language for which there are texts, such as `de` or `de-AT`, in the form in which it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LanguageTag(String);

impl LanguageTag {
    /// Returns the tag, if there are texts in its language: the language alone, or with a region of two letters or
    /// three digits. Capitals make no difference.
    pub fn of(text: &str) -> Option<Self> {
        let region = text.split_once('-').map(|(_, region)| region.as_bytes());
        let is_region = |it: &[u8]| match it.len() {
            2 => it.iter().all(u8::is_ascii_alphabetic),
            3 => it.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        let is_plain = !text.contains('_') && region.is_none_or(is_region);
        is_plain.then(|| Locale::of_tag(text)).flatten().map(|it| Self(it.tag()))
    }

    /// Returns the pattern of these tags (ECMA-262), for schemas.
    pub fn pattern() -> String {
        let letter = |it: char| format!("[{it}{}]", it.to_ascii_uppercase());
        let any_case = |it: Language| it.tag().chars().map(letter).collect::<String>();
        format!("^({})(-([A-Za-z]{{2}}|[0-9]{{3}}))?$", Language::ALL.map(any_case).join("|"))
    }

    /// Returns the language with the formats of the region.
    pub fn locale(&self) -> Locale {
        Locale::negotiate(Some(&self.0), None, &self.0)
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<LanguageTag> for String {
    fn from(tag: LanguageTag) -> Self {
        tag.0
    }
}

impl TryFrom<String> for LanguageTag {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refused = || {
            let tags = Language::tags();
            format!("it must be one of {tags}, with or without a region")
        };
        Self::of(&text).ok_or_else(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_one_of_a_language_with_texts() {
        for (text, expected) in [
            ("de", Some("de")),
            ("DE-at", Some("de-AT")),
            ("de-CH", Some("de-CH")),
            ("de_CH", None),
            ("es-419", Some("es-419")),
            ("ar-EG", Some("ar-EG")),
            ("pt", None),
            ("", None),
            ("german", None),
            ("de-\u{0}", None),
            ("de-Latn-CH", None),
        ] {
            assert_eq!(LanguageTag::of(text).as_ref().map(LanguageTag::as_str), expected, "{text}");
        }
    }
}
