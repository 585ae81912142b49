//! Keys that are made by a command open what their scopes allow, until they are revoked.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Database, Shop, World, sample};

/// Makes a key. Returns its text, which is all that the command prints.
fn make(world: &World, shop: &str, name: &str, scopes: &str) -> String {
    let arguments = ["key", "create", "--shop", shop, "--name", name, "--scope", scopes];
    let (status, out, error) = world.run(&arguments);
    assert!(status.success(), "{error}");
    out.trim_end().to_owned()
}

fn list(world: &World) -> Vec<Value> {
    let (status, out, error) = world.run(&["key", "list", "--json"]);
    assert!(status.success(), "{error}");
    let list: Value = serde_json::from_str(&out).unwrap();
    list["keys"].as_array().unwrap().clone()
}

fn revoke(world: &World, shop: &str, name: &str) {
    let (status, _, error) = world.run(&["key", "revoke", "--shop", shop, "--name", name]);
    assert!(status.success(), "{error}");
}

async fn status_of(shop: &Shop, method: Method, path: &str) -> StatusCode {
    shop.request(method, path).send().await.unwrap().status()
}

fn order(external_id: &str) -> Value {
    sample(external_id, "@a:tally.localhost", "@b:tally.localhost")
}

on_both_databases! {
    async fn a_made_key_opens_what_its_scopes_allow_until_it_is_revoked(database) {
        let world = World::start(database).await;
        let id = world.shop.create(&order("order-1")).await;
        let (one, links) = (format!("/api/v1/transactions/{id}"), format!("/api/v1/transactions/{id}/links"));
        let key = make(&world, "shop", "reports", "read");
        assert!(key.starts_with("tally_") && key.len() == 48, "{} characters", key.len());
        let reader = world.shop.with_key(&key);

        // It opens what the key of the config opens, as far as its scope goes.
        let (read, shown) = (reader.transaction(&id).await, world.shop.transaction(&id).await);
        // What is said of its room may change between the two.
        for field in ["id", "external_id", "revision", "status", "invoice", "buyer", "seller"] {
            assert_eq!(read[field], shown[field], "{field}");
            assert!(!read[field].is_null(), "{field}");
        }
        assert_eq!(status_of(&reader, Method::HEAD, &one).await, 200);
        let refused = reader.request(Method::PATCH, &one).json(&json!({ "status": "paid" }));
        let refused = refused.send().await.unwrap();
        assert_eq!(refused.status(), 403);
        let told = refused.headers()["www-authenticate"].to_str().unwrap();
        assert_eq!(told, r#"Bearer error="insufficient_scope", scope="write""#);
        assert_eq!(refused.headers()["content-type"], "application/problem+json");
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["type"], "urn:tallyroom:problem:insufficient-scope", "{problem}");
        assert_eq!((&problem["scope"], &problem["scopes"]), (&json!("write"), &json!(["read"])));
        let (status, problem) = reader.post(&order("order-2")).await;
        assert_eq!((status, &problem["scope"]), (403, &json!("write")), "{problem}");
        let (status, problem) = reader.get(&links).await;
        assert_eq!((status, &problem["scope"]), (403, &json!("links")), "{problem}");
        assert_eq!(world.shop.transaction(&id).await["status"], "awaiting_payment");
        // What no key may do is no question of scopes.
        assert_eq!(status_of(&reader, Method::DELETE, &one).await, 405);
        assert_eq!(status_of(&reader, Method::GET, "/api/v1/nothing").await, 404);
        // The other way round.
        let writer = world.shop.with_key(&make(&world, "shop", "import", "write,links"));
        assert_eq!(writer.post(&order("order-2")).await.0, 201);
        assert_eq!(writer.get(&links).await.0, 200);
        let (status, problem) = writer.get(&one).await;
        assert_eq!((status, &problem["scopes"]), (403, &json!(["write", "links"])), "{problem}");

        // The list says all but the key, and soon when it was used.
        let used = world.eventually("the last use of the key", || async {
            let keys = list(&world);
            keys[0]["used_at"].is_string().then_some(keys)
        }).await;
        assert_eq!(used.len(), 4, "{used:?}");
        assert_eq!((&used[0]["shop"], &used[0]["name"]), (&json!("shop"), &json!("reports")));
        assert_eq!((&used[0]["scopes"], &used[0]["in_config"]), (&json!(["read"]), &json!(false)));
        assert_eq!((&used[2]["name"], &used[2]["in_config"]), (&json!("api.keys[0]"), &json!(true)));
        let (_, table, _) = world.run(&["key", "list"]);
        assert!(table.contains("reports ") && table.contains("in the config"), "{table}");
        let secret = &key[6..30];
        assert!(!table.contains(secret) && !json!(used).to_string().contains(secret));

        // A revoked key opens nothing at once, and its name is not given again.
        revoke(&world, "shop", "reports");
        let (status, problem) = reader.get(&one).await;
        assert_eq!((status, &problem["type"]), (401, &json!("urn:tallyroom:problem:missing-key")));
        assert!(list(&world)[0]["revoked_at"].is_string());
        for (arguments, words) in [
            (["create", "--shop", "shop", "--name", "reports", "--scope", "read"], "another name"),
            (["create", "--shop", "a shop", "--name", "till", "--scope", "read"], "64 letters"),
            (["create", "--shop", "shop", "--name", "till", "--scope", "all"], "is no scope"),
        ] {
            let (status, out, error) = world.run(&[&["key"], &arguments[..]].concat());
            assert!(!status.success() && out.is_empty() && error.contains(words), "{error}");
        }
        let (status, _, error) = world.run(&["key", "revoke", "--shop", "shop", "--name", "till"]);
        assert!(!status.success() && error.contains("tallyroom key list"), "{error}");
        assert_eq!(status_of(&world.shop, Method::GET, &one).await, 200);
        assert_eq!(status_of(&writer, Method::GET, &links).await, 200);
        assert!(!world.log().contains(secret), "a key is in the log");
    }

    async fn a_shop_needs_no_key_in_the_config(database) {
        let world = World::start(database).await;
        let (status, _, error) = world.run(&["import", "--shop", "market", "order.json"]);
        assert!(!status.success() && error.contains("tallyroom key create"), "{error}");
        let market = world.shop.with_key(&make(&world, "market", "back-end", "read,write"));
        let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
        let id = market.create(&sample("order-1", &buyer.id, &seller.id)).await;
        market.room(&id).await;
        assert_eq!(world.shop.get(&format!("/api/v1/transactions/{id}")).await.0, 404);
        let file = world.folder.path().join("order.json");
        std::fs::write(&file, sample("order-2", &buyer.id, &seller.id).to_string()).unwrap();
        let (status, out, _) = world.run(&["import", "--shop", "market", file.to_str().unwrap()]);
        assert!(status.success(), "{out}");
        let (_, answer) = market.get("/api/v1/transactions").await;
        assert_eq!(answer["transactions"].as_array().unwrap().len(), 2);
    }

    async fn each_key_is_told_its_limit_and_refused_beyond_it(database) {
        let world = World::with()
            .config("api", json!({ "requests_per_minute": 3 }))
            .start(database)
            .await;
        let till = world.shop.with_key(&make(&world, "shop", "till", "read"));
        let path = "/api/v1/transactions";
        // A refusal is an answer, too, and counts.
        for (method, status, left) in
            [(Method::GET, 200, 2), (Method::POST, 403, 1), (Method::GET, 200, 0)]
        {
            let answer = till.request(method, path).send().await.unwrap();
            assert_eq!(answer.status(), status);
            assert_eq!(answer.headers()["ratelimit-policy"], "\"requests\";q=3;w=60");
            let limit = answer.headers()["ratelimit"].to_str().unwrap();
            assert!(limit.starts_with(&format!("\"requests\";r={left};t=")), "{limit}");
        }
        let refused = till.request(Method::GET, path).send().await.unwrap();
        assert_eq!(refused.status(), 429);
        let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=20).contains(&wait), "{wait}");
        assert_eq!(refused.headers()["ratelimit"], format!("\"requests\";r=0;t={wait}"));
        let problem: Value = refused.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("api.requests_per_minute"), "{problem}");
        // Another key of the same shop has its own limit, and monitoring has none.
        assert_eq!(status_of(&world.shop, Method::GET, path).await, 200);
        for _ in 0..5 {
            let answer = till.request(Method::GET, "/health/live").send().await.unwrap();
            assert_eq!(answer.status(), 200);
            assert!(!answer.headers().contains_key("ratelimit"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_counts_and_ends_at_all_processes_at_once() {
    let world = World::with().processes(2).start(Database::Postgres).await;
    let key = make(&world, "shop", "till", "read");
    let tills = [0, 1].map(|process| world.api_of(process).with_key(&key));
    for till in &tills {
        assert_eq!(status_of(till, Method::GET, "/api/v1/transactions").await, 200);
    }
    revoke(&world, "shop", "till");
    for till in &tills {
        assert_eq!(status_of(till, Method::GET, "/api/v1/transactions").await, 401);
    }
}
