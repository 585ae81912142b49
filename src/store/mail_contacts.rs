//! The contacts who are written to by e-mail: since when they may have something to read, and what they were told of.

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, FromRow};
use ulid::Ulid;

use super::chat::where_line;
use super::columns::{parse_id, readable};
use super::entry_row::{Row, select_entries};
use super::link_requests::{LinkRequest, set_answered};
use super::mails::{self, MailKind};
use super::unread::WHERE_UNREAD;
use super::{Store, StoreError, Tx};
use crate::clock::now;
use crate::record::Entry;
use crate::transaction::PartyRole;

pub(super) const FORGET_DUE: &str =
    "UPDATE mail_contacts SET due_at = NULL WHERE due_at IS NOT NULL";

macro_rules! select_contacts {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.transaction_id, c.party, c.contact, c.told_seq, c.due_at, c.answered ",
            "FROM mail_contacts c ",
            $rest
        )
    };
}
/// While a mail waits, what comes meanwhile waits with it, and is one mail afterwards.
const SELECT_DUE_CONTACTS: &str = select_contacts!(
    "WHERE c.due_at <= $1 AND NOT EXISTS \
     (SELECT 1 FROM mails m WHERE m.mail_contact_id = c.id AND m.due_at IS NOT NULL) \
     ORDER BY c.due_at LIMIT $2"
);
const SELECT_CONTACT: &str = select_contacts!("WHERE c.id = $1");
const SELECT_LAST_SEQ: &str = "SELECT last_seq FROM transactions WHERE id = $1";
/// The first and the last unread line up to an entry ($5).
static SELECT_UNREAD: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT MIN(e.seq), MAX(e.seq) FROM entries e {} AND e.seq <= $5", *WHERE_UNREAD)
});
/// The lines between two entries ($2, $3) that somebody else than a user ($4) said, and that nobody has removed.
static WHERE_SAID: LazyLock<String> = LazyLock::new(|| {
    let line = where_line();
    format!(
        "{line} AND e.seq >= $2 AND e.seq <= $3 AND e.sender <> $4 AND e.redacted_by IS NULL AND e.erased IS NULL"
    )
});
static SELECT_SAID: LazyLock<String> = LazyLock::new(|| {
    format!("{} {} ORDER BY e.seq DESC LIMIT $5", select_entries!("", ""), *WHERE_SAID)
});
static COUNT_SAID: LazyLock<String> =
    LazyLock::new(|| format!("SELECT COUNT(*) FROM entries e {}", *WHERE_SAID));
const SETTLE_CONTACT: &str =
    "UPDATE mail_contacts SET due_at = NULL, told_seq = $2 WHERE id = $1 AND due_at = $3";
const PUT_CONTACT_OFF: &str =
    "UPDATE mail_contacts SET due_at = $2 WHERE id = $1 AND due_at IS NOT NULL";
/// Changes nothing but the lock if the contact is there. One who is new has their link before they are told of anything, so
/// they are told of what is said from now on.
const UPSERT_CONTACT: &str = "INSERT INTO mail_contacts (id, transaction_id, party, contact, address, told_seq) \
     SELECT $1, id, $3, $4, $4, last_seq FROM transactions WHERE id = $2 \
     ON CONFLICT (transaction_id, party, contact) \
     DO UPDATE SET address = excluded.address RETURNING id";

/// A contact of a transaction who is written to by e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailContact {
    /// The id: in the address for answers, and in Message-IDs.
    pub id: Ulid,
    /// The transaction.
    pub transaction: Ulid,
    /// The party to which the contact belongs.
    pub role: PartyRole,
    /// The e-mail address, which is the key of the contact as well.
    pub address: String,
    /// The last entry that they were told of.
    pub told_seq: i64,
    /// Since when the contact may have something to read, in milliseconds since 1970. None: they have not.
    pub due_at: Option<i64>,
    /// The Message-ID of the last mail of theirs.
    pub answered: Option<String>,
}

#[derive(FromRow)]
struct ContactRow {
    id: String,
    transaction_id: String,
    party: String,
    contact: String,
    told_seq: i64,
    due_at: Option<i64>,
    answered: Option<String>,
}

impl TryFrom<ContactRow> for MailContact {
    type Error = StoreError;

    fn try_from(row: ContactRow) -> Result<Self, StoreError> {
        let role = PartyRole::from_text(&row.party).ok_or("another party");
        Ok(Self {
            id: parse_id(&row.id)?,
            transaction: parse_id(&row.transaction_id)?,
            role: readable("party", role)?,
            address: row.contact,
            told_seq: row.told_seq,
            due_at: row.due_at,
            answered: row.answered,
        })
    }
}

