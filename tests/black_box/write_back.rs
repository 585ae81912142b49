//! What is said in a room is written to the record.

use std::time::Duration;

use rand::distr::{Alphanumeric, SampleString};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Database, World, eventually};

on_both_databases! {
    async fn what_is_said_becomes_rows_of_the_transaction(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let (room, buyer, seller) = (&deal.room, &deal.buyer, &deal.seller);
        let image = buyer.upload("a.png", "image/png", vec![1; 64]).await;
        let relation = |rel_type: &str, event: &str| json!({ "rel_type": rel_type, "event_id": event });

        let question = buyer.send(room, "m.room.message", json!({
            "msgtype": "m.text", "body": "When will it <come>?", "format": "org.matrix.custom.html",
            "formatted_body": "When will it <b>come</b>?<script>alert(1)</script>",
        })).await;
        let reply = seller.send(room, "m.room.message", json!({
            "msgtype": "m.text", "body": "> <@buyer:x> When will it come?\n\nOn Friday",
            "m.relates_to": { "m.in_reply_to": { "event_id": question } },
        })).await;
        let edit = seller.edit(room, &reply, "On Thursday").await;
        let reaction = buyer.react(room, &edit, "👍").await;
        let thread = seller.send(room, "m.room.message", json!({
            "msgtype": "m.text", "body": "in a thread",
            "m.relates_to": { "rel_type": "m.thread", "event_id": question, "is_falling_back": true,
                              "m.in_reply_to": { "event_id": question } },
        })).await;
        let slip = buyer.say(room, "wrong window").await;
        let redaction = buyer.redact(room, &slip).await;
        let file = |msgtype: &str| json!({
            "msgtype": msgtype, "body": "a.png", "url": image,
            "info": { "mimetype": "image/png", "size": 64, "w": 8, "h": 8 },
        });
        let mut sent = vec![
            (question.clone(), "text"), (reply.clone(), "text"), (edit.clone(), "edit"),
            (reaction.clone(), "reaction"), (thread.clone(), "text"), (slip.clone(), "text"),
            (redaction.clone(), "redaction"),
        ];
        let mut voice = file("m.audio");
        voice["org.matrix.msc3245.voice"] = json!({});
        for (event_type, content, kind) in [
            ("m.room.message", json!({ "msgtype": "m.notice", "body": "a notice" }), "notice"),
            ("m.room.message", json!({ "msgtype": "m.emote", "body": "waves" }), "emote"),
            ("m.room.message", file("m.image"), "image"),
            ("m.room.message", file("m.file"), "file"),
            ("m.room.message", file("m.audio"), "audio"),
            ("m.room.message", file("m.video"), "video"),
            ("m.room.message", voice, "voice"),
            ("m.room.message", json!({ "msgtype": "m.location", "body": "here", "geo_uri": "geo:52.1,4.3" }), "location"),
            ("m.sticker", json!({ "body": "a cat", "url": image, "info": {} }), "sticker"),
            ("org.matrix.msc3381.poll.start", json!({ "org.matrix.msc3381.poll.start": {
                "question": { "org.matrix.msc1767.text": "Accept?" }, "kind": "org.matrix.msc3381.poll.disclosed",
                "answers": [{ "id": "y", "org.matrix.msc1767.text": "Yes" }, { "id": "n", "org.matrix.msc1767.text": "No" }],
            } }), "poll_start"),
            ("org.example.unheard_of", json!({ "body": "still kept" }), "unknown"),
            ("m.room.message", json!({ "msgtype": "org.example.odd", "body": "odd \u{0} one" }), "unknown"),
        ] {
            sent.push((buyer.send(room, event_type, content).await, kind));
        }
        let poll = sent.iter().find(|(_, kind)| *kind == "poll_start").unwrap().0.clone();
        sent.push((seller.send(room, "org.matrix.msc3381.poll.response", json!({
            "org.matrix.msc3381.poll.response": { "answers": ["y"] }, "m.relates_to": relation("m.reference", &poll),
        })).await, "poll_response"));
        sent.push((buyer.send(room, "org.matrix.msc3381.poll.end", json!({
            "org.matrix.msc3381.poll.end": {}, "org.matrix.msc1767.text": "It is yes",
            "m.relates_to": relation("m.reference", &poll),
        })).await, "poll_end"));

        let last = &sent.last().unwrap().0;
        world.shop.entry(&deal.id, last).await;
        let entries = world.shop.entries(&deal.id).await;
        let entry = |event: &str| entries.iter().find(|it| it["event_id"] == event).unwrap_or_else(|| panic!("{event} is missing"));
        for (event, kind) in &sent {
            let found = entry(event);
            assert_eq!(found["kind"], *kind, "{found}");
            let by_buyer = found["sender"] == buyer.id.as_str();
            assert_eq!(found["party"], if by_buyer { "buyer" } else { "seller" });
            assert_eq!(found["display_name"], if by_buyer { "buyer" } else { "seller" });
            assert!(found["sent_at"].as_str().unwrap() <= found["received_at"].as_str().unwrap());
        }
        assert_eq!(entry(&question)["text"], "When will it <come>?");
        assert_eq!(entry(&question)["html"], "When will it <b>come</b>?");
        assert_eq!(entry(&reply)["text"], "On Friday");
        assert_eq!(entry(&reply)["relates_to"], json!({ "kind": "reply", "event_id": question }));
        assert_eq!(entry(&edit)["text"], "On Thursday");
        assert_eq!(entry(&edit)["relates_to"], json!({ "kind": "edit", "event_id": reply }));
        assert_eq!(entry(&reaction)["relates_to"], json!({ "kind": "reaction", "event_id": edit, "key": "👍" }));
        assert_eq!(entry(&thread)["relates_to"], json!({ "kind": "thread", "event_id": question }));
        assert_eq!(entry(&redaction)["relates_to"], json!({ "kind": "redaction", "event_id": slip }));
        assert_eq!(entry(&slip)["redacted"], true);
        assert_eq!(entry(&slip)["redacted_by"], redaction.as_str());
        assert_eq!(entry(&slip)["erased"], "redacted");
        assert_eq!(entry(&slip)["text"], Value::Null);
        assert_eq!(entry(&question)["redacted"], false);
        let picture = entries.iter().find(|it| it["kind"] == "image").unwrap();
        assert_eq!(picture["attachments"][0]["mxc"], image);
        assert_eq!(picture["attachments"][0]["size"], 64);
        // The bot's own words are part of what was seen.
        assert!(entries.iter().any(|it| it["party"] == "bot" && it["kind"] == "text"));
        assert_eq!(gapless(&entries), entries.len());

        let path = format!("/api/v1/transactions/{}/entries?include=raw&limit=1000", deal.id);
        let (_, page) = world.shop.get(&path).await;
        let raw = page["entries"].as_array().unwrap().iter().find(|it| it["event_id"] == question.as_str()).unwrap();
        assert_eq!(raw["raw"]["content"]["formatted_body"], "When will it <b>come</b>?<script>alert(1)</script>");

        // Everything that a member sees, exactly once, and nothing else.
        same_as_history(&world, &deal.id, &buyer.history(room).await).await;
    }

    async fn an_event_that_comes_again_changes_nothing(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let event = deal.buyer.say(&deal.room, "once").await;
        world.shop.entry(&deal.id, &event).await;
        let before = world.shop.entries(&deal.id).await;
        let raw = deal.buyer.event(&deal.room, &event).await;
        let push = json!({ "events": [raw, raw] }).to_string();
        let again = futures_util::future::join_all((0..30).map(|number| {
            let (world, push) = (&world, push.clone());
            async move { world.push(&format!("again-{}", number % 3), push).await }
        })).await;
        assert!(again.iter().all(|answer| *answer == (200, "{}".to_owned())), "{again:?}");
        assert_eq!(world.shop.entries(&deal.id).await, before);
    }

    async fn one_odd_event_leaves_the_rest_of_its_push_alone(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let event = |id: &str, content: Value| json!({
            "type": "m.room.message", "room_id": deal.room, "event_id": id, "sender": deal.buyer.id,
            "origin_server_ts": 1_700_000_000_000_i64, "content": content,
        }).to_string();
        let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
        let odd = [
            "null".to_owned(), "7".to_owned(), "{}".to_owned(), "[]".to_owned(),
            event("$no-body", json!({ "msgtype": "m.text" })),
            event("$wrong-types", json!({ "msgtype": 7, "body": {}, "m.relates_to": "a string" })),
            event("$nul", json!({ "msgtype": "m.text", "body": "a\u{0}b", "org.tallyroom.effect": "\u{0}" })),
            event("$bad-mxc", json!({ "msgtype": "m.file", "body": "x", "url": "mxc://../../etc" })),
            event("$deep", json!({})).replace("\"content\":{}", &format!("\"content\":{deep}")),
            event("$twice", json!({ "msgtype": "m.text", "body": "x" })).replacen('{', "{\"type\":\"a\",", 1),
            event("$surrogate", json!({ "msgtype": "m.text", "body": "HALF" })).replace("HALF", "\\ud800"),
            event("$time", json!({ "msgtype": "m.text", "body": "x" })).replace("1700000000000", "9223372036854775807"),
            event("$bidi", json!({ "msgtype": "m.text", "body": "\u{202e}evil\u{1b}[31m" })),
            event("$html", json!({ "msgtype": "m.text", "body": "x", "format": "org.matrix.custom.html",
                "formatted_body": "<div>".repeat(10_000) })),
            event(&format!("${}", random(5_000)), json!({ "msgtype": "m.text", "body": "x" })),
            event("$relation", json!({ "msgtype": "m.text", "body": "x", "org.tallyroom.effect": random(5_000),
                "m.relates_to": { "rel_type": "m.replace", "event_id": random(5_000) } })),
            event("$member", json!({ "membership": "join" }))
                .replace("m.room.message\"", &format!("m.room.member\",\"state_key\":\"{}\"", random(5_000))),
            event("$null\u{0}id", json!({ "msgtype": "m.text", "body": "x" })),
        ];
        let good = event("$good", json!({ "msgtype": "m.text", "body": "still here" }));
        let push = format!("{{\"events\":[{},{good}],\"ephemeral\":[5],\"x\":{{}}}}", odd.join(","));
        assert_eq!(world.push("odd", push).await, (200, "{}".to_owned()));
        let entry = world.shop.entry(&deal.id, "$good").await;
        assert_eq!(entry["text"], "still here");
        let entries = world.shop.entries(&deal.id).await;
        let of = |id: &str| entries.iter().find(|it| it["event_id"] == id).unwrap_or_else(|| panic!("{id} is missing"));
        for id in ["$no-body", "$wrong-types", "$deep", "$surrogate"] {
            assert_eq!(of(id)["kind"], "malformed", "{}", of(id));
            assert!(of(id)["remark"].is_string());
        }
        assert_eq!(of("$nul")["text"], "a\u{fffd}b");
        assert_eq!(of("$bad-mxc")["attachments"][0]["mxc"], Value::Null);
        assert_eq!(of("$html")["html"], Value::Null);
        assert_eq!(gapless(&entries), entries.len());
    }

    async fn what_the_homeserver_never_pushed_is_in_the_record_all_the_same(database) {
        let mut world = World::start(database).await;
        let deal = world.deal().await;
        // Stopped in the middle of a push, the service answers none of those behind it; then
        // the homeserver stops, and with it goes everything that it had queued.
        world.tallyroom().signal("STOP");
        let mut said = Vec::new();
        for number in 0..12 {
            said.push(deal.buyer.say(&deal.room, &format!("queued {number}")).await);
        }
        world.stop_synapse().await;
        world.kill_tallyroom();
        world.start_synapse().await;
        world.start_tallyroom().await;
        for event in &said {
            let entry = world.shop.entry_within(&deal.id, event, Duration::from_secs(60)).await;
            assert_eq!(entry["party"], "buyer");
        }
        same_as_history(&world, &deal.id, &deal.buyer.history(&deal.room).await).await;
    }

    async fn a_long_silence_is_read_up_from_the_rooms_history(database) {
        let mut world = World::start(database).await;
        let deal = world.deal().await;
        // More than one sync brings, and while it is said nobody takes pushes at this address.
        world.terminate_tallyroom().await;
        let mut last = String::new();
        for number in 0..260 {
            last = deal.seller.say(&deal.room, &format!("line {number}")).await;
        }
        // Synapse forgets what it had queued.
        world.kill_synapse();
        world.start_synapse().await;
        world.start_tallyroom().await;
        world.shop.entry_within(&deal.id, &last, Duration::from_secs(60)).await;
        let history = deal.seller.history(&deal.room).await;
        eventually("the whole history in the record", Duration::from_secs(60), || async {
            (world.shop.entries(&deal.id).await.len() == history.len()).then_some(())
        }).await;
        same_as_history(&world, &deal.id, &history).await;
        let entries = world.shop.entries(&deal.id).await;
        assert!(entries.iter().any(|it| it["source"] == "backfill"), "no gap was read");
        assert_eq!(gapless(&entries), entries.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_homeserver_can_push() {
    let world = World::start(Database::Sqlite).await;
    let token = world.token("hs_token");
    let url = format!("http://127.0.0.1:{}/_matrix/app/v1/transactions/1", world.push_port);
    let http = reqwest::Client::new();
    let body = json!({ "events": [{ "event_id": "$x", "room_id": "!x:x" }] }).to_string();
    let bearer = |token: &str| format!("Bearer {token}");
    let longer = format!("{token}x");
    for headers in [
        vec![],
        vec![bearer("")],
        vec![bearer("wrong")],
        vec![bearer(&token[..token.len() - 1])],
        vec![bearer(&longer)],
        vec![bearer(&token.to_uppercase())],
        vec![token.clone()],
        vec![format!("Basic {token}")],
        vec![bearer(&token), bearer(&token)],
        vec![bearer("wrong"), bearer(&token)],
        vec![bearer(&world.token("as_token"))],
    ] {
        let mut request = http.put(format!("{url}?access_token={token}")).body(body.clone());
        for header in &headers {
            request = request.header("authorization", header);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 403, "{headers:?}");
        let error: Value = answer.json().await.unwrap();
        assert_eq!(error["errcode"], "M_FORBIDDEN");
    }
    assert_eq!(world.push("1", body).await, (200, "{}".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_may_be_as_large_as_a_homeserver_makes_them() {
    let world = World::start(Database::Sqlite).await;
    let events: Vec<Value> = (0..100)
        .map(|number| {
            json!({ "event_id": format!("$big{number}"), "room_id": "!big:x",
            "type": "m.room.message", "content": { "body": "x".repeat(300_000) } })
        })
        .collect();
    let body = json!({ "events": events }).to_string();
    assert!(body.len() > 30_000_000 && body.len() < 32 * 1024 * 1024);
    assert_eq!(world.push("big", body).await, (200, "{}".to_owned()));
    assert_eq!(world.push("broken", "{").await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_person_in_the_room_is_recorded_as_such() {
    let world = World::start(Database::Sqlite).await;
    let deal = world.deal().await;
    let third = world.person("third").await;
    // Only the bot, or whoever holds its token, can let somebody in.
    let homeserver: Value =
        serde_json::from_str(&std::fs::read_to_string(world.config_file()).unwrap()).unwrap();
    let url = format!(
        "{}/_matrix/client/v3/rooms/{}/invite?user_id={}",
        homeserver["homeserver"]["url"].as_str().unwrap(),
        deal.room,
        world.bot()
    );
    let invite = reqwest::Client::new().post(url).bearer_auth(world.token("as_token"));
    let answer = invite.json(&json!({ "user_id": third.id })).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    third.join(&deal.room).await;
    let event = third.say(&deal.room, "I am the auditor").await;
    let entry = world.shop.entry(&deal.id, &event).await;
    assert_eq!(entry["party"], "other");
    assert_eq!(entry["text"], "I am the auditor");
}

/// Every event that a member sees is in the record exactly once, and nothing else is.
async fn same_as_history(world: &World, id: &str, history: &[Value]) {
    let ids = |events: &[Value]| {
        let mut ids: Vec<_> =
            events.iter().map(|it| it["event_id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&world.shop.entries(id).await), ids(history));
}

/// How many entries there are if their numbers run from 1 without a gap.
fn gapless(entries: &[Value]) -> usize {
    let expected = (1_i64..).zip(entries);
    expected.take_while(|(seq, entry)| entry["seq"] == *seq).count()
}

/// Text that no compression makes short.
fn random(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}
