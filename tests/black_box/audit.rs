//! The audit log says who read, exported, linked and erased what, and from where.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};

use crate::on_both_databases;
use crate::support::{Database, Shop, World, sample};

/// The number of programs of one shop that call at once: more than there are connections.
const CROWD: usize = 60;

/// The lines of the shop's log, as the API shows them.
async fn log(shop: &Shop, query: &str) -> Vec<Value> {
    let (status, answer) = shop.get(&format!("/api/v1/audit{query}")).await;
    assert_eq!(status, 200, "{answer}");
    answer["lines"].as_array().unwrap().clone()
}

/// The lines that a command shows.
fn shown(world: &World, arguments: &[&str]) -> Vec<Value> {
    let (status, out, error) = world.run(&[&["audit", "--json"], arguments].concat());
    assert!(status.success(), "{error}");
    let answer: Value = serde_json::from_str(&out).unwrap();
    answer["lines"].as_array().unwrap().clone()
}

/// The actions of the lines of one actor.
fn actions<'a>(lines: &'a [Value], actor: &str) -> Vec<&'a str> {
    let own = lines.iter().filter(|it| it["actor"] == actor);
    own.map(|it| it["action"].as_str().unwrap()).collect()
}

fn make_key(world: &World, name: &str, scopes: &str) -> Shop {
    let arguments = ["key", "create", "--shop", "shop", "--name", name, "--scope", scopes];
    let (status, out, error) = world.run(&arguments);
    assert!(status.success(), "{error}");
    world.shop.with_key(out.trim_end())
}

