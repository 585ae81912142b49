//! Finds out who has something to read, and makes mails of what they did not read in time.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::Mailer;
use crate::clock::now;
use crate::logging::Failures;
use crate::room::{Guest, speaker};
use crate::store::{LinkRequest, MailContact, StoreError, folded, is_unreadable};
use crate::transaction::Transaction;

/// The shortest time between two looks. What is said within it is followed together.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The greatest number of contacts who are looked at before the events are followed further.
const CONTACTS_AT_ONCE: i64 = 100;
/// The greatest number of links that are sent before the events are followed further.
const ASKED_AT_ONCE: i64 = 100;
/// The number of milliseconds in a minute.
const MINUTE_MS: i64 = 60_000;

/// Follows the events, and makes mails, until `stop`.
pub(super) async fn follow_forever(mailer: Arc<Mailer>, stop: CancellationToken) {
    let store = &mailer.store;
    let mut failures = Failures::default();
    let mut hints = store.hints().events.watch();
    while !stop.is_cancelled() {
        hints.mark_unchanged();
        let pause = match mailer.follow().await {
            Ok(pause) => {
                failures.reset();
                pause
            }
            Err(error) => {
                if failures.should_log(error.to_string()) {
                    tracing::error!(%error, "who is written to by e-mail cannot be found out; retrying");
                }
                SHORTEST_PAUSE
            }
        };
        tokio::select! {
            _ = hints.changed() => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(SHORTEST_PAUSE.min(pause)) => {}
            () = stop.cancelled() => return,
        }
    }
}

impl Mailer {
    /// Follows the next events, and looks at those who are due. Returns when to do so again if there is no hint.
    async fn follow(&self) -> Result<Duration, StoreError> {
        let unread_ms = i64::from(self.config.mail.unread_minutes) * MINUTE_MS;
        let is_more =
            self.store.follow_events_for_mails(unread_ms, self.config.mail.invite).await?;
        let asked = self.store.link_requests_by_mail(ASKED_AT_ONCE).await?;
        for (id, request) in &asked {
            match self.answer(*id, request).await {
                Err(error) if is_unreadable(&error) => {
                    tracing::error!(%error, transaction = %id, "who asks for a link by e-mail cannot be read");
                    self.store.forget_link_request(*id, &request.user_id).await?;
                }
                answered => answered?,
            }
        }
        if !asked.is_empty() {
            self.made.notify_one();
        }
        if self.is_quiet() {
            // Whoever is due may still read it on the page.
            return Ok(if is_more { Duration::ZERO } else { self.store.hints().patience() });
        }
        let due = self.store.due_mail_contacts(CONTACTS_AT_ONCE).await?;
        let are_all = i64::try_from(due.len()).is_ok_and(|count| count < CONTACTS_AT_ONCE);
        for contact in due {
            match self.guest_to_tell(&contact).await {
                Ok(guest) => self.store.settle_mail_contact(&contact, guest.as_deref()).await?,
                Err(error) if is_unreadable(&error) => {
                    self.store.put_mail_contact_off(contact.id, &error).await?;
                }
                Err(error) => return Err(error),
            }
        }
        if is_more || !are_all {
            return Ok(Duration::ZERO);
        }
        self.store.pause_of_mails(SHORTEST_PAUSE).await
    }

    /// Whether nobody is written to now who does not wait for it.
    pub(super) fn is_quiet(&self) -> bool {
        let hours = self.config.mail.quiet_hours;
        hours.is_some_and(|hours| hours.end(now(), &self.time_zone).is_some())
    }

    /// Makes a mail of a link that was asked for, if the address is that of a contact who is written to.
    async fn answer(&self, id: Ulid, request: &LinkRequest) -> Result<(), StoreError> {
        let asked = folded(&request.user_id);
        let transaction = self.store.transaction(id).await?;
        let contact = transaction.as_ref().and_then(|transaction| {
            let mut contacts = transaction.terms.mail_contacts();
            Some((transaction, contacts.find(|(_, address)| folded(address) == asked)?))
        });
        if let Some((transaction, contact)) = contact {
            let silenced = self.store.silenced(&transaction.shop, [contact.1].into_iter()).await?;
            if silenced.is_empty() {
                return self.store.answer_link_request_by_mail(id, request, contact).await;
            }
        }
        self.store.forget_link_request(id, &request.user_id).await
    }

    /// Returns the guest as whom a contact reads on the page. None: they are not written to any more.
    async fn guest_to_tell(&self, contact: &MailContact) -> Result<Option<String>, StoreError> {
        let Some(transaction) = self.store.transaction(contact.transaction).await? else {
            return Ok(None);
        };
        let address = contact.address.as_str();
        let silenced = self.store.silenced(&transaction.shop, [address].into_iter()).await?;
        if silenced.contains_key(&folded(address)) {
            return Ok(None);
        }
        Ok(self.guest(&transaction, contact).map(|guest| guest.user_id.to_string()))
    }

    /// Returns the guest of a contact, or none if the shop does not name the contact any more.
    pub(super) fn guest(&self, transaction: &Transaction, contact: &MailContact) -> Option<Guest> {
        let address = Some(contact.address.as_str());
        speaker(&self.config, transaction, contact.role, address).map(|(_, guest)| guest)
    }
}
