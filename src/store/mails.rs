//! E-mail to contacts: who is written to, what waits to be sent, and which addresses a shop does not write to any more.
//!
//! Who may have something to read is found by following the events. So nothing is written for it where entries are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use jiff::civil::Date;
use sqlx::{AssertSqlSafe, FromRow};
use ulid::Ulid;

use super::chat::{quoted_kinds, where_line};
use super::columns::{is_unreadable, parse_id, readable};
use super::due_rooms::pause_until;
use super::entry_row::{Row, select_entries};
use super::link_requests::{self, LinkRequest, set_answered};
use super::many_rows::ManyRows;
use super::unread::WHERE_UNREAD;
use super::{Store, StoreError, Tx, audit_log, facts};
use crate::access::AuditLine;
use crate::clock::{DAY_MS, now};
use crate::record::{Entry, Role};
use crate::transaction::PartyRole;

/// The name of the fact that holds the id of the last event that was followed.
const FOLLOWED: &str = "mails_followed";
/// The name of the fact that holds the last day whose reminders were made.
const REMINDED: &str = "mails_reminded";
/// The greatest number of events that are followed in one tx.
const FOLLOWED_PER_TX: i64 = 200;
/// How long something waits that cannot be read, in milliseconds, so that it stops none of the others.
const UNREADABLE_PAUSE_MS: i64 = 3_600_000;
/// How long a mail is kept that was sent or given up, in milliseconds. A reminder is not made again once that is over, since
/// the days that are made up for are few.
pub(super) const KEPT_MS: i64 = 90 * DAY_MS;

const SELECT_FOLLOWED_UPTO: &str = "SELECT COALESCE(MAX(id), 0), COUNT(*) FROM \
     (SELECT id FROM events WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3) e";
/// The transactions in which somebody said something, with the first entry of it.
static SELECT_SPOKEN: LazyLock<String> = LazyLock::new(|| {
    let kinds = quoted_kinds(|role| role == Role::Line);
    format!(
        "SELECT v.transaction_id, MIN(v.subject) FROM events v JOIN entries e \
         ON e.transaction_id = v.transaction_id AND e.seq = v.subject \
         WHERE v.id > $1 AND v.id <= $2 AND v.kind = 'entry.created' AND e.party <> 'bot' \
         AND e.kind IN ({kinds}) GROUP BY v.transaction_id"
    )
});
/// The revisions that were made.
const SELECT_REVISED: &str = "SELECT transaction_id, subject FROM events WHERE id > $1 AND id <= $2 \
     AND kind IN ('transaction.created', 'transaction.updated') AND subject IS NOT NULL ORDER BY id";
const INSERT_FOLLOWED: &str =
    "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
/// Of two processes that do the same, one changes no row.
const SET_FOLLOWED: &str = "UPDATE facts SET value = $2 WHERE name = $1 AND value = $3";
/// What waits already is not put off.
static UPSERT_DUE: ManyRows = ManyRows::new(
    "INSERT INTO mail_contacts (id, transaction_id, party, contact, address, told_seq, due_at) VALUES ",
    7,
    " ON CONFLICT (transaction_id, party, contact) DO UPDATE SET \
     address = excluded.address, due_at = COALESCE(mail_contacts.due_at, excluded.due_at)",
);
const FORGET_DUE: &str = "UPDATE mail_contacts SET due_at = NULL WHERE due_at IS NOT NULL";
/// That mails were switched off is no problem of a mail.
const FORGET_ALL: &str = "UPDATE mails SET due_at = NULL, problem = NULL WHERE due_at IS NOT NULL";

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
const PUT_MAIL_OFF: &str = "UPDATE mails SET due_at = $2 WHERE id = $1 AND due_at IS NOT NULL";
/// A reminder that was made before is not made again.
const INSERT_MAIL: &str = "INSERT INTO mails \
     (id, mail_contact_id, kind, from_seq, to_seq, detail, made_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
     ON CONFLICT (mail_contact_id, detail) WHERE detail IS NOT NULL DO NOTHING";
/// The transactions of a shop whose invoice, as it is now, is due on a day.
const SELECT_DUE_ON: &str = "SELECT t.id FROM revisions r \
     JOIN transactions t ON t.id = r.transaction_id AND t.revision = r.revision \
     WHERE r.due_date = $1 AND r.transaction_id > $2 AND t.shop = $3 ORDER BY r.transaction_id LIMIT $4";
