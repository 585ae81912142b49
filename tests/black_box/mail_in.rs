//! Answers by e-mail: from a real Postfix by LMTP, and by `tallyroom mail-in`.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tallyroom::link::token::{Purpose, TokenKey};
use tallyroom::mail::address::reply_address;
use tallyroom::seal::SigningKey;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::on_both_databases;
use crate::support::mailbox::Mailbox;
use crate::support::postfix::Postfix;
use crate::support::{Person, Shop, World, free_port, sample};

const PNG: &[u8] = include_bytes!("../../assets/invoice.png");
const JO: &str = "jo@buyer.test";
const REPLIES: &str = "replies@mail.shop.test";

/// A transaction with a contact of the buyer who has an e-mail address only.
struct Correspondence {
    id: String,
    room: String,
    seller: Person,
    /// To which Jo answers.
    address: String,
    key: TokenKey,
}

/// A transaction whose buyer is reached by e-mail only; the seller is in its room.
async fn deal(world: &World) -> (String, String, Person) {
    let seller = world.person("seller").await;
    let mut body = sample("order-1", &seller.id, &seller.id);
    body["buyer"]["contacts"] = json!([{ "name": "Jo Berger", "email": JO }]);
    let id = world.shop.create(&body).await;
    let room = world.shop.room(&id).await;
    seller.join(&room).await;
    (id, room, seller)
}

fn signing_key(world: &World) -> SigningKey {
    let bot = world.bot().try_into().unwrap();
    SigningKey::load_or_make(&world.folder.path().join("signing.key"), bot).unwrap()
}

/// As if a mail had been sent to Jo.
async fn correspondence(world: &World) -> Correspondence {
    let (id, room, seller) = deal(world).await;
    let contact = ulid::Ulid::new();
    let insert = format!(
        "INSERT INTO mail_contacts (id, transaction_id, party, contact, address) \
         VALUES ('{contact}', '{id}', 'buyer', '{JO}', '{JO}')"
    );
    world.sql(&insert).await;
    let replies = REPLIES.to_owned().try_into().unwrap();
    let key = TokenKey::from(&signing_key(world));
    let address = reply_address(&key, contact, &replies);
    Correspondence { id, room, seller, address, key }
}

impl Correspondence {
    /// How often each of these texts, or files of these names, is in the room.
    async fn times(&self, texts: &[&str]) -> Vec<usize> {
        let history = self.seller.history(&self.room).await;
        let bodies: Vec<&str> =
            history.iter().filter_map(|event| event["content"]["body"].as_str()).collect();
        texts.iter().map(|text| bodies.iter().filter(|it| *it == text).count()).collect()
    }

    /// Waits until a text is in the record; its entry.
    async fn said(&self, world: &World, text: &str) -> Value {
        world
            .eventually(text, || async {
                let mut entries = world.shop.entries(&self.id).await.into_iter();
                entries
                    .find(|entry| entry["text"] == text || entry["attachments"][0]["name"] == text)
            })
            .await
    }

    async fn held(&self, shop: &Shop) -> Value {
        let (status, held) =
            shop.get(&format!("/api/v1/transactions/{}/held-mails", self.id)).await;
        assert_eq!(status, 200, "{held}");
        held
    }

    /// What the shop is told by events of this type.
    async fn told(&self, shop: &Shop, kind: &str) -> Vec<Value> {
        let path = format!("/api/v1/events?limit=1000&types={kind}");
        let (status, page) = shop.get(&path).await;
        assert_eq!(status, 200, "{page}");
        page["events"].as_array().unwrap().iter().map(|it| it["data"].clone()).collect()
    }

    async fn decide(&self, shop: &Shop, mail: &Value, decision: &str) -> (u16, Value) {
        let mail = mail["id"].as_str().unwrap();
        let path = format!("/api/v1/transactions/{}/held-mails/{mail}/{decision}", self.id);
        Shop::answer(shop.request(Method::POST, &path)).await
    }

    /// Waits until so many mails are noted in this state.
    async fn noted(&self, world: &World, state: &str, count: usize) {
        let select = format!(
            "SELECT CAST(COUNT(*) AS TEXT) FROM arrived_mails \
             WHERE transaction_id = '{}' AND state = '{state}'",
            self.id
        );
        world
            .eventually(&format!("{count} mails that are {state}"), || async {
                (world.sql_text(&select).await? == count.to_string()).then_some(())
            })
            .await;
    }
}

