//! Who is there, who reads, who writes, who is asked about what, and as whom one speaks.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Scene, WRITE, order};
use crate::on_both_databases;

on_both_databases! {
    async fn each_side_sees_whether_the_other_is_there(database) {
        let scene = Scene::set(database).await;
        let bea = scene.bea().await;
        let (client, room) = (&scene.sam, &scene.room);

        // Whom to ask about what, in the seller's order.
        bea.sees("Sam").await;
        bea.sees("sales").await;
        bea.sees("Rita").await;
        bea.sees("accounts receivable").await;

        // In a Matrix client.
        let presence = format!("/presence/{}/status", client.id);
        for (state, words) in [("online", "online"), ("unavailable", "idle"), ("offline", "last active")] {
            let told = client.call(Method::PUT, &presence, Some(json!({ "presence": state }))).await;
            assert_eq!(told.0, 200, "{}", told.1);
            bea.sees(words).await;
        }
        // On the page.
        let rita = scene.contact("seller", "rita@acme.example").await;
        bea.sees("viewing this page").await;
        rita.sees("viewing this page").await;

        // Read, both ways.
        bea.says("Is it paid?").await;
        let said = scene.entry("Is it paid?").await["event_id"].as_str().unwrap().to_owned();
        rita.sees("Is it paid?").await;
        bea.sees("Seen by Rita (seller)").await;
        let receipt = format!("/rooms/{room}/receipt/m.read/{said}");
        let (status, answer) = client.call(Method::POST, &receipt, Some(json!({}))).await;
        assert_eq!(status, 200, "{answer}");
        bea.sees("Seen by Sam (seller)").await;
        let answer = client.say(room, "It is").await;
        bea.sees("It is").await;
        scene.world.eventually("Bea's receipt, in a Matrix client", || async {
            let events = ephemeral(&scene).await;
            let receipts = events.into_iter().find(|it| it["type"] == "m.receipt")?;
            receipts["content"].get(&answer)?["m.read"].as_object().map(|_| ())
        }).await;

        // Typing, both ways.
        let typing = format!("/rooms/{room}/typing/{}", client.id);
        client.call(Method::PUT, &typing, Some(json!({ "typing": true, "timeout": 30_000 }))).await;
        bea.sees("Sam (seller) is typing").await;
        client.call(Method::PUT, &typing, Some(json!({ "typing": false }))).await;
        bea.does_not_see("is typing").await;
        bea.types(WRITE, "I wonder").await;
        rita.sees("Bea (buyer) is typing").await;
        scene.world.eventually("Bea typing, in a Matrix client", || async {
            let events = ephemeral(&scene).await;
            events.iter().find(|it| it["type"] == "m.typing" && !it["content"]["user_ids"].as_array().unwrap().is_empty()).cloned()
        }).await;
        bea.clears(WRITE).await;
        rita.does_not_see("is typing").await;

        // How long replies take, once there are enough to tell.
        for number in 1..=3 {
            bea.says(&format!("question {number}")).await;
            scene.entry(&format!("question {number}")).await;
            client.say(room, &format!("answer {number}")).await;
            bea.sees(&format!("answer {number}")).await;
        }
        bea.sees("Usually replies within a minute").await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }

    async fn everybody_speaks_through_a_guest_of_their_own_and_only_there(database) {
        let scene = Scene::set(database).await;
        let (client, room) = (&scene.sam, &scene.room);
        let (bea, sam) = (scene.bea().await, scene.sam_on_the_page().await);
        bea.says("from Bea").await;
        sam.says("from Sam, on the page").await;
        client.say(room, "from Sam, in a client").await;
        let bea_said = scene.entry("from Bea").await;
        let sam_said = scene.entry("from Sam, on the page").await;
        scene.entry("from Sam, in a client").await;
        assert_eq!(bea_said["display_name"], "Bea");
        assert_eq!(bea_said["party"], "buyer");
        assert_eq!(sam_said["display_name"], "Sam (invoice page)");
        assert_eq!(sam_said["party"], "seller");
        for said in [&bea_said, &sam_said] {
            let sender = said["sender"].as_str().unwrap();
            assert!(sender.starts_with("@_tallyroom_"), "{sender}");
            let member = client.state(room, "m.room.member", sender).await.unwrap();
            assert_eq!(member["displayname"], said["display_name"]);
        }
        assert_ne!(bea_said["sender"], sam_said["sender"]);

        // In another room, the same person is another guest, and none is there before they speak.
        let other = scene.world.shop.create(&order("order-2", &client.id)).await;
        let other_room = scene.world.shop.room(&other).await;
        client.join(&other_room).await;
        let members = client.call(Method::GET, &format!("/rooms/{other_room}/members"), None).await.1;
        assert!(!members.to_string().contains("@_tallyroom_guest"), "{members}");
        let there = scene.browser.visitor().await;
        there.open(&scene.world.shop.link(&other, "buyer", Some("bea@birch.example")).await).await;
        there.says("from Bea, elsewhere").await;
        let said = scene.world.eventually("an entry elsewhere", || async {
            let entries = scene.world.shop.entries(&other).await;
            entries.into_iter().find(|it| it["text"] == "from Bea, elsewhere")
        }).await;
        assert_ne!(said["sender"], bea_said["sender"]);
        let members = client.call(Method::GET, &format!("/rooms/{other_room}/members"), None).await.1;
        assert!(!members.to_string().contains(bea_said["sender"].as_str().unwrap()));
    }
}

/// What a Matrix client of Sam's hears of the room beside its messages.
async fn ephemeral(scene: &Scene) -> Vec<Value> {
    let number = rand::random::<u32>();
    let filter = json!({ "presence": { "not_types": [number.to_string()] } }).to_string();
    let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let path = format!("/sync?timeout=0&filter={filter}");
    let (_, answer) = scene.sam.call(Method::GET, &path, None).await;
    let events = &answer["rooms"]["join"][&scene.room]["ephemeral"]["events"];
    events.as_array().cloned().unwrap_or_default()
}
