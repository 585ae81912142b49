//! The journal: raw events in order of receipt, for each room.

use std::collections::{BTreeMap, HashMap, HashSet};

use ruma::UserId;
use serde::Deserialize;
use sqlx::FromRow;

use super::arrival::Arrival;
use super::bot_rooms::{self, ADMINS};
use super::many_rows::{ManyRows, in_exact_pieces};
use super::packed_rows::{PackedRows, packed_rows};
use super::stored_values::{FROM_NEWEST_EVENT, TO_START_OF_ROOM};
use super::{Store, StoreError, Tx, admin_room, foreign};
use crate::clock::now;
use crate::room::{Sign, sign};

/// Locks the rows of those rooms that have a journal for the rest of the tx, and returns the last
/// positions in it.
static LOCK_KNOWN_ROOMS: PackedRows = packed_rows!(
    ["j.room_id", "j.last_position"],
    " FROM (VALUES ",
    1,
    ") AS v CROSS JOIN journal_rooms j WHERE j.room_id = v.column1",
    " ORDER BY j.room_id FOR NO KEY UPDATE OF j"
);
/// Begins the journals of those rooms that are ours, and locks their rows as above. A room that is
/// not returned is a foreign one. The second column is 1 for a room that the bot made.
static LOCK_NEW_ROOMS: ManyRows = ManyRows::new(
    "INSERT INTO journal_rooms (room_id, last_position, derived_position) \
     SELECT v.column1, 0, 0 FROM (VALUES ",
    2,
    ") AS v WHERE v.column2 = 1 OR EXISTS (SELECT 1 FROM record_rooms r WHERE r.room_id = v.column1) \
     OR EXISTS (SELECT 1 FROM journal_rooms j WHERE j.room_id = v.column1) \
     ON CONFLICT (room_id) DO UPDATE SET last_position = journal_rooms.last_position \
     RETURNING room_id, last_position",
);
static SELECT_KNOWN_EVENTS: PackedRows = packed_rows!(
    ["j.room_id", "j.event_id"],
    2,
    journal as j,
    "j.room_id = v.column1 AND j.event_id = v.column2",
);
static INSERT_EVENTS: ManyRows = ManyRows::new(
    "INSERT INTO journal \
     (room_id, position, event_id, source, correlation, received_at, raw, salt) VALUES ",
    8,
    "",
);
static SET_LAST_POSITIONS: ManyRows = ManyRows::new(
    "UPDATE journal_rooms SET last_position = v.column2 FROM (VALUES ",
    2,
    ") AS v WHERE journal_rooms.room_id = v.column1",
);
const SELECT_UNDERIVED_ROOMS: &str = "SELECT j.room_id, r.transaction_id, \
     j.last_position - j.derived_position AS pending \
     FROM journal_rooms j JOIN record_rooms r ON r.room_id = j.room_id \
     WHERE j.derived_position < j.last_position AND j.room_id > $1 ORDER BY j.room_id LIMIT $2";
const SELECT_UNDERIVED_ROOMS_OF_CONTACT: &str = "SELECT j.room_id, r.transaction_id, \
     j.last_position - j.derived_position AS pending \
     FROM journal_rooms j JOIN record_rooms r ON r.room_id = j.room_id \
     WHERE j.derived_position < j.last_position AND EXISTS (SELECT 1 FROM contacts c \
     WHERE c.user_id = $1 AND c.transaction_id = r.transaction_id) ORDER BY j.room_id LIMIT $2";
/// The second column is the greatest number of events of the room.
static SELECT_NEXT_EVENTS: PackedRows = packed_rows!(
    {
        room_id: "j.room_id",
        position: "j.position",
        event_id: "j.event_id",
        source: "j.source",
        correlation: "j.correlation",
        received_at: "j.received_at",
        raw: "COALESCE(j.raw, '')",
        salt: "COALESCE(j.salt, '')",
    },
    2,
    journal as j,
    "j.room_id = v.column1 \
     AND j.position > (SELECT r.derived_position FROM journal_rooms r WHERE r.room_id = v.column1) \
     AND j.position <= v.column2 + \
     (SELECT r.derived_position FROM journal_rooms r WHERE r.room_id = v.column1)",
);
static SELECT_DERIVED_POSITIONS: PackedRows = packed_rows!(
    ["j.room_id", "j.derived_position"],
    " FROM (VALUES ",
    1,
    ") AS v CROSS JOIN journal_rooms j WHERE j.room_id = v.column1"
);
/// The rows exist. As an insertion, the statement locks them in the order of the list, like
/// [`LOCK_KNOWN_ROOMS`].
static SET_DERIVED_POSITIONS: ManyRows = ManyRows::new(
    "INSERT INTO journal_rooms (room_id, last_position, derived_position) VALUES ",
    3,
    " ON CONFLICT (room_id) DO UPDATE SET derived_position = excluded.derived_position",
);
const SELECT_RAW_EVENT: &str = "SELECT raw FROM journal WHERE room_id = $1 AND event_id = $2";

