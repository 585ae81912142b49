//! Knows who is online, from two sources: the homeserver pushes changes, and Tallyroom queries it.
//!
//! The two sources have no common order: an answer may be older than a push that arrived during the
//! query. So an answer counts only if no news arrived since the query began, and old news are queried
//! again.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Moment;

/// The age at which the presence of a user is queried again, if somebody looks at it.
const REFRESH_AFTER: Duration = Duration::from_secs(10);
/// The time after which a query without an answer is repeated.
const QUERY_TIMEOUT: Duration = Duration::from_secs(10);
/// The time for which `online` and `unavailable` are shown without news. The homeserver may be
/// unreachable.
const SHOWN_FOR: Duration = Duration::from_secs(300);
/// The maximum number of queries at the same time. Further users are queried a moment later.
const MAX_PARALLEL_QUERIES: usize = 8;
/// The maximum number of queries that begin within one second, so that thousands of open pages do not
/// keep the homeserver busy.
const MAX_QUERIES_PER_SECOND: usize = 50;
/// The maximum number of users in memory. Above it, the users with the oldest news are forgotten, and
/// queried again if somebody looks at them.
const MAX_USERS: usize = 100_000;

/// The presence of a Matrix user (Client-Server API, "Presence").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Online {
    /// Whether the state is `online`.
    pub is_online: bool,
    /// Whether the state is `unavailable`: connected, but idle.
    pub is_idle: bool,
    /// The time of the last activity, in milliseconds since 1970, if the homeserver states it.
    pub last_active_at: Option<i64>,
}

/// A query to the homeserver about one user. Dropping it means that there was no answer.
#[derive(Debug)]
pub struct Query {
    moment: Moment,
    user: String,
    /// The value of [`Known::updates`] when the query began.
    updates_before: u64,
    answer: Option<Online>,
}

impl Query {
    /// Ends the query with the homeserver's answer.
    pub fn answered(mut self, answer: Online) {
        self.answer = Some(answer);
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        let mut inner = self.moment.inner();
        inner.presence.answered(&self.user, self.updates_before, self.answer, Instant::now());
    }
}

impl Moment {
    /// Stores the presence of a user that the homeserver pushed.
    pub fn set_online(&self, user: &str, online: Online) {
        self.inner().presence.pushed(user, online, Instant::now());
    }

    /// Returns the presence of a user, if it is known.
    pub fn online(&self, user: &str) -> Option<Online> {
        self.inner().presence.of(user, Instant::now())
    }

    /// Begins a query about a user, or returns none if there are recent news of the user, a query about
    /// them has begun already, or too many queries run.
    pub fn ask_about(&self, user: &str) -> Option<Query> {
        let updates_before = self.inner().presence.ask(user, Instant::now())?;
        Some(Query { moment: self.clone(), user: user.to_owned(), updates_before, answer: None })
    }
}

/// The known presence of users.
#[derive(Debug, Default)]
pub(super) struct Presences {
    users: HashMap<String, Known>,
    /// The number of queries that run.
    queries: usize,
    /// The beginning of the current second, and the number of queries that began in it.
    second: Option<(Instant, usize)>,
}

#[derive(Debug, Default)]
struct Known {
    online: Option<Online>,
    /// The number of updates, by pushes and by answers that counted.
    updates: u64,
    updated_at: Option<Instant>,
    asked_at: Option<Instant>,
}

impl Known {
    fn update(&mut self, online: Online, now: Instant) {
        self.online = Some(online);
        self.updates += 1;
        self.updated_at = Some(now);
        self.asked_at = None;
    }
}

impl Presences {
    fn of(&self, user: &str, now: Instant) -> Option<Online> {
        let known = self.users.get(user)?;
        let is_shown = is_within(known.updated_at, SHOWN_FOR, now);
        // When an absent user was last active stays true.
        known.online.filter(|online| is_shown || !(online.is_online || online.is_idle))
    }

    /// Stores a pushed presence. It is newer than the answer to any query that began before.
    fn pushed(&mut self, user: &str, online: Online, now: Instant) {
        self.make_room();
        self.users.entry(user.to_owned()).or_default().update(online, now);
    }

    /// Begins a query about this user and returns the user's number of updates so far. Returns none if
    /// the known presence is recent, a query about the user runs, or too many queries run.
    fn ask(&mut self, user: &str, now: Instant) -> Option<u64> {
        let (began, count) = match self.second {
            Some((began, count)) if now.duration_since(began) < Duration::from_secs(1) => {
                (began, count)
            }
            _ => (now, 0),
        };
        if self.queries >= MAX_PARALLEL_QUERIES || count >= MAX_QUERIES_PER_SECOND {
            return None;
        }
        self.make_room();
        let known = self.users.entry(user.to_owned()).or_default();
        if is_within(known.updated_at, REFRESH_AFTER, now)
            || is_within(known.asked_at, QUERY_TIMEOUT, now)
        {
            return None;
        }
        known.asked_at = Some(now);
        self.queries += 1;
        self.second = Some((began, count + 1));
        Some(known.updates)
    }

