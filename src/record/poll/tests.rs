use super::super::conversation::tests::entry;
use super::*;
use serde_json::json;

const START: &str = "m.poll.start";

fn content(yes: &str, max: u64) -> Value {
    json!({ "m.poll": { "max_selections": max,
        "question": { "m.text": [{ "body": "Accept?" }] },
        "answers": [{ "m.id": "y", "m.text": [{ "body": yes }] },
            { "m.id": "a, b", "m.text": [{ "body": "Both" }] },
            { "m.id": "n", "m.text": [{ "body": "No" }] }] } })
}

fn edit(new: Value) -> Value {
    json!({ "m.new_content": new, "m.relates_to": { "rel_type": "m.replace", "event_id": "$p" } })
}

fn vote(ids: &[&str]) -> Value {
    json!({ "m.selections": ids, "m.relates_to": { "rel_type": "m.reference", "event_id": "$p" } })
}

/// The events of a record, as `(id, sender, time, type, content)`, in any order.
fn ballots(events: &[(&str, &str, i64, &str, Value)]) -> Ballots {
    let mut ballots = Ballots::default();
    for (id, sender, at, event_type, content) in events {
        let raw = json!({ "content": content }).to_string();
        ballots.add(&entry(id, sender, *at, event_type, content.clone()), &raw);
    }
    ballots
}

fn said(ballots: &Ballots, vote: &str) -> String {
    in_words(&ballots.choices(vote).unwrap())
}

#[test]
fn a_vote_says_the_words_that_stood_when_it_was_cast() {
    let mut events = vec![
        ("$late", "@b:x", 40, "m.poll.response", vote(&["y"])),
        ("$early", "@b:x", 20, "m.poll.response", vote(&["y"])),
        ("$odd", "@b:x", 5, "m.poll.response", vote(&["n", "a, b"])),
        ("$edit", "@a:x", 30, START, edit(content("Yes, for 500", 2))),
        ("$evil", "@b:x", 10, START, edit(content("Never", 2))),
        ("$p", "@a:x", 10, START, content("Yes", 2)),
    ];
    for _ in 0..2 {
        let ballots = ballots(&events);
        assert_eq!(said(&ballots, "$early"), "Yes");
        assert_eq!(said(&ballots, "$late"), "Yes, for 500");
        assert_eq!(said(&ballots, "$odd"), "No, Both", "its clock is behind that of the poll");
        assert_eq!(ballots.poll("$p").unwrap().answers[0].1, "Yes, for 500");
        events.reverse();
    }
}

#[test]
fn choices_beyond_those_allowed_do_not_count_and_unknown_ones_keep_their_id() {
    let votes = |ids: &[&str]| ("$v", "@b:x", 20, "m.poll.response", vote(ids));
    let poll = || ("$p", "@a:x", 10, START, content("Yes", 1));
    assert_eq!(said(&ballots(&[poll(), votes(&["n", "y"])]), "$v"), "No");
    let unknown = ballots(&[poll(), votes(&["x"])]).choices("$v").unwrap();
    assert_eq!((unknown[0].id.as_str(), &unknown[0].text), ("x", &None));
    let alone = ballots(&[votes(&["n", "y"])]);
    assert_eq!(said(&alone, "$v"), "n, y", "no poll is known");
    assert_eq!(alone.choices("$p"), None);
}

#[test]
fn polls_and_votes_are_read_with_their_unstable_names() {
    let poll = json!({ "org.matrix.msc3381.poll.start": {
        "question": { "org.matrix.msc1767.text": "Really?" },
        "answers": [{ "id": "y", "org.matrix.msc1767.text": "Yes" }] } });
    let vote = json!({ "org.matrix.msc3381.poll.response": { "answers": ["y", "y", 5] },
        "m.relates_to": { "rel_type": "m.reference", "event_id": "$p" } });
    let ballots = ballots(&[
        ("$v", "@b:x", 20, "org.matrix.msc3381.poll.response", vote),
        ("$p", "@a:x", 10, "org.matrix.msc3381.poll.start", poll),
    ]);
    assert_eq!(said(&ballots, "$v"), "Yes");
    assert_eq!(ballots.poll("$p").unwrap().words(), "Really?\n- Yes");
}
