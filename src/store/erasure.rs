//! The erasure of content from the record, by redactions and by requests to be forgotten.
//!
//! The content is deleted. The links of the chain stay, so that the record can still be verified.

use std::collections::{BTreeSet, HashMap, HashSet};

use ruma::UserId;
use serde::Deserialize;
use sqlx::FromRow;
use ulid::Ulid;

use super::acts::{self, ErasureRequest, NewAct};
use super::columns::{from_json, parse_id, to_json};
use super::many_rows::ManyRows;
use super::packed_rows::{PackedRows, packed_rows};
use super::{
    Store, StoreError, Tx, adoption, arrived_mails, audit_log, files, indexing, notes, search_rows,
    subscriptions,
};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::event::{EventKind, NewEvent};
use crate::record::{Erased, RedactionPolicy, Relation, may_redact, named_redaction};

/// A statement that selects entries `e` for events, as [`Row`].
macro_rules! select_rows {
    ($condition:literal) => {
        packed_rows!(
            {
                transaction_id: "e.transaction_id",
                concerned: "v.column2",
                seq: "e.seq",
                event_id: "e.event_id",
                kind: "e.kind",
                sender: "e.sender",
                party: "e.party",
                erased: "e.erased",
                redacted_by: "e.redacted_by",
            },
            2,
            entries as e,
            $condition,
        )
    };
}
/// Selects the entries of events as [`Row`].
///
/// This and the next one are two statements, because SQLite would read the whole record for an `OR` over two
/// indexes.
static SELECT_TARGETS: PackedRows =
    select_rows!("e.transaction_id = v.column1 AND e.event_id = v.column2");
/// Selects the edits and redactions of events as [`Row`].
static SELECT_CHANGES: PackedRows = select_rows!(
    "e.transaction_id = v.column1 AND e.target = v.column2 \
     AND e.event_id <> v.column2 AND e.kind IN ('redaction', 'edit')"
);
/// An event comes as often as it was redacted.
static SELECT_REDACTED: PackedRows = packed_rows!(
    ["e.transaction_id", "e.target"],
    2,
    entries as e,
    "e.transaction_id = v.column1 AND e.target = v.column2 AND e.kind = 'redaction'",
);
static MARK_REDACTED: ManyRows = ManyRows::new(
    "UPDATE entries SET redacted_by = v.column3 FROM (VALUES ",
    3,
    ") AS v WHERE entries.transaction_id = v.column1 AND entries.seq = v.column2",
);
static SELECT_UNERASED_ENTRIES: PackedRows = packed_rows!(
    {
        transaction_id: "e.transaction_id",
        seq: "e.seq",
        room_id: "e.room_id",
        position: "e.position",
        event_id: "e.event_id",
        kind: "e.kind",
        target: "e.target",
        relates_to: "e.relates_to",
    },
    2,
    entries as e,
    "e.transaction_id = v.column1 AND e.seq = v.column2 AND e.erased IS NULL",
);
/// The marker of a send by Tallyroom is kept: no person wrote it, and the page waits for it.
static ERASE_ENTRIES: ManyRows = ManyRows::new(
    "UPDATE entries SET erased = v.column3, relates_to = v.column4, text = NULL, html = NULL, \
     attachments = '[]', membership = NULL, remark = NULL, \
     marker = (SELECT s.send_id FROM sends s WHERE s.transaction_id = v.column1 \
     AND s.send_id = entries.marker), \
     display_name = CASE WHEN v.column5 = 1 THEN display_name END FROM (VALUES ",
    5,
    ") AS v WHERE entries.transaction_id = v.column1 AND entries.seq = v.column2",
);
static ERASE_RAW_EVENTS: ManyRows = ManyRows::new(
    "UPDATE journal SET raw = NULL, salt = NULL FROM (VALUES ",
    2,
    ") AS v WHERE journal.room_id = v.column1 AND journal.position = v.column2",
);
const SELECT_REDACTED_EVENTS: &str = "SELECT event_id FROM entries WHERE transaction_id = $1 \
     AND redacted_by IS NOT NULL AND erased IS NULL";
