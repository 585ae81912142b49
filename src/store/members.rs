//! The people who are in the room of a transaction, or are invited to it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ruma::{OwnedUserId, UserId};
use serde_json::json;
use sqlx::{AssertSqlSafe, FromRow};
use ulid::Ulid;

use super::columns::parse_id;
use super::stored_values::filter;
use super::{Store, StoreError, Tx, audit_log, due_rooms, far_invitations, refused_steps};
use crate::access::AuditLine;
use crate::clock::now;
use crate::event::{EventKind, NewEvent};
use crate::room::Member;

const SELECT_MEMBERS: &str = "\
     SELECT user_id, membership, membership_at, retry_at, gave_up, since, look_at, \
     missing_since FROM members \
     WHERE transaction_id = $1";
const UPSERT_MEMBERSHIP: &str = "INSERT INTO members (transaction_id, user_id, membership, since) \
     VALUES ($1, $2, $3, $5) ON CONFLICT (transaction_id, user_id) DO UPDATE SET \
     since = CASE WHEN members.membership = excluded.membership THEN members.since \
     ELSE excluded.since END, declined = 0, \
     membership = excluded.membership, failures = 0, failing_since = NULL, retry_at = NULL, \
     problem = NULL, gave_up = 0 \
     WHERE members.membership_at = $4";
const UPSERT_MEMBER_FAILURE: &str = "INSERT INTO members \
     (transaction_id, user_id, failures, retry_at, problem, gave_up, failing_since) \
     VALUES ($1, $2, 1, $3, $4, $5, $7) \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET failures = members.failures + 1, \
     failing_since = COALESCE(members.failing_since, excluded.failing_since), \
     retry_at = excluded.retry_at, problem = excluded.problem, gave_up = excluded.gave_up \
     WHERE members.membership_at = $6";
const SELECT_MEMBER_FAILURES: &str =
    "SELECT failures FROM members WHERE transaction_id = $1 AND user_id = $2";
/// $6 is the membership before, if the event is a leave by the person and states it: 'invite' means
/// that they declined. Without it, the stored membership is used if the person left ($7 = 1).
const UPSERT_MEMBER_FROM_EVENT: &str = "INSERT INTO members \
     (transaction_id, user_id, membership, membership_at, display_name, since, declined) \
     VALUES ($1, $2, $3, $4, $5, $4, CASE WHEN $6 = 'invite' THEN 1 ELSE 0 END) \
     ON CONFLICT (transaction_id, user_id) DO UPDATE SET membership = excluded.membership, \
     since = CASE WHEN members.membership = excluded.membership \
     THEN COALESCE(members.since, excluded.since) ELSE excluded.since END, \
     declined = CASE WHEN COALESCE($6, CASE WHEN $7 = 1 THEN members.membership END) = 'invite' \
     THEN 1 ELSE 0 END, \
     missing_since = CASE WHEN excluded.membership = 'join' THEN NULL \
     ELSE members.missing_since END, failures = 0, failing_since = NULL, \
     membership_at = excluded.membership_at, \
     display_name = COALESCE(excluded.display_name, members.display_name), \
     retry_at = NULL, problem = NULL, gave_up = 0 \
     WHERE members.membership_at <= excluded.membership_at RETURNING display_name, told_in";
const SET_TOLD_IN: &str =
    "UPDATE members SET told_in = $3 WHERE transaction_id = $1 AND user_id = $2";
/// The contacts who are in the room, of whom the shop was not told because they were no contacts when they came. Who joins
/// sends the event of it. The sender is an expression, so that the entries are found by their transaction: by the sender,
/// all entries of a person would be read.
const SELECT_UNTOLD_CONTACTS: &str = "SELECT m.user_id, c.party, MAX(e.seq) FROM members m \
     JOIN contacts c ON c.transaction_id = m.transaction_id AND c.user_id = m.user_id AND c.active = 1 \
     JOIN entries e ON e.transaction_id = m.transaction_id AND e.sender || '' = m.user_id \
     AND e.kind = 'membership' WHERE m.transaction_id = $1 AND m.membership = 'join' \
     AND m.told_in = 0 GROUP BY m.user_id, c.party ORDER BY m.user_id";
