//! The API behaves as HTTP says, so that no client finds anything surprising: HEAD, methods, media types, sizes,
//! compression, and calls from web pages.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::shop::KEY;
use crate::support::{Shop, World, sample};

const BUYER: &str = "@buyer:tally.localhost";
const SELLER: &str = "@seller:tally.localhost";
const TRANSACTIONS: &str = "/api/v1/transactions";
/// Shorter answers are not compressed, in bytes.
const MIN_COMPRESSED: usize = 1_024;
const ORIGIN: &str = "https://shop.example.org";

fn header(answer: &Response, name: &str) -> Option<String> {
    Some(answer.headers().get(name)?.to_str().unwrap().to_owned())
}

/// The names in a header that lists some, in alphabetical order.
fn names(answer: &Response, name: &str) -> Vec<String> {
    let listed = header(answer, name).unwrap_or_default();
    let mut names: Vec<_> = listed.split(',').map(|it| it.trim().to_owned()).collect();
    names.sort();
    names
}

async fn sent(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

on_both_databases! {
    async fn each_address_answers_head_and_says_which_methods_and_types_it_takes(database) {
        let world = World::with().page().start(database).await;
        let shop = &world.shop;
        let xml = include_str!("../invoices/ubl-tc434-example2.xml");
        let (status, made) = shop.post_xml(&format!("external_id=1&buyer={BUYER}&seller={SELLER}"), xml).await;
        assert_eq!(status, 201, "{made}");
        let id = made["id"].as_str().unwrap();
        shop.room(id).await;
        let one = format!("{TRANSACTIONS}/{id}");
        let place = made["invoice"]["documents"].as_array().unwrap().iter().position(|it| it["attachment"].is_object());
        let attachment = format!("attachments/{}", place.unwrap());
        let parts = ["entries", "links", "buyer/contacts", "original", "original.xml", "invoice.xml", "invoice.pdf", "export", &attachment];
        let mut paths: Vec<_> = parts.iter().map(|part| format!("{one}/{part}")).collect();
        paths.extend([TRANSACTIONS.to_owned(), one.clone(), "/api/v1/entries?q=x".to_owned()]);
        paths.extend([format!("{one}/buyer/contacts/{BUYER}"), "/api/v1/invoice.schema.json".to_owned(), "/health/live".to_owned()]);
        for path in &paths {
            let get = sent(shop.request(Method::GET, path)).await;
            let head = sent(shop.request(Method::HEAD, path)).await;
            assert_eq!((get.status(), head.status()), (reqwest::StatusCode::OK, reqwest::StatusCode::OK), "{path}");
            assert_eq!(header(&head, "content-type"), header(&get, "content-type"), "{path}");
            assert_eq!(head.bytes().await.unwrap().len(), 0, "{path}");
            let refused = sent(shop.request(Method::PUT, path)).await;
            let allowed = names(&refused, "allow");
            assert!(allowed.contains(&"GET".to_owned()) && allowed.contains(&"HEAD".to_owned()), "{path}: {allowed:?}");
            assert_eq!(refused.status(), 405, "{path}");
            assert_eq!(header(&refused, "content-type").as_deref(), Some("application/problem+json"), "{path}");
        }
        for (path, allowed) in [
            (TRANSACTIONS.to_owned(), "GET HEAD POST"),
            (one.clone(), "GET HEAD PATCH"),
            (format!("{one}/invitations"), "POST"),
            (format!("{one}/links/1"), "DELETE"),
            (format!("{one}/buyer/contacts/{BUYER}"), "DELETE GET HEAD PATCH"),
        ] {
            let refused = sent(shop.request(Method::PUT, &path)).await;
            assert_eq!((refused.status().as_u16(), names(&refused, "allow").join(" ").as_str()), (405, allowed), "{path}");
        }

        let invitations = format!("{one}/invitations");
        let contacts = format!("{one}/buyer/contacts");
        let contact = format!("{contacts}/{BUYER}");
        for (method, path, name, wanted) in [
            (Method::POST, TRANSACTIONS, "accept-post", "application/json, application/xml, text/xml, application/pdf, multipart/form-data"),
            (Method::PATCH, &one, "accept-patch", "application/json, application/merge-patch+json, application/xml, text/xml, application/pdf"),
            (Method::POST, &invitations, "accept-post", "application/json"),
            (Method::POST, &contacts, "accept-post", "application/json"),
            (Method::PATCH, &contact, "accept-patch", "application/json, application/merge-patch+json"),
        ] {
            let request = shop.request(method, path).header("content-type", "text/csv").body("a;b");
            let refused = sent(request).await;
            assert_eq!((refused.status().as_u16(), header(&refused, name).as_deref()), (415, Some(wanted)), "{path}");
            let told: Value = refused.json().await.unwrap();
            assert!(told["detail"].as_str().unwrap().contains("text/csv"), "{told}");
        }
        // What changes a part is no new thing.
        for path in [TRANSACTIONS, &invitations, &contacts] {
            let request = shop.request(Method::POST, path).header("content-type", "application/merge-patch+json");
            assert_eq!(sent(request.body("{}")).await.status(), 415, "{path}");
        }
        let long = json!({ "email": "x".repeat(70_000) });
        let (status, refused) = Shop::answer(shop.request(Method::POST, &contacts).json(&long)).await;
        assert_eq!((status, &refused["type"]), (413, &json!("urn:tallyroom:problem:too-large")), "{refused}");
    }

    async fn what_is_not_valid_in_an_address_or_a_body_is_refused_as_a_problem(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let id = shop.create(&sample("order-1", BUYER, SELLER)).await;
        let one = format!("{TRANSACTIONS}/{id}");
        for (path, status) in [
            // No UTF-8, no number, and a character that PostgreSQL has in no text.
            (format!("{TRANSACTIONS}/%ff"), 404),
            (format!("{one}/attachments/first"), 404),
            (format!("{one}/files/%00"), 404),
            (format!("{one}/buyer/contacts/%00"), 404),
            (format!("{TRANSACTIONS}?external_id=%00"), 400),
            (format!("{TRANSACTIONS}?status=a%00"), 400),
            ("/api/v1/entries?q=oak%00".to_owned(), 400),
            // Empty values say nothing.
            (format!("{TRANSACTIONS}?party="), 400),
            (format!("{TRANSACTIONS}?updated_to="), 400),
            (format!("{TRANSACTIONS}?cursor="), 400),
            (format!("{one}/entries?include="), 400),
            ("/api/v1/entries?q=oak&to=".to_owned(), 400),
            ("/api/v1/entries?q=oak&transaction=".to_owned(), 400),
            // A cursor that no answer had, and a language that is none.
            ("/api/v1/entries?q=oak&cursor=1.0.9999999999999999".to_owned(), 400),
            (format!("{one}/invoice.pdf?language=de-everywhere"), 400),
        ] {
            let answer = sent(shop.request(Method::GET, &path)).await;
            assert_eq!(answer.status().as_u16(), status, "{path}");
            assert_eq!(header(&answer, "content-type").as_deref(), Some("application/problem+json"), "{path}");
        }
        // A list of the values of an object is no object.
        for (path, body) in [("links", json!(["buyer"])), ("invitations", json!([])), ("buyer/contacts", json!(["Bea"]))] {
            let request = shop.request(Method::POST, &format!("{one}/{path}")).json(&body);
            assert_eq!(Shop::answer(request).await.0, 422, "{path}");
        }
    }

    async fn long_answers_are_compressed_and_secrets_are_not(database) {
        let page = format!("https://{}example", "long-name.".repeat(20));
        let world = World::with().page().config("page", json!({ "url": page })).start(database).await;
        let shop = &world.shop;
        let id = shop.create(&sample("order-1", BUYER, SELLER)).await;
        shop.room(&id).await;
        let one = format!("{TRANSACTIONS}/{id}");
        // A client that leaves the bytes as they are.
        let client = reqwest::Client::builder().no_gzip().build().unwrap();
        let call = |method: Method, path: &str| {
            client.request(method, format!("{}{path}", shop.base)).bearer_auth(KEY)
        };
        let zipped = |method: Method, path: &str| call(method, path).header("accept-encoding", "gzip");
        for path in [one.clone(), TRANSACTIONS.to_owned(), format!("{one}/entries"), format!("{one}/invoice.xml")] {
            let plain = sent(call(Method::GET, &path)).await;
            assert_eq!(header(&plain, "content-encoding"), None, "{path}");
            let answer = sent(zipped(Method::GET, &path)).await;
            assert_eq!(header(&answer, "content-encoding").as_deref(), Some("gzip"), "{path}");
            assert!(names(&answer, "vary").iter().any(|it| it.eq_ignore_ascii_case("accept-encoding")), "{path}");
            let bytes = answer.bytes().await.unwrap();
            assert!(bytes.starts_with(&[0x1f, 0x8b]) && bytes.len() < plain.bytes().await.unwrap().len(), "{path}");
        }
        // The tag of a compressed answer is another one, and holds for both conditions.
        let contacts = format!("{one}/buyer/contacts");
        let tag = header(&sent(zipped(Method::GET, &one)).await, "etag").unwrap();
        assert!(tag.ends_with("-gzip\""), "{tag}");
        let add = shop.request(Method::POST, &contacts).header("if-match", &tag);
        assert_eq!(sent(add.json(&json!({ "email": "a@birch.example" }))).await.status(), 201);
        world.eventually("an answer that is known", async || {
            let tag = header(&sent(zipped(Method::GET, &one)).await, "etag").unwrap();
            let again = sent(zipped(Method::GET, &one).header("if-none-match", &tag)).await;
            (again.status() == 304).then_some(())
        })
        .await;
        // A link is a secret. What is found has the words of many people. Both are long enough to be compressed.
        let name = "𠀀".repeat(200);
        let add = shop.request(Method::POST, &contacts).json(&json!({ "name": name }));
        assert_eq!(sent(add).await.status(), 201);
        let link = json!({ "party": "buyer", "contact": name });
        let secret = sent(zipped(Method::POST, &format!("{one}/links")).json(&link)).await;
        assert_eq!((secret.status().as_u16(), header(&secret, "content-encoding")), (201, None));
        assert!(secret.bytes().await.unwrap().len() > MIN_COMPRESSED);
        world.eventually("a long answer of the search", async || {
            let search = sent(zipped(Method::GET, "/api/v1/entries?q=inv")).await;
            assert_eq!(header(&search, "content-encoding"), None);
            (search.bytes().await.unwrap().len() > MIN_COMPRESSED).then_some(())
        })
        .await;
        // What is answered again is not compressed twice.
        let order = sample("order-2", BUYER, SELLER);
        let create = || zipped(Method::POST, TRANSACTIONS).header("idempotency-key", "one").json(&order);
        let (first, again) = (sent(create()).await, sent(create()).await);
        assert_eq!((first.status(), again.status()), (reqwest::StatusCode::CREATED, reqwest::StatusCode::CREATED));
        assert_eq!(first.bytes().await.unwrap(), again.bytes().await.unwrap());
    }

    async fn a_web_page_may_call_if_the_config_names_its_origin(database) {
        let named = World::with().config("api", json!({ "cors_origins": [ORIGIN] })).start(database).await;
        let asks = |shop: &Shop, origin: &str| {
            let request = reqwest::Client::new().request(Method::OPTIONS, format!("{}{TRANSACTIONS}", shop.base));
            let request = request.header("origin", origin.to_owned()).header("access-control-request-method", "POST");
            request.header("access-control-request-headers", "authorization,content-type,idempotency-key")
        };
        let allowed = sent(asks(&named.shop, ORIGIN)).await;
        assert_eq!(allowed.status(), 200);
        assert_eq!(header(&allowed, "access-control-allow-origin").as_deref(), Some(ORIGIN));
        assert_eq!(header(&allowed, "access-control-allow-credentials"), None);
        assert!(names(&allowed, "access-control-allow-headers").contains(&"idempotency-key".to_owned()));
        assert!(names(&allowed, "access-control-allow-methods").contains(&"PATCH".to_owned()));
        let call = sent(named.shop.request(Method::GET, TRANSACTIONS).header("origin", ORIGIN)).await;
        assert_eq!(header(&call, "access-control-allow-origin").as_deref(), Some(ORIGIN));
        for name in ["etag", "accept-post", "accept-patch"] {
            assert!(names(&call, "access-control-expose-headers").contains(&name.to_owned()), "{name}");
        }
        // A refusal can be read, too. Without a key nobody gets in.
        let keyless = reqwest::Client::new().get(format!("{}{TRANSACTIONS}", named.shop.base));
        let refused = sent(keyless.header("origin", ORIGIN)).await;
        assert_eq!((refused.status().as_u16(), header(&refused, "access-control-allow-origin").as_deref()), (401, Some(ORIGIN)));
        let other = sent(asks(&named.shop, "https://elsewhere.example")).await;
        assert_eq!(header(&other, "access-control-allow-origin"), None);

        let unnamed = World::start(database).await;
        let asked = sent(asks(&unnamed.shop, ORIGIN)).await;
        assert_eq!(header(&asked, "access-control-allow-origin"), None);
        let call = sent(unnamed.shop.request(Method::GET, TRANSACTIONS).header("origin", ORIGIN)).await;
        assert_eq!((call.status().as_u16(), header(&call, "access-control-allow-origin")), (200, None));
    }
}