/// Changes nothing but the lock if the contact is there. One who is new has their link before they are told of anything, so
/// they are told of what is said from now on.
const UPSERT_CONTACT: &str = "INSERT INTO mail_contacts (id, transaction_id, party, contact, address, told_seq) \
     SELECT $1, id, $3, $4, $4, last_seq FROM transactions WHERE id = $2 \
     ON CONFLICT (transaction_id, party, contact) \
     DO UPDATE SET address = excluded.address RETURNING id";
const SELECT_DUE_MAILS: &str = "SELECT id, mail_contact_id, kind, from_seq, to_seq, detail, made_at, tries \
     FROM mails WHERE due_at <= $1 AND ($3 = 0 OR kind = 'link') ORDER BY due_at LIMIT $2";
const SELECT_NEXT_DUE: &str = "SELECT MIN(due_at) FROM \
     (SELECT MIN(due_at) AS due_at FROM mails WHERE due_at IS NOT NULL \
     UNION ALL SELECT MIN(due_at) FROM mail_contacts WHERE due_at IS NOT NULL) d";
const SET_SENT: &str = "UPDATE mails SET due_at = NULL, sent_at = $2, tries = tries + 1, problem = NULL \
     WHERE id = $1 AND due_at IS NOT NULL";
const SET_AGAIN: &str = "UPDATE mails SET due_at = $2, tries = tries + 1, problem = $3 \
     WHERE id = $1 AND due_at IS NOT NULL";
const SET_OVER: &str =
    "UPDATE mails SET due_at = NULL, problem = $2 WHERE id = $1 AND due_at IS NOT NULL";
pub(super) const DELETE_OVER: &str = "DELETE FROM mails WHERE id IN \
     (SELECT id FROM mails WHERE due_at IS NULL AND made_at < $1 ORDER BY made_at LIMIT $2)";
const SELECT_ADDRESS: &str = "SELECT t.shop, c.address FROM mail_contacts c \
     JOIN transactions t ON t.id = c.transaction_id WHERE c.id = $1";
/// Who asked not to be written to is not written to, whatever happened to the address before or after.
const SILENCE: &str = "INSERT INTO silenced_addresses (shop, address, because, at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (shop, address) DO UPDATE SET because = excluded.because, at = excluded.at \
     WHERE silenced_addresses.because <> 'asked'";
const UNSILENCE: &str = "DELETE FROM silenced_addresses WHERE shop = $1 AND address = $2";
static SELECT_SILENCED: ManyRows = ManyRows::new(
    "SELECT s.address, s.because, s.at FROM (VALUES ",
    2,
    ") AS v JOIN silenced_addresses s ON s.shop = v.column1 AND s.address = v.column2",
);

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

/// Why a shop does not write to an address any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Whoever reads it asked for that.
    Asked,
    /// Mails cannot be delivered there.
    Bounced,
}

impl Silence {
    /// Returns the text for the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Bounced => "bounced",
        }
    }

    fn from_text(text: &str) -> Self {
        if text == "asked" { Self::Asked } else { Self::Bounced }
    }
}

