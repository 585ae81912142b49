//! Changes that other people make to the current room of a transaction.
//!
//! A change is noted in the tx that records its event, so that the reconciler certainly reacts to
//! it.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use sqlx::FromRow;
use ulid::Ulid;

use super::columns::parse_id;
use super::packed_rows::{PackedRows, packed_rows};
use super::stored_values::UNKNOWN_DIGEST;
use super::{SendKey, StoreError, Tx, due_rooms, foreign, refused_steps, rooms};
use crate::clock::now;
use crate::room::{Change, Repairs, Step};

const FORGET_PUBLISHED_STATE: &str = "UPDATE rooms SET published = NULL WHERE transaction_id = $1";
const FORGET_PINS: &str = "UPDATE rooms SET summary_pinned = $2 \
     WHERE transaction_id = $1 AND summary_pinned IS NOT NULL";
const FORGET_SHOWN_HEAD: &str = "UPDATE rooms SET head_shown = NULL WHERE transaction_id = $1";
const MARK_ENCRYPTED: &str = "UPDATE rooms SET encrypted_at = COALESCE(encrypted_at, $2) \
     WHERE transaction_id = $1";
const SET_TOMBSTONE: &str = "UPDATE rooms SET tombstone_at = $2, successor = $3 \
     WHERE transaction_id = $1";
const SET_REPAIRS: &str =
    "UPDATE rooms SET repairs = $2, repaired_at = $3 WHERE transaction_id = $1";
/// Selects what is known about events (transaction, event id and the bot), as [`OfBot`].
static SELECT_EVENTS_OF_BOT: PackedRows = packed_rows!(
    {
        transaction_id: "v.column1",
        event_id: "v.column2",
        kind: "e.kind",
        target: "e.target",
        send_key: "(SELECT s.send_key FROM sends s WHERE s.transaction_id = v.column1 \
             AND s.event_id = v.column2 AND s.send_key LIKE v.column4 LIMIT 1)",
    },
    " FROM (VALUES ",
    4,
    ") AS v LEFT JOIN entries e ON e.transaction_id = v.column1 AND e.event_id = v.column2 \
     AND e.sender = v.column3 WHERE v.column1 <> ''"
);
const TELL_CHANGE_AGAIN: &str = "UPDATE rooms SET retold = retold + 1, telling_revision = NULL, \
     told_revision = CASE WHEN told_revision > $2 THEN $2 ELSE told_revision END \
     WHERE transaction_id = $1";
/// The step waits until `retry_at`. The shop can read the reason.
const UPSERT_REPAIR_PROBLEM: &str = "INSERT INTO room_problems \
     (transaction_id, step, problem, failures, since, retry_at) VALUES ($1, $2, $3, 1, $4, $5) \
     ON CONFLICT (transaction_id, step) DO UPDATE SET problem = excluded.problem, \
     failures = room_problems.failures + 1, retry_at = excluded.retry_at RETURNING failures";

/// The greatest length of a room id, in bytes (Matrix specification, "Room IDs").
const MAX_ROOM_ID_BYTES: usize = 255;

/// What is known about the current room of a transaction.
#[derive(serde::Deserialize, sqlx::FromRow)]
pub(super) struct CurrentRoom {
    pub(super) summary_event: Option<String>,
    pub(super) ready_at: Option<i64>,
    /// See [`Repairs`].
    pub(super) repairs: i64,
    /// See [`Repairs`].
    pub(super) repaired_at: i64,
}

/// An event that was recorded.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The id of the event.
    pub(super) event_id: String,
    /// The Matrix user who sent it.
    pub(super) sender: String,
    /// What the event changes in the room, if anything.
    pub(super) change: Option<Change>,
}

/// What the bot sent and somebody removed.
#[derive(Deserialize, FromRow)]
struct OfBot {
    transaction_id: String,
    event_id: String,
    /// The kind of its entry. None: there is none yet, or somebody else sent it.
    kind: Option<String>,
    /// The event to which that entry refers.
    target: Option<String>,
    /// The key of its send, if it told a change.
    send_key: Option<String>,
}

/// The removed events of the bot, by transaction and event id.
pub(super) struct RemovedOfBot(HashMap<(String, String), OfBot>);

impl RemovedOfBot {
    fn get(&self, transaction_id: &str, event_id: &str) -> Option<&OfBot> {
        self.0.get(&(transaction_id.to_owned(), event_id.to_owned()))
    }
}

/// Looks up which of the events that were removed the bot sent.
pub(super) async fn removed_of_bot(
    tx: &mut Tx,
    seen: &BTreeMap<&str, Vec<Seen>>,
    bot: &str,
) -> Result<RemovedOfBot, StoreError> {
    let changes = SendKey::changes_pattern();
    let mut removed = Vec::new();
    for (id, seen) in seen {
        for Seen { change, .. } in seen {
            if let Some(Change::Removed(target)) = change {
                removed.push((*id, target.as_str(), bot, changes.as_str()));
            }
        }
    }
    let rows: Vec<OfBot> = SELECT_EVENTS_OF_BOT.select(tx, &removed).await?;
    let by_event = |row: OfBot| ((row.transaction_id.clone(), row.event_id.clone()), row);
    Ok(RemovedOfBot(rows.into_iter().map(by_event).collect()))
}

