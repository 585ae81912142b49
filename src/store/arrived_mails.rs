//! The mails that came in as answers: each is noted once, and is said in the room or held back in the same tx.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::FromRow;
use ulid::Ulid;

use super::columns::{from_json, parse_id, to_json};
use super::mail_contacts::MailContact;
use super::outgoing::NewOutgoing;
use super::silenced_addresses::{Silence, silence};
use super::{Store, StoreError, Tx, audit_log, due_rooms, outgoing};
use crate::access::{Action, Origin};
use crate::clock::now;
use crate::event::{EventKind, NewEvent};
use crate::room::Guest;
use crate::transaction::Visitor;

/// The greatest number of mails of one contact that are said within [`HOUR_MS`]. More are held back: a program that does
/// not say that it is one could otherwise answer each answer.
const MAX_MAILS_PER_HOUR: i64 = 20;
const HOUR_MS: i64 = 3_600_000;
/// The greatest number of bytes in files that one contact sends within [`HOUR_MS`]. Further mails with files are refused.
const MAX_BYTES_PER_HOUR: i64 = 200_000_000;
/// The greatest number of mails of one transaction that are held back. Further ones are refused.
const MAX_HELD_MAILS: i64 = 100;
/// The greatest number of mails of one contact that are noted although they say nothing. Further ones leave no trace.
const MAX_SILENT_MAILS: i64 = 1_000;

const COUNT_KNOWN: &str =
    "SELECT COUNT(*) FROM arrived_mails WHERE mail_contact_id = $1 AND digest = $2";
const INSERT: &str = "INSERT INTO arrived_mails (id, transaction_id, mail_contact_id, digest, state, \
     detail, user_id, arrived_at, bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
     ON CONFLICT (mail_contact_id, digest) DO NOTHING";
const COUNT_LATELY: &str = "SELECT COUNT(*) FROM arrived_mails \
     WHERE mail_contact_id = $1 AND arrived_at > $2 AND state IN ('said', 'held')";
const SUM_BYTES_LATELY: &str = "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM arrived_mails \
     WHERE mail_contact_id = $1 AND arrived_at > $2";
const COUNT_HELD: &str =
    "SELECT COUNT(*) FROM arrived_mails WHERE transaction_id = $1 AND state = 'held'";
const COUNT_SILENT: &str = "SELECT COUNT(*) FROM arrived_mails \
     WHERE mail_contact_id = $1 AND state IN ('empty', 'automatic', 'bounce')";
const HOLD: &str =
    "UPDATE arrived_mails SET state = 'held', detail = $2, sender = $3 WHERE id = $1";
const INSERT_PART: &str =
    "INSERT INTO held_parts (mail_id, place, content, sha256) VALUES ($1, $2, $3, $4)";
const SET_ANSWERED: &str = "UPDATE mail_contacts SET answered = $2 WHERE id = $1";
const SELECT_MAILS: &str = "SELECT m.id, m.state, m.detail, m.sender, m.arrived_at, \
     c.party, c.contact, c.address FROM arrived_mails m JOIN mail_contacts c ON c.id = m.mail_contact_id \
     WHERE m.transaction_id = $1 AND m.state = $2 ORDER BY m.id DESC LIMIT $3";
const SELECT_MAIL: &str = "SELECT m.id, m.state, m.detail, m.sender, m.arrived_at, \
     c.party, c.contact, c.address FROM arrived_mails m JOIN mail_contacts c ON c.id = m.mail_contact_id \
     WHERE m.transaction_id = $1 AND m.id = $2 AND m.state IN ('said', 'held', 'discarded')";
const SELECT_PARTS: &str = "SELECT p.mail_id, p.content, p.sha256 FROM held_parts p \
     JOIN arrived_mails m ON m.id = p.mail_id WHERE m.transaction_id = $1 AND m.state = 'held' \
     ORDER BY p.mail_id, p.place";
const SELECT_PARTS_OF: &str =
    "SELECT mail_id, content, sha256 FROM held_parts WHERE mail_id = $1 ORDER BY place";
/// Who wrote what is said stays known.
const END_HOLD: &str = "UPDATE arrived_mails SET state = $3, \
     sender = CASE WHEN $3 = 'said' THEN sender END \
     WHERE transaction_id = $1 AND id = $2 AND state = 'held'";
