//! Measures the search in a million entries: `cargo bench --bench search`, or with fewer entries
//! `ENTRIES=100000 cargo bench --bench search`. PostgreSQL is measured too, if
//! TALLYROOM_TEST_POSTGRES names a server, as `scripts/postgres start` prints it.
//!
//! Rows are written directly into the tables, because the derivation of events is not measured here.
//! The times are those of `Store::search` with a limit of 20 matches, one call after the other. They
//! are printed with the time to read one entry by its key in the same run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on should stop"
)]
#![allow(missing_docs, reason = "nobody uses a benchmark from outside")]

use std::fmt::Write;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use sqlx::{AnyConnection, Connection, Executor};
use tallyroom::config::{DatabaseConfig, DatabaseUrl};
use tallyroom::search::Query;
use tallyroom::store::{SearchRequest, Store};
use ulid::Ulid;

/// The number of entries in each record.
const ENTRIES_PER_RECORD: usize = 100;
/// The number of different words.
const VOCABULARY: usize = 60_000;
/// The number of rows in one INSERT statement.
const ROWS_PER_INSERT: usize = 500;
/// The number of queries of each kind.
const QUERIES: usize = 200;
/// One of this number of records belongs to a small shop. The others belong to one large shop.
const SMALL_SHOP_INTERVAL: usize = 200;
/// The time between two entries, in milliseconds.
const ENTRY_INTERVAL_MS: i64 = 30_000;
/// The time of the first entry, in milliseconds since 1970.
const START_MS: i64 = 1_735_689_600_000;

#[tokio::main]
async fn main() {
    // `cargo bench` passes `--bench`; `cargo test --benches` must not start a benchmark.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    sqlx::any::install_default_drivers();
    let entries = std::env::var("ENTRIES").map_or(1_000_000, |it| it.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}/bench.db", folder.path().display());
    measure("SQLite", &sqlite, entries).await;
    match std::env::var("TALLYROOM_TEST_POSTGRES") {
        Ok(server) => {
            let mut connection = AnyConnection::connect(&server).await.unwrap();
            let name = format!("bench_{}", Ulid::new().to_string().to_lowercase());
            run(&mut connection, &format!("CREATE DATABASE {name}")).await;
            let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
            measure("PostgreSQL", &url, entries).await;
            run(&mut connection, &format!("DROP DATABASE {name}")).await;
        }
        Err(_) => println!("PostgreSQL left out: TALLYROOM_TEST_POSTGRES is not set"),
    }
}

async fn measure(name: &str, url: &str, entries: usize) {
    let config = DatabaseConfig { url: DatabaseUrl::parse(url).unwrap(), max_connections: 4 };
    let store = Store::open(&config).await.unwrap();
    let words = Words::new();
    let started = Instant::now();
    let records = fill(url, entries, &words).await;
    println!("{name}: wrote {entries} entries in {:.0} s", started.elapsed().as_secs_f64());

    let mut random = SmallRng::seed_from_u64(7);
    let mut lookups = Vec::new();
    for _ in 0..QUERIES {
        let id = records[random.random_range(0..records.len())];
        let started = Instant::now();
        assert_eq!(store.entries(id, 5, 1).await.unwrap().len(), 1);
        lookups.push(started.elapsed());
    }
    let lookup = quantile(&mut lookups, 0.5);
    println!("{name}: one entry by its key: p50 {}", milliseconds(lookup));

    let mut all = Vec::new();
    let common = |random: &mut SmallRng| words.word(random.random_range(0..20)).to_owned();
    let medium = |random: &mut SmallRng| words.word(random.random_range(300..1_000)).to_owned();
    let rare = |random: &mut SmallRng| words.word(random.random_range(20_000..50_000)).to_owned();
    type Make<'a> = &'a dyn Fn(&mut SmallRng) -> String;
    let kinds: [(&str, &str, Option<&str>, bool, Make<'_>); 9] = [
        ("a rare word", "large", None, false, &rare),
        ("a word in about 1 of 500 entries", "large", None, false, &medium),
        ("a word in 1 of 4 or more", "large", None, false, &common),
        ("two words", "large", None, false, &|it| format!("{} {}", medium(it), common(it))),
        ("a phrase", "large", None, false, &|it| format!("\"{} {}\"", common(it), common(it))),
        ("a beginning", "large", None, false, &|it| medium(it)[..4].to_owned() + "*"),
        ("common, of one party", "large", Some("buyer"), false, &common),
        ("common, in a week long ago", "large", None, true, &common),
        ("common, in a small shop", "small", None, false, &common),
    ];
    for (kind, shop, party, long_ago, make) in kinds {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..QUERIES {
            let text = make(&mut random);
            let query = Query::read(&text).unwrap();
            let week = START_MS + ENTRY_INTERVAL_MS * i64::try_from(entries).unwrap() / 10;
            let request = SearchRequest {
                shop,
                query: &query,
                party,
                transaction: None,
                from: if long_ago { week } else { i64::MIN },
                until: if long_ago { week + 7 * 86_400_000 } else { i64::MAX },
                as_of: None,
                offset: 0,
                limit: 20,
            };
            let started = Instant::now();
            let page = store.search(&request).await.unwrap();
            times.push(started.elapsed());
            found += page.entries.len();
        }
        assert!(found > 0, "nothing found for {kind}: the benchmark measures nothing");
        all.extend(times.iter().copied());
        report(name, kind, &mut times, lookup);
    }
    report(name, "all of these", &mut all, lookup);
    store.close().await;
}

fn report(name: &str, kind: &str, times: &mut [Duration], lookup: Duration) {
    let (p50, p99) = (quantile(times, 0.5), quantile(times, 0.99));
    println!(
        "{name}: {kind}: p50 {} p99 {} ({:.0} and {:.0} times one entry by its key)",
        milliseconds(p50),
        milliseconds(p99),
        p50.as_secs_f64() / lookup.as_secs_f64(),
        p99.as_secs_f64() / lookup.as_secs_f64(),
    );
}

fn quantile(times: &mut [Duration], at: f64) -> Duration {
    times.sort();
    times[((times.len() - 1) as f64 * at).round() as usize]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

/// Made-up words, the most frequent first (Zipf's law).
struct Words {
    words: Vec<String>,
    up_to: Vec<f64>,
}

impl Words {
    fn new() -> Self {
        let mut random = SmallRng::seed_from_u64(1);
        let syllables = ["ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su", "ta", "ve"];
        let mut seen = std::collections::HashSet::new();
        while seen.len() < VOCABULARY {
            let count = random.random_range(2..6);
            let word: String =
                (0..count).map(|_| syllables[random.random_range(0..syllables.len())]).collect();
            seen.insert(word);
        }
        let mut words: Vec<_> = seen.into_iter().collect();
        words.sort();
        // A fixed shuffle, so that frequent words are not all alike.
        words.sort_by_key(|word| {
            word.bytes().fold(17_u32, |a, b| a.wrapping_mul(31) ^ u32::from(b))
        });
        let mut sum = 0.0;
        let up_to = (1..=VOCABULARY).map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        });
        Self { up_to: up_to.collect(), words }
    }

    fn word(&self, rank: usize) -> &str {
        &self.words[rank]
    }

    fn sentence(&self, random: &mut SmallRng) -> String {
        let total = self.up_to.last().unwrap();
        let mut sentence = String::new();
        for _ in 0..random.random_range(4..28) {
            let at = random.random::<f64>() * total;
            let rank = self.up_to.partition_point(|sum| *sum < at).min(VOCABULARY - 1);
            write!(sentence, "{} ", self.words[rank]).unwrap();
        }
        sentence.trim_end().to_owned()
    }
}

