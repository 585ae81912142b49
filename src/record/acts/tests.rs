use serde_json::json;

use super::*;

const TRANSACTION: &str = "01T";
const NOON: i64 = 1_764_000_000_000;

/// Acts that are linked one after another.
#[derive(Default)]
struct Chain(Vec<ActEvidence>);

impl Chain {
    fn add(
        &mut self,
        kind: ActKind,
        subject: &str,
        actor: &str,
        reason: &str,
        about: Option<Value>,
    ) {
        let salt = about.as_ref().map(|_| "5a17".to_owned());
        let content = about.as_ref().map(|about| act_content("5a17", about)).unwrap_or_default();
        let act = Act {
            transaction: TRANSACTION.into(),
            number: i64::try_from(self.0.len()).unwrap() + 1,
            at: NOON,
            kind,
            subject: subject.into(),
            actor: actor.into(),
            reason: reason.into(),
            adopted: false,
            content,
        };
        let previous = self.0.last().map_or("", |last| &last.hash).to_owned();
        self.0.push(ActEvidence { hash: act_link(&previous, &act), act, salt });
    }

    fn relink(&mut self) {
        let mut previous = String::new();
        for evidence in &mut self.0 {
            evidence.hash = act_link(&previous, &evidence.act);
            previous.clone_from(&evidence.hash);
        }
    }

    fn check(&self) -> Result<Acts, Fault> {
        let mut acts = Acts::new(TRANSACTION);
        self.0.iter().try_for_each(|act| acts.check(act))?;
        Ok(acts)
    }
}

fn revision(number: i64, status: &str) -> RevisionContent {
    RevisionContent {
        revision: number,
        shop: "shop".into(),
        external_id: "order-1".into(),
        status: status.into(),
        created_at: NOON,
        redactions: None,
        language: None,
        original_type: None,
        original_sha256: None,
        invoice: json!({ "number": "1", "totals": { "payable": "10.00" } }),
        buyer: json!({ "name": "Anna", "contacts": [] }),
        seller: json!({ "name": "Shop", "account": "DE02120300000000202051" }),
    }
}

fn file(sha256: &str) -> FileEvidence {
    FileEvidence {
        source: "mxc://x/a".into(),
        is_kept: true,
        content: Some(FileContent { sha256: sha256.into(), size: 3, media_type: None }),
        stored_at: Some(NOON),
        named_at: (NOON - 1, NOON - 1),
        found: Some(sha256.into()),
    }
}

fn chain() -> Chain {
    let mut chain = Chain::default();
    for (number, status) in [(1, "open"), (2, "paid")] {
        let about = json!(revision(number, status));
        chain.add(ActKind::Revision, &number.to_string(), "shop", "", Some(about));
    }
    chain.add(ActKind::File, "mxc://x/a", "", "", Some(json!(file("aa").content)));
    chain.add(ActKind::Erasure, "4", "$redaction", REDACTED, None);
    chain.add(ActKind::Erasure, "5", "operator", "forgotten: a request of 3 May", None);
    chain
}

#[test]
fn the_format_of_acts_is_fixed() {
    // Old records must still verify in ten years, so these values must not change. They were computed
    // by another program in another language.
    let chain = chain();
    assert_eq!(
        chain.0[0].act.content,
        "93e801494d2ec816923b10f6f76b1059c8bc3336c4f1e86a3e0da141ebb49a5b"
    );
    assert_eq!(chain.0[4].hash, "e4ebd7902b42604363b0bc4d41b9e8a9652f9f8b6f38e267d7b89179e4de94c7");
}

#[test]
fn changed_removed_and_swapped_acts_are_found() {
    type Change = fn(&mut Chain);
    let changes: [(i64, Change); 6] = [
        (2, |it| it.0[1].act.actor = "another".into()),
        (4, |it| it.0[3].act.reason = "forgotten".into()),
        (4, |it| it.0[3].act.at += 1),
        (2, |it| drop(it.0.remove(1))),
        (1, |it| it.0.swap(0, 1)),
        (5, |it| it.0[4].act.adopted = true),
    ];
    assert_eq!(chain().check().unwrap().last(), 5);
    for (number, change) in changes {
        let mut chain = chain();
        change(&mut chain);
        assert_eq!(chain.check().unwrap_err().place, Place::Act(number));
    }
}

