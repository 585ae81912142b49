//! A commercial transaction, its parties and their contacts. Pure: no I/O.
