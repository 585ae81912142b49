//! The shop itself says something in the room, by the API.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::on_both_databases;
use crate::support::shop::OTHER_KEY;
use crate::support::world::Deal;
use crate::support::{Entered, Fault, Shop, When, World};

const PNG: &[u8] = include_bytes!("../../assets/invoice.png");
/// Makes every attempt so old that its process counts as dead.
const LOSE_ATTEMPTS: &str = "UPDATE repeated_calls SET attempted_at = attempted_at - 30000";

fn messages(shop: &Shop, id: &str) -> RequestBuilder {
    shop.request(Method::POST, &format!("/api/v1/transactions/{id}/messages"))
}

fn keyed(shop: &Shop, id: &str, key: &str) -> RequestBuilder {
    messages(shop, id).header("idempotency-key", key)
}

/// A text with a file.
fn form(text: &str, file: &[u8]) -> Form {
    Form::new()
        .part("file", Part::bytes(file.to_vec()).file_name("folder/plank.png"))
        .text("text", text.to_owned())
}

/// Waits until a message is in the room and in the record; its parts.
async fn sent(world: &World, id: &str, message: &Value) -> Vec<Value> {
    let path = format!("/api/v1/transactions/{id}/messages/{}", message["id"].as_str().unwrap());
    world
        .eventually("a message in the record", || async {
            let (status, shown) = world.shop.get(&path).await;
            assert_eq!(status, 200, "{shown}");
            assert_ne!(shown["state"], "failed", "{shown}");
            let parts = shown["parts"].as_array()?.clone();
            let is_there = shown["state"] == "sent" && parts.iter().all(|it| it["seq"].is_i64());
            is_there.then_some(parts)
        })
        .await
}

/// The entry of a part.
async fn entry(world: &World, id: &str, part: &Value) -> Value {
    let entry = world.shop.entry(id, part["event_id"].as_str().unwrap()).await;
    assert_eq!(entry["seq"], part["seq"], "{entry}");
    entry
}

/// How often each of these texts is in the room.
async fn times(deal: &Deal, texts: &[&str]) -> Vec<usize> {
    let history = deal.buyer.history(&deal.room).await;
    let body = |event: &Value| event["content"]["body"].as_str().unwrap_or_default().to_owned();
    let bodies: Vec<String> = history.iter().map(body).collect();
    texts.iter().map(|text| bodies.iter().filter(|it| it == text).count()).collect()
}

