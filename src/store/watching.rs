//! What others did to the current room of a transaction is noted in the tx that records it, so that
//! the reconciler answers it whatever happens.

use sqlx::FromRow;
use ulid::Ulid;

use super::columns::parse_id;
use super::{StoreError, Tx, foreign, rooms};
use crate::clock::now;
use crate::room::{Change, Repairs};

const CURRENT: &str = "SELECT summary_event, ready_at, repairs, COALESCE(repaired_at, 0) AS repaired_at \
     FROM rooms WHERE transaction_id = $1 AND room_id = $2";
const STATE_CHANGED: &str = "UPDATE rooms SET published = NULL WHERE transaction_id = $1";
/// '' is no digest, but also not "never pinned": the pins are looked at before they are written.
const PINS_CHANGED: &str = "UPDATE rooms SET summary_pinned = '' \
     WHERE transaction_id = $1 AND summary_pinned IS NOT NULL";
const HEAD_CHANGED: &str = "UPDATE rooms SET head_shown = NULL WHERE transaction_id = $1";
const ENCRYPTED: &str = "UPDATE rooms SET encrypted_at = COALESCE(encrypted_at, $2) \
     WHERE transaction_id = $1";
const REPLACED: &str = "UPDATE rooms SET tombstone_at = $2, successor = $3 \
     WHERE transaction_id = $1";
const REPAIRED: &str = "UPDATE rooms SET repairs = $2, repaired_at = $3 WHERE transaction_id = $1";
const EVENT_OF_OURS: &str = "SELECT kind, target FROM entries WHERE transaction_id = $1 \
     AND event_id = $2 AND sender = $3";
const CHANGE_TOLD: &str = "SELECT send_key FROM sends WHERE transaction_id = $1 \
     AND event_id = $2 AND send_key LIKE 'change %'";
const TELL_AGAIN: &str = "UPDATE rooms SET retold = retold + 1, telling_revision = NULL, \
     told_revision = CASE WHEN told_revision > $2 THEN $2 ELSE told_revision END \
     WHERE transaction_id = $1";
/// The step waits, and the shop sees why.
const FIGHT: &str = "INSERT INTO room_problems \
     (transaction_id, step, problem, failures, since, retry_at) VALUES ($1, $2, $3, 1, $4, $5) \
     ON CONFLICT (transaction_id, step) DO UPDATE SET problem = excluded.problem, \
     failures = room_problems.failures + 1, retry_at = excluded.retry_at";

/// Longest room id, in bytes (Matrix specification, "Room IDs").
const MAX_ROOM_ID_BYTES: usize = 255;

#[derive(FromRow)]
struct Current {
    summary_event: Option<String>,
    ready_at: Option<i64>,
    repairs: i64,
    repaired_at: i64,
}

/// One event that was recorded.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// What it is.
    pub(super) event_id: String,
    /// Who sent it.
    pub(super) sender: String,
    /// What it changes, if anything.
    pub(super) change: Option<Change>,
}

