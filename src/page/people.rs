//! The contacts of both parties: what each of them is responsible for, where a message reaches them, and whether they
//! are present.

use std::time::Duration;

use ruma::{OwnedUserId, UserId};
use ulid::Ulid;

use super::PageState;
use super::cast::{contact_name, stranger_name};
use super::model::{Choice, Person, Presence, Reach};
use super::session::Session;
use crate::moment::Online;
use crate::record::plain_name;
use crate::room::Guest;
use crate::room::message_content::Addressee;
use crate::store::{RoomMember, Silence, StoreError, Surroundings, folded};
use crate::transaction::{Contact, PartyRole, Visitor};

/// How long the homeserver may take to answer a question about presence.
const PRESENCE_TIMEOUT: Duration = Duration::from_secs(5);

/// The contacts of the other party, then those of the visitor's, each in the order in which the shop named them.
#[derive(Clone, Debug)]
pub(super) struct Contacts {
    transaction: Ulid,
    contacts: Vec<Reachable>,
    /// The others in the room, whom nobody but themselves has named: a Matrix ID, and a name with it.
    strangers: Vec<(String, String)>,
}

/// A contact, and where they can be reached.
#[derive(Clone, Debug)]
struct Reachable {
    name: String,
    role: PartyRole,
    duty: Option<String>,
    account: Option<OwnedUserId>,
    /// The e-mail address, if it is what reaches them.
    email: Option<String>,
    guest: OwnedUserId,
    reach: Reach,
}

impl Contacts {
    /// Returns the contacts as the visitor of this session sees them.
    pub(super) fn of(state: &PageState, session: &Session, members: &[RoomMember]) -> Self {
        let Session { transaction, visitor, .. } = session;
        let server = &state.config.homeserver.domain;
        let locale = state.config.locale_of(transaction);
        let sends_mails = state.config.mail.smtp.is_some();
        let reachable = |role: PartyRole, contact: &Contact| {
            let them = Visitor { role, contact: Some(contact.clone()) };
            let guest = Guest::of(transaction.id, &transaction.terms, &them, server, &locale)?;
            let reach = reach(contact, members, sends_mails);
            Some(Reachable {
                name: contact_name(contact, members),
                role,
                duty: contact.duty.clone(),
                account: contact.matrix.clone(),
                email: contact.email.clone().filter(|_| reach == Reach::Email),
                guest: guest.user_id,
                reach,
            })
        };
        let of_party = |role: PartyRole| {
            let contacts = transaction.terms.party(role).contacts.iter();
            contacts.filter_map(move |contact| reachable(role, contact))
        };
        let contacts = of_party(visitor.role.other()).chain(of_party(visitor.role)).collect();
        Self { transaction: transaction.id, contacts, strangers: Vec::new() }
    }

    /// Returns the contacts with the others in the room: those of these who are not the bot.
    pub(super) fn with_strangers(mut self, state: &PageState, strangers: &[RoomMember]) -> Self {
        let bot = state.config.bot_user_id();
        let strangers = strangers.iter().filter(|it| it.user_id != bot.as_str());
        self.strangers = strangers.map(|it| (it.user_id.clone(), stranger_name(it))).collect();
        self
    }

    /// Returns the contacts with where those are reached to whom the shop does not write any more.
    pub(super) async fn with_silenced(
        mut self,
        state: &PageState,
        session: &Session,
    ) -> Result<Self, StoreError> {
        let addresses = self.contacts.iter().filter_map(|it| it.email.as_deref());
        let silenced = state.store.silenced(&session.transaction.shop, addresses).await?;
        for contact in &mut self.contacts {
            let address = contact.email.as_deref().map(folded);
            if let Some((because, _)) = address.and_then(|it| silenced.get(&it)) {
                contact.reach = without_mails(*because, session.visitor.role);
            }
        }
        Ok(self)
    }

    /// Returns the contacts with their current presence, and then the others in the room.
    pub(super) fn people(&self, state: &PageState) -> Vec<Person> {
        let person = |it: &Reachable| Person {
            guest: it.guest.to_string(),
            name: it.name.clone(),
            role: Some(it.role),
            duty: it.duty.clone(),
            reach: it.reach,
            presence: self.presence(state, it),
        };
        let stranger = |(user, name): &(String, String)| Person {
            guest: user.clone(),
            name: name.clone(),
            role: None,
            duty: None,
            reach: Reach::InRoom,
            presence: Presence::Unknown,
        };
        let strangers = self.strangers.iter().map(stranger);
        self.contacts.iter().map(person).chain(strangers).collect()
    }

