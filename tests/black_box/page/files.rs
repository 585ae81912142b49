//! Files go from the page into the room, and from the room to the page.

use std::path::PathBuf;

use super::{SEND, Scene, WRITE};
use crate::on_both_databases;
use crate::support::Visitor;

/// A picture of one pixel.
const PNG: &[u8] = include_bytes!("pixel.png");

on_both_databases! {
    async fn files_are_attached_by_button_dropped_and_pasted(database) {
        let scene = Scene::set(database).await;
        let (bea, sam) = (scene.bea().await, scene.sam_on_the_page().await);
        let (order, receipt) = (file(&scene, "order.txt", b"10 oak planks"), file(&scene, "receipt.png", PNG));

        bea.attaches(&[&order]).await;
        bea.sees("order.txt").await;
        bea.presses(SEND).await;
        arrives(&scene, &sam, "order.txt", b"10 oak planks").await;

        bea.drops("#log", &receipt).await;
        bea.sees("receipt.png").await;
        bea.presses(SEND).await;
        arrives(&scene, &sam, "receipt.png", PNG).await;

        bea.pastes(WRITE, "pasted.png", "image/png", PNG).await;
        bea.sees("pasted.png").await;
        bea.says("Look at this").await;
        arrives(&scene, &sam, "pasted.png", PNG).await;
        sam.sees("Look at this").await;
        // Pictures are shown, the rest is for download.
        sam.until("[...document.querySelectorAll('li[data-event] img')].filter(it => it.naturalWidth > 0).length === 2").await;
        let texts = "[...document.querySelectorAll('li[data-event] a')].find(it => it.textContent.includes('order.txt'))";
        let answer = fetched(&sam, &format!("{texts}.href")).await;
        assert!(answer["disposition"].as_str().unwrap().starts_with("attachment"), "{answer}");
        assert_eq!(answer["text"], "10 oak planks");

        // What takes long says how far it is.
        let large = file(&scene, "large.bin", &vec![7; 400_000]);
        bea.uploads_slowly(100_000).await;
        bea.attaches(&[&large]).await;
        bea.presses(SEND).await;
        bea.sees("Uploading").await;
        bea.sees("%").await;
        sam.sees("large.bin").await;

        // From a Matrix client.
        let mxc = scene.sam.upload("plan.txt", "text/plain", b"the plan".to_vec()).await;
        scene.sam.send(&scene.room, "m.room.message", serde_json::json!({
            "msgtype": "m.file", "body": "plan.txt", "url": mxc, "info": { "size": 8, "mimetype": "text/plain" },
        })).await;
        bea.sees("plan.txt").await;
        bea.until("[...document.querySelectorAll('li[data-event] a')].some(it => it.textContent.includes('plan.txt'))").await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }
}

fn file(scene: &Scene, name: &str, bytes: &[u8]) -> PathBuf {
    let path = scene.world.folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Somebody else sees it, and the record has it.
async fn arrives(scene: &Scene, other: &Visitor, name: &str, bytes: &[u8]) {
    other
        .until(&format!(
            "document.querySelector('main').textContent.includes('{name}') \
        || !!document.querySelector('main [alt*=\"{name}\"]')"
        ))
        .await;
    scene
        .world
        .eventually(name, || async {
            let entries = scene.world.shop.entries(&scene.id).await;
            let entry = entries.into_iter().find(|it| it["attachments"][0]["name"] == name)?;
            let file = &entry["attachments"][0]["file"];
            let stored = file["state"] == "stored";
            let size = file["size"].as_u64() == Some(bytes.len() as u64);
            (stored && size && entry["display_name"] == "Bea").then_some(())
        })
        .await;
}

/// What the page's browser gets at the address that the expression gives.
async fn fetched(visitor: &Visitor, address: &str) -> serde_json::Value {
    visitor
        .js(&format!(
            "fetch({address}).then(async it => ({{ status: it.status, \
        disposition: it.headers.get('content-disposition'), type: it.headers.get('content-type'), \
        text: await it.text() }}))"
        ))
        .await
}
