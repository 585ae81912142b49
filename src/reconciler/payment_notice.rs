//! Says in the room that the shop handed in a payment, or took one back.

use super::perform::{Obstacle, View, Worker};
use super::summary::MESSAGE;
use crate::room::{PaymentNews, payment_notice};
use crate::store::SendKey;

impl Worker {
    /// Returns the next thing to say about a payment. Most transactions have none, and then nothing is read.
    pub(super) async fn payment_news(&self, view: &View) -> Result<Option<PaymentNews>, Obstacle> {
        match view.transaction.payment_changes {
            0 => Ok(None),
            _ => Ok(self.store.payment_to_tell(view.id()).await?),
        }
    }

    /// Says it, and stores that it is said.
    pub(super) async fn tell_payment(&self, view: &View) -> Result<(), Obstacle> {
        let Some(news) = self.payment_news(view).await? else { return Ok(()) };
        let locale = self.installation.locale(&view.transaction);
        let invoice = &view.transaction.terms.invoice;
        let of_invoice = (invoice.currency, invoice.is_credit_note());
        let bot = self.installation.homeserver.bot_user_id();
        let content =
            |send_id: &str| payment_notice(&news, &view.standing, of_invoice, &locale, send_id);
        let key = SendKey::Payment { id: &news.id, is_taken_back: news.is_taken_back }.to_string();
        self.send_once(view, bot, &key, MESSAGE, content).await?;
        Ok(self.store.payment_told(view.id(), &news).await?)
    }
}
