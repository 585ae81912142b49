//! A shop is told of its events by webhooks: signed, in order, at least once and with the same id, whatever happens to
//! its receiver or to us, and nowhere else than where it may be told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::receiver::{Call, Receiver, Reply, verify};
use crate::support::world::Plan;
use crate::support::{Database, Shop, World, sample};

const WEBHOOKS: &str = "/api/v1/webhooks";

/// A world in which webhooks may lead to this machine. No room is made, unless a test asks for it.
fn with_loopback() -> Plan {
    let networks = json!({ "allow_http": true, "allow_networks": ["127.0.0.0/8"] });
    World::with()
        .page()
        .config("webhooks", networks)
        .config("rooms", json!({ "create": "on_first_message" }))
}

/// Sends a call, without a body if it is null.
async fn call(shop: &Shop, method: Method, path: &str, body: Value) -> (u16, Value) {
    let request = shop.request(method, path);
    Shop::answer(if body.is_null() { request } else { request.json(&body) }).await
}

/// Makes a webhook; its id and its secret.
async fn webhook(shop: &Shop, body: Value) -> (String, String) {
    let (status, made) = call(shop, Method::POST, WEBHOOKS, body).await;
    assert_eq!(status, 201, "{made}");
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

/// A transaction without a room.
async fn order(world: &World, number: usize) -> String {
    world
        .shop
        .create(&sample(&format!("order-{number}"), "@a:nowhere.test", "@b:nowhere.test"))
        .await
}

async fn set_status(world: &World, id: &str, status: &str) {
    let (code, told) = world.shop.patch(id, &json!({ "status": status })).await;
    assert_eq!(code, 200, "{told}");
}

async fn deliveries(world: &World, webhook: &str, query: &str) -> Vec<Value> {
    let (status, told) = world.shop.get(&format!("{WEBHOOKS}/{webhook}/deliveries?{query}")).await;
    assert_eq!(status, 200, "{told}");
    told["deliveries"].as_array().unwrap().clone()
}

/// Waits until all events so far are handed out, and none waits for the webhook any more.
async fn all_delivered(world: &World, webhook: &str) {
    let last = world.events("shop").await.last().map_or(0, |it| it.1.0);
    world
        .eventually("that all events are handed out and nothing waits any more", || async {
            let handed_out = "SELECT value FROM facts WHERE name = 'webhooks_handed_out'";
            let position: i64 = world.sql_text(handed_out).await?.parse().unwrap();
            let waiting = deliveries(world, webhook, "state=waiting&limit=1").await;
            (position >= last && waiting.is_empty()).then_some(())
        })
        .await;
}

/// The events of the shop, by transaction, in the order of the feed.
async fn feed(world: &World) -> BTreeMap<String, Vec<String>> {
    let mut events = BTreeMap::<String, Vec<String>>::new();
    for (transaction, id) in world.events("shop").await {
        events.entry(transaction).or_default().push(id.to_string());
    }
    events
}

/// What the receiver has, as [`feed`] has it.
fn ids(receiver: &Receiver) -> BTreeMap<String, Vec<String>> {
    let id = |event: &Value| event["id"].as_str().unwrap().to_owned();
    receiver
        .taken()
        .into_iter()
        .map(|(key, events)| (key, events.iter().map(id).collect()))
        .collect()
}

on_both_databases! {
    async fn what_is_said_arrives_in_order_and_both_libraries_verify_it(database) {
        let world = with_loopback().config("rooms", json!({})).start(database).await;
        let receiver = Receiver::start().await;
        let (id, secret) = webhook(&world.shop, json!({ "url": receiver.url() })).await;
        let deal = world.deal().await;
        let words = "It follows on Thursday, canary-of-the-words";
        deal.seller.say(&deal.room, words).await;
        let taken = world.eventually("the words at the shop", || async {
            let taken = receiver.taken().remove(&deal.id)?;
            taken.iter().any(|it| it["data"]["entry"]["text"] == words).then_some(taken)
        }).await;
        assert_eq!(taken[0]["type"], "transaction.created");
        assert_eq!(taken[0]["transaction"]["external_id"], "order-1");
        all_delivered(&world, &id).await;
        assert_eq!(ids(&receiver), feed(&world).await);

        let calls = receiver.calls();
        let first = calls.first().unwrap();
        assert_eq!(first.headers["content-type"], "application/json");
        assert_eq!(first.id(), first.event["id"]);
        assert_eq!(verify(first, &secret), [true, true]);
        assert_eq!(verify(&Call { body: first.body.replace("order-1", "order-2"), ..first.clone() }, &secret), [false, false]);

        // While a secret is changed, both sign. The old one ends at once if the shop says so.
        let path = format!("{WEBHOOKS}/{id}/secrets");
        let (status, made) = call(&world.shop, Method::POST, &path, json!({})).await;
        assert_eq!(status, 201, "{made}");
        let new = made["secret"].as_str().unwrap();
        deal.buyer.say(&deal.room, "Thank you").await;
        let with_both = world.eventually("a call that two secrets sign", || async {
            receiver.calls().into_iter().skip(calls.len()).last()
        }).await;
        assert_eq!(verify(&with_both, &secret), [true, true]);
        assert_eq!(verify(&with_both, new), [true, true]);
        let (_, made) = call(&world.shop, Method::POST, &path, json!({ "overlap_hours": 0 })).await;
        let newest = made["secret"].as_str().unwrap();
        let (status, tested) = call(&world.shop, Method::POST, &format!("{WEBHOOKS}/{id}/test"), Value::Null).await;
        assert_eq!((status, &tested["delivered"]), (200, &json!(true)), "{tested}");
        let test = receiver.calls().into_iter().find(|it| it.kind() == "webhook.test").unwrap();
        assert_eq!(test.id(), tested["id"]);
        assert_eq!(verify(&test, newest), [true, true]);
        assert_eq!((verify(&test, &secret), verify(&test, new)), ([false, false], [false, false]));

        // Nobody finds a secret or a word elsewhere: not in the list, the deliveries, the audit log or the log.
        let (_, shown) = world.shop.get(&format!("{WEBHOOKS}/{id}")).await;
        assert!(!shown.to_string().contains("whsec_"), "{shown}");
        let (_, listed, _) = world.run(&["webhook", "list", "--json"]);
        let (_, audit) = world.shop.get("/api/v1/audit?limit=1000").await;
        let delivered = json!(deliveries(&world, &id, "limit=500").await).to_string();
        assert!(listed.contains(&id) && delivered.contains("entry.created"));
        for text in [listed, delivered, audit.to_string(), world.log()] {
            for canary in ["whsec_", &secret[6..], "canary-of-the-words", "canary-of-the-address"] {
                assert!(!text.contains(canary), "{canary} in {text}");
            }
        }
        let actions: Vec<_> = audit["lines"].as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
        assert!(actions.contains(&"webhook.made") && actions.contains(&"webhook.secret_made"), "{actions:?}");
    }

    async fn a_receiver_that_fails_gets_everything_in_order_and_keeps_no_other_transaction_waiting(database) {
        let mut world = with_loopback().start(database).await;
        let mut receiver = Receiver::start().await;
        let (id, _) = webhook(&world.shop, json!({ "url": receiver.url() })).await;
        let (one, other) = (order(&world, 1).await, order(&world, 2).await);
        all_delivered(&world, &id).await;
        let refused = one.clone();
        receiver.behave(move |call| match call.event["transaction"]["id"] == refused {
            true => Reply::status(500),
            false => Reply::status(200),
        });
        set_status(&world, &one, "disputed").await;
        let statuses = ["packed", "shipped", "paid"];
        for status in statuses {
            set_status(&world, &other, status).await;
            set_status(&world, &one, status).await;
        }
        world.eventually("the other transaction, although the first one fails", || async {
            (ids(&receiver).get(&other)?.len() == feed(&world).await[&other].len()).then_some(())
        }).await;
        assert_eq!(ids(&receiver)[&one].len(), 1);
        let waiting = deliveries(&world, &id, "state=waiting").await;
        assert!(waiting.iter().any(|it| it["status"] == 500 && it["tries"].as_i64() > Some(0)), "{waiting:?}");

        // It fails half of the time, is slow, and dies, and so do we.
        let mut number = 0;
        let unsteady = move |_: &Call| {
            number += 1;
            let pause = Duration::from_millis(if number % 3 == 0 { 300 } else { 0 });
            Reply { pause, ..Reply::status(if number % 2 == 0 { 503 } else { 200 }) }
        };
        receiver.behave(unsteady);
        for round in 0..2 {
            for status in statuses {
                set_status(&world, &one, &format!("{status}-{round}")).await;
                set_status(&world, &other, &format!("{status}-{round}")).await;
            }
            receiver.kill().await;
            world.kill_tallyroom();
            receiver.start_again().await;
            world.start_tallyroom().await;
        }
        all_delivered(&world, &id).await;
        assert_eq!(ids(&receiver), feed(&world).await);
    }

    async fn a_retry_says_nothing_that_was_erased_meanwhile(database) {
        let world = with_loopback().config("rooms", json!({})).start(database).await;
        let receiver = Receiver::start().await;
        let deal = world.deal().await;
        let (id, _) = webhook(&world.shop, json!({ "url": receiver.url(), "types": ["entry.created"] })).await;
        receiver.behave(|_| Reply::status(500));
        let said = deal.seller.say(&deal.room, "a slip of the tongue").await;
        world.eventually("a try with the words", || async {
            receiver.calls().iter().any(|it| it.body.contains("a slip of the tongue")).then_some(())
        }).await;
        deal.seller.redact(&deal.room, &said).await;
        world.eventually("the erasure", || async {
            let entry = world.shop.entry(&deal.id, &said).await;
            (entry["erased"] == "redacted").then_some(())
        }).await;
        let before = receiver.count();
        receiver.behave(|_| Reply::status(200));
        all_delivered(&world, &id).await;
        let retried = receiver.calls().split_off(before).into_iter().find(|it| it.event["data"]["entry"]["event_id"] == said);
        let retried = retried.unwrap();
        assert_eq!(retried.event["data"]["entry"]["text"], Value::Null, "{}", retried.body);
        assert!(retried.is_taken && !retried.body.contains("a slip"), "{}", retried.body);
    }

    async fn after_three_days_a_delivery_is_dead_the_next_go_on_and_it_can_be_replayed(database) {
        let world = with_loopback().start(database).await;
        let receiver = Receiver::start().await;
        receiver.behave(|_| Reply::status(500));
        let (id, _) = webhook(&world.shop, json!({ "url": receiver.url() })).await;
        let one = order(&world, 1).await;
        world.eventually("a try", || async { (receiver.count() > 0).then_some(()) }).await;
        // The fourth day.
        let four_days = 4 * 86_400_000_i64;
        world.sql(&format!("UPDATE webhook_deliveries SET since = since - {four_days}")).await;
        let dead = world.eventually("a dead delivery", || async {
            deliveries(&world, &id, "state=dead").await.pop()
        }).await;
        assert_eq!((&dead["type"], &dead["transaction"]), (&json!("transaction.created"), &json!(one)));
        assert!(dead["problem"].as_str().unwrap().contains("500"), "{dead}");
        receiver.behave(|_| Reply::status(200));
        set_status(&world, &one, "paid").await;
        all_delivered(&world, &id).await;
        let event = dead["event"].as_str().unwrap();
        assert!(!ids(&receiver)[&one].contains(&event.to_owned()));

        let (status, out, error) = world.run(&["webhook", "dead", &id]);
        assert!(status.success() && out.contains(event) && out.contains("HTTP 500"), "{out}{error}");
        let listed = |arguments: &[&str]| {
            let out = world.run(&[&["problems", "--json"], arguments].concat()).1;
            let listed: Value = serde_json::from_str(&out).unwrap();
            let problems = listed["problems"].as_array().unwrap().iter();
            let of_webhook = problems.filter(|it| it["subject"] == id);
            of_webhook.map(|it| (it["what"].clone(), it["transaction"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(listed(&[]), [(json!("delivery dead"), Value::Null)]);
        assert_eq!(listed(&[&one]), [(json!("delivery dead"), json!(one))]);
        assert_eq!(listed(&["01ARZ3NDEKTSV4RRFFQ69G5FAV"]), []);
        let (status, out, error) = world.run(&["webhook", "replay", &id]);
        assert!(status.success() && out.contains(": 1"), "{out}{error}");
        assert_eq!(listed(&[]), []);
        all_delivered(&world, &id).await;
        assert!(ids(&receiver)[&one].contains(&event.to_owned()));
        assert!(deliveries(&world, &id, "state=dead").await.is_empty());
        // One that was taken, because the shop lost it.
        let count = receiver.count();
        let path = format!("{WEBHOOKS}/{id}/deliveries/{event}/replay");
        assert_eq!(call(&world.shop, Method::POST, &path, Value::Null).await, (202, json!({ "replayed": 1 })));
        world.eventually("it once more, with the same id", || async {
            receiver.calls().split_off(count).iter().any(|it| it.id() == event).then_some(())
        }).await;
        let (status, told) = call(&world.shop, Method::POST, &path.replace(event, "evt_0000000000zzz"), Value::Null).await;
        assert_eq!(status, 404, "{told}");
    }

    async fn a_receiver_that_is_gone_or_redirects_gets_nothing_more(database) {
        let world = with_loopback().start(database).await;
        let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
        let (id, _) = webhook(&world.shop, json!({ "url": receiver.url() })).await;
        let path = format!("{WEBHOOKS}/{id}");
        receiver.behave(|_| Reply::status(410));
        let one = order(&world, 1).await;
        let gone = world.eventually("that it is off", || async {
            let (_, shown) = world.shop.get(&path).await;
            (shown["enabled"] == false).then_some(shown)
        }).await;
        assert_eq!(gone["disabled_because"], "gone");
        let is_listed = || world.run(&["problems"]).1.lines().any(|it| it.contains("webhook off") && it.contains(&id));
        assert!(is_listed());
        let count = receiver.count();
        receiver.behave(|_| Reply::status(200));
        set_status(&world, &one, "paid").await;
        world.eventually("that it waits", || async {
            (deliveries(&world, &id, "state=waiting").await.len() > 1).then_some(())
        }).await;
        // Another webhook has it, so it was sent to whom it may be sent to.
        let (clock, _) = webhook(&world.shop, json!({ "url": elsewhere.url() })).await;
        set_status(&world, &one, "shipped").await;
        all_delivered(&world, &clock).await;
        assert!(elsewhere.count() > 0);
        assert_eq!(call(&world.shop, Method::DELETE, &format!("{WEBHOOKS}/{clock}"), Value::Null).await.0, 204);
        let seen_elsewhere = elsewhere.count();
        assert_eq!(receiver.count(), count);
        // Nothing of that time is lost.
        let (status, shown) = call(&world.shop, Method::PATCH, &path, json!({ "enabled": true })).await;
        assert_eq!((status, &shown["enabled"]), (200, &json!(true)));
        assert!(!is_listed());
        all_delivered(&world, &id).await;
        assert_eq!(ids(&receiver), feed(&world).await);

        let location = elsewhere.url();
        receiver.behave(move |_| Reply { headers: vec![("location", location.clone())], ..Reply::status(307) });
        let (_, tested) = call(&world.shop, Method::POST, &format!("{path}/test"), Value::Null).await;
        assert_eq!((&tested["delivered"], &tested["status"]), (&json!(false), &json!(307)));
        assert!(tested["problem"].as_str().unwrap().contains("not followed"), "{tested}");
        assert_eq!(elsewhere.count(), seen_elsewhere);

        // A pause that it asks for holds for all transactions.
        receiver.behave(|_| Reply { headers: vec![("retry-after", "3600".to_owned())], ..Reply::status(429) });
        set_status(&world, &one, "credited").await;
        world.eventually("that the pause is noted", || async {
            let waiting = deliveries(&world, &id, "state=waiting").await;
            waiting.iter().any(|it| it["status"] == 429).then_some(())
        }).await;
        let (clock, _) = webhook(&world.shop, json!({ "url": elsewhere.url() })).await;
        let other = order(&world, 2).await;
        // What was handed out at the same time has arrived at a webhook without a pause.
        all_delivered(&world, &clock).await;
        assert!(ids(&elsewhere).contains_key(&other));
        let waiting = deliveries(&world, &id, "state=waiting").await;
        assert!(waiting.iter().any(|it| it["transaction"] == other && it["tries"] == 0), "{waiting:?}");
        assert!(!receiver.calls().iter().any(|it| it.event["transaction"]["id"] == other));
    }

    async fn slow_receivers_of_two_shops_give_their_places_to_others(database) {
        // One place for each shop.
        let webhooks = json!({ "allow_http": true, "allow_networks": ["127.0.0.0/8"], "parallel": 2 });
        let world = with_loopback().config("webhooks", webhooks).start(database).await;
        let slow = [Receiver::start().await, Receiver::start().await];
        let shops = [&world.shop, &world.other_shop];
        let mut paths = Vec::new();
        for (shop, slow) in shops.iter().zip(&slow) {
            // Each answer takes longer than a turn.
            slow.behave(|_| Reply { pause: Duration::from_millis(1_200), ..Reply::status(200) });
            let (id, _) = webhook(shop, json!({ "url": slow.url(), "enabled": false })).await;
            paths.push(format!("{WEBHOOKS}/{id}"));
        }
        let changes = async |shop: &Shop| {
            let id = shop.create(&sample("slow-1", "@a:nowhere.test", "@b:nowhere.test")).await;
            for number in 0..15 {
                assert_eq!(shop.patch(&id, &json!({ "status": format!("step-{number}") })).await.0, 200);
            }
        };
        tokio::join!(changes(shops[0]), changes(shops[1]));
        for (shop, path) in shops.iter().zip(&paths) {
            world.eventually("that all waits", || async {
                let (_, told) = shop.get(&format!("{path}/deliveries?state=waiting")).await;
                (told["deliveries"].as_array().unwrap().len() == 31).then_some(())
            }).await;
        }
        for (shop, path) in shops.iter().zip(&paths) {
            assert_eq!(call(shop, Method::PATCH, path, json!({ "enabled": true })).await.0, 200);
        }
        for slow in &slow {
            world.eventually("a delivery to a slow receiver", || async { (slow.count() > 0).then_some(()) }).await;
        }
        let quick = Receiver::start().await;
        webhook(shops[1], json!({ "url": quick.url() })).await;
        shops[1].create(&sample("quick-1", "@a:nowhere.test", "@b:nowhere.test")).await;
        world.eventually("an event at the quick receiver", || async { (quick.count() > 0).then_some(()) }).await;
        // A turn that only a number of deliveries ends has twenty.
        assert!(slow[1].count() < 20, "{}", slow[1].count());
    }

    async fn two_who_change_a_webhook_at_once_lose_nothing_if_they_name_what_they_saw(database) {
        let world = with_loopback().start(database).await;
        let shop = &world.shop;
        let receiver = Receiver::start().await;
        let (id, _) = webhook(shop, json!({ "url": receiver.url(), "types": ["room.ready"] })).await;
        let path = format!("{WEBHOOKS}/{id}");
        let tag = async || {
            let read = shop.request(Method::GET, &path).send().await.unwrap();
            read.headers()["etag"].to_str().unwrap().to_owned()
        };
        let seen = tag().await;
        let with = |method: Method, path: &str, tag: &str| shop.request(method, path).header("if-match", tag);
        // A try that fails is no change, and every change of somebody is one.
        world.sql("UPDATE webhooks SET failures = 7").await;
        assert_ne!(tag().await, seen, "the answer is another one");
        let one = with(Method::PATCH, &path, &seen).json(&json!({ "types": null })).send().await.unwrap();
        assert_eq!(one.status(), 200);
        let next = one.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(next, tag().await);
        let secrets = format!("{path}/secrets");
        for (method, path, body) in [
            (Method::PATCH, &path, Some(json!({ "enabled": false }))),
            (Method::POST, &secrets, Some(json!({}))),
            (Method::DELETE, &path, None),
        ] {
            let request = with(method, path, &seen);
            let request = match &body {
                Some(body) => request.json(body),
                None => request,
            };
            let (status, refused) = Shop::answer(request).await;
            assert_eq!((status, &refused["type"]), (412, &json!("urn:tallyroom:problem:precondition-failed")));
        }
        let made = with(Method::POST, &secrets, &next).json(&json!({})).send().await.unwrap();
        assert_eq!(made.status(), 201);
        let last = tag().await;
        assert_ne!(last.split('-').next(), next.split('-').next(), "a new secret is a change");
        assert_eq!(Shop::answer(with(Method::DELETE, &path, &next)).await.0, 412);
        assert_eq!(Shop::answer(with(Method::DELETE, &path, &last)).await.0, 204);
    }

    async fn a_shop_makes_changes_and_deletes_its_webhooks_with_the_right_key(database) {
        let world = with_loopback().start(database).await;
        let receiver = Receiver::start().await;
        let (id, _) = webhook(&world.shop, json!({ "url": receiver.url(), "types": ["transaction.status_changed"] })).await;
        let path = format!("{WEBHOOKS}/{id}");
        let one = order(&world, 1).await;
        set_status(&world, &one, "paid").await;
        world.eventually("an event", || async { (receiver.count() > 0).then_some(()) }).await;
        all_delivered(&world, &id).await;
        assert!(receiver.calls().iter().all(|it| it.kind() == "transaction.status_changed"));

        // The same call makes one webhook, and tells its secret again.
        let again = || {
            let body = json!({ "url": receiver.url(), "enabled": false });
            world.shop.request(Method::POST, WEBHOOKS).header("idempotency-key", "one").json(&body)
        };
        let (first, second) = (Shop::answer(again()).await, Shop::answer(again()).await);
        assert_eq!(first.0, 201);
        assert_eq!(first, second);
        let (_, listed) = world.shop.get(WEBHOOKS).await;
        assert_eq!(listed["webhooks"].as_array().unwrap().len(), 2, "{listed}");
        let (_, others) = world.other_shop.get(WEBHOOKS).await;
        assert_eq!(others["webhooks"], json!([]));
        assert_eq!(world.other_shop.get(&path).await.0, 404);

        // Who may not follow the events may not have them sent anywhere.
        let arguments = ["key", "create", "--shop", "shop", "--name", "till", "--scope", "read,write,links,audit"];
        let (_, key, _) = world.run(&arguments);
        let (status, told) = world.shop.with_key(key.trim_end()).get(WEBHOOKS).await;
        assert_eq!((status, &told["scope"]), (403, &json!("events")), "{told}");

        for (body, pointer) in [
            (json!({ "url": "https://10.0.0.1/" }), "/url"),
            (json!({ "url": "https://[::ffff:127.0.0.1]/" }), "/url"),
            (json!({ "url": "ftp://shop.example.org" }), "/url"),
            (json!({ "url": receiver.url(), "types": ["entry.created", "entry.sung"] }), "/types/1"),
            (json!({ "url": receiver.url(), "colour": "red" }), "/colour"),
        ] {
            let (status, told) = call(&world.shop, Method::POST, WEBHOOKS, body.clone()).await;
            assert_eq!((status, &told["pointer"]), (422, &json!(pointer)), "{body} {told}");
        }
        let (status, changed) = call(&world.shop, Method::PATCH, &path, json!({ "types": null, "enabled": false })).await;
        assert_eq!((status, &changed["types"], &changed["enabled"]), (200, &Value::Null, &json!(false)), "{changed}");
        assert_eq!(call(&world.shop, Method::DELETE, &path, Value::Null).await.0, 204);
        assert_eq!(world.shop.get(&path).await.0, 404);
        let (_, audit) = world.shop.get("/api/v1/audit?limit=1000").await;
        let of_it: Vec<_> = audit["lines"].as_array().unwrap().iter().filter(|it| it["subject"] == id).map(|it| &it["action"]).collect();
        assert_eq!(of_it, ["webhook.made", "webhook.changed", "webhook.deleted"], "{audit}");
    }
}

/// The addresses of this machine are not public.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_operators_leave_nothing_is_sent_to_this_machine_or_without_tls() {
    let receiver = Receiver::start().await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let port: u16 = receiver.url().split([':', '/']).nth(4).unwrap().parse().unwrap();
    // A name is checked when it was looked up. It is in the config, and cannot be changed by the API.
    let url = format!("http://localhost:{port}/");
    let webhooks = json!({
        "allow_http": true,
        "endpoints": [{ "shop": "shop", "url": url, "secret": secret, "types": "transaction.created" }],
    });
    let world = World::with().config("webhooks", webhooks).start(Database::Sqlite).await;
    let (_, listed) = world.shop.get(WEBHOOKS).await;
    let of_config = &listed["webhooks"][0];
    assert_eq!(
        (&of_config["in_config"], &of_config["types"]),
        (&json!(true), &json!(["transaction.created"]))
    );
    let path = format!("{WEBHOOKS}/{}", of_config["id"].as_str().unwrap());
    let (status, told) =
        call(&world.shop, Method::PATCH, &path, json!({ "url": "https://shop.example.org" })).await;
    assert_eq!((status, &told["type"]), (409, &json!("urn:tallyroom:problem:webhook-in-config")));
    let (_, tested) = call(&world.shop, Method::POST, &format!("{path}/test"), Value::Null).await;
    assert_eq!((&tested["delivered"], &tested["status"]), (&json!(false), &Value::Null));
    assert!(tested["problem"].as_str().unwrap().contains("webhooks.allow_networks"), "{tested}");
    let (status, told) =
        call(&world.shop, Method::POST, WEBHOOKS, json!({ "url": receiver.url() })).await;
    assert_eq!((status, &told["pointer"]), (422, &json!("/url")), "{told}");
    assert_eq!(receiver.count(), 0);
    assert!(!world.log().contains(secret));

    let strict = World::start(Database::Sqlite).await;
    let (status, told) =
        call(&strict.shop, Method::POST, WEBHOOKS, json!({ "url": "http://shop.example.org" }))
            .await;
    assert_eq!((status, &told["pointer"]), (422, &json!("/url")), "{told}");
    assert_eq!(StatusCode::from_u16(status).unwrap(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_processes_one_makes_each_delivery() {
    let world = with_loopback().processes(3).start(Database::Postgres).await;
    let receiver = Receiver::start().await;
    let (id, _) = webhook(&world.shop, json!({ "url": receiver.url() })).await;
    let mut orders = Vec::new();
    for number in 0..12 {
        orders.push(order(&world, number).await);
    }
    for status in ["packed", "shipped", "paid"] {
        for id in &orders {
            set_status(&world, id, status).await;
        }
    }
    all_delivered(&world, &id).await;
    assert_eq!(ids(&receiver), feed(&world).await);
    let calls = receiver.calls();
    let different: BTreeSet<&str> = calls.iter().map(Call::id).collect();
    assert_eq!(different.len(), calls.len(), "nothing failed, so nothing comes twice");
}
