//! Black-box tests: the real program, a real Synapse, real databases. Run them with `scripts/test`;
//! CONTRIBUTING.md says how to run one of them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should fail")]
#![allow(missing_docs, unreachable_pub, reason = "nobody uses a test from outside")]

mod admins;
mod audit;
mod bounded_answers;
mod browser_itself;
mod changes;
mod command_line;
mod commands;
mod crashes;
mod discounts;
mod door;
mod events;
mod examples;
mod export;
mod files;
mod foreign;
mod homeserver_versions;
mod intake;
mod keys;
mod lies;
mod limits;
mod links;
mod lists;
mod log_words;
mod mail_in;
mod manners;
mod messages;
mod misfits;
mod notes;
mod notices;
mod openapi;
mod openid;
mod page;
mod papers;
mod pdf_invoices;
mod people;
mod proof;
mod proof_outside;
mod readme;
mod record;
mod repeated;
mod replicas;
mod restore;
mod room;
mod rules;
mod search;
mod shop;
mod status;
mod steps;
mod support;
mod watched;
mod webhooks;
mod write_back;
mod written_invoices;
