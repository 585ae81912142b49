use ruma::user_id;
use serde_json::json;

use super::*;
use crate::record::acts::{Act, ActKind, act_link};
use crate::record::chain::link;
use crate::record::digest::content_digest;
use crate::record::{DERIVATION_VERSION, Entry, Fixed, derive, sort_at};
use crate::seal::{SigningKey, head_statement};

const HOUR: i64 = 3_600_000;

/// A record of a transaction, with the key that signs its heads.
struct Sealed {
    key: SigningKey,
    transaction: String,
    created_at: i64,
    entries: Vec<Evidence>,
    acts: Vec<ActEvidence>,
    kept: Vec<Value>,
}

impl Sealed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bot = user_id!("@_tallyroom_bot:x").to_owned();
        let key = SigningKey::load_or_make(&folder.path().join("key"), bot).unwrap();
        let id = Ulid::from_parts(1_764_000_000_000, 7);
        let created_at = i64::try_from(id.timestamp_ms()).unwrap();
        let (entries, acts, kept) = (Vec::new(), Vec::new(), Vec::new());
        let mut sealed = Self { key, transaction: id.to_string(), created_at, entries, acts, kept };
        sealed.add_act(ActKind::Restore, 1_000);
        sealed
    }

    fn head(&self) -> Head {
        Head {
            seq: i64::try_from(self.entries.len()).unwrap(),
            hash: self.entries.last().map(|it| it.entry.hash.clone()).unwrap_or_default(),
            acts: i64::try_from(self.acts.len()).unwrap(),
            acts_hash: self.acts.last().map(|it| it.hash.clone()).unwrap_or_default(),
        }
    }

    /// The current head, signed `after` milliseconds after the transaction was made.
    fn signed(&self, after: i64) -> Value {
        let signed = SignedHead {
            transaction: self.transaction.clone(),
            head: self.head(),
            signed_at: self.created_at + after,
            public_key: self.key.public_key().to_owned(),
        };
        self.key.sign(head_statement(&signed)).unwrap()
    }

    fn add_event(&mut self, sender: &str, event_type: &str, content: &Value, after: i64) {
        let head = self.head();
        let raw = json!({ "type": event_type, "sender": sender, "content": content,
            "event_id": format!("${}", head.seq), "origin_server_ts": self.created_at + after });
        let raw = raw.to_string();
        let derived = derive(&raw);
        let fixed = Fixed {
            transaction: self.transaction.clone(),
            seq: head.seq + 1,
            room_id: "!r:x".into(),
            event_id: format!("${}", head.seq),
            event_type: derived.event_type,
            sender: sender.into(),
            party: if sender == "@bot:x" { "bot" } else { "buyer" }.into(),
            sent_at: derived.sent_at,
            received_at: self.created_at + after,
            source: "push".into(),
            content: content_digest("5a17", &raw),
        };
        let entry = Entry {
            hash: link(&head.hash, &fixed),
            sort_at: sort_at(&fixed),
            fixed,
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
        };
        let (salt, raw) = (Some("5a17".into()), Some(raw));
        let derivation = DERIVATION_VERSION;
        self.entries.push(Evidence { entry, salt, raw, derivation, marker: derived.marker });
    }

    fn add_message(&mut self, text: &str, after: i64) {
        let content = json!({ "msgtype": "m.text", "body": text });
        self.add_event("@a:x", "m.room.message", &content, after);
    }

    /// Adds the event by which the bot shows this head in the room.
    fn add_head_event(&mut self, head: &Value, after: i64) {
        self.add_event("@bot:x", HEAD_STATE, head, after);
    }

    fn add_act(&mut self, kind: ActKind, subject: i64) {
        let head = self.head();
        let act = Act {
            transaction: self.transaction.clone(),
            number: head.acts + 1,
            at: self.created_at,
            kind,
            subject: subject.to_string(),
            actor: String::new(),
            reason: String::new(),
            adopted: false,
            content: String::new(),
        };
        self.acts.push(ActEvidence { hash: act_link(&head.acts_hash, &act), act, salt: None });
    }

    /// Checks the record `after` milliseconds after the transaction was made, also against the heads
    /// in `held`.
    fn check(&self, after: i64, held: &[(HeldBy, &Value)]) -> Result<Verdict, Fault> {
        let trust = Trust::Keys(vec![self.key.public_key().to_owned()]);
        let mut check = RecordCheck::new(&self.transaction, &self.kept, &trust)?;
        for (by, head) in held {
            check.add_head(&self.transaction, *by, head)?;
        }
        self.acts.iter().try_for_each(|act| check.check_act(act))?;
        self.entries.iter().try_for_each(|evidence| check.check_entry(evidence))?;
        let head = self.head();
        check.finish(&Ending { head: &head, now: self.created_at + after, sign_after: HOUR })
    }

    /// Removes all entries after the first `entries`.
    fn cut(&mut self, entries: usize) {
        self.entries.truncate(entries);
    }
}

