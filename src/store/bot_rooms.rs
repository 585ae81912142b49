//! The rooms that the bot has beside those of transactions: one for the admins, and one for each person to whom it
//! writes directly.

use std::collections::HashMap;

use ruma::RoomId;
use sqlx::FromRow;

use super::alias::new_alias;
use super::many_rows::ManyRows;
use super::{Store, StoreError, Tx};
use crate::clock::now;

const INSERT_ROOM: &str = "INSERT INTO bot_rooms (purpose, alias_localpart) VALUES ($1, $2) \
     ON CONFLICT (purpose) DO NOTHING";
const SELECT_ROOM: &str =
    "SELECT alias_localpart, attempted_at, room_id FROM bot_rooms WHERE purpose = $1";
const SET_ATTEMPT: &str = "UPDATE bot_rooms SET attempted_at = COALESCE(attempted_at, $2) \
     WHERE purpose = $1";
const SET_ROOM_ID: &str =
    "UPDATE bot_rooms SET room_id = $2, attempted_at = NULL WHERE purpose = $1";
const BEGIN_AGAIN: &str = "UPDATE bot_rooms SET alias_localpart = $2, attempted_at = NULL, \
     room_id = NULL WHERE purpose = $1";
const SELECT_IF_BEING_MADE: &str = "SELECT 1 FROM bot_rooms \
     WHERE alias_localpart = $1 AND (room_id = $2 OR (room_id IS NULL AND attempted_at IS NOT NULL))";

static SELECT_PURPOSES: ManyRows = ManyRows::new(
    "SELECT b.room_id, b.purpose FROM (VALUES ",
    1,
    ") AS v CROSS JOIN bot_rooms b WHERE b.room_id = v.column1",
);

/// The purpose of the room of the admins.
pub const ADMINS: &str = "admins";

/// A room of the bot.
#[derive(Clone, Debug, FromRow)]
pub struct BotRoom {
    /// The local part of its alias, by which it is found if the outcome of its creation is unknown.
    pub alias_localpart: String,
    /// When its creation began, in milliseconds since 1970. None if there is no attempt of unknown outcome.
    pub attempted_at: Option<i64>,
    /// The id of the room. None until it is made.
    pub room_id: Option<String>,
}

impl Store {
    /// Returns the room with this purpose: [`ADMINS`], or the user to whom the bot writes there. If there is none, its
    /// alias is drawn now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn bot_room(&self, purpose: &str) -> Result<BotRoom, StoreError> {
        let select = || sqlx::query_as(SELECT_ROOM).bind(purpose);
        if let Some(room) = select().fetch_optional(&self.pool).await? {
            return Ok(room);
        }
        self.run(sqlx::query(INSERT_ROOM).bind(purpose).bind(new_alias())).await?;
        select().fetch_one(&self.pool).await
    }

    /// Notes that the creation of the room begins.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn bot_room_attempted(&self, purpose: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_ATTEMPT).bind(purpose).bind(now())).await
    }

    /// Notes the room that was made.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn bot_room_made(&self, purpose: &str, room: &RoomId) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_ROOM_ID).bind(purpose).bind(room.as_str())).await
    }

    /// Notes that the room cannot be used. The next one gets another alias.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn bot_room_lost(&self, purpose: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(BEGIN_AGAIN).bind(purpose).bind(new_alias())).await
    }

    /// Whether a room with this alias is being made, or is this room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn is_bot_room_in_the_making(
        &self,
        alias: &str,
        room: &RoomId,
    ) -> Result<bool, StoreError> {
        let found: Option<i64> = sqlx::query_scalar(SELECT_IF_BEING_MADE)
            .bind(alias)
            .bind(room.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(found.is_some())
    }
}

/// Returns the purposes of those of the rooms that are the bot's.
pub(super) async fn among(
    tx: &mut Tx,
    rooms: impl Iterator<Item = &str>,
) -> Result<HashMap<String, String>, StoreError> {
    let rooms: Vec<&str> = rooms.collect();
    Ok(SELECT_PURPOSES.select(tx, &rooms).await?.into_iter().collect())
}
