//! Makes transactions with rooms on a real database, without a homeserver.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use sqlx::{Connection, Executor};
use tallyroom::access::Origin;
use tallyroom::config::{DatabaseConfig, DatabaseUrl};
use tallyroom::record::RedactionPolicy;
use tallyroom::store::{Arrival, Created, Deriving, NewRevision, Source, Store, Unindexed};
use tallyroom::transaction::Submission;
use tokio::runtime::Runtime;
use ulid::Ulid;

pub const USERS: [&str; 4] = ["@buyer:x", "@seller:x", "@third:x", BOT];
pub const BOT: &str = "@_tallyroom_bot:x";

/// Returns the URL of a new SQLite database in this folder.
pub fn sqlite(folder: &Path) -> String {
    format!("sqlite:{}/record.db", folder.display())
}

/// Creates a new PostgreSQL database and returns its URL.
pub fn postgres() -> String {
    let server = std::env::var("TALLYROOM_TEST_POSTGRES")
        .expect("TALLYROOM_TEST_POSTGRES is not set: run scripts/test");
    let name = format!("t_{}", Ulid::new().to_string().to_lowercase());
    Runtime::new().unwrap().block_on(async {
        let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        connection.execute(create).await.unwrap();
    });
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

/// A store with a separate transaction and room for each record.
#[derive(Clone)]
pub struct Bench {
    pub store: Store,
    #[allow(dead_code, reason = "only some of the tests that share this file need it")]
    pub url: String,
    made: Arc<AtomicUsize>,
}

impl Bench {
    pub async fn open(url: &str) -> Self {
        let config = DatabaseConfig { url: DatabaseUrl::parse(url).unwrap(), max_connections: 4 };
        let store = Store::open(&config).await.unwrap();
        Self { store, url: url.to_owned(), made: Arc::default() }
    }

    /// Makes a new transaction and its room.
    pub async fn transaction(&self) -> (Ulid, String) {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let room = format!("!room{number}:x");
        let body = json!({
            "external_id": format!("order-{number}"), "status": "open",
            "invoice": { "number": "1", "type": "380", "issue_date": "2026-06-01", "currency": "EUR",
                "lines": [{ "id": "1", "description": "x", "quantity": "1", "unit": "C62",
                    "unit_price": "1.00", "vat": { "category": "S", "rate": "20" } }] },
            "buyer": { "name": "B", "contacts": [{ "matrix": USERS[0] }] },
            "seller": { "name": "S", "contacts": [{ "matrix": USERS[1] }] },
        });
        let accepted =
            Submission::from_json(body.to_string().as_bytes()).unwrap().accept().unwrap();
        let new =
            NewRevision { terms: &accepted.terms, warnings: &accepted.warnings, original: None };
        let (name, origin) = (&accepted.external_id, Origin::Command { user: "root".to_owned() });
        let created = self.store.create_transaction("shop", name, new, "t", &origin).await;
        let Created::New(id) = created.unwrap() else { panic!("there already") };
        let room_id = ruma::RoomId::parse(&room).unwrap();
        self.store.claim_room(id, &room_id, None, None).await.unwrap();
        (id, room)
    }

    /// Writes events of the room to the journal and derives them.
    pub async fn arrive(&self, id: Ulid, room: &str, events: &[Value]) {
        self.journal(Source::Push, room, events).await;
        while self.store.derive_room(&id.to_string(), room, &deriving()).await.unwrap() > 0 {}
    }

    /// Indexes all entries that are not indexed yet. Returns how many each tx indexed.
    pub async fn index(&self) -> Vec<usize> {
        let mut counts = Vec::new();
        loop {
            let records = self.store.unindexed(&Unindexed::default(), 50).await.unwrap();
            if records.is_empty() {
                return counts;
            }
            counts.push(self.store.index(&records, 512).await.unwrap().entries);
        }
    }

    /// Writes events of a room to the journal without deriving them.
    pub async fn journal(&self, source: Source, room: &str, events: &[Value]) {
        let arrival = |event: &Value| Arrival {
            room_id: room.to_owned(),
            event_id: event["event_id"].as_str().unwrap().to_owned(),
            raw: event.to_string(),
        };
        let arrivals: Vec<_> = events.iter().map(arrival).collect();
        self.store
            .journal(&arrivals, source, "test", ruma::user_id!("@_tallyroom_bot:x"))
            .await
            .unwrap();
    }
}

pub fn deriving() -> Deriving {
    Deriving { bot: BOT.to_owned(), redactions: RedactionPolicy::Honour, sign_after: 1 }
}