impl Store {
    /// Follows the next events: whoever is written to by e-mail and may have something to read is looked at after
    /// `unread_ms` milliseconds. If the config `invites`, a mail is made for each contact whom the shop has newly named. Returns
    /// whether there are more events.
    ///
    /// The first call begins with what comes after it.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is noted.
    pub async fn follow_events_for_mails(
        &self,
        unread_ms: i64,
        invites: bool,
    ) -> Result<bool, StoreError> {
        let end = self.settled_end().await?;
        let Some(before) = self.fact(FOLLOWED).await? else {
            self.run(sqlx::query(INSERT_FOLLOWED).bind(FOLLOWED).bind(end.to_string())).await?;
            return Ok(false);
        };
        let after = position(&before);
        if after >= end {
            return Ok(false);
        }
        let looked_at = sqlx::query_as(SELECT_FOLLOWED_UPTO).bind(after).bind(end);
        let looked_at: (i64, i64) = looked_at.bind(FOLLOWED_PER_TX).fetch_one(&self.pool).await?;
        let is_full = looked_at.1 >= FOLLOWED_PER_TX;
        let upto = if is_full { looked_at.0 } else { end };
        let spoken = sqlx::query_as(AssertSqlSafe(SELECT_SPOKEN.as_str())).bind(after).bind(upto);
        let spoken: Vec<(String, i64)> = spoken.fetch_all(&self.pool).await?;
        // Each contact once, in one order, however often the shop names the address.
        let mut due = BTreeMap::new();
        for (id, seq) in &spoken {
            let transaction = self.transaction(parse_id(id)?).await;
            let Some(transaction) = or_skipped(id, transaction)? else { continue };
            due.extend(transaction.terms.mail_contacts().map(|(role, address)| {
                (
                    (id.as_str(), role.as_str(), address.to_owned()),
                    (Ulid::new().to_string(), seq - 1),
                )
            }));
        }
        let named = if invites { self.newly_named(after, upto).await? } else { BTreeSet::new() };
        let due_at = now() + unread_ms;
        let rows: Vec<_> = due
            .iter()
            .map(|((of, party, address), (id, told))| {
                (id.as_str(), *of, *party, address.as_str(), address.as_str(), *told, due_at)
            })
            .collect();
        let mut tx = self.begin().await?;
        let set = sqlx::query(SET_FOLLOWED).bind(FOLLOWED).bind(upto.to_string()).bind(&before);
        if set.execute(&mut *tx).await?.rows_affected() == 0 {
            // Another process did it at this moment.
            return Ok(true);
        }
        UPSERT_DUE.insert(&mut tx, &rows).await?;
        for (transaction, role, address) in &named {
            let contact = upsert_contact(&mut tx, *transaction, *role, address).await?;
            insert(&mut tx, contact, MailKind::Invitation).await?;
        }
        tx.commit().await?;
        Ok(is_full)
    }

    /// Returns the contacts who are written to by e-mail and whom a revision named that was made between two events.
    async fn newly_named(
        &self,
        after: i64,
        upto: i64,
    ) -> Result<BTreeSet<(Ulid, PartyRole, String)>, StoreError> {
        let revisions = sqlx::query_as(SELECT_REVISED).bind(after).bind(upto);
        let revisions: Vec<(String, i64)> = revisions.fetch_all(&self.pool).await?;
        let mut named = BTreeSet::new();
        for (id, revision) in revisions {
            let named_by = self.named_by(parse_id(&id)?, revision).await;
            named.extend(or_skipped(&id, named_by)?.into_iter().flatten());
        }
        Ok(named)
    }

    /// Returns the contacts who are written to by e-mail and whom a revision names, and the one before it did not, or none
    /// if there is no such revision.
    async fn named_by(
        &self,
        id: Ulid,
        revision: i64,
    ) -> Result<Option<Vec<(Ulid, PartyRole, String)>>, StoreError> {
        let Some(terms) = self.terms_at(id, revision).await? else { return Ok(None) };
        let before = self.terms_at(id, revision - 1).await?;
        let is_new = |contact: &(PartyRole, &str)| {
            !before.iter().any(|it| it.mail_contacts().any(|other| other == *contact))
        };
        let new = terms.mail_contacts().filter(is_new);
        Ok(Some(new.map(|(role, address)| (id, role, address.to_owned())).collect()))
    }

    /// Forgets what waits, because no mails are sent any more. If they are sent again, that begins with what comes then.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is forgotten.
    pub async fn stop_mails(&self) -> Result<(), StoreError> {
        if self.fact(FOLLOWED).await?.is_none() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        facts::forget(&mut tx, FOLLOWED).await?;
        facts::forget(&mut tx, REMINDED).await?;
        link_requests::forget_by_mail(&mut tx).await?;
        sqlx::query(FORGET_DUE).execute(&mut *tx).await?;
        sqlx::query(FORGET_ALL).execute(&mut *tx).await?;
        tx.commit().await
    }

