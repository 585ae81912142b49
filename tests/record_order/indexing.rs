//! Checks the full-text index, which is written after the entries: what it holds at which time, and
//! that erased words are never in it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection};
use tallyroom::access::Origin;
use tallyroom::clock::now;
use tallyroom::intake::index_forever;
use tallyroom::record::Entry;
use tallyroom::search::Query;
use tallyroom::store::{ErasureRequest, SearchRequest, Source, Unindexed};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::bench::{self, Bench};

const BUYER: &str = "@buyer:x";
const SELLER: &str = "@seller:x";

fn event(number: usize, sender: &str, kind: &str, content: Value) -> Value {
    json!({ "type": kind, "event_id": format!("$event{number:04}"), "sender": sender,
        "origin_server_ts": now() + i64::try_from(number).unwrap(), "content": content })
}

fn message(number: usize, text: &str) -> Value {
    event(number, BUYER, "m.room.message", json!({ "msgtype": "m.text", "body": text }))
}

fn redaction(number: usize, of: usize) -> Value {
    let content = json!({ "redacts": format!("$event{of:04}") });
    event(number, BUYER, "m.room.redaction", content)
}

fn answers(words: &str) -> Value {
    json!({ "m.poll": { "question": { "m.text": [{ "body": "Which" }] },
        "answers": [{ "m.id": "a", "m.text": [{ "body": words }] }] } })
}

fn poll(number: usize, words: &str) -> Value {
    event(number, BUYER, "m.poll.start", answers(words))
}

fn edit_of_poll(number: usize, of: usize, words: &str) -> Value {
    let mut content = json!({ "m.new_content": answers(words) });
    content["m.relates_to"] =
        json!({ "rel_type": "m.replace", "event_id": format!("$event{of:04}") });
    event(number, BUYER, "m.poll.start", content)
}

fn vote(number: usize, in_poll: usize) -> Value {
    let content = json!({ "m.selections": ["a"], "m.relates_to":
        { "rel_type": "m.reference", "event_id": format!("$event{in_poll:04}") } });
    event(number, SELLER, "m.poll.response", content)
}

impl Bench {
    /// Returns the words in the index for each event of a record, in the order of event ids.
    pub async fn indexed_words(&self, id: Ulid) -> Vec<(String, String)> {
        let mut connection = AnyConnection::connect(&self.url).await.unwrap();
        let words = "SELECT e.event_id, s.words FROM search_rows s JOIN entries e \
             ON e.transaction_id = s.transaction_id AND e.seq = s.seq \
             WHERE s.transaction_id = $1 ORDER BY e.event_id";
        sqlx::query_as(words).bind(id.to_string()).fetch_all(&mut connection).await.unwrap()
    }

    /// Returns the words of the index in the order of events.
    async fn words(&self, id: Ulid) -> Vec<String> {
        self.indexed_words(id).await.into_iter().map(|(_, words)| words).collect()
    }

    /// Returns the texts that a search in one record finds, best first.
    async fn found(&self, id: Ulid, query: &str) -> Vec<String> {
        let query = Query::read(query).unwrap();
        let request = SearchRequest {
            shop: "shop",
            query: &query,
            party: None,
            transaction: Some(id),
            from: i64::MIN,
            until: i64::MAX,
            as_of: None,
            offset: 0,
            limit: 20,
        };
        let page = self.store.search(&request).await.unwrap();
        page.entries.into_iter().filter_map(|it| it.text).collect()
    }

    async fn until_indexed(&self, id: Ulid, word: &str) {
        let found = async {
            while !self.words(id).await.iter().any(|words| words == word) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), found).await.unwrap();
    }
}

fn record_of(id: Ulid) -> Unindexed {
    Unindexed { shop: "shop".to_owned(), id: id.to_string() }
}

