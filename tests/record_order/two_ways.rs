//! Checks news from two sources without a common order: the newer news count, whichever is received
//! last.

use ruma::UserId;
use serde_json::{Value, json};
use tallyroom::clock::now;
use tallyroom::intake::invite_again;
use tallyroom::store::Source;
use tokio::runtime::Runtime;
use ulid::Ulid;

use super::bench::{self, BOT, Bench};

const SELLER: &str = "@seller:x";

fn member(number: usize, membership: &str, at: i64) -> Value {
    json!({ "type": "m.room.member", "event_id": format!("$member{number}"), "sender": SELLER,
        "state_key": SELLER, "origin_server_ts": at, "content": { "membership": membership } })
}

fn message(number: usize, at: i64) -> Value {
    json!({ "type": "m.room.message", "event_id": format!("$said{number}"), "sender": SELLER,
        "origin_server_ts": at, "content": { "msgtype": "m.text", "body": "x" } })
}

/// Returns what is known about the seller: the membership, whether inviting them was given up, and the
/// `seen_at` that a query about them has to remember.
async fn seller(bench: &Bench, id: Ulid) -> (Option<String>, bool, i64) {
    let members = bench.store.members(id).await.unwrap();
    let seller = members.get(<&UserId>::try_from(SELLER).unwrap()).cloned().unwrap_or_default();
    (seller.membership, seller.gave_up, seller.seen_at)
}

async fn an_answer_about_membership_loses_against_an_event_since_its_question(bench: &Bench) {
    let user = <&UserId>::try_from(SELLER).unwrap();
    let (id, room) = bench.transaction().await;
    let start = now();

    // Nothing happened during the query, so the answer counts.
    let (.., asked) = seller(bench, id).await;
    bench.store.set_membership(id, user, "invite", asked).await.unwrap();
    assert_eq!(seller(bench, id).await.0.as_deref(), Some("invite"));

    // The seller joins during the invitation, before its answer or its error is received.
    let (.., asked) = seller(bench, id).await;
    bench.arrive(id, &room, &[member(1, "join", start)]).await;
    bench.store.set_membership(id, user, "invite", asked).await.unwrap();
    bench.store.member_failed(id, user, None, "refused", asked).await.unwrap();
    let (membership, gave_up, asked) = seller(bench, id).await;
    assert_eq!((membership.as_deref(), gave_up), (Some("join"), false));
    assert_eq!(bench.store.member_problems(id).await.unwrap(), []);

    // The answer to a later query counts again. An older event that is received late does not count.
    bench.store.set_membership(id, user, "leave", asked).await.unwrap();
    bench.arrive(id, &room, &[member(2, "ban", start - 1)]).await;
    assert_eq!(seller(bench, id).await.0.as_deref(), Some("leave"));
}

async fn a_wrong_clock_does_not_outlast_what_happens_afterwards(bench: &Bench) {
    let (id, room) = bench.transaction().await;
    let in_a_year = now() + 365 * 24 * 3_600_000;
    bench.arrive(id, &room, &[member(1, "join", in_a_year)]).await;
    assert_eq!(seller(bench, id).await.0.as_deref(), Some("join"));
    bench.arrive(id, &room, &[member(2, "leave", now() + 1_000)]).await;
    assert_eq!(seller(bench, id).await.0.as_deref(), Some("leave"));
}

async fn reading_only_goes_on(bench: &Bench) {
    let (id, room) = bench.transaction().await;
    let start = now();
    let read = async |event: &str, at: i64| {
        bench.store.note_receipt(id, SELLER, event, at).await.unwrap();
        let last_reads = bench.store.last_reads(id).await.unwrap();
        last_reads.first().and_then(|read| read.line.clone()).unwrap_or_default()
    };
    let said: Vec<_> = (1..=3).map(|number| message(number, start + number as i64)).collect();
    bench.arrive(id, &room, &said).await;
    assert_eq!(read("$said2", start).await, "$said2");
    // An older receipt is received late, and the clock of its sender is fast.
    assert_eq!(read("$said1", start + 5).await, "$said2");
    // The next receipt is further in the record, and the clock of its sender is slow.
    assert_eq!(read("$said3", start - 60_000).await, "$said3");
    // The receipt is received before its event.
    read("$said4", start).await;
    bench.arrive(id, &room, &[message(4, start + 4)]).await;
    assert_eq!(read("$said3", start).await, "$said4");
}

