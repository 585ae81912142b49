//! Reads the bot's own `/sync`, which is the second intake beside pushes.
//!
//! When Synapse stops, it drops the pushes that it has queued, and it commits its position in the
//! stream before they are delivered. The sync loses nothing, because its token is committed
//! together with its events.

use std::time::{Duration, Instant};

use ruma::api::client::sync::sync_events::v3::{InvitedRoom, Response, Timeline};
use ruma::events::AnySyncTimelineEvent;
use ruma::serde::Raw;
use ruma::{OwnedUserId, UserId};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::{arrivals::arrival, backoff, invitations};
use crate::clock::now;
use crate::homeserver::{CallFailure, Homeserver};
use crate::logging::Failures;
use crate::store::{Arrival, Deriving, Gap, Kept, Source, Store, StoreError};

/// The pause after a sync that brought nothing, or events that no push had brought. Without the
/// pause, a homeserver with many busy rooms would have to answer a sync for each event.
const SYNC_PAUSE: Duration = Duration::from_secs(2);
/// The pause after a sync that mostly brought what pushes had brought before. A sync only has to
/// come within a minute. For each room with news, Synapse reads that room again, so frequent syncs
/// would slow down everything else.
const SYNC_PAUSE_WITH_PUSHES: Duration = Duration::from_secs(20);

/// The interval of the check whether the homeserver still has what it sent us.
const RESTORE_CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// The greatest number of events to request in that check. If there are more, an evenly spaced
/// sample is requested.
const MAX_CHECKED_EVENTS: usize = 60;

/// The shortest pause between two syncs, also if there is a hint.
const MIN_SYNC_PAUSE: Duration = Duration::from_secs(1);

/// The number of failures in a row after which another process gets its turn.
const MAX_FAILURES_OF_A_TURN: u32 = 5;

