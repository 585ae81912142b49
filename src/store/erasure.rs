//! The erasure of content from the record, by redactions and by requests to be forgotten.
//!
//! The content is deleted. The links of the chain stay, so that the record can still be verified.

use std::collections::{BTreeSet, HashSet};

use ruma::UserId;
use sqlx::FromRow;
use ulid::Ulid;

use super::acts::{self, ErasureRequest, NewAct};
use super::columns::{from_json, parse_id, to_json};
use super::many_rows::ManyRows;
use super::{
    Store, StoreError, Tx, adoption, arrived_mails, audit_log, files, indexing, notes, search_rows,
    subscriptions,
};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::event::{EventKind, NewEvent};
use crate::record::{Erased, RedactionPolicy, Relation, may_redact, named_redaction};

/// Selects an entry, its edits and its redactions.
///
/// The statement has two parts and no order, because SQLite would read the whole record for an `OR`
/// over two indexes, or for the order.
const SELECT_ENTRY_WITH_CHANGES: &str = "\
     SELECT seq, event_id, kind, sender, party, erased, redacted_by FROM entries \
     WHERE transaction_id = $1 AND event_id = $2 \
     UNION ALL SELECT seq, event_id, kind, sender, party, erased, redacted_by FROM entries \
     WHERE transaction_id = $1 AND target = $2 AND event_id <> $2 \
     AND kind IN ('redaction', 'edit')";
static SELECT_REDACTED: ManyRows = ManyRows::new(
    "SELECT DISTINCT e.transaction_id, e.target FROM (VALUES ",
    2,
    ") AS v CROSS JOIN entries e WHERE e.transaction_id = v.column1 AND e.target = v.column2 \
     AND e.kind = 'redaction'",
);
const MARK_REDACTED: &str =
    "UPDATE entries SET redacted_by = $3 WHERE transaction_id = $1 AND seq = $2";
const SELECT_UNERASED_ENTRY: &str = "\
     SELECT room_id, position, event_id, kind, target, relates_to FROM entries \
     WHERE transaction_id = $1 AND seq = $2 AND erased IS NULL";
/// The marker of a send by Tallyroom is kept: no person wrote it, and the page waits for it.
const ERASE_ENTRY: &str = "\
     UPDATE entries SET erased = $3, relates_to = $4, text = NULL, html = NULL, \
     attachments = '[]', membership = NULL, remark = NULL, \
     marker = (SELECT s.send_id FROM sends s WHERE s.transaction_id = $1 \
     AND s.send_id = entries.marker), \
     display_name = CASE WHEN $5 = 1 THEN display_name END \
     WHERE transaction_id = $1 AND seq = $2";
const ERASE_RAW_EVENT: &str =
    "UPDATE journal SET raw = NULL, salt = NULL WHERE room_id = $1 AND position = $2";
const SELECT_REDACTED_EVENTS: &str = "SELECT event_id FROM entries WHERE transaction_id = $1 \
     AND redacted_by IS NOT NULL AND erased IS NULL";
/// Selects what a person wrote, the member events about them, and what the bot answered where they are a contact: an
/// answer may name them. (`replace` finds a text within
/// another one in both databases, without wildcards.)
const SELECT_ENTRIES_ABOUT_PERSON: &str = "SELECT transaction_id, seq FROM entries \
     WHERE (sender = $1 OR (membership IS NOT NULL AND replace(membership, $2, '') <> membership) \
     OR (marker IS NOT NULL AND EXISTS (SELECT 1 FROM sends s JOIN contacts c \
     ON c.transaction_id = s.transaction_id WHERE s.transaction_id = entries.transaction_id \
     AND s.send_id = entries.marker AND s.send_key LIKE 'answer %' AND c.user_id = $1))) \
     AND erased IS NULL ORDER BY transaction_id, seq LIMIT $3";
