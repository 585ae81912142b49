//! The messages that the shop itself writes, by the API. Each is one or several outgoing messages of one guest: its
//! parts, which are the files and then the text.

use sqlx::FromRow;
use ulid::Ulid;

use super::outgoing::NewOutgoing;
use super::{SendKey, Store, StoreError, audit_log, due_rooms, outgoing};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::room::Guest;
use crate::transaction::{PartyRole, Visitor};

/// The greatest number of parts of messages of a shop that wait for the room of one transaction.
pub const MAX_QUEUED: i64 = 200;
/// The greatest number of names under which a shop writes in the room of one transaction. Each is a Matrix user. The
/// guest of the seller as a whole, who writes on the page, counts as well.
pub const MAX_SHOP_NAMES: i64 = 50;

const COUNT_QUEUED: &str = "SELECT COUNT(*) FROM outgoing \
     WHERE transaction_id = $1 AND message IS NOT NULL AND event_id IS NULL AND problem IS NULL";
const COUNT_OTHER_NAMES: &str = "SELECT COUNT(*) FROM guests \
     WHERE transaction_id = $1 AND party = $2 AND contact IS NULL AND user_id <> $3";
const SELECT_PARTS: &str = "SELECT g.display_name, o.written_at, o.event_id, o.problem, e.seq \
     FROM outgoing o \
     JOIN guests g ON g.transaction_id = o.transaction_id AND g.user_id = o.user_id \
     LEFT JOIN entries e ON e.transaction_id = o.transaction_id AND e.event_id = o.event_id \
     WHERE o.transaction_id = $1 AND o.message = $2 ORDER BY o.id";

/// What is the problem of a part that the shop discarded.
pub const DISCARDED: &str = "discarded";
/// The copies in the file store are deleted like the files that no entry names.
const RELEASE_FILES: &str = "INSERT INTO files (mxc, state, due_at, sha256) \
     SELECT 'page:' || id, 'unwanted', $3, sha256 FROM outgoing WHERE transaction_id = $1 \
     AND message = $2 AND event_id IS NULL AND sha256 IS NOT NULL ON CONFLICT (mxc) DO NOTHING";
const LOCK_PARTS: &str =
    "UPDATE outgoing SET problem = problem WHERE transaction_id = $1 AND message = $2";
/// The row stays. A part that was tried without a known outcome may be in the room, so it is not discarded ($4 and its id
/// are the key of its send). If a part is being sent at this moment, the row has its event afterwards.
const DISCARD_UNSENT: &str = "UPDATE outgoing SET problem = $3, content = NULL, sha256 = NULL \
     WHERE transaction_id = $1 AND message = $2 AND event_id IS NULL \
     AND ((problem IS NULL AND NOT EXISTS (SELECT 1 FROM sends s \
     WHERE s.transaction_id = outgoing.transaction_id AND s.send_key = $4 || outgoing.id)) \
     OR problem <> $3)";

/// What became of a message that a shop handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is on its way.
    Queued,
    /// Nothing was written: too many others wait for the room.
    TooManyQueued,
    /// Nothing was written: the shop has used too many names here.
    TooManyNames,
}

/// A new message of a shop.
#[derive(Clone, Copy, Debug)]
pub struct NewShopMessage<'a> {
    /// The id of the message, which its parts name.
    pub id: Ulid,
    /// The guest who says it.
    pub guest: &'a Guest,
    /// At least one, in the order in which they are sent.
    pub parts: &'a [NewOutgoing<'a>],
}

/// A message of a shop.
#[derive(Clone, Debug)]
pub struct ShopMessage {
    /// The name under which it was written.
    pub name: String,
    /// When it was written, in milliseconds since 1970.
    pub written_at: i64,
    /// At least one. Each is an event of its own.
    pub parts: Vec<MessagePart>,
}

/// A part of a message of a shop.
#[derive(Clone, Debug)]
pub struct MessagePart {
    /// The event, once the room has it.
    pub event_id: Option<String>,
    /// The number of its entry, once the record has it.
    pub seq: Option<i64>,
    /// Why it could not be sent.
    pub problem: Option<String>,
}

#[derive(FromRow)]
struct Row {
    display_name: String,
    written_at: i64,
    event_id: Option<String>,
    problem: Option<String>,
    seq: Option<i64>,
}

