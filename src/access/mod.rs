//! Who uses the API: the form of the keys, the scopes to which a key can be limited, and what the audit log says of
//! their use. Pure: no I/O.

mod audited;
mod key;
mod scope;

pub use audited::{Action, AuditLine, Origin};
pub use key::{KeyText, digest};
pub use scope::{Scope, Scopes, UnknownScope};
