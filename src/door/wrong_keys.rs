//! Limits and counts attempts with wrong keys for each source address.
//!
//! A key is checked before the limit of its source. So a request with a correct key is not
//! refused because of the attempts of others that come through the same proxy. There is one exception: a key of
//! the API that has to be looked up in the database, and opened nothing lately, is not looked up while its source
//! is refused.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

use super::peer::{Peer, caller, source};
use crate::quota::{Rate, TooMany};

/// The number of wrong keys that one source may try at once.
const ATTEMPT_BURST: u32 = 30;
/// The average number of wrong keys that one source may try in a [`PERIOD`].
const ATTEMPTS_PER_PERIOD: u32 = 6;
/// The number of keys of one source, wrong or right, that another server may be asked about at
/// once.
const LOOKUP_BURST: u32 = 30;
/// The average number of keys of one source that another server may be asked about in a [`PERIOD`].
const LOOKUPS_PER_PERIOD: u32 = 60;
/// The number of links for which one source may ask at once.
const LINK_REQUEST_BURST: u32 = 10;
/// The average number of links for which one source may ask in a [`PERIOD`].
const LINK_REQUESTS_PER_PERIOD: u32 = 10;
/// The period of the limits, and of the summaries in the log.
const PERIOD: Duration = Duration::from_secs(60);
/// The greatest number of sources that are counted separately in one period.
const MAX_SOURCES: usize = 256;
/// The greatest number of sources that are remembered because they are refused. Further ones are counted all the same.
const MAX_REFUSED: usize = 10_000;

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// The homeserver's token in a push.
    HsToken,
    /// A shop's key.
    Api,
    /// The token in a link to the page.
    Link,
    /// A cookie or token of a session on the page.
    Session,
    /// The OpenID token of a Matrix account.
    OpenId,
    /// The JWT with which a shop signs in one of its users.
    ShopSignIn,
}

impl Key {
    /// Returns the log message, with a hint for the operator if there is one.
    fn log_message(self) -> &'static str {
        match self {
            Self::HsToken => {
                "a push without the right hs_token was refused; check that the homeserver has \
                 loaded the same registration file as appservice.registration"
            }
            _ => "a wrong key was refused",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HsToken => "hs_token",
            Self::Api => "API key",
            Self::Link => "link",
            Self::Session => "session",
            Self::OpenId => "OpenID token",
            Self::ShopSignIn => "shop's sign-in",
        })
    }
}

/// The attempts of each source. Clones share the same state.
#[derive(Clone, Debug)]
pub struct WrongKeys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    proxies: Vec<IpNet>,
    rate: Rate<IpAddr>,
    lookups: Rate<IpAddr>,
    link_requests: Rate<IpAddr>,
    /// The attempts since the last summary. The source is `None` for those beyond [`MAX_SOURCES`].
    recent: Mutex<HashMap<(Key, Option<IpAddr>), u64>>,
    /// The sources that have tried too many, with the time until which they are refused.
    refused: Mutex<HashMap<IpAddr, Instant>>,
    total: AtomicU64,
}

impl WrongKeys {
    /// Creates an empty state. The `X-Forwarded-For` of `proxies` is trusted.
    pub fn new(proxies: Vec<IpNet>) -> Self {
        let rate = Rate::new(ATTEMPT_BURST, ATTEMPTS_PER_PERIOD, PERIOD);
        let lookups = Rate::new(LOOKUP_BURST, LOOKUPS_PER_PERIOD, PERIOD);
        let link_requests = Rate::new(LINK_REQUEST_BURST, LINK_REQUESTS_PER_PERIOD, PERIOD);
        let (recent, refused, total) = (Mutex::default(), Mutex::default(), AtomicU64::new(0));
        Self(Arc::new(Inner { proxies, rate, lookups, link_requests, recent, refused, total }))
    }

