//! Whoever of us was invited to a room that is not ours, or put into one, leaves it: in the
//! background and one room at a time, so that a homeserver that hangs holds up nothing else.

use std::time::Duration;

use ruma::{OwnedRoomId, RoomId, UserId};
use tokio_util::sync::CancellationToken;

use crate::clock::now;
use crate::homeserver::{CallFailure, Homeserver};
use crate::logging::Failures;
use crate::names::{PROBE_MARKER, ROOM_MARKER};
use crate::room::{Sign, sign};
use crate::store::{Departure, Store, StoreError};

/// How often to look for rooms to leave.
const IDLE: Duration = Duration::from_secs(1);
/// How often to try to list the rooms from before.
const LIST_AGAIN: Duration = Duration::from_secs(60);
/// Pause after the first failed try for one room; it doubles with each further one.
const SHORTEST: Duration = Duration::from_secs(30);
/// Longest pause between two tries for one room.
const LONGEST: Duration = Duration::from_secs(3600);
/// How long a room that the bot is making may take, or one that `tallyroom check` looks at.
const IN_THE_MAKING: Duration = Duration::from_secs(60);
/// Events removed in one tx of what earlier versions kept of rooms that are not ours.
const PIECE: i64 = 500;
/// Name of the fact that the rooms from before were listed.
const LISTED: &str = "foreign_rooms_listed";

/// Removes what earlier versions kept, then leaves rooms until `stop`, but for those of
/// `witnesses`.
pub async fn leave_foreign_rooms_forever(
    store: Store,
    homeserver: Homeserver,
    witnesses: Vec<OwnedRoomId>,
    stop: CancellationToken,
) {
    let work = async {
        if let Err(error) = drop_kept(&store, homeserver.bot_user_id()).await {
            tracing::error!(%error, "what is kept of rooms that are not ours could not be removed");
        }
        tokio::join!(
            list_older(&store, &homeserver),
            leave_forever(&store, &homeserver, &witnesses)
        );
    };
    tokio::select! {
        () = work => {}
        () = stop.cancelled() => {}
    }
}

/// Removes, in pieces, what earlier versions kept of rooms that are not ours.
async fn drop_kept(store: &Store, bot: &UserId) -> Result<(), StoreError> {
    let mut after = String::new();
    let (mut rooms, mut events) = (0_u64, 0_u64);
    while let Some((room, first)) = store.next_kept_room(&after).await? {
        // A room in the making, or one that a createRoom of ours left behind.
        if !first.iter().any(|raw| sign(raw, bot) == Sign::MadeByUs) {
            rooms += 1;
            loop {
                let dropped = store.drop_foreign(&room, PIECE).await?;
                events += dropped;
                if dropped < u64::try_from(PIECE).unwrap_or(u64::MAX) {
                    break;
                }
                // Others write to the database as well.
                tokio::task::yield_now().await;
            }
        }
        after = room;
    }
    if rooms > 0 {
        tracing::info!(rooms, events, "removed what was kept of rooms that are not ours");
    }
    Ok(())
}

/// A sync tells of each invitation once. Those from before are asked for, once as well.
async fn list_older(store: &Store, homeserver: &Homeserver) {
    let mut told = Failures::default();
    loop {
        let listed = async {
            if store.fact(LISTED).await.map_err(in_words)?.is_some() {
                return Ok(());
            }
            let rooms = homeserver.bot_rooms().await.map_err(in_words)?;
            let bot = homeserver.bot_user_id().as_str();
            store.depart_all(&rooms, bot, LISTED).await.map_err(in_words)
        };
        match listed.await {
            Ok(()) => return,
            Err(problem) if told.should_log(problem.clone()) => {
                tracing::warn!(problem, "the bot's rooms could not be listed yet");
            }
            Err(_) => {}
        }
        tokio::time::sleep(LIST_AGAIN).await;
    }
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

async fn leave_forever(store: &Store, homeserver: &Homeserver, witnesses: &[OwnedRoomId]) {
    loop {
        match leave_one(store, homeserver, witnesses).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "rooms to leave could not be read; trying again"),
        }
        tokio::time::sleep(IDLE).await;
    }
}

/// False if there was nothing to do.
async fn leave_one(
    store: &Store,
    homeserver: &Homeserver,
    witnesses: &[OwnedRoomId],
) -> Result<bool, StoreError> {
    let Some(it) = store.due_departure(now()).await? else { return Ok(false) };
    let (Ok(room), Ok(user)) = (RoomId::parse(&it.room_id), UserId::parse(&it.user_id)) else {
        store.departed(&it).await?;
        return Ok(true);
    };
    if user == homeserver.bot_user_id() {
        if witnesses.contains(&room) {
            // The bot comes in when it has something to tell there.
            store.departed(&it).await?;
            return Ok(true);
        }
        match is_made_by_us(store, homeserver, &room, &it).await? {
            Ok(false) => {}
            Ok(true) => {
                store.postpone_departure(&it, later(IN_THE_MAKING)).await?;
                return Ok(true);
            }
            Err(failure) => {
                postpone(store, &it, &failure).await?;
                return Ok(true);
            }
        }
    }
    match homeserver.leave_as(&user, &room).await {
        Ok(()) => {
            tracing::info!(room = %room, user = %user, "left a room that is not ours");
            store.departed(&it).await?;
        }
        Err(failure @ CallFailure::Refused(_)) => {
            tracing::debug!(room = %room, user = %user, %failure, "is not in that room any more");
            store.departed(&it).await?;
        }
        Err(failure) => postpone(store, &it, &failure).await?,
    }
    Ok(true)
}

/// Whether the bot is in a room that it is just making, or looking at for `tallyroom check`. The
/// key in the creation event may be copied by others, so it only counts while a room is being made.
async fn is_made_by_us(
    store: &Store,
    homeserver: &Homeserver,
    room: &RoomId,
    departure: &Departure,
) -> Result<Result<bool, CallFailure>, StoreError> {
    let create = match homeserver.state_content(room, "m.room.create", "").await {
        Ok(create) => create.unwrap_or_default(),
        // It is only invited, or not there at all.
        Err(CallFailure::Refused(_)) => return Ok(Ok(false)),
        Err(failure) => return Ok(Err(failure)),
    };
    let is_probe = create[PROBE_MARKER] == true && departure.failures == 0;
    let in_the_making = match create[ROOM_MARKER]["id"].as_str() {
        Some(transaction) => store.is_in_the_making(transaction).await?,
        None => false,
    };
    Ok(Ok(is_probe || in_the_making))
}

async fn postpone(store: &Store, it: &Departure, failure: &CallFailure) -> Result<(), StoreError> {
    let doublings = u32::try_from(it.failures).unwrap_or(u32::MAX);
    let pause = (SHORTEST * 2_u32.pow(doublings.min(7))).min(LONGEST);
    if !failure.is_about_token() {
        tracing::warn!(
            room = it.room_id, user = it.user_id, %failure,
            "a room that is not ours could not be left; trying again"
        );
    }
    store.postpone_departure(it, later(pause)).await
}

fn later(pause: Duration) -> i64 {
    now().saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}
