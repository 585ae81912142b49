//! Makes the bot and the guests leave rooms that are not ours, and decline invitations to such
//! rooms. That is done in the background, one room at a time, so that a slow homeserver holds up
//! nothing else.

use std::time::Duration;

use ruma::{OwnedRoomId, RoomId, UserId};
use tokio_util::sync::CancellationToken;

use crate::clock::now;
use crate::homeserver::{CallFailure, Homeserver};
use crate::logging::Failures;
use crate::names::{BOT_ROOM_MARKER, PROBE_MARKER, ROOM_MARKER};
use crate::room::{Sign, sign};
use crate::store::{Departure, Store, StoreError};

/// The interval at which the database is polled for rooms to leave.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The interval between two tries to list the bot's older rooms.
const LIST_RETRY_INTERVAL: Duration = Duration::from_secs(60);
/// The pause after the first failed try to leave a room. Each further pause is twice as long.
const FIRST_RETRY_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause between two tries to leave a room.
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(3600);
/// How long to wait before the next look at a room that is being created, or that `tallyroom check`
/// uses.
const CREATION_PAUSE: Duration = Duration::from_secs(60);
/// The greatest number of events of foreign rooms that are deleted in one tx.
const MAX_EVENTS_PER_DELETION: i64 = 500;
/// The name of the fact that the bot's older rooms were listed.
const ROOMS_LISTED_FACT: &str = "foreign_rooms_listed";

/// Deletes what earlier versions stored of foreign rooms. Then it leaves foreign rooms until
/// `stop`, except for the rooms of `witnesses`.
pub async fn leave_foreign_rooms_forever(
    store: Store,
    homeserver: Homeserver,
    witnesses: Vec<OwnedRoomId>,
    stop: CancellationToken,
) {
    let work = async {
        if let Err(error) = delete_stored(&store, homeserver.bot_user_id()).await {
            tracing::error!(%error, "cannot delete the stored events of rooms that are not ours");
        }
        tokio::join!(
            list_older_rooms(&store, &homeserver),
            leave_forever(&store, &homeserver, &witnesses)
        );
    };
    tokio::select! {
        () = work => {}
        () = stop.cancelled() => {}
    }
}

/// Deletes, in several txs, the events of foreign rooms that earlier versions stored.
async fn delete_stored(store: &Store, bot: &UserId) -> Result<(), StoreError> {
    let mut after = String::new();
    let (mut rooms, mut events) = (0_u64, 0_u64);
    while let Some((room, first)) = store.next_kept_room(&after).await? {
        // Rooms that the bot created are kept: they may still be in creation.
        if !first.iter().any(|raw| sign(raw, bot) == Sign::MadeByUs) {
            rooms += 1;
            loop {
                let deleted = store.drop_foreign(&room, MAX_EVENTS_PER_DELETION).await?;
                events += deleted;
                if deleted < u64::try_from(MAX_EVENTS_PER_DELETION).unwrap_or(u64::MAX) {
                    break;
                }
                // Other tasks have to write to the database as well.
                tokio::task::yield_now().await;
            }
        }
        after = room;
    }
    if rooms > 0 {
        tracing::info!(rooms, events, "deleted the stored events of rooms that are not ours");
    }
    Ok(())
}

/// Stores, once, the bot's older rooms as rooms to leave. A sync tells of each invitation only
/// once, so it does not have those.
async fn list_older_rooms(store: &Store, homeserver: &Homeserver) {
    let mut logged = Failures::default();
    loop {
        let listed = async {
            if store.fact(ROOMS_LISTED_FACT).await.map_err(text_of)?.is_some() {
                return Ok(());
            }
            let rooms = homeserver.bot_rooms().await.map_err(text_of)?;
            let bot = homeserver.bot_user_id().as_str();
            store.depart_all(&rooms, bot, ROOMS_LISTED_FACT).await.map_err(text_of)
        };
        match listed.await {
            Ok(()) => return,
            Err(problem) if logged.should_log(problem.clone()) => {
                tracing::warn!(problem, "cannot list the bot's rooms; retrying");
            }
            Err(_) => {}
        }
        tokio::time::sleep(LIST_RETRY_INTERVAL).await;
    }
}

