//! The record is complete, can be verified, and does not hold what was to be erased.

use std::time::Duration;

use serde_json::{Value, json};
use tallyroom::seal::{Trust, verify};

use crate::on_both_databases;
use crate::support::world::Deal;
use crate::support::{Person, World, eventually, sample};

const HEAD: &str = "org.tallyroom.record.head";

/// Has the head signed now, and waits until the room shows it; its content.
pub(crate) async fn sign(world: &World, deal: &Deal, who: &Person) -> Value {
    let newest = world.shop.entries(&deal.id).await.len();
    world.sql(&format!("UPDATE transactions SET sign_due_at = 1 WHERE id = '{}'", deal.id)).await;
    eventually("the signed head in the room", Duration::from_secs(20), || async {
        let head = who.state(&deal.room, HEAD, "").await?;
        (head["seq"].as_u64()? >= newest as u64).then_some(head)
    })
    .await
}

fn verified(world: &World) -> (bool, String) {
    let (status, out, error) = world.run(&["verify"]);
    (status.success(), format!("{out}{error}"))
}

on_both_databases! {
    async fn both_parties_hold_the_signed_head(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let event = deal.buyer.say(&deal.room, "Agreed: 10 % off").await;
        world.shop.entry(&deal.id, &event).await;
        let head = sign(&world, &deal, &deal.seller).await;
        assert_eq!(deal.buyer.state(&deal.room, HEAD, "").await.unwrap(), head);
        let key = verify(&head, &Trust::Any).unwrap();
        assert_eq!(head["transaction"], deal.id.as_str());
        assert!(head["signatures"][world.bot()].is_object());
        // Its own note in the room may be recorded at any moment now.
        let (entries, record) = world.eventually("a record at rest", || async {
            let entries = world.shop.entries(&deal.id).await;
            let record = world.shop.transaction(&deal.id).await["record"].clone();
            (record["entries"] == entries.len()).then_some((entries, record))
        }).await;
        let covered = entries.iter().find(|it| it["seq"] == head["seq"]).unwrap();
        assert_eq!(covered["hash"], head["hash"]);
        assert_eq!(record["signed"]["seq"], head["seq"]);
        assert_eq!(record["signed"]["public_key"], key);
        // The note in the room is an entry itself, and must not call for the next one.
        let noted = entries.len();
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(world.sql_text("SELECT CAST(sign_due_at AS TEXT) FROM transactions").await, None);
        assert!(world.shop.entries(&deal.id).await.len() <= noted + 1);

        // The key outlives a restart, and only its owner reads it.
        let (ok, said) = verified(&world);
        assert!(ok && said.contains("complete and unchanged"), "{said}");
        let file = world.folder.path().join("signing.key");
        std::fs::remove_file(&file).unwrap();
        let (ok, said) = verified(&world);
        assert!(!ok && said.contains("--public-key"), "{said}");
        let (status, ..) = world.run(&["verify", "--public-key", &key]);
        assert!(status.success());
        let (status, out, _) = world.run(&["verify", "--public-key", "x".repeat(43).as_str()]);
        assert!(!status.success() && out.contains("not one that you trust"), "{out}");
    }

    async fn whoever_changes_a_record_is_found_out(database) {
        let mut world = World::start(database).await;
        let deal = world.deal().await;
        let mut last = String::new();
        for number in 0..6 {
            last = deal.buyer.say(&deal.room, &format!("line {number}")).await;
        }
        world.shop.entry(&deal.id, &last).await;
        let head = sign(&world, &deal, &deal.buyer).await;
        world.terminate_tallyroom().await;
        let at = head["seq"].as_i64().unwrap() - 4;
        for table in ["entries", "journal", "transactions", "heads"] {
            world.sql(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
        }
        let raw = "UPDATE journal SET raw = replace(raw, 'line', 'lime') WHERE position = \
                   (SELECT position FROM entries WHERE seq = AT)";
        let swap = "UPDATE entries SET seq = -1 WHERE seq = AT; \
                    UPDATE entries SET seq = AT WHERE seq = NEXT; \
                    UPDATE entries SET seq = NEXT WHERE seq = -1";
        let cut = "DELETE FROM entries WHERE seq >= AT; UPDATE transactions SET last_seq = BEFORE, \
                   last_hash = (SELECT hash FROM entries WHERE seq = BEFORE)";
        for (what, tampering, found) in [
            ("a text", "UPDATE entries SET text = 'No' WHERE seq = AT", "text does not follow"),
            ("a raw event", raw, "content was changed"),
            ("a sender", "UPDATE entries SET sender = '@evil:x' WHERE seq = AT", "does not match its hash"),
            ("a party", "UPDATE entries SET party = 'bot' WHERE seq = AT", "does not match its hash"),
            ("a name", "UPDATE entries SET display_name = 'Eve' WHERE seq = AT", "name is not the one"),
            ("a place", "UPDATE entries SET sort_at = sort_at + 1 WHERE seq = AT", "its place in the reading order"),
            ("a removed row", "DELETE FROM entries WHERE seq = AT", "is missing"),
            ("a swapped pair", swap, "does not match its hash"),
            ("a cut tail", cut, "is missing: a head at"),
            ("a row called erased", "UPDATE entries SET erased = 'forgotten', text = NULL WHERE seq = AT", "is called erased"),
            ("a row called redacted", "UPDATE entries SET redacted_by = '$x' WHERE seq = AT", "not marked as its redactions say"),
        ] {
            let tampering = tampering
                .replace("AT", &at.to_string())
                .replace("NEXT", &(at + 1).to_string())
                .replace("BEFORE", &(at - 1).to_string());
            let tampering = tampering.replace(&format!("UPD{at}E"), "UPDATE");
            for statement in tampering.split(';') {
                assert!(world.sql(statement).await > 0, "{what}: {statement}");
            }
            let (ok, said) = verified(&world);
            assert!(!ok, "{what} was not noticed: {said}");
            assert!(said.contains(&format!("entry {at}: ")) && said.contains(found), "{what}: {said}");
            for table in ["entries", "journal", "transactions"] {
                if table == "transactions" {
                    world.sql("UPDATE transactions SET \
                        last_seq = (SELECT last_seq FROM kept_transactions), \
                        last_hash = (SELECT last_hash FROM kept_transactions)").await;
                } else {
                    world.sql(&format!("DELETE FROM {table}")).await;
                    world.sql(&format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
                }
            }
        }
        // A head that somebody else signed in our name.
        world.sql("UPDATE heads SET signed = replace(signed, '\"seq\"', '\"was\"')").await;
        assert!(!verified(&world).0);
        world.sql("DELETE FROM heads").await;
        world.sql("INSERT INTO heads SELECT * FROM kept_heads").await;
        let (ok, said) = verified(&world);
        assert!(ok, "{said}");
    }

    async fn what_is_redacted_is_erased_or_kept_as_the_shop_says(database) {
        let world = World::with().config("record", json!({ "redactions": "retain" })).start(database).await;
        let deal = world.deal().await;
        let slip = deal.buyer.say(&deal.room, "my PIN is 1234").await;
        let edit = deal.buyer.edit(&deal.room, &slip, "my PIN is 5678").await;
        let other = deal.seller.say(&deal.room, "never mind").await;
        let evil = deal.seller.edit(&deal.room, &other, "fine").await;
        world.shop.entry(&deal.id, &evil).await;
        let redaction = deal.buyer.redact(&deal.room, &slip).await;
        world.shop.entry(&deal.id, &redaction).await;
        let kept = world.shop.entry(&deal.id, &slip).await;
        assert_eq!((&kept["text"], &kept["redacted"]), (&json!("my PIN is 1234"), &json!(true)));
        assert_eq!(kept["redacted_by"], redaction.as_str());
        assert!(world.sql_text("SELECT raw FROM journal WHERE raw LIKE '%PIN is 1234%'").await.is_some());

        let (status, answer) = world.shop.patch(&deal.id, &json!({ "redactions": "honour" })).await;
        assert_eq!((status, &answer["redactions"]), (200, &json!("honour")), "{answer}");
        for event in [&slip, &edit] {
            let gone = world.shop.entry(&deal.id, event).await;
            assert_eq!(gone["erased"], "redacted", "{gone}");
            assert_eq!((&gone["text"], &gone["html"]), (&Value::Null, &Value::Null));
            assert_eq!(gone["sender"], deal.buyer.id.as_str());
            assert!(gone["hash"].is_string() && gone["sent_at"].is_string());
        }
        for words in ["PIN is 1234", "PIN is 5678"] {
            let left = format!("SELECT raw FROM journal WHERE raw LIKE '%{words}%'");
            assert_eq!(world.sql_text(&left).await, None);
        }
        // From now on at once, and files and votes and reactions alike.
        let reaction = deal.seller.react(&deal.room, &other, "🤐").await;
        world.shop.entry(&deal.id, &reaction).await;
        let redaction = deal.seller.redact(&deal.room, &reaction).await;
        world.shop.entry(&deal.id, &redaction).await;
        let gone = world.shop.entry(&deal.id, &reaction).await;
        assert_eq!(gone["erased"], "redacted");
        assert_eq!(gone["relates_to"]["key"], Value::Null);
        assert_eq!(world.shop.entry(&deal.id, &evil).await["text"], "fine");
        let (ok, said) = verified(&world);
        assert!(ok && said.contains("3 of them erased"), "{said}");
    }

    async fn an_edit_by_somebody_else_counts_for_nothing_and_is_noted(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let promise = deal.seller.say(&deal.room, "I will deliver on Friday").await;
        let evil = deal.buyer.edit(&deal.room, &promise, "I will deliver for free").await;
        let own = deal.seller.edit(&deal.room, &promise, "I will deliver on Monday").await;
        world.shop.entry(&deal.id, &own).await;
        let of = |event| world.shop.entry(&deal.id, event);
        assert_eq!(of(&promise).await["text"], "I will deliver on Friday");
        assert!(of(&evil).await["ignored"].as_str().unwrap().contains("did not write"));
        assert_eq!(of(&own).await["ignored"], Value::Null);
    }

    async fn a_person_can_be_forgotten_everywhere(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let said = deal.buyer.say(&deal.room, "I live at Rose Street 5").await;
        let kept = deal.seller.say(&deal.room, "Thank you").await;
        world.shop.entry(&deal.id, &kept).await;
        let id = deal.buyer.id.clone();
        let (status, out, error) = world.run(&["forget", &id]);
        assert!(status.success(), "{out}{error}");
        let gone = world.shop.entry(&deal.id, &said).await;
        assert_eq!((&gone["erased"], &gone["text"]), (&json!("forgotten"), &Value::Null));
        assert_eq!(gone["display_name"], Value::Null);
        assert_eq!(gone["sender"], id.as_str());
        assert_eq!(world.shop.entry(&deal.id, &kept).await["text"], "Thank you");
        let left = format!("SELECT raw FROM journal WHERE raw LIKE '%Rose Street%' OR raw LIKE '%\"sender\":\"{id}\"%'");
        assert_eq!(world.sql_text(&left).await, None);
        let (ok, said) = verified(&world);
        assert!(ok, "{said}");
        let (status, _, error) = world.run(&["forget", "somebody"]);
        assert!(!status.success() && error.contains("Matrix ID"), "{error}");
    }

    async fn what_is_forgotten_does_not_live_on_elsewhere(database) {
        let mut world = World::start(database).await;
        let deal = world.deal().await;
        let (room, buyer) = (&deal.room, &deal.buyer);
        let other = world.shop.create(&sample("order-2", &buyer.id, &deal.seller.id)).await;
        let other_room = world.shop.room(&other).await;
        buyer.join(&other_room).await;
        let elsewhere = buyer.say(&other_room, "Rose Street again").await;
        world.shop.entry(&other, &elsewhere).await;
        let mxc = buyer.upload("door.txt", "text/plain", b"the key is under the mat".to_vec()).await;
        let content = json!({ "msgtype": "m.file", "body": "door.txt", "url": mxc });
        let file = buyer.send(room, "m.room.message", content).await;
        world.eventually("the file kept", || async {
            let entry = world.shop.entry(&deal.id, &file).await;
            (entry["attachments"][0]["file"]["state"] == "stored").then_some(())
        }).await;

        // A homeserver bundles the newest answer of a thread with the message that began it.
        world.terminate_tallyroom().await;
        let thread = deal.seller.say(room, "Where do we deliver?").await;
        let answer = json!({ "msgtype": "m.text", "body": "Rose Street 5",
            "m.relates_to": { "rel_type": "m.thread", "event_id": thread } });
        let answer = buyer.send(room, "m.room.message", answer).await;
        // More than one sync brings: the thread is read from the room's history.
        for number in 0..120 {
            deal.seller.say(room, &format!("line {number}")).await;
        }
        world.kill_synapse();
        world.start_synapse().await;
        world.start_tallyroom().await;
        for event in [&answer, &thread] {
            world.shop.entry_within(&deal.id, event, Duration::from_secs(60)).await;
        }

        // Written on the invoice page, and not in the room yet.
        world.sql(&format!(
            "INSERT INTO outgoing (transaction_id, id, user_id, client_id, event_type, content, \
             problem, written_at) VALUES ('{}', '1', '{}', 'c', 'm.room.message', 'Rose Street', \
             'the room is full', 1)", deal.id, buyer.id)).await;

        let (status, out, error) = world.run(&["forget", &buyer.id]);
        assert!(status.success(), "{out}{error}");
        assert_eq!(world.sql_text("SELECT content FROM outgoing").await, None);
        let left = "SELECT raw FROM journal WHERE raw LIKE '%Rose Street%'";
        assert_eq!(world.sql_text(left).await, None);
        let left = "SELECT words FROM search_rows WHERE words LIKE '%rose%'";
        assert_eq!(world.sql_text(left).await, None);
        assert_eq!(world.shop.entry(&other, &elsewhere).await["erased"], "forgotten");
        assert_eq!(world.shop.entry(&deal.id, &thread).await["text"], "Where do we deliver?");
        world.eventually("the file gone", || async {
            let digests = std::fs::read_dir(world.folder.path().join("files/sha256")).unwrap();
            let mut files = digests.flat_map(|it| std::fs::read_dir(it.unwrap().path()).unwrap());
            files.next().is_none().then_some(())
        }).await;
        assert!(verified(&world).0);
    }

    async fn the_record_says_what_people_saw(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let Deal { room, buyer, seller, .. } = &deal;
        let html = |body: &str, html: &str| json!({ "msgtype": "m.text", "body": body,
            "format": "org.matrix.custom.html", "formatted_body": html });
        let base = seller.say(room, "A message").await;
        let mut edit = html("* better words", "* better words");
        edit["m.new_content"] = html("> <@x:y.example> A message\n\nbetter words",
            "<mx-reply><blockquote>In reply to x<br/>A message</blockquote></mx-reply>better words");
        edit["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": base });
        let edit = seller.send(room, "m.room.message", edit).await;
        let two = html("I pay one hundred", "I pay <b>onethousandxyz</b>");
        let two = buyer.send(room, "m.room.message", two).await;

        let question = |yes: &str| json!({ "org.matrix.msc3381.poll.start": {
            "question": { "org.matrix.msc1767.text": "Accept delivery?" }, "max_selections": 1,
            "answers": [{ "id": "7f3", "org.matrix.msc1767.text": yes },
                { "id": "9aa", "org.matrix.msc1767.text": "No" }] } });
        let start = "org.matrix.msc3381.poll.start";
        let poll = seller.send(room, start, question("Gladlyyes")).await;
        let vote = json!({ "org.matrix.msc3381.poll.response": { "answers": ["7f3", "9aa"] },
            "m.relates_to": { "rel_type": "m.reference", "event_id": poll } });
        let vote = buyer.send(room, "org.matrix.msc3381.poll.response", vote).await;

        let of = |event| world.shop.entry(&deal.id, event);
        let edited = of(&edit).await;
        assert_eq!((&edited["text"], &edited["html"]), (&json!("better words"), &json!("better words")));
        assert_eq!((&edited["remark"], &edited["times_differ"]), (&Value::Null, &json!(false)));
        let both = of(&two).await;
        assert_eq!(both["text"], "I pay one hundred");
        assert_eq!(both["remark"], "its text and its HTML say different things");
        let voted = of(&vote).await;
        assert_eq!(voted["text"], "Gladlyyes", "{voted}");
        assert_eq!(voted["choices"], json!([{ "id": "7f3", "text": "Gladlyyes" }]));
        // What our own bot said about the invoice is no such case.
        let entries = world.shop.entries(&deal.id).await;
        let own = entries.iter().find(|it| it["party"] == "bot" && it["kind"] == "text").unwrap();
        assert_eq!(own["remark"], Value::Null, "{own}");

        let found_by = |words: &'static str| {
            let world = &world;
            async move {
                let page = world.shop.search(&[("q", words)]).await;
                let events = page["entries"].as_array().unwrap().iter();
                events.map(|it| it["event_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
            }
        };
        for words in ["onethousandxyz", "hundred"] {
            assert_eq!(found_by(words).await, std::slice::from_ref(&two));
        }
        assert!(found_by("gladlyyes").await.contains(&vote));
        assert!(verified(&world).0);

        // As the version before wrote it.
        world.sql("UPDATE entries SET derivation = 3, remark = NULL WHERE remark IS NOT NULL").await;
        world.sql(&format!("UPDATE entries SET derivation = 3, text = '> <@x:y.example> A message' WHERE event_id = '{edit}'")).await;
        world.sql("DELETE FROM search_rows").await;
        world.sql("UPDATE entries SET derivation = 3").await;
        let (status, out, error) = world.run(&["rederive"]);
        assert!(status.success(), "{out}{error}");
        assert_eq!(of(&edit).await["text"], "better words");
        assert_eq!(found_by("onethousandxyz").await, std::slice::from_ref(&two));
        assert!(found_by("gladlyyes").await.contains(&vote));
        assert!(verified(&world).0);

        // With the poll go its words.
        seller.redact(room, &poll).await;
        world.eventually("the poll's words gone", || async {
            found_by("gladlyyes").await.is_empty().then_some(())
        }).await;
        assert_eq!(of(&vote).await["text"], "7f3, 9aa");
    }

    async fn a_better_derivation_can_be_run_over_old_entries(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let event = deal.buyer.say(&deal.room, "Yes").await;
        world.shop.entry(&deal.id, &event).await;
        let (status, out, _) = world.run(&["rederive", "--dry-run"]);
        assert!(status.success() && out.contains("0 would change"), "{out}");
        // As an older version might have written it.
        world.sql(&format!("UPDATE entries SET text = 'Y', kind = 'unknown', derivation = 0 WHERE event_id = '{event}'")).await;
        let (ok, said) = verified(&world);
        assert!(!ok && said.contains("FAILS at entry") && said.contains("rederive"), "{said}");
        let (_, out, _) = world.run(&["rederive", "--dry-run"]);
        assert!(out.contains("text: \"Y\" -> \"Yes\"") && out.contains("1 would change (kind 1, text 1)"), "{out}");
        assert_eq!(world.shop.entry(&deal.id, &event).await["text"], "Y");
        let (_, out, _) = world.run(&["rederive", &deal.id]);
        assert!(out.contains("1 changed"), "{out}");
        let entry = world.shop.entry(&deal.id, &event).await;
        assert_eq!((&entry["text"], &entry["kind"]), (&json!("Yes"), &json!("text")));
        assert!(verified(&world).0);
    }
}
