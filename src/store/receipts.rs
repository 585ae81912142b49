//! Read receipts: how far people have read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use ruma::UserId;
use serde_json::json;
use sqlx::{Executor, FromRow};
use ulid::Ulid;

use super::arrival::Arrival;
use super::columns::parse_id;
use super::journal::{self, Kept, Source};
use super::known_rooms::{self, Written};
use super::many_rows::ManyRows;
use super::{Store, StoreError, Tx};
use crate::clock::now;
use crate::event::{EventKind, NewEvent};

static SELECT_TRANSACTIONS_OF_ROOMS: ManyRows = ManyRows::new(
    "SELECT r.room_id, r.transaction_id FROM (VALUES ",
    1,
    ") AS v CROSS JOIN record_rooms r WHERE r.room_id = v.column1",
);
/// A receipt never moves backwards. If the record has both events, their places in the reading
/// order are compared, because the times of reading come from different clocks (the page's, the
/// homeserver's). If an event is not in the record yet, only the times of reading can be compared.
static UPSERT_RECEIPTS: ManyRows = ManyRows::new(
    "INSERT INTO receipts (transaction_id, user_id, event_id, at) VALUES ",
    4,
    " ON CONFLICT (transaction_id, user_id) DO UPDATE SET \
     event_id = excluded.event_id, at = excluded.at \
     WHERE receipts.event_id <> excluded.event_id AND COALESCE((SELECT sort_at FROM entries WHERE transaction_id = excluded.transaction_id \
     AND event_id = excluded.event_id) \
     - (SELECT sort_at FROM entries WHERE transaction_id = excluded.transaction_id \
     AND event_id = receipts.event_id), excluded.at - receipts.at) >= 0 \
     RETURNING transaction_id, user_id, event_id, \
     COALESCE((SELECT c.party FROM contacts c WHERE c.transaction_id = receipts.transaction_id \
     AND c.user_id = receipts.user_id), \
     (SELECT g.party FROM guests g WHERE g.transaction_id = receipts.transaction_id \
     AND g.user_id = receipts.user_id)) AS party",
);

/// The greatest number of receipts of one push that are kept: the first ones. A homeserver sends one
/// for each person who reads.
const MAX_RECEIPTS_PER_PUSH: usize = 1_024;
/// The greatest number of receipts of one person in one room and one push that are looked at: the
/// newest ones. Clients send one for the room, and one for each thread that they show.
const MAX_RECEIPTS_OF_ONE_PERSON: usize = 4;
/// The greatest length of an id, in bytes (Matrix specification, "Size limits").
const MAX_ID_BYTES: usize = 255;

/// A receipt that reached Tallyroom: a person has read up to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadUpTo {
    /// The id of the room.
    pub room_id: String,
    /// The Matrix user.
    pub user_id: String,
    /// The last event that they have read.
    pub event_id: String,
    /// The time of reading, in milliseconds since 1970.
    pub at: i64,
}

/// A receipt that moved forward.
#[derive(FromRow)]
struct Moved {
    transaction_id: String,
    user_id: String,
    event_id: String,
    /// None: the person belongs to no party.
    party: Option<String>,
}

impl Store {
    /// Writes the events and the receipts of a push. For the events, it does the same as
    /// [`Self::journal`]. Receipts in foreign rooms are ignored. Without receipts, new events of rooms that have a journal
    /// take one statement, and only what is left over takes a tx. With receipts, there is one tx.
    ///
    /// # Errors
    /// If the database does not answer. Whatever is written then is known when the push is repeated.
    pub async fn journal_push(
        &self,
        arrivals: &[Arrival],
        receipts: &[ReadUpTo],
        correlation: &str,
        bot: &UserId,
    ) -> Result<Kept, StoreError> {
        if receipts.is_empty() {
            return self.journal_at_once(arrivals, correlation, bot).await;
        }
        let mut tx = self.begin().await?;
        let written = known_rooms::write_in(&mut tx, arrivals, Source::Push, correlation).await?;
        let kept = write_left(&mut tx, written, correlation, bot).await?;
        let changed = note_or_drop(&mut tx, receipts).await?;
        tx.commit().await?;
        self.tell_after_answer(kept.new > 0, changed);
        Ok(kept)
    }

    async fn journal_at_once(
        &self,
        arrivals: &[Arrival],
        correlation: &str,
        bot: &UserId,
    ) -> Result<Kept, StoreError> {
        let written = known_rooms::write_at_once(self, arrivals, Source::Push, correlation).await?;
        let new = written.new;
        self.tell_after_answer(new > 0, HashSet::new());
        if written.left.is_empty() {
            return Ok(Kept { new, foreign: 0 });
        }
        let mut tx = self.begin().await?;
        let kept = write_left(&mut tx, written, correlation, bot).await?;
        tx.commit().await?;
        self.tell_after_answer(kept.new > new, HashSet::new());
        Ok(kept)
    }

    /// Tells those who derive, and the open pages of these transactions, that there is something new. A task
    /// of its own does so: on the thread that serves the pushes, it has its turn when the answer is on its
    /// way. What it wakes does not take the processor from the answer then.
    fn tell_after_answer(&self, has_events: bool, changed: HashSet<Ulid>) {
        if !has_events && changed.is_empty() {
            return;
        }
        let hints = Arc::clone(&self.hints);
        tokio::spawn(async move {
            if has_events {
                hints.journal.notify_one();
            }
            changed.into_iter().for_each(|id| hints.changed(id));
        });
    }