    /// Ends a query. Stores its answer, unless there was an update since the query began. Without an
    /// answer, the known presence stays, and is not queried again at once.
    fn answered(&mut self, user: &str, updates_before: u64, answer: Option<Online>, now: Instant) {
        self.queries = self.queries.saturating_sub(1);
        let known = self.users.get_mut(user).filter(|known| known.updates == updates_before);
        if let (Some(known), Some(online)) = (known, answer) {
            known.update(online, now);
        }
    }

    /// Forgets the half of the users with the oldest news if there are too many.
    fn make_room(&mut self) {
        if self.users.len() < MAX_USERS {
            return;
        }
        let mut times: Vec<_> = self.users.values().map(|known| known.updated_at).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        self.users.retain(|_, known| known.updated_at > median);
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
    fn an_answer_to_an_older_query_does_not_overwrite_newer_news() {
        let moment = Moment::default();
        let query = moment.ask_about(USER).unwrap();
        moment.set_online(USER, ONLINE);
        query.answered(AWAY);
        assert_eq!(moment.online(USER), Some(ONLINE));
    }

    #[test]
    fn an_answer_counts_without_news_in_the_meantime() {
        let (mut known, now) = (Presences::default(), Instant::now());
        known.pushed(USER, ONLINE, now);
        let later = now + REFRESH_AFTER;
        let query = known.ask(USER, later).unwrap();
        known.pushed("@b:x.org", ONLINE, later);
        known.answered(USER, query, Some(AWAY), later);
        assert_eq!(known.of(USER, later), Some(AWAY));
    }

    #[test]
    fn of_two_queries_the_newer_one_counts_in_any_order_of_answers() {
        let (mut known, now) = (Presences::default(), Instant::now());
        let older = known.ask(USER, now).unwrap();
        let later = now + QUERY_TIMEOUT;
        let newer = known.ask(USER, later).unwrap();
        known.answered(USER, newer, Some(ONLINE), later);
        known.answered(USER, older, Some(AWAY), later);
        assert_eq!(known.of(USER, later), Some(ONLINE));
    }

    #[test]
    fn only_one_query_about_a_user_runs_and_only_if_the_news_are_old() {
        let (mut known, now) = (Presences::default(), Instant::now());
        let query = known.ask(USER, now).unwrap();
        assert!(known.ask(USER, now).is_none());
        known.answered(USER, query, Some(ONLINE), now);
        assert!(known.ask(USER, now).is_none());
        assert!(known.ask(USER, now + REFRESH_AFTER).is_some());
    }

    #[test]
    fn without_an_answer_a_query_is_repeated_only_after_its_timeout() {
        let moment = Moment::default();
        drop(moment.ask_about(USER).unwrap());
        assert_eq!(moment.online(USER), None);
        assert!(moment.ask_about(USER).is_none());
        let mut inner = moment.inner();
        assert_eq!(inner.presence.queries, 0);
        assert!(inner.presence.ask(USER, Instant::now() + QUERY_TIMEOUT).is_some());
    }

    #[test]
    fn without_news_nobody_is_shown_as_online_for_long() {
        let (mut known, now) = (Presences::default(), Instant::now());
        known.pushed(USER, ONLINE, now);
        known.pushed("@b:x.org", AWAY, now);
        assert_eq!(known.of(USER, now + SHOWN_FOR), None);
        assert_eq!(known.of("@b:x.org", now + SHOWN_FOR), Some(AWAY));
    }

    #[test]
    fn the_number_of_queries_is_limited_at_the_same_time_and_in_each_second() {
        let (mut known, now) = (Presences::default(), Instant::now());
        let user = |number| format!("@{number}:x.org");
        for number in 0..MAX_PARALLEL_QUERIES {
            known.ask(&user(number), now).unwrap();
        }
        assert!(known.ask(&user(MAX_PARALLEL_QUERIES), now).is_none());
        for number in MAX_PARALLEL_QUERIES..MAX_QUERIES_PER_SECOND {
            known.answered(&user(number - MAX_PARALLEL_QUERIES), 0, None, now);
            known.ask(&user(number), now).unwrap();
        }
        known.answered(&user(MAX_QUERIES_PER_SECOND - 1), 0, None, now);
        assert!(known.ask(&user(MAX_QUERIES_PER_SECOND), now).is_none());
        let later = now + Duration::from_secs(1);
        assert!(known.ask(&user(MAX_QUERIES_PER_SECOND), later).is_some());
    }

    #[test]
    fn the_number_of_users_in_memory_is_limited() {
        let (mut known, now) = (Presences::default(), Instant::now());
        for number in 0..=MAX_USERS {
            let at = now + Duration::from_nanos(u64::try_from(number).unwrap());
            known.pushed(&format!("@{number}:x.org"), ONLINE, at);
        }
        assert!(known.users.len() <= MAX_USERS);
        assert!(known.of(&format!("@{MAX_USERS}:x.org"), now).is_some());
    }
}
