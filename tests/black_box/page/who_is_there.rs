//! Who is there, who reads, who writes, who is asked about what, and as whom one speaks.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Scene, WRITE, order};
use crate::on_both_databases;
use crate::support::Visitor;

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
        for (state, words) in [("online", "online"), ("unavailable", "away"), ("offline", "last active")] {
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
        scene.world.eventually("the last answer in the index", || async {
            let indexed = "SELECT CAST(COUNT(*) AS TEXT) FROM search_rows WHERE words = 'answer 3'";
            (scene.world.sql_text(indexed).await.as_deref() == Some("1")).then_some(())
        }).await;
        bea.reload().await;
        bea.sees("Usually replies within a minute").await;
        // Whoever buys from this seller for the first time is told as well, and not what other buyers do.
        let other = scene.world.shop.create(&order("order-2", &client.id)).await;
        let kim = scene.browser.visitor().await;
        kim.open(&scene.world.shop.link(&other, "buyer", Some("bea@birch.example")).await).await;
        kim.sees("No messages yet").await;
        kim.sees("Usually replies within a minute").await;
        let seller = scene.browser.visitor().await;
        seller.open(&scene.world.shop.link(&other, "seller", Some("rita@acme.example")).await).await;
        seller.sees("No messages yet").await;
        seller.does_not_see("Usually replies").await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }

    async fn whoever_is_no_contact_is_seen_as_that(database) {
        let scene = Scene::set(database).await;
        let bea = scene.bea().await;
        let mallory = scene.world.person("mallory").await;
        let name = json!({ "displayname": "Rita" });
        mallory.call(Method::PUT, &format!("/profile/{}/displayname", mallory.id), Some(name)).await;
        let invite = format!("rooms/{}/invite", scene.room);
        scene.world.as_bot(Method::POST, &invite, &json!({ "user_id": mallory.id })).await;
        mallory.join(&scene.room).await;
        let stranger = format!("Rita · {}", mallory.id);
        bea.sees(&stranger).await;
        let badge = "document.querySelector('#people .badge[data-role=other]')?.textContent === 'guest'";
        bea.until(badge).await;
        bea.reload().await;
        bea.until(badge).await;
        // Nobody but the stranger is one: neither the bot, nor a guest, nor a contact.
        bea.says("Good morning").await;
        scene.entry("Good morning").await;
        bea.reload().await;
        bea.sees(&stranger).await;
        assert_eq!(bea.count("#people .badge[data-role=other]").await, 1);
        mallory.leave(&scene.room).await;
        bea.does_not_see(&stranger).await;
    }

    async fn one_person_is_one_person_wherever_they_write(database) {
        let scene = Scene::set(database).await;
        let (client, room) = (&scene.sam, &scene.room);
        let (bea, rita, sam) =
            (scene.bea().await, scene.contact("seller", "rita@acme.example").await, scene.sam_on_the_page().await);
        for visitor in [&bea, &rita, &sam] {
            visitor.size(1440, 900).await;
        }
        bea.sees("You are writing as Bea for Birch GmbH.").await;
        sam.sees("You are writing as Sam for Acme Ltd.").await;
        bea.says("Is it paid?").await;
        let asked = scene.entry("Is it paid?").await["event_id"].as_str().unwrap().to_owned();
        sam.says("I look").await;
        scene.entry("I look").await;
        let answer = client.say(room, "It is").await;

        // From the page and from a client: one name, one group, one side.
        for (visitor, side, by) in [(&bea, "theirs", "Sam seller"), (&rita, "ours", "Sam seller"), (&sam, "mine", "You")] {
            visitor.sees("It is").await;
            let line = format!("li[data-event=\"{answer}\"]");
            visitor.until(&format!("!!document.querySelector('{line}.{side}.follows')")).await;
            let names = "[...document.querySelectorAll('.line:not(.happening) .by')].map(it => it.textContent.trim())";
            let said = visitor.js(names).await;
            assert_eq!(said.as_array().unwrap()[1..], [by, by], "{said}");
        }
        // The three look different, and one's own lines are at the end, whatever the direction of writing.
        let question = format!("li[data-event=\"{asked}\"] .bubble");
        let bubble = format!("li[data-event=\"{answer}\"] .bubble");
        let mut looks = std::collections::BTreeSet::new();
        for visitor in [&bea, &rita, &sam] {
            looks.insert(visitor.js(&format!("getComputedStyle(document.querySelector('{bubble}')).backgroundColor")).await.to_string());
        }
        assert_eq!(looks.len(), 3, "{looks:?}");
        assert!(is_right_of_the_middle(&bea, &question).await && !is_right_of_the_middle(&bea, &bubble).await);
        assert!(is_right_of_the_middle(&sam, &bubble).await && !is_right_of_the_middle(&rita, &bubble).await);
        bea.open(&format!("{}&lang=ar", bea.url().await.split('#').next().unwrap())).await;
        bea.sees("It is").await;
        assert!(!is_right_of_the_middle(&bea, &question).await && is_right_of_the_middle(&bea, &bubble).await);
        assert_eq!(bea.axe().await, Vec::<String>::new());
        bea.dark().await;
        assert_eq!(bea.axe().await, Vec::<String>::new());

        // One reaction, one who writes, one who answers to oneself.
        sam.chooses("Is it paid?", "React with 👍").await;
        client.react(room, &asked, "👍").await;
        client.react(room, &asked, "🎉").await;
        let button = format!("li[data-event=\"{asked}\"] .reactions button");
        for (visitor, who) in [(&rita, "Sam (seller)"), (&sam, "You")] {
            visitor.until(&format!("document.querySelectorAll('{button}').length === 2")).await;
            visitor.until(&format!("[...document.querySelectorAll('{button}')].every(it => it.title === '{who}' && it.textContent.endsWith(' 1'))")).await;
        }
        let typing = format!("/rooms/{room}/typing/{}", client.id);
        client.call(Method::PUT, &typing, Some(json!({ "typing": true, "timeout": 30_000 }))).await;
        sam.types(WRITE, "And more").await;
        rita.sees("Sam (seller) is typing").await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        rita.does_not_see("Sam (seller) and Sam (seller)").await;
        sam.clears(WRITE).await;
        sam.chooses("It is", "Reply").await;
        sam.sees("Replying to your own message").await;
        sam.says("Since Monday").await;
        rita.sees("Since Monday").await;
        let quote = ".quote .name[aria-hidden]";
        sam.until(&format!("document.querySelector('{quote}')?.textContent === 'You'")).await;
        rita.until(&format!("document.querySelector('{quote}')?.textContent === 'Sam (seller)'")).await;
        rita.says("Thank you both").await;
        rita.sees("Thank you both").await;
        for (width, dark) in [(390, false), (820, true), (1440, false), (1440, true)] {
            let look = scene.browser.tab_beside(&rita).await;
            if dark {
                look.dark().await;
            }
            look.size(width, 844).await;
            look.open(&format!("{}#messages", scene.page())).await;
            look.sees("Thank you both").await;
            look.js("document.querySelector('.people details').open = true, 0").await;
            look.pictured(&format!("who-{width}-{dark}")).await;
        }
        bea.pictured("who-ar-1440").await;
        for visitor in [&rita, &sam] {
            assert_eq!(visitor.console_errors(), Vec::<String>::new());
        }
    }

    async fn everybody_is_shown_where_they_can_be_reached(database) {
        let scene = Scene::set(database).await;
        let tom = scene.world.person("tom").await;
        let mut terms = order("order-1", &scene.sam.id);
        terms["seller"]["contacts"].as_array_mut().unwrap().push(json!({ "name": "Tom", "matrix": tom.id }));
        terms["buyer"]["contacts"].as_array_mut().unwrap().push(json!({ "name": "Kim" }));
        let change = json!({ "seller": terms["seller"], "buyer": terms["buyer"] });
        let (status, answer) = scene.world.shop.patch(&scene.id, &change).await;
        assert_eq!(status, 200, "{answer}");
        let bea = scene.bea().await;
        // No mail server is configured, so her address is of no use.
        is_listed(&bea, "Rita", "on this page only").await;
        is_listed(&bea, "Tom", "invited").await;
        // Those of one's own side are folded.
        bea.sees("2 more contacts").await;
        let fold = "document.querySelector('.people details')";
        bea.js(&format!("{fold}.open = true, {fold}.firstChild.focus(), 0")).await;
        is_listed(&bea, "Kim", "on this page only").await;
        is_listed(&bea, "Bea You", "accounts payable").await;
        tom.join(&scene.room).await;
        let presence = format!("/presence/{}/status", tom.id);
        tom.call(Method::PUT, &presence, Some(json!({ "presence": "unavailable" }))).await;
        is_listed(&bea, "Tom", "away").await;
        tom.call(Method::POST, &format!("/rooms/{}/leave", scene.room), Some(json!({}))).await;
        is_listed(&bea, "Tom", "not in the conversation").await;
        // Whoever unfolded the list finds it so, and is where they were.
        assert_eq!(bea.js(&format!("{fold}.open && document.activeElement === {fold}.firstChild")).await, true);
        // Without scripts, too.
        let plain = scene.browser.tab_beside(&bea).await;
        plain.without_scripts().await;
        plain.open(&scene.page()).await;
        is_listed(&plain, "Rita", "on this page only").await;
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

/// Waits until a contact is listed so.
async fn is_listed(visitor: &Visitor, name: &str, words: &str) {
    let person = json!([name, words]);
    visitor
        .until(&format!(
            "[...document.querySelectorAll('.person')].some(it => \
         {person}.every(words => it.textContent.replace(/\\s+/g, ' ').includes(words)))"
        ))
        .await;
}

/// Whether an element is right of the middle of the conversation.
async fn is_right_of_the_middle(visitor: &Visitor, selector: &str) -> bool {
    let middle = |selector: &str| {
        format!(
            "(({{ left, right }}) => left + right)(document.querySelector('{selector}').getBoundingClientRect())"
        )
    };
    visitor.js(&format!("{} > {}", middle(selector), middle("#log"))).await == true
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
