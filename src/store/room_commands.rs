//! The messages to the bot in the rooms of transactions that it has not answered yet.

use ulid::Ulid;

use super::{Store, StoreError, Tx, due_rooms};
use crate::clock::now;

const INSERT_COMMAND: &str = "INSERT INTO room_commands (transaction_id, seq) SELECT $1, $2 \
     WHERE (SELECT COUNT(*) FROM room_commands WHERE transaction_id = $1) < $3 \
     ON CONFLICT (transaction_id, seq) DO NOTHING";
const SELECT_NEXT: &str = "SELECT MIN(seq) FROM room_commands WHERE transaction_id = $1";
const DELETE_COMMAND: &str = "DELETE FROM room_commands WHERE transaction_id = $1 AND seq = $2";

const SET_DONE: &str = "UPDATE room_commands SET done_at = $3 \
     WHERE transaction_id = $1 AND seq = $2 AND done_at IS NULL";
const SET_DONE_FOR_ADMIN: &str =
    "UPDATE admin_commands SET done_at = $2 WHERE event_id = $1 AND done_at IS NULL";
/// The answers in a room, and those among them to one person ($3). A key is `answer` and the `seq` of the entry.
const COUNT_ANSWERS: &str = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN (SELECT e.sender FROM entries e \
     WHERE e.transaction_id = s.transaction_id AND e.seq = CAST(substr(s.send_key, 8) AS BIGINT)) = $3 \
     THEN 1 ELSE 0 END), 0) FROM sends s WHERE s.transaction_id = $1 AND s.send_key LIKE 'answer %' \
     AND s.first_tried_at > $2";

/// A message to the bot.
#[derive(Clone, Copy, Debug)]
pub enum BotMessage<'a> {
    /// In the room of the transaction: the `seq` of its entry.
    InRoom(i64),
    /// In the room of the admins: its event.
    OfAdmin(&'a str),
}

/// The greatest number of messages that wait for an answer in one room. Whoever writes more of them meanwhile gets
/// no answer.
const MAX_WAITING: i64 = 20;

impl Store {
    /// Returns the `seq` of the oldest message that waits for an answer.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn next_room_command(&self, id: Ulid) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar(SELECT_NEXT).bind(id.to_string()).fetch_one(&self.pool).await
    }

    /// Returns how many answers the bot gave in the room of a transaction since a time, in milliseconds since 1970: to
    /// anybody, and to this Matrix user.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn answers_since(
        &self,
        id: Ulid,
        since: i64,
        user: &str,
    ) -> Result<(i64, i64), StoreError> {
        let count = sqlx::query_as(COUNT_ANSWERS).bind(id.to_string()).bind(since).bind(user);
        count.fetch_one(&self.pool).await
    }

    /// Notes that a message waits for no answer any more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn room_command_done(&self, id: Ulid, seq: i64) -> Result<(), StoreError> {
        self.run(sqlx::query(DELETE_COMMAND).bind(id.to_string()).bind(seq)).await
    }
}

/// Notes in `tx` that a message waits for an answer, and wakes the room.
pub(super) async fn note(
    tx: &mut Tx,
    id: Ulid,
    seq: i64,
    correlation: &str,
) -> Result<(), StoreError> {
    let insert = sqlx::query(INSERT_COMMAND).bind(id.to_string()).bind(seq).bind(MAX_WAITING);
    insert.execute(&mut **tx).await?;
    due_rooms::wake(tx, id, correlation).await
}

/// Notes in `tx` that a message has its effect now. Returns false if it had it before.
pub(super) async fn has_effect(
    tx: &mut Tx,
    id: Ulid,
    message: BotMessage<'_>,
) -> Result<bool, StoreError> {
    let done = match message {
        BotMessage::InRoom(seq) => sqlx::query(SET_DONE).bind(id.to_string()).bind(seq).bind(now()),
        BotMessage::OfAdmin(event_id) => {
            sqlx::query(SET_DONE_FOR_ADMIN).bind(event_id.to_owned()).bind(now())
        }
    };
    Ok(done.execute(&mut **tx).await?.rows_affected() == 1)
}
