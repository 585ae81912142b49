//! Who is online, which comes by two ways: the homeserver pushes changes, and it is asked.
//!
//! The two ways have no common order: an answer may be older than a push that arrived while the
//! question was on its way. So an answer counts only if nothing was told after the question was
//! asked, and what was told long ago is asked for again.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long what was told about a user is believed before somebody who looks at them asks again.
const BELIEVED_FOR: Duration = Duration::from_secs(5);
/// How long a question may stay without an answer before it is asked again.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Most questions on their way at the same time. Whoever is left out is asked about a moment later.
const MAX_QUESTIONS: usize = 8;
/// Most users that are remembered. Beyond that, those who were told of longest ago are forgotten,
/// and asked about again if somebody looks at them.
const MAX_USERS: usize = 100_000;

/// How active a Matrix user is (Client-Server API, "Presence").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Online {
    /// `online`.
    pub is_online: bool,
    /// `unavailable`: there, but idle.
    pub is_idle: bool,
    /// Milliseconds since 1970, if it was told.
    pub last_active_at: Option<i64>,
}

/// A question to the homeserver about one user. Hand it back with the answer.
#[derive(Debug)]
pub struct Question {
    user: String,
    /// How often this user's presence had been told when the question was asked.
    told_before: u64,
}

/// What is known about users.
#[derive(Debug, Default)]
pub(super) struct Presences {
    users: HashMap<String, Known>,
    questions: usize,
}

#[derive(Debug, Default)]
struct Known {
    online: Option<Online>,
    /// Counts what was told, by push or by an answer that counted.
    told: u64,
    told_at: Option<Instant>,
    asked_at: Option<Instant>,
}

impl Presences {
    pub(super) fn of(&self, user: &str) -> Option<Online> {
        self.users.get(user)?.online
    }

    /// The homeserver told this by itself: it is newer than any answer to a question that was asked
    /// before.
    pub(super) fn told(&mut self, user: &str, online: Online) {
        self.make_room();
        let known = self.users.entry(user.to_owned()).or_default();
        known.online = Some(online);
        known.told += 1;
        known.told_at = Some(Instant::now());
    }

    /// A question about this user, unless what is known is still believed or a question is on its
    /// way.
    pub(super) fn ask(&mut self, user: &str, now: Instant) -> Option<Question> {
        if self.questions >= MAX_QUESTIONS {
            return None;
        }
        self.make_room();
        let known = self.users.entry(user.to_owned()).or_default();
        let is_recent =
            |at: Option<Instant>, within| at.is_some_and(|at| now.duration_since(at) < within);
        if is_recent(known.told_at, BELIEVED_FOR) || is_recent(known.asked_at, ANSWER_WITHIN) {
            return None;
        }
        known.asked_at = Some(now);
        self.questions += 1;
        Some(Question { user: user.to_owned(), told_before: known.told })
    }

    /// Takes over an answer, unless something was told after its question was asked. Without an
    /// answer, what is known stays, and is not asked for again at once.
    pub(super) fn answered(&mut self, question: Question, answer: Option<Online>) {
        self.questions = self.questions.saturating_sub(1);
        let Some(known) = self.users.get_mut(&question.user) else { return };
        if known.told != question.told_before {
            known.asked_at = None;
            return;
        }
        let Some(online) = answer else { return };
        known.online = Some(online);
        known.told += 1;
        known.told_at = Some(Instant::now());
        known.asked_at = None;
    }

    fn make_room(&mut self) {
        if self.users.len() < MAX_USERS {
            return;
        }
        let mut times: Vec<_> = self.users.values().map(|known| known.told_at).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        self.users.retain(|_, known| known.told_at > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONLINE: Online = Online { is_online: true, is_idle: false, last_active_at: None };
    const AWAY: Online = Online { is_online: false, is_idle: false, last_active_at: None };
    const USER: &str = "@a:x.org";

    #[test]
    fn an_answer_to_an_older_question_does_not_overwrite_what_was_told_since() {
        let mut known = Presences::default();
        let question = known.ask(USER, Instant::now()).unwrap();
        known.told(USER, ONLINE);
        known.answered(question, Some(AWAY));
        assert_eq!(known.of(USER), Some(ONLINE));
    }

    #[test]
    fn an_answer_counts_if_nothing_was_told_meanwhile() {
        let mut known = Presences::default();
        known.told(USER, ONLINE);
        let later = Instant::now() + BELIEVED_FOR;
        let question = known.ask(USER, later).unwrap();
        known.told("@b:x.org", ONLINE);
        known.answered(question, Some(AWAY));
        assert_eq!(known.of(USER), Some(AWAY));
    }

    #[test]
    fn of_two_questions_the_older_one_loses_whatever_comes_first() {
        let mut known = Presences::default();
        let older = known.ask(USER, Instant::now()).unwrap();
        let newer = known.ask(USER, Instant::now() + ANSWER_WITHIN).unwrap();
        known.answered(newer, Some(ONLINE));
        known.answered(older, Some(AWAY));
        assert_eq!(known.of(USER), Some(ONLINE));
    }

    #[test]
    fn one_question_is_asked_at_a_time_and_only_about_what_is_not_believed_any_more() {
        let mut known = Presences::default();
        let now = Instant::now();
        let question = known.ask(USER, now).unwrap();
        assert!(known.ask(USER, now).is_none());
        known.answered(question, Some(ONLINE));
        assert!(known.ask(USER, Instant::now()).is_none());
        assert!(known.ask(USER, Instant::now() + BELIEVED_FOR).is_some());
    }

    #[test]
    fn without_an_answer_it_is_asked_again_only_after_a_while() {
        let mut known = Presences::default();
        let now = Instant::now();
        let question = known.ask(USER, now).unwrap();
        known.answered(question, None);
        assert_eq!(known.of(USER), None);
        assert!(known.ask(USER, now).is_none());
        assert!(known.ask(USER, now + ANSWER_WITHIN).is_some());
    }

    #[test]
    fn only_some_questions_are_on_their_way_at_the_same_time() {
        let mut known = Presences::default();
        let now = Instant::now();
        let ask = |known: &mut Presences, number| known.ask(&format!("@{number}:x.org"), now);
        let mut questions: Vec<_> =
            (0..MAX_QUESTIONS).filter_map(|number| ask(&mut known, number)).collect();
        assert!(ask(&mut known, MAX_QUESTIONS).is_none());
        known.answered(questions.pop().unwrap(), None);
        assert!(ask(&mut known, MAX_QUESTIONS).is_some());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut known = Presences::default();
        for number in 0..=MAX_USERS {
            known.told(&format!("@{number}:x.org"), ONLINE);
        }
        assert!(known.users.len() <= MAX_USERS);
        assert!(known.of(&format!("@{MAX_USERS}:x.org")).is_some());
    }
}