on_both_databases! {
    async fn the_audit_log_says_who_did_what_and_from_where(database) {
        let proxies = json!({ "trusted": ["127.0.0.1"] });
        let mut world = World::with().page().config("proxies", proxies).start(database).await;
        let deal = world.deal().await;
        deal.buyer.say(&deal.room, "the words of the buyer").await;
        let till = make_key(&world, "till", "read,links");
        let one = format!("/api/v1/transactions/{}", deal.id);

        // Reads of one kind are one line in a minute, with the first call; refusals are none.
        for request in ["first", "second"] {
            let read = till.request(Method::GET, &one).header("x-request-id", request);
            let read = read.header("x-forwarded-for", "192.0.2.9, 198.51.100.7").send().await.unwrap();
            assert_eq!(read.status(), 200);
        }
        // An id is the same one with its characters encoded.
        let encoded = one.replacen("/0", "/%30", 1);
        assert_eq!(till.get(&format!("{encoded}/entries")).await.0, 200);
        assert_eq!(till.get("/api/v1/transactions/01ARZ3NDEKTSV4RRFFQ69G5FAV").await.0, 404);
        let (status, problem) = till.get("/api/v1/audit").await;
        assert_eq!((status, &problem["scope"]), (403, &json!("audit")), "{problem}");
        let reads = world.eventually("the lines about the reads", || async {
            let lines = log(&world.shop, "").await;
            actions(&lines, "till").contains(&"record.read").then_some(lines)
        }).await;
        let mut read_by_till = actions(&reads, "till");
        // Another minute may have begun between the first two.
        read_by_till.dedup();
        assert_eq!(read_by_till, ["transaction.read", "record.read"], "{reads:?}");
        assert!(reads.iter().all(|it| it["actor"] != "till" || it["transaction"] == deal.id), "{reads:?}");
        let read = reads.iter().find(|it| it["action"] == "transaction.read" && it["actor"] == "till");
        let read = read.unwrap();
        assert_eq!((&read["way"], &read["transaction"]), (&json!("api"), &json!(deal.id)));
        assert_eq!((&read["address"], &read["request_id"]), (&json!("198.51.100.7"), &json!("first")));
        assert!(read["at"].is_string() && read["subject"].is_null(), "{read}");

        // What always counts is in the log before the answer goes out.
        let links = format!("{one}/links");
        let mut made = Vec::new();
        for _ in 0..2 {
            let link = till.new_link(&deal.id, &json!({ "party": "buyer" })).await;
            made.push(link["id"].as_str().unwrap().to_owned());
        }
        let revoke = till.request(Method::DELETE, &format!("{links}/{}", made[0]));
        assert_eq!(revoke.send().await.unwrap().status(), 204);
        // What is revoked already is not revoked again.
        let again = till.request(Method::DELETE, &format!("{links}/{}", made[0]));
        assert_eq!(again.send().await.unwrap().status(), 204);
        let export = till.request(Method::GET, &format!("{one}/export")).send().await.unwrap();
        assert_eq!(export.status(), 200);
        let invitations = world.shop.request(Method::POST, &format!("{one}/invitations"));
        assert_eq!(invitations.send().await.unwrap().status(), 202);
        world.kill_tallyroom();
        drop(export);
        let lines = shown(&world, &["--transaction", &deal.id]);
        let always = ["link.made", "link.made", "link.revoked", "transaction.exported"];
        assert!(actions(&lines, "till").ends_with(&always), "{lines:?}");
        assert!(actions(&lines, "api.keys[0]").contains(&"contacts.invited"), "{lines:?}");
        let subjects: Vec<&Value> = lines.iter().map(|it| &it["subject"]).filter(|it| !it.is_null()).collect();
        assert_eq!(subjects, [&made[0], &made[1], &made[0]]);

        // Commands are in it, too.
        let file = world.folder.path().join("bundle.zip");
        let (status, _, error) = world.run(&["export", &deal.id, "--output", file.to_str().unwrap()]);
        assert!(status.success(), "{error}");
        let (status, _, error) = world.run(&["link", &deal.id, "--party", "seller"]);
        assert!(status.success(), "{error}");
        let (status, _, error) = world.run(&["forget", &deal.buyer.id]);
        assert!(status.success(), "{error}");
        let (status, _, error) = world.run(&["key", "revoke", "--shop", "shop", "--name", "till"]);
        assert!(status.success(), "{error}");
        let lines = shown(&world, &["--since", "2020-01-01"]);
        let typed: Vec<&Value> = lines.iter().filter(|it| it["way"] == "command").collect();
        let did: Vec<&str> = typed.iter().map(|it| it["action"].as_str().unwrap()).collect();
        let expected =
            ["key.made", "transaction.exported", "link.made", "entries.erased", "key.revoked"];
        assert_eq!(did, expected, "{typed:?}");
        assert_eq!((&typed[3]["shop"], &typed[3]["transaction"]), (&json!("shop"), &json!(deal.id)));
        assert_eq!(typed[4]["subject"], "till");
        assert!(typed.iter().all(|it| !it["actor"].as_str().unwrap().is_empty()), "{typed:?}");
        let (_, table, _) = world.run(&["audit", "--limit", "2"]);
        assert!(table.contains("key.revoked") && table.contains("show them with --limit"), "{table}");
        assert!(!table.contains("link.made"), "{table}");
        assert!(shown(&world, &["--since", "2100-01-01"]).is_empty());
        // It names nobody, and says nothing that anybody said.
        let all = json!(lines).to_string();
        for word in [&*deal.buyer.id, &*deal.seller.id, "Birch", "words", "tally_"] {
            assert!(!all.contains(word), "{word} is in the audit log: {all}");
        }

        // A shop reads on from where it was, and sees only what is its own.
        world.start_tallyroom().await;
        let (_, page) = world.shop.get("/api/v1/audit?limit=3").await;
        assert_eq!((&page["next"], &page["more"]), (&json!(3), &json!(true)), "{page}");
        let further = log(&world.shop, "?after=3").await;
        assert_eq!(further[0]["position"], 4);
        let of_one = log(&world.shop, &format!("?transaction={}&limit=1000", deal.id)).await;
        assert!(of_one.iter().all(|it| it["transaction"] == deal.id), "{of_one:?}");
        assert!(of_one.len() >= 7, "{of_one:?}");
        assert_eq!(log(&world.other_shop, "").await, [Value::Null; 0]);
        for wrong in ["after=-1", "transaction=7", "limit=0", "since=1"] {
            assert_eq!(world.shop.get(&format!("/api/v1/audit?{wrong}")).await.0, 400, "{wrong}");
        }

        // Old lines are deleted.
        world.terminate_tallyroom().await;
        let old = world.sql("UPDATE audit_log SET at = at - 34646400000 WHERE way = 'api'").await;
        assert!(old > 0);
        world.start_tallyroom().await;
        world.eventually("the end of the old lines", || async {
            let lines = shown(&world, &["--since", "1970-01-01"]);
            let left = lines.iter().filter(|it| it["way"] == "api" && it["actor"] == "till").count();
            (left == 0 && actions(&lines, typed[0]["actor"].as_str().unwrap()).len() == expected.len())
                .then_some(())
        }).await;
    }

    async fn the_audit_log_says_which_key_changed_a_transaction(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let till = make_key(&world, "till", "read,write");
        let order = sample("order-2", "@a:tally.localhost", "@b:tally.localhost");
        let id = till.create(&order).await;
        assert_eq!(till.post(&order).await.0, 200);
        let change = async |id: &str, change: Value| {
            let path = format!("/api/v1/transactions/{id}");
            let answer = till.request(Method::PATCH, &path).json(&change).send().await.unwrap();
            assert_eq!(answer.status(), 200);
        };
        for _ in 0..2 {
            change(&id, json!({ "status": "paid" })).await;
        }
        let contacts = format!("/api/v1/transactions/{id}/buyer/contacts");
        for status in [201, 200] {
            let add = till.request(Method::POST, &contacts).json(&json!({ "email": "c@example.org" }));
            assert_eq!(add.send().await.unwrap().status(), status);
        }
        let lines = world.eventually("the line about what changed nothing", || async {
            let lines = log(&world.shop, &format!("?transaction={id}&limit=1000")).await;
            actions(&lines, "till").contains(&"transaction.read").then_some(lines)
        }).await;
        let mut done = actions(&lines, "till");
        done.retain(|it| *it != "transaction.read");
        assert_eq!(done, ["transaction.created", "transaction.changed", "transaction.changed"]);

        // Whoever has redactions honoured erases what was redacted so far.
        change(&deal.id, json!({ "redactions": "retain" })).await;
        let said = deal.buyer.say(&deal.room, "said by mistake").await;
        deal.buyer.redact(&deal.room, &said).await;
        world.eventually("the redaction", || async {
            let entries = world.shop.entries(&deal.id).await;
            entries.iter().any(|it| it["redacted_by"].is_string()).then_some(())
        }).await;
        change(&deal.id, json!({ "redactions": "honour" })).await;
        let lines = log(&world.shop, &format!("?transaction={}&limit=1000", deal.id)).await;
        let mut done = actions(&lines, "till");
        done.retain(|it| *it != "transaction.read");
        assert_eq!(done, ["transaction.changed", "transaction.changed", "entries.erased"]);
    }

    async fn what_always_counts_is_not_done_if_the_audit_log_cannot_be_written(database) {
        let world = World::with().page().start(database).await;
        let id = world.shop.create(&sample("order-1", "@a:tally.localhost", "@b:tally.localhost")).await;
        let (one, links) = (format!("/api/v1/transactions/{id}"), format!("/api/v1/transactions/{id}/links"));
        let kept = world.shop.new_link(&id, &json!({ "party": "buyer" })).await;
        world.sql("ALTER TABLE audit_log RENAME TO audit_log_elsewhere").await;
        let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status();
        let make = || world.shop.request(Method::POST, &links).json(&json!({ "party": "seller" }));
        let export = || world.shop.request(Method::GET, &format!("{one}/export"));
        assert_eq!(status(make()).await, 503);
        assert_eq!(status(export()).await, 503);
        let revoke = format!("{links}/{}", kept["id"].as_str().unwrap());
        assert_eq!(status(world.shop.request(Method::DELETE, &revoke)).await, 503);
        let (failed, _, _) = world.run(&["link", &id, "--party", "seller"]);
        let file = world.folder.path().join("bundle.zip");
        let (exported, _, _) = world.run(&["export", &id, "--output", file.to_str().unwrap()]);
        assert!(!failed.success() && !exported.success() && !file.exists());
        // Reading goes on, and is told when the log can be written again.
        let (status_of_list, answer) = world.shop.get(&links).await;
        assert_eq!(status_of_list, 200);
        let shown = answer["links"].as_array().unwrap();
        assert_eq!((shown.len(), &shown[0]["revoked_at"]), (1, &Value::Null), "{answer}");
        world.sql("ALTER TABLE audit_log_elsewhere RENAME TO audit_log").await;
        assert_eq!(status(make()).await, 201);
        assert_eq!(status(export()).await, 200);
        world.eventually("the line about the read", || async {
            let lines = log(&world.shop, "").await;
            actions(&lines, "api.keys[0]").contains(&"links.listed").then_some(())
        }).await;
        let positions: Vec<i64> = log(&world.shop, "").await.iter()
            .map(|it| it["position"].as_i64().unwrap()).collect();
        assert_eq!(positions, (1..=positions.len() as i64).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_in_the_audit_log_after_a_clean_stop() {
    let mut world = World::start(Database::Sqlite).await;
    let id =
        world.shop.create(&sample("order-1", "@a:tally.localhost", "@b:tally.localhost")).await;
    world.shop.transaction(&id).await;
    world.terminate_tallyroom().await;
    let lines = shown(&world, &[]);
    assert!(actions(&lines, "api.keys[0]").contains(&"transaction.read"), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_at_two_processes_give_positions_without_gaps() {
    let world = World::with().page().processes(2).start(Database::Postgres).await;
    let id =
        world.shop.create(&sample("order-1", "@a:tally.localhost", "@b:tally.localhost")).await;
    let path = format!("/api/v1/transactions/{id}/links");
    let calls = (0..CROWD).map(|number| {
        let call = world.api_of(number % 2).request(Method::POST, &path);
        call.json(&json!({ "party": "buyer" })).send()
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().status(), 201);
    }
    let lines = log(&world.shop, "?limit=1000").await;
    let made = actions(&lines, "api.keys[0]").iter().filter(|it| **it == "link.made").count();
    assert_eq!(made, CROWD);
    let positions: Vec<_> = lines.iter().map(|it| it["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, (1..=lines.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_audit_log_is_locked_leaves_connections_to_others() {
    let world = World::with().page().start(Database::Postgres).await;
    let order = sample("order-1", "@a:tally.localhost", "@b:tally.localhost");
    let (id, others) = (world.shop.create(&order).await, world.other_shop.create(&order).await);
    // Another process hangs in the middle of a tx.
    let mut elsewhere = world.database().await;
    let mut hanging = elsewhere.begin().await.unwrap();
    hanging.execute("UPDATE audit_ends SET position = position WHERE shop = 'shop'").await.unwrap();
    let links = |id: &str| format!("/api/v1/transactions/{id}/links");
    let calls: Vec<_> = (0..CROWD)
        .map(|_| {
            let call = world.shop.request(Method::POST, &links(&id));
            tokio::spawn(call.json(&json!({ "party": "buyer" })).send())
        })
        .collect();
    world
        .eventually("calls that wait", || async {
            let waiting = "SELECT CASE WHEN COUNT(*) > 1 THEN 'some' END FROM pg_stat_activity \
                 WHERE wait_event_type = 'Lock' AND datname = current_database()";
            world.sql_text(waiting).await
        })
        .await;
    // Meanwhile, another shop goes on, and this one can read.
    world.other_shop.new_link(&others, &json!({ "party": "buyer" })).await;
    assert_eq!(world.shop.get(&links(&id)).await.0, 200);
    // Nobody waits for ever.
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), 503);
    }
    hanging.rollback().await.unwrap();
    world.shop.new_link(&id, &json!({ "party": "buyer" })).await;
}
