//! Rooms of transactions, the people in them, and when to look at them next.

use std::collections::BTreeMap;

use rand::distr::{Alphanumeric, SampleString};
use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError, Tx, now, transactions::parse_id};
use crate::config::NAMESPACE_PREFIX;
use crate::room::Member;

const INSERT: &str = "INSERT INTO rooms (transaction_id, alias_localpart, due_at, correlation) \
     VALUES ($1, $2, $3, $4)";
const WAKE: &str = "UPDATE rooms SET due_at = $2, wakes = wakes + 1, failures = 0, \
     correlation = $3, stopped = 0 WHERE transaction_id = $1";
const DUE: &str = "SELECT transaction_id FROM rooms WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
const NEXT_DUE: &str = "SELECT MIN(due_at) FROM rooms WHERE due_at IS NOT NULL";
const GET: &str = "SELECT transaction_id, alias_localpart, room_id, room_version, attempted_at, \
     published, summary_event, summary_shown, summary_pinned, ready_at, due_at, wakes, failures, \
     problem, stopped, correlation FROM rooms WHERE transaction_id = $1";
const ATTEMPT: &str = "UPDATE rooms SET attempted_at = COALESCE(attempted_at, $2), \
     room_version = $3 WHERE transaction_id = $1";
const FORGET_ATTEMPT: &str = "UPDATE rooms SET attempted_at = NULL WHERE transaction_id = $1";
const CLAIM: &str = "UPDATE rooms SET room_id = $2, room_version = COALESCE($3, room_version), \
     published = $4, attempted_at = NULL, failures = 0, problem = NULL WHERE transaction_id = $1";
const PUBLISHED: &str = "UPDATE rooms SET published = $2 WHERE transaction_id = $1";
const SHOWN: &str =
    "UPDATE rooms SET summary_event = $2, summary_shown = $3 WHERE transaction_id = $1";
const PINNED: &str = "UPDATE rooms SET summary_pinned = $2 WHERE transaction_id = $1";
const REST: &str = "UPDATE rooms SET ready_at = COALESCE(ready_at, $3), \
     due_at = CASE WHEN wakes = $2 THEN $4 ELSE $3 END, failures = 0, problem = NULL \
     WHERE transaction_id = $1";
const POSTPONE: &str = "UPDATE rooms SET failures = failures + 1, due_at = $2, problem = $3 \
     WHERE transaction_id = $1";
const STOP: &str = "UPDATE rooms SET stopped = 1, due_at = NULL, problem = $2 \
     WHERE transaction_id = $1";

const MEMBERS: &str = "SELECT user_id, membership, retry_at, gave_up FROM members \
     WHERE transaction_id = $1";
const SET_MEMBERSHIP: &str = "INSERT INTO members (transaction_id, user_id, membership) \
     VALUES ($1, $2, $3) ON CONFLICT (transaction_id, user_id) DO UPDATE SET \
     membership = excluded.membership, failures = 0, retry_at = NULL, problem = NULL, gave_up = 0";
const MEMBER_FAILED: &str = "INSERT INTO members \
     (transaction_id, user_id, failures, retry_at, problem, gave_up) VALUES ($1, $2, 1, $3, $4, $5) \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET failures = members.failures + 1, \
     retry_at = excluded.retry_at, problem = excluded.problem, gave_up = excluded.gave_up";
const MEMBER_FAILURES: &str =
    "SELECT failures FROM members WHERE transaction_id = $1 AND user_id = $2";
const SEE_MEMBER: &str = "INSERT INTO members \
     (transaction_id, user_id, membership, membership_at, display_name) \
     VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET membership = excluded.membership, \
     membership_at = excluded.membership_at, \
     display_name = COALESCE(excluded.display_name, members.display_name), \
     retry_at = NULL, problem = NULL, gave_up = 0 \
     WHERE members.membership_at <= excluded.membership_at";
const DISPLAY_NAME: &str =
    "SELECT display_name FROM members WHERE transaction_id = $1 AND user_id = $2";
const FORGIVE: &str = "UPDATE members SET membership = NULL, failures = 0, retry_at = NULL, \
     problem = NULL, gave_up = 0 WHERE transaction_id = $1 \
     AND (membership IS NULL OR membership = 'leave') \
     AND user_id IN (SELECT user_id FROM contacts WHERE transaction_id = $1 AND active = 1)";
const PROBLEMS: &str = "SELECT user_id, problem FROM members \
     WHERE transaction_id = $1 AND problem IS NOT NULL ORDER BY user_id";

