//! The health endpoints: whether the process is alive, and whether it is ready to work.

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

/// How long a result is reused, if somebody asks more often.
const REPORT_LIFETIME: Duration = Duration::from_secs(2);
/// The timeout of each check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// The readiness check, and its last result.
#[derive(Clone, Debug)]
pub struct Health {
    store: Store,
    homeserver: Homeserver,
    is_accepted: Arc<AtomicBool>,
    pings: Pings,
    last: Arc<Mutex<Option<(Instant, Report)>>>,
}

/// The result of the readiness check. Each field is a message about a failure, or `None` if the part
/// works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Report {
    database: Option<&'static str>,
    homeserver: Option<&'static str>,
    pushes: Option<&'static str>,
}

impl Health {
    /// Creates the check. `is_accepted` becomes true once the homeserver has accepted the bot.
    pub fn new(
        store: Store,
        homeserver: Homeserver,
        is_accepted: Arc<AtomicBool>,
        pings: Pings,
    ) -> Self {
        Self { store, homeserver, is_accepted, pings, last: Arc::default() }
    }

    async fn report(&self) -> Report {
        // Parallel calls wait for this lock, and then return the same result.
        let mut last = self.last.lock().await;
        if let Some((at, report)) = *last
            && at.elapsed() < REPORT_LIFETIME
        {
            return report;
        }
        let (database, (homeserver, pushes)) = tokio::join!(self.database(), self.homeserver());
        let report = Report { database, homeserver, pushes };
        *last = Some((Instant::now(), report));
        report
    }

    async fn database(&self) -> Option<&'static str> {
        match tokio::time::timeout(CHECK_TIMEOUT, self.store.write_something()).await {
            Ok(Ok(())) => None,
            Ok(Err(_)) => Some("cannot be written"),
            Err(_) => Some("does not answer"),
        }
    }

    /// Checks the homeserver, and whether its pushes reach us.
    async fn homeserver(&self) -> (Option<&'static str>, Option<&'static str>) {
        if !self.is_accepted.load(Ordering::Relaxed) {
            return (Some("has not accepted the bot yet"), None);
        }
        let before = self.pings.count();
        let outcome = tokio::time::timeout(CHECK_TIMEOUT, self.ping()).await.ok();
        let has_arrived = match &outcome {
            // The homeserver answered, so the ping was ours, whichever process it reached.
            Some(Err(failure)) if mentions_any(failure, &NOT_REACHED) => {
                self.pings.arrived_since(before).await
            }
            // Others may have asked for a ping that reached them.
            _ => self.pings.arrived_here_since(before),
        };
        judge(outcome, has_arrived)
    }

    /// Checks with one call that the homeserver answers, that it accepts our token, and that it
    /// reaches us with its own token (Application Service API, "Pinging").
    async fn ping(&self) -> Result<(), CallFailure> {
        match self.homeserver.ping().await {
            // The homeserver does not support this call.
            Err(failure) if failure.mentions("M_UNRECOGNIZED") => {
                self.homeserver.check_identity().await
            }
            outcome => outcome.map(drop),
        }
    }
}

const NO_ANSWER: &str = "does not answer";
/// The codes with which the homeserver says that its ping did not reach us (Application Service API,
/// "Pinging").
const NOT_REACHED: [&str; 3] = ["M_CONNECTION_FAILED", "M_CONNECTION_TIMEOUT", "M_URL_NOT_SET"];

fn mentions_any(failure: &CallFailure, codes: &[&str]) -> bool {
    codes.iter().any(|code| failure.mentions(code))
}

/// Returns the messages about the homeserver and about its pushes. `outcome` is the answer of the
/// homeserver, `None` after a timeout. `has_arrived` says whether its ping reached us, which alone
/// proves that everything works: Synapse answers M_CONNECTION_FAILED to a successful ping while it
/// sends pushes that it could not send before.
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
    let mentions = |codes: &[&str]| mentions_any(&failure, codes);
    if mentions(&["M_BAD_STATUS"]) {
        (None, Some("are refused here: the homeserver has another hs_token"))
    } else if mentions(&NOT_REACHED) {
        (None, Some("do not reach us at the url of the registration"))
    } else if mentions(&["M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_FORBIDDEN"]) {
        (Some("refuses our as_token"), None)
    } else if matches!(failure, CallFailure::RateLimited(_)) {
        (None, None)
    } else {
        (Some(NO_ANSWER), None)
    }
}

/// `GET /health/live`: always 200, with the number of wrong keys that were tried since the start.
pub(super) async fn live(State(state): State<ApiState>) -> Response {
    Json(json!({ "status": "ok", "wrong_keys": state.wrong_keys.total() })).into_response()
}

/// `GET /health/ready`: 200 if the database can be written, the homeserver answers and accepts the
/// bot, and its pushes reach us. Otherwise 503, with the reason. The API accepts transactions as soon
/// as the database can be written. Their rooms are made later.
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
