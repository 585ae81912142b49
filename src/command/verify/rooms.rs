//! Reads the signed heads in the rooms. A change of the database does not change them.

use std::time::Duration;

use ruma::RoomId;
use serde_json::Value;

use crate::config::{Config, Registration};
use crate::homeserver::{CallFailure, Homeserver};
use crate::names::HEAD_STATE;

/// The time to wait for the homeserver's answer about one room.
const ROOM_TIMEOUT: Duration = Duration::from_secs(15);

/// The greatest number of rooms that are followed from one to its successor.
const MAX_SUCCESSORS: usize = 20;

/// The access to the rooms, if the homeserver can be reached.
#[derive(Debug)]
pub(super) struct Rooms {
    homeserver: Option<Homeserver>,
    problem: Option<String>,
}

impl Rooms {
    /// Connects to the homeserver. If that fails or `offline` is set, no rooms are read.
    pub(super) async fn connect(config: &Config, offline: bool) -> Self {
        if offline {
            return Self { homeserver: None, problem: Some("--offline".to_owned()) };
        }
        let connected = async {
            let registration = Registration::load(&config.appservice.registration, config)?;
            Homeserver::connect(config, &registration).await
        };
        match connected.await {
            Ok(homeserver) => Self { homeserver: Some(homeserver), problem: None },
            Err(error) => Self { homeserver: None, problem: Some(format!("{error:#}")) },
        }
    }

    /// Returns the reason why rooms were not read, if they were not.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Whether one of these events created the room. Returns `None` if the homeserver does not
    /// tell.
    pub(super) async fn is_created_by(
        &self,
        room_id: &RoomId,
        creations: &[String],
    ) -> Option<bool> {
        let homeserver = self.homeserver.as_ref()?;
        for event_id in creations {
            let response = homeserver.has_event(room_id.as_str(), event_id);
            if tokio::time::timeout(ROOM_TIMEOUT, response).await.ok()?.ok()? {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Returns the heads in the rooms that replaced this one, one after the other.
    pub(super) async fn heads_of_successors(&mut self, room_id: &RoomId) -> Vec<Value> {
        let mut heads = Vec::new();
        let mut seen = vec![room_id.to_owned()];
        while seen.len() <= MAX_SUCCESSORS
            && let Some(room) = seen.last().cloned()
            && let Some(tombstone) = self.state(&room, "m.room.tombstone").await
            && let Some(Ok(successor)) =
                tombstone.get("replacement_room").and_then(Value::as_str).map(RoomId::parse)
            && !seen.contains(&successor)
        {
            heads.extend(self.head(&successor).await);
            seen.push(successor);
        }
        heads
    }

    /// Returns the head in this room, if there is one and the homeserver tells.
    pub(super) async fn head(&mut self, room_id: &RoomId) -> Option<Value> {
        self.state(room_id, HEAD_STATE).await
    }

    /// Returns the content of a state event with an empty state key. After the first request without
    /// an answer, the homeserver is not asked again.
    async fn state(&mut self, room_id: &RoomId, event_type: &str) -> Option<Value> {
        let homeserver = self.homeserver.as_ref()?;
        let response = homeserver.state_content(room_id, event_type, "");
        let problem = match tokio::time::timeout(ROOM_TIMEOUT, response).await {
            Ok(Ok(content)) => {
                // The content of a redacted event is empty.
                return content.filter(|it| it.as_object().is_some_and(|it| !it.is_empty()));
            }
            // The bot may have left this room for its successor.
            Ok(Err(CallFailure::Refused(_))) => return None,
            Ok(Err(failure)) => failure.to_string(),
            Err(_) => "the homeserver does not answer".to_owned(),
        };
        self.homeserver = None;
        self.problem = Some(problem);
        None
    }
}
