//! What the record proves against an owner of the database who wants to cheat in the database itself. What
//! others hold outside it is in `proof_outside.rs`. Each line of docs/evidence.md names its test in one of
//! the two files.

use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};
use tallyroom::record::chain::{Evidence, link};
use tallyroom::record::digest::content_digest;
use tallyroom::store::Store;

use crate::export::{self, export, members, text};
use crate::on_both_databases;
use crate::record::sign;
use crate::support::World;
use crate::support::world::Deal;
use crate::watched::{empower, escape, invite, room_of};

const TABLES: [&str; 8] =
    ["acts", "entries", "journal", "heads", "revisions", "contacts", "files", "transactions"];

/// A deal with two revisions, some words, a file, and a signed head of all that in the room.
pub(crate) async fn signed_deal(world: &World) -> (Deal, Value) {
    let deal = world.deal().await;
    assert_eq!(world.shop.patch(&deal.id, &json!({ "status": "shipped" })).await.0, 200);
    let mxc = deal.buyer.upload("plan.txt", "text/plain", b"the plan".to_vec()).await;
    let file = json!({ "msgtype": "m.file", "body": "plan.txt", "url": mxc });
    let file = deal.buyer.send(&deal.room, "m.room.message", file).await;
    let relation = json!({ "rel_type": "m.annotation", "event_id": file, "key": "+1" });
    deal.seller.send(&deal.room, "m.reaction", json!({ "m.relates_to": relation })).await;
    let mut last = String::new();
    for number in 0..4 {
        last = deal.seller.say(&deal.room, &format!("line {number}")).await;
    }
    world.shop.entry(&deal.id, &last).await;
    world
        .eventually("an act that tells of the file", || async {
            world.sql_text("SELECT subject FROM acts WHERE kind = 'file'").await
        })
        .await;
    let head = sign(world, &deal, &deal.buyer).await;
    world
        .eventually("the note of the head in the record", || async {
            let entries = world.shop.entries(&deal.id).await;
            let last = entries.last().unwrap();
            (last["type"] == "org.tallyroom.record.head").then_some(())
        })
        .await;
    (deal, head)
}

/// The record as it is in the database.
async fn evidence(world: &World, deal: &Deal) -> Vec<Evidence> {
    let config = std::fs::read_to_string(world.config_file()).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    let mut database = config["database"].clone();
    database["max_connections"] = json!(2);
    let store = Store::open(&serde_json::from_value(database).unwrap()).await.unwrap();
    let mut snapshot = store.snapshot().await.unwrap();
    let record = snapshot.evidence(deal.id.parse().unwrap(), 0, 10_000).await.unwrap();
    drop(snapshot);
    store.close().await;
    record
}

/// Says `lime` where somebody said `line 1`, and links everything anew from there on.
pub(crate) fn rewritten(record: &[Evidence]) -> Vec<Evidence> {
    let mut record = record.to_vec();
    let mut previous = String::new();
    for evidence in &mut record {
        let is_target = evidence.entry.text.as_deref() == Some("line 1");
        if let Some(raw) = evidence.raw.as_mut().filter(|_| is_target) {
            *raw = raw.replace("line 1", "lime 1");
            evidence.entry.text = Some("lime 1".into());
            let salt = evidence.salt.as_deref().unwrap();
            evidence.entry.fixed.content = content_digest(salt, raw);
        }
        evidence.entry.hash = link(&previous, &evidence.entry.fixed);
        previous.clone_from(&evidence.entry.hash);
    }
    record
}

/// The statements by which the database says what `record` says.
fn statements(record: &[Evidence]) -> Vec<String> {
    let mut statements = vec![
        "UPDATE journal SET raw = replace(raw, 'line 1', 'lime 1')".to_owned(),
        "UPDATE entries SET text = replace(text, 'line 1', 'lime 1')".to_owned(),
    ];
    for evidence in record {
        let (hash, content, seq) =
            (&evidence.entry.hash, &evidence.entry.fixed.content, evidence.entry.fixed.seq);
        statements.push(format!(
            "UPDATE entries SET hash = '{hash}', content = '{content}' WHERE seq = {seq}"
        ));
        statements.push(format!("UPDATE transactions SET last_hash = '{hash}'"));
    }
    statements
}

