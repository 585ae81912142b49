//! Several people use one browser, and each speaks as themselves.

use reqwest::Method;
use reqwest::multipart::Form;
use serde_json::{Value, json};

use super::{SEND, Scene, WRITE};
use crate::on_both_databases;
use crate::support::{Entered, Shop, Visitor, entering};

on_both_databases! {
    async fn each_tab_speaks_as_who_it_says(database) {
        let scene = Scene::set(database).await;
        let rita_link = scene.world.shop.new_link(&scene.id, &json!({ "party": "seller", "contact": "rita@acme.example" })).await;
        let rita = scene.browser.visitor().await;
        rita.open(rita_link["url"].as_str().unwrap()).await;
        rita.sees("You are writing as Rita for Acme Ltd.").await;
        let bea = scene.browser.tab_beside(&rita).await;
        bea.open(&scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await).await;
        bea.sees("You are writing as Bea for Birch GmbH.").await;
        the_tabs_do_everything(&scene, &rita, &bea, "first").await;
        bea.js("window.stayed = true").await;
        // A reload, and the way back, change nothing about who speaks.
        rita.reload().await;
        rita.sees("You are writing as Rita for Acme Ltd.").await;
        rita.says("Rita: after a reload").await;
        is_said_by(&scene, "Rita: after a reload", "seller", "Rita").await;
        // The address alone shows whoever signed in last.
        let third = scene.browser.tab_beside(&rita).await;
        third.open(&scene.page()).await;
        third.sees("You are writing as Bea for Birch GmbH.").await;

        // Without scripts.
        let (plain_rita, plain_bea) = (scene.browser.tab_beside(&rita).await, scene.browser.tab_beside(&rita).await);
        for (plain, tab) in [(&plain_rita, &rita), (&plain_bea, &bea)] {
            plain.without_scripts().await;
            plain.open(&tab.url().await).await;
        }
        without_scripts(&scene, &plain_rita, "seller", "Rita").await;
        without_scripts(&scene, &plain_bea, "buyer", "Bea").await;

        // Signing out ends one of them only.
        plain_rita.presses("Sign out on this device").await;
        plain_rita.sees("You are signed out").await;
        // Her other tab was signed in by the same session.
        rita.sees("You are signed out").await;
        assert!(!rita.html().await.contains("INV-2026-0042"));
        bea.says("Bea: still here").await;
        is_said_by(&scene, "Bea: still here", "buyer", "Bea").await;
        assert_eq!(bea.js("window.stayed").await, true);
        rita.reload().await;
        rita.sees("Someone else is now signed in").await;
        assert!(!rita.html().await.contains("INV-2026-0042"));
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }

    async fn a_request_that_names_nobody_or_somebody_else_does_nothing(database) {
        let scene = Scene::set(database).await;
        let made = scene.world.shop.new_link(&scene.id, &json!({ "party": "seller", "contact": "rita@acme.example" })).await;
        let rita = Entered::by(made["url"].as_str().unwrap()).await;
        let bea = Entered::by(&scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await).await;
        let both = format!("{}; {}", rita.cookie, bea.cookie);
        let (base, rita_name) = rita.page.split_once('?').unwrap();
        let (_, bea_name) = bea.page.split_once('?').unwrap();
        let post = |part: &str, query: &str, cookie: &str, accept: &str| {
            let url = scene.world.page(&format!("{base}/{part}?{query}"));
            let request = entering::http().post(url).header("cookie", cookie);
            request.header("origin", scene.world.page("")).header("accept", accept)
        };
        let say = async |query: &str, cookie: &str, accept: &str, words: &str| {
            let form = Form::new().text("text", words.to_owned()).text("client_id", "the-same");
            let answer = post("messages", query, cookie, accept).multipart(form).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        // The same client id of two speakers is two messages.
        for (name, words) in [(rita_name, "from the seller"), (bea_name, "from the buyer")] {
            let (status, answer) = say(name, &both, "application/json", words).await;
            assert_eq!(status, 202, "{answer}");
        }
        is_said_by(&scene, "from the seller", "seller", "Rita").await;
        let bought = is_said_by(&scene, "from the buyer", "buyer", "Bea").await;
        let event = bought["event_id"].as_str().unwrap();

        // Refused in words: without a name, with the name of somebody whose cookie is not there,
        // with something that is none, with two.
        let twice = format!("{rita_name}&{bea_name}");
        for (query, cookie) in [("", both.as_str()), (rita_name, bea.cookie.as_str()), ("grant=x", &both), (&twice, &both), ("", &bea.cookie)] {
            let (status, answer) = say(query, cookie, "application/json", "never said").await;
            assert_eq!(status, 409, "{query}: {answer}");
            assert!(serde_json::from_str::<Value>(&answer).unwrap()["detail"].as_str().unwrap().contains("Open your"), "{answer}");
            let (status, answer) = say(query, cookie, "text/html", "never said").await;
            assert_eq!(status, 409, "{query}: {answer}");
            assert!(answer.starts_with("<!DOCTYPE html>") && answer.contains("Open your") && !answer.contains("INV-2026-0042"), "{answer}");
            for part in ["remove", "react", "retry", "discard", "typing", "seen", "leave"] {
                let request = post(part, query, cookie, "text/html").header("content-type", FORM);
                let answer = request.body("event=%24x&key=x&id=x&typing=true").send().await.unwrap();
                assert_eq!(answer.status(), 409, "{part}?{query}");
            }
            let live = entering::http().get(scene.world.page(&format!("{base}/live?{query}"))).header("cookie", cookie).send().await.unwrap();
            assert_eq!(live.status(), 409, "live?{query}");
        }
        // Nobody touches what the other one wrote.
        for (part, body) in [("remove", format!("event={}", encoded(event))), ("messages", String::new())] {
            let request = post(part, rita_name, &both, "application/json");
            let request = match part {
                "messages" => request.multipart(Form::new().text("text", "changed").text("edit", event.to_owned())),
                _ => request.header("content-type", FORM).body(body),
            };
            assert_eq!(request.send().await.unwrap().status(), 403, "{part}");
        }
        assert!(scene.world.shop.entries(&scene.id).await.iter().all(|it| it["text"] != "never said" && it["kind"] != "edit"));

        // Revoked while another one is valid: it is told so, and is not taken for the other one.
        let path = format!("/api/v1/transactions/{}/links/{}", scene.id, made["id"].as_str().unwrap());
        assert_eq!(Shop::answer(scene.world.shop.request(Method::DELETE, &path)).await.0, 204);
        assert_eq!(say(rita_name, &both, "text/html", "never said").await.0, 410);
        assert_eq!(say(bea_name, &both, "application/json", "by the other one").await.0, 202);

        // A browser keeps a bounded number of ways; the oldest goes.
        let mut held = vec![bea.cookie.clone()];
        for _ in 0..8 {
            let link = scene.world.shop.link(&scene.id, "buyer", None).await;
            let html = entering::http().get(&link).send().await.unwrap().text().await.unwrap();
            let token = link.rsplit('/').next().unwrap();
            assert!(html.contains(token));
            let request = post("sign-in/link", "", &held.join("; "), "text/html");
            let request = request.header("content-type", FORM).body(format!("token={token}"));
            let answer = request.send().await.unwrap();
            let set: Vec<_> = answer.headers().get_all("set-cookie").iter().map(|it| it.to_str().unwrap().to_owned()).collect();
            held.push(set[0].split(';').next().unwrap().to_owned());
            if held.len() == 9 {
                let gone = bea.cookie.split('=').next().unwrap();
                assert!(set[1].starts_with(&format!("{gone}=;")) && set[1].contains("Max-Age=0"), "{set:?}");
            } else {
                assert_eq!(set.len(), 1, "{set:?}");
            }
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Waits until the record has these words, and by whom it has them; the entry.
async fn is_said_by(scene: &Scene, words: &str, party: &str, name: &str) -> Value {
    let entry = scene.entry(words).await;
    assert_eq!((&entry["party"], &entry["display_name"]), (&json!(party), &json!(name)), "{words}");
    entry
}

/// Waits for an entry of this kind about an event; by whom it is.
async fn about(scene: &Scene, kind: &str, event: &str) -> String {
    let what = format!("a {kind} of {event}");
    let entry = scene.world.eventually(&what, || async {
        let entries = scene.world.shop.entries(&scene.id).await;
        let is_it = |it: &Value| it["kind"] == kind && it["relates_to"]["event_id"] == event;
        entries.into_iter().find(is_it)
    });
    entry.await["party"].as_str().unwrap().to_owned()
}

/// Words, a reaction, a change, a file, typing and a removal, from two tabs side by side.
async fn the_tabs_do_everything(scene: &Scene, rita: &Visitor, bea: &Visitor, round: &str) {
    let (sold, bought) = (format!("Rita: {round}"), format!("Bea: {round}"));
    rita.says(&sold).await;
    bea.says(&bought).await;
    let (sold_entry, bought_entry) = (
        is_said_by(scene, &sold, "seller", "Rita").await,
        is_said_by(scene, &bought, "buyer", "Bea").await,
    );
    let event = |entry: &Value| entry["event_id"].as_str().unwrap().to_owned();
    let (sold_event, bought_event) = (event(&sold_entry), event(&bought_entry));
    for tab in [rita, bea] {
        tab.sees(&sold).await;
        tab.sees(&bought).await;
    }
    rita.chooses(&bought, "React with 👍").await;
    assert_eq!(about(scene, "reaction", &bought_event).await, "seller");
    bea.chooses(&sold, "React with 🎉").await;
    assert_eq!(about(scene, "reaction", &sold_event).await, "buyer");

    rita.types(WRITE, "Rita is about to").await;
    bea.sees("Rita (seller) is typing").await;
    rita.clears(WRITE).await;

    for (tab, words, event, party) in
        [(rita, &sold, &sold_event, "seller"), (bea, &bought, &bought_event, "buyer")]
    {
        tab.chooses(words, "Edit").await;
        tab.types(WRITE, ", changed").await;
        tab.presses("Save").await;
        assert_eq!(about(scene, "edit", event).await, party);
        let name = format!("{party}-{round}.txt");
        let path = scene.world.folder.path().join(&name);
        std::fs::write(&path, party).unwrap();
        tab.attaches(&[&path]).await;
        tab.presses(SEND).await;
        let file = scene.world.eventually(&name, || async {
            let entries = scene.world.shop.entries(&scene.id).await;
            entries.into_iter().find(|it| it["attachments"][0]["name"] == name.as_str())
        });
        assert_eq!(file.await["party"], party);
        tab.reload().await;
        tab.sees(", changed").await;
        tab.removes(&format!("{words}, changed")).await;
        assert_eq!(about(scene, "redaction", event).await, party);
    }
}

/// The same by forms.
async fn without_scripts(scene: &Scene, tab: &Visitor, party: &str, name: &str) {
    tab.sees(&format!("You are writing as {name} for ")).await;
    let words = format!("{name}: plainly");
    tab.says(&words).await;
    let entry = is_said_by(scene, &words, party, name).await;
    let event = entry["event_id"].as_str().unwrap();
    let page = tab.url().await;
    let page = page.split('#').next().unwrap();
    tab.open(page).await;
    tab.goes_to(&words, "Edit").await;
    tab.types(WRITE, ", changed").await;
    tab.presses("Save").await;
    assert_eq!(about(scene, "edit", event).await, party);
    tab.open(page).await;
    tab.removes(&format!("{words}, changed")).await;
    assert_eq!(about(scene, "redaction", event).await, party);
    tab.open(page).await;
    tab.sees(&format!("You are writing as {name} for ")).await;
}