#[test]
fn a_revision_is_what_the_shop_submitted() {
    let acts = chain().check().unwrap();
    assert!(acts.check_revision(1, &revision(1, "open")).is_ok());
    assert!(acts.check_revision(2, &revision(2, "paid")).is_ok());
    assert!(acts.check_last_revision(2).is_ok());
    assert_eq!(acts.check_last_revision(1).unwrap_err().place, Place::Revision(2));
    let changes: [fn(&mut RevisionContent); 8] = [
        |it| it.status = "open".into(),
        |it| it.seller["account"] = json!("DE02500105170137075030"),
        |it| it.buyer["name"] = json!("Berta"),
        |it| it.invoice["totals"]["payable"] = json!("1.00"),
        |it| it.external_id = "order-2".into(),
        |it| it.created_at += 1,
        |it| it.redactions = Some("retain".into()),
        |it| it.original_sha256 = Some("aa".into()),
    ];
    for change in changes {
        let mut changed = revision(2, "paid");
        change(&mut changed);
        let fault = acts.check_revision(2, &changed).unwrap_err();
        assert_eq!(fault.place, Place::Revision(2));
        assert!(fault.what.contains("not what the shop submitted"), "{fault}");
    }
    let added = acts.check_revision(3, &revision(3, "paid")).unwrap_err();
    assert!(added.what.contains("was added"), "{added}");
    let gap = acts.check_revision(2, &revision(3, "paid")).unwrap_err();
    assert!(gap.what.contains("is missing"), "{gap}");
}

#[test]
fn a_revision_is_not_excused_by_a_salt_that_is_gone() {
    let mut chain = chain();
    chain.0[1].salt = None;
    let acts = chain.check().unwrap();
    assert!(acts.check_revision(2, &revision(2, "paid")).is_err());
}

#[test]
fn a_file_is_what_was_kept() {
    let acts = chain().check().unwrap();
    assert_eq!(acts.check_file(&file("aa"), NOON), Ok(true));
    type Change = fn(&mut FileEvidence);
    let changes: [(&str, Change); 5] = [
        ("bytes were changed", |it| it.found = Some("bb".into())),
        ("bytes are not there", |it| it.found = None),
        ("digest, size or type", |it| it.content.as_mut().unwrap().size = 4),
        ("no act says why", |it| it.is_kept = false),
        ("no act says that it was kept", |it| it.source = "mxc://x/b".into()),
    ];
    for (what, change) in changes {
        let mut changed = file("aa");
        change(&mut changed);
        let fault = acts.check_file(&changed, NOON + 1).unwrap_err();
        assert!(fault.what.contains(what), "{fault}");
    }
    // The file was replaced together with its row in the database.
    assert!(acts.check_file(&file("bb"), NOON).unwrap_err().what.contains("digest, size or type"));
    // The file was kept a moment ago, and has no act yet.
    let other = FileEvidence { source: "mxc://x/b".into(), ..file("cc") };
    assert_eq!(acts.check_file(&other, NOON), Ok(false));
}

#[test]
fn a_file_may_be_gone_if_an_act_says_why() {
    let gone = FileEvidence { is_kept: false, found: None, ..file("aa") };
    let mut chain = chain();
    assert!(chain.check().unwrap().check_file(&gone, NOON).is_err());
    chain.add(ActKind::Expiry, "mxc://x/a", "", "files.keep_days", None);
    assert_eq!(chain.check().unwrap().check_file(&gone, NOON), Ok(true));
}

