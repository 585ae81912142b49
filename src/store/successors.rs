//! The move of a transaction to another room: to the one that replaced its room, or to a new one.

use sqlx::FromRow;
use ulid::Ulid;

use super::stored_values::{FROM_NEWEST_EVENT, TO_START_OF_ROOM, UNKNOWN_DIGEST};
use super::{
    SendKey, Store, StoreError, Tx, adoption, due_rooms, members, refused_steps, room_changes,
};
use crate::clock::now;

pub(super) const SET_SUCCESSOR_AS_ROOM: &str = "\
     UPDATE rooms SET room_id = $2, room_version = $3, attempted_at = NULL, \
     published = NULL, summary_event = NULL, summary_shown = NULL, summary_pinned = $6, \
     summaries_gone = 0, head_shown = NULL, encrypted_at = $4, tombstone_at = NULL, \
     successor = NULL, predecessor = NULL, upgrades = upgrades + 1, creator = $5 \
     WHERE transaction_id = $1";
pub(super) const FORGET_ROOM_FOR_NEW_ONE: &str = "\
     UPDATE rooms SET predecessor = room_id, room_id = NULL, room_version = NULL, \
     alias_localpart = COALESCE($2, alias_localpart), attempted_at = NULL, published = NULL, \
     summary_event = NULL, summary_shown = NULL, summary_pinned = NULL, summaries_gone = 0, \
     head_shown = NULL, ready_at = NULL, encrypted_at = NULL, tombstone_at = NULL, \
     successor = NULL, upgrades = upgrades + 1, led_on = 0 WHERE transaction_id = $1";
const SET_LED_ON: &str = "UPDATE rooms SET led_on = 1 WHERE transaction_id = $1";
const INSERT_LOST_SUCCESSOR: &str = "\
     INSERT INTO lost_successors (room_id, transaction_id, since, why) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (room_id) DO NOTHING";
const SELECT_LOST_SUCCESSOR: &str = "\
     SELECT room_id, why FROM lost_successors WHERE transaction_id = $1 \
     ORDER BY since DESC, room_id LIMIT 1";
const DELETE_LOST_SUCCESSORS: &str = "DELETE FROM lost_successors WHERE transaction_id = $1";
const CLEAR_TOMBSTONE: &str =
    "UPDATE rooms SET tombstone_at = NULL, successor = NULL WHERE transaction_id = $1";
const INSERT_RECORD_ROOM: &str = "INSERT INTO record_rooms (room_id, transaction_id, since, why) \
     VALUES ($1, $2, $3, 'upgraded') ON CONFLICT (room_id) DO NOTHING";
const OPEN_GAP_OF_WHOLE_ROOM: &str = "INSERT INTO gaps (room_id, from_token, to_token, due_at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (room_id, to_token) DO NOTHING";
/// People who left or declined the invitation keep their membership, so that they are not invited
/// again.
const FORGET_MEMBERSHIPS: &str = "\
     UPDATE members SET membership = NULL, failures = 0, retry_at = NULL, \
     problem = NULL, gave_up = 0, membership_at = 0, told_in = 0 WHERE transaction_id = $1 \
     AND (membership IS NULL OR membership IN ('invite', 'join', 'knock'))";
const FORGET_MEMBERSHIP_OF_BOT: &str = "UPDATE members SET membership = NULL, membership_at = 0 \
     WHERE transaction_id = $1 AND user_id = $2";
const SELECT_WANTED_AGAIN: &str = "SELECT wanted_again FROM rooms WHERE transaction_id = $1";
const DELETE_FAR_INVITATIONS: &str = "DELETE FROM far_invitations WHERE transaction_id = $1";
const SET_BOT_JOINED: &str =
    "UPDATE members SET membership = 'join' WHERE transaction_id = $1 AND user_id = $2";
const DELETE_SENDS_OF_ROOM: &str = "DELETE FROM sends WHERE transaction_id = $1 \
     AND (send_key LIKE $2 OR send_key = $3)";
const SELECT_RECORD_ROOMS: &str = "\
     SELECT room_id, since, why FROM record_rooms WHERE transaction_id = $1 \
     ORDER BY since, room_id";
const SET_BLOCKED: &str = "UPDATE rooms SET blocked_at = $2 WHERE transaction_id = $1";

/// A room that somebody put in the place of a record room and that is not recorded.
#[derive(Clone, Debug, FromRow)]
pub struct LostSuccessor {
    /// The id of the room.
    pub room_id: String,
    /// `closed` (the bot was not let in) or `stranger` (the room does not name the record room as
    /// its predecessor).
    pub why: String,
}

/// A room that is or was the room of a transaction.
#[derive(Clone, Debug, FromRow)]
pub struct RecordRoom {
    /// The id of the room.
    pub room_id: String,
    /// When it became the room of the transaction (milliseconds since 1970).
    pub since: i64,
    /// `created`, `upgraded` (it is the successor of the room before it) or `replaced` (Tallyroom
    /// made it in the place of the room before it).
    pub why: String,
}

