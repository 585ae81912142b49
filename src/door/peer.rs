//! Determines the source address of a request. Pure: no I/O.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The header to which each proxy appends the address of its client.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the other end of the connection. It is in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Returns the source of a request for limits: its [`caller`], or the network of it.
pub(super) fn source(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    network_of(caller(peer, headers, proxies))
}

/// Returns the address from which a request came: the other end of the connection or, if that is a
/// trusted proxy, the last address in `X-Forwarded-For` that is not a trusted proxy. Any client can
/// write what precedes it.
pub(super) fn caller(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let named = headers.get_all(FORWARDED_FOR).iter();
    let named: Vec<&str> =
        named.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(',')).collect();
    let mut named = named.into_iter().rev();
    let mut source = peer.to_canonical();
    while proxies.iter().any(|proxy| proxy.contains(&source)) {
        match named.next().and_then(parse_address) {
            Some(address) => source = address,
            None => break,
        }
    }
    source
}

/// Parses an address. Some proxies append a port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || text.parse::<SocketAddr>().ok().map(|it| it.ip());
    let address = text.parse().ok().or_else(with_port)?;
    Some(IpAddr::to_canonical(&address))
}

/// Returns the first address of an IPv6 /64, since a single client usually has all of its
/// addresses.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(it) => {
            let [a, b, c, d, ..] = it.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for it in forwarded {
            headers.append(FORWARDED_FOR, it.parse().unwrap());
        }
        let proxies: Vec<IpNet> = proxies.iter().map(|it| it.parse().unwrap()).collect();
        source(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_source_itself() {
        assert_eq!(of("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(of("192.0.2.1", &["198.51.100.7"], &["10.0.0.0/8"]), "192.0.2.1");
    }

    #[test]
    fn a_trusted_proxy_names_the_source() {
        let ours = ["127.0.0.1/32", "10.0.0.0/8"];
        assert_eq!(of("127.0.0.1", &["1.1.1.1, 198.51.100.7"], &ours), "198.51.100.7");
        assert_eq!(of("127.0.0.1", &["1.1.1.1", "198.51.100.7, 10.0.0.5"], &ours), "198.51.100.7");
        assert_eq!(of("::ffff:127.0.0.1", &["198.51.100.7:4711"], &ours), "198.51.100.7");
        assert_eq!(of("127.0.0.1", &["::ffff:198.51.100.7"], &ours), "198.51.100.7");
        // The header is missing or invalid.
        assert_eq!(of("127.0.0.1", &[], &ours), "127.0.0.1");
        assert_eq!(of("127.0.0.1", &["1.1.1.1, unknown"], &ours), "127.0.0.1");
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        assert_eq!(of("2001:db8:1:2:3:4:5:6", &[], &[]), "2001:db8:1:2::");
        let whole = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        assert_eq!(caller(whole, &HeaderMap::new(), &[]), whole);
        let ours = ["::1/128"];
        assert_eq!(of("::1", &["[2001:db8:1:2::9]:443"], &ours), "2001:db8:1:2::");
    }
}
