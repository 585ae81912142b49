//! Audits: the comparison of the journal with a homeserver that was restored from a backup.
//!
//! Events that only the journal holds are kept and marked as absent. What the database says about
//! the rooms on the homeserver is corrected.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::FromRow;
use ulid::Ulid;

use super::arrival::Arrival;
use super::columns::{from_json, parse_id};
use super::stored_values::{FROM_NEWEST_EVENT, TO_START_OF_ROOM, UNKNOWN_DIGEST};
use super::{Store, StoreError, Tx, due_rooms, facts, successors};
use crate::clock::now;
use crate::record::MembershipChange;

const SELECT_LAST_EVENT_UP_TO: &str = "\
     SELECT j.room_id, j.event_id FROM journal j \
     JOIN record_rooms r ON r.room_id = j.room_id \
     WHERE r.gone_at IS NULL AND j.absent_since IS NULL AND j.event_id LIKE '$%' \
     AND j.received_at <= $1 \
     ORDER BY j.received_at DESC, j.position DESC LIMIT 1";
const SELECT_EVENTS_SINCE: &str = "\
     SELECT j.room_id, j.event_id FROM journal j \
     JOIN record_rooms r ON r.room_id = j.room_id \
     WHERE r.gone_at IS NULL AND j.absent_since IS NULL AND j.event_id LIKE '$%' \
     AND j.received_at > $1 \
     ORDER BY j.received_at, j.position LIMIT $2";
/// A room that the bot may not read does not prevent another audit of the other rooms.
const COUNT_OPEN_AUDIT_GAPS: &str =
    "SELECT COUNT(*) FROM gaps WHERE audit <> 0 AND state = 'open' AND refusals = 0";
/// An audit reads the history of each room from the newest event ($2) to the start of the room
/// ($3).
const OPEN_AUDIT_GAPS: &str = "\
     INSERT INTO gaps (room_id, from_token, to_token, audit, upto, due_at) \
     SELECT r.room_id, $2, $3, $1, j.last_position, $1 FROM record_rooms r \
     JOIN journal_rooms j ON j.room_id = r.room_id \
     WHERE r.gone_at IS NULL ON CONFLICT (room_id, to_token) DO UPDATE SET \
     from_token = excluded.from_token, \
     audit = excluded.audit, upto = excluded.upto, due_at = excluded.due_at, state = 'open', \
     refusals = 0, given_up_at = NULL";
const MARK_FOUND: &str = "UPDATE journal SET audited = $3 WHERE room_id = $1 AND event_id = $2";
const CLEAR_ABSENT_IF_FOUND: &str = "UPDATE journal SET absent_since = NULL \
     WHERE room_id = $1 AND audited >= $2 AND absent_since IS NOT NULL";
/// An event without an id of its own cannot be found on a homeserver. Its id in the journal does
/// not begin with `$`.
const MARK_ABSENT_IF_NOT_FOUND: &str = "\
     UPDATE journal SET absent_since = $4 WHERE room_id = $1 AND position <= $3 \
     AND audited < $2 AND absent_since IS NULL AND event_id LIKE '$%'";
/// Selects only by the current room, because nothing is corrected in earlier rooms.
const SELECT_TRANSACTION_OF_CURRENT_ROOM: &str =
    "SELECT transaction_id FROM rooms WHERE room_id = $1";
const DELETE_LOST_SENDS: &str = "DELETE FROM sends WHERE transaction_id = $1 \
     AND EXISTS (SELECT 1 FROM journal j WHERE j.absent_since IS NOT NULL \
     AND j.room_id = $2 AND j.event_id = sends.event_id)";
const FORGET_LOST_SUMMARY: &str = "UPDATE rooms SET summary_event = NULL WHERE transaction_id = $1 \
     AND EXISTS (SELECT 1 FROM journal j WHERE j.absent_since IS NOT NULL \
     AND j.room_id = $2 AND j.event_id = rooms.summary_event)";
const SELECT_MEMBER_EVENTS: &str = "SELECT e.membership, e.sort_at, j.absent_since FROM entries e \
     JOIN journal j ON j.room_id = e.room_id AND j.position = e.position \
     WHERE e.transaction_id = $1 AND e.room_id = $2 AND e.membership IS NOT NULL \
     ORDER BY e.sort_at, e.seq";
const CORRECT_MEMBERSHIP: &str = "\
     UPDATE members SET membership = $3, membership_at = $4, failures = 0, \
     retry_at = NULL, problem = NULL, gave_up = 0 WHERE transaction_id = $1 AND user_id = $2";
const FORGET_ROOM_STATE: &str = "UPDATE rooms SET published = NULL, summary_pinned = $2, \
     head_shown = NULL WHERE transaction_id = $1";
