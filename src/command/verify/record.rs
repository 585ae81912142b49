//! One record in the database: everything in it that proves something is read and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use ruma::OwnedRoomId;
use serde_json::Value;
use ulid::Ulid;

use super::rooms::Rooms;
use crate::clock::now;
use crate::files::Vault;
use crate::record::acts::{FileContent, FileEvidence, NamedFiles};
use crate::record::{Fault, Place};
use crate::seal::{Ending, HeldBy, RecordCheck, Trust, Verdict, is_head_of};
use crate::store::{FileRow, Snapshot, Store, StoreError};

/// Entries read in one go.
const PAGE: i64 = 1_000;
/// Before a record that fails is read once more.
const PAUSE: Duration = Duration::from_secs(2);
/// Before every number of an entry, a revision or an act.
const BEFORE_ALL: i64 = i64::MIN;

/// The records, and what they are compared with.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) store: Store,
    pub(super) vault: Vault,
    pub(super) rooms: Rooms,
    pub(super) trust: Trust,
    /// Held by somebody else, of any record.
    pub(super) heads: Vec<Value>,
    /// How long after something new a head is signed, in milliseconds.
    pub(super) sign_after: i64,
    /// Transactions whose records were looked through.
    pub(super) seen: BTreeSet<String>,
}

/// Why a record is not shown to be whole.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is not.
    Fault(Fault),
    /// There is none.
    Missing,
    /// It cannot be read.
    Unreadable(anyhow::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => write!(f, "FAILS at {fault}"),
            Self::Missing => f.write_str("there is no such transaction"),
            Self::Unreadable(error) => write!(f, "FAILS, cannot be read: {error:#}"),
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
    /// The transaction of a head that was compared with nothing, if there is one.
    pub(super) fn unused_head(&self) -> Option<String> {
        let of = |head: &Value| head.get("transaction").and_then(Value::as_str).map(str::to_owned);
        let mut heads = self.heads.iter().map(|head| of(head).unwrap_or_default());
        heads.find(|transaction| !self.seen.contains(transaction))
    }

    /// Verifies one record. One that fails is read once more: files come and go while it is read.
    pub(super) async fn verify(&mut self, id: Ulid) -> Result<Verdict, Failure> {
        match self.look_through(id).await {
            Err(Failure::Fault(_)) => {
                tokio::time::sleep(PAUSE).await;
                self.look_through(id).await
            }
            other => other,
        }
    }

    async fn look_through(&mut self, id: Ulid) -> Result<Verdict, Failure> {
        let transaction = id.to_string();
        // Before anything else is read: what is signed meanwhile is not in what is read then.
        let in_room = self.head_in_room(id).await?;
        let mut snapshot = self.store.snapshot().await?;
        let Some(head) = snapshot.head(id).await? else { return Err(Failure::Missing) };
        self.seen.insert(transaction.clone());
        let mut kept = Vec::new();
        for row in snapshot.signed_heads(id).await? {
            kept.push(serde_json::from_str(&row.signed).unwrap_or_default());
        }
        let mut check = RecordCheck::new(&transaction, &kept, &self.trust)?;
        if let Some(head) = in_room {
            check.add_head(&transaction, HeldBy::Room, &head)?;
        }
        for head in self.heads.iter().filter(|head| is_head_of(head, &transaction)) {
            check.add_head(&transaction, HeldBy::File, head)?;
        }
        check_acts(&mut check, &mut snapshot, id).await?;
        let mut named = NamedFiles::default();
        let mut after = BEFORE_ALL;
        loop {
            let page = snapshot.evidence(id, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.entry.fixed.seq;
            for evidence in &page {
                check.check_entry(evidence)?;
                named.note(&evidence.entry);
            }
        }
        if let Some(seq) = snapshot.first_wrong_target(id).await? {
            let what = "would be found by another event than the one to which it relates";
            return Err(Fault::at(Place::Entry(seq), what).into());
        }
        let files = snapshot.files(id).await?;
        // A read of files may take long, and may not hold up who writes.
        drop(snapshot);
        let mut missing = check.kept_files();
        for file in files {
            missing.remove(&file.mxc);
            let named_at = named.remove(&file.mxc).map(|named| named.named_at);
            let evidence = self.look_at(id, file, named_at).await?;
            check.check_file(&evidence, now())?;
        }
        named.none_left("nothing is known of it here")?;
        if let Some(source) = missing.pop_first() {
            let what = "was kept, and nothing is known of it here any more";
            return Err(Fault::at(Place::File(source), what).into());
        }
        Ok(check.finish(&Ending { head: &head, now: now(), sign_after: self.sign_after })?)
    }

    /// The head that stands in the room, which must be one that is made by an event of the record.
    async fn head_in_room(&mut self, id: Ulid) -> Result<Option<Value>, Failure> {
        let mut snapshot = self.store.snapshot().await?;
        let (room_id, creations) = (snapshot.room_id(id).await?, snapshot.creations(id).await?);
        drop(snapshot);
        let Some(Ok(room_id)) = room_id.map(OwnedRoomId::try_from) else { return Ok(None) };
        let Some(head) = self.rooms.head(&room_id).await else { return Ok(None) };
        match self.rooms.is_made_by(&room_id, &creations).await {
            Some(true) => Ok(Some(head)),
            Some(false) => {
                let what = format!("its room is said to be {room_id}, of which the record is not");
                Err(Fault::at(Place::Transaction, what).into())
            }
            None => Ok(None),
        }
    }

    async fn look_at(
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
            // It may have been deleted, as it should, since its row was read.
            None => {
                let files = self.store.snapshot().await?.files(id).await?;
                let still = files.into_iter().find(|it| it.mxc == evidence.source);
                evidence.is_kept = still.is_some_and(|it| it.state == "stored");
            }
        }
        Ok(evidence)
    }
}

async fn check_acts(
    check: &mut RecordCheck,
    snapshot: &mut Snapshot,
    id: Ulid,
) -> Result<(), Failure> {
    let mut number = BEFORE_ALL;
    loop {
        let acts = snapshot.acts(id, number).await?;
        let Some(last) = acts.last() else { break };
        number = last.act.number;
        acts.iter().try_for_each(|act| check.check_act(act))?;
    }
    let mut revision = BEFORE_ALL;
    while let Some(content) = snapshot.revision_after(id, revision).await? {
        revision = content.revision;
        check.check_revision(&content)?;
    }
    let fault = |what: String| Err(Fault::at(Place::Revision(revision), what).into());
    let current = snapshot.current_revision(id).await?;
    if current != revision {
        return fault(format!("is the newest, but the transaction is said to be at {current}"));
    }
    let Some(transaction) = snapshot.transaction(id).await? else { return Err(Failure::Missing) };
    // Whoever both parties name speaks for the one that comes last.
    let contacts = transaction.terms.matrix_contacts();
    let contacts: BTreeMap<String, String> =
        contacts.map(|(role, user)| (user.to_string(), role.as_str().to_owned())).collect();
    if snapshot.contacts(id).await? != contacts {
        return fault("names other contacts than those that speak for the parties".to_owned());
    }
    Ok(())
}

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
