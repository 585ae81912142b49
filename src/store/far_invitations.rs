//! The invitations of users of other homeservers, and the homeservers that cannot be reached.

use std::collections::BTreeMap;

use ruma::{OwnedUserId, UserId};
use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError, Tx, due_rooms};
use crate::clock::now;

const INSERT_FAR_INVITATION: &str = "INSERT INTO far_invitations \
     (transaction_id, user_id, server, since, due_at) VALUES ($1, $2, $3, $4, $4) \
     ON CONFLICT (transaction_id, user_id) DO NOTHING";
const SELECT_FAR_INVITATIONS: &str =
    "SELECT user_id, began_at FROM far_invitations WHERE transaction_id = $1";
/// Selects the servers with due invitations. Servers without failures come first, then those that
/// have been waiting longest.
const SELECT_DUE_SERVERS: &str = "\
     SELECT f.server, COALESCE(MAX(s.failures), 0) FROM far_invitations f \
     LEFT JOIN servers s ON s.name = f.server \
     WHERE f.due_at <= $1 AND COALESCE(s.retry_at, 0) <= $1 GROUP BY f.server \
     ORDER BY CASE WHEN COALESCE(MAX(s.failures), 0) = 0 THEN 0 ELSE 1 END, MIN(f.due_at) LIMIT $2";
const SELECT_NEXT_FOR_SERVER: &str = "SELECT f.transaction_id, f.user_id, f.tried, r.room_id, \
     CASE WHEN c.active = 1 AND m.gave_up IS DISTINCT FROM 1 \
     AND (m.membership IS NULL OR m.membership = 'knock') THEN 1 ELSE 0 END AS wanted, \
     COALESCE(m.membership_at, 0) AS seen_at FROM far_invitations f \
     JOIN rooms r ON r.transaction_id = f.transaction_id \
     LEFT JOIN contacts c ON c.transaction_id = f.transaction_id AND c.user_id = f.user_id \
     LEFT JOIN members m ON m.transaction_id = f.transaction_id AND m.user_id = f.user_id \
     WHERE f.server = $1 AND f.due_at <= $2 ORDER BY f.due_at, f.user_id LIMIT 1";
const SET_BEGUN: &str = "UPDATE far_invitations SET began_at = $3, tried = 1 \
     WHERE transaction_id = $1 AND user_id = $2";
const CLEAR_ALL_BEGUN: &str =
    "UPDATE far_invitations SET began_at = NULL WHERE began_at IS NOT NULL";
const DELETE_FAR_INVITATION: &str =
    "DELETE FROM far_invitations WHERE transaction_id = $1 AND user_id = $2";
const POSTPONE_FAR_INVITATION: &str = "UPDATE far_invitations SET began_at = NULL, due_at = $3 \
     WHERE transaction_id = $1 AND user_id = $2";
const SELECT_SERVER_FAILURES: &str = "SELECT failures FROM servers WHERE name = $1";
const UPSERT_SERVER_FAILURE: &str = "\
     INSERT INTO servers (name, failures, since, retry_at, problem) \
     VALUES ($1, 1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET \
     failures = servers.failures + 1, retry_at = excluded.retry_at, problem = excluded.problem";
const DELETE_SERVER_FAILURE: &str = "DELETE FROM servers WHERE name = $1";
const MAKE_DUE_FOR_SERVER: &str =
    "UPDATE far_invitations SET due_at = $2 WHERE server = $1 AND due_at > $2";
const MAKE_DUE_FOR_ROOM: &str = "UPDATE far_invitations SET due_at = $2 \
     WHERE transaction_id = $1 AND due_at > $2";
const MAKE_SERVERS_DUE: &str = "UPDATE servers SET retry_at = $2 WHERE retry_at > $2 \
     AND name IN (SELECT server FROM far_invitations WHERE transaction_id = $1)";

/// An invitation of a user of another homeserver.
#[derive(Clone, Debug, FromRow)]
pub struct FarInvitation {
    /// The id of the transaction.
    pub transaction_id: String,
    /// The invited user.
    pub user_id: String,
    /// 1 if an earlier attempt may have succeeded, otherwise 0.
    pub tried: i64,
    /// The id of the room.
    pub room_id: Option<String>,
    /// 1 if the user is a contact who is not invited yet, otherwise 0.
    pub wanted: i64,
    /// See [`crate::room::Member::seen_at`].
    pub seen_at: i64,
}

