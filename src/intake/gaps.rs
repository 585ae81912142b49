//! Reads what a limited sync left out from the rooms' history.

use std::time::Duration;

use ruma::RoomId;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::arrivals::arrival;
use super::patience::{Verdict, verdict};
use crate::clock::now;
use crate::homeserver::{CallFailure, FoundRoom, Homeserver};
use crate::store::{Gap, Store, StoreError};

/// Events per request.
const PAGE: u32 = 500;
/// How often to look for gaps when nothing tells of one.
const IDLE: Duration = Duration::from_secs(1);

/// Fills gaps until `stop`. Each page commits with the place where the gap goes on, so a kill
/// costs at most one page read twice.
pub async fn fill_gaps_forever(store: Store, homeserver: Homeserver, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match fill_one_page(&store, &homeserver).await {
            Ok(true) => {}
            Ok(false) => idle(&stop).await,
            Err(problem) => {
                tracing::error!(%problem, "gaps could not be read from the database");
                idle(&stop).await;
            }
        }
    }
}

async fn idle(stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(IDLE) => {}
        () = stop.cancelled() => {}
    }
}

/// False if there was nothing to do.
async fn fill_one_page(store: &Store, homeserver: &Homeserver) -> Result<bool, StoreError> {
    let Some(gap) = store.due_gap().await? else { return Ok(false) };
    let Ok(room_id) = RoomId::parse(&gap.room_id) else {
        tracing::error!(room = gap.room_id, "a gap names something that is no room id; dropped");
        store.close_gap(&gap).await?;
        return Ok(true);
    };
    let to = Some(gap.to_token.as_str()).filter(|token| !token.is_empty());
    let from = Some(gap.from_token.as_str()).filter(|token| !token.is_empty());
    match homeserver.history(&room_id, from, to, PAGE).await {
        Ok(page) => {
            // Read backwards, kept forwards: within a page, receipt order is the room's order.
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
                        "the homeserver does not have this room any more; its transaction gets a \
                         new one, unless the admin has blocked it"
                    );
                    store.room_lost(&gap.room_id, blocked).await?;
                }
                Err(failure) => not_read(store, &gap, &failure).await?,
            },
            Ok(false) => not_read(store, &gap, &failure).await?,
            Err(failure) => not_read(store, &gap, &failure).await?,
        },
    }
    Ok(true)
}

/// Whether a room that the bot may not read does not exist any more. Much follows from it, so one
/// answer is not enough: the homeserver refuses twice, says that nothing stands behind the room's
/// alias, and knows us as before. Only asked in an audit; otherwise the bot was removed from it.
async fn is_gone(
    store: &Store,
    homeserver: &Homeserver,
    gap: &Gap,
    failure: &CallFailure,
) -> Result<bool, CallFailure> {
    if gap.audit == 0 || gap.refusals == 0 || !failure.is_forbidden() {
        return Ok(false);
    }
    let database = |error: StoreError| CallFailure::unknown(format!("the database: {error}"));
    let alias = store.alias_of(&gap.room_id).await.map_err(database)?;
    let Some(alias) = alias.and_then(|alias| homeserver.alias(&alias)) else { return Ok(false) };
    let is_gone = matches!(homeserver.find_room(&alias).await?, FoundRoom::Nothing);
    homeserver.knows_us().await?;
    Ok(is_gone)
}

async fn not_read(store: &Store, gap: &Gap, failure: &CallFailure) -> Result<(), StoreError> {
    let problem = failure.to_string();
    let is_refusal = matches!(failure, CallFailure::Refused(_));
    match verdict(is_refusal, gap.failures, gap.refusals) {
        Verdict::GiveUp => {
            tracing::error!(
                room = gap.room_id,
                problem,
                "missed history could not be read for days; given up. `tallyroom problems` lists it"
            );
            store.give_up_gap(gap, &problem).await
        }
        Verdict::TryAgain(pause) => {
            if !failure.is_about_token() {
                tracing::warn!(
                    room = gap.room_id,
                    problem,
                    seconds = pause.as_secs(),
                    "history could not be read; trying again"
                );
            }
            let until = now() + i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
            store.postpone_gap(gap, until, is_refusal, &problem).await
        }
    }
}
