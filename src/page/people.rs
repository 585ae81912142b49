//! The contacts of the other party: what each of them is responsible for, and whether they are
//! present.

use std::time::Duration;

use ruma::OwnedUserId;
use ulid::Ulid;

use super::PageState;
use super::model::{Person, Presence};
use super::session::Session;
use crate::moment::Online;
use crate::record::plain_name;
use crate::room::Guest;
use crate::store::StoreError;
use crate::transaction::{Contact, PartyRole, Visitor};

/// The number of the last lines from which the usual reply time is computed.
pub(super) const LINES_FOR_REPLY_TIME: i64 = 200;
/// The least number of replies that is needed for a usual reply time.
const MIN_REPLIES: usize = 3;
/// How long the homeserver may take to answer a question about presence.
const PRESENCE_TIMEOUT: Duration = Duration::from_secs(5);

/// The contacts of the other party, in the order in which the shop named them.
#[derive(Clone, Debug)]
pub(super) struct Others {
    transaction: Ulid,
    contacts: Vec<Other>,
}

#[derive(Clone, Debug)]
struct Other {
    name: String,
    role: PartyRole,
    duty: Option<String>,
    account: Option<OwnedUserId>,
    guest: Option<OwnedUserId>,
}

impl Others {
    /// Returns the contacts as the visitor of this session sees them.
    pub(super) fn of(state: &PageState, session: &Session) -> Self {
        let Session { transaction, visitor, .. } = session;
        let role = visitor.role.other();
        let server = &state.config.homeserver.domain;
        let locale = state.config.locale_of(transaction);
        let other = |contact: &Contact| {
            let them = Visitor { role, contact: Some(contact.clone()) };
            let guest = Guest::of(transaction.id, &transaction.terms, &them, server, &locale);
            Other {
                name: plain_name(contact.shown_name()).unwrap_or_default(),
                role,
                duty: contact.duty.clone(),
                account: contact.matrix.clone(),
                guest: guest.map(|guest| guest.user_id),
            }
        };
        let contacts = transaction.terms.party(role).contacts.iter().map(other).collect();
        Self { transaction: transaction.id, contacts }
    }

    /// Returns the contacts with their current presence.
    pub(super) fn people(&self, state: &PageState) -> Vec<Person> {
        let person = |other: &Other| Person {
            name: other.name.clone(),
            role: other.role,
            duty: other.duty.clone(),
            presence: self.presence(state, other),
        };
        self.contacts.iter().map(person).collect()
    }

    fn presence(&self, state: &PageState, other: &Other) -> Presence {
        let is_here =
            |guest: &OwnedUserId| state.moment.is_looking(self.transaction, guest.as_str());
        if other.guest.as_ref().is_some_and(is_here) {
            return Presence::Here;
        }
        match other.account.as_ref().and_then(|account| state.moment.online(account.as_str())) {
            Some(Online { is_online: true, .. }) => Presence::Online,
            Some(Online { is_idle: true, .. }) => Presence::Idle,
            Some(Online { last_active_at, .. }) => Presence::Away(last_active_at),
            None => Presence::Unknown,
        }
    }

    /// Asks the homeserver, in the background, about the contacts of whom nothing was heard lately.
    /// The answer is shown the next time that the presence is read. Nothing depends on it. If
    /// several pages show the same contact, only one of them asks.
    pub(super) fn ask(&self, state: &PageState) {
        for account in self.contacts.iter().filter_map(|other| other.account.clone()) {
            let Some(question) = state.moment.ask_about(account.as_str()) else { continue };
            let homeserver = state.homeserver.clone();
            tokio::spawn(async move {
                let asked =
                    tokio::time::timeout(PRESENCE_TIMEOUT, homeserver.presence(&account)).await;
                if let Ok(Ok(online)) = asked {
                    question.answered(online);
                }
            });
        }
    }
}

/// Returns how long the other party usually takes to reply, in milliseconds. It is the median, and
/// `None` if there are too few replies.
pub(super) async fn usual_reply_time(
    state: &PageState,
    session: &Session,
) -> Result<Option<i64>, StoreError> {
    let turns =
        state.store.parties_of_last_lines(session.transaction.id, LINES_FOR_REPLY_TIME).await?;
    Ok(reply_time_in(&turns, session))
}

/// Computes how long the other party usually takes to reply, in milliseconds, from the last
/// [`LINES_FOR_REPLY_TIME`] turns.
pub(super) fn reply_time_in(turns: &[(String, i64)], session: &Session) -> Option<i64> {
    median_reply_time(turns, session.visitor.role.other().as_str())
}

/// Computes the median reply time of `party`. `turns` has the party and the time of each line,
/// newest first.
fn median_reply_time(turns: &[(String, i64)], party: &str) -> Option<i64> {
    let mut delays = Vec::new();
    let mut waiting_since: Option<i64> = None;
    for (speaker, at) in turns.iter().rev() {
        if speaker == party {
            delays.extend(waiting_since.take().map(|since| (at - since).max(0)));
        } else {
            waiting_since.get_or_insert(*at);
        }
    }
    delays.sort_unstable();
    (delays.len() >= MIN_REPLIES).then(|| delays.get(delays.len() / 2).copied()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(turns: &[(&str, i64)]) -> Vec<(String, i64)> {
        turns.iter().rev().map(|(who, at)| ((*who).to_owned(), *at)).collect()
    }

    #[test]
    fn a_reply_time_begins_with_the_first_unanswered_line() {
        let turns = turns(&[
            ("seller", 0),
            ("buyer", 10),
            ("buyer", 20),
            ("seller", 110),
            ("seller", 200),
            ("buyer", 300),
            ("seller", 310),
            ("buyer", 400),
            ("seller", 900),
            ("buyer", 1000),
        ]);
        assert_eq!(median_reply_time(&turns, "seller"), Some(100));
        assert_eq!(median_reply_time(&turns, "buyer"), Some(100));
    }

    #[test]
    fn too_few_replies_give_no_reply_time() {
        assert_eq!(median_reply_time(&turns(&[("buyer", 0), ("seller", 5)]), "seller"), None);
    }
}
