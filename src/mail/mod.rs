//! E-mail to contacts and from them. Pure: no I/O.

pub mod address;
pub mod incoming;
