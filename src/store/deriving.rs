//! Derives the entries of the record from the journal: the next events of many rooms in one tx.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use sqlx::FromRow;

use super::columns::parse_id;
use super::entry_columns::{self, DerivedPart, NewEntry};
use super::files::Wanted;
use super::journal::{JournalRow, NextEvent};
use super::many_rows::ManyRows;
use super::members::SeenMember;
use super::packed_rows::{PackedRows, packed_rows};
use super::room_changes::{self, CurrentRoom, Seen};
use super::{
    Progress, Store, StoreError, Tx, Underived, adoption, due_rooms, erasure, files, journal,
    members, restores, room_commands, rooms, successors, transaction_row,
};
use crate::clock::now;
use crate::config::{Config, DatabaseKind};
use crate::event::{EventKind, NewEvent};
use crate::names::HEAD_STATE;
use crate::record::chain::{Head, link};
use crate::record::digest::content_digest;
use crate::record::{
    Attachment, Derived, Fixed, Kind, RedactionPolicy, RelationKind, Role, derive, sort_at,
};
use crate::room::{Change, change, is_request};

/// Selects records as [`RecordRow`]. They are locked in the order of their ids.
///
/// Another process may be writing some of these records. They have their turn when it is done. Rows
/// that only refer to a transaction, such as a receipt, can be written meanwhile.
static LOCK_RECORDS: PackedRows = packed_rows!(
    {
        id: "t.id",
        shop: "t.shop",
        seq: "t.last_seq",
        hash: "t.last_hash",
        acts: "t.acts",
        acts_hash: "t.acts_hash",
        redactions: "v.redactions",
        room_id: "r.room_id",
        summary_event: "r.summary_event",
        ready_at: "r.ready_at",
        repairs: "r.repairs",
        repaired_at: "COALESCE(r.repaired_at, 0)",
    },
    " FROM (VALUES ",
    1,
    ") AS w JOIN transactions t ON t.id = w.column1 \
     JOIN revisions v ON v.transaction_id = t.id AND v.revision = t.revision \
     JOIN rooms r ON r.transaction_id = t.id",
    " ORDER BY t.id FOR NO KEY UPDATE OF t SKIP LOCKED"
);
/// Selects [`PersonRow`]s.
static SELECT_PEOPLE: PackedRows = packed_rows!(
    {
        transaction_id: "w.column1",
        user_id: "w.column2",
        party: "COALESCE(c.party, g.party)",
        display_name: "m.display_name",
    },
    " FROM (VALUES ",
    2,
    ") AS w LEFT JOIN contacts c ON c.transaction_id = w.column1 AND c.user_id = w.column2 \
     LEFT JOIN guests g ON g.transaction_id = w.column1 AND g.user_id = w.column2 \
     LEFT JOIN members m ON m.transaction_id = w.column1 AND m.user_id = w.column2"
);
static SET_HEADS: ManyRows = ManyRows::new(
    "UPDATE transactions SET last_seq = w.column2, last_hash = w.column3, \
     sign_due_at = CASE WHEN w.column4 = 0 THEN sign_due_at \
     ELSE COALESCE(sign_due_at, w.column4) END FROM (VALUES ",
    4,
    ") AS w WHERE transactions.id = w.column1",
);

/// Deriving more than this many bytes of events is left to a thread for work that takes long.
const LONG_WORK_BYTES: usize = 32 * 1024;

/// The settings from the config that deriving depends on.
#[derive(Clone, Debug)]
pub struct Deriving {
    /// The bot's Matrix user id.
    pub bot: String,
    /// The redaction policy of transactions that do not state one.
    pub redactions: RedactionPolicy,
    /// The time from a new entry to the next signature of the head, in milliseconds.
    pub sign_after: i64,
}

impl Deriving {
    /// Reads the settings from the config.
    pub fn of(config: &Config) -> Self {
        Self {
            bot: config.bot_user_id().to_string(),
            redactions: config.record.redactions,
            sign_after: config.record.sign_after_ms(),
        }
    }
}

/// A locked record.
#[derive(Deserialize, FromRow)]
struct RecordRow {
    id: String,
    shop: String,
    seq: i64,
    hash: String,
    acts: i64,
    acts_hash: String,
    redactions: Option<String>,
    room_id: Option<String>,
    #[serde(flatten)]
    #[sqlx(flatten)]
    room: CurrentRoom,
}