#[test]
fn a_record_without_a_head_fails_after_the_first_interval() {
    let mut sealed = Sealed::new();
    sealed.add_message("one", 1);
    assert!(sealed.check(HOUR, &[]).is_ok(), "none was due yet");
    let fault = sealed.check(3 * HOUR, &[]).unwrap_err();
    assert!(fault.what.contains("no signed head, though one was due"), "{fault}");
    // A changed time of receipt does not hide the missing head either.
    let mut later = Sealed::new();
    later.add_message("one", 3 * HOUR);
    assert!(later.check(3 * HOUR, &[]).is_err());
}

#[test]
fn what_came_after_the_last_head_needs_one_in_time() {
    let mut sealed = Sealed::new();
    sealed.add_message("one", 1);
    sealed.kept.push(sealed.signed(HOUR));
    sealed.add_head_event(&sealed.kept[0].clone(), HOUR);
    assert!(
        sealed.check(100 * HOUR, &[]).is_ok(),
        "the bot's own event with a head needs no new head"
    );
    sealed.add_message("two", 100 * HOUR);
    assert!(sealed.check(101 * HOUR, &[]).is_ok());
    assert_eq!(sealed.check(102 * HOUR, &[]).unwrap_err().place, Place::Entry(3));
    let mut acted = Sealed::new();
    acted.kept.push(acted.signed(HOUR));
    acted.add_act(ActKind::Restore, 1_001);
    assert_eq!(acted.check(102 * HOUR, &[]).unwrap_err().place, Place::Act(2));
}

#[test]
fn a_head_that_somebody_holds_tells_of_a_tail_that_was_cut_off() {
    let mut sealed = Sealed::new();
    for text in ["one", "two", "three"] {
        sealed.add_message(text, 1);
    }
    let head = sealed.signed(2);
    sealed.cut(1);
    assert!(sealed.check(3, &[]).is_ok(), "the database alone does not show it");
    for by in [HeldBy::Room, HeldBy::File] {
        let fault = sealed.check(3, &[(by, &head)]).unwrap_err();
        assert_eq!(fault.place, Place::Entry(2));
        assert!(fault.what.contains(&by.description()), "{fault}");
    }
}

#[test]
fn the_record_itself_holds_the_heads_that_were_told_in_the_room() {
    let mut sealed = Sealed::new();
    sealed.add_message("we agree on 500", 1);
    sealed.add_message("yes", 1);
    let head = sealed.signed(2);
    sealed.add_head_event(&head, 2);
    assert!(sealed.check(3, &[]).is_ok());
    // A record with another text, for which all hashes were computed again.
    let mut other = Sealed { entries: Vec::new(), ..sealed };
    other.add_message("we agree on 900", 1);
    other.add_message("yes", 1);
    other.add_head_event(&head, 2);
    let fault = other.check(3, &[]).unwrap_err();
    assert_eq!(fault.place, Place::Entry(2));
    assert!(fault.what.contains("sent in the room, entry 3"), "{fault}");
    // A head whose signature does not fit.
    let mut forged = head.clone();
    forged["hash"] = json!("00");
    other.entries.truncate(2);
    other.add_head_event(&forged, 2);
    assert_eq!(other.check(3, &[]).unwrap_err().place, Place::Entry(3));
    // A redacted head event has no content.
    other.entries.truncate(2);
    other.add_head_event(&json!({}), 2);
    assert!(other.check(3, &[]).is_ok());
}

