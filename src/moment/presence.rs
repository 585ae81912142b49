//! Who is online, which comes by two ways: the homeserver pushes changes, and it is asked.
//!
//! The two ways have no common order: an answer may be older than a push that arrived while the
//! question was on its way. So an answer counts only if nothing was told after the question was
//! asked, and what was told long ago is asked for again.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Moment;

/// How long what was told about a user is believed before somebody who looks at them asks again.
const BELIEVED_FOR: Duration = Duration::from_secs(10);
/// How long after its beginning a question that got no answer is asked again.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long `online` and `unavailable` are shown if nobody tells more: the homeserver may be away.
const SHOWN_FOR: Duration = Duration::from_secs(300);
/// Most questions on their way at the same time. Whoever is left out is asked about a moment later.
const MAX_QUESTIONS: usize = 8;
/// Most questions that begin within one second, so that thousands of open pages do not keep the
/// homeserver busy.
const MAX_QUESTIONS_A_SECOND: usize = 50;
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

/// A question to the homeserver about one user. Whoever drops it got no answer.
#[derive(Debug)]
pub struct Question {
    moment: Moment,
    user: String,
    /// How often this user's presence had been told when the question was asked.
    told_before: u64,
    answer: Option<Online>,
}

impl Question {
    /// What the homeserver answered.
    pub fn answered(mut self, answer: Online) {
        self.answer = Some(answer);
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        let mut inner = self.moment.inner();
        inner.presence.answered(&self.user, self.told_before, self.answer, Instant::now());
    }
}

impl Moment {
    /// The homeserver told by itself how active a user is now.
    pub fn set_online(&self, user: &str, online: Online) {
        self.inner().presence.told(user, online, Instant::now());
    }

    /// How active a user is, as far as it is known.
    pub fn online(&self, user: &str) -> Option<Online> {
        self.inner().presence.of(user, Instant::now())
    }

    /// A question to the homeserver about a user, if nobody told of them lately, nobody else is
    /// asking, and not too many questions are asked already.
    pub fn ask_about(&self, user: &str) -> Option<Question> {
        let told_before = self.inner().presence.ask(user, Instant::now())?;
        Some(Question { moment: self.clone(), user: user.to_owned(), told_before, answer: None })
    }
}

/// What is known about users.
#[derive(Debug, Default)]
pub(super) struct Presences {
    users: HashMap<String, Known>,
    /// Questions on their way.
    questions: usize,
    /// When the present second began, and how many questions began in it.
    second: Option<(Instant, usize)>,
}

#[derive(Debug, Default)]
struct Known {
    online: Option<Online>,
    /// Counts what was told, by push or by an answer that counted.
    told: u64,
    told_at: Option<Instant>,
    asked_at: Option<Instant>,
}

impl Known {
    fn tell(&mut self, online: Online, now: Instant) {
        self.online = Some(online);
        self.told += 1;
        self.told_at = Some(now);
        self.asked_at = None;
    }
}

impl Presences {
    fn of(&self, user: &str, now: Instant) -> Option<Online> {
        let known = self.users.get(user)?;
        let is_shown = is_within(known.told_at, SHOWN_FOR, now);
        // Since when somebody is away stays true.
        known.online.filter(|online| is_shown || !(online.is_online || online.is_idle))
    }

    /// The homeserver told this by itself: it is newer than any answer to a question that was asked
    /// before.
    fn told(&mut self, user: &str, online: Online, now: Instant) {
        self.make_room();
        self.users.entry(user.to_owned()).or_default().tell(online, now);
    }

    /// Begins a question about this user, unless what is known is still believed or a question is
    /// on its way; how often the user's presence was told before.
    fn ask(&mut self, user: &str, now: Instant) -> Option<u64> {
        let (began, count) = match self.second {
            Some((began, count)) if now.duration_since(began) < Duration::from_secs(1) => {
                (began, count)
            }
            _ => (now, 0),
        };
        if self.questions >= MAX_QUESTIONS || count >= MAX_QUESTIONS_A_SECOND {
            return None;
        }
        self.make_room();
        let known = self.users.entry(user.to_owned()).or_default();
        if is_within(known.told_at, BELIEVED_FOR, now)
            || is_within(known.asked_at, ANSWER_WITHIN, now)
        {
            return None;
        }
        known.asked_at = Some(now);
        self.questions += 1;
        self.second = Some((began, count + 1));
        Some(known.told)
    }

