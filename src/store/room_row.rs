//! A room of a transaction as the database has it.

use ruma::{OwnedRoomId, RoomId};
use sqlx::FromRow;

use super::RoomProblem;

/// How long invitations wait at most for a new room's first events, in milliseconds.
const SETTLING_MS: i64 = 5_000;

/// A room as we know it.
#[derive(Clone, Debug, FromRow)]
pub struct RoomRow {
    /// Whose room it is.
    pub transaction_id: String,
    /// The part of its alias between `#` and `:`.
    pub alias_localpart: String,
    /// Once it is ours for good.
    pub room_id: Option<String>,
    /// Once known.
    pub room_version: Option<String>,
    /// When the first createRoom of yet unknown outcome began.
    pub attempted_at: Option<i64>,
    /// Digest of the state last written.
    pub published: Option<String>,
    /// Event id of the summary.
    pub summary_event: Option<String>,
    /// Digest of the summary last sent.
    pub summary_shown: Option<String>,
    /// Digest of the headline when last pinned.
    pub summary_pinned: Option<String>,
    /// How many links, of entries and acts, the signed head covers that the room shows.
    pub head_shown: Option<i64>,
    /// First time that nothing was left to do in it.
    pub ready_at: Option<i64>,
    /// When to look next.
    pub due_at: Option<i64>,
    /// Counts reasons to look.
    pub wakes: i64,
    /// Failures in a row.
    pub failures: i64,
    /// How many summaries of it are gone.
    pub summaries_gone: i64,
    /// The last revision whose changes were told in it.
    pub told_revision: i64,
    /// The revision that is being told, with unknown outcome.
    pub telling_revision: Option<i64>,
    /// What stands in the way.
    pub problem: Option<String>,
    /// 1: only an operator can help.
    pub stopped: i64,
    /// Of the call or push that asked last.
    pub correlation: Option<String>,
    /// When encryption was seen in it.
    pub encrypted_at: Option<i64>,
    /// When a tombstone was seen in it that is still to be followed.
    pub tombstone_at: Option<i64>,
    /// Rooms that followed one another without a call of the shop in between.
    pub upgrades: i64,
    /// The room whose place the next one takes.
    pub predecessor: Option<String>,
    /// 0: the predecessor still has to lead people here.
    pub led_on: i64,
    /// How often something told was removed by others.
    pub retold: i64,
    /// 1: the shop has asked for the contacts to be invited.
    pub wanted_again: i64,
    /// 1: the bot is a creator of the room that it followed.
    pub creator: Option<i64>,
    /// When the homeserver's admin deleted the room with a block.
    pub blocked_at: Option<i64>,
    /// Why it is the transaction's room: `created`, `upgraded`, `replaced`.
    pub why: Option<String>,
    /// Since when it is.
    pub since: Option<i64>,
    /// The newest room whose words are in no record although it took the place of ours.
    pub lost_successor: Option<String>,
    /// The summary's entry in the record, once it is there.
    pub summary_seq: Option<i64>,
}

impl RoomRow {
    /// Nobody is invited to a new room before this time (milliseconds since 1970): until its first
    /// events have come, it is not known what the homeserver put into it by itself. The summary
    /// comes after all of them.
    pub fn settles_at(&self) -> Option<i64> {
        let is_known = self.ready_at.is_some() || self.summary_seq.is_some();
        self.since.filter(|_| !is_known).map(|since| since.saturating_add(SETTLING_MS))
    }

    /// The room's id, if it has one.
    pub fn room(&self) -> Option<OwnedRoomId> {
        self.room_id.as_deref().and_then(|id| RoomId::parse(id).ok())
    }

    /// The room's state in one word, for the API: `pending` (not begun), `creating`, `ready`,
    /// `degraded` (made, but something could not be done yet), `failed` (only an operator can help).
    pub fn state(&self, problems: &[RoomProblem]) -> &'static str {
        if self.stopped == 1 {
            "failed"
        } else if self.ready_at.is_some() {
            if problems.is_empty() && self.problem.is_none() { "ready" } else { "degraded" }
        } else if self.room_id.is_some() || self.attempted_at.is_some() {
            "creating"
        } else {
            "pending"
        }
    }
}
