//! Polls are shown once, and can be voted in.

use std::io::{Cursor, Read};

use reqwest::Method;
use serde_json::{Value, json};

use super::Scene;
use crate::on_both_databases;
use crate::support::{Entered, Visitor};

const START: &str = "org.matrix.msc3381.poll.start";
const RESPONSE: &str = "org.matrix.msc3381.poll.response";

on_both_databases! {
    async fn a_poll_is_voted_in_here_and_there(database) {
        let scene = Scene::set(database).await;
        let (client, room) = (&scene.sam, &scene.room);
        let (bea, sam) = (scene.bea().await, scene.sam_on_the_page().await);
        let poll = client.send(room, START, question("disclosed", 1)).await;
        bea.sees("Which day?").await;
        let line = format!("li[data-event=\"{poll}\"]");
        let shown = bea.text_of(&line).await;
        for words in ["Which day?", "Friday", "Monday"] {
            assert_eq!(shown.matches(words).count(), 1, "{shown}");
        }

        votes(&bea, "Friday").await;
        let said = vote(&scene, "Bea", 1).await;
        let content = client.event(room, said["event_id"].as_str().unwrap()).await["content"].take();
        assert_eq!(content[RESPONSE]["answers"], json!(["a"]));
        assert_eq!(content["m.relates_to"], json!({ "rel_type": "m.reference", "event_id": poll }));
        shows(&sam, &poll, ["1 vote", "0 votes"]).await;
        // Another choice takes its place.
        votes(&bea, "Monday").await;
        shows(&sam, &poll, ["0 votes", "1 vote"]).await;
        shows(&bea, &poll, ["0 votes", "1 vote"]).await;
        bea.until(&format!("document.querySelector('{line} input[value=b]').checked")).await;

        // What somebody has chosen, and not sent, stays while others vote.
        bea.presses_beside("Which day?", "Friday…").await;
        client.send(room, RESPONSE, json!({
            RESPONSE: { "answers": ["a"] }, "m.relates_to": { "rel_type": "m.reference", "event_id": poll },
        })).await;
        shows(&bea, &poll, ["1 vote", "1 vote"]).await;
        bea.until(&format!("document.querySelector('{line} input[value=a]').checked")).await;
        // One person has one vote, wherever they vote.
        sam.until(&format!("document.querySelector('{line} input[value=a]').checked")).await;
        votes(&sam, "Monday").await;
        shows(&bea, &poll, ["0 votes", "2 votes"]).await;
        assert_eq!(bea.axe().await, Vec::<String>::new());
        bea.pictured("poll-1440").await;

        // Without scripts.
        let plain = scene.browser.tab_beside(&bea).await;
        plain.without_scripts().await;
        plain.open(&scene.page()).await;
        votes(&plain, "Friday").await;
        shows(&bea, &poll, ["1 vote", "1 vote"]).await;

        // At its end the result stays.
        client.send(room, "org.matrix.msc3381.poll.end", json!({
            "org.matrix.msc3381.poll.end": {}, "m.relates_to": { "rel_type": "m.reference", "event_id": poll },
        })).await;
        bea.sees("This poll has ended.").await;
        shows(&bea, &poll, ["1 vote", "1 vote"]).await;
        assert!(bea.text_of(&line).await.contains("your choice"));
        assert_eq!(bea.count(&format!("{line} input:not([type=hidden])")).await, 0);
        assert_eq!(status(&scene, &poll, &["a"]).await, 422);
        // The transcript counts as the page does: Sam has one vote.
        let link = scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await;
        let entered = Entered::by(&link).await;
        let answer = entered.request(Method::GET, "/conversation.zip").send().await.unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(answer.bytes().await.unwrap())).unwrap();
        let mut transcript = String::new();
        zip.by_name("transcript.html").unwrap().read_to_string(&mut transcript).unwrap();
        for count in ["<bdi>Friday: 1</bdi>", "<bdi>Monday: 1</bdi>"] {
            assert!(transcript.contains(count), "{count}: {transcript}");
        }
        assert_eq!(bea.console_errors(), Vec::<String>::new());
        assert_eq!(sam.console_errors(), Vec::<String>::new());
    }

    async fn only_what_a_poll_offers_is_voted_for(database) {
        let scene = Scene::set(database).await;
        let (client, room) = (&scene.sam, &scene.room);
        let bea = scene.bea().await;
        let secret = client.send(room, START, question("undisclosed", 2)).await;
        let words = client.say(room, "No poll").await;
        bea.sees("No poll").await;
        for (event, answers, expected) in [
            (words.as_str(), &["a"][..], 422),
            ("$unknown", &["a"], 422),
            (&secret, &["c"], 422),
            (&secret, &["a", "b", "a"], 422),
            (&secret, &["a", "b"], 202),
            (&secret, &[], 202),
            (&secret, &["a"], 202),
        ] {
            assert_eq!(status(&scene, event, answers).await, expected, "{event} {answers:?}");
        }
        vote(&scene, "Bea", 3).await;
        // Nobody sees how others voted before the end.
        assert_eq!(bea.count(".poll input[type=checkbox]").await, 2);
        assert_eq!(bea.count(".poll meter").await, 0);
        bea.sees("Choose up to 2 answers.").await;
        client.send(room, "org.matrix.msc3381.poll.end", json!({
            "org.matrix.msc3381.poll.end": {}, "m.relates_to": { "rel_type": "m.reference", "event_id": secret },
        })).await;
        shows(&bea, &secret, ["1 vote", "0 votes"]).await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }
}

