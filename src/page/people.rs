//! The other party's people: who to ask about what, and whether they are there.

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

/// How many of the last lines tell how long replies take.
const TURNS: i64 = 200;
/// From how many replies on they tell it.
const ENOUGH: usize = 3;
/// How long the homeserver may take to say whether somebody is there.
const PATIENCE: Duration = Duration::from_secs(5);

/// The other party's contacts, as the shop ordered them, and by what they are known.
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
    /// As one visitor sees them.
    pub(super) fn of(state: &PageState, session: &Session) -> Self {
        let Session { transaction, visitor, .. } = session;
        let role = visitor.role.other();
        let server = &state.config.homeserver.domain;
        let other = |contact: &Contact| {
            let them = Visitor { role, contact: Some(contact.clone()) };
            let guest = Guest::of(transaction.id, &transaction.terms, &them, server);
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

    /// Where they are now.
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

    /// Has the homeserver asked, in the background, about those of whom nobody told lately. What it
    /// answers is seen when somebody next asks who is there; nothing is lost if it never answers.
    /// Many pages may look at the same people: one question is asked for all of them.
    pub(super) fn ask(&self, state: &PageState) {
        for account in self.contacts.iter().filter_map(|other| other.account.clone()) {
            let Some(question) = state.moment.ask_about(account.as_str()) else { continue };
            let homeserver = state.homeserver.clone();
            tokio::spawn(async move {
                let asked = tokio::time::timeout(PATIENCE, homeserver.presence(&account)).await;
                if let Ok(Ok(online)) = asked {
                    question.answered(online);
                }
            });
        }
    }
}

/// How long the other party usually takes to reply, in milliseconds: the median, if there are
/// enough replies to tell.
pub(super) async fn replies_in(
    state: &PageState,
    session: &Session,
) -> Result<Option<i64>, StoreError> {
    let turns = state.store.parties_of_last_lines(session.transaction.id, TURNS).await?;
    Ok(usual_delay(&turns, session.visitor.role.other().as_str()))
}

/// From whose turns the lines were, newest first.
fn usual_delay(turns: &[(String, i64)], party: &str) -> Option<i64> {
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
    (delays.len() >= ENOUGH).then(|| delays.get(delays.len() / 2).copied()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(turns: &[(&str, i64)]) -> Vec<(String, i64)> {
        turns.iter().rev().map(|(who, at)| ((*who).to_owned(), *at)).collect()
    }

    #[test]
    fn a_reply_counts_from_the_first_line_that_waited_for_it() {
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
        assert_eq!(usual_delay(&turns, "seller"), Some(100));
        assert_eq!(usual_delay(&turns, "buyer"), Some(100));
    }

    #[test]
    fn few_replies_tell_nothing() {
        assert_eq!(usual_delay(&turns(&[("buyer", 0), ("seller", 5)]), "seller"), None);
    }
}
