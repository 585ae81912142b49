//! Browsers that want to be told by Web Push of what was said while nobody looked at the page.
//!
//! What is new makes a subscription due ([`Store::note_news`]). Whoever finds it due looks at what its person has not
//! read ([`Store::unread`]), tells the browser, and notes up to where ([`Store::told`]). If the process ends before
//! that, the browser is told of the same once more, and shows it in the place of the former one.

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, FromRow};
use ulid::Ulid;

use super::unread::WHERE_UNREAD;
use super::{Store, StoreError};
use crate::clock::now;

/// The greatest number of browsers of one person. A further one replaces the oldest.
const MAX_PER_PERSON: i64 = 20;
/// The greatest number of events that one look for news goes through.
const EVENTS_PER_LOOK: i64 = 5_000;
/// The position is stored at least after so many events, so that a new process does not go through all of them again.
const STORED_AFTER: i64 = 1_000;
/// How long a person who looks at the page has to read what is new before their browsers are told of it, in milliseconds.
const READ_WITHIN_MS: i64 = 5_000;
/// The name of the fact that holds the id of an event: up to it, everything was looked at.
const POSITION: &str = "subscriptions_looked_at";

/// A browser that subscribed before keeps its place, so it is told of nothing twice. It then belongs to the session in
/// which that was asked for last.
const UPSERT: &str = "INSERT INTO subscriptions (id, transaction_id, grant_id, session_id, user_id, endpoint, \
     public_key, auth, language, told_seq) \
     SELECT $1, t.id, $3, $4, $5, $6, $7, $8, $9, t.last_seq FROM transactions t WHERE t.id = $2 \
     ON CONFLICT (transaction_id, user_id, endpoint) DO UPDATE SET grant_id = excluded.grant_id, session_id = excluded.session_id, \
     public_key = excluded.public_key, auth = excluded.auth, language = excluded.language, tries = 0";
const DELETE_EXCESS: &str = "DELETE FROM subscriptions WHERE transaction_id = $1 AND user_id = $2 AND id NOT IN \
     (SELECT id FROM subscriptions WHERE transaction_id = $1 AND user_id = $2 ORDER BY id DESC LIMIT $3)";
const DELETE_OF_PERSON: &str =
    "DELETE FROM subscriptions WHERE transaction_id = $1 AND user_id = $2 AND endpoint = $3";
/// Those whose session or grant is over.
pub(super) const DELETE_OVER: &str = "DELETE FROM subscriptions WHERE id IN (SELECT s.id FROM subscriptions s \
     JOIN grants g ON g.id = s.grant_id LEFT JOIN sessions o ON o.id = s.session_id \
     WHERE o.id IS NULL OR g.revoked_at IS NOT NULL OR g.expires_at <= $1 LIMIT $2)";
/// A person who is forgotten is told of nothing more.
pub(super) const FORGET: &str = "DELETE FROM subscriptions WHERE user_id = $1";
const DELETE: &str = "DELETE FROM subscriptions WHERE id = $1";
macro_rules! with_news {
    ($what:literal) => {
        concat!(
            $what,
            " due_at IS NULL AND transaction_id IN (SELECT transaction_id FROM events ",
            "WHERE id > $1 AND id <= $2 AND kind = 'entry.created')"
        )
    };
}
const SELECT_ONE_WITH_NEWS: &str = with_news!("SELECT COUNT(*) FROM subscriptions WHERE");
const MAKE_DUE: &str = with_news!("UPDATE subscriptions SET due_at = $3 WHERE");
/// One of each person at a time, so that one whose push services are slow holds up nobody else.
const SELECT_DUE: &str = "SELECT s.id, s.transaction_id, s.user_id, s.endpoint, s.public_key, s.auth, s.language, \
     s.told_seq, s.tries, g.party, g.contact, t.last_seq, \
     CASE WHEN o.id IS NULL OR g.revoked_at IS NOT NULL OR g.expires_at <= $1 THEN 0 ELSE 1 END AS is_open \
     FROM subscriptions s JOIN grants g ON g.id = s.grant_id JOIN transactions t ON t.id = s.transaction_id \
     LEFT JOIN sessions o ON o.id = s.session_id \
     WHERE s.due_at <= $1 AND NOT EXISTS (SELECT 1 FROM subscriptions b WHERE b.user_id = s.user_id \
     AND b.transaction_id = s.transaction_id AND b.due_at <= $1 AND (b.due_at, b.id) < (s.due_at, s.id)) \
     ORDER BY s.due_at LIMIT $2";
const SELECT_NEXT_DUE: &str = "SELECT MIN(due_at) FROM subscriptions WHERE due_at IS NOT NULL";
/// What came after the look makes it due again at once.
const SET_TOLD: &str = "UPDATE subscriptions SET told_seq = $2, tries = 0, due_at = CASE WHEN \
     (SELECT t.last_seq FROM transactions t WHERE t.id = subscriptions.transaction_id) > $2 THEN $3 END WHERE id = $1";
const PUT_OFF: &str = "UPDATE subscriptions SET tries = tries + 1, due_at = $2 WHERE id = $1";
static SELECT_UNREAD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT COUNT(*) OVER (), e.party FROM entries e {} ORDER BY e.seq DESC LIMIT 1",
        *WHERE_UNREAD
    )
});

/// A browser as it subscribes.
#[derive(Clone, Copy, Debug)]
pub struct NewSubscription<'a> {
    /// The transaction whose news it is told of.
    pub transaction: Ulid,
    /// The grant by which its person was let in.
    pub grant: Ulid,
    /// The session with which the subscription ends.
    pub session: Ulid,
    /// The guest through whom the person speaks.
    pub user_id: &'a str,
    /// The address that its push service gave to the browser.
    pub endpoint: &'a str,
    /// The public key of the browser, in Base64url.
    pub public_key: &'a str,
    /// Its authentication secret, in Base64url.
    pub auth: &'a str,
    /// The language of the page.
    pub language: &'a str,
}

