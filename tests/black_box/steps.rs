//! A step that cannot be done in a room does not stop the steps that can.

use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::World;

on_both_databases! {
    async fn a_refused_state_event_does_not_stop_the_other_steps(database) {
        let world = World::with()
            .config("rooms", json!({ "version": "11" }))
            .start(database)
            .await;
        let deal = world.deal().await;
        let newcomer = world.person("newcomer").await;
        assert_eq!(world.shop.transaction(&deal.id).await["room"]["problems"], json!([]));
        // An admin of the homeserver makes the seller as powerful as the bot. Room version 11 then
        // lets only the seller take that back.
        let powers = deal.seller.state(&deal.room, "m.room.power_levels", "").await.unwrap();
        let mut promoted = powers.clone();
        promoted["users"][&deal.seller.id] = json!(100);
        assert_eq!(bot_sets(&world, &deal.room, "m.room.power_levels", &promoted).await, 200);

        let contacts = json!([{ "matrix": deal.buyer.id }, { "matrix": newcomer.id }]);
        let change = json!({ "status": "paid", "buyer": { "contacts": contacts } });
        assert_eq!(world.shop.patch(&deal.id, &change).await.0, 200);
        let room = world.eventually("what was refused is told", || async {
            let room = world.shop.transaction(&deal.id).await["room"].clone();
            (room["state"] == "degraded").then_some(room)
        }).await;
        let problem = &room["problems"][0];
        assert_eq!(problem["step"], "publish_state", "{room}");
        assert!(problem["problem"].as_str().unwrap().contains("m.room.power_levels"), "{room}");
        assert!(problem["since"].is_string() && problem["retry_at"].is_string(), "{room}");
        assert_eq!(room["problem"], problem["problem"]);
        assert_eq!(room["problems"].as_array().unwrap().len(), 1, "{room}");
        // All the rest was done: further state, the edit of the summary, the invitation.
        newcomer.join(&deal.room).await;
        let topic = newcomer.state(&deal.room, "m.room.topic", "").await.unwrap();
        assert!(topic["topic"].as_str().unwrap().contains("Paid"), "{topic}");
        let history = newcomer.history(&deal.room).await;
        let edited = |it: &Value| it["content"]["m.new_content"]["body"].as_str().is_some_and(|it| it.contains("Paid"));
        assert!(history.iter().any(edited));

        // It is tried again, and the problem is gone when that succeeds.
        assert_eq!(deal.seller.set_state(&deal.room, "m.room.power_levels", powers).await, 200);
        assert_eq!(world.shop.patch(&deal.id, &json!({ "status": "disputed" })).await.0, 200);
        world.eventually("no problem is left", || async {
            let room = world.shop.transaction(&deal.id).await["room"].clone();
            (room["state"] == "ready" && room["problems"] == json!([]) && room["problem"].is_null()).then_some(())
        }).await;

        // A summary that somebody removed is sent again, and only that one is pinned.
        let mut promoted = deal.seller.state(&deal.room, "m.room.power_levels", "").await.unwrap();
        promoted["users"][&deal.seller.id] = json!(100);
        assert_eq!(bot_sets(&world, &deal.room, "m.room.power_levels", &promoted).await, 200);
        let pinned = async || deal.seller.state(&deal.room, "m.room.pinned_events", "").await.unwrap()["pinned"].clone();
        // A summary with a new headline is unpinned and pinned again, so for a moment none is pinned.
        let first = world.eventually("a summary is pinned", || async {
            pinned().await[0].as_str().map(str::to_owned)
        }).await;
        deal.seller.redact(&deal.room, &first).await;
        let second = world.eventually("another summary is pinned", || async {
            let pinned = pinned().await;
            let ids = pinned.as_array().unwrap();
            (ids.len() == 1 && ids[0] != first.as_str()).then(|| ids[0].as_str().unwrap().to_owned())
        }).await;
        let summary = deal.seller.event(&deal.room, &second).await;
        assert!(summary["content"]["body"].as_str().unwrap().contains("Disputed"), "{summary}");
    }
}

/// The status of the answer to a state event that somebody with the bot's token sets.
async fn bot_sets(world: &World, room: &str, event_type: &str, content: &Value) -> u16 {
    let config: Value =
        serde_json::from_str(&std::fs::read_to_string(world.config_file()).unwrap()).unwrap();
    let base = config["homeserver"]["url"].as_str().unwrap();
    let url = format!(
        "{base}/_matrix/client/v3/rooms/{room}/state/{event_type}/?user_id={}",
        world.bot()
    );
    let request = reqwest::Client::new().put(url).bearer_auth(world.token("as_token"));
    request.json(content).send().await.unwrap().status().as_u16()
}
