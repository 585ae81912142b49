//! What a floor stores of a push: one row for each event, with the event as it came.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Push<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    room_id: Cow<'a, str>,
    #[serde(borrow)]
    event_id: Cow<'a, str>,
    #[serde(borrow)]
    sender: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    origin_server_ts: i64,
}

/// One event as a floor stores it.
#[derive(Clone, Debug)]
pub struct Row {
    pub room_id: String,
    pub event_id: String,
    pub sender: String,
    pub event_type: String,
    pub sent_at: i64,
    /// The event as it came, in JSON.
    pub event: String,
}

impl Row {
    fn of(raw: &RawValue) -> Result<Self, serde_json::Error> {
        let event: Event<'_> = serde_json::from_str(raw.get())?;
        Ok(Self {
            room_id: event.room_id.into(),
            event_id: event.event_id.into(),
            sender: event.sender.into(),
            event_type: event.event_type.into(),
            sent_at: event.origin_server_ts,
            event: raw.get().to_owned(),
        })
    }
}

/// Reads the body of a push.
///
/// # Errors
/// If it is no JSON, or if an event lacks something that every event has.
pub fn rows_of(body: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let push: Push<'_> = serde_json::from_slice(body)?;
    push.events.into_iter().map(Row::of).collect()
}
