//! Who tries keys that open nothing: they are slowed down and counted.
//!
//! A key is looked at before it is asked how often its sender was wrong. So whoever has the right
//! one is never turned away because of others, who may come from the same proxy.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

use super::peer::{Peer, source};
use crate::quota::{Rate, TooMany};

/// How many wrong keys one source may try at once, and in a minute in the long run.
const TRIES: (u32, u32) = (30, 6);
/// How many keys of one source, wrong or right, another server may be asked about at once, and in a
/// minute in the long run.
const QUESTIONS: (u32, u32) = (30, 60);
/// How often those are summed up in the log who went on.
const PERIOD: Duration = Duration::from_secs(60);
/// Most sources that are told apart in one period.
const MAX_SOURCES: usize = 256;

/// What was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// The homeserver's token, on a push.
    HsToken,
    /// A shop's key.
    Api,
    /// The token in a link to the page.
    Link,
    /// A cookie or token of somebody signed in on the page.
    Session,
    /// A Matrix account's proof.
    OpenId,
    /// A shop's proof for one of its users.
    ShopSignIn,
}

impl Key {
    /// What an admin may have to fix.
    fn hint(self) -> &'static str {
        match self {
            Self::HsToken => {
                "a call without the right hs_token was refused; is the registration that the \
                 homeserver loaded the same file as appservice.registration?"
            }
            _ => "a key that opens nothing was refused",
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

/// What is known of those who try. Clones are the same one.
#[derive(Clone, Debug)]
pub struct WrongKeys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    proxies: Vec<IpNet>,
    rate: Rate<IpAddr>,
    questions: Rate<IpAddr>,
    /// Since the last sum.
    recent: Mutex<HashMap<(Key, Option<IpAddr>), u64>>,
    total: AtomicU64,
}

impl WrongKeys {
    /// `proxies` are believed about those for whom they speak.
    pub fn new(proxies: Vec<IpNet>) -> Self {
        let rate = Rate::new(TRIES.0, TRIES.1, PERIOD);
        let questions = Rate::new(QUESTIONS.0, QUESTIONS.1, PERIOD);
        let (recent, total) = (Mutex::default(), AtomicU64::new(0));
        Self(Arc::new(Inner { proxies, rate, questions, recent, total }))
    }

    /// Counts a request with a wrong key.
    ///
    /// # Errors
    /// When its source has tried too many.
    pub fn tried(
        &self,
        key: Key,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<(), TooMany> {
        self.0.total.fetch_add(1, Ordering::Relaxed);
        // Without a connection there is nobody to slow down.
        let Some(Peer(peer)) = extensions.get() else { return Ok(()) };
        let source = source(*peer, headers, &self.0.proxies);
        if self.note(key, source) {
            tracing::warn!(%key, %source, "{}", key.hint());
        }
        self.0.rate.take(&source)
    }

    /// Counts a question to another server about a key, before it is asked: nobody can have us ask
    /// it as often as they like.
    ///
    /// # Errors
    /// When this source has had too many asked.
    pub fn ask(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<(), TooMany> {
        let Some(Peer(peer)) = extensions.get() else { return Ok(()) };
        self.0.questions.take(&source(*peer, headers, &self.0.proxies))
    }

    /// How many were tried since the start.
    pub fn total(&self) -> u64 {
        self.0.total.load(Ordering::Relaxed)
    }

    /// Sums up in the log, once in each period, who went on.
    pub async fn sum_up_forever(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                () = stop.cancelled() => return,
            }
            for ((key, source), number) in self.taken().into_iter().filter(|(_, it)| *it > 1) {
                let source = source.map_or_else(|| "others".to_owned(), |it| it.to_string());
                tracing::warn!(%key, source, number, "keys that open nothing, in one minute");
            }
        }
    }

    /// Whether it is the first one of its source since the last sum.
    fn note(&self, key: Key, source: IpAddr) -> bool {
        let mut recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = recent.contains_key(&(key, Some(source)));
        let source = Some(source).filter(|_| is_known || recent.len() < MAX_SOURCES);
        let number = recent.entry((key, source)).or_default();
        *number += 1;
        *number == 1
    }

    fn taken(&self) -> HashMap<(Key, Option<IpAddr>), u64> {
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
    fn who_goes_on_is_slowed_down_and_nobody_else() {
        let (wrong, headers) = (WrongKeys::new(Vec::new()), HeaderMap::new());
        for _ in 0..TRIES.0 {
            wrong.tried(Key::Api, &headers, &from(1)).unwrap();
        }
        let seconds = wrong.tried(Key::Link, &headers, &from(1)).unwrap_err().seconds();
        assert!((1..=10).contains(&seconds), "{seconds}");
        wrong.tried(Key::Api, &headers, &from(2)).unwrap();
        assert_eq!(wrong.total(), u64::from(TRIES.0) + 2);
    }

    #[test]
    fn nobody_has_another_server_asked_as_often_as_they_like() {
        let (wrong, headers) = (WrongKeys::new(Vec::new()), HeaderMap::new());
        for _ in 0..QUESTIONS.0 {
            wrong.ask(&headers, &from(1)).unwrap();
        }
        assert!(wrong.ask(&headers, &from(1)).is_err());
        wrong.ask(&headers, &from(2)).unwrap();
        assert_eq!(wrong.total(), 0, "a right key is none of the wrong ones");
    }

    #[test]
    fn each_is_told_once_and_then_summed_up() {
        let wrong = WrongKeys::new(Vec::new());
        let source = IpAddr::from(Ipv4Addr::from(1));
        assert!(wrong.note(Key::Api, source));
        assert!(!wrong.note(Key::Api, source));
        assert!(wrong.note(Key::Link, source));
        assert_eq!(wrong.taken().get(&(Key::Api, Some(source))), Some(&2));
        assert!(wrong.note(Key::Api, source), "another minute");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let wrong = WrongKeys::new(Vec::new());
        let told = (0..10_000).filter(|it| wrong.note(Key::Api, Ipv4Addr::from(*it).into()));
        assert_eq!(told.count(), MAX_SOURCES + 1);
        let taken = wrong.taken();
        assert_eq!((taken.len(), taken.values().sum::<u64>()), (MAX_SOURCES + 1, 10_000));
    }
}