const FORGET_REFUSALS: &str = "\
     UPDATE members SET membership = NULL, failures = 0, retry_at = NULL, \
     problem = NULL, gave_up = 0, failing_since = NULL, look_at = NULL, declined = 0 \
     WHERE transaction_id = $1 AND (membership IS NULL OR membership IN ('leave', 'knock', 'ban')) \
     AND ($2 = '' OR user_id = $2) AND user_id IN \
     (SELECT user_id FROM contacts WHERE transaction_id = $1 AND active = 1)";
/// Selects the rooms that a contact left, or whose invitation they declined.
const SELECT_ROOMS_LEFT_BY: &str = "SELECT c.transaction_id FROM contacts c JOIN members m \
     ON m.transaction_id = c.transaction_id AND m.user_id = c.user_id \
     WHERE c.user_id = $1 AND c.active = 1 AND m.membership = 'leave' \
     ORDER BY c.transaction_id DESC LIMIT $2";
/// Has missing accounts looked up at once.
const MAKE_LOOKUPS_DUE: &str = "UPDATE members SET look_at = $3 WHERE transaction_id = $1 \
     AND ($2 = '' OR user_id = $2) AND missing_since IS NOT NULL AND look_at IS NOT NULL";
const UPSERT_LOOKUP: &str = "INSERT INTO members (transaction_id, user_id, look_at, missing_since) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (transaction_id, user_id) DO UPDATE SET \
     look_at = excluded.look_at, missing_since = CASE WHEN excluded.missing_since IS NULL \
     THEN NULL ELSE COALESCE(members.missing_since, excluded.missing_since) END";
const SELECT_MISSING_SINCE: &str =
    "SELECT missing_since FROM members WHERE transaction_id = $1 AND user_id = $2";
/// The shop asked for its contacts. If the admin of the homeserver deleted the room, another room
/// is made.
const SET_WANTED_AGAIN: &str =
    "UPDATE rooms SET blocked_at = NULL, wanted_again = 1 WHERE transaction_id = $1";
/// The contacts with their memberships, as the start of a FROM.
pub(super) const FROM_CONTACT_MEMBERS: &str = "members m JOIN contacts c \
     ON c.transaction_id = m.transaction_id AND c.user_id = m.user_id AND c.active = 1";
/// The people in the room who are neither contacts nor guests: the bot, and whoever somebody else invited. Not all, if they
/// are very many.
pub(super) const FROM_STRANGERS: &str = "(SELECT m.transaction_id, m.user_id, m.membership, m.display_name FROM members m \
     WHERE m.transaction_id = $1 AND m.membership = 'join' \
     AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.transaction_id = m.transaction_id \
       AND c.user_id = m.user_id AND c.active = 1) \
     AND NOT EXISTS (SELECT 1 FROM guests g WHERE g.transaction_id = m.transaction_id \
       AND g.user_id = m.user_id) ORDER BY m.user_id LIMIT 20) strangers";
static SELECT_CONTACT_MEMBERS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT m.user_id, m.membership, m.display_name FROM {FROM_CONTACT_MEMBERS} \
         WHERE m.transaction_id = $1"
    )
});
const SELECT_MEMBER_PROBLEMS: &str = "SELECT user_id, problem FROM members \
     WHERE transaction_id = $1 AND problem IS NOT NULL ORDER BY user_id";

/// The greatest number of rooms to which one request invites a person again.
const MAX_ROOMS_TO_COME_BACK_TO: i64 = 50;

/// Stands for the membership before an event that is not a leave by the person: it declines
/// nothing.
const NO_MEMBERSHIP: &str = "";

