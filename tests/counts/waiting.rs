//! What workers ask that wait for something to do.

use std::time::Duration;

use serde_json::json;
use tallyroom::clock::now;
use tallyroom::intake::{derive_forever, index_forever};
use tallyroom::store::Source;
use tokio_util::sync::CancellationToken;

use crate::bench::{USERS, deriving};
use crate::databases::on_each_database;

/// Longer than a worker waits that does not hear what other processes write.
const AFTER_A_LOOK: Duration = Duration::from_secs(2);
/// How long the workers are counted, in which such a worker looks several times.
const A_WHILE: Duration = Duration::from_secs(6);

#[test]
fn workers_that_hear_what_others_write_look_seldom_and_miss_nothing() {
    on_each_database(async |database| {
        if database.bench.url.starts_with("sqlite") {
            return;
        }
        let (id, room) = database.bench.transaction().await;
        let (store, stop) = (database.bench.store.clone(), CancellationToken::new());
        let other = database.opened_elsewhere().await;
        for it in [&store, &other.store] {
            tokio::spawn(it.clone().send_notices_forever(stop.clone()));
        }
        let short = store.hints().patience();
        tokio::spawn(store.clone().hear_notices_forever(|_, _| (), stop.clone()));
        while store.hints().patience() == short {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::spawn(derive_forever(store.clone(), deriving(), stop.clone()));
        tokio::spawn(index_forever(store.clone(), stop.clone()));
        tokio::time::sleep(AFTER_A_LOOK).await;
        let ((), counted) = database.count(tokio::time::sleep(A_WHILE)).await;
        let is_notice = |sql: &&String| sql.contains("pg_notify");
        let looks = counted.statements.iter().filter(|sql| !is_notice(sql)).count();
        assert!(looks <= 4, "{counted}");

        let mut page = store.hints().watch(id);
        page.mark_unchanged();
        let message = json!({
            "type": "m.room.message", "room_id": room, "sender": USERS[0], "event_id": "$1:x",
            "origin_server_ts": now(), "content": { "msgtype": "m.text", "body": "Hello" },
        });
        other.journal(Source::Push, &room, &[message]).await;
        page.changed().await.unwrap();
        stop.cancel();
        other.store.close().await;
    });
}
