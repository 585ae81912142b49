//! Everything works without scripts, by forms and reloading.

use super::{SEND, Scene, WRITE};
use crate::on_both_databases;

on_both_databases! {
    async fn a_conversation_works_without_scripts(database) {
        let scene = Scene::set(database).await;
        let link = scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await;
        let bea = scene.browser.visitor().await;
        bea.without_scripts().await;
        bea.open(&link).await;
        bea.presses("Open the invoice").await;
        bea.sees("INV-2026-0042").await;
        for number in 0..60 {
            scene.sam.say(&scene.room, &format!("earlier message {number}.")).await;
        }
        scene.entry("earlier message 59.").await;

        // Sending.
        bea.says("without *any* scripts").await;
        bea.sees("without").await;
        assert!(bea.url().await.starts_with(&scene.page()));
        let said = scene.entry("without *any* scripts").await;
        assert_eq!(said["display_name"], "Bea");

        // Replying.
        let question = scene.sam.say(&scene.room, "Is that so?").await;
        scene.entry("Is that so?").await;
        bea.open(&scene.page()).await;
        bea.goes_to("Is that so?", "Reply").await;
        bea.says("It is").await;
        let reply = scene.entry("It is").await;
        assert_eq!(reply["relates_to"]["event_id"], question.as_str());

        // Editing: what is there comes back into the field.
        bea.open(&scene.page()).await;
        bea.goes_to("It is", "Edit").await;
        bea.clears(WRITE).await;
        bea.types(WRITE, "It was").await;
        bea.presses("Save").await;
        scene.entry("It was").await;
        bea.open(&scene.page()).await;
        bea.sees("It was").await;

        // Reacting and taking back.
        bea.chooses("Is that so?", "React with 👍").await;
        scene.world.eventually("a reaction", || async {
            let entries = scene.world.shop.entries(&scene.id).await;
            entries.into_iter().find(|it| it["kind"] == "reaction")
        }).await;
        bea.open(&scene.page()).await;
        bea.removes("It was").await;
        scene.world.eventually("a redaction", || async {
            let entries = scene.world.shop.entries(&scene.id).await;
            entries.into_iter().find(|it| it["kind"] == "redaction")
        }).await;
        bea.open(&scene.page()).await;
        bea.does_not_see("It was").await;

        // A file.
        let path = scene.world.folder.path().join("order.txt");
        std::fs::write(&path, "10 oak planks").unwrap();
        bea.attaches(&[&path]).await;
        bea.presses(SEND).await;
        scene.world.eventually("the file in the record", || async {
            let entries = scene.world.shop.entries(&scene.id).await;
            entries.into_iter().find(|it| it["attachments"][0]["file"]["state"] == "stored")
        }).await;
        bea.open(&scene.page()).await;
        bea.sees("order.txt").await;

        // What was said earlier.
        let mut pages = 0;
        while !bea.text().await.contains("earlier message 0.") {
            bea.presses("Older messages").await;
            bea.until("document.readyState === 'complete'").await;
            pages += 1;
            assert!(pages < 20, "{}", bea.text().await);
        }
        assert!(pages > 0);
        // With scripts, it comes to where one is.
        let quick = scene.contact("seller", "rita@acme.example").await;
        quick.js("window.stayed = true").await;
        quick.js(HOLD_OLDER).await;
        quick.presses("Older messages").await;
        quick.until("!!window.release").await;
        // What is taken back while an older copy is on its way stays taken back.
        let first = scene.entry("earlier message 0.").await["event_id"].as_str().unwrap().to_owned();
        scene.sam.redact(&scene.room, &first).await;
        scene.sam.say(&scene.room, "The page was told of that before this.").await;
        quick.sees("The page was told of that before this.").await;
        quick.js("release(), 0").await;
        quick.sees("earlier message 1.").await;
        quick.does_not_see("earlier message 0.").await;
        assert_eq!(quick.js("window.stayed").await, true);

        // Another language, and away.
        bea.open(&format!("{}?lang=de", scene.page())).await;
        bea.sees("Rechnung").await;
        bea.open(&scene.page()).await;
        bea.sees("Rechnung").await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }
}

/// Keeps older messages on their way until they are released.
const HOLD_OLDER: &str = "const really = window.fetch; \
    window.fetch = async (...request) => { \
        const answer = await really(...request); \
        const words = await answer.text(); \
        if (String(request[0]).includes('/lines?')) await new Promise((go) => (window.release = go)); \
        return new Response(words, answer); \
    }; 0";
