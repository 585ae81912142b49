//! Messages of ours whose sending has begun.

use ruma::UserId;
use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError};
use crate::clock::now;

const BEGIN: &str = "INSERT INTO sends (transaction_id, send_key, send_id, first_tried_at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (transaction_id, send_key) DO NOTHING";
const GET: &str = "SELECT first_tried_at, event_id FROM sends \
     WHERE transaction_id = $1 AND send_key = $2";
const SEEN: &str = "SELECT e.event_id FROM entries e \
     JOIN journal j ON j.room_id = e.room_id AND j.position = e.position \
     WHERE e.transaction_id = $1 AND e.marker = $2 AND e.sender = $3 AND j.absent_since IS NULL \
     AND ($4 NOT LIKE 'summary%' \
     OR e.room_id = (SELECT room_id FROM rooms WHERE transaction_id = $1))";
const SENT_AS: &str = "SELECT event_id FROM sends WHERE transaction_id = $1 AND send_key = $2 \
     AND event_id IS NOT NULL";
const SENT: &str = "UPDATE sends SET event_id = $3 WHERE transaction_id = $1 AND send_key = $2";

/// What is known of a send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendState {
    /// This is the first try.
    Begun,
    /// Tried before (first at this time, milliseconds) with unknown outcome.
    Unknown(i64),
    /// It is in the room as this event.
    Sent(String),
}

#[derive(FromRow)]
struct Row {
    first_tried_at: i64,
    event_id: Option<String>,
}

impl Store {
    /// Notes, before the call, that a send begins; tells what is known of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_send(
        &self,
        id: Ulid,
        key: &str,
        send_id: &str,
        sender: &UserId,
    ) -> Result<SendState, StoreError> {
        let begun = sqlx::query(BEGIN)
            .bind(id.to_string())
            .bind(key)
            .bind(send_id)
            .bind(now())
            .execute(&self.pool)
            .await?
            .rows_affected();
        if begun == 1 {
            return Ok(SendState::Begun);
        }
        let row: Row =
            sqlx::query_as(GET).bind(id.to_string()).bind(key).fetch_one(&self.pool).await?;
        if let Some(event_id) = row.event_id {
            return Ok(SendState::Sent(event_id));
        }
        // It may have come back to us as an event although the answer was lost.
        let seen: Option<String> = sqlx::query_scalar(SEEN)
            .bind(id.to_string())
            .bind(send_id)
            .bind(sender.as_str())
            .bind(key)
            .fetch_optional(&self.pool)
            .await?;
        Ok(seen.map_or(SendState::Unknown(row.first_tried_at), SendState::Sent))
    }

    /// The event that a send became; none if it is not known to be in the room.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sent_as(&self, id: Ulid, key: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(SENT_AS).bind(id.to_string()).bind(key).fetch_optional(&self.pool).await
    }

    /// Notes that a send is in the room.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sent(&self, id: Ulid, key: &str, event_id: &str) -> Result<(), StoreError> {
        sqlx::query(SENT)
            .bind(id.to_string())
            .bind(key)
            .bind(event_id)
            .execute(&self.pool)
            .await
            .map(drop)
    }
}
