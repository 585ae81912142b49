//! A failure while something is sent is shown and repaired, and nothing is lost.

use std::time::Duration;

use super::Scene;
use crate::on_both_databases;
use crate::support::{Database, Fault, When, World};

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
        bea.sees("we keep trying").await;
        bea.reload().await;
        bea.sees("written meanwhile").await;
        bea.sees("we keep trying").await;
        assert!(!sam.text().await.contains("written meanwhile"));
        scene.world.start_synapse().await;
        sam.sees_within("written meanwhile", Duration::from_secs(60)).await;
        bea.does_not_see("we keep trying").await;
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
        bea.sees("Waiting for a connection").await;
        bea.says("and this after it").await;
        scene.world.start_tallyroom().await;
        sam.sees_within("written to nobody", Duration::from_secs(60)).await;
        sam.sees_within("and this after it", Duration::from_secs(60)).await;

        // Each of them once, in order, on each page and in the record.
        let expected = ["good morning", "written meanwhile", "refused at first", "said while the page was cut off", "written to nobody", "and this after it"];
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

/// The number of processes of the service.
const PROCESSES: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_on_the_page_notices_that_the_processes_are_restarted_one_by_one() {
    let plan = World::with().page().processes(PROCESSES);
    let mut scene = Scene::set_in(plan, Database::Postgres).await;
    let (bea, sam) = (scene.bea().await, scene.sam_on_the_page().await);
    for visitor in [&bea, &sam] {
        visitor.watches_the_connection().await;
    }
    let mut said = Vec::new();
    for number in 0..PROCESSES {
        let (status, _) = scene.world.terminate_process(number).await;
        assert!(status.success());
        for (from, to) in [(&bea, &sam), (&sam, &bea)] {
            let words = format!("line {} while process {number} is away", said.len());
            from.says(&words).await;
            to.sees(&words).await;
            said.push(words);
        }
        let words = format!("line {} from another client", said.len());
        scene.sam.say(&scene.room, &words).await;
        bea.sees(&words).await;
        said.push(words);
        scene.world.launch_process(number);
        scene.world.wait_for_process(number).await;
    }
    for visitor in [&bea, &sam] {
        visitor.until(NOTHING_PENDING).await;
        assert_eq!(visitor.noticed_of_the_connection().await, [""; 0]);
        let lines = visitor.js("document.getElementById('lines').innerText").await;
        for words in &said {
            assert_eq!(lines.as_str().unwrap().matches(words.as_str()).count(), 1, "{words}");
        }
    }
    let entries = scene.world.shop.entries(&scene.id).await;
    for words in &said {
        assert_eq!(entries.iter().filter(|it| it["text"] == *words).count(), 1, "{words}");
    }
}
