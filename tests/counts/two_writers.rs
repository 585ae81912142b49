//! Two processes that write the same events at the same time.

use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection};
use tallyroom::store::{Arrival, Store};

use crate::bench::BOT;
use crate::databases::on_each_database;

const COUNT_WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity \
     WHERE datname = current_database() AND wait_event_type = 'Lock'";
const MOVE_LAST_POSITION: &str =
    "UPDATE journal_rooms SET last_position = last_position + 1 WHERE room_id = $1";
const INSERT_EVENT: &str = "INSERT INTO journal \
     (room_id, position, event_id, source, correlation, received_at, raw, salt) \
     SELECT room_id, last_position, $2, 'sync', 'other', 0, '{}', '' FROM journal_rooms \
     WHERE room_id = $1";
const MOVE_DERIVED_POSITION: &str =
    "UPDATE journal_rooms SET derived_position = last_position WHERE room_id = $1";
const SELECT_EVENTS: &str = "SELECT event_id, position FROM journal WHERE room_id = $1 AND event_id LIKE '$new%' \
     ORDER BY position";
const SELECT_LAST_POSITIONS: &str = "SELECT j.last_position, MAX(e.position), COUNT(*) \
     FROM journal_rooms j JOIN journal e ON e.room_id = j.room_id \
     WHERE j.room_id = $1 GROUP BY j.last_position";

#[test]
fn a_push_that_waits_for_another_process_writes_each_event_once() {
    on_each_database(async |database| {
        if database.bench.url.starts_with("sqlite") {
            return;
        }
        let (_, room) = database.bench.transaction().await;
        let (_, quiet_room) = database.bench.transaction().await;
        let store = database.bench.store.clone();
        push(store.clone(), vec![arrival(&room, "$old"), arrival(&quiet_room, "$old")]).await;
        let mut other = PgConnection::connect(&database.bench.url).await.unwrap();
        let mut observer = PgConnection::connect(&database.bench.url).await.unwrap();

        other.execute("BEGIN").await.unwrap();
        for statement in [MOVE_LAST_POSITION, INSERT_EVENT] {
            let mut query = sqlx::query(statement).bind(&room);
            if statement == INSERT_EVENT {
                query = query.bind("$new-1");
            }
            query.execute(&mut other).await.unwrap();
        }
        let events = ["$new-1", "$new-2", "$old", "$new-3"].map(|event| arrival(&room, event));
        let events = [&events[..], &[arrival(&quiet_room, "$new-1")]].concat();
        let pushed = tokio::spawn(push(store.clone(), events));
        wait_for_waiting(&mut observer).await;
        other.execute("COMMIT").await.unwrap();
        assert_eq!(pushed.await.unwrap(), 3);
        assert_eq!(new_events(&mut observer, &room).await, ["$new-1", "$new-2", "$new-3"]);
        assert_eq!(new_events(&mut observer, &quiet_room).await, ["$new-1"]);

        // A single event is written by another statement.
        other.execute("BEGIN").await.unwrap();
        sqlx::query(MOVE_LAST_POSITION).bind(&room).execute(&mut other).await.unwrap();
        let insert = sqlx::query(INSERT_EVENT).bind(&room).bind("$new-4");
        insert.execute(&mut other).await.unwrap();
        let pushed = tokio::spawn(push(store.clone(), vec![arrival(&room, "$new-4")]));
        wait_for_waiting(&mut observer).await;
        other.execute("COMMIT").await.unwrap();
        assert_eq!(pushed.await.unwrap(), 0);
        assert_eq!(push(store.clone(), vec![arrival(&room, "$new-4")]).await, 0);
        let all = ["$new-1", "$new-2", "$new-3", "$new-4"];
        assert_eq!(new_events(&mut observer, &room).await, all);

        // Deriving moves something else in the row.
        other.execute("BEGIN").await.unwrap();
        sqlx::query(MOVE_DERIVED_POSITION).bind(&room).execute(&mut other).await.unwrap();
        let pushed = tokio::spawn(push(store, vec![arrival(&room, "$new-5")]));
        wait_for_waiting(&mut observer).await;
        other.execute("COMMIT").await.unwrap();
        assert_eq!(pushed.await.unwrap(), 1);
        let all = ["$new-1", "$new-2", "$new-3", "$new-4", "$new-5"];
        assert_eq!(new_events(&mut observer, &room).await, all);
    });
}

/// Returns how many events are new.
async fn push(store: Store, arrivals: Vec<Arrival>) -> usize {
    let bot = ruma::UserId::parse(BOT).unwrap();
    store.journal_push(&arrivals, &[], "test", &bot).await.unwrap().new
}

/// Waits until somebody waits for a lock.
async fn wait_for_waiting(observer: &mut PgConnection) {
    loop {
        let waiting: i64 =
            sqlx::query_scalar(COUNT_WAITING).fetch_one(&mut *observer).await.unwrap();
        if waiting > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Returns the new events of a room in their order. The positions of all its events have no gaps.
async fn new_events(observer: &mut PgConnection, room: &str) -> Vec<String> {
    let (last, greatest, count): (i64, i64, i64) =
        sqlx::query_as(SELECT_LAST_POSITIONS).bind(room).fetch_one(&mut *observer).await.unwrap();
    assert_eq!((last, greatest), (count, count));
    let events: Vec<(String, i64)> =
        sqlx::query_as(SELECT_EVENTS).bind(room).fetch_all(observer).await.unwrap();
    events.into_iter().map(|(event, _)| event).collect()
}

fn arrival(room: &str, event: &str) -> Arrival {
    Arrival { room_id: room.to_owned(), event_id: event.to_owned(), raw: "{}".to_owned() }
}
