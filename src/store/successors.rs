//! A transaction goes on in another room: in the one that replaced its room, or in a new one.

use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError, Tx, now, rooms, watching};

const FOLLOW: &str = "UPDATE rooms SET room_id = $2, room_version = $3, attempted_at = NULL, \
     published = NULL, summary_event = NULL, summary_shown = NULL, summary_pinned = '', \
     summaries_gone = 0, head_shown = NULL, encrypted_at = $4, tombstone_at = NULL, \
     successor = NULL, predecessor = NULL, upgrades = upgrades + 1 \
     WHERE transaction_id = $1";
const REPLACE: &str = "UPDATE rooms SET predecessor = room_id, room_id = NULL, room_version = NULL, \
     alias_localpart = COALESCE($2, alias_localpart), attempted_at = NULL, published = NULL, \
     summary_event = NULL, summary_shown = NULL, summary_pinned = NULL, summaries_gone = 0, \
     head_shown = NULL, ready_at = NULL, encrypted_at = NULL, tombstone_at = NULL, \
     successor = NULL, upgrades = upgrades + 1 WHERE transaction_id = $1";
const NO_TOMBSTONE: &str =
    "UPDATE rooms SET tombstone_at = NULL, successor = NULL WHERE transaction_id = $1";
const ADD: &str = "INSERT INTO record_rooms (room_id, transaction_id, since, why) \
     VALUES ($1, $2, $3, 'upgraded') ON CONFLICT (room_id) DO NOTHING";
const READ: &str = "INSERT INTO gaps (room_id, from_token, to_token, due_at) \
     VALUES ($1, '', '', $2) ON CONFLICT (room_id, to_token) DO NOTHING";
/// Whoever left or declined is not called back by that.
const NOBODY_THERE: &str = "UPDATE members SET membership = NULL, failures = 0, retry_at = NULL, \
     problem = NULL, gave_up = 0, membership_at = 0 WHERE transaction_id = $1 \
     AND (membership IS NULL OR membership IN ('invite', 'join', 'knock'))";
const NOBODY_UNDER_WAY: &str = "DELETE FROM far_invitations WHERE transaction_id = $1";
const BOT_THERE: &str =
    "UPDATE members SET membership = 'join' WHERE transaction_id = $1 AND user_id = $2";
const NOTHING_SENT: &str = "DELETE FROM sends WHERE transaction_id = $1 \
     AND (send_key LIKE 'summary%' OR send_key = 'unreadable')";
const NO_PROBLEMS: &str = "DELETE FROM room_problems WHERE transaction_id = $1";
const ROOMS_OF: &str = "SELECT room_id, since, why FROM record_rooms WHERE transaction_id = $1 \
     ORDER BY since, room_id";
const BLOCKED: &str = "UPDATE rooms SET blocked_at = $2 WHERE transaction_id = $1";

/// A room that is or was the room of a transaction.
#[derive(Clone, Debug, FromRow)]
pub struct RecordRoom {
    /// Which.
    pub room_id: String,
    /// Since when (milliseconds since 1970).
    pub since: i64,
    /// `created`, `upgraded` (it replaced the one before), `replaced` (made in its place).
    pub why: String,
}

impl Store {
    /// All rooms of a transaction, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rooms_of(&self, id: Ulid) -> Result<Vec<RecordRoom>, StoreError> {
        sqlx::query_as(ROOMS_OF).bind(id.to_string()).fetch_all(&self.pool).await
    }

    /// The transaction goes on in `room`, in which the bot is: nothing is known to be done there.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn follow_room(
        &self,
        id: Ulid,
        room: &str,
        version: Option<&str>,
        encrypted: bool,
        bot: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(FOLLOW)
            .bind(id.to_string())
            .bind(room)
            .bind(version)
            .bind(encrypted.then(now))
            .execute(&mut *tx)
            .await?;
        add(&mut tx, id, room).await?;
        forget_what_was_done(&mut tx, id).await?;
        sqlx::query(BOT_THERE).bind(id.to_string()).bind(bot).execute(&mut *tx).await?;
        rooms::wake(&mut tx, id, &format!("upgrade-{}", Ulid::new())).await?;
        tx.commit().await?;
        self.hints.journal.notify_one();
        self.hints.changed(id);
        Ok(())
    }

    /// What is said in `room` belongs to the record as well, although the transaction does not go
    /// on there.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn listen_to(&self, id: Ulid, room: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        add(&mut tx, id, room).await?;
        tx.commit().await?;
        self.hints.journal.notify_one();
        Ok(())
    }

    /// The transaction goes on in a room that is still to be made, under this alias (none: the same
    /// as before). The bot leaves `stranger`.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn replace_room(
        &self,
        id: Ulid,
        alias: Option<&str>,
        stranger: Option<&str>,
        bot: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(REPLACE).bind(id.to_string()).bind(alias).execute(&mut *tx).await?;
        forget_what_was_done(&mut tx, id).await?;
        if let Some(room) = stranger {
            watching::reject(&mut tx, room, bot).await?;
        }
        rooms::wake(&mut tx, id, &format!("replace-{}", Ulid::new())).await?;
        tx.commit().await?;
        self.hints.changed(id);
        Ok(())
    }

    /// The room has no tombstone after all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn no_tombstone(&self, id: Ulid) -> Result<(), StoreError> {
        self.run(sqlx::query(NO_TOMBSTONE).bind(id.to_string())).await
    }
}

/// The admin of the homeserver does not want this transaction to have that room.
pub(super) async fn blocked(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    sqlx::query(BLOCKED).bind(id.to_string()).bind(now()).execute(&mut **tx).await.map(drop)
}

async fn add(tx: &mut Tx, id: Ulid, room: &str) -> Result<(), StoreError> {
    sqlx::query(ADD).bind(room).bind(id.to_string()).bind(now()).execute(&mut **tx).await?;
    sqlx::query(READ).bind(room).bind(now()).execute(&mut **tx).await.map(drop)
}

async fn forget_what_was_done(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    for statement in [NOBODY_THERE, NOBODY_UNDER_WAY, NOTHING_SENT, NO_PROBLEMS] {
        sqlx::query(statement).bind(id.to_string()).execute(&mut **tx).await?;
    }
    Ok(())
}
