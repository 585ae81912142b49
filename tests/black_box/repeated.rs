//! A POST with an `Idempotency-Key` is run once, however often it is sent, and is answered each time as the first time.

use futures_util::future::join_all;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Database, Shop, World, sample};

const BUYER: &str = "@buyer:tally.localhost";
const SELLER: &str = "@seller:tally.localhost";
const TRANSACTIONS: &str = "/api/v1/transactions";
/// The headers that are repeated.
const REPEATED: [&str; 4] = ["content-type", "location", "etag", "cache-control"];
/// As if each attempt had begun so long ago that it counts as lost.
const LOSE_ATTEMPTS: &str = "UPDATE repeated_calls SET attempted_at = attempted_at - 30000";

/// The status, the repeated headers, and the body of an answer; and whether it says that it is a repeated one.
async fn whole(request: RequestBuilder) -> (u16, Vec<Option<String>>, String, bool) {
    let answer = request.send().await.unwrap();
    let header = |name: &str| Some(answer.headers().get(name)?.to_str().unwrap().to_owned());
    let (headers, replayed) =
        (REPEATED.map(header).to_vec(), header("idempotent-replayed").is_some());
    (answer.status().as_u16(), headers, answer.text().await.unwrap(), replayed)
}

fn keyed(shop: &Shop, path: &str, key: &str) -> RequestBuilder {
    shop.request(Method::POST, path).header("idempotency-key", key)
}

/// How many transactions the shop has.
async fn count(shop: &Shop) -> usize {
    shop.get(TRANSACTIONS).await.1["transactions"].as_array().unwrap().len()
}