const FORGET_SUMMARY_TEXT: &str = "UPDATE rooms SET summary_shown = $2 WHERE transaction_id = $1";
pub(super) const FORGET_ROOM: &str = "UPDATE rooms SET room_id = NULL, attempted_at = NULL, published = NULL, \
     summary_event = NULL, summary_shown = NULL, summary_pinned = NULL, head_shown = NULL, \
     ready_at = NULL, encrypted_at = NULL, tombstone_at = NULL, successor = NULL \
     WHERE transaction_id = $1";
const MARK_ROOM_GONE: &str = "UPDATE record_rooms SET gone_at = $2 WHERE room_id = $1";
const FORGET_MEMBERSHIPS: &str = "\
     UPDATE members SET membership = NULL, failures = 0, retry_at = NULL, \
     problem = NULL, gave_up = 0, failing_since = NULL, look_at = NULL, declined = 0, told_in = 0 \
     WHERE transaction_id = $1";
const DELETE_FAR_INVITATIONS: &str = "DELETE FROM far_invitations WHERE transaction_id = $1";
const DELETE_SENDS: &str = "DELETE FROM sends WHERE transaction_id = $1";
const DELETE_GAPS: &str = "DELETE FROM gaps WHERE room_id = $1";

/// The greatest number of events that are read to take a sample from.
const MAX_EVENTS_READ: i64 = 10_000;

/// An event that the homeserver should have.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct KnownEvent {
    /// The id of its room.
    pub room_id: String,
    /// The id of the event.
    pub event_id: String,
}

#[derive(FromRow)]
struct MemberEvent {
    membership: String,
    sort_at: i64,
    absent_since: Option<i64>,
}

impl Store {
    /// Returns events that the homeserver must have unless it was restored from a backup: the last
    /// event that was received up to `since` (none: up to now), and the events after it. If more
    /// than `most` events follow, an evenly spaced sample of them is returned.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn known_since(
        &self,
        since: Option<i64>,
        most: usize,
    ) -> Result<Vec<KnownEvent>, StoreError> {
        let upto = since.unwrap_or(i64::MAX);
        let mut known: Vec<KnownEvent> =
            sqlx::query_as(SELECT_LAST_EVENT_UP_TO).bind(upto).fetch_all(&self.pool).await?;
        let after: Vec<KnownEvent> = sqlx::query_as(SELECT_EVENTS_SINCE)
            .bind(upto)
            .bind(MAX_EVENTS_READ)
            .fetch_all(&self.pool)
            .await?;
        let step = after.len().div_ceil(most).max(1);
        known.extend(after.into_iter().step_by(step));
        Ok(known)
    }

    /// Returns true while an audit is in progress.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_runs(&self) -> Result<bool, StoreError> {
        let gaps: i64 = sqlx::query_scalar(COUNT_OPEN_AUDIT_GAPS).fetch_one(&self.pool).await?;
        Ok(gaps > 0)
    }

    /// Begins an audit, because the homeserver was restored from a backup. Returns the number of
    /// rooms in the audit.
    ///
    /// The history of each room is read again, from the newest event to the start. The bot's sync
    /// starts again as well, because the restored homeserver may not have issued the token yet.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn begin_audit(&self) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let opened = sqlx::query(OPEN_AUDIT_GAPS)
            .bind(now())
            .bind(FROM_NEWEST_EVENT)
            .bind(TO_START_OF_ROOM)
            .execute(&mut *tx)
            .await?;
        facts::forget(&mut tx, facts::SYNC_TOKEN).await?;
        tx.commit().await?;
        Ok(opened.rows_affected())
    }

    /// Notes that the homeserver no longer has a record room.
    ///
    /// Its entries stay in the record and are marked as absent. The transaction gets a new room,
    /// unless the admin of the homeserver blocked the old one (`blocked`).
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn room_lost(&self, room_id: &str, blocked: bool) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(MARK_ABSENT_IF_NOT_FOUND)
            .bind(room_id)
            .bind(i64::MAX)
            .bind(i64::MAX)
            .bind(now())
            .execute(&mut *tx)
            .await?;
        sqlx::query(MARK_ROOM_GONE).bind(room_id).bind(now()).execute(&mut *tx).await?;
        if let Some(id) = transaction_of(&mut tx, room_id).await? {
            for statement in [FORGET_ROOM, FORGET_MEMBERSHIPS, DELETE_FAR_INVITATIONS, DELETE_SENDS]
            {
                sqlx::query(statement).bind(id.to_string()).execute(&mut *tx).await?;
            }
            if blocked {
                successors::set_blocked(&mut tx, id).await?;
            }
            due_rooms::wake(&mut tx, id, &format!("audit-{}", Ulid::new())).await?;
        }
        sqlx::query(DELETE_GAPS).bind(room_id).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Notes that this audit found these events on the homeserver.
