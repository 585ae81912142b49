//! Signs the heads of records on a schedule, signs exports, and checks such signatures.
//!
//! Statements are signed with one Ed25519 key as the Matrix specification describes (appendices,
//! "Signing JSON").

mod heads;
mod held;
mod key;
mod record_check;
mod shared_key;
mod signed;
mod witnesses;

pub use heads::{sign_forever, sign_head};
pub use held::{heads_in, is_head_of};
pub use key::SigningKey;
pub use record_check::{Ending, HeldBy, RecordCheck, Verdict};
pub use shared_key::{KeyMismatch, SIGNING, share_key};
pub use signed::{SignedHead, Trust, Unproven, head_statement, verified_head, verify};
pub use witnesses::witness_forever;
