//! With `rooms.create: on_first_message` there is no room before somebody writes.

use serde_json::json;

use super::{Scene, order};
use crate::on_both_databases;
use crate::support::{Browser, World};

on_both_databases! {
    async fn the_room_is_made_when_a_party_first_speaks(database) {
        let plan = World::with().page().config("rooms", json!({ "create": "on_first_message" }));
        let (world, browser) = tokio::join!(plan.start(database), Browser::start());
        let sam = world.person("sam").await;
        let id = world.shop.create(&order("order-1", &sam.id)).await;
        let link = world.shop.link(&id, "buyer", Some("bea@birch.example")).await;
        let bea = browser.visitor().await;
        bea.open(&link).await;
        bea.sees("INV-2026-0042").await;

        // Looking makes no room.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let transaction = world.shop.transaction(&id).await;
        assert!(transaction["room"]["id"].is_null(), "{transaction}");
        assert!(sam.invitations().await.is_empty());

        // Speaking does, with everybody in it.
        bea.says("Hello?").await;
        bea.sees("Hello?").await;
        let room = world.shop.room(&id).await;
        sam.join(&room).await;
        let scene = Scene { browser, world, id, room, sam };
        let entry = scene.entry("Hello?").await;
        assert_eq!(entry["display_name"], "Bea");
        bea.until("!document.querySelector('[data-outgoing]:not([data-event])')").await;
        scene.sam.say(&scene.room, "Good morning").await;
        bea.sees("Good morning").await;
        let history = scene.sam.history(&scene.room).await;
        let said: Vec<_> = history.iter().filter(|it| it["content"]["body"] == "Hello?").collect();
        assert_eq!(said.len(), 1, "{said:?}");
        let entries = scene.world.shop.entries(&scene.id).await;
        assert_eq!(entries.iter().filter(|it| it["text"] == "Hello?").count(), 1);
    }
}