/// The files of messages that a person wrote on the invoice page and that the room does not have
/// yet. They are deleted like files that no entry names.
const RELEASE_FILES_OF_UNSENT: &str = "INSERT INTO files (mxc, state, due_at, sha256) \
     SELECT 'page:' || id, 'unwanted', $2, sha256 FROM outgoing \
     WHERE user_id = $1 AND event_id IS NULL AND sha256 IS NOT NULL ON CONFLICT (mxc) DO NOTHING";
const DELETE_UNSENT: &str = "DELETE FROM outgoing WHERE user_id = $1 AND event_id IS NULL";
/// The bot leaves the room in which it wrote to the person.
const LEAVE_DIRECT_ROOM: &str = "INSERT INTO departures (room_id, user_id, due_at) \
     SELECT room_id, $2, $3 FROM bot_rooms WHERE purpose = $1 AND room_id IS NOT NULL \
     ON CONFLICT (room_id, user_id) DO NOTHING";
const FORGET_DIRECT_ROOM: &str = "DELETE FROM bot_rooms WHERE purpose = $1";
const FORGET_ADMIN: &str = "DELETE FROM admin_commands WHERE sender = $1";
const FORGET_DISPLAY_NAME: &str = "UPDATE members SET display_name = NULL WHERE user_id = $1";

/// The records that have more of a person than entries: messages that the room does not have yet, and a name.
const SELECT_RECORDS_WITH_MORE: &str = "\
     SELECT transaction_id FROM outgoing WHERE user_id = $1 AND event_id IS NULL \
     UNION SELECT transaction_id FROM members WHERE user_id = $1 AND display_name IS NOT NULL";
const SELECT_SHOP: &str = "SELECT shop FROM transactions WHERE id = $1";

/// The number of entries, and of notes, that are erased in one tx.
const ENTRIES_PER_TX: i64 = 200;

/// How much one call has erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The number of entries.
    pub entries: usize,
    /// The number of notes of one side.
    pub notes: usize,
}

#[derive(FromRow)]
struct Row {
    seq: i64,
    event_id: String,
    kind: String,
    sender: String,
    party: String,
    erased: Option<String>,
    redacted_by: Option<String>,
}

#[derive(FromRow)]
struct Place {
    room_id: String,
    position: i64,
    event_id: String,
    kind: String,
    target: Option<String>,
    relates_to: Option<String>,
}

impl Store {
    /// Erases what a person wrote in all records and in notes of their side, at most 200 entries and 200 notes per
    /// call, and has the bot leave the room in which it wrote to them. Returns how many it has erased.
    ///
    /// Sender, times and hashes stay, so that the chains can be verified. Who asked for the erasure
    /// and why is recorded as well. The audit log gets a line for each record in which something was erased, which
    /// says that `origin` did it, and not whose words they were. Those in `told` have it already; the others are added.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing of this call is written.
    pub async fn forget(
        &self,
        user: &str,
        bot: &UserId,
        asked: &ErasureRequest,
        origin: &Origin,
        told: &mut BTreeSet<String>,
    ) -> Result<Forgotten, StoreError> {
        let (mut tx, sign_due) = (self.begin().await?, self.sign_due());
        let rows: Vec<(String, i64)> = sqlx::query_as(SELECT_ENTRIES_ABOUT_PERSON)
            .bind(user)
            .bind(format!("\"user_id\":{}", to_json(user)?))
            .bind(ENTRIES_PER_TX)
            .fetch_all(&mut *tx)
            .await?;
        let mut locked = "";
        for (transaction_id, seq) in &rows {
            if locked != transaction_id {
                locked = transaction_id;
                adoption::lock(&mut tx, transaction_id, sign_due).await?;
                acts::sign_by(&mut tx, transaction_id, sign_due).await?;
            }
            erase(&mut tx, transaction_id, *seq, &Erased::Forgotten, Some(asked)).await?;
        }
        let more: Vec<String> =
            sqlx::query_scalar(SELECT_RECORDS_WITH_MORE).bind(user).fetch_all(&mut *tx).await?;
        sqlx::query(RELEASE_FILES_OF_UNSENT).bind(user).bind(now()).execute(&mut *tx).await?;
        sqlx::query(DELETE_UNSENT).bind(user).execute(&mut *tx).await?;
        let leave = sqlx::query(LEAVE_DIRECT_ROOM).bind(user).bind(bot.as_str()).bind(now());
        leave.execute(&mut *tx).await?;
        for statement in
            [FORGET_DISPLAY_NAME, FORGET_DIRECT_ROOM, FORGET_ADMIN, subscriptions::FORGET]
        {
            sqlx::query(statement).bind(user).execute(&mut *tx).await?;
        }
        let held = arrived_mails::forget(&mut tx, user).await?;
        let noted = notes::forget(&mut tx, user, ENTRIES_PER_TX).await?;
        let changed: BTreeSet<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
        let concerned = more
            .iter()
            .chain(&held)
            .chain(&noted)
            .map(String::as_str)
            .chain(changed.iter().copied());
        let to_tell: BTreeSet<&str> = concerned.filter(|it| !told.contains(*it)).collect();
        let mut lines = Vec::new();
        for id in &to_tell {
            let shop: String =
                sqlx::query_scalar(SELECT_SHOP).bind(*id).fetch_one(&mut *tx).await?;
            lines.push(origin.does(Action::EntriesErased, &shop).to(parse_id(id)?));
        }
        audit_log::add(&mut tx, &lines).await?;
        tx.commit().await?;
        told.extend(to_tell.into_iter().map(str::to_owned));
        self.hints.files.notify_one();
        self.hints.index.notify_one();
        for id in changed {
            self.hints.changed(parse_id(id)?);
        }
        Ok(Forgotten { entries: rows.len(), notes: noted.len() })
    }
}