    /// Returns those to whom somebody can address a message: each contact, and each duty that several contacts of a party
    /// have. `own` is the guest of the visitor, who is left out.
    pub(super) fn addressees(&self, own: &UserId) -> Vec<Choice> {
        let others: Vec<&Reachable> = self.contacts.iter().filter(|it| it.guest != own).collect();
        let mut choices = Vec::new();
        for (place, contact) in others.iter().enumerate() {
            let has_same_duty =
                |it: &&&Reachable| it.role == contact.role && it.duty == contact.duty;
            if let Some(duty) = contact.duty.as_deref().and_then(plain_name) {
                let users: Vec<_> =
                    others.iter().filter(has_same_duty).map(|it| it.user()).collect();
                let is_first = !others[..place].iter().any(|it| has_same_duty(&it));
                if users.len() > 1 && is_first {
                    let id = format!("{} {duty}", contact.role.as_str());
                    let to = Addressee::new(&duty, users);
                    choices.push(Choice { id, role: contact.role, duty: None, to });
                }
            }
            let to = Addressee::new(&contact.name, vec![contact.user()]);
            let (id, duty) = (contact.guest.to_string(), contact.duty.clone());
            choices.push(Choice { id, role: contact.role, duty, to });
        }
        choices
    }

    fn presence(&self, state: &PageState, contact: &Reachable) -> Presence {
        if state.moment.is_looking(self.transaction, contact.guest.as_str()) {
            return Presence::Here;
        }
        match contact.account.as_ref().and_then(|account| state.moment.online(account.as_str())) {
            Some(Online { is_online: true, .. }) => Presence::Online,
            Some(Online { is_idle: true, .. }) => Presence::Away,
            Some(Online { last_active_at, .. }) => Presence::Offline(last_active_at),
            None => Presence::Unknown,
        }
    }

