//! The table of the languages for which there are texts.

use icu_locale::LocaleDirectionality;
use icu_locale::subtags::{self, Region, language, region};

/// Defines the enum and everything that follows from the tag of a language. A new language needs one
/// line in the table below, and a folder `texts/TAG` with the files that `sources` includes.
macro_rules! languages {
    ($($(#[$documentation:meta])* $variant:ident, $tag:tt, $own_name:literal;)+) => {
        /// A language for which there are texts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Language {
            $($(#[$documentation])* $variant,)+
        }

        impl Language {
            /// All languages, in the order in which the page offers them.
            pub const ALL: [Self; [$($tag),+].len()] = [$(Self::$variant),+];

            /// The tag of the language (BCP 47), such as `de`.
            pub fn tag(self) -> &'static str {
                match self { $(Self::$variant => $tag,)+ }
            }

            /// The name of the language in the language itself.
            pub fn own_name(self) -> &'static str {
                match self { $(Self::$variant => $own_name,)+ }
            }

            pub(super) fn subtag(self) -> subtags::Language {
                match self { $(Self::$variant => language!($tag),)+ }
            }

            pub(super) fn sources(self) -> TextSources {
                match self {
                    $(Self::$variant => [
                        include_str!(concat!("texts/", $tag, "/mail.ftl")),
                        include_str!(concat!("texts/", $tag, "/page.ftl")),
                        include_str!(concat!("texts/", $tag, "/problems.ftl")),
                        include_str!(concat!("texts/", $tag, "/room.ftl")),
                        include_str!(concat!("texts/", $tag, "/terms.ftl")),
                        include_str!(concat!("texts/", $tag, "/transcript.ftl")),
                        include_str!(concat!("texts/", $tag, "/types.ftl")),
                        include_str!(concat!("texts/", $tag, "/words.ftl")),
                    ],)+
                }
            }
        }
    };
}

/// The files with the texts of one language.
pub(super) type TextSources = [&'static str; 8];

languages! {
    /// English. A text that another language lacks is shown in English.
    English, "en", "English";
    /// German.
    German, "de", "Deutsch";
    /// French.
    French, "fr", "Français";
    /// Dutch.
    Dutch, "nl", "Nederlands";
    /// Spanish.
    Spanish, "es", "Español";
    /// Arabic.
    Arabic, "ar", "العربية";
}

impl Language {
    /// The tags of all languages, for a message: `en, de, …`.
    pub fn tags() -> String {
        Self::ALL.map(Self::tag).join(", ")
    }

    /// Whether it is written from right to left.
    pub fn is_rtl(self) -> bool {
        LocaleDirectionality::new_common().is_right_to_left(&self.subtag().into())
    }

    /// Returns the language of a tag (BCP 47) such as `de` or `de-AT`, or `None` if there are no texts
    /// for it.
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::of_subtag(icu_locale::Locale::try_from_str(tag).ok()?.id.language)
    }

    /// Returns the language with this subtag, if there are texts for it.
    pub(super) fn of_subtag(subtag: subtags::Language) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.subtag() == subtag)
    }

    /// The region whose formats are used if a reader names none. Without it, ICU writes English dates as
    /// in America, which readers elsewhere misread.
    pub(super) fn usual_region(self) -> Option<Region> {
        (self == Self::English).then_some(region!("GB"))
    }
}
