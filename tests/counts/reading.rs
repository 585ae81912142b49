//! What it takes to show people and shops what is recorded.

use serde_json::{Value, json};
use tallyroom::access::{KeyText, Origin};
use tallyroom::clock::now;
use tallyroom::store::{Created, NewApiKey, NewRevision};
use tallyroom::transaction::PartyRole;
use ulid::Ulid;

use crate::bench::USERS;
use crate::conversation::Conversation;
use crate::databases::{Database, on_each_database};
use crate::service::Service;

/// Makes a transaction with this number of messages, and then one of everything, in its record.
async fn talked_about(database: &Database, messages: usize) -> (Ulid, Conversation) {
    let (id, room) = database.bench.transaction().await;
    let mut said = Conversation::of_everybody(&room);
    for number in 0..messages {
        said.text(USERS[number % 2], &format!("Line {number}"));
    }
    said.one_of_everything();
    database.bench.arrive(id, &room, &said.events).await;
    (id, said)
}

#[test]
fn counting_sees_each_statement_and_each_commit_that_wrote() {
    on_each_database(async |database| {
        let store = database.bench.store.clone();
        let ((), counted) = database
            .count(async {
                store.set_fact("one", "1").await.unwrap();
                store.set_fact("two", "2").await.unwrap();
                assert_eq!(store.fact("two").await.unwrap().as_deref(), Some("2"));
                // A tx that writes nothing does not wait for the disk.
                store.begin().await.unwrap().commit().await.unwrap();
            })
            .await;
        assert_eq!((counted.statements.len(), counted.commits), (3, 2), "{counted}");
        assert!(counted.statements[2].starts_with("SELECT value FROM facts"), "{counted}");
    });
}

#[test]
fn a_list_of_transactions_takes_three_statements_however_long_it_is() {
    on_each_database(async |database| {
        for messages in 0..50 {
            talked_about(database, messages % 3).await;
        }
        let service = Service::start(&database.bench.store).await;
        let (list, counted) = database.count(service.get("transactions?limit=50")).await;
        let listed = list["transactions"].as_array().unwrap();
        assert_eq!(listed.len(), 50);
        assert!(listed.iter().all(|it| it["room"]["members"][0]["membership"] == "joined"));
        counted.assert_statements_at_most(3);
        counted.assert_commits_at_most(0);

        let path = format!("transactions/{}", listed[7]["id"].as_str().unwrap());
        assert_eq!(service.get(&path).await, listed[7]);
        // The content of a revision is read once, and then kept.
        let (_, counted) = database.count(service.get(&path)).await;
        counted.assert_statements_at_most(3);
    });
}

#[test]
fn a_page_of_events_takes_few_statements_however_many_records_they_are_about() {
    on_each_database(async |database| {
        for messages in 0..20 {
            talked_about(database, messages % 3).await;
        }
        let service = Service::start(&database.bench.store).await;
        let (page, counted) = database.count(service.get("events?limit=100")).await;
        let events = page["events"].as_array().unwrap();
        assert_eq!((events.len(), &page["more"]), (100, &json!(true)));
        assert!(events.iter().all(|it| it["data"] != json!({})), "{page}");
        // Where the feed ends (two on PostgreSQL), the page, the entries with what they do and their files, and the
        // statuses.
        counted.assert_statements_at_most(7);
        counted.assert_commits_at_most(0);
        // From a cursor, whether anything after it was deleted.
        let next = format!("events?limit=100&after={}", page["next"].as_str().unwrap());
        let (_, counted) = database.count(service.get(&next)).await;
        counted.assert_statements_at_most(8);
        // Somebody who is up to date asks for nothing else.
        let (_, counted) =
            database.count(service.get("events?after=latest&types=head.signed")).await;
        counted.assert_statements_at_most(6);
    });
}

#[test]
fn a_call_with_a_key_that_was_made_takes_one_statement_more() {
    on_each_database(async |database| {
        let store = database.bench.store.clone();
        let origin = Origin::Command { user: "root".to_owned() };
        let (key, scopes) = (KeyText::random(), "read".parse().unwrap());
        let digest = key.digest();
        let new = NewApiKey { shop: "shop", name: "till", scopes: &scopes, digest: &digest };
        assert!(store.add_api_key(new, &origin).await.unwrap());
        let service = Service::start(&store).await;
        let path = "transactions?limit=50";
        let (_, by_config) = database.count(service.get(path)).await;
        let made = service.download_with(key.expose(), path);
        let (_, by_made_key) = database.count(made).await;
        // The statement that looks the key up makes sure that a revoked one opens nothing. When it was
        // last used is written later.
        by_made_key.assert_statements_at_most(by_config.statements.len() + 1);
        by_made_key.assert_commits_at_most(0);
    });
}

