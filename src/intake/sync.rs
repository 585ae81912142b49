//! The second intake: the bot's own `/sync`.
//!
//! Synapse drops the pushes that it has queued when it stops, and commits its position in the
//! stream before they are stored. A sync token of our own, committed together with the events that
//! it brought, loses nothing.

use std::time::{Duration, Instant};

use ruma::api::client::sync::sync_events::v3::{InvitedRoom, Response, Timeline};
use ruma::events::AnySyncTimelineEvent;
use ruma::serde::Raw;
use ruma::{OwnedUserId, UserId};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::{arrivals::arrival, back_off, invitations};
use crate::clock::now;
use crate::homeserver::{CallFailure, Homeserver};
use crate::logging::Failures;
use crate::store::{Arrival, Deriving, Gap, Kept, Source, Store, StoreError};

/// Pause between two syncs. Pushes are the fast way; this one only has to be within a minute, and
/// a homeserver that is busy with many rooms should not answer a sync for each event.
const BREATH: Duration = Duration::from_secs(2);

/// How often to look whether the homeserver still has what it told us last.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Most events to ask for then; of more, every so manieth.
const MOST_ASKED: usize = 60;

/// Reads until `stop`. Whatever fails is tried again; nothing is skipped.
pub async fn sync_forever(
    store: Store,
    homeserver: Homeserver,
    deriving: Deriving,
    stop: CancellationToken,
) {
    let (mut failures, mut told) = (0, Failures::default());
    let mut restores = Restores::default();
    while !stop.is_cancelled() {
        let work = async {
            restores.look(&store, &homeserver).await?;
            sync_once(&store, &homeserver, &deriving).await
        };
        let step = async {
            tokio::select! {
                result = work => result,
                () = stop.cancelled() => Ok(()),
            }
        };
        let pause = match step.await {
            Ok(()) => {
                if failures > 0
                    && let Err(error) = after_trouble(&store).await
                {
                    tracing::warn!(%error, "rooms and files wait for their next try");
                }
                failures = 0;
                told.reset();
                BREATH
            }
            Err(problem) => {
                failures += 1;
                if told.should_log(problem.to_string()) {
                    tracing::warn!(%problem, failures, "sync failed; trying again");
                }
                // Whenever the homeserver was away, it may have come back from a backup.
                restores.asked_at = None;
                back_off(failures - 1)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// The homeserver is back: nobody waits for the end of a pause that its absence caused.
async fn after_trouble(store: &Store) -> Result<(), StoreError> {
    store.wake_failed_rooms().await?;
    store.wake_failed_files().await
}

#[derive(Debug, thiserror::Error)]
enum SyncProblem {
    #[error(transparent)]
    Call(#[from] CallFailure),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
}

/// Finds out that the homeserver came back from a backup.
#[derive(Default)]
struct Restores {
    /// When we asked last; none: ask at once.
    asked_at: Option<Instant>,
    /// What reached us up to this time (milliseconds) was there.
    seen_upto: Option<i64>,
}

impl Restores {
    /// Has everything compared if the homeserver no longer has what it told us. To ask for the
    /// newest event alone would not do: what is sent to a homeserver just restored is newer.
    async fn look(&mut self, store: &Store, homeserver: &Homeserver) -> Result<(), SyncProblem> {
        if self.asked_at.is_some_and(|at| at.elapsed() <= LOOK_AGAIN) {
            return Ok(());
        }
        let (asked_at, seen_upto) = (Some(Instant::now()), Some(now()));
        if store.audit_runs().await? {
            *self = Self { asked_at, seen_upto: None };
            return Ok(());
        }
        for event in store.known_since(self.seen_upto, MOST_ASKED).await? {
            if homeserver.has_event(&event.room_id, &event.event_id).await? {
                continue;
            }
            let rooms = store.begin_audit().await?;
            *self = Self { asked_at, seen_upto: None };
            tracing::warn!(
                room = event.room_id,
                event = event.event_id,
                rooms,
                "the homeserver no longer has an event that it told us of: it was restored from \
                 a backup, or its history was purged; comparing all rooms with their records"
            );
            return Ok(());
        }
        *self = Self { asked_at, seen_upto };
        Ok(())
    }
}

async fn sync_once(
    store: &Store,
    homeserver: &Homeserver,
    deriving: &Deriving,
) -> Result<(), SyncProblem> {
    let since = store.sync_token().await?;
    let answer = match homeserver.sync(since.as_deref()).await {
        Ok(answer) => answer,
        Err(failure @ CallFailure::Refused(_)) if since.is_some() => {
            tracing::warn!(%failure, "the homeserver does not know the sync token; starting over");
            store.forget_sync_token().await?;
            return Ok(());
        }
        Err(failure) => return Err(failure.into()),
    };
    let correlation = format!("sync-{}", Ulid::new());
    let bot = homeserver.bot_user_id();
    let (mut arrivals, gaps) = sort_out(&answer, since.as_deref(), bot.as_str());
    let invitations: Vec<String> = answer.rooms.invite.keys().map(ToString::to_string).collect();
    if !invitations.is_empty() {
        // Whoever invites may have done something before that the same sync tells of.
        store.journal(&std::mem::take(&mut arrivals), Source::Sync, &correlation, bot).await?;
    }
    for (room_id, invitation) in &answer.rooms.invite {
        let inviter = inviter(invitation, bot);
        let inviter = inviter.as_deref();
        invitations::take(store, deriving, room_id.as_str(), inviter, &correlation).await?;
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
    Ok(())
}

/// Who invited the bot, as the homeserver tells in the invitation. Pure.
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

/// The events of a sync, and what it left out. Pure.
fn sort_out(answer: &Response, since: Option<&str>, bot: &str) -> (Vec<Arrival>, Vec<Gap>) {
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
    // Into an older room: what was said while the bot was not there may lie before `since`.
    let arrived = timeline.events.iter().any(|event| is_arrival_of(event, bot));
    let since = since.filter(|_| !arrived);
    let from = timeline.prev_batch.as_ref().filter(|_| timeline.limited || arrived)?;
    // Synapse calls the first sync of a new room limited; nothing comes before its creation.
    let creation = |event: &Raw<_>| event.get_field("type").ok().flatten() == Some("m.room.create");
    if timeline.events.iter().any(creation) {
        return None;
    }
    Some(Gap {
        room_id: room_id.to_owned(),
        from_token: from.clone(),
        // A sync from the beginning knows no lower end: read to the start of the room.
        to_token: since.unwrap_or_default().to_owned(),
        audit: 0,
        upto: 0,
        failures: 0,
        refusals: 0,
    })
}

/// Whether the bot came into the room by this event (and not only changed its name).
fn is_arrival_of(event: &Raw<AnySyncTimelineEvent>, bot: &str) -> bool {
    let event: Value = serde_json::from_str(event.json().get()).unwrap_or_default();
    let joined = |pointer| event.pointer(pointer).and_then(Value::as_str) == Some("join");
    event["type"] == "m.room.member"
        && event["state_key"] == bot
        && joined("/content/membership")
        && !joined("/unsigned/prev_content/membership")
}
