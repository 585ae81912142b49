//! Web Push: tells a browser of what was said while nobody looked at the page (RFC 8030, RFC 8291 and RFC 8292).
//!
//! A browser subscribes on the page. What is said makes its subscription due; then one process looks at what its person
//! has not read, and tells the browser, by the push service of its maker. The push service cannot read the message. It
//! has no words of people in it anyway, because it is shown on locked screens.

mod message;
mod send;
mod service_key;

pub use message::{BadSubscription, Receiver};
pub use send::{Told, bounds, tell_forever};
pub use service_key::ServiceKey;
