//! Is the process alive, and can it do its work?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::sync::Mutex;

use super::ApiState;
use crate::homeserver::{CallFailure, Homeserver, Pings};
use crate::store::Store;

/// How long an answer holds: whoever asks more often gets the same one.
const FRESH: Duration = Duration::from_secs(2);
/// How long each thing that is looked at may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// What readiness is found by.
#[derive(Clone, Debug)]
pub struct Health {
    store: Store,
    homeserver: Homeserver,
    introduced: Arc<AtomicBool>,
    pings: Pings,
    last: Arc<Mutex<Option<(Instant, Report)>>>,
}

/// What stands in the way, in words; none: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Report {
    database: Option<&'static str>,
    homeserver: Option<&'static str>,
    pushes: Option<&'static str>,
}

impl Health {
    /// `introduced` turns true once the homeserver has accepted the bot.
    pub fn new(
        store: Store,
        homeserver: Homeserver,
        introduced: Arc<AtomicBool>,
        pings: Pings,
    ) -> Self {
        Self { store, homeserver, introduced, pings, last: Arc::default() }
    }

    async fn report(&self) -> Report {
        // Whoever asks meanwhile waits here, and takes the same answer.
        let mut last = self.last.lock().await;
        if let Some((at, report)) = *last
            && at.elapsed() < FRESH
        {
            return report;
        }
        let (database, (homeserver, pushes)) = tokio::join!(self.database(), self.homeserver());
        let report = Report { database, homeserver, pushes };
        *last = Some((Instant::now(), report));
        report
    }

    async fn database(&self) -> Option<&'static str> {
        match tokio::time::timeout(PATIENCE, self.store.write_something()).await {
            Ok(Ok(())) => None,
            Ok(Err(_)) => Some("cannot be written"),
            Err(_) => Some("does not answer"),
        }
    }

    /// The homeserver, and its pushes to us.
    async fn homeserver(&self) -> (Option<&'static str>, Option<&'static str>) {
        if !self.introduced.load(Ordering::Relaxed) {
            return (Some("has not accepted the bot yet"), None);
        }
        let before = self.pings.count();
        let outcome = tokio::time::timeout(PATIENCE, self.ask()).await;
        judge(outcome.ok(), self.pings.count() > before)
    }

    /// One call that tells three things: the homeserver answers, it takes our token, and it reaches
    /// us with its own (Application Service API, "Pinging").
    async fn ask(&self) -> Result<(), CallFailure> {
        match self.homeserver.ping().await {
            // It does not know this call.
            Err(failure) if failure.mentions("M_UNRECOGNIZED") => {
                self.homeserver.check_identity().await
            }
            outcome => outcome.map(drop),
        }
    }
}

const NO_ANSWER: &str = "does not answer";

/// By what the homeserver answered in time, and whether its ping arrived. One that arrived tells it
/// all: Synapse answers M_CONNECTION_FAILED to a ping that went well while it sends what it could not
/// send before.
fn judge(
    outcome: Option<Result<(), CallFailure>>,
    has_arrived: bool,
) -> (Option<&'static str>, Option<&'static str>) {
    let failure = match outcome {
        Some(Ok(())) => return (None, None),
        _ if has_arrived => return (None, None),
        Some(Err(failure)) => failure,
        None => return (Some(NO_ANSWER), None),
    };
    let mentions = |codes: &[&str]| codes.iter().any(|code| failure.mentions(code));
    if mentions(&["M_BAD_STATUS"]) {
        (None, Some("are refused here: the homeserver has another hs_token"))
    } else if mentions(&["M_CONNECTION_FAILED", "M_CONNECTION_TIMEOUT", "M_URL_NOT_SET"]) {
        (None, Some("do not reach us at the url of the registration"))
    } else if mentions(&["M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_FORBIDDEN"]) {
        (Some("refuses our as_token"), None)
    } else if matches!(failure, CallFailure::RateLimited(_)) {
        (None, None)
    } else {
        (Some(NO_ANSWER), None)
    }
}

/// 200 as long as the process answers at all; and how many wrong keys were tried since it started.
pub(super) async fn live(State(state): State<ApiState>) -> Response {
    Json(json!({ "status": "ok", "wrong_keys": state.wrong_keys.total() })).into_response()
}

/// 200 when the database can be written, the homeserver answers and accepts the bot, and its pushes
/// reach us; 503 otherwise, with what stands in the way. The API takes transactions as soon as the
/// database can be written: their rooms follow.
pub(super) async fn ready(State(state): State<ApiState>) -> Response {
    let report = state.health.report().await;
    let status = match report == Report::default() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let word = |problem: Option<&'static str>| problem.unwrap_or("ok");
    let body = json!({
        "database": word(report.database),
        "homeserver": word(report.homeserver),
        "pushes": word(report.pushes),
    });
    (status, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_is_told_where_it_belongs() {
        let failed = |errcode: &str| {
            let words = String::new();
            Some(Err(CallFailure::Unknown { errcode: errcode.to_owned(), problem: words }))
        };
        let of = |errcode: &str| judge(failed(errcode), false);
        assert!(matches!(of("M_BAD_STATUS"), (None, Some(_))));
        assert!(matches!(of("M_CONNECTION_FAILED"), (None, Some(_))));
        assert!(matches!(of("M_UNKNOWN_TOKEN"), (Some(_), None)));
        assert_eq!(of(""), (Some(NO_ANSWER), None));
        assert_eq!(judge(Some(Err(CallFailure::RateLimited(None))), false), (None, None));
        assert_eq!(judge(Some(Ok(())), false), (None, None));
        assert_eq!(judge(None, false), (Some(NO_ANSWER), None));
    }

    #[test]
    fn a_ping_that_arrived_shows_that_pushes_reach_us_whatever_is_said_of_it() {
        let errcode = "M_CONNECTION_FAILED".to_owned();
        let words = "AlreadyCancelled: Tried to cancel an already-cancelled event.".to_owned();
        let failed = CallFailure::Unknown { errcode, problem: words };
        assert_eq!(judge(Some(Err(failed)), true), (None, None));
        assert_eq!(judge(None, true), (None, None));
    }
}
