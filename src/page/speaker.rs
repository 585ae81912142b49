//! On whose behalf a request is made. Pure: no I/O.
//!
//! Several people may use one browser, and one person may come by several ways. Each way (grant)
//! has a cookie of its own, and each request of a page names the grant for which the page was
//! made. So a request can never be taken for one of somebody else who signed in later.

use ulid::Ulid;

use super::view::Closed;

/// The query parameter that names the grant. It is no secret: nobody is let in by it.
pub(super) const GRANT: &str = "grant";
/// Most ways into one transaction that one browser keeps; the oldest goes when there is another.
pub(super) const MAX_HELD: usize = 8;

/// A way in that the browser proved with a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) grant: Ulid,
    /// When it was signed in, milliseconds since 1970; 0: before there was a cookie for each.
    pub(super) since: i64,
}

/// What a request says about who makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Nobody,
    Grant(Ulid),
    /// Something that is no name, or several names.
    Unclear,
}

/// For whom a request counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// For this grant, if it is open.
    This(Ulid),
    /// For the newest grant that is open: it only reads.
    Newest,
    /// For nobody.
    Refused(Closed),
}

/// From the query of an address.
pub(super) fn named(query: Option<&str>) -> Named {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let mut names = pairs.filter(|(key, _)| key == GRANT).map(|(_, value)| value);
    match (names.next(), names.next()) {
        (None, _) => Named::Nobody,
        (Some(name), None) => Ulid::from_string(&name).map_or(Named::Unclear, Named::Grant),
        (Some(_), Some(_)) => Named::Unclear,
    }
}

/// For whom a request counts that names somebody, from a browser that holds these.
pub(super) fn choose(named: Named, held: &[Held], only_reads: bool) -> Choice {
    match named {
        Named::Grant(grant) if held.iter().any(|it| it.grant == grant) => Choice::This(grant),
        Named::Grant(_) | Named::Unclear => Choice::Refused(Closed::OtherSpeaker),
        Named::Nobody if only_reads => Choice::Newest,
        Named::Nobody => Choice::Refused(Closed::Nameless),
    }
}

/// Newest first, each once.
pub(super) fn in_order(mut held: Vec<Held>) -> Vec<Held> {
    held.sort_by_key(|it| std::cmp::Reverse((it.since, it.grant)));
    let mut seen = Vec::new();
    held.retain(|it| {
        !seen.contains(&it.grant) && {
            seen.push(it.grant);
            true
        }
    });
    held
}

/// What has to go so that `new` has a place; `held` as from [`in_order`].
pub(super) fn crowded_out(held: &[Held], new: Ulid) -> Vec<Ulid> {
    let others = held.iter().map(|it| it.grant).filter(|grant| *grant != new);
    others.skip(MAX_HELD - 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(since: &[i64]) -> Vec<Held> {
        since.iter().map(|since| Held { grant: grant(*since), since: *since }).collect()
    }

    fn grant(number: i64) -> Ulid {
        Ulid::from_parts(number as u64, 7)
    }

    #[test]
    fn a_request_counts_for_whom_it_names_or_for_nobody() {
        let held = held(&[3, 2, 1]);
        for only_reads in [true, false] {
            for number in 1..=3 {
                let named = Named::Grant(grant(number));
                assert_eq!(choose(named, &held, only_reads), Choice::This(grant(number)));
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
    fn the_newest_comes_first_and_each_once() {
        let mut all = held(&[1, 3, 2]);
        all.push(Held { grant: grant(3), since: 0 });
        assert_eq!(in_order(all), held(&[3, 2, 1]));
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let full = in_order(held(&[1, 2, 3, 4, 5, 6, 7, 8]));
        assert_eq!(full.len(), MAX_HELD);
        assert_eq!(crowded_out(&full, grant(9)), [grant(1)]);
        assert_eq!(crowded_out(&full, grant(1)), [], "it has a place already");
        assert_eq!(crowded_out(&full[1..], grant(9)), []);
    }
}