async fn deriving_writes_nothing_into_the_index(bench: &Bench) {
    let (id, room) = bench.transaction().await;
    bench.arrive(id, &room, &[message(1, "oak"), poll(2, "elm"), vote(3, 2)]).await;
    assert_eq!(bench.words(id).await, [""; 0]);
    assert_eq!(bench.index().await, [3]);
    assert_eq!(bench.words(id).await, ["oak", "which elm", "elm"]);
    assert_eq!(bench.found(id, "oak").await, ["oak"]);
    assert_eq!(bench.index().await, [0; 0], "nothing is left to be done");
}

async fn one_tx_takes_entries_of_several_records_and_of_each_only_some(bench: &Bench) {
    let (long, long_room) = bench.transaction().await;
    let (short, short_room) = bench.transaction().await;
    let many: Vec<_> =
        (1..=1_280).map(|number| message(number, &format!("word{number}"))).collect();
    for some in many.chunks(90) {
        bench.arrive(long, &long_room, some).await;
    }
    bench.arrive(short, &short_room, &[message(1, "oak"), message(2, "elm")]).await;
    let records = [record_of(long), record_of(short)];
    assert_eq!(bench.store.index(&records, 512).await.unwrap().entries, 258);
    assert_eq!((bench.words(long).await.len(), bench.words(short).await.len()), (256, 2));
    // It goes on behind them, and nothing is indexed twice.
    assert_eq!(bench.index().await, [512; 2]);
    let expected: Vec<_> = (1..=1_280).map(|number| format!("word{number}")).collect();
    assert_eq!(bench.words(long).await, expected);
    assert_eq!(bench.found(long, "word317").await, ["word317"]);
}

async fn long_texts_are_indexed_over_several_txs(bench: &Bench) {
    let (id, room) = bench.transaction().await;
    let long = |number: usize| message(number, &format!("oak{number} {}", "teak ".repeat(10_000)));
    let all: Vec<_> = (1..=14).map(long).collect();
    bench.arrive(id, &room, &all).await;
    let counts = bench.index().await;
    assert!(counts.len() > 2 && counts.iter().sum::<usize>() == 14, "{counts:?}");
    assert_eq!(bench.words(id).await.len(), 14);
    assert_eq!(bench.found(id, "oak14").await.len(), 1);
}

async fn the_best_match_has_the_words_often_and_says_little_else(bench: &Bench) {
    let (id, room) = bench.transaction().await;
    let much = "the elm stands in the yard beside the house, and this is all that we know of it";
    let late = format!("{} larch", "teak ".repeat(2_000));
    let texts = [
        "oak",
        "oak? An oak, and one more oak",
        &format!("oak, {much}"),
        "pine and oak",
        "oak and pine",
        &late,
        "a larch",
    ];
    let all: Vec<_> = (1..).zip(texts).map(|(number, text)| message(number, text)).collect();
    bench.arrive(id, &room, &all).await;
    bench.index().await;
    let best = bench.found(id, "oak").await;
    // Of equal matches, the newest is first.
    assert_eq!(best, [texts[1], texts[0], texts[4], texts[3], texts[2]]);
    assert_eq!(bench.found(id, "oa* -pine").await, [texts[1], texts[0], texts[2]]);
    assert_eq!(bench.found(id, "\"pine and oak\"").await, [texts[3]]);
    assert_eq!(
        bench.found(id, "larch").await,
        [texts[6], texts[5]],
        "also far behind in a long text"
    );
}

async fn what_is_erased_before_it_is_indexed_never_comes_into_the_index(bench: &Bench) {
    let (id, room) = bench.transaction().await;
    bench.arrive(id, &room, &[message(1, "secret"), message(2, "oak")]).await;
    bench.arrive(id, &room, &[redaction(3, 1)]).await;
    bench.index().await;
    assert_eq!(bench.words(id).await, ["oak"]);
    bench.arrive(id, &room, &[message(4, "another secret")]).await;
    let origin = Origin::Command { user: "root".to_owned() };
    let asked = ErasureRequest::new("test", None);
    let bot = ruma::user_id!("@_tallyroom_bot:x");
    let mut told = BTreeSet::new();
    while bench.store.forget(BUYER, bot, &asked, &origin, &mut told).await.unwrap().entries > 0 {}
    bench.index().await;
    assert_eq!(bench.words(id).await, [""; 0]);
    assert_eq!(bench.found(id, "secret").await, [""; 0]);
}

