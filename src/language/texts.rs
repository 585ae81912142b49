//! The texts of all languages, formatted with Fluent.
//!
//! The text of a user may be written from left to right or from right to left. In a language that is
//! written from right to left, Fluent isolates every argument of a sentence. In the other languages an
//! argument is isolated only if it has such characters, so that an ordinary sentence has no invisible
//! characters.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::Language;

type Bundle = FluentBundle<FluentResource>;

/// The texts of each language, in the order of [`Language::ALL`]. English is the first.
static BUNDLES: LazyLock<[Bundle; Language::ALL.len()]> =
    LazyLock::new(|| Language::ALL.map(bundle));

/// The Arabic texts with the digits that are used in Egypt and east of it. ICU chooses the digits of
/// numbers by region.
static EASTERN_ARABIC: LazyLock<Bundle> = LazyLock::new(|| {
    let mut bundle = bundle(Language::Arabic);
    bundle.set_formatter(Some(with_eastern_digits));
    bundle
});

const EASTERN_ZERO: u32 = 0x660;

/// U+2068 and U+2069. The text between them has no influence on the direction of the rest.
const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_DIRECTIONAL_ISOLATE: char = '\u{2069}';

/// Formats the text with this id. A text that the language lacks is taken from English. Returns
/// `None` if English lacks it as well.
pub(super) fn format(
    language: Language,
    has_eastern_digits: bool,
    id: &str,
    arguments: &[(&str, FluentValue<'_>)],
) -> Option<String> {
    let arguments: FluentArgs<'_> =
        arguments.iter().map(|(name, value)| (*name, tame(language, value))).collect();
    let bundle = match has_eastern_digits {
        true => Some(&*EASTERN_ARABIC),
        false => BUNDLES.get(language as usize),
    };
    [bundle, BUNDLES.first()].into_iter().flatten().find_map(|bundle| {
        let pattern = bundle.get_message(id)?.value()?;
        Some(bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned())
    })
}

/// Loads the texts of a language. Of a file with errors, the correct texts are used; a test finds the
/// errors.
fn bundle(language: Language) -> Bundle {
    let id: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![id]);
    bundle.set_use_isolating(language.is_rtl());
    for source in language.sources() {
        let resource = FluentResource::try_new(source.to_owned());
        bundle.add_resource_overriding(resource.unwrap_or_else(|(resource, _)| resource));
    }
    bundle
}

fn with_eastern_digits<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let eastern = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(EASTERN_ZERO + digit));
    Some(number.as_string().chars().map(|c| eastern(c).unwrap_or(c)).collect())
}

/// Returns the value so that it does not change the direction of the sentence around it. Embeddings
/// and overrides are removed, since they can make a name look like another one.
fn tame<'a>(language: Language, value: &'a FluentValue<'_>) -> FluentValue<'a> {
    let FluentValue::String(text) = value else { return value.clone() };
    if !text.chars().any(has_influence) {
        return text.as_ref().into();
    }
    let text: String = text.chars().filter(|c| !is_embedding(*c)).collect();
    if language.is_rtl() {
        return text.into();
    }
    format!("{FIRST_STRONG_ISOLATE}{text}{POP_DIRECTIONAL_ISOLATE}").into()
}

