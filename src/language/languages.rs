//! The languages that we have texts in.

use icu_locale::subtags::{self, Region, language, region};

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

impl Language {
    /// In the order in which a reader is offered them; the order of the variants.
    pub const ALL: [Self; 6] =
        [Self::English, Self::German, Self::French, Self::Dutch, Self::Spanish, Self::Arabic];

    /// BCP 47, such as `de`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Dutch => "nl",
            Self::Spanish => "es",
            Self::Arabic => "ar",
        }
    }

    /// As its speakers call it.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::French => "Français",
            Self::Dutch => "Nederlands",
            Self::Spanish => "Español",
            Self::Arabic => "العربية",
        }
    }

    /// Whether it is written from right to left.
    pub fn is_rtl(self) -> bool {
        self == Self::Arabic
    }

    /// The language of such a subtag.
    pub(super) fn of_subtag(subtag: subtags::Language) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.subtag() == subtag)
    }

    pub(super) fn subtag(self) -> subtags::Language {
        match self {
            Self::English => language!("en"),
            Self::German => language!("de"),
            Self::French => language!("fr"),
            Self::Dutch => language!("nl"),
            Self::Spanish => language!("es"),
            Self::Arabic => language!("ar"),
        }
    }

    /// Whose formats a reader gets who names none. ICU takes English for American, and an
    /// American date is misread everywhere else.
    pub(super) fn usual_region(self) -> Option<Region> {
        (self == Self::English).then_some(region!("GB"))
    }
}
