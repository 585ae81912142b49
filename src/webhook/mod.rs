//! Webhooks: tells shops of their events by calls, as Standard Webhooks describes them
//! (<https://www.standardwebhooks.com>).
//!
//! One process hands out the events of the feed: it makes a delivery for each webhook that wants an event. One clears away
//! what is over. All processes send: each takes a lease for a queue (a webhook and a transaction), and sends what waits in it, in the order of the
//! feed. What happens to a delivery is in the database after each try, so any process goes on at any time.

mod client;
mod hand_out;
mod retry;
mod send;
mod shares;
mod signature;
mod test_event;

pub use client::{Answer, Client, Verdict, bounds};
pub use hand_out::hand_out_forever;
pub use retry::TRIED_FOR_MS;
pub use send::send_forever;
pub use test_event::send_test_event;
