//! The conversation can be searched, and what was found leads to its line.

use serde_json::json;

use super::{Scene, order};
use crate::on_both_databases;
use crate::support::Visitor;

on_both_databases! {
    async fn words_are_found_where_they_were_said(database) {
        let scene = Scene::set(database).await;
        let (client, room) = (&scene.sam, &scene.room);
        let early = client.say(room, "The pallet is <i>blue</i> & heavy").await;
        let slip = client.say(room, "A pallet that was never there").await;
        let changed = client.say(room, "A pallet of birch").await;
        client.edit(room, &changed, "A stack of birch").await;
        client.redact(room, &slip).await;
        client.send(room, "m.room.message", json!({
            "msgtype": "m.text", "body": "the pallet costs 7", "format": "org.matrix.custom.html",
            "formatted_body": "<span data-mx-spoiler>the pallet costs 7</span>",
        })).await;
        for number in 0..120 {
            client.say(room, &format!("message {number}.")).await;
        }
        // In another conversation of the shop.
        let other = scene.world.shop.create(&order("order-2", &client.id)).await;
        let other_room = scene.world.shop.room(&other).await;
        client.join(&other_room).await;
        client.say(&other_room, "Another pallet").await;
        scene.entry("message 119.").await;
        scene.world.eventually("all of it in the index", || async {
            let count = "SELECT CAST(COUNT(*) AS TEXT) FROM search_rows WHERE words IN ('message 119', 'another pallet')";
            (scene.world.sql_text(count).await.as_deref() == Some("2")).then_some(())
        }).await;

        let bea = scene.bea().await;
        bea.js("window.stayed = true").await;
        bea.presses("Search").await;
        bea.types("Search the messages", "pallet").await;
        bea.press_key("Enter").await;
        bea.until("document.querySelectorAll('.hit').length === 1").await;
        let hit = bea.text_of(".hit").await;
        assert!(hit.contains("Sam (seller)") && hit.contains("The pallet is <i>blue</i> & heavy"), "{hit}");
        assert_eq!(bea.text_of(".hit mark").await, "pallet");
        assert_eq!(bea.axe().await, Vec::<String>::new());
        bea.pictured("search-1440").await;
        // It leads to the line, with everything in between.
        assert_eq!(bea.count(&format!("li[data-event=\"{early}\"]")).await, 0);
        bea.presses("Sam (seller)…").await;
        bea.until(&format!("document.activeElement?.dataset.event === '{early}'")).await;
        assert_eq!(bea.js("[...document.querySelectorAll('#lines .line')].filter(it => /message \\d+\\./.test(it.textContent)).length").await, 120);
        assert_eq!(bea.js("window.stayed").await, true);
        finds(&bea, "stack", 1).await;
        finds(&bea, "birch", 1).await;
        finds(&bea, "<script>alert(1)</script>", 0).await;
        bea.sees("No message contains “<script>alert(1)</script>”.").await;
        finds(&bea, "\"", 0).await;
        // Bounded.
        finds(&bea, "message", 20).await;

        // Without scripts.
        let plain = scene.browser.tab_beside(&bea).await;
        plain.without_scripts().await;
        plain.open(&scene.page()).await;
        plain.presses("Search").await;
        plain.types("Search the messages", "pallet").await;
        plain.press_key("Enter").await;
        plain.until("document.querySelectorAll('.hit').length === 1").await;
        plain.presses("Sam (seller)…").await;
        plain.until(&format!("document.querySelector('li[data-event=\"{early}\"]')?.matches(':target')")).await;
        plain.presses("Latest messages").await;
        plain.sees("message 119.").await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
        assert_eq!(plain.console_errors(), Vec::<String>::new());
    }
}

/// Searches, and waits for so many lines.
async fn finds(visitor: &Visitor, words: &str, count: usize) {
    visitor.clears("Search the messages").await;
    visitor.types("Search the messages", words).await;
    visitor.js("document.querySelector('#found').replaceChildren('…'), 0").await;
    visitor.press_key("Enter").await;
    visitor.until("document.querySelector('#found').textContent !== '…'").await;
    assert_eq!(visitor.count(".hit").await, count as u64, "{words}");
}