#[derive(FromRow)]
struct MemberRow {
    user_id: String,
    membership: Option<String>,
    membership_at: i64,
    retry_at: Option<i64>,
    gave_up: i64,
    since: Option<i64>,
    look_at: Option<i64>,
    missing_since: Option<i64>,
}

/// What is known about somebody with a Matrix account, for the page.
#[derive(Clone, Debug, FromRow)]
pub struct RoomMember {
    /// The Matrix user id.
    pub user_id: String,
    /// The membership as in `m.room.member`. None: not invited.
    pub membership: Option<String>,
    /// The name that they chose themselves, in the room.
    pub display_name: Option<String>,
}

/// What is known about one person, for the shop. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default, FromRow)]
pub struct Person {
    /// The Matrix user id.
    pub user_id: String,
    /// The membership as in `m.room.member`. None: not invited.
    pub membership: Option<String>,
    /// Since when they have this membership.
    pub since: Option<i64>,
    /// 1 if they declined the invitation, otherwise 0.
    pub declined: i64,
    /// Since when their account is known not to exist.
    pub missing_since: Option<i64>,
    /// Since when inviting or removing them has been failing.
    pub failing_since: Option<i64>,
    /// Why it failed.
    pub problem: Option<String>,
}

/// The content of a member event.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeenMember<'a> {
    pub(super) user: &'a str,
    pub(super) membership: &'a str,
    /// The place of the event in the reading order, in milliseconds since 1970.
    pub(super) at: i64,
    pub(super) display_name: Option<&'a str>,
    /// Whether the person left by themselves.
    pub(super) is_own_leave: bool,
    /// The membership before, if the event states it.
    pub(super) before: Option<&'a str>,
}

