//! What intake hands to the store.

/// An event that reached Tallyroom.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The id of the room of the event.
    pub room_id: String,
    /// The id that identifies the event.
    pub event_id: String,
    /// The event as received, without the relations that the homeserver bundled with it.
    pub raw: String,
}
