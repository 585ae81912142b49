//! Small faults while somebody writes on the page.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Scene, WRITE};
use crate::on_both_databases;
use crate::support::{Database, Fault, Visitor, When, World};

const NOTHING_PENDING: &str = "!document.querySelector('[data-outgoing]:not([data-event])')";
const PNG: &[u8] = include_bytes!("pixel.png");

/// On one database: this is about what a browser does with a page, whatever brought what stands on it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_covered_and_nothing_that_is_dropped_leaves_the_page() {
    let scene = Scene::set(Database::Sqlite).await;
    let (bea, sam) = (scene.bea().await, scene.sam_on_the_page().await);
    // So that messages of either side have a menu.
    an_edit_leaves_no_bubble_behind(&bea, &sam).await;
    the_menu_is_whole(&scene).await;
    what_is_chosen_can_be_read_and_taken_away(&scene).await;
    nothing_that_is_dropped_leaves_the_page(&scene).await;
    assert_eq!(sam.console_errors(), Vec::<String>::new());
}

on_both_databases! {
    async fn nothing_is_left_behind_or_lost_while_somebody_writes(database) {
        let mut scene = Scene::set_in(World::with().page().proxy(), database).await;
        let (bea, sam) = (scene.bea().await, scene.sam_on_the_page().await);
        an_edit_leaves_no_bubble_behind(&bea, &sam).await;
        scene.sam.say(&scene.room, "11.").await;
        bea.sees("11.").await;
        what_is_refused_can_be_written_again(&scene, &bea, &sam).await;
        // What follows ends the program, and with it the connection of each open page.
        assert_eq!(sam.console_errors(), Vec::<String>::new());
        a_reload_keeps_what_is_not_sent(&mut scene, &bea).await;
    }
}

async fn an_edit_leaves_no_bubble_behind(bea: &Visitor, sam: &Visitor) {
    bea.says("hm").await;
    sam.sees("hm").await;
    bea.until(NOTHING_PENDING).await;
    for (before, after) in [("hm", "hm?"), ("hm?", "hm!")] {
        bea.chooses(before, "Edit").await;
        bea.clears(WRITE).await;
        bea.types(WRITE, after).await;
        bea.presses("Save").await;
        sam.sees(after).await;
        bea.until(NOTHING_PENDING).await;
    }
    // A reaction and a removal have no bubble of their own.
    sam.chooses("hm!", "React with 👍").await;
    bea.sees("👍").await;
    sam.until(NOTHING_PENDING).await;
}

/// On both sides of the panel, at its top and bottom, on a phone and in both directions.
async fn the_menu_is_whole(scene: &Scene) {
    for number in 0..12 {
        scene.sam.say(&scene.room, &format!("{number}.")).await;
    }
    scene.entry("11.").await;
    for (lang, width, height) in
        [("en", 1440, 900), ("ar", 1440, 900), ("en", 390, 700), ("ar", 390, 700)]
    {
        let visitor = scene.bea().await;
        visitor.size(width, height).await;
        visitor.open(&format!("{}?lang={lang}", scene.page())).await;
        visitor.js("location.hash = '#messages'; 0").await;
        visitor.until("document.querySelector('#log').checkVisibility()").await;
        visitor.until("document.querySelectorAll('li[data-event]').length >= 13").await;
        let menus = visitor.js("document.querySelectorAll('details.menu').length").await;
        for index in 0..menus.as_u64().unwrap() {
            let open = format!(
                "(async () => {{ \
                 for (const it of document.querySelectorAll('details.menu[open]')) it.open = false; \
                 const menu = document.querySelectorAll('details.menu')[{index}]; \
                 menu.scrollIntoView({{ block: 'nearest', behavior: 'instant' }}); \
                 menu.open = true; \
                 const remove = menu.querySelector('.remove'); if (remove) remove.open = true; \
                 await new Promise(done => requestAnimationFrame(() => setTimeout(done, 60))); \
                 const items = menu.querySelector('.menu-items'), box = items.getBoundingClientRect(); \
                 const panel = document.querySelector('#messages').getBoundingClientRect(); \
                 const corners = [[box.left + 8, box.top + 8], [box.right - 8, box.top + 8], \
                   [box.left + 8, box.bottom - 8], [box.right - 8, box.bottom - 8]]; \
                 return {{ seen: corners.every(([x, y]) => items.contains(document.elementFromPoint(x, y))), \
                   inside: box.left >= panel.left && box.right <= panel.right && box.top >= panel.top \
                     && box.bottom <= innerHeight, box: [box.left, box.top, box.right, box.bottom], \
                   said: menu.closest('li').innerText }}; }})()"
            );
            let told = visitor.js(&open).await;
            let is_whole = told["seen"] == true && told["inside"] == true;
            assert!(is_whole, "{lang} at {width}, menu {index}: {told}");
        }
        assert_eq!(visitor.console_errors(), Vec::<String>::new());
    }
}

