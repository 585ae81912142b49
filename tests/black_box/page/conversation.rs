//! Two browsers and an ordinary Matrix client take part in one conversation.

use std::time::Duration;

use serde_json::json;

use super::{Scene, WRITE};
use crate::on_both_databases;

on_both_databases! {
    async fn two_browsers_and_a_matrix_client_are_in_one_conversation(database) {
        let scene = Scene::set(database).await;
        let (bea, sam) = (scene.bea().await, scene.sam_on_the_page().await);
        let (client, room) = (&scene.sam, &scene.room);

        // Text, from the page into the room, and with Markdown.
        bea.says("When will the **oak** come?").await;
        bea.sees("When will the oak come?").await;
        sam.sees("When will the oak come?").await;
        assert_eq!(sam.text_of("li[data-event] strong").await, "oak");
        let entry = scene.entry("When will the **oak** come?").await;
        assert_eq!(entry["party"], "buyer");
        assert_eq!(entry["display_name"], "Bea");
        let question = entry["event_id"].as_str().unwrap();
        let event = client.event(room, question).await;
        let html = event["content"]["formatted_body"].as_str().unwrap();
        assert!(html.contains("<strong>oak</strong>"), "{html}");
        bea.sees("Today").await;
        // As in her language, English of the United States, and as the server writes it: `1:41 PM`.
        let time = bea.text_of("li[data-event] time").await;
        assert!(time.ends_with('M') && !time.starts_with('0'), "{time}");

        // From a client to both pages, with a reply and an edit.
        let answer = client.send(room, "m.room.message", json!({
            "msgtype": "m.text", "body": "On Friday",
            "m.relates_to": { "m.in_reply_to": { "event_id": question } },
        })).await;
        bea.sees("On Friday").await;
        sam.sees("On Friday").await;
        client.edit(room, &answer, "On Thursday").await;
        bea.sees("On Thursday").await;
        bea.does_not_see("On Friday").await;
        assert!(said(&bea, &answer).await.contains("edited"));
        assert!(said(&bea, &answer).await.contains("When will the"), "it quotes what it answers");

        // A reply, an edit, a reaction on the page.
        bea.chooses("On Thursday", "Reply").await;
        bea.says("Thursday suits").await;
        sam.sees("Thursday suits").await;
        let reply = scene.entry("Thursday suits").await;
        assert_eq!(reply["relates_to"]["event_id"], answer.as_str());
        // It quotes what its writer has read.
        let shown = said(&sam, reply["event_id"].as_str().unwrap()).await;
        assert!(shown.contains("On Thursday") && !shown.contains("On Friday"), "{shown}");
        bea.chooses("Thursday suits", "Edit").await;
        bea.clears(WRITE).await;
        bea.types(WRITE, "Thursday morning suits").await;
        bea.presses("Save").await;
        sam.sees("Thursday morning suits").await;
        sam.chooses("Thursday morning suits", "React with 👍").await;
        let reply = reply["event_id"].as_str().unwrap();
        bea.until(&format!("{}.textContent.includes('👍')", line(reply))).await;
        client.react(room, reply, "🎉").await;
        bea.until(&format!("{}.textContent.includes('🎉')", line(reply))).await;
        let entries = scene.world.shop.entries(&scene.id).await;
        assert!(entries.iter().any(|it| it["kind"] == "reaction" && it["relates_to"]["key"] == "👍"), "{entries:?}");

        // Taken back, here and there.
        bea.says("wrong window").await;
        sam.sees("wrong window").await;
        scene.entry("wrong window").await;
        bea.removes("wrong window").await;
        sam.does_not_see("wrong window").await;
        bea.does_not_see("wrong window").await;
        let slip = client.say(room, "a slip").await;
        bea.sees("a slip").await;
        client.redact(room, &slip).await;
        bea.does_not_see("a slip").await;

        // A new message is announced once, politely.
        bea.js(LISTEN).await;
        client.say(room, "The van is loaded").await;
        bea.sees("The van is loaded").await;
        bea.until("heard.length > 0").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let heard = bea.js("heard").await;
        assert_eq!(heard, json!(["status: Sam (seller): The van is loaded"]));

        // Everything is where a reload finds it.
        bea.reload().await;
        bea.sees("Thursday morning suits").await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
        assert_eq!(sam.console_errors(), Vec::<String>::new());
    }

    async fn whatever_people_call_themselves_or_write_is_text(database) {
        let scene = Scene::set(database).await;
        let bea = scene.bea().await;
        let evil = "<img src=x onerror=document.title='hit'>";
        let path = format!("/profile/{}/displayname", scene.sam.id);
        scene.sam.call(reqwest::Method::PUT, &path, Some(json!({ "displayname": evil }))).await;
        for body in [evil, "<script>document.title='hit'</script>", "[x](javascript:document.title='hit')"] {
            scene.sam.send(&scene.room, "m.room.message", json!({
                "msgtype": "m.text", "body": body, "format": "org.matrix.custom.html",
                "formatted_body": format!("{body} <a href=\"javascript:document.title='hit'\">press</a>"),
            })).await;
        }
        let bidi = "abc\u{202e}fdp.exe";
        let file = scene.sam.upload("x", "text/html", b"<script>document.title='hit'</script>".to_vec()).await;
        scene.sam.send(&scene.room, "m.room.message", json!({
            "msgtype": "m.file", "body": bidi, "url": file, "info": { "mimetype": "text/html", "size": 10 },
        })).await;
        bea.says("<b onclick=document.title='hit'>bold</b> **really** <script>document.title='hit'</script>").await;
        bea.until("document.querySelector('li[data-event] strong')?.textContent === 'really'").await;
        bea.reload().await;
        bea.sees("really").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_ne!(bea.js("document.title").await, "hit");
        assert_eq!(bea.count("li[data-event] img[src='x'], li[data-event] script, [onclick], [onerror], a[href^='javascript']").await, 0);
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }
}

/// Keeps what a screen reader would read out by itself.
const LISTEN: &str = "window.heard = []; new MutationObserver(changes => { \
    for (const change of changes) { \
        const region = (change.target.closest ? change.target : change.target.parentElement) \
            ?.closest('[aria-live], [role=log], [role=status], [role=alert]'); \
        if (!region || region.getAttribute('aria-live') === 'off') continue; \
        const added = [...change.addedNodes].map(it => it.textContent).join('') \
            || (change.type === 'characterData' ? change.target.data : ''); \
        if (added.trim()) heard.push((region.getAttribute('aria-live') ?? region.getAttribute('role')) \
            + ': ' + added.trim()); \
    } }).observe(document, { subtree: true, childList: true, characterData: true }); 0";

/// The line of an event, in JavaScript.
fn line(event: &str) -> String {
    format!("document.querySelector('li[data-event=\"{event}\"]')")
}

async fn said(visitor: &crate::support::Visitor, event: &str) -> String {
    visitor.text_of(&format!("li[data-event=\"{event}\"]")).await
}