/// A record that is being written.
struct Record {
    shop: String,
    head: Head,
    policy: RedactionPolicy,
    /// The id of the current room. Memberships and changes are noted only for it.
    room_id: Option<String>,
    room: CurrentRoom,
    /// Whether there is something new to sign.
    has_news: bool,
}

#[derive(Deserialize, FromRow)]
struct PersonRow {
    transaction_id: String,
    user_id: String,
    party: Option<String>,
    display_name: Option<String>,
}

/// What is known about the people of some records, by transaction and user.
type People = HashMap<(String, String), (Option<String>, Option<String>)>;

/// An event with what was derived from it.
struct Event {
    transaction_id: String,
    next: NextEvent,
    derived: Derived,
    /// The digest of the content.
    content: String,
    /// What it changes in a room, if that concerns the bot.
    change: Option<Change>,
}

/// An event that becomes an entry.
struct New<'a> {
    event: &'a Event,
    fixed: Fixed,
    hash: String,
    display_name: Option<String>,
}

impl Store {
    /// Derives the next events of these rooms' journals into their records, in one tx. Each room
    /// has a share of the events of a tx (128).
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn derive(
        &self,
        rooms: &[Underived],
        deriving: &Deriving,
    ) -> Result<Progress, StoreError> {
        let events = derive_all(rooms, self.next_events(rooms).await?, &deriving.bot).await;
        if events.is_empty() {
            return Ok(Progress::default());
        }
        let mut tx = self.begin().await?;
        let mut records = lock_records(&mut tx, &events, deriving).await?;
        for (id, _) in records.iter().filter(|(_, record)| record.head.acts == 0) {
            adoption::adopt(&mut tx, id, self.sign_due()).await?;
        }
        // Somebody else may have derived some of the events meanwhile.
        let positions = journal::derived_positions(&mut tx, rooms).await?;
        let (locked, others): (Vec<_>, Vec<_>) =
            events.iter().partition(|event| records.contains_key(&event.transaction_id));
        let is_underived = |event: &&Event| {
            positions.get(&event.next.room_id).is_some_and(|last| event.next.row.position > *last)
        };
        let locked: Vec<&Event> = locked.into_iter().filter(is_underived).collect();
        // On SQLite, nobody else can be writing.
        let left_out = self.kind == DatabaseKind::Postgres && !others.is_empty();
        let progress = Progress { entries: locked.len(), left_out };
        if locked.is_empty() {
            return Ok(progress);
        }
        write(&mut tx, &locked, &mut records, deriving).await?;
        tx.commit().await?;
        self.tell(&locked);
        Ok(progress)
    }

    /// Derives the next events of one room. Returns how many.
    ///
    /// # Errors
    /// As [`Self::derive`].
    pub async fn derive_room(
        &self,
        transaction_id: &str,
        room_id: &str,
        deriving: &Deriving,
    ) -> Result<usize, StoreError> {
        let room = Underived {
            room_id: room_id.to_owned(),
            transaction_id: transaction_id.to_owned(),
            pending: i64::MAX,
        };
        Ok(self.derive(&[room], deriving).await?.entries)
    }

    /// Wakes those who wait for new entries.
    fn tell(&self, events: &[&Event]) {
        self.hints.index.notify_one();
        let changed: HashSet<_> = events.iter().map(|event| &event.transaction_id).collect();
        for id in changed.into_iter().filter_map(|id| parse_id(id).ok()) {
            self.hints.changed(id);
        }
        for Event { transaction_id, next: NextEvent { row, .. }, .. } in events {
            tracing::debug!(
                transaction = transaction_id,
                event = row.event_id,
                correlation = row.correlation,
                source = row.source,
                milliseconds = now() - row.received_at,
                "recorded"
            );
        }
    }
}