/// Reads the sync until `stop`, or until it has failed several times in a row: another process may
/// reach the homeserver. Every failure is retried, and nothing is skipped.
pub async fn sync_for_a_turn(
    store: Store,
    homeserver: Homeserver,
    deriving: Deriving,
    stop: CancellationToken,
) {
    let (mut failures, mut logged) = (0, Failures::default());
    // An earlier turn may have ended because the homeserver was away.
    let mut was_away = true;
    let mut restores = RestoreCheck::default();
    while !stop.is_cancelled() {
        let work = async {
            restores.run_if_due(&store, &homeserver).await?;
            sync_once(&store, &homeserver, &deriving).await
        };
        let step = async {
            tokio::select! {
                result = work => result,
                () = stop.cancelled() => Ok(SYNC_PAUSE),
            }
        };
        let pause = match step.await {
            Ok(pause) => {
                if was_away && let Err(error) = wake_failed(&store).await {
                    tracing::warn!(%error, "cannot wake failed rooms and files before their next try");
                }
                (failures, was_away) = (0, false);
                logged.reset();
                pause
            }
            Err(problem) => {
                (failures, was_away) = (failures + 1, true);
                if logged.should_log(problem.to_string()) {
                    tracing::warn!(%problem, failures, "the sync failed; retrying");
                }
                // When the homeserver was away, it may have been restored from a backup.
                restores.checked_at = None;
                if failures >= MAX_FAILURES_OF_A_TURN {
                    return;
                }
                backoff(failures - 1)
            }
        };
        // Whoever invites the bot again and again does not make it sync without a pause.
        let hint = async {
            tokio::time::sleep(MIN_SYNC_PAUSE).await;
            store.hints().invitations.notified().await;
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = hint, if failures == 0 => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Returns the pause after a sync that brought `events` events, of which `new` were not known.
fn pause_after(events: usize, new: usize) -> Duration {
    // A push may come a moment after the sync, so a few new events do not mean that pushes fail.
    if events > 0 && new * 2 <= events { SYNC_PAUSE_WITH_PUSHES } else { SYNC_PAUSE }
}

/// Makes failed rooms and files due at once, because the homeserver answers again.
async fn wake_failed(store: &Store) -> Result<(), StoreError> {
    store.wake_failed_rooms().await?;
    store.wake_failed_files().await
}

#[derive(Debug, thiserror::Error)]
enum SyncProblem {
    #[error(transparent)]
    Call(#[from] CallFailure),
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
}

/// The check whether the homeserver was restored from a backup.
#[derive(Default)]
struct RestoreCheck {
    /// The time of the last check. `None` if the next one is due at once.
    checked_at: Option<Instant>,
    /// The last check found the events that reached us up to this time (in milliseconds).
    found_upto: Option<i64>,
}

impl RestoreCheck {
    /// Begins an audit of all rooms if the homeserver no longer has an event that it sent us. The
    /// newest event alone is not enough, since it may have been sent after the restore.
    async fn run_if_due(
        &mut self,
        store: &Store,
        homeserver: &Homeserver,
    ) -> Result<(), SyncProblem> {
        if self.checked_at.is_some_and(|at| at.elapsed() <= RESTORE_CHECK_INTERVAL) {
            return Ok(());
        }
        let (checked_at, found_upto) = (Some(Instant::now()), Some(now()));
        if store.audit_runs().await? {
            *self = Self { checked_at, found_upto: None };
            return Ok(());
        }
        for event in store.known_since(self.found_upto, MAX_CHECKED_EVENTS).await? {
            if homeserver.has_event(&event.room_id, &event.event_id).await? {
                continue;
            }
            let rooms = store.begin_audit().await?;
            *self = Self { checked_at, found_upto: None };
            tracing::warn!(
                room = event.room_id,
                event = event.event_id,
                rooms,
                "the homeserver no longer has an event that it sent us: it was restored from a \
                 backup, or its history was purged; comparing all rooms with their records"
            );
            return Ok(());
        }
        *self = Self { checked_at, found_upto };
        Ok(())
    }
}

/// Reads one sync. Returns the pause before the next one.
async fn sync_once(
    store: &Store,
    homeserver: &Homeserver,
    deriving: &Deriving,
) -> Result<Duration, SyncProblem> {
    let since = store.sync_token().await?;
    let answer = match homeserver.sync(since.as_deref()).await {
        Ok(answer) => answer,
        Err(failure @ CallFailure::Refused(_)) if since.is_some() => {
            tracing::warn!(%failure, "the homeserver does not know the sync token; starting anew");
            store.forget_sync_token().await?;
            return Ok(SYNC_PAUSE);
        }
        Err(failure) => return Err(failure.into()),
    };
    let correlation = format!("sync-{}", Ulid::new());
    let bot = homeserver.bot_user_id();
    let (mut arrivals, gaps) = events_and_gaps(&answer, since.as_deref(), bot.as_str());
    let invitations: Vec<String> = answer.rooms.invite.keys().map(ToString::to_string).collect();
    if !invitations.is_empty() {
        // The same sync may have earlier events of the inviter, such as leaving a room.
        store.journal(&std::mem::take(&mut arrivals), Source::Sync, &correlation, bot).await?;
    }
    for (room_id, invitation) in &answer.rooms.invite {
        let inviter = inviter(invitation, bot);
        let inviter = inviter.as_deref();
        let room = room_id.as_str();
        invitations::handle_invitation(store, deriving, room, inviter, &correlation).await?;
    }
    let joined = answer.rooms.join.keys().map(|room_id| room_id.as_str()).collect();
    store.take_up_gaps(&joined).await?;
    let token = &answer.next_batch;
    let Kept { new, foreign } =
        store.journal_sync(&arrivals, &gaps, &invitations, token, &correlation, bot).await?;
    if !arrivals.is_empty() {
        tracing::debug!(
            correlation,
            events = arrivals.len(),
            new,
            foreign,
            gaps = gaps.len(),
            "sync committed"
        );
    }
    Ok(pause_after(arrivals.len(), new))
}

/// Returns the sender of an invitation of the bot.
fn inviter(invitation: &InvitedRoom, bot: &UserId) -> Option<OwnedUserId> {
    let events = invitation.invite_state.events.iter();
    let mut events = events.filter_map(|it| serde_json::from_str::<Value>(it.json().get()).ok());
    let invitation = events.find(|it| {
        it["type"] == "m.room.member"
            && it["state_key"] == bot.as_str()
            && it["content"]["membership"] == "invite"
    })?;
    UserId::parse(invitation["sender"].as_str()?).ok()
}

/// Returns the events of a sync, and the gaps for those that it left out.
fn events_and_gaps(answer: &Response, since: Option<&str>, bot: &str) -> (Vec<Arrival>, Vec<Gap>) {
    let joined = answer.rooms.join.iter().map(|(id, room)| (id, &room.timeline));
    let left = answer.rooms.leave.iter().map(|(id, room)| (id, &room.timeline));
    let mut arrivals = Vec::new();
    let mut gaps = Vec::new();
    for (room_id, timeline) in joined.chain(left) {
        let events = timeline.events.iter();
        arrivals.extend(events.map(|event| arrival(event.json(), Some(room_id.as_str()))));
        gaps.extend(gap_before(timeline, room_id.as_str(), since, bot));
    }
    (arrivals, gaps)
}

fn gap_before(timeline: &Timeline, room_id: &str, since: Option<&str>, bot: &str) -> Option<Gap> {
    // If the bot joined an existing room, events from before `since` may be missing.
    let has_joined = timeline.events.iter().any(|event| is_join_of(event, bot));
    let since = since.filter(|_| !has_joined);
    let from = timeline.prev_batch.as_ref().filter(|_| timeline.limited || has_joined)?;
    // Synapse marks the first sync of a new room as limited, but nothing precedes its creation.
    let creation = |event: &Raw<_>| event.get_field("type").ok().flatten() == Some("m.room.create");
    if timeline.events.iter().any(creation) {
        return None;
    }
    Some(Gap {
        room_id: room_id.to_owned(),
        from_token: from.clone(),
        // Without `since`, the gap extends to the start of the room.
        to_token: since.unwrap_or_default().to_owned(),
        audit: 0,
        upto: 0,
        failures: 0,
        refusals: 0,
    })
}

/// Whether the bot joined the room by this event, and did not just change its profile.
fn is_join_of(event: &Raw<AnySyncTimelineEvent>, bot: &str) -> bool {
    let event: Value = serde_json::from_str(event.json().get()).unwrap_or_default();
    let joined = |pointer| event.pointer(pointer).and_then(Value::as_str) == Some("join");
    event["type"] == "m.room.member"
        && event["state_key"] == bot
        && joined("/content/membership")
        && !joined("/unsigned/prev_content/membership")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_that_pushes_make_superfluous_comes_rarely() {
        assert_eq!(pause_after(1, 0), SYNC_PAUSE_WITH_PUSHES);
        assert_eq!(pause_after(200, 20), SYNC_PAUSE_WITH_PUSHES);
        // Nothing shows that pushes come, or most of them did not come.
        assert_eq!(pause_after(0, 0), SYNC_PAUSE);
        assert_eq!(pause_after(1, 1), SYNC_PAUSE);
        assert_eq!(pause_after(200, 101), SYNC_PAUSE);
    }
}
