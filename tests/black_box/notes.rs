//! Notes of one side: that side and the shop's own programs read them, and nothing that the other side can get has them.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::export::{members, verify};
use crate::on_both_databases;
use crate::support::shop::OTHER_KEY;
use crate::support::world::Deal;
use crate::support::{Entered, Shop, World};

fn call(shop: &Shop, method: Method, id: &str, rest: &str) -> RequestBuilder {
    shop.request(method, &format!("/api/v1/transactions/{id}/notes{rest}"))
}

async fn add(shop: &Shop, id: &str, note: &Value) -> Value {
    let (status, note) = Shop::answer(call(shop, Method::POST, id, "").json(note)).await;
    assert_eq!(status, 201, "{note}");
    note
}

/// The notes that the shop sees, read in small pages.
async fn listed(shop: &Shop, id: &str) -> Vec<Value> {
    let (mut notes, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let (status, page) = Shop::answer(call(shop, Method::GET, id, &query)).await;
        assert_eq!(status, 200, "{page}");
        notes.extend(page["notes"].as_array().unwrap().iter().cloned());
        if page["more"] == false {
            return notes;
        }
        assert_eq!(page["next"], notes.last().unwrap()["id"]);
        query = format!("?limit=2&after={}", page["next"].as_str().unwrap());
    }
}

fn texts(notes: &[Value]) -> Vec<&str> {
    notes.iter().map(|it| it["text"].as_str().unwrap_or("-")).collect()
}

async fn text_of(answer: Response) -> String {
    assert_eq!(answer.status(), 200, "{}", answer.url());
    String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned()
}

async fn page(who: &Entered) -> String {
    text_of(who.request(Method::GET, "").send().await.unwrap()).await
}

/// The value of a hidden field on a page.
fn field(html: &str, name: &str) -> String {
    let rest = html.split(&format!("name=\"{name}\" value=\"")).nth(1);
    rest.and_then(|it| it.split('"').next()).unwrap_or_else(|| panic!("{name}: {html}")).to_owned()
}

