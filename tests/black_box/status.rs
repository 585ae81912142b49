//! A status means something: what is asked for follows from it, from the payments and from the day, in the same way
//! everywhere, and who closes a transaction makes its room read-only.

use jiff::{ToSpan, tz::TimeZone};
use reqwest::Method;
use serde_json::{Value, json};

use crate::export::{export, members, pack, text, verify};
use crate::on_both_databases;
use crate::support::entering::Entered;
use crate::support::{Fault, Person, Shop, When, World, sample};

/// What stands beside the code to pay with.
const QR_CAPTION: &str = "Scan with your banking";
const IBAN: &str = "DE02120300000000202051";

/// Waits until topic and pinned summary hold what they should.
async fn room_says(world: &World, person: &Person, room: &str, topic: &str, not: &[&str]) {
    world
        .eventually(&format!("a room that says {topic:?}"), || async {
            let shown = person.state(room, "m.room.topic", "").await?["topic"].clone();
            let summary = pinned(person, room).await?;
            let holds = shown.as_str()?.starts_with(topic) && summary.contains(topic);
            (holds && !not.iter().any(|it| summary.contains(it))).then_some(())
        })
        .await;
}

/// The text of the pinned summary as it is now.
async fn pinned(person: &Person, room: &str) -> Option<String> {
    let pins = person.state(room, "m.room.pinned_events", "").await?;
    let summary = person.event(room, pins["pinned"][0].as_str()?).await;
    let new = &summary["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"];
    let content = if new.is_null() { &summary["content"] } else { new };
    Some(format!("{}{}", content["body"].as_str()?, content["formatted_body"].as_str()?))
}

/// What the shop was told of statuses, oldest first.
async fn told_statuses(world: &World) -> Vec<Value> {
    let (status, page) = world.shop.get("/api/v1/events?types=transaction.status_changed").await;
    assert_eq!(status, 200, "{page}");
    page["events"].as_array().unwrap().iter().map(|it| it["data"].clone()).collect()
}

async fn pay(shop: &Shop, id: &str, body: Value, key: &str) -> (u16, Value) {
    let path = format!("/api/v1/transactions/{id}/payments");
    let request = shop.request(Method::POST, &path).header("idempotency-key", key);
    Shop::answer(request.json(&body)).await
}

/// The page of a party, without the history of its changes.
async fn page(visitor: &Entered) -> String {
    let html = visitor.request(Method::GET, "").send().await.unwrap().text().await.unwrap();
    let Some((before, from)) = html.split_once("<section class=\"history\"") else { return html };
    let (_, after) = from.split_once("</article>").unwrap();
    format!("{before}{after}")
}

/// The text of the invoice on paper.
async fn paper_text(world: &World, id: &str) -> String {
    let path = format!("/api/v1/transactions/{id}/invoice.pdf");
    let answer = world.shop.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let file = world.folder.path().join("paper.pdf");
    std::fs::write(&file, answer.bytes().await.unwrap()).unwrap();
    let read = tokio::process::Command::new("pdftotext").arg(&file).arg("-").output().await;
    let read = read.expect("pdftotext, see scripts/prerequisites");
    assert!(read.status.success(), "{read:?}");
    String::from_utf8(read.stdout).unwrap()
}

/// The code to pay with, as the page shows it.
fn code(html: &str) -> Option<&str> {
    html.split("class=\"qr\"").nth(1)?.split("</figure>").next()
}