fn text_of(error: impl std::fmt::Display) -> String {
    error.to_string()
}

async fn leave_forever(store: &Store, homeserver: &Homeserver, witnesses: &[OwnedRoomId]) {
    loop {
        match leave_one(store, homeserver, witnesses).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "cannot read the rooms to leave; retrying"),
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Leaves one room, if one is due. Returns false if there was none.
async fn leave_one(
    store: &Store,
    homeserver: &Homeserver,
    witnesses: &[OwnedRoomId],
) -> Result<bool, StoreError> {
    let Some(departure) = store.due_departure(now()).await? else { return Ok(false) };
    let (Ok(room), Ok(user)) =
        (RoomId::parse(&departure.room_id), UserId::parse(&departure.user_id))
    else {
        store.departed(&departure).await?;
        return Ok(true);
    };
    if user == homeserver.bot_user_id() {
        if witnesses.contains(&room) {
            // The bot joins the room of a witness when it has a signed head to send there.
            store.departed(&departure).await?;
            return Ok(true);
        }
        match is_in_creation(store, homeserver, &room, &departure).await? {
            Ok(false) => {}
            Ok(true) => {
                store.postpone_departure(&departure, time_after(CREATION_PAUSE)).await?;
                return Ok(true);
            }
            Err(failure) => {
                postpone(store, &departure, &failure).await?;
                return Ok(true);
            }
        }
    }
    match homeserver.leave_as(&user, &room).await {
        Ok(()) => {
            tracing::info!(room = %room, user = %user, "left a room that is not ours");
            store.departed(&departure).await?;
        }
        Err(failure @ CallFailure::Refused(_)) => {
            tracing::debug!(room = %room, user = %user, %failure, "the user is not in this room");
            store.departed(&departure).await?;
        }
        Err(failure) => postpone(store, &departure, &failure).await?,
    }
    Ok(true)
}

/// Whether the bot is just creating this room: for a transaction, for the admins, to write to one person, or for `tallyroom check`. Others
/// can copy the marker in the create event, so it counts only while a room is being created.
async fn is_in_creation(
    store: &Store,
    homeserver: &Homeserver,
    room: &RoomId,
    departure: &Departure,
) -> Result<Result<bool, CallFailure>, StoreError> {
    let create = match homeserver.state_content(room, "m.room.create", "").await {
        Ok(create) => create.unwrap_or_default(),
        // The bot is not in the room, so it does not create it.
        Err(CallFailure::Refused(_)) => return Ok(Ok(false)),
        Err(failure) => return Ok(Err(failure)),
    };
    let is_probe = create[PROBE_MARKER] == true && departure.failures == 0;
    let is_in_creation = match create[ROOM_MARKER]["id"].as_str() {
        Some(transaction) => store.is_in_the_making(transaction).await?,
        None => false,
    };
    let is_bot_room = match create[BOT_ROOM_MARKER]["alias"].as_str() {
        Some(alias) => store.is_bot_room_in_the_making(alias, room).await?,
        None => false,
    };
    Ok(Ok(is_probe || is_in_creation || is_bot_room))
}

async fn postpone(
    store: &Store,
    departure: &Departure,
    failure: &CallFailure,
) -> Result<(), StoreError> {
    let doublings = u32::try_from(departure.failures).unwrap_or(u32::MAX);
    let pause = (FIRST_RETRY_PAUSE * 2_u32.pow(doublings.min(7))).min(MAX_RETRY_PAUSE);
    if !failure.is_about_token() {
        tracing::warn!(
            room = departure.room_id, user = departure.user_id, %failure,
            "cannot leave a room that is not ours; retrying"
        );
    }
    store.postpone_departure(departure, time_after(pause)).await
}

/// Returns the time after `pause`, in milliseconds since 1970.
fn time_after(pause: Duration) -> i64 {
    now().saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}
