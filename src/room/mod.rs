//! What the room of a transaction should be, and the next step towards it. Pure: no I/O.

mod announcement;
mod claim;
mod guest;
mod invoice_state;
mod next;
mod ours;
mod plan;
mod step;
mod watch;
mod widget;

pub use announcement::{announcement, mentioning};
pub use claim::{Verdict, judge};
pub use guest::{Guest, saying_key};
pub use next::{needed, next};
pub use ours::{Sign, sign};
pub use plan::{Message, RoomPlan, Setting, StateEvent, missing_state};
pub use step::{Known, Member, Needed, Next, Saying, Step, Wanted};
pub use watch::{Change, Repairs, Successor, change, is_creator, judge_successor};

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
