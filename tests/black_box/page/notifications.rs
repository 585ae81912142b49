//! A browser is told of answers while nobody looks at the page, by a push service that cannot read what it brings.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use web_push_native::{Auth, decrypt};

use super::Scene;
use crate::on_both_databases;
use crate::support::world::Plan;
use crate::support::{Database, Entered, World};

/// The authentication secret of the browser.
const AUTH: [u8; 16] = [9; 16];

/// The push service of the maker of a browser.
struct PushService {
    origin: String,
    shared: Arc<Mutex<Shared>>,
    serving: JoinHandle<()>,
}

struct Shared {
    calls: Vec<(HeaderMap, Bytes)>,
    status: StatusCode,
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl PushService {
    async fn start() -> Self {
        let shared =
            Arc::new(Mutex::new(Shared { calls: Vec::new(), status: StatusCode::CREATED }));
        let take =
            async |State(shared): State<Arc<Mutex<Shared>>>, headers: HeaderMap, body: Bytes| {
                let mut shared = shared.lock().unwrap();
                shared.calls.push((headers, body));
                shared.status
            };
        let router =
            Router::new().route("/for/{browser}", post(take)).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { origin, shared, serving }
    }

    fn answers(&self, status: StatusCode) {
        self.shared.lock().unwrap().status = status;
    }

    fn count(&self) -> usize {
        self.shared.lock().unwrap().calls.len()
    }

    /// What a browser gets as the call with this number. Anybody can check who sent it, and only the browser can
    /// read it.
    async fn brought(&self, world: &World, number: usize) -> Value {
        let what = format!("call {number} of the push service");
        let (headers, body) = world
            .eventually(&what, || async { self.shared.lock().unwrap().calls.get(number).cloned() })
            .await;
        let authorization = headers["authorization"].to_str().unwrap();
        let (token, key) =
            authorization.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&[&self.origin]);
        let key = DecodingKey::from_ec_der(&BASE64_URL_SAFE_NO_PAD.decode(key).unwrap());
        let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims;
        assert!(world.page("").starts_with(claims["sub"].as_str().unwrap()), "{claims}");
        assert_eq!(headers["content-encoding"], "aes128gcm");
        assert_eq!(headers["ttl"], "86400");
        let read = decrypt(body.to_vec(), &browser_key(), Auth::from_slice(&AUTH)).unwrap();
        serde_json::from_slice(&read).unwrap()
    }
}

fn browser_key() -> SecretKey {
    SecretKey::from_slice(&[7; 32]).unwrap()
}

