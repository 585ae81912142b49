//! The files that people send are kept, shown and deleted.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::on_both_databases;
use crate::support::world::Deal;
use crate::support::{Database, Fault, Shop, When, World, eventually};

/// A picture of one pixel: what its first bytes say is what it is.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89,
];

fn message(name: &str, mxc: &str) -> Value {
    json!({ "msgtype": "m.file", "body": name, "url": mxc, "info": { "mimetype": "text/html", "size": 5 } })
}

fn digest(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Waits until the file of the entry of `event` is in `state`; what the API says of it.
async fn file_in_state(world: &World, deal: &Deal, event: &str, state: &str) -> Value {
    eventually(&format!("a file that is {state}"), Duration::from_secs(30), || async {
        let entry = world.shop.entry(&deal.id, event).await;
        let file = entry["attachments"][0]["file"].clone();
        (file["state"] == state).then_some(file)
    })
    .await
}

async fn bytes(shop: &Shop, href: &str) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    let answer = shop.request(reqwest::Method::GET, href).send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap().to_vec())
}

fn kept(world: &World) -> Vec<PathBuf> {
    fn walk(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().map(|it| it.unwrap().path());
        entries.flat_map(|it| if it.is_dir() { walk(&it) } else { vec![it] }).collect()
    }
    walk(&world.folder.path().join("files"))
}

/// `plain` as clients encrypt it (Client-Server API, "Sending encrypted attachments"): the bytes to
/// upload, and the `EncryptedFile` without its address.
fn encrypted(plain: &[u8], key: [u8; 32]) -> (Vec<u8>, Value) {
    let base64 = |engine: base64::engine::GeneralPurpose, bytes: &[u8]| engine.encode(bytes);
    let iv = [7; 16];
    let mut bytes = plain.to_vec();
    ctr::Ctr128BE::<aes::Aes256>::new(&key.into(), &iv.into()).apply_keystream(&mut bytes);
    let file = json!({ "v": "v2", "iv": base64(STANDARD_NO_PAD, &iv),
        "key": { "kty": "oct", "alg": "A256CTR", "ext": true, "key_ops": ["encrypt", "decrypt"],
            "k": base64(URL_SAFE_NO_PAD, &key) },
        "hashes": { "sha256": base64(STANDARD_NO_PAD, &Sha256::digest(&bytes)) } });
    (bytes, file)
}