fn form(who: &Entered, part: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = who.request(Method::POST, part).header("accept", "text/html");
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// Writes a note on the page; the status of the answer.
async fn note_on_page(who: &Entered, text: &str) -> u16 {
    let form_id = field(&page(who).await, "form_id");
    let fields = [("form_id", form_id.as_str()), ("text", text)];
    form(who, "/notes", &fields).send().await.unwrap().status().as_u16()
}

/// The events of a type: their data.
async fn told(shop: &Shop, kind: &str) -> Vec<Value> {
    let (status, page) = shop.get(&format!("/api/v1/events?limit=1000&types={kind}")).await;
    assert_eq!(status, 200, "{page}");
    page["events"].as_array().unwrap().iter().map(|it| it["data"].clone()).collect()
}

async fn entered(world: &World, deal: &Deal, party: &str, contact: &str) -> Entered {
    Entered::by(&world.shop.link(&deal.id, party, Some(contact)).await).await
}

on_both_databases! {
    async fn a_shop_keeps_notes_of_a_side_once_each_and_removes_their_words(database) {
        let world = World::start(database).await;
        let id = world.shop.create(&crate::support::sample("order-1", "@b:x.org", "@s:x.org")).await;
        let shop = &world.shop;
        let one = json!({ "text": "Called twice,\r\nnobody there. ", "author": "Accounts" });
        let keyed = || call(shop, Method::POST, &id, "").header("idempotency-key", "one");
        let answer = keyed().json(&one).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        let first: Value = answer.json().await.unwrap();
        assert_eq!(first["text"], "Called twice,\nnobody there.");
        assert_eq!((&first["party"], &first["author"]), (&json!("seller"), &json!("Accounts")));

        // The same call is the same note, also if its answer was lost. Another one with its key is refused.
        assert_eq!(Shop::answer(keyed().json(&one)).await, (201, first.clone()));
        world.sql("UPDATE repeated_calls SET status = NULL, attempted_at = attempted_at - 30000").await;
        assert_eq!(Shop::answer(keyed().json(&one)).await, (201, first.clone()));
        assert_eq!(Shop::answer(keyed().json(&json!({ "text": "x" }))).await.0, 422);
        let second = add(shop, &id, &json!({ "text": "For the buyer.", "party": "buyer" })).await;
        assert_eq!((&second["party"], &second["author"]), (&json!("buyer"), &json!("Birch GmbH")));
        add(shop, &id, &json!({ "text": "Third." })).await;
        let all = listed(shop, &id).await;
        assert_eq!(texts(&all), ["Called twice,\nnobody there.", "For the buyer.", "Third."]);
        assert_eq!(shop.get(&location).await, (200, first.clone()));

        // What is removed has existed. Removing it again changes nothing.
        for _ in 0..2 {
            let removed = shop.request(Method::DELETE, &location).send().await.unwrap();
            assert_eq!(removed.status(), 204);
        }
        let (_, gone) = shop.get(&location).await;
        assert_eq!((&gone["text"], &gone["author"]), (&Value::Null, &json!("Accounts")));
        assert!(gone["removed_at"].is_string() && gone["created_at"] == first["created_at"], "{gone}");
        assert_eq!(texts(&listed(shop, &id).await), ["-", "For the buyer.", "Third."]);

        // It is told of with ids only, and the audit log says who did it.
        let note = |note: &Value| json!({ "note": note["id"], "party": note["party"] });
        let created = told(shop, "note.created").await;
        assert_eq!(created[..2], [note(&first), note(&second)]);
        assert_eq!(told(shop, "note.removed").await, [note(&first)]);
        let (_, audit) = shop.get("/api/v1/audit?limit=1000").await;
        let actions: Vec<_> = audit["lines"].as_array().unwrap().iter()
            .filter_map(|it| it["action"].as_str()).filter(|it| it.starts_with("note.")).collect();
        assert_eq!(actions, ["note.written", "note.written", "note.written", "note.removed"]);

        // Another shop sees nothing of it, and what is wrong is refused.
        let other = shop.with_key(OTHER_KEY);
        for path in [location.clone(), format!("/api/v1/transactions/{id}/notes")] {
            assert_eq!(other.get(&path).await.0, 404);
        }
        for wrong in [
            json!({ "text": " " }), json!({ "text": "x".repeat(12_001) }), json!({ "text": "x", "party": "bot" }),
            json!({ "text": "x", "author": "n".repeat(300) }), json!({ "text": "x", "to": "y" }),
        ] {
            let (status, problem) = Shop::answer(call(shop, Method::POST, &id, "").json(&wrong)).await;
            assert_eq!(status, 422, "{wrong} {problem}");
        }
        // A side that has as many as it may have leaves the other side alone.
        world.sql(&format!(
            "INSERT INTO notes (id, transaction_id, position, party, created_at) \
             WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 1100) \
             SELECT 'full' || i, '{id}', i, 'seller', 1 FROM n"
        )).await;
        let (status, problem) = Shop::answer(call(shop, Method::POST, &id, "").json(&json!({ "text": "x" }))).await;
        assert_eq!((status, &problem["type"]), (409, &json!("urn:tallyroom:problem:too-many-notes")));
        add(shop, &id, &json!({ "text": "x", "party": "buyer" })).await;
    }

    async fn nothing_that_the_buyer_can_get_has_a_word_of_the_sellers_notes(database) {
        let world = World::with().page().start(database).await;
        let deal = world.deal().await;
        let (shop, id) = (&world.shop, &deal.id);
        let notes_after = async |after: &str| {
            Shop::answer(call(shop, Method::GET, id, "").query(&[("after", after)])).await
        };
        let sam = entered(&world, &deal, "seller", &deal.seller.id).await;
        let bea = entered(&world, &deal, "buyer", &deal.buyer.id).await;
        // The buyer's page is open before, and gets its news.
        let mut live = bea.request(Method::GET, "/live").send().await.unwrap();
        add(shop, id, &json!({ "text": "canary-api", "author": "canary-author" })).await;
        assert_eq!(note_on_page(&sam, "canary-page").await, 303);
        assert_eq!(note_on_page(&bea, "budget-buyer").await, 303);
        let said = deal.seller.say(&deal.room, "This is for both.").await;
        shop.entry(id, &said).await;
        assert_eq!(shop.patch(id, &json!({ "status": "shipped" })).await.0, 200);

        let has = |text: &str, words: &str| text.contains(words);
        let of_sam = page(&sam).await;
        assert!(has(&of_sam, "canary-api") && has(&of_sam, "canary-page") && !has(&of_sam, "budget"));

        // What the buyer can get: the page in each form, what it tells, every download, and the room.
        let mut seen = Vec::new();
        for language in ["en", "de", "ar"] {
            let request = bea.request(Method::GET, "").query(&[("lang", language)]);
            seen.push(text_of(request.send().await.unwrap()).await);
        }
        assert!(seen.iter().all(|it| has(it, "budget-buyer")));
        // The id of a note of the other side leads nowhere.
        let foreign = listed(shop, id).await[0]["id"].as_str().unwrap().to_owned();
        let request = bea.request(Method::GET, "").query(&[("notes", foreign.as_str())]);
        seen.push(text_of(request.send().await.unwrap()).await);
        for part in ["/lines", "/invoice", "/invoice.pdf", "/invoice.xml"] {
            seen.push(text_of(bea.request(Method::GET, part).send().await.unwrap()).await);
        }
        let conversation = bea.request(Method::GET, "/conversation.zip").send().await.unwrap();
        let conversation = members(&conversation.bytes().await.unwrap());
        assert!(conversation.contains_key("transcript.html"));
        for (name, bytes) in conversation {
            seen.push(format!("{name} {}", String::from_utf8_lossy(&bytes)));
        }
        let mut news = String::new();
        while !(has(&news, "This is for both.") && has(&news, "event: invoice")) {
            let piece = tokio::time::timeout(Duration::from_secs(120), live.chunk()).await;
            news.push_str(&String::from_utf8_lossy(&piece.unwrap().unwrap().unwrap()));
        }
        seen.push(news);
        seen.push(Value::from(deal.buyer.history(&deal.room).await).to_string());
        let (_, state) = deal.buyer.call(Method::GET, &format!("/v3/rooms/{}/state", deal.room), None).await;
        seen.push(state.to_string());
        // What the shop hands over: the record, what search finds in it, and the bundle of it.
        seen.push(Value::from(shop.entries(id).await).to_string());
        seen.push(shop.transaction(id).await.to_string());
        for words in ["canary", "budget"] {
            assert_eq!(shop.search(&[("q", &format!("{words}*"))]).await["entries"], json!([]));
        }
        let (bundle, with_notes) = (bundle(&world, id, "").await, bundle(&world, id, "?include=notes").await);
        for (name, bytes) in members(&bundle) {
            seen.push(format!("{name} {}", String::from_utf8_lossy(&bytes)));
        }
        for what in &seen {
            assert!(!has(what, "canary"), "{what}");
        }

        // The shop gets the notes of its own side where it asks for them, and nobody else's.
        let notes = members(&with_notes).remove("notes.json").unwrap();
        let notes: Vec<Value> = serde_json::from_slice(&notes).unwrap();
        assert_eq!(texts(&notes), ["canary-api", "canary-page"]);
        // What pages are asked for with does not count the notes of others, and names none of them.
        let last = notes[1]["note"].as_str().unwrap();
        assert_eq!(notes_after(last).await, (200, json!({ "notes": [], "next": last, "more": false })));
        let of_bea = "SELECT id FROM notes WHERE party = 'buyer'";
        let of_bea = world.sql_text(of_bea).await.unwrap();
        assert_eq!(notes_after(&of_bea).await.0, 404, "it is as if there were none");
        for wrong in ["0", "+1", "\0", ""] {
            assert_eq!(notes_after(wrong).await.0, 400, "{wrong:?}");
        }
        for bundle in [&bundle, &with_notes] {
            assert!(verify(bundle, &[]).0);
        }
        let file = world.folder.path().join("with-notes.zip");
        let (status, _, error) = world.run(&["export", "--notes", "--output", file.to_str().unwrap(), id]);
        assert!(status.success(), "{error}");
        assert!(members(&std::fs::read(file).unwrap()).contains_key("notes.json"));
        assert_eq!(texts(&listed(shop, id).await), ["canary-api", "canary-page"]);
        assert_eq!(told(shop, "note.created").await.len(), 2);
        let (_, events) = shop.get("/api/v1/events?limit=1000").await;
        assert!(!has(&events.to_string(), "canary-api") && !has(&events.to_string(), "budget"));
        for words in ["canary", "budget"] {
            assert!(!has(&world.log(), words), "the log has words of a note");
        }
    }

    async fn on_the_page_each_removes_their_own_notes_and_a_forgotten_person_leaves_no_words(database) {
        let world = World::with().page().start(database).await;
        let deal = world.deal().await;
        let (shop, id) = (&world.shop, &deal.id);
        let sam = entered(&world, &deal, "seller", &deal.seller.id).await;
        let somebody = Entered::by(&shop.link(id, "seller", None).await).await;
        let bea = entered(&world, &deal, "buyer", &deal.buyer.id).await;

        // A form that is sent twice is one note; the same form with another text is another one.
        let form_id = field(&page(&sam).await, "form_id");
        for (text, expected) in [("mine", 303), ("mine", 303), ("mine too", 303), (" \n", 422)] {
            let fields = [("form_id", form_id.as_str()), ("text", text)];
            assert_eq!(form(&sam, "/notes", &fields).send().await.unwrap().status(), expected, "{text:?}");
        }
        // Letters count in bytes. What is too long is given back.
        let long = format!("<{}>", "ب".repeat(6_000));
        let fields = [("form_id", form_id.as_str()), ("text", &long)];
        let refused = form(&sam, "/notes", &fields).send().await.unwrap();
        assert_eq!(refused.status(), 413);
        let refused = refused.text().await.unwrap();
        assert!(refused.contains(&long.replace('<', "&lt;").replace('>', "&gt;")), "{refused:.3000}");
        // A page of another site makes nobody write.
        let foreign = form(&sam, "/notes", &fields).header("sec-fetch-site", "cross-site");
        assert_eq!(foreign.send().await.unwrap().status(), 403);
        assert_eq!(texts(&listed(shop, id).await), ["mine", "mine too"]);

        // Colleagues see it and cannot remove it, and the other side can do neither.
        let note = field(&page(&sam).await, "note");
        let of_somebody = page(&somebody).await;
        assert!(of_somebody.contains("mine too") && !of_somebody.contains("name=\"note\""));
        for other in [&somebody, &bea] {
            assert_eq!(form(other, "/notes/remove", &[("note", &note)]).send().await.unwrap().status(), 303);
        }
        assert_eq!(texts(&listed(shop, id).await), ["mine", "mine too"]);
        assert_eq!(form(&sam, "/notes/remove", &[("note", &note)]).send().await.unwrap().status(), 303);
        assert_eq!(texts(&listed(shop, id).await), ["-", "mine too"]);
        assert_eq!(told(shop, "note.removed").await.len(), 1);

        // A person is forgotten: their notes of both kinds, and not those of others.
        add(shop, id, &json!({ "text": "by the shop" })).await;
        assert_eq!(note_on_page(&somebody, "by a colleague").await, 303);
        assert_eq!(note_on_page(&bea, "by the buyer").await, 303);
        for person in [&deal.seller.id, &deal.buyer.id] {
            let (status, said, error) = world.run(&["forget", person]);
            assert!(status.success(), "{error}");
            assert!(said.contains("notes of"), "{said}");
        }
        let contacts = "SELECT CAST(COUNT(contact) AS TEXT) FROM notes";
        assert_eq!(world.sql_text(contacts).await.as_deref(), Some("0"));
        let left = listed(shop, id).await;
        assert_eq!(texts(&left), ["-", "-", "by the shop", "by a colleague"]);
        assert_eq!((&left[0]["author"], &left[1]["author"]), (&Value::Null, &Value::Null));
        let kept = "SELECT CAST(COUNT(*) AS TEXT) FROM notes WHERE text IS NOT NULL";
        assert_eq!(world.sql_text(kept).await.as_deref(), Some("2"));
        // The buyer's note is nothing that the shop is told of.
        assert_eq!(told(shop, "note.removed").await.len(), 2);
        let verified = world.run(&["verify"]);
        assert!(verified.0.success(), "{}", verified.2);
    }

    async fn many_notes_are_shown_in_pages(database) {
        let world = World::with().page().start(database).await;
        let deal = world.deal().await;
        for number in 0..65 {
            add(&world.shop, &deal.id, &json!({ "text": format!("note {number}.") })).await;
        }
        let sam = entered(&world, &deal, "seller", &deal.seller.id).await;
        let mut html = page(&sam).await;
        let mut seen = Vec::new();
        loop {
            let shown: Vec<usize> = (0..65).filter(|it| html.contains(&format!("note {it}."))).collect();
            assert!(shown.len() <= 30);
            seen.splice(0..0, shown);
            let Some(rest) = html.split("&amp;notes=").nth(1) else { break };
            let before = rest.split('#').next().unwrap().to_owned();
            let request = sam.request(Method::GET, "").query(&[("notes", before)]);
            html = text_of(request.send().await.unwrap()).await;
        }
        assert_eq!(seen, Vec::from_iter(0..65));
        // What names nothing changes nothing, on each database.
        for parameter in ["before", "reply", "edit", "again"] {
            for odd in ["\0", "1_\0", "$\0", "x"] {
                let asked = sam.request(Method::GET, "").query(&[(parameter, odd)]);
                assert_eq!(asked.send().await.unwrap().status(), 200, "{parameter} {odd:?}");
            }
        }
        // What is no note is the newest ones.
        for odd in ["\0", "x", ""] {
            let newest = sam.request(Method::GET, "").query(&[("notes", odd)]);
            assert!(text_of(newest.send().await.unwrap()).await.contains("note 64."), "{odd:?}");
        }
    }
}

async fn bundle(world: &World, id: &str, query: &str) -> Vec<u8> {
    let path = format!("/api/v1/transactions/{id}/export{query}");
    let answer = world.shop.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}