/// Notes what the events `seen` change in `room_id`, if that is the current room.
pub(super) async fn note(
    tx: &mut Tx,
    transaction_id: &str,
    room_id: &str,
    seen: &[Seen],
    bot: &str,
) -> Result<(), StoreError> {
    let current: Option<Current> = sqlx::query_as(CURRENT)
        .bind(transaction_id)
        .bind(room_id)
        .fetch_optional(&mut **tx)
        .await?;
    let Some(current) = current else { return Ok(()) };
    let id = parse_id(transaction_id)?;
    let mut steps: Vec<(&str, String)> = Vec::new();
    let mut wake = false;
    for Seen { event_id, sender, change } in seen {
        // People are invited once all that the homeserver put into a new room is known.
        wake |= current.ready_at.is_none() && current.summary_event.as_ref() == Some(event_id);
        let Some(change) = change else { continue };
        match change {
            Change::State(event_type) => {
                steps.push(("publish_state", format!("{sender} changed {event_type}")));
            }
            Change::Pins(pinned) => {
                let summary = current.summary_event.as_ref();
                if summary.is_some_and(|summary| !pinned.contains(summary)) {
                    steps.push(("pin_summary", format!("{sender} unpinned the summary")));
                }
            }
            Change::Head => steps.push(("show_head", format!("{sender} changed the signed head"))),
            Change::Removed(target) => {
                let ours: Option<(String, Option<String>)> = sqlx::query_as(EVENT_OF_OURS)
                    .bind(transaction_id)
                    .bind(target)
                    .bind(bot)
                    .fetch_optional(&mut **tx)
                    .await?;
                let (kind, changed) = ours.unwrap_or_default();
                match (kind.as_str(), current.summary_event.as_ref()) {
                    ("state", _) => {
                        let what = format!("{sender} removed the content of the room's state");
                        for step in ["publish_state", "pin_summary", "show_head"] {
                            steps.push((step, what.clone()));
                        }
                    }
                    // Without its edit the summary says what was true before.
                    ("edit", Some(summary)) if changed.as_ref() == Some(summary) => {
                        rooms::removed(tx, id, summary).await?;
                        let what = format!("{sender} removed an edit of the summary");
                        steps.push(("send_summary", what));
                    }
                    _ if tell_again(tx, transaction_id, target).await? => {
                        steps.push(("tell_change", format!("{sender} removed what the bot told")));
                    }
                    _ => {}
                }
            }
            // What follows is decided from where the bot stands.
            Change::Out => wake = true,
            Change::Encrypted => {
                sqlx::query(ENCRYPTED).bind(transaction_id).bind(now()).execute(&mut **tx).await?;
                wake = true;
            }
            Change::Tombstone { replacement } => {
                let replacement =
                    replacement.as_ref().filter(|room| room.len() <= MAX_ROOM_ID_BYTES);
                sqlx::query(REPLACED)
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
        put_back(tx, transaction_id, &current, &steps).await?;
        wake = true;
    }
    if wake {
        rooms::wake(tx, id, &format!("room-{}", Ulid::new())).await?;
    }
    Ok(())
}

/// If this event told a change, it is told once more; whether it did.
async fn tell_again(tx: &mut Tx, transaction_id: &str, event: &str) -> Result<bool, StoreError> {
    let told: Option<String> = sqlx::query_scalar(CHANGE_TOLD)
        .bind(transaction_id)
        .bind(event)
        .fetch_optional(&mut **tx)
        .await?;
    let Some(revision) = told.as_deref().and_then(revision_told) else { return Ok(false) };
    let again = sqlx::query(TELL_AGAIN).bind(transaction_id).bind(revision - 1);
    again.execute(&mut **tx).await?;
    Ok(true)
}

/// Which revision the send of this key told.
fn revision_told(send_key: &str) -> Option<i64> {
    send_key.strip_prefix("change ")?.split(' ').next()?.parse().ok()
}

/// What others changed is looked at and put back: at once, or later if they keep changing it.
async fn put_back(
    tx: &mut Tx,
    transaction_id: &str,
    current: &Current,
    steps: &[(&str, String)],
) -> Result<(), StoreError> {
    let repairs = Repairs { count: current.repairs, last: current.repaired_at };
    let (repairs, until) = repairs.one_more(now());
    sqlx::query(REPAIRED)
        .bind(transaction_id)
        .bind(repairs.count)
        .bind(repairs.last)
        .execute(&mut **tx)
        .await?;
    for (step, what) in steps {
        let unknown = match *step {
            "publish_state" => Some(STATE_CHANGED),
            "pin_summary" => Some(PINS_CHANGED),
            "show_head" => Some(HEAD_CHANGED),
            _ => None,
        };
        if let Some(unknown) = unknown {
            sqlx::query(unknown).bind(transaction_id).execute(&mut **tx).await?;
        }
        if let Some(until) = until {
            let problem = format!(
                "{what}, for the {}th time in a row. It is put back with growing pauses; take that \
                 person's power in the room away.",
                repairs.count
            );
            sqlx::query(FIGHT)
                .bind(transaction_id)
                .bind(*step)
                .bind(problem)
                .bind(now())
                .bind(until)
                .execute(&mut **tx)
                .await?;
        }
    }
    Ok(())
}

/// The bot leaves the room that turned out to be no successor.
pub(super) async fn reject(tx: &mut Tx, room_id: &str, bot: &str) -> Result<(), StoreError> {
    foreign::depart(tx, room_id, bot).await
}
