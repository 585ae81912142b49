//! Describes lengths of time roughly, such as the time that somebody usually takes to reply.

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Returns the id of the text for a length of time in milliseconds, and the number in it.
pub(super) fn rough(milliseconds: i64) -> (&'static str, i64) {
    let rounded = |unit: i64| milliseconds.saturating_add(unit / 2) / unit;
    match milliseconds {
        ..90_000 => ("duration-minute", 1),
        90_000..600_000 => ("duration-few-minutes", rounded(MINUTE)),
        600_000..2_700_000 => ("duration-minutes", rounded(10 * MINUTE) * 10),
        2_700_000..5_400_000 => ("duration-hour", 1),
        5_400_000..79_200_000 => ("duration-hours", rounded(HOUR)),
        79_200_000..129_600_000 => ("duration-day", 1),
        _ => ("duration-days", rounded(DAY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_rougher_as_it_grows_longer() {
        for (milliseconds, expected) in [
            (i64::MIN, ("duration-minute", 1)),
            (0, ("duration-minute", 1)),
            (89_999, ("duration-minute", 1)),
            (90_000, ("duration-few-minutes", 2)),
            (10 * MINUTE, ("duration-minutes", 10)),
            (26 * MINUTE, ("duration-minutes", 30)),
            (45 * MINUTE, ("duration-hour", 1)),
            (90 * MINUTE, ("duration-hours", 2)),
            (21 * HOUR, ("duration-hours", 21)),
            (22 * HOUR, ("duration-day", 1)),
            (36 * HOUR, ("duration-days", 2)),
            (i64::MAX, ("duration-days", i64::MAX / DAY)),
        ] {
            assert_eq!(rough(milliseconds), expected, "{milliseconds}");
        }
    }
}