/// If the creation of a room arrives as its first event, its history need not be read.
const DELETE_GAP_OF_WHOLE_ROOM: &str = "DELETE FROM gaps WHERE room_id = $1 AND from_token = $2 \
     AND to_token = $3 AND audit = 0";

/// The greatest number of events that are derived in one tx. Others can write between two txs.
const EVENTS_PER_TX: usize = 128;
/// The type of the event that begins a room. No homeserver writes it with escapes.
const ROOM_CREATION: &str = "m.room.create";

/// The way by which an event reached Tallyroom first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The homeserver pushed it.
    Push,
    /// The bot's own `/sync` brought it.
    Sync,
    /// It was read from the room's history.
    Backfill,
}

impl Source {
    /// Returns the text for the database and for JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Sync => "sync",
            Self::Backfill => "backfill",
        }
    }
}

/// The result of writing events into the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The number of events that were written.
    pub new: usize,
    /// The number of events of foreign rooms, which were dropped.
    pub foreign: usize,
}

/// A row of the journal.
#[derive(Clone, Debug, Deserialize, FromRow)]
pub struct JournalRow {
    /// The position within the room, from 1, in order of receipt.
    pub position: i64,
    /// The id that identifies the event.
    pub event_id: String,
    /// `push`, `sync` or `backfill`.
    pub source: String,
    /// The correlation id of the intake that brought the event.
    pub correlation: String,
    /// The time of receipt, in milliseconds since 1970.
    pub received_at: i64,
    /// The event as received. Empty once it is erased.
    pub raw: String,
    /// The random salt of the content digest. It prevents guessing the event from the digest.
    pub salt: String,
}

/// A room whose journal holds events that are not derived yet.
#[derive(Clone, Debug, FromRow)]
pub struct Underived {
    /// The id of the room.
    pub room_id: String,
    /// The id of the transaction that the room belongs to.
    pub transaction_id: String,
    /// The number of those events.
    pub pending: i64,
}

/// An event that is to be derived next.
#[derive(Debug, Deserialize, FromRow)]
pub(super) struct NextEvent {
    pub(super) room_id: String,
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub(super) row: JournalRow,
}

impl Store {
    /// Writes the events of our rooms that are not in the journal yet. When the call returns, they
    /// are on disk.
    ///
    /// Events of foreign rooms are not kept. Users of Tallyroom (`bot` among them) that are in such
    /// a room leave it soon. (If the bot is only invited, [`Self::decline`] and
    /// [`Self::journal_sync`] have it decline.)
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn journal(
        &self,
        arrivals: &[Arrival],
        source: Source,
        correlation: &str,
        bot: &UserId,
    ) -> Result<Kept, StoreError> {
        let mut tx = self.begin().await?;
        let new = write(&mut tx, arrivals, source, correlation, bot).await?;
        tx.commit().await?;
        self.hints.journal.notify_one();
        Ok(new)
    }

    /// Returns at most `limit` rooms of records whose journal holds events that are not derived
    /// yet, in the order of their ids. Only rooms after `after` count.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn underived(&self, after: &str, limit: i64) -> Result<Vec<Underived>, StoreError> {
        sqlx::query_as(SELECT_UNDERIVED_ROOMS).bind(after).bind(limit).fetch_all(&self.pool).await
    }

    /// Like [`Self::underived`], but only for the transactions in which this user is a contact.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn underived_of(
        &self,
        user: &UserId,
        limit: i64,
    ) -> Result<Vec<Underived>, StoreError> {
        sqlx::query_as(SELECT_UNDERIVED_ROOMS_OF_CONTACT)
            .bind(user.as_str())
            .bind(limit)
            .fetch_all(&self.pool)
            .await
    }

    /// Returns the next events of these rooms, at most [`EVENTS_PER_TX`] of them, ordered by room
    /// and position.
    pub(super) async fn next_events(
        &self,
        rooms: &[Underived],
    ) -> Result<Vec<NextEvent>, StoreError> {
        let pending: Vec<i64> = rooms.iter().map(|room| room.pending).collect();
        // Each room has its turn, however few the events are.
        let shares = shares(&pending, EVENTS_PER_TX.max(rooms.len()));
        let shares: Vec<_> = rooms.iter().map(|it| it.room_id.as_str()).zip(shares).collect();
        let mut events: Vec<NextEvent> =
            SELECT_NEXT_EVENTS.select_outside((&self.pool, self.kind), &shares).await?;
        events.sort_by(|a, b| (&a.room_id, a.row.position).cmp(&(&b.room_id, b.row.position)));
        Ok(events)
    }

    /// Returns the raw event of an entry, or none if it is erased.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn raw(&self, room_id: &str, event_id: &str) -> Result<Option<String>, StoreError> {
        let raw: Option<Option<String>> = sqlx::query_scalar(SELECT_RAW_EVENT)
            .bind(room_id)
            .bind(event_id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(raw.flatten())
    }
}

