//! An answer that a proxy or container manager gives instead of the homeserver is a temporary failure,
//! and never counts as a refusal. What the homeserver itself refuses is not given up at once, and is
//! listed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Database, Fault, LIES, Lie, When, World, eventually, sample};

/// How long it may take until all pauses are over, on a busy machine.
const WITHIN: Duration = Duration::from_secs(120);

const FORBIDDEN: Lie =
    Lie::Answer(403, "application/json", r#"{"errcode":"M_FORBIDDEN","error":"Not in this room"}"#);
const NOT_FOUND: Lie =
    Lie::Answer(404, "application/json", r#"{"errcode":"M_NOT_FOUND","error":"Not found"}"#);

/// Waits until the proxy has seen `number` calls more that have `part` in them.
async fn calls(world: &World, part: &str, number: usize) {
    let before = world.proxy().count(part);
    eventually(&format!("{number} calls of {part}"), WITHIN, || async {
        (world.proxy().count(part) >= before + number).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_room_is_lost_because_somebody_lies_in_the_homeservers_place() {
    let world = World::with().proxy().start(Database::Sqlite).await;
    let deal = world.deal().await;
    let said = deal.buyer.say(&deal.room, "before the outage").await;
    world.shop.entry(&deal.id, &said).await;
    // Somebody who left is not asked again.
    let left = world.shop.create(&sample("order-2", &deal.buyer.id, &deal.seller.id)).await;
    let left_room = world.shop.room(&left).await;
    deal.buyer.join(&left_room).await;
    deal.seller.join(&left_room).await;
    deal.seller.leave(&left_room).await;

    world.proxy().lie(1_000);
    // After each failed sync, it is asked whether the homeserver still has what it told us.
    calls(&world, "/event/", 4).await;
    // A change comes in the middle of it.
    let change = json!({ "status": "paid" });
    assert_eq!(world.shop.patch(&deal.id, &change).await.0, 200);
    calls(&world, "/state", 3).await;
    world.proxy().heal();

    let after = deal.buyer.say(&deal.room, "after the outage").await;
    world.shop.entry_within(&deal.id, &after, WITHIN).await;
    eventually("the change in the room", WITHIN, || async {
        let topic = deal.buyer.state(&deal.room, "m.room.topic", "").await?;
        topic["topic"].as_str().filter(|it| it.contains("Paid")).map(drop)
    })
    .await;
    for (id, room) in [(&deal.id, &deal.room), (&left, &left_room)] {
        assert_eq!(world.shop.transaction(id).await["room"]["id"], room.as_str());
        let entries = world.shop.entries(id).await;
        let absent = entries.iter().filter(|it| it["absent_since"].is_string());
        assert_eq!(absent.count(), 0);
        let history = deal.buyer.history(room).await;
        let is_summary = |it: &&Value| {
            it["sender"] == world.bot()
                && it["type"] == "m.room.message"
                && it["content"]["m.relates_to"].is_null()
                && it["content"]["body"].as_str().is_some_and(|it| it.starts_with("INV-"))
        };
        assert_eq!(history.iter().filter(is_summary).count(), 1);
    }
    assert!(deal.seller.invitations().await.is_empty(), "somebody who left was invited again");
    assert!(deal.buyer.invitations().await.is_empty());
    let log = world.log();
    assert!(!log.contains("comparing all rooms"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_invited_once_the_lies_are_over() {
    let world = World::with().proxy().start(Database::Sqlite).await;
    let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
    for lie in LIES {
        world.proxy().fault("POST", "/invite", Fault::Lie(lie));
    }
    let mut ids = Vec::new();
    for number in 0..6 {
        let body = sample(&format!("order-{number}"), &buyer.id, &seller.id);
        ids.push(world.shop.create(&body).await);
    }
    for person in [&buyer, &seller] {
        eventually("an invitation to each room", WITHIN, || async {
            (person.invitations().await.len() == ids.len()).then_some(())
        })
        .await;
    }
    for id in ids {
        let transaction = world.shop.transaction(&id).await;
        assert_eq!(transaction["room"]["unreached"], json!([]), "{transaction}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_history_arrive_once_the_lies_are_over() {
    let mut world = World::with().proxy().start(Database::Sqlite).await;
    let deal = world.deal().await;
    world.terminate_tallyroom().await;
    for lie in LIES {
        world.proxy().fault("GET", "/media/download/", Fault::Lie(lie));
        world.proxy().fault("GET", "/messages", Fault::Lie(lie));
    }
    let mut said = Vec::new();
    let mut files = Vec::new();
    for number in 0..LIES.len() {
        let mxc = deal.buyer.upload("a.txt", "text/plain", format!("file {number}").into()).await;
        let message = json!({ "msgtype": "m.file", "body": "a.txt", "url": mxc });
        said.push(deal.buyer.send(&deal.room, "m.room.message", message).await);
        files.push(mxc);
    }
    for number in 0..130 {
        said.push(deal.seller.say(&deal.room, &format!("unheard {number}")).await);
    }
    world.kill_synapse();
    world.start_synapse().await;
    world.start_tallyroom().await;
    // So many lies with pauses between them take too long for a test.
    eventually("all of it in the record", WITHIN, || async {
        world.sql("UPDATE gaps SET due_at = 1 WHERE state = 'open'").await;
        let entries = world.shop.entries(&deal.id).await;
        let has = |event: &String| entries.iter().any(|it| it["event_id"] == event.as_str());
        said.iter().all(has).then_some(())
    })
    .await;
    eventually("all files", WITHIN, || async {
        let wanted = "SELECT CAST(COUNT(*) AS TEXT) FROM files WHERE state <> 'stored'";
        world.sql("UPDATE files SET due_at = 1 WHERE state = 'wanted' AND failures > 0").await;
        (world.sql_text(wanted).await.as_deref() == Some("0")).then_some(())
    })
    .await;
    let sizes = "SELECT CAST(COUNT(*) AS TEXT) FROM files WHERE size IN (6, 7)";
    assert_eq!(world.sql_text(sizes).await, Some(files.len().to_string()), "a lie was kept");
}

on_both_databases! {
    async fn what_is_given_up_is_listed_and_can_be_taken_up_again(database) {
        let mut world = World::with().proxy().start(database).await;
        let deal = world.deal().await;
        assert_eq!(world.run(&["problems"]).0.code(), Some(0));
        world.terminate_tallyroom().await;
        world.proxy().fault_always("GET", "/media/download/", Fault::Lie(NOT_FOUND));
        world.proxy().fault_always("GET", "/messages", Fault::Lie(FORBIDDEN));
        let mxc = deal.buyer.upload("a.txt", "text/plain", b"late".to_vec()).await;
        let message = json!({ "msgtype": "m.file", "body": "a.txt", "url": mxc });
        let mut said = Vec::new();
        for number in 0..130 {
            said.push(deal.seller.say(&deal.room, &format!("unheard {number}")).await);
        }
        deal.buyer.send(&deal.room, "m.room.message", message).await;
        world.kill_synapse();
        world.start_synapse().await;
        world.start_tallyroom().await;

        // One refusal is not enough for either.
        for table in ["gaps", "files"] {
            eventually("a refusal", WITHIN, || async {
                let query = format!("SELECT problem FROM {table} WHERE refusals = 1");
                world.sql_text(&query).await
            }).await;
        }
        let (status, out, error) = world.run(&["problems"]);
        assert_eq!((status.code(), out.as_str()), (Some(0), ""), "{error}");
        // Days pass.
        world.sql("UPDATE gaps SET refusals = 100, due_at = 1").await;
        world.sql("UPDATE files SET refusals = 100, due_at = 1").await;
        let listed = eventually("both in the list", WITHIN, || async {
            let (status, out, _) = world.run(&["problems", "--json"]);
            assert!(status.code() == Some(1) || !out.contains("given up"), "{out}");
            let list: Value = serde_json::from_str(&out).unwrap();
            (list["problems"].as_array().unwrap().len() == 2).then_some(list)
        }).await;
        for (what, why) in [("gap given up", "M_FORBIDDEN"), ("file missing", "M_NOT_FOUND")] {
            let problems = listed["problems"].as_array().unwrap();
            let problem = problems.iter().find(|it| it["what"] == what).unwrap();
            assert_eq!(problem["transaction"], deal.id.as_str());
            assert!(problem["why"].as_str().unwrap().contains(why), "{problem}");
            assert!(problem["since"].is_string() && problem["next_try"].is_null(), "{problem}");
        }
        let (status, out, _) = world.run(&["problems", "--limit", "1"]);
        assert!(status.code() == Some(1) && out.contains("and 1 more"), "{out}");
        let nobody = ulid::Ulid::new().to_string();
        assert_eq!(world.run(&["problems", &nobody]).0.code(), Some(0));
        world.run(&["problems", "--retry", &nobody]);
        assert_eq!(world.run(&["problems", &deal.id]).0.code(), Some(1));

        world.proxy().heal();
        let (status, out, error) = world.run(&["problems", "--retry", &deal.id]);
        assert!(status.success() && out.contains("gaps 1, files 1"), "{out}{error}");
        for event in &said {
            world.shop.entry_within(&deal.id, event, WITHIN).await;
        }
        eventually("the file", WITHIN, || async {
            let state = world.sql_text(&format!("SELECT state FROM files WHERE mxc = '{mxc}'")).await;
            (state.as_deref() == Some("stored")).then_some(())
        }).await;
        assert_eq!(world.run(&["problems"]).0.code(), Some(0));
    }

    async fn dead_media_of_one_shop_do_not_hold_up_another(database) {
        let world = World::with().proxy().start(database).await;
        let deal = world.deal().await;
        world.proxy().fault_always("GET", "/media/download/dead", Fault::Hang(When::Before));
        let file = |mxc: &str| json!({ "msgtype": "m.file", "body": "a.txt", "url": mxc });
        let mut last = String::new();
        for number in 0..45 {
            let mxc = format!("mxc://dead{number}.example/gone");
            last = deal.buyer.send(&deal.room, "m.room.message", file(&mxc)).await;
        }
        world.shop.entry(&deal.id, &last).await;
        eventually("workers that hang", WITHIN, || async {
            (world.proxy().count("/media/download/dead") > 0).then_some(())
        }).await;
        let id = world.other_shop.create(&sample("order-1", &deal.buyer.id, &deal.seller.id)).await;
        let room = world.other_shop.room(&id).await;
        deal.buyer.join(&room).await;
        let mxc = deal.buyer.upload("a.txt", "text/plain", b"alive".to_vec()).await;
        deal.buyer.send(&room, "m.room.message", file(&mxc)).await;
        eventually("the file of the other shop", Duration::from_secs(20), || async {
            let state = world.sql_text(&format!("SELECT state FROM files WHERE mxc = '{mxc}'")).await;
            (state.as_deref() == Some("stored")).then_some(())
        }).await;
        assert!(world.proxy().count("/media/download/dead") <= 4, "dead servers take all workers");
    }
}