impl Store {
    /// Returns at most `limit` contacts who may have something to read and for whom no mail waits. One that cannot be read
    /// is put off.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_mail_contacts(&self, limit: i64) -> Result<Vec<MailContact>, StoreError> {
        let select = sqlx::query_as(SELECT_DUE_CONTACTS).bind(now()).bind(limit);
        let rows: Vec<ContactRow> = select.fetch_all(&self.pool).await?;
        let mut due = Vec::new();
        for row in rows {
            let id = row.id.clone();
            match MailContact::try_from(row) {
                Ok(contact) => due.push(contact),
                Err(error) => self.read_later(PUT_CONTACT_OFF, &id, &error).await?,
            }
        }
        Ok(due)
    }

    /// Notes that a contact is looked at later, because something about them cannot be read.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn put_mail_contact_off(
        &self,
        id: Ulid,
        problem: &StoreError,
    ) -> Result<(), StoreError> {
        self.read_later(PUT_CONTACT_OFF, &id.to_string(), problem).await
    }

    /// Returns a contact who is written to.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn mail_contact(&self, id: Ulid) -> Result<Option<MailContact>, StoreError> {
        let select = sqlx::query_as(SELECT_CONTACT).bind(id.to_string());
        let row: Option<ContactRow> = select.fetch_optional(&self.pool).await?;
        row.map(MailContact::try_from).transpose()
    }

    /// Makes a mail of what a contact has not read, who speaks and reads on the page as `guest`. Without a guest they are
    /// told of nothing. Either way they have been told of all that was said so far.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is changed.
    pub async fn settle_mail_contact(
        &self,
        contact: &MailContact,
        guest: Option<&str>,
    ) -> Result<(), StoreError> {
        let transaction = contact.transaction.to_string();
        let mut tx = self.begin().await?;
        let last = sqlx::query_scalar(SELECT_LAST_SEQ).bind(&transaction);
        let last: i64 = last.fetch_one(&mut *tx).await?;
        let settle = sqlx::query(SETTLE_CONTACT).bind(contact.id.to_string()).bind(last);
        if settle.bind(contact.due_at).execute(&mut *tx).await?.rows_affected() == 0 {
            // Another process did it at this moment.
            return Ok(());
        }
        if let Some(guest) = guest {
            let unread = sqlx::query_as(AssertSqlSafe(SELECT_UNREAD.as_str())).bind(&transaction);
            let unread = unread.bind(contact.told_seq).bind(guest).bind(guest).bind(last);
            let unread: (Option<i64>, Option<i64>) = unread.fetch_one(&mut *tx).await?;
            if let (Some(from), Some(to)) = unread {
                mails::insert(&mut tx, contact.id, MailKind::Words { from, to }).await?;
            }
        }
        tx.commit().await
    }

    /// Returns the last lines from an entry to another one that somebody else than `guest` said and nobody has removed, at
    /// most `limit`, in no particular order, and the number of all of them.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn said_by_others(
        &self,
        id: Ulid,
        (from, to): (i64, i64),
        guest: &str,
        limit: i64,
    ) -> Result<(Vec<Entry>, i64), StoreError> {
        let id = id.to_string();
        let select = sqlx::query_as(AssertSqlSafe(SELECT_SAID.as_str())).bind(&id);
        let select = select.bind(from).bind(to).bind(guest).bind(limit);
        let rows: Vec<Row> = select.fetch_all(&self.pool).await?;
        let count = sqlx::query_scalar(AssertSqlSafe(COUNT_SAID.as_str())).bind(&id);
        let count = count.bind(from).bind(to).bind(guest).fetch_one(&self.pool).await?;
        let entries = rows.into_iter().map(Entry::try_from).collect::<Result<_, _>>()?;
        Ok((entries, count))
    }

    /// Makes a mail with the link that a contact with this address asked for on the page.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is made, and the request waits.
    pub async fn answer_link_request_by_mail(
        &self,
        transaction: Ulid,
        request: &LinkRequest,
        (role, address): (PartyRole, &str),
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let answered = set_answered(transaction, request).execute(&mut *tx).await?;
        if answered.rows_affected() == 1 {
            let contact = upsert(&mut tx, transaction, role, address).await?;
            mails::insert(&mut tx, contact, MailKind::Link).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Returns the id of a contact who is written to from now on, if not before.
pub(super) async fn upsert(
    tx: &mut Tx,
    transaction: Ulid,
    role: PartyRole,
    address: &str,
) -> Result<Ulid, StoreError> {
    let upsert = sqlx::query_scalar(UPSERT_CONTACT).bind(Ulid::new().to_string());
    let upsert = upsert.bind(transaction.to_string()).bind(role.as_str()).bind(address);
    let id: String = upsert.fetch_one(&mut **tx).await?;
    parse_id(&id)
}