/// Selects what a person wrote, the member events about them, and what the bot answered where they are a contact: an
/// answer may name them. (`replace` finds a text within
/// another one in both databases, without wildcards.)
const SELECT_ENTRIES_ABOUT_PERSON: &str = "SELECT transaction_id, seq FROM entries \
     WHERE (sender = $1 OR (membership IS NOT NULL AND replace(membership, $2, '') <> membership) \
     OR (marker IS NOT NULL AND EXISTS (SELECT 1 FROM sends s JOIN contacts c \
     ON c.transaction_id = s.transaction_id WHERE s.transaction_id = entries.transaction_id \
     AND s.send_id = entries.marker AND s.send_key LIKE 'answer %' AND c.user_id = $1))) \
     AND erased IS NULL ORDER BY transaction_id, seq LIMIT $3";
/// The files of messages that a person wrote on the invoice page and that the room does not have
/// yet. They are deleted like files that no entry names.
const RELEASE_FILES_OF_UNSENT: &str = "INSERT INTO files (mxc, state, due_at, sha256) \
     SELECT 'page:' || id, 'unwanted', $2, sha256 FROM outgoing \
     WHERE user_id = $1 AND event_id IS NULL AND sha256 IS NOT NULL ON CONFLICT (mxc) DO NOTHING";
const DELETE_UNSENT: &str = "DELETE FROM outgoing WHERE user_id = $1 AND event_id IS NULL";
/// The bot leaves the room in which it wrote to the person.
const LEAVE_DIRECT_ROOM: &str = "INSERT INTO departures (room_id, user_id, due_at) \
     SELECT room_id, $2, $3 FROM bot_rooms WHERE purpose = $1 AND room_id IS NOT NULL \
     ON CONFLICT (room_id, user_id) DO NOTHING";
const FORGET_DIRECT_ROOM: &str = "DELETE FROM bot_rooms WHERE purpose = $1";
const FORGET_ADMIN: &str = "DELETE FROM admin_commands WHERE sender = $1";
const FORGET_DISPLAY_NAME: &str = "UPDATE members SET display_name = NULL WHERE user_id = $1";

/// The records that have more of a person than entries: messages that the room does not have yet, and a name.
const SELECT_RECORDS_WITH_MORE: &str = "\
     SELECT transaction_id FROM outgoing WHERE user_id = $1 AND event_id IS NULL \
     UNION SELECT transaction_id FROM members WHERE user_id = $1 AND display_name IS NOT NULL";
const SELECT_SHOP: &str = "SELECT shop FROM transactions WHERE id = $1";

/// The number of entries, and of notes, that are erased in one tx.
const ENTRIES_PER_TX: i64 = 200;

/// How much one call has erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The number of entries.
    pub entries: usize,
    /// The number of notes of one side.
    pub notes: usize,
}

/// The entry of an event that is concerned, or an edit or redaction of it.
#[derive(Deserialize, FromRow)]
struct Row {
    transaction_id: String,
    /// The event that is concerned.
    concerned: String,
    seq: i64,
    event_id: String,
    kind: String,
    sender: String,
    party: String,
    erased: Option<String>,
    redacted_by: Option<String>,
}

#[derive(Deserialize, FromRow)]
struct Place {
    transaction_id: String,
    seq: i64,
    room_id: String,
    position: i64,
    event_id: String,
    kind: String,
    target: Option<String>,
    relates_to: Option<String>,
}

/// An entry that is to be erased.
struct Erasure<'a> {
    transaction_id: &'a str,
    seq: i64,
    reason: Erased,
}

/// What redactions do.
#[derive(Default)]
struct Effects<'a> {
    /// Entries that are redacted from now on: the transaction, the number, and the event id of the redaction.
    marked: Vec<(&'a str, i64, &'a str)>,
    /// Entries that are to be erased, in this order.
    erased: Vec<Erasure<'a>>,
}