impl Store {
    /// Stores a message of the shop, with its guest and its line in the audit log, and wakes the room, in one tx.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn say(
        &self,
        shop: &str,
        id: Ulid,
        new: NewShopMessage<'_>,
        correlation: &str,
        origin: &Origin,
    ) -> Result<Said, StoreError> {
        let NewShopMessage { id: message, guest, parts } = new;
        // Not a contact, so no change of the contacts makes the guest a former one.
        let seller = Visitor { role: PartyRole::Seller, contact: None };
        let mut tx = self.begin_audited(shop).await?;
        let queued: i64 =
            sqlx::query_scalar(COUNT_QUEUED).bind(id.to_string()).fetch_one(&mut *tx).await?;
        if queued.saturating_add(i64::try_from(parts.len()).unwrap_or(i64::MAX)) > MAX_QUEUED {
            return Ok(Said::TooManyQueued);
        }
        let names: i64 = sqlx::query_scalar(COUNT_OTHER_NAMES)
            .bind(id.to_string())
            .bind(seller.role.as_str())
            .bind(guest.user_id.as_str())
            .fetch_one(&mut *tx)
            .await?;
        if names >= MAX_SHOP_NAMES {
            return Ok(Said::TooManyNames);
        }
        due_rooms::wake(&mut tx, id, correlation).await?;
        for part in parts {
            outgoing::write(&mut tx, id, &seller, guest, part.clone()).await?;
        }
        let line = origin.does(Action::MessageWritten, shop).to(id).with(message);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        Ok(Said::Queued)
    }

    /// Discards the parts of a message of the shop that are not in the room yet, with a line in the audit log, and wakes
    /// the room, if the message is still as the caller wants to discard it. Returns how many, or none if it is not.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is discarded.
    pub async fn discard_shop_message(
        &self,
        shop: &str,
        id: Ulid,
        message: Ulid,
        correlation: &str,
        origin: &Origin,
        is_as_wanted: impl FnOnce(&ShopMessage) -> bool,
    ) -> Result<Option<u64>, StoreError> {
        let (transaction_id, message_id) = (id.to_string(), message.to_string());
        let mut tx = self.begin_audited(shop).await?;
        // The room first, as everywhere. The next message need not wait for what is discarded.
        due_rooms::wake(&mut tx, id, correlation).await?;
        let lock = sqlx::query(LOCK_PARTS).bind(&transaction_id).bind(&message_id);
        lock.execute(&mut *tx).await?;
        let parts = sqlx::query_as(SELECT_PARTS).bind(&transaction_id).bind(&message_id);
        let before = message_of(parts.fetch_all(&mut *tx).await?);
        if !before.is_some_and(|before| is_as_wanted(&before)) {
            return Ok(None);
        }
        let release = sqlx::query(RELEASE_FILES).bind(&transaction_id).bind(&message_id);
        release.bind(now()).execute(&mut *tx).await?;
        let discard = sqlx::query(DISCARD_UNSENT).bind(&transaction_id).bind(&message_id);
        let discard = discard.bind(DISCARDED).bind(SendKey::Outgoing("").to_string());
        let discarded = discard.execute(&mut *tx).await?.rows_affected();
        if discarded == 0 {
            return Ok(Some(0));
        }
        let line = origin.does(Action::MessageDiscarded, shop).to(id).with(message);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        self.hints.files.notify_one();
        self.hints.changed(id);
        Ok(Some(discarded))
    }

    /// Returns a message of the shop in this transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn shop_message(
        &self,
        id: Ulid,
        message: Ulid,
    ) -> Result<Option<ShopMessage>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(SELECT_PARTS)
            .bind(id.to_string())
            .bind(message.to_string())
            .fetch_all(&self.pool)
            .await?;
        Ok(message_of(rows))
    }
}

/// Returns the message with these parts, or none if there are none.
fn message_of(rows: Vec<Row>) -> Option<ShopMessage> {
    let Row { display_name, written_at, .. } = rows.first()?;
    let (name, written_at) = (display_name.clone(), *written_at);
    let part = |Row { event_id, problem, seq, .. }| MessagePart { event_id, seq, problem };
    Some(ShopMessage { name, written_at, parts: rows.into_iter().map(part).collect() })
}

#[cfg(test)]
mod tests {
    use ruma::user_id;
    use serde_json::json;

    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{Created, NewRevision};

    #[tokio::test]
    async fn what_may_be_in_the_room_is_not_discarded_and_what_is_discarded_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let terms = crate::transaction::sample().terms;
        let new = NewRevision { terms: &terms, warnings: &[], original: None };
        let created = store.create_transaction("shop", "order-1", new, "test", &root()).await;
        let Ok(Created::New(id)) = created else { panic!("{created:?}") };
        let user_id = user_id!("@guest:example.org").to_owned();
        let guest = Guest { user_id, display_name: "Clerk".to_owned() };
        let message = Ulid::new();
        let content = json!({ "body": "Hello" });
        let parts = [("one", 1), ("two", 2)].map(|(client_id, place)| NewOutgoing {
            id: Ulid::from_parts(place, 0),
            client_id,
            event_type: "m.room.message",
            content: &content,
            sha256: None,
            message: Some(message),
        });
        let say = async || {
            let new = NewShopMessage { id: message, guest: &guest, parts: &parts };
            store.say("shop", id, new, "test", &root()).await.unwrap()
        };
        assert_eq!(say().await, Said::Queued);
        let discard = async |is_as_wanted: bool| {
            let wanted = |_: &ShopMessage| is_as_wanted;
            store.discard_shop_message("shop", id, message, "test", &root(), wanted).await.unwrap()
        };
        let problems = async || {
            let message = store.shop_message(id, message).await.unwrap().unwrap();
            message.parts.into_iter().map(|it| it.problem).collect::<Vec<_>>()
        };
        // The homeserver may have the first part, and the answer was lost.
        let first = parts[0].id.to_string();
        let key = SendKey::Outgoing(&first).to_string();
        store.begin_send(id, &key, "send", &guest.user_id).await.unwrap();
        assert_eq!(discard(false).await, None);
        assert_eq!(problems().await, [None, None]);
        assert_eq!(discard(true).await, Some(1));
        let discarded = Some(DISCARDED.to_owned());
        assert_eq!(problems().await, [None, discarded.clone()]);
        assert_eq!(say().await, Said::Queued);
        assert_eq!(problems().await, [None, discarded], "it would be empty");
        // A send that ends while its part is discarded counts.
        for part in &parts {
            store.outgoing_sent(id, &part.id.to_string(), "$event").await.unwrap();
        }
        assert_eq!(problems().await, [None, None]);
        assert_eq!(discard(true).await, Some(0));
    }
}
