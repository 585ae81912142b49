//! The names that are ours in Matrix: of users, of the bot's device, and of what we put into rooms.

/// What the localpart of each of our users and room aliases begins with.
pub const NAMESPACE_PREFIX: &str = "_tallyroom_";

/// The registration's own user. It never acts: homeservers refuse it `/sync`.
pub const SENDER_LOCALPART: &str = "_tallyroom";

/// The user that acts, a namespaced one.
pub const BOT_LOCALPART: &str = "_tallyroom_bot";

/// What the localpart of everybody who speaks from the invoice page begins with.
pub const GUEST_PREFIX: &str = "_tallyroom_guest_";

/// The bot's one device, made once and named on every request.
pub const BOT_DEVICE: &str = "TALLYROOM";

/// State event type that carries the whole invoice as JSON.
pub const INVOICE_STATE: &str = "org.tallyroom.invoice";

/// State event type for lines of an invoice too large for one event; state keys `1`, `2`, ….
pub const INVOICE_LINES_STATE: &str = "org.tallyroom.invoice.lines";

/// State event type that carries the signed head of the record.
pub const HEAD_STATE: &str = "org.tallyroom.record.head";

/// Key in `m.room.create` that says whose room it is.
pub const ROOM_MARKER: &str = "org.tallyroom.transaction";

/// Key in `m.room.create` that says that `tallyroom check` made the room, for a moment.
pub const PROBE_MARKER: &str = "org.tallyroom.probe";

/// Key in the content of our messages that says which send they are.
pub const SEND_MARKER: &str = "org.tallyroom.effect";