fn has_influence(c: char) -> bool {
    is_embedding(c)
        || matches!(c,
            '\u{590}'..='\u{8ff}' | '\u{200f}' | '\u{2066}'..='\u{2069}' | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

fn is_embedding(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}')
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Returns the arguments of each text of a language. `count` beside `number` only chooses the plural
    /// form, and some languages do not need it.
    fn placeables(language: Language) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        let mut found: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        let mut id = "";
        for line in language.sources().into_iter().flat_map(str::lines) {
            if let Some((start, _)) = line.split_once(" =")
                && line.starts_with(|c: char| c.is_ascii_alphabetic())
            {
                id = start;
                assert!(found.insert(id, BTreeSet::new()).is_none(), "{language:?} has {id} twice");
            }
            if line.starts_with('#') {
                continue;
            }
            let names = line.split('$').skip(1).map(|rest| {
                rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap()
            });
            found.entry(id).or_default().extend(names);
        }
        found.remove("");
        for names in found.values_mut().filter(|names| names.contains("number")) {
            names.remove("count");
        }
        found
    }

    #[test]
    fn every_language_has_every_text_with_the_same_placeables() {
        let english = placeables(Language::English);
        for language in Language::ALL {
            let theirs = placeables(language);
            for (id, names) in &english {
                assert_eq!(Some(names), theirs.get(id), "{id} in {language:?}");
            }
            let strange: Vec<_> = theirs.keys().filter(|id| !english.contains_key(*id)).collect();
            assert!(strange.is_empty(), "only in {language:?}: {strange:?}");
        }
    }

    #[test]
    fn every_file_parses_and_every_text_can_be_shown() {
        for language in Language::ALL {
            for source in language.sources() {
                let errors = FluentResource::try_new(source.to_owned()).err().map(|(_, e)| e);
                assert_eq!(errors, None, "{language:?}");
            }
            for (id, names) in placeables(language) {
                let names = names.into_iter().chain(["count", "number"]);
                let arguments = names.map(|name| (name, FluentValue::from(3)));
                let mut errors = Vec::new();
                let bundle = &BUNDLES[language as usize];
                let pattern = bundle.get_message(id).unwrap().value().unwrap();
                bundle.format_pattern(pattern, Some(&arguments.collect()), &mut errors);
                assert!(errors.is_empty(), "{id} in {language:?}: {errors:?}");
            }
        }
    }

    #[test]
    fn no_text_was_left_in_english() {
        let english = bundle(Language::English);
        let text = |bundle: &Bundle, id: &str| {
            let pattern = bundle.get_message(id).unwrap().value().unwrap();
            bundle.format_pattern(pattern, None, &mut Vec::new()).into_owned()
        };
        for language in Language::ALL.into_iter().filter(|l| *l != Language::English) {
            let theirs = bundle(language);
            let sentences = placeables(Language::English)
                .into_keys()
                .filter(|id| text(&english, id).matches(' ').count() >= 4);
            let left: Vec<_> =
                sentences.filter(|id| text(&english, id) == text(&theirs, id)).collect();
            assert!(left.is_empty(), "still English in {language:?}: {left:?}");
        }
    }

    #[test]
    fn quotation_marks_and_spaces_are_those_of_the_language() {
        for language in Language::ALL {
            for line in language.sources().into_iter().flat_map(str::lines) {
                let text = line.split_once(" = ").map_or(line, |(_, text)| text);
                if line.starts_with('#') {
                    continue;
                }
                assert!(!text.contains(['\'', '"']), "a straight quote in {language:?}: {line}");
                assert!(!text.contains("..."), "three dots in {language:?}: {line}");
                let loose: &[&str] = match language {
                    // A line never begins with one of these marks.
                    Language::French => &[" :", " ;", " ?", " !", "« ", " »", " %"],
                    Language::German | Language::Spanish => &[" %"],
                    _ => &[],
                };
                let loose = loose.iter().find(|mark| text.contains(**mark));
                assert_eq!(loose, None, "{language:?}: {line}");
            }
        }
    }

    #[test]
    fn bundles_are_in_the_order_of_the_languages() {
        for language in Language::ALL {
            assert_eq!(BUNDLES[language as usize].locales[0].language.as_str(), language.tag());
        }
    }

    fn seen_by(language: Language, name: &str) -> String {
        format(language, false, "seen-by", &[("name", name.into())]).unwrap()
    }

    #[test]
    fn what_is_put_into_a_sentence_is_isolated_where_directions_meet() {
        assert_eq!(seen_by(Language::English, "Ada"), "Seen by Ada");
        assert_eq!(seen_by(Language::English, "عمر"), "Seen by \u{2068}عمر\u{2069}");
        assert!(seen_by(Language::Arabic, "Ada").contains("\u{2068}Ada\u{2069}"));
    }

    #[test]
    fn a_name_cannot_turn_the_text_around() {
        for language in Language::ALL {
            assert!(!seen_by(language, "gpj.\u{202e}exe").contains('\u{202e}'));
        }
    }

    #[test]
    fn plural_forms_are_those_of_the_language() {
        let days = |language, count: i64| {
            let text = format(language, false, "days-left", &[("days", count.into())]).unwrap();
            text.replace(|c: char| c.is_ascii_digit() || !(c.is_alphabetic() || c == ' '), "")
        };
        assert_ne!(days(Language::English, 1), days(Language::English, 2));
        assert_eq!(days(Language::French, 0), days(Language::French, 1));
        let arabic: BTreeSet<_> = [1, 2, 3, 11].map(|n| days(Language::Arabic, n)).into();
        assert_eq!(arabic.len(), 4);
    }
}
