//! Rooms that are not ours: a user of ours who is invited to one declines, a user of ours who was put
//! into one leaves, and nothing of the room is kept but a count.

use reqwest::Method;
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Person, World};

on_both_databases! {
    async fn rooms_that_are_not_ours_are_left_and_not_kept(database) {
        let mut world = World::start(database).await;
        let deal = world.deal().await;
        let stranger = world.person("stranger").await;
        let bot = world.bot();

        // Somebody invites the bot.
        let invited = make_room(&stranger, &json!({ "preset": "private_chat", "invite": [&bot] })).await;
        world.eventually("the bot declines", || stands(&stranger, &invited, &bot, "leave")).await;

        // An earlier version has kept a lot of such a room, and the bot is still in one.
        world.terminate_tallyroom().await;
        let open = make_room(&stranger, &json!({ "preset": "public_chat" })).await;
        let still = make_room(&stranger, &json!({ "preset": "private_chat", "invite": [&bot] })).await;
        let mut events: Vec<Value> = Vec::new();
        for number in 0..1_200 {
            events.push(json!({ "room_id": open, "event_id": format!("$old{number}"),
                "type": "m.room.message", "sender": stranger.id, "content": { "body": "x" } }));
        }
        world.sql(&format!(
            "INSERT INTO journal_rooms (room_id, last_position, derived_position) VALUES ('{open}', 1200, 0)"
        )).await;
        let rows: Vec<String> = events
            .iter()
            .enumerate()
            .map(|(number, event)| {
                let position = number + 1;
                format!("('{open}', {position}, '$old{number}', 'push', 'x', 1, '{event}', '')")
            })
            .collect();
        let columns = "room_id, position, event_id, source, correlation, received_at, raw, salt";
        world.sql(&format!("INSERT INTO journal ({columns}) VALUES {}", rows.join(", "))).await;
        // As the version before this one left the database.
        world.sql("DELETE FROM facts WHERE name = 'foreign_rooms_listed'").await;
        world.start_tallyroom().await;
        world.eventually("what was kept is gone", || async {
            let kept = format!("SELECT event_id FROM journal WHERE room_id = '{open}' LIMIT 1");
            let known = format!("SELECT room_id FROM journal_rooms WHERE room_id = '{open}'");
            let nothing = world.sql_text(&kept).await.is_none() && world.sql_text(&known).await.is_none();
            nothing.then_some(())
        }).await;
        world.eventually("the bot declines", || stands(&stranger, &still, &bot, "leave")).await;

        // Somebody fills a room into which the bot was put: nothing of it is kept.
        let text = "x".repeat(500);
        let pushed: Vec<Value> = (0..50)
            .map(|number| json!({ "room_id": open, "event_id": format!("$flood{number}"),
                "type": "m.room.message", "sender": stranger.id, "content": { "body": text } }))
            .chain([json!({ "room_id": open, "event_id": "$put", "type": "m.room.member",
                "state_key": bot, "sender": bot, "content": { "membership": "join" } })])
            .collect();
        let before = foreign_events(&world).await;
        let (status, _) = world.push("flood", json!({ "events": pushed }).to_string()).await;
        assert_eq!(status, 200);
        assert!(foreign_events(&world).await >= before + 51);
        let kept = format!("SELECT event_id FROM journal WHERE room_id = '{open}' LIMIT 1");
        assert_eq!(world.sql_text(&kept).await, None);

        // Our own room goes on.
        let event = deal.buyer.say(&deal.room, "we are still here").await;
        world.shop.entry(&deal.id, &event).await;
        assert!(stands(&deal.buyer, &deal.room, &bot, "join").await.is_some());
    }
}

async fn make_room(person: &Person, body: &Value) -> String {
    let (status, answer) = person.call(Method::POST, "/createRoom", Some(body.clone())).await;
    assert_eq!(status, 200, "{answer}");
    answer["room_id"].as_str().unwrap().to_owned()
}

async fn stands(person: &Person, room: &str, user: &str, membership: &str) -> Option<()> {
    let member = person.state(room, "m.room.member", user).await?;
    (member["membership"] == membership).then_some(())
}

async fn foreign_events(world: &World) -> i64 {
    let count = world.sql_text("SELECT value FROM facts WHERE name = 'foreign_events'").await;
    count.map_or(0, |count| count.parse().unwrap())
}
