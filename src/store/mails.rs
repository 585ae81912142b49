//! The mails to contacts: which ones wait to be sent, and what became of them.

use std::time::Duration;

use jiff::civil::Date;
use sqlx::FromRow;
use ulid::Ulid;

use super::columns::{parse_id, readable};
use super::due_rooms::pause_until;
use super::silenced_addresses::{Silence, silence};
use super::{Store, StoreError, Tx};
use crate::clock::{DAY_MS, now};

/// How long something waits that cannot be read, in milliseconds, so that it stops none of the others.
const UNREADABLE_PAUSE_MS: i64 = 3_600_000;
/// How long a mail is kept that was sent or given up, in milliseconds. A reminder is not made again once that is over, since
/// the days that are made up for are few.
pub(super) const KEPT_MS: i64 = 90 * DAY_MS;

/// That mails were switched off is no problem of a mail.
pub(super) const FORGET_ALL: &str =
    "UPDATE mails SET due_at = NULL, problem = NULL WHERE due_at IS NOT NULL";
/// A reminder that was made before is not made again.
const INSERT_MAIL: &str = "INSERT INTO mails \
     (id, mail_contact_id, kind, from_seq, to_seq, detail, made_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
     ON CONFLICT (mail_contact_id, detail) WHERE detail IS NOT NULL DO NOTHING";
const SELECT_DUE_MAILS: &str = "SELECT id, mail_contact_id, kind, from_seq, to_seq, detail, made_at, tries \
     FROM mails WHERE due_at <= $1 AND ($3 = 0 OR kind = 'link') ORDER BY due_at LIMIT $2";
const SELECT_NEXT_DUE: &str = "SELECT MIN(due_at) FROM \
     (SELECT MIN(due_at) AS due_at FROM mails WHERE due_at IS NOT NULL \
     UNION ALL SELECT MIN(due_at) FROM mail_contacts WHERE due_at IS NOT NULL) d";
const PUT_MAIL_OFF: &str = "UPDATE mails SET due_at = $2 WHERE id = $1 AND due_at IS NOT NULL";
const SET_SENT: &str = "UPDATE mails SET due_at = NULL, sent_at = $2, tries = tries + 1, problem = NULL \
     WHERE id = $1 AND due_at IS NOT NULL";
const SET_AGAIN: &str = "UPDATE mails SET due_at = $2, tries = tries + 1, problem = $3 \
     WHERE id = $1 AND due_at IS NOT NULL";
const SET_OVER: &str =
    "UPDATE mails SET due_at = NULL, problem = $2 WHERE id = $1 AND due_at IS NOT NULL";
pub(super) const DELETE_OVER: &str = "DELETE FROM mails WHERE id IN \
     (SELECT id FROM mails WHERE due_at IS NULL AND made_at < $1 ORDER BY made_at LIMIT $2)";

/// What a mail says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// What was said from this entry to that one.
    Words {
        /// The first entry.
        from: i64,
        /// The last entry.
        to: i64,
    },
    /// A link to the page, which they asked for there.
    Link,
    /// That the shop has named them as a contact.
    Invitation,
    /// What is to be paid.
    Reminder {
        /// By when it is to be paid.
        due_date: Date,
        /// The number of days from there to the reminder, which is negative before the due date.
        days: i64,
    },
}

impl MailKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Words { .. } => "words",
            Self::Link => "link",
            Self::Invitation => "invitation",
            Self::Reminder { .. } => "reminder",
        }
    }

    /// Returns what tells a reminder from the others of its contact.
    fn detail(self) -> Option<String> {
        match self {
            Self::Reminder { due_date, days } => Some(format!("{due_date} {days}")),
            Self::Words { .. } | Self::Link | Self::Invitation => None,
        }
    }

    fn reminder(detail: &str) -> Option<Self> {
        let (due_date, days) = detail.split_once(' ')?;
        Some(Self::Reminder { due_date: due_date.parse().ok()?, days: days.parse().ok()? })
    }
}

