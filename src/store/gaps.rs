//! The results of `/sync`, and the gaps that it leaves in the history of rooms.

use std::collections::BTreeSet;

use ruma::UserId;
use sqlx::FromRow;

use super::arrival::Arrival;
use super::journal::{self, Kept, Source};
use super::stored_values::{FROM_NEWEST_EVENT, TO_START_OF_ROOM};
use super::{Store, StoreError, audits, facts, foreign};
use crate::clock::now;

const OPEN_GAP: &str = "INSERT INTO gaps (room_id, from_token, to_token, due_at) \
     VALUES ($1, $2, $3, $4) \
     ON CONFLICT (room_id, to_token) DO UPDATE SET due_at = excluded.due_at, state = 'open', \
     refusals = 0, given_up_at = NULL, \
     from_token = CASE WHEN gaps.audit <> 0 THEN $5 ELSE excluded.from_token END";
/// Gaps of a sync come before audits, because people wait for them. The gaps of several rooms take
/// turns.
const SELECT_DUE_GAP: &str = "\
     SELECT room_id, from_token, to_token, audit, upto, failures, refusals \
     FROM gaps WHERE due_at <= $1 AND state = 'open' \
     ORDER BY CASE WHEN audit = 0 THEN 0 ELSE 1 END, due_at LIMIT 1";
/// Does nothing if a sync set another `from_token` in the meantime.
const MOVE_GAP: &str = "\
     UPDATE gaps SET from_token = $4, failures = 0, refusals = 0, problem = NULL, \
     failing_since = NULL, due_at = $5 \
     WHERE room_id = $1 AND to_token = $2 AND from_token = $3";
const DELETE_GAP: &str =
    "DELETE FROM gaps WHERE room_id = $1 AND to_token = $2 AND from_token = $3";
const POSTPONE_GAP: &str = "UPDATE gaps SET failures = failures + 1, refusals = refusals + $4, \
     due_at = $3, problem = $5, failing_since = COALESCE(failing_since, $6) \
     WHERE room_id = $1 AND to_token = $2";
const GIVE_UP_GAP: &str = "UPDATE gaps SET state = 'given_up', given_up_at = $4, problem = $5, \
     failing_since = COALESCE(failing_since, $4) \
     WHERE room_id = $1 AND to_token = $2 AND from_token = $3";
const SELECT_ROOMS_WITH_GIVEN_UP_GAPS: &str =
    "SELECT DISTINCT room_id FROM gaps WHERE state = 'given_up'";
const REOPEN_GAPS: &str = "UPDATE gaps SET state = 'open', given_up_at = NULL, failures = 0, \
     refusals = 0, due_at = $2 WHERE room_id = $1 AND state = 'given_up'";

/// A part of a room's history that is still to be read, backwards.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Gap {
    /// The id of the room.
    pub room_id: String,
    /// The token from which reading goes on. Empty: from the newest event.
    pub from_token: String,
    /// The token at which reading ends. Empty: at the start of the room.
    pub to_token: String,
    /// The audit for which the history is read, or 0 if it is not read for an audit.
    pub audit: i64,
    /// The last position of the journal when that audit began.
    pub upto: i64,
    /// The number of failed attempts in a row.
    pub failures: i64,
    /// The number of them that the homeserver refused.
    pub refusals: i64,
}

impl Gap {
    /// Returns the token from which reading goes on, or none to read from the newest event.
    pub fn start_token(&self) -> Option<&str> {
        Some(self.from_token.as_str()).filter(|token| *token != FROM_NEWEST_EVENT)
    }

    /// Returns the token at which reading ends, or none to read to the start of the room.
    pub fn end_token(&self) -> Option<&str> {
        Some(self.to_token.as_str()).filter(|token| *token != TO_START_OF_ROOM)
    }
}

