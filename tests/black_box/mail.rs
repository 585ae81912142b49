//! E-mail to contacts who have no Matrix account, through a real mail server: what they have not read comes to them, once,
//! with a link that lets them in.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::mailbox::{Mailbox, Taken};
use crate::support::postfix::Postfix;
use crate::support::world::Plan;
use crate::support::{Entered, Person, Shop, World, entering, free_port, sample};

const ADA: &str = "ada@birch.example";

/// A world that sends its mails by this server.
fn mailing_by(url: &str) -> Plan {
    let mail = json!({
        "smtp": url, "from": "invoices@shop.example", "replies": "replies@mail.shop.example",
        "unread_minutes": 60,
    });
    World::with().page().config("mail", mail)
}

/// A transaction whose buyer is reached by e-mail only, and its seller in the room.
struct Order {
    id: String,
    room: String,
    seller: Person,
}

async fn order(world: &World, external_id: &str) -> Order {
    let seller = world.person("seller").await;
    order_of(world, external_id, seller, ADA).await
}

async fn order_of(world: &World, external_id: &str, seller: Person, address: &str) -> Order {
    let mut order = sample(external_id, "", &seller.id);
    order["buyer"]["contacts"] = json!([{ "name": "Ada", "email": address }]);
    let id = world.shop.create(&order).await;
    let room = world.shop.room(&id).await;
    seller.join(&room).await;
    Order { id, room, seller }
}

/// Waits until somebody is to be told of something about a transaction, and has that be due now.
async fn let_it_be_due(world: &World, order: &Order) {
    let id = &order.id;
    let waiting = format!(
        "SELECT id FROM mail_contacts WHERE transaction_id = '{id}' AND due_at IS NOT NULL"
    );
    world.eventually("a contact to tell", || async { world.sql_text(&waiting).await }).await;
    let due = format!("UPDATE mail_contacts SET due_at = 1 WHERE transaction_id = '{id}'");
    world.sql(&due).await;
}

/// Waits until nobody is due to be told of something.
async fn nobody_is_due(world: &World) {
    world
        .eventually("that nobody is due", || async {
            let due = "SELECT 'due' FROM mail_contacts WHERE due_at IS NOT NULL \
                 UNION ALL SELECT 'due' FROM mails WHERE due_at IS NOT NULL";
            world.sql_text(due).await.is_none().then_some(())
        })
        .await;
}

async fn mails(world: &World, mailbox: &Mailbox, count: usize) -> Vec<Taken> {
    world
        .eventually(&format!("{count} mails"), || async {
            let taken = mailbox.taken();
            (taken.len() >= count).then_some(taken)
        })
        .await
}

/// The text of a mail, and its HTML.
fn parts(mail: &Taken) -> [String; 2] {
    let parsed = mail_parser::MessageParser::default().parse(mail.raw.as_bytes()).unwrap();
    let text = parsed.body_text(0).unwrap().into_owned();
    [text.replace("\r\n", "\n"), parsed.body_html(0).unwrap().into_owned()]
}

/// The first address of this kind in a text.
fn address(text: &str, kind: &str) -> String {
    let word = text.split_whitespace().find(|it| it.starts_with("http") && it.contains(kind));
    word.unwrap_or_else(|| panic!("{kind}: {text}")).to_owned()
}

/// The request with this form.
fn form(request: RequestBuilder, form: &str) -> RequestBuilder {
    let kind = "application/x-www-form-urlencoded";
    request.header("content-type", kind).body(form.to_owned())
}

/// A time zone in which it is noon, and the day there.
fn where_it_is_noon() -> (String, Date) {
    let hours = 12 - TimeZone::UTC.to_datetime(Timestamp::now()).hour();
    // These names have the sign the other way round.
    let zone = if hours == 0 { "UTC".to_owned() } else { format!("Etc/GMT{:+}", -hours) };
    let here = TimeZone::get(&zone).unwrap();
    let today = here.to_datetime(Timestamp::now()).date();
    (zone, today)
}

fn mail_of(transaction: &Value) -> &Value {
    &transaction["mail"][0]
}

