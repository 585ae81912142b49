//! The PDF of an invoice is written once for each revision and language, and is the invoice itself.

use reqwest::Method;
use serde_json::json;

use crate::on_both_databases;
use crate::support::{Shop, World};

const XML: &str = include_str!("../invoices/ubl-tc434-example2.xml");

/// The status and the bytes of the PDF that the API answers.
async fn paper(world: &World, id: &str, query: &str) -> (u16, Vec<u8>) {
    let path = format!("/api/v1/transactions/{id}/invoice.pdf{query}");
    let answer = world.shop.request(Method::GET, &path).send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

/// How many PDFs the service wrote so far.
fn written(world: &World) -> usize {
    world.log().matches("wrote an invoice as PDF").count()
}

on_both_databases! {
    async fn a_pdf_is_written_once_and_anew_for_each_language_status_and_revision(database) {
        let world = World::start(database).await;
        let (status, answer) = world.shop.post_xml("external_id=one", XML).await;
        assert_eq!(status, 201, "{answer}");
        let id = answer["id"].as_str().unwrap();
        let (status, first) = paper(&world, id, "").await;
        assert_eq!(status, 200);
        assert!(first.starts_with(b"%PDF-1.7"));
        assert_eq!(paper(&world, id, "").await, (200, first.clone()));
        assert_eq!(written(&world), 1, "the second one comes from the file store");
        let (_, german) = paper(&world, id, "?language=de-AT").await;
        assert_ne!(german, first);
        assert_eq!(paper(&world, id, "?language=de-AT").await.1, german);
        assert_eq!(written(&world), 2);
        assert_eq!(paper(&world, id, "?language=xx").await.0, 400);

        // What is changed or lost in the file store is written again.
        let folder = world.folder.path().join(format!("files/derived/invoice-{id}"));
        let kept: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()).collect();
        assert_eq!(kept.len(), 2);
        std::fs::write(&kept[0], b"another invoice").unwrap();
        std::fs::remove_file(&kept[1]).unwrap();
        assert_eq!(paper(&world, id, "").await.1, first);
        assert_eq!(paper(&world, id, "?language=de-AT").await.1, german);
        assert_eq!(written(&world), 4);

        let (status, changed) = world.shop.patch(id, &json!({ "status": "paid" })).await;
        assert_eq!(status, 200, "{changed}");
        let (_, paid) = paper(&world, id, "").await;
        assert_ne!(paid, first);
        assert_eq!(written(&world), 5);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "of the current revision only");

        // It comes in again as the invoice that it is.
        let path = "/api/v1/transactions?external_id=again";
        let request = world.shop.request(Method::POST, path).header("content-type", "application/pdf");
        let (status, again) = Shop::answer(request.body(first)).await;
        assert_eq!(status, 201, "{again}");
        let mut expected = answer["invoice"].clone();
        // CII says which specification it follows.
        expected["specification"] = again["invoice"]["specification"].clone();
        // CII has no place for a discount without the price before it.
        let lines = again["invoice"]["lines"].as_array().unwrap().iter();
        for (line, again) in expected["lines"].as_array_mut().unwrap().iter_mut().zip(lines) {
            if line["price_discount"].is_string() && line.get("gross_price").is_none() {
                line["gross_price"] = again["gross_price"].clone();
            }
        }
        assert_eq!(again["invoice"], expected);
    }
}
