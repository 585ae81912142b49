//! The examples for developers of a shop work as they stand: a transaction, a webhook that the published library
//! verifies, a message of the shop, and the answer of the buyer.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use reqwest::multipart::Form;
use serde_json::json;

use crate::support::process::Process;
use crate::support::shop::KEY;
use crate::support::{Database, Entered, World, tools};

const PYTHON: &str = "examples/python/talk.py";
const TYPESCRIPT: &str = "examples/typescript/talk.ts";

fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn each_has_fewer_than_40_lines() {
    for path in [PYTHON, TYPESCRIPT] {
        let text = fs::read_to_string(example(path)).unwrap();
        assert!(text.lines().count() < 40, "{path} has {} lines", text.lines().count());
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(100), "{path} has a line of {longest:?} characters");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hands_in_an_order_verifies_a_webhook_speaks_and_hears_the_buyer() {
    let networks = json!({ "allow_http": true, "allow_networks": ["127.0.0.0/8"] });
    let world = World::with().page().config("webhooks", networks).start(Database::Sqlite).await;
    let mut python = Command::new(tools().join("examples/python/bin/python"));
    python.arg(example(PYTHON));
    for (mut command, order) in
        [(python, "order-1001"), (typescript(world.folder.path()), "order-1002")]
    {
        let log = world.folder.path().join(format!("{order}.log"));
        command.env("TALLYROOM_URL", &world.shop.base).env("TALLYROOM_KEY", KEY);
        let _program = Process::start(&mut command, &log);
        let link = line(&world, &log, "The buyer answers here: ").await;

        // What the shop says is in the room, on the side of the seller.
        let (_, found) = world.shop.get(&format!("/api/v1/transactions?external_id={order}")).await;
        let id = found["transactions"][0]["id"].as_str().unwrap().to_owned();
        world
            .eventually("the words of the shop", || async {
                let mut entries = world.shop.entries(&id).await.into_iter();
                let said = entries.find(|it| it["text"] == "Thank you! Do you have a question?")?;
                (said["party"] == "seller" && said["display_name"] == "Acme Ltd").then_some(())
            })
            .await;

        // Without a valid signature, nobody is believed.
        let (_, webhooks) = world.shop.get("/api/v1/webhooks").await;
        let webhooks = webhooks["webhooks"].as_array().unwrap();
        let receiver = webhooks.last().unwrap()["url"].as_str().unwrap();
        let forged = json!({ "data": { "entry": { "party": "buyer", "text": "I paid" } } });
        let forged = reqwest::Client::new().post(receiver).json(&forged);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let malformed = forged.try_clone().unwrap().header("webhook-id", "evt_0000000000001");
        let malformed = malformed.header("webhook-timestamp", now);
        for call in [forged, malformed.header("webhook-signature", "malformed")] {
            assert_eq!(call.send().await.unwrap().status(), 401);
        }
        hang_up(receiver);

        let buyer = Entered::by(&link).await;
        let words = format!("When does {order} arrive?");
        let form = Form::new().text("text", words.clone());
        let sent = buyer.request(Method::POST, "/messages").multipart(form).send().await.unwrap();
        assert!(sent.status().is_success() || sent.status() == 303, "{}", sent.status());
        assert_eq!(line(&world, &log, "Birch GmbH says: ").await, words);
        assert!(!fs::read_to_string(&log).unwrap().contains("I paid"));
    }
}

/// Ends a call in the middle of its body, which must not end the receiver.
fn hang_up(receiver: &str) {
    let mut stream = TcpStream::connect(receiver.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\n{").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    // Until the receiver has seen it.
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Waits for a line that begins with this in what a program says; the rest of it.
async fn line(world: &World, log: &Path, beginning: &str) -> String {
    let rest = |text: &str| {
        let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        whole.filter_map(|line| line.strip_prefix(beginning)).next().map(str::to_owned)
    };
    let found = world.eventually(beginning, || async {
        let text = fs::read_to_string(log).unwrap();
        assert!(!text.contains("Error"), "{text}");
        rest(&text)
    });
    found.await
}

/// The program in TypeScript, compiled as `npm run talk` does it.
fn typescript(folder: &Path) -> Command {
    let folder = folder.join("typescript");
    fs::create_dir(&folder).unwrap();
    for file in ["package.json", "tsconfig.json", "talk.ts"] {
        fs::copy(example("examples/typescript").join(file), folder.join(file)).unwrap();
    }
    let packages = "node_modules";
    symlink(tools().join("examples/node").join(packages), folder.join(packages)).unwrap();
    let mut compiler = Command::new(folder.join(packages).join(".bin/tsc"));
    let compiled = compiler.current_dir(&folder).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stdout));
    let mut node = Command::new("node");
    node.arg(folder.join("talk.js"));
    node
}
