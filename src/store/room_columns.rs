//! Tests that name what is missing for a new column of `rooms`.
//!
//! A column that is not read fails only when a room is read. A column that is not reset makes a new room
//! look as if something had been done in it that was done in the room before.

use ulid::Ulid;

use super::{audits, rooms, successors, tests};

/// Columns that no row of a room needs, because other statements read them.
const NOT_READ_WITH_THE_ROOM: [&str; 5] =
    ["turns", "successor", "repairs", "repaired_at", "told_problem"];

/// Columns that stay when the transaction gets another room. They are about the transaction or about the
/// work on it, and not about one room.
const KEPT_WITH_ANOTHER_ROOM: [&str; 17] = [
    "transaction_id",
    "due_at",
    "wakes",
    "failures",
    "problem",
    "stopped",
    "correlation",
    "turns",
    "told_revision",
    "telling_revision",
    "blocked_at",
    "repairs",
    "repaired_at",
    "retold",
    "wanted_again",
    "told_problem",
    "told_overdue",
];

/// The columns of `rooms`, after all migrations.
async fn columns(store: &super::Store) -> Vec<String> {
    let names = sqlx::query_scalar("SELECT name FROM pragma_table_info('rooms')");
    names.fetch_all(&store.pool).await.unwrap()
}

#[tokio::test]
async fn each_column_of_a_room_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = tests::opened(folder.path()).await;
    for column in columns(&store).await {
        let mut words = rooms::SELECT_ROOM.split([' ', ',']);
        let is_read = words.any(|word| word == column);
        assert!(
            is_read || NOT_READ_WITH_THE_ROOM.contains(&&*column),
            "rooms.{column} is missing in SELECT_ROOM of store/rooms.rs"
        );
    }
    // A field of `RoomRow` that the statement lacks is an error here.
    let id = Ulid::nil();
    let mut turn = tests::turn(&store).await;
    for statement in [
        "PRAGMA foreign_keys = OFF".to_owned(),
        format!("INSERT INTO rooms (transaction_id, alias_localpart) VALUES ('{id}', 'a')"),
        "PRAGMA foreign_keys = ON".to_owned(),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut *turn).await.unwrap();
    }
    drop(turn);
    assert_eq!(store.room(id).await.unwrap().unwrap().alias_localpart, "a");
}

#[tokio::test]
async fn each_column_of_a_room_is_reset_for_another_room_or_kept_on_purpose() {
    let folder = tempfile::tempdir().unwrap();
    let store = tests::opened(folder.path()).await;
    for (name, statement, kept) in [
        // The alias moves to the successor, which is ready and was led to by whoever made it.
        (
            "SET_SUCCESSOR_AS_ROOM of store/successors.rs",
            successors::SET_SUCCESSOR_AS_ROOM,
            &["alias_localpart", "ready_at", "led_on"][..],
        ),
        // `creator` is reset when the new room is claimed.
        (
            "FORGET_ROOM_FOR_NEW_ONE of store/successors.rs",
            successors::FORGET_ROOM_FOR_NEW_ONE,
            &["creator"][..],
        ),
        // The room is gone without a successor. The next one takes its place.
        (
            "FORGET_ROOM of store/audits.rs",
            audits::FORGET_ROOM,
            &[
                "alias_localpart",
                "room_version",
                "summaries_gone",
                "upgrades",
                "predecessor",
                "led_on",
                "creator",
            ][..],
        ),
    ] {
        let (set, _) = statement.split_once(" WHERE ").unwrap();
        for column in columns(&store).await {
            let is_reset = set.contains(&format!(" {column} = "));
            let is_kept = KEPT_WITH_ANOTHER_ROOM.contains(&&*column) || kept.contains(&&*column);
            assert_ne!(
                is_reset, is_kept,
                "rooms.{column}: reset it in {name}, or list it in store/room_columns.rs as kept"
            );
        }
    }
}
