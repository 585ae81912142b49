//! The events that are followed for mails: who may have something to read, and whom the shop has newly named.
//!
//! So nothing is written for it where entries are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use sqlx::AssertSqlSafe;
use ulid::Ulid;

use super::chat::quoted_kinds;
use super::columns::{is_unreadable, parse_id};
use super::mails::MailKind;
use super::many_rows::ManyRows;
use super::{Store, StoreError, facts, link_requests, mail_contacts, mails, reminders};
use crate::clock::now;
use crate::record::Role;
use crate::transaction::PartyRole;

/// The name of the fact that holds the id of the last event that was followed.
const FOLLOWED: &str = "mails_followed";
/// The greatest number of events that are followed in one tx.
const FOLLOWED_PER_TX: i64 = 200;

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
            let contact = mail_contacts::upsert(&mut tx, *transaction, *role, address).await?;
            mails::insert(&mut tx, contact, MailKind::Invitation).await?;
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
        facts::forget(&mut tx, reminders::REMINDED).await?;
        link_requests::forget_by_mail(&mut tx).await?;
        sqlx::query(mail_contacts::FORGET_DUE).execute(&mut *tx).await?;
        sqlx::query(mails::FORGET_ALL).execute(&mut *tx).await?;
        tx.commit().await
    }

    /// Returns the id up to which events were followed, or none if no mails are sent.
    pub(super) async fn followed_for_mails(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.fact(FOLLOWED).await?.as_deref().map(position))
    }
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