on_both_databases! {
    async fn what_was_not_read_is_mailed_once_and_its_link_opens_the_page(database) {
        let mailbox = Mailbox::start().await;
        let postfix = Postfix::with().others(mailbox.port).start().await;
        let world = mailing_by(&postfix.url()).start(database).await;
        let order = order(&world, "order-1").await;
        let first = "It follows on Thursday, canary-of-the-words <b>sure</b>";
        let event = order.seller.say(&order.room, first).await;
        world.shop.entry(&order.id, &event).await;
        let gone = order.seller.say(&order.room, "canary-of-what-was-removed").await;
        let changed = order.seller.say(&order.room, "At ten").await;
        order.seller.edit(&order.room, &changed, "At eleven").await;
        let redaction = order.seller.redact(&order.room, &gone).await;
        world.shop.entry(&order.id, &redaction).await;
        let_it_be_due(&world, &order).await;
        let taken = mails(&world, &mailbox, 1).await;
        let mail = &taken[0];
        assert_eq!(mail.to, [ADA]);
        assert_eq!(mail.header("To"), ADA);
        assert!(mail.header("From").ends_with("<invoices@shop.example>"), "{}", mail.header("From"));
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        // Answers and bounces come back to an address that says for whom it was.
        let contact = world.sql_text("SELECT id FROM mail_contacts").await.unwrap().to_lowercase();
        let own = format!("replies+{contact}-");
        assert!(mail.from.starts_with(&own) && mail.from.ends_with("@mail.shop.example"), "{}", mail.from);
        assert!(mail.header("Reply-To").contains(&mail.from), "{}", mail.header("Reply-To"));
        assert_eq!(mail.header("References"), format!("<{contact}@mail.shop.example>"));
        assert!(mail.header("Message-ID").ends_with(&format!(".{contact}@mail.shop.example>")));
        let [text, html] = parts(mail);
        for part in [&text, &html] {
            assert!(part.contains("2 new messages") && part.contains("INV-2026-0042"), "{part}");
            assert!(part.contains("At eleven") && !part.contains("At ten"), "{part}");
            assert!(!part.contains("canary-of-what-was-removed"), "{part}");
        }
        assert!(text.contains(first) && !html.contains("<b>"), "{html}");

        // The link lets its reader in, as who they are.
        let ada = Entered::by(&address(&text, "/l/")).await;
        let page = ada.request(Method::GET, "").send().await.unwrap().text().await.unwrap();
        assert!(page.contains("At eleven") && page.contains("Ada"), "{page}");

        // What was told is not told again. The next message is another mail of the same thread.
        nobody_is_due(&world).await;
        order.seller.say(&order.room, "It is on its way").await;
        let_it_be_due(&world, &order).await;
        let taken = mails(&world, &mailbox, 2).await;
        let [text, _] = parts(&taken[1]);
        assert!(text.contains("It is on its way") && !text.contains("At eleven"), "{text}");
        assert_eq!(taken[1].header("References"), taken[0].header("References"));
        assert_eq!(taken[1].header("Subject"), taken[0].header("Subject"));
        assert_ne!(taken[1].header("Message-ID"), taken[0].header("Message-ID"));

        nobody_is_due(&world).await;
        assert_eq!(mailbox.taken().len(), 2);
        let (log, audit) = (world.log(), world.shop.get("/api/v1/audit?limit=1000").await.1.to_string());
        assert!(audit.contains("\"way\":\"mail\""), "{audit}");
        for secret in ["canary-of-the-words", ADA, address(&text, "/l/").rsplit('/').next().unwrap()] {
            assert!(!log.contains(secret), "{secret} is in the log");
        }
    }

    async fn what_was_read_in_time_or_said_by_oneself_is_not_mailed(database) {
        let mailbox = Mailbox::start().await;
        let world = mailing_by(&mailbox.url()).start(database).await;
        let order = order(&world, "order-1").await;
        let link = world.shop.link(&order.id, "buyer", Some(ADA)).await;
        let ada = Entered::by(&link).await;
        let event = order.seller.say(&order.room, "Did you get it?").await;
        world.shop.entry(&order.id, &event).await;
        let seen = form(ada.request(Method::POST, "/seen"), &format!("event={}", event.replace('$', "%24")));
        let seen = seen.send().await.unwrap();
        assert!(seen.status().is_success(), "{seen:?}");
        let said = ada.request(Method::POST, "/messages");
        let answer = reqwest::multipart::Form::new().text("text", "Yes, thank you").text("client_id", "1");
        let said = said.header("accept", "application/json").multipart(answer).send().await.unwrap();
        assert!(said.status().is_success(), "{said:?}");
        world.eventually("her answer in the record", || async {
            let entries = world.shop.entries(&order.id).await;
            entries.iter().any(|it| it["text"] == "Yes, thank you").then_some(())
        }).await;
        let_it_be_due(&world, &order).await;
        nobody_is_due(&world).await;
        assert_eq!(mailbox.taken().len(), 0);
        // What follows is mailed without what she has read.
        order.seller.say(&order.room, "Good").await;
        let_it_be_due(&world, &order).await;
        let taken = mails(&world, &mailbox, 1).await;
        let [text, _] = parts(&taken[0]);
        assert!(text.contains("> Good\n") && !text.contains("Did you get it") && !text.contains("thank you"), "{text}");
    }

    async fn a_mail_is_neither_lost_nor_doubled_when_something_ends_in_between(database) {
        let mailbox = Mailbox::start().await;
        let mut postfix = Postfix::with().others(mailbox.port).start().await;
        let mut world = mailing_by(&postfix.url()).start(database).await;
        let order = order(&world, "order-1").await;
        // The mail server is away, and then the service.
        postfix.kill();
        order.seller.say(&order.room, "one").await;
        let_it_be_due(&world, &order).await;
        world.eventually("a try that failed", || async {
            world.sql_text("SELECT problem FROM mails WHERE tries > 0").await
        }).await;
        world.kill_tallyroom();
        postfix.start_again().await;
        world.start_tallyroom().await;
        world.sql("UPDATE mails SET due_at = 1 WHERE due_at IS NOT NULL").await;
        let first = mails(&world, &mailbox, 1).await.remove(0);
        nobody_is_due(&world).await;
        // The mail server has it, but ends before it is delivered.
        order.seller.say(&order.room, "two").await;
        let_it_be_due(&world, &order).await;
        nobody_is_due(&world).await;
        postfix.kill();
        postfix.start_again().await;
        let taken = mails(&world, &mailbox, 2).await;
        world.eventually("an empty queue", || async { (postfix.queued() == 0).then_some(()) }).await;
        assert_eq!(mailbox.taken().len(), 2);
        assert!(parts(&first)[0].contains("> one\n") && parts(&taken[1])[0].contains("> two\n"));
    }

    async fn a_mail_whose_answer_is_lost_comes_again_with_the_same_id_and_link(database) {
        let mailbox = Mailbox::start().await;
        let world = mailing_by(&mailbox.url()).start(database).await;
        let order = order(&world, "order-1").await;
        mailbox.leave_unanswered(1);
        order.seller.say(&order.room, "one").await;
        let_it_be_due(&world, &order).await;
        let taken = mails(&world, &mailbox, 2).await;
        nobody_is_due(&world).await;
        assert_eq!(mailbox.taken().len(), 2);
        for name in ["Message-ID", "References", "List-Unsubscribe"] {
            assert_eq!(taken[0].header(name), taken[1].header(name));
        }
        assert_eq!(address(&parts(&taken[0])[0], "/l/"), address(&parts(&taken[1])[0], "/l/"));
    }

    async fn a_mail_that_the_server_has_taken_does_not_come_again_whatever_becomes_of_the_connection(database) {
        let mailbox = Mailbox::start().await;
        mailbox.never_say_goodbye();
        let world = mailing_by(&mailbox.url()).start(database).await;
        let order = order(&world, "order-1").await;
        order.seller.say(&order.room, "one").await;
        let_it_be_due(&world, &order).await;
        mails(&world, &mailbox, 1).await;
        nobody_is_due(&world).await;
        assert_eq!(mailbox.taken().len(), 1);
        assert!(world.sql_text("SELECT problem FROM mails").await.is_none());
    }

    async fn a_contact_who_cannot_be_read_keeps_no_other_from_their_mails(database) {
        let mailbox = Mailbox::start().await;
        let world = mailing_by(&mailbox.url()).start(database).await;
        let broken = order(&world, "order-1").await;
        broken.seller.say(&broken.room, "one").await;
        let_it_be_due(&world, &broken).await;
        mails(&world, &mailbox, 1).await;
        nobody_is_due(&world).await;
        world.sql("UPDATE mail_contacts SET party = 'nobody', due_at = 1").await;
        let other = order_of(&world, "order-2", broken.seller, "joe@birch.example").await;
        other.seller.say(&other.room, "two").await;
        let_it_be_due(&world, &other).await;
        let taken = mails(&world, &mailbox, 2).await;
        assert_eq!(taken[1].to, ["joe@birch.example"]);
        let put_off = "SELECT 'put off' FROM mail_contacts WHERE party = 'nobody' AND due_at > 1";
        assert!(world.sql_text(put_off).await.is_some());
    }

    async fn mails_end_with_one_click_until_the_shop_switches_them_on_again(database) {
        let mailbox = Mailbox::start().await;
        let world = mailing_by(&mailbox.url()).start(database).await;
        let order = order(&world, "order-1").await;
        order.seller.say(&order.room, "one").await;
        assert_eq!(mail_of(&world.shop.transaction(&order.id).await)["state"], "on");
        let_it_be_due(&world, &order).await;
        let mail = mails(&world, &mailbox, 1).await.remove(0);
        nobody_is_due(&world).await;
        assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        let link = mail.header("List-Unsubscribe");
        let link = link.trim_matches(['<', '>']);
        assert_eq!(address(&parts(&mail)[0], "/u/"), link);

        // Looking changes nothing; a program needs neither cookie nor script.
        let http = entering::http();
        let shown = http.get(link).send().await.unwrap().text().await.unwrap();
        assert!(shown.contains("<button") && !shown.contains("<script"), "{shown}");
        assert_eq!(mail_of(&world.shop.transaction(&order.id).await)["state"], "on");
        for wrong in ["/u/x", &format!("/u/{}x", link.rsplit('/').next().unwrap())] {
            assert_eq!(http.post(world.page(wrong)).send().await.unwrap().status(), 404);
        }
        for _ in 0..2 {
            let ended = form(http.post(link), "List-Unsubscribe=One-Click").send().await.unwrap();
            assert_eq!(ended.status(), 200);
        }
        let shown = world.shop.transaction(&order.id).await;
        assert_eq!(mail_of(&shown)["state"], "unsubscribed", "{shown}");
        // Whoever writes for the shop sees that she gets no mails, and others that she is reached on the page.
        for (role, contact, expected) in [
            ("seller", Some(order.seller.id.as_str()), "asked for no e-mails"),
            ("buyer", None, "on this page only"),
        ] {
            let reader = Entered::by(&world.shop.link(&order.id, role, contact).await).await;
            let page = reader.request(Method::GET, "").send().await.unwrap().text().await.unwrap();
            assert!(page.contains(expected), "{role}: {page}");
            assert!(!page.contains("by e-mail"), "{role}: {page}");
        }
        order.seller.say(&order.room, "two").await;
        let_it_be_due(&world, &order).await;
        nobody_is_due(&world).await;
        assert_eq!(mailbox.taken().len(), 1);

        // Another shop still writes to the address, and only its own shop can switch it on.
        let again = async |shop: &Shop| {
            let path = format!("/api/v1/silenced-addresses/{}", ADA.to_uppercase());
            Shop::answer(shop.request(Method::DELETE, &path)).await.0
        };
        assert_eq!(again(&world.other_shop).await, 404);
        assert_eq!(again(&world.shop).await, 204);
        assert_eq!(again(&world.shop).await, 404);
        assert_eq!(mail_of(&world.shop.transaction(&order.id).await)["state"], "on");
        order.seller.say(&order.room, "three").await;
        let_it_be_due(&world, &order).await;
        let [text, _] = parts(&mails(&world, &mailbox, 2).await[1]);
        assert!(text.contains("> three\n") && !text.contains("> two\n"), "{text}");
    }

    async fn an_address_that_does_not_exist_is_not_written_to_again(database) {
        let mailbox = Mailbox::start().await;
        let refusing = "550 5.1.1 nobody here";
        let postfix = Postfix::with()
            .others(mailbox.port)
            .refusing("gone@birch.example", refusing)
            .refusing("later@birch.example", "450 4.2.1 later")
            .refusing("policy@birch.example", "554 5.7.1 not from you");
        let postfix = postfix.start().await;
        let world = mailing_by(&postfix.url()).start(database).await;
        let seller = world.person("seller").await;
        for (address, state, problem) in [
            ("gone@birch.example", "bounced", Some("the mail server refused the recipient: 550 5.1.1")),
            ("no address", "bounced", Some("the shop gave no e-mail address, but another text")),
            ("later@birch.example", "on", Some("the mail server refused the recipient: 450 4.2.1")),
            ("policy@birch.example", "on", Some("the mail server refused the recipient: 554 5.7.1")),
        ] {
            let seller = seller.clone();
            let order = order_of(&world, address, seller, address).await;
            order.seller.say(&order.room, "one").await;
            let_it_be_due(&world, &order).await;
            let mail = world.eventually("a mail that was not taken", || async {
                let transaction = world.shop.transaction(&order.id).await;
                let mail = mail_of(&transaction).clone();
                mail["problem"].is_string().then_some(mail)
            }).await;
            assert_eq!((&mail["state"], mail["problem"].as_str()), (&json!(state), problem), "{mail}");
            assert_eq!((&mail["party"], &mail["contact"]), (&json!("buyer"), &json!(address)));
        }
        let (_, problems, _) = world.run(&["problems"]);
        assert_eq!(problems.matches("mail given up").count(), 2, "{problems}");
        assert_eq!(mailbox.taken().len(), 0);
    }

    async fn who_asks_on_the_page_gets_a_link_by_mail_and_nobody_learns_who_is_a_contact(database) {
        let mailbox = Mailbox::start().await;
        // Whoever asks waits for it, so it comes in the quiet hours, too.
        let mail = json!({
            "smtp": mailbox.url(), "from": "invoices@shop.example", "quiet_hours": "00:00-23:59",
        });
        let world = World::with().page().config("mail", mail).start(database).await;
        let order = order(&world, "order-1").await;
        let http = entering::http();
        let page = world.page(&format!("/t/{}", order.id));
        let shown = http.get(&page).send().await.unwrap().text().await.unwrap();
        assert!(shown.contains("Your e-mail address or Matrix ID"), "{shown}");
        let ask = async |user: &str| {
            let asked = form(http.post(format!("{page}/sign-in/ask")), &format!("user={user}"));
            let asked = asked.header("origin", world.page("")).header("accept", "text/html");
            let asked = asked.send().await.unwrap();
            let status = asked.status().as_u16();
            let html = asked.text().await.unwrap();
            // The rest has a nonce.
            (status, html.split("<main>").nth(1).unwrap_or_default().to_owned())
        };
        let (status, to_ada) = ask("Ada@Birch.Example").await;
        assert_eq!(status, 200, "{to_ada}");
        let (status, to_other) = ask("joe@birch.example").await;
        assert_eq!((status, to_other.replace("joe@", "ada@")), (200, to_ada));
        assert_eq!(ask("nobody").await.0, 422);
        let mail = mails(&world, &mailbox, 1).await.remove(0);
        assert_eq!(mail.to, [ADA]);
        let [text, _] = parts(&mail);
        assert!(text.contains("Your link to the invoice page"), "{text}");
        let ada = Entered::by(&address(&text, "/l/")).await;
        assert!(ada.request(Method::GET, "").send().await.unwrap().status().is_success());
        // Asked again at once, there is no other mail.
        ask(ADA).await;
        world.eventually("that nobody waits for a link", || async {
            let waiting = "SELECT user_id FROM link_requests WHERE is_waiting = 1";
            world.sql_text(waiting).await.is_none().then_some(())
        }).await;
        nobody_is_due(&world).await;
        assert_eq!(mailbox.taken().len(), 1);
    }

    async fn strangers_get_no_mail_about_an_address_that_nobody_has(database) {
        let (mailbox, port) = (Mailbox::start().await, free_port());
        let mail = json!({
            "smtp": mailbox.url(), "from": "invoices@shop.example", "replies": "replies@mail.shop.example",
            "listen": format!("127.0.0.1:{port}"), "unread_minutes": 60,
        });
        let world = World::with().page().config("mail", mail).start(database).await;
        let postfix = Postfix::with().route("mail.shop.example", port).asking_first().start().await;
        let order = order(&world, "order-1").await;
        order.seller.say(&order.room, "one").await;
        let_it_be_due(&world, &order).await;
        let known = mails(&world, &mailbox, 1).await.remove(0).from;
        for (address, code) in [(known.clone(), "250"), (known.replace('+', "+0"), "550")] {
            // While Postfix is still asking, it says "later".
            let said = world.eventually("what Postfix says", || async {
                let said = postfix.says_of(&address).await;
                (!said.starts_with("450")).then_some(said)
            }).await;
            assert!(said.starts_with(code), "{address}: {said}");
        }
    }

    async fn buyers_are_reminded_once_on_the_days_that_the_shop_wants_if_they_still_have_to_pay(database) {
        let mailbox = Mailbox::start().await;
        let (zone, today) = where_it_is_noon();
        let mail = json!({
            "smtp": mailbox.url(), "from": "invoices@shop.example",
            "reminders": [{ "shop": "shop", "before_days": [3], "after_days": [7] }],
        });
        let plan = World::with().page().config("page", json!({ "time_zone": zone }));
        let mut world = plan.config("mail", mail).start(database).await;
        let seller = world.person("seller").await;
        let reminded = async |world: &World| {
            let day = "SELECT value FROM facts WHERE name = 'mails_reminded'";
            world.eventually("the reminders of the day", || async {
                (world.sql_text(day).await? == today.to_string()).then_some(())
            }).await;
        };
        // There is nobody to remind yet.
        reminded(&world).await;
        let mut expected = Vec::new();
        for (name, days, status, is_reminded) in [
            ("soon", 3, "open", true),
            ("late", -7, "open", true),
            ("later", 4, "open", false),
            ("today", 0, "open", false),
            ("done", 3, "paid", false),
            ("objected", -7, "disputed", false),
        ] {
            let address = format!("{name}@birch.example");
            let mut order = sample(name, "", &seller.id);
            order["buyer"]["contacts"] = json!([{ "email": address }]);
            let seller = order["seller"]["contacts"].as_array_mut().unwrap();
            seller.push(json!({ "email": "accounts@acme.example" }));
            let due_date = today.checked_add(i64::from(days).days()).unwrap();
            order["invoice"]["due_date"] = json!(due_date.to_string());
            order["status"] = json!(status);
            world.shop.create(&order).await;
            expected.extend(is_reminded.then_some(address));
        }
        for round in 0..2 {
            // The next day, and the same day again after a process ended in the middle of it.
            world.kill_tallyroom();
            let yesterday = today.yesterday().unwrap();
            world.sql(&format!("UPDATE facts SET value = '{yesterday}' WHERE name = 'mails_reminded'")).await;
            // Due dates were not always noted in a column of their own.
            world.sql("UPDATE revisions SET issue_date = NULL, due_date = NULL").await;
            world.start_tallyroom().await;
            reminded(&world).await;
            nobody_is_due(&world).await;
            let taken = mailbox.taken();
            let mut to: Vec<String> = taken.iter().flat_map(|it| it.to.clone()).collect();
            to.sort();
            expected.sort();
            assert_eq!(to, expected, "round {round}");
        }
        for mail in mailbox.taken() {
            let [text, _] = parts(&mail);
            let headline = match mail.to == ["soon@birch.example"] {
                true => "Reminder: payment is due on ",
                false => "Reminder: payment was due on ",
            };
            assert!(text.starts_with(headline) && text.contains("Amount due: €634.50. "), "{text}");
            Entered::by(&address(&text, "/l/")).await;
        }
    }

    async fn a_shop_says_in_its_own_words_what_its_mails_are_about(database) {
        let mailbox = Mailbox::start().await;
        let postfix = Postfix::with().others(mailbox.port).start().await;
        let text = |mail: &str, subject: &str, opening: Value| {
            json!({ "shop": "shop", "mail": mail, "subject": subject, "opening": opening })
        };
        let mail = json!({
            "smtp": postfix.url(), "from": "invoices@shop.example", "unread_minutes": 60,
            "texts": [
                text("messages", "Größe {number}: {buyer} & {seller}", json!({
                    "en": "Dear {buyer} & all,\nthere is news of {number}: {amount} by {due_date}.",
                })),
                text("invitation", "not this", json!("nor this")),
            ],
        });
        let world = World::with().page().config("mail", mail).start(database).await;
        let order = order(&world, "order-1").await;
        order.seller.say(&order.room, "It follows on Thursday").await;
        let_it_be_due(&world, &order).await;
        let mail = mails(&world, &mailbox, 1).await.remove(0);
        let parsed = mail_parser::MessageParser::default().parse(mail.raw.as_bytes()).unwrap();
        assert_eq!(parsed.subject(), Some("Größe INV-2026-0042: Birch GmbH & Acme Ltd"));
        let [text, html] = parts(&mail);
        let opening = "there is news of INV-2026-0042: €634.50 by 1 July 2099.\n\nInvoice INV-2026-0042 · Acme Ltd\n";
        assert!(text.starts_with(&format!("Dear Birch GmbH & all,\n{opening}")), "{text}");
        assert!(html.contains("Dear Birch GmbH &amp; all,<br>there is news"), "{html}");
        for needed in ["It follows on Thursday", "/l/", "/u/", "You receive this e-mail because"] {
            assert!(text.contains(needed) && html.contains(needed), "{needed}: {text} {html}");
        }
        Entered::by(&address(&text, "/l/")).await;
    }

    async fn a_contact_is_invited_once_when_the_shop_names_them(database) {
        let mailbox = Mailbox::start().await;
        let mail = json!({ "smtp": mailbox.url(), "from": "invoices@shop.example", "invite": true });
        let world = World::with().page().config("mail", mail).start(database).await;
        // What was there before mails were set up is not told of.
        world.eventually("that events are followed", || async {
            world.sql_text("SELECT value FROM facts WHERE name = 'mails_followed'").await
        }).await;
        let order = order(&world, "order-1").await;
        let first = mails(&world, &mailbox, 1).await.remove(0);
        assert_eq!(first.to, [ADA]);
        let [text, html] = parts(&first);
        for part in [&text, &html] {
            assert!(part.contains("A document for you from Acme Ltd"), "{part}");
            assert!(part.contains("€634.50, payable by 1 July 2099"), "{part}");
        }
        Entered::by(&address(&text, "/l/")).await;
        let event = order.seller.say(&order.room, "before Joe came").await;
        world.shop.entry(&order.id, &event).await;
        world.eventually("that she is to be told", || async {
            world.sql_text("SELECT id FROM mail_contacts WHERE due_at IS NOT NULL").await
        }).await;
        let path = format!("/api/v1/transactions/{}/buyer/contacts", order.id);
        let joe = json!({ "email": "joe@birch.example" });
        let (status, added) = Shop::answer(world.shop.request(Method::POST, &path).json(&joe)).await;
        assert_eq!(status, 201, "{added}");
        let second = mails(&world, &mailbox, 2).await.remove(1);
        assert_eq!(second.to, ["joe@birch.example"]);
        // They are told of what is said from then on; the rest is on the page.
        order.seller.say(&order.room, "after Joe came").await;
        world.eventually("that both are to be told", || async {
            let due = "SELECT id FROM mail_contacts WHERE address = 'joe@birch.example' AND due_at IS NOT NULL";
            world.sql_text(due).await
        }).await;
        let_it_be_due(&world, &order).await;
        for mail in mails(&world, &mailbox, 4).await.split_off(2) {
            let [text, _] = parts(&mail);
            let is_ada = mail.to == [ADA];
            assert!(text.contains("> after Joe came\n"), "{text}");
            assert_eq!(text.contains("> before Joe came\n"), is_ada, "{text}");
        }
        nobody_is_due(&world).await;
        assert_eq!(mailbox.taken().len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_nobody_is_written_to() {
    let world = World::with().page().start(crate::support::Database::Sqlite).await;
    let order = order(&world, "order-1").await;
    let event = order.seller.say(&order.room, "one").await;
    world.shop.entry(&order.id, &event).await;
    let shown = world.shop.transaction(&order.id).await;
    assert_eq!(mail_of(&shown)["state"], "off", "{shown}");
    assert_eq!(world.sql_text("SELECT id FROM mail_contacts").await, None);
}
