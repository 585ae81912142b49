//! The messages to the bot in the rooms of transactions that it has not answered yet.

use ulid::Ulid;

use super::{Store, StoreError, Tx, due_rooms};

const INSERT_COMMAND: &str = "INSERT INTO room_commands (transaction_id, seq) SELECT $1, $2 \
     WHERE (SELECT COUNT(*) FROM room_commands WHERE transaction_id = $1) < $3 \
     ON CONFLICT (transaction_id, seq) DO NOTHING";
const SELECT_NEXT: &str = "SELECT MIN(seq) FROM room_commands WHERE transaction_id = $1";
const DELETE_COMMAND: &str = "DELETE FROM room_commands WHERE transaction_id = $1 AND seq = $2";

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
