//! Links to the invoice page, as a shop requests them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::world::Plan;
use crate::support::{Shop, World, entering, free_port, sample};

fn with_page() -> Plan {
    let listen = format!("127.0.0.1:{}", free_port());
    World::with().config("page", json!({ "url": "https://pay.example", "listen": listen }))
}

/// A transaction whose buyer has contacts with one name and two addresses.
fn order() -> Value {
    let mut order = sample("order-1", "@a:tally.localhost", "@b:tally.localhost");
    order["buyer"]["contacts"] = json!([
        { "name": "Ada", "email": "ada@birch.example" },
        { "name": "Ada", "email": "ada@oak.example" },
        { "matrix": "@a:tally.localhost", "name": "Grace" },
    ]);
    order
}

async fn make(shop: &Shop, id: &str, body: &Value) -> (u16, Value) {
    let path = format!("/api/v1/transactions/{id}/links");
    Shop::answer(shop.request(Method::POST, &path).json(body)).await
}

async fn list(shop: &Shop, id: &str) -> Vec<Value> {
    let (status, answer) = shop.get(&format!("/api/v1/transactions/{id}/links")).await;
    assert_eq!(status, 200, "{answer}");
    answer["links"].as_array().unwrap().clone()
}

async fn revoke(shop: &Shop, id: &str, link: &str) -> u16 {
    let path = format!("/api/v1/transactions/{id}/links/{link}");
    Shop::answer(shop.request(Method::DELETE, &path)).await.0
}

fn days_left(link: &Value) -> f64 {
    let expires: jiff::Timestamp = link["expires_at"].as_str().unwrap().parse().unwrap();
    (expires - jiff::Timestamp::now()).as_secs_f64() / 86_400.0
}

