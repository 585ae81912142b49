//! Classifies failed calls by what the caller can do next.

use std::time::Duration;

use matrix_sdk::HttpError;
use ruma::api::error::{ErrorBody, ErrorKind, FromHttpResponseError, RetryAfter};

/// A refusal by the homeserver itself. The request had no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status code, from 400 to 499.
    pub status: u16,
    /// The Matrix error code, such as `M_FORBIDDEN`. It is one of those listed for the call.
    pub errcode: String,
    /// The homeserver's error message.
    pub message: String,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// The homeserver refused the call, which had no effect.
    #[error("the homeserver refused ({} {}): {}", .0.status, .0.errcode, .0.message)]
    Refused(Refusal),
    /// The homeserver limits the rate of requests, and the call had no effect. If the homeserver
    /// said how long to wait, the duration is given.
    #[error("the homeserver limits the rate of our requests (M_LIMIT_EXCEEDED)")]
    RateLimited(Option<Duration>),
    /// There was no answer, a server error, or an answer that is not listed for this call. It is
    /// unknown whether the call had its effect, so that has to be checked before a retry.
    #[error("the homeserver gave no usable answer: {problem}")]
    Unknown {
        /// The Matrix error code, if there was one. It is not listed for this call.
        errcode: String,
        /// What came instead of an answer.
        problem: String,
    },
}

impl CallFailure {
    /// Returns a failure of unknown outcome.
    pub fn unknown(problem: impl Into<String>) -> Self {
        Self::Unknown { errcode: String::new(), problem: problem.into() }
    }

    /// Classifies the error of a call whose refusals have the error codes `refusals` (see
    /// [`super::calls`]).
    pub(super) fn of(error: &HttpError, refusals: &[&str]) -> Self {
        let Some(api) = error.as_client_api_error() else {
            return Self::unknown(describe(error));
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
        match &api.body {
            ErrorBody::Standard(body) => {
                Self::answered(status, body.kind.errcode().as_ref(), &body.message, refusals)
            }
            ErrorBody::Json(_) => Self::answered(status, "", "JSON without an errcode", refusals),
            _ => Self::answered(status, "", "an answer that is not JSON", refusals),
        }
    }

    /// Classifies an answer with this status and Matrix error code, to a call whose refusals have
    /// the error codes `refusals`. `errcode` is empty if the body was not a Matrix error.
    pub(super) fn answered(status: u16, errcode: &str, message: &str, refusals: &[&str]) -> Self {
        if status == 429 {
            return Self::RateLimited(None);
        }
        // 408 and 499 are about the connection, and 5xx is about the server. None of them says that
        // the call had no effect, even if the body says so.
        let is_about_the_request = (400..500).contains(&status) && status != 408 && status != 499;
        if is_about_the_request && refusals.contains(&errcode) {
            let (errcode, message) = (errcode.to_owned(), message.to_owned());
            return Self::Refused(Refusal { status, errcode, message });
        }
        let problem = format!("HTTP {status} {errcode} {message}");
        Self::Unknown { errcode: errcode.to_owned(), problem }
    }

    /// Whether the homeserver itself refused with this Matrix error code.
    pub fn refused_with(&self, errcode: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.errcode == errcode)
    }

    /// Whether the homeserver says that the requested thing does not exist.
    pub fn is_not_found(&self) -> bool {
        self.refused_with("M_NOT_FOUND")
    }

    /// Whether the homeserver says that we may not do this.
    pub fn is_forbidden(&self) -> bool {
        self.refused_with("M_FORBIDDEN")
    }

    /// Whether the homeserver does not know our token. That is logged once, and not for each call
    /// that fails because of it.
    pub fn is_about_token(&self) -> bool {
        self.mentions("M_UNKNOWN_TOKEN") || self.mentions("M_MISSING_TOKEN")
    }

    /// Whether the answer had this Matrix error code. The answer may come from a proxy, so it can
    /// be used for advice, but not for a decision.
    pub fn mentions(&self, code: &str) -> bool {
        match self {
            Self::Refused(refusal) => refusal.errcode == code,
            Self::Unknown { errcode, .. } => errcode == code,
            Self::RateLimited(_) => false,
        }
    }
}

