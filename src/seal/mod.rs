//! Signatures under records: of their heads on a schedule, of exports, and checking both.
//!
//! Matrix JSON signing (Matrix specification, appendices, "Signing JSON") with one Ed25519 key.

mod heads;
mod held;
mod key;
mod record_check;
mod signed;
mod witnesses;

pub use heads::{sign_forever, signed};
pub use held::{heads_in, is_of};
pub use key::SigningKey;
pub use record_check::{Ending, HeldBy, RecordCheck, Verdict};
pub use signed::{SignedHead, Trust, Unproven, head_statement, signed_of, verify};
pub use witnesses::witness_forever;