on_both_databases! {
    async fn a_link_is_made_listed_and_revoked(database) {
        let world = with_page().start(database).await;
        let id = world.shop.create(&order()).await;
        let (status, link) = make(&world.shop, &id, &json!({ "party": "seller" })).await;
        assert_eq!(status, 201, "{link}");
        assert_eq!((&link["party"], &link["contact"]), (&json!("seller"), &Value::Null));
        assert!((days_left(&link) - 90.0).abs() < 0.01, "{link}");
        let token = link["url"].as_str().unwrap().strip_prefix("https://pay.example/l/").unwrap();
        assert_eq!(token.len(), 43, "{link}");

        // Behind TLS, its cookie is for TLS alone.
        let config = std::fs::read_to_string(world.config_file()).unwrap();
        let config: Value = serde_json::from_str(&config).unwrap();
        let listen = config["page"]["listen"].as_str().unwrap();
        let here = format!("http://{listen}");
        let http = entering::http();
        for method in [Method::GET, Method::HEAD] {
            let shown = http.request(method, format!("{here}/l/{token}")).send().await.unwrap();
            assert_eq!(shown.status(), 200);
            assert!(shown.headers().get("set-cookie").is_none());
        }
        assert_eq!(list(&world.shop, &id).await[0]["used_at"], Value::Null, "it was only looked at");
        let shown = http.get(format!("{here}/l/{token}")).header("accept-language", "de").send();
        let html = shown.await.unwrap().text().await.unwrap();
        assert!(html.contains("<button class=\"button\">Rechnung öffnen</button>"), "{html}");
        let opened = http.post(format!("{here}/t/{id}/sign-in/link"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", "https://pay.example").body(format!("token={token}")).send().await;
        let cookie = opened.unwrap().headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.starts_with("__Host-tallyroom-") && cookie.contains("; Secure"), "{cookie}");
        assert!(cookie.contains("; Path=/;") && !cookie.contains("Domain"), "{cookie}");

        // For one contact, by any of its names; for as long as the shop says.
        for (called, key) in [
            ("ada@oak.example", "ada@oak.example"),
            ("Grace", "@a:tally.localhost"),
            ("@a:tally.localhost", "@a:tally.localhost"),
        ] {
            let body = json!({ "party": "buyer", "contact": called, "expires_in": 86_400 });
            let (status, link) = make(&world.shop, &id, &body).await;
            assert_eq!((status, &link["contact"]), (201, &json!(key)), "{link}");
            assert!((days_left(&link) - 1.0).abs() < 0.01, "{link}");
        }

        // Newest first, and nobody is let in by the list.
        let links = list(&world.shop, &id).await;
        assert_eq!(links.len(), 4);
        let first = links.iter().find(|it| it["id"] == link["id"]).unwrap();
        assert_eq!(first["party"], "seller");
        assert_eq!(first["expires_at"], link["expires_at"]);
        assert!(first["created_at"].is_string());
        assert_eq!(first["revoked_at"], Value::Null);
        assert!(first["used_at"].is_string(), "{first}");
        assert_eq!(links[0]["used_at"], Value::Null);
        assert!(!json!(links).to_string().contains(token));

        // Revoking again changes nothing.
        let name = link["id"].as_str().unwrap();
        assert_eq!(revoke(&world.shop, &id, name).await, 204);
        let revoked = |links: Vec<Value>| {
            links.into_iter().find(|it| it["id"] == link["id"]).unwrap()["revoked_at"].clone()
        };
        let at = revoked(list(&world.shop, &id).await);
        assert!(at.is_string());
        assert_eq!(revoke(&world.shop, &id, name).await, 204);
        assert_eq!(revoked(list(&world.shop, &id).await), at);
        // The token is nowhere in the log.
        assert!(world.log().contains(name) && !world.log().contains(token));
    }

    async fn a_link_that_cannot_be_is_refused_by_pointer(database) {
        let world = with_page().start(database).await;
        let id = world.shop.create(&order()).await;
        for (body, pointer, words) in [
            (json!({}), "", "party"),
            (json!({ "party": "bot" }), "/party", "buyer"),
            (json!({ "party": "buyer", "contact": "Joan" }), "/contact", "0 contacts of the buyer"),
            (json!({ "party": "buyer", "contact": "Ada" }), "/contact", "2 contacts of the buyer"),
            (json!({ "party": "seller", "contact": "Grace" }), "/contact", "0 contacts"),
            (json!({ "party": "buyer", "expires_in": 0 }), "/expires_in", "3650 days"),
            (json!({ "party": "buyer", "expires_in": 315_360_001 }), "/expires_in", "315360000"),
            (json!({ "party": "buyer", "expires_in": "1 day" }), "/expires_in", "Invalid type"),
            (json!({ "party": "buyer", "contacts": [] }), "/contacts", "expected one of"),
        ] {
            let (status, problem) = make(&world.shop, &id, &body).await;
            assert_eq!(status, 422, "{body}: {problem}");
            assert_eq!(problem["pointer"], pointer, "{body}: {problem}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(words), "{words}: {detail}");
        }
        assert_eq!(list(&world.shop, &id).await, Vec::<Value>::new());

        // Only of one's own transactions.
        let (_, link) = make(&world.shop, &id, &json!({ "party": "buyer" })).await;
        let link = link["id"].as_str().unwrap();
        let other = world.other_shop.create(&order()).await;
        let body = json!({ "party": "buyer" });
        assert_eq!(make(&world.other_shop, &id, &body).await.0, 404);
        assert_eq!(world.other_shop.get(&format!("/api/v1/transactions/{id}/links")).await.0, 404);
        assert_eq!(revoke(&world.other_shop, &id, link).await, 404);
        assert_eq!(revoke(&world.other_shop, &other, link).await, 404);
        assert_eq!(revoke(&world.shop, &id, "7").await, 404);
        assert_eq!(list(&world.shop, &id).await[0]["revoked_at"], Value::Null);
    }

    async fn without_a_page_there_is_no_link(database) {
        let world = World::start(database).await;
        let id = world.shop.create(&order()).await;
        let (status, problem) = make(&world.shop, &id, &json!({ "party": "buyer" })).await;
        assert_eq!(status, 409, "{problem}");
        assert_eq!(problem["type"], "urn:tallyroom:problem:no-page");
        assert!(problem["detail"].as_str().unwrap().contains("page.url"), "{problem}");
        assert_eq!(list(&world.shop, &id).await, Vec::<Value>::new());
    }

    async fn an_administrator_makes_a_link(database) {
        let world = with_page().start(database).await;
        let id = world.shop.create(&order()).await;
        let arguments = ["link", &id, "--party", "buyer", "--contact", "Grace", "--days", "7"];
        let (status, out, error) = world.run(&arguments);
        assert!(status.success(), "{error}");
        assert!(out.starts_with("https://pay.example/l/") && out.lines().count() == 1, "{out}");
        let links = list(&world.shop, &id).await;
        assert_eq!((&links[0]["party"], &links[0]["contact"]), (&json!("buyer"), &json!("@a:tally.localhost")));
        assert!((days_left(&links[0]) - 7.0).abs() < 0.01, "{links:?}");
        for (arguments, words) in [
            (["link", &id, "--party", "bank"], "buyer or seller"),
            (["link", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--party", "buyer"], "no transaction"),
        ] {
            let (status, _, error) = world.run(&arguments);
            assert!(!status.success() && error.contains(words), "{error}");
        }
    }

    async fn the_room_has_the_page_as_a_widget(database) {
        let world = with_page().start(database).await;
        let deal = world.deal().await;
        let state = async |event_type: &str, key: &str| {
            let found = deal.buyer.state(&deal.room, event_type, key).await;
            found.unwrap_or_else(|| panic!("no {event_type}"))
        };
        let widget = state("im.vector.modular.widgets", "tallyroom").await;
        let url = format!("https://pay.example/widget/{}?", deal.id);
        assert!(widget["url"].as_str().unwrap().starts_with(&url), "{widget}");
        let layout = state("io.element.widgets.layout", "").await;
        assert_eq!(layout["widgets"]["tallyroom"]["container"], "top", "{layout}");
    }
}
