//! Bundles: everything about a transaction can be read and verified without the service.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::world::Deal;
use crate::support::{Database, World, eventually};

pub(crate) type Members = BTreeMap<String, Vec<u8>>;

pub(crate) async fn export(world: &World, id: &str) -> Vec<u8> {
    let path = format!("/api/v1/transactions/{id}/export");
    let answer = world.shop.request(reqwest::Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/zip");
    let name = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(name.contains(&format!("filename=\"tallyroom-{id}.zip\"")), "{name}");
    answer.bytes().await.unwrap().to_vec()
}

pub(crate) fn members(zip: &[u8]) -> Members {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let indices = 0..archive.len();
    let read = |index| {
        let mut member = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        (member.name().unwrap().into_owned(), bytes)
    };
    indices.map(read).collect()
}

pub(crate) fn pack(members: &Members) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn text<'a>(members: &'a Members, name: &str) -> &'a str {
    let bytes = members.get(name).unwrap_or_else(|| panic!("{name} is missing"));
    std::str::from_utf8(bytes).unwrap()
}

fn json_of(members: &Members, name: &str) -> Value {
    serde_json::from_str(text(members, name)).unwrap()
}

/// Runs `tallyroom verify --bundle` where there is neither config nor database.
pub(crate) fn verify(bundle: &[u8], more: &[&str]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bundle.zip");
    std::fs::write(&file, bundle).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tallyroom"))
        .env_clear()
        .current_dir(folder.path())
        .args(["verify", "--bundle"])
        .arg(&file)
        .args(more)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// A deal in which a bit of everything was said; the last event.
async fn talk(world: &World, deal: &Deal) -> String {
    let Deal { room, buyer, seller, .. } = deal;
    let question = buyer.say(room, "When will it come?").await;
    let answer = seller.say(room, "On Fryday").await;
    seller.edit(room, &answer, "On Friday").await;
    buyer.react(room, &answer, "👍").await;
    let slip = buyer.say(room, "my password is canary-7351").await;
    buyer.redact(room, &slip).await;
    let mxc = buyer.upload("plan.txt", "text/plain", b"the plan".to_vec()).await;
    let file = json!({ "msgtype": "m.file", "body": "../plan <1>.txt", "url": mxc });
    let file = buyer.send(room, "m.room.message", file).await;
    let mxc = buyer.upload("plan2.txt", "text/plain", b"a better plan".to_vec()).await;
    let better = json!({ "msgtype": "m.file", "body": "better plan.txt", "url": mxc });
    let better = json!({ "msgtype": "m.file", "body": "* better plan.txt", "url": mxc,
        "m.new_content": better, "m.relates_to": { "rel_type": "m.replace", "event_id": file } });
    buyer.send(room, "m.room.message", better).await;
    let html = json!({ "msgtype": "m.text", "body": "<b>x</b>", "format": "org.matrix.custom.html",
        "formatted_body": "<b>bold</b><script>alert(1)</script><img src=x onerror=alert(1)>" });
    buyer.send(room, "m.room.message", html).await;
    let poll = json!({ "org.matrix.msc3381.poll.start": {
        "question": { "org.matrix.msc1767.text": "Accept?" }, "kind": "org.matrix.msc3381.poll.disclosed",
        "answers": [{ "id": "7f3", "org.matrix.msc1767.text": "Yes, gladly" },
                    { "id": "9aa", "org.matrix.msc1767.text": "No" }] } });
    let poll = buyer.send(room, "org.matrix.msc3381.poll.start", poll).await;
    let vote = json!({ "org.matrix.msc3381.poll.response": { "answers": ["7f3"] },
        "m.relates_to": { "rel_type": "m.reference", "event_id": poll } });
    seller.send(room, "org.matrix.msc3381.poll.response", vote).await;
    let reply = json!({ "msgtype": "m.text", "body": "Thank you",
        "m.relates_to": { "m.in_reply_to": { "event_id": question } } });
    let last = buyer.send(room, "m.room.message", reply).await;
    world.shop.entry(&deal.id, &last).await;
    eventually("the files kept", Duration::from_secs(30), || async {
        let stored = "SELECT CAST(COUNT(*) AS TEXT) FROM files WHERE state = 'stored'";
        (world.sql_text(stored).await.as_deref() == Some("2")).then_some(())
    })
    .await;
    last
}

on_both_databases! {
    async fn a_bundle_is_whole_and_verifies_offline(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let (status, _) = world.shop.patch(&deal.id, &json!({ "status": "shipped" })).await;
        assert_eq!(status, 200);
        talk(&world, &deal).await;
        let bundle = export(&world, &deal.id).await;
        let members = members(&bundle);

        // Entries: the record as the API has it, with its evidence.
        let entries: Vec<Value> =
            text(&members, "entries.jsonl").lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        let known = world.shop.entries(&deal.id).await;
        assert!(entries.len() >= 25 && known.len() >= entries.len());
        for (entry, known) in entries.iter().zip(&known) {
            assert_eq!(entry["hash"], known["hash"]);
            // Of a vote the API says the answers' words; the ids are what its event holds.
            let text = if entry["kind"] == "poll_response" { json!("7f3") } else { known["text"].clone() };
            assert_eq!(entry["text"], text);
            assert_eq!(entry["raw"].is_null(), !entry["erased"].is_null(), "{entry}");
        }
        let manifest = json_of(&members, "manifest.json");
        assert_eq!(manifest["hash"], entries.last().unwrap()["hash"]);
        assert_eq!(manifest["seq"], entries.len());
        assert_eq!(manifest["members"].as_object().unwrap().len() + 1, members.len());

        // Invoice, parties, revisions.
        let transaction = json_of(&members, "transaction.json");
        assert_eq!(transaction["external_id"], "order-1");
        assert_eq!(transaction["room_id"], deal.room.as_str());
        assert_eq!(transaction["buyer"]["contacts"][0]["matrix"], deal.buyer.id.as_str());
        let statuses: Vec<_> = transaction["revisions"].as_array().unwrap().iter().map(|it| &it["status"]).collect();
        assert_eq!(statuses, ["awaiting_payment", "shipped"]);
        let invoice = json_of(&members, "invoice/revision-2.json");
        assert_eq!(invoice["invoice"]["number"], "INV-2026-0042");
        assert_eq!(invoice["invoice"]["totals"]["with_vat"], "634.50");

        // Files.
        let files = json_of(&members, "files.json");
        let of = |name: &str| files.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
        let path = of("../plan <1>.txt")["member"].as_str().unwrap();
        assert_eq!(members[path], b"the plan");
        assert!(path.ends_with("-plan__1_.txt"), "{path}");
        let better = of("better plan.txt")["member"].as_str().unwrap();
        assert_eq!(members[better], b"a better plan");

        // The transcript: what a person would have seen, and nothing that runs.
        let page = text(&members, "transcript.html");
        assert!(page.contains("Apps that show no HTML read:") && page.contains("&lt;b&gt;x&lt;/b&gt;"));
        for said in ["When will it come?", "On Friday", "On Fryday", "👍", "Accept?", "Yes, gladly",
            "<b>bold</b>", "../plan &lt;1&gt;.txt", "INV-2026-0042", "634.50", "Removed on"] {
            assert!(page.contains(said), "{said} is not in the transcript");
        }
        for file in [path, better] {
            assert!(page.contains(&format!("href=\"{file}\"")), "no link to {file}");
        }
        for never in ["<script", "onerror", "http-equiv=\"refresh\"", "src=\"http", "src=\"x"] {
            assert!(!page.contains(never), "{never} is in the transcript");
        }
        for (name, bytes) in &members {
            assert!(!String::from_utf8_lossy(bytes).contains("canary-7351"), "redacted words in {name}");
        }

        // Offline, with and without knowing the key.
        let key = manifest["public_key"].as_str().unwrap();
        let (good, said) = verify(&bundle, &["--public-key", key]);
        assert!(good, "{said}");
        assert!(said.contains("which you gave"), "{said}");
        let (good, said) = verify(&bundle, &[]);
        assert!(good && said.contains("to know whose key it is"), "{said}");
        let stranger = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let (good, said) = verify(&bundle, &["--public-key", stranger]);
        assert!(!good && said.contains("which is not one that you trust"), "{said}");

        // What was signed for it is kept, and a second export is as good.
        assert_eq!(world.run(&["verify"]).0.code(), Some(0));
        assert!(verify(&export(&world, &deal.id).await, &["--public-key", key]).0);
        let (status, _) = world.other_shop.get(&format!("/api/v1/transactions/{}/export", deal.id)).await;
        assert_eq!(status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_a_bundle_is_found_out() {
    let world = World::start(Database::Sqlite).await;
    let deal = world.deal().await;
    talk(&world, &deal).await;
    let bundle = export(&world, &deal.id).await;
    let original = members(&bundle);
    let lines: Vec<String> = text(&original, "entries.jsonl").lines().map(str::to_owned).collect();
    let said = lines.iter().position(|it| it.contains("When will it come?")).unwrap();
    let with_lines = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        change(&mut lines);
        let mut members = original.clone();
        members.insert("entries.jsonl".to_owned(), (lines.join("\n") + "\n").into_bytes());
        pack(&members)
    };
    let entry = |seq: usize| format!("entry {seq}:");
    let changed = with_lines(&|it| it[said] = it[said].replace("When will", "Never will"));
    let removed = with_lines(&|it| drop(it.remove(said)));
    let swapped = with_lines(&|it| it.swap(said, said + 1));
    let cut = with_lines(&|it| it.truncate(lines.len() - 2));
    for (name, bundle, expected) in [
        ("a changed line", changed, entry(said + 1)),
        ("a removed line", removed, entry(said + 1)),
        ("a swapped pair", swapped, entry(said + 1)),
        ("a cut tail", cut, entry(lines.len() - 1)),
    ] {
        let (good, said) = verify(&bundle, &[]);
        assert!(!good && said.contains(&expected), "{name}: {said}");
    }
    let with = |change: &dyn Fn(&mut Members)| {
        let mut members = original.clone();
        change(&mut members);
        pack(&members)
    };
    let file = original.keys().find(|it| it.starts_with("files/")).unwrap().clone();
    let set = |name: &str, bytes: &[u8]| {
        let (name, bytes) = (name.to_owned(), bytes.to_vec());
        with(&|it| drop(it.insert(name.clone(), bytes.clone())))
    };
    let manifest = text(&original, "manifest.json");
    for (name, bundle, expected) in [
        ("another file", set(&file, b"another plan"), "is not what was sealed"),
        ("another invoice", set("invoice/revision-1.json", b"{}"), "invoice/revision-1.json"),
        ("one more file", set("files/virus.exe", b"x"), "it was added later"),
        ("a missing file", with(&|it| drop(it.remove(&file))), "is missing"),
        (
            "a missing manifest",
            with(&|it| drop(it.remove("manifest.json"))),
            "manifest.json is missing",
        ),
        (
            "a changed manifest",
            set("manifest.json", manifest.replace("order-1", "order-2").as_bytes()),
            "signature that does not fit",
        ),
        ("a part", bundle[..bundle.len() / 2].to_vec(), "only a part of one"),
        ("nothing", Vec::new(), "not a ZIP file"),
    ] {
        let (good, said) = verify(&bundle, &[]);
        assert!(!good && said.contains(expected), "{name}: {said}");
    }
    assert!(verify(&pack(&original), &[]).0, "packing alone changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_invoice_is_in_the_bundle_and_a_lost_file_is_no_obstacle() {
    let world = World::start(Database::Sqlite).await;
    let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
    let xml = include_str!("../invoices/ubl-tc434-example1.xml");
    let query = format!("external_id=x1&buyer={}&seller={}", buyer.id, seller.id);
    let (status, answer) = world.shop.post_xml(&query, xml).await;
    assert_eq!(status, 201, "{answer}");
    let id = answer["id"].as_str().unwrap().to_owned();
    let room = world.shop.room(&id).await;
    buyer.join(&room).await;
    let deal = Deal { id: id.clone(), room, buyer, seller };
    deal.seller.join(&deal.room).await;
    talk(&world, &deal).await;
    std::fs::remove_dir_all(world.folder.path().join("files/sha256")).unwrap();

    let file = world.folder.path().join("out.zip");
    let output = file.to_str().unwrap();
    let (status, said, error) = world.run(&["export", "--output", output, &id]);
    assert!(status.success(), "{said}{error}");
    let bundle = std::fs::read(&file).unwrap();
    let members = members(&bundle);
    assert_eq!(text(&members, "invoice/revision-1.xml"), xml);
    let files = json_of(&members, "files.json");
    assert_eq!(files[0]["member"], Value::Null);
    assert!(files[0]["problem"].as_str().unwrap().contains("no longer in the file store"));
    assert!(verify(&bundle, &[]).0);

    // Never over a file that is there, and nothing left after a failure.
    let (status, _, error) = world.run(&["export", "--output", output, &id]);
    assert!(!status.success() && error.contains("already exists"), "{error}");
    let unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let other = world.folder.path().join("other.zip");
    let (status, _, error) = world.run(&["export", "--output", other.to_str().unwrap(), unknown]);
    assert!(!status.success() && error.contains("no transaction"), "{error}");
    assert!(!Path::new(&other).exists());
}