impl Store {
    /// Erases what a person wrote in all records and in notes of their side, at most 200 entries and 200 notes per
    /// call, and has the bot leave the room in which it wrote to them. Returns how many it has erased.
    ///
    /// Sender, times and hashes stay, so that the chains can be verified. Who asked for the erasure
    /// and why is recorded as well. The audit log gets a line for each record in which something was erased, which
    /// says that `origin` did it, and not whose words they were. Those in `told` have it already; the others are added.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing of this call is written.
    pub async fn forget(
        &self,
        user: &str,
        bot: &UserId,
        asked: &ErasureRequest,
        origin: &Origin,
        told: &mut BTreeSet<String>,
    ) -> Result<Forgotten, StoreError> {
        let (mut tx, sign_due) = (self.begin().await?, self.sign_due());
        let rows: Vec<(String, i64)> = sqlx::query_as(SELECT_ENTRIES_ABOUT_PERSON)
            .bind(user)
            .bind(format!("\"user_id\":{}", to_json(user)?))
            .bind(ENTRIES_PER_TX)
            .fetch_all(&mut *tx)
            .await?;
        let changed: BTreeSet<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
        for id in &changed {
            adoption::lock(&mut tx, id, sign_due).await?;
            acts::sign_by(&mut tx, id, sign_due).await?;
        }
        let erasures = rows.iter().map(|(transaction_id, seq)| Erasure {
            transaction_id,
            seq: *seq,
            reason: Erased::Forgotten,
        });
        erase(&mut tx, &erasures.collect::<Vec<_>>(), Some(asked)).await?;
        let more: Vec<String> =
            sqlx::query_scalar(SELECT_RECORDS_WITH_MORE).bind(user).fetch_all(&mut *tx).await?;
        sqlx::query(RELEASE_FILES_OF_UNSENT).bind(user).bind(now()).execute(&mut *tx).await?;
        sqlx::query(DELETE_UNSENT).bind(user).execute(&mut *tx).await?;
        let leave = sqlx::query(LEAVE_DIRECT_ROOM).bind(user).bind(bot.as_str()).bind(now());
        leave.execute(&mut *tx).await?;
        for statement in
            [FORGET_DISPLAY_NAME, FORGET_DIRECT_ROOM, FORGET_ADMIN, subscriptions::FORGET]
        {
            sqlx::query(statement).bind(user).execute(&mut *tx).await?;
        }
        let held = arrived_mails::forget(&mut tx, user).await?;
        let noted = notes::forget(&mut tx, user, ENTRIES_PER_TX).await?;
        let concerned = more
            .iter()
            .chain(&held)
            .chain(&noted)
            .map(String::as_str)
            .chain(changed.iter().copied());
        let to_tell: BTreeSet<&str> = concerned.filter(|it| !told.contains(*it)).collect();
        let mut lines = Vec::new();
        for id in &to_tell {
            let shop: String =
                sqlx::query_scalar(SELECT_SHOP).bind(*id).fetch_one(&mut *tx).await?;
            lines.push(origin.does(Action::EntriesErased, &shop).to(parse_id(id)?));
        }
        audit_log::add(&mut tx, &lines).await?;
        tx.commit().await?;
        told.extend(to_tell.into_iter().map(str::to_owned));
        self.hints.files.notify_one();
        self.hints.index.notify_one();
        for id in changed {
            self.hints.changed(parse_id(id)?);
        }
        Ok(Forgotten { entries: rows.len(), notes: noted.len() })
    }
}

/// Erases all redacted entries of a transaction, because the shop set the policy to honour
/// redactions. Returns whether there were any.
pub(super) async fn erase_redacted(tx: &mut Tx, id: Ulid) -> Result<bool, StoreError> {
    let id = id.to_string();
    let events: Vec<String> =
        sqlx::query_scalar(SELECT_REDACTED_EVENTS).bind(&id).fetch_all(&mut **tx).await?;
    let concerned: Vec<_> = events.iter().map(|event| (id.as_str(), event.as_str())).collect();
    apply_redactions(tx, &concerned, |_| RedactionPolicy::Honour).await?;
    Ok(!events.is_empty())
}

