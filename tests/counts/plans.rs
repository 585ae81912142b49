//! How much of a large database PostgreSQL reads for one question: nothing is read from its beginning to its
//! end, whatever PostgreSQL believes about the tables.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tallyroom::config::{DatabaseConfig, DatabaseUrl};
use tallyroom::transaction::PartyRole;
use ulid::Ulid;

use crate::bench::{Bench, USERS};
use crate::conversation::Conversation;
use crate::counting::Counted;
use crate::databases::on_postgres;
use crate::service::Service;

/// Enough that PostgreSQL, which knows what is in its tables, would rather join whole tables than look up rows
/// that it expects to be many.
const RECORDS: usize = 600;
/// Some hundred blocks.
const LINES_OF_LONG_RECORD: usize = 3_000;

/// No statement may read more than the others.
const NONE: (&str, i64) = ("nothing", 0);

/// A statement, and the number of blocks of 8 KiB that it read.
#[derive(Debug)]
struct Reading {
    blocks: i64,
    sql: String,
}

/// Returns the statements from what `auto_explain` says of them.
fn readings(counted: &Counted) -> Vec<Reading> {
    let plans = counted.notices.iter().filter_map(|notice| notice.split_once("plan:"));
    let reading = |(_, plan): (&str, &str)| {
        let plan: Value = serde_json::from_str(plan).unwrap();
        let blocks = |kind: &str| plan["Plan"][kind].as_i64().unwrap();
        Reading {
            blocks: blocks("Shared Hit Blocks") + blocks("Shared Read Blocks"),
            sql: plan["Query Text"].as_str().unwrap().to_owned(),
        }
    };
    plans.map(reading).collect()
}

/// Fails if a statement reads more than `max` blocks, or more than `most` if it has these words.
#[track_caller]
fn assert_blocks_at_most(max: i64, (words, most): (&str, i64), what: &str, counted: &Counted) {
    let readings = readings(counted);
    assert!(!readings.is_empty(), "{what}: nothing was explained: {counted}");
    for Reading { blocks, sql } in readings {
        let max = if sql.contains(words) { most } else { max };
        assert!(blocks <= max, "{what}: {blocks} blocks of 8 KiB, more than {max}: {sql}");
    }
}

/// Has PostgreSQL say of each statement on a new connection how it was planned and what it read.
async fn explain_everything(url: &str) {
    let name = url.rsplit_once('/').unwrap().1;
    let mut connection = PgConnection::connect(url).await.unwrap();
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_buffers = on",
        "auto_explain.log_format = json",
        "auto_explain.log_level = notice",
    ] {
        let set = format!("ALTER DATABASE {name} SET {setting}");
        connection.execute(AssertSqlSafe(set)).await.unwrap();
    }
    connection.execute("VACUUM ANALYZE").await.unwrap();
}

/// Fills the database. Returns a long record, and a short one with what was said in it.
async fn filled(bench: &Bench) -> (Ulid, (Ulid, String, Conversation)) {
    let (long, room) = bench.transaction().await;
    let mut said = Conversation::of_everybody(&room);
    for number in 0..LINES_OF_LONG_RECORD {
        said.text(USERS[number % 2], &format!("Line {number} is one of many lines"));
    }
    bench.arrive(long, &room, &said.events).await;
    let mut last = None;
    for _ in 0..RECORDS {
        let (id, room) = bench.transaction().await;
        let mut said = Conversation::of_everybody(&room);
        said.one_of_everything();
        bench.arrive(id, &room, &said.events).await;
        last = Some((id, room, said));
    }
    bench.index().await;
    (long, last.unwrap())
}

#[test]
fn no_question_reads_much_of_a_large_database() {
    on_postgres(async |database| {
        let (long, (short, room, mut said)) = filled(&database.bench).await;
        explain_everything(&database.bench.url).await;
        let url = DatabaseUrl::parse(&database.bench.url).unwrap();
        let config = DatabaseConfig { url, max_connections: 2 };
        let people = database.bench.store.for_people(&config, 2).unwrap();
        let service = Service::start(&people).await;
        for (path, max) in [
            ("transactions?limit=50".to_owned(), 1_500),
            (format!("transactions/{long}"), 50),
            (format!("transactions/{long}/entries?after=2900&limit=100"), 400),
            ("events?limit=100".to_owned(), 900),
            ("entries?q=2718".to_owned(), 60),
            ("entries?q=\"where is it\"".to_owned(), 300),
        ] {
            let (_, counted) = database.count(service.get(&path)).await;
            assert_blocks_at_most(max, NONE, &path, &counted);
        }
        for id in [long, short] {
            let visitor = service.visitor(id, PartyRole::Buyer).await;
            let (_, counted) = database.count(service.open(&visitor, "")).await;
            // How soon a shop answers comes from the last 200 lines of all its records.
            let of_shop = ("seller_replies", 1_000);
            assert_blocks_at_most(400, of_shop, &format!("the page of {id}"), &counted);
        }

        let elsewhere = database.opened_elsewhere().await;
        let before = said.events.len();
        said.one_of_everything();
        let work = async {
            elsewhere.arrive(short, &room, &said.events[before..]).await;
            elsewhere.index().await;
        };
        let ((), counted) = database.count(work).await;
        assert_blocks_at_most(350, NONE, "recording", &counted);
    });
}
