//! What it takes to hand out events to webhooks, and to send them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use tallyroom::access::Origin;
use tallyroom::caller::Caller;
use tallyroom::config::WebhooksConfig;
use tallyroom::store::{NewWebhook, Store};
use tallyroom::webhook::{Client, bounds, send_forever};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::bench::USERS;
use crate::conversation::Conversation;
use crate::databases::on_each_database;

/// How many webhooks the shop has in these tests.
const WEBHOOKS: usize = 2;

/// A receiver that takes everything, and says so once it has had this many calls.
async fn receiver(calls: usize) -> (String, Arc<Notify>) {
    let (count, all_here) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let told = Arc::clone(&all_here);
    let take = move || {
        if count.fetch_add(1, Ordering::Relaxed) + 1 == calls {
            told.notify_one();
        }
        async { StatusCode::NO_CONTENT }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let app = Router::new().route("/", post(take));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, all_here)
}

async fn add_webhooks(store: &Store, shop: &str, url: &str) {
    let origin = Origin::Command { user: "root".to_owned() };
    for _ in 0..WEBHOOKS {
        let new = NewWebhook { id: Ulid::new(), shop, url, types: "", is_on: true };
        store.add_webhook(&new, &origin).await.unwrap();
    }
}

#[test]
fn handing_out_takes_few_statements_however_many_events_there_are_and_sending_few_for_each() {
    on_each_database(async |database| {
        let store = database.bench.store.clone();
        let (id, room) = database.bench.transaction().await;
        let shop = store.transaction(id).await.unwrap().unwrap().shop;
        let mut said = Conversation::of_everybody(&room);
        let lines = 30;
        // Those of the beginning are over before there is a webhook.
        database.bench.arrive(id, &room, &said.events).await;
        let before = store.settled_end().await.unwrap();
        let beginning = said.events.len();
        let (url, all_here) = receiver(WEBHOOKS * lines).await;
        add_webhooks(&store, &shop, &url).await;
        for number in 0..lines {
            said.text(USERS[number % 2], &format!("Line {number}"));
        }
        database.bench.arrive(id, &room, &said.events[beginning..]).await;
        let told = usize::try_from(store.settled_end().await.unwrap() - before).unwrap();
        assert_eq!(told, lines);

        let (is_more, counted) = database.count(store.hand_out_events()).await;
        assert!(!is_more.unwrap());
        // Eight, and one for each 16 deliveries.
        counted.assert_statements_at_most(12);
        counted.assert_commits_at_most(1);
        let (_, counted) = database.count(store.hand_out_events()).await;
        counted.assert_statements_at_most(5);
        counted.assert_commits_at_most(0);

        let allow_networks = vec!["127.0.0.0/8".to_owned()];
        let config =
            WebhooksConfig { allow_http: true, allow_networks, ..WebhooksConfig::default() };
        let client = Client::new(Caller::new(bounds(&config)).unwrap());
        let ((), counted) = database
            .count(async {
                let stop = CancellationToken::new();
                let sending = tokio::spawn(send_forever(store.clone(), client, 8, stop.clone()));
                all_here.notified().await;
                stop.cancel();
                sending.await.unwrap();
            })
            .await;
        let each = WEBHOOKS * lines;
        println!("{} statements for {each} deliveries", counted.statements.len());
        counted.assert_statements_at_most(12 * each);
        counted.assert_commits_at_most(u64::try_from(2 * each).unwrap());
    });
}
