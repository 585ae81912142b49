//! What the homeserver tells us, by push and by sync, into one journal.
