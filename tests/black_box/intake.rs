//! What a shop submits: transactions, changes, and what is refused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::world::DOMAIN;
use crate::support::{Database, Shop, World, sample};

const BUYER: &str = "@buyer:tally.localhost";
const SELLER: &str = "@seller:tally.localhost";

/// The figures that an XML file states, found without our reader.
fn stated(xml: &str, names: [&str; 2]) -> String {
    for name in names {
        if let Some(at) = xml.find(&format!(":{name}")) {
            let rest = &xml[at..];
            let (from, to) = (rest.find('>').unwrap() + 1, rest.find('<').unwrap());
            return rest[from..to].trim().to_owned();
        }
    }
    "0".to_owned()
}

fn same_figure(ours: &Value, theirs: &str) -> bool {
    let figure = |text: &str| text.parse::<rust_decimal::Decimal>().unwrap();
    figure(ours.as_str().unwrap()) == figure(theirs)
}

on_both_databases! {
    async fn every_published_invoice_comes_in_with_the_totals_that_it_states(database) {
        let world = World::start(database).await;
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/invoices");
        let mut seen = 0;
        for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_none_or(|ending| ending != "xml") {
                continue;
            }
            let xml = std::fs::read_to_string(&file).unwrap();
            let query = format!("external_id={seen}&buyer={BUYER}&seller={SELLER}");
            let (status, answer) = world.shop.post_xml(&query, &xml).await;
            assert_eq!(status, 201, "{}: {answer}", file.display());
            let totals = &answer["invoice"]["totals"];
            for (ours, ubl, cii) in [
                ("lines", "LineExtensionAmount", "LineTotalAmount"),
                ("without_vat", "TaxExclusiveAmount", "TaxBasisTotalAmount"),
                ("with_vat", "TaxInclusiveAmount", "GrandTotalAmount"),
                ("paid", "PrepaidAmount", "TotalPrepaidAmount"),
                ("due", "PayableAmount<", "DuePayableAmount"),
            ] {
                let is_ubl = !xml.contains("CrossIndustryInvoice");
                let names = match (is_ubl, ours) {
                    (true, "due") => ["PayableAmount currencyID", "PayableAmount"],
                    (true, _) => [ubl, ubl],
                    (false, _) => [cii, cii],
                };
                // Sums stand in their own group; the lines' have the same names before it.
                let group = if is_ubl { "LegalMonetaryTotal" } else { "MonetarySummation" };
                let from = xml.find(&format!(":{group}")).or_else(|| xml.find(group)).unwrap();
                let group = if is_ubl { &xml[from..] } else {
                    &xml[xml.find("SpecifiedTradeSettlementHeaderMonetarySummation").unwrap()..]
                };
                let theirs = stated(group, names);
                assert!(same_figure(&totals[ours], &theirs),
                    "{}: {ours} is {}, stated is {theirs}", file.display(), totals[ours]);
            }
            assert!(!answer["buyer"]["name"].as_str().unwrap().is_empty(), "{}", file.display());
            assert!(!answer["seller"]["name"].as_str().unwrap().is_empty(), "{}", file.display());
            seen += 1;
        }
        assert_eq!(seen, 8);
    }

    async fn the_same_transaction_is_taken_in_once(database) {
        let world = World::start(database).await;
        let body = sample("order-1", BUYER, SELLER);
        let (status, first) = world.shop.post(&body).await;
        assert_eq!(status, 201, "{first}");
        assert_eq!(first["id"].as_str().unwrap().len(), 26);
        assert!(first["room"]["alias"].as_str().unwrap().ends_with(DOMAIN));

        // The same content in other words: other notation of figures, totals now stated.
        let mut again = body.clone();
        again["invoice"]["lines"][0]["quantity"] = json!("10.00");
        again["invoice"]["totals"] = json!({ "with_vat": "634.50", "due": "634.5" });
        let (status, second) = world.shop.post(&again).await;
        assert_eq!(status, 200, "{second}");
        assert_eq!(second["id"], first["id"]);

        let mut other = body.clone();
        other["invoice"]["number"] = json!("INV-2026-0043");
        let (status, problem) = world.shop.post(&other).await;
        assert_eq!(status, 409, "{problem}");
        assert_eq!(problem["pointer"], "/external_id");
        assert_eq!(problem["transaction"], first["id"]);

        let racing = sample("order-2", BUYER, SELLER);
        let answers = futures_util::future::join_all((0..20).map(|_| world.shop.post(&racing))).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1);
        assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 19);
    }

    async fn a_shop_sees_its_own_transactions_newest_first(database) {
        let world = World::start(database).await;
        let mut ids = Vec::new();
        for number in 0..5 {
            ids.push(world.shop.create(&sample(&format!("order-{number}"), BUYER, SELLER)).await);
        }
        // Another shop may use the same external id, and sees nothing of this one.
        let theirs = world.other_shop.create(&sample("order-0", BUYER, SELLER)).await;
        ids.reverse();

        let mut listed = Vec::new();
        let mut path = "/api/v1/transactions?limit=2".to_owned();
        loop {
            let (status, page) = world.shop.get(&path).await;
            assert_eq!(status, 200, "{page}");
            let page_ids = page["transactions"].as_array().unwrap().iter();
            listed.extend(page_ids.map(|it| it["id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => path = format!("/api/v1/transactions?limit=2&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(listed, ids);

        for path in [
            format!("/api/v1/transactions/{theirs}"),
            format!("/api/v1/transactions/{theirs}/entries"),
            "/api/v1/transactions/nonsense".to_owned(),
        ] {
            assert_eq!(world.shop.get(&path).await.0, 404, "{path}");
        }
        assert_eq!(world.shop.patch(&theirs, &json!({ "status": "paid" })).await.0, 404);

        // By the shop's own id.
        let (status, found) = world.shop.get("/api/v1/transactions?external_id=order-0").await;
        assert_eq!(status, 200, "{found}");
        let found = found["transactions"].as_array().unwrap();
        assert_eq!(found.iter().map(|it| &it["id"]).collect::<Vec<_>>(), [ids.last().unwrap()]);
        let (status, none) = world.shop.get("/api/v1/transactions?external_id=order-9").await;
        assert_eq!((status, none["transactions"].as_array().map(Vec::len)), (200, Some(0)));

        // Two who change one transaction: the second is told that it is not as they saw it.
        let path = format!("/api/v1/transactions/{}", ids[0]);
        let etag = world.shop.request(Method::GET, &path).send().await.unwrap().headers()["etag"].clone();
        let change = async |status: &str, etag: &str| {
            let request = world.shop.request(Method::PATCH, &path).header("if-match", etag);
            Shop::answer(request.json(&json!({ "status": status }))).await
        };
        let etag = etag.to_str().unwrap();
        assert_eq!(change("disputed", etag).await.0, 200);
        let (status, refused) = change("paid", etag).await;
        assert_eq!(status, 412, "{refused}");
        assert_eq!(refused["type"], "urn:tallyroom:problem:precondition-failed");
        assert_eq!(world.shop.transaction(&ids[0]).await["status"], "disputed");

        // Thirty who do so at once, and do not mind: all are heard, one after the other.
        let before = world.shop.transaction(&ids[0]).await["revision"].as_i64().unwrap();
        let changes = (0..30).map(async |number: i32| {
            world.shop.patch(&ids[0], &json!({ "status": format!("step {number}") })).await
        });
        let answers = futures_util::future::join_all(changes).await;
        assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
        assert_eq!(world.shop.transaction(&ids[0]).await["revision"], before + 30);
        // Of thirty who do mind, one is.
        let request = world.shop.request(Method::GET, &path).send().await.unwrap();
        let etag = request.headers()["etag"].to_str().unwrap().to_owned();
        let changes = (0..30).map(async |number: i32| change(&format!("choice {number}"), &etag).await.0);
        let mut answers = futures_util::future::join_all(changes).await;
        answers.sort_unstable();
        assert_eq!((answers[0], answers[1]), (200, 412), "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_with_a_pointer() {
    let world = World::start(Database::Sqlite).await;
    let good = sample("order-1", BUYER, SELLER);
    // Change one thing; the pointer and some of the words that must come back.
    let cases: Vec<(&str, Value, &str, &str)> = vec![
        (
            "/invoice/totals",
            json!({ "with_vat": "634.51" }),
            "/invoice/totals/with_vat",
            "BR-CO-15",
        ),
        ("/invoice/totals", json!({ "lines": "1.00" }), "/invoice/totals/lines", "528.75"),
        ("/invoice/totals", json!({ "due": "1.00" }), "/invoice/totals/due", "BR-CO-16"),
        ("/invoice/totals", json!({ "vat": "9.00" }), "/invoice/totals/vat", "BR-CO-14"),
        (
            "/invoice/vat_breakdown",
            json!([{ "category": "S", "rate": "20", "taxable": "528.75", "tax": "99.00" }]),
            "/invoice/vat_breakdown/0/tax",
            "BR-CO-17",
        ),
        ("/invoice/lines/0/quantity", json!(10), "/invoice/lines/0/quantity", "write \"10\""),
        ("/invoice/lines/1/net_amount", json!("NaN"), "/invoice/lines/1/net_amount", "no figure"),
        ("/invoice/lines/1/net_amount", json!("1e400"), "/invoice/lines/1/net_amount", "no figure"),
        (
            "/invoice/lines/1/net_amount",
            json!("78.755"),
            "/invoice/lines/1/net_amount",
            "at most 2",
        ),
        ("/invoice/lines", json!([]), "/invoice/lines", "BR-16"),
        ("/invoice/currency", json!("EURO"), "/invoice/currency", "ISO 4217"),
        ("/invoice/issue_date", json!("01.06.2026"), "/invoice/issue_date", "\"2026-06-01\""),
        (
            "/invoice/due_date",
            json!("2026-07-01T09:00:00Z"),
            "/invoice/due_date",
            "year, month and day",
        ),
        ("/invoice/due_date", json!("2026-02-30"), "/invoice/due_date", "year, month and day"),
        ("/invoice/colour", json!("red"), "/invoice/colour", "expected one of `number`"),
        (
            "/buyer/contacts/0/matrix",
            json!("buyer"),
            "/buyer/contacts/0/matrix",
            "@accounts:example.org",
        ),
        ("/buyer/contacts/0/matrix", json!(SELLER), "/seller/contacts/0/matrix", "both sides"),
        (
            "/seller/contacts/0/matrix",
            json!("@_tallyroom_bot:tally.localhost"),
            "/seller/contacts/0/matrix",
            "own accounts",
        ),
        ("/seller/name", json!(" "), "/seller/name", "name"),
        ("/status", json!("a\u{0}b"), "/status", "control"),
        ("/invoice/number", json!("4\u{1b}2"), "/invoice/number", "Control"),
        ("/external_id", json!(""), "/external_id", "255"),
    ];
    for (at, value, pointer, words) in cases {
        let mut body = good.clone();
        put(&mut body, at, value);
        let (status, problem) = world.shop.post(&body).await;
        assert_eq!(status, 422, "{at}: {problem}");
        assert_eq!(problem["pointer"], pointer, "{at}: {problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{at}: {problem}");
        assert!(problem.to_string().contains(&words.replace('"', "\\\"")), "{at}: {problem}");
        assert!(problem["type"].as_str().unwrap().starts_with("urn:tallyroom:problem:"));
    }
    let (_, nothing) = world.shop.get("/api/v1/transactions").await;
    assert_eq!(nothing["transactions"], json!([]), "a refused transaction left something behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_makes_no_sense_is_told_so() {
    let world = World::start(Database::Sqlite).await;
    let call = |method, path: &str| world.shop.request(method, path);
    use reqwest::Method;
    let url = "/api/v1/transactions";
    let xml = "application/xml";
    for (request, status, kind) in [
        (
            call(Method::POST, url).header("content-type", "text/plain").body("x"),
            415,
            "unsupported-media-type",
        ),
        (
            call(Method::POST, url).header("content-type", "application/json").body("{"),
            422,
            "invalid-content",
        ),
        (call(Method::POST, url).header("content-type", xml).body("<a/>"), 422, "invalid-content"),
        (
            call(Method::POST, url).header("content-type", xml).body(
                "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><Invoice>&a;</Invoice>",
            ),
            422,
            "invalid-content",
        ),
        (
            call(Method::POST, "/api/v1/transactions?colour=red")
                .header("content-type", xml)
                .body("<a/>"),
            422,
            "invalid-content",
        ),
        (
            call(Method::POST, url)
                .header("content-type", "application/json")
                .body("x".repeat(51_000_000)),
            413,
            "too-large",
        ),
        (
            call(Method::POST, url)
                .multipart(reqwest::multipart::Form::new().text("invoice", "x".repeat(60_000_000))),
            413,
            "too-large",
        ),
        (call(Method::GET, "/api/v1/transactions?limit=0"), 400, "invalid-parameter"),
        (call(Method::GET, "/api/v1/transactions?cursor=x"), 400, "invalid-parameter"),
        (call(Method::GET, "/api/v1/nothing"), 404, "not-found"),
        (call(Method::DELETE, url), 405, "method-not-allowed"),
        (call(Method::GET, url).header("authorization", "Bearer wrong"), 401, "missing-key"),
    ] {
        let (found, problem) = Shop::answer(request).await;
        assert_eq!(found, status, "{problem}");
        assert_eq!(problem["type"], format!("urn:tallyroom:problem:{kind}"), "{problem}");
    }
    // Authorization stands twice in the last case; without a key altogether:
    let address = call(Method::GET, url).build().unwrap().url().clone();
    assert_eq!(reqwest::get(address).await.unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_xml_invoice_may_come_with_its_contacts_as_a_part() {
    let world = World::start(Database::Sqlite).await;
    let xml = include_str!("../invoices/ubl-tc434-example1.xml");
    let with = json!({
        "external_id": "order-9", "status": "shipped",
        "buyer": { "contacts": [{ "matrix": BUYER, "duty": "accounts payable" }] },
        "seller": { "contacts": [{ "matrix": SELLER }] },
    });
    let form =
        reqwest::multipart::Form::new().text("invoice", xml).text("transaction", with.to_string());
    let request = world.shop.request(reqwest::Method::POST, "/api/v1/transactions").multipart(form);
    let (status, answer) = Shop::answer(request).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["external_id"], "order-9");
    assert_eq!(answer["status"], "shipped");
    assert_eq!(answer["seller"]["name"], "De Koksmaat");
    assert_eq!(answer["buyer"]["contacts"][0]["duty"], "accounts payable");

    let form = reqwest::multipart::Form::new().text("transaction", with.to_string());
    let request = world.shop.request(reqwest::Method::POST, "/api/v1/transactions").multipart(form);
    let (status, problem) = Shop::answer(request).await;
    assert_eq!(
        (status, problem["type"].as_str()),
        (400, Some("urn:tallyroom:problem:unreadable-body"))
    );
}

/// Sets the value at a JSON pointer whose parent exists.
fn put(body: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => other[key] = value,
    }
}
