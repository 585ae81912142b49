//! E-mail to contacts and from them: all that is done with it outside of memory.

mod arrive;
mod lmtp;

pub use arrive::{Arrivals, MAX_MAIL_BYTES, Refused, Taken};
pub use lmtp::serve_lmtp;
