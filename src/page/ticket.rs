//! Tickets in cookies: each names a session, its grant, and the transaction that it opens. Pure: no
//! I/O.

use axum::http::HeaderMap;
use ulid::Ulid;

use super::reader::cookies;
use super::speaker::Ticket;
use crate::link::token::{Purpose, TokenKey};

/// The prefix of cookie names behind TLS. Browsers accept a cookie of this name only from this very
/// host, so that no sibling host can sign somebody in.
const PREFIX_WITH_TLS: &str = "__Host-tallyroom";
/// The prefix of cookie names without TLS, on a developer's machine. Browsers refuse `__Host-`
/// there.
const PREFIX_WITHOUT_TLS: &str = "tallyroom";

/// Returns the text of a ticket.
pub fn write(key: &TokenKey, purpose: Purpose, held: &Ticket) -> String {
    key.sign(purpose, &[held.transaction, held.grant, held.session])
}

/// Reads a ticket. Returns `None` if this service did not make it.
pub fn read(key: &TokenKey, purpose: Purpose, text: &str) -> Option<Ticket> {
    let [transaction, grant, session] = key.verify(purpose, text)?;
    Some(Ticket { transaction, grant, session })
}

/// Returns the name of the cookie of a grant.
pub fn cookie_name(is_secure: bool, grant: Ulid) -> String {
    let prefix = if is_secure { PREFIX_WITH_TLS } else { PREFIX_WITHOUT_TLS };
    format!("{prefix}-{grant}")
}

/// The tickets in the cookies of a browser.
#[derive(Debug, Default)]
pub struct CookieTickets {
    /// The tickets that this service made, newest first.
    pub held: Vec<Ticket>,
    /// Whether there is a cookie with the name of a ticket that this service did not make.
    pub has_forged: bool,
}

/// Reads the tickets from the headers of a request. If two cookies have the same name, somebody
/// else has set one of them. Nobody can tell which, so neither counts.
pub fn cookie_tickets(key: &TokenKey, is_secure: bool, headers: &HeaderMap) -> CookieTickets {
    let prefix = if is_secure { PREFIX_WITH_TLS } else { PREFIX_WITHOUT_TLS };
    let grant_of = |name: &str| {
        let grant = name.strip_prefix(prefix)?.strip_prefix('-')?;
        // A ULID can be written in several ways. Only the canonical text is ours.
        Ulid::from_string(grant).ok().filter(|id| id.to_string() == grant)
    };
    let ours: Vec<(Ulid, &str)> =
        cookies(headers).filter_map(|(name, value)| Some((grant_of(name)?, value))).collect();
    let mut tickets = CookieTickets::default();
    for (grant, value) in &ours {
        let is_twice = ours.iter().filter(|(other, _)| other == grant).count() > 1;
        match read(key, Purpose::Session, value).filter(|held| held.grant == *grant) {
            Some(held) if !is_twice => tickets.held.push(held),
            Some(_) => {}
            None => tickets.has_forged = true,
        }
    }
    tickets.held.sort_by_key(|held| std::cmp::Reverse(held.session));
    tickets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::token::tests::key;

    fn ticket() -> Ticket {
        Ticket { transaction: Ulid::new(), grant: Ulid::new(), session: Ulid::new() }
    }

    fn headers(pairs: &[(String, String)]) -> HeaderMap {
        let text: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", text.join("; ").parse().unwrap());
        headers
    }

    #[test]
    fn the_newest_ticket_comes_first() {
        let key = key();
        let mut tickets = [ticket(), ticket(), ticket()];
        tickets.sort_by_key(|it| it.session);
        let pair = |it: &Ticket| (cookie_name(true, it.grant), write(&key, Purpose::Session, it));
        let found = cookie_tickets(&key, true, &headers(&tickets.each_ref().map(pair)));
        assert_eq!(found.held, [tickets[2], tickets[1], tickets[0]]);
        assert!(!found.has_forged);
    }

    #[test]
    fn of_two_cookies_of_one_name_neither_counts() {
        let (key, mine) = (key(), ticket());
        let planted = Ticket { session: Ulid::new(), ..mine };
        let name = cookie_name(true, mine.grant);
        let pair = |it: &Ticket| (name.clone(), write(&key, Purpose::Session, it));
        for pairs in [[pair(&mine), pair(&planted)], [pair(&planted), pair(&mine)]] {
            assert_eq!(cookie_tickets(&key, true, &headers(&pairs)).held, []);
        }
        let both = [pair(&mine), (name.clone(), "nonsense".to_owned())];
        assert_eq!(cookie_tickets(&key, true, &headers(&both)).held, []);
    }

    #[test]
    fn behind_tls_only_cookies_count_that_no_other_host_can_set() {
        let (key, mine) = (key(), ticket());
        let value = write(&key, Purpose::Session, &mine);
        for name in ["tallyroom", "__Secure-tallyroom", "__host-tallyroom", "__Host-tallyroomx"] {
            let pair = (format!("{name}-{}", mine.grant), value.clone());
            assert_eq!(cookie_tickets(&key, true, &headers(&[pair])).held, [], "{name}");
        }
        let pair = (cookie_name(true, mine.grant), value);
        assert_eq!(cookie_tickets(&key, true, &headers(&[pair])).held, [mine]);
    }

    #[test]
    fn a_ticket_is_good_under_the_name_of_its_grant_only() {
        let (key, mine) = (key(), ticket());
        let forged = [
            (cookie_name(false, Ulid::new()), write(&key, Purpose::Session, &mine)),
            (cookie_name(false, mine.grant), write(&key, Purpose::Bearer, &mine)),
        ];
        let found = cookie_tickets(&key, false, &headers(&forged));
        assert!(found.held.is_empty() && found.has_forged);
        let other = [("tallyroom-language".to_owned(), "de".to_owned())];
        assert!(!super::cookie_tickets(&key, false, &headers(&other)).has_forged);
    }
}