/// A room as we know it.
#[derive(Clone, Debug, FromRow)]
pub struct RoomRow {
    /// Whose room it is.
    pub transaction_id: String,
    /// The part of its alias between `#` and `:`.
    pub alias_localpart: String,
    /// Once it is ours for good.
    pub room_id: Option<String>,
    /// Once known.
    pub room_version: Option<String>,
    /// When the first createRoom of yet unknown outcome began.
    pub attempted_at: Option<i64>,
    /// Digest of the state last written.
    pub published: Option<String>,
    /// Event id of the summary.
    pub summary_event: Option<String>,
    /// Digest of the summary last sent.
    pub summary_shown: Option<String>,
    /// Digest of the headline when last pinned.
    pub summary_pinned: Option<String>,
    /// First time that nothing was left to do.
    pub ready_at: Option<i64>,
    /// When to look next.
    pub due_at: Option<i64>,
    /// Counts reasons to look.
    pub wakes: i64,
    /// Failures in a row.
    pub failures: i64,
    /// What stands in the way.
    pub problem: Option<String>,
    /// 1: only an operator can help.
    pub stopped: i64,
    /// Of the call or push that asked last.
    pub correlation: Option<String>,
}

#[derive(FromRow)]
struct MemberRow {
    user_id: String,
    membership: Option<String>,
    retry_at: Option<i64>,
    gave_up: i64,
}

/// A reason to look at rooms, and until when nothing is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wake(pub Option<i64>);

impl RoomRow {
    /// The room's state in one word, for the API: `pending` (not begun), `creating`, `ready`,
    /// `failed` (only an operator can help).
    pub fn state(&self) -> &'static str {
        if self.stopped == 1 {
            "failed"
        } else if self.ready_at.is_some() {
            "ready"
        } else if self.room_id.is_some() || self.attempted_at.is_some() {
            "creating"
        } else {
            "pending"
        }
    }
}

impl Store {
    /// Transactions whose room is to be looked at now, longest due first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn due_rooms(&self, limit: i64) -> Result<Vec<Ulid>, StoreError> {
        let ids: Vec<String> =
            sqlx::query_scalar(DUE).bind(now()).bind(limit).fetch_all(&self.pool).await?;
        ids.iter().map(|id| parse_id(id)).collect()
    }

    /// When the next room is due, if any ever is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next_due(&self) -> Result<Wake, StoreError> {
        sqlx::query_scalar(NEXT_DUE).fetch_one(&self.pool).await.map(Wake)
    }

    /// The room of a transaction.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room(&self, id: Ulid) -> Result<Option<RoomRow>, StoreError> {
        sqlx::query_as(GET).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// Where people stand with the room.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn members(&self, id: Ulid) -> Result<BTreeMap<OwnedUserId, Member>, StoreError> {
        let rows: Vec<MemberRow> =
            sqlx::query_as(MEMBERS).bind(id.to_string()).fetch_all(&self.pool).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                // Whoever has an id that we cannot read is nobody whom we would invite or remove.
                let user = UserId::parse(&row.user_id).ok()?;
                let member = Member {
                    membership: row.membership,
                    retry_at: row.retry_at,
                    gave_up: row.gave_up == 1,
                };
                Some((user, member))
            })
            .collect())
    }

    /// People who could not be invited or removed, and why.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn member_problems(&self, id: Ulid) -> Result<Vec<(String, String)>, StoreError> {
        sqlx::query_as(PROBLEMS).bind(id.to_string()).fetch_all(&self.pool).await
    }

    /// Notes, before the call, that a createRoom begins.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_attempted(&self, id: Ulid, version: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(ATTEMPT).bind(id.to_string()).bind(now()).bind(version)).await
    }

    /// Notes that nothing is left of an earlier createRoom.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_attempt_void(&self, id: Ulid) -> Result<(), StoreError> {
        self.run(sqlx::query(FORGET_ATTEMPT).bind(id.to_string())).await
    }

    /// Makes `room` the room of the transaction. `published` is the digest of the state that it
    /// was created with; none if that has still to be compared.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_room(
        &self,
        id: Ulid,
        room: &RoomId,
        version: Option<&str>,
        published: Option<&str>,
    ) -> Result<(), StoreError> {
        self.run(
            sqlx::query(CLAIM)
                .bind(id.to_string())
                .bind(room.as_str())
                .bind(version)
                .bind(published),
        )
        .await?;
        // Events of the room may have come before we knew whose room it is.
        self.hints.journal.notify_one();
        Ok(())
    }

    /// Notes that the room's state has this digest.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn state_published(&self, id: Ulid, digest: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(PUBLISHED).bind(id.to_string()).bind(digest)).await
    }

    /// Notes that the message `event_id` reads as the summary of this digest.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn summary_shown(
        &self,
        id: Ulid,
        event_id: &str,
        digest: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(SHOWN).bind(id.to_string()).bind(event_id).bind(digest)).await
    }

    /// Notes that the summary is pinned with the headline of this digest.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn summary_pinned(&self, id: Ulid, digest: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(PINNED).bind(id.to_string()).bind(digest)).await
    }

    /// Nothing is left to do before `until` (none: at all), unless somebody woke the room since
    /// `wakes` was read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_rests(
        &self,
        id: Ulid,
        wakes: i64,
        until: Option<i64>,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(REST).bind(id.to_string()).bind(wakes).bind(now()).bind(until)).await
    }

    /// A step failed; look again at `until`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_postponed(
        &self,
        id: Ulid,
        until: i64,
        problem: &str,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query(POSTPONE).bind(id.to_string()).bind(until).bind(problem)).await
    }

    /// Nothing can be done without an operator.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn room_stopped(&self, id: Ulid, problem: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(STOP).bind(id.to_string()).bind(problem)).await
    }

    /// Notes where a person stands now, as the homeserver just answered.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_membership(
        &self,
        id: Ulid,
        user: &UserId,
        membership: &str,
    ) -> Result<(), StoreError> {
        self.run(
            sqlx::query(SET_MEMBERSHIP).bind(id.to_string()).bind(user.as_str()).bind(membership),
        )
        .await
    }

    /// How often in a row inviting or removing this person has failed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn member_failures(&self, id: Ulid, user: &UserId) -> Result<i64, StoreError> {
        let failures: Option<i64> = sqlx::query_scalar(MEMBER_FAILURES)
            .bind(id.to_string())
            .bind(user.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(failures.unwrap_or(0))
    }

    /// Notes that inviting or removing a person failed; `retry_at` none: for good.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn member_failed(
        &self,
        id: Ulid,
        user: &UserId,
        retry_at: Option<i64>,
        problem: &str,
    ) -> Result<(), StoreError> {
        self.run(
            sqlx::query(MEMBER_FAILED)
                .bind(id.to_string())
                .bind(user.as_str())
                .bind(retry_at)
                .bind(problem)
                .bind(i64::from(retry_at.is_none())),
        )
        .await
    }

    async fn run(
        &self,
        query: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<(), StoreError> {
        query.execute(&self.pool).await.map(drop)
    }
}