async fn what_is_chosen_can_be_read_and_taken_away(scene: &Scene) {
    let long = format!("{}.png", "a-very-long-name-of-a-picture-".repeat(6));
    let (first, second) = (file(scene, &long, PNG), file(scene, "second.png", PNG));
    for width in [1440, 390] {
        let bea = scene.bea().await;
        bea.size(width, 800).await;
        bea.js("location.hash = '#messages'; 0").await;
        bea.attaches(&[&first, &second]).await;
        bea.pastes(WRITE, "pasted.png", "image/png", PNG).await;
        bea.until("document.querySelectorAll('#chosen li').length === 3").await;
        // Each name and each × is what is seen in its place.
        let covered = "[...document.querySelectorAll('#chosen bdi, #chosen button')].filter(it => { \
            it.scrollIntoView({ block: 'nearest' }); const box = it.getBoundingClientRect(); \
            const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2); \
            return !it.contains(top) || box.right > innerWidth; }).map(it => it.textContent)";
        assert_eq!(bea.js(covered).await, json!([]), "at {width}");
        bea.presses("Remove pasted.png").await;
        bea.until("document.querySelectorAll('#chosen li').length === 2").await;
        let too_wide = bea.js("document.scrollingElement.scrollWidth - innerWidth").await;
        assert!(too_wide.as_i64().unwrap() <= 0, "at {width}: {too_wide} px too wide");
        assert_eq!(bea.axe().await, Vec::<String>::new(), "at {width}");
    }
}

async fn nothing_that_is_dropped_leaves_the_page(scene: &Scene) {
    let dropped = file(scene, "dropped.txt", b"10 oak planks");
    let bea = scene.bea().await;
    bea.size(1440, 900).await;
    bea.js("window.stayed = true").await;
    for (count, place) in ["#invoice", "#summary", "#log", "#text"].iter().enumerate() {
        bea.drops(place, &dropped).await;
        bea.until(&format!("document.querySelectorAll('#chosen li').length === {}", count + 1))
            .await;
    }
    for (place, expected) in [("#invoice", true), ("#log", true), ("#text", false)] {
        let drop = format!(
            "(() => {{ const data = new DataTransfer(); data.setData('text/uri-list', 'https://x.example/'); \
             data.setData('text/plain', 'https://x.example/'); \
             const event = new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }}); \
             document.querySelector('{place}').dispatchEvent(event); return event.defaultPrevented; }})()"
        );
        assert_eq!(bea.js(&drop).await, Value::Bool(expected), "{place}");
    }
    assert_eq!(bea.js("window.stayed").await, true);
    assert!(bea.url().await.starts_with(&scene.page()));
    // In a narrow window, where the invoice is on another tab, the message comes into view.
    bea.reload().await;
    bea.size(700, 800).await;
    bea.js("location.hash = '#invoice'; 0").await;
    bea.drops("#invoice", &dropped).await;
    bea.until("document.querySelector('#chosen').checkVisibility()").await;
}

