//! The messages that Tallyroom sends. Each send is stored before the request to the homeserver.

use ruma::UserId;
use sqlx::FromRow;
use ulid::Ulid;

use super::{SendKey, Store, StoreError};
use crate::clock::now;

const INSERT_SEND: &str = "INSERT INTO sends (transaction_id, send_key, send_id, first_tried_at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (transaction_id, send_key) DO NOTHING";
const SELECT_SEND: &str = "SELECT first_tried_at, event_id FROM sends \
     WHERE transaction_id = $1 AND send_key = $2";
/// A summary counts only in the current room ($4 = 1): a new room gets a summary of its own.
const SELECT_EVENT_WITH_MARKER: &str = "SELECT e.event_id FROM entries e \
     JOIN journal j ON j.room_id = e.room_id AND j.position = e.position \
     WHERE e.transaction_id = $1 AND e.marker = $2 AND e.sender = $3 AND j.absent_since IS NULL \
     AND ($4 = 0 \
     OR e.room_id = (SELECT room_id FROM rooms WHERE transaction_id = $1))";
const SELECT_SENT_EVENT: &str = "\
     SELECT event_id FROM sends WHERE transaction_id = $1 AND send_key = $2 \
     AND event_id IS NOT NULL";
const SET_SENT_EVENT: &str =
    "UPDATE sends SET event_id = $3 WHERE transaction_id = $1 AND send_key = $2";

/// The state of a send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendState {
    /// This is the first attempt.
    Begun,
    /// An earlier attempt has an unknown outcome. The first attempt was made at this time
    /// (milliseconds since 1970).
    Unknown(i64),
    /// The message is in the room as this event.
    Sent(String),
}

#[derive(FromRow)]
struct Row {
    first_tried_at: i64,
    event_id: Option<String>,
}

impl Store {
    /// Notes that a send begins, before the request to the homeserver. Returns the state of the
    /// send. `key` is the text of a [`SendKey`].
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn begin_send(
        &self,
        id: Ulid,
        key: &str,
        send_id: &str,
        sender: &UserId,
    ) -> Result<SendState, StoreError> {
        let begin =
            sqlx::query(INSERT_SEND).bind(id.to_string()).bind(key).bind(send_id).bind(now());
        if self.write_one(begin).await? == 1 {
            return Ok(SendState::Begun);
        }
        let row: Row = sqlx::query_as(SELECT_SEND)
            .bind(id.to_string())
            .bind(key)
            .fetch_one(&self.pool)
            .await?;
        if let Some(event_id) = row.event_id {
            return Ok(SendState::Sent(event_id));
        }
        // The event may have reached us although the homeserver's answer was lost.
        let seen: Option<String> = sqlx::query_scalar(SELECT_EVENT_WITH_MARKER)
            .bind(id.to_string())
            .bind(send_id)
            .bind(sender.as_str())
            .bind(i64::from(SendKey::is_summary(key)))
            .fetch_optional(&self.pool)
            .await?;
        Ok(seen.map_or(SendState::Unknown(row.first_tried_at), SendState::Sent))
    }

    /// Returns the id of the event that a send became, or none if the event is not known to be in
    /// the room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sent_as(&self, id: Ulid, key: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(SELECT_SENT_EVENT)
            .bind(id.to_string())
            .bind(key)
            .fetch_optional(&self.pool)
            .await
    }

    /// Notes that the message is in the room as the event `event_id`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sent(&self, id: Ulid, key: &str, event_id: &str) -> Result<(), StoreError> {
        let sent = sqlx::query(SET_SENT_EVENT).bind(id.to_string()).bind(key);
        self.run(sent.bind(event_id)).await
    }
}
