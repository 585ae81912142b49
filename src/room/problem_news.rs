//! Decides which problems the admins are told of, and which healed ones.

/// How long a problem has to be there before it is told, in milliseconds. Most end earlier.
const TOLD_AFTER_MS: i64 = 60_000;
/// How long a problem that was told has to be gone before that is told, in milliseconds. A failing step is not listed
/// while it is tried again.
const HEALED_AFTER_MS: i64 = 60_000;

/// A problem that was seen before. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenProblem {
    /// Identifies the problem.
    pub id: String,
    /// When it was seen first.
    pub seen_at: i64,
    /// When the admins were told.
    pub told_at: Option<i64>,
    /// Since when it is not there any more.
    pub gone_at: Option<i64>,
}

/// What follows for one problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing.
    None,
    /// It is there, and was not noted as such.
    IsBack,
    /// It is gone, and was not noted as such.
    IsGone,
    /// It is gone before anybody was told.
    Forget,
    /// The admins are to be told of it.
    Tell,
    /// The admins are to be told that it healed.
    TellHealed,
}

/// Returns what follows for a problem that was seen before, and that is there now or not. While it is quiet, nothing
/// is told.
pub fn news(seen: &SeenProblem, is_there: bool, is_quiet: bool, now: i64) -> News {
    match (is_there, seen.told_at, seen.gone_at) {
        (false, None, _) => News::Forget,
        (false, Some(_), None) => News::IsGone,
        (false, Some(_), Some(gone_at)) if !is_quiet && now - gone_at >= HEALED_AFTER_MS => {
            News::TellHealed
        }
        (true, _, Some(_)) => News::IsBack,
        (true, None, None) if !is_quiet && now - seen.seen_at >= TOLD_AFTER_MS => News::Tell,
        _ => News::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_once_and_its_end_once() {
        let minute = TOLD_AFTER_MS;
        let problem =
            |told_at, gone_at| SeenProblem { id: String::new(), seen_at: 0, told_at, gone_at };
        for (told_at, gone_at, is_there, is_quiet, now, expected) in [
            (None, None, true, false, minute - 1, News::None),
            (None, None, true, false, minute, News::Tell),
            (None, None, true, true, minute, News::None),
            (None, None, false, false, minute, News::Forget),
            (Some(1), None, true, false, 9 * minute, News::None),
            (Some(1), None, false, false, 9 * minute, News::IsGone),
            (Some(1), Some(0), false, false, minute - 1, News::None),
            (Some(1), Some(0), false, false, minute, News::TellHealed),
            (Some(1), Some(0), false, true, minute, News::None),
            // It came back before anybody was told that it is gone.
            (Some(1), Some(0), true, false, minute, News::IsBack),
        ] {
            let found = news(&problem(told_at, gone_at), is_there, is_quiet, now);
            assert_eq!(found, expected, "{told_at:?} {gone_at:?} {is_there} {is_quiet} {now}");
        }
    }
}
