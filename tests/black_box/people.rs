//! Who is in the room of a transaction, who is not, and how people come back.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::on_both_databases;
use crate::support::{Shop, World, eventually, sample};

on_both_databases! {
    async fn the_shop_sees_where_each_contact_stands_and_invites_again(database) {
        let world = World::start(database).await;
        let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
        let decliner = world.person("decliner").await;
        let ghost = "@nobody-there:tally.localhost";
        let (gone, erased) = (world.person("gone").await, world.person("erased").await);
        let admin = world.admin("root").await;
        admin.deactivate(&gone.id, false).await;
        admin.deactivate(&erased.id, true).await;
        let leavers = sample("order-2", &gone.id, &erased.id);
        let leavers = world.shop.create(&leavers).await;
        world.shop.room(&leavers).await;
        stand(&world, &leavers, &["does_not_exist", "does_not_exist"]).await;
        let mut order = sample("order-1", &buyer.id, &seller.id);
        order["buyer"]["contacts"] =
            json!([{ "matrix": buyer.id }, { "matrix": decliner.id }, { "matrix": ghost }]);
        let id = world.shop.create(&order).await;
        let room = world.shop.room(&id).await;
        buyer.join(&room).await;
        decliner.leave(&room).await;
        let members = stand(&world, &id, &["joined", "declined", "does_not_exist", "invited"]).await;
        // In the shop's order, with the party.
        let ids: Vec<_> = members.iter().map(|it| it["matrix"].as_str().unwrap()).collect();
        assert_eq!(ids, [buyer.id.as_str(), &decliner.id, ghost, &seller.id]);
        assert_eq!((&members[0]["party"], &members[3]["party"]), (&json!("buyer"), &json!("seller")));
        assert!(members.iter().all(|it| it["since"].is_string()), "{members:?}");
        let room_now = world.shop.transaction(&id).await["room"].clone();
        assert_eq!(room_now["unreached"][0]["matrix"], ghost, "{room_now}");
        assert_eq!(room_now["unreached"].as_array().unwrap().len(), 1, "{room_now}");
        assert_eq!(room_now["state"], "ready");

        // Somebody leaves by mistake.
        seller.join(&room).await;
        seller.leave(&room).await;
        stand(&world, &id, &["joined", "declined", "does_not_exist", "left"]).await;
        let outsider = world.person("outsider").await;

        // They ask the bot to be let in again; a stranger who does the same gets nowhere.
        for person in [&outsider, &seller] {
            let chat = json!({ "preset": "trusted_private_chat", "is_direct": true, "invite": [world.bot()] });
            assert_eq!(person.call(Method::POST, "/createRoom", Some(chat)).await.0, 200);
        }
        stand(&world, &id, &["joined", "declined", "does_not_exist", "invited"]).await;
        seller.join(&room).await;
        seller.leave(&room).await;
        stand(&world, &id, &["joined", "declined", "does_not_exist", "left"]).await;
        assert_eq!(buyer.state(&room, "m.room.member", &outsider.id).await, None);

        // The shop invites one contact again, or all.
        let path = format!("/api/v1/transactions/{id}/invitations");
        let again = async |body: Option<Value>| {
            let request = world.shop.request(Method::POST, &path);
            let request = match body { Some(body) => request.json(&body), None => request };
            Shop::answer(request).await
        };
        assert_eq!(again(Some(json!({ "matrix": decliner.id }))).await.0, 202);
        stand(&world, &id, &["joined", "invited", "does_not_exist", "left"]).await;
        let (status, problem) = again(Some(json!({ "matrix": outsider.id }))).await;
        assert_eq!((status, problem["pointer"].as_str()), (422, Some("/matrix")), "{problem}");
        // The account comes, and is not missed any more.
        world.person("nobody-there").await;
        assert_eq!(again(None).await.0, 202);
        stand(&world, &id, &["joined", "invited", "invited", "invited"]).await;
        seller.join(&room).await;
        assert_eq!(world.shop.transaction(&id).await["room"]["unreached"], json!([]));
    }

    async fn a_server_that_says_nothing_holds_up_nobody(database) {
        let server = silent_server().await;
        let mut world = World::with().federates_with(&server).start(database).await;
        let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
        // Ten such contacts beside the seller, each in a transaction of their own.
        let mut far = Vec::new();
        for number in 0..10 {
            let contact = format!("@contact{number}:{server}");
            far.push(world.shop.create(&sample(&format!("far-{number}"), &contact, &seller.id)).await);
        }
        let mut near = Vec::new();
        let started = Instant::now();
        for number in 0..10 {
            near.push(world.shop.create(&sample(&format!("near-{number}"), &buyer.id, &seller.id)).await);
        }
        let mut rooms = Vec::new();
        for id in far.iter().chain(&near) {
            rooms.push(world.shop.room(id).await);
        }
        // Synapse takes more than four minutes for one such contact.
        assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
        rooms.sort();
        let mut invited = seller.invitations().await;
        invited.sort();
        assert_eq!(invited, rooms);
        assert_eq!(buyer.invitations().await.len(), near.len());
        for id in &far {
            let room = world.shop.transaction(id).await["room"].clone();
            assert_eq!(room["unreached"].as_array().unwrap().len(), 1, "{room}");
        }
        // One try at a time for the server, over all rooms, then a pause; a kill loses none of them.
        let in_flight = "SELECT CAST(COUNT(began_at) AS TEXT) FROM far_invitations";
        let known = format!("SELECT problem FROM servers WHERE name = '{server}'");
        eventually("the server's trouble is known", Duration::from_secs(300), || async {
            let count: u8 = world.sql_text(in_flight).await.unwrap().parse().unwrap();
            assert!(count <= 1, "{count} tries at once");
            world.sql_text(&known).await
        }).await;
        world.kill_tallyroom();
        world.start_tallyroom().await;
        let all = "SELECT CAST(COUNT(*) AS TEXT) FROM far_invitations";
        assert_eq!(world.sql_text(all).await.as_deref(), Some("10"));
        // An administrator who knows better need not wait for the end of the pause.
        world.terminate_tallyroom().await;
        world.sql("UPDATE servers SET retry_at = retry_at + 3600000").await;
        let (status, out, error) = world.run(&["problems", "--retry"]);
        assert!(status.success(), "{out}{error}");
        let waits = "SELECT name FROM servers WHERE retry_at > since + 3000000";
        assert_eq!(world.sql_text(waits).await, None);
    }
}

/// Waits until the contacts stand like this, in the shop's order.
async fn stand(world: &World, id: &str, wanted: &[&str]) -> Vec<Value> {
    let what = format!("contacts to stand as {wanted:?}");
    let stands = world.eventually(&what, || async {
        let room = world.shop.transaction(id).await["room"].clone();
        let members = room["members"].as_array()?.clone();
        let stand: Vec<_> = members.iter().map(|it| it["membership"].as_str().unwrap()).collect();
        (stand == wanted).then_some(members)
    });
    stands.await
}

/// Accepts every connection, keeps it, and says nothing; its name.
async fn silent_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let name = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            connections.push(connection);
        }
    });
    name
}