impl Store {
    /// Hands an invitation over, so that it is sent separately from the steps of its room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn hand_over(&self, id: Ulid, user: &UserId) -> Result<(), StoreError> {
        let insert = sqlx::query(INSERT_FAR_INVITATION).bind(id.to_string()).bind(user.as_str());
        self.run(insert.bind(user.server_name().as_str()).bind(now())).await?;
        self.hints.far.notify_one();
        Ok(())
    }

    /// Returns the invitations of a room that are handed over, and for each whether an attempt is
    /// in progress.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn handed_over(&self, id: Ulid) -> Result<BTreeMap<OwnedUserId, bool>, StoreError> {
        let rows: Vec<(String, Option<i64>)> = sqlx::query_as(SELECT_FAR_INVITATIONS)
            .bind(id.to_string())
            .fetch_all(&self.pool)
            .await?;
        let users = rows.into_iter().map(|(user, began)| Some((UserId::parse(user).ok()?, began)));
        Ok(users.flatten().map(|(user, began)| (user, began.is_some())).collect())
    }

    /// Forgets which attempts were in progress when the process ended. Their invitations stay.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn far_tries_interrupted(&self) -> Result<(), StoreError> {
        self.run(sqlx::query(CLEAR_ALL_BEGUN)).await
    }

    /// Returns at most `limit` servers with due invitations and their numbers of failures in a row,
    /// in the order in which to try them.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_servers(&self, limit: i64) -> Result<Vec<(String, i64)>, StoreError> {
        sqlx::query_as(SELECT_DUE_SERVERS).bind(now()).bind(limit).fetch_all(&self.pool).await
    }

    /// Returns the next due invitation of a user of this server.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn next_far(&self, server: &str) -> Result<Option<FarInvitation>, StoreError> {
        sqlx::query_as(SELECT_NEXT_FOR_SERVER)
            .bind(server)
            .bind(now())
            .fetch_optional(&self.pool)
            .await
    }

    /// Notes that an attempt begins, before the request to the homeserver.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn far_begun(&self, far: &FarInvitation) -> Result<(), StoreError> {
        let begin = sqlx::query(SET_BEGUN).bind(&far.transaction_id).bind(&far.user_id);
        self.run(begin.bind(now())).await
    }

    /// Deletes an invitation that is sent or no longer needed, and makes its room due.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn far_done(&self, far: &FarInvitation) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(DELETE_FAR_INVITATION).bind(&far.transaction_id).bind(&far.user_id);
        done.execute(&mut *tx).await?;
        due_rooms::nudge(&mut tx, &far.transaction_id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes that an attempt failed and that the next one is due at `due_at`, and makes the room
    /// due.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn far_postponed(&self, far: &FarInvitation, due_at: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let later = sqlx::query(POSTPONE_FAR_INVITATION)
            .bind(&far.transaction_id)
            .bind(&far.user_id)
            .bind(due_at);
        later.execute(&mut *tx).await?;
        due_rooms::nudge(&mut tx, &far.transaction_id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Returns how often in a row a server could not be reached.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn server_failures(&self, server: &str) -> Result<i64, StoreError> {
        let failures: Option<i64> = sqlx::query_scalar(SELECT_SERVER_FAILURES)
            .bind(server)
            .fetch_optional(&self.pool)
            .await?;
        Ok(failures.unwrap_or(0))
    }

    /// Notes that a server could not be reached. No invitation of its users is sent before
    /// `retry_at`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn server_failed(
        &self,
        server: &str,
        retry_at: i64,
        problem: &str,
    ) -> Result<(), StoreError> {
        let failed = sqlx::query(UPSERT_SERVER_FAILURE).bind(server).bind(now()).bind(retry_at);
        self.run(failed.bind(problem)).await
    }

    /// Notes that a server answers. If it could not be reached before, all invitations of its users
    /// become due.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn server_answers(&self, server: &str) -> Result<(), StoreError> {
        let known = self.write_one(sqlx::query(DELETE_SERVER_FAILURE).bind(server)).await?;
        if known > 0 {
            self.run(sqlx::query(MAKE_DUE_FOR_SERVER).bind(server).bind(now())).await?;
        }
        Ok(())
    }
}

/// Makes the invitations of a room due, because they may succeed now.
pub(super) async fn make_due(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    for statement in [MAKE_DUE_FOR_ROOM, MAKE_SERVERS_DUE] {
        sqlx::query(statement).bind(id.to_string()).bind(now()).execute(&mut **tx).await?;
    }
    Ok(())
}