/// A mail that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueMail {
    /// The id: in its Message-ID.
    pub id: Ulid,
    /// The contact for whom it is.
    pub contact: Ulid,
    /// What it says.
    pub kind: MailKind,
    /// When it was made, in milliseconds since 1970.
    pub made_at: i64,
    /// The number of tries so far.
    pub tries: i64,
}

#[derive(FromRow)]
struct MailRow {
    id: String,
    mail_contact_id: String,
    kind: String,
    from_seq: Option<i64>,
    to_seq: Option<i64>,
    detail: Option<String>,
    made_at: i64,
    tries: i64,
}

impl TryFrom<MailRow> for DueMail {
    type Error = StoreError;

    fn try_from(row: MailRow) -> Result<Self, StoreError> {
        let kind = match (row.kind.as_str(), row.from_seq, row.to_seq) {
            ("words", Some(from), Some(to)) => Some(MailKind::Words { from, to }),
            ("link", ..) => Some(MailKind::Link),
            ("invitation", ..) => Some(MailKind::Invitation),
            ("reminder", ..) => row.detail.as_deref().and_then(MailKind::reminder),
            _ => None,
        };
        let kind = kind.ok_or("a kind of mail of another version");
        Ok(Self {
            id: parse_id(&row.id)?,
            contact: parse_id(&row.mail_contact_id)?,
            kind: readable("kind", kind)?,
            made_at: row.made_at,
            tries: row.tries,
        })
    }
}

/// What becomes of a mail after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailFate {
    /// The server has it.
    Sent,
    /// It is tried again at this time (milliseconds since 1970), because of this problem.
    Again(i64, String),
    /// It is given up because of this problem.
    GivenUp(String),
    /// The recipient does not exist. It is given up, and the shop does not write to the address any more.
    Bounced(String),
    /// There is nothing to say any more.
    Pointless,
}

impl Store {
    /// Returns at most `limit` mails that are due, the one that has been due for the longest time first. While it
    /// `is_quiet`, these are those that somebody waits for. One that cannot be read is put off.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_mails(
        &self,
        limit: usize,
        is_quiet: bool,
    ) -> Result<Vec<DueMail>, StoreError> {
        let select = sqlx::query_as(SELECT_DUE_MAILS).bind(now());
        let select =
            select.bind(i64::try_from(limit).unwrap_or(i64::MAX)).bind(i64::from(is_quiet));
        let rows: Vec<MailRow> = select.fetch_all(&self.pool).await?;
        let mut due = Vec::new();
        for row in rows {
            let id = row.id.clone();
            match DueMail::try_from(row) {
                Ok(mail) => due.push(mail),
                Err(error) => self.read_later(PUT_MAIL_OFF, &id, &error).await?,
            }
        }
        Ok(due)
    }

    /// Returns how long there is nothing to do for mails unless something new is said.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn pause_of_mails(&self, shortest: Duration) -> Result<Duration, StoreError> {
        let due_at: Option<i64> = sqlx::query_scalar(SELECT_NEXT_DUE).fetch_one(&self.pool).await?;
        Ok(pause_until(due_at, shortest, self.hints.patience().max(shortest)))
    }

    /// Notes what becomes of a mail after a try. Nothing is noted if it does not wait any more.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is noted, and it is sent again, with the same Message-ID.
    pub async fn mail_tried(&self, mail: &DueMail, fate: &MailFate) -> Result<(), StoreError> {
        let id = mail.id.to_string();
        let note = match fate {
            MailFate::Sent => sqlx::query(SET_SENT).bind(id).bind(now()),
            MailFate::Again(at, problem) => {
                sqlx::query(SET_AGAIN).bind(id).bind(*at).bind(problem.clone())
            }
            MailFate::GivenUp(problem) | MailFate::Bounced(problem) => {
                sqlx::query(SET_OVER).bind(id).bind(problem.clone())
            }
            MailFate::Pointless => sqlx::query(SET_OVER).bind(id).bind(None::<String>),
        };
        if !matches!(fate, MailFate::Bounced(_)) {
            return self.run(note).await;
        }
        let mut tx = self.begin().await?;
        note.execute(&mut *tx).await?;
        silence(&mut tx, mail.contact, Silence::Bounced).await?;
        tx.commit().await
    }

    /// Notes that a mail or its contact is looked at later by this statement, because something about it cannot be read.
    pub(super) async fn read_later(
        &self,
        update: &'static str,
        id: &str,
        problem: &StoreError,
    ) -> Result<(), StoreError> {
        tracing::error!(error = %problem, id, "a mail or its contact cannot be read; retrying later");
        self.run(sqlx::query(update).bind(id).bind(now() + UNREADABLE_PAUSE_MS)).await
    }
}