/// The copies in the file store are deleted like the files that no entry names.
const RELEASE_FILES: &str = "INSERT INTO files (mxc, state, due_at, sha256) \
     SELECT 'mail:' || mail_id || '/' || place, 'unwanted', $2, sha256 FROM held_parts \
     WHERE mail_id = $1 AND sha256 IS NOT NULL ON CONFLICT (mxc) DO NOTHING";
const RELEASE_FILE: &str = "INSERT INTO files (mxc, state, due_at, sha256) \
     VALUES ($1, 'unwanted', $2, $3) ON CONFLICT (mxc) DO NOTHING";
const DELETE_PARTS: &str = "DELETE FROM held_parts WHERE mail_id = $1";
const SELECT_HELD_OF_GUEST: &str =
    "SELECT transaction_id, id FROM arrived_mails WHERE user_id = $1 AND state = 'held'";
const FORGET_SENDERS: &str =
    "UPDATE arrived_mails SET sender = NULL WHERE user_id = $1 AND sender IS NOT NULL";

/// The greatest number of mails in one list.
const MAX_LISTED: i64 = 500;

/// Why a mail is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBecause {
    /// Its author has another address than the contact.
    OtherAddress,
    /// Its header has what lists and programs write.
    PerhapsProgram,
    /// The contact has sent too many in the last hour.
    TooMany,
}

impl HeldBecause {
    /// Returns the name, which is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OtherAddress => "other_address",
            Self::PerhapsProgram => "perhaps_program",
            Self::TooMany => "too_many",
        }
    }
}

/// A part of what a mail says: the content of an event, and the file that is to be uploaded first.
#[derive(Clone, Debug, PartialEq)]
pub struct MailPart {
    /// The content. It has no `url` yet if there is a file.
    pub content: Value,
    /// The SHA-256 of the file in the file store.
    pub sha256: Option<String>,
}

/// A mail of a person.
#[derive(Clone, Copy, Debug)]
pub struct NewMail<'a> {
    /// Its id with us.
    pub id: Ulid,
    /// By which it is known when it is delivered again.
    pub digest: &'a str,
    /// Its Message-ID, in angle brackets.
    pub message_id: Option<&'a str>,
    /// The address of its author.
    pub from: Option<&'a str>,
    /// The contact as a visitor of the room, and the guest who says it.
    pub speaker: (&'a Visitor, &'a Guest),
    /// What it says, in the order in which it is said.
    pub parts: &'a [MailPart],
    /// The length of its files, in bytes.
    pub bytes: i64,
    /// Why it is held back in any case.
    pub doubt: Option<HeldBecause>,
}

/// Why no further mail is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// It would be held back, and too many others of the transaction are.
    Held,
    /// The contact has sent too many bytes in the last hour.
    Hour,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is on its way into the room.
    Said,
    /// It waits for the shop.
    Held(HeldBecause),
    /// It was taken in before.
    Known,
    /// Nothing was written: too many others are held back.
    TooManyHeld,
}

/// A mail that says nothing in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silent {
    /// It has neither words nor files.
    Empty,
    /// A program wrote it.
    Automatic,
    /// A mail of ours could not be delivered.
    Bounce {
        /// The status code of the mail server.
        status: Option<String>,
        /// Whether no more mails are sent to this address.
        is_permanent: bool,
    },
}

/// A mail that came in.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct ArrivedMail {
    /// Its id with us.
    pub id: String,
    /// `held`, `said`, `discarded` or `bounce`.
    pub state: String,
    /// Why it is held back, or the status code of the mail server.
    pub detail: Option<String>,
    /// The address of its author, while it is held back and once it was released.
    pub sender: Option<String>,
    /// When it came, in milliseconds since 1970.
    pub arrived_at: i64,
    /// `buyer` or `seller`.
    pub party: String,
    /// The key of the contact to whom our mail was sent.
    pub contact: String,
    /// The address of that contact.
    pub address: String,
    /// What it would say, while it is held back.
    #[sqlx(skip)]
    pub parts: Vec<MailPart>,
}

#[derive(FromRow)]
struct PartRow {
    mail_id: String,
    content: String,
    sha256: Option<String>,
}

impl PartRow {
    fn part(self) -> Result<MailPart, StoreError> {
        Ok(MailPart { content: from_json("content", &self.content)?, sha256: self.sha256 })
    }
}

