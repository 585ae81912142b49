//! Texts that have to look like something.

/// Whether a text has the look of an e-mail address: one `@`, something before it, and a domain of at least two
/// names after it, without spaces (BR-DE-28).
pub(super) fn looks_like_email(text: &str) -> bool {
    let Some((before, domain)) = text.split_once('@') else { return false };
    let is_sound = |part: &str| !part.is_empty() && !part.contains(['@', ' ', '\t', '\n', '\r']);
    let names: Vec<&str> = domain.split('.').collect();
    is_sound(before) && names.len() >= 2 && names.into_iter().all(is_sound)
}

/// Whether a text begins with the scheme of an address, such as `https:` (BR-TMP-2).
pub(super) fn has_scheme_of_url(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else { return false };
    let mut letters = scheme.chars();
    let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-');
    scheme.len() >= 2
        && letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(is_of_scheme)
}

/// Whether a text is so many digits.
pub(super) fn is_digits(text: &str, number: std::ops::RangeInclusive<usize>) -> bool {
    number.contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit())
}

/// Whether a text is a number, as XPath reads one.
pub(super) fn is_number(text: &str) -> bool {
    let text = text.trim();
    let is_of_number =
        |it: u8| it.is_ascii_digit() || matches!(it, b'.' | b'-' | b'+' | b'e' | b'E');
    text.bytes().all(is_of_number) && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_has_something_on_both_sides_and_a_domain() {
        for good in ["a@b.de", "first.last+x@mail.example.org", "ä@b.c"] {
            assert!(looks_like_email(good), "{good}");
        }
        for bad in ["", "a", "@b.de", "a@b", "a@.de", "a@b.", "a@b@c.de", "a b@c.de", "a@b..de"] {
            assert!(!looks_like_email(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_begins_with_its_scheme() {
        for good in ["https://example.org/x", "mailto:a@b.de", "ab:"] {
            assert!(has_scheme_of_url(good), "{good}");
        }
        for bad in ["", "example.org", "/x", "a:b", "1a:b", "a b:c"] {
            assert!(!has_scheme_of_url(bad), "{bad}");
        }
    }
}
