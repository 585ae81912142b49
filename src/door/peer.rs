//! Where a request comes from.

use std::net::IpAddr;

/// The other end of the connection; in a request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);