impl Store {
    /// Whether a mail of this contact was taken in before.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn knows_mail(&self, contact: Ulid, digest: &str) -> Result<bool, StoreError> {
        let known = sqlx::query_scalar(COUNT_KNOWN).bind(contact.to_string()).bind(digest);
        let known: i64 = known.fetch_one(&self.pool).await?;
        Ok(known > 0)
    }

    /// Returns why a mail with files of so many bytes is not taken in, before they are put into the file store.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn full_for(
        &self,
        of: &MailContact,
        is_doubtful: bool,
        bytes: i64,
    ) -> Result<Option<Full>, StoreError> {
        let (contact, since) = (of.id.to_string(), now() - HOUR_MS);
        let sum = sqlx::query_scalar(SUM_BYTES_LATELY).bind(&contact).bind(since);
        let sum: i64 = sum.fetch_one(&self.pool).await?;
        if bytes > 0 && sum.saturating_add(bytes) > MAX_BYTES_PER_HOUR {
            return Ok(Some(Full::Hour));
        }
        let lately = sqlx::query_scalar(COUNT_LATELY).bind(&contact).bind(since);
        let lately: i64 = lately.fetch_one(&self.pool).await?;
        if !is_doubtful && lately < MAX_MAILS_PER_HOUR {
            return Ok(None);
        }
        let held = sqlx::query_scalar(COUNT_HELD).bind(of.transaction.to_string());
        let held: i64 = held.fetch_one(&self.pool).await?;
        Ok((held >= MAX_HELD_MAILS).then_some(Full::Held))
    }

    /// Has the files of a mail deleted that was not taken in, unless something else needs their bytes.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn release_files_of_mail(
        &self,
        mail: Ulid,
        files: &[&str],
    ) -> Result<(), StoreError> {
        for (place, sha256) in files.iter().enumerate() {
            let name = format!("mail:{mail}/{place}");
            self.run(sqlx::query(RELEASE_FILE).bind(name).bind(now()).bind(*sha256)).await?;
        }
        self.hints.files.notify_one();
        Ok(())
    }

    /// Takes in a mail of a person: notes it, and has it said in the room or holds it back, in one tx.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn take_mail(
        &self,
        of: &MailContact,
        mail: NewMail<'_>,
        correlation: &str,
    ) -> Result<Taken, StoreError> {
        let mut tx = self.begin().await?;
        // The room first, as everywhere: two that lock rows in different orders would wait for each other.
        due_rooms::wake(&mut tx, of.transaction, correlation).await?;
        let (visitor, guest) = mail.speaker;
        let said = Some((guest, mail.bytes));
        if !insert(&mut tx, of, (mail.id, mail.digest), ("said", None), said).await? {
            return Ok(Taken::Known);
        }
        let contact = of.id.to_string();
        let lately = sqlx::query_scalar(COUNT_LATELY).bind(&contact).bind(now() - HOUR_MS);
        let lately: i64 = lately.fetch_one(&mut *tx).await?;
        let is_too_many = lately > MAX_MAILS_PER_HOUR;
        let because = mail.doubt.or(is_too_many.then_some(HeldBecause::TooMany));
        if let Some(because) = because {
            let held = sqlx::query_scalar(COUNT_HELD).bind(of.transaction.to_string());
            let held: i64 = held.fetch_one(&mut *tx).await?;
            if held >= MAX_HELD_MAILS {
                return Ok(Taken::TooManyHeld);
            }
            hold(&mut tx, &mail, because).await?;
            let reason = ("reason", json!(because.as_str()));
            tx.tells(event(EventKind::MailHeld, of, mail.id, reason));
            tx.commit().await?;
            return Ok(Taken::Held(because));
        }
        say(&mut tx, of.transaction, mail.id, (visitor, guest), mail.parts).await?;
        if let Some(id) = mail.message_id {
            sqlx::query(SET_ANSWERED).bind(&contact).bind(id).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        self.hints.changed(of.transaction);
        Ok(Taken::Said)
    }

    /// Notes a mail that says nothing. If a mail of ours can never be delivered, no more are sent to that address.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn note_silent_mail(
        &self,
        of: &MailContact,
        id: Ulid,
        digest: &str,
        what: &Silent,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let count = sqlx::query_scalar(COUNT_SILENT).bind(of.id.to_string());
        let count: i64 = count.fetch_one(&mut *tx).await?;
        let (state, detail) = match what {
            Silent::Empty => ("empty", None),
            Silent::Automatic => ("automatic", None),
            Silent::Bounce { status, .. } => ("bounce", status.as_deref()),
        };
        let is_new = count < MAX_SILENT_MAILS
            && insert(&mut tx, of, (id, digest), (state, detail), None).await?;
        if is_new && matches!(what, Silent::Bounce { .. }) {
            let status = ("status", json!(detail));
            tx.tells(event(EventKind::MailUndelivered, of, id, status));
        }
        if matches!(what, Silent::Bounce { is_permanent: true, .. }) {
            silence(&mut tx, of.id, Silence::Bounced).await?;
        }
        tx.commit().await
    }

    /// Returns the newest mails of a transaction that are held back, and those that say that ours were not delivered.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn held_mails(&self, id: Ulid) -> Result<Vec<ArrivedMail>, StoreError> {
        let mut mails: Vec<ArrivedMail> = Vec::new();
        for state in ["held", "bounce"] {
            let of_state = sqlx::query_as(SELECT_MAILS).bind(id.to_string()).bind(state);
            mails.extend(of_state.bind(MAX_LISTED).fetch_all(&self.pool).await?);
        }
        let parts = sqlx::query_as(SELECT_PARTS).bind(id.to_string());
        let parts: Vec<PartRow> = parts.fetch_all(&self.pool).await?;
        let mut by_mail: BTreeMap<String, Vec<MailPart>> = BTreeMap::new();
        for part in parts {
            by_mail.entry(part.mail_id.clone()).or_default().push(part.part()?);
        }
        for mail in &mut mails {
            mail.parts = by_mail.remove(&mail.id).unwrap_or_default();
        }
        Ok(mails)
    }

    /// Returns a mail of a person.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn arrived_mail(
        &self,
        id: Ulid,
        mail: Ulid,
    ) -> Result<Option<ArrivedMail>, StoreError> {
        let found = sqlx::query_as(SELECT_MAIL).bind(id.to_string()).bind(mail.to_string());
        let found: Option<ArrivedMail> = found.fetch_optional(&self.pool).await?;
        let Some(mut found) = found else { return Ok(None) };
        let parts = sqlx::query_as(SELECT_PARTS_OF).bind(mail.to_string());
        let parts: Vec<PartRow> = parts.fetch_all(&self.pool).await?;
        found.parts = parts.into_iter().map(PartRow::part).collect::<Result<_, _>>()?;
        Ok(Some(found))
    }

    /// Has a mail that was held back said in the room, in these parts, with a line in the audit log. Does nothing if it is not held back any
    /// more.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn release_mail(
        &self,
        (shop, id): (&str, Ulid),
        (mail, parts): (Ulid, &[MailPart]),
        speaker: (&Visitor, &Guest),
        correlation: &str,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        due_rooms::wake(&mut tx, id, correlation).await?;
        if !end_hold(&mut tx, id, mail, "said").await? {
            return Ok(());
        }
        say(&mut tx, id, mail, speaker, parts).await?;
        sqlx::query(DELETE_PARTS).bind(mail.to_string()).execute(&mut *tx).await?;
        let line = origin.does(Action::MailReleased, shop).to(id).with(mail);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        self.hints.changed(id);
        Ok(())
    }

    /// Discards a mail that was held back, with a line in the audit log. Does nothing if it is not held back any more.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn discard_mail(
        &self,
        (shop, id): (&str, Ulid),
        mail: Ulid,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        if !end_hold(&mut tx, id, mail, "discarded").await? {
            return Ok(());
        }
        drop_parts(&mut tx, &mail.to_string()).await?;
        let line = origin.does(Action::MailDiscarded, shop).to(id).with(mail);
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        self.hints.files.notify_one();
        Ok(())
    }
}

