//! Who changes a transaction, loses nothing: neither by what others change at the same time, nor by what a patch does
//! not name.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Shop, World, eventually, sample};

const BUYER: &str = "@buyer:tally.localhost";
const SELLER: &str = "@seller:tally.localhost";
const MERGE_PATCH: &str = "application/merge-patch+json";

async fn merge(shop: &Shop, id: &str, changes: &Value) -> (u16, Value) {
    let path = format!("/api/v1/transactions/{id}");
    let request = shop.request(Method::PATCH, &path).header("content-type", MERGE_PATCH);
    Shop::answer(request.body(changes.to_string())).await
}

fn etag(answer: &Response) -> String {
    answer.headers()["etag"].to_str().unwrap().to_owned()
}

/// The memberships of the contacts in the room, in the order of the transaction.
async fn stand(shop: &Shop, id: &str, wanted: &[&str]) {
    let what = format!("members who are {wanted:?}");
    eventually(&what, Duration::from_secs(60), || async {
        let members = shop.transaction(id).await["room"]["members"].clone();
        let found: Vec<_> =
            members.as_array()?.iter().filter_map(|it| it["membership"].as_str()).collect();
        (found == wanted).then_some(())
    })
    .await;
}

on_both_databases! {
    async fn thirty_who_change_different_members_at_once_are_all_heard(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let id = shop.create(&sample("order-1", BUYER, SELLER)).await;
        let patches = [
            json!({ "status": "disputed" }),
            json!({ "buyer": { "vat_id": "ATU12345678" } }),
            json!({ "buyer": { "name": "Birch AG" } }),
            json!({ "buyer": { "address": { "city": "Graz" } } }),
            json!({ "buyer": { "address": { "country": "AT" } } }),
            json!({ "seller": { "address": { "postal_code": "1010" } } }),
            json!({ "seller": { "address": { "city": "Wien" } } }),
            json!({ "invoice": { "due_date": "2026-08-01" } }),
            json!({ "invoice": { "buyer_reference": "4711" } }),
            json!({ "invoice": { "contract_reference": "C-1" } }),
            json!({ "invoice": { "payment": { "reference": "43" } } }),
            json!({ "invoice": { "payment": { "iban": "AT611904300234573201" } } }),
            json!({ "redactions": "retain" }),
        ];
        let contacts = format!("/api/v1/transactions/{id}/buyer/contacts");
        let added = (patches.len()..30).map(async |number| {
            let contact = json!({ "email": format!("desk-{number}@birch.example") });
            Shop::answer(shop.request(Method::POST, &contacts).json(&contact)).await
        });
        let merged = patches.iter().map(async |changes| merge(shop, &id, changes).await);
        let (merged, added) = tokio::join!(join_all(merged), join_all(added));
        assert!(merged.iter().all(|(status, _)| *status == 200), "{merged:?}");
        assert!(added.iter().all(|(status, _)| *status == 201), "{added:?}");
        let now = shop.transaction(&id).await;
        assert_eq!(now["revision"], 31);
        for changes in &patches {
            let mut merged = now.clone();
            json_patch(&mut merged, changes);
            assert_eq!(merged, now, "{changes} is lost");
        }
        assert_eq!(now["buyer"]["contacts"].as_array().unwrap().len(), 1 + 30 - patches.len());
        assert_eq!(now["buyer"]["contacts"][0]["matrix"], BUYER);
        // What no patch names is as it was.
        assert_eq!(now["invoice"]["lines"].as_array().unwrap().len(), 2);
        assert_eq!(now["invoice"]["totals"]["due"], "634.50");
        assert_eq!(now["seller"]["name"], "Acme Ltd");

        // Of thirty who have all seen this revision and say so, one is heard.
        let path = format!("/api/v1/transactions/{id}");
        let seen = etag(&shop.request(Method::GET, &path).send().await.unwrap());
        let mut statuses = join_all((0..30).map(async |number| {
            let contact = json!({ "email": format!("late-{number}@birch.example") });
            let (path, body) = match number % 2 {
                0 => (&contacts, contact),
                _ => (&path, json!({ "status": format!("step {number}") })),
            };
            let method = if number % 2 == 0 { Method::POST } else { Method::PATCH };
            Shop::answer(shop.request(method, path).header("if-match", &seen).json(&body)).await
        }))
        .await;
        statuses.sort_by_key(|(status, _)| *status);
        assert!(statuses[0].0 < 300, "{statuses:?}");
        for (status, refused) in &statuses[1..] {
            assert_eq!(*status, 412, "{refused}");
            assert!(refused["detail"].as_str().unwrap().contains("revision 32"), "{refused}");
        }
        assert_eq!(shop.transaction(&id).await["revision"], 32);
    }

    async fn a_patch_merges_as_the_specification_says(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let id = shop.create(&sample("order-1", BUYER, SELLER)).await;
        // The sums stay if the lines change, and then contradict them, unless they are removed: then they are computed.
        let mut lines = shop.transaction(&id).await["invoice"]["lines"].clone();
        lines[0]["quantity"] = json!("20");
        lines[0]["net_amount"] = json!("900.00");
        let (status, refused) = merge(shop, &id, &json!({ "invoice": { "lines": lines } })).await;
        assert_eq!((status, &refused["pointer"]), (422, &json!("/invoice/totals/lines")), "{refused}");
        let computed = json!({ "lines": lines, "totals": null, "vat_breakdown": null, "due_date": null });
        let (status, merged) = merge(shop, &id, &json!({ "invoice": computed })).await;
        assert_eq!(status, 200, "{merged}");
        assert_eq!(merged["invoice"]["totals"]["due"], "1174.50");
        assert_eq!(merged["invoice"]["due_date"], Value::Null);
        assert_eq!(merged["invoice"]["payment"]["reference"], "42");
        // Null removes what may be missing, and nothing else.
        let (_, named) = shop.patch(&id, &json!({ "seller": { "vat_id": "ATU1", "address": { "city": "Wien" } } })).await;
        assert_eq!(named["seller"]["address"], json!({ "city": "Wien" }), "{named}");
        let (status, without) = shop.patch(&id, &json!({ "seller": { "vat_id": null, "address": { "city": null, "country": "AT" } } })).await;
        assert_eq!(status, 200, "{without}");
        assert_eq!(without["seller"]["vat_id"], Value::Null);
        assert_eq!(without["seller"]["address"], json!({ "country": "AT" }));
        for (pointer, changes) in [
            ("/status", json!({ "status": null })),
            ("/seller/name", json!({ "seller": { "name": null } })),
            ("/invoice", json!({ "invoice": null })),
        ] {
            for (status, refused) in [shop.patch(&id, &changes).await, merge(shop, &id, &changes).await] {
                assert_eq!((status, &refused["pointer"]), (422, &json!(pointer)), "{refused}");
            }
        }
        // An invoice in a body of application/json is the whole invoice.
        let whole = json!({ "invoice": sample("order-1", BUYER, SELLER)["invoice"] });
        let (status, replaced) = shop.patch(&id, &whole).await;
        assert_eq!((status, &replaced["invoice"]["totals"]["due"]), (200, &json!("634.50")));
    }

    async fn a_patch_of_nothing_changes_nothing_and_is_answered(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let id = shop.create(&sample("order-1", BUYER, SELLER)).await;
        let path = format!("/api/v1/transactions/{id}");
        let tag = etag(&shop.request(Method::GET, &path).send().await.unwrap());
        for (status, answer) in [shop.patch(&id, &json!({})).await, merge(shop, &id, &json!({})).await] {
            assert_eq!((status, &answer["revision"]), (200, &json!(1)), "{answer}");
        }
        for (tag, expected) in [(tag.as_str(), 200), ("\"7\"", 412)] {
            let request = shop.request(Method::PATCH, &path).header("if-match", tag);
            assert_eq!(Shop::answer(request.json(&json!({}))).await.0, expected);
        }
        let changed = "SELECT CAST(COUNT(*) AS TEXT) FROM audit_log WHERE action = 'transaction.changed'";
        assert_eq!(world.sql_text(changed).await.as_deref(), Some("0"));
    }

    async fn a_payment_is_answered_and_taken_back_as_the_caller_knows_it(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let id = shop.create(&sample("order-1", BUYER, SELLER)).await;
        let payments = format!("/api/v1/transactions/{id}/payments");
        let made = shop.request(Method::POST, &payments).json(&json!({ "amount": "1.00" }));
        let made = made.send().await.unwrap();
        let one = made.headers()["location"].to_str().unwrap().to_owned();
        let made: Value = made.json().await.unwrap();
        let read = shop.request(Method::GET, &one).send().await.unwrap();
        let tag = etag(&read);
        assert_eq!(read.json::<Value>().await.unwrap(), made);
        assert_eq!(shop.get(&format!("{payments}/nothing")).await.0, 404);
        for (condition, expected) in [("\"other\"", 412), (tag.as_str(), 204), (tag.as_str(), 412), ("*", 204)] {
            let request = shop.request(Method::DELETE, &one).header("if-match", condition);
            assert_eq!(Shop::answer(request).await.0, expected, "{condition}");
        }
        assert!(shop.get(&one).await.1["taken_back_at"].is_string());
    }

    async fn contacts_come_and_go_one_at_a_time(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let [buyer, seller, third] =
            [world.person("buyer").await, world.person("seller").await, world.person("third").await];
        let id = shop.create(&sample("order-1", &buyer.id, &seller.id)).await;
        let room = shop.room(&id).await;
        seller.join(&room).await;
        buyer.leave(&room).await;
        stand(shop, &id, &["declined", "joined"]).await;

        // One comes, and who declined is not asked again because of that.
        let contacts = format!("/api/v1/transactions/{id}/buyer/contacts");
        let new = json!({ "matrix": third.id, "duty": "warehouse / night" });
        let post = async |body: &Value| shop.request(Method::POST, &contacts).json(body).send().await.unwrap();
        let added = post(&new).await;
        assert_eq!(added.status(), 201);
        let address = added.headers()["location"].to_str().unwrap().to_owned();
        // Who adds a contact has not seen the others, so the answer is no condition for replacing all of them.
        assert_eq!(added.headers().get("etag"), None);
        assert_eq!(added.json::<Value>().await.unwrap(), new);
        let tag = etag(&shop.request(Method::GET, &contacts).send().await.unwrap());
        stand(shop, &id, &["declined", "invited", "joined"]).await;
        third.join(&room).await;
        let listed = shop.get(&contacts).await.1;
        assert_eq!(listed["contacts"][1], new, "{listed}");
        assert_eq!(shop.get(&address).await, (200, new.clone()));
        // Again is no change; other content under the same name is a conflict.
        assert_eq!(post(&new).await.status(), 200);
        let other = post(&json!({ "matrix": third.id, "duty": "sales" })).await;
        assert_eq!(other.status(), 409);
        // A contact of the other side, and what is no contact, are refused with a pointer into what was sent.
        for (body, pointer) in [
            (json!({ "matrix": seller.id }), "/matrix"),
            (json!({ "matrix": "third" }), "/matrix"),
            (json!({ "duty": "none" }), ""),
            (json!({ "email": "a@b.example", "duty": "x".repeat(201) }), "/duty"),
        ] {
            let refused: Value = post(&body).await.json().await.unwrap();
            assert_eq!((&refused["status"], &refused["pointer"]), (&json!(422), &json!(pointer)), "{refused}");
        }
        let (status, none) = shop.get(&format!("/api/v1/transactions/{id}/bank/contacts")).await;
        assert_eq!(status, 404, "{none}");
        assert_eq!(world.other_shop.get(&contacts).await.0, 404);

        // An address names its contact, also if another one has it as a name.
        let named = json!({ "name": third.id, "email": "desk@birch.example" });
        assert_eq!(post(&named).await.status(), 201);
        assert_eq!(shop.get(&address).await, (200, new.clone()));
        let desk = format!("{contacts}/desk@birch.example");
        assert_eq!(shop.request(Method::DELETE, &desk).send().await.unwrap().status(), 204);
        let patch = shop.request(Method::PATCH, &address).json(&json!({ "duty": "night" }));
        assert_eq!(patch.send().await.unwrap().headers().get("etag"), None);

        // Two change it at once: the second is told so. Who has named the revision before gets the tag of the new one.
        let tag_before = tag;
        assert_eq!(shop.request(Method::DELETE, &address).header("if-match", &tag_before).send().await.unwrap().status(), 412);
        let tag = etag(&shop.request(Method::GET, &contacts).send().await.unwrap());
        let patch = shop.request(Method::PATCH, &address).header("if-match", &tag);
        let tag = etag(&patch.json(&json!({ "duty": "noon" })).send().await.unwrap());
        let change = async |tag: &str, duty: Value| {
            let patch = shop.request(Method::PATCH, &address).header("if-match", tag);
            Shop::answer(patch.json(&json!({ "duty": duty }))).await
        };
        let (status, changed) = change(&tag, json!("day")).await;
        assert_eq!((status, &changed["duty"]), (200, &json!("day")));
        assert_eq!(change(&tag, Value::Null).await.0, 412);
        let remove = async |tag: &str| {
            shop.request(Method::DELETE, &address).header("if-match", tag).send().await.unwrap().status().as_u16()
        };
        assert_eq!(remove(&tag).await, 412);
        let now = shop.request(Method::GET, &address).send().await.unwrap();
        assert_eq!(remove(&etag(&now)).await, 204);
        assert_eq!(shop.get(&address).await.0, 404);
        stand(shop, &id, &["declined", "joined"]).await;
        world.eventually("the removal of the contact", async || {
            let member = seller.state(&room, "m.room.member", &third.id).await?;
            (member["membership"] == "leave").then_some(())
        })
        .await;
    }

    async fn who_has_an_answer_already_does_not_get_it_again(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let id = shop.create(&sample("order-3", BUYER, SELLER)).await;
        shop.room(&id).await;
        let whole = format!("/api/v1/transactions/{id}");
        for path in [
            whole.clone(),
            format!("{whole}/buyer/contacts"),
            format!("{whole}/links"),
            format!("{whole}/entries?limit=2"),
            "/api/v1/transactions".to_owned(),
        ] {
            let conditional = async |method: Method, tag: &str| {
                shop.request(method, &path).header("if-none-match", tag).send().await.unwrap()
            };
            // The record may still grow; in the end it is as it was seen, also for HEAD.
            let known = eventually("an answer that is known", Duration::from_secs(60), || async {
                let first = shop.request(Method::GET, &path).send().await.unwrap();
                let tag = etag(&first);
                let again = conditional(Method::GET, &tag).await;
                let head = conditional(Method::HEAD, &tag).await;
                (again.status() == 304 && head.status() == 304).then_some((tag, again))
            });
            let (tag, again) = known.await;
            assert_eq!((etag(&again), again.headers()["cache-control"].to_str().unwrap()), (tag.clone(), "private, no-cache"));
            assert_eq!(again.bytes().await.unwrap().len(), 0);
            assert_eq!(conditional(Method::GET, "\"other\"").await.status(), 200, "{path}");
        }
        // Whatever the shop changes, and whatever happens in the room, makes another answer.
        let before = etag(&shop.request(Method::GET, &whole).send().await.unwrap());
        assert_eq!(shop.patch(&id, &json!({ "status": "paid" })).await.0, 200);
        let request = shop.request(Method::GET, &whole).header("if-none-match", before);
        assert_eq!(request.send().await.unwrap().status(), 200);
        let deal = world.deal().await;
        let whole = format!("/api/v1/transactions/{}", deal.id);
        let known = eventually("an answer that stays", Duration::from_secs(60), || async {
            let tag = etag(&shop.request(Method::GET, &whole).send().await.unwrap());
            let again = shop.request(Method::GET, &whole).header("if-none-match", &tag).send().await.unwrap();
            (again.status() == 304).then_some(tag)
        });
        let before = known.await;
        let said = deal.buyer.say(&deal.room, "Thank you.").await;
        shop.entry(&deal.id, &said).await;
        let after = shop.request(Method::GET, &whole).header("if-none-match", &before).send().await.unwrap();
        assert_eq!(after.status(), 200);
        // It is the same revision.
        let revision = |tag: &str| tag.split('-').next().unwrap().to_owned();
        assert_eq!(revision(&etag(&after)), revision(&before));
    }
}

/// RFC 7396, as its pseudocode says.
fn json_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    for (name, value) in patch {
        match value {
            Value::Null => drop(target.as_object_mut().unwrap().remove(name)),
            _ => json_patch(&mut target[name], value),
        }
    }
}
