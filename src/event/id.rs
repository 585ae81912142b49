//! The public ids of events, which are cursors of the feed as well.

use std::fmt;

/// What every id begins with.
const PREFIX: &str = "evt_";
/// The digits, in the order of their values: those of ULIDs, in small letters.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The number of digits. So ids are sorted as text in the order of the feed.
const LENGTH: usize = 13;

/// The id of an event: its number in the feed. As a text, it is `evt_` and 13 digits.
///
/// As a cursor, it stands for the place after the event, and 0 for the place before all events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId(pub i64);

impl EventId {
    /// Reads an id. Returns none for any text that is not written by [`fmt::Display`].
    pub fn from_text(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX).filter(|it| it.len() == LENGTH)?;
        let value = digits.bytes().try_fold(0_u64, |value, digit| {
            let digit = DIGITS.iter().position(|it| *it == digit)?;
            value.checked_mul(32)?.checked_add(u64::try_from(digit).ok()?)
        })?;
        i64::try_from(value).ok().map(Self)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        for place in (0..LENGTH).rev() {
            let digit = (self.0.max(0) >> (5 * place)) & 31;
            let digit = usize::try_from(digit).ok().and_then(|it| DIGITS.get(it)).unwrap_or(&b'0');
            write!(f, "{}", char::from(*digit))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written_and_sorted_as_text() {
        let mut last = String::new();
        for number in [0, 1, 31, 32, 33, 1_000, 10_000_000, i64::MAX - 1, i64::MAX] {
            let text = EventId(number).to_string();
            assert_eq!(EventId::from_text(&text), Some(EventId(number)));
            assert_eq!(text.len(), 17);
            assert!(text > last, "{text}");
            last = text;
        }
        assert_eq!(EventId(1_000).to_string(), "evt_00000000000z8");
    }

    #[test]
    fn nothing_else_is_an_id() {
        for text in [
            "",
            "7",
            "evt_",
            "evt_0",
            "evt_00000000000zu",
            "EVT_00000000000z8",
            "evt_00000000000Z8",
            "evt_zzzzzzzzzzzzz",
            "evt_000000000000z8",
            " evt_00000000000z8",
            "evt_00000000000ü",
        ] {
            assert_eq!(EventId::from_text(text), None, "{text}");
        }
    }
}
