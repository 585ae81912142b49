//! The acts of records. An act is linked to the act before it, in the same tx in which the thing is
//! done.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use sqlx::FromRow;
use ulid::Ulid;

use super::columns::{from_json, parse_id};
use super::many_rows::ManyRows;
use super::packed_rows::{PackedRows, packed_rows};
use super::{Snapshot, Store, StoreError, Tx, journal};
use crate::clock::now;
use crate::record::Erased;
use crate::record::acts::{
    Act, ActEvidence, ActKind, FORGOTTEN, REDACTED, RevisionContent, act_link,
};
use crate::record::digest::{canonical, content_digest};

/// Locks the row of the transaction, so that acts of the same transaction are added one after the
/// other.
const TAKE_NEXT_NUMBER: &str = "UPDATE transactions SET acts = acts + 1 WHERE id = $1 \
     RETURNING acts, acts_hash";
const SET_ACTS_HASH: &str = "UPDATE transactions SET acts_hash = $2, \
     sign_due_at = CASE WHEN sign_due_at IS NULL OR sign_due_at > $3 THEN $3 ELSE sign_due_at END \
     WHERE id = $1";
const SET_SIGN_DUE: &str =
    "UPDATE transactions SET sign_due_at = COALESCE(sign_due_at, $2) WHERE id = $1";
/// Locks the rows of these transactions in the order of their ids, and selects the ends of their acts.
static LOCK_ENDS: PackedRows = packed_rows!(
    ["t.id", "t.acts", "t.acts_hash"],
    " FROM (VALUES ",
    1,
    ") AS v CROSS JOIN transactions t WHERE t.id = v.column1",
    " ORDER BY t.id FOR NO KEY UPDATE OF t"
);
static SET_ENDS: ManyRows = ManyRows::new(
    "UPDATE transactions SET acts = v.column2, acts_hash = v.column3 FROM (VALUES ",
    3,
    ") AS v WHERE transactions.id = v.column1",
);
static INSERT_ACTS: ManyRows = ManyRows::new(
    "INSERT INTO acts (transaction_id, number, hash, at, kind, subject, actor, \
     reason, adopted, content, salt) VALUES ",
    11,
    "",
);
const SELECT_ACTS_AFTER: &str = "\
     SELECT transaction_id, number, hash, at, kind, subject, actor, reason, \
     adopted, content, salt FROM acts WHERE transaction_id = $1 AND number > $2 \
     ORDER BY number LIMIT $3";
const SELECT_REVISION_AFTER: &str = "\
     SELECT r.revision, t.shop, t.external_id, r.status, r.created_at, \
     r.redactions, r.language, r.original_type, r.original, r.invoice, r.buyer, r.seller \
     FROM revisions r JOIN transactions t ON t.id = r.transaction_id \
     WHERE r.transaction_id = $1 AND r.revision > $2 ORDER BY r.revision LIMIT 1";
const SELECT_CURRENT_REVISION: &str = "SELECT revision FROM transactions WHERE id = $1";

/// The greatest number of acts that one call reads.
const ACTS_PER_PAGE: i64 = 1_000;

/// What an act tells.
#[derive(Clone, Debug)]
pub(super) struct NewAct<'a> {
    pub(super) kind: ActKind,
    pub(super) subject: &'a str,
    pub(super) actor: &'a str,
    pub(super) reason: &'a str,
    /// Whether it was done by a version of Tallyroom that did not keep acts yet.
    pub(super) adopted: bool,
    /// The content of the act, as canonical JSON.
    pub(super) content: Option<String>,
}

impl<'a> NewAct<'a> {
    /// Returns the act of a new revision.
    pub(super) fn revision(content: &'a RevisionContent, number: &'a str) -> Self {
        Self {
            kind: ActKind::Revision,
            subject: number,
            actor: &content.shop,
            reason: "",
            adopted: false,
            content: Some(canonical(content)),
        }
    }

    /// Returns the act of the erasure of the entry `seq`. `by` is the person who asked for it,
    /// unless it was a redaction.
    pub(super) fn erasure(
        seq: &'a str,
        erased: &'a Erased,
        by: Option<&'a ErasureRequest>,
    ) -> Self {
        let (actor, reason) = match (erased, by) {
            (Erased::Redacted(event_id), _) => (event_id.as_str(), REDACTED),
            (Erased::Forgotten, Some(asked)) => (asked.by.as_str(), asked.reason.as_str()),
            (Erased::Forgotten, None) => ("", FORGOTTEN),
        };
        Self { kind: ActKind::Erasure, subject: seq, actor, reason, adopted: false, content: None }
    }
}