on_both_databases! {
    async fn an_encrypted_attachment_in_an_open_room_is_kept_decrypted(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let (bytes_sent, mut file) = encrypted(PNG, [5; 32]);
        file["url"] = json!(deal.buyer.upload("x", "application/octet-stream", bytes_sent).await);
        let message = |file: &Value| json!({ "msgtype": "m.image", "body": "plan.png", "file": file });
        let sent = deal.buyer.send(&deal.room, "m.room.message", message(&file)).await;
        let kept_file = file_in_state(&world, &deal, &sent, "stored").await;
        assert_eq!(kept_file["sha256"], digest(PNG));
        assert_eq!(kept_file["media_type"], "image/png");
        let (status, _, found) = bytes(&world.shop, kept_file["href"].as_str().unwrap()).await;
        assert_eq!((status, found.as_slice()), (200, PNG));

        // The same bytes with another key, and with a digest that is not theirs: neither is kept as
        // something that it is not, and the first one stays.
        let (_, mut other) = encrypted(PNG, [6; 32]);
        other["url"] = file["url"].clone();
        let wrong = deal.buyer.send(&deal.room, "m.room.message", message(&other)).await;
        let told = eventually("the problem of the file", Duration::from_secs(60), || async {
            let entry = world.shop.entry(&deal.id, &wrong).await;
            let file = entry["attachments"][0]["file"].clone();
            file["problem"].is_string().then_some(file)
        }).await;
        assert!(told["problem"].as_str().unwrap().contains("does not have the SHA-256 that its event names"));
        assert_eq!(told["href"], Value::Null);
        let mut without_key = file.clone();
        without_key["key"]["k"] = json!("short");
        let unreadable = deal.buyer.send(&deal.room, "m.room.message", message(&without_key)).await;
        let entry = world.shop.entry(&deal.id, &unreadable).await;
        assert!(entry["remark"].as_str().unwrap().contains("its key is missing or invalid"), "{entry}");
        assert_eq!(kept(&world).len(), 1);
        assert_eq!(file_in_state(&world, &deal, &sent, "stored").await["sha256"], digest(PNG));
        assert!(world.run(&["verify"]).0.success());

        // A record in which an older version kept the bytes as they came.
        world.sql("UPDATE entries SET derivation = 3, attachments = replace(attachments, 'key_digest', 'x') \
            WHERE attachments LIKE '%key_digest%'").await;
        let (status, out, error) = world.run(&["rederive"]);
        assert!(status.success(), "{out}{error}");
        assert_eq!(file_in_state(&world, &deal, &sent, "stored").await["sha256"], digest(PNG));
        assert!(world.run(&["verify"]).0.success());

        // The key goes with the event, and the file with the key.
        deal.buyer.redact(&deal.room, &sent).await;
        world.eventually("the file gone", || async { kept(&world).is_empty().then_some(()) }).await;
        let left = "SELECT raw FROM journal WHERE raw LIKE '%BQUFBQUF%'";
        world.eventually("the key gone", || async {
            let left = world.sql_text(&format!("{left} AND raw NOT LIKE '%short%'")).await;
            left.is_none().then_some(())
        }).await;
    }

    async fn a_file_is_kept_once_and_given_to_the_shop(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let (buyer, seller) = (&deal.buyer, &deal.seller);
        let first = buyer.upload("a.png", "image/png", PNG.to_vec()).await;
        let second = seller.upload("b.png", "image/png", PNG.to_vec()).await;
        assert_ne!(first, second);
        let sent = buyer.send(&deal.room, "m.room.message", message("Skizze \"1\".png", &first)).await;
        let again = seller.send(&deal.room, "m.room.message", message("b.png", &second)).await;
        let file = file_in_state(&world, &deal, &sent, "stored").await;
        let copy = file_in_state(&world, &deal, &again, "stored").await;
        assert_eq!(file["sha256"], digest(PNG));
        assert_eq!(file["size"], PNG.len());
        // What it is, not what its sender calls it.
        assert_eq!(file["media_type"], "image/png");
        assert_eq!(copy["href"], file["href"]);
        assert_eq!(kept(&world).len(), 1, "the same bytes are kept once");

        let href = file["href"].as_str().unwrap();
        let (status, headers, found) = bytes(&world.shop, href).await;
        assert_eq!((status, found.as_slice()), (200, PNG));
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(headers["content-disposition"].to_str().unwrap().contains("Skizze%20%221%22.png"));
        assert_eq!(bytes(&world.other_shop, href).await.0, 404);
        let unknown = href.replace(&digest(PNG), &digest(b"something else"));
        assert_eq!(bytes(&world.shop, &unknown).await.0, 404);

        // The bytes stay as long as one message that names them stays.
        buyer.redact(&deal.room, &sent).await;
        eventually("the file of the redacted message erased", Duration::from_secs(30), || async {
            let state = world.sql_text(&format!("SELECT state FROM files WHERE mxc = '{first}'")).await;
            (state.as_deref() == Some("erased")).then_some(())
        }).await;
        assert_eq!(bytes(&world.shop, href).await.2, PNG);
        seller.redact(&deal.room, &again).await;
        eventually("the bytes gone", Duration::from_secs(30), || async {
            kept(&world).is_empty().then_some(())
        }).await;
        assert_eq!(bytes(&world.shop, href).await.0, 404);
        assert_eq!(world.run(&["verify"]).0.code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_never_whole_in_memory() {
    let world =
        World::with().config("files", json!({ "max_megabytes": 48 })).start(Database::Sqlite).await;
    let deal = world.deal().await;
    let resident = || {
        let status = format!("/proc/{}/status", world.tallyroom().id());
        let text = std::fs::read_to_string(status).unwrap();
        let line = text.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    // What any file takes is taken by the first: code that is loaded, threads, buffers.
    let first = vec![7; 6_000_000];
    let mxc = deal.buyer.upload("first.bin", "application/octet-stream", first).await;
    let sent = deal.buyer.send(&deal.room, "m.room.message", message("first.bin", &mxc)).await;
    let file = file_in_state(&world, &deal, &sent, "stored").await;
    bytes(&world.shop, file["href"].as_str().unwrap()).await;

    let before = resident();
    let large: Vec<u8> = (0..45_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mxc = deal.buyer.upload("large.bin", "application/octet-stream", large.clone()).await;
    let sent = deal.buyer.send(&deal.room, "m.room.message", message("large.bin", &mxc)).await;
    let file = file_in_state(&world, &deal, &sent, "stored").await;
    assert_eq!(file["sha256"], digest(&large));
    assert_eq!(file["media_type"], Value::Null);
    let (_, headers, found) = bytes(&world.shop, file["href"].as_str().unwrap()).await;
    assert!(found == large);
    assert_eq!(headers["content-type"], "application/octet-stream");
    let grown = resident() - before;
    assert!(grown < 40_000, "{grown} kB more memory for a file of 45 MB");

    let larger = deal.buyer.upload("larger.bin", "x/y", vec![7; 49_000_000]).await;
    let sent = deal.buyer.send(&deal.room, "m.room.message", message("larger.bin", &larger)).await;
    let file = file_in_state(&world, &deal, &sent, "refused").await;
    assert!(file["problem"].as_str().unwrap().contains("48000000 bytes"), "{file}");
    assert_eq!(kept(&world).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_fetched_yet_is_fetched_later() {
    let world = World::with().proxy().start(Database::Sqlite).await;
    let deal = world.deal().await;
    world.proxy().fault("GET", "/media/download/", Fault::Answer(When::Before, 502, "{}"));
    let mxc = deal.buyer.upload("late.txt", "text/plain", b"late".to_vec()).await;
    let sent = deal.buyer.send(&deal.room, "m.room.message", message("late.txt", &mxc)).await;
    let entry = eventually("a try that failed", Duration::from_secs(20), || async {
        let entry = world.shop.entry(&deal.id, &sent).await;
        entry["attachments"][0]["file"]["problem"].is_string().then_some(entry)
    })
    .await;
    let file = &entry["attachments"][0]["file"];
    assert_eq!(file["state"], "wanted");
    assert!(file["problem"].as_str().unwrap().contains("502"), "{file}");
    assert_eq!(file["href"], Value::Null);
    file_in_state(&world, &deal, &sent, "stored").await;

    // What the homeserver does not have is looked for again; the entry says why it is not here.
    let gone = format!("mxc://{}/neverUploaded", crate::support::world::DOMAIN);
    let sent = deal.buyer.send(&deal.room, "m.room.message", message("gone.txt", &gone)).await;
    let file = file_in_state(&world, &deal, &sent, "wanted").await;
    assert_eq!(file["sha256"], Value::Null);
    eventually("a refusal in the entry", Duration::from_secs(20), || async {
        let entry = world.shop.entry(&deal.id, &sent).await;
        let problem = entry["attachments"][0]["file"]["problem"].clone();
        problem.as_str().is_some_and(|it| it.contains("M_NOT_FOUND")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_kept_as_long_as_configured() {
    let world =
        World::with().config("files", json!({ "keep_days": 30 })).start(Database::Sqlite).await;
    let deal = world.deal().await;
    let mxc = deal.buyer.upload("a.txt", "text/plain", b"for a month".to_vec()).await;
    let sent = deal.buyer.send(&deal.room, "m.room.message", message("a.txt", &mxc)).await;
    file_in_state(&world, &deal, &sent, "stored").await;
    let left: i64 = world
        .sql_text("SELECT CAST(due_at - stored_at AS TEXT) FROM files")
        .await
        .unwrap()
        .parse()
        .unwrap();
    assert!((29 * 86_400_000..=31 * 86_400_000).contains(&left), "{left}");
    world.sql("UPDATE files SET due_at = 1").await;
    let file = file_in_state(&world, &deal, &sent, "expired").await;
    assert_eq!(file["sha256"], digest(b"for a month"), "what it was stays known");
    assert_eq!(file["href"], Value::Null);
    assert_eq!(kept(&world), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_limit_holds_for_files_that_came_before_it() {
    let mut world = World::start(Database::Sqlite).await;
    let deal = world.deal().await;
    let mxc = deal.buyer.upload("a.txt", "text/plain", b"for ever?".to_vec()).await;
    let sent = deal.buyer.send(&deal.room, "m.room.message", message("a.txt", &mxc)).await;
    file_in_state(&world, &deal, &sent, "stored").await;
    world.terminate_tallyroom().await;
    let mut config: Value =
        serde_json::from_str(&std::fs::read_to_string(world.config_file()).unwrap()).unwrap();
    config["files"] = json!({ "keep_days": 30 });
    std::fs::write(world.config_file(), config.to_string()).unwrap();
    world.sql("UPDATE files SET stored_at = stored_at - 86400000 * 31").await;
    world.start_tallyroom().await;
    file_in_state(&world, &deal, &sent, "expired").await;
    assert_eq!(kept(&world), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_can_be_kept_in_object_storage() {
    let folder = tempfile::tempdir().unwrap();
    let config = crate::support::bucket::serve(folder.path()).await;
    let world = World::with().config("files", config).start(Database::Sqlite).await;
    let deal = world.deal().await;
    // One that takes several parts, and one that does not.
    let large: Vec<u8> = (0..12_000_000_u32).map(|n| (n % 251) as u8).collect();
    for content in [large, b"small".to_vec()] {
        let mxc = deal.buyer.upload("a.bin", "application/octet-stream", content.clone()).await;
        let sent = deal.buyer.send(&deal.room, "m.room.message", message("a.bin", &mxc)).await;
        let file = file_in_state(&world, &deal, &sent, "stored").await;
        assert_eq!(file["sha256"], digest(&content));
        let href = file["href"].as_str().unwrap().to_owned();
        assert!(bytes(&world.shop, &href).await.2 == content);
        let place = folder.path().join("bucket/tallyroom/sha256").join(&digest(&content)[..2]);
        assert!(place.join(&digest(&content)[2..]).exists());
        deal.buyer.redact(&deal.room, &sent).await;
        eventually("the object gone", Duration::from_secs(30), || async {
            (!place.join(&digest(&content)[2..]).exists()).then_some(())
        })
        .await;
    }
    let (_, said, _) = world.run(&["check"]);
    assert!(said.contains("s3://bucket/tallyroom can be written, read and deleted"), "{said}");
    let wrong = [("TALLYROOM__FILES__S3__SECRET_ACCESS_KEY", "a-canary-that-is-wrong")];
    let (status, said, error) = world.run_with(&wrong, &["check"]);
    assert!(!status.success() && said.contains("Check files.store"), "{said}");
    assert!(!said.contains("canary") && !error.contains("canary"), "{said}{error}");
    assert!(!world.log().contains(crate::support::bucket::SECRET));
}
