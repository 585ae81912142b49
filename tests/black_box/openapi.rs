//! The API is described by an OpenAPI document that is true: its examples work, a page shows it, and schemathesis, which
//! makes calls of all kinds out of it, finds nothing. (Besides, all tests check their calls against it: see
//! `support/contract.rs`.)

use std::process::Stdio;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::on_both_databases;
use crate::support::receiver::Receiver;
use crate::support::shop::KEY;
use crate::support::world::Plan;
use crate::support::{Browser, Database, Shop, World, sample, tools};

const DOCUMENT: &str = "/api/v1/openapi.json";
const BUYER: &str = "@buyer:tally.localhost";
const SELLER: &str = "@seller:tally.localhost";
/// An invoice in XML that carries files.
const INVOICE: &str = include_str!("../invoices/ubl-tc434-example2.xml");

/// An invoice in a PDF.
const PDF: &[u8] = include_bytes!("../invoices/cases/factur-x.pdf");

const HOOKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/black_box/schemathesis_hooks.py");

/// Where schemathesis begins to draw. With another seed, it makes other calls.
const SEED: &str = "1";
/// The greatest number of drawn calls for each call of the API and each phase.
const EXAMPLES: &str = "12";

/// Hands in an invoice that carries files; the answer.
async fn transaction_with_files(shop: &Shop) -> Value {
    let query = format!("external_id=files&buyer={BUYER}&seller={SELLER}");
    let (status, made) = shop.post_xml(&query, INVOICE).await;
    assert_eq!(status, 201, "{made}");
    made
}

/// A world in which webhooks may lead to this machine.
fn with_webhooks() -> Plan {
    let reachable = json!({ "allow_http": true, "allow_networks": ["127.0.0.0/8"] });
    World::with().config("webhooks", reachable)
}