/// The person who asked, outside a room, that something be forgotten, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRequest {
    by: String,
    reason: String,
}

impl ErasureRequest {
    /// Makes the value from the name of the person and the reason in their words, if they gave one.
    pub fn new(by: &str, why: Option<&str>) -> Self {
        let reason = match why {
            Some(why) => format!("{FORGOTTEN}: {why}"),
            None => FORGOTTEN.to_owned(),
        };
        Self { by: by.to_owned(), reason }
    }
}

#[derive(FromRow)]
struct Row {
    transaction_id: String,
    number: i64,
    hash: String,
    at: i64,
    kind: String,
    subject: String,
    actor: String,
    reason: String,
    adopted: i64,
    content: String,
    salt: Option<String>,
}

#[derive(FromRow)]
struct RevisionRow {
    revision: i64,
    shop: String,
    external_id: String,
    status: String,
    created_at: i64,
    redactions: Option<String>,
    language: Option<String>,
    original_type: Option<String>,
    original: Option<Vec<u8>>,
    invoice: String,
    buyer: String,
    seller: String,
}

impl Store {
    /// Returns when the head is to be signed because of something that happens now.
    pub(super) fn sign_due(&self) -> i64 {
        now().saturating_add(self.sign_after)
    }
}

impl Snapshot {
    /// Returns one page of the acts of a record with a number above `after` and their evidence,
    /// oldest first.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn acts(&mut self, id: Ulid, after: i64) -> Result<Vec<ActEvidence>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(SELECT_ACTS_AFTER)
            .bind(id.to_string())
            .bind(after)
            .bind(ACTS_PER_PAGE)
            .fetch_all(&mut *self.tx)
            .await?;
        rows.into_iter().map(ActEvidence::try_from).collect()
    }

    /// Returns the number of the current revision in the row of the transaction.
    ///
    /// # Errors
    /// If the database does not answer, or there is no such transaction.
    pub async fn current_revision(&mut self, id: Ulid) -> Result<i64, StoreError> {
        sqlx::query_scalar(SELECT_CURRENT_REVISION)
            .bind(id.to_string())
            .fetch_one(&mut *self.tx)
            .await
    }

    /// Returns the next revision after `number`, in the form that its act covers.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn revision_after(
        &mut self,
        id: Ulid,
        number: i64,
    ) -> Result<Option<RevisionContent>, StoreError> {
        revision_after(&mut self.tx, &id.to_string(), number).await
    }
}

/// Adds the act of a revision that was written. `actor` is who did it, if it was not the shop.
pub(super) async fn note_revision(
    tx: &mut Tx,
    id: Ulid,
    revision: i64,
    actor: Option<&str>,
    sign_due: i64,
) -> Result<(), StoreError> {
    let (id, subject) = (id.to_string(), revision.to_string());
    let Some(content) = revision_after(tx, &id, revision - 1).await? else { return Ok(()) };
    let mut act = NewAct::revision(&content, &subject);
    act.actor = actor.unwrap_or(act.actor);
    append(tx, &id, act, Some(sign_due)).await.map(drop)
}

/// Adds an act to the acts of a transaction, and returns its number. The head is signed at `sign_due` at the latest.
/// If it is none, the caller schedules the signature.
pub(super) async fn append(
    tx: &mut Tx,
    transaction_id: &str,
    new: NewAct<'_>,
    sign_due: Option<i64>,
) -> Result<i64, StoreError> {
    let (number, previous): (i64, String) =
        sqlx::query_as(TAKE_NEXT_NUMBER).bind(transaction_id).fetch_one(&mut **tx).await?;
    let linked = Linked::after((number - 1, &previous), transaction_id, new);
    INSERT_ACTS.insert(tx, &[linked.row()]).await?;
    let set = sqlx::query(SET_ACTS_HASH).bind(transaction_id).bind(linked.hash).bind(sign_due);
    set.execute(&mut **tx).await?;
    Ok(number)
}

