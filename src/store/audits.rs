//! Audits: after a homeserver came back from a backup, what it still has is compared with what the
//! journal holds. What only the journal holds is kept, and marked; what was known to be done in
//! the rooms is corrected.

use std::collections::BTreeMap;

use sqlx::FromRow;
use ulid::Ulid;

use super::columns::{from_json, parse_id};
use super::{Arrival, Store, StoreError, Tx, facts, rooms, successors};
use crate::clock::now;
use crate::record::MembershipChange;

const NEWEST: &str = "SELECT j.room_id, j.event_id FROM journal j \
     JOIN record_rooms r ON r.room_id = j.room_id \
     WHERE r.gone_at IS NULL AND j.absent_since IS NULL AND j.event_id LIKE '$%' AND j.received_at <= $1 \
     ORDER BY j.received_at DESC, j.position DESC LIMIT 1";
const SINCE: &str = "SELECT j.room_id, j.event_id FROM journal j \
     JOIN record_rooms r ON r.room_id = j.room_id \
     WHERE r.gone_at IS NULL AND j.absent_since IS NULL AND j.event_id LIKE '$%' AND j.received_at > $1 \
     ORDER BY j.received_at, j.position LIMIT $2";
/// A room that the bot may not read does not keep the others from being audited again.
const RUNNING: &str =
    "SELECT COUNT(*) FROM gaps WHERE audit <> 0 AND state = 'open' AND refusals = 0";
/// An audit reads from now to the start of the room.
const BEGIN: &str = "INSERT INTO gaps (room_id, from_token, to_token, audit, upto, due_at) \
     SELECT r.room_id, '', '', $1, j.last_position, $1 FROM record_rooms r \
     JOIN journal_rooms j ON j.room_id = r.room_id \
     WHERE r.gone_at IS NULL ON CONFLICT (room_id, to_token) DO UPDATE SET from_token = '', \
     audit = excluded.audit, upto = excluded.upto, due_at = excluded.due_at, state = 'open', \
     refusals = 0, given_up_at = NULL";
const FOUND: &str = "UPDATE journal SET audited = $3 WHERE room_id = $1 AND event_id = $2";
const PRESENT: &str = "UPDATE journal SET absent_since = NULL \
     WHERE room_id = $1 AND audited >= $2 AND absent_since IS NOT NULL";
/// Events without an id of their own could not be found on any homeserver.
const ABSENT: &str = "UPDATE journal SET absent_since = $4 WHERE room_id = $1 AND position <= $3 \
     AND audited < $2 AND absent_since IS NULL AND event_id LIKE '$%'";
/// Of a room that is the current one: only there is anything to be done.
const TRANSACTION_OF: &str = "SELECT transaction_id FROM rooms WHERE room_id = $1";
const IS_ABSENT: &str = "SELECT 1 FROM journal j WHERE j.absent_since IS NOT NULL \
     AND j.room_id = $1 AND j.event_id = ";
const MEMBER_EVENTS: &str = "SELECT e.membership, e.sort_at, j.absent_since FROM entries e \
     JOIN journal j ON j.room_id = e.room_id AND j.position = e.position \
     WHERE e.transaction_id = $1 AND e.room_id = $2 AND e.membership IS NOT NULL \
     ORDER BY e.sort_at, e.seq";
const CORRECT_MEMBER: &str = "UPDATE members SET membership = $3, membership_at = $4, failures = 0, \
     retry_at = NULL, problem = NULL, gave_up = 0 WHERE transaction_id = $1 AND user_id = $2";
/// The pins are looked at before they are written: '' is no digest, but also not "never pinned".
const STATE_UNKNOWN: &str = "UPDATE rooms SET published = NULL, summary_pinned = '', \
     head_shown = NULL WHERE transaction_id = $1";
const SUMMARY_UNKNOWN: &str = "UPDATE rooms SET summary_shown = '' WHERE transaction_id = $1";
const ROOM_LOST: &str = "UPDATE rooms SET room_id = NULL, attempted_at = NULL, published = NULL, \
     summary_event = NULL, summary_shown = NULL, summary_pinned = NULL, head_shown = NULL, \
     ready_at = NULL, encrypted_at = NULL, tombstone_at = NULL, successor = NULL \
     WHERE transaction_id = $1";
const GONE: &str = "UPDATE record_rooms SET gone_at = $2 WHERE room_id = $1";
const NOBODY_THERE: &str = "UPDATE members SET membership = NULL, failures = 0, retry_at = NULL, \
     problem = NULL, gave_up = 0, failing_since = NULL, look_at = NULL, declined = 0 \
     WHERE transaction_id = $1";
const NOBODY_UNDER_WAY: &str = "DELETE FROM far_invitations WHERE transaction_id = $1";
const NOTHING_SENT: &str = "DELETE FROM sends WHERE transaction_id = $1";
const CLOSE: &str = "DELETE FROM gaps WHERE room_id = $1";

/// Most events read to pick from.
const MOST_READ: i64 = 10_000;

/// An event that the homeserver should have.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct KnownEvent {
    /// Its room.
    pub room_id: String,
    /// Its id.
    pub event_id: String,
}

#[derive(FromRow)]
struct MemberEvent {
    membership: String,
    sort_at: i64,
    absent_since: Option<i64>,
}