    /// Returns the id up to which events were followed, or none if no mails are sent.
    pub(super) async fn followed_for_mails(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.fact(FOLLOWED).await?.as_deref().map(position))
    }

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

    async fn read_later(
        &self,
        update: &'static str,
        id: &str,
        problem: &StoreError,
    ) -> Result<(), StoreError> {
        tracing::error!(error = %problem, id, "a mail or its contact cannot be read; retrying later");
        self.run(sqlx::query(update).bind(id).bind(now() + UNREADABLE_PAUSE_MS)).await
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
                insert(&mut tx, contact.id, MailKind::Words { from, to }).await?;
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
            let contact = upsert_contact(&mut tx, transaction, role, address).await?;
            insert(&mut tx, contact, MailKind::Link).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Returns the last day whose reminders were made, if there is one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn reminded_upto(&self) -> Result<Option<Date>, StoreError> {
        Ok(self.fact(REMINDED).await?.and_then(|it| it.parse().ok()))
    }

    /// Notes that the reminders of all days up to this one were made.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn set_reminded_upto(&self, day: Date) -> Result<(), StoreError> {
        self.set_fact(REMINDED, &day.to_string()).await
    }

    /// Returns at most `limit` transactions of a shop whose invoice is due on this day, in the order of their ids and only
    /// those after `after`.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn due_on(
        &self,
        shop: &str,
        due_date: Date,
        after: Ulid,
        limit: i64,
    ) -> Result<Vec<Ulid>, StoreError> {
        let select = sqlx::query_scalar(SELECT_DUE_ON).bind(due_date.to_string());
        let select = select.bind(after.to_string()).bind(shop).bind(limit);
        let ids: Vec<String> = select.fetch_all(&self.pool).await?;
        ids.iter().map(|id| parse_id(id)).collect()
    }

    /// Makes a reminder for each of these addresses of buyers, unless it was made before.
    ///
    /// # Errors
    /// If the database does not answer. In this case none is made.
    pub async fn make_reminders(
        &self,
        transaction: Ulid,
        buyers: &[&str],
        (due_date, days): (Date, i64),
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for address in buyers {
            let contact = upsert_contact(&mut tx, transaction, PartyRole::Buyer, address).await?;
            insert(&mut tx, contact, MailKind::Reminder { due_date, days }).await?;
        }
        tx.commit().await
    }

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

    /// Notes that the shop does not write to the address of a contact any more. Returns false if there is no such contact.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is noted.
    pub async fn silence_mail_contact(
        &self,
        id: Ulid,
        because: Silence,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let is_known = silence(&mut tx, id, because).await?;
        tx.commit().await?;
        Ok(is_known)
    }

    /// Notes that a shop writes to an address again, together with its line in the audit log. Returns false if it did so
    /// already.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is changed.
    pub async fn write_to_address_again(
        &self,
        shop: &str,
        address: &str,
        line: AuditLine,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        let delete = sqlx::query(UNSILENCE).bind(shop).bind(folded(address));
        if delete.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Returns which of these addresses a shop does not write to any more, why, and since when (milliseconds since 1970).
    /// The keys are in lower case.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn silenced(
        &self,
        shop: &str,
        addresses: impl Iterator<Item = &str>,
    ) -> Result<BTreeMap<String, (Silence, i64)>, StoreError> {
        let addresses: Vec<String> = addresses.map(folded).collect();
        let rows: Vec<(&str, &str)> = addresses.iter().map(|it| (shop, it.as_str())).collect();
        let found: Vec<(String, String, i64)> =
            SELECT_SILENCED.select_outside((&self.pool, self.kind), &rows).await?;
        let silenced = |(address, because, at): (String, String, i64)| {
            (address, (Silence::from_text(&because), at))
        };
        Ok(found.into_iter().map(silenced).collect())
    }
}

/// Returns an address as it is compared. Hardly any server tells two mailboxes apart by case alone.
pub fn folded(address: &str) -> String {
    address.to_lowercase()
}

/// Returns what was read of a transaction: none if it cannot be read, so that it does not stop the others.
fn or_skipped<T>(id: &str, read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(error) if is_unreadable(&error) => {
            tracing::error!(%error, transaction = id, "whom to write to by e-mail cannot be read");
            Ok(None)
        }
        read => read,
    }
}

fn position(value: &str) -> i64 {
    value.parse().unwrap_or(0)
}

/// Returns the id of a contact who is written to from now on, if not before.
async fn upsert_contact(
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

async fn insert(tx: &mut Tx, contact: Ulid, kind: MailKind) -> Result<(), StoreError> {
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

/// Notes that the shop does not write to the address of a contact any more. Returns false if there is no such contact.
pub(super) async fn silence(
    tx: &mut Tx,
    contact: Ulid,
    because: Silence,
) -> Result<bool, StoreError> {
    let select = sqlx::query_as(SELECT_ADDRESS).bind(contact.to_string());
    let row: Option<(String, String)> = select.fetch_optional(&mut **tx).await?;
    let Some((shop, address)) = row else { return Ok(false) };
    let silence = sqlx::query(SILENCE).bind(shop).bind(folded(&address));
    silence.bind(because.as_str()).bind(now()).execute(&mut **tx).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{Created, NewRevision};

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
        let contact = upsert_contact(&mut tx, transaction, PartyRole::Buyer, "a@b.example").await;
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