#[test]
fn a_list_with_every_filter_takes_five_statements_however_many_transactions_there_are() {
    on_each_database(async |database| {
        let store = &database.bench.store;
        let (id, _) = talked_about(database, 1).await;
        let transaction = store.transaction(id).await.unwrap().unwrap();
        let origin = Origin::Command { user: "root".to_owned() };
        for number in 0..1_100 {
            let new = NewRevision { terms: &transaction.terms, warnings: &[], original: None };
            let name = format!("n-{number}");
            let created = store.create_transaction("shop", &name, new, "test", &origin).await;
            assert!(matches!(created, Ok(Created::New(_))));
        }
        let service = Service::start(store).await;
        let user = USERS[0];
        let filters = format!(
            "status={}&contact={user}&problem=false&created_from=2020-01-01&updated_from=2020-01-01\
             &issued_from=2026-06-01",
            transaction.terms.status
        );
        for sort in ["created", "-created"] {
            let path = format!("transactions?limit=50&sort={sort}&{filters}");
            let (list, counted) = database.count(service.get(&path)).await;
            assert_eq!(list["transactions"].as_array().unwrap().len(), 50, "{list}");
            counted.assert_statements_at_most(5);
            // What is rare is looked for in a bounded number of transactions for each page.
            let path = format!("transactions?sort={sort}&unread=seller&{filters}");
            let (first, counted) = database.count(service.get(&path)).await;
            counted.assert_statements_at_most(5);
            let next = first["next"].as_str().unwrap();
            let (second, _) = database.count(service.get(&format!("{path}&cursor={next}"))).await;
            assert_eq!(second["next"], json!(null));
            let found = [&first, &second].map(|it| it["transactions"].as_array().unwrap().len());
            assert!(found.iter().sum::<usize>() <= 1, "{found:?}");
        }
    });
}

#[test]
fn a_page_of_entries_takes_four_statements_however_many_edits_and_votes_are_on_it() {
    on_each_database(async |database| {
        let (id, said) = talked_about(database, 150).await;
        let service = Service::start(&database.bench.store).await;
        let path = format!("transactions/{id}/entries?limit=1000");
        service.get(&path).await;
        for path in [&path, &format!("{path}&include=raw")] {
            let (answer, counted) = database.count(service.get(path)).await;
            let entries = answer["entries"].as_array().unwrap();
            assert_eq!(entries.len(), said.events.len());
            let ignored: Vec<&str> =
                entries.iter().filter_map(|it| it["ignored"].as_str()).collect();
            assert_eq!(ignored.len(), 2, "{ignored:?}");
            assert!(ignored[0].contains("somebody who did not write"), "{ignored:?}");
            assert!(ignored[1].contains("after the end of the poll"), "{ignored:?}");
            let votes: Vec<&Value> =
                entries.iter().filter(|it| it["kind"] == "poll_response").collect();
            assert_eq!(votes[0]["text"], "Tuesday");
            let raw = path.ends_with("raw").then(|| said.events[0]["event_id"].clone());
            assert_eq!(entries[0]["raw"]["event_id"], json!(raw));
            counted.assert_statements_at_most(4);
            counted.assert_commits_at_most(0);
        }
    });
}

#[test]
fn what_is_shown_with_matches_of_a_search_takes_two_statements() {
    on_each_database(async |database| {
        for _ in 0..30 {
            talked_about(database, 1).await;
        }
        database.bench.index().await;
        let service = Service::start(&database.bench.store).await;
        let (answer, counted) = database.count(service.get("entries?q=tuesday&limit=100")).await;
        let found = answer["entries"].as_array().unwrap();
        let votes = found.iter().filter(|it| it["kind"] == "poll_response").count();
        assert_eq!((found.len(), votes), (60, 30), "the polls, and the votes");
        let with_matches = counted.statements.iter().filter(|it| it.contains("WITH chosen"));
        assert!(with_matches.count() <= 2, "{counted}");
    });
}

#[test]
fn an_invoice_page_takes_four_statements_whatever_is_on_it() {
    on_each_database(async |database| {
        let (id, said) = talked_about(database, 100).await;
        let store = database.bench.store.clone();
        let last = said.events.last().unwrap()["event_id"].as_str().unwrap();
        store.note_receipt(id, USERS[1], last, now()).await.unwrap();
        let service = Service::start(&store).await;
        let visitor = service.visitor(id, PartyRole::Buyer).await;
        service.write(&visitor, "Is anybody there?").await;
        // What the page shows of a revision is read once, and then kept.
        service.open(&visitor, "").await;
        for (part, words) in [
            ("", "Is anybody there?"),
            ("?reply=REPLY", "Where is our order?"),
            ("/lines?before=9999999999999_", "On its way."),
        ] {
            let reply = said.events[103]["event_id"].as_str().unwrap();
            let reply: String = form_urlencoded::byte_serialize(reply.as_bytes()).collect();
            let part = part.replace("REPLY", &reply);
            let (page, counted) = database.count(service.open(&visitor, &part)).await;
            for words in [words, "Line 99", "Where is our order?", "Tuesday", "slip.pdf"] {
                assert!(page.contains(words), "{words} is missing in {part}: {page}");
            }
            counted.assert_statements_at_most(4);
            counted.assert_commits_at_most(0);
        }
    });
}