/// Adds acts to the acts of several transactions, in this order. The caller schedules the signatures.
pub(super) async fn append_all(
    tx: &mut Tx,
    acts: Vec<(&str, NewAct<'_>)>,
) -> Result<(), StoreError> {
    let ids: BTreeSet<&str> = acts.iter().map(|(id, _)| *id).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let ends: Vec<(String, i64, String)> = LOCK_ENDS.select(tx, &ids).await?;
    let mut ends: BTreeMap<String, (i64, String)> =
        ends.into_iter().map(|(id, number, hash)| (id, (number, hash))).collect();
    let mut linked = Vec::with_capacity(acts.len());
    for (transaction_id, new) in acts {
        let Some((number, hash)) = ends.get_mut(transaction_id) else {
            return Err(StoreError::RowNotFound);
        };
        let act = Linked::after((*number, hash), transaction_id, new);
        *number = act.act.number;
        hash.clone_from(&act.hash);
        linked.push(act);
    }
    INSERT_ACTS.insert(tx, &linked.iter().map(Linked::row).collect::<Vec<_>>()).await?;
    let ends: Vec<_> =
        ends.iter().map(|(id, (number, hash))| (id.as_str(), *number, hash.as_str())).collect();
    SET_ENDS.change(tx, &ends).await
}

/// An act with its link in the chain.
struct Linked {
    act: Act,
    hash: String,
    salt: Option<String>,
}

/// The columns of an act, as [`INSERT_ACTS`] takes them.
type ActRow<'a> = (
    &'a str,
    i64,
    &'a str,
    i64,
    &'static str,
    &'a str,
    &'a str,
    &'a str,
    i64,
    &'a str,
    Option<&'a str>,
);

impl Linked {
    /// Links an act to the act before it.
    fn after((number, previous): (i64, &str), transaction_id: &str, new: NewAct<'_>) -> Self {
        let salt = new.content.as_ref().map(|_| journal::salt());
        let content = new.content.as_deref().zip(salt.as_deref());
        let act = Act {
            transaction: transaction_id.to_owned(),
            number: number + 1,
            at: now(),
            kind: new.kind,
            subject: new.subject.to_owned(),
            actor: new.actor.to_owned(),
            reason: new.reason.to_owned(),
            adopted: new.adopted,
            content: content.map(|(text, salt)| content_digest(salt, text)).unwrap_or_default(),
        };
        let hash = act_link(previous, &act);
        Self { act, hash, salt }
    }

    fn row(&self) -> ActRow<'_> {
        let Self { act, hash, salt } = self;
        (
            &act.transaction,
            act.number,
            hash,
            act.at,
            act.kind.as_str(),
            &act.subject,
            &act.actor,
            &act.reason,
            i64::from(act.adopted),
            &act.content,
            salt.as_deref(),
        )
    }
}

/// Has the head of a record signed at `sign_due` at the latest.
pub(super) async fn sign_by(
    tx: &mut Tx,
    transaction_id: &str,
    sign_due: i64,
) -> Result<(), StoreError> {
    sqlx::query(SET_SIGN_DUE).bind(transaction_id).bind(sign_due).execute(&mut **tx).await.map(drop)
}

/// Returns the next revision after `number`, in the form that its act covers.
pub(super) async fn revision_after(
    tx: &mut Tx,
    transaction_id: &str,
    number: i64,
) -> Result<Option<RevisionContent>, StoreError> {
    let row: Option<RevisionRow> = sqlx::query_as(SELECT_REVISION_AFTER)
        .bind(transaction_id)
        .bind(number)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(RevisionContent::try_from).transpose()
}

impl TryFrom<RevisionRow> for RevisionContent {
    type Error = StoreError;

    fn try_from(row: RevisionRow) -> Result<Self, StoreError> {
        Ok(Self {
            revision: row.revision,
            shop: row.shop,
            external_id: row.external_id,
            status: row.status,
            created_at: row.created_at,
            redactions: row.redactions,
            language: row.language,
            original_type: row.original_type,
            original_sha256: row.original.map(|bytes| format!("{:x}", Sha256::digest(bytes))),
            invoice: from_json("invoice", &row.invoice)?,
            buyer: from_json("buyer", &row.buyer)?,
            seller: from_json("seller", &row.seller)?,
        })
    }
}

impl TryFrom<Row> for ActEvidence {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        parse_id(&row.transaction_id)?;
        let kind = ActKind::from_text(&row.kind).ok_or_else(|| StoreError::ColumnDecode {
            index: "kind".to_owned(),
            source: format!("{:?} is no kind of act", row.kind).into(),
        })?;
        Ok(Self {
            act: Act {
                transaction: row.transaction_id,
                number: row.number,
                at: row.at,
                kind,
                subject: row.subject,
                actor: row.actor,
                reason: row.reason,
                adopted: row.adopted != 0,
                content: row.content,
            },
            hash: row.hash,
            salt: row.salt,
        })
    }
}
