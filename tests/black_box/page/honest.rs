//! The page does not deceive: it shows who speaks, when something was said, what is hidden, and what is
//! owed.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};

use super::{Scene, order};
use crate::on_both_databases;
use crate::support::Visitor;

on_both_databases! {
    async fn the_page_says_who_speaks_when_and_what_is_owed(database) {
        let scene = Scene::set(database).await;
        let bea = scene.bea().await;
        people_are_named_with_their_side(&scene, &bea).await;
        a_backdated_message_tells_both_times(&scene, &bea).await;
        a_spoiler_stays_hidden(&scene, &bea).await;
        axe_finds_nothing_in_rich_messages(&scene).await;
        a_due_date_is_over_for_everybody_at_once(&scene).await;
        nobody_is_asked_for_what_is_not_owed(&scene, &bea).await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }
}

async fn people_are_named_with_their_side(scene: &Scene, bea: &Visitor) {
    // A contact whom the shop gave no name, and who calls themselves like the other party.
    let mallory = scene.world.person("mallory").await;
    let mut terms = order("order-1", &scene.sam.id);
    terms["buyer"]["contacts"] = json!([
        { "name": "Bea", "email": "bea@birch.example" }, { "matrix": mallory.id },
    ]);
    let (status, answer) =
        scene.world.shop.patch(&scene.id, &json!({ "buyer": terms["buyer"] })).await;
    assert_eq!(status, 200, "{answer}");
    let path = format!("/profile/{}/displayname", mallory.id);
    let name = json!({ "displayname": "Sam\u{200b} (seller)\u{202e}" });
    mallory.call(reqwest::Method::PUT, &path, Some(name)).await;
    scene
        .world
        .eventually("the invitation", || async {
            mallory.invitations().await.contains(&scene.room).then_some(())
        })
        .await;
    mallory.join(&scene.room).await;
    let said = mallory.say(&scene.room, "We accept").await;
    bea.sees("We accept").await;
    let line = format!("li[data-event=\"{said}\"]");
    let by = bea.text_of(&format!("{line} .by")).await;
    assert_eq!(by.split_whitespace().collect::<Vec<_>>(), ["Sam", "seller", "buyer"]);
    let answer = scene.sam.send(&scene.room, "m.room.message", json!({
        "msgtype": "m.text", "body": "Do you?", "m.relates_to": { "m.in_reply_to": { "event_id": said } },
    })).await;
    mallory.react(&scene.room, &answer, "👍").await;
    let line = format!("document.querySelector('li[data-event=\"{answer}\"]')");
    bea.until(&format!(
        "{line}?.querySelector('.quote .name')?.textContent === 'Sam seller (buyer)'"
    ))
    .await;
    bea.until(&format!(
        "{line}?.querySelector('.reactions button')?.title === 'Sam seller (buyer)'"
    ))
    .await;
}

