//! Which of our languages a reader gets, by BCP 47 tags and `Accept-Language` (RFC 9110).

use icu_locale::Locale;
use icu_locale::subtags::Region;

use super::Language;

/// The length of the longest tag that is parsed, in bytes. Our tags are shorter.
const MAX_TAG_BYTES: usize = 64;

/// The greatest number of languages of a header that are looked at.
const MAX_TAGS: usize = 32;

type Wish = (Language, Option<Region>);

/// Returns the first wish for which there are texts, with the first region that any wish names for
/// that language.
pub(super) fn best(wanted: Option<&str>, accept: Option<&str>, fallback: &str) -> Wish {
    let mut wishes: Vec<Wish> = wanted.and_then(wish).into_iter().collect();
    wishes.extend(accepted(accept.unwrap_or_default()));
    wishes.extend(wish(fallback));
    let language = wishes.first().map_or(Language::English, |(language, _)| *language);
    let region = wishes.iter().filter(|(of, _)| *of == language).find_map(|(_, region)| *region);
    (language, region)
}

fn wish(tag: &str) -> Option<Wish> {
    let tag = tag.trim();
    if tag.len() > MAX_TAG_BYTES {
        return None;
    }
    let id = Locale::try_from_str(tag).ok()?.id;
    Some((Language::of_subtag(id.language)?, id.region))
}

/// Returns the languages that a browser asks for, the preferred one first.
fn accepted(header: &str) -> Vec<Wish> {
    let mut wishes: Vec<(Wish, f32)> =
        header.split(',').take(MAX_TAGS).filter_map(weighed).collect();
    wishes.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    wishes.into_iter().map(|(wish, _)| wish).collect()
}

/// Returns one language of the header and its weight, or `None` if the browser does not accept it
/// (`q=0`).
fn weighed(entry: &str) -> Option<(Wish, f32)> {
    let mut parts = entry.split(';');
    let wish = wish(parts.next()?)?;
    let weight = match parts.find_map(|part| part.trim().strip_prefix("q=")) {
        Some(weight) => weight.parse().ok().filter(|weight| (0.0..=1.0).contains(weight))?,
        None => 1.0,
    };
    (weight > 0.0).then_some((wish, weight))
}

#[cfg(test)]
mod tests {
    use super::super::Locale;

    fn tag(wanted: &str, accept: &str, fallback: &str) -> String {
        Locale::negotiate(Some(wanted).filter(|tag| !tag.is_empty()), Some(accept), fallback).tag()
    }

    #[test]
    fn the_choice_goes_before_the_browser_and_the_browser_before_the_config() {
        for (wanted, accept, fallback, expected) in [
            ("", "", "", "en"),
            ("", "", "de", "de"),
            ("", "fr", "de", "fr"),
            ("nl", "fr", "de", "nl"),
            ("xx", "fr", "de", "fr"),
            ("", "ja, zh-TW;q=0.9", "de-CH", "de-CH"),
            ("", "*", "es", "es"),
            ("", "", "nonsense of the config", "en"),
        ] {
            assert_eq!(tag(wanted, accept, fallback), expected, "{wanted} {accept} {fallback}");
        }
    }

    #[test]
    fn weights_decide_and_equal_ones_go_by_place() {
        for (accept, expected) in [
            ("de;q=0.5, fr;q=0.9", "fr"),
            ("de;q=0.5,fr;q=0.5", "de"),
            ("da, en-GB;q=0.8, en;q=0.7", "en-GB"),
            ("de;q=0, nl;q=0.1", "nl"),
            ("de;q=2, nl;q=0.1", "nl"),
            ("de;q=NaN, nl;q=0.1", "nl"),
            ("de;q=, nl;q=0.1", "nl"),
            ("de ; q=0.3 , ar-EG ; q=0.4", "ar-EG"),
        ] {
            assert_eq!(tag("", accept, "en"), expected, "{accept}");
        }
    }

    #[test]
    fn a_region_is_kept_and_one_is_found_for_a_choice_without() {
        for (wanted, accept, expected) in [
            ("de-AT", "", "de-AT"),
            ("DE-at", "", "de-AT"),
            ("es-419", "", "es-419"),
            ("de-Latn-CH-1996-u-nu-thai", "", "de-CH"),
            ("de", "en-US, de-AT;q=0.5", "de-AT"),
            ("de-CH", "de-AT", "de-CH"),
            ("de", "en-US", "de"),
        ] {
            assert_eq!(tag(wanted, accept, "en"), expected, "{wanted} {accept}");
        }
    }

    #[test]
    fn hostile_headers_are_harmless() {
        let huge = "de-".repeat(1_000_000);
        let many = "xx,".repeat(1_000_000) + "fr";
        for accept in [";;;,,,q=", "\u{0}\u{ffff}", "d\u{e9}-AT", "q=1", &huge, &many] {
            assert_eq!(tag(&huge, accept, "nl"), "nl");
        }
    }
}
