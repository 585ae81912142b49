//! Files that a JSON invoice carries (BT-125) can be opened, and stay through revisions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Scene, order};
use crate::export::{members, pack, verify};
use crate::on_both_databases;
use crate::support::{Entered, World};

const PDF: &[u8] = include_bytes!("../../invoices/pdf/other-attachment.pdf");
/// A picture of one pixel.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
const CARD: &str = "4111111111111234";

async fn download(world: &World, path: &str) -> (u16, Vec<u8>) {
    let answer = world.shop.request(Method::GET, path).send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

fn carried(reference: &str, name: &str, mime: &str, bytes: &[u8]) -> Value {
    let attachment = json!({ "filename": name, "mime": mime, "content": BASE64.encode(bytes) });
    json!({ "reference": reference, "attachment": attachment })
}

on_both_databases! {
    async fn files_in_a_json_invoice_are_opened_and_stay_until_the_shop_leaves_them_out(database) {
        let scene = Scene::set(database).await;
        let (world, shop) = (&scene.world, &scene.world.shop);
        let mut body = order("with-files", &scene.sam.id);
        body["invoice"]["documents"] = json!([
            carried("hours", "hours.pdf", "application/pdf", PDF),
            carried("site", "site.png", "image/png", PNG),
        ]);
        body["invoice"]["payment"]["card"] = json!({ "number": CARD });
        let id = shop.create(&body).await;
        let path = format!("/api/v1/transactions/{id}");
        let shown = shop.transaction(&id).await;
        let file = &shown["invoice"]["documents"][0]["attachment"];
        assert_eq!(file["sha256"], format!("{:x}", Sha256::digest(PDF)));
        assert_eq!((&file["size"], &file["content"]), (&json!(PDF.len()), &Value::Null));
        assert_eq!(shown["invoice"]["payment"]["card"]["number"], "1234");
        assert!(!shown.to_string().contains(CARD) && shown.to_string().contains("BR-51"), "{shown}");
        assert_eq!(download(world, &format!("{path}/attachments/0")).await, (200, PDF.to_vec()));
        assert_eq!(download(world, &format!("{path}/attachments/1")).await, (200, PNG.to_vec()));
        assert_eq!(download(world, &format!("{path}/original.xml")).await.0, 404);

        // The buyer opens them on the page.
        let buyer = scene.browser.visitor().await;
        buyer.open(&shop.link(&id, "buyer", None).await).await;
        buyer.sees("hours.pdf").await;
        buyer.sees("site.png").await;
        let fetch = format!(
            "fetch('{}').then(async it => ({{ status: it.status, size: (await it.arrayBuffer()).byteLength }}))",
            world.page(&format!("/t/{id}/attachments/1"))
        );
        let opened: Value = buyer.js(&fetch).await;
        assert_eq!(opened, json!({ "status": 200, "size": PNG.len() }));

        // What is answered can be sent again: the files are known by their digests.
        let (status, same) = shop.patch(&id, &json!({ "invoice": shown["invoice"] })).await;
        assert_eq!((status, &same["revision"]), (200, &json!(1)), "{same}");
        let (status, paid) = shop.patch(&id, &json!({ "status": "shipped" })).await;
        assert_eq!((status, &paid["revision"]), (200, &json!(2)));
        assert_eq!(paid["warnings"], shown["warnings"]);
        assert_eq!(download(world, &format!("{path}/attachments/0")).await, (200, PDF.to_vec()));
        let mut changed = shown["invoice"].clone();
        changed["notes"] = json!(["Thank you."]);
        changed["documents"].as_array_mut().unwrap().remove(0);
        let (status, answer) = shop.patch(&id, &json!({ "invoice": changed })).await;
        assert_eq!((status, &answer["revision"]), (200, &json!(3)), "{answer}");
        assert_eq!(download(world, &format!("{path}/attachments/0")).await, (200, PNG.to_vec()));
        assert_eq!(download(world, &format!("{path}/attachments/1")).await.0, 404);
        let (status, answer) = shop.patch(&id, &json!({ "invoice": shown["invoice"] })).await;
        assert_eq!((status, &answer["revision"]), (200, &json!(4)), "{answer}");
        assert_eq!(download(world, &format!("{path}/attachments/0")).await, (200, PDF.to_vec()));

        // The bundle has each revision with its files, and notices one that was replaced.
        let (_, bundle) = download(world, &format!("{path}/export")).await;
        let found = members(&bundle);
        let kept = &found["invoice/revision-1-original.json"];
        assert!(String::from_utf8_lossy(kept).contains(&BASE64.encode(PDF)));
        let (good, said) = verify(&bundle, &[]);
        assert!(good, "{said}");
        let mut replaced = found.clone();
        replaced.insert("invoice/revision-4-original.json".to_owned(), kept[1..].to_vec());
        assert!(!verify(&pack(&replaced), &[]).0);

        // Content that is no Base64 is refused with its place.
        body["external_id"] = json!("broken");
        body["invoice"]["documents"][1]["attachment"]["content"] = json!("no base64!");
        let (status, problem) = shop.post(&body).await;
        assert_eq!(status, 422);
        assert_eq!(problem["pointer"], "/invoice/documents/1/attachment/content");
    }

    async fn a_file_is_found_in_any_earlier_original_and_has_a_link_only_if_it_is_there(database) {
        let world = &World::with().page().start(database).await;
        let shop = &world.shop;
        let mut body = order("long-history", "@sam:tally.localhost");
        body["invoice"]["documents"] = json!([carried("hours", "hours.pdf", "application/pdf", PDF)]);
        let id = shop.create(&body).await;
        let mut invoice = body["invoice"].clone();
        for number in 0..25 {
            let content = format!("{number}");
            invoice["documents"] = json!([carried("hours", "hours.csv", "text/csv", content.as_bytes())]);
            let (status, answer) = shop.patch(&id, &json!({ "invoice": invoice })).await;
            assert_eq!(status, 200, "{answer}");
        }
        let named = |name: &str, sha256: &str| {
            json!({ "reference": name, "attachment": { "filename": name, "mime": "application/pdf", "sha256": sha256 } })
        };
        let known = format!("{:x}", Sha256::digest(PDF));
        invoice["documents"] = json!([named("lost.pdf", &"0".repeat(64)), named("hours.pdf", &known)]);
        let (status, answer) = shop.patch(&id, &json!({ "invoice": invoice })).await;
        assert_eq!((status, &answer["revision"]), (200, &json!(27)), "{answer}");
        let path = format!("/api/v1/transactions/{id}/attachments");
        assert_eq!(download(world, &format!("{path}/0")).await.0, 404);
        assert_eq!(download(world, &format!("{path}/1")).await, (200, PDF.to_vec()));
        let page = Entered::by(&shop.link(&id, "buyer", None).await).await;
        let page = page.request(Method::GET, "").send().await.unwrap().text().await.unwrap();
        let links = |place: usize| page.matches(&format!("attachments/{place}")).count();
        assert_eq!((links(0), links(1)), (0, 1), "{page}");
    }
}
