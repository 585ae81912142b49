//! Checks that several processes can serve one PostgreSQL: who does what, and what they tell each
//! other, without a homeserver. A store stands for a process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should fail")]
#![allow(unreachable_pub, reason = "nobody uses a test from outside")]

#[path = "../record_order/bench.rs"]
#[allow(dead_code, reason = "only some of it is needed here")]
mod bench;
mod events;
mod frozen;
mod leases;
mod notices;
mod process;
mod rows;
mod signing_key;
