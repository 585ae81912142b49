//! Verifies one record in the database against all evidence.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use ruma::OwnedRoomId;
use rust_decimal::Decimal;
use serde_json::Value;
use ulid::Ulid;

use super::rooms::Rooms;
use crate::clock::now;
use crate::files::Vault;
use crate::record::acts::{FileContent, FileEvidence, NamedFiles, PaymentEvidence};
use crate::record::{Fault, Place};
use crate::seal::{self, Ending, HeldBy, RecordCheck, Trust, Verdict, is_head_of};
use crate::store::{FileRow, Snapshot, Store, StoreError};

/// The number of entries that one query returns.
const ENTRIES_PER_QUERY: i64 = 1_000;
/// The pause before a record that failed is read again.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);
/// A position before the first entry, revision and act, which are counted from 1.
const BEFORE_FIRST: i64 = 0;

/// The access to the records and to what they are compared with.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) store: Store,
    pub(super) vault: Vault,
    pub(super) rooms: Rooms,
    pub(super) trust: Trust,
    /// The signed heads that somebody else keeps, of any record.
    pub(super) heads: Vec<Value>,
    /// The number of milliseconds after which the head of a changed record is signed.
    pub(super) sign_after: i64,
    /// The transactions whose records were read.
    pub(super) seen: BTreeSet<String>,
}

/// The reason why the verification of a record failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The record has a fault.
    Fault(Fault),
    /// There is no such transaction.
    Missing,
    /// The record cannot be read.
    Unreadable(anyhow::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => write!(f, "FAILS at {fault}"),
            Self::Missing => f.write_str("there is no such transaction"),
            Self::Unreadable(error) => {
                write!(f, "FAILS, since the record cannot be read: {error:#}")
            }
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Unreadable(error.into())
    }
}

impl Records {
    /// Returns the transaction of a head whose record was not read, if there is one.
    pub(super) fn unused_head(&self) -> Option<String> {
        let of = |head: &Value| head.get("transaction").and_then(Value::as_str).map(str::to_owned);
        let mut heads = self.heads.iter().map(|head| of(head).unwrap_or_default());
        heads.find(|transaction| !self.seen.contains(transaction))
    }

    /// Verifies one record. If it fails, it is verified a second time, since files may be added or
    /// deleted while the record is read.
    pub(super) async fn verify(&mut self, id: Ulid) -> Result<Verdict, Failure> {
        match self.check_record(id).await {
            Err(Failure::Fault(_)) => {
                tokio::time::sleep(RETRY_INTERVAL).await;
                self.check_record(id).await
            }
            other => other,
        }
    }

    async fn check_record(&mut self, id: Ulid) -> Result<Verdict, Failure> {
        let transaction = id.to_string();
        // The head in the room is read first. A head that is signed later may cover entries that
        // are not in the snapshot.
        let in_rooms = self.heads_in_rooms(id).await?;
        let mut snapshot = self.store.snapshot().await?;
        let Some(head) = snapshot.head(id).await? else { return Err(Failure::Missing) };
        self.seen.insert(transaction.clone());
        let mut kept = Vec::new();
        for row in snapshot.signed_heads(id).await? {
            kept.push(serde_json::from_str(&row.signed).unwrap_or_default());
        }
        let mut check = RecordCheck::new(&transaction, &kept, &self.trust)?;
        for head in in_rooms {
            check.add_head(&transaction, HeldBy::Room, &head)?;
        }
        for head in self.heads.iter().filter(|head| is_head_of(head, &transaction)) {
            check.add_head(&transaction, HeldBy::File, head)?;
        }
        if let Some(lowest) = snapshot.lowest_number(id).await?.filter(|it| *it <= BEFORE_FIRST) {
            let what = format!(
                "has an entry, an act or a revision with the number {lowest}, but they are counted from 1"
            );
            return Err(Fault::at(Place::Transaction, what).into());
        }
        check_acts(&mut check, &mut snapshot, id).await?;
        let mut named = NamedFiles::default();
        let mut after = BEFORE_FIRST;
        loop {
            let page = snapshot.evidence(id, after, ENTRIES_PER_QUERY).await?;
            let Some(last) = page.last() else { break };
            after = last.entry.fixed.seq;
            for evidence in &page {
                check.check_entry(evidence)?;
                named.note(&evidence.entry);
            }
        }
        if let Some(seq) = snapshot.first_wrong_target(id).await? {
            let what = "is stored as related to another event than the one that it names";
            return Err(Fault::at(Place::Entry(seq), what).into());
        }
        if let Some(revision) = snapshot.first_wrong_dates(id).await? {
            let what = "is stored with other dates than its invoice has";
            return Err(Fault::at(Place::Revision(revision), what).into());
        }
        let files = snapshot.files(id).await?;
        // Reading files may take long, and an open snapshot would block writers.
        drop(snapshot);
        let mut missing = check.kept_files();
        for file in files {
            missing.remove(&file.mxc);
            let named_at = named.remove(&file.mxc).map(|named| named.named_at);
            let evidence = self.file_evidence(id, file, named_at).await?;
            check.check_file(&evidence, now())?;
        }
        named.none_left("the database has no row for it")?;
        if let Some(source) = missing.pop_first() {
            let what = "was kept, and the database no longer has a row for it";
            return Err(Fault::at(Place::File(source), what).into());
        }
        Ok(check.finish(&Ending { head: &head, now: now(), sign_after: self.sign_after })?)
    }

