//! People in the room of a transaction, or on their way to it.

use std::collections::BTreeMap;

use ruma::{OwnedUserId, UserId};
use sqlx::FromRow;
use ulid::Ulid;

use super::{Store, StoreError, Tx};
use crate::room::Member;

const MEMBERS: &str = "SELECT user_id, membership, membership_at, retry_at, gave_up FROM members \
     WHERE transaction_id = $1";
const SET_MEMBERSHIP: &str = "INSERT INTO members (transaction_id, user_id, membership) \
     VALUES ($1, $2, $3) ON CONFLICT (transaction_id, user_id) DO UPDATE SET \
     membership = excluded.membership, failures = 0, retry_at = NULL, problem = NULL, gave_up = 0 \
     WHERE members.membership_at = $4";
const MEMBER_FAILED: &str = "INSERT INTO members \
     (transaction_id, user_id, failures, retry_at, problem, gave_up) VALUES ($1, $2, 1, $3, $4, $5) \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET failures = members.failures + 1, \
     retry_at = excluded.retry_at, problem = excluded.problem, gave_up = excluded.gave_up \
     WHERE members.membership_at = $6";
const MEMBER_FAILURES: &str =
    "SELECT failures FROM members WHERE transaction_id = $1 AND user_id = $2";
const SEE_MEMBER: &str = "INSERT INTO members \
     (transaction_id, user_id, membership, membership_at, display_name) \
     VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET membership = excluded.membership, \
     membership_at = excluded.membership_at, \
     display_name = COALESCE(excluded.display_name, members.display_name), \
     retry_at = NULL, problem = NULL, gave_up = 0 \
     WHERE members.membership_at <= excluded.membership_at";
const DISPLAY_NAME: &str =
    "SELECT display_name FROM members WHERE transaction_id = $1 AND user_id = $2";
const FORGIVE: &str = "UPDATE members SET membership = NULL, failures = 0, retry_at = NULL, \
     problem = NULL, gave_up = 0 WHERE transaction_id = $1 \
     AND (membership IS NULL OR membership = 'leave') \
     AND user_id IN (SELECT user_id FROM contacts WHERE transaction_id = $1 AND active = 1)";
const PROBLEMS: &str = "SELECT user_id, problem FROM members \
     WHERE transaction_id = $1 AND problem IS NOT NULL ORDER BY user_id";

#[derive(FromRow)]
struct MemberRow {
    user_id: String,
    membership: Option<String>,
    membership_at: i64,
    retry_at: Option<i64>,
    gave_up: i64,
}

impl Store {
    /// Where people stand with the room.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn members(&self, id: Ulid) -> Result<BTreeMap<OwnedUserId, Member>, StoreError> {
        let rows: Vec<MemberRow> =
            sqlx::query_as(MEMBERS).bind(id.to_string()).fetch_all(&self.pool).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                // Whoever has an id that we cannot read is nobody whom we would invite or remove.
                let user = UserId::parse(&row.user_id).ok()?;
                let member = Member {
                    membership: row.membership,
                    seen_at: row.membership_at,
                    retry_at: row.retry_at,
                    gave_up: row.gave_up == 1,
                };
                Some((user, member))
            })
            .collect())
    }

    /// People who could not be invited or removed, and why.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn member_problems(&self, id: Ulid) -> Result<Vec<(String, String)>, StoreError> {
        sqlx::query_as(PROBLEMS).bind(id.to_string()).fetch_all(&self.pool).await
    }

    /// Notes where a person stands, as the homeserver answered, unless an event told of them since
    /// it was asked. `seen_at` is [`Member::seen_at`] as it was before the question.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_membership(
        &self,
        id: Ulid,
        user: &UserId,
        membership: &str,
        seen_at: i64,
    ) -> Result<(), StoreError> {
        let set = sqlx::query(SET_MEMBERSHIP).bind(id.to_string()).bind(user.as_str());
        self.run(set.bind(membership).bind(seen_at)).await
    }

    /// How often in a row inviting or removing this person has failed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn member_failures(&self, id: Ulid, user: &UserId) -> Result<i64, StoreError> {
        let failures: Option<i64> = sqlx::query_scalar(MEMBER_FAILURES)
            .bind(id.to_string())
            .bind(user.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(failures.unwrap_or(0))
    }

    /// Notes that inviting or removing a person failed, unless an event told of them since it was
    /// tried; `retry_at` none: for good. `seen_at` is [`Member::seen_at`] as it was before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn member_failed(
        &self,
        id: Ulid,
        user: &UserId,
        retry_at: Option<i64>,
        problem: &str,
        seen_at: i64,
    ) -> Result<(), StoreError> {
        self.run(
            sqlx::query(MEMBER_FAILED)
                .bind(id.to_string())
                .bind(user.as_str())
                .bind(retry_at)
                .bind(problem)
                .bind(i64::from(retry_at.is_none()))
                .bind(seen_at),
        )
        .await
    }
}

/// The shop named its contacts anew: those who declined, left or could not be reached are asked
/// once more.
pub(super) async fn forgive(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    sqlx::query(FORGIVE).bind(id.to_string()).execute(&mut **tx).await.map(drop)
}

/// Notes what a member event says, unless a newer one was seen already; `at` is its place in the
/// reading order, so that nobody's wrong clock outlasts what happens afterwards.
pub(super) async fn see_member(
    tx: &mut Tx,
    transaction_id: &str,
    user: &str,
    membership: &str,
    at: i64,
    display_name: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query(SEE_MEMBER)
        .bind(transaction_id)
        .bind(user)
        .bind(membership)
        .bind(at)
        .bind(display_name)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// The name a person last showed in the room.
pub(super) async fn display_name(
    tx: &mut Tx,
    transaction_id: &str,
    user: &str,
) -> Result<Option<String>, StoreError> {
    let name: Option<Option<String>> = sqlx::query_scalar(DISPLAY_NAME)
        .bind(transaction_id)
        .bind(user)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(name.flatten())
}
