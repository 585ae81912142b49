//! The names that Tallyroom uses in Matrix: of its users, of the bot's device, and of its event types
//! and content keys.

/// The prefix of the localpart of each of our users and room aliases.
pub const NAMESPACE_PREFIX: &str = "_tallyroom_";

/// The localpart of the registration's own user. It never acts, because homeservers refuse it
/// `/sync`.
pub const SENDER_LOCALPART: &str = "_tallyroom";

/// The localpart of the bot, the user that acts. It is in the registration's namespace.
pub const BOT_LOCALPART: &str = "_tallyroom_bot";

/// The prefix of the localpart of each guest, through whom a person writes on the invoice page.
pub const GUEST_PREFIX: &str = "_tallyroom_guest_";

/// The id of the bot's only device, which is created once and named in every request.
pub const BOT_DEVICE: &str = "TALLYROOM";

/// The type of the state event that contains the whole invoice as JSON.
pub const INVOICE_STATE: &str = "org.tallyroom.invoice";

/// The type of the state events with the lines of an invoice that is too large for one event. Their
/// state keys are `1`, `2`, ….
pub const INVOICE_LINES_STATE: &str = "org.tallyroom.invoice.lines";

/// The type of the state event that contains the signed head of the record.
pub const HEAD_STATE: &str = "org.tallyroom.record.head";

/// The key in `m.room.create` that names the transaction of the room.
pub const ROOM_MARKER: &str = "org.tallyroom.transaction";

/// The key in `m.room.create` of a room that the bot has beside those of transactions.
pub const BOT_ROOM_MARKER: &str = "org.tallyroom.room";

/// The key in `m.room.create` of a temporary room that `tallyroom check` made.
pub const PROBE_MARKER: &str = "org.tallyroom.probe";

/// The key in the content of our messages that contains the id of the send.
pub const SEND_MARKER: &str = "org.tallyroom.effect";