/// Discards the mails of a person that are held back, and forgets who wrote the others. Returns the transactions.
pub(super) async fn forget(tx: &mut Tx, user: &str) -> Result<Vec<String>, StoreError> {
    let held = sqlx::query_as(SELECT_HELD_OF_GUEST).bind(user);
    let held: Vec<(String, String)> = held.fetch_all(&mut **tx).await?;
    for (transaction, mail) in &held {
        end_hold(tx, parse_id(transaction)?, parse_id(mail)?, "discarded").await?;
        drop_parts(tx, mail).await?;
    }
    sqlx::query(FORGET_SENDERS).bind(user).execute(&mut **tx).await?;
    Ok(held.into_iter().map(|(transaction, _)| transaction).collect())
}

/// Notes a mail; `said` is the guest who says it, and the length of its files. Returns whether it is new.
async fn insert(
    tx: &mut Tx,
    of: &MailContact,
    (id, digest): (Ulid, &str),
    (state, detail): (&str, Option<&str>),
    said: Option<(&Guest, i64)>,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(INSERT)
        .bind(id.to_string())
        .bind(of.transaction.to_string())
        .bind(of.id.to_string())
        .bind(digest)
        .bind(state)
        .bind(detail)
        .bind(said.map(|(guest, _)| guest.user_id.as_str()))
        .bind(now())
        .bind(said.map_or(0, |(_, bytes)| bytes))
        .execute(&mut **tx)
        .await?;
    Ok(inserted.rows_affected() > 0)
}

