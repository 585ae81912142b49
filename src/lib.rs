//! Tallyroom gives every commercial transaction a Matrix room and records the conversation there.
//!
//! `ARCHITECTURE.md` describes the modules and which module may use which.

pub mod access;
pub mod api;
pub mod caller;
pub mod clock;
pub mod command;
pub mod config;
pub mod door;
pub mod event;
pub mod export;
pub mod feed;
pub mod files;
pub mod first_page;
pub mod fonts;
pub mod homeserver;
pub mod intake;
pub mod invoice;
pub mod language;
pub mod link;
pub mod logging;
pub mod mail;
pub mod mailing;
pub mod moment;
pub mod names;
pub mod notices;
pub mod page;
pub mod paper;
pub mod pdf;
pub mod quota;
pub mod reconciler;
pub mod record;
pub mod room;
pub mod seal;
pub mod search;
pub mod store;
pub mod transaction;
pub mod web_push;
pub mod webhook;
pub mod wording;
