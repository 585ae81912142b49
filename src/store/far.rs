//! Invitations of users of other homeservers, and which of those homeservers cannot be reached.

use std::collections::BTreeMap;

use ruma::{OwnedUserId, UserId};
use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError, Tx, rooms};
use crate::clock::now;

const HAND_OVER: &str = "INSERT INTO far_invitations \
     (transaction_id, user_id, server, since, due_at) VALUES ($1, $2, $3, $4, $4) \
     ON CONFLICT (transaction_id, user_id) DO NOTHING";
const OF_ROOM: &str = "SELECT user_id, began_at FROM far_invitations WHERE transaction_id = $1";
/// Servers that something is to be tried at: first those that are not known to be in trouble, then
/// those that wait longest.
const DUE_SERVERS: &str = "SELECT f.server, COALESCE(MAX(s.failures), 0) FROM far_invitations f \
     LEFT JOIN servers s ON s.name = f.server \
     WHERE f.due_at <= $1 AND COALESCE(s.retry_at, 0) <= $1 GROUP BY f.server \
     ORDER BY CASE WHEN COALESCE(MAX(s.failures), 0) = 0 THEN 0 ELSE 1 END, MIN(f.due_at) LIMIT $2";
const NEXT_AT: &str = "SELECT f.transaction_id, f.user_id, f.tried, r.room_id, \
     CASE WHEN c.active = 1 AND m.gave_up IS DISTINCT FROM 1 \
     AND (m.membership IS NULL OR m.membership = 'knock') THEN 1 ELSE 0 END AS wanted, \
     COALESCE(m.membership_at, 0) AS seen_at FROM far_invitations f \
     JOIN rooms r ON r.transaction_id = f.transaction_id \
     LEFT JOIN contacts c ON c.transaction_id = f.transaction_id AND c.user_id = f.user_id \
     LEFT JOIN members m ON m.transaction_id = f.transaction_id AND m.user_id = f.user_id \
     WHERE f.server = $1 AND f.due_at <= $2 ORDER BY f.due_at, f.user_id LIMIT 1";
const BEGIN: &str = "UPDATE far_invitations SET began_at = $3, tried = 1 \
     WHERE transaction_id = $1 AND user_id = $2";
const INTERRUPTED: &str = "UPDATE far_invitations SET began_at = NULL WHERE began_at IS NOT NULL";
const DONE: &str = "DELETE FROM far_invitations WHERE transaction_id = $1 AND user_id = $2";
const LATER: &str = "UPDATE far_invitations SET began_at = NULL, due_at = $3 \
     WHERE transaction_id = $1 AND user_id = $2";
const FAILURES: &str = "SELECT failures FROM servers WHERE name = $1";
const SERVER_FAILED: &str = "INSERT INTO servers (name, failures, since, retry_at, problem) \
     VALUES ($1, 1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET \
     failures = servers.failures + 1, retry_at = excluded.retry_at, problem = excluded.problem";
const SERVER_ANSWERS: &str = "DELETE FROM servers WHERE name = $1";
const ALL_DUE: &str = "UPDATE far_invitations SET due_at = $2 WHERE server = $1 AND due_at > $2";
const TRY_AGAIN: &str = "UPDATE far_invitations SET due_at = $2 \
     WHERE transaction_id = $1 AND due_at > $2";
const TRY_SERVERS_AGAIN: &str = "UPDATE servers SET retry_at = $2 WHERE retry_at > $2 \
     AND name IN (SELECT server FROM far_invitations WHERE transaction_id = $1)";

/// An invitation of a user of another homeserver.
#[derive(Clone, Debug, FromRow)]
pub struct FarInvitation {
    /// To whose room.
    pub transaction_id: String,
    /// Of whom.
    pub user_id: String,
    /// 1: an earlier try may have succeeded.
    pub tried: i64,
    /// The room.
    pub room_id: Option<String>,
    /// 1: they are a contact who is not invited yet.
    pub wanted: i64,
    /// See [`crate::room::Member::seen_at`].
    pub seen_at: i64,
}

