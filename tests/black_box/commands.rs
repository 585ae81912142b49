//! What people ask the bot for in the room, and what it answers.

use serde_json::{Value, json};

use super::export::{members, text};
use crate::on_both_databases;
use crate::support::world::Deal;
use crate::support::{Entered, Fault, Person, When, World};

/// Says something in the room and returns the one answer to it.
async fn ask(world: &World, deal: &Deal, person: &Person, words: &str) -> Value {
    let question = person.say(&deal.room, words).await;
    let answers = || async { answers_to(&person.history(&deal.room).await, &question) };
    world.eventually(words, || async { answers().await.first().cloned() }).await
}

fn answers_to(history: &[Value], question: &str) -> Vec<Value> {
    let is_answer =
        |it: &&Value| it["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == question;
    history.iter().filter(is_answer).map(|it| it["content"].clone()).collect()
}

fn body(content: &Value) -> &str {
    content["body"].as_str().unwrap()
}

/// The links that the bot has written to a person in this room, in their order.
async fn links(person: &Person, room: &str) -> Vec<String> {
    let history = person.history(room).await;
    let texts = history.iter().rev().filter_map(|it| it["content"]["body"].as_str());
    texts
        .filter_map(|it| Some(it.lines().last()?.to_owned()))
        .filter(|it| it.contains("/l/"))
        .collect()
}

on_both_databases! {
    async fn the_bot_answers_in_the_room_what_is_asked(database) {
        let world = World::with().page().start(database).await;
        let deal = world.deal().await;
        let help = ask(&world, &deal, &deal.buyer, "!tally").await;
        assert_eq!(help["msgtype"], "m.notice");
        assert_eq!(help["m.mentions"], json!({}));
        assert!(body(&help).contains("\n- !tally status: "), "{help}");
        let status = ask(&world, &deal, &deal.seller, "!tally status").await;
        assert_eq!(body(&status), "INV-2026-0042 · EUR 634.50 · Awaiting payment · Due 1 Jul 2099");
        let invoice = ask(&world, &deal, &deal.buyer, "!TALLY Rechnung").await;
        assert!(body(&invoice).contains("Fällig"), "{invoice}");
        let who = ask(&world, &deal, &deal.buyer, "!tally who").await;
        assert!(body(&who).contains("in the room") && body(&who).contains("accounts payable"), "{who}");
        let mistake = ask(&world, &deal, &deal.buyer, "!tally statsu").await;
        assert!(body(&mistake).contains("!tally status"), "{mistake}");

        // Nobody is answered who did not ask: neither an edit, nor a quotation, nor the bot itself.
        let said = deal.buyer.say(&deal.room, "hello").await;
        let edit = deal.buyer.edit(&deal.room, &said, "!tally status").await;
        let quoted = deal.buyer.say(&deal.room, "What does !tally status do?").await;
        let last = ask(&world, &deal, &deal.buyer, "!tally help").await;
        assert_eq!(body(&last), body(&help));
        let history = deal.buyer.history(&deal.room).await;
        for event in [&said, &edit, &quoted] {
            assert!(answers_to(&history, event).is_empty());
        }
        let notices = history.iter().filter(|it| it["content"]["msgtype"] == "m.notice").count();
        assert_eq!(notices, 6);
        // The answers are in the record, too.
        let entries = world.shop.entries(&deal.id).await;
        assert!(entries.iter().any(|it| it["party"] == "bot" && it["kind"] == "notice"));
    }

    async fn a_contact_gets_their_own_link_in_a_direct_message(database) {
        // Who is no contact any more stays in the room, and can still ask.
        let keep = json!({ "removed_contacts": "keep" });
        let world = World::with().page().config("rooms", keep).start(database).await;
        let deal = world.deal().await;
        let answer = ask(&world, &deal, &deal.buyer, "!tally link").await;
        assert_eq!(body(&answer), "I have sent you your link in a direct message.");
        assert!(!answer.to_string().contains("/l/"), "{answer}");
        let direct = world.eventually("an invitation", || async {
            deal.buyer.invitations().await.first().cloned()
        }).await;
        deal.buyer.join(&direct).await;
        let link = links(&deal.buyer, &direct).await.remove(0);
        let entered = Entered::by(&link).await;
        let page = entered.request(reqwest::Method::GET, "").send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(page.text().await.unwrap().contains("INV-2026-0042"));
        let made = world.sql_text("SELECT actor FROM audit_log WHERE way = 'room' AND action = 'link.made'").await;
        assert_eq!(made.as_deref(), Some("buyer"));

        // The next link comes to the same room, in the language in which it was asked for.
        ask(&world, &deal, &deal.buyer, "!tally lien").await;
        let both = links(&deal.buyer, &direct).await;
        assert!(both.len() == 2 && both[0] != both[1], "{both:?}");
        assert!(deal.buyer.invitations().await.is_empty());
        // The bot stays in the room, although it is none of a transaction.
        assert!(deal.seller.invitations().await.is_empty());
        let member = deal.buyer.state(&direct, "m.room.member", &world.bot()).await.unwrap();
        assert_eq!(member["membership"], "join");

        // Somebody who left is invited again.
        deal.buyer.leave(&direct).await;
        ask(&world, &deal, &deal.buyer, "!tally link").await;
        assert_eq!(deal.buyer.invitations().await, std::slice::from_ref(&direct));

        // Who is no contact any more gets none.
        let (status, answer) =
            world.shop.patch(&deal.id, &json!({ "buyer": { "name": "Birch GmbH", "contacts": [] } })).await;
        assert_eq!(status, 200, "{answer}");
        let refused = ask(&world, &deal, &deal.buyer, "!tally link").await;
        assert!(body(&refused).starts_with("Only the contacts"), "{refused}");

        // The bot leaves the room of somebody who is forgotten.
        deal.buyer.join(&direct).await;
        let (status, _, error) = world.run(&["forget", &deal.buyer.id]);
        assert!(status.success(), "{error}");
        world.eventually("that the bot left", || async {
            let member = deal.buyer.state(&direct, "m.room.member", &world.bot()).await?;
            (member["membership"] == "leave").then_some(())
        }).await;
    }

    async fn one_who_asks_too_often_takes_no_answers_from_others(database) {
        let world = World::with().page().start(database).await;
        let deal = world.deal().await;
        let mut last = String::new();
        for number in 0..20 {
            last = deal.buyer.say(&deal.room, &format!("!tally status {number}")).await;
            world.eventually("an answer", || async {
                answers_to(&deal.buyer.history(&deal.room).await, &last).first().cloned()
            }).await;
        }
        let too_many = deal.buyer.say(&deal.room, "!tally status").await;
        ask(&world, &deal, &deal.seller, "!tally status").await;
        let history = deal.buyer.history(&deal.room).await;
        assert!(answers_to(&history, &too_many).is_empty());
        assert_eq!(answers_to(&history, &last).len(), 1);
    }

    async fn a_contact_downloads_what_the_page_shows_of_the_conversation(database) {
        let retain = json!({ "redactions": "retain" });
        let world = World::with().page().config("record", retain).start(database).await;
        let deal = world.deal().await;
        let said = deal.seller.say(&deal.room, "It comes on Fryday").await;
        deal.seller.edit(&deal.room, &said, "It comes on Friday").await;
        deal.buyer.react(&deal.room, &said, "🦜").await;
        // It has no effect, and only the shop's transcript says that it was there.
        deal.buyer.edit(&deal.room, &said, "canary of somebody else").await;
        let slip = json!({
            "msgtype": "m.text", "body": "canary: 40 % margin",
            "m.relates_to": { "m.in_reply_to": { "event_id": said } },
        });
        let slip = deal.seller.send(&deal.room, "m.room.message", slip).await;
        let mxc = deal.seller.upload("margin.txt", "text/plain", b"canary file".to_vec()).await;
        let secret = json!({ "msgtype": "m.file", "body": "canary-margin.txt", "url": mxc });
        let secret = deal.seller.send(&deal.room, "m.room.message", secret).await;
        let mxc = deal.buyer.upload("plan.txt", "text/plain", b"the plan".to_vec()).await;
        let plan = json!({ "msgtype": "m.file", "body": "plan.txt", "url": mxc });
        let plan = deal.buyer.send(&deal.room, "m.room.message", plan).await;
        // The page goes on showing the file that was sent first.
        let mxc = deal.buyer.upload("canary.txt", "text/plain", b"canary file".to_vec()).await;
        let other = json!({ "msgtype": "m.file", "body": "canary.txt", "url": mxc });
        let other = json!({
            "msgtype": "m.file", "body": "* plan.txt", "url": mxc, "m.new_content": other,
            "m.relates_to": { "rel_type": "m.replace", "event_id": plan },
        });
        let other = deal.buyer.send(&deal.room, "m.room.message", other).await;
        for file in [&secret, &plan, &other] {
            world.eventually("a stored file", || async {
                let entry = world.shop.entry(&deal.id, file).await;
                (entry["attachments"][0]["file"]["state"] == "stored").then_some(())
            }).await;
        }
        for removed in [&slip, &secret] {
            let redaction = deal.seller.redact(&deal.room, removed).await;
            world.shop.entry(&deal.id, &redaction).await;
        }
        // The policy keeps what was removed in the record. It is not for those who are in the room.
        assert!(world.shop.entry(&deal.id, &slip).await["text"].as_str().unwrap().contains("canary"));

        let answer = ask(&world, &deal, &deal.buyer, "!tally exporter").await;
        assert_eq!(body(&answer), "Je vous ai envoyé votre lien en message direct.");
        let direct = world.eventually("an invitation", || async {
            deal.buyer.invitations().await.first().cloned()
        }).await;
        deal.buyer.join(&direct).await;
        let link = links(&deal.buyer, &direct).await.remove(0);
        assert!(link.ends_with("?to=conversation"), "{link}");
        let entered = Entered::by(&link).await;
        let file = entered.request(reqwest::Method::GET, "").send().await.unwrap();
        assert_eq!((file.status().as_u16(), &file.headers()["content-type"]), (200, &"application/zip".parse().unwrap()));
        let members = members(&file.bytes().await.unwrap());
        let (files, pages): (Vec<&String>, Vec<&String>) = members.keys().partition(|it| it.starts_with("files/"));
        assert_eq!(pages, ["transcript.html"]);
        assert!(files.len() == 1 && files[0].ends_with("plan.txt"), "{files:?}");
        assert_eq!(members[files[0]], b"the plan");
        let transcript = text(&members, "transcript.html").replace("canary.txt", "its new name");
        for shown in ["It comes on Friday", "plan.txt", "INV-2026-0042", "🦜"] {
            assert!(transcript.contains(shown), "{shown}: {transcript}");
        }
        for hidden in ["Fryday", "canary", "order-1", "entries.jsonl", "Entry ", "class=\"answered\""] {
            assert!(!transcript.contains(hidden), "{hidden}: {transcript}");
        }

        // It is in the language of whoever downloads it.
        let german = entered.request(reqwest::Method::GET, "").header("accept-language", "de").send().await.unwrap();
        let german = crate::export::members(&german.bytes().await.unwrap());
        let transcript = text(&german, "transcript.html");
        for said in ["<html lang=\"de\"", "Aufzeichnung der Unterhaltung", "Verkäufer", "Vom Verfasser bearbeitet"] {
            assert!(transcript.contains(said), "{said}: {transcript}");
        }
        for english in ["Record of", "\"party\">seller<", "Edited by", " bytes"] {
            assert!(!transcript.contains(english), "{english}: {transcript}");
        }

        // Of what its author had erased, nothing is left, nor of what others added to it.
        let (status, _, error) = world.run(&["forget", &deal.seller.id]);
        assert!(status.success(), "{error}");
        let file = entered.request(reqwest::Method::GET, "").send().await.unwrap();
        let members = crate::export::members(&file.bytes().await.unwrap());
        let transcript = text(&members, "transcript.html");
        assert!(transcript.contains("This message was removed."), "{transcript}");
        for erased in ["Friday", "🦜"] {
            assert!(!transcript.contains(erased), "{erased}: {transcript}");
        }

        // A link to anything else is none.
        let other = reqwest::get(link.replace("=conversation", "=entries")).await.unwrap();
        assert_eq!(other.status(), 400);
        // Whoever asks from the page is there already.
        let visitor = Entered::by(&world.shop.link(&deal.id, "buyer", None).await).await;
        let form = reqwest::multipart::Form::new().text("text", "!tally export");
        let sent = visitor.request(reqwest::Method::POST, "/messages").multipart(form).send().await.unwrap();
        assert!(sent.status().is_success() || sent.status().is_redirection(), "{}", sent.status());
        world.eventually("an answer", || async {
            let history = deal.buyer.history(&deal.room).await;
            let on_page = |it: &&Value| it["content"]["body"].as_str()
                .is_some_and(|it| it.ends_with("You can download the conversation there."));
            history.iter().find(on_page).map(|_| ())
        }).await;
    }

    async fn a_party_sets_what_it_may_set_and_says_why(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let status = async || world.shop.transaction(&deal.id).await["standing"]["means"].clone();
        // A seller does not accept for the buyer, and the answer says what they can do.
        let refused = ask(&world, &deal, &deal.seller, "!tally accept").await;
        assert!(body(&refused).contains("!tally paid, !tally shipped"), "{refused}");
        let reason = ask(&world, &deal, &deal.buyer, "!tally dispute").await;
        assert_eq!(body(&reason), "Write the reason after the command: !tally dispute …");
        assert_ne!(status().await, "disputed");

        let disputed = ask(&world, &deal, &deal.buyer, "!tally beanstanden Zwei Bretter fehlen").await;
        assert!(body(&disputed).starts_with("Der Status ist jetzt: "), "{disputed}");
        assert_eq!(status().await, "disputed");
        let entries = world.shop.entries(&deal.id).await;
        let said = |it: &&Value| it["text"] == "!tally beanstanden Zwei Bretter fehlen" && it["party"] == "buyer";
        assert_eq!(entries.iter().filter(said).count(), 1);
        // Everybody is told of the change as of one by the shop.
        world.eventually("the announcement", || async {
            let history = deal.seller.history(&deal.room).await;
            let told = |it: &&Value| it["content"]["body"].as_str().is_some_and(|it| it.contains("→ Disputed"));
            history.iter().find(told).map(|_| ())
        }).await;

        let paid = ask(&world, &deal, &deal.seller, "!tally paid").await;
        assert_eq!(body(&paid), "The status is now: Paid.");
        assert_eq!(status().await, "paid");
        // A second time changes nothing.
        let revision = world.shop.transaction(&deal.id).await["revision"].clone();
        ask(&world, &deal, &deal.seller, "!tally paid").await;
        assert_eq!(world.shop.transaction(&deal.id).await["revision"], revision);
    }

    async fn a_kill_at_any_call_leaves_one_answer_and_one_direct_room(database) {
        let mut world = World::with().proxy().page().start(database).await;
        let deal = world.deal().await;
        let mut direct: Option<String> = None;
        for (method, path, skip) in [
            ("POST", "createRoom", 0),
            ("POST", "invite", 0),
            ("PUT", "send/m.room.message", 0),
            ("PUT", "send/m.room.message", 1),
        ] {
            for when in [When::Before, When::After] {
                // Rooms are made and people invited once.
                if path == "createRoom" || path == "invite" {
                    world.sql("DELETE FROM bot_rooms").await;
                    direct = None;
                }
                world.proxy().fault_later(skip, method, path, Fault::Hang(when));
                let question = deal.buyer.say(&deal.room, "!tally link").await;
                world.proxy().reached().await;
                world.kill_tallyroom();
                world.proxy().heal();
                world.start_tallyroom().await;
                world.eventually("an answer", || async {
                    (!answers_to(&deal.buyer.history(&deal.room).await, &question).is_empty()).then_some(())
                }).await;
                let room = match direct.take() {
                    Some(room) => room,
                    None => {
                        let invitations = deal.buyer.invitations().await;
                        assert_eq!(invitations.len(), 1, "{path} {when:?}");
                        deal.buyer.join(&invitations[0]).await;
                        invitations[0].clone()
                    }
                };
                assert!(!links(&deal.buyer, &room).await.is_empty(), "{path} {when:?}");
                direct = Some(room);
                let history = deal.buyer.history(&deal.room).await;
                assert_eq!(answers_to(&history, &question).len(), 1, "{path} {when:?}");
            }
        }
        let made = world.sql_text("SELECT CAST(COUNT(*) AS TEXT) FROM audit_log WHERE action = 'link.made'").await;
        assert_eq!(made.as_deref(), Some("8"), "one link for each question");
    }
}