impl Store {
    /// Like [`Store::journal`], for the result of one sync. The token of the sync, the gaps that it
    /// left in our rooms and the invitations of the bot are committed together with its events.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn journal_sync(
        &self,
        arrivals: &[Arrival],
        gaps: &[Gap],
        invitations: &[String],
        token: &str,
        correlation: &str,
        bot: &UserId,
    ) -> Result<Kept, StoreError> {
        let mut tx = self.begin().await?;
        let new = journal::write(&mut tx, arrivals, Source::Sync, correlation, bot).await?;
        for room in invitations {
            if !foreign::is_ours(&mut tx, room).await? {
                foreign::leave_soon(&mut tx, room, bot.as_str()).await?;
            }
        }
        for gap in gaps {
            if !foreign::is_ours(&mut tx, &gap.room_id).await? {
                continue;
            }
            sqlx::query(OPEN_GAP)
                .bind(&gap.room_id)
                .bind(&gap.from_token)
                .bind(&gap.to_token)
                .bind(now())
                .bind(FROM_NEWEST_EVENT)
                .execute(&mut *tx)
                .await?;
        }
        facts::set(&mut tx, facts::SYNC_TOKEN, token).await?;
        tx.commit().await?;
        self.hints.journal.notify_one();
        Ok(new)
    }

    /// Like [`Store::journal`], for one page of a gap. `next` is the token of the next page. If it
    /// is none, the gap is closed.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is written.
    pub async fn journal_gap(
        &self,
        arrivals: &[Arrival],
        gap: &Gap,
        next: Option<&str>,
        correlation: &str,
        bot: &UserId,
    ) -> Result<Kept, StoreError> {
        let mut tx = self.begin().await?;
        let new = journal::write(&mut tx, arrivals, Source::Backfill, correlation, bot).await?;
        if gap.audit != 0 {
            audits::mark_found(&mut tx, &gap.room_id, gap.audit, arrivals).await?;
        }
        let query = match next {
            Some(_) => sqlx::query(MOVE_GAP),
            None => sqlx::query(DELETE_GAP),
        };
        let mut query = query.bind(&gap.room_id).bind(&gap.to_token).bind(&gap.from_token);
        if let Some(token) = next {
            query = query.bind(token).bind(now());
        }
        let done = query.execute(&mut *tx).await?.rows_affected();
        if next.is_none() && done == 1 && gap.audit != 0 {
            audits::conclude(&mut tx, &gap.room_id, gap.audit, gap.upto).await?;
        }
        tx.commit().await?;
        self.hints.journal.notify_one();
        Ok(new)
    }

    /// Returns a gap that is due, if there is one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn due_gap(&self) -> Result<Option<Gap>, StoreError> {
        sqlx::query_as(SELECT_DUE_GAP).bind(now()).fetch_optional(&self.pool).await
    }

    /// Postpones a gap because the homeserver refused to return it, or because the request failed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn postpone_gap(
        &self,
        gap: &Gap,
        until: i64,
        is_refusal: bool,
        problem: &str,
    ) -> Result<(), StoreError> {
        let postponed = sqlx::query(POSTPONE_GAP).bind(&gap.room_id).bind(&gap.to_token);
        let refusals = i64::from(is_refusal);
        self.run(postponed.bind(until).bind(refusals).bind(problem).bind(now())).await
    }

    /// Gives up a gap because the homeserver has refused for days. The gap stays in the database
    /// and can be taken up again.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn give_up_gap(&self, gap: &Gap, problem: &str) -> Result<(), StoreError> {
        let given_up = sqlx::query(GIVE_UP_GAP).bind(&gap.room_id).bind(&gap.to_token);
        self.run(given_up.bind(&gap.from_token).bind(now()).bind(problem)).await
    }

    /// Takes up the gaps that were given up in any of these rooms, because the bot is in the rooms
    /// again.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn take_up_gaps(&self, rooms: &BTreeSet<&str>) -> Result<(), StoreError> {
        let given_up: Vec<String> =
            sqlx::query_scalar(SELECT_ROOMS_WITH_GIVEN_UP_GAPS).fetch_all(&self.pool).await?;
        for room_id in given_up.iter().filter(|room_id| rooms.contains(room_id.as_str())) {
            self.run(sqlx::query(REOPEN_GAPS).bind(room_id).bind(now())).await?;
            tracing::info!(
                room = room_id,
                "the bot is in the room again; the missing history is read"
            );
        }
        Ok(())
    }

    /// Deletes a gap that can never be read.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn close_gap(&self, gap: &Gap) -> Result<(), StoreError> {
        let close = sqlx::query(DELETE_GAP).bind(&gap.room_id).bind(&gap.to_token);
        self.run(close.bind(&gap.from_token)).await
    }

    /// Returns the token at which the bot's sync goes on. None: it begins anew.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sync_token(&self) -> Result<Option<String>, StoreError> {
        self.fact(facts::SYNC_TOKEN).await
    }

    /// Makes the bot's sync begin anew, because the homeserver no longer knows the token.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn forget_sync_token(&self) -> Result<(), StoreError> {
        self.forget_fact(facts::SYNC_TOKEN).await
    }
}
