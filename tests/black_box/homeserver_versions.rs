//! On homeservers other than the current Synapse, everything that is promised holds, too.

use std::time::Duration;

use reqwest::Method;
use reqwest::multipart::Form;
use serde_json::json;

use crate::support::{Database, Entered, World};

/// The oldest that is tested (`scripts/synapse versions`).
const OLD: &str = "1.112.0";
const DEVICE: &str = "/devices/TALLYROOM";
const LOGIN: &str = "/login";

/// On one database: what an old homeserver does otherwise is in its answers, and what is written
/// because of them is the same as with today's, whose stories run on both.
#[tokio::test(flavor = "multi_thread")]
async fn the_main_story_holds_on_an_old_homeserver() {
    let mut world = World::with().synapse(OLD).page().proxy().prepare(Database::Sqlite).await;
    world.start_synapse().await;
    let (status, out, error) = world.run(&["check"]);
    assert!(status.success() && out.contains("created by a login"), "{out}{error}");
    world.start_tallyroom().await;
    let deal = world.deal().await;
    let (buyer, seller, room) = (&deal.buyer, &deal.seller, &deal.room);

    // What is said in Matrix clients is in the record, with what becomes of it.
    let question = buyer.say(room, "Is the delivery complete?").await;
    let answer = seller.say(room, "It follows on Friday.").await;
    let edit = seller.edit(room, &answer, "It follows on Thursday.").await;
    let thumb = buyer.react(room, &answer, "👍").await;
    let slip = buyer.say(room, "a slip").await;
    let removal = buyer.redact(room, &slip).await;
    let mxc = buyer.upload("note.txt", "text/plain", b"4 boxes".to_vec()).await;
    let file = json!({ "msgtype": "m.file", "body": "note.txt", "url": mxc });
    let file = buyer.send(room, "m.room.message", file).await;
    for event in [&question, &answer, &edit, &thumb, &removal, &file] {
        world.shop.entry(&deal.id, event).await;
    }
    world
        .eventually("the file is kept", || async {
            let entry = world.shop.entry(&deal.id, &file).await;
            (entry["attachments"][0]["file"]["state"] == "stored").then_some(())
        })
        .await;

    // The page: written there, seen in the room; typing in the room, seen there.
    let link = world.shop.link(&deal.id, "buyer", None).await;
    let page = Entered::by(&link).await;
    let mut live = page.request(Method::GET, "/live").send().await.unwrap();
    let form = Form::new().text("text", "Thursday is fine.");
    let said = page.request(Method::POST, "/messages").multipart(form).send().await.unwrap();
    assert!(said.status().is_success() || said.status().is_redirection(), "{said:?}");
    world
        .eventually("the words from the page in the room", || async {
            let history = seller.history(room).await;
            history.iter().any(|it| it["content"]["body"] == "Thursday is fine.").then_some(())
        })
        .await;
    let typing = format!("/rooms/{room}/typing/{}", seller.id);
    let body = json!({ "typing": true, "timeout": 30_000 });
    assert_eq!(seller.call(Method::PUT, &typing, Some(body)).await.0, 200);
    let seen = async {
        let mut news = String::new();
        while !news.contains("is typing") {
            let piece = live.chunk().await.unwrap().unwrap();
            news.push_str(&String::from_utf8_lossy(&piece));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), seen).await.expect("typing is not seen");

    // A change is told, and everything goes on after a restart of either.
    world.shop.patch(&deal.id, &json!({ "status": "paid" })).await;
    world
        .eventually("the change is told", || async {
            let history = buyer.history(room).await;
            let told = |body: &str| body.contains("has changed") && body.contains("Paid");
            history.iter().any(|it| it["content"]["body"].as_str().is_some_and(told)).then_some(())
        })
        .await;
    world.kill_tallyroom();
    world.kill_synapse();
    world.start_synapse().await;
    let late = buyer.say(room, "Nobody listens now.").await;
    world.start_tallyroom().await;
    assert_eq!(world.shop.entry(&deal.id, &late).await["text"], "Nobody listens now.");
    let (status, out, error) = world.run(&["verify"]);
    assert!(status.success(), "{out}{error}");
    assert_eq!(world.proxy().count(LOGIN), 1, "the device is made once");
}

#[tokio::test(flavor = "multi_thread")]
async fn todays_homeserver_makes_the_bots_device_without_a_login_and_once() {
    let mut world = World::with().proxy().start(Database::Sqlite).await;
    assert_eq!((world.proxy().count(DEVICE), world.proxy().count(LOGIN)), (2, 0));
    world.proxy().forget_calls();
    world.kill_tallyroom();
    world.start_tallyroom().await;
    assert_eq!((world.proxy().count(DEVICE), world.proxy().count(LOGIN)), (1, 0));
}