    /// Notes that a person has read up to `event`, unless they have already read further. `at` is
    /// the time of reading, in milliseconds since 1970.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn note_receipt(
        &self,
        id: Ulid,
        user: &str,
        event: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let moved = upsert(&mut tx, &[(&id.to_string(), user, event, at.min(now()))]).await?;
        tx.told.extend(moved);
        tx.commit().await?;
        self.hints.changed(id);
        Ok(())
    }
}

impl ReadUpTo {
    /// Whether both databases can store the receipt.
    fn is_valid(&self) -> bool {
        [&self.user_id, &self.event_id]
            .iter()
            .all(|id| id.len() <= MAX_ID_BYTES && !id.contains('\0'))
            && !self.room_id.contains('\0')
    }
}

/// Writes in `tx` what the one statement of a push left over. Returns what both have written.
async fn write_left(
    tx: &mut Tx,
    Written { new, left }: Written<'_>,
    correlation: &str,
    bot: &UserId,
) -> Result<Kept, StoreError> {
    if left.is_empty() {
        return Ok(Kept { new, foreign: 0 });
    }
    let kept = journal::write(tx, left, Source::Push, correlation, bot).await?;
    Ok(Kept { new: new + kept.new, ..kept })
}

/// Notes receipts. If the database refuses them, they are dropped, and what was written before in
/// `tx` stays: otherwise the homeserver would repeat the push for ever. Returns the transactions in
/// whose rooms they are.
async fn note_or_drop(tx: &mut Tx, receipts: &[ReadUpTo]) -> Result<HashSet<Ulid>, StoreError> {
    let valid = receipts.iter().filter(|receipt| receipt.is_valid());
    let receipts: Vec<&ReadUpTo> = valid.take(MAX_RECEIPTS_PER_PUSH).collect();
    if receipts.is_empty() {
        return Ok(HashSet::new());
    }
    tx.execute("SAVEPOINT receipts").await?;
    match note(tx, receipts).await {
        Err(StoreError::Database(error)) => {
            tracing::warn!(%error, "the database refuses the read receipts of a push");
            tx.execute("ROLLBACK TO SAVEPOINT receipts").await?;
            Ok(HashSet::new())
        }
        noted => {
            let (noted, moved) = noted?;
            tx.execute("RELEASE SAVEPOINT receipts").await?;
            tx.told.extend(moved);
            Ok(noted)
        }
    }
}

/// Notes receipts. Returns the transactions in whose rooms they are, and what is to be told of them.
async fn note(
    tx: &mut Tx,
    receipts: Vec<&ReadUpTo>,
) -> Result<(HashSet<Ulid>, Vec<NewEvent>), StoreError> {
    let transactions = transactions_of_rooms(tx, &receipts).await?;
    // The rows are locked in a fixed order.
    let mut of_people: BTreeMap<(&str, &str), Vec<&ReadUpTo>> = BTreeMap::new();
    for receipt in receipts {
        if let Some(id) = transactions.get(&receipt.room_id) {
            of_people.entry((id, &receipt.user_id)).or_default().push(receipt);
        }
    }
    for receipts in of_people.values_mut() {
        receipts.sort_by_key(|receipt| receipt.at);
        let superfluous = receipts.len().saturating_sub(MAX_RECEIPTS_OF_ONE_PERSON);
        receipts.drain(..superfluous);
    }
    let mut moved = Vec::new();
    // One statement can change a row only once, so further receipts of the same person follow in
    // further rounds.
    for round in 0..MAX_RECEIPTS_OF_ONE_PERSON {
        let rows: Vec<(&str, &str, &str, i64)> = of_people
            .iter()
            .filter_map(|((id, user), receipts)| {
                let ReadUpTo { event_id, at, .. } = receipts.get(round)?;
                Some((*id, *user, event_id.as_str(), (*at).clamp(0, now())))
            })
            .collect();
        moved.extend(upsert(tx, &rows).await?);
    }
    let noted = of_people.keys().map(|(id, _)| parse_id(id)).collect::<Result<_, _>>()?;
    Ok((noted, moved))
}

/// Writes receipts: transaction, user, event and time. Returns what is to be told of those that moved forward and are
/// of a party.
async fn upsert(
    tx: &mut Tx,
    rows: &[(&str, &str, &str, i64)],
) -> Result<Vec<NewEvent>, StoreError> {
    let moved: Vec<Moved> = UPSERT_RECEIPTS.insert_returning(tx, rows).await?;
    Ok(moved.into_iter().filter_map(Moved::told).collect())
}

impl Moved {
    fn told(self) -> Option<NewEvent> {
        let Self { transaction_id, user_id, event_id, party } = self;
        let detail = json!({ "party": party?, "user_id": user_id, "event_id": event_id });
        Some(NewEvent::of(EventKind::PartyRead, transaction_id).with(&detail))
    }
}

/// Returns the transactions to which those of the rooms belong that are record rooms.
async fn transactions_of_rooms(
    tx: &mut Tx,
    receipts: &[&ReadUpTo],
) -> Result<HashMap<String, String>, StoreError> {
    let rooms: HashSet<&str> = receipts.iter().map(|receipt| receipt.room_id.as_str()).collect();
    let rooms: Vec<&str> = rooms.into_iter().collect();
    Ok(SELECT_TRANSACTIONS_OF_ROOMS.select(tx, &rooms).await?.into_iter().collect())
}