/// Returns the event that tells of a mail. It names no address, because nothing of an event is ever erased.
fn event(kind: EventKind, of: &MailContact, mail: Ulid, (key, value): (&str, Value)) -> NewEvent {
    let detail = json!({ "mail": mail.to_string(), "party": of.role.as_str(), key: value });
    NewEvent::of(kind, of.transaction).with(&detail)
}

async fn hold(tx: &mut Tx, mail: &NewMail<'_>, because: HeldBecause) -> Result<(), StoreError> {
    let id = mail.id.to_string();
    let hold = sqlx::query(HOLD).bind(&id).bind(because.as_str()).bind(mail.from);
    hold.execute(&mut **tx).await?;
    for (place, part) in (0_i64..).zip(mail.parts) {
        let insert = sqlx::query(INSERT_PART).bind(&id).bind(place);
        let insert = insert.bind(to_json(&part.content)?).bind(part.sha256.as_deref());
        insert.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Has the parts of a mail said in the room.
async fn say(
    tx: &mut Tx,
    transaction: Ulid,
    mail: Ulid,
    (visitor, guest): (&Visitor, &Guest),
    parts: &[MailPart],
) -> Result<(), StoreError> {
    // The ids follow each other, so the parts are sent in this order.
    let ids = std::iter::successors(Some(Ulid::new()), Ulid::increment);
    for ((place, part), id) in parts.iter().enumerate().zip(ids) {
        let new = NewOutgoing {
            id,
            client_id: &format!("mail {mail}/{place}"),
            event_type: "m.room.message",
            content: &part.content,
            sha256: part.sha256.as_deref(),
            message: None,
        };
        outgoing::write(tx, transaction, visitor, guest, new).await?;
    }
    Ok(())
}

/// Returns whether the mail was held back until now.
async fn end_hold(tx: &mut Tx, id: Ulid, mail: Ulid, state: &str) -> Result<bool, StoreError> {
    let end = sqlx::query(END_HOLD).bind(id.to_string()).bind(mail.to_string()).bind(state);
    Ok(end.execute(&mut **tx).await?.rows_affected() > 0)
}

async fn drop_parts(tx: &mut Tx, mail: &str) -> Result<(), StoreError> {
    sqlx::query(RELEASE_FILES).bind(mail).bind(now()).execute(&mut **tx).await?;
    sqlx::query(DELETE_PARTS).bind(mail).execute(&mut **tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use ruma::user_id;
    use serde_json::json;

    use super::*;
    use crate::store::tests::{opened, root};
    use crate::store::{Created, NewRevision};
    use crate::transaction::PartyRole;

    /// A transaction whose buyer answers mails.
    struct Answering {
        store: Store,
        of: MailContact,
        visitor: Visitor,
        guest: Guest,
    }

    impl Answering {
        async fn on(store: Store) -> Self {
            let terms = crate::transaction::sample().terms;
            let new = NewRevision { terms: &terms, warnings: &[], original: None };
            let created = store.create_transaction("shop", "order-1", new, "test", &root()).await;
            let Ok(Created::New(transaction)) = created else { panic!("{created:?}") };
            let id = Ulid::new();
            let insert = "INSERT INTO mail_contacts (id, transaction_id, party, contact, address) \
                 VALUES ($1, $2, 'buyer', 'jo@buyer.example', 'jo@buyer.example')";
            let insert = sqlx::query(insert).bind(id.to_string()).bind(transaction.to_string());
            store.run(insert).await.unwrap();
            let of = store.mail_contact(id).await.unwrap().unwrap();
            let visitor = terms.visitor(PartyRole::Buyer, None).unwrap();
            let user_id = user_id!("@guest:example.org").to_owned();
            let guest = Guest { user_id, display_name: "Jo".to_owned() };
            Self { store, of, visitor, guest }
        }

        async fn take(&self, number: usize, bytes: i64, doubt: Option<HeldBecause>) -> Taken {
            let content = json!({ "body": "a.pdf" });
            let parts = [MailPart { content, sha256: Some(format!("digest {number}")) }];
            let new = NewMail {
                id: Ulid::new(),
                digest: &number.to_string(),
                message_id: None,
                from: Some("clerk@buyer.example"),
                speaker: (&self.visitor, &self.guest),
                parts: &parts,
                bytes,
                doubt,
            };
            self.store.take_mail(&self.of, new, "test").await.unwrap()
        }

        async fn full(&self, is_doubtful: bool, bytes: i64) -> Option<Full> {
            self.store.full_for(&self.of, is_doubtful, bytes).await.unwrap()
        }

        /// Whether the bytes of the file of a mail have to stay.
        async fn keeps(&self, number: usize) -> bool {
            let digest = format!("digest {number}");
            self.store.file_is_shared(&digest, "mxc://example.org/other").await.unwrap()
        }
    }

    #[tokio::test]
    async fn the_bytes_of_a_file_stay_until_it_is_uploaded() {
        let folder = tempfile::tempdir().unwrap();
        let jo = Answering::on(opened(folder.path()).await).await;
        assert!(!jo.keeps(1).await);
        assert_eq!(jo.take(1, 10, None).await, Taken::Said);
        assert!(jo.keeps(1).await);
        let id: String = sqlx::query_scalar("SELECT id FROM outgoing WHERE sha256 IS NOT NULL")
            .fetch_one(&jo.store.pool)
            .await
            .unwrap();
        jo.store.outgoing_uploaded(&id, &json!({ "url": "mxc://example.org/1" })).await.unwrap();
        assert!(!jo.keeps(1).await);
    }

    #[tokio::test]
    async fn what_one_contact_sends_within_an_hour_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let jo = Answering::on(opened(folder.path()).await).await;
        assert_eq!(jo.full(false, MAX_BYTES_PER_HOUR).await, None);
        assert_eq!(jo.take(1, MAX_BYTES_PER_HOUR - 10, None).await, Taken::Said);
        assert_eq!(jo.full(false, 10).await, None);
        assert_eq!(jo.full(false, 11).await, Some(Full::Hour));
        jo.take(2, 20, None).await;
        assert_eq!(jo.full(false, 0).await, None, "words are no files");
    }

    #[tokio::test]
    async fn a_mail_that_is_not_taken_in_leaves_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let jo = Answering::on(opened(folder.path()).await).await;
        let doubt = Some(HeldBecause::OtherAddress);
        for number in 0..100 {
            assert_eq!(jo.full(true, 1).await, None);
            assert_eq!(jo.take(number, 1, doubt).await, Taken::Held(HeldBecause::OtherAddress));
        }
        assert_eq!(jo.full(true, 1).await, Some(Full::Held));
        assert_eq!(jo.take(100, 1, doubt).await, Taken::TooManyHeld);
        let mail = Ulid::new();
        jo.store.release_files_of_mail(mail, &["digest 100", "digest 1"]).await.unwrap();
        let due = jo.store.due_files("example.org", 10).await.unwrap();
        let due: Vec<&str> = due.iter().map(|it| it.mxc.as_str()).collect();
        assert_eq!(due, [format!("mail:{mail}/0"), format!("mail:{mail}/1")]);
        assert!(!jo.keeps(100).await);
        assert!(jo.keeps(1).await, "a mail that is held back has it, too");
    }

    #[tokio::test]
    async fn who_wrote_what_is_released_stays_known_until_they_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let jo = Answering::on(opened(folder.path()).await).await;
        let (store, id) = (&jo.store, jo.of.transaction);
        for number in 0..2 {
            jo.take(number, 1, Some(HeldBecause::OtherAddress)).await;
        }
        let held = store.held_mails(id).await.unwrap();
        let [first, second] = [&held[0], &held[1]].map(|it| parse_id(&it.id).unwrap());
        let (of, speaker) = (("shop", id), (&jo.visitor, &jo.guest));
        let mail = (first, held[0].parts.as_slice());
        store.release_mail(of, mail, speaker, "test", &root()).await.unwrap();
        store.discard_mail(of, second, &root()).await.unwrap();
        let sender = async |mail: Ulid| store.arrived_mail(id, mail).await.unwrap().unwrap().sender;
        assert_eq!(sender(first).await.as_deref(), Some("clerk@buyer.example"));
        assert_eq!(sender(second).await, None);
        let mut tx = store.begin().await.unwrap();
        forget(&mut tx, jo.guest.user_id.as_str()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(sender(first).await, None);
    }
}
