//! The signed heads that stand in the rooms: whoever changes the database does not change those.

use std::time::Duration;

use ruma::RoomId;
use serde_json::Value;

use crate::config::{Config, Registration};
use crate::homeserver::{CallFailure, Homeserver};
use crate::names::HEAD_STATE;

/// How long to wait for the homeserver's answer about one room.
const PATIENCE: Duration = Duration::from_secs(15);

/// The rooms, as far as the homeserver can be asked.
#[derive(Debug)]
pub(super) struct Rooms {
    homeserver: Option<Homeserver>,
    problem: Option<String>,
}

impl Rooms {
    /// Asks nobody if that is not wanted, or not possible.
    pub(super) async fn of(config: &Config, offline: bool) -> Self {
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

    /// Why rooms were not asked, if they were not.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Whether this is a room that one of these events made; none if the homeserver does not tell.
    pub(super) async fn is_made_by(&self, room_id: &RoomId, creations: &[String]) -> Option<bool> {
        let homeserver = self.homeserver.as_ref()?;
        for event_id in creations {
            let asked = homeserver.has_event(room_id.as_str(), event_id);
            if tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()? {
                return Some(true);
            }
        }
        Some(false)
    }

    /// The head that stands in this room, if there is one and the homeserver tells. After the first
    /// time that it gives no answer it is not asked again.
    pub(super) async fn head(&mut self, room_id: &RoomId) -> Option<Value> {
        let homeserver = self.homeserver.as_ref()?;
        let asked = homeserver.state_content(room_id, HEAD_STATE, "");
        let why = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(content)) => {
                // What somebody redacted is empty.
                return content.filter(|it| it.as_object().is_some_and(|it| !it.is_empty()));
            }
            // The bot may be out of this room, and in the next one.
            Ok(Err(CallFailure::Refused(_))) => return None,
            Ok(Err(failure)) => failure.to_string(),
            Err(_) => "the homeserver does not answer".to_owned(),
        };
        self.homeserver = None;
        self.problem = Some(why);
        None
    }
}
