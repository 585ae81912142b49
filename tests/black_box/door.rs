//! Whoever holds connections and says nothing takes them from nobody else.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::on_both_databases;
use crate::support::{Entered, World, sample};

/// What the service may have open here: some hundred connections.
const DESCRIPTORS: u32 = 600;
/// More than it may have of any one kind.
const CROWD: usize = 700;

/// How far somebody gets with a request, and no further.
const SILENT: (&str, &str) = ("silent", "");
const HALF_A_HEADER: (&str, &str) = ("half a header", "GET / HTTP/1.1\r\nhost: x\r\nx-");
const HALF_A_BODY: (&str, &str) =
    ("half a body", "PUT /transactions/1 HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{");
const HALF_A_FORM: (&str, &str) = (
    "half a form",
    "POST /t/01ARZ3NDEKTSV4RRFFQ69G5FAV/sign-in/link HTTP/1.1\r\nhost: x\r\n\
    content-type: application/x-www-form-urlencoded\r\ncontent-length: 99\r\n\r\ntoken=",
);

on_both_databases! {
    async fn half_open_connections_beyond_every_cap_stop_nobody(database) {
        let plan = World::with().page().descriptors(DESCRIPTORS);
        let world = plan.start(database).await;
        let deal = world.deal().await;
        let link = world.shop.link(&deal.id, "buyer", None).await;
        let reader = Entered::by(&link).await;
        let live = reader.request(Method::GET, "/live").send().await.unwrap();
        assert_eq!(live.status(), 200);
        let mut pushed = 0;
        for (name, said) in [SILENT, HALF_A_HEADER, HALF_A_BODY, HALF_A_FORM] {
            let mut crowd = Vec::new();
            for address in world.listeners() {
                crowd.extend(crowd_at(&address, said).await);
            }
            // New connections, as whoever comes now has them.
            for _ in 0..20 {
                pushed += 1;
                let (status, answer) = world.push(&pushed.to_string(), r#"{"events":[]}"#).await;
                assert_eq!(status, 200, "{answer}");
            }
            let shop = world.shop.again();
            let created = shop.create(&sample(name, &deal.buyer.id, &deal.seller.id)).await;
            assert_eq!(shop.get(&format!("/api/v1/transactions/{created}")).await.0, 200);
            assert_eq!(shop.get("/health/live").await.0, 200);
            let page = Entered::by(&link).await;
            assert_eq!(page.request(Method::GET, "").send().await.unwrap().status(), 200);
            let form = reqwest::multipart::Form::new().text("text", "here").text("client_id", name);
            let wrote = page.request(Method::POST, "/messages").multipart(form).send().await;
            assert!(wrote.unwrap().status().as_u16() < 400);
            let live = page.request(Method::GET, "/live").send().await.unwrap();
            assert_eq!(live.status(), 200);
            // What the homeserver says meanwhile arrives, too.
            let event = deal.buyer.say(&deal.room, &format!("beside {name}")).await;
            world.shop.entry(&deal.id, &event).await;
            let ended = ended(crowd).await;
            assert!(ended > 3 * CROWD - DESCRIPTORS as usize, "only {ended} had to go");
        }
        // Nobody who was being answered had to go.
        drop(live);
        assert!(!world.log().contains("no connection can be taken"), "it never ran out");
    }

    async fn a_low_limit_of_descriptors_is_told_at_the_start(database) {
        let world = World::with().descriptors(DESCRIPTORS).start(database).await;
        let log = world.log();
        assert!(log.contains("files and connections that may be open") && log.contains("LimitNOFILE"), "{log}");
        assert!(log.contains(&format!("\"limit\":{DESCRIPTORS}")), "{log}");
    }

    async fn a_shutdown_waits_for_no_silent_connection(database) {
        let mut world = World::with().page().start(database).await;
        let mut crowd = Vec::new();
        for address in world.listeners() {
            for (_, said) in [SILENT, HALF_A_HEADER, HALF_A_FORM] {
                crowd.push(connect(&address, said).await);
            }
        }
        let deal = json!({ "status": "ok" });
        assert_eq!(world.shop.get("/health/live").await.1["status"], deal["status"]);
        let (status, _) = world.terminate_tallyroom().await;
        assert!(status.success());
        assert!(!world.log().contains("some work was left"), "everybody was gone in time");
        drop(crowd);
    }
}

async fn crowd_at(address: &str, said: &str) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(connect(address, said).await);
    }
    crowd
}

async fn connect(address: &str, said: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It may have had to go already.
    stream.write_all(said.as_bytes()).await.ok();
    stream
}

/// How many of these the service has ended.
async fn ended(crowd: Vec<TcpStream>) -> usize {
    let mut ended = 0;
    for mut stream in crowd {
        let mut buffer = Vec::new();
        let reading = stream.read_to_end(&mut buffer);
        let patience = std::time::Duration::from_millis(1);
        ended += usize::from(tokio::time::timeout(patience, reading).await.is_ok());
    }
    ended
}
