//! HTTP calls to addresses that others name: webhooks of shops, and the push services of browsers. What a receiver can do
//! to us is bounded: to which addresses it leads, how long it takes, and how much it answers.

mod address;

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ipnet::IpNet;
use jiff::fmt::rfc2822;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode, redirect};
use url::{Host, Url};

use self::address::Allowed;
use crate::clock::now;
use crate::config::parse_webhook_url;

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of the body of an answer is read, in bytes, so that the connection can be used again. Nothing is done with
/// it.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// How long is waited for the body of an answer.
const ANSWER_BODY_TIMEOUT: Duration = Duration::from_secs(1);
/// The number of connections to one host that are kept open.
const IDLE_CONNECTIONS: usize = 4;
/// How long an unused connection is kept open. Receivers close theirs after a minute or less.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a receiver can have us wait at most, in milliseconds.
const LONGEST_PAUSE_MS: i64 = 3_600_000;

/// What may be called, and for how long it is waited.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The networks that are called although they are not public.
    pub networks: Vec<IpNet>,
    /// The key of the config that names them.
    pub networks_key: &'static str,
    /// Whether addresses may begin with `http://`.
    pub allow_http: bool,
    /// How long a receiver may take for its answer.
    pub timeout: Duration,
}

/// Makes calls.
#[derive(Clone, Debug)]
pub struct Caller {
    http: reqwest::Client,
    allowed: Allowed,
    networks_key: &'static str,
    allow_http: bool,
    timeout: Duration,
}

/// What a receiver answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// For how long the receiver asks not to be called (`Retry-After`), an hour at most.
    pub pause: Option<Duration>,
}

impl Caller {
    /// Makes a caller with these bounds.
    ///
    /// # Errors
    /// If the TLS back end cannot be set up.
    pub fn new(bounds: Bounds) -> anyhow::Result<Self> {
        let Bounds { networks, networks_key, allow_http, timeout } = bounds;
        let allowed = Allowed::and(networks);
        let http = reqwest::Client::builder()
            // A redirect could lead anywhere, and most of them would turn the POST into a GET.
            .redirect(redirect::Policy::none())
            // A proxy would resolve the name by itself, and connect to whatever it finds.
            .no_proxy()
            // What it answers is thrown away, so it need not be unpacked.
            .no_gzip()
            .dns_resolver(Arc::new(Checked { allowed: allowed.clone() }))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .user_agent(concat!("Tallyroom/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, allowed, networks_key, allow_http, timeout })
    }

    /// Checks the address of a receiver without calling it: its form, and whether it is an IP address that is not allowed.
    /// A name is looked up only when something is sent.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn check(&self, url: &str) -> Result<Url, String> {
        let url = parse_webhook_url(url, self.allow_http)?;
        // The HTTP library does not resolve these.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        };
        match literal.is_none_or(|address| self.allowed.has(address)) {
            true => Ok(url),
            false => Err(format!("Nothing is sent to it: {}.", self.not_allowed())),
        }
    }

    /// Sends a body once.
    ///
    /// # Errors
    /// Why there is no answer, as a part of a sentence. It contains nothing that the receiver wrote, and no address.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<Reply, String> {
        let url = self.check(url)?;
        let sent = self.http.post(url).headers(headers).body(body).send().await;
        let response = sent.map_err(|error| self.why(&error))?;
        let status = response.status();
        let asked = response.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok());
        let pause = asked.and_then(|it| retry_after(it, now()));
        discard(response).await;
        Ok(Reply { status, pause })
    }

    /// What is told of addresses that are not allowed. It says nothing about the network here.
    fn not_allowed(&self) -> String {
        let key = self.networks_key;
        format!("its host has no public address, and {key} in the config does not name its network")
    }

    /// Says why there is no answer.
    fn why(&self, error: &reqwest::Error) -> String {
        if is_not_allowed(error) {
            self.not_allowed()
        } else if error.is_connect() {
            "no connection could be made: the name is not known, nobody listens, or the certificate is not valid"
                .to_owned()
        } else if error.is_timeout() {
            format!("there was no answer within {} seconds", self.timeout.as_secs())
        } else {
            "the connection ended before there was an answer".to_owned()
        }
    }
}

