//! Sends one message to a receiver. What the receiver can do to us is bounded: to which addresses it leads, how long it
//! takes, and how much it answers.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Response, StatusCode, header, redirect};
use url::{Host, Url};

use super::address::Allowed;
use super::retry::retry_after;
use super::signature::sign;
use crate::clock::now;
use crate::config::{Secret, WebhooksConfig, parse_webhook_url};

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
/// What is told of addresses that are not allowed. It says nothing about the network here.
const NOT_ALLOWED: &str = "its host has no public address, and webhooks.allow_networks in the config does not name its network";

/// Sends messages.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    allowed: Allowed,
    allow_http: bool,
    timeout: Duration,
}

/// A message to a receiver.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// The address of the receiver.
    pub url: &'a str,
    /// The secrets that sign it.
    pub secrets: &'a [Secret],
    /// The id of the event.
    pub id: &'a str,
    /// The event as JSON.
    pub body: Bytes,
}

/// What a receiver made of a message.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it means.
    pub verdict: Verdict,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Why it was not taken. It contains nothing that the receiver wrote, and no address.
    pub problem: Option<String>,
    /// From the beginning to the answer.
    pub took: Duration,
}

impl Answer {
    /// Nothing was sent, for this reason.
    pub(super) fn unsent(problem: &str) -> Self {
        let verdict = Verdict::Failed { pause: None };
        Self { verdict, status: None, problem: Some(problem.to_owned()), took: Duration::ZERO }
    }
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has the message.
    Taken,
    /// It has not, or it is not known. The receiver may have asked for a pause before the next message.
    Failed {
        /// How long to send nothing to it.
        pause: Option<Duration>,
    },
    /// The receiver wants nothing any more (410).
    Gone,
}

impl Client {
    /// Makes a client with the limits of the config.
    ///
    /// # Errors
    /// If the TLS back end cannot be set up.
    pub fn new(config: &WebhooksConfig) -> anyhow::Result<Self> {
        let allowed = Allowed::and(config.networks());
        let timeout = Duration::from_secs(u64::from(config.timeout_seconds));
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
        Ok(Self { http, allowed, allow_http: config.allow_http, timeout })
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
            false => Err(format!("Nothing is sent to it: {NOT_ALLOWED}.")),
        }
    }

    /// Sends a message once.
    pub async fn post(&self, message: &Message<'_>) -> Answer {
        let begun = Instant::now();
        let answer = |verdict, status: Option<StatusCode>, problem| Answer {
            verdict,
            status: status.map(|it| it.as_u16()),
            problem,
            took: begun.elapsed(),
        };
        let failed = Verdict::Failed { pause: None };
        let url = match self.check(message.url) {
            Ok(url) => url,
            Err(problem) => return answer(failed, None, Some(problem)),
        };
        let timestamp = now() / 1_000;
        let signature = sign(message.secrets, message.id, timestamp, &message.body);
        let request = self
            .http
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .body(message.body.clone());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return answer(failed, None, Some(self.why(&error))),
        };
        let status = response.status();
        let verdict = match status {
            StatusCode::GONE => Verdict::Gone,
            _ if status.is_success() => Verdict::Taken,
            _ => {
                let asked = response.headers().get(header::RETRY_AFTER);
                let pause =
                    asked.and_then(|it| it.to_str().ok()).and_then(|it| retry_after(it, now()));
                Verdict::Failed { pause }
            }
        };
        let problem = match verdict {
            Verdict::Taken => None,
            _ if status.is_redirection() => Some(format!(
                "it answered with a redirect ({}), which is not followed",
                status.as_u16()
            )),
            _ => Some(format!("it answered with HTTP {}", status.as_u16())),
        };
        let answer = answer(verdict, Some(status), problem);
        discard(response).await;
        answer
    }

    /// Says why there is no answer.
    fn why(&self, error: &reqwest::Error) -> String {
        if is_not_allowed(error) {
            NOT_ALLOWED.to_owned()
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
        f.write_str(NOT_ALLOWED)
    }
}

impl Error for NotAllowed {}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(networks: &[&str]) -> Client {
        let networks = networks.iter().map(|it| (*it).to_owned()).collect();
        let config = WebhooksConfig {
            allow_networks: networks,
            allow_http: true,
            ..WebhooksConfig::default()
        };
        Client::new(&config).unwrap()
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
            let told = client(&[]).check(url).unwrap_err();
            assert!(told.contains("webhooks.allow_networks"), "{url}: {told}");
        }
        assert!(client(&[]).check("https://1.1.1.1/").is_ok());
        assert!(client(&["127.0.0.0/8"]).check("http://127.1:8000/").is_ok());
    }

    /// A name of this machine that leads to loopback: nothing is sent there, not even a connection is made.
    #[tokio::test]
    async fn a_name_is_checked_after_it_is_resolved() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let secrets = [crate::config::new_webhook_secret()];
        let message =
            Message { url: &url, secrets: &secrets, id: "evt_1", body: Bytes::from_static(b"{}") };
        let answer = client(&[]).post(&message).await;
        assert_eq!(answer.verdict, Verdict::Failed { pause: None });
        assert_eq!(answer.problem.as_deref(), Some(NOT_ALLOWED));
        let post = client(&["127.0.0.0/8"]);
        let (_, accepted) = tokio::join!(
            tokio::time::timeout(Duration::from_secs(10), post.post(&message)),
            async { drop(listener.accept().await.unwrap()) },
        );
        let () = accepted;
    }
}