/// Applies the redactions of these events (transaction and event id), in their order: marks their entries as
/// redacted, and erases the entries and their edits if the policy of the transaction is to honour redactions.
///
/// The call can be repeated. It does nothing about an event until the record holds both the event and a redaction.
pub(super) async fn apply_redactions(
    tx: &mut Tx,
    concerned: &[(&str, &str)],
    policy: impl Fn(&str) -> RedactionPolicy,
) -> Result<(), StoreError> {
    let named: Vec<(String, String)> = SELECT_REDACTED.select(tx, concerned).await?;
    let mut named: HashSet<_> = named.into_iter().collect();
    let redacted: Vec<(&str, &str)> = concerned
        .iter()
        .copied()
        .filter(|(id, event)| named.remove(&((*id).to_owned(), (*event).to_owned())))
        .collect();
    if redacted.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<Row> = SELECT_TARGETS.select(tx, &redacted).await?;
    rows.extend(SELECT_CHANGES.select::<_, Row>(tx, &redacted).await?);
    rows.sort_by_key(|row| row.seq);
    let mut around: HashMap<(&str, &str), Vec<&Row>> = HashMap::new();
    for row in &rows {
        around.entry((&row.transaction_id, &row.concerned)).or_default().push(row);
    }
    let mut effects = Effects::default();
    for (transaction_id, event_id) in redacted {
        if let Some(rows) = around.get(&(transaction_id, event_id)) {
            decide(rows, event_id, policy(transaction_id), &mut effects);
        }
    }
    MARK_REDACTED.change(tx, &effects.marked).await?;
    // Its large future is rarely needed, and would be a part of that of everything that records.
    Box::pin(erase(tx, &effects.erased, None)).await
}

/// Decides what redactions do with an event, from the entry of the event, its edits and its redactions, in the order
/// of their numbers.
fn decide<'a>(
    rows: &[&'a Row],
    event_id: &str,
    policy: RedactionPolicy,
    effects: &mut Effects<'a>,
) {
    let Some(target) = rows.iter().find(|row| row.event_id == event_id) else { return };
    let redaction = rows.iter().find(|row| {
        row.kind == "redaction"
            && row.event_id != event_id
            && may_redact(&row.sender, &row.party, &target.sender)
    });
    let Some(redaction) = redaction else { return };
    if named_redaction(target.redacted_by.as_deref()).is_none() {
        effects.marked.push((&target.transaction_id, target.seq, &redaction.event_id));
    }
    if policy == RedactionPolicy::Retain {
        return;
    }
    let own_edits = rows.iter().filter(|row| row.kind == "edit" && row.sender == target.sender);
    for row in own_edits.chain([target]).filter(|row| row.erased.is_none()) {
        effects.erased.push(Erasure {
            transaction_id: &row.transaction_id,
            seq: row.seq,
            reason: Erased::Redacted(redaction.event_id.clone()),
        });
    }
}

/// Erases the content of entries, in this order. An entry that is named twice is erased for the first reason, and one
/// that is erased already stays as it is. The id of the event that an entry refers to stays, but not the key (such as
/// the emoji of a reaction).
async fn erase(
    tx: &mut Tx,
    erasures: &[Erasure<'_>],
    asked: Option<&ErasureRequest>,
) -> Result<(), StoreError> {
    let named: Vec<_> = erasures.iter().map(|it| (it.transaction_id, it.seq)).collect();
    let places: Vec<Place> = SELECT_UNERASED_ENTRIES.select(tx, &named).await?;
    let by_entry: HashMap<(&str, i64), &Place> =
        places.iter().map(|place| ((place.transaction_id.as_str(), place.seq), place)).collect();
    let mut done = HashSet::new();
    let mut erased: Vec<NewlyErased<'_>> = Vec::new();
    for Erasure { transaction_id, seq, reason } in erasures {
        let entry = (*transaction_id, *seq);
        if let Some(place) = by_entry.get(&entry).filter(|_| done.insert(entry)) {
            tx.tells(NewEvent::of(EventKind::EntryErased, *transaction_id).about(*seq));
            erased.push(NewlyErased::of(place, reason)?);
        }
    }
    if erased.is_empty() {
        return Ok(());
    }
    let acts = erased.iter().map(|it| {
        (it.place.transaction_id.as_str(), NewAct::erasure(&it.subject, it.reason, asked))
    });
    acts::append_all(tx, acts.collect()).await?;
    let rows: Vec<_> = erased.iter().map(NewlyErased::row).collect();
    ERASE_ENTRIES.change(tx, &rows).await?;
    let raw: Vec<_> =
        erased.iter().map(|it| (it.place.room_id.as_str(), it.place.position)).collect();
    ERASE_RAW_EVENTS.change(tx, &raw).await?;
    let entries: Vec<_> =
        erased.iter().map(|it| (it.place.transaction_id.as_str(), it.place.seq)).collect();
    search_rows::remove(tx, &entries).await?;
    // The search index holds the words of the answers with each vote, so these are removed as well.
    let polls: BTreeSet<_> = erased.iter().filter_map(NewlyErased::poll).collect();
    for (transaction_id, poll) in polls {
        indexing::index_votes_again(tx, transaction_id, poll, None).await?;
    }
    files::release(tx, &entries).await
}

/// An entry that is erased now.
struct NewlyErased<'a> {
    place: &'a Place,
    reason: &'a Erased,
    /// What the act is about: the number of the entry.
    subject: String,
    relation: Option<String>,
}

