//! Signatures under records: of their heads on a schedule, of exports, and checking both.
//!
//! Matrix JSON signing (Matrix specification, appendices, "Signing JSON") with one Ed25519 key.

mod heads;
mod key;
mod record_check;
mod signed;

pub use heads::{sign_forever, sign_head, signed};
pub use key::SigningKey;
pub use record_check::{RecordCheck, Verdict};
pub use signed::{SignedHead, Trust, Unproven, head_statement, verify};
