//! Discounts for early payment (Skonto) within the terms of payment (BT-20), as XRechnung writes them: a line such as
//! `#SKONTO#TAGE=14#PROZENT=2.25#BASISBETRAG=357.93#` for each (BR-DE-18).

/// Whether the terms of payment keep BR-DE-18: a line that begins with `#` is a discount and nothing else, and a line
/// break follows after the last one. As in the published rule, white space around such a line is overlooked.
pub(super) fn is_well_formed(terms: &str) -> bool {
    let mut lines = terms.split('\n').map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
    if !lines.clone().any(|line| line.starts_with('#')) {
        return true;
    }
    let all_are = lines.all(|line| !line.starts_with('#') || parts_of(&line).is_some());
    all_are && is_followed_by_break(terms)
}

/// Whether only white space with a line break follows the last `#…#` on its line.
fn is_followed_by_break(terms: &str) -> bool {
    let mut end = 0;
    let mut start = 0;
    for line in terms.split_inclusive('\n') {
        if let (Some(first), Some(last)) = (line.find('#'), line.rfind('#'))
            && last > first + 1
        {
            end = start + last + 1;
        }
        start += line.len();
    }
    let after = terms.get(end..).unwrap_or_default();
    let blank = after.len() - after.trim_start().len();
    after.get(..blank).is_some_and(|it| it.contains('\n'))
}

/// The days, the percentage and the base amount of a line.
fn parts_of(line: &str) -> Option<(&str, &str, Option<&str>)> {
    let inner = line.strip_prefix("#SKONTO#TAGE=")?.strip_suffix('#')?;
    let (days, rest) = inner.split_once("#PROZENT=")?;
    let (percent, base) = match rest.split_once("#BASISBETRAG=") {
        Some((percent, base)) => (percent, Some(base)),
        None => (rest, None),
    };
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let has_two_decimals = |text: &str| {
        let parts = text.split_once('.');
        parts.is_some_and(|(whole, decimals)| {
            are_digits(whole) && are_digits(decimals) && decimals.len() == 2
        })
    };
    let is_base = |base: &str| has_two_decimals(base.strip_prefix('-').unwrap_or(base));
    let is_sound = are_digits(days) && has_two_decimals(percent) && base.is_none_or(is_base);
    is_sound.then_some((days, percent, base))
}
