//! What the task of a record tells its open pages.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use maud::Markup;
use serde_json::{Value, json};
use tokio::time::Instant;
use ulid::Ulid;

use crate::clock::now;
use crate::page::view::Closed;
use crate::store::GrantSession;

/// Stands for the id of the grant in what is told, because each page has another one. It is random,
/// so that nobody can write it into a message.
pub(super) static GRANT_PLACEHOLDER: LazyLock<Ulid> = LazyLock::new(Ulid::new);

/// What was found at one moment.
#[derive(Clone, Debug)]
pub(super) struct News {
    /// When reading began.
    pub(super) began: Instant,
    /// The grants at that moment. `None` if they were not read.
    pub(super) grants: Option<Arc<Grants>>,
    /// The seq after which the lines begin.
    pub(super) from: i64,
    /// The seq of the last entry that the lines cover.
    pub(super) upto: i64,
    /// The revision of the invoice.
    pub(super) revision: i64,
    /// What each face of the record shows, by the number of the face.
    pub(super) faces: HashMap<usize, FaceNews>,
}

/// What is new for one face of a record.
#[derive(Clone, Debug)]
pub(super) struct FaceNews {
    /// The reason why nobody may see the record with this face any more.
    pub(super) closed: Option<Closed>,
    /// The lines that are new or changed.
    pub(super) lines: Arc<[LineNews]>,
    /// The invoice at its revision, if it has changed since the first read.
    pub(super) invoice: Option<Arc<str>>,
    /// The parts of the page that are always sent as a whole.
    pub(super) parts: Vec<Part>,
}

impl News {
    /// Replaces a part of what a face shows.
    pub(super) fn replace(&mut self, face: usize, part: &Part) {
        let parts = self.faces.get_mut(&face).map(|face| &mut face.parts);
        let part_of_face = parts.and_then(|parts| parts.iter_mut().find(|it| it.name == part.name));
        if let Some(it) = part_of_face {
            it.clone_from(part);
        }
    }
}

impl FaceNews {
    pub(super) fn closed(why: Closed) -> Self {
        Self { closed: Some(why), lines: Arc::default(), invoice: None, parts: Vec::new() }
    }
}

/// A line, as the data of an event.
#[derive(Clone, Debug)]
pub(super) struct LineNews {
    /// The seq of the newest entry that changed the line; [`i64::MAX`] if no entry changed it.
    pub(super) seq: i64,
    pub(super) data: Arc<str>,
}

/// A part of the page that is sent as a whole whenever it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The name of the event.
    pub(super) name: &'static str,
    /// The data of the event.
    pub(super) data: Arc<str>,
}

impl Part {
    pub(super) fn new(name: &'static str, data: &Value) -> Self {
        Self { name, data: data.to_string().into() }
    }

    pub(super) fn html(name: &'static str, html: Markup) -> Self {
        Self::new(name, &json!({ "html": html.into_string() }))
    }

    /// Returns the part of a page that shows nobody typing, as a page that was just opened does.
    pub(super) fn nobody_typing() -> Self {
        static NOBODY: LazyLock<Arc<str>> =
            LazyLock::new(|| json!({ "text": "" }).to_string().into());
        Self { name: "typing", data: Arc::clone(&NOBODY) }
    }
}

/// The grants of a record at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Grants(HashMap<Ulid, Grant>);

#[derive(Debug, PartialEq, Eq)]
struct Grant {
    is_revoked: bool,
    /// Whether it had expired at that moment, so that its end alone is news.
    has_expired: bool,
    /// In milliseconds since 1970.
    expires_at: i64,
    sessions: BTreeSet<Ulid>,
}

impl Grants {
    pub(super) fn of(rows: Vec<GrantSession>) -> Self {
        Self::at(now(), rows)
    }

    fn at(now: i64, rows: Vec<GrantSession>) -> Self {
        let mut grants = HashMap::new();
        for GrantSession { grant, is_revoked, expires_at, session } in rows {
            let has_expired = expires_at <= now;
            let new = || Grant { is_revoked, has_expired, expires_at, sessions: BTreeSet::new() };
            grants.entry(grant).or_insert_with(new).sessions.extend(session);
        }
        Self(grants)
    }

    /// Returns why a session of a grant lets nobody in any more.
    pub(super) fn refusal(&self, grant: Ulid, session: Ulid) -> Option<Closed> {
        match self.0.get(&grant) {
            Some(grant) if grant.is_revoked => Some(Closed::Revoked),
            Some(grant) if grant.expires_at <= now() => Some(Closed::Expired),
            Some(grant) if grant.sessions.contains(&session) => None,
            Some(_) | None => Some(Closed::SignedOut),
        }
    }

    /// Returns when the next of these grants expires, in milliseconds since 1970.
    pub(super) fn next_end(&self) -> Option<i64> {
        let now = now();
        let ends = self.0.values().filter(|it| !it.is_revoked).map(|it| it.expires_at);
        ends.filter(|end| *end > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_grant_is_a_change_although_nobody_wrote_anything() {
        let end = now() + 60_000;
        let (grant, session) = (Ulid::new(), Some(Ulid::new()));
        let row = GrantSession { grant, is_revoked: false, expires_at: end, session };
        let grants = |at| Grants::at(at, vec![row.clone()]);
        assert_eq!(grants(end - 2), grants(end - 1));
        assert_ne!(grants(end - 1), grants(end));
        assert_eq!(grants(end - 1).next_end(), Some(end));
    }

    #[test]
    fn a_page_is_closed_for_the_reason_that_its_grant_lets_nobody_in() {
        let (session, end) = (Ulid::new(), now() + 60_000);
        let [open, revoked, expired, left] = [(); 4].map(|()| Ulid::new());
        let row = |grant, is_revoked, expires_at, session| GrantSession {
            grant,
            is_revoked,
            expires_at,
            session,
        };
        let grants = Grants::of(vec![
            row(open, false, end, Some(Ulid::new())),
            row(open, false, end, Some(session)),
            row(revoked, true, now() + 30_000, Some(session)),
            row(expired, false, now() - 1, Some(session)),
            row(left, false, end, None),
        ]);
        assert_eq!(grants.refusal(open, session), None);
        assert_eq!(grants.refusal(open, Ulid::new()), Some(Closed::SignedOut));
        assert_eq!(grants.refusal(revoked, session), Some(Closed::Revoked));
        assert_eq!(grants.refusal(expired, session), Some(Closed::Expired));
        assert_eq!(grants.refusal(left, session), Some(Closed::SignedOut));
        assert_eq!(grants.refusal(Ulid::new(), session), Some(Closed::SignedOut));
        assert_eq!(grants.next_end(), Some(end));
    }
}