    /// Ends a question. Takes over its answer, unless something was told after it was asked.
    /// Without an answer, what is known stays, and is not asked for again at once.
    fn answered(&mut self, user: &str, told_before: u64, answer: Option<Online>, now: Instant) {
        self.questions = self.questions.saturating_sub(1);
        let known = self.users.get_mut(user).filter(|known| known.told == told_before);
        if let (Some(known), Some(online)) = (known, answer) {
            known.tell(online, now);
        }
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

fn is_within(at: Option<Instant>, within: Duration, now: Instant) -> bool {
    at.is_some_and(|at| now.duration_since(at) < within)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONLINE: Online = Online { is_online: true, is_idle: false, last_active_at: None };
    const AWAY: Online = Online { is_online: false, is_idle: false, last_active_at: None };
    const USER: &str = "@a:x.org";

    #[test]
    fn an_answer_to_an_older_question_does_not_overwrite_what_was_told_since() {
        let moment = Moment::default();
        let question = moment.ask_about(USER).unwrap();
        moment.set_online(USER, ONLINE);
        question.answered(AWAY);
        assert_eq!(moment.online(USER), Some(ONLINE));
    }

    #[test]
    fn an_answer_counts_if_nothing_was_told_meanwhile() {
        let (mut known, now) = (Presences::default(), Instant::now());
        known.told(USER, ONLINE, now);
        let later = now + BELIEVED_FOR;
        let question = known.ask(USER, later).unwrap();
        known.told("@b:x.org", ONLINE, later);
        known.answered(USER, question, Some(AWAY), later);
        assert_eq!(known.of(USER, later), Some(AWAY));
    }

    #[test]
    fn of_two_questions_the_older_one_loses_whatever_comes_first() {
        let (mut known, now) = (Presences::default(), Instant::now());
        let older = known.ask(USER, now).unwrap();
        let later = now + ANSWER_WITHIN;
        let newer = known.ask(USER, later).unwrap();
        known.answered(USER, newer, Some(ONLINE), later);
        known.answered(USER, older, Some(AWAY), later);
        assert_eq!(known.of(USER, later), Some(ONLINE));
    }

    #[test]
    fn one_question_is_asked_at_a_time_and_only_about_what_is_not_believed_any_more() {
        let (mut known, now) = (Presences::default(), Instant::now());
        let question = known.ask(USER, now).unwrap();
        assert!(known.ask(USER, now).is_none());
        known.answered(USER, question, Some(ONLINE), now);
        assert!(known.ask(USER, now).is_none());
        assert!(known.ask(USER, now + BELIEVED_FOR).is_some());
    }

    #[test]
    fn without_an_answer_it_is_asked_again_only_after_a_while() {
        let moment = Moment::default();
        drop(moment.ask_about(USER).unwrap());
        assert_eq!(moment.online(USER), None);
        assert!(moment.ask_about(USER).is_none());
        let mut inner = moment.inner();
        assert_eq!(inner.presence.questions, 0);
        assert!(inner.presence.ask(USER, Instant::now() + ANSWER_WITHIN).is_some());
    }

    #[test]
    fn nobody_is_shown_as_online_for_long_if_nobody_tells_more() {
        let (mut known, now) = (Presences::default(), Instant::now());
        known.told(USER, ONLINE, now);
        known.told("@b:x.org", AWAY, now);
        assert_eq!(known.of(USER, now + SHOWN_FOR), None);
        assert_eq!(known.of("@b:x.org", now + SHOWN_FOR), Some(AWAY));
    }

    #[test]
    fn only_some_questions_are_on_their_way_at_the_same_time_or_begin_in_one_second() {
        let (mut known, now) = (Presences::default(), Instant::now());
        let user = |number| format!("@{number}:x.org");
        for number in 0..MAX_QUESTIONS {
            known.ask(&user(number), now).unwrap();
        }
        assert!(known.ask(&user(MAX_QUESTIONS), now).is_none());
        for number in MAX_QUESTIONS..MAX_QUESTIONS_A_SECOND {
            known.answered(&user(number - MAX_QUESTIONS), 0, None, now);
            known.ask(&user(number), now).unwrap();
        }
        known.answered(&user(MAX_QUESTIONS_A_SECOND - 1), 0, None, now);
        assert!(known.ask(&user(MAX_QUESTIONS_A_SECOND), now).is_none());
        let later = now + Duration::from_secs(1);
        assert!(known.ask(&user(MAX_QUESTIONS_A_SECOND), later).is_some());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut known, now) = (Presences::default(), Instant::now());
        for number in 0..=MAX_USERS {
            let at = now + Duration::from_nanos(u64::try_from(number).unwrap());
            known.told(&format!("@{number}:x.org"), ONLINE, at);
        }
        assert!(known.users.len() <= MAX_USERS);
        assert!(known.of(&format!("@{MAX_USERS}:x.org"), now).is_some());
    }
}
