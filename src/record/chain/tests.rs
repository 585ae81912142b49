use serde_json::{Value, json};

use super::*;
use crate::record::digest::{canonical, content_digest};
use crate::record::entry::{Erased, sort_at};
use crate::record::{DERIVATION_VERSION, derive};
use crate::record::{Fault, Place};

/// Returns a record of these events, each given as `(event id, sender, type, content)`.
fn record(events: &[(&str, &str, &str, Value)]) -> Vec<Evidence> {
    let mut head = Head::default();
    events
        .iter()
        .map(|(id, sender, event_type, content)| {
            let raw = json!({ "type": event_type, "event_id": id, "sender": sender,
                "origin_server_ts": 1_000 + head.seq, "content": content })
            .to_string();
            let derived = derive(&raw);
            let fixed = Fixed {
                transaction: "01T".into(),
                seq: head.seq + 1,
                room_id: "!r:x".into(),
                event_id: (*id).into(),
                event_type: derived.event_type,
                sender: derived.sender.unwrap_or_default(),
                party: "buyer".into(),
                sent_at: derived.sent_at,
                received_at: 2_000,
                source: "push".into(),
                content: content_digest("5a17", &raw),
            };
            let hash = link(&head.hash, &fixed);
            head = Head { seq: fixed.seq, hash: hash.clone(), ..Head::default() };
            Evidence {
                entry: Entry {
                    sort_at: sort_at(&fixed),
                    fixed,
                    hash,
                    erased: None,
                    display_name: None,
                    kind: derived.kind,
                    text: derived.text,
                    html: derived.html,
                    relates_to: derived.relates_to,
                    attachments: derived.attachments,
                    membership: derived.membership,
                    remark: derived.remark,
                    redacted_by: None,
                    absent_since: None,
                },
                salt: Some("5a17".into()),
                raw: Some(raw),
                derivation: DERIVATION_VERSION,
                marker: derived.marker,
            }
        })
        .collect()
}

#[test]
fn the_whole_fixed_part_is_hashed_as_canonical_json() {
    let fixed = Fixed {
        event_id: "$\u{1}\u{7f}\"\\/é\u{2028}😀\n".into(),
        sent_at: 9_007_199_254_740_991,
        ..five().remove(0).entry.fixed
    };
    let mut all = json!(fixed);
    all["previous"] = json!("0a1b");
    all["version"] = json!(VERSION);
    assert_eq!(link_json("0a1b", &fixed), canonical(&all));
}

fn five() -> Vec<Evidence> {
    let said = |text: &str| json!({ "msgtype": "m.text", "body": text });
    record(&[
        ("$1", "@a:x", "m.room.message", said("one")),
        ("$2", "@b:x", "m.room.message", said("two")),
        ("$3", "@a:x", "m.room.message", said("three")),
        ("$4", "@b:x", "m.room.message", said("four")),
        ("$5", "@a:x", "m.room.message", said("five")),
    ])
}

fn verify(record: &[Evidence], head: Option<&Head>) -> Result<(), Fault> {
    let mut checker = Checker::new("01T");
    for evidence in record {
        checker.check(evidence)?;
    }
    checker.finish(head)
}

fn end(record: &[Evidence]) -> Head {
    record.last().map_or_else(Head::default, |last| Head {
        seq: last.entry.fixed.seq,
        hash: last.entry.hash.clone(),
        ..Head::default()
    })
}

fn erase(evidence: &mut Evidence, why: Erased) {
    evidence.salt = None;
    evidence.raw = None;
    evidence.marker = None;
    evidence.entry.text = None;
    evidence.entry.html = None;
    evidence.entry.attachments.clear();
    evidence.entry.membership = None;
    evidence.entry.remark = None;
    evidence.entry.erased = Some(why);
}

#[test]
fn an_untouched_record_verifies() {
    let record = five();
    assert_eq!(verify(&record, Some(&end(&record))), Ok(()));
    assert_eq!(verify(&[], None), Ok(()));
}

#[test]
fn every_way_to_change_a_row_is_named() {
    type Change = fn(&mut Evidence);
    let changes: [(&str, Change); 14] = [
        ("text", |it| it.entry.text = Some("I owe nothing".into())),
        ("HTML", |it| it.entry.html = Some("<b>x</b>".into())),
        ("kind", |it| it.entry.kind = crate::record::Kind::Notice),
        ("remark", |it| it.entry.remark = Some("odd".into())),
        ("marker", |it| it.marker = Some("x".into())),
        ("content was changed", |it| it.raw = it.raw.take().map(|raw| raw.replace("three", "3"))),
        ("content was changed", |it| it.salt = Some("other".into())),
        ("hash", |it| it.entry.fixed.sender = "@b:x".into()),
        ("hash", |it| it.entry.fixed.party = "seller".into()),
        ("hash", |it| it.entry.fixed.sent_at += 1),
        ("hash", |it| it.entry.fixed.received_at -= 1),
        ("hash", |it| it.entry.hash = "0".repeat(64)),
        ("gone without a reason", |it| it.raw = None),
        ("name", |it| it.entry.display_name = Some("The Bank".into())),
    ];
    for (what, change) in changes {
        let mut record = five();
        change(&mut record[2]);
        let fault = verify(&record, None).unwrap_err();
        assert_eq!(fault.place, Place::Entry(3), "{what}: {fault}");
        assert!(fault.what.contains(what), "{what}: {fault}");
    }
}

