//! Full text search over all records of a shop.

use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{World, sample};

async fn found(world: &World, query: &[(&str, &str)]) -> Vec<String> {
    let page = search(world, query).await;
    page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["text"].as_str().unwrap().to_owned())
        .collect()
}

async fn search(world: &World, query: &[(&str, &str)]) -> Value {
    world.shop.search(query).await
}

on_both_databases! {
    async fn what_was_said_is_found_again(database) {
        let world = World::start(database).await;
        let deal = world.deal().await;
        let (buyer, seller, room) = (&deal.buyer, &deal.seller, &deal.room);
        buyer.say(room, "Is the teak plank for the Fälligkeit on Größe 7 still there?").await;
        seller.say(room, "Teak: yes. The teak, the plank, and more teak; see ORD-2026/0815.").await;
        let typo = seller.say(room, "The larch arrives on Fryday").await;
        seller.edit(room, &typo, "The larch arrives on Friday").await;
        let slip = buyer.say(room, "my secret is canary7351").await;
        let last = buyer.say(room, "請求書をお願いします").await;
        world.shop.entry(&deal.id, &last).await;

        // Words, phrases, beginnings, exclusions; without case and accents; parts of numbers.
        assert_eq!(found(&world, &[("q", "teak")]).await.len(), 2);
        let best = &found(&world, &[("q", "TEAK")]).await[0];
        assert!(best.starts_with("Teak: yes"), "the entry with more of it is first: {best}");
        assert_eq!(found(&world, &[("q", "\"teak plank\"")]).await.len(), 1);
        assert_eq!(found(&world, &[("q", "falligkeit grosse")]).await.len(), 1);
        assert_eq!(found(&world, &[("q", "0815")]).await.len(), 1);
        assert_eq!(found(&world, &[("q", "ORD-2026")]).await.len(), 1);
        assert_eq!(found(&world, &[("q", "arriv*")]).await.len(), 2);
        assert_eq!(found(&world, &[("q", "larch -fryday")]).await, ["The larch arrives on Friday"]);
        assert_eq!(found(&world, &[("q", "請求書")]).await.len(), 1);
        assert_eq!(found(&world, &[("q", "nobody said this")]).await.len(), 0);
        // The summary that the bot pinned is found by what is in it; the room's name is not.
        let numbers = found(&world, &[("q", "INV-2026-0042")]).await;
        assert!(numbers.len() == 1 && numbers[0].contains("Oak plank"), "{numbers:?}");

        // Where and when.
        assert_eq!(found(&world, &[("q", "teak"), ("party", "buyer")]).await.len(), 1);
        assert_eq!(found(&world, &[("q", "teak"), ("party", "other")]).await.len(), 0);
        assert_eq!(found(&world, &[("q", "teak"), ("transaction", &deal.id)]).await.len(), 2);
        assert_eq!(found(&world, &[("q", "teak"), ("transaction", "01ARZ3NDEKTSV4RRFFQ69G5FAV")]).await.len(), 0);
        assert_eq!(found(&world, &[("q", "teak"), ("from", "2020-01-01"), ("to", "2199-12-31")]).await.len(), 2);
        assert_eq!(found(&world, &[("q", "teak"), ("to", "2020-01-01")]).await.len(), 0);
        assert_eq!(found(&world, &[("q", "teak"), ("from", "2199-12-31T00:00:00Z")]).await.len(), 0);

        // Why it was found.
        let page = search(&world, &[("q", "plank"), ("party", "buyer")]).await;
        let entry = &page["entries"][0];
        assert_eq!(entry["transaction"], deal.id.as_str());
        assert_eq!(entry["snippet"][0], json!({ "text": "Is the teak ", "match": false }));
        assert_eq!(entry["snippet"][1], json!({ "text": "plank", "match": true }));

        // Page by page, each match once, also while new ones come.
        let first = search(&world, &[("q", "the"), ("limit", "1")]).await;
        buyer.say(room, "the one that came later, the newest of the lot").await;
        let mut seen = vec![first["entries"][0]["event_id"].clone()];
        let mut next = first["next"].clone();
        while let Some(cursor) = next.as_str() {
            let page = search(&world, &[("q", "the"), ("limit", "1"), ("cursor", cursor)]).await;
            seen.push(page["entries"][0]["event_id"].clone());
            assert_eq!(page["searched_until"], first["searched_until"]);
            next = page["next"].clone();
        }
        let mut unique = seen.clone();
        unique.sort_by_key(ToString::to_string);
        unique.dedup();
        assert_eq!((seen.len(), unique.len()), (4, 4), "{seen:?}");

        // What is erased is not found, and no longer in the index.
        assert_eq!(found(&world, &[("q", "canary7351")]).await.len(), 1);
        buyer.redact(room, &slip).await;
        world.eventually("the slip gone", || async {
            found(&world, &[("q", "canary7351")]).await.is_empty().then_some(())
        }).await;
        assert_eq!(world.run(&["forget", &seller.id]).0.code(), Some(0));
        assert_eq!(found(&world, &[("q", "larch")]).await.len(), 0);

        // Only one's own records.
        let request = world.other_shop.request(reqwest::Method::GET, "/api/v1/entries?q=teak");
        let (_, theirs) = crate::support::Shop::answer(request).await;
        assert_eq!(theirs["entries"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_text_can_be_looked_for_or_is_told_why_not() {
    for database in [crate::support::Database::Sqlite, crate::support::Database::Postgres] {
        let world = World::start(database).await;
        world.shop.create(&sample("order-1", "@a:tally.localhost", "@b:tally.localhost")).await;
        for odd in [
            "' x",
            "a'b",
            "\" x",
            "a OR b NOT c NEAR(d)",
            "words:x",
            "a & | ! <-> :*",
            "x*y*",
            "%_\\ x",
            "a) OR 1=1 --",
            "é\u{301}",
            "👍 x",
            "-a b",
        ] {
            let page = search(&world, &[("q", odd)]).await;
            assert!(page["entries"].is_array(), "{odd}: {page}");
        }
        for (query, parameter) in [
            ("", "q"),
            ("?q=", "q"),
            ("?q=-a", "q"),
            ("?q=%00x", "q"),
            ("?q=%F0%9F%99%82", "q"),
            ("?q=a&party=me", "party"),
            ("?q=a&from=soon", "from"),
            ("?q=a&to=2026-13-01", "to"),
            ("?q=a&limit=1000", "limit"),
            ("?q=a&cursor=x", "cursor"),
            ("?q=a&transaction=7", "transaction"),
        ] {
            let (status, problem) = world.shop.get(&format!("/api/v1/entries{query}")).await;
            assert_eq!(status, 400, "{query}: {problem}");
            assert_eq!(problem["parameter"], parameter, "{problem}");
        }
    }
}
