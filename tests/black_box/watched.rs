//! What happens to a room is noticed and answered: state that others change, encryption, upgrades, and
//! an administrator who deletes the room.

use reqwest::Method;
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::world::Deal;
use crate::support::{Database, Person, World, sample};

/// The bot gives somebody the power to change everything.
pub(crate) async fn empower(world: &World, room: &str, person: &Person) {
    let mut levels = person.state(room, "m.room.power_levels", "").await.unwrap();
    levels["users"][&person.id] = json!(100);
    let path = format!("rooms/{}/state/m.room.power_levels/", escape(room));
    world.as_bot(Method::PUT, &path, &levels).await;
}

pub(crate) fn escape(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

/// Somebody removes the content of a state event of ours.
async fn remove_state(person: &Person, room: &str, event_type: &str) {
    let path = format!("/rooms/{}/state", escape(room));
    let (_, state) = person.call(Method::GET, &path, None).await;
    let event = state.as_array().unwrap().iter().find(|it| it["type"] == event_type).unwrap();
    person.redact(room, event["event_id"].as_str().unwrap()).await;
}

pub(crate) async fn room_of(world: &World, id: &str) -> Value {
    world.shop.transaction(id).await["room"].clone()
}

/// What stands in a room's state comes back to `wanted`, as far as it is ours.
async fn comes_back(world: &World, deal: &Deal, event_type: &str, wanted: &Value) {
    world
        .eventually(event_type, || async {
            let content = deal.buyer.state(&deal.room, event_type, "").await?;
            // createRoom adds keys of its own, such as `m.topic`.
            let content = content.as_object()?;
            let same = content.iter().all(|(key, value)| wanted.get(key) == Some(value));
            (same && !content.is_empty()).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_change_in_a_room_is_put_back() {
    let world =
        World::with().config("rooms", json!({ "version": "12" })).start(Database::Sqlite).await;
    let deal = world.deal().await;
    let read = async |event_type: &str| {
        world.eventually(event_type, || deal.buyer.state(&deal.room, event_type, "")).await
    };
    let levels = read("m.room.power_levels").await;
    for (event_type, content) in [
        ("m.room.topic", json!({ "topic": "Pay to another account" })),
        ("org.tallyroom.invoice", json!({})),
        ("m.room.join_rules", json!({ "join_rule": "public" })),
        ("m.room.pinned_events", json!({ "pinned": [] })),
    ] {
        let before = read(event_type).await;
        empower(&world, &deal.room, &deal.seller).await;
        assert_eq!(deal.seller.set_state(&deal.room, event_type, content).await, 200);
        comes_back(&world, &deal, event_type, &before).await;
    }
    // Whoever pins something of their own is left alone.
    empower(&world, &deal.room, &deal.seller).await;
    let own = deal.seller.say(&deal.room, "look at this").await;
    let mut pins = read("m.room.pinned_events").await;
    pins["pinned"].as_array_mut().unwrap().push(json!(own));
    assert_eq!(deal.seller.set_state(&deal.room, "m.room.pinned_events", pins.clone()).await, 200);
    let topic = read("m.room.topic").await;
    let theirs = json!({ "topic": "mine" });
    assert_eq!(deal.seller.set_state(&deal.room, "m.room.topic", theirs.clone()).await, 200);
    comes_back(&world, &deal, "m.room.topic", &topic).await;
    assert_eq!(read("m.room.pinned_events").await, pins);
    // With the other state, the power is put back too.
    comes_back(&world, &deal, "m.room.power_levels", &levels).await;

    // Whoever does not stop is answered more and more slowly, and the shop is told.
    empower(&world, &deal.room, &deal.seller).await;
    assert_eq!(deal.seller.set_state(&deal.room, "m.room.topic", theirs.clone()).await, 200);
    let room = world
        .eventually("the shop is told", || async {
            let room = room_of(&world, &deal.id).await;
            room["problem"].as_str()?.contains("changed m.room.topic").then_some(room)
        })
        .await;
    assert!(room["problem"].as_str().unwrap().contains(&deal.seller.id), "{room}");
    assert_eq!(room["state"], "degraded", "{room}");
    assert_eq!(read("m.room.topic").await, theirs);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_add_to_a_room_or_remove_from_it_is_put_back_too() {
    let world =
        World::with().config("rooms", json!({ "version": "12" })).start(Database::Sqlite).await;
    let deal = world.deal().await;
    let read = async |event_type: &str| {
        world.eventually(event_type, || deal.buyer.state(&deal.room, event_type, "")).await
    };
    let (topic, invoice) = (read("m.room.topic").await, read("org.tallyroom.invoice").await);
    let alias = read("m.room.canonical_alias").await;

    // Clients that know rich topics would show these words, and not ours.
    empower(&world, &deal.room, &deal.seller).await;
    let mut lie = topic.clone();
    lie["m.topic"] = json!({ "m.text": [{ "body": "Pay to another account" }] });
    assert_eq!(deal.seller.set_state(&deal.room, "m.room.topic", lie).await, 200);
    world
        .eventually("the topic without the lie", || async {
            let now = deal.buyer.state(&deal.room, "m.room.topic", "").await?;
            let is_ours = now["topic"] == topic["topic"];
            (is_ours && !now.to_string().contains("another account")).then_some(())
        })
        .await;

    empower(&world, &deal.room, &deal.seller).await;
    remove_state(&deal.seller, &deal.room, "org.tallyroom.invoice").await;
    comes_back(&world, &deal, "org.tallyroom.invoice", &invoice).await;

    empower(&world, &deal.room, &deal.seller).await;
    assert_eq!(deal.seller.set_state(&deal.room, "m.room.canonical_alias", json!({})).await, 200);
    comes_back(&world, &deal, "m.room.canonical_alias", &alias).await;

    // This shop has no page. A page of somebody else does not take its place.
    empower(&world, &deal.room, &deal.seller).await;
    let path = format!("/rooms/{}/state/im.vector.modular.widgets/tallyroom", escape(&deal.room));
    let widget =
        json!({ "id": "tallyroom", "type": "m.custom", "url": "https://elsewhere.example" });
    assert_eq!(deal.seller.call(Method::PUT, &path, Some(widget)).await.0, 200);
    world
        .eventually("no widget", || async {
            let (_, now) = deal.seller.call(Method::GET, &path, None).await;
            (now == json!({})).then_some(())
        })
        .await;
    assert_eq!(room_of(&world, &deal.id).await["state"], "ready");
}

on_both_databases! {
    async fn what_the_bot_said_and_somebody_removed_is_said_again(database) {
        let world = World::with().config("rooms", json!({ "version": "12" })).start(database).await;
        let deal = world.deal().await;
        let change = json!({ "status": "disputed" });
        assert_eq!(world.shop.patch(&deal.id, &change).await.0, 200);
        let bot = world.bot();
        let said = async |what: fn(&Value) -> bool| {
            let history = deal.buyer.history(&deal.room).await;
            let ours = history.into_iter().filter(|it| it["sender"] == bot.as_str());
            ours.filter(what).map(|it| it["event_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let is_edit = |it: &Value| it["content"]["m.new_content"]["body"].as_str().is_some_and(|it| it.contains("Disputed"));
        let is_news = |it: &Value| it["content"]["body"].as_str().is_some_and(|it| it.contains("has changed") && it.contains("Disputed"));
        let edit = world.eventually("the edit", || async { said(is_edit).await.pop() }).await;
        let news = world.eventually("the news", || async { said(is_news).await.pop() }).await;
        empower(&world, &deal.room, &deal.seller).await;
        deal.seller.redact(&deal.room, &edit).await;
        deal.seller.redact(&deal.room, &news).await;
        world.eventually("the news again", || async {
            said(is_news).await.into_iter().find(|it| *it != news)
        }).await;
        world.eventually("a summary that is true", || async {
            let pins = deal.buyer.state(&deal.room, "m.room.pinned_events", "").await?;
            let [pinned] = pins["pinned"].as_array()?.as_slice() else { return None };
            let summary = deal.buyer.event(&deal.room, pinned.as_str()?).await;
            summary["content"]["body"].as_str()?.contains("Disputed").then_some(())
        }).await;
        assert_eq!(said(is_news).await.len(), 1);
    }

    async fn a_bot_that_is_put_out_of_its_room_says_so_and_the_shop_gets_another(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let admin = world.admin("root").await;
        // The homeserver's admin ends the room, and keeps what was said there.
        admin.end_room(&deal.room).await;
        world.eventually("the shop is told", || async {
            let room = room_of(&world, &deal.id).await;
            let told = room["problem"].as_str()?.contains("no longer in the room");
            (told && room["state"] == "failed").then_some(())
        }).await;
        let path = format!("/api/v1/transactions/{}/invitations", deal.id);
        let answer = world.shop.request(Method::POST, &path).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let new = world.eventually("another room", || async {
            let room = room_of(&world, &deal.id).await;
            let id = room["id"].as_str().filter(|id| *id != deal.room)?;
            (room["state"] == "ready").then(|| id.to_owned())
        }).await;
        for person in [&deal.buyer, &deal.seller] {
            person.join(&new).await;
        }
        let event = deal.buyer.say(&new, "here we go on").await;
        assert_eq!(world.shop.entry(&deal.id, &event).await["room_id"], new.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_whom_somebody_bans_is_told_and_comes_back_by_an_invitation() {
    let world =
        World::with().config("rooms", json!({ "version": "12" })).start(Database::Sqlite).await;
    let deal = world.deal().await;
    empower(&world, &deal.room, &deal.seller).await;
    let path = format!("/rooms/{}/ban", escape(&deal.room));
    let ban = json!({ "user_id": deal.buyer.id });
    assert_eq!(deal.seller.call(Method::POST, &path, Some(ban)).await.0, 200);
    world
        .eventually("the shop is told", || async {
            let room = room_of(&world, &deal.id).await;
            (room["unreached"][0]["matrix"] == deal.buyer.id.as_str()).then_some(())
        })
        .await;
    let path = format!("/api/v1/transactions/{}/invitations", deal.id);
    let answer = world.shop.request(Method::POST, &path).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    deal.buyer.join(&deal.room).await;
    world
        .eventually("nobody is missing", || async {
            (room_of(&world, &deal.id).await["unreached"] == json!([])).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_somebody_encrypts_says_that_it_is_not_recorded() {
    let world = World::start(Database::Sqlite).await;
    let deal = world.deal().await;
    empower(&world, &deal.room, &deal.seller).await;
    let on = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
    assert_eq!(deal.seller.set_state(&deal.room, "m.room.encryption", on).await, 200);
    world
        .eventually("the shop is told", || async {
            let room = room_of(&world, &deal.id).await;
            let told = room["problem"].as_str()?.contains("encrypted");
            (told && room["state"] == "failed").then_some(())
        })
        .await;
    let secret = json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "device_id": "D",
        "sender_key": "k", "session_id": "s" });
    let event = deal.buyer.send(&deal.room, "m.room.encrypted", secret).await;
    world.shop.entry(&deal.id, &event).await;
    let transaction = world.shop.transaction(&deal.id).await;
    assert_eq!(transaction["record"]["unreadable"], 1, "{transaction}");
    // Nobody further is brought into it, and it is said once.
    let newcomer = world.person("newcomer").await;
    let contacts = json!({ "buyer": { "contacts": [{ "matrix": newcomer.id }] } });
    assert_eq!(world.shop.patch(&deal.id, &contacts).await.0, 200);
    world
        .eventually("the room stops again", || async {
            (room_of(&world, &deal.id).await["state"] == "failed").then_some(())
        })
        .await;
    assert!(newcomer.invitations().await.is_empty());
    assert_eq!(notices(&deal.buyer, &deal.room).await, 1);
}

async fn notices(person: &Person, room: &str) -> usize {
    let history = person.history(room).await;
    let told = |event: &&Value| {
        let words = event["content"]["body"].as_str().unwrap_or_default();
        event["content"]["msgtype"] == "m.notice" && words.contains("This room is encrypted")
    };
    history.iter().filter(told).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_that_encrypts_every_room_is_found_by_check_and_in_the_room() {
    let world = World::with()
        .homeserver("encryption_enabled_by_default_for_room_type", json!("invite"))
        .start(Database::Sqlite)
        .await;
    let (status, out, _) = world.run(&["check"]);
    assert!(!status.success());
    let advice = "encryption_enabled_by_default_for_room_type: off";
    assert!(out.contains("FAIL  encryption") && out.contains(advice), "{out}");

    let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
    let id = world.shop.create(&sample("order-1", &buyer.id, &seller.id)).await;
    world
        .eventually("the shop is told", || async {
            let room = room_of(&world, &id).await;
            let told = room["problem"].as_str()?.contains("encrypted");
            (told && room["state"] == "failed").then_some(())
        })
        .await;
    assert!(buyer.invitations().await.is_empty() && seller.invitations().await.is_empty());
}

on_both_databases! {
    async fn an_upgraded_room_is_followed_and_a_hostile_one_is_not(database) {
        let world = World::with().config("rooms", json!({ "version": "11" })).start(database).await;
        let deal = world.deal().await;
        let early = deal.buyer.say(&deal.room, "before the upgrade").await;
        world.shop.entry(&deal.id, &early).await;
        let alias = room_of(&world, &deal.id).await["alias"].clone();

        // An admin upgrades the room, and invites everybody as clients do.
        empower(&world, &deal.room, &deal.seller).await;
        let path = format!("/rooms/{}/upgrade", escape(&deal.room));
        let (status, answer) =
            deal.seller.call(Method::POST, &path, Some(json!({ "new_version": "11" }))).await;
        assert_eq!(status, 200, "{answer}");
        let successor = answer["replacement_room"].as_str().unwrap().to_owned();
        let first = deal.seller.say(&successor, "first words in the successor").await;
        invite(&deal.seller, &successor, &world.bot()).await;
        world.eventually("the bot follows", || async {
            (room_of(&world, &deal.id).await["id"] == successor.as_str()).then_some(())
        }).await;
        deal.buyer.join(&successor).await;
        let late = deal.seller.say(&deal.room, "late words in the old room").await;
        let next = deal.buyer.say(&successor, "words in the successor").await;
        for event in [&early, &first, &late, &next] {
            world.shop.entry(&deal.id, event).await;
        }
        world.eventually("summary and pin", || async {
            let pins = deal.buyer.state(&successor, "m.room.pinned_events", "").await?;
            let summary = deal.buyer.event(&successor, pins["pinned"][0].as_str()?).await;
            summary["content"]["body"].as_str()?.contains("INV-2026-0042").then_some(())
        }).await;
        let canonical = world.eventually("the alias", || {
            deal.buyer.state(&successor, "m.room.canonical_alias", "")
        }).await;
        assert_eq!(canonical["alias"], alias);

        // Somebody replaces it by a room of their own, which does not name ours.
        let body = json!({ "preset": "private_chat", "invite": [world.bot()] });
        let (_, answer) = deal.seller.call(Method::POST, "/createRoom", Some(body)).await;
        let hostile = answer["room_id"].as_str().unwrap().to_owned();
        let tombstone = json!({ "body": "moved", "replacement_room": hostile });
        assert_eq!(deal.seller.set_state(&successor, "m.room.tombstone", tombstone).await, 200);
        let own = world.eventually("a room of our own", || async {
            let room = room_of(&world, &deal.id).await;
            let id = room["id"].as_str().filter(|id| *id != successor && *id != hostile)?;
            (room["state"] == "degraded").then(|| id.to_owned())
        }).await;
        deal.buyer.join(&own).await;
        let create = deal.buyer.state(&own, "m.room.create", "").await.unwrap();
        assert_eq!(create["predecessor"]["room_id"], successor.as_str());
        assert_eq!(deal.seller.state(&hostile, "org.tallyroom.invoice", "").await, None);
        world.eventually("the bot leaves the hostile room", || async {
            let member = deal.seller.state(&hostile, "m.room.member", &world.bot()).await?;
            (member["membership"] == "leave").then_some(())
        }).await;
        // The old room leads to ours again, and the shop knows what it does not hear.
        world.eventually("the old room leads on", || async {
            let tombstone = deal.buyer.state(&successor, "m.room.tombstone", "").await?;
            (tombstone["replacement_room"] == own.as_str()).then_some(())
        }).await;
        world.eventually("the shop is told", || async {
            let room = room_of(&world, &deal.id).await;
            let told = room["problem"].as_str()?.contains(&hostile);
            (told && room["state"] == "degraded").then_some(())
        }).await;
        deal.seller.join(&own).await;
        world.eventually("everybody is in our own room", || async {
            (room_of(&world, &deal.id).await["state"] == "ready").then_some(())
        }).await;
        let last = deal.buyer.say(&own, "words in our own room").await;
        let entries = world.shop.entry(&deal.id, &last).await;
        assert_eq!(entries["room_id"], own.as_str());
        let earlier = room_of(&world, &deal.id).await["earlier"].clone();
        assert_eq!(earlier.as_array().map(Vec::len), Some(2), "{earlier}");
        let (status, out, error) = world.run(&["verify"]);
        assert!(status.success(), "{out}{error}");
    }
}

on_both_databases! {
    async fn words_in_a_successor_that_kept_the_bot_out_are_recorded_once_it_is_let_in(database) {
        let world = World::with().config("rooms", json!({ "version": "12" })).start(database).await;
        let deal = world.deal().await;
        empower(&world, &deal.room, &deal.seller).await;
        let path = format!("/rooms/{}/upgrade", escape(&deal.room));
        let (status, answer) =
            deal.seller.call(Method::POST, &path, Some(json!({ "new_version": "11" }))).await;
        assert_eq!(status, 200, "{answer}");
        let apart = answer["replacement_room"].as_str().unwrap().to_owned();
        let said = deal.seller.say(&apart, "between ourselves").await;
        world.eventually("a room of our own, and the shop is told", || async {
            let room = room_of(&world, &deal.id).await;
            let id = room["id"].as_str().filter(|id| *id != deal.room && *id != apart)?;
            let told = room["problem"].as_str()?.contains("No message of that room is recorded");
            (told && room["state"] == "degraded").then(|| id.to_owned())
        }).await;
        invite(&deal.seller, &apart, &world.bot()).await;
        let entry = world.shop.entry(&deal.id, &said).await;
        assert_eq!(entry["room_id"], apart.as_str());
        world.eventually("nothing is missed any more", || async {
            let room = room_of(&world, &deal.id).await;
            (room["state"] == "ready" && room["id"] != apart.as_str()).then_some(())
        }).await;
    }
}

pub(crate) async fn invite(person: &Person, room: &str, user: &str) {
    let path = format!("/rooms/{}/invite", escape(room));
    let (status, answer) = person.call(Method::POST, &path, Some(json!({ "user_id": user }))).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_the_admin_deleted_and_blocked_is_made_again_only_on_purpose() {
    let mut world = World::start(Database::Sqlite).await;
    let deal = world.deal().await;
    let event = deal.buyer.say(&deal.room, "soon gone").await;
    world.shop.entry(&deal.id, &event).await;
    let admin = world.admin("root").await;
    world.terminate_tallyroom().await;
    admin.delete_room(&deal.room, true).await;
    world.start_tallyroom().await;
    world
        .eventually("the shop is told", || async {
            let room = room_of(&world, &deal.id).await;
            let told = room["problem"].as_str()?.contains("blocked");
            (told && room["state"] == "failed").then_some(())
        })
        .await;
    assert_eq!(world.shop.patch(&deal.id, &json!({ "status": "disputed" })).await.0, 200);
    world
        .eventually("it stays so", || async {
            let room = room_of(&world, &deal.id).await;
            (room["state"] == "failed" && room["id"].is_null()).then_some(())
        })
        .await;
    let contacts = json!({ "buyer": { "contacts": [{ "matrix": deal.buyer.id }] } });
    assert_eq!(world.shop.patch(&deal.id, &contacts).await.0, 200);
    let new = world.shop.room(&deal.id).await;
    assert_ne!(new, deal.room);
    deal.buyer.join(&new).await;
}