impl<'a> NewlyErased<'a> {
    fn of(place: &'a Place, reason: &'a Erased) -> Result<Self, StoreError> {
        let relation = place
            .relates_to
            .as_deref()
            .map(|text| from_json::<Relation>("relates_to", text))
            .transpose()?
            .map(|relation| to_json(&Relation { key: None, ..relation }))
            .transpose()?;
        Ok(Self { place, reason, subject: place.seq.to_string(), relation })
    }

    /// The columns as [`ERASE_ENTRIES`] takes them.
    fn row(&self) -> (&str, i64, &str, Option<&str>, i64) {
        let Place { transaction_id, seq, kind, .. } = self.place;
        // The sender's name stays when a message is redacted, unless the redacted event sets the name.
        let keeps_name = matches!(self.reason, Erased::Redacted(_)) && kind != "membership";
        let relation = self.relation.as_deref();
        (transaction_id, *seq, self.reason.as_text(), relation, i64::from(keeps_name))
    }

    /// The transaction and the poll whose votes say something else from now on, if the entry belongs to one.
    fn poll(&self) -> Option<(&'a str, &'a str)> {
        let place = self.place;
        let poll = match place.kind.as_str() {
            "poll_start" => Some(place.event_id.as_str()),
            "edit" => place.target.as_deref(),
            _ => None,
        };
        Some((place.transaction_id.as_str(), poll?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{Created, NewRevision};
    use crate::transaction::sample_submission;

    #[tokio::test]
    async fn whoever_has_only_a_name_is_forgotten_with_one_line_for_each_record() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let accepted = sample_submission().accept().unwrap();
        let new = NewRevision { terms: &accepted.terms, warnings: &[], original: None };
        let created = store.create_transaction("shop", "order-1", new, "test", &root()).await;
        let Created::New(id) = created.unwrap() else { panic!("it is there already") };
        let named = async || {
            let named = "INSERT INTO members (transaction_id, user_id, display_name) \
                 VALUES ($1, '@anna:x', 'Anna') ON CONFLICT (transaction_id, user_id) \
                 DO UPDATE SET display_name = excluded.display_name";
            store.run(sqlx::query(named).bind(id.to_string())).await.unwrap();
        };
        let mut told = BTreeSet::new();
        let asked = ErasureRequest::new("an operator", None);
        let bot = ruma::user_id!("@bot:x");
        // A long record is erased in several calls.
        for _ in 0..2 {
            named().await;
            store.forget("@anna:x", bot, &asked, &root(), &mut told).await.unwrap();
        }
        store.forget("@somebody:x", bot, &asked, &root(), &mut BTreeSet::new()).await.unwrap();
        let lines = store.audit_log_of("shop", 0, Some(id), 10).await.unwrap();
        let actions: Vec<_> = lines.iter().map(|it| it.action.as_str()).collect();
        assert_eq!(actions, ["transaction.created", "entries.erased"]);
    }
}