#[test]
fn a_changed_row_with_another_derivation_version_is_counted_as_outdated() {
    let mut record = five();
    record[1].derivation = DERIVATION_VERSION - 1;
    record[2].derivation = DERIVATION_VERSION - 1;
    record[2].entry.text = Some("I owe nothing".into());
    record[4].derivation = DERIVATION_VERSION + 1;
    record[4].entry.text = Some("five!".into());
    let mut checker = Checker::new("01T");
    for evidence in &record {
        checker.check(evidence).unwrap();
    }
    assert_eq!(checker.outdated(), Some(Outdated { first: 3, count: 2 }));
}

#[test]
fn a_new_hash_for_a_changed_row_only_moves_the_fault() {
    let mut record = five();
    let raw = record[2].raw.take().unwrap().replace("three", "nothing");
    record[2].entry.text = Some("nothing".into());
    record[2].entry.fixed.content = content_digest("5a17", &raw);
    record[2].raw = Some(raw);
    record[2].entry.hash = link(&record[1].entry.hash, &record[2].entry.fixed);
    assert_eq!(verify(&record, None).unwrap_err().place, Place::Entry(4));
}

#[test]
fn removed_swapped_and_cut_rows_are_named() {
    let whole = five();
    let mut removed = whole.clone();
    removed.remove(2);
    assert_eq!(verify(&removed, None).unwrap_err().place, Place::Entry(3));

    let mut swapped = whole.clone();
    swapped.swap(1, 2);
    assert_eq!(verify(&swapped, None).unwrap_err().place, Place::Entry(2));
    let (one, other) = (swapped[1].entry.fixed.seq, swapped[2].entry.fixed.seq);
    swapped[1].entry.fixed.seq = other;
    swapped[2].entry.fixed.seq = one;
    assert_eq!(verify(&swapped, None).unwrap_err().place, Place::Entry(2));

    let cut = &whole[..3];
    assert_eq!(verify(cut, None), Ok(()), "only the head tells");
    let fault = verify(cut, Some(&end(&whole))).unwrap_err();
    assert_eq!(fault.place, Place::Entry(4));
    assert!(fault.what.contains("is missing"), "{fault}");
}

#[test]
fn erased_content_leaves_the_chain_whole_but_needs_a_reason() {
    let redaction = json!({ "redacts": "$1" });
    let said = json!({ "msgtype": "m.text", "body": "secret" });
    let mut record = record(&[
        ("$1", "@a:x", "m.room.message", said.clone()),
        ("$2", "@a:x", "m.room.message", said),
        ("$3", "@a:x", "m.room.redaction", redaction.clone()),
        ("$4", "@b:x", "m.room.redaction", redaction),
    ]);
    let unmarked = verify(&record, None).unwrap_err();
    assert_eq!(
        (&unmarked.place, unmarked.what.contains("redactions")),
        (&Place::Entry(1), true),
        "{unmarked}"
    );
    record[0].entry.redacted_by = Some("$3".into());
    assert!(verify(&record, None).is_ok(), "retained");
    erase(&mut record[0], Erased::Redacted("$3".into()));
    assert_eq!(verify(&record, Some(&end(&record))), Ok(()), "honoured");

    let mut by_another = record.clone();
    by_another[0].entry.erased = Some(Erased::Redacted("$4".into()));
    assert_eq!(verify(&by_another, None).unwrap_err().place, Place::Entry(1));

    let mut without = record.clone();
    erase(&mut without[1], Erased::Redacted("$3".into()));
    let fault = verify(&without, None).unwrap_err();
    assert!(
        fault.place == Place::Entry(2) && fault.what.contains("without a redaction"),
        "{fault}"
    );

    erase(&mut record[1], Erased::Forgotten);
    assert!(verify(&record, None).is_ok());
}

#[test]
fn the_format_of_the_chain_is_fixed() {
    // Old records must still verify in ten years, so these values must not change. They were computed
    // by another program in another language.
    let record = five();
    assert_eq!(
        content_digest("5a17", "{}"),
        "2b7f88262503edd783e8004c40ebb180c8ff83396c3eb303b22d747d45fe1879"
    );
    assert_eq!(
        end(&record).hash,
        "a78c9c78c09dea0c87fe8015937f344d535a97d8263723db6b177572b57cbd47"
    );
}
