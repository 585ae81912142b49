//! Whatever is killed, and whenever, a transaction ends with one usable room, and nobody is invited to
//! another one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Database, Fault, Person, When, World, eventually, sample};

/// Every call that makes a room, by method and part of its path.
const CALLS: [(&str, &str); 5] = [
    ("POST", "createRoom"),
    ("PUT", "send/m.room.message"),
    ("PUT", "state/m.room.pinned_events"),
    ("POST", "invite"),
    ("POST", "invite"),
];

on_both_databases! {
    async fn a_kill_at_any_call_leaves_one_room(database) {
        let mut world = World::with().proxy().start(database).await;
        let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
        for (index, (method, path)) in CALLS.into_iter().enumerate() {
            for when in [When::Before, When::After] {
                // The last is the second invitation: let the first one pass.
                let skip = usize::from(index == CALLS.len() - 1);
                world.proxy().fault_later(skip, method, path, Fault::Hang(when));
                let name = format!("{index}-{when:?}");
                let id = world.shop.create(&sample(&name, &buyer.id, &seller.id)).await;
                world.proxy().reached().await;
                world.kill_tallyroom();
                world.proxy().heal();
                world.start_tallyroom().await;
                let room = world.shop.room(&id).await;
                is_the_one_room(&world, &id, &room, [&buyer, &seller]).await;
                assert!(buyer.invitations().await.is_empty() && seller.invitations().await.is_empty());
            }
        }
    }

    async fn a_lost_answer_is_looked_into_before_anything_is_repeated(database) {
        let world = World::with().proxy().start(database).await;
        let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
        for (index, (method, path)) in CALLS.into_iter().enumerate() {
            for when in [When::Before, When::After] {
                let skip = usize::from(index == CALLS.len() - 1);
                let fault = Fault::Answer(when, 502, "<html>Bad gateway</html>");
                world.proxy().fault_later(skip, method, path, fault);
                let id = world.shop.create(&sample(&format!("{index}-{when:?}"), &buyer.id, &seller.id)).await;
                let room = world.shop.room(&id).await;
                is_the_one_room(&world, &id, &room, [&buyer, &seller]).await;
                assert!(buyer.invitations().await.is_empty() && seller.invitations().await.is_empty());
            }
        }
        // Being slowed down is no failure either.
        world.proxy().fault("POST", "createRoom",
            Fault::Answer(When::Before, 429, r#"{"errcode":"M_LIMIT_EXCEEDED","error":"slow","retry_after_ms":300}"#));
        let id = world.shop.create(&sample("slow", &buyer.id, &seller.id)).await;
        let room = world.shop.room(&id).await;
        is_the_one_room(&world, &id, &room, [&buyer, &seller]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_killed_while_it_makes_rooms_ends_with_one_each() {
    let mut world = World::start(Database::Sqlite).await;
    let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
    let mut ids = Vec::new();
    for round in 0..4 {
        for number in 0..4 {
            ids.push(
                world
                    .shop
                    .create(&sample(&format!("{round}-{number}"), &buyer.id, &seller.id))
                    .await,
            );
        }
        // Somewhere within createRoom, which takes Synapse about 200 ms.
        tokio::time::sleep(Duration::from_millis(40 + 70 * round)).await;
        world.kill_synapse();
        world.start_synapse().await;
    }
    let mut rooms = Vec::new();
    for id in &ids {
        // A broken room is given a minute before it is replaced.
        let room = eventually("a room", Duration::from_secs(150), || async {
            let transaction = world.shop.transaction(id).await;
            let ready = transaction["room"]["state"] == "ready";
            ready.then(|| transaction["room"]["id"].as_str().unwrap().to_owned())
        });
        rooms.push(room.await);
    }
    invited_to_these_only(&rooms, [&buyer, &seller]).await;
    for (id, room) in ids.iter().zip(&rooms) {
        is_the_one_room(&world, id, room, [&buyer, &seller]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_survives_a_kill_at_every_call() {
    let mut world = World::with().proxy().start(Database::Sqlite).await;
    let deal = world.deal().await;
    // The first message tells the change, the second one edits the summary.
    let steps = [
        (0, "PUT", "state/m.room.topic"),
        (0, "PUT", "state/org.tallyroom.invoice"),
        (0, "PUT", "send/m.room.message"),
        (1, "PUT", "send/m.room.message"),
        (0, "PUT", "state/m.room.pinned_events"),
    ];
    for (index, (skip, method, path)) in steps.into_iter().enumerate() {
        for when in [When::Before, When::After] {
            world.proxy().fault_later(skip, method, path, Fault::Hang(when));
            let status = format!("step {index} {when:?}");
            assert_eq!(world.shop.patch(&deal.id, &json!({ "status": status })).await.0, 200);
            world.proxy().reached().await;
            world.kill_tallyroom();
            world.proxy().heal();
            world.start_tallyroom().await;
            world
                .eventually("the change", || async {
                    let pinned = deal.buyer.state(&deal.room, "m.room.pinned_events", "").await?;
                    let topic = deal.buyer.state(&deal.room, "m.room.topic", "").await?;
                    let history = deal.buyer.history(&deal.room).await;
                    let edits = history.iter().filter(|it| {
                        let new = it["content"]["m.new_content"]["body"].as_str();
                        new.is_some_and(|new| new.contains(&status))
                    });
                    let settled = topic["topic"].as_str()?.contains(&status)
                        && pinned["pinned"].as_array()?.len() == 1;
                    let edits = edits.count();
                    assert!(edits <= 1, "the same edit was sent {edits} times");
                    let told = history.iter().filter(|it| {
                        let body = it["content"]["body"].as_str().unwrap_or_default();
                        body.contains("has changed") && body.contains(&format!("→ {status}"))
                    });
                    let told = told.count();
                    assert!(told <= 1, "the same change was told {told} times");
                    (settled && edits == 1 && told == 1).then_some(())
                })
                .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_homeserver_may_be_down_at_the_start() {
    let mut world = World::with().prepare(Database::Sqlite).await;
    world.launch_tallyroom();
    let body = sample("order-1", "@buyer:tally.localhost", "@seller:tally.localhost");
    let id = world
        .eventually("the API to take a transaction", || async {
            let request = world.shop.request(reqwest::Method::POST, "/api/v1/transactions");
            let answer = request.json(&body).send().await.ok()?;
            let answer: Value = answer.json().await.ok()?;
            answer["id"].as_str().map(str::to_owned)
        })
        .await;
    assert_eq!(world.shop.transaction(&id).await["room"]["state"], "pending");
    let (status, _) = world.shop.get("/health/ready").await;
    assert_eq!(status, 503);
    world.start_synapse().await;
    world.wait_for_tallyroom().await;
    world.shop.room(&id).await;

    // Whoever watches over it hears within seconds what is wrong.
    let is = async |part: &str, wanted: &str| {
        let what = format!("{part}: {wanted}");
        world
            .eventually(&what, || async {
                let (status, report) = world.shop.get("/health/ready").await;
                let is_so = report[part] == wanted && (status == 200) == (wanted == "ok");
                is_so.then_some(())
            })
            .await;
    };
    let mut database = world.database().await;
    sqlx::Executor::execute(&mut database, "BEGIN EXCLUSIVE").await.unwrap();
    is("database", "does not answer").await;
    sqlx::Executor::execute(&mut database, "ROLLBACK").await.unwrap();
    is("database", "ok").await;
    drop(database);
    let (_, report) = world.shop.get("/health/ready").await;
    assert_eq!(report["pushes"], "ok", "{report}");
    world.stop_synapse().await;
    let (status, report) = world
        .eventually("the homeserver is missed", || async {
            let (status, report) = world.shop.get("/health/ready").await;
            (status == 503).then_some((status, report))
        })
        .await;
    assert_eq!((status, &report["homeserver"]), (503, &json!("does not answer")), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_what_is_in_flight() {
    let mut world = World::start(Database::Sqlite).await;
    let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(world.shop.create(&sample(&number.to_string(), &buyer.id, &seller.id)).await);
    }
    let (status, took) = world.terminate_tallyroom().await;
    assert!(status.success(), "{status}\n{}", world.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    world.start_tallyroom().await;
    let mut rooms = Vec::new();
    for id in &ids {
        rooms.push(world.shop.room(id).await);
    }
    invited_to_these_only(&rooms, [&buyer, &seller]).await;
    for (id, room) in ids.iter().zip(&rooms) {
        is_the_one_room(&world, id, room, [&buyer, &seller]).await;
    }
}

/// The room is usable and whole, both parties can join it, and its summary stands there once and
/// is pinned.
pub async fn is_the_one_room(world: &World, id: &str, room: &str, parties: [&Person; 2]) {
    for person in parties {
        person.join(room).await;
    }
    let history = parties[0].history(room).await;
    let summaries: Vec<_> = history
        .iter()
        .filter(|it| it["sender"] == world.bot() && it["type"] == "m.room.message")
        .collect();
    assert_eq!(summaries.len(), 1, "{id} has {} summaries", summaries.len());
    let pinned = parties[0].state(room, "m.room.pinned_events", "").await.unwrap();
    assert_eq!(pinned["pinned"], json!([summaries[0]["event_id"]]));
    for event_type in [
        "m.room.name",
        "m.room.topic",
        "m.room.avatar",
        "m.room.join_rules",
        "m.room.power_levels",
        "m.room.history_visibility",
        "m.room.guest_access",
        "org.tallyroom.invoice",
    ] {
        assert!(parties[0].state(room, event_type, "").await.is_some(), "{id} has no {event_type}");
    }
    let create = parties[0].state(room, "m.room.create", "").await.unwrap();
    assert_eq!(create["org.tallyroom.transaction"]["id"], id);
}

/// Both are invited to exactly these rooms.
async fn invited_to_these_only(rooms: &[String], parties: [&Person; 2]) {
    let mut rooms = rooms.to_vec();
    rooms.sort();
    for person in parties {
        let mut invitations = person.invitations().await;
        invitations.sort();
        assert_eq!(invitations, rooms, "{} was invited to other rooms", person.id);
    }
}

#[tokio::test]
async fn a_second_process_on_the_same_file_is_refused_in_words() {
    let world = World::start(Database::Sqlite).await;
    let (status, _, error) = world.run(&["run"]);
    assert_eq!(status.code(), Some(1), "{error}");
    for part in ["another Tallyroom (process ", "tallyroom.db", "use PostgreSQL"] {
        assert!(error.contains(part), "{error}");
    }
    // Commands beside the service are welcome.
    let (status, out, error) = world.run(&["problems"]);
    assert!(status.success(), "{out}{error}");
}
