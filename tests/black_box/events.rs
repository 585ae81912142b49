//! The feed of events tells a shop everything that happens to its transactions: in one order, each once, and nothing
//! to anybody else.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use sqlx::Executor as _;

use crate::on_both_databases;
use crate::support::world::Deal;
use crate::support::{Database, Entered, Fault, Shop, When, World, contract, sample};

/// All types, as docs/integrating.md lists them.
const TYPES: [&str; 22] = [
    "transaction.created",
    "transaction.updated",
    "transaction.status_changed",
    "payment.added",
    "payment.taken_back",
    "note.created",
    "note.removed",
    "mail.held",
    "mail.undelivered",
    "entry.created",
    "entry.edited",
    "entry.redacted",
    "entry.erased",
    "file.stored",
    "party.joined",
    "party.left",
    "party.read",
    "party.opened_page",
    "room.ready",
    "room.problem",
    "room.healed",
    "head.signed",
];

/// A page of the feed.
async fn page(shop: &Shop, query: &str) -> Value {
    let (status, page) = shop.get(&format!("/api/v1/events{query}")).await;
    assert_eq!(status, 200, "{page}");
    page
}

/// All events of a shop, read in small pages.
async fn all(shop: &Shop) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), String::new());
    loop {
        let page = page(shop, &format!("?limit=7{after}")).await;
        events.extend(page["events"].as_array().unwrap().iter().cloned());
        after = format!("&after={}", page["next"].as_str().unwrap());
        if page["more"] == false {
            return events;
        }
    }
}

async fn latest(shop: &Shop) -> String {
    page(shop, "?after=latest").await["next"].as_str().unwrap().to_owned()
}

fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().map(|it| it["id"].as_str().unwrap()).collect()
}

fn of_type<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|it| it["type"] == kind).collect()
}

/// Fails if an event is there twice, or not in order.
fn assert_in_order(events: &[Value]) {
    let ids = ids(events);
    assert!(ids.is_sorted(), "{ids:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
}

/// Waits until the feed has an event of this type that is as wanted.
async fn awaited(world: &World, kind: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    world
        .eventually(&format!("an event {kind}"), || async {
            let events = all(&world.shop).await;
            of_type(&events, kind).into_iter().find(|it| is_wanted(it)).cloned()
        })
        .await
}

fn make_key(world: &World, name: &str) -> Shop {
    let arguments = ["key", "create", "--shop", "shop", "--name", name, "--scope", "events"];
    let (status, out, error) = world.run(&arguments);
    assert!(status.success(), "{error}");
    world.shop.with_key(out.trim_end())
}

/// A stream of events.
struct Stream {
    answer: Response,
    unread: Vec<u8>,
    events: VecDeque<(String, Value)>,
}

impl Stream {
    async fn open(shop: &Shop, query: &str, last: Option<&str>) -> Self {
        let request = shop.again().request(Method::GET, &format!("/api/v1/events{query}"));
        let request = request.header("accept", "text/event-stream");
        let request = match last {
            Some(last) => request.header("last-event-id", last),
            None => request,
        };
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { answer, unread: Vec::new(), events: VecDeque::new() }
    }

    /// The next event, or none at the end of the stream.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((id, event)) = self.events.pop_front() {
                assert_eq!(event["id"], id);
                return Some(event);
            }
            let piece = self.answer.chunk().await.ok().flatten()?;
            self.unread.extend_from_slice(&piece);
            while let Some(end) = self.unread.windows(2).position(|it| it == b"\n\n") {
                let rest = self.unread.split_off(end + 2);
                let text = String::from_utf8(std::mem::replace(&mut self.unread, rest)).unwrap();
                let of = |field: &str| {
                    text.lines().find_map(|it| it.strip_prefix(field)).map(str::to_owned)
                };
                if let (Some(id), Some(data)) = (of("id: "), of("data: ")) {
                    let event: Value = serde_json::from_str(&data).unwrap();
                    assert_eq!(of("event: ").as_deref(), event["type"].as_str());
                    contract::check_event(&event);
                    self.events.push_back((id, event));
                }
            }
        }
    }

    /// Reads up to the event with this id.
    async fn up_to(&mut self, id: &str) -> Vec<Value> {
        let mut read = Vec::new();
        while read.last().is_none_or(|it: &Value| it["id"] != id) {
            read.push(self.next().await.expect("more events"));
        }
        read
    }
}

