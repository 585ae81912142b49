//! What a failed call means for the one who has to decide what to do next.

use std::time::Duration;

use matrix_sdk::HttpError;
use ruma::api::error::{ErrorBody, ErrorKind, FromHttpResponseError, RetryAfter};

/// A definite "no" from the homeserver: the request had no effect.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// HTTP status code.
    pub status: u16,
    /// Matrix error code, such as `M_FORBIDDEN`; empty if the body was not a Matrix error.
    pub errcode: String,
    /// The homeserver's own words.
    pub message: String,
}

/// Why a call did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallFailure {
    /// The homeserver refused; nothing happened.
    #[error("the homeserver refused ({} {}): {}", .0.status, .0.errcode, .0.message)]
    Refused(Refusal),
    /// Too many requests; nothing happened. Wait this long if it said so.
    #[error("the homeserver asks to slow down (M_LIMIT_EXCEEDED)")]
    RateLimited(Option<Duration>),
    /// No answer, a server error, or an answer that makes no sense: it may or may not have
    /// happened. Look before trying again.
    #[error("no usable answer from the homeserver: {words}")]
    Unknown {
        /// Matrix error code, if there was one beside a status that says nothing.
        errcode: String,
        /// What came instead of an answer.
        words: String,
    },
}

impl CallFailure {
    /// A failure of unknown outcome, in words.
    pub fn unknown(words: impl Into<String>) -> Self {
        Self::Unknown { errcode: String::new(), words: words.into() }
    }

    /// Whether the homeserver answered with this Matrix error code.
    pub fn is(&self, code: &str) -> bool {
        match self {
            Self::Refused(refusal) => refusal.errcode == code,
            Self::Unknown { errcode, .. } => errcode == code,
            Self::RateLimited(_) => false,
        }
    }

    /// Whether the homeserver refused with this HTTP status.
    pub fn has_status(&self, status: u16) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == status)
    }
}

impl From<HttpError> for CallFailure {
    fn from(error: HttpError) -> Self {
        let Some(api) = error.as_client_api_error() else {
            return Self::unknown(describe(&error));
        };
        let status = api.status_code.as_u16();
        if let Some(ErrorKind::LimitExceeded(limit)) = api.error_kind() {
            return Self::RateLimited(match limit.retry_after {
                Some(RetryAfter::Delay(delay)) => Some(delay),
                Some(RetryAfter::DateTime(at)) => {
                    Some(at.duration_since(std::time::SystemTime::now()).unwrap_or_default())
                }
                _ => None,
            });
        }
        if status == 429 {
            return Self::RateLimited(None);
        }
        let (errcode, message) = match &api.body {
            ErrorBody::Standard(body) => (body.kind.errcode().to_string(), body.message.clone()),
            ErrorBody::Json(json) => (String::new(), json.to_string()),
            _ => (String::new(), "an answer that is not JSON".to_owned()),
        };
        // 408 and 499 are about the connection, 5xx about the server: neither says that nothing
        // happened.
        if status >= 500 || status == 408 || status == 499 {
            let words = format!("HTTP {status} {errcode} {message}");
            return Self::Unknown { errcode, words };
        }
        Self::Refused(Refusal { status, errcode, message })
    }
}

/// The error and its causes in one line, without the address: it carries user ids in its query.
fn describe(error: &HttpError) -> String {
    if let HttpError::Api(api) = error
        && let FromHttpResponseError::Deserialization(cause) = api.as_ref()
    {
        return format!("the answer could not be read: {cause}");
    }
    let mut words = Vec::new();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        let text = current.to_string();
        if !words.contains(&text) {
            words.push(text);
        }
        cause = current.source();
    }
    words.join(": ")
}
