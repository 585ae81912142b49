//! Checks how many SQL statements and commits a piece of work takes, so that a change that makes
//! it take more fails.
//!
//! The counting sees the whole process, so the tests here run one after another.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should fail")]
#![allow(unreachable_pub, reason = "nobody uses a test from outside")]

#[path = "../record_order/bench.rs"]
mod bench;
mod commits;
mod conversation;
mod counting;
mod databases;
mod open_pages;
mod plans;
mod reading;
mod recording;
mod service;
mod two_writers;
mod waiting;
mod webhooks;
