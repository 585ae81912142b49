//! All calls to the homeserver.