    /// Returns the head in the room, which must be one that an event of the record created, and the
    /// heads of this record in the rooms that replaced it. The database does not have to know of
    /// those: somebody may have cut the record back to a time before the room was upgraded.
    async fn heads_in_rooms(&mut self, id: Ulid) -> Result<Vec<Value>, Failure> {
        let Some((room_id, head)) = self.head_in_room(id).await? else { return Ok(Vec::new()) };
        let mut heads: Vec<Value> = head.into_iter().collect();
        let later = self.rooms.heads_of_successors(&room_id).await;
        let is_ours = |head: &Value| {
            is_head_of(head, &id.to_string()) && seal::verify(head, &self.trust).is_ok()
        };
        heads.extend(later.into_iter().filter(is_ours));
        Ok(heads)
    }

    /// Returns the room of the transaction and the head in it, if the room is one that an event of
    /// the record created. Returns `None` if there is no room or the homeserver does not tell.
    async fn head_in_room(
        &mut self,
        id: Ulid,
    ) -> Result<Option<(OwnedRoomId, Option<Value>)>, Failure> {
        let mut snapshot = self.store.snapshot().await?;
        let (room_id, creations) = (snapshot.room_id(id).await?, snapshot.creations(id).await?);
        drop(snapshot);
        let Some(Ok(room_id)) = room_id.map(OwnedRoomId::try_from) else { return Ok(None) };
        let head = self.rooms.head(&room_id).await;
        match self.rooms.is_created_by(&room_id, &creations).await {
            Some(true) => Ok(Some((room_id, head))),
            // Without a head there is nothing to compare.
            Some(false) if head.is_none() => Ok(None),
            Some(false) => {
                let what =
                    format!("its room is set to {room_id}, but the record is not of this room");
                Err(Fault::at(Place::Transaction, what).into())
            }
            None => Ok(None),
        }
    }

    /// Returns the evidence about a file, with the digest of its bytes in the file store.
    async fn file_evidence(
        &self,
        id: Ulid,
        file: FileRow,
        named_at: Option<(i64, i64)>,
    ) -> Result<FileEvidence, Failure> {
        let mut evidence = evidence(file, named_at);
        let Some(content) = evidence.content.as_ref().filter(|_| evidence.is_kept) else {
            return Ok(evidence);
        };
        match self.vault.digest(&content.sha256).await.map_err(Failure::Unreadable)? {
            Some(found) => evidence.found = Some(found),
            // The file may have been deleted correctly after its row was read.
            None => {
                let files = self.store.snapshot().await?.files(id).await?;
                let current = files.into_iter().find(|file| file.mxc == evidence.source);
                evidence.is_kept = current.is_some_and(|file| file.state == "stored");
            }
        }
        Ok(evidence)
    }
}

/// Checks the acts, the revisions and the contacts of a record.
async fn check_acts(
    check: &mut RecordCheck,
    snapshot: &mut Snapshot,
    id: Ulid,
) -> Result<(), Failure> {
    let mut number = BEFORE_FIRST;
    loop {
        let acts = snapshot.acts(id, number).await?;
        let Some(last) = acts.last() else { break };
        number = last.act.number;
        acts.iter().try_for_each(|act| check.check_act(act))?;
    }
    let mut revision = BEFORE_FIRST;
    while let Some(content) = snapshot.revision_after(id, revision).await? {
        revision = content.revision;
        check.check_revision(&content)?;
    }
    let fault = |what: String| Err(Fault::at(Place::Revision(revision), what).into());
    let current = snapshot.current_revision(id).await?;
    if current != revision {
        return fault(format!("is the newest, but the transaction is set to revision {current}"));
    }
    let Some(transaction) = snapshot.transaction(id).await? else { return Err(Failure::Missing) };
    let payments = snapshot.payments(id).await?;
    check.check_payments(&payments)?;
    let currency = transaction.terms.invoice.currency.to_string();
    let counts =
        |it: &&PaymentEvidence| it.taken_back_at.is_none() && it.content.currency == currency;
    let amounts =
        payments.iter().filter(counts).filter_map(|it| it.content.amount.parse::<Decimal>().ok());
    if amounts.sum::<Decimal>() != transaction.paid {
        let what = "is stored with another sum of its payments than they have";
        return Err(Fault::at(Place::Transaction, what).into());
    }
    // A contact that both parties name belongs to the party that comes last.
    let contacts = transaction.terms.matrix_contacts();
    let contacts: BTreeMap<String, String> =
        contacts.map(|(role, user)| (user.to_string(), role.as_str().to_owned())).collect();
    if snapshot.contacts(id).await? != contacts {
        return fault("names other contacts than those that are stored for the parties".to_owned());
    }
    Ok(())
}

/// Converts a row of a file to evidence, without the digest of its bytes.
fn evidence(file: FileRow, named_at: Option<(i64, i64)>) -> FileEvidence {
    let content = file.sha256.map(|sha256| FileContent {
        sha256,
        size: file.size.unwrap_or_default(),
        media_type: file.media_type,
    });
    FileEvidence {
        source: file.mxc,
        is_kept: file.state == "stored",
        content,
        stored_at: file.stored_at.filter(|at| *at <= now()),
        named_at: named_at.unwrap_or((i64::MAX, i64::MIN)),
        found: None,
    }
}