/// Derives events. This takes no part of the time in which others cannot write.
async fn derive_all(rooms: &[Underived], events: Vec<NextEvent>, bot: &str) -> Vec<Event> {
    let transactions: HashMap<_, _> =
        rooms.iter().map(|it| (it.room_id.clone(), it.transaction_id.clone())).collect();
    let bytes: usize = events.iter().map(|event| event.row.raw.len()).sum();
    let bot = bot.to_owned();
    let work = move || {
        let with_transaction = |next: NextEvent| {
            let transaction_id = transactions.get(&next.room_id)?.clone();
            let JournalRow { raw, salt, .. } = &next.row;
            Some(Event {
                transaction_id,
                derived: derive(raw),
                content: content_digest(salt, raw),
                change: change(raw, &bot),
                next,
            })
        };
        events.into_iter().filter_map(with_transaction).collect()
    };
    if bytes < LONG_WORK_BYTES {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(events) => events,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

/// Locks the records of these events, as far as nobody else is writing them.
async fn lock_records(
    tx: &mut Tx,
    events: &[Event],
    deriving: &Deriving,
) -> Result<BTreeMap<String, Record>, StoreError> {
    let mut ids: Vec<&str> = events.iter().map(|event| event.transaction_id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows: Vec<RecordRow> = LOCK_RECORDS.select(tx, &ids).await?;
    let record = |row: RecordRow| {
        let policy = transaction_row::redactions(row.redactions.as_deref());
        let head = Head { seq: row.seq, hash: row.hash, acts: row.acts, acts_hash: row.acts_hash };
        let record = Record {
            shop: row.shop,
            head,
            policy: policy.unwrap_or(deriving.redactions),
            room_id: row.room_id,
            room: row.room,
            has_news: false,
        };
        (row.id, record)
    };
    Ok(rows.into_iter().map(record).collect())
}

/// Writes the entries of the events, and everything that follows from them.
async fn write(
    tx: &mut Tx,
    events: &[&Event],
    records: &mut BTreeMap<String, Record>,
    deriving: &Deriving,
) -> Result<(), StoreError> {
    let entries = link_all(tx, events, records, deriving).await?;
    let rows: Vec<_> = entries.iter().map(New::row).collect();
    entry_columns::insert(tx, &rows).await?;
    want_files(tx, &entries, records).await?;
    for new in entries.iter().filter(|new| is_own_head(&new.fixed, &deriving.bot)) {
        let (id, raw) = (&new.fixed.transaction, &new.event.next.row.raw);
        restores::check_shown_head(tx, id, new.fixed.seq, raw, false).await?;
    }
    apply_redactions(tx, &entries, records).await?;
    set_heads(tx, records, deriving).await?;
    note_commands(tx, &entries, records, deriving).await?;
    note_changes(tx, &entries, records, deriving).await?;
    journal::set_derived_positions(
        tx,
        events.iter().map(|event| (event.next.room_id.as_str(), event.next.row.position)),
    )
    .await
}

/// Links the events to the chains of their records, and notes the memberships that they state.
async fn link_all<'a>(
    tx: &mut Tx,
    events: &[&'a Event],
    records: &mut BTreeMap<String, Record>,
    deriving: &Deriving,
) -> Result<Vec<New<'a>>, StoreError> {
    let mut people = people(tx, events).await?;
    let mut entries = Vec::with_capacity(events.len());
    for &event in events {
        let Event { transaction_id, next: NextEvent { room_id, row }, derived, content, .. } =
            event;
        let Some(record) = records.get_mut(transaction_id) else { continue };
        let sender = derived.sender.as_deref().unwrap_or_default();
        let key = (transaction_id.clone(), sender.to_owned());
        let party = match people.get(&key) {
            _ if sender == deriving.bot => "bot",
            Some((Some(party), _)) => party,
            _ => "other",
        };
        let fixed = Fixed {
            transaction: transaction_id.clone(),
            seq: record.head.seq + 1,
            room_id: room_id.clone(),
            event_id: row.event_id.clone(),
            event_type: derived.event_type.clone(),
            sender: sender.to_owned(),
            party: party.to_owned(),
            sent_at: derived.sent_at,
            received_at: row.received_at,
            source: row.source.clone(),
            content: content.clone(),
        };
        if record.room_id.as_ref() == Some(room_id) {
            see_member(tx, event, &fixed, &mut people).await?;
        }
        let display_name = people.get(&key).and_then(|(_, name)| name.clone());
        let hash = link(&record.head.hash, &fixed);
        record.head.seq = fixed.seq;
        record.head.hash.clone_from(&hash);
        // A head that the bot puts into the room must not lead to the next head.
        record.has_news |= !is_own_head(&fixed, &deriving.bot);
        if let Some(kind) = told_as(derived.kind) {
            tx.tells(NewEvent::of(kind, transaction_id).about(fixed.seq));
        }
        entries.push(New { event, fixed, hash, display_name });
    }
    Ok(entries)
}

/// Returns as what kind of event the shop is told of an entry. None: it is not told of state events, which nobody
/// wrote.
fn told_as(kind: Kind) -> Option<EventKind> {
    match kind.role() {
        Role::StateEvent => None,
        Role::About(RelationKind::Edit) => Some(EventKind::EntryEdited),
        Role::About(RelationKind::Redaction) => Some(EventKind::EntryRedacted),
        Role::Line | Role::About(_) => Some(EventKind::EntryCreated),
    }
}

/// Returns what is known about the senders of the events, and about those whose memberships they state.
async fn people(tx: &mut Tx, events: &[&Event]) -> Result<People, StoreError> {
    let concerned: HashSet<(&str, &str)> = events
        .iter()
        .flat_map(|event| {
            let sender = event.derived.sender.as_deref();
            let member = event.derived.membership.as_ref().map(|it| it.user_id.as_str());
            sender.into_iter().chain(member).map(|user| (event.transaction_id.as_str(), user))
        })
        .collect();
    let concerned: Vec<_> = concerned.into_iter().collect();
    let rows: Vec<PersonRow> = SELECT_PEOPLE.select(tx, &concerned).await?;
    let person =
        |row: PersonRow| ((row.transaction_id, row.user_id), (row.party, row.display_name));
    Ok(rows.into_iter().map(person).collect())
}

/// Notes the membership that an event of the current room states.
async fn see_member(
    tx: &mut Tx,
    event: &Event,
    fixed: &Fixed,
    people: &mut People,
) -> Result<(), StoreError> {
    let Some(change) = &event.derived.membership else { return Ok(()) };
    let transaction_id = &event.transaction_id;
    let before = previous_membership(&event.next.row.raw);
    let seen = SeenMember {
        user: &change.user_id,
        membership: &change.membership,
        at: sort_at(fixed),
        display_name: change.display_name.as_deref(),
        is_own_leave: change.membership == "leave" && change.user_id == fixed.sender,
        before: before.as_deref(),
    };
    if let Some(known) = members::see_member(tx, transaction_id, seen).await? {
        let key = (transaction_id.clone(), change.user_id.clone());
        let person = people.entry(key).or_default();
        if let (Some(party), Some(kind)) = (&person.0, known.news(&change.membership)) {
            let is_in = kind == EventKind::PartyJoined;
            members::set_told_in(tx, transaction_id, &change.user_id, is_in).await?;
            let who = (party.as_str(), change.user_id.as_str());
            tx.tells(members::joined_or_left(kind, transaction_id, who, fixed.seq));
        }
        person.1 = known.display_name;
    }
    // This may be the last contact that the transaction waits for.
    let is_awaited =
        change.membership == "join" && successors::has_lost_successor(tx, transaction_id).await?;
    if change.membership == "knock" || is_awaited {
        due_rooms::wake(tx, parse_id(transaction_id)?, &event.next.row.correlation).await?;
    }
    Ok(())
}

/// Returns the membership before a member event, as its homeserver states it (Client-Server API,
/// `unsigned.prev_content`).
fn previous_membership(raw: &str) -> Option<String> {
    let event: serde_json::Value = serde_json::from_str(raw).ok()?;
    Some(event.get("unsigned")?.get("prev_content")?.get("membership")?.as_str()?.to_owned())
}

/// Notes the files that the entries name.
async fn want_files(
    tx: &mut Tx,
    entries: &[New<'_>],
    records: &BTreeMap<String, Record>,
) -> Result<(), StoreError> {
    let mut wanted = Vec::new();
    for New { event, fixed, .. } in entries {
        let shop = records.get(&fixed.transaction).map_or("", |record| record.shop.as_str());
        for mxc in event.derived.attachments.iter().filter_map(Attachment::source) {
            wanted.push(Wanted { transaction_id: &fixed.transaction, seq: fixed.seq, mxc, shop });
        }
    }
    files::want(tx, &wanted).await
}

/// Applies the redactions that concern the entries or their targets.
///
/// A redaction may come before its target, and an edit may come after its message was redacted, so
/// both are looked at whenever an entry is written.
async fn apply_redactions(
    tx: &mut Tx,
    entries: &[New<'_>],
    records: &mut BTreeMap<String, Record>,
) -> Result<(), StoreError> {
    let mut concerned: Vec<(&str, &str)> = Vec::new();
    let mut removed: Vec<(&str, &str)> = Vec::new();
    for New { event, fixed, .. } in entries {
        let part = DerivedPart::of_event(&event.derived);
        concerned.push((&fixed.transaction, &fixed.event_id));
        concerned.extend(part.changed().map(|target| (fixed.transaction.as_str(), target)));
        if event.derived.kind == Kind::Redaction {
            removed.extend(part.target().map(|target| (fixed.transaction.as_str(), target)));
        }
    }
    // The room no longer shows a removed summary, even if the redaction has no effect in the record.
    for (transaction_id, summary) in rooms::summaries_among(tx, &removed).await? {
        let was_summary = rooms::event_redacted(tx, parse_id(&transaction_id)?, &summary).await?;
        if let Some(record) = records.get_mut(&transaction_id).filter(|_| was_summary) {
            record.room.summary_event = None;
        }
    }
    let policy = |transaction_id: &str| {
        records.get(transaction_id).map_or(RedactionPolicy::Retain, |record| record.policy)
    };
    erasure::apply_redactions(tx, &concerned, policy).await
}

/// Writes the new heads of the records.
async fn set_heads(
    tx: &mut Tx,
    records: &BTreeMap<String, Record>,
    deriving: &Deriving,
) -> Result<(), StoreError> {
    let due = now().saturating_add(deriving.sign_after);
    let heads: Vec<_> = records
        .iter()
        .map(|(id, Record { head, has_news, .. })| {
            (id.as_str(), head.seq, head.hash.as_str(), if *has_news { due } else { 0 })
        })
        .collect();
    SET_HEADS.change(tx, &heads).await
}

/// Notes what the events change in the current rooms.
async fn note_changes(
    tx: &mut Tx,
    entries: &[New<'_>],
    records: &BTreeMap<String, Record>,
    deriving: &Deriving,
) -> Result<(), StoreError> {
    let mut seen: BTreeMap<&str, Vec<Seen>> = BTreeMap::new();
    for New { event, fixed, .. } in entries {
        let record = records.get(&fixed.transaction);
        if record.is_some_and(|record| record.room_id.as_ref() == Some(&fixed.room_id)) {
            seen.entry(&fixed.transaction).or_default().push(Seen {
                event_id: fixed.event_id.clone(),
                sender: fixed.sender.clone(),
                change: event.change.clone(),
            });
        }
    }
    let of_bot = room_changes::removed_of_bot(tx, &seen, &deriving.bot).await?;
    for (id, seen) in seen {
        let Some(record) = records.get(id) else { continue };
        room_changes::note(tx, id, &record.room, &seen, &of_bot).await?;
    }
    Ok(())
}

/// Notes what people ask the bot for in the current rooms.
async fn note_commands(
    tx: &mut Tx,
    entries: &[New<'_>],
    records: &BTreeMap<String, Record>,
    deriving: &Deriving,
) -> Result<(), StoreError> {
    for New { event, fixed, .. } in entries {
        let Derived { kind: Kind::Text, text: Some(text), .. } = &event.derived else { continue };
        let record = records.get(&fixed.transaction);
        let is_here = record.is_some_and(|it| it.room_id.as_ref() == Some(&fixed.room_id));
        if is_here && fixed.sender != deriving.bot && is_request(text) {
            let id = parse_id(&fixed.transaction)?;
            room_commands::note(tx, id, fixed.seq, &event.next.row.correlation).await?;
        }
    }
    Ok(())
}

/// Returns whether an entry is a signed head that the bot put into the room.
fn is_own_head(fixed: &Fixed, bot: &str) -> bool {
    fixed.event_type == HEAD_STATE && fixed.sender == bot
}

impl New<'_> {
    fn row(&self) -> (NewEntry<'_>, DerivedPart<'_>) {
        let new = NewEntry {
            fixed: &self.fixed,
            hash: &self.hash,
            position: self.event.next.row.position,
            display_name: self.display_name.as_deref(),
            is_redacted: self.event.derived.redacted,
        };
        (new, DerivedPart::of_event(&self.event.derived))
    }
}