/// Makes a mail for a contact.
pub(super) async fn insert(tx: &mut Tx, contact: Ulid, kind: MailKind) -> Result<(), StoreError> {
    let range = match kind {
        MailKind::Words { from, to } => Some((from, to)),
        MailKind::Link | MailKind::Invitation | MailKind::Reminder { .. } => None,
    };
    let insert = sqlx::query(INSERT_MAIL)
        .bind(Ulid::new().to_string())
        .bind(contact.to_string())
        .bind(kind.as_str())
        .bind(range.map(|it| it.0))
        .bind(range.map(|it| it.1))
        .bind(kind.detail())
        .bind(now());
    insert.execute(&mut **tx).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::mail_contacts;
    use crate::store::tests::{opened, root};
    use crate::store::{Created, NewRevision};
    use crate::transaction::PartyRole;

    #[test]
    fn a_reminder_is_read_as_it_is_written() {
        for days in [-60, -1, 1, 60] {
            let reminder = MailKind::Reminder { due_date: "2026-07-01".parse().unwrap(), days };
            assert_eq!(MailKind::reminder(&reminder.detail().unwrap()), Some(reminder));
        }
        for odd in ["", "2026-07-01", "2026-07-01 x", "2026-02-30 1"] {
            assert_eq!(MailKind::reminder(odd), None, "{odd}");
        }
    }

    #[tokio::test]
    async fn mails_that_are_over_are_deleted_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let terms = crate::transaction::sample().terms;
        let new = NewRevision { terms: &terms, warnings: &[], original: None };
        let created = store.create_transaction("shop", "order-1", new, "test", &root()).await;
        let Ok(Created::New(transaction)) = created else { panic!("{created:?}") };
        let mut tx = store.begin().await.unwrap();
        let contact =
            mail_contacts::upsert(&mut tx, transaction, PartyRole::Buyer, "a@b.example").await;
        for _ in 0..3 {
            insert(&mut tx, *contact.as_ref().unwrap(), MailKind::Link).await.unwrap();
        }
        tx.commit().await.unwrap();
        let due = store.due_mails(10, false).await.unwrap();
        let [sent, given_up, waiting] = due.as_slice() else { panic!("{due:?}") };
        store.mail_tried(sent, &MailFate::Sent).await.unwrap();
        store.mail_tried(given_up, &MailFate::GivenUp("552".to_owned())).await.unwrap();
        let left = async |before: i64| {
            store.run(sqlx::query(DELETE_OVER).bind(before).bind(10)).await.unwrap();
            let left = sqlx::query_scalar("SELECT id FROM mails ORDER BY id");
            let left: Vec<String> = left.fetch_all(&store.pool).await.unwrap();
            left
        };
        assert_eq!(left(sent.made_at).await.len(), 3);
        assert_eq!(left(now() + 1).await, [waiting.id.to_string()]);
        let contact = store.mail_contact(waiting.contact).await.unwrap();
        assert!(contact.is_some(), "whom it was told stays known");
    }
}
