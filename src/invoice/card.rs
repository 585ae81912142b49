//! The number of a card (BT-87), of which an invoice may show a part only.
//!
//! BR-51 asks for the last 4 to 6 digits; with the first 6 digits, which card schemes also allow to be shown,
//! that is 10 characters at most.

/// The greatest number of characters that may be shown (BR-51).
const MAX_CHARS: usize = 10;
/// How many characters at the end are kept of a number that shows more.
const KEPT_CHARS: usize = 4;

/// Whether a number shows more than it may.
pub(super) fn shows_too_much(number: &str) -> bool {
    number.trim().chars().count() > MAX_CHARS
}

/// Cuts a number to its last four characters if it shows more than it may; none if nothing is left.
pub(super) fn cut(number: String) -> Option<String> {
    if !shows_too_much(&number) {
        return Some(number);
    }
    Some(end_of(&number)).filter(|it| !it.is_empty())
}

/// The number as people see it: its last four characters at most.
pub(super) fn masked(number: &str) -> String {
    format!("… {}", end_of(number))
}

/// The last letters and digits of a number, without what stands between them.
fn end_of(number: &str) -> String {
    let all: Vec<char> = number.chars().filter(|it| it.is_alphanumeric()).collect();
    all.iter().skip(all.len().saturating_sub(KEPT_CHARS)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_ten_characters_of_a_card_number_are_kept() {
        for (stated, kept) in [
            ("4111111111111111", "1111"),
            ("4111 1111 1111 1234", "1234"),
            ("XXXXXXXXXXXX5678", "5678"),
            ("411111******1234", "1234"),
            ("411111111111１２３４", "１２３４"),
            // What the rule allows stays as it is stated.
            ("4111111234", "4111111234"),
            ("**123456", "**123456"),
            (" 1234 ", " 1234 "),
        ] {
            assert_eq!(cut(stated.to_owned()).as_deref(), Some(kept), "{stated}");
        }
        assert_eq!(cut("****************".to_owned()), None);
        assert_eq!(masked("4111111111111234"), "… 1234");
    }
}
