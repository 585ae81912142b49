//! What the record proves to somebody who holds a part of it outside the database: a bundle, a signed head,
//! or the heads that a witness was sent. What is done in the database itself is in `proof.rs`.

use std::io::Cursor;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tallyroom::record::chain::Evidence;
use tallyroom::seal::SigningKey;

use crate::export::{self, Members, export, members, pack, text};
use crate::on_both_databases;
use crate::proof::{rewritten, signed_deal, verify};
use crate::record::sign;
use crate::support::{Database, World, eventually};

/// Seals what is in the bundle with the owner's key.
fn resealed(members: &Members, key: &SigningKey, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let mut members = members.clone();
    let mut manifest: Value = serde_json::from_str(text(&members, "manifest.json")).unwrap();
    manifest.as_object_mut().unwrap().remove("signatures");
    for (name, bytes) in members.iter().filter(|(name, _)| *name != "manifest.json") {
        let digest = format!("{:x}", Sha256::digest(bytes));
        manifest["members"][name] = json!({ "sha256": digest, "size": bytes.len() });
    }
    change(&mut manifest);
    let sealed = key.sign(manifest).unwrap();
    members.insert("manifest.json".to_owned(), sealed.to_string().into_bytes());
    pack(&members)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_of_cheating_in_a_bundle_is_named() {
    let world = World::start(Database::Sqlite).await;
    let (deal, head) = signed_deal(&world).await;
    let head_file = world.folder.path().join("head.json");
    std::fs::write(&head_file, head.to_string()).unwrap();
    let held = ["--head", head_file.to_str().unwrap()];
    let bundle = export(&world, &deal.id).await;
    let original = members(&bundle);
    let key = SigningKey::load(
        &world.folder.path().join("signing.key"),
        world.bot().as_str().try_into().unwrap(),
    );
    let key = key.unwrap().unwrap();
    assert!(export::verify(&bundle, &held).0);

    let record: Vec<Evidence> = text(&original, "entries.jsonl")
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    let at = record.iter().position(|it| it.entry.text.as_deref() == Some("line 1")).unwrap();
    let lines = |record: &[Evidence]| {
        let lines: Vec<_> = record.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
        (lines.join("\n") + "\n").into_bytes()
    };
    let with = |changes: &[(&str, Vec<u8>)]| {
        let mut members = original.clone();
        for (name, bytes) in changes {
            members.insert((*name).to_owned(), bytes.clone());
        }
        members
    };
    let mut blanked = record.clone();
    let entry = &mut blanked[at];
    (entry.salt, entry.raw, entry.entry.text, entry.entry.html) = (None, None, None, None);
    entry.entry.display_name = None;
    entry.entry.erased = Some(tallyroom::record::Erased::Forgotten);
    let other = rewritten(&record);
    let file = original.keys().find(|it| it.starts_with("files/")).unwrap().clone();
    let revision =
        text(&original, "invoice/revision-2.json").replace("shipped", "paid").into_bytes();
    let listed = text(&original, "files.json").replace("plan.txt", "flan.txt").into_bytes();
    let unlisted = b"[]".to_vec();
    let transaction = text(&original, "transaction.json")
        .replace("Anna", "Berta")
        .replace("\"shipped\"", "\"paid\"");
    let cases = [
        (
            "an event changed",
            with(&[("entries.jsonl", lines(&other)), ("heads.jsonl", vec![])]),
            "is not what was signed as the head".to_owned(),
        ),
        (
            "the tail cut off",
            with(&[("entries.jsonl", lines(&record[..at])), ("heads.jsonl", vec![])]),
            format!("entry {}: is missing", at + 1),
        ),
        (
            "an entry blanked",
            with(&[("entries.jsonl", lines(&blanked))]),
            format!("entry {}: its content is gone, and no act", at + 1),
        ),
        (
            "a revision changed",
            with(&[("invoice/revision-2.json", revision)]),
            "revision 2: is not what".to_owned(),
        ),
        (
            "the status changed",
            with(&[("transaction.json", transaction.into_bytes())]),
            "transaction: its ".to_owned(),
        ),
        (
            "a file replaced",
            with(&[(&file, b"another!".to_vec())]),
            format!("{file} is not what was sealed"),
        ),
        (
            "a file called otherwise",
            with(&[("files.json", listed)]),
            "has another name or other entries".to_owned(),
        ),
        (
            "a file not listed",
            with(&[("files.json", unlisted)]),
            "files.json does not list it".to_owned(),
        ),
    ];
    for (what, members, expected) in &cases {
        let (ok, said) = export::verify(&pack(members), &[]);
        assert!(!ok && said.contains(expected), "{what}: {said}");
    }
    // Even if the owner has the key and seals it anew, acts and entries tell.
    for (what, members, _) in &cases[2..] {
        let (ok, said) = export::verify(&resealed(members, &key, |_| {}), &[]);
        assert!(!ok, "{what}: {said}");
    }

    // Whoever has the key can write another record: only a head that somebody else holds tells.
    let cut = &record[..at];
    let end = cut.last().unwrap();
    let forged = resealed(
        &with(&[("entries.jsonl", lines(cut)), ("heads.jsonl", vec![])]),
        &key,
        |manifest| {
            manifest["seq"] = json!(cut.len());
            manifest["hash"] = json!(end.entry.hash);
            manifest["exported_at"] = json!(end.entry.fixed.received_at);
        },
    );
    let (ok, said) = export::verify(&forged, &["--public-key", key.public_key()]);
    let file_gone = said.contains("no entry names it");
    assert!(ok || file_gone, "{said}");
    let (ok, said) =
        export::verify(&forged, &[&["--public-key", key.public_key()], &held[..]].concat());
    assert!(!ok, "{said}");

    // Nothing stands before, between or after the members.
    let directory = zip::ZipArchive::new(Cursor::new(&bundle)).unwrap().len();
    assert_eq!(directory, original.len());
    let middle = bundle.windows(4).rposition(|it| it == b"PK\x01\x02").unwrap();
    for (what, more) in [
        ("before", [b"MZ", &bundle[..]].concat()),
        ("between", [&bundle[..middle], b"!", &bundle[middle..]].concat()),
        ("after", [&bundle[..], b"<script>"].concat()),
    ] {
        let (ok, said) = export::verify(&more, &[]);
        assert!(!ok, "bytes {what}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_from_a_backup_is_noted_and_tells_which_heads_were_lost() {
    let mut world = World::start(Database::Sqlite).await;
    let deal = world.deal().await;
    world.terminate_tallyroom().await;
    let database = world.folder.path().join("tallyroom.db");
    let backup = world.folder.path().join("backup.db");
    std::fs::copy(&database, &backup).unwrap();
    world.start_tallyroom().await;
    let said = deal.buyer.say(&deal.room, "after the backup").await;
    world.shop.entry(&deal.id, &said).await;
    let lost = sign(&world, &deal, &deal.buyer).await;
    world.kill_tallyroom();
    for end in ["-wal", "-shm"] {
        std::fs::remove_file(world.folder.path().join(format!("tallyroom.db{end}"))).ok();
    }
    std::fs::copy(&backup, &database).unwrap();
    world.start_tallyroom().await;
    let noted = "SELECT subject FROM acts WHERE kind = 'restore'";
    eventually("the restore noted", Duration::from_secs(90), || async {
        world.sql_text(noted).await
    })
    .await;
    // The room shows a head of the record as it is, without anybody asking.
    eventually("a new head in the room", Duration::from_secs(60), || async {
        let head = deal.buyer.state(&deal.room, "org.tallyroom.record.head", "").await?;
        (head["hash"] != lost["hash"]).then_some(())
    })
    .await;
    let told = world
        .eventually("a record that verifies", || async {
            let (ok, told) = verify(&world, &["--accept-restores"]);
            ok.then_some(told)
        })
        .await;
    assert!(told.contains("restored from a backup, by which 1 signed heads were lost"), "{told}");
    // The owner of the database can claim a restore, and rewrite what the lost heads covered.
    let (ok, told) = verify(&world, &[]);
    assert!(!ok && told.contains("may have been rewritten"), "{told}");
    // Who holds the lost head is told that it does not fit, and why.
    let file = world.folder.path().join("lost.json");
    std::fs::write(&file, lost.to_string()).unwrap();
    let (ok, told) = verify(&world, &["--head", file.to_str().unwrap()]);
    assert!(!ok && told.contains("since then the database was restored from a backup"), "{told}");
}

/// A server that takes signed heads, after it has refused the first two times.
async fn witness() -> (String, Arc<Mutex<Vec<Value>>>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let (kept, tries) = (Arc::clone(&taken), Arc::new(AtomicUsize::new(0)));
    let take = move |body: axum::Json<Value>| async move {
        if tries.fetch_add(1, Ordering::Relaxed) < 2 {
            return axum::http::StatusCode::SERVICE_UNAVAILABLE;
        }
        kept.lock().unwrap().push(body.0);
        axum::http::StatusCode::NO_CONTENT
    };
    let router = axum::Router::new().route("/heads", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/heads", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, taken)
}

on_both_databases! {
    async fn witnesses_hold_every_head_and_convict_by_it(database) {
        let mut world = World::start(database).await;
        world.terminate_tallyroom().await;
        let auditor = world.person("auditor").await;
        let invite = json!({ "preset": "private_chat", "invite": [world.bot()] });
        let (status, room) = auditor.call(reqwest::Method::POST, "/createRoom", Some(invite)).await;
        assert_eq!(status, 200, "{room}");
        let room = room["room_id"].as_str().unwrap().to_owned();
        let (url, taken) = witness().await;
        let mut config: Value =
            serde_json::from_str(&std::fs::read_to_string(world.config_file()).unwrap()).unwrap();
        config["record"]["witnesses"] = json!([url, room]);
        std::fs::write(world.config_file(), config.to_string()).unwrap();
        world.start_tallyroom().await;

        let (deal, head) = signed_deal(&world).await;
        let by_post = world.eventually("the head at the server", || async {
            taken.lock().unwrap().iter().find(|it| **it == head).cloned()
        }).await;
        let event = world.eventually("the head in the auditor's room", || async {
            let history = auditor.history(&room).await;
            history.into_iter().find(|it| it["content"]["org.tallyroom.record.head"] == head)
        }).await;
        assert!(event["content"]["body"].as_str().unwrap().contains(head["hash"].as_str().unwrap()));
        let waiting = "SELECT witness FROM witnessings LIMIT 1";
        world.eventually("nothing on its way", || async {
            world.sql_text(waiting).await.is_none().then_some(())
        }).await;
        // Nothing said in that room is in any record.
        auditor.say(&room, "thank you").await;
        world.terminate_tallyroom().await;

        let seq = head["seq"].as_i64().unwrap();
        for statement in [
            format!("DELETE FROM journal WHERE position IN (SELECT position FROM entries WHERE seq >= {seq})"),
            format!("DELETE FROM entries WHERE seq >= {seq}"),
            "DELETE FROM heads".to_owned(),
            format!("UPDATE transactions SET last_seq = {0}, last_hash = (SELECT hash FROM entries WHERE seq = {0})", seq - 1),
        ] {
            world.sql(&statement).await;
        }
        assert_eq!(world.sql_text("SELECT text FROM entries WHERE text = 'thank you'").await, None);
        let file = world.folder.path().join("witnessed.json");
        for witnessed in [by_post, event] {
            std::fs::write(&file, witnessed.to_string()).unwrap();
            let (ok, said) = verify(&world, &["--offline", "--head", file.to_str().unwrap()]);
            assert!(!ok && said.contains("is missing: a head at"), "{said}");
        }
        std::fs::write(&file, "{}").unwrap();
        let (ok, said) = verify(&world, &["--head", file.to_str().unwrap(), &deal.id]);
        assert!(!ok && said.contains("not a signed head"), "{said}");
    }
}