/// A mail with words, and a quote below them.
fn mail(from: &str, number: u32, more_header: &str, words: &str) -> String {
    format!(
        "From: Somebody <{from}>\r\nTo: {REPLIES}\r\nSubject: Re: Invoice\r\n\
         Message-ID: <{number}@buyer.test>\r\nDate: Mon, 30 Nov 2026 10:00:00 +0100\r\n{more_header}\r\n\
         {words}\r\n\r\nOn Mon, 30 Nov 2026 at 09:15, Acme <{REPLIES}> wrote:\r\n> Is all well?\r\n"
    )
}

/// What a mail server says that could not deliver a mail of ours to Jo.
fn report(number: u32, status: &str) -> String {
    format!(
        "From: Mail server <postmaster@buyer.test>\r\nMessage-ID: <{number}@buyer.test>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\n\r\nIt failed.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.buyer.test\r\n\r\n\
         Final-Recipient: rfc822; {JO}\r\nAction: failed\r\nStatus: {status}\r\n\r\n--b--\r\n"
    )
}

fn mail_with_file(number: u32, words: &str) -> String {
    let encoded = BASE64_STANDARD.encode(PNG);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(76).map(|it| std::str::from_utf8(it).unwrap()).collect();
    let header = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
        Content-Type: text/plain; charset=utf-8\r\n";
    let text = mail(JO, number, header, words);
    format!(
        "{text}\r\n--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; \
         filename=signed.png\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        lines.join("\r\n")
    )
}

/// Hands a mail in at a mail server.
async fn hand_in(port: u16, from: &str, to: &str, mail: &str) {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    let stuffed = mail.replace("\r\n.", "\r\n..");
    for command in [
        String::new(),
        "EHLO client.test\r\n".to_owned(),
        format!("MAIL FROM:<{from}>\r\n"),
        format!("RCPT TO:<{to}>\r\n"),
        "DATA\r\n".to_owned(),
        format!("{stuffed}\r\n.\r\n"),
        "QUIT\r\n".to_owned(),
    ] {
        stream.write_all(command.as_bytes()).await.unwrap();
        let mut line = String::new();
        while line.as_bytes().get(3) != Some(&b' ') {
            line.clear();
            assert_ne!(stream.read_line(&mut line).await.unwrap(), 0, "{command}");
        }
        assert!(line.starts_with(['2', '3']), "{command}: {line}");
    }
}

/// Stands between a mail server and the service, and loses the first answers that a mail was taken in.
struct Relay {
    port: u16,
    lost: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Relay {
    async fn start(to: u16, losses: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lost = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&lost);
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, to, Arc::clone(&counted), losses));
            }
        });
        Self { port, lost, serving }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Ends the connection in the place of an answer that is lost.
async fn relay(client: TcpStream, to: u16, lost: Arc<AtomicUsize>, losses: usize) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let there = async {
        let mut bytes = vec![0; 8192];
        while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
            if to_server.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
    };
    let back = async {
        let mut lines = BufReader::new(from_server);
        let mut line = String::new();
        while let Ok(1..) = lines.read_line(&mut line).await {
            let is_lost = line.starts_with("250 2.0.0 It is said")
                && lost
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |it| {
                        (it < losses).then_some(it + 1)
                    })
                    .is_ok();
            if is_lost || to_client.write_all(line.as_bytes()).await.is_err() {
                break;
            }
            line.clear();
        }
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}

