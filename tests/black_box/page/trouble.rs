//! A failure while something is sent is shown and repaired, and nothing is lost.

use std::time::Duration;

use super::Scene;
use crate::on_both_databases;
use crate::support::{Fault, When, World};

const NOTHING_PENDING: &str = "!document.querySelector('[data-outgoing]:not([data-event])')";

on_both_databases! {
    async fn what_is_written_stands_there_at_once_and_gets_there_in_the_end(database) {
        let mut scene = Scene::set_in(World::with().page().proxy(), database).await;
        let (bea, sam) = (scene.bea().await, scene.sam_on_the_page().await);
        bea.says("good morning").await;
        sam.sees("good morning").await;
        bea.until(NOTHING_PENDING).await;

        // The homeserver is away: the message is shown, and marked.
        scene.world.stop_synapse().await;
        bea.says("written meanwhile").await;
        bea.sees_within("written meanwhile", Duration::from_secs(3)).await;
        bea.sees("it is tried again").await;
        bea.reload().await;
        bea.sees("written meanwhile").await;
        bea.sees("it is tried again").await;
        assert!(!sam.text().await.contains("written meanwhile"));
        scene.world.start_synapse().await;
        sam.sees_within("written meanwhile", Duration::from_secs(60)).await;
        bea.does_not_see("it is tried again").await;
        bea.until(NOTHING_PENDING).await;

        // The homeserver refuses: it says so, and can be tried again or thrown away.
        let refusal = Fault::Answer(When::Before, 403, r#"{"errcode":"M_FORBIDDEN","error":"no"}"#);
        scene.world.proxy().fault("PUT", "/send/m.room.message/", refusal.clone());
        bea.says("refused at first").await;
        bea.sees("Not sent").await;
        bea.presses_beside("refused at first", "Try again").await;
        sam.sees("refused at first").await;
        bea.does_not_see("Not sent").await;
        scene.world.proxy().fault("PUT", "/send/m.room.message/", refusal);
        bea.says("never mind").await;
        bea.sees("Not sent").await;
        bea.presses_beside("never mind", "Discard").await;
        bea.does_not_see("never mind").await;

        // We are away: what is said meanwhile is there afterwards, in place, without a reload.
        scene.world.kill_tallyroom();
        scene.sam.say(&scene.room, "said while the page was cut off").await;
        scene.world.start_tallyroom().await;
        bea.sees_within("said while the page was cut off", Duration::from_secs(60)).await;
        sam.sees_within("said while the page was cut off", Duration::from_secs(60)).await;
        // What was written while we were away is sent when we are back.
        scene.world.kill_tallyroom();
        bea.says("written to nobody").await;
        bea.sees("written to nobody").await;
        scene.world.start_tallyroom().await;
        if bea.text().await.contains("Try again") {
            bea.presses_beside("written to nobody", "Try again").await;
        }
        sam.sees_within("written to nobody", Duration::from_secs(60)).await;

        // Each of them once, in order, on each page and in the record.
        let expected = ["good morning", "written meanwhile", "refused at first", "said while the page was cut off", "written to nobody"];
        for visitor in [&bea, &sam] {
            visitor.until(NOTHING_PENDING).await;
            let lines = "[...document.querySelectorAll('li[data-event]')].map(it => it.innerText)";
            let lines = visitor.js(lines).await;
            let lines: Vec<&str> = lines.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
            let found: Vec<_> = lines.iter().filter_map(|line| expected.iter().find(|it| line.contains(**it))).collect();
            assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{lines:?}");
        }
        let entries = scene.world.shop.entries(&scene.id).await;
        for text in expected {
            assert_eq!(entries.iter().filter(|it| it["text"] == text).count(), 1, "{text}");
        }
        assert!(entries.iter().all(|it| it["text"] != "never mind"));
    }
}