on_both_databases! {
    async fn payments_reduce_what_is_asked_for_and_are_part_of_the_record(database) {
        let world = World::with().page().start(database).await;
        let deal = world.deal().await;
        let (shop, id) = (&world.shop, &deal.id);
        let bea = Entered::by(&shop.link(id, "buyer", None).await).await;
        room_says(&world, &deal.buyer, &deal.room, "EUR 634.50 · Awaiting payment", &[]).await;
        let whole = page(&bea).await;
        assert!(whole.contains(IBAN) && whole.contains("€634.50"), "{whole}");

        let paper = paper_text(&world, id).await;
        assert!(paper.contains("DE02 1203") && paper.contains(QR_CAPTION), "{paper}");

        // A part. The same call again is the same payment.
        let part = json!({ "amount": "200", "date": "2026-06-20", "reference": "statement 7" });
        let (status, first) = pay(shop, id, part.clone(), "1").await;
        assert_eq!((status, &first["amount"]), (201, &json!("200.00")), "{first}");
        assert_eq!(pay(shop, id, part, "1").await, (201, first.clone()));
        let standing = shop.transaction(id).await["standing"].clone();
        assert_eq!(standing["means"], "partly_paid", "{standing}");
        assert_eq!((&standing["to_pay"], &standing["paid"]), (&json!("434.50"), &json!("200.00")));
        room_says(&world, &deal.buyer, &deal.room, "EUR 434.50 · Partly paid", &[]).await;
        let partly = page(&bea).await;
        assert!(partly.contains("€434.50") && partly.contains("Partly paid"), "{partly}");
        assert!(code(&partly).is_some() && code(&partly) != code(&whole), "the code has the rest");

        // One that was a mistake is taken back, and stays in the list.
        let (_, wrong) = pay(shop, id, json!({ "amount": "434.50" }), "2").await;
        assert_eq!(shop.transaction(id).await["standing"]["means"], "paid");
        let path = format!("/api/v1/transactions/{id}/payments/{}", wrong["id"].as_str().unwrap());
        for _ in 0..2 {
            let taken = shop.request(Method::DELETE, &path).send().await.unwrap();
            assert_eq!(taken.status(), 204);
        }
        let (_, list) = shop.get(&format!("/api/v1/transactions/{id}/payments")).await;
        assert_eq!(list["payments"].as_array().unwrap().len(), 2, "{list}");
        assert_eq!(list["payments"][0]["taken_back_at"], Value::Null, "{list}");
        assert!(list["payments"][1]["taken_back_at"].is_string(), "{list}");
        assert_eq!(list["standing"]["to_pay"], "434.50");
        for (key, body, pointer) in [
            ("a", json!({ "amount": "0" }), "/amount"),
            ("b", json!({ "amount": "1.001" }), "/amount"),
            ("c", json!({ "amount": "1", "date": "tomorrow" }), "/date"),
        ] {
            let (status, refused) = pay(shop, id, body, key).await;
            assert_eq!((status, &refused["pointer"]), (422, &json!(pointer)), "{refused}");
        }

        // The rest: nobody is asked for money any more, anywhere.
        assert_eq!(pay(shop, id, json!({ "amount": "434.50" }), "3").await.0, 201);
        let transaction = shop.transaction(id).await;
        assert_eq!(transaction["status"], "awaiting_payment", "the shop's word stays");
        assert_eq!(transaction["standing"]["means"], "paid");
        assert_eq!(transaction["standing"]["to_pay"], Value::Null);
        room_says(&world, &deal.buyer, &deal.room, "EUR 634.50 · Paid", &["DE02", "IBAN", "ue "]).await;
        let paid = page(&bea).await;
        for asks in [IBAN, "DE02", "Amount due", "days left", "How to pay", "class=\"qr\""] {
            assert!(!paid.contains(asks), "{asks} in {paid}");
        }

        let paper = paper_text(&world, id).await;
        for asks in ["DE02", "IBAN", QR_CAPTION] {
            assert!(!paper.contains(asks), "{asks} in {paper}");
        }

        // Payments are acts of the record.
        let (seen, said, _) = world.run(&["verify", id]);
        assert!(seen.success(), "{said}");
        let bundle = export(&world, id).await;
        let (good, said) = verify(&bundle, &[]);
        assert!(good, "{said}");
        let mut changed = members(&bundle);
        let less = text(&changed, "payments.json").replace("\"200.00\"", "\"100.00\"");
        changed.insert("payments.json".to_owned(), less.into_bytes());
        let (good, said) = verify(&pack(&changed), &[]);
        assert!(!good && said.contains("payment") && said.contains("was changed"), "{said}");
        world.sql("UPDATE payments SET taken_back_at = NULL").await;
        let (seen, said, more) = world.run(&["verify", id]);
        let said = format!("{said}{more}");
        assert!(!seen.success() && said.contains("counts again"), "{said}");
    }

    async fn a_payment_is_said_in_the_room_once_and_so_is_that_it_was_taken_back(database) {
        let mut world = World::with().proxy().start(database).await;
        let deal = world.deal().await;
        let paths = format!("/api/v1/transactions/{}/payments", deal.id);
        let said = || async {
            let history = deal.buyer.history(&deal.room).await;
            let of_bot = history.iter().filter(|it| it["content"]["msgtype"] == "m.notice");
            of_bot.map(|it| it["content"]["body"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let payment = json!({ "amount": "634.00", "date": "2026-06-15" });
        // It is sent, and its answer is lost, and then the process is killed.
        world.proxy().fault("PUT", "m.room.message", Fault::Answer(When::After, 502, "lost"));
        let (status, made) = pay(&world.shop, &deal.id, payment, "one").await;
        assert_eq!(status, 201, "{made}");
        world.eventually("the notice", || async { (!said().await.is_empty()).then_some(()) }).await;
        world.kill_tallyroom();
        world.start_tallyroom().await;
        let one = format!("{paths}/{}", made["id"].as_str().unwrap());
        assert_eq!(Shop::answer(world.shop.request(Method::DELETE, &one)).await.0, 204);
        let (status, made) = pay(&world.shop, &deal.id, json!({ "amount": "634.50", "date": "2026-06-16" }), "two").await;
        assert_eq!(status, 201, "{made}");
        world.eventually("three notices", || async { (said().await.len() >= 3).then_some(()) }).await;
        room_says(&world, &deal.buyer, &deal.room, "EUR 634.50 · Paid", &[]).await;
        let said = said().await;
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].starts_with("Payment received: EUR 634.00 on 15 June 2026. Still to pay: EUR 0.50."), "{said:?}");
        assert!(said[1].starts_with("The payment of EUR 634.00 on 15 June 2026 was reported by mistake"), "{said:?}");
        assert!(said[2].starts_with("Payment received: EUR 634.50 on 16 June 2026."), "{said:?}");
    }

    async fn an_invoice_is_overdue_by_itself_when_its_due_date_is_over_where_the_seller_is(database) {
        // There, the day begins last of all.
        let zone = json!({ "time_zone": "Etc/GMT+12" });
        let mut world = World::with().page().config("page", zone).start(database).await;
        let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
        let late_zone = TimeZone::get("Etc/GMT+12").unwrap();
        let today = late_zone.to_datetime(jiff::Timestamp::now()).date();
        let mut order = sample("order-1", &buyer.id, &seller.id);
        order["invoice"]["due_date"] = json!(today.to_string());
        let id = world.shop.create(&order).await;
        let room = world.shop.room(&id).await;
        buyer.join(&room).await;
        seller.join(&room).await;
        room_says(&world, &buyer, &room, "EUR 634.50 · Awaiting payment", &[]).await;
        assert_eq!(world.shop.transaction(&id).await["standing"]["means"], "issued");
        // The end of that day is when the room is due again, in the database.
        let tomorrow = today.checked_add(1.day()).unwrap().at(0, 0, 0, 0);
        let end = late_zone.to_timestamp(tomorrow).unwrap().as_millisecond();
        let due_at = "SELECT CAST(due_at AS TEXT) FROM rooms WHERE room_id IS NOT NULL";
        world.eventually("the due time", || async {
            (world.sql_text(due_at).await? == end.to_string()).then_some(())
        }).await;

        assert!(told_statuses(&world).await.is_empty());
        // Tallyroom is killed before. When it is back, the day is over: here, because it moved to where the day
        // began first of all.
        world.kill_tallyroom();
        let config = std::fs::read_to_string(world.config_file()).unwrap();
        std::fs::write(world.config_file(), config.replace("Etc/GMT+12", "Pacific/Kiritimati")).unwrap();
        world.start_tallyroom().await;
        // All rooms follow the other time zone.
        room_says(&world, &buyer, &room, "EUR 634.50 · Overdue", &["Awaiting"]).await;
        let overdue = json!({
            "revision": 1, "status": "overdue", "previous_status": "awaiting_payment",
        });
        assert_eq!(told_statuses(&world).await, std::slice::from_ref(&overdue));
        // It is told once, however often somebody looks.
        world.kill_tallyroom();
        world.sql("UPDATE rooms SET due_at = 0").await;
        world.start_tallyroom().await;
        world.eventually("the room at rest", || async {
            world.sql_text(due_at).await.is_none().then_some(())
        }).await;
        assert_eq!(told_statuses(&world).await, std::slice::from_ref(&overdue));
        let transaction = world.shop.transaction(&id).await;
        assert_eq!(transaction["revision"], 1, "nobody wrote anything");
        assert_eq!(transaction["status"], "awaiting_payment");
        assert_eq!(transaction["standing"]["means"], "overdue");
        assert!(transaction["standing"]["days_late"].as_i64().unwrap() >= 1, "{transaction}");
        let bea = Entered::by(&world.shop.link(&id, "buyer", None).await).await;
        let html = page(&bea).await;
        assert!(html.contains("Overdue") && !html.contains("Awaiting payment"), "{html}");
        assert_eq!(world.shop.patch(&id, &json!({ "status": "disputed" })).await.0, 200);
        let standing = world.shop.transaction(&id).await["standing"].clone();
        assert_eq!((&standing["means"], &standing["days_late"]), (&json!("disputed"), &json!(0)));

        room_says(&world, &buyer, &room, "EUR 634.50 · Disputed", &[]).await;
        // With a later due date it is open again, and it is overdue again when that one is over.
        assert_eq!(world.shop.patch(&id, &json!({ "status": "open" })).await.0, 200);
        room_says(&world, &buyer, &room, "EUR 634.50 · Overdue", &[]).await;
        let due = async |date: &str| {
            let change = json!({ "invoice": { "due_date": date } }).to_string();
            let request = world.shop.request(Method::PATCH, &format!("/api/v1/transactions/{id}"));
            let request = request.header("content-type", "application/merge-patch+json").body(change);
            let (status, answer) = Shop::answer(request).await;
            assert_eq!(status, 200, "{answer}");
        };
        due("2999-12-31").await;
        room_says(&world, &buyer, &room, "EUR 634.50 · Open", &["Overdue"]).await;
        due(&today.to_string()).await;
        room_says(&world, &buyer, &room, "EUR 634.50 · Overdue", &[]).await;
        let told = told_statuses(&world).await;
        let again = json!({ "revision": 5, "status": "overdue", "previous_status": "open" });
        assert_eq!(told.iter().filter(|it| it["status"] == "overdue").count(), 3, "{told:?}");
        assert_eq!(told.last(), Some(&again), "{told:?}");
    }

    async fn a_closed_transaction_is_read_only_until_it_is_opened_again(database) {
        let names = json!([{ "name": "Fertig", "means": "completed", "shop": "shop" }]);
        let plan = World::with().page().config("status", json!({ "names": names }));
        let world = plan.start(database).await;
        let deal = world.deal().await;
        let (shop, id, room) = (&world.shop, &deal.id, &deal.room);
        let bea = Entered::by(&shop.link(id, "buyer", None).await).await;
        let writes = async |words: &str| {
            let form = reqwest::multipart::Form::new().text("text", words.to_owned());
            let sent = bea.request(Method::POST, "/messages").multipart(form).send().await.unwrap();
            sent.status().as_u16()
        };
        let says = async |words: &str| {
            let path = format!("/rooms/{room}/send/m.room.message/{}", ulid::Ulid::new());
            let content = json!({ "msgtype": "m.text", "body": words });
            deal.buyer.call(Method::PUT, &path, Some(content)).await.0
        };
        let mistake = deal.buyer.say(room, "Said by mistake").await;
        // What is written just before is in the room before it is closed.
        assert_eq!(writes("One last word").await, 303);
        let (status, closed) = shop.patch(id, &json!({ "status": "fertig" })).await;
        assert_eq!((status, &closed["standing"]["closed"]), (200, &json!(true)), "{closed}");
        assert_eq!(closed["standing"]["means"], "completed");
        world.eventually("a read-only room", || async {
            let levels = deal.buyer.state(room, "m.room.power_levels", "").await?;
            (levels["events_default"] == 100).then_some(())
        }).await;
        let entries = shop.entries(id).await;
        assert!(entries.iter().any(|it| it["text"] == "One last word"), "{entries:?}");
        assert_eq!(says("Can you hear me?").await, 403);
        // People can still remove what they said, in the room and on the page.
        let path = format!("/rooms/{room}/redact/{mistake}/1");
        assert_eq!(deal.buyer.call(Method::PUT, &path, Some(json!({}))).await.0, 200);
        let last = entries.iter().find(|it| it["text"] == "One last word").unwrap()["event_id"].clone();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("event", last.as_str().unwrap())
            .finish();
        let removed = bea.request(Method::POST, "/remove").body(form);
        let removed = removed.header("content-type", "application/x-www-form-urlencoded");
        let removed = removed.send().await.unwrap();
        assert_eq!(removed.status().as_u16(), 303);
        world.eventually("two removals", || async {
            let entries = shop.entries(id).await;
            let removed = entries.iter().filter(|it| it["redacted"] == true).count();
            (removed == 2).then_some(())
        }).await;
        assert_eq!(writes("Can you hear me?").await, 409);
        let html = bea.request(Method::GET, "").send().await.unwrap().text().await.unwrap();
        assert!(html.contains("This transaction is closed") && !html.contains("<textarea id=\"text\""));

        // What cannot follow is refused, with what can.
        let (status, refused) = shop.patch(id, &json!({ "status": "draft" })).await;
        assert_eq!((status, &refused["pointer"]), (409, &json!("/status")), "{refused}");
        let allowed = refused["allowed"].as_array().unwrap();
        assert!(allowed.contains(&json!("issued")) && !allowed.contains(&json!("draft")), "{refused}");
        assert_eq!(shop.transaction(id).await["status"], "fertig");

        assert_eq!(shop.patch(id, &json!({ "status": "open" })).await.0, 200);
        world.eventually("an open room", || async {
            (says("Here I am again").await == 200).then_some(())
        }).await;
        assert_eq!(writes("So am I").await, 303);
        world.eventually("the words of the page", || async {
            let entries = shop.entries(id).await;
            entries.iter().any(|it| it["text"] == "So am I").then_some(())
        }).await;
    }

    async fn each_party_sets_what_the_config_allows_with_forms_that_need_no_script(database) {
        let world = World::with().page().start(database).await;
        let deal = world.deal().await;
        let (shop, id) = (&world.shop, &deal.id);
        let bea = Entered::by(&shop.link(id, "buyer", None).await).await;
        let sam = Entered::by(&shop.link(id, "seller", None).await).await;
        let sets = async |who: &Entered, fields: &[(&str, &str)]| {
            let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let request = who.request(Method::POST, "/status").body(body);
            request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap().status().as_u16()
        };
        let status = async || shop.transaction(id).await["status"].clone();
        let html = page(&bea).await;
        assert!(html.contains("Accept the invoice") && html.contains("Dispute the invoice"), "{html}");
        assert!(!html.contains("Mark as paid"), "{html}");
        assert_eq!(sets(&bea, &[("status", "paid")]).await, 403, "a buyer pays, and does not say so");
        assert_eq!(sets(&bea, &[("status", "disputed"), ("reason", " ")]).await, 422);
        // A form of another site.
        let foreign = bea.request(Method::POST, "/status").header("sec-fetch-site", "cross-site");
        let foreign = foreign.header("content-type", "application/x-www-form-urlencoded");
        let foreign = foreign.body("status=accepted").send().await.unwrap().status();
        assert_eq!((foreign.as_u16(), status().await), (403, json!("awaiting_payment")));

        let reason = "Three planks are <b>split</b>.";
        for _ in 0..2 {
            assert_eq!(sets(&bea, &[("status", "disputed"), ("reason", reason)]).await, 303);
        }
        assert_eq!(status().await, "disputed");
        let said = world.eventually("the words of the buyer", || async {
            let entries = shop.entries(id).await;
            entries.into_iter().find(|it| it["text"].as_str().is_some_and(|it| it.contains(reason)))
        }).await;
        assert_eq!((&said["party"], &said["text"]), (&json!("buyer"), &json!(format!("Status: Disputed\n\n{reason}"))));
        room_says(&world, &deal.buyer, &deal.room, "EUR 634.50 · Disputed", &[]).await;
        let html = page(&bea).await;
        assert!(html.contains("Accept the invoice") && !html.contains("days l"), "{html}");
        // Twice the same is one revision, and its act names the guest.
        assert_eq!(shop.transaction(id).await["revision"], 2);
        let bundle = members(&export(&world, id).await);
        let acts: Vec<Value> =
            text(&bundle, "acts.jsonl").lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        let revision = acts.iter().find(|it| it["kind"] == "revision" && it["subject"] == "2").unwrap();
        assert_eq!(revision["actor"], said["sender"], "{revision}");

        assert_eq!(sets(&sam, &[("status", "accepted")]).await, 403);
        assert_eq!(sets(&sam, &[("status", "paid")]).await, 303);
        assert_eq!(status().await, "paid");
        assert!(!page(&bea).await.contains("DE02"));
        // What cannot follow is refused to the party that may set it, too.
        assert_eq!(shop.patch(id, &json!({ "status": "cancelled" })).await.0, 200);
        assert_eq!(sets(&sam, &[("status", "shipped")]).await, 409);
        assert_eq!(status().await, "cancelled");
        let (seen, said, _) = world.run(&["verify", id]);
        assert!(seen.success(), "{said}");
    }
}