async fn a_backdated_message_tells_both_times(scene: &Scene, bea: &Visitor) {
    bea.says("on time").await;
    let guest = scene.entry("on time").await["sender"].as_str().unwrap().to_owned();
    // The transaction was made just now: what is dated before it is read where it came.
    let sent = Timestamp::now() - 3.hours();
    let url = format!(
        "http://127.0.0.1:{}/_matrix/client/v3/rooms/{}/send/m.room.message/backdated",
        scene.world.synapse_port, scene.room
    );
    let answer = reqwest::Client::new()
        .put(url)
        .query(&[("user_id", guest), ("ts", sent.as_millisecond().to_string())])
        .bearer_auth(scene.world.token("as_token"))
        .json(&json!({ "msgtype": "m.text", "body": "I accept in time" }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    bea.sees("I accept in time").await;
    let line = "[...document.querySelectorAll('li[data-event]')].find(it => it.textContent.includes('I accept in time'))";
    bea.until(&format!("{line}.querySelectorAll('.times time').length === 2")).await;
    let times = bea.js(&format!("{line}.querySelector('.times').textContent")).await;
    assert!(times.as_str().unwrap().starts_with("Sent "), "{times}");
    let others = "[...document.querySelectorAll('li[data-event]')].filter(it => it.querySelector('.times')).length";
    assert_eq!(bea.js(others).await, 1);
}

async fn a_spoiler_stays_hidden(scene: &Scene, bea: &Visitor) {
    let said = scene.sam.send(&scene.room, "m.room.message", json!({
        "msgtype": "m.text", "body": "The surprise is a treehouse", "format": "org.matrix.custom.html",
        "formatted_body": "The surprise is <span data-mx-spoiler=\"gift\">a treehouse</span>",
    })).await;
    bea.sees("The surprise is").await;
    scene.sam.send(&scene.room, "m.room.message", json!({
        "msgtype": "m.text", "body": "As I said", "m.relates_to": { "m.in_reply_to": { "event_id": said } },
    })).await;
    bea.sees("As I said").await;
    let is_told =
        |tree: Vec<(String, String)>| tree.iter().any(|(_, name)| name.contains("treehouse"));
    assert!(!bea.text().await.contains("treehouse") && !is_told(bea.accessibility_tree().await));
    // By keyboard, and with a mouse.
    let line = format!("li[data-event=\"{said}\"]");
    bea.js(&format!("document.querySelector('{line} .reveal input').focus()")).await;
    bea.press_key("Enter").await;
    bea.sees("a treehouse").await;
    assert!(is_told(bea.accessibility_tree().await));
    bea.presses_beside("The surprise", "Spoiler: gift").await;
    bea.does_not_see("a treehouse").await;
    // Without scripts it is the same.
    let quiet = scene.browser.visitor().await;
    quiet.without_scripts().await;
    quiet.open(&scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await).await;
    quiet.presses("Open the invoice").await;
    quiet.sees("The surprise is").await;
    assert!(!quiet.text().await.contains("treehouse"));
    quiet.presses_beside("The surprise", "Spoiler: gift").await;
    quiet.sees("a treehouse").await;
}

async fn axe_finds_nothing_in_rich_messages(scene: &Scene) {
    let long = "let very_long_line = \"0123456789\"; ".repeat(8);
    let html = format!(
        "<h1>Plan</h1><h5>Details</h5><pre><code>{long}</code></pre><ul><li>one</li></ul>\
         <blockquote>said</blockquote><table><thead><tr><th></th><th>{long}</th></tr></thead>\
         <tbody><tr><td>1</td><td>2</td></tr></tbody></table><img src=\"mxc://x.example/y\" alt=\"smile\">\
         <a href=\"https://x.example/\">here</a>"
    );
    let rich = scene.sam.send(&scene.room, "m.room.message", json!({
        "msgtype": "m.text", "body": "Plan", "format": "org.matrix.custom.html", "formatted_body": html,
    })).await;
    for key in ["👍", "🎉", "thank you"] {
        scene.sam.react(&scene.room, &rich, key).await;
    }
    scene.sam.edit(&scene.room, &rich, "**Plan** edited").await;
    let kept = scene.sam.send(&scene.room, "m.room.message", json!({
        "msgtype": "m.text", "body": "Plan", "format": "org.matrix.custom.html", "formatted_body": html,
    })).await;
    scene.sam.react(&scene.room, &kept, "👍").await;
    let mxc = scene.sam.upload("plan.txt", "text/plain", b"the plan".to_vec()).await;
    scene.sam.send(&scene.room, "m.room.message", json!({
        "msgtype": "m.file", "body": "plan.txt", "url": mxc, "info": { "size": 8, "mimetype": "text/plain" },
    })).await;
    let poll = scene.sam.send(&scene.room, "org.matrix.msc3381.poll.start", json!({
        "org.matrix.msc3381.poll.start": {
            "question": { "org.matrix.msc1767.text": "Which day?" }, "kind": "org.matrix.msc3381.poll.disclosed",
            "max_selections": 1,
            "answers": [{ "id": "a", "org.matrix.msc1767.text": "Friday" }, { "id": "b", "org.matrix.msc1767.text": "Monday" }],
        },
        "org.matrix.msc1767.text": "Which day?",
    })).await;
    votes_are_counted_while_the_page_is_open(scene, &poll).await;
    for (lang, dark, width) in
        [("en", false, 1440), ("en", true, 390), ("ar", false, 390), ("ar", true, 1440)]
    {
        let visitor = scene.bea().await;
        if dark {
            visitor.dark().await;
        }
        visitor.size(width, 900).await;
        visitor.open(&format!("{}?lang={lang}", scene.page())).await;
        visitor.js("location.hash = '#messages'; 0").await;
        visitor.sees("Monday").await;
        visitor
            .js("for (const it of document.querySelectorAll('.reveal input')) it.click(); 0")
            .await;
        let which = format!("{lang} at {width}, dark: {dark}");
        assert_eq!(visitor.axe().await, Vec::<String>::new(), "{which}");
        let too_wide = visitor.js("document.scrollingElement.scrollWidth - innerWidth").await;
        assert!(too_wide.as_i64().unwrap() <= 0, "{which}: {too_wide} px too wide");
        visitor.pictured(&format!("rich-{lang}-{width}-{dark}")).await;
        assert_eq!(visitor.console_errors(), Vec::<String>::new(), "{which}");
    }
}

async fn votes_are_counted_while_the_page_is_open(scene: &Scene, poll: &str) {
    let bea = scene.bea().await;
    bea.open(&scene.page()).await;
    let friday = format!("document.querySelector('li[data-event=\"{poll}\"] .poll .soft')");
    let shows = async |votes: &str| {
        bea.until(&format!("{friday}?.textContent.trim() === '{votes}'")).await;
    };
    shows("0 votes").await;
    let vote = scene
        .sam
        .send(
            &scene.room,
            "org.matrix.msc3381.poll.response",
            json!({
                "org.matrix.msc3381.poll.response": { "answers": ["a"] },
                "m.relates_to": { "rel_type": "m.reference", "event_id": poll },
            }),
        )
        .await;
    shows("1 vote").await;
    scene.sam.redact(&scene.room, &vote).await;
    shows("0 votes").await;
}

/// Where the day ends last on earth, and where it began first, it is never the same day.
async fn a_due_date_is_over_for_everybody_at_once(scene: &Scene) {
    // The installation is in UTC.
    let mut invoice = order("order-1", &scene.sam.id)["invoice"].clone();
    let due = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    invoice["due_date"] = json!(due.to_string());
    let (status, answer) = scene.world.shop.patch(&scene.id, &json!({ "invoice": invoice })).await;
    assert_eq!(status, 200, "{answer}");
    let bea = scene.bea().await;
    for zone in ["Pacific/Kiritimati", "Etc/GMT+12"] {
        bea.lives_in(zone).await;
        bea.reload().await;
        bea.sees("due today").await;
    }
    // The page stays open while the reader travels.
    bea.lives_in("Pacific/Kiritimati").await;
    bea.js("document.dispatchEvent(new Event('visibilitychange')); 0").await;
    bea.sees("due today").await;
    // Without scripts, days of the conversation are dates.
    let quiet = scene.browser.visitor().await;
    quiet.without_scripts().await;
    quiet.open(&scene.world.shop.link(&scene.id, "buyer", None).await).await;
    quiet.presses("Open the invoice").await;
    quiet.sees("We accept").await;
    assert_eq!(quiet.text_of("li.day").await, quiet.text_of("li.day time").await);
    assert_ne!(quiet.text_of("li.day").await, "Today");
}

async fn nobody_is_asked_for_what_is_not_owed(scene: &Scene, bea: &Visitor) {
    bea.sees("How to pay").await;
    for status in ["paid", "Cancelled", "credited", "refunded"] {
        let (code, answer) = scene.world.shop.patch(&scene.id, &json!({ "status": status })).await;
        assert_eq!(code, 200, "{answer}");
        bea.sees("Nothing to pay").await;
        bea.sees(status).await;
        for asks in ["How to pay", "Amount due", "DE02", "days late"] {
            bea.does_not_see(asks).await;
        }
        assert_eq!(bea.count(".qr").await, 0);
        let paper = bea.printed_text().await;
        assert!(!paper.contains("How to pay") && !paper.contains("DE02"), "{paper}");
        // The room says the same.
        scene
            .world
            .eventually("topic and summary", || async {
                let topic = scene.sam.state(&scene.room, "m.room.topic", "").await?;
                let topic = topic["topic"].as_str()?.to_lowercase();
                let pins = scene.sam.state(&scene.room, "m.room.pinned_events", "").await?;
                let summary = scene.sam.event(&scene.room, pins["pinned"][0].as_str()?).await;
                let new =
                    summary["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]
                        .clone();
                let body = if new == Value::Null {
                    summary["content"]["body"].clone()
                } else {
                    new["body"].clone()
                };
                let body = body.as_str()?.to_lowercase();
                let told = [&topic, &body].iter().all(|it| it.contains(&status.to_lowercase()));
                let asks = ["due", "pay to", "de02"]
                    .iter()
                    .any(|it| topic.contains(it) || body.contains(it));
                (told && !asks).then_some(())
            })
            .await;
    }
    let (code, _) = scene.world.shop.patch(&scene.id, &json!({ "status": "open" })).await;
    assert_eq!(code, 200);
    bea.sees("How to pay").await;
}
