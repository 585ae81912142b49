//! One record in the database: everything in it that proves something is read and compared.

use std::fmt;

use ruma::OwnedRoomId;
use serde_json::Value;
use ulid::Ulid;

use super::rooms::Rooms;
use crate::files::Vault;
use crate::record::acts::{FileContent, FileEvidence};
use crate::record::chain::Fault;
use crate::seal::{Ending, HeldBy, RecordCheck, Trust, Verdict, is_of};
use crate::store::{FileRow, Snapshot, Store, StoreError, now};

/// Entries read in one go.
const PAGE: i64 = 1_000;

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
            Self::Unreadable(error) => write!(f, "FAILS, can not be read: {error:#}"),
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
    /// Verifies one record.
    pub(super) async fn verify(&mut self, id: Ulid) -> Result<Verdict, Failure> {
        let transaction = id.to_string();
        // Before anything else is read: what is signed meanwhile is not in what is read then.
        let room_id = self.store.snapshot().await?.room_id(id).await?;
        let in_room = match room_id.map(OwnedRoomId::try_from) {
            Some(Ok(room_id)) => self.rooms.head(&room_id).await,
            _ => None,
        };
        let mut snapshot = self.store.snapshot().await?;
        let Some(head) = snapshot.head(id).await? else { return Err(Failure::Missing) };
        let mut kept = Vec::new();
        for row in snapshot.signed_heads(id).await? {
            kept.push(serde_json::from_str(&row.signed).unwrap_or_default());
        }
        let mut check = RecordCheck::new(&transaction, &kept, &self.trust)?;
        if let Some(head) = in_room {
            check.hold(&transaction, HeldBy::Room, &head)?;
        }
        for head in self.heads.iter().filter(|head| is_of(head, &transaction)) {
            check.hold(&transaction, HeldBy::File, head)?;
        }
        check_acts(&mut check, &mut snapshot, id).await?;
        let mut after = 0;
        loop {
            let page = snapshot.evidence(id, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.entry.fixed.seq;
            page.iter().try_for_each(|evidence| check.check(evidence))?;
        }
        let files = snapshot.files(id).await?;
        // A read of files may take long, and may not hold up who writes.
        drop(snapshot);
        for file in files {
            let evidence = self.look_at(id, file).await?;
            check.check_file(&evidence, now())?;
        }
        Ok(check.finish(&Ending { head: &head, now: now(), sign_after: self.sign_after })?)
    }

    async fn look_at(&self, id: Ulid, file: FileRow) -> Result<FileEvidence, Failure> {
        let mut evidence = evidence(file);
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
    let mut number = 0;
    loop {
        let acts = snapshot.acts(id, number).await?;
        let Some(last) = acts.last() else { break };
        number = last.act.number;
        acts.iter().try_for_each(|act| check.check_act(act))?;
    }
    let mut revision = 0;
    while let Some(content) = snapshot.revision_after(id, revision).await? {
        revision = content.revision;
        check.check_revision(&content)?;
    }
    Ok(())
}

fn evidence(file: FileRow) -> FileEvidence {
    let content = file.sha256.map(|sha256| FileContent {
        sha256,
        size: file.size.unwrap_or_default(),
        media_type: file.media_type,
    });
    FileEvidence {
        source: file.mxc,
        is_kept: file.state == "stored",
        content,
        stored_at: file.stored_at,
        found: None,
    }
}