async fn what_is_erased_after_it_was_indexed_leaves_the_index_at_once(bench: &Bench) {
    let (id, room) = bench.transaction().await;
    bench.arrive(id, &room, &[message(1, "secret"), poll(2, "elm"), vote(3, 2)]).await;
    bench.index().await;
    bench.arrive(id, &room, &[redaction(4, 1), redaction(5, 2)]).await;
    assert_eq!(bench.words(id).await, [""; 0]);
    assert_eq!(bench.found(id, "elm").await, [""; 0]);
}

async fn votes_get_the_words_of_their_poll_whichever_is_indexed_first(bench: &Bench) {
    let (id, room) = bench.transaction().await;
    bench.arrive(id, &room, &[vote(1, 2)]).await;
    bench.index().await;
    assert_eq!(bench.words(id).await, [""; 0], "nobody knows what was voted for");
    bench.arrive(id, &room, &[poll(2, "elm"), vote(3, 2)]).await;
    bench.index().await;
    // The first vote came before the poll was made, so the answers are those of its first version.
    assert_eq!(bench.words(id).await, ["elm", "which elm", "elm"]);
    bench.arrive(id, &room, &[edit_of_poll(4, 2, "larch"), vote(5, 2)]).await;
    bench.index().await;
    let words = bench.words(id).await;
    assert_eq!(words.first().map(String::as_str), Some("elm"));
    assert_eq!(words.last().map(String::as_str), Some("larch"));
    // An erasure of the poll before its votes are indexed.
    bench.arrive(id, &room, &[vote(6, 2)]).await;
    bench.arrive(id, &room, &[redaction(7, 2)]).await;
    bench.index().await;
    assert_eq!(bench.words(id).await, [""; 0]);
}

async fn a_search_says_until_when_it_has_looked(bench: &Bench) {
    let before = now();
    assert!(bench.store.searched_until("shop").await.unwrap() >= before);
    let (id, room) = bench.transaction().await;
    bench.journal(Source::Push, &room, &[message(1, "oak")]).await;
    let underived = bench.store.searched_until("shop").await.unwrap();
    bench.store.derive_room(&id.to_string(), &room, &bench::deriving()).await.unwrap();
    let entry = bench.store.entries(id, 0, 1).await.unwrap().remove(0);
    assert_eq!(underived, entry.fixed.received_at);
    assert_eq!(bench.store.searched_until("shop").await.unwrap(), underived);
    assert!(bench.store.searched_until("other").await.unwrap() > underived, "of one shop only");
    let asked_at = now();
    bench.index().await;
    assert!(bench.store.searched_until("shop").await.unwrap() >= asked_at);
}

async fn a_conversation_is_searched_from_its_newest_words(bench: &Bench) {
    let (id, room) = bench.transaction().await;
    let said_before = |number: usize, words: &str| {
        let mut message = message(number, words);
        message["origin_server_ts"] = json!(now() - 100 * (100 - i64::try_from(number).unwrap()));
        message
    };
    // The oldest one has the most of it.
    let mut said = vec![said_before(1, "oak oak oak")];
    said.extend((2..=70).map(|number| said_before(number, &format!("oak {number}"))));
    let mut of_bot = said_before(71, "oak 71");
    of_bot["sender"] = json!(bench::BOT);
    said.push(of_bot);
    bench.arrive(id, &room, &said).await;
    bench.index().await;
    let query = Query::read("oak").unwrap();
    let newest = bench.store.search_conversation(("shop", id), &query, None, 60).await.unwrap();
    let text = |it: &(i64, Entry)| it.1.text.clone().unwrap();
    let expected: Vec<_> = (11..=70).rev().map(|number| format!("oak {number}")).collect();
    assert_eq!(newest.iter().map(text).collect::<Vec<_>>(), expected);
    let before = newest.last().map(|it| it.0);
    let rest = bench.store.search_conversation(("shop", id), &query, before, 60).await.unwrap();
    assert_eq!((rest.len(), text(&rest[9])), (10, "oak oak oak".to_owned()));
    let other = bench.store.search_conversation(("other", id), &query, None, 60).await.unwrap();
    assert!(other.is_empty());
}