/// What a browser hands over, as `PushSubscription.toJSON()` has it.
fn subscription(endpoint: &str) -> [(&'static str, String); 3] {
    let point = browser_key().public_key().to_encoded_point(false);
    [
        ("endpoint", endpoint.to_owned()),
        ("p256dh", BASE64_URL_SAFE_NO_PAD.encode(point.as_bytes())),
        ("auth", BASE64_URL_SAFE_NO_PAD.encode(AUTH)),
    ]
}

async fn posts(entered: &Entered, part: &str, fields: &[(&str, String)]) -> u16 {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let request = entered.request(Method::POST, part).body(body.finish());
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.send().await.unwrap().status().as_u16()
}

fn reaching_the_service() -> Plan {
    World::with().page().config("page", json!({ "push_networks": ["127.0.0.0/8"] }))
}

on_both_databases! {
    async fn who_left_the_page_is_told_of_an_answer_once(database) {
        let service = PushService::start().await;
        let mut scene = Scene::set_in(reaching_the_service(), database).await;
        let link = scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await;
        let bea = Entered::by(&link).await;
        let endpoint = format!("{}/for/bea", service.origin);
        assert_eq!(posts(&bea, "/notifications", &subscription(&endpoint)).await, 204);

        // Her own words are no news. A message of the other party is, and so is one that came while nothing ran.
        let own = bea.request(Method::POST, "/messages");
        let form = reqwest::multipart::Form::new().text("client_id", "one").text("text", "Is this paid?");
        assert_eq!(own.header("accept", "application/json").multipart(form).send().await.unwrap().status(), 202);
        scene.entry("Is this paid?").await;
        scene.sam.say(&scene.room, "Not yet, confidential-4711.").await;
        let told = service.brought(&scene.world, 0).await;
        assert_eq!(told["title"], "Acme Ltd");
        assert_eq!(told["body"], "1 new message · INV-2026-0042");
        assert_eq!(told["page"], format!("/t/{}", scene.id));
        assert!(!told.to_string().contains("confidential-4711"));
        scene.world.kill_tallyroom();
        scene.sam.say(&scene.room, "It is due on Friday.").await;
        scene.sam.say(&scene.room, "Or on Monday.").await;
        scene.world.start_tallyroom().await;
        let told = service.brought(&scene.world, 1).await;
        assert_eq!(told["body"], "2 new messages · INV-2026-0042");

        // What she has read on the page in time is not told. After what follows it, nothing else has come.
        let read = scene.sam.say(&scene.room, "You see this.").await;
        scene.entry("You see this.").await;
        assert_eq!(posts(&bea, "/seen", &[("event", read)]).await, 204);
        scene.sam.say(&scene.room, "And this?").await;
        let told = service.brought(&scene.world, 2).await;
        assert_eq!(told["body"], "1 new message · INV-2026-0042");

        // A browser that is gone is forgotten.
        let left = async || {
            let count = "SELECT CAST(COUNT(*) AS TEXT) FROM subscriptions";
            scene.world.sql_text(count).await.unwrap()
        };
        service.answers(StatusCode::GONE);
        scene.sam.say(&scene.room, "Hello?").await;
        scene.world.eventually("the browser is forgotten", || async { (left().await == "0").then_some(()) }).await;
        assert_eq!(service.count(), 4);

        // Another sign-in of the same person takes it over, and can end it.
        service.answers(StatusCode::CREATED);
        assert_eq!(posts(&bea, "/notifications", &subscription(&endpoint)).await, 204);
        let link = scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await;
        let again = Entered::by(&link).await;
        assert_eq!(posts(&again, "/notifications", &subscription(&endpoint)).await, 204);
        assert_eq!(left().await, "1");
        assert_eq!(posts(&bea, "/leave", &[]).await, 200);
        scene.sam.say(&scene.room, "Are you there?").await;
        service.brought(&scene.world, 4).await;
        let bea = again;

        // A browser is forgotten if its person wants no more, or signs out.
        assert_eq!(posts(&bea, "/notifications/end", &subscription(&endpoint)[..1]).await, 204);
        assert_eq!(left().await, "0");
        assert_eq!(posts(&bea, "/notifications", &subscription(&endpoint)).await, 204);
        assert_eq!(posts(&bea, "/leave", &[]).await, 200);
        scene.sam.say(&scene.room, "Goodbye.").await;
        scene.world.eventually("the browser is forgotten", || async { (left().await == "0").then_some(()) }).await;
        assert_eq!(service.count(), 5);
        let log = scene.world.log();
        assert!(!log.contains(&service.origin) && !log.contains("/for/bea"), "{log}");
    }
}

/// Shows what Chromium does with a message, and what the button asks for. Chromium's own push service cannot be
/// reached, so the browser is handed an address of ours.
#[tokio::test(flavor = "multi_thread")]
async fn the_browser_shows_what_it_is_told() {
    let service = PushService::start().await;
    let scene = Scene::set_in(reaching_the_service(), Database::Sqlite).await;
    let visitor = scene.bea().await;
    visitor.until("!document.getElementById('bell').hidden").await;
    visitor.allows_notifications().await;
    let [(_, endpoint), (_, p256dh), (_, auth)] =
        subscription(&format!("{}/for/bea", service.origin));
    let subscribed = json!({ "endpoint": endpoint, "keys": { "p256dh": p256dh, "auth": auth } });
    visitor.js(&format!(
        "PushManager.prototype.subscribe = async ({{ userVisibleOnly, applicationServerKey }}) => {{ \
         if (!userVisibleOnly || applicationServerKey.length !== 65) throw new Error('refused'); \
         return {{ toJSON: () => ({subscribed}) }}; }}; true"
    )).await;
    visitor.pictured("bell").await;
    visitor.presses("Notify me of replies").await;
    visitor.sees("You are notified of replies").await;
    assert_eq!(visitor.axe().await, Vec::<String>::new());
    let elsewhere = scene.browser.tab_beside(&visitor).await;
    visitor.looks_away().await;
    elsewhere.open(&scene.world.page("/robots.txt")).await;
    scene.sam.say(&scene.room, "Paid, thank you.").await;
    let told = service.brought(&scene.world, 0).await;

    let shown = "navigator.serviceWorker.getRegistration('/').then((it) => it.getNotifications())\
         .then((all) => all.map(({ title, body, lang, dir, data }) => ({ title, body, lang, dir, data })))";
    let shown = scene
        .world
        .eventually("a notification", || async {
            // While another tab comes to the front, this one may still be looked at. What is brought again is shown once.
            visitor.is_told(&told).await;
            visitor.js(shown).await.as_array()?.first().cloned()
        })
        .await;
    let expected = json!({ "title": "Acme Ltd", "body": "1 new message · INV-2026-0042", "lang": "en-US",
        "dir": "ltr", "data": format!("/t/{}", scene.id) });
    assert_eq!(shown, expected);

    visitor.looks_again().await;
    visitor.presses("You are notified of replies").await;
    visitor.sees("Notify me of replies").await;
    let left = "SELECT CAST(COUNT(*) AS TEXT) FROM subscriptions";
    assert_eq!(scene.world.sql_text(left).await.as_deref(), Some("0"));
}

/// Nobody can make us call our own network, and what is no subscription is refused.
#[tokio::test(flavor = "multi_thread")]
async fn only_push_services_outside_are_called() {
    let scene = Scene::set(Database::Sqlite).await;
    let link = scene.world.shop.link(&scene.id, "buyer", Some("bea@birch.example")).await;
    let bea = Entered::by(&link).await;
    for bad in
        ["https://127.0.0.1/x", "https://[::1]/x", "http://push.example.net/x", "ftp://x", "x", ""]
    {
        assert_eq!(posts(&bea, "/notifications", &subscription(bad)).await, 422, "{bad}");
    }
    let [endpoint, key, auth] = subscription("https://push.example.net/x");
    for bad in [
        [endpoint.clone(), ("p256dh", auth.1.clone()), auth.clone()],
        [endpoint.clone(), key.clone(), ("auth", key.1.clone())],
    ] {
        assert_eq!(posts(&bea, "/notifications", &bad).await, 422, "{bad:?}");
    }
    assert_eq!(posts(&bea, "/notifications", &[endpoint, key, auth]).await, 204);
}
