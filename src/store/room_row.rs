//! The row of a transaction's room.

use ruma::{OwnedRoomId, RoomId};
use sqlx::FromRow;

use super::RoomProblem;
use super::stored_values::UNKNOWN_DIGEST;

/// How long invitations wait at most for the first events of a new room, in milliseconds.
const FIRST_EVENTS_TIMEOUT_MS: i64 = 5_000;

/// The room of a transaction, and what is known to be done in it. Times are milliseconds since
/// 1970.
#[derive(Clone, Debug, FromRow)]
pub struct RoomRow {
    /// The id of the transaction.
    pub transaction_id: String,
    /// The local part of its alias, between `#` and `:`.
    pub alias_localpart: String,
    /// The id of the room. None until the room is made and claimed.
    pub room_id: Option<String>,
    /// The version of the room. None until it is known.
    pub room_version: Option<String>,
    /// When the first `createRoom` began whose outcome is still unknown.
    pub attempted_at: Option<i64>,
    /// The digest of the state that was last written.
    pub published: Option<String>,
    /// The event id of the summary.
    pub summary_event: Option<String>,
    /// The digest of the summary that was last sent. Empty if it is unknown what the room shows.
    pub summary_shown: Option<String>,
    /// The digest of the headline at the time of the last pinning. Empty if it is unknown whether
    /// the summary is still pinned.
    pub summary_pinned: Option<String>,
    /// The number of links (entries and acts) that the signed head in the room covers.
    pub head_shown: Option<i64>,
    /// When nothing was left to do in the room for the first time.
    pub ready_at: Option<i64>,
    /// When the reconciler looks at the room next. None: not until it is woken.
    pub due_at: Option<i64>,
    /// Counts how often the room was woken.
    pub wakes: i64,
    /// The number of failures in a row.
    pub failures: i64,
    /// The number of summaries that were removed from the room.
    pub summaries_gone: i64,
    /// The last revision whose changes were told in the room.
    pub told_revision: i64,
    /// The revision that is being told. The outcome is unknown.
    pub telling_revision: Option<i64>,
    /// The due date (YYYY-MM-DD) whose end the shop was told of. None: the invoice was not overdue since.
    pub told_overdue: Option<String>,
    /// The current problem, as a text for people.
    pub problem: Option<String>,
    /// 1 if only an operator can help, otherwise 0.
    pub stopped: i64,
    /// The correlation id of the call or push that woke the room last.
    pub correlation: Option<String>,
    /// When Tallyroom saw that the room is encrypted.
    pub encrypted_at: Option<i64>,
    /// When Tallyroom saw a tombstone that is still to be followed.
    pub tombstone_at: Option<i64>,
    /// The number of successive rooms without a call of the shop in between.
    pub upgrades: i64,
    /// The room that this room replaces.
    pub predecessor: Option<String>,
    /// 0 if the predecessor still has to lead people to this room, otherwise 1.
    pub led_on: i64,
    /// How often other people removed a message about a change.
    pub retold: i64,
    /// 1 if the shop asked to invite the contacts again, otherwise 0.
    pub wanted_again: i64,
    /// 1 if the bot is a creator of the successor that it joined, otherwise 0 or none.
    pub creator: Option<i64>,
    /// When the admin of the homeserver deleted and blocked the room.
    pub blocked_at: Option<i64>,
    /// Why it is the transaction's room: `created`, `upgraded` or `replaced`.
    pub why: Option<String>,
    /// Since when it is the transaction's room.
    pub since: Option<i64>,
    /// The newest room that took the place of a record room and is not recorded.
    pub lost_successor: Option<String>,
    /// The `seq` of the summary's entry. None until the record holds it.
    pub summary_seq: Option<i64>,
    /// 1 if somebody wrote on the invoice page, otherwise 0. Most rooms have none of this and of the
    /// following, and then it need not be read.
    pub has_guests: i64,
    /// 1 if steps were refused, otherwise 0.
    pub has_problems: i64,
    /// 1 if invitations of users of other homeservers were handed over, otherwise 0.
    pub has_far_invitations: i64,
    /// 1 if a head of the record was signed, otherwise 0.
    pub has_heads: i64,
    /// 1 if somebody asked the bot something that is not answered, otherwise 0.
    pub has_commands: i64,
    /// 1 if somebody asked on the page for a link, otherwise 0.
    pub has_link_requests: i64,
}

impl RoomRow {
    /// Returns the time (milliseconds since 1970) before which nobody is invited to a new room.
    ///
    /// Until the first events of the room arrive, it is unknown what the homeserver added by
    /// itself. The summary follows all of these events.
    pub fn settles_at(&self) -> Option<i64> {
        let is_known = self.ready_at.is_some() || self.summary_seq.is_some();
        self.since.filter(|_| !is_known).map(|since| since.saturating_add(FIRST_EVENTS_TIMEOUT_MS))
    }

    /// Returns the id of the room, if it is made.
    pub fn room(&self) -> Option<OwnedRoomId> {
        self.room_id.as_deref().and_then(|id| RoomId::parse(id).ok())
    }

    /// Returns true if the summary was pinned and it is unknown whether it still is.
    pub fn is_pinning_unknown(&self) -> bool {
        self.summary_pinned.as_deref() == Some(UNKNOWN_DIGEST)
    }

    /// Returns the state of the room for the API: `pending` (not begun), `creating`, `ready`,
    /// `degraded` (the room is made, but a step failed so far) or `failed` (only an operator can
    /// help).
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
