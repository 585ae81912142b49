//! What `/sync` brought, and the stretches of history that it left out, still to be read.

use std::collections::BTreeSet;

use ruma::UserId;
use sqlx::FromRow;

use super::journal::{self, Arrival, Kept, Source};
use super::{Store, StoreError, audits, facts, foreign};
use crate::clock::now;

const OPEN_GAP: &str = "INSERT INTO gaps (room_id, from_token, to_token, due_at) \
     VALUES ($1, $2, $3, $4) \
     ON CONFLICT (room_id, to_token) DO UPDATE SET due_at = excluded.due_at, state = 'open', \
     refusals = 0, given_up_at = NULL, \
     from_token = CASE WHEN gaps.audit <> 0 THEN '' ELSE excluded.from_token END";
/// What people wait for comes before audits; gaps of several rooms take turns.
const DUE_GAP: &str = "SELECT room_id, from_token, to_token, audit, upto, failures, refusals \
     FROM gaps WHERE due_at <= $1 AND state = 'open' ORDER BY CASE WHEN audit = 0 THEN 0 ELSE 1 END, due_at LIMIT 1";
/// Unless a sync has put its beginning somewhere else in the meantime.
const MOVE_GAP: &str = "UPDATE gaps SET from_token = $4, failures = 0, refusals = 0, problem = NULL, \
     failing_since = NULL, due_at = $5 \
     WHERE room_id = $1 AND to_token = $2 AND from_token = $3";
const CLOSE_GAP: &str = "DELETE FROM gaps WHERE room_id = $1 AND to_token = $2 AND from_token = $3";
const POSTPONE_GAP: &str = "UPDATE gaps SET failures = failures + 1, refusals = refusals + $4, \
     due_at = $3, problem = $5, failing_since = COALESCE(failing_since, $6) \
     WHERE room_id = $1 AND to_token = $2";
const GIVE_UP_GAP: &str = "UPDATE gaps SET state = 'given_up', given_up_at = $4, problem = $5, \
     failing_since = COALESCE(failing_since, $4) \
     WHERE room_id = $1 AND to_token = $2 AND from_token = $3";
const GIVEN_UP_ROOMS: &str = "SELECT DISTINCT room_id FROM gaps WHERE state = 'given_up'";
const TAKE_UP_GAPS: &str = "UPDATE gaps SET state = 'open', given_up_at = NULL, failures = 0, \
     refusals = 0, due_at = $2 WHERE room_id = $1 AND state = 'given_up'";

/// A stretch of history still to be read, backwards.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Gap {
    /// The room.
    pub room_id: String,
    /// Read on from here; empty: from now.
    pub from_token: String,
    /// Down to here; empty: to the start of the room.
    pub to_token: String,
    /// Not 0: the audit that this reading is for.
    pub audit: i64,
    /// The journal's last position when that audit began.
    pub upto: i64,
    /// Failed tries in a row.
    pub failures: i64,
    /// How many of them the homeserver refused.
    pub refusals: i64,
}

impl Store {
    /// As [`Store::journal`], for what one sync brought: its token, the gaps that it left in our
    /// rooms, and the rooms that the bot is invited to commit with its events.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
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
                foreign::depart(&mut tx, room, bot.as_str()).await?;
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
                .execute(&mut *tx)
                .await?;
        }
        facts::set(&mut tx, facts::SYNC_TOKEN, token).await?;
        tx.commit().await?;
        self.hints.journal.notify_one();
        Ok(new)
    }

    /// As [`Store::journal`], for one page of a gap; `next` is where the gap goes on, none closes
    /// it.
    ///
    /// # Errors
    /// When the database does not answer; then nothing was written.
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
            audits::found(&mut tx, &gap.room_id, gap.audit, arrivals).await?;
        }
        let query = match next {
            Some(_) => sqlx::query(MOVE_GAP),
            None => sqlx::query(CLOSE_GAP),
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
        self.hints.rooms.notify_one();
        Ok(new)
    }

    /// A gap to read now, if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn due_gap(&self) -> Result<Option<Gap>, StoreError> {
        sqlx::query_as(DUE_GAP).bind(now()).fetch_optional(&self.pool).await
    }

    /// Leaves a gap for later, because the homeserver refused or because it is in trouble.
    ///
    /// # Errors
    /// When the database does not answer.
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

    /// Gives up a gap: the homeserver has refused for days. It stays, and can be taken up again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn give_up_gap(&self, gap: &Gap, problem: &str) -> Result<(), StoreError> {
        let given_up = sqlx::query(GIVE_UP_GAP).bind(&gap.room_id).bind(&gap.to_token);
        self.run(given_up.bind(&gap.from_token).bind(now()).bind(problem)).await
    }

    /// Takes up the gaps that were given up in those of these rooms that have any: the bot is in
    /// them again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_up_gaps(&self, rooms: &BTreeSet<&str>) -> Result<(), StoreError> {
        let given_up: Vec<String> =
            sqlx::query_scalar(GIVEN_UP_ROOMS).fetch_all(&self.pool).await?;
        for room_id in given_up.iter().filter(|room_id| rooms.contains(room_id.as_str())) {
            self.run(sqlx::query(TAKE_UP_GAPS).bind(room_id).bind(now())).await?;
            tracing::info!(room = room_id, "the bot is back; its missing history is read");
        }
        Ok(())
    }

    /// Drops a gap that could never be read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn close_gap(&self, gap: &Gap) -> Result<(), StoreError> {
        sqlx::query(CLOSE_GAP)
            .bind(&gap.room_id)
            .bind(&gap.to_token)
            .bind(&gap.from_token)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Where the bot's sync goes on; none: from the beginning.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sync_token(&self) -> Result<Option<String>, StoreError> {
        self.fact(facts::SYNC_TOKEN).await
    }

    /// Starts the bot's sync over: the homeserver does not know the token any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_sync_token(&self) -> Result<(), StoreError> {
        self.forget_fact(facts::SYNC_TOKEN).await
    }
}
