//! Days in XML: `xs:date` in UBL, and the formats of UNTDID 2379 in CII.

use jiff::civil::Date;

/// What a text says of a day.
#[derive(Debug, PartialEq)]
pub(super) enum DateText {
    /// It is empty.
    None,
    /// The day.
    Day(Date),
    /// It names a month, a week or a period, but no day.
    NoDay,
    /// Why it is no date.
    Unreadable(String),
}

/// Reads a day. In UBL it has no `format`, and may have a time zone, which does not change the day. In CII
/// the format is a code of UNTDID 2379; the time of day of 203 to 205 is left out.
pub(super) fn read_date(text: &str, format: Option<&str>) -> DateText {
    if text.is_empty() {
        return DateText::None;
    }
    let day = match format {
        None => {
            // Some CII files leave the format out.
            let iso = text.get(..10).filter(|_| is_zone_or_time(&text[10..]));
            iso.and_then(|day| day.parse().ok()).or_else(|| compact(text, 8))
        }
        Some("102") => compact(text, 8).or_else(|| text.parse().ok()),
        Some("203") => compact(text, 12),
        Some("204") => compact(text, 14),
        Some("205") => text.get(..12).filter(|_| text.len() > 12).and_then(|it| compact(it, 12)),
        Some("602" | "609" | "610" | "615" | "616" | "710" | "718") => return DateText::NoDay,
        Some(other) => {
            let shown: String = other.chars().take(10).collect();
            return DateText::Unreadable(format!(
                "the format {shown:?} is none of 102, 203, 204 and 205 (UNTDID 2379)"
            ));
        }
    };
    match (day, format) {
        (Some(day), _) => DateText::Day(day),
        (None, None) => DateText::Unreadable("it is no day such as 2026-06-01".to_owned()),
        (None, Some(format)) => {
            DateText::Unreadable(format!("it is no day in the format {format}, such as 20260601"))
        }
    }
}

/// Whether a text is a day as the format 102 writes it.
pub(super) fn is_compact(text: &str) -> bool {
    let is_in = |range: std::ops::Range<usize>, from: u8, to: u8| {
        text.get(range)
            .and_then(|it| it.parse::<u8>().ok())
            .is_some_and(|it| from <= it && it <= to)
    };
    text.len() == 8
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && is_in(4..6, 1, 12)
        && is_in(6..8, 1, 31)
}

/// Whether nothing, a time zone or a time follows the day.
fn is_zone_or_time(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['Z', '+', '-', 'T'])
}

/// Reads `CCYYMMDD`, which digits of the time of day may follow.
fn compact(text: &str, length: usize) -> Option<Date> {
    if text.len() != length || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
    let (month, day) = (number(4..6)?, number(6..8)?);
    Date::new(number(0..4)?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_in_every_format_that_names_one() {
        let day = DateText::Day("2026-05-28".parse().unwrap());
        for (text, format) in [
            ("2026-05-28", None),
            ("2026-05-28Z", None),
            ("2026-05-28+02:00", None),
            ("2026-05-28T10:00:00", None),
            ("20260528", None),
            ("20260528", Some("102")),
            ("2026-05-28", Some("102")),
            ("202605281430", Some("203")),
            ("20260528143059", Some("204")),
            ("202605281430+0200", Some("205")),
        ] {
            assert_eq!(read_date(text, format), day, "{text} {format:?}");
        }
        assert_eq!(read_date("", Some("102")), DateText::None);
        assert_eq!(read_date("202605", Some("610")), DateText::NoDay);
        for (text, format) in [
            ("20261301", Some("102")),
            ("28.05.2026", None),
            ("2026-05-28x", None),
            ("ü026-05-28", None),
            ("20260528", Some("999")),
        ] {
            assert!(matches!(read_date(text, format), DateText::Unreadable(_)), "{text}");
        }
    }
}