    /// Asks the homeserver, in the background, about the contacts of whom nothing was heard lately.
    /// The answer is shown the next time that the presence is read. Nothing depends on it. If
    /// several pages show the same contact, only one of them asks.
    pub(super) fn ask(&self, state: &PageState) {
        for account in self.contacts.iter().filter_map(|it| it.account.clone()) {
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

impl Reachable {
    /// Returns the user who is mentioned when they are addressed: their account if it is in the room or invited, or else
    /// their guest.
    fn user(&self) -> OwnedUserId {
        let is_there = matches!(self.reach, Reach::InRoom | Reach::Invited);
        self.account.as_ref().filter(|_| is_there).unwrap_or(&self.guest).clone()
    }
}

/// Returns to whom of `choices` a message with this text and these mentions was addressed, and the text without their name.
/// Their users may be others since then, so the name counts, and only of several with one name the users. What mentions nobody
/// is addressed to nobody.
pub(super) fn addressed<'a>(
    choices: &'a [Choice],
    text: &'a str,
    mentioned: &[String],
) -> Option<(&'a Choice, &'a str)> {
    let named = choices.iter().filter_map(|it| Some((it, it.to.without_name(text)?)));
    named.filter(|_| !mentioned.is_empty()).max_by_key(|(it, _)| it.to.are(mentioned))
}

/// Returns where a message reaches a contact. `sends_mails`: whether a mail server is configured.
fn reach(contact: &Contact, members: &[RoomMember], sends_mails: bool) -> Reach {
    let Some(account) = &contact.matrix else {
        return if contact.email.is_some() && sends_mails { Reach::Email } else { Reach::Page };
    };
    let member = members.iter().find(|it| it.user_id == account.as_str());
    match member.and_then(|it| it.membership.as_deref()) {
        Some("join") => Reach::InRoom,
        Some("invite") => Reach::Invited,
        _ => Reach::NotInRoom,
    }
}

/// Returns where a contact is reached to whom the shop does not write any more, as a party sees it. Why that is so is for the
/// seller alone, who can change it.
fn without_mails(because: Silence, seen_by: PartyRole) -> Reach {
    match (seen_by, because) {
        (PartyRole::Seller, Silence::Asked) => Reach::NoMails,
        (PartyRole::Seller, Silence::Bounced) => Reach::Undeliverable,
        (PartyRole::Buyer, _) => Reach::Page,
    }
}

/// Returns how long the other party usually takes to reply, in milliseconds: a seller to all of their buyers, and a buyer in
/// this transaction.
pub(super) fn replies_in(surroundings: &Surroundings, session: &Session) -> Option<i64> {
    match session.visitor.role {
        PartyRole::Buyer => surroundings.seller_replies_in,
        PartyRole::Seller => surroundings.buyer_replies_in,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_reached_where_they_are() {
        let contact = |matrix: Option<&str>, email: Option<&str>| Contact {
            name: Some("Sam".to_owned()),
            matrix: matrix.map(|it| it.try_into().unwrap()),
            email: email.map(str::to_owned),
            duty: None,
        };
        let account = Some("@sam:example.org");
        let member = |membership: Option<&str>| RoomMember {
            user_id: "@sam:example.org".to_owned(),
            membership: membership.map(str::to_owned),
            display_name: None,
        };
        for (contact, membership, expected) in [
            (contact(account, None), Some("join"), Reach::InRoom),
            (contact(account, Some("sam@x.org")), Some("invite"), Reach::Invited),
            (contact(account, None), Some("leave"), Reach::NotInRoom),
            (contact(account, None), None, Reach::NotInRoom),
            (contact(None, Some("sam@x.org")), Some("join"), Reach::Email),
            (contact(None, None), None, Reach::Page),
        ] {
            assert_eq!(reach(&contact, &[member(membership)], true), expected, "{contact:?}");
        }
        assert_eq!(reach(&contact(account, None), &[], true), Reach::NotInRoom);
        assert_eq!(reach(&contact(None, Some("sam@x.org")), &[], false), Reach::Page);
    }

    #[test]
    fn one_can_address_each_other_contact_and_a_duty_of_several() {
        let user = |name: &str| OwnedUserId::try_from(format!("@{name}:example.org")).unwrap();
        let contact = |name: &str, role, duty: Option<&str>| Reachable {
            name: name.to_owned(),
            role,
            duty: duty.map(str::to_owned),
            email: None,
            account: ["Sam", "Rita"].contains(&name).then(|| user(&name.to_lowercase())),
            guest: user(&format!("guest_{name}")),
            reach: if name == "Sam" { Reach::Invited } else { Reach::NotInRoom },
        };
        use PartyRole::{Buyer, Seller};
        let contacts = vec![
            contact("Sam", Seller, Some("sales")),
            contact("Rita", Seller, Some("accounts receivable")),
            contact("Tom", Seller, Some("sales")),
            contact("Bea", Buyer, Some("sales")),
            contact("Kim", Buyer, None),
        ];
        let contacts = Contacts { transaction: Ulid::nil(), contacts, strangers: Vec::new() };
        let choices = contacts.addressees(&user("guest_Bea"));
        let shown: Vec<_> = choices.iter().map(|it| (it.id.as_str(), it.to.name())).collect();
        assert_eq!(
            shown,
            [
                ("seller sales", "sales"),
                ("@guest_Sam:example.org", "Sam"),
                ("@guest_Rita:example.org", "Rita"),
                ("@guest_Tom:example.org", "Tom"),
                ("@guest_Kim:example.org", "Kim"),
            ]
        );
        let mentions = |users: &[OwnedUserId]| serde_json::json!({ "user_ids": users });
        assert_eq!(choices[0].to.mentions(), mentions(&[user("sam"), user("guest_Tom")]));
        assert_eq!(choices[1].to.mentions(), mentions(&[user("sam")]));
        // Her account is not in the room.
        assert_eq!(choices[2].to.mentions(), mentions(&[user("guest_Rita")]));
    }

    #[test]
    fn the_addressee_of_a_message_is_found_by_their_name_if_it_mentions_somebody() {
        let choice = |name: &str, user: &str| Choice {
            id: user.to_owned(),
            role: PartyRole::Seller,
            duty: None,
            to: Addressee::new(name, vec![OwnedUserId::try_from(user).unwrap()]),
        };
        let choices =
            [choice("Rita", "@a:x.org"), choice("Rita", "@b:x.org"), choice("Tom", "@c:x.org")];
        let found = |text: &str, mentioned: &[&str]| {
            let mentioned: Vec<_> = mentioned.iter().map(|it| (*it).to_owned()).collect();
            let found = addressed(&choices, text, &mentioned);
            found.map(|(it, rest)| (it.id.clone(), rest.to_owned()))
        };
        let expected = |user: &str| Some((user.to_owned(), "when?".to_owned()));
        assert_eq!(found("Rita: when?", &["@a:x.org"]), expected("@a:x.org"));
        assert_eq!(found("Rita: when?", &["@b:x.org"]), expected("@b:x.org"));
        assert_eq!(found("Tom: when?", &["@guest_of_tom:x.org"]), expected("@c:x.org"));
        assert_eq!(found("Tom: when?", &[]), None, "written by hand");
        assert_eq!(found("When?", &["@c:x.org"]), None, "addressed to nobody any more");
    }
}
