//! What one process writes about a room and what another one writes about its record come in an order.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection};
use tallyroom::store::{Progress, Unindexed};
use tokio::runtime::Runtime;

use super::bench::{self, Bench};

/// How long a test waits for something before it fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// How whoever writes entries locks the record.
const LOCK: &str = "SELECT 1 FROM transactions FOR NO KEY UPDATE";
const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity \
     WHERE datname = current_database() AND wait_event_type = 'Lock'";

#[test]
fn a_summary_is_noted_when_the_entries_that_are_being_written_are_there() {
    let url = bench::postgres();
    Runtime::new().unwrap().block_on(async {
        let (one, two) = (Bench::open(&url).await, Bench::open(&url).await);
        let (id, _) = one.transaction().await;
        let mut deriving = one.store.begin().await.unwrap();
        sqlx::query(LOCK).fetch_one(&mut *deriving).await.unwrap();
        let noting = tokio::spawn(async move {
            two.store.summary_shown(id, "$summary", "digest").await.unwrap();
            two.store.room(id).await.unwrap().unwrap().summary_event
        });
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let waiting = async {
            let count = || sqlx::query_scalar::<_, i64>(WAITING);
            while count().fetch_one(&mut connection).await.unwrap() == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("it does not wait");
        assert!(!noting.is_finished());
        deriving.commit().await.unwrap();
        let noted = tokio::time::timeout(PATIENCE, noting).await;
        assert_eq!(noted.expect("it waits for ever").unwrap().as_deref(), Some("$summary"));
    });
}

#[test]
fn a_record_that_somebody_writes_is_indexed_afterwards() {
    let url = bench::postgres();
    Runtime::new().unwrap().block_on(async {
        let (one, two) = (Bench::open(&url).await, Bench::open(&url).await);
        let (id, room) = one.transaction().await;
        let content = json!({ "msgtype": "m.text", "body": "oak" });
        let message = json!({ "type": "m.room.message", "event_id": "$oak", "sender": "@a:x",
            "origin_server_ts": 1, "content": content });
        one.arrive(id, &room, &[message]).await;
        let mut writing = one.store.begin().await.unwrap();
        sqlx::query(LOCK).fetch_one(&mut *writing).await.unwrap();
        let records = two.store.unindexed(&Unindexed::default(), 50).await.unwrap();
        // Whoever indexes hears of it, and does not take the record for one that nobody can index.
        let left_out = Progress { entries: 0, left_out: true };
        assert_eq!(two.store.index(&records, 512).await.unwrap(), left_out);
        writing.commit().await.unwrap();
        assert_eq!(two.index().await, [1]);
    });
}
