//! Puts the words of a mail together, from the record as it is at that moment.

use std::time::SystemTime;

use lettre::Message;
use ulid::Ulid;

use super::Mailer;
use super::remind::is_asked;
use crate::access::Origin;
use crate::link::token::{Purpose, grant_id};
use crate::link::{NoLink, link_of_contact};
use crate::mail::address::reply_address;
use crate::mail::{Letter, NoLetter, Said, Told, What, content, letter, said};
use crate::record::{Entry, conversation};
use crate::store::{DueMail, MailContact, MailKind, StoreError, folded};
use crate::transaction::Transaction;

/// The greatest number of messages in a mail. The others are on the page.
const MAX_SAID: i64 = 20;

impl Mailer {
    /// Returns a mail as it is sent now. None: there is nothing to say any more, or nobody to say it to.
    pub(super) async fn put_together(
        &self,
        mail: &DueMail,
    ) -> Result<Result<Option<Message>, NoLetter>, StoreError> {
        let Some(contact) = self.store.mail_contact(mail.contact).await? else {
            return Ok(Ok(None));
        };
        let Some(transaction) = self.store.transaction(contact.transaction).await? else {
            return Ok(Ok(None));
        };
        let address = contact.address.as_str();
        let silenced = self.store.silenced(&transaction.shop, [address].into_iter()).await?;
        let guest = self.guest(&transaction, &contact);
        let guest = guest.filter(|_| !silenced.contains_key(&folded(address)));
        let Some(guest) = guest else { return Ok(Ok(None)) };
        let (said, earlier) = match mail.kind {
            MailKind::Words { from, to } => {
                self.said(&transaction, (from, to), guest.user_id.as_str()).await?
            }
            MailKind::Link | MailKind::Invitation | MailKind::Reminder { .. } => (Vec::new(), 0),
        };
        let standing = self.config.standing(&transaction);
        let what = match mail.kind {
            MailKind::Words { .. } => What::Words { said: &said, earlier },
            MailKind::Link => What::Link,
            MailKind::Invitation => What::Invitation,
            MailKind::Reminder { due_date, .. } if !is_asked(&standing, due_date) => {
                return Ok(Ok(None));
            }
            MailKind::Reminder { due_date, .. } => What::Reminder { due_date },
        };
        if matches!(what, What::Words { said: [], .. }) {
            return Ok(Ok(None));
        }
        let (link, is_personal) = self.link(mail.id, &transaction, &contact).await?;
        let unsubscribe = self.unsubscribe_link(contact.id);
        let replies = self.config.mail.replies.as_ref();
        let reply_to = replies.map(|it| reply_address(&self.key, contact.id, it));
        let look = self.config.look(&transaction.shop);
        let content = content(&Told {
            transaction: &transaction,
            reader: address,
            what,
            link: &link,
            is_personal,
            can_answer: replies.is_some(),
            unsubscribe: &unsubscribe,
            locale: &self.config.locale_of(&transaction),
            time_zone: &self.time_zone,
            standing: &standing,
            look,
            texts: &self.config.mail.texts,
        });
        let headers = Letter {
            id: mail.id,
            contact: contact.id,
            from: &self.from,
            to: address,
            reply_to: reply_to.as_deref(),
            reply_to_shop: look.and_then(|it| it.mail_reply_to.as_deref()),
            answered: contact.answered.as_deref(),
            unsubscribe: &unsubscribe,
            content: &content,
            at: SystemTime::now(),
        };
        Ok(letter(&headers, replies).map(Some))
    }

    /// Returns the last messages of a mail, oldest first, and the number of those before them.
    async fn said(
        &self,
        transaction: &Transaction,
        range: (i64, i64),
        guest: &str,
    ) -> Result<(Vec<Said>, i64), StoreError> {
        let id = transaction.id;
        let (mut entries, count) = self.store.said_by_others(id, range, guest, MAX_SAID).await?;
        let lines = i64::try_from(entries.len()).unwrap_or(i64::MAX);
        let events: Vec<String> = entries.iter().map(|it| it.fixed.event_id.clone()).collect();
        let about: Vec<Entry> = self.store.entries_about(id, &events).await?;
        entries.extend(about);
        let lines_of = conversation(&entries);
        let told = lines_of.iter().filter(|line| events.contains(&line.entry.fixed.event_id));
        let said = told.filter_map(|line| said(line, &transaction.terms)).collect();
        Ok((said, count.saturating_sub(lines)))
    }

    /// Returns the address of the page for a contact, and whether it lets its reader in. Each try of a mail has the same.
    async fn link(
        &self,
        mail: Ulid,
        transaction: &Transaction,
        contact: &MailContact,
    ) -> Result<(String, bool), StoreError> {
        let id = grant_id(&format!("mail\0{mail}"));
        let of = (contact.role, contact.address.as_str());
        let origin = Origin::Mail { actor: contact.role.as_str().to_owned() };
        let link =
            link_of_contact(&self.store, &self.config, &self.key, transaction, of, id, &origin);
        match link.await {
            Ok(link) => Ok((link.url, true)),
            Err(NoLink::Store(error)) => Err(error),
            // It was revoked, or has expired: the page itself says what to do.
            Err(_) => Ok((self.config.page_link(transaction.id).unwrap_or_default(), false)),
        }
    }

    /// Returns the address that ends the mails to a contact.
    fn unsubscribe_link(&self, contact: Ulid) -> String {
        let token = self.key.sign(Purpose::Unsubscribe, &[contact]);
        self.config.unsubscribe_link(token).unwrap_or_default()
    }
}