impl Store {
    /// Returns the memberships of all people in the room.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn members(&self, id: Ulid) -> Result<BTreeMap<OwnedUserId, Member>, StoreError> {
        let rows: Vec<MemberRow> =
            sqlx::query_as(SELECT_MEMBERS).bind(id.to_string()).fetch_all(&self.pool).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                // Nobody with an invalid user id is ever invited or removed.
                let user = UserId::parse(&row.user_id).ok()?;
                let member = Member {
                    membership: row.membership,
                    seen_at: row.membership_at,
                    retry_at: row.retry_at,
                    gave_up: row.gave_up == 1,
                    since: row.since,
                    look_at: row.look_at,
                    is_missing: row.missing_since.is_some(),
                };
                Some((user, member))
            })
            .collect())
    }

    /// Returns the contacts with a Matrix account who are or were in the room, or are invited.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn contact_members(&self, id: Ulid) -> Result<Vec<RoomMember>, StoreError> {
        let members = sqlx::query_as(AssertSqlSafe(SELECT_CONTACT_MEMBERS.as_str()));
        members.bind(id.to_string()).fetch_all(&self.pool).await
    }

    /// Returns since when the account is known not to exist. None: the account exists, or it was
    /// not looked up.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn missing_since(&self, id: Ulid, user: &UserId) -> Result<Option<i64>, StoreError> {
        let since =
            sqlx::query_scalar(SELECT_MISSING_SINCE).bind(id.to_string()).bind(user.as_str());
        let since: Option<Option<i64>> = since.fetch_optional(&self.pool).await?;
        Ok(since.flatten())
    }

    /// Notes whether a contact's account exists, and when to look it up again.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn looked_up(
        &self,
        id: Ulid,
        user: &UserId,
        exists: bool,
        look_at: i64,
    ) -> Result<(), StoreError> {
        let looked_up = sqlx::query(UPSERT_LOOKUP).bind(id.to_string()).bind(user.as_str());
        self.run(looked_up.bind(look_at).bind((!exists).then(now))).await
    }

    /// Invites one contact (none: all contacts) again who declined, left or could not be reached.
    /// All refused steps of the room are retried at once. The audit log gets its line.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn invite_again(
        &self,
        id: Ulid,
        user: Option<&UserId>,
        correlation: &str,
        line: AuditLine,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin_audited(&line.shop).await?;
        forget_refusals(&mut tx, id, user).await?;
        retry_at_once(&mut tx, id, correlation).await?;
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        self.hints.far.notify_one();
        Ok(())
    }

    /// Invites a person who asked the bot for it to the newest rooms that they left. Returns the
    /// number of rooms.
    ///
    /// Only rooms of transactions in which the person is still a contact count.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn invite_back(&self, user: &UserId, correlation: &str) -> Result<usize, StoreError> {
        let left: Vec<String> = sqlx::query_scalar(SELECT_ROOMS_LEFT_BY)
            .bind(user.as_str())
            .bind(MAX_ROOMS_TO_COME_BACK_TO)
            .fetch_all(&self.pool)
            .await?;
        if left.is_empty() {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        for id in &left {
            sqlx::query(FORGET_REFUSALS).bind(id).bind(user.as_str()).execute(&mut *tx).await?;
            due_rooms::wake(&mut tx, parse_id(id)?, correlation).await?;
        }
        tx.commit().await?;
        Ok(left.len())
    }

    /// Returns the people who could not be invited or removed, and the reasons.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn member_problems(&self, id: Ulid) -> Result<Vec<(String, String)>, StoreError> {
        sqlx::query_as(SELECT_MEMBER_PROBLEMS).bind(id.to_string()).fetch_all(&self.pool).await
    }

    /// Notes the membership that the homeserver stated for a person, unless a member event arrived
    /// since the request. `seen_at` is the value of [`Member::seen_at`] before the request.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn set_membership(
        &self,
        id: Ulid,
        user: &UserId,
        membership: &str,
        seen_at: i64,
    ) -> Result<(), StoreError> {
        let set = sqlx::query(UPSERT_MEMBERSHIP).bind(id.to_string()).bind(user.as_str());
        self.run(set.bind(membership).bind(seen_at).bind(now())).await
    }

    /// Returns how often in a row inviting or removing this person failed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn member_failures(&self, id: Ulid, user: &UserId) -> Result<i64, StoreError> {
        let failures: Option<i64> = sqlx::query_scalar(SELECT_MEMBER_FAILURES)
            .bind(id.to_string())
            .bind(user.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(failures.unwrap_or(0))
    }

    /// Notes that inviting or removing a person failed, unless a member event arrived since the
    /// request. If `retry_at` is none, it is not retried. `seen_at` is the value of
    /// [`Member::seen_at`] before the request.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn member_failed(
        &self,
        id: Ulid,
        user: &UserId,
        retry_at: Option<i64>,
        problem: &str,
        seen_at: i64,
    ) -> Result<(), StoreError> {
        self.run(
            sqlx::query(UPSERT_MEMBER_FAILURE)
                .bind(id.to_string())
                .bind(user.as_str())
                .bind(retry_at)
                .bind(problem)
                .bind(i64::from(retry_at.is_none()))
                .bind(seen_at)
                .bind(now()),
        )
        .await
    }
}

/// Makes all refused steps and all invitations at other homeservers of a room due, and wakes the room.
pub(super) async fn retry_at_once(
    tx: &mut Tx,
    id: Ulid,
    correlation: &str,
) -> Result<(), StoreError> {
    refused_steps::make_due(tx, id).await?;
    far_invitations::make_due(tx, id).await?;
    due_rooms::wake(tx, id, correlation).await
}

/// Has the contact `user` (none: all contacts) invited again if they declined, left or could not be
/// reached.
pub(super) async fn forget_refusals(
    tx: &mut Tx,
    id: Ulid,
    user: Option<&UserId>,
) -> Result<(), StoreError> {
    sqlx::query(SET_WANTED_AGAIN).bind(id.to_string()).execute(&mut **tx).await?;
    let user = filter(user);
    sqlx::query(FORGET_REFUSALS).bind(id.to_string()).bind(&user).execute(&mut **tx).await?;
    let look = sqlx::query(MAKE_LOOKUPS_DUE).bind(id.to_string()).bind(user).bind(now());
    look.execute(&mut **tx).await.map(drop)
}

