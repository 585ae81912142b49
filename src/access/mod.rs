//! The keys with which shops call the API: their form, and the scopes to which a key can be limited. Pure: no
//! I/O.

mod key;
mod scope;

pub use key::{KeyText, digest};
pub use scope::{Scope, Scopes, UnknownScope};