/// A subscription for which something is new.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct DueSubscription {
    /// Its id, a ULID.
    pub id: String,
    /// The id of the transaction, a ULID.
    pub transaction_id: String,
    /// The guest through whom the person speaks.
    pub user_id: String,
    /// The address that the push service gave to the browser.
    pub endpoint: String,
    /// The public key of the browser, in Base64url.
    pub public_key: String,
    /// Its authentication secret, in Base64url.
    pub auth: String,
    /// The language in which it is told.
    pub language: String,
    /// The last entry that it was told of.
    pub told_seq: i64,
    /// How many tries have failed, in a row.
    pub tries: i64,
    /// The party of the person.
    pub party: String,
    /// The key of the contact, if it is one.
    pub contact: Option<String>,
    /// The last entry of the record.
    pub last_seq: i64,
    /// 1 if the person is still signed in and let in.
    pub is_open: i64,
}

/// What a person has not read.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Unread {
    /// The number of messages.
    pub count: i64,
    /// The party that wrote the last of them: buyer, seller or other. None: there are none.
    pub party: Option<String>,
}

impl Store {
    /// Tells a browser of what is said from now on.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn subscribe(&self, new: NewSubscription<'_>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let transaction = new.transaction.to_string();
        sqlx::query(UPSERT)
            .bind(Ulid::new().to_string())
            .bind(&transaction)
            .bind(new.grant.to_string())
            .bind(new.session.to_string())
            .bind(new.user_id)
            .bind(new.endpoint)
            .bind(new.public_key)
            .bind(new.auth)
            .bind(new.language)
            .execute(&mut *tx)
            .await?;
        let crowded = sqlx::query(DELETE_EXCESS).bind(&transaction).bind(new.user_id);
        crowded.bind(MAX_PER_PERSON).execute(&mut *tx).await?;
        tx.commit().await
    }

    /// Tells a browser of this person no more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn unsubscribe(
        &self,
        transaction: Ulid,
        user_id: &str,
        endpoint: &str,
    ) -> Result<(), StoreError> {
        let delete = sqlx::query(DELETE_OF_PERSON).bind(transaction.to_string());
        self.run(delete.bind(user_id).bind(endpoint)).await
    }

    /// Deletes a subscription.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn delete_subscription(&self, id: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(DELETE).bind(id)).await
    }

    /// Goes through the events after `after`, and makes the subscriptions due that they concern. Returns how far it
    /// got. What it goes through twice makes no difference, because what people have read is looked at later.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn note_news(&self, after: i64, stored: &mut i64) -> Result<i64, StoreError> {
        let upto = self.settled_end().await?.min(after.saturating_add(EVENTS_PER_LOOK));
        if upto <= after {
            return Ok(after);
        }
        // Most of what is said concerns no subscription, and shall not cost a write.
        let found: i64 = sqlx::query_scalar(SELECT_ONE_WITH_NEWS)
            .bind(after)
            .bind(upto)
            .fetch_one(&self.pool)
            .await?;
        if found > 0 {
            let due = now() + READ_WITHIN_MS;
            self.run(sqlx::query(MAKE_DUE).bind(after).bind(upto).bind(due)).await?;
        }
        if found > 0 || upto - *stored >= STORED_AFTER {
            self.set_fact(POSITION, &upto.to_string()).await?;
            *stored = upto;
        }
        Ok(upto)
    }

    /// Returns the id of the event up to which [`Self::note_news`] has gone through all events. At the first time, it is
    /// the last one there is: nobody has subscribed before.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn news_position(&self) -> Result<i64, StoreError> {
        match self.fact(POSITION).await?.and_then(|it| it.parse().ok()) {
            Some(position) => Ok(position),
            None => {
                let end = self.settled_end().await?;
                self.set_fact(POSITION, &end.to_string()).await?;
                Ok(end)
            }
        }
    }

    /// Returns at most `limit` subscriptions that are due.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_subscriptions(&self, limit: i64) -> Result<Vec<DueSubscription>, StoreError> {
        sqlx::query_as(SELECT_DUE).bind(now()).bind(limit).fetch_all(&self.pool).await
    }

    /// Returns when the next subscription is due, in milliseconds since 1970.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn next_due_subscription(&self) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar(SELECT_NEXT_DUE).fetch_one(&self.pool).await
    }

    /// Returns what a person, who is these one or two users, has not read of the entries after `after`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn unread(
        &self,
        transaction: &str,
        after: i64,
        (guest, account): (&str, Option<&str>),
    ) -> Result<Unread, StoreError> {
        let found: Option<(i64, String)> = sqlx::query_as(AssertSqlSafe(SELECT_UNREAD.as_str()))
            .bind(transaction)
            .bind(after)
            .bind(guest)
            .bind(account.unwrap_or(guest))
            .fetch_optional(&self.pool)
            .await?;
        let (count, party) = found.unzip();
        Ok(Unread { count: count.unwrap_or_default(), party })
    }

    /// Notes that a browser was told of the entries up to this one, or that there was nothing to tell.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn told(&self, id: &str, upto: i64) -> Result<(), StoreError> {
        self.run(sqlx::query(SET_TOLD).bind(id).bind(upto).bind(now() + READ_WITHIN_MS)).await
    }

    /// Notes that a try has failed. The next one is at `due_at`, or when something is new.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn put_off(&self, id: &str, due_at: Option<i64>) -> Result<(), StoreError> {
        self.run(sqlx::query(PUT_OFF).bind(id).bind(due_at)).await
    }
}