pub(crate) fn verify(world: &World, more: &[&str]) -> (bool, String) {
    let (status, out, error) = world.run(&[&["verify"], more].concat());
    (status.success(), format!("{out}{error}"))
}

fn kept_file(world: &World) -> PathBuf {
    let mut path = world.folder.path().join("files/sha256");
    while path.is_dir() {
        path = std::fs::read_dir(&path).unwrap().next().unwrap().unwrap().path();
    }
    path
}

on_both_databases! {
    async fn each_way_of_cheating_in_the_database_is_named(database) {
        let mut world = World::start(database).await;
        let (deal, head) = signed_deal(&world).await;
        let head_file = world.folder.path().join("head.json");
        std::fs::write(&head_file, json!({ "content": head }).to_string()).unwrap();
        let held = ["--offline", "--head", head_file.to_str().unwrap()];
        world.terminate_tallyroom().await;
        let (ok, said) = verify(&world, &[]);
        assert!(ok && said.contains("same as in the room up to") && said.contains("3 acts"), "{said}");
        let (ok, said) = verify(&world, &held);
        assert!(ok && said.contains("not compared with the heads in the rooms: --offline"), "{said}");
        for table in TABLES {
            world.sql(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
        }
        let record = evidence(&world, &deal).await;
        let at = record.iter().find(|it| it.entry.text.as_deref() == Some("line 1")).unwrap();
        let (at, last) = (at.entry.fixed.seq, record.last().unwrap().entry.fixed.seq);
        let entry = format!("entry {at}: ");
        let no_heads = || "DELETE FROM heads".to_owned();

        let rewrite = [statements(&rewritten(&record)), vec![no_heads()]].concat();
        let cut = vec![
            format!("DELETE FROM journal WHERE position IN (SELECT position FROM entries WHERE seq >= {at})"),
            format!("DELETE FROM entries WHERE seq >= {at}"),
            no_heads(),
            format!("UPDATE transactions SET last_seq = {0}, last_hash = (SELECT hash FROM entries WHERE seq = {0})", at - 1),
        ];
        let blank = vec![
            format!("UPDATE entries SET erased = 'forgotten', text = NULL, html = NULL, display_name = NULL WHERE seq = {at}"),
            format!("UPDATE journal SET raw = NULL, salt = NULL WHERE position = (SELECT position FROM entries WHERE seq = {at})"),
        ];
        let revision = |set: &str| vec![format!("UPDATE revisions SET {set} WHERE revision = 2")];
        let acts_cut = vec![
            "DELETE FROM acts WHERE number > 1".to_owned(), "DELETE FROM revisions WHERE revision > 1".to_owned(),
            no_heads(), "UPDATE transactions SET revision = 1, acts = 1, acts_hash = (SELECT hash FROM acts)".to_owned(),
        ];
        let no_acts = vec![
            "DELETE FROM acts".to_owned(), "UPDATE transactions SET acts = 0, acts_hash = ''".to_owned(),
            no_heads(), "UPDATE revisions SET status = 'paid'".to_owned(),
        ];
        let signed = format!("entry {}: is not what was signed as the head", head["seq"]);
        let missing = format!("{entry}is missing: a head at {}", head["seq"]);
        let erased = format!("{entry}its content is gone, and no act says");
        let changed = "revision 2: is not what the shop submitted";
        let none = "does not";
        // What is done, and what `verify` says: with the room, alone, and with a head that somebody holds.
        for (what, done, with_room, alone, with_head) in [
            ("an event changed", rewrite, signed.as_str(), signed.as_str(), signed.as_str()),
            ("the tail cut off", cut, missing.as_str(), none, missing.as_str()),
            ("an entry blanked", blank, erased.as_str(), erased.as_str(), erased.as_str()),
            ("a status", revision("status = 'paid'"), changed, changed, changed),
            ("an account", revision("invoice = replace(invoice, 'DE02', 'DE20')"), changed, changed, changed),
            ("a seller", revision("seller = replace(seller, 'Acme', 'Acne')"), changed, changed, changed),
            ("a buyer", revision("buyer = replace(buyer, 'name', 'nome')"), changed, changed, changed),
            ("a revision cut off", acts_cut, "act 2: is missing", "act 2: is missing", "act 2: is missing"),
            ("all acts cut off", no_acts, "act 1: is missing", "act 1: is missing", "act 1: is missing"),
            ("who speaks for whom", vec!["UPDATE contacts SET party = 'seller'".to_owned()],
                "names other contacts", "names other contacts", "names other contacts"),
            ("to what a reaction belongs", vec!["UPDATE entries SET target = '$other' WHERE kind = 'reaction'".to_owned()],
                "is stored as related to another event", "is stored as related", "is stored as related"),
            ("when it is due", vec!["UPDATE revisions SET due_date = '2030-01-01'".to_owned()],
                "is stored with other dates", "is stored with other dates", "is stored with other dates"),
            ("a file called expired", vec!["UPDATE files SET state = 'expired'".to_owned()],
                "no act says why", "no act says why", "no act says why"),
            ("a file's digest", vec!["UPDATE files SET size = 7".to_owned()],
                "digest, size or type was changed", "digest, size or type", "digest, size or type"),
        ] {
            for statement in done {
                assert!(world.sql(&statement).await > 0, "{what}: {statement}");
            }
            for (more, expected) in [(&[][..], with_room), (&["--offline"][..], alone), (&held[..], with_head)] {
                let (ok, said) = verify(&world, more);
                if expected == none {
                    assert!(ok, "{what}, {more:?}: {said}");
                } else {
                    assert!(!ok && said.contains(expected), "{what}, {more:?}: {said}");
                }
            }
            for table in TABLES {
                if !["transactions", "files"].contains(&table) {
                    world.sql(&format!("DELETE FROM {table}")).await;
                    world.sql(&format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
                }
            }
            world.sql("UPDATE files SET state = 'stored', size = (SELECT size FROM kept_files)").await;
            world.sql("UPDATE transactions SET revision = (SELECT revision FROM kept_transactions), \
                last_seq = (SELECT last_seq FROM kept_transactions), last_hash = (SELECT last_hash FROM kept_transactions), \
                acts = (SELECT acts FROM kept_transactions), acts_hash = (SELECT acts_hash FROM kept_transactions)").await;
        }
        let (ok, said) = verify(&world, &[]);
        assert!(ok && said.contains(&format!("{last} entries")), "{said}");

        // An entry before the first one: whoever reads all in order does not come across it.
        for statement in [
            format!("CREATE TABLE forged AS SELECT * FROM entries WHERE seq = {at}"),
            "UPDATE forged SET seq = -5, position = -5, event_id = '$forged', text = 'forged'".to_owned(),
            "INSERT INTO entries SELECT * FROM forged".to_owned(),
        ] {
            world.sql(&statement).await;
        }
        let (ok, said) = verify(&world, &[]);
        assert!(!ok && said.contains("the number -5, but they are counted from 1"), "{said}");
        assert_eq!(world.sql("DELETE FROM entries WHERE seq < 1").await, 1);

        // The bytes of a kept file. Nobody is handed any others.
        let path = kept_file(&world);
        std::fs::write(&path, b"another.").unwrap();
        let (ok, said) = verify(&world, &[]);
        assert!(!ok && said.contains("is not what was kept: its bytes were changed"), "{said}");
        world.start_tallyroom().await;
        let sha256 = world.sql_text("SELECT sha256 FROM files").await.unwrap();
        let href = format!("/api/v1/transactions/{}/files/{sha256}", deal.id);
        let (status, problem) = world.shop.get(&href).await;
        assert_eq!((status, &problem["type"]), (500, &json!("urn:tallyroom:problem:damaged")));
        let bundle = export(&world, &deal.id).await;
        let files: Value = serde_json::from_str(text(&members(&bundle), "files.json")).unwrap();
        assert_eq!(files[0]["member"], Value::Null);
        assert!(files[0]["problem"].as_str().unwrap().contains("was changed in the file store"));
        let (ok, said) = export::verify(&bundle, &[]);
        assert!(ok && said.contains("1 files were not in the file store"), "{said}");
        std::fs::remove_file(&path).unwrap();
        let (ok, said) = verify(&world, &[]);
        assert!(!ok && said.contains("its bytes are not there"), "{said}");
    }

    async fn what_is_changed_beside_a_running_tallyroom_does_not_take_the_place_of_the_head(database) {
        let world = World::start(database).await;
        let (deal, head) = signed_deal(&world).await;
        let record = evidence(&world, &deal).await;
        for statement in statements(&rewritten(&record)) {
            world.sql(&statement).await;
        }
        let said = deal.seller.say(&deal.room, "something new, so that there is a head to sign").await;
        world.shop.entry(&deal.id, &said).await;
        world.sql("UPDATE transactions SET sign_due_at = 1").await;
        let listed = world.eventually("the step that is not done", || async {
            let (_, out, _) = world.run(&["problems"]);
            out.contains("show_head").then_some(out)
        }).await;
        assert!(listed.contains("which does not fit the record"), "{listed}");
        let shown = deal.buyer.state(&deal.room, "org.tallyroom.record.head", "").await;
        assert_eq!(shown, Some(head));
        let (ok, said) = verify(&world, &[]);
        assert!(!ok && said.contains("is not what was signed as the head"), "{said}");
    }

    async fn a_record_is_compared_with_its_own_room_only(database) {
        let mut world = World::start(database).await;
        let (deal, head) = signed_deal(&world).await;
        let room = json!({ "preset": "public_chat", "initial_state": [
            { "type": "org.tallyroom.record.head", "content": head },
        ] });
        let (_, room) = deal.buyer.call(Method::POST, "/createRoom", Some(room)).await;
        let room = room["room_id"].as_str().unwrap().to_owned();
        world.terminate_tallyroom().await;
        world.sql(&format!("UPDATE rooms SET room_id = '{room}'")).await;
        // The bot is not in that room: nothing is compared.
        let (ok, said) = verify(&world, &[]);
        assert!(ok && said.contains("not compared with the room"), "{said}");
        world.as_bot(Method::POST, &format!("join/{room}"), &json!({})).await;
        let (ok, said) = verify(&world, &[]);
        assert!(!ok && said.contains("the record is not of this room"), "{said}");
    }

    async fn a_record_that_is_cut_back_to_before_an_upgrade_of_its_room_is_found_out(database) {
        let mut world = World::with().config("rooms", json!({ "version": "11" })).start(database).await;
        let (deal, head) = signed_deal(&world).await;
        empower(&world, &deal.room, &deal.seller).await;
        let path = format!("/rooms/{}/upgrade", escape(&deal.room));
        let (_, answer) = deal.seller.call(Method::POST, &path, Some(json!({ "new_version": "11" }))).await;
        let successor = answer["replacement_room"].as_str().unwrap().to_owned();
        invite(&deal.seller, &successor, &world.bot()).await;
        world.eventually("the bot follows", || async {
            (room_of(&world, &deal.id).await["id"] == successor.as_str()).then_some(())
        }).await;
        world.eventually("the creation of the successor in the record", || async {
            let created = "SELECT event_id FROM entries WHERE event_type = 'm.room.create' AND room_id = ";
            world.sql_text(&format!("{created}'{successor}'")).await
        }).await;
        let promise = deal.seller.say(&successor, "I promise a refund of 300").await;
        world.shop.entry(&deal.id, &promise).await;
        world.sql("UPDATE transactions SET sign_due_at = 1").await;
        world.eventually("a newer head in the successor", || async {
            let newer = deal.seller.state(&successor, "org.tallyroom.record.head", "").await?;
            (newer["seq"].as_u64() > head["seq"].as_u64()).then_some(())
        }).await;
        world.terminate_tallyroom().await;
        let (ok, said) = verify(&world, &[]);
        assert!(ok, "{said}");
        let cut = format!("(SELECT MIN(seq) FROM entries WHERE room_id = '{successor}')");
        world.sql(&format!("CREATE TABLE cut AS SELECT {cut} AS seq")).await;
        for statement in [
            "DELETE FROM entries WHERE seq >= (SELECT seq FROM cut)",
            "DELETE FROM heads",
            "UPDATE transactions SET last_seq = (SELECT seq - 1 FROM cut), \
             last_hash = (SELECT e.hash FROM entries e, cut WHERE e.seq = cut.seq - 1)",
            &format!("UPDATE rooms SET room_id = '{}'", deal.room),
        ] {
            assert!(world.sql(statement).await > 0, "{statement}");
        }
        let (ok, said) = verify(&world, &["--offline"]);
        assert!(ok, "the database alone does not show it: {said}");
        let (ok, said) = verify(&world, &[]);
        assert!(!ok && said.contains("is missing: a head at"), "{said}");
    }

    async fn who_was_forgotten_by_whom_and_why_stays_in_the_proof(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let said = deal.buyer.say(&deal.room, "I live at 7 Elm Road").await;
        let taken_back = deal.seller.say(&deal.room, "a slip").await;
        deal.seller.redact(&deal.room, &taken_back).await;
        let last = deal.seller.say(&deal.room, "noted").await;
        world.shop.entry(&deal.id, &last).await;
        let reason = "letter of 3 May";
        let (status, _, error) =
            world.run(&["forget", "--by", "the data protection officer", "--reason", reason, &deal.buyer.id]);
        assert!(status.success(), "{error}");
        let (ok, told) = verify(&world, &[]);
        assert!(ok && told.contains("erased"), "{told}");
        let bundle = export(&world, &deal.id).await;
        let members = members(&bundle);
        let acts: Vec<Value> =
            text(&members, "acts.jsonl").lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        let seq = world.shop.entry(&deal.id, &said).await["seq"].to_string();
        let of = |seq: &str| acts.iter().find(|it| it["kind"] == "erasure" && it["subject"] == seq).unwrap();
        assert_eq!(of(&seq)["actor"], "the data protection officer");
        assert_eq!(of(&seq)["reason"], format!("forgotten: {reason}"));
        assert!(of(&seq)["at"].is_i64());
        let entry = world.shop.entry(&deal.id, &taken_back).await;
        let redaction = of(&entry["seq"].to_string());
        assert_eq!((&redaction["actor"], &redaction["reason"]), (&entry["redacted_by"], &json!("redacted")));
        let (ok, told) = export::verify(&bundle, &[]);
        assert!(ok, "{told}");
    }

    async fn a_database_from_before_acts_is_adopted(database) {
        let mut world = World::start(database).await;
        let (deal, _) = signed_deal(&world).await;
        deal.seller.redact(&deal.room, &deal.seller.say(&deal.room, "a slip").await).await;
        world.eventually("the slip erased", || async {
            world.sql_text("SELECT subject FROM acts WHERE kind = 'erasure'").await
        }).await;
        world.terminate_tallyroom().await;
        // As the version before this one left it: its heads knew nothing of acts.
        for statement in ["DELETE FROM acts", "DELETE FROM heads", "UPDATE transactions SET acts = 0, acts_hash = ''",
            "UPDATE files SET noted = 0", "UPDATE journal SET raw = replace(raw, '\"acts\":', '\"was\":') \
             WHERE raw LIKE '%record.head%'"] {
            world.sql(statement).await;
        }
        world.start_tallyroom().await;
        let kinds = "SELECT CAST(COUNT(*) AS TEXT) FROM acts WHERE kind IN ('revision', 'file', 'erasure')";
        world.eventually("all of it adopted", || async {
            (world.sql_text(kinds).await.as_deref() == Some("4")).then_some(())
        }).await;
        let adopted = "SELECT CAST(SUM(adopted) AS TEXT) FROM acts WHERE kind IN ('revision', 'erasure')";
        assert_eq!(world.sql_text(adopted).await.as_deref(), Some("3"));
        let bundle = export(&world, &deal.id).await;
        assert!(text(&members(&bundle), "acts.jsonl").contains("\"adopted\":true"));
    }
}
