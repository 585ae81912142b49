//! Discounts for early payment (Skonto) of an XML invoice are told wherever the invoice is, with day and amount.

use reqwest::Method;
use serde_json::json;

use crate::on_both_databases;
use crate::support::{Entered, World};

const XML: &str = include_str!("../invoices/cases/two-terms.ubl.xml");
/// 2 % of 119.00 within ten days, and 1 % of 100.00 within fourteen.
const SKONTO: &str =
    "\n#SKONTO#TAGE=10#PROZENT=2.00#\n#SKONTO#TAGE=14#PROZENT=1.00#BASISBETRAG=100.00#\n";

on_both_databases! {
    async fn both_discounts_of_an_invoice_are_in_its_summary_on_its_page_and_in_the_api(database) {
        let world = World::with().page().start(database).await;
        let buyer = world.person("bea").await;
        let xml = XML.replace("2 % in 10 days", SKONTO);
        let query = format!("external_id=skonto&buyer={}", buyer.id);
        let (status, answer) = world.shop.post_xml(&query, &xml).await;
        assert_eq!(status, 201, "{answer}");
        let payment = &answer["invoice"]["payment"];
        assert_eq!(payment["terms"], "30 days net");
        let figure = |place: usize, name: &str| {
            let text = payment["discounts"][place][name].as_str();
            text.map(|it| it.parse::<f64>().unwrap())
        };
        let all = |place| ["days", "percent", "base_amount"].map(|name| figure(place, name));
        assert_eq!(all(0), [Some(10.0), Some(2.0), None], "{payment}");
        assert_eq!(all(1), [Some(14.0), Some(1.0), Some(100.0)], "{payment}");
        assert_eq!(payment["discounts"].as_array().map(Vec::len), Some(2));

        let id = answer["id"].as_str().unwrap();
        let room = world.shop.room(id).await;
        buyer.join(&room).await;
        let pinned = buyer.state(&room, "m.room.pinned_events", "").await.unwrap();
        let summary = buyer.event(&room, pinned["pinned"][0].as_str().unwrap()).await;
        let page = Entered::by(&world.shop.link(id, "buyer", None).await).await;
        let page = page.request(Method::GET, "").send().await.unwrap().text().await.unwrap();
        let content = |name: &str| summary["content"][name].as_str().unwrap();
        for (place, text) in
            [("text", content("body")), ("html", content("formatted_body")), ("page", &page)]
        {
            for words in ["2% discount", "11 June 2026", "116.62", "1% discount", "15 June 2026", "118.00", "30 days net"] {
                assert!(text.contains(words), "{words} is not in the {place}: {text}");
            }
            assert!(!text.contains("SKONTO"), "{place}: {text}");
        }
        // The same file again is the same transaction, also if it was stored by a version that knew no discounts.
        let (status, again) = world.shop.post_xml(&query, &xml).await;
        assert_eq!((status, &again["id"]), (200, &json!(id)));
        let old = |column: &str| format!("UPDATE revisions SET {column} WHERE revision = 1");
        assert_eq!(world.sql(&old("content_hash = 'of an earlier version'")).await, 1);
        let stored = world.sql_text("SELECT invoice FROM revisions").await.unwrap();
        let mut stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
        stored["payment"].as_object_mut().unwrap().remove("discounts");
        stored["payment"]["terms"] = json!(format!("30 days net\n{}", SKONTO.trim_start()));
        let stored = stored.to_string().replace('\'', "''");
        assert_eq!(world.sql(&old(&format!("invoice = '{stored}'"))).await, 1);
        let (status, again) = world.shop.post_xml(&query, &xml).await;
        assert_eq!((status, &again["id"]), (200, &json!(id)), "{again}");
        let other = xml.replace("TAGE=10", "TAGE=11");
        let (status, answer) = world.shop.post_xml(&query, &other).await;
        assert_eq!((status, &answer["transaction"]), (409, &json!(id)), "{answer}");
    }
}
