//! The rooms in which the bot writes to one person each.

use ruma::{RoomId, UserId};
use sqlx::FromRow;

use super::rooms::new_alias;
use super::{Store, StoreError};
use crate::clock::now;

const INSERT_ROOM: &str = "INSERT INTO direct_rooms (user_id, alias_localpart) VALUES ($1, $2) \
     ON CONFLICT (user_id) DO NOTHING";
const SELECT_ROOM: &str =
    "SELECT alias_localpart, attempted_at, room_id FROM direct_rooms WHERE user_id = $1";
const SET_ATTEMPT: &str = "UPDATE direct_rooms SET attempted_at = COALESCE(attempted_at, $2) \
     WHERE user_id = $1";
const SET_ROOM_ID: &str =
    "UPDATE direct_rooms SET room_id = $2, attempted_at = NULL WHERE user_id = $1";
const BEGIN_AGAIN: &str = "UPDATE direct_rooms SET alias_localpart = $2, attempted_at = NULL, \
     room_id = NULL WHERE user_id = $1";
const SELECT_IF_BEING_MADE: &str = "SELECT 1 FROM direct_rooms \
     WHERE alias_localpart = $1 AND room_id IS NULL AND attempted_at IS NOT NULL";

/// The room in which the bot writes to one person.
#[derive(Clone, Debug, FromRow)]
pub struct DirectRoom {
    /// The local part of its alias, by which it is found if the outcome of its creation is unknown.
    pub alias_localpart: String,
    /// When its creation began, in milliseconds since 1970. None if there is no attempt of unknown outcome.
    pub attempted_at: Option<i64>,
    /// The id of the room. None until it is made.
    pub room_id: Option<String>,
}

impl Store {
    /// Returns the room in which the bot writes to this user. If there is none, its alias is drawn now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn direct_room(&self, user: &UserId) -> Result<DirectRoom, StoreError> {
        let select = || sqlx::query_as(SELECT_ROOM).bind(user.as_str());
        if let Some(room) = select().fetch_optional(&self.pool).await? {
            return Ok(room);
        }
        self.run(sqlx::query(INSERT_ROOM).bind(user.as_str()).bind(new_alias())).await?;
        select().fetch_one(&self.pool).await
    }

    /// Notes that the creation of the room begins.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn direct_room_attempted(&self, user: &UserId) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_ATTEMPT).bind(user.as_str()).bind(now())).await
    }

    /// Notes the room that was made.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn direct_room_made(&self, user: &UserId, room: &RoomId) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_ROOM_ID).bind(user.as_str()).bind(room.as_str())).await
    }

    /// Notes that the room cannot be used. The next one gets another alias.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn direct_room_lost(&self, user: &UserId) -> Result<(), StoreError> {
        self.run(sqlx::query(BEGIN_AGAIN).bind(user.as_str()).bind(new_alias())).await
    }

    /// Whether a direct room with this alias is being made.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn is_direct_room_in_the_making(&self, alias: &str) -> Result<bool, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar(SELECT_IF_BEING_MADE).bind(alias).fetch_optional(&self.pool).await?;
        Ok(found.is_some())
    }
}