#[test]
fn payments_are_what_their_acts_say() {
    let payment = |id: &str| PaymentContent {
        payment: id.to_owned(),
        amount: "40.00".to_owned(),
        currency: "EUR".to_owned(),
        date: "2026-07-15".to_owned(),
        reference: None,
        created_at: NOON,
    };
    let mut chain = chain();
    for id in ["a", "b"] {
        chain.add(ActKind::Payment, id, "shop", "", Some(json!(payment(id))));
    }
    chain.add(ActKind::PaymentTakenBack, "b", "shop", "", None);
    let acts = chain.check().unwrap();
    let as_handed_in = || {
        let row = |id, taken_back_at| PaymentEvidence { content: payment(id), taken_back_at };
        vec![row("a", None), row("b", Some(NOON))]
    };
    assert_eq!(acts.check_payments(&as_handed_in()), Ok(()));
    type Cheat = fn(&mut Vec<PaymentEvidence>);
    let cheats: [(Cheat, &str); 6] = [
        (|it| it[0].content.amount = "4.00".to_owned(), "was changed"),
        (|it| it[0].taken_back_at = Some(NOON), "no act says so"),
        (|it| it[1].taken_back_at = None, "no act says so"),
        (|it| drop(it.remove(0)), "is missing"),
        (|it| it[0].content.payment = "c".to_owned(), "added by somebody"),
        (|it| it.push(it[0].clone()), "twice"),
    ];
    for (cheat, what) in cheats {
        let mut payments = as_handed_in();
        cheat(&mut payments);
        let fault = acts.check_payments(&payments).unwrap_err();
        assert!(fault.what.contains(what), "{fault}");
    }
    chain.add(ActKind::Payment, "a", "shop", "", Some(json!(payment("a"))));
    assert_eq!(chain.check().unwrap_err().place, Place::Act(9));
}

#[test]
fn nothing_is_told_of_twice() {
    let mut again = chain();
    again.add(ActKind::Revision, "2", "shop", "", Some(json!(revision(2, "open"))));
    assert_eq!(again.check().unwrap_err().place, Place::Act(6));
    let mut skipped = chain();
    skipped.add(ActKind::Revision, "4", "shop", "", Some(json!(revision(4, "open"))));
    assert_eq!(skipped.check().unwrap_err().place, Place::Act(6));
    let mut file_again = chain();
    file_again.add(ActKind::File, "mxc://x/a", "", "", Some(json!(file("bb").content)));
    assert_eq!(file_again.check().unwrap_err().place, Place::Act(6));
    // A file that was released may be kept again.
    let mut let_go = chain();
    let_go.0[2].salt = None;
    let_go.add(ActKind::File, "mxc://x/a", "", "", Some(json!(file("bb").content)));
    let acts = let_go.check().unwrap();
    assert_eq!(acts.check_file(&file("bb"), NOON), Ok(true));
    assert_eq!(acts.kept_files().collect::<Vec<_>>(), ["mxc://x/a"]);
}

#[test]
fn a_file_is_not_let_go_of_while_an_entry_names_it() {
    let mut chain = chain();
    chain.0[2].salt = None;
    let acts = chain.check().unwrap();
    let gone = FileEvidence { is_kept: false, found: None, ..file("aa") };
    for file in [&gone, &file("bb")] {
        let fault = acts.check_file(file, NOON).unwrap_err();
        assert!(fault.what.contains("lost the salt"), "{fault}");
    }
    // An entry named it again after it was released: it may not be here yet.
    let later = FileEvidence { named_at: (NOON + 1, NOON + 1), ..gone };
    assert_eq!(acts.check_file(&later, NOON), Ok(true));
}

#[test]
fn content_is_gone_only_for_the_reason_that_an_act_names() {
    let acts = chain().check().unwrap();
    let by = |event: &str| Erased::Redacted(event.into());
    assert!(acts.check_erasure(1, None).is_ok());
    assert!(acts.check_erasure(4, Some(&by("$redaction"))).is_ok());
    assert!(acts.check_erasure(5, Some(&Erased::Forgotten)).is_ok());
    for (seq, erased) in [
        (1, Some(Erased::Forgotten)),
        (1, Some(by("$redaction"))),
        (4, Some(by("$other"))),
        (4, Some(Erased::Forgotten)),
        (5, Some(by("operator"))),
        (5, None),
    ] {
        let fault = acts.check_erasure(seq, erased.as_ref()).unwrap_err();
        assert_eq!(fault.place, Place::Entry(seq));
    }
}

#[test]
fn who_relinks_everything_has_other_hashes() {
    let mut changed = chain();
    changed.0[1].act.reason = "x".into();
    changed.relink();
    let (acts, before) = (changed.check().unwrap(), chain().check().unwrap());
    assert_eq!(acts.hash_at(1), before.hash_at(1));
    assert_ne!(acts.hash_at(5), before.hash_at(5));
    assert_eq!((acts.hash_at(0), acts.hash_at(6), acts.hash_at(-1)), (Some(""), None, None));
}