async fn a_record_that_cannot_be_indexed_does_not_keep_others_from_it(bench: &Bench) {
    let ((odd, odd_room), (fine, fine_room)) =
        (bench.transaction().await, bench.transaction().await);
    bench.arrive(odd, &odd_room, &[message(1, "oak")]).await;
    bench.arrive(fine, &fine_room, &[message(1, "elm")]).await;
    let mut connection = AnyConnection::connect(&bench.url).await.unwrap();
    let mut damage = async |attachments: &'static str| {
        let damage = "UPDATE entries SET attachments = $2 WHERE transaction_id = $1";
        let damage = sqlx::query(damage).bind(odd.to_string()).bind(attachments);
        damage.execute(&mut connection).await.unwrap();
    };
    damage("damaged").await;
    let stop = CancellationToken::new();
    let indexer = tokio::spawn(index_forever(bench.store.clone(), stop.clone()));
    bench.until_indexed(fine, "elm").await;
    assert_eq!(bench.words(odd).await, [""; 0]);
    damage("[]").await;
    bench.until_indexed(odd, "oak").await;
    // What comes now is indexed without anybody asking for it.
    bench.arrive(fine, &fine_room, &[message(2, "larch")]).await;
    bench.until_indexed(fine, "larch").await;
    stop.cancel();
    indexer.await.unwrap();
}

/// So several processes can index at the same time, and an erasure waits for the index, but the
/// index never waits.
async fn a_record_that_is_being_written_is_left_out(bench: &Bench) {
    if bench.url.starts_with("sqlite") {
        return;
    }
    let ((one, one_room), (other, other_room)) =
        (bench.transaction().await, bench.transaction().await);
    bench.arrive(one, &one_room, &[message(1, "oak")]).await;
    bench.arrive(other, &other_room, &[message(1, "elm")]).await;
    let mut connection = AnyConnection::connect(&bench.url).await.unwrap();
    let mut tx = connection.begin().await.unwrap();
    let lock = "UPDATE transactions SET last_seq = last_seq WHERE id = $1";
    sqlx::query(lock).bind(one.to_string()).execute(&mut *tx).await.unwrap();
    let records = [record_of(one), record_of(other)];
    assert_eq!(bench.store.index(&records, 512).await.unwrap().entries, 1);
    assert_eq!((bench.words(one).await.len(), bench.words(other).await.len()), (0, 1));
    tx.commit().await.unwrap();
    assert_eq!(bench.index().await, [1]);
}

fn all(url: &str) {
    Runtime::new().unwrap().block_on(async {
        let bench = Bench::open(url).await;
        deriving_writes_nothing_into_the_index(&bench).await;
        one_tx_takes_entries_of_several_records_and_of_each_only_some(&bench).await;
        long_texts_are_indexed_over_several_txs(&bench).await;
        the_best_match_has_the_words_often_and_says_little_else(&bench).await;
        what_is_erased_before_it_is_indexed_never_comes_into_the_index(&bench).await;
        what_is_erased_after_it_was_indexed_leaves_the_index_at_once(&bench).await;
        votes_get_the_words_of_their_poll_whichever_is_indexed_first(&bench).await;
        a_search_says_until_when_it_has_looked(&bench).await;
        a_conversation_is_searched_from_its_newest_words(&bench).await;
        a_record_that_cannot_be_indexed_does_not_keep_others_from_it(&bench).await;
        a_record_that_is_being_written_is_left_out(&bench).await;
    });
}

#[test]
fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    all(&bench::sqlite(folder.path()));
}

#[test]
fn on_postgres() {
    all(&bench::postgres());
}