async fn read_up_to(deal: &Deal, event: &str) {
    let receipt = format!("/rooms/{}/receipt/m.read/{event}", deal.room);
    assert_eq!(deal.buyer.call(Method::POST, &receipt, Some(json!({}))).await.0, 200);
}

on_both_databases! {
    async fn whoever_is_in_the_room_already_is_told_of_when_they_become_a_contact(database) {
        let keep = json!({ "removed_contacts": "keep" });
        let world = World::with().config("rooms", keep).start(database).await;
        let deal = world.deal().await;
        let clerk = &deal.seller;
        awaited(&world, "party.joined", |it| it["data"]["user_id"] == clerk.id).await;
        let contacts = format!("/api/v1/transactions/{}/seller/contacts", deal.id);
        let one = format!("{contacts}/{}", clerk.id);
        assert_eq!(Shop::answer(world.shop.request(Method::DELETE, &one)).await.0, 204);
        let of_clerk = |events: &[Value]| {
            let joined = of_type(events, "party.joined").into_iter().cloned();
            joined.filter(|it| it["data"]["user_id"] == clerk.id).collect::<Vec<_>>()
        };
        // As it is of somebody who was no contact when they came.
        world.sql(&format!("UPDATE members SET told_in = 0 WHERE user_id = '{}'", clerk.id)).await;
        for contact in [json!({ "matrix": clerk.id }), json!({ "email": "desk@acme.example" })] {
            let added = world.shop.request(Method::POST, &contacts).json(&contact);
            assert_eq!(Shop::answer(added).await.0, 201);
        }
        let told = of_clerk(&all(&world.shop).await);
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[1]["data"], told[0]["data"]);
        assert_eq!(told[1]["data"]["party"], "seller");
        let seq = told[1]["data"]["seq"].as_i64().unwrap();
        let entries = world.shop.entries(&deal.id).await;
        let entry = entries.iter().find(|it| it["seq"] == seq).unwrap();
        assert_eq!((&entry["kind"], &entry["sender"]), (&json!("membership"), &json!(clerk.id)));
        clerk.leave(&deal.room).await;
        awaited(&world, "party.left", |it| it["data"]["user_id"] == clerk.id).await;
    }

    async fn every_type_of_event_is_told_once_and_in_order(database) {
        let world = World::with().page().proxy().start(database).await;
        // A room that fails once, and heals.
        let failure = Fault::Answer(When::Before, 502, "<html>Bad gateway</html>");
        world.proxy().fault("POST", "createRoom", failure);
        let deal = world.deal().await;
        let healed = awaited(&world, "room.healed", |_| true).await;
        assert_eq!(healed["data"], json!({ "step": null }));
        let events = all(&world.shop).await;
        let problems = of_type(&events, "room.problem");
        assert_eq!(problems.len(), 1, "{events:?}");
        assert!(problems[0]["data"]["problem"].as_str().unwrap().contains("502"), "{problems:?}");
        assert_eq!(of_type(&events, "room.ready")[0]["data"], json!({ "room_id": deal.room }));

        let said = deal.buyer.say(&deal.room, "where is the oak?").await;
        world.shop.entry(&deal.id, &said).await;
        read_up_to(&deal, &said).await;
        read_up_to(&deal, &said).await;
        let edited = deal.buyer.edit(&deal.room, &said, "where is the elm?").await;
        let mxc = deal.seller.upload("note.txt", "text/plain", b"soon".to_vec()).await;
        let file = json!({ "msgtype": "m.file", "body": "note.txt", "url": mxc });
        let file = deal.seller.send(&deal.room, "m.room.message", file).await;
        let slip = deal.seller.say(&deal.room, "a slip of the pen").await;
        world.shop.entry(&deal.id, &slip).await;
        let redacted = deal.seller.redact(&deal.room, &slip).await;
        world.shop.entry(&deal.id, &redacted).await;
        let visitor = Entered::by(&world.shop.link(&deal.id, "buyer", None).await).await;
        for _ in 0..2 {
            assert_eq!(visitor.request(Method::GET, "").send().await.unwrap().status(), 200);
        }
        let payments = format!("/api/v1/transactions/{}/payments", deal.id);
        let payment = world.shop.request(Method::POST, &payments).json(&json!({ "amount": "200.00" }));
        let (status, payment) = Shop::answer(payment).await;
        assert_eq!(status, 201, "{payment}");
        let payment = payment["id"].as_str().unwrap();
        for _ in 0..2 {
            let taken = world.shop.request(Method::DELETE, &format!("{payments}/{payment}"));
            assert_eq!(taken.send().await.unwrap().status(), 204);
        }
        let notes = format!("/api/v1/transactions/{}/notes", deal.id);
        let note = world.shop.request(Method::POST, &notes).json(&json!({ "text": "by telephone" }));
        let (status, note) = Shop::answer(note).await;
        assert_eq!(status, 201, "{note}");
        for _ in 0..2 {
            let path = format!("{notes}/{}", note["id"].as_str().unwrap());
            let removed = world.shop.request(Method::DELETE, &path);
            assert_eq!(removed.send().await.unwrap().status(), 204);
        }
        assert_eq!(world.shop.patch(&deal.id, &json!({ "status": "paid" })).await.0, 200);
        assert_eq!(world.shop.patch(&deal.id, &json!({ "status": "paid" })).await.0, 200);
        awaited(&world, "file.stored", |_| true).await;
        // The edit of the summary is the last message that a new status brings.
        awaited(&world, "entry.edited", |it| {
            it["data"]["entry"]["text"].as_str().is_some_and(|text| text.contains("Paid"))
        }).await;
        deal.buyer.leave(&deal.room).await;
        awaited(&world, "party.left", |_| true).await;
        world.sql("UPDATE transactions SET sign_due_at = 1").await;
        awaited(&world, "head.signed", |_| true).await;

        let events = all(&world.shop).await;
        assert_in_order(&events);
        let told: BTreeSet<_> = events.iter().map(|it| it["type"].as_str().unwrap()).collect();
        // Those about mails are told in `mail_in`.
        assert_eq!(told, TYPES.into_iter().filter(|it| !it.starts_with("mail.")).collect());
        for event in &events {
            assert_eq!(event["transaction"], json!({ "id": deal.id, "external_id": "order-1" }));
            assert!(event["timestamp"].as_str().unwrap().ends_with('Z'), "{event}");
        }
        assert_eq!(events[0]["type"], "transaction.created");
        assert_eq!(events[0]["data"]["status"], "awaiting_payment");
        for kind in ["payment.added", "payment.taken_back"] {
            let of_kind = of_type(&events, kind);
            assert_eq!(of_kind.len(), 1, "{of_kind:?}");
            let told = &of_kind[0]["data"]["payment"];
            assert_eq!((&told["id"], &told["amount"]), (&json!(payment), &json!("200.00")), "{told}");
        }
        for kind in ["note.created", "note.removed"] {
            let of_kind: Vec<_> = of_type(&events, kind).iter().map(|it| &it["data"]).collect();
            assert_eq!(of_kind, [&json!({ "note": note["id"], "party": "seller" })]);
        }
        let changed = json!({ "revision": 2, "status": "paid", "previous_status": "awaiting_payment" });
        for kind in ["transaction.updated", "transaction.status_changed"] {
            let of_kind = of_type(&events, kind);
            assert_eq!(of_kind.len(), 1, "{of_kind:?}");
            assert_eq!(of_kind[0]["data"], changed);
        }
        // Each entry that is no state event has one event, with the entry as the record has it now.
        let entries = world.shop.entries(&deal.id).await;
        let written: Vec<_> = entries.iter()
            .filter(|it| !["state", "membership"].contains(&it["kind"].as_str().unwrap())).collect();
        let of_entries: Vec<_> = events.iter().filter(|it| {
            ["entry.created", "entry.edited", "entry.redacted"].contains(&it["type"].as_str().unwrap())
        }).collect();
        assert_eq!(of_entries.len(), written.len());
        for (event, entry) in of_entries.iter().zip(written) {
            assert_eq!(&event["data"]["entry"], entry);
        }
        let about = |kind: &str| of_type(&events, kind)[0]["data"]["entry"]["event_id"].clone();
        assert_eq!((about("entry.edited"), about("entry.redacted")), (json!(edited), json!(redacted)));
        assert_eq!(about("entry.erased"), slip);
        assert_eq!(of_type(&events, "entry.erased").len(), 1);
        assert!(!events.iter().any(|it| it.to_string().contains("a slip of the pen")));
        // Files and people.
        let stored = of_type(&events, "file.stored");
        assert_eq!(stored.len(), 1);
        let naming = entries.iter().find(|it| it["event_id"] == file).unwrap();
        assert_eq!(stored[0]["data"]["seq"], naming["seq"]);
        let (status, _) = world.shop.get(stored[0]["data"]["href"].as_str().unwrap()).await;
        assert_eq!(status, 200);
        let joined = of_type(&events, "party.joined");
        let joined: BTreeSet<_> = joined.iter().map(|it| it["data"]["user_id"].as_str().unwrap()).collect();
        assert!(joined.contains(&*deal.buyer.id) && joined.contains(&*deal.seller.id), "{joined:?}");
        let left = of_type(&events, "party.left");
        assert_eq!(left.len(), 1);
        assert_eq!((&left[0]["data"]["party"], &left[0]["data"]["user_id"]), (&json!("buyer"), &json!(deal.buyer.id)));
        let read: Vec<_> = of_type(&events, "party.read").into_iter()
            .filter(|it| it["data"]["event_id"] == said).collect();
        assert_eq!(read.len(), 1, "the same receipt again tells nothing");
        assert_eq!(read[0]["data"]["user_id"], deal.buyer.id);
        assert!(read[0]["data"]["seq"].is_i64(), "{}", read[0]);
        let opened = of_type(&events, "party.opened_page");
        assert_eq!(opened.len(), 1, "once for each session");
        assert_eq!((&opened[0]["data"]["party"], &opened[0]["data"]["way"]), (&json!("buyer"), &json!("link")));
        // A shop sees nothing of another one.
        assert_eq!(all(&world.other_shop).await, [] as [Value; 0]);
        let of_other = format!("/api/v1/events?transaction={}", deal.id);
        assert_eq!(world.other_shop.get(&of_other).await.0, 404);

        // Entries that are derived again tell nothing.
        let before = latest(&world.shop).await;
        let (status, _, error) = world.run(&["rederive"]);
        assert!(status.success(), "{error}");
        assert_eq!(page(&world.shop, &format!("?after={before}")).await["events"], json!([]));
    }

    async fn a_call_waits_for_the_next_event_and_filters_name_what_is_known(database) {
        let world = World::with().start(database).await;
        let deal = world.deal().await;
        let follower = make_key(&world, "follower");
        let cursor = latest(&follower).await;
        let waiting = tokio::spawn({
            let (follower, path) = (follower.again(), format!("?after={cursor}&types=entry.created&wait=50"));
            async move { page(&follower, &path).await }
        });
        let said = deal.buyer.say(&deal.room, "anybody there?").await;
        let told = waiting.await.unwrap();
        assert_eq!(told["events"][0]["data"]["entry"]["event_id"], said, "{told}");
        assert_eq!(told["events"][0]["data"]["entry"]["text"], "anybody there?");
        // The answer goes on where it ended, and no wait gives an empty page.
        let rest = page(&follower, &format!("?after={}&types=head.signed", told["next"].as_str().unwrap())).await;
        assert_eq!((&rest["events"], &rest["more"]), (&json!([]), &json!(false)));
        let empty = page(&follower, &format!("?after={}&wait=1&types=head.signed", rest["next"].as_str().unwrap())).await;
        assert_eq!(empty["events"], json!([]));

        let refused = async |query: &str| {
            let (status, problem) = follower.get(&format!("/api/v1/events{query}")).await;
            assert_eq!(status, 400, "{query}: {problem}");
            problem
        };
        let problem = refused("?types=entry.created,entry.sung").await;
        assert_eq!((&problem["parameter"], &problem["known"]), (&json!("types"), &json!(TYPES)));
        for (query, parameter) in [
            ("?after=7", "after"), ("?wait=51", "wait"), ("?limit=0", "limit"), ("?transaction=x", "transaction"),
            ("?kinds=x", "kinds"),
        ] {
            assert_eq!(refused(query).await["parameter"], parameter, "{query}");
        }
        let (status, problem) = world.shop.get("/api/v1/events?after=evt_00000000zzzzz").await;
        assert_eq!((status, &problem["type"]), (410, &json!("urn:tallyroom:problem:cursor-ahead")));

        // What is too old is deleted, and who has not read it is told how to go on.
        let oldest = all(&world.shop).await[0]["id"].as_str().unwrap().to_owned();
        world.sql("UPDATE events SET at = 1").await;
        let mut world = world;
        world.kill_tallyroom();
        world.start_tallyroom().await;
        let expired = world.eventually("an expired cursor", || async {
            let (status, problem) = world.shop.get(&format!("/api/v1/events?after={oldest}")).await;
            (status == 410).then_some(problem)
        }).await;
        assert_eq!(expired["type"], "urn:tallyroom:problem:cursor-expired", "{expired}");
        let said = deal.buyer.say(&deal.room, "after the deletion").await;
        world.shop.entry(&deal.id, &said).await;
        for cursor in ["oldest", "latest"] {
            let after = expired[cursor].as_str().unwrap();
            let page = page(&world.shop, &format!("?after={after}&types=entry.created")).await;
            let entries = page["events"].as_array().unwrap();
            assert_eq!(entries.last().unwrap()["data"]["entry"]["event_id"], said, "{cursor}: {page}");
        }
    }

    async fn a_stream_goes_on_after_a_kill_where_it_ended(database) {
        let mut world = World::with().start(database).await;
        let deal = world.deal().await;
        let mut stream = Stream::open(&world.shop, "", None).await;
        let mut read = Vec::new();
        for round in 0..3 {
            let said = deal.buyer.say(&deal.room, &format!("line {round}")).await;
            world.shop.entry(&deal.id, &said).await;
            while read.last().is_none_or(|it: &Value| it["data"]["entry"]["event_id"] != said) {
                read.push(stream.next().await.expect("more events"));
            }
            deal.seller.say(&deal.room, &format!("answer {round}")).await;
            world.kill_tallyroom();
            // What was on its way is read, too.
            while let Some(event) = stream.next().await {
                read.push(event);
            }
            deal.seller.say(&deal.room, &format!("in the dark {round}")).await;
            world.start_tallyroom().await;
            let last = read.last().unwrap()["id"].as_str().unwrap().to_owned();
            stream = Stream::open(&world.shop, "", Some(&last)).await;
        }
        let said = deal.buyer.say(&deal.room, "the end").await;
        world.shop.entry(&deal.id, &said).await;
        let end = awaited(&world, "entry.created", |it| it["data"]["entry"]["event_id"] == said).await;
        read.extend(stream.up_to(end["id"].as_str().unwrap()).await);
        let listed = all(&world.shop).await;
        let upto = ids(&listed).iter().position(|it| *it == end["id"]).unwrap();
        assert_eq!(ids(&read), ids(&listed)[..=upto]);
        // At a stop, streams end and calls that wait are answered, at once.
        let waiting = tokio::spawn({
            let (shop, after) = (world.shop.again(), latest(&world.shop).await);
            async move { page(&shop, &format!("?after={after}&wait=50&types=party.left")).await }
        });
        let (status, took) = world.terminate_tallyroom().await;
        assert!(status.success() && took < Duration::from_secs(20), "{took:?}");
        while stream.next().await.is_some() {}
        drop(waiting.await);
    }

    async fn a_revoked_key_ends_its_streams_and_the_places_of_a_key_are_bounded(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let follower = make_key(&world, "follower");
        let mut streams = Vec::new();
        for _ in 0..16 {
            streams.push(Stream::open(&follower, "?after=latest", None).await);
        }
        let (status, problem) = follower.get("/api/v1/events?wait=1").await;
        assert_eq!((status, &problem["type"]), (429, &json!("urn:tallyroom:problem:too-many")), "{problem}");
        // A call that does not wait needs no place.
        assert_eq!(follower.get("/api/v1/events").await.0, 200);
        drop(streams.split_off(1));
        let arguments = ["key", "revoke", "--shop", "shop", "--name", "follower"];
        assert!(world.run(&arguments).0.success());
        deal.buyer.say(&deal.room, "not for a revoked key").await;
        let mut stream = streams.pop().unwrap();
        while let Some(event) = stream.next().await {
            assert!(!event.to_string().contains("not for a revoked key"), "{event}");
        }
        let stream = world.shop.request(Method::GET, "/api/v1/events").header("accept", "text/event-stream");
        let head = stream.try_clone().unwrap().header("last-event-id", "evt_00000000zzzzz").send().await.unwrap();
        assert_eq!(head.status(), 410);
    }
}