/// Distributes `total` among rooms with so many pending events each. No room gets more than it has,
/// and what a room does not need is left for the others.
fn shares(pending: &[i64], total: usize) -> Vec<i64> {
    let mut by_need: Vec<usize> = (0..pending.len()).collect();
    by_need.sort_by_key(|room| pending.get(*room));
    let mut shares = vec![0; pending.len()];
    let mut left = i64::try_from(total).unwrap_or(i64::MAX);
    for (served, room) in by_need.iter().enumerate() {
        let rooms_left = i64::try_from(pending.len() - served).unwrap_or(i64::MAX);
        // If there are more rooms than events, the last ones get the remainder.
        let fair = left / rooms_left;
        if let (Some(share), Some(pending)) = (shares.get_mut(*room), pending.get(*room)) {
            *share = fair.min(*pending);
            left -= *share;
        }
    }
    shares
}

/// Returns up to which position each of these rooms is derived.
pub(super) async fn derived_positions(
    tx: &mut Tx,
    rooms: &[Underived],
) -> Result<HashMap<String, i64>, StoreError> {
    let rooms: Vec<&str> = rooms.iter().map(|room| room.room_id.as_str()).collect();
    Ok(SELECT_DERIVED_POSITIONS.select(tx, &rooms).await?.into_iter().collect())
}

/// Notes in `tx` that all events up to these positions are derived. Of several positions of a room,
/// the last one counts.
pub(super) async fn set_derived_positions(
    tx: &mut Tx,
    positions: impl Iterator<Item = (&str, i64)>,
) -> Result<(), StoreError> {
    let last: BTreeMap<&str, i64> = positions.collect();
    let rows: Vec<_> =
        last.into_iter().map(|(room, position)| (room, position, position)).collect();
    SET_DERIVED_POSITIONS.insert(tx, &rows).await
}

/// Writes the events that are not in the journal yet.
pub(super) async fn write<'a>(
    tx: &mut Tx,
    arrivals: impl IntoIterator<Item = &'a Arrival>,
    source: Source,
    correlation: &str,
    bot: &UserId,
) -> Result<Kept, StoreError> {
    let arrivals: Vec<&Arrival> = arrivals.into_iter().collect();
    // The rooms are locked in a fixed order, so that two intakes cannot deadlock.
    let mut by_room: BTreeMap<&str, Vec<&Arrival>> = BTreeMap::new();
    for &arrival in &arrivals {
        by_room.entry(&arrival.room_id).or_default().push(arrival);
    }
    let made_by_us: HashSet<&str> = arrivals
        .iter()
        .filter(|it| it.raw.contains(ROOM_CREATION) && sign(&it.raw, bot) == Sign::MadeByUs)
        .map(|it| it.room_id.as_str())
        .collect();
    let last_positions = lock_our_rooms(tx, &by_room, &made_by_us).await?;
    for (room_id, _) in last_positions.iter().filter(|(_, last)| **last == 0) {
        if made_by_us.contains(room_id.as_str()) {
            let delete = sqlx::query(DELETE_GAP_OF_WHOLE_ROOM).bind(room_id);
            let delete = delete.bind(FROM_NEWEST_EVENT).bind(TO_START_OF_ROOM);
            delete.execute(&mut **tx).await?;
        }
    }
    let mut foreign_events = 0;
    let others = by_room.iter().filter(|(room_id, _)| !last_positions.contains_key(**room_id));
    let others: Vec<_> = others.collect();
    let of_bot = bot_rooms::among(tx, others.iter().map(|(room_id, _)| **room_id)).await?;
    for (room_id, arrivals) in others {
        if let Some(purpose) = of_bot.get(*room_id) {
            if purpose == ADMINS {
                let events = arrivals.iter().map(|it| (it.event_id.as_str(), it.raw.as_str()));
                admin_room::note(tx, events).await?;
            }
        } else {
            foreign_events += arrivals.len();
            leave_foreign(tx, room_id, arrivals, bot).await?;
        }
    }
    let rows = new_rows(tx, &by_room, &last_positions).await?;
    insert_rows(tx, &rows, source, correlation).await?;
    foreign::add_to_count(tx, foreign::FOREIGN_EVENTS, foreign_events).await?;
    Ok(Kept { new: rows.len(), foreign: foreign_events })
}

