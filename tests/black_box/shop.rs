//! A shop with a framework of its own (examples/shop, django-oscar) hands in its orders, and shows the conversation
//! about each on its order page: from webhooks alone, in order, with edits, and without what was removed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection, Executor};

use crate::support::process::Process;
use crate::support::{Database, Entered, World, eventually, tools};

const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop");
const PEOPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/black_box/shop_people.py");
const SCOPES: &str = "read,write,links,events";

/// The shop, with a folder and a server of its own.
struct OscarShop {
    folder: PathBuf,
    api: String,
    key: String,
    seller: String,
    server: Option<Process>,
    /// Where its server listens: a port that it has picked itself.
    url: String,
}

impl OscarShop {
    async fn start(world: &World, seller: &str) -> Self {
        let folder = world.folder.path().join("shop");
        fs::create_dir(&folder).unwrap();
        fs::copy(tools().join("examples/shop/shop.db"), folder.join("shop.db")).unwrap();
        let made = ["key", "create", "--shop", "shop", "--name", "oscar", "--scope", SCOPES];
        let (status, key, error) = world.run(&made);
        assert!(status.success(), "{error}");
        let mut shop = Self {
            folder,
            api: world.shop.base.clone(),
            key: key.trim_end().to_owned(),
            seller: seller.to_owned(),
            server: None,
            url: String::new(),
        };
        shop.open(world).await;
        shop
    }

    fn python(&self, script: &str) -> Command {
        let mut command = Command::new(tools().join("examples/python/bin/python"));
        command.arg(script).env("PYTHONDONTWRITEBYTECODE", "1").env("SHOP_FOLDER", &self.folder);
        command.env("TALLYROOM_URL", &self.api).env("TALLYROOM_KEY", &self.key);
        command.env("SELLER_MATRIX", &self.seller);
        command
    }

    /// Starts its server.
    async fn open(&mut self, world: &World) {
        let log = self.folder.join("server.log");
        let _ = fs::remove_file(&log);
        let mut serve = self.python(&format!("{SHOP}/manage.py"));
        self.server = Some(Process::start(serve.arg("serve"), &log));
        let url = world.eventually("the server of the shop", || async { address(&log) });
        self.url = url.await;
    }

    fn kill(&mut self) {
        self.server.take().unwrap().kill();
    }