/// What is known of a person after their member event.
#[derive(Debug, FromRow)]
pub(super) struct KnownMember {
    /// The display name in the room.
    pub(super) display_name: Option<String>,
    /// 1 if the shop was told last that the person is in the room, otherwise 0.
    told_in: i64,
}

impl KnownMember {
    /// Returns what the shop is to be told because of this membership, if anything.
    pub(super) fn news(&self, membership: &str) -> Option<EventKind> {
        match (self.told_in, membership) {
            (0, "join") => Some(EventKind::PartyJoined),
            (1, "leave" | "ban") => Some(EventKind::PartyLeft),
            _ => None,
        }
    }
}

/// Notes whether the shop was told last that a person is in the room.
pub(super) async fn set_told_in(
    tx: &mut Tx,
    transaction_id: &str,
    user: &str,
    is_in: bool,
) -> Result<(), StoreError> {
    let set = sqlx::query(SET_TOLD_IN).bind(transaction_id).bind(user).bind(i64::from(is_in));
    set.execute(&mut **tx).await.map(drop)
}

/// Tells the shop of new contacts who were in the room before they became contacts.
pub(super) async fn tell_new_contacts(tx: &mut Tx, id: Ulid) -> Result<(), StoreError> {
    let transaction_id = id.to_string();
    let untold: Vec<(String, String, i64)> =
        sqlx::query_as(SELECT_UNTOLD_CONTACTS).bind(&transaction_id).fetch_all(&mut **tx).await?;
    for (user, party, seq) in untold {
        set_told_in(tx, &transaction_id, &user, true).await?;
        tx.tells(joined_or_left(EventKind::PartyJoined, &transaction_id, (&party, &user), seq));
    }
    Ok(())
}

/// The event that tells that somebody of a party came or left. `seq` is that of the entry of it.
pub(super) fn joined_or_left(
    kind: EventKind,
    transaction_id: &str,
    (party, user): (&str, &str),
    seq: i64,
) -> NewEvent {
    let detail = json!({ "party": party, "user_id": user });
    NewEvent::of(kind, transaction_id).about(seq).with(&detail)
}

/// Notes what a member event says, unless a newer member event was noted already. Returns none if
/// nothing was noted.
pub(super) async fn see_member(
    tx: &mut Tx,
    transaction_id: &str,
    seen: SeenMember<'_>,
) -> Result<Option<KnownMember>, StoreError> {
    sqlx::query_as(UPSERT_MEMBER_FROM_EVENT)
        .bind(transaction_id)
        .bind(seen.user)
        .bind(seen.membership)
        .bind(seen.at)
        .bind(seen.display_name)
        .bind(if seen.is_own_leave { seen.before } else { Some(NO_MEMBERSHIP) })
        .bind(i64::from(seen.is_own_leave))
        .fetch_optional(&mut **tx)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::opened;

    #[tokio::test]
    async fn the_contacts_of_whom_nothing_was_told_are_found_without_all_entries_of_a_person() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path()).await;
        let explain = format!("EXPLAIN QUERY PLAN {SELECT_UNTOLD_CONTACTS}");
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(explain))
            .bind("transaction")
            .fetch_all(&store.pool)
            .await
            .unwrap();
        let told: Vec<_> = plan.iter().map(|it| it.3.as_str()).collect();
        let of_entries = told.iter().filter(|it| it.starts_with("SEARCH e "));
        assert!(of_entries.clone().count() == 1, "{told:?}");
        assert!(of_entries.clone().all(|it| it.contains("(transaction_id=?")), "{told:?}");
    }
}
