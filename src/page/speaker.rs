//! On whose behalf a request is made. Pure: no I/O.
//!
//! Several people may use one browser, and one person may come by several ways. Each way (grant)
//! has a cookie of its own, and each request of a page names the grant for which the page was
//! made. So a request can never be taken for one of somebody else who signed in later.

use ulid::Ulid;

use super::view::Closed;

/// The query parameter that names the grant. It is no secret: nobody is let in by it.
pub const GRANT: &str = "grant";
/// Most ways into one transaction that one browser keeps; the oldest goes when there is another.
pub const MAX_HELD: usize = 8;

/// Most ways that one browser keeps in all: proxies take headers of some kilobytes only.
pub const MAX_HELD_IN_ALL: usize = 30;

/// A way in that the browser proved with a cookie. It ends with its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// What it leads into.
    pub transaction: Ulid,
    /// By which its owner came.
    pub grant: Ulid,
    /// Sorts by when they signed in.
    pub session: Ulid,
}

/// What a request says about who makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Nothing.
    Nobody,
    /// This one.
    Grant(Ulid),
    /// Something that is no name, or several names.
    Unclear,
}

/// For whom a request counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// For this one, if it is open.
    This(Held),
    /// For the newest grant that is open: it only reads.
    Newest,
    /// For nobody.
    Refused(Closed),
}

/// From the query of an address.
pub fn named(query: Option<&str>) -> Named {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let mut names = pairs.filter(|(key, _)| key == GRANT).map(|(_, value)| value);
    match (names.next(), names.next()) {
        (None, _) => Named::Nobody,
        (Some(name), None) => Ulid::from_string(&name).map_or(Named::Unclear, Named::Grant),
        (Some(_), Some(_)) => Named::Unclear,
    }
}

/// For whom a request counts that names somebody, from a browser that holds these ways into one
/// transaction.
pub fn choose(named: Named, held: &[Held], only_reads: bool) -> Choice {
    match named {
        Named::Grant(grant) => match held.iter().find(|it| it.grant == grant) {
            Some(held) => Choice::This(*held),
            None => Choice::Refused(Closed::OtherSpeaker),
        },
        Named::Unclear => Choice::Refused(Closed::OtherSpeaker),
        Named::Nobody if only_reads => Choice::Newest,
        Named::Nobody => Choice::Refused(Closed::Nameless),
    }
}

/// What has to go so that `new` has a place; `held` newest first.
pub fn crowded_out(held: &[Held], new: &Held) -> Vec<Held> {
    let others: Vec<Held> = held.iter().filter(|it| it.grant != new.grant).copied().collect();
    let of_same = others.iter().filter(|it| it.transaction == new.transaction);
    let mut out: Vec<Held> = of_same.skip(MAX_HELD - 1).copied().collect();
    let stay = others.iter().filter(|it| !out.contains(it));
    let beyond: Vec<Held> = stay.skip(MAX_HELD_IN_ALL - 1).copied().collect();
    out.extend(beyond);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ways into one transaction.
    fn held(since: &[u64]) -> Vec<Held> {
        since.iter().map(|since| way(1, *since)).collect()
    }

    fn way(transaction: u64, since: u64) -> Held {
        let transaction = Ulid::from_parts(transaction, 1);
        Held { transaction, grant: grant(since), session: Ulid::from_parts(since, 3) }
    }

    fn grant(number: u64) -> Ulid {
        Ulid::from_parts(number, 7)
    }

    #[test]
    fn a_request_counts_for_whom_it_names_or_for_nobody() {
        let held = held(&[3, 2, 1]);
        for only_reads in [true, false] {
            for number in 1..=3 {
                let named = Named::Grant(grant(number));
                assert_eq!(choose(named, &held, only_reads), Choice::This(way(1, number)));
            }
            for named in [Named::Grant(grant(4)), Named::Unclear] {
                let choice = choose(named, &held, only_reads);
                assert_eq!(choice, Choice::Refused(Closed::OtherSpeaker));
            }
        }
    }

    #[test]
    fn only_reading_can_do_without_a_name() {
        for held in [held(&[1]), held(&[2, 1]), held(&[])] {
            assert_eq!(choose(Named::Nobody, &held, true), Choice::Newest);
            let choice = choose(Named::Nobody, &held, false);
            assert_eq!(choice, Choice::Refused(Closed::Nameless));
        }
    }

    #[test]
    fn a_name_is_one_ulid() {
        let name = grant(1);
        assert_eq!(named(None), Named::Nobody);
        assert_eq!(named(Some("lang=de&grant2=x")), Named::Nobody);
        assert_eq!(named(Some(&format!("lang=de&grant={name}"))), Named::Grant(name));
        for odd in ["grant=", "grant=x", &format!("grant={name}&grant={name}"), "grant"] {
            assert_eq!(named(Some(odd)), Named::Unclear, "{odd}");
        }
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let full = held(&[8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(full.len(), MAX_HELD);
        assert_eq!(crowded_out(&full, &way(1, 9)), [way(1, 1)]);
        assert_eq!(crowded_out(&full, &way(1, 1)), [], "it has a place already");
        assert_eq!(crowded_out(&full[1..], &way(1, 9)), []);
        assert_eq!(crowded_out(&full, &way(2, 9)), [], "another transaction");
    }

    #[test]
    fn a_browser_keeps_a_bounded_number_in_all() {
        let many: Vec<Held> = (1..=MAX_HELD_IN_ALL as u64).rev().map(|it| way(it, it)).collect();
        assert_eq!(crowded_out(&many, &way(99, 99)), [way(1, 1)]);
        assert_eq!(crowded_out(&many, &many[3]), []);
    }
}