/// Erases all redacted entries of a transaction, because the shop set the policy to honour
/// redactions. Returns whether there were any.
pub(super) async fn erase_redacted(tx: &mut Tx, id: Ulid) -> Result<bool, StoreError> {
    let id = id.to_string();
    let events: Vec<String> =
        sqlx::query_scalar(SELECT_REDACTED_EVENTS).bind(&id).fetch_all(&mut **tx).await?;
    for event_id in &events {
        apply_redactions(tx, &id, event_id, RedactionPolicy::Honour).await?;
    }
    Ok(!events.is_empty())
}

/// Returns those of the events (transaction and event id) that a redaction names, whether it has an
/// effect or not.
pub(super) async fn redacted_among(
    tx: &mut Tx,
    events: &[(&str, &str)],
) -> Result<HashSet<(String, String)>, StoreError> {
    Ok(SELECT_REDACTED.select(tx, events).await?.into_iter().collect())
}

/// Applies the redactions of the event `event_id`: marks its entry as redacted, and erases the
/// entry and its edits if the policy is to honour redactions.
///
/// The call can be repeated. It does nothing until the record holds both the event and a redaction.
pub(super) async fn apply_redactions(
    tx: &mut Tx,
    transaction_id: &str,
    event_id: &str,
    policy: RedactionPolicy,
) -> Result<(), StoreError> {
    let mut rows: Vec<Row> = sqlx::query_as(SELECT_ENTRY_WITH_CHANGES)
        .bind(transaction_id)
        .bind(event_id)
        .fetch_all(&mut **tx)
        .await?;
    rows.sort_by_key(|row| row.seq);
    let Some(target) = rows.iter().find(|row| row.event_id == event_id) else { return Ok(()) };
    let redaction = rows.iter().find(|row| {
        row.kind == "redaction"
            && row.event_id != event_id
            && may_redact(&row.sender, &row.party, &target.sender)
    });
    let Some(redaction) = redaction else { return Ok(()) };
    if named_redaction(target.redacted_by.as_deref()).is_none() {
        sqlx::query(MARK_REDACTED)
            .bind(transaction_id)
            .bind(target.seq)
            .bind(&redaction.event_id)
            .execute(&mut **tx)
            .await?;
    }
    if policy == RedactionPolicy::Retain {
        return Ok(());
    }
    let own_edits = rows.iter().filter(|row| row.kind == "edit" && row.sender == target.sender);
    let reason = Erased::Redacted(redaction.event_id.clone());
    for row in own_edits.chain([target]).filter(|row| row.erased.is_none()) {
        erase(tx, transaction_id, row.seq, &reason, None).await?;
    }
    Ok(())
}

