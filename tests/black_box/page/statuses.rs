//! The page shows each status so that nothing on it contradicts it, on a telephone and on a desk.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::json;

use super::Scene;
use crate::on_both_databases;
use crate::support::Shop;

on_both_databases! {
    async fn the_page_follows_the_status_and_the_payments_while_it_is_open(database) {
        let scene = Scene::set(database).await;
        let bea = scene.bea().await;
        let shop = &scene.world.shop;
        let payments = format!("/api/v1/transactions/{}/payments", scene.id);
        // The installation is in UTC.
        let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
        let day = |days: i64| today.checked_add(days.days()).unwrap().to_string();
        let due = async |days: i64| {
            let change = json!({ "invoice": { "due_date": day(days) } });
            let path = format!("/api/v1/transactions/{}", scene.id);
            let request = shop.request(reqwest::Method::PATCH, &path);
            let request = request.header("content-type", "application/merge-patch+json");
            assert_eq!(Shop::answer(request.body(change.to_string())).await.0, 200);
        };
        let chip = "#summary .status bdi";
        let tone = "document.querySelector('#summary .status').dataset.status";
        let pictured = async |name: &str| {
            bea.until("!document.querySelector('#unsent li, #sending li')").await;
            bea.until("document.getAnimations().length === 0").await;
            for width in [390, 1440] {
                bea.size(width, 900).await;
                bea.pictured(&format!("status-{name}-{width}")).await;
                let too_wide = bea.js("document.scrollingElement.scrollWidth - innerWidth").await;
                assert!(too_wide.as_i64().unwrap() <= 0, "{name} at {width}: {too_wide} px too wide");
            }
            assert_eq!(bea.axe().await, Vec::<String>::new(), "{name}");
        };

        due(10).await;
        bea.sees("10 days left").await;
        assert_eq!(bea.text_of(chip).await, "Awaiting payment");
        assert_eq!(bea.js(tone).await, "open");
        pictured("issued").await;

        // The open page follows a payment without a new revision.
        let part = json!({ "amount": "200.00" });
        assert_eq!(Shop::answer(shop.request(reqwest::Method::POST, &payments).json(&part)).await.0, 201);
        bea.sees("€434.50").await;
        bea.sees("Payments received").await;
        assert_eq!(bea.text_of(chip).await, "Partly paid");
        pictured("partly-paid").await;

        due(-12).await;
        bea.sees("12 days late").await;
        assert_eq!(bea.text_of(chip).await, "Overdue");
        assert_eq!(bea.js(tone).await, "bad");
        pictured("overdue").await;

        // The buyer disputes it on the page, with a reason.
        bea.presses("Dispute the invoice…").await;
        bea.types("Reason", "Three planks are split.").await;
        pictured("disputing").await;
        bea.js("document.querySelector('.steps details button').click(), 0").await;
        bea.sees("Three planks are split.").await;
        bea.until("document.querySelector('#summary .status bdi').textContent === 'Disputed'").await;
        bea.does_not_see("12 days late").await;
        pictured("disputed").await;

        assert_eq!(shop.patch(&scene.id, &json!({ "status": "paid" })).await.0, 200);
        bea.sees("Nothing to pay").await;
        for asks in ["DE02", "How to pay", "days late", "Overdue", "Amount due"] {
            bea.does_not_see(asks).await;
        }
        assert_eq!((bea.count(".qr").await, bea.js(tone).await), (0, json!("good")));
        pictured("paid").await;

        // Who has the page open sees that it is closed, and that it is opened again.
        assert_eq!(shop.patch(&scene.id, &json!({ "status": "completed" })).await.0, 200);
        bea.sees("This transaction is closed").await;
        assert_eq!(bea.count("#text").await, 0);
        pictured("completed").await;
        assert_eq!(shop.patch(&scene.id, &json!({ "status": "open" })).await.0, 200);
        bea.until("!!document.getElementById('text')").await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }
}
