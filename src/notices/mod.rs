//! What the processes that serve one PostgreSQL database tell each other.
//!
//! A notice only saves waiting, or says what happens at this moment. Nothing depends on it: it may
//! be lost, come twice, or come from a version that this one does not understand. A notice holds
//! ids only, because anybody who may listen on the database can read it.

mod id;
mod letter;
mod outbox;

pub use letter::{Letter, letters};
pub use outbox::Outbox;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// The greatest number of users who type in one room and are named in a notice.
const MAX_TYPING: usize = 20;
/// The greatest length of an id of Matrix, in bytes (Matrix specification, appendices, "Identifier
/// Grammar").
const MAX_ID_BYTES: usize = 255;

/// Something that a process tells the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// There may be work of this kind.
    Work(Work),
    /// Something about this transaction has changed.
    Changed(#[serde(with = "id")] Ulid),
    /// Notices were lost, so there may be work of any kind, and anything may have changed.
    Lost,
    /// The sender is there. Who hears its own beat knows that it hears the others as well.
    Beat,
    /// The homeserver's ping reached the sender.
    Pinged,
    /// Who types in a room now.
    Typing {
        /// The id of the room.
        room: String,
        /// All users who type in it.
        users: BTreeSet<String>,
    },
    /// Whether a visitor has the page of a transaction open, at the sender.
    Looking {
        /// The transaction.
        #[serde(with = "id")]
        transaction: Ulid,
        /// The user id of the visitor's guest.
        guest: String,
        /// Whether there is an open page.
        is_open: bool,
    },
}

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// The journal has new events.
    Journal,
    /// A record has new entries for the full-text index.
    Index,
    /// A file is wanted or no longer wanted.
    Files,
    /// A room is due.
    Rooms,
    /// A user of another homeserver is to be invited.
    Far,
    /// Somebody invited the bot, which the next sync handles.
    Invitations,
    /// An admin asked the bot for something.
    Admins,
    /// There are new events for shops.
    Events,
    /// A delivery to a webhook is due.
    Webhooks,
}

impl Work {
    /// All kinds of work.
    pub const ALL: [Self; 9] = [
        Self::Journal,
        Self::Index,
        Self::Files,
        Self::Rooms,
        Self::Far,
        Self::Invitations,
        Self::Admins,
        Self::Events,
        Self::Webhooks,
    ];
}

impl Notice {
    /// Returns the notice of who types in a room. If there are too many, some of them are named.
    pub fn typing(room: &str, users: &BTreeSet<String>) -> Self {
        let users = users.iter().take(MAX_TYPING).cloned().collect();
        Self::Typing { room: room.to_owned(), users }
    }

    /// Returns whether its ids and their number are within bounds. Whoever may write to the database
    /// can send notices.
    fn has_valid_ids(&self) -> bool {
        let is_valid = |id: &String| id.len() <= MAX_ID_BYTES;
        match self {
            Self::Typing { room, users } => {
                is_valid(room) && users.len() <= MAX_TYPING && users.iter().all(is_valid)
            }
            Self::Looking { guest, .. } => is_valid(guest),
            Self::Work(_) | Self::Changed(_) | Self::Lost | Self::Beat | Self::Pinged => true,
        }
    }
}