/// Notes what the events `seen` change in the current room.
pub(super) async fn note(
    tx: &mut Tx,
    transaction_id: &str,
    current: &CurrentRoom,
    seen: &[Seen],
    of_bot: &RemovedOfBot,
) -> Result<(), StoreError> {
    let id = parse_id(transaction_id)?;
    let mut steps: Vec<(Step, String)> = Vec::new();
    let mut wake = false;
    for Seen { event_id, sender, change } in seen {
        // The summary follows all events that the homeserver puts into a new room. People can be
        // invited from then on.
        wake |= current.ready_at.is_none() && current.summary_event.as_ref() == Some(event_id);
        let Some(change) = change else { continue };
        match change {
            Change::State(event_type) => {
                steps.push((Step::PublishState, format!("{sender} changed {event_type}")));
            }
            Change::Pins(pinned) => {
                let summary = current.summary_event.as_ref();
                if summary.is_some_and(|summary| !pinned.contains(summary)) {
                    steps.push((Step::PinSummary, format!("{sender} unpinned the summary")));
                }
            }
            Change::Head => {
                steps.push((Step::ShowHead, format!("{sender} changed the signed head")));
            }
            Change::Removed(target) => {
                let Some(removed) = of_bot.get(transaction_id, target) else { continue };
                match (removed.kind.as_deref(), current.summary_event.as_ref()) {
                    (Some("state"), _) => {
                        let what = format!("{sender} removed the content of the room's state");
                        for step in [Step::PublishState, Step::PinSummary, Step::ShowHead] {
                            steps.push((step, what.clone()));
                        }
                    }
                    // Without the edit, the summary shows an outdated invoice.
                    (Some("edit"), Some(summary)) if removed.target.as_ref() == Some(summary) => {
                        rooms::event_redacted(tx, id, summary).await?;
                        let what = format!("{sender} removed an edit of the summary");
                        steps.push((Step::SendSummary, what));
                    }
                    _ if tell_again(tx, transaction_id, removed).await? => {
                        let what = format!("{sender} removed the bot's message about a change");
                        steps.push((Step::AnnounceChange, what));
                    }
                    _ => {}
                }
            }
            // The reconciler decides what to do from the bot's membership.
            Change::Out => wake = true,
            Change::Encrypted => {
                sqlx::query(MARK_ENCRYPTED)
                    .bind(transaction_id)
                    .bind(now())
                    .execute(&mut **tx)
                    .await?;
                wake = true;
            }
            Change::Tombstone { replacement } => {
                let replacement =
                    replacement.as_ref().filter(|room| room.len() <= MAX_ROOM_ID_BYTES);
                sqlx::query(SET_TOMBSTONE)
                    .bind(transaction_id)
                    .bind(now())
                    .bind(replacement)
                    .execute(&mut **tx)
                    .await?;
                wake = true;
            }
        }
    }
    if !steps.is_empty() {
        put_back(tx, transaction_id, current, &steps).await?;
        wake = true;
    }
    if wake {
        due_rooms::wake(tx, id, &format!("room-{}", Ulid::new())).await?;
    }
    Ok(())
}

/// Has a change told again if `removed` is the message that told it. Returns whether it is.
async fn tell_again(
    tx: &mut Tx,
    transaction_id: &str,
    removed: &OfBot,
) -> Result<bool, StoreError> {
    let Some(revision) = removed.send_key.as_deref().and_then(SendKey::changed_revision) else {
        return Ok(false);
    };
    let again = sqlx::query(TELL_CHANGE_AGAIN).bind(transaction_id).bind(revision - 1);
    again.execute(&mut **tx).await?;
    Ok(true)
}

/// Has the reconciler restore what other people changed: at once, or with growing pauses if they
/// change it again and again.
async fn put_back(
    tx: &mut Tx,
    transaction_id: &str,
    current: &CurrentRoom,
    steps: &[(Step, String)],
) -> Result<(), StoreError> {
    let repairs = Repairs { count: current.repairs, last: current.repaired_at };
    let (repairs, until) = repairs.one_more(now());
    sqlx::query(SET_REPAIRS)
        .bind(transaction_id)
        .bind(repairs.count)
        .bind(repairs.last)
        .execute(&mut **tx)
        .await?;
    for (step, what) in steps {
        let forget = match step {
            Step::PublishState => Some(sqlx::query(FORGET_PUBLISHED_STATE).bind(transaction_id)),
            Step::PinSummary => {
                Some(sqlx::query(FORGET_PINS).bind(transaction_id).bind(UNKNOWN_DIGEST))
            }
            Step::ShowHead => Some(sqlx::query(FORGET_SHOWN_HEAD).bind(transaction_id)),
            _ => None,
        };
        if let Some(forget) = forget {
            forget.execute(&mut **tx).await?;
        }
        if let (Some(until), Some(name)) = (until, step.name()) {
            let problem = format!(
                "{what}. This is repair number {} in a row. Tallyroom repairs it with growing \
                 pauses. Take away that person's power in the room.",
                repairs.count
            );
            let failures: i64 = sqlx::query_scalar(UPSERT_REPAIR_PROBLEM)
                .bind(transaction_id)
                .bind(&name)
                .bind(&problem)
                .bind(now())
                .bind(until)
                .fetch_one(&mut **tx)
                .await?;
            if failures == 1 {
                refused_steps::tell_problem(tx, transaction_id, Some(&name), &problem);
            }
        }
    }
    Ok(())
}

/// Has the bot leave a room that is not the successor.
pub(super) async fn reject(tx: &mut Tx, room_id: &str, bot: &str) -> Result<(), StoreError> {
    foreign::leave_soon(tx, room_id, bot).await
}