async fn what_is_refused_can_be_written_again(scene: &Scene, bea: &Visitor, sam: &Visitor) {
    let refusal = Fault::Answer(When::Before, 403, r#"{"errcode":"M_FORBIDDEN","error":"no"}"#);
    scene.world.proxy().fault("PUT", "/send/m.room.message/", refusal.clone());
    bea.says("refused words").await;
    bea.sees("Not sent").await;
    bea.types(WRITE, "a thought").await;
    bea.presses_beside("refused words", "Edit again").await;
    bea.until("document.querySelector('#text').value === 'refused words\\n\\na thought'").await;
    bea.until(NOTHING_PENDING).await;
    bea.clears(WRITE).await;
    bea.says("allowed words").await;
    sam.sees("allowed words").await;
    bea.until(NOTHING_PENDING).await;
    // An edit goes back as an edit.
    bea.chooses("allowed words", "Edit").await;
    bea.clears(WRITE).await;
    bea.types(WRITE, "changed words").await;
    scene.world.proxy().fault("PUT", "/send/m.room.message/", refusal);
    bea.presses("Save").await;
    bea.sees("Not sent").await;
    bea.presses_beside("changed words", "Edit again").await;
    bea.until("document.querySelector('#text').value === 'changed words'").await;
    bea.presses("Save").await;
    sam.sees("changed words").await;
    sam.does_not_see("allowed words").await;
    bea.until(NOTHING_PENDING).await;
}

async fn a_reload_keeps_what_is_not_sent(scene: &mut Scene, bea: &Visitor) {
    bea.chooses("11.", "Reply").await;
    bea.types(WRITE, "half a sent").await;
    bea.reload().await;
    bea.until("document.querySelector('#text').value === 'half a sent'").await;
    bea.sees("Replying to Sam (seller)").await;
    bea.open("about:blank").await;
    bea.js("history.back(); 0").await;
    bea.until("document.querySelector('#text')?.value === 'half a sent'").await;
    bea.types(WRITE, "ence").await;
    // Nobody answers: the message is kept, and sent when there is somebody, once.
    scene.world.kill_tallyroom();
    bea.presses("Send").await;
    bea.sees("Waiting for a connection").await;
    bea.types(WRITE, "next").await;
    scene.world.start_tallyroom().await;
    bea.reload().await;
    bea.until("document.querySelector('#text').value === 'next'").await;
    let entry = scene.entry("half a sentence").await;
    assert_eq!(entry["relates_to"]["kind"], "reply");
    bea.until(NOTHING_PENDING).await;
    let entries = scene.world.shop.entries(&scene.id).await;
    assert_eq!(entries.iter().filter(|it| it["text"] == "half a sentence").count(), 1);
    // What was refused stays so after a reload, until somebody tries it again.
    let refused = r#"{ client_id: 'refused-1', text: 'refused before', failed: true }"#;
    bea.js(&format!(
        "(() => {{ const key = Object.keys(localStorage)[0]; const kept = JSON.parse(localStorage.getItem(key)); \
         localStorage.setItem(key, JSON.stringify({{ ...kept, unsent: [{refused}] }})); }})()"
    ))
    .await;
    bea.reload().await;
    bea.sees("Not sent yet").await;
    bea.presses_beside("refused before", "Try again").await;
    scene.entry("refused before").await;
    bea.until(NOTHING_PENDING).await;
    // What was sent is no draft any more, and somebody else has none of it.
    bea.presses("Send").await;
    scene.entry("next").await;
    bea.until(NOTHING_PENDING).await;
    bea.until("localStorage.length === 0").await;
    bea.types(WRITE, "mine alone").await;
    let key = bea.js("Object.keys(localStorage).join()").await;
    let guest = scene.entry("next").await["sender"].clone();
    assert_eq!(key, json!(format!("tallyroom {}", guest.as_str().unwrap())));
}

fn file(scene: &Scene, name: &str, bytes: &[u8]) -> PathBuf {
    let path = scene.world.folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}
