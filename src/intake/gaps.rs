//! Reads the events that a limited sync left out from the history of the rooms.

use std::time::Duration;

use ruma::RoomId;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::arrivals::arrival;
use super::retry::{Verdict, verdict};
use crate::clock::now;
use crate::homeserver::{CallFailure, FoundRoom, Homeserver};
use crate::store::{Gap, Store, StoreError};

/// The number of events in each request.
const PAGE_EVENTS: u32 = 500;
/// The interval at which the database is polled for gaps.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Fills gaps until `stop`. Each page is committed together with the token of the next one, so
/// after a kill at most one page is read twice.
pub async fn fill_gaps_forever(store: Store, homeserver: Homeserver, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match fill_one_page(&store, &homeserver).await {
            Ok(true) => {}
            Ok(false) => idle(&stop).await,
            Err(problem) => {
                tracing::error!(%problem, "cannot read the gaps from the database; retrying");
                idle(&stop).await;
            }
        }
    }
}

async fn idle(stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(POLL_INTERVAL) => {}
        () = stop.cancelled() => {}
    }
}

/// Reads one page of a gap, if one is due. Returns false if there was none.
async fn fill_one_page(store: &Store, homeserver: &Homeserver) -> Result<bool, StoreError> {
    let Some(gap) = store.due_gap().await? else { return Ok(false) };
    let Ok(room_id) = RoomId::parse(&gap.room_id) else {
        tracing::error!(room = gap.room_id, "deleted a gap that has no valid room id");
        store.close_gap(&gap).await?;
        return Ok(true);
    };
    let to = gap.end_token();
    let from = gap.start_token();
    match homeserver.history(&room_id, from, to, PAGE_EVENTS).await {
        Ok(page) => {
            // The page is read backwards and stored forwards, so within a page the order of receipt
            // is the order of the room.
            let arrivals: Vec<_> =
                page.events.iter().rev().map(|raw| arrival(raw, Some(&gap.room_id))).collect();
            let correlation = format!("gap-{}", Ulid::new());
            let next = page.next.filter(|next| *next != gap.from_token);
            let bot = homeserver.bot_user_id();
            let kept =
                store.journal_gap(&arrivals, &gap, next.as_deref(), &correlation, bot).await?;
            tracing::info!(
                correlation,
                room = gap.room_id,
                events = arrivals.len(),
                new = kept.new,
                closed = next.is_none(),
                "read a page of missed history"
            );
        }
        Err(failure) => match is_gone(store, homeserver, &gap, &failure).await {
            Ok(true) => match homeserver.is_blocked(&room_id).await {
                Ok(blocked) => {
                    tracing::warn!(
                        room = gap.room_id,
                        blocked,
                        "the homeserver no longer has this room; its transaction gets a new one, \
                         unless an administrator has blocked the room"
                    );
                    store.room_lost(&gap.room_id, blocked).await?;
                }
                Err(failure) => handle_failure(store, &gap, &failure).await?,
            },
            Ok(false) => handle_failure(store, &gap, &failure).await?,
            Err(failure) => handle_failure(store, &gap, &failure).await?,
        },
    }
    Ok(true)
}

/// Whether a room that the bot may not read no longer exists. That has far-reaching consequences,
/// so one answer is not enough: the homeserver has to refuse twice, to say that the room's alias
/// does not exist, and to know the bot. It is checked in an audit only. Without an audit, a refusal
/// means that the bot was removed from the room.
async fn is_gone(
    store: &Store,
    homeserver: &Homeserver,
    gap: &Gap,
    failure: &CallFailure,
) -> Result<bool, CallFailure> {
    if gap.audit == 0 || gap.refusals == 0 || !failure.is_forbidden() {
        return Ok(false);
    }
    let database =
        |error: StoreError| CallFailure::unknown(format!("the database failed: {error}"));
    let alias = store.alias_of(&gap.room_id).await.map_err(database)?;
    let Some(alias) = alias.and_then(|alias| homeserver.alias(&alias)) else { return Ok(false) };
    let is_gone = matches!(homeserver.find_room(&alias).await?, FoundRoom::Nothing);
    homeserver.check_identity().await?;
    Ok(is_gone)
}

/// Stores why a gap could not be read, and when to retry or that it is given up.
async fn handle_failure(store: &Store, gap: &Gap, failure: &CallFailure) -> Result<(), StoreError> {
    let problem = failure.to_string();
    let is_refusal = matches!(failure, CallFailure::Refused(_));
    match verdict(is_refusal, gap.failures, gap.refusals) {
        Verdict::GiveUp => {
            tracing::error!(
                room = gap.room_id,
                problem,
                "cannot read missed history for days; giving up. `tallyroom problems` lists it"
            );
            store.give_up_gap(gap, &problem).await
        }
        Verdict::Retry(pause) => {
            if !failure.is_about_token() {
                tracing::warn!(
                    room = gap.room_id,
                    problem,
                    seconds = pause.as_secs(),
                    "cannot read missed history; retrying"
                );
            }
            let until = now() + i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
            store.postpone_gap(gap, until, is_refusal, &problem).await
        }
    }
}
