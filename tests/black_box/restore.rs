//! After a backup was restored, and after an absence of the bot: what the homeserver has and the record
//! lacks is fetched, and what only the record has is kept and marked.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Database, Person, World, eventually, sample};

/// How long reading a history anew may take on a busy machine.
const WITHIN: Duration = Duration::from_secs(180);

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Puts the files of a database back as they were in `backup`.
fn restore(folder: &Path, backup: &Path, prefix: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with(prefix) {
            std::fs::remove_file(path).unwrap();
        }
    }
    for entry in std::fs::read_dir(backup).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with(prefix) {
            std::fs::copy(&path, folder.join(name)).unwrap();
        }
    }
}

async fn in_record(world: &World, id: &str, events: &[String]) -> Vec<Value> {
    eventually("all of it in the record", WITHIN, || async {
        let entries = world.shop.entries(id).await;
        let has = |event: &String| entries.iter().any(|it| it["event_id"] == event.as_str());
        events.iter().all(has).then_some(entries)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_from_a_backup_catches_up() {
    let mut world = World::start(Database::Sqlite).await;
    let deal = world.deal().await;
    let early = deal.buyer.say(&deal.room, "before the backup").await;
    world.shop.entry(&deal.id, &early).await;
    world.terminate_tallyroom().await;
    let backup = tempfile::tempdir().unwrap();
    copy(world.folder.path(), backup.path());
    world.start_tallyroom().await;
    let mut said = vec![early];
    for number in 0..150 {
        said.push(deal.seller.say(&deal.room, &format!("after the backup {number}")).await);
    }
    in_record(&world, &deal.id, &said).await;
    world.kill_tallyroom();
    restore(world.folder.path(), backup.path(), "tallyroom.db");
    world.start_tallyroom().await;

    let entries = in_record(&world, &deal.id, &said).await;
    assert!(entries.iter().any(|it| it["source"] == "backfill" || it["source"] == "sync"));
    // In its place in the reading order, whatever the order of receipt.
    let mut reading: Vec<&Value> = entries.iter().filter(|it| it["kind"] == "text").collect();
    reading.sort_by_key(|it| it["sort_at"].as_str().unwrap().to_owned());
    let order: Vec<_> =
        reading.iter().filter(|it| it["party"] != "bot").map(|it| &it["event_id"]).collect();
    assert_eq!(order, said.iter().collect::<Vec<_>>());
    assert_eq!(world.run(&["verify"]).0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_from_a_backup_is_compared_with_the_record() {
    let mut world = World::start(Database::Sqlite).await;
    let deal = world.deal().await;
    let early = deal.buyer.say(&deal.room, "before the backup").await;
    world.shop.entry(&deal.id, &early).await;
    let third = world.person("third").await;
    world.terminate_tallyroom().await;
    world.stop_synapse().await;
    let backup = tempfile::tempdir().unwrap();
    copy(&world.folder.path().join("synapse"), backup.path());
    world.start_synapse().await;
    world.start_tallyroom().await;

    // What the backup does not have: words, a status, a contact, a whole room.
    let lost = deal.buyer.say(&deal.room, "we agree on 500").await;
    let mut more = vec![lost.clone()];
    for number in 0..8 {
        more.push(deal.seller.say(&deal.room, &format!("noted {number}")).await);
    }
    let seller = json!({ "contacts": [{ "matrix": deal.seller.id }, { "matrix": third.id }] });
    let change = json!({ "status": "paid", "seller": seller });
    assert_eq!(world.shop.patch(&deal.id, &change).await.0, 200);
    third.join(&deal.room).await;
    let late = world.shop.create(&sample("order-2", &deal.buyer.id, &deal.seller.id)).await;
    let late_room = world.shop.room(&late).await;
    deal.buyer.join(&late_room).await;
    let in_late = deal.buyer.say(&late_room, "in a room that will be lost").await;
    world.shop.entry(&late, &in_late).await;
    in_record(&world, &deal.id, &more).await;

    world.stop_synapse().await;
    restore(&world.folder.path().join("synapse"), backup.path(), "homeserver.db");
    world.start_synapse().await;
    // Somebody speaks before we can have looked: that one is there, and proves nothing.
    let first = deal.buyer.say(&deal.room, "is anybody here?").await;

    // Found out without a restart of ours: what is gone there is kept here, and marked.
    let entry = eventually("the lost words marked", WITHIN, || async {
        let entry = world.shop.entry(&deal.id, &lost).await;
        entry["absent_since"].is_string().then_some(entry)
    })
    .await;
    assert_eq!(entry["text"], "we agree on 500");
    let entries = world.shop.entries(&deal.id).await;
    let of = |event: &str| entries.iter().find(|it| it["event_id"] == event).unwrap();
    assert_eq!(of(&early)["absent_since"], Value::Null);
    assert!(more.iter().all(|event| of(event)["absent_since"].is_string()));

    // The room is brought up to date again, and what is said from now on is recorded.
    eventually("the new contact invited again", WITHIN, || async {
        third.invitations().await.contains(&deal.room).then_some(())
    })
    .await;
    third.join(&deal.room).await;
    let topic = eventually("the topic set again", WITHIN, || async {
        let topic = deal.buyer.state(&deal.room, "m.room.topic", "").await?;
        topic["topic"].as_str().filter(|it| it.contains("Paid")).map(str::to_owned)
    })
    .await;
    assert!(topic.contains("EUR 634.50"));
    let again = deal.buyer.say(&deal.room, "as I said: 500").await;
    let answer = third.say(&deal.room, "yes").await;
    let entries = in_record(&world, &deal.id, &[first, again.clone(), answer]).await;
    let of = |event: &str| entries.iter().find(|it| it["event_id"] == event).unwrap();
    assert_eq!(of(&again)["absent_since"], Value::Null);

    // The transaction whose room is gone has a new one; what was said in the old one stays.
    let new_room = eventually("a new room", WITHIN, || async {
        let transaction = world.shop.transaction(&late).await;
        let room = transaction["room"]["id"].as_str().unwrap_or_default().to_owned();
        (transaction["room"]["state"] == "ready" && room != late_room).then_some(room)
    })
    .await;
    deal.buyer.join(&new_room).await;
    let anew = deal.buyer.say(&new_room, "here we are again").await;
    let entries = in_record(&world, &late, &[anew]).await;
    let kept = entries.iter().find(|it| it["event_id"] == in_late.as_str()).unwrap();
    assert_eq!(kept["text"], "in a room that will be lost");
    assert!(kept["absent_since"].is_string());

    // The summary stands there once, and both records verify.
    let history = deal.buyer.history(&deal.room).await;
    let is_summary = |it: &&Value| {
        it["content"]["body"].as_str().is_some_and(|body| body.starts_with("INV-2026-0042"))
            && it["content"]["m.relates_to"].is_null()
    };
    assert_eq!(history.iter().filter(is_summary).count(), 1);
    let (status, said, error) = world.run(&["verify"]);
    assert!(status.success(), "{said}{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_invited_again_reads_what_it_missed() {
    for version in ["11", "12"] {
        let world = World::with()
            .config("rooms", json!({ "version": version }))
            .start(Database::Sqlite)
            .await;
        let deal = world.deal().await;
        // An admin lets the seller invite, the bot goes, and with the alias goes what made the
        // homeserver push the room's events.
        let mut levels = deal.buyer.state(&deal.room, "m.room.power_levels", "").await.unwrap();
        levels["invite"] = json!(0);
        let escape = |id: &str| form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>();
        let room = escape(&deal.room);
        let transaction = world.shop.transaction(&deal.id).await;
        let alias = escape(transaction["room"]["alias"].as_str().unwrap());
        for (method, path, body) in [
            (Method::PUT, format!("rooms/{room}/state/m.room.power_levels/"), levels),
            (Method::DELETE, format!("directory/room/{alias}"), json!({})),
            (Method::POST, format!("rooms/{room}/leave"), json!({})),
        ] {
            as_bot(&world, method, &path, body).await;
        }
        let mut missed = Vec::new();
        for number in 0..130 {
            missed.push(deal.buyer.say(&deal.room, &format!("unheard {number}")).await);
        }
        // Meanwhile the bot's sync moves on past all of it.
        let other = world.shop.create(&sample("order-2", &deal.buyer.id, &deal.seller.id)).await;
        let other_room = world.shop.room(&other).await;
        deal.buyer.join(&other_room).await;
        let heard = deal.buyer.say(&other_room, "heard").await;
        world.shop.entry(&other, &heard).await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        let known = world.shop.entries(&deal.id).await;
        assert!(
            !known.iter().any(|it| missed.iter().any(|event| it["event_id"] == event.as_str()))
        );

        invite(&deal.seller, &deal.room, &world.bot()).await;
        let entries = in_record(&world, &deal.id, &missed).await;
        let of = |event: &str| entries.iter().find(|it| it["event_id"] == event).unwrap();
        assert_eq!(of(&missed[3])["source"], "backfill");
        let after = deal.buyer.say(&deal.room, "you are back").await;
        world.shop.entry(&deal.id, &after).await;
        assert_eq!(world.run(&["verify"]).0.code(), Some(0));
    }
}

async fn as_bot(world: &World, method: Method, path: &str, body: Value) {
    let config: Value =
        serde_json::from_str(&std::fs::read_to_string(world.config_file()).unwrap()).unwrap();
    let base = config["homeserver"]["url"].as_str().unwrap();
    let url = format!("{base}/_matrix/client/v3/{path}?user_id={}", world.bot());
    let request = reqwest::Client::new().request(method, url).bearer_auth(world.token("as_token"));
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await.unwrap());
}

async fn invite(person: &Person, room: &str, user: &str) {
    let room: String = form_urlencoded::byte_serialize(room.as_bytes()).collect();
    let path = format!("/rooms/{room}/invite");
    let (status, answer) = person.call(Method::POST, &path, Some(json!({ "user_id": user }))).await;
    assert_eq!(status, 200, "{answer}");
}
