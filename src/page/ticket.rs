//! What a cookie holds: one session, the grant that opened it, and what it opens. Pure: no I/O.

use axum::http::HeaderMap;
use ulid::Ulid;

use super::reader::cookies;
use super::speaker::Held;
use super::token::{Purpose, TokenKey};

/// What the names of cookies begin with behind TLS: browsers take such a cookie from this very host
/// only, so that no sibling of it can sign somebody in.
const HOST_ONLY: &str = "__Host-tallyroom";
/// Without TLS, on one's own machine, browsers refuse the former.
const WITHOUT_TLS: &str = "tallyroom";

/// The text of a ticket.
pub fn written(key: &TokenKey, purpose: Purpose, held: &Held) -> String {
    key.sign(purpose, &[held.transaction, held.grant, held.session])
}

/// What a ticket that we made says.
pub fn read(key: &TokenKey, purpose: Purpose, text: &str) -> Option<Held> {
    let [transaction, grant, session] = key.verify(purpose, text)?;
    Some(Held { transaction, grant, session })
}

/// The name of a grant's cookie.
pub fn cookie_name(is_secure: bool, grant: Ulid) -> String {
    let prefix = if is_secure { HOST_ONLY } else { WITHOUT_TLS };
    format!("{prefix}-{grant}")
}

/// What the cookies of a browser say.
#[derive(Debug, Default)]
pub struct Wallet {
    /// Tickets that we made, newest first.
    pub held: Vec<Held>,
    /// Whether there is something that looks like a ticket and is none of ours.
    pub has_forged: bool,
}

/// From the headers of a request. Two cookies of one name are there if somebody else has put one
/// beside ours, and nobody can tell which: then neither counts.
pub fn wallet(key: &TokenKey, is_secure: bool, headers: &HeaderMap) -> Wallet {
    let prefix = if is_secure { HOST_ONLY } else { WITHOUT_TLS };
    let grant_of = |name: &str| {
        let grant = name.strip_prefix(prefix)?.strip_prefix('-')?;
        // Other texts can be read as the same id; we wrote none of them.
        Ulid::from_string(grant).ok().filter(|id| id.to_string() == grant)
    };
    let ours: Vec<(Ulid, &str)> =
        cookies(headers).filter_map(|(name, value)| Some((grant_of(name)?, value))).collect();
    let mut wallet = Wallet::default();
    for (grant, value) in &ours {
        let is_twice = ours.iter().filter(|(other, _)| other == grant).count() > 1;
        match read(key, Purpose::Session, value).filter(|held| held.grant == *grant) {
            Some(held) if !is_twice => wallet.held.push(held),
            Some(_) => {}
            None => wallet.has_forged = true,
        }
    }
    wallet.held.sort_by_key(|held| std::cmp::Reverse(held.session));
    wallet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::token::tests::key;

    fn ticket() -> Held {
        Held { transaction: Ulid::new(), grant: Ulid::new(), session: Ulid::new() }
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
        let pair = |it: &Held| (cookie_name(true, it.grant), written(&key, Purpose::Session, it));
        let wallet = wallet(&key, true, &headers(&tickets.each_ref().map(pair)));
        assert_eq!(wallet.held, [tickets[2], tickets[1], tickets[0]]);
        assert!(!wallet.has_forged);
    }

    #[test]
    fn of_two_cookies_of_one_name_neither_counts() {
        let (key, mine) = (key(), ticket());
        let planted = Held { session: Ulid::new(), ..mine };
        let name = cookie_name(true, mine.grant);
        let pair = |it: &Held| (name.clone(), written(&key, Purpose::Session, it));
        for pairs in [[pair(&mine), pair(&planted)], [pair(&planted), pair(&mine)]] {
            assert_eq!(wallet(&key, true, &headers(&pairs)).held, []);
        }
        let both = [pair(&mine), (name.clone(), "nonsense".to_owned())];
        assert_eq!(wallet(&key, true, &headers(&both)).held, []);
    }

    #[test]
    fn behind_tls_only_cookies_count_that_no_other_host_can_set() {
        let (key, mine) = (key(), ticket());
        let value = written(&key, Purpose::Session, &mine);
        for name in ["tallyroom", "__Secure-tallyroom", "__host-tallyroom", "__Host-tallyroomx"] {
            let pair = (format!("{name}-{}", mine.grant), value.clone());
            assert_eq!(wallet(&key, true, &headers(&[pair])).held, [], "{name}");
        }
        let pair = (cookie_name(true, mine.grant), value);
        assert_eq!(wallet(&key, true, &headers(&[pair])).held, [mine]);
    }

    #[test]
    fn a_ticket_is_good_under_the_name_of_its_grant_only() {
        let (key, mine) = (key(), ticket());
        let forged = [
            (cookie_name(false, Ulid::new()), written(&key, Purpose::Session, &mine)),
            (cookie_name(false, mine.grant), written(&key, Purpose::Bearer, &mine)),
        ];
        let wallet = wallet(&key, false, &headers(&forged));
        assert!(wallet.held.is_empty() && wallet.has_forged);
        let other = [("tallyroom-language".to_owned(), "de".to_owned())];
        assert!(!super::wallet(&key, false, &headers(&other)).has_forged);
    }
}