/// Erases the content of one entry. The id of the event that it refers to stays, but not the key
/// (such as the emoji of a reaction).
async fn erase(
    tx: &mut Tx,
    transaction_id: &str,
    seq: i64,
    reason: &Erased,
    asked: Option<&ErasureRequest>,
) -> Result<(), StoreError> {
    let place: Option<Place> = sqlx::query_as(SELECT_UNERASED_ENTRY)
        .bind(transaction_id)
        .bind(seq)
        .fetch_optional(&mut **tx)
        .await?;
    let Some(place) = place else { return Ok(()) };
    let subject = seq.to_string();
    tx.tells(NewEvent::of(EventKind::EntryErased, transaction_id).about(seq));
    acts::append(tx, transaction_id, NewAct::erasure(&subject, reason, asked), None).await?;
    // The sender's name stays when a message is redacted, unless the redacted event sets the name.
    let keeps_name = matches!(reason, Erased::Redacted(_)) && place.kind != "membership";
    let relation = place
        .relates_to
        .as_deref()
        .map(|text| from_json::<Relation>("relates_to", text))
        .transpose()?
        .map(|relation| to_json(&Relation { key: None, ..relation }))
        .transpose()?;
    sqlx::query(ERASE_ENTRY)
        .bind(transaction_id)
        .bind(seq)
        .bind(reason.as_text())
        .bind(relation)
        .bind(i64::from(keeps_name))
        .execute(&mut **tx)
        .await?;
    sqlx::query(ERASE_RAW_EVENT)
        .bind(&place.room_id)
        .bind(place.position)
        .execute(&mut **tx)
        .await?;
    search_rows::remove(tx, transaction_id, seq).await?;
    // The search index holds the words of the answers with each vote, so these are removed as well.
    let poll = match place.kind.as_str() {
        "poll_start" => Some(&place.event_id),
        "edit" => place.target.as_ref(),
        _ => None,
    };
    if let Some(poll) = poll {
        indexing::index_votes_again(tx, transaction_id, poll, None).await?;
    }
    files::release(tx, transaction_id, seq).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{Created, NewRevision};
    use crate::transaction::sample_submission;

    #[tokio::test]
    async fn whoever_has_only_a_name_is_forgotten_with_one_line_for_each_record() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let accepted = sample_submission().accept().unwrap();
        let new = NewRevision { terms: &accepted.terms, warnings: &[], original: None };
        let created = store.create_transaction("shop", "order-1", new, "test", &root()).await;
        let Created::New(id) = created.unwrap() else { panic!("it is there already") };
        let named = async || {
            let named = "INSERT INTO members (transaction_id, user_id, display_name) \
                 VALUES ($1, '@anna:x', 'Anna') ON CONFLICT (transaction_id, user_id) \
                 DO UPDATE SET display_name = excluded.display_name";
            store.run(sqlx::query(named).bind(id.to_string())).await.unwrap();
        };
        let mut told = BTreeSet::new();
        let asked = ErasureRequest::new("an operator", None);
        let bot = ruma::user_id!("@bot:x");
        // A long record is erased in several calls.
        for _ in 0..2 {
            named().await;
            store.forget("@anna:x", bot, &asked, &root(), &mut told).await.unwrap();
        }
        store.forget("@somebody:x", bot, &asked, &root(), &mut BTreeSet::new()).await.unwrap();
        let lines = store.audit_log_of("shop", 0, Some(id), 10).await.unwrap();
        let actions: Vec<_> = lines.iter().map(|it| it.action.as_str()).collect();
        assert_eq!(actions, ["transaction.created", "entries.erased"]);
    }
}
