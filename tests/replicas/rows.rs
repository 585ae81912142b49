//! What one process writes about a room and what another one writes about its record come in an order.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
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
