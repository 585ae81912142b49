//! The pictures of the page in docs/: `TALLYROOM_PICTURES=docs cargo test --locked --test black_box -- page::pictures` makes them.

use serde_json::json;

use super::look::{LOGO, detailed};
use super::{Scene, WRITE};
use crate::support::{Browser, Database, World};

/// The size of a picture, in bytes.
const LARGEST: u64 = 150_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_show_the_page_in_use() {
    let plan = World::with().page().config("shops", json!([{ "shop": "shop", "logo": LOGO }]));
    let (world, browser) = tokio::join!(plan.start(Database::Sqlite), Browser::start());
    let sam = world.person("sam").await;
    let id = world.shop.create(&detailed("order-1", &sam.id, &json!({}))).await;
    let room = world.shop.room(&id).await;
    sam.join(&room).await;
    let scene = Scene { browser, world, id, room, sam };
    let bea = scene.bea().await;
    let rita = scene.contact("seller", "rita@acme.example").await;
    rita.says(
        "Good morning, Bea! The planks leave our yard on Thursday, with the lorry of ten o'clock.",
    )
    .await;
    bea.sees("leave our yard").await;
    bea.says("Thank you. Are they planed on all four sides?").await;
    let asked = scene.entry("Thank you. Are they planed on all four sides?").await;
    let sam_sends = async |message| scene.sam.send(&scene.room, "m.room.message", message).await;
    sam_sends(json!({
        "msgtype": "m.text", "body": "All of them, and the edges are rounded.",
        "m.relates_to": { "m.in_reply_to": { "event_id": asked["event_id"] } },
    }))
    .await;
    let note =
        scene.sam.upload("delivery-note.txt", "text/plain", b"10 oak planks".repeat(90)).await;
    sam_sends(json!({
        "msgtype": "m.file", "body": "delivery-note.txt", "url": note,
        "info": { "mimetype": "text/plain", "size": 1170 },
    }))
    .await;
    bea.sees("delivery-note.txt").await;
    bea.says("Wonderful. We pay **next Friday**.").await;
    let promised = scene.entry("Wonderful. We pay **next Friday**.").await;
    scene.sam.react(&scene.room, promised["event_id"].as_str().unwrap(), "👍").await;
    bea.sees("👍").await;
    bea.until("!document.querySelector('#sending li')").await;

    bea.without_scrollbars().await;
    rita.types(WRITE, "Until then").await;
    for (name, part, lang, (width, height)) in [
        ("page", "", "en", (1280, 860)),
        ("page-dark", "", "en", (1280, 860)),
        ("page-arabic", "", "ar", (1280, 860)),
        ("page-phone", "#messages", "en", (390, 844)),
    ] {
        if name == "page-dark" {
            bea.dark().await;
        } else {
            bea.light().await;
        }
        bea.size(width, height).await;
        bea.open(&format!("{}?lang={lang}{part}", scene.page())).await;
        bea.until("document.getElementById('connection').dataset.state === 'live'").await;
        if let Some(bytes) = bea.pictured_as_seen(name).await {
            assert!(bytes < LARGEST, "{name}: {bytes} bytes");
        }
    }
}
