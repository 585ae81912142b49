//! What each shop may set of its look: logo, colours, a notice, and who its mails are from.

mod colour;
mod logo;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use colour::{Colour, Ground, Shades};
pub use logo::Logo;
pub(super) use logo::MAX_BYTES as MAX_LOGO_BYTES;

use crate::language::Language;

/// The look of one shop. What it does not set is as for all.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopLook {
    /// The name of the shop.
    pub shop: String,
    /// The file with its logo. Once loaded, the path is absolute or relative to the working directory.
    #[serde(default)]
    pub logo: Option<PathBuf>,
    /// The logo itself, which is read when the config is loaded.
    #[serde(skip)]
    pub logo_file: Option<Arc<Logo>>,
    /// The colour of links and buttons on the light page.
    #[serde(default)]
    pub accent: Option<Colour>,
    /// The same on the dark page.
    #[serde(default)]
    pub accent_dark: Option<Colour>,
    /// What stands above each invoice.
    #[serde(default)]
    pub notice: Option<Words>,
    /// The name of the sender of mails. `None` means the name of the seller.
    #[serde(default)]
    pub mail_name: Option<String>,
    /// Where answers to mails go if no answers are taken in.
    #[serde(default)]
    pub mail_reply_to: Option<String>,
    /// What stands below each mail.
    #[serde(default)]
    pub mail_footer: Option<Words>,
}

/// Plain text of a shop: one for all languages, or one for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// The same text for everybody.
    Same(String),
    /// A text for each language, by its tag.
    PerLanguage(BTreeMap<String, String>),
}

impl Words {
    /// Returns the text for a reader of `language`, if there is one.
    pub fn for_language(&self, language: Language) -> Option<&str> {
        match self {
            Self::Same(text) => Some(text),
            Self::PerLanguage(texts) => texts.get(language.tag()).map(String::as_str),
        }
    }

    /// Returns the texts for all languages.
    pub(super) fn all(&self) -> Vec<&str> {
        match self {
            Self::Same(text) => vec![text],
            Self::PerLanguage(texts) => texts.values().map(String::as_str).collect(),
        }
    }

    /// Returns what is wrong with the texts, if anything is. Each may have `max_chars` characters.
    pub(super) fn problem(&self, max_chars: usize) -> Option<String> {
        let texts: Vec<&str> = match self {
            Self::Same(text) => vec![text],
            Self::PerLanguage(texts) => {
                let is_known = |tag: &str| Language::ALL.iter().any(|it| it.tag() == tag);
                if let Some(tag) = texts.keys().find(|tag| !is_known(tag)) {
                    return Some(format!("{tag:?}, which is no language of the page"));
                }
                texts.values().map(String::as_str).collect()
            }
        };
        let is_control = |c: char| c.is_control() && c != '\n';
        if texts.is_empty() || texts.iter().any(|it| it.trim().is_empty()) {
            Some("an empty text".to_owned())
        } else if texts.iter().any(|it| it.chars().count() > max_chars) {
            Some(format!("a text of more than {max_chars} characters"))
        } else if texts.iter().any(|it| it.contains(is_control)) {
            Some("a text with control characters".to_owned())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(texts: &[(&str, &str)]) -> Words {
        let owned = texts.iter().map(|(tag, text)| ((*tag).to_owned(), (*text).to_owned()));
        Words::PerLanguage(owned.collect())
    }

    #[test]
    fn a_text_is_for_all_or_for_each_language() {
        let same = Words::Same("Open again on 2 January".to_owned());
        assert_eq!(same.for_language(Language::Arabic), Some("Open again on 2 January"));
        let words = each(&[("de", "Ab 2. Januar wieder da"), ("fr", "De retour le 2 janvier")]);
        assert_eq!(words.for_language(Language::German), Some("Ab 2. Januar wieder da"));
        assert_eq!(words.for_language(Language::English), None);
    }

    #[test]
    fn texts_are_short_and_plain() {
        for (words, problem) in [
            (Words::Same("Two\nlines".to_owned()), None),
            (Words::Same(" ".to_owned()), Some("an empty text")),
            (Words::Same("a\u{7}b".to_owned()), Some("a text with control characters")),
            (Words::Same("x".repeat(21)), Some("a text of more than 20 characters")),
            (each(&[]), Some("an empty text")),
            (each(&[("de", "Hallo")]), None),
            (each(&[("xx", "Hallo")]), Some("\"xx\", which is no language of the page")),
        ] {
            assert_eq!(words.problem(20).as_deref(), problem, "{words:?}");
        }
    }
}