/// Writes the rows, and returns the ids of the records.
async fn fill(url: &str, entries: usize, words: &Words) -> Vec<Ulid> {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let is_sqlite = url.starts_with("sqlite");
    if is_sqlite {
        run(&mut connection, "PRAGMA synchronous = OFF").await;
    }
    let mut random = SmallRng::seed_from_u64(2);
    let mut records = Vec::new();
    let (mut transactions, mut journal, mut rows, mut searched) =
        (String::new(), String::new(), String::new(), String::new());
    for number in 0..entries {
        let (record, seq) = (number / ENTRIES_PER_RECORD, number % ENTRIES_PER_RECORD + 1);
        let at = START_MS + ENTRY_INTERVAL_MS * i64::try_from(number).unwrap();
        let shop = if record % SMALL_SHOP_INTERVAL == 0 { "small" } else { "large" };
        if seq == 1 {
            let id = Ulid::from_parts(u64::try_from(at).unwrap(), random.next_u64().into());
            records.push(id);
            let values = format!("('{id}','{shop}','order-{record}',1,{at},{at}),");
            transactions.push_str(&values);
        }
        let id = records[record];
        let party = if random.random_range(0..2) == 0 { "buyer" } else { "seller" };
        let text = words.sentence(&mut random);
        write!(journal, "('!r{record}:x',{seq},'$e{number}','push','c',{at},'{{}}','s'),").unwrap();
        write!(
            rows,
            "('{id}',{seq},'h','c','!r{record}:x',{seq},'$e{number}','m.room.message','text',\
             '@{party}:x','{party}',{at},{at},{at},'push','{text}','[]',1),"
        )
        .unwrap();
        let hex: String = shop.bytes().map(|byte| format!("{byte:02x}")).collect();
        let low = id.to_string().to_lowercase();
        write!(
            searched,
            "({},'{id}',{seq},'{shop}','{party}',\
             's{hex}pt s{hex}p{party}t s{hex}pt{low} s{hex}p{party}t{low}','{text}'),",
            at << 12,
        )
        .unwrap();
        if (number + 1) % ROWS_PER_INSERT != 0 && number + 1 != entries {
            continue;
        }
        let mut tx = connection.begin().await.unwrap();
        for (table, values) in [
            (
                "transactions (id, shop, external_id, revision, created_at, updated_at)",
                &mut transactions,
            ),
            (
                "journal (room_id, position, event_id, source, correlation, received_at, raw, salt)",
                &mut journal,
            ),
            (
                "entries (transaction_id, seq, hash, content, room_id, position, event_id, \
                 event_type, kind, sender, party, sent_at, received_at, sort_at, source, text, \
                 attachments, derivation)",
                &mut rows,
            ),
            ("search_rows (id, transaction_id, seq, shop, party, scope, words)", &mut searched),
        ] {
            let statement = format!("INSERT INTO {table} VALUES {}", values.trim_end_matches(','));
            run(&mut tx, &statement).await;
            values.clear();
        }
        tx.commit().await.unwrap();
    }
    // In use, the databases update their statistics by themselves after some time.
    run(&mut connection, if is_sqlite { "PRAGMA optimize" } else { "VACUUM ANALYZE" }).await;
    records
}

async fn run(connection: &mut AnyConnection, statement: &str) {
    let shown: String = statement.chars().take(200).collect();
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    connection.execute(statement).await.unwrap_or_else(|error| panic!("{shown}: {error}"));
}
