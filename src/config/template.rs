//! Texts of shops with words in braces, such as `{amount}`, in whose place a value is put later.

/// Why the values cannot be put into a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfilled<'a> {
    /// This word has no value.
    Word(&'a str),
    /// A brace has no other one.
    Brace,
}

/// Puts the values in the place of the words in braces.
///
/// # Errors
/// The first word that has no value, or that a brace has no other one.
pub fn filled<'a>(
    template: &'a str,
    value: impl Fn(&str) -> Option<String>,
) -> Result<String, Unfilled<'a>> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from_brace) = rest.split_at(at);
        let word = from_brace.strip_prefix('{').and_then(|it| it.split_once('}'));
        let (word, after) = word.ok_or(Unfilled::Brace)?;
        filled.push_str(before);
        filled.push_str(&value(word).ok_or(Unfilled::Word(word))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_braces_are_replaced_once() {
        let value = |word: &str| (word == "a").then(|| "{b}".to_owned());
        assert_eq!(filled("", value).as_deref(), Ok(""));
        assert_eq!(filled("1 {a} 2{a}", value).as_deref(), Ok("1 {b} 2{b}"));
        assert_eq!(filled("{a} {b}", value), Err(Unfilled::Word("b")));
        assert_eq!(filled("{}", value), Err(Unfilled::Word("")));
        for odd in ["{a", "a}", "{a}}", "{"] {
            assert_eq!(filled(odd, value), Err(Unfilled::Brace), "{odd}");
        }
    }
}