    /// Counts a request with a wrong key.
    ///
    /// # Errors
    /// If its source has tried too many.
    pub fn count_attempt(
        &self,
        key: Key,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<(), TooMany> {
        self.0.total.fetch_add(1, Ordering::Relaxed);
        // A request without a connection, as in tests, has no source to limit.
        let Some(Peer(peer)) = extensions.get() else { return Ok(()) };
        let source = source(*peer, headers, &self.0.proxies);
        if self.count(key, source) {
            tracing::warn!(%key, %source, "{}", key.log_message());
        }
        self.0.rate.take(&source).inspect_err(|too_many| self.refuse(source, *too_many))
    }

    /// Counts a request whose key was not checked, if its source has tried too many wrong ones and is still refused.
    /// Otherwise nothing is counted.
    ///
    /// # Errors
    /// If the source is still refused.
    pub fn still_refused(
        &self,
        key: Key,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<(), TooMany> {
        let Some(Peer(peer)) = extensions.get() else { return Ok(()) };
        let source = source(*peer, headers, &self.0.proxies);
        let until = self.refused().get(&source).copied();
        let left = until.and_then(|it| it.checked_duration_since(Instant::now()));
        let Some(retry_after) = left.filter(|it| !it.is_zero()) else { return Ok(()) };
        self.0.total.fetch_add(1, Ordering::Relaxed);
        self.count(key, source);
        Err(TooMany { retry_after })
    }

    /// Remembers that a source is refused.
    fn refuse(&self, source: IpAddr, too_many: TooMany) {
        let (now, mut refused) = (Instant::now(), self.refused());
        if refused.len() >= MAX_REFUSED {
            refused.retain(|_, until| *until > now);
        }
        if refused.len() < MAX_REFUSED || refused.contains_key(&source) {
            refused.insert(source, now + too_many.retry_after);
        }
    }

    fn refused(&self) -> MutexGuard<'_, HashMap<IpAddr, Instant>> {
        self.0.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request to another server about a key, before it is sent. So no client can make us
    /// send any number of requests.
    ///
    /// # Errors
    /// If this source has caused too many.
    pub fn count_lookup(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<(), TooMany> {
        let Some(Peer(peer)) = extensions.get() else { return Ok(()) };
        self.0.lookups.take(&source(*peer, headers, &self.0.proxies))
    }

    /// Counts a request for a link by somebody who shows no key.
    ///
    /// # Errors
    /// If its source has asked for too many.
    pub fn count_link_request(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<(), TooMany> {
        let Some(Peer(peer)) = extensions.get() else { return Ok(()) };
        self.0.link_requests.take(&source(*peer, headers, &self.0.proxies))
    }

    /// Returns the address from which a request came, as the trusted proxies say. `None` for a request without a
    /// connection, as in tests.
    pub fn caller(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let Peer(peer) = extensions.get()?;
        Some(caller(*peer, headers, &self.0.proxies))
    }

    /// Returns the number of wrong keys since the start.
    pub fn total(&self) -> u64 {
        self.0.total.load(Ordering::Relaxed)
    }

    /// Logs a summary of repeated attempts in each period, until `stop` is cancelled.
    pub async fn log_summaries_forever(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                () = stop.cancelled() => return,
            }
            for ((key, source), number) in self.take_recent().into_iter().filter(|(_, it)| *it > 1)
            {
                let source = source.map_or_else(|| "others".to_owned(), |it| it.to_string());
                tracing::warn!(%key, source, number, "wrong keys in one minute");
            }
        }
    }

    /// Counts an attempt. Returns whether it is the first of its source since the last summary.
    fn count(&self, key: Key, source: IpAddr) -> bool {
        let mut recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = recent.contains_key(&(key, Some(source)));
        let source = Some(source).filter(|_| is_known || recent.len() < MAX_SOURCES);
        let number = recent.entry((key, source)).or_default();
        *number += 1;
        *number == 1
    }

    /// Returns the attempts since the last summary and starts to count anew.
    fn take_recent(&self) -> HashMap<(Key, Option<IpAddr>), u64> {
        std::mem::take(&mut *self.0.recent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn from(number: u32) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(Ipv4Addr::from(number).into()));
        extensions
    }

    #[test]
    fn only_a_source_with_too_many_attempts_is_refused() {
        let (wrong, headers) = (WrongKeys::new(Vec::new()), HeaderMap::new());
        for _ in 0..ATTEMPT_BURST {
            wrong.count_attempt(Key::Api, &headers, &from(1)).unwrap();
        }
        let seconds = wrong.count_attempt(Key::Link, &headers, &from(1)).unwrap_err().seconds();
        assert!((1..=10).contains(&seconds), "{seconds}");
        wrong.count_attempt(Key::Api, &headers, &from(2)).unwrap();
        assert_eq!(wrong.total(), u64::from(ATTEMPT_BURST) + 2);
    }

    #[test]
    fn a_refused_source_is_known_before_its_key_is_checked() {
        let (wrong, headers) = (WrongKeys::new(Vec::new()), HeaderMap::new());
        for _ in 0..=ATTEMPT_BURST {
            wrong.still_refused(Key::Api, &headers, &from(1)).unwrap();
            wrong.count_attempt(Key::Api, &headers, &from(1)).ok();
        }
        let seconds = wrong.still_refused(Key::Api, &headers, &from(1)).unwrap_err().seconds();
        assert!((1..=10).contains(&seconds), "{seconds}");
        assert_eq!(wrong.total(), u64::from(ATTEMPT_BURST) + 2);
        wrong.still_refused(Key::Api, &headers, &from(2)).unwrap();
        wrong.refuse(Ipv4Addr::from(3).into(), TooMany { retry_after: Duration::ZERO });
        wrong.still_refused(Key::Api, &headers, &from(3)).unwrap();
    }

    #[test]
    fn the_number_of_refused_sources_is_limited() {
        let wrong = WrongKeys::new(Vec::new());
        for number in 0..20_000 {
            let too_many = TooMany { retry_after: Duration::from_secs(60) };
            wrong.refuse(Ipv4Addr::from(number).into(), too_many);
        }
        assert_eq!(wrong.refused().len(), MAX_REFUSED);
    }

    #[test]
    fn lookups_of_a_source_are_limited() {
        let (wrong, headers) = (WrongKeys::new(Vec::new()), HeaderMap::new());
        for _ in 0..LOOKUP_BURST {
            wrong.count_lookup(&headers, &from(1)).unwrap();
        }
        assert!(wrong.count_lookup(&headers, &from(1)).is_err());
        wrong.count_lookup(&headers, &from(2)).unwrap();
        assert_eq!(wrong.total(), 0, "a lookup is no wrong key");
    }

    #[test]
    fn each_source_is_logged_once_and_then_in_the_summary() {
        let wrong = WrongKeys::new(Vec::new());
        let source = IpAddr::from(Ipv4Addr::from(1));
        assert!(wrong.count(Key::Api, source));
        assert!(!wrong.count(Key::Api, source));
        assert!(wrong.count(Key::Link, source));
        assert_eq!(wrong.take_recent().get(&(Key::Api, Some(source))), Some(&2));
        assert!(wrong.count(Key::Api, source), "another minute");
    }

    #[test]
    fn the_number_of_counted_sources_is_limited() {
        let wrong = WrongKeys::new(Vec::new());
        let logged = (0..10_000).filter(|it| wrong.count(Key::Api, Ipv4Addr::from(*it).into()));
        assert_eq!(logged.count(), MAX_SOURCES + 1);
        let taken = wrong.take_recent();
        assert_eq!((taken.len(), taken.values().sum::<u64>()), (MAX_SOURCES + 1, 10_000));
    }
}