on_both_databases! {
    async fn a_mail_of_ours_is_answered_to_the_address_that_it_names(database) {
        let port = free_port();
        let mailbox = Mailbox::start().await;
        let postfix =
            Postfix::with().route("mail.shop.test", port).others(mailbox.port).start().await;
        let config = json!({
            "smtp": postfix.url(), "from": "invoices@shop.test", "unread_minutes": 60,
            "replies": REPLIES, "listen": format!("127.0.0.1:{port}"),
        });
        let world = World::with().page().config("mail", config).start(database).await;
        let (id, room, seller) = deal(&world).await;
        seller.say(&room, "When shall we deliver?").await;
        let due = format!(
            "UPDATE mail_contacts SET due_at = 1 WHERE transaction_id = '{id}' AND due_at IS NOT NULL"
        );
        world.eventually("a due contact", || async { (world.sql(&due).await > 0).then_some(()) }).await;
        let ours = world
            .eventually("a mail of ours", || async { mailbox.taken().into_iter().next() })
            .await;
        let address = ours.header("Reply-To");
        let address = address.split(['<', '>']).nth(1).unwrap_or(&address).to_owned();
        let key = TokenKey::from(&signing_key(&world));
        let with = Correspondence { id, room, seller, address, key };
        let header = format!("In-Reply-To: {}\r\n", ours.header("Message-ID"));
        hand_in(postfix.port, JO, &with.address, &mail(JO, 1, &header, "On Friday.")).await;
        let said = with.said(&world, "On Friday.").await;
        assert_eq!((&said["party"], &said["display_name"]), (&json!("buyer"), &json!("Jo Berger")));
        let answered = format!("SELECT answered FROM mail_contacts WHERE transaction_id = '{}'", with.id);
        assert_eq!(world.sql_text(&answered).await.as_deref(), Some("<1@buyer.test>"));
    }

    async fn an_answer_by_mail_is_said_once_whatever_is_lost(database) {
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let config = json!({ "replies": REPLIES, "listen": listen });
        let mut world = World::with().page().config("mail", config).start(database).await;
        let relay = Relay::start(port, 1).await;
        let postfix = Postfix::with().route("mail.shop.test", relay.port).start().await;
        let with = correspondence(&world).await;
        let to = with.address.as_str();

        // The service takes it in, the answer is lost, and the service is killed.
        let token = with.key.sign(Purpose::Link, &[ulid::Ulid::new()]);
        let link = world.page(&format!("/l/{token}"));
        let words = format!("The order is signed. See {link}");
        hand_in(postfix.port, JO, to, &mail_with_file(1, &words)).await;
        world
            .eventually("a lost answer", || async {
                (relay.lost.load(Ordering::SeqCst) == 1).then_some(())
            })
            .await;
        world.kill_tallyroom();
        world.start_tallyroom().await;
        let words = format!("The order is signed. See {}", world.page("/l/…"));
        let said = with.said(&world, &words).await;
        assert_eq!((&said["party"], &said["display_name"]), (&json!("buyer"), &json!("Jo Berger")));
        with.said(&world, "signed.png").await;
        world.eventually("an empty queue", || async { (postfix.queued() == 0).then_some(()) }).await;
        // What is said later comes later, so nothing came twice.
        hand_in(postfix.port, JO, to, &mail(JO, 2, "", "That is all.")).await;
        with.said(&world, "That is all.").await;
        assert_eq!(with.times(&[&words, "signed.png", "That is all."]).await, [1, 1, 1]);
        assert!(!world.log().contains("order is signed"), "words are in the log");
    }

    async fn what_may_not_be_by_the_contact_is_held_back_or_never_said(database) {
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let config = json!({ "replies": REPLIES, "listen": listen });
        let world = World::with().page().config("mail", config).start(database).await;
        let postfix = Postfix::with().route("mail.shop.test", port).start().await;
        let with = correspondence(&world).await;
        let (to, shop) = (with.address.as_str(), &world.shop);

        // Somebody else has the address.
        let other = "clerk@buyer.test";
        hand_in(postfix.port, other, to, &mail(other, 1, "", "For Jo: yes.")).await;
        hand_in(postfix.port, other, to, &mail(other, 2, "", "Buy my watches.")).await;
        with.noted(&world, "held", 2).await;
        let held = with.held(shop).await;
        let of = |text: &str| {
            let mails = held["mails"].as_array().unwrap();
            mails.iter().find(|it| it["text"] == text).unwrap_or_else(|| panic!("{held}")).clone()
        };
        let (yes, watches) = (of("For Jo: yes."), of("Buy my watches."));
        assert_eq!((&yes["from"], &yes["reason"]), (&json!(other), &json!("other_address")));
        let (_, out, _) = world.run(&["problems"]);
        assert!(out.contains("mail held"), "{out}");
        let told = with.told(shop, "mail.held").await;
        let ids: Vec<_> = told.iter().map(|it| &it["mail"]).collect();
        assert!(ids.len() == 2 && ids.contains(&&yes["id"]) && ids.contains(&&watches["id"]), "{told:?}");
        assert_eq!((&told[0]["party"], &told[0]["reason"]), (&json!("buyer"), &json!("other_address")));
        assert_eq!(with.decide(&world.other_shop, &yes, "release").await.0, 404);
        for _ in 0..2 {
            let (status, released) = with.decide(shop, &yes, "release").await;
            assert_eq!((status, &released["state"]), (200, &json!("said")), "{released}");
            let (status, discarded) = with.decide(shop, &watches, "discard").await;
            assert_eq!((status, &discarded["state"]), (200, &json!("discarded")), "{discarded}");
        }
        let yes = "✉ clerk@buyer.test:\nFor Jo: yes.";
        assert_eq!(with.said(&world, yes).await["display_name"], "Jo Berger");
        assert_eq!(with.held(shop).await["mails"], json!([]));

        // A program answers.
        let away = mail(JO, 3, "Auto-Submitted: auto-replied\r\n", "I am away.");
        hand_in(postfix.port, JO, to, &away).await;
        hand_in(postfix.port, "", to, &mail(JO, 4, "", "I am away, too.")).await;
        with.noted(&world, "automatic", 2).await;

        // Nobody has this address. Postfix tells the sender of a mail so, which here is Jo's address at our side.
        let nobody = to.replace('+', "+0");
        hand_in(postfix.port, to, &nobody, &mail(REPLIES, 5, "", "Hello")).await;
        with.noted(&world, "bounce", 1).await;
        let undelivered = with.held(shop).await["undelivered"][0].clone();
        assert_eq!((&undelivered["to"], &undelivered["status"]), (&json!(JO), &json!("5.1.1")));
        let told = json!({ "mail": undelivered["id"], "party": "buyer", "status": "5.1.1" });
        assert_eq!(with.told(shop, "mail.undelivered").await, [told]);
        // That was about another address. Only what is about Jo's ends the mails to her.
        let silenced = "SELECT CAST(COUNT(*) AS TEXT) FROM silenced_addresses";
        assert_eq!(world.sql_text(silenced).await.as_deref(), Some("0"));
        for (number, status, bounces, expected) in [(6, "5.7.1", 2, "0"), (7, "5.1.1", 3, "1")] {
            hand_in(postfix.port, "", to, &report(number, status)).await;
            with.noted(&world, "bounce", bounces).await;
            assert_eq!(world.sql_text(silenced).await.as_deref(), Some(expected), "{status}");
        }

        // A list may have sent it.
        let listed = mail(JO, 8, "List-Id: <all.buyer.test>\r\n", "By the list.");
        hand_in(postfix.port, JO, to, &listed).await;
        with.noted(&world, "held", 1).await;
        let listed = with.held(shop).await["mails"][0].clone();
        assert_eq!((&listed["text"], &listed["reason"]), (&json!("By the list."), &json!("perhaps_program")));
        assert_eq!(with.decide(shop, &listed, "release").await.0, 200);
        with.said(&world, "By the list.").await;

        // So many in an hour are no conversation.
        for number in 0..25 {
            let words = format!("Ping {number}");
            hand_in(postfix.port, JO, to, &mail(JO, 100 + number, "", &words)).await;
        }
        with.noted(&world, "held", 7).await;
        assert_eq!(with.held(shop).await["mails"][0]["reason"], "too_many");
        let texts = [yes, "Buy my watches.", "I am away.", "I am away, too.", "Hello"];
        assert_eq!(with.times(&texts).await, [1, 0, 0, 0, 0]);

        // A closed conversation takes no answers.
        let (status, answer) = shop.patch(&with.id, &json!({ "status": "completed" })).await;
        assert_eq!(status, 200, "{answer}");
        hand_in(postfix.port, JO, to, &mail(JO, 200, "", "Too late")).await;
        world
            .eventually("a refusal", || async {
                postfix.log().contains("This conversation is closed").then_some(())
            })
            .await;
        let last = with.held(shop).await["mails"][0].clone();
        let (status, answer) = with.decide(shop, &last, "release").await;
        assert_eq!((status, &answer["type"]), (409, &json!("urn:tallyroom:problem:closed")), "{answer}");

        // Who is forgotten has no words waiting either.
        let guest = with.said(&world, yes).await["sender"].as_str().unwrap().to_owned();
        let (status, _, error) = world.run(&["forget", &guest]);
        assert!(status.success(), "{error}");
        assert_eq!(with.held(shop).await["mails"], json!([]));
        for left in ["held_parts", "arrived_mails WHERE sender IS NOT NULL"] {
            let count = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {left}");
            assert_eq!(world.sql_text(&count).await.as_deref(), Some("0"), "{left}");
        }
    }

    async fn mail_in_takes_in_a_mail_once_and_says_by_its_exit_code_what_to_do(database) {
        let config = json!({ "replies": REPLIES });
        let mut world = World::with().page().config("mail", config).start(database).await;
        let with = correspondence(&world).await;
        let run = |world: &World, sender: &str, to: &str, mail: &str| -> (Option<i32>, String) {
            let mut child = Command::new(env!("CARGO_BIN_EXE_tallyroom"))
                .env_clear()
                .args(["mail-in", "--config", world.config_file().to_str().unwrap()])
                .args(["--sender", sender, "--", to])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let to = with.address.as_str();
        let yes = mail(JO, 1, "", "Yes, please.");
        for _ in 0..2 {
            assert_eq!(run(&world, JO, to, &yes), (Some(0), String::new()));
        }
        with.said(&world, "Yes, please.").await;
        assert_eq!(run(&world, "MAILER-DAEMON", to, &mail(JO, 2, "", "Away")).0, Some(0));
        assert_eq!(run(&world, JO, REPLIES, &yes).0, Some(67));
        let (code, why) = run(&world, JO, to, "");
        assert_eq!(code, Some(65), "{why}");
        assert!(why.starts_with("5.6.0 "), "{why}");
        // Without the database, it is to be delivered again.
        world.kill_tallyroom();
        let file = world.config_file();
        let good = std::fs::read_to_string(&file).unwrap();
        let mut broken: Value = serde_json::from_str(&good).unwrap();
        broken["database"]["url"] = json!("postgres://nobody@127.0.0.1:1/nothing");
        std::fs::write(&file, broken.to_string()).unwrap();
        let (code, why) = run(&world, JO, to, &mail(JO, 3, "", "Later"));
        assert_eq!(code, Some(75));
        assert!(why.contains("the database postgres://") && why.contains("127.0.0.1"), "{why}");
        std::fs::write(&file, good).unwrap();
        // Without the signing key, too: it makes none.
        let key = world.folder.path().join("signing.key");
        let moved = key.with_extension("moved");
        std::fs::rename(&key, &moved).unwrap();
        let (code, why) = run(&world, JO, to, &mail(JO, 3, "", "Later"));
        assert_eq!(code, Some(75));
        assert!(why.contains("there is no signing key") && !key.exists(), "{why}");
        std::fs::rename(&moved, &key).unwrap();
        assert_eq!(run(&world, JO, to, &mail(JO, 3, "", "Later")).0, Some(0));
        world.start_tallyroom().await;
        with.said(&world, "Later").await;

        // Postfix runs it, as the user to whom the folder belongs.
        let given = Command::new("chown").arg("-R").arg("nobody").arg(world.folder.path()).status();
        assert!(given.unwrap().success());
        let command = format!(
            "{} mail-in --config {} --sender ${{sender}} -- ${{recipient}}",
            env!("CARGO_BIN_EXE_tallyroom"),
            file.display()
        );
        let postfix = Postfix::with().pipe("mail.shop.test", &command).start().await;
        hand_in(postfix.port, "", to, &mail(JO, 4, "", "Away, too")).await;
        with.noted(&world, "automatic", 2).await;
        hand_in(postfix.port, JO, to, &mail(JO, 5, "", "By Postfix")).await;
        with.said(&world, "By Postfix").await;
        hand_in(postfix.port, JO, &to.replace('+', "+0"), &mail(JO, 6, "", "Nobody")).await;
        world
            .eventually("a refusal", || async {
                postfix.log().contains("bounced (Nobody has this address").then_some(())
            })
            .await;
        assert_eq!(with.times(&["Yes, please.", "Away", "Later", "By Postfix"]).await, [1, 0, 1, 1]);
    }
}