#[test]
fn a_head_that_was_lost_by_a_restore_is_excused_where_that_was_noted() {
    let mut lost = Sealed::new();
    lost.add_message("one", 1);
    lost.add_message("lost", 1);
    let head = lost.signed(2);
    let mut restored = Sealed { entries: Vec::new(), ..lost };
    restored.add_message("one", 1);
    restored.add_head_event(&head, 2);
    assert!(restored.check(3, &[]).is_err(), "not noted");
    restored.add_act(ActKind::Restore, 2);
    assert_eq!(restored.check(3, &[]).unwrap().lost, 1);
    // A lost head from elsewhere is a fault, and the message says why.
    for by in [HeldBy::File, HeldBy::Room] {
        let fault = restored.check(3, &[(by, &head)]).unwrap_err();
        assert!(fault.what.contains("restored from a backup"), "{fault}");
    }
    // Another head is not accepted with it.
    restored.add_message("two", 2);
    let other = restored.signed(3);
    restored.cut(2);
    assert!(restored.check(4, &[(HeldBy::File, &other)]).is_err());
}

#[test]
fn heads_count_only_with_a_signature_that_is_trusted() {
    let mut sealed = Sealed::new();
    sealed.add_message("one", 1);
    let stranger = Sealed::new().signed(2);
    let fault = sealed.check(3, &[(HeldBy::Room, &stranger)]).unwrap_err();
    assert!(fault.what.contains("not one that you trust"), "{fault}");
    let mut head = sealed.signed(2);
    head["signed_at"] = json!(1);
    let fault = sealed.check(3, &[(HeldBy::File, &head)]).unwrap_err();
    assert!(fault.what.contains("signature that does not fit"), "{fault}");
}

#[test]
fn a_time_that_is_still_to_come_does_not_put_off_the_next_head() {
    let mut sealed = Sealed::new();
    sealed.add_message("one", 1);
    sealed.kept.push(sealed.signed(HOUR));
    sealed.add_message("two", 2 * HOUR);
    sealed.acts[0].act.at += 1_000_000 * HOUR;
    sealed.acts[0].hash = act_link("", &sealed.acts[0].act);
    sealed.kept.clear();
    sealed.kept.push(sealed.signed(HOUR));
    let fault = sealed.check(3 * HOUR, &[]).unwrap_err();
    assert!(fault.what.contains("in the future"), "{fault}");
}

#[test]
fn a_head_counts_whoever_is_said_to_have_told_it() {
    let mut sealed = Sealed::new();
    sealed.add_message("we agree on 500", 1);
    let head = sealed.signed(2);
    let mut other = Sealed { entries: Vec::new(), ..sealed };
    other.add_message("we agree on 900", 1);
    other.add_event("@a:x", HEAD_STATE, &head, 2);
    assert!(other.check(3, &[]).is_err());
    // An event of another member without our signature is ignored.
    other.entries.truncate(1);
    other.add_event("@a:x", HEAD_STATE, &json!({ "seq": 1 }), 2);
    assert!(other.check(3, &[]).is_ok());
}

#[test]
fn acts_are_covered_by_heads_as_entries_are() {
    let mut sealed = Sealed::new();
    sealed.add_act(ActKind::Restore, 1_001);
    sealed.add_act(ActKind::Restore, 1_002);
    let head = sealed.signed(1);
    sealed.acts.truncate(2);
    let fault = sealed.check(2, &[(HeldBy::Room, &head)]).unwrap_err();
    assert_eq!(fault.place, Place::Act(3));
    sealed.add_act(ActKind::Restore, 1_003);
    let fault = sealed.check(2, &[(HeldBy::Room, &head)]).unwrap_err();
    assert_eq!(fault.place, Place::Act(3));
    assert!(fault.what.contains("not what was signed"), "{fault}");
}