/// Makes a webhook that leads to this receiver; its id.
async fn webhook(shop: &Shop, receiver: &Receiver) -> String {
    let request = shop.request(Method::POST, "/api/v1/webhooks");
    let (status, made) = Shop::answer(request.json(&json!({ "url": receiver.url() }))).await;
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

/// An event that the receiver of this webhook has.
async fn delivered(world: &World, webhook: &str) -> String {
    let path = format!("/api/v1/webhooks/{webhook}/deliveries?state=delivered");
    let delivery = world.eventually("a delivery", || async {
        world.shop.get(&path).await.1["deliveries"][0]["event"].as_str().map(str::to_owned)
    });
    delivery.await
}

/// Something that the shop says; its id.
async fn message(shop: &Shop, id: &str) -> String {
    let path = format!("/api/v1/transactions/{id}/messages");
    let request = shop.request(Method::POST, &path).json(&json!({ "text": "Hello" }));
    let (status, said) = Shop::answer(request).await;
    assert_eq!(status, 202, "{said}");
    said["id"].as_str().unwrap().to_owned()
}

/// Adds a note; its id.
async fn note(shop: &Shop, transaction: &str) -> String {
    let path = format!("/api/v1/transactions/{transaction}/notes");
    let request = shop.request(Method::POST, &path).json(&json!({ "text": "Hello" }));
    let (status, made) = Shop::answer(request).await;
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

/// Hands in a payment; its id.
async fn payment(shop: &Shop, transaction: &str) -> String {
    let request =
        shop.request(Method::POST, &format!("/api/v1/transactions/{transaction}/payments"));
    let (status, made) = Shop::answer(request.json(&json!({ "amount": "1" }))).await;
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

/// A call of the document with its first example as the body, for this transaction.
fn example(
    shop: &Shop,
    method: &str,
    path: &str,
    call: &Value,
    names: &[(&str, &str)],
) -> RequestBuilder {
    let mut address = path.to_owned();
    for (name, value) in names {
        address = address.replace(&format!("{{{name}}}"), value);
    }
    let method: Method = method.to_uppercase().parse().unwrap();
    let mut request = shop.request(method, &address);
    for parameter in call["parameters"].as_array().into_iter().flatten() {
        if let Some(example) = parameter["example"].as_str() {
            request = request.query(&[(parameter["name"].as_str().unwrap(), example)]);
        }
    }
    request
}

/// The same call with a body of a type of which the document has no example: a file, or a form with one.
fn with_file(
    request: RequestBuilder,
    path: &str,
    media_type: &str,
    number: usize,
) -> RequestBuilder {
    let external_id = format!("as a file {number}");
    match media_type {
        "multipart/form-data" if path.ends_with("/messages") => {
            request.multipart(Form::new().part("file", Part::bytes(PDF).file_name("invoice.pdf")))
        }
        "multipart/form-data" => {
            let invoice = Part::bytes(INVOICE.as_bytes());
            let beside = json!({ "external_id": external_id }).to_string();
            request.multipart(Form::new().part("invoice", invoice).text("transaction", beside))
        }
        _ => {
            let body = if media_type == "application/pdf" { PDF } else { INVOICE.as_bytes() };
            let request = match path {
                "/api/v1/transactions" => request.query(&[("external_id", external_id)]),
                _ => request,
            };
            request.header("content-type", media_type).body(body)
        }
    }
}

on_both_databases! {
    async fn every_example_of_the_document_works_and_every_type_of_a_body(database) {
        let receiver = Receiver::start().await;
        let world = with_webhooks().page().start(database).await;
        let shop = &world.shop;
        let keyless = reqwest::get(format!("{}{DOCUMENT}", shop.base)).await.unwrap();
        assert_eq!(keyless.status(), 200);
        let document: Value = keyless.json().await.unwrap();
        assert_eq!(&document, tallyroom::api::openapi());
        let mut sent = 0;
        // What takes something away comes last.
        for method in ["post", "patch", "get", "delete"] {
            for (path, item) in document["paths"].as_object().unwrap() {
                let call = &item[method];
                if !call.is_object() {
                    continue;
                }
                let content = call["requestBody"]["content"].as_object();
                let bodies = content.into_iter().flatten();
                let mut bodies: Vec<_> = bodies.map(|(name, it)| Some((name.as_str(), &it["example"]))).collect();
                if bodies.is_empty() {
                    bodies.push(None);
                }
                for body in bodies {
                    // Each call has a transaction of its own, which is as the examples say.
                    let mut order = document["paths"]["/api/v1/transactions"]["post"]["requestBody"]["content"]["application/json"]["example"].clone();
                    order["external_id"] = json!(format!("of its own {sent}"));
                    // And so has each call of a webhook.
                    let webhook = match path.contains("{webhook}") {
                        true => webhook(shop, &receiver).await,
                        false => String::new(),
                    };
                    let mut id = shop.create(&order).await;
                    if path.contains("/original") || path.contains("/attachments/") {
                        id = shop.post_xml(&format!("external_id=xml-{sent}"), INVOICE).await.1["id"].as_str().unwrap().to_owned();
                    }
                    let link = shop.new_link(&id, &json!({ "party": "buyer" })).await;
                    let files = &shop.transaction(&id).await["invoice"]["documents"];
                    let place = files.as_array().into_iter().flatten().position(|it| it["attachment"].is_object());
                    let message = message(shop, &id).await;
                    let note = note(shop, &id).await;
                    let payment = payment(shop, &id).await;
                    let event = match path.contains("{event}") {
                        true => Some(delivered(&world, &webhook).await),
                        false => None,
                    };
                    let names = [
                        ("id", id.as_str()),
                        ("party", "buyer"),
                        ("contact", "@accounts:birch.example"),
                        ("link", link["id"].as_str().unwrap()),
                        ("message", message.as_str()),
                        ("note", note.as_str()),
                        ("payment", payment.as_str()),
                        ("webhook", webhook.as_str()),
                        ("event", &event.unwrap_or_default()),
                        ("place", &place.unwrap_or_default().to_string()),
                        // Nobody sent a file or a mail here. `files.rs` and `mail_in.rs` test those.
                        ("sha256", &"0".repeat(64)),
                        ("mail", &"0".repeat(26)),
                        ("address", "ada@birch.example"),
                    ];
                    let mut request = example(shop, method, path, call, &names);
                    request = match body {
                        Some((media_type, Value::Null)) => with_file(request, path, media_type, sent),
                        Some((media_type, example)) => {
                            request.header("content-type", media_type).body(example.to_string())
                        }
                        None => request,
                    };
                    let (status, answer) = Shop::answer(request).await;
                    let is_missing = ["{sha256}", "{mail}", "{address}"].iter().any(|it| path.contains(it));
                    let wanted = if is_missing { 404..405 } else { 200..300 };
                    assert!(wanted.contains(&status), "{method} {path} {body:?}: {status} {answer:#}");
                    sent += 1;
                }
            }
        }
        assert!(sent > 20, "{sent}");
    }

    async fn schemathesis_finds_nothing(database) {
        let trusted = json!({ "trusted": ["127.0.0.1"] });
        let world = with_webhooks().page().config("proxies", trusted).start(database).await;
        let receiver = Receiver::start().await;
        let shop = &world.shop;
        let webhook = webhook(shop, &receiver).await;
        let made = transaction_with_files(shop).await;
        let with_files = made["id"].as_str().unwrap();
        let plain = shop.create(&sample("plain", BUYER, SELLER)).await;
        let link = shop.new_link(&plain, &json!({ "party": "buyer" })).await;
        let message = message(shop, &plain).await;
        let note = note(shop, &plain).await;
        let payment = payment(shop, &plain).await;
        let event = delivered(&world, &webhook).await;
        // Values that there are, so that it gets further than to "not found".
        let config = format!(
            r#"
                hooks = "{HOOKS}"
                [dictionaries.ids]
                values = [{with_files}, {plain}]
                [dictionaries.contacts]
                values = ["{BUYER}", "{SELLER}"]
                [dictionaries.links]
                values = [{}]
                [dictionaries.notes]
                values = ["{note}"]
                [dictionaries.payments]
                values = ["{payment}"]
                [dictionaries.messages]
                values = ["{message}"]
                [dictionaries.webhooks]
                values = ["{webhook}"]
                [dictionaries.events]
                values = ["{event}"]
                [dictionaries.seconds]
                values = [0, 1]
                [parameters]
                "path.id" = {{ dictionary = "ids", probability = 0.8 }}
                "path.contact" = {{ dictionary = "contacts", probability = 0.8 }}
                "path.link" = {{ dictionary = "links", probability = 0.8 }}
                "path.message" = {{ dictionary = "messages", probability = 0.8 }}
                "path.note" = {{ dictionary = "notes", probability = 0.8 }}
                "path.payment" = {{ dictionary = "payments", probability = 0.8 }}
                "path.webhook" = {{ dictionary = "webhooks", probability = 0.8 }}
                "path.event" = {{ dictionary = "events", probability = 0.8 }}
                "query.wait" = {{ dictionary = "seconds" }}
                [auth.openapi.key]
                bearer = "{KEY}"
                [checks.negative_data_rejection]
                expected-statuses = ["4xx"]
                [checks.positive_data_acceptance]
                # What the schema allows may still break a rule between fields (422), be there already (409), or name
                # another revision (412), or an event that there is not (410). It sometimes draws keys, which are wrong (401).
                expected-statuses = ["2xx", 304, 401, 404, 409, 410, 412, 422]
                [[operations]]
                # Some parameters of a list exclude each other, and a search needs a word.
                include-operation-id = ["listTransactions", "searchRecords"]
                checks.positive_data_acceptance.expected-statuses = ["2xx", 304, 400, 401]
                [[operations]]
                # What happens is sent to no other host.
                include-operation-id = ["makeWebhook", "changeWebhook"]
                parameters = {{ "body.url" = "{}" }}
            "#,
            link["id"],
            receiver.url(),
            with_files = json!(with_files),
            plain = json!(plain),
        );
        let file = world.folder.path().join("schemathesis.toml");
        std::fs::write(&file, config).unwrap();
        let program = tools().join("schemathesis/bin/schemathesis");
        assert!(program.exists(), "{} is missing: run scripts/schemathesis", program.display());
        let run = Command::new(program)
            .arg("--config-file").arg(&file)
            .arg("run").arg(format!("{}{DOCUMENT}", shop.base))
            .args(["--checks", "all", "--seed", SEED, "--max-examples", EXAMPLES, "--no-color"])
            .args(["--generation-database", "none", "--continue-on-failure"])
            .current_dir(world.folder.path())
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_the_calls_and_sends_them() {
    let (world, browser) =
        tokio::join!(World::with().page().start(Database::Sqlite), Browser::start());
    let shop = &world.shop;
    let id = shop.create(&sample("order-1", BUYER, SELLER)).await;
    let page = format!("{}/api/v1/docs", shop.base);
    let developer = browser.visitor().await;
    for (width, height, is_dark) in [(390, 844, false), (1280, 900, false), (390, 844, true)] {
        developer.size(width, height).await;
        if is_dark {
            developer.dark().await;
        }
        developer.open(&page).await;
        developer.sees("Hand in a transaction").await;
        developer.js("document.querySelectorAll('details').forEach(it => it.open = true)").await;
        let which = format!("at {width}, dark: {is_dark}");
        assert_eq!(developer.axe().await, Vec::<String>::new(), "{which}");
        let overflow = developer.js("document.documentElement.scrollWidth - innerWidth").await;
        assert!(overflow.as_i64().unwrap() <= 0, "{which}: {overflow} px too wide");
        developer.pictured(&format!("api-{width}-{is_dark}")).await;
    }
    let calls = developer.count("details.call").await;
    assert_eq!(calls, operations(), "each call is on the page");

    // One call: without a key it is refused, with one it is answered.
    developer.open(&format!("{page}#getTransaction")).await;
    developer.js(&format!("document.querySelector('#getTransaction-id').value = '{id}'")).await;
    developer.presses("Send: Read a transaction").await;
    developer.sees("urn:tallyroom:problem:missing-key").await;
    developer.types("API key", KEY).await;
    developer.presses("Send: Read a transaction").await;
    developer.sees("INV-2026-0042").await;
    let stored =
        developer.js("localStorage.length + sessionStorage.length + document.cookie.length").await;
    assert_eq!(stored, 0, "the key is stored nowhere");
    // Another one, with the example as its body.
    developer.js("location.hash = '#createTransaction'").await;
    developer.presses("Send: Hand in a transaction").await;
    developer.sees("201 Created").await;
    developer.complains("401").await;
    for request in developer.requests() {
        assert!(
            request.url.starts_with(&shop.base) || request.url.starts_with("data:"),
            "{}",
            request.url
        );
    }
    let answer = reqwest::get(&page).await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
        "{policy}"
    );
}

/// How many calls the document has.
fn operations() -> u64 {
    let paths = tallyroom::api::openapi()["paths"].as_object().unwrap();
    let of_path =
        |item: &Value| item.as_object().unwrap().keys().filter(|it| *it != "parameters").count();
    paths.values().map(|it| of_path(it) as u64).sum()
}
