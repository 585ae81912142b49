//! Checks that the same events give the same record, in whatever order they are received, repeated
//! and split over pushes: on real databases, with both policies for redactions, and however often
//! deriving is interrupted.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should fail")]
#![allow(unreachable_pub, reason = "nobody uses a test from outside")]

mod bench;
mod indexing;
mod two_ways;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tallyroom::clock::now;
use tallyroom::record::chain::{Checker, Evidence};
use tallyroom::record::{Ballots, Entry, RedactionPolicy, conversation};
use tallyroom::store::{Arrival, Deriving, Source};
use tokio::runtime::Runtime;
use ulid::Ulid;

use self::bench::{BOT, Bench, USERS};

/// One event of a conversation. Numbers refer to other events of the same conversation, earlier or
/// later ones.
#[derive(Clone, Debug)]
enum Said {
    Text(String),
    Html,
    Edit(usize, String),
    Redact(usize),
    React(usize, &'static str),
    Reply(usize),
    File(usize),
    Poll,
    Vote(usize, &'static str),
    EndPoll(usize),
    Join(&'static str),
    Leave,
    Topic(String),
    Odd,
}

/// How the events are delivered: their order (some are repeated), and for each push their number,
/// their source, how often the record is derived afterwards, and whether it is indexed then.
#[derive(Clone, Debug)]
struct Delivery {
    order: Vec<usize>,
    splits: Vec<(usize, Source, usize, bool)>,
}

fn said(count: usize) -> impl Strategy<Value = Said> {
    let other = 0..count;
    prop_oneof![
        4 => "[a-z ]{1,12}".prop_map(Said::Text),
        1 => Just(Said::Html),
        4 => (other.clone(), "[a-z]{1,6}").prop_map(|(of, text)| Said::Edit(of, text)),
        4 => other.clone().prop_map(Said::Redact),
        2 => (other.clone(), prop_oneof![Just("👍"), Just("👎")]).prop_map(|(of, key)| Said::React(of, key)),
        1 => other.clone().prop_map(Said::Reply),
        1 => (0..3_usize).prop_map(Said::File),
        1 => Just(Said::Poll),
        2 => (other.clone(), prop_oneof![Just("y"), Just("n")]).prop_map(|(of, vote)| Said::Vote(of, vote)),
        1 => other.prop_map(Said::EndPoll),
        2 => prop_oneof![Just("Ann"), Just("Bob"), Just("")].prop_map(Said::Join),
        1 => Just(Said::Leave),
        1 => "[a-z]{1,6}".prop_map(Said::Topic),
        1 => Just(Said::Odd),
    ]
}

fn story() -> impl Strategy<Value = (Vec<(usize, Said)>, Delivery)> {
    (2..14_usize)
        .prop_flat_map(|count| {
            let events = vec((0..USERS.len(), said(count)), count);
            let order = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
            let again = vec(0..count, 0..8);
            let source =
                prop_oneof![Just(Source::Push), Just(Source::Sync), Just(Source::Backfill)];
            (events, order, again, vec((1..5_usize, source, 0..3_usize, any::<bool>()), 24))
        })
        .prop_map(|(events, mut order, again, splits)| {
            for (place, event) in again.into_iter().enumerate() {
                order.insert((place * 3).min(order.len()), event);
            }
            (events, Delivery { order, splits })
        })
}

fn event_id(number: usize) -> String {
    format!("$event{number}")
}

fn raw(number: usize, user: &str, said: &Said, start: i64) -> String {
    let relation = |kind: &str, of: usize| json!({ "rel_type": kind, "event_id": event_id(of) });
    let text = |body: &str| json!({ "msgtype": "m.text", "body": body });
    let (event_type, content) = match said {
        Said::Text(body) => ("m.room.message", text(body)),
        Said::Html => (
            "m.room.message",
            json!({ "msgtype": "m.text", "body": "x", "format": "org.matrix.custom.html",
                "formatted_body": "<b>x</b><script>y</script>" }),
        ),
        Said::Edit(of, body) => (
            "m.room.message",
            json!({ "msgtype": "m.text", "body": format!("* {body}"), "m.new_content": text(body),
                "m.relates_to": relation("m.replace", *of) }),
        ),
        Said::Redact(of) => {
            ("m.room.redaction", json!({ "redacts": event_id(*of), "reason": "r" }))
        }
        Said::React(of, key) => {
            let mut relation = relation("m.annotation", *of);
            relation["key"] = json!(key);
            ("m.reaction", json!({ "m.relates_to": relation }))
        }
        Said::Reply(of) => (
            "m.room.message",
            json!({ "msgtype": "m.text", "body": "> <@a:x> q\n\nanswer",
                "m.relates_to": { "m.in_reply_to": { "event_id": event_id(*of) } } }),
        ),
        Said::File(which) => (
            "m.room.message",
            json!({ "msgtype": "m.file", "body": "f", "url": format!("mxc://x/file{which}") }),
        ),
        Said::Poll => (
            "m.poll.start",
            json!({ "m.poll": { "question": { "m.text": [{ "body": "Q" }] }, "answers": [
                { "m.id": "y", "m.text": [{ "body": format!("Yes {number}") }] }] } }),
        ),
        Said::Vote(of, vote) => (
            "m.poll.response",
            json!({ "m.selections": [vote], "m.relates_to": relation("m.reference", *of) }),
        ),
        Said::EndPoll(of) => (
            "m.poll.end",
            json!({ "m.text": [{ "body": "end" }], "m.relates_to": relation("m.reference", *of) }),
        ),
        Said::Join(name) => ("m.room.member", json!({ "membership": "join", "displayname": name })),
        Said::Leave => ("m.room.member", json!({ "membership": "leave" })),
        Said::Topic(topic) => ("m.room.topic", json!({ "topic": topic })),
        Said::Odd => ("m.room.message", json!([1, { "x": null }])),
    };
    let mut event = json!({ "type": event_type, "event_id": event_id(number), "sender": user,
        "origin_server_ts": start + 1_000 * i64::try_from(number).unwrap(), "content": content });
    match event_type {
        "m.room.member" => event["state_key"] = json!(user),
        "m.room.topic" => event["state_key"] = json!(""),
        _ => {}
    }
    event.to_string()
}

impl Bench {
    /// Returns the record of these events after this delivery, and the words in the index for each
    /// event.
    async fn record(
        &self,
        events: &[(usize, Said)],
        delivery: &Delivery,
        policy: RedactionPolicy,
        start: i64,
    ) -> (Ulid, Vec<Evidence>, Vec<(String, String)>) {
        let (id, room) = self.transaction().await;
        let deriving = Deriving { bot: BOT.to_owned(), redactions: policy, sign_after: 1 };
        let arrival = |number: usize| {
            let (user, said) = &events[number];
            let raw = raw(number, USERS[*user], said, start);
            Arrival { room_id: room.clone(), event_id: event_id(number), raw }
        };
        let mut rest = delivery.order.as_slice();
        let mut splits = delivery.splits.iter().cycle();
        while !rest.is_empty() {
            let (size, source, derived, indexed) = splits.next().unwrap();
            let (push, later) = rest.split_at((*size).min(rest.len()));
            let arrivals: Vec<_> = push.iter().map(|number| arrival(*number)).collect();
            self.store
                .journal(&arrivals, *source, "test", ruma::user_id!("@_tallyroom_bot:x"))
                .await
                .unwrap();
            for _ in 0..*derived {
                self.store.derive_room(&id.to_string(), &room, &deriving).await.unwrap();
            }
            if *indexed {
                self.index().await;
            }
            rest = later;
        }
        self.store.derive_room(&id.to_string(), &room, &deriving).await.unwrap();
        let evidence = self.store.snapshot().await.unwrap().evidence(id, 0, 1_000).await.unwrap();
        self.index().await;
        (id, evidence, self.indexed_words(id).await)
    }
}

/// Returns the part of a record that must not depend on the delivery. The order of receipt and what
/// follows from it are left out: numbers, hashes, the display name at receipt, and which of two
/// redactions came first.
fn essence(evidence: &[Evidence]) -> Vec<Value> {
    let entries: Vec<Entry> = evidence.iter().map(|it| it.entry.clone()).collect();
    let mut each: Vec<Value> = evidence
        .iter()
        .map(|it| {
            let entry = &it.entry;
            let is_there = (it.raw.is_some(), it.salt.is_some(), entry.erased.is_some());
            json!([
                entry.fixed.event_id,
                entry.fixed.party,
                entry.fixed.sender,
                entry.sort_at,
                entry.kind,
                entry.text,
                entry.html,
                entry.relates_to,
                entry.attachments,
                entry.membership,
                entry.remark,
                entry.redacted_by.is_some(),
                is_there,
            ])
        })
        .collect();
    each.sort_by_key(ToString::to_string);
    let mut ballots = Ballots::default();
    for it in evidence {
        if let Some(raw) = &it.raw {
            ballots.add(&it.entry, raw);
        }
    }
    let events = entries.iter().map(|it| it.fixed.event_id.as_str());
    let mut votes: Vec<_> = events.map(|it| json!([it, ballots.choices(it)])).collect();
    votes.sort_by_key(ToString::to_string);
    each.extend(votes);
    let ids =
        |entries: &[&Entry]| entries.iter().map(|it| it.fixed.event_id.clone()).collect::<Vec<_>>();
    let read = conversation(&entries).into_iter().map(|line| {
        json!([
            line.entry.fixed.event_id,
            line.name,
            ids(&line.edits),
            line.current().text,
            line.redaction.map(|it| &it.fixed.event_id),
            line.reactions,
            line.votes.iter().map(|(who, vote)| (who, &vote.fixed.event_id)).collect::<Vec<_>>(),
            line.poll_end.map(|it| &it.fixed.event_id),
            line.ignored.iter().map(|(it, why)| (&it.fixed.event_id, why)).collect::<Vec<_>>(),
        ])
    });
    each.extend(read);
    each
}

fn verifies(id: Ulid, evidence: &[Evidence]) -> Result<(), TestCaseError> {
    let mut checker = Checker::new(&id.to_string());
    for it in evidence {
        checker.check(it).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
    }
    checker.finish(None).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
    Ok(())
}

fn any_delivery_gives_the_same_record(url: &str, cases: u32) {
    let runtime = Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::open(url));
    let policy = prop_oneof![Just(RedactionPolicy::Honour), Just(RedactionPolicy::Retain)];
    // `CASES=20000` tests more cases.
    let cases = std::env::var("CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome =
        TestRunner::new(config).run(&(story(), policy), |((events, delivery), policy)| {
            let start = now();
            let in_order = Delivery {
                order: (0..events.len()).collect(),
                splits: vec![(events.len(), Source::Push, 0, false)],
            };
            let (one, expected, expected_words) =
                runtime.block_on(bench.record(&events, &in_order, policy, start));
            let (other, found, words) =
                runtime.block_on(bench.record(&events, &delivery, policy, start));
            prop_assert_eq!(expected.len(), events.len());
            prop_assert_eq!(essence(&expected), essence(&found));
            prop_assert_eq!(expected_words, words);
            verifies(one, &expected)?;
            verifies(other, &found)
        });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    any_delivery_gives_the_same_record(&bench::sqlite(folder.path()), 200);
}

#[test]
fn on_postgres() {
    any_delivery_gives_the_same_record(&bench::postgres(), 60);
}