impl RoomRow {
    /// The room's id, if it has one.
    pub fn room(&self) -> Option<OwnedRoomId> {
        self.room_id.as_deref().and_then(|id| RoomId::parse(id).ok())
    }
}

/// Gives a new transaction its still empty room, due at once.
///
/// The alias is drawn at random and committed before the first call: as fixed as one derived from
/// the id, and nobody can guess it (alias look-up is public).
pub(super) async fn insert(tx: &mut Tx, id: Ulid, correlation: &str) -> Result<(), StoreError> {
    let secret = Alphanumeric.sample_string(&mut rand::rng(), 24).to_lowercase();
    sqlx::query(INSERT)
        .bind(id.to_string())
        .bind(format!("{NAMESPACE_PREFIX}{secret}"))
        .bind(now())
        .bind(correlation)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// Has the room looked at as soon as possible.
pub(super) async fn wake(tx: &mut Tx, id: Ulid, correlation: &str) -> Result<(), StoreError> {
    sqlx::query(WAKE)
        .bind(id.to_string())
        .bind(now())
        .bind(correlation)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// The shop named its contacts anew: those who declined, left or could not be reached are asked
/// once more.
pub(super) async fn forgive_members(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    sqlx::query(FORGIVE).bind(id.to_string()).execute(&mut **tx).await.map(drop)
}

/// Notes what a member event says, unless a newer one was seen already.
pub(super) async fn see_member(
    tx: &mut Tx,
    transaction_id: &str,
    user: &str,
    membership: &str,
    at: i64,
    display_name: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query(SEE_MEMBER)
        .bind(transaction_id)
        .bind(user)
        .bind(membership)
        .bind(at)
        .bind(display_name)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// The name a person last showed in the room.
pub(super) async fn display_name(
    tx: &mut Tx,
    transaction_id: &str,
    user: &str,
) -> Result<Option<String>, StoreError> {
    let name: Option<Option<String>> = sqlx::query_scalar(DISPLAY_NAME)
        .bind(transaction_id)
        .bind(user)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(name.flatten())
}
