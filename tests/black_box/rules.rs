//! What the rules of EN 16931 find: as warnings, as a refusal where the config wants it, and without taking
//! anything in.

use reqwest::Method;
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::shop::{KEY, OTHER_KEY};
use crate::support::{Database, Shop, World};

const BROKEN: &str = include_str!("../invoices/cases/BR-S-02.cii.xml");
const SOUND: &str = include_str!("../invoices/cases/two-terms.cii.xml");
const WITH_FILE: &str = include_str!("../invoices/ubl-tc434-example2.xml");

fn rules(problems: &Value) -> Vec<&str> {
    problems.as_array().into_iter().flatten().filter_map(|it| it["rule"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_breaks_a_rule_is_taken_in_or_refused_as_the_config_says() {
    let warns = World::start(Database::Sqlite).await;
    let (status, taken) = warns.shop.post_xml("external_id=a", BROKEN).await;
    assert_eq!(status, 201, "{taken}");
    assert_eq!(rules(&taken["warnings"]), ["BR-S-02"], "{taken}");
    assert!(taken["warnings"][0]["xpath"].as_str().unwrap().contains("SellerTradeParty"));

    let refuse = json!({ "rules": "refuse" });
    let refuses = World::with().config("invoice", refuse).start(Database::Sqlite).await;
    let (status, refused) = refuses.shop.post_xml("external_id=a", BROKEN).await;
    assert_eq!(status, 422, "{refused}");
    assert_eq!(rules(&refused["errors"]), ["BR-S-02"], "{refused}");
    let (status, taken) = refuses.shop.post_xml("external_id=b", SOUND).await;
    assert_eq!(status, 201, "{taken}");
}

on_both_databases! {
    async fn the_key_of_a_shop_decides_alone_whether_a_broken_rule_warns_or_refuses(database) {
        for (of_all, of_shop, expected) in [("warn", "refuse", (422, 201)), ("refuse", "warn", (201, 422))] {
            let keys = json!([
                { "shop": "shop", "key": KEY, "rules": of_shop },
                { "shop": "other", "key": OTHER_KEY },
            ]);
            let plan = World::with().config("api", json!({ "keys": keys }));
            let world = plan.config("invoice", json!({ "rules": of_all })).start(database).await;
            let (of_key, answer) = world.shop.post_xml("external_id=a", BROKEN).await;
            let (of_config, other) = world.other_shop.post_xml("external_id=a", BROKEN).await;
            assert_eq!((of_key, of_config), expected, "{answer} {other}");
            for (status, answer) in [(of_key, &answer), (of_config, &other)] {
                let found = if status == 201 { &answer["warnings"] } else { &answer["errors"] };
                assert_eq!(rules(found), ["BR-S-02"], "{answer}");
            }
            let (status, taken) = world.shop.post_xml("external_id=b", SOUND).await;
            assert_eq!(status, 201, "{taken}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_checked_without_taking_it_in() {
    let world = World::start(Database::Sqlite).await;
    for (body, valid, rule) in [
        (BROKEN.to_owned(), false, Some("BR-S-02")),
        (SOUND.to_owned(), true, None),
        (json!({ "number": "1" }).to_string(), false, Some("BR-03")),
    ] {
        let request = world.shop.request(Method::POST, "/api/v1/invoices/check").body(body);
        let (status, found) = Shop::answer(request).await;
        assert_eq!((status, &found["valid"]), (200, &json!(valid)), "{found}");
        assert_eq!(rules(&found["findings"]).first().copied(), rule, "{found}");
    }
    let (_, listed) = world.shop.get("/api/v1/transactions").await;
    assert_eq!(listed["transactions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_an_invoice_can_be_opened_and_the_schema_read() {
    let world = World::start(Database::Sqlite).await;
    let (status, answer) = world.shop.post_xml("external_id=a", WITH_FILE).await;
    assert_eq!(status, 201, "{answer}");
    let documents = answer["invoice"]["documents"].as_array().unwrap();
    let place = documents.iter().position(|it| it["attachment"].is_object()).unwrap();
    let attachment = &documents[place]["attachment"];
    let path = format!("/api/v1/transactions/{}/attachments", answer["id"].as_str().unwrap());
    let file = world.shop.request(Method::GET, &format!("{path}/{place}")).send().await.unwrap();
    assert_eq!(file.status(), 200);
    let bytes = file.bytes().await.unwrap();
    assert_eq!(attachment["size"], bytes.len());
    let (status, missing) = world.shop.get(&format!("{path}/99")).await;
    assert_eq!(status, 404, "{missing}");
    let schema = reqwest::get(format!("{}/api/v1/invoice.schema.json", world.shop.base)).await;
    let schema: Value = schema.unwrap().json().await.unwrap();
    assert_eq!(schema["properties"]["number"]["description"], "BT-1");
}
