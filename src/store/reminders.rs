//! The mails that remind buyers of what is to be paid, which are made once a day.

use jiff::civil::Date;
use ulid::Ulid;

use super::columns::parse_id;
use super::mails::MailKind;
use super::{Store, StoreError, mail_contacts, mails};
use crate::transaction::PartyRole;

/// The name of the fact that holds the last day whose reminders were made.
pub(super) const REMINDED: &str = "mails_reminded";

/// The transactions of a shop whose invoice, as it is now, is due on a day.
const SELECT_DUE_ON: &str = "SELECT t.id FROM revisions r \
     JOIN transactions t ON t.id = r.transaction_id AND t.revision = r.revision \
     WHERE r.due_date = $1 AND r.transaction_id > $2 AND t.shop = $3 ORDER BY r.transaction_id LIMIT $4";

impl Store {
    /// Returns the last day whose reminders were made, if there is one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn reminded_upto(&self) -> Result<Option<Date>, StoreError> {
        Ok(self.fact(REMINDED).await?.and_then(|it| it.parse().ok()))
    }

    /// Notes that the reminders of all days up to this one were made.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn set_reminded_upto(&self, day: Date) -> Result<(), StoreError> {
        self.set_fact(REMINDED, &day.to_string()).await
    }

    /// Returns at most `limit` transactions of a shop whose invoice is due on this day, in the order of their ids and only
    /// those after `after`.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn due_on(
        &self,
        shop: &str,
        due_date: Date,
        after: Ulid,
        limit: i64,
    ) -> Result<Vec<Ulid>, StoreError> {
        let select = sqlx::query_scalar(SELECT_DUE_ON).bind(due_date.to_string());
        let select = select.bind(after.to_string()).bind(shop).bind(limit);
        let ids: Vec<String> = select.fetch_all(&self.pool).await?;
        ids.iter().map(|id| parse_id(id)).collect()
    }

    /// Makes a reminder for each of these addresses of buyers, unless it was made before.
    ///
    /// # Errors
    /// If the database does not answer. In this case none is made.
    pub async fn make_reminders(
        &self,
        transaction: Ulid,
        buyers: &[&str],
        (due_date, days): (Date, i64),
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for address in buyers {
            let contact =
                mail_contacts::upsert(&mut tx, transaction, PartyRole::Buyer, address).await?;
            mails::insert(&mut tx, contact, MailKind::Reminder { due_date, days }).await?;
        }
        tx.commit().await
    }
}