on_both_databases! {
    async fn what_the_shop_says_is_said_once_on_the_sellers_side_under_its_name(database) {
        let world = World::with().page().start(database).await;
        let deal = world.deal().await;
        let (shop, id) = (&world.shop, &deal.id);
        let hello = json!({ "text": "**Packed**, it leaves today", "name": "Acme support" });
        let answer = keyed(shop, id, "one").json(&hello).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        let first: Value = answer.json().await.unwrap();
        assert!(location.ends_with(first["id"].as_str().unwrap()), "{location} {first}");
        assert_eq!((&first["name"], &first["state"]), (&json!("Acme support"), &json!("queued")));

        // The text is in the room and in the record.
        let parts = sent(&world, id, &first).await;
        let said = entry(&world, id, &parts[0]).await;
        assert_eq!((&said["party"], &said["display_name"]), (&json!("seller"), &json!("Acme support")));
        assert_eq!(said["text"], hello["text"]);
        assert!(said["html"].as_str().unwrap().contains("<strong>Packed</strong>"), "{said}");
        let guest = said["sender"].as_str().unwrap().to_owned();

        // The same call is the same message. Another one with its key is refused.
        let again = keyed(shop, id, "one").json(&hello).send().await.unwrap();
        assert_eq!(again.headers()["idempotent-replayed"], "true");
        assert_eq!(again.json::<Value>().await.unwrap(), first);
        let other = json!({ "text": "Something else" });
        assert_eq!(Shop::answer(keyed(shop, id, "one").json(&other)).await.0, 422);

        // A file and a text, without a name: the seller says it. The boundary of a form does not count.
        let text = "This is how it looks";
        let (status, second) = Shop::answer(keyed(shop, id, "two").multipart(form(text, PNG))).await;
        assert_eq!((status, &second["name"]), (202, &json!("Acme Ltd")), "{second}");
        let (_, repeated) = Shop::answer(keyed(shop, id, "two").multipart(form(text, PNG))).await;
        assert_eq!(repeated, second);
        let changed = form(text, b"another file");
        assert_eq!(Shop::answer(keyed(shop, id, "two").multipart(changed)).await.0, 422);
        let parts = sent(&world, id, &second).await;
        assert_eq!(parts.len(), 2, "{parts:?}");
        let (file, words) = (entry(&world, id, &parts[0]).await, entry(&world, id, &parts[1]).await);
        assert!(file["seq"].as_i64() < words["seq"].as_i64(), "the text comes after the files");
        assert_eq!((&file["kind"], &file["party"]), (&json!("image"), &json!("seller")), "{file}");
        assert_eq!((&words["text"], &words["display_name"]), (&json!(text), &json!("Acme Ltd")));
        assert_ne!(words["sender"], guest.as_str(), "each name is a user of its own");
        let sha256 = format!("{:x}", Sha256::digest(PNG));
        world.eventually("the file in the file store", || async {
            let path = format!("/api/v1/transactions/{id}/files/{sha256}");
            let answer = shop.request(Method::GET, &path).send().await.unwrap();
            (answer.status() == 200 && answer.bytes().await.unwrap() == PNG).then_some(())
        }).await;
        let said = ["**Packed**, it leaves today", "plank.png", text];
        assert_eq!(times(&deal, &said).await, [1, 1, 1]);

        // On the page it is the other party for the buyer, and the own side for the seller.
        for (party, side) in [("buyer", "theirs"), ("seller", "ours")] {
            let visitor = Entered::by(&shop.link(id, party, None).await).await;
            let html = visitor.request(Method::GET, "").send().await.unwrap().text().await.unwrap();
            let line = html.split("<li class=\"line ").find(|it| it.contains("<strong>Packed"));
            let line = line.unwrap_or_else(|| panic!("{html}"));
            assert!(line.starts_with(side), "{line}");
            assert!(line.contains("Acme support</bdi>"), "{line}");
            assert!(line.contains("data-role=\"seller\""), "{line}");
        }

        // The shop is no contact, so nobody removes it with the contacts.
        let nobody = json!({ "seller": { "name": "Acme Ltd", "contacts": [] } });
        assert_eq!(shop.patch(id, &nobody).await.0, 200);
        let membership = async |user: &str| {
            let member = deal.buyer.state(&deal.room, "m.room.member", user).await;
            member.and_then(|it| it["membership"].as_str().map(str::to_owned)).unwrap_or_default()
        };
        world.eventually("a former contact who was removed", || async {
            (membership(&deal.seller.id).await == "leave").then_some(())
        }).await;
        assert_eq!(membership(&guest).await, "join");
        let last = json!({ "text": "I am still here", "name": "Acme support" });
        let (_, last) = Shop::answer(messages(shop, id).json(&last)).await;
        let parts = sent(&world, id, &last).await;
        assert_eq!(entry(&world, id, &parts[0]).await["sender"], guest.as_str());

        // The audit log names the messages, and not their words.
        let (_, audit) = shop.get("/api/v1/audit?limit=500").await;
        let lines = audit["lines"].as_array().unwrap();
        let written = lines.iter().filter(|it| it["action"] == "message.written");
        let written: Vec<_> = written.map(|it| it["subject"].clone()).collect();
        assert_eq!(written, [&first, &second, &last].map(|it| it["id"].clone()));
        let (verified, told, _) = world.run(&["verify", id]);
        assert!(verified.success(), "{told}");
    }

    async fn what_cannot_be_said_is_refused_with_the_reason(database) {
        let world = World::with().config("files", json!({ "max_megabytes": 1 })).start(database).await;
        let deal = world.deal().await;
        let (shop, id) = (&world.shop, &deal.id);
        let says = async |body: Value| Shop::answer(messages(shop, id).json(&body)).await;
        for (body, pointer) in [
            (json!({}), "/text"),
            (json!({ "text": " \n" }), "/text"),
            (json!({ "text": "x".repeat(12_001) }), "/text"),
            (json!({ "text": "Hello", "name": "x".repeat(81) }), "/name"),
            (json!({ "text": "Hello", "name": "\u{200b}" }), "/name"),
            (json!({ "text": "Hello", "description": "of no file" }), "/description"),
            (json!({ "text": 7 }), "/text"),
        ] {
            let (status, refused) = says(body).await;
            assert_eq!((status, &refused["pointer"]), (422, &json!(pointer)), "{refused}");
        }
        let sends = async |form: Form| Shop::answer(messages(shop, id).multipart(form)).await;
        let (status, refused) = sends(form(&"x".repeat(12_001), PNG)).await;
        assert_eq!((status, &refused["pointer"]), (422, &json!("/text")), "{refused}");
        let (status, refused) = sends(form("Too large", &vec![7; 1_000_001])).await;
        assert_eq!(status, 413, "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains("files.max_megabytes"), "{refused}");
        let many = (0..11).fold(Form::new(), |form, _| form.part("file", Part::bytes(vec![7])));
        assert_eq!(sends(many).await.0, 413);
        assert_eq!(sends(Form::new().text("txt", "Hello")).await.0, 400);
        let xml = messages(shop, id).header("content-type", "application/xml").body("<a/>");
        assert_eq!(Shop::answer(xml).await.0, 415);
        let other = shop.with_key(OTHER_KEY);
        assert_eq!(Shop::answer(messages(&other, id).json(&json!({ "text": "Hello" }))).await.0, 404);
        let path = |message: &str| format!("/api/v1/transactions/{id}/messages/{message}");
        assert_eq!(shop.get(&path("01ARZ3NDEKTSV4RRFFQ69G5FAV")).await.0, 404);
        assert_eq!(shop.get(&path("nothing")).await.0, 404);

        // Each name is a user, so there is a limit for them. One that was used can be used again.
        for number in 0..50 {
            let named = json!({ "text": "Hello", "name": format!("Clerk {number}") });
            let (status, answer) = says(named).await;
            assert_eq!(status, 202, "{answer}");
        }
        let (status, refused) = says(json!({ "text": "Hello", "name": "One more" })).await;
        assert_eq!((status, &refused["type"]), (409, &json!("urn:tallyroom:problem:too-many-names")));
        assert_eq!(says(json!({ "text": "Bye", "name": "Clerk 7" })).await.0, 202);

        // Nothing is said in a closed transaction until it is opened again.
        assert_eq!(shop.patch(id, &json!({ "status": "completed" })).await.0, 200);
        let (status, refused) = says(json!({ "text": "Hello", "name": "Clerk 7" })).await;
        assert_eq!((status, &refused["type"]), (409, &json!("urn:tallyroom:problem:closed")));
        assert_eq!(shop.patch(id, &json!({ "status": "shipped" })).await.0, 200);
        assert_eq!(says(json!({ "text": "Hello", "name": "Clerk 7" })).await.0, 202);
    }

    async fn what_was_not_sent_can_be_discarded_and_is_never_sent(database) {
        let mut world = World::with().page().proxy().start(database).await;
        let deal = world.deal().await;
        let id = &deal.id;
        // The file cannot be uploaded, and the text waits behind it.
        world.proxy().fault_always("POST", "upload", Fault::Answer(When::Before, 502, "no"));
        let (status, said) = Shop::answer(messages(&world.shop, id).multipart(form("Discarded", PNG))).await;
        assert_eq!(status, 202, "{said}");
        let path = format!("/api/v1/transactions/{id}/messages/{}", said["id"].as_str().unwrap());
        let stale = world.shop.request(Method::DELETE, &path).header("if-match", "\"other\"");
        assert_eq!(Shop::answer(stale).await.0, 412);
        for _ in 0..2 {
            let (status, discarded) = Shop::answer(world.shop.request(Method::DELETE, &path)).await;
            assert_eq!((status, &discarded["state"]), (200, &json!("discarded")), "{discarded}");
            let parts = discarded["parts"].as_array().unwrap();
            assert!(parts.len() == 2 && parts.iter().all(|it| it["state"] == "discarded"), "{discarded}");
        }
        let kept = "SELECT content FROM outgoing WHERE content IS NOT NULL OR sha256 IS NOT NULL";
        assert_eq!(world.sql_text(kept).await, None, "the words are deleted");
        world.proxy().heal();
        world.kill_tallyroom();
        world.start_tallyroom().await;
        let (status, next) = Shop::answer(messages(&world.shop, id).json(&json!({ "text": "Sent" }))).await;
        assert_eq!(status, 202, "{next}");
        sent(&world, id, &next).await;
        assert_eq!(times(&deal, &["Discarded", "plank.png", "Sent"]).await, [0, 0, 1]);
        // What is in the room stays there.
        let path = format!("/api/v1/transactions/{id}/messages/{}", next["id"].as_str().unwrap());
        let (status, kept) = Shop::answer(world.shop.request(Method::DELETE, &path)).await;
        assert_eq!((status, &kept["state"]), (200, &json!("sent")), "{kept}");
        let (_, audit) = world.shop.get("/api/v1/audit").await;
        let lines = audit["lines"].as_array().unwrap().iter();
        assert_eq!(lines.filter(|it| it["action"] == "message.discarded").count(), 1);
    }

    async fn a_kill_at_any_moment_says_nothing_twice_and_loses_nothing(database) {
        let mut world = World::with().page().start(database).await;
        let deal = world.deal().await;
        let id = &deal.id;
        let form = || form("Said before the kill", PNG);
        let (status, first) = Shop::answer(keyed(&world.shop, id, "one").multipart(form())).await;
        assert_eq!(status, 202, "{first}");
        // As it is if the process is killed after it has done everything, and before it kept the answer.
        world
            .sql("UPDATE repeated_calls SET status = NULL, headers = NULL, body = NULL, attempted_at = created_at")
            .await;
        world.kill_tallyroom();
        world.start_tallyroom().await;
        world.sql(LOSE_ATTEMPTS).await;
        // What was said counts, also if nothing more may be said.
        assert_eq!(world.shop.patch(id, &json!({ "status": "completed" })).await.0, 200);
        let (status, again) = Shop::answer(keyed(&world.shop, id, "one").multipart(form())).await;
        assert_eq!((status, &again["id"]), (202, &first["id"]), "{again}");
        assert_eq!(sent(&world, id, &again).await.len(), 2);
        assert_eq!(world.shop.patch(id, &json!({ "status": "shipped" })).await.0, 200);

        let mut texts = vec!["Said before the kill".to_owned(), "plank.png".to_owned()];
        for round in 0..4 {
            let text = format!("Said in round {round}");
            let body = json!({ "text": text });
            let shop = world.shop.again();
            let call = || keyed(&shop, id, &format!("round-{round}")).json(&body);
            let first = tokio::spawn(call().send());
            tokio::time::sleep(Duration::from_millis(2 + 8 * round)).await;
            world.kill_tallyroom();
            let first = first.await.unwrap();
            world.start_tallyroom().await;
            world.sql(LOSE_ATTEMPTS).await;
            let (status, answer) = Shop::answer(call()).await;
            assert_eq!(status, 202, "{answer}");
            if let Ok(first) = first
                && let Ok(first) = first.json::<Value>().await
            {
                assert_eq!(first["id"], answer["id"]);
            }
            sent(&world, id, &answer).await;
            texts.push(text);
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(times(&deal, &texts).await, vec![1; texts.len()]);
    }
}