/// Reads `Retry-After`: a number of seconds, or a date (RFC 9110, section 10.2.3). `now` is in milliseconds since 1970.
/// The receiver can have us wait for an hour at most.
fn retry_after(value: &str, now: i64) -> Option<Duration> {
    let milliseconds = match value.trim().parse::<u32>() {
        Ok(seconds) => i64::from(seconds) * 1_000,
        Err(_) => {
            rfc2822::parse(value.trim()).ok()?.timestamp().as_millisecond().saturating_sub(now)
        }
    };
    let milliseconds = u64::try_from(milliseconds.min(LONGEST_PAUSE_MS)).ok()?;
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
}

/// Whether the cause of an error is that a name leads only to addresses that are not allowed.
fn is_not_allowed(error: &(dyn Error + 'static)) -> bool {
    error.is::<NotAllowed>() || error.source().is_some_and(is_not_allowed)
}

/// Reads the body of an answer, within bounds.
async fn discard(mut response: Response) {
    let reading = async {
        let mut read = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            read += chunk.len();
            if read > MAX_ANSWER_BYTES {
                return;
            }
        }
    };
    // What is left unread ends the connection.
    let _ = tokio::time::timeout(ANSWER_BODY_TIMEOUT, reading).await;
}

/// Resolves names to addresses that are allowed. The connection is made to one of these, so what the name leads to a
/// moment later makes no difference.
struct Checked {
    allowed: Allowed,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.allowed.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.filter(|it| allowed.has(it.ip())).collect();
            match found.is_empty() {
                true => Err(NotAllowed.into()),
                false => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

/// A name leads only to addresses that are not allowed.
#[derive(Debug)]
struct NotAllowed;

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to no address that is allowed")
    }
}

impl Error for NotAllowed {}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(networks: &[&str]) -> Caller {
        let networks = networks.iter().map(|it| it.parse().unwrap()).collect();
        let timeout = Duration::from_secs(15);
        let networks_key = "webhooks.allow_networks";
        Caller::new(Bounds { networks, networks_key, allow_http: true, timeout }).unwrap()
    }

    #[test]
    fn an_address_in_any_notation_is_checked() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "http://169.254.169.254/latest/meta-data",
        ] {
            let told = caller(&[]).check(url).unwrap_err();
            assert!(told.contains("webhooks.allow_networks"), "{url}: {told}");
        }
        assert!(caller(&[]).check("https://1.1.1.1/").is_ok());
        assert!(caller(&["127.0.0.0/8"]).check("http://127.1:8000/").is_ok());
    }

    /// A name of this machine that leads to loopback: nothing is sent there, not even a connection is made.
    #[tokio::test]
    async fn a_name_is_checked_after_it_is_resolved() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let post = async |caller: Caller| caller.post(&url, HeaderMap::new(), Bytes::new()).await;
        assert_eq!(post(caller(&[])).await, Err(caller(&[]).not_allowed()));
        let (_, ()) = tokio::join!(
            tokio::time::timeout(Duration::from_secs(10), post(caller(&["127.0.0.0/8"]))),
            async { drop(listener.accept().await.unwrap()) },
        );
    }

    #[test]
    fn a_receiver_can_ask_for_a_pause_within_bounds() {
        let now = 1_792_000_000_000;
        let asked = |value: &str| retry_after(value, now).map(|it| it.as_secs());
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked(" 86400 "), Some(3_600));
        assert_eq!(asked("Wed, 14 Oct 2026 17:47:40 GMT"), Some(60));
        for value in ["0", "-5", "soon", "", "Wed, 14 Oct 2015 12:27:40 GMT"] {
            assert_eq!(asked(value), None, "{value}");
        }
    }
}
