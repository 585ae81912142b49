//! A shop finds its transactions: by filters, in both orders, page by page while others come in.

use reqwest::Method;
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Database, Shop, World, sample};

const BUYER: &str = "@buyer:tally.localhost";
const SELLER: &str = "@seller:tally.localhost";

/// The ids of a list, of all its pages.
async fn listed(shop: &Shop, query: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/transactions?{query}{cursor}");
        let (status, page) = shop.get(&path).await;
        assert_eq!(status, 200, "{path}: {page}");
        let found = page["transactions"].as_array().unwrap().iter();
        ids.extend(found.map(|it| it["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

on_both_databases! {
    async fn each_filter_lists_what_it_names_and_nothing_else(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let deal = world.deal().await;
        let ghost = "@nobody-is-here:tally.localhost";
        let made = async |name: &str, change: &dyn Fn(&mut Value)| {
            let mut order = sample(name, BUYER, SELLER);
            change(&mut order);
            shop.create(&order).await
        };
        let paid = made("paid", &|it| it["status"] = json!("paid")).await;
        let with_ghost = made("ghost", &|it| it["buyer"]["contacts"] = json!([{ "matrix": ghost }])).await;
        world.other_shop.create(&sample("theirs", BUYER, SELLER)).await;
        for id in [&paid, &with_ghost] {
            shop.room(id).await;
        }
        let list = async |query: &str| listed(shop, query).await;
        let one = |id: &String| vec![id.clone()];
        assert_eq!(list("status=paid").await, one(&paid));
        assert_eq!(list("status=nothing").await, Vec::<String>::new());
        assert_eq!(list(&format!("contact={ghost}")).await, one(&with_ghost));
        assert_eq!(list(&format!("contact={ghost}&party=buyer")).await, one(&with_ghost));
        assert_eq!(list(&format!("contact={ghost}&party=seller")).await, Vec::<String>::new());
        world.eventually("a problem in the list", async || (list("problem=true").await.contains(&with_ghost)).then_some(())).await;
        assert!(!list("problem=false").await.contains(&with_ghost));
        // Who is no contact any more is not found.
        let contacts = format!("/api/v1/transactions/{with_ghost}/buyer/contacts/{ghost}");
        assert_eq!(shop.request(Method::DELETE, &contacts).send().await.unwrap().status(), 204);
        assert_eq!(list(&format!("contact={ghost}")).await, Vec::<String>::new());

        // By the e-mail address or the name of a contact, and not by the name of a party.
        let desk = json!({ "name": "Quo\"ted & Söhne", "email": "Desk+1@birch.example", "duty": "goods in" });
        let contacts = format!("/api/v1/transactions/{paid}/seller/contacts");
        assert_eq!(Shop::answer(shop.request(Method::POST, &contacts).json(&desk)).await.0, 201);
        for found in ["Desk%2B1@birch.example", "Quo%22ted%20%26%20S%C3%B6hne"] {
            assert_eq!(list(&format!("contact={found}")).await, one(&paid));
            assert_eq!(list(&format!("contact={found}&party=seller&status=paid")).await, one(&paid));
            assert_eq!(list(&format!("contact={found}&party=buyer")).await, Vec::<String>::new());
        }
        let party = shop.transaction(&paid).await["seller"]["name"].as_str().unwrap().replace(' ', "%20");
        assert_eq!(list(&format!("contact={party}")).await, Vec::<String>::new());
        // By what the status means, with the payments and the day.
        assert_eq!(list("means=paid").await, one(&paid));
        let payments = format!("/api/v1/transactions/{with_ghost}/payments");
        let part = shop.request(Method::POST, &payments).json(&json!({ "amount": "1.00" }));
        assert_eq!(Shop::answer(part).await.0, 201);
        assert_eq!(list("means=partly_paid&limit=1").await, one(&with_ghost));
        // The first page is full, wherever in the list the transaction is.
        for sort in ["created", "-created"] {
            let path = format!("/api/v1/transactions?means=partly_paid&limit=1&sort={sort}");
            let (status, page) = shop.get(&path).await;
            assert_eq!((status, &page["transactions"][0]["id"]), (200, &json!(with_ghost)), "{page}");
        }
        assert_eq!(list("means=overdue").await, Vec::<String>::new());

        // By the times that the answers show.
        let time = async |id: &str, name: &str| {
            let time = shop.transaction(id).await[name].as_str().unwrap().to_owned();
            time.replace(':', "%3A")
        };
        let (created, updated) = (time(&paid, "created_at").await, time(&with_ghost, "updated_at").await);
        assert_eq!(list(&format!("created_from={created}&created_to={created}")).await, one(&paid));
        assert_eq!(list(&format!("updated_from={updated}")).await, one(&with_ghost));
        assert_eq!(list(&format!("updated_from={updated}&status=paid")).await, Vec::<String>::new());
        assert_eq!(list("created_to=9999-12-31&due_to=9999-12-31").await.len(), 3);
        assert_eq!(list("created_to=2020-01-01").await, Vec::<String>::new());
        assert_eq!(list("created_from=2020-01-01&sort=created").await.len(), 3);

        // By the dates of the invoice: also of one that an earlier version took in, and of one without a due date.
        let later = json!({ "invoice": { "issue_date": "2026-06-02", "due_date": "2099-08-01" } });
        let merge = async |id: &str, changes: &Value| {
            let request = shop.request(Method::PATCH, &format!("/api/v1/transactions/{id}"));
            let request = request.header("content-type", "application/merge-patch+json");
            assert_eq!(Shop::answer(request.body(changes.to_string())).await.0, 200);
        };
        merge(&paid, &later).await;
        merge(&with_ghost, &json!({ "invoice": { "due_date": null } })).await;
        for _ in 0..2 {
            assert_eq!(list("due_from=2099-07-02").await, one(&paid));
            assert_eq!(list("due_to=2099-07-31").await, one(&deal.id));
            assert_eq!(list("issued_from=2026-06-02&issued_to=2026-06-02").await, one(&paid));
            assert_eq!(list("issued_to=2026-06-01&sort=created").await, [deal.id.clone(), with_ghost.clone()]);
            assert_eq!(list("due_from=2099-08-01&due_to=2099-08-01&status=paid").await, one(&paid));
            world.sql("UPDATE revisions SET issue_date = NULL, due_date = NULL").await;
        }

        // What the seller says is unread by the buyer until the buyer has read it.
        let said = deal.seller.say(&deal.room, "It follows on Thursday.").await;
        shop.entry(&deal.id, &said).await;
        assert_eq!(list("unread=buyer").await, one(&deal.id));
        assert_eq!(list("unread=seller").await, Vec::<String>::new());
        let receipt = format!("/rooms/{}/receipt/m.read/{said}", deal.room);
        assert_eq!(deal.buyer.call(Method::POST, &receipt, Some(json!({}))).await.0, 200);
        world.eventually("that it is read", async || list("unread=buyer").await.is_empty().then_some(())).await;
        let answered = deal.buyer.say(&deal.room, "Thank you.").await;
        shop.entry(&deal.id, &answered).await;
        assert_eq!(list("unread=seller").await, one(&deal.id));
    }

    async fn a_list_by_the_last_change_leaves_none_out_while_others_are_changed(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let mut ids = Vec::new();
        for number in 0..6 {
            ids.push(shop.create(&sample(&format!("order-{number}"), BUYER, SELLER)).await);
        }
        let change = async |id: &str, status: &str| {
            assert_eq!(shop.patch(id, &json!({ "status": status })).await.0, 200);
        };
        change(&ids[0], "paid").await;
        ids.rotate_left(1);
        assert_eq!(listed(shop, "sort=updated&limit=2").await, ids);
        let newest_first: Vec<_> = ids.iter().rev().cloned().collect();
        assert_eq!(listed(shop, "sort=-updated&limit=2").await, newest_first);
        assert_eq!(listed(shop, "sort=-updated&limit=1&status=paid").await, ids[5..]);
        // As if all of that was a while ago.
        world.sql("UPDATE transactions SET updated_at = updated_at - 100000").await;
        for filter in ["", "&issued_from=2020-01-01"] {
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let (status, page) = shop.get(&format!("/api/v1/transactions?sort=updated&limit=2{filter}{cursor}")).await;
                assert_eq!(status, 200, "{page}");
                let of_page = page["transactions"].as_array().unwrap().iter();
                found.extend(of_page.map(|it| it["id"].as_str().unwrap().to_owned()));
                if cursor.is_empty() {
                    // One that was read and one that was not move to the end.
                    change(&ids[0], if filter.is_empty() { "shipped" } else { "disputed" }).await;
                    change(&ids[3], if filter.is_empty() { "shipped" } else { "disputed" }).await;
                }
                match page["next"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            let again = [0, 1, 2, 4, 5, 0, 3].map(|place: usize| ids[place].clone());
            assert_eq!(found, again, "{filter}");
            ids = again[1..].to_vec();
            world.sql("UPDATE transactions SET updated_at = updated_at - 100000").await;
        }
    }

    async fn pages_stay_right_while_transactions_come_in(database) {
        let world = World::start(database).await;
        let shop = &world.shop;
        let create = async |number: i32| {
            let mut order = sample(&format!("order-{number}"), BUYER, SELLER);
            order["status"] = json!(if number % 2 == 0 { "even" } else { "odd" });
            shop.create(&order).await
        };
        let mut ids = Vec::new();
        for number in 0..8 {
            ids.push(create(number).await);
        }
        for (query, is_oldest_first, step) in [
            ("sort=-created", false, 1),
            ("sort=created", true, 1),
            ("status=even&sort=-created", false, 2),
            ("status=even&sort=created", true, 2),
        ] {
            let mut wanted: Vec<_> = ids.iter().step_by(step).cloned().collect();
            if !is_oldest_first {
                wanted.reverse();
            }
            let mut came_in = Vec::new();
            let mut found = Vec::new();
            let mut cursor = String::new();
            loop {
                let (status, page) = shop.get(&format!("/api/v1/transactions?limit=1&{query}{cursor}")).await;
                assert_eq!(status, 200, "{page}");
                found.extend(page["transactions"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()));
                let Some(next) = page["next"].as_str() else { break };
                cursor = format!("&cursor={next}");
                if found.len() == 2 {
                    for _ in 0..2 {
                        let number = ids.len();
                        ids.push(create(number.try_into().unwrap()).await);
                        if number.is_multiple_of(step) {
                            came_in.push(ids[number].clone());
                        }
                    }
                }
            }
            // What came in meanwhile stands at the end of what is oldest first, and not in the other order.
            assert_eq!(came_in.len(), 2 / step, "{query}");
            if is_oldest_first {
                wanted.extend(came_in);
            }
            assert_eq!(found, wanted, "{query}");
        }
    }

    async fn a_wrong_parameter_is_named_with_what_is_allowed(database) {
        let world = World::start(database).await;
        for (query, parameter, words) in [
            ("nonsense=1", "nonsense", "`status`"),
            ("status=a&status=b", "status", "duplicate"),
            ("unread=bank", "unread", "`buyer`, `seller`"),
            ("problem=yes", "problem", "`true`, `false`"),
            ("sort=changed", "sort", "`-created`, `created`"),
            ("contact=@anna", "contact", "@accounts:example.org"),
            ("means=gone", "means", "`overdue`"),
            ("external_id=a&means=paid", "external_id", "other filters"),
            ("sort=updated&cursor=01ARZ3NDEKTSV4RRFFQ69G5FAV", "cursor", "same `sort`"),
            ("party=buyer", "party", "`contact`"),
            ("created_from=yesterday", "created_from", "2026-06-01"),
            ("updated_to=1", "updated_to", "2026-06-01"),
            ("due_to=tomorrow", "due_to", "2026-06-01"),
            ("due_to=2026-06-01T12:00:00", "due_to", "2026-06-01"),
            ("created_to=2026-06-01T12:00:00", "created_to", "2026-06-01"),
            ("status=", "status", "empty"),
            ("contact=", "contact", "empty"),
            ("unread=", "unread", "`buyer`, `seller`"),
            ("problem=", "problem", "`true`, `false`"),
            ("cursor=1", "cursor", "`next`"),
            ("limit=101", "limit", "from 1 to 100"),
            ("limit=%2B1", "limit", "from 1 to 100"),
            ("external_id=a&status=b", "external_id", "other filters"),
            ("external_id=a&sort=created", "external_id", "`sort`"),
            ("external_id=a&cursor=01ARZ3NDEKTSV4RRFFQ69G5FAV", "external_id", "`cursor`"),
        ] {
            let (status, refused) = world.shop.get(&format!("/api/v1/transactions?{query}")).await;
            assert_eq!((status, &refused["parameter"]), (400, &json!(parameter)), "{query}: {refused}");
            assert!(refused["detail"].as_str().unwrap().contains(words), "{query}: {refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_sorts_as_a_language_does_lists_the_same() {
    let world = World::start(Database::PostgresInEnglish).await;
    let shop = &world.shop;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(shop.create(&sample(&format!("order-{number}"), BUYER, SELLER)).await);
    }
    for query in ["sort=created", "sort=created&limit=1", "sort=created&created_from=2020-01-01"] {
        assert_eq!(listed(shop, query).await, ids, "{query}");
    }
    ids.reverse();
    for query in ["", "limit=1", "created_to=9999-12-31"] {
        assert_eq!(listed(shop, query).await, ids, "{query}");
    }
}