impl Store {
    /// Returns all rooms of a transaction, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn rooms_of(&self, id: Ulid) -> Result<Vec<RecordRoom>, StoreError> {
        sqlx::query_as(SELECT_RECORD_ROOMS).bind(id.to_string()).fetch_all(&self.pool).await
    }

    /// Makes `room` the current room of the transaction. The bot has joined it. Everything else has
    /// to be done again there.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
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
        // Deriving notes memberships for the room that it has read with the locked row.
        adoption::lock(&mut tx, &id.to_string(), self.sign_due()).await?;
        sqlx::query(SET_SUCCESSOR_AS_ROOM)
            .bind(id.to_string())
            .bind(room)
            .bind(version)
            .bind(encrypted.then(now))
            .bind(i64::from(is_creator))
            .bind(UNKNOWN_DIGEST)
            .execute(&mut *tx)
            .await?;
        add(&mut tx, id, room).await?;
        forget_previous_room(&mut tx, id).await?;
        sqlx::query(SET_BOT_JOINED).bind(id.to_string()).bind(bot).execute(&mut *tx).await?;
        due_rooms::wake(&mut tx, id, &format!("upgrade-{}", Ulid::new())).await?;
        tx.commit().await?;
        self.hints.journal.notify_one();
        self.hints.changed(id);
        Ok(())
    }

    /// Adds `room` to the record although it is not the current room of the transaction.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn add_record_room(&self, id: Ulid, room: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        add(&mut tx, id, room).await?;
        tx.commit().await?;
        self.hints.journal.notify_one();
        Ok(())
    }

    /// Has a new room made for the transaction, with this alias (none: the alias stays the same).
    ///
    /// The room `lost` is not recorded. The bot leaves it as soon as it no longer tries to get in.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn replace_room(
        &self,
        id: Ulid,
        alias: Option<&str>,
        lost: Option<&LostSuccessor>,
        bot: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // Deriving notes memberships for the room that it has read with the locked row.
        adoption::lock(&mut tx, &id.to_string(), self.sign_due()).await?;
        sqlx::query(FORGET_ROOM_FOR_NEW_ONE)
            .bind(id.to_string())
            .bind(alias)
            .execute(&mut *tx)
            .await?;
        forget_previous_room(&mut tx, id).await?;
        sqlx::query(FORGET_MEMBERSHIP_OF_BOT)
            .bind(id.to_string())
            .bind(bot)
            .execute(&mut *tx)
            .await?;
        // The shop asked for the contacts. If they are out of the room, they may have been removed
        // together with the bot, so they are invited again.
        if sqlx::query_scalar::<_, i64>(SELECT_WANTED_AGAIN)
            .bind(id.to_string())
            .fetch_one(&mut *tx)
            .await?
            == 1
        {
            members::forget_refusals(&mut tx, id, None).await?;
        }
        if let Some(LostSuccessor { room_id, why }) = lost {
            let lost = sqlx::query(INSERT_LOST_SUCCESSOR).bind(room_id).bind(id.to_string());
            lost.bind(now()).bind(why).execute(&mut *tx).await?;
            room_changes::reject(&mut tx, room_id, bot).await?;
        }
        due_rooms::wake(&mut tx, id, &format!("replace-{}", Ulid::new())).await?;
        tx.commit().await?;
        self.hints.changed(id);
        Ok(())
    }

    /// Returns the newest room that took the place of a record room and is not recorded.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn lost_successor(&self, id: Ulid) -> Result<Option<LostSuccessor>, StoreError> {
        sqlx::query_as(SELECT_LOST_SUCCESSOR).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// Forgets all rooms that took the place of a record room and are not recorded.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn forget_lost_successors(&self, id: Ulid) -> Result<(), StoreError> {
        self.run(sqlx::query(DELETE_LOST_SUCCESSORS).bind(id.to_string())).await
    }

    /// Notes that the previous room leads people to the current one, or cannot be made to.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn set_led_on(&self, id: Ulid) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_LED_ON).bind(id.to_string())).await
    }

    /// Notes that the room has no tombstone.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn clear_tombstone(&self, id: Ulid) -> Result<(), StoreError> {
        self.run(sqlx::query(CLEAR_TOMBSTONE).bind(id.to_string())).await
    }
}

/// Notes that the admin of the homeserver blocked the room of this transaction.
pub(super) async fn set_blocked(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    sqlx::query(SET_BLOCKED).bind(id.to_string()).bind(now()).execute(&mut **tx).await.map(drop)
}

/// Returns true if the bot still tries to get into a room that took the place of this transaction's
/// room.
pub(super) async fn has_lost_successor(
    tx: &mut Tx,
    transaction_id: &str,
) -> Result<bool, StoreError> {
    let lost: Option<LostSuccessor> = sqlx::query_as(SELECT_LOST_SUCCESSOR)
        .bind(transaction_id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(lost.is_some())
}

/// Adds a room to the record and has its history read.
async fn add(tx: &mut Tx, id: Ulid, room: &str) -> Result<(), StoreError> {
    sqlx::query(INSERT_RECORD_ROOM)
        .bind(room)
        .bind(id.to_string())
        .bind(now())
        .execute(&mut **tx)
        .await?;
    sqlx::query(OPEN_GAP_OF_WHOLE_ROOM)
        .bind(room)
        .bind(FROM_NEWEST_EVENT)
        .bind(TO_START_OF_ROOM)
        .bind(now())
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// Forgets what was done in the previous room.
async fn forget_previous_room(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    refused_steps::delete_all(tx, id).await?;
    let id = id.to_string();
    for statement in [FORGET_MEMBERSHIPS, DELETE_FAR_INVITATIONS] {
        sqlx::query(statement).bind(&id).execute(&mut **tx).await?;
    }
    sqlx::query(DELETE_SENDS_OF_ROOM)
        .bind(&id)
        .bind(SendKey::summaries_pattern())
        .bind(SendKey::Encrypted.to_string())
        .execute(&mut **tx)
        .await
        .map(drop)
}
