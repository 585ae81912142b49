//! The record: what raw room events mean. Pure: no I/O.
