//! Events: what a shop is told of its transactions, in one order. It does no I/O.

mod id;
mod kind;
mod new;

pub use id::EventId;
pub use kind::EventKind;
pub use new::NewEvent;
