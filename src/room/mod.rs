//! What the room of a transaction should be, and the next step towards it. Pure: no I/O.
