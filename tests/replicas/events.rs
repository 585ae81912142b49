//! Nobody who reads events passes one that is committed later.

use std::collections::BTreeSet;

use sqlx::{Connection, Executor, PgConnection};
use tallyroom::store::{EventFilter, EventPage};
use tokio::runtime::Runtime;

use super::bench::{self, Bench};

/// A writer that writes something, and then takes the id of an event.
const TAKE_ID: &str = "INSERT INTO events (shop, transaction_id, kind, at) \
     SELECT shop, id, 'room.ready', 0 FROM transactions WHERE shop = 'shop'";

async fn read(bench: &Bench, after: i64) -> EventPage {
    bench.store.events_after("shop", after, &EventFilter::default(), 1_000).await.unwrap()
}

#[test]
fn a_reader_does_not_pass_a_tx_that_is_still_open() {
    let url = bench::postgres();
    Runtime::new().unwrap().block_on(async {
        let (one, two) = (Bench::open(&url).await, Bench::open(&url).await);
        one.transaction().await;
        assert_eq!(read(&one, 0).await.upto, 1);
        for end in ["COMMIT", "ROLLBACK"] {
            let before = read(&one, 0).await.upto;
            assert_eq!(read(&two, 0).await.upto, before);
            let mut open = PgConnection::connect(&url).await.unwrap();
            open.execute("BEGIN; UPDATE transactions SET updated_at = updated_at").await.unwrap();
            open.execute(TAKE_ID).await.unwrap();
            let reader = tokio::spawn({
                let two = two.clone();
                async move { read(&two, 0).await }
            });
            // The later event is committed first.
            let new = sqlx::query(
                "INSERT INTO events (shop, transaction_id, kind, at) \
                 SELECT shop, id, 'room.healed', 0 FROM transactions",
            );
            new.execute(&mut PgConnection::connect(&url).await.unwrap()).await.unwrap();
            // It waits for a while, and then says what it knows.
            assert_eq!(read(&one, 0).await.upto, before);
            assert_eq!(reader.await.unwrap().events.last().unwrap().id, before);
            open.execute(end).await.unwrap();
            let kinds: Vec<_> =
                read(&two, before).await.events.into_iter().map(|it| it.kind).collect();
            match end {
                "COMMIT" => assert_eq!(kinds, ["room.ready", "room.healed"]),
                _ => assert_eq!(kinds, ["room.healed"]),
            }
        }
    });
}

#[test]
fn what_many_write_at_once_is_read_once_each_while_it_is_written() {
    const WRITERS: usize = 4;
    const EACH: usize = 40;
    let url = bench::postgres();
    Runtime::new().unwrap().block_on(async {
        let bench = Bench::open(&url).await;
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            let process = Bench::open(&url).await;
            let (id, _) = bench.transaction().await;
            writers.push(tokio::spawn(async move {
                for number in 0..EACH {
                    let line = format!("{writer}-{number}");
                    process.store.step_refused(id, &line, "no", 0).await.unwrap();
                }
            }));
        }
        let reader = Bench::open(&url).await;
        let (mut after, mut ids) = (0, Vec::new());
        let mut written = false;
        loop {
            let page = read(&reader, after).await;
            ids.extend(page.events.iter().map(|it| it.id));
            after = page.upto;
            if written && page.is_last {
                break;
            }
            written = writers.iter().all(tokio::task::JoinHandle::is_finished);
        }
        assert_eq!(ids.len(), WRITERS * (EACH + 1));
        assert!(ids.is_sorted());
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    });
}
