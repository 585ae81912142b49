//! Whatever is wrong with a request, the answer is short: nobody gets back all that they sent.

use reqwest::Method;
use serde_json::json;

use crate::on_both_databases;
use crate::support::{World, sample};

/// The greatest length of such an answer, in bytes.
const MOST: usize = 2_000;
/// As long as the name of a field may become in a body.
const LONG_NAME: usize = 2_000_000;
/// As long as an address or a header may become.
const LONG_WORD: usize = 30_000;

on_both_databases! {
    async fn a_wrong_request_is_answered_shortly_however_long_it_is(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let id = shop.create(&sample("order-1", "@bea:tally.localhost", "@sam:tally.localhost")).await;
        let transactions = "/api/v1/transactions";
        let (name, word) = ("é".repeat(LONG_NAME / 2), "x".repeat(LONG_WORD));
        let mut within = sample("order-2", "@bea:tally.localhost", "@sam:tally.localhost");
        within["invoice"]["lines"][0][&name] = json!(1);
        let value = json!({ "external_id": "order-3", "invoice": name });
        let get = |query: &str| shop.request(Method::GET, &format!("{transactions}{query}"));
        let post = || shop.request(Method::POST, transactions);
        let requests = [
            ("a field", post().json(&json!({ &name: 1 }))),
            ("a field in a line", post().json(&within)),
            ("a value", post().json(&value)),
            ("a field of a patch", {
                shop.request(Method::PATCH, &format!("{transactions}/{id}")).json(&json!({ &name: 1 }))
            }),
            ("a value in the query", get(&format!("?limit={word}"))),
            ("a name in the query", get(&format!("?{word}=1"))),
            ("a cursor", get(&format!("?cursor={word}"))),
            ("a language", get(&format!("/{id}/invoice.pdf?language={word}"))),
            ("a syntax", get(&format!("/{id}/invoice.xml?syntax={word}"))),
            ("an id", get(&format!("/{word}"))),
            ("a name in the query of a file", {
                let path = format!("{transactions}?{word}=1");
                let xml = shop.request(Method::POST, &path).header("content-type", "application/xml");
                xml.body("<Invoice/>")
            }),
            ("a content type", post().header("content-type", &word).body("{}")),
            ("a precondition", {
                let patch = shop.request(Method::PATCH, &format!("{transactions}/{id}"));
                patch.header("if-match", &word).json(&json!({ "status": "paid" }))
            }),
            ("a boundary of parts", {
                let of_parts = format!("multipart/form-data; boundary={word}");
                post().header("content-type", of_parts).body("--x")
            }),
        ];
        for (what, request) in requests {
            let answer = request.send().await.unwrap_or_else(|error| panic!("{what}: {error}"));
            let status = answer.status().as_u16();
            let body = answer.bytes().await.unwrap();
            assert!((400..500).contains(&status), "{what}: {status}");
            assert!(body.len() < MOST, "{what}: {status} with {} bytes", body.len());
        }
    }
}
