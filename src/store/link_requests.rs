//! Who asked on the page for a link of their own: by a Matrix ID, which begins with `@`, or by an e-mail address.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, FromRow};
use ulid::Ulid;

use super::columns::parse_id;
use super::{Store, StoreError, Tx, due_rooms};
use crate::clock::now;
use crate::notices::Work;

/// The number of milliseconds in which one user gets one link for one transaction, however often it is asked for.
pub const LINK_REQUEST_INTERVAL_MS: i64 = 10 * 60_000;
/// The greatest number of users of one transaction who wait for a link. Further ones get none. A request waits for a
/// moment only, unless the homeserver is away.
const MAX_WAITING: i64 = 20;

const NOTE: &str = "INSERT INTO link_requests (transaction_id, user_id, asked_at, is_waiting) \
     SELECT t.id, $2, $3, 1 FROM transactions t WHERE t.id = $1 AND (SELECT COUNT(*) \
     FROM link_requests o WHERE o.transaction_id = $1 AND o.is_waiting = 1) < $5 \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET asked_at = excluded.asked_at, is_waiting = 1 \
     WHERE link_requests.asked_at <= $4";
const SELECT_NEXT: &str = "SELECT user_id, asked_at FROM link_requests \
     WHERE transaction_id = $1 AND is_waiting = 1 AND user_id LIKE '@%' ORDER BY asked_at, user_id LIMIT 1";
const SELECT_BY_MAIL: &str = "SELECT transaction_id, user_id, asked_at FROM link_requests \
     WHERE is_waiting = 1 AND user_id NOT LIKE '@%' ORDER BY asked_at LIMIT $1";
const DELETE_BY_MAIL: &str =
    "DELETE FROM link_requests WHERE is_waiting = 1 AND user_id NOT LIKE '@%'";
const SET_ANSWERED: &str = "UPDATE link_requests SET is_waiting = 0 \
     WHERE transaction_id = $1 AND user_id = $2 AND asked_at = $3 AND is_waiting = 1";
const DELETE: &str = "DELETE FROM link_requests WHERE transaction_id = $1 AND user_id = $2";

/// A user who waits for a link.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct LinkRequest {
    /// The Matrix ID or e-mail address, which may be that of nobody.
    pub user_id: String,
    /// When it was asked for, in milliseconds since 1970.
    pub asked_at: i64,
}

impl Store {
    /// Notes that a link for `user` is asked for, and wakes the room, or whoever sends mails. What it does is the same
    /// whether the user is a contact of the transaction, and whether there is one, so that nobody can tell.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn ask_for_link(
        &self,
        id: Ulid,
        user: &str,
        correlation: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = now();
        let note = sqlx::query(NOTE).bind(id.to_string()).bind(user.to_owned()).bind(now);
        let note = note.bind(now - LINK_REQUEST_INTERVAL_MS).bind(MAX_WAITING);
        note.execute(&mut *tx).await?;
        if !user.starts_with('@') {
            // Whoever sends mails follows the events.
            tx.makes(Work::Events);
        }
        due_rooms::wake(&mut tx, id, correlation).await?;
        tx.commit().await
    }

    /// Returns the Matrix user who has waited for the longest time.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn next_link_request(&self, id: Ulid) -> Result<Option<LinkRequest>, StoreError> {
        sqlx::query_as(SELECT_NEXT).bind(id.to_string()).fetch_optional(&self.pool).await
    }

    /// Returns at most `limit` of those who wait for a link by e-mail, with the transaction, the one who has waited for the
    /// longest time first.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn link_requests_by_mail(
        &self,
        limit: i64,
    ) -> Result<Vec<(Ulid, LinkRequest)>, StoreError> {
        let select = sqlx::query_as(SELECT_BY_MAIL).bind(limit);
        let rows: Vec<(String, String, i64)> = select.fetch_all(&self.pool).await?;
        let request = |(id, user_id, asked_at): (String, _, _)| {
            Ok((parse_id(&id)?, LinkRequest { user_id, asked_at }))
        };
        rows.into_iter().map(request).collect()
    }

    /// Notes that a user waits no longer.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn link_request_answered(
        &self,
        id: Ulid,
        request: &LinkRequest,
    ) -> Result<(), StoreError> {
        self.run(set_answered(id, request)).await
    }

    /// Forgets a request for somebody who is no contact.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn forget_link_request(&self, id: Ulid, user: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(DELETE).bind(id.to_string()).bind(user.to_owned())).await
    }
}

/// Forgets, in `tx`, those who wait for a link by e-mail.
pub(super) async fn forget_by_mail(tx: &mut Tx) -> Result<(), StoreError> {
    sqlx::query(DELETE_BY_MAIL).execute(&mut **tx).await.map(drop)
}

/// Returns the statement that notes that a user waits no longer.
pub(super) fn set_answered(id: Ulid, request: &LinkRequest) -> Query<'_, Any, AnyArguments> {
    let answered = sqlx::query(SET_ANSWERED).bind(id.to_string());
    answered.bind(request.user_id.as_str()).bind(request.asked_at)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::store::tests::opened;

    #[tokio::test]
    async fn nothing_is_noted_for_a_transaction_that_does_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let id = Ulid::new();
        store.ask_for_link(id, "@a:x.org", "test").await.unwrap();
        assert_eq!(store.next_link_request(id).await.unwrap(), None);
    }

    #[tokio::test]
    async fn whoever_sends_mails_hears_of_a_link_that_is_asked_for_by_mail() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let is_told = || store.hints().events.notified().now_or_never().is_some();
        store.ask_for_link(Ulid::new(), "@a:x.org", "test").await.unwrap();
        assert!(!is_told());
        store.ask_for_link(Ulid::new(), "a@x.org", "test").await.unwrap();
        assert!(is_told());
    }
}
