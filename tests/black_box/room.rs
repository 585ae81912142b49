//! The room of a transaction: how it is made, what it shows, and how it follows changes.

use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Database, World, sample};
use crate::watched::empower;

on_both_databases! {
    async fn a_transaction_becomes_a_room_that_says_what_it_is(database) {
        for version in ["11", "12"] {
            let world = World::with()
                .page()
                .config("rooms", json!({ "version": version, "federate": false, "type": "org.example.deal" }))
                .config("page", json!({ "url": "https://pay.example.org" }))
                .start(database)
                .await;
            let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
            let outsider = world.person("outsider").await;
            let id = world.shop.create(&sample("order-1", &buyer.id, &seller.id)).await;
            let room = world.shop.room(&id).await;

            assert_eq!(buyer.invitations().await, [room.as_str()]);
            assert_eq!(seller.invitations().await, [room.as_str()]);
            buyer.join(&room).await;
            let state = async |event_type: &str| {
                buyer.state(&room, event_type, "").await.unwrap_or_else(|| panic!("no {event_type}"))
            };
            let create = state("m.room.create").await;
            assert_eq!(create["room_version"], version);
            assert_eq!(create["m.federate"], false);
            assert_eq!(create["type"], "org.example.deal");
            assert_eq!(state("m.room.name").await["name"], "Invoice INV-2026-0042 · Acme Ltd → Birch GmbH");
            assert_eq!(state("m.room.topic").await["topic"], "EUR 634.50 · Awaiting payment · Due 1 Jul 2099");
            assert!(state("m.room.avatar").await["url"].as_str().unwrap().starts_with("mxc://"));
            assert_eq!(state("m.room.join_rules").await["join_rule"], "invite");
            assert_eq!(state("m.room.guest_access").await["guest_access"], "forbidden");
            assert_eq!(state("m.room.history_visibility").await["history_visibility"], "shared");
            let invoice = state("org.tallyroom.invoice").await;
            assert_eq!(invoice["invoice"]["totals"]["with_vat"], "634.50");
            assert_eq!(invoice["invoice"]["lines"][0]["description"], "Oak plank");
            assert!(!invoice.to_string().contains("accounts payable"), "contacts leaked: {invoice}");

            let powers = state("m.room.power_levels").await;
            assert_eq!(powers["users"].get(world.bot()).is_some(), version == "11");

            // The pinned summary: one line that says it all, and the rest.
            let pinned = state("m.room.pinned_events").await;
            let summary = buyer.event(&room, pinned["pinned"][0].as_str().unwrap()).await;
            assert_eq!(summary["sender"], world.bot());
            let body = summary["content"]["body"].as_str().unwrap();
            let html = summary["content"]["formatted_body"].as_str().unwrap();
            let headline = "INV-2026-0042 · EUR 634.50 · Awaiting payment · Due 1 Jul 2099";
            assert!(body.starts_with(&format!("{headline}\n")), "{body}");
            assert!(html.starts_with(&format!("<p><strong>{headline}</strong></p>\n")), "{html}");
            for words in ["Oak plank, 10 pieces × 45.00", "VAT (20%) on 528.75", "DE02 1203 0000 0000 2020 51",
                          &format!("https://pay.example.org/t/{id}")] {
                assert!(body.contains(words) && html.contains(words), "{words} is missing in {body}");
            }

            // The parties talk; only the bot changes anything else.
            buyer.say(&room, "hello").await;
            for (event_type, content) in [
                ("m.room.name", json!({ "name": "mine" })),
                ("m.room.topic", json!({ "topic": "mine" })),
                ("m.room.pinned_events", json!({ "pinned": [] })),
                ("org.tallyroom.invoice", json!({})),
                ("m.room.join_rules", json!({ "join_rule": "public" })),
                ("m.room.power_levels", json!({ "users": { &buyer.id: 100 } })),
                ("m.room.encryption", json!({ "algorithm": "m.megolm.v1.aes-sha2" })),
                ("m.room.history_visibility", json!({ "history_visibility": "world_readable" })),
            ] {
                assert_eq!(buyer.set_state(&room, event_type, content).await, 403, "{event_type}");
            }
            let invite = format!("/rooms/{}/invite", room.replace('!', "%21").replace(':', "%3A"));
            let (status, _) =
                buyer.call(reqwest::Method::POST, &invite, Some(json!({ "user_id": outsider.id }))).await;
            assert_eq!(status, 403);
            assert_eq!(outsider.state(&room, "m.room.name", "").await, None);
            let join = format!("/join/{}", room.replace('!', "%21").replace(':', "%3A"));
            assert_eq!(outsider.call(reqwest::Method::POST, &join, Some(json!({}))).await.0, 403);
        }
    }

    async fn a_change_by_the_shop_shows_in_the_room(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let summary = pinned(&deal.buyer, &deal.room).await[0].clone();
        let pins_before = count(&deal.buyer.history(&deal.room).await, "m.room.pinned_events");

        let (status, answer) = world.shop.patch(&deal.id, &json!({ "status": "paid" })).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["revision"], 2);
        let topic = "EUR 634.50 · Paid";
        world.eventually("the new status everywhere", || async {
            let history = deal.buyer.history(&deal.room).await;
            let shown = deal.buyer.state(&deal.room, "m.room.topic", "").await?["topic"] == topic;
            // Taken off and put on again, so that Element's banner shows the new line.
            let repinned = count(&history, "m.room.pinned_events") == pins_before + 2;
            (shown && repinned).then_some(())
        }).await;
        assert_eq!(pinned(&deal.buyer, &deal.room).await, [summary.as_str()], "the pin must stay the same event");
        let history = deal.buyer.history(&deal.room).await;
        let edit = history.iter().find(|event| event["content"]["m.relates_to"]["rel_type"] == "m.replace").unwrap();
        assert_eq!(edit["content"]["m.relates_to"]["event_id"], summary);
        assert!(edit["content"]["m.new_content"]["body"].as_str().unwrap().contains("· Paid\n"));
        let invoice = deal.buyer.state(&deal.room, "org.tallyroom.invoice", "").await.unwrap();
        assert_eq!(invoice["transaction"]["status"], "paid");

        // A change is told in a message of its own, which notifies the parties.
        let told = async |words: &str| {
            let history = deal.buyer.history(&deal.room).await;
            let is_told = |it: &&Value| it["content"]["body"].as_str().is_some_and(|body| {
                body.starts_with("Invoice INV-2026-0042 has changed") && body.contains(words)
            });
            let told: Vec<_> = history.iter().filter(is_told).cloned().collect();
            assert!(told.len() <= 1, "told {} times: {words}", told.len());
            told.first().cloned()
        };
        let status = told("Status: Awaiting payment → Paid").await.unwrap();
        assert_eq!(status["content"]["msgtype"], "m.text");
        assert_eq!(
            status["content"]["m.mentions"],
            json!({ "user_ids": [deal.buyer.id, deal.seller.id] })
        );

        // A new invoice: more lines, another total.
        let mut new = sample("x", "@a:x", "@b:x")["invoice"].clone();
        new["lines"][0]["quantity"] = json!("20");
        new["lines"][0].as_object_mut().unwrap().remove("net_amount");
        let (status, answer) = world.shop.patch(&deal.id, &json!({ "invoice": new, "status": "paid" })).await;
        assert_eq!(status, 200, "{answer}");
        world.eventually("the new total", || async {
            let topic = deal.buyer.state(&deal.room, "m.room.topic", "").await?;
            (topic["topic"] == "EUR 1,174.50 · Paid").then_some(())
        }).await;

        let total = world.eventually("the new total is told", || told("Total with VAT: EUR 634.50 → EUR 1,174.50")).await;
        assert!(!total["content"]["body"].as_str().unwrap().contains("Status"), "{total}");

        // Another account to pay to is told with a warning.
        new["payment"]["iban"] = json!("NO9386011117947");
        assert_eq!(world.shop.patch(&deal.id, &json!({ "invoice": new })).await.0, 200);
        let account = world.eventually("the new account is told", || told("IBAN: DE02 ")).await;
        let body = account["content"]["body"].as_str().unwrap();
        assert!(body.contains("→ NO93 8601 1117 947"), "{body}");
        assert!(body.contains("Warning: the account to pay to has changed"), "{body}");

        // The same once more changes nothing.
        let (status, answer) = world.shop.patch(&deal.id, &json!({ "status": "paid" })).await;
        assert_eq!((status, &answer["revision"]), (200, &json!(4)));
        // What contradicts itself is refused and changes nothing.
        let broken = json!({ "invoice": { "number": "1", "issue_date": "2026-06-01", "currency": "EUR",
            "lines": [],
            "totals": { "without_vat": "1.00", "vat": "0.00", "with_vat": "2.00", "due": "2.00" } } });
        let (status, problem) = world.shop.patch(&deal.id, &broken).await;
        assert_eq!((status, problem["pointer"].as_str()), (422, Some("/invoice/totals/with_vat")), "{problem}");
    }

    async fn contacts_come_and_go_with_the_shops_list(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let successor = world.person("successor").await;
        let list = |user: &str| json!({ "buyer": { "contacts": [{ "matrix": user }] } });
        assert_eq!(world.shop.patch(&deal.id, &list(&successor.id)).await.0, 200);
        successor.join(&deal.room).await;
        world.eventually("the former contact to be gone", || async {
            let member = successor.state(&deal.room, "m.room.member", &deal.buyer.id).await?;
            (member["membership"] == "leave").then_some(())
        }).await;
        // The newcomer reads what was there before, the summary above all.
        assert!(successor.history(&deal.room).await.iter().any(|it| it["type"] == "m.room.create"));
        let event = successor.say(&deal.room, "I take over").await;
        assert_eq!(world.shop.entry(&deal.id, &event).await["party"], "buyer");

        // Somebody who leaves is not called back, until the shop asks for it.
        successor.leave(&deal.room).await;
        assert_eq!(world.shop.patch(&deal.id, &json!({ "status": "disputed" })).await.0, 200);
        world.eventually("the new status", || async {
            let topic = deal.seller.state(&deal.room, "m.room.topic", "").await?;
            topic["topic"].as_str()?.contains("Disputed").then_some(())
        }).await;
        assert!(successor.invitations().await.is_empty());
        assert_eq!(world.shop.patch(&deal.id, &list(&successor.id)).await.0, 200);
        world.eventually("an invitation", || async {
            (successor.invitations().await == [deal.room.as_str()]).then_some(())
        }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_room_takes_five_requests() {
    let world = World::with().proxy().start(Database::Sqlite).await;
    let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
    let order = ["createRoom", "send/m.room.message", "m.room.pinned_events", "invite", "invite"];
    // Whether the accounts of the contacts exist is only asked when the room is ready, and not again
    // for each room.
    let rooms = [("order-1", 2), ("order-2", 0), ("order-3", 0)];
    for (external_id, look_ups) in rooms {
        world.proxy().forget_calls();
        let id = world.shop.create(&sample(external_id, &buyer.id, &seller.id)).await;
        world.shop.room(&id).await;
        world
            .eventually("both are looked up", || async {
                let query = format!(
                    "SELECT CAST(COUNT(*) AS TEXT) FROM members \
                     WHERE transaction_id = '{id}' AND look_at IS NOT NULL"
                );
                (world.sql_text(&query).await.as_deref() == Some("2")).then_some(())
            })
            .await;
        // The audit of each minute belongs to no room.
        let mut calls = world.proxy().calls();
        calls.retain(|call| !call.contains("/event/"));
        assert_eq!(calls.len(), order.len() + look_ups, "{external_id}: {calls:#?}");
        let (until_ready, afterwards) = calls.split_at(order.len());
        for (call, part) in until_ready.iter().zip(order) {
            assert!(call.contains(part), "{call} is not {part}");
        }
        let is_look_up = |call: &String| call.contains("account_status");
        assert!(afterwards.iter().all(is_look_up), "{afterwards:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_cannot_be_invited_holds_up_nobody() {
    let world = World::start(Database::Sqlite).await;
    let seller = world.person("seller").await;
    // Not federating, so this server cannot be reached.
    let id = world.shop.create(&sample("order-1", "@buyer:elsewhere.example", &seller.id)).await;
    let room = world.shop.room(&id).await;
    seller.join(&room).await;
    let transaction = world.shop.transaction(&id).await;
    assert_eq!(
        transaction["room"]["unreached"][0]["matrix"], "@buyer:elsewhere.example",
        "{transaction}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_too_large_for_one_event_stands_in_several() {
    let world = World::start(Database::Sqlite).await;
    let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
    let mut body = sample("order-1", &buyer.id, &seller.id);
    let line = body["invoice"]["lines"][1].clone();
    let lines: Vec<Value> = (0..2_000)
        .map(|number| {
            let mut line = line.clone();
            line["id"] = json!(number.to_string());
            line["description"] = json!(format!("Item {number} with a description of some length"));
            line
        })
        .collect();
    body["invoice"]["lines"] = json!(lines);
    let id = world.shop.create(&body).await;
    let room = world.shop.room(&id).await;
    buyer.join(&room).await;
    let invoice = buyer.state(&room, "org.tallyroom.invoice", "").await.unwrap();
    let mut found = Vec::new();
    for part in 1..=invoice["line_parts"].as_u64().unwrap() {
        let part =
            buyer.state(&room, "org.tallyroom.invoice.lines", &part.to_string()).await.unwrap();
        found.extend(part["lines"].as_array().unwrap().iter().map(|it| it["id"].clone()));
    }
    assert_eq!(found, lines.iter().map(|line| line["id"].clone()).collect::<Vec<_>>());
    let pinned = pinned(&buyer, &room).await;
    let summary = buyer.event(&room, &pinned[0]).await;
    assert!(summary["content"]["body"].as_str().unwrap().contains("… and 1994 more lines"));
}

async fn pinned(person: &crate::support::Person, room: &str) -> Vec<String> {
    let content = person.state(room, "m.room.pinned_events", "").await.unwrap();
    let ids = content["pinned"].as_array().unwrap().iter();
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn count(history: &[Value], event_type: &str) -> usize {
    history.iter().filter(|event| event["type"] == event_type).count()
}

/// On one database: the texts do not depend on it.
#[tokio::test(flavor = "multi_thread")]
async fn the_bot_writes_in_the_language_of_the_shop() {
    let world = World::with().page().start(Database::Sqlite).await;
    let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
    let id = world.other_shop.create(&sample("order-1", &buyer.id, &seller.id)).await;
    let room = world.other_shop.room(&id).await;
    buyer.join(&room).await;
    let state = async |event_type: &str| buyer.state(&room, event_type, "").await.unwrap();
    assert_eq!(
        state("m.room.name").await["name"],
        "Rechnung INV-2026-0042 · Acme Ltd → Birch GmbH"
    );
    assert_eq!(
        state("m.room.topic").await["topic"],
        "634,50\u{a0}EUR · Zahlung ausstehend · Fällig am 01.07.2099"
    );
    let pinned = pinned(&buyer, &room).await;
    let summary = buyer.event(&room, &pinned[0]).await;
    let body = summary["content"]["body"].as_str().unwrap();
    for text in
        ["Rechnung vom 1. Juni 2026", "Oak plank, 10 Stück × 45,00 = 450,00", "USt. (20\u{a0}%)"]
    {
        assert!(body.contains(text), "{text} is missing in {body}");
    }
    let widget = buyer.state(&room, "im.vector.modular.widgets", "tallyroom").await.unwrap();
    assert_eq!(widget["name"], "Rechnung");

    let mut invoice = sample("x", "@a:x", "@b:x")["invoice"].clone();
    invoice["payment"]["iban"] = json!("NO9386011117947");
    assert_eq!(
        world.other_shop.patch(&id, &json!({ "invoice": invoice, "status": "paid" })).await.0,
        200
    );
    world
        .eventually("the change is announced", || async {
            let told = |body: &str| {
                body.starts_with("Rechnung INV-2026-0042 wurde geändert")
                    && body.contains("Status: Zahlung ausstehend → Bezahlt")
                    && body
                        .contains("Achtung: Das Konto, auf das zu zahlen ist, hat sich geändert.")
            };
            let history = buyer.history(&room).await;
            history.iter().any(|it| it["content"]["body"].as_str().is_some_and(told)).then_some(())
        })
        .await;

    empower(&world, &room, &buyer).await;
    let on = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
    assert_eq!(buyer.set_state(&room, "m.room.encryption", on).await, 200);
    world
        .eventually("people are told that nothing more is recorded", || async {
            let told = |event: &Value| {
                let body = event["content"]["body"].as_str().unwrap_or_default();
                event["content"]["msgtype"] == "m.notice"
                    && body.starts_with("Dieser Raum ist verschlüsselt. Tallyroom kann")
            };
            buyer.history(&room).await.iter().any(told).then_some(())
        })
        .await;
}

on_both_databases! {
    async fn a_transaction_has_a_language_of_its_own(database) {
        let world = World::start(database).await;
        let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
        let mut order = sample("order-1", &buyer.id, &seller.id);
        order["language"] = json!("FR-be");
        // The shop's rooms are in German without it.
        let shop = &world.other_shop;
        let id = shop.create(&order).await;
        assert_eq!(shop.transaction(&id).await["language"], "fr-BE");
        let room = shop.room(&id).await;
        buyer.join(&room).await;
        let is_called = async |name: &str| {
            world
                .eventually(&format!("the room is called {name}"), || async {
                    let state = buyer.state(&room, "m.room.name", "").await.unwrap();
                    state["name"].as_str()?.starts_with(name).then_some(())
                })
                .await;
        };
        is_called("Facture INV-2026-0042").await;
        let pinned = pinned(&buyer, &room).await;
        let summary = buyer.event(&room, &pinned[0]).await;
        assert!(summary["content"]["body"].as_str().unwrap().contains("TVA"), "{summary}");

        // The room follows a change, and what the bot says next is in the new language.
        let changed = json!({ "language": "nl", "status": "paid" });
        assert_eq!(shop.patch(&id, &changed).await.0, 200);
        is_called("Factuur INV-2026-0042").await;
        world
            .eventually("the change is announced in Dutch", || async {
                let history = buyer.history(&room).await;
                let told = |it: &Value| it["content"]["body"].as_str().is_some_and(|it| it.contains("Betaald"));
                history.iter().any(told).then_some(())
            })
            .await;
        assert_eq!(shop.patch(&id, &json!({ "language": null })).await.0, 200);
        is_called("Rechnung INV-2026-0042").await;
        assert_eq!(shop.transaction(&id).await["language"], "de");
        let (status, refused) = shop.patch(&id, &json!({ "language": "pt" })).await;
        assert_eq!((status, refused["pointer"].as_str()), (422, Some("/language")), "{refused}");
    }
}

/// On one database: the texts do not depend on it.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_tells_its_kind_of_document_and_what_is_to_be_paid_in_its_currency() {
    let world = World::start(Database::Sqlite).await;
    let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
    for (currency, kind, paid, name, topic, due) in [
        ("JPY", "384", "600", "Corrected invoice", "JPY 35 · Awaiting payment", "35"),
        ("KWD", "389", "600", "Self-billed invoice", "KWD 34.500 · Awaiting payment", "34.500"),
        ("EUR", "381", "0", "Credit note", "EUR 634.50 credited", "634.50"),
    ] {
        let mut body = sample(&format!("order-{kind}"), &buyer.id, &seller.id);
        let invoice = &mut body["invoice"];
        invoice["currency"] = json!(currency);
        invoice["type"] = json!(kind);
        invoice["totals"] = json!({ "paid": paid });
        for line in invoice["lines"].as_array_mut().unwrap() {
            line.as_object_mut().unwrap().remove("net_amount");
        }
        let id = world.shop.create(&body).await;
        let room = world.shop.room(&id).await;
        buyer.join(&room).await;
        let state = async |event_type: &str| buyer.state(&room, event_type, "").await.unwrap();
        let told = state("m.room.name").await["name"].as_str().unwrap().to_owned();
        assert!(told.starts_with(&format!("{name} INV-2026-0042 · ")), "{told}");
        let told = state("m.room.topic").await["topic"].as_str().unwrap().to_owned();
        assert!(told.starts_with(topic), "{told}");
        assert_eq!(state("org.tallyroom.invoice").await["invoice"]["totals"]["due"], due);
        let pinned = pinned(&buyer, &room).await;
        let summary = buyer.event(&room, &pinned[0]).await;
        let told = summary["content"]["body"].as_str().unwrap();
        let headline = told.lines().next().unwrap();
        assert!(headline.contains(&format!("26-0042 · {topic}")), "{told}");
        assert!(told.contains(&format!("{name} of 1 June 2026")), "{told}");
    }
}