/// Returns the error and its causes in one line. It omits the URL, whose query has user IDs.
fn describe(error: &HttpError) -> String {
    if let HttpError::Api(api) = error
        && let FromHttpResponseError::Deserialization(cause) = api.as_ref()
    {
        return format!("the answer cannot be read: {cause}");
    }
    let mut texts = Vec::new();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        let text = current.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
        cause = current.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use ruma::api::error::Error;
    use ruma::api::{EndpointError, IncomingResponse};
    use ruma::exports::http::Response;

    use super::super::acting_as::Answer;
    use super::super::calls::Call;
    use super::*;
    use ruma::api::client::alias::get_alias;
    use ruma::api::client::membership::invite_user;
    use ruma::api::client::message::get_message_events;
    use ruma::api::client::room::get_room_event;
    use ruma::api::client::state::get_state_events;
    use ruma::api::client::sync::sync_events;

    const INVITE: &[&str] = invite_user::v3::Request::REFUSALS;

    fn response(status: u16, body: &str) -> Response<Vec<u8>> {
        Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
    }

    fn failure(status: u16, body: &str, refusals: &[&str]) -> CallFailure {
        let error = Error::from_http_response(response(status, body));
        CallFailure::of(&FromHttpResponseError::Server(error).into(), refusals)
    }

    #[test]
    fn an_answer_of_a_proxy_is_of_unknown_outcome() {
        let bodies = [
            "404 page not found",
            "<html><body><h1>403 Forbidden</h1></body></html>",
            "",
            "null",
            "{}",
            "[]",
            r#"{"error":"Forbidden"}"#,
            r#"{"errcode":"","error":""}"#,
            r#"{"errcode":7,"error":"?"}"#,
            r#"{"errcode":"M_FORB"#,
            r#"{"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"}"#,
            r#"{"errcode":"M_UNKNOWN_TOKEN","error":"Unrecognised access token"}"#,
            r#"{"errcode":"M_MISSING_TOKEN","error":"Missing access token"}"#,
            r#"{"errcode":"M_NOT_JSON","error":"Content not JSON."}"#,
        ];
        let calls = [
            INVITE,
            get_alias::v3::Request::REFUSALS,
            get_room_event::v3::Request::REFUSALS,
            get_message_events::v3::Request::REFUSALS,
            sync_events::v3::Request::REFUSALS,
        ];
        for status in [400, 401, 403, 404, 405, 410, 502, 503] {
            for body in bodies {
                for call in calls {
                    let failure = failure(status, body, call);
                    assert!(
                        matches!(failure, CallFailure::Unknown { .. }),
                        "{status} {body}: {failure:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_homeserver_refuses_with_a_code_that_belongs_to_the_call() {
        let forbidden = r#"{"errcode":"M_FORBIDDEN","error":"You are not invited"}"#;
        let not_found = r#"{"errcode":"M_NOT_FOUND","error":"No such alias"}"#;
        assert!(failure(403, forbidden, INVITE).is_forbidden());
        assert!(failure(404, not_found, get_alias::v3::Request::REFUSALS).is_not_found());
        // No homeserver answers an invitation, or a request for history, with "not found".
        for call in [INVITE, get_message_events::v3::Request::REFUSALS] {
            let failure = failure(404, not_found, call);
            assert!(matches!(failure, CallFailure::Unknown { .. }), "{failure:?}");
            assert!(failure.mentions("M_NOT_FOUND") && !failure.is_not_found());
        }
        // The error code of a failing server does not count.
        let failure = failure(500, forbidden, INVITE);
        assert!(matches!(failure, CallFailure::Unknown { .. }), "{failure:?}");
    }

    #[test]
    fn a_rate_limit_is_known_by_status_or_by_code() {
        let body = r#"{"errcode":"M_LIMIT_EXCEEDED","error":"","retry_after_ms":1500}"#;
        let wait = Some(Duration::from_millis(1500));
        assert_eq!(failure(429, body, INVITE), CallFailure::RateLimited(wait));
        assert_eq!(failure(429, "slow down", INVITE), CallFailure::RateLimited(None));
    }

    #[test]
    fn only_the_json_that_answers_a_call_is_a_success() {
        type Invited = Answer<invite_user::v3::Request>;
        type State = Answer<get_state_events::v3::Request>;
        assert!(State::try_from_http_response(response(200, "[]")).is_ok());
        assert!(State::try_from_http_response(response(200, "{}")).is_err());
        assert!(Invited::try_from_http_response(response(200, " {}")).is_ok());
        for (status, body) in [
            (200, "<html>Back soon</html>"),
            (200, ""),
            (200, "[]"),
            (204, ""),
            (302, "{}"),
            (200, "OK"),
        ] {
            let error = Invited::try_from_http_response(response(status, body)).unwrap_err();
            let failure = CallFailure::of(&error.into(), INVITE);
            assert!(matches!(failure, CallFailure::Unknown { .. }), "{status} {body}: {failure:?}");
        }
    }
}
