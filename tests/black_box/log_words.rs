//! The log holds no words of people, no bank details and no secrets, whatever `log.level` says.

use std::fs;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::shop::KEY;
use crate::support::{Entered, World, sample};

/// Each stands in a place of its own; none may be in the log.
const WORDS: [&str; 15] = [
    "canary-message",
    "canary-edit",
    "canary-file-name",
    "canary-file-bytes",
    "canary-page-message",
    "canary-page-file",
    "Canary-Display-Name",
    "canary-invoice-note",
    "canary-line",
    "Canary-Account-Holder",
    "canary-reference",
    "Canary Buyer",
    "canary-mail@birch.example",
    "canary-search",
    "canary-refused",
];
const IBAN: &str = "DE02120300000000202051";

on_both_databases! {
    async fn what_is_asked_for_is_in_the_log_and_nothing_of_it_is_left_out(database) {
        let world = World::with().config("log", json!({ "level": "info" })).start(database).await;
        let pushes = 20;
        for number in 0..pushes {
            let event = json!({ "room_id": "!elsewhere:example.org", "event_id": format!("$e{number}") });
            let (status, answer) =
                world.push(&format!("told-{number}"), json!({ "events": [event] }).to_string()).await;
            assert_eq!(status, 200, "{answer}");
        }
        // The line of a push is logged after its answer.
        world.eventually("a line of each push", || async {
            let log = world.log();
            let told = (0..pushes).filter(|it| log.contains(&format!("\"push_id\":\"told-{it}\"")));
            (told.count() == pushes).then_some(())
        }).await;
    }

    async fn nothing_that_people_said_is_in_the_log_at_any_level(database) {
        // All crates, and each of those that carry the words by its own name.
        let level = "trace,tallyroom=trace,sqlx=trace,hyper=trace,reqwest=trace,h2=trace,\
                     matrix_sdk=trace,ruma=trace,axum=trace,tower_http=trace,object_store=trace";
        let mut world = World::with().config("log", json!({ "level": level })).page().start(database).await;
        let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
        let name = json!({ "displayname": "Canary-Display-Name" });
        let path = format!("/profile/{}/displayname", buyer.id);
        assert_eq!(buyer.call(Method::PUT, &path, Some(name)).await.0, 200);

        let mut order = sample("order-1", &buyer.id, &seller.id);
        order["buyer"]["name"] = json!("Canary Buyer");
        let by_mail = json!({ "name": "Bea", "email": "canary-mail@birch.example" });
        order["buyer"]["contacts"].as_array_mut().unwrap().push(by_mail);
        let invoice = &mut order["invoice"];
        invoice["notes"] = json!(["canary-invoice-note"]);
        invoice["lines"][0]["description"] = json!("canary-line");
        invoice["payment"]["reference"] = json!("canary-reference");
        invoice["payment"]["account_name"] = json!("Canary-Account-Holder");
        let id = world.shop.create(&order).await;
        let room = world.shop.room(&id).await;
        buyer.join(&room).await;
        seller.join(&room).await;

        // In the room.
        let said = buyer.say(&room, "canary-message").await;
        buyer.edit(&room, &said, "canary-edit").await;
        let bytes = b"canary-file-bytes".to_vec();
        let mxc = buyer.upload("canary-file-name.txt", "text/plain", bytes).await;
        let file = json!({ "msgtype": "m.file", "body": "canary-file-name.txt", "url": mxc });
        let file = buyer.send(&room, "m.room.message", file).await;
        world.eventually("the file is kept", || async {
            let entry = world.shop.entry(&id, &file).await;
            (entry["attachments"][0]["file"]["state"] == "stored").then_some(())
        }).await;

        // On the page, and from the shop.
        let link = world.shop.link(&id, "buyer", Some("Bea")).await;
        let page = Entered::by(&link).await;
        let attached = Part::bytes(b"canary-file-bytes".to_vec()).file_name("canary-page-file.txt");
        let form = Form::new().text("text", "canary-page-message").part("file", attached);
        page.request(Method::POST, "/messages").multipart(form).send().await.unwrap();
        world.eventually("the words from the page in the room", || async {
            let history = seller.history(&room).await;
            history.iter().any(|it| it["content"]["body"] == "canary-page-message").then_some(())
        }).await;
        for part in ["", "/invoice.pdf", "/lines?before=1"] {
            page.request(Method::GET, part).send().await.unwrap();
        }
        order["invoice"]["notes"] = json!(["canary-invoice-note", "canary-invoice-note again"]);
        world.shop.patch(&id, &json!({ "invoice": order["invoice"], "status": "paid" })).await;
        world.shop.get("/api/v1/entries?q=canary-search").await;
        world.shop.get(&format!("/api/v1/transactions/{id}/export")).await;
        let (status, _) = world.shop.post(&json!({ "external_id": 7, "canary-refused": "canary-refused" })).await;
        assert!(status >= 400);
        world.push("broken", r#"{"events":[{"content":{"body":"canary-refused"#).await;
        let odd = format!(r#"{{"events":[{{"room_id":"{room}","event_id":7,"content":"canary-refused"}}]}}"#);
        world.push("odd", odd).await;

        // And when the homeserver is away.
        world.stop_synapse().await;
        let form = Form::new().text("text", "canary-page-message again");
        page.request(Method::POST, "/messages").multipart(form).send().await.unwrap();
        world.eventually("the absence is noticed", || async {
            (world.shop.get("/health/ready").await.0 == 503).then_some(())
        }).await;
        world.terminate_tallyroom().await;

        let log = world.log();
        assert!(log.contains("\"level\":\"DEBUG\""), "nothing was logged in detail");
        assert!(log.contains("requests lines that are never logged"), "{log}");
        let registration = fs::read_to_string(world.folder.path().join("registration.yaml")).unwrap();
        assert!(registration.contains(&world.token("as_token")));
        let token = link.rsplit_once('/').unwrap().1;
        let cookie = page.cookie.split_once('=').unwrap().1;
        let key = fs::read_to_string(world.folder.path().join("signing.key")).unwrap();
        let key = key.split_whitespace().last().unwrap().to_owned();
        let secrets =
            [IBAN, KEY, token, cookie, &key, &world.token("as_token"), &world.token("hs_token")];
        for word in WORDS.into_iter().chain(secrets) {
            let line = log.lines().find(|line| line.to_lowercase().contains(&word.to_lowercase()));
            assert!(line.is_none(), "{word}: {line:?}");
        }
        for line in log.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            let target = line["target"].as_str().unwrap();
            let is_ours = target == "tallyroom" || target.starts_with("tallyroom::");
            assert!(is_ours || line["level"] == "WARN" || line["level"] == "ERROR", "{line}");
        }
    }
}
