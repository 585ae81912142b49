//! A transaction goes on in another room: in the one that replaced its room, or in a new one.

use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError, Tx, members, rooms, watching};
use crate::clock::now;

const FOLLOW: &str = "UPDATE rooms SET room_id = $2, room_version = $3, attempted_at = NULL, \
     published = NULL, summary_event = NULL, summary_shown = NULL, summary_pinned = '', \
     summaries_gone = 0, head_shown = NULL, encrypted_at = $4, tombstone_at = NULL, \
     successor = NULL, predecessor = NULL, upgrades = upgrades + 1, creator = $5 \
     WHERE transaction_id = $1";
const REPLACE: &str = "UPDATE rooms SET predecessor = room_id, room_id = NULL, room_version = NULL, \
     alias_localpart = COALESCE($2, alias_localpart), attempted_at = NULL, published = NULL, \
     summary_event = NULL, summary_shown = NULL, summary_pinned = NULL, summaries_gone = 0, \
     head_shown = NULL, ready_at = NULL, encrypted_at = NULL, tombstone_at = NULL, \
     successor = NULL, upgrades = upgrades + 1, led_on = 0 WHERE transaction_id = $1";
const LED_ON: &str = "UPDATE rooms SET led_on = 1 WHERE transaction_id = $1";
const LOST: &str = "INSERT INTO lost_successors (room_id, transaction_id, since, why) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (room_id) DO NOTHING";
const LOST_OF: &str = "SELECT room_id, why FROM lost_successors WHERE transaction_id = $1 \
     ORDER BY since DESC, room_id LIMIT 1";
const LET_GO: &str = "DELETE FROM lost_successors WHERE transaction_id = $1";
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
const BOT_NOT_THERE: &str = "UPDATE members SET membership = NULL, membership_at = 0 \
     WHERE transaction_id = $1 AND user_id = $2";
const WANTED_AGAIN: &str = "SELECT wanted_again FROM rooms WHERE transaction_id = $1";
const NOBODY_UNDER_WAY: &str = "DELETE FROM far_invitations WHERE transaction_id = $1";
const BOT_THERE: &str =
    "UPDATE members SET membership = 'join' WHERE transaction_id = $1 AND user_id = $2";
const NOTHING_SENT: &str = "DELETE FROM sends WHERE transaction_id = $1 \
     AND (send_key LIKE 'summary%' OR send_key = 'unreadable')";
const NO_PROBLEMS: &str = "DELETE FROM room_problems WHERE transaction_id = $1";
const ROOMS_OF: &str = "SELECT room_id, since, why FROM record_rooms WHERE transaction_id = $1 \
     ORDER BY since, room_id";
const BLOCKED: &str = "UPDATE rooms SET blocked_at = $2 WHERE transaction_id = $1";

/// A room that somebody put in the place of ours, and whose words are in no record.
#[derive(Clone, Debug, FromRow)]
pub struct LostSuccessor {
    /// Which.
    pub room_id: String,
    /// `closed` (the bot was not let in), `stranger` (it does not name ours as its predecessor).
    pub why: String,
}

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
        is_creator: bool,
        bot: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(FOLLOW)
            .bind(id.to_string())
            .bind(room)
            .bind(version)
            .bind(encrypted.then(now))
            .bind(i64::from(is_creator))
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
    /// as before). What is said in `lost` is in no record; the bot leaves it once nobody seeks it.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
    pub async fn replace_room(
        &self,
        id: Ulid,
        alias: Option<&str>,
        lost: Option<&LostSuccessor>,
        bot: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(REPLACE).bind(id.to_string()).bind(alias).execute(&mut *tx).await?;
        forget_what_was_done(&mut tx, id).await?;
        sqlx::query(BOT_NOT_THERE).bind(id.to_string()).bind(bot).execute(&mut *tx).await?;
        // The shop has asked for the contacts. They may have been put out together with the bot, which
        // is no wish of theirs.
        if sqlx::query_scalar::<_, i64>(WANTED_AGAIN)
            .bind(id.to_string())
            .fetch_one(&mut *tx)
            .await?
            == 1
        {
            members::forgive(&mut tx, id, None).await?;
        }
        if let Some(LostSuccessor { room_id, why }) = lost {
            let lost = sqlx::query(LOST).bind(room_id).bind(id.to_string());
            lost.bind(now()).bind(why).execute(&mut *tx).await?;
            watching::reject(&mut tx, room_id, bot).await?;
        }
        rooms::wake(&mut tx, id, &format!("replace-{}", Ulid::new())).await?;
        tx.commit().await?;
        self.hints.changed(id);
        Ok(())
    }

    /// The newest room whose words are in no record although it took the place of ours.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lost_successor(&self, id: Ulid) -> Result<Option<LostSuccessor>, StoreError> {
        sqlx::query_as(LOST_OF).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// Nothing more is to be told of such rooms.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn let_go_of_successors(&self, id: Ulid) -> Result<(), StoreError> {
        self.run(sqlx::query(LET_GO).bind(id.to_string())).await
    }

    /// The room before this one leads people here, or cannot be made to.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn led_on(&self, id: Ulid) -> Result<(), StoreError> {
        self.run(sqlx::query(LED_ON).bind(id.to_string())).await
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

/// Whether a room that took the place of this transaction's room is still sought.
pub(super) async fn is_one_lost(tx: &mut Tx, transaction_id: &str) -> Result<bool, StoreError> {
    let lost: Option<LostSuccessor> =
        sqlx::query_as(LOST_OF).bind(transaction_id).fetch_optional(&mut **tx).await?;
    Ok(lost.is_some())
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