on_both_databases! {
    async fn each_kind_of_post_is_answered_again_as_the_first_time(database) {
        let world = World::with().page().start(database).await;
        let shop = &world.shop;
        let id = shop.create(&sample("order-0", BUYER, SELLER)).await;
        let of = |part: &str| format!("{TRANSACTIONS}/{id}/{part}");
        let order = sample("order-1", BUYER, SELLER);
        let mut wrong = sample("order-2", BUYER, SELLER);
        wrong["invoice"]["totals"] = json!({ "due": "1.00" });
        // Its answer is too long to be kept.
        let mut long = sample("order-3", BUYER, SELLER);
        let line = long["invoice"]["lines"][0].clone();
        long["invoice"]["lines"] = (0..2_000).map(|number| {
            let mut line = line.clone();
            line["id"] = json!(number.to_string());
            line["description"] = json!(format!("Oak plank {number} {}", "x".repeat(100)));
            line
        }).collect();
        for (what, path, body, status, is_kept) in [
            ("a transaction", TRANSACTIONS.to_owned(), order.clone(), 201, true),
            ("what is refused", TRANSACTIONS.to_owned(), wrong, 422, true),
            ("a long one", TRANSACTIONS.to_owned(), long, 201, false),
            ("a contact", of("buyer/contacts"), json!({ "email": "a@birch.example" }), 201, true),
            ("an invitation", of("invitations"), json!({ "matrix": BUYER }), 202, true),
            ("a link", of("links"), json!({ "party": "buyer" }), 201, false),
            ("a check", "/api/v1/invoices/check".to_owned(), order["invoice"].clone(), 200, true),
        ] {
            let key = what.replace(' ', "-");
            let first = whole(keyed(shop, &path, &key).json(&body)).await;
            assert_eq!((first.0, first.3), (status, false), "{what}: {}", first.2);
            if what == "a transaction" {
                // It is what it was then, also if it is not so any more.
                let made: Value = serde_json::from_str(&first.2).unwrap();
                let made = made["id"].as_str().unwrap();
                assert_eq!(shop.patch(made, &json!({ "status": "paid" })).await.0, 200);
            }
            let again = whole(keyed(shop, &path, &format!("\"{key}\"")).json(&body)).await;
            assert_eq!((again.0, again.3), (status, is_kept), "{what}: {}", again.2);
            // The room of what is not kept may have moved on.
            if what == "a long one" {
                let [first, again]: [Value; 2] = [first.2, again.2].map(|it| serde_json::from_str(&it).unwrap());
                assert_eq!(first["id"], again["id"]);
            } else {
                assert_eq!((&again.1, &again.2), (&first.1, &first.2), "{what}");
            }
            // Another call with this key is refused.
            let mut other = body.clone();
            other["more"] = json!(1);
            for request in [keyed(shop, &path, &key).json(&other), keyed(shop, "/api/v1/invoices/check?x=1", &key).json(&body)] {
                let (status, refused) = Shop::answer(request).await;
                assert_eq!((status, &refused["type"]), (422, &json!("urn:tallyroom:problem:idempotency-key-reused")), "{what}: {refused}");
            }
        }
        assert_eq!(count(shop).await, 3);
        assert_eq!(shop.get(&of("links")).await.1["links"].as_array().unwrap().len(), 1);
        assert_eq!(shop.transaction(&id).await["buyer"]["contacts"].as_array().unwrap().len(), 2);
        // No link is in the database.
        assert_eq!(world.sql_text("SELECT headers FROM repeated_calls WHERE call_key = 'a-link'").await, None);

        // Each shop has keys of its own. A form may have another boundary each time.
        let (status, _) = Shop::answer(keyed(&world.other_shop, TRANSACTIONS, "a-transaction").json(&order)).await;
        assert_eq!(status, 201);
        let xml = include_str!("../invoices/ubl-tc434-example1.xml");
        let form = || keyed(shop, TRANSACTIONS, "form").multipart(Form::new().part("invoice", Part::text(xml)));
        let (first, again) = (whole(form()).await, whole(form()).await);
        assert_eq!((first.0, again.0, again.3), (201, 201, true), "{}", again.2);
        assert_eq!(first.2, again.2);
        for key in ["", "a b", &"x".repeat(256)] {
            let (status, refused) = Shop::answer(keyed(shop, TRANSACTIONS, key).json(&order)).await;
            assert_eq!((status, &refused["parameter"]), (400, &json!("Idempotency-Key")), "{refused}");
        }
    }

    async fn a_link_is_answered_again_as_long_as_it_works(database) {
        let world = World::with().page().start(database).await;
        let shop = &world.shop;
        let id = shop.create(&sample("order-1", BUYER, SELLER)).await;
        let of = |part: &str| format!("{TRANSACTIONS}/{id}/{part}");
        let contact = json!({ "email": "a@birch.example" });
        assert_eq!(Shop::answer(shop.request(Method::POST, &of("buyer/contacts")).json(&contact)).await.0, 201);
        let make = async |key: &str| {
            let wanted = json!({ "party": "buyer", "contact": "a@birch.example" });
            Shop::answer(keyed(shop, &of("links"), key).json(&wanted)).await
        };
        let (status, first) = make("one").await;
        assert_eq!(status, 201, "{first}");
        let (_, other) = make("other").await;
        // The contact goes: no other link is made for it, and the one that was made stays what it was.
        let address = of("buyer/contacts/a@birch.example");
        assert_eq!(shop.request(Method::DELETE, &address).send().await.unwrap().status(), 204);
        assert_eq!(make("one").await, (201, first.clone()));
        assert_eq!(make("a-new-one").await.0, 422);
        let link = format!("{}/{}", of("links"), first["id"].as_str().unwrap());
        assert_eq!(shop.request(Method::DELETE, &link).send().await.unwrap().status(), 204);
        world.sql(&format!("UPDATE grants SET expires_at = 1 WHERE id = '{}'", other["id"].as_str().unwrap())).await;
        for (key, word) in [("one", "revoked"), ("other", "expired")] {
            let (status, refused) = make(key).await;
            assert_eq!((status, &refused["type"]), (409, &json!("urn:tallyroom:problem:link-over")), "{refused}");
            assert!(refused["detail"].as_str().unwrap().contains(word), "{refused}");
        }
    }

    async fn a_condition_that_failed_may_hold_the_next_time(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let id = shop.create(&sample("order-1", BUYER, SELLER)).await;
        let path = format!("{TRANSACTIONS}/{id}/buyer/contacts");
        let add = async |tag: &str| {
            let call = keyed(shop, &path, "one").header("if-match", tag);
            Shop::answer(call.json(&json!({ "email": "a@birch.example" }))).await.0
        };
        assert_eq!(add("\"7\"").await, 412);
        assert_eq!(add("\"1\"").await, 201);
    }

    async fn of_many_who_send_the_same_call_at_once_one_is_heard(database) {
        let world = World::with().page().start(database).await;
        let shop = &world.shop;
        let order = sample("order-1", BUYER, SELLER);
        let send = || keyed(shop, TRANSACTIONS, "one").json(&order);
        let answers = join_all((0..20).map(|_| async { send().send().await.unwrap() })).await;
        let (mut ran, mut ids) = (0, Vec::new());
        for answer in answers {
            let is_replayed = answer.headers().contains_key("idempotent-replayed");
            match answer.status().as_u16() {
                201 => {
                    ran += usize::from(!is_replayed);
                    ids.push(answer.json::<Value>().await.unwrap()["id"].clone());
                }
                409 => {
                    let seconds = answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap();
                    assert!((1..=30).contains(&seconds));
                    let refused: Value = answer.json().await.unwrap();
                    assert_eq!(refused["type"], "urn:tallyroom:problem:call-in-progress");
                }
                other => panic!("{other}"),
            }
        }
        ids.dedup();
        assert_eq!((ran, ids.len(), count(shop).await), (1, 1, 1));
    }

    async fn a_kill_before_the_answer_is_kept_makes_nothing_twice(database) {
        let mut world = World::with().page().start(database).await;
        let deal = world.shop.create(&sample("order-0", BUYER, SELLER)).await;
        let calls = [
            (TRANSACTIONS.to_owned(), sample("order-1", BUYER, SELLER)),
            (format!("{TRANSACTIONS}/{deal}/links"), json!({ "party": "seller" })),
            (format!("{TRANSACTIONS}/{deal}/seller/contacts"), json!({ "email": "a@acme.example" })),
        ];
        let mut firsts = Vec::new();
        for (number, (path, body)) in calls.iter().enumerate() {
            // The first attempt changes the revision, which is no reason to refuse the second one.
            let call = keyed(&world.shop, path, &format!("{number}")).header("if-match", "\"1\"");
            let (status, answer) = Shop::answer(call.json(body)).await;
            assert_eq!(status, 201, "{answer}");
            firsts.push(answer);
        }
        // As it is if the process is killed after it has done everything, and before it kept the answer.
        let began = "UPDATE repeated_calls SET status = NULL, headers = NULL, body = NULL, attempted_at = created_at";
        world.sql(began).await;
        world.kill_tallyroom();
        world.start_tallyroom().await;
        world.sql(LOSE_ATTEMPTS).await;
        for (number, ((path, body), first)) in calls.iter().zip(&firsts).enumerate() {
            let call = keyed(&world.shop, path, &format!("{number}")).header("if-match", "\"1\"");
            let (status, answer) = Shop::answer(call.json(body)).await;
            assert_eq!(status, 201, "{answer}");
            for member in ["id", "url", "expires_at", "email"] {
                assert_eq!(answer[member], first[member], "{member}");
            }
        }
        assert_eq!(count(&world.shop).await, 2);

        // Killed at any moment, and sent again until there is an answer.
        for round in 0..3_u64 {
            let (shop, order) = (world.shop.again(), sample(&format!("round-{round}"), BUYER, SELLER));
            let call = move || keyed(&shop, TRANSACTIONS, &format!("round-{round}")).json(&order);
            let first = tokio::spawn(call().send());
            tokio::time::sleep(std::time::Duration::from_millis(2 + 6 * round)).await;
            world.kill_tallyroom();
            let first = first.await.unwrap();
            world.start_tallyroom().await;
            world.sql(LOSE_ATTEMPTS).await;
            let (status, answer) = Shop::answer(call()).await;
            assert_eq!(status, 201, "{answer}");
            if let Ok(first) = first
                && let Ok(first) = first.json::<Value>().await
            {
                assert_eq!(first["id"], answer["id"]);
            }
        }
        assert_eq!(count(&world.shop).await, 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_has_answered_another_one_answers_again() {
    let mut world = World::with().processes(2).start(Database::Postgres).await;
    let order = sample("order-1", BUYER, SELLER);
    let first = whole(keyed(world.api_of(0), TRANSACTIONS, "one").json(&order)).await;
    assert_eq!((first.0, first.3), (201, false));
    world.kill_process(0);
    let again = whole(keyed(world.api_of(1), TRANSACTIONS, "one").json(&order)).await;
    assert_eq!((again.0, again.3), (201, true));
    assert_eq!((first.1, first.2), (again.1, again.2));
}
