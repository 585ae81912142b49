//! Sends one message to a receiver.

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::signature::sign;
use crate::caller::{Bounds, Caller};
use crate::clock::now;
use crate::config::{Secret, WebhooksConfig};

/// Returns what the config allows to call.
pub fn bounds(config: &WebhooksConfig) -> Bounds {
    Bounds {
        networks: config.networks(),
        networks_key: "webhooks.allow_networks",
        allow_http: config.allow_http,
        timeout: Duration::from_secs(u64::from(config.timeout_seconds)),
    }
}

/// Sends messages.
#[derive(Clone, Debug)]
pub struct Client {
    caller: Caller,
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
    /// Sends by this caller.
    pub fn new(caller: Caller) -> Self {
        Self { caller }
    }

    /// Checks the address of a receiver without calling it: see [`Caller::check`].
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn check(&self, url: &str) -> Result<Url, String> {
        self.caller.check(url)
    }

    /// Sends a message once.
    pub async fn post(&self, message: &Message<'_>) -> Answer {
        let begun = Instant::now();
        let timestamp = now() / 1_000;
        let signature = sign(message.secrets, message.id, timestamp, &message.body);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            ("webhook-id", message.id),
            ("webhook-timestamp", &timestamp.to_string()),
            ("webhook-signature", &signature),
        ] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        let replied = self.caller.post(message.url, headers, message.body.clone()).await;
        let took = begun.elapsed();
        let reply = match replied {
            Ok(reply) => reply,
            Err(problem) => return Answer { took, ..Answer::unsent(&problem) },
        };
        let status = reply.status;
        let verdict = match status {
            StatusCode::GONE => Verdict::Gone,
            _ if status.is_success() => Verdict::Taken,
            _ => Verdict::Failed { pause: reply.pause },
        };
        let problem = match verdict {
            Verdict::Taken => None,
            _ if status.is_redirection() => Some(format!(
                "it answered with a redirect ({}), which is not followed",
                status.as_u16()
            )),
            _ => Some(format!("it answered with HTTP {}", status.as_u16())),
        };
        Answer { verdict, status: Some(status.as_u16()), problem, took }
    }
}