/// A poll with the answers a and b.
fn question(kind: &str, most: u64) -> Value {
    let answer = |id: &str, text: &str| json!({ "id": id, "org.matrix.msc1767.text": text });
    json!({
        START: {
            "question": { "org.matrix.msc1767.text": "Which day?" }, "kind": format!("org.matrix.msc3381.poll.{kind}"),
            "max_selections": most, "answers": [answer("a", "Friday"), answer("b", "Monday")],
        },
        "org.matrix.msc1767.text": "Which day?",
    })
}

/// Votes for an answer.
async fn votes(visitor: &Visitor, answer: &str) {
    visitor.presses_beside("Which day?", &format!("{answer}…")).await;
    visitor.presses_beside("Which day?", "Vote").await;
}

/// Waits until the page shows these numbers of votes.
async fn shows(visitor: &Visitor, poll: &str, votes: [&str; 2]) {
    let shown = format!(
        "[...document.querySelectorAll('li[data-event=\"{poll}\"] .poll meter')].map(it => it.previousElementSibling.textContent)"
    );
    visitor.until(&format!("JSON.stringify({shown}) === JSON.stringify({})", json!(votes))).await;
}

/// Waits for so many votes of a person in the record; the last of them.
async fn vote(scene: &Scene, name: &str, count: usize) -> Value {
    scene
        .world
        .eventually("the votes in the record", || async {
            let entries = scene.world.shop.entries(&scene.id).await;
            let of_person =
                |it: &Value| it["kind"] == "poll_response" && it["display_name"] == name;
            let votes: Vec<Value> = entries.into_iter().filter(of_person).collect();
            (votes.len() == count).then(|| votes.last().cloned()).flatten()
        })
        .await
}

/// What a vote of Bea's is answered with.
async fn status(scene: &Scene, poll: &str, answers: &[&str]) -> u16 {
    let link = json!({ "party": "buyer", "contact": "bea@birch.example" });
    let link = scene.world.shop.new_link(&scene.id, &link).await;
    let bea = Entered::by(link["url"].as_str().unwrap()).await;
    let answers = answers.iter().map(|it| ("answer", *it));
    let fields = std::iter::once(("event", poll)).chain(answers);
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = bea.request(Method::POST, "/vote").header("accept", "application/json");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    request.send().await.unwrap().status().as_u16()
}
