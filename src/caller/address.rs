//! Which addresses are called. Whoever names an address could otherwise make us call services in our own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The parts of IPv4 that are not public (IANA, "IPv4 Special-Purpose Address Registry", and multicast), with the
/// lengths of their prefixes.
const NOT_PUBLIC_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),       // this network
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // shared by the customers of a provider (CGNAT)
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local, with the metadata services of clouds
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 31, 196, 0], 24), // AS112
    ([192, 52, 193, 0], 24), // AMT
    ([192, 88, 99, 0], 24),  // relays of 6to4
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarks
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved, and broadcast
];

/// The only part of IPv6 that is public. Outside of it are loopback, link-local, unique local, site-local and multicast
/// addresses, and those that lead to an IPv4 address: mapped, compatible, and NAT64.
const PUBLIC_V6: ([u16; 8], u32) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
/// The parts of it that are not public (IANA, "IPv6 Special-Purpose Address Registry").
const NOT_PUBLIC_V6: [([u16; 8], u32); 5] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments, Teredo
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4, which leads to an IPv4 address
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), // AS112
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

/// The addresses that are called: all public ones, and those of some networks that are not.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    networks: Vec<IpNet>,
}

impl Allowed {
    /// Allows these networks, too.
    pub(super) fn and(networks: Vec<IpNet>) -> Self {
        Self { networks }
    }

    /// Whether this address is called.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        is_public(address) || self.networks.iter().any(|it| it.contains(&address))
    }
}

/// Whether an address is public.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let is_in = |(start, prefix): &([u8; 4], u32)| {
                let start = u32::from(Ipv4Addr::from(*start));
                (u32::from(address) ^ start).leading_zeros() >= *prefix
            };
            !NOT_PUBLIC_V4.iter().any(is_in)
        }
        IpAddr::V6(address) => {
            let is_in = |(start, prefix): &([u16; 8], u32)| {
                let start = u128::from(Ipv6Addr::from(*start));
                (u128::from(address) ^ start).leading_zeros() >= *prefix
            };
            is_in(&PUBLIC_V6) && !NOT_PUBLIC_V6.iter().any(is_in)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(networks: &[&str], address: &str) -> bool {
        let networks = networks.iter().map(|it| it.parse().unwrap()).collect();
        Allowed::and(networks).has(address.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_are_called() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700::1111",
            "3ffe::1",
        ] {
            assert!(allows(&[], address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allows(&[], address), "{address}");
        }
    }

    #[test]
    fn the_operator_can_allow_networks() {
        assert!(allows(&["10.0.0.0/8", "::1/128"], "10.1.2.3"));
        assert!(allows(&["10.0.0.0/8", "::1/128"], "::1"));
        assert!(!allows(&["10.0.0.0/8"], "192.168.0.1"));
        // The same address in another form is another one.
        assert!(!allows(&["127.0.0.0/8"], "::ffff:127.0.0.1"));
    }
}