impl Store {
    /// Hands an invitation over, to be done apart from the steps of its room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn hand_over(&self, id: Ulid, user: &UserId) -> Result<(), StoreError> {
        let insert = sqlx::query(HAND_OVER).bind(id.to_string()).bind(user.as_str());
        self.run(insert.bind(user.server_name().as_str()).bind(now())).await?;
        self.hints.far.notify_one();
        Ok(())
    }

    /// The invitations of a room that are handed over, and whether each is being tried right now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn handed_over(&self, id: Ulid) -> Result<BTreeMap<OwnedUserId, bool>, StoreError> {
        let rows: Vec<(String, Option<i64>)> =
            sqlx::query_as(OF_ROOM).bind(id.to_string()).fetch_all(&self.pool).await?;
        let users = rows.into_iter().map(|(user, began)| Some((UserId::parse(user).ok()?, began)));
        Ok(users.flatten().map(|(user, began)| (user, began.is_some())).collect())
    }

    /// Forgets which tries were in flight when the process ended. Their invitations stay.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn far_tries_interrupted(&self) -> Result<(), StoreError> {
        self.run(sqlx::query(INTERRUPTED)).await
    }

    /// Servers at which an invitation is due, with their failures in a row, in order of trying.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_servers(&self, limit: i64) -> Result<Vec<(String, i64)>, StoreError> {
        sqlx::query_as(DUE_SERVERS).bind(now()).bind(limit).fetch_all(&self.pool).await
    }

    /// The invitation to try next at a server.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn next_far(&self, server: &str) -> Result<Option<FarInvitation>, StoreError> {
        sqlx::query_as(NEXT_AT).bind(server).bind(now()).fetch_optional(&self.pool).await
    }

    /// Notes, before the call, that a try begins.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn far_begun(&self, far: &FarInvitation) -> Result<(), StoreError> {
        let begin = sqlx::query(BEGIN).bind(&far.transaction_id).bind(&far.user_id);
        self.run(begin.bind(now())).await
    }

    /// Nothing is left to try for this invitation; its room goes on.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn far_done(&self, far: &FarInvitation) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(DONE).bind(&far.transaction_id).bind(&far.user_id);
        done.execute(&mut *tx).await?;
        rooms::nudge(&mut tx, &far.transaction_id).await?;
        tx.commit().await?;
        self.hints.rooms.notify_one();
        Ok(())
    }

    /// The try ended without an invitation; the next one is not before `due_at`. Its room goes on.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn far_postponed(&self, far: &FarInvitation, due_at: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let later = sqlx::query(LATER).bind(&far.transaction_id).bind(&far.user_id).bind(due_at);
        later.execute(&mut *tx).await?;
        rooms::nudge(&mut tx, &far.transaction_id).await?;
        tx.commit().await?;
        self.hints.rooms.notify_one();
        Ok(())
    }

    /// How often in a row a server could not be reached.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn server_failures(&self, server: &str) -> Result<i64, StoreError> {
        let failures: Option<i64> =
            sqlx::query_scalar(FAILURES).bind(server).fetch_optional(&self.pool).await?;
        Ok(failures.unwrap_or(0))
    }

    /// Notes that a server could not be reached: nobody there is tried before `retry_at`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn server_failed(
        &self,
        server: &str,
        retry_at: i64,
        problem: &str,
    ) -> Result<(), StoreError> {
        let failed = sqlx::query(SERVER_FAILED).bind(server).bind(now()).bind(retry_at);
        self.run(failed.bind(problem)).await
    }

    /// Notes that a server answers. If it was in trouble, all invitations there are due.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn server_answers(&self, server: &str) -> Result<(), StoreError> {
        let known = sqlx::query(SERVER_ANSWERS).bind(server).execute(&self.pool).await?;
        if known.rows_affected() > 0 {
            self.run(sqlx::query(ALL_DUE).bind(server).bind(now())).await?;
        }
        Ok(())
    }
}

/// Makes the invitations of a room due, because there is a new reason to hope.
pub(super) async fn try_again(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    for statement in [TRY_AGAIN, TRY_SERVERS_AGAIN] {
        sqlx::query(statement).bind(id.to_string()).bind(now()).execute(&mut **tx).await?;
    }
    Ok(())
}
