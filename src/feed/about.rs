//! What the events of a page are about, read for all of them together.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::{detail_of, entry, payment};
use crate::clock::iso;
use crate::event::EventKind;
use crate::record::Entry;
use crate::record::acts::PaymentEvidence;
use crate::store::{
    Effects, EventRow, FileRow, GrantRow, HeadRow, KeptFileRow, StatusRow, Store, StoreError,
};

/// By transaction and number.
type Numbered<T> = HashMap<(String, i64), T>;

/// What the events of a page are about.
#[derive(Default)]
pub(super) struct About {
    statuses: Numbered<StatusRow>,
    entries: Numbered<Entry>,
    effects: Effects,
    files: Vec<FileRow>,
    kept: Numbered<KeptFileRow>,
    payments: Numbered<PaymentEvidence>,
    /// By transaction, last entry and last act.
    heads: HashMap<(String, i64, i64), HeadRow>,
    grants: HashMap<String, GrantRow>,
    /// The seqs of Matrix events, by transaction and event id.
    seqs: HashMap<(String, String), i64>,
}

impl About {
    /// Reads what these events are about.
    pub(super) async fn read(store: &Store, events: &[EventRow]) -> Result<Self, StoreError> {
        let mut wanted = Wanted::default();
        for event in events {
            wanted.add(event);
        }
        let Wanted { revisions, entries, acts, payments, heads, grants, events } = wanted;
        let entries = store.entries_listed(&listed(&entries)).await?;
        let effects = store.effects_of(&entries).await?;
        let files = store.files_named_by(&entries).await?;
        let statuses = store.statuses_of(&listed(&revisions)).await?;
        let kept = store.files_of_acts(&listed(&acts)).await?;
        let payments = store.payments_of_acts(&listed(&payments)).await?;
        let heads: Vec<_> =
            heads.iter().map(|(id, seq, acts)| (id.as_str(), *seq, *acts)).collect();
        let heads = store.heads_listed(&heads).await?;
        let grants: Vec<_> = grants.iter().map(String::as_str).collect();
        let grants = store.grants_listed(&grants).await?;
        let events: Vec<_> =
            events.iter().map(|(id, event)| (id.as_str(), event.as_str())).collect();
        let seqs = store.seqs_of_events(&events).await?;
        Ok(Self {
            statuses: numbered(statuses, |it| (it.transaction_id.clone(), it.revision)),
            entries: numbered(entries, |it| (it.fixed.transaction.clone(), it.fixed.seq)),
            effects,
            files,
            kept: numbered(kept, |it| (it.transaction_id.clone(), it.number)),
            payments: payments.into_iter().collect(),
            heads: heads
                .into_iter()
                .map(|it| ((it.transaction_id, it.head.seq, it.head.acts), it.head))
                .collect(),
            grants: grants.into_iter().map(|it| (it.id.clone(), it)).collect(),
            seqs: seqs.into_iter().map(|(id, event, seq)| ((id, event), seq)).collect(),
        })
    }

    /// Returns the status of a revision and the one before. The detail says it instead if the day changed it, and not
    /// the revision.
    pub(super) fn revision(&self, event: &EventRow, detail: Map<String, Value>) -> Value {
        let row = key(event).and_then(|key| self.statuses.get(&key));
        let mut data = Map::new();
        data.insert("revision".to_owned(), json!(event.subject));
        data.insert("status".to_owned(), json!(row.map(|it| &it.status)));
        data.insert("previous_status".to_owned(), json!(row.and_then(|it| it.before.as_ref())));
        data.extend(detail);
        Value::Object(data)
    }

    pub(super) fn entry(&self, event: &EventRow) -> Value {
        let found = key(event).and_then(|key| self.entries.get(&key));
        found.map_or(Value::Null, |it| {
            let (objection, choices) = (self.effects.objection(it), self.effects.choices(it));
            entry(it, objection, choices.as_deref(), &self.files)
        })
    }

    pub(super) fn file(&self, event: &EventRow) -> Value {
        let row = key(event).and_then(|key| self.kept.get(&key));
        let stored = row.filter(|it| it.state.as_deref() == Some("stored"));
        let href = stored.and_then(|it| {
            let sha256 = it.sha256.as_ref()?;
            Some(format!("/api/v1/transactions/{}/files/{sha256}", event.transaction_id))
        });
        json!({
            "seq": row.and_then(|it| it.seq),
            "sha256": stored.and_then(|it| it.sha256.as_ref()),
            "size": stored.and_then(|it| it.size),
            "media_type": stored.and_then(|it| it.media_type.as_ref()),
            "href": href,
        })
    }