impl Store {
    /// Events that the homeserver must have if it did not go back in time: the last one up to
    /// `since` (none: up to now), and those after it, evenly picked if they are more than `most`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn known_since(
        &self,
        since: Option<i64>,
        most: usize,
    ) -> Result<Vec<KnownEvent>, StoreError> {
        let upto = since.unwrap_or(i64::MAX);
        let mut known: Vec<KnownEvent> =
            sqlx::query_as(NEWEST).bind(upto).fetch_all(&self.pool).await?;
        let after: Vec<KnownEvent> =
            sqlx::query_as(SINCE).bind(upto).bind(MOST_READ).fetch_all(&self.pool).await?;
        let step = after.len().div_ceil(most).max(1);
        known.extend(after.into_iter().step_by(step));
        Ok(known)
    }

    /// Whether an audit goes on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit_runs(&self) -> Result<bool, StoreError> {
        let gaps: i64 = sqlx::query_scalar(RUNNING).fetch_one(&self.pool).await?;
        Ok(gaps > 0)
    }

    /// The homeserver went back in time: has all rooms read anew, from now to their start, and
    /// the bot's sync begin anew, since the old token may lie in the homeserver's future.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn begin_audit(&self) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let rooms = sqlx::query(BEGIN).bind(now()).execute(&mut *tx).await?.rows_affected();
        facts::forget(&mut tx, facts::SYNC_TOKEN).await?;
        tx.commit().await?;
        Ok(rooms)
    }

    /// A room of ours is gone from the homeserver: what was said there stays in the record, marked,
    /// and the transaction gets a new room, unless the homeserver's admin has blocked the old one.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn room_lost(&self, room_id: &str, blocked: bool) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(ABSENT)
            .bind(room_id)
            .bind(i64::MAX)
            .bind(i64::MAX)
            .bind(now())
            .execute(&mut *tx)
            .await?;
        sqlx::query(GONE).bind(room_id).bind(now()).execute(&mut *tx).await?;
        if let Some(id) = transaction_of(&mut tx, room_id).await? {
            for statement in [ROOM_LOST, NOBODY_THERE, NOBODY_UNDER_WAY, NOTHING_SENT] {
                sqlx::query(statement).bind(id.to_string()).execute(&mut *tx).await?;
            }
            if blocked {
                successors::blocked(&mut tx, id).await?;
            }
            rooms::wake(&mut tx, id, &format!("audit-{}", Ulid::new())).await?;
        }
        sqlx::query(CLOSE).bind(room_id).execute(&mut *tx).await?;
        tx.commit().await?;
        self.hints.rooms.notify_one();
        Ok(())
    }
}

/// The homeserver has these events: this audit found them.
pub(super) async fn found(
    tx: &mut Tx,
    room_id: &str,
    audit: i64,
    events: &[Arrival],
) -> Result<(), StoreError> {
    for event in events {
        sqlx::query(FOUND)
            .bind(room_id)
            .bind(&event.event_id)
            .bind(audit)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// The room was read to its start: of what the journal held up to `upto` when the audit began, what
/// was not found is absent.
pub(super) async fn conclude(
    tx: &mut Tx,
    room_id: &str,
    audit: i64,
    upto: i64,
) -> Result<(), StoreError> {
    sqlx::query(PRESENT).bind(room_id).bind(audit).execute(&mut **tx).await?;
    let absent = sqlx::query(ABSENT)
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
    correct_knowledge(tx, id, room_id).await?;
    rooms::wake(tx, id, &format!("audit-{}", Ulid::new())).await
}

/// Corrects what is known to be done in a room that lost its newest events.
async fn correct_knowledge(tx: &mut Tx, id: Ulid, room_id: &str) -> Result<(), StoreError> {
    let id = id.to_string();
    sqlx::query(STATE_UNKNOWN).bind(&id).execute(&mut **tx).await?;
    let unsent = format!(
        "DELETE FROM sends WHERE transaction_id = $2 AND EXISTS ({IS_ABSENT} sends.event_id)"
    );
    let unsent = sqlx::AssertSqlSafe(unsent);
    let lost = sqlx::query(unsent).bind(room_id).bind(&id).execute(&mut **tx).await?;
    if lost.rows_affected() > 0 {
        sqlx::query(SUMMARY_UNKNOWN).bind(&id).execute(&mut **tx).await?;
    }
    let no_summary = format!(
        "UPDATE rooms SET summary_event = NULL WHERE transaction_id = $2 \
         AND EXISTS ({IS_ABSENT} rooms.summary_event)"
    );
    let no_summary = sqlx::AssertSqlSafe(no_summary);
    sqlx::query(no_summary).bind(room_id).bind(&id).execute(&mut **tx).await?;

    let events: Vec<MemberEvent> =
        sqlx::query_as(MEMBER_EVENTS).bind(&id).bind(room_id).fetch_all(&mut **tx).await?;
    let mut present: BTreeMap<String, (String, i64)> = BTreeMap::new();
    let mut affected = Vec::new();
    for event in events {
        let change: MembershipChange = from_json("membership", &event.membership)?;
        if event.absent_since.is_some() {
            affected.push(change.user_id);
        } else {
            present.insert(change.user_id, (change.membership, event.sort_at));
        }
    }
    for user in affected {
        let last = present.get(&user);
        sqlx::query(CORRECT_MEMBER)
            .bind(&id)
            .bind(&user)
            .bind(last.map(|(membership, _)| membership.as_str()))
            .bind(last.map_or(0, |(_, at)| *at))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

async fn transaction_of(tx: &mut Tx, room_id: &str) -> Result<Option<Ulid>, StoreError> {
    let id: Option<String> =
        sqlx::query_scalar(TRANSACTION_OF).bind(room_id).fetch_optional(&mut **tx).await?;
    id.as_deref().map(parse_id).transpose()
}