pub(super) async fn mark_found(
    tx: &mut Tx,
    room_id: &str,
    audit: i64,
    events: &[Arrival],
) -> Result<(), StoreError> {
    for event in events {
        sqlx::query(MARK_FOUND)
            .bind(room_id)
            .bind(&event.event_id)
            .bind(audit)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Concludes the audit of a room whose history was read to its start.
///
/// The journal held events up to the position `upto` when the audit began. Those of them that the
/// audit did not find are marked as absent.
pub(super) async fn conclude(
    tx: &mut Tx,
    room_id: &str,
    audit: i64,
    upto: i64,
) -> Result<(), StoreError> {
    sqlx::query(CLEAR_ABSENT_IF_FOUND).bind(room_id).bind(audit).execute(&mut **tx).await?;
    let absent = sqlx::query(MARK_ABSENT_IF_NOT_FOUND)
        .bind(room_id)
        .bind(audit)
        .bind(upto)
        .bind(now())
        .execute(&mut **tx)
        .await?
        .rows_affected();
    tracing::info!(room = room_id, absent, "compared the room with its record");
    if absent == 0 {
        return Ok(());
    }
    let Some(id) = transaction_of(tx, room_id).await? else { return Ok(()) };
    correct_room(tx, id, room_id).await?;
    due_rooms::wake(tx, id, &format!("audit-{}", Ulid::new())).await
}

/// Corrects what the database says about a room that lost its newest events on the homeserver.
///
/// Tallyroom then repeats whatever the homeserver no longer has.
async fn correct_room(tx: &mut Tx, id: Ulid, room_id: &str) -> Result<(), StoreError> {
    let id = id.to_string();
    sqlx::query(FORGET_ROOM_STATE).bind(&id).bind(UNKNOWN_DIGEST).execute(&mut **tx).await?;
    forget_lost_messages(tx, &id, room_id).await?;
    for (user_id, last) in lost_memberships(tx, &id, room_id).await? {
        sqlx::query(CORRECT_MEMBERSHIP)
            .bind(&id)
            .bind(&user_id)
            .bind(last.as_ref().map(|last| last.membership.as_str()))
            .bind(last.as_ref().map_or(0, |last| last.at))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Forgets the messages of Tallyroom that the homeserver no longer has, so that they are sent
/// again.
async fn forget_lost_messages(tx: &mut Tx, id: &str, room_id: &str) -> Result<(), StoreError> {
    let lost_sends =
        sqlx::query(DELETE_LOST_SENDS).bind(id).bind(room_id).execute(&mut **tx).await?;
    if lost_sends.rows_affected() > 0 {
        // An edit of the summary may be among them.
        sqlx::query(FORGET_SUMMARY_TEXT).bind(id).bind(UNKNOWN_DIGEST).execute(&mut **tx).await?;
    }
    sqlx::query(FORGET_LOST_SUMMARY).bind(id).bind(room_id).execute(&mut **tx).await.map(drop)
}

/// A membership that an event states.
struct StatedMembership {
    membership: String,
    /// The place of the event in the reading order, in milliseconds since 1970.
    at: i64,
}

/// Returns everybody of whom the homeserver lost a member event, with the last membership that it
/// still has of them. The membership is none if it lost all member events of that person.
async fn lost_memberships(
    tx: &mut Tx,
    id: &str,
    room_id: &str,
) -> Result<BTreeMap<String, Option<StatedMembership>>, StoreError> {
    let events: Vec<MemberEvent> =
        sqlx::query_as(SELECT_MEMBER_EVENTS).bind(id).bind(room_id).fetch_all(&mut **tx).await?;
    let mut affected = BTreeSet::new();
    let mut still_stated = BTreeMap::new();
    for event in events {
        let change: MembershipChange = from_json("membership", &event.membership)?;
        if event.absent_since.is_some() {
            affected.insert(change.user_id);
        } else {
            // The events are in the reading order, so the last one remains.
            let stated = StatedMembership { membership: change.membership, at: event.sort_at };
            still_stated.insert(change.user_id, stated);
        }
    }
    let with_last = affected.into_iter().map(|user_id| {
        let last = still_stated.remove(&user_id);
        (user_id, last)
    });
    Ok(with_last.collect())
}

/// Returns the transaction whose current room this is.
async fn transaction_of(tx: &mut Tx, room_id: &str) -> Result<Option<Ulid>, StoreError> {
    let id: Option<String> = sqlx::query_scalar(SELECT_TRANSACTION_OF_CURRENT_ROOM)
        .bind(room_id)
        .fetch_optional(&mut **tx)
        .await?;
    id.as_deref().map(parse_id).transpose()
}