/// Locks those of the rooms that are ours. Returns the last position in the journal of each.
///
/// Nearly always, all rooms have a journal. Their rows are only locked then, and not written twice.
/// If a room gets its first events in two pushes at once, PostgreSQL may find that each waits for
/// the other. Then one of them fails, and the homeserver repeats it.
async fn lock_our_rooms(
    tx: &mut Tx,
    by_room: &BTreeMap<&str, Vec<&Arrival>>,
    made_by_us: &HashSet<&str>,
) -> Result<HashMap<String, i64>, StoreError> {
    let rooms: Vec<&str> = by_room.keys().copied().collect();
    let mut ours: HashMap<String, i64> =
        LOCK_KNOWN_ROOMS.select(tx, &rooms).await?.into_iter().collect();
    let others = rooms.into_iter().filter(|room_id| !ours.contains_key(*room_id));
    let others: Vec<_> =
        others.map(|room_id| (room_id, i64::from(made_by_us.contains(room_id)))).collect();
    let begun: Vec<(String, i64)> = LOCK_NEW_ROOMS.select(tx, &others).await?;
    ours.extend(begun);
    Ok(ours)
}

/// An event that is written to the journal, with its position.
struct NewRow<'a> {
    arrival: &'a Arrival,
    position: i64,
}

/// Returns the events of our rooms that the journal does not have, each with its position.
async fn new_rows<'a>(
    tx: &mut Tx,
    by_room: &BTreeMap<&str, Vec<&'a Arrival>>,
    last_positions: &HashMap<String, i64>,
) -> Result<Vec<NewRow<'a>>, StoreError> {
    let ours = || by_room.iter().filter_map(|(room, it)| Some((it, *last_positions.get(*room)?)));
    let in_used_rooms = ours().filter(|(_, last)| *last > 0).flat_map(|(arrivals, _)| arrivals);
    let events: Vec<_> =
        in_used_rooms.map(|it| (it.room_id.as_str(), it.event_id.as_str())).collect();
    let known: Vec<(String, String)> = SELECT_KNOWN_EVENTS.select(tx, &events).await?;
    let mut known: HashSet<_> = known.into_iter().collect();
    let mut rows = Vec::with_capacity(events.len());
    for (arrivals, mut position) in ours() {
        for &arrival in arrivals {
            if known.insert((arrival.room_id.clone(), arrival.event_id.clone())) {
                position += 1;
                rows.push(NewRow { arrival, position });
            }
        }
    }
    Ok(rows)
}

/// Inserts the events, and moves the last positions of their rooms.
async fn insert_rows(
    tx: &mut Tx,
    rows: &[NewRow<'_>],
    source: Source,
    correlation: &str,
) -> Result<(), StoreError> {
    let received_at = now();
    for piece in in_exact_pieces(rows) {
        let mut query = sqlx::query(INSERT_EVENTS.in_tx(tx, piece.len()));
        for NewRow { arrival, position } in piece {
            query = query
                .bind(&arrival.room_id)
                .bind(position)
                .bind(&arrival.event_id)
                .bind(source.as_str())
                .bind(correlation)
                .bind(received_at)
                .bind(&arrival.raw)
                .bind(salt());
        }
        query.execute(&mut **tx).await?;
    }
    // The rows are grouped by room, so the last one of a group has the last position.
    let mut last: Vec<(&str, i64)> = Vec::new();
    for NewRow { arrival, position } in rows {
        match last.last_mut() {
            Some((room_id, last)) if *room_id == arrival.room_id => *last = *position,
            _ => last.push((&arrival.room_id, *position)),
        }
    }
    SET_LAST_POSITIONS.change(tx, &last).await
}

/// Has the users of Tallyroom who are in a foreign room, or invited to it, leave the room.
///
/// An invitation of the bot is left alone here, because the intake has to look at it first.
async fn leave_foreign(
    tx: &mut Tx,
    room_id: &str,
    arrivals: &[&Arrival],
    bot: &UserId,
) -> Result<(), StoreError> {
    for arrival in arrivals {
        if let Sign::Holds(user) = sign(&arrival.raw, bot)
            && !room_id.is_empty()
        {
            foreign::leave_soon(tx, room_id, &user).await?;
        }
    }
    Ok(())
}

/// Returns 128 random bits as hex.
pub(super) fn salt() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn what_a_room_does_not_need_is_left_for_the_others() {
        assert_eq!(shares(&[1_000, 1, 2], 128), [125, 1, 2]);
        assert_eq!(shares(&[5; 20], 128), [5; 20]);
        assert_eq!(shares(&[i64::MAX], 128), [128]);
        assert_eq!(shares(&[100, 100, 100], 128), [42, 43, 43]);
        assert_eq!(shares(&[9, 9, 9], 2), [0, 1, 1]);
        assert!(shares(&[], 128).is_empty());
    }
}
