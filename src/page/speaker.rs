//! Decides on whose behalf a request is made. Pure: no I/O.
//!
//! Several people may use one browser, and one person may have several grants. Each grant has a
//! cookie of its own, and each request of a page names the grant for which the page was made. So a
//! request can never count for somebody else who signed in later.

use ulid::Ulid;

use super::view::Closed;

/// The query parameter that names the grant. It is not a secret, because it lets nobody in.
pub const GRANT: &str = "grant";
/// The greatest number of tickets for one transaction that one browser keeps. A further one
/// replaces the oldest.
pub const MAX_TICKETS_PER_TRANSACTION: usize = 8;

/// The greatest number of tickets that one browser keeps in total. Proxies accept headers of only a
/// few kilobytes.
pub const MAX_TICKETS_PER_BROWSER: usize = 30;

/// A ticket that the browser holds: what its cookie proves. It is valid as long as its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The transaction that it opens.
    pub transaction: Ulid,
    /// The grant by which its owner was let in.
    pub grant: Ulid,
    /// The session. Its id sorts by the time of the sign-in.
    pub session: Ulid,
}

/// The grant that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The request names no grant.
    Nobody,
    /// The request names this grant.
    Grant(Ulid),
    /// The request names several grants, or something that is not a grant.
    Unclear,
}

/// The ticket for which a request counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The request counts for this ticket, if its grant is open.
    Ticket(Ticket),
    /// The request counts for the newest ticket whose grant is open. This is only for requests that
    /// read.
    Newest,
    /// The request counts for nobody.
    Refused(Closed),
}

/// Returns the grant that the query of an address names.
pub fn named(query: Option<&str>) -> Named {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let mut names = pairs.filter(|(key, _)| key == GRANT).map(|(_, value)| value);
    match (names.next(), names.next()) {
        (None, _) => Named::Nobody,
        (Some(name), None) => Ulid::from_string(&name).map_or(Named::Unclear, Named::Grant),
        (Some(_), Some(_)) => Named::Unclear,
    }
}

/// Chooses the ticket for which a request counts. `held` has the tickets of the browser for one
/// transaction.
pub fn choose(named: Named, held: &[Ticket], only_reads: bool) -> Choice {
    match named {
        Named::Grant(grant) => match held.iter().find(|held| held.grant == grant) {
            Some(held) => Choice::Ticket(*held),
            None => Choice::Refused(Closed::OtherSpeaker),
        },
        Named::Unclear => Choice::Refused(Closed::OtherSpeaker),
        Named::Nobody if only_reads => Choice::Newest,
        Named::Nobody => Choice::Refused(Closed::Nameless),
    }
}

/// Returns the tickets that the browser has to forget so that it can keep `new`. `held` is sorted,
/// newest first.
pub fn surplus_tickets(held: &[Ticket], new: &Ticket) -> Vec<Ticket> {
    let others: Vec<Ticket> = held.iter().filter(|it| it.grant != new.grant).copied().collect();
    let of_same = others.iter().filter(|it| it.transaction == new.transaction);
    let mut out: Vec<Ticket> = of_same.skip(MAX_TICKETS_PER_TRANSACTION - 1).copied().collect();
    let stay = others.iter().filter(|it| !out.contains(it));
    let beyond: Vec<Ticket> = stay.skip(MAX_TICKETS_PER_BROWSER - 1).copied().collect();
    out.extend(beyond);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tickets for one transaction.
    fn held(since: &[u64]) -> Vec<Ticket> {
        since.iter().map(|since| ticket(1, *since)).collect()
    }

    fn ticket(transaction: u64, since: u64) -> Ticket {
        let transaction = Ulid::from_parts(transaction, 1);
        Ticket { transaction, grant: grant(since), session: Ulid::from_parts(since, 3) }
    }

    fn grant(number: u64) -> Ulid {
        Ulid::from_parts(number, 7)
    }

    #[test]
    fn a_request_counts_for_the_grant_that_it_names_or_for_nobody() {
        let held = held(&[3, 2, 1]);
        for only_reads in [true, false] {
            for number in 1..=3 {
                let named = Named::Grant(grant(number));
                assert_eq!(choose(named, &held, only_reads), Choice::Ticket(ticket(1, number)));
            }
            for named in [Named::Grant(grant(4)), Named::Unclear] {
                let choice = choose(named, &held, only_reads);
                assert_eq!(choice, Choice::Refused(Closed::OtherSpeaker));
            }
        }
    }

    #[test]
    fn only_a_request_that_reads_may_name_no_grant() {
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
    fn the_oldest_ticket_is_forgotten_when_there_are_too_many() {
        let full = held(&[8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(full.len(), MAX_TICKETS_PER_TRANSACTION);
        assert_eq!(surplus_tickets(&full, &ticket(1, 9)), [ticket(1, 1)]);
        assert_eq!(surplus_tickets(&full, &ticket(1, 1)), [], "the grant has a ticket already");
        assert_eq!(surplus_tickets(&full[1..], &ticket(1, 9)), []);
        assert_eq!(surplus_tickets(&full, &ticket(2, 9)), [], "another transaction");
    }

    #[test]
    fn a_browser_keeps_a_limited_number_of_tickets_in_total() {
        let many: Vec<Ticket> =
            (1..=MAX_TICKETS_PER_BROWSER as u64).rev().map(|since| ticket(since, since)).collect();
        assert_eq!(surplus_tickets(&many, &ticket(99, 99)), [ticket(1, 1)]);
        assert_eq!(surplus_tickets(&many, &many[3]), []);
    }
}