/// Writing the room's state takes several calls. Somebody may change it during these calls.
async fn what_was_put_in_order_counts_only_if_nobody_touched_it_meanwhile(bench: &Bench) {
    let (id, room) = bench.transaction().await;
    let before = bench.store.room(id).await.unwrap().unwrap().wakes;
    let topic = json!({ "type": "m.room.topic", "event_id": "$topic", "sender": SELLER,
        "state_key": "", "origin_server_ts": now(), "content": { "topic": "Pay elsewhere" } });
    bench.arrive(id, &room, &[topic]).await;
    bench.store.state_published(id, before, "digest").await.unwrap();
    let changed = bench.store.room(id).await.unwrap().unwrap();
    assert_eq!(changed.published, None);
    bench.store.state_published(id, changed.wakes, "digest").await.unwrap();
    let published = bench.store.room(id).await.unwrap().unwrap().published;
    assert_eq!(published.as_deref(), Some("digest"));
}

/// Pushes and the sync report an invitation of the bot, in any order. Only the sync reports it as long
/// as it is open: if the bot declined because of a push, the sync would no longer report who invited
/// it.
async fn the_bot_declines_an_invitation_only_when_it_was_heard_what_is_asked(bench: &Bench) {
    let invitation = json!({ "type": "m.room.member", "event_id": "$invitation", "sender": SELLER,
        "state_key": BOT, "origin_server_ts": now(), "content": { "membership": "invite" } });
    let (chat, bot) = ("!chat:x", ruma::user_id!("@_tallyroom_bot:x"));
    bench.journal(Source::Push, chat, std::slice::from_ref(&invitation)).await;
    assert!(!leaves(bench).await);
    bench.store.journal_sync(&[], &[], &[chat.to_owned()], "token", "test", bot).await.unwrap();
    assert!(leaves(bench).await);
    // The sync reports the event itself after the bot left the room. This is no new invitation.
    bench.journal(Source::Sync, chat, &[invitation]).await;
    assert!(!leaves(bench).await);
}

/// Returns whether one of our users is due to leave a room, and marks it as done.
async fn leaves(bench: &Bench) -> bool {
    let soon = now() + 60_000;
    let Some(it) = bench.store.due_departure(soon).await.unwrap() else { return false };
    bench.store.departed(&it).await.unwrap();
    true
}

async fn whoever_asks_to_be_let_in_again_is_even_if_their_leaving_is_not_recorded_yet(
    bench: &Bench,
) {
    let user = <&UserId>::try_from(SELLER).unwrap();
    let (id, room) = bench.transaction().await;
    let start = now();
    bench.arrive(id, &room, &[member(1, "join", start)]).await;
    bench.journal(Source::Push, &room, &[member(2, "leave", start + 1)]).await;
    invite_again(&bench.store, &bench::deriving(), user, "test").await.unwrap();
    assert_eq!(seller(bench, id).await.0, None);
    // What the seller does afterwards counts.
    bench.arrive(id, &room, &[member(3, "join", start + 2), member(4, "leave", start + 3)]).await;
    assert_eq!(seller(bench, id).await.0.as_deref(), Some("leave"));
}

fn all(url: &str) {
    Runtime::new().unwrap().block_on(async {
        let bench = Bench::open(url).await;
        an_answer_about_membership_loses_against_an_event_since_its_question(&bench).await;
        a_wrong_clock_does_not_outlast_what_happens_afterwards(&bench).await;
        reading_only_goes_on(&bench).await;
        what_was_put_in_order_counts_only_if_nobody_touched_it_meanwhile(&bench).await;
        the_bot_declines_an_invitation_only_when_it_was_heard_what_is_asked(&bench).await;
        whoever_asks_to_be_let_in_again_is_even_if_their_leaving_is_not_recorded_yet(&bench).await;
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