/// A tx takes the id of an event and stays open, and a later event is committed meanwhile. Nobody passes the first one.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_passes_an_event_that_is_not_committed_yet() {
    let world = World::with()
        .page()
        .config("rooms", json!({ "create": "on_first_message" }))
        .start(Database::Postgres)
        .await;
    let order = async |number: usize| {
        let order = sample(&format!("order-{number}"), "@a:nowhere.test", "@b:nowhere.test");
        world.shop.create(&order).await
    };
    let of = order(1).await;
    let before = latest(&world.shop).await;
    let mut other = world.database().await;
    let insert = format!(
        "INSERT INTO events (shop, transaction_id, kind, detail, at) \
         VALUES ('shop', '{of}', 'room.ready', '{{\"room_id\":null}}', 1)"
    );
    other.execute("BEGIN").await.unwrap();
    other.execute(sqlx::AssertSqlSafe(insert)).await.unwrap();
    order(2).await;
    // A process that knows an end answers up to there.
    let read = page(&world.shop, &format!("?after={before}")).await;
    assert_eq!((&read["events"], &read["next"]), (&json!([]), &json!(before)));
    assert_eq!(latest(&world.shop).await, before);
    // One that knows none does not answer that there is nothing.
    let another = world.start_another().await;
    let webhook = another.shop.request(Method::POST, "/api/v1/webhooks");
    let webhook = webhook.json(&json!({ "url": "https://shop.example.org/" }));
    let read = |query: &str| another.shop.request(Method::GET, &format!("/api/v1/events?{query}"));
    let calls = [read("after=latest"), read(&format!("after={before}")), read(""), webhook];
    for answer in futures_util::future::join_all(calls.map(|it| it.send())).await {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
    }
    other.execute("COMMIT").await.unwrap();
    for shop in [&world.shop, &another.shop] {
        let read = page(shop, &format!("?after={before}")).await;
        let kinds: Vec<_> =
            read["events"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
        assert_eq!(kinds, ["room.ready", "transaction.created"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_while_two_processes_write_misses_nothing() {
    const WRITERS: usize = 6;
    const EACH: usize = 8;
    let world = World::with().processes(2).start(Database::Postgres).await;
    let people = (world.person("buyer").await, world.person("seller").await);
    let mut streams = Vec::new();
    for process in 0..2 {
        streams.push(Stream::open(world.api_of(process), "", None).await);
    }
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let shop = world.api_of(writer % 2).again();
        let people = (people.0.id.clone(), people.1.id.clone());
        writers.push(tokio::spawn(async move {
            for number in 0..EACH {
                let order = sample(&format!("{writer}-{number}"), &people.0, &people.1);
                let id = shop.create(&order).await;
                assert_eq!(shop.patch(&id, &json!({ "status": "paid" })).await.0, 200);
            }
        }));
    }
    // One who asks for page after page meanwhile, at the other process each time.
    let (mut read, mut after, mut turn) = (Vec::new(), "evt_0000000000000".to_owned(), 0);
    loop {
        let is_written = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let page = page(world.api_of(turn % 2), &format!("?after={after}&limit=5")).await;
        read.extend(page["events"].as_array().unwrap().iter().cloned());
        after = page["next"].as_str().unwrap().to_owned();
        turn += 1;
        if is_written && page["more"] == false {
            break;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_in_order(&read);
    for kind in ["transaction.created", "transaction.updated", "transaction.status_changed"] {
        assert_eq!(of_type(&read, kind).len(), WRITERS * EACH, "{kind}");
    }
    let last = read.last().unwrap()["id"].as_str().unwrap().to_owned();
    for stream in &mut streams {
        assert_eq!(ids(&stream.up_to(&last).await), ids(&read));
    }
}
