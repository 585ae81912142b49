//! The languages that we have texts in.

use icu_locale::subtags::{self, Region, language, region};

/// Makes the enum and all that follows from a language's tag. A new language is one line here, and
/// a folder `texts/TAG` with the files that [`TextSources`] names.
macro_rules! languages {
    ($($(#[$documentation:meta])* $variant:ident, $tag:tt, $own_name:literal;)+) => {
        /// A language that we have texts in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Language {
            $($(#[$documentation])* $variant,)+
        }

        impl Language {
            /// In the order in which a reader is offered them; the order of the variants.
            pub const ALL: [Self; [$($tag),+].len()] = [$(Self::$variant),+];

            /// BCP 47, such as `de`.
            pub fn tag(self) -> &'static str {
                match self { $(Self::$variant => $tag,)+ }
            }

            /// As its speakers call it.
            pub fn own_name(self) -> &'static str {
                match self { $(Self::$variant => $own_name,)+ }
            }

            pub(super) fn subtag(self) -> subtags::Language {
                match self { $(Self::$variant => language!($tag),)+ }
            }

            pub(super) fn sources(self) -> TextSources {
                match self {
                    $(Self::$variant => [
                        include_str!(concat!("texts/", $tag, "/page.ftl")),
                        include_str!(concat!("texts/", $tag, "/problems.ftl")),
                        include_str!(concat!("texts/", $tag, "/room.ftl")),
                        include_str!(concat!("texts/", $tag, "/terms.ftl")),
                        include_str!(concat!("texts/", $tag, "/words.ftl")),
                    ],)+
                }
            }
        }
    };
}

/// The files with the texts of one language.
pub(super) type TextSources = [&'static str; 5];

languages! {
    /// English; the texts that another language lacks are shown in it.
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
    /// Whether it is written from right to left.
    pub fn is_rtl(self) -> bool {
        self == Self::Arabic
    }

    /// The language of a BCP 47 tag such as `de` or `de-AT`; none if it is not one of ours.
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::of_subtag(icu_locale::Locale::try_from_str(tag).ok()?.id.language)
    }

    /// The language of such a subtag.
    pub(super) fn of_subtag(subtag: subtags::Language) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.subtag() == subtag)
    }

    /// The region whose formats a reader gets who names none. ICU takes English for American, and
    /// an American date is misread everywhere else.
    pub(super) fn usual_region(self) -> Option<Region> {
        (self == Self::English).then_some(region!("GB"))
    }
}