    pub(super) fn payment(&self, event: &EventRow) -> Value {
        json!({ "payment": key(event).and_then(|key| self.payments.get(&key)).map(payment) })
    }

    /// Returns the seq of the entry up to which somebody read. None: the record has none of that event.
    pub(super) fn seq(&self, event: &EventRow, detail: &Map<String, Value>) -> Value {
        let key = event_in(detail).map(|it| (event.transaction_id.clone(), it.to_owned()));
        json!(key.and_then(|key| self.seqs.get(&key)))
    }

    pub(super) fn visit(&self, detail: &Map<String, Value>) -> Value {
        let grant = grant_in(detail).and_then(|id| self.grants.get(id));
        json!({
            "party": grant.map(|it| &it.party),
            "contact": grant.and_then(|it| it.contact.as_ref()),
            "way": grant.map(|it| &it.way),
            "link": grant.filter(|it| it.way == "link").map(|it| &it.id),
        })
    }

    pub(super) fn head(&self, event: &EventRow, detail: &Map<String, Value>) -> Value {
        let acts = acts_in(detail);
        let head = event
            .subject
            .zip(acts)
            .and_then(|(seq, acts)| self.heads.get(&(event.transaction_id.clone(), seq, acts)));
        let signed: Option<Value> = head.and_then(|it| serde_json::from_str(&it.signed).ok());
        json!({
            "seq": event.subject,
            "acts": acts,
            "signed_at": head.and_then(|it| iso(it.signed_at)),
            "public_key": head.map(|it| &it.public_key),
            "head": signed,
        })
    }
}

/// What has to be read, each once.
#[derive(Default)]
struct Wanted {
    revisions: BTreeSet<(String, i64)>,
    entries: BTreeSet<(String, i64)>,
    acts: BTreeSet<(String, i64)>,
    payments: BTreeSet<(String, i64)>,
    heads: BTreeSet<(String, i64, i64)>,
    grants: BTreeSet<String>,
    events: BTreeSet<(String, String)>,
}

impl Wanted {
    fn add(&mut self, event: &EventRow) {
        let key = key(event);
        match EventKind::from_text(&event.kind) {
            Some(
                EventKind::TransactionCreated
                | EventKind::TransactionUpdated
                | EventKind::TransactionStatusChanged,
            ) => self.revisions.extend(key),
            Some(
                EventKind::EntryCreated
                | EventKind::EntryEdited
                | EventKind::EntryRedacted
                | EventKind::EntryErased,
            ) => self.entries.extend(key),
            Some(EventKind::FileStored) => self.acts.extend(key),
            Some(EventKind::PaymentAdded | EventKind::PaymentTakenBack) => {
                self.payments.extend(key);
            }
            Some(EventKind::HeadSigned) => {
                let acts = acts_in(&detail_of(event));
                self.heads.extend(key.zip(acts).map(|((id, seq), acts)| (id, seq, acts)));
            }
            Some(EventKind::PartyOpenedPage) => {
                self.grants.extend(grant_in(&detail_of(event)).map(str::to_owned));
            }
            Some(EventKind::PartyRead) => {
                let read = event_in(&detail_of(event)).map(str::to_owned);
                self.events.extend(read.map(|read| (event.transaction_id.clone(), read)));
            }
            Some(
                EventKind::NoteCreated
                | EventKind::NoteRemoved
                | EventKind::MailHeld
                | EventKind::MailUndelivered
                | EventKind::PartyJoined
                | EventKind::PartyLeft
                | EventKind::RoomReady
                | EventKind::RoomProblem
                | EventKind::RoomHealed,
            )
            | None => {}
        }
    }
}

fn key(event: &EventRow) -> Option<(String, i64)> {
    Some((event.transaction_id.clone(), event.subject?))
}

fn acts_in(detail: &Map<String, Value>) -> Option<i64> {
    detail.get("acts")?.as_i64()
}

fn event_in(detail: &Map<String, Value>) -> Option<&str> {
    detail.get("event_id")?.as_str()
}

fn grant_in(detail: &Map<String, Value>) -> Option<&str> {
    detail.get("grant")?.as_str()
}

fn listed(wanted: &BTreeSet<(String, i64)>) -> Vec<(&str, i64)> {
    wanted.iter().map(|(id, number)| (id.as_str(), *number)).collect()
}

fn numbered<T>(rows: Vec<T>, key: impl Fn(&T) -> (String, i64)) -> Numbered<T> {
    rows.into_iter().map(|it| (key(&it), it)).collect()
}