    /// Somebody uses its pages; what the script prints.
    fn people(&self, arguments: &[&str]) -> String {
        let mut command = self.python(PEOPLE);
        let output = command.arg(&self.url).args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        let server = fs::read_to_string(self.folder.join("server.log")).unwrap();
        assert!(output.status.success(), "{arguments:?}: {error}\n{server}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// The conversation on a page of the shop: who, and what they said.
    async fn lines(&self, path: &str, cookie: &str) -> Vec<(String, String)> {
        let page = reqwest::Client::new().get(format!("{}{path}", self.url)).header(COOKIE, cookie);
        let html = page.send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
        let Some((_, list)) = html.split_once("id=\"conversation\"") else { return Vec::new() };
        let list = list.split("</ol>").next().unwrap();
        let line = |item: &str| {
            let name = item.split("<b>").nth(1)?.split("</b>").next()?;
            let words = item.split("</time>):").nth(1)?.split("</li>").next()?;
            let words: Vec<&str> = words.split_whitespace().collect();
            Some((name.to_owned(), words.join(" ")))
        };
        list.split("<li>").skip(1).filter_map(line).collect()
    }

    /// Waits until a page of the shop has exactly this conversation.
    async fn shows(&self, path: &str, cookie: &str, lines: &[(&str, &str)]) {
        let what = format!("{path} with {lines:#?}");
        // A shop that was down is tried again after up to a minute.
        eventually(&what, Duration::from_secs(120), || async {
            let now = self.lines(path, cookie).await;
            let now = now.iter().map(|(who, words)| (who.as_str(), words.as_str()));
            now.eq(lines.iter().copied()).then_some(())
        })
        .await;
    }

    async fn database(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite:{}", self.folder.join("shop.db").display());
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        connection.execute("PRAGMA busy_timeout = 15000").await.unwrap();
        connection
    }

    /// Whether words are anywhere in what the shop keeps of the conversations.
    async fn keeps(&self, words: &str) -> bool {
        let count = "SELECT COUNT(*) FROM conversations_entry WHERE instr(text, $1) > 0";
        let count = sqlx::query_scalar(count).bind(words);
        let count: i64 = count.fetch_one(&mut self.database().await).await.unwrap();
        count > 0
    }

    /// Loses what it has of a message.
    async fn forget(&self, words: &str) {
        let delete = sqlx::query("DELETE FROM conversations_entry WHERE text = $1").bind(words);
        let done = delete.execute(&mut self.database().await).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
    }

    /// Whether all changes of orders were sent to Tallyroom.
    async fn has_sent_all(&self) -> Option<()> {
        let count = "SELECT COUNT(*) FROM conversations_conversation WHERE told < changes";
        let behind: i64 =
            sqlx::query_scalar(count).fetch_one(&mut self.database().await).await.unwrap();
        (behind == 0).then_some(())
    }
}

/// Where the server of the shop says that it is, once it says so.
fn address(log: &Path) -> Option<String> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let address = text.lines().find_map(|line| line.strip_prefix("The shop is at "));
    assert!(address.is_some() || !text.contains("Traceback"), "{text}");
    address.map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_with_a_framework_shows_the_conversation_on_its_order_page_from_webhooks_alone() {
    let networks = json!({ "allow_http": true, "allow_networks": ["127.0.0.0/8"] });
    let mut world = World::with().page().config("webhooks", networks).start(Database::Sqlite).await;
    let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
    let mut shop = OscarShop::start(&world, &seller.id).await;

    // A customer orders, and the order comes to Tallyroom by itself.
    let order: Value = serde_json::from_str(&shop.people(&["order", &buyer.id])).unwrap();
    let text = |key: &str| order[key].as_str().unwrap().to_owned();
    let (number, customer, staff) = (text("number"), text("customer"), text("staff"));
    let id = world.eventually("the order at Tallyroom", || async {
        let path = format!("/api/v1/transactions?external_id={number}");
        Some(world.shop.get(&path).await.1["transactions"][0]["id"].as_str()?.to_owned())
    });
    let id = id.await;
    let transaction = world.shop.transaction(&id).await;
    let invoice = &transaction["invoice"];
    assert_eq!(invoice["totals"]["with_vat"], order["total"], "{transaction}");
    assert_eq!(transaction["standing"]["to_pay"], order["total"], "{transaction}");
    let warnings = transaction["warnings"].as_array().unwrap();
    // The discount has made a cent of difference between the VAT of the lines and that of their sum.
    assert!(warnings.len() == 1 && warnings[0]["rule"] == "BR-CO-17", "{warnings:?}");
    assert_eq!(invoice["lines"][0]["allowances"][0]["amount"], "1.78", "{invoice}");
    assert_eq!(transaction["buyer"]["name"], "Birch GmbH");
    assert_eq!(transaction["buyer"]["address"]["city"], "Berlin");
    assert_eq!(transaction["buyer"]["contacts"][0]["matrix"], buyer.id.as_str());
    let titles: Vec<_> =
        invoice["lines"].as_array().unwrap().iter().map(|it| &it["description"]).collect();
    assert_eq!(titles, ["Oak plank", "Beech plank"]);
    let room = world.shop.room(&id).await;
    buyer.join(&room).await;
    seller.join(&room).await;

    // What is said in the room and on the dashboard is on the order page.
    let order_page = format!("/accounts/orders/{number}/");
    let mut lines = vec![("Acme Ltd", "Thank you for your order!")];
    shop.shows(&order_page, &customer, &lines).await;
    buyer.say(&room, "When do the <planks> arrive?").await;
    lines.push(("buyer", "When do the &lt;planks&gt; arrive?"));
    shop.shows(&order_page, &customer, &lines).await;
    let answer = seller.say(&room, "On Friday").await;
    lines.push(("seller", "On Friday"));
    shop.shows(&order_page, &customer, &lines).await;
    seller.edit(&room, &answer, "On Thursday").await;
    lines[2].1 = "On Thursday <i>(edited)</i>";
    let slip = buyer.say(&room, "Ring at canary-of-the-door").await;
    lines.push(("buyer", "Ring at canary-of-the-door"));
    shop.shows(&order_page, &customer, &lines).await;
    buyer.redact(&room, &slip).await;
    lines[3].1 = "<i>This message was removed.</i>";
    shop.shows(&order_page, &customer, &lines).await;
    assert!(!shop.keeps("canary-of-the-door").await);
    // A form that is sent twice is said once, and with other words it is another message.
    shop.people(&["send", &number, "They are packed", "They are packed", "They are on their way"]);
    lines.extend([("Acme sales", "They are packed"), ("Acme sales", "They are on their way")]);
    shop.shows(&order_page, &customer, &lines).await;
    let dashboard = format!("/dashboard/orders/{number}/");
    shop.shows(&dashboard, &staff, &lines).await;

    // Whoever cannot sign is not heard.
    let forged =
        json!({ "id": "evt_0000000000001", "type": "entry.created", "data": { "entry": {} } });
    let hook = reqwest::Client::new().post(format!("{}/tallyroom/webhook", shop.url));
    let unsigned = hook.json(&forged);
    let malformed = unsigned.try_clone().unwrap().header("webhook-id", "evt_0000000000001");
    let malformed = malformed.header("webhook-timestamp", Timestamp::now().as_second());
    for call in [unsigned, malformed.header("webhook-signature", "malformed")] {
        assert_eq!(call.send().await.unwrap().status(), 401);
    }

    // What is said, edited and removed while the shop is down is there when it is up again, also what was given up.
    shop.kill();
    buyer.say(&room, "One plank is broken").await;
    deliveries(&world, "waiting").await;
    let four_days = 4 * 86_400_000_i64;
    world.sql(&format!("UPDATE webhook_deliveries SET since = since - {four_days}")).await;
    deliveries(&world, "dead").await;
    seller.edit(&room, &answer, "On Wednesday").await;
    let taken_back = seller.edit(&room, &answer, "On canary-of-the-edit").await;
    seller.redact(&room, &taken_back).await;
    let said = seller.say(&room, "canary-of-the-night").await;
    seller.redact(&room, &said).await;
    let last = seller.say(&room, "We send another one").await;
    world.shop.entry(&id, &last).await;
    shop.open(&world).await;
    lines[2].1 = "On Wednesday <i>(edited)</i>";
    lines.extend([
        ("buyer", "One plank is broken"),
        ("seller", "<i>This message was removed.</i>"),
        ("seller", "We send another one"),
    ]);
    shop.shows(&order_page, &customer, &lines).await;
    assert!(!shop.keeps("canary").await);

    // The customer goes from the shop to the invoice page, where nobody asks for money once it is paid in the shop.
    let visitor = Entered::by(&shop.people(&["talk", &number])).await;
    let page =
        async || visitor.request(Method::GET, "").send().await.unwrap().text().await.unwrap();
    assert!(page().await.contains("DE02"));
    // A payment does not take back what was set elsewhere, such as a dispute on the page.
    assert_eq!(world.shop.patch(&id, &json!({ "status": "disputed" })).await.0, 200);
    shop.people(&["part", &number, "1.00"]);
    world.eventually("the first payment at Tallyroom", || shop.has_sent_all()).await;
    let disputed = world.shop.transaction(&id).await;
    assert_eq!(
        (&disputed["status"], &disputed["standing"]["paid"]),
        (&json!("disputed"), &json!("1.00"))
    );

    // It is noted as paid while Tallyroom is down, which keeps nobody waiting. Somebody without an account and without an
    // address orders, and then the shop has another contact. Its webhook is gone, and no other can be made.
    let taken_places = replace_webhook(&world).await;
    world.kill_tallyroom();
    let tomorrow =
        TimeZone::UTC.to_datetime(Timestamp::now()).date().tomorrow().unwrap().to_string();
    shop.people(&["pay", &number, &tomorrow]);
    let guest_order = shop.people(&["guest"]);
    shop.kill();
    shop.seller = format!("@another-{}", &seller.id[1..]);
    shop.open(&world).await;
    world.start_tallyroom().await;
    world
        .eventually("the payment at Tallyroom", || async {
            let transaction = world.shop.transaction(&id).await;
            (transaction["status"] == "Paid").then_some(())
        })
        .await;
    let transaction = world.shop.transaction(&id).await;
    let standing = &transaction["standing"];
    assert_eq!(
        (&standing["to_pay"], &standing["paid"]),
        (&Value::Null, &order["total"]),
        "{standing}"
    );
    let payments = format!("/api/v1/transactions/{id}/payments");
    let payments = world.shop.get(&payments).await.1["payments"].clone();
    assert_eq!(payments[1]["date"], tomorrow.as_str(), "{payments}");
    let of_guest = world.eventually("the order of the guest", || async {
        let path = format!("/api/v1/transactions?external_id={guest_order}");
        Some(world.shop.get(&path).await.1["transactions"][0]["id"].as_str()?.to_owned())
    });
    let of_guest = world.shop.transaction(&of_guest.await).await;
    assert_eq!(of_guest["buyer"]["name"], "guest@elm.example", "{of_guest}");
    // It is as it was when it was placed.
    assert_eq!(of_guest["seller"]["contacts"][0]["matrix"], seller.id.as_str(), "{of_guest}");
    // As soon as there is a place for its webhook, the shop makes another one.
    let path = format!("/api/v1/webhooks/{}", taken_places[0]);
    let deleted = world.shop.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    world
        .eventually("another webhook of the shop", || async {
            let mut urls = webhooks(&world).await.into_iter().map(|it| it["url"].clone());
            urls.any(|it| it.as_str().unwrap().starts_with(&shop.url)).then_some(())
        })
        .await;
    buyer.say(&room, "It was paid today").await;
    lines.push(("buyer", "It was paid today"));
    shop.shows(&order_page, &customer, &lines).await;
    let html = page().await;
    assert!(!html.contains("DE02") && html.contains("We send another one"), "{html}");

    // The shop has read neither records nor events.
    let done = world.eventually("what the shop has read", || async {
        let (_, audit) = world.shop.get("/api/v1/audit?limit=1000").await;
        let lines = audit["lines"].as_array()?.iter().filter(|it| it["actor"] == "oscar");
        let done: BTreeSet<_> = lines.map(|it| it["action"].as_str().unwrap().to_owned()).collect();
        done.contains("payments.listed").then_some(done)
    });
    let done = done.await;
    for action in ["record.read", "records.searched", "events.read"] {
        assert!(!done.contains(action), "{done:?}");
    }

    // It reads the record only for an event that was too large to have its entry with it.
    shop.forget("We send another one").await;
    shop.people(&["leave_out", &number]);
    shop.shows(&order_page, &customer, &lines).await;
}

async fn webhooks(world: &World) -> Vec<Value> {
    world.shop.get("/api/v1/webhooks").await.1["webhooks"].as_array().unwrap().clone()
}

/// Waits for a delivery of the only webhook that is in this state.
async fn deliveries(world: &World, state: &str) {
    let id = webhooks(world).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/webhooks/{id}/deliveries?state={state}");
    let what = format!("a delivery that is {state}");
    let found = world.eventually(&what, || async {
        let found = world.shop.get(&path).await.1;
        (!found["deliveries"].as_array()?.is_empty()).then_some(())
    });
    found.await;
}

/// Deletes the only webhook, and makes as many others as a shop may have; their ids.
async fn replace_webhook(world: &World) -> Vec<String> {
    let old = webhooks(world).await[0]["id"].as_str().unwrap().to_owned();
    let old = world.shop.request(Method::DELETE, &format!("/api/v1/webhooks/{old}"));
    assert_eq!(old.send().await.unwrap().status(), 204);
    let other = json!({ "url": "http://127.0.0.1:9/", "enabled": false });
    let mut ids = Vec::new();
    for _ in 0..16 {
        let made = world.shop.request(Method::POST, "/api/v1/webhooks").json(&other);
        let made: Value = made.send().await.unwrap().json().await.unwrap();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    ids
}
